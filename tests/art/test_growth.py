"""A run is kept: pictures as it grew, and scalars, pictures and settings for TensorBoard."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import IMAGES, EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from plotbot.art.artwork import Artwork, Step
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.growth import growth_pictures, strip
from plotbot.art.judge import rasterise
from plotbot.art.networks import EMBEDDED, describe
from plotbot.art.style import style_term
from plotbot.art.tensorboard_log import losses, write_run
from plotbot.ink.film import film_to_srgb
from plotbot.ink.spaces import srgb_uint8

STYLE_WEIGHT = 20


@pytest.fixture(scope="module")
def styled(small: GenerateSettings) -> tuple[Artwork, GenerateSettings]:
    style = style_term("mondrian", describe(EMBEDDED), STYLE_WEIGHT)
    settings = replace(small, objective=small.objective + style, steps=14)
    return generate(settings), settings


def test_pictures_show_the_drawing_as_it_grew(grown: tuple[Artwork, list[Step]]) -> None:
    artwork, _ = grown
    pictures = growth_pictures(artwork, 100)
    assert [label for label, _ in pictures][:2] == ["step 0", f"step {artwork.growth[1].step}"]
    assert pictures[-1][0] == "final"
    assert {picture.shape for _, picture in pictures} == {(125, 100, 3)}
    # The last one is the drawing as another rasteriser draws it.
    film = rasterise(artwork.by_pen(), artwork.inks, area_mm=(0, 0, 40, 50), size_px=(125, 100))
    wanted = srgb_uint8(film_to_srgb(film.transpose(1, 2, 0), artwork.paper_lab))
    assert np.abs(pictures[-1][1].astype(int) - wanted).mean() < 2
    # Mixtures are greyer than pens.
    colourful = [np.ptp(picture.astype(int), axis=2).max() for _, picture in pictures]
    assert colourful[0] < 60
    assert colourful[-1] > 120


def test_learned_colours_show_while_they_are_free(small: GenerateSettings) -> None:
    artwork = generate(replace(small, palette="learn", colours=3, steps=12))
    assert artwork.growth[0].pen_of is None
    first = growth_pictures(artwork, 80)[0][1]
    assert np.ptp(first.astype(int), axis=2).max() > 20  # its own random mixtures of ink
    assert np.isnan(artwork.history[0].pen_entropy)


def test_a_strip_holds_every_picture() -> None:
    pictures = [np.full((20, 30, 3), shade, np.uint8) for shade in range(0, 240, 30)]
    whole = strip(pictures, columns=5)
    assert whole.shape == (2 * 20 + 6, 5 * 30 + 4 * 6, 3)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, 5)
        np.testing.assert_array_equal(
            whole[row * 26 : row * 26 + 20, column * 36 : column * 36 + 30], picture
        )


def test_a_run_reads_back_from_tensorboard(styled: tuple[Artwork, GenerateSettings], tmp_path: Path) -> None:
    artwork, settings = styled
    pictures = [picture for _, picture in growth_pictures(artwork, 64)]
    write_run(tmp_path / "run", artwork, settings, pictures)
    events = EventAccumulator(str(tmp_path / "run"), size_guidance={IMAGES: 0})
    events.Reload()

    def series(tag: str) -> list[float]:
        read = events.Scalars(tag)
        assert [event.step for event in read] == list(range(len(artwork.history)))
        return [event.value for event in read]

    history = artwork.history
    assert series("activation") == pytest.approx([step.activation for step in history], rel=1e-5)
    assert series("exc_loss") == pytest.approx([-step.activation for step in history], rel=1e-5)
    style = [step.terms["style"] for step in history]
    assert series("style_reg") == pytest.approx([STYLE_WEIGHT * value for value in style], rel=1e-5)
    assert series("total") == pytest.approx([step.loss for step in history], rel=1e-5)
    assert series("ink_m") == pytest.approx([step.ink_mm / 1000 for step in history], rel=1e-5)
    assert series("pen_entropy")[0] > 3 > series("pen_entropy")[-1] == 0
    for name in history[-1].terms:
        assert f"terms/{name}" in events.Tags()["scalars"]
    (final,) = events.Scalars("final/as_plotted")
    assert final.value == pytest.approx(artwork.activations.as_plotted, rel=1e-5)

    images = events.Images("drawing")
    assert [image.step for image in images] == [one.step for one in artwork.growth]
    with Image.open(io.BytesIO(images[-1].encoded_image_string)) as last:
        np.testing.assert_array_equal(np.asarray(last), pictures[-1])

    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    told = HParamsPluginData.FromString(content).session_start_info.hparams
    assert told["steps"].number_value == 14
    assert told["pens"].string_value == "staedtler12"
    assert "style" in told["objective"].string_value


def test_losses_add_up(styled: tuple[Artwork, GenerateSettings]) -> None:
    artwork, settings = styled
    step = artwork.history[-1]
    found = losses(step, settings.objective)
    assert found["style_reg"] == pytest.approx(STYLE_WEIGHT * step.terms["style"]) != 0
    assert found["exc_loss"] + found["style_reg"] <= found["total"]
