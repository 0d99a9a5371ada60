"""A claim about a channel rests on a measured touchpoint: held against this quarter's data, drafted from it, shown with its index."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from lxml import html as lxml_html

from segmentation.messaging import count_touchpoints
from segmentation.personas import (
    Persona,
    check_persona_references,
    check_personas,
    draft_personas,
    persona_sheets,
    persona_wiki,
)
from segmentation.reporting.wiki import render_personas
from segmentation.study import load_study

from ..line.tiny import write_tiny_study
from .test_pages import REPORT

STUDY = "journeys: {aware: [seen], decide: [signed_up], renew: [renewed]}\n"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = write_tiny_study(tmp_path_factory.mktemp("tiny") / "tiny")
    file = folder / "study.yaml"
    file.write_text(file.read_text() + STUDY)
    return load_study(folder)


def count(study, fairs: int) -> pd.DataFrame:
    """S1: so many of 60 decided after a fair, the others after a search; S2: 20 of 100."""
    rows, segments = [], {}
    for segment, size, at_fair in (("S1", 60, fairs), ("S2", 100, 20)):
        for place in range(size):
            unit = f"{segment}-{place}"
            segments[unit] = segment
            rows.append((unit, "signed_up", pd.Timestamp("2026-07-01"), "trade_fair" if place < at_fair else "search"))
            rows.append((unit, "renewed", pd.Timestamp("2026-08-01"), None))
    events = pd.DataFrame(rows, columns=["company_id", "event", "timestamp", "channel"])
    return count_touchpoints(events, study, pd.DataFrame({"segment": segments}))


def claiming(**touchpoint: str) -> Persona:
    claim = {
        "text": "Comes by fairs",
        "evidence": {"touchpoint": {"channel": "trade_fair", "stage": "decide"} | touchpoint},
    }
    return Persona(
        persona_id="s1-fay", name="Fair Fay", segment="S1", channels=[claim], file="fay.md", lines={"channels.0": 6}
    )


def judge(findings, table: pd.DataFrame | None, **touchpoint: str) -> pd.Series:
    return check_personas((claiming(**touchpoint),), replace(findings, touchpoints=table)).claims.iloc[0]


def test_check_personas_touchpoint_stands_with_its_figures(findings, study):
    claim = judge(findings, count(study, 40))
    assert (claim["kind"], claim["status"]) == ("observed", "ok")
    said = claim["evidence"].replace(" % to ", " to ")
    assert "“trade fair, at the stage decide”: 67 % of S1 whose channel is on record came this way" in said
    assert "(95 % interval 54 to 77 %, n = 60) against 38 % of everybody" in said
    assert "index 178 (" in claim["evidence"] and "everybody = 100" in claim["evidence"]


@pytest.mark.parametrize(
    ("fairs", "touchpoint", "status", "words"),
    [
        (15, {}, "stale", "no difference is shown"),
        (40, {"direction": "below"}, "stale", "It points the other way"),
        (40, {"segment": "S2"}, "stale", "It points the other way"),
        (40, {"segment": "S2", "direction": "below"}, "ok", "20 % of S2"),
        (3, {}, "stale", "withheld in S1: too few came this way"),
        (40, {"segment": "S9"}, "broken", "There is no segment 'S9'"),
        (40, {"channel": "trade_show"}, "broken", "Nobody came to the stage 'decide' through 'trade_show'"),
        (40, {"stage": "renew"}, "broken", "Nobody came to the stage 'renew'"),
    ],
)
def test_check_personas_touchpoint_falls_with_the_data(findings, study, fairs, touchpoint, status, words):
    claim = judge(findings, count(study, fairs), **touchpoint)
    assert claim["status"] == status and words in claim["evidence"]
    assert (claim["fix"] == "") == (status == "ok")


def test_check_personas_touchpoint_without_journeys_points_to_nothing(findings, study):
    assert judge(findings, None)["status"] == "broken"
    claim = judge(findings, count(study, 40), channel="trade_far")
    assert claim["fix"] == "Did you mean 'trade_fair'?"
    claim = judge(findings, count(study, 40), channel="post")
    assert claim["fix"] == "Stages with their channels: decide: search and trade_fair"


def test_check_persona_references_touchpoint_that_does_not_exist(study):
    channels = {"aware": [], "decide": ["search", "trade_fair"], "renew": []}

    def said(**touchpoint: str) -> list[tuple[object, ...]]:
        found = check_persona_references((claiming(**touchpoint),), study, channels=channels)
        assert all((p.file, p.line) == ("fay.md", 6) for p in found)
        return [(str(p.column).split("evidence.0.")[1], p.message, p.value, p.allowed, p.fix) for p in found]

    assert said() == []
    missing = ("touchpoint.channel", "no such channel at the stage decide", "trade_far", "search, trade_fair")
    assert said(channel="trade_far") == [(*missing, "Did you mean 'trade_fair'?")]
    missing = ("touchpoint.stage", "no such stage of the study's journeys", "decid", "aware, decide, renew")
    assert said(stage="decid") == [(*missing, "Did you mean 'decide'?")]
    missing = ("touchpoint.stage", "no channel is on record at this stage", "renew", "decide: search, trade_fair")
    assert said(stage="renew") == [(*missing, "Name a stage that has channels on record")]
    bare = study.model_copy(update={"journeys": {}})
    (problem,) = check_persona_references((claiming(),), bare, channels=channels)
    assert (problem.line, problem.message) == (6, "this study declares no journeys, so it has no touchpoints")


def test_draft_personas_names_channels_that_stand_out_and_no_others(findings, study):
    loud = {p.segment: p for p in draft_personas(replace(findings, touchpoints=count(study, 40)))}
    assert [claim.text for claim in loud["S1"].channels] == [
        "Trade fair, at the stage decide: more often than customers in general."
    ]
    assert [claim.text for claim in loud["S2"].channels] == [
        "Search, at the stage decide: more often than customers in general."
    ]
    assert "channels that more of it came through" in loud["S1"].method
    checked = check_personas(tuple(loud.values()), replace(findings, touchpoints=count(study, 40)))
    assert set(checked.claims.loc[checked.claims["section"] == "channels", "status"]) == {"ok"}
    flat = draft_personas(replace(findings, touchpoints=count(study, 12)))
    assert not any(p.channels for p in flat) and "channels" not in flat[0].method


def test_page_shows_a_channel_with_its_index_and_leads_to_its_row(findings, study):
    checked = check_personas((claiming(),), replace(findings, touchpoints=count(study, 40)))
    pages = dict(render_personas({"report": REPORT, "policy": ""}, persona_sheets(checked), persona_wiki(checked)))
    sheet = lxml_html.fromstring(pages["s1-fay.html"])
    (claim,) = sheet.xpath("//li[.//a[text()='Comes by fairs']]")
    (mark,) = claim.xpath(".//span[contains(@class, 'touchpoint')]")
    assert mark.text.startswith("index 178 (") and " to " in mark.text
    place = claim.xpath(".//a/@href")[0].split("#")[1]
    (row,) = lxml_html.fromstring(pages["evidence/s1-fay.html"]).xpath(f"//tr[@id='{place}']")
    cells = [cell.text_content() for cell in row]
    assert (
        cells[:3] == ["Trade fair, at the stage decide", "S1", "67 %"]
        and cells[4:6] == ["60", "38 %"]
        and cells[6].startswith("178 (")
    )
    assert "Comes by fairs (index 178)" in pages["compare.html"]
