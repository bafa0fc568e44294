"""CSV and ECSV, written as the rows come: nothing between two commas is a value that is not there.

ECSV is CSV with a header that astropy and others understand. Plain CSV has no place for one, so
what would be in it lies beside the file, as JSON.
"""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from astropy.table import Column as TableColumn
from astropy.table import Table
from numpy.typing import NDArray

from bossnet.catalog.columns import DTYPES, Batch, Column, length, missing
from bossnet.catalog.provenance import Provenance


def write_csv(path: Path, columns: tuple[Column, ...], batches: Iterable[Batch]) -> int:
    """Writes the file; how many rows it has."""
    return _write(path, ",".join(c.name for c in columns) + "\n", columns, batches)


def write_ecsv(path: Path, columns: tuple[Column, ...], batches: Iterable[Batch],
               provenance: Provenance, *, flags: dict[str, str]) -> int:
    """Writes the file; how many rows it has."""
    header = io.StringIO()
    empty_table(columns, provenance, flags).write(header, format="ascii.ecsv", delimiter=",")
    return _write(path, header.getvalue(), columns, batches)


def write_description(path: Path, columns: tuple[Column, ...], provenance: Provenance, *,
                      flags: dict[str, str]) -> None:
    """What a header would say, as JSON."""
    path.write_text(json.dumps({
        **provenance, "flags": flags,
        "columns": [{"name": c.name, "type": c.kind, "unit": c.unit, "ucd": c.ucd,
                     "description": c.description} for c in columns]}, indent=2) + "\n")


def empty_table(columns: tuple[Column, ...], provenance: Provenance, flags: dict[str, str]
                ) -> Table:
    """An astropy table without rows, which has all that there is to say."""
    return Table([TableColumn(name=c.name, dtype="U1" if c.kind == "text" else DTYPES[c.kind],
                              unit=c.unit or None, description=c.description, meta={"ucd": c.ucd})
                  for c in columns],
                 meta={**provenance, **({"flags": flags} if flags else {})})


def _write(path: Path, header: str, columns: tuple[Column, ...], batches: Iterable[Batch]) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header)
        writer = csv.writer(file, lineterminator="\n")
        for batch in batches:
            writer.writerows(zip(*(_texts(c, batch[c.key]) for c in columns), strict=True))
            rows += length(batch)
    return rows


def _texts(column: Column, values: NDArray) -> list[str]:
    """The shortest texts that are read back as the same values."""
    if column.kind == "text":
        return list(values)
    texts = values.astype(str).astype(object)
    texts[missing(column, values)] = ""
    return list(np.asarray(texts))
