"""Splits go by star, and by its name alone."""

import numpy as np
import pytest

from bossnet.training.names import ALIASES
from bossnet.training.split import SPLITS, split_of


def test_a_star_is_in_one_split_whatever_a_library_calls_it() -> None:
    for name, other in [*ALIASES.items(), ("HD037394", "HD37394"), ("HD 48682 A", "HD048682"),
                        ("HD053929lp", "HD053929ss"), ("BD+19 5116B", "BD+195116")]:
        assert split_of(name) == split_of(other), name


def test_80_10_and_10_per_cent_of_the_stars() -> None:
    splits = np.array([split_of(f"HD{number}") for number in range(10_000)])
    parts = [np.mean(splits == split) for split in SPLITS]
    assert parts == pytest.approx([0.8, 0.1, 0.1], abs=0.012)  # four standard deviations
    assert SPLITS == ("train", "validation", "test")


def test_a_split_does_not_depend_on_what_came_before() -> None:
    names = [f"HD{number}" for number in range(200)]
    there = {name: split_of(name) for name in names}
    assert there == {name: split_of(name) for name in reversed(names)}


def test_these_stars_stay_where_they_are() -> None:
    # A network that is shipped was trained by this: another rule would leak its test stars.
    there = {"HD48682": "train", "HD037394": "train", "HD000400": "validation",
             "HR4963": "validation", "G156-031": "validation", "DA 12000 7.50": "train"}
    assert {name: split_of(name) for name in there} == there
