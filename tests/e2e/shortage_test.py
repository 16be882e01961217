#!/usr/bin/env python3
"""What runs out in mid-run explains itself: whose it was, by which numbers, and what to do; ours is told from the server's."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import holdfast
from holdfast import Run, nginx, own_network, soak
from sparring import Target

CALM = ("-d", "2s", "-i", "500ms")
# Longer than the timeout, and that long enough for a busy machine not to be late for it.
UNANSWERED = ("-r", "10/10ms", "-d", "7s", "-i", "500ms", "--timeout", "6s")
SHORT_BACKLOG = 4
ELSEWHERE = "10.77.0.1"  # on our own loopback, and yet no loopback address


def block(text, title):
    """The lines of one ERROR block."""
    found = re.search(rf"^ERROR  {title}.*\n((?:  .*\n)+)", text, re.MULTILINE)
    if not found:
        raise AssertionError(f"no block \"{title}\" in:\n{text}")
    lines = (re.split(r" +", line.strip(), maxsplit=1) for line in found[0].splitlines()[1:])
    return {name: text for name, text in lines}


class Reluctant:
    """A server with a short backlog that takes its time between two accept()."""

    def __init__(self, address="127.0.0.1", pause=0.2):
        self.pause, self.held = pause, []
        self.listening = socket.socket()
        self.listening.bind((address, 0))
        self.listening.listen(SHORT_BACKLOG)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        host, port = self.listening.getsockname()
        return f"http://{host}:{port}/"

    def _accept(self):
        while True:
            connection, _ = self.listening.accept()
            self.held.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
            time.sleep(self.pause)

    @staticmethod
    def _answer(connection):
        try:
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass


class Case(unittest.TestCase):
    def cause(self, result, code, side):
        finding = result.finding(code)
        self.assertIsNotNone(finding, f"{code} is not in {[f['code'] for f in result.report['findings']]}")
        self.assertEqual(side, finding["side"])
        return finding


class Ours(Case):
    def test_descriptors(self):
        if not shutil.which("prlimit"):
            self.skipTest("no prlimit(1)")
        with Target() as target:
            result = soak("-c", "100", "-w", "1", *CALM, "--no-check", "--ui", "line", target.url,
                          prefix=("prlimit", "--nofile=30:30"))
        self.assertEqual((4, {"fd_limit": 76}), (result.code, result.outcomes))
        finding = self.cause(result, "fd_limit", "tester")
        self.assertRegex(finding["evidence"], r"^RLIMIT_NOFILE soft 30, hard 30; in use by the worker 30; whole system \d+ of ")
        self.assertLess(finding["since_seconds"], 1)
        told = block(result.out, "out of descriptors at 24 connections        fd_limit: EMFILE")
        self.assertEqual("the tester (this machine), not the server", told["whose"])
        self.assertIn("into the ramp; 76 connections were never tried again", told["since"])
        self.assertTrue(told["do"].startswith("--workers 5 "), told)
        self.assertEqual("inconclusive (exit 4): this run says nothing about the server", told["verdict"])
        # Once in mid-run, in short.
        self.assertEqual(1, len(re.findall(r"^\d\d:\d\d:\d\d  ERROR  out of descriptors", result.err, re.MULTILINE)))
        self.assertIn("limit    RLIMIT_NOFILE soft 30", result.err)
        self.assertNotIn("note   76 fd_limit", result.err)

    def test_a_limit_that_is_lowered_under_a_run(self):
        if not shutil.which("prlimit"):
            self.skipTest("no prlimit(1)")
        with Target() as target, Run("-c", "200", "-w", "1", "-r", "10/200ms", *CALM, "--ui", "line",
                                     target.url) as run:
            run.wait_for_phase("ramp")
            subprocess.run(["prlimit", f"--pid={run.workers()[0]}", "--nofile=150:150"], check=True)
            result = run.finish()
        self.assertEqual((4, {"fd_limit": 56}), (result.code, result.outcomes))
        self.assertIn("soft 150, hard 150; in use by the worker 150", self.cause(result, "fd_limit", "tester")["evidence"])

    def test_reconnects_back_off(self):
        if not shutil.which("prlimit"):
            self.skipTest("no prlimit(1)")
        with Target() as target:
            result = soak("-c", "100", "-w", "1", "-d", "4s", "-i", "500ms", "--reconnect", "backoff=1s..30s", "--no-check",
                          "--ui", "line", target.url, prefix=("prlimit", "--nofile=30:30"))
        self.assertEqual(24, result.connections["live"])
        # Waits of 0.5, 1 and 2 s on average: no more than five each in four seconds.
        self.assertLessEqual(result.outcomes["fd_limit"], 76 * 6)
        self.assertIn("tried again with --reconnect's backoff", block(result.out, "out of descriptors")["since"])
        self.assertEqual(1, result.err.count("ERROR"))

    def test_ports(self):
        own_network(ports=(40000, 40063), reserved="40010-40019")
        with Target(port=8080) as target:
            result = soak("-c", "100", *CALM, "--no-check", "--ui", "line", target.url)
            port = target.port
        self.assertEqual((4, {"ports_exhausted": 46}), (result.code, result.outcomes))
        self.assertEqual("net.ipv4.ip_local_port_range 40000-40063: 64 ports, 10 reserved; "
                         f"towards 127.0.0.1:{port} in use 54, in TIME_WAIT 0",
                         self.cause(result, "ports_exhausted", "tester")["evidence"])
        self.assertIn("--source auto", block(result.out, "no source port to connect from at 54 connections")["do"])
        self.assertIn("in use 54, in TIME_WAIT 0", result.err)

    def test_a_rule_of_this_machine(self):
        own_network()
        if not shutil.which("ip"):
            self.skipTest("no ip(8)")
        subprocess.run(["ip", "route", "add", "prohibit", "192.0.2.1/32"], check=True)
        result = soak("-c", "20", *CALM, "--no-check", "-q", "http://192.0.2.1/")
        self.assertEqual((4, {"denied": 20}), (result.code, result.outcomes))
        self.assertIn("connection tracking", block(result.out, "denied by this machine")["limit"])

    def test_a_saved_run_explains_itself_as_the_run_did(self):
        own_network(ports=(40000, 40063))
        title = "no source port to connect from at 64 connections"
        with tempfile.TemporaryDirectory() as folder, Target(port=8080) as target:
            files = [f"{folder}/report.json", f"{folder}/timeline"]
            result = soak("-c", "100", *CALM, "--no-check", "-q", "--timeline", files[1], "--json", files[0],
                          target.url, report=files[0])
            for file in files:
                code, out, err = holdfast.plainly("report", file)
                self.assertEqual(0, code, err)
                self.assertEqual(block(result.out, title), block(out, title))


class Servers(Case):
    def test_nginx_short_of_connections(self):
        with nginx(worker_connections="512") as server:
            result = soak("-c", "1000", "-r", "10/10ms", *CALM, "-q", "--server-status", server.status_url, "--server-pid",
                          server.pid, server.url)
        self.assertEqual((1, "broke"), (result.code, result.verdict))
        self.assertEqual(set(), set(result.outcomes) & {"fd_limit", "ports_exhausted", "no_memory"})
        evidence = self.cause(result, "short_of_connections", "server")["evidence"]
        self.assertRegex(evidence, r"\d+ closed_idle, about one for each opened beyond \d+; stub_status: active at most \d+ while the "
                                   r"client opened \d+; .*its error log says so \d+ times?, first \"\d{4}/\d\d/\d\d .*"
                                   r"512 worker_connections are not enough")
        self.assertIsNotNone(result.finding("connection_limit"))
        told = block(result.out, "the server is out of connections")
        self.assertEqual(("the server, not the tester", "broke (exit 1)"), (told["whose"], told["verdict"]))
        self.assertIn("worker_connections 1069", told["do"])  # the poll of the status page is one more
        self.assertIn("look at       short_of_connections", result.out)

    def test_nginx_short_of_files(self):
        with nginx(worker_rlimit_nofile="300") as server:
            result = soak("-c", "500", *UNANSWERED, "--ui", "line", "--server-pid", server.pid, server.url)
        self.assertEqual((1, "broke"), (result.code, result.verdict))
        # Connected by the kernel, accepted by nobody.
        self.assertEqual({"response_timeout"}, set(result.outcomes))
        evidence = self.cause(result, "short_of_files", "server")["evidence"]
        self.assertIn("a process of the server had 300 of its 300 open files in use", evidence)
        self.assertRegex(evidence, r"says so (at least )?\d+ times?, first \".*accept4\(\) failed \(24: Too many open files\)\"")
        self.assertRegex(evidence, r"up to \d+ connections were seen waiting for its accept\(\) \(its backlog: 511\)")
        self.assertEqual("the server, not the tester", block(result.out, "the server is out of descriptors")["whose"])
        self.assertEqual(1, len(re.findall("the server's error log: .* accept4", result.err)))

    def test_a_server_that_does_not_accept_is_seen_without_its_help(self):
        with nginx(worker_rlimit_nofile="300") as server:
            result = soak("-c", "500", *UNANSWERED, "-q", server.url)
        self.assertEqual(1, result.code)
        finding = self.cause(result, "not_accepted", "server")
        self.assertEqual(finding["have"], result.outcomes["response_timeout"])

    def test_a_server_that_fits_is_not_accused(self):
        with nginx() as server:
            result = soak("-c", "300", *CALM, "-q", "--server-status", server.status_url, "--server-pid", server.pid,
                          server.url)
        self.assertEqual((0, {}), (result.code, result.outcomes))
        self.assertEqual([], [finding["code"] for finding in result.report["findings"] if finding["evidence"]])
        self.assertNotIn("ERROR", result.out)


class Backlog(Case):
    PATIENT = ("-c", "15", "-r", "20/10ms", "-d", "1s", "-i", "1s", "--timeout", "30s", "--connect-timeout", "30s", "--no-check")

    def test_a_full_accept_queue_here_is_the_servers(self):
        own_network()
        result = soak(*self.PATIENT, "--ui", "line", Reluctant().url)
        self.assertEqual(0, result.code)  # late, and yet all there
        self.assertRegex(result.err, r"note   the server's accept queue is full: [1-9]\d* overflows in this network namespace, SYNs are dropped")
        evidence = self.cause(result, "backlog_overflow", "server")["evidence"]
        self.assertRegex(evidence, r"in this network namespace accept queues were full [1-9]\d* times \(ListenOverflows\)")
        self.assertIn("(its backlog: 4)", evidence)
        self.assertRegex(evidence, r"[1-9]\d* connects? took a second or more \([1-9]\d* about 1 s")
        self.assertIn("ListenOverflows", result.out)

    def test_where_the_server_cannot_be_seen_it_is_not_blamed(self):
        own_network()
        if not shutil.which("ip"):
            self.skipTest("no ip(8)")
        subprocess.run(["ip", "address", "add", f"{ELSEWHERE}/32", "dev", "lo"], check=True)
        server = Reluctant(ELSEWHERE)
        result = soak(*self.PATIENT, server.url)
        finding = self.cause(result, "dropped_syns", "network")
        self.assertRegex(finding["evidence"], r"in this network namespace [1-9]\d* SYNs were sent again \(TCPSynRetrans\)")
        self.assertIsNone(result.finding("backlog_overflow"))
        server = Reluctant(ELSEWHERE)
        result = soak(*self.PATIENT, "--server-pid", os.getpid(), server.url)
        self.assertIn("in the server's network namespace accept queues were full",
                      self.cause(result, "backlog_overflow", "server")["evidence"])

    def test_connects_that_are_not_up_in_time(self):
        own_network()
        result = soak("-c", "40", "-r", "20/10ms", "-d", "1s", "-i", "1s", "--connect-timeout", "900ms", "--no-check", "-q",
                      Reluctant(pause=0.5).url)
        self.assertEqual(1, result.code)
        self.assertIn("connect_timeout", result.outcomes)
        self.cause(result, "backlog_overflow", "server")
        self.assertEqual("the server, not the tester", block(result.out, "the server's accept queue overflowed")["whose"])


if __name__ == "__main__":
    holdfast.main()
