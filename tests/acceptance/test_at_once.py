"""Two runs at the same time on the same spectra."""

import signal

from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, rows_of
from acceptance.started import Started
from helpers import silent
from spectra import layouts


def ends(runs):
    """Exit status and messages of runs."""
    said = [run.process.communicate(timeout=200)[1] for run in runs]
    assert not any("Traceback" in text for text in said), said
    return [run.process.returncode for run in runs], said


def test_two_runs_at_once_make_one_row_each(astra, files):
    night = astra.register(files * 60)
    status, said = ends([Started(astra) for _ in range(2)])
    assert status == [0, 0], said
    rows = rows_of(astra)
    assert [r["spectrum_pk"] for r in rows] == night
    for record in astra.sql("SELECT * FROM bossnet_run"):
        assert record["state"] == "done"
        assert record["n_done"] == sum(r["run_pk"] == record["pk"] for r in rows)
    assert sum("have theirs from another run" in text for text in said) in (1, 2)
    run_inside(astra, "--tag", "alone")
    assert_same_rows(rows, rows_of(astra, "alone"))


def test_two_runs_with_other_settings_do_not_mix_their_rows(astra, files):
    night = astra.register(files * 60)
    status, said = ends([Started(astra, "--seed", seed) for seed in range(2)])
    assert sorted(status) in ([0, 2], [2, 2]), said
    assert len({r["run_pk"] for r in rows_of(astra)}) == status.count(0)
    for text in [text for text, number in zip(said, status, strict=True) if number == 2]:
        assert "is going on with seed" in text or "were made with seed" in text
        assert "--tag" in text
    assert len(rows_of(astra)) == len(night) * status.count(0)


def test_a_run_is_refused_while_another_one_makes_its_rows_otherwise(astra, files, tmp_path):
    slow = layouts.spec(tmp_path / "slow.fits", pixels=2100)
    astra.register([slow])
    with silent(slow):
        run = Started(astra)
        run.wait_until_it_hangs(readers=1)
        for options in (["--seed", 1], ["--seed", 1, "--overwrite"]):
            refused = astra.run(*options, status=2).stderr
            assert "run 1 under tag '' is going on with seed 0, now 1" in refused
        assert len(astra.sql("SELECT pk FROM bossnet_run")) == 1
        assert run_inside(astra, "--seed", 1, "--tag", "other", "--dry-run")["n_selected"] == 1
        assert run.stop(signal.SIGTERM)[0] == 130
    assert run_inside(astra, "--seed", 1)["n_done"] == 1
