"""What real servers were told to do with kept connections, and what a run says that they did.

    for trial in trials("Apache event"): ...       # each of its rules, asked in each way
    with started(trials) as running: running[0].tell()      # Told("right", text, ...)

A cause is right that is of the kind and has the number: within 10 % or 0.2 s, counts exactly. "either" names it beside
others that would have looked the same. Whatever else a run names is wrong.
"""

import contextlib
import dataclasses
import datetime
import os
import signal
import time

import holdfast
import servers
from nginx import Nginx, ServerError

RIGHT, EITHER, SILENT, WRONG = "right", "either", "silent", "wrong"
WORDS = (RIGHT, EITHER, SILENT, WRONG)
IN_STEP = (RIGHT, EITHER)
# Beyond this our own lateness, or a server's on this machine, is of the size of what is to be told.
LATE_SECONDS = 0.03
BUSY = 2 * os.cpu_count()


@dataclasses.dataclass(frozen=True)
class Truth:
    """Zero: the server has no such rule."""
    idle: float = 0  # seconds without a request
    later: float = 0  # it acts up to so much later: it looks now and then
    exactly: float = 0  # or exactly so much later
    requests: int = 0  # answers a connection
    age: float = 0  # seconds
    moment: float = 0  # seconds into the run
    lasts: float = 0.5  # and it takes so long
    sheds: bool = False  # a process that has no worker left ends what it keeps


@dataclasses.dataclass(frozen=True)
class Way:
    """How a server is asked. told: one of these is to be said."""
    name: str
    arguments: tuple
    seconds: float
    told: tuple = (RIGHT,)


@dataclasses.dataclass(frozen=True)
class Policy:
    """make: starts a server with that rule. signal: instead of a rule, what it is sent in mid-run. most: connections it
    can take."""
    name: str
    make: object
    truth: Truth
    signal: int = 0
    most: int = 1000


@dataclasses.dataclass(frozen=True)
class Told:
    word: str
    text: str
    code: int
    codes: tuple  # of which it is to be one
    late: bool


# What is said.

def near(value, true):
    return abs(value - true) <= max(true / 10, 0.2)


def idle_is_true(closing, truth):
    if not truth.idle:
        return False
    if closing["interval"]:
        return (truth.idle - 0.2 <= closing["low_seconds"] <= truth.idle + truth.exactly + truth.later / 2 + 0.2 and
                closing["high_seconds"] <= (truth.idle + truth.exactly + truth.later) * 1.1 + 0.2)
    limit = closing["limit"] / 1000
    if "moment" in closing["rivals"]:  # or a shorter one that is looked at now and then: its text says so
        return limit + 0.2 >= truth.idle
    return near(limit, truth.idle) or (truth.exactly > 0 and near(limit, truth.idle + truth.exactly))


def kind_is_true(truth, dimension):
    return {"idle": truth.idle, "requests": truth.requests, "age": truth.age, "moment": truth.moment}.get(dimension, 0) > 0


def is_true(closing, truth):
    """In kind and number."""
    dimension = closing["dimension"]
    if not kind_is_true(truth, dimension):
        return False
    if dimension == "idle":
        return idle_is_true(closing, truth)
    if dimension == "requests":
        return closing["limit"] == truth.requests
    if dimension == "age":
        return near(closing["limit"] / 1000, truth.age)
    return -0.2 <= closing["value_seconds"] - truth.moment <= truth.lasts + 0.2


def judge_closing(closing, truth):
    if closing["dimension"] is None:
        return SILENT
    right = is_true(closing, truth)
    if truth.sheds and "no worker left" in closing["directive"]:
        return EITHER
    if not closing["rivals"]:
        return RIGHT if right else WRONG
    return EITHER if right or any(kind_is_true(truth, rival) for rival in closing["rivals"]) else WRONG


def judge(report, truth):
    """The best that is said of any outcome, unless one is wrong; and all of it."""
    closings = (report["lifetimes"] or {"closings": []})["closings"]
    words = [judge_closing(closing, truth) for closing in closings]
    texts = [f'{closing["count"]} {closing["outcome"]}, {closing["text"] or "no cause"}' for closing in closings]
    best = WRONG if WRONG in words else min(words, key=WORDS.index, default=SILENT)
    return best, "; ".join(texts) or "nothing ended"


