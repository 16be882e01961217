#!/usr/bin/env python3
"""The package on a bare Debian, the image made of it, the jobs of docs/ci.md step by step in a root of their own; and what
an engine's own filter and limits make of a run. What it needs: tools/install-packages --packaging."""

import json
import os
import pathlib
import shutil
import subprocess
import time
import unittest

import holdfast
from debian import ROOT, Debian, Unavailable
from install_test import package, run
from seccomp import EPERM, filtered
from sparring import Target

DEFAULT_PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")
DEMO_SECONDS_MOST = 60


def debian(test, path=None):
    """A root of the test's own, with the package in /job/ci; path: where the package is already."""
    try:
        made = Debian()
        test.addCleanup(made.__exit__)
        made.__enter__()
    except Unavailable as reason:
        raise unittest.SkipTest(str(reason)) from None
    path = path or package(holdfast.folder(test.addCleanup))
    made.copy(path, f"/job/ci/{path.name}")
    return made


class DebianTest(unittest.TestCase):
    def test_from_dpkg_to_the_end_of_the_demo_in_under_a_minute_and_gone_again(self):
        root, began = debian(self), time.monotonic()
        code, out = root.run("dpkg -i /job/ci/holdfast_*.deb && holdfast demo -q")
        self.assertEqual(0, code, out)
        self.assertRegex(out, r"(?m)^HELD +1000 connections")
        self.assertLess(time.monotonic() - began, DEMO_SECONDS_MOST)
        code, out = root.run("dpkg -r holdfast && ! command -v holdfast && ! find / -xdev -path /job -prune -o -name '*holdfast*' "
                             "-print | grep -v /var/lib/dpkg/")
        self.assertEqual(0, code, out)


class JobTest(unittest.TestCase):
    """Each `run:` of the workflow, each line of the GitLab job, in a root of its own."""

    def steps(self, name):
        """(job, its commands in order)."""
        try:
            import yaml
        except ImportError:
            self.skipTest("the jobs: no python3-yaml")
        document = yaml.safe_load((holdfast.ROOT / "packaging/ci" / name).read_text())
        for job, about in (document.get("jobs") or document).items():
            lines = [step["run"] for step in about.get("steps", []) if "run" in step]
            yield job, lines or [*about.get("before_script", []), *about["script"]]

    def carry_out(self, root, lines, prefix=(), **environment):
        """The job's commands, each in a shell of its own; all that apt would look for is there already."""
        root.copy(holdfast.ROOT / "packaging/ci/soak.sh", "/job/ci/soak.sh")
        for line in lines:
            line = line.replace("sudo ", "").replace("apt-get update && ", "")
            code, out = root.run(f"cd /job; {line}", prefix, HOLDFAST_CONNECTIONS="50", HOLDFAST_HOLD="300ms", **environment)
            self.assertEqual(0, code, f"{line}\n{out}")
        return out

    def test_the_jobs_of_github_and_gitlab_go_through(self):
        made = package(holdfast.folder(self.addCleanup)) if (ROOT / "usr/bin/dpkg").exists() else None
        for name in ("github.yml", "gitlab.yml"):
            for job, lines in self.steps(name):
                with self.subTest(job=job), Target() as target:
                    root = debian(self, made)
                    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/job/summary"} if name == "github.yml" else {}
                    out = self.carry_out(root, lines, HOLDFAST_URL=target.url, **github)
                    self.assertIn("no baseline yet: this run is it", out)
                    self.assertEqual(bool(github), "::notice title=holdfast::held" in out)
                    self.assertTrue((root.folder / "upper/job/holdfast-results/run.xml").is_file())
                    if github:
                        self.assertIn("HELD", (root.folder / "upper/job/summary").read_text())

    def test_a_job_under_a_filter_runs_over_epoll_and_says_so(self):
        _, lines = next(self.steps("gitlab.yml"))
        root = debian(self)
        with Target() as target:
            out = self.carry_out(root, lines, filtered(EPERM), HOLDFAST_URL=target.url)
        self.assertIn("note: engine epoll: ", out)
        report = json.loads((root.folder / "upper/job/holdfast-results/run.json").read_text())
        self.assertEqual(("held", "epoll"), (report["verdict"]["result"], report["generator"]["engine"]))


