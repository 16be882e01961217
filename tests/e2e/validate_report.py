#!/usr/bin/env python3
"""Says in one line, and with exit 1, where a JSON report or a comparison departs from its schema.

usage: validate_report.py SCHEMA REPORT
"""
import json
import sys


def no_duplicates(pairs):
    """An object from its members, refusing one that is there twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"member {twice!r} is there twice")
    return members


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def read(path):
    with open(path, "rb") as file:
        return json.loads(file.read().decode("utf-8"), object_pairs_hook=no_duplicates,
                          parse_constant=refuse)


def check_schema(schema):
    """Raises where it is none: a third of a second, and so not for each report."""
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schema)


def departures(schema, report):
    """Yields one line for each."""
    import jsonschema

    for error in jsonschema.Draft202012Validator(schema).iter_errors(report):
        where = "/".join(str(step) for step in error.absolute_path) or "the document"
        yield f"{where}: {error.message}"


def contradictions_of_comparison(comparison):
    """What follows from its rows, and is said in its result."""
    rows, result = comparison["quantities"], comparison["result"]
    verdicts = {row["verdict"] for row in rows}
    if comparison["exit_code"] != {"same": 0, "better": 0, "worse": 1, "not_comparable": 4}[result]:
        yield f"exit_code: {comparison['exit_code']} of {result}"
    if bool(comparison["reasons"]) != (result == "not_comparable"):
        yield f"reasons: {comparison['reasons']} of {result}"
    follows = "worse" if "worse" in verdicts else "better" if "better" in verdicts else "same"
    if result not in ("not_comparable", follows):
        yield f"result: {result}, but the quantities say {follows}"
    if len({row["metric"] for row in rows}) != len(rows):
        yield "quantities: one is there twice"
    for row in rows:
        measured = row["a"] is not None and row["b"] is not None
        if (row["why"] is not None) != (row["verdict"] == "not_comparable"):
            yield f"quantities: {row['metric']}: {row['verdict']}, and why is {row['why']!r}"
        if (row["change"] is not None) != measured or (not measured and row["verdict"] != "not_comparable"):
            yield f"quantities: {row['metric']}: {row['verdict']} by {row['change']}, of {row['a']} and {row['b']}"


def inequalities(report):
    """What a schema cannot say: the identities of the ledger, and arrays of one length."""
    connections, requests = report["connections"], report["requests"]
    ended = connections["closed"] + connections["errored"]
    if connections["attempted"] != connections["connecting"] + connections["live"] + ended:
        yield "connections: attempted is not connecting + live + closed + errored"
    if sum(connections["outcomes"].values()) != ended:
        yield "connections: the outcomes do not add up to closed + errored"
    if sum(requests[name] for name in ("answered", "timed_out", "lost", "unfinished")) != requests["sent"]:
        yield "requests: sent is not answered + timed_out + lost + unfinished"
    if sum(requests["by_status"].values()) != requests["answered"]:
        yield "requests: by_status does not add up to answered"
    arrays = {name: len(value) for name, value in report["timeline"].items() if isinstance(value, list)}
    if len(set(arrays.values())) > 1:
        yield f"timeline: arrays of unequal length {arrays}"


def main(arguments):
    if len(arguments) != 3:
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    try:
        schema, report = read(arguments[1]), read(arguments[2])
        check_schema(schema)
        for found in departures(schema, report):
            print(f"{arguments[2]}: {found}", file=sys.stderr)
            return 1
        checked = contradictions_of_comparison if report["schema"] == "holdfast-compare/1" else inequalities
        for found in checked(report):
            print(f"{arguments[2]}: {found}", file=sys.stderr)
            return 1
    except (OSError, ValueError) as error:
        print(f"{arguments[2]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
