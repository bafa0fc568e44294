"""The networks as tasks of the survey's framework, with its models in both shapes."""

import inspect
import subprocess
import sys
import threading
from types import ModuleType

import numpy as np
import peewee
import pytest

import bossnet.plugin
from acceptance.rows import tolerances
from bossnet.errors import ConfigurationError
from bossnet.network import APOGEE
from bossnet.network.prediction import DirectPredictor
from bossnet.plugin import task_for
from bossnet.task import ApogeeNetTask, BossNetTask
from bossnet.work.reading import read_row
from network.made import TINY, random_network
from plugin import framework
from plugin.shapes import VERSIONS, models
from spectra import layouts

N = 12


@pytest.fixture(params=["0.6", "0.8"])
def version(request):
    return request.param


@pytest.fixture
def shapes(version):
    """The models of a version, in a database of their own with their tables."""
    database = peewee.SqliteDatabase(":memory:")
    made = models(version, database)
    database.create_tables(made.tables)
    made.Source.create(sdss_id=1, ebv=1.5)
    made.Spectrum.insert_many([{"spectrum_flags": 0}] * 2 * N).execute()
    yield made
    database.close()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BOSSNET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOSSNET_CONFIG", str(tmp_path / "bossnet.yml"))
    (tmp_path / "bossnet.yml").write_text("{}\n")
    monkeypatch.delenv("BOSSNET_WEIGHTS", raising=False)
    return tmp_path


@pytest.fixture
def visits(shapes, home):
    """Visits of files of many lengths, one not there, one no FITS file, one dead fibre."""
    shapes.BossVisitSpectrum.path = property(
        lambda self: str(home / f"spec-{self.catalogid}.fits"))
    for i in range(N):
        path = home / f"spec-{i}.fits"
        if i == 3:
            path.write_bytes(b"not a FITS file")
        elif i == 5:
            flux, ivar, loglam = layouts.arrays(500)
            layouts.write(path, [layouts.fits.PrimaryHDU(), layouts.table(
                "COADD", False, flux=("E", flux), loglam=("E", loglam), ivar=("E", 0 * ivar))])
        elif i != 2:
            layouts.spec(path, pixels=1000 + i)
        shapes.BossVisitSpectrum.create(
            spectrum_pk=N - i, source=1, release="dr19", run2d="v6_1_3", mjd=60000, fieldid=1,
            catalogid=i, snr=float(i))
    return shapes.BossVisitSpectrum.select(shapes.BossVisitSpectrum, shapes.Source).join(
        shapes.Source).order_by(shapes.BossVisitSpectrum.pk)


@pytest.fixture
def combined(shapes, home):
    """Co-adds of both telescopes."""
    shapes.BossCombinedSpectrum.path = property(lambda self: str(home / "mwm.fits"))
    layouts.mwm(home / "mwm.fits", lco=1)
    for key, telescope in ((31, "apo25m"), (32, "lco25m")):
        shapes.BossCombinedSpectrum.create(
            spectrum_pk=key, source=1, sdss_id=1, release="dr20", telescope=telescope,
            run2d="v6_2_1", snr=12.0, v_rad=-45.5)
    return shapes.BossCombinedSpectrum.select()


def results_of(task, spectra, **options):
    return [r for r in task(spectra, draws=3, device="cpu", **options) if r is not ...]


def expected(task, table, spectra, frozen):
    """What our own task makes of these."""
    rows = []
    for spectrum in spectra:
        loaded = spectrum.__rel__.get("source")
        rows.append(spectrum.__data__ | {"path": spectrum.path} | (
            {"_ebv": loaded.ebv} if loaded else {}))
    readings = [read_row(table, row, {}, task.network) for row in rows]
    return list(task(DirectPredictor(frozen, task.network), n_draws=3).run(
        r.observation for r in readings))


