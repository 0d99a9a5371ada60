"""From the study to its coding folder, to other programs, and to sentences."""

from __future__ import annotations

import pytest

from segmentation.coding import (
    CodingSession,
    coded_by_folder,
    describe_codings,
    export_codings,
    find_codings_folder,
    load_codings,
    settled_codings,
    start_codings,
    tabulate_coders,
    tabulate_differences,
    write_codebook,
)
from segmentation.coding.export import memo_table
from segmentation.coding.folder import Code, Coder, Coding, save_coder
from segmentation.errors import ParameterError
from segmentation.period import Period
from segmentation.workspace import Workspace

from .conftest import place


def test_start_codings_copies_codebook_and_coders_once(interviews, folder, tmp_path):
    coded = coded_by_folder(interviews, load_codings(folder))
    made = start_codings(coded, tmp_path / "new")
    assert list(made.codes()) == ["trips", "money", "price"] and list(made.coders) == ["ben"]
    assert made.coder("ben").of("P1") == load_codings(folder).coder("ben").of("P1")
    CodingSession(interviews, made.path, "ana").add_code("Late van", "the van came late")
    again = start_codings(coded, tmp_path / "new")
    assert "late_van" in again.codes()
    assert start_codings(coded, tmp_path / "empty", coders=False).coders == {}


def test_start_codings_without_a_codebook_starts_an_empty_one(interviews, tmp_path):
    from dataclasses import replace

    made = start_codings(replace(interviews, codes=interviews.codes.iloc[:0]), tmp_path / "new")
    session = CodingSession(interviews, made.path, "ana")
    code = session.add_code("Late van", "the van came late")
    session.add(*place(session, "for nothing"), code)
    assert load_codings(made.path).coder("ana") == session.me


def test_export_codings_keeps_every_coding_and_memo_at_its_place(session, interviews, tmp_path):
    """Read back by the reader of other programs' files: line ends become one character, and places move with them."""
    from segmentation.sources.job import Job
    from segmentation.sources.refi_qda import read_refi
    from segmentation.study import load_study

    session.add(*place(session, "twice.\r\nDave"), "money")
    session.write_memo("look again", key=session.codings[0].key)
    session.write_memo("a good one")
    session.write_memo("too broad", code="trips")
    file = export_codings(interviews, session.folder, tmp_path / "out.qdpx", study="s")
    assert (file.codings, file.memos, file.coders) == (3, 3, ("ana", "ben"))
    (tmp_path / "study.yaml").write_text(
        "study: s\nunit: id\nsources: {codings: {path: out.qdpx, format: refi-qda}}\n"
        "variables:\n  - {name: a, from: codings, kind: behavioural, role: base, measure: events}\n"
        "  - {name: b, from: codings, kind: behavioural, role: base, measure: events}\n"
        "segmentations: {all: {base: [a, b]}}\n"
    )
    job = Job(load_study(tmp_path), "codings", Period.parse("2026Q3"))
    read = read_refi(job, [tmp_path / "out.qdpx"])
    assert job.violations == []
    assert sorted(read["codings"]["quote"]) == ["Dave", "drove", "twice.\nDave"]


def test_export_codings_refuses_a_memo_on_a_transcript_that_is_gone(interviews, folder, tmp_path):
    made = save_coder(load_codings(folder), Coder("ana").with_memo(("P9", ""), "gone"))
    with pytest.raises(ParameterError, match="there are memos on P9, which is not among the transcripts"):
        export_codings(interviews, made, tmp_path / "out.qdpx", study="s")


def test_memo_table_says_what_each_memo_is_about(session):
    session.add(*place(session, "twice"), "money")
    session.write_memo("one", key=session.codings[0].key)
    session.write_memo("two")
    session.write_memo("three", code="trips")
    table = memo_table(session.folder).astype(object)
    rows = table.where(table.notna(), "").to_numpy().tolist()
    start = session.codings[0].start
    assert rows == [
        ["three", "", "", "", "trips", "ana"],
        ["two", "P1", "", "", "", "ana"],
        ["one", "P1", start, start + 5, "money", "ana"],
    ]


def test_settled_codings_are_what_two_coders_hold_together(session):
    session.add(*place(session, "drove"), "trips")
    session.add(*place(session, "closed"), "price")
    assert [c.code for c in settled_codings(session.me, session.folder.coder("ben"), "P1")] == ["trips"]
    session.resolve(session.disagreements("ben")[1][0].key, "ben", "mine", "")
    session.resolve(session.disagreements("ben")[0][0].key, "ben", "drop", "")
    kept = settled_codings(session.me, session.folder.coder("ben"), "P1")
    assert [(c.code, c.quote) for c in kept] == [("trips", "drove"), ("price", "closed")]


