"""Where labels go in a row so that none lies on another."""

from collections.abc import Sequence

import numpy as np


def placed(wanted: Sequence[float], widths: Sequence[float], *, first: float, last: float,
           gap: float) -> list[float] | None:
    """Middles of labels in a row, each as near to where it is wanted as the others let it.

    The sum of the squares of what they are moved by is least (isotonic regression by pooling of
    adjacent violators).

    Args:
        wanted: middles, ascending.
        widths: of the labels.
        first, last: of the row.
        gap: between two.

    Returns:
        None where they are too many for the row.
    """
    n, wide = len(wanted), np.asarray(widths, float)
    if n == 0:
        return []
    if wide.sum() + gap * (n - 1) > last - first:
        return None
    # What each is moved by against its neighbours falls out: then they must only not descend.
    offset = np.concatenate([[0.0], np.cumsum((wide[:-1] + wide[1:]) / 2 + gap)])
    blocks: list[tuple[float, int]] = []
    for value in np.asarray(wanted, float) - offset:
        mean, number = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, number = (before * many + mean * number) / (many + number), many + number
        blocks.append((mean, number))
    flat = np.repeat([mean for mean, _ in blocks], [number for _, number in blocks])
    low, high = first + wide[0] / 2, last - wide[-1] / 2 - offset[-1]
    middles: list[float] = (np.clip(flat, low, high) + offset).tolist()
    return middles
