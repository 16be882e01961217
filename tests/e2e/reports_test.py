#!/usr/bin/env python3
"""A report is where it was asked for, or left where standard error says: of every kind, and from every command."""

import json
import os
import pathlib
import platform
import re
import signal
import stat
import unittest

import holdfast
import seccomp
from holdfast import Run, folder, plainly
from sparring import Target

KINDS = ("json", "html", "junit", "hgrm")
BEGINS = {"json": "{", "html": "<!DOCTYPE html>", "junit": "<?xml", "hgrm": " ", "csv": "t,", "timeline": "{"}
HOLD = ("-c", "3", "-d", "300ms", "-i", "100ms", "-q", "--no-check")
LEFT = re.compile(r'holdfast(?: report)?: --(\w+): "([^"]*)" could not be written: ([^;]+); left as "([^"]+)"')


def in_own_mounts(script):
    """Words before a program that runs in a mount namespace of its own, once this script was run there."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    ask = holdfast.subprocess.run([*unshare, "mount", "--make-rprivate", "/"], capture_output=True)
    if ask.returncode != 0:
        raise unittest.SkipTest("no mount namespace of our own")
    return [*unshare, "sh", "-ec", f'mount --make-rprivate /\n{script}\nexec "$@"', "sh"]


def as_nobody():
    """Words before a program that runs as a user without rights."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("root alone may become another user")
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if holdfast.subprocess.run([*words, holdfast.PROGRAM, "--version"], capture_output=True).returncode != 0:
        raise unittest.SkipTest("the program cannot be run as another user")
    return words


class EveryCommand(unittest.TestCase):
    """What the commands of this file are tried with."""

    def setUp(self):
        self.folder = folder(self.addCleanup)
        self.folder.chmod(0o755)
        self.target = self.enter(Target())
        self.saved = None

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def saved_runs(self):
        """A JSON report and a timeline."""
        if self.saved is None:
            self.saved = self.folder / "saved.json", self.folder / "saved.jsonl"
            code, _, err = plainly("run", *HOLD, "--json", self.saved[0], "--timeline", self.saved[1], self.target.url)
            self.assertEqual(code, 0, err)
        return self.saved

    def commands(self):
        """(words of a command, the kinds of report that it writes)."""
        report, timeline = self.saved_runs()
        yield ("run", *HOLD, self.target.url), KINDS
        yield ("check", "-c", "3", "-q", self.target.url), ("json", "html", "junit")
        yield ("capacity", "-c", "2", "--from", "2", "--hold-each", "100ms", "-i", "50ms", "-q", "--no-check",
               self.target.url), ("json", "html", "junit")
        yield ("report", timeline), (*KINDS, "csv")
        yield ("report", "--compare", report, report), ("json", "junit")

    def write_each(self, paths, prefix=(), **environment):
        """Every command with each of its kinds of report at paths(kind): yields what came of it."""
        for words, kinds in self.commands():
            for kind in kinds:
                with self.subTest(command=words[:2], kind=kind):
                    path = paths(kind)
                    done = plainly(*words, f"--{kind}", path, prefix=prefix, cwd=self.folder,
                                   env={**os.environ, "LC_ALL": "C.UTF-8", **environment})
                    yield kind, path, *done


