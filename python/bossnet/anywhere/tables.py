"""Spectra in tables: a row a pixel, or a row a spectrum whose columns are arrays."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from astropy.table import Table

from bossnet.anywhere.hints import COLUMNS, Hints
from bossnet.anywhere.raw import Part, Raw, air_in, frame_in
from bossnet.anywhere.units import Unit, parse
from bossnet.errors import BadFileError

#: Usual names, in lower case, without "_" and "-"; `air` and `vac` are taken off first.
NAMES = {
    "wavelength": ("wavelength", "wavelengths", "wave", "lambda", "lam", "wl", "wvl", "awav",
                   "spectralaxis", "loglam", "loglambda", "logwave", "logwavelength", "frequency",
                   "freq", "wavenumber", "energy"),
    "flux": ("flux", "fluxes", "fluxdensity", "fluxlambda", "flambda", "flam", "fluxnu", "fnu",
             "spectrum", "spec", "intensity", "counts"),
    "error": ("error", "err", "fluxerror", "fluxerr", "errorflux", "errflux", "eflux", "sigma",
              "fluxsigma", "sigmaflux", "uncertainty", "fluxuncertainty", "fluxunc", "unc", "std",
              "stddev", "noise"),
    "ivar": ("ivar", "invvar", "fluxivar", "inversevariance"),
}
#: What the Virtual Observatory's descriptors (UCD) begin with.
UCDS = {"wavelength": ("em.wl", "em.freq", "em.energy"), "flux": ("phot.flux",),
        "error": ("stat.error;phot.flux",), "ivar": ()}
OF_FLUX_NU = ("fluxnu", "fnu")

_WITH_UNIT = re.compile(r"^\s*(.*?)\s*[\[(](.*)[\])]\s*$")  # "flux [Jy]", "wavelength (nm)"


def chosen(names: list[str], hints: Hints, ucds: Mapping[str, str] | None = None
           ) -> dict[str, str]:
    """The columns of a spectrum among these, by `hints.COLUMNS`: said, else of a usual name.

    Raises:
        BadFileError: there is no column of a name that the hints give.
    """
    found = {}
    for key in COLUMNS:
        if key in hints.columns:
            if hints.columns[key] not in names:
                raise BadFileError(f"has no column {hints.columns[key]!r} for {key}; it has "
                                   f"{', '.join(names)}")
            found[key] = hints.columns[key]
            continue
        by_name = {_plain(name): name for name in reversed(names)}
        usual = next((by_name[name] for name in NAMES[key] if name in by_name), None)
        described = next((name for name, ucd in (ucds or {}).items()
                          if str(ucd).lower().startswith(UCDS[key])), None)
        if name := usual or described:
            found[key] = name
    return found


def spectra(table: Table, hints: Hints, *, header: Mapping[str, Any] | None = None,
            notes: tuple[str, ...] = ()) -> Iterator[Raw]:
    """Every spectrum of a table.

    Args:
        table: of astropy.
        hints: of the user.
        header: what else is said of it; else its `meta`.
        notes: what was assumed so far.

    Raises:
        BadFileError: it has no columns of wavelength and flux, or they hold no numbers.
    """
    names = list(table.colnames)
    columns = chosen(names, hints, {n: (table[n].info.meta or {}).get("ucd", "") for n in names})
    if missing := [key for key in ("wavelength", "flux") if key not in columns]:
        raise BadFileError(f"a table without a column of {' and '.join(missing)} among "
                           f"{', '.join(names)}: say which it is (--column {missing[0]}=NAME)")
    if not len(table):
        raise BadFileError("a table without rows")
    said = {str(key).upper(): value for key, value in (header or table.meta or {}).items()}
    wavelength = table[columns["wavelength"]]
    is_air = air_in(said, columns["wavelength"], wavelength.info.description)
    arrays = {key: _numbers(table[name], name) for key, name in columns.items()}
    units = {key: _unit(table, name) for key, name in columns.items()}
    for parts in _each(arrays):
        made = {key: Part(values, units[key], columns[key]) for key, values in parts.items()}
        yield Raw(**made, is_air=is_air, frame=frame_in(said), notes=notes)


def _each(arrays: dict[str, list[np.ndarray]]) -> Iterator[dict[str, np.ndarray]]:
    """The spectra of columns: one where a cell is a number, else one a row."""
    if all(values.ndim == 0 for column in arrays.values() for values in column):
        yield {key: np.array(column, np.float64) for key, column in arrays.items()}
        return
    for row in range(len(arrays["flux"])):
        yield {key: column[row] for key, column in arrays.items()}


def _numbers(column: Any, name: str) -> list[np.ndarray]:
    """The cells of a column, float64; NaN where one is masked."""
    try:
        if column.dtype.kind == "O":  # arrays of their own lengths
            cells = [np.ma.filled(np.ma.asarray(cell, np.float64), np.nan) for cell in column]
        else:
            cells = list(floats(column))
    except (TypeError, ValueError):
        raise BadFileError(f"its column {name} does not hold numbers") from None
    return [np.asarray(cell) for cell in cells]


def floats(values: Any) -> np.ndarray:
    """Values of a column, a quantity or an array, float64; NaN where one is masked."""
    values = getattr(values, "value", values)
    return np.asarray(np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan))


def _unit(table: Table, name: str) -> Unit | None:
    """Of a column: its own, else what stands in its name."""
    unit = parse(table[name].unit)
    if unit is None and (said := _WITH_UNIT.match(name)):
        unit = parse(said[2])
    if _plain(name).startswith("log") and not (unit and unit.is_log):
        base = parse("Angstrom") if unit is None or str(unit) == "" else unit
        return Unit(base.base, is_log=True) if base else None
    if unit is None and _plain(name) in OF_FLUX_NU:
        return parse("Jy")
    return unit


def _plain(name: str) -> str:
    """A name as `NAMES` has it."""
    said = _WITH_UNIT.match(name)
    words = re.split(r"[_\W]+", (said[1] if said else name).lower())
    return "".join(word for word in words if word not in ("air", "vac", "vacuum"))
