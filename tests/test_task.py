import math
from dataclasses import replace

import numpy as np
import pytest

from bossnet.flags import Outcome, names
from bossnet.network.card import Card
from bossnet.network.noise_model import Law, NoiseModel
from bossnet.network.prediction import DirectPredictor, Exposure, Predictions
from bossnet.observation import Observation
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import ApogeeNetTask, BossNetTask
from network.made import TINY, random_network, random_reference


def spectrum(seed=0, n=900, **change):
    rng = np.random.default_rng(seed)
    arrays = {"flux": rng.normal(10, 1, n), "ivar": np.full(n, 4.0),
              "wavelength": np.linspace(3700, 9000, n)} | change
    return Spectrum.from_ivar(**arrays)


@pytest.fixture(scope="module")
def task(tiny):
    return BossNetTask(DirectPredictor(tiny, BossNetTask.network), n_draws=6, seed=1)


def test_spectra_go_in_and_results_come_out_in_their_order(task):
    results = list(task.run([spectrum(1), spectrum(2), spectrum(3)]))
    assert [r.outcome for r in results] == [Outcome.DONE] * 3
    v = results[0].values
    assert v["teff"] == pytest.approx(10 ** v["log_teff"], rel=1e-5)
    assert v["e_teff"] == pytest.approx(v["teff"] * math.log(10) * v["e_log_teff"], rel=1e-5)
    assert v["v_rad"] == v["v_rel"]
    assert v["raw_e_logg"] == v["e_logg"] > 0
    assert v["snr"] == pytest.approx(20, rel=0.05)
    assert sum(name.startswith("rho_") for name in v) == 6
    assert all(isinstance(x, float) and math.isfinite(x) for x in v.values())
    again = next(task.run([spectrum(1)]))
    assert again.values.keys() == v.keys()
    assert again.values["logg"] == pytest.approx(v["logg"], abs=1e-5)


def test_failures_and_dead_spectra_among_good_ones_are_results_and_harm_nobody(task):
    nan, gone = spectrum(flux=np.full(900, np.nan)), Observation(
        None, Outcome.MISSING_FILE, "x.fits: no such file")
    results = list(task.run([spectrum(1), nan, gone, spectrum(2)]))
    alone = list(task.run([spectrum(1), spectrum(2)]))
    assert [r.outcome for r in results] == [
        Outcome.DONE, Outcome.NO_DATA, Outcome.MISSING_FILE, Outcome.DONE]
    assert results[1].error_message == ("0 pixels with finite flux between 3800 and 8900 angstrom; "
                                        "at least 2 are needed")
    assert results[2].error_message == "x.fits: no such file"
    assert results[1].values == {"snr": None}
    for a, b in zip((results[0], results[3]), alone, strict=True):
        assert a.values["logg"] == pytest.approx(b.values["logg"], abs=1e-5)


def test_a_dead_fibre_is_flagged_and_has_stand_in_errors(task):
    result = next(task.run([spectrum(ivar=np.zeros(900))]))
    assert "flag_no_uncertainty" in names(result.result_flags)
    assert result.flag_bad
    assert result.values["e_logg"] > 0


def test_without_any_error_there_is_no_uncertainty(task):
    flux = np.where(np.arange(900) % 2, 1.0, -1.0)  # the stand-in, 0.1 |median|, is 0
    result = next(task.run([spectrum(flux=flux, ivar=np.zeros(900))]))
    assert result.outcome is Outcome.DONE
    assert all(v is None for n, v in result.values.items() if n.startswith(("e_", "raw_e_")))


def test_in_the_rest_frame_the_velocity_is_a_residual(task):
    known, unknown = (Observation(spectrum(), in_rest_frame=True, frame_velocity=v)
                      for v in (100.0, None))
    a, b = task.run([known, unknown])
    assert a.values["v_rad"] == pytest.approx(a.values["v_rel"] + 100, rel=1e-5)
    assert b.values["v_rad"] is None is b.values["e_v_rad"]
    assert "flag_rest_frame" in names(a.result_flags)


def test_the_tables_signal_to_noise_ratio_wins(task):
    result = next(task.run([Observation(spectrum(), snr=3.0)]))
    assert result.values["snr"] == 3.0
    assert "flag_low_snr" in names(result.result_flags)


def test_without_draws_there_are_no_errors(tiny):
    task = BossNetTask(DirectPredictor(tiny, BossNetTask.network), n_draws=0)
    result = next(task.run([spectrum()]))
    assert result.outcome is Outcome.DONE
    assert result.values["e_teff"] is None is result.values["med_logg"]
    assert result.values["rho_logg_fe_h"] is None


