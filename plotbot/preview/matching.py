"""How a plan meets the picture it stands for: the target, what its pens can reach, and what will be drawn.

Each is seen from a distance (a Gaussian low-pass of linear light) and compared by CIEDE2000, place by place.
What is reachable counts overprints and hatching of all pens of the tin (`plotbot.ink.matching`); what will be
drawn is the plan itself, as `plotbot.preview.picture` shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab, film_to_srgb, relative_to_film
from plotbot.ink.matching import Difference, Match, Region, heat_map, match_colours, palette_of
from plotbot.ink.spaces import delta_e00, lab_to_srgb, srgb_to_rec2020, srgb_uint8
from plotbot.pens.advice import Suggestion, matchable_inks
from plotbot.pens.model import Inventory
from plotbot.pens.reach import Reach, out_of_reach, region_dict, shortfalls, suggest
from plotbot.plan.model import Plan
from plotbot.preview.picture import plan_film, render_plan, write_png

__all__ = [
    "PICTURE_NAME",
    "Matching",
    "Target",
    "judge_matching",
    "matching_picture",
    "reach_picture",
    "side_by_side",
    "write_matching",
]

Floats = npt.NDArray[Any]
Picture = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

PICTURE_NAME = "matching.png"
_MARK_DE = 2.0
_PLACES = 160
"""Places along the longer side at which colours are compared: places, not grains of a hatching."""

_PX_PER_MM, _MOST_PX = 5.0, 2_500_000
_PANEL_PX, _REACH_PX = 720, 520
_CAPTION_PX = 30


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What a plan is to look like: light relative to the bare paper, linear Rec.2020 [H, W, 3], over a part
    of the sheet (left, top, right, bottom in mm). what: its caption."""

    light: Floats
    box_mm: Box
    what: str = "As wanted"

    def __post_init__(self) -> None:
        if self.light.ndim != 3 or self.light.shape[2] != 3 or min(self.light.shape[:2]) < 1:
            raise BadInput(f"A target of shape {self.light.shape} cannot be judged; use [height, width, 3].")

    @classmethod
    def from_srgb(cls, srgb: Floats, box_mm: Box, what: str = "As wanted") -> Target:
        """A target from encoded sRGB [H, W, 3], 0..1 or 8 bits, whose white is the bare paper."""
        values = np.asarray(srgb, dtype=float) / (255 if srgb.dtype == np.uint8 else 1)
        return cls(np.asarray(srgb_to_rec2020(values)), box_mm, what)


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """The report. Differences are ΔE00 seen from `viewing_mm` (sigma of the low-pass). planned: of what will
    be drawn; of_marks: its mean where anything but bare paper is wanted or drawn; reachable: of the best that
    these pens can do. worst, missed: regions (boxes in mm on the sheet)
    where the plan, and where the pens, are farthest off. suggestion: the pen of another tin that would help
    most."""

    target: Target
    viewing_mm: float
    planned: Difference
    of_marks: float
    reachable: Difference
    worst: tuple[Region, ...]
    missed: tuple[Region, ...]
    suggestion: Suggestion | None
    match: Match

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``: mean and p95 of the plan, of what is reachable, regions, and the pen that helps."""
        return {
            "mean": round(self.planned.mean, 3),
            "p95": round(self.planned.p95, 3),
            "mean_of_marks": round(self.of_marks, 3),
            "reachable": {"mean": round(self.reachable.mean, 3), "p95": round(self.reachable.p95, 3)},
            "viewing_mm": self.viewing_mm,
            "worst": [region_dict(one, "planned", box="box_mm", digits=1) for one in self.worst],
            "cannot_make": [region_dict(one, "reachable", box="box_mm", digits=1) for one in self.missed],
            "would_help": None if self.suggestion is None else self.suggestion.as_dict(),
            "remarks": self.remarks(),
            "picture": PICTURE_NAME,
        }

    def figures(self) -> dict[str, float]:
        """The numbers that people look at."""
        return {
            "mean": round(self.planned.mean, 2),
            "p95": round(self.planned.p95, 2),
            "mean of marks": round(self.of_marks, 2),
            "reachable mean": round(self.reachable.mean, 2),
            "reachable p95": round(self.reachable.p95, 2),
        }

    def remarks(self) -> list[str]:
        """The figures in a sentence, then `warnings`."""
        summary = (
            f"Colours will be off by {self.planned.mean:.1f} ΔE00 on average and within "
            f"{self.planned.p95:.1f} in 19 of 20 places; these pens can come within "
            f"{self.reachable.mean:.1f} on average."
        )
        return [summary, *self.warnings()]

    def warnings(self) -> list[str]:
        """What the pens cannot make, where, and which pen would help."""
        return shortfalls(self.missed, self.target.box_mm, self.suggestion)


def write_matching(
    folder: Path, plan: Plan, target: Target, inventory: Inventory, *, viewing_mm: float = 1.0
) -> Matching:
    """Judge a plan against its target and write the picture of it, `PICTURE_NAME`, into a folder."""
    matching = judge_matching(plan, target, inventory, viewing_mm=viewing_mm)
    write_png(folder / PICTURE_NAME, matching_picture(plan, matching), 96)
    return matching


def judge_matching(
    plan: Plan, target: Target, inventory: Inventory, *, viewing_mm: float = 1.0, advice: bool = True
) -> Matching:
    """Judge a plan against its target. inventory: the pens that were there to be used, on their paper.
    advice: look for a pen in all other known inventories where these cannot make what is wanted."""
    left, top, right, bottom = target.box_mm
    size = (right - left, bottom - top)
    scale = _PLACES / max(size)
    rows, columns = max(2, round(size[1] * scale)), max(2, round(size[0] * scale))
    across = (np.arange(columns) + 0.5) / columns
    down = (np.arange(rows) + 0.5) / rows
    px_per_mm = min(_PX_PER_MM, math.sqrt(_MOST_PX / (size[0] * size[1])))
    paper = plan.paper_lab
    light = _seen(target.light, size, viewing_mm, down, across)
    drawn = _seen(plan_film(plan, px_per_mm, target.box_mm), size, viewing_mm, down, across)
    wanted = film_to_lab(relative_to_film(np.clip(light, 0, None)), paper)
    seen = film_to_lab(drawn, paper)
    inks = matchable_inks(inventory)
    found = match_colours(wanted, inks.films, paper, seen, trapping=inks.trapping)
    assert found.planned is not None
    bare = np.array(paper)
    marked = np.maximum(delta_e00(wanted, bare), delta_e00(seen, bare)) > _MARK_DE
    of_marks = float(found.apart[marked].mean()) if marked.any() else 0.0
    places = (columns, rows)
    missed = out_of_reach(found.missed, target.box_mm, places)
    suggestion = suggest(*palette_of(wanted), found.tin.mean, missed, inventory) if advice else None
    worst = tuple(one.within(target.box_mm, places) for one in found.worst)
    return Matching(target, viewing_mm, found.planned, of_marks, found.tin, worst, missed, suggestion, found)


def matching_picture(plan: Plan, matching: Matching) -> Picture:
    """Target, what the pens can make, the plan, and the heat map with the worst regions, side by side."""
    from PIL import Image  # noqa: PLC0415

    left, top, right, bottom = matching.target.box_mm
    px_per_mm = _PANEL_PX / max(right - left, bottom - top)
    planned = render_plan(plan, px_per_mm, matching.target.box_mm)
    shape = (planned.shape[1], planned.shape[0])

    def enlarged(picture: Picture, how: Image.Resampling) -> Picture:
        return np.asarray(Image.fromarray(picture).resize(shape, how))

    # A picture of the whole sheet is seldom larger than a panel; one that is shrinks by areas.
    light = np.asarray(film_to_srgb(relative_to_film(matching.target.light), plan.paper_lab))
    target = enlarged(srgb_uint8(light), Image.Resampling.LANCZOS)
    reachable = enlarged(srgb_uint8(lab_to_srgb(matching.match.reachable)), Image.Resampling.BICUBIC)
    heat = enlarged(heat_map(matching.match.apart), Image.Resampling.NEAREST)
    planned_de, best_de = matching.planned, matching.reachable.mean
    return side_by_side(
        [
            (matching.target.what, target),
            (
                f"The best these pens can do: off by {best_de:.1f}",
                _framed(reachable, matching.missed, matching.target.box_mm),
            ),
            (f"As planned: off by {planned_de.mean:.1f}, {planned_de.p95:.1f} at most for 95 %", planned),
            ("How far off the plan is, by CIEDE2000", _framed(heat, matching.worst, matching.target.box_mm)),
        ],
        legend=_heat_legend(),
    )


def reach_picture(wanted: Floats, reach: Reach) -> Picture:
    """A picture of Labs [H, W, 3], the nearest that pens make, and how far that is off, side by side."""
    from PIL import Image  # noqa: PLC0415

    if reach.apart is None or reach.best is None:
        raise BadInput("Colours without places have no heat map.")
    height, width = wanted.shape[:2]
    scale = _REACH_PX / max(height, width)
    shape = (round(width * scale), round(height * scale))
    box = (0.0, 0.0, float(width), float(height))
    missed = [one.within(box, (1, 1)) for one in reach.missed]

    def panel(picture: Picture, how: Image.Resampling) -> Picture:
        return np.asarray(Image.fromarray(picture).resize(shape, how))

    smooth, sharp = Image.Resampling.BICUBIC, Image.Resampling.NEAREST
    best = panel(srgb_uint8(lab_to_srgb(reach.best)), smooth)
    heat = panel(heat_map(reach.apart), sharp)
    mean, p95 = reach.reachable.mean, reach.reachable.p95
    return side_by_side(
        [
            ("As wanted", panel(srgb_uint8(lab_to_srgb(wanted)), smooth)),
            (f"The best these pens can do: off by {mean:.1f}", _framed(best, missed, box)),
            (f"How far off that is, by CIEDE2000: {p95:.1f} at most for 95 %", _framed(heat, missed, box)),
        ],
        legend=_heat_legend(),
        columns=3,
    )


def side_by_side(
    panels: Sequence[tuple[str, Picture]], *, legend: Picture | None = None, columns: int = 2
) -> Picture:
    """Pictures of about one size with a caption over each, in rows of so many; `legend` below them."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    gap = 16
    wide = max(picture.shape[1] for _, picture in panels)
    tall = max(picture.shape[0] for _, picture in panels) + _CAPTION_PX
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    below = 0 if legend is None else legend.shape[0] + gap
    whole = Image.new(
        "RGB", (columns * (wide + gap) + gap, rows * (tall + gap) + gap + below), (255, 255, 255)
    )
    pencil = ImageDraw.Draw(whole)
    for number, (caption, picture) in enumerate(panels):
        x = gap + number % columns * (wide + gap)
        y = gap + number // columns * (tall + gap)
        size = 18.0
        while size > 9 and pencil.textlength(caption, font_size=size) > wide:
            size -= 1
        pencil.text((x, y + _CAPTION_PX - 8), caption, fill=(40, 40, 40), font_size=size, anchor="ls")
        whole.paste(Image.fromarray(picture), (x, y + _CAPTION_PX))
    if legend is not None:
        whole.paste(Image.fromarray(legend), (gap, whole.height - below))
    return np.asarray(whole)


