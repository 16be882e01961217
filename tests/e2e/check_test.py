#!/usr/bin/env python3
"""holdfast check: does the plan fit this machine and this server? One request at most, and no load."""

import json
import os
import subprocess
import unittest

import holdfast
from holdfast import nginx, own_network
from rude import Rude
from seccomp import ENOSYS, EPERM, filtered
from sparring import Target, accepted, read, rule


def file_limit(files):
    return ("prlimit", f"--nofile={files}:{files}")


class Case(unittest.TestCase):
    def check(self, *arguments, prefix=()):
        result = holdfast.soak("check", *arguments, prefix=prefix)
        c, r = result.connections, result.requests
        self.assertEqual((0, 0, 0), (c["attempted"], r["sent"], len(result.report["generator"]["workers"])))
        self.assertIsNone(result.report["run"]["hold_seconds"], "not measured is null")
        return result

    def status(self, result, code):
        finding = result.finding(code)
        return finding and finding["status"]


class FitTest(Case):
    def test_a_plan_that_fits_is_exit_0_after_one_request(self):
        with nginx() as server:
            result = self.check("-c", "100", server.url)
            self.assertEqual((0, "held"), (result.code, result.verdict))
            self.assertEqual(1, server.access_lines())
            self.assertEqual({"ok"}, {finding["status"] for finding in result.report["findings"]})
        self.assertIn("the plan fits", result.out)
        self.assertEqual("", result.err)
        for said in ("io_uring", "descriptors", "source ports", "memory", "HEAD -> 200", "HTTP/1.1", "keep-alive"):
            self.assertIn(said, result.out)
        self.assertTrue(result.report["target"]["server_header"].startswith("nginx"))
        self.assertEqual("1.1", result.report["target"]["http"])

    def test_the_request_is_the_plans_and_head_for_methods_that_change_something(self):
        for asked, made in (("HEAD", "HEAD"), ("GET", "GET"), ("POST", "HEAD"), ("DELETE", "HEAD")):
            with self.subTest(method=asked), nginx() as server:
                self.assertEqual(0, self.check("-X", asked, "-H", "User-Agent: me/1", server.url + "p?q").code)
                line, = server.access_log.read_text().splitlines()
                self.assertIn(f'"{made} /p?q HTTP/1.1"', line)
                self.assertIn('"me/1"', line)

    def test_the_status_page_is_asked_too(self):
        with nginx() as server:
            result = self.check("--server-status", server.status_url, server.url)
            self.assertEqual((0, "ok"), (result.code, self.status(result, "server_status")))
            # The preflight's, the page's, and this one; which sees itself.
            self.assertEqual(3, server.stub_status()["requests"])

    def test_it_leaves_no_connection_behind(self):
        with Target() as target:
            self.assertEqual(0, self.check(target.url).code)
            stats = target.stats_when_closed()
        self.assertEqual((1, 1), (accepted(stats), read(stats)))

    def test_json_on_standard_output_is_alone_there(self):
        with nginx() as server:
            code, out, err = holdfast.plainly("check", "--json", "-", server.url)
        self.assertEqual(0, code)
        holdfast.check_report(json.loads(out), code)
        self.assertIn("the plan fits", err)

    def test_a_warning_does_not_change_the_exit_code(self):
        with nginx() as server:
            result = self.check("-d", "2h", server.url)
            self.assertEqual((0, "warn"), (result.code, self.status(result, "keepalive_time")))
            self.assertRegex(result.out, r"\nthe plan fits, with \d warnings?: .*keepalive_time.*\.\n\Z")
        with Target("--status", "503") as target:
            result = self.check(target.url)
            self.assertEqual((0, "warn"), (result.code, self.status(result, "target")))


class QuietTest(Case):
    def test_nothing_is_said_of_what_is_well(self):
        with nginx() as server:
            result = self.check("-q", server.url)
        self.assertEqual((0, "", ""), (result.code, result.out, result.err))

    def test_only_warn_and_fail_are_printed(self):
        with nginx("short-keepalive") as server:
            result = self.check("-q", "-d", "2h", server.url)
        self.assertEqual(1, result.code)
        marks = {line.split()[0] for line in result.out.splitlines() if line.startswith("  ")} - {"do", "or"}
        self.assertEqual({"warn", "FAIL"}, marks)


