#!/usr/bin/env python3
"""Source addresses and ports: what `check` predicts is what a run without it meets, to the last connection.

Each test lives in a network of its own, with a range of ports of its own; nothing outside notices.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import re
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

import holdfast
from holdfast import eventually, plainly, soak

CALM = ("-d", "1s", "-i", "500ms", "-q")
PORT = 8080  # outside of all ranges here
LOW, HIGH = 40000, 40099
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SYSCTL = pathlib.Path("/proc/sys/net/ipv4")


# --- a server that answers everybody, on any address ---

def serve(host):
    """One process of it. Whoever closes is closed."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, PORT))
    listener.listen(4096)
    listener.setblocking(False)
    poll, open_ones = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    print("listening", flush=True)
    while True:
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    one, _ = listener.accept()
                    poll.register(one, select.EPOLLIN)
                    open_ones[one.fileno()] = one
                continue
            try:
                heard = open_ones[fd].recv(65536)
                if heard:
                    open_ones[fd].send(ANSWER)
            except ConnectionError:
                heard = b""
            if not heard:
                open_ones.pop(fd).close()


@contextlib.contextmanager
def server(host="127.0.0.1", processes=1):
    command = [sys.executable, __file__, "--serve", host]
    with contextlib.ExitStack() as stack:
        for _ in range(processes):
            one = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(one.kill)
            assert one.stdout.readline() == "listening\n"
        yield


# --- what takes ports ---

def own_network(ports=(LOW, HIGH), **options):
    holdfast.own_network(ports=ports, **options)


def set_sysctl(name, value):
    (SYSCTL / name).write_text(str(value))


def connect(source, target):
    """From one address and port (0: any) to another; closed by RST when it is forgotten."""
    one = socket.socket()
    one.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    one.bind((source, 0))
    one.connect(target)
    return one


