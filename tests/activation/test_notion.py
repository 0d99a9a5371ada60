"""Personas for Notion: harmless cells, the same bytes for the same content, no record twice over quarters."""

from __future__ import annotations

import csv
import io
import zipfile

import pandas as pd
import pytest

from segmentation.activation.notion import COLUMNS, notion_pages, notion_rows, write_notion
from segmentation.period import Period
from segmentation.personas import Findings, Persona, PersonaHistory, check_personas
from segmentation.study import load_study
from segmentation.workspace import Workspace

from ..line.tiny import write_tiny_study


@pytest.fixture
def checked():
    dana = Persona(
        persona_id="s1-dana",
        name="Dispatcher Dana",
        segment="S1",
        role="user",
        pains=['=HYPERLINK("x")', "Waits *long*"],
    )
    old = Persona(persona_id="s1-old", name="Old Olga", segment="S1", status="retired")
    return check_personas((dana, old), Findings())


def history(checked, *periods: str) -> PersonaHistory:
    claims = pd.concat([checked.claims.assign(period=period) for period in periods])
    return PersonaHistory(claims, before=periods[0] if len(periods) > 1 else "")


def workspace(tmp_path, quarter: str) -> Workspace:
    study = load_study(write_tiny_study(tmp_path / "tiny") if not (tmp_path / "tiny").exists() else tmp_path / "tiny")
    return Workspace(study, Period.parse(quarter), "04_personas", tmp_path / f"run-{quarter}")


def test_notion_rows_are_harmless_and_leave_the_retired_out(checked):
    (row,) = notion_rows(checked, "2026Q3")
    assert list(row) == list(COLUMNS)
    assert row["First pain"] == '\'=HYPERLINK("x")'
    assert (row["Record"], row["Supersedes"], row["Role"], row["Assumptions"]) == ("s1-dana 2026Q3", "", "user", "2")


def test_notion_records_tell_pages_imported_twice_and_those_superseded(checked):
    """What Notion holds after importing two quarters, the second twice: equal Records, and one that nothing supersedes."""
    first = notion_rows(checked, "2026Q2", history(checked, "2026Q2"))
    second = notion_rows(checked, "2026Q3", history(checked, "2026Q2", "2026Q3"))
    pages = [*first, *second, *second]
    records = {row["Record"]: row for row in pages}
    assert set(records) == {"s1-dana 2026Q2", "s1-dana 2026Q3"}
    superseded = {row["Supersedes"] for row in records.values()} - {""}
    assert set(records) - superseded == {"s1-dana 2026Q3"}


def test_notion_reckoned_history_supersedes_nothing(checked):
    past = history(checked, "2026Q2", "2026Q3")
    reckoned = PersonaHistory(past.claims, before=past.before, reckoned=True)
    assert notion_rows(checked, "2026Q3", reckoned)[0]["Supersedes"] == ""


def test_notion_pages_have_stable_names_and_show_markup_as_text(checked):
    ((name, text),) = notion_pages(checked, "2026Q3").items()
    assert notion_pages(checked, "2026Q3").keys() == {name}
    stem, _, number = name.removesuffix(".md").rpartition(" ")
    assert stem == "Dispatcher Dana" and len(number) == 32 and int(number, 16)
    assert name not in notion_pages(checked, "2026Q4")
    assert "Waits \\*long\\*" in text and "## Pains" in text and text.startswith("# Dispatcher Dana\n\nRecord: ")


def test_write_notion_gives_the_same_bytes_and_holds_what_the_csv_holds(checked, tmp_path):
    written = []
    for _ in range(2):
        run = workspace(tmp_path, "2026Q3")
        files = write_notion(run, checked)
        written.append([(run.results / "exports" / name).read_bytes() for name in files])
    assert files == ["notion/personas-2026Q3.csv", "notion/personas-2026Q3-pages.zip"]
    assert written[0] == written[1]
    with zipfile.ZipFile(io.BytesIO(written[0][1])) as book:
        names = book.namelist()
        table = next(name for name in names if name.endswith(".csv"))
        assert book.read(table) == written[0][0]
        assert sum(name.endswith(".md") for name in names) == 1 and "How to import.txt" in names
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    rows = list(csv.DictReader(io.StringIO(written[0][0].decode())))
    assert [row["persona_id"] for row in rows] == ["s1-dana"]


def test_write_notion_without_personas_writes_nothing(tmp_path):
    assert write_notion(workspace(tmp_path, "2026Q3"), check_personas((), Findings())) == []
