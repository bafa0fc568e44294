"""Catalogues of a database: the same rows in every format, which says what they are."""

import csv
import json
import os
import shutil
import subprocess

import numpy as np
import pytest
from astropy import units
from astropy.io import fits, votable
from astropy.io.votable.ucd import check_ucd
from astropy.table import Table
from psycopg2.extras import Json

from bossnet.catalog import export as exporting
from bossnet.catalog import fits as fits_table
from bossnet.catalog import rows
from bossnet.catalog.layouts import layout
from bossnet.errors import BossNetError, ConfigurationError, SelectionError
from catalog.made import COADD, GOOD, LAMOST

FORMATS = (".fits", ".csv", ".ecsv", ".parquet", ".vot")
ALL = [layout(name, per_star=per_star) for name in ("paper", "survey")
       for per_star in (False, True)]


@pytest.fixture
def survey(made):
    """Five results: of two BOSS visits of one star, LAMOST, a co-add, and one that failed."""
    run, star, other = made.run(settings=Json({
        "noise_model": {"logg": {"factor": [1.25]}}})), made.star(), made.star(g_mag=None)
    made.visit(star, run, mjd=59_600, v_rad=10.0)
    made.visit(star, run, mjd=59_700, v_rad=20.0)
    made.visit(other, run, table=LAMOST, log_teff=3.4)
    made.visit(star, run, table=COADD)
    made.visit(other, run, failed=True)
    return made


