"""The team's own hypotheses: a list in a file that the study names."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ..errors import StudyError, Violation, nearest_word
from .evidence import Hypothesis
from .explain import explain
from .model import Study
from .strict_yaml import read_yaml

__all__ = ["load_hypotheses"]

KEY = "hypotheses"


def load_hypotheses(source: Study | str | Path) -> tuple[Hypothesis, ...]:
    """Read and validate the file of hypotheses.

    Parameters
    ----------
    source : Study, str or Path
        YAML with the key ``hypotheses``: a list; or the study that names it under ``evidence``.

    Returns
    -------
    tuple of Hypothesis
        Empty when the study names none.

    Raises
    ------
    StudyError
        With every problem: not YAML, unknown keys, wrong values, the same statement twice, variables the study does not have.
    """
    if isinstance(source, Study) and source.evidence.hypotheses is None:
        return ()
    file = source.resolve(source.evidence.hypotheses or "") if isinstance(source, Study) else Path(source)
    if not file.is_file():
        raise StudyError([Violation("no such file", file.name, fix="Check the path; it is relative to the study file")])
    content, lines = read_yaml(file)
    if not isinstance(content, dict) or not isinstance(content.get(KEY), list):
        fix = f"Begin it with `{KEY}:`"
        raise StudyError([Violation(f"must hold the key {KEY!r} with a list", str(file), fix=fix)])
    found = [
        Violation("unknown key", str(file), None, str(word), line=lines.get((word,)), fix=nearest_word(word, [KEY]))
        for word in content
        if word != KEY
    ]
    items: list[Hypothesis] = []
    known = [variable.name for variable in source.variables] if isinstance(source, Study) else None
    for position, entry in enumerate(content[KEY]):
        try:
            item = Hypothesis.model_validate(entry)
        except ValidationError as error:
            found += explain(error, Hypothesis, str(file), lines, prefix=(KEY, position))
            continue
        line = lines.get((KEY, position, "variable"))
        if known is not None and item.variable is not None and item.variable not in known:
            hint = nearest_word(item.variable, known)
            found.append(
                Violation(
                    "no such variable", str(file), None, f"{KEY}.{position}.variable", item.variable, "", hint, line
                )
            )
        if any((item.segment, item.statement) == (other.segment, other.statement) for other in items):
            line = lines.get((KEY, position, "statement"))
            found.append(
                Violation("stands twice", str(file), None, f"{KEY}.{position}.statement", item.statement, line=line)
            )
        items.append(item)
    if found:
        raise StudyError(found)
    return tuple(items)
