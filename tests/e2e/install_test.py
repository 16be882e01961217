#!/usr/bin/env python3
"""What is installed, by cmake and by the .deb, and taken away again; and how the program in it is built."""

import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import holdfast

BUILD = pathlib.Path(holdfast.PROGRAM).resolve().parents[1]
COMMANDS = ("run", "check", "capacity", "target", "demo", "serve", "report")
INSTALLED = {
    "bin/holdfast", "share/bash-completion/completions/holdfast", "share/zsh/vendor-completions/_holdfast",
    "share/fish/vendor_completions.d/holdfast.fish", "share/holdfast/profiles/soak-10k.conf",
    "share/holdfast/grafana-holdfast.json", "share/doc/holdfast/copyright", "share/doc/holdfast/changelog.gz",
    "share/doc/holdfast/holdfast.spdx.json", "share/doc/holdfast/examples/profiles",
    "share/doc/holdfast/examples/grafana-holdfast.json", "share/doc/holdfast/examples/Containerfile",
    "share/doc/holdfast/examples/seccomp/allow-io-uring", "share/doc/holdfast/examples/ci/soak.sh",
    "lib/systemd/system/holdfast@.service", "lib/systemd/system/holdfast-serve.service", "share/man/man1/holdfast.1.gz",
    *(f"share/man/man1/holdfast-{command}.1.gz" for command in COMMANDS)}


