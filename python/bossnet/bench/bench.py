"""The whole of a measurement, from the network alone to the database."""

from collections.abc import Callable
from pathlib import Path

from bossnet.bench.alone import ENGINE, network_alone
from bossnet.bench.machine import this_machine
from bossnet.bench.night import Night, formats
from bossnet.bench.operations import operations
from bossnet.bench.pipeline import end_to_end
from bossnet.bench.results import Report
from bossnet.network import NETWORKS
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.gate import Gate


def bench(frozen: FrozenNetwork, *, spectra: int = 200, n_draws: int = 20, rounds: int = 3,
          device: str = "cpu", snr: tuple[float, float], home: Path,
          say: Callable[[str], None] = lambda line: None) -> Report:
    """Measures a network on this machine, naive ways beside ours.

    Args:
        frozen: the network.
        spectra: end to end; 0 to measure the network alone.
        n_draws: of each spectrum, at least 2.
        rounds: that count.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        snr: range of the spectra's median S/N per pixel.
        home: a temporary folder, for files and database.
        say: told what is measured.

    Raises:
        BossNetError: the embedded Postgres does not start, or a spectrum was not predicted.
    """
    network = NETWORKS[frozen.card.network]
    rows, products = network_alone(frozen, n_draws=n_draws, rounds=rounds, device=device,
                                   home=home, say=say)
    if spectra:
        with Night(home) as night:
            say(f"simulating and registering {spectra} spectra")
            night.register(night.observe(spectra, snr=snr, formats=formats(network)))
            engines = [row for row in rows if row.way == ENGINE]
            rows += end_to_end(
                frozen, night, spectra, n_draws=n_draws, rounds=rounds, device=device,
                batch_size=round(engines[0].spectra), say=say,
                precisions=[r.precision for r in engines if Gate(r.notes["gate"]).passed])
    shape = frozen.module.architecture
    return Report(
        this_machine(device), frozen.card.name,
        sum(p.numel() for p in frozen.module.parameters()), operations(shape, network.grid.size),
        n_draws, rounds, products, rows)
