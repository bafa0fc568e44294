"""Tables in text: ECSV, VOTable, and CSV or columns in whatever form."""

import io
import os
import re
import warnings
from collections.abc import Iterator

from astropy.io import ascii as text_tables
from astropy.table import Table

from bossnet.anywhere.hints import COLUMNS, Hints
from bossnet.anywhere.raw import Raw
from bossnet.anywhere.tables import chosen, spectra
from bossnet.errors import BadFileError
from bossnet.spectra.opening import LARGEST_UNPACKED, opened

IN_ORDER = COLUMNS[:3]  #: what two or three columns without names are


def read(path: str | os.PathLike[str], hints: Hints) -> list[Raw]:
    """The spectra of a text file, also of a .gz.

    Raises:
        MissingFileError: it is not there, is a folder, or cannot be opened.
        BadFileError: it is no table, or one without wavelength and flux.
        ReadError: the storage failed after it was opened.
    """
    with opened(path) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = stream.read(LARGEST_UNPACKED + 1)
        if len(content) > LARGEST_UNPACKED:
            raise BadFileError(f"holds more than {LARGEST_UNPACKED >> 20} MB, which is no spectrum")
        start = content[:4096].lstrip()
        if b"<VOTABLE" in start:
            table = Table.read(io.BytesIO(content), format="votable", table_id=0)
            return list(spectra(table, hints))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            if b"\0" in content:
                raise BadFileError("neither FITS nor a table in text: it starts with "
                                   f"{content[:16]!r}") from None
            text = content.decode("latin-1")  # as spreadsheets write an angstrom
        if start.startswith(b"# %ECSV"):
            return list(spectra(Table.read(text, format="ascii.ecsv"), hints))
        return list(_columns(text, hints))


def _columns(text: str, hints: Hints) -> Iterator[Raw]:
    """A spectrum in lines of columns, their names above, in a comment, or nowhere."""
    lines = [line.strip() for line in text.splitlines()]
    remarks = [line[1:].strip() for line in lines if line.startswith("#")]
    rows = [line for line in lines if line and not line.startswith("#")]
    if len(rows) < 2:
        raise BadFileError("no spectrum: " + ("the file is empty" if not text.strip()
                                              else "it holds no table of at least 2 lines"))
    delimiter = next((d for d in ",;\t|" if d in rows[0]), " ")
    has_names = not _numeric(rows[0], delimiter)
    try:
        table = text_tables.read(rows, delimiter=delimiter, guess=False,
                                 format="basic" if has_names else "no_header")
    except text_tables.InconsistentTableError as e:
        raise BadFileError("not a table: " + " ".join(str(e).split())) from e
    notes: tuple[str, ...] = ()
    if not has_names:
        notes = _name(table, remarks, delimiter, hints)
    yield from spectra(table, hints, header=dict(_said(remarks)), notes=notes)


def _name(table: Table, remarks: list[str], delimiter: str, hints: Hints) -> tuple[str, ...]:
    """Names the columns of a table without a header: by a comment, else by their order."""
    numbered = list(table.colnames)
    for remark in reversed(remarks):
        for names in (_split(remark, delimiter), remark.split()):
            if len(set(names)) == len(numbered) and "flux" in chosen(names, Hints()):
                table.rename_columns(numbered, names)
                return ()
    if set(hints.columns.values()) & set(numbered) or not 2 <= len(numbered) <= len(IN_ORDER):
        return ()
    table.rename_columns(numbered, list(IN_ORDER[:len(numbered)]))
    return (f"columns taken as {', '.join(IN_ORDER[:len(numbered)])}, in that order",)


def _said(remarks: list[str]) -> Iterator[tuple[str, object]]:
    """Comments such as `VACUUM = T`, as a FITS header has them."""
    for remark in remarks:
        if found := re.match(r"(\w+)\s*[=:]\s*(\S+)\s*$", remark):
            value = found[2].strip("'\"")
            yield found[1].upper(), {"T": True, "TRUE": True, "F": False, "FALSE": False}.get(
                value.upper(), value)


def _numeric(line: str, delimiter: str) -> bool:
    try:
        return bool([float(field or "nan") for field in _split(line, delimiter)])
    except ValueError:
        return False


def _split(line: str, delimiter: str) -> list[str]:
    return [field.strip() for field in (line.split() if delimiter == " " else
                                        line.split(delimiter))]
