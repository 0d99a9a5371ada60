"""Were there enough interviews? New codes per interview, over many orders, and what the number could have missed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..words import count_words, join_words, percent_words
from .coded import CodedInterviews, Presence, code_presence, presence_words
from .intervals import wilson_interval

__all__ = [
    "Saturation",
    "describe_saturation",
    "measure_saturation",
    "seen_chance",
    "stopping_point",
    "tabulate_saturation",
]

EVERYBODY = "all"
CURVE = ["segment", "n", "seen", "mean", "lower", "upper", "stopped"]
SUMMARY = ["segment", "people", "codes", "base_codes", "reached", "label", "last_ratio", "stopped", "once", "reason"]
PREVALENCES = (0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True)
class Saturation:
    """How the list of codes grew with the interviews.

    Attributes
    ----------
    curve : pandas.DataFrame
        One row a segment ("all" is everybody) and number of interviews n: seen (codes after n interviews in the order they were
        held), mean, lower, upper (the same over random orders: mean and middle 95 %), stopped (share of orders in
        which the
        stopping rule had been met by then).
    summary : pandas.DataFrame
        One row a segment: people, codes seen, base_codes, reached (interview at which the rule was met, <NA> if never), label
        (such as "6+2"), last_ratio (new codes in the last run over base codes), stopped (share of orders that met the
        rule
        before the interviews ran out), once (codes only one person has), reason.
    missed : pandas.DataFrame
        segment, n, prevalence, seen (chance that a theme held by that share of people was heard at least once), needed
        (people
        for a chance of 95 %).
    base, run, threshold, orders, random_state
        The choices.
    presence : str
        The rule by which a person has a code, as a sentence.
    source : str
    """

    curve: pd.DataFrame
    summary: pd.DataFrame
    missed: pd.DataFrame
    base: int
    run: int
    threshold: float
    orders: int
    random_state: int
    presence: str = ""
    source: str = ""


def seen_chance(prevalence: float, n: int) -> float:
    """Chance to hear a theme at least once in n interviews if that share of people hold it: 1 - (1-p)^n.

    Parameters
    ----------
    prevalence : float
        0 to 1.
    n : int

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If the share is not between 0 and 1 or n is negative.

    Examples
    --------
    >>> round(seen_chance(0.1, 12), 3)
    0.718
    """
    if not 0 <= prevalence <= 1 or n < 0:
        raise ParameterError(f"need a share between 0 and 1 and n of 0 or more; got {prevalence}, {n}")
    return float(1 - (1 - prevalence) ** n)


def stopping_point(new_codes: list[int], *, base: int = 4, run: int = 2, threshold: float = 0.05) -> int | None:
    """Interview at which saturation was reached, by the rule of Guest, Namey and Chen (2020).

    Parameters
    ----------
    new_codes : list of int
        Codes first heard in each interview, in order.
    base, run : int
        Interviews in the base, and in each run after it; runs slide by one.
    threshold : float
        Reached when new codes in a run over codes in the base are no more than this.

    Returns
    -------
    int or None
        The interview before the first run that brought so little; None if there is none.

    Raises
    ------
    ParameterError
        If base or run is below 1 or the threshold below 0.

    Notes
    -----
    Guest G, Namey E, Chen M (2020), PLoS ONE 15(5): e0232076. Written "6+2": reached at interview 6, confirmed by the
    next 2.

    Examples
    --------
    37 codes in the first four interviews, then 7, 4 and 1 new ones in the runs 5-6, 6-7 and 7-8: 19 %, 11 %, 3 %.

    >>> stopping_point([20, 9, 5, 3, 4, 3, 1, 0])
    6
    """
    _check_choices(base, run, threshold)
    seen = np.concatenate([[0], np.cumsum(new_codes)])
    found = _first_stop(seen[None, :], base, run, threshold)[0]
    return None if found < 0 else int(found)


def measure_saturation(
    coded: CodedInterviews,
    *,
    base: int = 4,
    run: int = 2,
    threshold: float = 0.05,
    orders: int = 1000,
    random_state: int,
    presence: Presence = "consensus",
) -> Saturation:
    """How the list of codes grew: in the order of the interviews, over random orders, and within each segment.

    Parameters
    ----------
    coded : CodedInterviews
    base, run, threshold
        The rule, see ``stopping_point``.
    orders : int
        Random orders, at least 1: one order of interviews is one draw from many.
    random_state : int
    presence : {"consensus", "any", "first"}
        Who has a code, see ``code_presence``.

    Returns
    -------
    Saturation
        Empty tables without codings.

    Raises
    ------
    ParameterError
        If base, run or orders is below 1, or the threshold below 0.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(measure_saturation(nobody, random_state=1).curve)
    0
    """
    _check_choices(base, run, threshold)
    if orders < 1:
        raise ParameterError(f"orders must be at least 1; got {orders}")
    table = code_presence(coded, presence)
    curves, summaries, missed = [], [], []
    if len(coded.codings):
        rng = np.random.default_rng(random_state)
        segment = coded.people["segment"]
        parts = [(EVERYBODY, table), *((name, table[(segment == name).fillna(False)]) for name in coded.segments)]
        for name, part in parts:
            curve, summary = _grow(name, part.to_numpy(dtype=bool), rng, (base, run, threshold, orders))
            curves.append(curve)
            summaries.append(summary)
            missed += [
                (name, len(part), p, seen_chance(p, len(part)), math.ceil(math.log(0.05) / math.log(1 - p)))
                for p in PREVALENCES
            ]
    curve = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE)
    summary = pd.DataFrame(summaries, columns=SUMMARY).astype({"reached": "Int64"})
    chances = pd.DataFrame(missed, columns=["segment", "n", "prevalence", "seen", "needed"])
    words = presence_words(coded, presence)
    return Saturation(curve, summary, chances, base, run, threshold, orders, random_state, words, coded.source)


def _check_choices(base: int, run: int, threshold: float) -> None:
    if base < 1 or run < 1 or threshold < 0:
        raise ParameterError(
            f"need base and run of 1 or more and a threshold of 0 or more; got {base}, {run}, {threshold}"
        )


def _first_stop(seen: np.ndarray, base: int, run: int, threshold: float) -> np.ndarray:
    """First s >= base with (seen[s+run] - seen[s]) / seen[base] <= threshold, for each row; -1 if none."""
    n = seen.shape[1] - 1
    if n < base + run:
        return np.full(len(seen), -1)
    new = seen[:, base + run :] - seen[:, base : n - run + 1]
    met = (new <= threshold * seen[:, [base]] + 1e-12) & (seen[:, [base]] > 0)
    return np.where(met.any(axis=1), met.argmax(axis=1) + base, -1)


def _grow(
    name: str, table: np.ndarray, rng: np.random.Generator, choices: tuple[int, int, float, int]
) -> tuple[pd.DataFrame, tuple[object, ...]]:
    base, run, threshold, orders = choices
    n = len(table)
    ranks = (
        np.concatenate([np.arange(n)[None, :], rng.random((orders, n)).argsort(axis=1)]) if n else np.zeros((1, 0), int)
    )
    first = np.where(table[None], ranks[:, :, None], n).min(axis=1, initial=n)  # when each order first hears each code
    seen = np.stack([(first < after).sum(axis=1) for after in range(n + 1)], axis=1)
    stops = _first_stop(seen, base, run, threshold)
    drawn = seen[1:] if n else seen
    needed = np.where(stops[1:] < 0, np.inf, stops[1:] + run)
    steps = np.arange(1, n + 1)
    lower, upper = np.quantile(drawn[:, 1:], [0.025, 0.975], axis=0) if n else (np.array([]), np.array([]))
    stopped = [(needed <= after).mean() for after in steps]
    curve = pd.DataFrame(
        {
            "segment": name, "n": steps, "seen": seen[0, 1:], "mean": drawn[:, 1:].mean(axis=0),
            "lower": lower, "upper": upper, "stopped": np.asarray(stopped, dtype=float),
        }
    )[CURVE]  # fmt: skip
    reached = None if stops[0] < 0 else int(stops[0])
    base_codes = int(seen[0, min(base, n)])
    ratio = (seen[0, n] - seen[0, n - run]) / base_codes if n >= base + run and base_codes else math.nan
    reason = "" if reached is not None else _why(n, base, run, base_codes)
    label = "" if reached is None else f"{reached}+{run}"
    share = float(stopped[-1]) if stopped else math.nan
    once = int((table.sum(axis=0) == 1).sum())
    return curve, (name, n, int(seen[0, n]), base_codes, reached, label, ratio, share, once, reason)


def _why(n: int, base: int, run: int, base_codes: int) -> str:
    if n < base + run:
        return f"needs at least {base + run} interviews, has {n}"
    return "no codes in the base" if not base_codes else "every run still brought new codes"


def describe_saturation(saturation: Saturation) -> Reading | Callout:
    """Whether more interviews would have brought more, in plain words.

    Parameters
    ----------
    saturation : Saturation

    Returns
    -------
    Reading or Callout
        Absent without codings.

    Examples
    --------
    >>> empty = Saturation(pd.DataFrame(columns=CURVE), pd.DataFrame(columns=SUMMARY), pd.DataFrame(), 4, 2, 0.05, 10, 1)
    >>> describe_saturation(empty).kind
    'absent'
    """
    if saturation.summary.empty:
        return Callout("absent", "Nobody was interviewed, so whether enough was heard is no question yet.")
    row = saturation.summary.iloc[0]
    n, run = int(row["people"]), saturation.run
    rule = (
        f"Saturation means that further interviews bring hardly anything new. The rule: count the codes of the first "
        f"{saturation.base} interviews; stop when the next {run} bring no more than "
        f"{percent_words(saturation.threshold)} of that number."
    )
    if pd.isna(row["reached"]):
        outcome = f"In the order they were held, the {count_words(n, 'interview')} did not reach it: {row['reason']}."
    else:
        outcome = (
            f"In the order they were held, it was reached at interview {row['reached']} (written {row['label']}: the "
            f"{run} after "
            f"it confirm). That order is one of many: in {saturation.orders:,d} random orders of the same interviews "
            "the rule was met "
            f"before they ran out in {'all of them' if row['stopped'] == 1 else percent_words(row['stopped'])}."
        )
    heard = count_words(int(row["codes"]), "code was", "codes were")
    outcome += f" {heard} heard in all, {row['once'] or 'none'} of them from one person only."
    return Reading([rule, outcome, _limits(saturation, n)])


def _limits(saturation: Saturation, n: int) -> str:
    chances = saturation.missed[saturation.missed["segment"] == EVERYBODY].set_index("prevalence")
    text = (
        f"Not heard is not the same as not there. With {count_words(n, 'interview')} of people drawn by lot, a theme that 1 customer in 10 "
        "holds had a chance "
        f"of {percent_words(chances.at[0.1, 'seen'])} to come up at least once, one that 1 in 20 holds "
        f"{percent_words(chances.at[0.05, 'seen'])}."
    )
    if n:
        most = percent_words(wilson_interval(0, n)[1])
        text += (
            f" A theme nobody mentioned may still be held by up to {most} (95 % interval, 0 of {n}). People who were chosen may "
            "leave more unsaid."
        )
    parts = saturation.summary.iloc[1:]
    thin = parts[parts["people"] < saturation.base + saturation.run]
    if len(thin):
        named = [
            f"{s} ({count_words(int(k), 'person', 'people')})"
            for s, k in zip(thin["segment"], thin["people"], strict=True)
        ]
        text += f" Within a segment there is too little to judge for {join_words(named)}."
    return text


def tabulate_saturation(saturation: Saturation) -> Table:
    """Saturation by segment and what the number of interviews could have missed.

    Parameters
    ----------
    saturation : Saturation

    Returns
    -------
    Table
        Segment, People, Codes heard, From one person only, Reached at, Orders that reach it, and the chance to have
        heard a
        theme that 1 in 10 or 1 in 5 hold.

    Examples
    --------
    >>> empty = Saturation(pd.DataFrame(columns=CURVE), pd.DataFrame(columns=SUMMARY), pd.DataFrame(), 4, 2, 0.05, 10, 1)
    >>> list(tabulate_saturation(empty).frame.columns)[:3]
    ['Segment', 'People', 'Codes heard']
    """
    table = saturation.summary
    people = table["people"].astype(int)
    frame = pd.DataFrame(
        {
            "Segment": table["segment"].replace({EVERYBODY: "Everybody"}),
            "People": people,
            "Codes heard": table["codes"].astype(int),
            "From one person only": table["once"].astype(int),
            "Reached at": [
                label or (f"not reached: {why}" if why else "not reached")
                for label, why in zip(table["label"], table["reason"], strict=True)
            ],
            "Orders that reach it": table["stopped"].astype(float),
            "Chance to hear a theme of 1 in 10": [seen_chance(0.1, n) for n in people],
            "Chance to hear a theme of 1 in 5": [seen_chance(0.2, n) for n in people],
        }
    )
    shares = {name: ".0%" for name in frame.columns[5:]}
    caption = (
        f"Saturation by the rule of Guest, Namey and Chen (2020): base {saturation.base}, run {saturation.run}, "
        "threshold "
        f"{percent_words(saturation.threshold)}; {saturation.orders:,d} random orders, seed {saturation.random_state}. "
        f"{saturation.presence} {saturation.source}"
    )
    return Table(frame, caption.strip(), shares)
