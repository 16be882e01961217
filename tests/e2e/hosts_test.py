#!/usr/bin/env python3
"""holdfast run --hosts: one run on many hosts. A host is here a name in the environment of what --remote starts.

HOLDFAST_LOSSES=20 makes the tests of losses at a random moment that many."""

import contextlib
import json
import os
import pathlib
import random
import re
import select
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

import holdfast
from holdfast import PROGRAM, Run, eventually, plainly, soak
from hosts import FOLDER, REMOTE, hit, kill, on_host, parts
from seccomp import EPERM, ERRNO, FILTERED, IO_URING_SETUP
from sparring import Target

LOSSES = int(os.environ.get("HOLDFAST_LOSSES", "2"))

# A part that answers as one of ours does, and holds nothing.
HOLLOW = """
import fcntl, json, sys, termios, time
def say(**line):
    print(json.dumps(line), flush=True)
def waiting():
    return int.from_bytes(fcntl.ioctl(0, termios.FIONREAD, bytes(4)), sys.byteorder)
print(sys.argv[1], flush=True)
while not FITS and waiting() < 65536: # a pipe of Linux, full
    time.sleep(0.01)
for line in sys.stdin:
    asked = json.loads(line)
    if "plan" in asked:
        say(fit=FITS, exit_code=0 if FITS else 3, limit="", reason=f"{len(line)} bytes of a plan", findings=[])
    elif "clock" in asked:
        say(clock=asked["clock"], monotonic_ns=time.monotonic_ns())
    elif "arm" in asked:
        say(ready=True)
    elif "go" in asked:
        print("gone", file=sys.stderr, flush=True)
"""


