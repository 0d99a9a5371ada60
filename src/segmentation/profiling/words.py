"""Sentences and tables for readers about segments, made from the profile and the tests."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..display import Reading, Table
from ..study import Study
from ..words import join_words

__all__ = [
    "describe_descriptors",
    "describe_profile",
    "describe_segments",
    "name_segment",
    "tabulate_descriptors",
    "tabulate_profile",
]

SHOWN = 4
DESCRIPTORS_SHOWN = 3
COUNTED = ("recency", "active_days", "events", "share", "money", "trend", "tenure")  # measures taken from events
NEAR_AVERAGE = "close to the average in every base variable"
STRENGTHS = ((0.5, "strong"), (0.3, "moderate"), (0.1, "weak"))  # Cramer's V; Cohen's convention for w with one degree


def name_segment(profile: pd.DataFrame, segment: str, study: Study) -> str:
    """A short plain description from the strongest markers among the base variables; a description, not a verdict.

    Parameters
    ----------
    profile : pandas.DataFrame
        From ``profile_segments``.
    segment : str
    study : Study

    Returns
    -------
    str
        For instance "high quotes and invoices, low scheduling"; at most two highs and one low (two lows without a high).
    """
    markers = _markers(profile, segment, "base")
    high = [study.variable(name).words for name in markers.loc[markers["z"] > 0, "variable"]]
    low = [study.variable(name).words for name in markers.loc[markers["z"] < 0, "variable"]]
    parts = [f"high {join_words(high[:2])}"] if high else []
    parts += [f"low {join_words(low[: 1 if high else 2])}"] if low else []
    return ", ".join(parts) or NEAR_AVERAGE


def describe_profile(profile: pd.DataFrame, segment: str, study: Study) -> Reading:
    """What marks one segment: base variables first, then descriptors, each with its value, interval, n and everybody's."""
    rows = profile[profile["segment"] == segment]
    if rows.empty:
        return Reading([f"There is no segment {segment}."])
    return Reading([_paragraph(profile, segment, study)])


def describe_segments(profile: pd.DataFrame, membership: pd.DataFrame | pd.Series, study: Study) -> Reading:
    """How to read the markers, then a paragraph for each segment, then who has none."""
    segments = list(dict.fromkeys(profile["segment"]))
    draw = "95 % interval: the range of values that are compatible with the data"
    gloss = (
        f"A variable marks a segment if the segment differs from everybody ({_total(profile):,} {study.units}) by a quarter "
        f"of the variable's range, or by half of everybody's value, and the interval does not contain everybody's value "
        f"({draw}). The base variables formed the segments, so that segments differ in them is no finding; how they differ "
        "is what the profile shows."
    )
    placed = membership["segment"] if isinstance(membership, pd.DataFrame) else membership
    without = int(placed.isna().sum())
    left = f"{without:,} {study.units} have no segment and are not described here." if without else ""
    return Reading([gloss, *(_paragraph(profile, segment, study) for segment in segments), *([left] if left else [])])


