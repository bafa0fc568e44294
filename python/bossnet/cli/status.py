"""`astra status`: runs, how far they are, who works on them, and what failed."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
import psycopg2
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from bossnet import config
from bossnet.cli import showing
from bossnet.cli.common import database_option, json_option, print_json, said
from bossnet.errors import DatabaseError
from bossnet.work.states import LIVE

ON_TERMINAL, IN_FILE = 2.0, 30.0  #: seconds between two looks
PATIENCE = 600.0  #: seconds that a database may be gone while it is watched
PAUSE = 10.0  #: failures are counted again after so many times as long as that takes


@click.command(epilog="Example:\n\n    astra status 12 --watch")
@click.argument("run", type=int, required=False)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True,
              help="How many of the last runs.")
@click.option("--watch", is_flag=True, help="Look again and again: at one RUN until it ends (exit "
              "status 0 if it is done, else 1), at several until Ctrl-C.")
@click.option("--every", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Between two "
              f"looks of --watch.  [default: {ON_TERMINAL:g}, or {IN_FILE:g} where standard "
              "output is no terminal]")
@database_option
@json_option
@said
def status(run: int | None, limit: int, watch: bool, every: float | None, database: str | None,
           as_json: bool) -> None:
    """Show the last runs, or one RUN with its flags, workers, and failures by reason.

    With --watch on a terminal the picture is renewed in place; elsewhere, a line is printed for
    each run that has changed, or with --json an object a line.
    """
    with _Looks(config.load(database), run, limit).open() as looks:
        if watch:
            sys.exit(_watch(looks, every, as_json))
        looks.look()
    if as_json:
        print_json(looks.as_dict())
    else:
        showing.output().print(looks.shown(), soft_wrap=True)


class _Looks:
    """Looks at the runs of a database.

    Attributes:
        runs: as they were at the last look.
        failed: failures of the one run.
    """

    def __init__(self, settled: config.Config, run: int | None, limit: int) -> None:
        self._config, self.run, self._limit = settled, run, limit
        self._connection: Any = None
        self._counted, self._not_before = 0, 0.0
        self.runs: list[dict[str, Any]] = []
        self.failed: list[Any] = []

    @contextmanager
    def open(self) -> Iterator["_Looks"]:
        """Closes its connection in the end."""
        try:
            yield self
        finally:
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def look(self) -> None:
        """Looks again. Raises DatabaseError or psycopg2.Error, then it is closed."""
        from bossnet.database import schema
        from bossnet.database.connection import connect
        from bossnet.work.status import failures, recent

        try:
            if self._connection is None:
                self._connection = connect(self._config, application="astra status")
                schema.check(self._connection, self._config.schema)
            self.runs = recent(self._connection, run=self.run, limit=self._limit)
            start = time.monotonic()
            if self.run is not None and self.runs[0]["n_failed"] != self._counted and (
                    start >= self._not_before or self.ended):
                self.failed = failures(self._connection, self.runs[0])
                self._counted = self.runs[0]["n_failed"]
                self._not_before = time.monotonic() + PAUSE * (time.monotonic() - start)
        except (psycopg2.Error, DatabaseError):
            self.close()
            raise

    @property
    def ended(self) -> bool:
        """Whether there is one run, and nothing more will come of it by itself."""
        return self.run is not None and self.runs[0]["state"] not in LIVE

    def as_dict(self) -> dict[str, Any]:
        if self.run is None:
            return {"runs": self.runs}
        return {"run": self.runs[0], "failures": [asdict(f) for f in self.failed]}

    def shown(self) -> RenderableType:
        if self.run is None:
            return showing.overview(self.runs)
        return showing.one(self.runs[0], self.failed)


def _watch(looks: _Looks, every: float | None, as_json: bool) -> int:
    """Looks until the one run has ended, or until Ctrl-C; the exit status."""
    out = showing.output()
    try:
        looks.look()
        if as_json or not out.is_terminal:
            _print(looks, every or IN_FILE, as_json)
        else:
            _renew(looks, every or ON_TERMINAL, out)
    except KeyboardInterrupt:  # the usual end
        return 130
    return 0 if looks.runs[0]["state"] == "done" else 1


def _renew(looks: _Looks, every: float, out: Console) -> None:
    """The picture, renewed in place."""
    with Live(looks.shown(), console=out, auto_refresh=False) as live:
        for trouble in _looked(looks, every):
            below = Text(trouble or f"looked at {time.strftime('%H:%M:%S')}; Ctrl-C ends")
            live.update(Group(looks.shown(), below), refresh=True)


def _print(looks: _Looks, every: float, as_json: bool) -> None:
    """A line for each run that has changed."""
    before: dict[int, str] = {}
    for trouble in _looked(looks, every):
        if as_json:
            click.echo(json.dumps(looks.as_dict() | {"trouble": trouble or None}, default=str))
            continue
        now = time.strftime("%H:%M:%S")
        if trouble:
            click.echo(f"{now} {trouble}")
            continue
        for r in reversed(looks.runs):
            lines = [showing.line(r), *(f"run {r['pk']}: {t}" for t in showing.troubles_of(r))]
            known = before.get(r["pk"], "")
            for line in [line for line in lines if line not in known.splitlines()]:
                click.echo(f"{now} {line}")
            before[r["pk"]] = "\n".join(lines)


def _looked(looks: _Looks, every: float) -> Iterator[str]:
    """After the first look and after each further one: what hindered it, or an empty text."""
    trouble, since = "", time.monotonic()
    while True:
        yield trouble
        if looks.ended:
            return
        time.sleep(every)
        try:
            looks.look()
            trouble, since = "", time.monotonic()
        except (psycopg2.Error, DatabaseError) as e:
            if time.monotonic() - since > PATIENCE:
                raise
            first = (str(e).strip() or type(e).__name__).splitlines()[0]
            trouble = f"the database does not answer, looking again: {first}"
