"""`astra run --precision` and `--profile`: only what is good enough, and where time goes."""

import json
from pathlib import Path

import pytest
import torch

from bossnet.network.installed import DEFAULTS

SHIPPED = DEFAULTS["boss"]


def test_the_record_says_what_computed_the_network(astra, files):
    astra.register(files)
    astra.run()
    assert astra.sql("SELECT precision FROM bossnet_run") == [{"precision": "float32"}]
    assert astra.sql("SELECT arithmetic FROM bossnet_worker") == [{"arithmetic": "engine, float32"}]
    measured = json.loads((Path(astra.environment["BOSSNET_HOME"]) / "gates.json").read_text())
    assert all(difference < 0.01 for difference in measured.values())


def test_a_precision_that_changes_predictions_is_refused_before_anything_is_planned(astra, files):
    astra.register(files)
    refused = astra("run", "bossnet", "--weights", SHIPPED, "--precision", "bfloat16", status=2)
    assert "% of their uncertainty" in refused.stderr
    assert "use --precision float32" in refused.stderr
    assert not astra.sql("SELECT pk FROM bossnet_run")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_precision_of_other_devices_is_refused(astra, files):
    assert "one of CUDA devices" in astra.run("--precision", "tf32", status=2).stderr


def test_a_profile_of_both_threads_adds_up_to_the_same_wall_time(astra, files):
    astra.register(files * 8)
    run = astra.run("--profile")
    assert (run["n_done"], run["n_failed"]) == (40, 0)
    profile = run["profile"]
    main, device = (sum(times.values()) for times in (profile["main"], profile["device"]))
    assert main == pytest.approx(device, rel=0.01)
    assert {"waiting for spectra", "waiting for the network", "results", "database"} <= set(
        profile["main"])
    assert set(profile["device"]) == {"preparation", "network", "flags", "idle"}
    assert all(seconds > 0 for times in profile.values() for seconds in times.values())


def test_a_profile_is_shown_and_only_when_asked_for(astra, files):
    astra.register(files)
    shown = astra("run", "bossnet", "--weights", astra.weights, "--draws", 2, "--profile").stderr
    assert "waiting for the network" in shown
    assert "100.0" in shown
    astra.register(files)
    assert "waiting" not in astra("run", "bossnet", "--weights", astra.weights, "--draws",
                                  2).stderr
