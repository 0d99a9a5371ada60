"""The typing tool as a workbook: answers are typed in, formulas show the segment; texts of the study can never become formulas."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from math import log
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ...errors import ParameterError
from .questions import Question
from .tool import TypingTool

__all__ = ["ASK_AGAIN", "CANNOT_TELL", "write_typing_sheet"]

ASK_AGAIN = "Cannot tell yet: ask one more question"
CANNOT_TELL = "Cannot tell"
FIRST = 5  # row of the first question
LONGEST = 32_000  # characters a cell may hold, a little less than the format's limit
INPUT = "FFF4CC"
WHEN = (1980, 1, 1, 0, 0, 0)


def write_typing_sheet(tool: TypingTool) -> bytes:
    """Bytes of an .xlsx file with live formulas, the same for the same tool.

    Sheet ``Questions`` takes the answers and shows the result, ``Working`` holds the arithmetic of ``place_answers``, ``Functions``
    the classification functions for somebody who has answered everything.

    Parameters
    ----------
    tool : TypingTool

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        If there is no tool.
    """
    if tool.reason:
        raise ParameterError(f"there is no typing tool: {tool.reason}")
    book = Workbook()
    asked, working = book.active, book.create_sheet("Working")
    asked.title = "Questions"
    flags = _write_options(working, tool)
    columns = _write_columns(working, tool, flags)
    factor = _write_factor(working, tool, columns)
    scores = _write_scores(working, tool, columns, factor)
    _write_questions(asked, tool, flags)
    _write_result(asked, tool, scores)
    _write_functions(book.create_sheet("Functions"), tool)
    for sheet in (asked, working):
        sheet.protection.sheet = True  # no password: it keeps a slip of the finger from the formulas
    for sheet in book.worksheets[1:]:
        sheet.sheet_state = (
            "hidden"  # the rep sees questions and the answer; whoever checks the formulas can unhide them
        )
    book.calculation.fullCalcOnLoad = True
    return _without_clock(book)


def _write_options(sheet: Worksheet, tool: TypingTool) -> list[dict[str, Any]]:
    """For each question: the cell that says whether it counts, the cell of its value, the flags of its options."""
    _text(sheet, 1, 1, "The arithmetic behind the sheet Questions. Nothing here needs to be changed.")
    row, places = 3, []
    for number, question in enumerate(tool.questions):
        answer = f"Questions!$C${FIRST + number}"
        _text(sheet, row, 1, question.name)
        place = {"answer": answer, "options": (), "known": f"$B${row}", "value": f"$C${row}"}
        if question.options:
            rows = range(row + 1, row + 1 + len(question.options))
            for at, option in zip(rows, question.options, strict=True):
                number_word = question.level == "numeric"
                _fill(sheet, at, 1, option.value if number_word else option.words)
                if question.level != "nominal":
                    _fill(sheet, at, 2, float(option.value))
                sheet.cell(at, 3).value = f"=IF(EXACT({answer},$A${at}),1,0)"
            place["options"] = tuple(f"$C${at}" for at in rows)
            sheet.cell(row, 2).value = f"=SUM($C${rows[0]}:$C${rows[-1]})"
            if question.level != "nominal":
                sheet.cell(row, 3).value = "=" + "+".join(f"$C${at}*$B${at}" for at in rows)
            place["list"] = f"Working!$A${rows[0]}:$A${rows[-1]}"
            row = rows[-1] + 2
        else:
            _fill(sheet, row + 1, 1, question.low)
            _fill(sheet, row + 1, 2, question.high)
            sheet.cell(row, 2).value = f"=IF(ISNUMBER({answer}),1,0)"
            limited = f"MIN(MAX({answer},$A${row + 1}),$B${row + 1})"
            counted = {"none": "{}", "log1p": "LN(1+{})", "sqrt": "SQRT({})"}[question.transform].format(limited)
            sheet.cell(row, 3).value = f"=IF($B${row}=1,{counted},0)"
            row += 3
        places.append(place)
    return places


def _write_columns(sheet: Worksheet, tool: TypingTool, places: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Cells (known, value) of every column of numbers."""
    cells = []
    for question, place in zip(tool.questions, places, strict=True):
        values = place["options"][1:] if question.level == "nominal" else (place["value"],)
        cells += [(place["known"], value) for value in values]
    return cells


