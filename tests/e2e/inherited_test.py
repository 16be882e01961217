#!/usr/bin/env python3
"""Whatever we were started with (signals ignored or blocked, a scheduling class, a small stack) and whatever is sent to all of
our processes at once, each command does what it does."""

import contextlib
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time
import unittest

import holdfast
from holdfast import Run, children, eventually, plainly, soak
from sparring import Target

PYTHON = sys.executable
SENT_TO_ALL = ("HUP", "INT", "TERM", "QUIT", "USR1", "USR2", "ALRM", "PIPE", "PROF", "VTALRM", "IO", "PWR", "TSTP",
               "TTIN", "TTOU", "XFSZ", "RTMIN", "RTMAX")


def started_by(code):
    """A prefix: that code of Python's runs first, in the process that becomes the program."""
    return PYTHON, "-c", f"import os, signal, sys\n{code}\nos.execvp(sys.argv[1], sys.argv[1:])"


def all_below(pid):
    """The process and all that came from it."""
    return [pid] + [found for child in children(pid) for found in all_below(child)]


def send(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def send_below(pid, number):
    send(all_below(pid)[1:], number)


SIGCHLD_IGNORED = started_by("signal.signal(signal.SIGCHLD, signal.SIG_IGN)")
ALL_IGNORED = started_by("for n in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:\n"
                         "    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass")
ALL_BLOCKED = started_by("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())")


class Started(unittest.TestCase):
    """By whoever."""

    def setUp(self):
        self.target = Target()
        self.addCleanup(self.target.stop)

    def test_each_command_ends_where_signals_came_ignored_or_blocked(self):
        for prefix in (SIGCHLD_IGNORED, ALL_IGNORED, ALL_BLOCKED):
            with self.subTest(prefix=prefix[2]):
                result = soak("-c", 20, "-w", 2, "-d", "500ms", "-i", "200ms", "-q", "--exec-at", "0=exit 3", self.target.url,
                              prefix=prefix)
                self.assertEqual((0, 3), (result.code, result.report["marks"][0]["exit_code"]), result.err)
                code, out, err = plainly("check", "-c", 10, f"http://localhost:{self.target.port}/", prefix=prefix)
                self.assertEqual(0, code, out + err)
                with Run("capacity", "-c", 20, "--from", 10, "--hold-each", "200ms", "-q", self.target.url, prefix=prefix) as run:
                    self.assertEqual(0, run.finish().code)

    def test_the_target_ends_where_signals_came_ignored_or_blocked(self):
        for prefix in (SIGCHLD_IGNORED, ALL_IGNORED, ALL_BLOCKED):
            with self.subTest(prefix=prefix[2]), Target(prefix=prefix) as target:
                self.assertEqual((0, ""), target.finish()[::2])

    def test_a_demo_ends_where_signals_came_ignored(self):
        with Run("demo", "-q", prefix=SIGCHLD_IGNORED) as run:
            result = run.finish()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)

    def test_a_timer_set_before_ends_a_run_in_order(self):
        with Run("-c", 5, "-d", 0, "-q", self.target.url, prefix=started_by("signal.alarm(2)")) as run:
            result = run.finish()
        self.assertEqual(5, result.connections["live"])

    def test_children_of_whoever_became_us_are_no_workers_of_ours(self):
        """A shell that put something behind and then exec'd: its children are now ours, and end as they like."""
        prefix = ("sh", "-c", "(sleep 0.3; exit 7) & exec \"$0\" \"$@\"")
        with Target(prefix=prefix) as target:
            eventually(lambda: len(children(target.pid)) == 1 or "Z" in
                       [holdfast.state(pid) for pid in children(target.pid)], "the stranger has ended")
            self.assertIn(b"", target.get("_target/stats"))
            self.assertEqual(0, target.finish()[0])

    def test_a_command_is_given_back_what_we_were_given(self):
        there = pathlib.Path(holdfast.folder(self.addCleanup)) / "status"
        prefix = started_by("signal.signal(signal.SIGUSR1, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
                            "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})\n"
                            "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)); os.nice(3)\n"
                            "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 1000))")
        result = soak("-c", 5, "-d", "1s", "-q", "--exec-at",
                      f"0=exec {PYTHON} -c 'import os, resource as r, signal as s; print(os.sched_getscheduler(0), os.nice(0), "
                      "r.getrlimit(r.RLIMIT_NOFILE), s.getsignal(s.SIGUSR1) == s.SIG_IGN, s.getsignal(s.SIGHUP) == s.SIG_IGN, "
                      f"sorted(s.pthread_sigmask(s.SIG_BLOCK, [])) == [s.SIGWINCH])' >{there}", self.target.url, prefix=prefix)
        self.assertEqual(0, result.code, result.err)
        self.assertEqual(f"{os.SCHED_BATCH} {os.nice(0) + 3} (200, 1000) True True True\n", there.read_text())

    def test_workers_of_each_step_have_the_scheduling_we_were_given(self):
        for name in ("SCHED_BATCH", "SCHED_IDLE", "SCHED_OTHER"):
            policy = getattr(os, name)
            prefix = started_by(f"os.sched_setscheduler(0, {policy}, os.sched_param(0)); os.nice(4)")
            with self.subTest(policy=name), Run("capacity", "-c", 40, "--from", 20, "--hold-each", "1s", "-q", self.target.url,
                                                prefix=prefix) as run:
                seen = {}

                def second_step():
                    for pid in run.workers():
                        try:
                            seen[pid] = os.sched_getscheduler(pid), os.getpriority(os.PRIO_PROCESS, pid)
                        except ProcessLookupError:
                            pass
                    return len(seen) >= 2
                eventually(second_step, "workers of two steps")
                self.assertEqual({(policy, os.nice(0) + 4)}, set(seen.values()))
                self.assertEqual(0, run.finish().code)


