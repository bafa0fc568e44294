"""`astra export`: results as a catalogue, streamed from the database to a file.

The file appears under its name when it is complete: until then it is a `.part` beside it.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection

from bossnet.catalog import choice as choosing
from bossnet.catalog import fits, texts
from bossnet.catalog import provenance as saying
from bossnet.catalog.columns import Batch, Column, length
from bossnet.catalog.layouts import Layout, layout
from bossnet.catalog.rows import Extent, opened
from bossnet.catalog.stars import VISIT, stars
from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.work.selection import settle

FORMATS = (".fits", ".csv", ".ecsv", ".parquet", ".vot")
WHOLE = (".ecsv", ".vot")  #: formats whose readers hold all of it at once
MOST = 1_000_000  #: rows of these
DESCRIBED = ".json"  #: added to the name of a CSV


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        path: the file.
        rows: in it.
        spectra: results behind it.
        without_source: of those selected, left out as they belong to no object (stars only).
        left_out: tables that were left out, each with its reason.
        provenance: what the file says of itself.
    """

    path: Path
    rows: int
    spectra: int
    without_source: int
    left_out: dict[str, str]
    provenance: dict[str, str]


def check(path: Path, *, overwrite: bool) -> None:
    """Whether a file can be written under this name. Raises ConfigurationError."""
    if path.suffix not in FORMATS:
        raise ConfigurationError(f"{path}: the name's end says which format it gets: "
                                 f"{', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ConfigurationError(f"{path.parent} is no folder: make it first")
    for there in _files(path):
        if there.is_dir() or (there.exists() and not overwrite):
            raise ConfigurationError(f"{there} is there already: give another name, or --overwrite")


def export(reader: Connection, network: Network, path: Path, *, name: str, per_star: bool,
           where: str | None = None, tables: tuple[str, ...] = (), run: int | None = None,
           version: str | None = None, tag: str | None = None, overwrite: bool = False,
           begin: Callable[[int], None] = lambda total: None,
           advance: Callable[[int], None] = lambda done: None) -> Exported:
    """Writes a catalogue.

    Args:
        reader: a connection of the reader role.
        network: whose results.
        path: of the file; its suffix says the format.
        name: of the layout, ``paper`` or ``survey``.
        per_star: one row a star rather than a spectrum; co-adds of visits are no visits.
        where: which spectra, as for a run.
        tables: only these spectrum tables.
        run: only this run's rows.
        version: of the results, such as "0.1".
        tag: of the results.
        overwrite: replace a file that is there.
        begin: told how many spectra there are, before the first.
        advance: told how many more are done.

    Raises:
        ConfigurationError: as `check` and `choice.choose`; nothing is selected; too many rows.
        SelectionError: the expression is refused.
    """
    check(path, overwrite=overwrite)
    coadds = [t for t in tables if t in network.coadds]
    if per_star and coadds and len(tables) > 1:
        raise ConfigurationError(f"--per star: spectra of {coadds[0]} hold those of the other "
                                 "tables already; name it alone or not at all")
    selection = settle(reader, tuple(t for t in network.spectrum_tables
                                     if t in tables or not (per_star and t in network.coadds)),
                       where, tables)
    if not selection.tables:
        raise ConfigurationError("no spectra are registered: `astra ingest` does that")
    chosen = choosing.choose(reader, network, run=run, version=version, tag=tag)
    of = layout(name, per_star=per_star, network=network)
    results = f"{network.table}_catalog" if of.blanks or per_star else network.table
    with opened(reader, _asked(of, network, per_star), selection, chosen, results,
                per_star=per_star, but=network.coadded if per_star else ()) as rows:
        extent = rows.extent()
        if not per_star:
            _refuse_too_many(path, extent.rows)
        described = saying.provenance(
            chosen, selection, choosing.runs(reader, sorted(extent.runs)), task=network.name,
            layout=name, per="star" if per_star else "spectrum", blanks=results != network.table)
        begin(extent.rows)
        batches: Iterator[Batch] = _told(rows.batches(), advance)
        if per_star:
            batches = _limited(path, stars(batches, of.columns))
        number = _written(path, of, batches, extent, described)
    spectra = extent.rows - (extent.without_source if per_star else 0)
    return Exported(path, number, spectra, extent.without_source if per_star else 0,
                    selection.left_out, described)


def _asked(of: Layout, network: Network, per_star: bool) -> tuple[Column, ...]:
    """The columns that the database is asked for."""
    if not per_star:
        return of.columns
    own = tuple(c for c in of.columns if c.origin != "star")
    return own + tuple(c for c in VISIT if c.key not in {o.key for o in own}
                       and (network.has_velocity or not c.key.endswith("v_rad")))


def _written(path: Path, of: Layout, batches: Iterable[Batch], extent: Extent,
             described: dict[str, str]) -> int:
    """Writes to parts and gives them their names; how many rows."""
    flags = saying.flags() if any(c.key == "result_flags" for c in of.columns) else {}
    parts = {name: name.with_name(f".{name.name}.{os.getpid()}.part") for name in _files(path)}
    try:
        part = parts[path]
        known: dict[str, Any] = {"flags": flags}
        if path.suffix == ".csv":
            number = texts.write_csv(part, of.columns, batches)
            texts.write_description(parts[_description(path)], of.columns, described, **known)
        elif path.suffix == ".ecsv":
            number = texts.write_ecsv(part, of.columns, batches, described, **known)
        elif path.suffix == ".parquet":
            from bossnet.catalog import parquet  # pyarrow is of an extra

            number = parquet.write(part, of.columns, batches, described, **known)
        elif path.suffix == ".vot":
            from bossnet.catalog import votable

            number = votable.write(part, of.columns, batches, described, widths=extent.widths,
                                   **known)
        else:
            number = fits.write(part, of.columns, batches, described, widths=extent.widths,
                                **known)
        for name, made in reversed(parts.items()):
            _keep(made, name)
    finally:
        for made in parts.values():
            made.unlink(missing_ok=True)
    return number


def _keep(part: Path, path: Path) -> None:
    """A part becomes the file, once the disk has it."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _files(path: Path) -> tuple[Path, ...]:
    return (path, _description(path)) if path.suffix == ".csv" else (path,)


def _description(path: Path) -> Path:
    return path.with_name(path.name + DESCRIBED)


def _told(batches: Iterator[Batch], advance: Callable[[int], None]) -> Iterator[Batch]:
    for batch in batches:
        yield batch
        advance(length(batch))


def _limited(path: Path, batches: Iterator[Batch]) -> Iterator[Batch]:
    rows = 0
    for batch in batches:
        rows += length(batch)
        _refuse_too_many(path, rows)
        yield batch


def _refuse_too_many(path: Path, rows: int) -> None:
    if path.suffix in WHOLE and rows > MOST:
        raise ConfigurationError(f"{path.suffix} is for a million rows at most, as its readers "
                                 "hold all of it at once: use .fits, .parquet or .csv, or take "
                                 "less by --where")
