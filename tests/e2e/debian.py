"""A copy of the bare Debian of build/debian, thrown away with its test: an overlay in a mount namespace of its own.

    with Debian() as debian:
        code, out = debian.run("dpkg -i /holdfast.deb && holdfast demo", files={"holdfast.deb": path})
"""

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile

import holdfast

ROOT = holdfast.ROOT / "build/debian"
# Ends with all that it started: the first process of its PID namespace is the shell.
MOUNTED = """
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --rbind /dev "$2/root/dev"
mount --bind /etc/resolv.conf "$2/root/etc/resolv.conf" 2>/dev/null || true
exec chroot "$2/root" /bin/sh -ec "$3"
"""


class Unavailable(Exception):
    """There is no such root here, or it cannot be entered."""


class Debian:
    def __init__(self):
        if holdfast.SANITIZED:
            raise Unavailable("a bare Debian: it has not what the sanitizers need")
        if not (ROOT / "usr/bin/dpkg").exists():
            raise Unavailable("no build/debian: tools/install-packages --packaging makes it")
        if os.geteuid() or not shutil.which("unshare"):
            raise Unavailable("a bare Debian: not root, or no unshare")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-debian-", dir=ROOT.parent))
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir()

    def __enter__(self):
        code, out = self.run("dpkg --version")
        if code:
            self.__exit__()
            raise Unavailable(f"a bare Debian: {out.strip().splitlines()[-1]}")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy(self, path, to):
        """A file into it."""
        place = self.folder / "upper" / to.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)

    def run(self, script, prefix=(), **environment):
        """(exit code, all that it prints) of a script of its shell, as root, in the network of the test."""
        words = [*prefix, "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MOUNTED, "sh", ROOT, self.folder, script]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **environment}, text=True,
                              timeout=5 * holdfast.TIMEOUT_SECONDS)
        return done.returncode, done.stdout


def quoted(*words):
    return " ".join(shlex.quote(str(word)) for word in words)
