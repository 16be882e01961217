"""Mass reconnects over TLS: an nginx that ends all connections at once, as often as wanted, and what our memory is
after each time and at last."""

import contextlib
import dataclasses
import pathlib
import re
import secrets
import sys
import time

import holdfast
from nginx import ROOT
from tls_test import TlsNginx

sys.path.insert(0, str(ROOT / "bench"))
from processes import rollup_bytes, tree  # noqa: E402

STEADY_BYTES, LOOK_SECONDS = 64 * 1024, 0.25
GIVEN_BACK_BYTES, GIVE_BACK_SECONDS = 1024 * 1024, 30
LIVE = re.compile(r"^time=.* live=(\d+) .*closed=(\d+) errored=(\d+) ", re.MULTILINE)
HEAP = re.compile(r"\[heap\]$.*?^Pss: +(\d+) kB", re.MULTILINE | re.DOTALL)


class StormyNginx(TlsNginx):
    """It keeps its ticket key when it is reloaded."""

    def _write_config(self):
        (self.prefix / "tickets.key").write_bytes(secrets.token_bytes(80))
        self.settings = {"ssl_session_tickets": "on; ssl_session_ticket_key tickets.key", **self.settings}
        super()._write_config()


def heap_bytes(pid):
    """Of all processes: where OpenSSL's objects are."""
    total_kb = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):  # gone meanwhile
            total_kb += sum(int(kb) for kb in HEAP.findall(pathlib.Path(f"/proc/{each}/smaps").read_text()))
    return total_kb * 1024


def all_bytes(pid):
    """PSS of all processes, but for pages of files: what others map of these changes it."""
    return rollup_bytes(pid, "Pss_Anon") + rollup_bytes(pid, "Pss_Shmem")


@dataclasses.dataclass
class Memory:
    heap: int
    all: int


def steady_memory(pid):
    """When it does not fall any more: what handshakes took is given back behind them."""
    before = heap_bytes(pid)
    while True:
        time.sleep(LOOK_SECONDS)
        now = heap_bytes(pid)
        if now > before - STEADY_BYTES:
            return Memory(now, all_bytes(pid))
        before = now


def growth(values):
    """Of the least of the last half over the least before it, but for the first two: these touch what is counted of ends
    and reconnects. How much memory waits for the next handshakes differs from time to time, and most where a busy
    machine has more of them at once; what is lost is lost each time."""
    later = len(values) // 2 + 1
    return min(values[later:]) - min(values[2:later])


def given_back(pid, before):
    """After the last time, when the heap is what it was, or will not be: a busy machine gives back late."""
    heaps = [each.heap for each in before]
    with contextlib.suppress(AssertionError):
        holdfast.eventually(lambda: growth([*heaps, heap_bytes(pid)]) < GIVEN_BACK_BYTES, "it is given back",
                            GIVE_BACK_SECONDS)
    return steady_memory(pid)


def all_up(lines, connections, ended):
    """In the last line: a quick storm is over before a second has seen it."""
    last = LIVE.findall(lines)[-1:]
    return last and int(last[0][0]) == connections and int(last[0][1]) + int(last[0][2]) >= ended


def storms(server, connections, times, *arguments, rate="20/10ms"):
    """([Memory when all are up, after each time that all were ended and are up again, and at last], the result)."""
    with holdfast.Run("-c", connections, "-r", rate, "-i", "10s..30s", "-d", "1h", "--reconnect", "backoff=10ms..100ms",
                      "--connect-timeout", "10s", "--timeout", "10s", "--require", "live>=0", "--ui", "line",
                      *server.trusted, *arguments, server.url) as run:
        run.wait_for_phase("hold")
        memory = [steady_memory(run.pid)]
        for done in range(times):
            server.reload()
            holdfast.eventually(lambda at_least=connections * (done + 1): all_up(run.err, connections, at_least),
                                f"all are up again, time {done + 1}")
            memory.append(steady_memory(run.pid))
        memory.append(given_back(run.pid, memory))
        run.signal(holdfast.signal.SIGINT)
        return memory, run.finish()
