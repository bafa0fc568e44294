"""`bossnet bench`: how fast this machine is, beside the naive ways."""

import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bossnet import config
from bossnet.cli.common import console, json_option, print_json, said
from bossnet.network.installed import DEFAULTS, find
from bossnet.work.interruption import held

SIZES = ("published", "small")


@click.command(epilog="Example:\n\n    bossnet bench --size published --spectra 200")
@click.option("--weights", metavar="NAME|PATH", default=DEFAULTS["boss"], show_default=True,
              help="The frozen network; `bossnet weights list`.")
@click.option("--size", type=click.Choice(SIZES),
              help="Random weights of this size in place of --weights: the paper's network, or one "
              "of the shape of the shipped one.")
@click.option("--spectra", type=click.IntRange(min=0), default=200, show_default=True, metavar="N",
              help="End to end; 0 measures the network alone.")
@click.option("--draws", type=click.IntRange(min=2), default=20, show_default=True,
              help="Noise realisations of each spectrum.")
@click.option("--snr", nargs=2, type=click.FloatRange(min=0, min_open=True), default=(15.0, 100.0),
              show_default=True, metavar="LOW HIGH", help="Range of the median S/N per pixel; "
              "linear propagation leaves faint spectra to draws.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N",
              help="Of the network, on a CPU.  [default: all cores]")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True,
              help="In which all ways take turns, after a warm-up; medians are shown.")
@json_option
@said
def bench(weights: str, size: str | None, threads: int | None, draws: int, device: str,
          as_json: bool, **options: Any) -> None:
    """Measure how fast this machine is, alone and end to end, with the naive ways beside it.

    Spectra that the network reads are simulated and registered in a Postgres of its own, which is
    removed at the end: no database of yours is touched. The naive ways are the plain module with
    numpy around it: one spectrum at a time, and each draw of a batch of spectra as a pass of its
    own. All take turns in one run, so that ratios hold on a busy machine, too.
    """
    home = config.load().home
    with held():  # it imports torch
        import torch

        from bossnet.bench.bench import bench as measure
        from bossnet.bench.networks import random_weights
        from bossnet.network.frozen import load
        from bossnet.work.equipment import settle_device
    device = settle_device(device)
    if threads is not None:
        torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory(prefix="bossnet-bench-") as scratch, \
            console.status("") as status:
        frozen = load(find(weights, home)) if size is None \
            else random_weights(Path(scratch) / f"{size}.safetensors", size)
        report = measure(frozen, n_draws=draws, device=device, say=status.update,
                         home=Path(scratch), **options)
    if as_json:
        print_json(report.as_dict())
        return
    for line in report.heading():
        click.echo(line)
    Console(width=None if console.is_terminal else 160, highlight=False).print(report.table())
    for line in report.remarks():
        click.echo(line)
