"""The objects that a build makes of the files of src/, and their symbols."""

import functools
import json
import os
import pathlib
import re
import subprocess


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@functools.cache
def place(path):
    """The path from src/ on of one of our files, through whatever folder the build saw it; None for others'."""
    match = re.search(r"(?:^|/)rooms/[^/]+/(.+)$", path) or re.search(r"(?:^|/)src/(.+)$", path)
    return os.path.normpath(match.group(1)) if match and not path.startswith("/usr/") else None


def objects_of(build):
    """Each (object, its source from src/ on) that the build makes now: what it once made may still lie about, and what
    is generated is nobody's."""
    commands = json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
    sources = {}
    for command in commands:
        made = re.search(r" -o (src/\S+) ", command["command"])
        if made:
            sources[os.path.join(command["directory"], made.group(1))] = place(command["file"])
    return {path: source for path, source in sources.items() if source and os.path.exists(path)}


def symbols_of(object_file, which):
    """External symbols; which: "--defined-only" or "--undefined-only"."""
    return {line.split()[-1] for line in output("nm", which, "--extern-only", object_file).splitlines()}
