"""Hosts made of namespaces: each has a name, an address, a network and processes of its own, on one bridge in the
network of the test (holdfast.own_network()), and all of it ends with the test.

    hosts = holdfast.or_skip(Hosts, "h1", "h2")         # .gateway .stop()
    subprocess.run([*hosts.on("h1"), "hostname"])
"""

import subprocess

import holdfast
import netns

# A test may itself be in a chroot, which is no mount whose propagation could be changed: --mount-proc makes that of its
# own private, and --root is where commands of a host find it again.
UNSHARED = ("unshare", "--net", "--uts", "--mount", "--pid", "--propagation", "unchanged", "--mount-proc", "--fork",
            "--kill-child")
ENTERED = ("--net", "--uts", "--mount", "--pid", "--root", "--")
# The first process of a host reads until the test is gone, and all others end with it.
FIRST = "echo {name} >/proc/sys/kernel/hostname && echo up && exec cat"


def run(*words):
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise netns.Unavailable(f"no {words[0]}") from None
    except subprocess.CalledProcessError as error:
        raise netns.Unavailable(f"no hosts of namespaces here: {' '.join(words)}: {error.stderr.strip()}") from None


class Hosts:
    network = "10.77.0.0"  # /24
    gateway = "10.77.0.254"  # where the test itself is

    def __init__(self, *names):
        self.addresses, self.processes, self.first = {}, [], {}
        try:
            run("ip", "link", "add", "br0", "type", "bridge")
            run("ip", "addr", "add", f"{self.gateway}/24", "dev", "br0")
            run("ip", "link", "set", "br0", "up")
            for name in names:
                self.add(name)
        except BaseException:
            self.stop()
            raise

    def add(self, name):
        address = f"10.77.0.{len(self.addresses) + 1}"
        process = subprocess.Popen([*UNSHARED, "sh", "-c", FIRST.format(name=name)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, start_new_session=True)
        self.processes.append(process)
        with process.stdout:
            if process.stdout.readline() != b"up\n":
                raise netns.Unavailable("no hosts of namespaces here: unshare refuses")
        self.addresses[name], (self.first[name],) = address, holdfast.children(process.pid)
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(self.first[name]))
        run("ip", "link", "set", name, "master", "br0", "up")
        for words in (("link", "set", "lo", "up"), ("link", "set", "eth0", "up"),
                      ("addr", "add", f"{address}/24", "dev", "eth0")):
            run(*self.on(name), "ip", *words)

    def on(self, name):
        """What a command on that host begins with."""
        return ["nsenter", "--target", str(self.first[name]), *ENTERED]

    def start(self, name, *words, output, **options):
        """A daemon on that host, which ends with it; what it prints goes to a file."""
        with open(output, "wb") as file:
            self.processes.append(subprocess.Popen([*self.on(name), *words], stdin=subprocess.DEVNULL, stdout=file,
                                                   stderr=file, start_new_session=True, **options))

    def remote_shell(self, path):
        """Writes a program that is called as ssh is: HOST COMMAND..."""
        cases = "".join(f"{name}) shift; exec {' '.join(self.on(name))} sh -c \"$*\" ;;\n" for name in self.first)
        path.write_text(f"#!/bin/sh\ncase $1 in\n{cases}esac\necho \"$1: no such host\" >&2\nexit 255\n")
        path.chmod(0o755)
        return path

    def stop(self):
        for process in self.processes:
            if process.stdin:
                process.stdin.close()
        for process in self.processes:
            process.wait(holdfast.TIMEOUT_SECONDS)
        self.processes = []
