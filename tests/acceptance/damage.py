"""Spectra and files that are spoiled in a known way, and what the contract says of each."""

import os
from dataclasses import dataclass, field

import numpy as np
from astropy.io import fits
from hypothesis import strategies as st

from bossnet.flags import FLAGS
from spectra import layouts

BIT = {flag.name.removeprefix("flag_"): flag.mask for flag in FLAGS}
LAYOUTS = ("spec", "spec in float64", "LAMOST image", "LAMOST image in float64", "LAMOST table")
TABLES = {"spec": "boss_visit_spectrum", "LAMOST": "lamost_spectrum"}

# What may stand where a number should be; some of it is beyond float32.
ABSURD = (np.nan, np.inf, -np.inf, 0.0, -1.0, 1.0, 1e38, -1e38, 3.4e38, -3.4e38, 1.6e38, -1.6e38,
          1e-38, 1e-45, 1e300, -9999.0)
ABSURD_LOGLAM = (np.nan, np.inf, -np.inf, 0.0, -1.0, 38.0, -44.0, 400.0, 3.7)


@dataclass(frozen=True)
class Pixels:
    """The arrays of a spectrum, as the file holds them: (N,) float64 each."""

    layout: str
    flux: np.ndarray = field(repr=False)
    ivar: np.ndarray = field(repr=False)
    loglam: np.ndarray = field(repr=False)
    how: str = ""

    @property
    def table(self):
        return TABLES[self.layout.split()[0]]

    def write(self, path):
        """The file, in its layout."""
        wide = "64" in self.layout
        held = (lambda a: a) if wide else _single
        if self.layout.startswith("spec"):
            code = "D" if wide else "E"
            columns = {"flux": (code, held(self.flux)), "loglam": (code, held(self.loglam)),
                       "ivar": (code, held(self.ivar))}
            return layouts.write(path, [fits.PrimaryHDU(), layouts.table("COADD", wide, **columns)])
        masks = np.zeros((2, len(self.flux)))
        arrays = [held(a) for a in (self.flux, self.ivar, self.wavelength, *masks)]
        primary = fits.PrimaryHDU()
        if self.layout == "LAMOST table":
            names = ("FLUX", "IVAR", "WAVELENGTH", "ANDMASK", "ORMASK")
            columns = {name: (f"{len(a)}E", [a]) for name, a in zip(names, arrays, strict=True)}
            hdus = [primary, layouts.table("COADD", False, **columns)]
        else:
            primary = fits.PrimaryHDU(np.array(arrays))
            primary.header["EXTEN0"] = "Flux Inverse Wavelength Andmask Ormask"
            hdus = [primary]
        primary.header["TELESCOP"] = "LAMOST"
        return layouts.write(path, hdus)

    @property
    def wavelength(self):
        """(N,) float32, as section 1 of the contract has it."""
        with np.errstate(all="ignore"):
            return np.float32(10) ** _single(self.loglam)

    def expected(self):
        """Their flags before any network, their S/N, and their errors, (N,) float32.

        Straight from sections 2 and 6 of the contract, by comparing everything with everything.
        """
        flux, ivar, wavelength = _single(self.flux), _single(self.ivar), self.wavelength
        with np.errstate(all="ignore"):
            error = ivar ** np.float32(-0.5)
            known = np.isfinite(error)
            inside = np.isfinite(flux) & (wavelength >= 3800) & (wavelength <= 8900)
            usable = np.isfinite(flux) & (ivar > 0)
            distance = np.abs(np.linspace(3800, 8900, 3900).astype("f4").astype("f8")[:, None]
                              - wavelength[usable].astype("f8"))
            lonely = 3900 - int((distance <= 2).any(axis=1).sum())
            flags = 0
            if inside.sum() < 2 or len(set(flux[inside].tolist())) == 1:
                flags |= BIT["no_data"] | BIT["runtime_exception"]
            if not known.any():
                flags |= BIT["no_uncertainty"]
                finite = flux[np.isfinite(flux)].astype("f8")
                error[:] = 0.1 * abs(np.median(finite)) if finite.size else 0
            else:
                cap = 5 * np.median(error[known])
                error = np.where(known, np.minimum(error, cap), cap)
            flags |= BIT["partial_coverage"] * (lonely > 0.05 * 3900)
            flags |= BIT["little_coverage"] * (lonely > 0.5 * 3900)
            ratio = (flux.astype("f8") / error)[inside & (error > 0)]
            snr = float(np.median(ratio)) if known.any() and ratio.size else None
        return flags, snr, error


