#!/usr/bin/env python3
"""What carries the connections: io_uring, or epoll where that is refused, which is always said; and what was asked for."""

import os
import re
import subprocess
import unittest

import holdfast
from holdfast import nginx, plainly, soak
from seccomp import EACCES, ENOSYS, EPERM, EPOLL_PWAIT2, IO_URING_ENTER, IO_URING_REGISTER, filtered
from sparring import Target

CONNECTIONS = 1000
CALM = ("-r", "200/10ms", "-i", "100ms..1s", "-d", "1s")
REFUSALS = {"EPERM": EPERM, "ENOSYS": ENOSYS, "SIGSYS": None}
SYSCTL = "/proc/sys/kernel/io_uring_disabled"
# Where each runtime leaves its mark, and a word of the remedy that is its own.
RUNTIMES = {
    "Docker": ("0::/docker/0a1b", "/proc/1/cgroup", "docker run --security-opt seccomp=PROFILE.json"),
    "Podman": ("0::/libpod-0a1b", "/proc/1/cgroup", "/usr/share/containers/seccomp.json"),
    "Kubernetes": ("0::/kubepods/pod0a1b", "/proc/1/cgroup", "seccompProfile: {type: Localhost"),
    "gVisor": ("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016", "/proc/version", "another runtime class"),
}
# In a mount namespace of its own: no marks of the runtime that this is run in, and files that say something else.
ELSEWHERE = """
mount -t tmpfs none /run
while [ "$1" != -- ]; do
    mount --bind "$1" "$2" || exit 77
    shift 2
done
shift
exec "$@"
"""
NOTE = r"(?m)^holdfast: note: engine epoll: (.*)$"


class Case(unittest.TestCase):
    def held(self, result, engine, connections=CONNECTIONS):
        c, generator = result.connections, result.report["generator"]
        self.assertEqual((0, "held", connections, 0), (result.code, result.verdict, c["live"], c["lost"]), result.err)
        self.assertEqual(engine, generator["engine"])
        self.assertIs(True, c["balanced"])
        return generator["engine_reason"]


