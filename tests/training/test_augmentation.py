"""The paper's augmentation by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.training.augmentation import Augmentation, add_noise, augment, dropped, segment

NEVER = Augmentation(segment=0.0, dropped=0.0, noise=0.0)
PIXELS = 4000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def spectrum() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    flux = np.linspace(1.0, 2.0, PIXELS, dtype=np.float32)
    return flux, np.linspace(0.1, 0.5, PIXELS, dtype=np.float32)


@pytest.mark.parametrize(("length", "firsts"), [
    (10, range(-5, 95)), (15, range(-8, 93)), (1, range(-1, 100))])
def test_a_segment_begins_anywhere_so_that_half_of_it_is_inside(
        length: int, firsts: range, rng: np.random.Generator) -> None:
    found = {(s.start, min(s.stop, 100)) for s in (segment(100, length, rng) for _ in range(5000))}
    assert found == {(max(first, 0), min(first + length, 100)) for first in firsts}
    assert min(stop - start for start, stop in found) == length // 2


def test_about_the_part_asked_for_is_dropped(rng: np.random.Generator) -> None:
    assert dropped(100_000, 0.03, rng).mean() == pytest.approx(0.03, abs=0.002)
    assert not dropped(1000, 0.0, rng).any()
    assert dropped(1000, 1.0, rng).all()


def test_noise_is_the_error_times_the_scale(rng: np.random.Generator) -> None:
    flux, error = spectrum()
    added = np.array([(add_noise(flux, error, 0.7, rng) - flux) / error for _ in range(50)])
    assert added.std() == pytest.approx(0.7, rel=0.01)
    assert added.mean() == pytest.approx(0.0, abs=0.01)
    assert added[:, :400].std() == pytest.approx(added[:, -400:].std(), rel=0.05)
    assert np.corrcoef(added[:, 7], added[:, 8])[0, 1] == pytest.approx(0.0, abs=0.5)
    noisy = add_noise(flux, error, 0.0, rng)
    assert noisy.dtype == np.float32
    np.testing.assert_array_equal(noisy, flux)


def test_with_probability_0_nothing_happens(rng: np.random.Generator) -> None:
    flux, error = spectrum()
    for _ in range(50):
        same = augment(flux, error, NEVER, rng)
        np.testing.assert_array_equal(same, flux)
        assert same is not flux


@pytest.mark.parametrize(("zero", "taken_out"), [(1.0, lambda f: f == 0), (0.0, np.isnan)])
def test_with_probability_1_a_segment_is_always_missing(zero: float, taken_out: object,
                                                        rng: np.random.Generator) -> None:
    flux, error = spectrum()
    only = Augmentation(segment=1.0, segment_length=(20, 100), dropped=0.0, noise=0.0, zero=zero)
    lengths = []
    for _ in range(300):
        missing = np.flatnonzero(taken_out(augment(flux, error, only, rng)))  # type: ignore[operator]
        assert missing.size == np.ptp(missing) + 1  # one run
        lengths.append(missing.size)
    assert 10 <= min(lengths) < 25
    assert 90 < max(lengths) <= 100
    # Lengths are even in their logarithm: half of them are below the geometric mean.
    assert np.mean(np.array(lengths) < np.sqrt(20 * 100)) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("zero", "taken_out"), [(1.0, lambda f: f == 0), (0.0, np.isnan)])
def test_with_probability_1_single_values_are_always_dropped(zero: float, taken_out: object,
                                                             rng: np.random.Generator) -> None:
    flux, error = spectrum()
    only = Augmentation(segment=0.0, dropped=1.0, dropped_part=0.04, noise=0.0, zero=zero)
    parts = [np.mean(taken_out(augment(flux, error, only, rng)))  # type: ignore[operator]
             for _ in range(300)]
    assert max(parts) < 0.05
    assert np.mean(parts) == pytest.approx(0.02, abs=0.003)  # even between none and the largest


def test_with_probability_1_noise_is_always_added_up_to_its_scale(rng: np.random.Generator
                                                                  ) -> None:
    flux, error = spectrum()
    only = Augmentation(segment=0.0, dropped=0.0, noise=1.0, noise_scale=2.0)
    scales = [np.std((augment(flux, error, only, rng) - flux) / error) for _ in range(200)]
    assert min(scales) > 0
    assert max(scales) < 2.1
    assert np.mean(scales) == pytest.approx(1.0, abs=0.15)


def test_what_is_missing_is_zero_or_not_a_number_and_never_both(rng: np.random.Generator) -> None:
    flux, error = spectrum()
    both = Augmentation(segment=1.0, dropped=1.0, noise=0.0, zero=0.3)
    zeros = 0
    for _ in range(400):
        changed = augment(flux, error, both, rng)
        assert bool((changed == 0).any()) != bool(np.isnan(changed).any())
        zeros += bool((changed == 0).any())
        kept = np.isfinite(changed) & (changed != 0)
        np.testing.assert_array_equal(changed[kept], flux[kept])
    assert zeros / 400 == pytest.approx(0.3, abs=0.07)


def test_each_happens_as_often_as_its_probability_says(rng: np.random.Generator) -> None:
    flux, error = spectrum()
    some = Augmentation(segment=0.25, segment_length=(200, 400), dropped=0.0, noise=0.1)
    changed = [augment(flux, error, some, rng) for _ in range(2000)]
    assert np.mean([(c == 0).any() or np.isnan(c).any() for c in changed]) == pytest.approx(
        0.25, abs=0.04)
    assert np.mean([c[np.isfinite(c) & (c != 0)][0] not in flux for c in changed]) == pytest.approx(
        0.1, abs=0.03)


def test_what_is_given_stays_as_it_is(rng: np.random.Generator) -> None:
    flux, error = spectrum()
    before = flux.copy(), error.copy()
    for _ in range(20):
        augment(flux, error, Augmentation(segment=1.0, dropped=1.0, noise=1.0), rng)
    np.testing.assert_array_equal(flux, before[0])
    np.testing.assert_array_equal(error, before[1])


@pytest.mark.parametrize(("settings", "said"), [
    ({"segment": 1.5}, "between 0 and 1"), ({"zero": -0.1}, "between 0 and 1"),
    ({"segment_length": (0, 10)}, "segment_length"), ({"segment_length": (20, 10)}, "longest"),
    ({"noise_scale": -1.0}, "noise_scale")])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Augmentation(**settings)  # type: ignore[arg-type]
