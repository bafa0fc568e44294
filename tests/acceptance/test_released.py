"""A released version's database, upgraded: the next run goes on where the last one stopped."""

import json

import pytest
import yaml

from acceptance.conftest import Commands
from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, rows_of
from bossnet import v_astra
from database.released import restore
from spectra import layouts


@pytest.fixture
def astra(empty_database_url, tmp_path, tiny):
    """The commands on what the first released version left, after `astra init`.

    As if it had been left by this version, and with the test's network, so that its rows count.
    Its files are there again.
    """
    restore(empty_database_url)
    commands = Commands(empty_database_url, tmp_path, tiny.path)
    commands.sql("UPDATE bossnet_run SET weights_sha256 = %s, v_astra = %s",
                 tiny.card.sha256, v_astra())
    commands.sql("UPDATE boss_net SET v_astra = %s", v_astra())
    commands("init")
    (tmp_path / "bossnet.yml").write_text(yaml.safe_dump({"roots": {"data": str(tmp_path)}}))
    for n in range(1, 6):
        layouts.spec(tmp_path / f"spec-{n}.fits", pixels=2000 + n)
    layouts.lamost_table(tmp_path / "lamost.fits")
    return commands


def test_a_run_adds_what_the_old_version_left_undone(astra):
    before = rows_of(astra)
    assert [r["spectrum_pk"] for r in before] == [1, 2]
    done = run_inside(astra, "--from", "boss_visit_spectrum")
    assert (done["n_selected"], done["n_done"], done["n_failed"]) == (3, 3, 0)
    after = rows_of(astra)
    assert [r["spectrum_pk"] for r in after] == [1, 2, 3, 4, 5]
    assert after[:2] == before
    assert {r["run_pk"] for r in after[2:]} == {done["run_pk"]}
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")
    # Of the same noise keys as the old version gave them.
    run_inside(astra, "--from", "boss_visit_spectrum", "--tag", "anew")
    assert_same_rows(after[2:], rows_of(astra, "anew")[2:])


def test_failures_of_the_old_version_are_tried_again(astra):
    [failed] = astra.sql("SELECT * FROM boss_net WHERE result_flags & 256 <> 0")
    done = run_inside(astra, "--retry-failed")
    assert (done["n_done"], done["n_failed"]) == (1, 0)
    [mended] = astra.sql("SELECT * FROM boss_net WHERE task_pk = %s", failed["task_pk"])
    assert (mended["spectrum_pk"], mended["created"]) == (failed["spectrum_pk"], failed["created"])
    assert mended["teff"] is not None
    assert mended["error_message"] is None


def test_an_overwriting_that_the_old_version_began_is_gone_on_with(astra):
    again = {r["spectrum_pk"]: r for r in rows_of(astra, "again")}
    done = run_inside(astra, "--tag", "again", "--seed", 5, "--overwrite", "--where", "plateid = 1",
                     "--from", "boss_visit_spectrum")
    assert (done["continues"], done["n_selected"], done["n_done"]) == (3, 3, 3)
    for row in rows_of(astra, "again"):
        old = again[row["spectrum_pk"]]
        assert (row == old) == (row["spectrum_pk"] in (1, 2))
        assert row["task_pk"] == old["task_pk"]


def test_rows_of_the_old_version_keep_other_settings_out(astra):
    assert "were made with seed 0, now 1" in astra.run("--seed", 1, status=2).stderr


def test_runs_of_the_old_version_are_shown(astra):
    shown = astra("status").stdout
    for state in ("done", "interrupted", "failed", "died"):
        assert state in shown
    assert "the storage is gone" in astra("status", 4).stdout
    assert "flag_missing_file" in astra("status", 1).stdout
    shown = astra("runs", "show", 3).stdout
    assert "--overwrite" in shown
    assert "mountain.example.org" in shown


def test_a_run_of_the_old_version_is_compared_with_a_new_one(astra):
    done = run_inside(astra, "--from", "boss_visit_spectrum", "--tag", "anew", "--seed", 1)
    compared = json.loads(astra("runs", "diff", 2, done["run_pk"], "--json").stdout)
    assert compared["rows"]["both"] == 3


def test_a_run_of_the_old_version_takes_no_workers_and_says_what_to_do(astra):
    said = astra("worker", 5, status=2).stderr
    assert "run its command again" in said
