#!/usr/bin/env python3
"""The statuses of answers, wherever a run is looked at: a server of errors holds its connections, and is no good news."""

import csv
import io
import json
import re
import unittest

import holdfast
from holdfast import plainly, soak
from sparring import Target

PLAN = ("-c", "20", "-r", "20/10ms", "-i", "50ms", "-d", "2s", "--no-check")
CLASSES = ("status_2xx", "status_3xx", "status_4xx", "status_5xx", "status_other")


class StatusTest(unittest.TestCase):
    def setUp(self):
        self.at = holdfast.folder(self.addCleanup)

    def run_against(self, *target):
        """A run with every report."""
        with Target(*target) as server:
            return soak(*PLAN, "--ui", "line", "--html", self.at / "run.html", "--timeline", self.at / "run.jsonl",
                        "--json", self.at / "run.json", server.url, report=self.at / "run.json")

    def rows(self, name):
        code, out, _ = plainly("report", "--csv", "-", self.at / name)
        self.assertEqual(0, code)
        return list(csv.DictReader(io.StringIO(out)))

    def test_errors_alone_are_held_and_named_everywhere(self):
        result = self.run_against("--status", "503")
        self.assertEqual((0, "held"), (result.code, result.verdict))
        self.assertRegex(result.out, r"\AHELD, but answered 503: 100 %   20 connections for ")
        lines = re.findall(r"(?m)^time=.* statuses=(\S+)", result.err)
        self.assertTrue(lines and all(re.fullmatch(r"503:\d+", said) for said in lines), result.err)
        page = (self.at / "run.html").read_text()
        self.assertIn("<h1>HELD, but answered 503: 100 %</h1>", page)
        self.assertIn("verdict warn", page)
        self.assertIn("answers a second, by the class of their status", page)

    def test_each_second_has_them_in_every_file(self):
        result = self.run_against("--fault", "status=503@30%")
        self.assertEqual(0, result.code)
        self.assertRegex(result.out, r"\AHELD, but answered 503: (2\d|3\d|40)(\.\d+)? %   ")
        timeline, by_status = result.report["timeline"], result.requests["by_status"]
        for name in CLASSES:
            self.assertEqual(len(timeline["t"]), len(timeline[name]), name)
            self.assertEqual(sorted(timeline[name]), timeline[name], name)
        self.assertGreater(timeline["status_5xx"][-1], 0)
        self.assertLessEqual(timeline["status_5xx"][-1], by_status["503"])
        self.assertLessEqual(timeline["status_2xx"][-1], by_status["200"])
        for name in ("run.json", "run.jsonl"):
            rows = self.rows(name)
            for status in CLASSES:
                self.assertEqual(timeline[status], [float(row[status]) for row in rows], (name, status))

    def test_a_redirect_is_no_success_and_2xx_needs_no_word(self):
        self.assertRegex(self.run_against("--status", "301").out, r"\AHELD, but answered 301: 100 %   ")
        self.assertRegex(self.run_against("--status", "204").out, r"\AHELD   20 connections")

    def test_a_file_of_an_older_version_is_read_without_them(self):
        self.run_against("--status", "503")
        report = json.loads((self.at / "run.json").read_text())
        for name in CLASSES:
            del report["timeline"][name]
        (self.at / "old.json").write_text(json.dumps(report))
        code, out, _ = plainly("report", "--html", self.at / "old.html", self.at / "old.json")
        self.assertEqual(0, code)
        self.assertRegex(out, r"\AHELD, but answered 503: 100 %")
        self.assertNotIn("by the class of their status", (self.at / "old.html").read_text())
        self.assertEqual({""}, {row["status_5xx"] for row in self.rows("old.json")})


if __name__ == "__main__":
    holdfast.main()
