#!/usr/bin/env python3
"""--require end to end: rules that hold and that do not, from the command line and from a file, and bad ones."""

import os
import unittest

import holdfast
from holdfast import Run, nginx, plainly, soak
from sparring import Target

SHORT = ("-c", "20", "-r", "10/10ms", "-i", "100ms", "-d", "1s", "-q")


def rules(*expressions):
    return [word for expression in expressions for word in ("--require", expression)]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = holdfast.folder(self.addCleanup)

    def config(self, text):
        path = self.folder / "soak.conf"
        path.write_text(text)
        return str(path)


class Units(Case):
    def test_a_time_without_a_unit_is_refused_where_it_stands(self):
        url = "http://127.0.0.1:1/"
        for rule, said in (("p99<500", "column 5: \"500\" has no unit: a time needs one, \"p99<500ms\" is accepted"),
                           ("ramp <= 12", "column 9: \"12\" has no unit"),
                           ("connect_p99<5", "\"connect_p99<5ms\""), ("refill_max<5.5", "\"refill_max<5.5s\" for seconds")):
            code, out, err = plainly("--require", rule, url)
            self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
            self.assertIn(said, err)
        code, _, err = plainly("-C", self.config("connections = 5\nrequire = p99<500\n"), url)
        self.assertEqual(2, code)
        self.assertRegex(err, r"soak\.conf:2: require: .*column 5: .*p99<500ms")
        code, _, err = plainly("report", "--compare", "--tolerance", "p99=5", "a.json", "b.json")
        self.assertEqual(2, code)
        self.assertIn("\"p99=5ms\" is accepted", err)

    def test_a_saved_run_of_an_older_version_is_read_as_it_was_meant(self):
        path = self.folder / "old.json"
        with Target() as server:
            soak(*SHORT, "--no-check", *rules("p99<5s"), "--json", path, server.url, report=path)
        path.write_text(path.read_text().replace("p99<5s", "p99<5"))
        code, out, err = plainly("report", path)
        self.assertEqual((0, ""), (code, err))
        self.assertIn("below 5.00 s", out)


