"""docs/mcdonalds.md says what the library finds: its text from its figures, its figures from the data."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from segmentation.clustering import compare_with_published

from .conftest import MCDONALDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("worked_example", ROOT / "benchmarks" / "worked_example.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(example):
    return example.PAGE.read_text("utf-8")


def test_page_text_shows_its_figures(example, page):
    figures = example.read_figures(page)
    assert f"{figures['published_within_ss']:,.2f}" in page
    assert f"{figures['best_within_ss']:,.2f}" in page
    assert f"{figures['near']} of {figures['starts']} random starts" in page
    assert f"{figures['recommended']} segments are recommended" in page or "least unstable" in page
    assert f"By this rule it is {figures['verdict']}." in page
    for size in figures["segment_sizes"]:
        assert f"(n = {size})" in page


def test_page_has_every_section(page):
    for title in (
        "Search:",
        "Search and sample",
        "Are there segments",
        "How many",
        "Who they are",
        "Placing a new person",
    ):
        assert f"\n## {title}" in page
    assert "nan" not in page.lower().split()


@pytest.mark.shared
def test_page_figures_are_those_of_the_data(example, page):
    if not MCDONALDS.is_dir():
        pytest.skip("the published fast-food data are not here")
    case, figures = example.load_case(MCDONALDS), example.read_figures(page)
    search, published = example.measure_search(case)
    assert figures["n"] == len(case.items)
    assert figures["published_within_ss"] == pytest.approx(published, abs=0.006)
    assert figures["best_within_ss"] == pytest.approx(search.within_ss, abs=0.006)
    assert (figures["hits"], figures["near"], figures["starts"]) == (search.hits, search.near, search.starts)
    assert figures["sizes"] == search.sizes.tolist()
    told = compare_with_published(search, within_ss=published, labels=case.book.to_numpy())
    assert str(told) in page
