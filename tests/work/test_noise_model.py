"""A run's record says by which noise model its errors were made; they are not mixed."""

import pytest

from bossnet.errors import ConfigurationError
from bossnet.network.noise_model import Law, NoiseModel
from bossnet.task import BossNetTask
from bossnet.work.settings import Settings
from network.made import TINY, random_network

MODEL = NoiseModel({"logg": Law((2.0,), (0.1,))}, {"why": "a test"}).as_card()


def test_errors_made_with_and_without_a_noise_model_are_not_mixed(
        config, spectra, tiny, sql, tmp_path):
    spectra(2)
    sql("UPDATE boss_visit_spectrum SET path = '/nonesuch.fits'")
    modelled = random_network(tmp_path / "modelled.safetensors", noise_model=MODEL, **TINY)

    def run(weights, tag):
        return BossNetTask.execute(config, Settings(n_draws=2, readers=1, tag=tag),
                                   weights=str(weights.path)).run_pk

    runs = [run(tiny, "")]
    with pytest.raises(ConfigurationError, match="weights"):
        run(modelled, "")
    runs.append(run(modelled, "modelled"))
    assert sql("SELECT pk, settings -> 'noise_model' AS laws FROM bossnet_run ORDER BY pk") == [
        {"pk": runs[0], "laws": None}, {"pk": runs[1], "laws": MODEL["parameters"]}]
