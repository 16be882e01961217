#!/usr/bin/env python3
"""What the preflight foresees is what happens: over a grid of limits, the number that check names is the number at
which a run without it ends, and what it calls fit is held."""

import contextlib
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import unittest

import holdfast
from holdfast import nginx, own_network, soak
from sparring import Target

CALM = ("-d", "200ms", "-i", "100ms", "-q")
# The number is what is tested; a busy machine may be late to ask, and says so.
BROKE_OR_LATE = (1, 4)
WORKER_FILES = 6  # standard streams, two eventfds, the ring
CGROUPS = pathlib.Path("/sys/fs/cgroup")

# Runs a command with so many more files open.
INHERITING = """
import os, sys
for _ in range(int(sys.argv[1])):
    os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
os.execvp(sys.argv[2], sys.argv[2:])
"""


def limited(soft, hard, inherited=0):
    if not shutil.which("prlimit"):
        raise unittest.SkipTest("no prlimit(1)")
    inheriting = (sys.executable, "-c", INHERITING, str(inherited)) if inherited else ()
    return (*inheriting, "prlimit", f"--nofile={soft}:{hard}")


@contextlib.contextmanager
def control_group(controller, **settings):
    """A control group of our own, of version 1: a prefix that runs a command in it."""
    folder = CGROUPS / controller / f"holdfast-test-{os.getpid()}"
    try:
        if not (CGROUPS / controller / "cgroup.procs").exists():
            raise unittest.SkipTest(f"no {controller} control groups of version 1 here")
        folder.mkdir()
    except OSError as error:
        raise unittest.SkipTest(f"no control group of our own: {error.strerror}") from None
    try:
        for name, value in settings.items():
            (folder / f"{controller}.{name}").write_text(str(value))
        yield ("sh", "-c", f'echo $$ >{folder}/cgroup.procs && exec "$@"', "sh"), folder
    finally:
        holdfast.eventually(lambda: not (folder / "cgroup.procs").read_text(), "the control group is empty")
        folder.rmdir()


class Case(unittest.TestCase):
    def finding(self, result, code):
        finding = result.finding(code)
        self.assertIsNotNone(finding, code)
        return finding

    def check(self, *arguments, prefix=()):
        return soak("check", *arguments, prefix=prefix)


