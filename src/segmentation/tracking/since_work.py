"""What is different in what the team works with: goals, limits, tests, predictions, personas, proofs, and what sales hears."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..messaging import find_stale_proofs
from ..messaging.rates import say_per_cent
from ..words import count_words, join_words
from ..workspace import Workspace
from .hypothesis_words import say_predictions
from .kpi_control import JUDGED, say_signals
from .registration import load_experiments
from .since_segments import Change
from .wording import difference_words, joint_words

__all__ = [
    "experiment_changes", "goal_changes", "limit_changes", "persona_changes", "prediction_changes", "proof_changes", "sales_changes",
]  # fmt: skip

HEARD = 3  # conversations from which an objection without a message is worth a line
NAMED = 3  # of a list, before "and N more"
WRONG = {
    "above": "at_most",
    "below": "at_least",
    "first gap": "at_least",
}  # signals of a KPI that are bad news, by what is wanted of it


def goal_changes(run: Workspace, least: int) -> Iterator[Change]:
    kpis = run.read("kpis")
    if not len(kpis):
        return
    for verdict, tone, words in (
        ("not met", "act", "Missed"),
        ("met", "same", "Met"),
        ("cannot tell", "unknown", "Cannot be told yet"),
    ):
        rows = kpis[kpis["met"] == verdict]
        if not len(rows):
            continue
        labels = rows.groupby("label", sort=False)
        said = [
            f"{label}: {join_words(_say_goal(row, verdict) for row in part.itertuples())}" for label, part in labels
        ]
        yield Change("Goals", "06_tracking", tone, f"{words}. {'; '.join(said)}.")  # type: ignore[arg-type]


def _say_goal(row: Any, verdict: str) -> str:
    where = "everybody" if row.segment == "all" else str(row.segment)
    if verdict != "not met":
        return where
    return f"{where} {say_per_cent(row.rate)} (target {say_per_cent(row.target)}, n = {int(row.denominator):,d})"


def limit_changes(run: Workspace, least: int) -> Iterator[Change]:
    control = run.read("kpi_control") if run.has("kpi_control") else pd.DataFrame()
    if not len(control):
        return
    judged = control["signal"].isin(JUDGED)
    aims = (
        run.read("kpis").drop_duplicates("kpi").set_index("kpi")["direction"]
        if run.has("kpis")
        else pd.Series(dtype="str")
    )
    wrong = [aims.get(row.kpi) == WRONG.get(row.signal, "none") for row in control.itertuples()]
    whole = control.loc[(control["segment"] == "all") & (control["signal"] == "first time"), "kpi"]
    new = ((control["signal"] == "first time") & control["kpi"].isin(whole)).tolist()
    rest = [not (one or first) for one, first in zip(wrong, new, strict=True)]
    bad, other, first = (say_signals(control[np.array(mask, dtype=bool)]) for mask in (wrong, rest, new))
    if bad:
        text = f"Worse than the limits of the quarters before. {'; '.join(bad)}. Find out why, and decide what is done about it."
        yield Change("KPIs", "06_tracking", "act", text)
    if other:
        yield Change(
            "KPIs", "06_tracking", "changed", f"Outside the limits of the quarters before. {'; '.join(other)}."
        )
    if first:
        text = f"Nothing to compare with: the quarters before have none on record. {'; '.join(first)}."
        yield Change("KPIs", "06_tracking", "unknown", text)
    if bad or other or first:
        return
    if judged.any():
        text = f"All {int(judged.sum())} shares that have a past long enough lie within their limits."
        yield Change("KPIs", "06_tracking", "same", text)
    else:
        yield Change("KPIs", "06_tracking", "unknown", "No KPI has a past long enough for limits.")


def experiment_changes(run: Workspace, least: int) -> Iterator[Change]:
    table = run.read("experiment")
    if not len(table) or "verdict" not in table:
        return
    titles = {experiment.id: experiment.title for experiment in load_experiments(run.study)}
    for key, rows in table[table["randomised"].astype(bool)].groupby("experiment", sort=False):
        yield from _experiment(f"“{titles.get(key, key)}”", rows)


def _experiment(name: str, rows: pd.DataFrame) -> Iterator[Change]:
    """What asks for a decision in one experiment, or that nothing does."""
    total, inner = rows[rows["segment"] == "all"], rows[rows["segment"] != "all"]
    odd = "not the sizes chance would give"
    if (total["verdict"] == "not read").any():
        text = f"{name} is not read: its arms are {odd}. Find what decided who was counted before any difference is believed."
        yield Change("Tests", "06_tracking", "act", text)
        return
    early = "" if rows["finished"].all() else " It goes on, and passed the limit of a planned look."
    found = {
        word: inner[inner["verdict"] == word] for word in ("harmed", "points to harm", "helped", "goes on", "not read")
    }
    if len(found["harmed"]):
        text = f"Stop {name} for {_say_lifts(found['harmed'])}: less of what was hoped for happened there.{early}"
        yield Change("Tests", "06_tracking", "act", text)
    if len(found["points to harm"]):
        text = f"Signs of harm, not beyond doubt, from {name} in {_say_lifts(found['points to harm'])}. Check before it goes there again."
        yield Change("Tests", "06_tracking", "act", text)
    if len(found["helped"]):
        yield Change(
            "Tests", "06_tracking", "act", f"Decide whether {name} goes to all of {_say_lifts(found['helped'])}.{early}"
        )
    if len(found["not read"]):
        where = join_words(found["not read"]["segment"])
        yield Change("Tests", "06_tracking", "unknown", f"{name} is not read in {where}: the arms there are {odd}.")
    named = sum(len(found[word]) for word in ("harmed", "points to harm", "helped"))
    if not rows["finished"].all():
        rest = f" for {join_words(found['goes on']['segment'])}" if named and len(found["goes on"]) else ""
        if not named or rest:
            yield Change("Tests", "06_tracking", "unknown", f"{name} goes on; nothing is concluded yet{rest}.")
    elif not named and inner["lift"].notna().any():
        yield Change(
            "Tests", "06_tracking", "unknown", f"{name} shows no clear difference in any segment that could be judged."
        )
    elif not named and not len(inner):
        yield Change(
            "Tests",
            "06_tracking",
            "unknown",
            f"{name} could be read over everybody only, and asks for nothing by segment.",
        )


def _say_lifts(rows: pd.DataFrame) -> str:
    said = [
        f"{row.segment} ({difference_words(row.lift, row.metric)}, "
        f"{joint_words(row.joint_lower, row.joint_upper, row.coverage, int(row.tests), row.metric)}; n = {int(row.n):,d} in the arm)"
        for row in rows.itertuples()
    ]
    return join_words(said)


def prediction_changes(run: Workspace, least: int) -> Iterator[Change]:
    log = run.read("hypotheses") if run.has("hypotheses") else pd.DataFrame({"quarter": []})
    now = log[log["quarter"] == str(run.period)]
    if not len(now):
        return
    names = {item["persona_id"]: item["name"] for item in run.read_json("personas")} if run.has("personas") else {}
    for verdict, tone in (("refuted", "act"), ("supported", "changed"), ("undecided", "unknown")):
        rows = now[now["verdict"] == verdict]
        if len(rows):
            tail = " Revise what is predicted, or the persona." if verdict == "refuted" else ""
            yield Change("Predictions", "06_tracking", tone, f"{say_predictions(rows, names)}{tail}")  # type: ignore[arg-type]


def persona_changes(run: Workspace, least: int) -> Iterator[Change]:
    claims = run.read("claims") if run.has("claims") else pd.DataFrame()
    if not len(claims):
        return
    names = {item["persona_id"]: item["name"] for item in run.read_json("personas")} if run.has("personas") else {}
    bad = claims[claims["status"].isin(["stale", "broken"])]
    if not len(bad):
        stands = int((claims["status"] == "ok").sum())
        yield Change("Personas", "04_personas", "same", f"All {stands} claims that cite evidence have it this quarter.")
        return
    said = [f"{names.get(persona, persona)}, “{rows['text'].iloc[0].rstrip('.')}”" + (f" and {len(rows) - 1} more" if len(rows) > 1 else "")
            for persona, rows in bad.groupby("persona_id", sort=False)]  # fmt: skip
    text = f"{count_words(len(bad), 'claim has', 'claims have')} lost its evidence: {'; '.join(said[:3])}"
    text = text.replace("claims have lost its", "claims have lost their")
    text += f"; and claims of {count_words(len(said) - 3, 'more persona')}" if len(said) > 3 else ""
    yield Change("Personas", "04_personas", "act", f"{text}. Revise or drop.")


def proof_changes(run: Workspace, least: int) -> Iterator[Change]:
    messages = run.read("messages") if run.has("messages") else pd.DataFrame()
    if not len(messages):
        return
    stale = find_stale_proofs(messages, run.period)
    if not len(stale):
        yield Change("Messages", "05_messaging", "same", "No proof in use is older than a year.")
        return
    oldest, verb = stale.iloc[0], "is" if len(stale) == 1 else "are"
    text = (
        f"{count_words(len(stale), 'proof')} in use {verb} older than a year, the oldest {oldest['proof_id']} of "
        f"{oldest['proof_date']:%Y-%m-%d} ({count_words(int(oldest['messages']), 'message')}). Renew or withdraw."
    )
    yield Change("Messages", "05_messaging", "act", text)


def sales_changes(run: Workspace, least: int) -> Iterator[Change]:
    heard = run.read("feedback") if run.has("feedback") else pd.DataFrame()
    if not len(heard):
        return
    names = {item["persona_id"]: item["name"] for item in run.read_json("personas")} if run.has("personas") else {}
    nowhere, gaps = (heard[heard["table"] == table] for table in ("unanswered", "gap"))
    gaps = gaps[(gaps["n"] >= HEARD) & ~gaps["item"].isin(nowhere["item"])]
    parts = []
    if len(nowhere):
        said = [f"{_quote(row)} ({int(row.n)} of {int(row.base)} conversations)" for row in _by_share(nowhere)]
        parts.append(f"No message to anybody answers {_first_of(said)}.")
    if len(gaps):
        said = [
            f"{_quote(row)} with {names.get(row.persona, row.persona)} ({int(row.n)} of {int(row.base)} conversations)"
            for row in _by_share(gaps)
        ]
        parts.append(f"Most often heard where no message to that persona answers it: {_first_of(said)}.")
    if parts:
        yield Change("Sales", "06_tracking", "act", " ".join([*parts, "Write an answer."]))


def _by_share(rows: pd.DataFrame) -> list[Any]:
    """Largest share of the conversations first; of equal shares the one that more conversations had."""
    share = rows["n"].astype(float) / rows["base"].astype(float)
    order = ["share", "n", "persona", "item"]
    return list(rows.assign(share=share).sort_values(order, ascending=[False, False, True, True]).itertuples())


def _first_of(said: list[str]) -> str:
    """The first few of a list, and how many there are besides.

    Examples
    --------
    >>> _first_of(["a", "b", "c", "d", "e"]), _first_of(["a", "b"])
    ('a, b, c and 2 more', 'a and b')
    """
    if len(said) <= NAMED:
        return join_words(said)
    return f"{', '.join(said[:NAMED])} and {len(said) - NAMED} more"


def _quote(row: Any) -> str:
    return f"“{str(row.item).replace('_', ' ')}”"
