#!/usr/bin/env python3
"""--urls against nginx's access log: which paths were asked for, how often, in which order."""

import collections
import re
import unittest

import holdfast
from holdfast import nginx, plainly, soak


class UrlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = nginx()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.file = holdfast.folder(self.addCleanup) / "urls"

    def asked(self, text, *arguments):
        """A run over such a file: its result, and the requests ("GET /a") in nginx's order."""
        self.file.write_text(text)
        before = self.server.access_lines()
        result = soak("--urls", self.file, "-i", 0, *arguments, self.server.url)
        lines = self.server.access_log.read_text().splitlines()[before:]
        self.assertEqual(str(self.file), result.report["plan"]["urls"], result.err)
        self.assertEqual({}, result.outcomes, result.out)
        return result, [re.search(r'"?([A-Z]+ /\S*) HTTP/1.1', line)[1] for line in lines]

    def test_in_turn_each_as_often_as_its_weight_says(self):
        result, asked = self.asked("# comment\n3 GET /a?x=1\n\nHEAD /b\n2 GET /\nPOST /c\n/d\n", "-n", 800, "-c", 20, "-X", "GET",
                                   "--no-check")
        self.assertEqual({"GET /a?x=1": 300, "HEAD /b": 100, "GET /": 200, "POST /c": 100, "GET /d": 100},
                         collections.Counter(asked))
        self.assertEqual(800, sum(result.requests["by_status"].values()))
        self.assertEqual("turn", result.report["plan"]["urls_order"])

    def test_one_connection_asks_in_the_order_of_the_lines(self):
        _, asked = self.asked("2 GET /1\nHEAD /2\nGET /3\n", "-n", 10, "-c", 1, "--no-check")
        self.assertEqual(["GET /1", "GET /1", "HEAD /2", "GET /3"] * 2 + ["GET /1", "GET /1"], asked)

    def test_at_random_the_weights_hold_and_the_seed_decides(self):
        arguments = ("-n", 1000, "-c", 1, "--urls-order", "random", "--no-check", "--seed")
        text = "9 HEAD /often\nGET /seldom\n"
        _, first = self.asked(text, *arguments, 7)
        _, again = self.asked(text, *arguments, 7)
        _, other = self.asked(text, *arguments, 8)
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        # 100 with a deviation of 9.5
        self.assertAlmostEqual(100, first.count("GET /seldom"), delta=50)

    def test_several_workers_each_take_turns(self):
        _, asked = self.asked("GET /a\nGET /b\n", "-n", 1000, "-c", 40, "-w", 4, "--no-check")
        self.assertEqual(1000, len(asked))
        self.assertAlmostEqual(500, asked.count("GET /a"), delta=4)

    def test_the_preflight_asks_for_the_urls_own_path(self):
        _, asked = self.asked("GET /a\n", "-n", 3, "-c", 1)
        self.assertEqual(["HEAD /", "GET /a", "GET /a", "GET /a"], asked)

    def test_a_body_goes_with_the_lines_that_take_one(self):
        body = self.file.with_name("body")
        body.write_bytes(b"x" * 5000)
        text = "POST /\nGET /\n"
        with_body, _ = self.asked(text, "-n", 100, "-c", 5, "--body", body, "--no-check")
        without, _ = self.asked(text, "-n", 100, "-c", 5, "--no-check")
        added = with_body.requests["bytes_out"] - without.requests["bytes_out"]
        self.assertEqual(50 * (5000 + len("5000") - len("0")), added)

    def test_bad_lines_are_named(self):
        for text, words in (("/a\nb\n", ':2: "b" is no path'), ("0 /a\n", ':1: "0" is not a weight'), ("", "there is no line"),
                            ("-1 /a\n", ':1: "-1" is not a weight'), ("1.5 /a\n", ':1: "1.5" is not a weight')):
            self.file.write_text(text)
            code, out, err = plainly("run", "--urls", self.file, self.server.url)
            self.assertEqual((2, "", 1), (code, out, err.count("\n")), err)
            self.assertIn(words, err)


if __name__ == "__main__":
    holdfast.main()
