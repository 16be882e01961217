"""A terminal for programs under test: a tmux server of its own, whose screen can be read.

    with Terminal(80, 24) as terminal:
        terminal.run(["holdfast", ...])
        terminal.wait_for(r"hold ")
        print(terminal.screen())
"""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from holdfast import eventually

LOCALES = {"UTF-8": "C.UTF-8", "C": "C"}


class Terminal:
    """One window with a bare shell in it, in a locale of its own."""

    def __init__(self, width, height=24, locale="UTF-8", environment=None):
        if not shutil.which("tmux"):
            raise unittest.SkipTest("no tmux: tools/install-packages --tests installs it")
        self.folder = tempfile.mkdtemp(prefix="holdfast-tmux-")
        # A prompt without names; nothing of whoever runs the tests.
        kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS") if name in os.environ}
        self.environment = {**kept, "LC_ALL": LOCALES[locale], "TMUX_TMPDIR": self.folder, "HOME": self.folder,
                            "PS1": "shell> ", "TERM": "screen", **(environment or {})}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
                   "exec env -i " + " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environment.items()) +
                   " bash --norc --noprofile -i")
        self._tmux("set-option", "-g", "window-size", "manual")
        self._tmux("set-option", "-g", "status", "off")
        self.resize(width, height)
        self.wait_for(r"^shell>")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "kill-server"], env={**os.environ, "TMUX_TMPDIR": self.folder}, check=False,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tmux(self, *arguments):
        # -u: what is captured is UTF-8, whatever the locale of the program inside.
        return subprocess.run(["tmux", "-u", *arguments], env={**os.environ, "TMUX_TMPDIR": self.folder}, check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout

    def resize(self, width, height=24):
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def keys(self, *keys):
        """As tmux names them: "C-c", "Enter"."""
        self._tmux("send-keys", *keys)

    def run(self, command):
        """Types a command (words) and Enter."""
        self._tmux("send-keys", "-l", shlex.join(map(str, command)))
        self.keys("Enter")

    def screen(self, history=False, escapes=False):
        """What stands on the screen (and above it), without blanks at the ends of lines and below the last."""
        text = self._tmux("capture-pane", "-p", *(["-S", "-"] if history else []), *(["-e"] if escapes else []))
        return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")

    def wait_for(self, pattern, history=False):
        """Waits until the pattern is seen, and gives the screen that had it."""
        def seen():
            screen = self.screen(history)
            return screen if re.search(pattern, screen, re.MULTILINE) else None
        try:
            return eventually(seen, f"{pattern!r} is seen")
        except AssertionError as error:
            raise AssertionError(f"{error}; what is seen:\n{self.screen(history=True)}") from None
