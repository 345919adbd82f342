"""Ink on paper, differentiable: strokes with a pen and a width in mm become an image.

The image is a film (see `plotbot.ink.film`), so 1 is bare paper. Ink of one pen over itself does
not get darker: each pen's coverage of a pixel is a_p = 1 - Π (1 - w_sp · a_s) over the strokes s. The
pens then filter the paper one after the other, `below · (1 - a + a·T)` for a translucent pen; a pen of
opacity o hides the share o of what is below and shows its own colour there instead. Pens that hide
something come last, in drawing order, as they are plotted.

Everything is differentiable: points, weights, widths and transmittances. Work grows with the length
and width of the strokes, not with the number of strokes times the canvas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from plotbot.art import ink_coverage, ink_kernels, ink_layers
from plotbot.errors import BadInput
from plotbot.ink.film import compose

__all__ = ["BareShare", "Canvas", "render", "render_coverage", "render_free", "side_by_side"]

BareShare = Callable[[Tensor, Tensor, Tensor, int, int], Tensor]
"""Another renderer's coverage: called and answering as `plotbot.art.ink_coverage.bare_share`."""

MAX_PIXELS = 1 << 26
MAX_REACH_PX = 1e6


@dataclass(frozen=True)
class Canvas:
    """The pixels a drawing is seen on; pixel (0, 0) covers [0, mm_per_px)², y down."""

    width_px: int
    height_px: int
    mm_per_px: float

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1 or self.width_px * self.height_px > MAX_PIXELS:
            raise BadInput(
                f"A canvas of {self.width_px} × {self.height_px} pixels cannot be rendered: it takes from 1 "
                f"to {MAX_PIXELS} pixels in all."
            )
        if not (math.isfinite(self.mm_per_px) and self.mm_per_px > 0):
            raise BadInput(f"A pixel of {self.mm_per_px} mm cannot be rendered: it must be above 0 mm.")


def render(
    points_mm: Tensor,
    pen_weights: Tensor,
    pen_width_mm: Tensor,
    transmittance: Tensor,
    opacity: Tensor,
    canvas: Canvas,
    order: Sequence[int] | None = None,
    bare_share: BareShare | None = None,
    n: float = 1.0,
    trapping: npt.NDArray[Any] | None = None,
) -> Tensor:
    """The drawing as an image: [3, H, W], film relative to the paper (see `plotbot.ink.film`).

    points_mm: [N, 3K+1, 2], chains of K cubic Béziers. pen_weights: [N, P] in 0..1, how much of each
    pen a stroke is drawn with (one-hot for real pens). pen_width_mm: [P]; a stroke is as wide as the
    weighted mean of its pens. transmittance: [P, 3], a solid of the ink over bare paper. opacity: [P]
    in 0..1. order: the pens in drawing order, first to last; as numbered unless given. bare_share:
    another renderer's coverage. n: Yule and Nielsen's factor of a pixel (see `plotbot.ink.coverage`).
    trapping: [P, P, 3], what was measured of pairs of pens, as `compose` takes it; a constant. Raises
    BadInput.
    """
    pens = pen_weights.shape[-1] if pen_weights.dim() == 2 else 0
    _check_points(points_mm)
    hiding = _check(
        _Range("points in mm", points_mm, tuple(points_mm.shape), *_reach(canvas)),
        _Range("pen weights", pen_weights, (points_mm.shape[0], pens), 0, 1),
        _Range("pen widths in mm", pen_width_mm, (pens,), 0, _reach(canvas)[1]),
        _Range("transmittances", transmittance, (pens, 3), -math.inf, math.inf),
        _Range("opacities", opacity, (pens,), 0, 1),
        also=opacity,
    )
    sequence = _drawing_order(hiding, order)
    weights, ink = pen_weights.to(points_mm.dtype), transmittance.to(points_mm.dtype)
    hides = opacity.detach().to(points_mm.dtype)
    if n != 1:
        ink = ink ** (1 / n)
        trapping = None if trapping is None else trapping ** (1 / n)
    width_mm = weights @ pen_width_mm.to(points_mm.dtype)
    points, width = points_mm / canvas.mm_per_px, width_mm / canvas.mm_per_px
    pixels = canvas.height_px, canvas.width_px
    if compiled_for(points) and bare_share is None:
        inked = ink_kernels.bare_share(points, width, weights, *pixels)
        image = ink_layers.over_paper(*inked, ink, hides, sequence, pixels[0] * pixels[1], trapping)
    else:
        bare = (bare_share or ink_coverage.bare_share)(points, width, weights, *pixels)
        if sequence != sorted(sequence):
            bare, ink, hiding = bare[:, sequence], ink[sequence], [hiding[pen] for pen in sequence]
            trapping = None if trapping is None else trapping[np.ix_(sequence, sequence)]
        image = compose(1 - bare, ink, hiding, trapping=trapping).T
    return (image if n == 1 else image**n).reshape(3, *pixels)


