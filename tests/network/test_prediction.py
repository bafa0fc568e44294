import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from bossnet.errors import ConfigurationError, WeightsError
from bossnet.network import APOGEE, BOSS
from bossnet.network.fast import FastPredictor, fastest
from bossnet.network.frozen import load
from bossnet.network.importer import import_folder
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.spectra import read
from network import reference
from network.made import TINY, random_network, random_reference

FOLDERS = {"boss": BOSS, "lamost_dr7": BOSS, "lamost_dr8": BOSS, "apogee": APOGEE}


@pytest.fixture(params=[DirectPredictor, FastPredictor])
def engine(request):
    """Each class of predictors."""
    return request.param


def some_exposures(n=7, seed=1):
    rng = np.random.default_rng(seed)
    exposures = []
    for key in range(n):
        size = 900 + 37 * key
        wavelength = np.linspace(3600, 9000, size).astype("f4")
        flux = rng.normal(10, 1, size).astype("f4")
        exposures.append(Exposure(flux, np.full(size, 0.5, "f4"), wavelength, (key << 32) + 11))
    return exposures


def published(engine, shared, name, tmp_path):
    folder = shared / "parity" / name
    network = FOLDERS[name]
    path = tmp_path / f"{name}.safetensors"
    import_folder(folder, network, name=name, out=path)
    expected = json.loads((folder / "expected.json").read_text())["spectra"]
    files = {p.name.split(".fits")[0]: p for p in (shared / "data").rglob("*.fits*")}
    chosen = {name: files[name.split(".fits")[0]] for name in expected}
    if name.startswith("lamost_dr"):  # the same observation is there in two layouts
        dr = {"lamost_dr7": ("dr7", "dr5", "dr2_float64"), "lamost_dr8": ("dr9",)}[name]
        chosen = {file: next(p for p in (shared / "data/lamost").rglob("*.fits*")
                             if p.parent.name in dr and p.name.split(".fits")[0]
                             == file.split(".fits")[0]) for file in expected}
    return engine(load(path), network), expected, chosen


@pytest.mark.parametrize("name", FOLDERS)
def test_predictions_are_those_of_the_published_implementation(engine, shared, name, tmp_path):
    predictor, expected, files = published(engine, shared, name, tmp_path)
    exposures = []
    for file in expected:
        s = read(files[file])
        exposures.append(Exposure(s.flux, s.error, s.wavelength))
    got = predictor.predict(exposures, n_draws=0, seed=0).parameters
    std = np.array([p.std for p in predictor.network.parameters])
    for row, (file, e) in zip(got, expected.items(), strict=True):
        want = [e["prediction"][p.label] for p in predictor.network.parameters]
        limit = 2e-3 if e["fraction_of_grid_at_floor"] > 0.01 else 1e-4
        assert np.abs((row - want) / std).max() < limit, file


def test_the_spread_of_the_draws_is_that_of_the_published_implementation(engine, shared, tmp_path):
    # 600 draws of three spectra here; benchmarks/parity.py compares 10,000 draws of all.
    predictor, expected, files = published(engine, shared, "boss", tmp_path)
    for file in list(expected)[:3]:
        s = read(files[file])
        got = predictor.predict([Exposure(s.flux, s.error, s.wavelength)], n_draws=600, seed=3)
        want = np.array([expected[file]["std_of_draws"][p.label] for p in BOSS.parameters])
        kurtosis = max(expected[file]["kurtosis_of_draws"].values())
        scatter = np.sqrt((kurtosis - 1) / 4 / 600)
        np.testing.assert_allclose(got.spread[0] / want, 1, atol=4 * scatter + 0.06, err_msg=file)


def test_a_draw_is_the_network_on_flux_plus_error_times_noise(engine, tiny):
    exposure = some_exposures(1)[0]
    predictor = engine(tiny, BOSS)
    got = predictor.predict([exposure], n_draws=3, seed=9)
    each = []
    for draw in range(3):
        n = reference.normals(9, exposure.noise_key, draw, exposure.flux.size)
        noisy = Exposure(exposure.flux + exposure.error * n, exposure.error, exposure.wavelength)
        each.append(predictor.predict([noisy], n_draws=0, seed=0).parameters[0])
    std = np.array([p.std for p in BOSS.parameters])
    np.testing.assert_allclose(got.spread[0] / std, np.std(each, axis=0, ddof=1) / std, atol=2e-6)
    np.testing.assert_allclose(got.median[0] / std, np.median(each, axis=0) / std, atol=2e-6)
    np.testing.assert_allclose(got.correlation[0], np.corrcoef(np.transpose(each)), atol=2e-3)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_a_spectrums_numbers_do_not_depend_on_its_batch(engine, tiny, batch_size):
    exposures = some_exposures()
    std = np.array([p.std for p in BOSS.parameters])
    whole = engine(tiny, BOSS, batch_size=4).predict(exposures, n_draws=5, seed=2)
    other = engine(tiny, BOSS, batch_size=batch_size).predict(
        exposures[::-1], n_draws=5, seed=2)
    for name in ("parameters", "spread", "median"):
        np.testing.assert_allclose(getattr(other, name)[::-1] / std, getattr(whole, name) / std,
                                   atol=1e-5)


def test_without_draws_there_is_no_spread_and_one_draw_is_refused(engine, tiny):
    predictor = engine(tiny, BOSS)
    none = predictor.predict(some_exposures(2), n_draws=0, seed=0)
    assert np.isnan(none.spread).all()
    assert np.isnan(none.median).all()
    assert np.isnan(none.correlation).all()
    assert np.isnan(predictor.predict(some_exposures(2), n_draws=2, seed=0).correlation).all()
    with pytest.raises(ConfigurationError, match="at least 2"):
        predictor.predict(some_exposures(2), n_draws=1, seed=0)


