#!/usr/bin/env python3
"""However a run ends, it ends in order: exit code, verdict, ledger and report agree, and nothing is left behind."""

import contextlib
import datetime
import json
import os
import pathlib
import pty
import signal
import subprocess
import tempfile
import time
import unittest

import holdfast
from holdfast import Run, eventually, nginx, soak, state
from rude import Rude
from sparring import Target, accepted, answered, read

CALM = ("-i", "200ms..1s", "--ui", "line")
STALL = ("--stall", "0")
SAME_SECONDS = 0.6  # the same signal sooner than 0.5 s after the first is the same interrupt


def fill(descriptor):
    """Writes to a pipe or a terminal until it takes nothing more; how much that was."""
    os.set_blocking(descriptor, False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            count += os.write(descriptor, b"x")
    os.set_blocking(descriptor, True)
    return count


def seconds_held(timeline):
    """Lines of the hold that its timeline has so far."""
    return pathlib.Path(timeline).read_bytes().count(b'"phase":"hold"')


class Case(unittest.TestCase):
    def ended(self, result, code, verdict, interrupted=False):
        self.assertEqual((code, verdict, interrupted),
                         (result.code, result.verdict, result.report["run"]["interrupted"]), result.err)

    def whole(self, result, connections):
        """Every planned connection was opened and is live."""
        c = result.connections
        self.assertEqual((connections,) * 4, (c["attempted"], c["opened"], c["live"], c["drain"]["outcomes"]["drained"]))
        self.assertEqual({}, result.outcomes)
        self.assertEqual(result.requests["sent"], result.requests["answered"])

    def left_without_answer(self, target, result):
        """Each connection asked once of a target that never answers, and left."""
        stats, asked = target.stats_when_closed(), result.requests["sent"]
        self.assertEqual((asked,) * 4, (accepted(stats), read(stats), stats["faults"][0]["fired"],
                                        stats["connections"]["endings"]["client_gave_up"]))

    def rule(self, result, name):
        return next(rule["ok"] for rule in result.report["requirements"] if rule["expression"].startswith(name))


class PlannedEndings(Case):
    def test_when_the_duration_is_over_the_run_held(self):
        with nginx() as server:
            result = soak("-c", "100", "-d", "2s", *CALM, server.url)
        self.ended(result, 0, "held")
        self.whole(result, 100)
        self.assertEqual("HELD", result.out.split()[0])
        self.assertGreaterEqual(result.report["run"]["hold_seconds"], 2)
        self.assertLess(result.report["run"]["hold_seconds"], 12)

    def test_the_first_interrupt_is_the_planned_end_of_an_endless_hold(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number), nginx() as server, Run("-c", "50", "-d", "0", *CALM, server.url) as run:
                run.wait_for_phase("hold")
                run.signal(number)
                result = run.finish()
                self.ended(result, 0, "held")
                self.whole(result, 50)


class Interrupts(Case):
    def test_an_interrupt_in_the_ramp_judges_no_rule_about_the_ramp(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with (self.subTest(signal=number), nginx() as server,
                  Run("-c", "1000", "-r", "1/10ms", "-d", "5s", *CALM, server.url) as run):
                run.wait_for_phase("ramp")
                run.signal(number)
                result = run.finish()
                self.ended(result, 4, "inconclusive", True)
                self.assertIsNone(self.rule(result, "opened"))
                self.assertTrue(self.rule(result, "lost"))
                self.assertLess(0, result.connections["attempted"])
                self.assertLess(result.connections["attempted"], 1000)
                self.assertEqual({}, result.outcomes)

    def test_an_interrupt_in_the_hold_cuts_the_run_short(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with (self.subTest(signal=number), nginx() as server,
                  Run("-c", "100", "-d", "1h", *CALM, server.url) as run):
                run.wait_for_phase("hold")
                run.signal(number)
                result = run.finish()
                self.ended(result, 4, "inconclusive", True)
                self.assertTrue(self.rule(result, "opened"))
                self.whole(result, 100)

    def test_an_interrupt_in_the_ramp_gives_up_what_is_still_connecting(self):
        with Rude() as rude, Run("-c", "100", "-r", "1/10ms", "-d", "5s", "--no-check", "--connect-timeout", "1m", "--ui",
                                 "line", f"http://127.0.0.1:{rude.full_port}/") as run:
            run.wait_for_phase("ramp")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.ended(result, 4, "inconclusive", True)
        c = result.connections
        self.assertLess(0, c["connecting"])
        self.assertEqual(c["attempted"], c["connecting"])
        self.assertEqual({"drained": 0, "abandoned": c["connecting"]}, c["drain"]["outcomes"])
        self.assertIsNone(self.rule(result, "opened"))

    def test_an_interrupt_in_the_preflight_leaves_nothing_attempted(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with (self.subTest(signal=number), holdfast.listener() as listening,
                  Run("-c", "10", "--timeout", "1h", holdfast.url_of(listening)) as run):
                asked, _ = listening.accept()
                with asked:
                    self.assertIn(b"HEAD / HTTP/1.1\r\n", asked.recv(4096))
                    run.signal(number)
                    result = run.finish()
                self.ended(result, 4, "inconclusive", result.report["run"]["interrupted"])
                self.assertEqual((0, 0), (result.connections["attempted"], result.requests["sent"]))

    def test_an_interrupt_in_the_freeze_changes_nothing(self):
        with Target(*STALL) as target:
            with Run("-c", "20", "-d", "1s", "--timeout", "5s", "--no-check", "--ui", "line", target.url) as run:
                run.wait_for_phase("freeze")
                run.signal(signal.SIGINT)
                result = run.finish()
            self.left_without_answer(target, result)
        self.ended(result, 1, "broke")
        self.assertEqual({"response_timeout": 20}, result.outcomes)
        self.assertEqual((20, 20), (result.requests["sent"], result.requests["timed_out"]))

    def test_the_second_interrupt_leaves_at_once_with_a_report(self):
        with Target(*STALL) as target:
            with Run("-c", "20", "-d", "1s", "--timeout", "1h", "--no-check", "--ui", "line", target.url) as run:
                run.wait_for_phase("freeze")
                run.signal(signal.SIGINT)
                run.wait_for("second interrupt")
                time.sleep(SAME_SECONDS)
                run.signal(signal.SIGINT)
                result = run.finish()
            self.left_without_answer(target, result)
        self.ended(result, 130, "inconclusive")
        c, r = result.connections, result.requests
        self.assertEqual((20, 20, 0), (r["sent"], r["unfinished"], r["answered"]))
        self.assertEqual((20, 20), (c["attempted"], c["live"]))

    def test_two_interrupts_in_the_hold_leave_at_once_with_a_report(self):
        with Target(*STALL) as target:
            with Run("-c", "20", "-w", "2", "-d", "1h", "--timeout", "1h", "--no-check", "--ui", "line",
                     target.url) as run:
                run.wait_for_phase("hold")
                run.signal(signal.SIGTERM)
                run.wait_for("second interrupt")
                run.signal(signal.SIGINT)
                result = run.finish()
            self.left_without_answer(target, result)
        self.ended(result, 130, "inconclusive", True)
        self.assertEqual((20, 20), (result.requests["sent"], result.requests["unfinished"]))

    def test_a_hangup_is_ignored_under_nohup(self):
        ignoring = ("sh", "-c", "trap '' HUP; exec \"$0\" \"$@\"")
        with nginx() as server, Run("-c", "20", "-d", "3s", *CALM, server.url, prefix=ignoring) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGHUP)
            result = run.finish()
        self.ended(result, 0, "held")
        self.whole(result, 20)
        self.assertGreaterEqual(result.report["run"]["hold_seconds"], 3)

    def test_an_interrupt_ends_a_run_that_a_shell_put_behind_with_interrupts_ignored(self):
        ignoring = ("sh", "-c", "trap '' INT; exec \"$0\" \"$@\"")
        with nginx() as server, Run("-c", "20", "-d", "1h", *CALM, server.url, prefix=ignoring) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGINT)
            self.ended(run.finish(), 4, "inconclusive", True)


    def test_a_full_pipe_on_standard_error_holds_up_nothing(self):
        """That nobody reads: neither the preflight's table nor a live line is waited for, and ^C is heard."""
        unread, full = os.pipe()
        fill(full)
        with Target() as target, tempfile.NamedTemporaryFile() as timeline, \
                Run("-c", "5", "-d", "1h", "-i", "100ms", "--ui", "line", "--timeline", timeline.name, target.url,
                    stderr=full) as run:
            # Three seconds are three lines, each of which would have waited for ever.
            eventually(lambda: seconds_held(timeline.name) >= 3, "the run goes on")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.ended(result, 4, "inconclusive", True)
        self.assertEqual("INCONCLUSIVE", result.out.split()[0])
        os.close(unread)
        os.close(full)

    def test_a_reader_of_standard_error_that_comes_late_has_all_of_it(self):
        reader, writer = os.pipe()
        filled = fill(writer)
        with Target() as target, tempfile.NamedTemporaryFile() as timeline, \
                Run("-c", "5", "-d", "1h", "-i", "100ms", "--ui", "line", "--timeline", timeline.name, target.url,
                    stderr=writer) as run:
            os.close(writer)
            eventually(lambda: seconds_held(timeline.name) >= 3, "the run goes on")
            with open(reader, "rb") as said:
                table = said.read(filled + len("preflight:"))
                run.signal(signal.SIGINT)
                table += said.read()
            self.ended(run.finish(), 4, "inconclusive", True)
        lines = table[filled:].decode().splitlines()
        self.assertRegex(lines[0], "^preflight: 5 connections to " + target.url.split("/")[2] + r": \d+ checks ok")
        seconds = [float(line.split(" t=")[1].split()[0]) for line in lines if line.startswith("time=")]
        self.assertGreaterEqual(len(seconds), 2, lines)
        self.assertLess(seconds[0], 3, "the first lines were kept")
        self.assertIn("ending in order", lines[-1])


class Pauses(Case):
    def test_a_stopped_run_counts_no_timeout_and_holds_as_long_as_planned(self):
        with Target("--delay", "200ms") as target, Run("-c", "20", "-w", "2", "-d", "3s", "-i", "0", "--timeout", "1s",
                                                       "--no-check", "--ui", "line", target.url) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGTSTP)
            everybody = [run.pid, *run.workers()]
            self.assertEqual(3, len(everybody))
            eventually(lambda: {state(pid) for pid in everybody} == {"T"}, "parent and workers are stopped")
            time.sleep(3)  # three times the deadline of every request
            self.assertEqual({"T"}, {state(pid) for pid in everybody})
            run.signal(signal.SIGCONT)
            result = run.finish()
            stats = target.stats_when_closed()
        self.ended(result, 0, "held")
        self.whole(result, 20)
        self.assertEqual((20, result.requests["sent"], result.requests["answered"]),
                         (accepted(stats), read(stats), answered(stats)))
        started, ended = (datetime.datetime.fromisoformat(result.report["run"][name].replace("Z", "+00:00"))
                          for name in ("started_at", "ended_at"))
        self.assertGreaterEqual(result.report["run"]["hold_seconds"], 3)
        self.assertGreaterEqual((ended - started).total_seconds(), 3 + 3, "the time stopped is no part of the hold")

    def test_a_stop_in_the_ramp_moves_the_schedule(self):
        with nginx() as server, Run("-c", "200", "-r", "1/10ms", "-d", "1s", *CALM, server.url) as run:
            run.wait_for_phase("ramp")
            run.signal(signal.SIGTSTP)
            eventually(lambda: state(run.pid) == "T", "it is stopped")
            time.sleep(2)
            run.signal(signal.SIGCONT)
            result = run.finish()
        self.ended(result, 0, "held")
        self.whole(result, 200)
        # Planned are 1.99 s. A worker that stops a moment after its parent has that moment for nothing; made up for in one
        # go, the ramp would take what went before the stop.
        self.assertGreaterEqual(result.report["run"]["ramp_seconds"], 1.5)
        self.assertLess(result.report["run"]["ramp_lateness_seconds_max"], 1.9)

    def test_an_interrupt_while_stopped_ends_the_run_when_it_goes_on(self):
        with nginx() as server, Run("-c", "20", "-d", "1h", *CALM, server.url) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGTSTP)
            eventually(lambda: state(run.pid) == "T", "it is stopped")
            run.signal(signal.SIGINT)
            run.signal(signal.SIGCONT)
            result = run.finish()
        self.ended(result, 4, "inconclusive", True)
        self.whole(result, 20)

    def test_a_status_line_comes_when_asked_for_even_when_quiet(self):
        with nginx() as server, Run("-c", "20", "-d", "0", "-i", "1s", "-q", server.url) as run:
            eventually(lambda: server.access_lines() >= 21, "the preflight and each connection have asked")
            for asked in (1, 2, 3):
                run.signal(signal.SIGUSR1)
                eventually(lambda: run.err.count("phase=") == asked, "a line was said")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.ended(result, 0, "held")
        lines = [line for line in result.err.splitlines() if "phase=" in line]
        self.assertEqual(3, len(lines))
        for line in lines:
            self.assertRegex(line, r"^time=\S+ phase=(ramp|hold) t=\S+ live=20 connecting=0 closed=0 errored=0 ")


