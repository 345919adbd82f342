"""Lift less often: draw from the end of one stroke to the end of a neighbour, as one hatches by hand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["joined"]

Floats = npt.NDArray[np.float64]


def joined(lines: list[Floats], reach_mm: float) -> list[Floats]:
    """Lines [n, 2] in mm with ends joined that are up to a reach apart, the nearest first.

    The ends of one line are not joined to each other: no line becomes a ring.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415

    if reach_mm <= 0 or len(lines) < 2:
        return lines
    ends = np.stack([line[[0, -1]] for line in lines]).reshape(-1, 2)
    pairs = cKDTree(ends).query_pairs(reach_mm, output_type="ndarray")
    apart = np.hypot(*(ends[pairs[:, 0]] - ends[pairs[:, 1]]).T)
    mate = np.full(len(ends), -1)
    gap_of = np.zeros(len(ends))
    chain = np.arange(len(lines))

    def root(line: int) -> int:
        while chain[line] != line:
            chain[line] = chain[chain[line]]
            line = int(chain[line])
        return line

    # Ends that are equally far apart by their numbers, so that every run joins the same.
    for one, other in pairs[np.lexsort((pairs[:, 1], pairs[:, 0], apart))].tolist():
        if mate[one] >= 0 or mate[other] >= 0:
            continue
        a, b = root(one // 2), root(other // 2)
        if a != b:
            chain[b] = a
            mate[one], mate[other] = other, one
            gap_of[one] = gap_of[other] = math.dist(ends[one], ends[other])
    # What a join inks is spared at the ends: tones stay as they are.
    lines = [
        _shorter(line, *(gap_of[end] / 2 if mate[end] >= 0 else 0.0 for end in (2 * k, 2 * k + 1)))
        for k, line in enumerate(lines)
    ]
    found = []
    for start in np.flatnonzero(mate < 0).tolist():
        parts, end, last = [], start, start
        while end >= 0:
            line = lines[end // 2]
            parts.append(line if end % 2 == 0 else line[::-1])
            last = end ^ 1
            end = int(mate[last])
        # Every chain has two free ends; it is walked from the first of them.
        if start < last:
            found.append(np.concatenate(parts))
    return found


def _shorter(line: Floats, first: float, last: float) -> Floats:
    """A line without some mm at each end, but never without more than a third of it there."""
    if first == last == 0:
        return line
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    low, high = min(first, way[-1] / 3), way[-1] - min(last, way[-1] / 3)
    at = np.concatenate([[low], way[(way > low) & (way < high)], [high]])
    return np.stack([np.interp(at, way, line[:, k]) for k in (0, 1)], axis=1)
