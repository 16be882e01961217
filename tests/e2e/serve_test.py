"""holdfast serve: its API, as its users and those who would abuse it meet it."""

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
import unittest
import xml.etree.ElementTree

import holdfast
from serve import JSON, Serve, process_is_gone
from sparring import Target

NO_RUN = "0" * 26
RUN = f"/api/v1/runs/{NO_RUN}"
# Each path: methods that it has, and whether it asks for a token.
ENDPOINTS = {
    "/": ("GET", False), "/app.js": ("GET", False), "/app.css": ("GET", False), "/healthz": ("GET", False),
    "/metrics": ("GET", True), "/api/v1/checks": ("POST", True), "/api/v1/hosts": ("GET", True), "/api/v1/runs": ("GET POST", True),
    RUN: ("GET", True), f"{RUN}/stop": ("POST", True), f"{RUN}/marks": ("POST", True), f"{RUN}/events": ("GET", True),
    f"{RUN}/timeline": ("GET", True), f"{RUN}/report.json": ("GET", True), f"{RUN}/report.html": ("GET", True),
    f"{RUN}/report.hgrm": ("GET", True), f"{RUN}/junit.xml": ("GET", True), f"{RUN}/chart.svg": ("GET", True),
    f"{RUN}/live.svg": ("GET", True), f"{RUN}/times.svg": ("GET", True), f"{RUN}/comparison": ("GET", True), "/api/v1/statistics": ("POST", True),
}
# Refusals in their order: what makes them, of which methods, only where a token is asked for, the status.
REFUSALS = [
    ({"Host": "rebound.example"}, "GET HEAD POST", False, 421),
    ({"Host": "localhost:{port}"}, "GET HEAD POST", False, 421),
    ({"Sec-Fetch-Site": "cross-site"}, "GET HEAD POST", False, 403),
    ({"Sec-Fetch-Site": "same-site"}, "GET HEAD POST", False, 403),
    ({"Origin": "http://evil.example"}, "GET HEAD POST", False, 403),
    ({"Origin": "null"}, "GET HEAD POST", False, 403),
    ({"Authorization": None}, "GET HEAD POST", True, 401),
    ({"Authorization": "Bearer wrong-wrong-wrong-wrong"}, "GET HEAD POST", True, 401),
    ({"Content-Type": None}, "POST", False, 415),
    ({"Content-Type": "text/plain"}, "POST", False, 415),
    ({"Content-Type": "application/json; charset=utf-8"}, "POST", False, 415),
]


