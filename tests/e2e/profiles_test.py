#!/usr/bin/env python3
"""The profiles of configs/ are plans as they stand, and find what they say they find.

Sizes and times are brought down on the command line, which wins over the file; limits are those of a process and of a
network of its own.
"""

import shutil
import unittest

import holdfast
from holdfast import own_network, soak
from sparring import Target

PROFILES = sorted((holdfast.ROOT / "configs").glob("*.conf"))
SHORT = ("-d", "1s", "-i", "500ms", "-q")
WORKER_FILES = 6  # standard streams, two eventfds, the ring


def profile(name):
    return ("-C", holdfast.ROOT / f"configs/{name}.conf")


class Profiles(unittest.TestCase):
    def found(self, result, outcome, opened, asked):
        self.assertEqual((4, "inconclusive", {outcome: asked - opened}, opened),
                         (result.code, result.verdict, result.outcomes, result.connections["live"]), result.out)
        self.assertIn("the tester (this machine), not the server", result.out)

    def test_each_is_a_plan(self):
        self.assertEqual(7, len(PROFILES))
        with Target() as target:
            for path in PROFILES:
                with self.subTest(path.name):
                    result = soak("check", "-C", path, "-c", "50", "-q", target.url)
                    self.assertEqual((0, path.stem), (result.code, result.report["plan"]["label"]), result.err)

    def test_find_fd_limit(self):
        if not shutil.which("prlimit"):
            self.skipTest("no prlimit(1)")
        with Target() as target:
            result = soak(*profile("find-fd-limit"), "-c", "500", *SHORT, target.url,
                          prefix=("prlimit", "--nofile=100:100"))
        self.found(result, "fd_limit", 100 - WORKER_FILES, 500)

    def test_find_port_limit(self):
        own_network(ports=(40000, 40099))
        with Target(port=8080) as target:
            result = soak(*profile("find-port-limit"), "-c", "300", *SHORT, target.url)
        self.found(result, "ports_exhausted", 100, 300)

    def test_more_than_one_address_has_ports_for(self):
        own_network(ports=(40000, 40499))
        with Target(port=8080) as target:
            for name in ("soak-100k", "million"):
                with self.subTest(name):
                    result = soak(*profile(name), "-c", "2000", *SHORT, target.url)
                    self.assertEqual((0, 2000), (result.code, result.connections["live"]), result.err)
                    self.assertNotEqual([], result.report["plan"]["sources"])


if __name__ == "__main__":
    holdfast.main()
