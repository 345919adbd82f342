"""Coverage by diffvg, where it is installed, behind plotbot's own ink model.

Li, Lukáč, Gharbi, Ragan-Kelley, "Differentiable Vector Graphics Rasterization for Editing and Learning"
(2020). It stands in for plotbot's coverage alone: what inks do on paper is the same. It samples where
plotbot integrates, so pictures are noisier, and it is far slower (hundreds of times on a CPU), as every
pen is a scene of its own.

diffvg is on no package index and was not there when this was written, so that this module follows its
source (`pydiffvg/render_pytorch.py`, `diffvg.cpp`) and has not been run; tests run where it is importable.
"""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from plotbot.errors import BadInput

__all__ = ["DiffvgCoverage", "check_importable"]

SAMPLES = 2
"""Samples along each side of a pixel, as diffvg's own examples have."""

NUDGE_PX = 1e-2
"""How far inner points are moved: diffvg draws nothing for an exactly straight, evenly spaced cubic."""


def check_importable() -> None:
    """Raise `BadInput` where there is no diffvg."""
    if importlib.util.find_spec("pydiffvg") is None:
        raise BadInput(
            "--renderer diffvg needs the module pydiffvg, which is not installed here; build it from source "
            "as the README says, or leave --renderer out to use plotbot's own."
        )


@dataclass
class DiffvgCoverage:
    """Renders coverage with diffvg; every call draws new samples, the same ones for the same calls.

    A change of samples from step to step keeps the optimiser from fitting strokes to them.
    """

    samples: int = SAMPLES
    _seeds: itertools.count[int] = field(default_factory=itertools.count)

    def __call__(
        self, points: Tensor, width: Tensor, weights: Tensor, height_px: int, width_px: int
    ) -> Tensor:
        """Share of each pixel that stays bare, by pen: [H·W, P], as `ink_coverage.bare_share`.

        points: [N, 3K+1, 2] and width: [N] in pixels. weights: [N, P] in 0..1. Where strokes of one pen
        lie over one another, diffvg's alpha is 1 - Π (1 - w a), which is the coverage that is asked for.
        """
        import pydiffvg  # noqa: PLC0415

        pydiffvg.set_use_gpu(points.is_cuda)
        if points.is_cuda:
            pydiffvg.set_device(points.device)
        bare = []
        for alpha in weights.unbind(1):
            drawn = (alpha.detach() > 0).nonzero()[:, 0].tolist()
            if not drawn:
                bare.append(points.new_ones(height_px * width_px))
                continue
            shapes, groups = _scene(pydiffvg, points, width, alpha, drawn)
            scene = pydiffvg.RenderFunction.serialize_scene(width_px, height_px, shapes, groups)
            image = pydiffvg.RenderFunction.apply(
                width_px, height_px, self.samples, self.samples, next(self._seeds), None, *scene
            )
            bare.append(1 - image[:, :, 3].reshape(-1).to(points))
        return torch.stack(bare, 1)


def _scene(
    pydiffvg: Any, points: Tensor, width: Tensor, alpha: Tensor, drawn: list[int]
) -> tuple[list[Any], list[Any]]:
    """One path and one group for each stroke that is drawn."""
    spans = (points.shape[1] - 1) // 3
    control_points = torch.full((spans,), 2, dtype=torch.int32)
    inner = torch.arange(points.shape[1], device=points.device) % 3 == 1
    nudge = points.new_tensor([NUDGE_PX, -2 * NUDGE_PX]) * inner[:, None]
    white = alpha.new_ones(3)
    shapes, groups = [], []
    for index, stroke in enumerate(drawn):
        shapes.append(
            pydiffvg.Path(
                num_control_points=control_points,
                points=(points[stroke] + nudge).float().contiguous(),
                is_closed=False,
                stroke_width=width[stroke].float() / 2,  # it is a half-width there
            )
        )
        groups.append(
            pydiffvg.ShapeGroup(
                shape_ids=torch.tensor([index], dtype=torch.int32),
                fill_color=None,
                stroke_color=torch.cat([white, alpha[stroke, None]]).float().contiguous(),
            )
        )
    return shapes, groups
