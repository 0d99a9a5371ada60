"""Hostile and damaged files: entities, bombs, escapes, cut and flipped bytes."""

from __future__ import annotations

import io
import random
import zipfile

import docx
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentation.errors import DataContractError
from segmentation.sources import read_sources

HEAD = '<?xml version="1.0"?>'
PAYLOADS = {
    "external entity": f'{HEAD}<!DOCTYPE Project [<!ENTITY x SYSTEM "file:///etc/hostname">]><Project>&x;</Project>',
    "external dtd": f'{HEAD}<!DOCTYPE Project SYSTEM "http://127.0.0.1:9/x.dtd"><Project/>',
    "parameter entity": f'{HEAD}<!DOCTYPE Project [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><Project/>',
    "billion laughs": HEAD
    + '<!DOCTYPE Project [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><Project>&j;</Project>",
    "quadratic": f'{HEAD}<!DOCTYPE Project [<!ENTITY a "{"x" * 50_000}">]><Project>{"&a;" * 1000}</Project>',
    "plain doctype": f"{HEAD}<!DOCTYPE Project><Project/>",
}


def archive_of(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def with_member(original, name, content):
    with zipfile.ZipFile(io.BytesIO(original)) as archive:
        kept = [(member, archive.read(member)) for member in archive.namelist() if member != name]
    return archive_of([*kept, (name, content)])


def refuse(make_study, format, path, message):
    with pytest.raises(DataContractError, match=message):
        read_sources(make_study({"s": {"format": format, "path": path}}), "2026Q3")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_read_sources_entities_are_refused_everywhere(tmp_path, make_study, payload):
    words = "declares a document type or entities, which are refused"
    (tmp_path / "a.qdc").write_text(PAYLOADS[payload])
    refuse(make_study, "refi-qda", "a.qdc", words)
    (tmp_path / "a.qdpx").write_bytes(archive_of([("project.qde", PAYLOADS[payload])]))
    refuse(make_study, "refi-qda", "a.qdpx", words)
    stream = io.BytesIO()
    docx.Document().save(stream)
    (tmp_path / "a.docx").write_bytes(with_member(stream.getvalue(), "word/document.xml", PAYLOADS[payload]))
    refuse(make_study, "transcripts", "a.docx", words)
    stream = io.BytesIO()
    openpyxl.Workbook().save(stream)
    for encoding in ("utf-8", "utf-16-le"):
        (tmp_path / "a.xlsx").write_bytes(
            with_member(stream.getvalue(), "xl/workbook.xml", PAYLOADS[payload].encode(encoding))
        )
        refuse(make_study, "table", "a.xlsx", words)


@pytest.mark.parametrize(
    "name", ["../evil.qde", "/etc/evil.qde", "a/../../evil", "C:evil", "..\\evil", "\\\\host\\evil"]
)
def test_read_sources_archive_member_that_escapes_is_refused(tmp_path, make_study, name):
    (tmp_path / "a.qdpx").write_bytes(archive_of([("project.qde", "<Project/>"), (name, "x")]))
    refuse(make_study, "refi-qda", "a.qdpx", "a member of the archive leaves it")
    assert not list(tmp_path.parent.glob("evil*"))


@pytest.mark.parametrize(("format", "ending"), [("refi-qda", "qdpx"), ("table", "xlsx"), ("transcripts", "docx")])
def test_read_sources_zip_bombs_are_refused_before_unpacking(tmp_path, make_study, format, ending):
    (tmp_path / f"a.{ending}").write_bytes(archive_of([("project.qde", b"<Project>" + b" " * 3_000_000)]))
    refuse(make_study, format, f"a.{ending}", "unpacks to more than 200 times its size")
    (tmp_path / f"a.{ending}").write_bytes(archive_of([(f"m{n}", b"") for n in range(10_001)]))
    refuse(make_study, format, f"a.{ending}", "more than 10,000 members")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_read_sources_archive_with_doubled_member_is_refused(tmp_path, make_study):
    (tmp_path / "a.qdpx").write_bytes(archive_of([("project.qde", "<Project/>"), ("PROJECT.QDE", "<Project/>")]))
    refuse(make_study, "refi-qda", "a.qdpx", "a member of the archive stands twice")


def test_read_sources_archive_that_lies_about_sizes_is_refused(tmp_path, make_study):
    whole = bytearray(archive_of([("project.qde", "<Project>" + "abcdefgh" * 40 + "</Project>")]))
    entry = whole.index(b"PK\x01\x02")
    whole[entry + 24 : entry + 28] = (50).to_bytes(4, "little")  # unpacked size in the directory
    (tmp_path / "a.qdpx").write_bytes(bytes(whole))
    refuse(make_study, "refi-qda", "a.qdpx", "not as long as it says|damaged")


def test_read_sources_deeply_nested_json_is_refused(tmp_path, make_study):
    (tmp_path / "a.jsonl").write_text('{"a":' * 100_000 + "1" + "}" * 100_000 + "\n{}\n")
    refuse(make_study, "segment.tracks", "a.jsonl", "not JSON")


@pytest.fixture
def checksummed(tmp_path):
    table = pa.table(
        {
            "company_id": [f"c{n}" for n in range(400)],
            "amount": [n * 1.25 for n in range(400)],
            "word": [f"word {n % 7}" for n in range(400)],
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, write_page_checksum=True, store_schema=False, compression="snappy")
    return path


def test_read_sources_truncated_parquet_always_is_refused(checksummed, make_study):
    whole = checksummed.read_bytes()
    study = make_study({"t": {"format": "table", "path": "t.parquet"}})
    for size in (*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1):
        checksummed.write_bytes(whole[:size])
        with pytest.raises(DataContractError, match=r"not a whole Parquet file|the file is empty"):
            read_sources(study, "2026Q3")


def test_read_sources_flipped_bit_in_a_parquet_page_is_never_silent(checksummed, make_study):
    whole = checksummed.read_bytes()
    study = make_study({"t": {"format": "table", "path": "t.parquet"}})
    expected = read_sources(study, "2026Q3")["t"]
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    chance = random.Random(1)
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        damaged[chance.randrange(4, footer)] ^= 1 << chance.randrange(8)
        checksummed.write_bytes(bytes(damaged))
        try:
            found = read_sources(study, "2026Q3")["t"]
        except DataContractError:
            refused += 1
            continue
        pd.testing.assert_frame_equal(found, expected)  # a bit that no value depends on
    assert refused > 120
