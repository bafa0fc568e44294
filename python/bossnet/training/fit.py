"""The training loop: Adamax over dressed spectra (paper, Section 3.2), resumed exactly.

Mixed precision keeps the first convolution in float32: it is fed logarithms of fluxes in any
unit, of which bfloat16 would keep two digits.
"""

import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from bossnet.errors import ConfigurationError, TrainingError
from bossnet.network.architecture import BossNet
from bossnet.network.preparation import standardise
from bossnet.training.loss import masked_mse

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"  #: the weights of the lowest validation loss
HISTORY = "history.jsonl"

Schedule = Literal["constant", "one-cycle"]
Numbers = dict[str, Any]  #: what a validation gives; its ``loss`` decides when to stop
Batch = tuple[Tensor, Tensor, Tensor]  #: flux (B, G), normalised labels (B, P), weights (B, P)


class Source(Protocol):
    """Spectra by number: flux on the grid (G,), normalised labels (P,), their weights (P,)."""

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]: ...


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the paper's (Section 3.2).

    Attributes:
        steps: of the optimiser, at most.
        batch_size: spectra a step.
        max_rate: the learning rate, or its top where it changes.
        schedule: ``constant``, or ``one-cycle``: up and down once by half cosines.
        warm_up: the part of the steps in which a cycle rises.
        bfloat16: mixed precision, twice as fast where the processor has it.
        workers: processes that make spectra; 0 makes them in this one.
        checkpoint_every: steps; then validation is done, too.
        patience: validations without a lower loss after which to stop; 0: never.
        seed: of the weights' start, and of what is drawn.

    Raises:
        ConfigurationError: a number makes no sense.
    """

    steps: int
    batch_size: int = 512
    max_rate: float = 1e-4
    schedule: Schedule = "constant"
    warm_up: float = 0.25
    bfloat16: bool = False
    workers: int = 0
    checkpoint_every: int = 500
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.batch_size, self.checkpoint_every) < 1:
            raise ConfigurationError("steps, batch_size and checkpoint_every are 1 or more")
        if min(self.workers, self.patience, self.seed) < 0:
            raise ConfigurationError("workers, patience and seed are not negative")
        if self.max_rate <= 0 or not 0 <= self.warm_up < 1:
            raise ConfigurationError("max_rate is above 0, and warm_up from 0 to below 1")
        if self.schedule not in get_args(Schedule):
            raise ConfigurationError(f"schedule is {' or '.join(get_args(Schedule))}")

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        if self.schedule == "constant":
            return self.max_rate
        done, top = step / self.steps, self.warm_up
        if done < top:
            return self.max_rate * (0.04 + 0.96 * (1 - math.cos(math.pi * done / top)) / 2)
        return self.max_rate * (1e-3 + (1 + math.cos(math.pi * (done - top) / (1 - top))) / 2)


@dataclass
class Progress:
    """Where a training stands: what a checkpoint holds beside the weights."""

    step: int = 0
    best: float = math.inf  #: lowest validation loss
    since: int = 0  #: validations since then
    loss: float = 0.0  #: sum over the steps since the last validation
    counted: int = 0  #: those steps


def fit(network: BossNet, source: Source, recipe: Recipe, folder: Path, *,
        validate: Callable[[BossNet], Numbers] | None = None, stop_at: int | None = None,
        device: str = "cpu", say: Callable[[Numbers], None] = print) -> BossNet:
    """Trains a network, beginning where the folder's checkpoint ends.

    Step s takes the spectra s x batch_size onwards, so that an interrupted training gives the
    same weights as an undisturbed one (same machine, threads and versions).

    Args:
        network: to be trained; freshly made if there is no checkpoint.
        source: of spectra.
        recipe: how.
        folder: takes `CHECKPOINT`, `BEST` and `HISTORY`.
        validate: called with the network in evaluation mode at every checkpoint.
        stop_at: stop after this step, to be resumed; nothing is validated for that.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        say: takes the numbers of every checkpoint.

    Returns:
        The network in evaluation mode, on the CPU: with the weights of the lowest validation
        loss, or the last ones where nothing was validated.

    Raises:
        ConfigurationError: the checkpoint is of another recipe or architecture.
        TrainingError: the loss, or that of the validation, is not finite any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.to(device).train()
    optimiser = torch.optim.Adamax(network.parameters())
    progress = _resume(network, optimiser, recipe, folder)
    last = recipe.steps if stop_at is None else min(stop_at, recipe.steps)
    first, began = progress.step, time.monotonic()
    for step, batch in enumerate(_batches(source, recipe, progress.step, last), progress.step):
        if recipe.patience and progress.since >= recipe.patience:
            break
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(step)
        loss = _step(network, optimiser, batch, bfloat16=recipe.bfloat16, device=device)
        if not math.isfinite(loss):
            raise TrainingError(f"the loss of step {step} is {loss}: lower max_rate, or look for "
                                "absurd labels in the dataset; the last checkpoint is kept")
        progress.step = step + 1
        progress.loss, progress.counted = progress.loss + loss, progress.counted + 1
        if progress.step % recipe.checkpoint_every == 0 or progress.step == recipe.steps:
            numbers: Numbers = {
                "step": progress.step, "loss": progress.loss / progress.counted,
                "rate": recipe.rate(step), "seconds": round(time.monotonic() - began, 1),
                "steps_done": progress.step - first}
            progress.loss, progress.counted = 0.0, 0
            if validate is not None:
                numbers["validation"] = _validated(network, validate, progress, folder)
            with (folder / HISTORY).open("a") as file:
                file.write(json.dumps(numbers) + "\n")
            _save(network, optimiser, recipe, progress, folder)
            say(numbers)
        elif progress.step == last:
            _save(network, optimiser, recipe, progress, folder)
    if (folder / BEST).is_file():
        network.load_state_dict(_loaded(folder / BEST))
    return network.cpu().eval()


