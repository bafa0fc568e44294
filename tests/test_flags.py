import itertools

import numpy as np
import pytest

from bossnet.flags import BAD, FAILED, FLAGS, WARN, Case, Outcome, judge, names
from bossnet.network import APOGEE, BOSS
from bossnet.quality import Quality

GOOD = {"teff": 5800.0, "logg": 4.4, "fe_h": 0.0, "v_rad": 10.0, "snr": 50.0, "e_logg": 0.1,
        "log_teff": 3.76, "e_log_teff": 0.01, "med_log_teff": 3.76, "med_logg": 4.4,
        "e_fe_h": 0.1, "med_fe_h": 0.0, "v_rel": 10.0, "e_v_rel": 5.0, "med_v_rel": 10.0}
WHOLE = Quality(pixels=4000, varies=True, uncovered=0.0, snr=50.0, has_uncertainty=True)


def flags_of(values=None, *, quality=WHOLE, outcome=Outcome.DONE, **context):
    return set(names(judge(Case(outcome, GOOD | (values or {}), BOSS.limits, quality, **context))))


def test_bits_and_names_are_those_of_the_contract():
    assert {f.bit: f.name for f in FLAGS} == {
        0: "flag_runtime_exception", 1: "flag_unreliable_teff", 2: "flag_unreliable_logg",
        3: "flag_unreliable_fe_h", 4: "flag_suspicious_fe_h", 8: "flag_missing_file",
        9: "flag_bad_file", 10: "flag_no_data", 11: "flag_no_uncertainty",
        12: "flag_partial_coverage", 13: "flag_low_snr", 14: "flag_out_of_distribution",
        15: "flag_stranded_logg", 16: "flag_extinct_hot_star", 17: "flag_cool_white_dwarf",
        18: "flag_unreliable_v_rad", 19: "flag_noise_bias", 20: "flag_legacy_velocity",
        21: "flag_rest_frame", 22: "flag_little_coverage"}
    assert sum(1 << b for b in (0, 1, 2, 3, 8, 9, 10, 11, 22)) == BAD
    assert sum(1 << b for b in (4, 12, 13, 14, 15, 16, 17, 18, 19)) == WARN
    assert FAILED == 1


def test_a_good_spectrum_has_no_flag():
    assert flags_of() == set()


@pytest.mark.parametrize(("values", "flag"), [
    ({"teff": 1699.0}, "flag_unreliable_teff"), ({"teff": 100_001.0}, "flag_unreliable_teff"),
    ({"logg": -1.01}, "flag_unreliable_logg"), ({"logg": 10.01}, "flag_unreliable_logg"),
    ({"teff": 3199.0}, "flag_unreliable_fe_h"), ({"logg": 5.01}, "flag_unreliable_fe_h"),
    ({"fe_h": -4.01}, "flag_unreliable_fe_h"), ({"fe_h": 2.01}, "flag_unreliable_fe_h"),
    ({"teff": 3899.0}, "flag_suspicious_fe_h"),
    ({"snr": 4.99}, "flag_low_snr"),
    ({"teff": 6999.0, "logg": 6.0, "e_logg": 0.31, "med_logg": 6.0}, "flag_stranded_logg"),
    ({"logg": 7.01, "teff": 6999.0}, "flag_cool_white_dwarf"),
    ({"v_rad": -600.5}, "flag_unreliable_v_rad"), ({"v_rad": 600.5}, "flag_unreliable_v_rad"),
    ({"med_logg": 4.61}, "flag_noise_bias"), ({"med_v_rel": -1.0}, "flag_noise_bias"),
    ({"med_log_teff": 3.73}, "flag_noise_bias"), ({"med_fe_h": 0.3}, "flag_noise_bias")])
def test_each_limit_sets_its_flag(values, flag):
    assert flag in flags_of(values)


@pytest.mark.parametrize("values", [
    {"teff": 100_000.0}, {"teff": 3900.0}, {"snr": 5.0}, {"v_rad": 600.0}, {"med_v_rel": 20.0},
    {"logg": -1.0, "med_logg": -1.0}, {"fe_h": -4.0, "med_fe_h": -4.0},
    {"logg": 5.0, "med_logg": 5.0}, {"e_logg": None, "med_logg": 9.0}, {"teff": None},
    {"v_rad": None}, {"snr": None}])
def test_limits_are_strict_and_null_sets_nothing(values):
    assert flags_of(values) == set()


STRANDED = {"teff": 6999.0, "logg": 6.0, "med_logg": 6.0, "e_logg": 0.31}
COOL_WHITE = {"teff": 6999.0, "logg": 7.01, "med_logg": 7.01}
BIASED = {"e_logg": 0.1, "logg": 4.0}


