"""Networks for tests: of any size, with seeded random weights and a card."""

import torch

from bossnet.network import BOSS
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.card import Card
from bossnet.network.frozen import load, save


def random_network(path, *, seed=0, network=BOSS, **architecture):
    """A frozen network with random weights, its outputs spread a little."""
    torch.manual_seed(seed)
    shape = Architecture(num_targets=len(network.parameters), **architecture)
    module = BossNet(shape).eval()
    card = Card(name="random", network=network.kind, architecture=shape.as_dict(),
                parameters=[p.label for p in network.parameters],
                label_mean=[p.mean for p in network.parameters],
                label_std=[p.std for p in network.parameters])
    save(path, module.state_dict(), card)
    return load(path)


TINY = {"dim_mults": (1, 2), "adapt_pool_output_dim": 8, "num_linear": 1, "linear_dim": 8,
        "kernel_size": 6}
