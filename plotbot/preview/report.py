"""The HTML report of a plan: one file that opens from disk, with playback, layers, time and provenance.

The page asks for nothing outside itself. Its data is one JSON object in the page:

- ``sheet``: width and height in mm, the paper's name and colour as hex.
- ``screen``: matrix [3][3] and offset [3] from film (see `plotbot.ink.film`) to linear sRGB on the paper.
- ``passes``: the rows of `plotbot.plan.store.summary` with, per pen, ``colour`` (hex), ``film`` (of its
  solid ink), ``opacity``, ``on`` (passes below it that it was measured on, and the ratios of their films to
  the model's, see `plotbot.ink.film`), ``width_mm``, ``first`` (index of its first
  stroke), ``starts_s`` (when it is mounted) and the seconds of drawing, travel and lifts.
- ``points``: base64 of little-endian uint16 pairs, x and y of all strokes in drawing order, in steps of
  ``step_mm``; ``offsets``: base64 of uint32, where each stroke begins, and the end.
- ``times``: base64 of float32 triples per stroke, seconds since the start of the plot: when travel to it
  begins, when the pen is down, when it begins to lift.
- ``figures``, ``provenance``, ``growth``, ``pictures``: what the caller knows of it.
- ``live``: true where the page was served during a plot; it then asks for ``status`` beside it
  (`plotbot.preview.live.Status`) and shows what is ink in place of a moment of the plan.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from plotbot.files import written_whole
from plotbot.ink.film import known_below, screen_matrix
from plotbot.ink.spaces import srgb_hex
from plotbot.pens.ink_set import InkSet
from plotbot.plan.clock import PassClock, estimate, plan_clock, stroke_times
from plotbot.plan.model import Plan
from plotbot.plan.motion import flatten, mounting_seconds
from plotbot.plan.store import summary

__all__ = ["report_data", "report_page", "write_report"]

_TEMPLATE = "report.html"
_GROWTH_SIDE_PX = 480
"""Longer side of a picture of the growth: sharp where it is looked at alone, a dozen within half a MB."""
_PICTURE_SIDE_PX = 1200


def write_report(
    path: Path,
    plan: Plan,
    *,
    title: str,
    figures: Mapping[str, Any] | None = None,
    provenance: Mapping[str, str] | None = None,
    growth: Sequence[tuple[str, npt.NDArray[np.uint8]]] = (),
    pictures: Sequence[tuple[str, npt.NDArray[np.uint8]]] = (),
    clock: Sequence[PassClock] | None = None,
) -> None:
    """Write the report of a plan to `path`, whole or not at all; arguments as for `report_page`."""
    page = report_page(
        plan,
        title=title,
        figures=figures,
        provenance=provenance,
        growth=growth,
        pictures=pictures,
        clock=clock,
    )
    with written_whole(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def report_page(
    plan: Plan,
    *,
    title: str,
    figures: Mapping[str, Any] | None = None,
    provenance: Mapping[str, str] | None = None,
    growth: Sequence[tuple[str, npt.NDArray[np.uint8]]] = (),
    pictures: Sequence[tuple[str, npt.NDArray[np.uint8]]] = (),
    live: bool = False,
    clock: Sequence[PassClock] | None = None,
) -> str:
    """The report of a plan as HTML.

    figures: nested numbers to show, e.g. activation and colour. provenance: lines of origin.
    growth: labelled sRGB pictures [H, W, 3] of how a neural drawing came to be. pictures: more of them, such
    as the drawing beside what was wanted, with sentences as labels. live: follow the plot by
    asking the server that the page came from (see `plotbot.preview.live`). clock: how long everything takes,
    where the machine does not move as the plan's own motion says.
    """
    data = report_data(plan, clock)
    data |= {
        "title": title,
        "figures": dict(figures or {}),
        "provenance": dict(provenance or {}),
        "growth": [{"label": label, "picture": _data_uri(one, _GROWTH_SIDE_PX)} for label, one in growth],
        "pictures": [
            {"label": label, "picture": _data_uri(one, _PICTURE_SIDE_PX)} for label, one in pictures
        ],
        "live": live,
    }
    page = (resources.files("plotbot.preview") / _TEMPLATE).read_text(encoding="utf-8")
    # "<" must not end the script element that holds the data, whatever a title or a command says.
    blob = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )
    # Cut up once, so that a title cannot stand for the data.
    head, body = page.split("{{data}}")
    return head.replace("{{title}}", html.escape(title)) + blob + body


def report_data(plan: Plan, clock: Sequence[PassClock] | None = None) -> dict[str, Any]:
    """The plan as the page's JSON, see the module's docstring."""
    clock = clock or plan_clock(plan)
    timing = estimate(plan, clock)
    figures = summary(plan, timing)
    step_mm = max(plan.paper.width, plan.paper.height) / 65535
    points, offsets = flatten([stroke.mm for _, _, stroke in plan.strokes()])
    # Art may touch the edge of the sheet but not leave it; rounding must not wrap around.
    grid = np.clip(np.rint(points / step_mm), 0, 65535).astype("<u2")
    times = stroke_times(plan, clock)
    swaps = np.cumsum(mounting_seconds(plan))
    moving = np.concatenate([[0.0], np.cumsum([one.seconds for one in timing.passes])])[:-1]
    matrix, offset = screen_matrix(plan.paper_lab)
    first = np.concatenate([[0], np.cumsum([len(one.strokes) for one in plan.passes])])
    passes = [
        row
        | {
            "colour": srgb_hex(one.pen.lab),
            "film": [round(float(value), 5) for value in film],
            "opacity": one.pen.opacity,
            "on": on,
            "width_mm": one.pen.width_mm,
            "first": int(start),
            "starts_s": round(float(begins), 3),
            "draw_s": round(times_of.draw_s, 2),
            "travel_s": round(times_of.travel_s, 2),
            "lift_s": round(times_of.lift_s, 2),
        }
        for row, one, film, on, start, begins, times_of in zip(
            figures["pens"],
            plan.passes,
            plan.inks.films,
            _measured_on(plan.inks),
            first,
            moving + swaps,
            timing.passes,
            strict=False,
        )
    ]
    return {
        "sheet": {
            "width": plan.paper.width,
            "height": plan.paper.height,
            "name": str(plan.paper),
            "colour": srgb_hex(plan.paper_lab),
        },
        "screen": {"matrix": np.round(matrix, 6).tolist(), "offset": np.round(offset, 6).tolist()},
        "passes": passes,
        "totals": figures["totals"],
        "estimate_s": figures["estimate_s"],
        "swap_s": plan.motion.swap_s,
        "dropped": len(figures["dropped"]),
        "plan_hash": figures["plan_hash"],
        "step_mm": step_mm,
        "points": _base64(grid),
        "offsets": _base64(offsets.astype("<u4")),
        "times": _base64(times.astype("<f4")),
    }


def _measured_on(inks: InkSet) -> list[list[tuple[int, list[float]]]]:
    """For each ink those below it that it was measured on, each with its ratio in three bands."""
    if inks.trapping is None:
        return [[] for _ in inks.pens]
    return [
        [(below, np.round(inks.trapping[below, number], 4).tolist()) for below in known]
        for number, known in enumerate(known_below(inks.trapping))
    ]


def _base64(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _data_uri(picture: npt.NDArray[np.uint8], side_px: int) -> str:
    buffer = io.BytesIO()
    image = Image.fromarray(picture)
    image.thumbnail((side_px, side_px))
    image.save(buffer, format="WEBP", quality=80, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