def _write_factor(sheet: Worksheet, tool: TypingTool, columns: Sequence[tuple[str, str]]) -> dict[tuple[int, int], str]:
    """L D L' of the covariance with what is not known replaced by the identity; cells by (row, column), pivots on the diagonal."""
    top, width = sheet.max_row + 2, len(columns)
    _text(
        sheet,
        top,
        1,
        "Covariance within segments, and below it its factors without the questions that were not answered",
    )
    given = {}
    for i in range(width):
        for j in range(i + 1):
            _fill(sheet, top + 1 + i, 1 + j, tool.within[i][j])
            given[i, j] = f"${get_column_letter(1 + j)}${top + 1 + i}"
    below, cells = top + 2 + width, {}
    for i in range(width):
        for j in range(i + 1):
            cells[i, j] = f"${get_column_letter(1 + j)}${below + 1 + i}"
            own, other = columns[i][0], columns[j][0]
            less = "".join(f"-{cells[i, c]}*{cells[j, c]}*{cells[c, c]}" for c in range(j))
            if i == j:
                pivot = "".join(f"-{cells[i, c]}*{cells[i, c]}*{cells[c, c]}" for c in range(i))
                formula = f"=IF({own}=1,{given[i, i]}{pivot},1)"
            else:
                formula = f"=({own}*{other}*{given[i, j]}{less})/{cells[j, j]}"
            sheet[cells[i, j]].value = formula
    return cells


def _write_scores(
    sheet: Worksheet, tool: TypingTool, columns: Sequence[tuple[str, str]], factor: dict[tuple[int, int], str]
) -> dict[str, Any]:
    """Means, distances and probabilities; cells of the probability and words of each segment."""
    top, width = sheet.max_row + 2, len(columns)
    _text(
        sheet,
        top,
        1,
        "Each segment: name, log of its share, score, probability; then its means; below, what is left of the distances",
    )
    rows = range(top + 1, top + 1 + len(tool.segments))
    rest = rows[-1] + 2
    for number, (segment, row) in enumerate(zip(tool.segments, rows, strict=True)):
        _text(sheet, row, 1, segment)
        _fill(sheet, row, 2, log(tool.priors[number]))
        left: list[str] = []
        for c in range(width):
            _fill(sheet, row, 5 + c, tool.means[number][c])
            known, value = columns[c]
            mean = f"${get_column_letter(5 + c)}${row}"
            less = "".join(f"-{factor[c, j]}*{left[j]}" for j in range(c))
            left.append(f"${get_column_letter(5 + c)}${rest + number}")
            sheet[left[c]].value = f"={known}*({value}-{mean}){less}"
        squares = "+".join(f"{left[c]}*{left[c]}/{factor[c, c]}" for c in range(width))
        sheet.cell(row, 3).value = f"=$B${row}-0.5*({squares})"
        scores = f"$C${rows[0]}:$C${rows[-1]}"
        below = "+".join(f"EXP($C${other}-MAX({scores}))" for other in rows)
        sheet.cell(row, 4).value = f"=EXP($C${row}-MAX({scores}))/({below})"
    return {
        "rows": rows,
        "names": f"Working!$A${rows[0]}:$A${rows[-1]}",
        "shares": f"Working!$D${rows[0]}:$D${rows[-1]}",
    }


def _write_questions(sheet: Worksheet, tool: TypingTool, places: list[dict[str, Any]]) -> None:
    _text(sheet, 1, 1, "Which segment is this?", bold=True, size=16)
    _text(sheet, 2, 1, "Type the answers into the yellow cells, from the top. Leave empty what you do not know.")
    for column, head in enumerate(("No.", "Question", "Answer", "Answers allowed", "Read as"), start=1):
        _text(sheet, FIRST - 1, column, head, bold=True)
    for number, (question, place) in enumerate(zip(tool.questions, places, strict=True)):
        row = FIRST + number
        _fill(sheet, row, 1, number + 1)
        _text(sheet, row, 2, _asked(question))
        _text(sheet, row, 4, question.allowed)
        cell = sheet.cell(row, 3)
        cell.fill, cell.protection = PatternFill("solid", start_color=INPUT), Protection(locked=False)
        known = f"Working!{place['known']}"
        sheet.cell(
            row, 5
        ).value = (
            f'=IF({known}=1,"counts",IF(ISBLANK($C${row}),"not answered","not an allowed answer: does not count"))'
        )
        if question.options:
            check = DataValidation(type="list", formula1=place["list"], allow_blank=True, showErrorMessage=True)
            check.error = "Choose one of the answers in the list, or leave the cell empty."
            check.add(cell)
            sheet.add_data_validation(check)
    sheet.freeze_panes = f"A{FIRST}"
    for letter, width in zip("ABCDE", (6, 64, 18, 40, 36), strict=True):
        sheet.column_dimensions[letter].width = width


