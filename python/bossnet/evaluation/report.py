"""The folder of an evaluation: tables for people and programs, every spectrum, figures."""

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table, vstack
from numpy.typing import NDArray

from bossnet.evaluation import drawing, figures, text
from bossnet.evaluation.groups import Group, divisions, region_names
from bossnet.evaluation.judging import Foreign, Judged
from bossnet.evaluation.noise_pulls import Realisations, pull_table
from bossnet.evaluation.quantities import COLUMNS, QUANTITIES
from bossnet.evaluation.sample import Outcomes, Sample
from bossnet.evaluation.statistics import table
from bossnet.flags import names as flag_names
from bossnet.work.provenance import of_this_process

RECORD, TABLE, RESULTS, REALISATIONS = ("evaluation.json", "table.txt", "results.ecsv",
                                        "noise_pulls.ecsv")
DIGITS = 5  #: after the point, in the tables of spectra

Array = NDArray[np.float64]


def settings(command: Sequence[str], *, n_draws: int, seed: int, device: str,
             foreign: Foreign | None = None) -> dict[str, Any]:
    """How and by what an evaluation was made."""
    made = {} if foreign is None else {"foreign": {
        "number": foreign.number, "stars": len(foreign.stars), "origin": foreign.origin}}
    return {"command": shlex.join(command), "created": datetime.now(UTC).isoformat(),
            **of_this_process(), "n_draws": n_draws, "seed": seed, "device": device, **made}


