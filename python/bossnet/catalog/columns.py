"""A catalogue's columns: what each holds, where it comes from, and how it says that it has nothing.

A *batch* is some rows of a catalogue: an array for each column, by its key. Nothing is NaN in
numbers with a point, -1 in whole ones and '' in texts, as in the survey's own summary files.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Batch = dict[str, NDArray]

MISSING = -1  #: in place of a whole number
#: Kinds of columns: as numpy and Postgres have them. Texts are arrays of objects.
DTYPES = {"int32": "i4", "int64": "i8", "float32": "f4", "float64": "f8", "bool": "?", "text": "O"}
SQL_TYPES = {"int32": "bigint", "int64": "bigint", "float32": "real", "float64": "float8",
             "bool": "boolean", "text": "text"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a catalogue.

    Attributes:
        key: its name in the database, or among what is computed.
        origin: where it is found: ``source``, ``spectrum`` (NULL for a table that lacks it),
            ``result``, ``table`` (the spectrum table's name), ``identifier`` (of the spectrum),
            ``star`` (computed from a star's visits).
        kind: of ``DTYPES``.
        description: for people, with the unit of logarithmic quantities (dex), which is no unit
            of FITS or VOTable.
        unit: as FITS and VOUnits write it; empty for a pure number.
        ucd: what it is, in the vocabulary of the virtual observatory (UCD1+).
        name: in the file.
    """

    key: str
    origin: str
    kind: str
    description: str
    unit: str
    ucd: str
    name: str

    @property
    def has_missing(self) -> bool:
        """Whether it holds -1 where there is nothing."""
        return self.kind in ("int32", "int64")


def missing(column: Column, values: NDArray) -> NDArray[np.bool_]:
    """(N,), where a column's values say that there is nothing."""
    if column.kind in ("float32", "float64"):
        return np.isnan(values)
    if column.has_missing:
        return values == MISSING
    return values == "" if column.kind == "text" else np.zeros(len(values), bool)


def length(batch: Batch) -> int:
    """How many rows a batch has."""
    return len(next(iter(batch.values())))
