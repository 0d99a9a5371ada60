"""What is different in who is in which segment: ids, sizes, moves, the need for a refit, and the variables behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ..clustering.noise import name_real_flows
from ..messaging.rates import order_segments
from ..words import count_words, few_words, join_words
from ..workspace import Workspace

__all__ = ["Change", "Tone", "drift_changes", "move_changes", "refit_changes", "segment_changes"]

Tone = Literal["act", "changed", "same", "unknown"]


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


def segment_changes(run: Workspace, least: int) -> Iterator[Change]:
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
            f"{_say_span(row.change_lower, row.change_upper)}; n = {row.matched:,d}); it is {row.share:.0%} of "
            f"{run.study.units} in a segment now (n = {row.n:,d}). Moves that are noise are in this change."
        )
        yield Change("Sizes", "06_tracking", "changed", text)
    steady = moves.loc[moves["verdict"] == "no clear change", "segment"]
    if len(steady):
        many = len(steady) > 1
        words = f"{join_words(steady)} {'are' if many else 'is'} as large as before, as far as can be told"
        yield Change(
            "Sizes", "06_tracking", "same", f"{words} (n = {int(moves['matched'].iloc[0]):,d} in both quarters)."
        )


def _say_span(lower: float, upper: float) -> str:
    """An interval of a change, without signs where the verb has said which way it went.

    Examples
    --------
    >>> _say_span(-0.066, -0.033), _say_span(-0.001, 0.05)
    ('3.3 to 6.6', '-0.1 to +5.0')
    """
    if min(lower, upper) * max(lower, upper) <= 0:
        return f"{100 * lower:+.1f} to {100 * upper:+.1f}"
    near, far = sorted((abs(lower), abs(upper)))
    return f"{100 * near:.1f} to {100 * far:.1f}"


def refit_changes(run: Workspace, least: int) -> Iterator[Change]:
    trigger = run.read("refit") if run.has("refit") else pd.DataFrame({"fired": []})
    fired = trigger[trigger["fired"].fillna(False).astype(bool)] if len(trigger) else trigger
    if len(fired):
        signs = join_words(f"{row.words} ({row.found:.2f}, limit {row.limit:.2f})" for row in fired.itertuples())
        yield Change(
            "Refit", "06_tracking", "act", f"Decide whether this quarter's refit is taken. What asks for it: {signs}."
        )
    elif len(trigger) and trigger["fired"].isna().any():
        text = (
            "No report of last quarter is kept, so only part of the signs that ask for forming segments anew (a refit) could be read; none "
            "of those did."
        )
        yield Change("Refit", "06_tracking", "unknown", text)
    elif len(trigger):
        yield Change("Refit", "06_tracking", "same", "No sign asks for a refit: the solution still fits.")


def move_changes(run: Workspace, least: int) -> Iterator[Change]:
    if not run.has("moves_noise"):
        return
    flows = run.read("moves_noise")
    total = flows[flows["from"] == "all"].iloc[0]
    real = run.read("moves_real").iloc[0] if run.has("moves_real") else None
    if not total["base"]:
        yield Change(
            "Moves", "06_tracking", "unknown", "Nobody was in a segment in both quarters, so no move can be counted."
        )
        return
    text = f"{int(total['n']):,d} of {int(total['base']):,d} {run.study.units} ({total['share']:.0%}) are in another segment. "
    if real is None or real["reason"]:
        yield Change("Moves", "06_tracking", "unknown", f"{text}How many of these moves are real is not known.")
        return
    text += (
        f"Of the {int(real['n']):,d} that were there through both quarters about {real['rate']:.1%} really changed (95 % interval "
        f"{real['lower']:.1%} to {real['upper']:.1%}); had nobody changed, {real['noise']:.1%} would seem to have moved. "
        f"{few_words(int(real['clear']), least).capitalize()} of the moves {'is' if real['clear'] == 1 else 'are'} clear."
    )
    named = name_real_flows(flows, least)[:3]
    text += f" Where most are real: {join_words(named)}." if named else ""
    yield Change("Moves", "06_tracking", "changed" if real["clear"] else "same", text)


def drift_changes(run: Workspace, least: int) -> Iterator[Change]:
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
