#!/usr/bin/env python3
"""A pause of ours is ours, whoever stood still: it is told as it happens, it is a mark and a finding, and rules that it alone
broke say nothing of the server. What the server did besides stays the server's."""

import os
import signal
import time
import unittest

import holdfast
from holdfast import Run, eventually, folder, plainly, state
from sparring import Target

PAUSE_SECONDS = 2.5


def pause(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    eventually(lambda: all(state(pid) == "T" for pid in pids), "all are stopped")
    time.sleep(PAUSE_SECONDS)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


class LatenessTest(unittest.TestCase):
    def paused(self, who, *arguments, target=()):
        with Target(*target) as server, Run("--ui", "line", "-c", 60, "-d", "8s", "-i", "100ms", "--no-check", *arguments,
                                            server.url) as run:
            run.wait_for(r"phase=hold t=\d")
            pause(who(run))
            return run.finish()

    def test_a_rule_that_our_pause_alone_broke_is_inconclusive(self):
        for who in (lambda run: [run.pid, *run.workers()], lambda run: run.workers()):
            timeline = folder(self.addCleanup) / "run.jsonl"
            result = self.paused(who, "--require", "max<2s", "--require", "p99<2s", "--timeline", timeline)
            self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
            self.assertRegex(result.err, r"stood still for \d\.\d\d s")
            self.assertIn("pause", [mark["kind"] for mark in result.report["marks"]])
            self.assertEqual("warn", result.finding("paused")["status"])
            self.assertGreater(result.report["generator"]["pause_seconds_max"], PAUSE_SECONDS - 1)
            self.assertLess(result.report["latency_seconds"]["without_lateness"]["max"], 2)
            self.assertNotIn("not the limit", result.out)
            self.assertNotIn("e+", result.finding("loop_lag")["text"])
            self.assertTrue(plainly("report", timeline)[1].startswith("INCONCLUSIVE"), "judged again from its timeline")

    def test_a_slow_server_stays_broke_beside_our_pause(self):
        result = self.paused(lambda run: run.workers(), "--require", "p50<50ms", target=("--delay", "300ms"))
        self.assertEqual((1, "broke"), (result.code, result.verdict), result.err)

    def test_a_parent_that_stood_still_says_so_and_measures_on(self):
        result = self.paused(lambda run: [run.pid], "--require", "max<1h")
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertIn("the parent process stood still", result.err)


if __name__ == "__main__":
    holdfast.main()
