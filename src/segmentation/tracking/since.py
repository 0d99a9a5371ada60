"""What is different from last quarter and what to do about it, gathered from the results of all stages; nothing is computed anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..display import Callout, Pointers, Reading
from ..messaging import find_stale_proofs
from ..messaging.rates import order_segments, say_per_cent
from ..words import count_words, few_words, join_words
from ..workspace import Workspace
from .hypothesis_words import say_predictions
from .kpi_history import say_signals
from .registration import load_experiments
from .wording import difference_words, joint_words

__all__ = ["Change", "describe_since", "gather_changes", "list_changes", "say_first"]

HEARD = 3  # conversations from which an objection without a message is worth a line
NAMED = 3  # of a list, before "and N more"
WRONG = {
    "above": "at_most",
    "below": "at_least",
    "first gap": "at_least",
}  # signals of a KPI that are bad news, by what is wanted of it
Tone = Literal["act", "changed", "same", "unknown"]
TONES: dict[str, str] = {
    "act": "Nothing asks for a decision.", "changed": "Nothing else changed beyond chance.",
    "same": "Nothing was found to be as before.", "unknown": "Everything that this study has can be told.",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One thing to know about this quarter against the last.

    Attributes
    ----------
    topic : str
        What it is about, a word or two.
    page : str
        Stage whose page has the numbers.
    tone : {"act", "changed", "same", "unknown"}
        Asks for a decision; changed, for information; looked at and the same; could not be compared.
    text : str
        A sentence or two with n.
    """

    topic: str
    page: str
    tone: Tone
    text: str


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
    parts = (_experiments, _predictions, _segments, _refit, _personas, _proofs, _sales, _goals, _limits, _moves, _drift)
    for part in parts:
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


def _segments(run: Workspace, least: int) -> Iterator[Change]:
    table, moves = run.read("identity"), run.read("moves")
    states = table[table["state"] != "survives"]
    kept = order_segments(table.loc[table["state"] == "survives", "new"])
    sizes = moves.set_index("segment")["n"].astype(int)
    if len(states):
        words = {
            "new": "{new} is new (n = {n})", "split": "{new} is new and came mostly out of {related} (n = {n})",
            "gone": "{old} has no counterpart any more", "merged": "most of {old} is in {related} now",
        }  # fmt: skip
        said = [
            words[row.state].format(
                new=row.new, old=row.old, related=row.related, n=few_words(int(sizes.get(row.new, 0)), least)
            )
            for row in states.itertuples()
        ]
        ask = "Decide on its name, persona and goals" if len(said) == 1 else "Decide on names, personas and goals"
        text = f"{'; '.join(said)}. {ask}."
        yield Change("Segments", "02_segments", "act", text[0].upper() + text[1:])
    if kept:
        carried = "carries" if len(kept) == 1 else "carry"
        yield Change("Segments", "02_segments", "same", f"{join_words(kept)} {carried} on under the same id.")
    for row in moves[moves["verdict"].isin(["grew", "shrank"])].itertuples():
        text = (
            f"{row.segment} {row.verdict} among those in a segment in both quarters by {100 * abs(row.change):.1f} points (95 % interval "
            f"{100 * row.change_lower:+.1f} to {100 * row.change_upper:+.1f}; n = {row.matched:,d}); it is {row.share:.0%} of "
            f"{run.study.units} in a segment now (n = {row.n:,d})."
        )
        yield Change("Sizes", "06_tracking", "changed", text)
    steady = moves.loc[moves["verdict"] == "no clear change", "segment"]
    if len(steady):
        many = len(steady) > 1
        words = f"{join_words(steady)} {'are' if many else 'is'} as large as before, as far as can be told"
        yield Change(
            "Sizes", "06_tracking", "same", f"{words} (n = {int(moves['matched'].iloc[0]):,d} in both quarters)."
        )


def _refit(run: Workspace, least: int) -> Iterator[Change]:
    trigger = run.read("refit") if run.has("refit") else pd.DataFrame({"fired": []})
    fired = trigger[trigger["fired"].fillna(False).astype(bool)] if len(trigger) else trigger
    if len(fired):
        signs = join_words(f"{row.words} ({row.found:.2f}, limit {row.limit:.2f})" for row in fired.itertuples())
        yield Change(
            "Refit", "06_tracking", "act", f"Decide whether this quarter's refit is taken. What asks for it: {signs}."
        )
    elif len(trigger) and trigger["fired"].isna().any():
        text = "No solution was frozen last quarter, so only part of the signs that ask for a refit could be read; none of those did."
        yield Change("Refit", "06_tracking", "unknown", text)
    elif len(trigger):
        yield Change("Refit", "06_tracking", "same", "No sign asks for a refit: the solution still fits.")


