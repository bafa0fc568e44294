"""Bad input: one row each, with the right flags and the reason; the others are unharmed."""

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bossnet.flags import names
from bossnet.network import BOSS
from bossnet.network.prediction import DirectPredictor
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import BossNetTask
from bossnet.work.reading import read_row
from spectra import layouts

from .damage import BIT, BROKEN, Pixels, pixels
from .rows import assert_same_rows, rows_of

PARAMETERS = ("teff", "log_teff", "logg", "fe_h", "v_rel", "v_rad")
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
#: Flags that only the parameters decide.
OF_PARAMETERS = sum(BIT[name] for name in (
    "unreliable_teff", "unreliable_logg", "unreliable_fe_h", "suspicious_fe_h", "stranded_logg",
    "extinct_hot_star", "cool_white_dwarf", "unreliable_v_rad", "noise_bias"))


@pytest.fixture(scope="module")
def task(tiny):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for so small a network, others would only wait for each other
    yield BossNetTask(DirectPredictor(tiny, BOSS, batch_size=4), n_draws=3, seed=1)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def good(tmp_path_factory, task):
    """Two good spectra, and what each gives alone."""
    folder = tmp_path_factory.mktemp("good")
    observations = [observe(layouts.spec(folder / f"{n}.fits", pixels=n)).observation
                    for n in (3000, 2800)]
    alone = [next(task.run([observation])) for observation in observations]
    assert all(not result.result_flags & 1 for result in alone)
    return observations, alone


def observe(path, table="boss_visit_spectrum", **row):
    return read_row(table, {"spectrum_pk": 7, "path": str(path), "snr": None,
                            "run2d": "v6_1_3"} | row, {}, BOSS)


def judged_among(good, task, path, table="boss_visit_spectrum"):
    """The reading and the result of a file, run between two good ones."""
    (before, after), alone = good
    reading = observe(path, table)
    results = list(task.run([before, reading.observation, after], at_once=3))
    assert len(results) == 3
    for result, lonely in zip(results[::2], alone, strict=True):
        assert result.result_flags == lonely.result_flags
        assert result.error_message == ""
        for name, value in lonely.values.items():
            assert result.values[name] == pytest.approx(value, rel=1e-5, abs=1e-4), name
    return reading, results[1]


def assert_storable(values):
    """What a column of type real takes: NULL or a finite number, never NaN."""
    for name, value in values.items():
        assert value is None or (type(value) is float and math.isfinite(value)
                                 and abs(value) < 3.41e38), (name, value)
        assert value is None or value >= 0 or not name.startswith(("e_", "raw_e_")), name


def of_parameters(v):
    """The flags of section 6 that stored parameters decide; None compares as false."""
    teff, logg, fe_h, v_rad, e_logg = (
        math.nan if v.get(name) is None else v[name]
        for name in ("teff", "logg", "fe_h", "v_rad", "e_logg"))
    biased = any(None not in (v.get(n), v.get(f"e_{n}"), v.get(f"med_{n}"))
                 and abs(v[n] - v[f"med_{n}"]) > 2 * v[f"e_{n}"]
                 for n in ("log_teff", "logg", "fe_h", "v_rel"))
    return sum(BIT[name] * set_ for name, set_ in (
        ("unreliable_teff", teff < 1700 or teff > 100_000),
        ("unreliable_logg", logg < -1 or logg > 10),
        ("unreliable_fe_h", teff < 3200 or logg > 5 or fe_h < -4 or fe_h > 2),
        ("suspicious_fe_h", teff < 3900 and 3 < logg < 6),
        ("stranded_logg", teff < 7000 and 5.5 < logg < 7 and e_logg > 0.3),
        ("cool_white_dwarf", logg > 7 and teff < 7000),
        ("unreliable_v_rad", abs(v_rad) > 600),
        ("noise_bias", biased)))


@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
@given(made=pixels())
def test_any_pixels_give_one_result_with_the_flags_that_they_deserve(tmp_path, good, task, made):
    path = made.write(tmp_path / "some.fits")
    try:
        reading, result = judged_among(good, task, path, made.table)
    finally:
        path.unlink()
    flags, snr, error = made.expected()
    np.testing.assert_allclose(reading.observation.spectrum.error, error, rtol=1e-6)
    has_error = (error > 0).any()
    assert_storable(result.values)
    v = result.values
    missing = [name for name in PARAMETERS if v.get(name) is None]
    spread = [f"e_{name}" for name in PARAMETERS]
    if flags & BIT["no_data"]:
        event("no data")
        assert missing == list(PARAMETERS)
        assert "angstrom" in result.error_message
    elif missing or (has_error and any(v[name] is None for name in spread)):
        event("not finite")
        flags |= BIT["runtime_exception"]
        assert "not finite" in result.error_message
    else:
        event("done")
        assert result.error_message == ""
        assert has_error or all(v[name] is None for name in spread)
    if snr is not None and abs(snr - 5) > 1e-3:
        flags |= BIT["low_snr"] * (v["snr"] is not None and snr < 5)
        assert v["snr"] is None or v["snr"] == pytest.approx(snr, rel=1e-3)
        assert names(result.result_flags & ~OF_PARAMETERS) == names(flags)
    elif snr is None:
        assert v["snr"] is None
        assert names(result.result_flags & ~OF_PARAMETERS) == names(flags)
    assert names(result.result_flags & OF_PARAMETERS) == names(of_parameters(v))
    assert reading.path == str(path)


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_spectrum_is_one_flagged_result(tmp_path, good, task, name):
    path, broken = tmp_path / "broken.fits", BROKEN[name]
    broken.make(path)
    reading, result = judged_among(good, task, path)
    assert names(result.result_flags) == names(broken.flags)
    assert result.values == {"snr": None}
    assert result.error_message.startswith(f"{path}: ")
    assert broken.reason in result.error_message
    assert reading.path == str(path)


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(layout=st.sampled_from(["spec", "lamost_image", "lamost_table", "mwm"]),
       kept=st.floats(0, 0.999))
