#!/usr/bin/env python3
"""A secret of the plan reaches the server, and no file, scrape or line of ours; docs/secrets.md is the list."""

import json
import os
import pathlib
import re
import stat
import tempfile
import threading
import unittest
import urllib.request

import holdfast
from holdfast import Run, listener, plainly, soak, url_of

SECRET = "s3cret"
HEADERS = ("Authorization: Basic s3cret", "PROXY-AUTHORIZATION: s3cret", "cookie: id=s3cret", "X-Api-Key: s3cret", "x-auth-token: s3cret",
           "My-Token: s3cret", "My_Secret: s3cret", "X-Session: s3cret", "Referer: http://e/?sid=s3cret")
STATUS = b"Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(STATUS), STATUS)
KINDS = ("html", "junit", "hgrm", "timeline")


class Recorder:
    """A server that answers 200 to all and keeps the last head."""

    def __init__(self):
        self.listening, self.head = listener(), b""
        self.url = url_of(self.listening, "/a?token=s3cret&flag&x=;y=s3cret")
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                threading.Thread(target=self._serve, args=(self.listening.accept()[0],), daemon=True).start()
            except TimeoutError:
                continue
            except OSError:
                return

    def _serve(self, connection):
        try:
            while head := connection.recv(65536):
                polled = b" /status?" in head
                self.head = self.head if polled else head
                connection.sendall(PAGE if polled else b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass


class SecretsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = Recorder()
        self.addCleanup(self.server.listening.close)

    def path(self, name):
        return self.folder / name

    def secret_words(self):
        """Every way to give a secret, some by the configuration and by a file of headers."""
        self.path("headers").write_text("\n".join(HEADERS[4:]))
        self.path("soak.conf").write_text(f"header = {HEADERS[0]}\nheader = {HEADERS[1]}\nhide = X-None\n"
                                          "exec-at = 100ms=true s3cret\n")
        words = ["-C", self.path("soak.conf"), "-H", HEADERS[2], "-H", HEADERS[3], "-H", f"@{self.path('headers')}", "--hide", "x-session",
                 "--server-status", self.server.url.replace("/a?", "/status?")]
        return words

    def files(self):
        return [word for kind in KINDS for word in (f"--{kind}", self.path(kind))]

    def assert_hidden(self, text, where):
        at = text.find(SECRET)
        self.assertEqual(-1, at, f"{where}: ...{text[max(0, at - 60):at + 20]}")

    def assert_files_hide(self, names):
        for name in names:
            self.assert_hidden(self.path(name).read_text(), name)

    def test_no_file_scrape_or_line_of_a_run_shows_a_secret(self):
        report = self.path("json")
        with Run("-c", 2, "-d", "0", "-i", "100ms", "--ui", "line", "--metrics", "127.0.0.1:0", *self.secret_words(), *self.files(),
                 "--json", report, self.server.url, report=report) as run:
            run.wait_for_phase("hold")
            metrics = re.search(r"metrics at (\S+)", "".join(run.err_lines))
            scraped = urllib.request.urlopen(metrics[1], timeout=holdfast.TIMEOUT_SECONDS).read().decode()
            holdfast.eventually(lambda: "mark: true ***: exit 0" in "".join(run.err_lines), "the command has run")
            run.signal(2)
            result = run.finish()
        self.assertEqual(0, result.code, result.err)
        head = self.server.head.decode()
        for line in (*HEADERS, "HEAD /a?token=s3cret&flag&x=;y=s3cret HTTP/1.1"):
            self.assertIn(line, head, "the server gets what was asked")
        self.assert_files_hide(("json", *KINDS))
        for text, where in ((scraped, "scrape"), (result.out, "summary"), (result.err, "live lines")):
            self.assert_hidden(text, where)
        self.assertIn('url="http://127.0.0.1:', scraped)
        self.assertIn("/a?token=***&flag&x=;y=***", scraped)
        self.assertEqual(self.server.url.replace(SECRET, "***"), result.report["target"]["url"])
        plan = result.report["plan"]
        self.assertEqual(sorted(re.sub(r"(: .*sid=|: ).*", r"\1***", header) for header in HEADERS), sorted(plan["header"]))
        self.assertEqual((["100ms=true ***"], ["X-None", "x-session"]), (plan["exec_at"], sorted(plan["hide"])))
        for name in ("json", "html", "junit", "timeline"):
            self.assertEqual(0o600, stat.S_IMODE(self.path(name).stat().st_mode), name)

    def test_a_saved_run_with_secrets_in_clear_shows_none_when_it_is_drawn(self):
        """As an older holdfast wrote it."""
        saved = self.path("old.json")
        soak("-c", 1, "-d", "200ms", "-i", "100ms", "--json", saved, url_of(self.server.listening), report=saved)
        run = json.loads(saved.read_text())
        run["plan"]["header"] = ["X-Api-Key: s3cret"]
        run["plan"]["exec_at"] = ["1s=true s3cret"]
        run["plan"]["server_status"] = "http://e/?a=s3cret"
        run["target"]["url"] += "?token=s3cret"
        run["marks"] = [{"t": 0.1, "kind": "exec", "text": "true s3cret", "lost_within": 0}]
        run["findings"].append({"code": "x", "side": "server", "status": "warn", "text": "see http://e/?a=s3cret",
                                "do": ["curl -sv 'http://e/?a=s3cret'"], "evidence": "\"GET /?a=s3cret HTTP/1.1\""})
        saved.write_text(json.dumps(run))
        run["plan"]["header"] = ["X-Api-Key: s3cret of another"]
        self.path("other.json").write_text(json.dumps(run))
        for name in ("html", "junit"):
            code, out, err = plainly("report", saved, f"--{name}", self.path(name))
            self.assertEqual(0, code, err)
            self.assert_hidden(out + err, "summary")
        self.assert_files_hide(("html", "junit"))
        code, out, err = plainly("report", "--compare", saved, self.path("other.json"), "--json", self.path("compared"))
        self.assert_hidden(out + err + self.path("compared").read_text(), "comparison")
        self.assertIn("another, hidden value", out + err)
        code, out, err = plainly("report", "--merge", saved, self.path("other.json"), "--json", self.path("merged"))
        self.assert_hidden(out + err, "merge")

    def test_no_page_of_check_and_capacity_shows_a_secret(self):
        for command, more in (("check", ()), ("capacity", ("--from", 1, "-c", 2, "--hold-each", "200ms", "-i", "100ms"))):
            words = [word for word in self.secret_words() if command == "check" or word != "-C"]
            words = [word for word in words if command == "check" or word != self.path("soak.conf")]
            code, out, err = plainly(command, *words, *more, "--json", self.path(command), self.server.url)
            self.assertIn(code, (0, 1, 3, 4), err)
            self.assert_hidden(out + err + self.path(command).read_text(), command)
            self.assertIn("token=***" if command == "capacity" else "***", out + self.path(command).read_text())

    def test_advice_and_errors_show_no_secret(self):
        closed = listener()
        url = url_of(closed, "/?token=s3cret")
        closed.close()
        code, out, err = plainly("check", "-H", HEADERS[0], url)
        self.assertEqual(5, code)
        self.assert_hidden(out + err, "advice")
        self.assertIn("/?token=***'", out)
        for words in ((url + " ",), (url, url), ("-H", "Authorization Basic s3cret", url), ("--exec-at", "true s3cret", url),
                      ("--server-status", "http://e/\x01?a=s3cret", url)):
            code, out, err = plainly("run", *words)
            self.assertEqual(2, code)
            self.assert_hidden(err, words)

    def test_files_with_something_hidden_are_for_their_owner_alone_but_what_was_there_keeps_its_mode(self):
        url = url_of(self.server.listening)
        self.path("there").write_text("x")
        self.path("there").chmod(0o640)
        for secret, name, mode in ((True, "there", 0o640), (True, "new", 0o600), (False, "plain", 0o644)):
            words = ("-H", HEADERS[0]) if secret else ()
            code, _, err = plainly("check", *words, "--json", self.path(name), url, preexec_fn=lambda: os.umask(0o022))
            self.assertEqual(0, code, err)
            self.assertEqual(mode, stat.S_IMODE(self.path(name).stat().st_mode), name)


if __name__ == "__main__":
    holdfast.main()
