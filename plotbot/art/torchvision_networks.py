"""Torchvision's convolutional classifiers, by name, up to the layers that are asked for."""

from __future__ import annotations

import difflib
import functools
import re
import sys
import urllib.error
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torchvision.models as zoo
from torch import Tensor, nn

from plotbot.art.networks import EMBEDDED, Description, Network, file_sha256
from plotbot.art.weights import load_state_dict
from plotbot.errors import BadInput, PlotbotError

__all__ = ["describe", "fetch_weights", "open_network"]

_DEFAULT_LAYERS = {
    "alexnet": "features.8",
    "googlenet": "inception4c",
    "mobilenet_v2": "features.13",
    "squeezenet1_1": "features.10",
}
_NOT_CONVOLUTIONAL = ("vit_", "swin", "maxvit")
_LISTING_SIDE = 224


@functools.cache
def describe(name: str) -> Description:
    """Layers and channels of a torchvision classifier, found on the meta device: no weights needed.

    Raises `BadInput` for an unknown name.
    """
    weights = _pretrained(name)
    model = _build(name)
    channels, small = {}, {}
    for layer, shape in _Calls.of(model).shapes.items():
        channels[layer] = shape[1]
        if len(shape) == 4 and shape[2] >= 14:
            small[layer] = shape[1]
    aliases = _paper_names(name, model)
    channels |= {alias: channels[layer] for alias, layer in aliases.items()}
    default = _DEFAULT_LAYERS.get(name) or ("conv4_3" if "conv4_3" in aliases else None)
    if default is None:
        default = "layer3" if "layer3" in channels else list(small)[-1]
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[-1]
    return Description(name, f"torchvision {name}, ImageNet", default, channels, path, path.is_file())


def open_network(
    name: str, layers: Sequence[str], *, weights: Path | None, device: str, leaky: float
) -> Network:
    """See `plotbot.art.networks.open_network`."""
    enum = _pretrained(name)
    model = _build(name)
    aliases = _paper_names(name, model)
    places = {layer: aliases.get(layer, layer) for layer in layers}
    path = weights or fetch_weights(name)
    sha256 = file_sha256(path)
    if weights is None:
        _check_whole(name, path, sha256)
    _fill(model, name, path)
    calls = _Calls.of(_build(name))
    _fold_batch_norms(model, calls, keep=set(places.values()))
    _replace_relu(model, leaky)
    model.requires_grad_(False)
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    transforms = enum.transforms()
    return _Torchvision(
        name=name,
        weights_sha256=sha256,
        model=model,
        places=places,
        mean=torch.tensor(transforms.mean, device=device).view(3, 1, 1),
        per_std=1 / torch.tensor(transforms.std, device=device).view(3, 1, 1),
    )


class _DeepestReached(Exception):
    """Not an error: the rest of the network is not needed."""


@dataclass(frozen=True)
class _Torchvision:
    name: str
    weights_sha256: str
    model: nn.Module
    places: dict[str, str]
    mean: Tensor
    per_std: Tensor
    stride: int = 1

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        outputs: dict[str, Tensor] = {}
        wanted = set(self.places.values())

        def keep(layer: str) -> Callable[[nn.Module, Any, Tensor], None]:
            def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
                outputs[layer] = output
                if len(outputs) == len(wanted):
                    raise _DeepestReached

            return hook

        handles = [
            (self.model if place == "logits" else self.model.get_submodule(place)).register_forward_hook(
                keep(place)
            )
            for place in sorted(wanted)
        ]
        try:
            self.model((picture.to(self.mean.device) - self.mean) * self.per_std)
        except _DeepestReached:
            pass
        finally:
            for handle in handles:
                handle.remove()
        return {layer: outputs[place] for layer, place in self.places.items()}


def _names() -> list[str]:
    return [n for n in zoo.list_models(module=zoo) if not n.startswith(_NOT_CONVOLUTIONAL)]


def _pretrained(name: str) -> Any:
    if name not in _names():
        near = difflib.get_close_matches(name, [EMBEDDED, *_names()], n=4) or [EMBEDDED, "vgg16", "resnet18"]
        raise BadInput(
            f"There is no network {name!r}; use {EMBEDDED} or one of torchvision's, "
            f"such as {', '.join(near)}."
        )
    return zoo.get_model_weights(name).DEFAULT


def _build(name: str) -> nn.Module:
    """The network on the meta device: shapes without memory."""
    options: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        # These weights were trained elsewhere, on another normalisation that the model undoes itself.
        options |= {"transform_input": True, "aux_logits": False, "init_weights": False}
    with torch.device("meta"):
        model: nn.Module = zoo.get_model(name, **options)
    return model.eval()


