"""Templates dressed for judging."""

import numpy as np

from bossnet.evaluation.dressed import dressed, dressings
from bossnet.evaluation.quantities import COLUMNS
from bossnet.simulation.instruments import BOSS, LAMOST
from bossnet.simulation.templates import packaged

TEMPLATES = packaged()[:4]


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
