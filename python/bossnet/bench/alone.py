"""The network alone: prepared inputs to outputs."""

from collections.abc import Callable
from functools import partial

import torch

from bossnet.bench.machine import Product, wait_for
from bossnet.bench.naive import BATCH
from bossnet.bench.networks import inputs, spectra
from bossnet.bench.operations import operations
from bossnet.bench.results import Row
from bossnet.bench.timing import in_turn, median, timed, warm_up
from bossnet.network.boss import BOSS
from bossnet.network.fast import fastest
from bossnet.network.frozen import FrozenNetwork

PART = "network alone"
BATCHES = {"cpu": (4, 8, 16, 21, 32, 42, 64), "cuda": (64, 256, 1024)}  #: tried for the module
TRIES = 3  #: of each, of which the fastest counts


def network_alone(frozen: FrozenNetwork, *, n_draws: int, rounds: int, device: str,
                  batch_size: int | None = None, say: Callable[[str], None] = lambda line: None
                  ) -> tuple[list[Row], dict[str, float]]:
    """The plain module in its naive ways and at its best, and what `astra run` uses.

    Args:
        frozen: the network.
        n_draws: of each spectrum, at least 2.
        rounds: that count.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the default.
        say: told what is measured.

    Returns:
        The rows, and operations a second of a matrix product by precision.
    """
    predictor = fastest(frozen, BOSS, device=device, batch_size=batch_size)
    module, passes = frozen.module, n_draws + 1
    # As many spectra as a batch takes; the same ones again where there are many.
    some = inputs(spectra(min(predictor.batch_size, 16)), n_draws)
    ours_at_once, kind = predictor.batch_size * passes, torch.device(device).type
    copies = -(-max(ours_at_once, n_draws, *BATCHES[kind]) // len(some))
    whole = torch.from_numpy(some).repeat(copies, 1).to(device)
    x = whole[:ours_at_once]

    def plain(number: int) -> None:
        module(whole[:number].unsqueeze(1))
        wait_for(whole.device)

    def one_at_a_time() -> None:
        plain(1)
        plain(n_draws)

    def ours() -> None:
        module.head(predictor._features(x))
        wait_for(x.device)

    with torch.inference_mode():
        say("the module's best batch")
        best = _best_batch(plain, kind)
        products = {name: Product(dtype, device) for name, dtype in
                    (("float32", torch.float32), ("bfloat16", torch.bfloat16))}
        calls: dict[str, Callable[[], object]] = {
            "one spectrum at a time": one_at_a_time,
            "each draw of a batch": partial(plain, BATCH), "the module": partial(plain, best),
            "the engine": ours, **products}
        warm_up(calls, say)
        taken = in_turn(calls, rounds=rounds, say=say)
    speeds = {name: product.operations / median(taken[name])
              for name, product in products.items()}
    each = operations(module.architecture, BOSS.grid.size)

    def row(way: str, batch: str, spectra: float, precision: str = "float32") -> Row:
        speed = each * passes * spectra / median(taken[way])
        return Row(PART, way, precision, batch, spectra, taken[way],
                   of_product=speed / speeds["float32"])

    rows = [row("one spectrum at a time", f"1, {n_draws}", 1.0),
            row("each draw of a batch", f"{BATCH}", BATCH / passes),
            row("the module", f"{best}", best / passes),
            row("the engine", f"{len(x)}", len(x) / passes)]
    for r in rows:
        r.ratios.update({"one at a time": r.times_faster(rows[0]),
                         "by draw": r.times_faster(rows[1]), "module": r.times_faster(rows[2])})
    return rows, speeds


def _best_batch(plain: Callable[[int], None], kind: str) -> int:
    each = {}
    for number in BATCHES[kind]:
        plain(number)
        each[number] = min(timed(partial(plain, number)).wall for _ in range(TRIES)) / number
    return min(each, key=each.__getitem__)