def render_free(
    points_mm: Tensor,
    width_mm: Tensor,
    transmittance: Tensor,
    canvas: Canvas,
    bare_share: BareShare | None = None,
    n: float = 1.0,
) -> Tensor:
    """The drawing where every stroke has a translucent ink of its own: [3, H, W], relative to the paper.

    points_mm: [N, 3K+1, 2]. width_mm: [N]. transmittance: [N, 3] in 0..1. Strokes filter one another:
    the image is Π over strokes of (1 - a + a·T). bare_share: another renderer's coverage. n: as in `render`.
    Raises BadInput.
    """
    inks = _Range("transmittances", transmittance, (points_mm.shape[0], 3), 0, 1)
    points, width = _in_pixels(points_mm, width_mm.to(points_mm.dtype), canvas, inks)
    inks_alone = transmittance.to(points_mm.dtype)
    weights = 1 - (inks_alone if n == 1 else inks_alone ** (1 / n))
    pixels = canvas.height_px, canvas.width_px
    if compiled_for(points) and bare_share is None:
        touched, bare = ink_kernels.bare_share(points, width, weights, *pixels)
        bare = bare.new_ones(pixels[0] * pixels[1], 3).index_put((touched,), bare)
    else:
        bare = (bare_share or ink_coverage.bare_share)(points, width, weights, *pixels)
    return (bare if n == 1 else bare**n).T.reshape(3, *pixels)


def side_by_side(
    points_mm: Sequence[Tensor],
    inks: Sequence[Tensor],
    lay: Callable[[Tensor, Tensor, Canvas], Tensor],
    canvas: Canvas,
    reach_mm: float,
) -> Tensor:
    """The films [T, 3, H, W] of T drawings, rendered in one pass on one canvas that is T times as high.

    points_mm: [N, n, 2] of each drawing. inks: what its strokes are drawn with, [N, ...]. lay: film of
    strokes, what they are drawn with, and a canvas. reach_mm: how far ink reaches from a stroke's points.
    """
    if len(points_mm) == 1:
        return lay(points_mm[0], inks[0], canvas)[None]
    # Ink that leaves a drawing must not come in on the next one.
    height = canvas.height_px * canvas.mm_per_px
    with torch.no_grad():
        beyond = max(float((points[..., 1] - height / 2).abs().max()) for points in points_mm) - height / 2
    gap = 1 + math.ceil((reach_mm + max(0.0, beyond)) / canvas.mm_per_px)
    pitch = canvas.height_px + gap
    down = points_mm[0].new_tensor([0.0, pitch * canvas.mm_per_px])
    tall = Canvas(canvas.width_px, len(points_mm) * pitch, canvas.mm_per_px)
    stacked = torch.cat([points + at * down for at, points in enumerate(points_mm)])
    film = lay(stacked, torch.cat(list(inks)), tall)
    films = film.reshape(3, len(points_mm), pitch, canvas.width_px)[:, :, : canvas.height_px]
    return films.transpose(0, 1)


