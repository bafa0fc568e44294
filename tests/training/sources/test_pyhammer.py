"""PyHammer's templates: originals and packed, and which labels they are given."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template
from bossnet.simulation.wavelengths import between
from bossnet.training.sources.pyhammer import main_sequence_logg, read

NAN = np.nan
#: NAME, SPTYPE, FEH_LO, FEH_HI, TEFF, TEFF_STD, LOGG, NSPEC, LUM_MIXED
ROWS = [("G2_+0.0_Dwarf", "G2", -0.5, 0.0, 5800.0, 20.0, 4.3, 9, False),
        ("G4_+0.0_Dwarf", "G4", -0.5, 0.0, 5700.0, 20.0, 4.0, 9, True),
        ("K0_-1.5_Dwarf", "K0", -1.5, NAN, 4344.0, 0.0, 4.36, 1, False),
        ("K5_-2.0_Dwarf", "K5", NAN, -2.0, 5016.0, 544.0, 4.2, 3, False),
        ("M2_+0.5_Dwarf", "M2", 0.0, 0.5, NAN, NAN, NAN, 31, False),
        ("M5_-0.5_Dwarf", "M5", -2.0, -0.5, NAN, NAN, NAN, 33, False),
        ("M7_+0.0_Dwarf", "M7", -0.5, 0.0, NAN, NAN, NAN, 6, False),
        ("L1", "L1", NAN, NAN, NAN, NAN, NAN, 34, False),
        ("B3", "B3", NAN, NAN, NAN, NAN, NAN, 33, False),
        ("A3_-0.5_Dwarf", "A3", -1.0, -0.5, NAN, NAN, NAN, 5, True),
        ("L3", "L3", NAN, NAN, NAN, NAN, NAN, 16, False)]
COLUMNS = ("NAME", "SPTYPE", "FEH_LO", "FEH_HI", "TEFF", "TEFF_STD", "LOGG", "NSPEC", "LUM_MIXED")
FORMATS = ("24A", "6A", "E", "E", "E", "E", "E", "J", "L")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    image = 1.0 + rng.normal(0.0, 0.02, (len(ROWS), 4460))
    image[-1] = 1.0 + rng.normal(0.0, 1.0, 4460)  # mostly noise
    primary = fits.PrimaryHDU(image.astype(np.float32))
    primary.header["COEFF0"], primary.header["COEFF1"] = 3.5625, 1e-4
    columns = [fits.Column(name, form, array=list(values)) for name, form, values in
               zip(COLUMNS, FORMATS, zip(*ROWS, strict=True), strict=True)]
    table = fits.BinTableHDU.from_columns(columns, name="TEMPLATES")
    fits.HDUList([primary, table]).writeto(tmp_path / "packed.fits")
    return tmp_path / "packed.fits"


def labels(template: Template) -> tuple[float, float, float]:
    return template.teff, template.logg, template.fe_h


def test_each_type_has_the_labels_it_can_have(packed: Path) -> None:
    known = {t.star.removeprefix("PyHammer "): labels(t) for t in read(packed)}
    expected = {
        "G2_+0.0_Dwarf": (5800.0, 4.3, -0.25), "G4_+0.0_Dwarf": (5700.0, NAN, -0.25),
        "K0_-1.5_Dwarf": (NAN, NAN, NAN),  # one spectrum, open bin
        "K5_-2.0_Dwarf": (NAN, NAN, NAN),  # three that do not agree
        "M2_+0.5_Dwarf": (3550.0, 4.82, 0.25), "M5_-0.5_Dwarf": (3050.0, 5.14, NAN),
        "M7_+0.0_Dwarf": (2650.0, 5.3, NAN), "L1": (2100.0, 5.3, NAN), "B3": (NAN, NAN, NAN),
        "A3_-0.5_Dwarf": (NAN, NAN, -0.75)}
    assert known.keys() == expected.keys()  # without L3, which is noise
    for name, values in expected.items():
        np.testing.assert_allclose(known[name], values, atol=0.005, err_msg=name)


def test_gravity_is_gm_over_r_squared() -> None:
    # 3850 K: R = 0.565, M = 0.572, so log g = 4.438 + log10(0.572 / 0.565**2)
    assert main_sequence_logg(3850.0) == pytest.approx(4.691, abs=0.003)
    assert main_sequence_logg(3200.0) == pytest.approx(5.04, abs=0.01)
    assert main_sequence_logg(2800.0) < main_sequence_logg(2799.0) == 5.3


def test_an_original_is_averaged_to_pixels_of_boss(tmp_path: Path) -> None:
    loglam = np.linspace(3.5622988, 4.0085948, 61618)
    flux = (10**loglam / 6000) ** 2 + np.random.default_rng(2).normal(0, 0.02, loglam.size)
    spectrum = fits.BinTableHDU.from_columns([fits.Column("LogLam", "E", array=loglam),
                                              fits.Column("Flux", "E", array=flux)])
    means = fits.BinTableHDU.from_columns([fits.Column("Teff", "E", array=[5800, 6, 20]),
                                           fits.Column("Log_g", "E", array=[4.3, 0.1, 0.2])])
    primary = fits.PrimaryHDU()
    primary.header["COMMENT"] = "Photometry from 9 objects"
    primary.header["COMMENT"] = "Template made from 9 Co-added individual BOSS (SDSS) spectra"
    primary.header["COMMENT"] = "All added templated had 0.0 > FeH > -0.5dex"
    fits.HDUList([primary, spectrum, means]).writeto(tmp_path / "G2_+0.0_Dwarf.fits")
    (tmp_path / "other.fits").write_text("not a template")
    (template,) = read(tmp_path)
    assert (template.star, template.library) == ("PyHammer G2_+0.0_Dwarf", "pyhammer")
    np.testing.assert_allclose(labels(template), (5800.0, 4.3, -0.25), rtol=1e-6)
    inside = between(3700, 10100)
    assert np.isfinite(template.flux[inside]).all()
    blue, red = template.flux[between(3800, 3900)].mean(), template.flux[between(8800, 8900)].mean()
    assert red / blue == pytest.approx((8850 / 3850) ** 2, rel=0.01)


def test_what_is_not_pyhammers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no templates of PyHammer"):
        read(tmp_path)
    fits.PrimaryHDU(np.ones((2, 100), np.float32)).writeto(tmp_path / "image.fits")
    with pytest.raises(ConfigurationError, match="not a packed file"):
        read(tmp_path / "image.fits")


def test_the_real_originals_are_what_is_packed(shared: Path) -> None:
    folder = shared / "data" / "templates" / "pyhammer"
    packed = folder / "pyhammer_templates_rebinned_derived.fits"
    all_of_them = {template.star: template for template in read(packed)}
    assert len(all_of_them) == 227
    originals = read(folder)
    assert len(originals) == 2
    inside = between(3700, 10100)
    for one in originals:
        same = all_of_them[one.star]
        np.testing.assert_allclose(labels(one), labels(same))
        assert np.std(one.flux[inside] / same.flux[inside] - 1) < 0.005
