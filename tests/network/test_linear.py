"""Linear propagation of errors: by hand, against finite differences, against many draws."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from bossnet.errors import ConfigurationError
from bossnet.network import BOSS
from bossnet.network.engine.derivatives import Derivatives
from bossnet.network.fast import FastPredictor
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED
from bossnet.network.linear import LEAST_SNR, LinearPredictor, bright, propagate
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.network.preparation import FLOOR, collate
from bossnet.network.slopes import Derived, MeanSlopes
from bossnet.simulation.instruments import INSTRUMENTS
from bossnet.simulation.observe import Conditions, observe
from bossnet.simulation.templates import packaged
from network.made import TINY, random_network, random_reference

CPU = torch.device("cpu")
STD = np.array([p.std for p in BOSS.parameters])


def weighted(weights, bent=0.0):
    """A 'network' whose outputs are weighted sums of the pixels, and their cubes times ``bent``."""
    weights = torch.tensor(weights, dtype=torch.float32)

    def derive(x):
        sums = x @ weights.T
        return Derived(x[:, 0], sums + bent * sums**3, weights.expand(x.shape[0], -1, -1))

    return derive


def pixels(flux, error, wavelength=None, grid=None):
    """One spectrum's."""
    wavelength = np.arange(len(flux)) + 4000.0 if wavelength is None else wavelength
    flux, error, wavelength = (np.array(a, "f4") for a in (flux, error, wavelength))
    return collate([flux], [error], [wavelength], grid, CPU)


def propagated(derive, given, deviates=None, **options):
    """Of one spectrum."""
    deviates = torch.zeros_like(given.flux) if deviates is None else torch.tensor(deviates)[None]
    return propagate(derive, given, deviates, **options)


def covariance(weights, *arguments, **options):
    given = pixels(*arguments, **options)
    made = propagated(weighted(weights), given, interpolates="grid" in options)
    return made.covariance[0].numpy()


def exposure(star, instrument, snr, *, key=0, offset=0.0, seed=5):
    """A packaged template as it would be observed; the offset is in units of the median flux."""
    s = observe(packaged()[star], INSTRUMENTS[instrument], 40.0, snr, 0.05,
                np.random.default_rng(seed), conditions=Conditions(flux_level=20.0))
    return Exposure(s.flux + np.float32(20.0 * offset), s.error, s.wavelength, key)


@pytest.fixture(scope="module")
def shipped():
    return load(SHIPPED / f"{DEFAULTS['boss']}.safetensors")


@pytest.fixture(scope="module")
def mixed():
    """Four spectra for which linear propagation holds, at places 0, 2, 3, 5; and two others."""
    return [exposure(22, "BOSS", 100, key=1), exposure(22, "BOSS", 3, key=2),
            exposure(35, "LAMOST", 150, key=3), exposure(10, "BOSS", 200, key=4),
            exposure(12, "LAMOST", 100, offset=-1.2, key=5), exposure(40, "BOSS", 150, key=6)]


def linear(frozen, **options):
    return LinearPredictor(frozen, BOSS, draws=DirectPredictor(frozen, BOSS), **options)


def test_the_logarithm_divides_each_error_by_its_flux():
    # y0 = ln f0 + 2 ln f1, y1 = ln f1 - ln f2; sigma / f = 1/2, 1/4, 1/8
    got = covariance([[1, 2, 0], [0, 1, -1]], [2, 4, 8], [1, 1, 1])
    np.testing.assert_allclose(got, [[1 / 4 + 4 / 16, 2 / 16], [2 / 16, 1 / 16 + 1 / 64]],
                               rtol=1e-6)


def test_a_point_between_two_pixels_has_a_part_of_the_error_of_each():
    # at 4000.25 the flux is 3/4 * 1 + 1/4 * 3 = 1.5, and its variance 9/16 * 1 + 1/16 * 4
    got = covariance([[1, 0]], [1, 3], [1, 2], grid=np.array([4000.25, 4000.75], "f4"))
    np.testing.assert_allclose(got, [[(9 / 16 + 4 / 16) / 1.5**2]], rtol=1e-6)


def test_pixels_at_the_floor_pass_nothing_on():
    got = covariance([[1.0] * 42], [-3.0, 0.0] + [2.0] * 40, [1.0] * 42)
    np.testing.assert_allclose(got, [[40 / 4]], rtol=1e-6)