def test_describe_codings_counts_places_that_differ(session):
    session.add(*place(session, "drove"), "trips")
    assert "They differ at 1 place, of which none is resolved." in str(describe_codings(session.folder))
    session.resolve(session.disagreements("ben")[0][0].key, "ben", "theirs", "")
    words = str(describe_codings(session.folder))
    assert words.startswith("2 coders gave 3 passages a code, in 1 transcript. The codebook has 3 codes.")
    assert "1 transcript was coded by two coders or more. They differ at 1 place, of which 1 is resolved." in words


def test_describe_codings_of_one_coder_and_of_none(folder, tmp_path):
    assert "No transcript was coded by two coders" in str(describe_codings(load_codings(folder)))
    assert describe_codings(load_codings(tmp_path / "none")).title == "Nothing is coded yet."


def test_tables_of_coders_and_disagreements(session):
    session.add(*place(session, "drove 🚐 for"), "trips")
    session.resolve(session.disagreements("ben")[0][0].key, "ben", "mine", "")
    frame = tabulate_coders(session.folder).frame
    assert frame.to_dict("list") == {
        "Coder": ["ana", "ben"], "Transcripts": [1, 1], "Codings": [1, 2], "Codes given": [1, 2], "Codes added": [0, 0],
        "Memos": [0, 0], "Resolutions": [1, 0],
    }  # fmt: skip
    table = tabulate_differences(session.folder, "ana")
    assert table.frame.to_dict("records") == [
        {"Beside": "ben", "Code": "Trips", "Only ana": 0, "Only the other": 0, "Other borders": 1, "Resolved": 1},
        {"Beside": "ben", "Code": "Money", "Only ana": 0, "Only the other": 1, "Other borders": 0, "Resolved": 0},
    ]
    with pytest.raises(ParameterError, match="no coder 'anna'"):
        tabulate_differences(session.folder, "anna")


def test_no_quote_stands_in_a_table_that_a_report_could_show(session):
    session.add(*place(session, "drove"), "trips")
    tables = tabulate_coders(session.folder), tabulate_differences(session.folder, "ana")
    shown = str([table._repr_mimebundle_() for table in tables])
    assert "drove" not in shown and "Dave" not in shown


def test_find_codings_folder_is_in_the_run_folder_unless_named(tmp_path):
    from segmentation.sources.example import tiny_study

    run = Workspace(tiny_study(), Period.parse("2026Q3"), "code_interviews", tmp_path)
    assert find_codings_folder(run) == tmp_path / "codings"
    assert find_codings_folder(run, "interviews/codings") == run.study.folder / "interviews/codings"


def test_write_codebook_writes_over_none(tmp_path):
    write_codebook(tmp_path, [Code("a", "A")])
    with pytest.raises(ParameterError, match="is there already"):
        write_codebook(tmp_path, [])


def test_coding_with_a_formula_in_it_is_harmless_in_a_spreadsheet(tmp_path):
    made = save_coder(load_codings(tmp_path), Coder("ana").with_codings("P1", [Coding(0, 9, "x", "=1+cmd|x!", "-2")]))
    cells = (tmp_path / "ana/P1.csv").read_text().splitlines()[1].split(",")
    assert cells[3:] == ["\\=1+cmd|x!", "\\-2"] and load_codings(tmp_path).coder("ana") == made.coder("ana")


def test_colours_of_codes_go_into_the_folder_and_out_again(interviews, tmp_path):
    from dataclasses import replace

    coloured = replace(interviews, codes=interviews.codes.assign(colour=["#0A6EBD", "", "#FF0000"]))
    made = start_codings(coloured, tmp_path / "new")
    assert [code.colour for code in load_codings(made.path).codes().values()] == ["#0A6EBD", "", "#FF0000"]
    assert (made.path / "codebook.csv").read_text().splitlines()[1] == "trips,trips,,driving,#0A6EBD"
    session = CodingSession(interviews, made.path, "ana")
    session.add(*place(session, "for nothing"), session.add_code("Late van", "the van came late"))
    assert coded_by_folder(interviews, load_codings(made.path)).codes["colour"].tolist() == [
        "#0A6EBD",
        "",
        "#FF0000",
        "",
    ]
