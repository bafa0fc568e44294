"""What bounds the network: operations and bytes of each layer, against the machine.

    python benchmarks/layers.py --size published

One thread, as the engine's convolutions have it: each on a core of its own. A line a layer: its
operations by its definition, and its bytes (input and output once, and its share of the weights,
which are read once for the passes of a batch); the plain module's time and speed; the engine's way,
the operations that are left, its time and speed. Speeds are in percent of the matrix product's in
the same run. The least time is that of the left operations at the matrix product's speed, or of the
bytes at the speed of copying, whichever is longer. What the engine takes beyond its layers is
element by element: ELU, shortcuts, pool.
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
from bossnet.network.fast import BATCH_SIZE
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED

AT_ONCE = 16  #: inputs of the plain module


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
          "element by element")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, help="random weights; else the shipped network")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    module = random_module(options.size) if options.size \
        else load(SHIPPED / f"{DEFAULTS['boss']}.safetensors").module
    passes = BATCH_SIZE * (options.draws + 1)
    with torch.inference_mode():
        x = torch.from_numpy(inputs(spectra(BATCH_SIZE), options.draws))
        engine = Engine(module)
        product = Product.operations / median(Product(torch.float32, "cpu"), options.repeats)
        copy = Copy.moved / median(Copy("cpu"), options.repeats)
        lines = [*convolutions(module, options.repeats), *linear(module, passes, options.repeats)]
        whole = median(partial(engine.features, x), options.repeats) / passes
    print(f"{this_machine()}\n{options.size or DEFAULTS['boss']}, {passes} passes together; matrix "
          f"product {product / 1e9:.0f} GFLOP/s, copying {copy / 1e9:.1f} GB/s")
    show(lines, whole, passes, product, copy)


if __name__ == "__main__":
    main()
