"""`bossnet weights calibrate`: a noise model for a network's errors."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bossnet import config
from bossnet.cli.common import (
    console,
    database_option,
    json_option,
    print_json,
    require,
    said,
)
from bossnet.errors import ConfigurationError
from bossnet.network import NETWORKS
from bossnet.network.installed import find, free

DATABASE = "database"

@click.command(epilog="Example:\n\n    bossnet weights calibrate bossnet-1 --name bossnet-1-visits "
                      "--out calibrated --where \"snr > 3\"")
@click.argument("weights")
@click.option("--name", required=True, help="The name that the new weights get.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="Folder for tables and a figure of the pulls; files of the same names are "
              "replaced.")
@click.option("--repeats", multiple=True, metavar="TABLE|database",
              help="Repeated visits: a catalogue (layout survey, one row a spectrum), or the "
              "database's results.  [default: database, unless there are --labels]")
@click.option("--labels", type=click.Path(dir_okay=False, path_type=Path),
              multiple=True, metavar="TABLE",
              help="Results with labels: results.ecsv of `bossnet evaluate`. Beside repeats only "
              "the floor is fitted to them, without repeats everything.")
@click.option("--where", metavar="SQL", help="Which spectra of the database.")
@click.option("--run", type=int, metavar="RUN", help="Only results that this run made.")
@click.option("--version", metavar="VERSION", help="Of the results, where there are several.")
@click.option("--tag", help="Of the results, where there are several.")
@click.option("--held-out", type=click.FloatRange(0, 0.9), default=0.5, show_default=True,
              help="The part of stars that the model is tried on, and not fitted to.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="Of their choice.")
@click.option("--replace", is_flag=True, help="Replace weights of this name.")
@click.option("--figures/--no-figures", default=True, help="Whether to draw the pulls.  "
              "[default: --figures]")
@database_option
@json_option
@said
def calibrate(weights: str, name: str, out: Path, repeats: tuple[str, ...],
              labels: tuple[Path, ...], held_out: float, seed: int, replace: bool, figures: bool,
              database: str | None, as_json: bool, **choice: Any) -> None:
    """Fit a noise model to WEIGHTS' results, and install them anew with it in their card.

    The model turns raw errors into reported ones: a factor, which depends on S/N, and a floor for
    each parameter, so that the differences of visits of the same stars, or from labels, have a
    width of one error. WEIGHTS stay as they are.
    """
    repeats = repeats or (() if labels else (DATABASE,))
    _check(repeats, choice)
    require("train", "scipy")
    settled = config.load(database)
    target = free(settled.home, name, replace=replace)
    from bossnet.evaluation import calibration, drawing
    from bossnet.network.frozen import load

    if figures:
        drawing.check()
    frozen = load(find(weights, settled.home))
    network = NETWORKS[frozen.card.network]
    visits = _visits(repeats, settled, network, frozen.card.name, choice) if repeats else None
    labelled = _joined(labels, network, frozen.card.name, labelled=True) if labels else None
    for some in filter(None, (visits, labelled)):
        _same(some.digests, frozen.card)
    found = calibration.calibrate(visits, labelled, held_out=held_out, seed=seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    card = calibration.write(target, frozen, found, name=name, sources={
        "repeats": [Path(r).name for r in repeats], "labels": [p.name for p in labels],
        "held_out": held_out, "seed": seed,
        **{key: value for key, value in choice.items() if value is not None}})
    text = calibration.report(out, found, card, figures=figures)
    if as_json:
        print_json({"name": name, "path": str(target), "sha256": card.sha256,
                    "noise_model": card.noise_model})
        return
    click.echo(text)
    console.print(f"made {name} ({card.status}, {card.sha256[:12]}) as {target}; tables and "
                  f"figure in {out}")


def _check(repeats: tuple[str, ...], choice: dict[str, Any]) -> None:
    chosen = [name for name, value in choice.items() if value is not None]
    if chosen and DATABASE not in repeats:
        raise click.UsageError(f"--{chosen[0]} chooses among the database's results: give "
                               "--repeats database too")
    if DATABASE in repeats and len(repeats) > 1:
        raise click.UsageError("--repeats: either tables or database, not both")


def _visits(repeats: tuple[str, ...], settled: Any, network: Any, name: str,
            choice: dict[str, Any]) -> Any:
    """Repeated visits, of tables or of the database."""
    if DATABASE not in repeats:
        return _joined([Path(r) for r in repeats], network, name, labelled=False)
    from bossnet.database import schema
    from bossnet.database.connection import connect_reader
    from bossnet.evaluation.repeats import of_database

    with closing(connect_reader(settled, application="bossnet weights calibrate")) as reader:
        schema.check(reader, settled.schema)
        return of_database(reader, network, **choice)


def _joined(tables: Sequence[Path], network: Any, name: str, *, labelled: bool) -> Any:
    from bossnet.evaluation.repeats import joined, of_table

    return joined([of_table(path, network, labelled=labelled, weights=name) for path in tables])


def _same(digests: frozenset[str], card: Any) -> None:
    """Raises ConfigurationError if other weights made the results."""
    if digests - {card.sha256}:
        others = ", ".join(sorted(d[:12] for d in digests - {card.sha256}))
        raise ConfigurationError(f"the results were made by other weights (sha256 {others}) than "
                                 f"{card.name} ({card.sha256[:12]}): choose by --run, or --tag, "
                                 "those of these weights")
