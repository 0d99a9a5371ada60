"""What was told by stage: words that stand in the transcript, means of people, agreement of coders."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.errors import DataContractError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.messages import plot_told
from segmentation.messaging import consented_transcripts, describe_told, load_told, summarise_told, tabulate_told
from segmentation.qualitative import CodedInterviews, Redactor
from segmentation.study import Messaging

TEXT = "We lost a client in May. Ring me on 020 7946 0123, it was fine. She stayed on the phone until nine."
PEOPLE = pd.DataFrame(
    {"source_id": ["P1", "P2", "P3"], "segment": ["S1", "S1", "S2"], "consent": [True, True, False]},
    index=["P1", "P2", "P3"],
)
CODINGS = pd.DataFrame(
    [("P1", "P1", "S1", 0, 0, 24, "stage_start", "a"), ("P1", "P1", "S1", 0, 8, 24, "angry", "a"),
     ("P1", "P1", "S1", 0, 8, 24, "angry", "b"),
     ("P1", "P1", "S1", 0, 64, 99, "stage_start", "b")],
    columns=["source_id", "participant", "segment", "turn", "start", "end", "code_id", "coder"],
)  # fmt: skip
HEAD = "participant,persona_id,stage,channel,emotion,text,coder\n"


@pytest.fixture
def coded() -> CodedInterviews:
    codes = pd.DataFrame({"name": [], "parent": [], "description": []})
    texts = pd.Series({"P1": TEXT, "P2": TEXT.replace("May", "June"), "P3": TEXT})
    return CodedInterviews(
        "company_id", PEOPLE, pd.DataFrame(), codes, CODINGS, pd.DataFrame(), texts, ("a", "b"), ("S1", "S2")
    )


def study_with(make_study, folder, text="", **more):
    (folder / "told.csv").write_text(HEAD + text)
    part = Messaging(**({"told": "told.csv"} if text else {}), **more)
    return make_study(start=["a"], adopt=["b"]).model_copy(update={"folder": folder, "messaging": part})


def test_load_told_passages_are_redacted_and_placed(tmp_path, make_study, coded):
    text = (
        "P1,p1,start,,-2,We lost  a client in May,x\nP1,p1,start,,-1,We lost a client in May.,y\n"
        'P2,,adopt,phone,+1,"Ring me on 020 7946 0123, it was fine",x\n'
    )
    told = load_told(study_with(make_study, tmp_path, text), coded, Redactor(), personas={"p1"})
    assert told["text"].tolist()[2] == "Ring me on [phone], it was fine"
    assert told[["segment", "emotion", "start"]].iloc[0].tolist() == ["S1", -2.0, 0]


def test_load_told_every_breach_at_once(tmp_path, make_study, coded):
    text = (
        "P1,p9,begin,,3,We lost a client in April,x\nP3,,start,,0,We lost a client in May,x\n"
        "P1,,start,,0,We lost a client in May,x\nP1,,start,,0,We lost a client in May,x\n"
    )
    with pytest.raises(DataContractError) as caught:
        load_told(study_with(make_study, tmp_path, text), coded, Redactor(), personas={"p1"})
    said = str(caught.value)
    assert "6 problems" in said
    for part in ("row 2, column 'emotion': no such emotion; got '3'; allowed: +1, +2, -1, -2, 0, 1, 2", "no such stage; got 'begin'",
                 "no such persona; got 'p9'; allowed: p1", "do not stand in the transcript; got 'We lost a client in April'",
                 "row 3, column 'participant': no such interviewee who agreed to be quoted; got 'P3'; allowed: P1, P2",
                 "row 5, column 'coder': passage judged in row 4 too"):  # fmt: skip
        assert part in said


def test_load_told_file_without_interviews_is_one_problem(tmp_path, make_study, coded):
    nobody = CodedInterviews(
        "c", PEOPLE.iloc[2:], *[pd.DataFrame()] * 2, CODINGS.iloc[:0], pd.DataFrame(), pd.Series(dtype="str"), (), ()
    )
    with pytest.raises(
        DataContractError, match=r"1 problem in the input:\n  - told.csv: nobody in this study was interviewed"
    ):
        load_told(study_with(make_study, tmp_path, "P1,,start,,0,a,x\n"), nobody, Redactor())


def test_load_told_codes_carry_stage_and_emotion(tmp_path, make_study, coded):
    study = study_with(make_study, tmp_path, stage_codes={"start": ("stage_start",)}, emotion_codes={"angry": -2})
    told = load_told(study, coded, Redactor())
    assert told["emotion"].tolist()[0] == -2.0 and np.isnan(
        told["emotion"].tolist()[1]
    )  # coder b marked no emotion there
    assert told["stage"].tolist() == ["start", "start"] and told["text"].iloc[0] == TEXT[:24]


def make_told(*rows: tuple[str, str, str, str, float, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["participant", "segment", "persona_id", "stage", "emotion", "coder"])
    return frame.assign(channel="", text=frame["participant"] + frame["emotion"].astype(str), source_id=frame["participant"],
                        start=frame["emotion"].rank().astype(int), end=99)  # fmt: skip


def test_summarise_told_a_person_counts_once(make_study):
    told = make_told(
        ("P1", "S1", "p1", "start", -2, "a"), ("P1", "S1", "p1", "start", -1, "a"), ("P2", "S1", "", "start", 1, "a"),
        ("P3", "S2", "", "adopt", 0, "a"),
    )  # fmt: skip
    summary = summarise_told(told, ["start", "adopt"]).set_index(["segment", "persona_id", "stage"])
    row = summary.loc[("S1", "", "start")]
    assert (row["people"], row["passages"], row["emotion"]) == (
        2,
        3,
        -0.25,
    )  # mean of -1.5 and 1, not of three passages
    assert (row["lowest"], row["highest"]) == (-1.5, 1.0)
    assert summary.loc[("S1", "p1", "start"), "people"] == 1 and ("S1", "", "adopt") not in summary.index
    study = make_study(start=["a"], adopt=["b"], renew=["c"])
    told_words = str(describe_told(told, summary.reset_index(), study, names={"p1": "Ada", "p2": "Bea"}))
    assert "3 people told 4 passages" in told_words and "Nobody told anything about renew." in told_words
    assert "No passage is from somebody like Bea." in told_words and "no unit was judged by two coders" in told_words
    exhibit = plot_told(summary.reset_index(), study.journeys, names={"p1": "<b>Ada"})
    assert isinstance(exhibit, Exhibit) and exhibit.figure.data[0].y[0] == "&lt;b&gt;Ada" and "2 cells" in exhibit.alt
    assert "“P1-" in tabulate_told(summary.reset_index()).frame["For instance"].iloc[0]


def test_describe_told_agreement_of_two_coders_is_krippendorffs_alpha(make_study):
    one = make_told(*[("P1", "S1", "", "start", e, "a") for e in (-2, 0, 2)])
    told = pd.concat([one, one.assign(coder="b")], ignore_index=True)
    words = str(describe_told(told, summarise_told(told, ["start"]), make_study(start=["a"])))
    assert (
        "Two coders judged 3 passages; Krippendorff's alpha (1: full agreement, 0: chance) is 1.00, good enough"
        in words
    )


def test_told_nothing_is_absent_everywhere(make_study, coded):
    study = make_study(start=["a"])
    told = load_told(study, coded, Redactor())
    summary = summarise_told(told, study.journeys)
    assert told.empty and summary.empty
    absent = describe_told(told, summary, study)
    assert isinstance(absent, Callout) and absent.kind == "absent"
    assert not plot_told(summary, study.journeys).paragraphs and tabulate_told(summary).frame.empty


def test_consented_transcripts_tells_nobody_interviewed_from_nobody_agreed(coded):
    assert set(consented_transcripts(coded)) == {"P1", "P2"}
    nobody = CodedInterviews(
        "c", PEOPLE.iloc[:0], *[pd.DataFrame()] * 2, CODINGS.iloc[:0], pd.DataFrame(), pd.Series(dtype="str"), (), ()
    )
    refused = CodedInterviews(
        "c", PEOPLE.iloc[2:], *[pd.DataFrame()] * 2, CODINGS.iloc[:0], pd.DataFrame(), pd.Series({"P3": TEXT}), (), ()
    )
    assert consented_transcripts(nobody) is None and consented_transcripts(refused) == {}
