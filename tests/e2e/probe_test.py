#!/usr/bin/env python3
"""holdfast probe: what a server ends connections by, asked on purpose; and -k auto, which asks first."""

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

import holdfast
import validate_report
from holdfast import eventually, listener, nginx, or_skip, plainly, soak, url_of
from servers import Node
from sparring import Target

QUESTIONS = ("idle_timeout", "first_request_timeout", "requests_per_connection", "max_age")


@functools.cache
def schema():
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        return None
    return json.loads(subprocess.run([holdfast.PROGRAM, "probe", "--schema"], check=True, stdout=subprocess.PIPE).stdout)


class Told:
    """How a probe ended, and its JSON, which is held against its schema."""

    def __init__(self, result, path):
        self.code, self.out, self.err = result.code, result.out, result.err
        self.json = json.loads(path.read_text())
        path.unlink()
        if not schema():
            holdfast.skip_part(holdfast.NO_SCHEMA)
        faults = list(validate_report.departures(schema(), self.json)) if schema() else []
        if self.code != self.json["probe"]["exit_code"]:
            faults.append(f"exit code {self.code}, but the JSON says {self.json['probe']['exit_code']}")
        if faults:
            raise AssertionError("the JSON is wrong:\n  " + "\n  ".join(faults))
        self.probe, self.advice = self.json["probe"], self.json["advice"]

    def __getattr__(self, question):
        if question not in QUESTIONS:
            raise AttributeError(question)
        return self.json[question]

    def codes(self):
        return {finding["code"] for finding in self.json["findings"]}


class Probe(holdfast.Run):
    def __init__(self, *arguments):
        super().__init__("probe", *arguments, report=None)

    def told(self):
        return Told(self.finish(), self.json_path)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = holdfast.folder(self.addCleanup)

    def begin(self, *arguments):
        path = self.folder / "probe.json"
        probe = Probe(*arguments, "--json", path)
        probe.json_path = path
        self.addCleanup(probe.__exit__)
        return probe

    def probe(self, *arguments):
        return self.begin(*arguments).told()

    def assert_seconds(self, expected, value, status="found"):
        self.assertEqual(status, value["status"], value)
        self.assertAlmostEqual(expected, value["seconds"], delta=max(0.2, expected / 10), msg=value)


