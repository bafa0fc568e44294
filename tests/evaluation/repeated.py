"""Results of stars observed again and again, whose errors are mis-stated in a known way."""

import numpy as np

from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.repeats import Measured

TYPICAL = dict(zip(COLUMNS, (0.1, 0.01, 0.08, 6.0), strict=True))  #: raw errors at S/N 20
DRAWS = 20


def results(stars, visits, *, factor=lambda snr: 1.0, floor=0.0, binaries=0.0, seed=1):
    """Visits of stars, and what is true of them.

    Args:
        stars: how many.
        visits: of each.
        factor: of S/N: the true error over the raw one.
        floor: in typical errors, added in quadrature to the true one.
        binaries: the part of visits that is anywhere.
    """
    rng = np.random.default_rng(seed)
    n = stars * visits
    snr = np.exp(rng.uniform(np.log(5), np.log(100), n))
    values, raw, labels = {}, {}, {}
    for column, typical in TYPICAL.items():
        error = typical * 20 / snr * np.exp(rng.normal(0, 0.3, n))
        true = np.hypot(factor(snr) * error, floor * typical)
        label = np.repeat(rng.normal(4, 1, stars), visits)
        away = np.where(rng.random(n) < binaries, rng.normal(0, 50 * typical, n), 0.0)
        values[column] = label + true * rng.normal(size=n) + away
        raw[column] = error * np.sqrt(rng.chisquare(DRAWS - 1, n) / (DRAWS - 1))
        labels[column] = label
    return Measured(np.repeat(np.arange(stars), visits).astype(str), snr, np.full(n, 5000.0),
                    values, raw, labels)
