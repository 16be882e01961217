"""Mass reconnects over TLS: an nginx that ends all connections at once, as often as wanted, and what our memory is
after each time."""

import secrets
import sys
import time

import holdfast
from nginx import ROOT
from tls_test import TlsNginx

sys.path.insert(0, str(ROOT / "bench"))
from processes import rollup_bytes  # noqa: E402

STEADY_BYTES, LOOK_SECONDS = 64 * 1024, 0.25


class StormyNginx(TlsNginx):
    """It keeps its ticket key when it is reloaded."""

    def _write_config(self):
        (self.prefix / "tickets.key").write_bytes(secrets.token_bytes(80))
        self.settings = {"ssl_session_tickets": "on; ssl_session_ticket_key tickets.key", **self.settings}
        super()._write_config()


def memory_of(pid):
    """PSS of all processes, but for pages of files: what others map of these changes it."""
    return rollup_bytes(pid, "Pss_Anon") + rollup_bytes(pid, "Pss_Shmem")


def steady_memory(pid):
    """When it does not fall any more: what handshakes took is given back behind them."""
    before = memory_of(pid)
    while True:
        time.sleep(LOOK_SECONDS)
        now = memory_of(pid)
        if now > before - STEADY_BYTES:
            return now
        before = now


def storms(server, connections, times, *arguments, rate="20/10ms"):
    """([bytes when all are up, and after each time that all were ended and are up again], the result)."""
    with holdfast.Run("-c", connections, "-r", rate, "-i", "10s..30s", "-d", "1h", "--reconnect", "backoff=10ms..100ms",
                      "--connect-timeout", "10s", "--timeout", "10s", "--require", "live>=0", "--ui", "line",
                      *server.trusted, *arguments, server.url) as run:
        run.wait_for_phase("hold")
        memory = [steady_memory(run.pid)]
        for done in range(times):
            server.reload()
            holdfast.eventually(lambda at_least=done + 1: run.err.count(f"all {connections} are live again") >= at_least,
                                f"all are up again, time {done + 1}", seconds=300)
            memory.append(steady_memory(run.pid))
        run.signal(holdfast.signal.SIGINT)
        return memory, run.finish()
