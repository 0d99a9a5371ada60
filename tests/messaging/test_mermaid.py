"""Mermaid diagrams that parse, whatever names hold."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.messaging import format_mermaid, map_journey

from .mermaid_grammar import parse
from .test_journey import EVENTS, MEMBERS


def rows(**cells: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": ["S1"], "stage": ["try"], "position": 0, "n": 50, "reached": 25, "share": 0.5} | cells
    ).assign(withheld=False)


def test_parser_reads_the_example_of_the_documentation():
    text = """journey
    title My working day
    section Go to work
      Make tea: 5: Me
      Go upstairs: 3: Me
      Do work: 1: Me, Cat
    section Go home
      Go downstairs: 5: Me
      Sit down: 5: Me
"""
    found = parse(text)
    assert found.title == "My working day" and found.sections == ["Go to work", "Go home"]
    assert found.tasks[2] == ("Go to work", "Do work", 1, ["Me", "Cat"]) and len(found.tasks) == 5


@pytest.mark.parametrize(
    "line",
    ["Pay: now: 3: Me", "Pay #1: 3: Me", "Pay; go: 3: Me", "Pay: 6: Me", "Pay: 3: Me,", "Pay"],
)
def test_parser_refuses_what_the_grammar_would_misread(line):
    with pytest.raises(ValueError, match=r"swallows|score|actor|without data|no rule"):
        parse(f"journey\n    section A\n      {line}\n")


def test_format_mermaid_reached_and_told_have_scores_from_one_to_five(journey):
    measured = map_journey(EVENTS, journey, MEMBERS, min_cell=1)
    told = pd.DataFrame({"segment": ["S1"], "persona_id": "", "stage": "adopt", "people": 2, "emotion": -1.6})
    found = parse(format_mermaid(measured, told=told))
    assert found.sections == ["Start", "Adopt"]
    assert ("Start", "Reached 75 percent of 4", 4, ["S1"]) in found.tasks
    assert ("Adopt", "Told by 2 people", 1, ["S1"]) in found.tasks
    assert not any(section == "Start" and name.startswith("Told") for section, name, _, _ in found.tasks)


HOSTILE = [
    "Pay: now; #1",
    "section: <b>x</b>",
    "title me",
    "accTitle: x",
    "a, b",
    "%%{init: {}}%%",
    "line\nbreak",
    " ",
    "journey",
    'x"y`z',
    "§ é 工",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_format_mermaid_hostile_names_keep_to_the_grammar(name):
    text = format_mermaid(rows(segment=[name], stage=[name]), title=name)
    found = parse(text)
    assert len(found.sections) == 1 and len(found.tasks) == 1 and len(found.tasks[0][3]) == 1
    assert found.tasks[0][2] == 3 and "<" not in text


def test_format_mermaid_nothing_measured_still_parses(make_study):
    assert parse(format_mermaid(map_journey(EVENTS, make_study(), MEMBERS))).tasks == []