class SentToAll(unittest.TestCase):
    """By a service manager, by pkill, to the group: what is sent to all is the parent's to hear."""

    def test_no_signal_but_kill_takes_a_worker(self):
        with Target() as target, Run("-c", 40, "-w", 2, "-d", "3s", "-i", "200ms", "--ui", "line", target.url) as run:
            run.wait_for_phase("hold")
            for name in SENT_TO_ALL:
                number = signal.SIGRTMIN + 3 if name == "RTMIN" else getattr(signal, f"SIG{name}")
                send_below(run.pid, number)
                send_below(target.pid, number)
            result = run.finish()
            self.assertEqual((0, {}), (result.code, result.outcomes), result.err)
            self.assertEqual(0, target.finish()[0])

    def test_a_mark_for_all_of_us_is_one_mark(self):
        with Target() as target, Run("-c", 20, "-w", 2, "-d", "2s", "-i", "200ms", "--ui", "line", target.url) as run:
            run.wait_for_phase("hold")
            for number in (signal.SIGUSR1, signal.SIGUSR2):
                send(all_below(run.pid) + all_below(target.pid), number)
            result = run.finish()
            self.assertEqual((0, {}, 1), (result.code, result.outcomes, len(result.report["marks"])), result.err)
            self.assertEqual(0, target.finish()[0])

    def test_the_end_for_all_of_us_is_one_end_in_order(self):
        """systemctl stop: SIGTERM to the whole control group, and SIGHUP right behind it where SendSIGHUP= is on."""
        for then in (signal.SIGTERM, signal.SIGHUP, signal.SIGCONT):
            with (self.subTest(then=then), Target() as target,
                  Run("-c", 20, "-w", 2, "-d", 0, "-i", "200ms", "--ui", "line", target.url) as run):
                run.wait_for_phase("hold")
                for number in (signal.SIGTERM, then):
                    send(all_below(run.pid), number)
                result = run.finish()
                self.assertEqual((0, 20), (result.code, result.connections["live"]), result.err)

    def test_a_demo_ends_in_order_with_its_target_still_there(self):
        with Run("demo", "--ui", "line") as run:
            run.wait_for_phase("hold")
            for number in (signal.SIGUSR2, signal.SIGUSR1, signal.SIGTERM):
                send(all_below(run.pid), number)
            result = run.finish()
        self.assertEqual((4, "inconclusive", {}), (result.code, result.verdict, result.outcomes), result.err)

    def test_a_demos_target_does_not_outlive_it(self):
        with Run("demo", "--ui", "line") as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGKILL)
            run.process.wait()
            eventually(lambda: not holdfast.carrying(run.marker), "no process is left")

    def test_a_step_of_capacity_is_lost_to_none_of_them(self):
        with Target() as target, Run("capacity", "-c", 20, "--from", 20, "--hold-each", "2s", "--ui", "line", target.url) as run:
            run.wait_for_phase("hold")
            for number in (signal.SIGUSR1, signal.SIGUSR2):
                send(all_below(run.pid), number)
            result = run.finish()
        self.assertEqual((0, {}), (result.code, result.outcomes), result.err)

    def test_timeouts_two_signals_are_one(self):
        # timeout(1) that is interrupted does as when its time is over: a signal to its child, and one to the group.
        with Target(prefix=["timeout", "60"]) as target:
            with Run("-c", 20, "-d", 0, "--ui", "line", target.url, prefix=["timeout", "60"]) as run:
                run.wait_for_phase("hold")
                run.signal(signal.SIGINT)
                self.assertEqual(0, run.finish().code)
            target.process.send_signal(signal.SIGINT)
            self.assertEqual(0, target.process.wait(holdfast.TIMEOUT_SECONDS))

    def test_two_at_once_in_the_preflight_keep_its_report(self):
        with holdfast.listener() as listening, Run("-c", 10, "--timeout", "1h", holdfast.url_of(listening)) as run:
            asked, _ = listening.accept()
            with asked:
                self.assertIn(b"HEAD / HTTP/1.1\r\n", asked.recv(4096))
                run.signal(signal.SIGINT)
                time.sleep(0.002)  # as timeout(1) does
                run.signal(signal.SIGINT)
                result = run.finish()
        self.assertEqual((4, "inconclusive", 0), (result.code, result.verdict, result.connections["attempted"]))


