"""Sentences and tables for readers about segments, made from the profile and the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import pandas as pd

from ..display import Reading
from ..study import Study
from ..words import count_words, join_words

__all__ = [
    "describe_descriptors",
    "describe_profile",
    "describe_segments",
    "effective_size",
    "is_weighted",
    "name_segment",
    "number",
    "rank_effects",
    "related_to_base",
    "row_words",
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
    words = [row_words(row.variable, row.level, study) for row in markers.itertuples()]
    high = [word for word, z in zip(words, markers["z"], strict=True) if z > 0]
    low = [word for word, z in zip(words, markers["z"], strict=True) if z < 0]
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
    without, unweighted = int(placed.isna().sum()), int(placed.notna().sum()) - _total(profile)
    left = f"{without:,} {study.units} have no segment and are not described here." if without else ""
    left += f"{' ' if left else ''}{unweighted:,} have no weight and are not described either." if unweighted else ""
    paragraphs = [_paragraph(profile, segment, study) for segment in segments]
    return Reading([text for text in (gloss, _weight_words(profile, study), *paragraphs, left) if text])


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
        f"{count_words(len(tested), 'descriptor')} that did not form the segments {_were(len(tested))} tested. A difference counts "
        f"if at most {study.choices.alpha:.0%} of those called so are expected to be false alarms (false discovery rate)."
    )
    gloss += _kinship(found, study)
    if found.empty:
        text = "None differs between segments by more than chance explains: from these, nobody's segment can be told."
        return Reading([text for text in (gloss, text, left) if text])
    said = [_effect(row, study) for row in found.head(SHOWN).itertuples()]
    lead = f"{len(found)} of the {count_words(len(tested), 'descriptor')} {'differs' if len(found) == 1 else 'differ'}."
    scale = (
        "Cramer's V and epsilon squared measure how closely descriptor and segment go together, from 0 (not at all) to 1 "
        "(the one determines the other)."
    )
    more = f"{len(found) - SHOWN:,} more {'differs' if len(found) - SHOWN == 1 else 'differ'}; the table has all."
    rest = [scale, more if len(found) > SHOWN else "", left]
    return Reading([text for text in (gloss, " ".join([lead, *said]), *rest) if text])


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


def related_to_base(names: Iterable[str], study: Study) -> tuple[str, ...]:
    """Of these variables, those counted from the same events or computed from the same survey items as a base variable.

    Parameters
    ----------
    names : iterable of str
        Variables of the study.
    study : Study

    Returns
    -------
    tuple of str
        In the order given. All measures of one source of events are kin, whatever events they name: a share is of all events.
    """
    counted = {base.source for base in study.base if base.measure in COUNTED}
    return tuple(
        v.name
        for v in map(study.variable, names)
        if (v.measure in COUNTED and v.source in counted)
        or any(v.source == base.source and _same_items(v.items, base.items) for base in study.base)
    )


def _same_items(own: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two lists of survey items, which may hold stars, have one in common."""
    return any(fnmatchcase(one, two) or fnmatchcase(two, one) for one in own for two in other)


def _kinship(found: pd.DataFrame, study: Study) -> str:
    """A warning about descriptors that differ and are counted from the same records as base variables."""
    same = [study.variable(name).words for name in related_to_base(found["variable"], study)]
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
    if is_weighted(profile):
        rows = profile[profile["segment"] == segment]
        alike = effective_size(rows)
        lead = (
            f"{segment} ({size:,} of {everybody:,} {study.units} who stand for {rows['share'].iloc[0]:.0%} of the market; effective "
            f"base {alike:,.0f}{', too few to build on' if alike < study.choices.min_cell else ''}): "
        )
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
    words = row_words(row.variable, row.level, study)
    return f"{way} {words}, {own} ({low} to {high}, n = {row.base:,}) against {total} for everybody"


def row_words(name: str, level: str, study: Study) -> str:
    variable = study.variable(name)
    return variable.words if not level or variable.level == "binary" else f"{variable.words}: {level}"


def _effect(row: object, study: Study) -> str:
    words = study.variable(row.variable).words
    text = (
        f"{row.measure} {row.effect:.2f}, 95 % interval {row.effect_lower:.2f} to {row.effect_upper:.2f}, n = {row.n:,}"
    )
    text += f", effective base {row.effective:,.0f}" if row.effective < row.n * (1 - 1e-9) else ""
    strength = next((word for limit, word in STRENGTHS if row.measure == "Cramer's V" and row.effect >= limit), "")
    very = (
        "a very weak link, "
        if row.measure == "Cramer's V" and not strength
        else f"a {strength} link, "
        if strength
        else ""
    )
    return f"{words[:1].upper()}{words[1:]} ({very}{text})."


def is_weighted(profile: pd.DataFrame) -> bool:
    """Whether a profile's numbers are weighted: somewhere the effective base is smaller than the units counted."""
    return bool((profile["effective"] < profile["base"] * (1 - 1e-9)).any())


def effective_size(rows: pd.DataFrame) -> float:
    """Effective base of one segment: that of the variable most of its units have."""
    means = rows[rows["kind"] == "mean"]
    rows = means if len(means) else rows
    return float(rows.loc[rows["base"] == rows["base"].max(), "effective"].max())


def _weight_words(profile: pd.DataFrame, study: Study) -> str:
    """What weights do to these numbers; nothing where there are none."""
    if not is_weighted(profile):
        return ""
    text = (
        f"Numbers are weighted, so that they speak of the market; n still counts {study.units}. Unequal weights make a segment tell less: "
        f"its effective base is the number of equally weighted {study.units} that would tell as much."
    )
    thin = [
        f"{segment} ({effective_size(rows):,.0f} of {int(rows['size'].iloc[0]):,})"
        for segment, rows in profile.groupby("segment", sort=False)
        if effective_size(rows) < rows["size"].iloc[0] / 2
    ]
    if thin:
        few = f"less than half is left of {join_words(thin)}: a few {study.units} with heavy weights decide most numbers there"
        text += f" By this measure {few}."
    return text


def _total(profile: pd.DataFrame) -> int:
    return int(profile.drop_duplicates("segment")["size"].sum())


def _more(items: Sequence[object] | pd.DataFrame, shown: int, word: str = "") -> str:
    more = len(items) - shown
    return f" and {more} more{f' {word}' if word else ''}{'s' if word and more > 1 else ''}" if more > 0 else ""


def _were(n: int) -> str:
    return "was" if n == 1 else "were"
