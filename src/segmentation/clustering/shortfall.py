"""What does not come back, and why: the search or the sample, in words and tables; and every criterion side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..words import count_words, source_words
from .criteria import FolkRules, folk_rates
from .selection import PATTERN_JACCARD, Comparison, check_compared
from .stability import Stability

__all__ = [
    "describe_folk",
    "describe_stability",
    "tabulate_every_criterion",
    "tabulate_folk",
    "tabulate_parts",
    "tabulate_segment_parts",
    "tabulate_shortfall",
]

LITTLE = 0.005  # a part below this is called none
WORDS = {
    "agreement": "agreement of two repeats",
    "overlap": "overlap of the least stable segment",
    "strength": "prediction strength",
    "pairs": "pairs treated alike",
    "entropy": "purity of origin with one fewer",
}
FOLK = {
    "silhouette": "silhouette width above 0.25",
    "elbow": "elbow of the curve",
    "gap": "gap statistic, uniform box",
    "strength": "prediction strength of 0.80",
    "stability": "best agreement of repeats, if 0.80",
}
CLEAR = "separation_4"


def tabulate_shortfall(stability: Stability, *, units: str = "units", source: str = "") -> Table:
    """How much two repeats of the study disagree, and which part is the search's, one row a number of segments."""
    rows = stability.parts.loc["agreement"]
    shown = pd.DataFrame(
        {
            "segments": rows.index.astype(int),
            "starts a repeat": stability.searching["starts"].to_numpy(),
            "disagreement of repeats": 1 - rows["value"].to_numpy(),
            "from the search": rows["search"].to_numpy(),
            "from the sample": rows["sample"].to_numpy(),
            "same data searched again": stability.searching["again"].to_numpy(),
            "in words": [_in_words(row) for _, row in rows.iterrows()],
        }
    )
    caption = (
        f"Why repeats disagree. n = {stability.n:,} {units}; {stability.pairs} pairs of bootstrap samples searched twice: as before, and "
        f"on to the proven optimum.{source_words(source)}"
    )
    note = (
        "Disagreement: 1 less the adjusted Rand index of two repeats. From the search: what a longer search of the same samples takes "
        "away. From the sample: what is left, because other people were drawn; only this is uncertainty of the market. Same data searched "
        "again: how much two searches of all the data, with so many starts, would disagree with nothing else changed. Parts just below 0 "
        "are noise."
    )
    formats = {name: ".2f" for name in shown.columns if name not in ("segments", "starts a repeat", "in words")}
    return Table(shown, caption, {**formats, "starts a repeat": ".0f"}, note)


def tabulate_parts(
    stability: Stability, comparison: Comparison, *, segments: int | None = None, units: str = "units", source: str = ""
) -> Table:
    """Every measure of stability at one number of segments, with its search part and its sampling part."""
    k = comparison.recommended if segments is None else check_compared(comparison, segments)
    rows = stability.parts.xs(k, level="k").reindex(list(WORDS)).dropna(subset=["value"])
    shown = pd.DataFrame(
        {
            "measure": [WORDS[name] for name in rows.index],
            "value": rows["value"].to_numpy(),
            "lost by the search": rows["search"].to_numpy(),
            "lost by the sample": rows["sample"].to_numpy(),
            "searched to the end": rows["proven"].to_numpy(),
            "best possible": rows["ideal"].to_numpy(),
        }
    )
    caption = (
        f"Measures of stability with {k} segments, and what each loses by the search and by the sample. n = {stability.n:,} {units}; "
        f"{stability.pairs} pairs of samples, {stability.splits} halvings.{source_words(source)}"
    )
    note = (
        "All run from 0 to 1. Prediction strength: share of pairs of people in the worst segment of one half of the data that the other "
        "half's segments keep together; above 0.8 is usually asked for. Pairs treated alike: share of pairs of people that two repeats "
        "both put together or both put apart (1 less the instability of Fang and Wang). Purity of origin: how far each segment comes from "
        "a single one of the partition with one fewer; its best possible is that of the full data."
    )
    return Table(shown, caption, {name: ".2f" for name in shown.columns if name != "measure"}, note)


