import numpy as np
import pytest
import torch

from bossnet.errors import ConfigurationError
from bossnet.network.preparation import standardise
from bossnet.training.reference import distances, features_of, limit, make_reference
from network.made import TINY, random_network


def bowl(n, *, seed=0, off=0.0):
    """Features on a curved sheet of two coordinates in six dimensions, some of them off it."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, [3, 2], (n, 2)).T
    features = np.column_stack([x, y, 0.1 * x**2 - 1, 0.2 * x * y, 0.1 * y**2, np.zeros(n)])
    features[:, 5] += off
    return features + 4.0


def test_features_on_the_sheet_have_no_distance_and_others_how_far_they_are_off():
    reference = make_reference(bowl(4000), axes=2)
    assert {name: a.shape for name, a in reference.items()} == {
        "reference.centre": (6,), "reference.axes": (6, 2), "reference.surface": (6, 6)}
    assert all(a.dtype == np.float32 for a in reference.values())
    # the leading components are tilted a little into the curve, so not quite none
    assert np.median(distances(reference, bowl(500, seed=1))) < 0.05
    np.testing.assert_allclose(np.median(distances(reference, bowl(500, seed=1, off=3.0))), 3,
                               rtol=0.01)


def test_no_more_axes_are_taken_than_the_features_vary_in():
    assert make_reference(bowl(500))["reference.axes"].shape == (6, 3)  # half of six
    flat = np.random.default_rng(0).normal(size=(500, 1)) * np.ones(6)
    assert make_reference(flat)["reference.axes"].shape == (6, 1)


def test_the_same_features_make_the_same_reference():
    one, two = make_reference(bowl(500)), make_reference(bowl(500))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_the_limit_is_what_one_in_a_hundred_lies_beyond():
    distance = np.random.default_rng(3).permutation(np.arange(1.0, 1001.0))
    got = limit(distance)
    assert 990 < got < 991
    assert (distance > got).sum() == 10
    assert 950 < limit(distance, flagged=0.05) < 951


def test_what_cannot_make_a_reference_or_a_limit_is_refused():
    with pytest.raises(ConfigurationError, match="17 training spectra for a sheet of 6 terms"):
        make_reference(bowl(17), axes=2)
    with pytest.raises(ConfigurationError, match="do not vary"):
        make_reference(np.ones((50, 6)))
    with pytest.raises(ConfigurationError, match="not finite"):
        make_reference(np.full((50, 6), np.nan))
    with pytest.raises(ConfigurationError, match="give at least 100"):
        limit(np.ones(99))
    with pytest.raises(ConfigurationError, match="not finite"):
        limit(np.full(200, np.inf))


def test_features_are_those_of_the_frozen_network(tmp_path):
    module = random_network(tmp_path / "net.safetensors", **TINY).module
    flux = np.random.default_rng(0).uniform(1, 2, (5, 3900)).astype(np.float32)
    want = module.features(standardise(torch.from_numpy(flux)).unsqueeze(1)).numpy()
    np.testing.assert_allclose(features_of(module, [flux]), want, atol=1e-6)
    np.testing.assert_allclose(features_of(module, iter([flux[:2], flux[2:]])), want, atol=1e-6)