def test_a_file_cut_anywhere_is_flagged_as_bad(tmp_path, good, task, layout, kept):
    path = tmp_path / "cut.fits"
    getattr(layouts, layout)(path, **({"summary": False} if layout == "spec" else {}))
    content = path.read_bytes()
    path.write_bytes(content[:int(kept * len(content))])
    table = {"spec": "boss_visit_spectrum", "mwm": "boss_combined_spectrum"}.get(
        layout, "lamost_spectrum")
    _, result = judged_among(good, task, path, table)
    path.unlink()
    # A file may end behind any HDU: then what is left of it is judged.
    if len(content[:int(kept * len(content))]) % 2880 or layout != "mwm":
        assert result.result_flags & BIT["bad_file"]
        assert result.result_flags & 1
        assert result.error_message.startswith(f"{path}: ")


CODES = {"B": "u1", "I": "i2", "J": "i4", "K": "i8", "E": "f4", "D": "f8"}


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(code=st.sampled_from(sorted(CODES)), order=st.sampled_from("<>"),
       upper=st.booleans(), scaled=st.booleans())
def test_every_type_and_byte_order_gives_what_its_numbers_are(tmp_path, good, task, code, order,
                                                              upper, scaled):
    rng = np.random.default_rng(3)
    flux = rng.integers(1, 99, 900).astype(order + CODES[code])
    loglam = np.log10(np.linspace(3800, 8900, 900)).astype(order + "f8")
    columns = {"flux": (code, flux), "loglam": ("D", loglam), "ivar": (code, flux)}
    table = layouts.table("COADD", upper, **columns)
    path = tmp_path / "typed.fits"
    layouts.write(path, [layouts.fits.PrimaryHDU(), table])
    if scaled:
        content = path.read_bytes()
        end = content.index(b"END     ", 2880)
        cards = b"".join(card.ljust(80) for card in (b"TSCAL1  = 0.5", b"TZERO1  = 100.0"))
        path.write_bytes(content[:end] + cards + content[end:end + 80] + content[end + 240:])
    reading, result = judged_among(good, task, path)
    plain = Spectrum.from_ivar(flux * 0.5 + 100.0 if scaled else flux, flux,
                               np.float32(10) ** loglam.astype("f4"))
    path.unlink()
    np.testing.assert_array_equal(reading.observation.spectrum.flux, plain.flux)
    np.testing.assert_array_equal(reading.observation.spectrum.error, plain.error)
    assert result.error_message == ""
    assert not result.result_flags & 1


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", ">i4", "<u2", "f2", "O"])
def test_arrays_of_any_type_make_the_same_spectrum(task, dtype):
    rng = np.random.default_rng(4)
    flux, ivar, wavelength = rng.integers(1, 60, 400), np.ones(400), np.linspace(4000, 8000, 400)
    plain = Spectrum.from_ivar(flux, ivar, wavelength)
    other = Spectrum.from_ivar(np.repeat(flux, 2).astype(dtype)[::2], ivar, wavelength)
    results = list(task.run([plain, other]))
    assert other.flux.dtype == np.dtype("f4")
    assert other.flux.dtype.isnative
    assert other.flux.flags.c_contiguous
    assert results[0] == results[1]


@pytest.mark.parametrize(("one", "other"), [
    ("spec", "spec in float64"), ("spec", "LAMOST image"), ("LAMOST image", "LAMOST table"),
    ("LAMOST table", "LAMOST image in float64")])
def test_one_observation_in_two_layouts_gives_the_same_parameters(tmp_path, task, one, other):
    flux, ivar, loglam = (a.astype("f4").astype("f8") for a in layouts.arrays(3900))
    paths = [Pixels(layout, flux, ivar, loglam).write(tmp_path / f"{i}.fits")
             for i, layout in enumerate((one, other))]
    tables = [Pixels(layout, flux, ivar, loglam).table for layout in (one, other)]
    observations = [observe(path, table).observation
                    for path, table in zip(paths, tables, strict=True)]
    some, same = (next(task.run([o])) for o in observations)
    assert some.values == same.values
    assert some.values["teff"] is not None
    assert some.result_flags == same.result_flags


