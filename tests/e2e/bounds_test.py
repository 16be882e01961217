#!/usr/bin/env python3
"""What is observed beside a run keeps the parent's loop waiting no longer than usual, however much of it there is."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

import holdfast
from holdfast import Run, soak

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"  # to a HEAD
TICK_SECONDS = 1.5  # a machine with other work may well be late by some tenths of a second


@contextlib.contextmanager
def answering(reply):
    """reply(connection, request): called for each request, in a thread a connection. Gives the port."""
    def serve(connection):
        with connection, contextlib.suppress(OSError):
            while request := connection.recv(65536):
                reply(connection, request)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def fine(connection, _):
    connection.sendall(ANSWER)


class BoundsTest(unittest.TestCase):
    def test_an_error_log_cut_from_gigabytes_is_not_read_in_one_go(self):
        with tempfile.TemporaryDirectory() as folder, answering(fine) as port:
            path = pathlib.Path(folder) / "error.log"
            path.touch()
            os.truncate(path, 3 << 30)
            with path.open("ab") as log, subprocess.Popen(["sleep", "60"], stderr=log) as sleeper:
                with Run("-c", 1, "-d", "4s", "--no-check", "--ui", "line", "--server-pid", sleeper.pid,
                         f"http://127.0.0.1:{port}/") as run:
                    run.wait_for_phase("hold")
                    os.truncate(path, 2 << 30)
                    result = run.finish()
                sleeper.kill()
        self.assertLess(result.report["generator"]["tick_seconds_max"], TICK_SECONDS)

    def test_a_status_page_without_an_end_holds_up_nothing(self):
        stream = bytes(1 << 20)

        def reply(connection, request):
            if b"/status" not in request:
                return fine(connection, request)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(stream)

        with answering(reply) as port:
            result = soak("-c", 1, "-d", "4s", "--no-check", "-q", "--server-status", f"http://127.0.0.1:{port}/status",
                          f"http://127.0.0.1:{port}/")
        self.assertTrue(any("not measured" in finding["text"] for finding in result.report["findings"]))
        self.assertLess(result.report["generator"]["tick_seconds_max"], TICK_SECONDS)


if __name__ == "__main__":
    holdfast.main()
