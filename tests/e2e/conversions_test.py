#!/usr/bin/env python3
"""What a run, a search or a comparison writes beside its summary, for machines: histograms, percentile distributions, JUnit."""

import json
import os
import re
import signal
import subprocess
import unittest
import xml.etree.ElementTree as ET

import holdfast
import npm
from holdfast import Run, plainly, soak
from sparring import Target

# Layout of ours: the same histogram as hdr-histogram-js makes it.
LAYOUT = ("{lowestDiscernibleValue: 1000, highestTrackableValue: 3600000000000, numberOfSignificantValueDigits: 3,"
          " bitBucketSize: 64, useWebAssembly: false}")

# Decodes a text of ours, and says what it holds; encodes it again for what was written to be compared to the byte.
DECODE = """
const hdr = require("hdr-histogram-js"), zlib = require("zlib");
const text = require("fs").readFileSync(0, "utf8");
const histogram = hdr.decodeFromCompressedBase64(text, 64, false);
const payload = t => zlib.inflateSync(Buffer.from(t, "base64").subarray(8)).subarray(40).toString("hex");
console.log(JSON.stringify({
    count: histogram.totalCount, digits: histogram.numberOfSignificantValueDigits,
    lowest: histogram.lowestDiscernibleValue, highest: histogram.highestTrackableValue,
    quantiles: [50, 90, 95, 99, 99.9].map(p => histogram.getValueAtPercentile(p)),
    // It takes the greatest value for one more than it decoded, and writes one zero behind it.
    same: payload(text) === payload(hdr.encodeIntoCompressedBase64(histogram)).replace(/00$/, ""),
    distribution: histogram.outputPercentileDistribution(5, 1e6),
}));
"""

# Values over all magnitudes, from 1 us to 1 h, in rows and alone.
WIDE = f"""
const hdr = require("hdr-histogram-js");
const histogram = hdr.build({LAYOUT});
for (let value = 1000; value < 3.6e12; value = Math.floor(value * 1.07) + 1)
    histogram.recordValueWithCount(value, 1 + value % 1000);
console.log(JSON.stringify({{
    text: hdr.encodeIntoCompressedBase64(histogram), count: histogram.totalCount, max: histogram.maxValue,
    distribution: histogram.outputPercentileDistribution(5, 1e6),
}}));
"""

# junit-10.xsd of Jenkins' xUnit plugin, as far as we write it: what an element holds, and its attributes; the required ones.
# What is required beyond the schema's own is what GitLab and GitHub's actions show.
JUNIT = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": ({"properties", "testcase", "system-out"}, {"name", "tests", "failures", "errors", "time", "skipped", "timestamp"},
                  {"name", "tests", "failures", "errors"}),
    "properties": ({"property"}, set(), set()),
    "property": (set(), {"name", "value"}, {"name", "value"}),
    "testcase": ({"failure", "error", "skipped"}, {"name", "time", "classname"}, {"name"}),
    "failure": (set(), {"type", "message"}, {"message"}),
    "error": (set(), {"type", "message"}, {"message"}),
    "skipped": (set(), {"message"}, {"message"}),
    "system-out": (set(), set(), set()),
}
JUNIT_TEXT = {"failure", "error", "skipped", "system-out"}  # the others hold elements, or nothing
JUNIT_TIME = r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?"
XSD = "{http://www.w3.org/2001/XMLSchema}"


def check_junit_text(element):
    """Text where the schema has text, and no more than blanks elsewhere."""
    if element.tag not in JUNIT_TEXT and (element.text or "").strip():
        raise AssertionError(f"{element.tag} holds text")
    for child in element:
        if (child.tail or "").strip():
            raise AssertionError(f"{element.tag} holds text")
        check_junit_text(child)


def schema_element(declared):
    """As a row of JUNIT, of an xs:element; whether it may hold text."""
    inner = declared.find(f"{XSD}complexType")
    if inner is None:
        return (set(), set(), set()), True
    attributes = inner.findall(f"{XSD}attribute")
    return ({one.get("ref") for one in inner.iter(f"{XSD}element")}, {one.get("name") for one in attributes},
            {one.get("name") for one in attributes if one.get("use") == "required"}), inner.get("mixed") == "true"


