"""The paper's rules for each kind of catalogue: which of its rows count, and what they say.

The rules see a spectrum at a time, with its row of the catalogue; `assemble` makes stars of them.
Where the paper states no limit, the constant that stands for it says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch

import numpy as np
from numpy.typing import NDArray

from bossnet.labels.columns import Rows
from bossnet.labels.isochrones import COOLEST, Isochrones
from bossnet.labels.relations import FAINT, NEARBY, absolute, cool_dwarf

HOT = 7000.0  #: K, where hot stars begin (Sections 2.2.2, 2.2.3), and low-mass ones end
WHITE_DWARF = 8.0  #: log g of cool white dwarfs (Section 2.2.5)
#: log g between which a white dwarf's prediction has landed on the main sequence; not in the paper.
LANDED = (3.5, 6.0)
E_TEFF, E_LOGG = 0.04, 0.2  #: precision of HotPayne's that are taken (Section 2.2.3)

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the rules see: N spectra, each with its row of the catalogue.

    Attributes:
        spectra: the table of spectra.
        catalogue: the catalogue's rows.
        row: (N,) the row of each spectrum, -1 where there is none.
        predictions: Teff and log g that an earlier iteration predicts, by column; empty at first.
        programmes: (N,) whether a spectrum's star was targeted by them, by their meaning.
        isochrones: the user's.
    """

    spectra: Rows
    catalogue: Rows
    row: NDArray[np.int64]
    predictions: Mapping[str, Numbers]
    programmes: Mapping[str, Truths]
    isochrones: Isochrones | None

    @property
    def matched(self) -> Truths:
        return self.row >= 0

    def __getitem__(self, key: str) -> Numbers:
        """(N,) a column of the catalogue; NaN where there is no row, or no such column."""
        return np.where(self.matched, self.catalogue.number(key)[self.row], np.nan)

    def either(self, key: str) -> Numbers:
        """(N,) a column of the catalogue, else of the spectra."""
        here = self[key]
        return np.where(np.isfinite(here), here, self.spectra.number(key))

    def targeted(self, programme: str) -> Truths:
        return self.programmes[programme]


@dataclass(slots=True, eq=False)
class Labels:
    """What a catalogue says of N spectra.

    Attributes:
        teff: (N,) K.
        logg: (N,) dex.
        fe_h: (N,) dex, NaN where the paper has none.
        relation: (N,) how they were had.
        refused: (N,) why a matched row does not count; empty where it does.
    """

    teff: Numbers
    logg: Numbers
    fe_h: Numbers
    relation: NDArray[np.str_] = field(init=False)
    refused: NDArray[np.str_] = field(init=False)

    def __post_init__(self) -> None:
        self.relation = np.full(self.teff.size, "as given", "U60")
        self.refused = np.full(self.teff.size, "", "U90")
        self.refuse(~(np.isfinite(self.teff) & np.isfinite(self.logg)), "Teff or log g is missing")

    def refuse(self, where: Truths, why: str) -> None:
        """Rows that do not count; the first reason stays."""
        self.refused[where & (self.refused == "")] = why


def _as_given(known: Known) -> Labels:
    return Labels(known["teff"], known["logg"], known["fe_h"])


def _without_fe_h(known: Known) -> Labels:
    return Labels(known["teff"], known["logg"], np.full(known.row.size, np.nan))


def _apogee_net(known: Known) -> Labels:
    """Section 2.2.1; of hot stars it has no [Fe/H] (Section 2.2.3)."""
    return Labels(known["teff"], known["logg"],
                  np.where(known["teff"] > HOT, np.nan, known["fe_h"]))


def _gaia(known: Known) -> Labels:
    """Section 2.2.1: two regions, the second for programmes of evolved stars alone; no ABYSS."""
    labels = _as_given(known)
    teff, logg = labels.teff, labels.logg
    giant = (teff < 6300) & (logg < 3.8)
    warm = (teff > 5500) & (teff < 7500) & ~giant
    dwarf = (teff > 3800) & (teff < 6000) & (logg > 3.8) & (logg < 5)
    labels.refuse(known.targeted("abyss"), "a target of ABYSS")
    labels.refuse(giant & (teff > 5500), "a red giant")
    labels.refuse(~warm & dwarf & ~known.targeted("evolved"),
                  "a cool dwarf of no programme of evolved stars")
    labels.refuse(~warm & ~dwarf, "outside the regions that are taken from Gaia")
    return labels


def _young(known: Known) -> Labels:
    """Section 2.2.2: the network's Teff, and log g by age from isochrones; at first as given.

    Below 3000 K Teff is that of the spectral energy distribution, where the catalogue has it
    (``teff_sed``, Section B.1).
    """
    assert known.isochrones is not None
    predicted = known.predictions.get("teff", np.full(known.row.size, np.nan))
    teff = np.where(known["teff_sed"] < COOLEST, known["teff_sed"], predicted)
    again = np.isfinite(teff)
    logg = known.isochrones.logg_of_age(known["log_age"], teff)
    labels = Labels(np.where(again, teff, known["teff"]), np.where(again, logg, known["logg"]),
                    np.full(known.row.size, np.nan))
    labels.relation[again] = "network's Teff, log g by age"
    labels.relation[again & (known["teff_sed"] < COOLEST)] = "Teff by SED, log g by age"
    labels.refuse(~(labels.teff < HOT), "not of low mass")
    return labels


