"""JSON, SQL and workbook say of the same answers what the library says, and hold no program of the study's."""

from __future__ import annotations

import io
import json

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.profiling.typing import (
    TypingTool,
    format_typing_sql,
    place_answers,
    write_typing_form,
    write_typing_sheet,
    write_typing_tool,
)

from .formulas import Sheets
from .typing_example import HOSTILE, TRADES, hostile_tool, some_answers

FIRST = 5


@pytest.fixture(scope="module")
def tool() -> TypingTool:
    return hostile_tool()


@pytest.fixture(scope="module")
def answers(tool) -> pd.DataFrame:
    return some_answers(tool)


def same(one: pd.Series, other: pd.Series) -> bool:
    return one.fillna("").tolist() == other.fillna("").tolist()


def test_tool_has_every_kind_of_question(tool):
    assert {question.level for question in tool.questions} == {"numeric", "nominal", "ordinal", "binary"}
    trade = next(question for question in tool.questions if question.name == "trade")
    assert [option.value for option in trade.options] == [*sorted(TRADES), "something else"]


def test_json_makes_the_same_tool_to_the_last_bit(tool, answers, tmp_path):
    written = write_typing_tool(tool, tmp_path)
    assert [path.name for path in written] == ["typing.json", "typing.sql", "typing.xlsx", "typing.html"]
    again = TypingTool.from_dict(json.loads((tmp_path / "typing.json").read_text("utf-8")))
    assert again.to_dict() == tool.to_dict()
    pd.testing.assert_frame_equal(place_answers(again, answers), place_answers(tool, answers), check_exact=True)
    assert [path.read_bytes() for path in write_typing_tool(again, tmp_path / "again")] == [
        path.read_bytes() for path in written
    ]


def test_from_dict_refuses_what_is_no_tool(tool):
    with pytest.raises(ParameterError, match="not the content of a typing tool"):
        TypingTool.from_dict({"study": "tiny"})
    with pytest.raises(ParameterError, match="do not fit its questions"):
        TypingTool.from_dict({**tool.to_dict(), "means": [[1.0], [2.0], [3.0]]})


def test_sql_places_as_the_library_does(tool, answers):
    with duckdb.connect() as engine:
        engine.register("answers", answers.reset_index())
        found = engine.execute(format_typing_sql(tool, "answers")).df().set_index("unit").reindex(answers.index)
    wanted = place_answers(tool, answers)
    assert same(found["segment"], wanted["segment"]) and same(found["likeliest"], wanted["likeliest"])
    assert np.abs(found["probability"] - wanted["probability"]).max() < 1e-9
    assert found["answered"].tolist() == wanted["answered"].tolist()
    assert wanted["segment"].isna().any() and wanted["segment"].nunique() == 3


def test_sql_stops_at_an_answer_that_is_not_allowed(tool):
    odd = pd.DataFrame({question.name: [None] for question in tool.questions}).assign(unit=["a"])
    with duckdb.connect() as engine:
        engine.register("answers", odd.assign(rate=[7.0]))
        with pytest.raises(duckdb.Error, match="rate: an answer that is not allowed"):
            engine.execute(format_typing_sql(tool, "answers")).df()


def test_workbook_places_as_the_library_does(tool, answers):
    book = openpyxl.load_workbook(io.BytesIO(write_typing_sheet(tool)))
    wanted = place_answers(tool, answers).iloc[:60]
    result = FIRST + len(tool.questions) + 1
    for unit, row in wanted.iterrows():
        typed = {f"C{FIRST + n}": _typed(q, answers.loc[unit, q.name]) for n, q in enumerate(tool.questions)}
        sheets = Sheets(book, typed)
        said, probability = sheets.value("Questions", f"C{result}"), sheets.value("Questions", f"C{result + 1}")
        assert probability == pytest.approx(row["probability"], abs=1e-9)
        unsure = "Cannot tell" if row["answered"] == len(tool.questions) else "Cannot tell yet: ask one more question"
        nothing = unsure if row["answered"] else "Ask a first question"
        assert said == (nothing if pd.isna(row["segment"]) else row["segment"])
        assert sheets.value("Questions", f"C{result + 2}") == row["answered"]


def test_workbook_says_what_does_not_count(tool):
    book = openpyxl.load_workbook(io.BytesIO(write_typing_sheet(tool)))
    rate = FIRST + [question.name for question in tool.questions].index("rate")
    sheets = Sheets(book, {f"C{rate}": 9})
    assert sheets.value("Questions", f"E{rate}") == "not an allowed answer: does not count"
    assert sheets.value("Questions", f"C{FIRST + len(tool.questions) + 1}") == "Ask a first question"


def test_workbook_has_no_formula_with_a_word_of_the_study(tool):
    book = openpyxl.load_workbook(io.BytesIO(write_typing_sheet(tool)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    formulas = [cell.value for cell in cells if cell.data_type == "f"]
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    for word in (*TRADES, "evil", "cmd", "HYPERLINK", "+huge"):
        assert not [formula for formula in formulas if word in formula]
    assert {HOSTILE[0], "=1+1"} <= set(texts) and any("cmd" in text for text in texts)
    assert not [cell for cell in cells if cell.hyperlink] and book.defined_names == {}


def _typed(question, value):
    """What a person types: the words of an answer, or a number."""
    if pd.isna(value):
        return None
    if not question.options or question.level == "numeric":
        return value
    return next(option.words for option in question.options if option.value == value)


def test_form_keeps_hostile_words_out_of_its_markup(tool):
    page = write_typing_form(tool)
    assert page.count("<script") == 2 and "<img" not in page and "{{ 7 * 7 }}" in page
    assert "http://" not in page.replace("http://evil.example", "") and "https://" not in page
    assert "Content-Security-Policy" in page and "default-src &#39;none&#39;" in page


def test_writers_without_a_tool_say_so(tmp_path):
    nothing = TypingTool("tiny", "people", reason="there is no question that people could be asked")
    assert write_typing_tool(nothing, tmp_path) == ()
    for write in (write_typing_sheet, write_typing_form, lambda tool: format_typing_sql(tool, "answers")):
        with pytest.raises(ParameterError, match="there is no typing tool"):
            write(nothing)