def reset(one):
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def states():
    """How many sockets whose port is one of the range are in each state (hexadecimal, net/tcp_states.h)."""
    rows = [row.split() for row in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return collections.Counter(row[3] for row in rows if LOW <= int(row[1].split(":")[1], 16) <= HIGH)


def leave_in_time_wait(count, source="127.0.0.1", target=("127.0.0.1", PORT)):
    TIME_WAIT = "06"
    before = states()
    for _ in range(count):
        connect(source, target).close()
    try:
        eventually(lambda: states()[TIME_WAIT] == before[TIME_WAIT] + count, f"{count} more in TIME_WAIT")
    except AssertionError as reason:
        raise AssertionError(f"{reason}: from {before} to {states()}") from None


def listen_at(host, count):
    """On as many free ports of the range, from its end."""
    listeners = []
    for port in range(HIGH, LOW, -1):
        one = socket.socket()
        try:
            one.bind((host, port))
            one.listen(1)
            listeners.append(one)
        except OSError:
            one.close()
        if len(listeners) == count:
            return listeners
    raise AssertionError("no ports to listen on")


@contextlib.contextmanager
def named(name, *addresses):
    """A prefix for a command that finds a name with these addresses."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not os.path.exists("/etc/hosts"):
        raise unittest.SkipTest("a name of our own needs root, unshare(1) and an /etc/hosts to cover")
    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write("".join(f"{address} {name}\n" for address in addresses))
        hosts.flush()
        yield ("unshare", "-m", "sh", "-c", f'mount --bind {hosts.name} /etc/hosts && exec "$@"', "-")


class Case(unittest.TestCase):
    def url(self, host="127.0.0.1"):
        return f"http://[{host}]:{PORT}/" if ":" in host else f"http://{host}:{PORT}/"

    def predicted_is_real(self, number, *arguments, url=None, asked=1000, prefix=()):
        """`check` fails and names the number; a run without it meets that, and says whose fault it is."""
        url = url or self.url()
        arguments = ("-c", asked, "-r", "100/10ms", *arguments)
        check = soak("check", *arguments, url, prefix=prefix)
        self.assertEqual((3, "unfit"), (check.code, check.verdict), check.err)
        finding = check.finding("source_ports")
        self.assertEqual(("fail", "tester", asked, number),
                         tuple(finding[name] for name in ("status", "side", "asked", "have")), finding)
        run = soak(*arguments, *CALM, "--no-check", url, prefix=prefix)
        self.assertEqual((4, "inconclusive", number, {"ports_exhausted": asked - number}),
                         (run.code, run.verdict, run.connections["opened"], run.outcomes), run.out)
        self.assertEqual({"EADDRNOTAVAIL": asked - number}, run.connections["errno"])
        self.assertIn("--source auto", run.out)
        return finding, run


class Grid(Case):
    """A range of 100, and all that may take a port of it."""

    def test_the_whole_range(self):
        own_network()
        with server():
            self.predicted_is_real(100)
            self.predicted_is_real(100, "-w", "4")
            self.predicted_is_real(100, "--source", "127.0.0.1")

    def test_a_range_of_an_odd_number(self):
        own_network(ports=(40000, 40100))
        with server():
            self.predicted_is_real(101)

    def test_reserved_ports(self):
        own_network(reserved="40010-40014,50000")
        with server():
            self.predicted_is_real(95)
            self.predicted_is_real(2 * 95, "--source", "127.0.0.8-127.0.0.9")

    def test_young_and_old_time_wait(self):
        own_network(reserved="40010-40014")
        if not (SYSCTL / "tcp_tw_reuse_delay").exists():
            self.skipTest("how old a socket in TIME_WAIT must be is fixed before Linux 6.14: 1 s is too short for this")
        set_sysctl("tcp_tw_reuse", 2)
        set_sysctl("tcp_tw_reuse_delay", 50000)
        with server():
            leave_in_time_wait(20)
            finding, _ = self.predicted_is_real(75)
            self.assertIn("20 in TIME_WAIT", finding["text"])
            set_sysctl("tcp_tw_reuse_delay", 1)
            self.predicted_is_real(95)

    def test_time_wait_that_is_not_taken_again(self):
        own_network(reserved="40010-40014")
        for name, value in (("tcp_tw_reuse", 0), ("tcp_timestamps", 0)):
            set_sysctl(name, value)
        with server():
            leave_in_time_wait(20)
            set_sysctl("tcp_tw_reuse", 2)
            self.predicted_is_real(75)  # no timestamps
            set_sysctl("tcp_timestamps", 1)
            set_sysctl("tcp_tw_reuse", 0)
            self.predicted_is_real(75)

    def test_time_wait_towards_elsewhere_is_no_obstacle(self):
        own_network()
        set_sysctl("tcp_tw_reuse", 0)
        with server("0.0.0.0"):
            leave_in_time_wait(10, target=("127.0.0.9", PORT))
            leave_in_time_wait(10, source="127.0.0.3")
            self.predicted_is_real(100)
            self.predicted_is_real(90 + 100, "--source", "127.0.0.3,127.0.0.5")

    def test_listeners_on_another_address(self):
        own_network()
        with server(), contextlib.ExitStack() as stack:
            for one in listen_at("127.0.0.77", 7) + listen_at("0.0.0.0", 3):
                stack.enter_context(one)
            self.predicted_is_real(90)
            self.predicted_is_real(3 * 90, "--source", "127.0.0.77,127.0.0.5-127.0.0.6")

    def test_all_at_once(self):
        own_network(reserved="40010-40014")
        set_sysctl("tcp_tw_reuse", 0)
        with server(), contextlib.ExitStack() as stack:
            for one in listen_at("127.0.0.77", 10):
                stack.enter_context(one)
            leave_in_time_wait(20)
            self.predicted_is_real(65)

    def test_connections_of_others(self):
        own_network()
        with server("0.0.0.0"):
            others = [connect("127.0.0.1", ("127.0.0.1", PORT)) for _ in range(7)]
            others += [connect("127.0.0.50", ("127.0.0.1", PORT)) for _ in range(5)]
            others += [connect("127.0.0.1", ("127.0.0.2", PORT)) for _ in range(3)]
            self.predicted_is_real(93)
            self.predicted_is_real(93 + 95 + 100, "--source", "127.0.0.1,127.0.0.50,127.0.0.51")
            for one in others:
                reset(one)

    def test_several_destinations_and_sources(self):
        own_network()
        with server("0.0.0.0"), named("many.test", *(f"127.0.1.{i}" for i in (1, 2, 3))) as prefix:
            url = self.url("many.test")
            others = [connect("127.0.0.4", ("127.0.1.2", PORT)) for _ in range(11)]
            self.predicted_is_real(300, url=url, prefix=prefix)
            self.predicted_is_real(600 - 11, "--source", "127.0.0.4/31", url=url, prefix=prefix)
            for one in others:
                reset(one)

    def test_the_poller_of_the_status_page_takes_a_port(self):
        own_network()
        with server():
            finding = soak("check", "-c", "100", self.url()).finding("source_ports")
            self.assertEqual(("ok", 100), (finding["status"], finding["have"]))
            check = soak("check", "-c", "100", "--server-status", self.url(), self.url())
            self.assertEqual((3, 99), (check.code, check.finding("source_ports")["have"]))
            check = soak("check", "-c", "201", "--source", "127.0.0.2,127.0.0.3", "--server-status", self.url(),
                         self.url())
            self.assertEqual(200, check.finding("source_ports")["have"])


class Sources(Case):
    def peers(self, *arguments, url=None, count=10):
        """The local addresses from which so many connections are held, as {address: connections}."""
        with holdfast.Run("-c", count, "-r", "100/10ms", "-d", "1h", "--ui", "line", *arguments,
                          url or self.url()) as run:
            run.wait_for(rf"phase=hold .* live={count} ")
            seen = {}
            for table in ("tcp", "tcp6"):
                for row in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                    _, local, remote, state = row.split()[:4]
                    if state == "01" and int(remote.rpartition(":")[2], 16) == PORT:
                        seen[self.address(local)] = seen.get(self.address(local), 0) + 1
            run.signal(2)
            return seen, run.finish()

    @staticmethod
    def address(text):
        words = re.findall("." * 8, text.rpartition(":")[0])
        packed = b"".join(struct.pack("=I", int(word, 16)) for word in words)
        return socket.inet_ntop(socket.AF_INET6 if len(packed) == 16 else socket.AF_INET, packed)

    def test_connections_come_from_all_of_them_in_turn(self):
        own_network(ports=None)
        with server():
            seen, result = self.peers("--source", "127.0.0.9,127.0.1.0/30,127.0.0.10-127.0.0.12")
            addresses = [f"127.0.0.{i}" for i in (9, 10, 11, 12)] + [f"127.0.1.{i}" for i in range(4)]
            self.assertEqual({a: 2 if a in addresses[:2] else 1 for a in addresses}, seen)
            plan = result.report["plan"]
            self.assertEqual(["127.0.0.9-127.0.0.12", "127.0.1.0-127.0.1.3"], plan["sources"])
            self.assertEqual("127.0.0.9,127.0.1.0/30,127.0.0.10-127.0.0.12", plan["source"])

    def test_without_the_option_the_kernel_chooses(self):
        own_network(ports=None)
        with server():
            seen, result = self.peers()
            self.assertEqual({"127.0.0.1": 10}, seen)
            self.assertEqual(([], None), (result.report["plan"]["sources"], result.report["plan"]["source"]))

    def test_auto_takes_as_many_as_are_needed(self):
        own_network()
        with server():
            for connections, sources in ((1, "127.0.0.2"), (80, "127.0.0.2"), (81, "127.0.0.2-127.0.0.3"),
                                         (1000, "127.0.0.2-127.0.0.14")):
                for how in ((), ("--no-check",)):
                    result = soak("-c", connections, "-r", "100/10ms", *CALM, "--source", "auto", *how, self.url())
                    self.assertEqual((0, [sources]), (result.code, result.report["plan"]["sources"]), result.err)

    def test_auto_takes_more_where_listeners_have_ports(self):
        own_network()
        with server(), contextlib.ExitStack() as stack:
            for one in listen_at("127.0.0.77", 50):
                stack.enter_context(one)
            result = soak("-c", "80", *CALM, "--source", "auto", self.url())
            self.assertEqual((0, ["127.0.0.2-127.0.0.3"]), (result.code, result.report["plan"]["sources"]), result.err)

    def test_ipv6_sources_are_addresses_of_this_host(self):
        own_network()
        if not shutil.which("ip"):
            self.skipTest("no ip(8)")
        for i in range(1, 5):
            if subprocess.run(["ip", "address", "add", f"fd00::{i}/128", "dev", "lo", "nodad"], check=False).returncode:
                self.skipTest("no IPv6 address to be had")
        with server("::"):
            url = self.url("fd00::1")
            self.predicted_is_real(300, "--source", "fd00::2-fd00::4", url=url)
            result = soak("-c", "200", "-r", "100/10ms", *CALM, "--source", "auto", url)
            self.assertEqual((0, 200), (result.code, result.connections["live"]), result.err)
            check = soak("check", "-c", "1000", "--source", "auto", url)
            self.assertEqual((3, 400), (check.code, check.finding("source_ports")["have"]), check.err)
            self.assertEqual(["fd00::1-fd00::4"], check.report["plan"]["sources"])
            seen, _ = self.peers("--source", "fd00::2-fd00::4", url=url, count=9)
            self.assertEqual({f"fd00::{i}": 3 for i in (2, 3, 4)}, seen)
            check = soak("check", "-c", "1000", "--source", "fd00::3-fd00::6", url)
            finding = check.finding("sources")
            self.assertEqual((3, "fail"), (check.code, finding["status"]))
            self.assertIn("fd00::5: not an address of this host, nor are 1 more", finding["text"])

    def test_an_address_that_is_not_this_hosts(self):
        own_network(ports=None)
        with server():
            check = soak("check", "--source", "127.0.0.1,192.0.2.77", self.url())
            finding = check.finding("sources")
            self.assertEqual((3, "unfit", "tester", 2, 1), (check.code, check.verdict, finding["side"],
                                                            finding["asked"], finding["have"]))
            self.assertIn("192.0.2.77: not an address of this host", finding["text"])
            run = soak("-c", "20", *CALM, "--no-check", "--source", "127.0.0.1,192.0.2.77", self.url())
            self.assertEqual((4, {"ports_exhausted": 10}, 10), (run.code, run.outcomes, run.connections["live"]))
            self.assertEqual("--source 192.0.2.77 is not an address of this host",
                             run.finding("ports_exhausted")["evidence"])
            self.assertNotIn("ip_local_port_range", str(run.finding("ports_exhausted")))

    def test_sources_of_the_other_family(self):
        own_network(ports=None)
        with server():
            for how in (("check",), (), ("--no-check",)):
                result = soak(*how, "--source", "::1", self.url())
                self.assertEqual((3, "unfit"), (result.code, result.verdict), result.err)
                self.assertIn("::1 is IPv6, and the target has IPv4 only", result.finding("sources")["text"])

    def test_of_a_name_with_both_families_that_of_the_sources_is_connected_to(self):
        own_network(ports=None)
        with server(), named("both.test", "::1", "127.0.0.1") as prefix:
            for source in ("127.0.0.3", "auto"):
                result = soak("-c", "10", *CALM, "--source", source, self.url("both.test"), prefix=prefix)
                self.assertEqual((0, [f"127.0.0.1:{PORT}"]), (result.code, result.report["target"]["addresses"]),
                                 result.err)
                self.assertIn("1 address of the other family left out", result.finding("sources")["text"])

    def test_what_is_no_list_of_addresses_is_refused(self):
        for value, said in (("", "is no address"), ("eth0", "is no address"), ("127.0.0.1,,127.0.0.2", "is no address"),
                            ("127.0.0.9-127.0.0.2", "ends before it begins"), ("10.0.0.0/8", "more than 65536"),
                            ("127.0.0.1,::1", "mixes IPv4 and IPv6"), ("10.0.0.1/24", "bits beyond its prefix"),
                            ("auto,127.0.0.1", "is no address"), ("fe80::1%nosuch", "is no address")):
            code, out, err = plainly("--source", value, self.url())
            self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
            self.assertIn(said, err)
            self.assertIn("auto or ADDR[,ADDR...] is accepted", err)


class Many(Case):
    """The default range, and more than it holds."""

    def test_forty_thousand_from_one_address_and_from_as_many_as_are_needed(self):
        own_network(ports=(32768, 60999))
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 20000:
            self.skipTest("20,000 descriptors for each process are needed")
        ramp = ("-r", "50/10ms", "-i", "1s..30s", "-k", "60s", "--timeout", "60s")
        with server(processes=4):
            check = soak("check", "-c", "40000", *ramp, self.url())
            self.assertEqual((3, 28232), (check.code, check.finding("source_ports")["have"]))
            self.assertIn("--source auto   (uses 127.0.0.2-127.0.0.3)", check.finding("source_ports")["do"][0])
            short = soak("-c", "40000", *ramp, "-d", "1s", "-q", "--no-check", self.url())
            self.assertEqual((4, 28232, {"ports_exhausted": 11768}),
                             (short.code, short.connections["opened"], short.outcomes), short.out)
            self.assertIn("--source auto", short.out)
            whole = soak("-c", "40000", *ramp, "-d", "1s", "-q", "--source", "auto", self.url())
            self.assertEqual((0, "held", 40000), (whole.code, whole.verdict, whole.connections["live"]), whole.out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--serve")
    if parser.parse_known_args()[0].serve:
        serve(parser.parse_known_args()[0].serve)
    holdfast.main()
