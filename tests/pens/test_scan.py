"""Cards drawn, scanned by a simulated scanner and measured: what comes back is what was drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from plotbot.errors import BadInput
from plotbot.ink.spaces import (
    delta_e00,
    lab_to_rec2020,
    lab_to_xyz,
    rec2020_to_lab,
    srgb_to_rec2020,
    xyz_to_rec2020,
)
from plotbot.pens.chart import Patch, make_card
from plotbot.pens.inventory import load_inventory, matchable_pens
from plotbot.pens.model import Inventory
from plotbot.pens.scan import Measurement, measure_card
from plotbot.pens.scan_colour import correction
from plotbot.pens.scan_markers import place_card
from plotbot.pens.scan_patches import Seen
from plotbot.pens.scan_picture import found_picture
from tests.pens.cards import SHEET, TIN, WIDTHS, drawn, small_card
from tests.pens.inks import OBSERVER, encoded, spectrum, true_lab, usual_eyes
from tests.pens.scanner import Scanner


def as_light(file: np.ndarray) -> np.ndarray:
    return srgb_to_rec2020(file.astype(np.float32) / 255)


@pytest.fixture(scope="module")
def scan() -> np.ndarray:
    """A good scan, sRGB of 8 bits."""
    return Scanner(widths=WIDTHS).scan(small_card()[1])


@pytest.fixture(scope="module")
def measured(scan: np.ndarray) -> Measurement:
    return measure_card(as_light(scan), small_card()[0], TIN)


def check(measurement: Measurement) -> None:
    for pen, width in WIDTHS.items():
        found = measurement.inventory[pen]
        assert found.provenance == "scan"
        assert found.width_mm == pytest.approx(width, rel=0.05)
        assert found.scan is not None
        assert abs(found.width_mm - width) < found.scan.width_uncertainty_mm < 0.15 * width
        assert 1.1 < found.scan.n < 2


@pytest.mark.slow
def test_colours_widths_and_tones_come_back(measured: Measurement) -> None:
    check(measured)
    off = [float(delta_e00(np.array(measured.inventory[pen].lab), np.array(TIN[pen].lab))) for pen in WIDTHS]
    assert np.mean(off) < 4
    for pen, apart in zip(WIDTHS, off, strict=True):
        assert apart < measured.inventory[pen].uncertainty
    # A pen wider than it is sold covers more; light that strays adds to it.
    assert measured.inventory["3"].scan.coverage_gain > measured.inventory["2"].scan.coverage_gain > 0
    assert 0.03 < measured.spread_mm < 0.09
    assert measured.inventory["1"] == TIN["1"]
    assert measured.inventory.paper.lab == TIN.paper.lab


@pytest.mark.slow
def test_an_unlucky_view_makes_no_odds() -> None:
    card, plan = small_card()
    for scanner in (
        Scanner(dpi=200, rotation=93, widths=WIDTHS),
        Scanner(dpi=600, rotation=-178, skew=0.04, vignetting=0.15, blur=0.05, noise=0.01, widths=WIDTHS),
    ):
        check(measure_card(as_light(scanner.scan(plan)), card, TIN))


@pytest.mark.slow
def test_a_scanner_with_coloured_lamps_is_off_in_colour_but_not_in_width() -> None:
    card, plan = small_card()
    measurement = measure_card(as_light(Scanner(kind="led", widths=WIDTHS).scan(plan)), card, TIN)
    check(measurement)
    # Black is black under every lamp.
    assert float(delta_e00(np.array(measurement.inventory["9"].lab), np.array(TIN["9"].lab))) < 1.5


def test_overprints_are_seen_as_they_are(measured: Measurement) -> None:
    paper = spectrum(TIN.paper.lab)
    pairs = {frozenset((one.under, one.over)) for one in measured.inventory.overprints}
    assert pairs == {frozenset(pair) for pair in itertools.combinations(WIDTHS, 2)}
    for one in measured.inventory.overprints:
        light = spectrum(TIN[one.under].lab) * spectrum(TIN[one.over].lab) / paper
        assert TIN[one.under].lab[0] >= TIN[one.over].lab[0]
        assert float(delta_e00(np.array(one.lab), true_lab(light))) < one.uncertainty
    assert {pen.opacity for pen in measured.inventory.pens} == {0.0}


@pytest.mark.slow
def test_an_ink_that_hides_is_found_out() -> None:
    chalk = TIN["51"].model_copy(update={"opacity": 0.7, "order": 9})
    inks = (TIN["2"], TIN["3"], TIN["9"], chalk)
    tin = TIN.model_copy(update={"pens": inks})
    # The card is drawn in the order of the file, in which this pen comes last because it hides.
    card = make_card(tin, SHEET.__class__(90.0, 92.0, 3.0))
    light = as_light(Scanner(dpi=200).scan(drawn(tin, card)))
    unknowing = tin.model_copy(update={"pens": (*inks[:3], chalk.model_copy(update={"opacity": 0.51}))})
    measurement = measure_card(light, make_card(unknowing, card.paper), unknowing)
    assert card.order[-1] == "51"
    assert measurement.inventory["51"].opacity == pytest.approx(0.7, abs=0.1)


def test_the_picture_shows_every_patch_where_it_is(measured: Measurement) -> None:
    picture = found_picture(measured)
    per_mm = picture.shape[1] / SHEET.width
    green = (picture == (0, 200, 0)).all(axis=2) | (picture == (255, 0, 0)).all(axis=2)
    for patch in measured.card.patches:
        left, top, right, _ = (round(side * per_mm) for side in patch.box)
        assert green[top - 1 : top + 2, left + 3 : right - 3].any(axis=0).mean() > 0.9
    black = next(one.box for one in measured.card.patches if one.kind == "solid" and one.pen == "9")
    x, y = (round((black[at] + black[at + 2]) / 2 * per_mm) for at in (0, 1))
    assert picture[y, x].max() < 80
    # The numbers stand over the names, in ink of the picture's own.
    _, (left, top, right, bottom) = measured.card.labels[0]
    label = picture[
        round(top * per_mm) : round(bottom * per_mm), round(left * per_mm) : round(right * per_mm)
    ]
    assert 0.02 < (label < 100).all(axis=2).mean() < 0.4


def solids(kind: str, inventory: Inventory, off: float = 0.0) -> tuple[list[Seen], np.ndarray]:
    """Solids of pens as the usual scanner of a kind sees them, without noise, and their true Labs: those
    published, or `off` times as far from them as their sources are apart."""
    rng = np.random.default_rng(11)
    eyes, paper = usual_eyes(kind), spectrum(inventory.paper.lab)
    seen, truth = [], []
    for pen in inventory.pens:
        way = rng.normal(size=3)
        lab = np.array(pen.lab) + off * pen.uncertainty * way / np.linalg.norm(way)
        light = np.minimum(spectrum(np.clip(lab, [15, -90, -90], [92, 90, 90])), 1)
        truth.append(true_lab(light))
        relative = srgb_to_rec2020(encoded(eyes.relative(light, paper)))
        seen.append(Seen(Patch("solid", pen.id, (0, 0, 9, 9)), relative, 0.0, 0.0))
    return seen, np.array(truth)


def labs_of(light: np.ndarray, inventory: Inventory) -> np.ndarray:
    return rec2020_to_lab(light * lab_to_rec2020(np.array(inventory.paper.lab)))


def matchable(name: str) -> Inventory:
    inventory = load_inventory(name)
    return inventory.model_copy(update={"pens": matchable_pens(inventory)})


def with_measured(inventory: Inventory, truth: np.ndarray, which: np.ndarray) -> Inventory:
    pens = tuple(
        pen.model_copy(update={"provenance": "measured", "lab": tuple(lab), "uncertainty": 1.0})
        if yes
        else pen
        for pen, lab, yes in zip(inventory.pens, truth.tolist(), which, strict=True)
    )
    return inventory.model_copy(update={"pens": pens})


@pytest.mark.parametrize("kind", ["ccd", "led"])
@pytest.mark.parametrize("name", ["staedtler12", "staedtler20", "micron", "stabilo88"])
def test_published_colours_tell_the_kind_of_scanner_and_correct_it(kind: str, name: str) -> None:
    tin = matchable(name)
    seen, truth = solids(kind, tin, off=0.5)
    light = np.array([one.relative for one in seen])
    found = correction(seen, tin)
    assert (found.kind, found.doubtful) == (kind, False)
    assert (found.known, found.error) == (0, None)
    raw = delta_e00(labs_of(light, tin), truth)
    corrected = delta_e00(labs_of(found.colours(light), tin), truth)
    if kind == "led":
        assert corrected.mean() < 0.75 * raw.mean()
        assert np.percentile(corrected, 90) < 0.7 * np.percentile(raw, 90)
    assert corrected.mean() < raw.mean() + 0.2
    assert (corrected < found.unsure(labs_of(found.colours(light), tin))).mean() > 0.94
    np.testing.assert_allclose(found.colours(np.ones((1, 3))), 1)
    np.testing.assert_allclose(found.colours(0.5 * light), 0.5 * found.colours(light), rtol=1e-6)


def test_a_pen_that_differs_from_its_published_colour_bends_nothing() -> None:
    tin = matchable("staedtler12")
    seen, truth = solids("led", tin)
    paler = [pen.model_copy(update={"lab": (85.0, 5.0, 10.0)}) if pen.id == "3" else pen for pen in tin.pens]
    light = np.array([one.relative for one in seen])
    plain = correction(seen, tin).colours(light)
    bent = correction(seen, tin.model_copy(update={"pens": tuple(paler)})).colours(light)
    assert delta_e00(labs_of(plain, tin), labs_of(bent, tin)).mean() < 0.7
    assert delta_e00(labs_of(bent, tin), truth)[3] < 6


def test_measured_pens_say_how_well_the_others_are_known() -> None:
    tin = matchable("stabilo88")
    seen, truth = solids("led", tin, off=0.5)
    which = np.arange(len(seen)) % 2 == 0
    known = with_measured(tin, truth, which)
    light = np.array([one.relative for one in seen])
    softly, found = correction(seen, tin), correction(seen, known)
    corrected = delta_e00(labs_of(found.colours(light), tin), truth)[~which]
    assert corrected.mean() < delta_e00(labs_of(softly.colours(light), tin), truth)[~which].mean() + 0.1
    assert found.error == pytest.approx(float(np.sqrt(np.mean(corrected**2))), rel=0.5)
    said = found.unsure(labs_of(found.colours(light), tin))[~which]
    # These inks are all smooth, kinder than the usual ones: the known ones say so.
    assert said.mean() < 0.75 * softly.unsure(labs_of(softly.colours(light), tin))[~which].mean()
    assert (corrected < said).mean() > 0.95
    assert correction(seen, with_measured(tin, truth, np.arange(len(seen)) < 5)).error is None


def test_a_card_of_one_unknown_pen_leaves_the_kind_open() -> None:
    tin = TIN.model_copy(update={"pens": (TIN["9"],)})
    seen, _ = solids("led", tin)
    found = correction(seen, tin)
    assert found.doubtful
    told = correction(seen, tin, "ccd")
    assert not told.doubtful
    lab = np.array([[50.0, 60, 40]])
    assert found.unsure(lab) > 1.5 * told.unsure(lab)


def test_what_scans_said_before_is_no_witness_for_a_scan() -> None:
    seen, _ = solids("led", TIN)
    pens = tuple(pen.model_copy(update={"provenance": "scan", "lab": (50.0, 0, 0)}) for pen in TIN.pens)
    alone = correction(seen, TIN.model_copy(update={"pens": pens}), "led")
    assert np.array_equal(alone.terms, correction([], TIN, "led").terms)


def tone(scan: np.ndarray, change) -> np.ndarray:
    return np.rint(np.clip(change(scan / 255.0), 0, 1) * 255).astype(np.uint8)


def covered(scan: np.ndarray, part: tuple[slice, slice]) -> np.ndarray:
    scan = scan.copy()
    scan[part] = 220
    return scan


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda scan: tone(scan, lambda x: x * 1.25), "pure white"),
        (lambda scan: tone(scan, lambda x: x * 0.3), "too dark"),
        (lambda scan: tone(scan, lambda x: x * (1.1, 1.0, 0.72)), "cast"),
        (lambda scan: tone(scan, lambda x: 0.86 * (3 * (x / 0.86) ** 2 - 2 * (x / 0.86) ** 3)), "altered"),
        (lambda scan: tone(scan, lambda x: 0.86 * (x / 0.86) ** 0.45), "altered"),
        (lambda scan: covered(scan, (slice(600, None), slice(600, None))), "Only 3"),
        (lambda scan: np.full_like(scan, 200), "blank"),
        (lambda scan: np.repeat(scan[..., 1:2], 3, axis=2), "shades of grey"),
        (lambda scan: scan[:, ::-1], "mirrored"),
        (lambda scan: scan[:, : -scan.shape[1] // 3], "Only 2"),
        (lambda scan: scan[::2, ::2], "150 dpi"),
        (lambda scan: covered(scan, (slice(0, 210), slice(230, 800))), "no card number"),
    ],
)  # fmt: skip
def test_a_bad_scan_is_refused_in_plain_words(scan: np.ndarray, spoil, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        measure_card(as_light(spoil(scan)), small_card()[0], TIN)


def test_another_card_is_told_by_its_number(scan: np.ndarray) -> None:
    other = make_card(TIN, SHEET, pens=["2", "3", "76"])
    with pytest.raises(BadInput, match=f"card {small_card()[0].number:05x}.*{other.number:05x}"):
        measure_card(as_light(scan), other, TIN)


def test_pale_markers_are_found_beside_a_dark_glass() -> None:
    pale = {"51": (80.0, -15.0, 35.0), "1": (90.0, -5.0, 70.0)}
    pens = tuple(TIN[pen].model_copy(update={"lab": lab}) for pen, lab in pale.items())
    tin = TIN.model_copy(update={"pens": pens})
    card = make_card(tin, SHEET)
    measurement = measure_card(as_light(Scanner(dpi=200, rotation=131).scan(drawn(tin, card))), card, tin)
    assert measurement.inventory["51"].provenance == "scan"


def test_noise_is_no_card() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (700, 900, 3)).astype(np.uint8)
    with pytest.raises(BadInput, match="markers"):
        measure_card(as_light(noise), small_card()[0], TIN)


def test_a_pen_that_left_no_ink_stays_as_it_was(scan: np.ndarray) -> None:
    card = small_card()[0]
    light = as_light(scan)
    placed = place_card(light, card)
    white = placed.at(np.array([[40.0, 70.0]]))[0]
    for patch in card.patches:
        if patch.pen == "2" and not patch.over:
            corners = placed.pixels(np.array(patch.box).reshape(2, 2)).round().astype(int)
            (left, top), (right, bottom) = np.sort(corners, axis=0)
            light[top - 6 : bottom + 6, left - 2 : right + 2] = white
    measurement = measure_card(light, card, TIN)
    assert measurement.inventory["2"] == TIN["2"]
    assert any("2 Red left no ink" in remark for remark in measurement.remarks)
    assert measurement.inventory["3"].provenance == "scan"


def test_the_spectra_of_the_simulation_have_the_colours_of_the_pens() -> None:
    for pen in TIN.pens:
        np.testing.assert_allclose(true_lab(spectrum(pen.lab)), pen.lab, atol=1e-3)
    white = xyz_to_rec2020(np.ones(len(OBSERVER)) @ OBSERVER)
    np.testing.assert_allclose(white, xyz_to_rec2020(lab_to_xyz(np.array([100.0, 0, 0]))), atol=2e-4)
