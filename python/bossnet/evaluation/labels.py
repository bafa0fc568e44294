"""Labelled files: a table that names files and says what is known of each."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from astropy import units
from astropy.table import Table
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError, MissingFileError, ReadError, SpectrumError
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.sample import Sample
from bossnet.flags import Outcome
from bossnet.observation import Observation
from bossnet.spectra import SURVEYS, read
from bossnet.tables import numbers, read_table, texts

#: What is known of a spectrum, and the usual names of its column; the first that is there counts.
#: The velocity is the one relative to the file's frame, as the network gives it.
USUAL: dict[str, tuple[str, ...]] = {
    "file": ("file", "filename", "path"),
    "teff": ("teff", "teff_k"),
    "log_teff": ("log_teff", "logteff"),
    "logg": ("logg", "logg_dex", "log_g"),
    "fe_h": ("fe_h", "feh", "feh_dex"),
    "rv": ("v_rel", "rv", "rv_kms", "v_rad"),
    "snr": ("snr", "snrg", "snr_g", "sn_median_all"),
    "subset": ("subset", "library", "source"),
}
_LABELS = ("teff", "log_teff", "logg", "fe_h", "rv")
_UNITS = {"teff": units.K, "rv": units.km / units.s}


def read_labels(path: Path, *, columns: Mapping[str, str] | None = None,
                above: Mapping[str, float] | None = None, folder: Path | None = None) -> Sample:
    """The labelled spectra of a table that astropy reads (CSV, ECSV, FITS, VOTable).

    Args:
        path: of the table. -999 and less is a value that is not known, as NaN and blanks are.
        columns: names of columns by the keys of `USUAL`, where they are not the usual ones.
        above: only rows in which these (keys of `USUAL`, or columns) are larger.
        folder: that the names of files are relative to; the table's own if None.

    Raises:
        ConfigurationError: the table cannot be read, lacks a column, or no row is left.
    """
    table = read_table(path)
    found = _columns(path, table, columns or {})
    taken = np.ones(len(table), bool)
    for key, limit in (above or {}).items():
        with np.errstate(invalid="ignore"):
            taken &= numbers(path, table, found.get(key, key)) > limit
    if not taken.any():
        raise ConfigurationError(f"{path}: no row is left of {len(table)}"
                                 + _where(above or {}))
    count = int(taken.sum())

    def known(key: str) -> NDArray[np.float64]:
        if key not in found:
            return np.full(count, np.nan)
        return numbers(path, table, found[key], unit=_UNITS.get(key))[taken]

    with np.errstate(divide="ignore", invalid="ignore"):
        of_teff = np.log10(known("teff"))
    by_column = {"log_teff": np.where(np.isfinite(of_teff), of_teff, known("log_teff")),
                 "logg": known("logg"), "fe_h": known("fe_h"), "v_rel": known("rv")}
    names = texts(path, table, found["file"])[taken]
    subsets = (texts(path, table, found["subset"])[taken] if "subset" in found
               else np.full(count, ""))
    return Sample(
        names, subsets, np.stack([by_column[name] for name in COLUMNS], axis=1), known("snr"),
        lambda: _observations(folder or path.parent, names),
        ({"labels": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
          "rows": len(table), "taken": count, "columns": found, "above": dict(above or {}),
          "folder": str(folder or path.parent)},))


def _observations(folder: Path, names: NDArray[np.str_]) -> Iterator[Observation]:
    """The spectra of files, or the reason why there is none."""
    for name in names:
        try:
            spectrum = read(folder / name)
        except SpectrumError as e:
            kind = {MissingFileError: Outcome.MISSING_FILE,
                    ReadError: Outcome.STORAGE_FAILED}.get(type(e), Outcome.BAD_FILE)
            yield Observation(None, kind, str(e))
        else:
            yield Observation(spectrum, in_rest_frame=SURVEYS[spectrum.survey].frame == "rest")


def _columns(path: Path, table: Table, named: Mapping[str, str]) -> dict[str, str]:
    """The column of each key that the table knows."""
    there = {name.lower(): name for name in reversed(table.colnames)}
    found = {key: next(there[n] for n in usual if n in there)
             for key, usual in USUAL.items() if any(n in there for n in usual)}
    for key, name in named.items():
        if name not in table.colnames:
            raise ConfigurationError(f"{path}: no column {name!r} for {key}; it has "
                                     f"{', '.join(table.colnames)}")
        found[key] = name
    if "file" not in found:
        raise ConfigurationError(f"{path}: no column of file names ({', '.join(USUAL['file'])}); "
                                 "name it by --column file=NAME")
    if not any(key in found for key in _LABELS):
        raise ConfigurationError(f"{path}: no column of labels was recognised; name some, such as "
                                 "--column teff=NAME; it has " + ", ".join(table.colnames))
    return found


def _where(above: Mapping[str, float]) -> str:
    return "".join(f", {key} above {limit:g}" for key, limit in above.items())
