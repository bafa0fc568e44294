"""Fits a noise model: factor by S/N and floor, so that errors explain the differences.

For each parameter the differences are taken as normal with the modelled variance, but for a few
(binaries, cosmic rays), Cauchy distributed, whose fraction is fitted too: they are no noise, and
must not widen the errors of all. The errors are then scaled to where the width of the others'
pulls, between the 16th and the 84th percentile, is 1: raw errors scatter themselves, and so widen
the tails.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from bossnet.evaluation.groups import Group, snr_bins
from bossnet.evaluation.noise_pulls import PullRow, width
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.repeats import Array, Differences
from bossnet.evaluation.statistics import robust_sigma
from bossnet.network.noise_model import Law, NoiseModel

LEAST = 100  #: differences, below which a parameter keeps its raw errors
PER_NODE = 400  #: differences for each S/N at which a factor is fitted
NODES = 4  #: S/N at most
APART = 1.2  #: ratio of one such S/N to the next, at least
OUTLIERS = 4.0  #: half width of the Cauchy distribution of what no noise explains, in errors
MOST = 100_000  #: differences that are fitted to

_OF_CAUCHY = np.log(OUTLIERS) + np.log(np.pi / 2) / 2  # beside a normal distribution's constant
_LIMITS = {"factor": (np.log(0.05), np.log(50.0)), "outliers": (-12.0, -0.8)}


@dataclass(frozen=True, slots=True)
class Fitted:
    """The law of one parameter.

    Attributes:
        law: None where there were too few differences.
        number: of differences that it was fitted to.
        outliers: fraction of them that no noise explains.
        offset: median of the differences, taken out before: no error model's matter.
    """

    law: Law | None
    number: int
    outliers: float = 0.0
    offset: float = 0.0


def fit(repeats: Differences | None, labelled: Differences | None) -> dict[str, Fitted]:
    """A law for each parameter, by column.

    From repeats alone or from labels alone, factor and floor; from both, the factor from repeats
    and the floor, if it is larger, from labels.
    """
    columns = dict.fromkeys(name for d in (repeats, labelled) if d is not None
                            for name in d.difference)
    return {column: _of_both(repeats, labelled, column) for column in columns}


def _of_both(repeats: Differences | None, labelled: Differences | None, column: str) -> Fitted:
    found = Fitted(None, 0)
    if repeats is not None and column in repeats.difference:
        found = _fit(repeats, column)
    if labelled is None or column not in labelled.difference:
        return found
    return _fit(labelled, column) if found.law is None else _with_floor(found, labelled, column)


def modelled(differences: Differences, column: str, law: Law | None) -> Array:
    """(n,) the error of each difference of a parameter, raw where there is no law."""
    raw = differences.raw[column]
    each = raw if law is None else law(raw, snr=differences.snr, teff=differences.teff)
    return np.sqrt((each**2).sum(axis=1))


def pulls(differences: Differences, model: NoiseModel) -> Array:
    """(n, 4) differences in their errors, in the order of `COLUMNS`; NaN where not known."""
    found = np.full((len(differences), len(COLUMNS)), np.nan)
    for column, difference in differences.difference.items():
        error = modelled(differences, column, model.laws.get(column))
        with np.errstate(divide="ignore", invalid="ignore"):
            found[:, COLUMNS.index(column)] = np.where(error > 0, difference / error, np.nan)
    return found


def table(differences: Differences, values: Array) -> list[PullRow]:
    """The widths of pulls (n, 4), over all and by the lower S/N of each difference."""
    snr = differences.snr.min(axis=1)
    groups = [Group("all", "all", np.ones(len(differences), bool)),
              *(Group("S/N", name, rows) for name, rows in snr_bins(snr).items() if rows.any())]
    return [PullRow(g.kind, g.name, int(g.rows.sum()),
                    {c: width(values[g.rows, i]) for i, c in enumerate(COLUMNS)})
            for g in groups]


def split(differences: Differences, part: float, *, seed: int
          ) -> tuple[Differences, Differences]:
    """Those to fit to and those held out; a star is on one side."""
    names, of = np.unique(differences.star, return_inverse=True)
    held = np.random.default_rng(seed).random(names.size) < part
    return differences.some(~held[of]), differences.some(held[of])


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Differences of one parameter that can be fitted to.

    Attributes:
        difference: (n,).
        raw: (n, P), raw errors.
        log_snr: (n, P).
    """

    difference: Array
    raw: Array
    log_snr: Array

    def variance(self, nodes: Array, log_factor: Array, floor2: float) -> Array:
        """(n,), of each difference."""
        factor = np.interp(self.log_snr, nodes, np.exp(log_factor))
        return ((factor * self.raw) ** 2).sum(axis=1) + self.raw.shape[1] * floor2


def _known(differences: Differences, column: str) -> tuple[_Known, float]:
    """What can be fitted to, in the order of the stars, and the offset that was taken out."""
    difference, raw = differences.difference[column], differences.raw[column]
    with np.errstate(invalid="ignore"):
        good = np.isfinite(difference) & (np.isfinite(raw) & (raw > 0)).all(axis=1) \
            & (differences.snr > 0).all(axis=1)
    rows = np.flatnonzero(good)
    if rows.size > MOST:
        rows = np.random.default_rng(0).choice(rows, MOST, replace=False)
    difference, raw = difference[rows], raw[rows]
    # Which visit of a pair comes first is nobody's doing: only against labels is there an offset.
    offset = float(np.median(difference)) if rows.size and raw.shape[1] == 1 else 0.0
    return _Known(difference - offset, raw, np.log(differences.snr[rows])), offset