def test_features_are_what_the_last_layer_reads(engine, tiny):
    got = engine(tiny, BOSS).predict(some_exposures(2), n_draws=0, seed=0)
    head = tiny.module.linear_sequential[-1]
    outputs = got.features @ head.weight.numpy().T + head.bias.numpy()
    std = np.array([p.std for p in BOSS.parameters])
    mean = np.array([p.mean for p in BOSS.parameters])
    np.testing.assert_allclose(outputs * std + mean, got.parameters, rtol=1e-5, atol=1e-4)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A network with a reference of distances."""
    return random_network(tmp_path_factory.mktemp("weights") / "measured.safetensors",
                          reference=random_reference(), ood_limit=1.0, **TINY)


def test_the_distance_is_that_of_the_unperturbed_spectrums_features(engine, measured):
    got = engine(measured, BOSS).predict(some_exposures(), n_draws=5, seed=2)
    want = measured.reference.distance(torch.from_numpy(got.features)).numpy()
    assert got.distance.dtype == np.float64
    np.testing.assert_allclose(got.distance, want, rtol=1e-12)
    assert np.ptp(got.distance) > 0


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_the_distance_does_not_depend_on_batch_or_draws(engine, measured, batch_size):
    exposures = some_exposures()
    whole = engine(measured, BOSS, batch_size=4).predict(exposures, n_draws=5, seed=2)
    other = engine(measured, BOSS, batch_size=batch_size).predict(
        exposures[::-1], n_draws=0, seed=9)
    np.testing.assert_allclose(other.distance[::-1], whole.distance, rtol=1e-5)


def test_without_a_reference_there_is_no_distance(engine, tiny):
    got = engine(tiny, BOSS).predict(some_exposures(2), n_draws=0, seed=0)
    assert got.distance.shape == (2,)
    assert np.isnan(got.distance).all()


def test_a_noise_model_of_a_parameter_that_the_network_has_not_is_refused(engine, measured):
    card = replace(measured.card, noise_model={"parameters": {"age": {"factor": 2.0}}})
    with pytest.raises(WeightsError, match="no parameter of BOSS Net is called age; there are "
                                           "logg, log_teff"):
        engine(replace(measured, card=card), BOSS)


def test_weights_of_another_network_are_refused(engine, tiny):
    with pytest.raises(WeightsError, match="apogee"):
        engine(tiny, APOGEE)


def test_out_of_memory_halves_the_batch_and_goes_on(engine, tiny):
    class SmallDevice(engine):
        """A device whose memory holds two spectra, as no CPU's does."""

        def _predict(self, batch, n_draws, seed):
            if len(batch) > 2:
                raise torch.OutOfMemoryError("out of memory")
            return super()._predict(batch, n_draws, seed)

    exposures = some_exposures()
    small = SmallDevice(tiny, BOSS, batch_size=16)
    got = small.predict(exposures, n_draws=3, seed=0)
    whole = engine(tiny, BOSS).predict(exposures, n_draws=3, seed=0)
    assert small.batch_size == 2
    std = np.array([p.std for p in BOSS.parameters])
    np.testing.assert_allclose(got.spread / std, whole.spread / std, atol=1e-6)


@pytest.mark.parametrize("n_draws", [0, 5])
def test_the_fast_numbers_are_the_references(measured, n_draws):
    exposures = some_exposures()
    std = np.array([p.std for p in BOSS.parameters])
    want = DirectPredictor(measured, BOSS).predict(exposures, n_draws=n_draws, seed=2)
    got = FastPredictor(measured, BOSS).predict(exposures, n_draws=n_draws, seed=2)
    for name in ("parameters", "spread", "median"):
        np.testing.assert_allclose(getattr(got, name) / std, getattr(want, name) / std, atol=1e-5)
    np.testing.assert_allclose(got.features, want.features, atol=1e-5)
    np.testing.assert_allclose(got.distance, want.distance, rtol=1e-4)


def test_a_spectrum_beside_bright_and_dead_ones_is_what_it_is_alone(engine, tiny):
    exposures = some_exposures(5)
    others = [Exposure(e.flux * scale, e.error, e.wavelength, e.noise_key)
              for e, scale in zip(exposures[1:], (1e8, 1e-8, 0, -1), strict=True)]
    std = np.array([p.std for p in BOSS.parameters])
    alone = engine(tiny, BOSS).predict(exposures[:1], n_draws=5, seed=2)
    beside = engine(tiny, BOSS).predict([*others, exposures[0]], n_draws=5, seed=2)
    for name in ("parameters", "spread", "median"):
        np.testing.assert_allclose(getattr(beside, name)[-1] / std, getattr(alone, name)[0] / std,
                                   atol=1e-5)


def test_a_cpu_is_given_the_fast_one(tiny):
    assert type(fastest(tiny, BOSS)) is FastPredictor
    assert fastest(tiny, BOSS).batch_size > 4
    assert fastest(tiny, BOSS, batch_size=7).batch_size == 7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_cuda_device_gives_the_numbers_of_the_cpu(tiny):
    exposures = some_exposures()
    std = np.array([p.std for p in BOSS.parameters])
    cpu = DirectPredictor(tiny, BOSS).predict(exposures, n_draws=5, seed=2)
    cuda = fastest(load(tiny.path), BOSS, device="cuda").predict(
        exposures, n_draws=5, seed=2)
    for name in ("parameters", "spread", "median"):
        np.testing.assert_allclose(getattr(cuda, name) / std, getattr(cpu, name) / std, atol=1e-4)
