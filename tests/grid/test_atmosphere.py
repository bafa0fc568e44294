"""Atmospheres from the networks of atmosnet; the networks here are made."""

import os
import pickle

import numpy as np
import pytest

from bossnet.errors import GridError
from bossnet.grid.atmosphere import FILES, Atmospheres
from grid.made import networks


def test_a_networks_values_are_decimal_logarithms(tmp_path):
    networks(tmp_path)
    atmosphere = Atmospheres(tmp_path)(9000.0, 4.0, 0.0, 0.0)
    np.testing.assert_allclose(atmosphere.column_mass[[0, -1]], [1e-4, 1e2])
    np.testing.assert_allclose(atmosphere.temperature[[0, -1]], [4000.0, 9000.0])
    np.testing.assert_allclose(atmosphere.electrons[[0, -1]], [1e8, 1e14])


def test_cool_stars_are_in_hydrostatic_equilibrium(tmp_path):
    networks(tmp_path)
    cool = Atmospheres(tmp_path)(5000.0, 4.0, 0.0, 0.0)
    np.testing.assert_allclose(cool.pressure, 1e4 * cool.column_mass)
    # the geometric mean of 1e-4 and 10**(-0.1 - 4)
    assert cool.column_mass[0] == pytest.approx(10.0 ** -4.05)


def test_depths_below_what_is_seen_whose_mass_falls_are_left_out(tmp_path):
    mass = np.linspace(-4.0, 2.0, 80)
    mass[70] = mass[68]
    networks(tmp_path, mass=mass)
    assert Atmospheres(tmp_path)(9000.0, 4.0, 0.0, 0.0).column_mass.size == 79
    mass[30] = mass[20]
    networks(tmp_path, mass=mass)
    with pytest.raises(GridError, match="falls inwards"):
        Atmospheres(tmp_path)(9000.0, 4.0, 0.0, 0.0)


def test_a_thinned_atmosphere_keeps_its_ends(tmp_path):
    networks(tmp_path)
    whole = Atmospheres(tmp_path)(9000.0, 4.0, 0.0, 0.0)
    thin = whole.thinned(40)
    assert thin.temperature.size == 40
    np.testing.assert_allclose(thin.pressure[[0, -1]], whole.pressure[[0, -1]])


def test_labels_beyond_the_networks_are_refused(tmp_path):
    networks(tmp_path)
    with pytest.raises(GridError, match="no model atmosphere at"):
        Atmospheres(tmp_path)(5000.0, 6.0, 0.0, 0.0)


def test_a_pickle_that_would_run_something_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch evil",)

    networks(tmp_path)
    (tmp_path / FILES[1]).write_bytes(pickle.dumps(Evil()))
    with pytest.raises(GridError, match="is not an array"):
        Atmospheres(tmp_path)
