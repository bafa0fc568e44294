"""`astra run TASK`: the main job."""

import sys
from collections import Counter
from functools import partial
from importlib.metadata import entry_points
from typing import Any

import click
from rich.table import Table

from bossnet import config
from bossnet.cli.common import (
    console,
    database_option,
    json_option,
    log_option,
    print_json,
    said,
)
from bossnet.cli.progress import Shown
from bossnet.errors import ConfigurationError
from bossnet.work.interruption import held

TASKS = "astra.tasks"  #: the entry-point group through which a launcher finds tasks


def _positive_or_auto(context: click.Context, option: click.Parameter, value: str) -> int | None:
    if value == "auto":
        return None
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise click.BadParameter("use auto, or a whole number from 1")
    return number


@click.command(epilog="Example:\n\n    astra run bossnet --where \"snr > 10 AND mjd >= 59600\"")
@click.argument("task")
@click.option("--where", metavar="SQL", help="Which spectra: one SQL expression over the spectrum "
              "table's columns and those of source.")
@click.option("--from", "tables", metavar="TABLE", multiple=True,
              help="Only this spectrum table; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many spectra.")
@click.option("--draws", type=click.IntRange(min=0), default=20, show_default=True,
              help="Noise realisations of each spectrum, for the uncertainties; 0 for none.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="Of the noise: the same seed gives the same rows.")
@click.option("--uncertainty", type=click.Choice(["draws", "linear"]), default="draws",
              show_default=True, help="How uncertainties are estimated: over the draws, or by "
              "linear propagation of the pixels' errors, which is faster; spectra for which that "
              "does not hold get draws all the same.")
@click.option("--weights", metavar="NAME|PATH", help="The frozen network; `bossnet weights list`.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]")
@click.option("--batch-size", default="auto", show_default=True, metavar="auto|N",
              callback=_positive_or_auto, help="Spectra at once on the device.")
@click.option("--readers", type=click.IntRange(min=1), default=2, show_default=True,
              help="Processes that read files ahead of the network.")
@click.option("--tag", default="", help="Keeps several results of one version apart.")
@click.option("--overwrite", is_flag=True, help="Make rows again that are there.")
@click.option("--retry-failed", is_flag=True,
              help="Only failed spectra that may now succeed.")
@click.option("--max-failures", type=click.FloatRange(0, 1), default=0.5, show_default=True,
              metavar="FRACTION", help="Stop if more of the last 1000 spectra fail for an outward "
              "reason, such as a file system that is gone.")
@click.option("--dry-run", is_flag=True, help="Only say how many spectra it would take.")
@database_option
@json_option
@log_option
@said
def run(task: str, tables: tuple[str, ...], draws: int, database: str | None, as_json: bool,
        weights: str | None, dry_run: bool, **options: Any) -> None:
    """Run TASK (bossnet) over the spectra that --where selects.

    Every selected spectrum ends as one row of the results table, with parameters,
    uncertainties and flags, or with the reason why not. Rows that are there are not made
    again; an interrupted run is gone on with by running it again.
    """
    if options["overwrite"] and options["retry_failed"]:
        raise ConfigurationError("--overwrite makes every row again and --retry-failed only failed "
                                 "ones: give one of them")
    if draws == 1:
        raise ConfigurationError("--draws 1: one draw has no scatter; use 0 for none, or 2 or more")
    settled = config.load(database)
    found = _task(task)

    from bossnet.work.provenance import without_passwords
    from bossnet.work.settings import Settings

    settings = Settings(tables=tuple(dict.fromkeys(tables)), n_draws=draws,
                        command=without_passwords(["astra", *sys.argv[1:]]), **options)
    with Shown(failed="failed", quiet=as_json) as shown:
        summary = found.execute(settled, settings, weights=weights, dry_run=dry_run,
                                progress=partial(_started, shown=shown, quiet=as_json))
    if as_json:
        print_json(summary.as_dict())
    elif dry_run:
        _show_plan(summary, settings)
    else:
        _show_summary(summary, shown.seconds)


def _task(name: str) -> Any:
    """The class of a task, by its entry point. Raises ConfigurationError."""
    found = {e.name: e for e in entry_points(group=TASKS)}
    if name not in found:
        raise ConfigurationError(f"there is no task {name!r}; installed: "
                                 f"{', '.join(sorted(found)) or 'none'}")
    with held():  # it imports torch
        return found[name].load()


def _started(summary: Any, shown: Shown, *, quiet: bool) -> Shown:
    """Says what the planned run is; gives who is told how it goes on."""
    if not quiet:
        if summary.weights_status == "demonstration":
            console.print(f"weights {summary.weights}: a demonstration, not for science")
        for table, reason in summary.left_out.items():
            console.print(f"left out: {table}: {reason}")
        console.print(f"run {summary.run_pk}: {summary.n_selected} spectra, {summary.weights} "
                      f"on {summary.device}")
        if summary.continues is not None:
            console.print(f"goes on with the overwriting that run {summary.continues} began")
    shown.begin(summary.n_selected)
    return shown


def _show_plan(summary: Any, settings: Any) -> None:
    table = Table("table", "rows", "not selected", "have a row", "to do", box=None)
    for name, counts in summary.tables.items():
        table.add_row(name, str(counts.rows), str(counts.rows - counts.taken),
                      str(counts.taken - counts.todo), str(counts.todo))
    console.print(table)
    for name, reason in summary.left_out.items():
        console.print(f"left out: {name}: {reason}")
    limit = f" (--limit {settings.limit})" if settings.limit is not None else ""
    console.print(f"would take {summary.n_selected} spectra{limit}")


def _show_summary(summary: Any, seconds: float) -> None:
    rate = f", {summary.n_done / seconds:.1f}/s" if seconds else ""
    console.print(f"run {summary.run_pk} {summary.state}: {summary.n_done} of "
                  f"{summary.n_selected} spectra have their row{rate}; {summary.n_failed} failed")
    if summary.n_done < summary.n_selected:
        console.print(f"{summary.n_selected - summary.n_done} have theirs from another run, made "
                      "at the same time")
    for name, number in Counter(summary.flags).most_common():
        console.print(f"  {number:>7}  {name}")
    if summary.n_failed:
        console.print(f"see `astra status {summary.run_pk}` for the reasons")
