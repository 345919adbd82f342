"""Regions and their strokes: specks go, lines fill what they should and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from plotbot.art.hatching import draw_region
from plotbot.art.regions import Regions, find_regions
from plotbot.preview.raster import pen_coverage

PEN, CELL = 0.3, 0.1


def disc(labels: npt.NDArray[np.int64], x: float, y: float, radius: float, label: int) -> None:
    """Put a disc, in mm, on a map of labels."""
    rows, columns = (np.indices(labels.shape) + 0.5) * CELL
    labels[np.hypot(columns - x, rows - y) < radius] = label


def blobs(seed: int) -> npt.NDArray[np.int64]:
    """A map of four labels with winding borders, 30 by 24 mm."""
    noise = np.random.default_rng(seed).normal(size=(4, 240, 300))
    return np.asarray(ndimage.gaussian_filter(noise, (0, 14, 14)).argmax(0), dtype=np.int64)


def coverage(lines: list[npt.NDArray[np.float64]], regions: Regions, finer: int = 4) -> np.ndarray:
    """Share of each cell under the ink of lines, as resvg draws them."""
    height, width = regions.labels.shape
    box = (0.0, 0.0, width * CELL, height * CELL)
    fine = pen_coverage(lines, PEN, box, finer / CELL)
    return fine.reshape(height, finer, width, finer).mean((1, 3))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_lines_fill_a_region_without_gaps_and_stay_in_it(seed: int, angle: float) -> None:
    regions = find_regions(blobs(seed), CELL, PEN)
    for label in range(1, 4):
        own = regions.labels == label
        assert own.any()
        inked = coverage(draw_region(regions, label, PEN, angle), regions)
        deep = own & (regions.depth_mm > PEN / 3)
        assert inked[deep].min() > 0.6  # no gap, not even of a cell
        assert inked[deep].mean() > 0.9999
        away = ~own & (regions.depth_mm > 0.2)
        assert inked[away].max() == 0  # and nothing spilt
        assert inked.sum() == pytest.approx(own.sum(), rel=0.03)


def test_hatching_goes_to_and_fro_in_few_strokes() -> None:
    labels = np.zeros((120, 200), np.int64)
    labels[20:100, 20:180] = 1
    regions = find_regions(labels, CELL, PEN)
    outline, hatching = draw_region(regions, 1, PEN, 0.0)
    np.testing.assert_array_equal(outline[0], outline[-1])
    lines = (len(hatching)) / 2
    assert lines == pytest.approx(8 / (0.85 * PEN), rel=0.1)
    assert np.ptp(hatching[:, 0]) > 15
    headings = np.sign(np.diff(hatching[:, 0])[::2])
    assert (headings[1:] == -headings[:-1]).all()


@pytest.mark.parametrize("cell", [0.08, 0.0923, CELL])
def test_borders_across_the_lines_do_not_tear_the_hatching_into_short_strokes(cell: float) -> None:
    strokes = draw_region(find_regions(blobs(1), cell, PEN), 1, PEN, 0.7)
    assert len(strokes) < 70


def test_long_regions_are_hatched_along() -> None:
    labels = np.zeros((300, 60), np.int64)
    labels[10:290, 15:45] = 1
    _, hatching = draw_region(find_regions(labels, CELL, PEN), 1, PEN, 0.0)
    steps = np.abs(np.diff(hatching, axis=0)).sum(0)
    assert steps[1] > 5 * steps[0]


def test_specks_and_hairs_go_to_what_is_round_them() -> None:
    labels = np.zeros((100, 100), np.int64)
    disc(labels, 5, 5, 3.5, 1)
    disc(labels, 5, 5, 0.4, 2)  # a speck of another colour in it
    disc(labels, 1, 1, 0.3, 3)  # and one on bare paper
    labels[48:52, 80:] = 1  # a hair thinner than two lines
    cleaned = find_regions(labels, CELL, PEN).labels
    assert set(np.unique(cleaned)) == {0, 1}
    assert cleaned[50, 50] == 1
    assert cleaned[10, 10] == 0
    assert (cleaned[:, 90:] == 0).all()
    assert (cleaned == 1).sum() == pytest.approx(np.pi * 35**2, rel=0.02)


def test_borders_of_large_regions_stay_where_they_were() -> None:
    labels = blobs(3)
    moved = find_regions(labels, CELL, PEN).labels != labels
    assert moved.mean() < 0.03


def test_what_is_all_too_fine_is_bare_paper() -> None:
    checks = np.indices((60, 60)).sum(0) // 2 % 2 + 1
    regions = find_regions(checks, CELL, PEN)
    assert (regions.labels == 0).all()
    assert draw_region(regions, 1, PEN, 0.0) == []


def test_a_ring_keeps_its_hole() -> None:
    labels = np.zeros((100, 100), np.int64)
    disc(labels, 5, 5, 4, 1)
    disc(labels, 5, 5, 2, 0)
    regions = find_regions(labels, CELL, PEN)
    inked = coverage(draw_region(regions, 1, PEN, 0.3), regions)
    assert inked[50, 50] == 0
    assert inked[regions.labels == 0].mean() < 0.02
    assert inked[regions.labels == 1].mean() > 0.97
