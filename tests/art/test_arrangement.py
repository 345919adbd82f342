"""A person's own files lie on the sheet as asked, whatever they are, and look as they did upright."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plotbot.art.arrangement import ArrangeOptions, arrange
from plotbot.art.picture.judge import colour_difference, film_of_strokes, resized
from plotbot.drawing import sources
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.placement import bounds

SHEET = Paper.parse("100x80mm", margin="10mm")
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="20mm" viewBox="0 0 40 20">'
    '<path d="M2,2H38V18" fill="none" stroke="#e1001a" stroke-width="0.3"/></svg>'
)


@pytest.fixture(scope="module")
def tin():
    return load_inventory("staedtler12")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A picture that is dark on its left and red at its top right, and a drawing."""
    folder = tmp_path_factory.mktemp("art")
    light = np.full((40, 60, 3), 200, np.uint8)
    light[:, :20] = (30, 30, 40)
    light[:20, 40:] = (220, 40, 30)
    Image.fromarray(light).save(folder / "picture.png")
    (folder / "lines.svg").write_text(SVG)
    return folder / "picture.png", folder / "lines.svg"


def drawn(arranged):
    return [(one.pen, one.points) for one in sources(arranged.drawing) if not one.drop]


def metres(arranged):
    return sum(np.hypot(*np.diff(points, axis=0).T).sum() for _, points in drawn(arranged)) / 1000


def extent(arranged):
    return bounds([points for _, points in drawn(arranged)])


@pytest.mark.parametrize("mode", ["plain", "lines", "faithful"])
def test_svgs_are_placed_alike_in_every_mode(files, tin, mode):
    asked = ArrangeOptions(mode, fit=False, scale=0.5, rotate=90, align="top-right")
    left, top, right, bottom = extent(arrange([files[1]], tin, SHEET, asked))
    # Drawn, it is 36 x 16 mm, and its page has a margin of 2 mm, which lines and looks keep.
    edge = 0.0 if mode == "plain" else 1.0
    assert right == pytest.approx(90 - edge, abs=0.4)
    assert top == pytest.approx(10 + edge, abs=0.4)
    assert (right - left, bottom - top) == pytest.approx((8, 18), abs=0.8)


def test_a_plain_svg_stays_where_it_is(files, tin):
    assert extent(arrange([files[1]], tin, SHEET)) == pytest.approx((2, 2, 38, 18))


@pytest.mark.parametrize("rotate", [0.0, 90.0, 30.0])
def test_a_turned_picture_looks_like_itself(files, tin, rotate):
    arranged = arrange([files[0]], tin, SHEET, ArrangeOptions(rotate=rotate, scale=0.8))
    target = arranged.look
    assert target is not None
    film = film_of_strokes(drawn(arranged), tin, target.box_mm, 8.0)
    shape = target.light.shape[:2]
    cell = (target.box_mm[2] - target.box_mm[0]) / shape[1]
    seen = colour_difference(resized(film, shape), target.light, tin.paper.lab, cell, 1.0)
    assert seen.mean < 4.0
    # It is the same drawing, moved: not another one. On its side, three quarters of its length fits.
    upright = arrange([files[0]], tin, SHEET, ArrangeOptions(scale=0.8 if rotate != 90 else 0.6))
    if rotate != 30:
        assert metres(arranged) == pytest.approx(metres(upright), rel=0.25)


def test_a_cropped_picture_fills_its_place_and_leaves_nothing_outside(files, tin):
    for rotate in (0.0, 20.0):
        arranged = arrange([files[0]], tin, SHEET, ArrangeOptions(crop=True, rotate=rotate))
        left, top, right, bottom = extent(arranged)
        assert (left, top, right, bottom) == pytest.approx((10, 10, 90, 70), abs=1.0)
        assert min(left, top) >= 10 - 1e-6
        assert right <= 90 + 1e-6
        assert bottom <= 70 + 1e-6


def test_a_cropped_svg_lists_what_it_lost(files, tin):
    asked = ArrangeOptions(scale=8.0, align="top-left", crop=True)
    arranged = arrange([files[1]], tin, SHEET, asked)
    assert extent(arranged) == pytest.approx((10, 10, 90, 10))
    narrow = Paper.parse("100x80mm", margin="30mm")
    lost = arrange([files[1]], tin, narrow, ArrangeOptions(align="bottom", crop=True, scale=20, fit=False))
    assert [one.drop for one in sources(lost.drawing)] == ["outside of the crop"]


def test_a_grid_repeats_its_files_until_it_is_full(files, tin):
    arranged = arrange(list(files), tin, SHEET, ArrangeOptions("lines", grid=(2, 2), gap=10))
    strokes = drawn(arranged)
    rows = [[points for _, points in strokes if (points[:, 1] < 40).all() == high] for high in (True, False)]
    assert [len(row) for row in rows] == [len(strokes) // 2] * 2
    above, below = (np.sort(np.concatenate(row), axis=0) for row in rows)
    assert np.allclose(above + np.array([0.0, 35.0]), below, atol=1e-6)
    with pytest.raises(BadInput, match="larger one"):
        arrange([files[1]] * 5, tin, SHEET, ArrangeOptions(grid=(2, 2)))


def test_a_grid_of_pictures_has_the_look_of_all(files, tin):
    arranged = arrange([files[0]], tin, SHEET, ArrangeOptions(grid=(2, 1)))
    assert arranged.look is not None
    left, _, right, _ = arranged.look.box_mm
    assert (left, right) == pytest.approx((10, 90))
    # The gap between the two is paper.
    assert np.allclose(arranged.look.light[:, arranged.look.light.shape[1] // 2], 1)
