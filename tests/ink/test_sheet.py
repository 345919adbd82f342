"""A sheet on which inks are laid one by one shows what the ink model says of all of them together."""

from __future__ import annotations

import numpy as np
import pytest

from plotbot.ink.coverage import pixel_n
from plotbot.ink.film import compose
from plotbot.ink.sheet import InkedSheet


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("opacity", [[0, 0, 0, 0], [0, 0.3, 0, 1]], ids=["translucent", "opaque"])
def test_inks_laid_one_by_one_are_composed(pairs: bool, opacity: list[float]) -> None:
    rng = np.random.default_rng(2)
    cover = rng.uniform(0, 1, (30, 20, 4)) * (rng.uniform(0, 1, (30, 20, 4)) < 0.7)
    films = rng.uniform(0.01, 1, (4, 3))
    trapping = np.exp(rng.normal(0, 0.7, (4, 4, 3))) if pairs else None
    sheet = InkedSheet((30, 20), 5.0, 0.0, films, opacity, trapping)
    for number in range(4):
        sheet.lay(number, cover[..., number])
    np.testing.assert_allclose(sheet.seen(), compose(cover, films, opacity, trapping=trapping), atol=2e-6)


def test_pixels_with_straying_light_are_about_as_their_factor_says() -> None:
    """Lines of 0.3 mm seen through pixels of 0.8 mm: `pixel_n` stands for the light between them."""
    fine, films = 20, np.array([[0.9, 0.2, 0.3], [0.1, 0.3, 0.8]])
    rng = np.random.default_rng(0)
    cover = np.zeros((320, 320, 2), dtype=np.float32)
    for number in range(12):
        at, pen = int(rng.integers(0, 314)), number % 2
        cover[(slice(None), slice(at, at + 6)) if number % 3 else (slice(at, at + 6), slice(None))][
            ..., pen
        ] = 1
    sheet = InkedSheet((320, 320), float(fine), 0.08, films)
    for number in range(2):
        sheet.lay(number, cover[..., number])

    def coarse(picture: np.ndarray) -> np.ndarray:
        return np.asarray(picture.reshape(20, 16, 20, 16, -1).mean((1, 3)))

    seen, share = coarse(sheet.seen()), coarse(cover)
    sharp, rooted = compose(share, films), compose(share, films, n=pixel_n(0.8))
    assert 1.2 < pixel_n(0.8) < 1.4
    assert abs((rooted - seen).mean()) < 0.3 * abs((sharp - seen).mean())
    assert np.abs(rooted - seen).mean() < 0.7 * np.abs(sharp - seen).mean()
    assert pixel_n(0.8, 0.0) == 1.0
