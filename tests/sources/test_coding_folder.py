"""The coding widget's own files as a source of the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.errors import DataContractError
from segmentation.qualitative import build_coded_interviews, measure_agreement
from segmentation.sources import read_sources
from segmentation.sources.coding_folder import file_name, pack_cell, source_of, unpack_cell

TEXT = "I: And then?\n\nP01: It was late. I cancel. \U0001f69a\n\nI: Why?\n\nP01: Too dear, and late.\n"
CODEBOOK = "code,name,parent,description\nservice,Service,,\nlate,Late,service,came late\nprice,Price,,too dear\n"
HEADER = "start,end,code,quote,memo\n"
RESOLVED = "source,start,end,code,other,keep,when,why\n"


@pytest.fixture
def read(tmp_path, make_study):
    (tmp_path / "P01.txt").write_text(TEXT, encoding="utf-8")
    for coder in ("coder_1", "coder_2"):
        (tmp_path / "codings" / coder).mkdir(parents=True)
    (tmp_path / "codings/codebook.csv").write_text(CODEBOOK)

    def reading(**files):
        for name, content in files.items():
            coder, _, file = name.partition("__")
            (tmp_path / "codings" / coder / f"{file}.csv").write_bytes(content.encode())
        paths = ["codings/codebook.csv", "codings/*/*.csv"]
        sources = {
            "texts": {"format": "transcripts", "path": "P01.txt"},
            "codings": {"format": "segmentation.codings", "path": paths},
        }
        return read_sources(make_study(sources), "2026Q3")

    return reading


def row(quote, code="late", memo="", nth=0):
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(quote, start + 1)
    return f"{start},{start + len(quote)},{code},{quote},{memo}\n"


def problems(read, **files):
    with pytest.raises(DataContractError) as found:
        read(**files)
    return [str(violation) for violation in found.value.violations]


def test_read_sources_codings_of_two_coders(read):
    dear = row("Too dear, and late", "price").replace("Too dear, and late", '"Too dear, and late"')
    data = read(coder_1__P01=HEADER + row("It was late") + dear, coder_2__P01=HEADER + row("late"))
    codings = data["codings"]
    assert codings["coder"].tolist() == ["coder_1", "coder_2", "coder_1"]
    assert codings["quote"].tolist() == ["It was late", "late", "Too dear, and late"]
    assert data["codes"].loc["late"].tolist() == ["Late", "service", "came late"]
    coded = build_coded_interviews(data)
    assert coded.coders == ("coder_1", "coder_2") and len(coded.marks) == 3
    account = next(account for account in data.accounts if account.source == "codings")
    assert (account.rows_in, account.rows_out) == (3, 3)


def test_read_sources_every_problem_of_the_folder_with_its_line(read):
    found = problems(
        read,
        coder_1__P01=HEADER + "17,28,lte,It was late,\n" + "500,510,late,x,\n" + "17,28,late,It was latt,\n"
        + "0,11,late,It was late,\n" + "x,2,late,a,\n" + "9,9,late,a,\n" + "1,2,late,,\n" + "1,2,late\n",
        coder_2__P02=HEADER + "0,1,late,I,\n",
        coder_2___codes="code,name,parent,description\nnew,New,nowhere,d\n",
    )  # fmt: skip
    file = "codings/coder_1/P01.csv, row"
    assert any(
        w.startswith(f"{file} 2, column 'code': code without codebook entry; got 'lte'. Did you mean 'late'?")
        for w in found
    )
    assert any(
        w.startswith(f"{file} 3: span 500 to 510 lies outside the text; allowed: 0 to {len(TEXT)}") for w in found
    )
    assert any(w.startswith(f"{file} 4, column 'quote': the quote is not what stands at 17 to 28 ('") for w in found)
    assert any("These words stand at 19 to 30 now" in w for w in found if w.startswith(f"{file} 5"))
    assert f"{file} 6, column 'start': no whole number; got 'x'; allowed: 0, 1, 2, ..." in found
    assert any(w.startswith(f"{file} 7, column 'end': the passage ends before it begins (start 9)") for w in found)
    assert any(w.startswith(f"{file} 8, column 'quote': this must not be empty") for w in found)
    assert any(w.startswith(f"{file} 9: 3 fields where the header has 5") for w in found)
    assert any(w.startswith("codings/coder_2/P02.csv: codings of a text that is not there; got 'P02'") for w in found)
    assert any("parent without codebook entry; got 'nowhere'" in w and "_codes.csv, row 2" in w for w in found)


def test_read_sources_merge_that_was_not_finished(read):
    content = HEADER + "<<<<<<< HEAD\n" + row("It was late") + "=======\n" + row("late") + ">>>>>>> other\n"
    found = problems(read, coder_1__P01=content)
    assert [w.split(":")[0] for w in found] == [f"codings/coder_1/P01.csv, row {n}" for n in (2, 4, 6)]
    assert all("a merge that was not finished" in w for w in found)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the file is empty"),
        ("start,end,code,words,memo\n", "this is not the header of such a file; got 'start,end,code,words,memo'"),
        (HEADER + '1,2,late,"open\n', "cannot be read as CSV"),
        (HEADER + row("It was late") + row("It was late"), "stands in line 2 already"),
        (HEADER + "1,2,la te,x,\n", "no id of a code"),
    ],
)
def test_read_sources_file_that_is_none(read, content, words):
    assert any(words in problem for problem in problems(read, coder_1__P01=content))


def test_read_sources_folder_that_is_no_coder(read, tmp_path):
    (tmp_path / "codings/Ana Ruiz").mkdir()
    (tmp_path / "codings/Ana Ruiz/P01.csv").write_text(HEADER + row("late"))
    assert any("the folder is no id of a coder; got 'Ana Ruiz'" in w for w in problems(read))


def test_read_sources_codings_without_transcripts_say_so_once(read, tmp_path, make_study):
    read(coder_1__P01=HEADER + row("It was late") + row("late"))
    paths = ["codings/codebook.csv", "codings/*/*.csv"]
    with pytest.raises(DataContractError, match="1 problem in the input:\n  - codings: there are no transcripts"):
        read_sources(make_study({"codings": {"format": "segmentation.codings", "path": paths}}), "2026Q3")


def test_read_sources_resolutions_leave_agreement_as_it_was(read):
    files = {"coder_1__P01": HEADER + row("It was late"), "coder_2__P01": HEADER + row("Too dear", "price")}
    before = measure_agreement(build_coded_interviews(read(**files)), random_state=1)
    start = TEXT.index("It was late")
    data = read(
        **files, coder_1___resolutions=RESOLVED + f"P01,{start},{start + 11},late,coder_2,drop,2026-11-02,a slip\n"
    )
    assert data["resolutions"].iloc[0].tolist() == [
        "P01", start, start + 11, "late", "coder_1", "coder_2", "drop", "2026-11-02", "a slip",
    ]  # fmt: skip
    after = measure_agreement(build_coded_interviews(data), random_state=1)
    assert after.table.equals(before.table)


def test_read_sources_disagreement_resolved_in_two_ways(read):
    line = "P01,17,28,late,coder_{},mine,2026-11-02,\n"
    found = problems(
        read, coder_1___resolutions=RESOLVED + line.format(2), coder_2___resolutions=RESOLVED + line.format(1)
    )
    assert any("resolved otherwise in codings/coder_1/_resolutions.csv, line 2" in w for w in found)


def test_read_sources_code_defined_twice_is_noted(read):
    data = read(coder_1___codes="code,name,parent,description\nlate,Late,,another\n", coder_1__P01=HEADER + row("late"))
    account = next(account for account in data.accounts if account.source == "codings")
    assert any("code late is defined again in codings/coder_1/_codes.csv, line 2" in note for note in account.notes)
    assert data["codes"].at["late", "description"] == "came late"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_pack_cell_keeps_every_sign_on_one_harmless_line(text):
    packed = pack_cell(text)
    assert unpack_cell(packed) == text
    assert (
        not set(packed) & {"\n", "\r", "\t"}
        and packed[:1] not in tuple("=+-@ ")
        and packed == packed.rstrip(" ") + ("" if not packed.endswith("\\ ") else " ")
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_file_name_is_one_plain_name_and_says_its_text(source):
    name = file_name(source)
    assert source_of(name) == source
    assert (
        "/" not in name and "\\" not in name and not name.startswith((".", "_")) and name.casefold() != "codebook.csv"
    )


def test_read_sources_codebook_may_have_colours(read, tmp_path):
    book = tmp_path / "codings/codebook.csv"
    book.write_text("code,name,parent,description,colour\nlate,Late,,came late,#0a6\nprice,Price,,too dear,\n")
    codes = read(coder_1__P01=HEADER + row("It was late"))["codes"]
    assert codes["colour"].to_dict() == {"late": "#00AA66", "price": ""}
    book.write_text("code,name,parent,description,colour\nlate,Late,,came late,reddish\n")
    assert "no colour; got 'reddish'; allowed: #RRGGBB or nothing" in problems(read, coder_1__P01=HEADER)[0]
