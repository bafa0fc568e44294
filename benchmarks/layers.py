"""What bounds the network: operations and bytes of each layer, against the machine.

    python benchmarks/layers.py --size published

One thread, as the engine's convolutions have it: each on a core of its own. A line a layer: its
operations by its definition, and its bytes (input and output once, and its share of the weights,
which are read once for the passes of a batch); the plain module's time and speed; the engine's way,
the operations that are left, its time and speed. Speeds are in percent of the matrix product's in
the same run. The least time is that of the left operations at the matrix product's speed, or of the
bytes at the speed of copying, whichever is longer. What the engine takes beyond its layers are ELU
(their time is measured, too), shortcuts, padding and pool.
"""

import argparse
import statistics
from dataclasses import dataclass
from functools import partial

import torch
from torch.nn import functional

from bossnet.bench.machine import Copy, Product, this_machine
from bossnet.bench.networks import SIZES, inputs, random_module, spectra
from bossnet.bench.operations import Cost, costs
from bossnet.bench.timing import timed
from bossnet.network import BOSS
from bossnet.network.engine import Engine, choice, folding
from bossnet.network.engine.engine import WIDTH
from bossnet.network.engine.stack import SCALE
from bossnet.network.fast import full
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED

AT_ONCE = 16  #: inputs of the plain module
TILE = 2**16  #: numbers that a core's cache holds


@dataclass
class Line:
    """A layer: seconds a pass of both, and the engine's way and operations a pass."""

    cost: Cost
    module: float
    way: str
    operations: float
    engine: float


def median(call, repeats):
    call()
    return statistics.median(timed(call).wall for _ in range(repeats))


def convolutions(module, repeats):
    """Lines of the convolutions."""
    blocks = [folded for block in folding.blocks(module) for folded in (block.one, block.two)]
    each = [cost for cost in costs(module.architecture, BOSS.grid.size) if cost.kernel > 1]
    for cost, folded in zip(each, [folding.first(module), *blocks], strict=True):
        out, channels, kernel = folded.weight.shape  # of the first: without the position
        layer = choice.Layer(channels, out, kernel, cost.rows, WIDTH, 1)
        times = choice.seconds(layer, folded.weight, folded.bias)
        way = min(times, key=times.__getitem__)
        x = torch.randn(AT_ONCE, cost.channels, cost.length)
        weight = torch.randn(out, cost.channels, kernel)
        plain = median(partial(functional.conv1d, x, weight, padding=folded.padding), repeats)
        yield Line(cost, plain / AT_ONCE, str(way), 2 * cost.rows * way.multiplications(layer),
                   times[way])


def linear(module, passes, repeats):
    """Lines of the linear layers."""
    for cost in (c for c in costs(module.architecture, BOSS.grid.size) if c.kernel == 1):
        weight, bias = torch.randn(cost.out, cost.channels), torch.randn(cost.out)
        x = torch.randn(passes, cost.channels)
        plain = median(partial(functional.linear, x[:AT_ONCE], weight, bias), repeats)
        ours = median(partial(torch.addmm, bias[:, None], weight, x.T.contiguous()), repeats)
        yield Line(cost, plain / AT_ONCE, "product", cost.operations, ours / passes)


def elu(lines, repeats):
    """Seconds that the ELUs of a pass take where the cache holds them, and how many numbers."""
    numbers = sum(line.cost.out * line.cost.rows for line in lines if line.cost.kernel > 1)
    numbers -= lines[0].cost.out * lines[0].cost.rows // 2  # the first comes after the maximum
    x = torch.randn(TILE)
    y, minus = torch.empty_like(x), torch.tensor(-SCALE)

    def call():
        torch.clamp(x, max=0, out=y)
        torch.add(minus, y.exp2_(), alpha=SCALE, out=y)
        torch.maximum(x, y, out=y)

    return median(call, 20 * repeats) / TILE * numbers, numbers


def first_linear(lines, passes, dtype, repeats):
    """Seconds a pass of the first linear layer's product in a precision."""
    cost = next(line.cost for line in lines if line.cost.kernel == 1)
    weight = torch.randn(cost.out, cost.channels).to(dtype)
    x = torch.randn(cost.channels, passes)
    return median(lambda: (weight @ x.to(dtype)).float(), repeats) / passes


def show(lines, whole, passes, product, copy):
    print(f"{'layer':18} {'channels':>11} {'MFLOP':>7} {'kB':>6}  {'module ms':>9}    % | "
          f"{'engine':15} {'MFLOP':>7} {'ms':>6}    %  {'least ms':>8}")
    least = 0.0
    for line in lines:
        cost = line.cost
        moved = cost.activations + cost.weights / passes
        bound = max(line.operations / product, moved / copy)
        least += bound
        print(f"{cost.name:18} {f'{cost.channels}->{cost.out}':>11} {cost.operations / 1e6:7.1f} "
              f"{moved / 1e3:6.0f}  {1e3 * line.module:9.3f} "
              f"{100 * cost.operations / line.module / product:4.0f} | {line.way:15} "
              f"{line.operations / 1e6:7.1f} {1e3 * line.engine:6.3f} "
              f"{100 * line.operations / line.engine / product:4.0f}  {1e3 * bound:8.3f}")
    sums = [sum(values) for values in zip(*(
        (line.cost.operations, line.module, line.operations, line.engine) for line in lines),
        strict=True)]
    print(f"{'layers':30} {sums[0] / 1e6:7.1f} {'':6}  {1e3 * sums[1]:9.3f} "
          f"{100 * sums[0] / sums[1] / product:4.0f} | {'':15} {sums[2] / 1e6:7.1f} "
          f"{1e3 * sums[3]:6.3f} {100 * sums[2] / sums[3] / product:4.0f}  {1e3 * least:8.3f}")
    print(f"the whole engine: {1e3 * whole:.3f} ms a pass, of which {1e3 * (whole - sums[3]):.3f} "
          "beyond its layers")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, help="random weights; else the shipped network")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    module = random_module(options.size) if options.size \
        else load(SHIPPED / f"{DEFAULTS['boss']}.safetensors").module
    passes = full(1) * (options.draws + 1)
    with torch.inference_mode():
        x = torch.from_numpy(inputs(spectra(full(1)), options.draws))
        engine = Engine(module)
        product = Product.operations / median(Product(torch.float32, "cpu"), options.repeats)
        copy = Copy.moved / median(Copy("cpu"), options.repeats)
        lines = [*convolutions(module, options.repeats), *linear(module, passes, options.repeats)]
        elus, numbers = elu(lines, options.repeats)
        single, half = (first_linear(lines, passes, dtype, options.repeats)
                        for dtype in (torch.float32, torch.bfloat16))
        whole = median(partial(engine.features, x), options.repeats) / passes
    print(f"{this_machine()}\n{options.size or DEFAULTS['boss']}, {passes} passes together; matrix "
          f"product {product / 1e9:.0f} GFLOP/s, copying {copy / 1e9:.1f} GB/s")
    show(lines, whole, passes, product, copy)
    print(f"ELU of its {numbers / 1e6:.2f} million activations: {1e3 * elus:.3f} ms; the first "
          f"linear layer in bfloat16: {1e3 * half:.3f} ms in place of {1e3 * single:.3f}")


if __name__ == "__main__":
    main()
