"""Tables for readers about segments: the profile and the tests of descriptors."""

from __future__ import annotations

import pandas as pd

from ..display import Table
from ..study import Study
from ..words import count_words
from .words import effective_size, is_weighted, number, row_words

__all__ = ["tabulate_descriptors", "tabulate_profile"]


def tabulate_profile(profile: pd.DataFrame, study: Study, *, role: str = "base") -> Table:
    """Values of all segments side by side; ▲ and ▼ stand beside markers.

    Parameters
    ----------
    profile : pandas.DataFrame
    study : Study
    role : {"base", "descriptor", "outcome"}
    """
    rows = profile[profile["role"] == role]
    sizes = profile.drop_duplicates("segment").set_index("segment")["size"]
    weighted = is_weighted(profile)
    alike = {segment: effective_size(part) for segment, part in profile.groupby("segment")}
    base = {segment: f", effective base {alike[segment]:,.0f}" if weighted else "" for segment in sizes.index}
    heads = {segment: f"{segment} (n = {n:,}{base[segment]})" for segment, n in sizes.items()}
    records = []
    for (name, level), part in rows.groupby(["variable", "level"], sort=False):
        record = {
            "variable": row_words(name, level, study),
            "everybody": number(part["total"].iloc[0], name, level, study),
        }
        cells = part.set_index("segment")
        record |= {heads[s]: _cell(cells.loc[s], study) for s in sizes.index if s in cells.index}
        records.append(record)
    what = {"base": "Base variables, which formed the segments,"}.get(role, f"{role.capitalize()}s")
    caption = (
        f"{what} by segment: {'weighted ' if weighted else ''}value and 95 % interval. n = {int(sizes.sum()):,} {study.units}. "
        "▲ marks a segment that stands out above everybody, ▼ below."
    )
    hidden = bool(rows["withheld"].any())
    note = f"Cells with fewer than {study.choices.min_cell} {study.units}, and cells that would give them away, are withheld."
    return Table(pd.DataFrame(records), caption, note=note if hidden else "")


def tabulate_descriptors(tests: pd.DataFrame, study: Study) -> Table:
    """Tests of descriptors, strongest first."""
    ordered = tests.sort_values(["measure", "effect"], ascending=[True, False], na_position="last", kind="stable")
    frame = pd.DataFrame(
        {
            "descriptor": [study.variable(name).words for name in ordered["variable"]],
            "test": ordered["test"],
            "measure": ordered["measure"],
            "effect": ordered["effect"].astype(float),
            "from": ordered["effect_lower"].astype(float),
            "to": ordered["effect_upper"].astype(float),
            "p": ordered["p"].astype(float),
            "q": ordered["q"].astype(float),
            "n": ordered["n"],
        }
    )
    weighted = bool((ordered["effective"].astype(float) < ordered["n"] * (1 - 1e-9)).any())
    if weighted:
        frame["effective base"] = ordered["effective"].astype(float)
    n = int(frame["n"].max()) if len(frame) else 0
    caption = (
        f"Descriptors by segment: effect with its 95 % bootstrap interval, p, and q after control of the false discovery rate "
        f"over all {count_words(len(frame), 'descriptor')}. n = {n:,} {study.units}, less where answers are missing."
    )
    note = (
        "Effect: 0 is no difference, 1 is that the one determines the other. p: how often chance alone gives so large a difference; q: "
        "the share of false alarms to expect among those with a q this small."
    )
    if weighted:
        note += f" Weighted; effective base: as many equally weighted {study.units} would tell as much."
    return Table(
        frame,
        caption,
        {"p": "p", "q": "p", "n": ",d", "effective base": ",.0f"},
        note,
        empty="The study has no descriptors to test.",
    )


def _cell(row: pd.Series, study: Study) -> str:
    if row["withheld"]:
        return "withheld"
    own, low, high = (number(row[key], row["variable"], row["level"], study) for key in ("estimate", "lower", "upper"))
    sign = (" ▲" if row["estimate"] > row["total"] else " ▼") if row["marker"] else ""
    return f"{own} ({low} to {high}){sign}"
