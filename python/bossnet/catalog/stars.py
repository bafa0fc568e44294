"""Several visits of a star made one: means weighted by their errors, and whether they disagree."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from bossnet.catalog.columns import MISSING, Batch, Column, length
from bossnet.catalog.layouts import PARAMETERS

#: What visits need beside the star's own columns.
VISIT = (*(Column(key, "spectrum", "int64", "", "", "", key) for key in ("source_pk", "mjd")),
         *(Column(prefix + p, "result", "float32", "", "", "", p)
           for p in PARAMETERS for prefix in ("", "e_")),
         Column("snr", "result", "float32", "", "", "", "snr"),
         *(Column(key, "result", "int64", "", "", "", key) for key in ("result_flags", "n_draws")))
LIMIT = 4.0  #: sigma, beyond which visits disagree: 3 stars of 100,000 if errors are right


def stars(visits: Iterable[Batch], columns: tuple[Column, ...]) -> Iterator[Batch]:
    """The stars of visits that come in the order of their ``source_pk``, in any batches."""
    rest: Batch | None = None
    for batch in visits:
        if rest is not None:
            batch = {key: np.concatenate([rest[key], values]) for key, values in batch.items()}
        # The last star may go on in the next batch.
        last = int(np.searchsorted(batch["source_pk"], batch["source_pk"][-1]))
        rest = {key: values[last:] for key, values in batch.items()}
        if last:
            yield combine({key: values[:last] for key, values in batch.items()}, columns)
    if rest is not None:
        yield combine(rest, columns)


def combine(visits: Batch, columns: tuple[Column, ...]) -> Batch:
    """One row for each star.

    A visit counts for a parameter where it has it with an error. A star whose visits have no
    errors (a run without draws) gets their plain mean, without an error. Errors from a few draws
    are uncertain themselves, and so are the weights: the mean's error has Meier's (1953) term for
    that, 4 % with two visits of 20 draws, 8 % with many.

    Args:
        visits: of whole stars, in the order of ``source_pk``; at least one.
        columns: of the stars; what is not computed here is taken from the first visit.
    """
    n = length(visits)
    first = np.flatnonzero(np.r_[True, np.diff(visits["source_pk"]) != 0])
    found: Batch = {}
    known = np.zeros(n, bool)
    drawn = visits["n_draws"].astype(float)
    degrees = np.where(drawn > 1, drawn - 1, np.inf)  # by linear propagation there are no draws
    for p in (p for p in PARAMETERS if p in visits):
        values, errors = (visits[prefix + p].astype(float) for prefix in ("", "e_"))
        found |= _combined(p, values, errors, degrees, first)
        known |= np.isfinite(values)
    found["teff"] = 10 ** found["log_teff"]
    found["e_teff"] = found["teff"] * np.log(10) * found["e_log_teff"]
    found["n_visits"] = np.add.reduceat(known.astype(int), first)
    snr = np.where(known, np.nan_to_num(visits["snr"].astype(float)), 0).clip(min=0)
    total = np.sqrt(np.add.reduceat(snr ** 2, first))
    found["snr"] = np.where(total > 0, total, np.nan)
    found["result_flags"] = np.bitwise_or.reduceat(np.where(known, visits["result_flags"], 0),
                                                   first)
    mjd = visits["mjd"].astype(np.int64)
    latest = np.iinfo(np.int64).max
    earliest = np.minimum.reduceat(np.where(mjd == MISSING, latest, mjd), first)
    found["min_mjd"] = np.where(earliest == latest, MISSING, earliest)
    found["max_mjd"] = np.maximum.reduceat(mjd, first)
    return {c.key: found[c.key].astype(c.kind) if c.origin == "star" else visits[c.key][first]
            for c in columns}


def disagree(chi2: NDArray, degrees: NDArray) -> NDArray[np.bool_]:
    """Whether a chi2 is improbable beyond ``LIMIT`` (Wilson and Hilferty 1931: its cube root is
    nearly normal)."""
    nu = np.maximum(degrees, 1)
    sigmas = (np.cbrt(chi2 / nu) - (1 - 2 / (9 * nu))) / np.sqrt(2 / (9 * nu))
    return (degrees > 0) & (sigmas > LIMIT)


def _combined(parameter: str, values: NDArray, errors: NDArray, degrees: NDArray,
              first: NDArray) -> Batch:
    """Mean, error, chi2, number and judgement of each star, in float64.

    ``degrees`` are those of freedom of each visit's error.
    """
    known = np.isfinite(values)
    told = known & np.isfinite(errors) & (errors > 0)
    of_star = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(values)]))
    plain = ~np.logical_or.reduceat(told, first)[of_star]
    used = np.where(plain, known, told)
    weight = np.where(told, 1 / np.where(told, errors, 1) ** 2, used.astype(float))
    values = np.where(used, values, 0)
    number = np.add.reduceat(used.astype(int), first)
    total = np.add.reduceat(weight, first)
    exists = number > 0
    mean = np.where(exists, np.add.reduceat(weight * values, first) / np.where(exists, total, 1),
                    np.nan)
    share = weight / np.where(exists, total, 1)[of_star]
    variance = (1 + 4 * np.add.reduceat(share * (1 - share) / degrees, first)) \
        / np.where(exists, total, 1)
    has_error = exists & ~plain[first]
    chi2 = np.add.reduceat(np.where(used, weight * (values - np.nan_to_num(mean)[of_star]) ** 2, 0),
                           first)
    return {parameter: mean, f"n_{parameter}": number,
            f"e_{parameter}": np.where(has_error, np.sqrt(variance), np.nan),
            f"chi2_{parameter}": np.where(has_error & (number > 1), chi2, np.nan),
            f"flag_discrepant_{parameter}": has_error & disagree(chi2, number - 1)}
