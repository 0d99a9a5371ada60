"""The analyst's bench in a real JupyterLab in a real browser: what an analyst does there, with the mouse and the keyboard."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from segmentation.clustering.decided import apply_decisions
from segmentation.clustering.decisions import load_decisions
from segmentation.clustering.solution import Solution
from segmentation.study import load_study

from ..conftest import PERIOD, PROJECT, STUDY
from .chromium import Browser, find_chromium

pytestmark = pytest.mark.browser
JUPYTER = PROJECT / ".venv-lab/bin/jupyter"
TOKEN = "bench"
DONE = 90  # seconds the whole visit may take
BOX = "getBoundingClientRect().toJSON()"


@dataclass
class Lab:
    """A running JupyterLab on a copy of the sample with a finished run."""

    project: Path
    port: int
    log: Path

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url("api/status"), timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


@pytest.fixture
def lab(sample_run, tmp_path) -> Iterator[Lab]:
    if find_chromium() is None:
        pytest.skip(
            "no Chromium on this machine (Debian: apt-get install chromium): the bench was not used in a browser"
        )
    assert JUPYTER.exists(), (
        "no JupyterLab beside the project: `make .venv-lab/ready` installs it, and `make test` does so"
    )
    project = tmp_path / "project"
    for name in ("data", "notebooks"):
        shutil.copytree(sample_run.project / name, project / name)
    shutil.copytree(sample_run.work, project / "reports/fieldnote/.work" / PERIOD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    own = {f"JUPYTER_{place}": str(tmp_path / "jupyter" / place) for place in places}
    own |= {f"JUPYTERLAB_{place}_DIR": str(tmp_path / "jupyter" / place) for place in ("SETTINGS", "WORKSPACES")}
    own |= {"JUPYTER_CONFIG_PATH": str(PROJECT / "lab"), "IPYTHONDIR": str(tmp_path / "ipython")}
    command = [
        str(JUPYTER), "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={project}",
    ]  # fmt: skip
    log = tmp_path / "lab.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command, cwd=project, env=os.environ | own, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        running = Lab(project, port, log)
        wait(running.answers, 60, lambda: log.read_text())
        yield running
    finally:
        server.send_signal(signal.SIGTERM)  # the server ends its kernels, then itself
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(20)


def wait(ready: Any, seconds: float, words: Any = lambda: "") -> Any:
    """The first true answer of ``ready``, asked again and again; an assertion with ``words`` if there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds. {words()}")


@dataclass
class Hand:
    """Mouse and keyboard on the page of a browser."""

    page: Browser
    pictures: Path

    def until(self, script: str, seconds: float = 40) -> Any:
        """Value of an expression as soon as it is true; the page may still lack what it asks for."""
        problem = [""]

        def ask() -> Any:
            try:
                return self.page.evaluate(script)
            except RuntimeError as error:
                problem[0] = str(error)
                return None

        return wait(ask, seconds, lambda: f"{script}; {problem[0]}; picture: {self.look('missing')}")

    def look(self, name: str) -> Path:
        return self.page.picture(self.pictures / f"{name}.png", full=False)

    def mouse(self, kind: str, x: float, y: float, held: int = 0) -> None:
        button = "none" if kind == "mouseMoved" and not held else "left"
        self.page.call(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=held, clickCount=1 if held else 0
        )

    def still(self, script: str) -> dict[str, float]:
        """Place of an element once it stopped moving: JupyterLab lays out and scrolls while it works."""
        before: list[Any] = [None]

        def same() -> Any:
            found = self.until(
                f"(() => {{const e = {script}; return e && e.offsetParent !== null || e instanceof SVGElement ? e.{BOX} : null}})()"
            )
            time.sleep(0.2)
            settled, before[0] = found == before[0] and found["width"] > 0, found
            return found if settled else None

        return wait(same, 30, lambda: f"{script} kept moving")

    def click(self, script: str) -> None:
        """Click the element that an expression gives, in its middle, after scrolling to it."""
        self.until(f"(({script}).scrollIntoView({{block: 'nearest'}}), true)")
        box = self.still(script)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, 1)
        self.mouse("mouseReleased", x, y, 1)

    def write(self, script: str, text: str) -> None:
        """Replace what stands in a field and leave it."""
        self.click(script)
        self.page.evaluate(f"({script}).select()")
        self.page.call("Input.insertText", text=text)
        self.page.evaluate(f"({script}).dispatchEvent(new Event('change', {{bubbles: true}}))")

    def choose(self, script: str, label: str) -> None:
        """Choose the option of a list whose words begin with ``label``; ipywidgets writes spaces that do not break."""
        words = "o.text.replaceAll('\\u00a0', ' ')"
        self.until(
            f"(() => {{const list = {script}; const found = [...list.options].find(o => {words}.startsWith({json.dumps(label)})); "
            "if (!found) return false; list.selectedIndex = found.index; "
            "list.dispatchEvent(new Event('change', {bubbles: true})); return true})()"
        )

    def loop(self, box: dict[str, float], *, centre: tuple[float, float], size: tuple[float, float]) -> None:
        """Draw a loop with the left button held; places are shares of the box."""
        x, y = box["x"] + box["width"] * centre[0], box["y"] + box["height"] * centre[1]
        turn = [2 * math.pi * step / 16 for step in range(17)]
        points = [(x + box["width"] * size[0] * math.cos(t), y + box["height"] * size[1] * math.sin(t)) for t in turn]
        self.mouse("mouseMoved", *points[0])
        self.mouse("mousePressed", *points[0], 1)
        for point in points[1:]:
            self.mouse("mouseMoved", *point, 1)
            time.sleep(0.02)
        self.mouse("mouseReleased", *points[-1], 1)

    def said(self, words: str, seconds: float = 40) -> str:
        """Text of the part of the bench that says so."""
        find = f"[...document.querySelectorAll('.segmentation-bench')].map(e => e.textContent).find(t => t.includes({json.dumps(words)}))"
        return self.until(find, seconds)


