"""Transcripts, codings and the project file say the same words at the same places."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from segmentation.errors import DataContractError
from segmentation.synthetic.coding import binary_alpha, read_codebook
from segmentation.synthetic.interviews import read_interviews

Q = "{urn:QDA-XML:project:1.0}"
XSD = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qda" / "xsd" / "Project.xsd"


def _project(folder: Path) -> tuple[etree._Element, zipfile.ZipFile]:
    archive = zipfile.ZipFile(io.BytesIO((folder / "interviews/coding.qdpx").read_bytes()))
    return etree.fromstring(archive.read("project.qde")), archive


def test_interviews_are_26_with_several_codes_each():
    interviews = read_interviews()
    assert list(interviews) == [f"P{number:02d}" for number in range(1, 27)]
    known = set(read_codebook().index)
    for interview in interviews.values():
        spans = [span for turn in interview.turns for span in turn.spans]
        assert {span.code for span in spans} <= known and len({span.code for span in spans}) >= 4
        assert not [turn for turn in interview.turns if turn.speaker == "I" and turn.spans]


def test_interviews_begin_each_in_its_own_way():
    openings = [" ".join(interview.turns[0].text.split()[:4]).lower() for interview in read_interviews().values()]
    assert len(set(openings)) == 26


def test_read_interviews_broken_mark_names_file_and_place(tmp_path):
    (tmp_path / "P01.txt").write_text(
        "id: P01\ndate: 2026-05-01\nminutes: 30\n---\nI: Well?\nP: It {late_payment|never ends\n"
    )
    with pytest.raises(DataContractError, match=r"P01.txt, row 1: broken coding mark"):
        read_interviews(tmp_path)


def test_binary_alpha_published_example():
    first, second = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 0]), np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
    assert binary_alpha(first, second) == pytest.approx(0.0952, abs=5e-5)
    assert np.isnan(binary_alpha(np.zeros(4, int), np.zeros(4, int)))


@pytest.mark.shared
def test_project_validates_against_the_schema(committed):
    if not XSD.exists():
        pytest.skip("the REFI-QDA schema is not here")
    etree.XMLSchema(etree.parse(str(XSD))).assertValid(_project(committed)[0])


def test_project_offsets_point_at_the_words_kept_beside_them(committed):
    project, archive = _project(committed)
    assert sorted(archive.namelist())[0] == "project.qde" and len(archive.namelist()) == 27
    seen = 0
    for source in project.iter(f"{Q}TextSource"):
        name = source.get("plainTextPath").replace("internal://", "sources/")
        text = archive.read(name).decode("utf-8")
        assert "\r" not in text and not text.startswith("\ufeff")
        for selection in source.iter(f"{Q}PlainTextSelection"):
            assert text[int(selection.get("startPosition")) : int(selection.get("endPosition"))] == selection.get(
                "name"
            )
            seen += 1
    assert seen > 300 and len({user.get("guid") for user in project.iter(f"{Q}User")}) == 2


def test_project_keeps_the_planted_segments_to_itself(committed):
    project, _ = _project(committed)
    assert sorted(variable.get("name") for variable in project.iter(f"{Q}Variable")) == ["company_id", "role"]


def test_archives_carry_no_clock(committed):
    for path in [committed / "interviews/coding.qdpx", *sorted((committed / "interviews").glob("*.docx"))]:
        assert {entry.date_time for entry in zipfile.ZipFile(path).infolist()} == {(2026, 7, 1, 9, 0, 0)}


def test_word_transcript_says_what_was_written(committed):
    from docx import Document

    written = read_interviews()["P01"]
    paragraphs = [paragraph.text for paragraph in Document(str(committed / "interviews/P01.docx")).paragraphs]
    assert paragraphs == written.lines()


def test_caption_transcript_says_what_was_written(committed):
    import webvtt

    written = read_interviews()["P02"]
    captions = webvtt.read(str(committed / "interviews/P02.vtt"))
    said = " ".join(caption.text for caption in captions)
    assert said == " ".join(turn.text for turn in written.turns)
    assert {caption.voice for caption in captions} == {"Interviewer", "P02"}


def test_agreement_is_near_its_target_for_every_code(truth):
    assert len(truth["agreement"]) == 14
    for row in truth["agreement"]:
        assert row["alpha_realised"] == pytest.approx(row["alpha_target"], abs=0.035)
        assert 0.45 <= row["alpha_target"] <= 0.95
