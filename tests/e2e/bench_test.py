#!/usr/bin/env python3
"""The benchmarks on a machine that is busy: a status page that is late ends no measurement."""

import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest

import holdfast
from nginx import ROOT, Nginx

sys.path.insert(0, str(ROOT / "bench"))
from processes import held_by  # noqa: E402


def program(name):
    """bench/NAME as a module."""
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(ROOT / "bench" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


class Late:
    """In front of a port: what comes on the n-th connection is passed on so many seconds late; None: never."""

    def __init__(self, port, seconds):
        self.port, self.seconds, self.taken = port, list(seconds), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                late = self.seconds[self.taken] if self.taken < len(self.seconds) else self.seconds[-1]
                self.taken += 1
                threading.Thread(target=self._pass_on, args=(client, late), daemon=True).start()

    def _pass_on(self, client, late):
        with client, contextlib.suppress(OSError):
            request = client.recv(4096)
            if late is None:
                client.recv(1)  # until it is given up
                return
            time.sleep(late)
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                server.sendall(request)
                for block in iter(lambda: server.recv(4096), b""):
                    client.sendall(block)


class LateNginx(Nginx):
    """Late is its page for the one who looks on, and not for holdfast."""
    late = None

    def stub_status(self, timeout=3):
        """Through what makes it late."""
        self.late = self.late or Late(self.port, self.seconds)
        return super().stub_status(timeout)

    @property
    def status_port(self):
        return self.late.listener.getsockname()[1] if self.late else self.port


def late_nginx(seconds, connections=10):
    return holdfast.or_skip(type("LateNginx", (LateNginx,), {"seconds": seconds}), "soak", connections=connections)


class BenchTest(unittest.TestCase):
    def measured(self, seconds):
        """One run of bench/million, small; the page late by so much."""
        million = program("million")
        options = argparse.Namespace(connections=1000, seconds=15, rate=10000, holdfast=holdfast.PROGRAM, tls=False,
                                     target=False)
        million.serve = lambda connections, _: late_nginx(seconds, connections)
        with tempfile.TemporaryDirectory() as folder:
            run = million.measure("holdfast", 1000, options, pathlib.Path(folder))
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            million.show(run)
        return run, shown.getvalue()

    def test_a_status_page_that_is_late_once_is_asked_for_again(self):
        run, shown = self.measured((30, 0))
        self.assertEqual(("", 1000, 2), (run.trouble, min(run.held, 1000), run.asked), shown)
        self.assertIn("| held |", shown)

    def test_a_run_whose_status_page_never_comes_is_marked_and_measured(self):
        run, shown = self.measured((None,))
        self.assertEqual((None, 0, "held"), (run.held, run.exit_code, run.verdict), shown)
        self.assertRegex(shown, r"\| nginx's status page did not come in the hold, asked \d+ times \|")
        self.assertGreater(run.answered, 0)

    def test_a_page_that_is_late_each_time_is_waited_for_longer(self):
        with late_nginx((6,)) as server:
            held, asked = held_by(server, holdfast.TIMEOUT_SECONDS)
        self.assertEqual(2, asked, "4 s, and then 8")
        self.assertIn(held, (0, 1, 2))


if __name__ == "__main__":
    holdfast.main()
