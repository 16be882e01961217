#!/usr/bin/env python3
"""https against servers as people run them: nginx, Apache httpd, HAProxy, lighttpd, Node, Caddy, hitch, gnutls-serv and
openssl s_server. Each is held over TLS 1.3 and 1.2 with nothing lost, and what each does in its own way (tickets, the end
of an idle connection, the refusal of a client) is counted as what it is."""

import re
import signal
import ssl
import unittest

import holdfast
from certificate import certify
from holdfast import eventually, folder, or_skip, soak
from nginx import Nginx
from servers import Apache, Caddy, GnutlsServ, HAProxy, Hitch, Lighttpd, Node, OpensslServer, TlsNginx

COUNT = 50 if holdfast.SANITIZED else 200  # what is between us and a server is the same for each
PATIENT = ("--timeout", "20s", "--connect-timeout", "20s")
HELD = ("-c", COUNT, "-r", "20/10ms", "-d", "1s", "-i", "200ms..600ms", *PATIENT)
# One request each, and then nothing that would keep them.
IDLE = ("-c", COUNT, "-r", "20/10ms", "-d", "30s", "-i", "60s", *PATIENT)


class Case(unittest.TestCase):
    suite = "TLS_AES_128_GCM_SHA256"  # of TLS 1.3, by the client's order or the server's own

    def expect_held(self, result, version="TLSv1.3", tickets=2):
        tls, of_target = result.connections["tls"], result.report["target"]["tls"]
        self.assertEqual((result.verdict, result.connections["live"]), ("held", COUNT), result.out + result.err)
        self.assertEqual((result.connections["lost"], result.outcomes), (0, {}))
        self.assertEqual((tls["full"], tls["failed"], tls["broken"], tls["alerts"]), (COUNT, {}, {}, {}))
        self.assertEqual(result.requests["sent"], result.requests["answered"])
        self.assertGreaterEqual(result.requests["answered"], COUNT)
        self.assertEqual((of_target["version"], of_target["verified"]), (version, True))
        self.assertEqual(of_target["detached"], version == "TLSv1.3")
        self.assertIn("localhost", of_target["names"])
        if version == "TLSv1.3":
            self.assertEqual((of_target["cipher"], tls["tickets"]), (self.suite, tickets * COUNT))

    def expect_idle_ends(self, result, notified=True):
        """The server ended each, idle."""
        self.assertEqual(result.outcomes, {"closed_idle": COUNT}, result.out + result.err)
        self.assertEqual(result.connections["tls"]["closed_without_notify"], 0 if notified else COUNT)
        self.assertEqual(result.requests["answered"], COUNT)

    def expect_refused(self, server, alert, tickets=2):
        """A client without a certificate is told so by an alert: in TLS 1.3 once it is up."""
        told = soak(*HELD, *server.trusted, server.url)
        self.assertEqual(told.verdict, "no_target", told.out)
        self.assertIn("alert", told.finding("target")["text"])
        result = soak(*HELD, *server.trusted, "--no-check", server.url)
        self.assertEqual(result.outcomes, {"tls_alert": COUNT}, result.out)
        self.assertEqual(result.connections["tls"]["alerts"], {str(alert): COUNT})
        self.expect_held(soak(*HELD, *server.trusted, *server.client, server.url), tickets=tickets)


class NginxTest(Case):
    def nginx(self, **settings):
        return or_skip(TlsNginx, "tls", settings=settings)

    def test_tls_1_3_is_held_and_logged(self):
        with self.nginx() as server:
            result = soak(*HELD, *server.trusted, server.url)
            self.expect_held(result)
            eventually(lambda: server.access_lines() == result.requests["answered"] + 1, "all are logged")

    def test_tickets_off_are_stateful_ones(self):
        with self.nginx(ssl_session_tickets="off") as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url))

    def test_tls_1_2_alone_is_held(self):
        with self.nginx(ssl_protocols="TLSv1.2") as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url), "TLSv1.2")

    def test_the_end_of_an_idle_connection_is_notified(self):
        with self.nginx(keepalive_timeout="1s") as server:
            self.expect_idle_ends(soak(*IDLE, *server.trusted, server.url))

    def test_a_client_without_its_certificate_is_answered_400(self):
        with self.nginx(ssl_verify_client="on") as server:
            self.expect_held(soak(*HELD, *server.trusted, *server.client, server.url))
            result = soak(*HELD, *server.trusted, "--no-check", server.url)
            self.assertEqual(set(result.requests["by_status"]), {"400"})
            self.assertEqual(result.connections["tls"]["alerts"], {})

    def reload(self, trusts_next):
        """A run across a reload with another certificate; those that it ended connect again."""
        place = folder(self.addCleanup)
        cert, key = certify(place)
        with self.nginx() as server:
            trusted = place / "trusted.pem"
            trusted.write_bytes((server.prefix / "server.pem").read_bytes() + (cert.read_bytes() if trusts_next else b""))
            with holdfast.Run("-c", COUNT, "-r", "20/10ms", "-d", "0", "-i", "100ms..300ms", *PATIENT, "--ui", "line",
                              "--reconnect", "backoff=10ms..500ms", "--cacert", trusted, server.url) as run:
                run.wait_for_phase("hold")
                for new, old in ((cert, "server.pem"), (key, "server.key")):
                    (server.prefix / old).write_bytes(new.read_bytes())
                server.reload()
                yield run, server
                run.signal(signal.SIGINT)
                yield run.finish()

    def test_those_that_a_reload_ended_shake_hands_with_the_new_certificate(self):
        steps = self.reload(trusts_next=True)
        run, server = next(steps)
        run.wait_for(rf"phase=hold .* live={COUNT} connecting=0 closed=[1-9]")
        shown = ssl.get_server_certificate(("127.0.0.1", server.port))
        self.assertEqual(shown, (server.prefix / "server.pem").read_text())
        result = next(steps)
        self.assertEqual((result.connections["live"], result.connections["tls"]["failed"]), (COUNT, {}), result.out)
        self.assertGreater(result.connections["reconnected"], 0)
        self.assertEqual(result.connections["tls"]["full"], COUNT + result.connections["reconnected"])

    def test_those_that_do_not_trust_the_new_certificate_fail_as_that(self):
        steps = self.reload(trusts_next=False)
        run, _ = next(steps)
        run.wait_for(r"phase=hold .* live=0 ")
        result = next(steps)
        self.assertGreater(result.outcomes["tls_failed"], 0)
        self.assertEqual(set(result.connections["tls"]["failed"]), {"self_signed"})


