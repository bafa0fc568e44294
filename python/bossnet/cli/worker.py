"""`astra worker RUN`: one more worker of a run."""

import os
import sys
from functools import partial
from typing import Any, NoReturn

import click

from bossnet import config
from bossnet.cli.common import (
    console,
    database_option,
    json_option,
    log_option,
    print_json,
    said,
)
from bossnet.cli.options import as_options, profile_option, task_named, worker_options
from bossnet.cli.progress import Shown
from bossnet.cli.summary import announce, show_summary
from bossnet.errors import DeviceLostError


@click.command(epilog="Example:\n\n    astra worker 12")
@click.argument("run", type=int)
@click.option("--local", type=click.IntRange(min=1), metavar="N", help="N workers on this "
              "machine, a GPU each; one that dies is replaced.")
@worker_options
@profile_option
@database_option
@json_option
@log_option
@said
def worker(run: int, local: int | None, database: str | None, as_json: bool, profile: bool,
           **options: Any) -> None:
    """Work on RUN, which was planned before, beside its other workers.

    It takes one chunk of the run's spectra after the other, also those of workers that died,
    and ends when all are done. Any number of workers may do so, on any machines that reach the
    database, the files and the weights.
    """
    settled = config.load(database)
    if local is not None:
        from bossnet.work.here import supervise

        supervise(run, local, as_options(**options), device=options["device"], database=database)
        return

    from bossnet.work.joining import join

    with Shown(failed="failed", quiet=as_json) as shown:
        try:
            summary = join(settled, run, task=task_named, profile=profile, **options,
                           progress=partial(_started, shown=shown, quiet=as_json))
        except DeviceLostError as e:
            begin_anew(e, **options)
    if as_json:
        print_json(summary.as_dict())
    else:
        if summary.worker_pk is None:
            console.print("there is nothing left to do")
        else:
            console.print(f"worker {summary.worker_pk}: {summary.worker_done} spectra, "
                          f"{summary.worker_failed} failed")
        show_summary(summary, 0.0)


def begin_anew(error: DeviceLostError, *, device: str, batch_size: int | None,
               readers: int) -> NoReturn:
    """The process becomes a new worker of the run, as its device is of no more use to it.

    Raises:
        DeviceLostError: it is not known how this program was called.
    """
    command = next((i for i, word in enumerate(sys.orig_argv) if i and word in ("run", "worker")),
                   None)
    if command is None:
        raise error
    console.print(f"{error}: the process begins anew")
    asked = sys.orig_argv[command + 1:]
    kept = [f"--{name}" for name in ("json", "log-json", "profile") if f"--{name}" in asked]
    for before, word in zip(["", *asked], asked, strict=False):
        if before == "--database":
            kept += ["--database", word]
        elif word.startswith("--database="):
            kept.append(word)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [
        sys.executable, *sys.orig_argv[1:command], "worker", str(error.run_pk),
        *as_options(device=device, batch_size=batch_size, readers=readers), *kept])


def _started(summary: Any, shown: Shown, *, quiet: bool) -> Shown:
    """Says what the run is; gives who is told how it goes on."""
    if not quiet:
        announce(summary)
    shown.begin(summary.n_selected - summary.n_done)
    return shown
