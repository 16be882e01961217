#!/usr/bin/env python3
"""How many are live is known between two looks too, and a run that lost all of them says that it ended for it."""

import os
import signal
import socket
import threading
import unittest

import holdfast
from holdfast import Run

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Server:
    """Answers everything, until all of its connections are ended at once."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/"
        self.held = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            threading.Thread(target=self._serve, args=(self.listening.accept()[0],), daemon=True).start()

    def _serve(self, connection):
        self.held.add(connection)
        try:
            while connection.recv(65536):
                connection.sendall(ANSWER)
        except OSError:
            pass
        self.held.discard(connection)
        connection.close()

    def end_all(self, count):
        """Those of so many connections, which the client may have opened before we accepted them."""
        holdfast.eventually(lambda: len(self.held) == count, f"{count} connections are accepted")
        for connection in list(self.held):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class LiveTest(unittest.TestCase):
    def test_a_dip_between_two_looks_is_the_fewest_live(self):
        # A worker of nginx that is killed ends all of its connections at once, however busy the machine is.
        for workers in (1, 3):
            with holdfast.nginx() as server, \
                 Run("--ui", "line", "-c", 200, "-w", workers, "-d", "6s", "-i", "200ms..400ms", "--no-check",
                     "--reconnect", "backoff=900ms..5s", "--require", "live_min>=50%", server.url) as run:
                run.wait_for(r"phase=hold t=\d+")
                holdfast.eventually(lambda server=server: server.stub_status()["active"] > 200, "200 connections are accepted")
                os.kill(holdfast.children(server.pid)[0], signal.SIGKILL)
                result = run.finish()
            self.assertEqual((1, "broke"), (result.code, result.verdict), result.err)
            self.assertLessEqual(result.connections["live_min"], 50)
            self.assertEqual(200, result.connections["live_peak"])
            self.assertIn(result.connections["live_min"], result.report["timeline"]["live_min"])

    def test_a_run_that_lost_all_says_that_it_ended_for_it(self):
        server = Server()
        with Run("--ui", "line", "-c", 50, "-d", "1h", "-i", "100ms..200ms", "--require", "p99<1m", "--no-check",
                 server.url) as run:
            run.wait_for_phase("hold")
            server.end_all(50)
            result = run.finish()
        self.assertEqual((0, "held"), (result.code, result.verdict), result.err)
        self.assertTrue(result.report["run"]["ended_early"])
        self.assertIn("ended early: nothing was live any more, and nothing reconnects", result.out)
        self.assertIn("ended early", " ".join(result.report["verdict"]["reasons"]))

    def test_a_server_that_refuses_all_leaves_a_report_that_is_read(self):
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
            for _ in range(5):
                with Run("-c", 50, "-r", "50/1ms", "-d", "5s", "--no-check", url) as run:
                    result = run.finish()
                    self.assertGreaterEqual(result.report["run"]["hold_seconds"], 0)
                    self.assertTrue(result.report["run"]["ended_early"])
                    self.assertEqual("", holdfast.plainly("report", run.path)[2])


if __name__ == "__main__":
    holdfast.main()
