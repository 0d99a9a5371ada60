"""The analyst's bench in a real JupyterLab in a real browser: what an analyst does there, with the mouse and the keyboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from segmentation.clustering.decided import apply_decisions
from segmentation.clustering.decisions import load_decisions
from segmentation.clustering.solution import Solution
from segmentation.study import load_study

from ..conftest import PERIOD, STUDY
from .chromium import Browser
from .lab import Hand, Lab, by_text, field, run_all_cells, running_lab

pytestmark = pytest.mark.browser
DONE = 90  # seconds of processor time the whole visit may take, browser and all
DRAWN = (  # axes come first, then the marks and the lasso
    "document.querySelector('.js-plotly-plot')._fullLayout.dragmode === 'lasso' && "
    "document.querySelectorAll('.points path').length > 600"
)


@pytest.fixture
def lab(sample_run, tmp_path) -> Iterator[Lab]:
    """JupyterLab on a copy of the sample with a finished run."""
    project = tmp_path / "project"
    for name in ("data", "notebooks"):
        shutil.copytree(sample_run.project / name, project / name)
    shutil.copytree(sample_run.work, project / "reports/fieldnote/.work" / PERIOD)
    with running_lab(project, tmp_path) as running:
        yield running


def test_an_analyst_lassoes_compares_tries_names_merges_and_saves(lab, tmp_path):
    stored = lab.project / "reports/fieldnote/.work" / PERIOD / "results/solution.json"
    solution = Solution.from_dict(json.loads(stored.read_text())["solution"])
    first, into, *_, part = solution.segments
    with Browser() as page:
        hand = Hand(page, tmp_path)
        run_all_cells(hand, lab, "explore.ipynb", "mapped")
        area = "document.querySelector('.nsewdrag')"
        hand.until(DRAWN)
        hand.until(f"({area}.scrollIntoView({{block: 'center'}}), true)")
        hand.loop(hand.still(area), centre=(0.3, 0.35), size=(0.22, 0.3))
        selected = hand.said("Selected: ")
        assert "beside everybody (n = 1,200)" in selected and "share of use in" in selected
        hand.choose("document.querySelector('.widget-dropdown select')", into)
        assert f"beside {into} (n = " in hand.said(f"beside {into}")
        hand.look("selection")
        hand.click(by_text(".jupyter-widgets .lm-TabBar-tab", "Try"))
        hand.write("document.querySelector('.widget-text input[type=number]')", "4")
        pressed = lab.spent()
        hand.click(by_text(".jupyter-widgets button, button.jupyter-widgets", "Try"))
        tried = hand.said("4 segments by k-means on ")
        assert lab.spent() - pressed < 15 and "Beside the published segments: agreement 0." in tried
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
        assert lab.spent(page.process.pid) < DONE
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
