"""Sleep is inhibited where the system can do it, and where it cannot we say so."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from plotbot.job.inhibit import awake
from tests.job.plotting import forked

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="stands in for systemd-inhibit")

GRANTS = """#!/bin/sh
echo "$$ $*" > {log}
for last; do :; done
while [ "$1" != sh ]; do shift; done
exec "$@"
"""
REFUSES = "#!/bin/sh\necho 'Failed to inhibit: Access denied' >&2\nexit 1\n"


def put_helper(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of systemd-inhibit, first on PATH."""
    helper = folder / "bin" / "systemd-inhibit"
    helper.parent.mkdir()
    helper.write_text(text.format(log=folder / "log"))
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}{os.pathsep}{os.environ['PATH']}")
    return folder / "log"


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_lock_is_held_inside_the_block_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_helper(tmp_path, GRANTS, monkeypatch)
    with awake("plotting jobs/one") as said:
        assert said == "The computer is kept awake while plotting (systemd-inhibit)."
        pid, *arguments = log.read_text().split()
        assert alive(int(pid))
        assert "--what=sleep:idle" in arguments
        assert "--why=plotting" in arguments
    assert not alive(int(pid))


def test_the_lock_ends_with_a_killed_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = put_helper(tmp_path, GRANTS, monkeypatch)
    ready, tell = os.pipe()

    def child() -> None:
        with awake("plotting"):
            os.write(tell, b"x")
            time.sleep(60)

    pid = forked(child)
    os.read(ready, 1)
    helper = int(log.read_text().split()[0])
    assert alive(helper)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    for _ in range(500):
        if not alive(helper):
            break
        time.sleep(0.01)
    assert not alive(helper)


@pytest.mark.parametrize(
    ("helper", "why"), [(REFUSES, "was refused"), ("not a program", "cannot be started|refused")]
)
def test_where_it_is_refused_plotting_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helper: str, why: str
) -> None:
    put_helper(tmp_path, helper, monkeypatch)
    with awake("plotting") as said:
        assert said.startswith("The computer may fall asleep while plotting: systemd-inhibit")
        assert any(reason in said for reason in why.split("|"))


def test_where_there_is_no_such_program_we_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with awake("plotting") as said:
        assert said == "The computer may fall asleep while plotting: systemd-inhibit is not installed."
