"""Sentences and a table about descriptors that were corrected for wrong assignment."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from ..words import count_words, join_words
from .chances import chance_words
from .posterior import SAME_RECORDS, WORST_CONDITION, PosteriorProfile
from .words import number, row_words

__all__ = ["describe_posterior", "tabulate_posterior"]

NOTABLE = 0.25  # of negative weight, beyond which a corrected number rests on differences of large parts
CERTAIN = 0.995
ROWS = 20


def describe_posterior(profile: PosteriorProfile, study: Study) -> Reading | Callout:
    """How sure assignments are, which descriptors the correction changes most, and where it cannot be trusted."""
    words = chance_words(study.segmentation.method)
    if profile.expected_right >= CERTAIN:
        return Reading(
            [
                f"Assignments of {_base(profile, study)} are as good as certain by this model ({profile.expected_right:.1%} expected to "
                f"be right{f', {words}' if words else ''}), so that descriptions need no correction for wrong ones."
            ]
        )
    lead = (
        f"Most probable segments are not certain: of {_base(profile, study)}, {profile.expected_right:.0%} are expected to be in the "
        f"segment they are assigned to{f' ({words})' if words else ''}. Wrong assignments blur a "
        "description, because each segment is then described by some who "
        "belong elsewhere."
    )
    if not profile.corrected:
        return Callout(
            "caution",
            "Descriptions of these segments cannot be corrected for wrong assignment.",
            f"{lead} {_why_not(profile)}",
        )
    how = (
        "The corrected values undo this with the chances of each wrong assignment (three-step correction). They hold if these "
        "chances are right, and if a descriptor depends on the base variables only through the segment."
    )
    parts = (f"{lead} {how}", _left_out(profile, study), _changes(profile, study), _limits(profile, study))
    return Reading([text for text in parts if text])


def tabulate_posterior(profile: PosteriorProfile, study: Study, *, rows: int = ROWS) -> Table:
    """Values as assigned and corrected, those that change most first."""
    shown = _by_change(profile.table).head(rows)
    frame = pd.DataFrame(
        {
            "descriptor": [row_words(r.variable, r.level, study) for r in shown.itertuples()],
            "segment": shown["segment"].to_numpy(),
            "as assigned": [_value(r, "modal", "modal_lower", "modal_upper", study) for r in shown.itertuples()],
            "corrected": [
                "left out"
                if r.reason and not r.withheld
                else _value(r, "estimate", "lower", "upper", study) + (" at the limit" if r.clipped else "")
                for r in shown.itertuples()
            ],
            "everybody": [number(r.total, r.variable, r.level, study) for r in shown.itertuples()],
            "n": shown["base"].to_numpy(),
            "effective base": shown["effective"].to_numpy(float),
        }
    )
    left = len(profile.table) - len(shown)
    caption = (
        f"Descriptors by segment, as assigned and corrected for wrong assignment, with 95 % intervals; largest changes first"
        f"{f', {left:,} further rows not shown' if left else ''}. n = {_base(profile, study)}, by row in the column n."
    )
    note = (
        f"Effective base: as many equally weighted {study.units} of certain segment would tell as much. Cells with fewer than "
        f"{study.choices.min_cell} {study.units} are withheld."
    )
    if profile.left_out:
        note += f" Left out: {SAME_RECORDS}, so that the correction does not hold."
    formats = {"n": ",d", "effective base": ",.0f"}
    return Table(frame, caption, formats, note, empty="The study has no descriptors to correct.")


def _base(profile: PosteriorProfile, study: Study) -> str:
    text = f"{profile.n:,} {study.units}"
    weighted = profile.effective < profile.n * (1 - 1e-9)
    return f"{text} (weighted; effective base {profile.effective:,.0f})" if weighted else text


def _why_not(profile: PosteriorProfile) -> str:
    never = [str(name) for name in profile.classification.columns[profile.classification.sum() == 0]]
    if never:
        return f"Nobody is most probably in {join_words(never)}, so nothing says how its members differ."
    return (
        f"The segments overlap so much that the correction would blow up small errors (condition number of the table of assignments "
        f"{profile.condition:,.0f}; {WORST_CONDITION:.0f} is the limit). Fewer segments, or more base variables, would help."
    )


def _left_out(profile: PosteriorProfile, study: Study) -> str:
    names = [study.variable(name).words for name in profile.left_out]
    if not names:
        return ""
    many = count_words(len(names), "descriptor")
    one = len(names) == 1
    return (
        f"{many[:1].upper()}{many[1:]} {'is' if one else 'are'} left out of the correction: {join_words(names)}. "
        f"{'It is' if one else 'They are'} {SAME_RECORDS}, so {'it depends' if one else 'they depend'} on it within a segment too, and "
        "correcting would make the value wrong."
    )


def _changes(profile: PosteriorProfile, study: Study) -> str:
    shown = _by_change(profile.table)
    shown = shown[shown["change"] > 0].drop_duplicates("variable").head(2)
    if shown.empty:
        return ""
    said = [
        f"{row_words(r.variable, r.level, study)} in {r.segment} is {number(r.estimate, r.variable, r.level, study)} "
        f"({number(r.lower, r.variable, r.level, study)} to {number(r.upper, r.variable, r.level, study)}, n = {r.base:,}) instead of "
        f"{number(r.modal, r.variable, r.level, study)} as assigned"
        for r in shown.itertuples()
    ]
    beyond = profile.table[
        (profile.table["estimate"] > profile.table["modal_upper"])
        | (profile.table["estimate"] < profile.table["modal_lower"])
    ]
    many = f"{count_words(len(beyond), 'corrected value')} of {profile.table['estimate'].notna().sum():,}"
    verb = "lies" if len(beyond) == 1 else "lie"
    many = f"{many[:1].upper()}{many[1:]} {verb} outside the interval of the usual estimate"
    return f"The correction changes most: {'; '.join(said)}. {many}."


def _limits(profile: PosteriorProfile, study: Study) -> str:
    table = profile.table[~profile.table["withheld"].astype(bool)]
    clipped = int(table["clipped"].sum())
    text = []
    if clipped:
        text.append(
            f"{count_words(clipped, 'share')} came out below 0 or above 100 % and {'stands' if clipped == 1 else 'stand'} at the limit: "
            "the chances of wrong assignment are not quite right for them."
        )
    heavy = table[table["negative"].astype(float) > NOTABLE]
    if len(heavy):
        names = list(dict.fromkeys(heavy["segment"]))
        text.append(
            f"In {join_words(names)} more than {NOTABLE:.0%} of the weight is negative (members taken off because they seem to belong "
            "elsewhere), so these values rest on few people: see their effective base."
        )
    return " ".join(text)


def _by_change(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by how far the correction moves them, in standard errors of the corrected value."""
    if table.empty:
        return table.assign(change=pd.Series(dtype=float))
    error = table["se"].astype(float)
    change = (table["estimate"].astype(float) - table["modal"].astype(float)).abs() / error.where(error > 0)
    return table.assign(change=change.fillna(-1.0)).sort_values("change", ascending=False, kind="stable")


def _value(row: object, own: str, low: str, high: str, study: Study) -> str:
    if row.withheld:
        return "withheld"
    value, lower, upper = (number(getattr(row, name), row.variable, row.level, study) for name in (own, low, high))
    return f"{value} ({lower} to {upper})" if value != "–" else "–"
