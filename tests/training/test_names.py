"""Two names of one star are one name."""

import pytest

from bossnet.training.names import ALIASES, canonical


@pytest.mark.parametrize(("one", "other"), [
    ("HD037394", "HD37394"), ("HD 107276", "HD107276"), ("HD048682A", "HD48682"),
    ("HR4963", "HD114330"), ("BD+195116B", "BD+195116"), ("HD053929lp", "HD053929ss"),
    ("hd 48682", "HD048682")])
def test_two_names_of_one_star_are_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), [
    ("HD37394", "HD373940"), ("M5 II 51", "M5 II 53"), ("BD+371458", "BD+371665")])
def test_two_stars_are_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_a_canonical_name_is_its_own() -> None:
    for name in (*ALIASES, *ALIASES.values(), "BD+00 2058A", "DA 12000 7.50"):
        assert canonical(canonical(name)) == canonical(name)