def last_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a folder's checkpoint."""
    weights: dict[str, Tensor] = _loaded(folder / CHECKPOINT)["network"]
    return weights


def _step(network: BossNet, optimiser: torch.optim.Optimizer, batch: Batch, *, bfloat16: bool,
          device: str) -> float:
    flux, target, weight = (part.to(device, non_blocking=True) for part in batch)
    loss = masked_mse(forward(network, standardise(flux), bfloat16=bfloat16), target, weight)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    return loss.item()


def _validated(network: BossNet, validate: Callable[[BossNet], Numbers], progress: Progress,
               folder: Path) -> Numbers:
    network.eval()
    numbers = validate(network)
    network.train()
    if not math.isfinite(numbers["loss"]):
        raise TrainingError(f"the validation loss of step {progress.step} is {numbers['loss']}: "
                            "lower max_rate; the last checkpoint is kept")
    if numbers["loss"] < progress.best:
        progress.best, progress.since = numbers["loss"], 0
        _whole(network.state_dict(), folder / BEST)
    else:
        progress.since += 1
    return numbers


def forward(network: BossNet, x: Tensor, *, bfloat16: bool) -> Tensor:
    """(B, G) input -> (B, P) float32 outputs, the residual blocks in bfloat16 if asked."""
    features = network.first_conv(network.pos_enc(x.unsqueeze(1)))
    with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=bfloat16):
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


class _Numbered(Dataset[tuple[NDArray[np.float32], ...]]):
    def __init__(self, source: Source) -> None:
        self.source = source

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        return self.source[index]


class _From(Sampler[int]):
    def __init__(self, first: int, last: int) -> None:
        self.numbers = range(first, last)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def _batches(source: Source, recipe: Recipe, start: int, last: int) -> Iterator[Batch]:
    numbers = _From(start * recipe.batch_size, last * recipe.batch_size)
    for flux, labels, weights in DataLoader(
            _Numbered(source), batch_size=recipe.batch_size, sampler=numbers, collate_fn=_stacked,
            num_workers=recipe.workers, worker_init_fn=_deaf,
            prefetch_factor=4 if recipe.workers else None):
        yield torch.from_numpy(flux), torch.from_numpy(labels), torch.from_numpy(weights)


def _stacked(spectra: list[tuple[NDArray[np.float32], ...]]) -> tuple[NDArray[np.float32], ...]:
    """Arrays and not tensors, of which a worker would hand over open files."""
    return tuple(np.stack(part) for part in zip(*spectra, strict=True))


def _deaf(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal, but only the main one is to obey."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _save(network: BossNet, optimiser: torch.optim.Optimizer, recipe: Recipe,
          progress: Progress, folder: Path) -> None:
    _whole({"network": network.state_dict(), "optimiser": optimiser.state_dict(),
            "progress": asdict(progress), "recipe": asdict(recipe),
            "architecture": network.architecture.as_dict()}, folder / CHECKPOINT)


def _whole(state: dict[str, Any], path: Path) -> None:
    """Written whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def _loaded(path: Path) -> dict[str, Any]:
    """Onto the CPU, so that what was trained elsewhere is read on any machine."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _resume(network: BossNet, optimiser: torch.optim.Optimizer, recipe: Recipe,
            folder: Path) -> Progress:
    path = folder / CHECKPOINT
    progress = Progress()
    if path.is_file():
        state = _loaded(path)
        for what, own in (("recipe", asdict(recipe)), ("architecture",
                                                       network.architecture.as_dict())):
            if state[what] != own:
                raise ConfigurationError(f"{path} is of another {what}, {state[what]}: give "
                                         "another folder, or the same configuration")
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        progress = Progress(**state["progress"])
    _forget_after(progress.step, folder / HISTORY)
    return progress


def _forget_after(step: int, history: Path) -> None:
    """Takes back what was noted of steps that no checkpoint holds: they are done again."""
    lines = history.read_text().splitlines(keepends=True) if history.is_file() else []
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    if kept != lines:
        history.write_text("".join(kept))
