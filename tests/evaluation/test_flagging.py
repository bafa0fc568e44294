import numpy as np
import pytest

from bossnet.errors import WeightsError
from bossnet.evaluation.flagging import flagged_rates, spectra
from bossnet.evaluation.foreign import KINDS, ORDINARY, observed
from bossnet.network import BOSS
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.simulation.instruments import LAMOST
from bossnet.simulation.templates import packaged
from bossnet.training.reference import distances, limit, make_reference
from network.made import TINY, random_network

FEW = (ORDINARY, *(kind for kind in KINDS if kind.name in ("noise only", "sky")))


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    """A tiny random network that knows ordinary stars at S/N 30."""
    folder, stars = tmp_path_factory.mktemp("weights"), packaged()
    shape = TINY | {"linear_dim": 32}
    plain = DirectPredictor(random_network(folder / "plain.safetensors", **shape), BOSS)
    exposures = []
    for i in range(300):
        s = observed(ORDINARY, stars, 30.0, np.random.default_rng([9, i]))
        exposures.append(Exposure(s.flux, s.error, s.wavelength))
    features = plain.predict(exposures, n_draws=0, seed=0).features
    reference = make_reference(features[:150], axes=4)
    return DirectPredictor(random_network(
        folder / "known.safetensors", reference=reference,
        ood_limit=limit(distances(reference, features[150:])), **shape), BOSS)


def test_rates_are_given_for_every_kind_and_signal_to_noise_ratio(predictor):
    rates = flagged_rates(predictor, kinds=FEW, snrs=(10.0, 30.0), number=12)
    assert [(r.kind, r.snr, r.number) for r in rates] == [
        ("ordinary star", 10.0, 12), ("ordinary star", 30.0, 12), ("noise only", 0.01, 12),
        ("sky", 10.0, 12), ("sky", 30.0, 12)]
    by = {(r.kind, r.snr): r for r in rates}
    assert by["noise only", 0.01].flagged == 1.0
    assert by["noise only", 0.01].distance > 2
    assert by["ordinary star", 30.0].flagged < 0.2
    assert by["ordinary star", 30.0].distance < 1
    done = []
    assert flagged_rates(predictor, kinds=FEW, snrs=(10.0, 30.0), number=12,
                         progress=done.append) == rates
    assert done == [12] * 5
    assert spectra(12, kinds=FEW, snrs=(10.0, 30.0)) == 60


def test_a_rate_is_the_part_beyond_the_limit(predictor):
    kind, stars = FEW[0], packaged()
    [rate] = flagged_rates(predictor, kinds=[kind], snrs=(3.0,), number=20, stars=stars,
                           instruments=[LAMOST], seed=4)
    exposures = []
    for i in range(20):
        s = observed(kind, stars, 3.0, np.random.default_rng([4, 0, 300, i]), instrument=LAMOST)
        exposures.append(Exposure(s.flux, s.error, s.wavelength))
    distance = predictor.predict(exposures, n_draws=0, seed=0).distance / predictor.card.ood_limit
    assert rate.flagged == (distance > 1).mean()
    assert rate.distance == pytest.approx(np.median(distance))


def test_weights_that_flag_nothing_have_no_rates(tiny):
    with pytest.raises(WeightsError, match="'random' have no ood_limit"):
        flagged_rates(DirectPredictor(tiny, BOSS))
