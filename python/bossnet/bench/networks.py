"""Networks to measure with: random weights of a size, and what they are fed."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bossnet.bench.naive import prepared
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.boss import BOSS
from bossnet.network.card import Card
from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork, load, save
from bossnet.network.prediction import Exposure
from bossnet.simulation.instruments import of_kind
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged

#: ``published`` is the paper's; ``small`` has the shape of the shipped bossnet-1; ``tiny`` is for
#: what does not depend on the network.
SIZES = {"published": Architecture(),
         "small": Architecture(dim_mults=(1, 2, 4, 8), kernel_size=15, adapt_pool_output_dim=128,
                               num_linear=3, linear_dim=256),
         "tiny": Architecture(dim_mults=(1, 2), kernel_size=6, adapt_pool_output_dim=8,
                              num_linear=1, linear_dim=8)}
FASTEST = 300.0  #: km/s, of the spectra in which the star's velocity is
SNR = (15.0, 100.0)  #: of the spectra, as `simulation.survey` has it


def random_module(size: str, *, seed: int = 0) -> BossNet:
    """A network of a size with random weights.

    Batch normalisations are as after a training, more or less, and the last layer is scaled so
    that predictions spread like labels: else no noise would move them, and no rounding either.

    Args:
        size: of `SIZES`.
        seed: of the weights.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        module = BossNet(SIZES[size]).eval().requires_grad_(False)
        for name, values in module.named_buffers():
            if name.endswith("running_mean"):
                values.normal_(0, 0.2)
            elif name.endswith("running_var"):
                values.uniform_(0.5, 1.5)
        last = module.linear_sequential[-1]
        assert isinstance(last, torch.nn.Linear)
        outputs = module(torch.from_numpy(inputs(spectra(16, seed=seed))).unsqueeze(1))
        last.weight /= outputs.std(dim=0)[:, None]
        last.bias.copy_((last.bias - outputs.mean(dim=0)) / outputs.std(dim=0))
    return module


def random_weights(path: Path, size: str, *, seed: int = 0) -> FrozenNetwork:
    """`random_module`, written to a file."""
    module = random_module(size, seed=seed)
    card = Card(name=f"random-{size}", network=BOSS.kind,
                architecture=module.architecture.as_dict(),
                parameters=[p.label for p in BOSS.parameters],
                label_mean=[p.mean for p in BOSS.parameters],
                label_std=[p.std for p in BOSS.parameters])
    save(path, module.state_dict(), card)
    return load(path)


def spectra(number: int, network: Network = BOSS, *, seed: int = 0,
            snr: tuple[float, float] = SNR) -> list[Exposure]:
    """Packaged stars as the network's instrument would see them.

    Args:
        number: how many.
        network: its declaration.
        seed: of what is drawn.
        snr: range of the median S/N per pixel, drawn evenly in its logarithm.
    """
    rng = np.random.default_rng(seed)
    stars, instrument = packaged(network.kind), next(iter(of_kind(network.kind).values()))
    fastest = instrument.fastest if instrument.rest_frame else FASTEST
    observed = [observe(stars[int(rng.integers(len(stars)))], instrument,
                        rv=float(np.clip(rng.normal(0, 80), -fastest, fastest)),
                        snr=float(np.exp(rng.uniform(*np.log(snr)))),
                        ebv=float(rng.exponential(0.05)), rng=rng) for _ in range(number)]
    return [Exposure(s.flux, s.error, s.wavelength, i) for i, s in enumerate(observed)]


def inputs(exposures: list[Exposure], n_draws: int = 0, network: Network = BOSS, *, seed: int = 0
           ) -> NDArray[np.float32]:
    """(B (n_draws + 1), G): spectra and their draws as the network takes them."""
    rng = np.random.default_rng(seed)
    rows = []
    for e in exposures:
        rows.append(e.flux)
        rows += [e.flux + e.error * rng.standard_normal(e.flux.size, dtype=np.float32)
                 for _ in range(n_draws)]
    wavelengths = [e.wavelength for e in exposures for _ in range(n_draws + 1)]
    grid = network.grid if network.interpolates else None
    return np.stack([prepared(flux, wavelength, grid)
                     for flux, wavelength in zip(rows, wavelengths, strict=True)])