class ImageTest(unittest.TestCase):
    """Made and run by buildah, without a registry."""

    def setUp(self):
        if not shutil.which("buildah") or os.geteuid():
            self.skipTest("the image: no buildah, or not root (tools/install-packages --packaging)")
        if holdfast.SANITIZED or not (ROOT / "usr/bin/dpkg").exists():
            self.skipTest("no build/debian: tools/install-packages --packaging makes it")
        self.at = holdfast.folder(self.addCleanup)
        for driver in ("overlay", "vfs"):  # vfs copies each layer, and works anywhere
            self.storage = ("buildah", f"--root={self.at}/{driver}", f"--runroot={self.at}/run", f"--storage-driver={driver}")
            if subprocess.run([*self.storage, "info"], capture_output=True, check=False).returncode == 0:
                break

    def buildah(self, *words):
        return run(*self.storage, *words)

    def make(self):
        base = self.buildah("from", "scratch").strip()
        self.buildah("copy", "--quiet", base, ROOT, "/")
        self.buildah("commit", "--quiet", "--rm", base, "localhost/bare")
        self.buildah("build", "--isolation=chroot", "--pull-never", "--build-arg=BASE=localhost/bare", "--tag=holdfast",
                     f"--file={holdfast.ROOT}/packaging/Containerfile", package(self.at / "package").parent)

    def in_it(self, options, *words):
        """A command in a container of the image that the engine was asked for with options."""
        name = self.buildah("from", "--isolation=chroot", "--pull-never", *options, "holdfast").strip()
        done = subprocess.run([*self.storage, "run", "--isolation=chroot", name, "--", *words], capture_output=True, text=True,
                              check=False, timeout=holdfast.TIMEOUT_SECONDS)
        self.buildah("rm", name)
        return done.returncode, done.stdout, done.stderr

    def test_the_image_runs_as_nobody_and_says_what_its_engine_does_not_give(self):
        self.make()
        with Target() as target:
            self.about()
            self.engines_own_filter(target)
            self.recipe(target)
            self.descriptors(target)

    def about(self):
        config = json.loads(self.buildah("inspect", "--type=image", "holdfast"))["OCIv1"]["config"]
        self.assertEqual(("65534:65534", ["holdfast"]), (config["User"], config["Entrypoint"]))
        self.assertEqual("65534\n", self.in_it((), "id", "-u")[1])

    def engines_own_filter(self, target):
        code, out, err = self.in_it((), "holdfast", "run", "-c", "50", "-d", "300ms", target.url)
        self.assertEqual(0, code, out + err)
        self.assertIn("HELD", out)
        self.assertIn("note: engine epoll: ", err)

    def recipe(self, target):
        if not DEFAULT_PROFILE.is_file() or not shutil.which("jq"):
            holdfast.skip_part(f"the recipe of configs/seccomp: no {DEFAULT_PROFILE}, or no jq")
            return
        profile = self.at / "holdfast-seccomp.json"
        profile.write_text(run(holdfast.ROOT / "configs/seccomp/allow-io-uring", DEFAULT_PROFILE))
        code, out, err = self.in_it((f"--security-opt=seccomp={profile}",), "holdfast", "run", "-c", "50", "-d", "300ms",
                                    "--engine", "uring", target.url)
        self.assertEqual(0, code, out + err)
        self.assertNotIn("epoll", err)

    def descriptors(self, target):
        code, out, err = self.in_it(("--ulimit=nofile=64:64",), "holdfast", "check", "-c", "100", "-w", "1", target.url)
        self.assertEqual(3, code, out + err)
        self.assertRegex(out, r"FAIL +descriptors")
        self.assertIn("--ulimit nofile=", out)


if __name__ == "__main__":
    holdfast.main(jobs=2, rings=False)
