#!/usr/bin/env python3
"""What is ours in the preflight: our errors are not the target's, nothing is waited for that cannot come, and its CPU is
not the run's. And what the preflight sees behind the answer."""

import ctypes
import errno
import json
import os
import platform
import socket
import struct
import subprocess
import threading
import time
import unittest

import holdfast
import seccomp
from holdfast import own_network, soak

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN, ERRNO, ALLOW = 0x20, 0x15, 0x06, 0x00050000, 0x7FFF0000
FIRST_ARGUMENT = 16  # in struct seccomp_data
STREAM_ANSWERS = {
    "excess": OK + b"x",
    "body behind HEAD": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "two answers": OK + OK,
}


def refuse_sockets(family, error):
    """From now on socket(2) of that family has this errno, in this process and its children."""
    steps = [(LOAD, 0, 0, 0), (EQUAL, 0, 3, SOCKET_CALL.get(platform.machine(), -1) & 0xFFFFFFFF),
             (LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 0, 1, family), (RETURN, 0, 0, ERRNO | error), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if platform.machine() not in SOCKET_CALL or libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0):
        raise unittest.SkipTest("no seccomp filters here")


class Plain:
    """Answers each request with what answer(request) gives, and does behind(connection) then."""

    def __init__(self, answer=lambda request: OK, behind=None):
        self.answer, self.behind, self.requests = answer, behind, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection = self.listener.accept()[0]
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while got := connection.recv(65536):
                self.requests.append(got)
                connection.sendall(self.answer(got))
                if self.behind:
                    self.behind(connection)
        except OSError:
            pass
        connection.close()