def _write_result(sheet: Worksheet, tool: TypingTool, scores: dict[str, Any]) -> None:
    last = FIRST + len(tool.questions) - 1
    row, shares = last + 2, scores["shares"]
    for offset, words in enumerate(("Segment", "Its probability", "Questions answered", "Told from a probability of")):
        _text(sheet, row + offset, 2, words, bold=offset == 0)
    answered, best = f"$C${row + 2}", f"$C${row + 1}"
    told = f"INDEX({scores['names']},MATCH({best},{shares},0))"
    unsure = f'IF({answered}={len(tool.questions)},"{CANNOT_TELL}","{ASK_AGAIN}")'
    result = f'=IF({answered}=0,"Ask a first question",IF({best}<$C${row + 3},{unsure},{told}))'
    sheet.cell(row, 3).value, sheet.cell(row, 3).font = result, Font(bold=True)
    sheet.cell(row + 1, 3).value, sheet.cell(row + 1, 3).number_format = f"=MAX({shares})", "0%"
    sheet.cell(row + 2, 3).value = f'=COUNTIF($E${FIRST}:$E${last},"counts")'
    _fill(sheet, row + 3, 3, tool.threshold)
    sheet.cell(row + 3, 3).number_format = "0%"
    for number, at in enumerate(scores["rows"]):
        segment = tool.segments[number]
        about = tool.names.get(segment, "")
        _text(sheet, row + 6 + number, 2, f"{segment}: {about}" if about else segment)
        sheet.cell(row + 6 + number, 3).value = f"=Working!$D${at}"
        sheet.cell(row + 6 + number, 3).number_format = "0%"
    _text(sheet, row + 5, 2, "All segments", bold=True)
    if tool.test is not None:
        tested = (
            f"In tests on {tool.units} it had not seen it placed {tool.test.accuracy:.0%} right; naming the largest segment always: "
            f"{tool.test.baseline:.0%}. That it can tell segments apart is no evidence that they are real."
        )
        _text(sheet, row + 7 + len(tool.segments), 2, tested)


def _write_functions(sheet: Worksheet, tool: TypingTool) -> None:
    _text(
        sheet,
        1,
        1,
        "Somebody who has answered everything: the largest of constant + sum of coefficient x answer names the segment.",
    )
    table = tool.functions
    for column, head in enumerate(("segment", *table.columns), start=1):
        _text(sheet, 3, column, head, bold=True)
    for row, (segment, numbers) in enumerate(table.iterrows(), start=4):
        _text(sheet, row, 1, str(segment))
        for column, number in enumerate(numbers, start=2):
            _fill(sheet, row, column, float(number))


def _asked(question: Question) -> str:
    return f"{question.stem}: {question.words}" if question.stem else question.words


def _fill(sheet: Worksheet, row: int, column: int, value: float | int | str) -> None:
    if isinstance(value, str):
        _text(sheet, row, column, value)
    else:
        sheet.cell(row, column).value = value


def _text(sheet: Worksheet, row: int, column: int, text: str, *, bold: bool = False, size: int = 11) -> None:
    """A text that stays one, whatever it begins with."""
    cell = sheet.cell(row, column)
    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", text)[:LONGEST]
    cell.data_type = "s"
    cell.font, cell.alignment = Font(bold=bold, size=size), Alignment(wrap_text=column > 1, vertical="top")


def _without_clock(book: Workbook) -> bytes:
    """The workbook's bytes with every date in them fixed, so that the same tool is the same file."""
    first, second = io.BytesIO(), io.BytesIO()
    book.save(first)
    with zipfile.ZipFile(first) as made, zipfile.ZipFile(second, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(entry, content)
    return second.getvalue()
