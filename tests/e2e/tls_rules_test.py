#!/usr/bin/env python3
"""What holdfast says of a target over TLS is equal to what the target says of itself, connection by connection, for
each rule of TLS and for those of plain connections too."""

import unittest

import holdfast
from holdfast import soak
from sparring import Target, answered, rule

COUNT = 200
FAST = ("-c", COUNT, "-r", "20/10ms", "--no-check", "-q", "--insecure", "--connect-timeout", "30s", "--timeout", "30s",
        "-d", "1s", "-i", "200ms")


class Agree(unittest.TestCase):
    def agree(self, text, outcomes, *arguments, target=(), share=10):
        with Target("--tls", "--fault", text, *target) as sparring:
            result = soak(*FAST, *arguments, sparring.url)
            stats = sparring.stats_when_closed()
        fault = rule(stats, text)
        met = sum(result.outcomes.get(name, 0) for name in outcomes)
        self.assertEqual((share * COUNT // 100,) * 3, (fault["connections"], fault["fired"], met), result.out)
        self.assertEqual(set(), set(result.outcomes) - set(outcomes), result.out)
        self.assertEqual(COUNT - met, result.connections["live"])
        self.assertEqual(answered(stats), result.requests["answered"])
        tls = result.connections["tls"]
        self.assertEqual(stats["tls"]["full"] - stats["requests"]["pages"], tls["full"], stats)
        self.assertEqual(2 * tls["full"], tls["tickets"])
        return tls, stats

    def test_alerts_are_counted_by_number(self):
        tls, stats = self.agree("tls-alert=116@10%", ["tls_alert"])
        self.assertEqual({"116": 20}, tls["alerts"])
        self.assertEqual(20, stats["connections"]["endings"]["tls_alert"])

    def test_what_does_not_decrypt_is_broken(self):
        tls, stats = self.agree("tls-garbage@10%", ["tls_broken"])
        self.assertEqual({"bad_tag": 20}, tls["broken"])
        self.assertEqual(20, stats["connections"]["endings"]["tls_garbage"])

    def test_rules_of_plain_connections_hold_over_tls(self):
        for text, outcomes, ending in (("reset-after=3@10%", ["reset_idle", "reset_in_flight"], "reset_after"),
                                       ("close-after=2@10%", ["closed_idle", "closed_in_flight"], "close_after"),
                                       ("close-announced=2@10%", ["closed_announced"], "close_announced"),
                                       ("mid-reset=2@10%", ["reset_mid_response"], "mid_reset"),
                                       ("mid-close=2@10%", ["closed_mid_response"], "mid_close")):
            with self.subTest(rule=text):
                tls, stats = self.agree(text, outcomes)
                self.assertEqual((20, 0), (stats["connections"]["endings"][ending], tls["closed_without_notify"]))

    def test_a_handshake_that_is_never_answered_is_a_connect_timeout(self):
        with Target("--tls", "--fault", "tls-stall@10%") as sparring:
            result = soak("-c", COUNT, "-r", "20/10ms", "--no-check", "-q", "--insecure", "--connect-timeout", "5s",
                          "-d", "1s", "-i", "200ms", sparring.url)
            self.assertEqual({"connect_timeout": 20}, result.outcomes, result.out)
            code, out, err = sparring.finish()
        self.assertEqual(0, code, err)
        self.assertRegex(out, r"tls-stall@10%\s+held for 20 connections, fired 20 times")

    def test_a_fin_without_close_notify_is_counted(self):
        # So few that no handshake takes as long as the timeout, which waits for the first request too.
        with Target("--tls", "--fault", "tls-no-notify@10%", "--keepalive-timeout", "5s") as sparring:
            result = soak("-c", 40, "-r", "4/10ms", *FAST[4:-4], "-d", "30s", "-i", "60s", sparring.url)
            stats = sparring.stats_when_closed()
        self.assertEqual(40, result.outcomes["closed_idle"], result.out)
        self.assertEqual(4, result.connections["tls"]["closed_without_notify"])
        self.assertEqual((4, 4), tuple(rule(stats, "tls-no-notify@10%")[what] for what in ("connections", "fired")))

    def test_a_fin_without_close_notify_behind_an_announced_end_is_counted_too(self):
        with Target("--tls", "--fault", "tls-no-notify@20%", "--keepalive-requests", "3") as sparring:
            result = soak("-c", 40, "-r", "4/10ms", *FAST[4:-4], "-d", "2s", "-i", "200ms", sparring.url)
            stats = sparring.stats_when_closed()
        self.assertEqual({"closed_announced": 40}, result.outcomes, result.out)
        self.assertEqual(rule(stats, "tls-no-notify@20%")["fired"], result.connections["tls"]["closed_without_notify"])
        self.assertIn("without_close_notify", [finding["code"] for finding in result.report["findings"]])

    def test_key_updates_are_counted_alike(self):
        with Target("--tls", "--fault", "tls-key-update=2@10%") as sparring:
            result = soak(*FAST, sparring.url)
            stats = sparring.stats_when_closed()
        tls = result.connections["tls"]
        self.assertEqual(({}, COUNT), (result.outcomes, result.connections["live"]))
        self.assertEqual((rule(stats, "tls-key-update=2@10%")["fired"], stats["tls"]["key_updates_in"]),
                         (tls["key_updates_in"], tls["key_updates_out"]))
        self.assertGreater(tls["key_updates_in"], 20)


if __name__ == "__main__":
    holdfast.main()
