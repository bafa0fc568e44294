"""What a pass of a network costs: multiplications, additions and bytes, layer by layer."""

from collections.abc import Iterator
from dataclasses import dataclass

from bossnet.network.architecture import Architecture

FLOAT = 4  #: bytes


@dataclass(frozen=True, slots=True)
class Cost:
    """One layer for one input, done by its definition in float32.

    Attributes:
        name: of the layer.
        channels, out: of its input and output.
        kernel: pixels; 1 of a linear layer.
        rows: pixels of its output; 1 of a linear layer.
        length: pixels of its input.
    """

    name: str
    channels: int
    out: int
    kernel: int
    rows: int
    length: int

    @property
    def operations(self) -> int:
        """Multiplications and additions."""
        return 2 * self.rows * self.out * self.channels * self.kernel

    @property
    def weights(self) -> int:
        """Bytes that are read once, however many inputs there are."""
        return FLOAT * self.out * self.channels * self.kernel

    @property
    def activations(self) -> int:
        """Bytes of input and output, each read or written once."""
        return FLOAT * (self.channels * self.length + self.out * self.rows)


def costs(shape: Architecture, pixels: int) -> list[Cost]:
    """The convolutions and linear layers of a network, in their order.

    Args:
        shape: of the network.
        pixels: of an input.
    """
    return [*_convolutions(shape, pixels), *_linear(shape)]


def operations(shape: Architecture, pixels: int) -> int:
    """Multiplications and additions of a pass, done by their definition."""
    return sum(cost.operations for cost in costs(shape, pixels))


def _convolutions(shape: Architecture, pixels: int) -> Iterator[Cost]:
    kernel, half = shape.kernel_size, shape.kernel_size // 2
    longer = pixels + 2 * half - kernel + 1
    yield Cost("first convolution", 2, shape.widths[0], kernel, longer, pixels)
    pixels = longer // 2
    for i, out in enumerate(shape.widths[1:]):
        between = pixels + 2 * half - kernel + 1
        yield Cost(f"block {i} a", shape.widths[i], out, kernel, between, pixels)
        yield Cost(f"block {i} b", out, out, kernel, pixels, between)


def _linear(shape: Architecture) -> Iterator[Cost]:
    sizes = [shape.widths[-1] * shape.adapt_pool_output_dim, *[shape.linear_dim] * shape.num_linear,
             shape.num_targets]
    for i in range(len(sizes) - 1):
        yield Cost(f"linear {i}", sizes[i], sizes[i + 1], 1, 1, 1)
