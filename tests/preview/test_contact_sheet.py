"""Contact sheets: every drawing in its place on the picture, and a page that sorts in a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from plotbot.preview.contact_sheet import Tile, write_sheet_page, write_sheet_picture

HOSTILE = '"><script>document.title = "owned"</script>'


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> list[Tile]:
    """Six flat green drawings, channels 0 to 5, three of them with a style; one has no activation."""
    folder = tmp_path_factory.mktemp("pictures")
    made = []
    for number, activation in enumerate((2.0, 9.0, None, -1.0, 5.0, 7.0)):
        path = folder / f"{number}.png"
        Image.new("RGB", (64, 64), (30 * number, 250, 0)).save(path)
        figures = {"activation": activation, "distance from the style": number / 10}
        command = f"plotbot draw --channel {number} --dry-run"
        made.append(Tile(path, str(number), f"weight {50 * (number % 2)}", figures, command))
    return made


def test_the_picture_has_every_tile_in_its_place(tiles: list[Tile], tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    write_sheet_picture(path, tiles, together=3)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    places = [np.argwhere((pixels == (30 * number, 250, 0)).all(-1)) for number in range(6)]
    corners = [tuple(place.min(0)) for place in places]
    assert {len(place) for place in places} == {200 * 200}
    columns = len({column for _, column in corners})
    assert columns in (3, 6)  # what belongs together stays in a row
    assert corners == sorted(corners)
    # Below each there are words: something darker than the desk.
    (top, right) = places[1].max(0)
    assert (pixels[top + 1 : top + 17, right - 199 : right] < 100).sum() > 20


def test_the_page_sorts_finds_and_tells_the_command(
    browser: webdriver.Chrome, tiles: list[Tile], tmp_path: Path
) -> None:
    path = tmp_path / "sheet.html"
    write_sheet_page(path, tiles, f"blocks.4 {HOSTILE}", ["Style weight 50 lowered exc_loss: 1, 5."])
    assert path.stat().st_size < 60_000
    browser.get_log("browser")
    browser.get(path.as_uri())
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert "owned" not in browser.title.split("–")[-1]

    def shown() -> list[str]:
        tiles = browser.find_elements(By.CSS_SELECTOR, "li")
        return [tile.find_element(By.TAG_NAME, "b").text for tile in tiles if tile.is_displayed()]

    assert shown() == list("012345")
    order = Select(browser.find_element(By.ID, "order"))
    order.select_by_visible_text("activation")
    assert shown() == list("154032")  # what has none comes last
    browser.find_element(By.ID, "least").click()
    assert shown() == list("304512")
    order.select_by_visible_text("distance from the style")
    assert shown() == list("012345")
    browser.find_element(By.ID, "seek").send_keys("50")
    assert shown() == list("135")
    browser.find_element(By.ID, "seek").send_keys(Keys.CONTROL, "a", Keys.BACKSPACE)
    assert not browser.find_element(By.ID, "bar").is_displayed()
    browser.find_elements(By.CSS_SELECTOR, "li button")[4].send_keys(Keys.ENTER)
    assert browser.find_element(By.ID, "command").text == tiles[4].command
    before = browser.get_window_size()
    browser.set_window_size(500, 800)
    try:
        width, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= inner
    finally:
        browser.set_window_size(before["width"], before["height"])
