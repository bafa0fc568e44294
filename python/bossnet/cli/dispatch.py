"""The program `astra`: ours for our commands, the survey's own for every other.

The survey's framework installs a program of the same name. Whichever is installed last owns
the name, so this one hands every command that is not ours to the other distribution's entry
point, where there is one.
"""

import re
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

import click

from bossnet.cli.bossnet import OPERATOR, program
from bossnet.cli.options import TASKS
from bossnet.cli.run import run
from bossnet.cli.srun import srun

DISTRIBUTION = "astra-bossnet"  #: ours
WITH_TASK = {"run": run, "srun": srun}  #: names that the survey's own uses for its tasks
HELP = """Run BOSS Net over a survey's spectra.

Every command but these is handed to the survey's own `astra`, where that is installed."""


def main() -> None:
    """Entry point of `astra`."""
    ours = program("astra", OPERATOR, HELP, example="astra run bossnet --where \"snr > 10\"")
    other = _other()
    if other is not None and not _is_ours(sys.argv[1:]):
        sys.exit(other.load()())
    ours()


def _other() -> EntryPoint | None:
    """The `astra` of another distribution, if one is installed."""
    for entry in entry_points(group="console_scripts", name="astra"):
        # A name is the same with - _ or . in it, and in capitals.
        if entry.dist is not None and re.sub(r"[-_.]+", "-", entry.dist.name).lower() \
                != DISTRIBUTION:
            return entry
    return None


def _is_ours(arguments: Sequence[str]) -> bool:
    """Whether a command line is for us: one of our commands, with a task one of our tasks."""
    command = next((i for i, word in enumerate(arguments) if not word.startswith("-")), None)
    if command is None:
        return True
    if arguments[command] in WITH_TASK:
        task = _task_of(WITH_TASK[arguments[command]], arguments[command + 1:])
        return task is None or task in {e.name for e in entry_points(group=TASKS)}
    return arguments[command] in OPERATOR


def _task_of(command: click.Command, arguments: Sequence[str]) -> str | None:
    """The first argument of a command that is neither an option nor the value of one of ours."""
    with_value = {name for option in command.params if isinstance(option, click.Option)
                  and not option.is_flag for name in option.opts}
    words = iter(arguments)
    for word in words:
        if word in with_value:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None
