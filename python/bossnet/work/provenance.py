"""Who ran what, where and with what: the rest of a run's record (contract, section 7)."""

import getpass
import re
import shlex
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    """A command as it was typed, its passwords masked."""
    text = shlex.join(arguments)
    text = re.sub(r"(://[^\s/@:]*):[^\s/]*@", r"\1:***@", text)
    return re.sub(r"(password=)[^\s&']+", r"\1***", text)
