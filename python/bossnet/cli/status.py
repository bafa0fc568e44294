"""`astra status`: runs, their counts, and what failed."""

from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bossnet import config
from bossnet.cli.common import database_option, json_option, print_json, said

WIDE = 200  #: signs of a line where no terminal says how many it shows


@click.command(epilog="Example:\n\n    astra status 12")
@click.argument("run", type=int, required=False)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True,
              help="How many of the last runs.")
@database_option
@json_option
@said
def status(run: int | None, limit: int, database: str | None, as_json: bool) -> None:
    """Show the last runs, or one RUN with its flags and its failures by reason."""
    from bossnet.database import schema
    from bossnet.database.connection import connect
    from bossnet.work.status import failures, recent

    settled = config.load(database)
    connection = connect(settled, application="astra status")
    try:
        schema.check(connection, settled.schema)
        runs = recent(connection, run=run, limit=limit)
        failed = failures(connection, runs[0]) if run is not None else []
    finally:
        connection.close()
    if as_json:
        print_json({"runs": runs} if run is None
                   else {"run": runs[0], "failures": [asdict(f) for f in failed]})
    elif run is None:
        _show_runs(runs)
    else:
        _show_run(runs[0], failed)


def _show_runs(runs: list[dict[str, Any]]) -> None:
    if not runs:
        click.echo("no runs yet: `astra run bossnet` makes one")
        return
    table = Table("run", "task", "state", "started", "done", "failed", "rate/s", "left", "tag",
                  "where", box=None)
    for r in runs:
        left = f"{r['seconds_left']:.0f} s" if r["seconds_left"] is not None else ""
        table.add_row(str(r["pk"]), r["task"], r["state"], r["started"][:19],
                      f"{r['n_done']}/{r['n_selected']}", str(r["n_failed"]),
                      f"{r['rate']:.1f}" if r["rate"] else "", left, r["tag"],
                      r["selection"] or "")
    out = Console(highlight=False, markup=False)
    if not out.is_terminal:
        out.width = max(out.width, WIDE)
    out.print(table)


def _method(r: dict[str, Any]) -> str:
    how = f"{r['n_draws']} draws"
    return how if r["uncertainty_method"] == "draws" else f"{r['uncertainty_method']}, else {how}"


def _show_run(r: dict[str, Any], failed: list[Any]) -> None:
    click.echo(f"run {r['pk']}: {r['task']}, {r['state']}"
               + (f": {r['error_message']}" if r["error_message"] else ""))
    click.echo(f"  by {r['username']} on {r['hostname']}, started {r['started']}"
               + (f", finished {r['finished']}" if r["finished"] else ""))
    click.echo(f"  where {r['selection'] or '(everything)'}"
               + (f", tag {r['tag']!r}" if r["tag"] else ""))
    click.echo(f"  weights {r['weights']} ({r['weights_status']}), {_method(r)}, "
               f"{r['device']}, version {r['software_version']}")
    rate = f", {r['rate']:.1f}/s" if r["rate"] else ""
    left = f", {r['seconds_left']:.0f} s left" if r["seconds_left"] is not None else ""
    click.echo(f"  {r['n_done']} of {r['n_selected']} spectra have their row, {r['n_failed']} "
               f"failed{rate}{left}")
    for name, number in sorted(r["counts"].items(), key=lambda item: -item[1]):
        click.echo(f"  {number:>9}  {name}")
    for f in failed:
        click.echo(f"failed ({f.number}): {', '.join(f.reasons)}\n"
                   f"  e.g. spectrum {f.spectrum_pk}: {f.error_message}")
