"""Starts `holdfast target` on a free port of loopback, asks it what it did, and ends it.

    with Target("--fault", "reset-after=3@10%") as target:
        ... target.url, target.status_url, target.stats() ...
"""

import contextlib
import json
import signal
import ssl
import subprocess
import urllib.request

import holdfast
from nginx import die_with_parent

STOP_SECONDS = 120
RESETS_MOST = 1000


class Target:
    """One target; arguments go before ours. port: outside the local ports, where these are what is tested.
    address: of a network that the test made. prefix: words before the program."""

    def __init__(self, *arguments, port=0, address="127.0.0.1", prefix=()):
        command = [*prefix, holdfast.PROGRAM,
                   *holdfast.with_engine(["target", *arguments, "--listen", f"{address}:{port}"])]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, start_new_session=True,
                                        preexec_fn=die_with_parent)
        self.ready = self.process.stdout.readline()
        if not self.ready.startswith(("listening on http://", "listening on https://")):
            self.process.wait(STOP_SECONDS)
            raise AssertionError(f"the target did not start: {self.ready}{self.process.stderr.read()}")
        self.url = self.ready.split()[2]
        self.port = int(self.url.rpartition(":")[2].rstrip("/"))
        self.resets = 0  # of connections on which stats() asked

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def status_url(self):
        return self.url + "_target/status"

    def get(self, path):
        any_certificate = ssl._create_unverified_context()
        with urllib.request.urlopen(self.url + path, timeout=holdfast.TIMEOUT_SECONDS, context=any_certificate) as answer:
            return answer.read()

    def stats(self):
        """The counters, without what rule accept-reset did to us who ask: it takes connections as they come."""
        stats = None
        while stats is None:
            try:
                stats = json.loads(self.get("_target/stats"))
            except OSError as error:
                if not isinstance(getattr(error, "reason", error), ConnectionResetError) or self.resets == RESETS_MOST:
                    raise
                self.resets += 1
        stats["connections"]["accepted"] -= self.resets
        stats["connections"]["endings"]["accept_reset"] -= self.resets
        for fault in stats["faults"]:
            if fault["rule"].startswith("accept-reset"):
                fault["connections"] -= self.resets
                fault["fired"] -= self.resets
        return stats

    def stats_when_closed(self):
        """The counters when no connection is open but the one that asks."""
        def alone():
            stats = self.stats()
            return stats if stats["connections"]["open"] == 1 else None
        return holdfast.eventually(alone, "all connections are ended")

    def finish(self, number=signal.SIGTERM):
        """Ends it: (exit code, what it said on standard output, and on standard error)."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=STOP_SECONDS)
        err = holdfast.without_note(err)
        return self.process.returncode, out, err


def accepted(stats):
    """Connections other than for our pages, of which each was asked for on one of its own."""
    return stats["connections"]["accepted"] - stats["requests"]["pages"]


def read(stats):
    """Ordinary requests."""
    return stats["requests"]["read"] - stats["requests"]["pages"]


def answered(stats):
    """Ordinary answers: pages taken out; the one that tells is asked for and not yet answered."""
    return stats["requests"]["answered"] - (stats["requests"]["pages"] - 1)


def rule(stats, text):
    return next(fault for fault in stats["faults"] if fault["rule"] == text)
