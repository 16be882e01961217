#!/usr/bin/env python3
"""Which addresses a name leads to, and which are this host's, in networks of our own."""

import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

import holdfast

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Server:
    """Answers each request, and keeps which of its addresses and hosts were asked."""

    def __init__(self, host="127.0.0.1", family=socket.AF_INET, scope=0):
        self.listening = socket.socket(family)
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind((host, 0) if family == socket.AF_INET else (host, 0, 0, scope))
        self.listening.listen(512)
        self.port = self.listening.getsockname()[1]
        self.asked, self.requests = set(), []
        self.ends = False
        self.asked_first = lambda: None  # called before the first answer
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=(self.listening.accept()[0],), daemon=True).start()

    def serve(self, connection):
        try:
            while got := connection.recv(65536):
                self.asked.add(connection.getsockname()[0])
                self.requests.append(got)
                if len(self.requests) == 1:
                    self.asked_first()
                connection.sendall(FINE)
                if self.ends:
                    connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class NamesTest(unittest.TestCase):
    def hosts(self, text):
        """/etc/hosts is this, for us and our children alone."""
        holdfast.own_network()
        try:
            holdfast.netns.unshare(0x00020000)  # CLONE_NEWNS
        except OSError as error:
            self.skipTest(f"no mount namespace: {error}")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "hosts"
        path.write_text(text)
        for words in (("--make-rprivate", "/"), ("--bind", str(path), "/etc/hosts")):
            if subprocess.run(["mount", *words], capture_output=True).returncode != 0:
                self.skipTest("mount(8) is not permitted")
        return path

    def test_resolve_gives_a_name_its_addresses_as_curls_does(self):
        first, second = Server(), Server("127.0.0.2")
        url = f"http://shop.example:{first.port}/"
        second_url = f"http://shop.example:{second.port}/"
        result = holdfast.soak("-c", 4, "-d", "100ms", "--resolve", f"Shop.Example:{first.port}:127.0.0.1", "--resolve",
                               f"shop.example:{second.port}:127.0.0.2", url)
        self.assertEqual((0, {"127.0.0.1"}), (result.code, first.asked), result.err)
        self.assertIn(f"Host: shop.example:{first.port}".encode(), first.requests[0])
        self.assertEqual(set(), second.asked, "another port is another entry")
        result = holdfast.soak("-c", 4, "-d", "100ms", "--connect-to", f"shop.example:{second.port}", "--resolve",
                               f"shop.example:{second.port}:127.0.0.2", "http://other.example/")
        self.assertEqual((0, {"127.0.0.2"}), (result.code, second.asked), result.err)
        code, _, err = holdfast.plainly("run", "--resolve", "shop.example:80:name", second_url)
        self.assertEqual(2, code)
        self.assertIn("is not a name, a port and addresses: HOST:PORT:ADDR[,ADDR...] is accepted", err)

    def test_a_loopback_address_of_a_family_that_the_host_has_nowhere_else_is_reached(self):
        self.hosts("127.0.0.1 localhost\n::1 localhost\n")
        ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
        ip("link", "set", "d1", "up")
        ip("addr", "add", "10.1.1.2/24", "dev", "d0")
        ip("link", "set", "d0", "up")
        server = Server("::1", socket.AF_INET6)
        code, out, err = holdfast.plainly("check", "-c", "1", f"http://localhost:{server.port}/")
        self.assertEqual(0, code, out + err)
        self.assertTrue(server.requests)

    def test_a_hundred_addresses_are_all_used_and_what_is_not_is_reported(self):
        self.hosts("".join(f"127.0.1.{i} pods\n" for i in range(1, 101)) +
                   "".join(f"127.0.{2 + i // 200}.{1 + i % 200} many\n" for i in range(300)))
        server = Server("0.0.0.0")
        with holdfast.Run("-c", "200", "-r", "50/10ms", "-d", "1h", "-i", "500ms", "--timeout", "60s", "--ui", "line",
                          f"http://pods:{server.port}/") as run:
            holdfast.eventually(lambda: len(server.asked) == 100, "all hundred are asked")
            run.signal(holdfast.signal.SIGINT)
            run.finish()
        _, out, _ = holdfast.plainly("check", "-c", "1", f"http://many:{server.port}/")
        self.assertIn("240 of 300 addresses", out)

    def test_an_address_is_this_hosts_by_its_route_and_not_by_what_may_be_bound(self):
        holdfast.own_network()
        ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
        ip("link", "set", "d1", "up")
        ip("addr", "add", "10.7.0.1/24", "dev", "d0")
        ip("link", "set", "d0", "up")
        ip("route", "add", "local", "10.9.0.0/24", "dev", "lo")
        for value in "01":
            pathlib.Path("/proc/sys/net/ipv4/ip_nonlocal_bind").write_text(value)
            server = Server("10.9.0.5")
            with self.subTest(nonlocal_bind=value):
                result = holdfast.soak("-c", "2", "-d", "1s", "-i", "500ms", "-q", "--source", "10.9.0.6", f"http://10.9.0.5:{server.port}/")
                self.assertEqual(0, result.code)
                refused = holdfast.soak("-c", "2", "-d", "1s", "-q", "--source", "10.7.0.9", f"http://10.9.0.5:{server.port}/")
                self.assertEqual(3, refused.code)

    def test_redials_follow_a_name_that_moves(self):
        path = self.hosts("127.0.0.2 service.test\n")
        old = Server("0.0.0.0")
        with holdfast.Run("-c", "10", "-r", "10/10ms", "-d", "60s", "-i", "200ms", "--ui", "line", "--reconnect", "backoff=100ms..500ms",
                          f"http://service.test:{old.port}/") as run:
            run.wait_for_phase("hold")
            holdfast.eventually(lambda: old.asked == {"127.0.0.2"}, "no request to the first address")
            # Each answer from now on ends its connection, so that all reconnect.
            path.write_text("# nothing: what is known stays\n")
            old.ends = True
            before = len(old.requests)
            holdfast.eventually(lambda: len(old.requests) > before + 40, "no redials while the name has no address")
            self.assertEqual({"127.0.0.2"}, old.asked)
            path.write_text("127.0.0.3 service.test\n")
            holdfast.eventually(lambda: "127.0.0.3" in old.asked, "no redial to the new address")
            run.wait_for("service.test resolves to other addresses now")
            run.signal(holdfast.signal.SIGINT)
            run.finish()

    def test_a_name_that_moved_before_it_was_asked_for_again_is_followed_too(self):
        path = self.hosts("127.0.0.2 service.test\n")
        server = Server("0.0.0.0")
        server.ends = True
        server.asked_first = lambda: path.write_text("127.0.0.3 service.test\n")  # by the preflight
        with holdfast.Run("-c", "10", "-r", "10/10ms", "-d", "60s", "-i", "200ms", "--ui", "line", "--reconnect", "backoff=100ms..500ms",
                          f"http://service.test:{server.port}/") as run:
            holdfast.eventually(lambda: "127.0.0.3" in server.asked, "no reconnect to the new address")
            run.signal(holdfast.signal.SIGINT)
            run.finish()

    def test_a_link_local_address_is_asked_with_its_zone_and_without_it_in_the_host_header(self):
        holdfast.own_network()
        ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
        ip("link", "set", "d1", "up")
        ip("addr", "add", "fe80::7/64", "dev", "d0", "nodad")
        ip("link", "set", "d0", "up")
        server = Server("fe80::7", socket.AF_INET6, socket.if_nametoindex("d0"))
        for mark in "%25", "%":
            result = holdfast.soak("-c", "2", "-d", "1s", "-i", "500ms", "-q", "--source", "fe80::7%d0",
                                   f"http://[fe80::7{mark}d0]:{server.port}/")
            self.assertEqual(0, result.code)
        self.assertTrue(all(f"Host: [fe80::7]:{server.port}\r\n".encode() in request for request in server.requests))


if __name__ == "__main__":
    holdfast.main()
