#!/usr/bin/env python3
"""What ended connections is named by what speaks for it, or not at all."""

import os
import pathlib
import subprocess
import sys
import unittest

import holdfast
from bounds_test import answering
from holdfast import soak
from sparring import Target

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


def refusing(status, reason="Refused"):
    """Each answer has that status, and ends its connection."""
    def reply(connection, _):
        connection.sendall(f"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    return answering(reply)


class Moments(unittest.TestCase):
    def test_timeouts_of_requests_that_were_asked_in_step_are_no_restart(self):
        answered = {}

        def reply(connection, _):
            answered[connection] = answered.get(connection, 0) + 1
            if answered[connection] <= 2:
                connection.sendall(OK)

        with answering(reply) as port:
            result = soak("-c", 60, "-r", "100/10ms", "-d", "4s", "-i", "1s", "--timeout", "1s", "-q",
                          f"http://127.0.0.1:{port}/")
        self.assertEqual({"response_timeout"}, set(result.outcomes))
        self.assertNotIn("ended_together", [finding["code"] for finding in result.report["findings"]])
        self.assertNotRegex(result.out, "restart|reload")

    def test_a_limit_of_connections_is_no_restart(self):
        with Target("--max-connections", "40") as target:
            result = soak("-c", 60, "-d", "3s", "-i", "1s", "--timeout", "1s", "-q", "--no-check", target.url)
        self.assertNotIn("ended_together", [finding["code"] for finding in result.report["findings"]])
        self.assertNotRegex(result.out, "restart|reload")


class Addresses(unittest.TestCase):
    def test_a_host_without_an_address_of_that_family_is_short_of_no_port(self):
        alone = (sys.executable, pathlib.Path(__file__).with_name("netns.py"), "--ports", "40000-50000", "--")
        without = ("sh", "-c", "for i in all lo; do echo 1 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done; exec \"$@\"", "sh")
        if subprocess.run([*alone, "true"]).returncode != 0 or not os.path.exists("/proc/sys/net/ipv6"):
            self.skipTest("no network namespace, or no IPv6 to switch off")
        result = soak("--no-check", "-q", "-c", 10, "-d", "1s", "http://[::1]:8080/", prefix=(*alone, *without))
        self.assertEqual({"unreachable": 10}, result.outcomes)
        self.assertEqual({"EADDRNOTAVAIL": 10}, result.connections["errno"])
        self.assertNotRegex(result.out, "source port|ip_local_port_range")


class Statuses(unittest.TestCase):
    def test_the_status_of_an_answer_that_ends_the_connection_is_the_cause(self):
        for status in (400, 421, 429, 503):
            with self.subTest(status=status), refusing(status) as port:
                result = soak("-c", 10, "-d", "1s", "-i", "200ms", "-q", f"http://127.0.0.1:{port}/")
                finding = result.finding("error_status")
                self.assertEqual(status, finding["have"])
                self.assertRegex(result.out, rf"look at +closed_announced: status {status}")
                self.assertNotRegex(result.out + str(result.report["findings"]),
                                    "keep-alive on|keep-alive switched off|keepalive_timeout")

    def test_the_preflight_names_the_status_too(self):
        with refusing(400) as port:
            result = soak("check", f"http://127.0.0.1:{port}/")
        finding = result.finding("keep_alive")
        self.assertEqual("fail", finding["status"])
        self.assertIn("400", finding["text"])
        self.assertNotIn("keep-alive", finding["do"][0])


if __name__ == "__main__":
    holdfast.main()