class LostWorkers(Case):
    def test_a_worker_killed_in_the_hold_takes_its_share_alone(self):
        for number in (signal.SIGKILL, signal.SIGABRT):
            with (self.subTest(signal=number), nginx() as server,
                  Run("-c", "102", "-w", "4", "-d", "3s", *CALM, server.url) as run):
                run.wait_for_phase("hold")
                victim = run.workers()[1]
                os.kill(victim, number)
                result = run.finish()
                self.ended(result, 4, "inconclusive")
                workers = result.report["generator"]["workers"]
                lost = [worker for worker in workers if worker["state"] == "lost"]
                self.assertEqual([victim], [worker["pid"] for worker in lost])
                self.assertEqual([26, 26, 25, 25], sorted((worker["share"] for worker in workers), reverse=True))
                c = result.connections
                self.assertEqual({"worker_lost": lost[0]["share"]}, result.outcomes)
                self.assertEqual((102, 102, 102 - lost[0]["share"]), (c["attempted"], c["opened"], c["live"]))
                self.assertIn(f"(pid {victim}) was killed by signal {number.value}", result.err)

    def test_a_worker_killed_in_the_ramp_leaves_the_others_their_plan(self):
        with nginx() as server, Run("-c", "400", "-w", "4", "-r", "2/10ms", "-d", "1s", *CALM, server.url) as run:
            run.wait_for_phase("ramp")
            os.kill(run.workers()[3], signal.SIGKILL)
            result = run.finish()
        self.ended(result, 4, "inconclusive")
        c = result.connections
        self.assertEqual(300, c["live"])
        self.assertLess(0, result.outcomes["worker_lost"])
        self.assertLess(result.outcomes["worker_lost"], 100)
        self.assertEqual(300 + result.outcomes["worker_lost"], c["attempted"])

    def test_a_worker_that_dies_before_its_first_connect_is_our_own_fault_too(self):
        with nginx() as server, Run("-c", "8", "-w", "4", "-r", "1/500ms", "-d", "1s", *CALM, server.url) as run:
            run.wait_for_phase("ramp")  # the second connection opens now; the last worker's first is the fourth
            os.kill(run.workers()[3], signal.SIGKILL)
            result = run.finish()
        self.assertEqual((6, 6, 6), tuple(result.connections[name] for name in ("attempted", "opened", "live")))
        self.ended(result, 4, "inconclusive")

    def test_requests_of_a_lost_worker_are_lost(self):
        with Target(*STALL) as target:
            with Run("-c", "20", "-w", "2", "-d", "2s", "--timeout", "4s", "--no-check", "--ui", "line",
                     target.url) as run:
                run.wait_for_phase("hold")
                os.kill(run.workers()[0], signal.SIGKILL)
                result = run.finish()
            self.left_without_answer(target, result)
        self.ended(result, 4, "inconclusive")
        self.assertEqual({"worker_lost": 10, "response_timeout": 10}, result.outcomes)
        r = result.requests
        self.assertEqual((20, 10, 10, 0), (r["sent"], r["lost"], r["timed_out"], r["answered"]))

    def test_when_all_workers_are_lost_the_run_is_over(self):
        for workers in (1, 4):
            with (self.subTest(workers=workers), nginx() as server,
                  Run("-c", "100", "-w", workers, "-d", "1h", *CALM, server.url) as run):
                run.wait_for_phase("hold")
                for victim in run.workers():
                    os.kill(victim, signal.SIGKILL)
                result = run.finish()
                self.ended(result, 4, "inconclusive")
                self.assertEqual({"worker_lost": 100}, result.outcomes)
                self.assertEqual((100, 0, 100), (result.connections["attempted"], result.connections["live"],
                                                 result.connections["lost"]))

    def test_workers_do_not_outlive_their_parent(self):
        with nginx() as server, Run("-c", "100", "-w", "4", "-d", "1h", *CALM, server.url) as run:
            run.wait_for_phase("hold")
            self.assertEqual(4, len(run.workers()))
            run.signal(signal.SIGKILL)
            run.process.wait()
            eventually(lambda: not holdfast.carrying(run.marker), "no worker is left")
            self.assertFalse(run.path.exists(), "nothing stands under the report's name")
            eventually(lambda: server.stub_status()["active"] == 1, "the server has no connection left")