def chunks(total):
    for _ in range(total // 4096):
        yield b"x" * 4096


class Case(unittest.TestCase):
    def serve(self, *arguments, **options):
        serve = Serve(*arguments, **options)
        self.addCleanup(serve.__exit__)
        return serve

    def target(self, *arguments):
        target = Target(*arguments)
        self.addCleanup(target.__exit__, None, None, None)
        return target

    def check_problem(self, answer, status):
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        if answer.body:
            self.assertEqual(answer.json["status"], status)


class Refusals(Case):
    def test_each_endpoint_refuses_what_the_contract_names(self):
        serve = self.serve()
        for path, (methods, closed) in ENDPOINTS.items():
            for method in methods.split() + (["HEAD"] if "GET" in methods else []):
                for headers, of, needs_token, status in REFUSALS:
                    if method not in of or (needs_token and not closed):
                        continue
                    wanted = {name: value and value.format(port=serve.port) for name, value in headers.items()}
                    with self.subTest(path=path, method=method, headers=wanted):
                        self.check_problem(serve.ask(method, path, "{}" if method == "POST" else None, wanted), status)
                if method == "POST":
                    with self.subTest(path=path, what="size"):
                        self.check_problem(serve.ask(method, path, b"x" * (64 * 1024 + 1)), 413)
                        self.check_problem(serve.ask(method, path, chunks(128 * 1024)), 413)

    def test_a_method_that_a_path_has_not_is_405_with_those_it_has(self):
        serve = self.serve()
        for path, (methods, _) in ENDPOINTS.items():
            for method in {"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} - set(methods.split()):
                answer = serve.ask(method, path, headers={"Authorization": None, "Content-Type": None})
                with self.subTest(path=path, method=method):
                    self.check_problem(answer, 405)
                    self.assertEqual(answer.headers["Allow"],
                                     ", ".join(methods.replace("GET", "GET, HEAD").replace(" P", ", P").split(", ")))

    def test_the_first_refusal_in_the_order_of_the_contract_is_the_one_that_is_said(self):
        serve = self.serve()
        wrong = [("Host", "evil.example", 421), (None, None, 405), ("Sec-Fetch-Site", "cross-site", 403),
                 ("Origin", "http://evil.example", 403), ("Authorization", None, 401), ("Content-Type", "text/plain", 415)]
        for first in range(len(wrong)):
            headers = {name: value for name, value, _ in wrong[first:] if name}
            method = "PUT" if first <= 1 else "POST"
            answer = serve.ask(method, "/api/v1/runs", b"x" * (64 * 1024 + 1), headers)
            with self.subTest(first=wrong[first]):
                self.check_problem(answer, wrong[first][2])

    def test_what_is_not_there_is_404_for_who_has_the_token_alone(self):
        serve = self.serve()
        for path in ("/nothing", "/api/v1/runs/..", "/api/v1/runs/../../etc/passwd", RUN, f"{RUN}/report.json",
                     f"{RUN}/report.xml", "/api/v1/", "//", "/app.js/"):
            with self.subTest(path=path):
                self.check_problem(serve.get(path), 404)
                self.check_problem(serve.get(path, Authorization=None), 401)

    def test_a_token_in_the_query_is_none(self):
        serve = self.serve()
        self.check_problem(serve.get(f"/api/v1/runs?token={serve.token}", Authorization=None), 401)

    def test_a_refusal_reflects_nothing_of_the_request(self):
        serve = self.serve()
        for headers in ({"Host": "marker-marker"}, {"Origin": "http://marker-marker"}, {"Authorization": "marker-marker"}):
            self.assertNotIn(b"marker", serve.ask("GET", "/api/v1/marker?marker=marker", headers=headers).body)
        self.assertNotIn(b"marker", serve.get("/api/v1/marker?marker").body)

    def test_two_hosts_or_an_absolute_target_are_421(self):
        serve = self.serve()
        for head in (f"GET /healthz HTTP/1.1\r\nHost: {serve.host}\r\nHost: evil.example\r\n\r\n",
                     "GET http://evil.example/healthz HTTP/1.1\r\nHost: " + serve.host + "\r\n\r\n"):
            with socket.create_connection((serve.address, serve.port), holdfast.TIMEOUT_SECONDS) as client:
                client.sendall(head.encode())
                self.assertRegex(client.recv(65536), rb"^HTTP/1.1 4(21|00) ")

    def test_a_name_that_was_allowed_is_ours(self):
        serve = self.serve("--allow-host", "soak.example,proxy.example:8443")
        self.assertEqual(serve.get("/healthz", Host="soak.example:1234").status, 200)
        self.assertEqual(serve.get("/healthz", Host="proxy.example:8443", Origin="https://proxy.example:8443").status, 200)
        self.assertEqual(serve.get("/healthz", Host="proxy.example").status, 421)
        self.assertEqual(serve.get("/healthz", Host=f"localhost:{serve.port}").status, 421)


class Places(Case):
    def test_it_listens_on_loopback_alone_and_says_where_with_its_token(self):
        serve = self.serve()
        self.assertRegex(serve.line, r"^http://127\.0\.0\.1:\d+/#token=[0-9a-f]{32}$")
        listening = [line.split()[1] for line in pathlib.Path(f"/proc/{serve.process.pid}/net/tcp").read_text().splitlines()
                     if f":{serve.port:04X} 00000000:0000 0A" in line]
        self.assertEqual(listening, [f"0100007F:{serve.port:04X}"])
        answer = serve.get("/healthz", Authorization=None)
        self.assertEqual((answer.status, answer.json), (200, {"status": "ok"}))

    def test_elsewhere_it_listens_only_with_targets_and_a_token_of_ones_own(self):
        folder = holdfast.folder(self.addCleanup)
        (folder / "token").write_text("0123456789abcdef\n")
        for arguments in ((), ("--allow-target", "127.0.0.0/8"), ("--token-file", folder / "token")):
            done = holdfast.plainly("serve", "--listen", "0.0.0.0:0", *map(str, arguments))
            self.assertEqual(done[0], 2)
            self.assertIn("--allow-target and --token-file", done[2])
        serve = self.serve("--listen", "0.0.0.0:0", "--allow-target", "127.0.0.0/8", "--token-file", folder / "token",
                           token="0123456789abcdef")
        self.assertRegex(serve.line, r"^http://0\.0\.0\.0:\d+/$")  # its token is nowhere
        serve.host = f"127.0.0.1:{serve.port}"
        self.assertEqual(serve.get("/api/v1/runs").status, 200)
        self.assertEqual(serve.get("/api/v1/runs", Host=f"0.0.0.0:{serve.port}").status, 421)

    def test_options_that_are_none_are_refused(self):
        folder = holdfast.folder(self.addCleanup)
        (folder / "short").write_text("0123456789abcde\n")
        for arguments, word in ((("--token-file", folder / "short"), "16"), (("--token-file", folder / "none"), "none"),
                                (("--allow-target", "10.0.0.0/33"), "--allow-target"), (("--allow-host", "a b"), "--allow-host"),
                                (("--listen", "nowhere"), "--listen"), (("--state", "/proc/none/x"), "--state"),
                                (("-c", "1"), "-c"), (("http://127.0.0.1/",), "operand")):
            code, out, err = holdfast.plainly("serve", *map(str, arguments))
            with self.subTest(arguments=arguments):
                self.assertEqual((code, out), (2, ""))
                self.assertIn(word, err)

    def test_a_unix_socket_is_for_its_owner_alone_and_goes_with_the_server(self):
        path = holdfast.folder(self.addCleanup) / "socket"
        serve = self.serve("--listen", f"unix:{path}")
        self.assertTrue(serve.line.startswith(f"unix:{path}#token="))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertTrue(client.makefile("rb").read().endswith(b'{"status":"ok"}\n'))
        self.assertEqual(serve.terminate(), 0)
        self.assertFalse(path.exists())

    def test_a_service_manager_is_told_that_it_is_ready(self):
        folder = holdfast.folder(self.addCleanup)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(holdfast.TIMEOUT_SECONDS)
            manager.bind(str(folder / "notify"))
            serve = self.serve(env={"NOTIFY_SOCKET": str(folder / "notify")})
            self.assertEqual(manager.recv(100), b"READY=1")
            self.assertEqual(serve.terminate(), 0)
            self.assertEqual(manager.recv(100), b"STOPPING=1")


class Service(Case):
    def test_the_unit_is_one_that_systemd_takes(self):
        if not shutil.which("systemd-analyze"):
            raise unittest.SkipTest("the unit: no systemd-analyze")
        unit = (holdfast.ROOT / "packaging/holdfast-serve.service").read_text()
        path = holdfast.folder(self.addCleanup) / "holdfast-serve.service"
        path.write_text(unit.replace("/usr/bin/holdfast", holdfast.PROGRAM))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
        self.assertNotIn("holdfast-serve", done.stderr)
        self.assertIn("Type=notify", unit)

    def test_the_line_of_the_unit_starts_a_server(self):
        unit = (holdfast.ROOT / "packaging/holdfast-serve.service").read_text()
        (line,) = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("ExecStart=")]
        folder = holdfast.folder(self.addCleanup)
        (folder / "token").write_text("0123456789abcdef\n")
        words = line.replace("${CREDENTIALS_DIRECTORY}", str(folder)).replace("%S/private", str(folder))
        words = words.replace("127.0.0.1:8791", "127.0.0.1:0").split()
        self.assertEqual(words[:2], ["/usr/bin/holdfast", "serve"])
        serve = self.serve(*words[2:], token="0123456789abcdef")
        self.assertNotIn("token", serve.line)
        self.assertEqual(serve.get("/api/v1/runs").status, 200)


class Runs(Case):
    def test_a_run_from_its_start_to_its_reports(self):
        target, folder = self.target(), holdfast.folder(self.addCleanup)
        serve = self.serve("--state", folder / "state")
        answer = serve.post("/api/v1/runs", {"url": target.url, "connections": 50, "duration": "3s", "label": "first"})
        self.assertEqual(answer.status, 201)
        run = answer.json["id"]
        self.assertRegex(run, r"^[0-9A-Z]{26}$")
        self.assertEqual(answer.headers["Location"], f"/api/v1/runs/{run}")
        self.check_problem(serve.post("/api/v1/runs", {"url": target.url}), 409)
        self.check_problem(serve.post("/api/v1/statistics", {"requestUrl": target.url, "count": 1}), 409)
        serve.wait_for_second(run)
        self.check_problem(serve.get(f"/api/v1/runs/{run}/report.json"), 409)
        self.check_problem(serve.get(f"/api/v1/runs/{run}/chart.svg"), 409)
        self.assertEqual(xml.etree.ElementTree.fromstring(serve.get(f"/api/v1/runs/{run}/live.svg?width=400").body)
                         .get("width"), "400")
        self.assertEqual(serve.post(f"/api/v1/runs/{run}/marks", {"text": "reload"}).status, 202)
        events = list(serve.events(run))
        names = [name for name, _, _ in events]
        self.assertEqual(names[0], "finding")
        self.assertEqual(names[-1], "verdict")
        self.assertLessEqual({"phase", "second", "mark"}, set(names))
        ids = [number for name, number, _ in events if name == "second"]
        self.assertEqual(ids, sorted(ids))
        self.assertEqual(events[-1][2]["verdict"]["result"], "held")
        ended = serve.wait_for_end(run)
        self.assertEqual((ended["verdict"], ended["exit_code"], ended["label"]), ("held", 0, "first"))
        report = serve.get(f"/api/v1/runs/{run}/report.json").json
        holdfast.check_report(report, 0)
        self.assertEqual([mark["text"] for mark in report["marks"]], ["reload"])
        self.assertEqual(report["connections"]["target"], 50)
        for file, kind in (("report.html", "text/html"), ("report.hgrm", "text/plain"), ("junit.xml", "application/xml"),
                           ("chart.svg", "image/svg+xml"), ("times.svg", "image/svg+xml"), ("live.svg", "image/svg+xml")):
            got = serve.get(f"/api/v1/runs/{run}/{file}")
            with self.subTest(file=file):
                self.assertEqual(got.status, 200)
                self.assertTrue(got.headers["Content-Type"].startswith(kind))
                if kind.endswith("xml"):
                    xml.etree.ElementTree.fromstring(got.body)
        self.check_problem(serve.post(f"/api/v1/runs/{run}/marks", {"text": "late"}), 409)
        self.assertEqual(serve.post(f"/api/v1/runs/{run}/stop").status, 202)  # it is what was asked for
        self.assertEqual([run["id"] for run in serve.get("/api/v1/runs").json["runs"]], [run])

    def test_events_resume_behind_an_id_and_from_a_second_on(self):
        target = self.target()
        serve = self.serve()
        run = serve.start(target.url, connections=5, duration="4s")
        serve.wait_for_end(run)
        whole = list(serve.events(run))
        second = [number for name, number, _ in whole if name == "second"][1]
        later = list(serve.events(run, headers={"Last-Event-ID": str(second)}))
        self.assertEqual([e for e in later if e[0] == "second"],
                         [e for e in whole if e[0] == "second" and e[1] > second])
        same = list(serve.events(run, f"?from={second}"))
        self.assertEqual([e for e in same if e[0] == "second"],
                         [e for e in whole if e[0] == "second" and e[1] >= second])
        self.assertEqual(later[-1], whole[-1])
        lines = [json.loads(line) for line in serve.get(f"/api/v1/runs/{run}/timeline").body.splitlines()]
        self.assertEqual([line for line in lines if "t" in line], [data for name, _, data in whole if name == "second"])
        fewer = [json.loads(line) for line in serve.get(f"/api/v1/runs/{run}/timeline?from={second}").body.splitlines()]
        self.assertEqual(fewer, [line for line in lines if "end" in line or line.get("t", 0) >= second])

    def test_stop_is_as_an_interrupt_and_may_be_said_twice(self):
        target = self.target()
        serve = self.serve()
        run = serve.start(target.url, connections=20, duration="10m")
        serve.wait_for_second(run)
        for _ in range(3):
            self.assertEqual(serve.post(f"/api/v1/runs/{run}/stop").status, 202)
        self.assertEqual(serve.wait_for_end(run)["verdict"], "inconclusive")
        report = serve.get(f"/api/v1/runs/{run}/report.json").json
        holdfast.check_report(report)
        self.assertTrue(report["run"]["interrupted"])
        self.assertEqual(sum(report["connections"]["drain"]["outcomes"].values()), 20)

    def test_a_stop_that_comes_with_the_start_is_told_as_that(self):
        target = self.target()
        serve = self.serve()
        for _ in range(10):
            run = serve.start(target.url, connections=1, duration="10m")
            self.assertEqual(serve.post(f"/api/v1/runs/{run}/stop").status, 202)
            ended = serve.wait_for_end(run)
            self.assertIn((ended["verdict"], ended["message"]),
                          (("inconclusive", None), (None, "it was stopped before it could begin")))

    def test_a_run_that_says_no_time_ends_with_max_duration(self):
        target = self.target()
        serve = self.serve("--max-duration", "2s")
        run = serve.start(target.url, connections=5, duration=0)
        self.assertEqual(serve.wait_for_end(run)["verdict"], "held", "its end was to be told")
        run = serve.start(target.url, connections=5, requests=1000000)
        self.assertEqual(serve.wait_for_end(run)["verdict"], "inconclusive")
        report = serve.get(f"/api/v1/runs/{run}/report.json").json
        self.assertGreaterEqual(report["run"]["hold_seconds"], 1)
        self.assertTrue(report["run"]["interrupted"])

    def test_a_check_says_what_holdfast_check_says(self):
        target = self.target("--keepalive-timeout", "1s")
        serve = self.serve()
        answer = serve.post("/api/v1/checks", {"url": target.url, "connections": 10})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json["exit_code"], 1)
        self.assertIn("fail", [finding["status"] for finding in answer.json["findings"]])
        answer = serve.post("/api/v1/checks", {"url": target.url, "connections": 10, "interval": "500ms"})
        self.assertEqual(answer.json["exit_code"], 0)
        self.assertEqual(serve.get("/api/v1/runs").json, {"runs": []})

    def test_an_options_own_refusal_is_422(self):
        serve = self.serve("--max-connections", "100", "--max-duration", "2m")
        url = "http://127.0.0.1:9/"
        for config, word in (({"url": url, "connections": 0}, "--connections"), ({"url": url, "require": "p99<5"}, "p99<5ms"),
                             ({"url": url, "json": "/tmp/x"}, "refused here"), ({"connections": 1}, "url"),
                             ({"url": url, "connections": 101}, "--max-connections"),
                             ({"url": url, "duration": "121s"}, "--max-duration"),
                             ({"url": "http://no.such.host.invalid/"}, "cannot resolve")):
            for path in ("/api/v1/runs", "/api/v1/checks"):
                answer = serve.post(path, config)
                with self.subTest(config=config, path=path):
                    self.check_problem(answer, 422)
                    self.assertIn(word, answer.json["detail"])
        self.check_problem(serve.ask("POST", "/api/v1/runs", "{"), 400)
        self.check_problem(serve.ask("POST", "/api/v1/runs", "[]"), 422)
        self.check_problem(serve.ask("POST", "/api/v1/runs", '{"url": "a", "url": "b"}'), 400)

    def test_a_target_that_is_not_allowed_is_403_by_whatever_way(self):
        serve = self.serve("--allow-target", "127.0.0.1:8080")
        for config in ({"url": "http://127.0.0.1:8081/"}, {"url": "http://10.0.0.1:8080/"}, {"url": "http://[::1]:8080/"},
                       {"url": "http://[::ffff:10.0.0.1]:8080/"},
                       {"url": "http://127.0.0.1:8080/", "connect-to": "127.0.0.2:8080"},
                       {"url": "http://127.0.0.1:8080/", "server-status": "http://127.0.0.1:8081/"}):
            for path in ("/api/v1/runs", "/api/v1/checks"):
                with self.subTest(config=config, path=path):
                    self.check_problem(serve.post(path, config), 403)
        self.check_problem(serve.post("/api/v1/statistics", {"requestUrl": "http://10.0.0.1/", "count": 1}), 403)

    def test_a_name_is_what_it_resolved_to_when_it_was_checked(self):
        target = self.target("--reset-after", "2")
        serve = self.serve("--allow-target", "localhost")
        run = serve.start(f"http://localhost:{target.port}/", connections=5, duration="4s", interval="100ms",
                          reconnect="backoff=10ms..100ms", require=["attempted>=6"])
        self.assertEqual(serve.wait_for_end(run)["verdict"], "held")
        report = serve.get(f"/api/v1/runs/{run}/report.json").json
        self.assertIn(f"127.0.0.1:{target.port}", report["target"]["addresses"])
        # the name is allowed, and not every name that leads there
        self.check_problem(serve.post("/api/v1/runs", {"url": f"http://127.0.0.1:{target.port}/"}), 403)

    def test_addresses_that_a_run_gives_itself_reach_no_further_than_the_target_may(self):
        target = self.target()
        url = f"http://shop.invalid:{target.port}/"
        serve = self.serve("--allow-target", f"127.0.0.1:{target.port},shop.invalid")
        run = serve.start(url, connections=5, duration="1s", resolve=["other.invalid:80:10.0.0.1",
                          f"SHOP.invalid:{target.port}:127.0.0.1"])
        self.assertEqual(serve.wait_for_end(run)["verdict"], "held")
        report = serve.get(f"/api/v1/runs/{run}/report.json").json
        self.assertEqual(report["target"]["addresses"], [f"127.0.0.1:{target.port}"])
        answer = serve.post("/api/v1/checks", {"url": url, "connections": 5, "resolve": f"shop.invalid:{target.port}:127.0.0.1"})
        self.assertEqual((answer.status, answer.json["exit_code"]), (200, 0))
        for config, status in (
                # not by a name that is allowed, nor beside an address that is
                ({"url": url, "resolve": f"shop.invalid:{target.port}:10.0.0.1"}, 403),
                ({"url": url, "resolve": f"shop.invalid:{target.port}:127.0.0.1,10.0.0.1"}, 403),
                ({"url": url, "resolve": [f"shop.invalid:{target.port}:127.0.0.1", f"shop.invalid:{target.port}:10.0.0.1"]}, 403),
                # of another port it says nothing, and it opens none
                ({"url": url, "resolve": "shop.invalid:1:127.0.0.1"}, 422),
                ({"url": url, "server-status": "http://shop.invalid:1/", "resolve": [
                    f"shop.invalid:{target.port}:127.0.0.1", "shop.invalid:1:127.0.0.1"]}, 403)):
            for path in ("/api/v1/runs", "/api/v1/checks"):
                with self.subTest(config=config, path=path):
                    self.check_problem(serve.post(path, config), status)

    def test_a_secret_is_in_no_list_of_processes_and_in_no_file(self):
        target, folder = self.target(), holdfast.folder(self.addCleanup)
        serve = self.serve("--state", folder / "state")
        secret = "sesame-sesame-sesame"
        run = serve.start(f"{target.url}?key={secret}", connections=5, duration="30s", header=[f"X-Api-Key: {secret}"])
        serve.wait_for_second(run)
        lists = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn(secret, lists)
        self.assertNotIn(serve.token, lists)
        serve.post(f"/api/v1/runs/{run}/stop")
        serve.wait_for_end(run)
        for path in folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(secret.encode(), path.read_bytes(), path)
                self.assertNotIn(serve.token.encode(), path.read_bytes(), path)
        self.assertNotIn(secret.encode(), serve.get("/metrics").body + serve.get("/api/v1/runs").body)

    def test_statistics_are_one_request_on_each_connection(self):
        target = self.target("--delay", "50ms")
        serve = self.serve()
        answer = serve.post("/api/v1/statistics", {"requestUrl": target.url, "count": 40})
        self.assertEqual((answer.status, answer.json["status"], answer.json["msg"]), (200, 0, "ok"))
        (figures,) = answer.json["datas"]
        self.assertEqual((figures["total"], figures["failures"], figures["error_rate"]), (40, 0, 0))
        times = [figures[name] for name in ("min", "median", "p90", "p95", "p99", "max")]
        self.assertEqual(times, sorted(times))
        self.assertGreaterEqual(figures["min"], 0.05)
        self.assertTrue(0 < figures["throughput"] <= 40 / 0.05)
        picture = serve.get(answer.json["chart"])
        self.assertIn(b"40 requests", picture.body)
        xml.etree.ElementTree.fromstring(picture.body)
        for body in ({"requestUrl": target.url}, {"requestUrl": target.url, "count": 0}, {"count": 1},
                     {"requestUrl": target.url, "count": 10001}, {"requestUrl": target.url, "count": 1.5}):
            self.check_problem(serve.post("/api/v1/statistics", body), 422)

    def test_statistics_are_within_max_duration(self):
        target = self.target()
        serve = self.serve("--max-duration", "2s")
        answer = serve.post("/api/v1/statistics", {"requestUrl": target.url, "count": 5})
        self.assertEqual((answer.status, answer.json["datas"][0]["total"]), (200, 5))
        silent = self.target("--delay", "1h")
        answer = serve.post("/api/v1/statistics", {"requestUrl": silent.url, "count": 5})
        self.assertEqual((answer.status, answer.json["datas"]), (200, []), "no target: nothing was answered in 2 s")

    def test_statistics_of_a_server_that_fails_say_how_often(self):
        target = self.target("--status", "503")
        serve = self.serve()
        figures = serve.post("/api/v1/statistics", {"requestUrl": target.url, "count": 10}).json["datas"][0]
        self.assertEqual((figures["total"], figures["failures"], figures["error_rate"]), (10, 10, 1))
        with holdfast.listener() as nobody:
            url = holdfast.url_of(nobody)
        answer = serve.post("/api/v1/statistics", {"requestUrl": url, "count": 10}).json
        self.assertNotEqual(answer["status"], 0)
        self.assertEqual(answer["datas"], [])

    def test_metrics_are_of_the_latest_run_and_of_the_server(self):
        target = self.target()
        serve = self.serve()
        self.assertIn("holdfast_build_info", serve.get("/metrics").body.decode())
        run = serve.start(target.url, connections=7, interval="100ms", duration="30s")
        serve.wait_for_second(run)
        text = holdfast.eventually(lambda: (t := serve.get("/metrics").body.decode()) and "holdfast_connections_target" in t and t,
                                   "a run's numbers are there")
        self.assertIn("holdfast_connections_target 7\n", text)
        self.assertIn("holdfast_serve_run_active 1\n", text)
        answered = holdfast.eventually(lambda: self.buckets(serve, 7), "each connection's first answer is counted")
        serve.post(f"/api/v1/runs/{run}/stop")
        serve.wait_for_end(run)
        ended = self.buckets(serve, 0)
        self.assertTrue(all(answered[name] <= count for name, count in ended.items()), (answered, ended))
        self.assertEqual(ended["+Inf"], serve.get(f"/api/v1/runs/{run}/report.json").json["latency_seconds"]["count"])

    def test_a_scrape_of_a_run_over_tls_has_when_its_certificate_ends(self):
        target = self.target("--tls")
        serve = self.serve()
        run = serve.start(target.url, connections=2, interval="100ms", duration="300ms", insecure=True)
        serve.wait_for_end(run)
        ends = serve.get(f"/api/v1/runs/{run}/report.json").json["target"]["tls"]["not_after"]
        moment = datetime.datetime.fromisoformat(ends.replace("Z", "+00:00")).timestamp()
        self.assertRegex(serve.get("/metrics").body.decode(),
                         rf"(?m)^holdfast_target_certificate_expiry_timestamp_seconds {moment:.0f}$")

    def buckets(self, serve, least):
        """{bound: answers} of the latest scrape, when there are so many, and something was due in its second."""
        text = serve.get("/metrics").body.decode()
        found = {bound: int(count) for bound, count in re.findall(r'^holdfast_response_seconds_bucket\{le="([^"]+)"\} (\d+)$', text, re.M)}
        self.assertEqual(sorted(found.values()), list(found.values()))
        self.assertRegex(text, r"(?m)^holdfast_cpu_seconds_total [0-9.]+$")
        lag = re.search(r"(?m)^holdfast_loop_lag_seconds [0-9.]+$", text)
        return found if found and found["+Inf"] >= least and (lag or least == 0) else None

    def test_each_second_says_how_the_rules_stand(self):
        """What cannot come right is broken; what may is not yet."""
        target = self.target("--fault", "reset-after=1@50%")
        serve = self.serve()
        run = serve.start(target.url, connections=4, interval="100ms", duration="30s", require=["lost<=0", "p99<5s", "answered>=1000"])
        last = holdfast.eventually(lambda: (line := serve.run(run)["last"]) and line["connections"]["lost"] > 0 and line, "some are lost")
        found = {rule["expression"]: (rule["state"], rule["actual"]) for rule in last["rules_so_far"]}
        self.assertEqual(("broken", last["connections"]["lost"]), found["lost<=0"])
        self.assertEqual(("holds", last["latency_seconds"]["p99"]), found["p99<5s"])
        self.assertEqual(("not_yet", last["requests"]["answered"]), found["answered>=1000"])
        serve.post(f"/api/v1/runs/{run}/stop")
        serve.wait_for_end(run)

    def test_two_runs_are_compared_as_the_report_command_does(self):
        serve, runs = self.serve(), []
        for fault in ((), ("--fault", "reset-after=1@50%")):
            target = self.target(*fault)
            runs.append(serve.start(target.url, connections=4, interval="50ms", duration="500ms"))
            serve.wait_for_end(runs[-1])
        a, b = runs
        answer = serve.get(f"/api/v1/runs/{b}/comparison?with={a}")
        self.assertEqual((200, JSON), (answer.status, answer.headers["Content-Type"]))
        files = []
        for run in runs:
            files.append(holdfast.folder(self.addCleanup) / f"{run}.json")
            files[-1].write_bytes(serve.get(f"/api/v1/runs/{run}/report.json").body)
        said = holdfast.folder(self.addCleanup) / "said.json"
        code, _, err = holdfast.plainly("report", "--compare", *files, "--json", said)
        expected = json.loads(said.read_text())
        found = answer.json
        for document in (found, expected):
            document["a"].pop("file"), document["b"].pop("file")
        self.assertEqual((1, expected), (code, found), err)
        self.assertEqual(422, serve.get(f"/api/v1/runs/{b}/comparison").status)
        self.assertEqual(404, serve.get(f"/api/v1/runs/{b}/comparison?with={NO_RUN}").status)
        current = serve.start(self.target().url, connections=1, duration="30s")
        self.assertEqual(409, serve.get(f"/api/v1/runs/{current}/comparison?with={a}").status)


