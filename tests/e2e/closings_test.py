#!/usr/bin/env python3
"""Why connections ended is told by name and number, from a run alone, of servers that really end them."""

import subprocess
import unittest

import holdfast
from holdfast import Run, nginx, or_skip, soak
from servers import Apache, Node
from sparring import Target

RAMP = ("-r", "10/10ms", "--ui", "line")
SLOW = ("-r", "1/10ms", "--ui", "line")


def apache(**settings):
    return or_skip(Apache, **settings)


def node(**settings):
    return or_skip(Node, **settings)


class Case(unittest.TestCase):
    def closing(self, result, outcome):
        """The report's entry of that outcome; it accounts for each of its members."""
        found = [c for c in result.report["lifetimes"]["closings"] if c["outcome"] == outcome]
        self.assertEqual(1, len(found), result.report["lifetimes"])
        self.assertEqual(result.outcomes[outcome], found[0]["count"])
        return found[0]

    def told(self, result, outcome, dimension, directive, code, least=5):
        closing = self.closing(result, outcome)
        self.assertEqual((dimension, directive), (closing["dimension"], closing["directive"]), closing)
        self.assertGreaterEqual(closing["count"], least)
        self.assertIn(directive, closing["text"])
        self.assertIn(f"{outcome}, {closing['text']}", result.out)
        finding = result.finding(code)
        self.assertIsNotNone(finding, result.report["findings"])
        self.assertIn(directive, finding["text"])
        self.assertTrue(finding["do"])
        return closing, finding


class IdleTimeouts(Case):
    def test_nginx_with_a_keepalive_timeout_of_5_s_where_60_s_were_expected(self):
        with nginx(keepalive_timeout="5s") as server:
            result = soak("-c", 200, *RAMP, "-k", "60s", "-d", "7s", server.url)
        closing, finding = self.told(result, "closed_idle", "idle", "keepalive_timeout 5s", "idle_timeout", 100)
        self.assertAlmostEqual(5, closing["value_seconds"], delta=0.3)
        self.assertIn("(-k is 60s)", closing["text"])
        self.assertIn("--keepalive 5s", finding["do"])
        self.assertEqual(5, finding["have"])

    def test_apache_with_a_keep_alive_timeout_of_5_s(self):
        with apache(keepalive_timeout=5) as server:
            result = soak("-c", 100, *RAMP, "-k", "60s", "-d", "7s", server.url)
        self.told(result, "closed_idle", "idle", "KeepAliveTimeout 5", "idle_timeout", 50)

    def test_node_with_a_keep_alive_timeout_of_5_s_however_much_later_it_closes(self):
        with node(timeout_ms=5000) as server:
            result = soak("-c", 100, *RAMP, "-k", "60s", "-d", "8s", server.url)
        self.told(result, "closed_idle", "idle", "server.keepAliveTimeout = 5000", "idle_timeout", 50)


class RequestLimits(Case):
    def test_nginx_with_keepalive_requests_20(self):
        with nginx(keepalive_requests="20") as server:
            result = soak("-c", 200, *RAMP, "-i", "50ms..250ms", "-d", "7s", server.url)
        closing, _ = self.told(result, "closed_announced", "requests", "keepalive_requests 20", "request_limit", 200)
        self.assertEqual((20, 20, 20), (closing["value"], closing["answers"]["min"], closing["answers"]["max"]))

    def test_apache_with_10_requests_a_connection_of_which_it_does_not_count_the_first(self):
        with apache(requests=10) as server:
            result = soak("-c", 50, *RAMP, "-i", "50ms..250ms", "-d", "4s", server.url)
        self.told(result, "closed_announced", "requests", "MaxKeepAliveRequests 10", "request_limit", 50)

    def test_node_with_20_requests_a_socket(self):
        with node(requests=20) as server:
            result = soak("-c", 50, *RAMP, "-i", "50ms..250ms", "-d", "7s", server.url)
        self.told(result, "closed_announced", "requests", "server.maxRequestsPerSocket = 20", "request_limit", 50)


class AgeLimits(Case):
    def test_nginx_with_a_keepalive_time_of_10_s(self):
        with nginx(keepalive_time="10s") as server:
            # A ramp of 4 s: after one of 200 ms a restart at 10 s would look the same to a busy machine.
            result = soak("-c", 200, "-r", "1/20ms", "--ui", "line", "-i", "200ms..1s", "-d", "11s", "-w", 2, server.url)
        closing, _ = self.told(result, "closed_announced", "age", "keepalive_time 10s", "age_limit", 200)
        self.assertAlmostEqual(10, closing["value_seconds"], delta=0.3)


class OfOurOwnTarget(Case):
    """With what the server really did to stand against, to the connection."""

    def inferred_exactly(self, target, outcome, dimension, ending, *arguments, ramp=RAMP):
        with Target(*target) as sparring:
            result = soak("-c", 100, *ramp, "--no-check", "--timeout", "30s", *arguments, sparring.url)
            stats = sparring.stats_when_closed()
        closing = self.closing(result, outcome)
        self.assertEqual((dimension, 100, 100),
                         (closing["dimension"], closing["count"], stats["connections"]["endings"][ending]))
        return closing

    def test_an_idle_timeout_of_2_s_that_is_announced(self):
        closing = self.inferred_exactly(("--keepalive-timeout", "2s"), "closed_idle", "idle", "keepalive_timeout",
                                    "-i", "10s", "-d", "4s")
        self.assertIn("a keep-alive timeout of 2s, as its answers say", closing["text"])

    def test_a_limit_of_7_requests(self):
        closing = self.inferred_exactly(("--keepalive-requests", "7"), "closed_announced", "requests", "keepalive_requests",
                                    "-i", "50ms..250ms", "-d", "4s")
        self.assertEqual((7, 7, 7), (closing["value"], closing["answers"]["min"], closing["answers"]["max"]))

    def test_an_age_of_2_s(self):
        # Over a second: what is opened at once is of one age at any moment, and then it might be a restart.
        closing = self.inferred_exactly(("--max-age", "2s"), "closed_announced", "age", "max_age",
                                    "-i", "50ms..500ms", "-d", "4s", ramp=SLOW)
        self.assertAlmostEqual(2, closing["value_seconds"], delta=0.3)


class Moments(Case):
    def test_a_reload_of_nginx_is_seen_by_its_moment(self):
        # Opened over two seconds: a busy nginx takes its time too, and that must not look like one age.
        with nginx() as server, Run("-c", 200, "-r", "1/10ms", "--ui", "line", "-i", "500ms..3s", "-d", "5s",
                                server.url) as run:
            run.wait_for(r"phase=hold t=4")
            subprocess.run(["kill", "-HUP", str(server.pid)], check=True)
            result = run.finish()
        self.told(result, "closed_idle", "moment", "a restart, or nginx -s reload", "ended_together", 100)


class Levels(Case):
    def test_nginx_that_runs_out_of_worker_connections_closes_idle_ones(self):
        with nginx(worker_connections="512") as server:
            result = soak("-c", 1000, "-r", "500/1s", "--ui", "line", "-k", "60s", "-d", "4s", server.url)
        self.told(result, "closed_idle", "level", "worker_connections", "connection_limit", 100)


class Nothing(Case):
    def test_a_run_in_which_nothing_ends_has_no_lifetimes(self):
        with nginx() as server:
            result = soak("-c", 20, *RAMP, "-i", "200ms", "-d", "1s", server.url)
        self.assertIsNone(result.report["lifetimes"])


if __name__ == "__main__":
    holdfast.main()