def test_clipped_pixels_follow_the_percentile():
    # Of 41 pixels the 95th percentile is the third largest, ln 2: the two beyond are clipped at
    # ln 2 + 1, and move as it does.
    flux = [1.0] * 38 + [2.0, 100.0, 200.0]
    got = covariance([[1.0] * 41], flux, [0.1] * 41)
    np.testing.assert_allclose(got, [[38 * 0.1**2 + (3 * 0.1 / 2) ** 2]], rtol=1e-5)


def test_dropped_pixels_have_no_part(tiny):
    rng = np.random.default_rng(2)
    flux, wavelength = rng.normal(10, 1, 800), np.linspace(3700, 9000, 800)
    error = np.full(800, 0.5)
    bad = [5, 300, 301]
    flux[bad], error[bad] = np.nan, 1e6
    derive = Derivatives(tiny.module, measure=False)
    with_them = propagated(derive, pixels(flux, error, wavelength, BOSS.grid), interpolates=True)
    without = propagated(derive, pixels(*(np.delete(a, bad) for a in (flux, error, wavelength)),
                                        BOSS.grid), interpolates=True)
    torch.testing.assert_close(with_them.covariance, without.covariance)


@pytest.mark.parametrize("way", [MeanSlopes, Derivatives])
def test_the_covariance_is_that_of_finite_differences(tiny, way):
    rng = np.random.default_rng(4)
    wavelength = np.linspace(3750, 8950, 150).astype("f4")
    flux, error = rng.normal(10, 1, 150).astype("f4"), rng.uniform(0.2, 0.8, 150).astype("f4")
    flux[60:66] *= 20  # clipped
    got = propagated(way(tiny.module), pixels(flux, error, wavelength, BOSS.grid),
                     interpolates=True)

    module = deepcopy(tiny.module).double()
    steps = np.concatenate([np.eye(150), -np.eye(150)]) * 1e-4
    grid = [np.interp(BOSS.grid, wavelength.astype(float), flux + step) for step in steps]
    x = np.log(np.maximum(grid, FLOOR))
    x = np.minimum(x, np.percentile(x, 95, axis=1, keepdims=True) + 1)
    assert (x[0] == x[0].max()).sum() > 100
    with torch.no_grad():
        y = module(torch.from_numpy(x).unsqueeze(1)).numpy()
    jacobian = (y[:150] - y[150:]) / 2e-4  # (N, T)
    want = jacobian.T @ (jacobian * error[:, None].astype(float) ** 2)
    np.testing.assert_allclose(got.covariance[0], want, rtol=2e-3,
                               atol=2e-3 * np.diag(want).min())


def test_it_agrees_with_500_draws(shipped, mixed):
    accepted = [mixed[i] for i in (0, 2)]
    got = linear(shipped).predict(accepted, n_draws=20, seed=0)
    drawn = FastPredictor(shipped, BOSS).predict(accepted, n_draws=500, seed=0)
    assert got.linear.all()
    np.testing.assert_allclose(got.parameters / STD, drawn.parameters / STD, atol=1e-4)
    np.testing.assert_allclose(got.spread / drawn.spread, 1, atol=0.25)
    assert np.median(np.abs(got.spread / drawn.spread - 1)) < 0.08
    np.testing.assert_allclose(got.correlation, drawn.correlation, atol=0.25)
    assert np.isnan(got.median).all()


def test_where_it_does_not_hold_the_row_is_that_of_the_draws(shipped, mixed):
    got = linear(shipped).predict(mixed, n_draws=4, seed=7)
    assert got.linear.tolist() == [True, False, True, True, False, True]
    others = DirectPredictor(shipped, BOSS).predict([mixed[1], mixed[4]], n_draws=4, seed=7)
    for name in ("parameters", "spread", "median", "correlation", "features"):
        np.testing.assert_array_equal(getattr(got, name)[[1, 4]], getattr(others, name))
    assert np.isfinite(got.spread).all()
    assert np.isnan(got.median[[0, 2, 3, 5]]).all()


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_a_spectrums_numbers_do_not_depend_on_its_batch(shipped, mixed, batch_size):
    whole = linear(shipped).predict(mixed, n_draws=3, seed=2)
    other = linear(shipped, batch_size=batch_size).predict(mixed[::-1], n_draws=3, seed=2)
    np.testing.assert_array_equal(other.linear[::-1], whole.linear)
    for name in ("parameters", "spread", "median"):
        np.testing.assert_allclose(getattr(other, name)[::-1] / STD, getattr(whole, name) / STD,
                                   atol=2e-5)
    np.testing.assert_allclose(other.correlation[::-1], whole.correlation, atol=1e-3)


