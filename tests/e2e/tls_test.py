#!/usr/bin/env python3
"""https, as users ask for it: held and counted against nginx (TLS 1.3 and 1.2, with and without tickets, with client
certificates, across a reload), openssl s_server and our own target with its rules of TLS; what is no TLS, or not to be
trusted, is no target, in words."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import ssl
import struct
import subprocess
import threading
import unittest

import holdfast
from certificate import certify
from holdfast import eventually, folder, or_skip, plainly, soak
from nginx import Nginx
from servers import TlsNginx
from sparring import Target

COUNT = 20
HELD = ("-c", COUNT, "-d", "1s", "-i", "100ms")


def nginx(**settings):
    return or_skip(TlsNginx, "tls", settings=settings)


class RealServers(unittest.TestCase):
    def expect_held(self, result, count=COUNT):
        tls = result.connections["tls"]
        self.assertEqual(result.verdict, "held", result.out + result.err)
        self.assertEqual(result.connections["live"], count)
        self.assertEqual(tls["full"], count)
        self.assertEqual(result.report["handshake_seconds"]["count"], count)
        self.assertEqual(result.requests["sent"], result.requests["answered"])
        return tls

    def test_nginx_holds_over_tls_1_3_and_logs_what_was_answered(self):
        with nginx() as server:
            result = soak(*HELD, *server.trusted, "--server-status", server.url + "nginx_status", server.url)
            tls = self.expect_held(result)
            self.assertEqual(tls["tickets"], 2 * COUNT)
            of_target = result.report["target"]["tls"]
            self.assertEqual((of_target["version"], of_target["verified"], of_target["detached"]),
                             ("TLSv1.3", True, True))
            self.assertEqual(of_target["cipher"], "TLS_AES_128_GCM_SHA256")
            self.assertIn("localhost", of_target["names"])
            self.assertEqual(result.report["server"]["requests"], result.requests["answered"])
            # and the preflight's one
            eventually(lambda: server.access_lines() == result.requests["answered"] + 1, "all are logged")

    def test_each_suite_of_tls_1_3_is_carried_without_an_object_of_openssl(self):
        with nginx() as server:
            for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
                result = soak(*HELD, *server.trusted, "--tls13-ciphers", suite, server.url)
                self.expect_held(result)
                self.assertEqual(result.report["target"]["tls"]["cipher"], suite)
                self.assertTrue(result.report["target"]["tls"]["detached"])

    def test_without_tickets_nginx_sends_stateful_ones(self):
        with nginx(ssl_session_tickets="off") as server:
            self.expect_held(soak(*HELD, *server.trusted, server.url))

    def test_tls_1_2_is_held_and_the_preflight_says_what_that_costs(self):
        with nginx(ssl_protocols="TLSv1.2") as server:
            result = soak(*HELD, *server.trusted, server.url)
            self.expect_held(result)
            self.assertEqual(result.report["target"]["tls"]["version"], "TLSv1.2")
            self.assertFalse(result.report["target"]["tls"]["detached"])
            self.assertIn("of OpenSSL's", result.finding("tls")["text"])
            refused = soak(*HELD, *server.trusted, "--tls-min", "1.3", server.url)
            self.assertEqual(refused.verdict, "no_target")
            self.assertIn("protocol_version", refused.finding("target")["text"])

    def test_a_client_certificate_is_shown_where_one_is_asked_for(self):
        with nginx(ssl_verify_client="on") as server:
            shown = ("--cert", server.prefix / "server.pem", "--key", server.prefix / "server.key")
            self.expect_held(soak(*HELD, *server.trusted, *shown, server.url))
            without = soak(*HELD, *server.trusted, server.url)
            self.assertEqual(without.verdict, "broke")

    def test_a_reload_with_another_certificate_leaves_open_connections_alone(self):
        with nginx() as server, holdfast.Run("-c", COUNT, "-d", "60s", "-i", "100ms", *server.trusted, server.url) as run:
            run.wait_for_phase("hold")
            certify(server.prefix)
            server.reload()
            result = run.finish()
            # An old worker ends its idle connections, and says so.
            self.assertEqual(set(result.outcomes) - {"closed_idle", "closed_announced", "closed_in_flight"}, set())
            self.assertEqual(result.connections["tls"]["failed"], {})

    def test_openssl_s_server_answers_by_pages(self):
        place = folder(self.addCleanup)
        cert, key = certify(place)
        with holdfast.listener() as taken:
            port = taken.getsockname()[1]
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key, "-www", "-quiet"]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: answers(port), "openssl s_server listens")
            result = soak("-c", 1, "-d", "300ms", "-X", "GET", "--cacert", cert, f"https://localhost:{port}/", "--no-check")
            # It ends each connection with its answer: a body read until the end, which is told.
            self.assertEqual(result.outcomes, {"closed_announced": 1})
            self.assertEqual(result.connections["tls"]["closed_without_notify"], 0)
        finally:
            server.kill()
            server.wait()


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


class RulesOfTheTarget(unittest.TestCase):
    """Each rule hits an exact share; the ledger says the same."""

    def load(self, fault, *arguments):
        with Target("--tls", "--fault", fault) as target:
            return soak("-c", 100, "-d", "1s", "-i", "200ms", "--insecure", "--no-check", *arguments, target.url)

    def test_an_alert_ends_a_live_connection_and_its_number_is_counted(self):
        result = self.load("tls-alert=42@20%")
        self.assertEqual(result.outcomes, {"tls_alert": 20})
        self.assertEqual(result.connections["tls"]["alerts"], {"42": 20})

    def test_what_is_no_record_ends_that_connection_and_no_other(self):
        result = self.load("tls-garbage@20%")
        self.assertEqual(result.outcomes, {"tls_broken": 20})
        self.assertEqual(sum(result.connections["tls"]["broken"].values()), 20)

    def test_a_handshake_that_stalls_is_a_connect_that_times_out(self):
        result = self.load("tls-stall@20%", "--connect-timeout", "2s")
        self.assertEqual(result.outcomes, {"connect_timeout": 20})
        self.assertEqual(result.connections["tls"]["timed_out"], 20)
        self.assertEqual(result.connections["tls"]["begun"], 100)
        self.assertIn("TCP was up, the TLS handshake was not done", result.out)
        self.assertNotIn("a full accept queue", result.out)

    def test_an_end_amid_handshakes_abandons_them(self):
        with holdfast.listener() as stalls, \
                holdfast.Run("-c", 40, "-d", "60s", "--insecure", "--no-check", "--connect-timeout", "60s",
                             holdfast.url_of(stalls).replace("http:", "https:")) as run:
            eventually(lambda: holdfast.connections_at(stalls.getsockname()[1]) >= 40, "all are up, and not secured")
            run.signal(signal.SIGINT)
            result = run.finish()
        self.assertEqual(result.verdict, "inconclusive")
        self.assertEqual(result.outcomes, {})
        self.assertEqual(result.connections["connecting"], 40)
        self.assertEqual(result.connections["drain"]["outcomes"]["abandoned"], 40)

    def test_what_ended_is_connected_and_secured_again(self):
        result = self.load("close-after=1@50%", "--reconnect", "backoff=10ms..100ms")
        self.assertEqual(result.connections["reconnected"], result.connections["tls"]["full"] - 100)
        self.assertGreater(result.connections["reconnected"], 50)
        self.assertEqual(set(result.outcomes), {"closed_idle"})
        self.assertEqual(result.connections["tls"]["closed_without_notify"], 0)

    def test_key_updates_are_followed_and_answered(self):
        result = self.load("tls-key-update=2@100%")
        tls = result.connections["tls"]
        self.assertEqual(result.verdict, "held", result.out)
        self.assertGreaterEqual(tls["key_updates_in"], 100)
        self.assertGreater(tls["key_updates_out"], 0)


class NoTarget(unittest.TestCase):
    def expect(self, words, *arguments):
        result = soak("-c", 1, "-d", "100ms", *arguments)
        self.assertEqual(result.code, 5, result.out + result.err)
        self.assertEqual(result.connections["attempted"], 0)
        self.assertIn(words, result.finding("target")["text"])

    def test_what_is_not_to_be_trusted_is_no_target_and_says_why(self):
        with nginx() as server:
            self.expect("signed by itself", server.url)
            self.expect("bears other names: localhost, 127.0.0.1", *server.trusted, "--sni", "example.com", server.url)
            other, _ = certify(folder(self.addCleanup))
            self.expect("signed by itself", "--cacert", other, server.url)
            result = soak("-c", 1, "-d", "100ms", "--insecure", server.url)
            self.assertEqual(result.verdict, "held")
            self.assertIn("--insecure", result.out)
            self.assertFalse(result.report["target"]["tls"]["verified"])
            self.assertEqual(result.finding("tls")["status"], "warn")

    def test_a_certificate_that_expires_before_the_planned_end_is_warned_of(self):
        with nginx() as server:
            code, out, _ = plainly("check", "-d", "60d", *server.trusted, server.url)
            self.assertIn("before the planned end", out)
            self.assertEqual(code, 0)

    def test_plain_http_behind_the_port_is_told_as_that(self):
        with or_skip(Nginx, "soak") as server:
            self.expect("plain HTTP, not TLS", f"https://localhost:{server.port}/")

    def test_a_port_that_speaks_tls_is_told_as_that_when_it_is_asked_in_plain_text(self):
        with nginx() as server:
            self.expect("this port speaks TLS: https://", f"http://localhost:{server.port}/")  # which answers 400
        with Target("--tls") as target:  # which ends the connection
            self.expect("this port speaks TLS: https://", f"http://127.0.0.1:{target.port}/")
        with Target("--status", "400") as target:
            result = soak("-c", 1, "-d", "100ms", target.url)
            self.assertEqual("held", result.verdict, "a 400 alone says nothing of TLS")


    def test_a_port_that_resets_what_is_no_tls_is_told_as_that_too(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certify(folder(self.addCleanup)))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with plain:
                        if plain.recv(1, socket.MSG_PEEK) == b"\x16":
                            with context.wrap_socket(plain, server_side=True) as conn:
                                conn.recv(65536)
                                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                        else:
                            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = threading.Thread(target=serve, daemon=True)
            server.start()
            self.expect("this port speaks TLS: https://", f"http://localhost:{listener.getsockname()[1]}/")
            listener.shutdown(socket.SHUT_RDWR)
            server.join(holdfast.TIMEOUT_SECONDS)

    def test_a_certificate_for_centuries_outlives_the_run(self):
        cert, key = certify(folder(self.addCleanup), days=2900000)
        with Target("--tls", "--cert", cert, "--key", key) as target:
            code, out, _ = plainly("check", "-d", "60d", "--cacert", cert, f"https://localhost:{target.port}/")
        self.assertEqual(0, code, out)
        self.assertNotIn("before the planned end", out)


class BadInput(unittest.TestCase):
    """One line each, exit 2, and nobody is asked."""

    def expect(self, words, *arguments):
        code, out, err = plainly(*arguments, "https://127.0.0.1:9/")
        self.assertEqual((code, out), (2, ""), err)
        self.assertEqual(err.count("\n"), 1)
        self.assertIn(words, err)

    def test_files_and_ciphers_that_cannot_be_used_are_refused(self):
        place = folder(self.addCleanup)
        cert, key = certify(place)
        _, other = certify(place, "other")
        sealed = pathlib.Path(place) / "sealed.key"
        subprocess.run(["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:secret", "-out", sealed], check=True)
        self.expect("openssl pkey -in", "--cert", cert, "--key", sealed)
        self.expect("--key", "--cert", cert, "--key", other)
        self.expect("--cert", "--cert", key)
        self.expect("--cacert", "--cacert", key)
        self.expect("--cacert", "--cacert", "/no/such")
        self.expect("--key: its certificate is missing", "--key", key)
        self.expect("--ciphers", "--ciphers", "none")
        self.expect("--tls13-ciphers", "--tls13-ciphers", "none")
        self.expect("--curves", "--curves", "none")
        self.expect("does not know NONE", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256:NONE")
        self.expect("nothing is left to offer", "--tls-max", "1.2", "--ciphers", "aNULL")
        self.expect("is above", "--tls-min", "1.3", "--tls-max", "1.2")
        self.expect("1.2 or 1.3 is accepted", "--tls-min", "1.1")

    def test_k_before_a_url_is_curls(self):
        code, _, err = plainly("-k", "https://127.0.0.1:9/")
        self.assertEqual(code, 2)
        self.assertIn("--keepalive", err)
        self.assertIn("--insecure", err)


def core_limit(pid):
    lines = pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line.split()[4] for line in lines if line.startswith("Max core file size"))


@unittest.skipIf(resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 and os.getuid() != 0, "the hard RLIMIT_CORE is 0")
class Cores(unittest.TestCase):
    def limits(self, *tls):
        """Of a run and its workers, of a target and its."""
        with Target(*tls, "--workers", "2") as target, \
                holdfast.Run(*HELD[:2], "-d", "60s", *HELD[4:], "-w", "2", *(("--insecure",) if tls else ()), "--ui",
                             "line", "--no-check", target.url) as run:
            run.wait_for_phase("hold")
            pids = [run.pid, *run.workers(), target.process.pid, *holdfast.children(target.process.pid)]
            limits = {pid: core_limit(pid) for pid in pids}
            run.signal(signal.SIGINT)
            run.finish()
        self.assertGreater(len(limits), 4)
        return set(limits.values())

    def test_a_process_that_holds_secrets_leaves_no_core(self):
        self.assertEqual({"1"}, self.limits("--tls"))
        self.assertEqual({core_limit(os.getpid())}, self.limits())


class KeyLog(unittest.TestCase):
    def test_secrets_are_logged_for_their_owner_alone_where_that_is_asked_for(self):
        place = pathlib.Path(folder(self.addCleanup))
        log = place / "keys"
        with nginx() as server:
            code, _, err = plainly(*HELD, *server.trusted, server.url, cwd=place,
                                   env={**holdfast.os.environ, "SSLKEYLOGFILE": str(log)})
            self.assertEqual(code, 0, err)
            self.assertIn("SSLKEYLOGFILE", err)
        self.assertEqual(log.stat().st_mode & 0o777, 0o600)
        lines = log.read_text().splitlines()
        self.assertEqual(sum(line.startswith("CLIENT_TRAFFIC_SECRET_0 ") for line in lines), COUNT + 1)
        self.assertTrue(all(len(line.split()) == 3 for line in lines))

    def test_secrets_that_cannot_be_written_are_noted_once_and_the_run_goes_on(self):
        with Target("--tls") as target:
            for given in ((), ("--no-check",)):  # the preflight meets it, or a worker
                code, _, err = plainly(*HELD, "-w", 2, "--insecure", *given, target.url,
                                       env={**holdfast.os.environ, "SSLKEYLOGFILE": "/dev/full"})
                self.assertEqual(code, 0, err)
                self.assertEqual(1, err.count("TLS secrets could not be written to /dev/full: No space left"), err)


if __name__ == "__main__":
    holdfast.main()
