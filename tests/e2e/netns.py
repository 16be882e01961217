#!/usr/bin/env python3
"""Runs a command in a network of its own: nothing but loopback, and as few local ports as wanted.

    netns.py --ports 40000-40063 [--reserve 40010-40020] -- COMMAND...

So ports run out after a handful of connections, and nothing outside notices. Server and client must both be
in COMMAND. Without root it is done in a user namespace; where the kernel allows neither, the exit code is 77
(which says "skipped" to ctest) and the reason is printed.

As a module: enter(ports=(low, high)) moves the calling process, which must have no thread but one.
"""

import argparse
import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import sys

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
SKIPPED = 77


class Unavailable(Exception):
    """This kernel or container gives no network namespace."""


def unshare(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def become_root_inside(uid, gid):
    """After a new user namespace: maps ourselves to its root."""
    pathlib.Path("/proc/self/setgroups").write_text("deny")
    pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack_from("16xh", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[0]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def set_ports(low, high):
    pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"{low} {high}")


def reserve(ports):
    pathlib.Path("/proc/sys/net/ipv4/ip_local_reserved_ports").write_text(ports)


def enter(ports=None, reserved=None):
    """Moves this process into a network namespace of its own, with loopback up."""
    uid, gid = os.getuid(), os.getgid()
    try:
        if os.geteuid() == 0:
            unshare(CLONE_NEWNET)
        else:
            unshare(CLONE_NEWUSER | CLONE_NEWNET)
            become_root_inside(uid, gid)
        loopback_up()
        if ports:
            set_ports(*ports)
        if reserved:
            reserve(reserved)
    except OSError as error:
        raise Unavailable(f"no network namespace here: {error.strerror}") from error


def port_range(text):
    low, _, high = text.partition("-")
    if not (low.isdigit() and high.isdigit() and 1 <= int(low) <= int(high) <= 65535):
        raise argparse.ArgumentTypeError(f"not LOW-HIGH: {text}")
    return int(low), int(high)


def main():
    parser = argparse.ArgumentParser(description="run a command in a network of its own", allow_abbrev=False)
    parser.add_argument("--ports", type=port_range, metavar="LOW-HIGH", help="local ports to hand out")
    parser.add_argument("--reserve", metavar="LIST", help="ip_local_reserved_ports")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    try:
        enter(options.ports, options.reserve)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return SKIPPED
    os.execvp(options.command[0], options.command)


if __name__ == "__main__":
    sys.exit(main())