@pytest.mark.parametrize(("flag", "inside", "outside"), [
    ("flag_low_snr", {"snr": 4.99}, [{"snr": 5.0}, {"snr": None}]),
    ("flag_low_snr", {"snr": -3.0}, []),
    ("flag_stranded_logg", STRANDED, [
        STRANDED | change for change in (
            {"teff": 7000.0}, {"logg": 5.5}, {"logg": 7.0}, {"e_logg": 0.3}, {"e_logg": None},
            {"teff": None}, {"logg": None})]),
    ("flag_cool_white_dwarf", COOL_WHITE, [
        COOL_WHITE | change for change in (
            {"teff": 7000.0}, {"logg": 7.0}, {"teff": None}, {"logg": None})]),
    ("flag_unreliable_v_rad", {"v_rad": 600.1}, [{"v_rad": 600.0}, {"v_rad": -600.0},
                                                 {"v_rad": None, "v_rel": 900.0,
                                                  "med_v_rel": 900.0}]),
    ("flag_unreliable_v_rad", {"v_rad": -600.1}, []),
    ("flag_noise_bias", BIASED | {"med_logg": 4.21}, [
        BIASED | {"med_logg": 4.19}, BIASED | {"med_logg": None}, BIASED | {"med_logg": 3.81},
        BIASED | {"med_logg": 4.21, "e_logg": 0.11}]),
    ("flag_noise_bias", BIASED | {"med_logg": 3.79}, []),
])
def test_what_sets_a_warning_and_what_just_does_not(flag, inside, outside):
    assert flag in flags_of(inside)
    for values in outside:
        assert flag not in flags_of(values), values


def test_the_low_snr_limit_is_a_setting():
    assert flags_of({"snr": 9.9}, snr_limit=10.0) == {"flag_low_snr"}
    assert flags_of({"snr": 9.9}, snr_limit=9.0) == set()


def test_warnings_alone_do_not_make_a_result_bad():
    for bit in range(13, 20):
        assert WARN >> bit & 1
        assert not BAD >> bit & 1


def test_flags_of_the_surroundings():
    assert flags_of({"teff": 7001.0}, a_g=3.1) == {"flag_extinct_hot_star"}
    assert flags_of({"teff": 7001.0}, a_g=3.0) == set()
    assert flags_of({"teff": 7001.0}, a_g=None) == set()
    assert flags_of(is_legacy=True) == {"flag_legacy_velocity"}
    assert flags_of(in_rest_frame=True) == {"flag_rest_frame"}
    assert flags_of(distance=3.0, ood_limit=2.0) == {"flag_out_of_distribution"}
    assert flags_of(distance=3.0, ood_limit=None) == set()


def test_flags_of_the_spectrum():
    def with_(**change):
        return Quality(**{n: getattr(WHOLE, n) for n in WHOLE.__slots__} | change)

    assert flags_of(quality=with_(uncovered=0.05)) == set()
    assert flags_of(quality=with_(uncovered=0.051)) == {"flag_partial_coverage"}
    assert flags_of(quality=with_(uncovered=0.51)) == {
        "flag_partial_coverage", "flag_little_coverage"}
    assert flags_of(quality=with_(has_uncertainty=False)) == {"flag_no_uncertainty"}


@pytest.mark.parametrize(("outcome", "flags"), [
    (Outcome.MISSING_FILE, {"flag_missing_file"}), (Outcome.BAD_FILE, {"flag_bad_file"}),
    (Outcome.NO_DATA, {"flag_no_data"}), (Outcome.STORAGE_FAILED, set()),
    (Outcome.DEVICE_FAILED, set()), (Outcome.FAILED, set()), (Outcome.NOT_FINITE, set())])
def test_every_failure_is_a_runtime_exception_with_its_reason(outcome, flags):
    got = set(names(judge(Case(outcome))))
    assert got == flags | {"flag_runtime_exception"}


def test_apogee_net_has_its_own_limits():
    def flags(**values):
        return set(names(judge(Case(Outcome.DONE, GOOD | values, APOGEE.limits, WHOLE))))

    assert "flag_unreliable_logg" in flags(logg=6.1)
    assert "flag_suspicious_fe_h" not in flags(teff=3500.0)


def test_values_at_random_agree_with_the_table_in_plain_words():
    rng = np.random.default_rng(0)
    for teff, logg, fe_h, snr in itertools.product(
            rng.uniform(1000, 110_000, 6), rng.uniform(-2, 11, 6), rng.uniform(-5, 3, 4),
            rng.uniform(0, 10, 2)):
        got = judge(Case(Outcome.DONE, {"teff": teff, "logg": logg, "fe_h": fe_h, "snr": snr}))
        assert bool(got & 2) == (teff < 1700 or teff > 100_000)
        assert bool(got & 4) == (logg < -1 or logg > 10)
        assert bool(got & 8) == (teff < 3200 or logg > 5 or fe_h < -4 or fe_h > 2)
        assert bool(got & 16) == (teff < 3900 and 3 < logg < 6)
        assert bool(got & 1 << 13) == (snr < 5)
        assert bool(got & 1 << 17) == (logg > 7 and teff < 7000)
