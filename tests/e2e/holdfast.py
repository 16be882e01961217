"""Runs holdfast as its users do, and checks of every run and report what must be true of all of them.

    with Run("-c", "20", server.url) as run:
        run.wait_for_phase("hold")
        run.signal(signal.SIGINT)
        result = run.finish()        # .code .out .err .report

A test file ends in holdfast.main(): every test then runs in a process and a folder of its own (so that it may
enter a network of its own, and nothing of one disturbs another), several at a time. What was skipped is printed as
"skipped: REASON"; when nothing else ran, the exit code is 77.

The program is $HOLDFAST, or build/release/src/holdfast. With $HOLDFAST_ENGINE (uring, epoll) every command that
knows --engine is given it, unless the test gives one itself.
"""

import contextlib
import functools
import io
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
import uuid

import netns
import validate_report
from nginx import Nginx, ServerError

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(os.environ.get("HOLDFAST") or ROOT / "build/release/src/holdfast")
# Built with the sanitizers: time, memory and /proc are then also theirs.
SANITIZED = b"__asan_init" in pathlib.Path(PROGRAM).read_bytes()
MARKER = "HOLDFAST_TEST_RUN"
# For what must come: how long it takes is not what is tested, and beside other work a second may take ten. Only what
# hangs gets so far; ctest's own limits (TIMEOUT, CMakeLists.txt) are above it.
TIMEOUT_SECONDS = 300
SKIPPED = 77
ASKED_ENGINE = os.environ.get("HOLDFAST_ENGINE")
ENGINE = "epoll" if ASKED_ENGINE == "epoll" else "io_uring"
WITHOUT_ENGINE = {"report", "help", "version", "completion", "serve"}
ENGINE_NOTE = re.compile(r"^holdfast: (target: )?note: engine epoll: asked for by --engine\n", re.M)
NO_SCHEMA = "the reports' schema: no python3-jsonschema"

EXIT_CODES = {"held": {0}, "broke": {1}, "unfit": {3}, "inconclusive": {4, 130}, "no_target": {5}}
CLOSED = {"closed_idle", "closed_announced"}
AT_OPEN = {"fd_limit", "fd_limit_system", "ports_exhausted", "denied", "refused", "unreachable",
           "connect_timeout", "connect_reset", "tls_failed", "connect_error"}
AT_ANY_STAGE = {"no_memory", "worker_lost"}


def eventually(true, what, seconds=TIMEOUT_SECONDS):
    """Waits until true() is, and gives what it gave."""
    give_up = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > give_up:
            raise AssertionError(f"waited {seconds} s, and not until {what}")
        time.sleep(0.01)
    return value


def with_engine(arguments):
    """A command line with the engine that all tests are to use."""
    words = [str(argument) for argument in arguments]
    if not ASKED_ENGINE or "--engine" in words or not words or words[0] in WITHOUT_ENGINE:
        return words
    at = 1 if words[0] in {"run", "check", "probe", "capacity", "target", "demo"} else 0
    return [*words[:at], "--engine", ASKED_ENGINE, *words[at:]]


def without_note(err):
    """Standard error without what is always printed of the engine that all tests are to use."""
    return ENGINE_NOTE.sub("", err) if ASKED_ENGINE else err


def name_of(pid):
    """A process' name; "" when it is gone, as one may be that was there a moment ago."""
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid):
    """The processes that pid started and has not waited for."""
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def state(pid):
    """One letter, as in ps(1)."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def carrying(marker):
    """Processes that carry this marker in their environment."""
    wanted, found = f"{MARKER}={marker}".encode(), []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def connections_at(port):
    """Sockets of this host's end of connections to a local port that its server still owns."""
    OWNED = {"01", "08"}  # ESTABLISHED, CLOSE_WAIT
    lines = pathlib.Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    ends = (line.split() for line in lines)
    return sum(end[1].endswith(f":{port:04X}") and end[3] in OWNED for end in ends)