def render_coverage(points_mm: Tensor, width_mm: Tensor, canvas: Canvas) -> ink_coverage.StrokeCoverage:
    """Coverage of each pixel by each stroke, sparse: what `render` composes. Raises BadInput."""
    points, width = _in_pixels(points_mm, width_mm, canvas)
    return ink_coverage.stroke_coverage(points, width, canvas.height_px, canvas.width_px)


def compiled_for(points: Tensor) -> bool:
    """Whether compiled loops do the work; torch does it on any other device than the CPU."""
    return points.is_cpu


def _drawing_order(hides: Sequence[float], order: Sequence[int] | None) -> list[int]:
    sequence = list(range(len(hides))) if order is None else [int(pen) for pen in order]
    if sorted(sequence) != list(range(len(hides))):
        raise BadInput(f"The drawing order {sequence} must name each of the {len(hides)} pens once, from 0.")
    return [p for p in sequence if hides[p] == 0] + [p for p in sequence if hides[p] > 0]


@dataclass(frozen=True, slots=True)
class _Range:
    """Values by name, the shape they must have, and the least and the most that they may be."""

    name: str
    values: Tensor
    shape: tuple[int, ...]
    low: float
    high: float


def _in_pixels(points_mm: Tensor, width_mm: Tensor, canvas: Canvas, *others: _Range) -> tuple[Tensor, Tensor]:
    """Points and widths in pixels, checked together with the others."""
    _check_points(points_mm)
    low, high = _reach(canvas)
    _check(
        _Range("points in mm", points_mm, tuple(points_mm.shape), low, high),
        _Range("stroke widths in mm", width_mm, (points_mm.shape[0],), 0, high),
        *others,
    )
    return points_mm / canvas.mm_per_px, width_mm / canvas.mm_per_px


def _reach(canvas: Canvas) -> tuple[float, float]:
    """How far strokes may go, in mm."""
    return -MAX_REACH_PX * canvas.mm_per_px, MAX_REACH_PX * canvas.mm_per_px


def _check_points(points_mm: Tensor) -> None:
    shape = tuple(points_mm.shape)
    if len(shape) != 3 or shape[2] != 2 or shape[1] < 4 or shape[1] % 3 != 1:
        raise BadInput(f"Strokes of shape {shape} are not chains of cubic Béziers: [strokes, 3K+1, 2] is.")
    if points_mm.dtype not in (torch.float32, torch.float64):
        raise BadInput(f"Strokes of {points_mm.dtype} cannot be rendered: float32 and float64 can.")


def _check(*ranges: _Range, also: Tensor | None = None) -> list[float]:
    """Raise BadInput for a wrong shape or a value out of range; returns the values of `also`.

    All limits come from the device in one copy.
    """
    for one in ranges:
        shape = tuple(one.values.shape)
        if shape != one.shape:
            raise BadInput(f"The {one.name} have shape {shape}; {one.shape} fits these strokes and pens.")
    filled = [one for one in ranges if one.values.numel()]
    ends = [torch.stack(one.values.detach().aminmax()).to(filled[0].values) for one in filled]
    rest = [] if also is None else [also.detach().to(filled[0].values)]
    numbers = torch.cat([*ends, *rest]).tolist() if filled else []
    slack = 1e-5  # a float32 softmax can add up to a little over 1
    for one, least, most in zip(filled, numbers[::2], numbers[1::2], strict=False):
        low, high = one.low, one.high
        fits = low - slack <= least and most <= high + slack
        if not (fits and math.isfinite(least) and math.isfinite(most)):
            worst = least if not least >= low - slack else most
            raise BadInput(
                f"{worst:g} is not a value for the {one.name}: each lies between {low:g} and {high:g}."
            )
    return numbers[2 * len(filled) :]
