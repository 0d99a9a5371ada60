"""Written projects and codebooks: valid by the standard's schema, read back equal, refused where the format cannot hold them."""

from __future__ import annotations

import io
import sqlite3
import tempfile
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from segmentation.errors import DataContractError, ParameterError
from segmentation.qualitative import CodedInterviews, build_coded_interviews
from segmentation.qualitative.prepare import list_memos
from segmentation.qualitative.refi_write import RefiFile, describe_refi_file, write_qdc, write_qdpx
from segmentation.sources import read_sources
from segmentation.study import load_study

XSD = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qda" / "xsd"
NS = "{urn:QDA-XML:project:1.0}"
CODINGS = ["source_id", "start", "end", "code_id", "coder"]


def make_coded(texts, codings, codes=(("late", "late", ""),), **changes) -> CodedInterviews:
    """Coded interviews over bare texts; nobody's turns are needed for writing."""
    people = pd.DataFrame(
        {"source_id": list(texts), "segment": pd.array(["S1"] * len(texts), dtype="string")},
        index=pd.Index([f"person {source}" for source in texts], name="participant"),
    )
    book = pd.DataFrame(
        [(name, parent or None, f"about {name}") for _, name, parent in codes],
        index=pd.Index([code for code, _, _ in codes], name="code_id"), columns=["name", "parent", "description"],
    )  # fmt: skip
    table = pd.DataFrame(codings, columns=CODINGS)
    coders = tuple(sorted(set(table["coder"])))
    whole = CodedInterviews(
        "company_id", people, pd.DataFrame(), book, table, pd.DataFrame(), pd.Series(texts, dtype=object), coders, ()
    )
    return replace(whole, **changes)


def read_back(path: Path):
    """The file as a study reads it."""
    filler = [
        {"name": f"f{n}", "from": "codings", "kind": "behavioural", "role": "base", "measure": "events"} for n in (1, 2)
    ]
    study = {
        "study": "tiny", "unit": "company_id", "sources": {"codings": {"format": "refi-qda", "path": path.name}},
        "variables": filler, "segmentations": {"all": {"base": ["f1", "f2"]}},
    }  # fmt: skip
    (path.parent / "study.yaml").write_text(yaml.safe_dump(study))
    return read_sources(load_study(path.parent), "2026Q3")


def round_trip(coded, **options):
    with tempfile.TemporaryDirectory() as folder:
        write_qdpx(coded, Path(folder) / "out.qdpx", study="tiny", **options)
        return read_back(Path(folder) / "out.qdpx")


def root_of(path: Path):
    with zipfile.ZipFile(path) as archive:
        return etree.fromstring(archive.read(archive.namelist()[0]))


def validate(content: bytes, schema: str) -> None:
    if not XSD.is_dir():
        pytest.skip("the schema files of REFI-QDA are not part of the project and not on this machine")
    etree.XMLSchema(etree.parse(XSD / schema)).assertValid(etree.fromstring(content))


MEMOS = pd.DataFrame(
    [("P1", 0, 4, "late", "coder 1", "why?"), ("P1", 0, 4, None, None, "on words"), ("P1", None, None, None, None, "on P1"),
     (None, None, None, "late", None, "on the code"), (None, None, None, None, None, "on all <of> it")],
    columns=[*CODINGS, "text"],
)  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("memos", [None, MEMOS], ids=["without memos", "with memos"])
def test_write_qdpx_is_valid_by_the_schema(coded, tmp_path, memos):
    texts = {"P1": "Late & <late>, again."}
    codes = [("time", "Time", ""), ("late", 'L<a>te & "so"', "time"), ("other", "Other", "")]
    own = make_coded(texts, [("P1", 0, 4, "late", "coder 1"), ("P1", 0, 4, "late", "coder 2")], codes)
    for interviews in (coded, own, make_coded(texts, [], codes), make_coded(texts, [], ())):
        path = tmp_path / "out.qdpx"
        given_memos = memos if interviews is own else None
        write_qdpx(
            interviews,
            path,
            study="tiny",
            memos=given_memos,
            colours={"late": "#ff0000"} if interviews is own else None,
        )
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist()[0] == "project.qde"
            validate(archive.read("project.qde"), "Project.xsd")


