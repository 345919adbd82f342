"""The same drawing with several weights of its style: an SVG each, a table, and one picture of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plotbot.cli import growing
from plotbot.cli.console import people
from plotbot.errors import Cancelled

if TYPE_CHECKING:
    from plotbot.art.artwork import Grown
    from plotbot.cli.growing import ArtOptions
    from plotbot.cli.pixelling import PixelOptions
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory

__all__ = ["compare_styles"]

LAST_STEPS = 10
"""The distance from the style is the mean over so many steps, as each has views of its own."""

PICTURE_PX = 420


@dataclass(frozen=True, slots=True)
class _Drawn:
    weight: float
    path: Path
    artwork: Grown

    def figures(self) -> dict[str, Any]:
        """What there is to compare."""
        art = self.artwork
        last = art.history[-LAST_STEPS:]
        lines = [line for lines in art.by_pen().values() for line in lines]
        return {
            "style_weight": self.weight,
            "drawing": str(self.path),
            "activation": asdict(art.activations),
            "style": sum(step.terms["style"] for step in last) / len(last),
            "covered": _covered(art),
            "strokes": len(lines),
            "ink_m": art.history[-1].ink_mm / 1000,
            "pens": sorted(art.by_pen()),
        }


def compare_styles(
    options: ArtOptions, pixels: PixelOptions, inventory: Inventory, sheet: Paper, out: Path
) -> dict[str, list[dict[str, Any]] | str]:
    """Grow the drawing once for each weight of the style, as ``NAME-style-50.svg`` and so on beside `out`,
    with ``NAME-styles.png`` to look at; returns the figures for JSON."""
    from plotbot.drawing import write_svg  # noqa: PLC0415

    drawn: list[_Drawn] = []
    for weight in options.style_weights():
        people.print(f"Style of weight {weight:g}:")
        one = replace(options, style_weight=f"{weight:g}")
        artwork, _ = growing.grow(one, inventory, sheet, pixels)
        if not artwork.history:
            raise Cancelled("Stopped before the first step; nothing was compared.")
        path = out.with_name(f"{out.stem}-style-{weight:g}.svg")
        write_svg(growing.drawing_of(artwork, inventory, sheet), path, inventory)
        drawn.append(_Drawn(weight, path, artwork))
        if artwork.ended == "stopped":
            break
    figures = [one.figures() for one in drawn]
    picture = out.with_name(f"{out.stem}-styles.png")
    _write_picture(drawn, figures, picture)
    _print_table(figures)
    people.print(f"Wrote {', '.join(str(one.path) for one in drawn)} and {picture}.", soft_wrap=True)
    return {"drawings": figures, "picture": str(picture)}


def _covered(artwork: Grown) -> float:
    """Share of the area that ink covers."""
    import torch  # noqa: PLC0415

    from plotbot.art.artwork import Artwork  # noqa: PLC0415
    from plotbot.art.objectives import Seen, SeenStrokes, sparsity  # noqa: PLC0415
    from plotbot.art.pixels import PixelArtwork  # noqa: PLC0415

    if isinstance(artwork, PixelArtwork):
        return artwork.inked_share
    assert isinstance(artwork, Artwork)
    height, width = artwork.size_px
    px = artwork.area_mm[0] / width
    nib = torch.tensor([artwork.pens[pen].width_mm for pen in artwork.pen_of]) / px
    strokes = SeenStrokes(torch.from_numpy(artwork.points_mm) / px, nib, torch.ones(len(nib)))
    film = torch.ones(3, height, width)
    return float(sparsity().evaluate(Seen({}, film[None], film, strokes))[0])


def _write_picture(drawn: Sequence[_Drawn], figures: Sequence[dict[str, Any]], path: Path) -> None:
    from plotbot.art.growth import snapshot_picture  # noqa: PLC0415
    from plotbot.preview.matching import side_by_side  # noqa: PLC0415
    from plotbot.preview.picture import write_png  # noqa: PLC0415

    panels = [
        (
            f"style {one.weight:g}: activation {row['activation']['as_plotted']:.2f}, {row['ink_m']:.1f} m",
            snapshot_picture(one.artwork, one.artwork.growth[-1], PICTURE_PX),
        )
        for one, row in zip(drawn, figures, strict=True)
    ]
    write_png(path, side_by_side(panels, columns=4), 96)


def _print_table(figures: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Style weight", "Activation", "From the style", "Covered", "Strokes", "Ink", "Pens"):
        table.add_column(title, justify="right")
    for row in figures:
        table.add_row(
            f"{row['style_weight']:g}",
            f"{row['activation']['as_plotted']:.2f}",
            f"{row['style']:.3f}",
            f"{row['covered']:.0%}",
            str(row["strokes"]),
            f"{row['ink_m']:.1f} m",
            str(len(row["pens"])),
        )
    people.print(table)