def _single(array):
    with np.errstate(all="ignore"):
        return np.asarray(array, "f4")


@st.composite
def pixels(draw):
    """Any spectrum: of one pixel or of many, in any order, anywhere, spoiled in places."""
    layout = draw(st.sampled_from(LAYOUTS))
    n = draw(st.sampled_from([400, 1500, 400, 1500, 40, 3, 2, 1]))
    low, high = draw(st.sampled_from([(3700, 9000), (3800, 8900), (4000, 6500), (1500, 30000),
                                      (3790, 3802), (9000, 9500), (2000, 3790)]))
    order = draw(st.sampled_from(["ascending", "descending", "shuffled", "twice", "one place"]))
    level = draw(st.sampled_from(["noisy", "faint", "negative", "huge", "tiny", "equal", "zero"]))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    loglam = np.log10(np.linspace(low, high, n)) if n > 1 else np.log10([(low + high) / 2])
    loglam = {"descending": loglam[::-1], "shuffled": rng.permutation(loglam),
              "twice": np.repeat(loglam, 2)[:n], "one place": np.full(n, loglam[n // 2])
              }.get(order, loglam)
    noise = rng.normal(size=n)
    flux = {"noisy": 10 + noise, "equal": np.full(n, 3.0), "zero": np.zeros(n),
            "negative": -5 + noise, "faint": 1e-17 * (10 + noise), "huge": 3e37 * (10 + noise),
            "tiny": 1e-41 * (10 + noise)}[level]
    ivar = rng.uniform(0.5, 2, n) / (flux.std() ** 2 or 1)
    arrays = {"flux": flux, "ivar": ivar, "loglam": loglam.copy()}
    spoils = draw(st.lists(st.tuples(
        st.sampled_from(["flux", "ivar", "loglam"]), st.integers(0, 13),
        st.sampled_from([(0.2, 0.21), (0, 0.5), (0.5, 1), (0.01, 0.9), (0, 1)])), max_size=3))
    said = [layout, f"{n} pixels", order, level]
    for name, number, (start, end) in spoils:
        choice = ABSURD_LOGLAM if name == "loglam" else ABSURD
        value = choice[number % len(choice)]
        arrays[name][int(start * n):max(int(end * n), int(start * n) + 1)] = value
        said.append(f"{name} {value} from {start} to {end}")
    made = Pixels(layout, **arrays, how=", ".join(said))
    if layout.startswith("LAMOST image") and not (made.wavelength > 1000).any():
        # Without any wavelength its third row cannot be told from a pseudo-continuum.
        arrays["loglam"][0] = 3.7
    return made


@dataclass(frozen=True)
class Broken:
    """A file that is no spectrum any more.

    Attributes:
        flags: that its row has.
        reason: a part of the message.
        make: makes it at a path, where nothing is yet.
    """

    flags: int
    reason: str
    make: object


def _written(content):
    return lambda path: path.write_bytes(content)


def _cut(size, make=layouts.spec):
    def cut(path):
        make(path)
        os.truncate(path, size if size > 0 else path.stat().st_size + size)
    return cut


def _edited(old, new, make=layouts.spec):
    def edit(path):
        make(path)
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))
    return edit


def _table(position=1, **columns):
    def make(path):
        hdus = [fits.PrimaryHDU()] + [fits.ImageHDU(np.zeros(9))] * (position - 1)
        layouts.write(path, [*hdus, layouts.table("COADD", False, **columns)])
    return make


