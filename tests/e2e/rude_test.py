#!/usr/bin/env python3
"""Each way in which a server can be rude is one outcome, and holdfast's counts equal the server's own.

Reached here, on real sockets: drained, closed_idle, closed_announced, closed_in_flight, closed_mid_response,
reset_idle, reset_in_flight, reset_mid_response, response_timeout, unsolicited, protocol_error, refused,
connect_timeout. In limits_test.py, by a network or a limit of our own: ports_exhausted, fd_limit, denied,
unreachable, connect_error, silent, io_error. In endings_test.py: worker_lost, abandoned.

Not reached on loopback, and proven in the simulator (tests/sim): fd_limit_system (ENFILE does not happen to root, and
fs.file-max is everybody's), no_memory (ENOMEM and ENOBUFS want a machine in distress), connect_reset (Linux
reports a reset that answers a SYN as ECONNREFUSED; in ledger_test.py one right after the accept may be in time).
"""

import concurrent.futures
import unittest

import holdfast
from rude import BEHAVIOURS, Rude

CONNECTIONS = 20
AT_ONCE = 8
# Where no complete answer comes, this passes; where one comes, nothing may pass.
SHORT, LONG = "12s", "30s"


def ask(rude, path):
    behaviour = BEHAVIOURS[path]
    timeout = SHORT if behaviour.outcome == "response_timeout" else LONG
    return holdfast.soak("-c", CONNECTIONS, "-r", "10/10ms", "-d", f"{behaviour.hold_seconds}s", "-i", "1s", "-X",
                         behaviour.method, "--timeout", timeout, "--no-check", "-q", rude.url(path))


class RudeTest(unittest.TestCase):
    def compare(self, path, result, counts):
        """Our counts of one path against the server's."""
        behaviour, c, r = BEHAVIOURS[path], result.connections, result.requests
        drained = behaviour.outcome == "drained"
        self.assertEqual({} if drained else {behaviour.outcome: CONNECTIONS}, result.outcomes)
        self.assertEqual(CONNECTIONS, c["attempted"])
        self.assertEqual(CONNECTIONS, c["opened"])
        self.assertEqual(CONNECTIONS if drained else 0, c["live"])
        self.assertEqual({"drained": c["live"], "abandoned": 0}, c["drain"]["outcomes"])
        self.assertEqual(0 if drained else 1, result.code)
        self.assertEqual(CONNECTIONS, counts["connections"])
        self.assertEqual(counts["requests"], r["sent"])
        self.assertEqual(counts["answers"], r["answered"])
        self.assertEqual(CONNECTIONS, sum(count for how, count in counts["endings"].items()
                                          if how.startswith(behaviour.ended_by)))
        if not drained:
            self.assertEqual(CONNECTIONS * behaviour.requests, r["sent"])
            self.assertEqual(CONNECTIONS * behaviour.answers, r["answered"])
        if path.startswith("/interim"):
            each = int(path.partition("n=")[2] or 1)
            self.assertEqual(each * r["answered"], r["interim"])
        if behaviour.outcome == "protocol_error":
            self.assertEqual(CONNECTIONS, sum(result.connections["protocol_errors"].values()))

    def test_every_behaviour_of_a_server_is_counted_as_the_server_counts_it(self):
        with Rude() as rude:
            with concurrent.futures.ThreadPoolExecutor(holdfast.rings_at_once(AT_ONCE)) as pool:
                futures = {path: pool.submit(ask, rude, path) for path in BEHAVIOURS}
            holdfast.wait_until_unused(rude.port)
            counts = rude.stop()
        for path, future in futures.items():
            with self.subTest(path=path):
                self.compare(path, future.result(), counts["paths"][path])
        self.assertEqual(0, counts["connections_open"])
        self.assertEqual(CONNECTIONS * len(BEHAVIOURS), counts["connections_accepted"])

    def test_a_port_that_nobody_listens_on_is_refused_and_no_target(self):
        with Rude() as rude:
            result = holdfast.soak("-c", CONNECTIONS, "-r", "10/10ms", "-d", "2s", "--no-check",
                                   f"http://127.0.0.1:{rude.refused_port}/")
        self.assertEqual({"refused": CONNECTIONS}, result.outcomes)
        self.assertEqual((5, "no_target"), (result.code, result.verdict))
        self.assertEqual({"ECONNREFUSED": CONNECTIONS}, result.connections["errno"])
        self.assertEqual((0, 0), (result.connections["opened"], result.requests["sent"]))

    def test_a_full_accept_queue_is_a_connect_timeout_and_no_target(self):
        with Rude() as rude:
            result = holdfast.soak("-c", CONNECTIONS, "-r", "10/10ms", "-d", "2s", "--no-check", "--connect-timeout",
                                   "500ms", f"http://127.0.0.1:{rude.full_port}/")
        self.assertEqual({"connect_timeout": CONNECTIONS}, result.outcomes)
        self.assertEqual((5, "no_target"), (result.code, result.verdict))

    def test_outcomes_are_counted_alike_by_four_workers(self):
        with Rude() as rude:
            for path, outcome in (("/408-idle", "closed_idle"), ("/rst-after-request", "reset_in_flight"),
                                  ("/double", "unsolicited"), ("/eof-body", "closed_announced")):
                with self.subTest(path=path):
                    result = holdfast.soak("-c", CONNECTIONS, "-w", 4, "-d", "2s", "-i", "1s", "-q", "--no-check", "-X",
                                           BEHAVIOURS[path].method, rude.url(path))
                    self.assertEqual({outcome: CONNECTIONS}, result.outcomes)


if __name__ == "__main__":
    # One at a time: the first runs many at once itself.
    holdfast.main(jobs=1)
