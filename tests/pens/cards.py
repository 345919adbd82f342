"""Small calibration cards, planned as the command does."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from plotbot.drawing import from_strokes
from plotbot.paper import Paper
from plotbot.pens.chart import Card, make_card
from plotbot.pens.inventory import load_inventory, select_pens
from plotbot.pens.model import Inventory
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.model import Plan

SHEET = Paper(80.0, 80.0, 3.0)
TIN = load_inventory("staedtler12")
PENS = ("2", "3", "9")
WIDTHS = {"2": 0.27, "3": 0.34, "9": 0.31}
"""What the pens of the simulated plotter really draw; the file says 0.3 mm."""


def drawn(inventory: Inventory, card: Card) -> Plan:
    """The plan of a card."""
    chosen = select_pens(inventory, card.order)
    ordered = tuple(sorted(chosen.pens, key=lambda pen: card.order.index(pen.id)))
    document = from_strokes(card.strokes, chosen.model_copy(update={"pens": ordered}), card.paper)
    return make_plan(document, inventory, card.paper, options=PlanOptions(pen_order="given"))


@functools.cache
def small_card(pens: Iterable[str] = PENS) -> tuple[Card, Plan]:
    card = make_card(TIN, SHEET, pens=pens)
    return card, drawn(TIN, card)
