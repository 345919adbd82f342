"""EfficientNet-Lite0 up to the layers that are asked for, fast in both directions on a CPU.

The network is timm's ``tf_efficientnet_lite0`` (Tan & Le 2019, the Lite variant without squeeze and
excitation, ReLU6 throughout). Only the gradient with respect to the picture is ever needed, so the
batch norms are folded into the convolutions and the backward pass is written out: the input gradient
of a stride-1 convolution is again a convolution, with the kernel turned round, and runs several times
faster than the general one. Importing neither timm nor torchvision saves ten seconds of start-up;
a test holds both implementations against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from plotbot.art.efficientnet_layers import CHAIN, CLASSES, HEAD_CHANNELS, Conv
from plotbot.errors import BadInput

__all__ = ["EfficientNetLite0"]

BN_EPS = 1e-3


class EfficientNetLite0:
    """The network, cut off after the deepest of `layers`.

    state_dict: a state dict in the order of timm's; names are not looked at, shapes are.
    Raises `BadInput` when the shapes are those of another network.
    """

    stride = 32
    """Sides of a picture must be multiples of this."""

    def __init__(
        self,
        state_dict: Mapping[str, Tensor],
        layers: Sequence[str],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        folded, classifier = _fold(list(state_dict.values()))
        self._wants_logits = "logits" in layers
        taps = {i: name for i, conv in enumerate(CHAIN) for name in conv.layers if name in layers}
        depth = len(CHAIN) if self._wants_logits else max(taps) + 1
        if self._wants_logits:
            taps.setdefault(depth - 1, "head")
        self._names = {i: [n for n in CHAIN[i].layers if n in layers] for i in sorted(taps)}
        self._weights = [
            _Weights.prepare(conv, kernel.to(device, dtype), bias.to(device, dtype))
            for conv, (kernel, bias) in zip(CHAIN[:depth], folded, strict=False)
        ]
        self._classifier = tuple(t.to(device, dtype) for t in classifier)

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        """Activations of the asked layers for normalised pictures [B, 3, H, W]; maps are [B, C, h, w],
        logits [B, 1000]. Differentiable once with respect to the picture."""
        if any(side % self.stride for side in picture.shape[-2:]):
            raise ValueError(f"sides of {tuple(picture.shape)} are no multiples of {self.stride}")
        taps = tuple(self._names)
        outputs = _Trunk.apply(picture, self._weights, taps)
        result = {
            name: output for index, output in zip(taps, outputs, strict=True) for name in self._names[index]
        }
        if self._wants_logits:
            pooled = outputs[-1].mean((2, 3))
            result["logits"] = F.linear(pooled, *self._classifier)
        return result


@dataclass(frozen=True, slots=True)
class _Weights:
    conv: Conv
    kernel: Tensor
    bias: Tensor
    backward_kernel: Tensor

    @classmethod
    def prepare(cls, conv: Conv, kernel: Tensor, bias: Tensor) -> _Weights:
        if conv.kind == "point":
            turned = kernel.transpose(0, 1)
        elif conv.kind == "depthwise":
            turned = kernel.flip(2, 3)
        else:
            turned = _phase_kernel(kernel)
        return cls(
            conv,
            kernel.contiguous(memory_format=torch.channels_last),
            bias.contiguous(),
            turned.contiguous(memory_format=torch.channels_last),
        )

    def forward(self, x: Tensor) -> Tensor:
        conv, size = self.conv, self.conv.shape[-1]
        padding = size // 2
        if conv.stride == 2:
            # TensorFlow's "same" for even sides: one pixel less in front than behind.
            x = F.pad(x, (padding - 1, padding) * 2)
            padding = 0
        y = F.conv2d(x, self.kernel, self.bias, conv.stride, padding, 1, conv.groups)
        return F.hardtanh_(y, 0.0, 6.0) if conv.relu6 else y

    def backward(self, grad: Tensor) -> Tensor:
        conv, size = self.conv, self.conv.shape[-1]
        if conv.kind == "full":
            phases = F.conv2d(F.pad(grad, (1, 0, 1, 0)), self.backward_kernel)
            return F.pixel_shuffle(phases, 2)
        if conv.stride == 2:
            n, c, h, w = grad.shape
            spread = grad.new_zeros((n, c, 2 * h, 2 * w)).contiguous(memory_format=torch.channels_last)
            # The odd places: the same padding in front as in `forward`, then a centred kernel.
            spread[:, :, 1::2, 1::2] = grad
            grad = spread
        return F.conv2d(grad, self.backward_kernel, None, 1, size // 2, 1, conv.groups)


def _phase_kernel(kernel: Tensor) -> Tensor:
    """Input gradient of the stem (3 × 3, stride 2, padded behind) as a 2 × 2 convolution.

    Even input pixels 2i see the outputs i (tap 0) and i−1 (tap 2), odd ones 2i+1 see i (tap 1). The
    four phases become channels that `pixel_shuffle` interleaves. kernel [O, I, 3, 3] -> [4 I, O, 2, 2].
    """
    phase_taps = kernel.new_zeros(2, 3, 2)
    phase_taps[0, 2, 0] = phase_taps[0, 0, 1] = phase_taps[1, 1, 1] = 1
    phases = torch.einsum("oiyx,pya,qxb->ipqoab", kernel, phase_taps, phase_taps)
    return phases.reshape(-1, kernel.shape[0], 2, 2)


class _Trunk(torch.autograd.Function):
    """The chain of convolutions as one node of the graph."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor, weights: Sequence[_Weights], taps: tuple[int, ...]) -> Any:
        x = picture.contiguous(memory_format=torch.channels_last)
        residual = x
        rectified, outputs = [], []
        for index, layer in enumerate(weights):
            if layer.conv.opens_residual:
                residual = x
            x = layer.forward(x)
            if layer.conv.relu6:
                rectified.append(x)
            if layer.conv.closes_residual:
                x = x.add_(residual)
            if index in taps:
                outputs.append(x)
        ctx.save_for_backward(*rectified)
        ctx.weights, ctx.taps = weights, taps
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        rectified = list(ctx.saved_tensors)
        at_tap = dict(zip(ctx.taps, grads, strict=True))
        grad: Tensor | None = None
        residual: Tensor | None = None
        for index in reversed(range(len(ctx.weights))):
            layer = ctx.weights[index]
            output = rectified.pop() if layer.conv.relu6 else None
            tapped = at_tap.get(index)
            if tapped is not None:
                tapped = tapped.contiguous(memory_format=torch.channels_last)
                grad = tapped if grad is None else grad + tapped
            if grad is None:
                continue
            if layer.conv.closes_residual:
                residual = grad
            if output is not None:
                grad = torch.ops.aten.hardtanh_backward(grad, output, 0.0, 6.0)
            grad = layer.backward(grad)
            if layer.conv.opens_residual and residual is not None:
                grad = grad + residual
                residual = None
        return grad, None, None


def _fold(tensors: list[Tensor]) -> tuple[list[tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
    """Fold each batch norm into the convolution before it, in float64."""
    shapes: list[tuple[int, ...]] = []
    for conv in CHAIN:
        channels = (conv.shape[0],)
        shapes += [conv.shape, channels, channels, channels, channels, ()]
    shapes += [(CLASSES, HEAD_CHANNELS), (CLASSES,)]
    if [tuple(t.shape) for t in tensors] != shapes:
        raise BadInput(
            f"These weights are not EfficientNet-Lite0's: {len(tensors)} tensors, where {len(shapes)} of "
            "certain shapes are needed. Leave out the weights file to use the embedded ones."
        )
    folded = []
    for index in range(len(CHAIN)):
        kernel, gain, shift, mean, variance = (t.double() for t in tensors[6 * index : 6 * index + 5])
        scale = gain / torch.sqrt(variance + BN_EPS)
        folded.append((kernel * scale[:, None, None, None], shift - mean * scale))
    return folded, (tensors[-2].double(), tensors[-1].double())