# How it is asked.

def spread(low, high):
    """A ramp of a second and more, and times that vary: nothing is in step."""
    return "-c", 60, "-r", "1/25ms", "-i", f"{low:.2f}s..{high:.2f}s"


def burst(low, high):
    """A thousand in half a second."""
    return "-c", 1000, "-r", "1000/500ms", "-i", f"{low:.2f}s..{high:.2f}s"


def fixed(seconds):
    return "-c", 60, "-i", f"{seconds}s"


DEFAULTS = ("-c", 60)


def ways(truth):
    """Of asking a server so that its rule shows."""
    if truth.idle:
        acts = truth.idle + truth.exactly + truth.later
        together = IN_STEP if truth.later == 0 else (RIGHT, EITHER, SILENT)
        return (Way("spread", spread(0.3, 2 * acts), 3 * acts + 1),
                Way("defaults", DEFAULTS, 2 * acts + 2, together),
                Way("fixed", fixed(2 * acts), acts + 1.5, together),
                Way("burst", burst(0.5, 3 * acts), 3 * acts + 1))
    if truth.requests == 1:
        return Way("spread", spread(0.2, 1), 1), Way("defaults", DEFAULTS, 1), Way("burst", burst(0.2, 1), 1)
    if truth.requests:
        each = 0.2 * truth.requests
        return (Way("spread", spread(0.05, 0.3), 1.5 * each + 1),
                Way("fixed", fixed(0.2), each + 1, IN_STEP),
                Way("burst", burst(0.1, 0.3), 1.5 * each + 1))
    if truth.age:
        return (Way("spread", spread(0.2, 1), truth.age + 2),
                Way("fixed", fixed(0.3), truth.age + 1, IN_STEP),
                Way("burst", burst(0.2, 1), truth.age + 2, IN_STEP))
    return (Way("spread", spread(0.3, 2), 6),
            Way("defaults", DEFAULTS, 6, IN_STEP),
            Way("fixed", fixed(0.7), 6, IN_STEP),
            Way("burst", burst(0.3, 2), 6, IN_STEP))


# Of these ways, what tests/e2e/policies_test.py does: a rule has few of them, and each way is there. Under the sanitizers
# all rules of nginx, and of the other servers how long a connection may be idle: no other code of ours is met.
def of_the_suite(server, policy, way):
    if holdfast.SANITIZED and server != "nginx" and not policy.truth.idle:
        return False
    if policy.truth.idle:
        return way.name in ("defaults", "burst")
    if policy.signal:
        return way.name == ("spread" if policy.name == "stop" else "burst")
    return way.name == ("spread" if policy.truth.age else "fixed")


@dataclasses.dataclass(frozen=True)
class Trial:
    """A rule, asked in one way. server: once it is started."""
    policy: Policy
    way: Way
    server: object = None

    def arguments(self):
        words = list(self.way.arguments)
        words[1] = min(words[1], self.policy.most)
        return *words, "-d", f"{self.way.seconds:.1f}s", "--ui", "line", self.server.url

    def tell(self):
        truth = self.policy.truth
        with holdfast.Run(*self.arguments()) as run:
            if self.policy.signal:
                run.wait_for(r"phase=hold t=[34]")
                sent = time.time()
                self.server.process.send_signal(self.policy.signal)
            result = run.finish(holdfast.TIMEOUT_SECONDS + self.way.seconds)
        if self.policy.signal:
            truth = dataclasses.replace(truth, moment=seconds_into(result.report, sent))
        word, text = judge(result.report, truth)
        return Told(word, text, result.code, exit_codes(result), was_late(result.report))


def was_late(report):
    generator = report["generator"]
    return ((generator["loop_lag_seconds_p99"] or 0) > LATE_SECONDS or
            (generator["loop_lag_seconds_max"] or 0) > 2 * LATE_SECONDS or os.getloadavg()[0] > BUSY)


