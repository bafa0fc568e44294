"""Which results are exported: those of one version and tag, or of one run."""

import re
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.work.queries import query
from bossnet.work.status import record


@dataclass(frozen=True, slots=True)
class Choice:
    """Results of one version (major x 1000 + minor) and tag, and maybe of one run alone."""

    version: int
    tag: str
    run: int | None = None

    def condition(self) -> sql.Composed:
        """As SQL, of ``result``."""
        text = sql.SQL("result.v_astra_major_minor = {} AND result.tag = {}").format(
            sql.Literal(self.version), sql.Literal(self.tag))
        if self.run is None:
            return text
        return sql.SQL("{} AND result.run_pk = {}").format(text, sql.Literal(self.run))

    @property
    def written(self) -> str:
        """The version as people write it."""
        return _written(self.version)

    def __str__(self) -> str:
        run = "" if self.run is None else f", run {self.run}"
        return f"version {self.written}, tag {self.tag!r}{run}"


def choose(connection: Connection, network: Network, *, run: int | None, version: str | None,
           tag: str | None) -> Choice:
    """The choice that was made, or the only one that there is.

    Args:
        connection: without a transaction.
        network: whose results.
        run: one run's rows: those that it made and nobody made again.
        version: such as "0.1".
        tag: of the rows.

    Raises:
        ConfigurationError: there is no such run, or no such rows, or more than one version or tag.
    """
    if run is not None:
        if version is not None or tag is not None:
            raise ConfigurationError("--run says version and tag already: leave --version and "
                                     "--tag out")
        of = record(connection, run)
        if of["task"] != network.name:
            raise ConfigurationError(f"run {run} is of the task {of['task']!r}")
        return Choice(of["v_astra_major_minor"], of["tag"], run)
    with connection, connection.cursor() as cursor:
        cursor.execute(query("export_versions", results=sql.Identifier(network.table)))
        there = [Choice(*row) for row in cursor.fetchall()]
    wanted = None if version is None else parsed(version)
    fitting = [c for c in there if wanted in (None, c.version) and tag in (None, c.tag)]
    if len(fitting) == 1:
        return fitting[0]
    listed = "; ".join(map(str, there)) or "none"
    if not fitting:
        raise ConfigurationError(f"there are no such results; there are: {listed}")
    raise ConfigurationError("there are results of several versions or tags: choose with --version "
                             f"and --tag; there are: {listed}")


def runs(connection: Connection, keys: list[int]) -> list[dict[str, Any]]:
    """How these runs made their rows."""
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query("export_runs"), {"runs": keys})
        return [dict(row) for row in cursor.fetchall()]


def parsed(version: str) -> int:
    """Major x 1000 + minor of a version as people write it. Raises ConfigurationError."""
    match = re.fullmatch(r"(\d+)\.(\d+)(\.\d+)?", version)
    if match is None:
        raise ConfigurationError(f"--version {version}: write it as {_written(1)}")
    return 1000 * int(match[1]) + int(match[2])


def _written(version: int) -> str:
    return f"{version // 1000}.{version % 1000}"
