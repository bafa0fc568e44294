"""From spectra to parameters and their scatter over noise realisations (paper, Section 4).

`Predictor` is the interface. `DirectPredictor` is the reference: the plain module in float32
(contract, sections 3 to 5). `fast.FastPredictor` replaces the module's arithmetic alone.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bossnet.clock import Clock
from bossnet.errors import ConfigurationError, WeightsError
from bossnet.network import noise
from bossnet.network.card import Card
from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.noise_model import effective
from bossnet.network.preparation import NativePixels, collate, interpolate, standardise

#: Spectra at once: enough to keep the device busy, few enough to stay in its fast memory.
BATCH_SIZE = {"cpu": 4, "cuda": 64}

FLOAT32, TF32, BFLOAT16 = "float32", "tf32", "bfloat16"  #: precisions; the first is the reference's


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """What a predictor needs of one spectrum; N differs from one to the next.

    Attributes:
        flux: (N,) float32, native pixels.
        error: (N,) float32.
        wavelength: (N,) float32, angstrom.
        noise_key: 64 bits that choose its noise (contract, section 5).
    """

    flux: NDArray[np.float32]
    error: NDArray[np.float32]
    wavelength: NDArray[np.float32]
    noise_key: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """B spectra, T parameters in the network's order, de-normalised; float64.

    Attributes:
        parameters: (B, T), of the unperturbed spectra.
        spread: (B, T), standard deviation over the draws (ddof 1); NaN without draws.
        median: (B, T), of the draws; NaN without draws.
        correlation: (B, T, T), Pearson over the draws; NaN below 3, or where one is constant.
        features: (B, W), float32, last hidden layer, of the unperturbed spectra.
        distance: (B,), of those features to the training set's, in the unit of the card's
            ``ood_limit``; NaN where the weights have no reference for it.
        linear: (B,) bool, whether spread and correlation are from linear propagation and not
            over draws; None: of no spectrum.
    """

    parameters: NDArray[np.float64]
    spread: NDArray[np.float64]
    median: NDArray[np.float64]
    correlation: NDArray[np.float64]
    features: NDArray[np.float32]
    distance: NDArray[np.float64]
    linear: NDArray[np.bool_] | None = None


class Predictor(Protocol):
    """Anything that predicts a ragged batch."""

    network: Network
    card: Card

    def predict(self, batch: Sequence[Exposure], *, n_draws: int, seed: int) -> Predictions:
        """Parameters and the draws' statistics of a batch, in its order."""
        ...


