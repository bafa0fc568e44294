"""The operations and bytes of a network, against torch's own count."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bossnet.bench.networks import SIZES
from bossnet.bench.operations import FLOAT, costs, operations
from bossnet.network import BOSS
from bossnet.network.architecture import BossNet


@pytest.mark.parametrize("size", SIZES)
def test_operations_are_those_that_torch_counts(size):
    with torch.inference_mode():
        module = BossNet(SIZES[size]).eval()
        with FlopCounterMode(display=False) as counter:
            module(torch.zeros(1, 1, BOSS.grid.size))
    assert operations(SIZES[size], BOSS.grid.size) == counter.get_total_flops()


def test_the_published_network_takes_1_10_gflop_a_pass():
    assert operations(SIZES["published"], BOSS.grid.size) == pytest.approx(1.10e9, rel=0.01)


def test_bytes_of_weights_are_those_of_the_module():
    weights = sum(p.numel() for name, p in BossNet(SIZES["small"]).named_parameters()
                  if name.endswith("weight") and "bn" not in name)
    assert sum(cost.weights for cost in costs(SIZES["small"], BOSS.grid.size)) == FLOAT * weights


def test_each_input_and_output_is_counted_once():
    first = costs(SIZES["tiny"], 100)[0]
    # Kernel 6 with 3 zeros on either side: 101 pixels of 4 channels, from 100 of 2.
    assert first.activations == FLOAT * (2 * 100 + 4 * 101)
