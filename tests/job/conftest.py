"""Job folders of tests lie in memory where the system has a place for that: they flush to the disk a lot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.job.plans import RAM


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder for one test."""
    folder = Path(tempfile.mkdtemp(prefix="plotbot-test-", dir=RAM))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
