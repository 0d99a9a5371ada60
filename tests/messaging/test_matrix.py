"""The message matrix: inheritance, every violation at once, coverage."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.errors import DataContractError, ParameterError
from segmentation.figures.exhibit import Exhibit
from segmentation.figures.messages import plot_coverage
from segmentation.messaging import (
    MESSAGE_COLUMNS,
    coverage_grid,
    describe_coverage,
    find_orphan_pains,
    find_same_words,
    find_stale_proofs,
    load_messages,
    tabulate_coverage,
    tabulate_stale_proofs,
)

GOOD = {
    "message_id": "M1", "persona_id": "P1", "stage": "try", "channel": "email", "element": "subject", "region": "*",
    "locale": "en", "text": "Get paid this week", "pain_id": "late_payment", "proof_id": "PR1",
    "proof_source": "Survey wave 2, n = 741", "proof_date": "2026-05-01", "status": "live", "locked": "proof_id;text",
}  # fmt: skip
CHILD = {"message_id": "M2", "parent_id": "M1", "region": "DE", "locale": "de-DE", "status": "draft"}
KNOWN = {
    "personas": {"P1", "P2"},
    "pains": {"late_payment", "poor_signal"},
    "stages": ("try", "renew"),
    "experiments": {"E1"},
}


def write(path: Path, *rows: dict[str, str]) -> Path:
    frame = pd.DataFrame([{column: row.get(column, "") for column in MESSAGE_COLUMNS} for row in rows])
    frame.to_csv(path / "messages.csv", index=False)
    return path / "messages.csv"


def problems(path: Path, **known: object) -> str:
    with pytest.raises(DataContractError) as caught:
        load_messages(path, **{**KNOWN, **known})
    return str(caught.value)


def test_load_messages_child_inherits_empty_cells(tmp_path):
    matrix = load_messages(write(tmp_path, CHILD, GOOD), **KNOWN)  # the child may stand before its parent
    child = matrix.loc["M2"]
    assert (child["persona_id"], child["text"], child["proof_id"]) == ("P1", "Get paid this week", "PR1")
    assert (child["region"], child["status"]) == ("DE", "draft")
    assert "text" in child["inherited"].split(",") and "status" not in child["inherited"].split(",")
    assert child["proof_date"] == pd.Timestamp("2026-05-01")
    assert matrix.loc["M1", "inherited"] == ""


def test_load_messages_grandchild_inherits_through_the_chain(tmp_path):
    grandchild = {"message_id": "M3", "parent_id": "M2", "region": "AT", "locale": "de-AT", "status": "draft"}
    assert load_messages(write(tmp_path, grandchild, GOOD, CHILD), **KNOWN).loc["M3", "stage"] == "try"


def test_load_messages_own_proof_takes_no_part_of_the_parents(tmp_path):
    free = {**GOOD, "locked": ""}
    own = {**CHILD, "proof_id": "PR2", "proof_source": "Interview P07", "proof_date": "2026-06-01"}
    assert load_messages(write(tmp_path, free, own), **KNOWN).loc["M2", "proof_source"] == "Interview P07"
    assert "proof without proof_source and proof_date" in problems(write(tmp_path, free, {**CHILD, "proof_id": "PR2"}))


def test_load_messages_locked_part_may_not_change(tmp_path):
    assert (
        "row 3, column 'text': locked part changed; got 'Anders'; allowed: Get paid this week. M1 locks it"
        in problems(write(tmp_path, GOOD, {**CHILD, "text": "Anders"}))
    )


def test_load_messages_all_violations_at_once(tmp_path):
    bad = {
        **GOOD, "message_id": "M9", "persona_id": "P11", "pain_id": "late_paymnt", "stage": "trying", "channel": "mail",
        "status": "alive", "role": "boss", "test_id": "E2", "locked": "txt", "proof_date": "2026-13-01", "text": "",
    }  # fmt: skip
    text = problems(write(tmp_path, GOOD, bad))
    assert "11 problems" in text
    for part in ("persona", "code of the codebook", "stage of the journey", "channel", "status", "buying role",
                 "experiment", "not a part that can be locked", "not a date", "text is missing"):  # fmt: skip
        assert part in text
    assert "Did you mean 'late_payment'?" in text and "row 3" in text


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([GOOD, GOOD], "id stands in row 2 too"),
        ([GOOD, {**CHILD, "parent_id": "M7"}], "no such message; got 'M7'"),
        ([{**GOOD, "parent_id": "M1"}], "inherits from itself: M1 -> M1"),
        ([{**GOOD, "parent_id": "M2"}, CHILD], "inherits from itself: M1 -> M2 -> M1"),
        ([{**GOOD, "message_id": ""}], "message without an id"),
        ([{**GOOD, "element": "headline"}], "email has no such element"),
        ([{**GOOD, "proof_date": ""}], "proof without proof_date"),
        ([{**GOOD, "proof_source": "interviews/P99.docx"}], "no such proof file"),
        ([{**GOOD, "proof_source": "../../etc/secret.csv"}], "no such proof file"),
        ([GOOD, {**GOOD, "message_id": "M3", "proof_date": "2026-05-02"}], "another proof_date in row 2"),
    ],
)  # fmt: skip
def test_load_messages_breach_is_named(tmp_path, rows, match):
    assert match in problems(write(tmp_path, *rows))


def test_load_messages_layout_breaches(tmp_path):
    path = tmp_path / "messages.csv"
    path.write_text("")
    assert "the file is empty" in problems(path)
    path.write_text("message_id,txt\nM1,a\n")
    assert "'txt': unknown column. Did you mean 'text'?" in problems(path)
    path.write_bytes(write(tmp_path, GOOD).read_bytes().replace(b"Get", "é".encode("latin-1")))
    assert "not UTF-8 text" in problems(path)
    path.write_text(write(tmp_path, GOOD).read_text() + "M2,too,few\n")
    assert "row has 3 cells, the header 21" in problems(path)
    assert "no such file" in problems(tmp_path / "none.csv")


def test_load_messages_nothing_given_is_not_checked(tmp_path):
    assert load_messages(write(tmp_path, {**GOOD, "persona_id": "whoever"})).loc["M1", "persona_id"] == "whoever"


def test_load_messages_study_without_messages_is_empty(make_study):
    matrix = load_messages(make_study())
    assert matrix.empty and "text" in matrix.columns
    assert find_stale_proofs(matrix, "2026Q3").empty and find_same_words(matrix).empty
    told = describe_coverage(coverage_grid(matrix, ["P1"], ["try"]))
    assert isinstance(told, Callout) and told.kind == "absent"
    assert not plot_coverage(coverage_grid(matrix, ["P1"], ["try"])).paragraphs
    assert isinstance(describe_coverage(None), Callout)


def test_coverage_counts_cells_and_ignores_retired(tmp_path):
    retired = {**GOOD, "message_id": "M3", "status": "retired", "stage": "renew"}
    matrix = load_messages(write(tmp_path, GOOD, CHILD, retired), **KNOWN)
    grid = coverage_grid(matrix, ["P1", "P2"], ["try", "renew"])
    assert grid["messages"].tolist() == [2, 0, 0, 0]
    assert grid.loc[0, ["ready", "with_proof", "regional"]].tolist() == [1, 2, 1]
    split = coverage_grid(matrix, ["P1"], ["try"], ["email", "sms"])
    assert split["messages"].tolist() == [2, 0]
    told = str(describe_coverage(grid, orphans=find_orphan_pains(matrix, KNOWN["pains"]), names={"P2": "Bea"}))
    assert "Bea hears nothing at try and renew" in told and "Nobody is told anything about: poor signal" in told
    exhibit = plot_coverage(grid, names={"P2": "<i>Bea</i>"})
    assert isinstance(exhibit, Exhibit)
    assert [list(row) for row in exhibit.figure.data[0].text] == [["2", "none"], ["none", "none"]]
    assert exhibit.figure.data[0].y[1] == "&lt;i&gt;Bea&lt;/i&gt;"
    assert "3 of 4 cells are empty" in exhibit.alt
    assert tabulate_coverage(grid).frame["Try"].tolist() == [2, 0]


def test_find_stale_proofs_older_than_a_year_at_the_period_end(tmp_path):
    old = {**GOOD, "message_id": "M3", "proof_id": "PR2", "proof_date": "2025-09-30"}
    edge = {**GOOD, "message_id": "M4", "proof_id": "PR3", "proof_date": "2025-10-01"}
    stale = find_stale_proofs(load_messages(write(tmp_path, GOOD, old, edge), **KNOWN), "2026Q3")
    assert stale[["proof_id", "age_months", "messages"]].to_numpy().tolist() == [["PR2", 12, 1]]
    assert tabulate_stale_proofs(stale).frame["Proof"].tolist() == ["PR2"]
    with pytest.raises(ParameterError, match="at least 1"):
        find_stale_proofs(stale, "2026Q3", months=0)


def test_find_same_words_needs_other_persona_and_same_language():
    base = {"status": "live", "locale": "en-GB"}
    rows = [
        {**base, "persona_id": "P1", "text": "See who is free and send them now"},
        {**base, "persona_id": "P2", "text": "See who is free and send them now!"},
        {**base, "persona_id": "P1", "text": "see who is free and send them now"},
        {**base, "persona_id": "P2", "text": "See who is free and send them now", "locale": "de-DE"},
        {**base, "persona_id": "P2", "text": "Something else altogether"},
    ]
    same = find_same_words(pd.DataFrame(rows, index=["A", "B", "C", "D", "E"]))
    assert same[["message_id", "other_message_id"]].to_numpy().tolist() == [["A", "B"], ["B", "C"]]
    told = str(describe_coverage(coverage_grid(pd.DataFrame(rows).assign(stage="try", proof_id="", parent_id="", channel="email"),
                                               ["P1"], ["try"]), same=same))  # fmt: skip
    assert "A and B; B and C" in told
