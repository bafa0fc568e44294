"""`bossnet evaluate`: how good frozen networks are on labelled spectra."""

import math
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bossnet import config
from bossnet.cli.common import console, fail, json_option, print_json, said
from bossnet.cli.options import pairs
from bossnet.cli.progress import Shown
from bossnet.errors import ConfigurationError
from bossnet.work.interruption import held

OF_LABELS = ("column", "above", "folder")  #: options that are for labelled files alone
OF_DATASET = ("split", "snr", "instrument", "teff", "limit", "pulls", "pull_stars")
MANY = 10  #: spectra without parameters that are said one by one


def _limits(context: click.Context, option: click.Parameter, values: tuple[str, ...]
            ) -> dict[str, float]:
    limits = {}
    for name, value in pairs(context, option, values).items():
        try:
            limits[name] = float(value)
        except ValueError:
            limits[name] = math.nan
        if not math.isfinite(limits[name]):
            raise click.BadParameter(f"{name}={value}: write KEY=NUMBER")
    return limits


def _numbers(context: click.Context, option: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in value.split(","))
    except ValueError:
        numbers = (0.0,)
    if not all(0 < number < math.inf for number in numbers):
        raise click.BadParameter("write positive numbers with commas, such as 10,30,100")
    return tuple(dict.fromkeys(numbers))


@click.command(epilog="Example:\n\n    bossnet evaluate labels.csv --weights "
                      "bossnet-1 --weights mine.safetensors --out judged")
@click.argument("labels", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--weights", metavar="NAME|PATH", multiple=True, required=True,
              help="A frozen network; give several to see them side by side.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="Folder for tables and figures; files of the same names are replaced.")
@click.option("--draws", type=click.IntRange(min=0), default=20, show_default=True,
              help="Noise realisations of each spectrum, for the uncertainties; 0 for none.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="Of the noise, and of what --dataset draws.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]")
@click.option("--column", metavar="KEY=NAME", multiple=True, callback=pairs,
              help="Which column of the tables holds file, teff, log_teff, logg, fe_h, rv, snr or "
              "subset, where it is not the usual one.")
@click.option("--above", metavar="KEY=NUMBER", multiple=True, callback=_limits,
              help="Only rows in which this key or column is larger.")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="That file names are relative to.  [default: the table's own]")
@click.option("--dataset", type=click.Path(file_okay=False, path_type=Path),
              help="A dataset's folder: its templates, dressed, in place of labelled files.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="test",
              show_default=True, help="Of the dataset.")
@click.option("--snr", default="10,30,100", show_default=True, metavar="S/N,...",
              callback=_numbers, help="Each template is observed at each of these.")
@click.option("--instrument", multiple=True, type=click.Choice(["BOSS", "LAMOST", "APOGEE"]),
              help="Each template is observed with each.  [default: BOSS, or APOGEE for a dataset "
              "of that kind]")
@click.option("--teff", type=(float, float), metavar="LOW HIGH",
              help="Only templates between these temperatures, in K.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N",
              help="At most so many templates, chosen at random.")
@click.option("--pulls", type=click.IntRange(min=5), metavar="N",
              help="Also pulls of noise, from N noise realisations of each star and S/N.")
@click.option("--pull-stars", type=click.IntRange(min=1), default=30, show_default=True,
              metavar="N", help="Of how many templates, as many of each region of the Kiel "
              "diagram.")
@click.option("--foreign", type=click.IntRange(min=1), metavar="N",
              help="Also how often what is no ordinary star is flagged as out of distribution, "
              "from N spectra of each kind and S/N; 100 is usual.")
@click.option("--figures/--no-figures", default=True, help="Whether to draw figures.  "
              "[default: --figures]")
@json_option
@click.pass_context
@said
def evaluate(context: click.Context, labels: tuple[Path, ...], weights: tuple[str, ...], out: Path,
             draws: int, seed: int, device: str, dataset: Path | None, foreign: int | None,
             figures: bool, as_json: bool, **options: Any) -> None:
    """Judge frozen networks on labelled spectra.

    LABELS are tables (CSV, ECSV, FITS, VOTable) that name files and what is known of them; or
    --dataset gives templates, which are observed here. Scatter and offset of log Teff, log g,
    [Fe/H] and RV are printed, and written to the folder with every spectrum's result and
    figures. A spectrum that cannot be read is said and counted, and the rest goes on.
    """
    _check(context, labels, dataset)
    if draws == 1 or (options["pulls"] and not draws):
        raise ConfigurationError(f"--draws {draws}: one draw has no scatter, and --pulls needs "
                                 "some; use 2 or more, or 0 for none")
    with held():  # it imports torch
        from bossnet.evaluation import drawing, judging, report
        from bossnet.network.frozen import load
        from bossnet.network.installed import find
        from bossnet.work.equipment import settle_device
    if figures:
        drawing.check()
    device, home = settle_device(device), config.load().home
    networks = [load(find(name, home)) for name in weights]
    sample, pulls = _of_labels(labels, options) if dataset is None \
        else _of_dataset(dataset, seed, options)
    unlike = _unlike(foreign, dataset, options["split"], networks[0].card.network) \
        if foreign else None
    _announce(sample, networks)
    limited = sum(n.card.ood_limit is not None for n in networks)
    total = len(sample) + len(pulls or ()) + limited * len(unlike or ())
    try:
        with Shown(failed="without parameters", quiet=as_json) as shown:
            shown.begin(total)
            judged = judging.judge(networks, sample, home=home, n_draws=draws, seed=seed,
                                   device=device, pulls=pulls, foreign=unlike,
                                   progress=shown.advance)
        record, text = report.write(out, sample, judged, figures=figures, settings=report.settings(
            ["bossnet", *sys.argv[1:]], n_draws=draws, seed=seed, device=device, foreign=unlike))
    except KeyboardInterrupt:
        fail("stopped; nothing was written", 130)
    _complain(judged[0].outcomes.results)
    if as_json:
        print_json(record)
    else:
        console.print(shown.line())
        click.echo(text)
        console.print(f"written to {out}: " + ", ".join(sorted(p.name for p in out.iterdir())))


