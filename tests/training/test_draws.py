"""Training spectra by number."""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.network import APOGEE, BOSS
from bossnet.simulation.instruments import BOSS as BOSS_SPECTROGRAPH
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged
from bossnet.spectra.spectrum import Spectrum
from bossnet.training.augmentation import Augmentation
from bossnet.training.dataset import Dataset, Entry, write
from bossnet.training.draws import Drawing, Drawn, Draws, blend, on_grid
from bossnet.training.habits import dust, rotating, velocity, weather
from bossnet.training.sources.continuation import FROM, RED
from bossnet.training.weights import Weighting
from training.made import RED_END, labelled

SHARES = {"miles": 0.4, "corv": 0.2, "thedoppler": 0.3, "mastar": 0.1}
DRAWING = Drawing(SHARES, instruments={"BOSS": 0.7, "LAMOST": 0.3}, snr=(5.0, 100.0))
MEAN, STD = (np.array([getattr(p, name) for p in BOSS.parameters]) for name in ("mean", "std"))


@pytest.fixture(scope="module")
def draws(dataset: Dataset) -> Draws:
    return Draws(dataset, DRAWING, BOSS, seed=3)


@pytest.fixture(scope="module")
def many(draws: Draws) -> list[Drawn]:
    return [draws.draw(i)[0] for i in range(400)]


ANOTHER = """
import hashlib, sys
from pathlib import Path
from bossnet.network import BOSS
from bossnet.training.dataset import Dataset
from bossnet.training.draws import Drawing, Draws
drawing = Drawing({"miles": 0.4, "corv": 0.2, "thedoppler": 0.3, "mastar": 0.1},
                  instruments={"BOSS": 0.7, "LAMOST": 0.3}, snr=(5.0, 100.0))
for part in Draws(Dataset.open(Path(sys.argv[1])), drawing, BOSS, seed=3)[17]:
    print(hashlib.sha256(part.tobytes()).hexdigest())
"""


def digest(parts: tuple[np.ndarray, ...]) -> str:
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def test_a_draw_is_the_same_alone_after_others_and_in_another_process(dataset: Dataset,
                                                                      draws: Draws) -> None:
    after_others = [digest(draws[i]) for i in (40, 3, 17)][-1]
    assert digest(Draws(dataset, DRAWING, BOSS, seed=3)[17]) == after_others
    done = subprocess.run([sys.executable, "-c", ANOTHER, str(dataset.folder)], text=True,
                          capture_output=True, check=True, timeout=120)
    assert done.stdout.split() == [digest((part,)) for part in draws[17]]


def test_draws_differ_by_number_seed_and_split(dataset: Dataset, draws: Draws) -> None:
    others = (draws[18], Draws(dataset, DRAWING, BOSS, seed=4)[17],
              Draws(dataset, DRAWING, BOSS, seed=3, split="test")[17])
    assert len({digest(draws[17]), *map(digest, others)}) == 4


