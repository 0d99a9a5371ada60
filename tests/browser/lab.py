"""A real JupyterLab on a folder such as a clone, and a hand with mouse and keyboard in its page."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from ..conftest import PROJECT
from .chromium import Browser, find_chromium

JUPYTER = PROJECT / ".venv-lab/bin/jupyter"
TOKEN = "bench"
PATIENCE = 120  # seconds for an answer, on a machine that does much else; what a visit costs is told by ``Lab.spent``
BOX = "getBoundingClientRect().toJSON()"


@dataclass
class Lab:
    """A running JupyterLab."""

    project: Path
    port: int
    log: Path
    server: int

    def spent(self, *others: int) -> float:
        """Seconds of processor time of the server, its kernels, and other processes with theirs: what a busy machine does not change."""
        roots = [psutil.Process(number) for number in (self.server, *others)]
        family = [process for root in roots for process in (root, *root.children(recursive=True))]
        total = 0.0
        for process in family:
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])  # its own, and that of children which ended
        return total

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url("api/status"), timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


@contextmanager
def running_lab(project: Path, scratch: Path) -> Iterator[Lab]:
    """Start JupyterLab on a project folder, with settings of its own; ends it and its kernels.

    Skips the test, with a sentence, where there is no browser to use it.
    """
    if find_chromium() is None:
        pytest.skip(
            "no Chromium on this machine (Debian: apt-get install chromium): the bench was not used in a browser"
        )
    assert JUPYTER.exists(), (
        "no JupyterLab beside the project: `make .venv-lab/ready` installs it, and `make test` does so"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    own = {f"JUPYTER_{place}": str(scratch / "jupyter" / place) for place in places}
    own |= {f"JUPYTERLAB_{place}_DIR": str(scratch / "jupyter" / place) for place in ("SETTINGS", "WORKSPACES")}
    own |= {"JUPYTER_CONFIG_PATH": str(PROJECT / "lab"), "IPYTHONDIR": str(scratch / "ipython")}
    command = [
        str(JUPYTER), "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={project}",
    ]  # fmt: skip
    log = scratch / "lab.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command, cwd=project, env=os.environ | own, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        running = Lab(project, port, log, server.pid)
        wait(running.answers, PATIENCE, lambda: log.read_text())
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

    def until(self, script: str, seconds: float = PATIENCE) -> Any:
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

        return wait(same, PATIENCE, lambda: f"{script} kept moving")

    def click(self, script: str) -> None:
        """Click the element that an expression gives, in its middle, after scrolling to it."""
        self.until(f"(({script}).scrollIntoView({{block: 'nearest'}}), true)")
        box = self.still(script)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, 1)
        self.mouse("mouseReleased", x, y, 1)

    def press(self, key: str, *, times: int = 1, shift: bool = False) -> None:
        """Press a key of the keyboard, wherever the focus is."""
        codes = {
            "Tab": 9,
            "Enter": 13,
            "Escape": 27,
            "End": 35,
            "Home": 36,
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
        }
        given = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key], "modifiers": 8 if shift else 0}
        for _ in range(times):
            self.page.call("Input.dispatchKeyEvent", type="rawKeyDown", **given)
            if key == "Enter":
                self.page.call("Input.dispatchKeyEvent", type="char", text="\r", **given)
            self.page.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def drag_over(self, range_script: str) -> None:
        """Select the words of a range by dragging over them, as with a mouse; the range lies on one or more lines."""
        self.until(f"(({range_script}).startContainer.parentElement.scrollIntoView({{block: 'center'}}), true)")
        time.sleep(0.3)
        boxes = self.until(f"[...({range_script}).getClientRects()].map(box => box.toJSON())")
        first, last = boxes[0], boxes[-1]
        start = (first["left"] + 0.5, first["top"] + first["height"] / 2)
        end = (last["right"] - 0.5, last["top"] + last["height"] / 2)
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start, 1)
        self.mouse("mouseMoved", (start[0] + end[0]) / 2, end[1], 1)
        self.mouse("mouseMoved", *end, 1)
        self.mouse("mouseReleased", *end, 1)

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

    def said(self, words: str, seconds: float = PATIENCE) -> str:
        """Text of the part of the bench that says so."""
        find = f"[...document.querySelectorAll('.segmentation-bench')].map(e => e.textContent).find(t => t.includes({json.dumps(words)}))"
        return self.until(find, seconds)


def by_text(selector: str, text: str) -> str:
    return (
        f"[...document.querySelectorAll('{selector}')].find(e => e.textContent.trim().startsWith({json.dumps(text)}))"
    )


def field(placeholder: str) -> str:
    return f"document.querySelector('[placeholder={json.dumps(placeholder)}]')"


def run_all_cells(hand: Hand, lab: Lab, notebook: str, last: str) -> None:
    """Open a notebook, wait for its kernel, Run > Run All Cells, wait for the last cell's facts."""
    hand.page.open(
        lab.url(f"lab/tree/notebooks/{notebook}?reset"),
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
        "[...document.querySelectorAll('.jp-OutputArea-output')].some(e => e.textContent.includes('\"LAST\":'))".replace(
            "LAST", last
        )
    )
