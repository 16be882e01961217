#!/usr/bin/env python3
"""The recipes of docs/hosts.md for engines that place tasks, scaled down: mpirun, srun, a Kubernetes Indexed Job."""

import json
import os
import re
import subprocess
import unittest

import holdfast
import npm
from batch_engines import OpenMpi, Slurm
from holdfast import PROGRAM, plainly
from namespaces import Hosts
from sparring import Target, accepted, answered

PAGE = (holdfast.ROOT / "docs/hosts.md").read_text()
MANIFEST = holdfast.ROOT / "configs/kubernetes-indexed-job.yaml"
SMALLER = {"40k": "40", "1h": "3s", "10m": "3s", "+5s": "+3s", "+30s": "+3s", "http://server.example/": None}
NODES, TASKS = ("h1", "h2"), 4


def smaller(line, url):
    for word, other in SMALLER.items():
        line = re.sub(rf"(?<![\w/.]){re.escape(word)}(?![\w.-])", other or url, line)
    return line


def recipe(name):
    """The line of the page that begins so."""
    return re.search(rf"^{name} .*$", PAGE, re.M)[0]


def opened_by(hosts, name):
    """TCP connections that this host opened so far, of any program."""
    table = subprocess.run([*hosts.on(name), "cat", "/proc/net/snmp"], check=True, capture_output=True, text=True).stdout
    names, values = (line.split() for line in table.splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("ActiveOpens")])


# What the API server does with it: field validation is strict, so a name that no schema has is a mistake, too.
VALIDATE = """
const used = require("module").createRequire(require.resolve("@kubernetes-models/validate"));
const ajv = used("ajv").default.prototype, add = ajv.addSchema;
ajv.addSchema = function (schema, id, ...rest) {
    if (String(id).startsWith("io.k8s.") && schema.properties && !schema.additionalProperties)
        schema.additionalProperties = false;
    return add.call(this, schema, id, ...rest);
};
const {Job} = require("kubernetes-models/batch/v1");
for (const manifest of JSON.parse(require("fs").readFileSync(0)))
    try {
        new Job(manifest).validate();
        console.log("ok");
    } catch (error) {
        console.log(error.message);
    }
"""
# A path of the manifest, what stands there instead (None: it is left out), and what of it is named.
MISTAKES = ((("spec", "completionMode"), "Index", "completionMode"), (("spec", "completions"), "4", "completions"),
            (("spec", "backofLimit"), 0, "additional properties"), (("spec", "template"), None, "template"),
            (("spec", "template", "spec", "containers", 0, "volumeMount"), [], "containers/0"),
            (("spec", "template", "spec", "topologySpreadConstraints", 0, "maxSkew"), None, "maxSkew"))


def changed(manifest, path, value):
    """A copy of the manifest with another value there."""
    copied = json.loads(json.dumps(manifest))
    place = copied
    for member in path[:-1]:
        place = place[member]
    place.pop(path[-1], None)
    if value is not None:
        place[path[-1]] = value
    return copied


class EnginesTest(unittest.TestCase):
    def setUp(self):
        self.folder = holdfast.folder(self.addCleanup)

    def serve(self, **options):
        self.server = Target(**options)
        self.addCleanup(self.server.stop)

    def merge(self):
        """The parts' reports are one plan, and what they count together is what the server counted."""
        files = sorted(self.folder.glob("part*.json"))
        self.assertEqual(TASKS, len(files))
        whole = self.folder / "all.json"
        code, _, err = plainly("report", "--merge", *files, "--json", whole)
        self.assertEqual(0, code, err)
        report, stats = holdfast.validate_report.read(whole), self.server.stats_when_closed()
        holdfast.check_report(report)
        self.assertEqual((40, 40), (report["plan"]["connections"], report["connections"]["opened"]))
        self.assertEqual("held", report["verdict"]["result"], report["verdict"])
        # Each part's preflight asks once.
        self.assertEqual(accepted(stats), report["connections"]["opened"] + TASKS)
        self.assertEqual(answered(stats), report["requests"]["answered"] + TASKS)

    def start(self, engine):
        """The engine on two hosts, and a server in reach of both."""
        holdfast.own_network()
        self.hosts = holdfast.or_skip(Hosts, *NODES)
        self.addCleanup(self.hosts.stop)
        self.engine = engine(self.folder, self.hosts)
        self.serve(address=self.hosts.gateway)

    def check_recipe(self, name):
        before = {host: opened_by(self.hosts, host) for host in NODES}
        done = self.engine.run(smaller(recipe(name), self.server.url), self.folder)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.merge()
        for host, count in before.items():
            self.assertGreaterEqual(opened_by(self.hosts, host) - count, 20, f"{host} has its half")

    def test_mpirun_places_the_parts_on_two_hosts(self):
        self.start(OpenMpi)
        self.check_recipe("mpirun")

    def test_srun_places_the_parts_on_two_nodes(self):
        self.start(Slurm)
        self.check_recipe("srun")

    def test_srun_is_a_remote_shell_to_the_nodes_of_an_allocation(self):
        self.start(Slurm)
        remote = re.search(r"^\| nodes of a Slurm allocation \| `(.*)` \|$", PAGE, re.M)[1]
        path = self.folder / "report.json"
        done = self.engine.run(f"salloc -N 2 holdfast run --hosts h1,h2 --remote '{remote}' -c 40 -d 1s --json {path} "
                               f"{self.server.url}", self.folder)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        report = holdfast.validate_report.read(path)
        holdfast.check_report(report, 0)
        self.assertEqual((40, "h1,h2"), (report["connections"]["live"], report["plan"]["hosts"]))

    def manifest(self):
        try:
            import yaml
        except ImportError:
            raise unittest.SkipTest("no python3-yaml") from None
        return yaml.safe_load(MANIFEST.read_text())

    def test_the_tasks_of_an_indexed_job_are_one_plan(self):
        self.serve()
        spec = self.manifest()["spec"]
        container, = spec["template"]["spec"]["containers"]
        line = smaller(container["args"][0].replace("/reports/", f"{self.folder}/"), self.server.url)
        line = re.sub(r"\bholdfast\b", PROGRAM, line, count=1)
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

    def test_the_manifest_keeps_the_schema_of_kubernetes(self):
        modules, job = npm.package("kubernetes-models", "4.3.1"), self.manifest()
        manifests = [job, *(changed(job, path, value) for path, value, _ in MISTAKES)]
        printed = npm.run(VALIDATE, modules=modules, text=json.dumps(manifests)).splitlines()
        self.assertEqual((len(manifests), "ok"), (len(printed), printed[0]))
        for line, (path, value, named) in zip(printed[1:], MISTAKES):
            self.assertIn(named, line, f"{path}: {value}")


if __name__ == "__main__":
    holdfast.main()
