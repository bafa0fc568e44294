"""Uncertainties by linear propagation of the pixels' errors (contract, section 5, 'linear').

The covariance of the parameters is J S J^T: J the Jacobian, at the observed spectrum, of the
network and of all that is done before it (interpolation, logarithm with its floor, and the clip,
whose place follows the flux) with respect to the native flux; S the pixels' variances, diagonal.
It has no Monte-Carlo scatter and costs, beside the network itself, one pass back a parameter.

It holds where the logarithm is nearly straight over the errors, as `holds` judges; other spectra
fall back to draws.
"""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from bossnet.clock import Clock
from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.network.engine.derivatives import Derivatives, Derived
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import DirectPredictor, Exposure, Predictions, check
from bossnet.network.preparation import FLOOR, NativePixels, collate, interpolate, standardise

#: How much of its variance the logarithm may owe to its bend; `benchmarks/linear.py` shows what
#: that does to uncertainties.
BEND = 0.03
#: Values of a normal deviate, in steps and up to where, over which that is measured.
STEP, FARTHEST = 0.5, 3.5


#: Spectra at once: enough to fill the columns of two threads' products.
BATCH_SIZE = {"cpu": 32, "cuda": 64}

Derive = Callable[[Tensor], Derived]  #: (B, L) prepared inputs -> what is there for each


