"""Read a person's own art from a command: photographs as marks, SVGs as lines or as they look, placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from plotbot.cli.console import people
from plotbot.cli.durations import parse_duration
from plotbot.cli.progress import progress_bar
from plotbot.errors import BadInput, Cancelled

if TYPE_CHECKING:
    import vpype

    from plotbot.art.arrangement import ArrangeOptions
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory
    from plotbot.plan.model import Motion
    from plotbot.preview.matching import Target

__all__ = ["OwnArt", "PlacementOptions", "Read", "read_files"]

_PANEL = "Your own art"
_PLACE = "Placement"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})

_LONGEST_S = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Read:
    """A drawing that was read. target: what it stands for, where it is to look like its files. figures: of
    each file that was judged while it was made."""

    drawing: vpype.Document
    target: Target | None = None
    figures: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class PlacementOptions:
    """Where art lies on the sheet, as typed."""

    fit: Annotated[
        bool | None,
        typer.Option(
            "--fit/--no-fit",
            help="As large as its place allows. [dim]Default: all but plain SVGs[/dim]",
            rich_help_panel=_PLACE,
        ),
    ] = None
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            help="Your own art: times its size, or the fitted one, e.g. 0.5.",
            rich_help_panel=_PLACE,
        ),
    ] = None
    rotate: Annotated[float, typer.Option("--rotate", help="Degrees clockwise.", rich_help_panel=_PLACE)] = (
        0.0
    )
    align: Annotated[
        Literal[
            "center", "top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"
        ]
        | None,
        typer.Option(
            "--align", help="Where in its place. [dim]Default: center[/dim]", rich_help_panel=_PLACE
        ),
    ] = None
    crop: Annotated[
        bool,
        typer.Option(
            "--crop",
            help="Cut off what leaves its place; what is fitted then fills all of it.",
            rich_help_panel=_PLACE,
        ),
    ] = False
    grid: Annotated[
        str | None,
        typer.Option(
            "--grid",
            help="Columns by rows, e.g. 2x3: several files on the sheet, over and over until it is full.",
            rich_help_panel=_PLACE,
        ),
    ] = None
    gap: Annotated[
        str, typer.Option("--gap", help="Between the cells of a grid.", rich_help_panel=_PLACE)
    ] = "5mm"

    @property
    def factor(self) -> float | None:
        """The scale as a number; raises `BadInput`."""
        if self.scale is None:
            return None
        try:
            return float(self.scale)
        except ValueError:
            raise BadInput(
                f"--scale {self.scale} is not understood; for a file of yours write a factor, as 0.5."
            ) from None


@dataclass(frozen=True, slots=True)
class OwnArt:
    """How a person's own art becomes strokes, as typed."""

    marks: Annotated[
        str,
        typer.Option(
            "--style-of-marks",
            "--marks",
            help="Photographs: hatch, cross, flow, stipple, lines, or several as flow+lines.",
            rich_help_panel=_PANEL,
        ),
    ] = "hatch"
    time_budget: Annotated[
        str | None,
        typer.Option(
            "--time-budget",
            help="Photographs, and SVGs as they look: draw no longer, e.g. 45min.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    refine: Annotated[
        bool,
        typer.Option(
            "--refine",
            help="Photographs: let strokes slide for about a minute until they match better.",
            rich_help_panel=_PANEL,
        ),
    ] = False
    svg_mode: Annotated[
        Literal["plain", "lines", "faithful"],
        typer.Option(
            "--svg-mode",
            help="plain: the file's paths, where they are; lines: what is visible, as centre lines; "
            "faithful: as it looks, with fills and tones hatched. The last two fill the sheet.",
            rich_help_panel=_PANEL,
        ),
    ] = "plain"
    maps: Annotated[
        list[str],
        typer.Option(
            "--map",
            help='Pen of a layer, by its name, number or place: "layer 2=20".',
            rich_help_panel=_PANEL,
        ),
    ] = field(default_factory=list)

    text: Annotated[
        Literal["outlines", "lines"],
        typer.Option(
            "--text",
            help="SVG text: as its outlines, which plain SVGs leave out, or in a single-line font.",
            rich_help_panel=_PANEL,
        ),
    ] = "outlines"

    @property
    def budget_s(self) -> float | None:
        """The time budget in seconds; raises `BadInput`."""
        if self.time_budget is None:
            return None
        return parse_duration(self.time_budget, "--time-budget", most_s=_LONGEST_S)

    def limited(self, arts: Sequence[Path], inventory: Inventory, count: int | None) -> Inventory:
        """The tin with only the few pens that come nearest to the files' colours; raises `BadInput`."""
        if count is None:
            return inventory
        if self.maps:
            raise BadInput("--map names pens and --pen-limit chooses them; use one of the two.")
        import numpy as np  # noqa: PLC0415

        from plotbot.art.colours import colours_of  # noqa: PLC0415
        from plotbot.pens.advice import choose_pens  # noqa: PLC0415
        from plotbot.pens.inventory import select_pens  # noqa: PLC0415

        found = [colours_of(art, inventory.paper.lab, self.svg_mode) for art in arts]
        labs = np.concatenate([one.labs for one in found])
        share = np.concatenate([one.share for one in found]) / len(found)
        chosen = choose_pens(labs, share, inventory, count, mixed=any(one.mixed for one in found))
        people.print(
            f"Chosen of {inventory.id}: {', '.join(str(pen) for pen in chosen.pens)}.", soft_wrap=True
        )
        return select_pens(inventory, [pen.id for pen in chosen.pens])

    def options(
        self, arts: Sequence[Path], place: PlacementOptions, motion: Motion | None = None, seed: int = 0
    ) -> ArrangeOptions:
        """What was asked for; refuses, before any work, what does not go with the files (`BadInput`)."""
        from plotbot.art.arrangement import ArrangeOptions  # noqa: PLC0415
        from plotbot.art.picture import QuantizeOptions  # noqa: PLC0415
        from plotbot.paper import parse_length  # noqa: PLC0415
        from plotbot.placement import parse_grid  # noqa: PLC0415

        for art in arts:
            if not art.is_file():
                raise BadInput(f"There is no file {art}.")
        pictures = [art for art in arts if art.suffix.lower() in PICTURES]
        if self.time_budget is not None and not pictures and self.svg_mode != "faithful":
            raise BadInput(
                f"--time-budget is for photographs and for SVGs with --svg-mode faithful; {arts[0].name} "
                "is drawn line by line."
            )
        if self.refine and not pictures:
            raise BadInput(
                f"--refine is for photographs; {arts[0].name} is an SVG, whose lines and edges stay where "
                "they are."
            )
        if self.refine and self.marks == "stipple":
            raise BadInput(
                "--refine slides lines, and --marks stipple has none; its dots are settled as it is."
            )
        if len(pictures) == len(arts) and (self.svg_mode != "plain" or self.maps or self.text != "outlines"):
            raise BadInput(f"--svg-mode, --map and --text are for SVGs; {arts[0].name} is a picture.")
        if pictures and place.fit is False:
            raise BadInput(
                f"--no-fit: {pictures[0].name} is a picture and has no size of its own; use --scale."
            )
        if len(arts) > 1 and place.grid is None:
            raise BadInput(
                f"To draw {len(arts)} files on one sheet, say how they lie, e.g. --grid {len(arts)}x1."
            )
        tones = QuantizeOptions(marks=self.marks, time_budget_s=self.budget_s, seed=seed)
        options = ArrangeOptions(
            self.svg_mode,
            tuple(self.maps),
            tones if motion is None else replace(tones, motion=motion),
            place.fit,
            place.factor,
            place.rotate,
            place.align,
            place.crop,
            None if place.grid is None else parse_grid(place.grid),
            parse_length(place.gap, "--gap"),
            self.refine,
            self.text,
        )
        options.placement(fits=True)
        return options


def read_files(arts: Sequence[Path], inventory: Inventory, sheet: Paper, options: ArrangeOptions) -> Read:
    """Files as a drawing in the inventory's pens, with a progress bar; raises `BadInput`, and `Cancelled` on
    Ctrl-C."""
    from plotbot.art.arrangement import arrange  # noqa: PLC0415
    from plotbot.preview.matching import Target  # noqa: PLC0415

    names = arts[0].name if len(arts) == 1 else f"{len(arts)} files"
    try:
        with progress_bar(names) as tell:
            arranged = arrange(arts, inventory, sheet, options, tell)
    except KeyboardInterrupt as error:
        raise Cancelled(f"Stopped while drawing {names}; nothing was written.") from error
    for reason, count in arranged.not_drawn.items():
        people.print(f"Not drawn: {count} shape{'s' if count != 1 else ''}, {reason}")
    for remark in arranged.remarks:
        people.print(remark, soft_wrap=True)
    for figures in arranged.figures:
        before = figures.get("refined_from")
        if before is not None:
            now = figures["drawn"]["mean"]
            kept = f"from {before:.2f} to {now:.2f}" if now < before else "not at all; they stay as they were"
            people.print(f"Refining the strokes of {figures['art']} brought the mean ΔE00 {kept}.")
    look = arranged.look
    target = None if look is None else Target(look.light, look.box_mm, names)
    return Read(arranged.drawing, target, arranged.figures)
