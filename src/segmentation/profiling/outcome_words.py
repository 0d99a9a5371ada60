"""Sentences and tables about what goes with an outcome, and what segments add."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from ..words import join_words
from .outcomes import OutcomePrediction
from .words import COUNTED

__all__ = ["describe_outcomes", "tabulate_drivers", "tabulate_outcomes"]

ROUGH = 50  # events below which every number is called rough
DRIVERS = 3
ROWS = 12
GLOSS = {
    "AUC": (
        "AUC is the chance that, of one with the outcome and one without, the former is ranked higher: 0.5 is guessing, 1 is "
        "always right."
    ),
    "R squared": "R squared is the share of the differences that is told: 0 is no better than the average, 1 is all of it.",
}


def describe_outcomes(predictions: Sequence[OutcomePrediction], study: Study) -> Reading | Callout:
    """How well each outcome can be told of people held out, by what, and whether segments add anything."""
    if not predictions:
        return Callout(
            "absent",
            "This study names no outcome, so nothing says which variables go with one.",
            "Give a variable role: outcome (left, bought, value) to see which others tell it.",
        )
    judged = [p for p in predictions if not p.reason]
    if not judged:
        said = "; ".join(f"{_name(p, study)}: {p.reason}" for p in predictions)
        return Callout(
            "caution", "Not enough data to say what goes with the outcome.", f"{said[:1].upper()}{said[1:]}."
        )
    glosses = [GLOSS[measure] for measure in dict.fromkeys(p.measure for p in judged)]
    lead = (
        f"Every number below is about {study.units} held out: each is predicted by a regression fitted on the others (repeated five-fold "
        f"cross-validation), so that nothing is praised for knowing its own answer. {' '.join(glosses)}"
    )
    rest = [f"{_sentence(_name(p, study))}: not enough data, {p.reason}." for p in predictions if p.reason]
    end = (
        "These are associations: that a variable goes with an outcome does not mean that changing it changes the outcome. Variables "
        "that say the same share their importance."
    )
    return Reading([lead, *(_paragraph(p, study) for p in judged), *rest, end])


def tabulate_outcomes(predictions: Sequence[OutcomePrediction], study: Study) -> Table:
    """How well each outcome is told by segments, by variables and by both."""
    words = {
        "segments": "segments alone", "variables": "variables alone", "both": "variables and segments",
        "segments beyond variables": "gain: segments, beyond variables", "variables beyond segments": "gain: variables, beyond segments",
    }  # fmt: skip
    rows = [
        {
            "outcome": _name(p, study), "told by": words[str(name)], "measure": p.measure, "value": row["estimate"],
            "from": row["lower"], "to": row["upper"], "n": p.n, "events": None if p.events < 0 else p.events,
        }
        for p in predictions if not p.reason
        for table in (p.scores, p.gains)
        for name, row in table.iterrows()
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["outcome", "told by", "measure", "value", "from", "to", "n", "events"])
    n = max((p.n for p in predictions), default=0)
    caption = (
        f"Outcomes told of {study.units} held out, with 95 % intervals that allow for folds sharing {study.units}. n = {n:,} "
        f"{study.units}, by outcome in the column n."
    )
    note = "Gain: difference of the measure, paired by fold; an interval that holds 0 means that no gain is shown."
    formats = {"value": ".3f", "from": ".3f", "to": ".3f", "n": ",d", "events": ",.0f"}
    return Table(
        frame,
        caption,
        formats,
        note,
        empty="There is no outcome with enough data to predict.",
    )


def tabulate_drivers(predictions: Sequence[OutcomePrediction], study: Study, *, rows: int = ROWS) -> Table:
    """Variables by how much the prediction loses without them, the strongest ``rows`` of each outcome."""
    records = [
        {
            "outcome": _name(p, study), "variable": study.variable(str(name)).words,
            "goes with more of it": f"{row['direction']} values" if row["direction"] else "by name",
            "loss": row["estimate"], "from": row["lower"], "to": row["upper"], "q": row["q"],
            "shown": "yes" if p.shown(study.choices.alpha)[name] else "no", "measure": p.measure, "n": p.n,
        }
        for p in predictions if not p.reason
        for name, row in p.importance.head(rows).iterrows()
    ]  # fmt: skip
    columns = ["outcome", "variable", "goes with more of it", "loss", "from", "to", "q", "shown", "measure", "n"]
    n = max((p.n for p in predictions), default=0)
    caption = (
        f"What goes with an outcome: by how much the measure falls among {study.units} held out when the variable is shuffled, with "
        f"95 % interval. n = {n:,} {study.units}, by outcome in the column n."
    )
    note = (
        "q: the share of false alarms to expect among the variables of an outcome with a q this small; the control is over all variables "
        f"of the outcome. Shown: the variable is shown to tell something beyond the others (q of {study.choices.alpha:g} or less). The "
        "intervals are of each variable by itself."
    )
    formats = {"loss": ".3f", "from": ".3f", "to": ".3f", "q": "p", "n": ",d"}
    return Table(
        pd.DataFrame(records, columns=columns),
        caption,
        formats,
        note,
        empty="There is no outcome with enough data to predict.",
    )


def _paragraph(p: OutcomePrediction, study: Study) -> str:
    base = f"{p.events:,} of {p.n:,} {study.units}" if p.events >= 0 else f"n = {p.n:,} {study.units}"
    if p.effective < p.n * (1 - 1e-9):
        base += f", weighted, effective base {p.effective:,.0f}"
    if p.sampled_from:
        base += f"; a random part of {p.sampled_from:,} was used"
    own, segments, gain = p.scores.loc["variables"], p.scores.loc["segments"], p.gains.loc["segments beyond variables"]
    guess = 0.5 if p.measure == "AUC" else 0.0
    text = f"{_sentence(_name(p, study))} ({base}): "
    if own["lower"] <= guess:
        text += f"the variables do not tell it better than guessing does ({_range(own, p.measure)}). "
    else:
        text += (
            f"the variables tell it with {_range(own, p.measure)}; segments alone with {_range(segments, p.measure)}. "
        )
        text += _drivers(p, study)
    return f"{text}{_segments(p, gain)}{_cautions(p, study)}"


def _drivers(p: OutcomePrediction, study: Study) -> str:
    shown = p.importance[p.shown(study.choices.alpha)]
    sure = shown.head(DRIVERS)
    control = (
        f"q of {study.choices.alpha:g} or less; q is the share of false alarms to expect, controlled over "
        f"{'the one variable' if len(p.importance) == 1 else f'all {len(p.importance)} variables'}"
    )
    if sure.empty:
        return f"No single variable is shown to matter beyond the others ({control}). "
    said = [
        f"{study.variable(str(name)).words} ({f'{row.direction} values, more of it; ' if row.direction else ''}{_q_words(row.q)})"
        for name, row in sure.iterrows()
    ]
    more = len(shown) - len(sure)
    return f"What tells most is {join_words(said)}{f', and {more} more' if more else ''} ({control}). "


def _q_words(q: float) -> str:
    return "q below 0.001" if q < 0.001 else f"q = {q:.3f}"


def _segments(p: OutcomePrediction, gain: pd.Series) -> str:
    if p.formed_by_outcome:
        return "The segments were formed by this very outcome, so how well they tell it proves nothing."
    own, low, high = (round(float(gain[name]), 3) + 0.0 for name in ("estimate", "lower", "upper"))  # no minus zero
    numbers = f"difference {own:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}"
    if gain["lower"] > 0:
        return f"Segments add something beyond their variables ({numbers}): the link is not a straight line that regression sees."
    return (
        f"Segments add nothing beyond the variables ({numbers}), which is to be expected: they are made from them, as a summary to act "
        "on and not as a better prediction."
    )


def _cautions(p: OutcomePrediction, study: Study) -> str:
    text = ""
    few = min(p.events, p.n - p.events)
    if 0 <= few < ROUGH:
        side = "with" if p.events <= p.n - p.events else "without"
        text += f" With only {few:,} {study.units} {side} it, every number here is rough."
    outcome = study.variable(p.outcome)
    shown = p.shown(study.choices.alpha)
    same = [
        study.variable(str(name)).words
        for name in p.importance.index
        if shown[name] and study.variable(str(name)).measure in COUNTED and outcome.measure in COUNTED
    ]
    if same:
        verb = "is" if len(same) == 1 else "are"
        text += (
            f" {_sentence(join_words(same[:DRIVERS]))} {verb} counted in the same quarter as the outcome, so this may be the outcome "
            "under way and not a warning of it."
        )
    leaks = [study.variable(name).words for name, why in p.left_out.items() if "almost perfectly" in why]
    if leaks:
        text += f" Left out because it tells the outcome almost perfectly, and so may have been written after it: {join_words(leaks)}."
    return text


def _range(row: pd.Series, measure: str) -> str:
    return f"{'an AUC' if measure == 'AUC' else 'an R squared'} of {row['estimate']:.2f} ({row['lower']:.2f} to {row['upper']:.2f})"


def _name(p: OutcomePrediction, study: Study) -> str:
    return study.variable(p.outcome).words


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
