"""`astra runs`: the whole record of a run, and two runs compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Group

from bossnet import config
from bossnet.cli import showing
from bossnet.cli.common import database_option, json_option, print_json, said

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


@click.group(epilog="Example:\n\n    astra runs diff 12 15")
def runs() -> None:
    """Show the whole record of a run, or compare two."""


@runs.command(epilog="Example:\n\n    astra runs show 12 --json")
@click.argument("run", type=int)
@database_option
@json_option
@said
def show(run: int, database: str | None, as_json: bool) -> None:
    """Show all that is known of RUN: who ran what, where, when and how, and what came of it.

    Every column of its record, its chunks by state, its workers, its failures by reason.
    """
    from bossnet.work.status import chunks, failures, record, rows

    with _connected(database) as connection:
        found = record(connection, run)
        failed, parts = failures(connection, found), chunks(connection, found)
        found["n_rows"] = rows(connection, found)
    if as_json:
        print_json({"run": found, "chunks": parts, "failures": [asdict(f) for f in failed]})
    else:
        showing.output().print(showing.whole(found, parts, failed), soft_wrap=True)


@runs.command(epilog="Example:\n\n    astra runs diff 12 15 --worst 20")
@click.argument("a", type=int)
@click.argument("b", type=int)
@click.option("--whole", is_flag=True, help="Compare all rows of the runs' versions and tags, "
              "whichever run made them.")
@click.option("--worst", type=click.IntRange(min=0), default=5, show_default=True, metavar="N",
              help="How many of the largest changes of each parameter.")
@database_option
@json_option
@said
def diff(a: int, b: int, whole: bool, worst: int, database: str | None, as_json: bool) -> None:
    """Compare the results of run A with those of run B.

    Rows gained and lost, flags set and cleared, and of each parameter where it is usable in both:
    the offset (median) and scatter (half the 16th-to-84th percentile width) of B minus A, in total
    and by region of the Kiel diagram, and the spectra that have changed most.
    """
    from bossnet.cli import compared
    from bossnet.work.difference import compare

    with _connected(database) as connection:
        found = compare(connection, a, b, whole=whole, worst=worst)
    if as_json:
        print_json(found.as_dict())
    else:
        showing.output().print(Group(*compared.parts(found)), soft_wrap=True)


@contextmanager
def _connected(database: str | None) -> "Iterator[Connection]":
    from bossnet.database import schema
    from bossnet.database.connection import connect

    settled = config.load(database)
    connection = connect(settled, application="astra runs")
    try:
        schema.check(connection, settled.schema)
        yield connection
    finally:
        connection.close()