def wait_until_unused(port):
    eventually(lambda: connections_at(port) == 0, f"nothing is connected to port {port}")


@functools.cache
def read_schema(*mode):
    """The schema that the program prints of what `report` with that mode writes, or None when it cannot be used
    here. That it is one is tested by compare_test.py, once."""
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        return None
    return json.loads(subprocess.run([PROGRAM, "report", *mode, "--schema"], check=True,
                                     stdout=subprocess.PIPE).stdout)


def inspect_ledger(c, together=True):
    """together: not merged of parts of which each was live at another time."""
    outcomes = c["outcomes"]
    ended = sum(outcomes.values())
    closed = sum(outcomes[name] for name in CLOSED)
    at_open = sum(outcomes[name] for name in AT_OPEN & set(outcomes))
    at_any = sum(outcomes[name] for name in AT_ANY_STAGE)
    truths = {
        "balanced": c["balanced"] is True,
        "attempted = connecting + live + closed + errored":
            c["attempted"] == c["connecting"] + c["live"] + c["closed"] + c["errored"],
        "closed + errored = the sum of outcomes": c["closed"] + c["errored"] == ended,
        "closed = closed_idle + closed_announced": c["closed"] == closed,
        "opened = live + lost": c["opened"] == c["live"] + c["lost"],
        "lost is what ended after it was open":
            ended - at_open - at_any <= c["lost"] <= ended - at_open,
        "drain sums to connecting + live":
            sum(c["drain"]["outcomes"].values()) == c["connecting"] + c["live"],
        "attempted is not above the target":
            c["refill_seconds"] is not None or c["attempted"] <= c["target"],
        "a slot's first is not reconnected": c["opened"] - c["reconnected"] <= c["target"],
        "live_min <= live <= live_peak <= opened":
            (c["live_min"] is None or c["live_min"] <= c["live"]) and
            (c["live"] <= c["live_peak"] or not together) and c["live_peak"] <= c["opened"],
        "nothing was reconnected, or what was is timed": c["reconnected"] == 0 if c["refill_seconds"] is None
            else c["reconnected"] <= c["refill_seconds"]["count"] <= c["opened"],
        "no count is negative": min(*outcomes.values(), c["attempted"], c["opened"], c["live"], c["lost"]) >= 0,
    }
    return [name for name, true in truths.items() if not true]


def inspect_requests(report):
    r = report["requests"]
    truths = {
        "sent = answered + timed_out + lost + unfinished":
            r["sent"] == r["answered"] + r["timed_out"] + r["lost"] + r["unfinished"],
        "answered = the sum of statuses": r["answered"] == sum(r["by_status"].values()),
        "as many latencies as answers": r["answered"] - r["warmup"] == report["latency_seconds"]["count"],
        "as many service times as answers": r["answered"] - r["warmup"] == report["service_seconds"]["count"],
        "as many connect times as opened, or as handshakes begun": report["connect_seconds"]["count"] ==
            (report["connections"].get("tls") or {"begun": report["connections"]["opened"]})["begun"],
        "the peak is not below the mean":
            r["per_second_peak"] is None or r["per_second_peak"] >= r["per_second_mean"] * (1 - 1e-9),
        "timed_out is what response_timeout and silent took": r["timed_out"] ==
            sum(report["connections"]["outcomes"][name] for name in ("response_timeout", "silent")),
    }
    return [name for name, true in truths.items() if not true]


