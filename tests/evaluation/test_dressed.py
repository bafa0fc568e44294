"""Templates dressed for judging."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bossnet.evaluation.dressed import dressed, dressings, of_dataset
from bossnet.evaluation.groups import region_names
from bossnet.evaluation.quantities import COLUMNS
from bossnet.simulation.instruments import BOSS, LAMOST
from bossnet.simulation.templates import packaged
from bossnet.training.dataset import Entry, write

TEMPLATES = packaged()[:4]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Twenty dwarfs, two giants, three M stars, a white dwarf, and four without labels."""
    kinds = [(5500.0, 4.5)] * 20 + [(4500.0, 2.0)] * 2 + [(3500.0, 4.8)] * 3 + [(9000.0, 8.0)] \
        + [(np.nan, np.nan)] * 4
    return write(tmp_path_factory.mktemp("sets") / "set", [
        Entry(replace(TEMPLATES[0], star=f"star {i}", teff=teff, logg=logg), "test")
        for i, (teff, logg) in enumerate(kinds)], made_from={})


def regions(dataset, todo):
    """How many stars of each region are to be observed."""
    sample = dressed(dataset.template, todo, origin={})
    return Counter(region_names(sample.labels).tolist())


def test_every_star_is_observed_with_every_instrument_at_every_signal_to_noise_ratio():
    todo = dressings([0, 2], [BOSS, LAMOST], [10.0, 30.0], seed=1)
    assert [(d.place, d.instrument.name, d.snr) for d in todo] == [
        (place, name, snr) for place in (0, 2) for name in ("BOSS", "LAMOST")
        for snr in (10.0, 30.0)]
    assert len({d.seed for d in todo}) == 8


def test_a_stars_velocity_depends_on_the_seed_and_the_star_alone():
    todo = dressings(range(4), [BOSS], [10.0, 30.0], seed=1)
    again = dressings([3], [LAMOST], [5.0], seed=1)[0]
    assert {(d.rv, d.ebv) for d in todo if d.place == 3} == {(again.rv, again.ebv)}
    assert len({d.rv for d in todo}) == 4
    assert dressings([3], [BOSS], [5.0], seed=2)[0].rv != again.rv


def test_labels_are_those_of_the_templates_and_the_velocity_put_in():
    todo = dressings([1, 3], [BOSS], [50.0], seed=1)
    sample = dressed(TEMPLATES.__getitem__, todo, origin={"dataset": "some"})
    star = TEMPLATES[3]
    np.testing.assert_allclose(
        [sample.labels[1, COLUMNS.index(c)] for c in ("log_teff", "logg", "v_rel")],
        [np.log10(star.teff), star.logg, todo[1].rv])
    assert (sample.names[1], sample.subsets[1], sample.snr[1]) == (star.star, star.library, 50.0)
    observations = list(sample.observations())
    assert [o.spectrum.survey for o in observations] == ["boss", "boss"]
    # Judged again, the spectra are the same.
    for one, two in zip(observations, sample.observations(), strict=True):
        np.testing.assert_array_equal(one.spectrum.flux, two.spectrum.flux)


@pytest.mark.parametrize("seed", range(5))
def test_chosen_by_region_every_region_of_the_split_is_there(dataset, seed):
    found = regions(dataset, of_dataset(dataset, "test", [BOSS], [30.0], seed=seed, limit=8,
                                        every_region=True))
    # One each of the four, a second of the three that have one, a third of one of the two left.
    assert (found["white dwarfs"], found["4000 to 7500 K, giants"]) == (1, 2)
    assert {found["4000 to 7500 K, dwarfs"], found["cooler than 4000 K"]} == {2, 3}


def test_stars_without_labels_are_chosen_when_no_other_is_left(dataset):
    found = regions(dataset, of_dataset(dataset, "test", [BOSS], [30.0], seed=1, limit=28,
                                        every_region=True))
    assert (found[""], found.total()) == (2, 28)


@pytest.mark.parametrize("every_region", [False, True])
def test_a_choice_follows_from_the_seed(dataset, every_region):
    def chosen(seed):
        return [d.place for d in of_dataset(dataset, "test", [BOSS], [30.0], seed=seed, limit=6,
                                            every_region=every_region)]
    assert chosen(3) == chosen(3) == sorted(chosen(3))
    assert len({tuple(chosen(seed)) for seed in range(4)}) == 4