class Refused(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = nginx()
        cls.addClassCleanup(cls.server.stop)

    def elsewhere(self, files, answer):
        """A prefix: where these files have these contents, under a filter."""
        unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        words, folder = [], holdfast.folder(self.addCleanup)
        for number, (path, text) in enumerate(files.items()):
            (folder / str(number)).write_text(text + "\n")
            words += [folder / str(number), path]
        prefix = ["env", "-u", "KUBERNETES_SERVICE_HOST", *unshare, "sh", "-c", ELSEWHERE, "sh", *words, "--"]
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
            raise unittest.SkipTest("no mount namespace of our own")
        return [*prefix, *filtered(answer)]

    def test_epoll_carries_the_run_and_the_reason_is_named(self):
        for name, answer in REFUSALS.items():
            with self.subTest(name):
                result = soak("-c", CONNECTIONS, *CALM, "--engine", "auto", self.server.url, prefix=filtered(answer))
                reason = self.held(result, "epoll")
                self.assertIn(f"seccomp filter ({name})", reason)
                self.assertEqual(reason, re.search(NOTE, result.err)[1])
                self.assertEqual("warn", result.finding("io_uring")["status"])
                self.assertIn("seccomp", result.finding("io_uring")["do"][0])

    def test_a_filter_that_lets_a_ring_be_made_and_not_used_is_one_too(self):
        for name, answer in REFUSALS.items():
            with self.subTest(name):
                result = soak("-c", "100", *CALM, "--engine", "auto", self.server.url,
                              prefix=filtered(answer, IO_URING_ENTER))
                self.assertIn(f"seccomp filter ({name})", self.held(result, "epoll", 100))
                result = soak("-c", "100", *CALM, "--engine", "uring", self.server.url,
                              prefix=filtered(answer, IO_URING_ENTER))
                self.assertEqual((3, "unfit", 0), (result.code, result.verdict, result.connections["attempted"]))
                self.assertIn(f"({name})", result.finding("io_uring")["text"])

    def test_a_ring_that_may_not_be_registered_does_as_well(self):
        for answer in (EPERM, ENOSYS, EACCES):
            with self.subTest(answer):
                result = soak("-c", "100", *CALM, "--engine", "auto", self.server.url,
                              prefix=filtered(answer, IO_URING_REGISTER))
                self.assertIsNone(self.held(result, "io_uring", 100))
                self.assertIn("allowed by a seccomp filter", result.finding("io_uring")["text"])
        result = soak("-c", "100", *CALM, "--engine", "auto", self.server.url, prefix=filtered(None, IO_URING_REGISTER))
        self.assertIn("seccomp filter (SIGSYS)", self.held(result, "epoll", 100))

    def test_what_a_filter_and_a_security_module_both_answer_names_both(self):
        result = soak("-c", CONNECTIONS, *CALM, "--engine", "auto", self.server.url, prefix=filtered(EACCES))
        self.assertIn("by a security module or by a seccomp filter (EACCES)", self.held(result, "epoll"))
        remedies = " ".join(result.finding("io_uring")["do"])
        self.assertIn("ausearch", remedies)
        self.assertIn("seccomp profile", remedies)

    def test_the_sysctl_is_named_before_any_filter(self):
        prefix = self.elsewhere({SYSCTL: "2"}, EPERM)
        result = soak("-c", CONNECTIONS, *CALM, "--engine", "auto", self.server.url, prefix=prefix)
        self.assertIn("disabled system-wide (kernel.io_uring_disabled=2)", self.held(result, "epoll"))
        self.assertEqual(["sysctl -w kernel.io_uring_disabled=0"], result.finding("io_uring")["do"])

    def test_locked_memory_that_holds_no_ring_is_named(self):
        result = soak("-c", CONNECTIONS, *CALM, "--engine", "auto", self.server.url,
                      prefix=holdfast.without_privilege("--memlock=0:0"), report=None)
        if not re.search(NOTE, result.err):
            self.skipTest("rings are not charged to RLIMIT_MEMLOCK here")
        self.assertEqual((0, "HELD"), (result.code, result.out.split()[0]), result.out + result.err)
        self.assertIn("the locked-memory limit is too small for a ring (RLIMIT_MEMLOCK 0 KiB)", result.err)
        self.assertIn("ulimit -l unlimited", result.err)

    def test_each_runtime_has_its_own_remedy(self):
        for name, (mark, path, remedy) in RUNTIMES.items():
            with self.subTest(name):
                prefix = self.elsewhere({"/proc/1/cgroup": "0::/", path: mark}, ENOSYS)
                result = soak("-c", "5", *CALM, "--engine", "uring", self.server.url, prefix=prefix)
                self.assertEqual((3, "unfit"), (result.code, result.verdict))
                finding = result.finding("io_uring")
                self.assertIn(name, finding["text"])
                self.assertIn(remedy, finding["do"][0])
                result = soak("-c", "5", *CALM, "--engine", "auto", self.server.url, prefix=prefix)
                self.assertIn(name, self.held(result, "epoll", 5))
                self.assertIn(remedy, result.finding("io_uring")["do"][0])

    def test_the_note_is_printed_however_little_is_wanted(self):
        for arguments in (("-q",), ("--ui", "none", "--no-check"), ("-q", "--no-check")):
            with self.subTest(arguments):
                _, _, err = plainly("-c", "5", *CALM, "--engine", "auto", *arguments, self.server.url, prefix=filtered(EPERM))
                self.assertRegex(err, NOTE)
        _, _, err = plainly("-c", "5", *CALM, "--engine", "auto", "-q", self.server.url)
        self.assertNotIn("note: engine", err, "of io_uring nothing is said")

    def test_io_uring_asked_for_is_unfit_with_the_remedy(self):
        for name, answer in REFUSALS.items():
            for more in ((), ("--no-check",)):
                with self.subTest(name, more=more):
                    before = self.server.stub_status()["accepted"]
                    result = soak("-c", "5", *CALM, "--engine", "uring", *more, self.server.url, prefix=filtered(answer))
                    self.assertEqual((3, "unfit", 0), (result.code, result.verdict, result.connections["attempted"]))
                    finding = result.finding("io_uring")
                    self.assertEqual(("fail", "tester"), (finding["status"], finding["side"]))
                    self.assertIn(f"({name})", finding["text"])
                    self.assertTrue(any("seccomp" in line for line in finding["do"]), finding["do"])
                    self.assertTrue(any("--engine auto" in line for line in finding["do"]), finding["do"])
                    self.assertEqual(before + 1, self.server.stub_status()["accepted"], "nobody but this look came")

    def test_check_and_capacity_say_it_too(self):
        code, out, err = plainly("check", "-c", "5", "--engine", "auto", self.server.url, prefix=filtered(EPERM))
        self.assertEqual(0, code, out + err)
        self.assertRegex(out, r"warn  io_uring +blocked by a seccomp filter \(EPERM\)")
        self.assertRegex(err, NOTE)
        code, out, err = plainly("capacity", "-c", "8", "--from", "4", "--hold-each", "200ms", "-i", "50ms", "--engine",
                                 "auto", self.server.url, prefix=filtered(EPERM))
        self.assertEqual(0, code, out + err)
        self.assertEqual(1, len(re.findall(NOTE, err)), "once")


class Ours(Case):
    def test_the_target_runs_on_epoll_and_says_why(self):
        with Target("--engine", "auto", prefix=filtered(EPERM)) as target:
            self.held(soak("-c", "100", *CALM, target.url), holdfast.ENGINE, 100)

    def test_a_target_that_was_to_use_io_uring_does_not_start(self):
        code, _, err = plainly("target", "--listen", "127.0.0.1:0", "--engine", "uring", prefix=filtered(EPERM))
        self.assertEqual(3, code)
        self.assertIn("seccomp filter (EPERM)", err)
        self.assertIn("--engine auto", err)

    def test_the_demo_runs(self):
        code, out, err = plainly("demo", "--engine", "auto", prefix=filtered(None))
        self.assertEqual((0, "HELD"), (code, out.split()[0]), out + err)
        self.assertRegex(err, NOTE)

    def test_epoll_waits_as_well_without_its_newest_call(self):
        for answer in (EPERM, ENOSYS):
            with self.subTest(answer), Target() as target:
                result = soak("-c", "100", *CALM, "--engine", "epoll", target.url, prefix=filtered(answer, EPOLL_PWAIT2))
                self.assertEqual("asked for by --engine", self.held(result, "epoll", 100))

    def test_another_word_is_refused(self):
        code, _, err = plainly("--engine", "kqueue", "http://127.0.0.1:1/")
        self.assertEqual((2, True), (code, "auto|uring|epoll" in err), err)


if __name__ == "__main__":
    holdfast.main()
