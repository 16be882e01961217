#!/usr/bin/env python3
"""The target over TLS 1.3, as curl, openssl s_client and Python's ssl see it: its certificate, its tickets, its keys
and its ends; and each rule of TLS hits the share it was told to, by the client's count and by its own."""

import contextlib
import hashlib
import pathlib
import shutil
import socket
import ssl
import subprocess
import unittest

import holdfast
from holdfast import eventually, plainly
from sparring import Target, answered, rule

COUNT = 100
REQUEST = b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\n"


def context(protocols=("http/1.1",), most=None):
    """A client's, for any certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if protocols:
        made.set_alpn_protocols(list(protocols))
    if most:
        made.maximum_version = most
    return made


def connect(target, made=None, **options):
    plain = socket.create_connection(("127.0.0.1", target.port), timeout=holdfast.TIMEOUT_SECONDS)
    try:
        return (made or context()).wrap_socket(plain, suppress_ragged_eofs=False, **options)
    except (OSError, ssl.SSLError):
        plain.close()
        raise


def ask(client):
    """The head of the answer to one request; raises what TLS says instead."""
    client.sendall(REQUEST)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = client.recv(4096)
        if not piece:
            raise EOFError(head)
        head += piece
    return head


def reason_of(function, *arguments):
    """The word of OpenSSL for what went wrong, "closed" for a proper end; None: nothing did."""
    try:
        function(*arguments)
    except ssl.SSLEOFError:
        return "cut"
    except ssl.SSLError as error:
        return error.reason or str(error)
    except EOFError:
        return "closed"
    return None


@contextlib.contextmanager
def many(target, count=COUNT):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(target)) for _ in range(count)]


class Certificate(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(holdfast.folder(self.addCleanup))

    def curl(self, *arguments):
        if not shutil.which("curl"):
            self.skipTest("no curl here")
        run = subprocess.run(["curl", "-sS", "--max-time", str(holdfast.TIMEOUT_SECONDS), *map(str, arguments)],
                             capture_output=True, check=False)
        return run.returncode, run.stdout, run.stderr.decode()

    def test_who_is_given_its_own_certificate_trusts_it_by_name_and_address(self):
        with Target("--tls") as target:
            own = self.folder / "own.pem"
            own.write_text(ssl.get_server_certificate(("127.0.0.1", target.port)))
            for host in ("127.0.0.1", "localhost"):
                code, out, err = self.curl("--cacert", own, "-4", f"https://{host}:{target.port}/")
                self.assertEqual((0, b"held\n"), (code, out), err)
            code, _, err = self.curl("--cacert", own, "--resolve", f"example.org:{target.port}:127.0.0.1",
                                     f"https://example.org:{target.port}/")
            self.assertEqual(60, code, err)  # the name
            code, _, err = self.curl(target.url)
            self.assertEqual(60, code, err)  # not trusted
            stats = target.stats_when_closed()
        self.assertGreaterEqual(stats["connections"]["endings"]["tls_failed"], 1)
        self.assertEqual(2, answered(stats))

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def test_a_certificate_of_files_is_shown(self):
        if not shutil.which("openssl"):
            self.skipTest("no openssl here")
        cert, key, both = (self.folder / name for name in ("cert.pem", "key.pem", "both.pem"))
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                     "-subj", "/CN=soak.test", "-addext", "subjectAltName=DNS:soak.test")
        both.write_text(key.read_text() + cert.read_text())
        for files in (("--cert", cert, "--key", key), ("--cert", both)):
            with Target("--tls", *map(str, files)) as target:
                code, out, err = self.curl("--cacert", cert, "--resolve", f"soak.test:{target.port}:127.0.0.1",
                                           f"https://soak.test:{target.port}/")
                self.assertEqual((0, b"held\n"), (code, out), err)

    def test_what_will_not_do_is_refused_in_one_line(self):
        text = self.folder / "text"
        text.write_text("no PEM\n")
        for arguments, words in ((("--cert", "nowhere.pem", "--tls"), '--cert: cannot open "nowhere.pem"'),
                                 (("--cert", text, "--tls"), "holds no certificate in PEM"),
                                 (("--key", text, "--tls"), "--key: needs --cert"),
                                 (("--cert", text), "--cert: needs --tls"),
                                 (("--tls-tickets", "3"), "--tls-tickets: needs --tls"),
                                 (("--tls", "--tls-tickets", "11"), "--tls-tickets"),
                                 (("--fault", "tls-stall"), '--fault: "tls-stall" needs --tls'),
                                 (("--fault", "tls-alert=0", "--tls"), "a count of 1..255")):
            code, out, err = plainly("target", *arguments)
            self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
            self.assertIn(words, err)


class Service(unittest.TestCase):
    def test_bodies_of_any_size_are_carried_both_ways(self):
        if not shutil.which("curl"):
            self.skipTest("no curl here")
        with Target("--tls", "--body", "3M") as target:
            run = subprocess.run(["curl", "-sSk", "--data-binary", "@-", target.url, target.url], input=b"x" * 1_000_000,
                                 capture_output=True, check=True)
            stats = target.stats_when_closed()
        half = len(run.stdout) // 2
        self.assertEqual(3_000_000, half)
        self.assertEqual(hashlib.sha1(run.stdout[:half]).digest(), hashlib.sha1(run.stdout[half:]).digest())
        self.assertEqual(2_000_000, stats["requests"]["body_bytes"])
        self.assertEqual(2, answered(stats))

    def test_requests_are_answered_in_order_and_the_end_is_announced(self):
        with Target("--tls", "--keepalive-timeout", "2s") as target, connect(target) as client:
            self.assertEqual(("TLSv1.3", "http/1.1"), (client.version(), client.selected_alpn_protocol()))
            client.sendall(REQUEST * 20)
            heads = b""
            while heads.count(ANSWER) < 20:
                heads += client.recv(4096)
            while not heads.endswith(b"\r\n\r\n"):
                heads += client.recv(4096)
            self.assertEqual(b"", client.recv(1))  # close_notify: a bare FIN raises
            client.unwrap()
            stats = target.stats_when_closed()
        self.assertEqual(1, stats["connections"]["endings"]["keepalive_timeout"])

    def test_a_client_is_refused_what_is_not_spoken(self):
        with Target("--tls") as target:
            self.assertEqual("TLSV1_ALERT_PROTOCOL_VERSION",
                             reason_of(connect, target, context(most=ssl.TLSVersion.TLSv1_2)))
            self.assertIn("no application protocol",
                          reason_of(connect, target, context(("h2",))).lower().replace("_", " "))
            with connect(target, context(())) as client:
                self.assertIsNone(client.selected_alpn_protocol())
                self.assertTrue(ask(client).startswith(ANSWER))
            with socket.create_connection(("127.0.0.1", target.port)) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(b"", plain.recv(100))
            with socket.create_connection(("127.0.0.1", target.port)) as plain:
                plain.sendall(b"\x16\x03\x01\x02\x00\x01")  # and gives up
            stats = target.stats_when_closed()
        self.assertEqual((3, 1), tuple(stats["connections"]["endings"][name] for name in ("tls_failed", "client_gave_up")))

    def test_a_record_that_is_changed_ends_the_connection(self):
        with Target("--tls") as target:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = context().wrap_bio(incoming, outgoing)
            with socket.create_connection(("127.0.0.1", target.port)) as plain:
                while True:
                    try:
                        client.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        plain.sendall(outgoing.read())
                        incoming.write(plain.recv(16384))
                client.write(REQUEST)
                flight = outgoing.read()
                plain.sendall(flight[:-1] + bytes([flight[-1] ^ 1]))
                while piece := plain.recv(16384):
                    incoming.write(piece)
                self.assertEqual("SSLV3_ALERT_BAD_RECORD_MAC", reason_of(client.read))
            stats = target.stats_when_closed()
        self.assertEqual((1, 0), (stats["connections"]["endings"]["tls_broken"], answered(stats)))

    def test_a_handshake_that_takes_too_long_is_ended(self):
        with Target("--tls", "--keepalive-timeout", "2s") as target:  # of who asks for its counters too
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = context().wrap_bio(incoming, outgoing)
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            with socket.create_connection(("127.0.0.1", target.port)) as plain:
                plain.sendall(outgoing.read())
                while piece := plain.recv(16384):  # until its FIN
                    incoming.write(piece)
                client.do_handshake()
                with contextlib.suppress(OSError):
                    plain.sendall(outgoing.read())
                    plain.recv(1)
            stats = target.stats_when_closed()
        # On a busy machine also those by which we ask for the counters.
        self.assertGreaterEqual(stats["connections"]["endings"]["keepalive_timeout"], 1)

    def test_any_worker_takes_a_ticket_back(self):
        with Target("--tls", "--workers", "2") as target:
            made, session = context(), None
            for number in range(10):
                with connect(target, made, session=session) as client:
                    self.assertTrue(ask(client).startswith(ANSWER))
                    self.assertEqual(number > 0, client.session_reused)
                    session = client.session
            stats = target.stats_when_closed()
        self.assertEqual((9, 1 + stats["requests"]["pages"]), (stats["tls"]["resumed"], stats["tls"]["full"]))

    def test_as_many_tickets_as_asked_for(self):
        for tickets in (0, 1, 5):
            with Target("--tls", "--tls-tickets", tickets) as target:
                with connect(target) as client:
                    ask(client)
                    self.assertEqual(tickets > 0, client.session.has_ticket)
                stats = target.stats_when_closed()
                self.assertEqual(tickets * stats["tls"]["full"], stats["tls"]["tickets"])

    def test_keys_are_updated_by_s_client(self):
        if not shutil.which("openssl"):
            self.skipTest("no openssl here")
        with Target("--tls") as target:
            client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}", "-msg"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            out = b""
            for command in (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"K\n", b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"):
                client.stdin.write(command)
                client.stdin.flush()
                until = b"KeyUpdate" if command == b"K\n" else ANSWER.strip()
                out = b""
                while until not in out:
                    line = client.stdout.readline()
                    self.assertNotEqual(b"", line, out)
                    out += line
            client.stdin.close()
            client.wait(holdfast.TIMEOUT_SECONDS)
            client.stdout.close()
            stats = target.stats_when_closed()
        self.assertEqual((1, 1, 2), (stats["tls"]["key_updates_in"], stats["tls"]["key_updates_out"], answered(stats)))


class Rules(unittest.TestCase):
    """Of 100 connections exactly the share, by the client's count and the target's."""

    def agree(self, target, text, met, share=10, fired=None):
        stats = target.stats_when_closed()
        fault = rule(stats, text)
        self.assertEqual((share, share if fired is None else fired, share),
                         (fault["connections"], fault["fired"], met), stats)
        return stats

    def test_an_alert_of_that_number(self):
        for number, word in ((116, "TLSV13_ALERT_CERTIFICATE_REQUIRED"), (80, "TLSV1_ALERT_INTERNAL_ERROR")):
            text = f"tls-alert={number}@10%"
            with Target("--tls", "--fault", text) as target:
                with many(target) as clients:
                    reasons = [reason_of(ask, client) for client in clients]
                stats = self.agree(target, text, reasons.count(word))
            self.assertEqual((90, 90), (reasons.count(None), answered(stats)))
            self.assertEqual(10, stats["connections"]["endings"]["tls_alert"])

    def test_garbage(self):
        with Target("--tls", "--fault", "tls-garbage@10%") as target:
            with many(target) as clients:
                reasons = [reason_of(ask, client) for client in clients]
            stats = self.agree(target, "tls-garbage@10%", reasons.count("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"))
        self.assertEqual((90, 10), (reasons.count(None), stats["connections"]["endings"]["tls_garbage"]))

    def test_no_close_notify(self):
        with Target("--tls", "--fault", "tls-no-notify@10%", "--keepalive-requests", "2") as target:
            with many(target) as clients:
                for client in clients:
                    self.assertTrue(ask(client).startswith(ANSWER) and ask(client).startswith(ANSWER))
                ends = [reason_of(client.recv, 1) for client in clients]
            stats = self.agree(target, "tls-no-notify@10%", ends.count("cut"))
        self.assertEqual((90, 100), (ends.count(None), stats["connections"]["endings"]["keepalive_requests"]))

    def test_key_updates_are_asked_for_and_followed(self):
        with Target("--tls", "--fault", "tls-key-update=2@10%") as target:
            with many(target) as clients:
                for _ in range(6):
                    for client in clients:
                        self.assertTrue(ask(client).startswith(ANSWER))
            stats = self.agree(target, "tls-key-update=2@10%", 10, fired=30)
        # The client's answer to the third one would come with a seventh request.
        self.assertEqual((30, 20), (stats["tls"]["key_updates_out"], stats["tls"]["key_updates_in"]))
        self.assertEqual(600, answered(stats))

    def test_a_handshake_is_never_answered(self):
        with Target("--tls", "--fault", "tls-stall@10%") as target:
            with contextlib.ExitStack() as stack:
                clients = []
                for _ in range(COUNT):
                    client = stack.enter_context(socket.create_connection(("127.0.0.1", target.port)))
                    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                    with contextlib.suppress(ssl.SSLWantReadError):
                        context().wrap_bio(incoming, outgoing).do_handshake()
                    client.sendall(outgoing.read())
                    clients.append(client)
                silent = set(range(COUNT))

                def heard():
                    for number in list(silent):
                        clients[number].setblocking(False)
                        with contextlib.suppress(BlockingIOError):
                            if clients[number].recv(1):
                                silent.discard(number)
                    return len(silent) <= 10
                eventually(heard, "all others were answered")
            self.assertEqual(10, len(silent))
            code, out, err = target.finish()
        self.assertEqual(0, code, err)
        self.assertRegex(out, r"tls-stall@10%\s+held for 10 connections, fired 10 times")
        self.assertRegex(out, r"\b10 client_gave_up")  # the others were closed with an answer unread: RST


if __name__ == "__main__":
    holdfast.main()
