"""The program `astra`: ours for our commands, the survey's own for every other.

The survey's framework installs a program of the same name. Whichever is installed last owns
the name, so this one hands every command that is not ours to the other distribution's entry
point, where there is one.
"""

import sys
from importlib.metadata import EntryPoint, entry_points

from bossnet.cli.bossnet import OPERATOR, program
from bossnet.cli.run import TASKS

HELP = "Run the survey's tasks: BOSS Net's commands, and those of the survey's own `astra`."


def main() -> None:
    """Entry point of `astra`."""
    ours = program("astra", OPERATOR, HELP)
    other = _other()
    if other is not None and not _is_ours(sys.argv[1:]):
        sys.exit(other.load()())
    ours()


def _other() -> EntryPoint | None:
    """The `astra` of another distribution, if one is installed."""
    for entry in entry_points(group="console_scripts", name="astra"):
        if entry.dist is not None and entry.dist.name != "astra-bossnet":
            return entry
    return None


def _is_ours(arguments: list[str]) -> bool:
    """Whether a command line is for us: one of our commands, and for `run` one of our tasks."""
    words = [a for a in arguments if not a.startswith("-")]
    if not words:
        return True
    if words[0] == "run":
        return len(words) < 2 or words[1] in {e.name for e in entry_points(group=TASKS)}
    return words[0] in OPERATOR