def exit_codes(result):
    """Lost is broken, unless we ourselves were too late to ask."""
    generator = result.report["generator"]
    ours = sum(generator[name] for name in ("closed_overdue", "reset_overdue", "timed_out_late", "connect_timeout_late"))
    if not result.connections["lost"]:
        return (0,)
    return (1, 4) if ours else (1,)


def seconds_into(report, moment):
    """A time of time.time(), counted from the run's start."""
    started = datetime.datetime.fromisoformat(report["run"]["started_at"].replace("Z", "+00:00"))
    return moment - started.timestamp()


def trials(server):
    """Of each rule of that server, asked in each way."""
    for policy in SERVERS[server]:
        for way in ways(policy.truth):
            yield Trial(policy, way)


def long_trials(server):
    """Of rules that are long enough to be met by holdfast's defaults."""
    for policy in LONG[server]:
        yield Trial(policy, Way("defaults", ("-c", 100), 60, (RIGHT, EITHER)))


@contextlib.contextmanager
def started(wanted):
    """The trials with their servers: one for each rule, or one for each trial in which it ends. By the thread that calls,
    with which they end."""
    with contextlib.ExitStack() as stack:
        shared, running = {}, []
        for trial in wanted:
            policy = trial.policy
            if policy.signal or policy.name not in shared:
                shared[policy.name] = stack.enter_context(holdfast.or_skip(policy.make))
            running.append(dataclasses.replace(trial, server=shared[policy.name]))
        yield running


# The servers, and their rules.

HALTED = Truth(moment=1, lasts=1)
# haproxy counts neither, but keeps variables with a connection.
HAPROXY_REQUESTS = """    http-request set-var(sess.n) int(0) unless { var(sess.n) -m found }
    http-request set-var(sess.n) var(sess.n),add(1)
    http-request return status 200 content-type text/plain string held hdr Connection close if { var(sess.n) -m int ge 10 }"""
HAPROXY_AGE = """    http-request set-var(sess.t) date(0,ms) unless { var(sess.t) -m found }
    http-request return status 200 content-type text/plain string held hdr Connection close if { date(0,ms),sub(sess.t) ge 3000 }"""


def nginx(**settings):
    return Nginx(settings=settings)


def apache(mpm, **settings):
    # Processes enough, and none that ends because it is spare: with it would end what it keeps.
    lines = {"event": "ThreadsPerChild 64\nServerLimit 16\nMaxRequestWorkers 1024\nStartServers 16\nMaxSpareThreads 1024",
             "prefork": "StartServers 48\nMinSpareServers 48"}
    server = servers.Apache(mpm=mpm, lines=lines[mpm], **settings)
    try:
        holdfast.eventually(lambda: len(holdfast.children(server.pid)) >= {"event": 16, "prefork": 48}[mpm], "all processes")
    except BaseException:
        server.stop()
        raise
    return server


def apache_policies(mpm, most):
    sheds = mpm == "event"
    halted = dataclasses.replace(HALTED, sheds=sheds)
    return (Policy("KeepAliveTimeout 2", lambda: apache(mpm, keepalive_timeout=2), Truth(idle=2, sheds=sheds), most=most),
            # It does not count a connection's first request.
            Policy("MaxKeepAliveRequests 9", lambda: apache(mpm, keepalive_timeout=60, requests=9),
                   Truth(requests=10, sheds=sheds), most=most),
            Policy("stop", lambda: apache(mpm, keepalive_timeout=60), halted, signal.SIGTERM, most=most),
            Policy("graceful", lambda: apache(mpm, keepalive_timeout=60), halted, signal.SIGUSR1, most=most))


