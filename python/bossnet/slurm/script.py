"""The script of a job array, rendered from its template: readable, quoted, without a password."""

import re
import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from bossnet.errors import ConfigurationError
from bossnet.slurm.profile import WARNING, Profile

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def job_name(run: int | None) -> str:
    """By which the tasks of a run are known in Slurm's queue; without a run, as it will look."""
    return f"bossnet-run-{'RUN' if run is None else run}"


def logs_of(profile: Profile) -> Path:
    """Folder of the tasks' logs."""
    return (profile.logs or Path()).absolute()


def options(profile: Profile, run: int | None) -> list[str]:
    """What sbatch is asked for. Raises ConfigurationError if a line cannot hold it."""
    logs = str(logs_of(profile)).replace("%", "%%")
    if not logs.isprintable():  # also where it is the folder that one happens to be in
        raise ConfigurationError(f"the folder of the logs, {logs!r}, holds a sign that cannot be "
                                 "printed: name another one with --logs")
    asked = {
        "job-name": job_name(run), "array": f"1-{profile.tasks}", "account": profile.account,
        "partition": profile.partition, "time": profile.time, "nodes": 1, "ntasks": 1,
        "cpus-per-task": profile.cpus_per_worker * profile.workers_per_task,
        "mem": profile.memory, "gres": _gpus(profile),
        "output": f"{logs}/{job_name(run)}-%a.log",
        "open-mode": "append", "requeue": "", "signal": f"B:USR1@{WARNING}"}
    return [*(f"--{name}={value}" if value != "" else f"--{name}"
              for name, value in asked.items() if value is not None), *profile.options]


def _gpus(profile: Profile) -> str | None:
    number = profile.gpus_per_worker * profile.workers_per_task
    return ":".join(filter(None, ("gpu", profile.gpu_type, str(number)))) if number else None


def render(profile: Profile, command: Sequence[str], run: int | None) -> str:
    """The script of a job array.

    Args:
        profile: what Slurm is asked for.
        command: that a task runs.
        run: whose workers it starts; None to show what it will look like.

    Raises:
        ConfigurationError: the template cannot be read, or names something that is not known.
    """
    values = {
        "options": "\n".join(f"#SBATCH {shlex.quote(option)}"
                             for option in options(profile, run)),
        "command": shlex.join(command), "threads": str(profile.cpus_per_worker)}
    text = _template(profile.template)
    if unknown := sorted(set(_PLACE.findall(text)) - set(values)):
        raise ConfigurationError(f"{profile.template}: between double braces there may be "
                                 f"{', '.join(values)}, not {unknown[0]}")
    return _PLACE.sub(lambda place: values[place[1]], text)


def _template(path: Path | None) -> str:
    if path is None:
        return (files("bossnet.slurm") / "worker.sh").read_text()
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigurationError(f"the template {path} cannot be read: {e}") from e
