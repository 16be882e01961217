#!/usr/bin/env python3
"""Bad input is refused in one clear line, with the exit code that scripts rely on, before anything is asked of anybody."""

import concurrent.futures
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

import holdfast
from rude import Rude
from sparring import Target

URL = "http://127.0.0.1:1/"  # never asked
ACCEPTED = "accepted"
CONTROLS = ["\r", "\n", "\t", "\x01", "\x1b", "\x7f"]

COUNT = ("", "x", "-1", "1.5", "0x10", "1e3", " 1", "1 ", "1kk", "99999999999999999999")
DURATION = ("", "x", "-1s", "1y", "1s2", "s", "1 s", "1..2s", "99999999999999999999h", "0.0000000001s", "nan", "inf")

EACH_COMMANDS_ANSWERS = [[command, option] for command in ("run", "check", "probe", "capacity", "report", "serve", "target", "demo", "part")
                         for option in ("--help", "-h", "--version", "-V")]

# option: (values that are refused, words that must be said)
VALUES = {
    "--connections": (COUNT + ("0", "10000001", "11M"), [ACCEPTED, "--connections", "10M"]),
    "-c": (("0", "x"), [ACCEPTED, "-c", "10M"]),
    "--requests": (COUNT + ("0", "1000001G"), [ACCEPTED, "--requests", "1000000G"]),
    "-n": (("0", "x"), [ACCEPTED, "-n"]),
    "--rate": (("", "x", "-1", "0", "0.0009", "10000001", "1/0", "1/3s", "1e3"), [ACCEPTED, "--rate", "0.001..10M"]),
    "--body": (("", "/no/such/file", "/"), ["--body"]),
    "--workers": (COUNT + ("0", "4097"), [ACCEPTED, "--workers", "4096"]),
    "--seed": (("", "x", "-1", "9223372036854775808"), [ACCEPTED, "--seed"]),
    "--ramp": (("", "x", "0/10ms", "10/", "/10ms", "10/0", "10/999us", "10/61m", "1000001/1s", "-1/1s", "10/10ms/1s"),
               [ACCEPTED, "--ramp", "N/DUR"]),
    "--duration": (DURATION + ("366d",), [ACCEPTED, "--duration", "365d"]),
    "--keepalive": (DURATION + ("0", "99ms", "25h"), [ACCEPTED, "--keepalive", "100ms..24h"]),
    "--interval": (("", "x", "-1s", "2s..1s", "1s..", "..1s", "exp:", "exp:0", "exp:25h", "exp:1s..2s", "norm:1s", "1s..2s..3s", "25h", "1s..25h"),
                   [ACCEPTED, "--interval", "A..B"]),
    "--warmup": (DURATION + ("25h",), [ACCEPTED, "--warmup", "0..24h"]),
    "--timeout": (DURATION + ("0", "999us", "25h"), [ACCEPTED, "--timeout", "1ms..24h"]),
    "--connect-timeout": (DURATION + ("0", "25h"), [ACCEPTED, "--connect-timeout", "1ms..24h"]),
    "--method": (("", "GE T", "GET\r\n", "G(T", "X" * 33), [ACCEPTED, "--method"]),
    "--connect-to": (("", "host", ":80", "host:0", "host:65536", "host:x", "ho st:80", "[::1", "[::1]", "http://a:80"),
                     ["--connect-to"]),
    "--server-status": (("", "http://", "ftp://a/", "http://u:p@a/", "http://a/\r\nX"), ["--server-status"]),
    "--server-log": (("", "/no/such/file", "/", "/dev/null"), ["--server-log"]),
    "--server-pid": (COUNT + ("0", "4194305", "nginx"), [ACCEPTED, "--server-pid", "1..4194304"]),
    "--json": (("",), ["--json"]),
    "--html": (("",), ["--html"]),
    "--junit": (("",), ["--junit"]),
    "--hgrm": (("",), ["--hgrm"]),
    "--ui": (("", "block2", "LINE"), [ACCEPTED, "--ui", "auto|block|line|none"]),
    "--color": (("", "yes"), [ACCEPTED, "--color", "auto|always|never"]),
    "--label": (("x" * 201, "a\nb", "\x1b[31m"), [ACCEPTED, "--label"]),
    "--config": (("", "/no/such/file", "/"), ["--config"]),
    "--header": (("", "x", ": v", "a b: c", "X: a\r\nY: b", "X: a\nb", "X: \x01", "@", "@/no/such/file", "@/",
                  "Content-Length: 5", "Transfer-Encoding: chunked"), ["--header"]),
}

