"""The ink ledger: no metre twice, none lost, over crashes, refills and several processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.pens.inventory import load_inventory
from plotbot.pens.ledger import CAPACITY_M, Ledger, split_before_dry

TIN = "staedtler12"
BLUE = load_inventory(TIN)["3"]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "deep" / "ink.sqlite"


def test_a_fresh_pen_is_full(path):
    with Ledger(path) as ledger:
        assert ledger.barrels() == []
        assert ledger.left_m(TIN, BLUE) == CAPACITY_M["water-based"]


def test_reports_are_totals_so_repeating_counts_nothing_twice(path):
    with Ledger(path) as ledger:
        for metres, lifts in ((10.0, 100), (10.0, 100), (25.0, 260), (12.0, 120)):
            ledger.record("job-1", TIN, "3", metres, lifts)
        ledger.record("job-2", TIN, "3", 5.0, 10)
        ledger.record("job-2", "other", "3", 7.0, 1)
    with Ledger(path) as ledger:
        (barrel,) = ledger.barrels(TIN)
        assert (barrel.metres, barrel.lifts, barrel.jobs) == (30.0, 270, 2)
        assert [one.tin for one in ledger.barrels()] == [TIN, "other"]
        assert ledger.left_m(TIN, BLUE) == CAPACITY_M["water-based"] - 30


def test_a_refill_in_mid_job_starts_at_zero_and_loses_nothing(path):
    with Ledger(path) as ledger:
        ledger.record("job", TIN, "3", 40.0, 4)
        ledger.refill(TIN, "3")
        ledger.record("job", TIN, "3", 40.0, 4)
        assert ledger.barrels(TIN)[0].metres == 0
        ledger.record("job", TIN, "3", 55.0, 6)
        assert (ledger.barrels(TIN)[0].metres, ledger.barrels(TIN)[0].lifts) == (15.0, 2)


def test_capacity_is_learned_from_pens_that_ran_dry(path):
    with Ledger(path) as ledger:
        for job, metres in enumerate((500.0, 100.0, 520.0, 480.0)):
            ledger.record(f"job-{job}", TIN, "3", metres, 1)
            ledger.refill(TIN, "3", ran_dry=metres != 100.0)
        assert ledger.capacity_m(TIN, BLUE) == 500.0
        assert ledger.capacity_m("other", BLUE) == CAPACITY_M["water-based"]


def test_a_layer_that_will_run_dry_is_foretold_with_the_place_to_split(path):
    with Ledger(path) as ledger:
        ledger.record("job", TIN, "3", CAPACITY_M["water-based"] - 10, 1)
        red = load_inventory(TIN)["2"]
        lengths = [1000.0] * 20
        warnings = ledger.warnings(TIN, [(BLUE, lengths), (red, lengths)])
        assert warnings == [
            "Pen 3 Blue has about 10 m left and this layer takes 20 m; change it before stroke 10 of 20."
        ]


@given(st.lists(st.floats(0, 5000), max_size=30), st.floats(0, 50))
def test_the_split_is_the_first_stroke_beyond_the_ink(lengths, left):
    index = split_before_dry(left, lengths)
    safe = left * 1000 * 0.9
    if index is None:
        assert sum(lengths) <= safe * (1 + 1e-9)
    else:
        assert sum(lengths[:index]) <= safe * (1 + 1e-9) and sum(lengths[: index + 1]) > safe * (1 - 1e-9)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 100) | st.none()), max_size=25))
def test_all_ink_is_on_some_barrel_whatever_the_order(tmp_path_factory, steps):
    totals: dict[str, float] = {}
    since_refill = 0.0
    with Ledger(tmp_path_factory.mktemp("ledger") / "ink.sqlite") as ledger:
        for job, metres in steps:
            if metres is None:
                ledger.refill(TIN, "3")
                since_refill = 0.0
            else:
                grown = max(0.0, metres - totals.get(job, 0.0))
                totals[job] = totals.get(job, 0.0) + grown
                since_refill += grown
                ledger.record(job, TIN, "3", metres, 0)
        assert sum(one.metres for one in ledger.barrels(TIN)) == pytest.approx(since_refill)


def test_several_processes_and_threads_agree(path):
    def report(worker: int) -> None:
        with Ledger(path) as ledger:
            for step in range(1, 6):
                ledger.record(f"job-{worker}", TIN, "3", float(step), step)

    Ledger(path).__exit__()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(report, range(4)))
    with Ledger(path) as ledger:
        (barrel,) = ledger.barrels(TIN)
        assert (barrel.metres, barrel.lifts, barrel.jobs) == (20.0, 20, 4)


def test_a_killed_writer_leaves_a_ledger_that_opens(path):
    code = (
        "import sys; from pathlib import Path; from plotbot.pens.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "for step in range(1, 10**6):\n"
        "    ledger.record('job', 'tin', '3', float(step), step); print(step, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(25)]
        os.kill(writer.pid, signal.SIGKILL)
        said += [int(line) for line in writer.stdout if line.endswith("\n")]
    with Ledger(path) as ledger:
        (barrel,) = ledger.barrels("tin")
        assert said[-1] <= barrel.metres <= said[-1] + 1
        assert barrel.lifts == barrel.metres


@pytest.mark.parametrize(("metres", "lifts"), [(-1.0, 0), (float("nan"), 0), (float("inf"), 0), (1.0, -1)])
def test_impossible_reports_are_refused(path, metres, lifts):
    with Ledger(path) as ledger, pytest.raises(BadInput, match="at least 0"):
        ledger.record("job", TIN, "3", metres, lifts)


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    path = tmp_path / "ink.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(BadInput, match="Move it away"):
        Ledger(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be opened"):
        Ledger(tmp_path / "file" / "ink.sqlite")
