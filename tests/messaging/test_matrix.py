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
    load_cites,
    load_messages,
    tabulate_coverage,
    tabulate_stale_proofs,
)
from segmentation.reporting.summaries import summarise_messaging
from segmentation.study import Messaging

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


def test_load_messages_origin_names_the_row_that_wrote_each_word(tmp_path):
    free = {**GOOD, "locked": "proof_id"}
    child = {**CHILD, "text": "Diese Woche bezahlt", "value_prop_id": "vp-de"}
    grandchild = {"message_id": "M3", "parent_id": "M2", "region": "AT", "locale": "de-AT", "status": "draft"}
    matrix = load_messages(write(tmp_path, free, child, grandchild), **KNOWN)
    origins = dict(part.split(": ") for part in matrix.loc["M3", "origins"].split("; "))
    assert (origins["text"], origins["value_prop_id"], origins["stage"]) == ("M2", "M2", "M1")
    assert matrix.loc["M1", "origins"] == ""


def test_load_messages_lock_holds_for_grandchildren(tmp_path):
    free = {**GOOD, "locked": "proof_id"}
    grandchild = {**CHILD, "message_id": "M3", "parent_id": "M2", "region": "AT", "locale": "de-AT", "proof_id": "PR9",
                  "proof_source": "a b", "proof_date": "2026-01-01"}  # fmt: skip
    assert "row 4, column 'proof_id': locked part changed; got 'PR9'; allowed: PR1. M1 locks it" in problems(
        write(tmp_path, free, CHILD, grandchild)
    )


def test_load_messages_circle_is_named_once_beside_every_other_problem(tmp_path):
    one, two = {**CHILD, "parent_id": "M3"}, {**CHILD, "message_id": "M3", "parent_id": "M2", "status": "alive"}
    outside = {**CHILD, "message_id": "M4", "parent_id": "M2"}
    text = problems(
        write(tmp_path, GOOD, one, two, outside, {**GOOD, "message_id": "M5", "stage": "trie", "variant": "B"})
    )
    assert "3 problems" in text and text.count("inherits from itself") == 1
    assert "row 3, column 'parent_id': inherits from itself: M2 -> M3 -> M2; got 'M3'. Leave parent_id" in text
    assert "no such status; got 'alive'; allowed: approved, draft, live, retired" in text
    assert "row 6, column 'stage': no such stage of the journey; got 'trie'; allowed: renew, try" in text


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("Hi {first_name}", "broken placeholder; got '{first_name}'; allowed: {{name}} or {{name|fallback}}"),
        ("Hi {{first_name|there}", "broken placeholder; got '{{first_name|there}'"),
        ("Hi first_name}}", "broken placeholder; got 'first_name}}'"),
        ("Hi {{surname}}", "no such field; got '{{surname}}'; allowed: first_name, company"),
        ("Hi {{first_name}}", "placeholder without a fallback; got '{{first_name}}'. Say what stands there when it is empty"),
        ("Hi {{first_name| }}", "placeholder without a fallback"),
        ("Hi [name]", "never filled in, but live; got '[name]'"),
    ],
)  # fmt: skip
def test_load_messages_broken_placeholder_is_named(tmp_path, text, match):
    assert match in problems(write(tmp_path, {**GOOD, "text": text}))


def test_load_messages_good_placeholders_and_unfilled_drafts_are_read(tmp_path):
    rows = [{**GOOD, "text": "Hi {{first_name|there}} at {{company}}"}, {**GOOD, "message_id": "M3", "variant": "B",
            "text": "Hi [name]", "status": "draft"}]  # fmt: skip
    assert len(load_messages(write(tmp_path, *rows), **KNOWN)) == 2


def test_load_messages_two_texts_for_one_place_need_variants(tmp_path):
    other = {**GOOD, "message_id": "M3", "text": "Be paid on Friday"}
    assert "row 3, column 'variant': stands where row 2 stands" in problems(write(tmp_path, GOOD, other))
    assert "row 3, column 'text': same message as row 2" in problems(
        write(tmp_path, GOOD, {**GOOD, "message_id": "M3"})
    )
    several = [
        {**GOOD, "message_id": f"M{i}", "channel": "google", "element": "headline", "text": f"Paid {i}"} for i in (1, 2)
    ]
    assert len(load_messages(write(tmp_path, *several), **KNOWN)) == 2
    assert len(load_messages(write(tmp_path, GOOD, {**other, "status": "retired"}), **KNOWN)) == 2