class LostServers(Case):
    def test_a_server_that_goes_away_ends_the_run_early(self):
        with nginx() as server, Run("-c", "100", "-d", "1h", *CALM, server.url) as run:
            run.wait_for_phase("hold")
            server.stop()
            run.wait_for("ended early: nothing was live")
            result = run.finish()
        self.ended(result, 1, "broke")
        c = result.connections
        self.assertEqual((100, 100, 0, 100), (c["attempted"], c["opened"], c["live"], c["lost"]))
        # What nginx still answers while it ends announces that.
        self.assertLessEqual(set(result.outcomes), {"closed_idle", "reset_idle", "closed_in_flight", "reset_in_flight", "closed_announced"})
        self.assertLess(result.report["run"]["hold_seconds"], 3600)
        self.assertIn("BROKE", result.out)

    def test_a_server_that_goes_away_in_the_ramp_refuses_the_rest(self):
        with nginx() as server, Run("-c", "200", "-r", "1/10ms", "-d", "1h", *CALM, server.url) as run:
            run.wait_for_phase("ramp")
            server.stop()
            result = run.finish()
        self.ended(result, 1, "broke")
        c = result.connections
        self.assertEqual((200, 0), (c["attempted"], c["live"]))
        self.assertLess(0, result.outcomes["refused"])
        self.assertEqual(200 - c["opened"], result.outcomes["refused"] + result.outcomes.get("connect_reset", 0))

    def test_the_servers_own_count_may_stop_in_mid_run(self):
        with nginx() as server, nginx() as other, Run("-c", "20", "-d", "3s", *CALM, "--server-status", other.status_url,
                                                      server.url) as run:
            run.wait_for_phase("hold")
            other.stop()
            result = run.finish()
        self.ended(result, 0, "held")
        self.whole(result, 20)
        self.assertLess(0, result.report["server"]["polls_failed"])

    def test_a_server_that_was_never_there_is_no_target(self):
        for arguments in ((), ("--no-check",)):
            with self.subTest(arguments=arguments), Rude() as rude:
                result = soak("-c", "20", "-d", "1s", *arguments, f"http://127.0.0.1:{rude.refused_port}/")
                self.ended(result, 5, "no_target")
                self.assertEqual(20 if arguments else 0, result.connections["attempted"])
                self.assertEqual("NO TARGET", result.out[:9])

    def test_an_interrupted_run_is_never_without_a_target(self):
        with Rude() as rude, Run("-c", "1000", "-r", "1/10ms", "-d", "1s", "--no-check", "--ui", "line",
                                 f"http://127.0.0.1:{rude.refused_port}/") as run:
            run.wait_for_phase("ramp")
            run.signal(signal.SIGINT)
            self.ended(run.finish(), 4, "inconclusive", True)


