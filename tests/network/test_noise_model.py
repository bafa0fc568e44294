import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bossnet.errors import WeightsError
from bossnet.network import APOGEE, BOSS
from bossnet.network.frozen import load
from bossnet.network.noise_model import Law, NoiseModel, effective
from network.made import TINY, random_network

BY_SNR = Law((2.0, 1.0), (0.3, 0.0), snr=(5.0, 45.0))


def test_the_surveys_own_is_a_factor_and_a_floor_added_to_it():
    def error(column, raw, teff=5000.0):
        return APOGEE.noise_model.error(column, raw, snr=50.0, teff=teff)

    assert error("logg", 0.2) == pytest.approx(1.25 * 0.2 + 0.01)
    assert error("fe_h", 0.2) == pytest.approx(0.2 + 0.01)
    for teff in (3500.0, 5000.0, 20_000.0):  # e_teff = 1.25 raw_e_teff + 10 K
        per_dex = teff * math.log(10)
        assert per_dex * error("log_teff", 0.004, teff) \
            == pytest.approx(1.25 * per_dex * 0.004 + 10)


def test_a_floor_may_be_added_in_quadrature():
    assert Law((2.0,), (0.3,))(0.2, snr=10, teff=5000) == pytest.approx(0.5)


def test_factor_and_floor_follow_straight_lines_in_log_snr_and_hold_outside():
    factor, floor = BY_SNR.at([1, 5, 15, 45, 1000])
    np.testing.assert_allclose(factor, [2, 2, 1.5, 1, 1])
    np.testing.assert_allclose(floor, [0.3, 0.3, 0.15, 0, 0], atol=1e-12)


@pytest.mark.parametrize("snr", [math.nan, -3.0, 0.0, None])
def test_a_spectrum_without_snr_is_taken_for_one_of_the_lowest(snr):
    model = NoiseModel({"logg": BY_SNR})
    assert model.error("logg", 0.2, snr=snr, teff=5000) == pytest.approx(0.5)


def test_what_is_not_known_stays_so_and_what_has_no_law_stays_as_it_is():
    model = NoiseModel({"logg": BY_SNR})
    assert math.isnan(model.error("logg", math.nan, snr=10, teff=5000))
    assert model.error("fe_h", 0.123, snr=10, teff=5000) == 0.123
    assert NoiseModel().error("logg", 0.123, snr=10, teff=5000) == 0.123


def test_the_cards_model_overrides_the_declarations_as_a_whole():
    entry = {"parameters": {"logg": {"factor": 2.0}}}
    assert effective(None, APOGEE.noise_model) is APOGEE.noise_model
    assert effective(None, None).laws == {}
    assert effective(entry, APOGEE.noise_model).laws == {"logg": Law((2.0,))}
    assert effective({"parameters": {}}, APOGEE.noise_model).laws == {}


@pytest.mark.parametrize("model", [APOGEE.noise_model, NoiseModel({"logg": BY_SNR}), NoiseModel()])
def test_a_model_goes_through_the_cards_json_and_back(model):
    assert NoiseModel.from_card(json.loads(json.dumps(model.as_card()))) == model


@pytest.mark.parametrize(("law", "said"), [
    ({"factor": 0}, r"factor \[0\]: must be positive"),
    ({"factor": -1.0}, r"must be positive"),
    ({"factor": math.inf}, "finite numbers are needed"),
    ({"factor": math.nan}, "finite numbers are needed"),
    ({"factor": 10**400}, "finite numbers are needed"),
    ({"factor": "2"}, "finite numbers are needed"),
    ({"factor": True}, "finite numbers are needed"),
    ({"factor": None}, "finite numbers are needed"),
    ({"floor": -0.1}, "must not be negative"),
    ({"factor": [1, 2]}, "2 factors and 1 floors: 1 of each are needed"),
    ({"factor": [1, 2], "floor": [0, 0], "snr": [10, 10]}, "must be positive and ascending"),
    ({"factor": [1, 2], "floor": [0, 0], "snr": [0, 10]}, "must be positive and ascending"),
    ({"factor": [1, 2], "floor": [0, 0], "snr": [1]}, "2 factors and 2 floors"),
    ({"factor": []}, "0 factors"),
    ({"added": "cubic"}, "'cubic': is quadrature or linear"),
    ({"added": []}, "is quadrature or linear"),
    ({"unit": "km/s"}, "'km/s': is K"),
    ({"unit": "K"}, "a floor in K is log_teff's alone"),
    ({"scale": 2.0}, r"unknown entries \['scale'\]"),
    ([1.0], r"\[1.0\] is no object"),
])
def test_a_law_that_cannot_be_is_refused_with_the_reason(law, said):
    with pytest.raises(WeightsError, match=said) as refused:
        NoiseModel.from_card({"parameters": {"logg": law}})
    assert "noise_model: logg" in str(refused.value)


@pytest.mark.parametrize("entry", [[], "x", {}, {"parameters": []}, {"laws": {}, "parameters": {}},
                                   {"parameters": {}, "origin": 3}])
def test_what_is_no_model_is_refused(entry):
    with pytest.raises(WeightsError, match="noise_model"):
        NoiseModel.from_card(entry)


def test_the_model_is_part_of_the_file_and_of_its_digest(tmp_path):
    entry = NoiseModel({"logg": BY_SNR}, {"stars": 7}).as_card()
    plain = random_network(tmp_path / "a.safetensors", **TINY)
    modelled = random_network(tmp_path / "b.safetensors", noise_model=entry, **TINY)
    assert load(tmp_path / "b.safetensors").card.noise_model == entry
    assert modelled.card.sha256 != plain.card.sha256


def test_a_card_with_a_wrong_model_is_not_read(tiny):
    with pytest.raises(WeightsError, match="card of 'random': noise_model: logg: factor"):
        replace(tiny.card, noise_model={"parameters": {"logg": {"factor": -1}}})


def test_boss_net_has_no_model_of_its_own():
    assert BOSS.noise_model is None
