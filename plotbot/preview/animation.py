"""The plot as a film: strokes appear as the pen draws them, pen-up travel pale; GIF, or MP4 by ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from plotbot.errors import BadInput, PlotbotError
from plotbot.files import written_whole
from plotbot.ink.film import film_to_srgb, known_below, lay, trapped
from plotbot.ink.spaces import lab_to_srgb, srgb_hex, srgb_uint8
from plotbot.plan.clock import stroke_times
from plotbot.plan.model import Plan
from plotbot.plan.motion import PARK_MM, mounting_seconds
from plotbot.preview.raster import check_size
from plotbot.preview.stroking import Strokes

__all__ = ["frames", "write_gif", "write_mp4"]

FloatArray = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

FPS = 20
HOLD_S = 2.0
"""How long the finished drawing stays before the film begins again."""

MAX_SIDE_PX = 4000
_TRAVEL = (165, 165, 175)


def frames(plan: Plan, px_per_mm: float, count: int) -> Iterator[Picture]:
    """`count` pictures [H, W, 3] at even steps of the plot's time, pen swaps left out; the last one is the
    finished drawing. Raises `BadInput` for pictures of more than `MAX_SIDE_PX` on a side."""
    width, height = check_size(plan.paper.width, plan.paper.height, px_per_mm)
    if max(width, height) > MAX_SIDE_PX:
        raise BadInput(
            f"A film of {width} x {height} pixels is too large; a side may have {MAX_SIDE_PX}. "
            "Choose a lower --dpi."
        )
    canvas = _Canvas(plan, px_per_mm, (height, width))
    times = stroke_times(plan)
    pass_of = np.repeat(np.arange(len(plan.passes)), [len(one.strokes) for one in plan.passes])
    times -= np.cumsum(mounting_seconds(plan))[pass_of][:, None]
    strokes = [stroke.mm for _, _, stroke in plan.strokes()]
    end = float(times[-1, 2]) if len(times) else 0.0
    done = 0
    for moment in np.linspace(0, end, count):
        finished = int(np.searchsorted(times[:, 2], moment, side="right"))
        while done < finished:  # pass by pass, for a layer of ink must not mix with the next one
            until = min(finished, int(np.searchsorted(pass_of, pass_of[done], side="right")))
            canvas.draw(int(pass_of[done]), strokes[done:until])
            done = until
        if done == len(strokes):
            yield canvas.picture.copy()
            continue
        begins, down, lifts = times[done]
        if moment >= down:
            share = (moment - down) / max(lifts - down, 1e-9)
            yield canvas.with_pen(int(pass_of[done]), part_of(strokes[done], share), drawing=True)
        else:
            same_pen = done > 0 and pass_of[done - 1] == pass_of[done]
            start = strokes[done - 1][-1] if same_pen else np.array(PARK_MM, dtype=float)
            share = min(1.0, max(0.0, (moment - begins) / max(down - begins, 1e-9)))
            hop = np.array([start, start + share * (strokes[done][0] - start)])
            yield canvas.with_pen(int(pass_of[done]), hop, drawing=False)


def write_gif(path: Path, plan: Plan, *, px_per_mm: float, seconds: float) -> None:
    """Write a film of so many seconds as GIF, whole or not at all; it plays for ever."""
    count = max(2, round(seconds * FPS))
    whole = list(frames(plan, px_per_mm, 2))[-1]
    # One palette for all, from the finished drawing and the pens: colours must not flicker.
    marks = [(*_TRAVEL,), (255, 255, 255), *(_rgb(one.pen.lab) for one in plan.passes[:200])]
    drawn = Image.fromarray(whole).quantize(256 - len(marks), dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    palette.putpalette([level for mark in marks for level in mark] + (drawn.getpalette("RGB") or []))

    def indexed() -> Iterator[Image.Image]:
        for frame in frames(plan, px_per_mm, count):
            yield Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)

    stream = indexed()
    first = next(stream)
    step_ms = 1000 // FPS
    with written_whole(path) as temporary:
        first.save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=stream,
            duration=[step_ms] * (count - 1) + [round(HOLD_S * 1000)],
            loop=0,
            disposal=1,
        )


def write_mp4(path: Path, plan: Plan, *, px_per_mm: float, seconds: float) -> None:
    """Write a film of so many seconds as MP4 (H.264), whole or not at all.

    Raises `BadInput` where there is no ffmpeg, `PlotbotError` with its last words when it fails.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise BadInput(
            "An MP4 needs the program ffmpeg, which is not installed. Install it, or write a .gif."
        )
    count = max(2, round(seconds * FPS))
    size = check_size(plan.paper.width, plan.paper.height, px_per_mm)
    command = [
        *(program, "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{size[0]}x{size[1]}", "-r", str(FPS), "-i", "-"),
        # H.264 wants even sides.
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-c:v", "libx264", "-pix_fmt", "yuv420p"),
        *("-movflags", "+faststart", "-f", "mp4"),
    ]
    with (
        written_whole(path) as temporary,
        subprocess.Popen(  # noqa: S603 (arguments are ours, no shell)
            [*command, str(temporary)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as ffmpeg,
    ):
        assert ffmpeg.stdin is not None
        assert ffmpeg.stderr is not None
        try:
            for frame in frames(plan, px_per_mm, count):
                ffmpeg.stdin.write(frame.tobytes())
            for _ in range(round(HOLD_S * FPS)):
                ffmpeg.stdin.write(frame.tobytes())
            ffmpeg.stdin.close()
        except BrokenPipeError:
            pass  # it ended early; its own words say why
        words = ffmpeg.stderr.read().decode(errors="replace").strip()
        if ffmpeg.wait() != 0:
            raise PlotbotError(f"ffmpeg could not write {path}: {words[-300:] or ffmpeg.returncode}")


def part_of(stroke_mm: FloatArray, share: float) -> FloatArray:
    """The beginning of a polyline [n, 2], 0..1 of its length; at least two points."""
    steps = np.hypot(*np.diff(stroke_mm, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    upto = min(max(share, 0.0), 1.0) * along[-1]
    tip = [np.interp(upto, along, stroke_mm[:, 0]), np.interp(upto, along, stroke_mm[:, 1])]
    return np.concatenate([stroke_mm[:1], stroke_mm[1:][along[1:] < upto], [tip]])


def _rgb(lab: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = srgb_uint8(lab_to_srgb(np.array(lab))).tolist()
    return red, green, blue


class _Canvas:
    """A sheet that strokes are added to; `picture` is what it looks like, sRGB [H, W, 3]."""

    def __init__(self, plan: Plan, px_per_mm: float, shape: tuple[int, int]) -> None:
        self._plan = plan
        self._px_per_mm = px_per_mm
        self._shape = shape
        self._pass = 0
        self._below = np.ones((*shape, 3), dtype=np.float32)
        self._film = self._below.copy()
        self._cover = np.zeros(shape, dtype=np.float32)
        trapping = plan.inks.trapping
        self._known = [[] for _ in plan.passes] if trapping is None else known_below(trapping)
        self._laid_before: dict[int, npt.NDArray[np.float32]] = {}
        self.picture: Picture = np.empty((*shape, 3), dtype=np.uint8)
        self.picture[:] = srgb_uint8(film_to_srgb(np.ones(3), plan.paper_lab))

    def draw(self, number: int, strokes: list[FloatArray]) -> None:
        """Add strokes of pass `number`; a later pass lies on all ink of the earlier ones."""
        if number != self._pass:
            self._laid_before = self._shown()
            self._pass = number
            self._below = self._film.copy()
            self._cover = np.zeros_like(self._cover)
        cover = self._cover_of(number, strokes)
        if cover is None:
            return
        here = cover > 0
        self._cover[here] = np.minimum(self._cover[here] + cover[here], 1)
        self._film[here] = self._laid(number, here, self._cover[here])
        self.picture[here] = srgb_uint8(film_to_srgb(self._film[here], self._plan.paper_lab))

    def with_pen(self, number: int, path: FloatArray, *, drawing: bool) -> Picture:
        """The picture with what is being drawn, or travelled, and the pen at its end."""
        picture = self.picture.copy()
        if drawing:
            cover = self._cover_of(number, [path])
            if cover is not None:
                here = cover > 0
                below = self._film[here] if number != self._pass else None
                whole = cover[here] if below is not None else np.minimum(self._cover[here] + cover[here], 1)
                film = self._laid(number, here, whole, below)
                picture[here] = srgb_uint8(film_to_srgb(film, self._plan.paper_lab))
        image = Image.fromarray(picture)
        brush = ImageDraw.Draw(image)
        points = [(float(x), float(y)) for x, y in path * self._px_per_mm]
        if not drawing:
            brush.line(points, fill=_TRAVEL, width=1)
        x, y = points[-1]
        colour = srgb_hex(self._plan.passes[number].pen.lab)
        brush.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour, outline="#ffffff")
        return np.asarray(image)

    def _cover_of(self, number: int, strokes: list[FloatArray]) -> npt.NDArray[np.float32] | None:
        width = self._plan.passes[number].pen.width_mm
        return Strokes(strokes, width, (0.0, 0.0), self._px_per_mm).cover(0, self._shape)

    def _shown(self) -> dict[int, npt.NDArray[np.float32]]:
        """The share of every pixel that the passes up to this one cover and show, where later ones care."""
        hides = self._plan.inks.opacity[self._pass]
        shown = {one: cover * (1 - hides * self._cover) for one, cover in self._laid_before.items()}
        if any(self._pass in known for known in self._known):
            shown[self._pass] = self._cover
        return shown

    def _laid(
        self,
        number: int,
        here: npt.NDArray[np.bool_],
        cover: npt.NDArray[np.float32],
        below: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.float32]:
        inks = self._plan.inks
        covers = self._laid_before if number == self._pass else self._shown()
        ink = trapped(
            inks.films[number].astype(np.float32),
            [
                (covers[one][here][:, None], inks.films[one], inks.trapping[one, number])
                for one in self._known[number]
                if inks.trapping is not None and one in covers
            ],
        )
        film = lay(self._below[here] if below is None else below, cover[:, None], ink, inks.opacity[number])
        return film.astype(np.float32)
