"""Regions for readers: where segments are more common, and where they or the survey's scales may mean something else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from ..words import count_words, few_words, join_words, percent_words, range_words, source_words
from .regions import RegionComparison

__all__ = ["describe_regions", "tabulate_region_meaning", "tabulate_region_styles", "tabulate_regions"]

SHOWN = 4
LOW_BASE = 30
STYLE_WORDS = {
    "level": "how high people tick",
    "extremity": "how often they tick an end box",
    "spread": "how far apart their answers lie",
}


def tabulate_regions(regions: RegionComparison | Callout, study: Study, *, source: str = "") -> Table | Reading:
    """Share of every segment in every region; ▲ and ▼ stand beside shares that differ from the rest beyond chance."""
    if isinstance(regions, Callout):
        return Reading(())
    records = []
    for region, part in regions.prevalence.groupby("region", sort=False):
        base = int(part["base"].iloc[0])
        record: dict[str, object] = {"region": f"{region} (n = {base:,})"}
        records.append(record | {row.segment: _share(row, base, study) for row in part.itertuples()})
    caption = (
        f"Segments by {study.variable(regions.variable).words}: share of the region with its 95 % interval. "
        f"n = {regions.n:,} {study.units}. ▲ above, ▼ below all other regions, after control of false discoveries over all cells."
        f"{source_words(source)}"
    )
    notes = []
    if regions.prevalence["withheld"].any():
        notes.append(
            f"Cells under {study.choices.min_cell} {study.units}, and cells that would give them away, are withheld."
        )
    if (regions.prevalence["base"] < LOW_BASE).any():
        notes.append(f"Regions under {LOW_BASE} {study.units} get no percentages.")
    return Table(pd.DataFrame(records), caption, note=" ".join(notes))


def tabulate_region_meaning(regions: RegionComparison | Callout, study: Study) -> Table | Reading:
    """Whether a region's own segmentation would place its people as the frozen one does."""
    if isinstance(regions, Callout):
        return Reading(())
    rows = [
        {
            "region": region,
            "n": few_words(int(row["n"]), study.choices.min_cell),
            "agreement": row["agreement"],
            "by sample size alone": row["expected"],
            "q (agreement)": row["q_agreement"],
            "shift": row["shift"],
            "shift by sample size alone": row["shift_expected"],
            "q (shift)": row["q_shift"],
            "reading": _read_meaning(row, study),
        }
        for region, row in regions.meaning.iterrows()
    ]
    caption = (
        "Whether segments mean the same in each region: agreement of the region's own partition with the common one (adjusted Rand "
        f"index: 1 full, 0 chance), and shift of its segment means (standard deviations). n: {study.units} with every base variable."
    )
    note = (
        f"By sample size alone: mean of {regions.shuffles} shuffles of regions among the {study.units} of each segment. q: the share "
        "of false alarms to expect among those with a q this small."
    )
    formats = {"agreement": ".2f", "by sample size alone": ".2f", "q (agreement)": "p"}
    formats |= {"shift": ".2f", "shift by sample size alone": ".2f", "q (shift)": "p"}
    return Table(pd.DataFrame(rows), caption, formats, note)


def tabulate_region_styles(regions: RegionComparison | Callout, study: Study) -> Table | Reading:
    """How people of each region use rating scales, beyond what their segments explain."""
    if isinstance(regions, Callout):
        return Reading(())
    rows = regions.styles
    shown = pd.DataFrame(
        {
            "region": rows["region"],
            "use of the scales": [STYLE_WORDS[name] for name in rows["measure"]],
            "difference": rows["difference"],
            "95 %": [range_words((row.lower, row.upper), "+.2f") for row in rows.itertuples()],
            "q": rows["q"],
            "n": rows["n"],
        }
    )
    caption = (
        "How the survey's scales are used by region, against all other regions and within segments, in standard deviations between "
        f"{study.units}."
    )
    empty = (
        "Use of scales cannot be compared: the study has fewer than three rated scales, or every region is too small."
    )
    return Table(shown, caption, {"difference": "+.2f", "q": "p", "n": ",d"}, empty=empty)


def describe_regions(regions: RegionComparison | Callout, study: Study) -> Reading | Callout:
    """What differs by region: how common segments are, what they mean, how scales are used."""
    if isinstance(regions, Callout):
        return regions
    return Reading([_say_prevalence(regions, study), _say_meaning(regions, study), _say_styles(regions, study)])


