"""Two measurements of one star: visits, surveys, velocities; all worked out by hand."""

import numpy as np
import pytest

from bossnet.network import APOGEE
from bossnet.report import common, repeats, velocities
from bossnet.report.repeats import Worst
from catalog.made import BOSS, COADD, LAMOST


def spread(values):
    """Median, and half the 16th-to-84th percentile width."""
    low, middle, high = np.percentile(values, [16, 50, 84])
    return pytest.approx((len(values), middle, (high - low) / 2), rel=1e-4, abs=1e-5)


def told(width):
    return width.number, width.offset, width.sigma


DIFFERENCES = (-0.3, -0.1, 0.0, 0.05, 0.2, 0.7)  #: of log g, second visit minus first


@pytest.fixture
def visits(made):
    """Stars with two visits each; log g has an error of 0.1 in the first, of 0.05 in the second."""
    run = made.run()
    for difference in DIFFERENCES:
        star = made.star()
        made.visit(star, run, mjd=59_600, logg=4.0, e_logg=0.1)
        made.visit(star, run, mjd=59_700, logg=4.0 + difference, e_logg=0.05)
    made.of = run
    return made


def test_pulls_are_differences_over_errors_added_in_quadrature(visits, scope):
    with scope() as s:
        found = repeats.ask(s)
    pulls = np.array(DIFFERENCES) / np.hypot(0.1, 0.05)
    assert told(found.pulls[BOSS, "logg"].width) == spread(pulls)
    assert found.pulls[BOSS, "logg"].beyond == pytest.approx(1 / 6)  # 0.7 is 6.3 errors
    # One beyond the histogram's reach of 6; the others in bins of 0.25.
    assert found.pulls[BOSS, "logg"].bins == {-11: 1, -4: 1, 0: 1, 1: 1, 7: 1}
    assert told(found.pulls[BOSS, "fe_h"].width) == (6, 0.0, 0.0)
    assert {key for key in found.pulls} == {(BOSS, name) for name in (
        "logg", "log_teff", "fe_h", "v_rad")}


def test_the_visits_that_differ_most_are_named(visits, scope):
    with scope() as s:
        worst = repeats.ask(s).worst
        s.cursor.execute("SELECT source_pk, array_agg(spectrum_pk ORDER BY mjd) FROM "
                         "boss_visit_spectrum GROUP BY source_pk ORDER BY source_pk DESC LIMIT 1")
        (star, keys), = s.cursor.fetchall()
    assert worst == [Worst("logg", star, *keys, pytest.approx(0.7, rel=1e-5),
                           pytest.approx(0.7 / np.hypot(0.1, 0.05), rel=1e-5))]


def test_each_visit_is_compared_with_the_one_before_of_another_night(made, scope):
    run, star = made.run(), made.star()
    for mjd, logg in ((59_600, 4.0), (59_601, 4.1), (59_601, 4.1), (59_603, 4.4)):
        made.visit(star, run, mjd=mjd, logg=logg, e_logg=0.1)
    coadd = made.spectrum(star, mjd=59_604, filetype="specFull_coadd")  # of the others
    made.result(coadd, star, run)
    with scope() as s:
        assert repeats.ask(s).pulls[BOSS, "logg"].width.number == 2


def test_spectra_of_two_tables_or_stars_or_with_unreliable_parameters_are_no_repeats(made, scope):
    run, star = made.run(), made.star()
    made.visit(star, run, mjd=59_600)
    made.visit(star, run, mjd=59_700, table=LAMOST)
    made.visit(star, run, table=COADD)
    made.visit(star, run, mjd=59_800, log_teff=5.3, logg=7.0)  # of these, RV alone is reliable
    made.visit(star, run, mjd=59_900, failed=True)
    made.visit(made.star(), run, mjd=59_600)
    with scope() as s:
        found = repeats.ask(s)
    assert {key: p.width.number for key, p in found.pulls.items()} == {
        (BOSS, "v_rad"): 1, (BOSS, "logg"): 1}


def test_few_repeats_have_no_width_but_are_counted(made, scope):
    run, star = made.run(), made.star()
    for mjd in (59_600, 59_700):
        made.visit(star, run, mjd=mjd)
    with scope() as s:
        section = repeats.section(repeats.ask(s))
    assert section.numbers["pulls"][BOSS]["logg"] == {
        "number": 1, "offset": None, "sigma": None, "beyond_3": 0}


def test_without_repeats_the_section_says_so(made, scope):
    made.visit(made.star(), made.run())
    with scope() as s:
        section = repeats.section(repeats.ask(s))
    assert "No star has reliable parameters" in section.why_empty
    assert not section.figures
    assert not section.tables


