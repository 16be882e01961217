#!/usr/bin/env python3
"""The job's origin, told again honestly: asyncio streams, 10 connections every 10 ms, on each a HEAD after a
random 1 .. keepalive/2 seconds; counts what was sent and answered. As in the original (a well-known example for
asyncio's streams), the 3 s timeout stands around the connect and around each line that is read.

It stands beside bare_loop.c in bench/soak: the one is what the work costs at least, this what it costs
as one would first write it.
"""

import argparse
import asyncio
import random
import resource
import sys

TIMEOUT_SECONDS = 3


class Counts:
    def __init__(self):
        self.live = self.sent = self.answered = self.lost = 0
        self.by_status = {}


async def read_line(reader):
    return (await asyncio.wait_for(reader.readline(), TIMEOUT_SECONDS)).decode("latin-1").rstrip("\r\n")


async def read_head(reader):
    """The answer to a HEAD: its status, and its headers read line by line, as streams offer it."""
    version, status, _ = (await read_line(reader)).split(" ", 2)
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    headers = {}
    while line := await read_line(reader):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(status), headers


async def keep_alive(host, port, request, longest_think, counts):
    """One connection: open, ask, think, ask again, until it is cancelled or lost."""
    writer = None
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), TIMEOUT_SECONDS)
        counts.live += 1
        try:
            while True:
                writer.write(request)
                counts.sent += 1
                status, headers = await read_head(reader)
                counts.answered += 1
                counts.by_status[status] = counts.by_status.get(status, 0) + 1
                if headers.get("connection") == "close":
                    break
                await asyncio.sleep(random.uniform(1, longest_think))
        finally:
            counts.live -= 1
    except (OSError, asyncio.TimeoutError, ValueError):  # ValueError: no HTTP, or the end of the stream
        counts.lost += 1
    finally:
        if writer:
            writer.close()


async def soak(options):
    counts = Counts()
    request = (f"HEAD / HTTP/1.1\r\nHost: {options.host}:{options.port}\r\n"
               "User-Agent: asyncli\r\nAccept: */*\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    start, tasks = loop.time(), []
    while len(tasks) < options.connections:
        for _ in range(min(options.ramp, options.connections - len(tasks))):
            tasks.append(asyncio.create_task(keep_alive(options.host, options.port, request,
                                                        options.keepalive / 2, counts)))
        await asyncio.sleep(max(0, start + len(tasks) / options.ramp * 0.010 - loop.time()))
    await asyncio.sleep(options.duration)
    live = counts.live
    pending = set(tasks)
    while pending:  # again and again: wait_for() swallows a cancellation that meets its result
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    return live, counts


def main():
    parser = argparse.ArgumentParser(description="hold keep-alive connections with asyncio", allow_abbrev=False)
    parser.add_argument("-c", "--connections", type=int, default=10000)
    parser.add_argument("-r", "--ramp", type=int, default=10, help="connections opened every 10 ms")
    parser.add_argument("-d", "--duration", type=float, default=60, help="seconds to hold after the ramp")
    parser.add_argument("-k", "--keepalive", type=float, default=60, help="seconds; asks every 1..half of it")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    live, counts = asyncio.run(soak(options))
    print(f"live {live}\nsent {counts.sent}\nanswered {counts.answered}\nlost {counts.lost}\nby_status {counts.by_status}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
