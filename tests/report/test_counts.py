"""Failures, flags, and whether a release is sound."""

import pytest

from bossnet.errors import ConfigurationError
from bossnet.flags import FLAGS, Case, Outcome, judge
from bossnet.network import APOGEE
from bossnet.report import counts, failures, flagging, summary
from bossnet.report.counts import Counts
from catalog.made import BOSS, LAMOST

BIT = {flag.name: flag.mask for flag in FLAGS}
MISSING, BAD_FILE = (judge(Case(o)) for o in (Outcome.MISSING_FILE, Outcome.BAD_FILE))


@pytest.fixture
def fail(made):
    """Makes a failed row."""
    def fail(run, outcome, message, table=BOSS):
        star = made.star()
        key = made.spectrum(star, table=table, mjd=59_600 + made.keys)
        made.result(key, star, run, failed=True)
        with made.connection, made.connection.cursor() as cursor:
            cursor.execute("UPDATE boss_net SET result_flags = %s, error_message = %s "
                           "WHERE spectrum_pk = %s", (judge(Case(outcome)), message, key))
        return key

    return fail


def test_rows_are_counted_by_flag_and_table(made, fail, scope):
    run = made.run()
    made.visit(made.star(), run)
    made.visit(made.star(), run, log_teff=3.5)  # 3162 K: no [Fe/H]
    made.visit(made.star(), run, table=LAMOST, snr=3.0)
    made.visit(made.star(), run, table=LAMOST, log_teff=3.58, v_rad=700.0)  # 3802 K, a dwarf
    fail(run, Outcome.NO_DATA, "nothing", LAMOST)
    with scope() as s:
        found = counts.ask(s)
    assert (found.rows, found.failed, found.bad, found.warned) == (5, 1, 1, 2)
    assert found.flags() == {
        "flag_runtime_exception": 1, "flag_unreliable_fe_h": 1, "flag_suspicious_fe_h": 2,
        "flag_no_data": 1, "flag_low_snr": 1, "flag_unreliable_v_rad": 1}
    assert flagging.section(found).numbers["by_table"] == {
        BOSS: {"flag_runtime_exception": 0, "flag_unreliable_fe_h": 1, "flag_suspicious_fe_h": 1,
               "flag_no_data": 0, "flag_low_snr": 0, "flag_unreliable_v_rad": 0},
        LAMOST: {"flag_runtime_exception": 1, "flag_unreliable_fe_h": 0, "flag_suspicious_fe_h": 1,
                 "flag_no_data": 1, "flag_low_snr": 1, "flag_unreliable_v_rad": 1}}
    rates = {row[0]: row[-2:] for row in flagging.section(found).tables[0].rows}
    assert rates["flag_low_snr"] == ("0.00", "33.33")
    assert len(rates) == len(FLAGS)


def test_failures_are_told_by_flags_and_by_what_their_messages_have_in_common(made, fail, scope):
    run = made.run()
    first = fail(run, Outcome.MISSING_FILE, "/data/a/spec-1.fits: no such file")
    fail(run, Outcome.MISSING_FILE, "/data/b/spec-22.fits: no such file")
    fail(run, Outcome.BAD_FILE, "HDU 1 has 17 rows")
    with scope() as s:
        found = counts.ask(s)
    assert found.reasons == {"flag_runtime_exception flag_missing_file": 2,
                             "flag_runtime_exception flag_bad_file": 1}
    kind = found.kinds[0]
    assert (kind.kind, kind.number, kind.spectrum_pk) == ("(path): no such file", 2, first)
    assert kind.example == "/data/a/spec-1.fits: no such file"
    assert found.kinds[1].kind == "HDU N has N rows"
    assert failures.section(found).numbers["failed"] == 3


def test_without_failures_and_flags_the_sections_say_so(made, scope):
    made.visit(made.star(), made.run())
    with scope() as s:
        found = counts.ask(s)
    assert failures.section(found).why_empty == "No spectrum failed."
    assert flagging.section(found).why_empty == "No row has a flag."


def run(pk=1, **values):
    return {"pk": pk, "state": "done", "n_selected": 1000, "n_done": 1000, "n_rows": 1000,
            "error_message": None, "selection": None, "weights": "w", "weights_sha256": "ab",
            "weights_status": "science", "n_draws": 20, "uncertainty_method": "draws"} | values


def verdict(of, *runs):
    return summary.judge(Counts(of, [], list(runs or [run()])))


def test_a_release_is_sound_where_nearly_all_spectra_have_parameters():
    found = verdict({(BOSS, 0): 995, (BOSS, MISSING): 5})
    assert (found.word, found.against, found.care) == ("sound", [], [])
    assert found.sentence.startswith("These results are sound: nearly every spectrum")


def test_an_outage_of_one_table_is_told_though_most_of_the_others_are_there():
    found = verdict({(BOSS, 0): 9000, (LAMOST, MISSING): 200, (LAMOST, 0): 100})
    assert found.word == "not sound"
    assert found.against == ["200 of 300 spectra of lamost_spectrum failed for an outward reason, "
                             "as in an outage"]
    assert verdict({(BOSS, 0): 9000, (LAMOST, BAD_FILE): 100, (LAMOST, 0): 10}).word == "sound"


def test_a_part_that_failed_is_told_and_half_is_too_much():
    assert verdict({(BOSS, 0): 960, (BOSS, BAD_FILE): 40}).care == [
        "40 of 1\u202f000 spectra failed (4.0 %)"]
    assert verdict({(BOSS, 0): 40, (BOSS, BAD_FILE): 60}).against == [
        "60 of 100 spectra failed"]


def test_demonstration_weights_and_mixed_weights_are_told():
    rows = {(BOSS, 0): 1000}
    assert verdict(rows, run(weights_status="demonstration")).care == [
        "the weights w are a demonstration, not for science"]
    assert verdict(rows, run(), run(2, weights_sha256="cd")).against == [
        "they were made with different weights"]


def test_a_run_that_did_not_end_is_told_unless_a_later_one_made_it_good():
    rows, stopped = {(BOSS, 0): 600}, run(state="interrupted", n_done=600, error_message="Ctrl-C")
    assert verdict(rows, stopped).against == [
        "run 1 is interrupted (Ctrl-C), with 400 spectra left"]
    assert verdict(rows, stopped, run(2)).word == "sound"
    assert verdict(rows, stopped, run(2, selection="snr > 10")).word == "not sound"


def test_a_network_that_met_what_it_does_not_know_is_told():
    found = verdict({(BOSS, 0): 700, (BOSS, BIT["flag_out_of_distribution"]): 300})
    assert found.word == "sound, with care"
    assert "300 of 1\u202f000 spectra have flag_out_of_distribution" in found.sentence


def test_one_run_alone_can_be_reported_on(made, scope):
    first, second = made.run(), made.run()
    made.visit(made.star(), first)
    for _ in range(2):
        made.visit(made.star(), second)
    with scope(run=second) as s:
        found = counts.ask(s)
    assert found.rows == 2
    assert [(r["pk"], r["n_rows"]) for r in found.runs] == [(second, 2)]
    with scope() as s:
        assert [(r["pk"], r["n_rows"]) for r in counts.ask(s).runs] == [(first, 1), (second, 2)]


def test_what_is_not_there_is_said(made, scope):
    with pytest.raises(ConfigurationError, match="there is no run 5"), scope(run=5):
        pass
    with pytest.raises(ConfigurationError, match="no such results"), scope(APOGEE):
        pass
