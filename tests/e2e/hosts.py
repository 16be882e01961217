"""Hosts of a run on many hosts: each is a name in the environment of what --remote starts."""

import contextlib
import os
import pathlib

import holdfast
from holdfast import PROGRAM

FOLDER = os.path.dirname(PROGRAM)
REMOTE = f"env ON_HOST={{host}} PATH={FOLDER}:$PATH"


def on_host(name, marker):
    """The processes of that host, of this run."""
    wanted = {f"ON_HOST={name}".encode(), f"{holdfast.MARKER}={marker}".encode()}
    found = []
    for pid in holdfast.carrying(marker):
        with contextlib.suppress(OSError):
            if wanted <= set(pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")):
                found.append(pid)
    return found


def kill(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def hit(name, marker, number):
    kill(on_host(name, marker), number)


def parts(marker):
    """Processes of any host."""
    return [pid for name in ("h1", "h2", "h3") for pid in on_host(name, marker)]