@pytest.mark.shared
def test_write_qdc_is_valid_by_the_schema(coded, tmp_path):
    write_qdc(coded.codes, tmp_path / "out.qdc", study="tiny", colours={"trips": "#0f0"})
    validate((tmp_path / "out.qdc").read_bytes(), "Codebook.xsd")


def test_write_qdpx_round_trip_of_the_small_interviews(coded, tmp_path):
    written = write_qdpx(coded, tmp_path / "out.qdpx", study="tiny")
    data = read_back(tmp_path / "out.qdpx")
    keys = ["source_id", "start", "end", "code_id", "quote"]
    # coders' names are hidden by every reader; ann and bob come back as coder 1 and coder 2
    expected = coded.codings.assign(
        code_id=coded.codings["code_id"].map({"trips": "wasted_trips", "money": "late_money", "price": "price"})
    )
    found = data["codings"].assign(coder=data["codings"]["coder"].map({"coder 1": "ann", "coder 2": "bob"}))
    order = [*keys, "coder"]
    pd.testing.assert_frame_equal(
        found[order].sort_values(order, ignore_index=True),
        expected[order].sort_values(order, ignore_index=True),
        check_dtype=False,
    )
    assert data["transcripts"]["text"].to_dict() == coded.transcripts.to_dict()
    assert data["codes"].loc["wasted_trips", ["name", "parent", "description"]].tolist() == [
        "Wasted trips",
        "pains",
        "driving for nothing",
    ]
    assert (written.texts, written.codes, written.codings, written.coders) == (4, 5, 10, ("ann", "bob"))
    assert "1 marking of the interviewer's words only is not written." in written.notes


# What people type: letters with combining marks, emoji of one and of several code points, Arabic and Hebrew, markup, any blank.
WORDS = st.sampled_from(
    [
        "late",
        "e\u0301te\u0301",
        "o\u0308l",
        "👩‍🔧👍🏽",
        "\U0001f381\U0001f381",
        "שלום",
        "متأخر",
        "<b>&amp;",
        'a"b',
        "]]>",
        "naïve",
        "x\u200dy",
        "\u202eevil",
    ]
)
GAPS = st.sampled_from([" ", "  ", "\n", "\n\n", ", ", "\t", "\u2028"])
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=12
).filter(lambda name: name.strip() and name == name.strip())


@st.composite
def interviews(draw, gaps=GAPS):
    """Texts of words with their number (so that no quote stands twice), passages over whole words, nested codes, two coders."""
    texts, spans = {}, []
    for source in draw(
        st.lists(st.sampled_from(["P1", "P2", "Team é", "v1.2 notes"]), min_size=1, max_size=3, unique=True)
    ):
        text, edges = "", []
        for number, word in enumerate(draw(st.lists(WORDS, min_size=2, max_size=9))):
            edges.append((len(text), len(text) + len(f"{number}{word}")))
            text += f"{number}{word}{draw(gaps)}"
        texts[source] = text
        for _ in range(draw(st.integers(0, 5))):
            first, last = sorted(draw(st.tuples(st.integers(0, len(edges) - 1), st.integers(0, len(edges) - 1))))
            spans.append((source, edges[first][0], edges[last][1]))
    names = draw(
        st.lists(NAMES, min_size=1, max_size=5, unique_by=lambda name: unicodedata.normalize("NFC", name).strip())
    )
    parents = [draw(st.sampled_from(["", *(f"c{n}" for n in range(place))])) for place in range(len(names))]
    codes = [(f"c{place}", name, parent) for place, (name, parent) in enumerate(zip(names, parents, strict=True))]
    picked = st.tuples(st.sampled_from([code for code, _, _ in codes]), st.sampled_from(["coder 1", "coder 2"]))
    return make_coded(texts, [(*span, *draw(picked)) for span in spans], codes)


def path_of(codes: pd.DataFrame, code: str) -> tuple[str, ...]:
    parent = codes.at[code, "parent"]
    own = unicodedata.normalize("NFC", codes.at[code, "name"])
    return (*(path_of(codes, parent) if isinstance(parent, str) else ()), own)