class DescriptorGrid(Case):
    """Soft and hard limits, descriptors that were inherited, numbers of workers."""

    def compare(self, target, workers, prefix):
        """Asks for more than fits; gives how many were held, or None where no worker could be started."""
        asked = ("-c", "700", "-r", "100/10ms", "-w", workers)
        foreseen = self.check(*asked, target.url, prefix=prefix)
        self.assertEqual((3, "unfit"), (foreseen.code, foreseen.verdict), foreseen.out)
        have = self.finding(foreseen, "descriptors")["have"]
        parent = self.finding(foreseen, "parent_files")
        run = soak(*asked, *CALM, "--no-check", target.url, prefix=prefix)
        if parent["status"] == "fail":
            self.assertEqual((3, "unfit", 0), (run.code, run.verdict, run.connections["attempted"]))
            self.assertIn("no worker could be started", run.out)
            return None
        self.assertEqual((4, "inconclusive", {"fd_limit": 700 - have}), (run.code, run.verdict, run.outcomes))
        self.assertEqual((have, have), (run.connections["opened"], run.connections["live"]))
        self.assertTrue(self.finding(run, "fd_limit")["do"][0].startswith("--workers "), run.out)
        return have

    def test_the_number_that_check_names_is_the_one_that_is_met(self):
        held = {}
        with Target() as target:
            for (soft, hard), inherited, workers in itertools.product(
                    ((20, 24), (24, 24), (40, 200)), (0, 14), (1, 3)):
                with self.subTest(soft=soft, hard=hard, inherited=inherited, workers=workers):
                    held[hard, inherited, workers] = self.compare(target, workers, limited(soft, hard, inherited))
        self.assertEqual(18, held[24, 0, 1])
        self.assertEqual(3 * 194, held[200, 14, 3])
        # A worker has none of what its parent inherited; the parent has.
        self.assertEqual(18, held[24, 14, 1])
        self.assertIsNone(held[24, 14, 3])

    def test_what_is_fit_is_held(self):
        with Target() as target:
            for hard, inherited, arguments in ((40, 0, ("-c", "100")), (40, 12, ("-c", "100")), (64, 0, ("-c", "58")),
                                               (64, 9, ("-c", "116", "-w", "2"))):
                with self.subTest(hard=hard, inherited=inherited, arguments=arguments):
                    prefix = limited(hard // 2, hard, inherited)
                    self.assertEqual(0, self.check(*arguments, target.url, prefix=prefix).code)
                    run = soak(*arguments, *CALM, target.url, prefix=prefix)
                    self.assertEqual((0, int(arguments[1])), (run.code, run.connections["live"]))

    def test_the_parent_of_many_workers_is_held_to_its_own_limit(self):
        # How much the parent has open before it starts any is its own to say.
        with Target() as target:
            arguments = ("-c", "40", "-w", "20", target.url)
            need = self.finding(self.check(*arguments), "parent_files")["need"]
            for limit, fits in ((need, True), (need - 1, False)):
                with self.subTest(limit=limit):
                    prefix = limited(limit, limit)
                    checked = self.check(*arguments, prefix=prefix)
                    self.assertEqual("ok" if fits else "fail", self.finding(checked, "parent_files")["status"])
                    self.assertEqual(0 if fits else 3, checked.code)
                    run = soak(*arguments, *CALM, "--no-check", prefix=prefix)
                    self.assertEqual((0, 40) if fits else (3, 0), (run.code, run.connections["live"]))
            remedy = self.finding(checked, "parent_files")["do"][0]
            self.assertTrue(remedy.startswith("--workers 19 "), remedy)
            run = soak("-c", "40", "-w", "19", *CALM, target.url, prefix=prefix)
            self.assertEqual((0, 40), (run.code, run.connections["live"]))


class Processes(Case):
    def test_workers_are_counted_against_the_control_groups_processes(self):
        with control_group("pids", max=5) as (prefix, folder), Target() as target:
            for most, workers in itertools.product((3, 5), (2, 3, 4)):
                with self.subTest(most=most, workers=workers):
                    (folder / "pids.max").write_text(str(most))
                    arguments = ("-c", "8", "-w", workers, target.url)
                    checked = self.check(*arguments, prefix=prefix)
                    finding = self.finding(checked, "processes")
                    self.assertEqual((workers, most - 1), (finding["need"], finding["have"]))
                    fits = workers < most
                    self.assertEqual(("ok", 0) if fits else ("fail", 3), (finding["status"], checked.code))
                    run = soak(*arguments, *CALM, "--no-check", prefix=prefix)
                    self.assertEqual((0, 8) if fits else (3, 0), (run.code, run.connections["live"]))


class Memory(Case):
    def test_the_control_groups_limit_is_what_there_is(self):
        with control_group("memory", limit_in_bytes=64 << 20) as (prefix, _), Target() as target:
            finding = self.finding(self.check("-c", "1M", "-w", "60", target.url, prefix=prefix), "memory")
            self.assertEqual("fail", finding["status"])
            self.assertIn("in this control group (limit 64.0 MiB)", finding["text"])
            self.assertLess(finding["have"], 64 << 20)
            finding = self.finding(self.check("-c", "100", target.url, prefix=prefix), "memory")
            self.assertEqual("ok", finding["status"])

    def test_the_kernels_share_is_this_kernels_where_it_can_be_read(self):
        with Target() as target:
            text = self.finding(self.check(target.url), "memory")["text"]
        self.assertIn("by this kernel's slabs" if os.access("/proc/slabinfo", os.R_OK) else "as measured on 6.18", text)

    def test_locked_memory_holds_as_many_rings_as_check_says(self):
        prefix = holdfast.without_privilege("--memlock=3000000:3000000")
        with Target() as target:
            out = holdfast.plainly("check", "-c", "64", "-w", "16", "--engine", "uring", target.url, prefix=prefix)[1]
            ring = next(line for line in out.splitlines() if "io_uring" in line)
            if ring.split()[0] == "ok":
                self.skipTest("rings are not charged to RLIMIT_MEMLOCK here")
            made = int(ring.partition(" can be made")[0].split()[-1])
            self.assertIn("16 workers need a ring each", ring)
            code, out, err = holdfast.plainly("-c", "64", "-w", made, *CALM, "--engine", "uring", target.url, prefix=prefix)
            self.assertEqual((0, "HELD"), (code, out.split()[0]), out + err)
            code, out, err = holdfast.plainly("-c", "64", "-w", "16", *CALM, "--no-check", "--engine", "uring", target.url,
                                               prefix=prefix)
            self.assertIn((code, out.split()[0]), {(3, "UNFIT"), (4, "INCONCLUSIVE")}, out + err)


class Backlog(Case):
    def backlog(self, url):
        result = self.check("-c", "1000", "-r", "65/10ms", "--timeout", "200ms", url)
        return self.finding(result, "backlog")

    def test_it_is_the_listeners_own(self):
        with holdfast.listener() as listening:  # 64
            finding = self.backlog(holdfast.url_of(listening))
            self.assertEqual(("warn", 65, 64), (finding["status"], finding["asked"], finding["have"]))
            self.assertIn("the backlog of the listener is 64", finding["text"])
            self.assertIn("--ramp 64/10ms", finding["do"][0])
            listening.listen(65)
            self.assertEqual("ok", self.backlog(holdfast.url_of(listening))["status"])

    def test_a_server_at_another_address_of_this_host_is_here_too(self):
        own_network()
        if not shutil.which("ip"):
            self.skipTest("no ip(8)")
        subprocess.run(["ip", "address", "add", "192.0.2.7/32", "dev", "lo"], check=True)
        with socket.create_server(("", 0), backlog=64) as listening:
            finding = self.backlog(f"http://192.0.2.7:{listening.getsockname()[1]}/")
        self.assertEqual(("warn", 64), (finding["status"], finding["have"]))


class ServersLimits(Case):
    """nginx is looked into before the load, and what it is said to keep, it keeps."""

    def nginx(self, **settings):
        server = nginx(**settings)
        holdfast.eventually(lambda: any(
            pathlib.Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"nginx: worker process")
            for child in holdfast.children(server.pid)), "nginx has a worker")
        return server

    def foresee(self, server, code, **expected):
        result = self.check("-c", "1000", "--server-pid", server.pid, server.url)
        self.assertEqual((0, "held"), (result.code, result.verdict), "a warning never changes it")
        finding = self.finding(result, code)
        last = r"(?m)^the plan fits this machine; the server will not hold it: " if finding["status"] == "warn" \
            else r"(?m)^the plan fits"
        self.assertRegex(result.out, last)
        self.assertEqual(expected, {name: finding[name] for name in expected})
        return finding["have"]

    def hold(self, server, connections):
        return soak("-c", connections, "-r", "100/10ms", *CALM, "--timeout", "4s", server.url)

    def test_worker_connections_shed_idle_connections_at_the_number_that_is_named(self):
        with self.nginx(worker_connections=512, worker_rlimit_nofile=2000) as server:
            have = self.foresee(server, "server_connections", status="warn", asked=1000, have=478)
            self.assertEqual("ok", self.finding(self.check("-c", have, "--server-pid", server.pid, server.url),
                                                "server_connections")["status"])
            self.assertEqual(0, self.hold(server, have).code)
            run = self.hold(server, have + 1)
            self.assertIn(run.code, BROKE_OR_LATE)
            self.assertEqual({"closed_idle"}, set(run.outcomes))

    def test_what_was_edited_and_not_reloaded_gives_no_number(self):
        with self.nginx(worker_connections=512) as server:
            path = server.prefix / "nginx.conf"
            text = path.read_text().replace("512;", "4000;")

            def unknown():
                path.write_text(text)
                finding = self.finding(self.check("-c", 100, "--server-pid", server.pid, server.url), "server_connections")
                return finding if finding["status"] == "unknown" else None

            finding = holdfast.eventually(unknown, "the file is younger than the workers")
            self.assertIn("changed since the workers were started", finding["text"])
            self.assertIsNone(finding["have"])

    def test_the_servers_descriptors_end_at_the_number_that_is_named(self):
        with self.nginx(worker_connections=5000, worker_rlimit_nofile=400) as server:
            have = self.foresee(server, "server_files", status="warn", asked=1000)
            self.assertEqual(0, self.hold(server, have).code)
            run = self.hold(server, have + 1)
            self.assertIn(run.code, BROKE_OR_LATE)
            self.assertEqual(have, run.connections["live"])

    def test_enough_of_both_is_ok(self):
        with self.nginx(worker_connections=2000, worker_rlimit_nofile=3000) as server:
            self.foresee(server, "server_connections", status="ok")
            self.foresee(server, "server_files", status="ok")


if __name__ == "__main__":
    holdfast.main()