def run(*words, **more):
    """What a command prints; raises with all of it where it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise unittest.SkipTest(f"{program} is not installed")


def files_of(folder):
    """All of a tree that is no folder, links as such."""
    return {str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*")
            if path.is_symlink() or not path.is_dir()}


def package(folder):
    """The .deb of the build, made in a folder."""
    need("cpack", "dpkg-deb", "dpkg-shlibdeps")
    if holdfast.SANITIZED:
        raise unittest.SkipTest("the package: nobody makes one of a build with sanitizers")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    made, = pathlib.Path(folder).glob("holdfast_*.deb")
    return made


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.at = holdfast.folder(self.addCleanup)

    def check_files(self, prefix):
        self.assertLessEqual(INSTALLED, files_of(prefix))
        for link in ("profiles", "grafana-holdfast.json"):
            self.assertTrue((prefix / "share/doc/holdfast/examples" / link).exists(), link)

    def test_all_is_installed_and_taken_away_and_nothing_of_others(self):
        need("cmake")
        prefix = self.at / "prefix"
        run("cmake", "--install", BUILD, "--prefix", prefix)
        self.check_files(prefix)
        self.profiled(prefix / "bin/holdfast")
        for unit in (prefix / "lib/systemd/system").iterdir():
            self.assertIn(f"{prefix}/bin/holdfast ", unit.read_text())
        theirs = {"share/holdfast/profiles/theirs.conf", "share/man/man1/other.1.gz"}
        for name in theirs:
            (prefix / name).write_text("")
        with contextlib.suppress(unittest.SkipTest):
            package(self.at / "package")  # is no installation
        words = ("cmake", f"-DMANIFEST={BUILD / 'installed.txt'}", "-P", holdfast.ROOT / "cmake/uninstall.cmake")
        run(*words)
        self.assertEqual(theirs, files_of(prefix))
        self.assertFalse((prefix / "share/doc/holdfast").exists())
        run(*words)  # nothing is left to do

    def profiled(self, program):
        """-C NAME is the installed profile, whatever the working directory; a file of that name comes first."""
        elsewhere = self.at / "elsewhere"
        elsewhere.mkdir()
        with holdfast.listener() as listening:
            closed = holdfast.url_of(listening)

        def headline(name):
            done = subprocess.run([program, "check", "-C", name, closed], cwd=elsewhere, capture_output=True, text=True)
            return done.stdout.splitlines()[:1] or done.stderr
        self.assertRegex(headline("smoke")[0], "^preflight: 100 connections to ")
        self.assertIn('cannot open "no-such-profile"', headline("no-such-profile"))
        self.assertIn("cannot open", headline("../smoke"))
        (elsewhere / "smoke").write_text("connections = 7\n")
        self.assertRegex(headline("smoke")[0], "^preflight: 7 connections to ")

    def test_the_package_has_all_and_its_program_runs(self):
        made, root = package(self.at), self.at / "root"
        run("dpkg-deb", "-x", made, root)
        self.check_files(root / "usr")
        depends = run("dpkg-deb", "-f", made, "Depends")
        self.assertIn("libc6", depends)
        self.assertNotRegex(depends, "liburing|llhttp", "these are linked in")
        self.assertEqual(holdfast.plainly("version")[1], run(root / "usr/bin/holdfast", "version"))
        changelog = gzip.decompress((root / "usr/share/doc/holdfast/changelog.Debian.gz").read_bytes()).decode()
        self.assertEqual(run("dpkg-deb", "-f", made, "Version").strip(), re.match(r"holdfast \((\S+)\)", changelog)[1])
        self.assertEqual(set(), {path for path in files_of(root) if not path.startswith("usr/")}, "no /etc: nothing is enabled")

    def test_the_package_is_the_same_twice(self):
        first, second = package(self.at / "a"), package(self.at / "b")
        self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_dpkg_installs_it_and_removes_all_of_it(self):
        need("dpkg")
        if os.geteuid():
            self.skipTest("dpkg --root: not root")
        made, root = package(self.at), self.at / "root"
        for folder in ("info", "updates", "triggers"):
            (root / "var/lib/dpkg" / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        # A root without libraries: what it depends on is another test's.
        dpkg = ("dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless")
        run(*dpkg, "-i", made)
        self.check_files(root / "usr")
        run(*dpkg, "-r", "holdfast")
        self.assertEqual(set(), {path for path in files_of(root) if "/dpkg" not in path})
        self.assertFalse((root / "usr").exists(), "no folder is left")

    def test_lintian_has_nothing_to_say(self):
        need("lintian")
        said = run("lintian", "--allow-root", "--display-info", "--fail-on", "error,warning,info", package(self.at))
        self.assertEqual("", re.sub(r"(?m)^(N: .*|running with root privileges.*)?\n", "", said))


class ProgramTest(unittest.TestCase):
    """As a release is built."""

    def setUp(self):
        need("readelf", "nm", "ar")
        if holdfast.SANITIZED:
            self.skipTest("the program's hardening: not of a build with sanitizers")
        self.headers = run("readelf", "-hldW", holdfast.PROGRAM)

    def test_it_is_position_independent_and_its_relocations_are_read_only(self):
        self.assertRegex(self.headers, r"Type: +DYN \(Position-Independent")
        self.assertIn("GNU_RELRO", self.headers)
        self.assertRegex(self.headers, r"\(FLAGS\) +BIND_NOW|\(FLAGS_1\) +Flags: NOW")
        self.assertRegex(self.headers, r"GNU_STACK +\S+ \S+ \S+ \S+ \S+ RW +0x", "no executable stack")
        self.assertNotRegex(self.headers, r"\((RPATH|RUNPATH|TEXTREL)\)")
        self.assertNotRegex(self.headers, r"LOAD +.* RWE ")

    def test_stack_protector_and_checked_calls_are_in_it(self):
        needed = run("nm", "-D", "--undefined-only", holdfast.PROGRAM)
        self.assertRegex(needed, r" U __stack_chk_fail\b")
        if "CMAKE_BUILD_TYPE:STRING=Release" in (BUILD / "CMakeCache.txt").read_text():
            self.assertRegex(needed, r" U __f?printf_chk\b")
            self.assertRegex(needed, r" U __(snprintf|memcpy)_chk\b")

    def test_each_object_of_ours_has_the_processors_control_flow_checks(self):
        if "HOLDFAST_HAS_CF_PROTECTION:INTERNAL=1" not in (BUILD / "CMakeCache.txt").read_text():
            self.skipTest("-fcf-protection: not of this compiler or processor")
        for archive in sorted((BUILD / "src").glob("libhf_*.a")):
            members = run("ar", "t", archive).split()
            notes = run("readelf", "-nW", archive)
            self.assertEqual(len(members), len(re.findall(r"x86 feature: IBT, SHSTK", notes)), archive.name)

    def test_what_it_has_of_others_is_listed(self):
        document = json.loads((BUILD / "packaging/holdfast.spdx.json").read_text())
        packages = {part["SPDXID"]: part for part in document["packages"]}
        relations = {(r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"]) for r in document["relationships"]}
        self.assertEqual(("SPDX-2.3", "CC0-1.0"), (document["spdxVersion"], document["dataLicense"]))
        self.assertRegex(document["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(document["documentNamespace"], r"^https://[^#]+$")
        for part in packages.values():
            self.assertRegex(part["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertRegex(part["versionInfo"], r"^\d+\.\d+")
            self.assertLessEqual({"name", "downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText"}, set(part))
        self.assertIn(("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-holdfast"), relations)
        linked = {(kind, packages[to]["name"]) for from_, kind, to in relations if from_ == "SPDXRef-holdfast"}
        self.assertEqual(set(packages) - {"SPDXRef-holdfast"}, {to for from_, _, to in relations if from_ == "SPDXRef-holdfast"})
        self.assertEqual(self.linked(), linked)
        copyright_file = (holdfast.ROOT / "packaging/copyright").read_text()
        for name in ("liburing", "llhttp"):
            self.assertIn(f"Files: {name}\n", copyright_file)

    def linked(self):
        """What the program itself says."""
        library = {"libjansson": "jansson", "libssl": "OpenSSL", "libcrypto": "OpenSSL", "libz": "zlib",
                   "libmicrohttpd": "libmicrohttpd", "libc": "GNU C Library", "libm": "GNU C Library",
                   "ld-linux-x86-64": "GNU C Library", "liburing": "liburing", "libllhttp": "llhttp"}
        found = {("DYNAMIC_LINK", library[name]) for name in re.findall(r"\(NEEDED\).*\[(\S+?)\.so[.\d]*\]", self.headers)}
        defined = run("nm", "--defined-only", holdfast.PROGRAM)
        for symbol, name in (("io_uring_queue_init_params", "liburing"), ("llhttp_execute", "llhttp")):
            if re.search(rf" T {symbol}$", defined, re.M):
                found.add(("STATIC_LINK", name))
        return found


if __name__ == "__main__":
    holdfast.main(jobs=3, rings=False)
