"""Scoring a Parquet file equals assignment in the library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.activation import score
from segmentation.activation.score import ScoreAccount, score_file
from segmentation.clustering import Solution, assign_segments
from segmentation.errors import ParameterError
from segmentation.features import Encoder, fit_encoder
from segmentation.study import Variable


def draw(seed: int, n: int = 500) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = {
        "need": random.normal(0, 2, n),
        "money": random.exponential(50, n),
        "days": random.poisson(4, n).astype(float),
    }
    table = pd.DataFrame(values, index=pd.Index([f"c{i}" for i in range(n)], name="company_id"))
    return table.mask(random.random(table.shape) < 0.25)


def make_solution(variables: list[str], seed: int = 1, k: int = 4, within: float | None = 900.0) -> Solution:
    ids = pd.Index([f"S{i + 1}" for i in range(k)], name="segment")
    centres = pd.DataFrame(np.random.default_rng(seed).normal(size=(k, len(variables))), index=ids, columns=variables)
    sizes = pd.Series(100, index=ids, dtype="int64")
    return Solution("test", centres, sizes, {"within_ss": within}, 1, 0.5, tuple(ids))


def make_encoder(table: pd.DataFrame, winsorise: float = 0.02) -> Encoder:
    money = Variable.model_validate(
        {"name": "money", "transform": "log1p", "from": "events", "kind": "behavioural", "role": "base"}
    )
    return fit_encoder(table, ["need", money, "days"], winsorise=winsorise)


def write(table: pd.DataFrame, folder: Path, **other: object) -> Path:
    path = folder / "source.parquet"
    pq.write_table(pa.Table.from_pandas(table.reset_index().assign(**other), preserve_index=False), path)
    return path


def assert_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(found.columns) == list(expected.columns)
    for name in ("segment", "second", "basis"):
        assert found[name].fillna("").tolist() == expected[name].fillna("").tolist()
    for name in ("margin", "probability"):
        np.testing.assert_allclose(found[name].to_numpy(float), expected[name].to_numpy(float), atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.sampled_from([None, 0.0, 900.0]))
@settings(max_examples=25, deadline=None)
def test_score_file_equals_assign_segments_with_missing_values(tmp_path_factory, seed, k, within):
    folder, table = tmp_path_factory.mktemp("score"), draw(seed)
    encoder, solution = make_encoder(table), make_solution(list(table.columns), seed, k, within)
    expected = assign_segments(solution, encoder.encode(table))
    account = score_file(solution, encoder, write(table, folder, other="x"), folder / "out.parquet", unit="company_id")
    found = pd.read_parquet(account.target).set_index("company_id")
    assert found.index.tolist() == table.index.tolist()
    assert_equal(found, expected)
    counts, sizes = expected["basis"].value_counts(), expected["segment"].value_counts()
    assert (account.rows, account.fitted, account.placed, account.unplaced) == (
        500,
        *(counts.get(word, 0) for word in ("fitted", "placed", "unplaced")),
    )
    assert {name: n for name, n in account.sizes.items() if n} == sizes.to_dict()


def test_score_file_in_many_batches_is_the_same_file(tmp_path, monkeypatch):
    table = draw(3)
    encoder, solution, source = make_encoder(table), make_solution(list(table.columns)), write(table, tmp_path)
    score_file(solution, encoder, source, tmp_path / "one.parquet", unit="company_id")
    monkeypatch.setattr(score, "BATCH", 64)
    account = score_file(solution.to_dict(), encoder.to_dict(), source, tmp_path / "many.parquet", unit="company_id")
    assert isinstance(account, ScoreAccount)
    one, many = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("one", "many"))
    pd.testing.assert_frame_equal(one, many)
    assert pq.ParquetFile(tmp_path / "many.parquet").metadata.num_row_groups > 1


def test_score_file_whole_numbers_and_nulls_are_read(tmp_path):
    table = pa.table({"unit": pa.array([1, 2, 3]), "days": pa.array([1, None, 3], pa.int32())})
    pq.write_table(table, tmp_path / "source.parquet")
    encoder = fit_encoder(pd.DataFrame({"days": [1.0, 3.0]}), ["days"])
    score_file(make_solution(["days"], k=2), encoder, tmp_path / "source.parquet", tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["unit"].tolist() == [1, 2, 3]
    assert found["basis"].tolist() == ["fitted", "unplaced", "fitted"]


def test_score_file_merged_segments_are_those_of_assign_segments(tmp_path):
    from dataclasses import replace

    table = draw(5)
    encoder = make_encoder(table)
    solution = replace(make_solution(list(table.columns)), merged={"S3": "S1"})
    expected = assign_segments(solution, encoder.encode(table))
    account = score_file(solution, encoder, write(table, tmp_path), tmp_path / "out.parquet", unit="company_id")
    found = pd.read_parquet(account.target).set_index("company_id")
    assert_equal(found, expected.drop(columns="unmerged").assign(unmerged=expected["unmerged"]))
    assert "S3" not in account.sizes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"need": np.inf}, "'need' has 500 infinite values"),
        ({"money": -1.0}, "'money' needs values of 0 or more"),
        ({"need": "x"}, "must be numbers; these are not: need"),
        ({"company_id": None}, "500 units have no company_id .among rows 1 to 500"),
    ],
)
def test_score_file_stops_at_bad_values_and_leaves_the_old_file(tmp_path, change, message):
    table = draw(1)
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    with pytest.raises(ParameterError, match=message):
        score_file(
            make_solution(list(table.columns)),
            make_encoder(table),
            write(table, tmp_path, **change),
            target,
            unit="company_id",
        )
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "source.parquet"]


def test_score_file_refuses_what_does_not_fit(tmp_path):
    table = draw(1)
    encoder, solution, source = make_encoder(table), make_solution(list(table.columns)), write(table, tmp_path)
    out = tmp_path / "out.parquet"
    with pytest.raises(ParameterError, match="only one of them has days"):
        score_file(make_solution(["need", "money"]), encoder, source, out, unit="company_id")
    with pytest.raises(ParameterError, match=r"lacks 1 columns: company_ids \(did you mean company_id\?\)"):
        score_file(solution, encoder, source, out, unit="company_ids")
    with pytest.raises(ParameterError, match=r"no\.parquet is not there"):
        score_file(solution, encoder, tmp_path / "no.parquet", out, unit="company_id")
    with pytest.raises(ParameterError, match="must be two files"):
        score_file(solution, encoder, source, source, unit="company_id")
    with pytest.raises(ParameterError, match="folder of the target is not there"):
        score_file(solution, encoder, source, tmp_path / "none" / "out.parquet", unit="company_id")
    (tmp_path / "text.parquet").write_text("a,b")
    with pytest.raises(ParameterError, match=r"text\.parquet is not Parquet"):
        score_file(solution, encoder, tmp_path / "text.parquet", out, unit="company_id")
    pq.write_table(pa.Table.from_pandas(table.reset_index().iloc[:0]), tmp_path / "empty.parquet")
    with pytest.raises(ParameterError, match=r"empty\.parquet has no rows"):
        score_file(solution, encoder, tmp_path / "empty.parquet", out, unit="company_id")
    assert not out.exists()
