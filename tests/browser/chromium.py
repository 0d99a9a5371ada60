"""A headless Chromium driven over its own protocol: open a page, evaluate, watch requests, take a picture."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import websocket

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--remote-allow-origins=*",
    "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE = 120  # seconds for a page, on a machine that does much else


def find_chromium() -> str | None:
    """Path of a Chromium, or None."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


class Browser:
    """One browser with one page; use as a context manager."""

    def __enter__(self) -> Browser:
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        self.process = subprocess.Popen(
            [
                str(find_chromium()),
                *FLAGS,
                f"--user-data-dir={self.profile}",
                "--remote-debugging-port=0",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port_file = Path(self.profile) / "DevToolsActivePort"
        self._wait(lambda: port_file.exists() and port_file.read_text().strip(), PATIENCE)
        port = port_file.read_text().split()[0]
        self._wait(lambda: self._targets(port), PATIENCE)
        page = next(target for target in self._targets(port) if target["type"] == "page")
        self.socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=120)
        self.number = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.profile, ignore_errors=True)

    @staticmethod
    def _targets(port: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            return json.load(answer)

    @staticmethod
    def _wait(ready: Any, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if ready():
                return
            time.sleep(0.05)
        raise TimeoutError("Chromium did not get ready")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def evaluate(self, script: str) -> Any:
        """Value of a JavaScript expression; promises are awaited."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", str(answer)))
        return answer["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        """Make the window another size; below 600 pixels it is a phone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def colours(self, dark: bool) -> None:
        """What the reader prefers."""
        wanted = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[wanted])

    def open(
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        ready: str = "true",
        settle: bool = True,
    ) -> None:
        """Go to a page and wait until the expression ``ready`` is true; without ``settle`` only until it is loaded."""
        self.events.clear()
        self.resize(width, height)
        self.colours(dark)
        self.call("Page.navigate", url=url)
        if settle:
            self._wait(lambda: self.evaluate(f"document.readyState === 'complete' && Boolean({ready})"), PATIENCE)
        else:  # without JavaScript there is nobody to ask
            self._wait(lambda: self.text() and any(e["method"] == "Page.loadEventFired" for e in self.events), PATIENCE)

    def text(self) -> str:
        """Every word of the page, also where JavaScript is off."""
        root = self.call("DOM.getDocument", depth=-1, pierce=False)["root"]
        words: list[str] = []
        _collect_text(root, words)
        return " ".join(words)

    def requests(self) -> list[str]:
        """Addresses asked for since ``open``."""
        self.evaluate("1")
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Errors the page wrote to its console or log since ``open``."""
        self.evaluate("1")
        found = [
            e["params"]["entry"]["text"]
            for e in self.events
            if e["method"] == "Log.entryAdded" and e["params"]["entry"]["level"] == "error"
        ]
        found += [str(e["params"]["exceptionDetails"]) for e in self.events if e["method"] == "Runtime.exceptionThrown"]
        return found

    def picture(self, path: Path, *, full: bool = True) -> Path:
        """Screenshot as PNG, of the whole page or of the window."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def pdf(self, path: Path) -> Path:
        """The page as printed on A4."""
        answer = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path


def _collect_text(node: dict[str, Any], words: list[str]) -> None:
    if node.get("nodeName") in ("SCRIPT", "STYLE"):
        return
    if node.get("nodeType") == 3 and node["nodeValue"].strip():
        words.append(node["nodeValue"].strip())
    for child in node.get("children", []):
        _collect_text(child, words)
