#!/usr/bin/env python3
"""The units of packaging/: systemd takes them, they are hardened, their lines work under their own system call filter,
and the journal learns what is an error."""

import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import unittest

import holdfast
from sparring import Target

UNITS = ("holdfast-serve.service", "holdfast@.service")
# Of systemd-analyze security, 0 to 100, where 100 is a service without any of it.
EXPOSURE_MOST = 20
CALLS = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
# Words to stand before a command: all system calls but these are answered EPERM. The first is the filter's file.
FILTERED = """
import ctypes, os, sys
code = open(sys.argv[1], "rb").read()
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
program = Program(len(code) // 8, code)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
    sys.exit(77)
os.execvp(sys.argv[2], sys.argv[2:])
"""


def unit(name):
    return (holdfast.ROOT / "packaging" / name).read_text()


def values(name, key):
    """What a unit says of a key, a line each, in order."""
    return re.findall(rf"^{key}=(.*)$", unit(name), re.M)


def calls_of(words):
    """The system calls that SystemCallFilter= means by these: names, and sets of systemd's."""
    found = set()
    for word in words:
        if not word.startswith("@"):
            found.add(word)
            continue
        listed = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
        found |= calls_of(line.strip() for line in listed.splitlines()[1:] if line.strip() and not line.strip().startswith("#"))
    return found


def filter_of(name):
    """The unit's filter as a program of seccomp(2), as systemd makes it: EPERM for what is not allowed."""
    allowed = set()
    for line in values(name, "SystemCallFilter"):
        allowed = allowed - calls_of(line[1:].split()) if line.startswith("~") else allowed | calls_of(line.split())
    allowed |= calls_of(["@default"])
    numbers = {call: int(number) for call, number in re.findall(r"#define __NR_(\w+) (\d+)", CALLS.read_text())}
    wanted = sorted(numbers[call] for call in allowed if call in numbers)
    steps = [(0x20, 0, 0, 0)]
    for number in wanted:  # each answers at once: no jump is longer than one
        steps += [(0x15, 0, 1, number), (0x06, 0, 0, 0x7FFF0000)]
    steps.append((0x06, 0, 0, 0x00050000 | 1))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


class UnitTest(unittest.TestCase):
    def setUp(self):
        self.at = holdfast.folder(self.addCleanup)

    def copy(self, name):
        """The unit with a program that is there; a template as an instance of it."""
        path = self.at / name.replace("@", "@night")
        path.write_text(unit(name).replace("/usr/bin/holdfast", holdfast.PROGRAM))
        return path

    def need_analyze(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("the units: no systemd-analyze")

    def test_systemd_takes_them(self):
        self.need_analyze()
        for name in UNITS:
            path = self.copy(name)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False)
            self.assertNotIn(path.name, done.stderr)
            self.assertNotIn("WantedBy=\n", unit(name))

    def test_they_are_hardened(self):
        self.need_analyze()
        for name in UNITS:
            done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=yes", f"--threshold={EXPOSURE_MOST}",
                                   self.copy(name)], capture_output=True, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stdout[-2000:] + done.stderr)

    def start(self, profile, filtered=False):
        """The line of the unit for a run, as systemd starts it; (exit code, standard error, its reports)."""
        line, = values("holdfast@.service", "ExecStart")
        script = re.fullmatch(r"/bin/sh -ec '(.*)'", line)[1].replace("$$", "$").replace("%%", "%")
        script = script.replace("/usr/bin/holdfast", holdfast.PROGRAM)
        state, credentials = self.at / "state", self.at / "credentials"
        for folder in (state, credentials):
            folder.mkdir()
        (credentials / "profile").write_text(profile)
        prefix = []
        if filtered:
            (self.at / "filter").write_bytes(filter_of("holdfast@.service"))
            prefix = [sys.executable, "-c", FILTERED, self.at / "filter"]
        done = subprocess.run([*prefix, "/bin/sh", "-ec", script], capture_output=True, text=True, check=False,
                              timeout=holdfast.TIMEOUT_SECONDS,
                              env={**os.environ, "STATE_DIRECTORY": str(state), "CREDENTIALS_DIRECTORY": str(credentials)})
        return done, sorted(state.iterdir())

    def test_a_run_of_a_profile_leaves_its_reports_in_the_state_directory(self):
        with Target() as target:
            done, files = self.start(f"url = {target.url}\nconnections = 20\nduration = 300ms\ninterval = 50ms\n")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual([".html", ".json", ".jsonl", ".xml"], [path.suffix for path in files])
        self.assertRegex(files[0].name, r"^\d{8}T\d{6}Z\.html$")
        holdfast.check_report(json.loads(files[1].read_text()), 0)

    def test_io_uring_and_all_else_work_under_its_filter(self):
        self.need_analyze()
        if os.uname().machine != "x86_64" or not CALLS.is_file():
            self.skipTest("the unit's filter: numbers of x86-64 alone")
        if holdfast.SANITIZED:
            self.skipTest("the unit's filter: the sanitizers' own calls are not in it")
        holdfast.need_ring()
        with Target() as target:
            done, files = self.start(f"url = {target.url}\nconnections = 20\nduration = 300ms\ninterval = 50ms\n"
                                     "workers = 2\nsource = auto\nengine = uring\n", filtered=True)
        if done.returncode == 77:
            self.skipTest("no seccomp filters here")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual("io_uring", json.loads(files[1].read_text())["generator"]["engine"])

    def test_a_profile_without_a_url_says_so(self):
        done, files = self.start("connections = 20\n")
        self.assertEqual((2, []), (done.returncode, files))
        self.assertIn("no URL", done.stderr)