class Small(unittest.TestCase):
    """Little to live on."""

    def setUp(self):
        self.target = Target()
        self.addCleanup(self.target.stop)

    def test_each_command_has_room_on_a_small_stack(self):
        """`ulimit -s 64` lowers the hard limit too."""
        if shutil.which("prlimit") is None:
            self.skipTest("no prlimit")
        if holdfast.SANITIZED:
            self.skipTest("the sanitizers need a stack of their own")
        prefix = ("prlimit", "--stack=65536:65536")
        folder = pathlib.Path(holdfast.folder(self.addCleanup))
        files = {name: folder / f"report.{name}" for name in ("html", "junit", "timeline", "hgrm")}
        reports = [word for name, path in files.items() for word in (f"--{name}", path)]
        result = soak("-c", 20, "-w", 2, "-d", "1s", "-i", "200ms", "--exec-at", "0=ulimit -s >&2", *reports,
                      f"http://localhost:{self.target.port}/", prefix=prefix)
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        (folder / "report.json").write_text(json.dumps(result.report))
        for arguments in (("report", folder / "report.json"), ("report", files["timeline"]),
                          ("report", "--compare", folder / "report.json", folder / "report.json"),
                          ("report", "--html", folder / "again.html", folder / "report.json"),
                          ("check", "-c", 10, self.target.url), ("--help",), ("--version",)):
            with self.subTest(arguments=arguments[0]):
                code, out, err = plainly(*arguments, prefix=prefix)
                self.assertEqual(0, code, out + err)
        with Run("capacity", "-c", 20, "--from", 20, "--hold-each", "200ms", "-q", self.target.url, prefix=prefix) as run:
            self.assertEqual(0, run.finish().code)
        with Run("demo", "-q", prefix=prefix) as run:
            self.assertEqual(0, run.finish().code)
        with Target(prefix=prefix) as target:
            self.assertEqual(0, soak("-c", 5, "-d", "500ms", "-q", target.url).code)
            self.assertEqual((0, ""), target.finish()[::2])

    def test_a_run_holds_where_little_is_there(self):
        """Little memory, no /proc, a working folder that is gone, no process before it, a time zone that is none, no mode."""
        gone = pathlib.Path(holdfast.folder(self.addCleanup)) / "gone"
        unshared = ("unshare", "-m") if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0 else None
        first = ("unshare", "-fp", "--mount-proc") if unshared else None
        for name, prefix in (("address space", ("prlimit", "--as=268435456")), ("data", ("prlimit", "--data=268435456")),
                             ("no /proc", unshared and (*unshared, "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"')),
                             ("process 1", first), ("no folder", ("sh", "-c", f'mkdir {gone}; cd {gone}; rmdir {gone}; exec "$0" "$@"')),
                             ("no zone", ("env", "TZ=garbage,,,%n%s")), ("no mode", ("sh", "-c", 'umask 0777; exec "$0" "$@"'))):
            with self.subTest(name=name):
                if prefix is None or shutil.which(prefix[0]) is None or name == "no mode" and os.geteuid() != 0:
                    continue
                if holdfast.SANITIZED and name in ("address space", "data", "no /proc"):  # which the sanitizers need
                    continue
                result = soak("-c", 20, "-w", 2, "-d", "1s", "-i", "200ms", "-q", self.target.url, prefix=prefix)
                self.assertEqual((0, "held", 20), (result.code, result.verdict, result.connections["live"]), result.err)

    def test_a_slow_reader_of_a_pipe_that_never_waits_loses_nothing(self):
        for command in (("--help",), ("run", "--help"), ("report", "--schema")):
            with self.subTest(command=command):
                wanted = plainly(*command)[1]
                reader, writer = os.pipe()
                self.assertGreater(len(wanted), fcntl.fcntl(writer, 1031, 4096))  # F_SETPIPE_SZ
                os.set_blocking(writer, False)
                process = subprocess.Popen([holdfast.PROGRAM, *command], stdin=subprocess.DEVNULL, stdout=writer)
                eventually(lambda: not select.select([], [writer], [], 0)[1], "the pipe is full")
                self.assertFalse(os.get_blocking(writer), "the flag is its owner's")
                os.close(writer)
                with open(reader, encoding="utf-8") as pipe:
                    self.assertEqual(wanted, pipe.read())
                self.assertEqual(0, process.wait())

    def test_the_kernel_takes_a_worker_before_its_parent(self):
        def score(pid):
            return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text())
        with Run("-c", 10, "-w", 2, "-d", "2s", "-i", "200ms", "--ui", "line", self.target.url) as run:
            run.wait_for_phase("hold")
            own = score(os.getpid())
            self.assertEqual(own, score(run.pid))
            self.assertEqual({min(1000, own + 300)}, {score(pid) for pid in run.workers()})
            self.assertEqual(0, run.finish().code)


if __name__ == "__main__":
    holdfast.main()
