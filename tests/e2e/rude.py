#!/usr/bin/env python3
"""A rude HTTP server on real sockets, with exact counts of its own.

The request's path chooses what it does. BEHAVIOURS says of each path which outcome a client must book
for every connection that asks for it, and how many requests and answers one connection makes of it;
so a test runs holdfast (without preflight) against each and compares counts for equality. What `holdfast
target` does on request (endings between, after and inside its answers, silence, delays, statuses) is not here.

Whatever it does to an idle connection it does 50 ms after its answer, which is long before a client asks
again after a second, and long after the client has read the answer: nothing here depends on a race. For
the same reason there is no greeting before the first request: it would race with that request.

As a program it prints, once it listens,

    RUDE_PORT=19080 RUDE_REFUSED_PORT=... RUDE_FULL_PORT=...

and ends at SIGTERM or SIGINT, writing its counts as JSON to --counts FILE:

    {"connections_accepted": n, "connections_open": n, "requests": n, "answers": n, "endings": {name: n},
     "paths": {path: {"connections": n, "requests": n, "answers": n, "endings": {name: n}}}}

requests: complete request heads. answers: final answers that were complete, asked for, and HTTP.
endings: server_fin, server_rst, client_fin, client_rst, by whoever was first; those still open at the end of
the server are connections_open. A connection belongs to the path of its first request.

RUDE_REFUSED_PORT is bound and does not listen (refused). RUDE_FULL_PORT listens with a full accept queue:
a SYN is never answered (connect_timeout).
"""

import argparse
import asyncio
import collections
import dataclasses
import json
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import urllib.parse

from nginx import candidate_ports, die_with_parent

FIRST_PORT, LAST_PORT = 19080, 19999
IDLE_MS = 50  # how long after its answer the server turns on an idle connection
INTERIM_MAX = 16  # interim answers that a client of ours accepts


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """What a client must make of a path, for each connection."""

    outcome: str  # of the ledger; "drained": still live at the end
    requests: int | None = 1  # requests until the end; None: as many as it likes
    answers: int | None = 1  # of these answered; None: all of them
    ended_by: str = "client"
    method: str = "HEAD"
    hold_seconds: int = 2  # a hold long enough, asking every second


def fine(method="HEAD"):
    return Behaviour("drained", None, None, "client", method)


def broken(method="HEAD"):
    return Behaviour("protocol_error", 1, 0, "client", method)


BEHAVIOURS = {
    # Answers that are legal, if odd: the connection lives on.
    "/ok": fine(),
    "/chunked": fine("GET"),
    "/chunked-trickle": fine("GET"),
    "/interim": fine(),
    "/interim?n=16": fine(),
    "/leading-crlf": fine(),
    "/crlf-idle": fine(),
    # The answer announces the end.
    "/close-announced-late": Behaviour("closed_announced"),
    "/close-with-excess": Behaviour("closed_announced", ended_by="server"),
    "/http10": Behaviour("closed_announced", ended_by="server"),
    "/eof-body": Behaviour("closed_announced", ended_by="server", method="GET"),
    "/408-in-flight": Behaviour("closed_announced", ended_by="server"),
    # The end comes between answers.
    "/crlf-fin-idle": Behaviour("closed_idle", ended_by="server"),
    "/408-idle": Behaviour("closed_idle", ended_by="server"),
    "/408-idle-open": Behaviour("closed_idle"),
    "/rst-idle": Behaviour("reset_idle", ended_by="server"),
    # The end comes instead of an answer.
    "/fin-after-request": Behaviour("closed_in_flight", 1, 0, "server"),
    "/fin-after-request?after=2": Behaviour("closed_in_flight", 3, 2, "server", hold_seconds=4),
    "/rst-after-request": Behaviour("reset_in_flight", 1, 0, "server"),
    "/rst-after-request?after=2": Behaviour("reset_in_flight", 3, 2, "server", hold_seconds=4),
    # The end comes inside an answer.
    "/partial-head-fin": Behaviour("closed_mid_response", 1, 0, "server"),
    "/partial-head-rst": Behaviour("reset_mid_response", 1, 0, "server"),
    "/mid-body-fin": Behaviour("closed_mid_response", 1, 0, "server", "GET"),
    "/mid-body-rst": Behaviour("reset_mid_response", 1, 0, "server", "GET"),
    "/mid-chunk-fin": Behaviour("closed_mid_response", 1, 0, "server", "GET"),
    "/eof-body-rst": Behaviour("reset_mid_response", 1, 0, "server", "GET"),
    # No end, and no complete answer either.
    "/partial-head": Behaviour("response_timeout", 1, 0),
    "/endless-body": Behaviour("response_timeout", 1, 0, method="GET"),
    # Bytes nobody asked for.
    "/double": Behaviour("unsolicited"),
    "/double-late": Behaviour("unsolicited"),
    "/head-with-body": Behaviour("unsolicited"),
    "/long-body": Behaviour("unsolicited", method="GET"),
    "/greeting-idle": Behaviour("unsolicited"),
    # Not HTTP/1.x as asked.
    "/bad-status-line": broken(),
    "/not-http": broken(),
    "/other-protocol": broken(),
    "/http2-line": broken(),
    "/bad-header": broken(),
    "/two-lengths": broken("GET"),
    "/negative-length": broken("GET"),
    "/cl-te": broken("GET"),
    "/bad-chunk": broken("GET"),
    "/101": broken(),
    "/many-interim": broken(),
    "/header-flood": broken(),
}

