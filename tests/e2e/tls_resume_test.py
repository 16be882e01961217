#!/usr/bin/env python3
"""--tls-resume against nginx (tickets on and off, TLS 1.3 and 1.2, with and without a session cache), openssl s_server
and our own target; a certificate that changes in mid-run; what is refused is told."""

import pathlib
import re
import shutil
import subprocess
import unittest
import urllib.request

import holdfast
from holdfast import Run, eventually, folder, or_skip, plainly, soak
from sparring import Target
from storms import StormyNginx
from tls_test import TlsNginx, answers, certify

COUNT = 10
BACK = ("-d", "2s", "-i", "50ms", "--reconnect", "backoff=10ms..50ms", "--require", "live>=0")
SLOTS = ("-c", COUNT, *BACK)


def nginx(**settings):
    """Each connection has a few requests."""
    return or_skip(TlsNginx, "tls", settings={"keepalive_requests": "4", **settings})


def told(result):
    """What was counted of TLS, which adds up."""
    tls, connections = result.connections["tls"], result.connections
    assert tls["full"] + tls["resumed"] == connections["opened"], (tls, connections)
    assert tls["failed"] == {} and tls["resumptions_refused"] <= tls["full"], tls
    return tls


class Nginx(unittest.TestCase):
    def soak(self, server, *arguments):
        result = soak(*SLOTS, *server.trusted, *arguments, server.url)
        self.assertEqual({"closed_announced"}, set(result.outcomes), result.out)
        return result, told(result)

    def expect_resumed(self, *arguments, **settings):
        """Each slot's first handshake is a full one, and no other."""
        with nginx(**settings) as server:
            result, tls = self.soak(server, "--tls-resume", "reconnect", *arguments)
        self.assertEqual((COUNT, 0), (tls["full"], tls["resumptions_refused"]), result.out)
        self.assertGreater(tls["resumed"], COUNT)
        self.assertIsNone(result.finding("resumption_refused"))
        self.assertIn(f"{COUNT} full   ", result.out)
        return result

    def expect_refused(self, *arguments, **settings):
        with nginx(**settings) as server:
            result, tls = self.soak(server, "--tls-resume", "reconnect", *arguments)
        finding = result.finding("resumption_refused")
        self.assertEqual((0, tls["full"] - COUNT), (tls["resumed"], tls["resumptions_refused"]))
        self.assertEqual("warn", finding["status"])
        self.assertIn("the server resumed 0, and made", finding["text"])
        self.assertIn("ssl_session_tickets", finding["do"][0])
        self.assertIn("resumption refused", result.out)

    def test_a_slot_that_is_opened_again_resumes(self):
        result = self.expect_resumed()
        self.assertTrue(result.report["target"]["tls"]["detached"])
        self.assertEqual("reconnect", result.report["plan"]["tls_resume"])
        tls = result.connections["tls"]
        # nginx gives two for a full handshake, and one for a resumed one.
        self.assertLessEqual(tls["tickets"], 2 * tls["full"] + tls["resumed"])

    def test_tls_1_2_resumes_too(self):
        tls = self.expect_resumed(ssl_protocols="TLSv1.2").connections["tls"]
        self.assertEqual(tls["full"], tls["tickets"])

    def test_each_suite_resumes(self):
        for suite in ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
            self.expect_resumed("--tls13-ciphers", suite)

    def test_without_tickets_a_session_cache_does(self):
        for protocols in ("TLSv1.3", "TLSv1.2"):
            self.expect_resumed(ssl_protocols=protocols,
                                ssl_session_tickets="off; ssl_session_cache shared:sessions:1m")

    def test_without_either_the_server_refuses_and_that_is_told(self):
        self.expect_refused(ssl_session_tickets="off")

    def test_never_is_the_default(self):
        with nginx() as server:
            result, tls = self.soak(server)
        self.assertEqual((0, 0), (tls["resumed"], tls["resumptions_refused"]))
        # Those of a connection that was up when the run ended may not have been read.
        self.assertLessEqual(2 * (tls["full"] - COUNT), tls["tickets"])
        self.assertLessEqual(tls["tickets"], 2 * tls["full"])

    def test_always_needs_no_slot_of_its_own(self):
        with nginx(keepalive_requests="1000000") as server:
            result = soak("-c", 60, "-r", "1/10ms", "-d", "100ms", "-w", 1, *server.trusted, "--tls-resume", "always",
                          server.url)
            tls = told(result)
        self.assertEqual("held", result.verdict)
        self.assertGreater(tls["resumed"], 30)
        self.assertEqual(0, tls["resumptions_refused"])

    def test_a_server_that_was_away_is_asked_by_the_same_tickets(self):
        with or_skip(StormyNginx, "tls") as server, \
                Run("-c", COUNT, "-d", "60s", "-i", "50ms", "--reconnect", "backoff=10ms..50ms", "--ui", "line",
                    *server.trusted, "--tls-resume", "reconnect", server.url) as run:
            run.wait_for_phase("hold")
            server.halt()
            eventually(lambda: re.search(r"live=0 .*errored=[1-9]\d\d", run.err), "it was tried often")
            server.start_again()
            run.wait_for(f"all {COUNT} are live again")
            run.signal(holdfast.signal.SIGINT)
            result = run.finish()
        tls = result.connections["tls"]
        self.assertGreater(result.outcomes["refused"], COUNT)
        # All but those whose handshake the end of the server cut.
        self.assertGreater(tls["resumed"], 0, result.out)
        self.assertEqual(0, tls["resumptions_refused"])

    def test_a_scrape_tells_both_kinds(self):
        with nginx() as server, Run(*SLOTS[:2], "-d", "60s", *SLOTS[4:], *server.trusted, "--tls-resume", "reconnect",
                                    "--metrics", "127.0.0.1:0", "--ui", "line", server.url) as run:
            url = run.wait_for(r"metrics at (http://127\.0\.0\.1:[1-9]\d*/metrics)").group(1)

            def count(kind):
                page = urllib.request.urlopen(url, timeout=holdfast.TIMEOUT_SECONDS).read().decode()
                found = re.search(rf'^holdfast_tls_handshakes_total{{kind="{kind}"}} (\d+)', page, re.MULTILINE)
                return int(found.group(1)) if found else 0
            eventually(lambda: count("resumed") > COUNT, "connections are resumed")
            self.assertEqual(COUNT, count("full"))
            run.signal(holdfast.signal.SIGINT)
            run.finish()


