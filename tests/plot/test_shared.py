"""Where the package's network looks in the shared SDSS spectra: lines that their types have."""

import pytest

from bossnet.anywhere.hints import Hints
from bossnet.network import BOSS
from bossnet.plot.star import star
from bossnet.plot.subject import of_file
from bossnet.task import BossNetTask

FIRST = 10  #: places of a parameter that are looked at
M_DWARFS = ("spec-0618-52049-0372", "spec-5047-55833-0936", "spec-1123-52882-0065")
HOT = ("spec-4068-55445-0924", "spec-0266-51602-0031", "sample_spectrum")


@pytest.fixture(scope="module")
def looked_at(shared, shipped):
    """The star's lines at the strongest places of each parameter, and how many came by chance."""
    made = {}

    def looked_at(name, first=FIRST):
        if name not in made:
            path = shared / "data" / "sdss" / f"{name}.fits"
            made[name] = star(of_file(path, BOSS, Hints()), shipped, BossNetTask)
        return {d.column: [one.line.name if one.line else "" for one in d.drivers[:first]]
                for d in made[name].drives}, made[name].chance

    return looked_at


def has(names, *starts):
    return any(name.startswith(starts) for name in names)


@pytest.mark.parametrize("name", M_DWARFS)
def test_an_m_dwarf_is_known_by_its_bands_sodium_and_calcium(looked_at, name):
    at, _ = looked_at(name)
    assert has(at["teff"], "CaH", "TiO")
    assert has(at["fe_h"], "CaH")
    assert has(at["fe_h"], "TiO")
    assert has(at["fe_h"], "Na I 8190")
    assert has(at["logg"], "H alpha")
    for column in ("teff", "logg", "v_rel"):
        assert has(at[column], "Ca II 8")


@pytest.mark.parametrize("name", HOT)
def test_a_hot_star_is_known_by_its_balmer_lines_and_helium(looked_at, name):
    at, _ = looked_at(name, first=5)
    assert {"H alpha", "H beta"} <= set(at["teff"])
    assert {"H alpha", "H beta", "H gamma"} <= set(at["v_rel"])
    assert has(at["teff"], "He I 4473")


def test_a_g_and_a_k_dwarf_are_known_by_hydrogen_magnesium_and_the_calcium_triplet(looked_at):
    for name in ("spec-3586-55181-0500", "spec-7454-56751-0770"):
        at, _ = looked_at(name)
        assert has(at["teff"], "H alpha")
        assert has(at["teff"], "H beta")
        assert has(at["logg"], "Mg b")
        assert has(at["logg"], "Ca II 8")
        assert has(at["v_rel"], "Ca II 8")


@pytest.mark.parametrize("name", [*HOT, "spec-3586-55181-0500", "spec-7454-56751-0770"])
def test_names_are_given_more_often_than_by_chance(looked_at, name):
    at, chance = looked_at(name)
    named = [one != "" for column in ("teff", "logg", "v_rel") for one in at[column]]
    assert sum(named) / len(named) > 2 * chance
