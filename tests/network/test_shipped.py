"""The network that ships keeps within its bounds, and does what its page says of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from astropy.io import fits
from torch.utils.flop_counter import FlopCounterMode

from bossnet.evaluation.flagging import flagged_rates
from bossnet.evaluation.statistics import robust_sigma
from bossnet.network import APOGEE, BOSS
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.fast import fastest
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED
from bossnet.simulation.instruments import APOGEE as APOGEE_SPECTROGRAPH
from bossnet.simulation.instruments import BOSS as INSTRUMENT
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged
from bossnet.spectra import read
from bossnet.task import ApogeeNetTask, BossNetTask

NOT_TOLD = ("ordinary star", "emission-line star")


@pytest.fixture(scope="module")
def shipped():
    return load(SHIPPED / f"{DEFAULTS['boss']}.safetensors")


def operations(network):
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network.eval()(torch.zeros(1, 1, BOSS.grid.size))
    return counter.get_total_flops()


def test_it_is_small_and_quick(shipped):
    assert shipped.path.stat().st_size < 20e6
    published = operations(BossNet(Architecture()))  # 1.10 GFLOP a pass (contract, section 4)
    assert operations(shipped.module) < 0.25 / 1.10 * published


def test_its_card_says_what_it_was_made_of(shipped):
    provenance = shipped.card.provenance
    assert {"training", "dataset", "stars", "spectra", "command", "citations"} <= set(provenance)
    assert shipped.card.licence
    assert shipped.card.coverage


def test_foreign_spectra_are_flagged_and_ordinary_stars_are_not(shipped):
    rates = flagged_rates(fastest(shipped, BOSS), snrs=(30.0,), number=12)
    assert {r.kind for r in rates} > set(NOT_TOLD)
    for rate in rates:
        if rate.kind not in NOT_TOLD:
            assert rate.flagged >= 0.7, rate
        elif rate.kind == "ordinary star":
            assert rate.flagged <= 0.2, rate


def test_stars_that_it_was_not_trained_on_come_out_as_they_are(shipped):
    stars = [t for t in packaged() if 4000 < t.teff < 7500]
    task = BossNetTask(fastest(shipped, BOSS), n_draws=0)
    rng = np.random.default_rng(1)
    results = list(task.run(observe(t, INSTRUMENT, 50.0, 50.0, 0.0, rng) for t in stars))
    for column, truth, limit in (
            ("log_teff", np.log10([t.teff for t in stars]), 0.015),
            ("logg", np.array([t.logg for t in stars]), 0.35),
            ("v_rel", np.full(len(stars), 50.0), 15.0)):
        found = np.array([r.values[column] for r in results])
        assert robust_sigma(found - truth) < limit, column


@pytest.fixture(scope="module")
def infrared():
    return load(SHIPPED / f"{DEFAULTS['apogee']}.safetensors")


def observed(stars, snr):
    rng = np.random.default_rng(1)
    return (observe(t, APOGEE_SPECTROGRAPH, 1.0, snr, 0.1, rng) for t in stars)


def test_the_one_for_apogee_is_small_and_says_what_it_was_made_of(infrared):
    assert infrared.path.stat().st_size < 6e6
    card = infrared.card
    assert (card.network, card.status) == ("apogee", "demonstration")
    assert {"training", "dataset", "stars", "spectra", "citations", "commit"} <= \
        set(card.provenance)
    assert "no observed spectrum" in " ".join(card.coverage["trained on"].split())
    assert infrared.card.ood_limit is not None


def test_models_that_it_was_not_trained_on_come_out_as_they_are(infrared):
    stars = [t for t in packaged("apogee") if 3500 < t.teff < 7000]
    task = ApogeeNetTask(fastest(infrared, APOGEE), n_draws=0)
    results = list(task.run(observed(stars, 100.0)))
    for column, truth, limit in (
            ("log_teff", np.log10([t.teff for t in stars]), 0.012),
            ("logg", np.array([t.logg for t in stars]), 0.25),  # of 839 it is 0.13, of these 0.21
            ("fe_h", np.array([t.fe_h for t in stars]), 0.08)):
        difference = np.array([r.values[column] for r in results]) - truth
        assert robust_sigma(difference) < limit, column
        assert abs(np.median(difference)) < limit / 2, column


def test_the_scale_of_the_flux_does_not_matter(infrared):
    stars = [t for t in packaged("apogee") if 4000 < t.teff < 6000][:4]
    task = ApogeeNetTask(fastest(infrared, APOGEE), n_draws=0)
    for spectrum in observed(stars, 100.0):
        scaled = replace(spectrum, flux=30 * spectrum.flux, error=30 * spectrum.error)
        one, other = task.run([spectrum, scaled])
        assert one.values["log_teff"] == pytest.approx(other.values["log_teff"], abs=0.005)
        assert one.values["logg"] == pytest.approx(other.values["logg"], abs=0.15)


def test_the_shared_giant_is_within_reach_of_its_header(infrared, shared):
    path = shared / "data/apogee/apStar-dr17-2M17335483-2753043.fits"
    [result] = ApogeeNetTask(fastest(infrared, APOGEE), n_draws=0).run([read(path)])
    header = fits.getheader(path)
    assert abs(result.values["teff"] - header["RV_TEFF"]) < 200
    assert abs(result.values["logg"] - header["RV_LOGG"]) < 0.5
    assert abs(result.values["fe_h"] - header["RV_FEH"]) < 0.5
