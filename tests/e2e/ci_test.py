#!/usr/bin/env python3
"""The shell block of docs/ci.md, run as it stands against a target: held, broke, inconclusive, baseline, annotations."""

import os
import re
import subprocess
import unittest

import holdfast
from sparring import Target

PAGE = (holdfast.ROOT / "docs/ci.md").read_text()


class CiTest(unittest.TestCase):
    def setUp(self):
        self.at = holdfast.folder(self.addCleanup)
        (self.at / "bin").mkdir()
        (self.at / "bin/holdfast").symlink_to(holdfast.PROGRAM)
        self.script = re.search(r"^```sh\n(.*?)^```", PAGE, re.S | re.M).group(1)

    def job(self, url, **more):
        environment = {**os.environ, "PATH": f"{self.at}/bin:{os.environ['PATH']}", "HOLDFAST_URL": url,
                       "HOLDFAST_CONNECTIONS": "100", "HOLDFAST_HOLD": "1s", **more}
        done = subprocess.run(["sh", "-c", self.script], cwd=self.at, env=environment, text=True, capture_output=True,
                              timeout=holdfast.TIMEOUT_SECONDS)
        return done.returncode, done.stdout

    def fake(self, *codes):
        """A holdfast that ends with these codes, one a run."""
        program = self.at / "bin/holdfast"
        program.unlink()
        left = self.at / "left"
        left.write_text("".join(f"{code}\n" for code in codes))
        program.write_text(f"#!/bin/sh\ncode=$(head -n 1 {left})\nsed -i 1d {left}\nexit $code\n")
        program.chmod(0o755)
        return left

    def test_a_first_run_is_the_baseline_and_the_next_is_no_worse(self):
        with Target("--delay", "5ms") as server:
            code, out = self.job(server.url)
            self.assertEqual(0, code, out)
            self.assertIn("no baseline yet", out)
            code, out = self.job(server.url)
        # A busy machine may make times worse; that it was compared is what is tested.
        self.assertRegex(out, r"(no worse than|worse than) the baseline")
        for name in ("run.json", "run.html", "run.xml", "comparison.json", "comparison.txt"):
            self.assertTrue((self.at / "holdfast-results" / name).is_file(), name)
        holdfast.check_comparison(self.at / "holdfast-results/comparison.json")

    def test_a_broken_rule_fails_the_job(self):
        with Target("--status", "503") as server:
            code, out = self.job(server.url)
        self.assertEqual(1, code)
        self.assertIn("broke: see holdfast-results/run.html", out)

    def test_inconclusive_is_tried_once_more_and_not_blamed(self):
        left = self.fake(4, 4, 1)
        code, out = self.job("http://127.0.0.1:1/")
        self.assertEqual((0, "1\n"), (code, left.read_text()))
        self.assertIn("nothing is said of the server", out)
        self.fake(4, 1)
        self.assertEqual(1, self.job("http://127.0.0.1:1/")[0])

    def test_github_gets_annotations_and_the_summary(self):
        github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.at / "summary.md")}
        with Target("--status", "503") as server:
            code, out = self.job(server.url, **github)
        self.assertEqual(1, code)
        self.assertIn("\n::error title=holdfast::broke: see holdfast-results/run.html\n", out)
        self.assertRegex((self.at / "summary.md").read_text(), r"(?s)^~~~\nBROKE.*\n~~~\n$")
        with Target() as server:
            self.assertIn("\n::notice title=holdfast::no baseline yet: this run is it\n", self.job(server.url, **github)[1])
        self.fake(4, 4)
        self.assertIn("\n::warning title=holdfast::inconclusive twice", self.job("http://127.0.0.1:1/", **github)[1])

    def test_the_files_of_the_package_are_the_blocks_of_the_page(self):
        blocks = re.findall(r"^```(?:sh|yaml)\n(.*?)^```", PAGE, re.S | re.M)
        files = [(holdfast.ROOT / "packaging/ci" / name).read_text() for name in ("soak.sh", "github.yml", "gitlab.yml")]
        self.assertEqual(files, blocks)

    def test_no_target_is_no_verdict(self):
        code, out = self.job("http://127.0.0.1:1/")
        self.assertEqual(5, code)
        self.assertIn("not tested: exit code 5", out)

    def test_a_worse_run_fails_and_another_plan_does_not(self):
        with Target() as server:
            self.assertEqual(0, self.job(server.url)[0])
            code, out = self.job(server.url, HOLDFAST_CONNECTIONS="50")
            self.assertEqual(0, code)
            self.assertIn("--connections is 100 in A and 50 in B", out)
        with Target("--status", "404") as server:
            code, out = self.job(server.url)
        self.assertEqual(1, code, out)
        self.assertIn("worse than the baseline", out)


if __name__ == "__main__":
    holdfast.main()