#: No pixel is read before a run.
ONLY_PIXELS = ("flux as texts", "complex flux", "flux as truths")


def spoiled():
    """A spectrum of each kind that is read, and its flags before any network."""
    n = 3000
    flux, ivar, _ = layouts.arrays(n)
    loglam = np.log10(np.linspace(3700, 9000, n))
    nan, dead = np.full(n, np.nan), np.zeros(n)
    return {name: Pixels("spec", **({"flux": flux, "ivar": ivar, "loglam": loglam} | change))
            for name, change in {
                "whole": {}, "all NaN": {"flux": nan}, "all equal": {"flux": np.ones(n)},
                "no ivar above 0": {"ivar": dead}, "negative ivar": {"ivar": -ivar},
                "NaN in ivar": {"ivar": nan}, "descending": {"loglam": loglam[::-1]},
                "each wavelength twice": {"loglam": np.repeat(loglam[::2], 2)},
                "beyond the grid": {"loglam": np.linspace(3.96, 4, n)},
                "half of it": {"flux": np.where(np.arange(n) > 2000, np.nan, flux)},
                "absurd": {"flux": np.where(np.arange(n) % 2, 1e38, -1e38)},
                "one pixel": {"flux": flux[:1], "ivar": ivar[:1], "loglam": np.array([3.7])},
            }.items()}


def test_a_night_with_one_file_of_each_kind_ends_as_one_row_each(astra, tmp_path):
    folder = tmp_path / "night"
    folder.mkdir()
    paths, flags = [], []
    for i, (made, before) in enumerate(
            [(p.write, p.expected()[0]) for p in spoiled().values()]
            + [(b.make, b.flags) for b in BROKEN.values()]):
        paths.append(folder / f"file-{i:02}.fits")
        made(paths[-1])
        # The table has the S/N, 0 to 39, and run2d v5_13_2.
        flags.append(before | BIT["legacy_velocity"] | BIT["low_snr"] * (i % 40 < 5))
    keys = astra.register(paths)
    done = astra.run()
    rows = astra.sql("SELECT * FROM boss_net ORDER BY spectrum_pk")
    assert [row["spectrum_pk"] for row in rows] == keys
    assert done["n_done"] == len(keys)
    assert done["n_failed"] == sum(f & 1 for f in flags)
    for row, path, expected in zip(rows, paths, flags, strict=True):
        assert names(row["result_flags"] & ~OF_PARAMETERS) == names(expected), path
        numbers = {name: value for name, value in row.items() if isinstance(value, float)}
        assert all(math.isfinite(value) for value in numbers.values())
        if expected & 1:
            assert row["teff"] is None is row["e_logg"]
            assert row["flag_bad"]
            assert row["error_message"].startswith(f"{path}: ")
        else:
            assert row["teff"]
            assert row["error_message"] is None
    # The good ones of that night are what they are without the others.
    alone = [key for key, expected in zip(keys, flags, strict=True) if not expected & 1]
    astra.run("--tag", "alone", "--where", f"spectrum_pk = ANY (ARRAY{alone})")
    assert_same_rows([row for row in rows if row["spectrum_pk"] in alone],
                     rows_of(astra, "alone"))
    shown = astra("status", done["run_pk"]).stdout
    for reason in ("flag_missing_file", "flag_bad_file", "flag_no_data", str(folder)):
        assert reason in shown


def test_ingest_registers_what_is_a_spectrum_and_says_of_the_rest_why_not(astra, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = [layouts.spec(folder / "a.fits", pixels=2500),
            layouts.lamost_image(folder / "b.fits"), layouts.mwm(folder / "c.fits")]
    reasons = {}
    for i, (name, broken) in enumerate(BROKEN.items()):
        # Others are not found in a folder, have a table of their own, or only pixels that are bad.
        if broken.flags & BIT["bad_file"] and name not in ("another table's spectrum",
                                                           *ONLY_PIXELS):
            path = folder / f"bad-{i:02}.fits"
            broken.make(path)
            reasons[path] = broken.reason
    done = astra("ingest", folder)
    for path, reason in reasons.items():
        lines = [line for line in done.stderr.splitlines() if line.startswith(f"{path}: ")]
        assert len(lines) == 1, path
        assert "refused" in lines[0]
        assert reason in lines[0]
    assert f"{len(good)} spectra found, {len(reasons)} files refused" in done.stdout
    assert astra("ingest", folder, "--strict", status=1).stdout.count("registered before")
    assert astra.sql("SELECT count(*) FROM spectrum")[0]["count"] == len(good)
    assert astra.run()["n_done"] == len(good)
    assert all(row["teff"] for row in rows_of(astra))
