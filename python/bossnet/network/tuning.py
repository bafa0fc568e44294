"""How many spectra a predictor takes at once, and with how many threads: what is fastest here.

Measured with the packaged spectra, and remembered; it decides how fast a result comes, and of the
result no more than its last digits.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from bossnet.network.fast import full
from bossnet.network.packaged import has_stars, stars
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.network.remembered import remembered

REMEMBERED = "speeds.json"  #: in the home folder
WORTHWHILE = 0.97  #: of the time that fewer spectra at once, or fewer threads, take
DRAWS = 20

_PARTS = (1, 2, 4)  # of the engine's, for each thread
_ON_A_GPU = (32, 64, 128, 256)  # spectra


def tune(predictor: DirectPredictor, home: Path) -> None:
    """Sets the predictor's batch size, and torch's threads, to what is fastest.

    Args:
        predictor: of the default batch size.
        home: where measurements are remembered, if it can be written to.
    """
    if not has_stars(predictor.network):
        return  # there is nothing to measure with
    exposures = stars(predictor.network)
    best: tuple[float, int, int] | None = None
    threads = torch.get_num_threads()
    for number in sorted({max(1, threads // 2), threads} if predictor.device.type == "cpu"
                         else {threads}):
        torch.set_num_threads(number)
        for size in sorted({full(parts) for parts in _PARTS} if predictor.device.type == "cpu"
                           else _ON_A_GPU):
            seconds = _remembered(predictor, exposures, size, number, home)
            if best is None or seconds < WORTHWHILE * best[0]:
                best = seconds, size, number
    assert best is not None
    _, predictor.batch_size, number = best
    torch.set_num_threads(number)


def _remembered(predictor: DirectPredictor, exposures: Sequence[Exposure], size: int, threads: int,
                home: Path) -> float:
    key = (f"{predictor.card.sha256}, {predictor.arithmetic}, {predictor.model}, {size} at once, "
           f"{threads} threads of {os.cpu_count()}")
    return remembered(home / REMEMBERED, key, lambda: seconds(predictor, exposures, size))


def seconds(predictor: DirectPredictor, exposures: Sequence[Exposure], size: int) -> float:
    """For one spectrum, so many at once; infinite where the device's memory is not enough."""
    batch = [exposures[i % len(exposures)] for i in range(size)]
    predictor.batch_size = size
    predictor.predict(batch, n_draws=DRAWS, seed=0)  # what is made once is made here
    start = time.perf_counter()
    predictor.predict(batch, n_draws=DRAWS, seed=0)
    spent = time.perf_counter() - start
    return spent / size if predictor.batch_size == size else float("inf")
