"""Whatever form a spectrum has, the network is given the same one; what is not known is said."""

import gzip
import re
import warnings

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable, Table

from anywhere.made import csv, in_air, ivar_of, star
from bossnet.anywhere.hints import Hints
from bossnet.anywhere.reading import found_in
from bossnet.errors import ConfigurationError
from bossnet.flags import Outcome
from bossnet.network.boss import BOSS
from spectra import layouts

STAR = star()
FLUX_UNIT = u.Unit("1e-17 erg / (s cm2 Angstrom)")
COLUMNS = {"wavelength": STAR.wavelength.astype(float) * u.AA,
           "flux": STAR.flux.astype(float) * FLUX_UNIT,
           "error": STAR.error.astype(float) * FLUX_UNIT}


def found(item, **hints):
    (one,) = found_in([item], Hints(**hints), BOSS)
    assert one.observation.outcome is Outcome.DONE, one.observation.message
    return one


def same(one, *, wavelength=None, flux=1e-6):
    """Whether it is the star's spectrum: to a part of float32's step, unless it is said."""
    spectrum = one.observation.spectrum
    np.testing.assert_allclose(spectrum.wavelength, STAR.wavelength, atol=wavelength or 0.0,
                               rtol=0 if wavelength else 1e-7)
    np.testing.assert_allclose(spectrum.flux, STAR.flux, rtol=flux)
    np.testing.assert_allclose(spectrum.error, STAR.error, rtol=2 * flux)
    return one


def refused(item, **hints):
    (one,) = found_in([item], Hints(**hints), BOSS)
    assert one.observation.outcome is Outcome.BAD_FILE
    return one.observation.message


def test_a_csv_is_read_and_what_is_assumed_is_said(tmp_path):
    one = same(found(csv(tmp_path / "star.csv", STAR)))
    assert one.name == str(tmp_path / "star.csv")
    assert one.notes == ("wavelengths taken as in Angstrom and in vacuum",
                         "flux taken as it is, per unit of wavelength",
                         "frame taken as barycentric")


def test_wavelengths_in_air_become_those_in_vacuum(tmp_path):
    air = in_air(STAR.wavelength)
    plain = csv(tmp_path / "star.csv", STAR, wavelength=air)
    named = csv(tmp_path / "named.csv", STAR, wavelength=air, header="wave_air,flux,error")
    for one in (found(plain, air=True), found(named)):
        same(one, wavelength=1.1e-3)  # a step of float32 above 8192 A
        assert not any("vacuum" in note for note in one.notes)
    assert found(named, air=False).observation.spectrum.wavelength[0] \
        == pytest.approx(air[0], abs=1e-3)


@pytest.mark.parametrize(("delimiter", "header"), [
    (" ", "# wavelength flux error"), ("\t", "lambda\tflam\tsigma"), (";", "WAVE;FLUX;ERR"),
    (",", "wavelength [Angstrom],flux [1e-17 erg/s/cm2/A],e_flux [1e-17 erg/s/cm2/A]"),
    (" ", "# observed somewhere\n# VACUUM = T")])
def test_columns_of_text_are_told_by_their_names_or_order(tmp_path, delimiter, header):
    path = csv(tmp_path / "star.txt", STAR, header=header, delimiter=delimiter)
    one = same(found(path))
    assert ("columns taken as wavelength, flux, error, in that order" in one.notes) \
        == ("VACUUM" in header)


def test_columns_and_units_that_a_user_names_go_first(tmp_path):
    path = csv(tmp_path / "star.csv", STAR, header="x,y,z", wavelength=STAR.wavelength / 10.0)
    same(found(path, columns={"wavelength": "x", "flux": "y", "error": "z"},
               units={"wavelength": "nm"}))
    assert "say which it is (--column wavelength=NAME)" in refused(path)
    assert "has no column 'q' for flux; it has x, y, z" in refused(path, columns={"flux": "q"})


def test_inverse_variances_and_loglam_are_those_of_a_survey_file(tmp_path):
    path = layouts.spec(tmp_path / "spec.fits")
    flux, ivar, loglam = layouts.arrays()
    table = Table({"loglam": loglam.astype("f4"), "flux": flux.astype("f4"),
                   "ivar": ivar.astype("f4")})
    table.write(tmp_path / "spec.csv")
    survey, text = (found(p).observation.spectrum for p in (path, tmp_path / "spec.csv"))
    for name in ("flux", "error", "wavelength", "usable"):
        np.testing.assert_array_equal(getattr(survey, name), getattr(text, name))


