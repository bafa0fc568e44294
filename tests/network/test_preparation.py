import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bossnet.network import BOSS
from bossnet.network.preparation import collate, interpolate, standardise
from bossnet.spectra.spectrum import Spectrum
from network import reference

CPU = torch.device("cpu")


def network_input(spectra):
    pixels = collate([s.flux for s in spectra], [s.error for s in spectra],
                     [s.wavelength for s in spectra], BOSS.grid, CPU)
    return standardise(interpolate(pixels.flux.unsqueeze(1), pixels))[:, 0].numpy()


def test_the_grid_is_that_of_torch_linspace_and_of_the_contract():
    assert np.array_equal(BOSS.grid, torch.linspace(3800, 8900, 3900).numpy())
    assert np.array_equal(BOSS.grid, reference.GRID)


@st.composite
def spectra(draw):
    """Spectra with every nuisance of section 3: NaN, no order, duplicates, little overlap."""
    n = draw(st.integers(2, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = draw(st.floats(2000, 9500))
    wavelength = rng.uniform(low, low + draw(st.floats(1, 6000)), n).astype("f4")
    if draw(st.booleans()):
        wavelength = np.sort(wavelength)
    if draw(st.booleans()):
        wavelength[rng.integers(0, n, n // 3)] = wavelength[0]
    flux = (rng.normal(1, 1, n) * 10 ** draw(st.floats(-3, 4))).astype("f4")
    ivar = rng.uniform(-0.1, 1, n).astype("f4")
    for array, value in ((flux, np.nan), (wavelength, np.nan), (wavelength, -1), (ivar, 0)):
        if draw(st.booleans()):
            array[rng.integers(0, n, n // 5)] = value
    flux[-1], wavelength[-1] = 1.5, low  # at least one pixel is kept
    return flux, ivar, wavelength


@settings(max_examples=60, deadline=None)
@given(st.lists(spectra(), min_size=1, max_size=3))
def test_preparation_agrees_with_the_plain_statement(some):
    made = [Spectrum.from_ivar(f, i, w) for f, i, w in some]
    expected = np.stack([reference.network_input(f, w) for f, _, w in some])
    np.testing.assert_allclose(network_input(made), expected, rtol=2e-5, atol=2e-5)
    for spectrum, (flux, ivar, _) in zip(made, some, strict=True):
        np.testing.assert_allclose(spectrum.error, reference.error_of(flux, ivar), rtol=1e-6)


def test_no_finite_error_gives_a_tenth_of_the_median_flux_and_is_said():
    flux = np.float32([1, -3, np.nan, -5])
    spectrum = Spectrum.from_ivar(flux, [0, -1, np.nan, 0], [4000, 5000, 6000, 7000])
    assert not spectrum.has_uncertainty
    np.testing.assert_allclose(spectrum.error, 0.3, rtol=1e-6)
    assert not spectrum.usable.any()


def test_apogee_errors_are_capped_by_the_positive_ones_and_gaps_take_no_noise():
    spectrum = Spectrum.from_error([1, np.nan, 1, 1], [1, 2, 1e14, np.nan], [1, 2, 3, 4])
    np.testing.assert_array_equal(spectrum.flux, np.float32([1, 0, 1, 1]))
    np.testing.assert_array_equal(spectrum.error, np.float32([1, 2, 10, 0]))
    np.testing.assert_array_equal(spectrum.usable, [True, False, True, False])


def test_the_clip_is_each_rows_own():
    x = torch.ones(2, 3900)
    x[1] *= 100
    x[:, :10] *= 1e4
    clipped = standardise(x)
    np.testing.assert_allclose(clipped.max(dim=1).values, [1, 1 + np.log(100)], rtol=1e-6)
