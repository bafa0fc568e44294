"""Simulated surveys: files in the surveys' formats that the readers read back."""

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner

from bossnet import spectra
from bossnet.cli.simulate import simulate as command
from bossnet.errors import ConfigurationError
from bossnet.simulation.formats import FORMATS, USUAL, Format, Observation
from bossnet.simulation.instruments import BOSS
from bossnet.simulation.observe import observe
from bossnet.simulation.survey import TRUTH, Truth, simulate
from bossnet.simulation.templates import packaged
from bossnet.spectra.spectrum import Spectrum

SURVEY = {"specFull": "boss", "spec": "boss", "mwmStar": "mwm",
          "lamost-table": "lamost", "lamost-image": "lamost", "apStar": "apstar",
          "lamost-dr1": "lamost", "mwmVisit": "mwm", "mastar": "mastar"}


def observed(form: Format, *, rv: float) -> Spectrum:
    star = packaged(form.instrument.grid.kind)[20]
    return observe(star, form.instrument, rv, 40.0, 0.1, np.random.default_rng(3))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Truth]]:
    out = tmp_path_factory.mktemp("survey")
    return out, simulate(out, 30, 7)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_back_as_it_was(name: str, tmp_path: Path) -> None:
    form = FORMATS[name]
    spectrum = observed(form, rv=0.0 if name == "apStar" else 50.0)
    observation = Observation(number=4, target=2, mjd=59000, ra=10.0, dec=-5.0, v_rad=50.0,
                              snr=40.0)
    path = form.write(tmp_path, spectrum, observation)
    back = spectra.read(path)
    assert back.survey == SURVEY[name]
    np.testing.assert_array_equal(back.flux, spectrum.flux)
    np.testing.assert_array_equal(back.usable, spectrum.usable)
    np.testing.assert_allclose(back.error, spectrum.error, rtol=1e-5)
    np.testing.assert_allclose(back.wavelength, spectrum.wavelength, rtol=2e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_whose_spectrum_it_is(name: str, tmp_path: Path) -> None:
    form = FORMATS[name]
    spectrum = observed(form, rv=0.0)
    observation = Observation(number=4, target=2, mjd=59000, ra=10.0, dec=-5.0, v_rad=50.0,
                              snr=40.0)
    path = form.write(tmp_path, spectrum, observation)
    [(survey, (registration,))] = spectra.register(path).found
    assert survey.name == SURVEY[name]
    assert "simulated" in str(registration.columns["release"])
    assert registration.columns["snr"] == pytest.approx(40.0)
    assert registration.source["ra"] == pytest.approx(10.0)
    assert registration.source["dec"] == pytest.approx(-5.0)
    assert survey.frame == ("rest" if form.rest_frame else "barycentric")
    if form.rest_frame:
        velocity = registration.columns.get("v_rad", spectra.read(path).frame_velocity)
        assert velocity == pytest.approx(50.0)


def test_every_file_is_in_the_truth_table(made: tuple[Path, list[Truth]]) -> None:
    out, truths = made
    table = Table.read(out / TRUTH)
    files = {path.name for path in out.iterdir()} - {TRUTH}
    assert len(truths) == len(table) == 30
    assert {str(name) for name in table["file"]} == files
    assert set(table["format"]) == set(USUAL)
    assert table["teff"].unit == "K"
    assert (table["snr"] >= 15).all()
    assert (table["snr"] <= 100).all()
    rest = table["format"] == "mwmStar"
    assert (table["v_rel"][rest] == 0).all()
    np.testing.assert_array_equal(table["v_rel"][~rest], table["v_rad"][~rest])


def test_no_two_spectra_have_one_identity_and_some_stars_have_two(
        made: tuple[Path, list[Truth]]) -> None:
    out, truths = made
    identities = set()
    for truth in truths:
        [(survey, registrations)] = spectra.register(out / truth.file).found
        identities |= {(survey.name, *(r.columns.get(c) for c in survey.identity))
                       for r in registrations}
    assert len(identities) == 30
    assert len({t.target for t in truths}) == 20


def test_the_same_seed_gives_the_same_bytes(made: tuple[Path, list[Truth]],
                                            tmp_path: Path) -> None:
    out, _ = made
    simulate(tmp_path, 30, 7)
    for path in out.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_another_seed_gives_other_identities(made: tuple[Path, list[Truth]],
                                             tmp_path: Path) -> None:
    _, truths = made
    others = simulate(tmp_path, 30, 8)
    assert not {t.file for t in truths} & {t.file for t in others}


def test_a_survey_of_one_format_works_for_each(tmp_path: Path) -> None:
    for name in FORMATS:
        truths = simulate(tmp_path / name, 6, 0, formats=[name])
        assert len({t.file for t in truths}) == 6


@pytest.mark.parametrize(("options", "said"), [
    ({"formats": ["spam"]}, "no format spam"),
    ({"formats": ["spec", "apStar"]}, "optical spectra or of APOGEE's"),
    ({"formats": ["apStar"], "templates": packaged()[:2]}, "not known where apStar are"),
    ({"snr": (10.0, 5.0)}, "lower one first"),
    ({"number": 0}, "at least one")])
def test_options_that_cannot_be_used_are_refused(options: dict[str, object], said: str,
                                                 tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        simulate(tmp_path, **({"number": 3, "seed": 0} | options))  # type: ignore[arg-type]


def test_the_command_makes_a_survey_and_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "s"), "--number", "3", "--seed", "1",
                                          "--snr", "20", "30", "--format", "spec", "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["spectra"] == 3
    assert said["formats"]["spec"] == 3
    assert len(Table.read(said["truth"])) == 3


def test_instruments_cover_the_networks_grid() -> None:
    assert BOSS.wavelength[0] < 3800
    assert BOSS.wavelength[-1] > 8900