class NginxTest(Case):
    def test_all_four_limits_of_nginx_are_told(self):
        with nginx(keepalive_timeout="3s 2s; client_header_timeout 5s", keepalive_requests="100",
                   keepalive_time="4s") as server:
            told = self.probe("--for", "11s", server.url)
            self.assertEqual(0, told.code, told.out)
            self.assert_seconds(3, told.idle_timeout)
            self.assertEqual((2, "fin"), (told.idle_timeout["announced"], told.idle_timeout["ended_by"]))
            self.assertGreaterEqual(told.idle_timeout["agreeing"], 3)
            self.assert_seconds(5, told.first_request_timeout)
            self.assertEqual(("found", 100, "announced"),
                             tuple(told.requests_per_connection[key] for key in ("status", "count", "ended_by")))
            self.assert_seconds(4, told.max_age)
            self.assertIn("announced_timeout", told.codes(), "the header says 2, and nginx closes after 3 s")
            self.assertEqual(["-k 3s", "--reconnect backoff=1s..30s"], told.advice)
            self.assertIn(f"holdfast run -k 3s --reconnect backoff=1s..30s {server.url}", told.out)
            for said in ("idle timeout", "first request", "requests", "age", "not tried", "keepalive_timeout"):
                self.assertIn(said, told.out)
            self.assertEqual(told.probe["requests"], server.access_lines(), "each request was counted")
            self.assertLess(told.probe["requests"], 1500)
            self.assertLessEqual(told.probe["connections_at_once"], 16)
            self.assertLessEqual(told.probe["seconds"], 11 + 5.5)

    def test_a_limit_of_a_thousand_requests_is_exact(self):
        with nginx(keepalive_requests="1000", keepalive_timeout="2s") as server:
            told = self.probe("--for", "4s", server.url)
            self.assertEqual(("found", 1000),
                             (told.requests_per_connection["status"], told.requests_per_connection["count"]))
            self.assertLess(server.access_lines(), 1500)

    def test_a_reload_in_the_midst_is_survived(self):
        with nginx(keepalive_timeout="3s") as server:
            probe = self.begin("--for", "7s", server.url)
            eventually(lambda: server.access_lines() > 1060, "most connections wait")
            server.reload()
            told = probe.told()
            self.assertEqual((0, 1), (told.code, told.probe["restarts"]), told.out)
            self.assert_seconds(3, told.idle_timeout)
            self.assertIn("restarted", told.codes())
            self.assertNotEqual("found", told.max_age["status"])
            self.assertNotEqual("found", told.requests_per_connection["status"])

    def test_a_gentle_one_sends_40_requests_at_most(self):
        with nginx(keepalive_timeout="3s", keepalive_requests="100") as server:
            told = self.probe("--gentle", "--for", "7s", server.url)
            self.assert_seconds(3, told.idle_timeout)
            self.assertNotEqual("found", told.requests_per_connection["status"])
            self.assertLessEqual(server.access_lines(), 40)

    def test_k_auto_takes_what_a_probe_tells(self):
        with nginx(keepalive_timeout="2s") as server:
            result = soak("-k", "auto", "-c", "10", "-d", "1s", server.url)
            self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
            self.assertEqual("2s", result.report["plan"]["keepalive"])
            finding = result.finding("keep_alive_probed")
            self.assertEqual(("ok", 2000), (finding["status"], finding["have"]))
            self.assertIn("-k auto: 2.00 s", result.out)
            self.assertIn("-k auto: the idle timeout is", result.err)

    def test_k_auto_is_refused_before_it_asks_where_a_file_cannot_be_written(self):
        with listener() as listening:
            code, _, err = plainly("-k", "auto", "--timeline", self.folder / "none" / "x", url_of(listening))
            self.assertEqual(2, code)
            self.assertIn("--timeline: cannot write", err)
            listening.setblocking(False)
            self.assertRaises(BlockingIOError, listening.accept)

    def test_a_signal_while_k_auto_asks_ends_all(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number), Target() as target:
                with holdfast.Run("-k", "auto", "-c", "50", "-d", "1s", target.url) as run:
                    eventually(lambda: holdfast.connections_at(target.port) >= 2, "it probes")
                    run.signal(number)
                    result = run.finish()
                self.assertEqual((4, "inconclusive"), (result.code, result.verdict), result.err)
                self.assertEqual(0, result.connections["attempted"])
                self.assertIn("interrupted", result.out)
                self.assertIn("-k auto: interrupted", result.err)

    def test_k_auto_is_refused_where_one_request_is_all(self):
        code, _, err = plainly("check", "-k", "auto", "http://127.0.0.1:1/")
        self.assertEqual(2, code)
        self.assertIn("holdfast probe", err)


