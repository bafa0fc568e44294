"""Units as files have them."""

import numpy as np
import pytest
from astropy import units as u

from bossnet.anywhere.units import FLUX, Unit, angstrom, flux_factor, guess, parse
from bossnet.errors import BadFileError

ANGSTROM = Unit(u.AA)


@pytest.mark.parametrize(("text", "unit"), [
    ("A", u.AA), ("Ang", u.AA), ("AA", u.AA), ("Angstroms", u.AA), ("nm", u.nm),
    ("micron", u.um), ("1E-17 erg/cm^2/s/Ang", FLUX), ("10^-17 erg/s/cm^2/A", FLUX),
    ("erg s-1 cm-2 A-1", 1e17 * FLUX), ("Jy", u.Jy), (u.nm, u.nm)])
def test_a_unit_is_understood_however_it_is_written(text, unit):
    found = parse(text)
    assert not found.is_log
    assert found.base.to(unit) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["log(Angstrom)", "log10(A)", "dex(AA)", "log10"])
def test_a_logarithm_of_angstrom_is_told(text):
    assert parse(text) == Unit(u.AA, is_log=True)


@pytest.mark.parametrize("text", ["", None, "furlongs per fortnight", "Ångström?"])
def test_what_is_no_unit_is_none(text):
    assert parse(text) is None


@pytest.mark.parametrize(("middle", "unit"), [
    (6000.0, "Angstrom"), (600.0, "nm"), (0.6, "um")])
def test_a_scale_without_a_unit_is_told_by_its_size(middle, unit):
    assert guess(np.array([0.9, 1.0, 1.1]) * middle) == Unit(u.Unit(unit))


def test_a_logarithmic_scale_is_told_by_its_size():
    assert guess(np.array([3.6, 3.7, 3.9])) == Unit(u.AA, is_log=True)


@pytest.mark.parametrize("middle", [0.0, 50.0, 1e6, np.nan])
def test_a_scale_of_no_known_size_is_refused(middle):
    with pytest.raises(BadFileError, match="--unit wavelength=UNIT"):
        guess(np.full(3, middle))


@pytest.mark.parametrize(("value", "unit"), [
    (5000.0, "Angstrom"), (500.0, "nm"), (2e4, "1/cm"), (599584.916, "GHz"), (2.4796840, "eV"),
    (3.69897000, "log(Angstrom)")])
def test_every_kind_of_axis_becomes_angstrom(value, unit):
    assert angstrom(np.array([value]), parse(unit))[0] == pytest.approx(5000.0, rel=1e-7)


def test_a_length_of_another_kind_is_refused():
    with pytest.raises(BadFileError, match="in kg, which is no unit of a wavelength"):
        angstrom(np.ones(2), Unit(u.kg))


def test_flux_of_the_surveys_stays_exactly_as_it_is():
    assert flux_factor(parse("1E-17 erg/cm^2/s/Ang"), np.array([4000.0, 8000.0])).tolist() == 1.0


def test_flux_per_frequency_becomes_flux_per_wavelength():
    # 3631 Jy at 5000 A are 4.354e-9 erg/s/cm2/A
    factor = flux_factor(parse("Jy"), np.array([5000.0, 10000.0]))
    assert 3631 * factor * 1e-17 == pytest.approx([4.354e-9, 4.354e-9 / 4], rel=1e-3)


def test_counts_are_no_flux_density_and_magnitudes_are_refused():
    assert flux_factor(parse("count"), np.ones(2)) is None
    with pytest.raises(BadFileError, match="give a linear flux"):
        flux_factor(parse("mag"), np.ones(2))