def _check(context: click.Context, labels: tuple[Path, ...], dataset: Path | None) -> None:
    """That the options are of one kind of sample."""
    if bool(labels) == (dataset is not None):
        raise click.UsageError("give tables of labels, or --dataset FOLDER: one of the two")
    foreign, meant = (OF_DATASET, "--dataset") if labels else (OF_LABELS, "tables of labels")
    given = [name for name in foreign
             if context.get_parameter_source(name) is not ParameterSource.DEFAULT]
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} is for {meant}")


def _of_labels(paths: tuple[Path, ...], options: dict[str, Any]) -> tuple[Any, None]:
    """The labelled files."""
    from bossnet.evaluation.labels import USUAL, read_labels
    from bossnet.evaluation.sample import joined

    unknown = [key for key in options["column"] if key not in USUAL]
    if unknown:
        raise click.BadParameter(f"{unknown[0]}: the keys are {', '.join(USUAL)}",
                                 param_hint="--column")
    return joined([read_labels(path, columns=options["column"], above=options["above"],
                               folder=options["folder"]) for path in paths]), None


def _of_dataset(folder: Path, seed: int, options: dict[str, Any]) -> tuple[Any, Any]:
    """The dressed templates, and those for pulls of noise, where they are wanted."""
    from bossnet.evaluation import dressed
    from bossnet.evaluation.judging import NoisePulls
    from bossnet.simulation.instruments import INSTRUMENTS, of_kind
    from bossnet.training.dataset import Dataset

    dataset = Dataset.open(folder)
    names = options["instrument"] or tuple(of_kind(dataset.grid.kind))[:1]
    instruments = [INSTRUMENTS[name] for name in names]
    chosen = {name: options[name] for name in ("split", "snr", "limit")} | {"instrument": names}
    teff = {"teff": options["teff"]} if options["teff"] else {}
    todo = dressed.of_dataset(dataset, options["split"], instruments, options["snr"], seed=seed,
                              limit=options["limit"], **teff)
    sample = dressed.dressed(dataset.template, todo,
                             origin={"dataset": str(folder), **chosen, **teff})
    if not options["pulls"]:
        return sample, None
    repeated = dressed.of_dataset(dataset, options["split"], instruments, options["snr"],
                                  seed=seed, limit=options["pull_stars"], every_region=True, **teff)
    return sample, NoisePulls(dataset.template, repeated, options["pulls"])


def _unlike(number: int, folder: Path | None, split: str, kind: str) -> Any:
    """Foreign spectra, made of the packaged stars or of the real ones of a split, or its models."""
    from bossnet.evaluation.judging import Foreign
    from bossnet.simulation.templates import packaged
    from bossnet.simulation.wavelengths import OPTICAL_GRID
    from bossnet.training.dataset import Dataset
    from bossnet.training.validation import STARS, one_a_star

    if folder is None:
        return Foreign(packaged(kind), number, "the packaged templates")
    dataset = Dataset.open(folder)
    libraries = STARS if dataset.grid is OPTICAL_GRID else tuple(dataset.counts())
    return Foreign([dataset.template(row) for library in libraries
                    for row in one_a_star(dataset, split, library)], number,
                   f"{folder}, {split}: {', '.join(libraries)}")


def _announce(sample: Any, networks: list[Any]) -> None:
    for source in sample.origin:
        if "columns" in source:
            used = ", ".join(f"{key} = {name}" for key, name in source["columns"].items())
            console.print(f"{source['labels']}: {source['taken']} of {source['rows']} rows; {used}")
    for network in networks:
        if network.card.status == "demonstration":
            console.print(f"weights {network.card.name}: a demonstration, not for science")


def _complain(results: list[Any]) -> None:
    """Says which spectra have no parameters, and why."""
    failed = [r for r in results if "teff" not in r.values]
    for r in failed[:MANY]:
        console.print(f"no parameters: {r.error_message}")
    if len(failed) > MANY:
        console.print(f"and {len(failed) - MANY} more: see error_message in the results")
