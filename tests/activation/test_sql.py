"""Assignment as SQL equals assignment in the library."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from segmentation.activation import format_assignment_sql
from segmentation.clustering import Solution, assign_segments
from segmentation.errors import ParameterError
from segmentation.features import Encoder, fit_encoder
from segmentation.study import Variable


def draw(seed: int, n: int = 600) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "need x": generator.normal(0, 2, n),
            "money": generator.exponential(50, n),
            'days"q': generator.poisson(4, n).astype(float),
        },
        index=pd.Index([f"c{i}" for i in range(n)], name="company_id"),
    )
    return table.mask(generator.random(table.shape) < 0.25)


def make_solution(variables: list[str], seed: int, k: int = 4, min_observed: float = 0.5) -> Solution:
    ids = pd.Index([f"S{i + 1}" for i in range(k)], name="segment")
    centres = pd.DataFrame(np.random.default_rng(seed).normal(size=(k, len(variables))), index=ids, columns=variables)
    sizes = pd.Series(1, index=ids, dtype="int64")
    search = {"within_ss": 3.5 * k, "weight": 4.0 * k}
    return Solution("test", centres, sizes, search, 1, min_observed, tuple(ids))


def make_encoder(table: pd.DataFrame, winsorise: float = 0.02) -> Encoder:
    shared = {"from": "events", "kind": "behavioural", "role": "base"}
    money = Variable.model_validate({"name": "money", "transform": "log1p", **shared})
    days = fit_encoder(
        table.rename(columns={'days"q': "days"}), ["need x", money, "days"], winsorise=winsorise
    ).to_dict()
    days["variables"][2] |= {"name": 'days"q', "transform": "sqrt"}
    return Encoder.from_dict(days)


def run(query: str, table: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect() as engine:
        engine.register("features", table.reset_index())
        return engine.execute(query).df().set_index("company_id")


@pytest.mark.parametrize(("seed", "winsorise"), [(1, 0.0), (2, 0.02), (3, 0.1)])
def test_format_assignment_sql_equals_the_library_with_missing_values(seed, winsorise):
    table = draw(seed)
    encoder, solution = make_encoder(table, winsorise), make_solution(list(table.columns), seed)
    expected = assign_segments(solution, encoder.encode(table))
    found = run(format_assignment_sql(solution.to_dict(), encoder.to_dict(), "features", unit="company_id"), table)
    found = found.reindex(expected.index)
    assert set(expected["basis"]) == {"fitted", "placed", "unplaced"}
    for column in ("segment", "second", "basis"):
        assert found[column].fillna("").tolist() == expected[column].fillna("").tolist()
    assert list(found.columns) == list(expected.columns)
    for column in ("margin", "probability"):
        np.testing.assert_allclose(found[column].to_numpy(float), expected[column].to_numpy(float), atol=1e-9)


@pytest.mark.parametrize(("search", "known"), [({}, False), ({"within_ss": 0.0}, True)])
def test_format_assignment_sql_probability_without_spread_equals_the_library(search, known):
    table = draw(4).dropna()
    encoder = make_encoder(table)
    solution = make_solution(list(table.columns), 4)
    solution = Solution(**{**solution.__dict__, "search": search})
    expected = assign_segments(solution, encoder.encode(table))["probability"]
    found = run(format_assignment_sql(solution.to_dict(), encoder.to_dict(), "features", unit="company_id"), table)
    np.testing.assert_allclose(found.reindex(expected.index)["probability"].to_numpy(float), expected)
    assert expected.notna().all() == known


def test_format_assignment_sql_refuses_a_method_without_centres():
    solution = make_solution(["a"], 1).to_dict() | {"method": "latent-class"}
    with pytest.raises(
        ParameterError, match=r"place by centres .kmeans, ward. can be written as SQL; got 'latent-class'"
    ):
        format_assignment_sql(solution, {"variables": []}, "t")


def test_format_assignment_sql_null_is_missing_too_and_ties_go_to_the_first():
    solution = make_solution(["a", "b"], 1, k=2)
    solution.centres.loc[:, :] = [[1.0, 0.0], [-1.0, 0.0]]
    encoder = {
        "variables": [
            {"name": name, "transform": "none", "centre": 0.0, "scale": 1.0, "low": None, "high": None} for name in "ab"
        ]
    }
    query = format_assignment_sql(solution.to_dict(), encoder, "t", unit="u")
    with duckdb.connect() as engine:
        engine.execute(
            "create table t as select * from (values ('x', 0.0, 0.0), ('y', null, null), ('z', -1.0, null)) v(u, a, b)"
        )
        rows = {row[0]: row[1:] for row in engine.execute(query).fetchall()}
    assert rows["x"] == ("S1", "S2", 0.0, "fitted", 0.5)
    assert rows["y"] == (None, None, None, "unplaced", None)
    assert rows["z"][:4] == ("S2", "S1", 1.0, "placed") and rows["z"][4] > 0.5


@pytest.mark.parametrize(
    ("column", "value", "match"), [("money", -0.5, "value below 0"), ("need x", np.inf, "infinite value")]
)
def test_format_assignment_sql_stops_where_the_library_would(column, value, match):
    table = draw(1, 20).assign(**{column: value})
    encoder = make_encoder(draw(1))
    query = format_assignment_sql(
        make_solution(list(table.columns), 1).to_dict(), encoder.to_dict(), "features", unit="company_id"
    )
    with pytest.raises(duckdb.Error, match=match):
        run(query, table)
    with pytest.raises(ParameterError):
        encoder.encode(table)


def test_format_assignment_sql_names_cannot_break_out():
    solution = make_solution(["a"], 1, k=2)
    renamed = solution.to_dict() | {"segments": ["S'1", "S2"]}
    encoder = {"variables": [{"name": "a", "transform": "none", "centre": 0.0, "scale": 1.0}]}
    query = format_assignment_sql(renamed, encoder, 'x"; drop table t; --.t', unit='u"')
    assert 'FROM "x""; drop table t; --"."t"' in query and "'S''1'" in query and '"u"""' in query


