"""Open MPI and Slurm as a site has them, on hosts made of namespaces: from this system's packages, installed or in
build/servers, with all that they write in a folder of the test.

    engine = Slurm(folder, hosts)                       # its daemons end with the hosts
    done = engine.run("srun -n 4 hostname", folder)

SkipTest where they cannot be had.
"""

import os
import pathlib
import subprocess
import unittest

import holdfast
from nginx import ServerError
from servers import UNPACKED, environment, program

TASKS_PER_HOST = 2
START_SECONDS = 30


def need(*names):
    """The path of a program under the first of these names that is there."""
    try:
        return program(*names)
    except ServerError as reason:
        raise unittest.SkipTest(str(reason)) from None


class Engine:
    """commands: what its users call, of what it is told where it lies."""

    def __init__(self, folder, hosts, commands):
        self.folder, self.hosts = folder / "engine", hosts
        self.folder.mkdir(mode=0o755)
        self.environment = environment(self.folder)
        bin = self.folder / "bin"
        bin.mkdir()
        for name, path in {"holdfast": holdfast.PROGRAM, **commands}.items():
            (bin / name).symlink_to(path)
        self.environment |= {"PATH": f"{bin}:/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(self.folder)}

    def run(self, line, folder):
        """A line of a shell, as its users have it."""
        return subprocess.run(["sh", "-c", line], cwd=folder, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=holdfast.TIMEOUT_SECONDS)


class OpenMpi(Engine):
    """mpirun starts a daemon on each host by a remote shell."""

    def __init__(self, folder, hosts):
        orterun = need("orterun")
        super().__init__(folder, hosts, {"mpirun": orterun, "orted": need("orted")})
        self.environment |= {f"OMPI_MCA_{name}": str(value) for name, value in {
            "orte_default_hostfile": self.hostfile(), "plm_rsh_agent": hosts.remote_shell(self.folder / "rsh"),
            "oob_tcp_if_include": f"{hosts.network}/24"}.items()}
        self.environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                             "PMIX_MCA_pcompress_base_silence_warning": "1"}
        if UNPACKED in pathlib.Path(orterun).parents:
            modules, = UNPACKED.glob("usr/lib/*/openmpi/lib/openmpi3")
            self.environment |= {"OPAL_PREFIX": str(UNPACKED / "usr"), "OMPI_MCA_mca_base_component_path": str(modules)}

    def hostfile(self):
        path = self.folder / "hosts"
        path.write_text("".join(f"{name} slots={TASKS_PER_HOST}\n" for name in self.hosts.addresses))
        return path


SLURM_CONF = """ClusterName=holdfast
SlurmctldHost=head({head})
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SlurmdParameters=config_overrides
ReturnToService=2
PartitionName=all Nodes=ALL Default=YES State=UP
"""


class Slurm(Engine):
    """A slurmd on each host, slurmctld and munged on one more."""

    def __init__(self, folder, hosts):
        if os.geteuid():
            raise unittest.SkipTest("Slurm's daemons are started by root")
        super().__init__(folder, hosts, {name: need(name) for name in ("srun", "salloc", "sinfo")})
        self.munged, self.slurmctld, self.slurmd, self.slurmstepd = (
            need(f"{name}-wlm", name) for name in ("munged", "slurmctld", "slurmd", "slurmstepd"))
        self.config, self.nodes = self.folder / "slurm.conf", list(hosts.addresses)
        hosts.add("head")
        self.configure(UNPACKED in pathlib.Path(self.slurmd).parents)
        self.environment["SLURM_CONF"] = str(self.config)
        self.start_all()

    def configure(self, unpacked):
        lines = SLURM_CONF.format(head=self.hosts.addresses["head"], folder=self.folder)
        for name in self.nodes:
            lines += f"NodeName={name} NodeAddr={self.hosts.addresses[name]} CPUs={TASKS_PER_HOST}\n"
        if unpacked:
            plugins, = UNPACKED.glob("usr/lib/*/slurm-wlm")
            lines += f"PluginDir={plugins}\n"
            self.environment["LD_LIBRARY_PATH"] += f":{plugins}"
        self.config.write_text(lines)
        # Not used: proctrack is linuxproc. Left to find out which there is, slurmd ends where none is mounted.
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (self.folder / "state").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(64))
        key.chmod(0o600)

    def start(self, host, program, *words):
        self.hosts.start(host, program, *words, output=self.folder / f"{pathlib.Path(program).name}.{host}.output",
                         env=self.environment)

    def start_all(self):
        files = (f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log", "seed"))
        try:
            self.start("head", self.munged, "--foreground", "--force", f"--socket={self.folder}/munge.socket", *files)
            holdfast.eventually((self.folder / "munge.socket").exists, "munged listens", START_SECONDS)
            self.start("head", self.slurmctld, "-D")
            for name in self.nodes:
                self.start(name, self.slurmd, "-D", "-d", self.slurmstepd)
            holdfast.eventually(self.is_up, "all nodes are idle", START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.output()}") from None

    def is_up(self):
        return self.run("sinfo -h -N -o %T", self.folder).stdout.split() == ["idle"] * len(self.nodes)

    def output(self):
        """What its daemons said last."""
        return "\n".join(f"{path.stem}: {path.read_text(errors='replace')[-800:]}"
                         for path in sorted(self.folder.glob("*.output")))
