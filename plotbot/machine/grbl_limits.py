"""Does a whole plan fit a GRBL machine? Checked before the first move.

The machine's travel is the smaller of the profile's and the board's ``$130``, ``$131``. Without homing the
starting corner is taken to lie at one end of the travel, with the sheet on the travel's side of it; with
homing, or with the board's own soft limits on, machine coordinates decide.
"""

from __future__ import annotations

import numpy as np

from plotbot.errors import BadInput
from plotbot.machine.grbl_gcode import Coordinates
from plotbot.machine.grbl_settings import Build, Settings
from plotbot.machine.profile import Profile
from plotbot.paper import Paper
from plotbot.plan.model import UM_PER_MM, Plan

__all__ = ["check_reach"]

_SLACK_MM = 0.01


def check_reach(
    plan: Plan, profile: Profile, settings: Settings, build: Build, origin_mpos: np.ndarray | None
) -> None:
    """Raise `BadInput` for the first stroke, or swap position, that the machine cannot reach.

    origin_mpos: machine position of the starting corner where it is known, else None; with homing it is
    the profile's.
    """
    travel = np.array([profile.travel.x, profile.travel.y])
    for axis in (0, 1):
        limit = settings.travel(axis)
        if limit is not None and limit > 0:
            travel[axis] = min(travel[axis], limit)
    spaces = _spaces(
        profile, settings=settings, build=build, travel=travel, paper=plan.paper, origin_mpos=origin_mpos
    )
    reference = Coordinates.of(profile, plan.paper, None)
    swap = reference.work(np.array([profile.swap]))
    _check(swap, spaces, travel, f"The swap position {profile.swap[0]:g}, {profile.swap[1]:g} mm")
    index = 0
    for one_pass in plan.passes:
        coordinates = Coordinates.of(profile, plan.paper, one_pass.pen)
        offset = one_pass.pen.mechanical.tip_offset_mm
        pen = f" with pen {one_pass.pen.id}" + (" and its tip offset" if any(offset) else "")
        for stroke in one_pass.strokes:
            ends = np.array([stroke.points.min(axis=0), stroke.points.max(axis=0)]) / UM_PER_MM
            _check(coordinates.work(ends), spaces, travel, f"Stroke {index}{pen}")
            index += 1


def _spaces(
    profile: Profile,
    *,
    settings: Settings,
    build: Build,
    travel: np.ndarray,
    paper: Paper,
    origin_mpos: np.ndarray | None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes (low, high) in work coordinates; what lies wholly in one of them can be reached."""
    origin = np.array(profile.frame.origin) if profile.homing and profile.frame.origin else None
    if origin is None and settings.flag(20) and origin_mpos is not None:
        origin = np.array(origin_mpos[:2])
    if origin is None:
        sheet = Coordinates.of(profile, paper, None).work(np.array([[0.0, 0.0], [paper.width, paper.height]]))
        positive = sheet.sum(axis=0) > 0
        return [(np.where(positive, 0.0, -travel), np.where(positive, travel, 0.0))]
    # Homed machine space is negative; only boards built with a forced origin ("Z") turn it positive for
    # the axes of $23. Firmware that does not show its options may have either.
    negative = (-travel - origin, -origin)
    positive_too = (-origin, travel - origin)
    if "Z" in build.options:
        mask = int(settings.get(23) or 0)
        forced = np.array([bool(mask & 1), bool(mask & 2)])
        return [
            (np.where(forced, positive_too[0], negative[0]), np.where(forced, positive_too[1], negative[1]))
        ]
    return [negative] if build.options and build.rx_bytes == 128 else [negative, positive_too]


def _check(
    work: np.ndarray, spaces: list[tuple[np.ndarray, np.ndarray]], travel: np.ndarray, what: str
) -> None:
    low, high = work.min(axis=0), work.max(axis=0)
    for space_low, space_high in spaces:
        if np.all(low >= space_low - _SLACK_MM) and np.all(high <= space_high + _SLACK_MM):
            return
    first_low, first_high = spaces[0]
    for axis, letter in enumerate("xy"):
        if low[axis] < first_low[axis] - _SLACK_MM or high[axis] > first_high[axis] + _SLACK_MM:
            raise BadInput(
                f"{what} reaches {letter} {low[axis]:g} to {high[axis]:g} mm from the starting corner; the "
                f"machine can go from {first_low[axis]:g} to {first_high[axis]:g} mm "
                f"(travel {travel[axis]:g}). Use a smaller or turned sheet, or correct frame and travel in "
                "the profile."
            )
