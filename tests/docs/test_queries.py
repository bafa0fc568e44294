"""The queries of the scientists' manual, run as a scientist would: as the reader role."""

import re

import pytest

from bossnet import v_astra
from bossnet.database.connection import READER, connect_reader
from bossnet.flags import FLAGS
from docs.blocks import DOCS, blocks

QUERIES = blocks(DOCS / "scientists.rst", "sql")

#: What each gives, by its number: some of the columns, and which spectra or stars are among them.
COLUMNS = {
    1: {"teff", "logg", "fe_h", "snr"},
    2: {"spectrum_pk", "ra", "dec", "teff", "e_teff", "logg", "is_cool"},
    3: {"source_pk", "spectrum_pk", "fe_h", "e_fe_h"},
    4: {"source_pk", "visits", "range_v_rad", "reduced_chi2"},
    5: {"name", "arcsec", "spectrum_pk", "teff", "v_rad"},
    6: {"reason", "number", "example", "message"},
    7: {"is_hot", "snr_from", "number", "e_logg", "e_v_rel"},
    8: {"source_pk", "visits", "logg", "e_logg", "teff", "v_rad", "e_v_rad"},
    9: {"name", "bit", "number"},
    10: {"path", "weights", "weights_sha256", "seed", "command", "software_version"},
    11: {"boss", "lamost", "d_teff", "d_v_rad", "sigmas_logg"},
    12: {"number", "median_difference"},
    13: {"spectrum_pk", "ra", "plx", "teff", "logg", "e_logg", "v_rad"},
    14: {"obj", "teff", "e_teff", "snr", "v_rad"},
    15: {"sdss_id", "spectrum_pk", "teff_optical", "teff_infrared"},
}


def number(block):
    """The number in a query's title."""
    title = re.fullmatch(r"\*\*(\d+)\. \S.*\*\*", block.title)
    assert title, f"{block.manual}:{block.line}: a query needs a title such as **1. What it gives**"
    return int(title[1])


@pytest.fixture
def ask(night_config, sky):
    """Asks query so-and-so as the reader role: rows as dictionaries."""
    connection = connect_reader(night_config)

    def rows(which):
        block = next(b for b in QUERIES if number(b) == which)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT session_user")
            assert cursor.fetchone() == (READER,)
            cursor.execute(block.text)
            columns = [d.name for d in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    yield rows
    connection.close()


def test_the_queries_are_numbered_and_at_least_ten():
    assert [number(b) for b in QUERIES] == list(range(1, len(QUERIES) + 1))
    assert len(QUERIES) >= 10
    assert set(COLUMNS) == {number(b) for b in QUERIES}


@pytest.mark.usefixtures("sky")
@pytest.mark.parametrize("which", COLUMNS)
def test_every_query_gives_its_columns_and_at_least_one_row(ask, which):
    rows = ask(which)
    assert rows
    assert set(rows[0]) >= COLUMNS[which]


def test_the_queries_choose_the_version_that_this_package_writes():
    chosen = {int(version) for block in QUERIES
              for version in re.findall(r"v_astra_major_minor = (\d+)", block.text)}
    assert chosen == {v_astra() // 1000}


def test_the_kiel_diagram_holds_no_failures_and_no_doubtful_stars(ask, night):
    rows = ask(1)
    assert all(r["teff"] and r["logg"] and r["snr"] > 10 for r in rows)
    doubtful = night.sql("SELECT count(*) FROM boss_net WHERE flag_warn OR result_flags & 1 <> 0")
    assert len(rows) <= 26 - doubtful[0]["count"]


def test_white_dwarfs_are_found_though_their_metallicity_is_bad(ask, sky, night):
    assert [(r["spectrum_pk"], r["is_cool"]) for r in ask(2)] == [(sky["white dwarf"], False)]
    assert night.sql("SELECT flag_bad FROM boss_net WHERE spectrum_pk = %s",
                     sky["white dwarf"]) == [{"flag_bad": True}]


def test_metal_poor_giants_are_found(ask, sky):
    assert sky["giant"] in [r["spectrum_pk"] for r in ask(3)]


def test_stars_with_discrepant_visits_are_found_with_their_chi2(ask, sky):
    star = next(r for r in ask(4) if r["source_pk"] == sky["star of the pair"])
    assert star["visits"] == 2
    assert star["range_v_rad"] == pytest.approx(80)
    assert star["reduced_chi2"] == pytest.approx(2 * (40 / 2) ** 2)


def test_a_list_is_matched_within_two_arcseconds(ask, sky):
    rows = ask(5)
    assert sky["listed"] in [r["spectrum_pk"] for r in rows]
    assert {r["name"] for r in rows} == {"first"}
    assert all(r["arcsec"] == pytest.approx(0.213, abs=0.01) for r in rows)


def test_failures_are_told_by_reason(ask):
    assert {(r["reason"], r["number"]) for r in ask(6)} == {("missing file", 1), ("bad file", 1)}
    assert all(".fits" in r["message"] for r in ask(6))


def test_visits_are_combined_by_their_weights(ask, sky):
    combined = next(r for r in ask(8) if r["source_pk"] == sky["star of the pair"])
    assert combined["visits"] == 2
    assert combined["v_rad"] == pytest.approx(50)
    assert combined["e_v_rad"] == pytest.approx(2 / 2 ** 0.5)


def test_flags_have_the_names_and_bits_of_the_software(ask):
    text = next(b.text for b in QUERIES if number(b) == 9)
    listed = {(int(bit), name) for bit, name in re.findall(r"\((\d+), '(\w+)'\)", text)}
    assert listed == {(flag.bit, flag.name) for flag in FLAGS}
    counts = {r["name"]: r["number"] for r in ask(9)}
    assert counts["flag_runtime_exception"] == 2
    assert counts["flag_bad_file"] == counts["flag_missing_file"] == 1


def test_the_provenance_of_a_row_is_complete(ask):
    (row,) = ask(10)
    assert row["path"].endswith((".fits", ".fits.gz"))
    assert (row["weights"], row["weights_status"], row["seed"]) == ("random", "demonstration", 0)
    assert row["command"].startswith("astra run bossnet")


def test_boss_and_lamost_spectra_of_one_star_are_paired(ask, night):
    for row in ask(11):
        stars = night.sql("SELECT DISTINCT source_pk FROM boss_net WHERE spectrum_pk IN (%s, %s)",
                          row["boss"], row["lamost"])
        assert [s["source_pk"] for s in stars] == [row["source_pk"]]


def test_velocities_are_compared_with_the_pipelines(ask):
    assert ask(12) == [{"number": 1, "median_difference": pytest.approx(-2)}]


def test_young_stars_are_found_though_their_metallicity_is_suspicious(ask, sky, night):
    assert sky["young star"] in [r["spectrum_pk"] for r in ask(13)]
    assert sky["giant"] not in [r["spectrum_pk"] for r in ask(13)]
    assert night.sql("SELECT flag_warn FROM boss_net WHERE spectrum_pk = %s",
                     sky["young star"]) == [{"flag_warn": True}]
