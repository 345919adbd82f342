"""Which cells an experiment has, and which of them are finished.

Every finished cell is a folder below ``cells``, written whole or not at all and never written again. Its
name tells its settings, so that a grid can grow, shrink or change and only what is missing is computed.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from plotbot.art.experiments.cell import PICTURE, RESULT, Cell, Files, Result, Setup
from plotbot.errors import BadInput
from plotbot.files import folder_written_whole, forget_unfinished

__all__ = ["MOST_CELLS", "CellFolder", "channel_numbers", "grid_of", "style_weights"]

MOST_CELLS = 20_000
MAX_RESULT_BYTES = 100_000


def channel_numbers(text: str, count: int) -> tuple[int, ...]:
    """The channels that ``0-111``, ``3,7,20-25`` or ``all`` means, of `count`; raises `BadInput`."""
    if text.strip() == "all":
        return tuple(range(count))
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part)
        if not match:
            raise BadInput(f"{part.strip()!r} is no channel; write 87, 0-{count - 1}, 3,7,20-25 or all.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise BadInput(f"The channels {part.strip()} run backwards; write {last}-{first}.")
        if last >= count:
            raise BadInput(f"Channel {last} is out of range: the layer has channels 0 to {count - 1}.")
        numbers += range(first, last + 1)
    return tuple(dict.fromkeys(numbers))


def style_weights(text: str) -> tuple[float, ...]:
    """The weights that ``0,50,1000`` means; raises `BadInput`."""
    weights: list[float] = []
    for part in text.split(","):
        try:
            weight = float(part)
        except ValueError:
            raise BadInput(f"{part.strip()!r} is no style weight; write numbers as in 0,50.") from None
        if not 0 <= weight <= 1e9:
            raise BadInput(
                f"A style weight of {part.strip()} is out of range; use 0 or more, 50 for example."
            )
        weights.append(weight)
    return tuple(dict.fromkeys(weights))


def grid_of(channels: Sequence[int], weights: Sequence[float], seeds: Sequence[int]) -> tuple[Cell, ...]:
    """Every channel with every weight and every seed, in this order; raises `BadInput` for too many."""
    count = len(channels) * len(weights) * len(seeds)
    if count > MOST_CELLS:
        raise BadInput(f"{count} drawings are too many for one sheet; the limit is {MOST_CELLS}.")
    return tuple(Cell(*values) for values in itertools.product(channels, weights, seeds))


@dataclass(frozen=True)
class CellFolder:
    """The finished cells of an experiment on disk."""

    folder: Path
    setup: Setup

    def path(self, cell: Cell) -> Path:
        """Where a cell is, or will be."""
        return self.folder / "cells" / cell.name(self.setup)

    def picture(self, cell: Cell) -> Path:
        """The picture of a finished cell."""
        return self.path(cell) / PICTURE

    def missing(self, cells: Sequence[Cell]) -> list[Cell]:
        """Those that are not finished."""
        return [cell for cell in cells if not (self.path(cell) / RESULT).is_file()]

    def clear_up(self) -> None:
        """Remove what a killed run left half written; nobody else may be writing."""
        forget_unfinished(self.folder / "cells")

    def save(self, cell: Cell, files: Files) -> None:
        """Write a cell, whole or not at all; one that is finished already stays as it is."""
        target = self.path(cell)
        if target.exists():
            return
        with folder_written_whole(target) as staging:
            for name, content in files.items():
                path = staging / name
                if not path.resolve().is_relative_to(staging.resolve()):
                    raise BadInput(f"A worker sent a file {name!r}, which lies outside its cell.")
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())

    def result(self, cell: Cell) -> Result:
        """What is known of a finished cell; raises `BadInput` where its file is damaged."""
        path = self.path(cell) / RESULT
        try:
            with path.open("rb") as file:
                found = Result.model_validate_json(file.read(MAX_RESULT_BYTES))
        except (OSError, ValidationError) as error:
            raise BadInput(f"{path} cannot be read; remove {path.parent} to have it drawn again.") from error
        if found.cell != cell:
            raise BadInput(f"{path} is another cell's; remove {path.parent} to have it drawn again.")
        return found

    def results(self, cells: Sequence[Cell]) -> list[Result]:
        """The results of those that are finished, in the order of the cells."""
        missing = set(self.missing(cells))
        return [self.result(cell) for cell in cells if cell not in missing]