def read(path):
    """The rows of a file, whatever its format, by astropy but for Parquet."""
    if path.suffix == ".parquet":
        pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
        columns = pq.read_table(path).to_pydict()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(),
                                                                     strict=True)]
    guess = {".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".vot": "votable", ".fits": "fits"}
    table = Table.read(path, format=guess[path.suffix])
    return [{name: plain(row[name]) for name in table.colnames} for row in table]


def plain(value):
    """A cell as Python has it, with None for what is not there."""
    if value is np.ma.masked or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        value = {"True": True, "False": False}.get(value.strip(), value.strip())
    return value if value != "" else None


def test_every_format_holds_the_same(survey, exported):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    for per_star in (False, True):
        for name in ("survey", "paper"):
            found = {end: read(exported(f"{name}-{per_star}{end}", layout=name,
                                        per_star=per_star).path) for end in FORMATS}
            first = found.pop(".parquet")
            assert len(first) == (2 if per_star else 5)
            for end, others in found.items():
                for row, other in zip(first, others, strict=True):
                    assert list(row) == list(other), end
                    for key, value in row.items():
                        if isinstance(value, float):
                            assert other[key] == pytest.approx(value, rel=1e-7), (end, key)
                        elif isinstance(value, bool):  # 0 and 1 in VOTable
                            assert other[key] == value, (end, key)
                        else:  # CSV does not say that an identifier is a text
                            assert str(other[key]) == str(value), (end, key)


def test_values_are_those_of_the_database(survey, exported):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    found = read(exported("out.parquet").path)
    first = found[0]
    assert first["SDSS_ID"] == 54_000_000_001
    assert first["GAIA_DR3_SOURCE_ID"] == 5_853_498_713_190_525_697  # beyond a float's 53 bits
    assert first["CATALOGID"] is None  # of the object, where it is not known
    assert (first["MJD"], first["FIELDID"], first["PLATEID"]) == (59_600, 100, None)
    assert (first["V_RAD"], first["E_V_RAD"]) == (10.0, 5.0)
    assert first["LOG_TEFF"] == GOOD["log_teff"]
    assert [r["SPECTRUM_TABLE"] for r in found[1:4]] == ["boss_visit_spectrum", LAMOST, COADD]
    assert found[2]["G_MAG"] is None
    assert found[4]["TEFF"] is None
    assert found[4]["RESULT_FLAGS"] & 1
    assert [r["FLAG_BAD"] for r in found] == [False, False, True, False, True]


def test_unreliable_parameters_are_left_out_of_the_papers_layout_alone(survey, exported):
    (cool,) = read(exported("a.csv", tables=(LAMOST,)).path)
    assert cool["FE_H"] == GOOD["fe_h"]  # below 3200 K
    (cool,) = read(exported("b.csv", layout="paper", tables=(LAMOST,)).path)
    assert cool["FeH"] is None
    assert cool["logg"] == pytest.approx(GOOD["logg"])


def test_identifiers_are_those_that_people_know(survey, exported):
    found = [str(r["ID"]) for r in read(exported("a.fits", layout="paper").path)]
    assert found[0] == "100-59600-27021598150202078"
    assert found[2].isdigit()
    assert found[3].endswith("-apo25m")
    stars = read(exported("b.fits", layout="paper", per_star=True).path)
    assert [r["ID"] for r in stars] == ["54000000001", "54000000002"]


def test_a_star_has_one_row_of_its_visits_without_their_coadd(survey, exported):
    done = exported("stars.ecsv", per_star=True)
    star, other = read(done.path)
    assert (done.rows, done.spectra) == (2, 4)
    assert (star["N_VISITS"], star["MIN_MJD"], star["MAX_MJD"]) == (2, 59_600, 59_700)
    assert star["V_RAD"] == pytest.approx(15)
    assert star["E_V_RAD"] == pytest.approx(5 / 2 ** 0.5)
    assert star["CHI2_V_RAD"] == pytest.approx(2)
    assert star["FLAG_DISCREPANT_V_RAD"] is False
    assert other["N_VISITS"] == 1  # the other one failed
    assert other["FE_H"] is None


@pytest.mark.parametrize("filetype", ["specFull_coadd", "mastar-combspec"])
def test_a_coadd_beside_visits_in_their_table_is_no_visit(survey, exported, filetype):
    before = read(exported("before.ecsv", per_star=True).path)
    star, run = survey.star(), survey.run()
    survey.visit(star, run)
    survey.result(survey.spectrum(star, filetype=filetype), star, run, v_rad=500.0)
    *same, new = read(exported("after.ecsv", per_star=True).path)
    assert same == before
    assert (new["N_VISITS"], new["V_RAD"]) == (1, 12.5)


def test_stars_do_not_depend_on_where_batches_end(survey, exported, monkeypatch):
    whole = read(exported("a.ecsv", per_star=True).path)
    monkeypatch.setattr(rows, "BATCH", 1)
    assert read(exported("b.ecsv", per_star=True).path) == whole


def test_spectra_without_an_object_are_no_stars_and_that_is_said(survey, exported):
    survey.visit(None, survey.run())
    assert exported("spectra.fits").rows == 6
    done = exported("stars.fits", per_star=True)
    assert (done.rows, done.without_source) == (2, 1)


@pytest.mark.parametrize("columns", [of.columns for of in ALL],
                         ids=["paper", "paper stars", "survey", "survey stars"])
def test_every_column_has_a_description_a_ucd_and_a_unit_that_is_standard(columns):
    names = [c.name for c in columns]
    assert len({name.lower() for name in names}) == len(names)
    for c in columns:
        assert c.description.endswith("."), c.name
        assert check_ucd(c.ucd, check_controlled_vocabulary=True), c.name
        for of in ("fits", "vounit"):
            units.Unit(c.unit, format=of)  # a warning would be an error
        said = c.description.partition("[")[2].partition("]")[0].partition(",")[0]
        if c.unit or not said.startswith(("Fe/H", "dex")):
            assert units.Unit(c.unit) == units.Unit(said), c.name


def test_fits_says_units_ucds_descriptions_and_what_is_missing(survey, exported):
    for name in ("survey", "paper"):
        for per_star in (False, True):
            path = exported(f"{name}{per_star}.fits", layout=name, per_star=per_star).path
            with fits.open(path) as opened:
                opened.verify("exception")
                header = opened[1].header
            for i, c in enumerate(layout(name, per_star=per_star).columns, 1):
                assert header[f"TTYPE{i}"] == c.name
                assert header.get(f"TUNIT{i}", "") == c.unit
                assert header[f"TUCD{i}"] == c.ucd
                assert header[f"TCOMM{i}"] == c.description
                assert header.get(f"TNULL{i}") == (-1 if c.kind in ("int32", "int64") else None)
            table = Table.read(path)
            assert table.colnames == [c.name for c in layout(name, per_star=per_star).columns]
            assert path.stat().st_size % 2880 == 0


def test_votable_and_ecsv_say_the_same(survey, exported):
    columns = layout("survey", per_star=False).columns
    document = votable.parse(str(exported("out.vot").path), verify="exception")
    table = document.get_first_table()
    said = [(f.name, f.ucd, " ".join(f.description.split()).removesuffix(" 1: yes, 0: no."))
            for f in table.fields]
    assert said == [(c.name, c.ucd, c.description) for c in columns]
    assert [f.unit or units.Unit("") for f in table.fields] == [units.Unit(c.unit) for c in columns]
    assert {i.name: i.value for i in table.infos}["tables"].startswith("boss_visit_spectrum")
    ecsv = Table.read(exported("out.ecsv").path)
    for c in columns:
        assert ecsv[c.name].description == c.description
        assert ecsv[c.name].meta["ucd"] == c.ucd
        assert (ecsv[c.name].unit or "") == (units.Unit(c.unit) if c.unit else "")


def test_parquet_says_it_to_arrow_and_to_astropy(survey, exported):
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    schema = pq.read_schema(exported("out.parquet").path)
    for c, field in zip(layout("survey", per_star=False).columns, schema, strict=True):
        assert {k.decode(): v.decode() for k, v in field.metadata.items()} == {
            "unit": c.unit, "ucd": c.ucd, "description": c.description}
    assert json.loads(schema.metadata[b"bossnet"])["weights"] == "random"
    assert b"Effective temperature" in schema.metadata[b"table_meta_yaml"]


def test_the_header_says_how_the_results_were_made(survey, exported):
    where = "snr > 1 AND\n release <> 'dr\u00fc'"
    done = exported("out.fits", where=where, tables=("boss_visit_spectrum",))
    header = fits.getheader(done.path, 1)
    assert header["WEIGHTS"] == "random"
    assert header["WSTATUS"] == "demonstration"
    assert header["WSHA256"] == "ab" * 32
    assert header["NOISEMOD"] == '{"logg": {"factor": [1.25]}}'
    assert (header["VERSION"], header["TAG"], header["RUNS"]) == ("0.1", "", "1")
    assert header["WHERE"] == "snr > 1 AND release <> 'dr\\xfc'"
    assert header["FLAG13"].startswith("flag_low_snr: ")
    assert "AJ 167, 173" in header["REFERENC"]
    assert done.provenance["selection"] == where


def test_a_csv_is_plain_and_has_its_description_beside_it(survey, exported):
    path = exported("out.csv", layout="paper").path
    with path.open() as file:
        lines = list(csv.reader(file))
    assert lines[0] == [c.name for c in layout("paper", per_star=False).columns]
    assert len(lines) == 6
    said = json.loads(path.with_name("out.csv.json").read_text())
    assert said["weights_sha256"] == "ab" * 32
    assert [c["name"] for c in said["columns"]] == lines[0]


def test_where_chooses_spectra_by_their_table_and_source(survey, exported):
    assert exported("a.fits", where="mjd > 59650").rows == 1
    assert exported("b.fits", where="source.g_mag IS NULL").rows == 2
    done = exported("c.fits", where="obsid > 0")
    assert done.rows == 1
    assert "fieldid" not in done.left_out
    assert 'column "obsid" does not exist' in done.left_out["boss_visit_spectrum"]
    # As in a run, results are no names of an expression; a subquery may ask for them.
    with pytest.raises(SelectionError, match='column "logg" does not exist'):
        exported("d.fits", where="logg > 4")
    assert exported("e.fits", where="spectrum_pk IN (SELECT spectrum_pk FROM boss_net "
                                    "WHERE v_rad > 15)").rows == 1


@pytest.mark.parametrize("where", ["true) OR (true", "snr > 1; DELETE FROM source", "nonesuch > 1",
                                   "pg_read_file('PG_VERSION') IS NOT NULL",
                                   "1 / (mjd - 59600) > -9"])
def test_an_expression_that_is_refused_leaves_no_file(survey, exported, tmp_path, where):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SelectionError):
        exported(where=where)
    assert sorted(tmp_path.iterdir()) == before


