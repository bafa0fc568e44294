"""`astra run TASK`: the main job."""

from functools import partial
from typing import Any

import click

from bossnet import config
from bossnet.cli.common import database_option, json_option, log_option, print_json, said
from bossnet.cli.options import (
    profile_option,
    run_options,
    settings_of,
    task_named,
    worker_options,
)
from bossnet.cli.progress import Shown
from bossnet.cli.summary import announce, show_plan, show_summary
from bossnet.cli.worker import begin_anew
from bossnet.errors import DeviceLostError


@click.command(epilog="Example:\n\n    astra run bossnet --where \"snr > 10 AND mjd >= 59600\"")
@click.argument("task")
@run_options
@worker_options
@profile_option
@click.option("--dry-run", is_flag=True, help="Only say how many spectra it would take.")
@database_option
@json_option
@log_option
@said
def run(task: str, database: str | None, as_json: bool, weights: str | None, dry_run: bool,
        **options: Any) -> None:
    """Run TASK (bossnet or apogeenet) over the spectra that --where selects.

    Every selected spectrum ends as one row of the results table, with parameters,
    uncertainties and flags, or with the reason why not. Rows that are there are not made
    again; an interrupted run is gone on with by running it again.
    """
    settings = settings_of(**options)
    settled = config.load(database)
    found = task_named(task)
    with Shown(failed="failed", quiet=as_json) as shown:
        try:
            summary = found.execute(settled, settings, weights=weights, dry_run=dry_run,
                                    progress=partial(_started, shown=shown, quiet=as_json))
        except DeviceLostError as e:
            begin_anew(e, device=settings.device, batch_size=settings.batch_size,
                       readers=settings.readers)
    if as_json:
        print_json(summary.as_dict())
    elif dry_run:
        show_plan(summary, settings)
    else:
        show_summary(summary, shown.seconds)


def _started(summary: Any, shown: Shown, *, quiet: bool) -> Shown:
    """Says what the planned run is; gives who is told how it goes on."""
    if not quiet:
        announce(summary)
    shown.begin(summary.n_selected)
    return shown
