"""Many small drawings: the grid, cells whole or not there, findings, a cluster that loses a worker."""

from __future__ import annotations

import csv
import os
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster
from PIL import Image

from plotbot.art.experiments.cell import Cell, Result, Setup, grow_cell
from plotbot.art.experiments.findings import lowered, table
from plotbot.art.experiments.grid import CellFolder, channel_numbers, grid_of, style_weights
from plotbot.art.experiments.pool import grow_cells
from plotbot.art.networks import EMBEDDED
from plotbot.art.style import mondrian
from plotbot.drawing import read_svg
from plotbot.errors import BadInput
from plotbot.pens.inventory import load_inventory


@pytest.fixture(scope="module")
def tiny() -> Setup:
    """Cells that take a fraction of a second."""
    return Setup(
        load_inventory("staedtler12"),
        "blocks.2",
        EMBEDDED,
        "0" * 64,
        side_mm=30,
        view_px=32,
        strokes=12,
        steps=4,
        style=np.rint(255 * mondrian(0)).astype(np.uint8),
        style_layers=("blocks.1",),
    )


def result(channel: int, weight: float, seed: int, exc_loss: float | None) -> Result:
    activation = {"as_plotted": None if exc_loss is None else -exc_loss}
    return Result(
        channel=channel,
        style_weight=weight,
        seed=seed,
        exc_loss=exc_loss,
        activation=activation,
        style=0.5,
        strokes=9,
        ink_m=0.2,
        pens=("1", "20"),
        ended="done",
        seconds=1.5,
    )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("87", (87,)),
        ("0-3", (0, 1, 2, 3)),
        ("5, 2-3,5", (5, 2, 3)),
        ("all", tuple(range(112))),
    ],
)
def test_channels_are_ranges_and_lists(text: str, numbers: tuple[int, ...]) -> None:
    assert channel_numbers(text, 112) == numbers


@pytest.mark.parametrize("text", ["", "x", "1-", "-3", "9-2", "0-112", "1,,2", "1.5"])
def test_channels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        channel_numbers(text, 112)


def test_a_grid_has_every_channel_with_every_weight_and_seed() -> None:
    cells = grid_of((3, 1), style_weights("0, 50"), range(2))
    assert cells[:3] == (Cell(3, 0, 0), Cell(3, 0, 1), Cell(3, 50, 0))
    assert len(set(cells)) == 8
    for wrong in ("", "heavy", "-1", "nan", "inf"):
        with pytest.raises(BadInput, match="weight"):
            style_weights(wrong)
    with pytest.raises(BadInput, match="too many"):
        grid_of(range(1000), (0.0, 50.0), range(100))


def test_a_cell_leaves_its_drawing_its_figures_and_its_run(tiny: Setup, tmp_path: Path) -> None:
    store, cell = CellFolder(tmp_path, tiny), Cell(3, 50, 1)
    files = grow_cell(tiny, cell)
    again = grow_cell(tiny, cell)
    assert files["drawing.svg"] == again["drawing.svg"]
    assert files["drawing.svg"] != grow_cell(tiny, Cell(3, 0, 1))["drawing.svg"]
    store.save(cell, files)
    assert store.missing([cell, Cell(3, 0, 1)]) == [Cell(3, 0, 1)]
    found = store.result(cell)
    assert found.exc_loss == -found.activation["as_plotted"]
    assert 0 < found.style < 1
    drawing = read_svg(store.path(cell) / "drawing.svg")
    assert sum(len(layer) for layer in drawing.layers.values()) == found.strokes
    with Image.open(store.picture(cell)) as picture:
        assert picture.size == (240, 240)
    (events,) = (store.path(cell) / "tensorboard").iterdir()
    assert events.stat().st_size > 1000


