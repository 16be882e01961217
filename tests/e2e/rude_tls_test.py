#!/usr/bin/env python3
"""What a TLS 1.3 server may send once the handshake is done is followed, and what it may not send ends that connection
as tls_broken, with the reason; the rude server is tests/e2e/rude_tls.py."""

import unittest

import holdfast
from holdfast import soak
from rude_tls import ALERT, ANSWER, CHANGE_CIPHER_SPEC, DATA, HANDSHAKE, RudeTls, key_update, ticket

COUNT = 5
LAST_ANSWER = ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
FAST = ("-c", COUNT, "-r", "5/10ms", "-d", "1s", "-i", "100ms", "--no-check", "-q", "--insecure", "--timeout", "20s",
        "--connect-timeout", "20s")


def serve_on(conn):
    while True:
        conn.answer()


class Followed(unittest.TestCase):
    def follow(self, script, tickets=0):
        def whole(conn):
            script(conn)
            serve_on(conn)
        with RudeTls(whole, tickets) as server:
            result = soak(*FAST, server.url)
        self.assertEqual((0, {}, COUNT), (result.code, result.outcomes, result.connections["live"]), result.out)
        self.assertGreater(result.requests["answered"], 3 * COUNT, result.out)
        return result.connections["tls"]

    def test_a_ticket_between_two_halves_of_an_answer(self):
        def script(conn):
            conn.request()
            conn.record(DATA, ANSWER[:10])
            conn.record(HANDSHAKE, ticket(57))
            conn.record(DATA, ANSWER[10:])
        self.assertEqual(3 * COUNT, self.follow(script, tickets=2)["tickets"])

    def test_tickets_in_pieces_and_two_in_a_record(self):
        def script(conn):
            for byte in ticket(40):
                conn.record(HANDSHAKE, bytes([byte]))
            conn.record(HANDSHAKE, ticket(57) + ticket(265))
            conn.record(HANDSHAKE, ticket(65535)[:10000])
            for at in range(10000, 65539, 10000):
                conn.record(HANDSHAKE, ticket(65535)[at:at + 10000])
        self.assertEqual(4 * COUNT, self.follow(script)["tickets"])

    def test_records_that_come_byte_by_byte(self):
        def script(conn):
            conn.request()
            for byte in conn.seal(ticket(20) + bytes([HANDSHAKE])) + conn.seal(ANSWER + bytes([DATA])):
                conn.raw(bytes([byte]))
        self.follow(script)

    def test_all_records_in_one_write_padded_and_empty(self):
        def script(conn):
            conn.request()
            conn.raw(conn.seal(bytes([DATA])) + conn.seal(ticket(57) + bytes([HANDSHAKE]) + bytes(512)) +
                     conn.seal(ANSWER[:5] + bytes([DATA]) + bytes(16000)) + conn.seal(ANSWER[5:] + bytes([DATA])))
        self.follow(script)

    def test_a_key_update_is_answered_in_front_of_the_next_request(self):
        def script(conn):
            conn.request()
            conn.update_key(1)
            conn.update_key(0)
            conn.record(DATA, ANSWER)
            conn.request()
            if [(HANDSHAKE, key_update(0))] != conn.messages:
                raise AssertionError(conn.messages)
            conn.record(DATA, ANSWER)
        tls = self.follow(script)
        self.assertEqual((2 * COUNT, COUNT), (tls["key_updates_in"], tls["key_updates_out"]))

    def test_thirty_two_key_updates_without_data(self):
        def script(conn):
            conn.answer()
            for _ in range(32):
                conn.update_key(0)
        self.assertEqual(32 * COUNT, self.follow(script)["key_updates_in"])


