"""Which object a spectrum is of: known by an identifier, else by its place, else new."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from bossnet.database.copying import copy, copy_into_temporary

IDENTIFIERS = ("sdss_id", "catalogid", "gaia_dr3_source_id", "gaia_dr2_source_id")
#: Two of these that differ are two objects, however close. (An object has several catalogids.)
EXCLUSIVE = ("sdss_id", "gaia_dr3_source_id")
RADIUS = 1 / 3600  #: [deg] (contract, section 7)

_BY_IDENTIFIER = sql.SQL("""
    SELECT DISTINCT ON (i.pk) i.pk, s.pk FROM {incoming} AS i JOIN source AS s
        ON s.{identifier} = i.{identifier}
    WHERE i.pk = ANY (%(left)s) ORDER BY i.pk, s.pk""")
# Within a strip of declination, which an index finds, the distance on the sphere decides: so the
# poles and right ascension 0 need no case of their own.
_BY_PLACE = sql.SQL("""
    SELECT i.pk, near.pk FROM {incoming} AS i CROSS JOIN LATERAL (
        SELECT s.pk, power(sind((s.dec - i.dec) / 2), 2)
               + cosd(s.dec) * cosd(i.dec) * power(sind((s.ra - i.ra) / 2), 2) AS haversine
        FROM source AS s
        WHERE s.dec BETWEEN i.dec - %(radius)s AND i.dec + %(radius)s AND NOT ({other})
        ORDER BY haversine, s.pk LIMIT 1
    ) AS near
    WHERE i.pk = ANY (%(left)s) AND near.haversine <= power(sind(%(radius)s / 2), 2)""")
_NEW_KEYS = """
    SELECT nextval(pg_get_serial_sequence('source', 'pk')) FROM generate_series(1, %s)"""


@dataclass(slots=True)
class _Object:
    """An object of a batch: its key where the table has it, and what the batch says of it."""

    pk: int | None
    values: dict[str, Any]
    is_new: bool


def match(cursor: Cursor, sources: Sequence[dict[str, Any]], known: Sequence[int | None],
          *, columns: Sequence[str], fill: bool = True) -> tuple[list[int], int]:
    """The object of each of some spectra; what is not in the table yet is put there.

    An object is matched by ``sdss_id``, ``catalogid`` or Gaia id, else as the nearest within one
    arcsecond whose identifiers do not contradict, else it is new (contract, section 7). What the
    spectra say of an object, and the table did not know, can be filled in.

    Args:
        cursor: of a transaction that no other registration runs beside.
        sources: what each spectrum's file says of its object, by column of ``source``.
        known: keys of objects that are settled already, None for the others.
        columns: of ``source``, those that a row can have.
        fill: whether objects that are there are completed.

    Returns:
        The keys of the objects, and how many are new.
    """
    columns = [name for name in columns if name != "pk"]
    rows = [_in_range(source) for source in sources]
    incoming = copy_into_temporary(cursor, "incoming_source", "source", ["pk", *columns],
                                   [[i, *map(row.get, columns)] for i, row in enumerate(rows)])
    cursor.execute(sql.SQL("ANALYZE {}").format(incoming))
    found = _in_table(cursor, incoming, columns, list(known))
    objects = _within_batch(rows, found)
    _insert(cursor, columns, objects)
    if fill:
        _fill(cursor, columns, [o for o in _distinct(objects) if not o.is_new])
    return ([o.pk for o in objects if o.pk is not None],
            sum(o.is_new for o in _distinct(objects)))


def separation(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The angle between two places [deg]; infinite where one has none."""
    if None in (one.get("dec"), other.get("dec"), one.get("ra"), other.get("ra")):
        return math.inf
    dec, dec_other = math.radians(one["dec"]), math.radians(other["dec"])
    half_ra = math.radians(one["ra"] - other["ra"]) / 2
    haversine = (math.sin((dec - dec_other) / 2) ** 2
                 + math.cos(dec) * math.cos(dec_other) * math.sin(half_ra) ** 2)
    return math.degrees(2 * math.asin(math.sqrt(min(1.0, haversine))))


def _in_range(source: dict[str, Any]) -> dict[str, Any]:
    return source | {"ra": source["ra"] % 360} if source.get("ra") is not None else source


