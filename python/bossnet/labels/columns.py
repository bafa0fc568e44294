"""Rows of people's tables as arrays by what they hold, whatever their columns are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy import units
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.labels.configuration import Table
from bossnet.tables import numbers, read_table, texts

#: What is text; identifiers are, as a double has too few digits for them.
TEXTS = ("spectrum", "survey", "gaia", "catalogid", "apogee", "programmes")
_UNITS = {"ra": units.deg, "dec": units.deg, "parallax": units.mas, "teff": units.K,
          "e_teff": units.K, "teff_sed": units.K, "v_rad": units.km / units.s,
          "e_v_rad": units.km / units.s, "radius": units.R_sun, "age": units.yr,
          "g_rp": units.mag, "h": units.mag, "k_s": units.mag}
#: What a column may hold, and so its name where none is given.
KNOWN = (*TEXTS, *_UNITS, "log_teff", "log_age", "logg", "e_logg", "fe_h", "r")
NOTHING = ("", "0", "-1", "-999", "-9999", "nan", "None")  #: of an identifier that is not known


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of a table.

    Attributes:
        path: of the table.
        texts: (N,) text columns by what they hold; empty where not known.
        numbers: (N,) columns of numbers likewise; NaN where not known.
        size: how many rows, N.
    """

    path: Path
    texts: Mapping[str, NDArray[np.str_]]
    numbers: Mapping[str, NDArray[np.float64]]
    size: int

    def text(self, key: str) -> NDArray[np.str_]:
        """(N,) a text column, empty where the table has none."""
        return self.texts.get(key, np.full(self.size, "", np.str_))

    def number(self, key: str) -> NDArray[np.float64]:
        """(N,) a column of numbers, NaN where the table has none."""
        return self.numbers.get(key, np.full(self.size, np.nan))

    def need(self, *keys: str, because: str) -> None:
        """Raises ConfigurationError if a column is not there."""
        missing = [k for k in keys if k not in self.numbers and k not in self.texts]
        if missing:
            raise ConfigurationError(f"{self.path}: {because} needs the column "
                                     f"{', '.join(missing)}; name it under columns")


def read_rows(folder: Path, table: Table) -> Rows:
    """All that is known of a table's columns.

    Teff and age may stand as ``log_teff`` and ``log_age`` (log10 of K and of years) instead.

    Raises:
        ConfigurationError: the file cannot be read, a named column is not there or holds
            something else.
    """
    path = folder / table.file
    unknown = [key for key in table.columns if key not in KNOWN]
    if unknown:
        raise ConfigurationError(f"{path}: columns: {', '.join(unknown)} is nothing that is used; "
                                 f"there are {', '.join(KNOWN)}")
    read = read_table(path)
    there = {name.lower(): name for name in reversed(read.colnames)}
    found = {key: there[key] for key in KNOWN if key in there} | dict(table.columns)
    words = {key: _cleaned(key, texts(path, read, name)) for key, name in found.items()
             if key in TEXTS}
    values = {key: numbers(path, read, name, unit=_UNITS.get(key)) for key, name in found.items()
              if key not in TEXTS}
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if "teff" not in values and "log_teff" in values:
            values["teff"] = 10 ** values["log_teff"]
        if "log_age" not in values and "age" in values:
            values["log_age"] = np.log10(values["age"])
    return Rows(path, words, values, len(read))


def _cleaned(key: str, words: NDArray[np.str_]) -> NDArray[np.str_]:
    words = np.char.strip(words)
    return words if key == "programmes" else np.where(np.isin(words, NOTHING), "", words)
