"""Claims against findings: what stands, what fell, what points to nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.figures.personas import plot_overlap
from segmentation.personas import (
    Evidence,
    Findings,
    Persona,
    PersonaRules,
    check_personas,
    describe_overlap,
    describe_personas,
    draft_personas,
    draw_avatar,
    load_personas,
    persona_overlap,
    persona_sheets,
    tabulate_claims,
    tabulate_overlap,
    tabulate_personas,
    tabulate_rules,
    to_dict,
)
from segmentation.personas.judge import judge_evidence


def judge(findings, **evidence):
    return judge_evidence(Evidence.model_validate(evidence), "S1", findings)


@pytest.mark.parametrize(
    ("ref", "status"),
    [
        ({"variable": "share_dispatch", "direction": "above"}, "ok"),
        ({"variable": "share_dispatch", "direction": "below"}, "stale"),
        ({"variable": "share_dispatch", "segment": "S2", "direction": "below"}, "ok"),
        ({"variable": "tickets"}, "stale"),
        ({"variable": "need_dispatch"}, "ok"),
        ({"variable": "need_dispatch", "direction": "below"}, "stale"),
        ({"variable": "country", "level": "DE", "direction": "below"}, "ok"),
        ({"variable": "country", "level": "NL"}, "stale"),
    ],
)
def test_judge_evidence_profile_follows_the_interval(findings, ref, status):
    assert judge(findings, profile=ref).status == status


@pytest.mark.parametrize(
    ("ref", "words", "fix"),
    [
        ({"variable": "share_dispach"}, "no variable 'share_dispach'", "Did you mean 'share_dispatch'?"),
        ({"variable": "tickets", "segment": "S9"}, "no segment 'S9'", "Segments are: S1 and S2"),
        ({"variable": "country"}, "has several levels", "Add level: one of UK, DE or NL"),
        ({"variable": "country", "level": "FR"}, "no level 'FR'", "Levels are: UK, DE and NL"),
    ],
)
def test_judge_evidence_missing_row_is_broken_with_a_fix(findings, ref, words, fix):
    judged = judge(findings, profile=ref)
    assert judged.status == "broken" and words in judged.sentence and fix in judged.fix


def test_judge_evidence_profile_sentence_has_estimate_interval_n_and_index(findings):
    assert judge(findings, profile={"variable": "share_dispatch"}).sentence == (
        "“Share of scheduling events”: 0.42 in S1 (95 % interval 0.40 to 0.44, n = 300) against 0.25 for everybody; "
        "index 168 (160 to 176), everybody = 100."
    )
    assert (
        "“country” = UK: 60 % in S1 (95 % interval 55 % to 65 %"
        in judge(findings, profile={"variable": "country", "level": "UK"}).sentence
    )
    assert "index" not in judge(findings, profile={"variable": "need_dispatch"}).sentence


def test_judge_evidence_theme_needs_two_people(findings):
    good, thin, none = (judge(findings, theme=code) for code in ("wasted_trips", "last_minute", "late_payment"))
    assert (good.status, thin.status, none.status) == ("ok", "stale", "stale")
    assert good.sentence.startswith(
        "2 of the 3 people interviewed from S1 spoke of it (Wasted trips), 0 of the 1 from elsewhere"
    )
    assert "fewer than the 2" in thin.sentence and none.fix.startswith("Drop the evidence")


def test_judge_evidence_unknown_code_is_broken(findings):
    judged = judge(findings, theme="wasted_trip")
    assert (judged.status, judged.fix) == ("broken", "Did you mean 'wasted_trips'?")


def test_judge_evidence_theme_coders_did_not_agree_on_says_so(findings):
    table = pd.DataFrame({"code": ["wasted_trips"], "alpha": [0.4], "lower": [0.1], "upper": [0.6], "reading": ["low"]})
    judged = judge(replace(findings, agreement=table), theme="wasted_trips")
    assert "Coders did not agree well on this code (alpha 0.40, 0.10 to 0.60)." in judged.sentence


def test_judge_evidence_quote_is_shown_masked_with_its_locator(findings):
    judged = judge(findings, quote={"participant": "P1", "text": "drove for nothing, twice, and Dave only"})
    assert judged.status == "ok"
    assert judged.details["text"] == "drove for nothing, twice, and [person] only"
    text = findings.coded.transcripts["P1"]
    assert text[judged.details["start"] : judged.details["end"]] == "drove for nothing, twice, and Dave only"


@pytest.mark.parametrize(
    ("participant", "text", "status", "fix"),
    [
        ("P1", "drove for nothing, thrice", "broken", "Copy the words"),
        ("P1", "every single week", "broken", "words of P2 in interview P2"),
        ("P1", "How was it?", "broken", "words of the interviewer"),
        ("P11", "drove", "broken", "Did you mean 'P1'?"),
        ("P4", "Nobody asked me", "broken", "ask them"),
        ("P3", "ninety days for my money", "stale", "Quote somebody of S1"),
    ],
)
def test_judge_evidence_quote_that_may_not_stand_is_refused(findings, participant, text, status, fix):
    judged = judge(findings, quote={"participant": participant, "text": text})
    assert judged.status == status and fix in judged.fix


def test_judge_evidence_quote_without_transcripts_is_looked_up_in_the_bank(findings):
    bank_only = replace(findings, coded=None)
    assert (
        judge(bank_only, quote={"participant": "P1", "text": "drove for nothing, twice, and [person]"}).status == "ok"
    )
    assert judge(bank_only, quote={"participant": "P1", "text": "drove for nothing, thrice"}).status == "broken"


def test_judge_evidence_kpi_is_measured_withheld_or_unknown(findings):
    assert judge(findings, kpi="reply").sentence == "reply: 50 % in S1 (95 % interval 38 to 62 %, 30 of 60)."
    assert judge(findings, kpi="repli").status == "broken"
    assert judge_evidence(Evidence(kpi="reply"), "S2", findings).status == "stale"
    assert judge(replace(findings, kpis=None), kpi="reply").status == "stale"


def test_check_personas_good_file_stands(findings, folder):
    checked = check_personas(load_personas(folder), findings)
    assert set(checked.claims["status"]) == {"ok"}
    kinds = checked.claims.set_index("claim_id")["kind"].to_dict()
    assert (kinds["pains-1"], kinds["behaviour-1"], kinds["quotes-1"]) == ("inferred", "observed", "inferred")
    rules = checked.rules[checked.rules["persona_id"] == "s1-dana"].set_index("rule")["level"].to_dict()
    assert rules == {
        "P01 assumptions": "ok", "P02 quotes": "ok", "P03 voices": "warn", "P05 defining attributes": "ok", "P06 traits": "ok",
        "P07 overlap": "ok", "P08 stability": "not checked", "P09 person": "ok", "P10 picture": "ok", "P11 method": "ok",
        "P12 perception": "not checked", "P13 prediction": "ok",
    }  # fmt: skip
    assert checked.statuses == {"s1-dana": "validated"}
    assert checked.grades["s1-dana"][0] == "B"


@pytest.mark.parametrize(
    ("change", "dependent"),
    [
        (lambda f: replace(f, profile=f.profile[f.profile["variable"] != "share_dispatch"]), {"behaviour-1"}),
        (
            lambda f: replace(f, profile=f.profile.assign(index_lower=f.profile["index_lower"] - 100)),
            {"behaviour-1", "behaviour-2"},
        ),
        (lambda f: replace(f, themes=f.themes[f.themes["code"] != "wasted_trips"]), {"jtbd-functional", "pains-1"}),
        (lambda f: replace(f, themes=f.themes.assign(k=0)), {"jtbd-functional", "pains-1"}),
        (
            lambda f: replace(
                f, coded=replace(f.coded, transcripts=f.coded.transcripts.str.replace("twice", "thrice"))
            ),
            {"quotes-1"},
        ),
        (
            lambda f: replace(f, coded=replace(f.coded, people=f.coded.people.assign(consent=False))),
            {"pains-1", "quotes-1"},
        ),
    ],
)
def test_check_personas_changed_source_flags_its_claims_and_no_other(findings, folder, change, dependent):
    claims = check_personas(load_personas(folder), change(findings)).claims
    assert set(claims.loc[claims["status"] != "ok", "claim_id"]) == dependent


def test_check_personas_too_many_assumptions_make_a_draft(findings, folder):
    (persona,) = load_personas(folder)
    guessing = persona.model_copy(update={"goals": Persona(**BARE, goals=["Calm", "Money", "Fame"]).goals})
    checked = check_personas((guessing,), findings)
    assert checked.statuses == {"s1-dana": "draft"}
    row = checked.rules.query("rule == 'P01 assumptions'").iloc[0]
    assert (row["level"], row["text"]) == ("warn", "3 of 7 claims are assumptions; more than 20 % makes it a draft.")


BARE = {"persona_id": "s1-bare", "name": "Bare Bob", "segment": "S1"}


def level_of(checked, rule, persona_id="s1-bare"):
    found = checked.rules.query("persona_id == @persona_id and rule.str.startswith(@rule)")
    return found["level"].iloc[0]


def test_check_personas_number_per_segment_needs_two_or_a_waiver(findings):
    checked = check_personas((Persona(**BARE, waiver="A small, uniform segment."),), findings)
    rows = checked.rules.query("rule == 'P04 number'")
    assert rows[["level", "text"]].values.tolist() == [
        ["ok", "S1 has 1 persona. Waiver: A small, uniform segment."],
        ["fail", "S2 has no personas; the rule asks for 2, or a waiver that says why not."],
        ["warn", "1 persona in all; the aim is 3 to 5."],
    ]


def test_check_personas_segment_that_does_not_exist_fails(findings):
    checked = check_personas((Persona(persona_id="s7-x", name="Xa", segment="S7"),), findings)
    assert level_of(checked, "P04", "s7-x") == "fail"


@pytest.mark.parametrize(
    ("defining", "level"),
    [
        ([], "not checked"),
        ([{"variable": "share_dispatch"}], "ok"),
        ([{"variable": "share_dispatch"}, {"variable": "staff"}, {"variable": "country", "level": "uk"}], "fail"),
        ([{"variable": "nothing"}], "fail"),
    ],
)
def test_check_personas_defining_attributes_must_fit_enough_of_the_segment(findings, defining, level):
    assert level_of(check_personas((Persona(**BARE, defining=defining),), findings), "P05") == level


def test_check_personas_trait_true_of_nearly_everybody_is_flagged(findings):
    weak = Persona(**BARE, behaviour=[{"text": "Visits more", "evidence": {"profile": {"variable": "visits"}}}])
    assert level_of(check_personas((weak,), findings), "P06") == "warn"


def test_check_personas_one_voice_is_flagged(findings):
    quotes = pd.DataFrame({"code_id": "wasted_trips", "segment": "S1", "participant": ["P1"] * 4 + ["P2"]})
    persona = Persona(**BARE, pains=[{"text": "Drives", "evidence": {"theme": "wasted_trips"}}])
    assert level_of(check_personas((persona,), replace(findings, quotes=quotes)), "P03") == "warn"


def test_check_personas_thresholds_can_be_set(findings):
    persona = Persona(**BARE, pains=[{"text": "Late changes", "evidence": {"theme": "last_minute"}}])
    assert check_personas((persona,), findings).claims["status"].tolist() == ["stale"]
    assert check_personas((persona,), findings, rules=PersonaRules(min_people=1)).claims["status"].tolist() == ["ok"]


def test_persona_overlap_same_segment_without_attributes_is_one_persona(findings):
    pair = (Persona(**BARE), Persona(persona_id="s1-other", name="Other Olga", segment="S1"))
    row = persona_overlap(pair, findings).iloc[0]
    assert row["members"] == 1.0 and bool(row["flagged"])


def test_persona_overlap_opposite_attributes_share_nobody(findings):
    one = Persona(**BARE, defining=[{"variable": "staff", "direction": "above"}])
    other = Persona(
        persona_id="s1-o", name="Olga", segment="S1", defining=[{"variable": "staff", "direction": "below"}]
    )
    row = persona_overlap((one, other), findings).iloc[0]
    assert (row["members"], bool(row["flagged"])) == (0.0, False)


def test_persona_overlap_retired_is_left_out(findings):
    pair = (Persona(**BARE), Persona(persona_id="s1-old", name="Old Olga", segment="S1", status="retired"))
    assert persona_overlap(pair, findings).empty


def test_to_dict_is_json_with_everything_a_page_needs(findings, folder):
    page = to_dict(check_personas(load_personas(folder), findings), "s1-dana")
    json.dumps(page, allow_nan=False)
    assert page["segment_size"]["text"] == "60 % of 100 (95 % interval 50 to 69 %), n = 60"
    assert page["interviewees"] == {"n": 3, "participants": ["P1", "P2", "P4"]}
    assert page["quotes"][0]["locator"] == "P1, interview P1, turn 1"
    assert "Dave" not in json.dumps(page)
    assert page["defining"]["text"] == "83 % of the segment have all of these (n = 60 where all are known)."
    assert [section["key"] for section in page["sections"]] == ["pains", "goals", "behaviour"]


def test_to_dict_small_numbers_are_withheld(findings, folder):
    personas = load_personas(folder)
    checked = check_personas(personas, replace(findings, min_cell=99))
    assert to_dict(checked, "s1-dana")["segment_size"] is None
    assert to_dict(checked, "s1-dana")["defining"]["share"] is None


def test_to_dict_unknown_persona_offers_nearest(findings, folder):
    with pytest.raises(ParameterError, match="Did you mean 's1-dana'"):
        to_dict(check_personas(load_personas(folder), findings), "s1-dna")


def test_draft_personas_only_claims_that_stand(findings):
    drafts = draft_personas(findings, quarter="2026Q3", units="accounts")
    assert [p.persona_id for p in drafts] == ["s1-draft", "s2-draft"]
    checked = check_personas(drafts, findings)
    assert set(checked.claims["status"]) == {"ok"}
    assert set(checked.statuses.values()) == {"draft"}
    assert not (checked.rules["level"] == "fail").any()
    texts = {claim.text for _, _, claim in drafts[0].claims()}
    assert {
        "Share of scheduling events: higher than for accounts in general.",
        "Country: DE, less often than accounts in general.",
    } <= texts
    assert [claim.text for claim in drafts[0].pains] == ["Some speak of Wasted trips."]
    assert {quote.participant for quote in drafts[0].quotes} == {"P1", "P2"}


def test_draft_personas_without_interviews_rests_on_the_profile(findings):
    drafts = draft_personas(Findings(profile=findings.profile))
    assert all(not draft.quotes and not draft.pains for draft in drafts)
    assert set(check_personas(drafts, Findings(profile=findings.profile)).claims["status"]) == {"ok"}


def test_draft_personas_of_nothing_is_empty():
    assert draft_personas(Findings()) == ()


def test_draw_avatar_is_valid_local_and_titled():
    drawing = draw_avatar("s1-dana", "<&", title='Sign of "Dana" <b>')
    root = ElementTree.fromstring(drawing)
    assert root.find("{http://www.w3.org/2000/svg}title").text == 'Sign of "Dana" <b>'
    assert not any(word in drawing for word in ("href", "url(", "<script", "<image", "<b>", "onload"))


def test_draw_avatar_wrong_initials_are_refused():
    with pytest.raises(ParameterError, match="one to three characters"):
        draw_avatar("a", "ABCD")


def test_describe_and_tabulate_checked_personas(findings, folder):
    (persona,) = load_personas(folder)
    wrong = persona.model_copy(update={"persona_id": "s1-bad", "name": "Bad Ben", "pains": Persona(
        **BARE, pains=[{"text": "Hates rain", "evidence": {"theme": "rain"}}, "Loves tea"]).pains})  # fmt: skip
    checked = check_personas((persona, wrong), findings)
    text = str(describe_personas(checked))
    assert "There are 2 personas (1 validated and 1 draft) with 13 claims" in text
    assert "1 claim points to evidence that does not exist. For instance Bad Ben, “Hates rain”" in text
    assert "1 is openly an assumption" in text
    assert len(tabulate_claims(checked, "s1-bad", status="broken").frame) == 1
    assert tabulate_personas(checked).frame["Status"].tolist() == ["validated", "draft"]
    assert len(tabulate_rules(checked, all_rules=True).frame) == len(checked.rules)
    assert "Dispatcher Dana and Bad Ben" in str(describe_overlap(checked))
    assert tabulate_overlap(checked.overlap, names={"s1-dana": "Dana"}).frame.loc[0, "Persona"] == "Dana"
    for table in (tabulate_claims(checked), tabulate_personas(checked), tabulate_rules(checked)):
        json.dumps(table.as_json())
    exhibit = plot_overlap(checked)
    assert exhibit.figure.data[0].text[1][0].startswith("▲ 100 %")
    assert len(persona_sheets(checked)) == 2


def test_no_personas_is_said_and_tables_keep_their_columns():
    checked = check_personas((), Findings())
    assert describe_personas(checked).kind == "absent" and describe_overlap(checked).kind == "absent"
    assert list(checked.claims.columns)[:4] == ["persona_id", "claim_id", "section", "text"]
    assert tabulate_claims(checked).frame.empty and checked.rules.empty
    assert plot_overlap(checked).kind == "absent"


def test_closest_pairs_are_told_first_and_the_rest_are_counted():
    ids = "abcdefg"
    people = tuple(Persona(persona_id=f"s1-{key}", name=f"Name {key.upper()}", segment="S1") for key in ids)
    checked = check_personas(people, Findings())
    shares = [0.31 + 0.01 * rank for rank in range(len(checked.overlap))]
    pairs = checked.overlap.assign(
        members=shares, evidence=0.0, flagged=True, reason=[f"{share:.2f}" for share in shares]
    )
    checked = replace(checked, overlap=pairs)
    told = describe_overlap(checked).paragraphs
    assert told[1] == "Name F and Name G: 0.51." and len(told) == 7 and told[-1].startswith("And 16 more")
    assert "21 of 21 pairs of personas are hard to tell apart: Name F and Name G (0.51)" in plot_overlap(checked).alt
    assert plot_overlap(checked).alt.endswith("; and 16 more.")
