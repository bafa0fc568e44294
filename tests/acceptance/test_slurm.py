"""`astra srun` under a real Slurm: an array of workers, of which some are requeued or cancelled."""

import json
import os
import signal
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from acceptance.conftest import Commands
from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, last_run, rows_of
from helpers import wait_until
from slurm_server import CPUS, GPUS, Slurm, missing

START = 180  #: seconds that four workers may take to start, all on a busy core or two

@pytest.fixture(scope="module")
def slurm():
    """A Slurm of this machine."""
    if gone := missing():
        problem = f"{', '.join(gone)} not installed (apt-get install slurmctld slurmd munge)"
        if os.environ.get("BOSSNET_REQUIRE_SLURM") == "1":
            pytest.fail(problem)
        pytest.skip(problem)
    with Slurm() as server:
        yield server


@pytest.fixture
def astra(database_url, tmp_path, tiny, slurm):
    """The commands, where Slurm is."""
    commands = Commands(database_url, tmp_path, tiny.path)
    commands.environment |= slurm.environment
    commands.environment["PATH"] = slurm.environment["PATH"]
    commands.logs = tmp_path / "logs of tasks"
    return commands


@pytest.fixture
def night(astra, files):
    """400 spectra."""
    return astra.register(files * 80)


def start(astra, *arguments):
    """`astra srun bossnet` with the test's weights and two draws, while it goes on."""
    return astra.start("srun", "bossnet", "--weights", astra.weights, "--draws", 2, "--readers", 1,
                       "--cpus-per-worker", 1, "--logs", astra.logs, *arguments)


def end(astra, process, status=0):
    """What a started command says, and that its exit status is as expected."""
    out, err = process.communicate(timeout=START)
    assert process.returncode == status, f"{process.returncode}\n{out}\n{err}\n{logs(astra)}"
    return out if status == 0 else err


def logs(astra):
    """What the tasks said."""
    return "\n".join(f"{path.name}: {path.read_text()}" for path in sorted(astra.logs.glob("*")))


@contextmanager
def held_up(astra):
    """While in here, the last chunk of the last run is kept from all workers, who wait for it."""
    wait_until(lambda: astra.sql("SELECT pk FROM bossnet_chunk"), START)
    connection = psycopg2.connect(astra.url, options="-c search_path=bossnet")
    try:
        connection.cursor().execute("SELECT pk FROM bossnet_chunk WHERE state = 'ready' "
                                    "ORDER BY pk DESC LIMIT 1 FOR UPDATE")
        yield
    finally:
        connection.close()


def workers(astra, number, state="running", task=None):
    """The records of the workers in a state, once there are so many."""
    def there():
        found = astra.sql("SELECT * FROM bossnet_worker WHERE state = %s AND "
                          "(%s IS NULL OR slurm_task = %s) ORDER BY pk", state, task, task)
        return found if len(found) >= number else None

    return wait_until(there, START)


def job_of(astra):
    """Number of the job that the workers belong to."""
    return workers(astra, 1)[0]["slurm_job"].split("_")[0]


def assert_complete(astra, night):
    """Every spectrum has the row of an undisturbed run, and nothing is left claimed."""
    assert {c["state"] for c in astra.sql("SELECT state FROM bossnet_chunk")} == {"done"}
    run_inside(astra, "--tag", "undisturbed")
    assert [row["spectrum_pk"] for row in rows_of(astra)] == night
    assert_same_rows(rows_of(astra), rows_of(astra, "undisturbed"))


def test_an_array_of_four_of_which_one_is_requeued_and_one_cancelled_does_every_spectrum(
        astra, night, slurm):
    process = start(astra, "--workers", 4, "--wait", "--json")
    with held_up(astra):
        assert {w["slurm_task"] for w in workers(astra, 4)} == {1, 2, 3, 4}
        job = job_of(astra)
        slurm("scontrol", "requeue", f"{job}_2")
        slurm("scancel", f"{job}_3")
        workers(astra, 1, "stopped", task=2)
        workers(astra, 1, "stopped", task=3)
        assert workers(astra, 1, "running", task=2)[0]["slurm_job"] == f"{job}_2"
        assert "stopped" in astra("status", 1).stdout
    said = json.loads(end(astra, process))
    assert (said["state"], said["n_done"], said["n_failed"]) == ("done", 400, 0)
    assert said["job"] == job
    there = said["workers"]
    assert there["stopped"] == 2
    assert there.get("done", 0) + there.get("running", 0) == 3  # who still finds that it is done
    assert last_run(astra)["state"] == "done"
    assert "Traceback" not in logs(astra)
    assert_complete(astra, night)


def test_a_cancelled_job_is_exit_status_1_and_running_again_goes_on(astra, night, slurm):
    process = start(astra, "--workers", 2, "--wait")
    with held_up(astra):
        workers(astra, 2)
        slurm("scancel", job_of(astra))
        said = end(astra, process, 1)
    assert "run 1 is not done: its workers are gone (2 stopped)" in said
    assert "running again goes on" in said
    record = last_run(astra)
    assert record["state"] == "interrupted"
    left = 400 - record["n_done"]
    assert left > 0
    assert astra.run()["n_done"] == left
    assert [row["spectrum_pk"] for row in rows_of(astra)] == night


