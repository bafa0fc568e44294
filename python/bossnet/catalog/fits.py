"""A FITS binary table, written as its rows come."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bossnet.catalog.columns import MISSING, Batch, Column, length
from bossnet.catalog.provenance import Provenance
from bossnet.errors import BossNetError

_BLOCK = 2880  # bytes, the unit of a FITS file
_FORMATS = {"int32": ("J", ">i4"), "int64": ("K", ">i8"), "float32": ("E", ">f4"),
            "float64": ("D", ">f8"), "bool": ("L", "S1")}
#: Keywords of what a catalogue says of itself, where its name is too long for one.
_KEYWORDS = {"reference": "REFERENC", "created": "DATE", "unreliable": "UNRELIAB",
             "selection": "WHERE", "run_software": "RUNSOFTW", "run_commit": "RUNCOMMI",
             "weights_sha256": "WSHA256", "weights_status": "WSTATUS",
             "uncertainty_method": "UMETHOD", "precision": "PRECISN",
             "noise_model": "NOISEMOD"}


def write(path: Path, columns: tuple[Column, ...], batches: Iterable[Batch],
          provenance: Provenance, *, widths: dict[str, int], flags: dict[str, str]) -> int:
    """Writes the file; how many rows it has.

    Args:
        path: of the file.
        columns: of the table.
        batches: its rows.
        provenance: for the header.
        widths: of the columns of texts, by key, byte.
        flags: each bit of ``result_flags``, for the header.

    Raises:
        BossNetError: a text is longer than was said.
    """
    dtype = np.dtype([(f"c{i}", _format(c, widths)[1]) for i, c in enumerate(columns)])
    header = _header(columns, provenance, widths, flags)
    rows = 0
    with path.open("wb") as file:
        file.write(fits.PrimaryHDU().header.tostring().encode("ascii"))
        start = file.tell()
        file.write(header.tostring().encode("ascii"))
        for batch in batches:
            table = np.empty(length(batch), dtype)
            for i, c in enumerate(columns):
                table[f"c{i}"] = _stored(c, batch[c.key], dtype[i])
            file.write(table.tobytes())
            rows += len(table)
        file.write(b"\0" * (-rows * dtype.itemsize % _BLOCK))
        header["NAXIS2"] = rows
        file.seek(start)
        file.write(header.tostring().encode("ascii"))
    return rows


def _format(column: Column, widths: dict[str, int]) -> tuple[str, str]:
    """As FITS, and as numpy writes it."""
    if column.kind == "text":
        width = max(1, widths[column.key])  # one of no width is not read by all programs
        return f"{width}A", f"S{width}"
    return _FORMATS[column.kind]


def _stored(column: Column, values: NDArray, dtype: np.dtype) -> NDArray:
    if column.kind == "bool":
        return np.where(values, b"T", b"F")
    if column.kind != "text":
        return values
    # FITS knows no sign beyond ASCII.
    texts = [text.encode("ascii", "replace") for text in values]
    longest = max(texts, key=len)
    if len(longest) > dtype.itemsize:
        raise BossNetError(f"column {column.name}: {longest[:50]!r} is longer than any text when "
                           "they were counted: the expression of --where is not the same each time")
    return np.array(texts, dtype)


def _header(columns: tuple[Column, ...], provenance: Provenance, widths: dict[str, int],
            flags: dict[str, str]) -> fits.Header:
    table = fits.BinTableHDU.from_columns(
        [fits.Column(c.name, _format(c, widths)[0], unit=c.unit or None,
                     null=MISSING if c.has_missing else None) for c in columns], nrows=0)
    header = table.header
    for i, c in enumerate(columns, 1):
        header[f"TUCD{i}"] = c.ucd
        header[f"TCOMM{i}"] = c.description
    header["EXTNAME"] = "BOSSNET"
    for name, text in provenance.items():
        header[_KEYWORDS.get(name, name.upper())] = _plain(text)
    for bit, text in flags.items():
        header[f"FLAG{bit}"] = text
    return header


def _plain(text: str) -> str:
    """A text in the signs that a header may hold."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()
