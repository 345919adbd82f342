"""The report in a real browser: it loads, plays, switches pens, and asks for nothing outside itself."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from plotbot.pens.model import Overprint
from plotbot.plan.clock import estimate, stroke_times
from plotbot.plan.model import Plan
from plotbot.preview.picture import render_plan
from plotbot.preview.report import report_data, write_report

TRICK = "{{data}} {{title}}"
HOSTILE = '</script><script>document.title = "owned"</script>'


@pytest.fixture(scope="module")
def page(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    growth = [(f"step {step}", np.full((300, 200, 3), 90 * step, dtype=np.uint8)) for step in (0, 1, 2)]
    write_report(
        path,
        plan,
        title=f"waves {HOSTILE}",
        figures={"activation": {"free": 1.25, "as_plotted": 1.2}},
        provenance={"Command": HOSTILE},
        growth=growth,
    )
    return path


@pytest.fixture
def shown(browser: webdriver.Chrome, page: Path) -> webdriver.Chrome:
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(page.as_uri())
    return browser


def _picture(browser: webdriver.Chrome) -> np.ndarray:
    """The sheet as the browser shows it once it has come to rest."""
    time.sleep(0.6)
    view = browser.find_element(By.ID, "view")
    with Image.open(io.BytesIO(view.screenshot_as_png)) as image:
        return np.asarray(image.convert("RGB")).astype(float)


def test_it_loads_without_a_complaint_or_a_request(shown: webdriver.Chrome) -> None:
    assert [entry for entry in shown.get_log("browser") if entry["level"] == "SEVERE"] == []
    messages = [json.loads(entry["message"])["message"] for entry in shown.get_log("performance")]
    asked = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
        and message["params"]["documentURL"] == shown.current_url  # not the browser's own pages
    ]
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_text_from_elsewhere_stays_text(shown: webdriver.Chrome) -> None:
    assert "owned" not in shown.title.split("–")[-1]
    assert shown.find_element(By.ID, "title").text == f"waves {HOSTILE}"
    assert HOSTILE in shown.find_element(By.ID, "provenance").text


def test_the_scrubber_at_half_shows_half_the_strokes(shown: webdriver.Chrome, plan: Plan) -> None:
    times = stroke_times(plan)
    middle = float(times[plan.stroke_count // 2, 0])
    shown.execute_script("plotbot.setTime(arguments[0])", middle)
    assert shown.execute_script("return plotbot.drawn()") == plan.stroke_count // 2
    assert f"{plan.stroke_count // 2} of {plan.stroke_count} strokes" in shown.find_element(By.ID, "now").text
    shown.execute_script("plotbot.setTime(0)")
    assert shown.execute_script("return plotbot.drawn()") == 0


def test_pens_can_be_switched_off(shown: webdriver.Chrome) -> None:
    both = _picture(shown)
    shown.find_element(By.CSS_SELECTOR, "[data-pen='3']").click()
    yellow_only = _picture(shown)
    assert (both.min(axis=2) < 60).sum() > 200
    assert (yellow_only.max(axis=2) < 130).sum() < (both.max(axis=2) < 130).sum() / 20
    shown.find_element(By.CSS_SELECTOR, "[data-pen='3']").click()
    assert np.abs(_picture(shown) - both).mean() < 0.5


def _apart(browser: webdriver.Chrome, plan: Plan) -> float:
    """How far the sheet in the browser is from the preview of a plan, of 255."""
    seen = _picture(browser)
    sheet = np.abs(seen - seen[3, 3]).sum(axis=2) > 4
    rows, columns = np.flatnonzero(sheet.any(axis=1)), np.flatnonzero(sheet.any(axis=0))
    seen = seen[rows[0] : rows[-1], columns[0] : columns[-1]]
    wanted = Image.fromarray(render_plan(plan, 8.0)).resize((105, 148), Image.Resampling.BOX)
    small = Image.fromarray(seen.astype(np.uint8)).resize((105, 148), Image.Resampling.BOX)
    return float(np.abs(np.asarray(small).astype(float) - np.asarray(wanted).astype(float)).mean())


def test_the_picture_at_rest_is_the_ink_model_s(shown: webdriver.Chrome, plan: Plan) -> None:
    assert _apart(shown, plan) < 4


def test_measured_pairs_show_in_the_picture(browser: webdriver.Chrome, plan: Plan, tmp_path: Path) -> None:
    """Of pens so wide that they cover the sheet twice, of which the lower one keeps the upper one off."""
    passes = tuple(
        replace(one, pen=one.pen.model_copy(update={"width_mm": width}))
        for one, width in zip(plan.passes, (2.5, 2.0), strict=True)
    )
    pair = Overprint(under="1", over="3", lab=(80, -6, 70), provenance="measured", uncertainty=0.5)
    resisting = replace(plan, passes=passes, overprints=(pair,), paper_spread_mm=0.0)
    write_report(tmp_path / "pairs.html", resisting, title="Pairs")
    browser.get((tmp_path / "pairs.html").as_uri())
    assert _apart(browser, resisting) < 4
    assert _apart(browser, replace(resisting, overprints=())) > 12


def test_keys_play_and_move_through_time(shown: webdriver.Chrome) -> None:
    view = shown.find_element(By.ID, "view")
    view.send_keys(Keys.HOME)
    assert shown.execute_script("return plotbot.state.time") == 0
    view.send_keys(Keys.SPACE)
    assert shown.execute_script("return plotbot.state.playing") is True
    time.sleep(0.3)
    view.send_keys(Keys.SPACE)
    assert shown.execute_script("return plotbot.state.playing") is False
    assert shown.execute_script("return plotbot.state.time") > 1
    view.send_keys("+")
    assert shown.execute_script("return plotbot.state.zoom") > 1
    view.send_keys("0")
    assert shown.execute_script("return plotbot.state.zoom") == 1


def test_its_growth_can_be_looked_through(shown: webdriver.Chrome) -> None:
    pictures = shown.find_elements(By.CSS_SELECTOR, "#growth .strip button")
    large, age = shown.find_element(By.ID, "grown"), shown.find_element(By.ID, "age")
    assert len(pictures) == 3
    assert large.get_attribute("src") == pictures[2].find_element(By.TAG_NAME, "img").get_attribute("src")
    age.send_keys(Keys.LEFT)
    assert large.get_attribute("alt") == "The drawing, step 1"
    assert age.get_attribute("aria-valuetext") == "step 1"
    pictures[0].send_keys(Keys.ENTER)
    assert shown.find_element(By.ID, "stage-of-growth").text == "step 0"
    assert [one.get_attribute("aria-pressed") for one in pictures] == ["true", "false", "false"]
    assert shown.execute_script("return document.getElementById('grown').naturalHeight") == 300


def test_it_fits_a_phone(shown: webdriver.Chrome) -> None:
    before = shown.get_window_size()
    shown.set_window_size(500, 800)
    try:
        width, inner = shown.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= inner
    finally:
        shown.set_window_size(before["width"], before["height"])


def test_strokes_are_timed_as_the_estimate_says(plan: Plan) -> None:
    times = stroke_times(plan)
    assert (np.diff(times, axis=1) >= 0).all()
    assert (np.diff(times[:, 0]) > 0).all()
    whole = estimate(plan).seconds
    assert whole - 5 < times[-1, 2] < whole
    data = report_data(plan)
    assert data["estimate_s"] == pytest.approx(whole, abs=0.01)


def test_a_plan_without_strokes_has_a_report(plan: Plan, browser: webdriver.Chrome, tmp_path: Path) -> None:
    write_report(tmp_path / "empty.html", replace(plan, passes=()), title=TRICK)
    browser.get_log("browser")
    browser.get((tmp_path / "empty.html").as_uri())
    assert browser.find_element(By.ID, "title").text == TRICK
    assert "0 strokes" in browser.find_element(By.ID, "lead").text
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
