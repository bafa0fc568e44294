"""`bossnet train` as a network's keeper uses it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch
import yaml
from click.testing import CliRunner

from bossnet.cli.bossnet import COMMANDS, program
from bossnet.training.dataset import write
from bossnet.training.fit import CHECKPOINT, HISTORY
from helpers import wait_until
from training.made import entries

pytest.importorskip("scipy", reason="needs the extra train")

LONG = {"name": "long", "network": "boss", "drawing": {"libraries": {"corv": 0.5, "mastar": 0.5}},
        "architecture": {"dim_mults": [1, 2], "adapt_pool_output_dim": 8, "num_linear": 1,
                         "linear_dim": 8, "kernel_size": 6},
        "recipe": {"steps": 100_000, "batch_size": 4, "checkpoint_every": 3, "workers": 1}}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset") / "set"
    write(folder, entries(), made_from={})
    return folder


@pytest.fixture
def training(tmp_path):
    path = tmp_path / "long.yml"
    path.write_text(yaml.safe_dump(LONG))
    return path


@pytest.fixture
def bossnet():
    """`bossnet train`, within this process."""
    def run(*arguments, status=0):
        done = CliRunner().invoke(program("bossnet", tuple(COMMANDS), ""),
                                  ["train", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done
    return run


def started(training, dataset, folder):
    """The command, as if it were alone on a terminal."""
    return subprocess.Popen(
        [Path(sys.executable).parent / "bossnet", "train", training, "--dataset", dataset,
         "--folder", folder, "--device", "cpu", "--threads", "1"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"})


def noted(folder):
    history = folder / HISTORY
    text = history.read_text() if history.is_file() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


def test_a_training_that_is_stopped_says_so_and_goes_on_where_it_was(training, dataset, tmp_path):
    folder = tmp_path / "training"
    for number, stop in ((signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill)):
        before = len(noted(folder))
        process = started(training, dataset, folder)
        wait_until(lambda n=before + 1: len(noted(folder)) > n, 120)
        workers = psutil.Process(process.pid).children()
        stop(process.pid, number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "Traceback" not in said
        first, *_, last = said.splitlines()
        assert first.startswith(f"step {3 + 3 * before} of 100000: loss")
        assert last.startswith("error: stopped; what was finished is written")
        step = torch.load(folder / CHECKPOINT, weights_only=True)["progress"]["step"]
        assert step in (3 * len(noted(folder)), 3 * len(noted(folder)) - 3)
        # The last line may be of a checkpoint that was not written any more.
        (folder / HISTORY).write_text("".join(
            json.dumps(line) + "\n" for line in noted(folder) if line["step"] <= step))
        assert workers
        wait_until(lambda w=workers: not any(worker.is_running() for worker in w), 30)
    steps = [line["step"] for line in noted(folder)]
    assert steps == list(range(3, 3 * len(steps) + 1, 3))
    assert len(steps) >= 3
    assert not (folder / "long.safetensors").exists()


def test_a_wrong_file_is_said_with_the_entry(bossnet, training, dataset, tmp_path):
    options = ["--dataset", dataset, "--folder", tmp_path / "training"]
    training.write_text(yaml.safe_dump(LONG | {"recipe": {"steps": "many"}}))
    failed = bossnet(training, *options, status=2)
    assert failed.stderr == (f"error: {training}: recipe: steps: expected a whole number, not "
                             "'many'\n")
    training.write_text("name: [")
    assert f"error: {training}: while parsing" in bossnet(training, *options, status=2).stderr
    assert "No such file" in bossnet(tmp_path / "nonesuch.yml", *options, status=2).stderr
    assert not (tmp_path / "training").exists()


def test_what_cannot_be_trained_is_said(bossnet, training, dataset, tmp_path, monkeypatch):
    folder = tmp_path / "training"
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nonesuch"):
        assert "is no dataset" in bossnet(training, "--dataset", tmp_path / name, "--folder",
                                          folder, status=2).stderr
    options = [training, "--dataset", dataset, "--folder", folder]
    assert "--device abacus" in bossnet(*options, "--device", "abacus", status=2).stderr
    assert "CUDA devices" in bossnet(*options, "--device", "cuda:77", status=2).stderr
    training.write_text(yaml.safe_dump(LONG | {"drawing": {"libraries": {"pyhammer": 1.0}}}))
    failed = bossnet(*options, "--device", "cpu", status=2)
    assert "no train templates of pyhammer, but of miles" in failed.stderr
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert "scipy is not installed: install the extra `train`" in bossnet(*options, status=2).stderr
    assert not folder.exists()
