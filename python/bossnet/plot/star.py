"""All that a figure of one star shows, as numbers and words, apart from drawing it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.anywhere.predicting import default_weights, weights_named
from bossnet.config import Config
from bossnet.errors import ConfigurationError
from bossnet.flags import FAILED, FLAGS, Flag
from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.plot import drivers, lines
from bossnet.plot.masks import Masks, masks
from bossnet.plot.passes import Passes, in_kelvin, passes
from bossnet.plot.subject import Subject
from bossnet.quality import covered
from bossnet.simulation.wavelengths import doppler_factor
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import Task

DRAWS = 20  #: where no run says how many
ORDER = ("teff", "logg", "fe_h", "v_rel")  #: of the parameters
SAME = 0.01  #: of a label's standard deviation: a row that was made again agrees better than this

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """Where one parameter comes from.

    Attributes:
        column: of the results table: ``teff`` in place of ``log_teff``.
        unit: of the response; empty where it is dex.
        response: (L,) on the grid, what the parameter changes by; see `drivers`.
        drivers: the peaks of its strength, the strongest first.
    """

    column: str
    unit: str
    response: NDArray[np.float64]
    drivers: list[drivers.Driver]


@dataclass(frozen=True, slots=True, eq=False)
class Star:
    """What there is to show of one spectrum.

    Attributes:
        subject: the spectrum.
        network: that saw it.
        weights: its name, for people.
        values: the result's columns: those of the row in the database where these weights made it.
        result_flags: bits of `flags.FLAGS`.
        message: why there are no parameters, else empty.
        notes: what is to be said of it.
        row: values of a row in the database that other weights have made.
        spectrum: None where it could not be read.
        masks: of the spectrum.
        passes: None where there are no parameters.
        n_draws: of ``passes.draws``, how many the result's own are; the others were asked for.
        drives: one a parameter, in the order they are shown.
        velocity: km/s in the frame of the spectrum, by which the lines are shifted.
        window: angstrom; see `drivers`.
        chance: the fraction of wavelengths where a peak would be given a name by chance.
    """

    subject: Subject
    network: Network
    weights: str
    values: Values
    result_flags: int
    message: str
    notes: tuple[str, ...] = ()
    row: Values | None = None
    spectrum: Spectrum | None = None
    masks: Masks | None = None
    passes: Passes | None = None
    n_draws: int = 0
    drives: tuple[Drive, ...] = ()
    velocity: float = 0.0
    window: float = 0.0
    chance: float = 0.0

    @property
    def grid(self) -> NDArray[np.float64]:
        """(L,) angstrom."""
        return self.network.grid.astype(np.float64)

    @property
    def flags(self) -> list[Flag]:
        """Those that are set, the bad ones first."""
        return sorted((f for f in FLAGS if self.result_flags & f.mask),
                      key=lambda f: (not f.bad, not f.warn, f.bit))

    def as_dict(self, *, most: int = 10) -> dict[str, Any]:
        """The result, its flags, and the strongest drivers of each parameter."""
        return {
            "spectrum": self.subject.name, "weights": self.weights, **self.values,
            "result_flags": self.result_flags,
            "flags": {f.name: f.meaning for f in self.flags}, "notes": list(self.notes),
            "error_message": self.message or None, "n_draws": self.n_draws,
            "velocity_of_lines": self.velocity, "window": self.window,
            "chance_of_a_name": self.chance,
            "drivers": {d.column: [_of_driver(one) for one in d.drivers[:most]]
                        for d in self.drives}}


def star(subject: Subject, frozen: FrozenNetwork, task: type[Task], *, draws: int | None = None,
         seed: int | None = None) -> Star:
    """What there is to show of a spectrum.

    Where the same weights and seed made its row in the database, that is the result, and the draws
    are the row's own, maybe with more behind them; else the result is predicted now.

    Args:
        subject: the spectrum.
        frozen: the network that sees it.
        task: the network's task.
        draws: noise realisations; None: as many as its run had, else 20.
        seed: of the noise; None: that of its run, else 0.
    """
    run = subject.row or {}
    own = DRAWS if run.get("_n_draws") is None else int(run["_n_draws"])
    used = int(run.get("_seed") or 0) if seed is None else seed
    is_row = run.get("_weights_sha256") == frozen.card.sha256 and used == run.get("_seed")
    number = own if draws is None else draws
    predicted = _predicted(subject, frozen, task, own if is_row else number, used)
    shown = _of_row(predicted, run, frozen) if is_row else _beside(predicted, run)
    if frozen.card.status == "demonstration":
        shown = _noted(shown, f"weights {frozen.card.name} are a demonstration, not for science")
    if subject.observation.spectrum is None or predicted.result_flags & FAILED:
        return shown
    return _with_passes(shown, frozen, n_draws=number, own=own if is_row else number, seed=used)


def weights_of(network: Network, name: str | None, config: Config,
               row: Mapping[str, Any] | None = None) -> FrozenNetwork:
    """The weights to show a spectrum with: named, else those that made its row.

    Where it has no row, those of the configuration, else those that come with the package.

    Args:
        network: that reads the spectrum.
        name: or path, of the weights.
        config: the configuration.
        row: of the spectrum, as of `Subject`.

    Raises:
        ConfigurationError: they are not here.
        WeightsError: they are damaged.
    """
    of_row = row and (row.get("_weights") or row.get("weights"))
    try:
        return weights_named(name or of_row or default_weights(network, config), config)
    except ConfigurationError as e:
        if name or not row or not of_row:
            raise
        raise ConfigurationError(f"the spectrum's row was made by weights {of_row} (sha256 "
                                 f"{row['_weights_sha256']}): {e}; or give --weights") from e


def _predicted(subject: Subject, frozen: FrozenNetwork, task: type[Task], draws: int, seed: int
               ) -> Star:
    """What the task says of the spectrum, without what the network saw."""
    made = task(DirectPredictor(frozen, task.network), n_draws=draws, seed=seed)
    result, = made.run([subject.observation])
    values = dict(result.values)
    if subject.is_topocentric and "v_rad" in values:
        values |= {"v_rad": None, "e_v_rad": None}
    spectrum = subject.observation.spectrum
    return Star(subject, task.network, frozen.card.name, values, result.result_flags,
                result.error_message, subject.notes, spectrum=spectrum,
                masks=None if spectrum is None else masks(spectrum, task.network))


def _of_row(predicted: Star, run: Mapping[str, Any], frozen: FrozenNetwork) -> Star:
    """The row in the database, which these weights made, in place of what is predicted now."""
    names = [name for name in run if name.startswith(("e_", "raw_e_", "med_", "rho_"))]
    columns = [p.column for p in predicted.network.parameters]
    values = {name: run[name] for name in ("teff", *columns, "v_rad", "snr", *names)
              if name in run}
    shown = replace(predicted, values=values, result_flags=run["result_flags"],
                    message=run["error_message"] or "")
    for parameter, std in zip(predicted.network.parameters, frozen.card.label_std, strict=True):
        now, then = predicted.values.get(parameter.column), values[parameter.column]
        if (now is None) != (then is None) or (
                now is not None and then is not None and abs(now - then) > SAME * std):
            shown = _noted(shown, f"the row says {parameter.column} {_said(then)}, and now it is "
                           f"{_said(now)}: the file has changed since")
    if run["uncertainty_method"] == "linear":
        shown = _noted(shown, "errors and ellipses are by linear propagation; the draws were made "
                       "for this figure")
    return shown


def _beside(predicted: Star, run: Mapping[str, Any]) -> Star:
    """What is predicted now, with the row of other weights beside it, if there is one."""
    if not run:
        if not predicted.subject.is_registered:
            return predicted
        return _noted(predicted, f"no row in {predicted.network.table} yet: predicted now")
    row = {name: run[name] for name in predicted.values if name in run}
    return _noted(replace(predicted, row=row), f"the row in the database (dashed) was made by "
                  f"weights {run['weights']} with seed {run['_seed']}")


def _with_passes(shown: Star, frozen: FrozenNetwork, *, n_draws: int, own: int, seed: int) -> Star:
    """With what the network saw, its draws, and what drives each parameter."""
    observation, network, values = shown.subject.observation, shown.network, shown.values
    spectrum = observation.spectrum
    assert spectrum is not None
    seen = passes(frozen, network, Exposure(spectrum.flux, spectrum.error, spectrum.wavelength,
                                            observation.noise_key), n_draws=n_draws, seed=seed)
    velocity = values.get("v_rel") or 0.0
    if abs(velocity) > network.limits.v_rad:
        velocity = 0.0
    grid, factor = shown.grid, doppler_factor(velocity)
    stars = [line.at(factor) for line in lines.of_stars(network.kind, values.get("teff"))]
    earth = lines.of_the_earth(network.kind)
    reached = covered(spectrum, grid)
    drives = []
    for i, parameter in enumerate(network.parameters):
        is_teff = parameter.column == "log_teff"
        response = drivers.response(seen.slopes[i]
                                    * (in_kelvin(seen.outputs[i]) if is_teff else 1.0))
        drives.append(Drive("teff" if is_teff else parameter.column,
                            "K" if is_teff else parameter.unit, response,
                            drivers.drivers(grid, response, stars, earth, covered=reached)))
    drives.sort(key=lambda drive: (*ORDER, drive.column).index(drive.column))
    return replace(shown, passes=seen, n_draws=min(own, n_draws), drives=tuple(drives),
                   velocity=velocity, window=drivers.window(grid),
                   chance=drivers.chance(grid, stars))


def _of_driver(one: drivers.Driver) -> dict[str, Any]:
    return {"name": one.name or None, "wavelength": round(one.wavelength, 2),
            "response": one.response, "strength": round(one.strength, 2),
            "line": None if one.line is None else [one.line.first, one.line.last],
            "atmosphere": None if one.earth is None else one.earth.name}


def _noted(shown: Star, note: str) -> Star:
    return replace(shown, notes=(*shown.notes, note))


def _said(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"