def test_load_messages_regional_text_needs_a_global_one(tmp_path):
    alone = {**GOOD, "region": "DE", "locale": "de"}
    text = problems(write(tmp_path, alone))
    assert (
        "row 2, column 'region': regional text without a global one to fall back on; got 'DE'. Add a row with region *"
        in text
    )


def test_load_messages_yaml_reads_as_the_same_matrix_with_lines_in_errors(tmp_path):
    path = tmp_path / "messages.yaml"
    keys = "".join(f"    {key}: {value!r}\n" for key, value in GOOD.items() if key not in ("message_id", "locked"))
    good = f"messages:\n  - message_id: M1\n{keys}    locked: [proof_id, text]\n"
    path.write_text(good)
    expected = load_messages(write(tmp_path, GOOD), **KNOWN)
    pd.testing.assert_frame_equal(load_messages(path, **KNOWN), expected)
    path.write_text(
        good + "  - {message_id: M2, parent_id: M1, region: DE, locale: de, status: alive, txt: a}\n  - M3\n"
    )
    text = problems(path)
    assert "line 16, column 'status': no such status" in text and "line 17: not a row" in text
    assert "column 'txt': unknown column. Did you mean 'text'?" in text
    path.write_text("a: 1\n")
    assert "not a list of rows" in problems(path)
    assert "no such file" in problems(tmp_path / "none.yaml")


def test_load_messages_cites_only_what_the_files_of_the_study_hold(tmp_path, make_study):
    (tmp_path / "vp.csv").write_text("value_prop_id,text\nvp-1,One screen\n")
    (tmp_path / "pr.csv").write_text(
        "proof_id,text,source,date,participant,quote\nPR1,Counted,Survey wave 2,2026-05-01,,\n"
    )
    study = make_study().model_copy(
        update={"folder": tmp_path, "messaging": Messaging(value_props="vp.csv", proofs="pr.csv")}
    )
    cites = load_cites(study)
    bare = {**GOOD, "proof_source": "", "proof_date": "", "value_prop_id": "vp-1"}
    matrix = load_messages(write(tmp_path, bare), cites=cites, **KNOWN)
    assert (
        matrix.loc["M1", "proof_date"] == pd.Timestamp("2026-05-01")
        and matrix.loc["M1", "proof_source"] == "Survey wave 2"
    )
    text = problems(write(tmp_path, {**bare, "value_prop_id": "vp-2"}, {**bare, "message_id": "M3", "variant": "B",
                    "proof_date": "2026-05-02"}, {**bare, "message_id": "M4", "variant": "C", "proof_id": "PR7"}), cites=cites)  # fmt: skip
    assert (
        "row 2, column 'value_prop_id': no such value proposition; got 'vp-2'; allowed: vp-1. Did you mean 'vp-1'?"
        in text
    )
    assert "another date in the file of proofs; got '2026-05-02'; allowed: 2026-05-01" in text
    assert "row 4, column 'proof_id': no such proof; got 'PR7'; allowed: PR1" in text


def test_load_cites_every_breach_at_once(tmp_path, make_study):
    (tmp_path / "vp.csv").write_text("value_prop_id,text\nvp-1,\nvp-1,Twice\n")
    (tmp_path / "pr.csv").write_text(
        "proof_id,text,source,date,participant,quote\nPR1,Counted,,2026-13-01,P01,\nPR2,Said,x,2026-05-01,P01,never said\n"
        "PR3,Said,x,2026-05-01,P9,did so\nPR4,Said,x,2026-05-01,P01,moved four jobs\n"
    )
    study = make_study().model_copy(
        update={"folder": tmp_path, "messaging": Messaging(value_props="vp.csv", proofs="pr.csv")}
    )
    with pytest.raises(DataContractError) as caught:
        load_cites(study, transcripts={"P01": "I moved four\njobs."})
    text = str(caught.value)
    assert "7 problems" in text
    for part in ("text is missing", "id stands in row 2 too", "not a date", "proof without source", "quote is missing",
                 "these words do not stand in the transcript", "agreed to be quoted; got 'P9'; allowed: P01"):  # fmt: skip
        assert part in text


