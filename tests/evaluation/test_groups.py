"""Which spectra are judged together."""

import numpy as np

from bossnet.evaluation.groups import divisions, region_names, regions, snr_bins

NAN = np.nan


def stars(*known):
    """Labels (N, 4) of stars with these (Teff, log g)."""
    return np.array([[logg, np.log10(teff), NAN, NAN] for teff, logg in known])


def test_regions_go_by_temperature_and_gravity():
    labels = stars((3999, 4.9), (4001, 3.8), (7499, 3.79), (7501, 4.0), (9000, 6.5), (3000, 8.0),
                   (5000, NAN), (NAN, 4.0))
    assert region_names(labels).tolist() == [
        "cooler than 4000 K", "4000 to 7500 K, dwarfs", "4000 to 7500 K, giants",
        "hotter than 7500 K", "white dwarfs", "white dwarfs", "4000 to 7500 K", ""]
    assert regions(labels)["4000 to 7500 K"].nonzero()[0].tolist() == [1, 2, 6]


def test_few_values_of_the_signal_to_noise_ratio_are_bins_of_their_own():
    snr = np.repeat([10.0, 30.0, 100.0], 6)
    assert {name: int(rows.sum()) for name, rows in snr_bins(snr).items()} == {
        "S/N 10": 6, "S/N 30": 6, "S/N 100": 6}


def test_many_values_of_the_signal_to_noise_ratio_are_binned():
    snr = np.array([3.0, 10.0, 19.9, 20.0, 99.0, 100.0, 500.0, NAN])
    assert {name: rows.nonzero()[0].tolist() for name, rows in snr_bins(snr).items()} == {
        "S/N below 10": [0], "S/N 10 to 20": [1, 2], "S/N 20 to 50": [3], "S/N 50 to 100": [4],
        "S/N from 100": [5, 6]}


def names(found, kind):
    return [group.name for group in found if group.kind == kind]


def test_every_division_is_there_and_nothing_is_empty_or_said_twice():
    labels = stars(*[(5000, 4.5)] * 10, *[(9000, 4.0)] * 10)
    snr = np.tile([10.0, 30.0], 10)
    subsets = np.repeat(["a", "b"], 10)
    found = divisions(labels, snr, subsets, np.array(["boss"] * 20))
    assert names(found, "all") == ["all"]
    assert names(found, "subset") == ["a", "b"]
    assert names(found, "survey") == []  # there is but one
    assert names(found, "region") == ["4000 to 7500 K", "4000 to 7500 K, dwarfs",
                                      "hotter than 7500 K"]
    assert "hotter than 7500 K, S/N 30" in names(found, "region and S/N")
    assert "b, S/N 10" in names(found, "subset and S/N")
    assert all(group.rows.any() for group in found)


def test_one_subset_at_one_signal_to_noise_ratio_is_not_divided():
    found = divisions(stars(*[(5000, 4.5)] * 10), np.full(10, 30.0), np.array([""] * 10),
                      np.array(["boss"] * 9 + [""]))
    assert [group.name for group in found] == ["all"]
