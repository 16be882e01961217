#!/usr/bin/env python3
"""Starts an nginx of its own (own prefix, own port, the system's nginx untouched) and removes it again.

As a module:

    with Nginx("soak", connections=10000) as server:
        ... server.url, server.status_url, server.access_lines() ...

As a program: prints one line of shell assignments when nginx listens (NGINX_URL=... NGINX_STATUS_URL=...
NGINX_ACCESS_LOG=... NGINX_ERROR_LOG=... NGINX_PID=...), then waits for SIGTERM or for the end of its
standard input, stops nginx and removes its folder.

The binary is $HOLDFAST_NGINX, or nginx of PATH, /usr/sbin/nginx or build/nginx/usr/sbin/nginx.
"""

import argparse
import ctypes
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST_PORT, LAST_PORT = 18080, 18999
START_SECONDS, STOP_SECONDS = 120, 60
# Descriptors of an nginx worker that are no connections: listener, logs, channels, epoll.
OTHER_DESCRIPTORS = 32


class ServerError(Exception):
    """The server is not there, or does not start."""


def binary():
    """The nginx to run, as a path."""
    named = os.environ.get("HOLDFAST_NGINX")
    if named:
        return named
    found = shutil.which("nginx")
    places = [found, "/usr/sbin/nginx", "/usr/local/sbin/nginx", ROOT / "build/nginx/usr/sbin/nginx"]
    for place in places:
        if place and os.access(place, os.X_OK):
            return str(place)
    raise ServerError("no nginx: set HOLDFAST_NGINX, or run tools/install-packages --nginx")


def worker_connections(wanted):
    """worker_connections for `wanted` connections, as far as the hard descriptor limit allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # nginx sheds idle connections from 15/16 on; some room for stub_status polls and the listener.
    need = max(20000, wanted * 16 // 15 + 512)
    return need if hard == resource.RLIM_INFINITY else min(need, hard - OTHER_DESCRIPTORS)


def holdable(wanted):
    """The greatest number of connections, at most `wanted`, that one nginx worker here can hold."""
    return min(wanted, worker_connections(wanted) * 15 // 16 - 64)


def ephemeral_ports():
    """The kernel's range of local ports, as a range."""
    try:
        low, high = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
        return range(int(low), int(high) + 1)
    except (OSError, ValueError):
        return range(32768, 61000)


def candidate_ports(first=FIRST_PORT, last=LAST_PORT):
    """Ports to try in turn: those that cannot be anyone's local port come first. They start anywhere, so that
    a client of an earlier server that has not noticed its end does not meet the next one."""
    ephemeral = ephemeral_ports()
    start = random.randrange(first, last + 1)
    ports = [*range(start, last + 1), *range(first, start)]
    return [p for p in ports if p not in ephemeral] + [p for p in ports if p in ephemeral]


