"""`astra run bossnet`: one row a spectrum, added once, made again when asked."""

import pytest


@pytest.fixture
def night(astra, files):
    """Ten spectra on five files."""
    return astra.register(files * 2)


def rows(astra, columns="*"):
    return astra.sql(f"SELECT {columns} FROM boss_net ORDER BY tag, spectrum_pk")


def test_every_spectrum_has_one_row_and_running_again_adds_only_what_is_missing(
        astra, night, files):
    first = astra.run()
    assert (first["n_selected"], first["n_done"], first["n_failed"]) == (10, 10, 0)
    made = rows(astra)
    assert [r["spectrum_pk"] for r in made] == night
    assert all(r["teff"] and r["e_teff"] and r["n_draws"] == 2 for r in made)
    assert astra.run()["n_selected"] == 0
    more = astra.register(files[:1])
    assert astra.run()["n_done"] == 1
    assert rows(astra)[:10] == made
    assert rows(astra)[10]["spectrum_pk"] == more[0]


def test_the_run_is_on_record(astra, night):
    astra.run("--where", "snr > 5", "--seed", 7)
    record = astra.sql("SELECT * FROM bossnet_run")[0]
    assert record["state"] == "done"
    assert record["selection"] == "snr > 5"
    assert (record["seed"], record["n_draws"], record["weights_status"]) == (7, 2, "demonstration")
    assert len(record["weights_sha256"]) == 64
    assert record["torch_version"]
    assert "--where 'snr > 5'" in record["command"]
    assert record["n_done"] == record["n_selected"] == 4
    assert {r["state"] for r in astra.sql("SELECT state FROM bossnet_chunk")} == {"done"}


def test_other_settings_are_refused_until_a_tag_or_overwrite_is_given(astra, night):
    astra.run("--limit", 4)
    refused = astra.run("--seed", 1, status=2)
    assert "were made with seed 0, now 1" in refused.stderr
    assert "--tag" in refused.stderr
    assert astra.run("--seed", 1, "--tag", "other")["n_done"] == 10
    assert astra.sql("SELECT count(*) FROM boss_net")[0]["count"] == 14
    before = rows(astra, "task_pk, created, spectrum_pk, e_teff, run_pk")
    assert astra.run("--seed", 1, "--overwrite")["n_done"] == 10
    after = rows(astra, "task_pk, created, spectrum_pk, e_teff, run_pk")
    kept = {r["spectrum_pk"]: r for r in before[:4]}
    for r in after[:4]:
        old = kept[r["spectrum_pk"]]
        assert (r["task_pk"], r["created"]) == (old["task_pk"], old["created"])
        assert r["run_pk"] != old["run_pk"]
        assert r["e_teff"] != old["e_teff"]


def test_a_dry_run_counts_and_does_nothing(astra, night):
    astra.run("--where", "snr < 3")
    planned = astra.run("--where", "snr < 6", "--dry-run")
    assert planned["n_selected"] == 3
    assert planned["tables"] == {"boss_visit_spectrum": {"rows": 10, "taken": 6, "todo": 3}}
    assert len(rows(astra)) == 3
    assert len(astra.sql("SELECT pk FROM bossnet_run")) == 1


def test_the_limit_and_the_table_are_obeyed(astra, night):
    assert astra.run("--limit", 3)["n_done"] == 3
    assert astra.run("--from", "lamost_spectrum")["n_done"] == 0
    assert "no spectrum table of this task" in astra.run("--from", "source", status=2).stderr
    assert astra.run("--from", "boss_visit_spectrum")["n_done"] == 7


def test_failed_spectra_are_tried_again_where_that_may_help(astra, files, tmp_path):
    gone, bad = tmp_path / "gone.fits", tmp_path / "bad.fits"
    bad.write_bytes(b"not a FITS file")
    keys = astra.register([files[0], gone, bad])
    first = astra.run()
    assert (first["n_done"], first["n_failed"]) == (3, 2)
    assert astra.run()["n_selected"] == 0
    assert astra.run("--retry-failed")["n_selected"] == 1  # the bad file is the same still
    assert rows(astra)[1]["error_message"].startswith(str(gone))
    for path in (gone, bad):
        path.write_bytes(files[1].read_bytes())
    assert astra.run("--retry-failed")["n_done"] == 2
    assert [r["result_flags"] & 1 for r in rows(astra)] == [0, 0, 0]
    assert [r["spectrum_pk"] for r in rows(astra)] == keys
    assert astra.run("--retry-failed")["n_selected"] == 0


def test_status_says_what_was_run_and_what_failed(astra, files, tmp_path):
    assert "no runs yet" in astra("status").stdout
    astra.register([files[0], tmp_path / "gone.fits"])
    astra.run()
    assert "done" in astra("status").stdout
    shown = astra("status", 1).stdout
    assert "flag_missing_file" in shown
    assert "gone.fits" in shown
    assert "there is no run 9" in astra("status", 9, status=2).stderr


@pytest.mark.parametrize(("options", "said"), [
    (["--draws", "1"], "one draw has no scatter"),
    (["--overwrite", "--retry-failed"], "give one of them"),
    (["--device", "abacus"], "use auto, cpu, cuda"),
    (["--device", "cuda:77"], "CUDA devices"),
    (["--batch-size", "0"], "whole number from 1"),
    (["--weights", "nonesuch"], "no weights named 'nonesuch'"),
    (["--limit", "0"], "x>=1"),
    (["--nonesuch"], "No such option")])
def test_a_wrong_option_is_a_clear_error_and_exit_status_2(astra, options, said):
    refused = astra("run", "bossnet", "--weights", astra.weights, *options, status=2)
    assert said in refused.stderr
    assert not astra.sql("SELECT pk FROM bossnet_run")


def test_weights_have_a_default_only_in_the_embedded_database(astra):
    refused = astra("run", "bossnet", status=2)
    assert "--weights NAME" in refused.stderr
    assert "installed:" in refused.stderr


def test_an_unknown_task_is_named(astra):
    refused = astra("run", "nonesuch", status=2)
    assert "no task 'nonesuch'; installed: apogeenet, bossnet" in refused.stderr
