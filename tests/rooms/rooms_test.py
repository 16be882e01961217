#!/usr/bin/env python3
"""Each room compiles against the rooms of its row and no others. With the very command that the build compiles the
room with: includes from the rooms that its row names compile, and an include from any other room is no file.

usage: rooms_test.py BUILD     (BUILD: a folder that CMake configured src/ in)
"""

import json
import multiprocessing
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import rooms  # noqa: E402

INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)


def commands_of(build, rows):
    """How the build compiles a file of each room: the folder, and the command without its files."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if ROOT / "src" in file.parents:
            command = re.sub(r" (-o|-MT|-MF) \S+| -MD\b| -c \S+", "", entry["command"])
            commands.setdefault(rooms.room_of(file.relative_to(ROOT / "src").as_posix(), rows),
                                (entry["directory"], shlex.split(command)))
    return commands


def errors_of(command, text):
    """What the compiler says of a file of that text; "" when it compiles."""
    folder, words = command
    with tempfile.NamedTemporaryFile("w", suffix=".c") as file:
        file.write(text)
        file.flush()
        run = subprocess.run([*words, "-fsyntax-only", file.name], cwd=folder, env={**os.environ, "LC_ALL": "C"},
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    return run.stderr if run.returncode != 0 else ""


def headers_used(files):
    """All headers of ours that these files include, or that a header of those includes."""
    found, todo = set(), list(files)
    while todo:
        for header in INCLUDE.findall((ROOT / "src" / todo.pop()).read_text(encoding="utf-8")):
            if header not in found and (ROOT / "src" / header).exists():
                found.add(header)
                todo.append(header)
    return found


def try_room(room, row, command, files, headers):
    """What is wrong with what one room can include. headers: of each other room."""
    used = headers_used(files)
    downhill = {other: next((header for header in headers[other] if header in used), None) for other in row}
    yield from (f"{room} names {other} in its row, and includes nothing of it" for other in row if not downhill[other])
    errors = errors_of(command, "".join(f'#include "{header}"\n' for header in downhill.values() if header))
    if errors:
        yield f"{room} cannot include from all rooms of its row:\n{errors}"
    uphill = [header for other in headers if other not in row for header in headers[other]]
    seen = errors_of(command, "".join(f'#if __has_include("{header}")\n#error sees {header}\n#endif\n' for header in uphill))
    for header in dict.fromkeys(re.findall(r"#error sees (\S+)", seen)):
        yield f"{room} sees {header}, whose room its row does not name"
    errors = errors_of(command, f'#include "{uphill[0]}"\n') if uphill else "No such file"
    if "No such file" not in errors and "file not found" not in errors:
        yield f"{room} includes {uphill[0]}, whose room its row does not name: {errors or 'it compiles'}"


def complaints_of(arguments):
    return list(try_room(*arguments))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = rooms.read_rooms(ROOT / "src/CMakeLists.txt")
    commands = commands_of(pathlib.Path(sys.argv[1]).resolve(), rows)
    files = {room: [] for room in rows}
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        name = path.relative_to(ROOT / "src").as_posix()
        files[rooms.room_of(name, rows)].append(name)
    headers = {room: [name for name in names if name.endswith(".h")] for room, names in files.items() if room != "main.c"}
    complaints = [f"{room} is not compiled in {sys.argv[1]}" for room in rows if room not in commands]
    with multiprocessing.Pool() as pool:
        tried = pool.map(complaints_of, [(room, row, commands[room], files[room],
                                          {other: names for other, names in headers.items() if other != room})
                                         for room, row in rows.items() if room in commands])
    complaints += [complaint for found in tried for complaint in found]
    print(*complaints, sep="\n", end="\n" if complaints else "")
    if complaints:
        sys.exit(f"rooms_test: {len(complaints)} complaints")
    print(f"rooms_test: each of {len(rows)} rooms includes from the rooms of its row, and from no others")


if __name__ == "__main__":
    main()
