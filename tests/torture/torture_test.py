#!/usr/bin/env python3
"""Each allocation of a run, a check, a probe and a report fails in turn: none crashes, hangs, or reports a false number."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import holdfast  # noqa: E402
from sparring import Target  # noqa: E402

SHIM = os.environ["HOLDFAST_ALLOC_SHIM"]
EXIT_CODES = {0, 1, 2, 3, 4, 5}
HANGS_SECONDS = 60
EACH_FIRST = 40  # of these each fails, of those behind them so many in even steps
SAMPLED = int(os.environ.get("HOLDFAST_TORTURE_SAMPLED", 40))


class Outcome:
    """How a command ended of which one allocation failed; folder: where it stood, with what it wrote."""

    def __init__(self, folder, fail, *arguments):
        log = folder / "log"
        log.unlink(missing_ok=True)
        environment = {**os.environ, "LD_PRELOAD": SHIM, "HOLDFAST_ALLOC_FAIL": str(fail),
                       "HOLDFAST_ALLOC_LOG": str(log)}
        ended = subprocess.run([holdfast.PROGRAM, *map(str, arguments)], cwd=folder, env=environment,
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANGS_SECONDS)
        self.code, self.out, self.err = ended.returncode, ended.stdout, ended.stderr
        lines = log.read_text().splitlines() if log.exists() else []
        self.failed = [line for line in lines if line.startswith("failed ")]
        self.allocated = max((int(line.split()[1]) for line in lines if line.startswith("allocated ")), default=0)


def turns(count):
    """Which allocations fail of so many."""
    first = range(1, min(count, EACH_FIRST) + 1)
    rest = range(EACH_FIRST + 1, count + 1)
    return [*first, *rest[::max(1, len(rest) // SAMPLED)]]


class TortureTest(unittest.TestCase):
    def fail_each(self, *arguments, report=None):
        """report: the JSON report that the command writes, of which its exit code is."""
        schema = holdfast.read_schema() if report else None
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            whole = Outcome(folder, 0, *arguments)
            self.assertIn(whole.code, EXIT_CODES, whole.err)
            self.assertGreater(whole.allocated, 0, "the shim counts")
            fired = 0
            for fail in turns(whole.allocated):
                path = folder / (report or "none")
                path.unlink(missing_ok=True)
                outcome = Outcome(folder, fail, *arguments)
                fired += bool(outcome.failed)
                with self.subTest(fail=fail, failed=outcome.failed):
                    self.check(outcome, path if report else None, schema)
            self.assertGreater(fired, 0, "the shim fires")

    def check(self, outcome, path, schema):
        said = f"exit {outcome.code}\n{outcome.out}\n{outcome.err}"
        self.assertIn(outcome.code, EXIT_CODES, said)
        self.assertNotRegex(outcome.err, "runtime error|Sanitizer", said)
        if outcome.code not in (0, 1):
            self.assertNotEqual("", (outcome.err + outcome.out).strip(), "it says why")
        if path is None:
            return
        if outcome.code == 0:
            self.assertTrue(path.exists(), said)
        if path.exists():
            report = json.loads(path.read_text())
            self.assertEqual([], holdfast.inspect(report, schema), said)

    def test_a_check(self):
        with Target() as server:
            self.fail_each("check", "--color", "never", server.url)

    def test_a_run(self):
        with Target() as server:
            self.fail_each("-q", "-c", 3, "-w", 2, "-d", "100ms", "-i", "20ms", "--json", "run.json",
                           "--timeline", "run.jsonl", "--html", "run.html", server.url, report="run.json")

    def test_a_probe(self):
        with Target("--fault", "close-announced=1") as server:
            self.fail_each("probe", "-q", "--json", "probe.json", server.url)

    def test_a_report(self):
        with Target() as server, tempfile.TemporaryDirectory() as name:
            saved = pathlib.Path(name) / "saved.jsonl"
            code, _, err = holdfast.plainly("-q", "-c", 3, "-d", "200ms", "-i", "50ms", "--timeline", saved, server.url)
            self.assertEqual(0, code, err)
            self.fail_each("report", "--json", "again.json", "--html", "again.html", saved, report="again.json")
            self.fail_each("report", "--compare", saved, saved)


if __name__ == "__main__":
    holdfast.main()
