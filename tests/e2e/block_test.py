#!/usr/bin/env python3
"""The live block as a person sees it: in a terminal of each width and locale, while connections are held.

What is seen is compared with tests/e2e/golden/, numbers taken out. After a change that is wanted:
HOLDFAST_WRITE_GOLDEN=1 tests/e2e/block_test.py, and look at the difference.
"""

import os
import pathlib
import re
import signal
import unittest

import holdfast
from holdfast import eventually, nginx
from nginx import ephemeral_ports
from sparring import Target
from terminal import Terminal

GOLDEN = pathlib.Path(__file__).parent / "golden"
CONNECTIONS = 1000 if holdfast.SANITIZED else 10000
LABELS = ["conns", "hold", "rate", "time", "status", "ended", "rules", "here", "next", "60 s"]
HEIGHT = 44


def block_of(screen):
    """The lines of the one block on this screen; a second one, or a piece of one, is a fault."""
    lines = screen.split("\n")
    for label in LABELS:
        # A command line that the terminal folded may go on with "status http://..."; the block's own has no URL.
        found = [line for line in lines if line.startswith(f"{label} ") and "://" not in line]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} lines begin with {label!r}:\n{screen}")
    first = next(at for at, line in enumerate(lines) if line.startswith("conns ")) - 1
    return lines[first:first + 12]


def masked(lines):
    """Numbers, their units, bars and curves taken out: what remains is the same in every run."""
    *rows, minute = lines
    text = "\n".join(rows)
    text = re.sub(r"http://[0-9.:]+/", "URL", text)
    text = re.sub(r"ends [-\d: ]*\d", "ends TIME", text)
    text = re.sub(r"(?<![p\d.])\d+(?:\u202f\d{3})*(?:\.\d+)?", "9", text)
    text = re.sub(r"\b9 (?:us|ms|s)(?=  | at |$)", "9 ms", text, flags=re.MULTILINE)
    text = re.sub(r"\b9 [KM]iB", "9 MiB", text)
    text = re.sub(r"\[([#\u2588])+ *\]", r"[\1]", text)
    return re.sub(r" {3,}", "  ", f"{text}\n{curves(minute)}\n")


def curves(line):
    """Each curve by its alphabet."""
    found = re.fullmatch(r"60 s +live +(\S+) +req/s +(\S+) +p99 +(\S+)", line)
    if not found:
        raise AssertionError(f"no three curves: {line}")
    kinds = ["UTF-8" if re.fullmatch("[\u2581-\u2587]+", curve) else
             "ASCII" if re.fullmatch("[-.:=+*#]+", curve) else curve for curve in found.groups()]
    return "60 s  live {}  req/s {}  p99 {}".format(*kinds)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = nginx()
        cls.addClassCleanup(cls.server.stop)

    def command(self, *arguments, connections=CONNECTIONS, duration="1h"):
        return [holdfast.PROGRAM, "-c", connections, "-r", "5k/1s", "-d", duration, "--server-status",
                self.server.status_url, *arguments, self.server.url]

    def clean(self, screen):
        """Nothing of what steers a terminal is left to be read."""
        self.assertNotRegex(screen, r"\033|\[\d*[AJKm]|\^\[")
        return screen

    def ended(self, terminal, what="HELD"):
        """The last frame stands, and the summary and the shell's prompt below it."""
        screen = self.clean(terminal.wait_for(rf"^{what} [^\0]*^shell>$"))
        where = [screen.index(sign) for sign in ("\nconns ", "\n60 s ", f"\n{what} ", "\n  seed ")]
        self.assertEqual(where, sorted(where), screen)
        return screen


