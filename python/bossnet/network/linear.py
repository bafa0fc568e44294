"""Uncertainties by linear propagation of the pixels' errors (contract, section 5, 'linear').

The covariance of the parameters is J S J^T: J the derivatives of the network and of all that is
done before it (interpolation, logarithm with its floor, and the clip, whose place follows the flux)
by the native flux; S the pixels' variances, diagonal. It costs, beside the network itself, one pass
back a parameter.

The network bends within the errors: with its tangent at the observed spectrum, the uncertainties of
real spectra are off by a sixth. So J has the mean slopes (`slopes`) of three versions: the observed
spectrum, and the same with one realisation of the noise added and subtracted. These also tell how
far the straight line is from the network: where too far, as `BEND` says, a spectrum falls back to
draws. So do faint ones, for which it would seldom hold, without trying.
"""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import fields
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bossnet.clock import Clock
from bossnet.errors import ConfigurationError
from bossnet.network import noise
from bossnet.network.declaration import Network
from bossnet.network.engine.derivatives import Derivatives
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import DirectPredictor, Exposure, Predictions, check
from bossnet.network.preparation import NativePixels, collate, interpolate, standardise
from bossnet.network.slopes import Derived, MeanSlopes

#: How far the outputs may be from the straight line, in their uncertainties; `benchmarks/linear.py`
#: shows what that does.
BEND = 0.2
#: Median flux / error over the grid below which it is not tried: trying costs more than it saves.
LEAST_SNR = 10.0

#: Spectra at once: enough to fill the columns of two threads' products.
BATCH_SIZE = {"cpu": 64, "cuda": 64}

Derive = Callable[[Tensor], Derived]  #: (B, M, L) prepared inputs -> what is there for each


class Propagation(NamedTuple):
    """B spectra, T parameters, normalised by the labels' mean and standard deviation.

    Attributes:
        features: (B, W) float32, last hidden layer.
        outputs: (B, T) float64.
        covariance: (B, T, T) float64, J S J^T.
        bend: (B,) float64. With one realisation of the noise added, and subtracted, an output
            changes by some amount, and less the other way; half their difference is compared with
            what J gives. The rms of that over the outputs, each in units of its uncertainty.
    """

    features: Tensor
    outputs: Tensor
    covariance: Tensor
    bend: Tensor


def propagate(derive: Derive, pixels: NativePixels, deviates: Tensor, *, interpolates: bool
              ) -> Propagation:
    """The pixels' errors through preparation and network.

    Args:
        derive: the network with its derivatives.
        pixels: B spectra.
        deviates: (B, N) standard normal, the realisation of the noise.
        interpolates: whether they are interpolated onto a grid, or taken as they are.
    """
    noisy = pixels.error * deviates
    native = torch.stack([pixels.flux, pixels.flux + noisy, pixels.flux - noisy], dim=1)
    made = derive(standardise(interpolate(native, pixels) if interpolates else native))
    rows = _before(pixels, made.derivatives, interpolates=interpolates)
    scaled = (rows * pixels.error.unsqueeze(1)).double()  # (B, T, N)
    covariance = scaled @ scaled.transpose(1, 2)
    outputs = made.outputs.double()
    line = (scaled @ deviates.double().unsqueeze(2))[:, :, 0]
    variance = covariance.diagonal(dim1=1, dim2=2)
    off = ((outputs[:, 1] - outputs[:, 2]) / 2 - line).square()
    off = torch.where(off > 0, off / variance, off)  # nothing may be off nothing
    return Propagation(made.features, outputs[:, 0], covariance, off.mean(dim=1).sqrt())


def _before(pixels: NativePixels, derivatives: Tensor, *, interpolates: bool) -> Tensor:
    """(B, T, L) derivatives by the prepared input -> (B, T, N), those by the native flux.

    The logarithm's slope is at most that where the flux is its error: nearer to zero its tangent
    knows no bound, while the network hardly follows.
    """
    with torch.enable_grad():
        native = pixels.flux.unsqueeze(1).repeat(1, derivatives.shape[1], 1).requires_grad_()
        flux = interpolate(native, pixels) if interpolates else native.clone()
        x = standardise(flux)
    at, error = flux.detach(), _error(pixels, interpolates=interpolates).unsqueeze(1)
    part = torch.where(at < error, at / error, 1.0)
    flux.register_hook(lambda slope: slope * part)
    return torch.autograd.grad(x, native, derivatives)[0]


def bright(pixels: NativePixels, *, interpolates: bool) -> Tensor:
    """(B,) bool, whether linear propagation is worth trying."""
    flux = interpolate(pixels.flux.unsqueeze(1), pixels)[:, 0] if interpolates else pixels.flux
    error = _error(pixels, interpolates=interpolates)
    above = torch.where(flux >= LEAST_SNR * error, 1.0, 0.0)  # also where there is no error
    return above.mean(dim=1) >= 0.5


def _error(pixels: NativePixels, *, interpolates: bool) -> Tensor:
    """(B, G) float32, the errors on the grid."""
    if not interpolates:
        return pixels.error
    return torch.hypot(pixels.error.gather(1, pixels.lower) * (1 - pixels.fraction),
                       pixels.error.gather(1, pixels.upper) * pixels.fraction).float()


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
            else MeanSlopes(deepcopy(frozen.module).to(self.device))
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
            seed: of the noise; linear propagation has that of the first draw.

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
                held, predictions = self._predict([batch[i] for i in part], seed)
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

    def _predict(self, batch: Sequence[Exposure], seed: int
                 ) -> tuple[list[bool], Predictions | None]:
        """For which of a part linear propagation holds, and what it gives for these, if any."""
        interpolates = self._grid is not None
        with self.draws.stage("preparation"):
            pixels = collate([e.flux for e in batch], [e.error for e in batch],
                             [e.wavelength for e in batch], self._grid, self.device)
            held = bright(pixels, interpolates=interpolates)
        if not held.any():
            return held.tolist(), None
        with self.draws.stage("preparation"):
            pixels = NativePixels(*(t[held] for t in vars(pixels).values()))
            keys = np.array([e.noise_key & 0xFFFFFFFFFFFFFFFF for e in batch], np.uint64)
            deviates = noise.normals(torch.from_numpy(keys.view(np.int64)).to(self.device)[held],
                                     seed, range(1), pixels.flux.shape[1])[:, 0]
        with self.draws.stage("network"):
            made = propagate(self._derive, pixels, deviates, interpolates=interpolates)
        straight = made.bend <= BEND
        if not straight.any():
            return [False] * len(batch), None
        held[held.clone()] = straight
        made = Propagation(*(t[straight] for t in made))
        sigma = made.covariance.diagonal(dim1=1, dim2=2).sqrt()
        correlation = made.covariance / (sigma.unsqueeze(1) * sigma.unsqueeze(2))
        missing = torch.full_like(sigma, math.nan)
        distance = missing[:, 0] if self._reference is None \
            else self._reference.distance(made.features)
        tensors = (made.outputs * self._std + self._mean, sigma * self._std, missing,
                   correlation.clamp(-1, 1), made.features, distance, straight[straight])
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
