"""Sentences and a table about classes that differ in what drives an outcome."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from ..words import count_words, join_words
from .mixture import RegressionMixture
from .words import row_words

__all__ = ["describe_mixtures", "tabulate_mixtures"]

DRIVERS = 3
BLURRED = 0.6  # relative entropy below which single units cannot be put in a class


def describe_mixtures(mixtures: Sequence[RegressionMixture], study: Study) -> Reading | Callout:
    """Whether the same things go with an outcome for everybody, and else what goes with it in each class."""
    if not mixtures:
        return Callout(
            "absent",
            f"This study names no numeric outcome, so nothing says whether it has the same drivers for all {study.units}.",
            "Give a numeric variable role: outcome to see.",
        )
    if all(m.reason for m in mixtures):
        said = "; ".join(f"{_name(m, study)}: {m.reason}" for m in mixtures)
        return Callout("caution", "Not enough data to see whether drivers differ.", f"{said[:1].upper()}{said[1:]}.")
    lead = (
        f"A regression mixture asks whether one equation fits all {study.units}, or whether there are classes with equations of their own. "
        "More classes always fit better; the BIC charges for each, and the number with the lowest BIC is taken. Classes were made to "
        "differ, so there is no test of a difference, only values and intervals."
    )
    return Reading([lead, *(_paragraph(m, study) for m in mixtures)])


def tabulate_mixtures(mixtures: Sequence[RegressionMixture], study: Study) -> Table:
    """Coefficients of each class side by side, a row a variable."""
    records = []
    for m in mixtures:
        for (name, level), part in m.coefficients.groupby(["variable", "level"], sort=False) if m.classes else ():
            record = {
                "outcome": _name(m, study),
                "variable": row_words(name, level, study) if name else "start (everything else 0)",
            }
            for row in part.itertuples():
                record[f"class {row[1]}"] = (
                    f"{row.estimate:+.2f} ({row.lower:+.2f} to {row.upper:+.2f}){' •' if _clear(row) else ''}"
                )
            records.append(record | {"n": m.n})
    n = max((m.n for m in mixtures), default=0)
    frame = pd.DataFrame(records)
    if len(frame):
        frame = frame[[*(name for name in frame.columns if name != "n"), "n"]]
    caption = (
        f"What one more of each variable adds to the outcome, all else equal, in each class, with 95 % intervals. n = {n:,} {study.units} "
        "with outcome and all variables, by outcome in the column n."
    )
    note = "• the interval does not hold 0. C1 is the largest class."
    return Table(frame, caption, {"n": ",d"}, note)


def _paragraph(m: RegressionMixture, study: Study) -> str:
    name = _name(m, study)
    if m.reason:
        return f"{name[:1].upper()}{name[1:]}: not enough data, {m.reason}."
    base = (
        f"{name[:1].upper()}{name[1:]} (n = {m.n:,} {study.units} with all {count_words(len(m.variables), 'variable')}"
    )
    base += f", {m.left_out:,} left out for missing one): " if m.left_out else "): "
    compared = ", ".join(f"{k}: {row['bic']:,.0f}" for k, row in m.comparison.iterrows())
    return f"{base}{f'by BIC ({compared}) ' if len(m.comparison) > 1 else ''}{_number(m)}{_classes(m, study)}{_cautions(m)}"


def _number(m: RegressionMixture) -> str:
    failed = (
        f"with {join_words(m.collapsed, last='or')} classes every search closed in on a few nearly equal values and none could be fitted"
        if m.collapsed
        else ""
    )
    if m.classes > 1 or len(m.comparison) == 1:
        number = "one class" if m.classes == 1 else f"{m.classes} classes"
        return f"{number}{f'; {failed}' if failed else ''}. "
    return f"one equation fits as well as several; no sign that drivers differ{f' ({failed})' if failed else ''}. "


def _classes(m: RegressionMixture, study: Study) -> str:
    said = []
    for segment, part in m.coefficients.groupby("class", sort=False):
        rows = part[part["variable"] != ""]
        clear = rows[[_clear(row) for row in rows.itertuples()]]
        top = clear.loc[(clear["estimate"] / clear["se"]).abs().sort_values(ascending=False, kind="stable").index].head(
            DRIVERS
        )
        drivers = [
            f"{row_words(r.variable, r.level, study)} {r.estimate:+.2f} ({r.lower:+.2f} to {r.upper:+.2f})"
            for r in top.itertuples()
        ]
        share = f"class {segment} ({m.shares[segment]:.0%} of everybody): " if m.classes > 1 else "for everybody "
        said.append(f"{share}{join_words(drivers) if drivers else 'nothing clearly goes with it'}")
    return f"What one more of a variable adds, all else equal, most certain first: {'; '.join(said)}."


def _cautions(m: RegressionMixture) -> str:
    text = ""
    row = m.comparison.loc[m.classes]
    if m.classes > 1 and row["entropy"] < BLURRED:
        text += (
            f" Who is in which class is uncertain (relative entropy {row['entropy']:.2f}; 1 would be certain): the equations can be read, "
            "single memberships cannot."
        )
    if row["starts"] > 1 and row["hits"] < 2:
        text += f" The best fit came only once in {int(row['starts'])} searches, so a better one may exist."
    return text


def _clear(row: object) -> bool:
    return bool(row.lower > 0 or row.upper < 0)


def _name(m: RegressionMixture, study: Study) -> str:
    return study.variable(m.outcome).words