def _in_table(cursor: Cursor, incoming: sql.Identifier, columns: Sequence[str],
              found: list[int | None]) -> list[int | None]:
    """Keys of the objects that the table has, None for the others."""
    def settle(query: sql.Composed, **parameters: Any) -> None:
        left = [i for i, pk in enumerate(found) if pk is None]
        if left:
            cursor.execute(query, {"left": left, **parameters})
            for i, pk in cursor.fetchall():
                found[i] = pk

    for identifier in (name for name in IDENTIFIERS if name in columns):
        settle(_BY_IDENTIFIER.format(incoming=incoming, identifier=sql.Identifier(identifier)))
    other = [sql.SQL("coalesce(s.{0} <> i.{0}, false)").format(sql.Identifier(name))
             for name in EXCLUSIVE if name in columns]
    settle(_BY_PLACE.format(incoming=incoming, other=sql.SQL(" OR ").join(other)
                            if other else sql.SQL("false")), radius=RADIUS)
    return found


def _within_batch(rows: Sequence[dict[str, Any]], found: Sequence[int | None]) -> list[_Object]:
    """The objects of a batch: spectra of one new object share it."""
    by_key: dict[int, _Object] = {}
    by_identifier: dict[tuple[str, Any], _Object] = {}
    by_strip: dict[int, list[_Object]] = defaultdict(list)
    objects = []
    for row, pk in zip(rows, found, strict=True):
        if pk is None:
            thing = _known_in_batch(row, by_identifier, by_strip)
        else:
            thing = by_key.setdefault(pk, _Object(pk, {}, is_new=False))
        if thing is None:
            thing = _Object(None, {}, is_new=True)
        thing.values = row | thing.values
        for name in IDENTIFIERS:
            if thing.values.get(name) is not None:
                by_identifier.setdefault((name, thing.values[name]), thing)
        if thing.values.get("dec") is not None:
            by_strip[_strip(thing.values)].append(thing)
        objects.append(thing)
    return objects


def _known_in_batch(row: dict[str, Any], by_identifier: dict[tuple[str, Any], _Object],
                    by_strip: dict[int, list[_Object]]) -> _Object | None:
    for name in IDENTIFIERS:
        if row.get(name) is not None and (name, row[name]) in by_identifier:
            return by_identifier[name, row[name]]
    if row.get("dec") is None:
        return None
    near = [(separation(row, other.values), i, other)
            for step in (-1, 0, 1)
            for i, other in enumerate(by_strip.get(_strip(row) + step, ()))
            if not any(_differ(row, other.values, name) for name in EXCLUSIVE)]
    distance, _, nearest = min(near, key=lambda item: item[:2], default=(math.inf, 0, None))
    return nearest if distance <= RADIUS else None


def _strip(row: dict[str, Any]) -> int:
    return math.floor(row["dec"] / RADIUS)


def _differ(one: dict[str, Any], other: dict[str, Any], name: str) -> bool:
    return one.get(name) is not None and other.get(name) is not None and one[name] != other[name]


def _distinct(objects: Sequence[_Object]) -> list[_Object]:
    return list({id(thing): thing for thing in objects}.values())


def _insert(cursor: Cursor, columns: Sequence[str], objects: Sequence[_Object]) -> None:
    new = [thing for thing in _distinct(objects) if thing.is_new]
    cursor.execute(_NEW_KEYS, (len(new),))
    for thing, (pk,) in zip(new, cursor.fetchall(), strict=True):
        thing.pk = pk
    copy(cursor, sql.Identifier("source"), ["pk", *columns],
         ([thing.pk, *map(thing.values.get, columns)] for thing in new))


def _fill(cursor: Cursor, columns: Sequence[str], objects: Sequence[_Object]) -> None:
    """What the batch knows of objects and the table did not; what the table knows stays."""
    news = [name for name in columns if any(o.values.get(name) is not None for o in objects)]
    if not news:
        return
    incoming = copy_into_temporary(cursor, "incoming_source", "source", ["pk", *columns],
                                   ([o.pk, *map(o.values.get, columns)] for o in objects))
    names = [sql.Identifier(name) for name in news]
    cursor.execute(sql.SQL("UPDATE source AS s SET {} FROM {} AS i WHERE s.pk = i.pk AND ({})")
                   .format(sql.SQL(", ").join(sql.SQL("{0} = coalesce(s.{0}, i.{0})").format(n)
                                              for n in names), incoming,
                           sql.SQL(" OR ").join(sql.SQL("s.{0} IS NULL AND i.{0} IS NOT NULL")
                                                .format(n) for n in names)))
