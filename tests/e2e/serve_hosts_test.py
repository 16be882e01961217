#!/usr/bin/env python3
"""Runs of holdfast serve that are spread over many hosts: serve's own --hosts and --remote say which and how."""

import json
import os
import pathlib
import signal
import time
import unittest
import uuid

import holdfast
from hosts import FOLDER, REMOTE, hit, on_host, parts
from namespaces import Hosts
from serve import Serve, process_is_gone
from sparring import Target

NO_REPORT = "a part that its leader hears of leaves no report of its own"


class Case(unittest.TestCase):
    def setUp(self):
        self.marker = uuid.uuid4().hex
        self.state = holdfast.folder(self.addCleanup) / "state"

    def serve(self, *arguments, hosts="h1,h2,h3", remote=REMOTE):
        serve = Serve("--hosts", hosts, "--remote", remote, "--state", self.state, *arguments,
                      env={holdfast.MARKER: self.marker})
        self.addCleanup(serve.__exit__)
        return serve

    def target(self, *arguments, **options):
        target = Target(*arguments, **options)
        self.addCleanup(target.__exit__, None, None, None)
        return target

    def start(self, serve, target, **config):
        return serve.start(target.url, **{"connections": 40, "ramp": "1000", "interval": "100ms", "duration": "10m",
                                          "hosts": "h1,h2", **config})

    def report(self, serve, run):
        report = serve.get(f"/api/v1/runs/{run}/report.json").json
        holdfast.check_report(report)
        return report

    def hold(self, serve, run):
        """All connections are there."""
        def held():
            last = serve.run(run)["last"]
            return last and last["phase"] == "hold" and last["connections"]["live"] == last["connections"]["target"]
        holdfast.eventually(held, "the hold has begun")

    def check_refused(self, serve, config, word, path="/api/v1/runs"):
        answer = serve.post(path, {"url": "http://127.0.0.1:9/", **config})
        self.assertEqual(answer.status, 422, answer.body)
        self.assertIn(word, answer.json["detail"])
        self.assertNotIn("\n", answer.json["detail"])

    def check_nothing_is_left(self):
        holdfast.eventually(lambda: not parts(self.marker), "no part is left")
        self.assertEqual([], list(pathlib.Path(".").glob("holdfast-part-*.json")), NO_REPORT)


