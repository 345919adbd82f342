"""The lint finds what it says and keeps quiet about a good file."""

from __future__ import annotations

import pytest

from plotbot.ink.spaces import xyz_to_lab
from plotbot.pens.check import check_inventory
from plotbot.pens.inventory import available_inventories, load_inventory
from plotbot.pens.model import Inventory, PaperColour, Pen

GOOD = Pen(
    id="1",
    name="Red",
    lab=(48, 65, 50),
    provenance="measured",
    uncertainty=0.5,
    nominal_mm=0.3,
    width_mm=0.34,
)
BLUE = GOOD.model_copy(update={"id": "2", "name": "Blue", "lab": (30.0, 15.0, -55.0)})


def tin(*pens: Pen, paper: tuple[float, float, float] = (95, 0, 1)) -> Inventory:
    return Inventory(id="x", name="x", paper=PaperColour(name="p", lab=paper), pens=pens)


def kinds(inventory: Inventory) -> list[str]:
    return [finding.kind for finding in check_inventory(inventory)]


def change(**values: object) -> Pen:
    return GOOD.model_copy(update=values)


def test_a_good_file_has_nothing_to_say():
    assert kinds(tin(GOOD, BLUE)) == []


@pytest.mark.parametrize(
    ("pen", "kind"),
    [
        (change(lab=(3.6, 0.5, 0.2), provenance="scan"), "too-dark"),
        (change(lab=(99.0, 0.0, 0.0)), "brighter-than-paper"),
        (change(lab=(94.0, -60.0, 60.0)), "brighter-than-paper"),
        (change(provenance="guess"), "too-sure"),
        (change(uncertainty=9.0), "unsure"),
        (change(width_mm=0.9), "odd-width"),
        (change(width_mm=0.3), "nominal-width"),
    ],
)
def test_each_doubt_is_found(pen, kind):
    findings = check_inventory(tin(pen, BLUE))
    assert [finding.kind for finding in findings] == [kind]
    assert findings[0].pens == ("1",) and findings[0].message.endswith((".", "true."))


def test_neons_may_glow():
    assert kinds(tin(change(lab=(99.0, -10.0, 90.0), fluorescent=True), BLUE)) == []


def test_twins_are_pens_nearer_than_they_are_known():
    near = change(id="3", lab=(50.0, 65.0, 50.0), uncertainty=4.0)
    assert kinds(tin(GOOD, near)) == []
    unsure = change(uncertainty=4.0)
    assert kinds(tin(unsure, near)) == ["twins"]
    assert kinds(tin(unsure, near.model_copy(update={"width_mm": 0.6}))) == []


def test_numbers_for_the_wrong_white_are_noticed():
    import numpy as np  # noqa: PLC0415

    from plotbot.ink import spaces  # noqa: PLC0415

    unadapted = tuple(float(v) for v in xyz_to_lab(spaces._WHITE_D65 * 0.86))
    assert unadapted[2] < -15
    assert kinds(tin(GOOD, paper=unadapted))[0] == "wrong-white"
    other_way = tuple(float(v) for v in xyz_to_lab(0.86 * spaces.WHITE_D50**2 / spaces._WHITE_D65))
    assert kinds(tin(GOOD, paper=other_way))[0] == "wrong-white"
    kraft = tuple(np.array([65.0, 8.0, 22.0]))
    assert "wrong-white" not in kinds(tin(GOOD, paper=kraft))


def test_shipped_files_have_no_grave_findings():
    for name in available_inventories():
        assert set(kinds(load_inventory(name))) <= {"twins", "nominal-width", "brighter-than-paper"}
