"""The network alone: prepared inputs to outputs."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bossnet.bench.machine import Product, wait_for
from bossnet.bench.naive import BATCH
from bossnet.bench.networks import inputs, spectra
from bossnet.bench.operations import operations
from bossnet.bench.results import DRAW_BY_DRAW, ONE_AT_A_TIME, Row
from bossnet.bench.timing import in_turn, median, timed, warm_up
from bossnet.network import NETWORKS, gate
from bossnet.network.declaration import Network
from bossnet.network.fast import fastest, full
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import BFLOAT16, FLOAT32, TF32, DirectPredictor

PART, ENGINE = "network alone", "engine"
BATCHES = {"cpu": (4, 8, 16, 21, 32, 42, 64), "cuda": (64, 256, 1024)}  #: tried for the module
PARTS = (1, 2, 4)  #: of `fast.full`, tried for the engine on a CPU
TRIES = 3  #: of each, of which the fastest counts
PRECISIONS = {"cpu": (FLOAT32, BFLOAT16), "cuda": (FLOAT32, TF32, BFLOAT16)}  #: of the engine
PRODUCTS = {FLOAT32: torch.float32, BFLOAT16: torch.bfloat16}  #: of matrices
DIFFERENT = 16  #: spectra that inputs are made of


def network_alone(frozen: FrozenNetwork, *, n_draws: int, rounds: int, device: str, home: Path,
                  say: Callable[[str], None] = lambda line: None
                  ) -> tuple[list[Row], dict[str, float]]:
    """The plain module in its naive ways and at its best, and what `astra run` uses.

    Args:
        frozen: the network.
        n_draws: of each spectrum, at least 2.
        rounds: that count.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        home: where it is remembered how precise the faster ways are.
        say: told what is measured.

    Returns:
        The rows, and operations a second of a matrix product by precision.
    """
    kind, passes = torch.device(device).type, n_draws + 1
    network = NETWORKS[frozen.card.network]
    predictors = {precision: fastest(frozen, network, device=device, precision=precision)
                  for precision in PRECISIONS[kind]}
    at_once = [passes * full(parts) for parts in PARTS] if kind == "cpu" \
        else [passes * predictors[FLOAT32].batch_size]
    module = frozen.module.to(device)
    x = torch.from_numpy(_inputs(max(n_draws, *at_once, *BATCHES[kind]), n_draws,
                                 network)).to(device)

    def plain(*numbers: int) -> None:
        _tf32(False)
        for number in numbers:
            module(x[:number].unsqueeze(1))
        wait_for(x.device)

    def ours(predictor: DirectPredictor, number: int) -> None:
        _tf32(predictor.precision == TF32)
        module.head(predictor._features(x[:number]))
        wait_for(x.device)

    with torch.inference_mode():
        say("the best batches")
        best = _best(plain, BATCHES[kind])
        together = _best(partial(ours, predictors[FLOAT32]), at_once)
        products = {name: Product(dtype, device) for name, dtype in PRODUCTS.items()}
        engines = {f"engine, {name}": partial(ours, p, together) for name, p in predictors.items()}
        calls: dict[str, Callable[[], object]] = {
            "one": partial(plain, 1, n_draws), "draw": partial(plain, BATCH),
            "module": partial(plain, best), **engines, **products}
        warm_up(calls, say)
        taken = in_turn(calls, rounds=rounds, say=say)
    speeds = {name: product.operations / median(taken[name])
              for name, product in products.items()}
    each = operations(module.architecture, network.grid.size)

    def row(name: str, way: str, batch: str, number: int, precision: str = FLOAT32) -> Row:
        speed = each * number / median(taken[name])
        return Row(PART, way, precision, batch, number / passes, taken[name],
                   of_product=speed / speeds[FLOAT32])

    rows = [row("one", ONE_AT_A_TIME, f"1, {n_draws}", passes),
            row("draw", DRAW_BY_DRAW, str(BATCH), BATCH),
            row("module", "module, best batch", str(best), best)]
    for name, predictor in predictors.items():
        rows.append(row(f"engine, {name}", ENGINE, str(together), together, name))
        say(f"how precise the engine is in {name}")
        rows[-1].notes["gate"] = gate.judge(predictor, frozen, network, home=home).difference
    for r in rows:
        r.ratios.update({ONE_AT_A_TIME: r.times_faster(rows[0]),
                         DRAW_BY_DRAW: r.times_faster(rows[1]),
                         "module": r.times_faster(rows[2])})
    return rows, speeds


def _inputs(number: int, n_draws: int, network: Network) -> NDArray[np.float32]:
    """So many inputs of spectra with their draws; the same ones again where there are many."""
    different = spectra(min(DIFFERENT, -(-number // (n_draws + 1))), network)
    some = inputs(different, n_draws, network)
    return np.tile(some, (-(-number // len(some)), 1))[:number]


def _tf32(used: bool) -> None:
    """Whatever has used the device before."""
    torch.backends.cuda.matmul.allow_tf32 = used
    torch.backends.cudnn.allow_tf32 = used


def _best(call: Callable[[int], None], batches: Iterable[int]) -> int:
    """The batch with which a pass takes least."""
    each = {}
    for number in batches:
        call(number)
        each[number] = min(timed(partial(call, number)).wall for _ in range(TRIES)) / number
    return min(each, key=each.__getitem__)