class Runs(Case):
    def test_a_run_over_hosts_from_its_start_to_its_reports(self):
        target, serve = self.target(), self.serve()
        self.assertEqual(serve.get("/api/v1/hosts").json, {"hosts": ["h1", "h2", "h3"]})
        run = self.start(serve, target, duration="4s", hosts="h1,h3")
        self.hold(serve, run)
        self.assertEqual((True, False, True), tuple(bool(on_host(name, self.marker)) for name in ("h1", "h2", "h3")))
        self.assertEqual(serve.run(run)["hosts"], "h1,h3")
        self.assertEqual(serve.post(f"/api/v1/runs/{run}/marks", {"text": "reload"}).status, 202)
        names = [name for name, _, _ in serve.events(run)]
        self.assertEqual((names[0], names[-1]), ("finding", "verdict"))
        self.assertLessEqual({"phase", "second", "mark"}, set(names))
        ended = serve.wait_for_end(run)
        self.assertEqual((ended["verdict"], ended["exit_code"], ended["hosts"]), ("held", 0, "h1,h3"), ended)
        report = self.report(serve, run)
        self.assertEqual([("h1", 20, "ok", "held", 20), ("h3", 20, "ok", "held", 20)],
                         [tuple(host[name] for name in ("name", "share", "state", "verdict", "live")) for host in report["hosts"]])
        self.assertEqual(("h1,h3", "env ***"), (report["plan"]["hosts"], report["plan"]["remote"]))
        self.assertEqual([], report["plan"]["resolve"])
        self.assertEqual(["reload"], [mark["text"] for mark in report["marks"] if mark["kind"] != "pause"])
        page = serve.get(f"/api/v1/runs/{run}/report.html").body.decode()
        self.assertRegex(page, r"<h2>Hosts</h2>(?s:.*)>h1<(?s:.*)>h3<")
        for file in ("report.hgrm", "junit.xml", "chart.svg", "times.svg", "live.svg", "timeline"):
            self.assertEqual(serve.get(f"/api/v1/runs/{run}/{file}").status, 200, file)
        metrics = serve.get("/metrics").body.decode()
        self.assertRegex(metrics, r"(?m)^holdfast_connections_target(\{.*\})? 40$")
        self.assertRegex(metrics, r'(?m)^holdfast_connections_ended_total\{.*outcome="closed_idle".*\} 0$')
        self.check_nothing_is_left()
        serve.terminate()
        again = self.serve().run(run)
        self.assertEqual((again["hosts"], again["verdict"]), ("h1,h3", "held"))

    def test_a_run_that_names_no_hosts_is_of_this_machine(self):
        target, serve = self.target(), self.serve()
        run = serve.start(target.url, connections=10, duration="10m")
        serve.wait_for_second(run)
        self.assertEqual([], parts(self.marker))
        self.assertIsNone(serve.run(run)["hosts"])
        serve.post(f"/api/v1/runs/{run}/stop")
        serve.wait_for_end(run)
        self.assertNotIn("hosts", self.report(serve, run))

    def test_a_name_is_on_every_host_what_it_resolved_to_when_it_was_checked(self):
        target = self.target("--reset-after", "2")
        serve = self.serve("--allow-target", f"127.0.0.1:{target.port}")
        run = serve.start(f"http://shop.invalid:{target.port}/", connections=10, duration="3s", interval="100ms", hosts="h1,h2",
                          resolve=f"SHOP.invalid:{target.port}:127.0.0.1", reconnect="backoff=10ms..100ms",
                          require=["attempted>=11"])
        self.assertEqual(serve.wait_for_end(run)["verdict"], "held")
        report = self.report(serve, run)
        self.assertEqual(report["target"]["addresses"], [f"127.0.0.1:{target.port}"])
        self.assertEqual(report["plan"]["resolve"], [f"SHOP.invalid:{target.port}:127.0.0.1"])

    def test_a_name_that_only_the_server_knows_is_known_to_its_hosts(self):
        target = self.target()
        serve = self.serve("--allow-target", "localhost",
                           remote=f"env ON_HOST={{host}} PATH={self.listening()}:$PATH")
        run = serve.start(f"http://localhost:{target.port}/", connections=10, duration="1s", hosts="h1,h2")
        found = serve.wait_for_end(run)
        self.assertEqual(found["verdict"], "held", found)
        asked = (self.state.parent / "asked").read_text()
        self.assertIn("--resolve=localhost:", asked)
        self.assertEqual(self.report(serve, run)["target"]["addresses"][0].rpartition(":")[0], "127.0.0.1")

    def listening(self):
        """A folder with a holdfast that keeps what it is asked for."""
        folder = holdfast.folder(self.addCleanup)
        (folder / "holdfast").write_text(f"#!/bin/sh\ntee -a {self.state.parent}/asked | {FOLDER}/holdfast \"$@\"\n")
        (folder / "holdfast").chmod(0o755)
        return folder

    def test_a_run_that_says_no_time_ends_with_max_duration(self):
        target, serve = self.target(), self.serve("--max-duration", "2s", "--max-connections", "40")
        run = self.start(serve, target, duration=0)
        self.assertEqual(serve.wait_for_end(run)["verdict"], "held", "its end was to be told")
        self.check_refused(serve, {"hosts": "h1,h2", "connections": 41}, "--max-connections")
        self.check_refused(serve, {"hosts": "h1,h2", "connections": 40, "duration": "3s"}, "--max-duration")
        config = {"url": "http://10.0.0.1/", "hosts": "h1", "connections": 40, "duration": 1}
        self.assertEqual(serve.post("/api/v1/runs", config).status, 403)

    def test_hosts_with_networks_of_their_own_connect_from_there(self):
        holdfast.own_network()
        hosts = holdfast.or_skip(Hosts, "h1", "h2")
        self.addCleanup(hosts.stop)
        shell = hosts.remote_shell(self.state.parent / "shell")
        target = self.target(address=hosts.gateway)
        serve = self.serve("--allow-target", hosts.gateway, hosts="h1,h2", remote=f"{shell} {{host}} env PATH={FOLDER}:$PATH")
        run = self.start(serve, target, duration="2s")
        found = serve.wait_for_end(run)
        self.assertEqual(found["verdict"], "held", found)
        self.assertEqual([20, 20], [host["live"] for host in self.report(serve, run)["hosts"]])


