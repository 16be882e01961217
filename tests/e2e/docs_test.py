#!/usr/bin/env python3
"""Each block of commands of README and docs is run, scaled down (docs_shim.py), against an nginx or our own target, and
what it prints is held against the page: the same rows with the same fields, numbers apart.

A block is what its text says: lines behind `$ ` are commands with their output, lines of commands alone are commands.
For any other a comment in the line above it says what it is:

    <!-- output -->             what the command before it printed
    <!-- run: COMMAND -->       what this command prints
    <!-- full -->               its commands are run in their full size
    <!-- not run: REASON -->    a root, a second host, minutes; a test that has it is named by its path
"""

import collections
import os
import pathlib
import re
import shlex
import shutil
import ssl
import stat
import subprocess
import sys
import textwrap
import unittest

import holdfast
from sparring import Target

PAGES = [holdfast.ROOT / "README.md", *sorted((holdfast.ROOT / "docs").glob("*.md")),
         holdfast.ROOT / "configs/seccomp/README.md"]
FENCED = re.compile(r"(?:^<!-- *(run|not run|output|full)(?:: (.*?))? *-->\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)
INDENTED = re.compile(r"(?<=\n\n)((?: {4}holdfast (?:.*\\\n)*.*\n)+)")
COMMANDS = {"holdfast", "./allow-io-uring"}
SHIM = pathlib.Path(__file__).with_name("docs_shim.py")
LONG_PAGE_BLOCKS = 6
DESCRIPTORS = 20000  # the hard limit of the pages

Block = collections.namedtuple("Block", "line language text mark what")


def blocks_of(page):
    """The blocks of a page, in their order."""
    text = page.read_text()
    found = [Block(text[:match.start(4)].count("\n"), match[3], match[4], match[1], match[2])
             for match in FENCED.finditer(text)]
    plain = FENCED.sub(lambda match: "\n" * match[0].count("\n"), text)
    found += [Block(plain[:match.start()].count("\n") + 1, "", textwrap.dedent(match[1]), None, None)
              for match in INDENTED.finditer(plain)]
    return sorted(found)


def parts_of(page):
    """The blocks of a page that are run, all together; of a long page those of each section."""
    text = page.read_text()
    blocks = [block for block in blocks_of(page) if block.mark != "not run" and block.language != "yaml"]
    if len(blocks) <= LONG_PAGE_BLOCKS:
        return [blocks] if blocks else []
    parts = collections.defaultdict(list)
    for block in blocks:
        parts["\n".join(text.splitlines()[:block.line]).count("\n## ")].append(block)
    return list(parts.values())


def commands_of(text):
    """[command, what it printed] of a block; None: it is something else."""
    lines = text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        found = []
        for line in lines:
            if line.startswith("$ "):
                found.append([line[2:], []])
            elif found:
                found[-1][1].append(line)
        return found
    if all(line.split()[0] in COMMANDS for line in lines if line.strip()):
        return [[line, []] for line in lines if line.strip()]
    return None


def shape(line):
    """The words of a line's cells up to their first number."""
    cells = re.split(r" {2,}", line.strip())
    if re.match(r"  (ok|warn|\?) ", line):  # a row of the preflight: what this machine has of it differs
        return "checked", line[8:26].strip()
    return tuple(cut for cell in cells if (cut := re.split(r"(?<![\w.])[-+]?\d", cell)[0].strip()))


class Sandbox:
    """Where a page's commands are run."""

    def __init__(self, test):
        self.test, self.at = test, holdfast.folder(test.addCleanup)
        self.server = holdfast.nginx(worker_connections=512)
        test.addCleanup(self.server.stop)
        self.target = self.tls = None
        (self.at / "bin").mkdir()
        (self.at / "configs").symlink_to(holdfast.ROOT / "configs")
        (self.at / "allow-io-uring").symlink_to(holdfast.ROOT / "configs/seccomp/allow-io-uring")
        self.script("holdfast", f'exec {shlex.quote(sys.executable)} {shlex.quote(str(SHIM))} "$@"')
        self.script("pgrep", f"echo {self.server.pid}")
        self.files()

    def script(self, name, text):
        path = self.at / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def files(self):
        """What the commands of the pages read."""
        (self.at / "order.json").write_text('{"item": 1}\n')
        (self.at / "urls.txt").write_text("3 GET /\nHEAD /\n")
        (self.at / "default.json").write_text('{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}\n')

    def reports(self, text):
        """The saved runs that a page reads."""
        wanted = {name: ("--json", name) for name in ("baseline.json", "new.json", "host1.json", "host2.json") if name in text}
        wanted |= {name: ("--timeline", name) for name in ("night.jsonl", "host3.jsonl") if name in text}
        wanted |= {f"part{i}.json": ("--shard", f"{i}/4", "--json", f"part{i}.json", "--start-at", "+10ms")
                   for i in range(1, 5) if f"part{i}.json" in text}
        running = [subprocess.Popen([holdfast.PROGRAM, "run", "-q", "-c", "20", "-d", "300ms", "--seed", "7", *words, self.server.url],
                                    cwd=self.at, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for words in wanted.values()]
        for process in running:
            self.test.assertIn(process.wait(holdfast.TIMEOUT_SECONDS), (0, 4))

    def certificates(self, text):
        """A target that speaks TLS, its certificate, and others."""
        if "https://" not in text and ".pem" not in text:
            return
        self.tls = Target("--tls")
        self.test.addCleanup(self.tls.stop)
        (self.at / "ca.pem").write_text(ssl.get_server_certificate(("127.0.0.1", self.tls.port)))
        for certificate, key in (("me.pem", "me.key"), ("chain.pem", "key.pem")):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], cwd=self.at, check=True,
                           capture_output=True)

    def environment(self, size):
        server = self.server.url.rstrip("/")
        local = self.target.url.rstrip("/") if self.target else server
        servers = [("http://server.example", server), ("http://127.0.0.1:8080", local), ("http://127.0.0.1:8081", server),
                   ("http://127.0.0.1/", server + "/")]
        if self.tls:
            secure = f"https://localhost:{self.tls.port}"
            servers += [("https://example.com", secure), ("https://localhost:8443", secure)]
        lines = "\n".join(f"{old}={new}" for old, new in servers)
        return {**os.environ, "PATH": f"{self.at / 'bin'}:{os.environ['PATH']}", "HOLDFAST": holdfast.PROGRAM,
                "HOLDFAST_DOCS_SERVERS": lines, "HOLDFAST_DOCS_SIZE": size, "LC_ALL": "C.UTF-8"}

    def start(self, words):
        """A server of ours in the foreground of its page; what it prints first."""
        words = list(words)
        if words[0] == "target":
            words += ["--listen", "127.0.0.1:0"]
        process = subprocess.Popen([holdfast.PROGRAM, *words], cwd=self.at, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, text=True)
        line = process.stdout.readline()
        process.terminate()
        rest = process.communicate(timeout=holdfast.TIMEOUT_SECONDS)[0]
        return process.returncode, line + rest

    def run(self, line, size):
        """(exit code, what it prints) of one line of a shell."""
        words = shlex.split(line, comments=True)
        if words[:2] in (["holdfast", "target"], ["holdfast", "serve"]) and words[-1] != "&":
            return self.start(words[1:])
        if words[:2] == ["holdfast", "target"]:
            if self.target:
                self.target.stop()
            self.target = Target(*words[2:-1])
            self.test.addCleanup(self.target.stop)
            return 0, ""
        done = subprocess.run(["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", "bash", "-c", line], cwd=self.at,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              env=self.environment(size), timeout=holdfast.TIMEOUT_SECONDS)
        return done.returncode, done.stdout


