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


def symbols_of(files):
    """Of each object (its external symbols, those of others that it uses): nm(1) once for all, as it takes longer to
    start than to read one."""
    symbols = {file: (set(), set()) for file in files}
    for line in output("nm", "--extern-only", "--print-file-name", "--format=posix", *files).splitlines():
        file, _, rest = line.rpartition(": ")
        name, kind = rest.split()[:2]
        symbols[file][kind in "Uvw"].add(name)
    return symbols
