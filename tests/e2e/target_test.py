#!/usr/bin/env python3
"""The target does what it was told to the share it was told, and its counts are the truth: what holdfast
says of it is equal to what it says of itself, connection by connection."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import holdfast
from holdfast import eventually, plainly, soak
from sparring import Target, answered, rule

COUNT = 300
FAST = ("-c", COUNT, "-r", "20/10ms", "--no-check", "-q", "--connect-timeout", "30s")
LONG_TIMEOUT = ("--timeout", "30s")


class Rules(unittest.TestCase):
    """One rule each; its connections, its firings and holdfast's outcomes are the same number."""

    def agree(self, text, share, outcomes, *arguments, target=(), count=COUNT):
        timeout = () if "--timeout" in arguments else LONG_TIMEOUT
        with Target("--fault", text, *target) as sparring:
            result = soak(*FAST, *timeout, *arguments, sparring.url)
            stats = sparring.stats_when_closed()
        fault = rule(stats, text)
        met = sum(result.outcomes.get(name, 0) for name in outcomes)
        self.assertEqual((share * count // 100,) * 3, (fault["connections"], fault["fired"], met), result.out)
        self.assertEqual(set(), set(result.outcomes) - set(outcomes), result.out)
        self.assertEqual(count - met, result.connections["live"])
        self.assertEqual(answered(stats), result.requests["answered"])
        return result, stats

    def ended(self, stats, name, count):
        self.assertEqual(count, stats["connections"]["endings"][name], stats)

    def test_reset_after_some_answers(self):
        _, stats = self.agree("reset-after=3@10%", 10, ["reset_idle", "reset_in_flight"], "-d", "2s", "-i", "200ms")
        self.ended(stats, "reset_after", 30)

    def test_close_after_some_answers(self):
        _, stats = self.agree("close-after=2@5%", 5, ["closed_idle", "closed_in_flight"], "-d", "2s", "-i", "200ms")
        self.ended(stats, "close_after", 15)

    def test_close_announced(self):
        _, stats = self.agree("close-announced=2@25%", 25, ["closed_announced"], "-d", "2s", "-i", "200ms")
        self.ended(stats, "close_announced", 75)

    def test_reset_inside_an_answer(self):
        for body in ("5", "100k"):
            for method in ("HEAD", "GET"):
                with self.subTest(body=body, method=method):
                    _, stats = self.agree("mid-reset=2@10%", 10, ["reset_mid_response"], "-d", "1s", "-i", "200ms",
                                          "-X", method, target=("--body", body))
                    self.ended(stats, "mid_reset", 30)

    def test_close_inside_an_answer(self):
        for body in ("5", "100k"):
            for method in ("HEAD", "GET"):
                with self.subTest(body=body, method=method):
                    _, stats = self.agree("mid-close=2@10%", 10, ["closed_mid_response"], "-d", "1s", "-i", "200ms",
                                          "-X", method, target=("--body", body))
                    self.ended(stats, "mid_close", 30)

    def test_stall(self):
        _, stats = self.agree("stall-after=1@2%", 2, ["response_timeout"], "-d", "2s", "-i", "200ms", "--timeout", "1s")
        self.ended(stats, "client_gave_up", 6)

    def test_an_answer_that_drips_for_too_long_is_none(self):
        result, stats = self.agree("drip=1/1s@2%", 2, ["response_timeout"], "-d", "2s", "-i", "200ms",
                                   "--timeout", "1500ms")
        self.ended(stats, "client_reset", 6)  # by its next byte: while it sends it does not read
        self.assertEqual(6, result.requests["timed_out"])

    def test_close_when_idle(self):
        _, stats = self.agree("idle-close=300ms@10%", 10, ["closed_idle", "closed_in_flight"], "-d", "2s", "-i", "30s")
        self.ended(stats, "idle_close", 30)

    def test_reset_at_accept(self):
        _, stats = self.agree("accept-reset@10%", 10, ["reset_idle", "reset_in_flight", "connect_reset"], "-d", "1s",
                              "-i", "200ms")
        self.ended(stats, "accept_reset", 30)

    def test_endings_after_a_delay_and_behind_a_drip(self):
        for text, outcomes in (("reset-after=2@10%", ["reset_idle", "reset_in_flight"]),
                               ("close-after=2@10%", ["closed_idle", "closed_in_flight"]),
                               ("mid-reset=2@10%", ["reset_mid_response"]),
                               ("mid-close=2@10%", ["closed_mid_response"])):
            for other in (("--delay", "10ms..50ms"), ("--fault", "drip=50/5ms"),
                          # An RST takes with it what the client's receive window had no room for.
                          ("--delay", "10ms", "--body", "30k" if text.startswith("reset") else "300k")):
                with self.subTest(rule=text, other=other):
                    self.agree(text, 10, outcomes, "-d", "1s", "-i", "300ms", "-X", "GET", target=other)

    def test_two_workers_share_the_order_of_connections(self):
        self.agree("reset-after=3@10%", 10, ["reset_idle", "reset_in_flight"], "-d", "2s", "-i", "200ms",
                   target=("--workers", "2"))

    def test_the_same_seed_hits_as_many_and_the_pages_take_nobodys_place(self):
        with Target("--fault", "reset-after=1@1%", "--seed", "7") as sparring:
            for _ in range(20):
                sparring.get("_target/status")
            result = soak("-c", "1000", "-r", "50/10ms", "-d", "1s", "-i", "200ms", "--no-check", "-q",
                          "--server-status", sparring.status_url, sparring.url)
            stats = sparring.stats_when_closed()
        self.assertEqual({"reset": 10}, {"reset": sum(result.outcomes.values())}, result.out)
        self.assertEqual((10, 10), (rule(stats, "reset-after=1@1%")["connections"], stats["faults"][0]["fired"]))


class Manners(unittest.TestCase):
    """Rules that change answers, and settings for all."""

    def run_against(self, *target, arguments=("-d", "1s", "-i", "200ms")):
        with Target(*target) as sparring:
            result = soak(*FAST, *LONG_TIMEOUT, *arguments, sparring.url)
            return result, sparring.stats_when_closed()

    def test_a_status_for_a_share(self):
        result, stats = self.run_against("--fault", "status=503@10%", "--status", "404")
        self.assertEqual({"404", "503"}, set(result.requests["by_status"]))
        self.assertEqual(stats["requests"]["by_status"]["503"], result.requests["by_status"]["503"])
        self.assertEqual(stats["requests"]["by_status"]["404"], result.requests["by_status"]["404"])
        self.assertEqual(stats["faults"][0]["fired"], result.requests["by_status"]["503"])

    def test_each_status_is_read_with_its_body_or_without(self):
        for status in (204, 302, 304, 404, 500, 503):
            for method in ("HEAD", "GET"):
                with self.subTest(status=status, method=method), Target("--status", status) as sparring:
                    result = soak("-c", 10, "-n", 100, "-i", 0, "-X", method, "--no-check", "-q", sparring.url)
                    self.assertEqual((0, {str(status): 100}), (result.code, result.requests["by_status"]), result.out)
                    self.assertEqual(100, sparring.stats_when_closed()["requests"]["by_status"][str(status)])

    def test_a_delay_is_kept(self):
        result, stats = self.run_against("--delay", "100ms..200ms")
        self.assertGreaterEqual(result.report["latency_seconds"]["min"], 0.1)
        self.assertEqual(stats["faults"][0]["fired"], result.requests["answered"])
        self.assertEqual({}, result.outcomes)

    def test_answers_that_drip_are_whole(self):
        result, stats = self.run_against("--fault", "drip=40/10ms@20%", "--body", "300", arguments=(
            "-d", "1s", "-i", "200ms", "-X", "GET"))
        self.assertEqual({}, result.outcomes, result.out)
        self.assertEqual(60, stats["faults"][0]["connections"])
        self.assertGreaterEqual(result.report["latency_seconds"]["max"], 0.1)

    def test_an_idle_timeout_is_announced_and_kept(self):
        with Target("--keepalive-timeout", "1s") as sparring:
            result = soak("-c", "20", "-d", "3s", "-i", "30s", "-q", sparring.url)
            stats = sparring.stats_when_closed()
        self.assertEqual("timeout=1", result.report["target"]["keep_alive_header"])
        self.assertEqual({"closed_idle": 20}, result.outcomes)
        self.assertEqual(20, stats["connections"]["endings"]["keepalive_timeout"])

    def test_a_limit_of_requests_is_announced_and_found(self):
        with Target("--keepalive-requests", "5") as sparring:
            result = soak(*FAST, "-d", "2s", "-i", "100ms", sparring.url)
            stats = sparring.stats_when_closed()
        self.assertEqual({"closed_announced": COUNT}, result.outcomes)
        self.assertEqual(COUNT, stats["connections"]["endings"]["keepalive_requests"])
        self.assertEqual(5 * COUNT, result.requests["answered"])
        self.assertIn("after exactly 5 answers", result.out)

    def test_an_age_is_announced(self):
        with Target("--max-age", "1s") as sparring:
            result = soak(*FAST, "-d", "3s", "-i", "200ms", sparring.url)
            stats = sparring.stats_when_closed()
        self.assertEqual({"closed_announced": COUNT}, result.outcomes)
        self.assertEqual(COUNT, stats["connections"]["endings"]["max_age"])

    def test_a_rule_for_the_first_answer_meets_the_preflight(self):
        arguments = ("-c", "5", "-d", "1s", "-i", "200ms", "--timeout", "1s", "-q")
        for text, code in (("accept-reset", 5), ("stall-after=0", 5), ("mid-reset=1", 5), ("mid-close=1", 5),
                           ("stall-after=1", 1), ("mid-reset=2", 1), ("reset-after=1", 1), ("status=503", 0)):
            with self.subTest(rule=text), Target("--fault", text) as sparring:
                result = soak(*arguments, sparring.url)
                self.assertEqual((code, 0 if code == 5 else 5), (result.code, result.connections["attempted"]))
                unchecked = soak(*arguments, "--no-check", sparring.url)
                self.assertEqual((min(code, 1), 5), (unchecked.code, unchecked.connections["attempted"]))

    def test_the_options_for_all_are_rules_for_the_whole(self):
        for option, outcomes in ((("--reset-after", "2"), {"reset_idle", "reset_in_flight"}),
                                 (("--close-announced", "2"), {"closed_announced"}),
                                 (("--stall", "0"), {"response_timeout"})):
            with self.subTest(option=option), Target(*option) as sparring:
                result = soak("-c", "50", "-d", "2s", "-i", "200ms", "--timeout", "1s", "--no-check", "-q", sparring.url)
                stats = sparring.stats_when_closed()
                self.assertLessEqual(set(result.outcomes), outcomes)
                self.assertEqual((50, 50, 50), (sum(result.outcomes.values()), stats["faults"][0]["connections"],
                                                stats["faults"][0]["fired"]))

    def test_the_status_page_agrees_with_the_client(self):
        with Target() as sparring:
            result = soak("-c", "100", "-d", "3s", "-i", "100ms", "--ui", "none", "--server-status",
                          sparring.status_url, sparring.url)
        self.assertEqual(0, result.code, result.out)
        self.assertIn("agrees with the client", result.out)
        server = result.report["server"]
        self.assertEqual(("stub_status", 1.0), (server["source"], server["ratio"]))

    def test_a_file_is_served_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "page"
            path.write_bytes(os.urandom(3_000_000))
            with Target("--body", path) as sparring:
                self.assertEqual(path.read_bytes(), sparring.get(""))


class Talk(unittest.TestCase):
    """Byte by byte, on a socket of our own."""

    def connect(self, sparring):
        plug = socket.create_connection(("127.0.0.1", sparring.port), timeout=holdfast.TIMEOUT_SECONDS)
        self.addCleanup(plug.close)
        return plug

    def read_all(self, plug):
        return b"".join(iter(lambda: plug.recv(65536), b""))

    def read_until(self, plug, end):
        text = b""
        while not text.endswith(end):
            piece = plug.recv(65536)
            self.assertNotEqual(b"", piece, text)
            text += piece
        return text

    def test_pipelined_requests_are_answered_in_order(self):
        for target in ((), ("--delay", "20ms")):
            with self.subTest(target=target), Target(*target) as sparring:
                plug = self.connect(sparring)
                plug.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /_target/status HTTP/1.1\r\nHost: x\r\n"
                             b"Connection: close\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
                heads = re.findall(rb"HTTP/1.1 200 OK|held|Active connections", self.read_all(plug))
                self.assertEqual([b"HTTP/1.1 200 OK", b"held", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK",
                                  b"Active connections"], heads)

    def test_a_request_may_come_byte_by_byte_and_more_during_a_delay(self):
        with Target("--delay", "50ms") as sparring:
            plug = self.connect(sparring)
            for byte in b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n":
                plug.sendall(bytes([byte]))
                time.sleep(0.001)
            text = self.read_all(plug)
        self.assertEqual(2, text.count(b"held\n"))
        self.assertEqual(2, text.count(b"\r\ndelay: 0.050\r\n"))

    def test_a_body_is_read_and_counted_and_continued_when_asked(self):
        with Target() as sparring:
            plug = self.connect(sparring)
            plug.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
            self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", plug.recv(1000))
            plug.sendall(b"x" * 2_000_000)
            self.assertIn(b"HTTP/1.1 200 OK", self.read_until(plug, b"held\n"))
            self.assertEqual(2_000_000, sparring.stats()["requests"]["body_bytes"])

    def test_old_clients_get_what_they_ask_for(self):
        with Target() as sparring:
            plug = self.connect(sparring)
            plug.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            self.assertIn(b"\r\nConnection: keep-alive\r\n", self.read_until(plug, b"held\n"))
            plug.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertIn(b"\r\nConnection: close\r\n", self.read_all(plug))

    def test_what_is_no_request_is_refused_and_counted(self):
        hostile = {b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03": 400, b"GET / HTTP/2.0\r\n\r\n": 505,
                   b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n": 501, b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n": 431,
                   b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400}
        with Target() as sparring:
            for text, status in hostile.items():
                plug = self.connect(sparring)
                plug.sendall(text)
                self.assertRegex(self.read_all(plug), b"^HTTP/1.1 %d " % status)
            self.assertEqual(len(hostile), sparring.stats()["connections"]["endings"]["bad_request"])

    def test_a_slow_reader_gets_a_large_body_whole(self):
        with Target("--body", "20M") as sparring:
            plug = self.connect(sparring)
            plug.sendall(b"GET / HTTP/1.0\r\n\r\n")
            eventually(lambda: sparring.stats()["connections"]["sending"] == 2, "the socket is full")
            head, _, body = self.read_all(plug).partition(b"\r\n\r\n")
        self.assertIn(b"Content-Length: 20000000", head)
        self.assertEqual(20_000_000, len(body))
        self.assertEqual((b"abcdefgh", b"\n"), (body[:8], body[-1:]))

    def test_who_gives_up_is_noticed_in_every_state(self):
        with Target("--fault", "stall-after=1", "--fault", "delay=10s") as sparring:
            plug = self.connect(sparring)
            plug.sendall(b"GET / HTT")
            eventually(lambda: sparring.stats()["connections"]["reading"] == 1, "it reads")
            plug.close()
            plug = self.connect(sparring)
            plug.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: sparring.stats()["connections"]["delaying"] == 1, "it waits")
            plug.close()
            stats = sparring.stats_when_closed()
            self.assertIn(b"Reading: 0 Writing: 1 Waiting: 0", sparring.get("_target/status"))
        self.assertEqual(2, stats["connections"]["endings"]["client_gave_up"])


class Gate(unittest.TestCase):
    """How many are let in, and how fast."""

    def ask(self, plug):
        plug.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")

    def test_no_more_than_so_many_and_the_next_when_one_leaves(self):
        with Target("--max-connections", "3") as sparring:
            plugs = [socket.create_connection(("127.0.0.1", sparring.port)) for _ in range(4)]
            for plug in plugs:
                plug.settimeout(holdfast.TIMEOUT_SECONDS)
                self.ask(plug)
            for plug in plugs[:3]:
                self.assertIn(b"200 OK", plug.recv(4096))
            plugs[3].settimeout(0.3)
            self.assertRaises(TimeoutError, plugs[3].recv, 4096)
            plugs[3].settimeout(holdfast.TIMEOUT_SECONDS)
            plugs[0].close()
            self.assertIn(b"200 OK", plugs[3].recv(4096))
            for plug in plugs:
                plug.close()

    def test_no_faster_than_asked(self):
        with Target("--accept-rate", "20/s") as sparring:
            started = time.monotonic()
            result = soak("-c", "20", "-r", "20/10ms", "-d", "0.1s", "-i", "30s", "--no-check", "-q", sparring.url)
            self.assertEqual(20, result.requests["answered"])
            self.assertGreater(time.monotonic() - started, 0.8)

    def test_without_descriptors_it_waits_and_does_not_spin(self):
        if not shutil.which("prlimit"):
            self.skipTest("no prlimit")
        with Target(prefix=("prlimit", "--nofile=40:40")) as sparring:
            self.assertIn("up to 32 connections", sparring.ready)
            plugs = [socket.create_connection(("127.0.0.1", sparring.port)) for _ in range(60)]
            worker, = holdfast.children(sparring.pid)
            before = self.cpu_ticks(worker)
            time.sleep(1)
            self.assertLess(self.cpu_ticks(worker) - before, 20)
            for plug in plugs:
                plug.close()
            stats = eventually(lambda: self.accepted(sparring, 61), "all were taken in the end")
        self.assertEqual(0, stats["connections"]["accept_failures"])

    def accepted(self, sparring, least):
        stats = sparring.stats()
        return stats if stats["connections"]["accepted"] >= least else None

    def cpu_ticks(self, pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


class Command(unittest.TestCase):
    """How it begins and ends."""

    def test_each_signal_ends_it_in_order_with_a_summary(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number), Target() as sparring:
                with socket.create_connection(("127.0.0.1", sparring.port)) as plug:
                    plug.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
                    plug.recv(4096)
                    code, out, err = sparring.finish(number)
                    self.assertEqual(b"", plug.recv(1))
                self.assertEqual((0, ""), (code, err))
                self.assertIn("accepted 1   ended 1\n", out)
                self.assertIn("1 stopped\n", out)

    def test_a_port_in_use_is_refused_with_its_holder(self):
        with Target("-w", "2") as sparring:
            for workers in ("1", "2"):
                code, out, err = plainly("target", "--workers", workers, "--listen", f"127.0.0.1:{sparring.port}")
                self.assertEqual((3, ""), (code, out))
                self.assertRegex(err, rf"cannot listen on 127.0.0.1:{sparring.port}: Address already in use \(by holdfast")

    def test_it_listens_on_ipv6(self):
        if not socket.has_ipv6:
            self.skipTest("no IPv6")
        process = subprocess.Popen([holdfast.PROGRAM, "target", "--listen", "[::1]:0"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            ready = process.stdout.readline()
            if not ready:
                self.skipTest(f"no IPv6: {process.stderr.read().strip()}")
            self.assertEqual(0, soak("-c", "10", "-d", "0.5s", "-i", "100ms", "-q", ready.split()[2]).code)
        finally:
            process.terminate()
            process.communicate()

    def test_a_killed_worker_is_reported(self):
        with Target("-w", "2") as sparring:
            os.kill(holdfast.children(sparring.pid)[0], signal.SIGKILL)
            out, err = sparring.process.communicate(timeout=holdfast.TIMEOUT_SECONDS)
        self.assertEqual(4, sparring.process.returncode)
        self.assertIn("was killed by signal 9", err)

    def test_no_worker_outlives_a_killed_parent(self):
        with Target("-w", "2") as sparring:
            workers = holdfast.children(sparring.pid)
            self.assertEqual(2, len(workers))
            sparring.process.kill()
            sparring.process.wait()
            eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), "the workers are gone")

    def test_bad_input_gets_one_line(self):
        bad = {("--listen", "nowhere"): "ADDR:PORT", ("--listen", "example:1"): "numeric", ("--listen", "::1:80"): "ADDR:PORT",
               ("--listen", "127.0.0.1:65536"): "ADDR:PORT", ("--fault", "explode"): "accepted are reset-after",
               ("--fault", "reset-after=3@0%"): "percentage", ("--status", "100"): "200..599",
               ("--body", "/nonexistent"): "/nonexistent", ("--body", "/dev/zero"): "plain file",
               ("--body", "70M"): "64 MiB", ("--delay", "3s..1s"): "A not above B", ("--stall", "x"): "count",
               ("http://a/",): "ADDR:PORT", ("1", "2"): "one operand too many", ("-c", "5"): "not an option of holdfast target",
               ("--workers", "300"): "256", ("--listen", "a", "--listen", "b"): "twice",
               ("--max-connections", "100k", "-w", "1"): "--workers", ("--max-connections", "2", "-w", "3"): "--workers",
               tuple(["--fault", "status=200"] * 21): "at most 20"}
        for arguments, word in bad.items():
            with self.subTest(arguments=arguments):
                code, out, err = plainly("target", *arguments)
                self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
                self.assertIn(word, err)

    def test_the_help_and_the_version(self):
        for command in ("target", "demo"):
            code, out, err = plainly(command, "--help")
            self.assertEqual((0, ""), (code, err))
            self.assertTrue(out.startswith(f"Usage: holdfast {command} "))
            self.assertEqual(0, plainly(command, "--version")[0])

    def test_wrk_is_served(self):
        if not shutil.which("wrk"):
            self.skipTest("no wrk")
        with Target() as sparring:
            done = subprocess.run(["wrk", "-t1", "-c50", "-d1s", sparring.url], capture_output=True, text=True)
            stats = sparring.stats_when_closed()
        requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
        self.assertNotIn("errors", done.stdout)
        self.assertLess(0, requests)
        self.assertLessEqual(requests, answered(stats))
        self.assertLessEqual(answered(stats), requests + 50)


if __name__ == "__main__":
    holdfast.main()