class OurErrnoTest(unittest.TestCase):
    def test_an_errno_of_our_own_side_is_unfit(self):
        target = Plain()
        for error in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EACCES, errno.EPERM,
                      errno.ENOSYS):
            with self.subTest(errno=errno.errorcode[error]):
                pid = os.fork()
                if pid == 0:
                    os._exit(self._unfit(target, error))
                self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    def _unfit(self, target, error):
        try:
            refuse_sockets(socket.AF_INET, error)
        except unittest.SkipTest as skipped:
            holdfast.skip_part(str(skipped))
            return 0
        result = soak("run", "-c", "2", "-d", "200ms", "-q", target.url)
        finding = result.finding("target")
        right = (result.code, finding["side"], finding["status"]) == (3, "tester", "fail") and finding["do"]
        if not right:
            print(result.code, finding, result.err)
        return 0 if right else 1

    def test_a_route_that_forbids_is_unfit_and_without_the_preflight_inconclusive(self):
        own_network()
        try:
            subprocess.run("ip route add prohibit 198.51.100.0/24".split(), check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as failed:
            self.skipTest(f"ip route: {failed}")
        plan = ("-c", "3", "-d", "300ms", "-q", "http://198.51.100.1/")
        self.assertEqual((3, "unfit"), (lambda r: (r.code, r.verdict))(soak("run", *plan)))
        self.assertEqual((3, "unfit"), (lambda r: (r.code, r.verdict))(soak("check", *plan[:2], *plan[4:])))
        self.assertEqual((4, "inconclusive"), (lambda r: (r.code, r.verdict))(soak("run", "--no-check", *plan)))

    def test_a_filter_that_forbids_reading_is_unfit(self):
        recvfrom = {"x86_64": 45, "aarch64": 207}.get(platform.machine())
        if recvfrom is None:
            self.skipTest(f"what recvfrom(2) is on {platform.machine()}")
        target = Plain()
        for answer in (seccomp.EPERM, seccomp.ENOSYS):
            report = holdfast.folder(self.addCleanup) / "run.json"
            command = (*seccomp.filtered(answer, recvfrom), holdfast.PROGRAM, "run", "-c", "2", "-d", "200ms", "-q",
                       "--json", report, target.url)
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            self.assertEqual(3, done.returncode, done.stderr)
            finding = next(f for f in json.loads(report.read_text())["findings"] if f["code"] == "target")
            self.assertEqual(("tester", "fail"), (finding["side"], finding["status"]))

    def test_a_call_that_workers_need_and_a_filter_forbids_is_no_limit_of_processes(self):
        pidfd_open = 434  # the same on all architectures
        for answer in (seccomp.EPERM, seccomp.ENOSYS):
            command = (*seccomp.filtered(answer, pidfd_open), holdfast.PROGRAM, "run", "-c", "2", "-d", "200ms", "-q", Plain().url)
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            self.assertEqual(3, done.returncode, done.stderr)
            self.assertIn("seccomp", done.stdout)
            self.assertNotIn("ulimit", done.stdout)

    def test_a_target_that_is_not_there_is_still_no_target(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.assertEqual(5, soak("run", "-c", "2", "-d", "200ms", "-q", f"http://127.0.0.1:{port}/").code)


class NoWaitTest(unittest.TestCase):
    def test_a_status_page_whose_socket_cannot_be_made_is_not_waited_for(self):
        target = Plain()
        port = target.listener.getsockname()[1]
        refuse_sockets(socket.AF_INET6, errno.EAFNOSUPPORT)
        page = ("--server-status", f"http://[::1]:{port}/status")
        for command in (("check", "-c", "5"), ("run", "-c", "5", "-d", "200ms"), ("capacity", "-c", "4", "--hold-each", "100ms")):
            with self.subTest(command=command[0]):
                code, _, err = holdfast.plainly(*command, "-q", *page, target.url)
                self.assertEqual(2, code, err)
                self.assertIn("holdfast: --server-status: http://[::1]", err)
        code, _, err = holdfast.plainly("run", "-c", "5", "-d", "500ms", "-i", "100ms", "-q", "--no-check", *page, target.url)
        self.assertEqual(0, code, err)


class MistakeTest(unittest.TestCase):
    def test_a_mistake_names_its_option_once(self):
        target = Plain()
        for option, value in (("--server-pid", "4194303"), ("--server-log", "/nowhere/log"), ("--server-status", target.url)):
            with self.subTest(option=option):
                code, _, err = holdfast.plainly("run", "-c", "2", "-q", option, value, target.url)
                self.assertEqual(2, code)
                self.assertEqual(1, err.count(option), err)
                self.assertTrue(err.startswith(f"holdfast: {option}: "), err)
                self.assertNotIn(option[2:].replace("-", "_") + ":", err)


class BehindTest(unittest.TestCase):
    def judge(self, target, outcome):
        checked = soak("check", "-c", "5", target.url)
        finding = checked.finding("keep_alive")
        self.assertEqual((1, "broke", "fail"), (checked.code, checked.verdict, finding["status"]), checked.out)
        self.assertIn(outcome, finding["text"])
        run = soak("run", "-c", "5", "-d", "200ms", "-q", target.url)
        self.assertEqual("warn", run.finding("keep_alive")["status"])

    def test_bytes_that_nobody_asked_for_are_seen(self):
        for name, answer in STREAM_ANSWERS.items():
            with self.subTest(answer=name):
                self.judge(Plain(lambda request, a=answer: a), "unsolicited")
        with self.subTest(answer="a moment later"):
            self.judge_a_moment_later()

    def judge_a_moment_later(self):
        """Within the 50 ms that are waited behind an answer; where a busy machine kept the server or us from it, once
        more."""
        def behind(connection):
            time.sleep(0.01)
            connection.sendall(b"HTTP/1.1 200")

        TIMES = 20
        for again in reversed(range(TIMES)):
            try:
                return self.judge(Plain(behind=behind), "unsolicited")
            except AssertionError:
                if not again:
                    raise

    def test_an_end_behind_the_answer_is_seen(self):
        self.judge(Plain(behind=lambda connection: connection.shutdown(socket.SHUT_RDWR)), "closed_idle")
        self.judge(Plain(behind=lambda connection: connection.sendall(b"HTTP/1.1 408 Too late\r\n\r\n")), "closed_idle")

        def reset(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.judge(Plain(behind=reset), "reset_idle")

    def test_empty_lines_and_interim_answers_are_let_pass(self):
        for answer in (OK + b"\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, b"HTTP/1.1 100 Continue\r\n\r\n" + OK):
            with self.subTest(answer=answer):
                self.assertEqual(0, soak("check", "-c", "5", Plain(lambda request, a=answer: a).url).code)

    def test_it_asks_for_keep_alive_unless_the_plan_has_a_connection_header(self):
        for headers, sent in (((), [b"keep-alive"]), (("-H", "connection: upgrade"), [b"upgrade"]),
                              (("-H", "Connection: close"), [b"close"])):
            with self.subTest(headers=headers):
                target = Plain()
                soak("check", "-c", "5", *headers, target.url)
                lines = [line.partition(b":") for line in target.requests[0].split(b"\r\n")]
                self.assertEqual(sent, [value.strip() for name, _, value in lines if name.lower() == b"connection"])


class CpuTest(unittest.TestCase):
    def test_cpu_is_of_the_run_alone(self):
        """Ports of 65,536 sources are counted before it, which takes far longer than the run."""
        target = Plain()
        before = os.times()
        result = soak("run", "-c", "5", "-d", "300ms", "-q", "--source", "127.1.0.0/16", target.url)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        self.assertEqual(0, result.code, result.err)
        self.assertLess(result.report["generator"]["cpu_seconds"], spent / 2)


if __name__ == "__main__":
    holdfast.main()
