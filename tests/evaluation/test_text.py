"""Tables as text."""

from bossnet.evaluation.figures import by_kind
from bossnet.evaluation.flagging import Rate
from bossnet.evaluation.statistics import Row, Statistics
from bossnet.evaluation.text import beside, foreign, one


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


def test_rates_of_foreign_spectra_are_beside_one_another_by_signal_to_noise_ratio():
    lines = foreign(by_kind([
        Rate("ordinary star", 10.0, 200, 0.015, 0.52), Rate("ordinary star", 30.0, 200, 0.0, 0.4),
        Rate("noise only", 0.01, 200, 1.0, 3.0)])).splitlines()
    assert lines[1].split() == ["0.01", "10", "30"] * 2
    assert lines[3].split() == ["ordinary", "star", "-", "1.5", "%", "0.0", "%", "-", "0.52",
                                "0.40"]
    assert lines[4] == ""  # stars are set apart
    assert lines[5].split() == ["noise", "only", "100.0", "%", "-", "-", "3.00", "-", "-"]
