"""Fewer lifts: leave the pen down where nobody can see it, and drop what lies under ink anyway.

A pen's own line is a band as wide as the pen. What is checked is whether other bands of the same pen
cover it, on points across and along it, closer together than a third of the pen's width.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from plotbot.plan.inked import covered_points, drop_covered, ink_of, segments_of
from plotbot.plan.lines import Lines, pick

__all__ = ["connect", "covered", "without"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_ACROSS = (-0.42, 0.0, 0.42)
"""Where across the band, in pen widths from its middle."""

_ALONG = 0.3
_AROUND = 8
_CIRCLE = np.column_stack([trig(np.arange(_AROUND) * (2 * np.pi / _AROUND)) for trig in (np.cos, np.sin)])
"""Where around the round ends of every segment."""

_TURNS_BACK = -0.94
"""Cosine between the ways out of one hatch line and into the next: within 20 degrees of turning back."""


def connect(
    lines: Lines, width: float, *, under: float = 0.0, hatch: float = 0.0
) -> tuple[Lines, FloatArray, FloatArray]:
    """Draw hops between one polyline and the next instead of lifting, in polylines that are in drawing order.

    under: longest hop in mm that is drawn where it lies wholly under ink of the same pen. hatch: longest
    hop that is drawn between two lines of a hatching, where one turns back beside the other; that ink shows.
    Returns the polylines, and the lengths in mm of the hops drawn under ink and of those that show.
    """
    starts, stops = lines.points[lines.offsets[1:-1]], lines.points[lines.offsets[1:-1] - 1]
    far = np.hypot(*(starts - stops).T)
    shown = (far <= hatch) & _turns_back(lines) if hatch > 0 else np.zeros(len(far), dtype=np.bool_)
    hidden = np.zeros(len(far), dtype=np.bool_)
    near = np.flatnonzero((far <= under) & ~shown)
    if len(near):
        points, owner = _band(np.stack([stops[near], starts[near]], axis=1), width)
        inside = covered_points(points, ink_of(lines, width))
        hidden[near] = np.bincount(owner, weights=~inside, minlength=len(near)) == 0
    bounds = np.concatenate([[0], np.flatnonzero(~(shown | hidden)) + 1, [len(lines)]])
    joined = Lines(lines.points, lines.offsets[bounds], lines.sources, lines.source_offsets[bounds])
    return joined, far[hidden], far[shown]


def covered(lines: Lines, width: float) -> npt.NDArray[np.bool_]:
    """Which polylines lie wholly under the others, shortest first; what was dropped covers nothing."""
    if len(lines) < 2:
        return np.zeros(len(lines), dtype=np.bool_)
    segments, owner = segments_of(lines)
    points, segment = _band(segments, width)
    line_of_point = owner[segment]
    by_line = np.argsort(line_of_point, kind="stable")
    bounds = np.searchsorted(line_of_point[by_line], np.arange(len(lines) + 1))
    shortest_first = np.argsort(lines.lengths(), kind="stable")
    return drop_covered(points[by_line], bounds, shortest_first, ink_of(lines, width))


def without(lines: Lines, dropped: npt.NDArray[np.bool_]) -> tuple[Lines, Lines]:
    """The polylines that stay, and those that go."""
    return pick(lines, 2 * np.flatnonzero(~dropped)), pick(lines, 2 * np.flatnonzero(dropped))


def _turns_back(lines: Lines) -> npt.NDArray[np.bool_]:
    """Whether the next polyline sets out against the way on which the one before it came in."""
    first, last = lines.offsets[:-1], lines.offsets[1:] - 1
    leaving = lines.points[last] - lines.points[last - 1]
    setting_out = lines.points[first + 1] - lines.points[first]
    one, other = leaving[:-1], setting_out[1:]
    lengths = np.hypot(*one.T) * np.hypot(*other.T)
    return np.asarray((np.einsum("ij,ij->i", one, other) <= _TURNS_BACK * lengths) & (lengths > 0))


def _band(segments: FloatArray, width: float) -> tuple[FloatArray, IntArray]:
    """Points on the bands that segments [m, 2, 2] draw, and the segment of each point."""
    steps = segments[:, 1] - segments[:, 0]
    length = np.hypot(*steps.T)
    counts = np.ceil(length / (width * _ALONG)).astype(np.int64) + 1
    owner = np.repeat(np.arange(len(segments)), counts)
    share = (np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)) / np.maximum(
        counts[owner] - 1, 1
    )
    middle = segments[owner, 0] + share[:, None] * steps[owner]
    with np.errstate(invalid="ignore", divide="ignore"):
        across = np.nan_to_num(np.column_stack([-steps[:, 1], steps[:, 0]]) / length[:, None])[owner] * width
    round_ends = np.repeat(segments.reshape(-1, 1, 2), _AROUND, axis=1) + width * _ACROSS[-1] * _CIRCLE
    points = np.concatenate([*(middle + offset * across for offset in _ACROSS), round_ends.reshape(-1, 2)])
    ends_of = np.repeat(np.arange(len(segments)), 2 * _AROUND)
    return points, np.concatenate([np.tile(owner, len(_ACROSS)), ends_of])
