#!/usr/bin/env python3
"""The commands of docs/recipes.md, read from the page and scaled down, against our own target."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import unittest

import holdfast
import sparring
from sparring import Target

PAGE = (holdfast.ROOT / "docs/recipes.md").read_text()


class Recipe:
    """One section of the page."""

    def __init__(self, title, **smaller):
        self.text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
        self.smaller = smaller
        self.target = self.commands("target")[0]
        self.runs = self.commands("run")

    def commands(self, name):
        """The arguments of each such command, without the `&` and the URL; smaller where asked."""
        found = re.findall(rf"^holdfast {name}(.*?)(?: &| http://\S+)$", self.text, re.M)
        return [[self.smaller.get(word, word) for word in shlex.split(line)] for line in found]

    def program(self, folder):
        """What the Python program of the section prints in a folder that holds the reports."""
        text = re.search(r"```python\n(.*?)```", self.text, re.S)[1]
        return subprocess.run([sys.executable, "-c", text], cwd=folder, check=True, capture_output=True, text=True,
                              timeout=holdfast.TIMEOUT_SECONDS).stdout


def run(arguments, target, folder):
    """One run as the page has it; its report goes where the page says, within the folder."""
    arguments = list(arguments)
    path = folder / "report.json"
    if "--json" in arguments:
        at = arguments.index("--json")
        path = folder / arguments[at + 1]
        del arguments[at:at + 2]
    return holdfast.soak("run", *arguments, "--json", path, target.url, report=path)


class RecipesTest(unittest.TestCase):
    def setUp(self):
        self.folder = holdfast.folder(self.addCleanup)

    def test_a_million_gets_bounded_to_so_many_at_once(self):
        recipe = Recipe("A million GETs, 1,000 at once", **{"1M": "2k", "1000": "100", "1000/10ms": "100/10ms",
                                                            "0s..3s": "0s..300ms"})
        with Target(*recipe.target) as target:
            result = run(recipe.runs[0], target, self.folder)
            stats = target.stats_when_closed()
        r = result.requests
        self.assertEqual((0, 2000, 2000), (result.code, r["sent"], r["answered"]), result.err)
        self.assertEqual(2000, sparring.answered(stats))
        self.assertEqual(101, stats["connections"]["accepted"], "never more than 100 at once, and the one that asks")
        # 20 answers on each of 100 connections, 150 ms each on average, dealt to whoever is free.
        self.assertGreater(result.report["run"]["hold_seconds"], 2.5)

    def test_a_closed_loop_of_one_connection(self):
        recipe = Recipe("A closed loop of one connection for five seconds", **{"5s": "500ms"})
        with Target(*recipe.target) as target:
            result = run(recipe.runs[0], target, self.folder)
            stats = target.stats_when_closed()
        self.assertEqual((0, 1), (result.code, result.connections["opened"]), result.err)
        self.assertGreater(result.requests["answered"], 1)
        self.assertEqual(result.requests["sent"], sparring.answered(stats))

    def test_one_by_one_against_all_at_once(self):
        recipe = Recipe("One by one against all at once")
        with Target(*recipe.target) as target:
            for arguments in recipe.runs:
                result = run(arguments, target, self.folder)
                self.assertEqual((0, 20), (result.code, result.requests["answered"]), result.err)
        match = re.fullmatch(r"one by one (\S+) s   at once (\S+) s   speed-up (\S+)\n", recipe.program(self.folder))
        one, at_once, speed_up = map(float, match.groups())
        # 3 s against 0.3 s on average; the sum of 20 such delays is below 1.5 s once in 10,000 times.
        self.assertGreater(one, 1.5)
        self.assertGreater(speed_up, 2)
        self.assertAlmostEqual(one / at_once, speed_up, delta=speed_up * 0.1)

    def test_a_concurrent_test_with_all_its_figures(self):
        recipe = Recipe("A concurrent test with all its figures")
        with Target(*recipe.target) as target:
            result = run(recipe.runs[0], target, self.folder)
            stats = target.stats_when_closed()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.out + result.err)
        self.assertEqual(2, result.connections["lost"], "1 % of 200 were reset")
        printed = dict(re.findall(r"^(.+?)  +(\S+) \S+$", recipe.program(self.folder), re.M))
        self.assertEqual(["throughput", "mean", "min", "p50", "p90", "p95", "p99", "max", "error rate"], list(printed))
        bad = stats["requests"]["by_status"]["503"]
        self.assertGreater(bad, 0)
        self.assertAlmostEqual(100 * (bad + result.requests["lost"]) / 20000, float(printed["error rate"]), places=2)

    def test_the_test_as_an_http_call(self):
        if not shutil.which("curl"):
            raise unittest.SkipTest("the test as an HTTP call: no curl")
        text = PAGE.split("\n## The test as an HTTP call\n")[1].split("\n## ")[0]
        with Target() as target:
            script = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S)).replace("http://127.0.0.1:8080/", target.url)
            script = script.replace("holdfast serve", f"{shlex.quote(holdfast.PROGRAM)} serve")
            subprocess.run(["bash", "-ec", f"trap 'kill %1; wait' EXIT\n{script}"], cwd=self.folder, check=True,
                           timeout=holdfast.TIMEOUT_SECONDS)
        statistics = json.loads((self.folder / "statistics.json").read_text())
        self.assertEqual((statistics["status"], statistics["datas"][0]["total"], statistics["datas"][0]["failures"]), (0, 100, 0))
        self.assertIn("100 requests", (self.folder / "times.svg").read_text())
        self.assertIn("event: verdict\n", (self.folder / "events.txt").read_text())
        report = json.loads((self.folder / "report.json").read_text())
        holdfast.check_report(report, 0)
        self.assertEqual(report["connections"]["live"], 1000)

    def test_each_output_of_the_page_is_of_its_own_command(self):
        for title in re.findall(r"^## (.+)$", PAGE, re.M):
            with self.subTest(title=title):
                self.assertTrue(title == "The test as an HTTP call" or Recipe(title).runs)


if __name__ == "__main__":
    holdfast.main()