@settings(max_examples=80, deadline=None)
@given(interviews())
def test_write_qdpx_round_trip_loses_nothing(coded):
    data = round_trip(coded)
    assert data["transcripts"]["text"].to_dict() == coded.transcripts.to_dict()
    places = ["source_id", "start", "end", "coder"]
    before = {
        (*row, path_of(coded.codes, code)) for *row, code in coded.codings[[*places, "code_id"]].itertuples(index=False)
    }
    found = data["codings"] if "codings" in data else pd.DataFrame(columns=[*places, "code_id"])
    after = {(*row, path_of(data["codes"], code)) for *row, code in found[[*places, "code_id"]].itertuples(index=False)}
    assert after == before
    tree = {path_of(coded.codes, code): coded.codes.at[code, "description"] for code in coded.codes.index}
    read = {path_of(data["codes"], code): data["codes"].at[code, "description"] for code in data["codes"].index}
    assert {path: " ".join(text.split()) for path, text in read.items()} == {
        path: " ".join(text.split()) for path, text in tree.items()
    }


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "\r\n", "\r", "\n", "🎁", "é", "e\u0301", "א", "<", "\ufeff"]), min_size=1, max_size=20
    ),
    st.data(),
)
def test_write_qdpx_positions_are_code_points_of_the_written_text(pieces, data):
    """Any passage at all, read by nothing but the standard: the words between the positions are those that were coded."""
    text = "x" + "".join(pieces)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.qdpx"
        write_qdpx(make_coded({"P1": text}, [("P1", start, end, "late", "coder 1")]), path, study="tiny")
        with zipfile.ZipFile(path) as archive:
            written = archive.read(archive.namelist()[1]).decode("utf-8")
        selection = root_of(path).find(f".//{NS}PlainTextSelection")
    words = written[int(selection.get("startPosition")) : int(selection.get("endPosition"))]
    assert "\r" not in written and written == text.replace("\r\n", "\n").replace("\r", "\n")
    assert words == selection.get("name")
    whole = text[start:end] + ("\n" if text[end - 1] == "\r" and text[end : end + 1] == "\n" else "")
    assert words == whole.replace("\r\n", "\n").replace("\r", "\n")


def qualcoder_reads(path: Path) -> tuple[dict[str, str], list[tuple[str, str, str, int, int, str, str]]]:
    """Texts and codings (text, code, coder, places, words, memo) as QualCoder's import takes them from a project.

    The rule of its src/qualcoder/refi.py (read at commit 06db5fa; the program itself is GPL and not used here): the text is decoded as
    UTF-8 with every line end as one and a byte-order mark kept; if the first line ends in two characters and the file is not by
    ATLAS.ti, a blank follows each line end; words are the slice from startPosition to endPosition; the code is what the first
    element in Coding refers to, the memo the selection's Description; of the same code, place and coder only one is kept.
    """
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    folder = "sources" if any(name.startswith("sources/") for name in files) else "Sources"
    (qde,) = [name for name in files if "/" not in name and name.endswith(".qde")]
    root = etree.fromstring(files[qde])
    users = {user.get("guid"): user.get("name") for user in root.iter(f"{NS}User")}
    codes = {code.get("guid"): code.get("name") for code in root.iter(f"{NS}Code")}
    texts, rows = {}, {}
    for source in root.iter(f"{NS}TextSource"):
        stored = files[folder + source.get("plainTextPath").split("internal:/")[1]]
        text = io.TextIOWrapper(io.BytesIO(stored), encoding="utf-8", errors="replace", newline=None).read()
        if "ATLAS" not in root.get("origin") and stored.partition(b"\n")[0].endswith(b"\r") and b"\n" in stored:
            text = text.replace("\n", "\n ")
        assert source.get("name") not in texts, "QualCoder would rename the second"
        texts[source.get("name")] = text
        for selection in source.iter(f"{NS}PlainTextSelection"):
            start, end = int(selection.get("startPosition")), int(selection.get("endPosition"))
            memo = "".join(part.text or "" for part in selection if part.tag == f"{NS}Description")
            for coding in selection.iter(f"{NS}Coding"):
                key = (
                    source.get("name"),
                    codes[coding[0].get("targetGUID")],
                    users[selection.get("creatingUser")],
                    start,
                    end,
                )
                rows.setdefault(key, (*key, text[start:end], memo))
    return texts, list(rows.values())