class Broken(unittest.TestCase):
    """After one good answer."""

    def break_by(self, misdeed, outcome="tls_broken"):
        def answer_first(conn):
            conn.answer()
            misdeed(conn)
        return self.end_by(answer_first, outcome)

    def end_by(self, misdeed, outcome):
        told = []  # on each connection

        def script(conn):
            misdeed(conn)
            conn.until_end()
            told.append(conn.messages)
        with RudeTls(script) as server:
            result = soak(*FAST, server.url)
            self.assertEqual({outcome: COUNT}, result.outcomes, result.out)
            holdfast.eventually(lambda: len(told) == COUNT, "the server has seen the end of each")
        return result.connections["tls"], sum(told, [])

    def reason(self, name, alert, misdeed):
        tls, told = self.break_by(misdeed)
        self.assertEqual({name: COUNT}, tls["broken"])
        self.assertEqual([(ALERT, bytes([2, alert]))] * COUNT, told)

    def test_each_record_that_is_not_as_agreed_has_its_reason_and_its_alert(self):
        def flipped(conn):
            record = bytearray(conn.seal(ANSWER + bytes([DATA])))
            record[20] ^= 1
            conn.raw(bytes(record))

        def old_key(conn):
            conn.record(HANDSHAKE, key_update(0))
            conn.record(DATA, ANSWER)

        def too_many(conn):
            for _ in range(33):
                conn.update_key(0)

        def data_in_ticket(conn):
            conn.record(HANDSHAKE, ticket(57)[:20])
            conn.record(DATA, ANSWER)

        for name, alert, misdeed in (
                ("bad_tag", 20, flipped),
                ("bad_tag", 20, old_key),
                ("record_too_long", 22, lambda conn: conn.inner(ANSWER + bytes([DATA]) + bytes(16386 - len(ANSWER)))),
                ("record_too_long", 22, lambda conn: conn.raw(b"\x17\3\3" + (16641).to_bytes(2, "big"))),
                ("record_too_short", 20, lambda conn: conn.raw(b"\x17\3\3\0\x10" + bytes(16))),
                ("bad_padding", 10, lambda conn: conn.inner(bytes(100))),
                ("unencrypted", 10, lambda conn: conn.raw(bytes([CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1]))),
                ("unencrypted", 10, lambda conn: conn.raw(bytes([ALERT, 3, 3, 0, 2, 2, 40]))),
                ("no_record", 10, lambda conn: conn.raw(ANSWER)),
                ("unexpected_type", 10, lambda conn: conn.record(24, b"x")),
                ("empty_message", 10, lambda conn: conn.record(HANDSHAKE, b"")),
                ("bad_alert", 50, lambda conn: conn.record(ALERT, bytes([2, 80, 0]))),
                ("certificate_request", 10, lambda conn: conn.record(HANDSHAKE, b"\x0d\0\0\2\0\0")),
                ("unexpected_message", 10, lambda conn: conn.record(HANDSHAKE, b"\x14\0\0\x20" + bytes(32))),
                ("interrupted_message", 10, data_in_ticket),
                ("ticket_too_long", 47, lambda conn: conn.record(HANDSHAKE, ticket(65536)[:100])),
                ("bad_key_update", 47, lambda conn: conn.record(HANDSHAKE, key_update(2))),
                ("key_update_not_last", 10, lambda conn: conn.record(HANDSHAKE, key_update(0) + ticket(57))),
                ("too_many_key_updates", 10, too_many)):
            with self.subTest(reason=name):
                self.reason(name, alert, misdeed)

    def test_an_alert_is_counted_by_its_number(self):
        tls, _ = self.break_by(lambda conn: conn.record(ALERT, bytes([2, 116])), "tls_alert")
        self.assertEqual({"116": COUNT}, tls["alerts"])

    def test_close_notify_is_the_end_whatever_follows(self):
        def misdeed(conn):  # at once, before the next request
            conn.request()
            answer = ANSWER + bytes([DATA])
            conn.raw(conn.seal(answer) + conn.seal(bytes([1, 0, ALERT])) + conn.seal(answer))
        tls, told = self.end_by(misdeed, "closed_idle")
        self.assertEqual((0, [(ALERT, bytes([1, 0]))] * COUNT), (tls["closed_without_notify"], told))

    def test_close_notify_behind_an_announced_end_is_answered_before_the_fin(self):
        def script(conn):
            conn.request()
            conn.raw(conn.seal(LAST_ANSWER + bytes([DATA])) + conn.seal(bytes([1, 0, ALERT])))
            conn.until_end()
            told.append(conn.messages)
        told = []
        with RudeTls(script) as server:
            result = soak(*FAST, server.url)
            self.assertEqual({"closed_announced": COUNT}, result.outcomes, result.out)
            holdfast.eventually(lambda: len(told) == COUNT, "the server has seen the end of each")
        self.assertEqual([[(ALERT, bytes([1, 0]))]] * COUNT, told)
        self.assertEqual(0, result.connections["tls"]["closed_without_notify"])

    def test_a_fin_inside_a_record_completes_nothing(self):
        def script(conn):
            conn.answer()
            conn.request()
            conn.record(DATA, b"HTTP/1.1 200 OK\r\n\r\n")  # read until close
            conn.raw(conn.seal(b"the rest" + bytes([DATA]))[:-1])
        with RudeTls(script) as server:
            result = soak(*FAST, "-X", "GET", server.url)
        self.assertEqual({"closed_mid_response": COUNT}, result.outcomes, result.out)


if __name__ == "__main__":
    holdfast.main()
