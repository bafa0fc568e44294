"""`bossnet simulate`: spectra with known parameters, in the surveys' own formats."""

from pathlib import Path

import click
from rich.progress import Progress

from bossnet.cli.common import console, json_option, print_json, said
from bossnet.grid.pack import PackedGrid
from bossnet.simulation.formats import FORMATS, USUAL
from bossnet.simulation.survey import TRUTH
from bossnet.simulation.survey import simulate as make
from bossnet.simulation.templates import Template


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--number", default=300, show_default=True, type=click.IntRange(min=1),
              help="How many spectra.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0),
              help="The same seed and options give the same files.")
@click.option("--snr", nargs=2, type=float, default=(15.0, 100.0), show_default=True,
              metavar="LOW HIGH", help="Range of the median S/N per pixel.")
@click.option("--format", "formats", multiple=True, type=click.Choice(list(FORMATS)),
              help="A file format; may be given several times.  [default: "
                   f"{', '.join(USUAL)}, in turn]")
@click.option("--grid", type=click.Path(dir_okay=False, path_type=Path),
              help="Stars of a synthesised grid instead, as `bossnet grid pack` wrote it.")
@json_option
@said
def simulate(out: Path, number: int, seed: int, snr: tuple[float, float],
             formats: tuple[str, ...], grid: Path | None, as_json: bool) -> None:
    """Make spectra with known parameters in the surveys' own file formats, in the folder OUT.

    They are real stars (MILES and STELIB) as BOSS and LAMOST would see them, or models of
    2500 to 50,000 K (--grid); with --format apStar models as APOGEE would see them. What is true of
    each file is in OUT/truth.ecsv, by file name.

    \b
    bossnet simulate simulated --number 300 --seed 1
    bossnet simulate infrared --format apStar
    """
    with Progress(console=console, transient=True, disable=as_json) as progress:
        bar = progress.add_task("simulating", total=number)
        truths = make(out, number, seed, snr=snr, formats=formats or USUAL,
                      templates=None if grid is None else _models(grid),
                      progress=lambda done: progress.update(bar, completed=done))
    counts = {name: sum(t.format == name for t in truths) for name in FORMATS}
    if as_json:
        print_json({"folder": str(out), "truth": str(out / TRUTH), "spectra": len(truths),
                    "formats": counts})
        return
    click.echo(f"{len(truths)} spectra in {out}: "
               + ", ".join(f"{n} {name}" for name, n in counts.items() if n)
               + f"; what is true of them: {out / TRUTH}")


def _models(path: Path) -> list[Template]:
    grid = PackedGrid.open(path)
    return [grid.template(index) for index in range(len(grid))]