class ItIsWritten(EveryCommand):
    def test_over_a_file_that_is_a_mount_point(self):
        host, mounted = self.folder / "host", self.folder / "out"
        prefix = in_own_mounts(f"mount --bind {host} {mounted}")

        def fresh(_):
            host.write_text("old")
            mounted.write_text("")
            return mounted
        for kind, _, code, _, err in self.write_each(fresh, prefix):
            self.assertEqual(code, 0, err)
            self.assertTrue(host.read_text().startswith(BEGINS[kind]), host.read_text()[:40])

    def test_under_the_longest_name(self):
        for kind, path, code, _, err in self.write_each(lambda kind: self.folder / f"{kind:x<255}"):
            self.assertEqual(code, 0, err)
            self.assertTrue(path.read_text().startswith(BEGINS[kind]))

    def test_with_the_mode_and_the_links_that_are_there(self):
        path, other = self.folder / "out", self.folder / "other"
        path.touch(0o600)
        os.link(path, other)
        for kind, _, code, _, err in self.write_each(lambda _: path):
            self.assertEqual(code, 0, err)
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertTrue(other.read_text().startswith(BEGINS[kind]))

    def test_over_anothers_file_in_a_sticky_folder(self):
        prefix = as_nobody()
        sticky = self.folder / "sticky"
        sticky.mkdir()
        sticky.chmod(0o1777)

        def of_another(kind):
            path = sticky / kind
            path.write_text("old")
            path.chmod(0o666)
            return path
        self.saved_runs()
        for kind, path, code, _, err in self.write_each(of_another, prefix):
            self.assertEqual(code, 0, err)
            self.assertTrue(path.read_text().startswith(BEGINS[kind]))

    def test_in_a_folder_that_may_not_be_written(self):
        prefix = as_nobody()
        self.saved_runs()
        path = self.folder / "out"

        def writable(_):
            path.write_text("old")
            path.chmod(0o666)
            return path
        for kind, _, code, _, err in self.write_each(writable, prefix):
            self.assertEqual(code, 0, err)
            self.assertTrue(path.read_text().startswith(BEGINS[kind]))

    def test_behind_a_dangling_link(self):
        for kind in KINDS:
            (self.folder / f"link-{kind}").symlink_to(f"real-{kind}")
        code, _, err = plainly("run", *HOLD, self.target.url,
                               *(word for kind in KINDS for word in (f"--{kind}", self.folder / f"link-{kind}")))
        self.assertEqual(code, 0, err)
        for kind in KINDS:
            self.assertTrue((self.folder / f"link-{kind}").is_symlink())
            self.assertTrue((self.folder / f"real-{kind}").read_text().startswith(BEGINS[kind]))

    def test_and_one_file_under_two_names_is_refused(self):
        path, linked = self.folder / "a", self.folder / "b"
        path.write_text("")
        os.link(path, linked)
        (self.folder / "to-c").symlink_to("c")
        for first, second in ((path, linked), (self.folder / "to-c", self.folder / "c")):
            code, _, err = plainly("run", *HOLD, "--json", first, "--html", second, self.target.url)
            self.assertEqual(code, 2)
            self.assertIn("a place of its own is accepted", err)


class ItIsLeftElsewhere(EveryCommand):
    def check_left(self, done, environment_folder):
        kind, path, code, _, err = done
        said = LEFT.search(err)
        self.assertTrue(said, err)
        self.assertEqual((said[1], said[2], code), (kind, str(path), 4))
        left = pathlib.Path(said[4])
        self.assertTrue(left.read_text().startswith(BEGINS[kind]))
        self.assertEqual(left.parent, environment_folder)
        self.assertEqual(stat.S_IMODE(left.stat().st_mode), 0o600)
        left.unlink()

    def test_when_the_device_is_full(self):
        for done in self.write_each(lambda _: "/dev/full"):
            self.check_left(done, self.folder)

    def test_when_the_file_system_is_full(self):
        small, elsewhere = self.folder / "small", self.folder / "elsewhere"
        small.mkdir()
        elsewhere.mkdir()
        prefix = in_own_mounts(f"mount -t tmpfs -o size=4k tmpfs {small}\necho old > {small}/filler\ncd {small}")
        for done in self.write_each(lambda kind: small / kind, prefix, TMPDIR=str(elsewhere)):
            self.check_left(done, elsewhere)

    def test_when_nothing_can_be_synced(self):
        fsync = {"x86_64": 74, "aarch64": 82}.get(platform.machine())
        if fsync is None:
            self.skipTest(f"what fsync(2) is on {platform.machine()}")
        for done in self.write_each(lambda kind: self.folder / f"run.{kind}", seccomp.filtered(seccomp.EPERM, fsync)):
            self.check_left(done, self.folder)

    def test_when_its_folder_went_away_in_mid_run(self):
        gone = self.folder / "gone"
        gone.mkdir()
        with Run("run", "-c", "3", "-d", "0", "-i", "100ms", "--ui", "line", "--json", gone / "out.json",
                 self.target.url, report=None) as run:
            run.wait_for_phase("hold")
            gone.rename(self.folder / "moved")
            run.signal(signal.SIGINT)
            result = run.finish()
        said = LEFT.search(result.err)
        self.assertTrue(said, result.err)
        self.assertEqual(result.code, 4)
        self.assertEqual(pathlib.Path(said[4]).parent, self.folder / "moved")
        self.assertEqual(json.loads(pathlib.Path(said[4]).read_text())["verdict"]["result"], "held")


    def test_a_timeline_whose_disk_is_full_or_that_was_removed_leaves_its_end(self):
        small, elsewhere = self.folder / "small", self.folder / "elsewhere"
        small.mkdir()
        elsewhere.mkdir()
        prefix = in_own_mounts(f"mount -t tmpfs -o size=4k tmpfs {small}\ncd {elsewhere}")
        removed = self.folder / "removed.jsonl"
        with Run("run", "-c", "3", "-d", "0", "-i", "100ms", "--ui", "line", "--timeline", removed, self.target.url,
                 report=None, prefix=["sh", "-c", f'cd {elsewhere}\nexec "$@"', "sh"]) as run:
            run.wait_for_phase("hold")
            removed.unlink()
            run.signal(signal.SIGINT)
            result = run.finish()
        runs = [(result.code, result.out, result.err),
                plainly("run", *HOLD, "--timeline", small / "out.jsonl", self.target.url, prefix=prefix)]
        for code, _, err in runs:
            left = re.search(r'its beginning and end are left as "([^"]+)"', err)
            self.assertTrue(left, err)
            self.assertEqual(code, 4, err)
            code, out, err = plainly("report", left[1])
            self.assertEqual((code, out[:4]), (0, "HELD"), err)