SIGNS = ["a", " ", "\r\n", "\r", "\n", "🎁", "👩‍🔧", "é", "e\u0301", "שלום", "متأخر", "\u202e", "\u2028", "<", "\ufeff"]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(SIGNS), min_size=1, max_size=20), st.data())
def test_write_qdpx_every_coding_lands_at_its_place_as_qualcoder_reads_it(pieces, data):
    text = "x" + "".join(pieces)
    places = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(lambda span: span[0] < span[1])
    spans = data.draw(
        st.lists(
            st.tuples(places, st.sampled_from(["late", "price"]), st.sampled_from(["coder 1", "coder 2"])), max_size=5
        )
    )
    spans = [
        (*span, code, coder)
        for span, code, coder in spans
        if not (text[span[1] - 1] == "\r" and text[span[1] : span[1] + 1] == "\n")
    ]
    coded = make_coded(
        {"P1": text}, [("P1", *span) for span in spans], (("late", "Late", ""), ("price", "Price", "late"))
    )
    memos = pd.DataFrame([("P1", *spans[0], "why 🎁?")] if spans else [], columns=[*CODINGS, "text"])
    with tempfile.TemporaryDirectory() as folder:
        written = write_qdpx(coded, Path(folder) / "out.qdpx", study="tiny", memos=memos)
        texts, rows = qualcoder_reads(Path(folder) / "out.qdpx")
    plain = lambda words: words.replace("\r\n", "\n").replace("\r", "\n")  # noqa: E731
    assert texts == {"P1": plain(text)}
    wanted = {
        (code.title(), coder, plain(text[:start]), plain(text[start:end]))
        for start, end, code, coder in spans
        if text[start - 1 : start + 1] != "\r\n"
    }
    found = {(code, coder, texts["P1"][:start], words) for _, code, coder, start, _, words, _ in rows}
    assert wanted <= found and len(rows) == written.codings
    assert [row[-1] for row in rows if row[-1]] == ["why 🎁?"] * bool(spans)


def test_a_text_with_its_line_ends_kept_would_shift_codings_in_qualcoder(tmp_path):
    """What the rule is worth: the same project over CRLF is read one character off from the second line on."""
    write_qdpx(
        make_coded({"P1": "one\ntwo 🎁"}, [("P1", 4, 7, "late", "coder 1")]), tmp_path / "out.qdpx", study="tiny"
    )
    assert [row[5] for row in qualcoder_reads(tmp_path / "out.qdpx")[1]] == ["two"]
    with zipfile.ZipFile(tmp_path / "out.qdpx") as ours, zipfile.ZipFile(tmp_path / "crlf.qdpx", "w") as other:
        for name in ours.namelist():
            other.writestr(name, ours.read(name).replace(b"one\n", b"one\r\n"))
    assert [row[5] for row in qualcoder_reads(tmp_path / "crlf.qdpx")[1]] == [" tw"]


@pytest.mark.shared
def test_the_rule_gives_the_words_of_qualcoders_own_database(tmp_path):
    """The oracle's own check, on a project QualCoder exported and the database it came from.

    Its exporter begins texts with a byte-order mark that its importer keeps, so that each coding would come back one character off;
    without the mark, as we write, the words are those of the database.
    """
    folder = XSD.parent / "qualcoder"
    if not folder.is_dir():
        pytest.skip("the projects of other programs are not part of the project and not on this machine")
    with (
        zipfile.ZipFile(folder / "mealkit_lf.qdpx") as theirs,
        zipfile.ZipFile(tmp_path / "bare.qdpx", "w") as bare,
    ):
        for name in theirs.namelist():
            content = theirs.read(name)
            bare.writestr(name, content if name.endswith(".qde") else content.removeprefix(b"\xef\xbb\xbf"))
    with sqlite3.connect(f"file:{folder / 'mealkit.qda' / 'data.qda'}?mode=ro&immutable=1", uri=True) as connection:
        kept = connection.execute(
            "select name, code_text.owner, seltext from code_text join code_name on code_name.cid = code_text.cid"
        ).fetchall()
    assert sorted(kept) == sorted((row[1], row[2], row[5]) for row in qualcoder_reads(tmp_path / "bare.qdpx")[1])
    assert len(kept) >= 5
    shifted = {row[5] for row in qualcoder_reads(folder / "mealkit_lf.qdpx")[1]}
    assert not shifted & {words for _, _, words in kept}