def port_is_free(port):
    """Whether a listener could be put on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
            return True
        except OSError:
            return False


def keep_port(port):
    """A socket that keeps a port from other tests of this machine while it is open, as servers that listen with
    SO_REUSEPORT would all get it; None: another has it."""
    keeper = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        keeper.bind(f"\0holdfast-test-port-{port}")
        return keeper
    except OSError:
        keeper.close()
        return None


def die_with_parent():
    """In the child: SIGTERM when the one who started us is gone, however it went."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Server:
    """A server in the foreground, on a port of loopback and with a folder of its own: prefix. A kind of it has
    _start(), which sets process and port."""

    def __init__(self):
        self.process = None
        self.prefix = pathlib.Path(tempfile.mkdtemp(prefix=f"holdfast-{type(self).__name__.lower()}-"))
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self):
        """Its first process."""
        return self.process.pid

    def stop(self):
        """Ends it and its workers, waits for them and removes the folder; safe to call again."""
        self.halt()
        shutil.rmtree(self.prefix, ignore_errors=True)

    def halt(self):
        """Ends it and its workers, and waits for them; safe to call again."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None

    def _connects(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False


class Nginx(Server):
    """One nginx, started on construction. settings: directives of the template with another value, as
    {"keepalive_timeout": "5s"}."""

    def __init__(self, template="soak", connections=10000, workers=1, settings=None):
        self.template = ROOT / f"configs/nginx-{template}.conf.in"
        self.connections = worker_connections(connections)
        self.workers = workers
        self.settings = settings or {}
        super().__init__()

    @property
    def status_port(self):
        return self.port

    @property
    def status_url(self):
        return f"http://127.0.0.1:{self.status_port}/nginx_status"

    @property
    def access_log(self):
        return self.prefix / "access.log"

    @property
    def error_log(self):
        return self.prefix / "error.log"

    def access_lines(self):
        """Lines of the access log so far; nginx_status is not logged."""
        with open(self.access_log, "rb") as log:
            return sum(block.count(b"\n") for block in iter(lambda: log.read(1 << 20), b""))

    def stub_status(self, timeout=60):
        """{active, accepted, handled, requests}; the asking connection and request count in it."""
        with self._connect(timeout) as client:
            client.sendall(b"GET /nginx_status HTTP/1.0\r\n\r\n")
            page = b"".join(iter(lambda: client.recv(4096), b"")).partition(b"\r\n\r\n")[2]
        words = page.split()
        accepted, handled, requests = words[7:10]
        return {"active": int(words[2]), "accepted": int(accepted), "handled": int(handled),
                "requests": int(requests)}

    def _connect(self, timeout):
        """For stub_status()."""
        return socket.create_connection(("127.0.0.1", self.status_port), timeout=timeout)

    def start_again(self):
        """After halt(): on the same port, with the same files."""
        (self.prefix / "nginx.pid").unlink(missing_ok=True)
        if not self._launch():
            raise ServerError(f"port {self.port} was taken meanwhile")

    def reload(self):
        """nginx -s reload: new workers take over, old ones end when they are idle."""
        self.process.send_signal(signal.SIGHUP)

    def _start(self):
        for port in candidate_ports():
            if port_is_free(port):
                self.port = port
                self._write_config()
                if self._launch():
                    return
        raise ServerError(f"no free port in {FIRST_PORT}..{LAST_PORT}")

    def _write_config(self):
        # As root nginx would turn its workers into "nobody", who could not write below the prefix.
        values = {"PREFIX": self.prefix, "PORT": self.port, "WORKERS": self.workers,
                  "USER": "user root root;" if os.geteuid() == 0 else "",
                  "CONNECTIONS": self.connections, "NOFILE": self.connections + OTHER_DESCRIPTORS}
        text = self.template.read_text()
        for name, value in self.settings.items():
            text, found = re.subn(rf"^( *{name}) [^;]*;", rf"\g<1> {value};", text, flags=re.MULTILINE)
            if found != 1:
                raise ServerError(f"{self.template.name} has {found} lines of {name}")
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        (self.prefix / "nginx.conf").write_text(text)

    def _launch(self):
        """Starts nginx and waits until it listens; False when somebody else took the port."""
        command = [binary(), "-p", str(self.prefix), "-c", str(self.prefix / "nginx.conf"),
                   "-e", str(self.error_log)]
        output = open(self.prefix / "output", "wb")
        with output:
            try:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                                stderr=output, start_new_session=True,
                                                preexec_fn=die_with_parent)
            except OSError as error:
                raise ServerError(f"cannot run {command[0]}: {error.strerror}") from error
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                break
            # The pid file is written after the sockets listen: so it is ours that answers.
            if (self.prefix / "nginx.pid").exists() and self._connects():
                return True
            time.sleep(0.005)
        return self._failed()

    def _failed(self):
        told = ""
        for name in ("output", "error.log"):
            if (self.prefix / name).exists():
                told += (self.prefix / name).read_text(errors="replace")
        if "Address already in use" in told:
            return False
        raise ServerError("nginx did not start:\n" + told)


def main():
    parser = argparse.ArgumentParser(description="start an nginx of its own until told to stop",
                                     allow_abbrev=False)
    parser.add_argument("--template", default="soak", help="configs/nginx-TEMPLATE.conf.in")
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--holdable", action="store_true",
                        help="only print how many of --connections one worker here can hold")
    options = parser.parse_args()
    if options.holdable:
        print(holdable(options.connections))
        return 0
    # ^C belongs to the run in front of the server: the server outlives it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with Nginx(options.template, options.connections, options.workers) as server:
            told = {"URL": server.url, "STATUS_URL": server.status_url, "PID": server.pid,
                    "ACCESS_LOG": server.access_log, "ERROR_LOG": server.error_log}
            print(*(f"NGINX_{name}={shlex.quote(str(value))}" for name, value in told.items()), flush=True)
            sys.stdin.buffer.read()
    except ServerError as error:
        print(f"nginx.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