def tabulate_segment_parts(
    stability: Stability,
    comparison: Comparison,
    *,
    segments: int | None = None,
    ids: Mapping[str, str] | None = None,
    units: str = "units",
    source: str = "",
) -> Table:
    """Stability of every segment within its solution (SLSW) and across solutions (SLSA); ``ids`` as for ``tabulate_stability``."""
    k = comparison.recommended if segments is None else check_compared(comparison, segments)
    rows = stability.segments.loc[k]
    shown = pd.DataFrame(
        {
            "segment": [(ids or {}).get(name, name) for name in rows.index],
            "n": rows["n"].to_numpy(int),
            "overlap": rows["overlap"].to_numpy(),
            "lost by the search": rows["overlap_search"].to_numpy(),
            "lost by the sample": rows["overlap_sample"].to_numpy(),
            "purity of origin": rows["entropy"].to_numpy(),
        }
    )
    caption = (
        f"Each of {k} segments in repeats of the study (overlap, SLSW) and beside the partition with one fewer (purity of origin, SLSA). "
        f"n = {stability.n:,} {units}.{source_words(source)}"
    )
    note = (
        f"Overlap: mean Jaccard similarity with the best counterpart in resamples; under {PATTERN_JACCARD:.2f} is not to be trusted. "
        "Purity of origin: 1 if all members come from one segment, 0 if they come from all alike."
    )
    formats = {name: ".2f" for name in shown.columns if name not in ("segment", "n")}
    return Table(shown, caption, formats, note)


def describe_stability(stability: Stability, comparison: Comparison, *, segments: int | None = None) -> Reading:
    """How much of the disagreement of repeats is the search's and how much the sample's; what the other measures support."""
    k = comparison.recommended if segments is None else check_compared(comparison, segments)
    row = stability.parts.loc[("agreement", k)]
    if np.isnan(row["search"]):
        return Reading(
            [
                f"With {count_words(k, 'segment')} two repeats of the study agree to {row['value']:.2f} (1 is full "
                f"agreement, 0 is chance). For this "
                "method the search was not told apart from the sample."
            ]
        )
    starts = int(stability.searching.loc[k, "starts"])
    total, search = 1 - row["value"], max(row["search"], 0.0)
    text = (
        f"With {count_words(k, 'segment')} and {starts} starts a repeat, two repeats of the study disagree by {total:.2f} (0 "
        f"is no disagreement, 1 is "
        f"chance). {_in_words(row).capitalize()}."
    )
    if search >= LITTLE and search > max(row["sample"], 0.0):
        text += " Most of what looks unstable is the search's doing; more starts would cure it."
    strongest, steadiest = stability.strongest, stability.steadiest
    strength = (
        f"The largest number of segments with a prediction strength above 0.80 is {strongest}"
        if strongest
        else "Prediction strength is above 0.80 at no number of segments"
    )
    proven = stability.parts.loc["strength", "proven"]
    reach = proven.index[proven > 0.8]
    if len(reach) and int(reach.max()) != strongest:
        strength += f" (with every half searched to the end it is {int(reach.max())})"
    strength += (
        f"; fewest pairs of people are treated differently with {steadiest}. Both favour few segments and neither tells segments from "
        "halves of one cloud; the verdict needs more."
    )
    return Reading([text, strength])


def tabulate_every_criterion(
    comparison: Comparison,
    stability: Stability,
    folk: FolkRules | None = None,
    *,
    units: str = "units",
    source: str = "",
) -> Table:
    """Every criterion for every number of segments; those that decide first, the folk indices last."""
    table, parts = comparison.table, stability.parts["value"]
    entropy = stability.segments["entropy"].groupby(level="k").min()
    shown = {
        "segments": [f"{k} ({comparison.standing})" if r else f"{k}" for k, r in table["recommended"].items()],
        "spread within": table["within_ss"],
        "variance explained": table["explained"],
        "agreement of repeats": table["ari_mean"],
        "95 % of repeats": [
            f"{a + 0.0:.2f} to {b:.2f}" for a, b in zip(table["ari_lower"], table["ari_upper"], strict=True)
        ],
        "least stable segment": table["jaccard_min"],
        "tighter than without segments": table["excess"],
        "prediction strength": parts.loc["strength"].reindex(table.index),
        "least pure origin": entropy.reindex(table.index),
        "smallest segment (n)": table["smallest_n"].astype(int),
    }
    formats = {
        "spread within": ",.0f",
        "variance explained": ".0%",
        "agreement of repeats": ".2f",
        "least stable segment": ".2f",
        "tighter than without segments": ".1%",
        "prediction strength": ".2f",
        "least pure origin": ".2f",
    }
    note = (
        "Spread within: sum of squares within segments. Least pure origin: smallest SLSA of a segment (1: all its members come from one "
        "segment of the partition before). The rule uses agreement, least stable segment, tightness and size."
    )
    if folk is not None:
        for name, words in (
            ("silhouette", "folk: silhouette"),
            ("calinski_harabasz", "folk: Calinski-Harabasz"),
            ("gap", "folk: gap"),
        ):
            if folk.table[name].notna().any():
                shown[words] = folk.table[name].reindex(table.index)
                formats[words] = ".0f" if name == "calinski_harabasz" else ".2f"
        note += " Folk indices are shown because readers ask for them; they are wrong too often to decide (table of rules of thumb)."
    caption = f"All criteria by number of segments. n = {comparison.n:,} {units} with every base variable.{source_words(source)}"
    return Table(pd.DataFrame(shown).reset_index(drop=True), caption, formats, note)