class Deaths(Case):
    def serve_with_run(self, state, *target_arguments, **config):
        target = self.target(*target_arguments)
        serve = self.serve("--state", state)
        run = serve.start(target.url, **{"connections": 30, "duration": "10m", **config})
        serve.wait_for_second(run)
        return serve, run, serve.child()

    def test_a_run_whose_server_was_killed_ends_in_order_and_is_found_again(self):
        state = holdfast.folder(self.addCleanup) / "state"
        serve, run, child = self.serve_with_run(state)
        killed = time.monotonic()
        serve.process.kill()
        holdfast.eventually(lambda: process_is_gone(child), "the run has ended")
        took = time.monotonic() - killed
        self.assertLess(took, 10, "2 s where nothing else goes on")
        again = self.serve("--state", state)
        found = again.wait_for_end(run)
        self.assertEqual(found["verdict"], "inconclusive")
        report = again.get(f"/api/v1/runs/{run}/report.json").json
        holdfast.check_report(report)
        self.assertTrue(report["run"]["interrupted"])
        self.assertEqual(sum(report["connections"]["drain"]["outcomes"].values()), 30)
        self.assertEqual([name for name, _, _ in again.events(run)][0], "finding")

    def test_what_is_outstanding_is_not_waited_for_without_a_server(self):
        state = holdfast.folder(self.addCleanup) / "state"
        serve, run, child = self.serve_with_run(state, "--stall", "0", timeout="1h", no_check=True)
        killed = time.monotonic()
        serve.process.kill()
        holdfast.eventually(lambda: process_is_gone(child), "the run has ended")
        self.assertLess(time.monotonic() - killed, 10, "3 s where nothing else goes on")
        report = json.loads((state / run / "report.json").read_text())
        holdfast.check_report(report)
        self.assertEqual(report["requests"]["unfinished"], 30)

    def test_a_run_that_still_ends_is_listed_as_that(self):
        state = holdfast.folder(self.addCleanup) / "state"
        serve, run, child = self.serve_with_run(state)
        serve.process.kill()
        holdfast.eventually(lambda: process_is_gone(child), "the run has ended")
        lock = os.open(state / run, os.O_RDONLY | os.O_DIRECTORY)  # as the run holds it while it ends
        fcntl.flock(lock, fcntl.LOCK_EX)
        again = self.serve("--state", state)
        self.assertEqual(again.run(run)["state"], "stopping")
        self.assertIsNone(again.run(run)["verdict"])
        self.check_problem(again.get(f"/api/v1/runs/{run}/report.json"), 409)
        os.close(lock)
        self.assertEqual(again.wait_for_end(run)["verdict"], "inconclusive")

    def test_a_run_that_was_killed_is_what_its_timeline_says(self):
        state = holdfast.folder(self.addCleanup) / "state"
        serve, run, child = self.serve_with_run(state)
        os.kill(child, signal.SIGKILL)
        found = serve.wait_for_end(run)
        self.assertEqual(found["verdict"], "inconclusive")
        self.assertEqual(serve.get(f"/api/v1/runs/{run}/report.json").json["connections"]["target"], 30)
        self.assertEqual(serve.get(f"/api/v1/runs/{run}/report.html").status, 200)
        next_run = serve.start(self.target().url, connections=1, duration="1s")
        self.assertEqual(serve.wait_for_end(next_run)["verdict"], "held")

    def test_sigterm_ends_the_run_and_then_the_server(self):
        state = holdfast.folder(self.addCleanup) / "state"
        serve, run, _ = self.serve_with_run(state)
        self.assertEqual(serve.terminate(), 0)
        report = json.loads((state / run / "report.json").read_text())
        holdfast.check_report(report)
        self.assertTrue(report["run"]["interrupted"])

    def test_without_a_state_folder_nothing_is_left(self):
        folder = holdfast.folder(self.addCleanup)
        serve = self.serve(env={"TMPDIR": str(folder)})
        run = serve.start(self.target().url, connections=1, duration="1s")
        serve.wait_for_end(run)
        self.assertEqual(len(list(folder.iterdir())), 1)
        self.assertEqual(serve.terminate(), 0)
        self.assertEqual(list(folder.iterdir()), [])

    def test_a_folder_with_links_is_not_followed(self):
        folder = holdfast.folder(self.addCleanup)
        (folder / "secret").write_text("secret")
        (folder / "state" / NO_RUN).mkdir(parents=True)
        (folder / "state" / NO_RUN / "report.html").symlink_to(folder / "secret")
        (folder / "state" / NO_RUN.replace("0", "1")).symlink_to(folder)
        serve = self.serve("--state", folder / "state")
        self.check_problem(serve.get(f"{RUN}/report.html"), 404)
        self.assertEqual([run["id"] for run in serve.get("/api/v1/runs").json["runs"]], [NO_RUN])
        self.assertEqual(holdfast.plainly("serve", "--state", str(folder / "state"))[0], 2)  # in use