# Paths that answer each request with these bytes and leave it at that.
RAW = {
    "/leading-crlf": b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                b"5;name=value\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Sum: 15\r\n\r\n",
    "/head-with-body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "/long-body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more",
    "/double": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2,
    "/bad-status-line": b"HTTP/1.1 two hundred\r\nContent-Length: 0\r\n\r\n",
    "/not-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "/other-protocol": b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "/http2-line": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "/bad-header": b"HTTP/1.1 200 OK\r\nContent Length: 0\r\n\r\n",
    "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "/negative-length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "/cl-te": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "/bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "/101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n",
    "/many-interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * (INTERIM_MAX + 1),
    "/partial-head": b"HTTP/1.1 200 O",
}
TIMED_OUT_408 = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
PARTIAL_BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"
PARTIAL_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nhello"
EOF_BODY = b"HTTP/1.1 200 OK\r\n\r\nread this until the end"


def plain(method):
    """An ordinary answer to an ordinary request."""
    body = b"held\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + (b"" if method == "HEAD" else body)


@dataclasses.dataclass
class Tally:
    connections: int = 0
    requests: int = 0
    answers: int = 0
    endings: collections.Counter = dataclasses.field(default_factory=collections.Counter)


class Counts:
    def __init__(self):
        self.accepted = self.open = 0
        self.all = Tally()
        self.paths = collections.defaultdict(Tally)

    def as_dict(self):
        return {"connections_accepted": self.accepted, "connections_open": self.open,
                "requests": self.all.requests, "answers": self.all.answers, "endings": self.all.endings,
                "paths": {path: vars(tally) for path, tally in self.paths.items()}}


