"""The engine for CPUs against the plain module, network alone, in one run.

    OMP_NUM_THREADS=1 python benchmarks/engine.py --size published --threads 1

Random weights, made spectra, 20 draws. The module is taken at the best of several batches; both
take turns, and medians are compared. With one thread the clock is the thread's own, so that other
work on the machine counts less; with more it is the wall's. The matrix product's speed is measured
in the same run.
"""

import argparse
import copy
import platform
import statistics
import time
from pathlib import Path

import torch
from torch.nn import functional

from bossnet.network import BOSS
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.engine import Engine, choice, folding
from bossnet.network.engine.engine import WIDTH
from bossnet.network.fast import BATCH_SIZE
from bossnet.network.preparation import standardise

SIZES = {"published": Architecture(),
         "small": Architecture(dim_mults=(1, 2, 4, 8), kernel_size=15, adapt_pool_output_dim=128,
                               num_linear=3, linear_dim=256)}
BATCHES = (1, 4, 8, 21, 42, 64)


def network(architecture):
    """Random weights; batch normalisations as after a training, more or less."""
    torch.manual_seed(0)
    module = BossNet(architecture).eval().requires_grad_(False)
    for bn in (m for m in module.modules() if isinstance(m, torch.nn.BatchNorm1d)):
        bn.running_mean.normal_(0, 0.2)
        bn.running_var.uniform_(0.5, 1.5)
    return module


def prepared(spectra, draws):
    """(spectra x (draws + 1), 3900) inputs: slopes, lines and noise."""
    rng = torch.Generator().manual_seed(1)
    place = torch.linspace(-1, 1, BOSS.grid.size)
    slope = 1.5 * torch.randn(spectra, 1, generator=rng)
    flux = 20 * torch.exp(slope * place)
    for _ in range(30):
        centre = 2 * torch.rand(spectra, 1, generator=rng) - 1
        depth = 0.6 * torch.rand(spectra, 1, generator=rng)
        flux *= 1 - depth * torch.exp(-((place - centre) / 3e-3) ** 2)
    noise = torch.randn(spectra, draws + 1, BOSS.grid.size, generator=rng)
    noise[:, 0] = 0
    return standardise(flux.unsqueeze(1) + noise).flatten(0, 1)


def spread_like_labels(module, x):
    """Scales the last layer so that its outputs have the labels' spread, 1."""
    last = module.linear_sequential[-1]
    outputs = module(x.unsqueeze(1))
    last.weight /= outputs.std(dim=0)[:, None]
    last.bias /= outputs.std(dim=0)


def differences(module, engine, x):
    """Largest differences of engine and module from float64, and of each other."""
    exact = copy.deepcopy(module).double()(x.double().unsqueeze(1))
    reference, ours = module(x.unsqueeze(1)), module.head(engine.features(x))
    return [float((a - b).abs().max()) for a, b in
            ((ours, reference), (ours, exact), (reference, exact))]


class Clock:
    """Times calls; see the module's docstring."""

    def __init__(self, threads):
        self._now = time.thread_time if threads == 1 else time.perf_counter

    def once(self, call):
        start = self._now()
        call()
        return self._now() - start

    def median(self, call, repeats):
        call()
        return statistics.median(self.once(call) for _ in range(repeats))


def processor():
    try:
        text = Path("/proc/cpuinfo").read_text()
        name = next(line.split(":")[1].strip() for line in text.splitlines()
                    if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor()
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def layers(module, clock, repeats):
    """A line a convolution: the engine's way and the module's, ms a pass and their ratio."""
    first = folding.first(module)
    pixels = first.length(BOSS.grid.size) // 2
    shapes = [("first", first, BOSS.grid.size)]
    for i, block in enumerate(folding.blocks(module)):
        shapes += [(f"block {i} a", block.one, pixels),
                   (f"block {i} b", block.two, block.one.length(pixels))]
    print(f"{'convolution':12} {'channels':>9} {'MFLOP':>7}  {'way':15} {'ms':>7}  "
          f"{'module ms':>9}  ratio")
    for name, folded, length in shapes:
        out, channels, kernel = folded.weight.shape
        rows = 2 * pixels if name == "first" else folded.length(length)
        layer = choice.Layer(channels, out, kernel, rows, WIDTH, 1)
        times = choice.seconds(layer, folded.weight, folded.bias)
        way = min(times, key=times.__getitem__)
        x, weight = torch.randn(8, channels, length), torch.from_numpy(folded.weight).float()
        module_s = clock.median(lambda x=x, w=weight, p=folded.padding: functional.conv1d(
            x, w, padding=p), repeats) / 8
        print(f"{name:12} {f'{channels}->{out}':>9} {2e-6 * rows * channels * out * kernel:7.1f}  "
              f"{way!s:15} {1e3 * times[way]:7.3f}  {1e3 * module_s:9.3f} "
              f"{module_s / times[way]:6.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="published")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--spectra", type=int, default=BATCH_SIZE, help="at once, of the engine")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = Clock(options.threads)
    with torch.inference_mode():
        module = network(SIZES[options.size])
        x = prepared(options.spectra, options.draws)
        some = x[:: options.draws + 1]
        spread_like_labels(module, some)
        start = time.perf_counter()
        engine = Engine(module)
        engine.ways(x.shape[1])
        prepared_s = time.perf_counter() - start
        batches = {n: clock.median(lambda n=n: module(x[:n].unsqueeze(1)), 3) / n for n in BATCHES}
        best = min(batches, key=batches.__getitem__)
        square = torch.randn(2048, 2048)
        engine.features(x)
        turns = [(clock.once(lambda: module(x[:best].unsqueeze(1))) / best,
                  clock.once(lambda: module.head(engine.features(x))) / len(x),
                  clock.once(lambda: square @ square)) for _ in range(options.repeats)]
        reference, ours, product = (statistics.median(t) for t in zip(*turns, strict=True))
        ratio = statistics.median(a / b for a, b, _ in turns)
        apart, error, of_reference = differences(module, engine, some)
        parameters = sum(p.numel() for p in module.parameters())
        print(f"{options.size}: {parameters / 1e6:.1f} M parameters; {processor()}; "
              f"{options.threads} threads; torch {torch.__version__}, float32; matrix product "
              f"{2 * 2048**3 / product / 1e9:.0f} GFLOP/s; {options.repeats} turns, medians; "
              f"{options.draws} draws")
        print(f"{'network alone':14} {'batch':>5} {'ms a pass':>10} {'spectra/s':>10} {'ratio':>6}")
        for name, batch, seconds, of in (("module", best, reference, 1.0),
                                         ("engine", len(x), ours, ratio)):
            print(f"{name:14} {batch:5} {1e3 * seconds:10.3f} "
                  f"{1 / seconds / (options.draws + 1):10.2f} {of:6.2f}")
        print("module by batch, ms a pass: "
              + ", ".join(f"{n}: {1e3 * s:.2f}" for n, s in batches.items()))
        print(f"engine made and measured in {prepared_s:.1f} s; outputs of spread 1 differ by "
              f"{apart:.1e} at most; from float64 the engine's by {error:.1e}, the module's by "
              f"{of_reference:.1e}")
        if options.threads == 1:
            layers(module, clock, options.repeats)


if __name__ == "__main__":
    main()