def tabulate_folk(folk: FolkRules, verdict: str | None = None, *, units: str = "units", source: str = "") -> Table:
    """What rules of thumb would have said here, and how often they are wrong; ``verdict`` is the report's own label."""
    rates = folk_rates()
    rows = []
    if verdict is not None and "natural" in rates:
        rows.append({"rule": "this report: the word natural", "says here": verdict, **_rates(rates["natural"])})
    for name, words in FOLK.items():
        if name in rates:
            rows.append({"rule": words, "says here": _says(folk.chosen.get(name)), **_rates(rates[name])})
    caption = (
        "What rules of thumb would have said, and how often each sees segments where there are none. "
        f"n = {folk.n:,} {units}{f', {folk.sampled:,} of them measured' if folk.sampled < folk.n else ''}.{source_words(source)}"
    )
    some = rates[next(iter(rates))]
    worlds = len(some["false_alarms"])
    note = (
        f"False alarms: share of simulated markets without segments in which the rule names some, in {worlds} kinds of markets "
        f"({some['simulations']} of each; {some['source']}): the kind it does worst in, and the middle kind. Finds four: share of markets "
        "with four clear segments (centres 4 standard deviations apart) in which it names exactly four."
    )
    formats = {"false alarms, worst kind": ".0%", "false alarms, middle kind": ".0%", "finds four": ".0%"}
    return Table(pd.DataFrame(rows), caption, formats, note)


def describe_folk(folk: FolkRules, *, verdict: str | None = None) -> Reading:
    """Whether the rules of thumb agree with each other, and why they do not decide."""
    rates = folk_rates()
    named = {FOLK[name]: k for name, k in folk.chosen.items() if k is not None and name in FOLK}
    if not named:
        return Reading(["None of the usual rules of thumb could be applied to these data."])
    said = "; ".join(f"{words}: {_says(k)}" for words, k in named.items())
    worst = {name: max(rates[name]["false_alarms"].values()) for name in folk.chosen if name in rates}
    bad = [FOLK[name] for name, rate in worst.items() if rate > 0.5]
    text = f"Rules of thumb would have said: {said}."
    if len(set(named.values())) > 1:
        text += " They do not agree, which is common."
    if bad:
        text += (
            f" In simulated markets without any segments, at least one kind of market makes each of these name segments more often than "
            f"not: {'; '.join(bad)}. That is why the verdict{f' ({verdict})' if verdict else ''} rests on none of them."
        )
    return Reading([text])


def _in_words(row: pd.Series) -> str:
    """ "x of the disagreement comes from the search, y from the sample"; parts below noise are none."""
    if np.isnan(row["search"]):
        return "not told apart"
    search, sample = (max(float(row[name]), 0.0) for name in ("search", "sample"))
    if search < LITTLE and sample < LITTLE:
        return "repeats do not disagree"
    if search < LITTLE:
        return f"all {sample:.2f} of the disagreement comes from the sample, none from the search"
    if sample < LITTLE:
        return f"all {search:.2f} of the disagreement comes from the search, none from the sample"
    return f"{search:.2f} of the disagreement comes from the search, {sample:.2f} from the sample"


def _says(k: int | None) -> str:
    return "not applied" if k is None else "no segments" if k == 1 else f"{k} segments"


def _rates(rule: Mapping[str, object]) -> dict[str, float]:
    alarms, right = list(rule["false_alarms"].values()), rule.get("right_number") or {}
    return {
        "false alarms, worst kind": float(max(alarms)),
        "false alarms, middle kind": float(np.median(alarms)),
        "finds four": float(right.get(CLEAR, float("nan"))),
    }
