"""Buffers that are used again and again, so that no pass waits for fresh memory."""

import torch
from torch import Tensor


class Scratch:
    """Named float32 buffers on the CPU; each grows to the largest shape asked of it."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """A contiguous tensor of this shape and of any content, valid until taken again."""
        size = 1
        for n in shape:
            size *= n
        buffer = self._buffers.get(name)
        if buffer is None or buffer.numel() < size:
            buffer = self._buffers[name] = torch.empty(size)
        return buffer[:size].view(shape)

    def padded(self, name: str, before: int, length: int, rows: int, *shape: int) -> Tensor:
        """(rows, *shape), zero but for the rows from ``before`` on, ``length`` of any content."""
        buffer = self.take(name, rows, *shape)
        buffer[:before].zero_()
        buffer[before + length:].zero_()
        return buffer
