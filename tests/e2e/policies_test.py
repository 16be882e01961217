#!/usr/bin/env python3
"""Why real servers ended connections: each rule of each of them is told in kind and number, and never another cause; not
at all where the machine has too much to do. bench/policies asks in all ways."""

import unittest
from concurrent.futures import ThreadPoolExecutor

import holdfast
import policies
from policies import SILENT, WRONG


class Rules(unittest.TestCase):
    def tell(self, server):
        """All rules of a server at once."""
        trials = [trial for trial in policies.trials(server) if policies.of_the_suite(server, trial.policy, trial.way)]
        with policies.started(trials) as running, ThreadPoolExecutor(len(running)) as pool:
            told = list(pool.map(policies.Trial.tell, running))
        for trial, words in zip(running, told):
            with self.subTest(server=server, rule=trial.policy.name, way=trial.way.name):
                self.assertNotEqual(WRONG, words.word, words.text)
                self.assertIn(words.code, words.codes, words.text)
                if words.word == SILENT and words.late:
                    holdfast.skip_part("what servers did was not told: we were late, or the machine has too much to do")
                else:
                    self.assertIn(words.word, trial.way.told, words.text)


def add(server):
    setattr(Rules, f"test_each_rule_of_{server}_is_told".replace(" ", "_"), lambda self: self.tell(server))


for name in policies.SERVERS:
    add(name)

if __name__ == "__main__":
    holdfast.main(jobs=5)
