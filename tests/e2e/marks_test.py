#!/usr/bin/env python3
"""Marks: SIGUSR2 and --exec-at, with what was lost after them, in every report."""

import json
import os
import pathlib
import re
import signal
import tempfile
import unittest

import holdfast
from holdfast import Run, eventually, nginx, plainly, soak
from sparring import Target

CONNECTIONS = 500


def marks_of(result):
    return [(mark["kind"], mark["text"], mark["exit_code"]) for mark in result.report["marks"]]


class ReloadTest(unittest.TestCase):
    def setUp(self):
        self.server = nginx()
        self.addCleanup(self.server.stop)

    def test_a_reloads_losses_are_its_own(self):
        folder = holdfast.folder(self.addCleanup)
        page, lines = folder / "page.html", folder / "lines.jsonl"
        command, shown = f"kill -HUP {self.server.pid}", r"kill \*\*\*"
        with Run("-c", CONNECTIONS, "-r", "10/10ms", "-i", "1s..2s", "-d", "11s", "--ui", "line", "--reconnect",
                 "backoff=50ms..500ms", "--html", page, "--timeline", lines, "--exec-at", f"3s={command}",
                 self.server.url) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGUSR2)
            run.wait_for(r"note   mark: SIGUSR2$")
            run.wait_for(rf"note   mark: {shown}$")
            run.wait_for(rf"note   mark: {shown}: exit 0$")
            result = run.finish()
        self.assertEqual([("signal", "SIGUSR2", None), ("exec", "kill ***", 0)], marks_of(result))
        mark = result.report["marks"][1]
        c = result.connections
        self.assertTrue(3 <= mark["t"] < 4, mark)
        self.assertEqual(c["lost"], mark["lost_within"], "nothing else ended connections")
        self.assertLessEqual(CONNECTIONS, mark["lost_within"])
        self.assertTrue(0 < mark["refill_seconds"] < mark["window_seconds"] <= 10, mark)
        self.assertIn(f"s   kill ***: exit 0; {mark['lost_within']} lost within ", result.out)
        html = page.read_text()
        charts = html.count("<figure")
        self.assertLess(3, charts)
        self.assertIn(f"kill ***: exit 0; {mark['lost_within']} lost within", html)
        self.assertLessEqual(6, html.count(">2 kill ***<"), "a label on each chart over time")
        self.read_back(lines, result)

    def read_back(self, lines, result):
        said = [json.loads(line) for line in lines.read_text().splitlines()]
        self.assertEqual(result.report["marks"], said[-1]["marks"])
        self.assertNotIn("marks", said[2], "only where there are some")
        again = plainly("report", lines, "--json", "-")[1]
        self.assertEqual(result.report["marks"], json.loads(again)["marks"])
        cut = lines.with_name("cut.jsonl")
        cut.write_text("\n".join(lines.read_text().splitlines()[:-1]) + "\n")
        again = json.loads(plainly("report", cut, "--json", "-")[1])
        self.assertEqual([mark["text"] for mark in result.report["marks"]], [mark["text"] for mark in again["marks"]])


class PhasesTest(unittest.TestCase):
    def test_a_ramp_that_goes_on_makes_no_loss_good(self):
        with Target("--fault", "idle-close=500ms@50%") as server, \
                Run("-c", 40, "-r", "10/1s", "-i", "1m", "-d", "1s", "-q", "--exec-at", "1500ms=true",
                    server.url) as run:
            result = run.finish()
        mark = result.report["marks"][0]
        self.assertLess(mark["lost_within"], result.connections["lost"], "some were lost before it")
        self.assertLess(0, mark["lost_within"])
        self.assertLess(20, result.connections["live"] + mark["lost_within"], "more were live than at the mark")
        self.assertIsNone(mark["refill_seconds"])
        self.assertRegex(result.out, rf"true: exit 0; {mark['lost_within']} lost within \S+ s, never all refilled\n")

    def test_a_mark_in_the_freeze_counts_to_its_end(self):
        with Target("--delay", "3s") as server, \
                Run("-c", 5, "-i", "0", "-d", "1s", "--timeout", "20s", "--ui", "line", server.url) as run:
            run.wait_for_phase("freeze")
            run.signal(signal.SIGUSR2)
            run.wait_for(r"note   mark: SIGUSR2$")
            result = run.finish()
        mark = result.report["marks"][0]
        self.assertLess(result.report["run"]["hold_seconds"], mark["t"])
        self.assertTrue(0 < mark["window_seconds"] < 10, mark)
        self.assertEqual(("held", 0), (result.verdict, mark["lost_within"]))


