#!/usr/bin/env python3
"""The whole ledger against ground truth: a target with many rules at once, each for a share of the connections. Every
outcome equals what the target counted for its rules, to the connection; so do attempts, requests and answers."""

import signal
import unittest

import holdfast
from holdfast import Run, eventually
from sparring import Target, accepted, answered, read, rule

COUNT = 1000
# Rules that end connections, and what the ledger then says: two names where an ending may meet a request on its way.
RESETS, IDLE = ("reset_idle", "reset_in_flight", "connect_reset"), ("closed_idle", "closed_in_flight")
RULES = {
    "reset-after=3@4%": RESETS,
    "close-announced=2@5%": ("closed_announced",),
    "stall-after=1@2%": ("response_timeout",),
    "idle-close=100ms@3%": IDLE,
    "mid-reset=2@3%": ("reset_mid_response",),
    "mid-close=1@2%": ("closed_mid_response",),
    "close-after=2@1%": IDLE,
}
AT_ACCEPT = {"accept-reset@1%": RESETS}
MANNERS = ("status=503@10%", "delay=5ms..50ms@10%", "drip=60/5ms@5%")
ANSWERS_MOST = 3  # after which no rule ends anything


class LedgerTest(unittest.TestCase):
    def wait_until_calm(self, target, refilled):
        """No rule has anything left to do: nobody waits for nothing, and all have asked more often than rules count."""
        last = None

        def calm():
            nonlocal last
            stats = target.stats()
            c = stats["connections"]
            quiet = accepted(stats) >= COUNT and c["stalled"] == 0 and (not refilled or c["open"] == COUNT + 1)
            endings = {name: count for name, count in c["endings"].items() if name != "client_asked"}
            if last is None or not quiet or endings != last[0]:
                last = (endings, answered(stats))
            return answered(stats) - last[1] > 2 * ANSWERS_MOST * c["open"]
        eventually(calm, "the rules have done their work", 2 * holdfast.TIMEOUT_SECONDS)

    def play(self, rules, workers, *arguments):
        faults = [word for text in (*rules, *MANNERS) for word in ("--fault", text)]
        with Target(*faults, "--workers", workers) as target:
            with Run("-c", COUNT, "-r", "20/10ms", "-d", 0, "-i", "300ms..500ms", "--timeout", "5s",
                     "--connect-timeout", "30s", "-w", workers, "--no-check", "-q", *arguments, target.url) as run:
                self.wait_until_calm(target, "--reconnect" in arguments)
                run.signal(signal.SIGINT)
                result = run.finish()
            stats = target.stats_when_closed()
        self.agree(rules, result, stats)
        return result, stats

    def agree(self, rules, result, stats):
        c, endings, outcomes = result.connections, stats["connections"]["endings"], result.outcomes
        said = f"{outcomes}\n{stats}"
        for names in set(rules.values()):
            fired = sum(rule(stats, text)["fired"] for text, its in rules.items() if its == names)
            self.assertLess(0, fired, said)
            self.assertEqual(fired, sum(outcomes.get(name, 0) for name in names), said)
        self.assertLessEqual(set(outcomes), {name for names in rules.values() for name in names})
        self.assertEqual({"drained": c["live"], "abandoned": 0}, c["drain"]["outcomes"])
        # How each connection ended at the target: by a rule, by our giving up a stalled one, or by our end.
        for text in rules:
            ending = text.partition("=")[0].partition("@")[0].replace("-", "_").replace("stall_after", "client_gave_up")
            self.assertEqual(rule(stats, text)["fired"], endings.pop(ending), said)
        self.assertEqual(c["live"], endings.pop("client_closed"), said)
        self.assertEqual(stats["requests"]["pages"] - 1, endings.pop("client_asked"), said)
        self.assertEqual(0, sum(endings.values()), said)
        self.assertEqual(c["attempted"], accepted(stats), said)
        self.requests_agree(result, stats, said)

    def requests_agree(self, result, stats, said):
        r, statuses = result.requests, stats["requests"]["by_status"]
        missed = sum(result.outcomes.get(name, 0) for name in ("closed_in_flight", "reset_in_flight"))
        self.assertEqual(r["sent"], read(stats) + missed, said)
        self.assertEqual(r["answered"], answered(stats), said)
        ours = stats["requests"]["pages"] - 1
        self.assertEqual(r["by_status"], {"200": statuses["200"] - ours, "503": statuses["503"]}, said)

    def test_each_outcome_is_what_the_target_did(self):
        result, stats = self.play(RULES, 1)
        c = result.connections
        self.assertEqual((COUNT, COUNT), (c["attempted"], c["opened"]))
        self.assertEqual(COUNT - sum(result.outcomes.values()), c["live"])
        for text in (*RULES, *MANNERS):
            share = int(text.rpartition("@")[2].rstrip("%"))
            self.assertEqual(COUNT * share // 100, rule(stats, text)["connections"], text)

    def test_each_outcome_is_what_the_target_did_also_of_several_workers_on_both_sides(self):
        for workers in (3,):
            with self.subTest(workers=workers):
                result, _ = self.play({**RULES, **AT_ACCEPT}, workers)
                self.assertEqual(COUNT, result.connections["attempted"])

    def test_each_outcome_is_what_the_target_did_also_when_what_was_lost_is_refilled(self):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                result, _ = self.play({**RULES, **AT_ACCEPT}, workers, "--reconnect", "backoff=50ms..500ms")
                c = result.connections
                self.assertEqual((COUNT, 0, 0), (c["live"], c["connecting"], c["refilling"]))
                self.assertEqual(c["attempted"], COUNT + sum(result.outcomes.values()))


if __name__ == "__main__":
    holdfast.main(jobs=1)
