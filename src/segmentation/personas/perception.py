"""The Persona Perception Scale: its form, and means by construct from what people answered.

Salminen, Santos, Kwak, An, Jung and Jansen (2020), International Journal of Human-Computer Studies 141, 102437. The wording of
their 28 statements is theirs. This suite asks about the same eight things in 28 statements of its own, unless the team puts the
authors' (or its own) in a file: answers to different statements are not comparable, so every page says which were used.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..display import Callout, Table
from ..errors import DataContractError, Violation, nearest_word
from ..study import Study

__all__ = [
    "CONSTRUCTS",
    "Item",
    "Perception",
    "cronbach_alpha",
    "load_perception",
    "score_perception",
    "tabulate_perception",
]

CONSTRUCTS = {
    "consistency": "whether what its parts say fits together",
    "completeness": "whether enough is said to decide by",
    "willingness_to_use": "whether one would work with it",
    "credibility": "whether it could be a real customer",
    "clarity": "whether it is easy to take in",
    "similarity": "whether one feels like it",
    "likability": "whether one likes it",
    "empathy": "whether one can feel with it",
}
CITATION = (
    "Salminen, Santos, Kwak, An, Jung and Jansen (2020). Persona Perception Scale: Development and exploratory validation of an "
    "instrument for evaluating individuals' perceptions of personas. International Journal of Human-Computer Studies 141, 102437."
)
OWN_STATEMENTS = Path(__file__).with_name("perception_items.csv")
PLACE = "persona.qcri.org, Survey Questions for Persona Perception Scale"
LOWEST, HIGHEST = 1, 7  # fully disagree to fully agree
ITEM_COLUMNS = ("item", "construct", "statement", "reversed")
SCORE_COLUMNS = ["persona_id", "construct", "items", "raters", "mean", "lower", "upper", "alpha"]


@dataclass(frozen=True)
class Item:
    """One statement of the scale; a reversed one counts 8 less the answer."""

    item: str
    construct: str
    statement: str
    reversed: bool = False


@dataclass(frozen=True)
class Perception:
    """Statements and, where there are answers, scores.

    Attributes
    ----------
    items : tuple of Item
        Empty for a study without a folder of personas.
    scores : pandas.DataFrame
        ``score_perception``; empty without answers.
    own : bool
        Whether the statements are this suite's own, not from a file of the team's.
    """

    items: tuple[Item, ...] = ()
    scores: pd.DataFrame | None = None
    own: bool = False

    @property
    def wording(self) -> str:
        """Whose statements these are, and what their answers can be compared with.

        Examples
        --------
        >>> Perception(own=True).wording.partition(":")[0]
        "Statements in this suite's words, not those of the published scale"
        """
        if not self.own:
            return "Statements from the team's items.csv."
        return (
            "Statements in this suite's words, not those of the published scale: answers to them compare personas with each other, "
            "and quarters, but not with published means. They have not been validated with a sample of raters. For the authors' "
            f"statements ({PLACE}; they ask to be cited) put a file items.csv into the folder perception beside the persona files."
        )


def load_perception(study: Study, personas: Collection[str] | None = None) -> Perception:
    """Statements and answers in the folder ``perception`` beside the persona files.

    Parameters
    ----------
    study : Study
        Its folder of personas may hold ``perception/items.csv`` (columns item, construct, statement, reversed; without it the
        suite's own 28 statements are asked) and ``perception/answers.csv`` (columns rater, persona_id and one an item, 1 to 7
        or blank).
    personas : collection of str, optional
        Ids that may be rated.

    Returns
    -------
    Perception
        Empty where the study has no folder of personas.

    Raises
    ------
    DataContractError
        With every problem of both files, with row and column.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> load_perception(tiny_study())
    Perception(items=(), scores=None, own=False)
    """
    if study.personas is None:
        return Perception()
    folder = study.resolve(study.personas) / "perception"
    statements, answers = folder / "items.csv", folder / "answers.csv"
    own = not statements.is_file()
    items = _read_items(OWN_STATEMENTS if own else statements)
    scores = score_perception(answers, items, personas=personas) if answers.is_file() else None
    return Perception(items, scores, own)


def score_perception(
    answers: Path | str, items: tuple[Item, ...], *, personas: Collection[str] | None = None
) -> pd.DataFrame:
    """Mean of each construct for each persona over those who rated it.

    Parameters
    ----------
    answers : Path or str
        CSV with columns rater, persona_id and one an item; 1 (fully disagree) to 7 (fully agree), blank for no answer.
    items : tuple of Item
    personas : collection of str, optional
        Ids that may be rated.

    Returns
    -------
    pandas.DataFrame
        persona_id, construct, items, raters (who answered at least half of its items), mean (1 to 7), lower and upper (95 %,
        Student's t over raters; NaN for one), alpha (Cronbach's, over raters who answered all; NaN for fewer than three, or
        one item).

    Raises
    ------
    DataContractError
        With every problem: columns, answers that are not 1 to 7, unknown personas, somebody who rated one twice.

    Examples
    --------
    >>> import tempfile
    >>> items = (Item("c1", "clarity", "One"), Item("c2", "clarity", "Two", reversed=True))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "answers.csv"
    ...     _ = file.write_text("rater,persona_id,c1,c2\\nA,s1-a,6,2\\nB,s1-a,4,4\\n")
    ...     score_perception(file, items)[["raters", "mean"]].values.tolist()
    [[2.0, 5.0]]
    """
    table = _read_answers(Path(answers), items, personas)
    for item in items:
        if item.reversed:
            table[item.item] = LOWEST + HIGHEST - table[item.item]
    rows = []
    for persona_id, rated in table.groupby("persona_id", sort=True):
        for construct in CONSTRUCTS:
            names = [item.item for item in items if item.construct == construct]
            if names:
                rows.append((persona_id, construct, len(names), *_summary(rated[names])))
    return pd.DataFrame(rows, columns=SCORE_COLUMNS)


def _summary(answers: pd.DataFrame) -> tuple[int, float, float, float, float]:
    from scipy.stats import t

    enough = answers.notna().sum(axis=1) >= answers.shape[1] / 2
    means = answers[enough].mean(axis=1)
    n = len(means)
    if n == 0:
        return 0, math.nan, math.nan, math.nan, math.nan
    centre = float(means.mean())
    half = float(t.ppf(0.975, n - 1) * means.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    low, high = (max(LOWEST, centre - half), min(HIGHEST, centre + half)) if n > 1 else (math.nan, math.nan)
    return n, centre, low, high, cronbach_alpha(answers.dropna())


def cronbach_alpha(answers: pd.DataFrame) -> float:
    """Cronbach's alpha of items answered by several people: k / (k - 1) (1 - sum of item variances / variance of sums).

    Parameters
    ----------
    answers : pandas.DataFrame
        One row a person, one column an item, nothing missing.

    Returns
    -------
    float
        NaN for fewer than two items or three people, or where nobody differs.

    Examples
    --------
    Both items have variance 1, the sums 2, 5, 5 have variance 3: 2 (1 - 2 / 3).

    >>> round(cronbach_alpha(pd.DataFrame({"a": [1, 2, 3], "b": [1, 3, 2]})), 4)
    0.6667
    """
    people, k = answers.shape
    whole = float(np.var(answers.sum(axis=1), ddof=1)) if people > 2 else 0.0
    if k < 2 or people < 3 or whole == 0:
        return math.nan
    return float(k / (k - 1) * (1 - answers.var(ddof=1).sum() / whole))


def tabulate_perception(perception: Perception, names: dict[str, str] | None = None) -> Table | Callout:
    """Means of the scale for readers.

    Parameters
    ----------
    perception : Perception
    names : dict of str to str, optional
        Persona id to name.

    Returns
    -------
    Table or Callout
        Absent where nobody has rated a persona.

    Examples
    --------
    >>> tabulate_perception(Perception()).title
    'Nobody has rated the personas yet.'
    """
    if perception.scores is None or perception.scores.empty:
        text = "Those who are to use a persona can rate it on the Persona Perception Scale; the wiki has its page."
        return Callout("absent", "Nobody has rated the personas yet.", text)
    names, scores = names or {}, perception.scores
    frame = pd.DataFrame(
        {
            "Persona": [names.get(key, key) for key in scores["persona_id"]],
            "Construct": [f"{name.replace('_', ' ')}: {CONSTRUCTS[name]}" for name in scores["construct"]],
            "Raters": scores["raters"].to_numpy(),
            "Mean": scores["mean"].to_numpy(),
            "From": scores["lower"].to_numpy(),
            "To": scores["upper"].to_numpy(),
            "Alpha": scores["alpha"].to_numpy(),
        }
    )
    caption = f"Persona Perception Scale, 1 (fully disagree) to 7 (fully agree), {len(frame)} means. From, to: 95 % interval over raters."
    note = f"Alpha (Cronbach's): how far the statements of a construct go together, 1 is fully. {perception.wording} Scale: {CITATION}"
    return Table(frame, caption, {"Mean": ".1f", "From": ".1f", "To": ".1f", "Alpha": ".2f"}, note)


def _rows(file: Path) -> list[tuple[int, list[str]]]:
    """Rows that are not blank, each with its number in the file."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        fix = "Save it as UTF-8"
        raise DataContractError([Violation(f"not UTF-8 text: {error.reason}", str(file), fix=fix)]) from None
    read = enumerate(csv.reader(io.StringIO(text, newline="")), start=1)
    return [(number, row) for number, row in read if any(cell.strip() for cell in row)]


