"""10,000 mutated requests under the sanitizers: holdfast serve neither dies nor answers with anything but what the contract
has. Fewer of them in release."""

import collections
import concurrent.futures
import contextlib
import functools
import json
import os
import random
import re
import socket
import unittest

import holdfast
from serve import JSON, Serve

REQUESTS = 10000 if holdfast.SANITIZED else 2500
EACH_SERVER = 2500
AT_ONCE = 16
PATIENCE_SECONDS = 0.3
CONTRACT = {200, 201, 202, 401, 403, 404, 405, 409, 413, 415, 421, 422}
# Of HTTP itself: an interim answer, a body that is no JSON, a request line or head that is none or too long, a version; and too much at once.
OF_HTTP = {100, 400, 414, 431, 505, 503}
RUN = "/api/v1/runs/01M8NSXEVFHSV7ZS1DVKN43DX7"
NOWHERE = "http://127.0.0.1:1/"  # refused at once, and the only target there is


def request(serve, method, path, body=None, **headers):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {serve.host}", f"Authorization: Bearer {serve.token}",
             "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is None:
        return "\r\n".join([*lines, "", ""]).encode()
    text = json.dumps(body).encode()
    return "\r\n".join([*lines, f"Content-Type: {JSON}", f"Content-Length: {len(text)}", "", ""]).encode() + text


def seeds(serve):
    config = {"url": NOWHERE, "connections": 3, "duration": "1s", "ramp": "10/10ms", "require": ["lost<=0"],
              "header": ["A: b"], "no-check": False, "label": "a", "seed": 1, "connect-to": "127.0.0.1:1"}
    return [
        request(serve, "GET", "/"), request(serve, "GET", "/healthz", Sec_Fetch_Site="same-origin", Origin=f"http://{serve.host}"),
        request(serve, "HEAD", "/app.css"), request(serve, "GET", "/metrics"), request(serve, "GET", "/api/v1/runs"),
        request(serve, "GET", f"{RUN}/timeline?from=3"), request(serve, "GET", f"{RUN}/events?from=1", Last_Event_ID="7"),
        request(serve, "GET", f"{RUN}/chart.svg?width=400"), request(serve, "POST", f"{RUN}/stop", {}),
        request(serve, "POST", f"{RUN}/marks", {"text": "mark"}), request(serve, "POST", "/api/v1/checks", config),
        request(serve, "POST", "/api/v1/runs", config), request(serve, "POST", "/api/v1/runs", {"url": NOWHERE}),
        request(serve, "POST", "/api/v1/statistics", {"requestUrl": NOWHERE, "count": 3}),
    ]


PIECES = [b"\r\n", b"\0", b"\xff", b"{", b"}", b"[", b"\"", b"\\u0000", b"\\ud800", b"%00", b"..", b"/", b"?", b"#", b"0", b"-1", b"1e309",
          b"99999999999999999999", b"true", b"null", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Expect: 100-continue\r\n",
          b"Host: evil\r\n", b" ", b"\t", b"@/etc/passwd", b"A" * 3000, b"[" * 3000, b"HTTP/1.0", b"HTTP/9.9"]


def mutate(chance, text):
    text = bytearray(text)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.choice((1, 1, 2, 8, 40)))
        what = chance.randrange(6)
        if what == 0:
            text[at:at] = chance.choice(PIECES)
        elif what == 1:
            del text[at:end]
        elif what == 2:
            text[at:at] = text[at:end]
        elif what == 3:
            text[at:end] = chance.choice(PIECES)
        elif what == 4 and at < len(text):
            text[at] = chance.randrange(256)
        elif chance.random() < 0.3:
            del text[at:]
        if not text:
            text = bytearray(b"\r\n")
    return bytes(text)


def statuses_of(serve, text):
    """The status of each answer; a connection that is closed without one is an answer too. What is not whole is ended
    after a while, by the end of what we send."""
    got = b""
    with socket.create_connection((serve.address, serve.port), PATIENCE_SECONDS) as client:
        try:
            client.sendall(text)
            for wait in (PATIENCE_SECONDS, holdfast.TIMEOUT_SECONDS):
                client.settimeout(wait)
                with contextlib.suppress(TimeoutError):
                    while len(got) < 1 << 20 and (more := client.recv(65536)):
                        got += more
                    break
                client.shutdown(socket.SHUT_WR)
        except (ConnectionError, OSError):
            pass
    return [int(status) for status in re.findall(rb"(?:^|\n)HTTP/1\.[01] (\d{3}) ", got)]


class Mutated(unittest.TestCase):
    def test_no_mutated_request_is_answered_with_anything_else(self):
        found = collections.Counter()
        seed = int(os.environ.get("HOLDFAST_SEED") or random.randrange(1 << 32))
        print(f"HOLDFAST_SEED={seed}")
        chance = random.Random(seed)
        for _ in range(REQUESTS // EACH_SERVER):
            with Serve("--allow-target", "127.0.0.1:1") as serve:
                wells = seeds(serve)
                texts = [mutate(chance, chance.choice(wells)) for _ in range(EACH_SERVER)]
                with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                    for text, statuses in zip(texts, pool.map(functools.partial(statuses_of, serve), texts)):
                        found.update(statuses)
                        if not CONTRACT | OF_HTTP >= set(statuses):
                            self.fail(f"{statuses} (seed {seed}) to {text!r}")
                if serve.process.poll() is not None:
                    self.fail(f"it died (seed {seed}): {serve.err}")
                self.assertEqual(serve.get("/healthz").status, 200)
                self.assertEqual(serve.terminate(), 0)
        print(dict(found))
        self.assertLessEqual({200, 401, 404, 405, 415, 421, 422}, set(found))


if __name__ == "__main__":
    holdfast.main()
