"""A naive run: read some files, predict, insert, commit; the next ones."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor, execute_values

from bossnet import v_astra
from bossnet.bench.naive import Estimates
from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.network.declaration import Network
from bossnet.network.prediction import Exposure
from bossnet.spectra import read

_INSERT = sql.SQL("INSERT INTO {table} ({columns}) VALUES %s")


def naive_run(config: Config, network: Network,
              predict: Callable[[Sequence[Exposure]], Estimates], *, tag: str, limit: int,
              together: int) -> None:
    """Predicts the first spectra of the tables, in one process, one thing after the other.

    It writes less than `astra run`: no flags, medians and correlations, and it minds no file that
    cannot be read.

    Args:
        config: of a database.
        network: whose results they are.
        predict: parameters of some spectra.
        tag: of the rows.
        limit: how many spectra.
        together: how many are read, predicted and written before the next.
    """
    columns = [p.column for p in network.parameters]
    names = ["spectrum_pk", "source_pk", "v_astra", "tag",
             *(prefix + name for name in columns for prefix in ("", "e_")), "teff"]
    insert = _INSERT.format(table=sql.Identifier(network.table),
                            columns=sql.SQL(", ").join(map(sql.Identifier, names)))
    with closing(connect(config)) as connection:
        rows = islice(_rows(connection, network), limit)
        while some := list(islice(rows, together)):
            spectra = [read(row["path"], row, table=row["_table"]) for row in some]
            found = predict([Exposure(s.flux, s.error, s.wavelength) for s in spectra])
            with connection.cursor() as cursor:
                execute_values(cursor, insert, [
                    (row["spectrum_pk"], row["source_pk"], v_astra(), tag,
                     *np.column_stack([value, spread]).ravel().tolist(),
                     float(10 ** value[columns.index("log_teff")]))
                    for row, value, spread in zip(some, found.parameters, found.spread,
                                                  strict=True)])
            connection.commit()


def _rows(connection: Connection, network: Network) -> Iterator[dict[str, Any]]:
    for table in network.spectrum_tables:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(sql.SQL("SELECT * FROM {} ORDER BY spectrum_pk").format(
                sql.Identifier(table)))
            found = cursor.fetchall()
        yield from (dict(row) | {"_table": table} for row in found)
