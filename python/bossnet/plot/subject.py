"""The spectrum that is to be shown: of a file, or of the database with its results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from bossnet.anywhere.hints import Hints
from bossnet.anywhere.reading import found_in
from bossnet.catalog.choice import Choice
from bossnet.errors import ConfigurationError
from bossnet.network import NETWORKS
from bossnet.network.declaration import Network
from bossnet.observation import Observation
from bossnet.work.queries import query
from bossnet.work.reading import name_of, read_row

_ALL = sql.SQL("true")
#: What a figure says of an object, by the columns of ``source``.
_IDENTIFIERS = {"sdss_id": "sdss_id", "sdss4_apogee_id": "APOGEE", "gaia_dr3_source_id": "Gaia DR3"}


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A spectrum, and what is known of it.

    Attributes:
        name: for people.
        observation: to be judged; its spectrum is None where it cannot be read.
        facts: identifiers and the like, for people.
        notes: what was assumed of it, and what it lacks.
        is_topocentric: its velocity is relative to the Earth.
        network: that reads it.
        is_registered: it is in the database.
        row: its results, by column, and ``_weights``, ``_seed`` and so on of their run; None where
            there are none.
    """

    name: str
    observation: Observation
    network: Network
    is_registered: bool = False
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_topocentric: bool = False
    row: Mapping[str, Any] | None = field(default=None, repr=False)


def of_file(path: Path, network: Network, hints: Hints, *, number: int | None = None) -> Subject:
    """A spectrum of a file, in any form that `bossnet predict` reads.

    Args:
        path: of the file.
        network: that is to see it.
        hints: what is said of files in no survey's layout.
        number: from 1, which one, where the file holds several.

    Raises:
        ConfigurationError: it holds several and none was chosen, or not so many.
    """
    every = list(found_in([path], hints, network))
    if number is None and len(every) > 1:
        raise ConfigurationError(f"{path} holds {len(every)} spectra: choose one with --number 1 "
                                 f"to {len(every)}")
    if number is not None and not 1 <= number <= len(every):
        raise ConfigurationError(f"--number {number}: {path} holds {len(every)} spectra")
    found = every[(number or 1) - 1]
    return Subject(Path(found.name).name, found.observation, network, notes=found.notes,
                   is_topocentric=found.is_topocentric)


def of_database(reader: Connection, key: int, roots: Mapping[str, Path], *,
                version: int | None = None, tag: str | None = None) -> Subject:
    """A registered spectrum, with its results if there are any.

    Args:
        reader: a connection of the reader role.
        key: its ``spectrum_pk``.
        roots: named folders of the configuration.
        version: of the results, major x 1000 + minor.
        tag: of the results.

    Raises:
        ConfigurationError: it is in no spectrum table, or has results of several versions or tags
            and none was chosen, or none of those.
    """
    with reader, reader.cursor(cursor_factory=RealDictCursor) as cursor:
        network, table, registered = _registered(cursor, key)
        cursor.execute(query("results_of_spectrum", results=sql.Identifier(network.table)),
                       {"spectrum": key})
        row = _chosen([dict(r) for r in cursor.fetchall()], key, version, tag)
        cursor.execute(query("source_of_spectrum"), {"source": registered.get("source_pk")})
        source = dict(cursor.fetchone() or {})
    reading = read_row(table, registered, roots, network)
    facts = [f"spectrum {key}", *(f"{title} {source[name]}" for name, title in _IDENTIFIERS.items()
                                  if source.get(name))]
    if source.get("ra") is not None and source.get("dec") is not None:
        facts.append(f"{source['ra']:.5f} {source['dec']:+.5f}")
    return Subject(Path(reading.path or name_of(registered)).name, reading.observation, network,
                   is_registered=True, facts=tuple(facts), row=row)


def _registered(cursor: Any, key: int) -> tuple[Network, str, dict[str, Any]]:
    """A spectrum's network, table and row."""
    tables = []
    for network in NETWORKS.values():
        for table in network.spectrum_tables:
            tables.append(table)
            cursor.execute(query("chunk_rows", table=sql.Identifier(table),
                                 keys=sql.Literal([key]), todo=_ALL))
            if found := cursor.fetchone():
                return network, table, dict(found)
    raise ConfigurationError(f"there is no spectrum {key} in {', '.join(tables)}; for a file of "
                             f"that name, write ./{key}")


def _chosen(rows: list[dict[str, Any]], key: int, version: int | None, tag: str | None
            ) -> dict[str, Any] | None:
    """The only row that fits, or None if nothing was asked for and there is none."""
    fitting = [r for r in rows if version in (None, r["v_astra_major_minor"])
               and tag in (None, r["tag"])]
    if len(fitting) == 1:
        return fitting[0]
    if not rows and version is None and tag is None:
        return None
    there = "; ".join(str(Choice(r["v_astra_major_minor"], r["tag"])) for r in rows)
    what = "has no such result" if not fitting else "has several results"
    raise ConfigurationError(f"spectrum {key} {what}: choose with --version and --tag; there are: "
                             f"{there or 'none'}")
