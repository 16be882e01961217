#!/usr/bin/env python3
"""The recipes of docs/hosts.md for engines that place tasks, scaled down: mpirun, srun, a Kubernetes Indexed Job."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

import holdfast
from holdfast import PROGRAM, plainly
from sparring import Target

PAGE = (holdfast.ROOT / "docs/hosts.md").read_text()
MANIFEST = holdfast.ROOT / "configs/kubernetes-indexed-job.yaml"
SMALLER = {"40k": "40", "1h": "3s", "10m": "3s", "+5s": "+3s", "+30s": "+3s", "http://server.example/": None,
           "holdfast": PROGRAM}


def smaller(line, url):
    for word, other in SMALLER.items():
        line = re.sub(rf"(?<![\w/.]){re.escape(word)}(?![\w.-])", other or url, line)
    return line


def recipe(name):
    """The line of the page that begins so."""
    return re.search(rf"^{name} .*$", PAGE, re.M)[0]


def find(program):
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def need(*programs):
    for program in programs:
        if not find(program):
            raise unittest.SkipTest(f"no {program}")


class EnginesTest(unittest.TestCase):
    def setUp(self):
        self.server = Target()
        self.addCleanup(self.server.stop)
        self.folder = holdfast.folder(self.addCleanup)

    def run_line(self, line, **environment):
        return subprocess.run(["sh", "-c", line], cwd=self.folder, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=holdfast.TIMEOUT_SECONDS,
                              env={**os.environ, **environment})

    def merge(self, count=4):
        files = sorted(self.folder.glob("part*.json"))
        self.assertEqual(count, len(files))
        whole = self.folder / "all.json"
        code, _, err = plainly("report", "--merge", *files, "--json", whole)
        self.assertEqual(0, code, err)
        report = holdfast.validate_report.read(whole)
        holdfast.check_report(report)
        self.assertEqual((40, 40), (report["plan"]["connections"], report["connections"]["opened"]))
        self.assertEqual("held", report["verdict"]["result"], report["verdict"])

    def test_mpirun(self):
        need("mpirun")
        line = smaller(recipe("mpirun"), self.server.url).replace(
            "mpirun", "mpirun --oversubscribe --allow-run-as-root", 1)
        done = self.run_line(line)
        self.assertEqual(0, done.returncode, done.stderr)
        self.merge()

    def test_srun(self):
        need("srun", "slurmctld", "slurmd", "slurmstepd", "munged")
        if os.geteuid() != 0:
            raise unittest.SkipTest("Slurm's daemons are started by root")
        with Slurm(self.folder) as slurm:
            line = smaller(recipe("srun"), self.server.url).replace("srun", "srun --overcommit", 1)
            done = self.run_line(line, SLURM_CONF=str(slurm.config))
            self.assertEqual(0, done.returncode, done.stderr)
            self.merge()

    def manifest(self):
        try:
            import yaml
        except ImportError:
            raise unittest.SkipTest("no python3-yaml") from None
        return yaml.safe_load(MANIFEST.read_text())

    def test_the_tasks_of_an_indexed_job_are_one_plan(self):
        spec = self.manifest()["spec"]
        container, = spec["template"]["spec"]["containers"]
        line = smaller(container["args"][0].replace("/reports/", f"{self.folder}/"), self.server.url)
        self.assertEqual(["/bin/sh", "-c"], container["command"])
        tasks = [subprocess.Popen([*container["command"], line], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  stdin=subprocess.DEVNULL, env={**os.environ, "JOB_COMPLETION_INDEX": str(index)})
                 for index in range(spec["completions"])]
        for task in tasks:
            _, err = task.communicate(timeout=holdfast.TIMEOUT_SECONDS)
            self.assertEqual(0, task.returncode, err)
        self.merge()

    def test_the_manifest_is_an_indexed_job(self):
        job = self.manifest()
        spec, pod = job["spec"], job["spec"]["template"]["spec"]
        container, = pod["containers"]
        self.assertEqual(("batch/v1", "Job", "Indexed"), (job["apiVersion"], job["kind"], spec["completionMode"]))
        self.assertEqual(spec["completions"], spec["parallelism"])
        self.assertIn(f"--shard /{spec['completions']} ", container["args"][0])
        self.assertEqual("Never", pod["restartPolicy"])
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]},
                         {volume["name"] for volume in pod["volumes"]})

    def test_the_manifest_keeps_its_schema(self):
        need("kubeconform")
        done = subprocess.run(["kubeconform", "-strict", MANIFEST], capture_output=True, text=True, check=False,
                              timeout=holdfast.TIMEOUT_SECONDS)
        if "failed downloading" in done.stdout + done.stderr or "could not find schema" in done.stdout + done.stderr:
            raise unittest.SkipTest("kubeconform cannot have the schemas")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class Slurm:
    """munged, slurmctld and slurmd of one node, in a folder of their own."""

    def __init__(self, folder):
        self.folder, self.processes = folder / "slurm", []
        self.folder.mkdir(mode=0o700)
        host = socket.gethostname().split(".")[0]
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.config = self.folder / "slurm.conf"
        prefix = pathlib.Path(find("slurmd")).parents[1]  # its packages may have been unpacked somewhere
        plugins = sorted(prefix.glob("lib/*/slurm-wlm")) if str(prefix) not in ("/", "/usr") else []
        self.config.write_text("".join(f"PluginDir={path}\n" for path in plugins))
        with self.config.open("a") as config:
            config.write("\n".join((
                "ClusterName=holdfast", f"SlurmctldHost={host}", "SlurmUser=root", "AuthType=auth/munge",
                f"AuthInfo=socket={self.folder}/munge.socket", f"StateSaveLocation={self.folder}/state",
                f"SlurmdSpoolDir={self.folder}/spool", f"SlurmctldPidFile={self.folder}/ctld.pid",
                f"SlurmdPidFile={self.folder}/d.pid", "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none",
                "SelectType=select/cons_tres", "SlurmctldPort=16817", "SlurmdPort=16818", "ReturnToService=2",
                f"NodeName={host} CPUs={os.cpu_count()} State=UNKNOWN",
                f"PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE", "")))

    def start(self, *words):
        with (self.folder / f"{words[0]}.log").open("w") as log:
            self.processes.append(subprocess.Popen([find(words[0]), *words[1:]], start_new_session=True, stdout=log,
                                                   stderr=log, env={**os.environ, "SLURM_CONF": str(self.config)}))

    def __enter__(self):
        (self.folder / "state").mkdir()
        self.start("munged", "--foreground", "--force", f"--key-file={self.folder}/munge.key",
                   f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munge.pid",
                   f"--log-file={self.folder}/munge.log", f"--seed-file={self.folder}/munge.seed")
        holdfast.eventually(lambda: (self.folder / "munge.socket").exists(), "munged listens")
        self.start("slurmctld", "-D", "-f", str(self.config))
        self.start("slurmd", "-D", "-f", str(self.config), "-d", find("slurmstepd"))
        try:
            holdfast.eventually(self.is_up, "a node is idle", 30)
        except AssertionError as error:
            said = "; ".join(log.read_text()[-200:].strip() for log in sorted(self.folder.glob("*.log")))
            self.__exit__()
            raise unittest.SkipTest(f"Slurm's daemons do not start here: {error}: {said}") from None
        return self

    def is_up(self):
        done = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False,
                              env={**os.environ, "SLURM_CONF": str(self.config)})
        return "idle" in done.stdout

    def __exit__(self, *_):
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


if __name__ == "__main__":
    holdfast.main()
