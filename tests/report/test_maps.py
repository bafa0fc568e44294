"""Maps and histograms: every row is counted once, in the cell where it belongs."""

import numpy as np
import pytest

from bossnet.report import distributions, kiel, style, uncertainties
from bossnet.report.quantities import axis, shown
from bossnet.report.uncertainties import Typical
from catalog.made import BOSS, LAMOST


def test_a_few_stars_are_points(made, scope):
    run, star = made.run(), made.star()
    key = made.visit(star, run, log_teff=3.75, logg=4.4, e_logg=0.125)
    made.visit(star, run, log_teff=5.5)  # beyond 100 000 K
    with scope() as s:
        found = kiel.ask(s)
    assert (found.number, found.cells) == (1, [])
    assert [(p.spectrum_pk, p.source_pk, p.snr) for p in found.stars] == [(key, star, 30.0)]
    assert found.errors == ("e_logg", "e_log_teff", "e_fe_h", "e_v_rad")
    assert found.places[0] == pytest.approx((3.75, 4.4, 0.125, 0.01, 0.05, 5.0))


def test_many_stars_are_medians_in_cells_and_rare_ones_points(made, scope, monkeypatch):
    monkeypatch.setattr(kiel, "POINTS", 4)
    run = made.run()
    for snr in (10.0, 20.0, 60.0):
        made.visit(made.star(), run, log_teff=3.75, logg=4.5, snr=snr, e_logg=snr / 100)
    rare = [made.visit(made.star(), run, log_teff=4.11, logg=8.1) for _ in range(2)]
    with scope() as s:
        found = kiel.ask(s)
    cells = {cell[:2]: cell[2:] for cell in found.cells}
    assert cells[187, 22] == pytest.approx((3, 20.0, 0.2, 0.01, 0.05, 5.0))
    number, snr, e_logg, _, e_fe_h, _ = cells[205, 40]
    assert (number, snr, e_logg, e_fe_h) == (2, 30.0, pytest.approx(0.1), None)  # a white dwarf
    assert [p.spectrum_pk for p in found.stars] == rare
    section = kiel.section(found)
    assert [f.name for f in section.figures] == ["kiel-density", "kiel-snr", "kiel-uncertainty"]
    assert section.numbers == {"number": 5}


def test_points_of_rare_cells_are_thinned_where_they_are_too_many(made, scope, monkeypatch):
    monkeypatch.setattr(kiel, "POINTS", 4)
    monkeypatch.setattr(kiel, "LONERS", 6)
    run = made.run()
    for i in range(12):
        made.visit(made.star(), run, logg=0.1 + 0.4 * i)
    with scope() as s:
        assert 0 < len(kiel.ask(s).stars) <= 6


def test_without_temperatures_there_is_no_diagram(made, scope):
    made.visit(made.star(), made.run(), failed=True)
    with scope() as s:
        assert kiel.section(kiel.ask(s)).why_empty.startswith("No spectrum has both")
        assert distributions.section(distributions.ask(s)).why_empty
        assert uncertainties.section(uncertainties.ask(s)).why_empty


def test_distributions_count_reliable_values_of_each_table(made, scope):
    run = made.run()
    for fe_h in (-0.26, -0.24, -0.22):
        made.visit(made.star(), run, fe_h=fe_h, snr=100.5)
    made.visit(made.star(), run, table=LAMOST, logg=8.05)  # its [Fe/H] is unreliable
    with scope() as s:
        found = distributions.ask(s)
    assert found["fe_h", BOSS] == {-6: 1, -5: 2}
    assert ("fe_h", LAMOST) not in found
    assert found["logg", LAMOST] == {80: 1}
    assert found["snr", BOSS] == {40: 3}
    assert found["v_rad", BOSS] == {1: 3}
    section = distributions.section(found)
    assert section.numbers["number"][LAMOST] == {"log_teff": 1, "logg": 1, "v_rad": 1, "snr": 1}


def test_the_median_of_a_histogram_is_linear_within_its_bin():
    assert distributions.median({3: 1, 5: 2}, 0.5) == pytest.approx(2.625)
    rng = np.random.default_rng(1)
    values = rng.normal(size=10_001)
    places, numbers = np.unique(np.floor(values / 0.1).astype(int), return_counts=True)
    histogram = dict(zip(places.tolist(), numbers.tolist(), strict=True))
    assert distributions.median(histogram, 0.1) == pytest.approx(np.median(values), abs=0.01)


def test_uncertainties_are_counted_by_snr_and_those_of_good_spectra_told_apart(made, scope):
    run = made.run()
    for e_logg in (0.1, 0.2, 0.3):
        made.visit(made.star(), run, e_logg=e_logg, snr=20.0)
    made.visit(made.star(), run, e_logg=0.5, snr=20.0, log_teff=3.9)  # hot
    made.visit(made.star(), run, e_logg=0.9, snr=15.0)  # not above 15
    with scope() as s:
        found = uncertainties.ask(s)
    assert sorted(found.cells["logg"]) == [(23, -1, 1), (26, -20, 1), (26, -14, 1), (26, -11, 1),
                                           (26, -7, 1)]
    cool, hot = (t for t in found.typical if t.parameter == "logg")
    assert cool == Typical("logg", True, 3, tuple(pytest.approx(v) for v in np.percentile(
        [0.1, 0.2, 0.3], [16, 50, 84])))
    assert (hot.number, hot.percentiles[1]) == (1, pytest.approx(0.5))
    rows = uncertainties.section(found).tables[0].rows
    assert rows[0] == ("log g [dex]", "cool", "3", "0.200", "0.132 to 0.268", "0.09")


def test_axes_run_as_the_field_draws_them():
    assert axis("log_teff", 3.4, 4.5)["range"] == [4.5, 3.4]
    assert axis("logg", 0, 5)["range"] == [5, 0]
    assert axis("fe_h", -2, 1)["range"] == [-2, 1]
    assert shown("alpha_m").axis == "alpha_m [dex]"  # of a network to come


def test_a_map_holds_each_cell_at_its_place():
    x, y, rows = style.matrix([(3, 7, 1), (5, 8, 2)])
    assert (list(x), list(y), rows) == ([3, 4, 5], [7, 8], [[1, None, None], [None, None, 2]])


def test_ticks_of_logarithmic_axes_are_round_numbers():
    assert style.decades(3, 40) == [5, 10, 20]
    assert style.decades(1, 100_000) == [1, 10, 100, 1000, 10_000, 100_000]
    assert style.decades(0.0031, 0.0033) == [0.0031]
