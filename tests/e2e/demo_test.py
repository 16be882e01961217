#!/usr/bin/env python3
"""The demo: a first run with nothing else installed."""

import signal
import unittest

import holdfast
from holdfast import Run, plainly


def run_demo(*arguments, **options):
    """Where a busy machine made it late, and it says so, once more."""
    TIMES = 5
    for _ in range(TIMES):
        with Run("demo", *arguments, **options) as run:
            result = run.finish()
        if "late ourselves" not in result.out:
            break
    return result


class Demo(unittest.TestCase):
    def test_it_holds_its_connections_and_leaves_nothing_behind(self):
        result = run_demo("-q")
        self.assertEqual((0, "held"), (result.code, result.verdict), result.out + result.err)
        self.assertTrue(result.out.startswith("HELD   1000 connections for 10.0 s"), result.out)
        self.assertIn("agrees with the client", result.out)
        self.assertRegex(result.err, r"holdfast target --listen 127\.0\.0\.1:\d+ &\nholdfast run -c 1000 ")

    def test_it_holds_them_over_tls_too(self):
        result = run_demo("--tls", "-q", prefix=("prlimit", "--nofile=300:300"))
        self.assertEqual((0, "held"), (result.code, result.verdict), result.out + result.err)
        self.assertEqual((236, 236), (result.connections["live"], result.connections["tls"]["full"]))
        self.assertIn("agrees with the client", result.out)
        self.assertRegex(result.err, r"holdfast target --tls --listen 127\.0\.0\.1:\d+ &\nholdfast run -c 236 .* https://")

    def test_an_interrupt_ends_the_run_in_order_and_the_target_after_it(self):
        with Run("demo", "--ui", "line") as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict))
        self.assertEqual({}, result.outcomes)

    def test_few_descriptors_make_it_smaller(self):
        result = run_demo("-q", prefix=("prlimit", "--nofile=300:300"))
        self.assertEqual(0, result.code, result.err)
        self.assertEqual(236, result.connections["live"])

    def test_bad_input_gets_one_line(self):
        for arguments in (["http://a/"], ["-c", "5"], ["--nonsense"], ["--ui", "x"]):
            code, out, err = plainly("demo", *arguments)
            self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)


if __name__ == "__main__":
    holdfast.main()
