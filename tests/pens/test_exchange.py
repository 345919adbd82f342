"""Pen files written and read back, by plotbot and by the real vpype."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.ink import delta_e00, lab_from_hex, srgb_hex
from plotbot.pens import exchange
from plotbot.pens.inventory import inventory_hash, load_inventory, parse_inventory
from plotbot.pens.model import Inventory, Mechanical, PaperColour, Pen

SHIPPED = ["micron", "mono", "stabilo88", "staedtler12", "staedtler20"]

labs = st.tuples(st.floats(0, 100), st.floats(-128, 128), st.floats(-128, 128))
widths = st.floats(0.01, 50)
names = st.text(min_size=1, max_size=80).filter(lambda text: "\x00" not in text)
pens = st.builds(
    Pen,
    id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", fullmatch=True),
    name=names,
    lab=labs,
    provenance=st.sampled_from(["measured", "scan", "third-party", "guess"]),
    uncertainty=st.floats(0, 100),
    nominal_mm=widths,
    width_mm=widths,
    ink=st.sampled_from(["gel", "other"]),
    opacity=st.floats(0, 1),
    fluorescent=st.booleans(),
    order=st.none() | st.integers(-5, 5),
    mechanical=st.builds(Mechanical, down_height=st.none() | st.floats(0, 100)),
)
inventories = st.builds(
    Inventory,
    id=st.just("mine"),
    name=names,
    paper=st.builds(PaperColour, name=names, lab=labs),
    pens=st.lists(pens, min_size=1, max_size=5, unique_by=lambda pen: pen.id).map(tuple),
)


@given(inventories)
def test_every_inventory_survives_its_own_format(inventory):
    assert parse_inventory(exchange.to_toml(inventory), "mine") == inventory


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_inventories_survive_their_own_format(name):
    inventory = load_inventory(name)
    text = exchange.to_toml(inventory)
    assert inventory_hash(parse_inventory(text, name)) == inventory_hash(inventory)
    assert ("[defaults]" in text) == (len(inventory.pens) > 1)


def test_vpype_takes_the_exported_pen_configuration(tmp_path):
    import vpype  # noqa: PLC0415
    import vpype_cli  # noqa: PLC0415

    tin = load_inventory("staedtler12")
    path = tmp_path / "vpype.toml"
    path.write_text(exchange.to_pen_config(tin))
    document = vpype_cli.execute("pens staedtler12", global_opt=f"-c {path}")
    assert document is not None and len(document.layers) == 12
    for number, pen in enumerate(tin.pens, start=1):
        layer = document.layers[number]
        assert layer.property(vpype.METADATA_FIELD_NAME) == pen.id
        assert layer.property(vpype.METADATA_FIELD_COLOR) == vpype.Color(srgb_hex(pen.lab))
        width = layer.property(vpype.METADATA_FIELD_PEN_WIDTH)
        assert width == pytest.approx(vpype.convert_length(f"{pen.width_mm}mm"))


def test_a_pen_configuration_comes_back_within_what_eight_bits_hold():
    tin = load_inventory("staedtler12")
    back = exchange.from_vpype(exchange.to_pen_config(tin), "back")
    assert [pen.id for pen in back.pens] == [pen.id for pen in tin.pens]
    assert [pen.width_mm for pen in back.pens] == pytest.approx([pen.width_mm for pen in tin.pens])
    there = np.array([pen.lab for pen in tin.pens])
    assert delta_e00(np.array([pen.lab for pen in back.pens]), there).max() < 1.5
    assert {pen.provenance for pen in back.pens} == {"guess"}


def test_penset_files_go_out_and_come_in():
    tin = load_inventory("mono")
    text = exchange.to_penset(tin)
    assert tomllib.loads(text)["penset"]["pens"] == [
        {"color": srgb_hex(tin.pens[0].lab), "width": 0.3, "name": "black Black"}
    ]
    back = exchange.from_vpype(text, "back")
    assert back.name == "mono" and back.pens[0].id == "black-Black"
    # The two spellings that vpype-penset documents.
    short = exchange.from_vpype(
        '[penset]\npens = [{color = "#0f0"}, {color = "ff0000", width = 0.7, name = "Red 0.7"}]', "short"
    )
    assert [pen.width_mm for pen in short.pens] == [0.3, 0.7]
    np.testing.assert_allclose(short.pens[1].lab, lab_from_hex("#ff0000"), atol=0.01)


def test_vpype_widths_and_colour_names():
    text = """
    [pen_config.rgb]
    layers = [
        { layer_id = 1, name = "Pen A!", color = "red", pen_width = "0.15mm" },
        { layer_id = 2, name = "Pen A!", color = "#00ff00", pen_width = 0.96 },
        { layer_id = 7, color = "blue" },
    ]
    [pen_config.other]
    layers = [{ layer_id = 1, color = "black" }]
    """
    pens = exchange.from_vpype(text, "x", "rgb").pens
    assert [pen.id for pen in pens] == ["Pen-A", "Pen-A-2", "Pen-7"]
    assert [pen.width_mm for pen in pens] == pytest.approx([0.15, 0.254, 0.3])
    with pytest.raises(BadInput, match="several pen configurations; choose one: rgb, other"):
        exchange.from_vpype(text, "x")
    with pytest.raises(BadInput, match="no pen configuration 'cmyk': rgb, other"):
        exchange.from_vpype(text, "x", "cmyk")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[other]", "neither \\[pen_config\\]"),
        ("[penset", "not valid TOML"),
        ("[penset]", "no \\[\\[penset.pens\\]\\]"),
        ("penset = 3", "penset must be a table"),
        ('[penset]\npens = [{name = "x"}]', "pen 1 has no color"),
        ('[penset]\npens = [{color = "blurple"}]', "'blurple' is not a colour"),
        ('[penset]\npens = [{color = "red", width = "thin"}]', "must be a number of millimetres"),
        ('[penset]\npens = [{color = "red", width = -1}]', "width_mm|nominal_mm"),
        ("[pen_config.a]", "has no layers"),
        ("pen_config = {a = 3}", "has no layers"),
        ('[pen_config.a]\nlayers = [{color = "red", pen_width = "1 furlong"}]', "pen_width"),
    ],
)
def test_wrong_files_are_refused_in_a_sentence(text, message):
    with pytest.raises(BadInput, match=message) as caught:
        exchange.from_vpype(text, "wrong")
    assert str(caught.value).startswith(("wrong.toml", "wrong"))


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
)
def test_junk_pens_never_crash(junk):
    import tomli_w  # noqa: PLC0415

    layer = {"color": "red", "pen_width": junk, "layer_id": junk}
    for table in (
        {"penset": {"pens": [{"color": junk, "width": junk, "name": junk}, junk]}},
        {"pen_config": {"a": {"layers": [layer]}}},
    ):
        try:
            text = tomli_w.dumps(table)
        except (TypeError, ValueError):
            continue
        try:
            assert exchange.from_vpype(text, "junk").pens
        except BadInput:
            continue
