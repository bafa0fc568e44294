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
from bossnet.network.boss import BOSS
from bossnet.network.prediction import Exposure
from bossnet.spectra import read

_INSERT = """
    INSERT INTO boss_net (spectrum_pk, source_pk, v_astra, tag, logg, e_logg, log_teff, e_log_teff,
                          fe_h, e_fe_h, v_rel, e_v_rel, teff) VALUES %s"""


def naive_run(config: Config, predict: Callable[[Sequence[Exposure]], Estimates], *, tag: str,
              limit: int, together: int) -> None:
    """Predicts the first spectra of the tables, in one process, one thing after the other.

    It writes less than `astra run`: no flags, medians and correlations, and it minds no file that
    cannot be read.

    Args:
        config: of a database.
        predict: parameters of some spectra.
        tag: of the rows.
        limit: how many spectra.
        together: how many are read, predicted and written before the next.
    """
    with closing(connect(config)) as connection:
        rows = islice(_rows(connection), limit)
        while some := list(islice(rows, together)):
            spectra = [read(row["path"], row) for row in some]
            found = predict([Exposure(s.flux, s.error, s.wavelength) for s in spectra])
            with connection.cursor() as cursor:
                execute_values(cursor, _INSERT, [
                    (row["spectrum_pk"], row["source_pk"], v_astra(), tag,
                     *np.column_stack([value, spread]).ravel().tolist(),
                     float(10 ** value[1]))
                    for row, value, spread in zip(some, found.parameters, found.spread,
                                                  strict=True)])
            connection.commit()


def _rows(connection: Connection) -> Iterator[dict[str, Any]]:
    for table in BOSS.spectrum_tables:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(sql.SQL("SELECT * FROM {} ORDER BY spectrum_pk").format(
                sql.Identifier(table)))
            found = cursor.fetchall()
        yield from map(dict, found)
