"""The rooms of src/ and what each may include, as the rows of src/CMakeLists.txt have them."""

import re

ROW = re.compile(r"^room\(\s*([^)]*)\)", re.MULTILINE)
PROGRAM = re.compile(r"^see_rooms\(holdfast\s+([^)]*)\)", re.MULTILINE)


def read_rooms(cmake_lists):
    """Each room with the set of those in its row; main.c is one too."""
    text = re.sub(r"#[^\n]*", "", cmake_lists.read_text(encoding="utf-8"))
    rows = [row.split() for row in ROW.findall(text)]
    rooms = {name: set(others) for name, *others in rows}
    rooms["main.c"] = set(PROGRAM.search(text).group(1).split())
    return rooms


def room_of(name, rows):
    """The room that a file of src/ stands in: the longest row that is a folder of its path."""
    parts = name.split("/")
    paths = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((path for path in paths if path in rows), parts[0])
