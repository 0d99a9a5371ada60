"""Opportunity scores by hand, their intervals, and what a reader is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.dataset import Dataset
from segmentation.display import Reading
from segmentation.errors import DataContractError, ParameterError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.jobs import plot_jobs
from segmentation.period import Period
from segmentation.qualitative import build_quote_bank
from segmentation.qualitative.opportunity import job_answers, opportunity_score, read_score, score_jobs
from segmentation.qualitative.opportunity_words import describe_jobs, tabulate_job_quotes, tabulate_jobs
from segmentation.qualitative.redaction import Redactor
from segmentation.study import Study

INVOICE = {
    "statement": "Send the invoice the same day",
    "importance": "imp_1",
    "satisfaction": "sat_1",
    "code": "money",
}
LOOK = {
    "statement": "Look <b>reliable</b>",
    "kind": "social",
    "importance": "imp_2",
    "satisfaction": "sat_2",
    "scale": [1, 7],
}


def make_study(*jobs, base=("use", "days"), **choices) -> Study:
    variables = [{"name": name, "from": "survey", "kind": "need", "role": "base"} for name in ("use", "days")]
    variables += [
        {
            "name": "need",
            "from": "survey",
            "kind": "need",
            "role": "base",
            "measure": "mean",
            "items": ["imp_*"],
            "scale": [1, 7],
        }
    ]
    return Study.model_validate(
        {
            "study": "tiny", "unit": "company_id", "unit_words": "accounts", "variables": variables, "jobs": list(jobs),
            "sources": {"survey": {"path": "survey.csv", "format": "qualtrics"}}, "segmentations": {"all": {"base": list(base)}},
            "choices": {"draws": 500, **choices},
        }
    )  # fmt: skip


def make_answers(*segments):
    """Each segment as (n, important, satisfied) for one job on 1 to 5: the first so many tick 4, the others 3."""
    rows, names = [], []
    for number, (n, important, satisfied) in enumerate(segments, start=1):
        rows += [(4 if place < important else 3, 4 if place >= n - satisfied else 3) for place in range(n)]
        names += [f"S{number}"] * n
    index = pd.Index([f"{place:04d}" for place in range(len(rows))], name="company_id")
    return pd.DataFrame(rows, index=index, columns=["imp_1", "sat_1"]), pd.Series(names, index=index, name="segment")


def row(scores, segment, job="imp_1"):
    table = scores.table
    return table[(table["segment"] == segment) & (table["job"] == job)].iloc[0]


@pytest.mark.parametrize(
    ("importance", "satisfaction", "expected"), [(8, 3, 13), (9.5, 0, 19), (10, 0, 20), (4, 9, 4), (6, 6, 6), (0, 0, 0)]
)
def test_opportunity_score_by_hand(importance, satisfaction, expected):
    assert opportunity_score(importance, satisfaction) == expected


def test_opportunity_score_beyond_ten_is_refused():
    with pytest.raises(ParameterError, match="between 0 and 10; got 11, 3"):
        opportunity_score(11, 3)


@pytest.mark.parametrize(
    ("score", "reading"),
    [
        (20, "extreme"),
        (15.01, "extreme"),
        (15, "high"),
        (12, "high"),
        (11.99, "worth a look"),
        (10, "worth a look"),
        (9.99, "no opportunity"),
        (0, "no opportunity"),
    ],
)
def test_read_score_every_score_has_one_range(score, reading):
    assert read_score(score) == reading


def test_score_jobs_by_hand():
    """S1: 16 of 20 find it important, 6 are satisfied: 8 + (8 - 3) = 13. S2: 4 and 9 of 10: 4. Everybody: 20 and 15 of 30."""
    answers, segment = make_answers((20, 16, 6), (10, 4, 9))
    scores = score_jobs(answers, segment, make_study(INVOICE))
    found = scores.table.set_index("segment")[["n", "importance", "satisfaction", "opportunity", "gap"]]
    assert list(found.index) == ["all", "S1", "S2"]
    assert found.loc["S1"].tolist() == pytest.approx([20, 8, 3, 13, 5])
    assert found.loc["S2"].tolist() == pytest.approx([10, 4, 9, 4, -5])
    assert found.loc["all"].tolist() == pytest.approx([30, 20 / 3, 5, 20 / 3 + 5 / 3, 5 / 3])
    assert scores.table["reading"].tolist() == ["no opportunity", "high", "over-served"]
    assert row(scores, "S1")["lower"] < 13 < row(scores, "S1")["upper"] and (scores.n, scores.unsegmented) == (30, 0)


def test_score_jobs_interval_agrees_with_the_formula_where_there_is_one():
    """Where importance is always the larger, the score is a mean of 2 i - s, whose standard error is known."""
    answers, segment = make_answers((400, 300, 80))
    found = row(score_jobs(answers, segment, make_study(INVOICE), draws=4000), "S1")
    each = 10 * (2 * (answers["imp_1"] >= 4) - (answers["sat_1"] >= 4))
    half = 1.96 * each.std(ddof=0) / np.sqrt(400)
    assert found["upper"] - found["lower"] == pytest.approx(2 * half, rel=0.06)


def test_score_jobs_interval_covers_the_truth():
    """Drawn 150 times from a segment whose score is 8 + (8 - 3) = 13."""
    rng, covered = np.random.default_rng(3), 0
    for _ in range(150):
        answers = pd.DataFrame(
            {"imp_1": 3 + (rng.random(80) < 0.8), "sat_1": 3 + (rng.random(80) < 0.3)},
            index=[f"{n:03d}" for n in range(80)],
        )
        found = row(score_jobs(answers, pd.Series("S1", index=answers.index), make_study(INVOICE, draws=200)), "S1")
        covered += found["lower"] <= 13 <= found["upper"]
    assert 0.89 <= covered / 150 <= 0.99


def test_score_jobs_only_those_who_rated_both_count_and_scales_are_each_jobs_own():
    answers, segment = make_answers((12, 12, 0))
    answers = answers.astype(float).assign(imp_2=6.0, sat_2=[5.0] * 8 + [7.0] * 4)
    answers.iloc[0, 0] = answers.iloc[1, 1] = np.nan
    scores = score_jobs(answers, segment, make_study(INVOICE, LOOK))
    assert row(scores, "S1")["n"] == 10 and row(scores, "S1")["opportunity"] == 20
    found = row(scores, "S1", "imp_2")
    assert (found["n"], found["importance"], found["satisfaction"]) == (12, 10, pytest.approx(10 / 3))


def test_score_jobs_all_alike_has_no_interval():
    answers, segment = make_answers((12, 12, 0))
    found = row(score_jobs(answers, segment, make_study(INVOICE)), "S1")
    assert found["opportunity"] == 20 and np.isnan(found["lower"]) and np.isnan(found["upper"])


def test_score_jobs_small_segments_are_withheld():
    answers, segment = make_answers((20, 16, 6), (9, 9, 0))
    scores = score_jobs(answers, segment, make_study(INVOICE))
    small = row(scores, "S2")
    assert (
        small["withheld"] and np.isnan(small["opportunity"]) and np.isnan(small["gap_upper"]) and small["reading"] == ""
    )
    assert "Fewer than 10 rated any job in S2: not shown." in str(describe_jobs(scores))
    assert tabulate_jobs(scores).frame["S2"].tolist() == ["fewer than 10 answers"]
    assert tabulate_jobs(scores, segment="S2").frame[["n", "Reading"]].values.tolist() == [
        ["fewer than 10", "too few to show"]
    ]


def test_score_jobs_weights_count_people_more_than_once():
    answers, segment = make_answers((20, 10, 0))
    weights = pd.Series(np.where(answers["imp_1"] >= 4, 3.0, 1.0), index=answers.index)
    weighted = score_jobs(answers, segment, make_study(INVOICE), weights=weights)
    assert row(weighted, "S1")["importance"] == pytest.approx(7.5) and weighted.weighted
    plain = score_jobs(answers, segment, make_study(INVOICE)).table
    same = score_jobs(answers, segment, make_study(INVOICE), weights=weights * 0 + 2).table
    pd.testing.assert_frame_equal(plain, same)
    gone = score_jobs(answers, segment, make_study(INVOICE), weights=weights.where(answers["imp_1"] >= 4))
    assert row(gone, "S1")["n"] == 10


def test_score_jobs_same_seed_same_figures_whatever_the_row_order():
    answers, segment = make_answers((30, 16, 6), (25, 4, 9))
    kept = answers.copy()
    first = score_jobs(answers, segment, make_study(INVOICE))
    turned = score_jobs(answers.iloc[::-1], segment.to_frame().sample(frac=1, random_state=1), make_study(INVOICE))
    pd.testing.assert_frame_equal(first.table, turned.table)
    pd.testing.assert_frame_equal(kept, answers)
    other = score_jobs(answers, segment, make_study(INVOICE, random_state=2))
    assert (
        not np.isclose(row(first, "S1")["lower"], row(other, "S1")["lower"])
        or row(first, "S1")["upper"] != row(other, "S1")["upper"]
    )


def test_score_jobs_unknown_segment_counts_for_everybody_only():
    answers, segment = make_answers((20, 16, 6), (15, 4, 9))
    scores = score_jobs(answers, segment.mask(segment == "S2"), make_study(INVOICE))
    assert scores.unsegmented == 15 and row(scores, "all")["n"] == 35 and scores.segments == ["S1"]
    assert "Of unknown segment, and counted for everybody only: 15 accounts." in str(describe_jobs(scores))


def test_score_jobs_says_when_ratings_formed_the_segments():
    answers, segment = make_answers((20, 16, 6))
    scores = score_jobs(answers, segment, make_study(INVOICE, base=("need", "use")))
    assert scores.formed == ("imp_1",)
    assert "how they were made and no finding" in str(describe_jobs(scores))
    assert "how they were made" not in str(describe_jobs(score_jobs(answers, segment, make_study(INVOICE))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.rename(columns={"sat_1": "sat1"}), r"the answers lack 'sat_1'. Did you mean 'sat1'\?"),
        (lambda a: pd.concat([a, a.iloc[:1]]), r"unit ids must be unique; '0000' stands more than once"),
    ],
)
def test_score_jobs_wrong_answers_are_refused(change, message):
    answers, segment = make_answers((20, 16, 6))
    with pytest.raises(ParameterError, match=message):
        score_jobs(change(answers), segment, make_study(INVOICE))


def test_score_jobs_too_few_draws_are_refused():
    answers, segment = make_answers((20, 16, 6))
    with pytest.raises(ParameterError, match="draws must be at least 100; got 99"):
        score_jobs(answers, segment, make_study(INVOICE), draws=99)


def make_survey(**columns) -> Dataset:
    n = len(next(iter(columns.values())))
    table = pd.DataFrame(
        {
            "company_id": [f"{place % 3}" for place in range(n)],
            "recorded_at": pd.date_range("2026-05-01", periods=n),
            "seconds": 90.0,
            **columns,
        },
        index=pd.Index([f"R{place}" for place in range(n)], name="response_id"),
    )
    return Dataset("tiny", "company_id", Period.parse("2026Q3"), {"survey": table}, ())


def test_job_answers_are_the_latest_of_each_unit():
    data = make_survey(imp_1=[1, 2, 3, 4], sat_1=[5, 5, 5, np.nan])
    answers = job_answers(data, make_study(INVOICE))
    assert answers.loc["0"].tolist() == [4, pytest.approx(np.nan, nan_ok=True)] and answers["imp_1"].tolist() == [
        4,
        2,
        3,
    ]


def test_job_answers_every_problem_is_named_at_once():
    data = make_survey(imp_1=[1, 2, 3], sat_1=[4, 9, 3], imp_2=[1, 8, 9], sat2=["x", 1, 1])
    with pytest.raises(DataContractError) as caught:
        job_answers(data, make_study(INVOICE, LOOK))
    text = str(caught.value)
    assert len(caught.value.violations) == 3
    assert (
        "survey, row R1, R2, column 'imp_2': 2 answers outside the scale; got 8; allowed: 1 to 7" in text
    )  # of the variable
    assert "survey, row R1, column 'sat_1': 1 answer outside the scale of the job; got 9; allowed: 1 to 5" in text
    assert "survey, column 'sat_2': no such item (job 'Look <b>reliable</b>'). Did you mean 'sat2'?" in text


def test_job_answers_without_jobs_or_survey_are_none():
    empty = Dataset("tiny", "company_id", Period.parse("2026Q3"), {}, ())
    assert job_answers(empty, make_study(INVOICE)).empty and job_answers(make_survey(imp_1=[1]), make_study()).empty


def test_describe_jobs_without_jobs_is_absent():
    scores = score_jobs(pd.DataFrame(), pd.Series(dtype=str), make_study())
    assert describe_jobs(scores).kind == "absent" and scores.table.empty
    assert tabulate_jobs(scores).frame.empty and plot_jobs(scores) == Reading(())


@pytest.mark.parametrize(("n", "words"), [(0, "0 accounts rated any job"), (4, "Fewer than 10 accounts rated any job")])
def test_describe_jobs_of_too_few_is_a_caution(n, words):
    answers, segment = make_answers((n, n, 0))
    scores = score_jobs(answers, segment, make_study(INVOICE))
    told = describe_jobs(scores)
    assert told.kind == "caution" and words in told.text
    assert plot_jobs(scores).kind == "absent"


def test_describe_jobs_names_what_stands_out():
    answers, segment = make_answers((60, 57, 3), (40, 6, 36), (20, 20, 20))
    text = str(describe_jobs(score_jobs(answers, segment, make_study(INVOICE))))
    assert "120 accounts rated 1 job twice" in text and "a rule of thumb, no test" in text
    assert "S1: “Send the invoice the same day” 18.5, extreme (95 % interval" in text
    assert "S3: “Send the invoice the same day” 10.0, worth a look (all answered alike, so no interval, n = 20)" in text
    assert "No job reaches 10 in S2." in text
    assert "Even at the low end of its interval 10 is reached by “Send the invoice the same day” in S1." in text
    assert (
        "more satisfied than it is important and the whole interval says so: “Send the invoice the same day” in S2."
        in text
    )
    assert "whether two segments differ was not tested" in text


def test_describe_jobs_where_none_reaches_ten():
    answers, segment = make_answers((60, 30, 30))
    assert "No job reaches 10 in S1." in str(describe_jobs(score_jobs(answers, segment, make_study(INVOICE))))


def test_tabulate_jobs_side_by_side_and_of_one_segment():
    answers, segment = make_answers((20, 16, 6), (12, 12, 0))
    scores = score_jobs(answers, segment, make_study(INVOICE), source="Source: survey.csv.")
    side = tabulate_jobs(scores)
    assert list(side.frame.columns) == ["Job", "Kind", "Everybody", "S1", "S2"]
    assert side.frame["S1"].iloc[0].startswith("13.0 (") and side.frame["S2"].iloc[0] == "20.0 (all alike)"
    assert "n = 32 accounts" in side.caption and side.caption.endswith("Source: survey.csv.")
    one = tabulate_jobs(scores, segment="S1")
    assert one.frame[["n", "Importance", "Satisfaction", "Opportunity", "Reading"]].values.tolist() == [
        ["20", 8.0, 3.0, 13.0, "high"]
    ]
    with pytest.raises(ParameterError, match="no segment 'S9'; there are all, S1 and S2"):
        tabulate_jobs(scores, segment="S9")


def test_tabulate_job_quotes_links_jobs_to_people_and_their_words(coded):
    answers, segment = make_answers((20, 19, 1), (20, 18, 2), (20, 1, 19))
    answers = answers.assign(imp_2=7, sat_2=1)
    scores = score_jobs(answers, segment, make_study(INVOICE, LOOK))
    table = tabulate_job_quotes(scores, build_quote_bank(coded, Redactor(), min_words=3), coded)
    rows = table.frame.set_index(["Segment", "Job"])
    invoice = rows.loc[("S1", "Send the invoice the same day")]
    assert invoice[["Said it", "Quote", "Where"]].tolist() == [
        "2 of 2",
        "pay late, every single month",
        "P2, P2, turn 1",
    ]
    assert rows.loc[("S2", "Send the invoice the same day"), "Said it"] == "1 of 2"
    assert "ninety days" in rows.loc[("S2", "Send the invoice the same day"), "Quote"]
    assert rows.loc[("S1", "Look <b>reliable</b>"), ["Said it", "Quote"]].tolist() == ["no code named", "no quote"]
    assert rows.loc[("S3", "Look <b>reliable</b>"), "Said it"] == "no code named"
    assert ("S3", "Send the invoice the same day") not in rows.index


def test_tabulate_job_quotes_code_that_is_not_there_is_refused(coded):
    answers, segment = make_answers((20, 19, 1))
    scores = score_jobs(answers, segment, make_study({**INVOICE, "code": "mony"}))
    with pytest.raises(
        DataContractError, match=r"jobs, column 'code': no such code \(job .*\); got 'mony'. Did you mean 'money'\?"
    ):
        tabulate_job_quotes(scores, build_quote_bank(coded, Redactor()), coded)


def test_tabulate_job_quotes_without_interviews_says_so(nobody):
    answers, segment = make_answers((20, 19, 1))
    scores = score_jobs(answers, segment, make_study(INVOICE))
    table = tabulate_job_quotes(scores, build_quote_bank(nobody, Redactor()), nobody)
    assert table.frame[["Said it", "Quote"]].values.tolist() == [["nobody interviewed", "no quote"]]


def test_plot_jobs_draws_the_numbers_of_the_table():
    answers, segment = make_answers((60, 57, 3), (40, 6, 36))
    answers = answers.assign(imp_2=[7] * 50 + [1] * 50, sat_2=[1, 7] * 50)
    scores = score_jobs(answers, segment, make_study(INVOICE, LOOK))
    shown = plot_jobs(scores, note="Synthetic data.")
    assert isinstance(shown, Exhibit) and shown.caption.endswith("Synthetic data.")
    drawn = [(trace.name, x, y) for trace in shown.figure.data for x, y in zip(trace.x, trace.y, strict=True)]
    expected = sorted(round(float(x), 6) for x in scores.table["opportunity"])
    everybody = [round(float(x), 6) for name, x, _ in drawn if name == "everybody"]
    segments = [round(float(x), 6) for name, x, _ in drawn if name != "everybody"]
    assert sorted(segments + everybody[: len(everybody) // 2]) == expected
    labels = {y for _, _, y in drawn}
    assert "Look &lt;b&gt;reliable&lt;/b&gt;" in labels and all("<b>" not in label for label in labels)
    assert {trace.name: trace.marker.symbol for trace in shown.figure.data}["whole interval at 10 or more"] == "diamond"
    assert "Send the invoice the same day in S1 (18.5," in shown.alt and "n = 100 accounts" in shown.caption


def test_tabulate_job_statements_has_three_parts_and_says_what_is_not_written():
    from segmentation.qualitative import JobScores, QuoteBank, tabulate_job_statements
    from segmentation.qualitative.opportunity import COLUMNS
    from segmentation.qualitative.quotes import COLUMNS as QUOTES
    from segmentation.study import Job

    jobs = (
        Job(statement="Send it on the day", importance="i1", satisfaction="s1", code="late", emotional="free of it"),
        Job(statement="Not feel ashamed", importance="i2", satisfaction="s2", kind="emotional", social="respected"),
    )
    blank = dict.fromkeys(COLUMNS, None)
    rows = [
        blank | {"job": "i1", "segment": "all", "n": 90, "opportunity": 15.0, "lower": 14.0, "upper": 16.0},
        blank | {"job": "i1", "segment": "S1", "n": 40, "opportunity": 9.0, "lower": 8.0, "upper": 10.0},
        blank | {"job": "i1", "segment": "S2", "n": 50, "opportunity": 12.0, "lower": 11.0, "upper": 13.0},
    ]
    quote = dict.fromkeys(QUOTES, "") | {
        "quote_id": "q", "participant": "P1", "segment": "S2", "code_id": "late", "text": "I wait", "source_id": "P1",
        "turn": 4, "coders": 2, "words": 2,
    }  # fmt: skip
    frame = tabulate_job_statements(JobScores(pd.DataFrame(rows), jobs), QuoteBank(pd.DataFrame([quote]))).frame
    assert frame.iloc[0].tolist() == ["Send it on the day", "free of it", "not written", "S2, 12.0 (11.0 to 13.0, n = 50)", "I wait",
                                      "P1, P1, turn 4"]  # fmt: skip
    assert frame.iloc[1].tolist()[:4] == ["Not feel ashamed", "Not feel ashamed", "respected", "too few answers"]
