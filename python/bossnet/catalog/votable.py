"""VOTable, by astropy, which holds it whole."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from astropy.io.votable import from_table
from astropy.io.votable.tree import Info
from astropy.table import MaskedColumn, Table

from bossnet.catalog.columns import Batch, Column, missing
from bossnet.catalog.provenance import Provenance


def write(path: Path, columns: tuple[Column, ...], batches: Iterable[Batch],
          provenance: Provenance, *, widths: dict[str, int], flags: dict[str, str]) -> int:
    """Writes the file; how many rows it has."""
    parts: dict[str, list[np.ndarray]] = {c.key: [] for c in columns}
    for batch in batches:
        for c in columns:
            values = batch[c.key]
            parts[c.key].append(_texts(c, values, widths) if c.kind == "text" else values)
    table = Table([_column(c, parts.pop(c.key), widths) for c in columns])
    document = from_table(table)
    (inner,) = document.iter_tables()
    inner.name = "bossnet"
    inner.description = f"{provenance['software']}; {provenance['reference']}"
    for field, c in zip(inner.fields, columns, strict=True):
        field.ucd = c.ucd
        field.description = c.description + (" 1: yes, 0: no." if c.kind == "bool" else "")
    described = provenance | {f"flag_{bit}": text for bit, text in flags.items()}
    inner.infos.extend(Info(name=name, value=" ".join(text.split()))
                       for name, text in described.items())
    document.to_xml(str(path), tabledata_format="binary2")
    return len(table)


def _texts(column: Column, values: np.ndarray, widths: dict[str, int]) -> np.ndarray:
    return np.array(values, f"U{max(1, widths[column.key])}")


def _column(column: Column, parts: list[np.ndarray], widths: dict[str, int]) -> MaskedColumn:
    values = np.concatenate([_empty(column, widths), *parts])
    if column.kind == "bool":  # STILTS (3.4) fails on a boolean in a binary stream
        values = values.astype(np.uint8)
    mask = False if column.kind == "text" else missing(column, values)
    return MaskedColumn(values, mask=mask, name=column.name, unit=column.unit or None)


def _empty(column: Column, widths: dict[str, int]) -> np.ndarray:
    if column.kind == "text":
        return _texts(column, np.empty(0, "U1"), widths)
    return np.empty(0, column.kind)
