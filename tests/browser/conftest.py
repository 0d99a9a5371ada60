"""Chromium and axe-core, or a sentence why there is none; the pages of the sample's report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import PROJECT
from .chromium import Browser, find_chromium

AXE = PROJECT / "node_modules/axe-core/axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DRAWN = "document.body.dataset.drawn === 'all' || !document.querySelector('.canvas')"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        pytest.skip(
            "no Chromium on this machine (Debian: apt-get install chromium): pages were not looked at in a browser"
        )
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        pytest.skip("no axe-core (npm ci installs it): accessibility was not checked in a browser")
    return AXE.read_text("utf-8")


def list_violations(browser: Browser, axe: str, part: str = "html") -> list[str]:
    """What axe-core finds on the page, or a part of it, as it is now: rule, number of places, the first of them."""
    if not browser.evaluate("typeof axe !== 'undefined'"):
        browser.evaluate(axe + ";true")
    options = f"{{runOnly: {LEVELS}, preload: false, resultTypes: ['violations']}}"
    return browser.evaluate(
        f"axe.run(document.querySelector({json.dumps(part)}), {options}).then(found => "
        "found.violations.map(v => `${v.id} (${v.impact}) x${v.nodes.length}: ${v.nodes[0].html.slice(0, 160)}`))"
    )


def outside(addresses: list[str]) -> list[str]:
    """Addresses that are not on this disk or in the page itself."""
    return [url for url in addresses if not url.startswith(("file:", "data:", "blob:", "about:"))]


def uri(path: Path) -> str:
    return path.resolve().as_uri()