class OtherServers(unittest.TestCase):
    def test_openssl_s_server_resumes(self):
        place = folder(self.addCleanup)
        cert, key = certify(place)
        with holdfast.listener() as taken:
            port = taken.getsockname()[1]
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key,
                                   "-www", "-quiet"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: answers(port), "openssl s_server listens")
            result = soak("-c", 1, *BACK, "-X", "GET", "--cacert", cert, "--tls-resume", "reconnect", "--no-check",
                          f"https://localhost:{port}/")
        finally:
            server.kill()
            server.wait()
        tls = told(result)
        self.assertEqual((1, 0), (tls["full"], tls["resumptions_refused"]), result.out)
        self.assertGreater(tls["resumed"], 3)

    def of_target(self, tickets, resume):
        with Target("--tls", "--keepalive-requests", "3", "--tls-tickets", tickets, "--workers", "2") as target:
            result = soak(*SLOTS, "--insecure", "--no-check", "--tls-resume", resume, target.url)
            stats = target.stats_when_closed()
        tls = told(result)
        self.assertEqual((tls["resumed"], tls["full"]), (stats["tls"]["resumed"], stats["tls"]["full"] - stats["requests"]["pages"]))
        return tls

    def test_our_target_counts_the_same(self):
        tls = self.of_target(2, "reconnect")
        self.assertEqual((COUNT, 0), (tls["full"], tls["resumptions_refused"]))
        self.assertGreater(tls["resumed"], COUNT)

    def test_who_gives_no_tickets_is_asked_for_nothing(self):
        tls = self.of_target(0, "always")
        self.assertEqual((0, 0, 0), (tls["resumed"], tls["resumptions_refused"], tls["tickets"]))

    def test_the_status_page_is_polled_over_one_connection_that_resumes(self):
        with nginx(keepalive_requests="2") as server:
            result = soak("-c", 1, "-d", "2500ms", "-i", "100ms", "--reconnect", "backoff=10ms..50ms", "--require",
                          "live>=0", *server.trusted, "--tls-resume", "reconnect", "--server-status",
                          server.url + "nginx_status", server.url)
        self.assertIsNotNone(result.report["server"])
        self.assertGreater(told(result)["resumed"], 0)


class Certificates(unittest.TestCase):
    def test_a_certificate_that_changes_in_mid_run_is_told(self):
        with nginx(keepalive_requests="1000000") as server:
            both = pathlib.Path(server.prefix) / "both.pem"
            renewed = [pathlib.Path(made) for made in certify(server.prefix, "renewed", days=90)]
            both.write_text((server.prefix / "server.pem").read_text() + renewed[0].read_text())
            with Run("-c", COUNT, "-d", "60s", "-i", "50ms", "--reconnect", "backoff=10ms..50ms", "--ui", "line",
                     "--cacert", both, "--tls-resume", "reconnect", server.url) as run:
                run.wait_for_phase("hold")
                shutil.copy(renewed[0], server.prefix / "server.pem")
                shutil.copy(renewed[1], server.prefix / "server.key")
                server.reload()
                run.wait_for(rf"live={COUNT} .* closed={COUNT} ")
                run.signal(holdfast.signal.SIGINT)
                result = run.finish()
        tls, finding = told(result), result.finding("certificate_changed")
        # A reload makes new ticket keys: what was kept is refused, and shows the new certificate.
        others = tls["full"] - COUNT
        self.assertGreater(others, 0)
        self.assertEqual((others, others), (tls["other_certificates"], tls["resumptions_refused"]), result.out)
        self.assertEqual(("warn", others), (finding["status"], finding["have"]))
        self.assertRegex(finding["text"], r"changed during the run, \d+\.\d s into it, from CN=localhost until "
                                          r"20\d\d-\d\d-\d\d .* UTC to CN=localhost until 20\d\d-\d\d-\d\d .* UTC: "
                                          rf"{others} of {tls['full']} full handshakes")

    def test_the_same_certificate_is_no_finding(self):
        with nginx() as server:
            result = soak(*SLOTS, *server.trusted, server.url)
        self.assertIsNone(result.finding("certificate_changed"))
        self.assertEqual(0, told(result)["other_certificates"])

    def test_an_end_without_close_notify_is_told(self):
        with Target("--tls", "--fault", "tls-no-notify", "--keepalive-timeout", "300ms") as target:
            result = soak("-c", COUNT, "-d", "20s", "-i", "60s", "--insecure", "--no-check", target.url)
        self.assertEqual({"closed_idle": COUNT}, result.outcomes)
        self.assertEqual(("warn", COUNT), tuple(result.finding("without_close_notify")[name] for name in ("status", "have")))


class BadInput(unittest.TestCase):
    def test_what_is_no_choice_is_refused(self):
        code, out, err = plainly("--tls-resume", "sometimes", "https://127.0.0.1:9/")
        self.assertEqual((2, "", 1), (code, out, err.count("\n")))
        self.assertIn("never|reconnect|always", err)


if __name__ == "__main__":
    holdfast.main(jobs=3)
