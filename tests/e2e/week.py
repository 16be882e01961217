#!/usr/bin/env python3
"""Writes a timeline of a week, second by second, from that of a short run.

usage: week.py RUN.jsonl WEEK.jsonl [SECONDS]

The head, the beginning and the end are the run's own; between them its samples over and over, each with a time, levels
and latencies of its own, the ledger adding up in each.
"""
import json
import random
import sys

WEEK_SECONDS = 604800


def halves(line):
    """A sample, less what is made anew each second: what stands before that, and behind."""
    sample = json.loads(line)
    sample.pop("lifetimes", None)
    names = [name for name in sample if name != "phase"]
    behind = {name: sample[name] for name in names[names.index("run"):]}
    return ',' + json.dumps(behind, separators=(",", ":"))[1:] + "\n"


def begun(second, rng):
    """What stands before, as our writer puts it."""
    p50 = rng.lognormvariate(-8, 0.4)
    return (f'{{"t":{second}.001234567,"phase":"hold","client_per_second":{600 + rng.random() * 90!r},'
            f'"server_per_second":{600 + rng.random() * 90!r},"p50_seconds":{p50:.9f},"p99_seconds":{p50 * 8:.9f},'
            f'"max_seconds":{p50 * 30:.9f},"cpu_percent":{rng.random() * 4:.2f},"descriptors":1006,'
            f'"loop_lag_seconds":{rng.random() / 100:.9f},"live_min":990,"live_max":1000')


def write_week(run, out, seconds=WEEK_SECONDS):
    rng = random.Random(1)
    with open(run, encoding="utf-8") as file:
        head, begin, *samples, end = file.readlines()
    behind = [halves(line) for line in samples]
    out.write(head + begin)
    for second in range(1, seconds + 1):
        out.write(begun(second, rng) + behind[second % len(behind)])
    out.write(end)


def main(run, week, seconds=WEEK_SECONDS):
    with open(week, "w", encoding="utf-8") as file:
        write_week(run, file, int(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