class JournalTest(unittest.TestCase):
    """Standard error as the journal gives it: a socket, named by $JOURNAL_STREAM."""

    def lines(self, *arguments, named=True):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            about = os.fstat(theirs.fileno())
            stream = f"{about.st_dev}:{about.st_ino}" if named else f"{about.st_dev}:1"
            process = subprocess.Popen([holdfast.PROGRAM, *holdfast.with_engine(arguments)], stdin=subprocess.DEVNULL,
                                       stdout=theirs, stderr=theirs, env={**os.environ, "JOURNAL_STREAM": stream})
            theirs.close()
            ours.settimeout(holdfast.TIMEOUT_SECONDS)
            text = b"".join(iter(lambda: ours.recv(65536), b"")).decode()
            self.code = process.wait(holdfast.TIMEOUT_SECONDS)
        return text.splitlines()

    def levels(self, *arguments):
        lines = self.lines(*arguments)
        self.assertEqual([], [line for line in lines if not re.match(r"<[3-6]>", line)])
        return [(int(line[1]), line[3:]) for line in lines]

    def test_each_line_has_its_level(self):
        with Target("--status", "503", "--fault", "reset-after=1@50%") as target:
            lines = self.levels("run", "-c", "20", "-d", "1500ms", "-i", "200ms", "--ui", "line", "--require", "lost<=0",
                                "--exec-at", "500ms=true", target.url)
        self.assertEqual(1, self.code)
        of = {level: [text for at, text in lines if at == level] for level in (3, 4, 5, 6)}
        self.assertTrue(all(text.startswith("time=") for text in of[6] if "phase=" in text))
        self.assertTrue(any("phase=hold" in text for text in of[6]))
        self.assertTrue(any("  note   " in text for text in of[5]), of[5])
        self.assertTrue(any(text.startswith("BROKE") for text in of[3]), "the summary of a run that broke")

    def test_a_run_that_held_has_no_error_in_it_and_a_usage_error_is_one(self):
        with Target() as target:
            lines = self.levels("run", "-c", "5", "-d", "300ms", target.url)
        if self.code == 0:
            self.assertEqual([], [text for level, text in lines if level < 5])
        self.assertEqual([3], [level for level, _ in self.levels("run", "--no-such-option", "http://127.0.0.1:1/")])

    def test_others_see_no_level(self):
        with Target() as target:
            for line in self.lines("run", "-c", "5", "-d", "300ms", target.url, named=False):
                self.assertFalse(line.startswith("<"), line)


if __name__ == "__main__":
    holdfast.main()