def test_without_draws_only_the_others_are_without_spread_and_one_draw_is_refused(shipped, mixed):
    got = linear(shipped).predict(mixed[:2], n_draws=0, seed=0)
    assert np.isfinite(got.spread[0]).all()
    assert np.isnan(got.spread[1]).all()
    with pytest.raises(ConfigurationError, match="at least 2"):
        linear(shipped).predict(mixed[:1], n_draws=1, seed=0)


def test_features_and_distance_are_those_of_the_direct_way(tmp_path, mixed):
    frozen = random_network(tmp_path / "measured.safetensors", reference=random_reference(),
                            ood_limit=1.0, **TINY)
    got = linear(frozen).predict(mixed, n_draws=2, seed=0)
    want = DirectPredictor(frozen, BOSS).predict(mixed, n_draws=0, seed=0)
    np.testing.assert_allclose(got.features, want.features, atol=1e-6)
    np.testing.assert_allclose(got.distance, want.distance, rtol=1e-5)


def test_nearer_to_zero_than_its_error_a_pixel_has_the_slope_where_the_flux_is_its_error():
    got = covariance([[1.0] * 42], [0.5, 0.01] + [2.0] * 40, [1.0] * 42)
    np.testing.assert_allclose(got, [[1 + 1 + 40 / 4]], rtol=1e-6)


def test_the_bend_is_the_distance_from_the_line_at_one_realisation_of_the_noise():
    # u = 1000 (ln(1000 +- 1) - ln 1000) is +- 1, its uncertainty 1; y0 = u + 0.2 u^3, y1 = u
    given = pixels([1000.0, 1000.0], [1.0, 0.0])
    derive = weighted([[1000.0, -1000.0], [1000.0, -1000.0]], bent=torch.tensor([0.2, 0.0]))
    got = propagated(derive, given, [1.0, 0.0], interpolates=False)
    np.testing.assert_allclose(got.covariance[0], np.ones((2, 2)), rtol=1e-5)
    assert float(got.bend) == pytest.approx(0.2 / np.sqrt(2), rel=5e-3)


def test_without_errors_nothing_bends():
    got = propagated(weighted([[1.0, 1.0]], bent=1.0), pixels([1, 2], [0, 0]), [1.0, 1.0],
                     interpolates=False)
    assert (got.covariance.item(), got.bend.item()) == (0, 0)


@pytest.mark.parametrize(("signal", "worth"), [
    (0.9 * LEAST_SNR, False),
    (1.1 * LEAST_SNR, True)])
def test_it_is_tried_from_a_median_signal_to_noise_ratio_on(signal, worth):
    flux = np.full(99, signal)
    flux[:49] = -1
    given = pixels(flux, np.ones(99))
    assert bright(given, interpolates=False).tolist() == [worth]


class SmallDevice(LinearPredictor):
    """A device whose memory holds two spectra, as no CPU's does."""

    def _predict(self, batch, seed):
        if len(batch) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return super()._predict(batch, seed)


def test_out_of_memory_halves_the_batch_and_goes_on(shipped, mixed):
    small = SmallDevice(shipped, BOSS, draws=DirectPredictor(shipped, BOSS), batch_size=16)
    got = small.predict(mixed, n_draws=2, seed=0)
    assert small.batch_size == 2
    assert got.linear.tolist() == [True, False, True, True, False, True]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_cuda_device_gives_the_numbers_of_the_cpu(shipped, mixed):
    cpu = linear(shipped).predict(mixed, n_draws=3, seed=2)
    other = load(shipped.path)
    cuda = LinearPredictor(other, BOSS, draws=DirectPredictor(other, BOSS, device="cuda"),
                           device="cuda").predict(mixed, n_draws=3, seed=2)
    np.testing.assert_array_equal(cuda.linear, cpu.linear)
    for name in ("parameters", "spread"):
        np.testing.assert_allclose(getattr(cuda, name) / STD, getattr(cpu, name) / STD, atol=1e-3)
