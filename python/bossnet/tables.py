"""Tables that people bring: CSV, ECSV, FITS, VOTable, read as arrays."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.table import Table
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError

_NONE = -999.0  #: at and below it is what catalogues write where a value is not known


def read_table(path: Path) -> Table:
    """A table of at least one row.

    Raises:
        ConfigurationError: it cannot be read, or is empty.
    """
    try:
        table = Table.read(path)
    except Exception as e:  # astropy raises nearly everything
        reason = " ".join(str(e).split()) or type(e).__name__
        raise ConfigurationError(f"{path}: cannot be read as a table (CSV, ECSV, FITS or "
                                 f"VOTable): {reason[:300]}") from e
    table.convert_bytestring_to_unicode()
    if not len(table):
        raise ConfigurationError(f"{path}: has no rows")
    return table


def numbers(path: Path, table: Table, name: str, *, unit: Any = None) -> NDArray[np.float64]:
    """(N,) a column's values, in a unit where the column has one; NaN where not known.

    Raises:
        ConfigurationError: there is no such column, or it holds no numbers (in that unit).
    """
    column = _column(path, table, name)
    try:
        values = np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan)
        if unit is not None and column.unit is not None:
            values = values * column.unit.to(unit)
    except (TypeError, ValueError, units.UnitConversionError) as e:
        raise ConfigurationError(f"{path}: column {name!r} is not of numbers"
                                 + (f" in {unit}" if unit is not None else "") + f": {e}") from e
    if values.ndim != 1:
        raise ConfigurationError(f"{path}: column {name!r} holds arrays, not numbers")
    return np.where(values > _NONE, values, np.nan)


def texts(path: Path, table: Table, name: str) -> NDArray[np.str_]:
    """(N,) a column as text, empty where masked. Raises ConfigurationError: no such column."""
    column = np.ma.asarray(_column(path, table, name))
    return np.ma.filled(column.astype(np.str_), "")


def _column(path: Path, table: Table, name: str) -> Any:
    if name not in table.colnames:
        raise ConfigurationError(f"{path}: no column {name!r}; it has {', '.join(table.colnames)}")
    return table[name]