def _read_items(file: Path) -> tuple[Item, ...]:
    rows = _rows(file)
    head = [cell.strip() for cell in rows[0][1]] if rows else []
    missing = [name for name in ITEM_COLUMNS[:3] if name not in head]
    if missing:
        fix = f"The first row names the columns: {', '.join(ITEM_COLUMNS)}"
        raise DataContractError([Violation("column is missing", str(file), 1, name, fix=fix) for name in missing])
    found: list[Violation] = []
    items: dict[str, Item] = {}
    for number, row in rows[1:]:
        cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
        name, construct, back = cells.get("item", ""), cells.get("construct", ""), cells.get("reversed", "").casefold()
        if not name or name in items or name in ("rater", "persona_id"):
            found.append(Violation("item must have a name of its own", str(file), number, "item", name))
        if construct not in CONSTRUCTS:
            hint = nearest_word(construct, CONSTRUCTS)
            found.append(
                Violation("no such construct", str(file), number, "construct", construct, ", ".join(CONSTRUCTS), hint)
            )
        if not cells.get("statement"):
            found.append(Violation("statement is empty", str(file), number, "statement"))
        if back not in ("", "yes", "no"):
            found.append(Violation("must be yes or no", str(file), number, "reversed", back, "yes, no or blank"))
        items.setdefault(name, Item(name, construct, cells.get("statement", ""), back == "yes"))
    if found:
        raise DataContractError(found)
    return tuple(items.values())


