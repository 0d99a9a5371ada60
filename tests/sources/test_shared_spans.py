"""Every span of the real files of other programs is at its place: the words the program itself kept stand there."""

from __future__ import annotations

import csv
import re
import sqlite3
import unicodedata
import zipfile
from collections import Counter

import pytest
from lxml import etree

from segmentation.errors import DataContractError
from segmentation.sources import read_sources

pytestmark = pytest.mark.shared
Q = "{urn:QDA-XML:project:1.0}"


def kept_in_project(path):
    """Source, quote and code of every coding, read here with nothing but an XML parser."""
    root = etree.fromstring(zipfile.ZipFile(path).read("project.qde"))
    codes = {code.get("guid"): code.get("name") for code in root.iter(f"{Q}Code")}
    return Counter(
        (source.get("name"), selection.get("name"), codes[ref.get("targetGUID")])
        for source in root.iter(f"{Q}TextSource")
        for selection in source.iter(f"{Q}PlainTextSelection")
        for ref in selection.iter(f"{Q}CodeRef")
    )


def kept_in_database(path):
    rows = "select s.name, t.seltext, c.name from code_text t join source s on s.id = t.fid join code_name c on c.cid = t.cid"
    with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as database:
        found = Counter(database.execute(rows).fetchall())
    database.close()
    return found


def kept_in_highlights(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return Counter((row["document"], row["content"], row["tag"]) for row in csv.DictReader(stream))


FILES = {
    "qualcoder/mealkit_lf.qdpx": ("refi-qda", kept_in_project),
    "qualcoder/mealkit_maxqda.qdpx": ("refi-qda", kept_in_project),
    "qualcoder/mealkit.qda/data.qda": ("qualcoder", kept_in_database),
    "taguette/project.sqlite3": ("taguette", lambda path: kept_in_highlights(path.parent / "highlights.csv")),
    "taguette/highlights.csv": ("taguette", kept_in_highlights),
    "taguette/highlights.xlsx": ("taguette", lambda path: kept_in_highlights(path.parent / "highlights.csv")),
}


@pytest.mark.parametrize("file", FILES)
def test_read_sources_every_span_of_a_real_file_is_at_its_place(shared, make_study, file):
    format, kept = FILES[file]
    path = shared / "qda" / file
    sources = {"codings": {"format": format, "path": str(path)}}
    if path.suffix in (".csv", ".xlsx"):
        sources["texts"] = {"format": "transcripts", "path": str(shared / "qda/taguette/*.txt")}
    data = read_sources(make_study(sources), "2026Q3")
    texts, names = data["transcripts"]["text"], data["codes"]["name"]
    placed = Counter(
        (row.source_id, " ".join(texts[row.source_id][row.start : row.end].split()), names[row.code_id])
        for row in data["codings"].itertuples()
    )
    expected = Counter(
        {
            (re.sub(r"\.(txt|docx)$", "", source), " ".join(words.split()), code): n
            for (source, words, code), n in kept(path).items()
        }
    )
    assert placed == expected and sum(placed.values()) == len(data["codings"]) >= 8
    assert all(texts[row.source_id][row.start : row.end] == row.quote for row in data["codings"].itertuples())


def test_read_sources_project_packed_without_its_texts_names_every_one(shared, make_study):
    """Made by ATLAS.ti and shared without texts: nothing can be placed, and nothing is guessed."""
    path = shared / "qda/skyloom_TestProject.qdpx"
    with pytest.raises(DataContractError) as caught:
        read_sources(make_study({"c": {"format": "refi-qda", "path": str(path)}}), "2026Q3")
    with zipfile.ZipFile(path) as archive:
        (qde,) = (name for name in archive.namelist() if name.lower().endswith(".qde"))
        texts = [
            unicodedata.normalize("NFC", s.get("name"))
            for s in etree.fromstring(archive.read(qde)).iter(f"{Q}TextSource")
        ]
    messages = " ".join(map(str, caught.value.violations))
    assert texts and all(repr(name) in messages for name in texts)
