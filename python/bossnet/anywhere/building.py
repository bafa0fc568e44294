"""From what was read to the package's own spectrum: angstrom in vacuum, the surveys' flux unit."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bossnet.anywhere.hints import BARYCENTRIC, REST, TOPOCENTRIC, Hints
from bossnet.anywhere.raw import Part, Raw
from bossnet.anywhere.units import FLUX, Unit, angstrom, flux_factor, guess, parse
from bossnet.errors import BadFileError
from bossnet.network.declaration import Network
from bossnet.observation import Observation
from bossnet.quality import Quality, assess
from bossnet.simulation.wavelengths import air_to_vacuum
from bossnet.spectra.spectrum import Spectrum

SURVEY = "anywhere"  #: `Spectrum.survey` of what is in no survey's layout
USUAL = (1e-3, 1e6)  #: median flux; below, the floor of the network's input (1e-6) is near
PIXEL = (0.25, 4.0)  #: angstrom; the pixels of BOSS and LAMOST are 0.9 to 2 wide
PARTLY = 0.05  #: of the network's range: what `flag_partial_coverage` begins at

Array = NDArray[np.float64]


def build(raw: Raw, hints: Hints, network: Network) -> tuple[Observation, tuple[str, ...]]:
    """An observation, and what had to be assumed or is missing, in words.

    Raises:
        BadFileError: its arrays do not fit each other, or its units are no spectrum's.
    """
    parts = [p for p in (raw.wavelength, raw.flux, raw.error, raw.ivar) if p is not None]
    lengths = {p.values.shape for p in parts}
    if len(lengths) > 1 or raw.flux.values.ndim != 1:
        raise BadFileError("its arrays are not of one length: " + ", ".join(
            f"{p.name} {' x '.join(map(str, p.values.shape))}" for p in parts))
    notes = list(raw.notes)
    wavelength = _wavelength(raw, hints, notes)
    flux, ivar = _light(raw, hints, wavelength.astype(np.float64), notes)
    spectrum = _spectrum(flux, np.zeros_like(flux) if ivar is None else ivar, wavelength, network)
    if ivar is None:  # which is not the same as pixels that are known to be bad
        spectrum = replace(spectrum, usable=np.isfinite(spectrum.flux))
    frame = hints.frame or raw.frame
    if frame is None:
        frame = REST if network.needs_rest_frame else BARYCENTRIC
        notes.append("frame taken as " + ("the star's" if frame == REST else frame))
    elif network.needs_rest_frame and frame != REST:
        notes.append(f"not in the star's frame, which {network.title} is for")
    elif frame == TOPOCENTRIC:
        notes.append("the Earth's frame: no barycentric velocity, only v_rel")
    quality = assess(spectrum, network)
    observation = Observation(spectrum, quality=quality, in_rest_frame=frame == REST)
    return observation, (*notes, *remarks(spectrum, quality, network))


def _spectrum(flux: Array, ivar: Array, wavelength: NDArray[np.float32], network: Network
              ) -> Spectrum:
    if network.interpolates:
        return Spectrum.from_ivar(flux, ivar, wavelength, survey=SURVEY)
    with np.errstate(all="ignore"):  # pixels without an error are gaps, which take no noise
        error = np.where(ivar > 0, ivar**-0.5, np.nan)
    return Spectrum.from_error(flux, error, wavelength, survey=SURVEY)


def is_topocentric(raw: Raw, hints: Hints) -> bool:
    """Whether `v_rel` of a spectrum is relative to the Earth."""
    return (hints.frame or raw.frame or BARYCENTRIC) == TOPOCENTRIC


def remarks(spectrum: Spectrum, quality: Quality, network: Network) -> Iterator[str]:
    """What a spectrum lacks for this network, in words."""
    low, high = network.grid[0], network.grid[-1]
    if not quality.has_uncertainty:
        yield ("no errors: 10 % of the median flux stands for them, and the uncertainties say "
               "little")
    if quality.uncovered > PARTLY:
        yield f"{100 * quality.uncovered:.0f} % of {low:.0f} to {high:.0f} A is not covered"
    with np.errstate(invalid="ignore"):
        inside = np.sort(spectrum.wavelength[(spectrum.wavelength >= low)
                                             & (spectrum.wavelength <= high)])
    if network.interpolates and inside.size > 2:
        step = float(np.median(np.diff(inside.astype(np.float64))))
        if not PIXEL[0] <= step <= PIXEL[1]:
            how = "finer" if step < PIXEL[0] else "coarser"
            yield (f"pixels of {step:.2g} A are {how} than those of the spectra that the network "
                   "was trained on (R about 1800)"
                   + (": smooth them to that first" if step < PIXEL[0] else ""))


def _wavelength(raw: Raw, hints: Hints, notes: list[str]) -> NDArray[np.float32]:
    """Angstrom in vacuum."""
    values, unit = raw.wavelength.values, _unit("wavelength", raw.wavelength, hints, notes)
    said = []
    if unit is None:
        unit = guess(values)
        said.append(f"in {unit}")
    is_air = raw.is_air if hints.air is None else hints.air
    if is_air is None:
        said.append("in vacuum")
    if said:
        notes.append(f"wavelengths taken as {' and '.join(said)}")
    with np.errstate(all="ignore"):
        if unit == _LOGLAM and not is_air:
            # In float32, as of the surveys' files: the network is that sensitive (contract, 1).
            return 10 ** values.astype(np.float32)
        wavelength = angstrom(values, unit)
        return (air_to_vacuum(wavelength) if is_air else wavelength).astype(np.float32)


_LOGLAM = parse("log(Angstrom)")


def _unit(key: str, part: Part, hints: Hints, notes: list[str]) -> Unit | None:
    return parse(hints.units[key]) if key in hints.units else part.unit


def _light(raw: Raw, hints: Hints, wavelength: Array, notes: list[str]
           ) -> tuple[Array, Array | None]:
    """Flux and inverse variance, of a size as that of the surveys' files."""
    unit = _unit("flux", raw.flux, hints, notes)
    factor = _factor(unit, wavelength, notes)
    flux, ivar = raw.flux.values * factor, None
    with np.errstate(all="ignore"):
        if raw.ivar is not None:
            own = _unit("ivar", raw.ivar, hints, notes)
            scale = factor if own is None else _factor(Unit(own.base**-0.5), wavelength, [])
            ivar = raw.ivar.values / scale**2
        elif raw.error is not None:
            own = _unit("error", raw.error, hints, notes)
            scale = factor if own is None else _factor(own, wavelength, [])
            error = raw.error.values * scale
            ivar = np.where(np.isfinite(error) & (error > 0), error**-2.0, 0.0)
    median = float(np.median(np.abs(flux[np.isfinite(flux)]))) if np.isfinite(flux).any() else 0.0
    if median and not USUAL[0] <= median <= USUAL[1]:
        power = 1 - int(np.floor(np.log10(median)))
        notes.append(f"flux multiplied by 1e{power}, so that it is of the surveys' size")
        flux = flux * 10.0**power
        ivar = None if ivar is None else ivar * 10.0**(-2 * power)
    return flux, ivar


def _factor(unit: Unit | None, wavelength: Array, notes: list[str]) -> Array:
    factor = None if unit is None else flux_factor(unit, wavelength)
    if factor is None:
        notes.append("flux taken as it is, per unit of wavelength"
                     + (f" ({unit} is no flux density)" if unit and str(unit) else ""))
        return np.asarray(1.0)
    if factor.ndim:
        notes.append(f"flux changed from {unit} to {FLUX}")
    return factor