def test_write_qdpx_crlf_and_mark_are_moved_in_the_open(tmp_path):
    coded = make_coded(
        {"P1": "\ufeffone\r\ntwo\rthree"}, [("P1", 6, 9, "late", "coder 1"), ("P1", 10, 15, "late", "coder 1")]
    )
    written = write_qdpx(coded, tmp_path / "out.qdpx", study="tiny")
    data = read_back(tmp_path / "out.qdpx")
    assert data["transcripts"].at["P1", "text"] == "one\ntwo\nthree"
    assert data["codings"][["start", "end", "quote"]].values.tolist() == [[4, 7, "two"], [8, 13, "three"]]
    assert written.notes == (
        "Line ends of 1 transcript were written as one character each and byte-order marks left out; codings moved with the text.",
    )
    assert written.notes[0] in str(describe_refi_file(written))


def test_write_qdpx_same_input_gives_same_bytes_whatever_the_row_order(coded, tmp_path):
    first = write_qdpx(coded, tmp_path / "a.qdpx", study="tiny")
    turned = replace(coded, codings=coded.codings.iloc[::-1])
    second = write_qdpx(turned, tmp_path / "b.qdpx", study="tiny")
    assert first.sha256 == second.sha256 and (tmp_path / "a.qdpx").read_bytes() == (tmp_path / "b.qdpx").read_bytes()
    assert first.sha256 != write_qdpx(coded, tmp_path / "c.qdpx", study="other").sha256


def test_write_qdpx_guids_are_unique_and_every_reference_has_its_target(coded, tmp_path):
    write_qdpx(
        coded, tmp_path / "out.qdpx", study="tiny", memos=pd.DataFrame({"text": ["a", "a"], "source_id": ["P1", ""]})
    )
    root = root_of(tmp_path / "out.qdpx")
    guids = [element.get("guid") for element in root.iter() if element.get("guid")]
    targets = {
        element.get(key)
        for element in root.iter()
        for key in ("targetGUID", "creatingUser", "creatingUserGUID")
        if element.get(key)
    }
    assert len(guids) == len(set(guids)) and targets <= set(guids)
    with zipfile.ZipFile(tmp_path / "out.qdpx") as archive:
        paths = {
            element.get("plainTextPath").removeprefix("internal://")
            for element in root.iter()
            if element.get("plainTextPath")
        }
        assert {f"sources/{path}" for path in paths} == set(archive.namelist()[1:])


def test_write_qdpx_cases_have_their_source_and_segment(coded, tmp_path):
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny", attributes=["segment", "role"])
    root = root_of(tmp_path / "out.qdpx")
    case = next(case for case in root.iter(f"{NS}Case") if case.get("name") == "P3")
    assert [value.text for value in case.iter(f"{NS}TextValue")] == ["S2", "owner"]
    source = case.find(f"{NS}SourceRef").get("targetGUID")
    assert next(s for s in root.iter(f"{NS}TextSource") if s.get("guid") == source).get("name") == "P3"


def test_write_qdpx_memos_are_notes_with_a_reference_where_they_belong(tmp_path):
    coded = make_coded({"P1": "Late again."}, [("P1", 0, 4, "late", "coder 1")])
    written = write_qdpx(coded, tmp_path / "out.qdpx", study="tiny", memos=MEMOS)
    root = root_of(tmp_path / "out.qdpx")
    texts = {}
    with zipfile.ZipFile(tmp_path / "out.qdpx") as archive:
        for note in root.iter(f"{NS}Note"):
            texts[note.get("guid")] = archive.read(
                f"sources/{note.get('plainTextPath').removeprefix('internal://')}"
            ).decode()
    found = {}
    for reference in root.iter(f"{NS}NoteRef"):
        found.setdefault(etree.QName(reference.getparent()).localname, []).append(texts[reference.get("targetGUID")])
    assert found == {
        "Code": ["on the code"], "PlainTextSelection": ["why?", "on words"], "TextSource": ["on P1"], "Project": ["on all <of> it"]
    }  # fmt: skip
    assert written.memos == 5
    assert read_back(tmp_path / "out.qdpx")["codings"]["quote"].tolist() == ["Late"]


