"""Files for the CRM, harmless in a spreadsheet."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.activation import describe_upsert, format_hubspot, list_upsert, make_safe, restore_text
from segmentation.display import Callout
from segmentation.errors import ParameterError

ATTACKS = [
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", " =1", "  @x", "＝1+1", "＋1", "－1", "＠x",
    "'=1", "\ufeff=1", "=", "+", "-", "@", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("http://x")', "\u00a0=1",
]  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS)
def test_make_safe_attack_begins_with_an_apostrophe(text):
    assert make_safe(text) == f"'{text}"
    assert restore_text(make_safe(text)) == text


@pytest.mark.parametrize("text", ["-5", "+4.5", "1e-3", "-1,234.5", "A=B", "12", "", "'tis", "S1", "user@example.org"])
def test_make_safe_plain_text_and_numbers_stay(text):
    assert make_safe(text) == text and restore_text(text) == text


@given(st.text())
def test_make_safe_round_trip(text):
    assert restore_text(make_safe(text)) == text


def test_make_safe_none_is_empty():
    assert make_safe(None) == "" and make_safe(12) == "12"


@pytest.fixture
def membership() -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": pd.array(["S2", "=S1", None], dtype="str"), "margin": [0.25, 0.123456, float("nan")]},
        index=pd.Index(["20", "10", "30"], name="company_id"),
    )


def test_format_hubspot_rows_and_bytes(membership):
    before = membership.copy()
    rows = list_upsert(membership, period="2026Q3")
    assert format_hubspot(rows) == (
        b"Record ID,Segment,Segment margin,Segment period\r\n10,'=S1,0.123,2026Q3\r\n20,S2,0.25,2026Q3\r\n"
    )
    pd.testing.assert_frame_equal(membership, before)
    told = str(describe_upsert(rows, membership, units="accounts"))
    assert "2 of 3 accounts" in told and "1 without a segment" in told


def test_list_upsert_of_nobody_is_told(membership):
    rows = list_upsert(membership.iloc[2:], period="2026Q3")
    assert format_hubspot(rows) == b"Record ID,Segment,Segment margin,Segment period\r\n"
    told = describe_upsert(rows, membership)
    assert isinstance(told, Callout) and told.kind == "absent"


def test_list_upsert_refuses(membership):
    with pytest.raises(ParameterError, match="must be a quarter"):
        list_upsert(membership, period="2026")
    with pytest.raises(ParameterError, match="needs the columns margin"):
        list_upsert(membership[["segment"]], period="2026Q3")
    with pytest.raises(ParameterError, match="unique"):
        list_upsert(pd.concat([membership, membership]), period="2026Q3")