def inspect_rest(report):
    verdict, timeline = report["verdict"], report["timeline"]
    if verdict["exit_code"] not in EXIT_CODES[verdict["result"]]:
        yield f"verdict: {verdict['result']} with exit code {verdict['exit_code']}"
    if verdict["result"] != "held" and not verdict["reasons"]:
        yield "verdict: no reason"
    arrays = {name: values for name, values in timeline.items() if isinstance(values, list)}
    if len({len(values) for values in arrays.values()}) != 1:
        yield "timeline: arrays of unequal length"
    if any(after <= before for before, after in zip(timeline["t"], timeline["t"][1:])):
        yield "timeline: t does not grow"
    workers = report["generator"]["workers"]
    if workers and sum(worker["share"] for worker in workers) != report["connections"]["target"]:
        yield "generator: the shares of the workers are not the target"
    for name in ("latency_seconds", "service_seconds", "connect_seconds"):
        figures = [report[name][key] for key in ("min", "p50", "p90", "p95", "p99", "p999", "max")]
        if report[name]["count"] == 0 and any(figure is not None for figure in figures):
            yield f"{name}: figures of nothing"
        if report[name]["count"] > 0 and figures != sorted(figures):
            yield f"{name}: {figures} do not grow"
    if report["run"]["started_at"] and report["run"]["ended_at"] < report["run"]["started_at"]:
        yield "run: ended before it started"


def inspect(report, schema=None):
    """One line for each thing that is wrong with a report."""
    together = not any(f["code"] == "merged" and f["status"] == "warn" for f in report["findings"])
    found = [*inspect_ledger(report["connections"], together), *inspect_requests(report), *inspect_rest(report)]
    return found + (list(validate_report.departures(schema, report)) if schema else [])


class Result:
    """How a run ended."""

    def __init__(self, code, out, err, report):
        self.code, self.out, self.err, self.report = code, out, err, report

    @property
    def connections(self):
        return self.report["connections"]

    @property
    def requests(self):
        return self.report["requests"]

    @property
    def outcomes(self):
        """Those that happened."""
        return {name: count for name, count in self.connections["outcomes"].items() if count}

    @property
    def verdict(self):
        return self.report["verdict"]["result"]

    def finding(self, code):
        found = [finding for finding in self.report["findings"] if finding["code"] == code]
        return found[0] if found else None


def without_privilege(*limits):
    """A prefix: the program as nobody, under these limits of prlimit(1); who may run it, or there is nothing to test."""
    prefix = ["prlimit", *limits]
    if os.geteuid() == 0:
        prefix += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*prefix, "test", "-x", PROGRAM], check=False, capture_output=True).returncode:
        raise unittest.SkipTest("nobody may not run the program where it lies, or there is no setpriv")
    return prefix


