"""The wiki: every claim leads to what it rests on, every page can be published, nothing unknown is filled in."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from lxml import html as lxml_html

from segmentation.personas import (
    Item,
    Perception,
    Persona,
    PersonaHistory,
    check_personas,
    load_personas,
    persona_sheets,
    persona_wiki,
)
from segmentation.reporting.checks import check_page
from segmentation.reporting.wiki import render_personas

REPORT = {
    "title": "Tiny", "period": "2026Q3", "synthetic": True, "caution": "", "pages": [], "version": "0", "revision": "r",
    "versions": {"python": "3"}, "random_state": 1,
}  # fmt: skip
STEPS = [
    {"text": "Looks around", "stage": "aware", "emotion": -1, "evidence": {"theme": "wasted_trips"}},
    {"text": "Decides alone", "stage": "decide", "emotion": 1, "evidence": {"theme": "wasted_trips"}},
    {"text": "Stays", "stage": "renew", "emotion": 2},
]


@pytest.fixture
def checked(findings, folder):
    (dana,) = load_personas(folder)
    journey = Persona(persona_id="s1-j", name="Jo", segment="S1", journey=STEPS).journey
    dana = dana.model_copy(update={"journey": journey, "triggers": Persona(
        persona_id="s1-t", name="To", segment="S1", triggers=["Lost a customer", {"text": "Sees rain", "evidence": {"theme": "rain"}}]
    ).triggers})  # fmt: skip
    bare = Persona(persona_id="s2-bare", name="Bare Bob", segment="S2", waiver="Nobody of it was interviewed.")
    return check_personas((dana, bare), replace(findings, stages=("aware", "decide", "onboard", "renew")))


def history_of(checked) -> PersonaHistory:
    then = checked.claims.assign(period="2026Q2")
    then.loc[then["claim_id"] == "pains-1", "status"] = "stale"
    then.loc[then["claim_id"] == "goals-1", "text"] = "Wants peace"
    claims = pd.concat([then, checked.claims.assign(period="2026Q3")], ignore_index=True)
    return PersonaHistory(claims, before="2026Q2", sizes={"S1": 0.5})


@pytest.fixture
def pages(checked):
    history = history_of(checked)
    sheets = persona_sheets(checked, history)
    common = {"report": REPORT, "policy": "default-src 'none'"}
    return dict(render_personas(common, sheets, persona_wiki(checked, history)))


def test_pages_can_be_published(pages):
    assert set(pages) == {
        "s1-dana.html", "s2-bare.html", "evidence/s1-dana.html", "evidence/s2-bare.html", "index.html", "compare.html",
        "history.html", "perception.html", "glossary.html",
    }  # fmt: skip
    for name, text in pages.items():
        check_page(text, name)


def test_every_claim_of_a_persona_page_leads_to_its_row_or_its_quote(pages, checked):
    for persona in checked.personas:
        sheet = lxml_html.fromstring(pages[f"{persona.persona_id}.html"])
        record = lxml_html.fromstring(pages[f"evidence/{persona.persona_id}.html"])
        places = {element.get("id"): element for element in record.iter() if element.get("id")}
        links = [link for link in sheet.xpath("//article//a") if "#" in link.get("href")]
        claims = {claim.text for _, _, claim in persona.claims()}
        reached = {link.text_content() for link in links}
        assert claims <= reached, claims - reached
        for link in links:
            page, _, anchor = link.get("href").partition("#")
            assert page == f"evidence/{persona.persona_id}.html" and anchor in places, link.get("href")


def test_a_claim_leads_to_the_words_that_carry_it(pages):
    sheet = lxml_html.fromstring(pages["s1-dana.html"])
    record = lxml_html.fromstring(pages["evidence/s1-dana.html"])

    def place(words):
        (link,) = [link for link in sheet.xpath("//article//a") if link.text_content() == words]
        return record.get_element_by_id(link.get("href").partition("#")[2]).text_content()

    assert "wasted trips" in place("Drives for nothing").casefold()
    assert "Share of scheduling events" in place("Schedules more than others") and "168 (160 to 176)" in place(
        "Schedules more than others"
    )
    quote = place("“We drove for nothing, twice, and [person] only laughed”")
    assert "Asked: How was it?" in quote and "P1, interview P1, turn 1, characters" in quote and "Dave" not in quote
    assert "No evidence: this is what the team believes." in place("Lost a customer")
    assert "The codebook has no code 'rain'." in place("Sees rain")


def test_links_between_the_pages_lead_somewhere(pages):
    for name, text in pages.items():
        folder = "evidence/" if name.startswith("evidence/") else ""
        for link in lxml_html.fromstring(text).xpath("//main//a"):
            page = link.get("href").partition("#")[0]
            target = page.removeprefix("../") if folder and page.startswith("../") else f"{folder}{page}"
            assert not page or target in pages, f"{name}: {page}"


def test_nothing_unknown_is_filled_in(pages):
    sheet = lxml_html.fromstring(pages["s2-bare.html"])
    text = sheet.xpath("//article")[0].text_content()
    assert text.count("No evidence") >= 9 and "It predicts nothing" in text and "Nobody of it was interviewed." in text
    assert len(sheet.xpath("//article//li//span[@class='none']")) == 4  # stages nobody spoke of
    assert not sheet.xpath("//div[@class='line']/*[local-name()='svg']")


def test_emotion_line_joins_only_stages_with_evidence(pages):
    sheet = lxml_html.fromstring(pages["s1-dana.html"])
    assert len(sheet.xpath("//div[@class='line']/*[local-name()='svg']/*[local-name()='line']")) == 1
    stages = [" ".join(item.text_content().split()) for item in sheet.xpath("//div[@class='line']//li")]
    assert stages == [
        "Aware bad: Looks around", "Decide good: Decides alone", "Onboard no evidence", "Renew Assumption: very good: Stays",
    ]  # fmt: skip


def test_sheet_says_what_changed_since_last_quarter(pages):
    since = lxml_html.fromstring(pages["s1-dana.html"]).xpath("//section[@class='since']")[0]
    assert since[0].text_content() == "Since 2026Q2"
    assert [item.text_content() for item in since.xpath(".//li")] == [
        "The segment is 60 % of all, was 50 %.", "Shown again: Drives for nothing.", "New: Wants calm.",
        "Taken out: Wants peace.",
    ]  # fmt: skip


def test_history_page_has_each_claim_in_each_quarter(pages):
    rows = lxml_html.fromstring(pages["history.html"]).xpath("//table//tr")
    cells = {row[0].text_content(): [cell.text_content() for cell in row[1:]] for row in rows}
    assert cells["Claim"] == ["2026Q2", "2026Q3"]
    assert cells["Drives for nothing"] == ["no longer shown", "stands"]
    assert cells["Wants calm"] == ["not there", "stands"] and cells["Wants peace"] == ["stands", "not there"]


def test_comparison_says_where_nothing_is_known(pages):
    table = lxml_html.fromstring(pages["compare.html"]).xpath("//table")[0]
    rows = {
        row[0].text_content(): [" ".join(cell.text_content().split()) for cell in row[1:]]
        for row in table.xpath(".//tr")
    }
    assert rows["Heading"] == ["Dispatcher Dana", "Bare Bob"]
    assert rows["Pains"] == ["Drives for nothing (2 of 3 people)", "no evidence"]


def test_rules_are_shown_with_the_limits_of_the_study(pages):
    text = " ".join(lxml_html.fromstring(pages["index.html"]).text_content().split())
    assert "20 % a persona with a larger share of assumptions is a draft" in text and "3 to 5 personas in all" in text


def test_perception_page_holds_the_form_once_there_are_statements(checked):
    perception = Perception((Item("c1", "clarity", "Easy to take in"),))
    content = persona_wiki(checked, None, perception)
    common = {"report": REPORT, "policy": "default-src 'none'"}
    page = dict(render_personas(common, persona_sheets(checked), content))["perception.html"]
    check_page(page, "perception")
    assert page.count("☐") == 7 and "Easy to take in" in page and "from the team&#39;s items.csv" in page


def test_a_study_without_personas_says_so_on_every_page():
    pages = dict(render_personas({"report": REPORT, "policy": ""}, [], None))
    assert set(pages) == {"index.html", "compare.html", "history.html", "perception.html", "glossary.html"}
    assert (
        "There are no personas in this study." in pages["index.html"]
        and "There is no earlier quarter" in pages["history.html"]
    )


TOLD = pd.DataFrame(
    [("S1", "s1-dana", "aware", 2, -1.25, "We were late again"), ("S1", "s1-dana", "onboard", 1, 0.5, "Shown once"),
     ("S1", "", "renew", 3, 2.0, "Somebody picked up"), ("S1", "s1-dana", "decide", 1, float("nan"), "He bought it")],
    columns=["segment", "persona_id", "stage", "people", "emotion", "text"],
).assign(participant="P1")  # fmt: skip


def test_the_way_feels_as_people_told_it_and_not_as_the_team_wrote_it(checked):
    heard = replace(checked, findings=replace(checked.findings, told=TOLD))
    common = {"report": REPORT, "policy": "default-src 'none'"}
    sheet = dict(render_personas(common, persona_sheets(heard), persona_wiki(heard)))["s1-dana.html"]
    stages = [
        " ".join(item.text_content().split()) for item in lxml_html.fromstring(sheet).xpath("//div[@class='line']//li")
    ]
    assert stages == [
        "Aware bad (-1.2, 2 people): “We were late again” (P1)The team: Looks around",
        "Decide not toldThe team: Decides alone",
        "Onboard neither good nor bad (+0.5, 1 person): “Shown once” (P1)",
        "Renew not toldThe team: Assumption: Stays",
    ]
    assert "What people told in interviews" in sheet and "As the team wrote it" not in sheet


def test_the_way_says_when_it_is_only_the_team_s_word(pages):
    assert "As the team wrote it; no interview was read by stage." in pages["s1-dana.html"]


def test_sheet_and_evidence_page_count_the_same_claims(checked):
    for sheet in persona_sheets(checked):
        counts = sheet["counts"]
        assert sheet["grade_reason"].startswith(f"{counts['ok']} of {sum(counts.values())} claim")


def test_prediction_is_told_in_words(checked):
    dana = Persona(persona_id="s1-p", name="Pia", segment="S1", pains=["Waits long"], prediction={
        "text": "Books more demos", "message": "m-1", "against": "m-0", "kpi": "demo_booked"})  # fmt: skip
    known = check_personas((dana,), replace(checked.findings, kpi_labels={"demo_booked": "Accounts with a demo"}))
    pages = dict(render_personas({"report": REPORT, "policy": ""}, persona_sheets(known), persona_wiki(known)))
    text = lxml_html.fromstring(pages["s1-p.html"]).xpath("//article")[0].text_content()
    assert "Judged by: accounts with a demo." in text and "demo_booked" not in text and "m-1" not in text
    assert "m-1, against m-0" in pages["evidence/s1-p.html"]


def test_index_says_what_grade_and_standing_mean_and_words_have_no_raw_names(pages):
    index = lxml_html.fromstring(pages["index.html"]).text_content()
    assert "Evidence A, B or C is counted" in index and "Validated or draft is the team's own word" in index
    assert "share_dispatch" not in pages["glossary.html"]
