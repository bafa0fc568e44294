"""The script of a job array: plain, quoted, and from a template that a site may replace."""

import os
import signal
import subprocess
import time

import pytest

from bossnet.errors import ConfigurationError
from bossnet.slurm.profile import Profile
from bossnet.slurm.script import options, render
from helpers import wait_until

COMMAND = ["/opt/it's here/python", "-m", "bossnet", "worker", "12", "--local", "2"]


def test_it_asks_for_what_the_profile_says():
    asked = options(Profile(
        workers=8, workers_per_task=2, account="sdss", partition="gpu", time="8:00:00",
        gpus_per_worker=1, gpu_type="a100", cpus_per_worker=6, memory_per_worker="500M",
        options=("--qos=long",)), 12)
    assert {"--array=1-4", "--account=sdss", "--partition=gpu", "--time=8:00:00", "--nodes=1",
            "--ntasks=1", "--cpus-per-task=12", "--mem=1000M", "--gres=gpu:a100:2", "--requeue",
            "--open-mode=append", "--signal=B:USR1@120", "--job-name=bossnet-run-12"} < set(asked)
    assert asked[-1] == "--qos=long"


def test_what_is_left_to_the_site_is_not_mentioned():
    asked = " ".join(options(Profile(), 12))
    assert not any(name in asked for name in ("account", "partition", "time", "gres", "mem="))


def test_every_value_is_quoted_and_the_shell_understands_all_of_it():
    script = render(Profile(account="it's; rm -rf ~ $(x)"), COMMAND, 12)
    assert "\n'/opt/it'\"'\"'s here/python' -m bossnet worker 12 --local 2 &\n" in script
    assert "{{" not in script
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    head = script[:script.index("\nset -u")].splitlines()
    assert all(line.startswith("#") for line in head)


def test_without_a_run_it_is_shown_as_it_will_look():
    assert "--job-name=bossnet-run-RUN" in render(Profile(), ["bossnet", "worker", "RUN"], None)


def test_a_percent_sign_of_the_logs_folder_is_none_of_slurms(tmp_path):
    assert f"--output={tmp_path}/50%%/bossnet-run-1-%a.log" in options(
        Profile(logs=tmp_path / "50%"), 1)


def test_a_folder_whose_name_is_more_than_a_line_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "a\nrm -rf b"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigurationError, match="cannot be printed: name another one"):
        render(Profile(), COMMAND, 1)


#: Workers that end cleanly when they are asked to, after a moment.
WORKERS = ["bash", "-c", "trap 'sleep 0.5; exit 130' USR1; touch started; while :; do sleep 0.1; "
           "done"]


@pytest.mark.parametrize(("number", "requeued"), [(signal.SIGUSR1, True), (signal.SIGTERM, False)])
@pytest.mark.parametrize("twice", [False, True])
def test_signals_are_passed_on_and_the_status_is_that_of_the_workers(
        tmp_path, number, requeued, twice):
    with started(tmp_path, WORKERS) as task:
        wait_until((tmp_path / "started").exists)
        for _ in range(1 + twice):
            task.send_signal(number)
            time.sleep(0.1)
        assert task.wait(20) == 130
    assert (tmp_path / "requeued").exists() == requeued


def test_workers_that_end_by_themselves_as_they_are_asked_to_are_not_queued_again(tmp_path):
    # The signal is being passed on for so long that they are gone when they are waited for again.
    command = ["bash", "-c", "touch started; trap 'exit 0' USR1; while :; do sleep 0.1; done"]
    with started(tmp_path, command, slow="kill() { builtin kill \"$@\"; sleep 1; }") as task:
        wait_until((tmp_path / "started").exists)
        time.sleep(0.3)
        task.send_signal(signal.SIGUSR1)
        assert task.wait(20) == 0
    assert not (tmp_path / "requeued").exists()


def started(folder, command, *, slow=""):
    """A task of the array as Slurm would start it."""
    (folder / "scontrol").write_text("#!/bin/sh\ntouch requeued\n")
    (folder / "scontrol").chmod(0o755)
    script = render(Profile(), command, 1).replace("set -u", f"set -u\n{slow}")
    (folder / "task.sh").write_text(script)
    return subprocess.Popen(["bash", "task.sh"], cwd=folder, env=os.environ | {
        "PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "1"})


def test_a_site_has_its_own_template(tmp_path):
    path = tmp_path / "own.sh"
    path.write_text("#!/bin/sh\n{{options}}\nmodule load cuda\nexec {{command}}\n")
    assert render(Profile(template=path), ["bossnet", "worker", "1"], 1).endswith(
        "module load cuda\nexec bossnet worker 1\n")
    path.write_text("{{commands}}")
    with pytest.raises(ConfigurationError, match="there may be options, command, threads, not com"):
        render(Profile(template=path), [], 1)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        render(Profile(template=tmp_path / "none.sh"), [], 1)