class Propagated:
    """A predictor that gives 3.7 in all, with uncertainties of its own, by linear propagation."""

    network = BossNetTask.network

    def __init__(self, spread, *, logg=3.7, noise_model=None):
        self.spread, self.logg = spread, logg
        self.card = Card("made", "boss", {}, [], [], [],
                         noise_model=noise_model and noise_model.as_card())

    def predict(self, batch, *, n_draws, seed):
        n = len(batch)
        values, missing = np.full((n, 4), 3.7), np.full((n, 4), math.nan)
        values[:, 0] = self.logg
        return Predictions(values, np.full((n, 4), self.spread), missing, np.zeros((n, 4, 4)),
                           values, missing[:, 0], np.ones(n, bool))


@pytest.mark.parametrize("n_draws", [0, 20])
def test_propagated_uncertainties_need_no_draws_and_have_no_medians(n_draws):
    result = next(BossNetTask(Propagated(0.1), n_draws=n_draws).run([spectrum()]))
    assert result.outcome is Outcome.DONE
    assert result.linear
    assert result.values["e_logg"] == pytest.approx(0.1)
    assert result.values["rho_logg_fe_h"] == 0
    assert result.values["med_logg"] is None
    assert "flag_noise_bias" not in names(result.result_flags)


def test_a_propagated_uncertainty_must_be_finite_without_draws_too():
    result = next(BossNetTask(Propagated(math.inf), n_draws=0).run([spectrum()]))
    assert result.outcome is Outcome.NOT_FINITE
    assert "e_logg" in result.error_message


@pytest.fixture(scope="module")
def modelled(tiny):
    """The task's weights with a noise model of log g, log Teff and velocity in their card."""
    model = NoiseModel({"logg": Law((2.0, 3.0), (0.3, 0.4), snr=(10.0, 40.0)),
                        "log_teff": Law((1.25,), (10.0,), added="linear", unit="K"),
                        "v_rel": Law((0.5,))})
    return replace(tiny, card=replace(tiny.card, noise_model=model.as_card()))


def test_a_noise_model_makes_the_errors_of_the_raw_ones(task, modelled):
    raw = next(task.run([spectrum(1)])).values
    task = BossNetTask(DirectPredictor(modelled, BossNetTask.network), n_draws=6, seed=1)
    v = next(task.run([Observation(spectrum(1), snr=20.0)])).values
    for name in ("log_teff", "logg", "fe_h", "v_rel"):
        assert v[f"raw_e_{name}"] == pytest.approx(raw[f"raw_e_{name}"], rel=1e-4)
        assert v[f"med_{name}"] == pytest.approx(raw[f"med_{name}"], rel=1e-4)
    assert v["e_logg"] == pytest.approx(math.hypot(2.5 * v["raw_e_logg"], 0.35), rel=1e-5)
    per_dex = v["teff"] * math.log(10)
    assert v["e_teff"] == pytest.approx(1.25 * per_dex * v["raw_e_log_teff"] + 10, rel=1e-5)
    assert v["e_teff"] == pytest.approx(per_dex * v["e_log_teff"], rel=1e-5)
    assert v["e_fe_h"] == v["raw_e_fe_h"]
    assert v["e_v_rad"] == v["e_v_rel"] == pytest.approx(0.5 * v["raw_e_v_rel"], rel=1e-5)
    assert {n: x for n, x in v.items() if n.startswith("rho_")} \
        == pytest.approx({n: x for n, x in raw.items() if n.startswith("rho_")}, abs=1e-3)


def test_without_draws_a_noise_model_has_nothing_to_work_on(modelled):
    task = BossNetTask(DirectPredictor(modelled, BossNetTask.network), n_draws=0)
    values = next(task.run([spectrum()])).values
    assert all(values[n] is None for n in values if n.startswith(("e_", "raw_e_")))


@pytest.mark.parametrize(("factor", "is_set"), [(0.9, False), (1.1, True)])
def test_flags_are_judged_on_the_modelled_errors(factor, is_set):
    between = Propagated(0.3, logg=6.0, noise_model=NoiseModel({"logg": Law((factor,))}))
    result = next(BossNetTask(between).run([spectrum()]))
    assert ("flag_stranded_logg" in names(result.result_flags)) is is_set