def _seen(
    picture: Floats, size_mm: tuple[float, float], viewing_mm: float, down: Floats, across: Floats
) -> Floats:
    """A picture [H, W, 3] from a distance, at places (shares of its height and width): [h, w, 3]."""
    from scipy.ndimage import gaussian_filter, map_coordinates  # noqa: PLC0415

    height, width = picture.shape[:2]
    sigma = (viewing_mm * height / size_mm[1], viewing_mm * width / size_mm[0])
    at = np.meshgrid(down * height - 0.5, across * width - 0.5, indexing="ij")
    bands = []
    for band in range(3):
        soft = gaussian_filter(np.asarray(picture[..., band], dtype=np.float64), sigma, mode="reflect")
        bands.append(map_coordinates(soft, at, order=1, mode="nearest"))
    return np.stack(bands, axis=-1)


def _framed(picture: Picture, regions: Sequence[Region], box_mm: Box) -> Picture:
    """A picture of a part of the sheet with numbered frames around regions, the worst first."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    image = Image.fromarray(picture)
    pencil = ImageDraw.Draw(image)
    factor = picture.shape[1] / (box_mm[2] - box_mm[0])
    for number, one in enumerate(regions, 1):
        x0, y0, x1, y1 = ((value - box_mm[index % 2]) * factor for index, value in enumerate(one.box))
        pencil.rectangle((x0, y0, x1 - 1, y1 - 1), outline=(0, 0, 0), width=4)
        pencil.rectangle((x0 + 1, y0 + 1, x1 - 2, y1 - 2), outline=(255, 255, 255), width=2)
        label = f"{number}: {one.apart:.0f}"
        box = pencil.textbbox((x0 + 8, y0 + 6), label, font_size=16)
        pencil.rectangle((box[0] - 3, box[1] - 2, box[2] + 3, box[3] + 2), fill=(255, 255, 255))
        pencil.text((x0 + 8, y0 + 6), label, fill=(0, 0, 0), font_size=16)
    return np.asarray(image)


def _heat_legend() -> Picture:
    """The colours of the heat map and what they stand for."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    image = Image.new("RGB", (440, 44), (255, 255, 255))
    image.paste(Image.fromarray(heat_map(np.tile(np.linspace(0, 20, 400), (14, 1)))), (4, 4))
    pencil = ImageDraw.Draw(image)
    for value in (0, 5, 10, 15, 20):
        label = "20+" if value == 20 else str(value)
        anchor = "la" if value == 0 else "ma"
        pencil.text((4 + value * 20, 22), label, fill=(40, 40, 40), font_size=14, anchor=anchor)
    return np.asarray(image)