class Widths(Case):
    def compare(self, name, lines):
        drawn, path = masked(lines), GOLDEN / f"block-{name}.txt"
        if os.environ.get("HOLDFAST_WRITE_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(drawn)
        self.assertEqual(path.read_text(), drawn, "\n".join(lines))

    def seen_in_all_widths(self, locale):
        like_golden = not holdfast.SANITIZED and len(ephemeral_ports()) == 28232
        if not like_golden:
            holdfast.skip_part("golden blocks: sanitized, or another range of local ports")
        with Terminal(80, HEIGHT, locale) as terminal:
            terminal.run(["prlimit", "--nofile=20000:20000", *self.command("-i", "1s..4s")])
            for width in (80, 120, 60):
                terminal.resize(width, HEIGHT)
                curve = r" +[-.:=+*#\u2581-\u2587]+"
                terminal.wait_for(rf"hold +(?:[4-9]|\d\d)s of 1h$[^\0]*^60 s +live{curve} +req/s{curve} +p99{curve}$")
                lines = eventually(lambda: self.whole(terminal, width), f"a block of {width} columns stands")
                if like_golden:
                    self.compare(f"{width}-{locale.lower()}", lines)
            terminal.resize(50, HEIGHT)
            terminal.wait_for(rf"^hold \d+s  live [\d\u202f]+  closed 0 ")
            self.assertNotIn("\nconns", terminal.screen())
            terminal.resize(100, HEIGHT)
            terminal.wait_for(r"^60 s ")
            terminal.keys("C-c")
            self.ended(terminal, "INCONCLUSIVE")

    def whole(self, terminal, width):
        """The block once it was drawn in this width after the resize."""
        lines = block_of(self.clean(terminal.screen()))
        return lines if len(lines[0]) == width - 1 and max(map(len, lines)) < width else None

    def test_seen_at_60_80_and_120_columns_in_utf_8(self):
        self.seen_in_all_widths("UTF-8")

    def test_seen_at_60_80_and_120_columns_in_the_c_locale(self):
        self.seen_in_all_widths("C")


class Manners(Case):
    def test_the_last_frame_stays_and_the_summary_follows_below(self):
        with Terminal(100, HEIGHT) as terminal:
            terminal.run(self.command(connections=100, duration="2s"))
            screen = self.ended(terminal)
            block = "\n".join(block_of(screen))
            self.assertEqual("done", block_of(screen)[0].split()[-2])
            self.assertIn("drained 100", block, "the frame is of the end, not of the second before it")
            self.assertRegex(block, r"\nrules +HELD +all 2 hold\n")
            self.assertIn("preflight: 100 connections", terminal.screen(history=True))

    def test_preflight_and_summary_fold_between_words(self):
        """Where the terminal itself wraps, the rest of a word stands at the left edge."""
        with Terminal(60, HEIGHT) as terminal:
            terminal.run([holdfast.PROGRAM, "check", "-c", "100", self.server.url])
            screen = terminal.wait_for(r"^the plan fits[^\0]*^shell>$")
            rows = screen[screen.index("\npreflight: "):screen.index("\nthe plan ")].split("\n")[2:]
            self.assertGreater(len(rows), 15, screen)
            self.assertEqual([], [row for row in rows if not row.startswith("  ")], screen)
            terminal.run(self.command("--ui", "none", connections=100, duration="1s"))
            screen = terminal.wait_for(r"^HELD [^\0]*^shell>$")
            rows = screen[screen.index("\nHELD "):screen.rindex("\nshell>")].split("\n")[2:]
            self.assertEqual([], [row for row in rows if row and not row.startswith("  ")], screen)
            self.assertLess(max(map(len, rows)), 61)

    def test_a_low_terminal_gets_one_line(self):
        with Terminal(100, 8) as terminal:
            terminal.run(self.command(connections=100))
            terminal.wait_for(r"^hold \d+s  live 100 of 100 ")
            self.assertNotIn("conns", terminal.screen())
            terminal.keys("C-c")
            terminal.wait_for(r"^shell>$")

    def test_interrupted_and_continued_it_is_drawn_anew_below(self):
        with Terminal(100, HEIGHT) as terminal:
            terminal.run(self.command(connections=100))
            terminal.wait_for(r"hold +[1-9]\d*s of 1h")
            terminal.keys("C-z")
            terminal.wait_for(r"Stopped[^\0]*^shell>$")
            terminal.run(["echo", "between"])
            terminal.wait_for(r"^between$")
            stopped = terminal.screen(history=True)
            terminal.run(["fg"])
            terminal.wait_for(r"^between$[^\0]*hold +\d+s of 1h[^\0]*^60 s ")
            screen = terminal.screen(history=True)
            self.assertTrue(screen.startswith(stopped), f"before:\n{stopped}\nafter:\n{screen}")
            terminal.keys("C-c")
            terminal.wait_for(r"^INCONCLUSIVE [^\0]*^shell>$")
            screen = terminal.screen(history=True)
            self.assertTrue(screen.startswith(stopped), f"before:\n{stopped}\nafter:\n{screen}")
            self.assertEqual(2, screen.count("\nconns "), screen)
            self.clean(screen)

    def test_in_the_background_it_leaves_the_terminal_alone(self):
        with Terminal(100, HEIGHT) as terminal:
            terminal.run(self.command(connections=100))
            terminal.wait_for(r"hold +[1-9]\d*s of 1h")
            terminal.keys("C-z")
            terminal.wait_for(r"Stopped[^\0]*^shell>$")
            terminal.run(["bg"])
            terminal.wait_for(r" &$[^\0]*^shell>$")
            before = terminal.screen()
            terminal.run(["sleep", "2.5"])
            after = terminal.wait_for(r"sleep 2.5\n(.*\n)*shell>$")
            self.assertEqual(f"{before} sleep 2.5\nshell>", after)
            terminal.run(["fg"])
            terminal.wait_for(r"sleep 2.5[^\0]*^conns ")
            terminal.keys("C-c")
            terminal.wait_for(r"^INCONCLUSIVE [^\0]*^shell>$")

    def test_notes_stand_above_the_block_with_their_time(self):
        with Terminal(120, HEIGHT) as terminal:
            terminal.run(self.command("-w", "2", connections=100))
            terminal.wait_for(r"hold +[1-9]\d*s of 1h")
            os.kill(self.workers(terminal)[0], signal.SIGKILL)
            screen = self.clean(terminal.wait_for(r"worker_lost[^\0]*errored 50"))
            block = "\n".join(block_of(screen))
            notes = re.findall(r"^(?:\d\d:\d\d:\d\d  (?:note|ERROR)  .*| {12}\S.*)$", screen, re.MULTILINE)
            self.assertEqual(5, len(notes), screen)
            self.assertIn("was killed by signal 9", notes[0])
            self.assertRegex(notes[1], r"ERROR  a worker was lost at 100 connections +worker_lost: .*, x 50$")
            self.assertRegex(notes[3], r" limit    worker 0 \(process \d+, 50 connections\) was ended by signal 9")
            self.assertTrue(screen.endswith("\n".join([*notes, block])), screen)
            terminal.keys("C-c")
            screen = self.ended(terminal, "INCONCLUSIVE")
            self.assertIn("note   ending in order", screen)
            block_of(screen)

    def test_a_note_is_folded_between_words(self):
        with Terminal(60, HEIGHT) as terminal, Target("--fault", "reset-after=2@50%") as target:
            terminal.run([holdfast.PROGRAM, "-c", 10, "-i", "200ms", "-d", "1h", "--ui", "block", target.url])
            screen = self.clean(terminal.wait_for(r"note   [^\0]*\(side: server\)[^\0]*^60 s "))
            self.assertRegex(screen, r"note   \d reset_idle: reset while no request was\n {10}outstanding \(side: server\)\n")
            terminal.keys("C-c")
            self.ended(terminal, "BROKE")

    def workers(self, terminal):
        shell = int(terminal._tmux("display-message", "-p", "#{pane_pid}"))
        [program] = holdfast.children(shell)
        return [pid for pid in holdfast.children(program) if holdfast.name_of(pid) == "holdfast-worker"]

    def test_a_status_line_that_was_asked_for_stands_above_the_block(self):
        with Terminal(100, HEIGHT) as terminal:
            terminal.run(self.command(connections=100))
            terminal.wait_for(r"hold +[1-9]\d*s of 1h")
            shell = int(terminal._tmux("display-message", "-p", "#{pane_pid}"))
            os.kill(holdfast.children(shell)[0], signal.SIGUSR1)
            screen = terminal.wait_for(r"^time=.* phase=hold [^\0]*^conns ")
            block_of(screen)
            terminal.keys("C-c")
            self.ended(terminal, "INCONCLUSIVE")

    def test_a_terminal_that_takes_nothing_does_not_hold_up_the_run(self):
        with Terminal(100, HEIGHT) as terminal:
            terminal.run(self.command(connections=100, duration="3s"))
            terminal.wait_for(r"hold +[1-2]s of 3s")
            terminal.keys("C-s")
            eventually(lambda: self.server.stub_status()["active"] <= 2, "the run has let go of the server")
            self.assertNotIn("HELD", terminal.screen())
            terminal.keys("C-q")
            block_of(self.ended(terminal))

    def lines_instead(self, *arguments, environment):
        with Terminal(200, HEIGHT, environment=environment) as terminal:
            terminal.run(self.command(*arguments, connections=10, duration="11s"))
            screen = self.clean(terminal.wait_for(r"^HELD [^\0]*^shell>$"))
            self.assertRegex(screen, r"time=.* phase=hold t=10\.\d live=10 ")
            self.assertNotIn("\nconns ", screen)

    def test_with_ci_set_there_are_plain_lines(self):
        self.lines_instead(environment={"CI": "true"})

    def test_a_dumb_terminal_gets_plain_lines_even_when_asked_for_the_block(self):
        self.lines_instead("--ui", "block", environment={"TERM": "dumb"})

    def test_colour_is_there_unless_refused(self):
        for environment, colored in (({}, True), ({"NO_COLOR": "1"}, False)):
            with Terminal(100, HEIGHT, environment=environment) as terminal:
                terminal.run(self.command(connections=10, duration="1s"))
                terminal.wait_for(r"^HELD ")
                rows = [row for row in terminal.screen(escapes=True).split("\n") if "conns" in row]
                self.assertEqual(colored, "\033[" in rows[0], rows)

    def test_off_a_terminal_there_is_no_block_even_when_asked_for(self):
        result = holdfast.soak("-c", 10, "-d", "1s", "--ui", "block", self.server.url)
        self.assertEqual(0, result.code)
        self.assertNotIn("\033", result.err + result.out)
        self.assertNotIn("conns", result.err)


if __name__ == "__main__":
    holdfast.main()
