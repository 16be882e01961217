"""Packages of npm that tests use as oracles: installed into build/npm, once.

    root = npm.package("hdr-histogram-js", "3.0.1")        # node_modules/; SkipTest where it is not to be had
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import unittest

from holdfast import TIMEOUT_SECONDS

FOLDER = pathlib.Path(os.environ.get("HOLDFAST_NPM") or pathlib.Path(__file__).resolve().parents[2] / "build/npm")
INSTALL_SECONDS = 120


def package(name, version):
    modules = FOLDER / "node_modules"
    if not shutil.which("node"):
        raise unittest.SkipTest(f"{name}: no node")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (modules / name).is_dir():
            install(name, version)
    return modules


def install(name, version):
    if not shutil.which("npm"):
        raise unittest.SkipTest(f"{name}: no npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--save", "--ignore-scripts", "--prefix", str(FOLDER),
               f"{name}@{version}"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise unittest.SkipTest(f"{name}: npm did not get it in {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise unittest.SkipTest(f"{name}: npm could not install it")


def run(script, *arguments, modules, text=None):
    """Standard output of a script that may require() what is in modules."""
    done = subprocess.run(["node", "-e", script, *arguments], input=text, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
                          env={**os.environ, "NODE_PATH": str(modules)})
    if done.returncode != 0:
        raise AssertionError(f"node: {done.stderr}")
    return done.stdout