def accepted(line, printed):
    """The exit codes that the page leaves open: a busy machine is no fault of it."""
    if any(row.startswith("  FAIL") for row in printed):
        return {3, 5}
    return {0, 4} | ({1} if "--require" in line or "--compare" in line or "HELD" not in "".join(printed) and printed else set())


class DocsTest(unittest.TestCase):
    def commands(self, block):
        if block.mark == "run":
            return [[block.what, block.text.splitlines()]], "full"
        return commands_of(block.text), "full" if block.mark == "full" else "small"

    def check_rows(self, where, printed, out):
        shapes = {shape(row) for row in out.splitlines()}
        for row in printed:
            self.assertTrue(shape(row) in shapes or not shape(row), f"{where}: no row such as\n{row}\nbut\n{out}")

    def check_command(self, where, sandbox, line, printed, size):
        code, out = sandbox.run(line, size)
        with self.subTest(where=where, line=line):
            self.assertIn(code, accepted(line, printed), out)
            self.check_rows(where, printed, out)
        return out

    def check_block(self, where, sandbox, block, before):
        """What the last command of the block printed."""
        if block.mark == "output":
            with self.subTest(where=where):
                self.check_rows(where, block.text.splitlines(), before)
            return before
        if block.language == "python":
            return subprocess.run([sys.executable, "-c", block.text], cwd=sandbox.at, check=True, stdout=subprocess.PIPE,
                                  text=True, timeout=holdfast.TIMEOUT_SECONDS).stdout
        commands, size = self.commands(block)
        self.assertIsNotNone(commands, f"{where}: neither commands nor marked:\n{block.text}")
        for line, printed in commands:
            before = self.check_command(where, sandbox, line, printed, size)
        return before

    def check_part(self, page, blocks):
        name, text = page.relative_to(holdfast.ROOT).as_posix(), "".join(block.text for block in blocks)
        if not shutil.which("prlimit") or not shutil.which("openssl"):
            self.skipTest("no prlimit, or no openssl")
        if "./allow-io-uring" in text and not shutil.which("jq"):
            self.skipTest(f"the commands of {name}: no jq")
        sandbox = Sandbox(self)
        sandbox.reports(text)
        sandbox.certificates(text)
        out = ""
        for block in blocks:
            out = self.check_block(f"{name}:{block.line}", sandbox, block, out)

    def test_what_a_pipe_prints_has_no_groups_of_digits(self):
        for page in PAGES:
            for block in blocks_of(page):
                self.assertNotRegex(block.text, r"(?<![\w.:])[1-9]\d{0,2} \d{3}(?![\d.])", f"{page.name}:{block.line}")

    def test_what_is_not_run_names_the_test_that_has_it_or_is_skipped(self):
        reasons = collections.defaultdict(list)
        for page in PAGES:
            for block in blocks_of(page):
                if block.mark != "not run":
                    continue
                reasons[block.what].append(f"{page.relative_to(holdfast.ROOT)}:{block.line}")
        for reason, places in sorted(reasons.items()):
            tests = re.findall(r"\btests/\S+\.py\b", reason)
            for path in tests:
                self.assertTrue((holdfast.ROOT / path).is_file(), path)
            if not tests:
                holdfast.skip_part(f"commands of {' '.join(places)}: {reason}")


def add(page, number, blocks):
    name = re.sub(r"\W", "_", page.relative_to(holdfast.ROOT).as_posix())
    setattr(DocsTest, f"test_the_commands_of_{name}{number or ''}_do_what_it_shows", lambda self: self.check_part(page, blocks))


for each in PAGES:
    for at, part in enumerate(parts_of(each)):
        add(each, at, part)

if __name__ == "__main__":
    holdfast.main()
