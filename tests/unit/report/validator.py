#!/usr/bin/env python3
"""Answers one process's questions whether documents keep to their schemas: loading jsonschema takes longer than a check.

Says "ready" first. A line "SCRIPT SCHEMA DOCUMENT" on standard input (SCRIPT validate_report or strict_schema) is answered by a
line with the exit code that `python3 SCRIPT.py SCHEMA DOCUMENT` would have.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent.parent / "e2e")]
sys.dont_write_bytecode = True

import strict_schema  # noqa: E402
import validate_report  # noqa: E402

CHECKS = {"validate_report": lambda schema, report: validate_report.main(["", schema, report]),
          "strict_schema": strict_schema.main}


def say(answer):
    print(answer, file=answers, flush=True)


answers, sys.stdout = sys.stdout, sys.stderr  # what a check prints is for people
say("ready")
for line in sys.stdin:
    script, *paths = line.split()
    say(CHECKS[script](*paths))
