#!/usr/bin/env python3
"""The units of packaging/ under a systemd that runs: docs/service.md as its reader does it."""

import json
import re
import shutil
import unittest
import urllib.error
import urllib.request

import holdfast
from booted import Systemd
from sparring import Target

UNITS = [holdfast.ROOT / "packaging" / name for name in ("holdfast@.service", "holdfast-serve.service")]
TOKEN = "a-token-of-thirty-two-characters-"


class SystemdTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if holdfast.SANITIZED:
            raise unittest.SkipTest("the units under systemd: the sanitizers' own calls are not in their filter")
        holdfast.own_network()  # the port of the API's unit is a fixed one
        cls.systemd = holdfast.or_skip(Systemd, *UNITS)
        cls.addClassCleanup(cls.systemd.stop)

    def write(self, name, text):
        path = self.systemd.root / "etc/holdfast" / name
        path.write_text(text)
        path.chmod(0o600)

    def show(self, unit, *names):
        out = self.systemd.run("systemctl", "show", unit, *(f"--property={name}" for name in names)).stdout
        return tuple(dict(line.split("=", 1) for line in out.splitlines())[name] for name in names)

    def journal(self, unit, *options):
        """[(priority, message)] of what it said so far."""
        out = self.systemd.run("journalctl", "--quiet", "--output=json", "-u", unit, *options).stdout
        return [(int(line["PRIORITY"]), str(line["MESSAGE"])) for line in map(json.loads, out.splitlines())
                if line.get("SYSLOG_IDENTIFIER") != "systemd"]

    def said(self, unit, pattern, *options):
        return any(re.search(pattern, text) for _, text in self.journal(unit, *options))

    def start(self, unit):
        done = self.systemd.run("systemctl", "start", unit)
        self.assertEqual(0, done.returncode, f"{done.stderr}{self.journal(unit)}")

    def wait_for_end(self, unit):
        """Its exit code, when it has left the journal."""
        holdfast.eventually(lambda: self.show(unit, "ActiveState")[0] in ("inactive", "failed"), f"{unit} is over")
        self.systemd.run("journalctl", "--sync")
        return int(self.show(unit, "ExecMainStatus")[0])

    def reports(self, name):
        folder = self.systemd.root / "var/lib/private/holdfast-runs" / name
        files = sorted(folder.iterdir())
        self.assertEqual([".html", ".json", ".jsonl", ".xml"], [path.suffix for path in files])
        self.assertEqual({0o600}, {path.stat().st_mode & 0o777 for path in files})
        self.assertNotEqual(0, files[0].stat().st_uid, "a user of its own")
        return json.loads(files[1].read_text())

    def test_a_run_that_held(self):
        with Target() as target:
            self.write("held.conf", f"url = {target.url}\nconnections = 50\nduration = 1s\ninterval = 100ms\n")
            self.start("holdfast@held")
            code = self.wait_for_end("holdfast@held")
        said = self.journal("holdfast@held")
        self.assertEqual(0, code, said)
        report = self.reports("held")
        holdfast.check_report(report, 0)
        self.assertEqual(50, report["connections"]["live"])
        self.assertTrue(any(level == 6 and text.startswith("HELD") for level, text in said), said)
        self.assertEqual([], self.journal("holdfast@held", "--priority=err"))

    def test_a_stop_is_an_interruption(self):
        with Target() as target:
            self.write("night.conf", f"url = {target.url}\nconnections = 20\nduration = 8h\ninterval = 100ms\n")
            self.start("holdfast@night")
            holdfast.eventually(lambda: self.said("holdfast@night", "phase=hold"), "it holds")
            self.assertEqual(0, self.systemd.run("systemctl", "stop", "holdfast@night").returncode)
            code = self.wait_for_end("holdfast@night")
        self.assertEqual(4, code)
        report = self.reports("night")
        holdfast.check_report(report, 4)
        self.assertEqual((20, 0), (report["connections"]["live"], report["connections"]["lost"]))

    def test_a_run_that_broke_is_an_error_of_the_journal(self):
        with Target("--fault", "reset-after=1") as target:
            self.write("broken.conf", f"url = {target.url}\nconnections = 20\nduration = 1s\ninterval = 100ms\n"
                                      "require = lost<=0\n")
            self.start("holdfast@broken")
            code = self.wait_for_end("holdfast@broken")
        self.assertEqual(1, code, self.journal("holdfast@broken"))
        self.assertTrue(self.said("holdfast@broken", "^BROKE", "--priority=err"), self.journal("holdfast@broken"))
        self.assertEqual(("failed", "exit-code"), self.show("holdfast@broken", "ActiveState", "Result"))

    def test_serve_without_a_token_is_an_error_of_the_journal(self):
        self.write("token", "short")
        self.assertNotEqual(0, self.systemd.run("systemctl", "start", "holdfast-serve").returncode)
        self.systemd.run("systemctl", "stop", "holdfast-serve")
        self.systemd.run("journalctl", "--sync")
        self.assertTrue(self.said("holdfast-serve", "--token-file", "--priority=err"), self.journal("holdfast-serve"))

    def test_serve_is_ready_when_systemd_says_so(self):
        self.write("token", TOKEN)
        self.start("holdfast-serve")
        asked = urllib.request.Request("http://127.0.0.1:8791/api/v1/runs")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
        refused.exception.close()
        self.assertEqual(401, refused.exception.code)
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        with urllib.request.urlopen(asked) as answer:
            self.assertEqual(200, answer.status)
        self.systemd.run("systemctl", "stop", "holdfast-serve")
        self.assertEqual(0, self.wait_for_end("holdfast-serve"))

    # --- runs over hosts ---

    def ask(self, path, body=None):
        asked = urllib.request.Request(f"http://127.0.0.1:8791/api/v1/{path}", body and json.dumps(body).encode(),
                                       {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def serve_hosts(self, hosts, remote):
        """The unit with such options, as systemctl edit leaves it."""
        (line,) = [line for line in UNITS[1].read_text().splitlines() if line.startswith("ExecStart=")]
        folder = self.systemd.root / "etc/systemd/system/holdfast-serve.service.d"
        folder.mkdir()
        (folder / "hosts.conf").write_text(f"[Service]\nLoadCredential=ssh_key:/etc/holdfast/ssh_key\nExecStart=\n{line} "
                                           f"--hosts {hosts} --remote '{remote}'\n")
        self.write("token", TOKEN)
        self.write("ssh_key", "a key")
        self.systemd.run("systemctl", "daemon-reload")
        self.start("holdfast-serve")

    def test_a_stop_of_serve_ends_a_run_over_hosts_in_order(self):
        self.serve_hosts("h1,h2", "env ON_HOST={host}")
        with Target() as target:
            run = self.ask("runs", {"url": target.url, "hosts": "h1,h2", "connections": 20, "interval": "100ms", "duration": "10m"})["id"]
            holdfast.eventually(lambda: (self.ask(f"runs/{run}")["last"] or {}).get("phase") == "hold", "it holds")
            self.systemd.run("systemctl", "stop", "holdfast-serve")
        self.assertEqual(0, self.wait_for_end("holdfast-serve"))
        report = json.loads((self.systemd.root / "var/lib/private/holdfast" / run / "report.json").read_text())
        holdfast.check_report(report, 4)
        self.assertEqual([("h1", "ok", 10), ("h2", "ok", 10)],
                         [(host["name"], host["state"], host["live"]) for host in report["hosts"]])

    def test_ssh_works_in_the_unit(self):
        """As far as it goes where nobody answers."""
        if not shutil.which("ssh"):
            raise unittest.SkipTest("hosts of the API's unit: no ssh")
        (remote,) = re.findall(r"--remote '(ssh .*)'$", UNITS[1].read_text(), re.M)
        self.serve_hosts("127.0.0.1", remote)
        with Target() as target:
            run = self.ask("runs", {"url": target.url, "hosts": "127.0.0.1", "connections": 20})["id"]
            holdfast.eventually(lambda: self.ask(f"runs/{run}")["state"] == "ended", "it has ended")
        self.assertRegex(self.ask(f"runs/{run}/report.json")["verdict"]["reasons"][0],
                         r"exit code 255; it said: ssh: connect to host 127\.0\.0\.1 port 22: Connection refused$")


if __name__ == "__main__":
    holdfast.main(jobs=2)