class KeepAliveTest(Case):
    def test_a_server_that_closes_too_early_fails_the_check(self):
        with nginx("short-keepalive") as server:
            result = self.check(server.url)
            self.assertEqual((1, "broke", "fail"), (result.code, result.verdict, self.status(result, "keep_alive")))
            self.assertIn("timeout=5", result.out)
            self.assertIn("--keepalive 5", result.out)
            self.assertEqual(1, server.access_lines())
            remedy = self.check("--keepalive", "5", server.url)
            self.assertEqual((0, "ok"), (remedy.code, self.status(remedy, "keep_alive")))

    def test_the_same_is_a_warning_in_a_run(self):
        with nginx("short-keepalive") as server:
            result = holdfast.soak("-c", "5", "-d", "300ms", server.url)
        self.assertEqual((0, "held", "warn"), (result.code, result.verdict, self.status(result, "keep_alive")))
        self.assertIn("warn", result.err)

    def test_a_server_that_closes_after_the_answer_fails_the_check_and_breaks_the_run(self):
        with Target("--close-announced", "1") as target, Rude() as rude:
            for url in (target.url, rude.url("/http10")):
                with self.subTest(url=url):
                    result = self.check(url)
                    self.assertEqual((1, "broke", "fail"), (result.code, result.verdict, self.status(result, "keep_alive")))
                    result = holdfast.soak("-c", "5", "-d", "1s", url)
                    self.assertEqual((1, "warn", {"closed_announced": 5}),
                                     (result.code, self.status(result, "keep_alive"), result.outcomes))
            self.assertEqual(1 + 1 + 5, rule(target.stats_when_closed(), "close-announced=1")["fired"])


class NoTargetTest(Case):
    def test_nobody_there_is_exit_5(self):
        with Rude() as rude:
            result = self.check(f"http://127.0.0.1:{rude.refused_port}/")
        self.assertEqual((5, "no_target", "fail"), (result.code, result.verdict, self.status(result, "target")))
        self.assertEqual("server", result.finding("target")["side"])

    def test_a_reset_is_called_one_whether_the_request_was_out_or_not(self):
        with Target("--fault", "accept-reset") as target:
            for _ in range(10):
                result = self.check("-q", target.url)
                self.assertEqual((5, "no_target"), (result.code, result.verdict))
                self.assertIn("Connection reset by peer", result.finding("target")["text"])
            # Each asks for TLS too, as a port that speaks it may reset what is none.
            self.assertIn("20 accept_reset\n", target.finish()[1])


class UnfitTest(Case):
    """What this machine does not give is exit 3, with the remedy, and the server is not asked."""

    def unfit(self, result, code):
        self.assertEqual((3, "unfit", "fail"), (result.code, result.verdict, self.status(result, code)), result.err)
        finding = result.finding(code)
        self.assertEqual("tester", finding["side"])
        self.assertLess(0, len(finding["do"]))
        self.assertEqual("skipped", self.status(result, "target"))
        self.assertIn("FAIL", result.out)
        return finding

    def test_too_few_descriptors_are_unfit(self):
        with Target() as target:
            result = self.check("-c", "100", "-w", "1", target.url, prefix=file_limit(64))
            finding = self.unfit(result, "descriptors")
            self.assertEqual((100, 58), (finding["asked"], finding["have"]))
            # The remedy is one.
            self.assertTrue(finding["do"][0].startswith("--workers 2 "))
            self.assertEqual(0, self.check("-c", "100", "-w", "2", target.url, prefix=file_limit(64)).code)
            self.assertEqual(1, accepted(target.stats_when_closed()))

    def test_too_few_ports_are_unfit(self):
        own_network(ports=(40000, 40009))
        with Target(port=8080) as target:
            finding = self.unfit(self.check("-c", "11", target.url), "source_ports")
            self.assertEqual((11, 10), (finding["asked"], finding["have"]))
            self.assertEqual(0, accepted(target.stats()))

    def test_a_seccomp_filter_is_told_from_other_reasons(self):
        for errno in (EPERM, ENOSYS):
            with self.subTest(errno=errno), Target() as target:
                finding = self.unfit(self.check("--engine", "uring", target.url, prefix=filtered(errno)), "io_uring")
                self.assertIn("seccomp", finding["text"])
                self.assertIn("seccomp", finding["do"][0])
                self.assertEqual(0, accepted(target.stats()))

    def test_without_a_ring_a_run_is_unfit_too_even_unchecked(self):
        with Target() as target:
            for arguments in ((), ("--no-check",)):
                result = holdfast.soak("-c", "5", "-d", "1s", "--engine", "uring", *arguments, target.url,
                                       prefix=filtered(EPERM))
                self.assertEqual((3, "unfit", 0), (result.code, result.verdict, result.connections["attempted"]))
            self.assertEqual(0, accepted(target.stats()))

    def test_a_small_memlock_limit_is_no_matter_or_is_named(self):
        # Since 5.12 a ring is charged to the control group; before, to RLIMIT_MEMLOCK.
        prefix = ["prlimit", "--memlock=0:0"]
        if os.geteuid() == 0:
            prefix += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*prefix, "test", "-x", holdfast.PROGRAM], check=False, capture_output=True).returncode:
            self.skipTest("nobody may not run the program where it lies, or there is no setpriv")
        with Target() as target:
            code, out, err = holdfast.plainly("check", "-c", "5", "--engine", "uring", target.url, prefix=prefix)
        self.assertIn(code, (0, 3), out + err)
        self.assertIn("locked-memory" if code else "ok    io_uring", out)


if __name__ == "__main__":
    holdfast.main()