def test_several_tags_or_versions_need_a_choice(survey, exported):
    star = survey.star()
    run = survey.run(tag="deep", version=2000)
    key = survey.spectrum(star)
    survey.result(key, star, run, tag="deep", version=2000)
    with pytest.raises(ConfigurationError, match=r"version 0\.1, tag ''; version 0\.2, tag 'deep'"):
        exported()
    assert exported("a.fits", tag="").rows == 5
    assert exported("b.fits", version="0.2").rows == 1
    assert exported("c.fits", run=run).rows == 1
    with pytest.raises(ConfigurationError, match="no such results"):
        exported("d.fits", version="0.2", tag="")
    with pytest.raises(ConfigurationError, match="leave --version and --tag out"):
        exported("d.fits", run=run, tag="")
    with pytest.raises(ConfigurationError, match=r"write it as 0\.1"):
        exported("d.fits", version="one")


def test_without_results_that_is_said(made, exported):
    with pytest.raises(ConfigurationError, match="no spectra are registered"):
        exported()
    made.spectrum(made.star())
    with pytest.raises(ConfigurationError, match="there are: none"):
        exported()


@pytest.mark.parametrize("end", FORMATS)
def test_a_selection_of_nothing_makes_an_empty_table(survey, exported, end):
    if end == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    for per_star in (False, True):
        done = exported(f"{per_star}{end}", per_star=per_star, where="mjd < 0")
        assert done.rows == 0
        assert read(done.path) == []


