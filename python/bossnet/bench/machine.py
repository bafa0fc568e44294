"""What was measured on: without it no figure means anything."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import torch

SIDE = 2048  #: of the square matrices whose product is timed
COPIED = 2**28  #: bytes of the array whose copying is timed, more than any cache holds


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as a table of results names it.

    Attributes:
        processor: its name.
        instructions: the widest vector instructions that torch uses.
        cores: that this process may use.
        threads: that torch uses.
        memory: GiB.
        device: what the network runs on.
        torch: its version.
        python: likewise.
        system: likewise.
    """

    processor: str
    instructions: str
    cores: int
    threads: int
    memory: float
    device: str
    torch: str
    python: str
    system: str

    def __str__(self) -> str:
        on = "" if self.device == "cpu" else f"{self.device}; "
        return (f"{on}{self.processor} ({self.instructions}), {self.cores} cores, {self.threads} "
                f"threads, {self.memory:.0f} GiB; torch {self.torch}, Python {self.python}, "
                f"{self.system}")


def this_machine(device: str = "cpu") -> Machine:
    """The machine that this process runs on.

    Args:
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """
    name = device if device == "cpu" else f"{device}: {torch.cuda.get_device_name(device)}"
    return Machine(
        processor=_processor(), instructions=torch.backends.cpu.get_cpu_capability(),
        cores=len(os.sched_getaffinity(0)), threads=torch.get_num_threads(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        device=name, torch=torch.__version__, python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}")


class Product:
    """A product of two square matrices: what the device can do at most, about.

    Args:
        dtype: of the matrices.
        device: that they are on.
    """

    operations = 2 * SIDE**3  #: multiplications and additions of one product

    def __init__(self, dtype: torch.dtype, device: str) -> None:
        self._a = torch.randn(SIDE, SIDE, device=device).to(dtype)
        self._out = torch.empty_like(self._a)

    def __call__(self) -> None:
        torch.mm(self._a, self._a, out=self._out)
        wait_for(self._out.device)


class Copy:
    """An array copied to another: how fast memory is read and written."""

    moved = 2 * COPIED  #: bytes read and written by one copy

    def __init__(self, device: str) -> None:
        self._from = torch.ones(COPIED // 4, device=device)
        self._to = torch.empty_like(self._from)

    def __call__(self) -> None:
        self._to.copy_(self._from)
        wait_for(self._to.device)


def wait_for(device: torch.device) -> None:
    """Until all that the device was asked for is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
