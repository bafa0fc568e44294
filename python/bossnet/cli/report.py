"""`astra report`: one page that shows whether a run or a release is sound."""

import time
from pathlib import Path
from typing import Any

import click

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


@click.command(epilog="Example:\n\n    astra report bossnet report.html --run 12 --against 7")
@click.argument("task", metavar="TASK", type=click.Choice(list(TASKS)))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--run", type=int, metavar="RUN", help="Only rows that this run made.")
@click.option("--version", metavar="VERSION",
              help="Of the results, such as 0.1, where there are several.")
@click.option("--tag", help="Of the results, where there are several.")
@click.option("--against", type=int, metavar="RUN", help="The run to compare with; by default the "
              "last one before, of another version or tag.")
@click.option("--spectra", type=click.IntRange(0, 100), default=5, show_default=True, metavar="N",
              help="Files that are read of each range of temperature, for the sequence of spectra.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@database_option
@json_option
@log_option
@said
def report(task: str, out: Path, as_json: bool, database: str | None, **options: Any) -> None:
    """Write a report on results of TASK as one HTML page to OUT.

    It holds all it needs and can be read without a network: whether the results are sound, failures
    and flags, Kiel diagrams, distributions, uncertainties, repeated visits, stars in common, radial
    velocities, a comparison with a run before. Whatever is drawn is counted by the database: ten
    million rows make no larger page. Results are those of one version and tag, or of one run.
    """
    require("report", "jinja2")
    from bossnet.database import schema
    from bossnet.database.connection import connect_reader
    from bossnet.report import making

    making.check(out, overwrite=options["overwrite"])
    settled = config.load(database)
    reader = connect_reader(settled, application="astra report")
    started = time.monotonic()
    try:
        schema.check(reader, settled.schema)
        with console.status("...") as shown:
            done = making.make(reader, TASKS[task], out, roots=settled.roots,
                               say=lambda what: shown.update(f"{what} ..."), **options)
    finally:
        reader.close()
    seconds = time.monotonic() - started
    if as_json:
        print_json(done.as_dict() | {"seconds": round(seconds, 3)})
        return
    console.print(done.verdict.sentence)
    console.print(f"{done.path}: {done.results}, {out.stat().st_size / 1e6:.1f} MB in "
                  f"{seconds:.1f} s")
