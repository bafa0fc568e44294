"""What the spectrographs do to light, as far as a spectrum shows it.

A declaration an instrument; the curves are smooth approximations through a few nodes, made
for spectra that look right, not for exposure times. Sources: BOSS, Smee et al. (2013, AJ 146,
32), figures 30 and 38; LAMOST, Cui et al. (2012, RAA 12, 1197) and Zhao et al. (2012); APOGEE,
Wilson et al. (2019, PASP 131, 055001), and the errors and gaps of two apStar files of DR17.
"""

import copy
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.wavelengths import H_BAND_GRID, OPTICAL_GRID, SPEED_OF_LIGHT, Grid

Nodes = tuple[tuple[float, float], ...]  #: (angstrom, value) pairs, ascending
Bands = tuple[tuple[float, float, float], ...]  #: first and last angstrom, deepest absorption


@dataclass(frozen=True, eq=False)
class Instrument:
    """One spectrograph, and the files that its pipeline writes.

    Attributes:
        name: as simulated files name it.
        survey: ``Spectrum.survey`` of what it observes.
        loglam: (N,) float64, log10 of the pixels' vacuum wavelengths in angstrom.
        resolution: nodes of wavelength / FWHM.
        throughput: nodes of the fraction of photons kept, atmosphere included.
        sky: nodes of the sky's continuum in photons, in the unit of `lines`.
        lines: of the sky, vacuum angstrom and strength.
        bands: of the Earth's atmosphere.
        arms: angstrom, where an arm ends and the next one begins.
        flux_range: lowest and highest usual median flux, in the files' units.
        dead_pixels: usual fraction of pixels without inverse variance.
        flux_error: usual relative error of the flux calibration over a whole arm.
        grid: of the templates that it observes.
        snr_range: angstrom, over which the median S/N per pixel is set.
        line_resolution: wavelength / FWHM of the sky's lines.
        dead_run: pixels that are without inverse variance together, none of which is right.
        gaps: first and last angstrom of ranges where there is nothing.
        rest_frame: whether files are in the star's frame, so that sky and gaps move.
        fastest: km/s, of the velocities that stars usually have in the files.
    """

    name: str
    survey: str
    loglam: NDArray[np.float64]
    resolution: Nodes
    throughput: Nodes
    sky: Nodes
    lines: Nodes
    bands: Bands
    arms: tuple[tuple[float, float], ...]
    flux_range: tuple[float, float]
    dead_pixels: float
    flux_error: float
    grid: Grid = OPTICAL_GRID
    snr_range: tuple[float, float] = (4000.0, 8900.0)
    line_resolution: float = 2000.0
    dead_run: int = 1
    gaps: tuple[tuple[float, float], ...] = ()
    rest_frame: bool = False
    fastest: float = 300.0
    wavelength: NDArray[np.float64] = field(init=False, repr=False)
    fwhm: NDArray[np.float64] = field(init=False, repr=False)  #: angstrom
    sensitivity: NDArray[np.float64] = field(init=False, repr=False)
    sky_photons: NDArray[np.float64] = field(init=False, repr=False)
    telluric: NDArray[np.float64] = field(init=False, repr=False)  #: mean absorption
    seen: NDArray[np.bool_] = field(init=False, repr=False)  #: outside of the gaps

    def __post_init__(self) -> None:
        wavelength = 10.0**self.loglam
        throughput = _curve(wavelength, self.throughput)
        lines = sky_lines(wavelength, self.lines, resolution=self.line_resolution)
        inside = [(wavelength > first) & (wavelength < last) for first, last in self.gaps]
        for name, value in (
            ("wavelength", wavelength),
            ("fwhm", wavelength / _curve(wavelength, self.resolution)),
            # photons a pixel for unit flux: throughput x pixel width x wavelength
            ("sensitivity", throughput * (wavelength / 5000.0) ** 2),
            ("sky_photons", throughput * (_curve(wavelength, self.sky) + lines)),
            ("telluric", telluric_depth(wavelength, self.bands)),
            ("seen", ~np.any(inside, axis=0) if inside else np.ones(wavelength.size, bool)),
        ):
            object.__setattr__(self, name, value)

    def moved(self, velocity: float) -> "Instrument":
        """As its files are once a star's velocity, km/s, is taken out, to the nearest pixel."""
        step = np.log(10) * (self.loglam[1] - self.loglam[0])
        pixels = -round(velocity / SPEED_OF_LIGHT / step)
        other = copy.copy(self)
        for name in ("sensitivity", "sky_photons", "telluric", "seen"):
            object.__setattr__(other, name, np.roll(getattr(self, name), pixels))
        return other


