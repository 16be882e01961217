#!/usr/bin/env python3
"""holdfast run --hosts beside a server: its own numbers, marks, commands and rules are the whole's, once."""

import json
import signal
import time
import unittest
import urllib.request

import holdfast
from holdfast import Run, nginx, plainly, soak
from hosts import REMOTE, hit
from sparring import Target

CALM = ("-c", "40", "-r", "1000", "-i", "100ms")


def set_here(result):
    """Marks but for those of parts that stood still, on a busy machine."""
    return [mark for mark in result.report["marks"] if mark["kind"] != "pause"]


class HostsServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = nginx()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def arguments(self, *more, hosts="h1,h2", server=None, hold="2s"):
        url = (server or self.server).url
        return ("--hosts", hosts, "--remote", REMOTE, *CALM, "-d", hold, *more, url)

    # --- the server's own numbers ---

    def test_the_status_page_counts_what_all_hosts_sent(self):
        result = soak(*self.arguments("--server-status", self.server.status_url, "--require", "server_ratio>=100%",
                                      "--require", "server_ratio<=100%", hold="3s"))
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        server = result.report["server"]
        self.assertEqual(("stub_status", result.requests["sent"]), (server["source"], server["requests"]))
        self.assertEqual((40, 40), (server["accepted"], server["handled"]))
        self.assertEqual([True, True], [rule["ok"] for rule in result.report["requirements"]])
        self.assertEqual(["held", "held"], [host["verdict"] for host in result.report["hosts"]])
        self.assertEqual("ok", result.finding("server_status")["status"])
        self.assertEqual(self.server.status_url, result.report["plan"]["server_status"])
        rates = [rate for rate in result.report["timeline"]["server_per_second"] if rate is not None]
        self.assertTrue(rates)
        self.assertIsNotNone(server["per_second_mean"])

    def test_the_log_counts_what_all_hosts_sent(self):
        result = soak(*self.arguments("--server-log", self.server.access_log, hosts="h1,h2,h3"))
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        server = result.report["server"]
        self.assertEqual(("access_log", result.requests["sent"], 1), (server["source"], server["requests"], server["ratio"]))

    def test_the_servers_process_is_that_of_this_host(self):
        result = soak(*self.arguments("--server-pid", self.server.pid))
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        process = result.report["server"]["process"]
        self.assertEqual(self.server.pid, process["pid"])
        self.assertGreater(process["samples"], 0)

    def test_the_servers_rate_is_in_view_timeline_and_scrape(self):
        timeline = holdfast.folder(self.addCleanup) / "t.jsonl"
        with Run(*self.arguments("--ui", "line", "--metrics", "127.0.0.1:0", "--timeline", timeline, "--server-status",
                                 self.server.status_url, hold="0")) as run:
            url = run.wait_for(r"metrics at (\S+)")[1]
            run.wait_for(r"^time=\S+ phase=hold .* server_rps=[0-9]")
            scraped = urllib.request.urlopen(url, timeout=holdfast.TIMEOUT_SECONDS).read().decode()
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertRegex(scraped, r'holdfast_server_requests_total\{source="stub_status"\} [1-9]')
        lines = [json.loads(line) for line in timeline.read_text().splitlines()]
        self.assertTrue(any(line.get("server_per_second") for line in lines))
        code, out, err = plainly("report", timeline)
        self.assertEqual(0, code, err)
        self.assertIn("stub_status", out)

    def test_a_status_page_that_is_none_is_a_mistake_before_any_load(self):
        code, _, err = plainly(*self.arguments("--server-status", self.server.url))
        self.assertEqual(2, code, err)
        self.assertIn("--server-status", err)
        code, _, err = plainly(*self.arguments("--server-log", "/nowhere/log"))
        self.assertEqual(2, code, err)
        self.assertIn("--server-log", err)

    def test_a_host_that_is_lost_leaves_the_servers_count_no_riddle(self):
        with Run(*self.arguments("--ui", "line", "--server-status", self.server.status_url, hold="6s")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            hit("h2", run.marker, signal.SIGKILL)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(20, result.connections["outcomes"]["worker_lost"])
        server = result.report["server"]
        if server["requests"] > server["client_sent"]:
            self.assertIn("with a worker or a host", result.finding("server_requests")["text"])
            self.assertNotIn("polls of ours", result.out)

    # --- marks and commands ---

    def test_a_command_runs_once_and_every_hosts_losses_count(self):
        folder = holdfast.folder(self.addCleanup)
        with nginx() as server:
            command = f"echo ran >> {folder}/ran; kill -HUP {server.pid}"
            result = soak(*self.arguments("--exec-at", f"2s={command}", "--reconnect", "backoff=100ms..1s", server=server,
                                          hold="14s"))
        self.assertEqual("ran\n", (folder / "ran").read_text())
        marks = set_here(result)
        self.assertEqual(["exec"], [mark["kind"] for mark in marks], marks)
        self.assertEqual(0, marks[0]["exit_code"])
        self.assertGreaterEqual(marks[0]["lost_within"], 40)
        self.assertGreater(marks[0]["window_seconds"], 8)
        self.assertIsNotNone(marks[0]["refill_seconds"])
        self.assertNotIn("number", marks[0])

    def test_a_mark_is_one_mark_and_a_lost_host_is_lost_after_it(self):
        with Run(*self.arguments("--ui", "line", hold="5s")) as run:
            run.wait_for(r"phase=hold .* live=40 ")
            run.signal(signal.SIGUSR2)
            run.wait_for(r"mark: SIGUSR2")
            hit("h2", run.marker, signal.SIGKILL)
            result = run.finish()
        marks = set_here(result)
        self.assertEqual(["SIGUSR2"], [mark["text"] for mark in marks], marks)
        self.assertEqual((20, None), (marks[0]["lost_within"], marks[0]["refill_seconds"]))

    # --- rules ---

    def test_a_rule_of_the_sum_ends_all_hosts(self):
        with Target("--fault", "reset-after=2@50%") as server:
            result = soak(*self.arguments("--abort-on-fail", "--require", "lost<=15", server=server, hold="1h"))
        self.assertEqual((1, "broke"), (result.code, result.verdict), result.err)
        run = result.report["run"]
        self.assertEqual(("lost<=15", False), (run["ended_by_rule"], run["interrupted"]))
        self.assertGreater(result.connections["lost"], 15)
        self.assertEqual(result.connections["live"], result.connections["drain"]["outcomes"]["drained"])
        self.assertIn("by --abort-on-fail: lost<=15 could no longer hold", result.out)

    # --- why connections ended ---

    def closing(self, result, outcome):
        found = [c for c in result.report["lifetimes"]["closings"] if c["outcome"] == outcome]
        self.assertEqual(1, len(found), result.report["lifetimes"])
        return found[0]

    def test_a_cause_is_found_in_the_endings_of_all_hosts(self):
        """4 endings of each host are too few to say anything: of all three they are a number of requests."""
        with Target("--keepalive-requests", "7") as server:
            result = soak("--hosts", "h1,h2,h3", "--remote", REMOTE, "-c", "12", "-r", "1000", "-i", "50ms..450ms", "-d", "1h",
                          server.url)
        closing = self.closing(result, "closed_announced")
        self.assertEqual((12, 12, "requests", 7), (closing["count"], closing["sampled"], closing["dimension"], closing["value"]))
        survival = result.report["lifetimes"]["survival"]
        self.assertEqual((12, 0), (survival["connections"], survival["censored"]))

    def test_of_a_lost_host_endings_are_counted_and_no_more(self):
        with Target("--keepalive-requests", "20") as server, \
                Run("--hosts", "h1,h2", "--remote", REMOTE, "-c", "40", "-r", "1000", "-i", "20ms..180ms", "-d", "1h", "--ui",
                    "line", "--reconnect", "backoff=100ms..200ms", server.url) as run:
            run.wait_for(r"closed=(?:[4-9]\d|\d{3}) ")
            hit("h2", run.marker, signal.SIGKILL)
            run.wait_for(r"h2 is lost")
            run.signal(signal.SIGINT)
            result = run.finish()
        closing = self.closing(result, "closed_announced")
        self.assertEqual(result.outcomes["closed_announced"], closing["count"])
        self.assertGreater(closing["count"], closing["sampled"])
        self.assertEqual(("requests", 20), (closing["dimension"], closing["value"]))
        self.assertIsNone(result.report["lifetimes"]["survival"])

    # --- the start ---

    def test_all_begin_at_the_time_that_was_asked_for(self):
        before = time.time()
        result = soak(*self.arguments("--start-at", "+3s", hold="1s"))
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertGreaterEqual(time.time() - before, 3 + 1)
        self.assertIsNotNone(result.report["plan"]["start_at"])

    def test_an_interrupt_before_that_time_ends_it_without_any_load(self):
        with Run(*self.arguments("--start-at", "+1h"), report="") as run:
            run.wait_for(r"the ramp begins at")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
        self.assertEqual(0, result.connections["attempted"])


if __name__ == "__main__":
    holdfast.main()