class Runs(Case):
    def test_rules_that_hold_are_echoed_with_what_was_measured(self):
        wanted = ["live>=99.9%", "lost <= 0", "p99<2s", "ramp<=12s", "status_5xx<=0", "status_200>=99%", "rate>1",
                  "server_ratio>=99%", "memory<1GiB", "refused==0", "cpu<200%", "hold>=1s"]
        with nginx() as server:
            result = soak(*SHORT, *rules(*wanted), "--server-status", server.status_url, server.url)
        self.assertEqual((0, "held"), (result.code, result.verdict), result.out)
        self.assertEqual(wanted, [rule["expression"] for rule in result.report["requirements"]])
        self.assertEqual(wanted, result.report["plan"]["require"])
        self.assertTrue(all(rule["ok"] is True for rule in result.report["requirements"]))
        measured = {rule["expression"]: rule["actual"] for rule in result.report["requirements"]}
        self.assertEqual(100, measured["live>=99.9%"])
        self.assertEqual(result.report["latency_seconds"]["p99"], measured["p99<2s"])
        self.assertEqual(result.report["run"]["ramp_seconds"], measured["ramp<=12s"])
        self.assertEqual(result.requests["per_second_mean"], measured["rate>1"])
        self.assertEqual(100 * result.report["server"]["ratio"], measured["server_ratio>=99%"])
        self.assertIn("20 of 20", result.out)

    def test_a_broken_rule_is_exit_1_and_first_in_the_summary(self):
        with nginx() as server:
            result = soak(*SHORT, *rules("live>=100%", "p50<1us"), server.url)
        self.assertEqual((1, "broke"), (result.code, result.verdict))
        self.assertEqual([True, False], [rule["ok"] for rule in result.report["requirements"]])
        lines = result.out.splitlines()
        self.assertRegex(lines[2], r"✓ live .*at least 100 %")
        self.assertRegex(lines[3], r"✗ p50 .*(us|ms) .*below 1.00 us")
        self.assertRegex(lines[4], "look at +p50: ")
        self.assertIn("rule broken: p50<1us", result.report["verdict"]["reasons"][0])

    def test_what_was_not_measured_breaks_and_says_so(self):
        with nginx() as server:
            result = soak(*SHORT, *rules("server_ratio>=99%"), server.url)
        self.assertEqual(1, result.code)
        self.assertEqual([{"expression": "server_ratio>=99%", "actual": None, "ok": False}],
                         result.report["requirements"])
        self.assertIn("not measured", result.report["verdict"]["reasons"][0])
        self.assertRegex(result.out, "server_ratio +not measured +at least 99 %")
        self.assertIn("--server-status", result.out)

    def test_losses_within_a_rule_are_held(self):
        with Target("--fault", "idle-close=200ms@20%") as target:
            result = soak("-c", "20", "-r", "10/10ms", "-i", "10s", "-d", "2s", "-q", *rules("lost<=20%"),
                          "--no-check", target.url)
            closed = target.stats_when_closed()["connections"]["endings"]["idle_close"]
        self.assertEqual((0, {"closed_idle": closed}), (result.code, result.outcomes))
        self.assertEqual(20, result.report["requirements"][0]["actual"])

    def test_our_own_limit_comes_before_a_broken_rule(self):
        with nginx() as server:
            result = soak(*SHORT, "-w", 1, *rules("live>=100%"), "--no-check", server.url,
                          prefix=("prlimit", "--nofile=20:20"))
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict))
        self.assertIn("fd_limit", result.outcomes)

    def test_a_ramp_that_is_cut_short_is_not_judged(self):
        with nginx() as server, Run("-c", "1000", "-r", "10/s", "--ui", "line", *rules("live>=100%", "lost<=0"),
                                    server.url) as run:
            run.wait_for_phase("ramp")
            run.signal(2)
            result = run.finish()
        self.assertEqual(4, result.code)
        self.assertEqual([None, True], [rule["ok"] for rule in result.report["requirements"]])

    def test_a_saved_run_is_judged_by_its_own_rules(self):
        timeline = str(self.folder / "run.jsonl")
        wanted = ["live>=99.9%", "p50<1us", "status_2xx>=1", "cpu<200%", "loop_lag_p99<10s", "connect_p50<1s"]
        with nginx() as server:
            result = soak(*SHORT, *rules(*wanted), "--timeline", timeline, server.url)
        code, out, err = plainly("report", timeline)
        self.assertEqual((0, ""), (code, err))
        again = self.folder / "again.json"
        plainly("report", "--json", again, timeline)
        report = holdfast.validate_report.read(again)
        for before, after in zip(result.report["requirements"], report["requirements"]):
            self.assertEqual((before["expression"], before["ok"]), (after["expression"], after["ok"]))
        code, drawn, err = plainly("report", again)
        self.assertEqual((0, ""), (code, err))
        self.assertEqual(out.splitlines()[:7], drawn.splitlines()[:7])


class Files(Case):
    def test_a_file_holds_several_rules_which_those_of_the_command_line_replace(self):
        path = self.config("require = live>=100%\nrequire = p50<1us\n")
        with nginx() as server:
            by_file = soak(*SHORT, "-C", path, server.url)
            by_both = soak(*SHORT, "-C", path, *rules("lost<=0"), server.url)
        self.assertEqual((1, ["live>=100%", "p50<1us"]), (by_file.code, by_file.report["plan"]["require"]))
        self.assertEqual((0, ["lost<=0"]), (by_both.code, by_both.report["plan"]["require"]))


class BadRules(Case):
    def refused(self, *arguments):
        code, out, err = plainly(*arguments, "http://127.0.0.1:1/")
        self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
        return err

    def test_a_bad_rule_is_refused_before_anything_is_asked(self):
        err = self.refused("--require", "live>=100%", "--require", "live>=99.9x")
        self.assertIn('--require: "live>=99.9x": column 7: "99.9x"', err)
        self.assertIn("a percentage of --connections is accepted", err)
        self.assertIn('did you mean "live"?', self.refused("--require", "lvie>=1"))
        self.assertIn("the value is missing", self.refused_without_url("--require"))

    def refused_without_url(self, *arguments):
        code, out, err = plainly(*arguments)
        self.assertEqual((2, ""), (code, out))
        return err

    def test_a_bad_rule_in_a_file_is_refused_by_its_line(self):
        path = self.config("# gates\n\nrequire = live=100%\n")
        self.assertIn(f'{os.path.basename(path)}:3: require: "live=100%": column 5: "="', self.refused("-C", path))

    def test_check_refuses_a_bad_rule_too(self):
        self.assertIn("column 5", self.refused("check", "--require", "live=>1"))

    def test_more_rules_than_are_accepted_are_refused(self):
        self.assertIn("at most 48", self.refused(*rules(*["lost<=0"] * 49)))


if __name__ == "__main__":
    holdfast.main()
