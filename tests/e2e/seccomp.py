"""Commands under a seccomp filter that answers one system call with an errno, or kills whoever makes it."""

import subprocess
import sys
import unittest

FILTERED = """
import ctypes, os, struct, sys
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN, ALLOW = 0x20, 0x15, 0x06, 0x7fff0000
call, answer = int(sys.argv[1]), int(sys.argv[2])
steps = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, call), (RETURN, 0, 0, answer), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
    sys.exit(77)
os.execvp(sys.argv[3], sys.argv[3:])
"""
ERRNO, KILL_PROCESS = 0x00050000, 0x80000000
IO_URING_SETUP, IO_URING_ENTER, IO_URING_REGISTER, EPOLL_PWAIT2 = 425, 426, 427, 441  # the same on all architectures
EPERM, EACCES, ENOSYS = 1, 13, 38


def filtered(answer, call=IO_URING_SETUP):
    """Words to stand before a command. answer: an errno; None: SIGSYS."""
    word = KILL_PROCESS if answer is None else ERRNO | answer
    command = (sys.executable, "-c", FILTERED, str(call), str(word))
    if subprocess.run([*command, "true"], check=False, stdin=subprocess.DEVNULL).returncode:
        raise unittest.SkipTest("no seccomp filters here")
    return command
