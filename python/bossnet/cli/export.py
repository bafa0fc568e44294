"""`astra export`: results as a catalogue."""

import time
from pathlib import Path
from typing import Any

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from bossnet import config
from bossnet.cli.common import (
    console,
    database_option,
    json_option,
    log_option,
    print_json,
    require,
    said,
)
from bossnet.cli.results import TASKS

LAYOUTS = ("survey", "paper")


@click.command(epilog="Example:\n\n    astra export bossnet catalogue.fits --where \"snr > 10\"")
@click.argument("task", metavar="TASK", type=click.Choice(tuple(TASKS)))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--layout", type=click.Choice(LAYOUTS), default="survey", show_default=True,
              help="The columns: source, spectrum and result as in the survey's summary files, or "
              "the few of the paper's Table 1.")
@click.option("--per", type=click.Choice(["spectrum", "star"]), default="spectrum",
              show_default=True, help="One row a spectrum; or a star, its visits combined by their "
              "errors, with their number and flags where they disagree.")
@click.option("--where", metavar="SQL", help="Which spectra: one SQL expression over the spectrum "
              "table's columns and those of source.")
@click.option("--from", "tables", metavar="TABLE", multiple=True,
              help="Only this spectrum table; may be repeated.")
@click.option("--run", type=int, metavar="RUN", help="Only rows that this run made.")
@click.option("--version", metavar="VERSION",
              help="Of the results, such as 0.1, where there are several.")
@click.option("--tag", help="Of the results, where there are several.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@database_option
@json_option
@log_option
@said
def export(task: str, out: Path, layout: str, per: str, tables: tuple[str, ...], as_json: bool,
           database: str | None, **options: Any) -> None:
    """Write results of TASK as a catalogue to OUT.

    Its end says the format: .fits, .csv or .parquet for any number of rows, .ecsv or .vot up to a
    million. Columns have units, UCDs and descriptions, and the header says how they were made. In
    the layout of the paper, and of stars, parameters that are unreliable are left out.
    """
    from bossnet.catalog import export as exporting
    from bossnet.database import schema
    from bossnet.database.connection import connect_reader
    exporting.check(out, overwrite=options["overwrite"])
    if out.suffix == ".parquet":
        require("report", "pyarrow")
    settled = config.load(database)
    reader = connect_reader(settled, application="astra export")
    started = time.monotonic()
    try:
        schema.check(reader, settled.schema)
        with Progress(TextColumn("spectra"), BarColumn(), MofNCompleteColumn(),
                      TimeRemainingColumn(), console=console,
                      disable=as_json or not console.is_terminal) as shown:
            bar = shown.add_task("spectra", total=None)
            done = exporting.export(
                reader, TASKS[task], out, name=layout, per_star=per == "star",
                tables=tuple(dict.fromkeys(tables)),
                begin=lambda total: shown.update(bar, total=total),
                advance=lambda number: shown.update(bar, advance=number), **options)
    finally:
        reader.close()
    _report(done, time.monotonic() - started, as_json)


def _report(done: Any, seconds: float, as_json: bool) -> None:
    if as_json:
        print_json({"path": str(done.path), "rows": done.rows, "spectra": done.spectra,
                    "without_source": done.without_source, "left_out": done.left_out,
                    "bytes": done.path.stat().st_size, "seconds": round(seconds, 3),
                    "provenance": done.provenance})
        return
    for table, reason in done.left_out.items():
        console.print(f"left out {table}: {reason}")
    if done.without_source:
        console.print(f"left out {done.without_source} spectra that belong to no object")
    if "demonstration" in done.provenance["weights_status"]:
        console.print(f"weights {done.provenance['weights']}: a demonstration, not for science")
    stars = f" stars of {done.spectra}" if done.provenance["per"] == "star" else ""
    console.print(f"{done.path}: {done.rows}{stars} spectra, version {done.provenance['version']}, "
                  f"tag {done.provenance['tag']!r}, {done.path.stat().st_size / 1e6:.1f} MB in "
                  f"{seconds:.1f} s")
