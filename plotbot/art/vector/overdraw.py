"""Overdrawing: a pen that goes over its own wet lines tears the paper, and the ink bleeds.

Strokes, or parts of them, that the same pen has inked already are left out; then, where pens together
would lay more ink than the paper takes, parts of the last strokes are left out too. Places are squares
of a quarter of a pen's width, read along the middle of each stroke.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import compiled
from plotbot.art.picture.steps import finely_all
from plotbot.errors import BadInput
from plotbot.pens.model import Inventory

__all__ = ["Overdrawn", "remove_overdrawing"]

Floats = npt.NDArray[np.float64]
Strokes = list[tuple[str, Floats]]

_WORTH_MM = 10.0
_MOST_STEPS = 2_000_000
_MOST_PLACES = 60_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Overdrawn:
    """strokes: what is left, in the order they came. repeated_mm: ink left out because the same pen had
    been there; soaked_mm: because the paper was wet enough; gone: strokes of which nothing is left."""

    strokes: Strokes
    repeated_mm: float
    soaked_mm: float
    gone: list[Floats] = field(default_factory=list)

    def as_dict(self) -> dict[str, float]:
        """For ``--json``."""
        return {
            "repeated_mm": round(self.repeated_mm, 1),
            "soaked_mm": round(self.soaked_mm, 1),
            "strokes": len(self.gone),
        }

    def __str__(self) -> str:
        """What was saved, as a sentence; empty where that is nothing worth a word."""
        if self.repeated_mm + self.soaked_mm < _WORTH_MM:
            return ""
        wet = f", {self.soaked_mm / 1000:.2f} m more where the paper is wet enough" if self.soaked_mm else ""
        return (
            f"Overdrawing left out: {self.repeated_mm / 1000:.2f} m over ink of the same pen{wet}; "
            f"{len(self.gone)} stroke{'s' if len(self.gone) != 1 else ''} fewer."
        )


def remove_overdrawing(
    strokes: Strokes, inventory: Inventory, *, most_ink: float = 4.0, shortest_mm: float = 0.5
) -> Overdrawn:
    """Leave out ink that lies on ink. most_ink: layers of pens that a place takes; shortest_mm: a stretch
    of overdrawing, or what is left between two, that is not worth a pen lift stays as it is.

    Raises `BadInput` for a pen that the inventory does not have.
    """
    if not most_ink >= 1:
        raise BadInput(f"most_ink is {most_ink:g}; the paper must take at least 1 layer.")
    if not strokes:
        return Overdrawn([], 0.0, 0.0)
    for pen_id, _ in strokes:
        if pen_id not in inventory:
            raise BadInput(f"Inventory {inventory.id!r} has no pen {pen_id!r}.")
    every = np.concatenate([points for _, points in strokes])
    low, high = every.min(axis=0) - 2.0, every.max(axis=0) + 2.0
    cell = min(inventory[pen_id].width_mm for pen_id in {pen_id for pen_id, _ in strokes}) / 4
    cell = max(cell, float(np.sqrt(np.prod(high - low) / _MOST_PLACES)))
    ways = np.hypot(*np.diff(every, axis=0).T)
    counts = np.array([len(points) for _, points in strokes])
    ends = np.cumsum(counts)
    ways[ends[:-1] - 1] = 0.0  # from one stroke to the next
    longest = float(np.add.reduceat(np.append(ways, 0.0), ends - counts).max())
    # Coarser where there is more than any pen could draw, so that memory stays bounded.
    step = max(2 * cell, longest / _MOST_STEPS, float(ways.sum()) / (10 * _MOST_STEPS))
    columns, rows = np.ceil((high - low) / cell).astype(int) + 1
    layers = np.zeros((rows, columns), np.uint8)
    kept: list[tuple[int, str, Floats]] = []
    gone: list[Floats] = []
    repeated = soaked = 0.0
    # Of what is too much, the lightest inks are missed least.
    for pen_id in sorted({pen_id for pen_id, _ in strokes}, key=lambda pen: (inventory[pen].lab[0], pen)):
        width = inventory[pen_id].width_mm
        numbers = [number for number, (one, _) in enumerate(strokes) if one == pen_id]
        points, offsets = finely_all([_line(strokes[number][1]) - low for number in numbers], step)
        own = np.zeros((rows, columns), np.bool_)
        # The middle of a line beside another one must stay free, so a little less than the width counts.
        reach = 0.8 * width / 2 / cell
        state = _overdrawn(points, offsets, own, layers, cell, int(most_ink), shortest_mm, reach)
        steps = np.hypot(*np.diff(points, axis=0).T)
        steps[offsets[1:-1] - 1] = 0.0  # from one line to the next
        both = np.maximum(state[1:], state[:-1])
        repeated += float(steps[both == 1].sum())
        soaked += float(steps[both == 2].sum())
        touched = np.maximum.reduceat(state, offsets[:-1]) > 0
        kept += [
            (number, *strokes[number]) for number, other in zip(numbers, touched, strict=True) if not other
        ]
        pieces, places = _free(points, np.repeat(touched, np.diff(offsets)) & (state == 0), offsets)
        kept += [
            (numbers[place], strokes[numbers[place]][0], piece + low)
            for place, piece in zip(places.tolist(), pieces, strict=True)
        ]
        touched[places] = False
        gone += [strokes[numbers[place]][1] for place in np.flatnonzero(touched).tolist()]
        layers[own] += 1
    kept.sort(key=lambda piece: piece[0])  # keeps the pieces of a stroke in their order
    return Overdrawn([(pen_id, line) for _, pen_id, line in kept], repeated, soaked, gone)


def _line(points: Floats) -> Floats:
    """A dot is a line that does not move."""
    return points if len(points) > 1 else np.repeat(points, 2, axis=0)


def _free(
    points: Floats, free: npt.NDArray[np.bool_], offsets: npt.NDArray[np.int64]
) -> tuple[list[Floats], npt.NDArray[np.int64]]:
    """The stretches of finely stepped lines whose points are free, without the points that the steps put in,
    and the line that each is of, ascending."""
    after = np.zeros(len(points), np.bool_)  # whether a stretch goes on to the next point
    after[:-1] = free[:-1] & free[1:]
    after[offsets[1:] - 1] = False
    before = np.concatenate([[False], after[:-1]])
    at = np.flatnonzero(before & after)
    back, ahead = points[at] - points[at - 1], points[at + 1] - points[at]
    turn = np.abs(back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0])
    along = (back * ahead).sum(axis=1)
    needed = before ^ after
    needed[at] = (turn > 1e-9 * np.maximum(np.abs(along), 1e-12)) | (along <= 0)
    kept = np.flatnonzero(needed)
    begins = np.flatnonzero(~before[kept])
    places = np.searchsorted(offsets, kept[begins], side="right") - 1
    return (np.split(points[kept], begins[1:]) if len(begins) else []), places


@compiled
def _states(line: Any, own: Any, layers: Any, cell: float, most: int) -> Any:
    """Of each point: 0 free, 1 the same pen was here, 2 wet enough."""
    state = np.zeros(len(line), np.uint8)
    for i in range(len(line)):
        row, column = int(line[i, 1] / cell), int(line[i, 0] / cell)
        if own[row, column]:
            state[i] = 1
        elif layers[row, column] >= most:
            state[i] = 2
    return state


@compiled
def _close_short(state: Any, line: Any, shortest: float) -> None:
    """Short stretches take the state of what is around them; first overdrawn ones, then free ones."""
    for wanted in range(2):
        i = 0
        while i < len(state):
            j = i
            size = 0.0
            while j < len(state) and (state[j] > 0) == (state[i] > 0):
                if j > i:
                    size += np.hypot(line[j, 0] - line[j - 1, 0], line[j, 1] - line[j - 1, 1])
                j += 1
            inner = i > 0 and j < len(state)
            if wanted == 0 and state[i] > 0 and size < shortest and (inner or j - i < len(state)):
                for k in range(i, j):
                    state[k] = 0
            elif wanted == 1 and state[i] == 0 and size < shortest and inner:
                for k in range(i, j):
                    state[k] = state[i - 1]
            i = j


@compiled
def _ink(line: Any, own: Any, reach: float, cell: float) -> None:
    for i in range(len(line)):
        x, y = line[i, 0] / cell - 0.5, line[i, 1] / cell - 0.5
        for row in range(max(0, int(y - reach)), min(own.shape[0], int(y + reach) + 2)):
            for column in range(max(0, int(x - reach)), min(own.shape[1], int(x + reach) + 2)):
                if (row - y) ** 2 + (column - x) ** 2 <= reach * reach:
                    own[row, column] = True


@compiled
def _overdrawn(
    points: Any, offsets: Any, own: Any, layers: Any, cell: float, most: int, shortest: float, reach: float
) -> Any:
    """The state of every point of the lines of one pen, which are inked one after the other."""
    states = np.zeros(len(points), np.uint8)
    for k in range(len(offsets) - 1):
        line = points[offsets[k] : offsets[k + 1]]
        state = _states(line, own, layers, cell, most)
        _close_short(state, line, shortest)
        states[offsets[k] : offsets[k + 1]] = state
        start = 0
        while start < len(line):
            end = start
            while end < len(line) and state[end] == 0:
                end += 1
            if end - start > 1:
                _ink(line[start:end], own, reach, cell)
            start = end + 1
    return states
