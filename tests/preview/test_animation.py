"""The plot as a film: ink only grows, in drawing order, and ends as the picture of the plan."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from plotbot.errors import BadInput
from plotbot.pens.model import Overprint
from plotbot.plan.model import Plan
from plotbot.preview.animation import frames, part_of, write_gif, write_mp4
from plotbot.preview.picture import render_plan
from plotbot.preview.terminal import can_show, plan_in_characters


def test_ink_only_grows_until_it_is_the_drawing(plan: Plan) -> None:
    films = list(frames(plan, 2.0, 30))
    wanted = render_plan(plan, 2.0)
    assert np.abs(films[-1].astype(int) - wanted).mean() < 3  # films leave out light that strays in paper
    paper = wanted[2, 2]
    inked = [(np.abs(film.astype(int) - paper).sum(axis=2) > 30).mean() for film in films]
    assert inked[0] < 0.01
    assert all(later > earlier - 0.004 for earlier, later in pairwise(inked))
    assert inked[15] < inked[-1] * 0.8
    blue = [(film[:, :, 2].astype(int) - film[:, :, 0] > 20).sum() for film in films]
    assert max(blue[:8]) == 0  # yellow comes first
    assert blue[-1] > 500


def test_films_end_with_pairs_as_they_were_measured(plan: Plan) -> None:
    pens = [one.pen.model_copy(update={"width_mm": 2.0}) for one in plan.passes]
    wide = [replace(one, pen=pen) for one, pen in zip(plan.passes, pens, strict=True)]
    pair = Overprint(under="1", over="3", lab=(80, -6, 70), provenance="measured", uncertainty=0.5)
    # The upper pen comes twice: what it lies on is below both of its passes.
    strokes = wide[1].strokes
    passes = (wide[0], replace(wide[1], strokes=strokes[:9]), replace(wide[1], strokes=strokes[9:]))
    measured = replace(plan, passes=passes, overprints=(pair,), paper_spread_mm=0.0)
    last = list(frames(measured, 4.0, 12))[-1].astype(int)
    assert np.abs(last - render_plan(measured, 4.0)).mean() < 1.5
    assert np.abs(last - render_plan(replace(measured, overprints=()), 4.0)).mean() > 12


def test_a_gif_plays_the_whole_plot(plan: Plan, tmp_path: Path) -> None:
    write_gif(tmp_path / "plot.gif", plan, px_per_mm=2.0, seconds=2)
    with Image.open(tmp_path / "plot.gif") as film:
        assert film.n_frames == 40
        assert film.info["loop"] == 0
        film.seek(39)
        last = np.asarray(film.convert("RGB")).astype(int)
    assert np.abs(last - render_plan(plan, 2.0)).mean() < 4


def test_an_mp4_needs_ffmpeg_and_says_so(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="ffmpeg"):
        write_mp4(tmp_path / "plot.mp4", plan, px_per_mm=2.0, seconds=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the program ffmpeg")
def test_an_mp4_ends_with_the_drawing(plan: Plan, tmp_path: Path) -> None:
    path, last = tmp_path / "plot.mp4", tmp_path / "last.png"
    write_mp4(path, plan, px_per_mm=2.01, seconds=1)
    subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-sseof", "-0.2", "-i", path, "-update", "1", last], check=True
    )
    wanted = render_plan(plan, 2.01)
    with Image.open(last) as image:
        seen = np.asarray(image.convert("RGB"))[: len(wanted), : wanted.shape[1]].astype(int)
    assert np.abs(seen - wanted).mean() < 12


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=8), st.floats(0, 1))
def test_the_beginning_of_a_stroke_has_its_share_of_the_length(
    points: list[tuple[int, int]], share: float
) -> None:
    whole = np.array(points, dtype=float)
    part = part_of(whole, share)

    def length(line: np.ndarray) -> float:
        return float(np.hypot(*np.diff(line, axis=0).T).sum())

    assert len(part) >= 2
    assert length(part) == pytest.approx(share * length(whole), abs=1e-6)


def test_a_terminal_shows_the_drawing_in_its_colours(plan: Plan) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=60)
    assert can_show(console)
    console.print(plan_in_characters(plan, 40, 20))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    lines = shown.strip("\n").split("\n")
    assert len(lines) == 20
    assert all(line.count("▀") == 28 for line in lines)


@pytest.mark.parametrize("plain", [{"no_color": True}, {"color_system": None}, {"force_terminal": False}])
def test_no_picture_where_it_would_not_be_seen(plain: dict[str, object]) -> None:
    options = {"force_terminal": True, "color_system": "truecolor"} | plain
    assert not can_show(Console(file=io.StringIO(), **options))  # type: ignore[arg-type]
