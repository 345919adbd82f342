"""The report while a plot runs: what it shows, what its buttons do, and whom it answers."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from plotbot.cli.watching import live_report, status_of
from plotbot.errors import BadInput, Paused
from plotbot.job import runner
from plotbot.job.asking import Answer, PenSwap, Progress, Start
from plotbot.job.folder import Job, create_job
from plotbot.job.requests import AttendedPrompter, ask, attending
from plotbot.machine.base import Control
from plotbot.machine.virtual import VirtualMachine
from plotbot.pens.inventory import load_inventory
from plotbot.plan.model import Plan
from plotbot.preview.live import Address, Asked, Status, serving


class Willing:
    """A person who answers yes to everything, and stops at a pause."""

    def start(self, start: Start) -> None: ...

    def mount(self, swap: PenSwap) -> None: ...

    def paused(self, where: Progress) -> Answer:
        return "stop"


@pytest.fixture
def job(plan: Plan, tmp_path: Path) -> Job:
    return create_job(tmp_path / "job", plan, load_inventory("staedtler12"), title="waves")


class Plotting:
    """A plot on the virtual machine in a thread of its own."""

    def __init__(self, job: Job, speed: float) -> None:
        self.control = Control()
        self.ended: BaseException | runner.Outcome | None = None
        self._thread = threading.Thread(target=self._run, args=(job, speed), daemon=True)
        self._thread.start()

    def _run(self, job: Job, speed: float) -> None:
        machine = VirtualMachine(job.plan.motion, speed=speed)
        try:
            with attending(job, self.control) as attendant:
                prompts = AttendedPrompter(Willing(), attendant, lambda: None)
                self.ended = runner.run(job, machine, prompts, self.control, lambda where: None)
        except Paused as error:
            self.ended = error

    def join(self) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive()


def _until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_page_follows_the_plot_and_pauses_it(job: Job, plan: Plan, browser: webdriver.Chrome) -> None:
    browser.get_log("browser")
    with live_report(job) as at:
        browser.get(at.url)
        words = browser.find_element(By.ID, "words")
        _until(lambda: "Not begun" in words.text)
        assert browser.execute_script("return plotbot.drawn()") == 0
        plot = Plotting(job, speed=20)
        pause, go_on = browser.find_element(By.ID, "pause"), browser.find_element(By.ID, "go-on")
        _until(pause.is_displayed)
        _until(lambda: browser.execute_script("return plotbot.drawn()") > 2)
        pause.click()
        _until(lambda: "Paused, pen up" in words.text)
        ink = len(_executed(job))
        assert 2 < ink < plan.stroke_count
        _until(lambda: browser.execute_script("return plotbot.drawn()") == ink)
        time.sleep(0.3)
        assert len(_executed(job)) == ink
        assert f"{ink} of {plan.stroke_count} strokes are ink" in browser.find_element(By.ID, "now").text
        go_on.click()
        _until(lambda: "Done" in words.text)
        plot.join()
        assert isinstance(plot.ended, runner.Outcome)
        assert plot.ended.complete
        assert browser.execute_script("return plotbot.drawn()") == plan.stroke_count
        assert not pause.is_displayed()
        assert not go_on.is_displayed()
        browser.execute_script("plotbot.setTime(0)")
        assert browser.find_element(By.ID, "follow").is_selected() is False
        assert browser.execute_script("return plotbot.drawn()") == 0
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    _until(lambda: "No longer connected" in words.text)


def _executed(job: Job) -> set[int]:
    with job.journal(read_only=True) as journal:
        return set(journal.executed)


def test_ctrl_c_after_a_request_leaves_the_plot_resumable(job: Job) -> None:
    plot = Plotting(job, speed=5)
    _until(lambda: status_of(job).can_pause)
    plot.control.halt()  # what a second Ctrl-C does
    ask(job, "pause")
    plot.join()
    assert isinstance(plot.ended, Paused)
    assert status_of(job).state == "unfinished"


def test_what_is_ink_is_told_in_runs(job: Job) -> None:
    with job.journal() as journal:
        journal.begin("virtual")
        for stroke in (7, 0, 1, 2, 9, 8):
            journal.record_executed(stroke, 1.0)
        journal.end("paused")
    assert status_of(job).done == ((0, 2), (7, 9))


def test_nobody_can_be_asked_when_nothing_is_plotted(job: Job) -> None:
    with pytest.raises(BadInput, match="not being plotted"):
        ask(job, "pause")
    assert not (job.folder / "request").exists()


@pytest.fixture
def served() -> Iterator[tuple[Address, list[str]]]:
    asked: list[str] = []

    def take(request: Asked) -> None:
        if request == "go on":
            raise BadInput("It is not paused.")
        asked.append(request)

    with serving("<p>page</p>", lambda: Status("planned", "Not begun.", ()), take) as at:
        yield at, asked


def _fetch(at: Address, method: str, what: str = "", **headers: str) -> tuple[int, str]:
    parts = urlsplit(at.url)
    connection = http.client.HTTPConnection(str(parts.hostname), int(parts.port or 0), timeout=10)
    try:
        path = what if what.startswith("/") else parts.path + what
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_page_its_status_and_its_buttons(served: tuple[Address, list[str]]) -> None:
    at, asked = served
    assert at.url.startswith("http://127.0.0.1:")
    assert _fetch(at, "GET") == (200, "<p>page</p>")
    code, status = _fetch(at, "GET", "status")
    assert (code, json.loads(status)["words"]) == (200, "Not begun.")
    assert _fetch(at, "POST", "pause")[0] == 200
    assert asked == ["pause"]
    code, refused = _fetch(at, "POST", "go-on")
    assert (code, json.loads(refused)) == (409, {"error": "It is not paused."})


def test_strangers_get_nothing(served: tuple[Address, list[str]]) -> None:
    at, asked = served
    port = urlsplit(at.url).port
    assert _fetch(at, "GET", "/")[0] == 404
    assert _fetch(at, "GET", "/status")[0] == 404
    assert _fetch(at, "POST", "/" + "x" * 24 + "/pause")[0] == 404
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        f"127.0.0.1:{port}x",
        "[",
        f"10.0.0.1:{port}",
    ):
        assert _fetch(at, "POST", "pause", Host=host)[0] == 421
    assert _fetch(at, "POST", "pause", Origin="http://evil.example")[0] == 421
    assert asked == []
    assert _fetch(at, "POST", "pause", Host=f"localhost:{port}", Origin=f"http://localhost:{port}")[0] == 200
    assert _fetch(at, "GET", "pause")[0] == 404
    assert _fetch(at, "POST", "status")[0] == 404


def test_others_are_let_in_only_when_asked_for() -> None:
    with serving("page", lambda: Status("planned", "", ()), lambda request: None, host="0.0.0.0") as at:
        port = urlsplit(at.url).port
        assert "0.0.0.0" not in at.url
        assert _fetch(at, "GET")[0] == 200
        assert _fetch(at, "GET", Host=f"192.168.1.7:{port}")[0] == 200
        assert _fetch(at, "GET", Host=f"evil.example:{port}")[0] == 421


def test_a_host_that_cannot_be_had_is_named() -> None:
    with (
        pytest.raises(BadInput, match=r"192\.0\.2\.1"),
        serving("", lambda: Status("planned", "", ()), lambda request: None, host="192.0.2.1"),
    ):
        pass


def test_watching_ends_with_ctrl_c_and_nothing_else_does(job: Job) -> None:
    # From a shell that has Ctrl-C ignored, as scripts' shells do for what they start in the background.
    command = [
        "sh",
        "-c",
        'trap "" INT; exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "plotbot",
        "watch",
        str(job.folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        at = Address(watching.stdout.readline().decode().strip())
        code, page = _fetch(at, "GET")
        assert code == 200
        assert "<title>waves" in page
        assert json.loads(_fetch(at, "GET", "status")[1])["state"] == "planned"
        code, told = _fetch(at, "POST", "pause")
        assert code == 409
        assert "not being plotted" in told
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0


@pytest.mark.slow
def test_a_plot_of_another_process_is_paused_and_goes_on(tmp_path: Path) -> None:
    lines = "".join(f'<path d="M 20 {30 + 4 * k} H 120" stroke="#04369e" fill="none"/>' for k in range(30))
    (tmp_path / "lines.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="148mm" height="210mm" '
        f'viewBox="0 0 148 210">{lines}</svg>'
    )
    command = [sys.executable, "-m", "plotbot", "draw", "lines.svg", "--machine", "virtual", "--speed", "5"]
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with subprocess.Popen(
        [*command, "--yes", "--live", "--out", "job"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE
    ) as plot:
        assert plot.stderr is not None
        said = iter(plot.stderr.readline, b"")
        url = next(match[1] for line in said if (match := re.search(rb"(http://\S+)", line)))
        at = Address(url.decode())

        def now() -> dict[str, object]:
            return dict(json.loads(_fetch(at, "GET", "status")[1]))

        _until(lambda: bool(now().get("can_pause")))
        assert _fetch(at, "POST", "pause")[0] == 200
        _until(lambda: bool(now().get("can_go_on")))
        assert _fetch(at, "POST", "go-on")[0] == 200
        _until(lambda: bool(now().get("can_pause")))
        assert _fetch(at, "POST", "pause")[0] == 200
        _until(lambda: bool(now().get("can_go_on")))
        plot.send_signal(signal.SIGINT)
        assert plot.wait(20) == 4
        assert b"plotbot resume" in b"".join(said)
