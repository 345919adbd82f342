"""Measured crossings, and in which order of pens they count."""

from __future__ import annotations

import numpy as np
import pytest

from plotbot.ink.film import compose, film_to_lab
from plotbot.ink.spaces import delta_e00
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import load_inventory, select_pens
from plotbot.pens.model import Inventory, Lab, Overprint

TIN = load_inventory("staedtler12")
FIRST, SECOND = (26.0, -12.0, -10.0), (21.0, 2.0, -14.0)


def tin_with(*pairs: tuple[str, str, Lab]) -> Inventory:
    measured = tuple(
        Overprint(under=under, over=over, lab=lab, provenance="measured", uncertainty=0.0)
        for under, over, lab in pairs
    )
    return TIN.model_copy(update={"overprints": measured})


def both(inks: InkSet, *, under: str, over: str) -> np.ndarray:
    """The colour of two solids, drawn in that order."""
    order = [[pen.id for pen in inks.pens].index(name) for name in (under, over)]
    chosen = inks.only(order)
    return np.asarray(
        film_to_lab(
            compose(np.ones(2), chosen.films, chosen.opacity, trapping=chosen.trapping), inks.paper_lab
        )
    )


def test_a_pair_counts_in_both_orders_unless_the_other_was_measured() -> None:
    once = InkSet.of(tin_with(("1", "3", FIRST)))
    assert float(delta_e00(both(once, under="1", over="3"), np.array(FIRST))) < 1e-6
    assert float(delta_e00(both(once, under="3", over="1"), np.array(FIRST))) < 1e-6
    twice = InkSet.of(tin_with(("1", "3", FIRST), ("3", "1", SECOND)))
    assert float(delta_e00(both(twice, under="1", over="3"), np.array(FIRST))) < 1e-6
    assert float(delta_e00(both(twice, under="3", over="1"), np.array(SECOND))) < 1e-6


def test_an_ink_that_repels_another_does_not_bleach_it_when_it_comes_second() -> None:
    inks = InkSet.of(tin_with(("1", "3", (75.0, -8.0, 60.0))))
    assert float(delta_e00(both(inks, under="1", over="3"), np.array((75.0, -8.0, 60.0)))) < 1e-6
    assert both(inks, under="3", over="1")[0] < TIN["3"].lab[0] + 2


def test_what_hides_says_nothing_of_the_other_order() -> None:
    opaque = tin_with(("1", "3", FIRST))
    pens = tuple(pen.model_copy(update={"opacity": 0.8}) if pen.id == "3" else pen for pen in opaque.pens)
    inks = InkSet.of(opaque.model_copy(update={"pens": pens}))
    assert inks.pens[-1].id == "3"
    assert float(delta_e00(both(inks, under="1", over="3"), np.array(FIRST))) < 1e-6
    plain = InkSet(inks.pens, inks.paper_lab)
    np.testing.assert_allclose(both(inks, under="3", over="1"), both(plain, under="3", over="1"))


def test_pairs_go_with_their_pens() -> None:
    tin = tin_with(("1", "3", FIRST), ("2", "9", SECOND))
    assert InkSet.of(TIN).trapping is None
    assert len(select_pens(tin, ["1", "3", "9"]).overprints) == 1
    few = InkSet.of(tin).only([0, 1])
    assert few.trapping is None or {pen.id for pen in few.pens} == {"1", "3"}
    mounted_twice = InkSet((TIN["3"], TIN["1"], TIN["3"]), TIN.paper.lab, 0.08, tin.overprints)
    assert [pen.id for pen in mounted_twice.once.pens] == ["3", "1"]
    trapping = mounted_twice.trapping
    assert trapping is not None
    np.testing.assert_allclose(trapping[0, 1], trapping[1, 2])
    np.testing.assert_array_equal(trapping[0, 2], 1)


@pytest.mark.parametrize("lab", [(0.0, 0.0, 0.0), (100.0, 0.0, 0.0), (50.0, 127.0, -128.0)])
def test_impossible_colours_stay_finite(lab: Lab) -> None:
    trapping = InkSet.of(tin_with(("1", "3", lab))).trapping
    assert trapping is None or (np.isfinite(trapping).all() and (trapping > 0).all())
