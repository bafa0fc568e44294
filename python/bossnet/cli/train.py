"""`bossnet train`: from a configuration and a dataset to a frozen network."""

from pathlib import Path
from typing import Any

import click

from bossnet.cli.common import console, require, said
from bossnet.work.interruption import held


@click.command(epilog="""Examples:

\b
    bossnet train etc/training/boss.yml --dataset dataset --folder trainings/first
    bossnet train mine.yml --dataset dataset --folder trainings/mine --device cuda
""")
@click.argument("configuration", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dataset", type=click.Path(file_okay=False, path_type=Path),
              required=True, help="Folder of `bossnet dataset build`.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="Of this training: checkpoints, history, curves, weights. The same command "
                   "goes on where it ended.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; by default all cores.")
@said
def train(configuration: Path, dataset: Path, folder: Path, device: str,
          threads: int | None) -> None:
    """Train the network that CONFIGURATION (YAML) describes, and freeze it with its card.

    Ctrl-C stops it; what came after the last checkpoint is done again next time.
    """
    require("train", "scipy")
    with held():  # torch
        import torch

        from bossnet.training.configuration import load
        from bossnet.training.dataset import Dataset
        from bossnet.training.train import train as train_network
        from bossnet.work.equipment import settle_device

    training, device = load(configuration), settle_device(device)
    if threads is not None:
        torch.set_num_threads(threads)

    def say(numbers: dict[str, Any]) -> None:
        seconds = numbers["seconds"] / numbers["steps_done"]
        left = seconds * (training.recipe.steps - numbers["step"]) / 60
        console.print(f"step {numbers['step']} of {training.recipe.steps}: loss "
                      f"{numbers['loss']:.4f}, validation {numbers['validation']['loss']:.4f}, "
                      f"{training.recipe.batch_size / seconds:.0f} spectra/s, {left:.0f} min left")
        for group, table in numbers["validation"]["groups"].items():
            values = "  ".join(f"{name} {v[0]:.4g} ({v[1]:+.2g})" for name, v in table.items())
            console.print(f"    {group:40}{values}")

    path = train_network(training, Dataset.open(dataset), folder, device=device, say=say)
    console.print(f"{path}")