class StandardOutput(EveryCommand):
    def test_that_is_closed_takes_no_report(self):
        close = ["sh", "-c", 'exec "$@" >&-', "sh"]
        for kind, path, code, _, err in self.write_each(lambda _: "-", close):
            self.assertEqual(code, 2, err)
            self.assertIn(f'--{kind}: cannot write to "-": this output is closed', err)
        for kind in ("json", "timeline"):
            for path in ("-", "/dev/stdout", "/dev/fd/1"):
                code, _, err = plainly("run", *HOLD, f"--{kind}", path, self.target.url, prefix=close)
                self.assertEqual(code, 2, err)
                self.assertIn(f'--{kind}: cannot write to "{path}": this output is closed', err)

    def test_that_is_closed_or_full_is_said_of_all_that_goes_there(self):
        for close in (["sh", "-c", 'exec "$@" >&-', "sh"], ["sh", "-c", 'exec "$@" >/dev/full', "sh"]):
            report, timeline = self.saved_runs()
            for words in (("run", *HOLD, self.target.url), ("check", "-c", "3", self.target.url), ("--help",), ("--version",),
                          ("report", timeline), ("report", "--schema"), ("report", "--help"),
                          ("report", "--compare", report, report), ("report", "--compare", "--schema"),
                          ("demo",), ("target", "--help")):
                with self.subTest(words=words, how=close[2]):
                    code, _, err = plainly(*words, prefix=close)
                    self.assertEqual(code, 4, err)
                    self.assertRegex(err, "this output is closed|No space left")

    def test_that_is_closed_keeps_no_file_from_being_written(self):
        close = ["sh", "-c", 'exec "$@" >&- 2>/dev/null', "sh"]
        path = self.folder / "out.json"
        plainly("run", *HOLD, "--json", path, self.target.url, prefix=close)
        self.assertEqual(json.loads(path.read_text())["verdict"]["result"], "held")
        code, _, _ = plainly("run", *HOLD, "--json", "/dev/null", self.target.url, prefix=close)
        self.assertEqual(code, 4)  # its summary went nowhere


class ItIsReadBack(EveryCommand):
    """Whatever a command wrote, `holdfast report` draws."""

    def test_whatever_became_of_the_run(self):
        base, url, nobody = ("-q", "--no-check"), self.target.url, "http://127.0.0.1:1/"
        shapes = {
            "held": ("run", *HOLD, url),
            "broke": ("run", *HOLD, "--require", "live>=200%", url),
            "late rule": ("run", *HOLD, "--require", "rate_peak>=0", url),
            "refused": ("run", *base, "-c", "5", "-d", "1s", nobody),
            "refused and reconnected": ("run", *base, "-c", "3", "-d", "300ms", "--reconnect", "backoff=100ms..200ms", nobody),
            "no target": ("run", "-q", "-c", "3", nobody),
            "unfit": ("run", "-q", "-c", "10M", "-w", "1", url),
            "no hold": ("run", *base, "-c", "5", "-n", "1", url),
            "a pool": ("run", *base, "-c", "5", "-n", "50", "-d", "300ms", url),
            "a schedule": ("run", *base, "-c", "4", "-w", "2", "-d", "300ms", "--rate", "50", url),
            "check": ("check", "-q", "-c", "3", url),
            "check of nobody": ("check", "-q", "-c", "3", nobody),
            "capacity": ("capacity", *base, "-c", "4", "--from", "2", "--hold-each", "100ms", url),
            "capacity of nobody": ("capacity", *base, "-c", "4", "--from", "2", "--hold-each", "100ms", nobody),
        }
        for shape, words in shapes.items():
            reports = [("--json", self.folder / "out.json")]
            if words[0] == "run":
                reports.append(("--timeline", self.folder / "out.jsonl"))
            plainly(*words, *(word for pair in reports for word in pair))
            for _, path in reports:
                with self.subTest(shape=shape, path=path.name):
                    code, _, err = plainly("report", "--html", self.folder / "page.html", path)
                    self.assertEqual(code, 0, err)


if __name__ == "__main__":
    holdfast.main()
