#!/usr/bin/env python3
"""What frames an answer and what stands behind one, as a run on real sockets sees it: lists with empty elements, minor
versions, and the empty lines that may pass between two answers."""

import socket
import threading
import time
import unittest

import holdfast

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BLANK_MOST = 64 * 1024
CHUNKS = b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


class Server:
    """Answers each request by a function of the connection and how many it has had."""

    def __init__(self, answer):
        self.answer = answer
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = holdfast.url_of(self.listening)

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listening.close()

    def accept(self):
        while True:
            try:
                connection = self.listening.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked = 0
        try:
            while connection.recv(65536):
                self.answer(connection, asked)
                asked += 1
        except OSError:
            pass


def each(data):
    return lambda connection, _: connection.sendall(data)


def flood(connection, _):
    connection.sendall(FINE)
    while True:
        connection.sendall(b"\r\n" * 500)


def row_between(connection, asked):
    """A row of empty lines that is within the bound on either side of a request, and beyond it in all."""
    half = b"\r\n" * (BLANK_MOST // 4 + 1)
    connection.sendall((half if asked else b"") + FINE + half)


def in_two(connection, _):
    """The CR of an empty line behind the answer, and its LF in another segment."""
    connection.sendall(FINE + b"\r")
    time.sleep(0.02)
    connection.sendall(b"\n")


class FramingTest(unittest.TestCase):
    def run_of(self, answer, *arguments):
        with Server(answer) as server:
            return holdfast.soak("-X", "GET", "-c", "1", "-n", "3", "-i", "0", "-d", "20s", "--timeout", "10s", "--no-check", "-q",
                                 *arguments, server.url)

    def expect(self, answer, answered, outcomes, *arguments):
        result = self.run_of(answer, *arguments)
        self.assertEqual((answered, outcomes), (result.requests["answered"], result.outcomes))
        return result

    def test_lists_are_read_without_their_empty_elements(self):
        for form in ("chunked", ",chunked", "chunked,", "chunked , ", "gzip, chunked,", ",\t,Chunked ,,",
                     ",\r\nTransfer-Encoding: chunked\r\ntransfer-encoding:"):
            with self.subTest(form=form):
                self.expect(each(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {form}".encode() + CHUNKS), 3, {})
        for form in ("2, 2", "2\r\nContent-Length: 2", ",02,"):
            with self.subTest(length=form):
                self.expect(each(f"HTTP/1.1 200 OK\r\nContent-Length: {form}\r\n\r\nok".encode()), 3, {})
        self.expect(each(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: ,,close ,\r\n\r\n"), 1, {"closed_announced": 1})

    def test_a_minor_version_above_1_is_read_as_1(self):
        self.expect(each(FINE.replace(b"1.1", b"1.2")), 3, {})
        self.expect(each(FINE.replace(b"1.1", b"2.0")), 0, {"protocol_error": 1})

    def test_a_101_is_told_by_whether_an_upgrade_was_asked_for(self):
        switching = each(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        for arguments, reason in ((), "unasked_upgrade"), (("-H", "Upgrade: x", "-H", "Connection: upgrade"), "upgraded"):
            result = self.expect(switching, 0, {"protocol_error": 1}, *arguments)
            self.assertEqual(1, result.connections["protocol_errors"][reason])

    def test_only_whole_empty_lines_pass_behind_an_answer(self):
        self.expect(each(FINE + b"\r\n\r\n"), 3, {})
        self.expect(in_two, 3, {})
        self.expect(each(FINE + b"\n"), 1, {"unsolicited": 1})
        self.expect(each(FINE + b"\r"), 1, {"unsolicited": 1})
        self.expect(each(FINE + b"\r\n\n"), 1, {"unsolicited": 1})
        self.expect(each(FINE + b"\r\r\n"), 1, {"unsolicited": 1})

    def test_empty_lines_are_bounded_in_a_row(self):
        self.expect(each(FINE + b"\r\n" * (BLANK_MOST // 4)), 3, {})
        self.assertEqual({"unsolicited": 1}, self.idle(flood).outcomes)
        self.assertEqual({"protocol_error": 1}, self.run_of(row_between).outcomes)

    def idle(self, answer):
        """One request, and a connection that stays idle behind its answer until something ends it."""
        with Server(answer) as server:
            return holdfast.soak("-X", "GET", "-c", "1", "-i", "1h", "-d", "60s", "--no-check", "-q", server.url)


if __name__ == "__main__":
    holdfast.main()