def test_stars_in_common_are_compared_by_the_best_spectrum_of_either_survey(made, scope):
    run, differences = made.run(), (-0.2, -0.1, 0.0, 0.1, 0.4)
    for difference in differences:
        star = made.star()
        made.visit(star, run, mjd=59_600, logg=1.0, snr=10.0)  # a better one is there
        made.visit(star, run, mjd=59_700, logg=4.05 + difference, e_logg=0.3, snr=20.0)
        made.visit(star, run, mjd=59_800, table=LAMOST, logg=4.05, e_logg=0.4, snr=50.0)
    made.visit(made.star(), run, table=LAMOST)
    with scope() as s:
        found, = common.ask(s)
    assert (found.a, found.b) == ("BOSS", "LAMOST")
    logg = found.of["logg"]
    assert told(logg.difference) == spread(differences)
    assert told(logg.pull) == spread(np.array(differences) / 0.5)
    assert sorted(logg.cells) == [(38, 40, 1), (39, 40, 1), (40, 40, 1), (41, 40, 1), (44, 40, 1)]
    assert logg.stars[0].pull == pytest.approx(0.8, rel=1e-5)
    assert [round(star.a, 3) for star in logg.stars[:2]] == [4.45, 3.85]
    rows = {row[0]: row for row in common.section([found]).tables[0].rows}
    assert rows["log g [dex]"][1:6] == ("5", "0.172", "0.105", "+0.000", "0.026")
    assert rows["RV [km/s]"][3] == "-"  # the paper has none


def test_a_coadd_is_of_boss_and_no_survey_is_compared_with_itself(made, scope):
    run, star = made.run(), made.star()
    made.visit(star, run)
    made.visit(star, run, table=COADD)
    with scope() as s:
        assert common.ask(s) == []
        assert common.section([]).why_empty == "The spectra are of one survey alone."
    made.visit(star, run, table=LAMOST)
    with scope() as s:
        assert common.ask(s)[0].of["logg"].difference.number == 1


def test_without_stars_in_common_the_section_says_so(made, scope):
    run = made.run()
    made.visit(made.star(), run)
    made.visit(made.star(), run, table=LAMOST)
    with scope() as s:
        section = common.section(common.ask(s))
    assert section.why_empty == ("No star has reliable parameters from spectra of both BOSS and "
                                 "LAMOST.")


def test_velocities_are_compared_with_the_survey_s_own_where_those_are_trustworthy(made, scope):
    run, star = made.run(), made.star()
    differences = (-30.0, -10.0, 0.0, 12.0, 20.0)

    def visit(ours, **own):
        key = made.spectrum(star, mjd=59_600 + made.keys, **own)
        made.result(key, star, run, v_rad=ours, e_v_rad=3.0)
        return key

    keys = [visit(50.0 + d, xcsao_v_rad=50.0, xcsao_e_v_rad=4.0, xcsao_rxc=6.5)
            for d in differences]
    visit(900.0, xcsao_v_rad=50.0, xcsao_rxc=9.0)  # beyond 600 km/s, ours is none
    visit(0.0, xcsao_v_rad=100.0, xcsao_rxc=6.0)  # theirs is none up to 6
    visit(0.0)
    visit(40.0, table=LAMOST, z=1e-4, **{"class": "STAR"})
    visit(40.0, table=LAMOST, z=1e-4, **{"class": "GALAXY"})
    visit(40.0, table=LAMOST, z=-9999.0, **{"class": "STAR"})
    visit(45.0, table=COADD, v_rad=44.0)
    with scope() as s:
        found = velocities.ask(s)
    assert told(found.of[BOSS].difference) == spread(differences)
    assert told(found.of[BOSS].pull) == spread(np.array(differences) / 5)
    assert found.of[BOSS].bins == {-6: 1, -2: 1, 0: 1, 2: 1, 4: 1}
    assert told(found.of[BOSS].by_snr[5]) == spread(differences)  # all at S/N 30
    assert found.of[LAMOST].difference.number == 1
    assert found.of[COADD].bins == {0: 1}
    key, _, ours, theirs, difference, pull = found.worst[0]
    assert (key, ours, theirs, difference, pull) == (keys[0], 20.0, 50.0, -30.0, -6.0)


def test_without_velocities_of_either_the_section_says_so(made, scope):
    made.visit(made.star(), made.run())
    with scope() as s:
        assert velocities.section(velocities.ask(s)).why_empty.startswith(
            "No spectrum with a reliable velocity has a trustworthy one of the survey: "
            "boss_visit_spectrum: xcsao_v_rad, where xcsao_rxc > 6;")
    assert velocities.section(velocities.Velocities(APOGEE.has_velocity, {}, [])).why_empty == (
        "This network predicts no velocity.")