class Connection(asyncio.Protocol):
    def __init__(self, counts):
        self.counts = counts
        self.buffer = b""
        self.path = None
        self.asked = 0  # requests on this connection
        self.ended = False
        self.later_calls = []

    # What the loop tells us.

    def connection_made(self, transport):
        self.transport = transport
        self.counts.accepted += 1
        self.counts.open += 1

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer and not self.ended:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            method, target, _ = head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)
            self.request(method, target)

    def eof_received(self):
        self.end("client_fin")

    def connection_lost(self, error):
        self.end("client_rst" if error else "client_fin")

    # What behaviours are made of.

    def tallies(self):
        return (self.counts.all, self.counts.paths[self.path]) if self.path else (self.counts.all,)

    def request(self, method, target):
        if not self.path:
            self.path = target
            self.counts.paths[target].connections += 1
        self.asked += 1
        self.method = method
        for tally in self.tallies():
            tally.requests += 1
        url = urllib.parse.urlsplit(target)
        behave(self, url.path, {name: int(value) for name, value in urllib.parse.parse_qsl(url.query)})

    def write(self, data):
        self.transport.write(data)

    def answered(self):
        for tally in self.tallies():
            tally.answers += 1

    def answer(self, data):
        self.write(data)
        self.answered()

    def later(self, ms, call, *arguments):
        """Does it after ms, unless the connection has ended by then."""
        loop = asyncio.get_running_loop()
        self.later_calls.append(loop.call_later(ms / 1000, call, *arguments))

    def trickle(self, data, ms, done):
        """Byte by byte, ms apart; with the last, done(): the client may end the connection at once."""
        self.write(data[:1])
        if len(data) == 1:
            done()
        else:
            self.later(ms, self.trickle, data[1:], ms, done)

    def repeat(self, chunk, ms, times):
        """A chunk every ms; times of them."""
        if times > 0 and not self.ended:
            self.write(chunk)
            self.later(ms, self.repeat, chunk, ms, times - 1)

    def fin(self):
        self.end("server_fin")
        self.transport.close()

    def rst(self):
        self.end("server_rst")
        linger_on_for_none = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                           linger_on_for_none)
        self.transport.abort()

    def end(self, how):
        """Books the first ending; what was still to be done is not done any more."""
        if self.ended:
            return
        self.ended = True
        self.counts.open -= 1
        for tally in self.tallies():
            tally.endings[how] += 1
        for call in self.later_calls:
            call.cancel()


def behave(c, path, query):
    """Answers a request as its path wants it; with ?after=N it is decent to so many before."""
    if c.asked <= query.get("after", 0):
        c.answer(plain(c.method))
    elif path in RAW:
        raw(c, path)
    elif path in ENDINGS:
        ENDINGS[path](c)
    elif path in ODDITIES:
        ODDITIES[path](c, query)
    else:
        c.answer(plain(c.method))


def raw(c, path):
    c.write(RAW[path])
    behaviour = BEHAVIOURS[path]
    if behaviour.answers != 0:
        c.answered()


def then(c, data, *actions, complete=True):
    """Writes data, which is a complete answer or not, and later does the rest, in one go: between a 408 and the end
    behind it the client could else end the connection."""
    def rest():
        for action in actions:
            action()

    c.write(data)
    if complete:
        c.answered()
    if actions:
        c.later(IDLE_MS, rest)


def decently_then(c, *actions):
    """Turns on an idle connection, after an ordinary answer."""
    then(c, plain(c.method), *actions)


