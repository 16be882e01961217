#!/usr/bin/env python3
"""The server's own story beside the client's: its access log through every rotation, its processes, its status page."""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import holdfast
from holdfast import Run, eventually, soak

CONNECTIONS = 100


@contextlib.contextmanager
def nginx(replacing=None):
    """replacing: text of its configuration, and what stands there instead."""
    with holdfast.nginx() as server:
        if replacing:
            reconfigure(server, *replacing)
        yield server


def masters_children(server):
    return set(holdfast.children(server.pid))


def reconfigure(server, old, new):
    path = server.prefix / "nginx.conf"
    text = path.read_text()
    assert old in text
    # It listens before it forks its worker.
    before = eventually(lambda: masters_children(server), "nginx has a worker")
    path.write_text(text.replace(old, new))
    os.kill(server.pid, signal.SIGHUP)
    eventually(lambda: masters_children(server) and not masters_children(server) & before, "nginx is reloaded")


def count_lines(*paths):
    return sum(pathlib.Path(path).read_bytes().count(b"\n") for path in paths)


def rotate(server, aside):
    """As logrotate does without copytruncate."""
    server.access_log.rename(aside)
    time.sleep(0.05)  # the server goes on with the old file for a while
    os.kill(server.pid, signal.SIGUSR1)
    eventually(lambda: server.access_log.exists() and server.access_log.stat().st_size > 0, "nginx writes to the new log")


class LogTest(unittest.TestCase):
    def agrees(self, result, rotations=0, truncations=0):
        log, sent = result.report["server"]["access_log"], result.requests["sent"]
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertEqual((sent, sent, 1), (log["requests"], log["client_sent"], log["ratio"]))
        self.assertEqual((rotations, truncations, None), (log["rotations"], log["truncations"], log["trouble"]))
        self.assertEqual("ok", result.finding("server_log_requests")["status"])
        self.assertIn("agrees with the client", result.out)
        return log

    def test_a_log_rotated_twice_in_mid_run_loses_no_line_and_counts_none_twice(self):
        with nginx() as server:
            with Run("-c", CONNECTIONS, "-i", "20ms..60ms", "-d", "3s", "--ui", "line", "--server-log", server.access_log,
                     server.url) as run:
                run.wait_for_phase("hold")
                rotate(server, server.prefix / "access.log.2")
                time.sleep(0.3)
                rotate(server, server.prefix / "access.log.1")
                result = run.finish()
            log = self.agrees(result, rotations=2)
            lines = count_lines(server.access_log, server.prefix / "access.log.1", server.prefix / "access.log.2")
            self.assertEqual(result.requests["sent"] + 1, lines, "the preflight's is one more")
            self.assertEqual((lines, 1), (log["lines"], log["own_lines"]))
            self.assertEqual(("access_log", 1), (result.report["server"]["source"], result.report["server"]["ratio"]))
            self.assertIsNone(result.report["server"]["active_peak"])
            self.assertIn("rotated 2 times", result.out)

    def test_a_log_cut_in_place_while_it_is_quiet_loses_no_line(self):
        with nginx() as server:
            with Run("-c", CONNECTIONS, "-r", "1000", "-i", "1500ms", "-d", "2500ms", "--ui", "line", "--server-log",
                     server.access_log, server.url) as run:
                eventually(lambda: server.access_lines() == CONNECTIONS + 1, "each connection has asked once")
                time.sleep(0.4)  # it is read, and 1.5 s lie between two requests of a connection
                os.truncate(server.access_log, 0)
                result = run.finish()
            self.agrees(result, truncations=1)
            self.assertEqual(result.requests["sent"] - CONNECTIONS, server.access_lines())

    def test_lines_from_before_and_a_file_that_vanishes_are_no_trouble(self):
        with nginx() as server:
            server.access_log.write_bytes(b"old\n" * 1000)
            with Run("-c", CONNECTIONS, "-i", "50ms", "-d", "2s", "--ui", "line", "--server-log", server.access_log,
                     server.url) as run:
                run.wait_for_phase("hold")
                server.access_log.unlink()
                time.sleep(0.3)
                os.kill(server.pid, signal.SIGUSR1)
                result = run.finish()
            self.agrees(result, rotations=1)

    def test_rates_are_the_logs_where_there_is_no_status_page(self):
        with nginx() as server:
            result = soak("-c", CONNECTIONS, "-i", "100ms", "-d", "3s", "--ui", "line", "--server-log", server.access_log,
                          server.url)
        log = self.agrees(result)
        mean = result.requests["per_second_mean"]
        self.assertAlmostEqual(mean, log["per_second_mean"], delta=0.15 * mean)
        self.assertRegex(result.err, r"phase=hold .* server_rps=[1-9]")
        self.assertTrue(any(result.report["timeline"]["server_per_second"]))

    def test_polls_that_are_logged_are_taken_out(self):
        with nginx(("access_log off;", "")) as server:
            result = soak("-c", CONNECTIONS, "-i", "100ms", "-d", "2s", "--server-log", server.access_log, "--server-status",
                          server.status_url, server.url)
            log = self.agrees(result)
            self.assertIn(b"GET /nginx_status", server.access_log.read_bytes())
        report = result.report["server"]
        self.assertEqual(("several", result.requests["sent"]), (report["source"], report["requests"]))
        self.assertLess(3, log["own_lines"])
        status = report["stub_status"]
        self.assertEqual((CONNECTIONS, 0, CONNECTIONS), (status["accepted"], status["dropped"], status["active_peak"]))
        self.assertEqual(CONNECTIONS, status["waiting"])

    def test_lines_that_are_written_late_are_waited_for(self):
        with nginx(("access.log;", "access.log combined buffer=64k flush=1s;")) as server:
            result = soak("-c", CONNECTIONS, "-i", "100ms", "-d", "1s", "--server-log", server.access_log, server.url)
        self.agrees(result)

    def test_a_log_that_does_not_grow_is_reported(self):
        with nginx() as server, tempfile.NamedTemporaryFile() as other:
            result = soak("-c", 10, "-i", "100ms", "-d", "500ms", "--server-log", other.name, server.url)
        finding = result.finding("server_log_requests")
        self.assertEqual((0, "warn"), (result.code, finding["status"]))
        self.assertIn("the log does not grow while", finding["text"])
        self.assertIn("is it this server's log", result.out)
        report = result.report["server"]
        self.assertEqual((None, None, 0), (report["requests"], report["ratio"], report["access_log"]["requests"]))

    def test_a_log_of_another_server_is_reported(self):
        with nginx() as server, nginx() as other:
            with Run("-c", 10, "-i", "100ms", "-d", "0", "--ui", "line", "--server-log", other.access_log, server.url) as run:
                run.wait_for_phase("hold")
                subprocess.run([holdfast.PROGRAM, "-q", "-c", "3", "-i", "10ms", "-d", "300ms", other.url + "else"],
                               stdout=subprocess.DEVNULL)
                run.signal(signal.SIGINT)
                result = run.finish()
        finding = result.finding("server_log_requests")
        self.assertEqual("warn", finding["status"])
        self.assertIn("none of its lines has our request line", finding["text"])

    def test_others_at_the_same_server_are_reported(self):
        with nginx() as server:
            with Run("-c", 10, "-i", "100ms", "-d", "0", "--ui", "line", "--server-log", server.access_log, "--server-status",
                     server.status_url, server.url) as run:
                run.wait_for_phase("hold")
                subprocess.run([holdfast.PROGRAM, "-q", "-c", "3", "-i", "10ms", "-d", "200ms", server.url + "else"],
                               stdout=subprocess.DEVNULL)
                run.signal(signal.SIGINT)
                result = run.finish()
        for code in ("server_log_requests", "server_requests"):
            self.assertIn("others ask", result.finding(code)["text"])
        self.assertIn("others connect", result.finding("server_connections")["text"])
        self.assertLess(result.requests["sent"], result.report["server"]["requests"])