def test_a_draw_is_on_the_networks_grid_with_its_labels_normalised(draws: Draws) -> None:
    for index in range(30):
        flux, labels, weights = draws[index]
        drawn, same = draws.draw(index)
        assert flux.shape == BOSS.grid.shape
        assert flux.dtype == labels.dtype == weights.dtype == np.float32
        assert np.isfinite(flux).all()
        np.testing.assert_array_equal(flux, on_grid(drawn.spectrum, BOSS))
        expected = np.array([drawn.logg, drawn.log_teff, drawn.fe_h, drawn.rv])
        np.testing.assert_allclose(labels * STD + MEAN, expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(weights, same)
        assert (weights > 0).all()


def test_only_stars_of_the_split_are_drawn(dataset: Dataset) -> None:
    for split in ("validation", "test"):
        own = set(dataset.star[dataset.rows(split)])
        draws = Draws(dataset, DRAWING, BOSS, seed=0, split=split)
        drawn = {draws.draw(i)[0].star for i in range(25)}
        assert {name for star in drawn for name in star.split(" + ")} <= own


def test_libraries_and_instruments_come_up_as_often_as_their_shares(many: list[Drawn]) -> None:
    kinds = Counter({"DA": "corv", "mo": "thedoppler", "st": "mastar"}.get(d.star[:2], "miles")
                    for d in many)
    for library, share in SHARES.items():
        assert kinds[library] / 400 == pytest.approx(share, abs=4 * np.sqrt(share / 400)), library
    surveys = Counter(d.spectrum.survey for d in many)
    assert surveys["boss"] / 400 == pytest.approx(0.7, abs=0.1)
    assert surveys["boss"] + surveys["lamost"] == 400


def test_what_is_not_named_is_not_drawn(dataset: Dataset) -> None:
    draws = Draws(dataset, Drawing({"corv": 5.0}, instruments={"LAMOST": 2.0}), BOSS, seed=1)
    drawn = [draws.draw(i)[0] for i in range(10)]
    assert all(d.star.startswith("DA") for d in drawn)
    assert {d.spectrum.survey for d in drawn} == {"lamost"}


def test_signal_to_noise_is_even_in_its_logarithm_over_its_range(many: list[Drawn]) -> None:
    snr = np.array([d.spectrum.snr for d in many], float)
    assert 5.0 <= snr.min() < 6.0
    assert 90.0 < snr.max() <= 100.0
    assert np.mean(snr < np.sqrt(5.0 * 100.0)) == pytest.approx(0.5, abs=0.1)


def test_all_flux_scales_come_up(many: list[Drawn]) -> None:
    levels = [np.nanmedian(d.spectrum.flux[d.spectrum.usable]) for d in many]
    assert min(levels) < 0.5
    assert max(levels) > 3000


def test_unknown_labels_stay_unknown(many: list[Drawn], draws: Draws) -> None:
    stacks = [i for i, d in enumerate(many) if d.star.startswith("stack")]
    dwarfs = [i for i, d in enumerate(many) if d.star.startswith("DA")]
    for i in stacks[:5]:
        assert np.isnan(draws[i][1]).tolist() == [True, True, True, False]
        assert np.isfinite(draws[i][2]).all()
    for i in dwarfs[:5]:
        assert np.isnan(draws[i][1]).tolist() == [False, False, True, False]


def test_a_star_with_several_entries_is_not_drawn_more_often(tmp_path: Path) -> None:
    like = packaged()[20]
    several, one = (labelled(name, "thedoppler", 6000.0, 4.0, 0.0, like=like) for name in "ab")
    small = write(tmp_path, [Entry(several, "train")] * 9 + [Entry(one, "train")], made_from={})
    simple = Draws(small, Drawing({"thedoppler": 1.0}, weighting=Weighting(strength=0.0)), BOSS,
                   seed=2)
    stars = Counter(simple.draw(i)[0].star for i in range(200))
    assert stars["a"] / 200 == pytest.approx(0.5, abs=0.14)


def test_blended_labels_lie_between_those_of_stars_that_are_alike(tmp_path: Path) -> None:
    like = packaged()[20]
    labels = {"a": (6000.0, 4.0, 0.0), "b": (6200.0, 4.3, -0.2), "far": (6000.0, 3.0, 0.0),
              "unknown": (6000.0, 4.0, np.nan)}
    stars = [Entry(labelled(name, "miles", *values, like=like), "train")
             for name, values in labels.items()]
    ends = [Entry(labelled("c", "miles", 6000.0, 4.0, 0.0, like=like), "train", RED_END)]
    small = write(tmp_path, stars + ends, made_from={})
    drawing = Drawing({"miles": 1.0}, blended=1.0, weighting=Weighting(strength=0.0))
    draws = Draws(small, drawing, BOSS, seed=0)
    drawn = [draws.draw(i)[0] for i in range(60)]
    assert {d.star for d in drawn} == {"a + b", "b + a", "far", "unknown", "c"}
    blends = [d for d in drawn if " + " in d.star]
    shares = np.array([(d.logg - 4.0) / 0.3 for d in blends])  # of b
    assert 0 < shares.min() < 0.2
    assert 0.8 < shares.max() < 1
    np.testing.assert_allclose([d.fe_h for d in blends], -0.2 * shares, atol=1e-9)
    np.testing.assert_allclose([d.log_teff for d in blends],
                               np.log10(6000) + shares * np.log10(6200 / 6000))
    never = Draws(small, replace(drawing, blended=0.0), BOSS, seed=0)
    assert not any(" + " in never.draw(i)[0].star for i in range(20))


def test_a_blend_is_the_mean_of_two_stars_with_these_shares() -> None:
    one, two = packaged()[20:22]
    quarter = blend(one, two, 0.25)
    np.testing.assert_allclose(quarter.flux, 0.25 * one.flux + 0.75 * two.flux, rtol=1e-5)
    assert np.log10(quarter.teff) == pytest.approx(
        0.25 * np.log10(one.teff) + 0.75 * np.log10(two.teff))
    assert quarter.logg == pytest.approx(0.25 * one.logg + 0.75 * two.logg)
    assert quarter.fe_h == pytest.approx(0.25 * one.fe_h + 0.75 * two.fe_h)
    assert np.isnan(blend(one, replace(two, fe_h=np.nan), 0.25).fe_h)
    assert quarter.star == f"{one.star} + {two.star}"


def test_a_red_end_is_now_and_then_missing_or_of_a_foreign_level(dataset: Dataset) -> None:
    assert FROM == RED_END
    drawing = Drawing({"miles": 1.0, "stelib": 1.0}, uncontinued=0.1)
    draws = Draws(dataset, drawing, BOSS, seed=0)
    row, rng = int(dataset.rows("train", "miles")[40]), np.random.default_rng(0)
    own = dataset.template(row).flux
    ends = [draws._with_red_end(row, rng).flux for _ in range(400)]
    missing = [np.isnan(end[RED]).all() for end in ends]
    same = [np.array_equal(end, own, equal_nan=True) for end in ends]
    assert np.mean(missing) == pytest.approx(0.1, abs=0.05)
    assert np.mean(same) == pytest.approx(0.75, abs=0.08)  # 15 % are of a foreign level
    for end, gone in zip(ends, missing, strict=True):
        np.testing.assert_array_equal(end[~RED], own[~RED])
        assert gone or np.nanmax(np.abs(np.log(end[RED] / own[RED]))) < 0.7
    (whole,) = dataset.rows("train", "stelib")[:1]
    for _ in range(20):
        np.testing.assert_array_equal(draws._with_red_end(int(whole), rng).flux,
                                      dataset.template(int(whole)).flux)


def test_the_grid_holds_what_interpolation_gives_without_the_pixels_that_are_dropped() -> None:
    spectrum = observe(packaged()[20], BOSS_SPECTROGRAPH, 100.0, 50.0, 0.1,
                       np.random.default_rng(0))
    rng = np.random.default_rng(1)
    flux = spectrum.flux.copy()
    flux[rng.random(flux.size) < 0.05] = np.nan
    flux[1000:1200] = np.nan
    flux[:400] = np.nan  # reaches into the grid, whose first values are held
    kept = np.isfinite(flux)
    found = on_grid(replace(spectrum, flux=flux), BOSS)
    expected = np.interp(BOSS.grid.astype(float), spectrum.wavelength[kept].astype(float),
                         flux[kept].astype(float)).astype(np.float32)
    np.testing.assert_array_equal(found[10:], expected[10:])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert kept.sum() < 4300


def rotated(teff: float, logg: float, library: str) -> float:
    """How often a star of this kind is spun up."""
    template = labelled("a", library, teff, logg, np.nan, like=packaged()[-3])
    rng = np.random.default_rng(0)
    return float(np.mean([rotating(template, rng) is not template for _ in range(300)]))


def test_white_dwarfs_cool_stars_and_what_has_no_temperature_do_not_rotate() -> None:
    for teff, logg in ((20000.0, 8.0), (6400.0, 4.0), (np.nan, np.nan)):
        assert rotated(teff, logg, "thedoppler") == 0


def test_hot_models_rotate_mostly_and_real_stars_now_and_then() -> None:
    assert rotated(9000.0, 4.0, "thedoppler") == pytest.approx(0.6, abs=0.1)
    assert rotated(9000.0, 4.0, "miles") == pytest.approx(0.15, abs=0.07)
    star = packaged()[-3]
    rng = np.random.default_rng(2)
    for _ in range(20):
        spun = rotating(star, rng)
        assert (spun.teff, spun.logg, spun.star) == (star.teff, star.logg, star.star)
        known = np.isfinite(star.flux) & np.isfinite(spun.flux)
        assert spun.flux[known].mean() == pytest.approx(star.flux[known].mean(), rel=1e-3)
        assert np.std(np.diff(spun.flux[known])) <= 1.001 * np.std(np.diff(star.flux[known]))


def spread(logg: float, draw: Callable[..., float] = velocity) -> np.ndarray:
    template = labelled("a", "thedoppler", 9000.0, logg, np.nan, like=packaged()[-3])
    rng = np.random.default_rng(0)
    return np.array([draw(template, rng) for _ in range(4000)])


def test_velocities_reach_600_and_are_wider_for_white_dwarfs() -> None:
    for logg, wide in ((4.0, 0.05), (8.0, 0.4)):
        rv = spread(logg)
        assert np.abs(rv).max() <= 600.0
        assert np.abs(rv).max() > 560.0
        assert rv.mean() == pytest.approx(0.0, abs=15.0)
        # 60 % are even to 350, so of the others the wide ones alone are beyond it
        assert np.mean(np.abs(rv) > 350.0) == pytest.approx(wide * 250 / 600, abs=0.02)


def test_dust_is_mostly_thin() -> None:
    rng = np.random.default_rng(0)
    ebv = np.array([dust(rng) for _ in range(4000)])
    assert ebv.min() >= 0
    assert ebv.mean() == pytest.approx(0.85 * 0.06 + 0.15 * 0.4, rel=0.1)


def test_weather_is_fair_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    assert {weather(rng, fair=1.0).flux_error for _ in range(50)} == {0.025}
    poor = [weather(rng, fair=0.0) for _ in range(2000)]
    assert all(0.02 <= w.flux_error <= 0.2 and w.tilt > 0 for w in poor if w.flux_error)
    assert np.mean([w.dead_arm is not None for w in poor]) == pytest.approx(0.02, abs=0.012)
    assert np.mean([w.gap is not None for w in poor]) == pytest.approx(0.02, abs=0.012)
    mixed = [weather(rng, fair=0.3).tilt == 0 for _ in range(1000)]
    assert np.mean(mixed) == pytest.approx(0.3, abs=0.06)


def test_augmentation_is_that_of_the_drawing(dataset: Dataset) -> None:
    never = Augmentation(segment=0.0, dropped=0.0, noise=0.0)
    always = replace(never, segment=1.0, zero=0.0)
    for augmentation, missing in ((never, 0), (always, 8)):
        draws = Draws(dataset, replace(DRAWING, augmentation=augmentation), BOSS, seed=1)
        spectra: list[Spectrum] = [draws.draw(i)[0].spectrum for i in range(8)]
        assert sum(bool(np.isnan(s.flux).any()) for s in spectra) == missing


def test_weights_are_those_of_template_and_labels(dataset: Dataset) -> None:
    weighting = Weighting(strength=0.0, dwarfs=2.0, fast=3.0, parameters={"log_teff": 5.0})
    draws = Draws(dataset, replace(DRAWING, weighting=weighting), BOSS, seed=3)
    seen = set()
    for i in range(40):
        drawn, weights = draws.draw(i)
        dwarf = 2.0 if drawn.logg > 5.5 else 1.0
        fast = 3.0 if dwarf == 2.0 or abs(drawn.rv) > 200 else 1.0
        metal_poor = 2.0 if drawn.fe_h < -1 else 1.0
        assert weights.tolist() == [dwarf, 5 * dwarf, metal_poor * dwarf, fast * dwarf]
        seen.add((dwarf, fast, metal_poor))
    assert len(seen) >= 4


def test_another_grid_and_other_parameters_are_drawn_by_the_same_code(dataset: Dataset) -> None:
    other = replace(BOSS, grid=np.linspace(4000, 7000, 500, dtype=np.float32),
                    parameters=(BOSS.parameters[2], BOSS.parameters[1]))
    flux, labels, weights = Draws(dataset, DRAWING, other, seed=3)[5]
    assert (flux.shape, labels.shape, weights.shape) == ((500,), (2,), (2,))
    whole = Draws(dataset, DRAWING, BOSS, seed=3)
    np.testing.assert_array_equal(labels, whole[5][1][[2, 1]])


def test_a_dataset_of_another_kind_is_refused(dataset: Dataset) -> None:
    with pytest.raises(ConfigurationError, match="APOGEE Net III needs one of kind apogee"):
        Draws(dataset, DRAWING, APOGEE, seed=0)


def test_a_library_without_templates_is_said(dataset: Dataset) -> None:
    with pytest.raises(ConfigurationError, match="no train templates of pyhammer, but of miles"):
        Draws(dataset, Drawing({"miles": 1.0, "pyhammer": 1.0}), BOSS, seed=0)


@pytest.mark.parametrize(("settings", "said"), [
    ({"libraries": {}}, "libraries: give shares"),
    ({"libraries": {"miles": 0.0}}, "libraries: give shares"),
    ({"libraries": {"miles": 1.0, "corv": -1.0}}, "none negative"),
    ({"instruments": {"HST": 1.0}}, "instruments: no HST; there are BOSS, LAMOST"),
    ({"snr": (0.0, 10.0)}, "snr"), ({"snr": (30.0, 10.0)}, "snr"),
    ({"fair": 1.2}, "between 0 and 1")])
def test_drawings_that_make_no_sense_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Drawing(**({"libraries": {"miles": 1.0}} | settings))  # type: ignore[arg-type]
