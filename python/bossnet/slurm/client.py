"""Slurm as its own programs know it: submitting an array, and what has become of its tasks."""

import os
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Sequence

from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.errors import BossNetError, ConfigurationError
from bossnet.slurm.profile import Profile
from bossnet.slurm.script import job_name, logs_of, options, render

_PATIENCE = 60.0  #: seconds that a program of Slurm may take; its daemon may be busy
STUCK = "STUCK"  #: stands for their state
_HERE = ("", "localhost", "127.0.0.1", "::1")
#: Reasons of tasks in the queue that never start without somebody's help.
_REASONS = ("held", "JobHeldUser", "JobHeldAdmin", "BadConstraints", "InvalidAccount",
            "InvalidQOS", "DependencyNeverSatisfied")


class SlurmError(BossNetError):
    """Slurm refused, or does not answer."""


def check(config: Config, profile: Profile) -> None:
    """Whether workers that Slurm starts could work at all.

    Raises:
        ConfigurationError: there is no Slurm here, or its nodes cannot reach the database.
        DatabaseError: no connection.
        SlurmError: Slurm does not answer.
    """
    if shutil.which("sbatch") is None:
        raise ConfigurationError("sbatch is not here: run this where Slurm is, or with --local N")
    here = socket.gethostname().split(".")[0]
    if _host(config) in _HERE and _nodes(profile.partition) - {here}:
        raise ConfigurationError(
            "workers on other nodes cannot reach this database, which listens on this machine "
            "alone: name one of a server (BOSSNET_DATABASE_URL, or database in the "
            "configuration), or work here with --local N")


def _nodes(partition: str | None) -> set[str]:
    """Names of the hosts of a partition, by default the one that Slurm takes by itself."""
    rows = [line.split("|") for line in
            _run("sinfo", "--noheader", "--Node", "--format=%P|%n").splitlines()]
    return {host for name, host in rows
            if (name.endswith("*") if partition is None else name.rstrip("*") == partition)}


def _host(config: Config) -> str:
    """Where the database is; empty for a Unix socket. Known for sure once there is a connection."""
    connection = connect(config, application="astra srun")
    try:
        host: str = connection.info.host or ""
    finally:
        connection.close()
    return "" if host.startswith("/") else host


def submit(profile: Profile, command: Sequence[str], run: int,
           environment: dict[str, str]) -> str:
    """Submits the workers of a run; the number of the job.

    Args:
        profile: what is asked for.
        command: of each task.
        run: the run.
        environment: beside that of this process; where a database is named, not in the script.

    Raises:
        SlurmError: it was refused; the message has Slurm's own words.
        ConfigurationError: the template cannot be used, or the logs' folder not be made.
    """
    script = render(profile, command, run)
    try:
        logs_of(profile).mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ConfigurationError(f"the folder of the logs cannot be made: {e}") from e
    # Options once more, as SBATCH_... of the environment would take precedence over the script's.
    return _run("sbatch", "--parsable", "--export=ALL", *options(profile, run), text=script,
                environment=environment).strip().split(";")[0]


def tasks(run: int, job: str) -> Counter[str]:
    """The tasks of a job that are still there, by state; `STUCK` are those that need help.

    Raises:
        SlurmError: Slurm does not answer.
    """
    # By name, as asking for a job that has been gone for long is an error.
    said = _run("squeue", "--noheader", "--array", f"--name={job_name(run)}",
                "--format=%F|%T|%r")
    found: Counter[str] = Counter()
    for line in said.splitlines():
        number, state, reason = line.split("|", 2)
        if number == job:
            stuck = state == "PENDING" and any(word in reason for word in _REASONS)
            found[STUCK if stuck else state] += 1
    return found


def _run(program: str, *words: str, text: str = "", environment: dict[str, str] | None = None
         ) -> str:
    try:
        done = subprocess.run([program, *words], input=text, capture_output=True, text=True,
                              timeout=_PATIENCE, env=os.environ | (environment or {}))
    except (OSError, subprocess.TimeoutExpired) as e:
        raise SlurmError(f"Slurm refuses, or fails: {program}: {e}") from e
    if done.returncode != 0:
        said = done.stderr.strip() or f"{program}: exit status {done.returncode}"
        raise SlurmError(f"Slurm refuses, or fails: {'; '.join(said.splitlines())}")
    return done.stdout