# arguments -> words that must be said
ARGUMENTS = [
    ([], ["no URL"]),
    (["run"], ["no URL"]),
    (["check"], ["no URL"]),
    ([URL, URL], ["one URL"]),
    (["rum", URL], ['unknown command "rum"', "run"]),
    (["help", "nonsense"], ["nonsense"]),
    (["--nonsense", URL], ["--nonsense"]),
    (["-Z", URL], ["-Z"]),
    (["--connection", "5", URL], ["--connection", "--connections"]),
    (["--conn", "5", URL], ["--conn"]),
    (["--con=5", URL], ["--con"]),
    (["--dur", "5", URL], ["--dur"]),
    (["--quie", URL], ["--quie"]),
    (["--quiet=yes", URL], ["--quiet"]),
    (["--no-check=1", URL], ["--no-check"]),
    (["--hel"], ["--hel"]),
    (["-c", "1", "-c", "2", URL], ["-c", "twice"]),
    (["-c", "1", "--connections", "2", URL], ["--connections", "-c", "twice"]),
    (["-q", "-q", URL], ["-q", "twice"]),
    (["--no-check", "--no-check", URL], ["--no-check", "twice"]),
    (["--json", "/tmp/a", "--json", "/tmp/b", URL], ["--json", "twice"]),
    (["-C", "/dev/null", "-C", "/dev/null", URL], ["-C", "twice"]),
    (["-c"], ["-c", "value"]),
    (["--json"], ["--json", "value"]),
    (["-c", "2", "-w", "3", URL], ["--workers", "--connections", "2"]),
    (["-q", "--ui", "line", URL], ["--ui", "-q"]),
    (["--ui", "line", "-q", URL], ["--ui", "-q"]),
    (["-c", "10M", "-r", "1/1h", URL], ["--ramp", "365 days"]),
    (["check", "--no-check", URL], ["--no-check", "check"]),
    (["check", "--ui", "line", URL], ["--ui", "check"]),
    # Options of later versions are not accepted, let alone ignored.
    *((["--" + later, "1", URL], ["--" + later]) for later in
      ("tls-resume",)),
    (["--rate", "5", "-i", "1s", URL], ["--interval", "--rate"]),
    (["http://a/ b", ], ["space"]),
    (["http://a b/"], ["space"]),
    (["http://user@host/"], ["user names"]),
    (["http://user:secret@host/"], ["user names"]),
    (["http://user:secret@host:99999/"], ["user names"]),
    *(([f"http://a/{byte}b"], ["control character"]) for byte in CONTROLS),
    (["http://a/\u00e9"], ["ASCII"]),
    (["http://a:0/"], ["port"]),
    (["http://a:65536/"], ["port"]),
    (["http://a:x/"], ["port"]),
    (["http://a:-1/"], ["port"]),
    (["http://a:80:80/"], ["port"]),
    (["http://a:99999999999999999999/"], ["port"]),
    (["http:///path"], ["host"]),
    (["http://"], ["host"]),
    ([""], ["host"]),
    (["http://[::1/"], ["IPv6"]),
    (["http://[::g]/"], ["IPv6"]),
    (["http://[fe80::1%]/"], ["IPv6"]),
    (["http://bücher.example/"], ["punycode"]),
    (["http://[::1]x/"], ["port"]),
    (["http://a<b/"], ["host"]),
    (["http://" + "a" * 300 + "/"], ["longer"]),
    (["http://a/" + "p" * 9000], ["path"]),
    (["ftp://a/"], ["ftp"]),
    (["unix:///socket"], ["unix"]),
    # also where nothing speaks TLS
    (["--ciphers", "NONSENSE", URL], ["--ciphers", "NONSENSE"]),
    (["--tls13-ciphers", "NONSENSE", URL], ["--tls13-ciphers", "NONSENSE"]),
    (["check", "--curves", "NONSENSE", URL], ["--curves", "NONSENSE"]),
    (["--tls-min", "1.3", "--tls-max", "1.2", URL], ["--tls-min", "--tls-max"]),
    (["--cacert", "/nonexistent/ca.pem", URL], ["--cacert", "/nonexistent/ca.pem"]),
    (["--cert", "/nonexistent/cert.pem", URL], ["--cert", "/nonexistent/cert.pem"]),
    (["--key", "/nonexistent/key.pem", URL], ["--key", "--cert"]),
    (["serve", "--allow-target", ""], ["--allow-target", "networks and hosts"]),
    (["serve", "--allow-host", ""], ["--allow-host", "names with commas"]),
    (["serve", "--state", ""], ["--state", "a folder's name"]),
    (["target", "8080", "8081"], ["8081", "takes one"]),
    (["report"], ["--schema"]),
    (["report", "--nonsense"], ["--schema"]),
    (["report", "a", "b"], ["b", "one FILE"]),
    (["report", "--json"], ["--json", "value"]),
    (["report", "--schema", "a"], ["--schema"]),
    (["report", "/nonexistent/timeline"], ["/nonexistent/timeline"]),
    (["report", "/dev/null"], ["/dev/null", "a timeline"]),
    (["report", "/etc/passwd"], ["/etc/passwd:1", "a timeline"]),
    (["check", "--timeline", "x", URL], ["--timeline", "check"]),
    (["--timeline", "-", "--json", "-", URL], ["--timeline", "--json"]),
    (["--hgrm", "-", "--junit", "-", URL], ["--hgrm", "--junit"]),
    (["report", "--hgrm", "x", "--junit", "x", "/dev/null"], ["/dev/null"]),
    (["--timeline", "/nonexistent/timeline", URL], ["--timeline", "/nonexistent/timeline"]),
]

