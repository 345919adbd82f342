"""The layers of EfficientNet-Lite0 as plain data: its chain of convolutions, names and channels.

Architecture as in timm's ``tf_efficientnet_lite0`` (Tan & Le 2019, Lite variant). No torch in here,
so that layers can be listed and channels checked at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CHAIN", "CLASSES", "HEAD_CHANNELS", "LAYERS", "Conv", "layer_channels"]

STEM_CHANNELS, HEAD_CHANNELS, CLASSES = 32, 1280, 1000

_STAGES = (
    # blocks, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True, slots=True)
class Conv:
    """One folded convolution of the chain: its kind, and what happens around it."""

    kind: Literal["full", "depthwise", "point"]
    stride: int
    shape: tuple[int, int, int, int]
    relu6: bool
    opens_residual: bool = False
    closes_residual: bool = False
    layers: tuple[str, ...] = ()

    @property
    def groups(self) -> int:
        return self.shape[0] if self.kind == "depthwise" else 1


def _chain() -> tuple[Conv, ...]:
    convs = [Conv("full", 2, (STEM_CHANNELS, 3, 3, 3), True, layers=("stem",))]
    channels = STEM_CHANNELS
    for stage, (blocks, kernel, first_stride, expansion, out) in enumerate(_STAGES):
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            residual = stride == 1 and channels == out
            wide = channels * expansion
            if expansion > 1:
                convs.append(Conv("point", 1, (wide, channels, 1, 1), True, opens_residual=residual))
            convs.append(Conv("depthwise", stride, (wide, 1, kernel, kernel), True))
            names = (f"blocks.{stage}.{block}",) + ((f"blocks.{stage}",) if block == blocks - 1 else ())
            convs.append(Conv("point", 1, (out, wide, 1, 1), False, closes_residual=residual, layers=names))
            channels = out
    convs.append(Conv("point", 1, (HEAD_CHANNELS, channels, 1, 1), True, layers=("head",)))
    return tuple(convs)


CHAIN = _chain()

LAYERS: tuple[str, ...] = (*(name for conv in CHAIN for name in conv.layers), "logits")
"""Layer names from the picture to the classes: stem, blocks.0.0, blocks.0, …, head, logits."""


def layer_channels() -> dict[str, int]:
    """Channels of every layer."""
    channels = {name: conv.shape[0] for conv in CHAIN for name in conv.layers}
    return {name: channels.get(name, CLASSES) for name in LAYERS}
