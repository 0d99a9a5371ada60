"""Cells, p-values and tables without rows."""

from __future__ import annotations

import pandas as pd

from segmentation.display import READING_MIME, TABLE_MIME, Table


def test_table_p_values_have_no_false_precision():
    table = Table(pd.DataFrame({"p": [0.0, 0.0421, 1.0, None]}), "p.", {"p": "p"})
    assert [row[0] for row in table.as_json()["rows"]] == ["< 0.001", "0.042", "> 0.999", "–"]
    assert table.as_json()["columns"][0]["numeric"]


def test_table_without_rows_says_why_and_shows_no_heading():
    shown = Table(pd.DataFrame(columns=["who"]), "Who.", empty="Nobody was asked.")._repr_mimebundle_()
    assert TABLE_MIME not in shown and shown[READING_MIME] == {"paragraphs": ["Nobody was asked."]}
    assert Table(pd.DataFrame(columns=["who"]), "Who.")._repr_mimebundle_()[READING_MIME] == {"paragraphs": []}


def test_table_shows_no_minus_before_nothing():
    frame = pd.DataFrame(
        {"plain": [-0.001, -0.2], "share": [-0.001, -0.2], "signed": [-0.001, -0.2], "whole": [-1, 1200]}
    )
    table = Table(frame, "Numbers.", {"share": ".0%", "signed": "+.2f", "whole": ",d"})
    assert [row for row in table.as_json()["rows"]] == [
        ["0.00", "0%", "+0.00", "-1"],
        ["-0.20", "-20%", "-0.20", "1,200"],
    ]
