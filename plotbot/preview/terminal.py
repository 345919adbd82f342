"""A small true-colour picture in a terminal: two pixels to a character, one above the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from plotbot.plan.model import Plan
from plotbot.preview.picture import render_plan

__all__ = ["can_show", "picture_in_characters", "plan_in_characters"]

_OVERSAMPLING = 4


def can_show(console: Console) -> bool:
    """Whether a picture would be seen: a terminal with 24-bit colour, and no wish for none (`NO_COLOR`)."""
    return console.is_terminal and not console.no_color and console.color_system == "truecolor"


def plan_in_characters(plan: Plan, columns: int, rows: int) -> Segments:
    """The plan through the ink model, as large as fits into so many columns and rows of characters."""
    paper = plan.paper
    scale = min(columns / paper.width, 2 * rows / paper.height)
    width, height = max(1, int(paper.width * scale)), max(1, int(paper.height * scale / 2)) * 2
    fine = render_plan(_legible(plan, 1 / scale), scale * _OVERSAMPLING).astype(np.float64)
    # Means of light, not of its encoding: thin lines would come out too dark.
    light = (fine / 255) ** 2.2
    for axis, cells in ((0, height), (1, width)):
        edges = np.linspace(0, light.shape[axis], cells, endpoint=False).astype(int)
        counts = np.diff(np.append(edges, light.shape[axis]))
        shape = [1, 1, 1]
        shape[axis] = -1
        light = np.add.reduceat(light, edges, axis=axis) / counts.reshape(shape)
    return picture_in_characters(np.rint(light ** (1 / 2.2) * 255).astype(np.uint8))


def _legible(plan: Plan, pixel_mm: float) -> Plan:
    """The plan with lines of a quarter of a pixel at least: finer ones would leave hardly a trace."""
    passes = [
        replace(one, pen=one.pen.model_copy(update={"width_mm": max(one.pen.width_mm, pixel_mm / 4)}))
        for one in plan.passes
    ]
    return replace(plan, passes=tuple(passes))


def picture_in_characters(picture: npt.NDArray[np.uint8]) -> Segments:
    """A picture [2 n, W, 3] as n lines of half blocks: above the block, below its ground."""
    segments = []
    for upper, lower in zip(picture[::2].tolist(), picture[1::2].tolist(), strict=True):
        for above, below in zip(upper, lower, strict=True):
            style = Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))
            segments.append(Segment("▀", style))
        segments.append(Segment.line())
    return Segments(segments)