SERVERS = {
    "nginx": (
        Policy("keepalive_timeout 2s", lambda: nginx(keepalive_timeout="2s"), Truth(idle=2)),
        Policy("keepalive_requests 10", lambda: nginx(keepalive_requests="10"), Truth(requests=10)),
        Policy("keepalive_time 3s", lambda: nginx(keepalive_time="3s"), Truth(age=3)),
        Policy("stop", nginx, HALTED, signal.SIGTERM),
        Policy("reload", nginx, HALTED, signal.SIGHUP)),
    "Apache event": apache_policies("event", 1000),
    "Apache prefork": apache_policies("prefork", 40),
    # It announces 2 s, and closes a second later.
    "Node": (
        Policy("keepAliveTimeout 2000", lambda: servers.Node(2000), Truth(idle=2, exactly=1)),
        Policy("maxRequestsPerSocket 10", lambda: servers.Node(60000, 10), Truth(requests=10)),
        Policy("stop", lambda: servers.Node(60000), HALTED, signal.SIGTERM)),
    "HAProxy": (
        Policy("timeout http-keep-alive 2s", lambda: servers.HAProxy(2), Truth(idle=2)),
        Policy("10 requests", lambda: servers.HAProxy(lines=HAPROXY_REQUESTS), Truth(requests=10)),
        Policy("age 3 s", lambda: servers.HAProxy(lines=HAPROXY_AGE), Truth(age=3)),
        Policy("stop", servers.HAProxy, HALTED, signal.SIGTERM),
        Policy("reload", servers.HAProxy, HALTED, signal.SIGUSR2)),
    # It looks once a second.
    "lighttpd": (
        Policy("max-keep-alive-idle 2", lambda: servers.Lighttpd(2), Truth(idle=2, later=1)),
        # It does not count a connection's first request.
        Policy("max-keep-alive-requests 9", lambda: servers.Lighttpd(requests=9), Truth(requests=10)),
        Policy("stop", servers.Lighttpd, HALTED, signal.SIGTERM),
        Policy("graceful restart", servers.Lighttpd, HALTED, signal.SIGUSR1)),
    "Caddy": (
        Policy("idle 2s", lambda: servers.Caddy(2), Truth(idle=2)),
        Policy("stop", servers.Caddy, HALTED, signal.SIGTERM)),
    "h2o": (
        Policy("http1-request-timeout 2", lambda: servers.H2o(2), Truth(idle=2)),
        Policy("stop", servers.H2o, HALTED, signal.SIGTERM)),
    "uvicorn": (
        Policy("timeout-keep-alive 2", lambda: servers.Uvicorn(2), Truth(idle=2)),
        Policy("stop", servers.Uvicorn, HALTED, signal.SIGTERM)),
}

# With a server's own defaults, where these are met.
LONG = {
    "nginx": (
        Policy("keepalive_timeout 20s", lambda: nginx(keepalive_timeout="20s"), Truth(idle=20)),
        Policy("keepalive_requests 3", lambda: nginx(keepalive_requests="3"), Truth(requests=3)),
        Policy("keepalive_time 20s", lambda: nginx(keepalive_time="20s"), Truth(age=20))),
    "Apache event": (
        Policy("KeepAliveTimeout 5", lambda: apache("event", keepalive_timeout=5), Truth(idle=5)),
        Policy("MaxKeepAliveRequests 2", lambda: apache("event", keepalive_timeout=60, requests=2), Truth(requests=3))),
    "Apache prefork": (
        Policy("KeepAliveTimeout 5", lambda: apache("prefork", keepalive_timeout=5), Truth(idle=5), most=40),),
    "Node": (
        Policy("keepAliveTimeout 5000", lambda: servers.Node(5000), Truth(idle=5, exactly=1)),
        Policy("maxRequestsPerSocket 3", lambda: servers.Node(60000, 3), Truth(requests=3))),
    "HAProxy": (Policy("timeout http-keep-alive 10s", lambda: servers.HAProxy(10), Truth(idle=10)),),
    "lighttpd": (Policy("max-keep-alive-idle 5", lambda: servers.Lighttpd(5), Truth(idle=5, later=1)),),
    "Caddy": (Policy("idle 20s", lambda: servers.Caddy(20), Truth(idle=20)),),
    "h2o": (Policy("http1-request-timeout 10", lambda: servers.H2o(10), Truth(idle=10)),),
    "uvicorn": (Policy("timeout-keep-alive 5", lambda: servers.Uvicorn(5), Truth(idle=5)),),
}
