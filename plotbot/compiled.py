"""`compiled` turns a function on arrays and numbers into machine code.

numba keeps the code on disk (beside the module, or in the user's cache when that is read-only), so only
the first run after an installation waits for the compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled", "compiled_into"]

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile with numba in nopython mode, with the code cached on disk."""
    return cast(Function, numba.njit(cache=True)(function))


def compiled_into(function: Function) -> Function:
    """The same for a few lines that others call all the time: they become part of each caller."""
    return cast(Function, numba.njit(cache=True, forceinline=True)(function))
