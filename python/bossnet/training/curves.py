"""How a training went: losses, learning rate and scatter, from its history to a figure.

`read` gives the numbers, for reports too; `draw` needs matplotlib (extra ``report``).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CURVES = "curves.png"
DPI = 130
_GREY, _INK, _COLOUR = "0.55", "0.15", "#d95f02"

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """A training's numbers at its N checkpoints; NaN where one is not there.

    Attributes:
        step: (N,) of the optimiser.
        loss: (N,) mean over the steps since the checkpoint before.
        validation: (N,) loss on the validation spectra.
        rate: (N,) learning rate.
        group: the validation's first group, whose scatter is shown; empty without one.
        sigma: parameter -> (N,) robust sigma in that group, in the parameter's unit.
    """

    step: Array
    loss: Array
    validation: Array
    rate: Array
    group: str
    sigma: Mapping[str, Array]

    @property
    def best(self) -> int | None:
        """The checkpoint of the lowest validation loss; None where nothing was validated."""
        known = np.isfinite(self.validation)
        return int(np.nanargmin(self.validation)) if known.any() else None


def read(history: Path) -> Curves:
    """The curves of a training's ``history.jsonl``."""
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    validations = [line.get("validation", {}) for line in lines]
    tables = [v.get("groups", {}) for v in validations]
    group = next((name for table in tables for name in table), "")
    names = dict.fromkeys(name for table in tables for name in table.get(group, {}))

    def column(values: Iterable[Any]) -> Array:
        return np.array(list(values), np.float64)

    return Curves(
        step=column(line["step"] for line in lines), loss=column(line["loss"] for line in lines),
        validation=column(v.get("loss", np.nan) for v in validations),
        rate=column(line["rate"] for line in lines), group=group,
        sigma={name: column(table.get(group, {}).get(name, [np.nan])[0] for table in tables)
               for name in names})


def drawable() -> bool:
    """Whether matplotlib is there."""
    return find_spec("matplotlib") is not None


def draw(path: Path, curves: Curves, units: Mapping[str, str]) -> None:
    """Losses and learning rate above, the scatter of each parameter below.

    Args:
        path: of the PNG file.
        curves: what to draw.
        units: of the parameters; dex where not named.
    """
    from matplotlib.figure import Figure

    columns = max(len(curves.sigma), 2)
    figure = Figure(figsize=(3.2 * columns, 6.0 if curves.sigma else 3.2), layout="constrained")
    parts = figure.subfigures(2 if curves.sigma else 1, 1, squeeze=False)[:, 0]
    losses, rate = parts[0].subplots(1, 2)
    losses.plot(curves.step, curves.loss, color=_GREY, label="training, weighted")
    losses.plot(curves.step, curves.validation, color=_INK, label="validation")
    losses.set(ylabel="loss")
    _finish(losses, curves, curves.validation)
    rate.plot(curves.step, curves.rate, color=_INK)
    rate.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
    if curves.sigma:
        parts[1].suptitle(f"robust sigma on validation: {curves.group}", fontsize=10)
        panels = parts[1].subplots(1, len(curves.sigma), squeeze=False)[0]
        for panel, (name, sigma) in zip(panels, curves.sigma.items(), strict=True):
            panel.plot(curves.step, sigma, color=_INK)
            panel.set(ylabel=f"{name} [{units.get(name) or 'dex'}]")
            _finish(panel, curves, sigma)
    figure.savefig(path, dpi=DPI)


def _finish(axis: Any, curves: Curves, values: Array) -> None:
    """A logarithmic axis in plain numbers, and the checkpoint whose weights are kept."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    best = curves.best
    if best is not None:
        axis.plot(curves.step[best], values[best], "o", ms=5, color=_COLOUR,
                  label=f"{values[best]:.3g} at step {curves.step[best]:.0f}")
    axis.set(yscale="log", xlabel="step")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0, 7.0)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.legend(frameon=False, fontsize=8, loc="upper right")
