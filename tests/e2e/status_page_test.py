#!/usr/bin/env python3
"""The poller of the status page: what is its own is taken out, and what nobody can know is a band that blames nobody."""

import pathlib
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import unittest

import holdfast
import netns
from holdfast import soak

PLAN = ("-c", "10", "-d", "4s", "-i", "100ms", "-q")
CLONE_NEWNS = 0x20000
CLOSE, COUNT_AND_CLOSE, CUT, SILENT, NOT_IN_TIME, UNAVAILABLE, ENDLESS = range(7)


class Counted:
    """A server with a stub_status page at /status whose count is true. polls: what becomes of its n-th request for the
    page (from 0), or of the n-th on each connection."""

    def __init__(self, polls=(), each_connection=(), restart_at=None, wrap=0, host="127.0.0.1"):
        self.polls, self.each_connection, self.restart_at = dict(polls), dict(each_connection), restart_at
        self.lock, self.requests, self.accepted, self.polled, self.wrap = threading.Lock(), wrap, 0, 0, bool(wrap)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family, backlog=512)
        self.url = f"http://{host}:{self.listener.getsockname()[1]}/"
        self.status_url = self.url + "status"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection = self.listener.accept()[0]
            with self.lock:
                self.accepted += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _page(self):
        requests = self.requests % 2**32 if self.wrap else self.requests
        return (f"Active connections: 11 \nserver accepts handled requests\n {self.accepted} {self.accepted} {requests} \n"
                f"Reading: 0 Writing: 1 Waiting: 10 \n").encode()

    def _poll(self, connection, of_connection):
        """What goes out; None: the connection ends."""
        with self.lock:
            number, self.polled = self.polled, self.polled + 1
            deed = self.polls.get(number, self.each_connection.get(of_connection))
            if number == self.restart_at:
                self.requests = self.accepted = 0
            if deed == CLOSE:
                return None
            self.requests += 1
            page = self._page()
        if deed in (COUNT_AND_CLOSE, SILENT):
            if deed == SILENT:
                time.sleep(4)
            return None
        if deed == UNAVAILABLE:
            return b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (10**9 if deed == ENDLESS else len(page))
        if deed == CUT:
            connection.sendall(head + page[:10])
            return None
        if deed == ENDLESS:
            connection.sendall(head)
            while True:
                connection.sendall(bytes(65536))
        return head + page

    def _serve(self, connection):
        polls = 0
        try:
            while got := connection.recv(65536):
                if got.startswith(b"GET /status"):
                    answer, polls = self._poll(connection, polls), polls + 1
                else:
                    with self.lock:
                        self.requests += 1
                    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                if answer is None:
                    break
                connection.sendall(answer)
        except OSError:
            pass
        connection.close()