def test_load_messages_unknown_region_and_locale(tmp_path, make_study):
    study = make_study(**{"try": ["a"]}).model_copy(
        update={
            "folder": tmp_path,
            "messages": "messages.csv",
            "messaging": Messaging(locales={"en": "*", "de": "Germany"}),
        }
    )
    write(tmp_path, GOOD, {**CHILD, "region": "Germny", "locale": "de-DE"})
    text = problems(study, stages=None)
    assert "column 'locale': no such locale; got 'de-DE'; allowed: de, en" in text
    assert "column 'region': no such region; got 'Germny'; allowed: *, Germany. Did you mean 'Germany'?" in text


def test_load_messages_broad_row_is_for_everybody(tmp_path):
    broad = {**GOOD, "persona_id": "*", "segment_id": "S1"}
    assert load_messages(write(tmp_path, broad), **KNOWN).loc["M1", "persona_id"] == "*"


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
    told = describe_coverage(coverage_grid(matrix, ["P1"], ["try"]), matrix)
    assert isinstance(told, Callout) and told.kind == "absent"
    assert not plot_coverage(coverage_grid(matrix, ["P1"], ["try"])).paragraphs
    assert isinstance(describe_coverage(None, matrix), Callout)


def test_coverage_counts_cells_and_ignores_retired(tmp_path):
    retired = {**GOOD, "message_id": "M3", "status": "retired", "stage": "renew"}
    matrix = load_messages(write(tmp_path, GOOD, CHILD, retired), **KNOWN)
    grid = coverage_grid(matrix, ["P1", "P2"], ["try", "renew"])
    assert grid["messages"].tolist() == [2, 0, 0, 0]
    assert grid.loc[0, ["ready", "with_proof", "regional"]].tolist() == [1, 2, 1]
    split = coverage_grid(matrix, ["P1"], ["try"], ["email", "sms"])
    assert split["messages"].tolist() == [2, 0]
    told = str(describe_coverage(grid, matrix, orphans=find_orphan_pains(matrix, KNOWN["pains"]), names={"P2": "Bea"}))
    assert "Bea hears nothing at try and renew" in told and "Nobody is told anything about: poor signal" in told
    exhibit = plot_coverage(grid, names={"P2": "<i>Bea</i>"})
    assert isinstance(exhibit, Exhibit)
    assert [list(row) for row in exhibit.figure.data[0].text] == [["2", "none"], ["none", "none"]]
    assert exhibit.figure.data[0].y[1] == "&lt;i&gt;Bea&lt;/i&gt;"
    assert "3 of 4 cells are empty" in exhibit.alt
    assert tabulate_coverage(grid).frame["Try"].tolist() == [2, 0]


def test_find_stale_proofs_older_than_a_year_at_the_period_end(tmp_path):
    old = {**GOOD, "message_id": "M3", "variant": "B", "proof_id": "PR2", "proof_date": "2025-09-30"}
    edge = {**GOOD, "message_id": "M4", "variant": "C", "proof_id": "PR3", "proof_date": "2025-10-01"}
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
    matrix = pd.DataFrame(rows).assign(stage="try", proof_id="", parent_id="", channel="email")
    told = str(describe_coverage(coverage_grid(matrix, ["P1"], ["try"]), matrix, same=same))
    assert "A and B; B and C" in told


def test_messages_in_use_are_counted_in_one_way(tmp_path):
    rows = [GOOD, {**GOOD, "message_id": "M3", "persona_id": "*", "status": "draft"}, {**GOOD, "message_id": "M4", "status": "retired",
            "stage": "renew"}]  # fmt: skip
    matrix = load_messages(write(tmp_path, *rows), **KNOWN)
    grid = coverage_grid(matrix, ["P1", "P2"], ["try", "renew"])
    one = (
        "2 messages are in use, of which 1 is a draft; 1 of them is written to a persona, the others to everybody, and fills 1 of 4 pairs "
        "of persona and stage."
    )
    assert str(describe_coverage(grid, matrix)).startswith(one)
    empty = pd.DataFrame(columns=["severity", "message_id", "proof_id", "words"])
    assert summarise_messaging(matrix, grid, empty, empty, empty)["found"] == [one]