def _read_answers(file: Path, items: tuple[Item, ...], personas: Collection[str] | None) -> pd.DataFrame:
    rows = _rows(file)
    head = [cell.strip() for cell in rows[0][1]] if rows else []
    wanted = ["rater", "persona_id", *(item.item for item in items)]
    found = [Violation("column is missing", str(file), 1, name) for name in wanted if name not in head]
    found += [
        Violation("no such item", str(file), 1, name, fix=nearest_word(name, wanted))
        for name in head
        if name not in wanted
    ]
    found += [
        Violation("column stands twice", str(file), 1, name) for name in sorted({n for n in head if head.count(n) > 1})
    ]
    if found:
        raise DataContractError(found)
    seen: dict[tuple[str, str], int] = {}
    table: list[dict[str, Any]] = []
    for number, row in rows[1:]:
        cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
        who = (cells.get("rater", ""), cells.get("persona_id", ""))
        found += [
            Violation("is empty", str(file), number, key) for key in ("rater", "persona_id") if not cells.get(key)
        ]
        if personas is not None and who[1] and who[1] not in personas:
            hint = nearest_word(who[1], personas)
            found.append(Violation("no such persona", str(file), number, "persona_id", who[1], "", hint))
        if seen.setdefault(who, number) != number:
            fix = "Keep one of the two"
            found.append(
                Violation(f"rated this persona in row {seen[who]} too", str(file), number, "rater", who[0], "", fix)
            )
        entry: dict[str, Any] = {"rater": who[0], "persona_id": who[1]}
        for item in items:
            value = cells.get(item.item, "")
            if value and value not in {str(score) for score in range(LOWEST, HIGHEST + 1)}:
                found.append(Violation("not an answer", str(file), number, item.item, value, "1 to 7, or blank"))
                value = ""
            entry[item.item] = float(value) if value else math.nan
        table.append(entry)
    if found:
        raise DataContractError(found)
    return pd.DataFrame(table, columns=wanted)
