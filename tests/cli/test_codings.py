"""`segmentation codings`: the study's codings as a file that other programs open."""

from __future__ import annotations

import shutil
import zipfile

import pytest
import yaml
from lxml import etree

from segmentation.sources import read_sources
from segmentation.study import load_study

from .conftest import PROJECT

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
    sizes = f"24 transcripts, {len(before['codes'])} codes and {len(before['codings'])} codings by coder_1 and coder_2."
    assert answer.out == f"wrote out/talks.qdpx\ntalks.qdpx holds {sizes}\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["talks.qdpx"]
    content = yaml.safe_load((coded_study / "study.yaml").read_text())
    content["sources"] = {"codings": {"format": "refi-qda", "path": "talks.qdpx"}}
    (tmp_path / "out/study.yaml").write_text(yaml.safe_dump(content))
    after = read_sources(load_study(tmp_path / "out"), "2026Q3")
    places = ["source_id", "start", "end", "code_id", "coder", "quote"]
    assert set(map(tuple, after["codings"][places].values)) == set(map(tuple, before["codings"][places].values))
    assert any("as this program writes" in note for note in after.accounts[0].notes)


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
