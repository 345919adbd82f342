"""Adam (Kingma and Ba 2015), as much of it as a drawing needs.

torch.optim would do the same, but its first use imports torch's compiler: five seconds and more before
the first stroke moves.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["Adam"]


class Adam:
    """Steps on a list of leaf tensors, each with its own rate."""

    def __init__(self, tensors: list[Tensor], betas: tuple[float, float] = (0.9, 0.99)) -> None:
        self.tensors = tensors
        self._betas = betas
        self._first = [torch.zeros_like(tensor) for tensor in tensors]
        self._second = [torch.zeros_like(tensor) for tensor in tensors]
        self._steps = 0

    @torch.no_grad()
    def step(self, rates: list[float]) -> None:
        """Move each tensor against its gradient, at its rate, and forget the gradients."""
        self._steps += 1
        mean, spread = self._betas
        for tensor, first, second, rate in zip(self.tensors, self._first, self._second, rates, strict=True):
            if tensor.grad is None:
                continue
            first.lerp_(tensor.grad, 1 - mean)
            second.mul_(spread).addcmul_(tensor.grad, tensor.grad, value=1 - spread)
            size = (second / (1 - spread**self._steps)).sqrt_().add_(1e-12)
            tensor.addcdiv_(first, size, value=-rate / (1 - mean**self._steps))
            tensor.grad = None

    def finite(self) -> bool:
        """No gradient has become infinite or not a number."""
        return all(bool(t.grad.sum().isfinite()) for t in self.tensors if t.grad is not None)

    def forget(self, rows: Tensor) -> None:
        """Drop the history of some rows, after they were set anew."""
        for moment in (*self._first, *self._second):
            moment[rows] = 0
