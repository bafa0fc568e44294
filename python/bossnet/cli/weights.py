"""`bossnet weights`: the frozen networks that are installed."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from bossnet import config
from bossnet.cli.calibrate import calibrate
from bossnet.cli.common import json_option, print_json, said
from bossnet.errors import WeightsError
from bossnet.network import NETWORKS
from bossnet.network.card import Card
from bossnet.network.installed import find, free, installed


@click.group(epilog="Example:\n\n    bossnet weights list")
def weights() -> None:
    """Import, list, show, verify and calibrate frozen networks."""


weights.add_command(calibrate)


@weights.command("import", epilog="Example:\n\n    bossnet weights import ./deploy/BossNet "
                                  "--kind boss --name bossnet-2024")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(sorted(NETWORKS)), required=True,
              help="Which network it is: a published folder does not say.")
@click.option("--name", required=True, help="The name it gets here.")
@click.option("--science", is_flag=True,
              help="Weights of a folder that you vouch for; else a demonstration.")
@click.option("--replace", is_flag=True, help="Replace one of this name.")
@said
def import_(source: Path, kind: str, name: str, science: bool, replace: bool) -> None:
    """Import published weights (a folder), or a safetensors file with its card.

    Loading is strict, and nothing in the files is executed.
    """
    from bossnet.network.importer import import_file, import_folder

    target = free(config.load().home, name, replace=replace)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        card = import_folder(source, NETWORKS[kind], name=name, out=target,
                             status="science" if science else "demonstration")
    elif science:
        raise click.BadParameter(f"{source} is a file, whose card says what it is fit for",
                                 param_hint="--science")
    else:
        card = import_file(source, NETWORKS[kind], name=name, out=target)
    click.echo(f"imported {name} ({card.status}, {card.sha256[:12]}) as {target}")
    click.echo(_flagging(card), err=True)


@weights.command("list", epilog="Example:\n\n    bossnet weights list --json")
@json_option
@said
def list_(as_json: bool) -> None:
    """List the installed networks; one that cannot be read is said."""
    from bossnet.network.frozen import read_card

    cards = []
    for item in installed(config.load().home):
        try:
            cards.append((item, read_card(item.path)))
        except WeightsError as e:
            click.echo(f"bad: {e}", err=True)
    if as_json:
        print_json([{"name": item.name, "path": str(item.path), "network": card.network,
                     "status": card.status, "sha256": card.sha256} for item, card in cards])
        return
    for item, card in cards:
        click.echo(f"{item.name}  {card.network}  {card.status}  {card.sha256[:12]}  {item.path}")
    if not cards:
        click.echo("no weights are installed: `bossnet weights import` brings some")


@weights.command(epilog="Example:\n\n    bossnet weights show bossnet-1")
@click.argument("name")
@said
def show(name: str) -> None:
    """Print the card of a network (by name or path) as JSON."""
    from bossnet.network.frozen import read_card

    card = read_card(find(name, config.load().home))
    print_json(asdict(card))
    click.echo(_flagging(card), err=True)


@weights.command(epilog="Example:\n\n    bossnet weights verify bossnet-1")
@click.argument("names", metavar="NAME...", nargs=-1)
@said
def verify(names: tuple[str, ...]) -> None:
    """Check networks (all installed ones by default): whole, unaltered, and fitting their card."""
    from bossnet.network.frozen import load

    home = config.load().home
    paths = [find(name, home) for name in names] or [item.path for item in installed(home)]
    bad = 0
    for path in paths:
        try:
            click.echo(f"{path}: good ({load(path).card.sha256[:12]})")
        except WeightsError as e:
            bad += 1
            click.echo(f"bad: {e}", err=True)
    sys.exit(1 if bad else 0)


def _flagging(card: Card) -> str:
    """What becomes of `flag_out_of_distribution` with these weights."""
    if card.ood_limit is None:
        return "flag_out_of_distribution is never set: these weights have no limit for it"
    return f"flag_out_of_distribution is set beyond a distance of {card.ood_limit:.4g}"
