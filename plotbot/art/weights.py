"""State dicts from files nobody vouches for."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from plotbot.errors import BadInput

__all__ = ["MAX_WEIGHT_BYTES", "load_state_dict"]

MAX_WEIGHT_BYTES = 2_000_000_000


def load_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors in a weights file, by name, on the CPU; nothing in the file is executed.

    A checkpoint that keeps its state dict under ``state_dict`` or ``model`` is understood too.
    Raises `BadInput` when the file is missing, too large, or holds no tensors.
    """
    try:
        if path.stat().st_size > MAX_WEIGHT_BYTES:
            raise BadInput(
                f"Weights {path} are larger than {MAX_WEIGHT_BYTES / 1e9:g} GB; choose another file."
            )
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise BadInput(f"There is no weights file {path}.") from error
    except OSError as error:
        raise BadInput(f"Weights {path} cannot be read: {error.strerror or error}.") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise BadInput(f"{path} is no file of weights that torch can load safely.") from error
    for key in ("state_dict", "model"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise BadInput(f"{path} holds no state dict of tensors; save model.state_dict() and use that file.")
    return dict(loaded)
