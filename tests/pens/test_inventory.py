"""Pen files: what is shipped, where it is looked up, and what a wrong one says."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.ink import light_to_dark
from plotbot.pens import inventory as pens
from plotbot.pens.model import Mechanical, Pen

MONO = (Path(__file__).parents[2] / "pens" / "mono.toml").read_text()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty working folder and an empty configuration folder."""
    work, config = tmp_path / "work", tmp_path / "config"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(pens, "user_pens_folder", lambda: config / "pens")
    return tmp_path


def test_shipped_inventories_are_found_from_any_folder(elsewhere):
    assert list(pens.available_inventories()) == ["micron", "mono", "stabilo88", "staedtler12", "staedtler20"]
    sizes = {name: len(pens.load_inventory(name).pens) for name in pens.available_inventories()}
    assert sizes == {"micron": 17, "mono": 1, "stabilo88": 47, "staedtler12": 12, "staedtler20": 20}


def test_shipped_colours_never_pose_as_measured():
    for name in pens.available_inventories():
        for pen in pens.load_inventory(name).pens:
            assert pen.provenance in ("third-party", "guess")
            assert pen.uncertainty >= 2


def test_published_order_of_the_staedtler_tin_is_light_to_dark():
    """So that no `order` override is needed in the file."""
    tin = pens.load_inventory("staedtler12")
    order = [tin.pens[index].id for index in light_to_dark([pen.lab for pen in tin.pens])]
    assert order == ["1", "51", "4", "20", "30", "2", "5", "6", "8", "3", "76", "9"]


def test_fluorescent_pens_are_not_matched():
    tin = pens.load_inventory("stabilo88")
    left = pens.matchable_pens(tin)
    assert len(tin.pens) - len(left) == 6
    assert not any(pen.name.startswith("Neon") for pen in left)
    neons = pens.select_pens(tin, ["024", "Neon Blue"])
    with pytest.raises(BadInput, match="fluorescent"):
        pens.matchable_pens(neons)


