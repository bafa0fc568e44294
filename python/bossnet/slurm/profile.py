"""What a site's Slurm is asked for: the profiles of the configuration.

    slurm:
      profiles:
        NAME: {account: sdss, partition: gpu, time: "8:00:00", gpus_per_worker: 1}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bossnet.errors import ConfigurationError

DEFAULT = "default"  #: the profile that is used where none is named, if there is one
WARNING = 120  #: seconds before the time limit at which workers are told to end
SHORTEST = 5  #: minutes of a job; Slurm's warning may come a minute early

#: What sbatch is asked for in any case, and on what this package relies.
_OURS = ("job-name", "array", "output", "open-mode", "requeue", "no-requeue", "signal", "nodes",
         "ntasks", "parsable", "export", "wait", "wrap", "hold")
_TIME = re.compile(r"(?:(?P<days>\d+)-(?P<hours>\d+)(?::(?P<minutes>\d+)(?::\d+)?)?"
                   r"|(?P<h>\d+):(?P<m>\d+):\d+|(?P<only>\d+)(?::\d+)?)")
_MEMORY = re.compile(r"(\d+)([KMGT]?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is asked of Slurm for a run; None and empty leave it to the site's defaults.

    Attributes:
        workers: how many, together.
        workers_per_task: of these, how many a task of the array has, on one node.
        account: that is charged.
        partition: of nodes.
        time: limit of each task, as Slurm writes it.
        gpus_per_worker: 0 or 1, as a worker uses one device.
        gpu_type: as the site's Slurm calls it.
        cpus_per_worker: CPU cores.
        memory_per_worker: main memory, such as 16G.
        logs: folder of the tasks' logs; by default the current one.
        template: of the script; by default the one that comes with the package.
        options: further options of sbatch, such as ``--qos=long``.
    """

    workers: int = 1
    workers_per_task: int = 1
    account: str | None = None
    partition: str | None = None
    time: str | None = None
    gpus_per_worker: int = 0
    gpu_type: str | None = None
    cpus_per_worker: int = 4
    memory_per_worker: str | None = None
    logs: Path | None = None
    template: Path | None = None
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, least in (("workers", 1), ("workers_per_task", 1), ("gpus_per_worker", 0),
                            ("cpus_per_worker", 1)):
            if getattr(self, name) < least:
                raise ConfigurationError(f"{name} must be at least {least}")
        if self.gpus_per_worker > 1:
            raise ConfigurationError(f"gpus_per_worker is {self.gpus_per_worker}: a worker uses "
                                     "one GPU; more workers use more")
        if self.time is not None and minutes(self.time) < SHORTEST:
            raise ConfigurationError(f"time {self.time!r} is {minutes(self.time)} minutes: workers "
                                     f"need {SHORTEST} or more to get anything done")
        if self.memory_per_worker is not None and not _MEMORY.fullmatch(self.memory_per_worker):
            raise ConfigurationError(f"memory_per_worker must be such as 16G or 500M, not "
                                     f"{self.memory_per_worker!r}")
        for option in self.options:
            found = re.fullmatch(r"--([a-z-]+)(=.*)?", option)
            if found is None:
                raise ConfigurationError(f"{option!r} is no option of sbatch: write --NAME or "
                                         "--NAME=VALUE")
            if found[1] in _OURS:
                raise ConfigurationError(f"--{found[1]} is set by `astra srun` itself")
        for text in (self.account, self.partition, self.gpu_type, str(self.logs), *self.options):
            if text is not None and not text.isprintable():
                raise ConfigurationError(f"{text!r} holds a sign that cannot be printed")

    @property
    def tasks(self) -> int:
        """Of the array, as many as the workers need."""
        return -(-self.workers // self.workers_per_task)

    @property
    def started(self) -> int:
        """Workers that will be there: as tasks have all the same number, perhaps a few more."""
        return self.tasks * self.workers_per_task

    @property
    def memory(self) -> str | None:
        """Main memory of a task."""
        found = _MEMORY.fullmatch(self.memory_per_worker or "")
        return f"{int(found[1]) * self.workers_per_task}{found[2]}" if found else None


def minutes(time: str) -> float:
    """A time limit of Slurm in minutes. Raises ConfigurationError."""
    if time.upper() in ("UNLIMITED", "INFINITE"):
        return float("inf")
    found = _TIME.fullmatch(time)
    if found is None:
        raise ConfigurationError(f"time {time!r}: write MINUTES, HOURS:MINUTES:SECONDS or "
                                 "DAYS-HOURS:MINUTES:SECONDS")
    part = {name: int(value or 0) for name, value in found.groupdict().items()}
    return (60 * (24 * part["days"] + part["hours"] + part["h"]) + part["minutes"] + part["m"]
            + part["only"])


def profiles(values: Any) -> dict[str, Profile]:
    """The profiles of the entry ``slurm`` of the configuration.

    Raises:
        ConfigurationError: an entry is unknown or of a wrong type.
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping) or set(values) != {"profiles"} \
            or not isinstance(values["profiles"], Mapping):
        raise ConfigurationError("slurm must hold `profiles: {NAME: {...}}`")
    found = {}
    for name, entries in values["profiles"].items():
        try:
            found[str(name)] = Profile(**_typed(entries))
        except ConfigurationError as e:
            raise ConfigurationError(f"slurm profile {name}: {e}") from e
    return found


def _typed(entries: Any) -> dict[str, Any]:
    """Entries of a profile, each of the type of its field."""
    known = {f.name: f.type for f in fields(Profile)}
    if not isinstance(entries, Mapping):
        raise ConfigurationError(f"it must hold entries such as {', '.join(known)}")
    if unknown := sorted(str(name) for name in entries if name not in known):
        raise ConfigurationError(f"unknown entries {', '.join(unknown)}; known are "
                                 f"{', '.join(known)}")
    return {name: _as(known[name], name, value) for name, value in entries.items()}


def _as(kind: Any, name: str, value: Any) -> Any:
    if kind is int:
        if type(value) is int:
            return value
        raise ConfigurationError(f"{name} must be a whole number")
    if kind == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise ConfigurationError(f"{name} must be a list of texts")
    if type(value) is int and name in ("account", "partition"):
        return str(value)
    if not isinstance(value, str):  # YAML takes 8:00:00 for a number
        raise ConfigurationError(f"{name} must be a text: write it in quotes")
    return Path(value).expanduser().absolute() if kind == Path | None else value
