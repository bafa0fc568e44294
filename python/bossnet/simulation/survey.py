"""A simulated survey: files with known parameters, and the table of what is true."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table

from bossnet.errors import ConfigurationError
from bossnet.simulation.formats import FORMATS, USUAL, Format, Observation
from bossnet.simulation.observe import Conditions, observe
from bossnet.simulation.templates import Template, packaged

TRUTH = "truth.ecsv"  #: the table, in the survey's folder
STARS = 2 / 3  #: of the number of spectra, so that some stars are observed twice
FIRST_MJD = 59_000
DIGITS = 5  #: after the point, in the table

_UNITS = {"teff": "K", "logg": "dex", "fe_h": "dex", "v_rad": "km/s", "v_rel": "km/s",
          "ebv": "mag", "ra": "deg", "dec": "deg"}


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one simulated file.

    Attributes:
        file: its name.
        format: of `formats.FORMATS`.
        star: the template's name; several targets may be made of one template.
        target: a number of the star observed, the same in all its spectra.
        teff: K.
        logg: dex.
        fe_h: dex.
        v_rad: barycentric velocity, km/s.
        v_rel: velocity relative to the file's frame, km/s: what the network measures.
        ebv: E(B-V), mag.
        snr: median S/N per pixel.
        ra: deg.
        dec: deg.
    """

    file: str
    format: str
    star: str
    target: int
    teff: float
    logg: float
    fe_h: float
    v_rad: float
    v_rel: float
    ebv: float
    snr: float
    ra: float
    dec: float


@dataclass(frozen=True, slots=True)
class _Target:
    number: int
    template: Template
    v_rad: float
    ebv: float
    ra: float
    dec: float


def simulate(out: Path, number: int, seed: int, *, snr: tuple[float, float] = (15.0, 100.0),
             formats: Sequence[str] = USUAL,
             templates: Sequence[Template] | None = None,
             progress: Callable[[int], None] | None = None) -> list[Truth]:
    """Writes spectra with known parameters in the surveys' own formats, and `TRUTH`.

    Args:
        out: folder, made if need be; files of the same names are replaced.
        number: of spectra; a third of the stars are observed twice.
        seed: the same seed, number and options give the same files.
        snr: range of the median S/N per pixel, drawn evenly in its logarithm.
        formats: names of `FORMATS`, taken in turn; of optical spectra, or of APOGEE's.
        templates: stars to observe; the packaged ones of these formats' grid if None.
        progress: called with the number of files written.

    Raises:
        ConfigurationError: an option cannot be used.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise ConfigurationError(f"no format {', '.join(unknown) or 'given'}: there are "
                                 + ", ".join(FORMATS))
    kinds = {FORMATS[name].instrument.grid.kind for name in formats}
    if len(kinds) > 1:
        raise ConfigurationError(f"formats {', '.join(formats)}: a survey is of optical spectra or "
                                 "of APOGEE's, not of both; make one of each")
    kind = kinds.pop()
    if templates is not None and any(t.grid.kind != kind for t in templates):
        raise ConfigurationError(f"the stars to observe are not known where {', '.join(formats)} "
                                 "are; leave them out, or give other formats")
    if not 0 < snr[0] <= snr[1]:
        raise ConfigurationError(f"S/N from {snr[0]:g} to {snr[1]:g}: give two positive numbers, "
                                 "the lower one first")
    if number < 1:
        raise ConfigurationError(f"{number} spectra: at least one is needed")
    out.mkdir(parents=True, exist_ok=True)
    again = [name for name in formats if not FORMATS[name].rest_frame]  # a star has one mwmStar
    count = max(1, round(number * STARS)) if again else number
    targets = _targets(packaged(kind) if templates is None else templates, count, seed)
    truths = []
    for i in range(number):
        repeat, k = divmod(i, count)
        names = again if repeat else formats
        truths.append(_one(out, i, repeat, targets[k], seed, snr, FORMATS[names[i % len(names)]]))
        if progress is not None:
            progress(i + 1)
    write_truth(out / TRUTH, truths, seed)
    return truths


def _targets(templates: Sequence[Template], count: int, seed: int) -> list[_Target]:
    """The stars of the sky: every template before any is used again, in random places."""
    rng = np.random.default_rng([seed, count])
    order = np.concatenate([rng.permutation(len(templates))
                            for _ in range(-(-count // len(templates)))])[:count]
    block = seed % 1000 * 1_000_000
    return [_Target(block + k, templates[int(t)], float(np.clip(rng.normal(0.0, 80.0), -300, 300)),
                    float(rng.exponential(0.05)), float(rng.uniform(0.0, 360.0)),
                    float(np.degrees(np.arcsin(rng.uniform(-0.5, 1.0)))))
            for k, t in enumerate(order)]


def _one(out: Path, number: int, repeat: int, target: _Target, seed: int,
         snr: tuple[float, float], form: Format) -> Truth:
    rng = np.random.default_rng([seed, number, 1])
    value = float(np.exp(rng.uniform(np.log(snr[0]), np.log(snr[1]))))
    v_rel = 0.0 if form.rest_frame else target.v_rad
    spectrum = observe(target.template, form.instrument, v_rel, value, target.ebv, rng,
                       conditions=Conditions(frame_velocity=target.v_rad))
    observation = Observation(number, target.number, FIRST_MJD + 2 * (seed % 1000) + repeat,
                              target.ra, target.dec, target.v_rad, value)
    path = form.write(out, spectrum, observation)
    t = target.template
    return Truth(path.name, form.name, t.star, target.number, t.teff, t.logg, t.fe_h,
                 target.v_rad, v_rel, target.ebv, value, target.ra, target.dec)


def write_truth(path: Path, truths: Sequence[Truth], seed: int) -> None:
    """The truths as an ECSV table, one row a file."""
    rows = [asdict(truth) for truth in truths]
    table = Table(rows=rows, names=list(rows[0]))
    for name, unit in _UNITS.items():
        table[name] = np.round(table[name], DIGITS)
        table[name].unit = unit
    table["snr"] = np.round(table["snr"], DIGITS)
    table.meta = {"seed": seed}
    table.write(path, format="ascii.ecsv", overwrite=True)
