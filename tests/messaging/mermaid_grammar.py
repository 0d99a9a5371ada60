"""A strict parser of Mermaid's ``journey`` diagram, written from the published grammar.

Grammar: mermaid-js/mermaid, packages/mermaid/src/diagrams/user-journey/parser/journey.jison (commit 8c40eb3). Tokens are tried in
the order of the grammar, as its generator does; what no rule takes is an error. Comments are refused: none is meant to be written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKENS = (
    ("NEWLINE", r"\n+"), ("SPACE", r"\s+"), ("journey", r"journey"), ("title", r"title\s[^#\n;]+"),
    ("acc_title", r"accTitle\s*:\s*(?P<acc_title_value>[^\n]*)"), ("acc_descr", r"accDescr\s*:\s*(?P<acc_descr_value>[^\n]*)"),
    ("section", r"section\s[^#:\n;]+"), ("taskName", r"[^#:\n;]+"), ("taskData", r":[^#\n;]+"),
)  # fmt: skip
COMMENT = re.compile(r"%%(?!\{)[^\n]*|[^}]%%[^\n]*|#[^\n]*")


@dataclass
class Journey:
    """What the diagram holds."""

    title: str = ""
    acc_title: str = ""
    acc_descr: str = ""
    sections: list[str] = field(default_factory=list)
    tasks: list[tuple[str, str, int, list[str]]] = field(default_factory=list)  # section, task, score, actors


def parse(text: str) -> Journey:
    """Parse or raise ValueError with the place."""
    tokens = list(_lex(text))
    if not tokens or tokens[0][0] != "journey":
        raise ValueError("does not begin with journey")
    found, position = Journey(), 1
    while position < len(tokens):
        kind, value = tokens[position]
        if kind == "title":
            found.title = value[6:].strip()
        elif kind in ("acc_title", "acc_descr"):
            setattr(found, kind, value.strip())
        elif kind == "section":
            found.sections.append(value[8:].strip())
        elif kind == "taskName":
            position += 1
            if position == len(tokens) or tokens[position][0] != "taskData":
                raise ValueError(f"task without data: {value!r}")
            found.tasks.append(_task(found.sections[-1] if found.sections else "", value, tokens[position][1]))
        elif kind != "NEWLINE":
            raise ValueError(f"{kind} where a statement must begin: {value!r}")
        position += 1
    return found


def _lex(text: str):
    place = 0
    while place < len(text):
        if COMMENT.match(text, place):
            raise ValueError(f"a comment swallows {text[place : place + 40]!r}")
        for kind, pattern in TOKENS:
            match = re.compile(pattern, re.I).match(text, place)
            if match:
                if kind != "SPACE":
                    yield kind, match.groupdict().get(f"{kind}_value", match.group())
                place = match.end()
                break
        else:
            raise ValueError(f"no rule takes {text[place : place + 40]!r}")


def _task(section: str, name: str, data: str) -> tuple[str, str, int, list[str]]:
    """As ``addTask`` of the diagram reads it: score, then actors after the second colon, divided by commas."""
    pieces = data[1:].split(":")
    if len(pieces) > 2 or not re.fullmatch(r"\s*[1-5]\s*", pieces[0]):
        raise ValueError(f"not a score of 1 to 5 with actors: {data!r}")
    actors = [actor.strip() for actor in pieces[1].split(",")] if len(pieces) == 2 else []
    if not all(actors):
        raise ValueError(f"an actor without a name: {data!r}")
    return section, name.strip(), int(pieces[0]), actors
