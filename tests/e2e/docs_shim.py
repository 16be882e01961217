#!/usr/bin/env python3
"""Stands in PATH as `holdfast` where commands of the pages are run: as they stand they have to be accepted, and then they
are carried out small, against the servers of the test.

$HOLDFAST_DOCS_SERVERS: PREFIX=REPLACEMENT of URLs, one a line. $HOLDFAST_DOCS_SIZE=full: nothing is made smaller.
"""

import os
import subprocess
import sys

PROGRAM = os.environ["HOLDFAST"]
SMALL = {"-c": "20", "--connections": "20", "-d": "300ms", "--duration": "300ms", "-n": "40", "--rate": "100",
         "--warmup": "50ms", "--start-at": "+10ms", "--for": "1s"}
DEFAULTS = {"run": ["-c", "20", "-d", "300ms"], "probe": ["--for", "1s"],
            "capacity": ["-c", "8", "--from", "4", "--hold-each", "100ms", "-i", "50ms"]}
CLOSED = "127.0.0.1:1"
UNITS = {"k": 1000, "K": 1000, "M": 1000000}


def number(text):
    """10k as a number; None for what is none."""
    digits = text.rstrip("".join(UNITS))
    return int(digits) * UNITS.get(text[len(digits):], 1) if digits.isdigit() else None


def with_servers(words, servers):
    """The words with the URLs of a page replaced by ours."""
    def replaced(word):
        for old, new in servers:
            word = word.replace(old, new)
        return word
    return [replaced(word) for word in words]


def small(command, words):
    """The same load, of fewer connections and for a moment."""
    made, values = [], iter(words)
    for word in values:
        made.append(word)
        if word in SMALL:
            value = next(values)
            keep = number(value) is not None and number(SMALL[word]) is not None and number(value) < number(SMALL[word])
            made.append(value if keep else SMALL[word])
    defaults = DEFAULTS[command]
    for option, value in zip(defaults[::2], defaults[1::2]):
        if option not in made and (option != "-d" or "-n" not in words):  # -n ends a run by itself
            made += [option, value]
    return made


def refused(words, servers):
    """As it stands, but at a port where nobody listens: what holdfast says when it does not take the line, or None.
    (--no-check would try the whole load there.)"""
    closed = [(old, f"{new.partition('://')[0]}://{CLOSED}") for old, new in servers]
    at_closed = [word for word in with_servers(words, closed) if word != "--no-check"]
    if "--server-status" in words:  # judged before the target is
        at = words.index("--server-status") + 1
        at_closed[at_closed.index("--server-status") + 1] = with_servers([words[at]], servers)[0]
    done = subprocess.run([PROGRAM, *at_closed], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return None if done.returncode in (3, 5) else f"exit {done.returncode} as it stands: {done.stdout}{done.stderr}"


def main():
    words = sys.argv[1:]
    command = words[0] if words and words[0].isalpha() else "run"
    servers = [tuple(line.split("=", 1)) for line in os.environ["HOLDFAST_DOCS_SERVERS"].splitlines()]
    if command in DEFAULTS and os.environ.get("HOLDFAST_DOCS_SIZE") != "full":
        if reason := refused(words, servers):
            sys.exit(f"docs_shim: {reason}")
        words = small(command, words)
    words = with_servers(words, servers)
    if any(word.startswith("https://") for word in words) and not {"--cacert", "--insecure"} & set(words):
        words += ["--cacert", "ca.pem"]
    os.execv(PROGRAM, [PROGRAM, *words])


if __name__ == "__main__":
    main()