# The text of a config file -> words that must be said; FILE:LINE is always one of them.
CONFIGS = [
    (b"connections = 5\nconections = 6\n", 2, ["conections", "connections"]),
    (b"# comment\n\n  nonsense = 1\n", 3, ["nonsense"]),
    (b"connections = 5\n\nconnections = 6\n", 3, ["connections", "line 1"]),
    (b"connections\n", 1, ["="]),
    (b"= 5\n", 1, ["key"]),
    (b"connections = \n", 1, ["connections"]),
    (b"connections = x\n", 1, ["connections"]),
    (b"connections = 0\n", 1, ["connections"]),
    (b"c = 5\n", 1, ["c"]),
    (b"--connections = 5\n", 1, ["--connections"]),
    (b"duration = 366d\n", 1, ["duration"]),
    (b"quiet = maybe\n", 1, ["quiet", "true or false"]),
    (b"config = other.conf\n", 1, ["config"]),
    (b"quiet = true\nui = line\n", 2, ["ui", "quiet"]),
    (b"header = X: a\nheader = nonsense\n", 2, ["header", ":"]),
    (b"header = X: a\x01b\n", 1, ["control character"]),
    (b"method = GET POST\n", 1, ["method"]),
    (b"label = \x1b[2J\n", 1, ["label"]),
    (b"connect-to = nowhere\n", 1, ["connect-to"]),
    (b"no-such = 5\n", 1, ["no-such"]),
    (b"connections = 5\0\n", 1, []),
    (b"label = " + b"x" * 70000 + b"\n", 1, []),
]


