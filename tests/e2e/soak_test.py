#!/usr/bin/env python3
"""The main job against a real nginx: ramp, hold, and account for every connection and every request."""

import json
import re
import signal
import unittest

import holdfast
from holdfast import Run, eventually, nginx, soak

CONNECTIONS = 1000
# A machine that does something else beside us; what is promised of an idle one is measured in bench/.
LATE_SECONDS = 20


class SoakTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = nginx()
        cls.addClassCleanup(cls.server.stop)

    def held(self, result, connections):
        c, r = result.connections, result.requests
        self.assertEqual((0, "held", []), (result.code, result.verdict, result.report["verdict"]["reasons"]), result.err)
        self.assertEqual((connections,) * 6,
                         (c["target"], c["attempted"], c["opened"], c["live"], c["live_min"], c["live_peak"]))
        self.assertEqual((0, 0, 0, 0), (c["connecting"], c["closed"], c["errored"], c["lost"]))
        self.assertEqual({"drained": connections, "abandoned": 0}, c["drain"]["outcomes"])
        self.assertEqual((r["sent"], {"200": r["sent"]}), (r["answered"], r["by_status"]))
        self.assertEqual([True, True], [rule["ok"] for rule in result.report["requirements"]])
        self.assertLessEqual(connections, r["sent"], "each asks as soon as it is open")
        # nginx writes its log when the answer went out; that of the preflight is one more.
        self.assertEqual(r["sent"] + 1, self.server.access_lines())

    def soak_of_a_thousand(self, workers):
        result = soak("-c", CONNECTIONS, "-r", "10/10ms", "-i", "500ms..1s", "-d", "3s", "-w", workers,
                      "--server-status", self.server.status_url, self.server.url)
        self.held(result, CONNECTIONS)
        server, r = result.report["server"], result.requests
        self.assertEqual(("stub_status", r["sent"], 1), (server["source"], server["requests"], server["ratio"]))
        self.assertEqual((CONNECTIONS, CONNECTIONS), (server["accepted"], server["handled"]))
        self.assertEqual(workers, len(result.report["generator"]["workers"]))
        # Every connection asks again at least at 1 s and at 2 s.
        self.assertLessEqual(3 * CONNECTIONS, r["sent"])
        return result

    def test_a_thousand_connections_are_held_and_accounted_for(self):
        self.soak_of_a_thousand(1)

    def test_a_thousand_connections_are_held_by_four_workers_too(self):
        self.soak_of_a_thousand(4)

    def test_the_server_sees_no_more_connections_than_the_plan_has(self):
        with Run("-c", 50, "-d", "0", "-i", "200ms", "--ui", "line", self.server.url) as run:
            run.wait_for_phase("hold")
            self.assertEqual(50 + 1, self.server.stub_status()["active"], "the one that asks for this included")
            run.signal(signal.SIGTERM)
            self.held(run.finish(), 50)
        eventually(lambda: self.server.stub_status()["active"] == 1, "the server has lost them all")

    def test_the_ramp_takes_as_long_as_planned_and_is_never_ahead(self):
        result = soak("-c", 300, "-r", "1/10ms", "-d", "1s", "-i", "500ms", "--ui", "line", self.server.url)
        self.held(result, 300)
        report, timeline = result.report, result.report["timeline"]
        self.assertGreaterEqual(report["run"]["ramp_seconds"], 2.99 - 0.02)
        self.assertLess(report["run"]["ramp_seconds"], 3 + LATE_SECONDS)
        self.assertLessEqual(3, len(timeline["t"]))
        for t, *states in zip(*(timeline[name] for name in ("t", "live", "connecting", "closed", "errored"))):
            self.assertLessEqual(sum(states), min(300, 100 * t + 1), f"attempted, {t} s after the start")
        said = re.findall(r"phase=ramp t=(\S+) live=(\d+) connecting=(\d+) closed=(\d+) errored=(\d+) ", result.err)
        self.assertLess(0, len(said))
        for t, *states in said:
            self.assertLessEqual(sum(map(int, states)), 100 * (float(t) + 0.05) + 1)

    def test_a_closed_loop_asks_again_at_once(self):
        result = soak("-c", 10, "-d", "1s", "-i", "0", "--server-status", self.server.status_url, self.server.url)
        self.held(result, 10)
        server = result.report["server"]
        self.assertEqual((result.requests["sent"], 1), (server["requests"], server["ratio"]))
        self.assertLess(100, result.requests["sent"])

    def test_bodies_are_read_and_counted(self):
        result = soak("-c", 50, "-d", "1s", "-i", "200ms", "-X", "GET", self.server.url)
        self.held(result, 50)
        log = self.server.access_log.read_text()
        self.assertEqual(result.requests["sent"] + 1, log.count('"GET / HTTP/1.1" 200 5 '))
        head = soak("-c", 50, "-d", "1s", "-i", "200ms", self.server.url)
        with_body, without = (each.requests["bytes_in"] / each.requests["answered"] for each in (result, head))
        self.assertEqual(len("held\n"), with_body - without)

    def test_the_request_is_ours_with_the_headers_asked_for(self):
        result = soak("-c", 3, "-d", "300ms", "-i", "100ms", "-H", "User-Agent: somebody/1", "-H", "X-Test: 1",
                      self.server.url + "some/path?and=query#fragment")
        self.held(result, 3)
        for line in self.server.access_log.read_text().splitlines():
            self.assertIn('"HEAD /some/path?and=query HTTP/1.1" 200 ', line)
            self.assertIn('"somebody/1"', line)

    def test_a_server_that_is_not_asked_is_null_and_not_zero(self):
        result = soak("-c", 10, "-d", "300ms", "-i", "100ms", self.server.url)
        self.held(result, 10)
        self.assertIsNone(result.report["server"])
        self.assertLessEqual(set(result.report["timeline"]["server_per_second"]), {None})

    def test_no_preflight_means_no_request_but_those_of_the_load(self):
        result = soak("-c", 10, "-d", "300ms", "-i", "100ms", "--no-check", self.server.url)
        self.assertEqual((0, result.requests["sent"]), (result.code, self.server.access_lines()))
        self.assertEqual(["skipped"], [f["status"] for f in result.report["findings"] if f["code"] == "target"])

    def test_connect_to_replaces_the_address_of_the_url(self):
        port = self.server.port
        result = soak("-c", 10, "-d", "300ms", "-i", "100ms", "--connect-to", f"127.0.0.1:{port}",
                      "http://no.such.name.invalid/")
        self.held(result, 10)
        self.assertEqual([f"127.0.0.1:{port}"], result.report["target"]["addresses"])
        self.assertEqual("http://no.such.name.invalid/", result.report["target"]["url"])

    def test_a_profile_is_read_and_the_command_line_wins(self):
        result = soak("-C", holdfast.ROOT / "configs/smoke.conf", "-c", "7", "-d", "300ms", "-i", "100ms", self.server.url)
        self.held(result, 7)
        self.assertEqual(("smoke", 7, "300ms"), (result.report["run"]["label"], result.report["plan"]["connections"],
                                                 result.report["plan"]["duration"]))

    def test_the_plan_and_the_seed_are_echoed(self):
        result = soak("-c", 10, "-r", "1000", "-d", "300ms", "-i", "100ms..200ms", "--seed", "42", "--label",
                      "here <&> \"there\"",
                      "-H", "Authorization: Basic secret", self.server.url)
        plan = result.report["plan"]
        self.held(result, 10)
        self.assertEqual((10, "1k/s", "300ms", "100ms..200ms", 42, 'here <&> "there"'),
                         tuple(plan[name] for name in ("connections", "ramp", "duration", "interval", "seed", "label")))
        self.assertEqual(42, result.report["run"]["seed"])
        self.assertNotIn("secret", json.dumps(result.report) + result.out + result.err)

    def test_live_lines_have_all_their_keys(self):
        keys = ("time phase t live connecting closed errored client_rps server_rps p50_ms p99_ms fds ports cpu_pct "
                "lag_ms statuses").split()
        result = soak("-c", 10, "-d", "2s", "-i", "100ms", "--ui", "line", self.server.url)
        self.held(result, 10)
        lines = [line for line in result.err.splitlines() if line.startswith("time=")]
        self.assertLessEqual(2, len(lines))
        for line in lines:
            self.assertEqual(keys, [word.partition("=")[0] for word in line.split(" ")])
            self.assertNotIn("\r", line)
            self.assertIn(" server_rps=- ", line)

    def test_the_summary_is_plain_where_it_is_no_terminal_and_coloured_when_asked(self):
        plain = soak("-c", 3, "-d", "200ms", "-i", "100ms", "-q", self.server.url)
        coloured = soak("-c", 3, "-d", "200ms", "-i", "100ms", "-q", "--color", "always", self.server.url)
        self.assertNotIn("\033", plain.out)
        self.assertIn("\033[", coloured.out)


if __name__ == "__main__":
    holdfast.main(jobs=2)
