#!/usr/bin/env python3
"""holdfast report --merge: the parts of one load, added up without loss, and refused where they are none."""

import datetime
import json
import signal
import subprocess
import unittest

import holdfast
from holdfast import Run, check_report, plainly
from sparring import Target


class MergeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = holdfast.folder(cls.addClassCleanup)
        cls.server = Target("--fault", "reset-after=2@10%")
        cls.addClassCleanup(cls.server.stop)
        cls.paths = [cls.at / "a.json", cls.at / "b.json"]
        # At the same time, as shards are.
        with cls.part(cls.paths[0], 30) as one, cls.part(cls.paths[1], 20, "--timeline", cls.at / "b.jsonl") as two:
            cls.parts = [one.finish().report, two.finish().report]

    @classmethod
    def part(cls, path, count, *more):
        return Run("-q", "--no-check", "-c", count, "-i", "100ms", "-d", "2s", *more, "--json", path, cls.server.url,
                   report=path)

    def merge(self, *files):
        path = self.at / "whole.json"
        code, out, err = plainly("report", "--merge", "--json", path, *files)
        self.assertEqual(0, code, err)
        report = json.loads(path.read_text())
        check_report(report)
        return report, out

    def test_parts_are_added_up(self):
        whole, out = self.merge(*self.paths)
        a, b = self.parts
        for section, names in (("connections", ("target", "attempted", "opened", "live", "errored", "lost")),
                               ("requests", ("sent", "answered", "lost", "bytes_in", "bytes_out"))):
            for name in names:
                self.assertEqual(a[section][name] + b[section][name], whole[section][name], name)
        for name, count in whole["connections"]["outcomes"].items():
            self.assertEqual(count, sum(part["connections"]["outcomes"][name] for part in (a, b)), name)
        self.assertEqual(50, whole["plan"]["connections"])
        self.assertEqual(("broke", 5), (whole["verdict"]["result"], whole["connections"]["lost"]))
        self.assertEqual((None, None, None), (whole["server"], whole["lifetimes"], whole["connections"]["live_min"]))
        self.assertIn("50 connections", out)
        found = [finding for finding in whole["findings"] if finding["code"] == "merged"]
        self.assertRegex(found[0]["text"], r"^2 runs merged: at the same time for \S+ s of \S+ s$")

    def test_histograms_are_added_without_loss(self):
        whole, _ = self.merge(*self.paths)
        a, b = self.parts
        for name in ("latency_seconds", "service_seconds", "connect_seconds"):
            self.assertEqual(a[name]["count"] + b[name]["count"], whole[name]["count"])
            self.assertEqual(min(a[name]["min"], b[name]["min"]), whole[name]["min"])
            self.assertEqual(max(a[name]["max"], b[name]["max"]), whole[name]["max"])
        again, _ = self.merge(*reversed(self.paths))
        self.assertEqual(whole["latency_seconds"], again["latency_seconds"])

    def test_a_timeline_is_a_part_as_good_as_its_report(self):
        whole, _ = self.merge(*self.paths)
        again, _ = self.merge(self.paths[0], self.at / "b.jsonl")
        for section in ("connections", "requests", "latency_seconds"):
            self.assertEqual(whole[section], again[section])
        self.assertEqual(whole["run"]["id"], again["run"]["id"])
        self.assertNotIn(whole["run"]["id"], [part["run"]["id"] for part in self.parts])

    def test_a_merged_report_is_rendered_and_merged_again(self):
        self.merge(*self.paths)
        third = self.at / "c.json"
        with self.part(third, 10) as run:
            run.finish()
        whole = self.at / "two.json"
        (self.at / "whole.json").rename(whole)
        self.assertEqual(0, plainly("report", "--html", self.at / "two.html", whole)[0])
        report, out = self.merge(whole, third)
        self.assertEqual(60, report["connections"]["target"])
        self.assertLessEqual(report["connections"]["live_peak"], 50, "they ran one after another")
        self.assertIn("2 runs merged: at the same time for 0.0 s of", out)
        self.assertIsNone(report["requests"]["per_second_mean"], "they ran one after another")

    def test_what_was_never_held_together_is_not_held(self):
        parts = [self.at / "first.json", self.at / "second.json"]
        with Target() as target:
            for path in parts:
                code, _, err = plainly("run", "-q", "--no-check", "-c", "10", "-d", "300ms", "-i", "100ms", "--json", path,
                                       target.url)
                self.assertEqual(0, code, err)
        report, out = self.merge(*parts)
        self.assertEqual(10, report["connections"]["live_peak"])
        self.assertEqual(("inconclusive", 4), (report["verdict"]["result"], report["verdict"]["exit_code"]))
        self.assertIn("the 2 parts were never all held together", out)
        self.assertRegex(out, r"^INCONCLUSIVE   20 connections")

    def test_what_is_no_part_is_refused(self):
        other = self.at / "other.json"
        with Run("-q", "--no-check", "-c", 5, "-i", "50ms", "-d", "100ms", "--json", other, self.server.url,
                 report=other) as run:
            run.finish()
        newer = self.at / "newer.json"
        report = json.loads((self.at / "b.json").read_text())
        report_version, report["tool"]["version"] = report["tool"]["version"], "9.9.9"
        newer.write_text(json.dumps(report))
        cut = self.at / "cut.jsonl"
        cut.write_text("".join((self.at / "b.jsonl").read_text().splitlines(keepends=True)[:-1]))
        for files, said in (((self.paths[0],), "1 file: two or more are accepted"),
                            ((self.paths[0], self.paths[0]), "is the same run again"),
                            ((*self.paths, self.paths[1]), "is the same run again"),
                            ((*self.paths, self.at / "b.jsonl"), "is the same run again"),
                            ((self.paths[0], newer), f"newer.json\" is of holdfast 9.9.9, not {report_version}: reports"),
                            ((self.paths[0], other), "another plan: --duration (100ms, not 2s), --interval (50ms, not"),
                            ((self.paths[0], cut), "keeps percentiles without their histogram")):
            code, out, err = plainly("report", "--merge", *files)
            self.assertEqual((2, ""), (code, out), files)
            self.assertIn(said, err)