class Reports(Case):
    SHORT = ("-c", "5", "-d", "500ms", "-i", "200ms", "-q")

    def test_a_report_path_that_cannot_be_opened_is_said_before_the_load(self):
        with nginx() as server, Run(*self.SHORT, server.url) as run:  # its folder serves as a place
            run.finish()
            for path, why in ((run.folder / "no/such/report.json", "No such file"), (run.folder, "Is a directory"),
                              (run.folder / "report.json/x", "Not a directory")):
                with self.subTest(path=path):
                    before = server.access_lines()
                    code, out, err = holdfast.plainly(*self.SHORT, "--json", path, server.url)
                    self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
                    self.assertIn("--json", err)
                    self.assertIn(why, err)
                    self.assertEqual(before, server.access_lines(), "nothing was asked")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody without rights")
    def test_a_report_path_without_permission_is_said_before_the_load(self):
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        if subprocess.run([*nobody, "test", "-x", holdfast.PROGRAM], check=False, capture_output=True).returncode:
            self.skipTest("nobody may not run the program where it lies, or there is no setpriv")
        with nginx() as server, Run(*self.SHORT, server.url) as run:
            run.finish()
            code, out, err = holdfast.plainly(*self.SHORT, "--json", run.folder / "new.json", server.url, prefix=nobody)
            self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
            self.assertIn("Permission denied", err)

    def test_a_report_that_fails_at_the_end_turns_held_into_4(self):
        with nginx() as server:
            result = soak(*self.SHORT, "--json", "/dev/full", server.url, report=None)
            self.assertEqual(4, result.code)
            self.assertIn("No space left on device", result.err)
            self.assertIn("--json", result.err)
            self.assertEqual("HELD", result.out.split()[0])

    def test_a_report_that_fails_at_the_end_hides_no_worse_verdict(self):
        with Target("--fault", "close-after=1") as target:
            result = soak(*self.SHORT, "--no-check", "--json", "/dev/full", target.url, report=None)
        self.assertEqual(1, result.code)
        self.assertIn("No space left on device", result.err)

    def test_a_report_whose_folder_is_gone_at_the_end_is_reported(self):
        with nginx() as server, Run("-c", "5", "-d", "0", *CALM, server.url) as place:
            folder = place.folder / "gone"
            folder.mkdir()
            with Run("-c", "5", "-d", "0", *CALM, "--json", folder / "r.json", server.url, report=None) as run:
                run.wait_for_phase("hold")
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()
                run.signal(signal.SIGINT)
                result = run.finish()
            self.assertEqual(4, result.code)
            self.assertIn("could not be written: No such file", result.err)

    def test_an_older_report_stays_until_the_new_one_is_whole(self):
        with nginx() as server, Run("-c", "5", "-d", "0", *CALM, server.url) as place:
            path = place.folder / "old.json"
            path.write_text("old")
            path.chmod(0o640)
            with Run("-c", "5", "-d", "0", *CALM, "--json", path, server.url, report=path) as run:
                run.wait_for_phase("hold")
                self.assertEqual("old", path.read_text())
                run.signal(signal.SIGINT)
                self.ended(run.finish(), 0, "held")

    def test_a_summary_that_cannot_be_written_turns_held_into_4(self):
        with nginx() as server, open("/dev/full", "w") as full:
            result = soak(*self.SHORT, server.url, stdout=full, agrees=False)
        self.assertEqual((4, "held"), (result.code, result.verdict))
        self.assertIn("summary could not be written", result.err)

    def test_a_reader_of_the_summary_that_reads_nothing_is_given_up_by_an_interrupt(self):
        def terminal():
            return pty.openpty()
        for kind in (os.pipe, terminal):
            with self.subTest(kind=kind.__name__), Target() as target:
                unread, full = kind()
                fill(full)
                with Run("-c", "5", "-d", "1s", "-i", "100ms", target.url, stdout=full, agrees=False) as run:
                    eventually(run.path.exists, "the report is written")
                    run.signal(signal.SIGTERM)
                    result = run.finish()
                os.close(unread)
                os.close(full)
                self.assertEqual((4, "held"), (result.code, result.verdict))
                self.assertIn("the summary could not be written: interrupted while its reader took nothing", result.err)

    def test_a_terminal_that_nobody_reads_holds_up_no_run(self):
        """One for both streams, as a person's, full before the table. Later it has a little room, as poll(2) says: a
        write of more than that would wait for ever."""
        unread, full = pty.openpty()
        fill(full)
        with Target() as target, Run("-c", "5", "-d", "1s", "-i", "100ms", target.url, stdout=full, stderr=full,
                                 agrees=False) as run:
            eventually(run.path.exists, "the report is written")
            os.read(unread, 500)
            time.sleep(1)  # it is taken
            run.signal(signal.SIGTERM)
            result = run.finish()
        os.close(unread)
        os.close(full)
        self.assertEqual((4, "held"), (result.code, result.verdict))

    def test_a_reader_of_the_summary_that_comes_late_has_it_whole(self):
        reader, writer = os.pipe()
        filled = fill(writer)
        with Target() as target, Run("-c", "5", "-d", "1s", "-i", "100ms", target.url, stdout=writer) as run:
            os.close(writer)
            eventually(run.path.exists, "the report is written")
            with open(reader, "rb") as summary:
                lines = summary.read()[filled:].decode().splitlines()
            self.ended(run.finish(), 0, "held")
        self.assertTrue(lines[0].startswith("HELD   5 connections for "), lines)
        self.assertTrue(lines[-1].startswith("  files "), lines)

    def test_a_reader_of_the_summary_that_went_away_is_no_crash(self):
        with nginx() as server:
            reading, writing = os.pipe()
            os.close(reading)
            with contextlib.closing(os.fdopen(writing, "w")) as pipe:
                result = soak(*self.SHORT, server.url, stdout=pipe, agrees=False)
        self.assertEqual((4, "held"), (result.code, result.verdict))

    def test_standard_streams_that_came_closed_disturb_no_load(self):
        """A summary that cannot be written is said, and makes an exit 0 a 4; the report keeps the verdict's own."""
        for closed, code in ((">&-", 4), ("2>&-", 0), ("<&-", 0), ("<&- >&- 2>&-", 4), (">/dev/full", 4)):
            with self.subTest(closed=closed), nginx() as server:
                closing = ("sh", "-c", f'exec "$0" "$@" {closed}')
                result = soak("-c", "50", "-d", "1s", "-i", "200ms", server.url, prefix=closing, agrees=False)
                self.ended(result, code, "held")
                self.assertEqual(0, result.report["verdict"]["exit_code"])
                self.assertEqual(code == 4 and "2>&-" not in closed, "the summary could not be written" in result.err)
                self.whole(result, 50)
                self.assertEqual(result.requests["sent"] + 1, server.access_lines())

    def test_json_on_standard_output_is_alone_there(self):
        with nginx() as server:
            code, out, err = holdfast.plainly(*self.SHORT, "--json", "-", server.url)
            self.assertEqual(0, code)
            report = json.loads(out)
            holdfast.check_report(report, code)
            self.assertEqual(5, report["connections"]["live"])
            self.assertIn("HELD", err)

    def test_standard_output_holds_the_summary_alone(self):
        with nginx() as server:
            result = soak(*self.SHORT, server.url)
        self.assertTrue(result.out.startswith("HELD"))
        self.assertEqual("", result.err)


if __name__ == "__main__":
    holdfast.main()