@pytest.mark.parametrize(("ending", "form"), [
    ("ecsv", "ascii.ecsv"), ("vot", "votable"), ("fits", "fits")])
def test_tables_with_units_need_no_assumption_of_them(tmp_path, ending, form):
    path = tmp_path / f"star.{ending}"
    table = QTable(COLUMNS)
    table["flux"] = table["flux"].to("erg / (s cm2 Angstrom)")
    table["error"] = table["error"].to("erg / (s cm2 Angstrom)")
    table["wavelength"] = table["wavelength"].to("nm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own units are deprecated in a VOTable
        table.write(path, format=form)
    one = same(found(path))
    assert one.notes == ("wavelengths taken as in vacuum", "frame taken as barycentric")


def test_a_gzipped_table_is_read(tmp_path):
    path = tmp_path / "star.csv.gz"
    path.write_bytes(gzip.compress(csv(tmp_path / "star.csv", STAR).read_bytes()))
    same(found(path))


def test_a_missing_value_is_a_pixel_without_flux(tmp_path):
    lines = csv(tmp_path / "star.csv", STAR).read_text().splitlines()
    wavelength, _, error = lines[100].split(",")
    lines[100] = f"{wavelength},,{error}"
    (tmp_path / "star.csv").write_text("\n".join(lines))
    flux = found(tmp_path / "star.csv").observation.spectrum.flux
    assert np.isnan(flux[99])
    assert np.isfinite(flux).sum() == flux.size - 1


def test_a_fits_table_of_arrays_holds_a_spectrum_in_each_row(tmp_path):
    path = tmp_path / "many.fits"
    arrays = {name: np.tile(np.asarray(getattr(STAR, name)), (3, 1))
              for name in ("wavelength", "flux", "error")}
    Table(arrays).write(path)
    names = []
    for one in found_in([path], Hints(), BOSS):
        same(one)
        names.append((one.name, one.is_last))
    assert names == [(f"{path}[1]", False), (f"{path}[2]", False), (f"{path}[3]", True)]


def image(path, step, kind="WAVE", unit="Angstrom", **header):
    """A FITS image of the star on a scale that is linear in something; errors beside it."""
    x = np.linspace(3700.0, 9000.0, 4000) if step == "linear" \
        else np.geomspace(3700.0, 9000.0, 4000)
    flux, error = (np.interp(x, STAR.wavelength, values) for values in (STAR.flux, STAR.error))
    first, delta = x[0], x[1] - x[0]
    if step == "log10":
        first, delta = np.log10(x[0]), np.log10(x[1] / x[0])
    elif step == "WCS":  # Greisen et al. (2006): w = w_r exp(w / w_r)
        delta = x[0] * np.log(x[1] / x[0])
    hdu = fits.PrimaryHDU(flux)
    hdu.header.update({"CTYPE1": kind, "CRVAL1": first, "CDELT1": delta, "CRPIX1": 1.0,
                       "BUNIT": "1E-17 erg/cm^2/s/Ang"} | ({"CUNIT1": unit} if unit else {})
                      | header)
    fits.HDUList([hdu, fits.ImageHDU(error, name="ERR")]).writeto(path)
    return x


@pytest.mark.parametrize(("step", "kind", "unit", "header"), [
    ("linear", "WAVE", "Angstrom", {}), ("linear", "LINEAR", None, {"VACUUM": True}),
    ("log10", "LINEAR", None, {"DC-FLAG": 1, "AIRORVAC": "vac"}),
    ("log10", "WAVE-LOG", None, {}), ("WCS", "WAVE-LOG", "Angstrom", {}),
    ("WCS", "WAVE-LOG", None, {})])
def test_wavelengths_in_a_header_are_read(tmp_path, step, kind, unit, header):
    path = tmp_path / "image.fits"
    wavelength = image(path, step, kind, unit, SPECSYS="BARYCENT", **header)
    one = found(path)
    step_of_loglam = 4e-7  # which is float32, as of the surveys' files
    np.testing.assert_allclose(one.observation.spectrum.wavelength, wavelength,
                               rtol=step_of_loglam if step == "log10" else 1e-7)
    assert one.observation.quality.snr == pytest.approx(50, rel=0.5)
    assert not any("vacuum" in note or "frame" in note for note in one.notes)


def test_a_header_says_air_and_frame(tmp_path):
    wavelength = image(tmp_path / "air.fits", "linear", "AWAV", SPECSYS="TOPOCENT")
    one = found(tmp_path / "air.fits")
    np.testing.assert_allclose(in_air(one.observation.spectrum.wavelength), wavelength, rtol=1e-7)
    assert one.is_topocentric
    assert one.notes == ("the Earth's frame: no barycentric velocity, only v_rel",)
    assert found(tmp_path / "air.fits", frame="rest").observation.in_rest_frame


def test_arrays_quantities_and_tables_are_taken_as_they_are():
    for item in (COLUMNS, QTable(COLUMNS), Table(QTable(COLUMNS)),
                 {"wavelength": STAR.wavelength, "flux": STAR.flux, "ivar": ivar_of(STAR)}):
        same(found(item))
    assert "arrays are named wavelength, flux, error, ivar" in refused({"flux": STAR.flux})
    short = COLUMNS | {"flux": COLUMNS["flux"][:-1]}
    assert refused(short).startswith("its arrays are not of one length: wavelength ")


def test_a_spectrum_of_specutils_is_taken():
    specutils = pytest.importorskip("specutils", reason="needs the extra spectra")
    from astropy.nddata import InverseVariance, StdDevUncertainty

    mask = np.zeros(STAR.flux.size, bool)
    mask[7] = True
    for uncertainty in (StdDevUncertainty(COLUMNS["error"]),
                        InverseVariance(COLUMNS["error"] ** -2)):
        one = found(specutils.Spectrum(
            spectral_axis=COLUMNS["wavelength"], flux=COLUMNS["flux"], mask=mask,
            uncertainty=uncertainty)).observation.spectrum
        np.testing.assert_allclose(one.wavelength, STAR.wavelength, rtol=1e-7)
        np.testing.assert_allclose(one.error, STAR.error, rtol=1e-5)
        assert np.flatnonzero(np.isnan(one.flux)).tolist() == [7]


def test_what_a_spectrum_lacks_is_said(tmp_path):
    half = slice(0, STAR.flux.size // 2)
    one = found({"wavelength": STAR.wavelength[half], "flux": STAR.flux[half]})
    assert any(note.startswith("no errors: 10 % of the median flux") for note in one.notes)
    assert any(note.endswith("% of 3800 to 8900 A is not covered") for note in one.notes)
    assert not one.observation.quality.has_uncertainty
    assert 0.05 < one.observation.quality.uncovered < 0.9  # though no error is known


def test_pixels_unlike_those_of_the_training_are_said():
    for step, how in ((0.05, "finer"), (10.0, "coarser")):
        x = np.arange(3700.0, 9000.0, step)
        one = found({"wavelength": x, "flux": 10 + np.sin(x), "error": np.ones_like(x)})
        assert any(f"pixels of {step:.2g} A are {how} than" in note for note in one.notes)


def test_a_flux_in_another_unit_without_saying_so_is_brought_to_the_surveys_size():
    arrays = {"wavelength": STAR.wavelength, "flux": STAR.flux * 1e-17,
              "error": STAR.error.astype(float) * 1e-17}
    one = found(arrays)
    (note,) = (note for note in one.notes if "multiplied" in note)
    assert 10 <= np.median(np.abs(one.observation.spectrum.flux)) < 100, note
    assert one.observation.quality.snr == pytest.approx(50, rel=0.5)


def test_flux_per_frequency_is_changed_and_said():
    per_hertz = COLUMNS["flux"].to(u.Jy, u.spectral_density(COLUMNS["wavelength"]))
    one = found(COLUMNS | {"flux": per_hertz, "error": per_hertz / 50})
    np.testing.assert_allclose(one.observation.spectrum.flux, STAR.flux, rtol=1e-5)
    assert any(note.startswith("flux changed from Jy to ") for note in one.notes)


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "no spectrum: the file is empty"), (b"hello\n", "no table of at least 2 lines"),
    (b"\xff\xfe\x00nothing", "neither FITS nor a table in text"),
    (b"a,b\n1,2\n3,4\n", "a table without a column of wavelength and flux among a, b"),
    (b"wavelength,flux\n4000,x\n5000,y\n", "its column flux does not hold numbers"),
    (b"wavelength,flux\n4000,1\n5000\n", "not a table: "),
    (b"SIMPLE  = T", "corrupt|truncated"),
    (b"# %ECSV 1.0\n# ---\n# datatype: [}\nx\n1\n", "corrupt: "),
    (b"<?xml version='1.0'?><VOTABLE><nothing", "corrupt: ")])