class Layers(Protocol):
    """What can be differentiated: `architecture.BossNet`, or whatever has its two halves."""

    def features(self, x: Tensor) -> Tensor:
        """(B, 1, L) -> (B, W)."""
        ...

    def head(self, features: Tensor) -> Tensor:
        """(B, W) -> (B, T)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """B spectra, T parameters, normalised by the labels' mean and standard deviation.

    Attributes:
        features: (B, W) float32, last hidden layer.
        outputs: (B, T) float64.
        covariance: (B, T, T) float64, J S J^T.
    """

    features: Tensor
    outputs: Tensor
    covariance: Tensor


def by_autograd(layers: Layers) -> Derive:
    """The derivatives of a network, in evaluation mode, as torch makes them: the reference."""
    def derive(x: Tensor) -> Derived:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            features = layers.features(x.unsqueeze(1))
            outputs = layers.head(features)
            # A spectrum's outputs depend on its own input alone: one pass serves the whole batch.
            rows = [torch.autograd.grad(outputs[:, t].sum(), x, retain_graph=True)[0]
                    for t in range(outputs.shape[1])]
        return Derived(features.detach(), outputs.detach(), torch.stack(rows, dim=1))

    return derive


def propagate(derive: Derive, pixels: NativePixels, *, interpolates: bool) -> Propagation:
    """The pixels' errors through preparation and network.

    Args:
        derive: the network with its derivatives.
        pixels: B spectra.
        interpolates: whether they are interpolated onto a grid, or taken as they are.
    """
    with torch.enable_grad():
        native = pixels.flux.detach().unsqueeze(1).requires_grad_()
        x = standardise(interpolate(native, pixels) if interpolates else native)
    made = derive(x.detach()[:, 0])
    rows = [torch.autograd.grad(x, native, row.unsqueeze(1), retain_graph=True)[0]
            for row in made.derivatives.unbind(1)]
    scaled = (torch.cat(rows, dim=1) * pixels.error.unsqueeze(1)).double()  # (B, T, N)
    return Propagation(made.features, made.outputs.double(), scaled @ scaled.transpose(1, 2))


def holds(pixels: NativePixels, *, interpolates: bool) -> Tensor:
    """(B,) bool, whether linear propagation is trusted: the criterion.

    Over the grid, the variance of log(max(flux, floor)) under the errors is compared with that of
    the logarithm's tangent, (error / flux)^2. The differences, summed without their signs, must
    be at most `BEND` times the sum of the latter: pixels of low signal-to-noise ratio, and those
    from which noise reaches the floor, are few or none. It does not look at the network.
    """
    flux, error = pixels.flux.double(), pixels.error.double()
    if interpolates:
        flux = interpolate(pixels.flux.unsqueeze(1), pixels)[:, 0].double()
        error = torch.hypot(error.gather(1, pixels.lower) * (1 - pixels.fraction),
                            error.gather(1, pixels.upper) * pixels.fraction)
    tangent = torch.where(flux > FLOOR, error / flux, 0.0).square()
    deviates, share = _normal(flux.device)
    logarithm = (flux.unsqueeze(2) + error.unsqueeze(2) * deviates).clamp(min=FLOOR).log()
    centred = logarithm - (logarithm @ share).unsqueeze(2)
    exact = centred.square() @ share
    return (exact - tangent).abs().sum(dim=1) <= BEND * tangent.sum(dim=1)


def _normal(device: torch.device) -> tuple[Tensor, Tensor]:
    """Deviates of variance 1 and their shares, (K,) float64 each."""
    deviates = torch.arange(-FARTHEST, FARTHEST + STEP / 2, STEP, dtype=torch.float64,
                            device=device)
    share = torch.exp(-deviates.square() / 2)
    share /= share.sum()
    return deviates / (deviates.square() @ share).sqrt(), share


class LinearPredictor:
    """Spread and correlation by linear propagation, and by draws where that does not hold.

    Args:
        frozen: the network.
        network: its declaration.
        draws: serves the spectra for which linear propagation does not hold.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the device's default.

    Raises:
        WeightsError: the weights are for another network, or need a newer version.
    """

    def __init__(self, frozen: FrozenNetwork, network: Network, *, draws: DirectPredictor,
                 device: str = "cpu", batch_size: int | None = None) -> None:
        check(frozen.card, network, origin=str(frozen.path))
        self.network, self.card, self.draws = network, frozen.card, draws
        self.device = torch.device(device)
        self.batch_size = batch_size or BATCH_SIZE[self.device.type]
        # On a CPU the engine does it, with less arithmetic.
        self._derive = Derivatives(frozen.module) if self.device.type == "cpu" \
            else by_autograd(deepcopy(frozen.module).to(self.device))
        self._reference = frozen.reference and frozen.reference.to(self.device)
        self._grid = network.grid if network.interpolates else None
        self._mean = torch.tensor(frozen.card.label_mean, dtype=torch.float64, device=self.device)
        self._std = torch.tensor(frozen.card.label_std, dtype=torch.float64, device=self.device)

    @property
    def clock(self) -> Clock:
        """Where the time of the thread that predicts goes."""
        return self.draws.clock

    @property
    def arithmetic(self) -> str:
        """What computes the network, and in which precision, in words."""
        return f"derivatives, float32; draws by {self.draws.arithmetic}"

    def predict(self, batch: Sequence[Exposure], *, n_draws: int, seed: int) -> Predictions:
        """Parameters and their uncertainties, in the batch's order; `Predictions.linear` says how.

        Running out of device memory halves `batch_size` and goes on.

        Args:
            batch: the spectra.
            n_draws: for those where linear propagation does not hold; 0: they have no spread.
            seed: of these draws.

        Raises:
            ConfigurationError: one draw alone has no spread.
            RuntimeError: the device failed.
        """
        if n_draws == 1 or n_draws < 0:
            raise ConfigurationError(f"{n_draws} draws: use 0 for none, or at least 2")
        parts: list[tuple[list[int], Predictions]] = []
        others: list[int] = []
        start = 0
        while start < len(batch):
            part = range(start, min(start + self.batch_size, len(batch)))
            try:
                held, predictions = self._predict([batch[i] for i in part])
            except torch.OutOfMemoryError:
                if self.batch_size == 1:
                    raise
                self.batch_size //= 2
                torch.cuda.empty_cache()
                continue
            if predictions is not None:
                parts.append(([i for i, h in zip(part, held, strict=True) if h], predictions))
            others += [i for i, h in zip(part, held, strict=True) if not h]
            start = part.stop
        if others:
            parts.append((others, self.draws.predict([batch[i] for i in others],
                                                     n_draws=n_draws, seed=seed)))
        return _joined(parts, len(batch))

    def _predict(self, batch: Sequence[Exposure]) -> tuple[list[bool], Predictions | None]:
        """For which of a part linear propagation holds, and what it gives for these, if any."""
        interpolates = self._grid is not None
        with self.draws.stage("preparation"):
            pixels = collate([e.flux for e in batch], [e.error for e in batch],
                             [e.wavelength for e in batch], self._grid, self.device)
            held = holds(pixels, interpolates=interpolates)
        if not held.any():
            return held.tolist(), None
        pixels = NativePixels(*(t[held] for t in vars(pixels).values()))
        with self.draws.stage("network"):
            made = propagate(self._derive, pixels, interpolates=interpolates)
        sigma = made.covariance.diagonal(dim1=1, dim2=2).sqrt()
        correlation = made.covariance / (sigma.unsqueeze(1) * sigma.unsqueeze(2))
        missing = torch.full_like(sigma, math.nan)
        distance = missing[:, 0] if self._reference is None \
            else self._reference.distance(made.features)
        tensors = (made.outputs * self._std + self._mean, sigma * self._std, missing,
                   correlation.clamp(-1, 1), made.features, distance, held[held])
        return held.tolist(), Predictions(*(t.cpu().numpy() for t in tensors))


def _joined(parts: Sequence[tuple[list[int], Predictions]], number: int) -> Predictions:
    """The predictions of all spectra, of which each part holds those at its places."""
    linear = np.zeros(number, bool)
    values = {}
    for name in (f.name for f in fields(Predictions) if f.name != "linear"):
        first = getattr(parts[0][1], name)
        values[name] = np.empty((number, *first.shape[1:]), first.dtype)
    for places, predictions in parts:
        for name, array in values.items():
            array[places] = getattr(predictions, name)
        linear[places] = predictions.linear is not None
    return Predictions(**values, linear=linear)