class Refusals(Case):
    def test_hosts_that_are_none_of_the_servers_are_refused_with_those_that_are(self):
        serve = self.serve()
        for hosts in ("h4", "h1,h4", "", "@/etc/hosts", "h1;id", "-oProxyCommand=id", "h1,", "h" * 60000,
                      ",".join(f"n{i}" for i in range(300))):
            self.check_refused(serve, {"hosts": hosts}, "is none of the hosts of this server: h1, h2, h3: ")
        self.check_refused(serve, {"hosts": "h1,h1"}, "each once")
        self.check_refused(serve, {"hosts": ["h1", "h2"]}, "a list is refused")
        self.check_refused(serve, {"hosts": "h1,h2", "connections": 1}, "one at least for each")
        self.assertEqual(serve.get("/api/v1/runs").json, {"runs": []})

    def test_the_command_is_the_servers_alone(self):
        serve = self.serve()
        for hosts in ({}, {"hosts": "h1"}):
            self.check_refused(serve, {**hosts, "remote": "sh -c id {host}"}, "--remote: refused here: it is an option of holdfast serve")

    def test_a_server_without_hosts_has_none(self):
        serve = Serve()
        self.addCleanup(serve.__exit__)
        self.assertEqual(serve.get("/api/v1/hosts").json, {"hosts": []})
        for path in ("/api/v1/runs", "/api/v1/checks"):
            self.check_refused(serve, {"remote": "sh {host}"}, "refused here", path)
            self.check_refused(serve, {"hosts": "h1"}, "refused", path)

    def test_a_check_is_of_this_machine(self):
        self.check_refused(self.serve(), {"hosts": "h1"}, "each host checks its own share", "/api/v1/checks")

    def test_what_the_server_cannot_use_is_refused_at_its_start(self):
        for arguments, word in ((("--hosts", "h1,h1"), "each once"), (("--hosts", "h1 h2"), "--hosts"), (("--hosts", ""), "--hosts"),
                                (("--hosts", "h1", "--remote", "ssh"), "{host}"), (("--remote", "ssh {host}"), "--remote without --hosts"),
                                (("--hosts", "h1", "--on-host-loss", "stop"), "--on-host-loss")):
            code, out, err = holdfast.plainly("serve", *arguments)
            with self.subTest(arguments=arguments):
                self.assertEqual((code, out), (2, ""))
                self.assertIn(word, err)


