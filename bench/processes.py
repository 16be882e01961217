"""What the programs of bench/ need to know of processes: their tree, their memory, their CPU time; and of a server,
how many connections it holds."""

import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time


def processes():
    """{pid: parent pid} of everything that runs."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue  # gone meanwhile
            parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    return parents


def tree(root):
    """root and all that descend from it."""
    parents, found = processes(), [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def rollup_bytes(root, name):
    """Sum of one line of /proc/PID/smaps_rollup over the process tree."""
    total_kb = 0
    for pid in tree(root):
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(name + ":"):
                    total_kb += int(line.split()[1])
        except OSError:
            pass  # gone meanwhile
    return total_kb * 1024


def pss_bytes(root):
    """What the tree takes, shared pages counted once."""
    return rollup_bytes(root, "Pss")


def rss_bytes(root):
    """What the tree takes, shared pages counted for each that shares them."""
    return rollup_bytes(root, "Rss")


def cpu_of_tree(root):
    """Seconds that the processes of the tree have run so far, to the nanosecond; those that ended are not in it."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            total += int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    return total / 1e9


def cpu_apart(pid):
    """(seconds of its own, seconds of the children it waited for), in hundredths as /proc has them; also of a process
    that ended and was not waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, waited = (int(fields[at]) + int(fields[at + 1]) for at in (11, 13))
    return own / os.sysconf("SC_CLK_TCK"), waited / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def at_most(process, seconds):
    """After so long the process is killed with its group."""
    def too_late(*_):
        os.killpg(process.pid, signal.SIGKILL)
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(int(seconds))
    try:
        yield
    finally:
        signal.alarm(0)


def wait_for_end(process, seconds):
    """Waits, at most so long, until the process ended. It is still to be waited for, and /proc tells of it."""
    with at_most(process, seconds):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def wait(process, seconds):
    """Waits for the process, at most so long (then it is killed with its group); its exit code and what it and
    its children used."""
    with at_most(process, seconds):
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage


class Watched:
    """A run of holdfast with --ui line, which begins to hold when it says so: the ramp may be late."""

    def __init__(self, command, output):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
                                        text=True, start_new_session=True)
        self.holds, self.told = threading.Event(), []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.told = [*self.told[-20:], line.rstrip()]
            if " phase=hold " in line:
                self.holds.set()
        self.holds.set()

    def words(self):
        """The last of what it said, when it ended."""
        self.reader.join()
        return self.told

    def wait_for_hold(self, seconds):
        """Whether it does within so long."""
        return self.holds.wait(seconds) and self.process.poll() is None


def held_by(server, seconds):
    """(connections that the server has beside the one who asks, times it was asked), asked for at most so long: on a
    busy machine the page is late. (None, times) where it never came. A connection that was given up counts until the
    server notices."""
    until, asked = time.monotonic() + seconds, 0
    while asked == 0 or time.monotonic() < until:
        asked += 1
        try:
            patience = min(4 * asked, until - time.monotonic())  # a page that takes 10 s comes with the third
            return server.stub_status(timeout=max(0.1, patience))["active"] - 1, asked
        except (OSError, ValueError, IndexError):  # late, or cut
            time.sleep(0.1)
    return None, asked
