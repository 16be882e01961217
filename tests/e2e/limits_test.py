#!/usr/bin/env python3
"""What this machine or the network does not give is counted to the last connection, and whose fault it is, said.

Each test lives in a network of its own (nothing but loopback, with as few local ports and such routes as it wants),
or under a limit of its own; so no other machine and no other process notices.
"""

import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import unittest

import holdfast
import netns
from holdfast import Run, own_network, soak
from sparring import Target, accepted

CALM = ("-d", "1s", "-i", "500ms", "-q")
ELSEWHERE = "192.0.2.1"  # RFC 5737: documentation, nobody's
WORKER_FILES = 6  # standard streams, two eventfds, the ring
PORT = 8080  # of a target in a network of its own, outside its local ports


def loopback_down():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, netns.SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", 0))


def route(kind):
    """All that leads elsewhere is unreachable, prohibited..."""
    if not shutil.which("ip"):
        raise unittest.SkipTest("no ip(8)")
    subprocess.run(["ip", "route", "add", kind, f"{ELSEWHERE}/32"], check=True)


def file_limit(files):
    if not shutil.which("prlimit"):
        raise unittest.SkipTest("no prlimit(1)")
    return ("prlimit", f"--nofile={files}:{files}")


class Case(unittest.TestCase):
    def elsewhere(self, code, verdict, outcome, errno):
        """20 connections to an address that a route denies."""
        result = soak("-c", "20", *CALM, "--no-check", f"http://{ELSEWHERE}/")
        self.assertEqual(({outcome: 20}, {errno: 20}), (result.outcomes, result.connections["errno"]))
        self.assertEqual((code, verdict), (result.code, result.verdict))
        self.assertEqual((20, 0, 0), (result.connections["attempted"], result.connections["opened"],
                                      result.requests["sent"]))
        return result

    def inconclusive(self, result, outcome, opened, count):
        self.assertEqual((4, "inconclusive"), (result.code, result.verdict))
        self.assertEqual({outcome: count}, result.outcomes)
        c = result.connections
        self.assertEqual((opened + count, opened, opened), (c["attempted"], c["opened"], c["live"]))
        self.assertIn(outcome, result.report["verdict"]["reasons"][0])


class Descriptors(Case):
    def test_descriptors_run_out_after_exactly_the_connections_that_fit(self):
        with Target() as target:
            result = soak("-c", "100", "-w", "1", *CALM, "--no-check", target.url, prefix=file_limit(30))
            self.inconclusive(result, "fd_limit", 30 - WORKER_FILES, 100 - 30 + WORKER_FILES)
            self.assertEqual({"EMFILE": 76}, result.connections["errno"])
            stats = target.stats_when_closed()
        self.assertEqual((24, 24), (accepted(stats), stats["connections"]["endings"]["client_closed"]))

    def test_each_worker_has_a_descriptor_limit_of_its_own(self):
        with Target() as target:
            result = soak("-c", "100", "-w", "4", *CALM, "--no-check", target.url, prefix=file_limit(30))
            self.inconclusive(result, "fd_limit", 96, 4)
            result = soak("-c", "96", "-w", "4", *CALM, target.url, prefix=file_limit(30))
            self.assertEqual((0, 96), (result.code, result.connections["live"]))

    def test_as_many_workers_are_taken_as_the_limit_needs(self):
        with Target() as target:
            result = soak("-c", "100", *CALM, target.url, prefix=file_limit(40))
        self.assertEqual((0, 100, 3), (result.code, result.connections["live"],
                                       len(result.report["generator"]["workers"])))

    def test_the_soft_limit_is_raised_to_the_hard_one(self):
        file_limit(1)
        with Target() as target:
            result = soak("-c", "100", "-w", "1", *CALM, target.url, prefix=("prlimit", "--nofile=20:200"))
        self.assertEqual((0, 100), (result.code, result.connections["live"]))

    def test_a_plan_that_needs_more_descriptors_is_unfit_and_nothing_is_asked(self):
        with Target() as target:
            result = soak("-c", "100", "-w", "1", *CALM, target.url, prefix=file_limit(30))
            self.assertEqual((3, "unfit", 0), (result.code, result.verdict, result.connections["attempted"]))
            finding = result.finding("descriptors")
            self.assertEqual(("fail", "tester", 100, 24, 5),
                             tuple(finding[name] for name in ("status", "side", "asked", "have", "need")))
            self.assertIn("--workers 5", finding["do"][0])
            self.assertEqual(0, accepted(target.stats()))


class LockedMemory(Case):
    def test_a_user_without_room_for_all_rings_is_told_that_it_is_our_own_side(self):
        # Where rings are charged to RLIMIT_MEMLOCK at all, it is that of a user, for all its processes.
        prefix = ["prlimit", "--memlock=3000000:3000000"]
        if os.geteuid() == 0:
            prefix += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*prefix, "test", "-x", holdfast.PROGRAM], check=False, capture_output=True).returncode:
            self.skipTest("nobody may not run the program where it lies, or there is no setpriv")
        with Target() as target:
            code, out, err = holdfast.plainly("-c", "64", "-w", "16", *CALM, "--engine", "uring", target.url, prefix=prefix)
        if code == 0:
            self.skipTest("rings are not charged to RLIMIT_MEMLOCK here")
        self.assertIn((code, out.split()[0]), {(3, "UNFIT"), (4, "INCONCLUSIVE")}, out + err)


