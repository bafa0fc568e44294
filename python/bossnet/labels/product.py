"""The training table, and how it came about in numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from astropy import units
from astropy.table import Column, Table
from numpy.typing import NDArray

from bossnet.evaluation.statistics import LEAST, robust_sigma
from bossnet.labels.columns import Rows
from bossnet.labels.configuration import Catalogue
from bossnet.labels.kinds import Labels
from bossnet.labels.matching import Match

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """What one catalogue says of the N spectra.

    Attributes:
        catalogue: which.
        match: its rows.
        labels: by its rules.
        accepted: (N,) whether its row counts.
    """

    catalogue: Catalogue
    match: Match
    labels: Labels
    accepted: Truths


_UNITS = {"teff": units.K, "v_rad": units.km / units.s, "ra": units.deg, "dec": units.deg,
          "separation": units.arcsec}
_DESCRIPTIONS = {
    "spectrum": "Name of the spectrum.", "survey": "Its survey.",
    "star": "Its star; spectra of one star are in one split.",
    "ra": "Right ascension.", "dec": "Declination.",
    "teff": "Effective temperature.", "log_teff": "log10 of effective temperature.",
    "logg": "Surface gravity, dex of cm/s^2.", "fe_h": "[Fe/H], dex; NaN: no label.",
    "v_rad": "Barycentric radial velocity; NaN: no label.",
    "catalogue": "Where Teff and log g are from.",
    "catalogue_row": "Row of that catalogue, from 0.",
    "relation": "How they were had from it.",
    "matched_spectrum": "The star's spectrum for which that row was found.",
    "matched_by": "Identifier, or position.",
    "separation": "From that row's position; NaN: by identifier.",
    "fe_h_from": "Where [Fe/H] is from.", "v_rad_from": "Where the velocity is from."}


def table(spectra: Rows, claims: Sequence[Claim], chosen: Indices, known: dict[str, NDArray]
          ) -> Table:
    """One row a spectrum."""
    n = spectra.size
    found: dict[str, NDArray] = known | {
        key: spectra.text(key) for key in ("spectrum", "survey")} | {
        key: spectra.number(key) for key in ("ra", "dec")} | {
        "catalogue_row": np.full(n, -1), "relation": np.full(n, "", "U60"),
        "matched_spectrum": np.full(n, "", spectra.text("spectrum").dtype),
        "matched_by": np.full(n, "", "U16"), "separation": np.full(n, np.nan)}
    for k, claim in enumerate(claims):
        here = chosen[:, 0] == k
        of = chosen[here, 1]
        found["catalogue_row"][here] = claim.match.row[of] if claim.catalogue.table else -1
        found["relation"][here] = claim.labels.relation[of]
        found["matched_spectrum"][here] = spectra.text("spectrum")[of]
        found["matched_by"][here] = (claim.catalogue.table.match if claim.catalogue.table
                                     else "predictions")
        found["separation"][here] = claim.match.separation[of]
    return Table([Column(found[name], name, description=text, unit=_UNITS.get(name))
                  for name, text in _DESCRIPTIONS.items()])


def summary(made: Table, claims: Sequence[Claim], star: NDArray[np.str_], spectra: Rows,
            thinned: int) -> dict[str, Any]:
    catalogues = {}
    for claim in claims:
        matched = claim.match.row >= 0
        labelled = made["catalogue"] == claim.catalogue.name
        catalogues[claim.catalogue.name] = {
            "kind": claim.catalogue.kind, "matched": int(matched.sum()),
            "accepted": int(claim.accepted.sum()), "labelled": int(labelled.sum()),
            "stars": len(np.unique(made["star"][labelled])),
            "refused": dict(Counter(claim.labels.refused[matched & ~claim.accepted].tolist()
                                    ).most_common())}
    surveys = {survey: {"spectra": int(here.sum()),
                        "with_fe_h": int(np.isfinite(made["fe_h"][here]).sum()),
                        "with_v_rad": int(np.isfinite(made["v_rad"][here]).sum())}
               for survey in sorted(set(made["survey"].tolist()))
               for here in [np.asarray(made["survey"] == survey)]}
    return {"spectra": spectra.size, "stars": len(np.unique(star)), "labelled": len(made),
            "labelled_stars": len(np.unique(made["star"])), "thinned": thinned,
            "surveys": surveys, "catalogues": catalogues, "agreement": _agreement(claims, star)}


def _agreement(claims: Sequence[Claim], star: NDArray[np.str_]) -> list[dict[str, Any]]:
    """How well each two catalogues agree on the stars that both have (Table 2, top)."""
    of_star = []
    for claim in claims:
        _, first = np.unique(star[claim.accepted], return_index=True)
        of_star.append(np.flatnonzero(claim.accepted)[first])
    found = []
    for a, b in combinations(range(len(claims)), 2):
        _, left, right = np.intersect1d(star[of_star[a]], star[of_star[b]], return_indices=True)
        if left.size < LEAST:
            continue
        entry: dict[str, Any] = {"a": claims[a].catalogue.name, "b": claims[b].catalogue.name,
                                 "stars": int(left.size)}
        for key in ("log_teff", "logg", "fe_h"):
            x, y = (_label(claims[c].labels, key)[of_star[c][side]]
                    for c, side in ((a, left), (b, right)))
            difference = (x - y)[np.isfinite(x - y)]
            if difference.size >= LEAST:
                entry[key] = {"sigma": robust_sigma(difference),
                              "offset": float(np.median(difference))}
        found.append(entry)
    return found


def _label(labels: Labels, key: str) -> Numbers:
    return np.log10(labels.teff) if key == "log_teff" else getattr(labels, key)
