"""What a noise model is fitted to: differences of repeated visits, and from known labels.

Results with their raw errors come from the database or from a table: a catalogue in the layout
``survey`` with one row a spectrum, or ``results.ecsv`` of `bossnet evaluate`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection

from bossnet.errors import ConfigurationError
from bossnet.flags import FLAGS
from bossnet.network.declaration import Network
from bossnet.tables import numbers, read_table, texts

if TYPE_CHECKING:
    from bossnet.catalog.columns import Batch

MOST = 400_000  #: spectra that are taken from a database
NOBODY = ("", "-1", "nan", "--")  #: in place of a star's name
_MASKS = {flag.name: flag.mask for flag in FLAGS}
#: With these a spectrum says nothing of what errors are worth.
_USELESS = sum(_MASKS[name] for name in (
    "flag_runtime_exception", "flag_no_uncertainty", "flag_out_of_distribution",
    "flag_little_coverage"))
#: With these a parameter is none (contract, section 6).
_UNRELIABLE = {"log_teff": _MASKS["flag_unreliable_teff"], "logg": _MASKS["flag_unreliable_logg"],
               "fe_h": _MASKS["flag_unreliable_fe_h"], "v_rel": _MASKS["flag_unreliable_v_rad"]}

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """N results.

    Attributes:
        star: (N,) text; visits of one star that may be compared bear the same.
        snr: (N,).
        teff: (N,), K.
        values: by column, (N,); NaN where a parameter is missing or unreliable. ``v_rel`` is the
            barycentric velocity, where that is known.
        raw: by column, (N,), the raw errors.
        labels: by column, (N,); empty where none are known.
        digests: of the weights that made them, as far as it is said.
        night: (N,), MJD, NaN where not known; None: of none.
    """

    star: NDArray[np.str_]
    snr: Array
    teff: Array
    values: Mapping[str, Array]
    raw: Mapping[str, Array]
    labels: Mapping[str, Array] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()
    night: Array | None = None

    def __len__(self) -> int:
        return len(self.star)


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """n differences, each of one result from its label, or of two from each other.

    Attributes:
        star: (n,) text.
        snr: (n, P), of the results that a difference is of.
        teff: (n, P), K.
        difference: by column, (n,); NaN where not known.
        raw: by column, (n, P), the raw errors.
    """

    star: NDArray[np.str_]
    snr: Array
    teff: Array
    difference: Mapping[str, Array]
    raw: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.star)

    def some(self, rows: NDArray[Any]) -> "Differences":
        """Those of some rows."""
        return Differences(self.star[rows], self.snr[rows], self.teff[rows],
                           {name: v[rows] for name, v in self.difference.items()},
                           {name: v[rows] for name, v in self.raw.items()})


def pairs(measured: Measured) -> Differences:
    """Every visit of a star with the next, in the order of their nights where these are known.

    Two of one night are not compared: they may be one observation in two releases.
    """
    night = _nights(measured)
    order = np.lexsort((night, measured.star))
    star, night = measured.star[order], night[order]
    first = np.flatnonzero((star[1:] == star[:-1]) & (night[1:] != night[:-1]))
    a, b = order[first], order[first + 1]
    return Differences(
        measured.star[a], _both(measured.snr, a, b), _both(measured.teff, a, b),
        {name: v[a] - v[b] for name, v in measured.values.items()},
        {name: _both(v, a, b) for name, v in measured.raw.items()})


def against_labels(measured: Measured) -> Differences:
    """Every result minus its label."""
    return Differences(
        measured.star, measured.snr[:, None], measured.teff[:, None],
        {name: measured.values[name] - label for name, label in measured.labels.items()},
        {name: measured.raw[name][:, None] for name in measured.labels})


def of_table(path: Path, network: Network, *, labelled: bool, weights: str = "") -> Measured:
    """The results of a table, its columns' names in any case.

    Args:
        path: of the table.
        network: whose results.
        weights: whose rows are taken where the table has results of several weights.
        labelled: whether there are labels, named ``label_*``; else stars are told by ``source_pk``
            and the spectra's table, or ``sdss_id``, or ``name``.

    Raises:
        ConfigurationError: it cannot be read, or lacks a column.
    """
    table = read_table(path)
    there = {name.lower(): name for name in reversed(table.colnames)}

    def column(*names: str) -> Array:
        return numbers(path, table, _named(path, there, names))

    table = _of_weights(path, table, there, weights)
    if not labelled and "filetype" in there:
        table = table[~np.isin(texts(path, table, there["filetype"]), network.coadded)]
    columns = [p.column for p in network.parameters]
    star = texts(path, table, _named(path, there, ("source_pk", "sdss_id", "name")))
    if not labelled:  # spectra of no object are not repeats of each other
        table = table[~np.isin(star, NOBODY)]
        star = star[~np.isin(star, NOBODY)]
    if "spectrum_table" in there:
        star = np.char.add(np.char.add(texts(path, table, there["spectrum_table"]), " "), star)
    flags = np.nan_to_num(column("result_flags")).astype(np.int64)
    labels = {name: column(f"label_{name}") for name in columns} if labelled else {}
    values = {name: column(*(("v_rad", "v_rel") if name == "v_rel" else (name,)))
              for name in columns}
    digest = next((str(v) for k, v in table.meta.items()
                   if k.lower() in ("weights_sha256", "wsha256")), None)
    return _measured(star, column("snr"), flags, values,
                     {name: column(f"raw_e_{name}") for name in columns}, labels,
                     frozenset([digest] if digest else []),
                     _known(column("mjd")) if "mjd" in there else None)


def of_database(reader: Connection, network: Network, *, where: str | None = None,
                run: int | None = None, version: str | None = None, tag: str | None = None
                ) -> Measured:
    """The results of objects' visits, up to `MOST`; co-adds are left out.

    Args:
        reader: a connection of the reader role.
        network: whose results.
        where: which spectra, as for a run.
        run: only this run's rows.
        version: of the results, such as "0.1".
        tag: of the results.

    Raises:
        ConfigurationError: there are none, or of several versions or tags.
        SelectionError: the expression is refused.
    """
    from bossnet.catalog import choice as choosing
    from bossnet.catalog.columns import Column
    from bossnet.catalog.rows import opened
    from bossnet.work.selection import settle

    columns = [p.column for p in network.parameters]
    asked = [("source_pk", "spectrum", "int64"), ("spectrum_table", "table", "text"),
             ("mjd", "spectrum", "int64"), ("filetype", "spectrum", "text"),
             ("result_flags", "result", "int64"), ("run_pk", "result", "int64"),
             *((name, "result", "float32") for name in (
                 "snr", *columns, *(f"raw_e_{c}" for c in columns),
                 *(["v_rad"] if network.has_velocity else [])))]
    tables = tuple(t for t in network.spectrum_tables if t not in network.coadds)
    selection = settle(reader, tables, where, ())
    chosen = choosing.choose(reader, network, run=run, version=version, tag=tag)
    with opened(reader, [Column(key, origin, kind, "", "", "", key) for key, origin, kind in asked],
                selection, chosen, network.table, per_star=True) as rows:
        taken = _taken(rows.batches())
        if not taken:
            raise ConfigurationError(f"there are no results of objects: {chosen}")
        found = {key: np.concatenate([b[key] for b in taken]) for key in taken[0]}
        runs = choosing.runs(reader, np.unique(found["run_pk"]).tolist())
    visits = ~np.isin(found["filetype"].astype(np.str_), network.coadded)
    found = {key: values[visits] for key, values in found.items()}
    star = np.char.add(found["spectrum_table"].astype(np.str_), " ")
    values = {name: found[name].astype(np.float64) for name in columns}
    if network.has_velocity:
        known = np.isfinite(found["v_rad"])
        values["v_rel"] = np.where(known, found["v_rad"], np.nan)
    return _measured(np.char.add(star, found["source_pk"].astype(np.str_)),
                     found["snr"].astype(np.float64), found["result_flags"], values,
                     {name: found[f"raw_e_{name}"].astype(np.float64) for name in columns}, {},
                     frozenset(r["weights_sha256"] for r in runs),
                     _known(found["mjd"].astype(np.float64)))


def joined(parts: Sequence[Measured]) -> Measured:
    """Several as one; stars of one name in two of them are two stars."""
    def each(name: str) -> dict[str, Array]:
        keys = set.intersection(*(set(getattr(p, name)) for p in parts))
        return {key: np.concatenate([getattr(p, name)[key] for p in parts]) for key in keys}

    return Measured(
        np.concatenate([np.char.add(f"{i} ", p.star) for i, p in enumerate(parts)]),
        np.concatenate([p.snr for p in parts]), np.concatenate([p.teff for p in parts]),
        each("values"), each("raw"), each("labels"),
        frozenset().union(*(p.digests for p in parts)), np.concatenate(list(map(_nights, parts))))


def _measured(star: NDArray[np.str_], snr: Array, flags: NDArray[np.int64],
              values: Mapping[str, Array], raw: Mapping[str, Array], labels: Mapping[str, Array],
              digests: frozenset[str], night: Array | None) -> Measured:
    """Without what says nothing."""
    with np.errstate(over="ignore"):
        teff = 10.0 ** values["log_teff"]
    usable = {name: np.where(flags & (_USELESS | _UNRELIABLE[name]), np.nan, v)
              for name, v in values.items()}
    there = np.isfinite(np.stack(list(usable.values()))).any(axis=0)

    def of(arrays: Mapping[str, Array]) -> dict[str, Array]:
        return {name: v[there] for name, v in arrays.items()}

    return Measured(star[there], snr[there], teff[there], of(usable), of(raw), of(labels), digests,
                    None if night is None else night[there])


def _known(mjd: Array) -> Array:
    """Catalogues have -1 where none is known."""
    return np.where(mjd > 0, mjd, np.nan)


def _nights(measured: Measured) -> Array:
    """(N,), NaN where not known."""
    return np.full(len(measured), np.nan) if measured.night is None else measured.night


def _taken(batches: Iterator["Batch"]) -> list["Batch"]:
    """The first batches, until there is enough."""
    taken: list[Batch] = []
    number = 0
    for batch in batches:
        taken.append(batch)
        number += len(batch["source_pk"])
        if number >= MOST:
            break
    return taken


def _of_weights(path: Path, table: Table, there: Mapping[str, str], weights: str) -> Table:
    """The rows of these weights, where there are those of several."""
    made = texts(path, table, there["weights"]) if "weights" in there else np.array([weights])
    names = np.unique(made)
    if names.size < 2:
        return table
    if weights not in names:
        raise ConfigurationError(f"{path}: results of {', '.join(names)}, and none of {weights}")
    return table[made == weights]


def _both(values: Array, a: NDArray[np.intp], b: NDArray[np.intp]) -> Array:
    return np.stack([values[a], values[b]], axis=1)


def _named(path: Path, there: Mapping[str, str], names: Sequence[str]) -> str:
    """The first of these columns that a table has."""
    for name in names:
        if name in there:
            return there[name]
    raise ConfigurationError(
        f"{path}: no column {' or '.join(names)}; needed is a table with raw errors, as `astra "
        "export bossnet OUT` (layout survey, one row a spectrum) or `bossnet evaluate` "
        "(results.ecsv) writes it")
