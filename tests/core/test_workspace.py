"""Results between stages: same bytes, verified on every read, never half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from segmentation.errors import DataContractError, ParameterError
from segmentation.period import Period
from segmentation.workspace import Workspace, digest, find_upward, open_workspace, write_bytes

from .test_study import GOOD


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "accounts.csv").write_text("account_id\n1\n")
    (tmp_path / "events.csv").write_text("account_id\n1\n")
    (tmp_path / "study.yaml").write_text(GOOD)
    return open_workspace(
        "01_data", str(tmp_path / "study.yaml"), "2026Q3", str(tmp_path / "reports/tiny/.work/2026Q3")
    )


TABLE = pd.DataFrame(
    {"x": [1.5, None], "segment": pd.array(["S1", None], dtype="string")}, index=pd.Index(["a", "b"], name="unit")
)


def test_write_read_table_returns_equal_table(workspace):
    workspace.write("features", TABLE)
    pd.testing.assert_frame_equal(workspace.read("features"), TABLE, check_dtype=False)


def test_write_same_table_twice_gives_same_bytes(workspace):
    workspace.write("one", TABLE)
    workspace.write("two", TABLE)
    assert digest(workspace.results / "one.parquet") == digest(workspace.results / "two.parquet")


def test_read_result_nobody_wrote_says_what_to_run(workspace):
    workspace.write("features", TABLE)
    with pytest.raises(
        ParameterError, match=r"needs the result 'feature.parquet'.*Run the earlier notebooks.*'features.parquet'"
    ):
        workspace.read("feature")


@pytest.mark.parametrize("place", [10, -40])
def test_read_flipped_bit_is_detected(workspace, place):
    workspace.write("features", TABLE)
    path = workspace.results / "features.parquet"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DataContractError, match="not those that were written"):
        workspace.read("features")


def test_write_json_is_sorted_and_refuses_nan(workspace):
    workspace.write_json("facts", {"b": 1, "a": [1, 2]})
    assert (workspace.results / "facts.json").read_text().index('"a"') < (
        workspace.results / "facts.json"
    ).read_text().index('"b"')
    assert workspace.read_json("facts") == {"a": [1, 2], "b": 1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        workspace.write_json("facts", {"x": float("nan")})


def test_previous_without_ledger_is_none(workspace):
    assert workspace.previous is None


def test_previous_reads_last_quarters_ledger(workspace):
    folder = workspace.ledger / "period=2026Q2"
    Workspace(workspace.study, Period.parse("2026Q2"), "ledger", folder).write("membership", TABLE)
    assert workspace.previous.read("membership").shape == (2, 2)


def test_write_bytes_failure_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def broken(source, target):
        raise OSError("no space")

    monkeypatch.setattr("segmentation.workspace.os.replace", broken)
    with pytest.raises(OSError, match="no space"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_find_upward_missing_names_what_it_looked_for(tmp_path):
    with pytest.raises(ParameterError, match="no file 'nothing-here'"):
        find_upward("nothing-here", tmp_path)


@pytest.mark.parametrize("text", ["2026", "2026Q5", "26Q1", "../2026Q1", "2026Q1\n"])
def test_period_wrong_text_is_refused(text):
    with pytest.raises(ParameterError, match="such as '2026Q3'"):
        Period.parse(text)


def test_records_of_stages_do_not_mix(workspace):
    workspace.write("features", TABLE)
    other = Workspace(workspace.study, workspace.period, "02_segments", workspace.folder)
    other.write("membership", TABLE)
    assert set(json.loads((workspace.results / ".01_data.sha256.json").read_text())) == {"features.parquet"}
    assert other.has("features") and workspace.has("membership")
