"""What pydantic found, in words: every limit that a key has, whether or not it may be absent."""

from __future__ import annotations

import datetime
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from segmentation.study.explain import explain

Share = Annotated[float, Field(ge=0, le=1)]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    both: int = Field(1, ge=1, le=9)
    open: float = Field(0.5, gt=0, lt=1)
    half: int = Field(12, gt=0, le=520)
    other: float = Field(0, ge=0, lt=1)
    least: float | None = Field(None, gt=0)
    rate: float | None = Field(None, gt=0, lt=1)
    size: Annotated[float, Field(gt=0)] | None = None
    code: str | None = Field(None, min_length=2, max_length=4)
    parts: dict[str, Share] = Field({}, min_length=1)
    day: datetime.date | None = None
    goal: Share | dict[str, Share] | None = None


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("both", 0, "'both': too small; got 0; allowed: a whole number, 1 to 9"),
        ("open", 1, "'open': too large; got 1; allowed: a number, above 0 and below 1"),
        ("half", 521, "'half': too large; got 521; allowed: a whole number, above 0 and at most 520"),
        ("other", 1, "'other': too large; got 1; allowed: a number, 0 or more and below 1"),
        ("least", 0, "'least': too small; got 0; allowed: a number, above 0"),
        ("rate", 1.5, "'rate': too large; got 1.5; allowed: a number, above 0 and below 1"),
        ("size", -1, "'size': too small; got -1; allowed: a number, above 0"),
        ("code", "a", "'code': too short; got 'a'; allowed: text of 2 to 4 characters"),
        ("day", "soon", "'day': not a date; got 'soon'; allowed: a date such as 2026-07-28"),
    ],
)
def test_explain_says_every_limit(key, value, told):
    with pytest.raises(ValidationError) as caught:
        Entry.model_validate({key: value})
    (found,) = explain(caught.value, Entry, "x.yaml", {(key,): 3})
    assert str(found) == f"x.yaml, line 3, column {told}"


def test_explain_names_an_entry_as_its_reader_knows_it():
    with pytest.raises(ValidationError) as caught:
        Entry.model_validate({"parts": {"a": 2}, "opne": 0.5})
    lines = {("list", 0, "parts"): 4, ("list", 0, "opne"): 5}
    found = explain(caught.value, Entry, "x.yaml", lines, prefix=("list", 0), called="mail-1")
    assert [str(one) for one in found] == [
        "x.yaml, line 4, column 'mail-1.parts.a': too large; got 2; allowed: a number, 0 to 1",
        "x.yaml, line 5, column 'mail-1.opne': unknown key. Did you mean 'open'?",
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (40, "line 4, column 'goal': too large; got 40; allowed: a number, 0 to 1"),
        ({"S1": 40}, "line 5, column 'goal.S1': too large; got 40; allowed: a number, 0 to 1"),
    ],
)
def test_explain_a_value_of_several_kinds_is_told_once(value, told):
    with pytest.raises(ValidationError) as caught:
        Entry.model_validate({"goal": value})
    (found,) = explain(caught.value, Entry, "x.yaml", {("goal",): 4, ("goal", "S1"): 5})
    assert str(found) == f"x.yaml, {told}"