def test_a_file_is_replaced_only_when_asked(survey, exported, tmp_path):
    (tmp_path / "out.csv.json").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"out\.csv\.json is there already"):
        exported("out.csv")
    assert exported("out.csv", overwrite=True).rows == 5
    with pytest.raises(ConfigurationError, match="which format"):
        exported("out.txt")
    with pytest.raises(ConfigurationError, match="no folder"):
        exported("nowhere/out.fits")


def test_a_file_that_is_not_complete_never_has_the_name(survey, exported, tmp_path, monkeypatch):
    exported("out.fits", where="mjd > 59650")
    before = (tmp_path / "out.fits").read_bytes()
    monkeypatch.setattr(rows, "BATCH", 1)

    def stop(done):
        assert [p.name for p in tmp_path.glob(".out*.part")] == [f".out.fits.{os.getpid()}.part"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exported("out.fits", overwrite=True, advance=stop)
    assert (tmp_path / "out.fits").read_bytes() == before
    assert not list(tmp_path.glob(".out*"))


def test_formats_that_are_held_whole_are_refused_beyond_a_million_rows(survey, exported,
                                                                     monkeypatch):
    monkeypatch.setattr(exporting, "MOST", 4)
    for end in (".ecsv", ".vot"):
        with pytest.raises(ConfigurationError, match=r"use \.fits, \.parquet or \.csv"):
            exported(f"out{end}")
        assert exported(f"stars{end}", per_star=True).rows == 2  # of five spectra
    monkeypatch.setattr(exporting, "MOST", 1)
    with pytest.raises(ConfigurationError, match="million rows"):
        exported("more.vot", per_star=True)
    assert exported("out.csv").rows == 5


def test_a_text_is_never_cut(tmp_path):
    (column,) = (c for c in layout("survey", per_star=False).columns if c.key == "run2d")
    batch = {"run2d": np.array(["v6_1_3", "v6_1_3-again"], object)}
    with pytest.raises(BossNetError, match="longer than any text"):
        fits_table.write(tmp_path / "out.fits", (column,), [batch], {}, widths={"run2d": 6},
                         flags={})


@pytest.mark.skipif(shutil.which("stilts") is None, reason="STILTS (Debian: stilts) is not here")
@pytest.mark.parametrize("end", [".fits", ".vot", ".csv"])
def test_stilts_reads_it_without_complaint(survey, exported, end):
    path = exported(f"out{end}").path
    done = subprocess.run(["stilts", "tpipe", f"in={path}", "omode=count"], capture_output=True,
                          text=True, check=True, timeout=120)
    assert "rows: 5" in done.stdout
    assert "WARN" not in done.stderr
