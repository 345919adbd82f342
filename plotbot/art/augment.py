"""Views: how the network looks at a drawing, a little turned, shifted and scaled each time.

What excites a channel only from one exact position is noise to the eye; what survives jitter, scaling
and rotation has structure (Olah, Mordvintsev, Schubert, "Feature Visualization", Distill 2017). All of
it is one affine resampling, with bare paper beyond the edges of the drawing. A fixed set of views,
always the same, is what activations are reported under.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Jitter", "fixed_views", "look", "random_views", "sampled", "view_size"]

FIXED_VIEWS = 12
_FIXED_SEED = 20


@dataclass(frozen=True, slots=True)
class Jitter:
    """How far views stray: `turn` in degrees either way, `shift` as a share of the short side, `scale`
    as a factor either way."""

    turn: float = 8.0
    shift: float = 0.06
    scale: float = 1.12


def view_size(height: int, width: int, stride: int) -> tuple[int, int]:
    """The size of a view of a drawing: its own, each side up to the next multiple of the network's stride."""
    return -(-height // stride) * stride, -(-width // stride) * stride


def random_views(count: int, generator: torch.Generator, jitter: Jitter) -> Tensor:
    """Random views [count, 4]: turn in radians, log of scale, shift down and across in short sides."""
    spread = torch.tensor([math.radians(jitter.turn), math.log(jitter.scale), jitter.shift, jitter.shift])
    return (torch.rand(count, 4, generator=generator) * 2 - 1) * spread


def fixed_views(count: int = FIXED_VIEWS) -> Tensor:
    """The views activations are reported under: always the same, the straight one first."""
    views = random_views(count, torch.Generator().manual_seed(_FIXED_SEED), Jitter())
    views[0] = 0
    return views


def look(film: Tensor, views: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample a film [3, H, W] under views [B, 4]: [B, 3, h, w] with bare paper (1) beyond the edges.

    Pixels keep their size, apart from the view's scale; the drawing's centre is the view's centre but
    for its shift. Differentiable in the film.
    """
    height, width = film.shape[1:]
    views = views.to(film)
    turn, zoom, down, across = views[:, 0], views[:, 1].exp(), views[:, 2], views[:, 3]
    short = min(height, width)
    cos, sin = turn.cos() / zoom, turn.sin() / zoom
    # From normalised places in the view to normalised places in the drawing.
    y_size, x_size = size[0] / height, size[1] / width
    aspect = size[0] / width, size[1] / height
    theta = torch.stack(
        [
            torch.stack([cos * x_size, -sin * aspect[0], 2 * across * short / width], -1),
            torch.stack([sin * aspect[1], cos * y_size, 2 * down * short / height], -1),
        ],
        1,
    )
    grid = F.affine_grid(theta, [len(views), 3, *size], align_corners=False)
    # Ink is what is missing from 1, so that the zeros beyond the edges are bare paper.
    ink = 1 - film
    if not film.is_cpu:
        return 1 - sampled(ink, grid)
    ink = ink.expand(len(views), -1, -1, -1)
    return 1 - F.grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def sampled(picture: Tensor, grid: Tensor) -> Tensor:
    """As `torch.nn.functional.grid_sample`, bilinear with zeros beyond the edges, of one picture [C, H, W]
    for grids [B, h, w, 2]: [B, C, h, w].

    On a GPU torch's own adds up gradients in any order, and a drawing would not come out the same twice.
    """
    channels, height, width = picture.shape
    x, y = ((grid[..., 0] + 1) * width - 1) / 2, ((grid[..., 1] + 1) * height - 1) / 2
    left, top = x.floor(), y.floor()
    result = picture.new_zeros(channels, *x.shape)
    for column, across in ((left, left + 1 - x), (left + 1, x - left)):
        for row, down in ((top, top + 1 - y), (top + 1, y - top)):
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            place = row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long()
            result = result + picture.flatten(1)[:, place] * (across * down * inside)
    return result.transpose(0, 1)