class DirectPredictor:
    """The network as it stands, in float32 without TF32 unless another precision is asked for.

    Args:
        frozen: the network.
        network: its declaration.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the device's default.
        precision: of the arithmetic up to the last hidden layer: `FLOAT32`, or on CUDA devices
            `TF32` or `BFLOAT16`.

    Attributes:
        batch_size: spectra at once; less after the device's memory had run out.
        clock: where the time of the thread that predicts goes: ``preparation`` (and noise),
            ``network``.
        synchronised: whether a GPU is waited for in each stage, so that its time is counted where
            it belongs; without, its work is only waited for at the end.

    Raises:
        WeightsError: the weights are for another network, or need a newer version.
    """

    _computes = "module"  # what computes the network, in a word

    def __init__(self, frozen: FrozenNetwork, network: Network, *, device: str = "cpu",
                 batch_size: int | None = None, precision: str = FLOAT32) -> None:
        check(frozen.card, network, origin=str(frozen.path))
        self.network, self.card = network, frozen.card
        self.device, self.precision = torch.device(device), precision
        self._module = frozen.module
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = precision == TF32
            torch.backends.cudnn.allow_tf32 = precision == TF32
            self._module = deepcopy(frozen.module).to(self.device)
        self.batch_size = batch_size or BATCH_SIZE[self.device.type]
        self.clock, self.synchronised = Clock(), False
        self._reference = frozen.reference and frozen.reference.to(self.device)
        self._grid = network.grid if network.interpolates else None
        self._mean = torch.tensor(frozen.card.label_mean, dtype=torch.float64, device=self.device)
        self._std = torch.tensor(frozen.card.label_std, dtype=torch.float64, device=self.device)

    def predict(self, batch: Sequence[Exposure], *, n_draws: int, seed: int) -> Predictions:
        """Parameters and the draws' statistics of a batch, in its order.

        The result of a spectrum does not depend on its batch. Running out of device memory
        halves `batch_size` and goes on.

        Raises:
            ConfigurationError: one draw alone has no spread.
            RuntimeError: the device failed.
        """
        if n_draws == 1 or n_draws < 0:
            raise ConfigurationError(f"{n_draws} draws: use 0 for none, or at least 2")
        parts: list[tuple[Tensor, ...]] = []
        start = 0
        with torch.inference_mode():
            while start < len(batch):
                part = batch[start:start + self.batch_size]
                try:
                    parts.append(self._predict(part, n_draws, seed))
                    start += len(part)
                except torch.OutOfMemoryError:
                    if self.batch_size == 1:
                        raise
                    self.batch_size //= 2
                    torch.cuda.empty_cache()
        outputs = (torch.cat(tensors).cpu().numpy() for tensors in zip(*parts, strict=True))
        return Predictions(*outputs)

    def _predict(self, batch: Sequence[Exposure], n_draws: int, seed: int) -> tuple[Tensor, ...]:
        with self.stage("preparation"):
            pixels = collate([e.flux for e in batch], [e.error for e in batch],
                             [e.wavelength for e in batch], self._grid, self.device)
            key = torch.tensor([_signed(e.noise_key) for e in batch], device=self.device)
        # As many passes at once for many draws of one spectrum as for few draws of many.
        at_once = max(2, self.batch_size * 21 // len(batch))
        features, outputs = [], []
        for k in range(-1, n_draws, at_once):
            with self.stage("preparation"):
                x = self._inputs(pixels, key, seed, range(k, min(k + at_once, n_draws)))
            with self.stage("network"):
                some = self._features(x.flatten(0, 1)).unflatten(0, x.shape[:2])
                features.append(some[:, :1])
                outputs.append(self._module.head(some).double())
        observed, normalised = features[0][:, 0], torch.cat(outputs, dim=1)
        return (*self._statistics(normalised[:, 0], normalised[:, 1:]), observed,
                self._distance(observed))

    @property
    def arithmetic(self) -> str:
        """What computes the network, and in which precision, in words."""
        return f"{self._computes}, {self.precision}"

    @property
    def model(self) -> str:
        """The device's: the name of a GPU, or ``cpu``."""
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"

    def stage(self, name: str) -> AbstractContextManager[None]:
        """A stage of `clock`; on a GPU, if `synchronised`, with all that was begun in it."""
        wait = partial(torch.cuda.synchronize, self.device) \
            if self.synchronised and self.device.type == "cuda" else None
        return self.clock.stage(name, settle=wait)

    def _inputs(self, pixels: NativePixels, key: Tensor, seed: int, draws: range) -> Tensor:
        """(B, len(draws), L), the network's inputs for these noise realisations."""
        flux = realisations(pixels, key, seed, draws)
        return standardise(flux if self._grid is None else interpolate(flux, pixels))

    def _features(self, x: Tensor) -> Tensor:
        """(M, L) prepared inputs -> (M, W), the activations of the last hidden layer."""
        with torch.autocast(self.device.type, torch.bfloat16,
                            enabled=self.precision == BFLOAT16):
            features: Tensor = self._module.features(x.unsqueeze(1))
        return features.float()

    def _distance(self, features: Tensor) -> Tensor:
        """(B, W) -> (B,) float64."""
        if self._reference is None:
            return torch.full(features.shape[:1], torch.nan, dtype=torch.float64,
                              device=self.device)
        return self._reference.distance(features)

    def _statistics(self, normalised: Tensor, outputs: Tensor) -> tuple[Tensor, ...]:
        """Of the unperturbed spectra's outputs, (B, T), and the draws', (B, D, T)."""
        n, t = normalised.shape
        parameters = normalised * self._std + self._mean
        if not outputs.shape[1]:
            nan = torch.full((n, t), torch.nan, dtype=torch.float64, device=self.device)
            return parameters, nan, nan, nan.unsqueeze(2).expand(-1, -1, t)
        spread = outputs.std(dim=1)
        median = outputs.quantile(0.5, dim=1)
        centred = outputs - outputs.mean(dim=1, keepdim=True)
        covariance = centred.transpose(1, 2) @ centred / (outputs.shape[1] - 1)
        correlation = covariance / (spread.unsqueeze(1) * spread.unsqueeze(2))
        if outputs.shape[1] < 3:
            correlation = torch.full_like(correlation, torch.nan)
        return (parameters, spread * self._std, median * self._std + self._mean,
                correlation.clamp(-1, 1))


def check(card: Card, network: Network, *, origin: str) -> None:
    """Whether weights with this card can serve this network.

    Raises:
        WeightsError: they cannot.
    """
    if card.network != network.kind:
        raise WeightsError(f"{origin}: weights of kind {card.network!r}, but {network.title} "
                           f"needs {network.kind!r}")
    labels = [p.label for p in network.parameters]
    if card.parameters != labels:
        raise WeightsError(f"{origin}: parameters {card.parameters}, but {network.title} "
                           f"gives {labels}")
    modelled = effective(card.noise_model, network.noise_model).laws
    unknown = sorted(set(modelled) - {p.column for p in network.parameters})
    if unknown:
        raise WeightsError(f"{origin}: noise_model: no parameter of {network.title} is called "
                           f"{', '.join(unknown)}; there are "
                           f"{', '.join(p.column for p in network.parameters)}")


def realisations(pixels: NativePixels, key: Tensor, seed: int, draws: range) -> Tensor:
    """(B, len(draws), N) native fluxes of these noise realisations; draw -1 is the unperturbed."""
    flux = pixels.flux.unsqueeze(1)
    parts = [flux] if draws.start < 0 else []
    noisy = range(max(draws.start, 0), draws.stop)
    if noisy:
        deviates = noise.normals(key, seed, noisy, pixels.flux.shape[1])
        parts.append(flux + pixels.error.unsqueeze(1) * deviates)
    return torch.cat(parts, dim=1)


def _signed(word: int) -> int:
    """64 bits as the int64 that holds them."""
    word &= 0xFFFFFFFFFFFFFFFF
    return word - (1 << 64) if word >> 63 else word