def as_rows(memos):
    """Memos as a set of what they are about and say, missing cells alike."""
    places = memos[["start", "end"]].astype(float).fillna(-1).astype(int)
    words = memos[["source_id", "code_id", "coder", "text"]].fillna("").astype(str)
    return sorted(zip(*(words[name] for name in words), places["start"], places["end"], strict=True))


def test_write_qdpx_memos_are_read_back(tmp_path):
    coded = make_coded({"P1": "Late again."}, [("P1", 0, 4, "late", "coder 1")])
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny", memos=MEMOS)
    found = read_back(tmp_path / "out.qdpx")["memos"]
    assert sorted(found["kind"]) == ["code", "coding", "passage", "project", "source"]
    assert as_rows(found) == as_rows(MEMOS)


@settings(max_examples=40, deadline=None)
@given(interviews(), st.data())
def test_write_qdpx_memos_round_trip_loses_nothing(coded, data):
    said = st.text(st.sampled_from(["a", " ", "\n", "é", "🎁", "<", "&", "א", "."]), min_size=1, max_size=8).filter(
        str.strip
    )
    coder = st.sampled_from(["", "coder 1", "coder 7"])
    rows = [("", None, None, "", data.draw(coder), data.draw(said))]
    for source_id, text in coded.transcripts.items():
        rows.append((source_id, None, None, "", data.draw(coder), data.draw(said)))
        if len(text) and coded.codings["source_id"].eq(source_id).any():
            start = data.draw(st.integers(0, len(text) - 1))
            rows.append(
                (source_id, start, data.draw(st.integers(start + 1, len(text))), "", data.draw(coder), data.draw(said))
            )
    rows += [
        (*row, data.draw(said)) for row in coded.codings[CODINGS].drop_duplicates().itertuples(index=False, name=None)
    ]
    memos = pd.DataFrame(rows, columns=[*CODINGS, "text"]).astype({"start": "float64", "end": "float64"})
    back = round_trip(coded, memos=memos)
    found = back["memos"]
    path = {code: path_of(back["codes"], code) for code in back["codes"].index}
    wanted = {code: path_of(coded.codes, code) for code in coded.codes.index}
    assert as_rows(found.assign(code_id=found["code_id"].map(lambda code: str(path.get(code, ""))))) == as_rows(
        memos.assign(code_id=memos["code_id"].map(lambda code: str(wanted.get(code, ""))))
    )


def test_list_memos_one_on_a_coding_that_is_not_counted_stays_with_its_passage(tmp_path):
    coded = make_coded({"P1": "Late again."}, [("P1", 0, 4, "late", "coder 1")])
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny", memos=MEMOS)
    data = read_back(tmp_path / "out.qdpx")
    without = replace(coded, codings=coded.codings.iloc[:0])
    listed = list_memos(data, without)
    assert as_rows(listed) == as_rows(MEMOS.assign(code_id=["", "", "", "late", ""]))
    assert as_rows(list_memos(data, coded)) == as_rows(MEMOS)
    assert round_trip(without, memos=listed)["memos"]["text"].isin(MEMOS["text"]).all()


def test_write_qdc_codes_have_the_guids_of_the_project(coded, tmp_path):
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny")
    write_qdc(coded.codes, tmp_path / "out.qdc", study="tiny")
    book = etree.fromstring((tmp_path / "out.qdc").read_bytes())
    in_book = {e.get("guid"): e.get("name") for e in book.iter() if e.get("guid")}
    in_project = {e.get("guid"): e.get("name") for e in root_of(tmp_path / "out.qdpx").iter(f"{NS}Code")}
    assert in_book == in_project
    codable = {e.get("name"): e.get("isCodable") for e in book.iter() if e.get("guid")}
    assert codable["Pains"] == "false" and codable["Wasted trips"] == "true" and codable["Unused"] == "true"


