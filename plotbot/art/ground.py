"""What strokes lie on while they grow: a sheet with edges, or a tile that goes on beyond its own.

A `Sheet` ends where the paper does: strokes stay on it and views show bare paper beyond. A `Torus` has no
edges: what leaves it on the right comes in on the left, and what leaves it at the bottom comes in at the
top. A drawing that grew on one can be laid side by side with itself, and no seam shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from plotbot.art.ink_renderer import Canvas
from plotbot.art.strokes import Drawable, random_strokes, regularity

__all__ = ["Copies", "Ground", "Sheet", "Torus"]

AROUND = 0.2
"""How much of a tile's neighbours is put around it for a view to turn in, as a share of its size."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Strokes to render besides the N there are: `of` [M] their numbers, `moved_mm` [M, 2] how far away."""

    of: Tensor
    moved_mm: Tensor

    def points(self, points_mm: Tensor) -> Tensor:
        """Points [N, n, 2] and behind them those of the copies: [N + M, n, 2]."""
        return torch.cat([points_mm, points_mm[self.of] + self.moved_mm[:, None]])

    def inks(self, inks: Tensor) -> Tensor:
        """What strokes are drawn with [N, ...], and behind that the same of the copies."""
        return torch.cat([inks, inks[self.of]])


class Ground(Protocol):
    """Where strokes may be, and what is seen where they end."""

    canvas: Canvas
    drawable: Drawable

    def scatter(self, count: int, spans: int, length: float, generator: torch.Generator) -> Tensor:
        """Strokes to begin with: vertices [count, spans + 3, 2], on the CPU."""

    def hold(self, vertices: Tensor) -> None:
        """Bring strokes [N, K+3, 2] that strayed back, in place."""

    def copies(self, points_mm: Tensor) -> Copies | None:
        """What of strokes with points [N, n, 2] must be rendered once more."""

    def regularity(self, vertices: Tensor) -> dict[str, Tensor]:
        """See `plotbot.art.strokes.regularity`."""

    def framed(self, film: Tensor, generator: torch.Generator | None) -> Tensor:
        """The film [3, H, W] with what a view may see around it; a generator may choose its middle."""


class Sheet:
    """Paper with edges. nib: the widest pen in mm, which stays on the drawing to half its width."""

    def __init__(self, canvas: Canvas, drawable: Drawable, nib: float) -> None:
        self.canvas, self.drawable = canvas, drawable
        self._low, self._high = nib / 2, (drawable.width - nib / 2, drawable.height - nib / 2)

    def scatter(self, count: int, spans: int, length: float, generator: torch.Generator) -> Tensor:
        """Strokes spread evenly within the inset."""
        return random_strokes(count, spans, length, self.drawable, generator)

    @torch.no_grad()
    def hold(self, vertices: Tensor) -> None:
        """Clamp vertices to the sheet."""
        for axis, high in enumerate(self._high):
            vertices[..., axis].clamp_(self._low, high)

    def copies(self, points_mm: Tensor) -> Copies | None:
        """None."""
        return None

    def regularity(self, vertices: Tensor) -> dict[str, Tensor]:
        """With the edges."""
        return regularity(vertices, self.drawable)

    def framed(self, film: Tensor, generator: torch.Generator | None) -> Tensor:
        """The film as it is."""
        return film


class Torus:
    """A tile as large as its canvas, which its own copies surround on all sides.

    reach: how far from a stroke's points its ink may reach, in mm.
    """

    def __init__(self, canvas: Canvas, shortest: float, longest: float, reach: float) -> None:
        self.canvas, self._reach = canvas, reach
        width, height = canvas.width_px * canvas.mm_per_px, canvas.height_px * canvas.mm_per_px
        self.drawable = Drawable(width, height, shortest, longest, inset=0.0)
        self.period = (width, height)

    def scatter(self, count: int, spans: int, length: float, generator: torch.Generator) -> Tensor:
        """Strokes spread evenly, also across the edges."""
        return random_strokes(count, spans, length, self.drawable, generator, bounded=False)

    @torch.no_grad()
    def hold(self, vertices: Tensor) -> None:
        """Move strokes by whole periods until their middles lie on the tile."""
        period = vertices.new_tensor(self.period)
        vertices -= (vertices.mean(1, keepdim=True) / period).floor() * period

    @torch.no_grad()
    def copies(self, points_mm: Tensor) -> Copies | None:
        """Strokes that show on the tile from one of its eight neighbours."""
        period = points_mm.new_tensor(self.period)
        low, high = points_mm.amin(1) - self._reach, points_mm.amax(1) + self._reach
        steps = torch.tensor([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]).to(period)
        moves = steps * period
        seen = ((high[:, None] + moves > 0) & (low[:, None] + moves < period)).all(-1)
        of, which = seen.nonzero().unbind(1)
        return Copies(of, moves[which])

    def regularity(self, vertices: Tensor) -> dict[str, Tensor]:
        """Without edges."""
        return regularity(vertices, self.drawable, bounded=False)

    def framed(self, film: Tensor, generator: torch.Generator | None) -> Tensor:
        """The tile with a part of its neighbours around it, any place of it in the middle."""
        height, width = film.shape[1:]
        if generator is not None:
            down, across = torch.rand(2, generator=generator).tolist()
            film = film.roll((int(down * height), int(across * width)), (1, 2))
        pad = [math.ceil(side * AROUND) for side in (width, height)]
        return F.pad(film[None], (pad[0], pad[0], pad[1], pad[1]), mode="circular")[0]
