#!/usr/bin/env python3
"""--metrics: what Prometheus would scrape while a run goes on, read by its own parsers."""

import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import holdfast
import npm
from holdfast import TIMEOUT_SECONDS, ROOT, Run, eventually, plainly
from sparring import Target

sys.path.append("/usr/lib/python3/dist-packages")  # the system's, where this python3 is another one
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
    from prometheus_client.parser import text_string_to_metric_families as prometheus
except ImportError:
    open_metrics = prometheus = None

NO_PARSER = "no python3-prometheus-client"
OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0, text/plain;q=0.5"}
DASHBOARD = ROOT / "configs/grafana-holdfast.json"
CONNECTIONS = 20
# One request each, as soon as it is open, and none for long: then all numbers stand still.
QUIET = ("-c", CONNECTIONS, "-i", "1h", "--timeout", "2s", "--ui", "line", "--metrics", "127.0.0.1:0")


def scrape(url, headers=None, method="GET"):
    """(status, content type, text)"""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def samples(families):
    """{(name, labels): value}"""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families for sample in family.samples}


def by_label(values, name):
    return {labels[0][1]: value for (named, labels), value in values.items() if named == name}


class MetricsTest(unittest.TestCase):
    def setUp(self):
        self.target = self.enterContext_(Target())

    def enterContext_(self, manager):
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def run_quietly(self, *more):
        run = self.enterContext_(Run(*QUIET, *more, self.target.url))
        url = run.wait_for(r"metrics at (http://127\.0\.0\.1:[1-9]\d*/metrics)").group(1)
        return run, url

    def test_counters_are_those_of_the_report(self):
        if prometheus is None:
            self.skipTest(NO_PARSER)
        run, url = self.run_quietly("-d", "0", "--label", 'a "quoted" \\ label')
        run.wait_for_phase("hold")
        holding = f"holdfast_requests_answered_total {CONNECTIONS}\n"
        plain = eventually(lambda: (got := scrape(url)) and holding in got[2] and got, "all are answered")
        self.assertEqual((200, "text/plain; version=0.0.4; charset=utf-8"), plain[:2])
        asked = scrape(url, OPEN_METRICS)
        self.assertEqual((200, "application/openmetrics-text; version=1.0.0; charset=utf-8"), asked[:2])
        run.signal(signal.SIGINT)
        result = run.finish()
        first, second = samples(prometheus(plain[2])), samples(open_metrics(asked[2]))
        for values in (first, second):
            self.same_as_the_report(values, result)
        with self.assertRaises(urllib.error.URLError):
            scrape(url)

    def same_as_the_report(self, values, result):
        c, r = result.connections, result.requests
        self.assertEqual({"connecting": 0, "live": c["live"]}, by_label(values, "holdfast_connections"))
        ended = by_label(values, "holdfast_connections_ended_total")
        self.assertEqual(c["outcomes"], {name: ended[name] for name in c["outcomes"]})
        plain = {name: value for (name, labels), value in values.items() if not labels}
        self.assertEqual([c["target"], c["attempted"], c["opened"], c["lost"], r["sent"], r["answered"],
                          r["bytes_in"], r["bytes_out"]],
                         [plain[f"holdfast_{name}"] for name in
                          ("connections_target", "connections_attempted_total", "connections_opened_total",
                           "connections_lost_total", "requests_sent_total", "requests_answered_total",
                           "bytes_in_total", "bytes_out_total")])
        self.assertEqual(r["by_status"], by_label(values, "holdfast_responses_total"))
        for name, report in (("response", "latency"), ("connect", "connect")):
            figures = result.report[f"{report}_seconds"]
            buckets = by_label(values, f"holdfast_{name}_seconds_bucket")
            self.assertEqual(figures["count"], plain[f"holdfast_{name}_seconds_count"])
            self.assertEqual(figures["count"], buckets["+Inf"])
            self.assertAlmostEqual(figures["mean"] * figures["count"], plain[f"holdfast_{name}_seconds_sum"], 5)
            for bound, count in buckets.items():
                self.assertTrue(count == figures["count"] or figures["max"] > float(bound) * 0.99)
        labels = dict(next(labels for name, labels in values if name == "holdfast_run_info"))
        self.assertEqual('a "quoted" \\ label', labels["label"])
        self.assertEqual(str(result.report["run"]["seed"]), labels["seed"])
        for name in ("cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds",
                     "start_time_seconds"):
            self.assertLess(0, plain[f"process_{name}"], name)

    def test_only_metrics_are_there(self):
        run, url = self.run_quietly("-d", "0")
        run.wait_for_phase("hold")
        self.assertEqual(404, scrape(url.replace("/metrics", "/"))[0])
        self.assertEqual(404, scrape(url + "/x")[0])
        self.assertEqual(405, scrape(url, method="DELETE")[0])
        self.assertEqual((200, ""), scrape(url, method="HEAD")[::2])
        run.signal(signal.SIGINT)
        self.assertEqual(0, run.finish().code)

    def test_scrapers_that_hang_disturb_nobody(self):
        run, url = self.run_quietly("-d", "0")
        port = int(re.search(r":(\d+)/", url).group(1))
        with contextlib.ExitStack() as stack:
            for i in range(40):  # more than are taken
                hanging = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                hanging.sendall((b"", b"GET /met", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")[i % 3])
            run.wait_for_phase("hold")
            run.signal(signal.SIGINT)
            started = time.monotonic()
            result = run.finish()
            self.assertLess(time.monotonic() - started, 8, "the end waits for no scraper's timeout")
        self.assertEqual(("held", 0), (result.verdict, result.code), result.err)
        self.assertLess(result.report["generator"]["tick_seconds_max"], 0.5)

    def exchange(self, url, request, body=b""):
        """What comes back for these bytes until the end of the stream: (status line, {name: value}, body)"""
        port = int(re.search(r":(\d+)/", url).group(1))
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as asking:
            asking.sendall(request)
            with contextlib.suppress(OSError):  # it is closed already: the answer is here
                asking.sendall(body)
                asking.shutdown(socket.SHUT_WR)
            got = b"".join(iter(lambda: asking.recv(65536), b""))
        head, _, rest = got.decode().partition("\r\n\r\n")
        first, *fields = head.split("\r\n")
        return first, dict(field.split(": ", 1) for field in fields), rest

    def test_other_methods_are_refused_at_once(self):
        """Also with a body, before it is there, and before it is asked for."""
        _, url = self.run_quietly("-d", "0")
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"):
            for fields, body in ((b"", b""), (b"Content-Length: 5\r\n", b"12345"), (b"Content-Length: 5\r\n", b""),
                                 (b"Content-Length: 5\r\nExpect: 100-continue\r\n", b""),
                                 (b"Transfer-Encoding: chunked\r\n", b"5\r\n12345\r\n0\r\n\r\n"),
                                 (b"Content-Length: 3000000000\r\n", b"x" * 1000000)):
                with self.subTest(method=method, fields=fields, body=len(body)):
                    head = method.encode() + b" /metrics HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n"
                    first, answered, text = self.exchange(url, head, body)
                    self.assertRegex(first, "^HTTP/1.1 405 ")
                    self.assertEqual(("GET, HEAD", "text/plain"), (answered["Allow"], answered["Content-Type"]))
                    self.assertEqual("GET and HEAD are accepted\n", text)

    def test_targets_in_absolute_form_and_queries_are_the_same_page(self):
        _, url = self.run_quietly("-d", "0")
        eventually(lambda: scrape(url)[0] == 200, "something is measured")
        for target, status in (("/metrics", 200), ("/metrics?x=1&y", 200), ("http://x/metrics", 200),
                               ("HTTP://x:1/metrics?z", 200), ("http://x/other", 404), ("http://x", 404), ("/?u=/metrics", 404)):
            for method in ("GET", "HEAD"):
                with self.subTest(target=target, method=method):
                    first, fields, text = self.exchange(
                        url, f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                    self.assertRegex(first, f"^HTTP/1.1 {status} ")
                    self.assertRegex(fields["Content-Type"], "^text/plain")
                    self.assertLess(0, int(fields["Content-Length"]))
                    self.assertEqual(method == "GET", text != "")

    def test_scrapers_that_drip_lock_nobody_out(self):
        """Some bytes a second, never a whole request: a scraper gets through beside them, and each is shut down in time."""
        _, url = self.run_quietly("-d", "0")
        eventually(lambda: scrape(url)[0] == 200, "something is measured")
        port = int(re.search(r":(\d+)/", url).group(1))
        gone = set()
        with contextlib.ExitStack() as stack:
            dripping = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(30)]
            for each in dripping:
                each.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ")

            def all_are_gone():
                for each in set(dripping) - gone:
                    try:
                        each.sendall(b"x")
                        each.setblocking(False)
                        if each.recv(4096) is not None:
                            gone.add(each)
                    except BlockingIOError:
                        pass
                    except ConnectionError:
                        gone.add(each)
                    finally:
                        each.setblocking(True)
                self.assertEqual(200, scrape(url)[0], "a scraper beside them")
                return len(gone) == len(dripping)
            eventually(all_are_gone, "each is shut down")

    def test_a_port_that_is_taken_is_said_before_the_load(self):
        port = self.target.port
        code, out, err = plainly("-c", 1, "--metrics", f"127.0.0.1:{port}", self.target.url)
        self.assertEqual((2, ""), (code, out))
        self.assertRegex(err, rf"^holdfast: --metrics: cannot listen on 127\.0\.0\.1:{port}: Address already in use")
        for place in ("x", "example:1", "127.0.0.1:65536", "::1:9", ""):
            code, _, err = plainly("-c", 1, "--metrics", place, self.target.url)
            self.assertEqual((2, 1), (code, err.count("\n")), err)
            self.assertIn("ADDR:PORT", err)
        self.assertEqual(1, self.target.stats()["connections"]["accepted"], "only this question")

    def test_the_dashboard_asks_for_what_there_is(self):
        _, url = self.run_quietly("-d", "0")
        text = eventually(lambda: (got := scrape(url)) and got[0] == 200 and got[2], "something is measured")
        exported = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        for name in re.findall(r"^# TYPE (\S+) histogram", text, re.M):
            exported |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"}
        queries = []

        def walk(node):
            for key, value in node.items() if isinstance(node, dict) else enumerate(node):
                if key == "expr" or key == "query" and isinstance(value, str):
                    queries.append(value)
                elif isinstance(value, (dict, list)):
                    walk(value)
        walk(json.loads(DASHBOARD.read_text()))
        wanted = set(re.findall(r"\b(?:holdfast|process)_\w+", " ".join(queries)))
        self.assertLess(10, len(wanted))
        self.assertLessEqual(wanted, exported)


# Grafana's own types of a dashboard and of both kinds of panel: every member is one that they know, with a value that they take.
# Names of enums stand in JSON as their texts.
TYPES = """
import type {Dashboard, Panel, FieldConfig, FieldConfigSource} from "@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen";
import type {Options as Stat} from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {FieldConfig as SeriesField, Options as Series} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
type Plain<T> = T extends string ? `${T}` : T extends (infer Item)[] ? Plain<Item>[] : T extends object ? {[Name in keyof T]: Plain<T[Name]>} : T;
type Of<Options, Field> = Omit<Panel, "options" | "fieldConfig"> & {options: Partial<Options>,
    fieldConfig: Omit<FieldConfigSource, "defaults"> & {defaults: Omit<FieldConfig, "custom"> & {custom?: Partial<Field>}}};
type Panels = {stat: Plain<Of<Stat, never>>, timeseries: Plain<Of<Series, SeriesField>>};
"""
TSC = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2020", "--module", "esnext", "--moduleResolution", "node")


class DashboardTest(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads(DASHBOARD.read_text())
        self.panels = {panel["title"]: panel for panel in self.dashboard["panels"]}

    def colour(self, title, value):
        """The last step that the value reaches, as Grafana does it."""
        thresholds = self.panels[title]["fieldConfig"]["defaults"]["thresholds"]
        self.assertEqual("absolute", thresholds["mode"])
        return [step["color"] for step in thresholds["steps"] if step["value"] is None or value >= step["value"]][-1]

    def test_a_colour_means_something(self):
        """Grafana's default is red from 80 on, whatever is counted."""
        for title, panel in self.panels.items():
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            self.assertIsNone(steps[0]["value"], title)
            self.assertEqual(sorted(step["value"] for step in steps[1:]), [step["value"] for step in steps[1:]], title)
        self.assertEqual(["red", "orange", "green"], [self.colour("Live, of the target", part) for part in (0.5, 0.999, 1)])
        self.assertEqual(["green", "red"], [self.colour("Lost", count) for count in (0, 1)])
        self.assertEqual(["green", "orange", "red"], [self.colour("Errors among answers", part) for part in (0, 0.001, 0.01)])
        self.assertEqual(["green", "orange", "red"], [self.colour("Our own lateness", lag) for lag in (0.009, 0.01, 0.1)])
        self.assertEqual(self.colour("Live", 0), self.colour("Live", 10000))

    def test_grafanas_own_types_take_it(self):
        npm.package("typescript", "5.4.5")
        modules = npm.package("@grafana/schema", "10.4.19")
        rest = {name: value for name, value in self.dashboard.items() if name != "panels"}
        lines = [TYPES, f"export const dashboard: Plain<Omit<Dashboard, 'panels'>> = {json.dumps(rest)};"]
        lines += [f"export const panel{panel['id']}: Panels[{json.dumps(panel['type'])}] = {json.dumps(panel)};" for panel in self.panels.values()]
        self.assertEqual((0, ""), self.compile(modules, lines))
        wrong = json.dumps(self.panels["Lost"]).replace('"mode": "absolute"', '"mode": "absolut"')
        self.assertEqual(2, self.compile(modules, [TYPES, f"export const panel: Panels['stat'] = {wrong};"])[0], "the types are none that check")

    def compile(self, modules, lines):
        with tempfile.TemporaryDirectory() as at:
            source = pathlib.Path(at, "dashboard.ts")
            source.write_text("\n".join(lines))
            pathlib.Path(at, "node_modules").symlink_to(modules)
            done = subprocess.run(["node", modules / "typescript/bin/tsc", *TSC, source], cwd=at, capture_output=True, text=True)
            return done.returncode, done.stdout

    def test_panels_lie_side_by_side(self):
        taken = set()
        for panel in self.panels.values():
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells
        ids = [panel["id"] for panel in self.panels.values()]
        self.assertEqual(len(ids), len(set(ids)))


def setUpModule():
    code, out, _ = plainly("--version")
    if "libmicrohttpd" not in out:
        raise unittest.SkipTest("built without libmicrohttpd")


if __name__ == "__main__":
    holdfast.main()
