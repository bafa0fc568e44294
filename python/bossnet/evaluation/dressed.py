"""Labelled spectra made of rest-frame templates, as a survey would observe them.

Velocity and reddening of a star are the same at every S/N and with every instrument, and follow
from the seed and the star's place alone, so that networks are judged on the same spectra.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.evaluation.groups import region_names
from bossnet.evaluation.quantities import COLUMNS, LOG_TEFF, LOGG
from bossnet.evaluation.sample import Sample
from bossnet.observation import Observation
from bossnet.simulation.instruments import Instrument
from bossnet.simulation.observe import USUAL, Conditions, observe
from bossnet.simulation.templates import Template
from bossnet.spectra.spectrum import Spectrum
from bossnet.training.dataset import Dataset

MEAN_EBV = 0.05  #: mag, of an exponential distribution


@dataclass(frozen=True, slots=True, eq=False)
class Dressing:
    """One spectrum to be made.

    Attributes:
        place: of the star in its collection.
        instrument: that observes it.
        snr: median S/N per pixel.
        rv: velocity, km/s.
        ebv: E(B-V), mag.
        seed: of everything else that is drawn, noise among it.
    """

    place: int
    instrument: Instrument
    snr: float
    rv: float
    ebv: float
    seed: tuple[int, ...]

    def spectrum(self, template: Template, *, conditions: Conditions = USUAL) -> Spectrum:
        """The spectrum, the same every time."""
        return observe(template, self.instrument, self.rv, self.snr, self.ebv,
                       np.random.default_rng(self.seed), conditions=conditions)


def dressings(places: Sequence[int], instruments: Sequence[Instrument], snrs: Sequence[float], *,
              seed: int) -> list[Dressing]:
    """Every star with every instrument at every S/N."""
    made = []
    fastest = max(instrument.fastest for instrument in instruments)  # even up to it
    for place in places:
        rng = np.random.default_rng([seed, place])
        rv, ebv = float(rng.uniform(-fastest, fastest)), float(rng.exponential(MEAN_EBV))
        made += [Dressing(place, instrument, snr, rv, ebv, (seed, place, i, j))
                 for i, instrument in enumerate(instruments) for j, snr in enumerate(snrs)]
    return made


def labels(template: Template, rv: float) -> list[float]:
    """What is known of a dressed template, in the order of `QUANTITIES`."""
    known = {"log_teff": float(np.log10(template.teff)), "logg": template.logg,
             "fe_h": template.fe_h, "v_rel": rv}
    return [known[name] for name in COLUMNS]


def of_dataset(dataset: Dataset, split: str, instruments: Sequence[Instrument],
               snrs: Sequence[float], *, seed: int, limit: int | None = None,
               every_region: bool = False, teff: tuple[float, float] = (0.0, np.inf)
               ) -> list[Dressing]:
    """What is made of a split of a dataset.

    Args:
        dataset: the templates.
        split: ``train``, ``validation`` or ``test``.
        instruments: each observes every template.
        snrs: at each of which every template is observed.
        seed: of the velocities, the reddening, the noise, and the choice.
        limit: so many templates at most, chosen at random.
        every_region: whether as many are chosen of each region of the Kiel diagram, instead of
            as many as it has.
        teff: lowest and highest, K; with the whole range templates of unknown ones, too.

    Raises:
        ConfigurationError: the split has none of these, or an instrument does not see what the
            dataset's templates are known over.
    """
    foreign = [i.name for i in instruments if i.grid is not dataset.grid]
    if foreign:
        raise ConfigurationError(f"{dataset.folder} is of kind {dataset.grid.kind}, which "
                                 f"{', '.join(foreign)} does not observe")
    rows = dataset.rows(split)
    if teff != (0.0, np.inf):
        rows = rows[(dataset.teff[rows] >= teff[0]) & (dataset.teff[rows] <= teff[1])]
    if not rows.size:
        raise ConfigurationError(f"{dataset.folder}: no template is in the split {split!r}"
                                 + (f" between {teff[0]:g} and {teff[1]:g} K" if teff[0] else ""))
    if limit is not None and limit < rows.size:
        order = np.random.default_rng(seed).permutation(rows)
        if every_region:
            order = order[_in_turn(_regions(dataset, order))]
        rows = np.sort(order[:limit])
    return dressings(rows.tolist(), instruments, snrs, seed=seed)


def _regions(dataset: Dataset, rows: NDArray[np.intp]) -> NDArray[np.str_]:
    """(m,) names of the regions that rows are in."""
    known = np.full((rows.size, len(COLUMNS)), np.nan)
    known[:, LOG_TEFF], known[:, LOGG] = np.log10(dataset.teff[rows]), dataset.logg[rows]
    return region_names(known)


def _in_turn(regions: NDArray[np.str_]) -> NDArray[np.intp]:
    """An order of m places: one of each region, a second of each ...; those of none at the end."""
    earlier = np.zeros(regions.size, int)  # of the same region
    for name in np.unique(regions):
        those = np.flatnonzero(regions == name)
        earlier[those] = np.arange(those.size) + (0 if name else regions.size)
    return np.argsort(earlier, kind="stable")


def dressed(template: Callable[[int], Template], todo: Sequence[Dressing], *,
            origin: dict[str, object]) -> Sample:
    """A sample of dressed templates.

    Args:
        template: the template at a place.
        todo: what to make.
        origin: for the record.
    """
    # What is known is kept, and no flux: there may be many.
    known = {place: _known(template(place)) for place in {d.place for d in todo}}

    def observations() -> Iterator[Observation]:
        for number, d in enumerate(todo):
            yield Observation(d.spectrum(template(d.place)), noise_key=number)

    return Sample(
        np.array([known[d.place].star for d in todo], np.str_),
        np.array([known[d.place].library for d in todo], np.str_),
        np.array([labels(known[d.place], d.rv) for d in todo], np.float64),
        np.array([d.snr for d in todo], np.float64), observations, (origin,))


def _known(template: Template) -> Template:
    return replace(template, flux=template.flux[:0], fwhm=template.fwhm[:0])
