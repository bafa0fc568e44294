"""Who ran what, where and with what: the rest of a run's record (contract, section 7)."""

import getpass
import shlex
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from bossnet import __version__, v_astra


def of_this_process() -> dict[str, Any]:
    """User, host and software, by columns of ``bossnet_run``."""
    try:
        username = getpass.getuser()
    except (KeyError, OSError):
        username = None  # a user id without a name, as in some containers
    return {"username": username, "hostname": socket.gethostname(), "v_astra": v_astra(),
            "software_version": __version__, "software_commit": commit()}


def commit() -> str | None:
    """The git commit of the software, ``-dirty`` if changed since; None if installed otherwise."""
    here = Path(__file__).parent
    if not any((folder / ".git").exists() for folder in here.parents[:4]):
        return None

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(here), *arguments], capture_output=True,
                              text=True, check=True, timeout=10).stdout.strip()

    try:
        name = git("rev-parse", "HEAD")
        return name + ("-dirty" if git("status", "--porcelain", "--", str(here)) else "")
    except (OSError, subprocess.SubprocessError):
        return None


def without_passwords(arguments: Sequence[str]) -> str:
    """A command as it was typed, but for the password of its ``--database``."""
    shown = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option = "" if before == "--database" else "--database="  # its value may follow either way
        if argument.startswith(option):
            argument = option + _without_password(argument.removeprefix(option))
        shown.append(argument)
    return shlex.join(shown)


def _without_password(url: str) -> str:
    try:
        parameters = parse_dsn(url)
    except psycopg2.ProgrammingError:
        return "***"
    secrets = {name: "***" for name in parameters if name.endswith("password")}
    return make_dsn(**(parameters | secrets)) if secrets else url