class ProcessTest(unittest.TestCase):
    def test_memory_cpu_and_files_of_nginx_are_plausible(self):
        with nginx() as server:
            pid = server.pid
            result = soak("-c", CONNECTIONS, "-i", "5ms..10ms", "-d", "2s", "--server-pid", pid, server.url)
        process = result.report["server"]["process"]
        self.assertEqual((0, "process", pid), (result.code, result.report["server"]["source"], process["pid"]))
        self.assertEqual((2, False), (process["processes"], process["ended"]))
        self.assertEqual(CONNECTIONS, process["connections"])
        self.assertLess(1 << 20, process["memory_bytes"])
        self.assertLessEqual(process["memory_bytes"], process["memory_bytes_max"])
        self.assertLess(0, process["cpu_percent_mean"])
        self.assertLess(process["cpu_percent_mean"], 110)
        self.assertLessEqual(CONNECTIONS, process["files_process_max"])
        self.assertLess(process["files_process_max"], CONNECTIONS + 50)
        self.assertLess(CONNECTIONS, process["nofile_soft"])
        self.assertRegex(result.out, rf"process {pid}: memory .* cpu .* files at most ")

    def test_a_reload_changes_the_tree_and_not_the_watch(self):
        with nginx() as server:
            with Run("-c", 20, "-i", "100ms", "-d", "3s", "--ui", "line", "--server-pid", server.pid, server.url) as run:
                run.wait_for_phase("hold")
                reconfigure(server, "worker_processes 1;", "worker_processes 3;")
                result = run.finish()
        process = result.report["server"]["process"]
        self.assertFalse(process["ended"])
        self.assertLessEqual(4, process["processes_peak"])

    def test_a_process_that_ends_in_mid_run_is_told_and_what_was_measured_stays(self):
        with nginx() as server, subprocess.Popen(["sleep", "60"]) as sleeper:
            with Run("-c", 10, "-i", "100ms", "-d", "3s", "--ui", "line", "--no-check", "--server-pid", sleeper.pid,
                     server.url) as run:
                run.wait_for_phase("hold")
                sleeper.kill()
                result = run.finish()
        process = result.report["server"]["process"]
        self.assertEqual((0, True), (result.code, process["ended"]))
        self.assertLess(0, process["memory_bytes_before"])
        self.assertIsNone(process["memory_bytes"])
        self.assertEqual("warn", result.finding("server_process")["status"])
        self.assertRegex(result.err, rf"note   the server's process {sleeper.pid} has ended")


if __name__ == "__main__":
    holdfast.main(jobs=2)