class BandTest(unittest.TestCase):
    """The preflight's poll is number 0, and the run's first one number 1."""

    def blames_nobody(self, server, *arguments):
        result = soak(*PLAN, *arguments, "--server-status", server.status_url, server.url)
        self.assertEqual(result.requests["sent"], result.requests["answered"])
        for code in ("server_requests", "server_connections"):
            finding = result.finding(code)
            self.assertTrue(finding is None or finding["status"] in ("ok", "unknown"), finding)
        self.assertNotEqual("broke", result.verdict, result.err)
        return result

    def in_band(self, result):
        server, sent = result.report["server"], result.requests["sent"]
        self.assertLessEqual(server["requests_min"], sent)
        self.assertTrue(server["requests_max"] is None or sent <= server["requests_max"], server)
        return server

    def test_a_poll_that_the_keep_alive_timeout_met_is_asked_again(self):
        for deed in (CLOSE, COUNT_AND_CLOSE):
            with self.subTest(deed=deed):
                result = self.blames_nobody(Counted(each_connection={1: deed}), "--require", "server_ratio>=100%",
                                            "--require", "server_ratio<=100%", "--require", "lost<=0")
                server = self.in_band(result)
                self.assertEqual(0, server["polls_failed"])
                self.assertGreater(server["stub_status"]["requests_unsure"], 0)
                self.assertIn("agree", result.out)

    def test_a_poll_that_failed_is_out_of_the_count_when_it_was_answered_and_a_band_when_not(self):
        for deed, unsure in ((CUT, 0), (UNAVAILABLE, 0), (SILENT, 1), (ENDLESS, 0)):
            with self.subTest(deed=deed):
                server = self.in_band(self.blames_nobody(Counted(polls={3: deed})))
                self.assertEqual(1, server["polls_failed"])
                self.assertEqual(unsure, server["stub_status"]["requests_unsure"])
                self.assertEqual(server["requests_min"] + unsure, server["requests_max"])

    def test_a_last_poll_without_a_page_leaves_the_upper_end_open(self):
        server = Counted(polls={number: UNAVAILABLE for number in range(4, 30)})
        result = self.blames_nobody(server, "--require", "server_ratio>=100%", "--require", "lost<=0")
        self.assertIsNone(self.in_band(result)["requests_max"])
        self.assertFalse(result.report["server"]["stub_status"]["final_poll"])

    def test_counters_that_began_anew_are_no_fewer(self):
        result = self.blames_nobody(Counted(restart_at=3), "--require", "server_ratio>=100%", "--require", "lost<=0")
        self.assertEqual(1, self.in_band(result)["restarts"])
        self.assertEqual("unknown", result.finding("server_requests")["status"])

    def test_a_counter_of_32_bits_may_wrap(self):
        result = self.blames_nobody(Counted(wrap=2**32 - 100))
        server, sent = result.report["server"], result.requests["sent"]
        self.assertEqual((0, sent), (server["restarts"], server["requests"]))


class PlaceTest(unittest.TestCase):
    def test_the_servers_rate_stands_beside_the_clients_of_the_same_second(self):
        server = Counted()
        result = soak("-c", "200", "-r", "200/s", "-d", "6s", "-i", "1s", "-q", "--server-status", server.status_url, server.url)
        timeline = result.report["timeline"]
        pairs = [(client, counted) for client, counted in
                 zip(timeline["client_per_second"], timeline["server_per_second"]) if counted is not None]
        self.assertGreater(len(pairs), 2)
        self.assertTrue(all(client is not None for client, _ in pairs), "nothing to hold it against")
        self.assertLess(max(counted for _, counted in pairs), 2 * max(client for client, _ in pairs), "the ramp is in it")
        self.assertLess(statistics.median(abs(client - counted) for client, counted in pairs), 100)


def name_both_families(folder):
    """localhost is ::1 and 127.0.0.1, here only, on a host that has addresses of both families."""
    holdfast.own_network()
    hosts = pathlib.Path(folder, "hosts")
    hosts.write_text("::1 localhost\n127.0.0.1 localhost\n")
    try:
        netns.unshare(CLONE_NEWNS)
        for command in ("mount --make-rprivate /", f"mount --bind {hosts} /etc/hosts", "ip link add d0 type veth peer name d1",
                        "ip link set d1 up", "ip link set d0 up", "ip addr add 10.1.1.2/24 dev d0",
                        "ip -6 addr add fd00:1::2/64 dev d0 nodad"):
            subprocess.run(command.split(), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise unittest.SkipTest(f"a name of two families: {error}") from None


class AddressTest(unittest.TestCase):
    def test_the_page_is_read_at_whichever_address_of_its_name_accepts(self):
        with tempfile.TemporaryDirectory() as folder:
            name_both_families(folder)
            target = Counted()
            for host in ("127.0.0.1", "::1"):
                with self.subTest(host=host):
                    port = Counted(host=host).listener.getsockname()[1]
                    result = soak("-c", "5", "-d", "1s", "-i", "200ms", "-q",
                                  "--server-status", f"http://localhost:{port}/status", target.url)
                    self.assertEqual((0, "stub_status"), (result.code, result.report["server"]["source"]), result.err)


if __name__ == "__main__":
    holdfast.main()