def test_project_beats_user_beats_shipped(elsewhere):
    def put(folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mono.toml").write_text(MONO.replace("One black fineliner", name))

    assert pens.load_inventory("mono").name == "One black fineliner"
    put(elsewhere / "config" / "pens", "user's")
    assert pens.load_inventory("mono").name == "user's"
    put(Path("pens"), "project's")
    assert pens.load_inventory("mono").name == "project's"


def test_a_path_is_taken_as_it_is(elsewhere):
    Path("mine.toml").write_text(MONO)
    for path in ("mine.toml", "./mine.toml", Path("mine.toml"), str(Path("mine.toml").absolute())):
        assert pens.load_inventory(path).id == "mine"
    with pytest.raises(BadInput, match="no pen inventory 'mine'"):
        pens.load_inventory("mine")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("staedtler21", "did you mean 'staedtler2?1?[02]'"),
        ("STABILO88", "did you mean 'stabilo88'"),
        ("..", "no pen inventory '..'"),
        ("", "known: micron"),
        ("../mono", "no pen file"),
        ("/dev/zero", "not a file"),
        ("~nobody-here/x.toml", "no home folder"),
        ("a\0.toml", "cannot be read"),
        ("x" * 5000 + ".toml", "cannot be read"),
    ],
)
def test_unknown_names_say_the_way_out(elsewhere, name, message):
    with pytest.raises(BadInput, match=message):
        pens.load_inventory(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[20.0,", "[140.0,", "mono.toml: pen black Black: lab L\\* is 140.0 but must be from 0 to 100."),
        ("0.0, 0.0]\nunc", "0.0, 200]\nunc", "pen black Black: lab b\\* is 200 but must be from -128 to 128"),
        ("[20.0, 0.0,", "[20.0,", "lab b\\* is missing"),
        ("[20.0,", "[nan,", "lab L\\* is nan but must be a finite number"),
        ("opacity = 0.0", "opacity = 3", "opacity is 3 but must be from 0 to 1"),
        ("nominal_mm = 0.3", 'nominal_mm = "wide"', "nominal_mm is 'wide' but must be a number"),
        ("width_mm = 0.3", "width_mm = 0", "width_mm is 0 but must be greater than 0"),
        ('ink = "water-based"', 'ink = "wet"', "ink is 'wet' but must be 'water-based', 'pigment'"),
        ('id = "black"', "id = 20", "pen 20 Black: id is 20 but must be text in quotes"),
        ('id = "black"', 'id = "../x"', "id is '../x' but must have only letters"),
        ("uncertainty", "uncertanty", "there is no field uncertanty \\(did you mean 'uncertainty'\\?\\)"),
        ("[[pens]]", "[[pen]]", "there is no field pen \\(did you mean 'pens'\\?\\)"),
        ("[[pens]]", "[[pens]]\nmechanical.down_hight = 1", "did you mean 'down_height'"),
        ("[[pens]]", "[[pens]]\n[[pens]]", "pen number 1: id is missing"),
        ("[[pens]]", '[defaults]\nid = "1"\n[[pens]]', "'id' cannot stand in \\[defaults\\]"),
        ("[paper]", "defaults = 3\n[paper]", "defaults must be a table"),
        ("[paper]", 'id = "x"\n[paper]', "called after its file"),
        ("[paper]", "[paper", "not valid TOML"),
        ("[[pens]]", "pens = [3]\n[x]", "there is no field"),
    ],
)
def test_a_wrong_value_names_file_pen_and_field(elsewhere, old, new, message):
    assert old in MONO
    Path("mono.toml").write_text(MONO.replace(old, new))
    with pytest.raises(BadInput, match=message) as caught:
        pens.load_inventory("mono.toml")
    assert "\n" not in str(caught.value).removesuffix(".") or "TOML" in str(caught.value)
    assert caught.value.exit_code == 2


def test_ids_are_unique(elsewhere):
    Path("two.toml").write_text(MONO + MONO[MONO.index("[[pens]]") :])
    with pytest.raises(BadInput, match=r"two\.toml: two pens have the id 'black'"):
        pens.load_inventory("two.toml")


def test_files_that_are_not_pen_files(elsewhere):
    Path("big.toml").write_bytes(b"#" * (pens.MAX_FILE_BYTES + 1))
    Path("binary.toml").write_bytes(b"\xff\xfe\x00")
    Path("deep.toml").write_text("x = " + "[" * 100_000)
    os.mkfifo("pipe.toml")
    Path("folder.toml").mkdir()
    for name, message in {
        "big": "1,000,001 bytes",
        "binary": "UTF-8",
        "deep": "not valid TOML",
        "pipe": "not a file",
        "folder": "not a file",
    }.items():
        with pytest.raises(BadInput, match=message):
            pens.load_inventory(f"{name}.toml")


def test_defaults_are_shared_and_overridden():
    text = MONO.replace("[[pens]]", '[defaults]\nfluorescent = true\nopacity = 0.5\n[defaults.mechanical]\n'
                        'down_height = 40\n[[pens]]')  # fmt: skip
    pen = pens.parse_inventory(text, "x").pens[0]
    assert pen.fluorescent and pen.opacity == 0.0 and pen.mechanical.down_height == 40


def test_pens_are_found_by_id_or_name():
    tin = pens.load_inventory("staedtler12")
    assert pens.find_pen(tin, "20").name == "Magenta"
    assert pens.find_pen(tin, " pale blue").id == "30"
    with pytest.raises(BadInput, match=r"no pen 'blu' \(did you mean 'Blue'\?\); its pens are 1, 2, 20"):
        pens.find_pen(tin, "blu")


def test_a_subset_keeps_the_order_of_the_tin():
    tin = pens.load_inventory("staedtler12")
    some = pens.select_pens(tin, ["Black", "1", "black", "2"])
    assert [pen.id for pen in some.pens] == ["1", "2", "9"]
    assert some.paper == tin.paper and pens.inventory_hash(some) != pens.inventory_hash(tin)
    with pytest.raises(BadInput, match="name at least one"):
        pens.select_pens(tin, [])


def test_the_hash_follows_values_not_layout():
    one = pens.parse_inventory(MONO, "x")
    layout = MONO.replace("0.3", "0.30").replace("# One", "#  One")
    assert pens.inventory_hash(pens.parse_inventory(layout, "x")) == pens.inventory_hash(one)
    changed = pens.parse_inventory(MONO.replace("[20.0,", "[20.1,"), "x")
    assert pens.inventory_hash(changed) != pens.inventory_hash(one)


@given(st.text(max_size=300) | st.builds(lambda at, junk: MONO[:at] + junk + MONO[at:],
                                         st.integers(0, len(MONO)), st.text(max_size=8)))  # fmt: skip
def test_no_text_gives_anything_but_an_inventory_or_a_sentence(text):
    try:
        found = pens.parse_inventory(text, "junk")
    except BadInput as error:
        assert str(error).startswith("junk.toml")
    else:
        assert tomllib.loads(text)["name"] == found.name


def test_the_example_in_the_readme_is_a_pen_file():
    readme = (Path(__file__).parents[2] / "pens" / "README.md").read_text()
    example = readme.split("```toml\n")[1].split("```")[0]
    pen = pens.parse_inventory(example, "example").pens[0]
    assert pen.nominal_mm == 0.3 and pen.mechanical.down_height == 38
    for field in (*Pen.model_fields, *Mechanical.model_fields):
        assert f"`{field}`" in readme, field
