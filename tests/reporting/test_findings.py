"""The list of findings with links, on a page and in the one-file report, and what a reader is led to first."""

from __future__ import annotations

import json

import pytest

from segmentation.display import Pointers
from segmentation.period import Period
from segmentation.reporting.front import build_front
from segmentation.reporting.render import RenderError, environment, read_notebook
from segmentation.reporting.stages import STAGES
from segmentation.study import Study
from segmentation.workspace import Workspace

from .test_ledger import STUDY


def _notebook(*items):
    bundle = Pointers(items)._repr_mimebundle_()
    output = {"output_type": "display_data", "data": json.loads(json.dumps(bundle)), "metadata": {}}
    cells = [
        {"cell_type": "markdown", "source": ["# What changed?"], "metadata": {}},
        {"cell_type": "code", "source": [""], "metadata": {}, "outputs": [output]},
    ]
    return {"cells": cells}


@pytest.mark.parametrize(("shift", "link"), [(0, "05_messaging.html"), (1, "#part-05_messaging")])
def test_findings_link_to_the_page_or_to_its_part(shift, link):
    page = read_notebook(_notebook(("05_messaging", "Messages", "<script>x</script> is stale.")), "08_since")
    template = environment().from_string('{% import "macros.html.j2" as show %}{{ show.blocks(blocks, shift) }}')
    html = template.render(blocks=page.blocks, shift=shift)
    assert f'<a class="from" href="{link}">Messages</a>' in html and "&lt;script&gt;x" in html


def test_findings_that_lead_elsewhere_are_refused():
    with pytest.raises(RenderError, match="leads to no page of the report"):
        read_notebook(_notebook(("javascript:alert(1)", "Messages", "x")), "08_since")


def test_front_begins_with_the_page_that_is_read_first(tmp_path):
    (stage,) = [stage for stage in STAGES if stage.first]
    run = Workspace(Study.model_validate(STUDY), Period.parse("2026Q3"), stage.name, tmp_path)
    assert build_front(run)["first"] is None
    acts = [{"topic": "Tests", "text": "Stop it for <b>S4</b>.", "page": "06_tracking"}]
    run.write_json(f"summary_{stage.name}", {"first": {"text": "Since 2026Q2, one thing.", "acts": acts}})
    own = [{"about": "Tests", "text": "Stop it."}, {"about": "Goals", "text": "Mind the goal."}, "Think."]
    run.write_json("summary_06_tracking", {"decide": own})
    front = build_front(run)
    assert (front["first"]["title"], front["first"]["href"]) == ("Since last quarter", f"{stage.name}.html")
    template = environment().from_string(
        '{% import "front.html.j2" as door %}{{ door.front(front, {"about": ""}, 2, inside) }}'
    )
    for inside, link in ((False, f"{stage.name}.html"), (True, f"#part-{stage.name}")):
        html = template.render(front=front, inside=inside)
        assert html.index(f'href="{link}"') < html.index("What was found")
        assert html.count("&lt;b&gt;S4") == 1 and "All that changed, and what did not" in html
    (decide,) = [section for section in front["sections"] if section["id"] == "decide"]
    assert [entry["text"] for entry in decide["entries"]] == ["Stop it for <b>S4</b>.", "Mind the goal.", "Think."]
    assert {entry["href"] for entry in decide["entries"]} == {"06_tracking.html"}


def test_front_without_an_earlier_quarter_has_the_decisions_of_the_stages(tmp_path):
    run = Workspace(Study.model_validate(STUDY), Period.parse("2026Q3"), "08", tmp_path)
    run.write_json("summary_06_tracking", {"decide": [{"about": "Tests", "text": "Stop it."}]})
    (decide,) = [section for section in build_front(run)["sections"] if section["id"] == "decide"]
    assert [entry["text"] for entry in decide["entries"]] == ["Stop it."]