class Losses(Case):
    def test_stop_ends_all_hosts_in_order(self):
        target, serve = self.target(), self.serve()
        run = self.start(serve, target)
        self.hold(serve, run)
        for _ in range(3):
            self.assertEqual(serve.post(f"/api/v1/runs/{run}/stop").status, 202)
        self.assertEqual(serve.wait_for_end(run)["verdict"], "inconclusive")
        report = self.report(serve, run)
        self.assertTrue(report["run"]["interrupted"])
        self.assertEqual(["ok", "ok"], [host["state"] for host in report["hosts"]])
        self.assertEqual({"drained": 40}, {name: n for name, n in report["connections"]["drain"]["outcomes"].items() if n})
        self.check_nothing_is_left()

    def test_a_stop_before_the_load_is_one_too(self):
        serve, target = self.serve(remote="env ON_HOST={host} sh -c 'exec sleep 600'"), self.target()
        run = self.start(serve, target)
        holdfast.eventually(lambda: len(parts(self.marker)) == 2, "both hosts are asked")
        self.assertEqual(serve.post(f"/api/v1/runs/{run}/stop").status, 202)
        found = serve.wait_for_end(run)
        self.assertEqual(found["verdict"], "inconclusive", found)
        self.check_nothing_is_left()

    def test_a_host_that_is_lost_costs_its_share(self):
        target, serve = self.target(), self.serve()
        run = self.start(serve, target, duration="8s")
        self.hold(serve, run)
        hit("h2", self.marker, signal.SIGKILL)
        self.assertEqual(serve.wait_for_end(run)["verdict"], "inconclusive")
        report = self.report(serve, run)
        self.assertEqual([("h1", "ok", 20, 0), ("h2", "lost", 0, 20)],
                         [tuple(host[name] for name in ("name", "state", "live", "lost_connections")) for host in report["hosts"]])
        page = serve.get(f"/api/v1/runs/{run}/report.html").body.decode()
        self.assertRegex(page, r"<h2>Hosts</h2>(?s:.*)lost at ")

    def test_a_loss_may_end_all(self):
        target, serve = self.target(), self.serve()
        run = self.start(serve, target, on_host_loss="stop")
        self.hold(serve, run)
        hit("h1", self.marker, signal.SIGKILL)
        self.assertEqual(serve.wait_for_end(run)["verdict"], "inconclusive")
        self.check_nothing_is_left()

    def test_a_host_that_is_not_reached_is_named_with_what_was_said(self):
        target = self.target()
        for remote, said in (("sh -c 'echo no route to {host} >&2; exit 255'", "no route to h"),
                             ("/nowhere/at-all {host}", "not found")):
            with Serve("--hosts", "h1,h2", "--remote", remote) as serve:
                found = serve.wait_for_end(self.start(serve, target))
                self.assertEqual((found["verdict"], found["exit_code"]), ("unfit", 3), found)
                report = self.report(serve, found["id"])
                self.assertRegex(" ".join(report["verdict"]["reasons"]), rf"host h[12]: its command here ended .*{said}")

    def test_sigterm_ends_all_hosts_and_then_the_server(self):
        target, serve = self.target(), self.serve()
        run = self.start(serve, target)
        self.hold(serve, run)
        self.assertEqual(serve.terminate(), 0)
        report = json.loads((self.state / run / "report.json").read_text())
        holdfast.check_report(report)
        self.assertTrue(report["run"]["interrupted"])
        self.assertEqual(["ok", "ok"], [host["state"] for host in report["hosts"]])
        self.check_nothing_is_left()

    def kill_the_server(self, *target_arguments, **config):
        target, serve = self.target(*target_arguments), self.serve()
        run = self.start(serve, target, **config)
        serve.wait_for_second(run)
        child, killed = serve.child(), time.monotonic()
        serve.process.kill()
        holdfast.eventually(lambda: process_is_gone(child), "the run has ended")
        took = time.monotonic() - killed
        report = json.loads((self.state / run / "report.json").read_text())
        holdfast.check_report(report)
        self.assertEqual(["ok", "ok"], [host["state"] for host in report["hosts"]])
        self.check_nothing_is_left()
        self.assertLess(took, 10, "2 s where nothing else goes on")
        found = self.serve().wait_for_end(run)
        self.assertEqual((found["verdict"], found["hosts"]), ("inconclusive", "h1,h2"))
        return report

    def test_a_run_whose_server_was_killed_ends_in_order_on_all_hosts(self):
        report = self.kill_the_server()
        self.assertTrue(report["run"]["interrupted"])
        self.assertEqual(sum(report["connections"]["drain"]["outcomes"].values()), 40)

    def test_what_is_outstanding_on_hosts_is_not_waited_for_without_a_server(self):
        report = self.kill_the_server("--stall", "0", timeout="1h", no_check=True)
        self.assertEqual(report["requests"]["unfinished"], 40)

    def test_a_run_that_was_killed_is_over_whatever_its_hosts_still_do(self):
        target, serve = self.target(), self.serve()
        run = self.start(serve, target)
        self.hold(serve, run)
        held = {os.readlink(path) for pid in parts(self.marker) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
        self.assertEqual([], [path for path in held if str(self.state) in path], "the folder is the run's alone")
        os.kill(serve.child(), signal.SIGKILL)
        found = serve.wait_for_end(run)
        self.assertEqual(found["verdict"], "inconclusive")
        self.assertEqual(self.report(serve, run)["connections"]["target"], 40)
        holdfast.eventually(lambda: not parts(self.marker), "no part is left")


if __name__ == "__main__":
    holdfast.main()
