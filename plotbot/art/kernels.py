"""How compiled kernels of the art run: dealt out to as many threads as torch may use.

They release the interpreter lock and are started as plain threads: numba's own thread pool may not be
entered from two threads at once, which a program around plotbot may well do.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Array", "array_of", "jit", "split", "together"]

Array = NDArray[Any]

jit = njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"nnan", "nsz", "arcp", "contract", "reassoc"}
)


def array_of(tensor: Tensor) -> Array:
    array: Array = tensor.detach().contiguous().numpy()
    return array


def split(total: int, parts: int) -> list[tuple[int, int]]:
    """[0, total) in about equal parts, at least one."""
    parts = max(1, min(parts, total))
    return [(total * i // parts, total * (i + 1) // parts) for i in range(parts)]


def together(tasks: list[Callable[[], Any]]) -> list[Any]:
    """Run tasks on as many threads as torch may use; results in the order of the tasks."""
    threads = min(torch.get_num_threads(), len(tasks))
    results: list[Any] = [None] * len(tasks)
    errors: list[BaseException] = []
    turn = itertools.count()

    def work() -> None:
        try:
            while (at := next(turn)) < len(tasks):
                results[at] = tasks[at]()
        except BaseException as error:
            errors.append(error)

    helpers = [threading.Thread(target=work) for _ in range(threads - 1)]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]
    return results
