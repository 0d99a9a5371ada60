"""`segmentation codings`: the study's codings as a file that other programs open."""

from __future__ import annotations

import shutil
import zipfile

import pandas as pd
import pytest
import yaml
from lxml import etree

from segmentation.qualitative import build_coded_interviews
from segmentation.qualitative.refi_write import write_qdpx
from segmentation.sources import read_sources
from segmentation.study import load_study

from .conftest import PROJECT

XSD = PROJECT.parent / "shared" / "data" / "qda" / "xsd"
SAMPLE = PROJECT / "data" / "sample" / "fieldnote"
FILLER = [
    {"name": f"f{n}", "from": "codings", "kind": "behavioural", "role": "base", "measure": "events"} for n in (1, 2)
]


@pytest.fixture
def coded_study(tmp_path, monkeypatch):
    """The sample's interviews and nothing else of it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SAMPLE / "interviews", tmp_path / "talks/interviews")
    sources = yaml.safe_load((SAMPLE / "study.yaml").read_text("utf-8"))["sources"]
    content = {
        "study": "talks", "unit": "company_id",
        "sources": {name: sources[name] for name in ("transcripts", "codings", "interviewees")},
        "variables": FILLER, "segmentations": {"all": {"base": ["f1", "f2"]}},
    }  # fmt: skip
    (tmp_path / "talks/study.yaml").write_text(yaml.safe_dump(content))
    return tmp_path / "talks"


def test_codings_project_reads_back_with_every_coding_at_its_place(command, coded_study, tmp_path):
    answer = command("codings", "talks", "--out", "out/talks.qdpx")
    assert answer.code == 0 and not answer.err
    before = read_sources(load_study(coded_study), "2026Q3")
    texts, codes, codings = (len(before[name]) for name in ("transcripts", "codes", "codings"))
    sizes = f"{texts} transcripts, {codes} codes and {codings} codings by coder_1 and coder_2."
    assert answer.out == f"wrote out/talks.qdpx\ntalks.qdpx holds {sizes}\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["talks.qdpx"]
    content = yaml.safe_load((coded_study / "study.yaml").read_text())
    content["sources"] = {"codings": {"format": "refi-qda", "path": "talks.qdpx"}}
    (tmp_path / "out/study.yaml").write_text(yaml.safe_dump(content))
    after = read_sources(load_study(tmp_path / "out"), "2026Q3")
    places = ["source_id", "start", "end", "code_id", "coder", "quote"]
    assert set(map(tuple, after["codings"][places].values)) == set(map(tuple, before["codings"][places].values))
    assert any("as this program writes" in note for note in after.accounts[0].notes)


def test_codings_project_passes_memos_on(command, coded_study, tmp_path):
    before = read_sources(load_study(coded_study), "2026Q3")
    coded = build_coded_interviews(before)
    keys = ["source_id", "start", "end", "code_id", "coder"]
    first = coded.codings[keys].iloc[0].to_dict() | {"text": "was that about the van?"}
    given = pd.DataFrame(
        [
            first,
            {"source_id": "P01", "text": "spoke in a lorry"},
            {"code_id": "late_payment", "text": "only money owed"},
        ]
    )
    write_qdpx(coded, coded_study / "interviews/coding.qdpx", study="talks", memos=given)
    answer = command("codings", "talks", "--out", "out/talks.qdpx")
    assert answer.code == 0 and " and 3 memos by coder_1" in answer.out
    content = yaml.safe_load((coded_study / "study.yaml").read_text())
    content["sources"] = {"codings": {"format": "refi-qda", "path": "talks.qdpx"}}
    (tmp_path / "out/study.yaml").write_text(yaml.safe_dump(content))
    memos = read_sources(load_study(tmp_path / "out"), "2026Q3")["memos"].set_index("kind")
    assert memos["text"].to_dict() == {"coding": given["text"][0], "source": given["text"][1], "code": given["text"][2]}
    assert memos.loc["coding", keys].to_dict() == {key: first[key] for key in keys}


@pytest.mark.shared
@pytest.mark.parametrize(("out", "schema"), [("a.qdpx", "Project.xsd"), ("a.qdc", "Codebook.xsd")])
def test_codings_files_are_valid_by_the_schema(command, coded_study, tmp_path, out, schema):
    if not XSD.is_dir():
        pytest.skip("the REFI-QDA schemas are not here")
    command("codings", "talks", "--out", out)
    content = (tmp_path / out).read_bytes()
    if out.endswith("qdpx"):
        with zipfile.ZipFile(tmp_path / out) as archive:
            content = archive.read("project.qde")
    etree.XMLSchema(etree.parse(str(XSD / schema))).assertValid(etree.fromstring(content))


def test_codings_codebook_alone(command, coded_study, tmp_path):
    assert command("codings", "talks", "--out", "book.qdc").code == 0
    codes = etree.parse(str(tmp_path / "book.qdc")).getroot().iter("{urn:QDA-XML:codebook:1.0}Code")
    assert {code.get("name") for code in codes} == set(read_sources(load_study(coded_study), "2026Q3")["codes"]["name"])


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("talks.csv", "--out must end in .qdpx (project) or .qdc (codebook); got 'talks.csv'"),
        ("talks/interviews/coding.qdpx", "is a source of the study and is not written over"),
        ("talks/study.yaml/a.qdpx", "cannot write talks/study.yaml/a.qdpx"),
    ],
)
def test_codings_wrong_place_is_refused_and_nothing_written(command, coded_study, out, words):
    before = {path: path.read_bytes() for path in coded_study.rglob("*") if path.is_file()}
    answer = command("codings", "talks", "--out", out)
    assert answer.code == 2 and words in answer.err and "Traceback" not in answer.err
    assert {path: path.read_bytes() for path in coded_study.rglob("*") if path.is_file()} == before


def test_codings_everything_wrong_is_listed_and_the_old_file_stays(command, coded_study, tmp_path):
    (tmp_path / "talks.qdpx").write_bytes(b"old")
    (coded_study / "interviews/P03.docx").write_bytes(b"no word file")
    (coded_study / "interviews/P05.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nnobody speaks\n")
    answer = command("codings", "talks", "--out", "talks.qdpx")
    assert answer.code == 2
    assert "interviews/P03.docx: not a whole zip archive" in answer.err
    assert "interviews/P05.vtt: no recognisable speakers" in answer.err
    assert (tmp_path / "talks.qdpx").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2


def test_check_lists_interviews_beside_what_is_wrong_elsewhere(command, coded_study):
    """A source that cannot be read does not hide who is missing among the interviews."""
    content = yaml.safe_load((coded_study / "study.yaml").read_text())
    content["sources"]["companies"] = {"format": "table", "path": "firms.csv"}
    (coded_study / "firms.csv").write_text("company_id,industry\n1,plumbing,and more\n")
    (coded_study / "study.yaml").write_text(yaml.safe_dump(content))
    people = coded_study / "interviews/interviewees.csv"
    people.write_text(
        "".join(line for line in people.read_text().splitlines(keepends=True) if not line.startswith("P03"))
    )
    answer = command("check", "talks", "--period", "2026Q3")
    assert answer.code == 2
    assert "firms.csv, row 2: 3 fields where the header has 2" in answer.err
    assert "transcript of nobody in the table of interviewees; got 'P03'" in answer.err


def test_codings_study_without_interviews_says_so(command, study):
    for out in ("a.qdpx", "a.qdc"):
        answer = command("codings", study, "--out", out)
        assert answer.code == 2 and "to write; its sources name no codings" in answer.err


def test_codings_answers_of_the_program_are_one_zip(command, coded_study, tmp_path):
    command("codings", "talks", "--out", "a.qdpx")
    command("codings", "talks", "--out", "b.qdpx")
    assert (tmp_path / "a.qdpx").read_bytes() == (tmp_path / "b.qdpx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.qdpx") as archive:
        assert archive.testzip() is None and "project.qde" in archive.namelist()