class Part:
    """A part whose leader is the test."""

    def __init__(self, add_cleanup):
        self.folder = holdfast.folder(add_cleanup)
        self.reading, self.writing = os.pipe()
        self.heard = b""
        self.process = subprocess.Popen([PROGRAM, "part"], stdin=subprocess.PIPE, stdout=self.writing,
                                        stderr=subprocess.DEVNULL, text=True, cwd=self.folder)
        add_cleanup(self.close)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        os.close(self.reading)
        os.close(self.writing)

    def say(self, **line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def hear(self, member):
        while True:
            line, end, rest = self.heard.partition(b"\n")
            if end:
                self.heard = rest
                said = json.loads(line)
                if member in said:
                    return said
                if "exit" in said:
                    raise AssertionError(f"no {member}, but {said}")
            elif select.select([self.reading], [], [], holdfast.TIMEOUT_SECONDS)[0]:
                self.heard += os.read(self.reading, 65536)
            else:
                raise AssertionError(f"no {member} within {holdfast.TIMEOUT_SECONDS} s")

    def fill(self):
        """Nothing more has room in what it writes to."""
        os.set_blocking(self.writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(self.writing, b"x" * 4096)
        os.set_blocking(self.writing, True)


class HostsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Target()
        cls.addClassCleanup(cls.server.stop)

    def arguments(self, *more, hosts="h1,h2", remote=REMOTE, count=40, hold="1s"):
        return ("--hosts", hosts, "--remote", remote, "-c", count, "-r", "1000", "-i", "100ms", "-d", hold, *more,
                self.server.url)

    def script(self, text):
        """A --remote that runs this shell script; $1: the host, the command behind it."""
        path = holdfast.folder(self.addCleanup) / "remote"
        path.write_text("host=$1; shift\nexport ON_HOST=$host PATH=" + FOLDER + ":$PATH\n" + text)
        return f"sh {path} {{host}}"

    def hollow(self, fits):
        """A --remote whose host h1 has a part that holds nothing."""
        path = holdfast.folder(self.addCleanup) / "part.py"
        path.write_text(HOLLOW.replace("FITS", str(fits)))
        return self.script(f'[ $host = h1 ] && exec {sys.executable} {path} "$("$@" </dev/null)"\nexec "$@"\n')

    # --- one run ---

    def test_two_hosts_hold_one_plan(self):
        before = self.server.stats()["connections"]["accepted"]
        result = soak(*self.arguments())
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        c = result.connections
        self.assertEqual((40, 40, 40), (c["target"], c["attempted"], c["opened"]))
        self.assertEqual([20, 20], [worker["share"] for worker in result.report["generator"]["workers"]])
        self.assertEqual("h1,h2", result.report["plan"]["hosts"])
        self.assertEqual(40, c["live_min"])
        hosts = result.report["hosts"]
        self.assertEqual([("h1", 20, "ok", "held", 20), ("h2", 20, "ok", "held", 20)],
                         [tuple(host[name] for name in ("name", "share", "state", "verdict", "live")) for host in hosts])
        self.assertIn("\n  hosts         h1   live 20 of 20   held\n                h2   live 20 of 20   held\n", result.out)
        self.assertEqual(0, min(host["started_seconds"] for host in hosts))
        self.assertEqual(result.requests["answered"], sum(host["answered"] for host in hosts))
        self.assertGreaterEqual(result.requests["per_second_peak"], result.requests["per_second_mean"])
        self.assertRegex(result.finding("hosts")["text"],
                         r"^2 hosts, 20 connections each: began within \S+ ms, by clocks compared to \S+ ms$")
        PREFLIGHTS = 2
        asked = self.server.stats()["connections"]["accepted"] - before
        self.assertIn(asked - 40 - PREFLIGHTS, (1, 2))  # we who ask

    def test_three_hosts_share_what_is_left_over(self):
        result = soak(*self.arguments("-n", "301", hosts="h1,h2,h3", count=41))
        self.assertEqual(0, result.code, result.err)
        self.assertEqual([14, 14, 13], [worker["share"] for worker in result.report["generator"]["workers"]])
        self.assertEqual(301, result.requests["sent"])

    def test_a_report_is_read_back_where_all_workers_are_more_than_a_host_holds(self):
        path = holdfast.folder(self.addCleanup) / "report.json"
        timeline = path.with_suffix(".jsonl")
        code, _, err = plainly(*self.arguments("--json", path, "--timeline", timeline, hosts="h1,h2,h3", count=6))
        self.assertEqual(0, code, err)
        for saved in (path, timeline):
            code, out, err = plainly("report", saved)
            self.assertEqual(0, code, err)
            self.assertIn("h3   live 2 of 2   held", out)

    def test_one_host_is_a_run_too(self):
        result = soak(*self.arguments(hosts="h1"))
        self.assertEqual((0, 40), (result.code, result.connections["opened"]), result.err)

    def test_a_host_that_can_hold_less_gets_less(self):
        remote = self.script('[ $host = h1 ] && ulimit -n 70\nexec "$@"\n')
        result = soak(*self.arguments("-w", "1", remote=remote, count=300))
        self.assertEqual(0, result.code, result.err)
        shares = [worker["share"] for worker in result.report["generator"]["workers"]]
        self.assertEqual(300, sum(shares))
        self.assertTrue(30 <= shares[0] <= 64, shares)

    def test_hosts_that_cannot_hold_it_together_are_named_with_a_remedy(self):
        remote = self.script('ulimit -n 70\nexec "$@"\n')
        result = soak(*self.arguments("-w", "1", remote=remote, count=300))
        self.assertEqual((3, "unfit"), (result.code, result.verdict), result.err)
        found = result.finding("descriptors")
        self.assertRegex(found["text"], r"^h1, h2: ")
        self.assertTrue(found["do"])
        self.assertIn("host h1: ", " ".join(result.report["verdict"]["reasons"]))

    def test_a_limit_that_one_host_meets_in_the_run_is_told_with_its_name(self):
        remote = self.script('[ $host = h2 ] && ulimit -n 60\nexec "$@"\n')
        result = soak(*self.arguments("-w", "1", "--no-check", remote=remote, count=200))
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        met = result.outcomes["fd_limit"]
        self.assertGreater(met, 0)
        self.assertRegex(result.finding("fd_limit")["evidence"], rf"^h2 {met}; h2: .*60")
        self.assertEqual([0, met], [host["errored"] for host in result.report["hosts"]])

    def test_hosts_whose_clocks_are_a_day_apart_begin_together(self):
        apart = ["unshare", "--fork", "--time", "--monotonic", "86400"]
        if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
            raise unittest.SkipTest("no time namespace here")
        remote = self.script(f'[ $host = h2 ] && exec {" ".join(apart)} "$@"\nexec "$@"\n')
        result = soak(*self.arguments(remote=remote))
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertLess(result.finding("hosts")["have"], 500_000)  # microseconds
        overlap = re.search(r"at the same time for (\S+) s of (\S+) s", result.finding("merged")["text"])
        self.assertGreater(float(overlap[1]), 0.5 * float(overlap[2]))

    # --- who does not answer as one of ours ---

    def test_a_banner_is_shown_and_skipped(self):
        result = soak(*self.arguments(remote=self.script('echo "Welcome to $host"; echo; exec "$@"\n')))
        self.assertEqual(0, result.code, result.err)
        self.assertIn("h1: Welcome to h1\n", result.err)

    def test_of_a_banner_without_end_some_lines_are_shown(self):
        result = soak(*self.arguments(hosts="h1", remote=self.script('seq 1000; exec "$@"\n')))
        self.assertEqual(0, result.code, result.err)
        shown = [line for line in result.err.splitlines() if line.startswith("h1: ")]
        self.assertEqual((200, "h1: no more of this is shown: 200"), (len(shown), shown[-1]))

    def test_another_version_is_refused_by_name(self):
        hello = '{"part":1,"version":"0.0.1","commit":"x"}'
        result = soak(*self.arguments(remote=self.script(f"[ $host = h2 ] && {{ echo '{hello}'; cat; exit; }}\n"
                                                         'exec "$@"\n')))
        self.assertEqual((3, "unfit"), (result.code, result.verdict), result.err)
        self.assertRegex(result.finding("hosts")["text"], r"^h2: it has holdfast 0\.0\.1 \(protocol 1\), this is ")

    def test_a_host_that_is_not_reached_is_named_with_what_was_said(self):
        result = soak(*self.arguments(remote=self.script('[ $host = h2 ] && { echo "no route to h2" >&2; exit 255; }\n'
                                                         'exec "$@"\n')))
        self.assertEqual((3, "unfit"), (result.code, result.verdict), result.err)
        self.assertIn("h2: its command here ended with exit code 255; it said: no route to h2",
                      result.finding("hosts")["text"])

    def test_a_line_may_end_as_those_of_ssh_do(self):
        result = soak(*self.arguments(hosts="h1", remote=self.script('printf "no route to h1\\r\\n" >&2; exit 255\n')))
        self.assertTrue(result.finding("hosts")["text"].endswith("it said: no route to h1"), result.finding("hosts"))

    def test_a_target_that_refuses_is_no_target(self):
        with holdfast.listener() as listening:
            url = holdfast.url_of(listening)
        result = soak("--hosts", "h1,h2", "--remote", REMOTE, "-c", "4", "-d", "1s", url)
        self.assertEqual((5, "no_target"), (result.code, result.verdict), result.err)

    def test_what_a_part_cannot_read_is_said_by_its_host(self):
        path = holdfast.folder(self.addCleanup) / "body"
        path.write_text("x")
        result = soak(*self.arguments("-X", "POST", "--body", path,
                                      remote=self.script(f'[ $host = h2 ] && rm -f {path}\nexec "$@"\n')))
        self.assertEqual(3, result.code, result.err)
        self.assertIn("--body", result.finding("hosts")["text"])
        self.assertRegex(result.finding("hosts")["do"][0], r"^look at h[12]: its part answered")

    def test_lists_and_commands_that_are_none_are_refused(self):
        for list_of, word in (("h1,,h2", "list of hosts"), ("h1,h1", "list of hosts"), ("-oProxyCommand=x", "list of hosts"),
                              ("h1;reboot", "list of hosts"),
                              (",".join(f"h{i}" for i in range(257)), "256 at most")):
            code, _, err = plainly("--hosts", list_of, self.server.url)
            self.assertEqual(2, code)
            self.assertIn(word, err)
        for more, word in ((("--remote", "ssh h1"), "{host}"), (("--shard", "1/2"), "--shard with --hosts")):
            code, _, err = plainly("--hosts", "h1,h2", *more, self.server.url)
            self.assertEqual(2, code)
            self.assertIn(word, err)
        self.assertEqual(2, plainly("--remote", "ssh {host}", self.server.url)[0])

    def test_more_workers_than_connections_of_a_host_are_refused(self):
        code, _, err = plainly("--hosts", "h1,h2", "-c", "20", "-w", "11", self.server.url)
        self.assertEqual(2, code)
        self.assertIn("--workers: 11 is out of bounds", err)

    def test_a_plan_larger_than_a_pipe_arrives(self):
        headers = [word for i in range(90) for word in ("-H", f"X-{i}: {'x' * 1000}")]
        result = soak(*self.arguments(*headers, hosts="h1", remote=self.hollow(False)))
        self.assertEqual((3, "unfit"), (result.code, result.verdict), result.err)
        told = re.search(r"host h1: (\d+) bytes of a plan", " ".join(result.report["verdict"]["reasons"]))
        self.assertGreater(int(told[1]), 90_000)

    def test_the_timeout_that_a_probe_told_is_in_the_report(self):
        with Target("--keepalive-timeout", "1s") as server:
            result = soak("--hosts", "h1,h2", "--remote", REMOTE, "-k", "auto", "-c", "10", "-d", "1s", server.url)
        self.assertEqual(0, result.code, result.err)
        self.assertEqual("ok", result.finding("keep_alive_probed")["status"])
        self.assertIn("-k auto: ", result.out)

    # --- a part by itself ---

    def begin_part(self):
        part = Part(self.addCleanup)
        part.hear("part")
        part.say(plan=["--connections=4", "--ramp=1000", "--interval=100ms", "--duration=1h"], url=self.server.url)
        self.assertTrue(part.hear("fit")["fit"])
        return part

    def test_a_part_that_waits_ends_by_an_interrupt_alone(self):
        part = self.begin_part()
        for number in (signal.SIGUSR1, signal.SIGWINCH, signal.SIGCONT):
            part.process.send_signal(number)
        part.say(clock=1)
        self.assertEqual(1, part.hear("clock")["clock"])
        part.process.send_signal(signal.SIGTERM)
        self.assertEqual(4, part.process.wait(holdfast.TIMEOUT_SECONDS))

    def test_a_part_whose_last_line_is_not_taken_leaves_its_report(self):
        part = self.begin_part()
        part.say(arm=True)
        part.hear("ready")
        part.say(go=time.monotonic_ns())
        part.hear("t")
        part.fill()
        part.say(stop=True)
        part.process.wait(holdfast.TIMEOUT_SECONDS)
        self.assertEqual(1, len(list(part.folder.glob("holdfast-part-*.json"))))

    # --- while it goes on ---

    def test_one_view_one_scrape_one_timeline(self):
        timeline = holdfast.folder(self.addCleanup) / "t.jsonl"
        with Run(*self.arguments("--ui", "line", "--metrics", "127.0.0.1:0", "--timeline", timeline, hold="0")) as run:
            url = run.wait_for(r"metrics at (\S+)")[1]
            run.wait_for(r"^time=\S+ phase=hold .* live=40 .*p99_ms=[0-9]")
            scraped = urllib.request.urlopen(url, timeout=holdfast.TIMEOUT_SECONDS).read().decode()
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertIn('holdfast_connections{state="live"} 40', scraped)
        code, out, err = plainly("report", timeline)
        self.assertEqual(0, code, err)
        self.assertIn("40", out)
        lines = [json.loads(line) for line in timeline.read_text().splitlines()]
        self.assertTrue(any(line.get("live_max") == 40 for line in lines))

    def test_an_interrupt_ends_all_in_order(self):
        with Run(*self.arguments("--ui", "line", hold="1h")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(40, result.connections["drain"]["outcomes"]["drained"])

    def test_a_leader_that_stood_still_counts_again(self):
        with Run(*self.arguments("--ui", "line", hold="0")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            run.signal(signal.SIGSTOP)
            time.sleep(2.5)  # how long it stands still is what is tested
            run.signal(signal.SIGCONT)
            run.wait_for(r" t=(?:[4-9]|\d\d)\S* live=40 ")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertNotIn("nothing came", result.err)

    def test_a_reader_that_stalls_stalls_nobody(self):
        reading, writing = os.pipe()
        fill = b"x" * 4096
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, fill)
        os.set_blocking(writing, True)
        with Run(*self.arguments("--ui", "line"), stderr=writing) as run:
            os.close(writing)
            result = run.finish()
        os.close(reading)
        self.assertEqual((0, "held"), (result.code, result.verdict))
        self.assertLess(result.report["run"]["ramp_seconds"] + result.report["run"]["hold_seconds"], 3)

    def test_a_timeline_that_nobody_reads_stalls_no_host(self):
        path = holdfast.folder(self.addCleanup) / "t.fifo"
        os.mkfifo(path)
        fifo = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, fifo)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(fifo, b"x" * 4096)
        with Run(*self.arguments("--ui", "line", "--timeline", path, hold="3s"), agrees=False) as run:
            result = run.finish()
        self.assertEqual((4, "held"), (result.code, result.verdict), result.err)
        self.assertIn("the reader is too slow", result.err)
        self.assertEqual(["held", "held"], [host["verdict"] for host in result.report["hosts"]])
        self.assertLess(result.report["run"]["ramp_seconds"] + result.report["run"]["hold_seconds"], 6)

    def test_a_second_interrupt_with_nothing_heard_is_one_too(self):
        with Run(*self.arguments(hosts="h1", remote=self.hollow(True), hold="1h")) as run:
            run.wait_for(r"h1: gone")
            run.signal(signal.SIGINT)
            run.wait_for(r"a second interrupt leaves at once")
            run.signal(signal.SIGTERM)
            result = run.finish()
        self.assertEqual((130, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(["a second interrupt cut the end short"], result.report["verdict"]["reasons"])

    def test_a_second_interrupt_hides_no_loss(self):
        with Run(*self.arguments("--ui", "line", hold="1h")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            hit("h2", run.marker, signal.SIGKILL)
            run.wait_for(r"h2 is lost")
            hit("h1", run.marker, signal.SIGSTOP)
            run.signal(signal.SIGINT)
            run.wait_for(r"a second interrupt leaves at once")
            run.signal(signal.SIGTERM)
            result = run.finish()
        self.assertEqual((130, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(20, result.finding("host_lost")["have"])
        self.assertEqual(20, result.connections["outcomes"]["worker_lost"])

    # --- loss ---

    def test_a_worker_that_dies_is_of_its_host(self):
        with Run(*self.arguments("--ui", "line", "-w", "2", hold="4s")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            ours = on_host("h2", run.marker)
            parents = {int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in ours}
            kill([max(set(ours) - parents)], signal.SIGKILL)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(10, result.connections["outcomes"]["worker_lost"])
        self.assertRegex(result.finding("worker_lost")["evidence"], r"^h2 10; h2: worker ")
        self.assertIn("whose    the tester (a host of this run), not the server", result.out)

    def lose_one(self, after):
        timeline = holdfast.folder(self.addCleanup) / "t.jsonl"
        with Run(*self.arguments("--ui", "line", "--timeline", timeline, hold="8s", count=60)) as run:
            run.wait_for(r"phase=(ramp|hold) ")
            processes = on_host("h2", run.marker)  # which takes seconds on a busy machine
            time.sleep(after)
            kill(processes, signal.SIGKILL)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        lost = result.finding("host_lost")
        self.assertTrue(lost["text"].startswith("h2 was lost, and "), lost)
        self.assertEqual(lost["have"], result.connections["outcomes"]["worker_lost"])
        self.assertLessEqual(lost["have"], 30)
        self.assertEqual(30, result.connections["live"])  # the survivors went on
        self.assertEqual(30, result.connections["live_min"])
        if (mean := result.requests["per_second_mean"]) is not None:  # the lost one's is of its own time
            self.assertLessEqual(mean, result.requests["answered"] / result.report["run"]["hold_seconds"])
        self.assertIn("host h2: ", result.finding("worker_lost")["evidence"])
        self.assertRegex(result.out, rf"\n  hosts         h2   live  0 of 30   lost {lost['have']} at \S+.*\n {{16}}h1   live 30 of 30   held\n")
        self.check_lost_host(result.report["hosts"], lost["have"])
        self.assertNotIn("exit code 0", result.out)
        again = timeline.with_suffix(".json")
        code, out, err = plainly("report", timeline, "--json", again, "--html", timeline.with_suffix(".html"))
        self.assertEqual(0, code, err)
        self.assertIn("INCONCLUSIVE", out)
        self.assertEqual(result.report["hosts"], json.loads(again.read_text())["hosts"])
        page = timeline.with_suffix(".html").read_text()
        self.assertRegex(page, r"<h2>Hosts</h2>(?s:.*)>h1<(?s:.*)>h2<(?s:.*)lost at (?s:.*)its command here")
        return lost["have"]

    def check_lost_host(self, hosts, connections):
        self.assertEqual(["ok", "lost"], [host["state"] for host in hosts])
        self.assertEqual((0, connections, None), tuple(hosts[1][name] for name in ("live", "lost_connections", "verdict")))
        self.assertGreater(hosts[1]["lost_seconds"], 0)
        self.assertTrue(hosts[1]["lost_reason"])
        self.assertIsNone(hosts[0]["lost_seconds"])

    def test_a_host_that_is_killed_costs_its_share_and_no_more(self):
        self.assertEqual(30, self.lose_one(1.5))

    def test_a_host_is_killed_at_any_moment(self):
        for _ in range(LOSSES):
            self.lose_one(random.uniform(0, 2.2))

    def end_all(self, number):
        """By --on-host-loss stop, when a signal has hit one host."""
        with Run(*self.arguments("--ui", "line", "--on-host-loss", "stop", hold="1h")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            hit("h1", run.marker, number)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(20, result.connections["outcomes"]["worker_lost"])
        return result

    def test_a_loss_may_end_all(self):
        self.end_all(signal.SIGKILL)

    def end_one(self, number, *more, hold="4s"):
        """Its part alone is ended in order, as by an administrator or a batch engine there."""
        with Run(*self.arguments("--ui", "line", *more, hold=hold)) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            hit("h2", run.marker, number)
            run.wait_for(r"h2 is lost: a signal ended it there")
            if hold == "0":
                run.wait_for(r"phase=hold .* live=20 ")
                run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(20, result.finding("host_lost")["have"])
        self.assertEqual(20, result.connections["outcomes"]["worker_lost"])
        self.assertEqual((20, 20, 20, 40),
                         tuple(result.connections[name] for name in ("live", "live_min", "lost", "live_peak")))
        self.check_lost_host(result.report["hosts"], 20)
        self.assertRegex(result.report["verdict"]["reasons"][-1], r"^host h2 was lost: a signal ended it there$")
        return result

    def test_a_part_that_a_signal_ends_there_is_lost(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            result = self.end_one(number)
            self.assertFalse(result.report["run"]["interrupted"])
            self.assertGreater(result.report["run"]["hold_seconds"], 3.9)
            self.assertRegex(result.err, r"is lost(?s:.*)phase=hold .* live=20 ")

    def test_a_part_that_a_signal_ends_in_a_hold_without_end_is_lost_too(self):
        self.end_one(signal.SIGTERM, hold="0")

    def test_a_part_that_a_signal_ends_may_end_all(self):
        result = self.end_all(signal.SIGTERM)
        self.assertEqual(["lost", "ok"], [host["state"] for host in result.report["hosts"]])

    def mangle(self, edit):
        """A --remote whose host h2 has its lines changed on their way, by sed."""
        return self.script(f'[ $host = h2 ] && {{ "$@" | sed -u \'{edit}\'; exit; }}\nexec "$@"\n')

    def test_a_line_that_cannot_be_loses_its_host_and_nothing_before_it(self):
        for when, held, wrong in (("", 0, r's/"attempted":[0-9]*/"attempted":-5/'),
                                  ("", 0, r's/"connections":{/"connections":5,"x":{/'),
                                  ("[2-9]", 20, r's/"sent":[0-9]*/"sent":9223372036854775807/'),
                                  ("[2-9]", 20, r's/"t":/"end":{},"t":/')):
            result = soak(*self.arguments(remote=self.mangle(rf'/"t":{when}/{wrong}'), hold="3s"))
            self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
            self.assertRegex(result.finding("host_lost")["text"], r"what it sent could not be read: h2:")
            self.assertEqual(held, result.connections["outcomes"]["worker_lost"])
            self.assertEqual(20, result.connections["live"])

    def test_a_host_lost_before_its_start_is_of_the_plan_all_the_same(self):
        eats_go = self.script('[ $host = h2 ] && { sed -u \'/"go"/{s/.*//;q}\' | "$@"; exit; }\nexec "$@"\n')
        path = holdfast.folder(self.addCleanup) / "r.json"
        result = soak(*self.arguments(remote=eats_go, hold="2s"))
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual((40, 20, 20), tuple(result.connections[name] for name in ("target", "attempted", "live")))
        lost = result.report["hosts"][1]
        self.assertEqual(("lost", 0, 0, None), tuple(lost[name] for name in
                                                     ("state", "lost_seconds", "lost_connections", "started_seconds")))
        self.assertLess(result.finding("hosts")["have"], 1e6)
        path.write_text(json.dumps(result.report))
        code, out, err = plainly("report", path)
        self.assertEqual(0, code, err)
        self.assertIn("INCONCLUSIVE", out)

    def test_a_host_is_judged_by_what_its_share_can_tell(self):
        result = soak(*self.arguments("--require", "live>=40", "--require", "rate>=1"))
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertEqual(["held", "held"], [host["verdict"] for host in result.report["hosts"]])

    def test_a_host_that_reaches_no_target_says_so(self):
        apart = ["unshare", "--net"]
        if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
            raise unittest.SkipTest("no network namespace here")
        remote = self.script(f'[ $host = h2 ] && exec {" ".join(apart)} "$@"\nexec "$@"\n')
        result = soak(*self.arguments("--no-check", remote=remote, hold="2s"))
        self.assertEqual((1, "broke"), (result.code, result.verdict), result.err)
        self.assertEqual(["held", "no_target"], [host["verdict"] for host in result.report["hosts"]])
        self.assertGreater(result.report["run"]["hold_seconds"], 1.9)
        self.assertFalse(result.report["run"]["ended_early"])
        self.assertEqual(20, result.connections["live_min"])
        mean = result.requests["per_second_mean"]
        answered = result.requests["answered"]  # in the ramp and the drain too
        self.assertLess(abs(mean * result.report["run"]["hold_seconds"] - answered), 0.25 * answered)
        self.assertIn("h2 ended early: nothing was live any more", result.err)
        self.assertRegex(result.finding("merged")["do"][0], r"^look at h2, which held 0\.0 s of 2\.\d s: nothing was live")

    def test_a_host_that_begins_late_is_named_and_all_did_not_hold_together(self):
        late = self.script('[ $host = h2 ] && { while IFS= read -r line; do\n'
                           'case $line in *\\"go\\"*) sleep 2;; esac; printf "%s\\n" "$line"; done | "$@"; exit; }\n'
                           'exec "$@"\n')
        result = soak(*self.arguments(remote=late, hold="4s"))
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        found = result.finding("hosts")
        self.assertEqual("warn", found["status"])
        self.assertRegex(found["do"][0], r"^look at h2, which began last")
        self.assertRegex(result.report["verdict"]["reasons"][-1],
                         r"^(host h2 began \d+\.\d s after the first|the 2 parts were never all held together)")

    def test_a_host_that_has_sent_its_share_is_live_no_more(self):
        with Run(*self.arguments("--ui", "line", "--metrics", "127.0.0.1:0", "-n", "1200", hold="0")) as run:
            url = run.wait_for(r"metrics at (\S+)")[1]
            run.wait_for(r"phase=hold .* live=40 ")
            of_h2 = on_host("h2", run.marker)
            kill(of_h2, signal.SIGSTOP)
            run.wait_for(r"phase=hold .* live=20 ")
            scraped = urllib.request.urlopen(url, timeout=holdfast.TIMEOUT_SECONDS).read().decode()
            kill(of_h2, signal.SIGCONT)
            result = run.finish()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        counted = sum(map(int, re.findall(r"^holdfast_connections(?:_ended_total)?\{\S+\} (\d+)$", scraped, re.M)))
        self.assertEqual(40, counted, scraped)
        self.assertIn('holdfast_connections{state="live"} 20', scraped)
        mean = result.requests["per_second_mean"]
        self.assertLess(abs(mean * result.report["run"]["hold_seconds"] - 1200), 0.25 * 1200)
        self.assertRegex(result.finding("merged")["do"][0], r"^look at h1, which held .*: its share of the requests")

    def test_hosts_that_run_on_another_engine_or_reach_another_server_are_named(self):
        if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
            raise unittest.SkipTest("no mount namespace here")
        names = holdfast.folder(self.addCleanup) / "hosts"
        names.write_text("127.0.0.1 localhost\n127.0.0.3 localhost\n")
        no_ring = holdfast.folder(self.addCleanup) / "no_ring.py"
        no_ring.write_text(FILTERED)
        words = f"{sys.executable} {no_ring} {IO_URING_SETUP} {ERRNO | EPERM}"
        remote = self.script(f"[ $host = h2 ] && exec unshare --mount sh -c 'mount --bind {names} /etc/hosts && "
                             f'exec {words} "$@"\' sh "$@"\nexec "$@"\n')
        port = self.server.port
        result = soak("--hosts", "h1,h2", "--remote", remote, "-c", "10", "-d", "1s", "--no-check", "--require",
                      "opened>=50%", f"http://localhost:{port}/")
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        told = [found["text"] for found in result.report["findings"] if found["code"] == "hosts"]
        self.assertIn(f"the target is 127.0.0.3:{port} on h2, and is not on h1", told)
        self.assertTrue(any(text.startswith("h2 ran on epoll, h1 on io_uring: ") for text in told), told)
        self.assertIn(f"127.0.0.3:{port}", result.report["target"]["addresses"])

    def test_clocks_that_cannot_be_compared_well_are_a_warning(self):
        slow = self.script('[ $host = h2 ] && { while IFS= read -r line; do sleep 0.3; printf "%s\\n" "$line"; done | "$@"; exit; }\n'
                           'exec "$@"\n')
        result = soak(*self.arguments(remote=slow, hold="3s"))
        found = result.finding("hosts")
        self.assertEqual("warn", found["status"], result.err)
        self.assertRegex(found["do"][0], r"^a quicker way to h2: its clock answered after \d{3,} ms at best$")
        self.assertGreater(result.report["hosts"][1]["clock_error_seconds"], 0.15)

    def test_a_signal_to_all_is_an_interrupt(self):
        with Run(*self.arguments("--ui", "line", hold="1h")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            of_all = parts(run.marker)
            run.signal(signal.SIGSTOP)  # so that it hears of all at once
            kill(of_all, signal.SIGTERM)
            run.signal(signal.SIGTERM)
            run.signal(signal.SIGCONT)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(["ok", "ok"], [host["state"] for host in result.report["hosts"]])
        self.assertEqual(["interrupted in the hold"], result.report["verdict"]["reasons"])

    def lose_leader(self, after):
        with Run(*self.arguments("--ui", "line", hold="1h", count=30), report=None) as run:
            run.wait_for(r"phase=hold ")
            time.sleep(after)
            os.kill(run.pid, signal.SIGKILL)
            killed = time.monotonic()
            eventually(lambda: not parts(run.marker), "no part is left")
            took = time.monotonic() - killed
        if not holdfast.SANITIZED:
            self.assertLess(took, 5)  # 2 s on a machine of its own: bench/hosts
        left = sorted(str(path) for path in pathlib.Path(".").glob("holdfast-part-*.json"))
        self.assertEqual(2, len(left), (left, run.err))
        code, out, err = plainly("report", "--merge", *left)
        self.assertEqual(0, code, err)
        self.assertIn("30 connections", out)
        for path in left:
            os.unlink(path)
        return took

    def test_parts_without_their_leader_end_and_leave_reports(self):
        took = [self.lose_leader(random.uniform(0, 1)) for _ in range(LOSSES)]
        if LOSSES > 2:
            print(f"no part was left after {max(took):.2f} s at most")

    def test_parts_without_their_leader_end_before_the_load_too(self):
        with holdfast.listener() as silent, \
                Run("--hosts", "h1,h2", "--remote", REMOTE, "-c", "4", "--timeout", "1h", "-d", "1h",
                    holdfast.url_of(silent), report=None) as run:
            silent.accept()
            silent.accept()
            os.kill(run.pid, signal.SIGKILL)
            eventually(lambda: not parts(run.marker), "no part is left")
        self.assertEqual([], list(pathlib.Path(".").glob("holdfast-part-*.json")))

    def test_a_host_that_stood_still_for_10_s_comes_back_and_counts_again(self):
        timeline = holdfast.folder(self.addCleanup) / "t.jsonl"
        with Run(*self.arguments("--ui", "line", "--timeout", "60s", "--timeline", timeline, hold="0")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            hit("h2", run.marker, signal.SIGSTOP)
            stopped = time.monotonic()
            run.wait_for(r"h2: nothing came for \d+ s")
            time.sleep(max(0, stopped + 10 - time.monotonic()))  # how long it stands still is what is tested
            hit("h2", run.marker, signal.SIGCONT)
            run.wait_for(r"h2 is heard of again")
            self.wait_for_answers_of_both(run)
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual(0, result.connections["outcomes"]["worker_lost"], result.err)
        self.assertEqual((40, 40), (result.connections["live"], result.connections["live_min"]))
        self.assertEqual(["ok", "ok"], [host["state"] for host in result.report["hosts"]])
        pauses = [mark["text"] for mark in result.report["marks"] if mark["kind"] == "pause"]
        self.assertTrue(any(text.startswith("h2: ") for text in pauses), pauses)
        code, _, err = plainly("report", timeline)  # its ledger adds up at each line
        self.assertEqual(0, code, err)

    def wait_for_answers_of_both(self, run):
        """40 connections that ask every 100 ms: more than one host's 200 answers a second."""
        def both():
            since = run.err.partition("h2 is heard of again")[2]
            return re.search(r"phase=hold .*client_rps=(?:2[2-9]\d|[3-9]\d\d)\.", since)
        eventually(both, "both hosts are answered again")


if __name__ == "__main__":
    holdfast.main()