def _curve(wavelength: NDArray[np.float64], nodes: Nodes) -> NDArray[np.float64]:
    x, y = np.array(nodes).T
    return np.interp(wavelength, x, y)


#: The night sky's stronger lines: vacuum angstrom and strength over the continuum at 5000 A.
SKY_LINES: Nodes = (
    (4359.6, 2.0), (5462.3, 2.0), (5578.9, 30.0), (5892.9, 6.0), (6302.0, 10.0), (6365.5, 4.0),
    (6865.2, 2.0), (7246.4, 3.0), (7278.3, 4.0), (7318.3, 5.0), (7342.9, 5.0), (7526.1, 4.0),
    (7573.9, 4.0), (7718.8, 5.0), (7752.6, 6.0), (7796.3, 7.0), (7823.3, 6.0), (7851.0, 4.0),
    (7915.8, 8.0), (7966.7, 7.0), (7995.6, 8.0), (8027.7, 5.0), (8347.1, 6.0), (8401.5, 9.0),
    (8432.4, 9.0), (8454.6, 6.0), (8467.7, 6.0), (8495.7, 5.0), (8506.9, 6.0), (8541.0, 4.0),
    (8762.0, 6.0), (8780.4, 8.0), (8793.1, 5.0), (8829.7, 12.0), (8852.2, 8.0), (8870.2, 7.0),
    (8887.8, 14.0), (8905.5, 7.0), (8922.2, 14.0), (8960.6, 14.0), (8990.9, 10.0),
    (9003.9, 8.0), (9040.7, 8.0), (9051.9, 6.0), (9378.5, 10.0), (9422.4, 8.0), (9442.3, 14.0),
    (9479.5, 8.0), (9505.3, 10.0), (9522.0, 8.0), (9570.2, 8.0), (9722.0, 8.0), (9792.5, 8.0),
    (9875.5, 8.0), (9917.5, 6.0), (10015.0, 6.0), (10126.0, 6.0), (10290.0, 6.0))


def sky_lines(wavelength: NDArray[np.float64], lines: Nodes = SKY_LINES, *,
              resolution: float = 2000.0) -> NDArray[np.float64]:
    """The night sky's lines as sharp as this, in the unit of their strengths; (N,)."""
    total = np.zeros_like(wavelength)
    for centre, strength in lines:
        sigma = centre / (2.35 * resolution)
        total += strength * np.exp(-0.5 * ((wavelength - centre) / sigma) ** 2)
    return total


#: Bands of the Earth's atmosphere: first and last vacuum angstrom, depth of the strongest part.
TELLURIC_BANDS: Bands = (
    (6869.0, 6950.0, 0.30), (7168.0, 7400.0, 0.12), (7595.0, 7705.0, 0.60),
    (8130.0, 8370.0, 0.15), (8940.0, 9250.0, 0.35), (9270.0, 9800.0, 0.60))


def telluric_depth(wavelength: NDArray[np.float64],
                   bands: Bands = TELLURIC_BANDS) -> NDArray[np.float64]:
    """Mean absorption of the atmosphere's bands, smooth within each; (N,)."""
    depth = np.zeros_like(wavelength)
    for first, last, deepest in bands:
        x = np.clip((wavelength - first) / (last - first), 0.0, 1.0)
        depth += deepest * 3.2 * np.sqrt(x) * (1 - x) ** 1.5  # steep at the band's head
    return depth


BOSS = Instrument(
    name="BOSS", survey="boss",
    loglam=3.5523 + 1e-4 * np.arange(4648, dtype=np.float64),
    resolution=((3600, 1500), (4500, 1750), (6000, 2150), (6200, 1850), (7500, 2150),
                (9000, 2500), (10400, 2550)),
    throughput=((3550, 0.03), (3800, 0.07), (4000, 0.11), (4500, 0.16), (5000, 0.19),
                (5500, 0.20), (5900, 0.17), (6100, 0.16), (6400, 0.21), (7000, 0.26),
                (7500, 0.27), (8000, 0.26), (8500, 0.24), (9000, 0.20), (9500, 0.13),
                (10000, 0.08), (10400, 0.04)),
    sky=((3600, 0.9), (5000, 1.0), (6000, 1.3), (7000, 1.6), (8000, 2.2), (9000, 3.0),
         (10400, 4.0)),
    arms=((6300.0, 5750.0),), lines=SKY_LINES, bands=TELLURIC_BANDS,
    flux_range=(0.5, 500.0), dead_pixels=0.004, flux_error=0.03)

