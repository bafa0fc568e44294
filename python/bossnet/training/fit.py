"""The training loop: one cycle of Adamax over dressed spectra, resumed exactly.

Mixed precision on the CPU keeps the first convolution in float32: it is fed logarithms of
fluxes in any unit, of which bfloat16 would keep two digits.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from bossnet.errors import ConfigurationError
from bossnet.network.architecture import BossNet
from bossnet.network.preparation import standardise
from bossnet.training.loss import masked_mse

CHECKPOINT = "checkpoint.pt"
HISTORY = "history.jsonl"

Numbers = dict[str, Any]  #: what a validation gives


class Source(Protocol):
    """Labelled spectra by number: flux on the grid (G,), normalised labels (P,)."""

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        steps: of the optimiser, in all.
        batch_size: spectra a step.
        max_rate: the learning rate at the top of the cycle.
        warm_up: the part of the steps in which it rises.
        bfloat16: mixed precision on the CPU, twice as fast where the processor has it.
        workers: processes that make spectra; 0 makes them in this one.
        checkpoint_every: steps; also when validation is done.
        seed: of the weights' start.
    """

    steps: int
    batch_size: int = 64
    max_rate: float = 3e-3
    warm_up: float = 0.25
    bfloat16: bool = False
    workers: int = 0
    checkpoint_every: int = 500
    seed: int = 0

    def rate(self, step: int) -> float:
        """The learning rate of a step: up and down by half cosines."""
        done, top = step / self.steps, self.warm_up
        if done < top:
            return self.max_rate * (0.04 + 0.96 * (1 - math.cos(math.pi * done / top)) / 2)
        return self.max_rate * (1e-3 + (1 + math.cos(math.pi * (done - top) / (1 - top))) / 2)


def fit(network: BossNet, source: Source, recipe: Recipe, folder: Path, *,
        validate: Callable[[BossNet], Numbers] | None = None, stop_at: int | None = None,
        say: Callable[[str], None] = print) -> BossNet:
    """Trains a network, beginning where the folder's checkpoint ends.

    Step s takes the spectra s x batch_size onwards, so that an interrupted training gives the
    same weights as an undisturbed one (same machine, threads and versions).

    Args:
        network: to be trained; freshly made if there is no checkpoint.
        source: of spectra.
        recipe: how.
        folder: takes `CHECKPOINT` and `HISTORY`.
        validate: called with the network in evaluation mode at every checkpoint.
        stop_at: stop after this step, to be resumed.
        say: takes progress lines.

    Raises:
        ConfigurationError: the checkpoint is of another recipe or architecture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimiser = torch.optim.Adamax(network.parameters())
    start = _resume(network, optimiser, recipe, folder)
    last = recipe.steps if stop_at is None else min(stop_at, recipe.steps)
    total, began = 0.0, time.monotonic()
    network.train()
    for step, (flux, target) in enumerate(_batches(source, recipe, start, last), start):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(step)
        loss = masked_mse(forward(network, standardise(flux), bfloat16=recipe.bfloat16), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        total += loss.item()
        done = step + 1
        if done % recipe.checkpoint_every == 0 or done == last:
            numbers: Numbers = {}
            if validate is not None:
                network.eval()
                numbers = validate(network)
                network.train()
            _save(network, optimiser, recipe, done, folder)
            part = (done - 1) % recipe.checkpoint_every + 1
            line = {"step": done, "loss": total / min(part, done - start),
                    "seconds": round(time.monotonic() - began, 1), **numbers}
            with (folder / HISTORY).open("a") as file:
                file.write(json.dumps(line) + "\n")
            say(json.dumps(line))
            total = 0.0
    return network.eval()


def forward(network: BossNet, x: Tensor, *, bfloat16: bool) -> Tensor:
    """(B, G) input -> (B, P) float32 outputs, the residual blocks in bfloat16 if asked."""
    features = network.first_conv(network.pos_enc(x.unsqueeze(1)))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
        for block in network.res_blocks:
            features = block(features)
    return network.linear_sequential(network.pool(features.float()).flatten(1))


def balance_first_kernels(network: BossNet) -> None:
    """Lets the flux's scale drop out from the start: each kernel over log flux sums to zero.

    The scale is an offset of the input far larger than any line; a kernel that sums to zero
    does not see it. Training may change that, and does not need to.
    """
    with torch.no_grad():
        weight = network.first_conv.conv_layer.weight
        weight[:, 0] -= weight[:, 0].mean(dim=-1, keepdim=True)


class _Numbered(Dataset[tuple[NDArray[np.float32], NDArray[np.float32]]]):
    def __init__(self, source: Source) -> None:
        self.source = source

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self.source[index]


class _From(Sampler[int]):
    def __init__(self, first: int, last: int) -> None:
        self.numbers = range(first, last)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def _batches(source: Source, recipe: Recipe, start: int, last: int
             ) -> Iterator[tuple[Tensor, Tensor]]:
    numbers = _From(start * recipe.batch_size, last * recipe.batch_size)
    return iter(DataLoader(_Numbered(source), batch_size=recipe.batch_size, sampler=numbers,
                           num_workers=recipe.workers,
                           prefetch_factor=4 if recipe.workers else None))


def _save(network: BossNet, optimiser: torch.optim.Optimizer, recipe: Recipe, step: int,
          folder: Path) -> None:
    part = folder / (CHECKPOINT + ".part")
    torch.save({"network": network.state_dict(), "optimiser": optimiser.state_dict(),
                "step": step, "recipe": asdict(recipe),
                "architecture": network.architecture.as_dict()}, part)
    part.replace(folder / CHECKPOINT)


def _resume(network: BossNet, optimiser: torch.optim.Optimizer, recipe: Recipe,
            folder: Path) -> int:
    path = folder / CHECKPOINT
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    for what, own in (("recipe", asdict(recipe)), ("architecture",
                                                   network.architecture.as_dict())):
        if state[what] != own:
            raise ConfigurationError(f"{path} is of another {what}, {state[what]}: give another "
                                     "folder, or the same options")
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])