def check_junit(element):
    """Known elements, known attributes, counts that add up: what Jenkins, GitLab and GitHub's actions read."""
    children, known, required = JUNIT[element.tag]
    if not re.fullmatch(JUNIT_TIME, element.get("time", "")):
        raise AssertionError(f"{element.tag}: time {element.get('time')}")
    if set(element.attrib) - known or required - set(element.attrib):
        raise AssertionError(f"{element.tag}: attributes {sorted(element.attrib)}")
    for child in element:
        if child.tag not in children:
            raise AssertionError(f"{element.tag} holds {child.tag}")
        check_junit(child)
    if element.tag in ("testsuites", "testsuite"):
        found = [len(list(element.iter(name))) for name in ("testcase", "failure", "error", "skipped")]
        said = [int(element.get(name)) for name in ("tests", "failures", "errors", "skipped") if name in element.attrib]
        if found[:len(said)] != said:
            raise AssertionError(f"{element.tag}: says {said}, holds {found}")


def read_junit(path):
    root = ET.parse(path).getroot()
    if root.tag != "testsuites" or len(root) != 1:
        raise AssertionError("no testsuites of one testsuite")
    check_junit(root)
    check_junit_text(root)
    if root[0][-1].tag != "system-out" or not root[0][-1].text.strip():
        raise AssertionError("the summary is missing")
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    properties = {one.get("name"): one.get("value") for one in root.iter("property")}
    return cases, properties


def rows_of(distribution):
    """(percentile, count, value in ms) of each line."""
    rows = [line.split() for line in distribution.splitlines()[2:] if line and not line.startswith("#")]
    return [(row[1], row[2], float(row[0])) for row in rows]


class ConversionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Target()
        cls.addClassCleanup(cls.server.stop)
        cls.at = holdfast.folder(cls.addClassCleanup)

    def soak(self, *more, server=None, **options):
        return soak("-c", 5, "-i", "20ms", "-d", "1s", *more, (server or self.server).url, **options)

    def test_each_histogram_decodes_bit_for_bit_in_hdrhistogram(self):
        modules = npm.package("hdr-histogram-js", "3.0.1")
        report = self.soak().report
        for name in ("latency_seconds", "service_seconds", "connect_seconds"):
            figures = report[name]
            read = json.loads(npm.run(DECODE, modules=modules, text=figures["histogram"]))
            self.assertTrue(read["same"], name)
            self.assertEqual((figures["count"], 3, 1000, 3600000000000),
                             (read["count"], read["digits"], read["lowest"], read["highest"]))
            most = round(figures["max"] * 1e9)
            self.assertEqual([round(figures[key] * 1e9) for key in ("p50", "p90", "p95", "p99", "p999")],
                             [min(value, most) for value in read["quantiles"]])

    def test_a_distribution_is_hdrhistograms_own(self):
        modules = npm.package("hdr-histogram-js", "3.0.1")
        path = self.at / "run.hgrm"
        report = self.soak("--hgrm", path).report
        read = json.loads(npm.run(DECODE, modules=modules, text=report["latency_seconds"]["histogram"]))
        most = report["latency_seconds"]["max"] * 1e3
        theirs = [(level, count, min(value, round(most, 3))) for level, count, value in rows_of(read["distribution"])]
        self.assertEqual(theirs, rows_of(path.read_text()))

    def test_what_hdrhistogram_encoded_is_distributed_as_it_does(self):
        modules = npm.package("hdr-histogram-js", "3.0.1")
        wide = json.loads(npm.run(WIDE, modules=modules))
        report = self.soak().report
        figures = report["latency_seconds"]
        figures |= {"histogram": wide["text"], "count": wide["count"], "max": wide["max"] / 1e9,
                    "without_lateness": None}
        made = self.at / "wide.json"
        made.write_text(json.dumps(report))
        code, out, err = plainly("report", "--hgrm", "-", made)
        self.assertEqual(0, code, err)
        most = wide["max"] / 1e6
        theirs = [(level, count, min(value, round(most, 3))) for level, count, value in rows_of(wide["distribution"])]
        self.assertEqual(theirs, rows_of(out))
        self.assertIn("requests", err, "the summary gives way")

    def test_junit_has_a_case_for_each_rule(self):
        path = self.at / "run.xml"
        result = self.soak("--junit", path, "--label", "night <1> & 'more' \u00b5")
        cases, properties = read_junit(path)
        self.assertEqual({rule["expression"]: [] for rule in result.report["requirements"]}, cases)
        self.assertEqual(("held", "night <1> & 'more' \u00b5"), (properties["verdict"], properties["label"]))

    def test_junit_of_a_search_and_of_a_comparison(self):
        search, comparison, page = self.at / "search.xml", self.at / "comparison.xml", self.at / "search.html"
        few, many = self.at / "few.json", self.at / "many.json"
        code, out, err = plainly("capacity", "-q", "--hold-each", "200ms", "--from", 5, "-c", 12, "--junit", search, "--html", page, self.server.url)
        self.assertEqual(0, code, out + err)
        cases, properties = read_junit(search)
        self.assertEqual(({"capacity": []}, "12", "ceiling"), (cases, properties["capacity"], properties["capacity_end"]))
        self.assertEqual(out, ET.parse(search).getroot().find(".//system-out").text)
        self.assertIn("<h1>AT LEAST 12 connections</h1>", page.read_text())
        with Target("--status", "503") as server:
            code, out, err = plainly("capacity", "-q", "--hold-each", "200ms", "--from", 5, "--require", "status_5xx<=0", "--junit", search, server.url)
        self.assertEqual(1, code, out + err)
        cases, properties = read_junit(search)
        self.assertEqual(({"capacity": ["failure"]}, "0"), (cases, properties["capacity"]))
        self.assertIn("limit: ", ET.parse(search).getroot().find(".//failure").text)
        for path, fault in ((few, ()), (many, ("--fault", "reset-after=1@50%"))):
            with Target(*fault) as server:
                plainly("-q", "--no-check", "-c", 10, "-i", "50ms", "-d", "500ms", "--json", path, server.url)
        code, out, err = plainly("report", "--compare", few, many, "--junit", comparison)
        self.assertEqual(1, code, out + err)
        cases, properties = read_junit(comparison)
        self.assertEqual((["failure"], "worse", "held"), (cases["lost"], properties["result"], properties["a_verdict"]))
        self.assertEqual(out, ET.parse(comparison).getroot().find(".//system-out").text)
        code, out, err = plainly("report", "--compare", few, many, "--junit", "-")
        self.assertEqual((1, "<?xml"), (code, out[:5]))
        self.assertIn("WORSE", err, "the table gives way")

    def junit_of_runs(self):
        """The JUnit of each way that a command ends in, by its name."""
        names = ("held", "broke", "cut", "unfit", "no_target", "check", "check_unfit", "search", "none_held")
        paths = {name: self.at / f"end-{name}.xml" for name in names}
        reports = self.at / "end-a.json", self.at / "end-b.json"
        self.soak("--junit", paths["held"], "--json", reports[0], report=reports[0])
        with Target("--fault", "close-after=2") as server:
            self.soak("--junit", paths["broke"], "--json", reports[1], "--label", "]]> <&> \u00b5", server=server, report=reports[1])
        with Run("-c", 5, "-d", "1h", "--ui", "line", "--junit", paths["cut"], self.server.url) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGINT)
            self.assertEqual(4, run.finish().code)
        too_many = "10M"  # connections, more than there are ports
        search = "capacity", "-q", "-c", 5, "--hold-each", "100ms", self.server.url
        for name, code, arguments in (
                ("unfit", 3, ("-q", "-c", too_many, self.server.url)), ("no_target", 5, ("-q", "http://127.0.0.1:1/")),
                ("check", 0, ("check", "-q", "-c", 5, self.server.url)), ("check_unfit", 3, ("check", "-q", "-c", too_many, self.server.url)),
                ("search", 0, search), ("none_held", 1, (*search, "--require", "status_2xx<=0"))):
            self.assertEqual(code, plainly(*arguments, "--junit", paths[name])[0], name)
        return paths, reports

    def junit_of_reports(self, one, worse):
        """The JUnit of saved runs: each result of a comparison, and two halves that were added up."""
        names = ("same", "worse", "better", "not_comparable", "merged")
        paths = {name: self.at / f"saved-{name}.xml" for name in names}
        other = self.at / "other.json"
        other.write_text(one.read_text().replace('"duration": "1s"', '"duration": "2s"'))
        for name, code, a, b in (("same", 0, one, one), ("worse", 1, one, worse), ("better", 0, worse, one), ("not_comparable", 4, one, other)):
            self.assertEqual(code, plainly("report", "--compare", a, b, "--junit", paths[name])[0], name)
        halves = [self.at / f"half-{i}.json" for i in (1, 2)]
        for i, half in enumerate(halves, start=1):
            self.soak("--shard", f"{i}/2", "--seed", 5, "--json", half, report=half)
        code, _, err = plainly("report", "--merge", *halves, "--junit", paths["merged"])
        self.assertEqual(0, code, err)
        return paths

    def test_junit_of_every_end_is_what_is_read(self):
        """$HOLDFAST_JUNIT_XSD: Jenkins' own junit-10.xsd, which xmllint holds each against too."""
        paths, reports = self.junit_of_runs()
        paths |= self.junit_of_reports(*reports)
        for name, path in paths.items():
            with self.subTest(name=name):
                read_junit(path)
        schema = os.environ.get("HOLDFAST_JUNIT_XSD")
        if schema:
            done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", schema, *paths.values()], capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stderr)

    def test_our_rows_of_the_schema_are_no_wider_than_the_schema(self):
        schema = os.environ.get("HOLDFAST_JUNIT_XSD")
        if not schema:
            self.skipTest("no $HOLDFAST_JUNIT_XSD")
        root = ET.parse(schema).getroot()
        declared = {one.get("name"): schema_element(one) for one in root.findall(f"{XSD}element")}
        for name, (children, known, required) in JUNIT.items():
            (their_children, their_known, their_required), text = declared[name]
            self.assertLessEqual(children, their_children, name)
            self.assertLessEqual(known, their_known, name)
            self.assertGreaterEqual(required, their_required, name)
            self.assertEqual(name in JUNIT_TEXT, text, name)
        self.assertEqual(JUNIT_TIME, root.find(f".//{XSD}pattern").get("value"))

    def test_junit_tells_broken_from_inconclusive(self):
        broken, cut = self.at / "broken.xml", self.at / "cut.xml"
        with Target("--fault", "close-after=1") as server:
            self.assertEqual(1, self.soak("--junit", broken, server=server).code)
        self.assertIn(["failure"], read_junit(broken)[0].values())
        with Run("-c", 5, "-d", "1h", "--ui", "line", "--junit", cut, self.server.url) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGINT)
            self.assertEqual(4, run.finish().code)
        self.assertEqual({"opened>=100%": ["error"], "lost<=0": ["error"]}, read_junit(cut)[0])
        unfit = self.at / "unfit.xml"
        self.assertEqual(5, plainly("-q", "--junit", unfit, "http://127.0.0.1:1/")[0])
        self.assertEqual({"verdict": ["error"]}, read_junit(unfit)[0])

    def test_a_saved_run_converts_to_what_the_run_wrote(self):
        paths = {name: self.at / f"whole.{name}" for name in ("junit", "hgrm", "timeline")}
        arguments = [word for name, path in paths.items() for word in (f"--{name}", path)]
        self.assertEqual(0, self.soak(*arguments).code)
        for name in ("junit", "hgrm"):
            made = self.at / f"again.{name}"
            self.assertEqual(0, plainly("report", f"--{name}", made, paths["timeline"])[0])
            self.assertEqual(paths[name].read_text(), made.read_text(), name)

    def test_a_timeline_that_was_cut_off_has_no_distribution(self):
        path = self.at / "cut.jsonl"
        self.soak("--timeline", path)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:-1]))
        code, _, err = plainly("report", "--hgrm", self.at / "cut.hgrm", path)
        self.assertEqual(2, code)
        self.assertRegex(err, r"^holdfast report: --hgrm: \".*\" keeps no histogram: .* is accepted\n$")
        self.assertFalse((self.at / "cut.hgrm").exists())

    def test_one_report_goes_to_standard_output(self):
        code, out, err = plainly("-c", 2, "-d", "100ms", "--hgrm", "-", self.server.url)
        self.assertEqual(0, code, err)
        self.assertRegex(out, r"\A +Value +Percentile +TotalCount")
        code, out, err = plainly("-c", 2, "--hgrm", "-", "--junit", "-", self.server.url)
        self.assertEqual((2, ""), (code, out))
        self.assertRegex(err, "--hgrm: \"-\" is where --junit goes too")

    def test_a_report_that_cannot_be_written_is_said_before_or_after(self):
        for name in ("junit", "hgrm"):
            code, _, err = plainly("-c", 2, f"--{name}", "/nowhere/at/all", self.server.url)
            self.assertEqual(2, code)
            self.assertIn(f"--{name}: cannot write to \"/nowhere/at/all\"", err)
            code, _, err = plainly("-c", 2, "-d", "100ms", f"--{name}", "/dev/full", self.server.url)
            self.assertEqual(4, code)
            self.assertIsNotNone(re.search(f"--{name}: .* could not be written", err))


if __name__ == "__main__":
    holdfast.main()