def _fit(differences: Differences, column: str) -> Fitted:
    """The law of the best Bayesian information criterion: with or without a floor, and with one
    factor or one for each of several S/N."""
    known, offset = _known(differences, column)
    n = known.difference.size
    if n < LEAST or not robust_sigma(known.difference):
        return Fitted(None, n)
    scale = float(np.median(known.raw)) ** 2
    tried = []
    for nodes in dict.fromkeys((1, _most_nodes(n))):
        at = _nodes(known.log_snr, nodes)
        start = [np.log(_width(known, at, np.zeros(at.size), 0.0))] * at.size
        for has_floor in (False, True):
            found, loss = _minimise(known, at, scale, [*start, *([0.1] if has_floor else []), -4.0],
                                    has_floor=has_floor)
            # Twice as strict as the criterion: a visit is in two differences.
            tried.append((loss + 2 * found.size * np.log(n), at, found, has_floor))
            start = list(found[:at.size])
    _, at, found, has_floor = min(tried, key=lambda one: one[0])
    floor2 = scale * found[at.size] if has_floor else 0.0
    return _fitted(known, offset, at, found[:at.size], floor2, found[-1])


def _fitted(known: _Known, offset: float, nodes: Array, log_factor: Array, floor2: float,
            outliers: float) -> Fitted:
    variance = known.variance(nodes, log_factor, floor2)
    usual, rare = _likelihoods(known, variance, outliers)
    scale = _weighted_width(known.difference / np.sqrt(variance), expit(usual - rare))
    floor = scale * float(np.sqrt(floor2))
    factor = tuple(float(f"{v:.4g}") for v in scale * np.exp(log_factor))
    snr = tuple(float(f"{v:.4g}") for v in np.exp(nodes)) if nodes.size > 1 else ()
    return Fitted(Law(factor, (float(f"{floor:.4g}"),) * len(factor), snr),
                  known.difference.size, float(np.exp(outliers)), offset)


def _with_floor(fitted: Fitted, labelled: Differences, column: str) -> Fitted:
    """The law with the floor that labels need beside its factor, if that is larger."""
    known, offset = _known(labelled, column)
    law = fitted.law
    if law is None or known.difference.size < LEAST:
        return fitted
    nodes = np.log(law.snr) if law.snr else np.zeros(1)
    log_factor, scale = np.log(law.factor), float(np.median(known.raw)) ** 2

    def loss(x: Array) -> float:
        return _loss(known, nodes, log_factor, scale * x[0], x[1])

    found = minimize(loss, [1.0, -4.0], bounds=[(0.0, None), _LIMITS["outliers"]],
                     method="L-BFGS-B").x
    floor = max(float(np.sqrt(scale * found[0])), law.floor[0])
    return Fitted(Law(law.factor, (float(f"{floor:.4g}"),) * len(law.factor), law.snr),
                  fitted.number, fitted.outliers, offset)


def _most_nodes(differences: int) -> int:
    return int(np.clip(differences // PER_NODE, 1, NODES))


def _nodes(log_snr: Array, number: int) -> Array:
    """ln S/N at which factors are fitted: the middles of parts with as many differences each."""
    places = np.quantile(log_snr, (np.arange(number) + 0.5) / number)
    kept = [places[0]]
    for place in places[1:]:
        if place - kept[-1] > np.log(APART):
            kept.append(place)
    return np.array(kept)


def _minimise(known: _Known, nodes: Array, scale: float, start: Sequence[float], *,
              has_floor: bool) -> tuple[Array, float]:
    """The parameters (log factors, floor^2 / scale where there is one, ln of the fraction of
    outliers) of the largest likelihood, and -2 ln of that."""
    n = nodes.size

    def loss(x: Array) -> float:
        return _loss(known, nodes, x[:n], scale * x[n] if has_floor else 0.0, x[-1])

    bounds = [_LIMITS["factor"]] * n + ([(0.0, None)] if has_floor else []) + [_LIMITS["outliers"]]
    found = minimize(loss, np.array(start), bounds=bounds, method="L-BFGS-B")
    return found.x, float(found.fun)


def _loss(known: _Known, nodes: Array, log_factor: Array, floor2: float, outliers: float) -> float:
    """-2 ln(likelihood), less a constant."""
    variance = known.variance(nodes, log_factor, floor2)
    usual, rare = _likelihoods(known, variance, outliers)
    return float(-2 * np.logaddexp(usual, rare).sum() + np.log(variance).sum())


def _likelihoods(known: _Known, variance: Array, outliers: float) -> tuple[Array, Array]:
    """ln of each difference's likelihood as noise and as something else, less a constant."""
    chi2 = known.difference**2 / variance
    return (np.log1p(-np.exp(outliers)) - chi2 / 2,
            outliers - _OF_CAUCHY - np.log1p(chi2 / OUTLIERS**2))


def _weighted_width(pulls: Array, weight: Array) -> float:
    """`robust_sigma` of pulls that count with a weight."""
    order = np.argsort(pulls)
    below = np.cumsum(weight[order]) - weight[order] / 2
    low, high = np.interp([0.16, 0.84], below / weight.sum(), pulls[order])
    return float(high - low) / 2


def _width(known: _Known, nodes: Array, log_factor: Array, floor2: float) -> float:
    return robust_sigma(known.difference / np.sqrt(known.variance(nodes, log_factor, floor2)))
