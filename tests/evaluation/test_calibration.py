"""From spectra whose errors are mis-stated to weights that report the right ones."""

import json

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.evaluation.calibration import LABELS, REPEATS, calibrate, described, report, write
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.repeats import Measured
from bossnet.network import BOSS as NETWORK
from bossnet.network.frozen import load
from bossnet.network.prediction import DirectPredictor
from bossnet.observation import Observation
from bossnet.simulation.instruments import BOSS
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import BossNetTask
from evaluation.repeated import results
from evaluation.test_noise_pulls import Means

TOLD = 0.7  #: of the true error
STARS, VISITS = 200, 8


def spectra():
    """Repeated spectra of stars, the errors of which are told too small."""
    rng = np.random.default_rng(2)
    templates = packaged()
    for star in range(STARS):
        template = templates[star % len(templates)]
        flux = observe(template, BOSS, 0.0, 1e6, 0.0, rng).flux.astype(float)
        snr = np.exp(rng.uniform(np.log(10), np.log(60)))
        for visit in range(VISITS):
            error = np.full(flux.shape, np.median(flux) / snr)
            yield star, Observation(
                Spectrum.from_ivar(flux + error * rng.normal(size=flux.size),
                                   (TOLD * error) ** -2.0, BOSS.wavelength, snr=snr,
                                   survey=BOSS.survey), noise_key=star * VISITS + visit)


@pytest.fixture(scope="module")
def observed():
    """The stars, and their spectra."""
    stars, observations = zip(*spectra(), strict=True)
    return np.array(stars).astype(str), observations


def measured(predictor, observed):
    """What a predictor makes of the repeats."""
    stars, observations = observed
    found = list(BossNetTask(predictor).run(observations))

    def column(name):
        return np.array([r.values[name] for r in found], float)

    return Measured(stars, column("snr"), column("teff"), {c: column(c) for c in COLUMNS},
                    {c: column(f"raw_e_{c}") for c in COLUMNS})


def test_errors_that_spectra_tell_wrong_are_right_in_weights_with_the_fitted_model(
        tiny, observed, tmp_path):
    found = calibrate(measured(Means(tiny.card), observed), None, held_out=0.5, seed=0)
    (check,) = found.checks
    for c in COLUMNS:
        assert found.model.laws[c].factor == pytest.approx([1 / TOLD], rel=0.12)
        assert check.before[0].of[c].width == pytest.approx(1 / TOLD, rel=0.15)
        assert check.after[0].of[c].width == pytest.approx(1, abs=0.15)
    card = write(tmp_path / "new.safetensors", tiny, found, name="new", sources={"repeats": "made"})
    task = BossNetTask(DirectPredictor(load(tmp_path / "new.safetensors"), NETWORK), n_draws=5)
    for result in task.run(observed[1][:3]):
        for c in COLUMNS:
            law = found.model.laws[c]
            assert result.values[f"e_{c}"] == pytest.approx(float(law(
                result.values[f"raw_e_{c}"], snr=result.values["snr"],
                teff=result.values["teff"])), rel=1e-5)
    assert card.noise_model["origin"]["sources"] == {"repeats": "made"}


def test_what_was_found_is_told_to_people_and_programs(tiny, tmp_path):
    found = calibrate(results(400, 3), results(700, 1, floor=1.0, seed=9), held_out=0.5, seed=1)
    assert [c.kind for c in found.checks] == [REPEATS, LABELS]
    card = write(tmp_path / "new.safetensors", tiny, found, name="new", sources={})
    said = report(tmp_path / "out", found, card, figures=False)
    assert said == described(found)
    assert "log g: factor" in said
    record = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert record["sha256"] == card.sha256
    assert not (tmp_path / "out" / "calibration.png").exists()


def test_a_parameter_with_too_few_differences_is_said(tiny, tmp_path):
    sparse = results(400, 2)
    sparse.values["fe_h"][50:] = np.nan
    found = calibrate(sparse, None, held_out=0.5, seed=0)
    assert "fe_h" not in found.model.laws
    assert "[Fe/H]: raw errors are kept, as" in described(found)


def test_with_nothing_to_fit_to_there_is_no_model():
    with pytest.raises(ConfigurationError, match="too little to fit a noise model to: "):
        calibrate(results(100, 1), None, held_out=0.5, seed=0)