def test_format_assignment_sql_refuses_what_does_not_fit():
    solution = make_solution(["a", "b"], 1)
    one = {"variables": [{"name": "a", "transform": "none", "centre": 0.0, "scale": 1.0}]}
    both = {"variables": [*one["variables"], {"name": "b", "transform": "cube", "centre": 0.0, "scale": 1.0}]}
    with pytest.raises(ParameterError, match="only one of them has b"):
        format_assignment_sql(solution.to_dict(), one, "t")
    with pytest.raises(ParameterError, match="transform must be one of"):
        format_assignment_sql(solution.to_dict(), both, "t")
    with pytest.raises(ParameterError, match="solution lacks variables"):
        format_assignment_sql({}, one, "t")
    bad = make_solution(["a"], 1)
    bad.centres.iloc[0, 0] = np.nan
    with pytest.raises(ParameterError, match="must be finite"):
        format_assignment_sql(bad.to_dict(), one, "t")
    with pytest.raises(ParameterError, match="1 segments"):
        format_assignment_sql(make_solution(["a"], 1, k=1).to_dict(), one, "t")


def test_format_assignment_sql_merged_segments_equal_the_library():
    table = draw(5)
    encoder, solution = make_encoder(table), make_solution(list(table.columns), 5)
    solution = Solution(**{**solution.__dict__, "merged": {"S3": "S1"}})
    expected = assign_segments(solution, encoder.encode(table)).drop(columns="unmerged")
    found = run(format_assignment_sql(solution.to_dict(), encoder.to_dict(), "features", unit="company_id"), table)
    found = found.reindex(expected.index)
    for column in ("segment", "second", "basis"):
        assert found[column].fillna("").tolist() == expected[column].fillna("").tolist()
    for column in ("margin", "probability"):
        np.testing.assert_allclose(found[column].to_numpy(float), expected[column].to_numpy(float), atol=1e-9)
