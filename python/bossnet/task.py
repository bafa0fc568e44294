"""The main job, pure and in memory: spectra in, parameters, uncertainties and flags out.

    observation -> (prepare -> predict) -> describe -> model the errors -> flag -> result

Files, tables and processes are around it, in `work`.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from bossnet.errors import DeviceLostError
from bossnet.flags import BAD, WARN, Case, Outcome, judge
from bossnet.network.apogee import APOGEE
from bossnet.network.boss import BOSS
from bossnet.network.declaration import Network
from bossnet.network.device import is_lost
from bossnet.network.noise_model import effective
from bossnet.network.prediction import Exposure, Predictions, Predictor
from bossnet.observation import Observation
from bossnet.quality import Quality, assess
from bossnet.spectra.spectrum import Spectrum

if TYPE_CHECKING:  # it stands around this module, and imports it
    from bossnet.config import Config
    from bossnet.work.settings import Settings
    from bossnet.work.summary import Summary

_PAIRED = ("log_teff", "logg", "fe_h", "v_rel")  # the order in the correlations' names


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the results table, without its keys.

    Attributes:
        outcome: how the spectrum ended.
        values: the columns of contract section 7 that the network fills; float32 or None.
        result_flags: bits of `flags.FLAGS`.
        error_message: why parameters are missing, else empty.
        linear: uncertainties are from linear propagation, not from draws.
    """

    outcome: Outcome
    values: dict[str, float | None] = field(default_factory=dict)
    result_flags: int = 0
    error_message: str = ""
    linear: bool = False

    @property
    def flag_bad(self) -> bool:
        return bool(self.result_flags & BAD)

    @property
    def flag_warn(self) -> bool:
        return bool(self.result_flags & WARN)


@dataclass(frozen=True, slots=True)
class _Raw:
    """What the predictor says of one spectrum.

    Attributes:
        columns: the network's columns, raw: NaN where one does not exist.
        distance: to the training set; NaN where the weights have no measure of it.
        linear: its uncertainties are from linear propagation.
    """

    columns: dict[str, float]
    distance: float
    linear: bool