class Run:
    """One holdfast; its report goes to a file of ours unless `arguments` name one (report: its path, or None).
    prefix: words before the program. agrees: the exit code is also that of the report, which cannot know what
    fails after it was written."""

    def __init__(self, *arguments, prefix=(), report="", agrees=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                 pass_fds=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-e2e-"))
        self.folder.chmod(0o755)
        self.marker = uuid.uuid4().hex
        self.path, self.agrees = report, agrees
        arguments = with_engine(arguments)
        if report == "":
            self.path = self.folder / "report.json"
            arguments += ["--json", str(self.path)]
        self.err_lines, self.news = [], threading.Condition()
        self.process = subprocess.Popen(
            [*prefix, PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True,
            start_new_session=True, pass_fds=pass_fds, env={**os.environ, MARKER: self.marker, "LC_ALL": "C.UTF-8"})
        self.readers = [threading.Thread(target=self._read_err, daemon=True)] if stderr == subprocess.PIPE else []
        self.out = []
        if stdout == subprocess.PIPE:
            self.readers.append(threading.Thread(target=self._read_out, daemon=True))
        for reader in self.readers:
            reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in carrying(self.marker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for reader in self.readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read_out(self):
        self.out.append(self.process.stdout.read())

    def _read_err(self):
        for line in self.process.stderr:
            if not without_note(line):
                continue
            with self.news:
                self.err_lines.append(line)
                self.news.notify_all()
        with self.news:
            self.err_lines.append(None)
            self.news.notify_all()

    @property
    def pid(self):
        return self.process.pid

    @property
    def err(self):
        with self.news:
            return "".join(line for line in self.err_lines if line is not None)

    def workers(self):
        """The pids of its workers, in their order."""
        return sorted(pid for pid in children(self.pid) if name_of(pid) == "holdfast-worker")

    def wait_for(self, pattern):
        """Waits for a line on standard error, and gives its match."""
        def found():
            return next((match for line in self.err_lines if line and (match := re.search(pattern, line))), None)
        with self.news:
            self.news.wait_for(lambda: found() or None in self.err_lines, TIMEOUT_SECONDS)
            if match := found():
                return match
        raise AssertionError(f"{pattern!r} was never said, but:\n{self.err}")

    def wait_for_phase(self, phase):
        """Needs --ui line."""
        return self.wait_for(rf"^time=\S+ phase={phase} .*")

    def signal(self, number):
        self.process.send_signal(number)

    def finish(self, seconds=TIMEOUT_SECONDS):
        """Waits for the end, and looks at what it left."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not over after {seconds} s; it said:\n{self.err}") from None
        eventually(lambda: not carrying(self.marker), "no process is left")
        for reader in self.readers:
            reader.join()
        out = "".join(self.out)
        left = [path.name for path in self.folder.iterdir() if path.name != "report.json"]
        if left:
            raise AssertionError(f"files left behind: {left}")
        report = None
        if self.path and pathlib.Path(self.path).is_file():
            report = validate_report.read(self.path)
            check_report(report, code if self.agrees else None)
        return Result(code, out, self.err, report)


def check_report(report, code=None):
    """Raises for a report that breaks its schema or contradicts itself, or the exit code."""
    schema = read_schema()
    if not schema:
        skip_part(NO_SCHEMA)
    faults = inspect(report, schema)
    if code is not None and report["verdict"]["exit_code"] != code:
        faults.append(f"exit code {code}, but the report says {report['verdict']['exit_code']}")
    if faults:
        raise AssertionError("the report is wrong:\n  " + "\n  ".join(faults))


def check_comparison(path, code=None):
    """What `report --compare` wrote; raises where it breaks its schema, or contradicts itself or the exit code."""
    comparison, schema = validate_report.read(path), read_schema("--compare")
    if not schema:
        skip_part(NO_SCHEMA)
    faults = list(validate_report.departures(schema, comparison)) if schema else []
    faults = faults or list(validate_report.contradictions_of_comparison(comparison))
    if code is not None and comparison["exit_code"] != code:
        faults.append(f"exit code {code}, but the comparison says {comparison['exit_code']}")
    if faults:
        raise AssertionError("the comparison is wrong:\n  " + "\n  ".join(faults))
    return comparison


def soak(*arguments, **options):
    """A run from its beginning to its end."""
    with Run(*arguments, **options) as run:
        return run.finish()


def plainly(*arguments, prefix=(), **options):
    """A run without a report: (exit code, standard output, standard error)."""
    done = subprocess.run([*prefix, PROGRAM, *with_engine(arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=TIMEOUT_SECONDS, errors="replace", text=True, **options)
    return done.returncode, done.stdout, without_note(done.stderr)


def listener():
    """A listening socket of ours on loopback."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    listening.settimeout(TIMEOUT_SECONDS)
    return listening


def url_of(listening, path="/"):
    return f"http://127.0.0.1:{listening.getsockname()[1]}{path}"


def rings_at_once(wanted):
    """How many runs of ours may go on at once: a user's rings may be charged to RLIMIT_MEMLOCK, all together."""
    RUN_BYTES = 3 << 20
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if os.geteuid() == 0 or limit == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, limit // RUN_BYTES))


def folder(add_cleanup):
    """A folder that goes with its test, or with its class: add_cleanup is addCleanup, or addClassCleanup."""
    made = tempfile.TemporaryDirectory(prefix="holdfast-e2e-")
    add_cleanup(made.cleanup)
    return pathlib.Path(made.name)


# What this machine may lack: a test that needs it skips.

def or_skip(what, *arguments, **options):
    """What that gives."""
    try:
        return what(*arguments, **options)
    except (ServerError, netns.Unavailable) as reason:
        raise unittest.SkipTest(str(reason).splitlines()[0]) from None


def nginx(template="soak", **settings):
    """An nginx of its own; settings: directives with another value."""
    return or_skip(Nginx, template, settings=settings)


def own_network(**options):
    """Moves this process into a network of its own: see netns.enter()."""
    or_skip(netns.enter, **options)


def need_ring():
    """Skips where this user cannot have io_uring at all."""
    _, out, _ = plainly("check", "-q", "http://127.0.0.1:1/")
    refused = re.search(r"FAIL  io_uring +(.*)", out)
    if refused:
        raise unittest.SkipTest(f"io_uring: {refused[1]}")


# The runner.

skipped_parts = set()


def skip_part(reason):
    """Says, once, that a part of a test could not be done here."""
    if reason not in skipped_parts:
        skipped_parts.add(reason)
        print(f"skipped: {reason}", flush=True)


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item.id().partition(".")[2]


def run_one(name):
    """Runs one test and says how it went."""
    stream = io.StringIO()
    module = sys.modules["__main__"]
    suite = unittest.defaultTestLoader.loadTestsFromName(name, module)
    result = unittest.TextTestRunner(stream, verbosity=0).run(suite)
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    if not result.wasSuccessful():
        print(stream.getvalue())
        return 1
    return SKIPPED if result.skipped else 0


class Apart:
    """One test in a process and a folder of its own, as a report that finds no other place is left where the run was
    started. Forked, as to start Python costs more than most tests do."""

    def __init__(self, name):
        self.name, self.started, self.output = name, time.monotonic(), tempfile.TemporaryFile()
        self.code, self.folder = None, tempfile.TemporaryDirectory(prefix="holdfast-e2e-")
        pathlib.Path(self.folder.name).chmod(0o755)
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._run()

    def _run(self):
        """Ends this process, and nothing that the caller's would clean up is touched."""
        code = 1
        try:
            os.chdir(self.folder.name)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(self.output.fileno(), 1)
            os.dup2(self.output.fileno(), 2)
            random.seed()
            code = run_one(self.name)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def ended(self, status):
        self.code, self.seconds = os.waitstatus_to_exitcode(status), time.monotonic() - self.started
        self.output.seek(0)
        self.lines = self.output.read().decode(errors="replace").splitlines()
        self.output.close()
        self.folder.cleanup()


def run_apart(names, jobs):
    """Yields each, in their order, when it has ended; so many at a time."""
    waiting, running, began = list(names), {}, []
    while waiting or running or began:
        while waiting and len(running) < jobs:
            test = Apart(waiting.pop(0))
            running[test.pid] = test
            began.append(test)
        pid, status = os.wait()
        if pid in running:
            running.pop(pid).ended(status)
        while began and began[0].code is not None:
            yield began.pop(0)


def main(jobs=4, rings=True):
    """usage: FILE [Class.test...]"""
    names = sys.argv[1:] or list(tests_of(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])))
    if rings:
        try:
            need_ring()
        except unittest.SkipTest as reason:
            print(f"skipped: {reason}")
            sys.exit(SKIPPED)
    read_schema()  # and all tests have it
    words = {0: "ok", SKIPPED: "skip"}
    codes, reasons = [], set()
    for test in run_apart(names, rings_at_once(jobs)):
        sentence = test.name.rpartition(".")[2].removeprefix("test_").replace("_", " ")
        print(f"{words.get(test.code, 'FAIL'):4} {test.seconds:5.1f} s  {sentence}", flush=True)
        for line in test.lines:
            if line.startswith("skipped: "):
                reasons.add(line)
            elif test.code not in words:
                print(f"     {line}")
        codes.append(test.code)
    print(*sorted(reasons), sep="\n")
    if not all(code in words for code in codes):
        print(f"{sum(code not in words for code in codes)} of {len(codes)} tests failed")
        sys.exit(1)
    sys.exit(SKIPPED if codes and all(code == SKIPPED for code in codes) else 0)
