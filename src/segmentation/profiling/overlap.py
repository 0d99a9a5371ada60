"""Several segmentations side by side for readers: what each serves, and how much one tells about another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..clustering.several import OtherSegmentation, Overlap
from ..display import Callout, Reading, Table
from ..study import Study
from ..words import count_words, percent_words, range_words, source_words
from .cells import withhold_cells

__all__ = [
    "describe_overlaps",
    "describe_segmentations",
    "tabulate_overlap",
    "tabulate_overlaps",
    "tabulate_segmentations",
]

MUCH, LITTLE = 0.5, 0.3  # Cramer's V; Cohen's convention for w with one degree of freedom
NAMES = {
    "kmeans": "k-means", "latent-class": "latent classes", "latent-profile": "latent profiles", "gaussian": "Gaussian mixture",
    "ward": "Ward's hierarchy", "medoids": "medoids", "hdbscan": "density (HDBSCAN)", "rules": "stated rules", "tree": "tree",
}  # fmt: skip


def tabulate_segmentations(
    membership: pd.DataFrame, label: str, others: Mapping[str, OtherSegmentation], study: Study, *, source: str = ""
) -> Table:
    """Which decision each segmentation of the study serves, how it was made and what may be said of it.

    ``membership`` and ``label`` are those of the first segmentation: from ``assign_segments`` and ``Verdict.label``.
    """
    first, asked = next(iter(study.segmentations)), study.segmentation
    rows = [_line(first, asked.serves, asked.method, membership, label)]
    rows += [_line(o.name, o.serves, o.method, o.membership, o.label) for o in others.values()]
    caption = (
        f"Segmentations of the same {len(membership):,} {study.units}: the decision each serves, and its standing."
        f"{source_words(source)}"
    )
    note = "Standing: natural, reproducible or constructive by the verdict; segments by rules and trees are set, not found."
    return Table(pd.DataFrame(rows), caption, {"placed": ",d"}, note)


def describe_segmentations(others: Mapping[str, OtherSegmentation], study: Study) -> Reading | Callout:
    """Why there are several, and what each may be used for."""
    if not others:
        text = "The study file has one segmentation. Another decision (whom to call first, who might leave) may need another one."
        return Callout("absent", "There is no second segmentation.", text)
    first, asked = next(iter(study.segmentations)), study.segmentation
    served = f" and serves this: {asked.serves}" if asked.serves else ""
    said = [f"The first, {first}, carries the report{served}."]
    for other in others.values():
        use = f" (serves: {other.serves})" if other.serves else ""
        if other.problem:
            verb = "has nothing to offer" if other.label == "nothing found" else "could not be formed"
            said.append(f"{_capital(other.name)}{use} {verb}: {other.problem.splitlines()[-1].strip(' -')}.")
            continue
        how = {"set by rules": "by stated rules", "led by an outcome": "by a tree"}.get(
            other.label, f"by {NAMES.get(other.method, other.method)}, {other.label}"
        )
        few = len(other.segments) < 2
        found = (
            "puts everybody into one segment: nothing in its base tells them apart"
            if few
            else (f"has {count_words(len(other.segments), 'segment')} {how}")
        )
        said.append(f"{_capital(other.name)}{use} {found}.")
    return Reading([" ".join(said)])


def tabulate_overlaps(overlaps: Sequence[Overlap], study: Study, *, source: str = "") -> Table:
    """One row a pair of segmentations: Cramer's V with interval, adjusted Rand index, n in both."""
    frame = pd.DataFrame(
        {
            "segmentations": [f"{pair.one} × {pair.other}" for pair in overlaps],
            "Cramer's V": [pair.v for pair in overlaps],
            "95 %": [range_words((pair.v_lower, pair.v_upper)) for pair in overlaps],
            "same partition (ARI)": [pair.ari for pair in overlaps],
            "reading": [f"tells {_strength(pair)}" for pair in overlaps],
            "n in both": [pair.n for pair in overlaps],
        }
    )
    caption = (
        f"How much one segmentation tells about another. n in the last column, {study.units} with a segment in both."
        f"{source_words(source)}"
    )
    note = "Cramer's V, corrected for chance: 0 nothing, 1 the one determines the other. ARI: 1 the same partition, 0 unrelated."
    formats = {"Cramer's V": ".2f", "same partition (ARI)": ".2f", "n in both": ",d"}
    return Table(frame, caption, formats, note, empty="There is no pair of segmentations to compare.")


