"""What is different from last quarter and what to do about it, gathered from the results of all stages; nothing is computed anew."""

from __future__ import annotations

from typing import Any

from ..display import Callout, Pointers, Reading
from ..words import count_words
from ..workspace import Workspace
from .since_segments import Change, Tone, drift_changes, move_changes, refit_changes, segment_changes
from .since_work import (
    experiment_changes,
    goal_changes,
    limit_changes,
    persona_changes,
    prediction_changes,
    proof_changes,
    sales_changes,
)

__all__ = ["Change", "describe_since", "gather_changes", "list_changes", "say_first"]

PARTS = (
    experiment_changes, prediction_changes, segment_changes, refit_changes, persona_changes, proof_changes, sales_changes, goal_changes,
    limit_changes, move_changes, drift_changes,
)  # fmt: skip
TONES: dict[str, str] = {
    "act": "Nothing asks for a decision.", "changed": "Nothing else changed beyond chance.",
    "same": "Nothing was found to be as before.", "unknown": "Everything that this study has can be told.",
}  # fmt: skip


def gather_changes(run: Workspace) -> tuple[Change, ...]:
    """Everything that differs from last quarter, from the results of the stages before.

    Parameters
    ----------
    run : Workspace
        Whose other stages are done.

    Returns
    -------
    tuple of Change
        Harm first, goals last among what asks for a decision; empty where there is no last quarter.
    """
    before = run.read("membership_previous")
    if not before["segment"].notna().any():
        return ()
    least = run.study.choices.min_cell
    found: list[Change] = []
    for part in PARTS:
        found += part(run, least)
    return tuple(found)


def describe_since(changes: tuple[Change, ...], run: Workspace) -> Reading | Callout:
    """How much asks for a decision, how much changed, how much is the same; and where last quarter had no report, what that means."""
    if not changes:
        return Callout(
            "absent",
            "There is no last quarter to compare with.",
            f"{run.period} is the first quarter with data for it. The next report begins with what has changed since.",
        )
    count = {tone: sum(change.tone == tone for change in changes) for tone in TONES}
    text = (
        f"Since {run.period.previous}, {_things(count['act'])} {'asks' if count['act'] < 2 else 'ask'} for a decision, "
        f"{_things(count['changed'])} changed without asking for one, and {_things(count['same'])} {_is(count['same'])} as before or as "
        "wanted, as far as can be told."
    )
    text += f" For {_things(count['unknown'])} nobody can tell yet." if count["unknown"] else ""
    return Reading([text, *_say_reckoned(run)])


def _say_reckoned(run: Workspace) -> list[str]:
    """What "as before" rests on where last quarter left nothing behind."""
    kept = run.previous
    if kept is not None and kept.has("membership"):
        return []
    return [
        f"No report of {run.period.previous} is kept. What it is compared with was reckoned now, from the data of then: “as before” means "
        "before by this quarter's reckoning, not by what anybody was told then."
    ]


def list_changes(changes: tuple[Change, ...], tone: Tone) -> Pointers | Reading:
    """Changes of one tone as a list with links to their pages; a sentence where there are none.

    Parameters
    ----------
    changes : tuple of Change
    tone : {"act", "changed", "same", "unknown"}

    Returns
    -------
    Pointers or Reading

    Examples
    --------
    >>> list_changes((), "act").paragraphs
    []
    >>> made = (Change("Segments", "02_segments", "same", "All go on."),)
    >>> list_changes(made, "act").paragraphs, list_changes(made, "same").items
    (['Nothing asks for a decision.'], (('02_segments', 'Segments', 'All go on.'),))
    """
    rows = tuple((change.page, change.topic, change.text) for change in changes if change.tone == tone)
    if rows:
        return Pointers(rows)
    return Reading([TONES[tone]] if changes else [])


def say_first(changes: tuple[Change, ...], run: Workspace) -> dict[str, Any]:
    """What the front door shows before anything else, and what this page puts to decision.

    Parameters
    ----------
    changes : tuple of Change
    run : Workspace

    Returns
    -------
    dict
        text and acts: topic, text and page of each, all of them; for ``build_front``.
    """
    told = describe_since(changes, run)
    text = told.paragraphs[0] if isinstance(told, Reading) else f"{told.title} {told.text}"
    acts = [
        {"topic": change.topic, "text": change.text, "page": change.page} for change in changes if change.tone == "act"
    ]
    return {"text": text, "acts": acts}


def _things(n: int) -> str:
    return count_words(n, "thing") if n else "nothing"


def _is(n: int) -> str:
    return "is" if n < 2 else "are"