def _say_prevalence(regions: RegionComparison, study: Study) -> str:
    cells = regions.prevalence
    tested = cells["q"].notna().sum()
    found = cells[cells["q"] <= study.choices.alpha].sort_values("q", kind="stable")
    lead = f"{regions.n:,} {study.units} in {count_words(cells['region'].nunique(), 'region')} were compared. "
    if found.empty:
        return f"{lead}No segment is more or less common in one region than in the others beyond chance ({tested} comparisons)."
    said = [
        f"{row.segment} is {'more' if row.difference > 0 else 'less'} common in {row.region} ({percent_words(row.share)}, 95 % "
        f"{range_words((row.lower * 100, row.upper * 100), '.0f')}, against {percent_words(row.rest)} elsewhere)"
        for row in found.head(SHOWN).itertuples()
    ]
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{lead}Beyond chance: {join_words(said)}{more}. A message made for a segment meets different numbers of people there."


def _say_meaning(regions: RegionComparison, study: Study) -> str:
    table = regions.meaning
    judged = table[table["n"] >= table["needed"]]
    few = ""
    if regions.small:
        counts = [
            f"{region} ({few_words(int(table.at[region, 'n']), study.choices.min_cell)})" for region in regions.small
        ]
        few = (
            f" Too small to judge, with fewer than {int(table['needed'].iloc[0])} {study.units} that have every base variable: "
            f"{join_words(counts)}."
        )
    if judged.empty:
        return f"Whether segments mean the same in each region cannot be told.{few}"
    other = [region for region, row in judged.iterrows() if _differs(row, study)]
    same = [region for region in judged.index if region not in other]
    text = (
        f"Do segments mean the same there? In each region that is large enough its own partition, and the means of its segments, were held "
        f"against what as few {study.units} with the same mix of segments give by chance. "
    )
    text += "".join(_say_not_found(region, judged.loc[region], study) for region in same)
    for region in other:
        row = judged.loc[region]
        variable = study.labels.get(row["moved_variable"], row["moved_variable"])
        text += (
            f"{region}: not the same (agreement {row['agreement']:.2f}, {row['expected']:.2f} expected; shift {row['shift']:.2f}, "
            f"{row['shift_expected']:.2f} expected), most of all {row['moved_segment']} in {variable} ({row['moved']:+.2f} standard "
            "deviations). Do not carry profiles over without looking at it by itself. "
        )
    return f"{text.strip()}{few}"


def _say_not_found(region: str, row: pd.Series, study: Study) -> str:
    """That nothing was found, and how much could have been missed."""
    limit = (
        f"a shift up to {row['shift_upper']:.2f} standard deviations"
        if np.isnan(row["expected_lower"])
        else f"an agreement down to {row['expected_lower']:.2f}"
    )
    return f"{region}: no difference was found; with {int(row['n']):,} {study.units} {limit} would not be told from chance. "


def _say_styles(regions: RegionComparison, study: Study) -> str:
    if regions.styles.empty and regions.items.empty:
        return "Use of rating scales could not be compared: there are too few rated scales or too few answers a region."
    found = regions.styles[regions.styles["q"] <= study.choices.alpha]
    items = regions.items[regions.items["q"] <= study.choices.alpha].sort_values("q", kind="stable")
    if found.empty:
        text = "People in the same segment use the survey's rating scales alike in all regions, as far as the data can tell."
    else:
        said = [
            f"{STYLE_WORDS[row.measure]} in {row.region} ({row.difference:+.2f}, 95 % {range_words((row.lower, row.upper), '+.2f')})"
            for row in found.itertuples()
        ]
        text = (
            f"People in the same segment use rating scales differently, in standard deviations from the other regions: "
            f"{join_words(said)}. Compare raw answers across regions with care: "
            "a higher mark may be a habit and not an opinion. Variables centred on the respondent are free of the level."
        )
    if items.empty:
        return text
    said = [
        f"{study.variable(row.variable).words} in {row.region} ({row.difference:+.2f})"
        for row in items.head(SHOWN).itertuples()
    ]
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"{text} Single questions that stand out beyond that: {join_words(said)}{more}."


def _differs(row: pd.Series, study: Study) -> bool:
    return any(row[name] <= study.choices.alpha for name in ("q_agreement", "q_shift"))


def _read_meaning(row: pd.Series, study: Study) -> str:
    if row["n"] < row["needed"]:
        return f"too small (fewer than {int(row['needed'])})"
    return "not the same" if _differs(row, study) else "no difference found"


def _share(row: object, base: int, study: Study) -> str:
    if row.withheld:
        return "withheld"
    if base < LOW_BASE:
        return f"{row.n:,}"
    sign = "" if np.isnan(row.q) or row.q > study.choices.alpha else " ▲" if row.difference > 0 else " ▼"
    return f"{percent_words(row.share)} ({range_words((row.lower * 100, row.upper * 100), '.0f')}){sign}"
