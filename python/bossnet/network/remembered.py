"""What was measured of weights on a kind of machine, kept in a file of the home folder."""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch


def remembered(path: Path, key: str, measure: Callable[[], float]) -> float:
    """A measurement of this version of the software and of torch, made unless it was before.

    A file that cannot be read is made anew; a folder that cannot be written to is no hindrance:
    then it is measured each time.

    Args:
        path: of the file.
        key: all else that the measurement depends on.
        measure: makes it.
    """
    key = f"{key}, torch {torch.__version__}, {version('astra-bossnet')}"
    known = _read(path)
    if key not in known:
        known[key] = measure()
        _write(path, known)
    return known[key]


def _read(path: Path) -> dict[str, float]:
    try:
        values = json.loads(path.read_text())
        return {str(key): float(value) for key, value in values.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _write(path: Path, values: dict[str, float]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        part.write_text(json.dumps(values, indent=1))
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