@dataclass
class _Calls:
    """What one forward pass does: shapes of the layers that run once, and the norm after each convolution."""

    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    norm_after: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, model: nn.Module) -> _Calls:
        calls = cls()
        times: dict[str, int] = {}
        made_by: dict[int, str] = {}
        alive: list[Tensor] = []

        def watch(layer: str) -> Callable[[nn.Module, Any, Any], None]:
            def hook(module: nn.Module, inputs: Any, output: Any) -> None:
                times[layer] = times.get(layer, 0) + 1
                if not isinstance(output, Tensor):
                    return
                if isinstance(module, nn.BatchNorm2d) and id(inputs[0]) in made_by:
                    calls.norm_after[made_by[id(inputs[0])]] = layer
                if isinstance(module, nn.Conv2d):
                    made_by[id(output)] = layer
                alive.append(output)  # an id is only good while its tensor lives
                if output.ndim == 4:
                    calls.shapes[layer] = tuple(output.shape)

            return hook

        _replace_relu(model, 0.0)
        handles = [module.register_forward_hook(watch(n)) for n, module in model.named_modules() if n]
        logits = model(torch.empty(1, 3, _LISTING_SIDE, _LISTING_SIDE, device="meta"))
        for handle in handles:
            handle.remove()
        calls.shapes = {n: s for n, s in calls.shapes.items() if times[n] == 1}
        calls.shapes["logits"] = tuple(logits.shape)
        return calls


def _paper_names(name: str, model: nn.Module) -> dict[str, str]:
    """conv4_3 and relu4_3, as the papers count VGG's layers, for torchvision's features.21."""
    if not name.startswith("vgg"):
        return {}
    names: dict[str, str] = {}
    block, place = 1, 0
    for index, layer in enumerate(model.features):  # type: ignore[arg-type]
        if isinstance(layer, nn.Conv2d):
            place += 1
            names[f"conv{block}_{place}"] = f"features.{index}"
        elif isinstance(layer, nn.ReLU):
            names[f"relu{block}_{place}"] = f"features.{index}"
        elif isinstance(layer, nn.MaxPool2d):
            block, place = block + 1, 0
    return names


def fetch_weights(name: str) -> Path:
    """The pretrained weights in torchvision's own cache, fetched there when missing, with a progress bar on
    stderr. Raises `PlotbotError` when they cannot be fetched, or are not what their name says."""
    path = describe(name).weights
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        url = _pretrained(name).url
        torch.hub.download_url_to_file(url, str(path), _digest(path), progress=sys.stderr.isatty())
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise PlotbotError(
            f"The weights of {name} cannot be downloaded ({error}). Put the file {path.name} into "
            f"{path.parent}, name it with --weights, or use --network {EMBEDDED}, which needs no download."
        ) from error
    return path


def _digest(path: Path) -> str | None:
    """The beginning of the SHA-256 that torchvision writes into the names of its files."""
    found = re.search(r"-([0-9a-f]{8,})\.", path.name)
    return found[1] if found else None


def _check_whole(name: str, path: Path, sha256: str) -> None:
    digest = _digest(path)
    if digest is not None and not sha256.startswith(digest):
        raise PlotbotError(
            f"{path} is damaged, or not torchvision's weights of {name}: its SHA-256 begins with "
            f"{sha256[:8]} instead of {digest}. Delete it to have it downloaded again, or name another "
            "file with --weights."
        )


def _fill(model: nn.Module, name: str, path: Path) -> None:
    state = {
        k: v for k, v in load_state_dict(path).items() if not k.startswith(("aux1.", "aux2.", "AuxLogits."))
    }
    wanted = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    wrong = [key for key, shape in wanted.items() if key not in state or tuple(state[key].shape) != shape]
    extra = [key for key in state if key not in wanted]
    if wrong or extra:
        example = (wrong or extra)[0]
        raise BadInput(
            f"{path} holds the weights of another network: {len(wrong)} of {len(wanted)} tensors of {name} "
            f"are missing or shaped otherwise and {len(extra)} are unknown, for example {example}."
        )
    model.load_state_dict(state, assign=True)


def _fold_batch_norms(model: nn.Module, calls: _Calls, keep: set[str]) -> None:
    """Fold each norm into the convolution it follows, unless the convolution's own output is wanted."""
    for conv_name, norm_name in calls.norm_after.items():
        if conv_name in keep:
            continue
        conv, norm = model.get_submodule(conv_name), model.get_submodule(norm_name)
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        model.set_submodule(conv_name, nn.utils.fusion.fuse_conv_bn_eval(conv, norm))
        model.set_submodule(norm_name, nn.Identity())


def _replace_relu(model: nn.Module, leaky: float) -> None:
    """Make every ReLU keep its input, which may be a layer someone looks at; leaky on request."""
    for name, module in list(_modules(model)):
        if isinstance(module, nn.ReLU):
            model.set_submodule(name, nn.LeakyReLU(leaky) if leaky else nn.ReLU())
        elif getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]


def _modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((name, module) for name, module in model.named_modules() if name)
