"""The order in which a grid's models are computed: a scrambled Sobol sequence of labels.

Any beginning of the sequence fills the whole space, so a grid may be used at any moment and
continued at any other. The unit cube is warped onto the labels so that most models lie where a
survey has most stars, and within what model atmospheres exist for.
"""

from dataclasses import dataclass

import numpy as np

from bossnet.errors import GridError

#: (part of the sequence, K): Teff is uniform in its logarithm between these.
TEFF = ((0.0, 2500.0), (0.14, 3400.0), (0.34, 4500.0), (0.57, 6200.0), (0.72, 8000.0),
        (0.84, 12000.0), (0.94, 25000.0), (1.0, 50000.0))
#: (part of the sequence, [Fe/H]): uniform between these.
FE_H = ((0.0, -4.0), (0.10, -2.5), (0.36, -1.0), (1.0, 0.75))
#: (K, log g): the lowest gravities of the C3K model atmospheres; between them a straight line.
LOWEST = ((2500.0, -0.5), (4250.0, -0.5), (4600.0, 0.0), (5750.0, 0.0), (6100.0, 0.5),
          (7500.0, 0.5), (7800.0, 1.0), (8250.0, 1.0), (8550.0, 1.5), (9000.0, 1.5),
          (9300.0, 2.0), (10750.0, 2.0), (11100.0, 2.5), (19000.0, 2.5), (20100.0, 3.0),
          (25000.0, 3.0), (26100.0, 3.5), (28000.0, 3.5), (29100.0, 4.0), (32000.0, 4.0),
          (33100.0, 4.5), (46000.0, 4.5), (47100.0, 4.75), (50000.0, 4.75))
HIGHEST = ((2500.0, 5.5), (4250.0, 5.5), (4500.0, 5.0), (50000.0, 5.0))  #: the same, the highest
#: ([Fe/H], [alpha/Fe]): the trend of the Galaxy, and how far a model may be from it either way.
ALPHA_TREND = ((-1.0, 0.35), (0.2, 0.0))
ALPHA_SPREAD = 0.3
ALPHA_RANGE = (-0.2, 0.6)


@dataclass(frozen=True)
class Labels:
    """What a model is computed for.

    Attributes:
        teff: kelvin.
        logg: log10 of the surface gravity in cm/s2.
        fe_h: dex.
        alpha_fe: dex.
    """

    teff: float
    logg: float
    fe_h: float
    alpha_fe: float


def gravities(teff: float) -> tuple[float, float]:
    """The lowest and the highest log g at which there are atmospheres."""
    low, high = (np.interp(np.log10(teff), np.log10([t for t, _ in ends]), [g for _, g in ends])
                 for ends in (LOWEST, HIGHEST))
    return float(low), float(high)


def labels_of(point: tuple[float, float, float, float]) -> Labels:
    """The labels at a point of the unit cube."""
    part, log_teff = np.transpose([(p, np.log10(t)) for p, t in TEFF])
    teff = float(10.0 ** np.interp(point[0], part, log_teff))
    low, high = gravities(teff)
    fe_h = float(np.interp(point[2], *np.transpose(FE_H)))
    alpha = np.interp(fe_h, *np.transpose(ALPHA_TREND)) + ALPHA_SPREAD * (2 * point[3] - 1)
    return Labels(round(teff, 1), round(low + (high - low) * point[1], 3), round(fe_h, 3),
                  round(float(np.clip(alpha, *ALPHA_RANGE)), 3))


def sequence(number: int, *, seed: int) -> list[Labels]:
    """The first models of the sequence.

    Args:
        number: how many; a larger number gives the same beginning.
        seed: of the scrambling.

    Raises:
        GridError: when the number is not positive.
    """
    if number < 1:
        raise GridError(f"a grid of {number} models cannot be planned: ask for one at least")
    from scipy.stats import qmc  # the extra `grid`; a packed grid is read without

    cube = qmc.Sobol(4, scramble=True, rng=np.random.default_rng(seed), optimization=None)
    power = int(np.ceil(np.log2(number)))
    points = cube.random_base2(power) if power else cube.random(1)
    return [labels_of((float(a), float(b), float(c), float(d))) for a, b, c, d in points[:number]]
