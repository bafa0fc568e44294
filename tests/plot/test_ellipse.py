"""The error ellipse against the covariance that it stands for."""

import numpy as np
import pytest

from bossnet.plot.ellipse import ellipse

VALUES = {"log_teff": 3.7, "logg": 4.5, "v_rel": 10.0, "e_log_teff": 0.01, "e_logg": 0.2,
          "e_v_rel": 5.0, "raw_e_log_teff": 0.005, "raw_e_logg": 0.1,
          "rho_log_teff_logg": 0.6, "rho_logg_v_rad": -0.3, "rho_log_teff_v_rad": None}


def test_every_point_is_at_a_chi2_of_one():
    points = ellipse(VALUES, "log_teff", "logg") - [3.7, 4.5]
    covariance = np.array([[0.01**2, 0.6 * 0.01 * 0.2], [0.6 * 0.01 * 0.2, 0.2**2]])
    chi2 = np.einsum("ni,ij,nj->n", points, np.linalg.inv(covariance), points)
    np.testing.assert_allclose(chi2, 1.0, rtol=1e-9)


def test_it_is_as_wide_and_as_high_as_the_errors():
    points = ellipse(VALUES, "log_teff", "logg") - [3.7, 4.5]
    np.testing.assert_allclose(points.max(0), [0.01, 0.2], rtol=1e-3)
    np.testing.assert_allclose(points.min(0), [-0.01, -0.2], rtol=1e-3)


def test_it_closes():
    points = ellipse(VALUES, "log_teff", "logg")
    np.testing.assert_allclose(points[0], points[-1])


def test_the_covariance_of_many_normal_draws_has_its_ellipse():
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal([3.7, 4.5], [[1e-4, 1.2e-3], [1.2e-3, 0.04]], 100_000)
    points = ellipse(VALUES, "log_teff", "logg") - [3.7, 4.5]
    angles = np.arctan2(points[:, 1] / 0.2, points[:, 0] / 0.01)
    order = np.argsort(angles)
    radius = np.hypot(points[:, 0] / 0.01, points[:, 1] / 0.2)
    x, y = (draws[:, 0] - 3.7) / 0.01, (draws[:, 1] - 4.5) / 0.2
    inside = np.hypot(x, y) < np.interp(np.arctan2(y, x), angles[order], radius[order],
                                        period=2 * np.pi)
    assert inside.mean() == pytest.approx(1 - np.exp(-0.5), abs=0.01)  # 39 per cent


def test_names_of_correlations_say_v_rad_and_stand_in_one_order():
    points = ellipse(VALUES, "v_rel", "logg")
    assert (points[:, 0] - 10.0) @ (points[:, 1] - 4.5) < 0


def test_the_raw_errors_have_one_of_their_own():
    points = ellipse(VALUES, "log_teff", "logg", error="raw_e_") - [3.7, 4.5]
    np.testing.assert_allclose(points.max(0), [0.005, 0.1], rtol=1e-3)


def test_there_is_none_without_a_correlation():
    assert ellipse(VALUES, "log_teff", "v_rel") is None
    assert ellipse(VALUES | {"logg": None}, "log_teff", "logg") is None
