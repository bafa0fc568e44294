"""`astra srun` and `astra worker` with several workers on this machine, and what is refused."""

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, last_run, rows_of
from helpers import silent, wait_until
from spectra import layouts


@pytest.fixture
def night(astra, files):
    """200 spectra, in chunks of 50 when they are shared out."""
    return astra.register(files * 40)


def start(astra, *arguments, **options):
    """`astra srun bossnet` with the test's weights and two draws, while it goes on."""
    return astra.start("srun", "bossnet", "--weights", astra.weights, "--draws", 2, *arguments,
                       **options)


def workers(astra, state="running"):
    """The records of the workers in a state, of which there is one at least."""
    return wait_until(lambda: astra.sql("SELECT * FROM bossnet_worker WHERE state = %s "
                                        "ORDER BY pk", state), 120)


def test_two_local_workers_share_a_run_that_is_that_of_one(astra, night):
    out, _ = start(astra, "--local", 2, "--json").communicate(timeout=120)
    said = json.loads(out)
    assert (said["state"], said["n_done"], said["n_failed"]) == ("done", 200, 0)
    assert said["workers"] == {"done": 2}
    assert len(astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'done'")) == 4
    run_inside(astra, "--tag", "undisturbed")
    assert [row["spectrum_pk"] for row in rows_of(astra)] == night
    assert_same_rows(rows_of(astra), rows_of(astra, "undisturbed"))


def test_a_local_worker_that_is_killed_is_replaced_and_its_death_is_told(astra, files, tmp_path):
    slow = layouts.spec(tmp_path / "slow.fits", pixels=2100)
    night = astra.register([slow, *files * 20])
    with silent(slow):
        process = start(astra, "--local", 1)
        victim = workers(astra)[0]
        wait_until(lambda: astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'"))
        os.kill(victim["pid"], signal.SIGKILL)
        wait_until(lambda: workers(astra)[0]["pk"] != victim["pk"])
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "worker 1 of 1 died (SIGKILL) and is started again" in said
    assert "1 workers failed, and others did their work" in said
    assert [row["spectrum_pk"] for row in rows_of(astra)] == night
    assert last_run(astra)["state"] == "done"


@pytest.mark.parametrize(("number", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_a_signal_ends_all_local_workers_and_running_again_goes_on(
        astra, files, tmp_path, number, group):
    slow = layouts.spec(tmp_path / "slow.fits", pixels=2100)
    night = astra.register([*files * 20, slow])
    with silent(slow):
        process = start(astra, "--local", 2, start_new_session=True)
        wait_until(lambda: len(workers(astra)) == 2)
        children = psutil.Process(process.pid).children(recursive=True)
        if group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    wait_until(lambda: not any(map(psutil.Process.is_running, children)))
    assert last_run(astra)["state"] == "interrupted"
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")
    left = len(night) - len(rows_of(astra))
    assert left
    assert astra.run()["n_done"] == left


def test_local_workers_that_fail_are_exit_status_1(astra, night, tmp_path):
    process = start(astra, "--local", 2, "--device", "cuda:77")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.count("CUDA devices that torch can use") == 2  # each worker's own words
    assert "run 1 is not done: its workers are gone (none ever began) and 4 chunks are left" in said


def test_several_workers_of_this_machine_join_a_run(astra, night):
    start(astra, "--local", 1, "--device", "cuda:77").communicate(timeout=120)
    joined = astra("worker", 1, "--local", 2)
    assert joined.stdout == ""
    assert last_run(astra)["n_done"] == 200
    failed = astra("worker", 99, "--local", 2, status=1).stderr
    assert failed.count("there is no run 99") == 2
    assert "2 of 2 workers of run 99 failed" in failed


def test_the_script_is_shown_and_nothing_is_done(astra, tmp_path):
    shown = astra("srun", "bossnet", "--print", "--workers", 40, "--gpus-per-worker", 1,
                  "--time", "8:00:00", "--account", "sdss", "--partition", "gpu",
                  "--sbatch=--qos=long", "--logs", tmp_path / "logs").stdout
    for line in ("--array=1-40", "--gres=gpu:1", "--time=8:00:00", "--account=sdss",
                 "--partition=gpu", "--qos=long", "--requeue", "--signal=B:USR1@120"):
        assert f"#SBATCH {line}\n" in shown
    assert "-m bossnet worker RUN --local 1 --device auto" in shown
    assert subprocess.run(["bash", "-n"], input=shown, text=True).returncode == 0
    assert not astra.sql("SELECT pk FROM bossnet_run")
    assert not (tmp_path / "logs").exists()


def test_profiles_of_the_configuration_are_used_and_options_take_precedence(astra):
    Path(astra.environment["BOSSNET_CONFIG"]).write_text(
        "slurm: {profiles: {default: {account: sdss}, big: {partition: gpu, workers: 8,"
        " options: ['--qos=long']}}}")
    shown = astra("srun", "bossnet", "--print").stdout
    assert "--account=sdss" in shown
    shown = astra("srun", "bossnet", "--print", "--profile", "big", "--workers", 2,
                  "--sbatch=--exclusive").stdout
    for line in ("--partition=gpu", "--array=1-2", "--qos=long", "--exclusive"):
        assert f"#SBATCH {line}\n" in shown
    assert "account" not in shown
    refused = astra("srun", "bossnet", "--print", "--profile", "nonesuch", status=2).stderr
    assert "--profile nonesuch: the configuration has default, big" in refused


@pytest.mark.parametrize(("options", "said"), [
    (["--local", "2", "--workers", "3"], "--local works without Slurm"),
    (["--local", "2", "--wait"], "--local works without Slurm"),
    (["--print", "--time", "soon"], "write MINUTES"),
    (["--print", "--gpus-per-worker", "2"], "not in the range"),
    (["--print", "--sbatch", "rm"], "is no option of sbatch"),
    (["--print", "--sbatch=--array=1-3"], "--array is set by `astra srun` itself"),
    (["--draws", "1"], "one draw has no scatter")])
def test_a_wrong_option_is_a_clear_error_and_exit_status_2(astra, options, said):
    assert said in astra("srun", "bossnet", *options, status=2).stderr
    assert not astra.sql("SELECT pk FROM bossnet_run")


def test_without_slurm_that_is_said_before_any_work(astra, night):
    astra.environment["PATH"] = "/nonexistent"
    refused = astra("srun", "bossnet", "--weights", astra.weights, status=2).stderr
    assert "sbatch is not here" in refused
    assert "--local N" in refused
    assert not astra.sql("SELECT pk FROM bossnet_run")


def test_a_dry_run_counts(astra, night):
    counted = astra("srun", "bossnet", "--weights", astra.weights, "--dry-run", "--json",
                    "--where", "snr < 10")
    assert json.loads(counted.stdout)["n_selected"] == len(
        astra.sql("SELECT spectrum_pk FROM boss_visit_spectrum WHERE snr < 10"))
