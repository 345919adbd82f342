"""Read a person's own art from a command: photographs as marks, SVGs as lines or as they look."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plotbot.cli.console import people
from plotbot.cli.durations import parse_duration
from plotbot.errors import BadInput

if TYPE_CHECKING:
    import vpype

    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory
    from plotbot.plan.model import Motion
    from plotbot.preview.matching import Target

__all__ = ["OwnArt", "Read"]

_PANEL = "Your own art"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})

_LONGEST_S = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Read:
    """A drawing that was read. target: what it stands for, where it is to look like its file."""

    drawing: vpype.Document
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class OwnArt:
    """The options of a person's own art, as typed."""

    fit: Annotated[
        bool, typer.Option("--fit", help="Scale an SVG to fill the sheet.", rich_help_panel=_PANEL)
    ] = False
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
            "--time-budget", help="Photographs: draw no longer, e.g. 45min.", rich_help_panel=_PANEL
        ),
    ] = None
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

    def check(self, art: Path) -> None:
        """Refuse, before any work, options that do not go with the file; raises `BadInput`."""
        if not art.is_file():
            raise BadInput(f"There is no file {art}.")
        self._budget_s()
        picture = art.suffix.lower() in PICTURES
        if self.time_budget is not None and not picture:
            raise BadInput(f"--time-budget is for photographs; {art.name} is none.")
        if picture and (self.svg_mode != "plain" or self.maps or self.fit):
            raise BadInput(f"--svg-mode, --map and --fit are for SVGs; {art.name} is a picture.")

    def read(self, art: Path, inventory: Inventory, sheet: Paper, motion: Motion) -> Read:
        """The file as a drawing in the inventory's pens; raises `BadInput`."""
        from plotbot import drawing as drawings  # noqa: PLC0415

        if art.suffix.lower() in PICTURES:
            return self._picture(art, inventory, sheet, motion)
        if self.svg_mode == "plain":
            from plotbot.layers import LayerMap  # noqa: PLC0415

            chosen = LayerMap(self.maps, inventory)
            document = drawings.assign_pens(drawings.read_svg(art), inventory, chosen)
            return Read(drawings.fit(document, sheet) if self.fit else document)
        from plotbot.art.vector import ArtworkOptions, read_artwork  # noqa: PLC0415
        from plotbot.preview.matching import Target  # noqa: PLC0415

        options = ArtworkOptions(svg_mode=self.svg_mode, layer_map=tuple(self.maps))
        artwork = read_artwork(art, inventory, sheet.drawable, options)
        for reason, count in artwork.dropped.items():
            people.print(f"Not drawn: {count} shape{'s' if count != 1 else ''}, {reason}")
        drawing = drawings.from_strokes(artwork.strokes, inventory, sheet)
        if artwork.target is None:
            return Read(drawing)
        return Read(drawing, Target(artwork.target, artwork.box_mm, f"{art.name}, as it looks"))

    def _picture(self, art: Path, inventory: Inventory, sheet: Paper, motion: Motion) -> Read:
        from plotbot import drawing as drawings  # noqa: PLC0415
        from plotbot.art.picture import QuantizeOptions, load_picture, quantize  # noqa: PLC0415
        from plotbot.preview.matching import Target  # noqa: PLC0415

        options = QuantizeOptions(marks=self.marks, time_budget_s=self._budget_s(), motion=motion)
        drawn = quantize(load_picture(art), inventory, sheet.drawable, options)
        drawing = drawings.from_strokes(drawn.strokes, inventory, sheet)
        return Read(drawing, Target(drawn.target, drawn.box_mm, art.name))

    def limited(self, art: Path, inventory: Inventory, count: int | None) -> Inventory:
        """The tin with only the few pens that come nearest to a file's colours; raises `BadInput`."""
        if count is None:
            return inventory
        if self.maps:
            raise BadInput("--map names pens and --pen-limit chooses them; use one of the two.")
        from plotbot.art.colours import colours_of  # noqa: PLC0415
        from plotbot.pens.advice import choose_pens  # noqa: PLC0415
        from plotbot.pens.inventory import select_pens  # noqa: PLC0415

        colours = colours_of(art, inventory.paper.lab, self.svg_mode)
        chosen = choose_pens(colours.labs, colours.share, inventory, count, mixed=colours.mixed)
        people.print(
            f"Chosen of {inventory.id}: {', '.join(str(pen) for pen in chosen.pens)}.", soft_wrap=True
        )
        return select_pens(inventory, [pen.id for pen in chosen.pens])

    def _budget_s(self) -> float | None:
        if self.time_budget is None:
            return None
        return parse_duration(self.time_budget, "--time-budget", most_s=_LONGEST_S)
