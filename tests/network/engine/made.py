"""Networks whose batch normalisations do something."""

import torch

from bossnet.network.architecture import Architecture, BossNet


def settled(*, seed=0, **shape):
    """A network with random weights and random statistics of its batch normalisations."""
    torch.manual_seed(seed)
    small = {"model_dim": 2, "dim_mults": (1, 3), "kernel_size": 6, "adapt_pool_output_dim": 8,
             "num_linear": 1, "linear_dim": 16}
    module = BossNet(Architecture(**small | shape)).eval().requires_grad_(False)
    for bn in (m for m in module.modules() if isinstance(m, torch.nn.BatchNorm1d)):
        bn.running_mean.normal_(0, 0.3)
        bn.running_var.uniform_(0.3, 1.5)
        bn.weight.uniform_(0.5, 1.5)
        bn.bias.normal_(0, 0.3)
    return module
