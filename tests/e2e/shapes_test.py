#!/usr/bin/env python3
"""Shapes of load against a real nginx and servers of ours: a closed loop, a pool of requests, bodies."""

import os
import signal
import time
import unittest

import holdfast
from holdfast import Run, soak
from nginx import Nginx, NginxError


class NginxTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.server = Nginx("soak", connections=2000)
        except NginxError as reason:
            raise unittest.SkipTest(str(reason).splitlines()[0]) from None

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()


class PoolTest(NginxTest):
    def exactly(self, requests, *arguments):
        result = soak("-n", requests, "--no-check", *arguments, self.server.url)
        r = result.requests
        self.assertEqual((0, requests, requests), (result.code, r["sent"], r["answered"]), result.err)
        self.assertEqual(requests, self.server.access_lines())
        self.assertEqual(requests, result.report["plan"]["requests"])
        self.assertEqual("0s", result.report["plan"]["duration"])
        return result

    def test_one_worker_sends_exactly_so_many(self):
        self.exactly(20000, "-c", 100, "-i", 0, "-X", "GET")

    def test_seven_workers_send_exactly_so_many(self):
        result = self.exactly(20000, "-c", 100, "-i", 0, "-w", 7)
        self.assertIn("sent 20 000 of 20 000   answered 20 000", result.out)

    def test_think_times_are_kept(self):
        result = self.exactly(200, "-c", 20, "-r", "20/10ms", "-i", "100ms", "-w", 2)
        self.assertGreater(result.report["run"]["hold_seconds"], 0.8)

    def test_the_ramp_is_completed_when_the_pool_is_empty(self):
        result = self.exactly(10, "-c", 100, "-r", "1/5ms", "-i", 0)
        self.assertEqual((100, 100), (result.connections["opened"], result.connections["live"]))
        self.assertEqual((0, None), (result.report["run"]["hold_seconds"], result.requests["per_second_mean"]))

    def test_a_duration_may_come_first(self):
        result = soak("-n", "1G", "-c", 2, "-i", "50ms", "-d", "500ms", "--no-check", self.server.url)
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertLess(result.requests["sent"], 100)

    def test_a_signal_before_the_end_is_an_interruption(self):
        with Run("-n", "1G", "-c", 2, "-i", "50ms", "--ui", "line", self.server.url) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((4, True), (result.code, result.report["run"]["interrupted"]), result.err)

    def test_a_worker_that_dies_does_not_keep_the_others_from_the_end(self):
        with Run("-n", 2000, "-c", 40, "-i", "50ms", "-w", 4, "--ui", "line", "--no-check", self.server.url) as run:
            run.wait_for_phase("hold")
            os.kill(run.workers()[1], signal.SIGKILL)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        # What it had taken and not yet told of is not sent again.
        self.assertLessEqual(result.requests["sent"], 2000)
        self.assertLessEqual(self.server.access_lines(), 2000)


if __name__ == "__main__":
    holdfast.main()
