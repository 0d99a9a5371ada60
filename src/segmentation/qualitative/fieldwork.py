"""How fieldwork went against the plan that was frozen before it: who came, who refused, and what that may bend.

A plan that may change while people answer is no plan. Its rows carry a stamp of themselves; a file whose rows no longer match it is
refused, and what has changed about the people since is said, not repaired.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from ..words import count_words, join_words, percent_words
from .intervals import wilson_interval
from .sampling import COLUMNS, SamplingPlan

__all__ = [
    "ANSWERS", "Fieldwork", "describe_fieldwork", "measure_fieldwork", "plan_sheet", "stamp_of", "tabulate_fieldwork", "tabulate_refusals",
]  # fmt: skip

ANSWERS = ("came", "refused", "no show", "no answer")
LOGGED = ("frozen", "answer", "answered_on")
QUOTAS = ["segment", "wanted", "invited", *ANSWERS, "rate", "lower", "upper", "short"]
BENDS = ["variable", "came", "others", "n_came", "n_others", "difference", "lower", "upper", "bends"]
NO_PLAN = Callout(
    "absent",
    "No plan of interviews was frozen for this study.",
    "Save exports/interview_plan.csv beside the study file, name it as `interview_plan`, and write what became of each person into its "
    "column answer. This section then says who came, who refused, and what that may bend.",
)


@dataclass(frozen=True)
class Fieldwork:
    """What became of a frozen plan.

    Attributes
    ----------
    quotas : pandas.DataFrame
        One row a segment: segment, wanted (people to be asked first), invited (with an answer), came, refused, no show, no answer, rate
        (came of invited) with Wilson's 95 % interval, short (wanted less came).
    bends : pandas.DataFrame
        One row a numeric descriptor: means of those who came and of the others who were invited (missing below ``min_cell`` people),
        their difference in standard deviations of all units with its 95 % interval, bends (the interval excludes 0).
    frozen : str
        Quarter and stamp of the plan; empty without a plan.
    expected : float
        Response rate the plan was made for.
    same, moved, gone : int
        People of the plan who are in the segment they were chosen for, in another one, or in none today.
    again : int or None
        People a plan made today would name as well; None if not compared.
    silent, unplanned : tuple of str
        Units that came and have no interview; interviewees' units that are not in the plan.
    people : int
        Interviewees.
    more : int
        Interviewees beyond the first of their unit.
    nowhere : int
        Interviewees whose unit is not known.
    min_cell : int
    units : str
    labels : dict
    """

    quotas: pd.DataFrame
    bends: pd.DataFrame
    frozen: str = ""
    expected: float = math.nan
    same: int = 0
    moved: int = 0
    gone: int = 0
    again: int | None = None
    silent: tuple[str, ...] = ()
    unplanned: tuple[str, ...] = ()
    min_cell: int = 10
    units: str = "units"
    people: int = 0
    more: int = 0
    nowhere: int = 0


def stamp_of(sheet: pd.DataFrame, unit: str) -> str:
    """Twelve hexadecimal digits that stand for the planned rows; answers do not count.

    Parameters
    ----------
    sheet : pandas.DataFrame
        Text cells; the plan's columns, the unit's under its own name.
    unit : str

    Returns
    -------
    str

    Examples
    --------
    >>> row = dict.fromkeys(COLUMNS, "") | {"id": "u1"}
    >>> stamp_of(pd.DataFrame([row]), "id") == stamp_of(pd.DataFrame([row | {"answer": "came"}]), "id")
    True
    """
    columns = [unit if name == "unit" else name for name in COLUMNS]
    text = "\n".join("\x1f".join(map(str, cells)) for cells in sheet[columns].itertuples(index=False))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def plan_sheet(plan: SamplingPlan, unit: str) -> pd.DataFrame:
    """The plan as the team gets it: text cells, the unit under its own name, room to log the answer.

    Parameters
    ----------
    plan : SamplingPlan
    unit : str

    Returns
    -------
    pandas.DataFrame
        The plan's columns, then frozen, answer and answered_on, empty.
    """
    sheet = plan.table.rename(columns={"unit": unit})
    return sheet.map(lambda cell: "" if pd.isna(cell) else str(cell)).assign(**dict.fromkeys(LOGGED, ""))


def measure_fieldwork(
    sheet: pd.DataFrame | None,
    study: Study,
    features: pd.DataFrame,
    membership: pd.DataFrame,
    *,
    interviewed: Collection[str | None] = (),
    fresh: SamplingPlan | None = None,
) -> Fieldwork:
    """Count who came of those invited, by segment, and compare them with those who did not.

    Parameters
    ----------
    sheet : pandas.DataFrame or None
        The frozen plan with answers, as ``read_interview_plan`` gives it; None without one.
    study : Study
        ``choices.response_rate`` and ``min_cell`` are used.
    features : pandas.DataFrame
        Index unit; numeric descriptors are compared.
    membership : pandas.DataFrame
        Index unit; column segment, today's.
    interviewed : collection of str or None
        Unit of every interviewee, as often as it has interviewees; None where it is not known.
    fresh : SamplingPlan, optional
        The plan as it would be made today, nobody left out for having been interviewed.

    Returns
    -------
    Fieldwork
        Empty tables without a plan.
    """
    quotas, bends = pd.DataFrame(columns=QUOTAS), pd.DataFrame(columns=BENDS)
    if sheet is None or sheet.empty:
        return Fieldwork(quotas, bends, min_cell=study.choices.min_cell, units=study.units)
    unit = study.unit
    rows = [_quota(str(segment), part) for segment, part in sheet.groupby("segment", sort=False)]
    today = membership["segment"].astype(object).set_axis(membership.index.astype(str)).reindex(sheet[unit].astype(str))
    there = today.notna().to_numpy()
    same = (today.astype(str).to_numpy() == sheet["segment"].astype(str).to_numpy()) & there
    came = set(sheet.loc[sheet["answer"] == "came", unit].astype(str))
    planned = set(sheet[unit].astype(str))
    units = [name for name in interviewed if name is not None]
    heard = set(units)
    again = None if fresh is None else len(planned & set(fresh.table["unit"].astype(str)))
    return Fieldwork(
        pd.DataFrame(rows, columns=QUOTAS), _bends(sheet, study, features), str(sheet["frozen"].iloc[0]),
        study.choices.response_rate, int(same.sum()), int((there & ~same).sum()), int((~there).sum()), again,
        tuple(sorted(came - heard)), tuple(sorted(heard - planned)), study.choices.min_cell, study.units, len(interviewed),
        len(units) - len(heard), len(interviewed) - len(units),
    )  # fmt: skip


def _quota(segment: str, part: pd.DataFrame) -> tuple[object, ...]:
    wanted = int((part["stands"] == "asked").sum())
    counts = [int((part["answer"] == answer).sum()) for answer in ANSWERS]
    invited, came = sum(counts), counts[0]
    rate = came / invited if invited else math.nan
    return (segment, wanted, invited, *counts, rate, *wilson_interval(came, invited), max(0, wanted - came))


def _bends(sheet: pd.DataFrame, study: Study, features: pd.DataFrame) -> pd.DataFrame:
    invited = sheet[sheet["answer"] != ""].set_index(study.unit)["answer"]
    known = features.set_axis(features.index.astype(str))
    rows = []
    for variable in study.descriptors:
        if variable.level != "numeric" or variable.role == "outcome" or variable.name not in known:
            continue
        values = known[variable.name].astype(float)
        spread = float(values.std())
        own = values.reindex(invited.index.astype(str)).to_numpy()
        here = (invited == "came").to_numpy() & ~np.isnan(own)
        away = (invited != "came").to_numpy() & ~np.isnan(own)
        n, m = int(here.sum()), int(away.sum())
        if min(n, m) < study.choices.min_cell or not spread > 0:
            rows.append((variable.words, math.nan, math.nan, n, m, *[math.nan] * 3, False))
            continue
        one, other = own[here] / spread, own[away] / spread
        half = 1.959964 * math.sqrt(float(one.var(ddof=1)) / n + float(other.var(ddof=1)) / m)
        difference = float(one.mean() - other.mean())
        lower, upper = difference - half, difference + half
        rows.append(
            (
                variable.words,
                one.mean() * spread,
                other.mean() * spread,
                n,
                m,
                difference,
                lower,
                upper,
                lower > 0 or upper < 0,
            )
        )
    table = pd.DataFrame(rows, columns=BENDS)
    order = (
        table["difference"].astype(float).abs().sort_values(ascending=False, kind="stable", na_position="last").index
    )
    return table.loc[order].reset_index(drop=True)


def describe_fieldwork(work: Fieldwork) -> Reading | Callout:
    """Who came, who did not, what that may bend, and what has changed since the plan was frozen.

    Parameters
    ----------
    work : Fieldwork

    Returns
    -------
    Reading or Callout
        Absent without a frozen plan.

    Examples
    --------
    >>> describe_fieldwork(Fieldwork(pd.DataFrame(columns=QUOTAS), pd.DataFrame(columns=BENDS))).kind
    'absent'
    """
    if not work.frozen:
        return NO_PLAN
    return Reading([_say_response(work), *_say_people(work), _say_bends(work), _say_changes(work)])


def _say_response(work: Fieldwork) -> str:
    totals = work.quotas[["wanted", "invited", *ANSWERS]].sum().astype(int)
    text = f"The plan frozen in {work.frozen.split()[0]} wanted {count_words(totals['wanted'], 'interview')}. "
    if not totals["invited"]:
        return f"{text}Nobody has been invited yet: the column answer of the plan is empty."
    lower, upper = wilson_interval(totals["came"], totals["invited"])
    lost = join_words(f"{totals[answer] or 'nobody'} {words}" for answer, words in _WORDS.items())
    share = percent_words(totals["came"] / totals["invited"])
    text += (
        f"{totals['invited']} were invited and {totals['came']} came: {share} (95 % interval {percent_words(lower)} to "
        f"{percent_words(upper)}), where {percent_words(work.expected)} is what this study plans with now; {lost}."
    )
    short = work.quotas[work.quotas["short"] > 0]
    if len(short):
        listed = join_words(f"{row.segment} ({row.came} of {row.wanted})" for row in short.itertuples())
        text += f" The quota was not reached in {listed}."
    else:
        text += " The quota was reached in every segment."
    return text


def _say_people(work: Fieldwork) -> list[str]:
    """Why more or fewer people were interviewed than came by the plan; nothing where the two are the same."""
    came = int(work.quotas["came"].sum())
    if not work.people or work.people == came:
        return []
    first = work.people - work.more - work.nowhere - len(work.unplanned)
    parts = [f"one each of {first:,d} {work.units} in the plan"] if first else []
    if work.more:
        parts.append(
            f"{count_words(work.more, 'further person', 'further people')} of the same {work.units}, whom the plan does not count"
        )
    if work.unplanned:
        parts.append(f"{len(work.unplanned)} of {work.units} outside the plan")
    if work.nowhere:
        parts.append(f"{work.nowhere} whose place is not known")
    lead = f"{count_words(work.people, 'person was', 'people were')} interviewed and {came or 'nobody'} came by the plan. They are "
    return [f"{lead}{join_words(parts)}."]


_WORDS = {"refused": "refused", "no show": "agreed and did not show up", "no answer": "did not answer"}


def _say_bends(work: Fieldwork) -> str:
    judged = work.quotas[work.quotas["invited"] > 0].sort_values("rate", kind="stable")
    text = ""
    if len(judged) > 1:
        low, high = judged.iloc[0], judged.iloc[-1]
        text = (
            f"They came least often from {low['segment']} ({low['came']} of {low['invited']}, 95 % interval {percent_words(low['lower'])} "
            f"to {percent_words(low['upper'])}) and most often from {high['segment']} ({high['came']} of {high['invited']}, "
            f"{percent_words(high['lower'])} to {percent_words(high['upper'])})"
            + (": the intervals overlap, so this may be chance. " if high["lower"] <= low["upper"] else ". ")
        )
    compared = work.bends[work.bends["difference"].notna()]
    if compared.empty:
        return text + f"Fewer than {work.min_cell} came or stayed away, too few to compare them."
    found = compared[compared["bends"].astype(bool)]
    if found.empty:
        return text + (
            f"Those who came differ from those who did not in none of {count_words(len(compared), 'number')} beyond what chance gives; "
            "with so few people only large differences show."
        )
    listed = join_words(
        f"{row.variable} ({row.came:,.1f} against {row.others:,.1f}; {row.difference:+.2f} standard deviations)"
        for row in found.head(3).itertuples()
    )
    by_chance = 0.05 * len(compared)
    return text + (
        f"Those who came differ from those who did not in {listed}. What only the others could have told is missing from the interviews: "
        f"read what is said here as said by people like those who came. Of {count_words(len(compared), 'number')} compared, about "
        f"{by_chance:.0f} would differ by chance alone."
    )


def _say_changes(work: Fieldwork) -> str:
    total = work.same + work.moved + work.gone
    text = (
        f"The plan is used as it was frozen (stamp {work.frozen.split()[-1]}) and not made anew. Of its {count_words(total, 'row')}, "
        f"{work.same} are today in the segment they were chosen for, {work.moved} in another and {work.gone} in none."
    )
    if work.again is not None:
        text += f" A plan made today by the same rule would name {work.again} of them again."
    if work.silent:
        text += f" Of those who came, {count_words(len(work.silent), 'interview')} {'is' if len(work.silent) == 1 else 'are'} not here."
    if work.unplanned:
        were = "was" if len(work.unplanned) == 1 else "were"
        text += f" Without being in the plan {were} interviewed: {len(work.unplanned)} {work.units}."
    return text


def tabulate_fieldwork(work: Fieldwork) -> Table:
    """Quota, invitations and answers by segment.

    Parameters
    ----------
    work : Fieldwork

    Returns
    -------
    Table
        Segment, Wanted, Invited, Came, Refused, No show, No answer, Came of invited, Interval, Short.

    Examples
    --------
    >>> list(tabulate_fieldwork(Fieldwork(pd.DataFrame(columns=QUOTAS), pd.DataFrame(columns=BENDS))).frame.columns)[:3]
    ['Segment', 'Wanted', 'Invited']
    """
    quotas = work.quotas
    counted = {answer.capitalize(): quotas[answer].to_numpy() for answer in ANSWERS}
    intervals = [
        "–" if pd.isna(row.lower) else f"{percent_words(row.lower)} to {percent_words(row.upper)}"
        for row in quotas.itertuples()
    ]
    frame = pd.DataFrame(
        {
            "Segment": quotas["segment"].astype(str),
            "Wanted": quotas["wanted"].to_numpy(),
            "Invited": quotas["invited"].to_numpy(),
            **counted,
            "Came of invited": [percent_words(rate) for rate in quotas["rate"]],
            "Interval": intervals,
            "Short": quotas["short"].to_numpy(),
        }
    )
    caption = f"The frozen plan ({work.frozen}) and what became of it, n = {int(quotas['invited'].sum())} invited. Intervals: 95 %, Wilson."
    return Table(frame, caption)


def tabulate_refusals(work: Fieldwork, *, most: int = 8) -> Table:
    """Those who came beside those who were invited and did not.

    Parameters
    ----------
    work : Fieldwork
    most : int
        Rows at most, the largest differences.

    Returns
    -------
    Table
        What, Came, Did not come, Difference, Interval, n.

    Examples
    --------
    >>> list(tabulate_refusals(Fieldwork(pd.DataFrame(columns=QUOTAS), pd.DataFrame(columns=BENDS))).frame.columns)[:3]
    ['What', 'Came', 'Did not come']
    """
    shown = work.bends[work.bends["difference"].notna()].head(most)
    frame = pd.DataFrame(
        {
            "What": shown["variable"].astype(str),
            "Came": shown["came"].astype(float),
            "Did not come": shown["others"].astype(float),
            "Difference": shown["difference"].astype(float),
            "Interval": [f"{row.lower:+.2f} to {row.upper:+.2f}" for row in shown.itertuples()],
            "n": [f"{row.n_came} and {row.n_others}" for row in shown.itertuples()],
        }
    )
    caption = (
        f"Means of those who came and of those who were invited and did not, the {len(shown)} largest of "
        f"{len(work.bends)} differences; in standard deviations of all {work.units}, with 95 % interval."
    )
    return Table(frame, caption, {"Difference": "+.2f"})
