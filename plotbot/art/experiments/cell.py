"""One cell of an experiment: a small drawing for one channel, with what is to be known of it."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from plotbot.art.artwork import Artwork
from plotbot.art.compiled import compile_apart, needs_compiling
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.growth import growth_pictures, snapshot_picture
from plotbot.art.judge import activation_of_film, rasterise
from plotbot.art.networks import open_network
from plotbot.art.objectives import Objective, channel
from plotbot.art.style import style
from plotbot.art.tensorboard_log import FOLDER, write_run
from plotbot.drawing import from_strokes, write_svg
from plotbot.paper import Paper
from plotbot.pens.inventory import inventory_hash
from plotbot.pens.model import Inventory
from plotbot.preview.picture import write_png

__all__ = ["PICTURE", "RESULT", "Cell", "Files", "Result", "Setup", "grow_cell"]

RESULT, PICTURE, DRAWING = "result.json", "picture.png", "drawing.svg"

PICTURE_PX, LOGGED_PX = 240, 96
"""Side of a cell's picture, and of the many that go to TensorBoard."""

Files = dict[str, bytes]
"""What a cell leaves, by path within its folder."""

_one_at_a_time = threading.Lock()
"""Torch's threads are the process's: a worker with several slots grows one cell after the other."""


@dataclass(frozen=True)
class Setup:
    """What all cells of an experiment share.

    side_mm: of the square that each is drawn on. style: sRGB uint8 [H, W, 3], the picture that
    `style_layers` are compared on, or None. The rest as in `GenerateSettings`.
    """

    inventory: Inventory
    layer: str
    network: str
    weights_sha256: str
    weights: Path | None = None
    palette: Literal["pens", "learn", "mono"] = "pens"
    pen_limit: int | None = None
    colours: int = 5
    side_mm: float = 60.0
    view_px: int = 160
    strokes: int = 300
    steps: int = 150
    device: str = "cpu"
    style: np.ndarray | None = None
    style_layers: tuple[str, ...] = ()

    def identity(self) -> str:
        """A hash over everything that shapes a drawing: other settings, pens or weights, another hash.

        Where it is computed does not count; neither does where the weights lie.
        """
        values: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("layer", "network", "weights_sha256", "palette", "pen_limit", "colours", "side_mm")
        }
        values |= {name: getattr(self, name) for name in ("view_px", "strokes", "steps", "style_layers")}
        values["pens"] = inventory_hash(self.inventory)
        values["style"] = None if self.style is None else hashlib.sha256(self.style.tobytes()).hexdigest()
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def settings(self, cell: Cell) -> GenerateSettings:
        """What a cell is grown with."""
        objective = channel(self.layer, cell.channel)
        if cell.style_weight:
            objective = objective - cell.style_weight * self.distance()
        return GenerateSettings(
            objective,
            self.inventory,
            (self.side_mm, self.side_mm),
            network=self.network,
            weights=self.weights,
            palette=self.palette,
            pen_limit=self.pen_limit,
            colours=self.colours,
            strokes=self.strokes,
            steps=self.steps,
            seed=cell.seed,
            view_px=self.view_px,
            device=self.device,
        )

    def distance(self) -> Objective:
        """How far a drawing is from the style, 0 for the same."""
        if self.style is None:
            raise ValueError("an experiment without a style has no distance from it")
        return style(self.style / 255, self.style_layers)


@dataclass(frozen=True, order=True)
class Cell:
    """One drawing of the grid."""

    channel: int
    style_weight: float = 0.0
    seed: int = 0

    def name(self, setup: Setup) -> str:
        """What its folder is called: cells with other settings are told apart by the end of it."""
        return f"c{self.channel:03d}-w{self.style_weight:g}-s{self.seed}-{setup.identity()[:10]}"


class Result(BaseModel):
    """What is known of a finished cell. exc_loss: the activation as plotted, negative. style: how far it is
    from the style, 0 for the same, whatever the weight was. None: not a number, or there is no style."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    channel: int
    style_weight: float
    seed: int
    exc_loss: float | None
    activation: dict[str, float | None]
    style: float | None
    strokes: int
    ink_m: float
    pens: tuple[str, ...]
    ended: str
    seconds: float

    @property
    def cell(self) -> Cell:
        """The cell this is the result of."""
        return Cell(self.channel, self.style_weight, self.seed)


def grow_cell(setup: Setup, cell: Cell) -> Files:
    """Grow one cell on one thread and return its files: `RESULT`, `PICTURE`, the drawing as an SVG with one
    layer per pen, and its run for TensorBoard. The same cell gives the same drawing wherever it is grown."""
    with _one_at_a_time, _one_thread():
        if needs_compiling():
            compile_apart()
        begun = time.perf_counter()
        settings = setup.settings(cell)
        artwork = generate(settings)
        result = _result(setup, cell, artwork, time.perf_counter() - begun)
        with tempfile.TemporaryDirectory(prefix="plotbot-cell-") as place:
            folder = Path(place)
            paper = Paper(setup.side_mm, setup.side_mm, 0.0)
            write_svg(
                from_strokes(artwork.polylines(), setup.inventory, paper), folder / DRAWING, setup.inventory
            )
            write_png(folder / PICTURE, snapshot_picture(artwork, artwork.growth[-1], PICTURE_PX), 96)
            pictures = [picture for _, picture in growth_pictures(artwork, LOGGED_PX)]
            write_run(folder / FOLDER, artwork, settings, pictures)
            (folder / RESULT).write_text(result.model_dump_json(indent=1), encoding="utf-8")
            return {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }


def _result(setup: Setup, cell: Cell, artwork: Artwork, seconds: float) -> Result:
    values = artwork.activations
    named = ("free", "quantised", "refitted", "as_plotted")
    activation = {name: _number(getattr(values, name)) for name in named}
    plotted = activation["as_plotted"]
    lines = artwork.by_pen()
    ink_mm = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for one in lines.values() for line in one)
    return Result(
        channel=cell.channel,
        style_weight=cell.style_weight,
        seed=cell.seed,
        exc_loss=None if plotted is None else -plotted,
        activation=activation,
        style=None if setup.style is None else _number(_style_of(setup, artwork, lines)),
        strokes=len(artwork.pen_of),
        ink_m=round(ink_mm / 1000, 4),
        pens=tuple(lines),
        ended=artwork.ended,
        seconds=round(seconds, 2),
    )


def _style_of(setup: Setup, artwork: Artwork, lines: Mapping[str, list[np.ndarray]]) -> float:
    """The distance of the plotted picture from the style, under the fixed views."""
    network = open_network(setup.network, setup.style_layers, weights=setup.weights)
    measured = Objective(tuple(replace(term, excites=True) for term in setup.distance().terms))
    film = rasterise(
        lines,
        artwork.inks,
        area_mm=(0.0, 0.0, *artwork.area_mm),
        size_px=artwork.size_px,
    )
    return activation_of_film(torch.from_numpy(film), artwork.paper_lab, network, measured.prepared(network))


def _number(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