def tabulate_overlap(
    overlap: Overlap | None, study: Study, *, others: Mapping[str, OtherSegmentation] | None = None, source: str = ""
) -> Table:
    """Where the people of each segment of the one segmentation are in the other; small cells withheld; nothing for None.

    ``others``, from ``fit_other_segmentations``, gives segments by rules their names.
    """
    if overlap is None:
        return Table(pd.DataFrame(), "")
    one, other = (_names(name, others) for name in (overlap.one, overlap.other))
    counts = overlap.counts.to_numpy()
    hidden = withhold_cells(counts.astype(float), study.choices.min_cell) & ~_empty_and_safe(
        counts, study.choices.min_cell
    )
    cells = np.where(hidden, "withheld", [[percent_words(s) for s in row] for row in overlap.shares.to_numpy()])
    frame = pd.DataFrame(
        cells, columns=[other.get(name, f"{overlap.other}: {name}") for name in overlap.counts.columns]
    )
    frame.insert(
        0, overlap.one, [f"{one.get(name, name)} (n = {n:,})" for name, n in overlap.counts.sum(axis=1).items()]
    )
    caption = (
        f"People of each segment of {overlap.one} by their segment of {overlap.other}: shares of the row. n = {overlap.n:,} {study.units} "
        f"with both.{source_words(source)}"
    )
    small = f"Cells under {study.choices.min_cell} {study.units}, and cells that would give them away, are withheld."
    return Table(frame, caption, note=small if hidden.any() else "")


def describe_overlaps(overlaps: Sequence[Overlap], study: Study) -> Reading | Callout:
    """Whether knowing one segment tells the other, pair by pair."""
    if not overlaps:
        return Callout("absent", "There are no two segmentations of the same people to compare.")
    gloss = (
        "If two segmentations cut people alike, one is enough; if knowing the one tells nothing about the other, they are two views, and a "
        "plan that needs both must use both (Cramer's V: 0 tells nothing, 1 tells everything)."
    )
    return Reading([gloss, " ".join(_sentence(pair, study) for pair in overlaps)])


def _sentence(pair: Overlap, study: Study) -> str:
    if np.isnan(pair.v):
        return f"{_capital(pair.one)} and {pair.other} cannot be compared: one of them has a single segment."
    return (
        f"Knowing the {pair.one} segment tells {_strength(pair)} about the {pair.other} segment (Cramer's V {pair.v:.2f}, 95 % "
        f"{range_words((pair.v_lower, pair.v_upper))}, n = {pair.n:,} {study.units})."
    )


def _strength(pair: Overlap) -> str:
    """Words that the whole interval bears out."""
    if np.isnan(pair.v):
        return "nothing that can be told"
    if pair.v_lower <= 0.0 and pair.v_upper < LITTLE:
        return "little or nothing"
    if pair.v_upper < LITTLE:
        return "little"
    return "much" if pair.v_lower >= MUCH else "something"


def _empty_and_safe(counts: np.ndarray, least: int) -> np.ndarray:
    """Tables without a cell of 1 to ``least`` - 1 give nobody away: their empty cells may be shown."""
    return np.full(counts.shape, not ((counts > 0) & (counts < least)).any()) & (counts == 0)


def _line(name: str, serves: str, method: str, membership: pd.DataFrame, standing: str) -> dict[str, object]:
    placed = membership["segment"].dropna()
    return {
        "segmentation": name,
        "serves": serves or "not said",
        "method": NAMES.get(method, method),
        "segments": int(placed.nunique()),
        "placed": len(placed),
        "standing": standing,
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _names(name: str, others: Mapping[str, OtherSegmentation] | None) -> Mapping[str, str]:
    return others[name].names if others and name in others else {}