def _hot_payne(known: Known) -> Labels:
    """Section 2.2.3: by precision."""
    labels = _as_given(known)
    labels.refuse(~(known["e_teff"] < E_TEFF * known["teff"]), "Teff is not better than 4 %")
    labels.refuse(~(known["e_logg"] < E_LOGG), "log g is not better than 0.2 dex")
    return labels


def _hot_gaia(known: Known) -> Labels:
    """Section B.1: Gaia's Teff of hot stars, log g by radius; of ABYSS: on the main sequence."""
    assert known.isochrones is not None
    logg = known.isochrones.logg_of_radius(known["teff"], known["radius"],
                                           dwarf=known.targeted("abyss"))
    labels = Labels(known["teff"], logg, np.full(known.row.size, np.nan))
    labels.relation[:] = "log g by Teff and radius"
    labels.relation[known.targeted("abyss")] = "log g of the main sequence"
    return labels


def _cool_dwarfs(known: Known) -> Labels:
    """Section 2.2.4: equations 2 and 3.

    The paper's limit of brightness is garbled in print; it is read as an absolute H of more than
    6 mag. BOSS's are chosen by programme, others by parallax.
    """
    teff, logg = cool_dwarf(known.either("g_rp"), known.either("k_s"))
    parallax = known.either("parallax")
    labels = Labels(teff, logg, np.full(known.row.size, np.nan))
    labels.relation[:] = "equations 2 and 3"
    labels.refused[:] = ""
    labels.refuse(~np.isfinite(teff), "G_RP - K_S is not between 2.3 and 5.9 mag")
    labels.refuse(~(absolute(known.either("h"), parallax) > FAINT), "absolute H is not above 6 mag")
    boss = np.char.lower(known.spectra.text("survey")) == "boss"
    labels.refuse(~boss & ~(parallax > NEARBY), "parallax is not above 10 mas")
    labels.refuse(boss & ~known.targeted("solar_neighbourhood"),
                  "no target of the Solar Neighbourhood Census")
    return labels


def _cool_white_dwarfs(known: Known) -> Labels:
    """Section 2.2.5: targeted as white dwarfs, but predicted on the main sequence."""
    teff, logg = (known.predictions[key] for key in ("teff", "logg"))
    labels = Labels(teff, np.where(np.isfinite(logg), WHITE_DWARF, np.nan),
                    np.full(known.row.size, np.nan))
    labels.relation[:] = "network's Teff, log g 8"
    labels.refuse(~known.targeted("white_dwarfs"), "not targeted as a white dwarf")
    labels.refuse(~(teff < HOT), "not cooler than 7000 K")
    labels.refuse(~((logg > LANDED[0]) & (logg < LANDED[1])), "not on the main sequence")
    return labels


@dataclass(frozen=True, slots=True)
class Rules:
    """Of a kind of catalogue.

    Attributes:
        labels: what it says.
        needs: columns that it must have.
        predicted: whether it says nothing before there are predictions.
    """

    labels: Callable[[Known], Labels]
    needs: tuple[str, ...] = ("teff", "logg")
    predicted: bool = False


KINDS: Mapping[str, Rules] = {
    "payne": Rules(_as_given),
    "apogee_net": Rules(_apogee_net),
    "gaia": Rules(_gaia),
    "minesweeper": Rules(_as_given),
    "boss_net": Rules(_as_given),
    "zeta_payne": Rules(_as_given),
    "young": Rules(_young, ("log_age",)),
    "hot_payne": Rules(_hot_payne, ("teff", "e_teff", "logg", "e_logg")),
    "spectral_types": Rules(_without_fe_h),
    "hot_gaia": Rules(_hot_gaia, ("teff", "radius")),
    "cool_dwarfs": Rules(_cool_dwarfs, ()),
    "subdwarfs": Rules(_without_fe_h),
    "white_dwarfs": Rules(_without_fe_h),
    "cool_white_dwarfs": Rules(_cool_white_dwarfs, (), predicted=True),
}


def targeted(programmes: NDArray[np.str_], patterns: Mapping[str, tuple[str, ...]],
             meanings: tuple[str, ...]) -> dict[str, Truths]:
    """(N,) by meaning, whether one of a spectrum's programmes fits a pattern.

    Args:
        programmes: (N,) names, separated by commas, semicolons or spaces.
        patterns: by meaning.
        meanings: all that there are.
    """
    split = [text.replace(",", " ").replace(";", " ").split() for text in programmes.tolist()]
    return {meaning: np.array([any(fnmatch(name, pattern) for name in names
                                   for pattern in patterns.get(meaning, ())) for names in split],
                              bool) for meaning in meanings}


def override(labels: Labels, other: Labels, name: str) -> None:
    """Labels of another catalogue replace these where its Teff is between 6000 and 7000 K (2.2.3).

    Args:
        labels: are changed.
        other: what the other catalogue has of the same spectra, whatever its own rules are.
        name: of the other catalogue.
    """
    where = (other.teff > 6000) & (other.teff < HOT) & np.isfinite(other.logg)
    for key in ("teff", "logg", "fe_h"):
        getattr(labels, key)[where] = getattr(other, key)[where]
    labels.relation[where] = f"overridden by {name}"
