"""The sequence of spectra: few files, moved to rest, and their median."""

import numpy as np
import pytest

from bossnet.network import BOSS
from bossnet.report import sequence
from bossnet.spectra.spectrum import Spectrum
from catalog.made import GOOD
from spectra import layouts

LIGHT = 299_792.458


def spectrum(wavelength, flux):
    return Spectrum.from_ivar(flux, np.ones_like(flux), wavelength, survey="boss")


def test_a_spectrum_is_moved_to_rest_and_divided_by_its_slope():
    wavelength = np.geomspace(3600, 9000, 8000)
    velocity, rest = 300.0, 6564.6
    line = 1 - 0.5 * np.exp(-0.5 * ((wavelength - rest * (1 + velocity / LIGHT)) / 4) ** 2)
    found = sequence.at_rest(spectrum(wavelength, 7e-3 * (wavelength / 5000) ** -2.5 * line), BOSS,
                             velocity)
    assert BOSS.grid[np.argmin(found)] == pytest.approx(rest, abs=1.4)
    assert np.median(found) == pytest.approx(1, abs=0.01)
    assert found.min() == pytest.approx(0.5, abs=0.02)


def test_where_a_spectrum_does_not_reach_there_is_nothing():
    wavelength = np.linspace(3700, 6900, 4000)
    found = sequence.at_rest(spectrum(wavelength, np.full(4000, 2.0)), BOSS, 0.0)
    assert np.isnan(found[BOSS.grid > 6901]).all()
    assert found[BOSS.grid < 6899] == pytest.approx(1)
    assert np.isnan(sequence.at_rest(spectrum(wavelength, np.full(4000, -2.0)), BOSS, 0.0)).all()


def test_the_median_does_not_ask_of_how_many_it_is():
    nan = np.nan
    found = sequence.middle([np.array([1.0, nan, nan]), np.array([2.0, 4.0, nan]),
                             np.array([6.0, nan, nan])])
    np.testing.assert_array_equal(found, [2.0, 4.0, nan])


@pytest.fixture
def files(made, tmp_path):
    """Seven spectra of solar temperature and two cool ones, with files; one file is missing."""
    run = made.run()
    for i, log_teff in enumerate([3.76] * 7 + [3.6] * 2):
        path = tmp_path / f"spec-{i}.fits"
        if i:
            layouts.spec(path, pixels=4000)
        star = made.star()
        key = made.spectrum(star, mjd=59_600 + i, path=str(path))
        made.result(key, star, run, log_teff=log_teff, v_rel=GOOD["v_rad"])
    return made


def test_few_files_of_each_temperature_are_read(files, scope):
    with scope() as s:
        found = sequence.ask(s, {}, 3)
        again = sequence.ask(s, {}, 3)
    assert [(b.low, b.high) for b in found.bins] == [(3800, 4200), (5700, 6200)]
    assert len(found.bins[0].keys) == 2
    assert len(found.bins[1].keys) + len(found.unread) == 3
    assert [b.keys for b in again.bins] == [b.keys for b in found.bins]
    figure, = sequence.section(found).figures
    assert len(figure.data) == 2
    assert len(figure.data[0]["x"]) <= 1000


def test_a_file_that_is_not_there_is_told_and_left_out(files, scope):
    with scope() as s:
        found = sequence.ask(s, {}, 100)
    assert [len(b.keys) for b in found.bins] == [2, 6]
    message, = found.unread
    assert "spec-0.fits" in message
    assert sequence.section(found).paragraphs == [
        f"1 file could not be read, for instance: {message}"]


def test_no_files_are_read_if_none_are_asked_for(files, scope):
    with scope() as s:
        section = sequence.section(sequence.ask(s, {}, 0))
    assert section.why_empty == "None was asked for (--spectra 0)."
