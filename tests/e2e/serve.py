"""A `holdfast serve` of a test, and its API as a client sees it.

    with Serve(state=folder) as serve:
        answer = serve.post("/api/v1/runs", {"url": target.url})      # .status .headers .body .json
        for event in serve.events(run): ...                           # (name, id, data)
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import unittest

import holdfast

JSON = "application/json"


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)


class Serve:
    """token: of --token-file, where the test gives one."""

    def __init__(self, *arguments, token=None, env=None):
        self.process = subprocess.Popen([holdfast.PROGRAM, "serve", *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})})
        self.line = self.process.stdout.readline().rstrip("\n")
        self.err = []
        self.reader = threading.Thread(target=lambda: self.err.append(self.process.stderr.read()), daemon=True)
        self.reader.start()
        if not self.line:
            self.process.wait()
            self.reader.join()
            if "not built in" in self.err[0]:
                raise unittest.SkipTest("serve: built without libmicrohttpd")
            raise AssertionError(f"it did not start: {self.err}")
        match = re.fullmatch(r"http://([^/]+)/(?:#token=(.*))?", self.line)
        self.host = match.group(1) if match else None
        self.token = token or (match and match.group(2))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        child = self.child() if self.process.poll() is None else None
        self.process.kill()
        self.process.wait()
        if child:  # it writes its reports first
            holdfast.eventually(lambda: process_is_gone(child), "the run has ended")
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    @property
    def port(self):
        return int(self.host.rpartition(":")[2])

    @property
    def address(self):
        return self.host.rpartition(":")[0].strip("[]")

    def connect(self):
        return http.client.HTTPConnection(self.address, self.port, timeout=holdfast.TIMEOUT_SECONDS)

    def ask(self, method, path, body=None, headers=None):
        """headers: in place of those of a good client; None as a value leaves one out."""
        wanted = {"Authorization": f"Bearer {self.token}"}
        if method == "POST":
            wanted["Content-Type"] = JSON
        wanted.update(headers or {})
        connection = self.connect()
        try:
            connection.request(method, path, body, {name: value for name, value in wanted.items() if value is not None})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path, body=None):
        return self.ask("POST", path, json.dumps({} if body is None else body))

    def start(self, url, **config):
        answer = self.post("/api/v1/runs", {"url": url, **{name.replace("_", "-"): v for name, v in config.items()}})
        if answer.status != 201:
            raise AssertionError(f"{answer.status}: {answer.body}")
        return answer.json["id"]

    def run(self, run):
        return self.get(f"/api/v1/runs/{run}").json

    def wait_for_second(self, run):
        return holdfast.eventually(lambda: self.run(run)["last"], "the run has a line of its timeline")

    def wait_for_end(self, run):
        def ended():
            found = self.run(run)
            return found if found["state"] == "ended" else None
        return holdfast.eventually(ended, "the run has ended")

    def events(self, run, query="", headers=None):
        """(name, id or None, data) of each, until the stream ends."""
        connection = self.connect()
        connection.request("GET", f"/api/v1/runs/{run}/events{query}",
                           headers={"Authorization": f"Bearer {self.token}", **(headers or {})})
        response = connection.getresponse()
        if response.status != 200 or response.headers["Content-Type"] != "text/event-stream":
            raise AssertionError(f"{response.status} {response.headers}")
        event = {}
        try:
            for line in response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif "event" in event:
                    yield event["event"], int(event["id"]) if "id" in event else None, json.loads(event["data"])
                    event = {}
                else:
                    event = {}
        finally:
            connection.close()

    def child(self):
        """The process of the run that goes on."""
        found = [pid for pid in holdfast.children(self.process.pid) if holdfast.name_of(pid) == "holdfast"]
        return found[0] if found else None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(holdfast.TIMEOUT_SECONDS)


def process_is_gone(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True
