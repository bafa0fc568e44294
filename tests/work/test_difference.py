"""Two runs compared: rows, flags, parameters in total and by region, the largest changes."""

import numpy as np
import psycopg2
import pytest
from psycopg2.extras import execute_values

from bossnet import v_astra
from bossnet.database.connection import connect
from bossnet.errors import ConfigurationError
from bossnet.evaluation.groups import region_names
from bossnet.flags import FLAGS, Case, Outcome, judge
from bossnet.work.difference import UNKNOWN, compare
from bossnet.work.status import Example

BIT = {flag.name: flag.mask for flag in FLAGS}
STAR = {"teff": 5000.0, "logg": 4.5, "fe_h": 0.0, "v_rel": 10.0, "e_log_teff": 0.01,
        "e_logg": 0.1, "e_fe_h": 0.2, "e_v_rel": 5.0}
COLUMNS = ("spectrum_pk", "run_pk", "v_astra", "tag", "result_flags", "error_message", "log_teff",
           "v_rad", *STAR)


@pytest.fixture
def connection(config):
    connection = connect(config)
    yield connection
    connection.close()


@pytest.fixture
def made(config):
    """Makes a run with these rows, by the number of their spectrum; its pk."""
    connection = psycopg2.connect(config.database_url, options="-c search_path=bossnet")

    def made(rows, tag="", task="bossnet", n_done=None, **record):
        record = {"task": task, "v_astra": v_astra(), "state": "done", "tag": tag, "seed": 0,
                  "n_done": len(rows) if n_done is None else n_done} | record
        with connection, connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO bossnet_run ({', '.join(record)}) VALUES "
                           f"({', '.join(['%s'] * len(record))}) RETURNING pk",
                           list(record.values()))
            run = cursor.fetchone()[0]
            execute_values(cursor, "INSERT INTO spectrum (pk, spectrum_flags) VALUES %s "
                           "ON CONFLICT DO NOTHING", [(key, 0) for key in rows] or [(1, 0)])
            table = [[_row(row, run, tag, key)[c] for c in COLUMNS] for key, row in rows.items()]
            if table:
                execute_values(cursor, f"INSERT INTO boss_net ({', '.join(COLUMNS)}) VALUES %s",
                               table)
        return run
    yield made
    connection.close()


def _row(row, run, tag, key):
    values = STAR | row
    values["log_teff"] = None if values["teff"] is None else float(np.log10(values["teff"]))
    return {"spectrum_pk": key, "run_pk": run, "v_astra": v_astra(), "tag": tag,
            "result_flags": 0, "error_message": None, "v_rad": values["v_rel"], **values}


def failed(**values):
    return dict.fromkeys(STAR) | {"result_flags": 1 | BIT["flag_missing_file"]} | values


def changes(found, parameter):
    return {c.region: c for c in found.parameters if c.parameter == parameter}


def test_rows_are_gained_and_lost_and_fail_and_recover(connection, made):
    a = made({1: {}, 2: {}, 3: failed(), 4: failed(), 5: {}, 6: {}})
    b = made({2: {}, 3: {}, 4: failed(),
              5: failed(error_message="gone.fits: not there"), 6: {"logg": 4.6},
              7: {}, 8: {}}, tag="b")
    found = compare(connection, a, b)
    rows = found.rows
    assert (rows.a, rows.b, rows.both, rows.lost, rows.gained) == (6, 7, 5, 1, 2)
    assert found.lost == [1]
    assert found.newly_failed == [Example(5, "gone.fits: not there")]
    assert (rows.failed, rows.recovered, rows.same) == (1, 1, 2)


def test_flags_are_set_and_cleared_among_the_spectra_of_both(connection, made):
    low, foreign = BIT["flag_low_snr"], BIT["flag_out_of_distribution"]
    a = made({1: {"result_flags": low}, 2: {"result_flags": low | foreign}, 3: {},
              9: {"result_flags": low}})
    b = made({1: {}, 2: {"result_flags": low}, 3: {"result_flags": low}}, tag="b")
    assert [(f.name, f.a, f.b, f.set, f.cleared) for f in compare(connection, a, b).flags] == [
        ("flag_low_snr", 2, 2, 1, 1), ("flag_out_of_distribution", 1, 0, 0, 1)]


def test_offset_and_scatter_are_median_and_half_the_16th_to_84th_percentile(connection, made):
    moved = [-0.2, -0.1, 0.0, 0.1, 0.4]
    a = made({key: {} for key in range(5)})
    b = made({key: {"logg": 4.5 + by, "e_logg": 0.15} for key, by in enumerate(moved)}, tag="b")
    change = changes(compare(connection, a, b), "logg")[None]
    assert (change.usable_a, change.usable_b, change.number) == (5, 5, 5)
    assert change.offset == pytest.approx(0, abs=1e-6)
    # positions 0.64 and 3.36 among the sorted five: -0.136 and 0.208
    assert change.scatter == pytest.approx(0.172, abs=1e-6)
    assert change.largest == pytest.approx(0.4, abs=1e-6)
    assert change.beyond == pytest.approx(2 / 5)  # -0.2 and 0.4 are more than 0.15
    assert change.errors == pytest.approx(1.5)


def test_few_spectra_have_no_offset_and_no_uncertainty_no_share_beyond_it(connection, made):
    a = made({key: {"e_logg": None} for key in range(4)})
    b = made({key: {"logg": 4.4, "e_logg": None} for key in range(4)}, tag="b")
    change = changes(compare(connection, a, b), "logg")[None]
    assert (change.number, change.offset, change.scatter) == (4, None, None)
    assert change.largest == pytest.approx(0.1)
    assert (change.beyond, change.errors) == (None, None)