def test_write_qdpx_forbidden_characters_are_refused_all_at_once(tmp_path):
    codes = [("late", "la\x00te", ""), ("other", "a\x08", "")]
    coded = make_coded({"P1": "a\x0cb\x0c", "P2": "fi\ud800ne"}, [("P1", 0, 4, "late", "coder \x01")], codes)
    with pytest.raises(DataContractError) as caught:
        write_qdpx(coded, tmp_path / "out.qdpx", study="ti\x1fny", memos=pd.DataFrame({"text": ["\ufffe"]}))
    told = [(violation.file, violation.column) for violation in caught.value.violations]
    assert told == [
        ("study", "name"), ("transcript P1", None), ("transcript P2", None), ("code late", "name"), ("code other", "name"),
        ("code late", "description"), ("code other", "description"), ("coders", "name"), ("memo 1", "text"),
    ]  # fmt: skip
    assert "2 characters that XML cannot hold, at 1 (U+000C) and 3 (U+000C)" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("codes", "codings", "message"),
    [
        ([("a", "", "")], [], r"row a, column 'name': a code without a name"),
        ([("a", "x", "b")], [], r"its parent is not a code; got 'b'"),
        ([("a", "x", "b"), ("b", "y", "a")], [], r"it lies below itself"),
        ([("a", "caf\u00e9", ""), ("b", "cafe\u0301", "")], [], r"two codes of one name in one place"),
        ([("a", "x", "")], [("P1", 3, 3, "a", "c")], r"outside its text; got '3 to 3'; allowed: 0 to 5, not empty"),
        ([("a", "x", "")], [("P1", 0, 9, "a", "c")], r"outside its text; got '0 to 9'"),
        ([("a", "x", "")], [("P9", 0, 1, "a", "c")], r"a text that is not there; got 'P9'. Add the transcript"),
        ([("late", "x", "")], [("P1", 0, 1, "lat", "c")], r"not in the codebook; got 'lat'. Did you mean 'late'"),
        ([("a", "x", "")], [("P1", 0, 1, "a", " ")], r"a coding by nobody"),
    ],
)
def test_write_qdpx_what_the_format_cannot_hold_is_refused(tmp_path, codes, codings, message):
    with pytest.raises(DataContractError, match=message):
        write_qdpx(make_coded({"P1": "hello"}, codings, codes), tmp_path / "out.qdpx", study="tiny")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("memo", "message"),
    [
        ({"text": "m", "source_id": "P9"}, r"memos, row 1, column 'source_id': a text that is not there"),
        ({"text": "m", "source_id": "P1", "start": 0, "end": 99}, r"memos, row 1, .* a passage outside its text"),
        ({"text": "m", "code_id": "none"}, r"memos, row 1, column 'code_id': a code that is not in the codebook"),
        (
            {"text": "m", "source_id": "P1", "start": 0, "end": 2, "code_id": "late"},
            r"a memo on a coding that is not there",
        ),
    ],
)
def test_write_qdpx_memo_on_nothing_is_refused(tmp_path, memo, message):
    coded = make_coded({"P1": "hello"}, [("P1", 0, 2, "late", "coder 1")])
    with pytest.raises(DataContractError, match=message):
        write_qdpx(coded, tmp_path / "out.qdpx", study="tiny", memos=pd.DataFrame([memo]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "out.zip"}, r"must end in \.qdpx; got '.*out\.zip'"),
        ({"study": " "}, "study must be the name of the project"),
        ({"attributes": ["segmnt"]}, r"interviewees have no segmnt. Did you mean 'segment'\?"),
        ({"memos": pd.DataFrame({"txt": ["m"]})}, "memos need a column 'text'; got txt"),
    ],
)
def test_write_qdpx_wrong_options_are_refused(coded, tmp_path, options, message):
    given_options = {"study": "tiny", **options}
    path = tmp_path / given_options.pop("path", "out.qdpx")
    with pytest.raises(ParameterError, match=message):
        write_qdpx(coded, path, **given_options)


def test_write_qdpx_without_interviews_is_refused(nobody, tmp_path):
    with pytest.raises(ParameterError, match="there are no interviews to write"):
        write_qdpx(nobody, tmp_path / "out.qdpx", study="tiny")


