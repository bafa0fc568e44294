"""Predictions on a CPU with less arithmetic than the plain module's, within float32's rounding."""

from torch import Tensor

from bossnet.network.declaration import Network
from bossnet.network.engine import Engine
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import DirectPredictor

BATCH_SIZE = 16  #: spectra at once: enough passes for one reading of the linear layers' weights


class FastPredictor(DirectPredictor):
    """The reference, but for the network's features, which `engine.Engine` computes.

    Args:
        frozen: the network.
        network: its declaration.
        batch_size: spectra at once, or None for the default.

    Raises:
        WeightsError: the weights are for another network, or need a newer version.
    """

    def __init__(self, frozen: FrozenNetwork, network: Network, *,
                 batch_size: int | None = None) -> None:
        super().__init__(frozen, network, batch_size=batch_size or BATCH_SIZE)
        self._engine = Engine(frozen.module)

    def _features(self, x: Tensor) -> Tensor:
        return self._engine.features(x)


def fastest(frozen: FrozenNetwork, network: Network, *, device: str = "cpu",
            batch_size: int | None = None) -> DirectPredictor:
    """The fastest predictor for a device whose numbers are the reference's.

    Args:
        frozen: the network.
        network: its declaration.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the default.

    Raises:
        WeightsError: the weights are for another network, or need a newer version.
    """
    if device == "cpu":
        return FastPredictor(frozen, network, batch_size=batch_size)
    return DirectPredictor(frozen, network, device=device, batch_size=batch_size)