class OwnTargetTest(Case):
    def test_over_tls_an_end_is_told_by_close_notify(self):
        with Target("--tls", "--keepalive-timeout", "2s", "--keepalive-requests", "50") as target:
            told = self.probe("--insecure", "--for", "5s", target.url)
            self.assertEqual(0, told.code, told.out)
            self.assert_seconds(2, told.idle_timeout)
            self.assertEqual("close_notify", told.idle_timeout["ended_by"])
            self.assertEqual(("found", 50, 50),
                             tuple(told.requests_per_connection[key] for key in ("status", "count", "announced")))
            self.assertEqual("TLSv1.3", told.json["target"]["tls"]["version"])
            self.assertIn("--insecure", told.out)

    def test_what_outlives_the_bound_is_at_least(self):
        with Target() as target:
            told = self.probe("--for", "2s", target.url)
            self.assertEqual((0, "at_least"), (told.code, told.idle_timeout["status"]))
            self.assertGreaterEqual(told.idle_timeout["seconds"], 2)
            self.assertEqual("at_least", told.requests_per_connection["status"])
            self.assertEqual(["-k 2s"], told.advice)
            self.assertIn("(--for)", told.out)

    def test_answers_of_an_error_status_are_told(self):
        with Target("--status", "429", "--keepalive-timeout", "1s") as server:
            told = self.probe("--for", "3s", "--gentle", server.url)
        finding = next(finding for finding in told.json["findings"] if finding["code"] == "error_answers")
        self.assertRegex(finding["text"], r"^(\d+) of \1 answers .* the first of 429")
        self.assertIn("429", told.out)

    def test_where_no_connection_is_kept_that_is_told_at_once(self):
        with Target("--fault", "close-announced=1") as target:
            told = self.probe(target.url)
            self.assertEqual((4, "unknown"), (told.code, told.idle_timeout["status"]))
            self.assertEqual(("found", 1), (told.requests_per_connection["status"], told.requests_per_connection["count"]))
            self.assertIn("keep_alive", told.codes())
            self.assertEqual([], told.advice)
            self.assertLess(told.probe["seconds"], 30)

    def test_an_interrupt_tells_what_is_known(self):
        with Target("--keepalive-timeout", "1s") as target:
            probe = self.begin("--for", "1h", target.url)
            eventually(lambda: target.stats()["connections"]["endings"]["keepalive_timeout"] >= 4, "some have ended")
            probe.signal(signal.SIGINT)
            told = probe.told()
            self.assertTrue(told.probe["interrupted"])
            self.assertEqual(0, told.code)
            self.assert_seconds(1, told.idle_timeout)
            self.assertIn("interrupted", told.out)

    def test_an_interrupt_before_the_first_question_is_told_too(self):
        with listener() as listening:
            probe = self.begin(url_of(listening))
            with listening.accept()[0]:  # who is never answered
                probe.signal(signal.SIGINT)
                told = probe.told()
        self.assertEqual((4, True), (told.code, told.probe["interrupted"]))
        self.assertIn("interrupted during the preflight", told.out)

    def test_a_second_interrupt_waits_for_no_reader(self):
        AGAIN_SECONDS = 0.6  # sooner it is the same one
        with Target() as target:
            reader, writer = os.pipe()
            self.addCleanup(os.close, reader)
            os.set_blocking(writer, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, bytes(4096))
            os.set_blocking(writer, True)
            with holdfast.Run("probe", target.url, report=None, stdout=writer) as run:
                os.close(writer)
                eventually(lambda: holdfast.connections_at(target.port) >= 2, "it probes")
                run.signal(signal.SIGINT)
                holdfast.wait_until_unused(target.port)
                time.sleep(AGAIN_SECONDS)
                self.assertIsNone(run.process.poll(), "it waits for its reader")
                run.signal(signal.SIGINT)
                self.assertEqual(130, run.finish().code)

    def test_ends_that_we_slept_through_are_not_measured(self):
        with Target("--keepalive-timeout", "3s") as target:
            for _ in range(5):  # a busy machine may look at it too late
                probe = self.begin("--for", "12s", "--gentle", target.url)
                eventually(lambda: holdfast.connections_at(target.port) >= 4 or probe.process.poll() is not None,
                           "some are open")
                if probe.process.poll() is None:
                    break
            probe.signal(signal.SIGSTOP)
            eventually(lambda: holdfast.connections_at(target.port) == 0 or
                       target.stats()["connections"]["endings"]["keepalive_timeout"] >= 3, "they have ended")
            time.sleep(1)  # in which they would have been seen
            probe.signal(signal.SIGCONT)
            told = probe.told()
            self.assertIn("loop_lag", told.codes())
            if told.idle_timeout["status"] != "unknown":  # which is told where a busy machine blurred the others too
                self.assert_seconds(3, told.idle_timeout)

    def test_without_a_terminal_progress_is_plain_lines_and_q_has_none(self):
        with Target() as target:
            loud = self.probe("--for", "10s", "--gentle", target.url)
            self.assertRegex(loud.err, r"(?m)^time=\S+ phase=probe t=1\d\.\d open=\d+ .*idle_timeout=at_least:")
            self.assertNotIn("\r", loud.err)
            quiet = self.probe("-q", "--for", "2s", "--gentle", target.url)
            self.assertEqual("", quiet.err)

    def test_a_report_on_standard_output_leaves_the_result_to_standard_error(self):
        with Target() as target:
            code, out, err = plainly("probe", "--for", "1s", "--gentle", "--json", "-", target.url)
            self.assertEqual((0, "holdfast-probe/1"), (code, json.loads(out)["schema"]))
            self.assertIn("idle timeout", err)


