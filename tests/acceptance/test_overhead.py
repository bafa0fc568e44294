"""Sharing the work costs a worker next to nothing: `benchmarks/overhead.py` has the figures."""

from acceptance.inside import run_inside
from bossnet.network.installed import DEFAULTS

MOST = 0.1  #: of the time of 200 spectra, where 1000 are usual, on a machine that others use, too


def test_claims_signs_of_life_and_commits_take_little_of_a_worker_s_time(astra, files):
    astra.weights = DEFAULTS["boss"]
    astra.register(files * 40)
    run_inside(astra, "--draws", 20)
    worker, = astra.sql("SELECT * FROM bossnet_worker")
    assert (worker["n_done"], worker["n_chunks"]) == (200, 1)
    assert 0 < worker["t_database"] < MOST * worker["t_work"]
