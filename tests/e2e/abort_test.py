#!/usr/bin/env python3
"""--abort-on-fail ends a run as soon as a rule can no longer hold, and its reports say by which."""

import json
import pathlib
import tempfile
import unittest

import holdfast
from holdfast import plainly, soak
from sparring import Target


class AbortTest(unittest.TestCase):
    def test_a_lost_connection_ends_an_hour(self):
        with Target("--fault", "reset-after=2@10%") as server, tempfile.TemporaryDirectory() as folder:
            timeline = pathlib.Path(folder) / "run.jsonl"
            result = soak("-q", "-c", 20, "-i", "100ms", "-d", "1h", "--abort-on-fail", "--timeline", timeline, server.url)
            self.assertEqual((1, "broke"), (result.code, result.verdict))
            run = result.report["run"]
            self.assertEqual(("lost<=0", False), (run["ended_by_rule"], run["interrupted"]))
            self.assertLess(run["ended_by_rule_seconds"], 3600)
            self.assertRegex(result.out, r"ended after \S+ s by --abort-on-fail: lost<=0 could no longer hold")
            self.assertEqual(result.connections["live"], result.connections["drain"]["outcomes"]["drained"])
            code, out, err = plainly("report", "--json", pathlib.Path(folder) / "again.json", timeline)
            self.assertEqual(0, code, err)
            again = json.loads((pathlib.Path(folder) / "again.json").read_text())
            self.assertEqual((run, result.report["verdict"]), (again["run"], again["verdict"]))

    def test_a_ramp_is_ended_too_and_only_that_rule_is_broken(self):
        with Target("--fault", "reset-after=1@50%") as server:
            result = soak("-q", "-c", 1000, "-r", "10/1s", "-d", "1h", "--abort-on-fail", "--require", "lost<=0",
                          "--require", "opened>=100%", server.url)
        self.assertEqual((1, "broke"), (result.code, result.verdict))
        rules = {rule["expression"]: rule["ok"] for rule in result.report["requirements"]}
        self.assertEqual({"lost<=0": False, "opened>=100%": None}, rules)

    def test_a_ramp_that_takes_too_long_ends_and_so_does_a_latency_that_was_too_long_once(self):
        with Target("--delay", "500ms") as server:
            slow = soak("-q", "-c", 1000, "-r", "10/1s", "-d", "1h", "--abort-on-fail", "--require", "ramp<=1s",
                        server.url)
            late = soak("-q", "-c", 5, "-i", "100ms", "-d", "1h", "--abort-on-fail", "--require", "max<250ms",
                        server.url)
        self.assertEqual((1, "ramp<=1s"), (slow.code, slow.report["run"]["ended_by_rule"]))
        self.assertEqual([{"expression": "ramp<=1s", "actual": None, "ok": False}], slow.report["requirements"])
        self.assertRegex(slow.out, "opened before it was cut short   planned 1000 in ")
        self.assertEqual("max<250ms", late.report["run"]["ended_by_rule"])
        self.assertFalse(late.report["requirements"][0]["ok"])

    def test_what_may_recover_ends_nothing(self):
        with Target("--delay", "20ms") as server:
            result = soak("-q", "-c", 5, "-i", "100ms", "-d", "3s", "--abort-on-fail", "--require", "p99<1ms", server.url)
        self.assertIn(result.code, (1, 4), "broken, or by our own lateness")
        self.assertIsNone(result.report["run"]["ended_by_rule"])
        self.assertGreaterEqual(result.report["run"]["hold_seconds"], 3)


if __name__ == "__main__":
    holdfast.main()