class OtherServersTest(Case):
    def test_node_closes_a_second_after_it_says(self):
        with or_skip(Node, timeout_ms=2000, requests=20) as server:
            told = self.probe("--for", "6s", server.url)
            self.assertEqual(0, told.code, told.out)
            self.assertEqual("found", told.idle_timeout["status"])
            self.assertEqual(2, told.idle_timeout["announced"])
            self.assertEqual(20, told.requests_per_connection["count"])

    def test_a_server_that_keeps_GET_and_not_HEAD_is_probed_by_GET(self):
        with HeadCloses(seconds=4) as server:
            told = self.probe("--for", "6s", "--gentle", server.url)
            self.assertIn("keep_alive_head", told.codes())
            self.assertIn(told.idle_timeout["status"], ("found", "jittered"))  # the latter where our server is late
            self.assertAlmostEqual(4, told.idle_timeout["seconds"], delta=0.4)
            self.assertEqual("-X GET", told.advice[0])

    def test_a_server_of_four_connections_is_not_asked_for_more(self):
        with HeadCloses(threads=4, head=True, seconds=4) as server:
            told = self.probe("--for", "6s", server.url)
            self.assertIn("connection_limit", told.codes())
            self.assertEqual(4, told.probe["holds"])
            self.assert_seconds(4, told.idle_timeout)

    def test_a_server_that_answers_once_and_never_again_is_tried_three_times(self):
        with listener() as listening:
            probe = self.begin(url_of(listening))
            with listening.accept()[0] as first:
                first.recv(4096)
                first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                tries = []
                for _ in range(3):
                    listening.accept()[0].close()
                    tries.append(time.monotonic())
                told = probe.told()
        self.assertEqual(4, told.code)
        self.assertIn("no connection was answered, of 3 that were tried", told.out)
        self.assertGreater(tries[-1] - tries[0], 0.5, "a moment lies between them")

    def test_no_server_is_no_target(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            told = self.probe(f"http://127.0.0.1:{unused.getsockname()[1]}/")
        self.assertEqual(5, told.code)
        self.assertEqual({"unknown"}, {told.json[question]["status"] for question in QUESTIONS})
        self.assertIn("NO TARGET", told.out)
        failed = [finding["code"] for finding in told.json["findings"] if finding["status"] == "fail"]
        self.assertEqual(["target"], failed, "the JSON says why, too")


class HeadCloses:
    """Keeps connections of GET for so long, and closes behind each HEAD (head: keeps it too); so many at once."""

    def __init__(self, seconds, threads=64, head=False):
        self.head, self.room, self.seconds = head, threading.Semaphore(threads), seconds
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.room.acquire()
                threading.Thread(target=self.serve, args=self.listener.accept()[:1], daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(self.seconds)
            while request := connection.recv(4096):
                head = request.startswith(b"HEAD")
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if head else b"ok"))
                if head and not self.head:
                    break
        self.room.release()


class UsageTest(Case):
    def test_the_schema_stands_alone(self):
        printed = subprocess.run([holdfast.PROGRAM, "probe", "--schema"], check=True, stdout=subprocess.PIPE).stdout
        self.assertEqual("holdfast-probe/1", json.loads(printed)["properties"]["schema"]["const"])
        self.assertEqual(2, plainly("probe", "--schema", "http://127.0.0.1:1/")[0])

    def test_what_is_not_accepted_is_refused(self):
        for arguments in (("-c", "3"), ("--for", "0"), ("-d", "5s"), ("--for", "x")):
            with self.subTest(arguments):
                self.assertEqual(2, plainly("probe", *arguments, "http://127.0.0.1:1/")[0])


if __name__ == "__main__":
    holdfast.main()