def test_what_is_no_spectrum_is_refused_with_its_reason(tmp_path, content, reason):
    path = tmp_path / "bad"
    path.write_bytes(content)
    message = refused(path)
    assert message.startswith(f"{path}: ")
    assert re.search(reason, message), message


def test_a_foreign_fits_file_is_refused_with_what_was_found(tmp_path):
    fits.PrimaryHDU(np.zeros((30, 40))).writeto(tmp_path / "image.fits")
    message = refused(tmp_path / "image.fits")
    assert "found HDU 0 an image of 40 x 30; would read " in message
    assert "a table with columns of wavelength and flux" in message
    fits.PrimaryHDU(np.zeros(30)).writeto(tmp_path / "line.fits")
    assert "does not say their wavelengths" in refused(tmp_path / "line.fits")


@pytest.mark.parametrize("item", [5, None, {"wavelength": ["a"], "flux": ["b"]},
                                  Table({"wavelength": ["a"], "flux": [1.0]}),
                                  Table({"wavelength": [], "flux": []}),
                                  {"wavelength": [] * u.AA, "flux": [] * FLUX_UNIT}])
def test_an_object_that_is_no_spectrum_is_an_outcome(item):
    (one,) = found_in([item], Hints(), BOSS)
    assert one.observation.outcome is Outcome.BAD_FILE or not one.observation.quality.has_data


