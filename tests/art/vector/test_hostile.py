"""Files that mean harm, or are merely broken: drawn, or refused in one sentence, in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plotbot import drawing
from plotbot.art.vector import ArtworkOptions, read_artwork
from plotbot.errors import BadInput
from plotbot.pens.inventory import load_inventory
from tests.art.vector.hostile import HOSTILE

LARGE = ("200k paths", "one long path")
AREA = (10.0, 10.0, 70.0, 50.0)

MEASURED = """
import json, resource, sys
from pathlib import Path
from plotbot.art.vector import ArtworkOptions, read_artwork
from plotbot.pens.inventory import load_inventory
tin = load_inventory("staedtler12")
art = read_artwork(Path(sys.argv[1]), tin, (10, 10, 70, 50), ArtworkOptions(sys.argv[2]))
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([len(art.strokes), most / 1024]))
"""


@pytest.fixture(scope="module")
def tin():
    return load_inventory("staedtler12")


@pytest.mark.parametrize("mode", ["plain", "lines", "faithful"])
@pytest.mark.parametrize("name", sorted(set(HOSTILE) - set(LARGE)))
def test_every_file_is_drawn_or_refused_in_a_sentence(name, mode, tin, tmp_path, monkeypatch):
    def no_network(*_args):
        raise AssertionError("something was to be fetched")

    monkeypatch.setattr("socket.socket.connect", no_network)
    path = tmp_path / "hostile.svg"
    path.write_bytes(HOSTILE[name])
    (tmp_path / "secret.png").write_bytes(b"no picture")
    try:
        if mode == "plain":
            strokes = drawing.sources(drawing.assign_pens(drawing.read_svg(path), tin))
        else:
            strokes = read_artwork(path, tin, AREA, ArtworkOptions(mode)).strokes
    except BadInput as error:
        assert "\n" not in str(error)
        assert str(error).endswith(".")
        assert len(str(error)) < 400
    else:
        assert strokes


def test_a_path_that_cannot_be_rendered_is_refused(tin, tmp_path):
    path = tmp_path / "long.svg"
    path.write_bytes(HOSTILE["one long path"])
    with pytest.raises(BadInput, match=r"path of 400001 points .* take --svg-mode lines"):
        read_artwork(path, tin, AREA, ArtworkOptions("faithful"))


@pytest.mark.parametrize(
    "paint", ['fill="#000"', 'fill="none" stroke="#d90005" stroke-width="3"', 'fill="none" stroke="#000"']
)
@pytest.mark.parametrize("under", ["", '<rect width="200" height="140" fill="#0033aa"/>'])
def test_tangles_are_drawn_as_they_look(paint, under, tin, tmp_path):
    turn = np.arange(20_000)
    x, y = 100 + 90 * np.sin(0.37 * turn), 140 + 120 * np.cos(0.53 * turn)
    way = " ".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    path = tmp_path / "tangle.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 280">'
        f'{under}<path d="M{way}Z" {paint}/></svg>'
    )
    tones = ArtworkOptions(tones=replace(ArtworkOptions().tones, detail=1.0))
    art = read_artwork(path, tin, AREA, tones)
    assert art.difference is not None
    # The lone line is thinner than the pen, and drawn as a line all the same.
    assert art.difference.mean < (15 if paint.endswith('stroke="#000"') else 12)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mode"), [*((name, "lines") for name in LARGE), ("200k paths", "faithful")])
def test_large_files_take_less_than_two_gigabytes(name, mode, tmp_path):
    path = tmp_path / "large.svg"
    path.write_bytes(HOSTILE[name])
    run = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), mode],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    strokes, megabytes = json.loads(run.stdout)
    assert strokes
    assert megabytes < 2000
