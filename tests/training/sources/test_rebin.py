"""Means over the pixels of the templates' grid."""

import numpy as np

from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH
from bossnet.training.sources.rebin import EDGES, pixel_means


def test_a_straight_line_keeps_its_values_at_the_pixels_centres() -> None:
    coarse = np.array([3000.0, 5000.0, 11000.0])
    means = pixel_means(coarse, 2.0 * coarse)
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    np.testing.assert_allclose(means, 2.0 * middle, rtol=1e-12)


def test_flux_is_conserved_where_the_source_is_finer_than_the_grid() -> None:
    fine = np.arange(3500.0, 10500.0, 0.01)
    line = np.exp(-0.5 * ((fine - 6000.0) / 0.05) ** 2)  # much narrower than a pixel
    total = (pixel_means(fine, line) * np.diff(EDGES)).sum()
    np.testing.assert_allclose(total, 0.05 * np.sqrt(2 * np.pi), rtol=1e-9)


def test_columns_are_averaged_alike_and_nothing_is_known_outside() -> None:
    wavelength = np.linspace(4000.0, 9000.0, 101)
    means = pixel_means(wavelength, np.stack([np.ones(101), np.full(101, 3.0)], axis=1))
    inside = (TEMPLATE_WAVELENGTH > 4001) & (TEMPLATE_WAVELENGTH < 8999)
    assert means.shape == (TEMPLATE_WAVELENGTH.size, 2)
    np.testing.assert_allclose(means[inside], [[1.0, 3.0]] * inside.sum())
    assert np.isnan(means[TEMPLATE_WAVELENGTH < 3999]).all()
    assert np.isnan(means[TEMPLATE_WAVELENGTH > 9001]).all()
