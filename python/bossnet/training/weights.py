"""Sample weights: rare stars count for more (paper, Section 3.2 and Figure 4).

The weight of a template is the reciprocal of a kernel density estimate over the labels, as
often as they are drawn, up to a ceiling; white dwarfs and subdwarfs, the [Fe/H] of metal-poor
stars and the velocities of white dwarfs and of fast stars weigh more still.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import gaussian_kde

from bossnet.errors import ConfigurationError


@dataclass(frozen=True)
class Weighting:
    """How much more rare stars count.

    Attributes:
        strength: exponent of the reciprocal density; 0: all alike, 1: the paper's.
        ceiling: largest weight that density gives, where the mean is 1.
        dwarfs: factor for white dwarfs and subdwarfs (log g > `COMPACT`).
        metal_poor: factor for the [Fe/H] of stars below `METAL_POOR`.
        fast: factor for the velocities of white dwarfs and beyond `FAST`.
        hot: factor for the [Fe/H] of stars above `HOT`, whose spectra hardly show it.
        noisy: S/N at which a spectrum counts half; 0: whatever its noise, all alike.
        parameters: factors by the parameter's column, 1 where not named.

    Raises:
        ConfigurationError: one is negative, or the ceiling 0.
    """

    strength: float = 1.0
    ceiling: float = 5.0
    dwarfs: float = 2.0
    metal_poor: float = 2.0
    fast: float = 2.0
    hot: float = 1.0
    noisy: float = 0.0
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        factors = (self.dwarfs, self.metal_poor, self.fast, self.hot, *self.parameters.values())
        if min(self.strength, self.noisy, *factors) < 0 or self.ceiling <= 0:
            raise ConfigurationError("weights are not negative, and their ceiling is above 0")


COMPACT = 5.5  #: log g
METAL_POOR = -1.0  #: [Fe/H]
FAST = 200.0  #: km/s (paper, Section 3.2)
HOT = np.log10(8500.0)  #: log10 of K
SCALE = (0.1, 0.9)  #: of log Teff and log g, in which the density is estimated


def density_weights(log_teff: ArrayLike, logg: ArrayLike, often: ArrayLike,
                    weighting: Weighting) -> NDArray[np.float32]:
    """(n,) weights of templates, their mean over what is drawn 1 before the ceiling.

    Args:
        log_teff: (n,) log10 of K, NaN where not known.
        logg: (n,) likewise.
        often: (n,) the probability with which each is drawn.
        weighting: see there.

    Returns:
        1 for templates without labels.

    Raises:
        ConfigurationError: the labels have no density, as all lie on one line.
    """
    labels = np.array([np.asarray(log_teff) / SCALE[0], np.asarray(logg) / SCALE[1]])
    often = np.asarray(often, np.float64)
    known = np.isfinite(labels).all(axis=0) & (often > 0)
    weights = np.ones(often.size)
    if known.sum() > 2 and weighting.strength > 0:
        try:
            density = gaussian_kde(labels[:, known], weights=often[known])
        except np.linalg.LinAlgError as error:
            raise ConfigurationError("weighting: the labels of the templates lie on one line of "
                                     "log Teff and log g, where they have no density: draw more, "
                                     "or set strength to 0") from error
        # Many templates have the same labels within the kernel's width: a table is enough.
        raw = _evaluate(density, labels[:, known]) ** -weighting.strength
        mean = np.average(raw, weights=often[known])
        weights[known] = np.minimum(raw / mean, weighting.ceiling)
    return weights.astype(np.float32)


def _evaluate(density: gaussian_kde, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The density at points (2, n), read from a grid a tenth of the kernel's width fine."""
    cell = np.sqrt(np.diag(density.covariance)) / 10
    cells, where = np.unique(np.rint(points / cell[:, None]), axis=1, return_inverse=True)
    values: NDArray[np.float64] = density(cells * cell[:, None])
    return values[where.ravel()]


def sample_weights(base: float, labels: NDArray[np.float32], columns: Sequence[str],
                   weighting: Weighting, *, snr: float) -> NDArray[np.float32]:
    """(P,) the weights of one spectrum's labels.

    Args:
        base: of its template, by `density_weights`.
        labels: (P,), in physical units; NaN where not known.
        columns: the parameters' columns, as ``logg``, ``fe_h``, ``v_rel``.
        weighting: see there.
        snr: its S/N.
    """
    value = dict(zip(columns, labels.tolist(), strict=True))
    compact = value.get("logg", np.nan) > COMPACT
    base *= weighting.dwarfs if compact else 1.0
    base /= 1.0 + (weighting.noisy / snr) ** 2
    weights = np.full(len(columns), base, np.float32)
    for i, column in enumerate(columns):
        weights[i] *= weighting.parameters.get(column, 1.0)
        if column == "fe_h" and value.get("log_teff", np.nan) > HOT:
            weights[i] *= weighting.hot
        if column == "fe_h" and value[column] < METAL_POOR:
            weights[i] *= weighting.metal_poor
        if column == "v_rel" and (compact or abs(value[column]) > FAST):
            weights[i] *= weighting.fast
    return weights
