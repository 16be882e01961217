#!/usr/bin/env python3
"""A run stopped from outside for longer than its deadlines, as a paused machine stops it: SIGSTOP of all its processes at
once, and the monotonic clock goes on. What was answered meanwhile is answered, and what our absence brought about is ours."""

import os
import signal
import time
import unittest

import holdfast
from holdfast import Run, eventually, nginx, state
from sparring import Target

STOP_SECONDS = 5  # above --timeout, 3 s by default


def stop_and_continue(run):
    pids = [run.pid, *run.workers()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    eventually(lambda: all(state(pid) == "T" for pid in pids), "all are stopped")
    time.sleep(STOP_SECONDS)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


class StopTest(unittest.TestCase):
    def stopped(self, server, *arguments):
        with Run("--ui", "line", "-w", 2, *arguments, server.url) as run:
            run.wait_for(r"phase=hold t=2")
            stop_and_continue(run)
            result = run.finish()
        self.assertGreater(result.report["generator"]["loop_lag_seconds_max"], STOP_SECONDS - 2)
        rows = result.report["timeline"]["t"]
        self.assertGreater(max(after - before for before, after in zip(rows, rows[1:])), STOP_SECONDS - 1)
        return result

    def test_nothing_is_lost_by_it(self):
        with nginx() as server:
            result = self.stopped(server, "-c", 200, "-d", "10s", "-i", "200ms..1s", "--server-status", server.status_url)
            logged = server.access_lines()
        self.assertEqual((0, {}), (result.code, result.outcomes), result.err)
        self.assertEqual(200, result.connections["live"])
        self.assertEqual(logged, result.requests["sent"] + 1)
        self.assertEqual("warn", result.finding("loop_lag")["status"])

    def test_nor_in_a_closed_loop_that_is_stopped_in_the_midst_of_its_turns(self):
        with nginx(keepalive_requests="100000000") as server:
            result = self.stopped(server, "-c", 50, "-d", "9s", "-i", "0")
        self.assertEqual((0, {}), (result.code, result.outcomes), result.err)

    def test_in_the_ramp_it_goes_on_as_planned(self):
        with nginx() as server:
            with Run("--ui", "line", "-c", 300, "-r", "100/1s", "-d", "3s", "-i", "200ms..1s", server.url) as run:
                run.wait_for_phase("ramp")
                stop_and_continue(run)
                result = run.finish()
        self.assertEqual((0, {}), (result.code, result.outcomes), result.err)
        self.assertEqual(300, result.connections["opened"])

    def test_what_the_server_closed_meanwhile_does_not_break_the_run_nor_look_like_a_restart(self):
        with Target("--fault", "idle-close=2s") as server:
            result = self.stopped(server, "-c", 30, "-d", "8s", "-i", "200ms..1s", "--no-check")
            self.assertEqual(30, server.stats_when_closed()["connections"]["endings"]["idle_close"])
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual({"closed_idle": 30}, result.outcomes)
        self.assertEqual(30, result.report["generator"]["closed_overdue"])
        self.assertIn("30 closed_idle while we were late to ask", result.report["verdict"]["reasons"][0])
        self.assertIsNone(result.finding("ended_together"))
        self.assertIsNone(result.report["lifetimes"]["closings"][0]["dimension"])


if __name__ == "__main__":
    holdfast.main()
