"""`plotbot pens`: the inventories, with swatches; the group that its other commands belong to."""

from __future__ import annotations

from typing import Annotated

import typer

from plotbot.cli import calibration, colour_advice, pen_files, pen_ledger
from plotbot.cli.console import emit_json, results, swatch
from plotbot.cli.options import Json

__all__ = ["app"]

app = typer.Typer(help="Pens: what they are and how they look on paper.", no_args_is_help=True)


@app.callback()
def _group() -> None: ...


@app.command("list", epilog="Example: plotbot pens list")
def list_(json: Json = False) -> None:
    """List the inventories in ./pens, in your configuration folder and shipped with plotbot."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from plotbot.ink.spaces import srgb_hex  # noqa: PLC0415
    from plotbot.pens.inventory import available_inventories, load_inventory  # noqa: PLC0415

    found = {name: (path, load_inventory(str(path))) for name, path in available_inventories().items()}
    if json:
        emit_json(
            {
                "inventories": [
                    {"id": name, "name": inventory.name, "pens": len(inventory.pens), "path": str(path)}
                    for name, (path, inventory) in found.items()
                ]
            }
        )
        return
    table = Table("Inventory", "Pens", "Name", "Colours", box=None, pad_edge=False)
    for name, (_, inventory) in found.items():
        colours = Text.assemble(*(swatch(srgb_hex(pen.lab), 2) for pen in inventory.pens))
        table.add_row(name, str(len(inventory.pens)), inventory.name, colours)
    results.print(table)


@app.command(epilog="Example: plotbot pens show staedtler12")
def show(
    name: Annotated[str, typer.Argument(help="An inventory, by name or path.")], json: Json = False
) -> None:
    """Show every pen of an inventory: colour, where that colour is from, width and ink."""
    from rich.table import Table  # noqa: PLC0415

    from plotbot.ink.spaces import srgb_hex  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    inventory = load_inventory(name)
    if json:
        emit_json(inventory.model_dump(mode="json"))
        return
    table = Table("Pen", "", "Name", "L* a* b*", "From", "mm", "Ink", box=None, pad_edge=False)
    for pen in inventory.pens:
        lab = " ".join(f"{value:.0f}" for value in pen.lab)
        source = f"{pen.provenance} ±{pen.uncertainty:.0f}"
        ink = pen.ink + (", opaque" if pen.opacity > 0.5 else "") + (", neon" if pen.fluorescent else "")
        table.add_row(pen.id, swatch(srgb_hex(pen.lab)), pen.name, lab, source, f"{pen.width_mm:g}", ink)
    results.print(f"[bold]{inventory.name}[/bold] on {inventory.paper.name}")
    results.print(table)
    results.print("[dim]± is how far a colour may be off, in ΔE00.[/dim]")


@app.command(epilog="Example: plotbot pens check staedtler12")
def check(
    name: Annotated[str, typer.Argument(help="An inventory, by name or path.")], json: Json = False
) -> None:
    """Look for what a pen file allows but its owner hardly means: twins, blacks too dark, guessed widths."""
    from plotbot.pens.check import check_inventory  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    inventory = load_inventory(name)
    findings = check_inventory(inventory)
    if json:
        rows = [{"kind": one.kind, "pens": list(one.pens), "message": one.message} for one in findings]
        emit_json({"inventory": inventory.id, "findings": rows})
        return
    for one in findings:
        results.print(f"[yellow]{one.kind}[/yellow]: {one.message}", soft_wrap=True)
    if not findings:
        results.print(f"Nothing is wrong with {inventory.name}.")


app.command()(calibration.chart)
app.command()(calibration.measure)
app.command()(colour_advice.pick)
app.command()(colour_advice.match)
app.command()(pen_ledger.ledger)
app.command("import")(pen_files.import_)
app.command()(pen_files.export)
app.command("set-lab")(pen_files.set_lab)
