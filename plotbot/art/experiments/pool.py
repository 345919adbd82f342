"""Cells in parallel through joblib: on processes of this machine, or on a Dask cluster.

Workers send their files back and write nothing, so that a cluster needs no common disk; a cell that was
lost with its worker is grown again by another one. The setup travels with every cell, as bytes: joblib
would leave a larger object with one worker of a cluster for all, and wait forever once that one dies.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from plotbot.art.experiments.cell import Cell, Files, Setup, grow_cell
from plotbot.errors import BadInput, PlotbotError

__all__ = ["grow_cells"]

ANSWER_S = 20
"""How long a scheduler and its workers may take to answer."""


def grow_cells(
    setup: Setup, cells: Sequence[Cell], *, workers: int = 1, scheduler: str | None = None
) -> Iterator[tuple[Cell, Files]]:
    """Grow cells and yield each as it is finished, in no order.

    workers: processes on this machine, one thread each. scheduler: address of a Dask cluster to use in
    their place. Raises `BadInput` when no cluster answers, `PlotbotError` when workers keep dying.
    """
    packed = pickle.dumps(setup)
    if scheduler is not None:
        with _cluster(scheduler) as client:
            yield from _on_cluster(packed, cells, client)
        return
    parallel = joblib.Parallel(
        n_jobs=min(workers, len(cells)), backend="loky", batch_size=1, return_as="generator_unordered"
    )
    try:
        yield from parallel(joblib.delayed(_grow)(packed, cell) for cell in cells)
    except TerminatedWorkerError as error:
        raise PlotbotError(
            "A worker was killed, perhaps for lack of memory. What is finished is kept: the same command "
            "goes on, with fewer --workers if it happens again."
        ) from error


def _on_cluster(packed: bytes, cells: Sequence[Cell], client: object) -> Iterator[tuple[Cell, Files]]:
    from distributed.client import FutureCancelledError  # noqa: PLC0415
    from distributed.scheduler import KilledWorker  # noqa: PLC0415

    with joblib.parallel_config(backend="dask", client=client):
        parallel = joblib.Parallel(batch_size=1, return_as="generator_unordered")
        try:
            yield from parallel(joblib.delayed(_grow)(packed, cell) for cell in cells)
        except ModuleNotFoundError as error:
            raise BadInput(
                f"A worker of the cluster has no module {error.name}: install the same plotbot there."
            ) from error
        except FutureCancelledError as error:
            raise PlotbotError(
                "The scheduler of the cluster was lost. What is finished is kept; the same command goes on."
            ) from error
        except KilledWorker as error:
            raise PlotbotError(
                f"Workers of the cluster died again and again on one drawing: {error}. What is finished is "
                "kept; the same command goes on."
            ) from error


def _grow(packed: bytes, cell: Cell) -> tuple[Cell, Files]:
    """Grow a cell in a worker. Ctrl-C in a terminal reaches every process; the first one decides for all."""
    if multiprocessing.parent_process() and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return cell, grow_cell(pickle.loads(packed), cell)  # noqa: S301 - from the same program


@contextmanager
def _cluster(address: str) -> Iterator[object]:
    """A client of the cluster, with at least one worker there."""
    try:
        from distributed import Client  # noqa: PLC0415
    except ImportError as error:
        raise BadInput(
            "--scheduler needs Dask, which is not installed: pip install 'plotbot[cluster]'."
        ) from error
    try:
        client = Client(address, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise BadInput(
            f"No Dask scheduler answers at {address}; start one with `dask scheduler` and give its address, "
            "tcp://HOST:8786 for example."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=ANSWER_S)
        except TimeoutError as error:
            raise BadInput(
                f"The Dask cluster at {address} has no workers; start one with `dask worker {address}`."
            ) from error
        yield client