class Ports(Case):
    def test_ports_run_out_after_exactly_the_range(self):
        own_network(ports=(40000, 40063))
        with Target(port=PORT) as target:
            result = soak("-c", "100", *CALM, "--no-check", target.url)
            self.inconclusive(result, "ports_exhausted", 64, 36)
            self.assertEqual({"EADDRNOTAVAIL": 36}, result.connections["errno"])

    def test_reserved_ports_are_not_to_be_had(self):
        own_network(ports=(40000, 40063), reserved="40010-40019")
        with Target(port=PORT) as target:
            result = soak("-c", "100", *CALM, target.url)
            self.assertEqual((3, 54), (result.code, result.finding("source_ports")["have"]))
            result = soak("-c", "100", "-w", "3", *CALM, "--no-check", target.url)
            self.inconclusive(result, "ports_exhausted", 54, 46)

    def test_a_plan_that_needs_more_ports_is_unfit(self):
        own_network(ports=(40000, 40063))
        with Target(port=PORT) as target:
            result = soak("-c", "65", *CALM, target.url)
            self.assertEqual((3, "unfit"), (result.code, result.verdict))
            finding = result.finding("source_ports")
            self.assertEqual(("fail", "tester", 65, 64),
                             tuple(finding[name] for name in ("status", "side", "asked", "have")))
            result = soak("-c", "64", *CALM, "--no-check", target.url)
            self.assertEqual((0, 64), (result.code, result.connections["live"]))

    def test_every_port_of_the_range_may_be_planned_for(self):
        own_network(ports=(40000, 40063))
        with Target(port=PORT) as target:
            result = soak("-c", "64", *CALM, target.url)
            self.assertEqual((0, {}, 64), (result.code, result.outcomes, result.connections["live"]))

    def test_a_drain_that_would_fill_the_range_with_time_wait_resets_instead(self):
        own_network(ports=(40000, 40063))
        with Target(port=PORT) as target:
            many = soak("-c", "17", *CALM, target.url)
            few = soak("-c", "16", *CALM, target.url)
            stats = target.stats_when_closed()
        self.assertEqual(("rst", "fin"), (many.connections["drain"]["how"], few.connections["drain"]["how"]))
        self.assertEqual((0, 0), (many.code, few.code))
        self.assertIn("RST", many.out)
        # The preflight's own connection is reset: it must not take a port from the plan.
        endings = stats["connections"]["endings"]
        self.assertEqual((17 + 1 + 1, 16), (endings["client_reset"], endings["client_closed"]))


class Routes(Case):
    def test_no_route_is_unreachable(self):
        own_network()
        self.elsewhere(5, "no_target", "unreachable", "ENETUNREACH")

    def test_an_unreachable_route_is_unreachable(self):
        own_network()
        route("unreachable")
        self.elsewhere(5, "no_target", "unreachable", "EHOSTUNREACH")

    def test_a_prohibited_route_is_denied_and_our_own_sides_fault(self):
        own_network()
        route("prohibit")
        self.elsewhere(4, "inconclusive", "denied", "EACCES")

    def test_any_other_error_of_a_connect_is_kept_by_its_number(self):
        own_network()
        route("blackhole")
        self.elsewhere(5, "no_target", "connect_error", "EINVAL")

    def test_a_preflight_without_a_route_has_no_target(self):
        own_network()
        result = soak("-c", "20", *CALM, f"http://{ELSEWHERE}/")
        self.assertEqual((5, "no_target", 0), (result.code, result.verdict, result.connections["attempted"]))
        self.assertIn("unreachable", result.err)


class Silence(Case):
    """Requests are due 3 s after the answers; the wire is cut in between."""

    def cut(self, *arguments):
        with (Target() as target, Run("-c", "20", "-w", "2", "-d", "1h", "-i", "3s", "--no-check", "--ui", "line",
                                      *arguments, target.url) as run):
            run.wait_for(r"phase=hold .* live=20 ")
            loopback_down()
            return run.finish()

    def test_a_request_that_the_peer_never_acknowledged_is_silent(self):
        own_network()
        result = self.cut("--timeout", "5s")
        self.assertEqual({"silent": 20}, result.outcomes)
        self.assertEqual((1, "broke"), (result.code, result.verdict))
        r = result.requests
        self.assertEqual((40, 20, 20, 0), (r["sent"], r["answered"], r["timed_out"], r["lost"]))

    def test_a_live_connection_that_the_kernel_gives_up_is_an_io_error(self):
        own_network()
        pathlib.Path("/proc/sys/net/ipv4/tcp_retries2").write_text("1")
        result = self.cut("--timeout", "1h")
        self.assertEqual({"io_error": 20}, result.outcomes)
        self.assertEqual((1, "broke"), (result.code, result.verdict))
        self.assertEqual(20, sum(result.connections["errno"].values()))
        r = result.requests
        self.assertEqual((40, 20, 0, 20), (r["sent"], r["answered"], r["timed_out"], r["lost"]))


if __name__ == "__main__":
    holdfast.main()
