"""From catalogues to one training table: one label a star, each with its provenance.

    spectra -> stars
    catalogue -> match -> kinds' rules -> claims, for each
    claims -> precedence -> [Fe/H], velocities -> thinning -> table
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.labels import product, thinning
from bossnet.labels.columns import Rows, read_rows
from bossnet.labels.configuration import Assembly, Programme, load
from bossnet.labels.isochrones import Isochrones, read_isochrones
from bossnet.labels.kinds import KINDS, Known, override, targeted
from bossnet.labels.matching import Match, find, stars
from bossnet.labels.product import Claim
from bossnet.labels.relations import fe_h_of_radius, galactic_radius
from bossnet.labels.velocities import adopt

TEFF, LOGG = (1700.0, 100_000.0), (0.0, 10.0)  #: what the training set covers (Section 2.2.6)
FE_H_TEFF, FE_H_LOGG = 3200.0, 5.0  #: [Fe/H] is valid above and below (Section 2.2.6)

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """A training table and how it came about.

    Attributes:
        table: one row a spectrum; see `docs/labels.rst` for its columns.
        summary: counts, reasons, how well the catalogues agree; for people and programs.
    """

    table: Table
    summary: dict[str, Any]


def assemble(path: Path) -> Assembled:
    """The training table that a file describes (Section 2.2, Appendix A).

    Raises:
        ConfigurationError: the file, a table that it names, or a column is not there or wrong.
    """
    assembly = load(path)
    folder = path.parent
    spectra = _spectra(folder, assembly)
    star = stars(spectra)
    claims = list(_claims(folder, assembly, spectra, star))
    chances = thinning.chance(star, assembly.seed)
    chosen, source = _precedence(claims, star, spectra.text("spectrum"), chances)
    teff, logg, fe_h = (_taken(claims, chosen, key) for key in ("teff", "logg", "fe_h"))
    fe_h_from = np.where(np.isfinite(fe_h), source, "")
    _young_fe_h(spectra, star, assembly, fe_h, fe_h_from)
    without = ~((teff > FE_H_TEFF) & (logg < FE_H_LOGG))
    fe_h[without], fe_h_from[without] = np.nan, ""
    kept = _thinned(assembly, claims, chosen, star, chances, teff, logg)
    v_rad, v_rad_from = adopt(folder, spectra, star, assembly.velocities)
    made = product.table(spectra, claims, chosen, {
        "star": star, "teff": teff, "log_teff": np.log10(teff), "logg": logg, "fe_h": fe_h,
        "v_rad": v_rad, "catalogue": source, "fe_h_from": fe_h_from, "v_rad_from": v_rad_from,
    })[kept & (source != "")]
    made.sort("spectrum")
    summary = product.summary(made, claims, star, spectra, int(np.sum(~kept & (source != ""))))
    made.meta["comments"] = [f"seed {assembly.seed}", *(
        f"sha256 {digest} of {name}" for name, digest in _digests(path, assembly))]
    return Assembled(made, summary)


def _spectra(folder: Path, assembly: Assembly) -> Rows:
    spectra = read_rows(folder, assembly.spectra)
    spectra.need("spectrum", because="the table of spectra")
    names = Counter(spectra.text("spectrum").tolist())
    twice = [name for name, number in names.items() if number > 1 or not name]
    if twice:
        raise ConfigurationError(f"{spectra.path}: a spectrum has one row and a name; not so "
                                 f"{', '.join(twice[:3]) or 'an empty one'}")
    return spectra


def _claims(folder: Path, assembly: Assembly, spectra: Rows, star: NDArray[np.str_]
            ) -> Iterator[Claim]:
    """What each catalogue says, in their precedence; those that need predictions only with them."""
    isochrones = read_isochrones(folder / assembly.isochrones) if assembly.isochrones else None
    predictions = _predictions(folder, assembly, spectra)
    programmes = {meaning: _of_star(star, of) for meaning, of in targeted(
        spectra.text("programmes"), assembly.programmes, get_args(Programme)).items()}
    read: dict[str, tuple[Rows, Match]] = {}
    for catalogue in assembly.catalogues:
        if catalogue.table is not None:
            rows = read_rows(folder, catalogue.table)
            read[catalogue.name] = rows, find(spectra, rows, catalogue.table)
    # A kind that takes all from the predictions has a row of these for each spectrum.
    itself = spectra, Match(np.arange(spectra.size), np.full(spectra.size, np.nan))
    for catalogue in assembly.catalogues:
        rules = KINDS[catalogue.kind]
        if rules.predicted and not predictions:
            continue
        rows, match = read.get(catalogue.name, itself)
        rows.need(*rules.needs, because=f"{catalogue.name} ({catalogue.kind})")
        labels = rules.labels(_known(spectra, rows, match, predictions, programmes, isochrones))
        if catalogue.overridden_by:
            other = KINDS["payne"].labels(_known(
                spectra, *read[catalogue.overridden_by], predictions, programmes, isochrones))
            override(labels, other, catalogue.overridden_by)
        labels.refuse(~(_between(labels.teff, TEFF) & _between(labels.logg, LOGG)),
                      "Teff or log g is outside the training set's range")
        yield Claim(catalogue, match, labels, (match.row >= 0) & (labels.refused == ""))


def _known(spectra: Rows, rows: Rows, match: Match, predictions: dict[str, Numbers],
           programmes: dict[str, Truths], isochrones: Isochrones | None) -> Known:
    return Known(spectra, rows, match.row, predictions, programmes, isochrones)


def _predictions(folder: Path, assembly: Assembly, spectra: Rows) -> dict[str, Numbers]:
    """Teff and log g that an earlier network predicts, (N,) each; none in the first iteration."""
    if assembly.predictions is None:
        return {}
    rows = read_rows(folder, assembly.predictions)
    rows.need("teff", "logg", because="the table of predictions")
    row = find(spectra, rows, assembly.predictions).row
    return {key: np.where(row >= 0, rows.number(key)[row], np.nan) for key in ("teff", "logg")}


def _precedence(claims: Sequence[Claim], star: NDArray[np.str_], names: NDArray[np.str_],
                chances: Numbers) -> tuple[Indices, NDArray[np.str_]]:
    """(N, 2) the claim and the spectrum whose row labels each spectrum's star, -1 without one;
    (N,) the catalogue's name.

    Of several spectra of a star with a row of their own, the first by name counts.
    """
    chosen = np.full((star.size, 2), -1)
    source = np.full(star.size, "", "U60")
    order = np.argsort(names, kind="stable")
    for k, claim in enumerate(claims):
        first: dict[str, int] = {}
        for i in order[claim.accepted[order] & (chosen[order, 0] < 0)].tolist():
            first.setdefault(star[i], i)
        if claim.catalogue.most:
            index = np.array(list(first.values()), np.int64)
            kept = thinning.most(chances[index], np.ones(index.size, bool), claim.catalogue.most)
            first = {star[i]: i for i in index[kept].tolist()}
        for i, name in enumerate(star.tolist()):
            if chosen[i, 0] < 0 and name in first:
                chosen[i] = k, first[name]
                source[i] = claim.catalogue.name
    return chosen, source


def _taken(claims: Sequence[Claim], chosen: Indices, key: str) -> Numbers:
    """(N,) a label as the chosen rows have it."""
    values = np.full(len(chosen), np.nan)
    for k, claim in enumerate(claims):
        here = chosen[:, 0] == k
        values[here] = getattr(claim.labels, key)[chosen[here, 1]]
    return values


def _young_fe_h(spectra: Rows, star: NDArray[np.str_], assembly: Assembly, fe_h: Numbers,
                fe_h_from: NDArray[np.str_]) -> None:
    """[Fe/H] of every target of ABYSS, of any Teff, by equation 1; none where it says nothing."""
    young = _of_star(star, targeted(spectra.text("programmes"), assembly.programmes,
                                    ("abyss",))["abyss"])
    if not young.any():
        return
    spectra.need("ra", "dec", "parallax", because="[Fe/H] of targets of ABYSS (equation 1)")
    place = [spectra.number(key)[young] for key in ("ra", "dec", "parallax")]
    fe_h[young] = fe_h_of_radius(galactic_radius(*place))
    fe_h_from[young] = np.where(np.isfinite(fe_h[young]), "equation 1", "")


def _thinned(assembly: Assembly, claims: Sequence[Claim], chosen: Indices,
             star: NDArray[np.str_], chances: Numbers, teff: Numbers, logg: Numbers) -> Truths:
    """(N,) which spectra stay where crowded regions are thinned, by whole stars."""
    labelled = np.flatnonzero(chosen[:, 0] >= 0)
    _, first = np.unique(star[labelled], return_index=True)
    one = labelled[first]  # a spectrum of each star
    log_teff = np.log10(teff[one])
    crowding = np.array([claims[k].catalogue.kind == "hot_payne"
                         and not claims[k].labels.relation[i].startswith("overridden")
                         for k, i in chosen[one].tolist()], bool)
    kept = thinning.at_edge(chances[one], log_teff, crowding, assembly.thinning)
    some = np.flatnonzero(kept)
    kept[some] = thinning.in_cells(chances[one[some]], log_teff[some], logg[one[some]],
                                   assembly.thinning)
    return ~np.isin(star, star[one[~kept]])


def _of_star(star: NDArray[np.str_], truths: Truths) -> Truths:
    """(N,) whether it is true for any spectrum of the star."""
    return np.isin(star, star[truths])


def _between(values: Numbers, limits: tuple[float, float]) -> Truths:
    return (values > limits[0]) & (values < limits[1])


def _digests(path: Path, assembly: Assembly) -> Iterator[tuple[str, str]]:
    """The sha256 of all files that the table was made of."""
    tables = [assembly.spectra, assembly.predictions, *(c.table for c in assembly.catalogues),
              *(v.table for v in assembly.velocities)]
    files = dict.fromkeys([path.name, *(t.file for t in tables if t is not None),
                           *([assembly.isochrones] if assembly.isochrones else [])])
    for name in files:
        yield name, hashlib.sha256((path.parent / name).read_bytes()).hexdigest()