def _moves(run: Workspace, least: int) -> Iterator[Change]:
    if not run.has("moves_noise"):
        return
    flows = run.read("moves_noise")
    total = flows[flows["from"] == "all"].iloc[0]
    if not total["base"] or not total["draws"]:
        yield Change("Moves", "06_tracking", "unknown", "How many a refit would place elsewhere is not known.")
        return
    clear = few_words(int(total["clear"]), least)
    text = (
        f"{int(total['n']):,d} of {int(total['base']):,d} {run.study.units} ({total['share']:.0%}) are in another segment; {clear} moved "
        f"from well inside one to well inside another. A refit would place {total['noise']:.0%} elsewhere, up to "
        f"{total['noise_upper']:.0%}; this is not the noise of answers and counts, which was not measured."
    )
    inner = flows[(flows["from"] != "all") & flows["beyond"] & (flows["n"] >= least)].sort_values(
        "n", ascending=False, kind="stable"
    )
    named = join_words(
        f"{row['from']} to {row['to']} ({int(row['n'])} of {int(row['base'])})" for _, row in inner.head(3).iterrows()
    )
    text += f" More than a refit moves: {named}." if len(inner) else ""
    yield Change("Moves", "06_tracking", "changed" if total["beyond"] else "same", text)


def _drift(run: Workspace, least: int) -> Iterator[Change]:
    drift = run.read("drift")
    tested = drift[drift["q"].notna()] if len(drift) else drift
    if not len(tested):
        yield Change("Variables", "01_data", "unknown", "No variable could be compared with last quarter.")
        return
    moved = tested[tested["q"].astype(float) <= run.study.choices.alpha]
    if not len(moved):
        yield Change(
            "Variables", "01_data", "same", f"None of {count_words(len(tested), 'variable')} changed beyond chance."
        )
        return
    top = moved.reindex(moved["effect"].astype(float).abs().sort_values(ascending=False, kind="stable").index).head(3)
    said = [f"“{run.study.variable(row.variable).words}” ({_say_effect(row)})" for row in top.itertuples()]
    text = f"{len(moved)} of {count_words(len(tested), 'variable')} changed beyond chance: {join_words(said)}"
    text += f" and {len(moved) - len(top)} more." if len(moved) > len(top) else "."
    yield Change("Variables", "01_data", "changed", text)


def _say_effect(row: Any) -> str:
    size = f"{row.effect:+.2f} standard deviations" if row.kind != "nominal" else f"Cramer's V {row.effect:.2f}"
    return f"{size}, n = {int(row.n_previous):,d} and {int(row.n):,d}"


def _goals(run: Workspace, least: int) -> Iterator[Change]:
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


def _limits(run: Workspace, least: int) -> Iterator[Change]:
    control = run.read("kpi_control") if run.has("kpi_control") else pd.DataFrame()
    if not len(control):
        return
    judged = control["signal"].isin(["above", "below", "within", "first time", "first gap"])
    aims = (
        run.read("kpis").drop_duplicates("kpi").set_index("kpi")["direction"]
        if run.has("kpis")
        else pd.Series(dtype="str")
    )
    wrong = [aims.get(row.kpi) == WRONG.get(row.signal, "none") for row in control.itertuples()]
    bad, other = (say_signals(control[np.array(mask, dtype=bool)]) for mask in (wrong, [not one for one in wrong]))
    if bad:
        text = f"Worse than the limits of the quarters before. {'; '.join(bad)}. Find out why, and decide what is done about it."
        yield Change("KPIs", "06_tracking", "act", text)
    if other:
        yield Change(
            "KPIs", "06_tracking", "changed", f"Outside the limits of the quarters before. {'; '.join(other)}."
        )
    if bad or other:
        return
    if judged.any():
        text = f"All {int(judged.sum())} shares that have a past long enough lie within their limits."
        yield Change("KPIs", "06_tracking", "same", text)
    else:
        yield Change("KPIs", "06_tracking", "unknown", "No KPI has a past long enough for limits.")


def _experiments(run: Workspace, least: int) -> Iterator[Change]:
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


def _predictions(run: Workspace, least: int) -> Iterator[Change]:
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


def _personas(run: Workspace, least: int) -> Iterator[Change]:
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
    text += f"; and of {len(said) - 3} more personas" if len(said) > 3 else ""
    yield Change("Personas", "04_personas", "act", f"{text}. Revise or drop.")


def _proofs(run: Workspace, least: int) -> Iterator[Change]:
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


def _sales(run: Workspace, least: int) -> Iterator[Change]:
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
