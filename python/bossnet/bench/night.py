"""A database with spectra that nobody minds: a Postgres of its own in a temporary folder."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from bossnet.config import Config
from bossnet.database import embedded
from bossnet.database.connection import connect
from bossnet.database.initialise import initialise
from bossnet.errors import BossNetError
from bossnet.network.boss import BOSS
from bossnet.network.declaration import Network
from bossnet.registry.ingest import ingest
from bossnet.simulation.formats import FORMATS, USUAL
from bossnet.simulation.survey import simulate


def formats(network: Network) -> list[str]:
    """File formats of spectra that a network reads."""
    return [name for name, form in FORMATS.items()
            if form.instrument.grid.kind == network.kind and (network is not BOSS or name in USUAL)]


class Night(AbstractContextManager["Night"]):
    """Simulated files that are registered in an embedded Postgres, which stops at its end.

    Args:
        home: a temporary folder of the caller's.

    Attributes:
        home: that folder.
        config: of that database; no file of the user's is looked at.
    """

    def __init__(self, home: Path) -> None:
        home.chmod(0o755)  # as root the server is another user
        self.home, self.config = home, Config(home)
        try:
            initialise(self.config)
        except BaseException:
            embedded.stop(home)
            raise

    def __exit__(self, *problem: object) -> None:
        embedded.stop(self.home)

    def observe(self, number: int, *, snr: tuple[float, float],
                formats: Sequence[str] = USUAL, seed: int = 1) -> Path:
        """Makes files of these formats, in turn; their folder."""
        folder = self.home / f"spectra-{seed}"
        simulate(folder, number, seed, snr=snr, formats=formats)
        return folder

    def register(self, folder: Path) -> None:
        """Registers the files of a folder."""
        done = ingest(self.config, [str(folder)])
        if done.refused:
            raise BossNetError(f"{folder}: {done.refusals[0].reason}")

    def register_again(self, folder: Path, number: int) -> None:
        """Registers BOSS files of a folder in turn, as so many different spectra.

        They are read and predicted like any others; only disk space is saved.
        """
        paths = sorted(str(path) for path in folder.glob("*.fits*"))
        with self.cursor() as cursor:
            keys = [row[0] for row in execute_values(
                cursor, "INSERT INTO spectrum (spectrum_flags) VALUES %s RETURNING pk",
                [(0,)] * number, page_size=number, fetch=True)]
            execute_values(
                cursor, "INSERT INTO boss_visit_spectrum (spectrum_pk, release, filetype, run2d, "
                "plateid, mjd, fiberid, path) VALUES %s",
                [(key, "simulated", "spec", "again", 1 + key // 1000, 59000, 1 + key % 1000,
                  paths[i % len(paths)]) for i, key in enumerate(keys)])

    @contextmanager
    def cursor(self, **options: Any) -> Iterator[Cursor]:
        """Of a transaction of the database's owner, committed at the end."""
        connection = connect(self.config, application="bossnet bench")
        try:
            with connection, connection.cursor(**options) as cursor:
                yield cursor
        finally:
            connection.close()

    def results(self, network: Network, tag: str) -> tuple[int, int, str | None]:
        """Of a tag: results with parameters, those by linear propagation, why one has none."""
        with self.cursor() as cursor:
            cursor.execute(sql.SQL(
                "SELECT count(teff), count(*) FILTER (WHERE uncertainty_method = 'linear'), "
                "min(error_message) FROM {} WHERE tag = %s").format(sql.Identifier(network.table)),
                (tag,))
            predicted, linear, why = cursor.fetchone() or (0, 0, None)
        return predicted, linear, why