class ExecTest(unittest.TestCase):
    def setUp(self):
        target = Target()
        self.addCleanup(target.stop)
        self.url = target.url

    def test_exit_codes_are_noted_and_what_still_runs_is_killed(self):
        with Run("-c", "5", "-d", "2s", "--ui", "line", "--exec-at", "0=exit 7", "--exec-at", "100ms=echo printed; kill -9 $$",
                 "--exec-at", "0.2s=sleep 1000 & wait", "--exec-at", "1h=never", self.url) as run:
            result = run.finish()  # and no process is left
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertEqual([("exec", "exit ***", 7), ("exec", "echo ***", 137), ("exec", "sleep ***", None)], marks_of(result))
        self.assertEqual([False, False, True], [mark["killed"] for mark in result.report["marks"]])
        self.assertIn("printed\n", result.err)
        self.assertNotIn("printed\n", result.out)
        self.assertRegex(result.err, r"--exec-at: never: the run was over before its time")
        self.assertEqual([0, 0, 0], [mark["lost_within"] for mark in result.report["marks"]])
        self.assertEqual([None] * 3, [mark["refill_seconds"] for mark in result.report["marks"]])

    def test_a_command_has_none_of_our_files_and_no_signal_blocked(self):
        with tempfile.TemporaryDirectory() as folder:
            files, status = pathlib.Path(folder) / "files", pathlib.Path(folder) / "status"
            # The last one in the shell's own place: a shell that forks blocks signals for a moment.
            result = soak("-c", "5", "-d", "1s", "--metrics", "127.0.0.1:0", "--exec-at",
                          f"100ms=ls /proc/$$/fd > {files}; nice > {files}.nice; exec grep -E 'SigBlk|SigIgn' /proc/self/status > {status}", self.url) \
                if "libmicrohttpd" in plainly("--version")[1] else self.skipTest("built without libmicrohttpd")
            self.assertEqual(0, result.code, result.err)
            self.assertLessEqual({int(fd) for fd in files.read_text().split()}, {0, 1, 2, 10, 255})
            self.assertEqual(os.nice(0), int(pathlib.Path(f"{files}.nice").read_text()), "we may have asked for more")
            self.assertEqual({"0" * 16}, set(re.findall(r"[0-9a-f]{16}", status.read_text())))

    def left_behind(self, folder, how):
        """A command that leaves a process behind in that way and ends, and the file with that one's pid."""
        there = pathlib.Path(folder) / "pid"
        script = f"{how} sh -c 'echo $$ >{there}.new && mv {there}.new {there} && exec sleep 1000' &"
        return f"({script}) ; while ! test -e {there}; do sleep 0.05; done", there

    def test_whatever_a_command_left_behind_ends_with_the_run_and_holds_up_nobody(self):
        for how in ("", "setsid", "setsid setsid -f", "exec setsid", "nohup"):
            with self.subTest(how=how), tempfile.TemporaryDirectory() as folder:
                command, there = self.left_behind(folder, how)
                with Run("-c", 5, "-d", "3s", "-q", "--exec-at", f"0={command}", self.url) as run:
                    result = run.finish()  # both our streams are at their end, and no process is left
                self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
                self.assertEqual([0], [mark["exit_code"] for mark in result.report["marks"]])
                self.assertFalse(pathlib.Path(f"/proc/{int(there.read_text())}").exists())

    def test_it_does_not_outlive_a_run_that_was_killed(self):
        for how in ("", "setsid -f"):
            with self.subTest(how=how), tempfile.TemporaryDirectory() as folder:
                command, there = self.left_behind(folder, how)
                with Run("-c", 5, "-d", "1m", "--ui", "line", "--exec-at", f"0={command}", self.url) as run:
                    eventually(there.exists, "it is there")
                    run.signal(signal.SIGKILL)
                    run.process.wait()
                    eventually(lambda: not holdfast.carrying(run.marker), "no process is left")

    def test_what_it_prints_is_passed_on_and_a_flood_of_it_holds_up_nothing(self):
        with Run("-c", 5, "-d", "3s", "-i", "100ms", "-q", "--exec-at", "0=printf 'one\\ntwo' >&2", "--exec-at",
                 "500ms=yes out", "--exec-at", "600ms=setsid yes err >&2 &", self.url) as run:
            result = run.finish()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err[:2000])
        self.assertTrue(result.err.startswith("one\n"), result.err[:200])
        self.assertIn("two", result.err)
        self.assertIn("\nout\n", result.err)
        self.assertNotIn("out\n", result.out)
        self.assertLess(len(result.err), 16 << 20)

    def test_what_is_no_time_and_command_is_refused(self):
        for bad in ("60s", "=true", "soon=true", "60s=", "366d=true"):
            code, out, err = plainly("-c", "1", "--exec-at", bad, self.url)
            self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
            self.assertIn("--exec-at", err)
            self.assertIn("DUR='COMMAND'", err)


if __name__ == "__main__":
    holdfast.main()
