"""`plotbot pens ledger`: what every pen has drawn, and refilling."""

from __future__ import annotations

from typing import Annotated

import typer

from plotbot.cli.console import emit_json, people, results
from plotbot.cli.options import Json, Pens

__all__ = ["ledger"]


def ledger(
    pens: Pens = None,
    refill: Annotated[
        str | None, typer.Option("--refill", help="This pen was refilled or replaced: count it from 0.")
    ] = None,
    ran_dry: Annotated[
        bool,
        typer.Option(
            "--ran-dry", help="With --refill: it was empty, so plotbot learns how far such a pen goes."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Show the ink every pen has drawn on paper, and about how much it has left.

    [bold]Examples[/bold]: plotbot pens ledger · plotbot pens ledger --pens staedtler12 --refill 3 --ran-dry
    """
    from rich.table import Table  # noqa: PLC0415

    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.errors import BadInput  # noqa: PLC0415
    from plotbot.pens.inventory import available_inventories, find_pen, load_inventory  # noqa: PLC0415
    from plotbot.pens.ledger import Ledger  # noqa: PLC0415

    if ran_dry and refill is None:
        raise BadInput("--ran-dry says how a pen ended; name the pen by --refill.")
    with Ledger() as book:
        if refill is not None:
            inventory = load_inventory(pens or load_settings()[0].pens)
            pen = find_pen(inventory, refill)
            book.refill(inventory.id, pen.id, ran_dry=ran_dry)
            people.print(f"Pen {pen} of {inventory.id} counts from 0 again.")
        tin = load_inventory(pens).id if pens else None
        found = []
        for barrel in book.barrels(tin):
            name, left = barrel.pen, None
            if (pens and tin == barrel.tin) or barrel.tin in available_inventories():
                inventory = load_inventory(pens if pens and tin == barrel.tin else barrel.tin)
                if barrel.pen in inventory:
                    name, left = str(inventory[barrel.pen]), book.left_m(barrel.tin, inventory[barrel.pen])
            found.append((barrel, name, left))
    if json:
        emit_json(
            {
                "pens": [
                    {
                        "tin": barrel.tin,
                        "pen": barrel.pen,
                        "since": barrel.began.isoformat(),
                        "metres": round(barrel.metres, 3),
                        "lifts": barrel.lifts,
                        "jobs": barrel.jobs,
                        "left_m": None if left is None else round(left, 1),
                    }
                    for barrel, _, left in found
                ]
            }
        )
        return
    if not found:
        results.print("No pen has drawn on paper yet; the virtual machine's ink does not count.")
        return
    table = Table("Tin", "Pen", "Drawn", "Lifts", "Jobs", "Left", "Since", box=None, pad_edge=False)
    for barrel, name, left in found:
        table.add_row(
            barrel.tin,
            name,
            f"{barrel.metres:.1f} m",
            str(barrel.lifts),
            str(barrel.jobs),
            "?" if left is None else f"about {left:.0f} m",
            barrel.began.astimezone().strftime("%Y-%m-%d"),
        )
    results.print(table)
