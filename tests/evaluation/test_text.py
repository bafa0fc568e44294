"""Tables as text."""

from bossnet.evaluation.statistics import Row, Statistics
from bossnet.evaluation.text import beside, one


def row(kind, name, sigma, offset=0.0):
    of = Statistics(9, sigma, offset, 0.1, 1.25, 0.0)
    return Row(kind, name, 10, {"logg": of, "log_teff": of, "fe_h": Statistics(2), "v_rel": of})


def test_one_network_is_shown_as_in_table_2():
    text = one([row("all", "all", 0.25, -0.031)])
    line = next(line for line in text.splitlines() if line.startswith("all"))
    assert line.split() == ["all", "0.250", "0.2500", "-", "0.2", "-0.031", "-0.0310", "-", "-0.0",
                            "10"]
    assert "1.25" in text


def test_the_better_network_is_marked_and_equals_are_not():
    text = beside(["first", "second"], [[row("all", "all", 0.25, -0.2)],
                                        [row("all", "all", 0.26, 0.1)]])
    lines = [line.split() for line in text.splitlines() if line.startswith("all")]
    assert lines[0] == ["all", "0.250*", "-0.200", "1.25", "0.260", "0.100*", "1.25", "9"]
    assert lines[2] == ["all", "-", "-", "-", "-", "-", "-", "2"]
    same = beside(["first", "second"], [[row("all", "all", 0.25)], [row("all", "all", 0.2502)]])
    assert next(line for line in same.splitlines() if line.startswith("all")).count("*") == 0


def test_small_groups_of_two_divisions_are_left_to_the_record():
    small = Row("region and S/N", "too few", 3, {c: Statistics(3) for c in (
        "logg", "log_teff", "fe_h", "v_rel")})
    assert "too few" not in one([row("all", "all", 0.2), small])
    assert "too few" not in beside(["a", "b"], [[row("all", "all", 0.2), small]] * 2)
