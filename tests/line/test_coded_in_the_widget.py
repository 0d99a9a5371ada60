"""What is coded in the widget reaches the line: the same codings give the same agreement and themes, and new ones change them."""

from __future__ import annotations

import html
import json
import shutil
from collections import defaultdict
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from segmentation.coding import CodingSession, start_codings
from segmentation.errors import DataContractError
from segmentation.qualitative import (
    build_coded_interviews,
    build_quote_bank,
    build_redactor,
    code_presence,
    compare_themes,
    measure_agreement,
)
from segmentation.reporting.wiki import render_personas
from segmentation.sources import read_sources
from segmentation.study import load_study

from ..conftest import PERIOD, PROJECT, STUDY

SOURCES = ("transcripts", "codings", "interviewees")
FOLDER = "codings: {path: [CODINGS/codebook.csv, CODINGS/*/*.csv], format: segmentation.codings}"
MEASURES = {"draws": 100, "random_state": 1}


def read_study(study: Path, segments: pd.DataFrame):
    data = read_sources(load_study(study), PERIOD, only=SOURCES)
    return data, build_coded_interviews(data, segments)


@pytest.fixture(scope="module")
def segments() -> pd.DataFrame:
    planted = pd.read_parquet(PROJECT / STUDY / "truth/segments.parquet")
    return pd.DataFrame({"segment": planted.iloc[:, 0].astype(str)}).set_axis(planted.index.astype(str))


@pytest.fixture(scope="module")
def given(segments):
    return read_study(PROJECT / STUDY, segments)


@pytest.fixture
def study(tmp_path, given) -> Path:
    """The sample with the widget's folder, begun from the sample's project file, as its codings."""
    source = PROJECT / STUDY
    for name in source.iterdir():
        if name.name != "study.yaml":
            (tmp_path / name.name).symlink_to(name)
    text = (source / "study.yaml").read_text()
    line = next(line for line in text.splitlines() if line.strip().startswith("codings:"))
    (tmp_path / "study.yaml").write_text(text.replace(line.strip(), FOLDER.replace("CODINGS", "coded")))
    start_codings(given[1], tmp_path / "coded")
    return tmp_path


def test_codings_kept_by_the_widget_give_the_line_the_same_tables(study, segments, given):
    data, coded = read_study(study, segments)
    before, given = given
    keys = ["source_id", "start", "end", "code_id", "coder"]
    pd.testing.assert_frame_equal(
        data["codings"].sort_values(keys, ignore_index=True), before["codings"].sort_values(keys, ignore_index=True)
    )
    pd.testing.assert_frame_equal(coded.marks, given.marks)
    assert measure_agreement(coded, **MEASURES).table["alpha"].between(0.5, 1).mean() > 0.5
    pd.testing.assert_frame_equal(
        compare_themes(coded, random_state=1).table, compare_themes(given, random_state=1).table
    )


def test_what_is_coded_and_resolved_in_the_widget_changes_themes_but_not_agreement(study, segments, given):
    before = given[1]
    session = CodingSession(before, study / "coded", "coder_1", today=lambda: date(2026, 11, 22))
    place = next(
        place
        for place, _, _ in session.disagreements("coder_2")
        if place.kind == "mine" and place.code == "last_minute_changes"
    )
    session.resolve(place.key, "coder_2", "drop", "one morning, no pattern")
    _, after = read_study(study, segments)
    for table in ("marks", "codings"):  # what agreement is measured on
        pd.testing.assert_frame_equal(getattr(before, table), getattr(after, table))
    assert after.resolved == 1
    lost = set(map(tuple, before.counted.to_numpy())) - set(map(tuple, after.counted.to_numpy()))
    assert {row[3] for row in lost} == {"last_minute_changes"} and {row[0] for row in lost} == {"P01"}

    code = session.add_code("Board and magnets", "Plans on a board beside the software.", "needs")
    for other in ("coder_1", "coder_2"):
        session = CodingSession(before, study / "coded", other)
        start = session.text.index("I've the big board behind me")
        session.add(start, start + 28, code)
    _, after = read_study(study, segments)
    assert code_presence(after)[code].sum() == 1 and code_presence(after).at["P01", code]
    assert compare_themes(after, random_state=1).table["code"].eq(code).any()
    assert measure_agreement(after, **MEASURES).table["code"].eq(code).any()
    bank = build_quote_bank(after, build_redactor([]), min_words=3).table
    assert bank.loc[bank["code_id"] == code, "text"].tolist() == ["I've the big board behind me"]


def test_a_transcript_edited_after_coding_stops_the_line_with_file_and_line(study, segments):
    file = study / "coded/coder_1/P01.csv"
    rows = file.read_text().splitlines()
    start, end, rest = rows[1].split(",", 2)
    file.write_text("\n".join([rows[0], f"{int(start) + 3},{int(end) + 3},{rest}", *rows[2:]]) + "\n")
    with pytest.raises(DataContractError) as found:
        read_study(study, segments)
    words = str(found.value)
    assert "1 problem in the input" in words and "coded/coder_1/P01.csv, row 2" in words
    assert f"These words stand at {start} to {end} now" in words


def run_cells(name: str, **given: str) -> dict[str, object]:
    """The code of a notebook, run in this process on another study and run folder."""
    space: dict[str, object] = {}
    for cell in json.loads((PROJECT / "notebooks" / f"{name}.ipynb").read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)
            if "parameters" in cell["metadata"].get("tags", []):
                space.update(given)
    return space


def test_codings_taken_away_in_the_folder_reach_personas_and_their_wiki(study, sample_run, tmp_path):
    """Coders drop a theme in their files: the claim that rests on it falls, and the persona's page and its evidence say so."""
    work = tmp_path / "work"
    shutil.copytree(sample_run.work / "results", work / "results")
    before = json.loads((work / "results/personas.json").read_text())
    for file in (study / "coded").glob("coder_*/P*.csv"):
        rows = file.read_text().splitlines(keepends=True)
        file.write_text("".join(row for row in rows if ",wasted_trips," not in row))
    given = {"study": str(study / "study.yaml"), "period": PERIOD, "run_folder": str(work)}
    coded = run_cells("03_interviews", **given)["coded"]
    assert "wasted_trips" not in set(coded.marks["code_id"])
    run_cells("04_personas", **given)
    after = {persona["persona_id"]: persona for persona in json.loads((work / "results/personas.json").read_text())}
    dana = next(persona for persona in before if persona["persona_id"] == "s1-dispatcher-dana")
    assert after[dana["persona_id"]]["counts"]["ok"] < dana["counts"]["ok"]
    claims = pd.read_parquet(work / "results/claims.parquet")
    fallen = claims[(claims["persona_id"] == dana["persona_id"]) & claims["status"].isin(["stale", "broken"])]
    assert len(fallen)
    told = dict.fromkeys(("caution", "about", "version", "revision"), "")
    report = {
        **told,
        "title": "t",
        "period": PERIOD,
        "synthetic": True,
        "pages": [],
        "versions": defaultdict(str),
        "random_state": 1,
    }
    wiki = json.loads((work / "results/persona_wiki.json").read_text())
    pages = dict(render_personas({"report": report, "policy": "default-src 'none'"}, list(after.values()), wiki))
    assert html.escape(str(fallen["text"].iloc[0])) in pages[f"evidence/{dana['persona_id']}.html"]
