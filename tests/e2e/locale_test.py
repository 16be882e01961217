#!/usr/bin/env python3
"""In every locale holdfast reads and writes the same: protocol, options and files are ASCII, and a decimal point is one."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import holdfast
from holdfast import plainly, soak
from sparring import Target
from terminal import Terminal

NARROW = "\u202f"
GROUPED = r"(?<![\w.:])[1-9]\d{0,2} \d{3}(?![\d.])"
# What a locale is made of, and the name it is asked for by.
MADE = {"tr_TR.UTF-8": ("tr_TR", "UTF-8"), "tr_TR.ISO-8859-9": ("tr_TR", "ISO-8859-9"), "de_DE.UTF-8": ("de_DE", "UTF-8")}
ALWAYS = ("C", "POSIX", "garbage", "")
# Where they are made, once for all tests of this file.
MADE_IN = "HOLDFAST_TEST_LOCALES"
# setlocale(3) of glibc does not free what it makes of LOCPATH.
LEAK_OF_GLIBC = "leak:__argz_add_sep\n"


def make_locales(folder):
    for name, (source, charmap) in MADE.items():
        with contextlib.suppress(FileNotFoundError):
            subprocess.run(["localedef", "-i", source, "-f", charmap, folder / name], capture_output=True)
    (folder / "leaks").write_text(LEAK_OF_GLIBC)


class LocaleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.locales = pathlib.Path(os.environ[MADE_IN])
        cls.folder = holdfast.folder(cls.addClassCleanup)
        cls.server = Target()
        cls.addClassCleanup(cls.server.stop)

    def has(self, name):
        return name not in MADE or (self.locales / name).is_dir()

    def under(self, name):
        """Words before the program that put it into a locale."""
        if not self.has(name):
            self.skipTest(f"localedef makes no {name} here")
        return ("env", "-u", "LC_CTYPE", "LANG=C", f"LOCPATH={self.locales}", f"LC_ALL={name}",
                f"LSAN_OPTIONS=suppressions={self.locales}/leaks:print_suppressions=0")

    def names(self):
        return [name for name in (*MADE, *ALWAYS) if self.has(name)]

    def test_a_secret_is_one_in_turkish(self):
        result = soak("-c", 1, "-d", "300ms", "-i", "100ms", "-H", "AUTHORIZATION: Basic s3cret", "-H",
                      "PROXY-AUTHORIZATION: s3cret", "-H", "COOKIE: s=s3cret", self.server.url,
                      prefix=self.under("tr_TR.UTF-8"))
        self.assertEqual(["AUTHORIZATION: ***", "PROXY-AUTHORIZATION: ***", "COOKIE: ***"], result.report["plan"]["header"])

    def test_names_of_headers_and_schemes_are_ascii_in_turkish(self):
        for words, said in ((("-H", "TRANSFER-ENCODING: chunked", "e"), "Transfer-Encoding is refused"),
                            (("-H", "CONTENT-LENGTH: -1", "e"), "Content-Length \"-1\" is refused"),
                            (("FILE://e/",), "scheme \"FILE\" is not spoken here")):
            for name in ("tr_TR.UTF-8", "tr_TR.ISO-8859-9"):
                code, out, err = plainly("check", *words, prefix=self.under(name))
                self.assertEqual((2, ""), (code, out))
                self.assertIn(said, err)

    def test_host_and_user_agent_of_the_user_replace_ours_in_turkish(self):
        code, out, err = plainly("check", "-H", "HOST: e", "-H", "USER-AGENT: INI", "-X", "GET",
                                 self.server.url.replace("http", "HTTP"), prefix=self.under("tr_TR.UTF-8"))
        self.assertEqual(0, code, err)
        self.assertIn("GET -> 200", out)

    def test_options_and_configuration_read_a_decimal_point_everywhere(self):
        profile = self.folder / "profile.conf"
        profile.write_text("timeout = 1.5s\nrequire = p99<1.5s\nrequire = live>=99.9%\n")
        for name in self.names():
            result = soak("-C", profile, "-c", 1, "-d", "0.3s", "-i", "0.1s", self.server.url, prefix=self.under(name))
            self.assertEqual(("1500ms", "300ms", ["p99<1.5s", "live>=99.9%"]),
                             tuple(result.report["plan"][key] for key in ("timeout", "duration", "require")), name)
            self.assertIs(float, type(result.report["run"]["hold_seconds"]), name)

    def test_the_files_are_the_same_byte_for_byte_in_every_locale(self):
        saved = self.folder / "saved.json"
        soak("-c", 3, "-d", "1500ms", "-i", "100ms", self.server.url, "--json", saved, report=saved)
        kinds, first = ("html", "junit", "hgrm", "csv"), None
        for name in self.names():
            files = [self.folder / f"converted.{kind}" for kind in kinds]
            asked = [word for kind, file in zip(kinds, files) for word in (f"--{kind}", file)]
            code, _, err = plainly("report", saved, *asked, prefix=self.under(name))
            self.assertEqual((0, ""), (code, err), name)
            written = [file.read_bytes() for file in files]
            first = first or written
            for kind, mine, one in zip(kinds, written, first):
                self.assertEqual(one, mine, f"{kind} in {name or 'no locale'}")

    def test_the_encoding_of_the_terminal_is_what_the_locale_says(self):
        for name in self.names():
            code, out, err = plainly("run", "-c", 1, "-d", "200ms", "-i", "100ms", "-q", self.server.url,
                                     prefix=self.under(name))
            self.assertEqual(0, code, err)
            self.assertEqual("UTF-8" in name, "✓" in out, f"{name}: {out}")

    def test_digits_stand_together_where_a_script_may_cut(self):
        """On a terminal that takes UTF-8 and on a page groups of three stand a narrow no-break space apart; nowhere else."""
        kinds = ("json", "csv", "junit", "hgrm", "timeline", "html")
        files = {kind: self.folder / f"digits.{kind}" for kind in kinds}
        asked = [word for kind in kinds if kind != "csv" for word in (f"--{kind}", files[kind])]
        load = ("-c", 1200, "-r", "1k/s", "-d", "200ms", "-i", "100ms", "--label", f"10{NARROW}000", self.server.url)
        result = plainly("run", *load, "--ui", "line", *asked, prefix=("env", "LC_ALL=C.UTF-8", "TERM=xterm"))
        self.assertEqual(0, result[0], result[2])
        plainly("report", files["json"], "--csv", files["csv"])
        label = f"10{NARROW}000"
        self.assertEqual(label, json.loads(files["json"].read_text())["run"]["label"])  # as it was typed
        texts = {**{kind: path.read_text() for kind, path in files.items()}, "out": result[1], "err": result[2]}
        self.assertIn(f"1{NARROW}200", texts.pop("html"))
        for name in ("json", "junit", "csv", "out", "err"):
            self.assertIn("1200", texts[name], name)
        for name, text in texts.items():
            text = text.replace(label, "")
            self.assertNotIn(NARROW, text, name)
            self.assertNotRegex(text, GROUPED, name)

    def test_digits_are_grouped_on_a_terminal_that_has_the_space(self):
        command = [holdfast.PROGRAM, "-c", 1200, "-r", "1k/s", "-d", "200ms", "-i", "100ms", self.server.url]
        for locale, environment, shown in (("UTF-8", {}, f"1{NARROW}200"), ("UTF-8", {"TERM": "linux"}, "1200"), ("C", {}, "1200")):
            with self.subTest(locale=locale, **environment), Terminal(80, 60, locale, environment=environment) as terminal:
                terminal.run(command)
                screen = terminal.wait_for(r"^  seed ", history=True)
                self.assertIn(f"\nHELD   {shown} connections", screen)
                self.assertIn(f" {shown} live of {shown} ", screen)
                self.assertIn(f"preflight: {shown} connections", screen)
                self.assertNotRegex(screen, GROUPED)


if __name__ == "__main__":
    if MADE_IN in os.environ:
        holdfast.main()
    with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as made:
        make_locales(pathlib.Path(made))
        os.environ[MADE_IN] = made
        holdfast.main()
