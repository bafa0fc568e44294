"""Networks for tests: of any size, with seeded random weights and a card."""

import numpy as np
import torch

from bossnet.network import BOSS
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.card import Card
from bossnet.network.frozen import load, save


def random_network(path, *, seed=0, network=BOSS, reference=None, ood_limit=None,
                   noise_model=None, **architecture):
    """A frozen network with random weights, its outputs spread a little."""
    torch.manual_seed(seed)
    shape = Architecture(num_targets=len(network.parameters), **architecture)
    module = BossNet(shape).eval()
    card = Card(name="random", network=network.kind, architecture=shape.as_dict(),
                parameters=[p.label for p in network.parameters],
                label_mean=[p.mean for p in network.parameters],
                label_std=[p.std for p in network.parameters], ood_limit=ood_limit,
                noise_model=noise_model)
    save(path, module.state_dict(), card, reference=reference)
    return load(path)


TINY = {"dim_mults": (1, 2), "adapt_pool_output_dim": 8, "num_linear": 1, "linear_dim": 8,
        "kernel_size": 6}


def random_reference(width=8, axes=2, *, seed=0):
    """A reference of distances in features of this width, of random numbers."""
    rng = np.random.default_rng(seed)
    shapes = {"centre": (width,), "axes": (width, axes),
              "surface": (1 + axes + axes * (axes + 1) // 2, width)}
    return {f"reference.{name}": rng.normal(0, 0.3, shape).astype(np.float32)
            for name, shape in shapes.items()}
