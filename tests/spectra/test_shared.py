"""Real files: every one is read or refused as it should be, and agrees with the reference."""

import json

import numpy as np
import pytest

from bossnet.errors import BadFileError
from bossnet.network import APOGEE, BOSS
from bossnet.quality import assess
from bossnet.spectra import read, register

READ = {"sdss": ("boss", 9), "lamost": ("lamost", 103), "apogee": ("apstar", 1)}
REFUSED = ("apVisit-", "med-")


@pytest.mark.parametrize("folder", READ)
def test_every_spectrum_is_read_and_registered_once(shared, folder):
    survey, count = READ[folder]
    files = [path for path in sorted((shared / "data" / folder).rglob("*.fits*"))
             if not path.name.startswith(REFUSED)]
    identities = set()
    for path in files:
        spectrum = read(path)
        assert spectrum.survey == survey
        assert np.isfinite(spectrum.error).all()
        assert 3500 < spectrum.wavelength[0] < spectrum.wavelength[-1] < 17001
        declaration, (found,) = register(path).found[0]
        assert found.columns["snr"] == spectrum.snr
        assert set(found.source) >= {"ra", "dec"}
        identities.add(tuple(found.columns[name] for name in declaration.identity))
    assert len(files) == len(identities) == count


def test_the_visits_of_a_real_apstar_are_told_by_its_header(shared):
    path = next((shared / "data/apogee").glob("apStar*"))
    _, (survey, visits) = register(path).found
    assert [[v.columns[n] for n in ("plate", "mjd", "fiber")] for v in visits] == [
        ["5815", 56396, 212], ["5815", 56433, 221], ["5815", 56434, 221]]
    for visit in visits:
        assert visit.columns["v_rad"] == pytest.approx(15.68, abs=0.25)
        spectrum = read(path, visit.columns, table=survey.table)
        assert spectrum.snr == visit.columns["snr"]
        # the gaps: zeros, and no noise
        gap = (spectrum.wavelength > 15812) & (spectrum.wavelength < 15855)
        assert not spectrum.flux[gap].any()
        assert not spectrum.error[gap].any()
        assert assess(spectrum, APOGEE).uncovered < 0.01
    coadd = assess(read(path), APOGEE)
    assert coadd.uncovered < 0.01
    assert coadd.snr == pytest.approx(154, rel=0.35)


def test_relatives_are_refused_with_the_reason(shared):
    medium = next((shared / "data/lamost/dr7_medium").iterdir())
    visit = next((shared / "data/apogee").glob("apVisit*"))
    for path, reason in ((medium, "medium-resolution"), (visit, "apVisit of three chips")):
        for use in (read, register):
            with pytest.raises(BadFileError, match=reason):
                use(path)


def test_templates_are_foreign(shared):
    files = [path for pattern in ("pyhammer/*.fits", "kurucz/*.fit", "mastarhc_v2/*.fits.gz",
                                  "miles/*m00*.fits", "stelib/*HD0*.fits")
             for path in sorted((shared / "data/templates").glob(pattern))]
    assert len(files) > 20
    for path in files:
        with pytest.raises(BadFileError, match="not a spectrum that is read: found HDU 0 "):
            read(path)


def test_every_benchmark_spectrum_is_read(shared):
    files = sorted((shared / "benchmark").glob("*.fits"))[::10]
    assert files
    for path in files:
        assert len(read(path).flux) == 4648
        [(_, (found,))] = register(path).found
        assert found.columns["run2d"] == "bench"


def test_one_observation_in_two_layouts_gives_the_same_arrays_where_the_releases_agree(shared):
    name = "spec-55859-F5902_sp01-005.fits.gz"
    image, table = (read(shared / "data/lamost" / release / name) for release in ("dr5", "dr9"))
    np.testing.assert_array_equal(image.wavelength, table.wavelength)
    blue = image.wavelength < 5700  # DR9 reduced the red arm anew
    assert blue.sum() == 1877
    np.testing.assert_array_equal(image.flux[blue], table.flux[blue])
    assert (np.abs(image.flux - table.flux) <= 0.3 * image.error).all()


@pytest.mark.parametrize(("kind", "folders"), [
    ("boss", ("sdss",)), ("lamost_dr7", ("lamost/dr7", "lamost/dr5", "lamost/dr2_float64")),
    ("lamost_dr8", ("lamost/dr9",)), ("apogee", ("apogee",))])
def test_network_inputs_and_errors_are_those_of_the_published_functions(shared, kind, folders):
    expected = json.loads((shared / "parity" / kind / "expected.json").read_text())["spectra"]
    files = {path.name.split(".fits")[0]: path for folder in folders
             for path in (shared / "data" / folder).iterdir()}
    assert expected
    for name, reference in expected.items():
        spectrum = read(files[name.split(".fits")[0]])
        network_input = _network_input(spectrum, resampled=kind != "apogee")
        wanted = reference["network_input"]
        middle = len(network_input) // 2
        for part, values in (("first5", network_input[:5]), ("last5", network_input[-5:]),
                             ("mid5", network_input[middle:middle + 5])):
            np.testing.assert_allclose(values, wanted[part], atol=1e-6)
        assert network_input.sum(dtype="f8") == pytest.approx(wanted["sum"], abs=1e-3)
        assert np.median(spectrum.error) == pytest.approx(reference["error"]["median"], rel=1e-6)
        assert spectrum.error.max() == pytest.approx(reference["error"]["max"], rel=1e-6)


def _network_input(spectrum, *, resampled):
    """Section 3 of the contract, in numpy."""
    kept = np.isfinite(spectrum.flux) & (spectrum.wavelength > 0)
    flux = spectrum.flux
    if resampled:
        flux = np.interp(BOSS.grid, spectrum.wavelength[kept], flux[kept]).astype("f4")
    logarithm = np.log(np.maximum(flux, np.float32(1e-6)))
    return np.minimum(logarithm, np.percentile(logarithm, 95) + 1)
