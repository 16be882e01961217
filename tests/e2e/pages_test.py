#!/usr/bin/env python3
"""Man pages and completions hold each option of each command, as --help does."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import holdfast

BUILD = pathlib.Path(holdfast.PROGRAM).resolve().parents[1]
PAGES = BUILD / "pages"
COMMANDS = ("run", "check", "probe", "capacity", "target", "demo", "serve", "report")

# In zsh what is offered is known in a completion alone: each line is typed, and the tab completes it and writes that down.
ZSH_SETUP = """
fpath=($PAGES $fpath)
autoload -Uz compinit && compinit -D -u
function compadd {
    local -a offered
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
        builtin compadd -A offered "$@"
        print -rl -- $offered >>$OFFERED
    fi
    builtin compadd "$@"
}
function capture { _main_complete; compstate[insert]= compstate[list]= }
function offer { print -r -- "> $BUFFER" >>$OFFERED; zle capture; BUFFER= }
zle -C capture complete-word capture
zle -N offer
bindkey '^I' offer
"""


def options(command):
    """What --help lists at the beginning of a line, or behind a letter."""
    code, out, err = holdfast.plainly(command, "--help")
    found = set(re.findall(r"^ +(?:-\w, )?(--[a-z][-a-z0-9]*)", out, re.M))
    assert code == 0 and "--help" in found, err
    return found


def page(name):
    return gzip.decompress((PAGES / f"{name}.1.gz").read_bytes()).decode()


class PagesTest(unittest.TestCase):
    def test_each_option_is_in_the_man_page_of_its_command_and_no_other_is(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                text = page(f"holdfast-{command}").replace("\\-", "-").replace("\\fB", "\n").replace("\\fR", " ")
                listed = set(re.findall(r"^ *(?:-\w, )?(--[a-z][-a-z0-9]*)", text, re.M))
                self.assertEqual(options(command), listed)

    def test_man_reads_the_pages_without_a_complaint(self):
        if not shutil.which("man"):
            self.skipTest("man is not installed")
        for name in ("holdfast", *(f"holdfast-{command}" for command in COMMANDS)):
            done = subprocess.run(["man", "--warnings=all", "-E", "UTF-8", "-l", "-Tutf8", "-Z", PAGES / f"{name}.1.gz"],
                                  capture_output=True, text=True, env={**os.environ, "MANWIDTH": "80"})
            self.assertEqual((0, ""), (done.returncode, done.stderr), name)
            shown = subprocess.run(["man", "-l", PAGES / f"{name}.1.gz"], capture_output=True, text=True,
                                   env={**os.environ, "MANWIDTH": "80"}).stdout
            self.assertIn("NAME", shown)

    def complete_bash(self, line):
        """What it offers for the last word of the line."""
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _holdfast; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", PAGES / "holdfast.bash", *line.split(" ")],
                              capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return set(done.stdout.split())

    def complete_zsh(self, line):
        folder = holdfast.folder(self.addCleanup)
        (folder / "setup.zsh").write_text(ZSH_SETUP)
        typed = f"source setup.zsh\n{line}\texit\n"
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PAGES": str(PAGES), "TERM": "dumb",
                       "OFFERED": str(folder / "offered")}
        done = subprocess.run(["script", "-qec", "zsh -f -i", "/dev/null"], input=typed, cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=holdfast.TIMEOUT_SECONDS)
        lines = (folder / "offered").read_text().splitlines() if (folder / "offered").exists() else []
        self.assertEqual((0, [f"> {line}"]), (done.returncode, lines[:1]), done.stdout)
        return set(lines[1:]) - {""}

    def complete_fish(self, line):
        environment = {"PATH": os.environ["PATH"], "HOME": str(holdfast.folder(self.addCleanup))}
        done = subprocess.run(["fish", "--no-config", "-c", f"source {PAGES}/holdfast.fish; complete -C '{line}'"],
                              env=environment, capture_output=True, text=True, timeout=holdfast.TIMEOUT_SECONDS)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return {row.split("\t")[0] for row in done.stdout.splitlines()}

    def check_offers(self, complete):
        for command in COMMANDS[:-1]:
            offered = {word for word in complete(f"holdfast {command} --") if word.startswith("--")}
            self.assertEqual(options(command) | {"--help"}, offered - ({"--version"} - options(command)), command)
        self.assertLessEqual(options("report"), complete("holdfast report --"))
        self.assertEqual(options("run"), complete("holdfast -c 5 --"))
        listed = re.search(r"^Commands:\n((?:  .*\n)*)", holdfast.plainly("help")[1], re.M).group(1)
        self.assertLessEqual({line.split()[0] for line in listed.splitlines()}, complete("holdfast "))
        self.assertEqual({"auto", "block", "line", "none"}, complete("holdfast run --ui "))
        self.assertEqual({"--metrics", "--method"}, complete("holdfast run --met"))

    def test_bash_offers_each_option_of_the_command(self):
        self.check_offers(self.complete_bash)

    def test_zsh_offers_each_option_of_the_command(self):
        if not shutil.which("zsh") or not shutil.which("script"):
            self.skipTest("completion in zsh: no zsh, or no script")
        self.check_offers(self.complete_zsh)

    def test_fish_offers_each_option_of_the_command(self):
        if not shutil.which("fish"):
            self.skipTest("completion in fish: no fish")
        self.check_offers(self.complete_fish)

    def test_zsh_and_fish_have_each_option_of_the_command(self):
        zsh = (PAGES / "_holdfast").read_text()
        fish = (PAGES / "holdfast.fish").read_text()
        for command in COMMANDS[:-1]:
            part = re.search(rf"^\({command}\)\n(.*?)^    ;;$", zsh, re.M | re.S).group(1)
            self.assertEqual(options(command), set(re.findall(r"^ +'\*?(--[-a-z0-9]+)\[", part, re.M)) | {"--help", "--version"})
            listed = set(re.findall(rf"^complete -c holdfast -n '__holdfast_is {command}' -l (\S+)", fish, re.M))
            self.assertEqual(options(command), {f"--{name}" for name in listed})
        for option in options("report"):
            self.assertIn(option, re.search(r"^\(report\).*$", zsh, re.M).group(0))
            self.assertIn(option, re.search(r"'__holdfast_is report'.*$", fish, re.M).group(0))

    def test_the_shells_themselves_read_them(self):
        for shell, name in (("bash", "holdfast.bash"), ("zsh", "_holdfast"), ("fish", "holdfast.fish")):
            if not shutil.which(shell):
                holdfast.skip_part(f"{shell} is not installed")
                continue
            done = subprocess.run([shell, "-n", PAGES / name], capture_output=True, text=True)
            self.assertEqual((0, ""), (done.returncode, done.stderr), shell)


if __name__ == "__main__":
    holdfast.main(rings=False)
