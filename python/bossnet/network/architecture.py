"""BOSS Net's architecture (paper, Section 3.2 and Figure 5; contract, section 4).

A one-dimensional residual convolutional network and nothing else: what it is fed is in
`preparation`, what is made of its output in `prediction`. The names of the modules are
those of the published state dict, so that published weights load strictly.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Architecture:
    """The numbers that fix a network's shape; the defaults are the published BOSS Net's."""

    num_targets: int = 4
    model_dim: int = 4
    dim_mults: tuple[int, ...] = (1, 2, 4, 8, 16)
    kernel_size: int = 30
    adapt_pool_output_dim: int = 1024
    num_linear: int = 6
    linear_dim: int = 1024

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim_mults", tuple(self.dim_mults))

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after the first convolution and after each residual block."""
        return tuple(self.model_dim * m for m in self.dim_mults)

    @property
    def feature_dim(self) -> int:
        """Width of the last hidden layer."""
        return self.linear_dim if self.num_linear else self.widths[-1] * self.adapt_pool_output_dim

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"dim_mults": list(self.dim_mults)}


class PositionalEncoding(nn.Module):
    """Appends the channel sin(i), i the pixel's index."""

    inv_freq: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("inv_freq", torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, L) -> (B, 2, L)."""
        index = torch.arange(x.shape[-1], device=x.device, dtype=self.inv_freq.dtype)
        position = torch.sin(index * self.inv_freq).to(x.dtype)
        return torch.cat([x, position.expand(x.shape[0], 1, -1)], dim=1)


class FirstConv(nn.Module):
    """Convolution, batch normalisation, ELU, max pooling over two pixels."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv1d(in_channels, out_channels, kernel_size,
                                    padding=kernel_size // 2)
        self.bn = nn.BatchNorm1d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, L) -> (B, out, about L / 2)."""
        return functional.max_pool1d(functional.elu(self.bn(self.conv_layer(x))), 2)


class ResBlock(nn.Module):
    """Two convolutions around a shortcut that pads its channels with zeros."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        half = kernel_size // 2
        second = half - 1 if kernel_size % 2 == 0 else half  # an even kernel lengthens by one
        self.conv1 = nn.Conv1d(in_channels, out_channels, kernel_size, padding=half, bias=False)
        self.bn1 = nn.BatchNorm1d(out_channels)
        self.conv2 = nn.Conv1d(out_channels, out_channels, kernel_size, padding=second, bias=False)
        self.bn2 = nn.BatchNorm1d(out_channels)
        before = (out_channels - in_channels) // 2
        self.pad = (0, 0, before, out_channels - in_channels - before)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, L) -> (B, out, L)."""
        y = functional.elu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.elu(y + functional.pad(x, self.pad))


class LinearLayer(nn.Module):
    """A linear layer with its ReLU."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.linear_layer = nn.Linear(in_features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.linear_layer(x))


class BossNet(nn.Module):
    """Spectrum in, normalised parameters out."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = a = architecture
        self.pos_enc = PositionalEncoding()
        self.first_conv = FirstConv(2, a.widths[0], a.kernel_size)
        self.res_blocks = nn.ModuleList(
            ResBlock(i, o, a.kernel_size) for i, o in pairwise(a.widths))
        self.pool = nn.AdaptiveAvgPool1d(a.adapt_pool_output_dim)
        sizes = [a.widths[-1] * a.adapt_pool_output_dim] + [a.linear_dim] * a.num_linear
        hidden = [LinearLayer(i, o) for i, o in pairwise(sizes)]
        self.linear_sequential = nn.Sequential(*hidden, nn.Linear(sizes[-1], a.num_targets))

    def features(self, x: Tensor) -> Tensor:
        """(B, 1, L) -> (B, W): the activations of the last hidden layer."""
        x = self.first_conv(self.pos_enc(x))
        for block in self.res_blocks:
            x = block(x)
        return self.linear_sequential[:-1](self.pool(x).flatten(1))

    def head(self, features: Tensor) -> Tensor:
        """(B, W) -> (B, targets): the last linear layer."""
        return self.linear_sequential[-1](features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, L) -> (B, targets), normalised by the labels' mean and standard deviation."""
        return self.head(self.features(x))