def assert_same(results, wanted, names):
    assert len(results) == len(wanted)
    for result, ours in zip(results, wanted, strict=True):
        allowed = tolerances(ours.values | {"teff": ours.values.get("teff")})
        for name, own in names.items():
            got, value = getattr(result, name), ours.values.get(own)
            assert (got is None) == (value is None), name
            assert value is None or got == pytest.approx(value, rel=1e-7, abs=allowed[own]), name
        assert result.result_flags == ours.result_flags


def velocity(version):
    return {"0.6": "v_rad", "0.8": "bn_v_r"}[version]


def test_visits_get_the_numbers_of_our_own_task_whatever_happens(version, shapes, visits, tiny):
    results = results_of(task_for("boss_net", shapes), visits, weights=str(tiny.path))
    assert [r.spectrum_pk for r in results] == [N - i for i in range(N)]
    names = {name: name for name in ("teff", "e_teff", "logg", "e_logg", "fe_h", "e_fe_h")} | {
        velocity(version): "v_rel", f"e_{velocity(version)}": "e_v_rel"}
    assert_same(results, expected(BossNetTask, "boss_visit_spectrum", visits, tiny), names)
    flags = {i: {bit for bit in range(23) if r.result_flags >> bit & 1}
             for i, r in enumerate(results)}
    assert {0, 8} <= flags[2]
    assert {0, 9} <= flags[3]
    assert 11 in flags[5]
    assert [i for i, r in enumerate(results) if r.teff is None] == [2, 3]
    assert results[2].flag_runtime_exception


def test_co_adds_are_told_to_be_in_the_rest_frame(version, shapes, combined, tiny):
    results = results_of(task_for("boss_net", shapes), combined, weights=str(tiny.path))
    assert [r.spectrum_pk for r in results] == [31, 32]
    assert all(r.result_flags >> 21 & 1 for r in results)
    names = {"teff": "teff", "e_logg": "e_logg", velocity(version): "v_rel"}
    assert_same(results, expected(BossNetTask, "boss_combined_spectrum", combined, tiny), names)


def test_ap_star_spectra_are_for_the_other_network(shapes, home):
    frozen = random_network(home / "apogee.safetensors", network=APOGEE, **TINY)
    layouts.ap_star(home / "apStar.fits")
    shapes.ApogeeCoaddedSpectrumInApStar.path = property(lambda self: str(home / "apStar.fits"))
    shapes.ApogeeCoaddedSpectrumInApStar.create(
        spectrum_pk=33, source=1, release="dr17", apred="dr17", telescope="apo25m",
        obj="2M00000000+0000000", snr=100.0)
    spectra = shapes.ApogeeCoaddedSpectrumInApStar.select()
    task = task_for("apogee_net", shapes)
    assert framework.result_model(task) is shapes.ApogeeNet
    assert list(framework.spectrum_models(task)) == [shapes.ApogeeCoaddedSpectrumInApStar]
    result, = results_of(task, spectra, weights=str(frozen.path))
    wanted = expected(ApogeeNetTask, "apogee_coadded_spectrum_in_apstar", spectra, frozen)
    assert_same([result], wanted, {n: n for n in ("teff", "e_teff", "logg", "e_logg", "fe_h")})
    assert_same([result], wanted, {"raw_e_logg": "raw_e_logg", "raw_e_fe_h": "raw_e_fe_h"})
    assert result.e_teff == pytest.approx(1.25 * result.raw_e_teff + 10, rel=1e-4)


def test_every_field_is_set_and_what_the_database_generates_is_not(version, shapes, visits, tiny):
    for result in results_of(task_for("boss_net", shapes), visits, weights=str(tiny.path)):
        missing = shapes.BossNet._meta.fields.keys() - result.__data__.keys()
        assert missing == {"0.6": {"task_pk"}, "0.8": {"task_pk", "v_astra_major_minor"}}[version]
        assert (result.v_astra, result.tag, result.source_pk) == (VERSIONS[version], "", 1)
        assert None not in (result.created, result.t_elapsed, result.t_overhead)
        assert all(v is None or np.isfinite(v) for v in result.__data__.values()
                   if isinstance(v, float))


