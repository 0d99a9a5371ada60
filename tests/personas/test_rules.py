"""P01 to P13: for each rule one persona that meets it and one that does not."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from segmentation.personas import Persona, check_personas, load_personas, persona_overlap
from segmentation.personas.members import cosine, needs_of
from segmentation.personas.rules import RULES
from segmentation.study import PersonaRules

BARE = {"persona_id": "s1-bare", "name": "Bare Bob", "segment": "S1"}
THEME = {"text": "Drives for nothing", "evidence": {"theme": "wasted_trips"}}
SAID = {"participant": "P2", "text": "I drive for nothing every single week"}
TRAIT = {"text": "Schedules more", "evidence": {"profile": {"variable": "share_dispatch"}}}


def ratings(mean: float, raters: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        [("s1-bare", "clarity", raters, mean), ("s1-bare", "credibility", raters, 6.0)],
        columns=["persona_id", "construct", "raters", "mean"],
    )


PREDICTION = {"text": "More replies", "message": "m1", "against": "m2", "kpi": "reply"}
CASES = [
    ("P01", {"pains": [THEME]}, {}, "ok", "0 of 1 claim is an assumption; more than 20 % would make"),
    ("P01", {"pains": [THEME, "Loves tea"]}, {}, "warn", "1 of 2 claims is an assumption; more than 20 % makes it a draft"),
    ("P02", {"quotes": [SAID]}, {}, "ok", "word for word"),
    ("P02", {"quotes": [SAID | {"text": "I drive for nothing every single weak"}]}, {}, "fail", "1 quote does not stand"),
    ("P02", {"quotes": [{"participant": "P4", "text": "Nobody asked me whether"}]}, {}, "fail", "may not be shown"),
    ("P03", {"pains": [{"text": "Late", "evidence": {"theme": "last_minute"}}]}, {}, "fail", "Fewer than 2 people"),
    ("P03", {"pains": [THEME]}, {}, "warn", "only 3 people of the segment were interviewed; the rule asks for 5"),
    ("P03", {"pains": [THEME]}, {"rules": PersonaRules(min_interviews=3)}, "ok", "At least 2 people"),
    ("P05", {"defining": [{"variable": "share_dispatch"}]}, {}, "ok", "1 attribute; 83 % of the segment match"),
    ("P05", {"defining": [{"variable": "share_dispatch"}] * 5}, {}, "warn", "At most 4 attributes"),
    ("P05", {"defining": [{"variable": "share_dispatch", "direction": "below"}]}, {}, "fail", "hardly anybody"),
    ("P06", {"behaviour": [TRAIT]}, {}, "ok", "at least 120 or at most 80"),
    ("P06", {"behaviour": [{"text": "Visits", "evidence": {"profile": {"variable": "visits"}}}]}, {}, "warn",
     "an index between 80 and 120"),
    ("P06", {"behaviour": [{"text": "Tickets", "evidence": {"profile": {"variable": "tickets"}}}]}, {}, "fail",
     "1 claim rests on a figure not shown to differ"),
    ("P06", {"behaviour": [{"text": "Visits", "evidence": {"profile": {"variable": "visits"}}}]},
     {"rules": PersonaRules(high_index=105)}, "ok", "at least 105"),
    ("P08", {}, {"stability": {"S1": (0.9, 0.8, 1.0)}}, "ok", "by 0.90 (Jaccard; middle 95 % of draws 0.80 to 1.00): stable"),
    ("P08", {}, {"stability": {"S1": (0.7, 0.5, 0.8)}}, "warn", "less than the 0.75"),
    ("P08", {}, {"stability": {"S1": (0.5, 0.3, 0.7)}}, "fail", "below 0.6 it dissolves"),
    ("P08", {}, {}, "not checked", "not known"),
    ("P09", {"behaviour": [TRAIT]}, {}, "ok", "Nothing is said"),
    ("P09", {"one_line": "A woman of 45 years old"}, {}, "fail", "It says “woman” and “years old” without a figure"),
    ("P09", {"goals": ["She is in her late forties"]}, {}, "fail", "in her late forties"),
    ("P09", {"goals": [TRAIT | {"text": "More often female"}]}, {"kinds": {"share_dispatch": "demographic"}}, "ok", "Nothing"),
    ("P09", {"goals": [TRAIT | {"evidence": {"profile": {"variable": "visits"}}}]}, {"kinds": {"visits": "demographic"}},
     "fail", "1 claim about age, gender or origin is not clearly shown"),
    ("P10", {"body": "Dana is on the telephone."}, {}, "ok", "no face"),
    ("P10", {"body": "![Dana](dana.jpg)"}, {}, "fail", "holds a picture"),
    ("P11", {"method": "Survey", "limits": "Two people"}, {}, "ok", "Method and limits are stated."),
    ("P11", {"method": "Survey"}, {}, "warn", "Not stated: limits."),
    ("P12", {}, {}, "not checked", "Nobody has rated"),
    ("P12", {}, {"perception": ratings(5.5)}, "ok", "6 people rated it, no construct below 4 of 7"),
    ("P12", {}, {"perception": ratings(3.2)}, "fail", "Rated below 4 of 7 by 6 people: clarity (3.2)"),
    ("P12", {}, {"perception": ratings(5.5, 2)}, "warn", "2 people have rated it; the rule asks for 5"),
    ("P13", {"prediction": PREDICTION}, {}, "ok", "m1 against m2 on reply"),
    ("P13", {}, {}, "warn", "predicts nothing"),
    ("P13", {"prediction": {"text": "It will go well"}}, {}, "warn", "does not name message, against or kpi"),
    ("P13", {"prediction": PREDICTION | {"against": "m1"}}, {}, "warn", "cannot fail"),
    ("P13", {"prediction": PREDICTION | {"failed": ["2026Q1", "2026Q2"]}}, {}, "fail", "refuted as its file says (2026Q1 and 2026Q2)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "written", "found", "level", "words"), CASES)
def test_each_rule_is_met_and_is_broken(findings, rule, written, found, level, words):
    rules = found.get("rules")
    known = {key: value for key, value in found.items() if key != "rules"}
    checked = check_personas((Persona(**BARE | written),), replace(findings, **known), rules=rules)
    row = checked.rules[checked.rules["rule"].str.startswith(rule) & (checked.rules["persona_id"] == "s1-bare")].iloc[0]
    assert row["level"] == level, row["text"]
    assert words in row["text"]


@pytest.mark.parametrize(
    ("n", "level", "words"),
    [(2, "warn", "2 personas in all; the aim is 3 to 5"), (4, "ok", "4 personas in all"), (6, "warn", "the aim is 3 to 5"),
     (8, "warn", "8 personas are more than the 7")],
)  # fmt: skip
def test_p04_counts_all_personas(findings, n, level, words):
    personas = tuple(Persona(persona_id=f"s1-p{number}", name=f"Pat {number}", segment="S1") for number in range(n))
    row = check_personas(personas, findings).rules.query("rule == 'P04 number'").iloc[-1]
    assert row["level"] == level and words in row["text"]


def test_p07_two_personas_are_one_or_two(findings):
    pair = (Persona(**BARE, pains=[THEME]), Persona(persona_id="s1-o", name="Other Olga", segment="S1", pains=[THEME]))
    rules = check_personas(pair, findings).rules.query("rule == 'P07 overlap'")
    assert set(rules["level"]) == {"warn"} and "Other Olga" in rules["text"].iloc[0]
    apart = (Persona(**BARE), Persona(persona_id="s2-o", name="Other Olga", segment="S2"))
    assert set(check_personas(apart, findings).rules.query("rule == 'P07 overlap'")["level"]) == {"ok"}


def test_p07_needs_alike_are_flagged_by_their_cosine(findings):
    features = findings.features.assign(need_a=[1.0, 0.0] * 50, need_b=[1.0, 0.5] * 50)
    known = replace(findings, features=features, kinds={"need_a": "need", "need_b": "need", "staff": "firmographic"})
    one = Persona(**BARE, defining=[{"variable": "staff", "direction": "below"}])  # the even units: both needs high
    other = Persona(
        persona_id="s2-o", name="Olga", segment="S2", defining=[{"variable": "staff", "direction": "below"}]
    )
    row = persona_overlap((one, other), known).iloc[0]
    assert row["needs"] == pytest.approx(1.0) and "their members need the same (cosine 1.00)" in row["reason"]
    opposite = Persona(persona_id="s2-o", name="Olga", segment="S2", defining=[{"variable": "staff"}])
    row = persona_overlap((one, opposite), known).iloc[0]
    assert row["needs"] == pytest.approx(-1.0) and not row["flagged"]


def test_needs_of_nobody_or_of_one_need_is_empty(findings):
    assert needs_of(set(), findings).empty
    assert needs_of({"u1"}, replace(findings, kinds={"share_dispatch": "need"})).empty
    assert pd.isna(cosine(pd.Series(dtype=float), pd.Series(dtype=float)))


def test_every_rule_is_judged_and_named(findings, folder):
    checked = check_personas(load_personas(folder), findings)
    assert set(checked.rules["rule"]) == set(RULES)
    theirs = checked.rules.loc[checked.rules["persona_id"] == "s1-dana", "rule"].tolist()
    assert theirs == sorted(theirs) and len(theirs) == 12


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_assumptions": 20}, "max_assumptions"),
        ({"fail_match": 0.5}, "fail_match must not lie above warn_match"),
        ({"dissolve_below": 0.9}, "dissolve_below must not lie above stable_from"),
        ({"aim": (5, 3)}, "aim must be two numbers in order"),
        ({"max_assumption": 0.2}, "Extra inputs"),
    ],
)
def test_persona_rules_senseless_limit_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        PersonaRules(**given)