class Broken:
    """A predictor that gives what it is told to, for what a real one rarely does."""

    network = BossNetTask.network

    def __init__(self, value, *, distance=math.nan, ood_limit=None):
        self.value, self.distance = value, distance
        self.card = Card("made", "boss", {}, [], [], [], ood_limit=ood_limit)

    def predict(self, batch, *, n_draws, seed):
        if any(e.flux[0] == 666 for e in batch):
            if isinstance(self.value, Exception):
                raise self.value
            rows = np.array([[self.value if e.flux[0] == 666 else 3.7] * 4 for e in batch])
        else:
            rows = np.full((len(batch), 4), 3.7)
        return Predictions(rows, np.ones_like(rows), rows, np.ones((len(batch), 4, 4)), rows,
                           np.full(len(batch), self.distance))


def test_a_network_that_does_not_interpolate_takes_the_pixels_of_its_grid_alone(tmp_path):
    network = ApogeeNetTask.network
    weights = random_network(tmp_path / "a.safetensors", network=network, **TINY)
    task = ApogeeNetTask(DirectPredictor(weights, network), n_draws=3)
    grid, flux = network.grid, np.random.default_rng(1).normal(100, 1, network.grid.size)
    as_stored = (10 ** (4.179 + 6e-6 * np.arange(grid.size)).astype("f4"))
    fits, other, moved = (Spectrum.from_error(flux[:len(w)], np.ones(len(w)), w)
                          for w in (as_stored, grid[:-1], grid * np.float32(1.00001)))
    results = list(task.run([fits, other, fits, moved]))
    assert [r.outcome for r in results] == [Outcome.DONE, Outcome.BAD_FILE] * 2
    assert results[0].values == pytest.approx(results[2].values, rel=1e-4)
    assert not {"v_rel", "v_rad", "e_v_rad"} & results[0].values.keys()
    assert "8574 pixels that are not those of APOGEE Net III" in results[1].error_message
    assert names(results[1].result_flags) == ["flag_runtime_exception", "flag_bad_file"]


@pytest.mark.parametrize(("distance", "ood_limit", "flagged"), [
    (2.1, 2.0, True), (2.0, 2.0, False), (1.9, 2.0, False), (math.nan, None, False)])
def test_a_spectrum_beyond_the_limit_and_no_other_is_out_of_distribution(
        distance, ood_limit, flagged):
    task = BossNetTask(Broken(3.7, distance=distance, ood_limit=ood_limit))
    result = next(task.run([spectrum()]))
    assert ("flag_out_of_distribution" in names(result.result_flags)) == flagged
    assert "distance" not in result.values


def test_bit_14_follows_the_distance_of_each_spectrum(tmp_path):
    spectra = [spectrum(seed) for seed in range(6)]
    exposures = [Exposure(s.flux, s.error, s.wavelength) for s in spectra]

    def predictor(ood_limit):
        return DirectPredictor(random_network(
            tmp_path / "net.safetensors", reference=random_reference(), ood_limit=ood_limit,
            **TINY), BossNetTask.network)

    distance = predictor(1.0).predict(exposures, n_draws=0, seed=0).distance
    between = float(np.sort(distance)[2:4].mean())
    results = BossNetTask(predictor(between), n_draws=0).run(spectra, at_once=4)
    assert [bool(r.result_flags >> 14 & 1) for r in results] == (distance > between).tolist()
    assert (distance > between).sum() == 3


@pytest.mark.parametrize("value", [math.nan, math.inf, 400.0])
def test_an_output_that_is_not_finite_is_null_and_flagged(value):
    bad = spectrum(flux=np.r_[666.0, np.arange(899)])
    result = next(BossNetTask(Broken(value)).run([bad]))
    assert result.outcome is Outcome.NOT_FINITE
    assert "teff" in result.error_message
    assert result.values["teff"] is None
    assert names(result.result_flags)[0] == "flag_runtime_exception"


@pytest.mark.parametrize(("error", "outcome"), [
    (RuntimeError("odd device"), Outcome.DEVICE_FAILED), (ValueError("odd"), Outcome.FAILED)])
def test_what_the_device_chokes_on_is_flagged_and_its_batch_goes_on(error, outcome):
    bad = spectrum(flux=np.r_[666.0, np.arange(899)])
    results = list(BossNetTask(Broken(error)).run([spectrum(), bad, spectrum()]))
    assert [r.outcome for r in results] == [Outcome.DONE, outcome, Outcome.DONE]
    assert str(error) in results[1].error_message