class ApacheTest(Case):
    def apache(self, lines="", keepalive_timeout=60, **options):
        return or_skip(Apache, tls=True, lines=lines, keepalive_timeout=keepalive_timeout, **options)

    def test_tls_1_3_is_held_by_both_kinds_of_processes(self):
        for mpm in ("event", "prefork"):
            with self.apache(mpm=mpm) as server:
                self.expect_held(soak(*HELD, *server.trusted, server.url))

    def test_tls_1_2_alone_is_held(self):
        with self.apache("SSLProtocol TLSv1.2") as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url), "TLSv1.2")

    def test_the_end_of_an_idle_connection_is_notified(self):
        with self.apache(keepalive_timeout=1) as server:
            self.expect_idle_ends(soak(*IDLE, *server.trusted, server.url))

    def test_a_client_without_its_certificate_is_alerted(self):
        with self.apache("SSLVerifyClient require\nSSLCACertificateFile @PREFIX@/server.pem") as server:
            self.expect_refused(server, 116)

    def test_a_place_that_asks_for_a_certificate_after_the_handshake_is_forbidden(self):
        place = "<Location />\nSSLVerifyClient require\n</Location>\nSSLCACertificateFile @PREFIX@/server.pem"
        with self.apache(place) as server:
            result = soak(*HELD, *server.trusted, *server.client, "--no-check", server.url)
            self.assertEqual(set(result.requests["by_status"]), {"403"}, result.out)


class HAProxyTest(Case):
    suite = "TLS_AES_256_GCM_SHA384"

    def haproxy(self, bind="", **options):
        return or_skip(HAProxy, tls=True, bind=bind, **options)

    def test_tls_1_3_and_tls_1_2_are_held(self):
        with self.haproxy() as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url))
        with self.haproxy("ssl-max-ver TLSv1.2") as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url), "TLSv1.2")

    def test_the_end_of_an_idle_connection_is_notified(self):
        with self.haproxy(keepalive_timeout=1) as server:
            self.expect_idle_ends(soak(*IDLE, *server.trusted, server.url))

    def test_a_client_without_its_certificate_is_alerted(self):
        with self.haproxy("verify required ca-file @PREFIX@/server.pem") as server:
            self.expect_refused(server, 116)


class LighttpdTest(Case):
    def lighttpd(self, lines="", **options):
        return or_skip(Lighttpd, tls=True, lines=lines, **options)

    def test_tls_1_3_and_tls_1_2_are_held(self):
        with self.lighttpd() as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url))
        with self.lighttpd('ssl.openssl.ssl-conf-cmd = ("MaxProtocol" => "TLSv1.2")') as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url), "TLSv1.2")

    def test_an_idle_connection_ends_with_close_notify_and_not_with_the_fin_seconds_later(self):
        with self.lighttpd(keepalive_timeout=1) as server:
            result = soak(*IDLE, *server.trusted, server.url)
            self.expect_idle_ends(result)
            self.assertLess(result.report["run"]["hold_seconds"], 6)

    def test_a_client_without_its_certificate_is_alerted(self):
        lines = ('ssl.verifyclient.activate = "enable"\nssl.verifyclient.enforce = "enable"\n'
                 'ssl.ca-file = "@PREFIX@/server.pem"')
        with self.lighttpd(lines) as server:
            self.expect_refused(server, 116)