def write(folder: Path, sample: Sample, networks: Sequence[Judged], *, settings: dict[str, Any],
          figures: bool = True) -> tuple[dict[str, Any], str]:
    """Writes everything, replacing files of the same names.

    Args:
        folder: made if need be.
        sample: what the networks were judged on.
        networks: one or more.
        settings: of the evaluation, for the record.
        figures: whether to draw them.

    Returns:
        The record, as in `RECORD`, and the text, as in `TABLE`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first = networks[0].outcomes
    snr = np.where(np.isfinite(sample.snr), sample.snr, first.snr)
    groups = divisions(sample.labels, snr, sample.subsets, first.surveys)
    record = {**settings, "sources": list(sample.origin), "spectra": _counts(first, len(sample)),
              "quantities": [{"column": q.column, "unit": q.scatter_unit} for q in QUANTITIES],
              "networks": [_record(n, sample, groups) for n in networks]}
    said = _text(record, networks, sample, groups)
    vstack([_results(n, sample, snr) for n in networks], metadata_conflicts="silent").write(
        folder / RESULTS, format="ascii.ecsv", overwrite=True)
    realised = [(n, n.realisations) for n in networks if n.realisations is not None]
    if realised:
        vstack([_realised(n, r) for n, r in realised], metadata_conflicts="silent").write(
            folder / REALISATIONS, format="ascii.ecsv", overwrite=True)
    record["figures"] = _draw(folder, sample, snr, networks) if figures else []
    (folder / RECORD).write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    (folder / TABLE).write_text(said + "\n")
    return record, said


def _counts(outcomes: Outcomes, number: int) -> dict[str, Any]:
    """How many there were, and how many have no parameters, by the reason."""
    failed = Counter(r.outcome.name.lower() for r in outcomes.results if "teff" not in r.values)
    return {"number": number, "failed": failed.total(), "reasons": dict(failed)}


def _record(network: Judged, sample: Sample, groups: Sequence[Group]) -> dict[str, Any]:
    o, card = network.outcomes, network.card
    flags = Counter(name for r in o.results for name in flag_names(r.result_flags))
    record: dict[str, Any] = {
        "name": network.name, "weights": card.name, "sha256": card.sha256, "status": card.status,
        "path": str(network.path), "flags": dict(flags.most_common()),
        "flag_bad": sum(r.flag_bad for r in o.results),
        "flag_warn": sum(r.flag_warn for r in o.results),
        "table": [asdict(row) for row in table(groups, sample.labels, o.predicted, o.error)]}
    if network.realisations is not None:
        r = network.realisations
        record["noise_pulls"] = {
            "stars": len(np.unique(r.names)), "realisations": int(r.predicted.shape[1]),
            "table": [asdict(row) for row in pull_table(_pull_groups(r), r.pulls)]}
    if network.rates is not None:
        record["foreign"] = [asdict(rate) for rate in network.rates]
    return record


def _pull_groups(r: Realisations) -> list[Group]:
    return divisions(r.labels, r.snr, r.subsets, r.surveys)


def _text(record: dict[str, Any], networks: Sequence[Judged], sample: Sample,
          groups: Sequence[Group]) -> str:
    counts = record["spectra"]
    lines = [f"{counts['number']} spectra, {counts['failed']} without parameters"
             + "".join(f"; {n} {name}" for name, n in counts["reasons"].items())]
    lines += [f"{n.name}: {n.card.status}, sha256 {n.card.sha256[:12]}, "
              f"{sum(r.flag_bad for r in n.outcomes.results)} spectra with flag_bad, "
              f"{sum(r.flag_warn for r in n.outcomes.results)} with flag_warn (all count)"
              for n in networks]
    tables = [table(groups, sample.labels, n.outcomes.predicted, n.outcomes.error)
              for n in networks]
    parts = ["\n".join(lines), text.one(tables[0]) if len(networks) == 1
             else text.beside([n.name for n in networks], tables)]
    for n in networks:
        if n.realisations is not None:
            r = n.realisations
            parts += [f"Pulls of noise, {n.name}: (prediction - its mean over "
                      f"{r.predicted.shape[1]} realisations) / uncertainty\n"
                      + text.noise(pull_table(_pull_groups(r), r.pulls))]
    if any(n.rates is not None for n in networks):
        parts += [_foreign(n) for n in networks]
        parts += ["flagged: how often flag_out_of_distribution is set; a limit is made for 1 % of "
                  "ordinary stars.\ndistance: to the training set, the median. Observed with each "
                  "instrument of the kind in turn."]
    return "\n\n".join(parts)


def _foreign(network: Judged) -> str:
    if network.rates is None:
        return f"Foreign spectra, {network.name}: it has no ood_limit and flags nothing"
    return (f"Foreign spectra, {network.name}: {network.rates[0].number} of each kind and S/N\n"
            + text.foreign(figures.by_kind(network.rates)))


def _results(network: Judged, sample: Sample, snr: Array) -> Table:
    """A row a spectrum: labels, predictions, uncertainties, flags."""
    o = network.outcomes
    rows = Table({"weights": np.full(len(sample), network.name), "name": sample.names,
                  "subset": sample.subsets, "survey": o.surveys,
                  "region": region_names(sample.labels), "snr": _short(snr)})
    raw = np.array([[r.values.get(f"raw_e_{q.column}") for q in QUANTITIES] for r in o.results],
                   np.float64).reshape(o.error.shape)
    for i, q in enumerate(QUANTITIES):
        for name, values in ((f"label_{q.column}", sample.labels), (q.column, o.predicted),
                             (f"e_{q.column}", o.error), (f"raw_e_{q.column}", raw)):
            rows[name] = _short(values[:, i])
            rows[name].unit = q.scatter_unit.replace("km/s", "km / s")
    rows["result_flags"] = [r.result_flags for r in o.results]
    rows["flags"] = [" ".join(flag_names(r.result_flags)) for r in o.results]
    rows["error_message"] = [r.error_message for r in o.results]
    return rows


def _realised(network: Judged, r: Realisations) -> Table:
    """A row a noise realisation."""
    m, number, _ = r.predicted.shape

    def each(values: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(values, number)

    rows = Table({"weights": np.full(m * number, network.name), "name": each(r.names),
                  "subset": each(r.subsets), "survey": each(r.surveys),
                  "region": each(region_names(r.labels)), "snr": each(r.snr),
                  "realisation": np.tile(np.arange(number), m)})
    for i, column in enumerate(COLUMNS):
        rows[column] = _short(r.predicted[..., i].ravel())
        rows[f"e_{column}"] = _short(r.error[..., i].ravel())
    return rows


def _short(values: Array) -> Array:
    return np.round(values, DIGITS)


def _draw(folder: Path, sample: Sample, snr: Array, networks: Sequence[Judged]) -> list[str]:
    names, outcomes = [n.name for n in networks], [n.outcomes for n in networks]
    drawing.versus_labels(folder / drawing.VERSUS, names, sample.labels, snr, outcomes)
    made = [drawing.VERSUS]
    if any(np.isfinite(o.error).any() for o in outcomes):
        drawing.uncertainties(folder / drawing.UNCERTAINTIES, names, sample.labels, outcomes)
        drawing.pulls(folder / drawing.PULLS, names, sample.labels, outcomes)
        made += [drawing.UNCERTAINTIES, drawing.PULLS]
    realised = [(n.name, n.realisations) for n in networks if n.realisations is not None]
    if realised:
        drawing.noise_pulls(folder / drawing.NOISE_PULLS, [name for name, _ in realised],
                            [r for _, r in realised])
        made.append(drawing.NOISE_PULLS)
    flagged = [(n.name, figures.by_kind(n.rates)) for n in networks if n.rates is not None]
    if flagged:
        drawing.foreign(folder / drawing.FOREIGN, [name for name, _ in flagged],
                        [table for _, table in flagged])
        made.append(drawing.FOREIGN)
    return made
