"""Predictions as a table with units, and in a file."""

import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table

from bossnet import __version__
from bossnet.errors import BossNetError, ConfigurationError
from bossnet.task import Task

FORMATS = {".ecsv": "ascii.ecsv", ".csv": "ascii.csv", ".fits": "fits"}  #: by a file's ending

_ENDS = ("result_flags", "flag_bad", "flag_warn", "flags", "notes", "error_message")
_UNITS = {"teff": "K", "v_rad": "km / s", "v_rel": "km / s"}
_ORDER = ("log_teff", "logg", "fe_h", "v_rel")


def columns(task: Task) -> list[str]:
    """The parameters of a task's network with their uncertainties, in order, and the S/N."""
    parameters = sorted((p.column for p in task.network.parameters), key=_ORDER.index)
    velocity = ["v_rad"] if task.network.has_velocity else []
    return [name for value in ("teff", *parameters, *velocity)
            for name in (value, f"e_{value}")] + ["snr"]


def catalogue(rows: Sequence[dict[str, Any]], task: Task) -> Table:
    """A row a spectrum; masked where there is no value; how it was made is in its `meta`."""
    table = Table(meta=made_with(task))
    table["spectrum"] = np.array([row["spectrum"] for row in rows], str)
    for name in columns(task):
        values = [row.get(name) for row in rows]
        table[name] = MaskedColumn([np.nan if v is None else v for v in values], dtype=np.float32,
                                   mask=[v is None for v in values],
                                   unit=_UNITS.get(name.removeprefix("e_")))
    for name in _ENDS:
        texts = [row[name] for row in rows]
        if name in ("flags", "notes"):
            texts = ["; ".join(text) for text in texts]
        kind = {"result_flags": np.int64, "flag_bad": bool, "flag_warn": bool}.get(name, str)
        table[name] = np.array([("" if t is None else t) for t in texts], kind)
    return table


def made_with(task: Task) -> dict[str, Any]:
    """What decided the numbers."""
    card = task.predictor.card
    return {"weights": card.name, "status": card.status, "sha256": card.sha256,
            "draws": task.n_draws, "seed": task.seed,
            "precision": getattr(task.predictor, "precision", "float32"), "software": __version__}


def check_out(path: Path) -> None:
    """Raises ConfigurationError if no table can be written there."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigurationError(f"--out {path}: a file of {', '.join(FORMATS)}")
    if not path.absolute().parent.is_dir():
        raise ConfigurationError(f"--out {path}: its folder is not there")


def write(table: Table, path: Path) -> None:
    """Writes a table, or leaves what was there. Raises BossNetError if it cannot be written."""
    try:
        handle, name = tempfile.mkstemp(path.suffix, f".{path.stem}-", path.absolute().parent)
        os.close(handle)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of FITS's short keywords
                _ascii(table, path).write(name, format=FORMATS[path.suffix.lower()],
                                          overwrite=True)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as e:
        raise BossNetError(f"{path} cannot be written: {e.strerror or e}") from e


def _ascii(table: Table, path: Path) -> Table:
    """A table as FITS takes it."""
    if path.suffix.lower() != ".fits":
        return table
    table = table.copy()
    for name in ("spectrum", "notes", "error_message"):
        texts = [str(text).encode("ascii", "backslashreplace").decode() for text in table[name]]
        table[name] = np.array(texts, str)
    return table
