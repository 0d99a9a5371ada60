"""Typing tool: the fewest questions that place a new person in a segment, as JSON, SQL, workbook and a form for a phone."""

from __future__ import annotations

from .ask import next_question
from .form import write_typing_form
from .measured import TypingTest
from .questions import Option, Question, gather_questions
from .sheet import write_typing_sheet
from .sql import format_typing_sql
from .tool import TypingTool, build_typing_tool, place_answers
from .words import describe_typing, segment_words, tabulate_questions, tabulate_recall
from .write import export_typing_tool, write_typing_tool

__all__ = [
    "Option",
    "Question",
    "TypingTest",
    "TypingTool",
    "build_typing_tool",
    "describe_typing",
    "export_typing_tool",
    "format_typing_sql",
    "gather_questions",
    "next_question",
    "place_answers",
    "segment_words",
    "tabulate_questions",
    "tabulate_recall",
    "write_typing_form",
    "write_typing_sheet",
    "write_typing_tool",
]
