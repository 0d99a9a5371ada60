"""What a ranking of lookalikes is worth, for readers."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from ..words import count_words, few_words, join_words, percent_words, source_words
from .lookalike import FEWEST, Ranked

__all__ = ["describe_lookalikes", "tabulate_bands", "tabulate_likeness"]


def describe_lookalikes(ranked: Ranked | None, study: Study) -> Reading | Callout:
    """Whether the ranking finds later ones better than chance and better than one rule, and what to do with it.

    Parameters
    ----------
    ranked : Ranked or None
        None if the study asks for none.
    study : Study

    Returns
    -------
    Reading or Callout
    """
    if ranked is None:
        text = "Name under lookalike.seed the events that make somebody a seed, for instance [demo_booked]."
        return Callout("absent", "The study asks for no lookalikes.", text)
    who = f"{study.units} that {ranked.label}"
    if ranked.verdict == "no variable":
        return Callout(
            "caution", "No variable may predict.", "Every variable is an outcome, counts seeds or gives them away."
        )
    if ranked.verdict == "too few":
        text = (
            f"{few_words(ranked.seeds_then, FEWEST)} {study.units} {ranked.label} before the quarter and "
            f"{few_words(ranked.hidden, FEWEST)} more in it; at least {FEWEST} of each are needed to learn a ranking and to test it."
        )
        return Callout("absent", "There are too few seeds for lookalikes.", text)
    last = ranked.recovery.iloc[-1]
    tested = (
        f"Learned on the quarter before ({ranked.seeds_then:,d} {who}, called seeds, among {ranked.seeds_then + ranked.pool_then:,d}) and "
        f"tested on this one: {ranked.hidden:,d} of the {ranked.pool_then:,d} others did so for the first time. The {last['k']:,.0f} "
        f"ranked first ({last['band']:.0%}) hold {last['model']:.0%} of those (95 % interval {last['model_lower']:.0%} to "
        f"{last['model_upper']:.0%}); drawing by lot would find {last['chance']:.0%}"
        + (f", ranking by “{study.variable(ranked.rule).words}” alone {last['rule']:.0%}." if ranked.rule else ".")
    )
    return Reading([tested, _verdict(ranked, last), _prior(ranked, study)])


def _verdict(ranked: Ranked, last: pd.Series) -> str:
    if ranked.verdict == "beats the rule":
        return (
            f"In this largest band the ranking finds more than that one rule ({100 * last['over_rule']:+.0f} points, 95 % interval "
            f"{100 * last['over_rule_lower']:+.0f} to {100 * last['over_rule_upper']:+.0f}). It may be used; hold some of those ranked "
            "first out, because only that shows whether contact changes anything."
        )
    if ranked.verdict == "beats chance only":
        return (
            f"The ranking beats chance, but not that one rule beyond doubt ({100 * last['over_rule']:+.0f} points, 95 % interval "
            f"{100 * last['over_rule_lower']:+.0f} to {100 * last['over_rule_upper']:+.0f}): take the rule, it is easier to explain."
        )
    return (
        f"The ranking beats nothing: it is not better than drawing by lot beyond doubt ({100 * last['over_chance']:+.0f} points, 95 % "
        f"interval {100 * last['over_chance_lower']:+.0f} to {100 * last['over_chance_upper']:+.0f}). Do not choose whom to contact by it."
    )


def _prior(ranked: Ranked, study: Study) -> str:
    out = ranked.left_out[~ranked.left_out["why"].str.startswith("its role")]
    screened = [f"“{study.variable(row.variable).words}” ({row.why})" for row in out.itertuples()]
    kept = f"Left out so that nothing gives the answer away: {join_words(screened)}. " if screened else ""
    return (
        f"{kept}How many of the others are truly like seeds cannot be told: the usual estimate (Elkan and Noto) says "
        f"{percent_words(ranked.prior)}, but it holds only where seeds and others can be told apart cleanly, and here the area under the "
        f"curve is {ranked.auc_seed:.2f} (0.5 is chance, 1 is perfect)."
    )


def tabulate_bands(ranked: Ranked | None, *, units: str = "units", source: str = "") -> Table:
    """Audience bands: how many of the later ones each would have found, beside chance and one rule.

    Parameters
    ----------
    ranked : Ranked or None
    units : str
    source : str

    Returns
    -------
    Table
    """
    if ranked is None or ranked.recovery.empty:
        return Table(pd.DataFrame(), "No bands.", empty="")
    told, now = ranked.recovery, len(ranked.ranking)
    table = pd.DataFrame({
        "ranked first": [f"{band:.0%}" for band in told["band"]],
        f"{units} now": [int(-(-band * now // 1)) for band in told["band"]],
        "found": told["model"], "from": told["model_lower"], "to": told["model_upper"],
        "by one rule": told["rule"], "by lot": told["chance"],
        "over the rule, points": 100 * told["over_rule"],
        "from ": 100 * told["over_rule_lower"], "to ": 100 * told["over_rule_upper"],
    })  # fmt: skip
    shares = dict.fromkeys(("found", "from", "to", "by one rule", "by lot"), ".0%")
    points = dict.fromkeys(("over the rule, points", "from ", "to "), "+.0f")
    caption = (
        f"Share of later {units} found in each band. n = {ranked.hidden:,d} {units} that {ranked.label} first in this quarter, among "
        f"{ranked.pool_then:,d}.{source_words(source)}"
    )
    note = (
        f"From, to: 95 % bootstrap interval over those {ranked.hidden:,d}; the ranking is held fixed. Without the rule's own variable the "
        f"last band holds {ranked.without_rule:.0%}."
    )
    return Table(table, caption, {**shares, **points}, note)


def tabulate_likeness(ranked: Ranked | None, study: Study, *, source: str = "", most: int = 8) -> Table:
    """In what those ranked first differ from the seeds they should resemble.

    Parameters
    ----------
    ranked : Ranked or None
    study : Study
    source : str
    most : int
        Rows shown.

    Returns
    -------
    Table
    """
    if ranked is None or ranked.drift.empty:
        return Table(pd.DataFrame(), "No drift.", empty="")
    drift = (
        ranked.drift.assign(size=ranked.drift["expansion"].abs())
        .sort_values("size", ascending=False, kind="stable")
        .head(most)
    )
    first = ranked.ranking["band"].notna().sum()
    table = pd.DataFrame({
        "variable": [study.variable(name).words for name in drift["variable"]],
        "ranked first against seeds": drift["expansion"], "all others against seeds": drift["pool"],
    })  # fmt: skip
    caption = (
        f"Where those ranked first differ most from seeds, in standard deviations. n = {count_words(int(first), 'unit')} ranked first, "
        f"{len(ranked.ranking):,d} ranked.{source_words(source)}"
    )
    formats = dict.fromkeys(("ranked first against seeds", "all others against seeds"), "+.2f")
    note = "0 is alike. A ranking that overshoots (further from seeds than the others, on the other side) picks caricatures of them."
    return Table(table, caption, formats, note)