def test_write_qdc_colours_and_emptiness_are_refused(coded, tmp_path):
    with pytest.raises(
        DataContractError,
        match=r"not a colour; got 'red'; allowed: #RRGGBB[\s\S]*is not there; got 'trip'. Did you mean 'trips'",
    ):
        write_qdc(coded.codes, tmp_path / "out.qdc", study="tiny", colours={"trips": "red", "trip": "#fff"})
    with pytest.raises(DataContractError, match="a codebook needs at least one code"):
        write_qdc(coded.codes.iloc[:0], tmp_path / "out.qdc", study="tiny")


def test_write_qdpx_failing_leaves_the_old_file(coded, tmp_path):
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny")
    before = (tmp_path / "out.qdpx").read_bytes()
    with pytest.raises(DataContractError):
        write_qdpx(coded, tmp_path / "out.qdpx", study="t\x00")
    assert (tmp_path / "out.qdpx").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_write_qdpx_names_that_differ_only_in_place_are_told(tmp_path):
    codes = [("a", "Time", ""), ("b", "Price", "a"), ("c", "price", "")]
    coded = make_coded({"P1": "hello"}, [("P1", 0, 5, "b", "coder 1"), ("P1", 0, 5, "b", "coder 1")], codes)
    written = write_qdpx(coded, tmp_path / "out.qdpx", study="tiny")
    assert written.notes[0] == "1 coding stood twice and is written once."
    assert "Several codes are called “price”" in written.notes[1]


def test_write_qdpx_changes_no_input(coded, tmp_path):
    kept = [table.copy() for table in (coded.codes, coded.codings, coded.people)]
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny")
    for before, after in zip(kept, (coded.codes, coded.codings, coded.people), strict=True):
        pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (RefiFile(Path("a.qdc"), "", codes=2), "a.qdc holds 2 codes."),
        (RefiFile(Path("a.qdpx"), "", 1, 0, 0), "a.qdpx holds 1 transcript."),
        (
            RefiFile(Path("a.qdpx"), "", 2, 3, 1, 1, ("coder 1",)),
            "a.qdpx holds 2 transcripts, 3 codes, 1 coding and 1 memo by coder 1.",
        ),
    ],
)
def test_describe_refi_file_is_true_for_one_and_many(written, words):
    assert str(describe_refi_file(written)) == words


def test_write_qdpx_external_attributes_need_no_unpacking_rights(coded, tmp_path):
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "out.qdpx").read_bytes())) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None


def test_write_qdpx_colours_come_back_and_are_written_again(tmp_path):
    """Read into the codebook, kept there, and written by both writers without being told."""
    codes = [("time", "Time", ""), ("late", "Late", "time"), ("price", "Price", "")]
    coded = make_coded({"P1": "I: So?\nP1: Late again."}, [("P1", 11, 15, "late", "coder 1")], codes)
    write_qdpx(coded, tmp_path / "out.qdpx", study="tiny", colours={"time": "#0f0", "late": "#0a6ebd"})
    data = read_back(tmp_path / "out.qdpx")
    assert data["codes"]["colour"].to_dict() == {"time": "#00FF00", "late": "#0A6EBD", "price": ""}
    again = build_coded_interviews(data)
    for path, written in {
        "again.qdpx": write_qdpx(again, tmp_path / "again.qdpx", study="tiny", attributes=()),
        "book.qdc": write_qdc(data["codes"], tmp_path / "book.qdc", study="tiny"),
    }.items():
        assert written.codes == 3
        assert read_back(tmp_path / path)["codes"]["colour"].to_dict() == data["codes"]["colour"].to_dict()
    write_qdc(data["codes"], tmp_path / "grey.qdc", study="tiny", colours={})
    assert "colour" not in read_back(tmp_path / "grey.qdc")["codes"]


def test_read_colours_that_are_none_are_left_out(tmp_path):
    write_qdc(make_coded({}, []).codes, tmp_path / "out.qdc", study="tiny", colours={"late": "#123456"})
    book = (tmp_path / "out.qdc").read_bytes().replace(b"#123456", b"url(http://example.org)")
    (tmp_path / "out.qdc").write_bytes(book)
    assert "colour" not in read_back(tmp_path / "out.qdc")["codes"]
