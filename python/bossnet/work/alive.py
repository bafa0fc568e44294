"""Which process is which: so that its end is noticed at once by others on the same host."""

import os
from pathlib import Path

_PROC = Path("/proc")


def identity(pid: int | None = None) -> str | None:
    """Boot and namespace of this host, and when a process of it began; its own by default.

    Two processes of one number differ in it. None where that cannot be told, or the process is
    gone.
    """
    began = _began(os.getpid() if pid is None else pid)
    place = _place()
    return f"{place} {began}" if place and began else None


def is_gone(pid: int, known: str | None) -> bool:
    """Whether a process of this host has ended; False for one of elsewhere, or where unknown.

    Args:
        pid: its number.
        known: its `identity`.
    """
    place = _place()
    if known is None or place is None or not known.startswith(place + " "):
        return False
    began = _began(pid)
    if began is None and _is_hidden(pid):
        return False
    return began != known.removeprefix(place + " ")


def _is_hidden(pid: int) -> bool:
    """Whether a process is there, though ``/proc`` does not show it: those of other users."""
    if (_PROC / str(pid)).exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _place() -> str | None:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return None


def _began(pid: int) -> str | None:
    """When a process began, in ticks of the clock since the boot; None if it has ended."""
    try:
        # Behind its name, which may hold anything: state, ..., and the 22nd entry of all.
        entries = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if entries[0] in ("Z", "X") else entries[19]
