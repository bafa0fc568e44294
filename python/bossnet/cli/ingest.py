"""`astra ingest`: registers spectra."""

from pathlib import Path

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bossnet import config as configuration
from bossnet.cli.common import (
    console,
    database_option,
    json_option,
    log_option,
    print_json,
    said,
)
from bossnet.registry.ingest import Ingested
from bossnet.registry.ingest import ingest as register_spectra


@click.command(epilog="Example:\n\n    astra ingest --release dr19 /data/boss '@more.txt'")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--summary", "summaries", multiple=True, metavar="FILE",
              type=click.Path(path_type=Path), help="An spAll-like table, whose spectra are "
              "registered in bulk; sdss-access finds their files by --release.")
@click.option("--release", metavar="R", help="Data release, such as dr19, of whatever does not say "
              "its own.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything was refused.")
@database_option
@json_option
@log_option
@click.pass_context
@said
def ingest(context: click.Context, paths: tuple[str, ...], summaries: tuple[Path, ...],
           release: str | None, strict: bool, database: str | None, as_json: bool) -> None:
    """Register the spectra of files, folders, globs and lists (@list.txt).

    Registering again makes no second row. A file that cannot be read, or is no spectrum that is
    understood, is said with the reason and counted; the rest goes on.
    """
    if not paths and not summaries:
        raise click.UsageError("nothing to register: name files, folders, globs, @lists or a "
                               "--summary")
    config = configuration.load(database)
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
                  console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("looking for spectra")
        done = register_spectra(
            config, paths, summaries=summaries, release=release,
            say=lambda text: console.print(text, markup=False, soft_wrap=True),
            progress=lambda so_far: bar.update(line, description=_so_far(so_far)))
    if summaries and release is None:
        console.print("the spectra of a --summary have no paths, and without --release sdss-access "
                      "cannot find their files", markup=False, soft_wrap=True)
    if as_json:
        print_json(done.as_dict())
    else:
        click.echo(_outcome(done))
    if strict and done.refused:
        context.exit(1)


def _so_far(done: Ingested) -> str:
    return f"{done.files} looked at, {sum(done.tables.values())} spectra, {done.refused} refused"


def _outcome(done: Ingested) -> str:
    lines = [f"{sum(done.tables.values())} spectra found, {done.refused} files refused",
             f"  {done.new} new, of {done.new_sources} new sources",
             f"  {done.known} registered before"]
    if done.moved:
        lines.append(f"  {done.moved} registered before, their path updated")
    if done.elsewhere:
        lines.append(f"  {done.elsewhere} registered before from another file, which stays")
    return "\n".join(lines + [f"  {table}: {n}" for table, n in sorted(done.tables.items())])
