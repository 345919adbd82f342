"""What the pens of a tin can make of given colours, what they cannot, and the pen that would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.matching import Difference, Region, match_colours
from plotbot.ink.names import colour_name
from plotbot.pens.advice import HELPS_DE, Suggestion, matchable_inks, missing_pen, single_differences
from plotbot.pens.model import Inventory

__all__ = ["OUT_OF_REACH_DE", "Reach", "judge_reach", "out_of_reach", "region_dict", "shortfalls", "suggest"]

Floats = npt.NDArray[Any]

OUT_OF_REACH_DE = 4.0
"""A region this far from anything the pens can make is worth a word."""

_HELPS_A_REGION_DE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """How near pens come to colours. missed: regions, boxes in shares of the picture; apart: ΔE00 [H, W], and
    best: Labs [H, W, 3] of the nearest that they make, or None where colours have no places."""

    reachable: Difference
    missed: tuple[Region, ...]
    suggestion: Suggestion | None
    apart: Floats | None
    best: Floats | None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "mean": round(self.reachable.mean, 3),
            "p95": round(self.reachable.p95, 3),
            "cannot_make": [region_dict(one, "reachable", box="box", digits=3) for one in self.missed],
            "would_help": None if self.suggestion is None else self.suggestion.as_dict(),
        }

    def warnings(self) -> list[str]:
        """What the pens cannot make, where, and which pen would help."""
        return shortfalls(self.missed, (0, 0, 1, 1), self.suggestion)


def judge_reach(
    labs: Floats, share: Floats, picture: Floats | None, inventory: Inventory, *, mixed: bool = True
) -> Reach:
    """Judge colours, Labs [m, 3] of these shares [m], and where there is one the picture [H, W, 3] that they
    come from. mixed: see `choose_pens`."""
    if picture is None:
        apart = _apart(labs, inventory, mixed=mixed)
        order = np.argsort(apart)
        within = np.searchsorted(np.cumsum(share[order]), 0.95 * share.sum())
        reachable = Difference(float(share @ apart / share.sum()), float(apart[order][within]))
        return Reach(reachable, (), suggest(labs, share, reachable.mean, (), inventory), None, None)
    inks = matchable_inks(inventory)
    found = match_colours(picture, inks.films, inks.paper_lab, trapping=inks.trapping)
    height, width = picture.shape[:2]
    missed = out_of_reach(found.missed, (0, 0, 1, 1), (width, height))
    suggestion = suggest(labs, share, found.tin.mean, missed, inventory)
    return Reach(found.tin, missed, suggestion, found.apart, found.reachable)


def out_of_reach(
    regions: Sequence[Region], box: tuple[float, float, float, float], size_px: tuple[int, int]
) -> tuple[Region, ...]:
    """Those regions that are worth a word, with their boxes in the units of `box`, which all pixels fill."""
    return tuple(one.within(box, size_px) for one in regions if one.apart > OUT_OF_REACH_DE)


def suggest(
    labs: Floats, share: Floats, mean: float, missed: Sequence[Region], inventory: Inventory
) -> Suggestion | None:
    """The pen that would help most, where a tin that is off by `mean` leaves something to wish for."""
    if not (missed or mean > HELPS_DE):
        return None
    return missing_pen(labs, share, inventory, _HELPS_A_REGION_DE if missed else HELPS_DE)


def shortfalls(
    missed: Sequence[Region], box: tuple[float, float, float, float], suggestion: Suggestion | None
) -> list[str]:
    """A sentence for each colour that cannot be made, and one for the pen that would help."""
    left, top, right, bottom = box
    said, sentences = set(), []
    for one in missed:
        name = colour_name(one.wanted)
        if name in said:
            continue
        said.add(name)
        across = ((one.box[0] + one.box[2]) / 2 - left) / (right - left)
        down = ((one.box[1] + one.box[3]) / 2 - top) / (bottom - top)
        lab = " ".join(f"{value:.0f}" for value in one.wanted)
        sentences.append(
            f"These pens cannot make the {name} (L*a*b* {lab}) around {across:.0%} from the left and "
            f"{down:.0%} from the top: the nearest they come is {one.apart:.0f} ΔE00 off."
        )
    return sentences + ([str(suggestion)] if suggestion else [])


def region_dict(one: Region, found: str, *, box: str, digits: int) -> dict[str, Any]:
    """A region for ``--json``: its box under the name `box`, and the colour that there is under `found`."""
    return {
        box: [round(value, digits) for value in one.box],
        "mean": round(one.apart, 2),
        "name": colour_name(one.wanted),
        "wanted": [round(value, 1) for value in one.wanted],
        found: [round(value, 1) for value in one.found],
    }


def _apart(labs: Floats, inventory: Inventory, *, mixed: bool) -> Floats:
    """ΔE00 [m] of the nearest that pens make, by mixing or one by one."""
    if mixed:
        inks = matchable_inks(inventory)
        nearest = match_colours(labs[None], inks.films, inks.paper_lab, trapping=inks.trapping).apart[0]
    else:
        nearest = single_differences(labs, inventory).min(axis=0)
    return np.asarray(nearest)
