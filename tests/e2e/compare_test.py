#!/usr/bin/env python3
"""holdfast report --compare: a planted loss and a planted latency are found, and the same build is the same."""

import json
import unittest

import holdfast
import validate_report
from holdfast import plainly, soak
from sparring import Target


class CompareTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = holdfast.folder(cls.addClassCleanup)

    def save(self, name, *target, more=("-c", 100, "-i", "200ms", "-d", "2s")):
        """A run's report, in a file."""
        path = self.at / f"{name}.json"
        with Target(*target) as server:
            soak("-q", "--no-check", *more, "--json", path, server.url, report=path)
        return path

    def compare(self, a, b, *more):
        path = self.at / "comparison.json"
        path.unlink(missing_ok=True)
        code, out, _ = plainly("report", "--compare", *more, "--json", path, a, b)
        found = holdfast.check_comparison(path, code)
        return code, out, found, {row["metric"]: row for row in found["quantities"]}

    def test_two_runs_of_one_build_are_no_worse(self):
        """Of times a busy machine may say otherwise: they are left out here."""
        times = [word for name in ("mean", "p50", "p90", "p95", "p99", "p999", "connect_p50", "connect_p99", "rate",
                                   "cpu_per_request", "memory_per_connection")
                 for word in ("--tolerance", f"{name}=any")]
        code, out, found, _ = self.compare(self.save("a", "--delay", "50ms"), self.save("b", "--delay", "50ms"), *times)
        self.assertEqual((0, "same"), (code, found["result"]), out)
        self.assertRegex(out, r"\ASAME\n")

    def test_a_planted_loss_is_found(self):
        b = self.save("loss", "--delay", "50ms", "--fault", "reset-after=2@1%")
        code, out, found, rows = self.compare(self.save("whole", "--delay", "50ms"), b)
        self.assertEqual((1, "worse"), (code, found["result"]), out)
        for name in ("lost", "errored", "live", "reset_idle"):
            self.assertEqual("worse", rows[name]["verdict"], name)
        self.assertEqual((0, 1, 1), tuple(rows["lost"][key] for key in ("a", "b", "change")))
        self.assertRegex(out, r"\AWORSE .*\blost\b")
        self.assertRegex(out, r"(?m)^  worse           .*\blost 0 % -> 1 % \(\+1 points\)")

    def test_what_could_not_be_compared_is_named_and_nothing_is_called_the_same(self):
        a = self.save("few")
        code, out, _, rows = self.compare(a, a)
        self.assertEqual((0, "not_comparable"), (code, rows["p999"]["verdict"]), "1,000 answers are too few")
        self.assertRegex(out, r"\ANO WORSE   what could be compared is the same; not comparable: .*\bp999\b")
        self.assertRegex(out, r"(?m)^  not comparable  .*\bp999\b.*: too few values")

    def test_a_planted_latency_is_found(self):
        """By a tolerance at its word: by default a busy machine could explain it."""
        code, out, _, rows = self.compare(self.save("fast", "--delay", "50ms"), self.save("slow", "--delay", "500ms"),
                                          "--tolerance", "p50=20%")
        self.assertEqual((1, "worse"), (code, rows["p50"]["verdict"]), out)

    def test_a_run_that_broke_is_not_the_same_and_names_its_rules(self):
        a = self.save("held")
        report = json.loads(a.read_text())
        report["verdict"] |= {"result": "broke", "exit_code": 1}
        report["requirements"] = [{"expression": "p99<1us", "actual": 1, "ok": False}]
        report["plan"]["require"] = ["p99<1us"]
        b = self.at / "broke.json"
        b.write_text(json.dumps(report))
        code, out, found, rows = self.compare(a, b)
        self.assertEqual((1, "worse", 1), (code, found["result"], rows["rules_broken"]["b"]), out)
        self.assertRegex(out, r"\AWORSE   B broke, A held: p99<1us; rules_broken\b")

    def test_other_plans_are_not_compared(self):
        a, b = self.save("base"), self.save("other", more=("-c", 100, "-i", "200ms", "-d", "1s"))
        code, out, found, rows = self.compare(a, b)
        self.assertEqual((4, "not_comparable"), (code, found["result"]))
        self.assertEqual(["the plans differ: --duration is 2s in A and 1s in B"], found["reasons"])
        self.assertEqual({"not_comparable"}, {row["verdict"] for row in rows.values()})
        self.assertRegex(out, r"\ANOT COMPARABLE   the plans differ: --duration is 2s in A and 1s in B\n")
        self.assertNotIn("the runs are not comparable", out)

    def test_a_tolerance_is_in_place_of_the_default(self):
        a = self.save("plain")
        report = json.loads(a.read_text())
        for figures in (report["latency_seconds"], report["latency_seconds"].get("without_lateness") or {}):
            figures |= {key: value * 1.5 for key, value in figures.items() if isinstance(value, float)}
        report["requests"]["per_second_mean"] *= 0.5
        b = self.at / "spoilt.json"
        b.write_text(json.dumps(report))
        code, out, _, rows = self.compare(a, b, "--tolerance", "rate=40%", "--tolerance", "p99=60%")
        self.assertEqual((1, "worse", "same"), (code, rows["rate"]["verdict"], rows["p99"]["verdict"]), out)
        code, out, _, rows = self.compare(a, b, "--tolerance", "p99=40%", "--tolerance=rate=any")
        self.assertEqual(("worse", "same"), (rows["p99"]["verdict"], rows["rate"]["verdict"]), out)
        self.assertIsNone(rows["rate"]["tolerance"])

    def test_a_run_without_a_load_is_compared_with_nothing(self):
        """No quantities at all, and the schema holds."""
        path = self.at / "gone.json"
        code, _, _ = plainly("-q", "-c", 5, "-d", "1s", "--json", path, "http://127.0.0.1:1/")
        self.assertEqual(5, code)
        code, _, found, rows = self.compare(path, path)
        self.assertEqual((4, {}, None), (code, rows, found["survival_age_seconds"]))
        self.assertEqual("no_target", found["a"]["verdict"])

    def test_each_mode_has_a_schema_of_its_own(self):
        for mode, name in (((), "holdfast/1"), (("--compare",), "holdfast-compare/1")):
            code, out, err = plainly("report", *mode, "--schema")
            self.assertEqual((0, ""), (code, err))
            self.assertEqual({"const": name}, json.loads(out)["properties"]["schema"])
            if schema := holdfast.read_schema(*mode):
                validate_report.check_schema(schema)
        self.assertEqual(plainly("report", "--compare", "--schema"), plainly("report", "--schema", "--compare"))

    def test_misuse_is_refused(self):
        a = self.save("one")
        for arguments, said in (
                (("--compare", a), "--compare: 1 file: two are accepted, the baseline first"),
                (("--compare", a, a, "--html", "x.html"), "--html: a comparison has none: --json and --junit are accepted"),
                (("--compare", a, a, "--json", "x", "--junit", "x"), "is where --json goes too"),
                (("--compare", a, a, "--tolerance", "p98=1%"), "unknown metric \"p98\" (did you mean"),
                (("--tolerance", "p99=1%", a), "--tolerance is of --compare"),
                (("--compare", a, self.at / "none.json"), "cannot open"),
                (("--compare", "--merge"), "one of --compare and --merge"),
                (("--compare", "--schema", a), "--schema stands alone or with --compare"),
                (("--compare", "--schema", "--json", "x.json"), "--schema stands alone or with --compare"),
                (("--compare", "--schema", "--tolerance", "p99=1%"), "--schema stands alone or with --compare"),
                (("--merge", "--schema"), "--schema alone is accepted")):
            code, out, err = plainly("report", *arguments)
            self.assertEqual((2, ""), (code, out), arguments)
            self.assertIn(said, err)


if __name__ == "__main__":
    holdfast.main()
