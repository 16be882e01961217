#!/usr/bin/env python3
"""The timeline grows with the run, survives whatever ends it, and renders to what the run itself reports."""

import fcntl
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import tempfile
import time
import unittest

import holdfast
import validate_report
from holdfast import PROGRAM, Run, eventually, nginx, plainly, rings_at_once, soak

SEED = 20240229
KILLS = 20


def render(path, *more):
    """holdfast report of a file: (summary, JSON report), both as they must be."""
    with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
        made = pathlib.Path(folder) / "made.json"
        code, out, err = plainly("report", "--json", made, *more, path)
        if code != 0:
            raise AssertionError(f"holdfast report: exit {code}: {err}")
        report = validate_report.read(made)
        holdfast.check_report(report)
        return out, report, err


def lines_of(path):
    """Every line, each of which must be whole."""
    text = path.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        raise AssertionError("the last line is cut")
    return [json.loads(line, object_pairs_hook=validate_report.no_duplicates, parse_constant=validate_report.refuse)
            for line in text.splitlines()]


def size_of(line):
    """Of a line of a machine that was never late: what the figures would be without our lateness adds to it."""
    return len(json.dumps({name: {key: item for key, item in value.items() if key != "without_lateness"}
                           if isinstance(value, dict) else value for name, value in line.items()},
                          separators=(",", ":")))


class TimelineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = nginx()
        cls.addClassCleanup(cls.server.stop)
        cls.path = holdfast.folder(cls.addClassCleanup) / "run.jsonl"

    def test_it_says_each_second_what_the_report_says_in_the_end(self):
        result = soak("-c", 50, "-d", "3s", "-i", "300ms", "-w", 2, "--label", "a night",
                      "--server-status", self.server.status_url, "--timeline", self.path, self.server.url)
        self.assertEqual(0, result.code, result.err)
        header, begin, *samples, end = lines_of(self.path)
        report = result.report
        self.assertEqual("holdfast-timeline/1", header["schema"])
        for name in ("plan", "environment", "tool"):
            self.assertEqual(report[name], header[name])
        for name in ("id", "label", "seed"):
            self.assertEqual(report["run"][name], begin["run"][name])
        self.assertEqual(report["target"], begin["target"])
        self.assertEqual(report["generator"]["workers"], begin["workers"])
        # What the run showed second by second, its JSON report holds as rows.
        rows, timeline = {}, report["timeline"]
        for name in ("t", "client_per_second", "server_per_second", "p99_seconds"):
            rows[name] = [line[name] for line in samples]
        for name in ("live", "connecting", "closed", "errored"):
            rows[name] = [line["connections"][name] for line in samples]
        self.assertEqual(rows, {name: timeline[name] for name in rows})
        for before, after in zip(samples, samples[1:]):
            self.assertLessEqual(before["requests"]["answered"], after["requests"]["answered"])
        for line in samples:
            self.assertLess(size_of(line), 3584)
            self.assertTrue(line["connections"]["balanced"])
            self.assertEqual(line["requests"]["sent"], line["outstanding"] + line["requests"]["answered"])
            self.assertEqual(report["generator"]["engine"], line["generator"]["engine"])
        self.assertIs(True, end["end"])
        for name in ("verdict", "requirements", "findings", "connections", "requests", "latency_seconds",
                     "service_seconds", "connect_seconds", "server", "generator"):
            self.assertEqual(report[name], end[name], name)
        summary, again, _ = render(self.path)
        self.assertEqual(report, again)
        self.assertEqual(result.out, summary)

    def test_it_keeps_what_log_and_process_showed_and_how_connections_came_back(self):
        with nginx(keepalive_requests=5) as server:
            result = soak("-c", 20, "-d", "3s", "-i", "200ms", "--reconnect", "backoff=100ms..500ms", "--server-log",
                          server.access_log, "--server-pid", server.pid, "--server-status", server.status_url,
                          "--timeline", self.path, server.url)
        report, (_, again, _) = result.report, render(self.path)
        self.assertEqual("several", report["server"]["source"])
        self.assertGreater(report["connections"]["reconnected"], 0)
        self.assertIn("request_limit", [finding["code"] for finding in report["findings"]])
        self.assertEqual(report, again)
        for line in lines_of(self.path)[2:-1]:
            self.assertLess(size_of(line), 5120)

    def test_a_json_report_says_why_connections_ended_when_it_is_rendered(self):
        with nginx(keepalive_requests=5) as server, \
                tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            saved = pathlib.Path(folder) / "run.json"
            result = soak("-c", 20, "-d", "2s", "-i", "100ms", "--json", saved, server.url, report=saved)
            self.assertIn("keepalive_requests 5", result.out)
            self.assertEqual((0, result.out), plainly("report", saved)[:2])

    def test_a_pipe_that_nobody_reads_stalls_nothing(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            fifo = pathlib.Path(folder) / "fifo"
            os.mkfifo(fifo)
            held = os.open(fifo, os.O_RDWR)  # open for reading, and never read
            fcntl.fcntl(held, fcntl.F_SETPIPE_SZ, 4096)
            # What is held for a slow reader is some minutes of lines, unless there is not even that.
            result = soak("-c", 5, "-d", "3s", "-i", "200ms", "--timeline", fifo, self.server.url, agrees=False)
            os.close(held)
        self.assertEqual((4, "held"), (result.code, result.verdict), result.err)
        self.assertRegex(result.err, r"--timeline: \"\S+\": the reader is too slow: \d+ lines were left out")
        self.assertLess(result.report["generator"]["loop_lag_seconds_max"], 1)
        rows = result.report["timeline"]["t"]
        self.assertGreaterEqual(len(rows), 3)
        self.assertLess(max(after - before for before, after in zip(rows, rows[1:])), 2)

    def test_a_pipe_whose_reader_comes_late_has_every_line(self):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        with Run("-c", 5, "-d", "3s", "-i", "200ms", "--ui", "line", "--timeline", f"/dev/fd/{writer}",
                 self.server.url, pass_fds=[writer]) as run:
            os.close(writer)
            run.wait_for(r"phase=hold t=3")
            with open(reader, encoding="utf-8") as lines:
                lines = [json.loads(line) for line in lines]
            result = run.finish()
        self.assertEqual(0, result.code, result.err)
        self.assertIs(True, lines[-1]["end"])
        self.assertEqual(result.report["timeline"]["t"], [line["t"] for line in lines if "t" in line])

    def test_a_report_for_a_pipe_that_nobody_reads_ends_with_an_interrupt(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            fifo = pathlib.Path(folder) / "fifo"
            os.mkfifo(fifo)
            held = os.open(fifo, os.O_RDWR)
            fcntl.fcntl(held, fcntl.F_SETPIPE_SZ, 4096)
            with Run("-c", 5, "-d", "1s", "-i", "200ms", "--ui", "line", "--json", fifo, self.server.url,
                     report=None) as run:
                run.wait_for_phase("hold")
                eventually(lambda: not run.workers(), "the crew is gone")
                run.signal(signal.SIGTERM)
                result = run.finish()
            os.close(held)
        self.assertEqual(4, result.code)
        self.assertIn("interrupted while its reader took nothing", result.err)

    def test_a_pipe_that_nobody_opens_is_said_before_the_load(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            fifo = pathlib.Path(folder) / "fifo"
            os.mkfifo(fifo)
            code, _, err = plainly("--timeline", fifo, self.server.url)
        self.assertEqual(2, code)
        self.assertIn("nobody reads it", err)

    def test_on_standard_output_it_leaves_the_summary_to_standard_error(self):
        result = soak("-c", 2, "-d", "1s", "-q", "--timeline", "-", self.server.url)
        self.assertEqual(0, result.code, result.err)
        self.assertEqual("holdfast-timeline/1", json.loads(result.out.splitlines()[0])["schema"])
        self.assertIs(True, json.loads(result.out.splitlines()[-1])["end"])
        self.assertIn("HELD", result.err)

    def test_it_is_started_anew(self):
        self.path.write_text("what was there before\n" * 1000)
        self.assertEqual(0, soak("-c", 2, "-d", "1s", "--timeline", self.path, self.server.url).code)
        self.assertIs(True, lines_of(self.path)[-1]["end"])

    def test_a_full_disk_is_said_once_and_the_run_goes_on(self):
        result = soak("-c", 5, "-d", "2s", "-i", "200ms", "--timeline", "/dev/full", self.server.url, agrees=False)
        self.assertEqual((4, "held"), (result.code, result.verdict), result.err)
        self.assertEqual(1, result.err.count("--timeline"), result.err)
        self.assertIn("No space left on device", result.err)

    def test_a_file_that_may_not_grow_is_said_once_and_the_run_goes_on(self):
        code, out, err = plainly("-c", 5, "-d", "2s", "--json", self.path.with_suffix(".json"), "--timeline", self.path,
                                 self.server.url, prefix=("prlimit", "--fsize=3000"))
        self.assertEqual(4, code, err)
        self.assertTrue(out.startswith("HELD"), out)
        for option in ("--json", "--timeline"):
            self.assertEqual(1, len(re.findall(f"{option}: .*File too large", err)), err)

    def test_a_reader_that_left_before_the_first_line_is_said_and_the_run_goes_on(self):
        reader, writer = os.pipe()
        os.close(reader)
        with Run("-c", 5, "-d", "1s", "--timeline", "-", self.server.url, stdout=writer, agrees=False) as run:
            os.close(writer)
            result = run.finish()
        self.assertEqual((4, "held"), (result.code, result.verdict), result.err)
        self.assertIn('--timeline: "-" could not be written: Broken pipe', result.err)

    def test_a_report_and_a_timeline_in_one_file_are_refused_whatever_they_are_called(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            one = pathlib.Path(folder) / "one"
            other = pathlib.Path(folder) / "other"
            other.symlink_to(one)
            for json_path in (one, f"{folder}/./one", f"{folder}/../{pathlib.Path(folder).name}/one", other):
                if json_path is other:
                    one.touch()
                code, _, err = plainly("-c", 1, "--json", json_path, "--timeline", one, self.server.url)
                self.assertEqual((2, 1), (code, err.count("\n")), err)
                self.assertRegex(err, r"--timeline: .* a place of its own is accepted")

    def test_what_cannot_be_opened_is_said_before_the_load(self):
        before = self.server.access_lines()
        code, _, err = plainly("--timeline", "/nonexistent/run.jsonl", self.server.url)
        self.assertEqual(2, code)
        self.assertIn("/nonexistent/run.jsonl", err)
        self.assertEqual(before, self.server.access_lines())

    def test_a_run_that_does_not_fit_leaves_its_verdict(self):
        result = soak("-c", "10M", "-r", "1M/1ms", "-w", "1", "--timeline", self.path, self.server.url)
        self.assertEqual(3, result.code, result.err)
        _, report, _ = render(self.path)
        self.assertEqual(result.report, report)

    def test_a_report_does_not_replace_what_it_is_made_of(self):
        self.assertEqual(0, soak("-c", 2, "-d", "1s", "--timeline", self.path, self.server.url).code)
        before = self.path.read_bytes()
        for option in ("--json", "--html", "--csv"):
            code, out, err = plainly("report", option, self.path, self.path)
            self.assertEqual((2, "", before), (code, out, self.path.read_bytes()))
            self.assertIn("is read: a place of its own is accepted", err)
        code, out, err = plainly("report", "--compare", "--json", self.path, self.path, self.path)
        self.assertEqual((2, "", before), (code, out, self.path.read_bytes()), err)

    def test_an_interrupt_ends_it_in_order(self):
        with Run("-c", 5, "-d", "60s", "-i", "200ms", "--ui", "line", "--timeline", self.path, self.server.url) as run:
            run.wait_for_phase("hold")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual(4, result.code)
        self.assertEqual(result.report, render(self.path)[1])

    def test_a_json_report_is_rendered_too(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            saved = pathlib.Path(folder) / "run.json"
            result = soak("-c", 5, "-d", "1s", "--json", saved, self.server.url, report=saved)
            self.assertEqual((0, result.out), plainly("report", saved)[:2])
            self.assertEqual(2, plainly("report", "--json", saved, saved)[0])


class KillTest(unittest.TestCase):
    def test_killed_at_twenty_random_moments_it_misses_at_most_the_last_second(self):
        with nginx() as server:
            folder = holdfast.folder(self.addCleanup)
            moments, at_once = random.Random(SEED), rings_at_once(5)
            for first in range(0, KILLS, at_once):
                numbers = range(first, min(first + at_once, KILLS))
                self.kill_some([(folder / str(number), moments.uniform(0.0, 3.5)) for number in numbers], server)

    def test_killed_it_says_why_connections_ended_and_leaves_no_other_file(self):
        with nginx(keepalive_requests=5) as server, tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            path = pathlib.Path(folder) / "run.jsonl"
            process = subprocess.Popen(
                [PROGRAM, "-c", "20", "-d", "60s", "-i", "100ms", "-q", "--reconnect", "backoff=100ms..1s", "--timeline",
                 str(path), "--json", str(path.parent / "run.json"), server.url],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            eventually(lambda: path.exists() and b'"lifetimes"' in path.read_bytes() and
                       path.read_bytes().count(b'"t":') >= 3, "the timeline says why")
            process.kill()
            process.wait()
            summary, report, _ = render(path)
            self.assertEqual(["run.jsonl"], [entry.name for entry in path.parent.iterdir()])
        self.assertIn("looks like keepalive_requests 5", summary)
        self.assertEqual("keepalive_requests 5", report["lifetimes"]["closings"][0]["directive"])
        self.assertIn("request_limit", [finding["code"] for finding in report["findings"]])

    def test_killed_before_its_load_it_renders_too(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder, holdfast.listener() as silent:
            path = pathlib.Path(folder) / "run.jsonl"
            process = subprocess.Popen([PROGRAM, "-q", "--timeline", str(path), holdfast.url_of(silent)],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            connection, _ = silent.accept()  # the preflight waits for its answer
            process.kill()
            process.wait()
            connection.close()
            summary, report, _ = render(path)
        self.assertRegex(summary, r"^INCONCLUSIVE ")
        self.assertIn("before the load", report["verdict"]["reasons"][0])

    def kill_some(self, plan, server):
        """Starts all, kills each at its moment after its timeline began, and looks at what is left."""
        runs = []
        for path, moment in plan:
            process = subprocess.Popen(
                [PROGRAM, "-c", "20", "-r", "20/1s", "-d", "1h", "-i", "100ms", "-q", "--timeline", str(path), server.url],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            runs.append((process, path, moment))
        begun = {path: self.begin_of(path) for _, path, _ in runs}
        for process, path, moment in sorted(runs, key=lambda run: begun[run[1]] + run[2]):
            time.sleep(max(0.0, begun[path] + moment - time.time()))
            killed = time.time()
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            self.look_at(path, killed - begun[path])

    def begin_of(self, path):
        """When its ramp began, on the clock of the wall."""
        eventually(lambda: path.exists() and path.read_bytes().count(b"\n") > 1, "the load begins")
        return path.stat().st_ctime

    def look_at(self, path, lived):
        summary, report, _ = render(path)
        self.assertRegex(summary, r"^INCONCLUSIVE ")
        self.assertEqual(("inconclusive", 4, True),
                         (report["verdict"]["result"], report["verdict"]["exit_code"], report["run"]["interrupted"]))
        self.assertRegex(report["verdict"]["reasons"][0], r"^the timeline ends at \d+\.\d s: the run was cut off$")
        seconds = report["timeline"]["t"]
        known = seconds[-1] if seconds else 0
        lines = path.read_bytes().count(b"\n")
        self.assertEqual(len(seconds) + 2, lines)
        # The second it died in, and as much as a busy machine may be late with a line.
        self.assertLess(lived - known, 1 + 0.5, f"{lived} s lived, {seconds}")


if __name__ == "__main__":
    holdfast.main(jobs=2)