class Crowds(Case):
    def test_slow_clients_and_listeners_that_never_read_hold_up_nobody(self):
        serve = self.serve()
        run = serve.start(self.target().url, connections=20, duration="10m")
        serve.wait_for_second(run)
        with contextlib.ExitStack() as clients:
            for i in range(250):
                client = clients.enter_context(socket.create_connection((serve.address, serve.port)))
                head = f"Host: {serve.host}\r\nAuthorization: Bearer {serve.token}\r\n"
                if i < 50:  # of these half read nothing
                    client.sendall(f"GET /api/v1/runs/{run}/events HTTP/1.1\r\n{head}\r\n".encode())
                elif i < 150:
                    client.sendall(b"GET /hea")
                else:
                    client.sendall(f"POST /api/v1/runs HTTP/1.1\r\n{head}Content-Type: {JSON}\r\nContent-Length: 100\r\n\r\n{{"
                                   .encode())
            self.assertEqual(serve.get("/healthz").status, 200)
            before = serve.run(run)["last"]["t"]
            holdfast.eventually(lambda: serve.run(run)["last"]["t"] > before + 1, "the run goes on")
            self.assertIn("holdfast_serve_listeners 50\n", serve.get("/metrics").body.decode())
        holdfast.eventually(lambda: "holdfast_serve_listeners 0\n" in serve.get("/metrics").body.decode(),
                            "listeners that are gone are noticed")
        serve.post(f"/api/v1/runs/{run}/stop")
        self.assertEqual(serve.wait_for_end(run)["verdict"], "inconclusive")

    def test_a_client_that_sends_nothing_is_ended_in_time(self):
        serve = self.serve()
        with socket.create_connection((serve.address, serve.port), holdfast.TIMEOUT_SECONDS) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            self.assertEqual(client.recv(1), b"")


if __name__ == "__main__":
    holdfast.main()