class Case(unittest.TestCase):
    def all_refused(self, cases):
        """Each case: arguments, and the words that must be said of them."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            said = list(pool.map(lambda case: holdfast.plainly(*case[0]), cases))
        for (arguments, words), (code, out, err) in zip(cases, said):
            with self.subTest(arguments=arguments):
                self.assertEqual((2, ""), (code, out), err)
                self.assertEqual((1, True), (err.count("\n"), err.endswith("\n")), err)
                self.assertTrue(err.startswith("holdfast"), err)
                self.assertTrue(err.rstrip("\n").isprintable(), repr(err))
                self.assertNotIn("secret", err)
                self.assertLess(len(err), 1100)
                for word in words:
                    self.assertIn(word, err)

    def refused(self, arguments, words):
        self.all_refused([(arguments, words)])


class UsageTest(Case):
    def test_a_value_that_does_not_parse_or_is_out_of_bounds_is_refused_with_the_accepted_form(self):
        self.all_refused([([option, value, URL], words) for option, (values, words) in VALUES.items() for value in values])

    def test_what_is_no_usage_of_the_program_is_refused_in_one_line(self):
        self.all_refused(ARGUMENTS)

    def test_a_config_file_is_refused_with_the_number_of_the_line(self):
        with tempfile.TemporaryDirectory() as folder:
            cases = []
            for number, (text, line, words) in enumerate(CONFIGS):
                path = pathlib.Path(folder) / f"{number}.conf"
                path.write_bytes(text)
                cases.append((["-C", path, URL], [f"{number}.conf:{line}", *words]))
            self.all_refused(cases)

    def test_a_config_file_that_is_none_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            fifo = pathlib.Path(folder) / "fifo"
            os.mkfifo(fifo)
            opened = threading.Thread(target=lambda: fifo.write_bytes(b"nonsense\n"), daemon=True)
            self.all_refused([(["-C", folder, URL], ["-C"]), (["-C", "/no/such", URL], ["No such file"])])
            opened.start()
            self.refused(["-C", fifo, URL], [])

    def test_a_config_of_another_command_is_judged_all_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "run.conf"
            path.write_text("no-check = perhaps\n")
            self.refused(["check", "-C", path, URL], ["run.conf:1", "no-check", "true or false"])

    def test_headers_of_a_file_are_refused_by_their_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "headers"
            path.write_bytes(b"X-Good: 1\nbad\n")
            self.refused(["-H", f"@{path}", URL], ["headers:2"])
            path.write_bytes(b"X: 1\n" * 101)
            self.refused(["-H", f"@{path}", URL], ["100"])

    def test_a_hundred_headers_are_accepted_and_one_more_is_not(self):
        headers = [word for i in range(100) for word in ("-H", f"X-{i}: {i}")]
        self.refused([*headers, "-H", "X: 1", URL], ["100"])
        code, _, _ = holdfast.plainly("check", *headers, "-q", URL)
        self.assertIn(code, (3, 5), "it goes on, and finds no ring or nobody")

    def test_an_argument_of_any_bytes_is_no_crash(self):
        for bad in (b"\xff\xfe", b"--\xff", b"-\xff", b"http://\xff/", b"%s%n", b"--%s%n=1", b"\xc2\x9b31m",
                    "\u202e".encode()):
            for arguments in ([bad], [bad, URL], ["-c", bad, URL], ["--label", b"x\x07" + bad, URL]):
                code, out, err = holdfast.plainly(*(os.fsdecode(argument) for argument in arguments))
                self.assertEqual((2, "", 1), (code, out, err.count("\n")), arguments)

    def test_help_and_version_are_answers(self):
        for arguments in (["--help"], ["run", "--help"], ["check", "--help"], ["report", "--help"], ["--version"],
                          ["help"], ["help", "check"], ["version"], ["-h"], ["-V"], *EACH_COMMANDS_ANSWERS):
            code, out, err = holdfast.plainly(*arguments)
            self.assertEqual((0, ""), (code, err), arguments)
            self.assertIn("holdfast", out)
            if arguments[-1] in ("--version", "-V"):
                self.assertIn("optional parts built in", out, arguments)

    def test_an_answer_that_cannot_be_written_is_reported(self):
        for arguments in (["--help"], ["--version"], ["report", "--help"], ["report", "--version"], ["report", "--schema"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([holdfast.PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual((4, 1), (done.returncode, done.stderr.count("\n")), arguments)
            self.assertIn("No space left on device", done.stderr)

    def test_what_is_read_is_not_replaced(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-e2e-") as folder:
            for option in ("--config", "--body", "--urls", "--server-log"):
                read, link = pathlib.Path(folder) / "read", pathlib.Path(folder) / "link"
                text = "/a\n" if option == "--urls" else "# x\n"
                for output in ("--json", "--html", "--timeline"):
                    read.write_text(text)
                    if not link.exists():
                        link.symlink_to(read)
                    code, out, err = holdfast.plainly("-c", "1", option, read, output, link, URL)
                    self.assertEqual((2, "", text), (code, out, read.read_text()), err)
                    self.assertIn(f'{output}: "{link}" is read: a place of its own is accepted', err)


class NoTargetTest(Case):
    """What is asked is no server, or not one of HTTP: exit 5, and why."""

    @classmethod
    def setUpClass(cls):
        holdfast.need_ring()

    def no_target(self, url, words, *arguments):
        for command in ("run", "check"):
            result = holdfast.soak(command, "-c", "5", "-d", "1s", *arguments, url)
            self.assertEqual((5, "no_target"), (result.code, result.verdict), result.err)
            self.assertEqual((0, 0), (result.connections["attempted"], result.requests["sent"]))
            said = result.out + result.err
            self.assertIn("FAIL", said)
            for word in words:
                self.assertIn(word, said)
            self.assertTrue(all(line.isprintable() for line in said.splitlines()), repr(said))

    def test_a_name_that_does_not_resolve_is_no_target(self):
        self.no_target("http://no.such.name.invalid/", ["no.such.name.invalid"])
        result = holdfast.soak("-c", "5", "-d", "1s", "--no-check", "http://no.such.name.invalid/")
        self.assertEqual((5, "no_target", 0), (result.code, result.verdict, result.connections["attempted"]))

    def test_nothing_listening_is_no_target(self):
        with Rude() as rude:
            self.no_target(f"http://127.0.0.1:{rude.refused_port}/", ["refused"])

    def test_a_full_accept_queue_is_no_target(self):
        with Rude() as rude:
            self.no_target(f"http://127.0.0.1:{rude.full_port}/", ["in time"], "--connect-timeout", "200ms")

    def test_an_answer_that_is_not_http_is_no_target(self):
        with Rude() as rude:
            for path in ("/not-http", "/other-protocol", "/http2-line", "/bad-status-line", "/bad-header", "/many-interim",
                         "/101", "/header-flood"):
                with self.subTest(path=path):
                    self.no_target(rude.url(path), [])

    def test_a_server_that_never_answers_is_no_target(self):
        with Target("--stall", "0") as target:
            self.no_target(target.url, ["in time"], "--timeout", "200ms")
            self.assertEqual(2, target.stats_when_closed()["faults"][0]["fired"])

    def test_a_server_that_ends_the_connection_instead_is_no_target(self):
        with Rude() as rude:
            self.no_target(rude.url("/fin-after-request"), ["closed"])
            self.no_target(rude.url("/rst-after-request"), ["reset"])

    def test_a_greeting_before_any_request_is_no_target(self):
        stop = threading.Event()

        def greet(listening):
            while not stop.is_set():
                peer, _ = listening.accept()
                with peer:
                    peer.sendall(b"SSH-2.0-Something \x1b[31m\r\n")
                    peer.recv(4096)

        with holdfast.listener() as listening:
            threading.Thread(target=greet, args=[listening], daemon=True).start()
            self.no_target(holdfast.url_of(listening), [])
            stop.set()

    def test_without_a_preflight_what_is_not_http_is_a_broken_run(self):
        with Rude() as rude:
            result = holdfast.soak("-c", "5", "-d", "1s", "--no-check", rude.url("/not-http"))
        self.assertEqual((1, {"protocol_error": 5}), (result.code, result.outcomes))


class ObservedTest(Case):
    """What is to be observed beside the run and is not there: said before anybody is asked anything."""

    def test_a_log_that_cannot_be_followed_is_refused_before_the_load(self):
        with tempfile.TemporaryDirectory() as folder, holdfast.listener() as listening:
            fifo = pathlib.Path(folder) / "fifo"
            os.mkfifo(fifo)
            for command in ("run", "check"):
                for path, words in ((fifo, ["not a regular file"]), (folder, ["Is a directory"]),
                                    (f"{folder}/none", ["No such file"])):
                    self.refused([command, "--server-log", path, holdfast.url_of(listening)], ["--server-log", *words])
            self.refused(["--no-check", "--server-log", fifo, holdfast.url_of(listening)], ["--server-log"])
            listening.setblocking(False)
            self.assertRaises(BlockingIOError, listening.accept)

    def test_a_log_without_permission_is_refused(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        with tempfile.NamedTemporaryFile() as log:
            os.chmod(log.name, 0)
            self.refused(["--server-log", log.name, URL], ["--server-log", "Permission denied"])

    def test_a_process_that_is_not_there_is_refused_before_the_load(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        for command in ("run", "check"):
            self.refused([command, "--server-pid", str(gone.pid), URL], ["--server-pid", str(gone.pid)])

    def test_a_process_that_has_ended_and_is_not_reaped_is_refused(self):
        zombie = subprocess.Popen(["true"])
        holdfast.eventually(lambda: holdfast.state(zombie.pid) == "Z", "it has ended")
        self.refused(["--server-pid", str(zombie.pid), URL], ["--server-pid"])
        zombie.wait()


class StatusPageTest(Case):
    @classmethod
    def setUpClass(cls):
        holdfast.need_ring()

    def wrong(self, status, words, *arguments):
        with holdfast.nginx() as server:
            for command in ("run", "check"):
                code, out, err = holdfast.plainly(command, "-c", "5", "-d", "1s", *arguments, "--server-status",
                                                  status or server.url, server.url)
                self.assertEqual((2, ""), (code, out), err)
                last = err.splitlines()[-1]
                self.assertTrue(last.startswith("holdfast: "), err)
                for word in ["--server-status", *words]:
                    self.assertIn(word, last)

    def test_a_page_that_is_no_stub_status_is_refused(self):
        self.wrong(None, ["not a stub_status page"])

    def test_a_status_page_that_is_not_there_is_refused(self):
        with Rude() as rude, Target("--status", "404") as target:
            self.wrong(f"http://127.0.0.1:{rude.refused_port}/", ["refused"])
            self.wrong(target.url, ["404"])
            self.wrong(rude.url("/not-http"), [])
            self.wrong(rude.url("/fin-after-request"), ["closed"])

    def test_a_status_page_at_a_name_that_does_not_resolve_is_refused(self):
        self.wrong("http://no.such.name.invalid/", ["no.such.name.invalid"])


if __name__ == "__main__":
    holdfast.main(rings=False)
