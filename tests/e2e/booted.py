"""A systemd of our own: the first process of namespaces, over this host's files, of which it changes none.

    with or_skip(Systemd) as systemd:
        systemd.run("systemctl", "start", "holdfast@night")        # .root: its files
"""

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile

import holdfast
import netns
from nginx import die_with_parent

PROGRAM = "/lib/systemd/systemd"
# Nothing but what a service has to have: the journal, and a manager that answers.
TARGET = "[Unit]\nRequires=systemd-journald.service\nAfter=systemd-journald.service\n"
NODES = ("null", "zero", "full", "random", "urandom", "tty")
# What systemd is told of this host is to be read, not written, but for its own part of cgroup2.
BOOT = """
mount --make-rprivate / 2>/dev/null || true
mount -t tmpfs tmpfs {at}
mkdir {at}/changed {at}/work {root}
mount -t overlay overlay -o lowerdir=/,upperdir={at}/changed,workdir={at}/work {root}
mount -t proc proc {root}/proc
mount --bind {root}/proc/sys {root}/proc/sys
mount -o remount,bind,ro {root}/proc/sys
mount -t sysfs -o ro sysfs {root}/sys
mount -t cgroup2 cgroup2 {root}/sys/fs/cgroup
mount -t tmpfs tmpfs {root}/run
mount -t tmpfs -o mode=755 tmpfs {root}/dev
mkdir {root}/dev/shm {root}/dev/pts
ln -s pts/ptmx {root}/dev/ptmx
for node in {nodes}; do : >{root}/dev/$node; mount --bind /dev/$node {root}/dev/$node; done
rm -rf {root}/etc/systemd/system/*.wants {root}/etc/holdfast
mkdir -p {root}/etc/holdfast {root}/etc/systemd/system {root}/usr/bin
cp {program} {root}/usr/bin/holdfast
cp {units} {root}/etc/systemd/system
printf %s {target} >{root}/etc/systemd/system/booted.target
cd {root}
pivot_root . .
umount -l .
mount --make-rshared /
exec env -i container=holdfast-test PATH="$PATH" {systemd} --system --unit=booted.target
"""


def own_cgroup():
    """An empty one of cgroup2, which systemd takes for the root of all."""
    for mounted in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.access(f"{mounted}/cgroup.procs", os.W_OK):
            return pathlib.Path(tempfile.mkdtemp(prefix="holdfast-systemd-", dir=mounted))
    raise netns.Unavailable("no systemd of our own: no cgroup2 that may be written")


class Systemd:
    def __init__(self, *units):
        if os.geteuid():
            raise netns.Unavailable("no systemd of our own: not root")
        for program in (PROGRAM, "unshare", "nsenter"):
            if not shutil.which(program):
                raise netns.Unavailable(f"no systemd of our own: no {program}")
        self.at = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-systemd-"))
        self.cgroup = own_cgroup()
        self.process = None
        try:
            self._boot(units)
        except BaseException:
            self.stop()
            raise

    def _boot(self, units):
        root = self.at / "root"
        boot = BOOT.format(at=self.at, root=root, nodes=" ".join(NODES), program=shlex.quote(holdfast.PROGRAM),
                           units=shlex.join(map(str, units)), target=shlex.quote(TARGET), systemd=PROGRAM)
        unshare = ("unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--propagation", "unchanged", "--fork",
                   "--kill-child", "sh", "-ec", boot)
        self.process = subprocess.Popen(
            ["sh", "-ec", f"echo $$ >{self.cgroup}/cgroup.procs && exec {shlex.join(unshare)}"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=die_with_parent)
        holdfast.eventually(lambda: self.process.poll() is not None or self._answers(), "systemd is up")
        if self.process.poll() is not None:
            raise netns.Unavailable(f"no systemd of our own: {self.process.stderr.read().strip().splitlines()[-1:]}")
        self.root = pathlib.Path(f"/proc/{self.first}/root")

    def _answers(self):
        children = holdfast.children(self.process.pid)
        if not children or holdfast.name_of(children[0]) != "systemd":
            return False
        self.first = children[0]
        return self.run("systemctl", "is-active", "booted.target").stdout == "active\n"

    def run(self, *words):
        """A command beside it, whatever its exit code."""
        return subprocess.run(["nsenter", "--target", str(self.first), "--mount", "--pid", "--cgroup", "--root", "--",
                               *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              timeout=holdfast.TIMEOUT_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stderr.close()
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            holdfast.eventually(lambda path=pathlib.Path(folder): self._removed(path), f"nobody is in {folder}")
        shutil.rmtree(self.at)

    @staticmethod
    def _removed(folder):
        try:
            folder.rmdir()
        except OSError:
            return not folder.exists()
        return True
