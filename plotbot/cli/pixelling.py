"""Pixel mode on the command line: its options, and the ablation that tells how much the softmax cheated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from plotbot.cli import growing
from plotbot.cli.console import people
from plotbot.cli.growing import ArtOptions
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.art.ablation import Trial
    from plotbot.art.artwork import Grown
    from plotbot.art.pixels import PixelSettings
    from plotbot.art.settings import GenerateSettings
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory

__all__ = ["Ablate", "PixelOptions", "ablate_to", "pixel_figures"]

_PIXELS = "Art of pixels"

_OF_STROKES = ("strokes", "renderer", "scale", "tries")
"""Options of the art that pixels have no use for."""

Ablate = Annotated[
    bool,
    typer.Option(
        "--ablate",
        help="--mode pixels: grow it six times, with and without each trick, and tell how much the softmax "
        "cheated, in a table and a picture.",
        rich_help_panel=_PIXELS,
    ),
]


@dataclass(frozen=True, slots=True)
class PixelOptions:
    """What grows, and how firmly pixels decide; the options as typed."""

    mode: Annotated[
        Literal["strokes", "pixels"],
        typer.Option(
            "--mode",
            help="strokes: lines; pixels: a picture in the pens' colours, its regions outlined and hatched.",
            rich_help_panel=_PIXELS,
        ),
    ] = "strokes"
    spikiness: Annotated[
        str | None,
        typer.Option(
            "--spikiness",
            help="--mode pixels: how firmly pixels decide, fixed as 3 or rising as 1:10. "
            "[dim]Default: 1:10[/dim]",
            rich_help_panel=_PIXELS,
        ),
    ] = None
    penalty: Annotated[
        float | None,
        typer.Option(
            "--penalty",
            help="--mode pixels: what a pixel pays for wavering, in the end. [dim]Default: 0.01[/dim]",
            rich_help_panel=_PIXELS,
        ),
    ] = None
    smoothness: Annotated[
        float | None,
        typer.Option(
            "--smoothness",
            help="--mode pixels: the more, the larger and calmer the regions. [dim]Default: 20[/dim]",
            rich_help_panel=_PIXELS,
        ),
    ] = None

    def check(self, art: ArtOptions, files: Sequence[Path] = ()) -> None:
        """Raise `BadInput` for values out of range, for options of one mode with the other, and for any with
        files, which are drawn and not grown."""
        if self.mode == "strokes":
            for name in ("spikiness", "penalty", "smoothness"):
                value = getattr(self, name)
                if value is not None:
                    raise BadInput(f"--{name} {value} goes with --mode pixels, and not with strokes.")
            return
        if files:
            raise BadInput(f"Draw {files[0]}, or grow art with --mode pixels; one at a time.")
        for one in fields(art):
            value = getattr(art, one.name)
            if one.name in _OF_STROKES and value != one.default:
                raise BadInput(f"--{one.name} {value} goes with --mode strokes, and not with pixels.")
        if art.refit is not None and art.palette != "learn":
            raise BadInput(
                f"--refit {art.refit} needs colours to learn: pixels of pens have nothing to refit."
            )
        for option, value, low, high in (
            *(("--spikiness", value, 0.01, 1000.0) for value in self._spikiness()),
            ("--penalty", self.penalty, 0.0, 100.0),
            ("--smoothness", self.smoothness, 0.0, 1e5),
        ):
            if value is not None and not low <= value <= high:
                raise BadInput(f"{option} {value:g} is out of range; it must be {low:g} to {high:g}.")

    def settled(self, settings: GenerateSettings) -> PixelSettings:
        """The settings of the art with these; imports torch."""
        from plotbot.art.pixels import PixelSettings  # noqa: PLC0415

        given: dict[str, Any] = {"penalty": self.penalty, "smoothness": self.smoothness}
        if self.spikiness is not None:
            given["spikiness"], given["last_spikiness"] = self._spikiness()
        return PixelSettings(
            **{one.name: getattr(settings, one.name) for one in fields(settings)},
            **{name: value for name, value in given.items() if value is not None},
        )

    def said(self, settings: GenerateSettings) -> dict[str, str | float]:
        """What to note in a job of the way its drawing was grown."""
        from plotbot.art.pixels import PixelSettings  # noqa: PLC0415

        if not isinstance(settings, PixelSettings):
            return {"strokes": settings.strokes}
        names = ("spikiness", "last_spikiness", "penalty", "smoothness")
        return {"mode": self.mode} | {name: getattr(settings, name) for name in names}

    def _spikiness(self) -> tuple[float, ...]:
        """At the start and at the end, where it was given."""
        if self.spikiness is None:
            return ()
        first, _, last = self.spikiness.partition(":")
        try:
            return float(first), float(last or first)
        except ValueError:
            raise BadInput(
                f"--spikiness {self.spikiness!r} is no number; write 3, or 1:10 for one that rises."
            ) from None


def pixel_figures(artwork: Grown) -> dict[str, float]:
    """How much the softmax cheated, in plain numbers; nothing for strokes."""
    from plotbot.art.pixels import PixelArtwork  # noqa: PLC0415

    if not isinstance(artwork, PixelArtwork):
        return {}
    softness = artwork.softness
    return {"soft": softness.soft, "argmax": softness.argmax, "entropy_bits": softness.entropy}


def ablate_to(
    sheet_png: Path, options: ArtOptions, pixels: PixelOptions, inventory: Inventory, sheet: Paper
) -> tuple[Grown, GenerateSettings, dict[str, Any]]:
    """Grow the picture with and without each trick; print the table and write the contact sheet.

    Returns the artwork with all tricks, its settings, and the report for JSON.
    """
    from plotbot.art.ablation import ablate, contact_sheet  # noqa: PLC0415
    from plotbot.art.pixels import PixelSettings  # noqa: PLC0415
    from plotbot.cli.progress import progress_bar  # noqa: PLC0415
    from plotbot.preview.picture import write_png  # noqa: PLC0415

    settings = growing.art_settings(options, inventory, sheet, pixels)
    assert isinstance(settings, PixelSettings)
    with growing.stop_on_interrupt() as stopping, progress_bar("Growing with tricks") as tell:
        done = ablate(settings, lambda name, step: tell(name, step.done), stopping)
    _show(done)
    write_png(sheet_png, contact_sheet(done), 96)
    people.print(f"Soft and decided pictures side by side: {sheet_png}", soft_wrap=True)
    figures = [_rounded(trial.figures()) for trial in done]
    return done[-1].artwork, settings, {"ablation": figures, "contact_sheet": str(sheet_png)}


def _show(done: Sequence[Trial]) -> None:
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    table.add_column("Tricks")
    for title in ("soft", "argmax", "cheated", "entropy", "as plotted"):
        table.add_column(title, justify="right")
    for trial in done:
        figures: dict[str, Any] = dict(trial.figures())
        table.add_row(
            trial.name,
            f"{figures['soft']:.2f}",
            f"{figures['argmax']:.2f}",
            f"{100 * figures['cheated']:.1f} %",
            f"{figures['entropy_bits']:.3f} bit",
            f"{figures['as_plotted']:.2f}",
        )
    people.print("Activation of the soft picture, and of the one where every pixel has its best colour:")
    people.print(table)


def _rounded(figures: dict[str, float | str]) -> dict[str, float | str]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
