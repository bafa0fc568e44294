"""`astra srun TASK`: the main job by many workers, under Slurm or on this machine."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from bossnet.cli.options import (
    as_options,
    run_options,
    settings_of,
    task_named,
    worker_options,
)
from bossnet.cli.progress import Shown
from bossnet.cli.summary import announce, show_plan, show_summary
from bossnet.config import Config
from bossnet.errors import ConfigurationError
from bossnet.slurm.profile import DEFAULT, Profile

if TYPE_CHECKING:
    from bossnet.work.following import Standing
    from bossnet.work.summary import Summary

#: Options that are entries of a profile, which they take precedence over.
OF_SLURM = ("workers", "workers_per_task", "account", "partition", "time", "gpus_per_worker",
            "gpu_type", "cpus_per_worker", "memory_per_worker", "logs", "template")


@click.command(epilog="Example:\n\n    astra srun bossnet --where \"snr > 10\" --workers 40 "
               "--gpus-per-worker 1 --time 8:00:00 --account sdss --partition gpu")
@click.argument("task")
@run_options
@worker_options
@click.option("--workers", type=click.IntRange(min=1), metavar="N",
              help="How many Slurm starts.  [default: 1]")
@click.option("--workers-per-task", type=click.IntRange(min=1), metavar="N",
              help="Of these, how many share a task of the job array, on one node, each with its "
              "own GPU: for sites that give whole nodes.  [default: 1]")
@click.option("--gpus-per-worker", type=click.IntRange(0, 1), metavar="0|1",
              help="GPUs of each worker.  [default: 0]")
@click.option("--gpu-type", metavar="TYPE", help="As the site's Slurm calls it.")
@click.option("--cpus-per-worker", type=click.IntRange(min=1), metavar="N",
              help="CPU cores of each worker.  [default: 4]")
@click.option("--memory-per-worker", metavar="SIZE", help="Such as 16G.")
@click.option("--time", metavar="TIME", help="Limit of each task, such as 8:00:00. Workers end "
              "cleanly before it, and queue themselves again.")
@click.option("--account", metavar="NAME", help="That is charged.")
@click.option("--partition", metavar="NAME", help="Of the site's nodes.")
@click.option("--sbatch", "more", multiple=True, metavar="OPTION",
              help="A further option of sbatch, such as --sbatch=--qos=long; may be repeated.")
@click.option("--logs", type=click.Path(file_okay=False, path_type=Path),
              help="Folder of the tasks' logs, on storage that the nodes share.  [default: this "
              "one]")
@click.option("--template", type=click.Path(dir_okay=False, path_type=Path),
              help="Of the script, in place of the one that comes along.")
@click.option("--profile", "profile_name", metavar="NAME",
              help="Of the configuration; options take precedence.  [default: the profile "
              f"`{DEFAULT}`, if there is one]")
@click.option("--local", type=click.IntRange(min=1), metavar="N",
              help="N workers on this machine, without Slurm.")
@click.option("--wait", is_flag=True, help="Follow until the run is done, or its workers are gone.")
@click.option("--print", "only_print", is_flag=True, help="Only print the job's script.")
@click.option("--dry-run", is_flag=True, help="Only say how many spectra it would take.")
@database_option
@json_option
@log_option
@said
def srun(task: str, database: str | None, as_json: bool, weights: str | None, dry_run: bool,
         only_print: bool, wait: bool, local: int | None, profile_name: str | None,
         more: tuple[str, ...], **options: Any) -> None:
    """Run TASK (bossnet or apogeenet) over the spectra that --where selects, by many workers.

    The work is planned here and now; then Slurm starts the workers, as a job array whose
    script is plain (--print shows it). Nothing stays behind on this machine. With --local
    the workers are processes here, and the command ends with them.
    """
    asked = {name: value for name in OF_SLURM if (value := options.pop(name)) is not None}
    settled = config.load(database)
    if local is not None and (asked or more or profile_name or only_print or wait):
        raise ConfigurationError("--local works without Slurm, and until the end: leave out "
                                 "--print, --wait and what is for Slurm")
    profile = _profile(settled, profile_name, asked, more)
    settings = settings_of(**options)
    to_workers = as_options(device=settings.device, batch_size=settings.batch_size,
                            readers=settings.readers)

    from bossnet.slurm import client, launch, script
    from bossnet.work.following import end_unstarted
    from bossnet.work.here import work_here

    if only_print:
        click.echo(script.render(profile, launch.task_command(profile, "RUN", to_workers), None),
                   nl=False)
        return
    if local is None and not dry_run:
        client.check(settled, profile)
    summary = task_named(task).execute(settled, settings, weights=weights, dry_run=dry_run,
                                       plan_only=True, workers=local or profile.started)
    if dry_run:
        if as_json:
            print_json(summary.as_dict())
        else:
            show_plan(summary, settings)
        return
    if not as_json:
        announce(summary)
    job = standing = None
    with Shown(failed="failed", quiet=as_json) as shown:
        if not summary.n_selected:
            standing = end_unstarted(settled, summary.run_pk)
        elif local is not None:
            shown.begin(summary.n_selected)
            standing = work_here(settled, summary.run_pk, local, to_workers,
                                 device=settings.device, database=database, progress=shown)
        else:
            job = launch.launch(settled, profile, summary.run_pk, to_workers, database=database)
            if not as_json:
                _say(summary.run_pk, job, profile)
            if wait:
                shown.begin(summary.n_selected)
                standing = launch.wait(settled, profile, summary.run_pk, job,
                                       progress=shown)
    if standing is not None:
        _take(summary, standing)
    if as_json:
        print_json(summary.as_dict() | {"job": job}
                   | ({} if standing is None else {"workers": standing.workers}))
    elif standing is not None:
        show_summary(summary, shown.seconds)
        _show_failures(standing)


def _profile(settled: Config, name: str | None, asked: dict[str, Any], more: tuple[str, ...]
             ) -> Profile:
    """What Slurm is asked for. Raises ConfigurationError."""
    if name is not None and name not in settled.profiles:
        raise ConfigurationError(f"--profile {name}: the configuration has "
                                 f"{', '.join(settled.profiles) or 'none'}")
    profile = settled.profiles.get(name or DEFAULT, Profile())
    return replace(profile, **asked, options=(*profile.options, *more))


def _say(run: int | None, job: str, profile: Profile) -> None:
    """What was submitted, and what one can do about it."""
    from bossnet.slurm.script import logs_of

    console.print(f"job {job}: {profile.started} workers, logs in {logs_of(profile)}")
    console.print(f"`astra status {run} --watch` follows it, `scancel {job}` ends it")


def _take(summary: "Summary", standing: "Standing") -> None:
    """How the run stands now."""
    summary.state, summary.flags = standing.state, standing.counts
    summary.n_selected, summary.n_done = standing.n_selected, standing.n_done
    summary.n_failed = standing.n_failed


def _show_failures(standing: "Standing") -> None:
    """What became of workers that did not reach the end, as others did their work."""
    if number := standing.workers.get("failed"):
        console.print(f"{number} workers failed, and others did their work: {standing.reason}")