def by_text(selector: str, text: str) -> str:
    return (
        f"[...document.querySelectorAll('{selector}')].find(e => e.textContent.trim().startsWith({json.dumps(text)}))"
    )


def field(placeholder: str) -> str:
    return f"document.querySelector('[placeholder={json.dumps(placeholder)}]')"


def run_all_cells(hand: Hand, lab: Lab) -> None:
    """Open explore.ipynb, wait for its kernel, Run > Run All Cells, wait for the last cell's facts."""
    hand.page.open(
        lab.url("lab/tree/notebooks/explore.ipynb?reset"),
        width=1280,
        height=900,
        ready="document.querySelector('.jp-Notebook .jp-Cell')",
    )
    sessions = f"fetch('/api/sessions?token={TOKEN}').then(answer => answer.json())"
    hand.until(
        f"{sessions}.then(all => all.some(s => s.kernel.execution_state === 'idle' && s.kernel.connections > 0))"
    )
    hand.click(by_text(".lm-MenuBar-item", "Run"))
    hand.click(by_text(".lm-Menu-item", "Run All Cells"))
    hand.until(
        "[...document.querySelectorAll('.jp-OutputArea-output')].some(e => e.textContent.includes('\"mapped\":'))", 60
    )


def test_an_analyst_lassoes_compares_tries_names_merges_and_saves(lab, tmp_path):
    began = time.monotonic()
    stored = lab.project / "reports/fieldnote/.work" / PERIOD / "results/solution.json"
    solution = Solution.from_dict(json.loads(stored.read_text())["solution"])
    first, into, *_, part = solution.segments
    with Browser() as page:
        hand = Hand(page, tmp_path)
        run_all_cells(hand, lab)
        area = "document.querySelector('.nsewdrag')"
        hand.until(f"({area}.scrollIntoView({{block: 'center'}}), true)")
        hand.loop(hand.still(area), centre=(0.3, 0.35), size=(0.22, 0.3))
        selected = hand.said("Selected: ")
        assert "beside everybody (n = 1,200)" in selected and "share of use in" in selected
        hand.choose("document.querySelector('.widget-dropdown select')", into)
        assert f"beside {into} (n = " in hand.said(f"beside {into}")
        hand.look("selection")
        hand.click(by_text(".jupyter-widgets .lm-TabBar-tab", "Try"))
        hand.write("document.querySelector('.widget-text input[type=number]')", "4")
        pressed = time.monotonic()
        hand.click(by_text(".jupyter-widgets button, button.jupyter-widgets", "Try"))
        tried = hand.said("4 segments by k-means on ")
        assert time.monotonic() - pressed < 15 and "Beside the published segments: agreement 0." in tried
        hand.look("trial")
        hand.click(by_text(".jupyter-widgets .lm-TabBar-tab", "Decide"))
        hand.write(field(f"name of {first}"), "Day planners")
        hand.write(field(f"note on {first}"), "Sales calls them dispatchers")
        hand.choose(f"{field(f'name of {part}')}.closest('.widget-vbox').querySelector('select')", f"part of {into}")
        hand.write(field(f"why merge {part}?"), "Both want proof")
        hand.write(field("who decides"), "Ana")
        hand.click(by_text(".jupyter-widgets button, button.jupyter-widgets", "Save"))
        assert f"{part} counts as part of {into}." in hand.said("Saved to ")
        hand.until(f"{by_text('.legendtext', f'{first} Day planners')} !== undefined")
        hand.look("decided")
        errors = 'document.querySelectorAll(\'[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type$="error"]\').length'
        assert page.evaluate(errors) == 0 and page.complaints() == []
        asked = {url.split("/")[2] for url in page.requests() if url.startswith(("http", "ws"))}
        assert asked == {f"127.0.0.1:{lab.port}"}
    assert time.monotonic() - began < DONE
    study = load_study(lab.project / STUDY)
    decisions = load_decisions(study)
    assert decisions.file == lab.project / STUDY / "decisions.yaml"
    decided = decisions.about()
    assert decided.segments[first].name == "Day planners" and decided.segments[first].by == "Ana"
    assert decided.segments[first].note == "Sales calls them dispatchers" and decided.decided_on == PERIOD
    assert decided.merged == {part: into} and decided.merge[0].why == "Both want proof"
    honoured = apply_decisions(solution, decided)
    assert honoured.names == {first: "Day planners"} and honoured.solution.merged == {part: into}
    assert "Traceback" not in lab.log.read_text()