LAMOST = Instrument(
    name="LAMOST", survey="lamost",
    loglam=3.5682 + 1e-4 * np.arange(3909, dtype=np.float64),
    resolution=((3700, 1400), (4500, 1700), (5900, 2100), (6000, 1600), (7500, 1900),
                (9100, 2300)),
    throughput=((3700, 0.01), (3900, 0.02), (4200, 0.04), (4700, 0.06), (5300, 0.07),
                (5700, 0.06), (5900, 0.035), (6100, 0.05), (6500, 0.09), (7200, 0.11),
                (7800, 0.11), (8400, 0.09), (8800, 0.07), (9100, 0.05)),
    sky=((3700, 1.0), (5000, 1.0), (6000, 1.5), (7000, 1.7), (8000, 2.2), (9100, 3.2)),
    arms=((5900.0, 5700.0),), lines=SKY_LINES, bands=TELLURIC_BANDS,
    flux_range=(20.0, 3000.0), dead_pixels=0.05, flux_error=0.08)

#: OH in the H band (Rousselot et al. 2000, A&A 354, 1134), over the continuum of a faint star.
OH_LINES: Nodes = (
    (15187.1, 6.0), (15241.0, 20.0), (15287.8, 25.0), (15332.4, 20.0), (15395.3, 8.0),
    (15432.2, 20.0), (15500.8, 4.0), (15509.8, 4.0), (15540.0, 20.0), (15546.1, 15.0),
    (15570.2, 6.0), (15597.6, 8.0), (15631.9, 12.0), (15655.5, 20.0), (15702.5, 20.0),
    (15833.3, 12.0), (15848.1, 12.0), (15869.3, 12.0), (15972.6, 18.0), (16030.8, 20.0),
    (16079.8, 18.0), (16128.6, 20.0), (16194.6, 14.0), (16235.4, 18.0), (16302.4, 8.0),
    (16317.2, 15.0), (16351.2, 10.0), (16388.5, 20.0), (16442.2, 18.0), (16475.6, 10.0),
    (16502.4, 20.0), (16553.8, 18.0), (16586.7, 6.0), (16692.4, 20.0), (16708.9, 20.0),
    (16732.5, 18.0), (16840.5, 20.0), (16903.7, 20.0), (16955.1, 18.0))

#: The dense parts of the bands of CO2 and CH4, as smooth as a band's envelope.
H_BAND_TELLURIC: Bands = ((15680.0, 15800.0, 0.06), (15995.0, 16180.0, 0.10),
                          (16330.0, 16430.0, 0.05), (16450.0, 16780.0, 0.05))

APOGEE = Instrument(
    name="APOGEE", survey="apstar",
    loglam=4.179 + 6e-6 * np.arange(8575, dtype=np.float64),
    resolution=((15100, 22000), (15500, 23500), (15805, 23500), (15860, 21500), (16430, 23500),
                (16475, 21000), (17000, 23000)),
    throughput=((15140, 0.10), (15300, 0.16), (15600, 0.20), (15800, 0.20), (15860, 0.19),
                (16050, 0.20), (16250, 0.11), (16430, 0.05), (16475, 0.15), (16650, 0.15),
                (16850, 0.09), (17000, 0.06)),
    sky=((15100, 0.4), (17000, 0.6)), lines=OH_LINES, bands=H_BAND_TELLURIC,
    arms=((15810.0, 15857.0), (16435.0, 16473.0)), flux_range=(30.0, 1e4), dead_pixels=0.03,
    flux_error=0.05, grid=H_BAND_GRID, snr_range=(15150.0, 16950.0), line_resolution=22500.0,
    dead_run=8, gaps=((0.0, 15143.5), (15811.0, 15858.0), (16436.0, 16473.5), (16955.0, 20000.0)),
    rest_frame=True, fastest=3.0)

#: All of them by their names.
INSTRUMENTS = {instrument.name: instrument for instrument in (BOSS, LAMOST, APOGEE)}


def of_kind(kind: str) -> dict[str, Instrument]:
    """The instruments whose spectra a kind of network sees, the usual one first."""
    return {name: one for name, one in INSTRUMENTS.items() if one.grid.kind == kind}