def test_before_the_time_limit_a_worker_ends_cleanly_and_queues_itself_again(astra, night, slurm):
    end(astra, start(astra, "--time", 10))
    with held_up(astra):
        workers(astra, 1)
        job = job_of(astra)
        slurm("scancel", "--batch", "--signal=USR1", f"{job}_1")  # as Slurm itself does
        workers(astra, 1, "stopped")
        workers(astra, 1, "running")
        assert "Traceback" not in logs(astra)
    wait_until(lambda: last_run(astra)["state"] == "done", START)
    assert_complete(astra, night)


def test_workers_that_are_preempted_end_cleanly_and_come_back(astra, night, slurm):
    end(astra, start(astra, "--workers", 2))
    with held_up(astra):
        workers(astra, 2)
        slurm("sbatch", "--partition=urgent", f"--cpus-per-task={CPUS}", "--output=/dev/null",
              "--wrap=true")
        assert {w["slurm_task"] for w in workers(astra, 2, "stopped")} == {1, 2}
        assert {w["slurm_task"] for w in workers(astra, 2, "running")} == {1, 2}
    wait_until(lambda: last_run(astra)["state"] == "done", START)
    assert_complete(astra, night)


def test_who_no_longer_wants_to_follow_leaves_the_workers_at_work(astra, night, slurm):
    process = start(astra, "--wait")
    with held_up(astra):
        workers(astra, 1)
        process.send_signal(signal.SIGINT)
        said = end(astra, process, 130)
        assert f"job {job_of(astra)} goes on without being followed" in said
        assert len(workers(astra, 1)) == 1
    wait_until(lambda: last_run(astra)["state"] == "done", START)


def test_workers_of_one_task_and_of_several_have_a_gpu_each(astra, night, slurm):
    end(astra, start(astra, "--workers", GPUS, "--workers-per-task", 2, "--gpus-per-worker", 1))
    with held_up(astra):
        found = workers(astra, GPUS)
        assert {w["slurm_task"] for w in found} == {1, 2}
        gpus = {dict(entry.split("=", 1) for entry in
                     Path(f"/proc/{w['pid']}/environ").read_text().split("\0") if entry)
                ["CUDA_VISIBLE_DEVICES"] for w in found}
        assert gpus == {str(number) for number in range(GPUS)}
    wait_until(lambda: last_run(astra)["state"] == "done", START)


def test_workers_that_all_fail_are_exit_status_1_and_their_words_are_to_be_found(
        astra, night, tmp_path):
    weights = tmp_path / "moved.safetensors"
    weights.write_bytes(Path(astra.weights).read_bytes())
    astra.weights = str(weights)
    process = start(astra, "--workers", 2, "--wait")
    wait_until(lambda: astra.sql("SELECT pk FROM bossnet_chunk"), START)
    weights.unlink()
    said = end(astra, process, 1)
    assert "run 1 is not done: its workers are gone (2 failed)" in said
    assert str(astra.logs) in said
    for text in (said, logs(astra), astra("status", 1).stdout):
        assert "moved.safetensors" in text
    assert {w["slurm_task"] for w in workers(astra, 2, "failed")} == {1, 2}


def test_what_slurm_refuses_is_said_in_its_words_and_the_run_is_on_record_as_failed(astra, night):
    said = end(astra, start(astra, "--partition", "nonesuch"), 1)
    assert "nonesuch" in said or "partition" in said
    record = last_run(astra)
    assert record["state"] == "failed"
    assert "artition" in record["error_message"]


def test_workers_elsewhere_could_not_reach_a_database_of_this_machine(astra, night):
    said = end(astra, start(astra, "--partition", "far"), 2)
    assert "workers on other nodes cannot reach this database" in said
    assert "--local N" in said
    assert not astra.sql("SELECT pk FROM bossnet_run")


def test_a_run_with_nothing_to_do_asks_for_no_workers(astra, slurm, night):
    before = slurm("squeue", "--noheader", "--states=all", "--format=%F")
    said = json.loads(end(astra, start(astra, "--where", "snr > 1e6", "--json")))
    assert (said["n_selected"], said["state"], said["job"]) == (0, "done", None)
    assert slurm("squeue", "--noheader", "--states=all", "--format=%F") == before


def test_no_password_is_in_script_log_or_job(astra, night, slurm):
    astra.environment["BOSSNET_DATABASE_URL"] = make_dsn(astra.url, password="hunter2")
    job = json.loads(end(astra, start(astra, "--json")))["job"]
    with held_up(astra):
        workers(astra, 1)
        script = slurm("scontrol", "write", "batch_script", f"{job}_1", "-")
        shown = slurm("scontrol", "show", "job", job)
        titles = [Path(f"/proc/{w['pid']}/cmdline").read_text() for w in workers(astra, 1)]
    wait_until(lambda: last_run(astra)["state"] == "done", START)
    assert "#SBATCH --requeue" in script
    for text in (script, shown, logs(astra), *titles, str(last_run(astra))):
        assert "hunter2" not in text
