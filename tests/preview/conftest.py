"""A small plan to show, and a real browser to show it in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver

from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.model import Pass, Plan, Stroke


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Two pens on A6: 30 yellow waves, then 20 blue bars across them."""
    tin = load_inventory("staedtler12")
    x = np.linspace(20, 85, 40)
    waves = [np.stack([x, 20 + 3 * k + 2 * np.sin(x / 4 + k)], axis=1) for k in range(30)]
    bars = [np.array([[20 + 3.2 * k, 18.0], [20 + 3.2 * k, 112.0]]) for k in range(20)]

    def one_pass(pen_id: str, lines: list[np.ndarray], first: int) -> Pass:
        return Pass(tin[pen_id], tuple(Stroke.from_mm(line, (first + k,)) for k, line in enumerate(lines)))

    return Plan(
        Paper(105.0, 148.0, 12.0, "a6"),
        tin.id,
        tin.paper.lab,
        (one_pass("1", waves, 0), one_pass("3", bars, len(waves))),
    )


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Headless Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs the programs chromium and chromedriver (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile: Path = tmp_path_factory.mktemp("chromium")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1200,900",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()