class ShardTest(unittest.TestCase):
    """Parts of one plan, each a process, as a batch engine starts them."""

    @classmethod
    def setUpClass(cls):
        cls.at = holdfast.folder(cls.addClassCleanup)
        cls.server = Target()
        cls.addClassCleanup(cls.server.stop)

    def part(self, shard, *more, **options):
        path = self.at / f"{shard.replace('/', '-')}.json"
        return Run("-q", "--no-check", "-c", "50", "-r", "10/100ms", "-i", "100ms", "-d", "1s", "--shard", shard, *more,
                   "--json", path, self.server.url, report=path, **options)

    def test_parts_started_together_are_one_plan(self):
        before = self.server.stats()["connections"]["accepted"]
        moment = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1.5)).isoformat()
        with self.part("1/2", "--start-at", moment) as one, self.part("2/2", "--start-at", moment) as two:
            parts = [one.finish().report, two.finish().report]
        for i, part in enumerate(parts):
            self.assertEqual((25, 50, f"{i + 1}/2"), (part["connections"]["target"], part["plan"]["connections"],
                                                     part["plan"]["shard"]))
            started = datetime.datetime.fromisoformat(part["run"]["started_at"].replace("Z", "+00:00"))
            self.assertGreaterEqual(started, datetime.datetime.fromisoformat(moment) - datetime.timedelta(seconds=0.002))
            # The ramp is that of all: the part's last connection is due with the whole's last or the one before.
            self.assertGreaterEqual(part["run"]["ramp_seconds"], 0.4)
        self.assertEqual(50 + 1, self.server.stats()["connections"]["accepted"] - before, "the plan's and the question's")
        path = self.at / "whole.json"
        files = [self.at / "1-2.json", self.at / "2-2.json"]
        code, out, err = plainly("report", "--merge", "--json", path, *files)
        self.assertEqual(0, code, err)
        whole = json.loads(path.read_text())
        check_report(whole)
        self.assertEqual(("held", 50, 50, "1/1"), (whole["verdict"]["result"], whole["connections"]["target"],
                                                   whole["connections"]["live"], whole["plan"]["shard"]))

    def test_a_rank_comes_from_the_environment(self):
        path = self.at / "rank.json"
        with Run("--no-check", "-c", "50", "-i", "100ms", "-d", "300ms", "--shard", "auto", "--json", path, self.server.url,
                 report=path, prefix=["env", "OMPI_COMM_WORLD_RANK=2", "OMPI_COMM_WORLD_SIZE=3"]) as run:
            done = run.finish()
        self.assertEqual(("3/3", 16), (done.report["plan"]["shard"], done.report["connections"]["target"]))
        self.assertIn("part 3 of 3 of a plan of 50 connections", done.out)

    def test_an_interrupt_before_the_start_ends_in_order(self):
        path, timeline = self.at / "early.json", self.at / "early.jsonl"
        with Run("--no-check", "-c", "5", "--start-at", "+1h", "--ui", "line", "--timeline", timeline, "--json", path,
                 self.server.url, report=path) as run:
            run.wait_for("ready: the ramp begins at")
            run.signal(signal.SIGINT)
            code, report = (done := run.finish()).code, done.report
        self.assertEqual((4, 0, ["interrupted before the ramp"]),
                         (code, report["connections"]["attempted"], report["verdict"]["reasons"]))
        self.assertEqual([], report.get("marks", []), "nothing that was waited for is a pause")
        code, out, err = plainly("report", timeline)
        self.assertEqual((0, ""), (code, err))
        self.assertIn("interrupted before the ramp", out)

    def test_a_start_that_has_passed_is_now(self):
        code, out, err = plainly("run", "--no-check", "-c", "2", "-d", "300ms", "-i", "100ms", "--start-at",
                                 "2020-01-01T00:00:00Z", self.server.url)
        self.assertEqual(0, code, err)
        self.assertRegex(err, r"--start-at 2020-01-01T00:00:00Z passed \S+ ago: the ramp begins now")


if __name__ == "__main__":
    holdfast.main()
