#!/usr/bin/env python3
"""holdfast report --merge: the parts of one load, added up without loss, and refused where they are none."""

import json
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
        report, _ = self.merge(whole, third)
        self.assertEqual(60, report["connections"]["target"])
        self.assertIsNone(report["requests"]["per_second_mean"], "they ran one after another")

    def test_what_is_no_part_is_refused(self):
        other = self.at / "other.json"
        with Run("-q", "--no-check", "-c", 5, "-i", "50ms", "-d", "100ms", "--json", other, self.server.url,
                 report=other) as run:
            run.finish()
        cut = self.at / "cut.jsonl"
        cut.write_text("".join((self.at / "b.jsonl").read_text().splitlines(keepends=True)[:-1]))
        for files, said in (((self.paths[0],), "1 file: two or more are accepted"),
                            ((self.paths[0], self.paths[0]), "is the same run again"),
                            ((*self.paths, self.paths[1]), "is the same run again"),
                            ((*self.paths, self.at / "b.jsonl"), "is the same run again"),
                            ((self.paths[0], other), "another plan: --duration (100ms, not 2s), --interval (50ms, not"),
                            ((self.paths[0], cut), "keeps percentiles without their histogram")):
            code, out, err = plainly("report", "--merge", *files)
            self.assertEqual((2, ""), (code, out), files)
            self.assertIn(said, err)


if __name__ == "__main__":
    holdfast.main()