def test_regions_are_those_of_evaluations_by_what_is_usable_in_the_first_run(connection, made):
    rng = np.random.default_rng(5)
    stars = {key: {"teff": float(teff), "logg": float(logg)} for key, (teff, logg) in enumerate(
        zip(rng.uniform(3000, 12000, 60), rng.uniform(0, 9, 60), strict=True))}
    for key in range(0, 60, 5):
        stars[key]["result_flags"] = BIT[("flag_unreliable_teff", "flag_unreliable_logg")[key % 2]]
    a, b = made(stars), made({key: {} for key in stars}, tag="b")
    labels = np.full((60, 4), np.nan)
    for key, star in stars.items():
        flags = star.get("result_flags", 0)
        if not flags & BIT["flag_unreliable_logg"]:
            labels[key, 0] = star["logg"]
        if not flags & BIT["flag_unreliable_teff"]:
            labels[key, 1] = np.log10(star["teff"])
    names, numbers = np.unique(region_names(labels), return_counts=True)
    expected = {name or UNKNOWN: number
                for name, number in zip(names.tolist(), numbers.tolist(), strict=True)}
    found = changes(compare(connection, a, b), "fe_h")
    assert {region: c.number for region, c in found.items() if region} == expected
    assert found[None].number == 60
    assert next(iter(found)) is None
    assert list(found)[-1] == UNKNOWN


def test_what_is_usable_is_what_the_catalogue_holds(connection, made):
    stars = [{"teff": 1500.0}, {"teff": 3000.0}, {"logg": 11.0}, {"logg": 8.0}, {"fe_h": -5.0},
             {"v_rel": 700.0}, {}]
    night = {}
    for key, star in enumerate(stars):
        values = STAR | star
        flags = judge(Case(Outcome.DONE, values | {"v_rad": values["v_rel"]}))
        night[key] = star | {"result_flags": flags}
    night[len(night)] = failed()
    a, b = made(night), made({key: {} for key in night}, tag="b")
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(logg), count(log_teff), count(fe_h), count(v_rel) "
                       "FROM boss_net_catalog WHERE tag = ''")
        catalogue = cursor.fetchone()
    found = compare(connection, a, b)
    assert tuple(changes(found, p)[None].usable_a
                 for p in ("logg", "log_teff", "fe_h", "v_rel")) == catalogue == (6, 6, 2, 6)
    assert {c.usable_b for c in found.parameters if c.region is None} == {8}


def test_the_largest_changes_are_said_with_their_flags(connection, made):
    low = BIT["flag_low_snr"]
    bad = BIT["flag_unreliable_logg"]
    a = made({1: {}, 2: {"result_flags": low}, 3: {}, 4: {}})
    b = made({1: {"logg": 4.7}, 2: {"logg": 4.0, "e_logg": 0.25}, 3: {"logg": 12.0,
              "result_flags": bad}, 4: {}}, tag="b")
    worst = [w for w in compare(connection, a, b).worst if w.parameter == "logg"]
    assert [w.spectrum_pk for w in worst] == [2, 1]
    assert (worst[0].a, worst[0].b, worst[0].error) == (4.5, 4.0, 0.25)
    assert (worst[0].set, worst[0].cleared) == ([], ["flag_low_snr"])
    assert worst[0].difference == pytest.approx(-0.5)
    assert len(compare(connection, a, b, worst=1).worst) == 1
    assert compare(connection, a, b, worst=0).worst == []


def test_what_differs_in_the_settings_is_named(connection, made):
    a, b = made({1: {}}, n_draws=20), made({1: {}}, tag="b", seed=7, n_draws=20)
    assert compare(connection, a, b).settings == {"tag": ("", "b"), "seed": (0, 7)}


def test_an_overwriting_that_went_on_has_the_rows_of_its_chain(connection, made):
    first = made({1: {}, 2: {}}, tag="b", state="interrupted")
    made({5: {}}, tag="c")
    last = made({3: {}}, tag="b", continues_pk=first)
    a = made({1: {}, 2: {}, 3: {}, 4: {}})
    assert compare(connection, a, last).rows.both == 3
    assert compare(connection, a, first).rows.both == 2


def test_whole_releases_are_compared_whichever_run_made_their_rows(connection, made):
    a, _ = made({1: {}}), made({2: {}})
    b = made({1: {}}, tag="b")
    made({2: {}, 3: {}}, tag="b")
    assert compare(connection, a, b).rows.both == 1
    rows = compare(connection, a, b, whole=True).rows
    assert (rows.a, rows.b, rows.both, rows.gained) == (2, 3, 2, 1)


def test_runs_that_cannot_be_compared_are_refused_with_the_reason(connection, made):
    a, empty, gone = made({1: {}}), made({}), made({}, n_done=5)
    other, theirs = made({2: {}}), made({}, task="apogeenet")
    for one, two, options, said in [
            (a, 99, {}, "there is no run 99"), (a, a, {}, "name two runs"),
            (a, theirs, {}, "only runs of one task"), (a, empty, {}, "made no rows"),
            (gone, a, {}, "has no rows any more"),
            (a, other, {"whole": True}, "without --whole")]:
        with pytest.raises(ConfigurationError, match=said):
            compare(connection, one, two, **options)
