import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.evaluation import foreign, light
from bossnet.evaluation.foreign import KINDS, ORDINARY, observed
from bossnet.simulation.instruments import BOSS, LAMOST
from bossnet.simulation.observe import Conditions
from bossnet.simulation.templates import packaged
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH as WAVELENGTH

STARS = packaged()
BY_NAME = {kind.name: kind for kind in KINDS}
CLEAN = Conditions(flux_error=0.0, sky_residual=0.0, spikes=0.0, telluric_residual=0.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def at(flux, wavelength, width=3.0):
    return flux[np.abs(WAVELENGTH - wavelength) < width].mean()


@pytest.mark.parametrize("kind", [ORDINARY, *KINDS], ids=lambda kind: kind.name)
def test_every_kind_is_observed_as_a_star_is_and_the_same_every_time(kind):
    for instrument in (BOSS, LAMOST):
        spectrum = observed(kind, STARS, 30.0, rng(3), instrument=instrument)
        assert spectrum.flux.shape == instrument.wavelength.shape
        assert np.isfinite(spectrum.flux).all()
        assert spectrum.usable.mean() > 0.9
        again = observed(kind, STARS, 30.0, rng(3), instrument=instrument)
        np.testing.assert_array_equal(again.flux, spectrum.flux)


@pytest.mark.parametrize("kind", [k for k in KINDS if k.fixed_snr is None], ids=lambda k: k.name)
def test_a_kind_has_the_signal_to_noise_ratio_asked_for(kind):
    s = observed(kind, STARS, 30.0, rng(1), conditions=CLEAN)
    inside = (s.wavelength > 4000) & (s.wavelength < 8900) & s.usable
    assert np.median(s.flux[inside] / s.error[inside]) == pytest.approx(30, rel=0.05)


def test_noise_only_has_no_signal_and_the_noise_of_faint_stars():
    s = observed(BY_NAME["noise only"], STARS, 100.0, rng(1), conditions=CLEAN)
    ratio = s.flux[s.usable] / s.error[s.usable]
    assert abs(ratio.mean()) < 0.1
    assert ratio.std() == pytest.approx(1, abs=0.1)
    assert 0.01 < np.median(s.error) < 100


def test_a_line_has_the_equivalent_width_and_place_it_is_given():
    flat = np.full(WAVELENGTH.size, 2.0)
    got = light.with_lines(flat, ((5000.0, 10.0), (7000.0, 4.0)), strength=0.5, fwhm=500.0)
    widths = (got / 2.0 - 1.0) * np.gradient(WAVELENGTH)
    assert widths[WAVELENGTH < 6000].sum() == pytest.approx(5.0, rel=1e-3)
    assert widths[WAVELENGTH > 6000].sum() == pytest.approx(2.0, rel=1e-3)
    half = 1 + (got.max() / 2.0 - 1) / 2
    above = WAVELENGTH[(got / 2.0 > half) & (WAVELENGTH < 6000)]
    assert np.ptp(above) / 5000 * 299792 == pytest.approx(500, abs=40)


def test_a_redshift_moves_every_wavelength_by_its_factor():
    flux = np.exp(-0.5 * ((WAVELENGTH - 5000.0) / 10.0) ** 2)
    moved = light.redshifted(flux, 0.2)
    assert WAVELENGTH[np.argmax(moved)] == pytest.approx(6000.0, abs=0.5)


def test_dispersion_widens_lines_and_keeps_their_light():
    flux = 1.0 - np.exp(-0.5 * ((WAVELENGTH - 5000.0) / 1.0) ** 2)
    wide = light.dispersed(flux, 200.0)
    assert (1 - wide).sum() == pytest.approx((1 - flux).sum(), rel=1e-6)
    sigma = np.sqrt(((WAVELENGTH - 5000.0) ** 2 * (1 - wide)).sum() / (1 - wide).sum())
    assert sigma == pytest.approx(np.hypot(1.0, 5000.0 * 200 / 299792), rel=0.02)


def test_an_emission_galaxys_lines_are_at_its_redshift():
    generator = rng(5)
    flux = foreign.emission_galaxy(STARS, generator)
    halpha = WAVELENGTH[np.argmax(np.where(WAVELENGTH > 6600, flux, 0))]
    z = halpha / 6564.6 - 1
    assert 0.02 < z < 0.25
    assert at(flux, 5008.2 * (1 + z)) > 1.1 * at(flux, 5060.0 * (1 + z), 20.0)


def test_a_black_body_peaks_where_wiens_law_says():
    flux = light.planck(6000.0)
    assert WAVELENGTH[np.argmax(flux)] == pytest.approx(2.8977719e7 / 6000.0, rel=1e-3)
    assert np.median(flux) == pytest.approx(1.0)


def test_a_pseudo_continuum_goes_along_the_top_of_bands():
    continuum = (WAVELENGTH / 6000.0) ** 1.5
    bands = 1.0 - 0.6 * (np.sin(WAVELENGTH / 60.0) > 0.5)
    got = light.pseudo_continuum(continuum * bands)
    np.testing.assert_allclose(got, continuum, rtol=0.02)


def test_an_m_star_without_molecules_is_smooth():
    m_star = light.star(STARS, rng(0), 0.0, 4000.0)
    smooth = foreign.smooth_m(STARS, rng(0))
    def roughness(flux):
        return np.std(np.diff(np.log(flux[2000::100])))
    assert roughness(smooth) < 0.3 * roughness(m_star)
    assert at(smooth, 7150.0) > 1.2 * at(m_star, 7150.0)  # in a band of TiO


def test_a_carbon_star_has_steps_at_the_heads_of_its_bands():
    flux = foreign.carbon_star(STARS, rng(0))
    assert at(flux, 5160.0) < 0.75 * at(flux, 5172.0)
    assert at(flux, 7884.0) < 0.9 * at(flux, 7870.0)


def test_stars_that_a_kind_needs_and_that_are_not_there_are_missed():
    with pytest.raises(ConfigurationError, match="no template of 0 to 4000 K"):
        foreign.smooth_m([s for s in STARS if s.teff > 5000], rng())


def test_whether_every_kind_can_be_made_is_told_beforehand():
    foreign.kinds_of(STARS)
    with pytest.raises(ConfigurationError, match="no template of 7000 to 12000 K"):
        foreign.kinds_of([s for s in STARS if s.teff < 7000])
