#!/usr/bin/env python3
"""A server's own directives are named only where the server is known: a proxy passes the Server header of nginx through,
and ends connections by limits of its own. And --server-pid is watched only where it listens at the target."""

import contextlib
import pathlib
import socket
import subprocess
import threading
import unittest

import holdfast
from holdfast import nginx, plainly, soak

IDLE_SECONDS = 1
SOAK = ("-c", 60, "-r", "10/10ms", "--ui", "line", "-k", "60s", "-d", "3s")
GENERAL, NGINX = "a keep-alive timeout of ", "keepalive_timeout "  # how long: tests/e2e/closings_test.py
TRIES = 5  # nothing is told of ends when we were late, as on a busy machine
OWN_NAME = pathlib.Path("/proc/self/comm")


class Answering:
    """Answers in a process of the name given, with these headers, and ends connections after a second without a request."""

    def __init__(self, *headers, name="nginx"):
        self.head = "".join(f"{header}\r\n" for header in headers)
        self.former, self.name = OWN_NAME.read_text(), name
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def __enter__(self):
        self.rename(self.name)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.rename(self.former)

    def rename(self, name):
        OWN_NAME.write_text(name)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=self.listener.accept()[:1], daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(IDLE_SECONDS)
            while request := connection.recv(4096):
                body = b"" if request.startswith(b"HEAD") else b"ok"
                connection.sendall(f"HTTP/1.1 200 OK\r\n{self.head}Content-Length: 2\r\n\r\n".encode() + body)


class Directives(unittest.TestCase):
    def idle(self, *headers, name="nginx"):
        for _ in range(TRIES):
            with Answering(*headers, name=name) as server:
                result = soak(*SOAK, server.url)
            finding = result.finding("idle_timeout")
            if finding is not None:
                break
        self.assertIsNotNone(finding, result.report["findings"])
        return result, finding

    def general(self, *headers, name="nginx"):
        result, finding = self.idle(*headers, name=name)
        self.assertIn(GENERAL, finding["text"])
        self.assertNotIn("in nginx", str(result.report["findings"]))
        self.assertNotIn("nginx -s", result.out + result.err)
        return result

    def test_nginx_itself(self):
        result, finding = self.idle("Server: nginx/1.22.1")
        self.assertIn(NGINX, finding["text"])
        self.assertIn("in nginx: keepalive_timeout 75s", finding["do"])
        self.assertEqual((None, "nginx"), (result.report["target"]["via_header"], result.report["target"]["process"]))

    def test_varnish_before_nginx(self):
        result = self.general("Server: nginx/1.22.1", "Via: 1.1 varnish")
        self.assertEqual("1.1 varnish", result.report["target"]["via_header"])

    def test_a_proxy_without_via_before_nginx(self):
        result = self.general("Server: nginx/1.22.1", name="haproxy")
        self.assertEqual("haproxy", result.report["target"]["process"])

    def test_another_server_and_none(self):
        self.general("Server: HAProxy", name="haproxy")
        self.general(name="python3")


class Pid(unittest.TestCase):
    def test_a_process_that_does_not_listen_there_gives_no_figure(self):
        with nginx() as server, nginx() as other:
            pid = other.pid
            result = soak("-c", 10, "-d", "1s", "--ui", "line", "--server-pid", pid, server.url)
            _, *check = plainly("check", "-c", 10, "--server-pid", pid, server.url)
        finding = result.finding("server_pid")
        self.assertEqual((0, "warn"), (result.code, finding["status"]))
        self.assertIn(f"process {pid} (nginx) does not listen on 127.0.0.1:", finding["text"])
        self.assertIsNone(result.report["server"])
        for code in ("server_files", "server_connections"):
            self.assertIsNone(result.finding(code))
        self.assertIn("does not listen on", "".join(check))
        self.assertNotIn("worker_connections", "".join(check))

    def test_a_worker_of_the_server_is_the_server(self):
        with nginx() as server:
            worker = int(subprocess.check_output(["pgrep", "-P", str(server.pid)], text=True).split()[0])
            result = soak("-c", 10, "-d", "1s", "--ui", "line", "--server-pid", worker, server.url)
        self.assertEqual("ok", result.finding("server_pid")["status"])
        self.assertEqual(worker, result.report["server"]["process"]["pid"])


if __name__ == "__main__":
    holdfast.main(jobs=2)
