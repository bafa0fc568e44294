"""What a worker works with: the frozen network, its device, and what predicts with them."""

from pathlib import Path

import torch

from bossnet.config import Config
from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork, load
from bossnet.network.gate import allowed
from bossnet.network.installed import DEFAULTS, find, listing
from bossnet.network.linear import LinearPredictor
from bossnet.network.prediction import DirectPredictor, check
from bossnet.task import Task
from bossnet.work.settings import LINEAR, Settings


def weights_of(task: type[Task], name: str | None, config: Config) -> FrozenNetwork:
    """The frozen network of a run: named, configured, or the embedded database's default.

    Raises:
        ConfigurationError: none is named, or there is none of that name.
        WeightsError: it cannot be used.
    """
    name = name or config.weights_for(task.network.kind)
    if name is None and config.database_url is None:
        name = DEFAULTS.get(task.network.kind)
    if name is None:
        raise ConfigurationError("no weights are named: only the embedded database has a default; "
                                 "use --weights NAME, or weights in the configuration; "
                                 + listing(config.home))
    frozen = load(find(name, config.home))
    check(frozen.card, task.network, origin=name)
    return frozen


def settle_device(name: str) -> str:
    """``auto`` becomes the first CUDA device, or the CPU. Raises ConfigurationError."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as e:
        raise ConfigurationError(f"--device {name}: use auto, cpu, cuda or cuda:N") from e
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigurationError(f"--device {name}: this machine has {torch.cuda.device_count()} "
                                 "CUDA devices that torch can use")
    if device.type not in ("cpu", "cuda"):
        raise ConfigurationError(f"--device {name}: use auto, cpu, cuda or cuda:N")
    return name


def device_name(device: str) -> str:
    """A device in words: with the name of its model, if it is a GPU."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device


def predictor_for(frozen: FrozenNetwork, network: Network, settings: Settings, device: str,
                  home: Path) -> DirectPredictor | LinearPredictor:
    """What predicts, and estimates uncertainties, as the settings say; `home` as of `gate`.

    Raises:
        ConfigurationError: the precision is not good enough for these weights.
    """
    draws = allowed(frozen, network, home=home, device=device, batch_size=settings.batch_size,
                    precision=settings.precision)
    draws.synchronised = settings.profile
    if settings.uncertainty == LINEAR:
        return LinearPredictor(frozen, network, draws=draws, device=device,
                               batch_size=settings.batch_size)
    return draws