def test_the_framework_finds_out_the_models_and_writes_what_it_is_given(
        shapes, visits, combined, tiny):
    made = task_for("boss_net", shapes, decorate=framework.task)
    assert list(framework.spectrum_models(made)) == [shapes.BossVisitSpectrum,
                                                     shapes.BossCombinedSpectrum]
    assert framework.result_model(made) is shapes.BossNet
    for spectra in (visits, combined):
        list(made(spectra, draws=2, weights=str(tiny.path), page=1))
    rows = list(shapes.BossNet.select().order_by(shapes.BossNet.spectrum_pk))
    assert [r.spectrum_pk for r in rows] == [*range(1, N + 1), 31, 32]
    assert sum(r.teff is None for r in rows) == 2


def test_a_task_is_a_generator_of_its_name(shapes):
    made = task_for("boss_net", shapes)
    assert inspect.isgeneratorfunction(made)
    assert (made.__module__, made.__name__) == ("bossnet.plugin", "boss_net")
    with pytest.raises(ConfigurationError, match="no task with results 'slam'"):
        task_for("slam", shapes)
    with pytest.raises(ConfigurationError, match="needs the models BossNet and BossVisitSpectrum"):
        task_for("boss_net", ModuleType("empty"))


def test_without_weights_it_is_said_before_any_spectrum(shapes, home):
    with pytest.raises(ConfigurationError, match="set BOSSNET_WEIGHTS"):
        next(task_for("boss_net", shapes)(iter(())))


def test_a_task_that_is_not_taken_to_its_end_leaves_no_thread(shapes, visits, tiny):
    before = threading.active_count()
    stream = task_for("boss_net", shapes)(visits, draws=2, weights=str(tiny.path))
    assert next(stream) is ...
    assert next(stream).spectrum_pk == N
    stream.close()
    assert threading.active_count() == before


def test_what_nobody_foresaw_is_a_result_too(shapes, visits, tiny):
    spectra = list(visits)[:2]
    spectra[0].__data__["snr"] = "high"
    failed, fine = results_of(task_for("boss_net", shapes), spectra, weights=str(tiny.path))
    assert failed.result_flags == 1
    assert fine.teff is not None


def test_spectra_of_another_kind_are_refused(shapes, visits, combined, tiny, home):
    frozen = random_network(home / "apogee.safetensors", network=APOGEE, **TINY)
    with pytest.raises(ConfigurationError, match=r"BossVisitSpectrum: .* by APOGEE Net III, but"):
        results_of(task_for("apogee_net", shapes), visits, weights=str(frozen.path))


def test_pixels_are_not_kept_by_spectra_unless_they_were_there(shapes, visits, tiny):
    spectra = list(visits)
    assert spectra[0].flux.size == 1000
    results_of(task_for("boss_net", shapes), spectra, weights=str(tiny.path))
    assert ["__pixel_data__" in vars(s) for s in spectra] == [True] + [False] * (N - 1)
    assert spectra[1].flux.size == 1001  # read again


def test_a_module_of_tasks_is_imported_without_the_framework_and_without_torch():
    text = ("import sys, bossnet.plugin; "
            "assert not {'torch', 'astra'} & set(sys.modules), 'imported'")
    subprocess.run([sys.executable, "-c", text], check=True)
    with pytest.raises(ConfigurationError, match="a task of Astra, which is not installed here"):
        bossnet.plugin.boss_net  # noqa: B018
    with pytest.raises(AttributeError, match="tasks are boss_net, apogee_net"):
        bossnet.plugin.slam  # noqa: B018


def test_where_the_framework_is_installed_its_tasks_are_attributes(shapes, monkeypatch):
    package, inner = ModuleType("astra"), ModuleType("astra.models")
    package.task = framework.task
    vars(inner).update(vars(shapes))
    monkeypatch.setitem(sys.modules, "astra", package)
    monkeypatch.setitem(sys.modules, "astra.models", inner)
    made = bossnet.plugin.boss_net
    vars(bossnet.plugin).pop("boss_net")
    assert framework.result_model(made) is shapes.BossNet
    assert "boss_net" in dir(bossnet.plugin)