class Task:
    """A network's task. Subclasses name the network's declaration.

    Args:
        predictor: the frozen network behind its interface.
        n_draws: noise realisations of each spectrum whose uncertainties need them; 0 for none.
        seed: of the noise.
        snr_limit: below which ``flag_low_snr`` is set.

    Attributes:
        noise_model: turns raw errors into reported ones.
    """

    network: Network

    def __init__(self, predictor: Predictor, *, n_draws: int = 20, seed: int = 0,
                 snr_limit: float = 5.0) -> None:
        self.predictor = predictor
        self.n_draws, self.seed, self.snr_limit = n_draws, seed, snr_limit
        self.noise_model = effective(predictor.card.noise_model, self.network.noise_model)

    def run(self, observations: Iterable[Observation | Spectrum], *,
            at_once: int = 64) -> Iterator[Result]:
        """Results of spectra, one each, in their order, whatever happens to any of them.

        Args:
            observations: spectra, bare or with what is known of them.
            at_once: how many are handed to the predictor together.

        Raises:
            DeviceLostError: the device fails from now on, whatever it is given.
        """
        queue = iter(observations)
        while some := list(islice(queue, at_once)):
            yield from self._run([o if isinstance(o, Observation) else Observation(o)
                                  for o in some])

    @classmethod
    def execute(cls, config: "Config", settings: "Settings", **options: Any) -> "Summary":
        """The whole job around `run`: select, read, predict, flag, write; see `work.run`."""
        from bossnet.work.run import execute

        return execute(cls, config, settings, **options)

    def _run(self, observations: Sequence[Observation]) -> list[Result]:
        observations = [self._fitting(o) for o in observations]
        qualities = [o.quality or (assess(o.spectrum, self.network) if o.spectrum else None)
                     for o in observations]
        able = [i for i, (o, q) in enumerate(zip(observations, qualities, strict=True))
                if o.outcome is Outcome.DONE and q is not None and q.has_data]
        predicted = dict(zip(able, self._predict([observations[i] for i in able]), strict=True))
        return [self._result(o, q, predicted.get(i))
                for i, (o, q) in enumerate(zip(observations, qualities, strict=True))]

    def _fitting(self, observation: Observation) -> Observation:
        """An observation, as one of a bad file if the network cannot read its pixels."""
        spectrum, grid = observation.spectrum, self.network.grid
        if spectrum is None or self.network.takes(spectrum.wavelength):
            return observation
        return replace(observation, spectrum=None, quality=None, outcome=Outcome.BAD_FILE, message=(
            f"{spectrum.wavelength.size} pixels that are not those of {self.network.title}, which "
            f"does not interpolate: {grid.size} from {grid[0]:.0f} to {grid[-1]:.0f} angstrom"))

    def _predict(self, observations: Sequence[Observation]
                 ) -> list[_Raw | Exception]:
        """What is predicted of each observation, or the error that it met."""
        if not observations:
            return []
        exposures = [Exposure(o.spectrum.flux, o.spectrum.error, o.spectrum.wavelength,
                              o.noise_key) for o in observations if o.spectrum is not None]
        try:
            predictions = self.predictor.predict(exposures, n_draws=self.n_draws, seed=self.seed)
        except Exception as e:  # it becomes that spectrum's row
            if is_lost(e):  # and would become that of every other one as well
                raise DeviceLostError(f"{type(e).__name__}: {_first_line(e)}") from e
            if len(observations) == 1:
                return [e]
            # The others of a batch are unharmed by the one that fails.
            return [r for o in observations for r in self._predict([o])]
        return [self._raw(predictions, i) for i in range(len(observations))]

    def _raw(self, predictions: Predictions, i: int) -> _Raw:
        columns = [p.column for p in self.network.parameters]
        values = dict(zip(columns, predictions.parameters[i].tolist(), strict=True))
        for name, spread, median in zip(columns, predictions.spread[i].tolist(),
                                        predictions.median[i].tolist(), strict=True):
            values[f"raw_e_{name}"] = spread
            values[f"med_{name}"] = median
        place = {name: k for k, name in enumerate(columns)}
        for a, b in combinations([c for c in _PAIRED if c in place], 2):
            values[f"rho_{a}_{b}".replace("v_rel", "v_rad")] = float(
                predictions.correlation[i, place[a], place[b]])
        linear = predictions.linear is not None and bool(predictions.linear[i])
        return _Raw(values, float(predictions.distance[i]), linear)

    def _result(self, observation: Observation, quality: Quality | None,
                predicted: _Raw | Exception | None) -> Result:
        outcome, message = observation.outcome, observation.message
        values: dict[str, float | None] = {}
        distance: float | None = None
        linear = False
        snr = observation.snr
        if snr is None and quality is not None:
            snr = quality.snr
        if isinstance(predicted, Exception):
            device = isinstance(predicted, RuntimeError)
            outcome = Outcome.DEVICE_FAILED if device else Outcome.FAILED
            message = f"{type(predicted).__name__} while predicting: {predicted}"
        elif predicted is not None:
            values = self._stored(predicted.columns, observation, snr)
            distance, linear = predicted.distance, predicted.linear
            missing = [c for c in self._must_be_finite(observation, linear) if values[c] is None]
            if missing:
                outcome = Outcome.NOT_FINITE
                message = f"the network's output is not finite: {', '.join(missing)}"
        elif outcome is Outcome.DONE:
            outcome, message = Outcome.NO_DATA, self._why_no_data(quality)
        values["snr"] = _real(snr)
        flags = judge(Case(
            outcome=outcome, values=values, limits=self.network.limits, quality=quality,
            snr_limit=self.snr_limit, a_g=observation.a_g, is_legacy=observation.is_legacy,
            in_rest_frame=observation.in_rest_frame, distance=distance,
            ood_limit=self.predictor.card.ood_limit))
        return Result(outcome, values, flags, message, linear)

    def _stored(self, predicted: dict[str, float], observation: Observation, snr: float | None
                ) -> dict[str, float | None]:
        """Columns as stored: errors modelled, those of teff and v_rad added, what is not finite
        as None."""
        values = dict(predicted)
        with np.errstate(over="ignore"):
            values["teff"] = teff = float(np.float64(10.0) ** values["log_teff"])
        for parameter in self.network.parameters:
            name = parameter.column
            values[f"e_{name}"] = self.noise_model.error(name, values[f"raw_e_{name}"], snr=snr,
                                                         teff=teff)
        values["e_teff"] = values["teff"] * math.log(10) * values["e_log_teff"]
        if self.network.has_velocity:
            # In the rest frame v_rel is a residual to the velocity the frame was moved by.
            moved = observation.frame_velocity if observation.in_rest_frame else 0.0
            values["v_rad"] = math.nan if moved is None else values["v_rel"] + moved
            values["e_v_rad"] = math.nan if moved is None else values["e_v_rel"]
        if not _has_error(observation):
            # No error is known at all: draws that do not differ say nothing.
            values |= {name: math.nan for name in values if name.startswith(("e_", "raw_e_"))}
        return {name: _real(value) for name, value in values.items()}

    def _must_be_finite(self, observation: Observation, linear: bool) -> list[str]:
        columns = [p.column for p in self.network.parameters]
        estimated = (linear or self.n_draws > 0) and _has_error(observation)
        return ["teff", *columns, *([f"e_{c}" for c in columns] if estimated else [])]

    def _why_no_data(self, quality: Quality | None) -> str:
        low, high = self.network.grid[0], self.network.grid[-1]
        if quality is None or quality.pixels < 2:
            n = 0 if quality is None else quality.pixels
            return (f"{n} pixels with finite flux between {low:.0f} and {high:.0f} angstrom; "
                    "at least 2 are needed")
        return (f"all {quality.pixels} fluxes between {low:.0f} and {high:.0f} angstrom are equal"
                + ("" if self.network.interpolates else ", or none is finite"))


class BossNetTask(Task):
    """BOSS Net: Teff, log g, [Fe/H] and radial velocity from optical spectra."""

    network = BOSS


class ApogeeNetTask(Task):
    """APOGEE Net III: Teff, log g and [Fe/H] from APOGEE spectra."""

    network = APOGEE


#: By the kind of network.
TASKS: dict[str, type[Task]] = {task.network.kind: task for task in (BossNetTask, ApogeeNetTask)}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _has_error(observation: Observation) -> bool:
    return observation.spectrum is not None and bool(observation.spectrum.error.any())


def _real(value: float | None) -> float | None:
    """A value as a column of type real holds it; None where it is not finite."""
    if value is None:
        return None
    with np.errstate(over="ignore"):
        single = float(np.float32(value))
    return single if math.isfinite(single) else None