def test_other_settings_make_other_cells(tiny: Setup, tmp_path: Path) -> None:
    pen = tiny.inventory.pens[0]
    wider = pen.model_copy(update={"width_mm": pen.width_mm + 0.1})
    pens = tiny.inventory.model_copy(update={"pens": (wider, *tiny.inventory.pens[1:])})
    others = [
        tiny,
        replace(tiny, steps=5),
        replace(tiny, inventory=pens),
        replace(tiny, weights_sha256="1" * 64),
        replace(tiny, style=255 - tiny.style),
        replace(tiny, layer="blocks.3"),
    ]
    assert len({CellFolder(tmp_path, setup).path(Cell(3)) for setup in others}) == len(others)
    assert replace(tiny, device="cuda", weights=Path("moved.pth")).identity() == tiny.identity()


def test_cells_are_whole_or_not_there(tiny: Setup, tmp_path: Path) -> None:
    store, cell = CellFolder(tmp_path, tiny), Cell(3)
    with pytest.raises(BadInput, match="outside"):
        store.save(cell, {"result.json": b"{}", "../../out.txt": b""})
    assert not list((tmp_path / "cells").iterdir())
    assert not (tmp_path / "out.txt").exists()
    (tmp_path / "cells" / ".c003-w0-s0.0f.tmp").mkdir()
    store.clear_up()
    assert not list((tmp_path / "cells").iterdir())
    store.save(cell, {"result.json": result(3, 0, 0, -1).model_dump_json().encode()})
    store.save(cell, {"result.json": b"another"})
    assert store.result(cell).exc_loss == -1
    (store.path(cell) / "result.json").write_text('{"channel": 3}')
    with pytest.raises(BadInput, match=r"remove .* to have it drawn again"):
        store.results([cell])
    (store.path(cell) / "result.json").write_text(result(4, 0, 0, -1).model_dump_json())
    with pytest.raises(BadInput, match="another cell"):
        store.results([cell])


def test_it_names_the_channels_that_the_style_excited_more() -> None:
    results = [
        *(result(1, 0, seed, loss) for seed, loss in enumerate((-5.0, -7.0))),
        *(result(1, 50, seed, loss) for seed, loss in enumerate((-9.0, -5.0))),
        *(result(2, 0, seed, -5.0) for seed in range(2)),
        *(result(2, 50, seed, -4.0) for seed in range(2)),
        result(3, 0, 0, -1.0),
        result(3, 0, 1, -9.0),
        result(3, 50, 0, -2.0),
        result(3, 50, 1, None),  # only seeds that both have are compared
        result(3, 10, 0, -4.0),
    ]
    found = lowered(results)
    assert [(one.channel, one.style_weight, one.without, one.with_style, one.seeds) for one in found] == [
        (3, 10, -1, -4, 1),
        (1, 50, -6, -7, 2),
        (3, 50, -1, -2, 1),
    ]
    assert lowered(results[2:4]) == []
    rows = list(csv.DictReader(table(results[:2], ["cells/a", "cells/b"]).splitlines()))
    assert [float(row["exc_loss"]) for row in rows] == [-5, -7]
    assert rows[1]["folder"] == "cells/b"
    assert rows[1]["pens"] == "1 20"


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_finishes_every_cell_once(tiny: Setup, tmp_path: Path) -> None:
    cells = grid_of((0, 1), (0.0, 50.0), range(2))
    store = CellFolder(tmp_path, tiny)
    seen: Counter[Cell] = Counter()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        victim = None
        for cell, files in grow_cells(tiny, cells, scheduler=cluster.scheduler_address):
            seen[cell] += 1
            store.save(cell, files)
            if victim is None:
                with Client(cluster) as client:
                    busy = client.processing()
                    pids = client.run(os.getpid)
                victim = max(pids, key=lambda address: len(busy.get(address, ())))
                assert busy[victim]  # it dies over its work
                os.kill(pids[victim], signal.SIGKILL)
    assert seen == Counter(cells)
    assert store.missing(cells) == []
    results = store.results(cells)
    assert Counter(one.cell for one in results) == Counter(cells)
    assert len(list((tmp_path / "cells").iterdir())) == len(cells)


def test_a_scheduler_that_is_not_there_is_named(tiny: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plotbot.art.experiments.pool.ANSWER_S", 1)
    with pytest.raises(BadInput, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        next(grow_cells(tiny, [Cell(0)], scheduler="tcp://127.0.0.1:9"))