def describe_descriptors(tests: pd.DataFrame, study: Study) -> Reading:
    """Which descriptors tell the segments apart, how strongly, and which cannot be judged."""
    tested = tests[tests["p"].notna()]
    unjudged = [study.variable(name).words for name in tests.loc[tests["p"].isna(), "variable"]]
    left = f"Not enough data for {join_words(unjudged[:SHOWN])}{_more(unjudged, SHOWN)}." if unjudged else ""
    if tested.empty:
        return Reading(
            [left or "The study has no descriptors, so nothing beyond the base variables describes the segments."]
        )
    found = tested[tested["q"].astype(float) <= study.choices.alpha]
    found = found.loc[rank_effects(found).index]
    gloss = (
        f"{_count(len(tested), 'descriptor')} that did not form the segments {_were(len(tested))} tested. A difference counts "
        f"if at most {study.choices.alpha:.0%} of those called so are expected to be false alarms (false discovery rate)."
    )
    gloss += _kinship(found, study)
    if found.empty:
        text = "None differs between segments by more than chance explains: from these, nobody's segment can be told."
        return Reading([text for text in (gloss, text, left) if text])
    said = [_effect(row, study) for row in found.head(SHOWN).itertuples()]
    lead = f"{len(found)} of the {_count(len(tested), 'descriptor')} {'differs' if len(found) == 1 else 'differ'}."
    scale = (
        "Cramer's V and epsilon squared measure how closely descriptor and segment go together, from 0 (not at all) to 1 "
        "(the one determines the other)."
    )
    more = f"{len(found) - SHOWN:,} more {'differs' if len(found) - SHOWN == 1 else 'differ'}; the table has all."
    rest = [scale, more if len(found) > SHOWN else "", left]
    return Reading([text for text in (gloss, " ".join([lead, *said]), *rest) if text])


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
    records = []
    for (name, level), part in rows.groupby(["variable", "level"], sort=False):
        record = {
            "variable": _row_words(name, level, study),
            "everybody": number(part["total"].iloc[0], name, level, study),
        }
        cells = part.set_index("segment")
        record |= {f"{s} (n = {n:,})": _cell(cells.loc[s], study) for s, n in sizes.items() if s in cells.index}
        records.append(record)
    what = {"base": "Base variables, which formed the segments,"}.get(role, f"{role.capitalize()}s")
    caption = (
        f"{what} by segment: value and 95 % interval. n = {int(sizes.sum()):,} {study.units}. "
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
    n = int(frame["n"].max()) if len(frame) else 0
    caption = (
        f"Descriptors by segment: effect with its 95 % bootstrap interval, p, and q after control of the false discovery rate "
        f"over all {_count(len(frame), 'descriptor')}. n = {n:,} {study.units}, less where answers are missing."
    )
    note = (
        "Effect: 0 is no difference, 1 is that the one determines the other. p: how often chance alone gives so large a difference; q: "
        "the share of false alarms to expect among those with a q this small."
    )
    return Table(frame, caption, {"p": "p", "q": "p", "n": ",d"}, note, empty="The study has no descriptors to test.")


def number(value: float, name: str, level: str, study: Study) -> str:
    """A value as a reader expects it: shares in per cent (small ones with a decimal), everything else with two decimals."""
    variable = study.variable(name)
    if pd.isna(value):
        return "–"
    value = 0.0 if abs(value) < 0.0005 else value  # no minus zero
    share = bool(level) or variable.measure in ("share", "top2") or variable.level == "binary"
    if not share:
        return f"{value:,.2f}"
    return f"{value:.1%}" if 0 < abs(value) < 0.0495 else f"{value:.0%}"


def rank_effects(tests: pd.DataFrame) -> pd.Series:
    """Effects on one scale, strongest first: Cramer's V is squared, as epsilon squared is, so that the two can be ordered."""
    effect = tests["effect"].astype(float)
    return effect.where(tests["measure"] != "Cramer's V", effect**2).sort_values(ascending=False, kind="stable")


def _kinship(found: pd.DataFrame, study: Study) -> str:
    """A warning about descriptors that differ and are counted from the same records as base variables."""
    events = {v.source for v in study.base if v.measure in COUNTED}
    names = [study.variable(name) for name in found["variable"]]
    same = [v.words for v in names if v.source in events and v.measure in COUNTED]
    if not same:
        return ""
    return (
        f" Counted from the same records as base variables, so that some difference follows from how the segments were made: "
        f"{join_words(same[:SHOWN])}{_more(same, SHOWN)}."
    )


def _markers(profile: pd.DataFrame, segment: str, *roles: str) -> pd.DataFrame:
    rows = profile[(profile["segment"] == segment) & profile["marker"] & profile["role"].isin(roles)]
    return rows.loc[rows["z"].abs().sort_values(ascending=False, kind="stable").index]


def _paragraph(profile: pd.DataFrame, segment: str, study: Study) -> str:
    size = int(profile.loc[profile["segment"] == segment, "size"].iloc[0])
    everybody = _total(profile)
    lead = f"{segment} ({size:,} of {everybody:,} {study.units}, {size / everybody:.0%}): "
    markers = _markers(profile, segment, "base")
    if markers.empty:
        text = f"{lead}{NEAR_AVERAGE}: no base variable marks it."
    else:
        said = [_marker(row, study) for row in markers.head(SHOWN).itertuples()]
        text = f"{lead}{'; '.join(said)}{_more(markers, SHOWN, 'marker')}."
    others = _markers(profile, segment, "descriptor", "outcome")
    if len(others):
        said = [_marker(row, study) for row in others.head(DESCRIPTORS_SHOWN).itertuples()]
        text += f" Beyond what formed it: {'; '.join(said)}{_more(others, DESCRIPTORS_SHOWN, 'marker')}."
    return text


def _marker(row: object, study: Study) -> str:
    way = "high" if row.z > 0 else "low"
    low, high, own, total = (
        number(value, row.variable, row.level, study) for value in (row.lower, row.upper, row.estimate, row.total)
    )
    words = _row_words(row.variable, row.level, study)
    return f"{way} {words}, {own} ({low} to {high}, n = {row.base:,}) against {total} for everybody"


def _row_words(name: str, level: str, study: Study) -> str:
    variable = study.variable(name)
    return variable.words if not level or variable.level == "binary" else f"{variable.words}: {level}"


def _cell(row: pd.Series, study: Study) -> str:
    if row["withheld"]:
        return "withheld"
    own, low, high = (number(row[key], row["variable"], row["level"], study) for key in ("estimate", "lower", "upper"))
    sign = (" ▲" if row["estimate"] > row["total"] else " ▼") if row["marker"] else ""
    return f"{own} ({low} to {high}){sign}"


def _effect(row: object, study: Study) -> str:
    words = study.variable(row.variable).words
    text = (
        f"{row.measure} {row.effect:.2f}, 95 % interval {row.effect_lower:.2f} to {row.effect_upper:.2f}, n = {row.n:,}"
    )
    strength = next((word for limit, word in STRENGTHS if row.measure == "Cramer's V" and row.effect >= limit), "")
    very = (
        "a very weak link, "
        if row.measure == "Cramer's V" and not strength
        else f"a {strength} link, "
        if strength
        else ""
    )
    return f"{words[:1].upper()}{words[1:]} ({very}{text})."


def _total(profile: pd.DataFrame) -> int:
    return int(profile.drop_duplicates("segment")["size"].sum())


def _more(items: Sequence[object] | pd.DataFrame, shown: int, word: str = "") -> str:
    more = len(items) - shown
    return f" and {more} more{f' {word}' if word else ''}{'s' if word and more > 1 else ''}" if more > 0 else ""


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
