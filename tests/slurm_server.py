"""A real Slurm of the test's own: one node, this machine, on loopback alone.

A second one, ``elsewhere`` in partition ``far``, is only on paper. What is submitted to partition
``urgent`` puts jobs of the usual one, ``night``, back into the queue.
"""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from helpers import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo")
CPUS, GPUS = 8, 4  #: that the node claims to have; /dev/null stands for the GPUs' devices
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])

# cred_expire: a requeued job waits so long before it starts again, 120 s by default.
# sched_interval: the plain scheduler looks again so often, every 60 s by default.
_CONFIGURATION = """
ClusterName=bossnet
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=600
KillWait=30
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=4000 Gres=gpu:{gpus} State=UNKNOWN
NodeName=elsewhere NodeAddr=127.0.0.2 CPUs=8 RealMemory=4000 State=DOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=night Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes={host} MaxTime=INFINITE State=UP PriorityTier=9 PreemptMode=OFF
PartitionName=far Nodes=elsewhere MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """The programs of Slurm and munge that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]


class Slurm:
    """The daemons and their folder; a context manager.

    Attributes:
        environment: with which the clients find it.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bossnet-slurm-"))
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": _PATH}
        self._daemons: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Slurm":
        self.folder.chmod(0o755)
        for name in ("state", "spool", "gpus"):
            (self.folder / name).mkdir()
        for number in range(GPUS):
            (self.folder / "gpus" / f"nvidia{number}").symlink_to("/dev/null")
        controller, node = _free_ports(2)
        (self.folder / "slurm.conf").write_text(_CONFIGURATION.format(
            folder=self.folder, host=socket.gethostname().split(".")[0], user=getpass.getuser(),
            controller=controller, node=node, cpus=CPUS, gpus=GPUS))
        (self.folder / "gres.conf").write_text(
            f"Name=gpu File={self.folder}/gpus/nvidia[0-{GPUS - 1}] Flags=nvidia_gpu_env\n")
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        try:
            self._daemon("munged", "--foreground", f"--key-file={key}",
                         f"--socket={self.folder}/munge.socket",
                         f"--pid-file={self.folder}/munge.pid",
                         f"--seed-file={self.folder}/munge.seed")
            wait_until((self.folder / "munge.socket").exists, 30)
            self._daemon("slurmctld", "-D")
            self._daemon("slurmd", "-D")
            wait_until(self._is_idle, 60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem: object) -> None:
        if len(self._daemons) == 3:
            self("scancel", f"--user={getpass.getuser()}", check=False)
            wait_until(lambda: not self("squeue", "--noheader", check=False).strip(), 60)
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder)

    def __call__(self, *command: object, check: bool = True) -> str:
        """What a client of Slurm says."""
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              env=os.environ | self.environment, timeout=60)
        assert not check or done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def _daemon(self, program: str, *options: str) -> None:
        with (self.folder / f"{program}.log").open("wb") as log:
            self._daemons.append(subprocess.Popen(
                [shutil.which(program, path=_PATH) or program, *options], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=os.environ | self.environment))

    def _is_idle(self) -> bool:
        for daemon in self._daemons:
            log = self.folder / f"{Path(str(daemon.args[0])).name}.log"  # type: ignore[index]
            assert daemon.poll() is None, f"{log}:\n{log.read_text()}"
        state = self("sinfo", "--noheader", "--partition=night", "--format=%t", check=False)
        return state.strip() == "idle"


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for some in sockets:
            some.bind(("127.0.0.1", 0))
        return [some.getsockname()[1] for some in sockets]
    finally:
        for some in sockets:
            some.close()
