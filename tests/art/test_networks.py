"""The networks: real weights, the right numbers, only what is needed, and plain words for mistakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import timm
import torch
import torchvision

from plotbot.art import torchvision_networks
from plotbot.art.efficientnet import EfficientNetLite0
from plotbot.art.networks import (
    EMBEDDED,
    IMAGENET_MEAN,
    IMAGENET_STD,
    SUGGESTED,
    Network,
    check_channel,
    class_index,
    class_names,
    describe,
    open_network,
)
from plotbot.art.weights import load_state_dict
from plotbot.errors import BadInput, PlotbotError


def normalised(picture: torch.Tensor) -> torch.Tensor:
    return (picture - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / torch.tensor(IMAGENET_STD).view(3, 1, 1)


def test_embedded_network_recognises_the_cat(network: Network) -> None:
    photo = torch.from_numpy(np.array(skimage.data.chelsea())).permute(2, 0, 1)[None].float() / 255
    side = min(photo.shape[2:])
    left = (photo.shape[3] - side) // 2
    square = photo[:, :, :side, left : left + side]
    picture = torch.nn.functional.interpolate(square, (224, 224), mode="bilinear", antialias=True)
    best = network(picture)["logits"][0].topk(3).indices.tolist()
    assert set(best) == {class_index(name) for name in ("tabby", "tiger cat", "Egyptian cat")}


def test_embedded_network_is_timms_in_both_directions() -> None:
    state = load_state_dict(describe(EMBEDDED).weights)
    theirs = timm.create_model("tf_efficientnet_lite0").eval().double()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    outputs: dict[str, torch.Tensor] = {}
    for name, module in {
        "stem": theirs.bn1,
        "blocks.1.0": theirs.blocks[1][0],
        "blocks.4": theirs.blocks[4],
        "head": theirs.bn2,
    }.items():
        module.register_forward_hook(lambda _m, _i, output, name=name: outputs.__setitem__(name, output))
    names = ["stem", "blocks.1.0", "blocks.4", "head", "logits"]
    ours = EfficientNetLite0(state, names, dtype=torch.float64)
    picture = torch.rand(2, 3, 64, 96, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    picture.requires_grad_()
    outputs["logits"] = theirs(picture)
    mine = ours(picture)
    assert list(mine) == names
    for name in names:
        torch.testing.assert_close(mine[name], outputs[name], rtol=1e-9, atol=1e-9)

    def mixed(maps: dict[str, torch.Tensor]) -> torch.Tensor:
        return sum((maps[n] * torch.linspace(-1, 1, maps[n].numel()).view_as(maps[n])).sum() for n in names)  # type: ignore[return-value]

    (mine_grad,) = torch.autograd.grad(mixed(mine), picture)
    (their_grad,) = torch.autograd.grad(mixed(outputs), picture)
    torch.testing.assert_close(mine_grad, their_grad, rtol=1e-7, atol=1e-9)


def test_only_the_part_that_is_needed_is_run() -> None:
    state = load_state_dict(describe(EMBEDDED).weights)
    assert len(EfficientNetLite0(state, ["blocks.0"])._weights) == 3
    assert list(EfficientNetLite0(state, ["blocks.0"])(torch.rand(1, 3, 32, 32))) == ["blocks.0"]


def test_describing_the_embedded_network_needs_no_torch() -> None:
    code = (
        "import sys\nfrom plotbot.art.networks import describe, check_channel\n"
        "d = describe('embedded'); check_channel(d, d.default_layer, 87)\n"
        "assert d.available and d.channels['blocks.4'] == 112\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("channel", "layer"), [(112, "blocks.4"), (-1, "blocks.4"), (16, "blocks.0")])
def test_channel_out_of_range_names_layer_and_range(channel: int, layer: str) -> None:
    description = describe(EMBEDDED)
    with pytest.raises(
        BadInput, match=f"{channel} .*{layer} of embedded .*0 to {description.channels[layer] - 1}"
    ):
        check_channel(description, layer, channel)


def test_unknown_names_come_with_the_nearest_ones() -> None:
    with pytest.raises(BadInput, match=r"blocks\.4"):
        open_network(EMBEDDED, ["block.4"])
    with pytest.raises(BadInput, match="vgg16"):
        describe("vg16")
    with pytest.raises(BadInput, match="vit_b_16"):
        describe("vit_b_16")


def test_classes_by_name_synonym_and_number() -> None:
    assert len(class_names()) == 1000
    assert class_index("tabby cat") == class_index("Tabby") == class_index("281") == 281
    with pytest.raises(BadInput, match="tabby cat"):
        class_index("tabby kat")
    with pytest.raises(BadInput, match="0 to 999"):
        class_index("1000")


@pytest.mark.parametrize("name", SUGGESTED[1:])
def test_suggested_networks_have_their_default_layer(name: str) -> None:
    description = describe(name)
    assert description.channels[description.default_layer] >= 64
    assert description.channels["logits"] == 1000
    assert description.weights.name.startswith(name.split("_", 1)[0])


def test_vgg_layers_are_counted_as_in_the_papers() -> None:
    channels = describe("vgg16").channels
    assert (channels["conv1_1"], channels["conv4_3"], channels["conv5_3"]) == (64, 512, 512)
    assert "conv4_4" not in channels
    assert "conv4_4" in describe("vgg19").channels


@pytest.mark.parametrize(
    ("name", "layer", "module"),
    [
        ("resnet18", "layer2", "layer2"),
        ("resnet18", "conv1", "conv1"),
        ("squeezenet1_1", "features.6", "features.6"),
    ],
)
def test_weights_file_gives_torchvisions_own_activations(
    tmp_path: Path, name: str, layer: str, module: str
) -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(name, weights=None).eval()
    for part in theirs.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.uniform_(-1, 1)
            part.running_var.uniform_(0.5, 2)
    torch.save({"state_dict": theirs.state_dict()}, tmp_path / "weights.pth")
    kept: list[torch.Tensor] = []
    theirs.get_submodule(module).register_forward_hook(lambda _m, _i, output: kept.append(output.clone()))
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        theirs(normalised(picture))
        ours = open_network(name, [layer], weights=tmp_path / "weights.pth")(picture)
    torch.testing.assert_close(ours[layer], kept[0], rtol=1e-3, atol=1e-4)


def fan_in(weight: torch.Tensor) -> int:
    return weight[0].numel() if weight.ndim == 4 else 1


def random_weights(name: str, path: Path) -> Path:
    """A file of random weights; what makes VGG's and AlexNet's so large, the classifier, is one number."""
    torch.manual_seed(0)
    with torch.device("meta"):
        options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
        shapes = torchvision.models.get_model(name, weights=None, **options).state_dict()
    state = {
        key: torch.rand(1).expand(meta.shape) if meta.ndim == 2 else torch.rand(meta.shape) / fan_in(meta)
        for key, meta in shapes.items()
    }
    torch.save(state, path)
    return path


@pytest.mark.parametrize("name", SUGGESTED[1:])
def test_suggested_networks_run_with_a_file_of_weights(tmp_path: Path, name: str) -> None:
    description = describe(name)
    layer = description.default_layer
    weights = random_weights(name, tmp_path / "weights.pth")
    network = open_network(name, [layer], weights=weights, leaky=0.1)
    picture = torch.rand(1, 3, 96, 64, requires_grad=True)
    maps = network(picture)[layer]
    assert maps.shape[:2] == (1, description.channels[layer])
    maps.square().mean().backward()
    assert picture.grad is not None
    assert 0 < float(picture.grad.abs().sum()) < float("inf")


def test_leaky_relu_lets_the_gradient_through(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(torchvision.models.alexnet(weights=None).state_dict(), tmp_path / "weights.pth")
    picture = torch.rand(1, 3, 64, 64)
    flat = open_network("alexnet", ["features.1"], weights=tmp_path / "weights.pth")(picture)["features.1"]
    leaky = open_network("alexnet", ["features.1"], weights=tmp_path / "weights.pth", leaky=0.1)(picture)
    assert float(flat.min()) == 0
    assert float(leaky["features.1"].min()) < 0


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), tmp_path / "other.pth")
    with pytest.raises(BadInput, match="another network"):
        open_network("resnet18", ["layer2"], weights=tmp_path / "other.pth")
    with pytest.raises(BadInput, match="not EfficientNet-Lite0"):
        open_network(EMBEDDED, ["blocks.4"], weights=tmp_path / "other.pth")


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (Path.write_text, (Path("evil.txt"), "executed"))


def test_weights_files_are_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": _Evil()}, tmp_path / "evil.pth")
    for name, content in {"text.pth": b"no weights", "empty.pth": b""}.items():
        (tmp_path / name).write_bytes(content)
    for name in ("evil.pth", "text.pth", "empty.pth", "missing.pth"):
        with pytest.raises(BadInput, match=name):
            open_network(EMBEDDED, ["blocks.4"], weights=tmp_path / name)
    assert not (tmp_path / "evil.txt").exists()


def test_a_damaged_file_in_the_cache_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torchvision_networks.describe.cache_clear()
    try:
        path = describe("squeezenet1_1").weights
        path.parent.mkdir(parents=True)
        random_weights("squeezenet1_1", path)
        with pytest.raises(PlotbotError, match=r"squeezenet1_1-b8a52dc0\.pth is damaged.*Delete it"):
            open_network("squeezenet1_1", ["features.6"])
    finally:
        torchvision_networks.describe.cache_clear()


def test_offline_names_the_file_and_where_to_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    torchvision_networks.describe.cache_clear()
    try:
        with pytest.raises(PlotbotError, match=r"alexnet-owt-7be5be79\.pth into .*checkpoints.*--weights"):
            open_network("alexnet", ["features.8"])
        assert not list(tmp_path.rglob("*.pth"))
    finally:
        torchvision_networks.describe.cache_clear()