def _columns(**other):
    flux, ivar, loglam = layouts.arrays()
    columns = {"flux": ("E", flux), "ivar": ("E", ivar), "loglam": ("E", loglam)} | other
    return {name: column for name, column in columns.items() if column}


def _gzip_cut(path):
    plain = path.with_name("whole.fits")
    layouts.spec(plain)
    packed = layouts.gzipped(plain)
    path.write_bytes(packed.read_bytes()[:-900])
    plain.unlink()
    packed.unlink()


_BAD = BIT["runtime_exception"] | BIT["bad_file"]
_MISSING = BIT["runtime_exception"] | BIT["missing_file"]
_FOREIGN = "not a spectrum that is read"
_FLUX = layouts.arrays()[0]

BROKEN = {
    "vanished": Broken(_MISSING, "No such file", lambda path: None),
    "a folder": Broken(_MISSING, "is a folder", lambda path: path.mkdir()),
    "a pipe": Broken(_MISSING, "not a regular file", os.mkfifo),
    "a link to nothing": Broken(_MISSING, "No such file",
                                lambda path: path.symlink_to("nothing")),
    "a link to itself": Broken(_MISSING, "cannot be opened", lambda path: path.symlink_to(path)),
    "empty": Broken(_BAD, "the file is empty", _written(b"")),
    "a text": Broken(_BAD, "not a FITS file", _written(b"wavelength flux\n4000 1.0\n" * 200)),
    "zeros": Broken(_BAD, "not a FITS file", _written(bytes(28800))),
    "cut in the first header": Broken(_BAD, "truncated", _cut(1000)),
    "cut between the headers": Broken(_BAD, "found HDU 0", _cut(2880)),
    "cut in the table's header": Broken(_BAD, "truncated", _cut(2880 + 80)),
    "cut in the table": Broken(_BAD, "truncated", _cut(3 * 2880 + 100)),
    "cut by one byte": Broken(_BAD, "truncated", _cut(-1)),
    "cut in the image": Broken(_BAD, "truncated", _cut(3000, layouts.lamost_image)),
    "cut gzip": Broken(_BAD, "gzip", _gzip_cut),
    "the table in HDU 2": Broken(_BAD, _FOREIGN,
                                 _table(2, **_columns())),
    "no ivar": Broken(_BAD, _FOREIGN, _table(**_columns(ivar=None))),
    "no columns": Broken(_BAD, _FOREIGN, _table()),
    "an image for the table": Broken(_BAD, _FOREIGN, lambda path: layouts.write(
        path, [fits.PrimaryHDU(), fits.ImageHDU(np.ones((3, 60), "f4"))])),
    "flux as texts": Broken(_BAD, "flux", _table(**_columns(flux=("9A", ["1.0"] * 60)))),
    "complex flux": Broken(_BAD, "flux", _table(**_columns(flux=("C", _FLUX)))),
    "flux as truths": Broken(_BAD, "flux", _table(**_columns(flux=("L", _FLUX > 10)))),
    "flux of two values a pixel": Broken(_BAD, _FOREIGN, _table(
        **_columns(flux=("2E", np.ones((60, 2)))))),
    "a width that is not the columns'": Broken(_BAD, "columns of a row take", _edited(
        b"TFORM1  = 'E       '", b"TFORM1  = '99E     '")),
    "a size that is no number": Broken(_BAD, "corrupt", _edited(
        b"NAXIS1  =                   16", b"NAXIS1  =                  '16")),
    "a size beyond all bounds": Broken(_BAD, "truncated", _edited(
        b"NAXIS2  =                   60", b"NAXIS2  = 99999999999999999960")),
    "an image of three rows": Broken(_BAD, _FOREIGN, lambda path: layouts.write(
        path, [fits.PrimaryHDU(np.ones((3, 60), "f4"))])),
    "another table's spectrum": Broken(_BAD, "APOGEE apStar", layouts.ap_star),
}
