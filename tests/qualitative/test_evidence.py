"""The joint display: verdicts worked out by hand, and what has no say."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from segmentation.errors import DataContractError, StudyError
from segmentation.figures.evidence import plot_evidence
from segmentation.qualitative import (
    build_quote_bank,
    build_redactor,
    describe_evidence,
    evidence_matrix,
    exact_interval,
    gather_hypotheses,
    judge_hypothesis,
    tabulate_evidence,
    tabulate_evidence_quotes,
    tabulate_rule,
    tabulate_support,
    tabulate_verdicts,
)
from segmentation.qualitative.evidence_parts import interview_parts
from segmentation.qualitative.opportunity import COLUMNS, JobScores
from segmentation.reporting.summaries import _against
from segmentation.sources.example import tiny_study
from segmentation.study import Evidence, Hypothesis, load_hypotheses

from .conftest import MEMBERSHIP

RULE = Evidence(least_interviews=2, least_people=2, least_talks=4, reasons={"price": ["Price"]})


@pytest.fixture
def study():
    return tiny_study().model_copy(update={"evidence": RULE, "unit": "company_id"})


def score(segment, code, opportunity, lower, upper, withheld=False):
    row = dict.fromkeys(COLUMNS, None)
    row |= {"job": f"q_{code}", "statement": f"Do without {code}", "code": code, "segment": segment, "n": 40}
    return row | {"opportunity": opportunity, "lower": lower, "upper": upper, "withheld": withheld}


def profile_row(variable, role, index, lower, upper, segment="S1", z=1.0, marker=True):
    figures = {
        "index": index,
        "index_lower": lower,
        "index_upper": upper,
        "z": z,
        "z_lower": z - 0.1,
        "z_upper": z + 0.1,
    }
    place = {
        "segment": segment,
        "variable": variable,
        "level": "",
        "role": role,
        "base": 50,
        "marker": marker,
        "withheld": False,
    }
    return place | figures


def talks(segment_of_deal, objections):
    return pd.DataFrame({"deal_id": segment_of_deal, "objection": objections})


# Accounts 11 and 22 are S1, 33 and 44 are S2 (conftest). Deals D1, D2 belong to S1, D3, D4 to S2.
DEALS = pd.DataFrame(
    {"company_id": ["11", "22", "33", "44"], "won": [False] * 4, "lost_reason": [None, None, "Price", None]},
    index=pd.Index(["D1", "D2", "D3", "D4"], name="deal_id"),
)


def matrix_of(study, coded, hypotheses, *, jobs=(), formed=(), profile=(), feedback=None, deals=DEALS):
    scores = JobScores(pd.DataFrame(list(jobs), columns=COLUMNS), formed=formed)
    columns = list(profile_row("x", "base", 1, 1, 1))
    bank = build_quote_bank(coded, build_redactor(["Dave"]), min_words=3)
    return evidence_matrix(
        study, [("team", item) for item in hypotheses], profile=pd.DataFrame(list(profile), columns=columns),
        jobs=scores, coded=coded, bank=bank, membership=MEMBERSHIP, feedback=feedback, deals=deals,
    )  # fmt: skip


def claim(segment, *codes, **more):
    return Hypothesis(segment=segment, statement=f"Believed of {segment}: {', '.join(codes)}", codes=codes, **more)


def test_exact_interval_published_values():
    assert exact_interval(0, 8)[1] == pytest.approx(0.3694, abs=5e-5)  # Clopper and Pearson: 1 - 0.025 ** (1/8)
    assert exact_interval(5, 5)[0] == pytest.approx(0.025**0.2)
    low, high = exact_interval(4, 10)
    assert (low, high) == (pytest.approx(0.1216, abs=5e-5), pytest.approx(0.7376, abs=5e-5))


@pytest.mark.parametrize(
    ("grades", "verdict"),
    [
        (["for", "for", "silent"], "confirm"), (["for", "for", "for"], "confirm"), (["for", "for", "against"], "refine"),
        (["for", "silent", "silent"], "refine"), (["for", "unclear", "for"], "confirm"), (["against", "against", "silent"], "drop"),
        (["against", "against", "for"], "refine"), (["against", "unclear", "silent"], "refine"), (["unclear"] * 3, "open"),
        (["silent"] * 3, "open"),
    ],
)  # fmt: skip
def test_judge_hypothesis_every_mix(grades, verdict):
    assert judge_hypothesis(grades) == verdict


def test_evidence_matrix_confirms_what_numbers_and_people_say(study, coded):
    # S1 is P1 and P2. Both coders gave trips to P1; only ann to P2, so by consensus 1 of 2. Money: ann and bob agree on P2, P1 by ann only.
    # S2 is P3 (money, both coders) and P4 (price, both coders): any of money or price is 2 of 2, in S1 1 of 2 (P2).
    found = matrix_of(study, coded, [claim("S2", "money", "price")], jobs=[score("S2", "money", 13.0, 10.5, 15.0)])
    row = found.table.iloc[0]
    assert (row["numbers"], row["interviews"], row["sales"], row["verdict"]) == ("for", "for", "silent", "confirm")
    assert (row["k"], row["n"], row["rest_k"], row["rest_n"], row["difference"]) == (2, 2, 1, 2, 0.5)
    assert (
        row["difference_lower"] < 0 and "do not sell it as theirs alone" in tabulate_evidence(found).frame.iloc[0, -1]
    )
    assert set(found.quotes["participant"]) == {"P3"}  # P4 did not agree to be quoted


def test_evidence_matrix_drops_what_numbers_and_sales_deny(study, coded):
    heard = talks(["D1"] * 20 + ["D3"], ["other"] * 20 + ["price"])
    found = matrix_of(study, coded, [claim("S1", "price")], jobs=[score("S1", "price", 4.0, 3.0, 6.0)], feedback=heard)
    row = found.table.iloc[0]
    # 0 of 2 interviewees: the exact interval reaches 84 %, so they are unclear; 0 of 20 talks: 16.8 %, below 20 %.
    assert (row["numbers"], row["interviews"], row["sales"], row["verdict"]) == (
        "against",
        "unclear",
        "against",
        "drop",
    )
    assert tabulate_evidence(found).frame["What to do next"].iloc[0] == "Take it out of personas and messages for S1."
    assert exact_interval(0, 20)[1] == pytest.approx(0.1684, abs=5e-5)
    assert _against(row) == "numbers and sales"  # not interviews, which are unclear


def test_evidence_matrix_what_one_coder_found_is_not_dropped(study, coded):
    # S1: trips was given to P1 by both coders and to P2 by ann alone; S2: money to P3 by both. Without P1, S1 has only the doubted P2.
    people = coded.people.assign(segment=coded.people["segment"].mask(coded.people.index == "P1", "S2"))
    moved = replace(coded, people=people)
    heard = talks(["D1"] * 20 + ["D3"], ["other"] * 20 + ["trips"])
    rule = study.model_copy(update={"evidence": RULE.model_copy(update={"least_interviews": 1})})
    found = matrix_of(rule, moved, [claim("S1", "trips")], jobs=[score("S1", "trips", 4.0, 3.0, 6.0)], feedback=heard)
    row = found.table.iloc[0]
    assert (row["k"], row["n"], row["disputed"]) == (0, 1, 1)
    assert (row["numbers"], row["sales"], row["verdict"]) == ("against", "against", "refine")
    shown = tabulate_evidence(found).frame.iloc[0]
    assert "0 of 1 interviewees said it" in shown["Interviews"] and "1 more by some coders only" in shown["Interviews"]
    assert "Have the coders settle whether 1 interviewee of S1 said it" in shown["What to do next"]
    assert tabulate_evidence_quotes(found).frame[["Where", "Counted"]].values.tolist() == [
        ["P2, turn 2", "no, by some coders only"]
    ]


def test_evidence_matrix_few_doubted_do_not_turn_a_clear_no(study, coded):
    # 0 of 6 lies wholly below one half (exact, to 45.9 %) and 1 of 6 does not (to 64.1 %): the doubted person decides.
    assert exact_interval(0, 6)[1] == pytest.approx(0.4593, abs=5e-5) and exact_interval(1, 6)[1] == pytest.approx(
        0.6412, abs=5e-5
    )
    half = RULE.model_copy(update={"heard": 0.5})
    assert interview_parts(claim("S1", "x"), (0, 6, 9, 20), 0, half)[0][8:] == ("against", "")
    assert interview_parts(claim("S1", "x"), (0, 6, 9, 20), 1, half)[0][8:] == (
        "unclear",
        "1 more by some coders only",
    )
    assert interview_parts(claim("S1", "x"), (0, 40, 9, 20), 1, half)[0][8] == "against"


def test_evidence_quotes_of_the_same_person_on_a_code_that_does_not_count_are_not_shown(study, coded):
    # P1 counts for trips; money was given to P1 by ann alone, so only the quote on trips stands behind the claim.
    found = matrix_of(study, coded, [claim("S1", "trips", "money")])
    shown = found.quotes[found.quotes["counted"].astype(bool)]
    assert {(row.participant, row.name_) for row in shown.rename(columns={"name": "name_"}).itertuples()} == {
        ("P1", "Wasted trips"), ("P2", "Late money"),
    }  # fmt: skip
    assert found.table["disputed"].iloc[0] == 0  # P2 counts for money, whatever one coder thought of trips


def test_tabulate_evidence_lists_under_a_grade_only_what_has_it(study, coded):
    name = study.segmentation.base[0]
    rows = [profile_row(name, "base", 313, 295, 332)]
    found = matrix_of(
        study, coded, [claim("S1", "price", variable=name)], profile=rows, jobs=[score("S1", "price", 4.0, 3.0, 6.0)]
    )
    cell = tabulate_evidence(found).frame["Numbers"].iloc[0]
    against, silent = cell.split(" No say: ")
    assert against.startswith("Against it: “Do without price”") and "313" not in against
    assert "index 313" in silent and silent.endswith("it formed the segment.")


def test_evidence_matrix_disagreement_is_refined_in_words(study, coded):
    heard = talks(["D3"] * 4, ["price", "price", "", ""])
    found = matrix_of(study, coded, [claim("S2", "price")], jobs=[score("S2", "price", 4.0, 3.0, 6.0)], feedback=heard)
    row = found.table.iloc[0]
    assert (row["numbers"], row["sales"], row["verdict"]) == ("against", "for", "refine")  # 2 of 4 talks
    assert row["interviews"] == "unclear"  # 1 of 2: half of them, but one person is an anecdote
    assert "Sales and numbers disagree" in tabulate_evidence(found).frame["What to do next"].iloc[0]


def test_evidence_matrix_base_variable_has_no_say_and_a_descriptor_has(study, coded):
    name = study.segmentation.base[0]
    other = study.segmentation.base[1]  # the role in the profile decides, which is what the segments were formed on
    rows = [profile_row(name, "base", 170, 160, 180), profile_row(other, "descriptor", 130, 110, 150)]
    claims = [claim("S1", variable=name), claim("S1", variable=other), claim("S1", variable=other, direction="below")]
    found = matrix_of(study, coded, claims, profile=rows)
    assert list(found.table["numbers"]) == ["silent", "for", "against"]
    assert found.parts.iloc[0]["why"] == "it formed the segment" and found.parts.iloc[0]["estimate"] == 170
    assert "p" not in found.parts.columns and tabulate_evidence(found).frame.iloc[0, -1].startswith("Name a code")


def test_evidence_matrix_a_job_whose_answers_formed_the_segments_has_no_say(study, coded):
    jobs = [score("S2", "money", 13.0, 10.5, 15.0), score("S2", "price", 4.0, 3.0, 6.0)]
    found = matrix_of(study, coded, [claim("S2", "money")], jobs=jobs, formed=("q_money",))
    row, part = found.table.iloc[0], found.parts.iloc[0]
    assert (row["numbers"], part["grade"], part["why"]) == ("silent", "silent", "its answers formed the segments")
    assert row["verdict"] != "confirm" and part["estimate"] == 13.0
    shown = tabulate_evidence(found).frame.iloc[0]
    assert shown["Numbers"].startswith("No say: ") and "n = 40), its answers formed the segments" in shown["Numbers"]
    assert "by something that does not form the segments" in shown["What to do next"]
    assert "a job rated by answers that did" in tabulate_rule(found).frame["No say"].iloc[0]
    other = matrix_of(study, coded, [claim("S2", "money", "price")], jobs=jobs, formed=("q_money",))
    assert other.table["numbers"].iloc[0] == "against"  # price formed nothing and speaks


def test_evidence_words_say_that_a_count_for_it_is_weak(study, coded):
    found = matrix_of(study, coded, [claim("S2", "money", "price"), claim("S1", "trips")])
    cells, rule = tabulate_evidence(found).frame["Interviews"], tabulate_rule(found)
    assert found.table["interviews"].tolist() == ["for", "unclear"]
    assert "2 of 2 interviewees said it (16 to 100 %), weak: the interval reaches below 50 %" in cells[0].replace(
        "50%", "50 %"
    )
    assert "weak" not in cells[1]
    assert (
        "however wide its interval" in rule.frame["For it"].iloc[1]
        and "confirms more easily than it drops" in rule.note
    )


def test_evidence_matrix_what_sales_never_notes_is_no_evidence_of_absence(study, coded):
    found = matrix_of(study, coded, [claim("S1", "trips")], feedback=talks(["D1"] * 40, ["price"] * 40))
    assert found.table["sales"].iloc[0] == "silent" and found.parts["why"].iloc[-1] == "sales never noted it of anybody"


def test_evidence_matrix_too_few_interviews_and_deals_have_no_say(study, coded):
    short = study.model_copy(update={"evidence": RULE.model_copy(update={"least_interviews": 3})})
    found = matrix_of(short, coded, [claim("S2", "price")])
    assert found.table["verdict"].iloc[0] == "open"
    assert "fewer than 4 lost deals with a reason" in set(found.parts["why"])
    assert "Interview at least 1 more in S2 (n = 2 now)" in tabulate_evidence(found).frame.iloc[0, -1]


def test_evidence_matrix_withheld_figures_stay_withheld(study, coded):
    found = matrix_of(
        study, coded, [claim("S2", "money")], jobs=[score("S2", "money", 13.0, 10.5, 15.0, withheld=True)]
    )
    assert found.table["numbers"].iloc[0] == "silent" and "13" not in tabulate_evidence(found).frame["Numbers"].iloc[0]


def test_evidence_matrix_names_every_unknown_code_and_segment(study, coded):
    with pytest.raises(DataContractError, match=r"3 problems") as caught:
        matrix_of(study, coded, [claim("S9", "trip"), claim("S1", "monney")])
    assert all(words in str(caught.value) for words in ("'S9'", "Did you mean 'trips'?", "Did you mean 'money'?"))


def test_gather_hypotheses_takes_markers_that_lie_above(study):
    first, second = study.segmentation.base[:2]
    themed = study.model_copy(update={"evidence": Evidence(themes={first: ["trips"], second: ["money"]})})
    rows = [profile_row(first, "base", 170, 160, 180, segment="S2"), profile_row(second, "base", 40, 30, 50, z=-1.0),
            profile_row(first, "base", 105, 90, 120, segment="S1", marker=False)]  # fmt: skip
    written = claim("S1", "price")
    found = gather_hypotheses(themed, pd.DataFrame(rows), [written])
    assert [(origin, item.segment, item.codes) for origin, item in found] == [
        ("use", "S2", ("trips",)),
        ("team", "S1", ("price",)),
    ]


def test_evidence_words_and_figure_say_the_verdicts(study, coded):
    found = matrix_of(study, coded, [claim("S2", "money", "price")], jobs=[score("S2", "money", 13.0, 10.5, 15.0)])
    assert tabulate_verdicts(found).frame.iloc[0, 4] == "confirm" and tabulate_support(found).frame["Interviews"].iloc[
        0
    ].startswith("For it: 2 of 2")
    assert "Verdicts: 1 confirm. Confirmed: H1 (S2)" in str(describe_evidence(found))
    assert "1 confirm" in plot_evidence(found).alt and "at least 2 kinds of evidence" in tabulate_rule(found).note
    assert tabulate_evidence_quotes(found).frame["Where"].str.contains("P3, turn").all()


def test_evidence_absent_without_hypotheses(study, nobody):
    found = matrix_of(study, nobody, [], deals=None)
    assert describe_evidence(found).kind == "absent" and tabulate_rule(found).frame.empty
    assert str(plot_evidence(found)) == ""


def test_evidence_without_interviews_and_sales_is_open(study, nobody):
    found = matrix_of(study, nobody, [claim("S1", "trips")], deals=None)
    assert found.table["verdict"].iloc[0] == "open" and found.table["n"].iloc[0] == 0


def test_load_hypotheses_names_every_problem_with_its_line(tmp_path):
    file = tmp_path / "hypotheses.yaml"
    file.write_text(
        "hypotheses:\n  - {segment: S1, statement: They wait too long., codez: [a]}\n  - segment: S1\n    statement: Short\n"
        "    codes: [a]\n  - {segment: S2, statement: Nothing speaks for this.}\nmore: 1\n"
    )
    with pytest.raises(StudyError, match="4 problems in the study") as caught:
        load_hypotheses(file)
    text = str(caught.value)
    for words in (
        "Did you mean 'codes'?",
        "line 4",
        "line 7, column 'more': unknown key",
        "give codes, a variable or both",
    ):
        assert words in text


def test_load_hypotheses_reads_the_file(tmp_path):
    file = tmp_path / "h.yaml"
    file.write_text("hypotheses:\n  - {segment: S1, statement: They wait for too long., codes: [a]}\n")
    assert load_hypotheses(file)[0].codes == ("a",)
