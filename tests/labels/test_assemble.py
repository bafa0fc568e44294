"""An assembled table is the one worked by hand, row by row."""

import re
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from tests.labels.made import CONFIGURATION, EXPECTED, REFUSED, SPECTRA, TABLES, write

from bossnet.errors import ConfigurationError
from bossnet.labels.assemble import assemble
from bossnet.labels.configuration import load
from bossnet.labels.kinds import KINDS


def rows(table: Table) -> dict[str, tuple]:
    return {row["spectrum"]: tuple(row[name] for name in (
        "teff", "logg", "fe_h", "v_rad", "catalogue", "catalogue_row", "relation", "fe_h_from",
        "v_rad_from")) for row in table}


def test_the_table_is_the_one_worked_by_hand(tmp_path):
    found = rows(assemble(write(tmp_path)).table)
    assert list(found) == list(EXPECTED)
    for spectrum, expected in EXPECTED.items():
        numbers = [np.nan if value is None else value for value in expected[:4]]
        np.testing.assert_allclose(found[spectrum][:4], numbers, rtol=0, atol=2e-4,
                                   err_msg=spectrum)
        assert found[spectrum][4:] == expected[4:], spectrum


def test_what_was_refused_is_counted_by_its_reason(tmp_path):
    catalogues = assemble(write(tmp_path)).summary["catalogues"]
    for name, reasons in REFUSED.items():
        assert catalogues[name]["refused"] == reasons, name


def test_the_order_of_the_rows_changes_nothing(tmp_path):
    first = rows(assemble(write(tmp_path)).table)
    head, *lines = SPECTRA.splitlines()
    turned = "\n".join([head, *reversed(lines)])
    assert repr(rows(assemble(write(tmp_path, spectra=turned)).table)) == repr(first)


def test_matches_say_by_what_and_how_far(tmp_path):
    table = assemble(write(tmp_path)).table
    of = {row["spectrum"]: row for row in table}
    assert of["s02"]["matched_by"] == "gaia"
    assert of["s14"]["matched_by"] == "position"
    assert of["s14"]["separation"] == pytest.approx(0.36 * np.cos(np.radians(10)), abs=1e-3)
    assert of["s20"]["matched_by"] == "predictions"
    assert of["s02"]["star"] == "Gaia 1"
    assert of["s14"]["star"] == "spectrum s14"


def test_the_first_iteration_has_no_predictions(tmp_path):
    first = re.sub("predictions:.*\n", "", CONFIGURATION)
    found = rows(assemble(write(tmp_path, configuration=first)).table)
    assert "s20" not in found  # cool white dwarfs need them
    # Young stars are as APOGEE Net has them, with the [Fe/H] of their place.
    assert found["s09"][4:] == ("ANet", 2, "as given", "equation 1", "")
    assert found["s09"][0] == 4100
    assert "s10" not in found


def test_young_stars_of_the_catalogue_stand_until_there_are_predictions(tmp_path):
    first = re.sub("predictions:.*\n", "", CONFIGURATION)
    table = "gaia,log_age,teff,logg\n8,6.5,4050,3.8\n"
    found = rows(assemble(write(tmp_path, configuration=first, young=table)).table)
    assert found["s09"][:2] == (4050, 3.8)


def test_a_catalogue_is_limited_in_number_by_stars(tmp_path):
    limited = CONFIGURATION.replace("kind: gaia,", "kind: gaia, most: 1,")
    made = assemble(write(tmp_path, configuration=limited))
    assert made.summary["catalogues"]["Gaia"]["stars"] == 1
    assert made.summary["catalogues"]["Gaia"]["accepted"] == 3  # s13 is HotPayne's
    again = assemble(write(tmp_path, configuration=limited))
    assert repr(rows(again.table)) == repr(rows(made.table))


def test_the_table_says_what_it_was_made_of(tmp_path):
    table = assemble(write(tmp_path)).table
    named = {line.split()[-1] for line in table.meta["comments"] if line.startswith("sha256")}
    assert {"boss.yml", "spectra.csv", "gaia.csv", "mist.iso"} <= named
    assert all(table[name].description for name in table.colnames)


def test_catalogues_are_compared_where_they_have_stars_in_common(tmp_path):
    spectra = "spectrum,survey,gaia\n" + "".join(f"s{i},boss,{i}\n" for i in range(1, 10))
    of = {name: "gaia,TEFF,LOGG,FEH\n" + "".join(
        f"{i},{5000 * 10**(0.01 * (i % 3 - 1) * one):.6f},{3 + one / 10},0.1\n"
        for i in range(1, 10)) for name, one in (("payne", 1), ("anet", 0))}
    configuration = """\
spectra: {file: spectra.csv}
catalogues:
  - name: P
    kind: payne
    table: {file: payne.csv, columns: &c {teff: TEFF, logg: LOGG, fe_h: FEH}}
  - {name: A, kind: apogee_net, table: {file: anet.csv, columns: *c}}
"""
    (pair,) = assemble(write(tmp_path, configuration=configuration, spectra=spectra, **of)
                       ).summary["agreement"]
    assert (pair["a"], pair["b"], pair["stars"]) == ("P", "A", 9)
    assert pair["log_teff"]["sigma"] == pytest.approx(0.01, abs=1e-6)
    assert pair["logg"] == {"sigma": pytest.approx(0, abs=1e-9), "offset": pytest.approx(0.1)}


@pytest.mark.parametrize(("change", "said"), [
    (("kind: payne", "kind: pane"), "expected payne or"),
    (("file: gaia.csv}", "file: nothing.csv}"), "nothing.csv"),
    (("overridden_by: Gaia", "overridden_by: Nobody"), "Nobody"),
    (("isochrones: mist.iso\n", ""), "isochrones"),
    (("teff: TEFF", "teff: TEF"), "no column 'TEF'"),
    (("abyss:", "abbys:"), "no rule knows abbys"),
    (("name: ANet", "name: Gaia"), "two catalogues are named Gaia"),
    (("isochrones: mist.iso", "isochrones: gaia.csv"), "not isochrones as MIST"),
    (("match: position", "match: apogee"), "match by apogee needs the column apogee"),
])
def test_what_is_wrong_is_said(tmp_path, change, said):
    path = write(tmp_path, configuration=CONFIGURATION.replace(*change))
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        assemble(path)


@pytest.mark.parametrize(("name", "text", "said"), [
    ("spectra", SPECTRA + "s01,boss,1,10,0,1,\n", "one row and a name; not so s01"),
    ("hotpayne", TABLES["hotpayne"].replace("e_teff", "err"), "HotPayne (hot_payne) needs"),
    ("spectra", SPECTRA.replace("parallax", "plx"), "equation 1"),
    ("young", "gaia\n8\n", "needs the column log_age"),
    ("xcsao", "spectrum,v_rad\ns01,3\n", "PyXCSAO needs the column r"),
    ("payne", "gaia,TEFF,LOGG,FEH\n", "has no rows"),
    ("payne", "gaia,TEFF,LOGG,FEH\n1,hot,2,0\n", "is not of numbers"),
])
def test_what_is_wrong_in_a_table_is_said(tmp_path, name, text, said):
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        assemble(write(tmp_path, **{name: text}))


@pytest.mark.parametrize("name", ["boss.yml", "apogee.yml"])
def test_the_papers_catalogues_are_described(name):
    described = load(Path(__file__).parents[2] / "etc" / "labels" / name)
    assert {c.kind for c in described.catalogues} <= set(KINDS)
    assert described.isochrones.endswith(".iso")
