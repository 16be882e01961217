"""The page of holdfast serve, in a real Chromium. $HOLDFAST_PICTURES: a folder for screenshots."""

import http.server
import json
import os
import shutil
import subprocess
import threading
import unittest

import holdfast
import npm
from hosts import REMOTE
from serve import Serve
from sparring import Target

ROOT = holdfast.ROOT
DRIVE_SECONDS = 4 * holdfast.TIMEOUT_SECONDS


def modules():
    npm.package("playwright-core", "1.48.2")
    return npm.package("axe-core", "4.10.2")


class Page(unittest.TestCase):
    maxDiff = None

    def drive(self, **what):
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if not browser:
            raise unittest.SkipTest("the page: no chromium")
        given = {"modules": str(modules()), "chromium": browser, "pictures": os.environ.get("HOLDFAST_PICTURES"), **what}
        done = subprocess.run(["node", str(ROOT / "tests/e2e/page.js")], input=json.dumps(given), capture_output=True, text=True,
                              timeout=DRIVE_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertNotIn("error", found, found.get("error"))
        return found

    def elsewhere(self):
        """A page of another origin."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!DOCTYPE html><title>elsewhere</title><body></body>")

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    def test_a_run_from_the_form_to_the_comparison(self):
        target = Target("--keepalive-timeout", "5s")
        self.addCleanup(target.__exit__, None, None, None)
        serve = Serve("--hosts", "h1,h2", "--remote", REMOTE)
        self.addCleanup(serve.__exit__)
        found = self.drive(address=serve.line, host=serve.host, token=serve.token, target=target.url, connections=1000,
                           tooSlow="10s", hosts="h1,h2", elsewhere=self.elsewhere())
        texts = found["texts"]
        self.assertEqual(found["messages"], [])
        self.assertNotIn(serve.token, texts["address"])
        self.assertTrue(texts["startAtFirst"] and texts["startAfterFail"])
        self.assertIn("FAIL", texts["failed"])
        self.assertIn("do ", texts["failed"])
        self.assertIn("1", texts["report"])
        self.assertIn("reload <b>now</b>", texts["report"])
        self.assertIn("all 2 rules hold so far", texts["soFar"])
        self.assertIn("p99", texts["comparison"])
        # an hour that was stopped and two seconds are no runs of one plan
        self.assertIn("NOT COMPARABLE", texts["comparisonWords"])
        self.assertIn("the plans differ: --duration is 10m in A and 2s in B", texts["comparisonWords"])
        self.assertEqual({name: broken for name, broken in found["axe"].items() if broken}, {})
        self.assertEqual({name: width for name, width in found["widths"].items() if width > 400}, {})
        self.assertIn("url", texts["focused"])
        self.assertIn("check", texts["focused"])
        self.assertTrue(texts["tokenAsked"])
        self.assertEqual(set(texts["elsewhere"].values()), {"failed"})
        self.assertNotEqual(texts["elsewhere"], {})
        self.assertEqual("of h1, h2; empty: this machine", texts["hostsHelp"])
        self.assertEqual((True, False), (texts["checkOfHosts"], texts["checkOfHere"]))
        self.assertTrue(texts["where"].endswith(", from h1,h2"), texts["where"])
        self.assertRegex(texts["reportOfHosts"], r"(?s)Hosts.*h1.*500.*h2.*500")
        self.assertEqual(len(serve.get("/api/v1/runs").json["runs"]), 3)


if __name__ == "__main__":
    holdfast.main()
