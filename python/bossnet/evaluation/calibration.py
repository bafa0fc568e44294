"""From results with raw errors to weights whose card has a noise model: fit, check, write."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bossnet import __version__
from bossnet.errors import ConfigurationError
from bossnet.evaluation import drawing, noise_fit, text
from bossnet.evaluation.noise_fit import Fitted
from bossnet.evaluation.noise_pulls import PullRow
from bossnet.evaluation.quantities import QUANTITIES
from bossnet.evaluation.repeats import Array, Differences, Measured, against_labels, pairs
from bossnet.network.card import Card
from bossnet.network.frozen import FrozenNetwork, save
from bossnet.network.noise_model import NoiseModel

RECORD, TABLE, FIGURE = "calibration.json", "calibration.txt", "calibration.png"
REPEATS, LABELS = "pairs of visits", "results with labels"


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Pulls of differences that the model was not fitted to.

    Attributes:
        kind: `REPEATS` or `LABELS`.
        used: how many differences the model was fitted to.
        snr: (n,), the lower of each difference held out.
        raw: (n, 4), their pulls by the raw errors, in the order of `QUANTITIES`.
        modelled: (n, 4), by the modelled ones.
        before: widths of the raw pulls, over all and by S/N.
        after: of the modelled ones.
    """

    kind: str
    used: int
    snr: Array
    raw: Array
    modelled: Array
    before: list[PullRow]
    after: list[PullRow]


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A noise model, and how good it is.

    Attributes:
        model: without its origin.
        fitted: by column.
        checks: on what was held out: of repeats, of labels, of both.
    """

    model: NoiseModel
    fitted: Mapping[str, Fitted]
    checks: Sequence[Checked]


def calibrate(repeats: Measured | None, labelled: Measured | None, *, held_out: float, seed: int
              ) -> Calibrated:
    """Fits a noise model to the results of some stars, and tries it on the others'.

    Args:
        repeats: results of stars that have several.
        labelled: results with labels.
        held_out: the part of stars that it is not fitted to.
        seed: of their choice.

    Raises:
        ConfigurationError: there is too little to fit to.
    """
    given = {}
    if repeats is not None:
        given[REPEATS] = pairs(repeats)
    if labelled is not None:
        given[LABELS] = against_labels(labelled)
    sides = {kind: noise_fit.split(d, held_out, seed=seed) for kind, d in given.items()}
    fitted = noise_fit.fit(*(sides[kind][0] if kind in sides else None
                             for kind in (REPEATS, LABELS)))
    model = NoiseModel({c: f.law for c, f in fitted.items() if f.law is not None})
    if not model.laws:
        told = ", ".join(f"{len(some)} {kind}" for kind, (some, _) in sides.items())
        raise ConfigurationError(f"too little to fit a noise model to: {told} beside those held "
                                 f"out, at least {noise_fit.LEAST} are needed")
    return Calibrated(model, fitted, [_checked(kind, len(some), held, fitted, model)
                                      for kind, (some, held) in sides.items()])


def _checked(kind: str, used: int, held: Differences, fitted: Mapping[str, Fitted],
             model: NoiseModel) -> Checked:
    if kind == LABELS:  # an offset is no matter of errors
        held = replace(held, difference={c: d - fitted[c].offset
                                         for c, d in held.difference.items()})
    raw, modelled = noise_fit.pulls(held, NoiseModel()), noise_fit.pulls(held, model)
    return Checked(kind, used, held.snr.min(axis=1), raw, modelled, noise_fit.table(held, raw),
                   noise_fit.table(held, modelled))


def write(path: Path, frozen: FrozenNetwork, found: Calibrated, *, name: str,
          sources: Mapping[str, Any]) -> Card:
    """The network with the model in its card, as a new file; returns the card.

    Args:
        path: of the file, replaced if there.
        frozen: the network, which stays as it is.
        found: the noise model.
        name: of the new weights.
        sources: what the model was fitted to, for the card.
    """
    origin = {"created": datetime.now(UTC).isoformat(timespec="seconds"),
              "software": f"astra-bossnet {__version__}",
              "weights": {"name": frozen.card.name, "sha256": frozen.card.sha256},
              "sources": dict(sources), "checks": [_widths(c) for c in found.checks]}
    card = replace(frozen.card, name=name,
                   noise_model=replace(found.model, origin=origin).as_card())
    reference = None if frozen.reference is None else frozen.reference.arrays()
    return save(path, frozen.module.state_dict(), card, reference=reference)


def report(folder: Path, found: Calibrated, card: Card, *, figures: bool) -> str:
    """Writes record, table and figure to a folder; returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    said = described(found)
    record = {"weights": card.name, "sha256": card.sha256, "noise_model": card.noise_model,
              "fitted": {c: asdict(f) for c, f in found.fitted.items()},
              "checks": [{"kind": c.kind, "used": c.used, "held_out": len(c.snr),
                          "before": [asdict(r) for r in c.before],
                          "after": [asdict(r) for r in c.after]} for c in found.checks]}
    (folder / RECORD).write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    (folder / TABLE).write_text(said + "\n")
    if figures:
        drawing.calibration(folder / FIGURE, [(c.kind, c.snr, c.raw, c.modelled)
                                              for c in found.checks])
    return said


def described(found: Calibrated) -> str:
    """The model and its checks, for people."""
    parts = ["\n".join(_law(q.title, q.scatter_unit, found.fitted[q.column]) for q in QUANTITIES
                       if q.column in found.fitted)]
    for check in found.checks:
        before, after = (text.noise(rows, counted=check.kind.split()[0])
                         for rows in (check.before, check.after))
        parts += [f"{len(check.snr)} {check.kind} that it was not fitted to ({check.used} that it "
                  f"was), widths of their pulls by raw errors:\n{before}",
                  f"by modelled errors:\n{after}"]
    return "\n\n".join(parts)


def _law(title: str, unit: str, fitted: Fitted) -> str:
    law = fitted.law
    if law is None:
        return (f"{title}: raw errors are kept, as {fitted.number} differences are too few "
                f"({noise_fit.LEAST} are needed)")
    factors = ", ".join(f"{f:.3g}" + (f" at S/N {law.snr[i]:.3g}" if law.snr else "")
                        for i, f in enumerate(law.factor))
    offset = f", offset {fitted.offset:+.3g} {unit}" if fitted.offset else ""
    return (f"{title}: factor {factors}; floor {law.floor[0]:.3g} {unit}; from {fitted.number} "
            f"differences, {100 * fitted.outliers:.1f} % of them beyond all noise{offset}")


def _widths(check: Checked) -> dict[str, Any]:
    """For the card: widths over all that was held out."""
    def of(row: PullRow) -> dict[str, float]:
        return {c: round(w.width, 3) for c, w in row.of.items() if w.width is not None}

    return {"kind": check.kind, "used": check.used, "held_out": len(check.snr),
            "before": of(check.before[0]), "after": of(check.after[0])}
