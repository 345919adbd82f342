"""Adam (Kingma and Ba 2015), as much of it as a drawing needs.

torch.optim would do the same, but its first use imports torch's compiler: five seconds and more before
the first stroke moves.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["Adam", "RowAdam"]


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

    def gradients(self) -> list[Tensor]:
        """The gradients there are."""
        return [tensor.grad for tensor in self.tensors if tensor.grad is not None]


class RowAdam:
    """Steps on some rows of a tensor at a time; the moments of the others wait, untouched.

    As torch's SparseAdam, but every row counts its own steps, so that one that was touched seldom is still
    corrected for its short history.
    """

    def __init__(self, tensor: Tensor, betas: tuple[float, float] = (0.9, 0.99)) -> None:
        self.tensor = tensor
        self._betas = betas
        self._first, self._second = torch.zeros_like(tensor), torch.zeros_like(tensor)
        self._steps = torch.zeros(len(tensor), *[1] * (tensor.ndim - 1), device=tensor.device)

    @torch.no_grad()
    def step(self, rows: Tensor, gradient: Tensor, rate: float) -> None:
        """Move rows [n] of the tensor against their gradient [n, ...]."""
        mean, spread = self._betas
        first = self._first[rows].lerp_(gradient, 1 - mean)
        second = self._second[rows].mul_(spread).addcmul_(gradient, gradient, value=1 - spread)
        steps = self._steps[rows] + 1
        self._first[rows], self._second[rows], self._steps[rows] = first, second, steps
        size = (second / (1 - spread**steps)).sqrt_().add_(1e-12)
        self.tensor[rows] -= rate * first / (1 - mean**steps) / size