class NodeTest(Case):
    suite = "TLS_AES_256_GCM_SHA384"

    def node(self, lines="", timeout_ms=60000, **options):
        return or_skip(Node, tls=True, lines=lines, timeout_ms=timeout_ms, **options)

    def test_tls_1_3_and_tls_1_2_are_held(self):
        with self.node() as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url))
        with self.node('maxVersion: "TLSv1.2"') as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url), "TLSv1.2")

    def test_the_end_of_an_idle_connection_is_not_notified_and_idle_all_the_same(self):
        with self.node(timeout_ms=1000) as server:
            self.expect_idle_ends(soak(*IDLE, *server.trusted, server.url), notified=False)

    def test_the_end_of_a_connection_after_its_last_request_is_announced(self):
        with self.node(requests=2) as server:
            result = soak(*HELD, *server.trusted, server.url)
            self.assertEqual(result.outcomes, {"closed_announced": COUNT}, result.out)
            self.assertEqual(result.requests["answered"], 2 * COUNT)


class CaddyTest(Case):
    def caddy(self, lines="", **options):
        return or_skip(Caddy, tls=True, lines=lines, **options)

    def test_tls_1_3_and_tls_1_2_are_held_and_one_ticket_is_given(self):
        with self.caddy() as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url), tickets=1)
        with self.caddy("protocols tls1.2 tls1.2") as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url), "TLSv1.2")

    def test_the_end_of_an_idle_connection_is_notified(self):
        with self.caddy(keepalive_timeout=1) as server:
            self.expect_idle_ends(soak(*IDLE, *server.trusted, server.url))

    def test_a_client_without_its_certificate_is_alerted(self):
        lines = "client_auth {\nmode require_and_verify\ntrusted_ca_cert_file @PREFIX@/server.pem\n}"
        with self.caddy(lines) as server:
            self.expect_refused(server, 42, tickets=1)


class HitchTest(Case):
    def test_what_it_passes_on_is_what_nginx_behind_it_logs(self):
        with or_skip(Nginx, "soak") as behind, or_skip(Hitch, behind.port) as server:
            result = soak(*HELD, *server.trusted, server.url)
            self.expect_held(result)
            eventually(lambda: behind.access_lines() == result.requests["answered"] + 1, "all are logged")


class OneAnswerEach(Case):
    """Servers that end each connection with its answer, a body that is read until then."""

    def expect_answered(self, server, count, *arguments):
        result = soak("-c", count, "-r", f"{count}/1s", "-d", "10s", "-X", "GET", *PATIENT, *arguments, *server.trusted,
                      server.url)
        self.assertEqual(result.outcomes, {"closed_announced": count}, result.out + result.err)
        self.assertEqual(result.requests["answered"], count)
        self.assertEqual(result.connections["tls"]["closed_without_notify"], 0)
        return result

    def test_gnutls_serv_asks_for_a_certificate_and_does_without(self):
        for version, priority in (("TLSv1.3", "NORMAL"), ("TLSv1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.2")):
            with or_skip(GnutlsServ, f"--priority {priority}") as server:
                result = self.expect_answered(server, COUNT)
                self.assertEqual(result.report["target"]["tls"]["version"], version)

    def test_openssl_s_server_answers_one_after_the_other(self):
        with or_skip(OpensslServer, "-www -quiet") as server:
            self.expect_answered(server, COUNT)

    def test_openssl_s_server_with_any_number_of_tickets_padding_and_a_second_hello(self):
        for words, tickets in (("-num_tickets 0 -record_padding 512", 0), ("-num_tickets 5 -groups P-384", 5)):
            with or_skip(OpensslServer, f"-www -quiet {words}") as server:
                result = self.expect_answered(server, 20)
                self.assertEqual(result.connections["tls"]["tickets"], 20 * tickets)
                self.assertEqual(result.report["target"]["tls"]["group"] == "secp384r1", "P-384" in words)


class KeyUpdates(unittest.TestCase):
    def test_what_openssl_s_server_asks_for_is_answered_in_front_of_the_next_request(self):
        answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        with or_skip(OpensslServer, "-msg") as server, \
                holdfast.Run("-c", 1, "-n", 4, "-i", "50ms", "--timeout", "60s", "--no-check", *server.trusted,
                             server.url) as run:
            def seen(pattern, count):
                eventually(lambda: len(re.findall(pattern, server.output())) >= count, f"{count} times {pattern}")
            for number, command in enumerate((None, "K", "k", None), 1):
                seen("HEAD / HTTP/1.1", number)
                if command:
                    server.say(command + "\n")
                    seen(">>> TLS 1.3, Handshake .*, KeyUpdate", number - 1)
                server.say(answer)
            result = run.finish()
            self.assertEqual(len(re.findall("<<< TLS 1.3, Handshake .*, KeyUpdate", server.output())), 1)
        tls = result.connections["tls"]
        self.assertEqual((result.verdict, result.requests["answered"]), ("held", 4), result.out)
        self.assertEqual((tls["key_updates_in"], tls["key_updates_out"]), (2, 1))


if __name__ == "__main__":
    holdfast.main()
