#!/usr/bin/env python3
"""--reconnect against a real nginx that is reloaded, stopped and started: all connections come back, never faster than
the ramp, and the ledger is exact."""

import signal
import time
import unittest

import holdfast
from holdfast import Run, eventually, nginx, soak

CONNECTIONS = 2000
RATE = 1000  # a second, of -r 10/10ms
# One tick of the worker, and how old a published tally may be.
SLACK_SECONDS = 0.05
DOWN_SECONDS = 5


def attempts(timeline):
    """(t, attempted so far) of each sample."""
    states = zip(*(timeline[name] for name in ("live", "connecting", "closed", "errored")))
    return list(zip(timeline["t"], map(sum, states)))


class ReconnectTest(unittest.TestCase):
    def setUp(self):
        self.server = nginx()
        self.addCleanup(self.server.stop)

    def soak(self, *more, seconds):
        return Run("-c", CONNECTIONS, "-r", "10/10ms", "-i", "1s..3s", "-d", f"{seconds}s", "--ui", "line",
                   "--reconnect", "backoff=100ms..2s", *more, self.server.url)

    def whole_again(self, result, refilled):
        """The report's identities were looked at by Run.finish()."""
        c = result.connections
        self.assertEqual((CONNECTIONS, 0, 0), (c["live"], c["connecting"], c["refilling"]), result.err)
        self.assertEqual(c["opened"], CONNECTIONS + c["reconnected"])
        self.assertEqual(c["lost"], c["reconnected"], "what was lost was opened again")
        self.assertGreaterEqual(c["reconnected"], refilled)
        self.assertEqual(c["reconnected"], c["refill_seconds"]["count"])
        self.assertLess(c["live_min"], CONNECTIONS)
        self.assertEqual({"drained": CONNECTIONS, "abandoned": 0}, c["drain"]["outcomes"])
        rules = {rule["expression"]: rule["ok"] for rule in result.report["requirements"]}
        self.assertEqual({"live>=100%": True, "errored<=0": c["errored"] == 0}, rules)
        self.assertEqual(("held", 0) if c["errored"] == 0 else ("broke", 1), (result.verdict, result.code))
        self.assertIn(f"all {CONNECTIONS} are live again", result.err)
        self.assertIn("  refill  ", result.out)

    def never_faster_than_the_ramp(self, result):
        """Between any two samples of the hold; in the ramp, a worker that was held up may catch up."""
        samples = [(t, count) for t, count in attempts(result.report["timeline"])
                   if t > result.report["run"]["ramp_seconds"] + SLACK_SECONDS]
        self.assertLess(5, len(samples))
        for i, (t, count) in enumerate(samples):
            for later, more in samples[i + 1:]:
                self.assertLessEqual(more - count, RATE * (later - t + SLACK_SECONDS) + 1, f"between {t} s and {later} s")

    def test_a_reload_under_two_thousand_connections_is_made_good(self):
        with self.soak("--server-status", self.server.status_url, seconds=10) as run:
            run.wait_for_phase("hold")
            self.server.reload()
            result = run.finish()
        self.whole_again(result, CONNECTIONS)
        self.never_faster_than_the_ramp(result)
        self.assertLessEqual({*result.outcomes}, {"closed_idle", "closed_announced", "closed_in_flight", "reset_in_flight",
                                                  "reset_idle"})
        # At a thousand a second the last of them is back after two seconds at the earliest.
        self.assertGreaterEqual(result.connections["refill_seconds"]["max"], 1.8)

    def test_a_server_away_for_five_seconds_is_neither_hammered_nor_given_up(self):
        with self.soak(seconds=17) as run:
            run.wait_for_phase("hold")
            self.server.halt()
            time.sleep(DOWN_SECONDS)  # how long it is away is what is tested
            self.server.start_again()
            result = run.finish()
        self.whole_again(result, CONNECTIONS)
        self.never_faster_than_the_ramp(result)
        c = result.connections
        self.assertEqual(0, c["live_min"])
        self.assertLess(CONNECTIONS, c["outcomes"]["refused"], "each tried more than once")
        at_open = sum(c["outcomes"].get(name, 0) for name in holdfast.AT_OPEN)
        self.assertEqual(c["attempted"], c["opened"] + at_open)
        # Not all: while nginx ends, its listener takes connections that nobody will serve.
        self.assertGreaterEqual(c["refill_seconds"]["p50"], DOWN_SECONDS - 1)

    def test_four_workers_share_the_ramps_rate(self):
        with self.soak("-w", 4, seconds=10) as run:
            run.wait_for_phase("hold")
            self.server.reload()
            result = run.finish()
        self.whole_again(result, CONNECTIONS)
        self.never_faster_than_the_ramp(result)

    def test_a_server_that_was_not_there_yet_is_found(self):
        self.server.halt()
        with Run("-c", 20, "-d", "6s", "-i", "200ms", "--no-check", "--reconnect", "backoff=100ms..1s", "--ui", "line",
                 self.server.url) as run:
            run.wait_for_phase("hold")
            self.server.start_again()
            result = run.finish()
        c = result.connections
        self.assertEqual((20, 20, 0, 20), (c["live"], c["opened"], c["reconnected"], c["refill_seconds"]["count"]))
        self.assertEqual(c["errored"], c["outcomes"]["refused"])

    def test_a_server_that_never_comes_is_no_target_at_the_end_of_the_hold(self):
        self.server.halt()
        result = soak("-c", 20, "-d", "2s", "--no-check", "--reconnect", "backoff=100ms..1s", self.server.url)
        self.assertEqual((5, "no_target"), (result.code, result.verdict))
        self.assertGreaterEqual(result.report["run"]["hold_seconds"], 2)
        self.assertLess(20, result.connections["attempted"])

    def test_an_interrupt_while_it_is_away_ends_the_run_in_order(self):
        with self.soak(seconds=60) as run:
            run.wait_for_phase("hold")
            self.server.halt()
            eventually(lambda: "wait to reconnect" in run.err, "what was lost is being refilled")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((1, "broke"), (result.code, result.verdict))
        self.assertLess(0, result.connections["refilling"])

    def test_without_it_nothing_reconnects(self):
        with Run("-c", 20, "-d", "60s", "-i", "200ms", "--ui", "line", self.server.url) as run:
            run.wait_for_phase("hold")
            self.server.reload()
            result = run.finish()
        self.assertEqual((20, 0, None), tuple(result.connections[name] for name in ("attempted", "live", "refill_seconds")))


if __name__ == "__main__":
    holdfast.main(jobs=3)