def test_a_file_damaged_anywhere_is_an_outcome(tmp_path):
    table = Table({name: values.value[::40] for name, values in COLUMNS.items()})
    forms = {"csv": "ascii.csv", "ecsv": "ascii.ecsv", "vot": "votable", "fits": "fits"}
    rng = np.random.default_rng(1)
    for ending, form in forms.items():
        path = tmp_path / f"star.{ending}"
        table.write(path, format=form)
        whole = path.read_bytes()
        for _ in range(25):
            content = bytearray(whole)
            for place in rng.integers(0, len(whole), 8):
                content[place] = rng.integers(0, 256)
            path.write_bytes(content[:rng.integers(1, 2 * len(whole))])
            for one in found_in([path], Hints(), BOSS):
                assert one.observation.spectrum is not None or one.observation.message


def test_text_of_a_spreadsheet_is_read(tmp_path):
    path = csv(tmp_path / "star.csv", STAR, header="wavelength (?);flux;error", delimiter=";")
    path.write_bytes(path.read_bytes().replace(b"?", "Å".encode("latin-1")))
    assert same(found(path)).notes[0] == "wavelengths taken as in vacuum"


def test_a_missing_file_is_an_outcome():
    (one,) = found_in(["gone.csv"], Hints(), BOSS)
    assert one.observation.outcome is Outcome.MISSING_FILE


def test_every_spectrum_of_a_survey_file_is_read_with_its_frame(tmp_path):
    path = layouts.mwm(tmp_path / "mwmVisit.fits", visits=2)
    first, second = found_in([path], Hints(), BOSS)
    assert (first.name, second.name) == (f"{path}[1]", f"{path}[2]")
    assert first.observation.in_rest_frame
    assert (first.observation.frame_velocity, second.observation.snr) == (-10.0, 21.0)
    legacy = found(layouts.spec(tmp_path / "unnamed.fits", PLATEID=None, FIBERID=None))
    assert legacy.observation.snr is not None


@pytest.mark.parametrize(("hints", "message"), [
    ({"columns": {"mask": "x"}}, "mask: columns and units are those of"),
    ({"units": {"flux": "furlong"}}, "'furlong' is no unit of flux"),
    ({"frame": "galactic"}, "'galactic' is no frame")])
def test_a_hint_that_cannot_be_used_is_refused(hints, message):
    with pytest.raises(ConfigurationError, match=message):
        Hints(**hints)


def test_each_row_of_a_mastar_table_is_a_spectrum_with_its_frame_s_velocity(tmp_path, monkeypatch):
    path = layouts.mastar(tmp_path / "mastar.fits", rows=3)
    rows = list(found_in([path], Hints(), BOSS))
    assert [one.name for one in rows] == [f"{path}[{number}]" for number in (1, 2, 3)]
    assert [one.observation.frame_velocity for one in rows] == [-20.5, None, -22.5]
    assert all(one.observation.in_rest_frame and one.observation.is_legacy for one in rows)
    monkeypatch.setattr("bossnet.anywhere.reading.MOST", 2)
    assert "holds 3 spectra, and 2 are the most that are taken at once" in refused(path)