# Paths that end a connection, or so it seems.
ENDINGS = {
    "/close-announced-late": lambda c: then(c, CLOSING),
    "/close-with-excess": lambda c: then(c, CLOSING + b"and then some", c.fin),
    "/http10": lambda c: then(c, b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", c.fin),
    "/eof-body": lambda c: then(c, EOF_BODY, c.fin),
    "/eof-body-rst": lambda c: then(c, EOF_BODY, c.rst, complete=False),
    "/408-in-flight": lambda c: (c.answer(TIMED_OUT_408), c.fin()),
    "/rst-idle": lambda c: decently_then(c, c.rst),
    "/crlf-fin-idle": lambda c: decently_then(c, lambda: c.write(b"\r\n\r\n"), c.fin),
    "/408-idle": lambda c: decently_then(c, lambda: c.write(TIMED_OUT_408), c.fin),
    "/408-idle-open": lambda c: decently_then(c, lambda: c.write(TIMED_OUT_408)),
    "/greeting-idle": lambda c: decently_then(c, lambda: c.write(b"hello?\r\n")),
    "/double-late": lambda c: decently_then(c, lambda: c.write(plain("HEAD"))),
    "/crlf-idle": lambda c: decently_then(c, lambda: c.write(b"\r\n")),
    "/fin-after-request": lambda c: c.fin(),
    "/rst-after-request": lambda c: c.rst(),
    "/partial-head-fin": lambda c: then(c, b"HTTP/1.1 200 O", c.fin, complete=False),
    "/partial-head-rst": lambda c: then(c, b"HTTP/1.1 200 O", c.rst, complete=False),
    "/mid-body-fin": lambda c: then(c, PARTIAL_BODY, c.fin, complete=False),
    "/mid-body-rst": lambda c: then(c, PARTIAL_BODY, c.rst, complete=False),
    "/mid-chunk-fin": lambda c: then(c, PARTIAL_CHUNK, c.fin, complete=False),
}


def interim(c, query):
    c.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" * query.get("n", 1))
    c.answer(plain(c.method))


def endless_body(c, _):
    c.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    c.repeat(b"400\r\n" + b"x" * 1024 + b"\r\n", 20, 1500)


def header_flood(c, _):
    c.write(b"HTTP/1.1 200 OK\r\n")
    c.repeat(b"X-Flood: " + b"x" * 4000 + b"\r\n", 1, 1000)


# The rest: (connection, query).
ODDITIES = {
    "/chunked-trickle": lambda c, query: c.trickle(RAW["/chunked"], 1, c.answered),
    "/interim": interim,
    "/endless-body": endless_body,
    "/header-flood": header_flood,
}


def listen(backlog):
    """A listener on the first free port of ours."""
    for port in candidate_ports(FIRST_PORT, LAST_PORT):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(backlog)
            return listener
        except OSError:
            listener.close()
    raise OSError(f"no free port in {FIRST_PORT}..{LAST_PORT}")


def refusing():
    """A socket that keeps a port from everybody and listens on none: who connects is refused."""
    for port in candidate_ports(FIRST_PORT, LAST_PORT):
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", port))
            return holder
        except OSError:
            holder.close()
    raise OSError(f"no free port in {FIRST_PORT}..{LAST_PORT}")


def full():
    """A listener whose accept queue is full, and the connections that fill it."""
    listener = listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    return listener, fillers


async def serve(counts, told):
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    listener, refused, queue = listen(4096), refusing(), full()
    server = await loop.create_server(lambda: Connection(counts), sock=listener, backlog=4096)
    ports = [s.getsockname()[1] for s in (listener, refused, queue[0])]
    told(*ports)
    await stop.wait()
    server.close()


class Rude:
    """The server as a process of its own, for tests: with Rude() as rude: ...; then rude.counts."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="holdfast-rude-")
        self.file = pathlib.Path(self.folder.name) / "counts.json"
        self.counts = None
        self.process = subprocess.Popen([sys.executable, __file__, "--counts", str(self.file)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)
        line = self.process.stdout.readline()
        if not line:
            raise OSError("the rude server did not start")
        ports = dict(word.split("=") for word in line.split())
        self.port = int(ports["RUDE_PORT"])
        self.refused_port = int(ports["RUDE_REFUSED_PORT"])
        self.full_port = int(ports["RUDE_FULL_PORT"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        """Ends it and gives its counts."""
        if self.counts is None:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()
            self.counts = json.loads(self.file.read_text())
            self.folder.cleanup()
        return self.counts


def main():
    parser = argparse.ArgumentParser(description="a rude HTTP server", allow_abbrev=False)
    parser.add_argument("--counts", type=pathlib.Path, help="write the counts here at the end")
    parser.add_argument("--list", action="store_true", help="print the paths and their outcomes")
    options = parser.parse_args()
    if options.list:
        for path, behaviour in BEHAVIOURS.items():
            print(f"{behaviour.method:4} {path:28} {behaviour.outcome}")
        return 0
    counts = Counts()
    asyncio.run(serve(counts, lambda port, refused, full_port: print(
        f"RUDE_PORT={port} RUDE_REFUSED_PORT={refused} RUDE_FULL_PORT={full_port}", flush=True)))
    if options.counts:
        options.counts.write_text(json.dumps(counts.as_dict(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
