"""A second opinion in a second or two: another number of segments, or other variables, beside the published segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Reading, Table
from ..errors import ParameterError, nearest_word
from ..features.encoder import fit_encoder
from ..features.weights import unit_weights
from ..study import METHODS, Study, Variable
from ..words import count_words
from .inputs import check_count, complete_rows, spawn_seeds
from .kmeans import Search, adjusted_rand, nearest_centres, search_kmeans
from .solution import Solution, assign_segments

__all__ = ["Trial", "describe_trial", "tabulate_trial", "trial_variables", "try_partition"]

PAIRS, STARTS, MOST, MOST_SEGMENTS = 8, 10, 5_000, 12


@dataclass(frozen=True)
class Trial:
    """A partition that was tried and is kept nowhere.

    Attributes
    ----------
    segments : int
    variables : tuple of str
        Variables it was formed on, as z-scores.
    membership : pandas.DataFrame
        As ``assign_segments``; ids T1, T2 ... by size, so that they cannot be taken for those of the line.
    known : int
        Units that have every one of the variables.
    formed_on : int
        Units the partition was formed on: those, or a random 5,000 of them.
    explained : float
        Share of the sum of squares that lies between segments, 0 to 1.
    agreement : float
        Adjusted Rand index with the published segments over the ``shared`` units that are in both; NaN if there are none.
    shared : int
    pairs : tuple of float
        Adjusted Rand index of each pair of partitions of bootstrap samples.
    """

    segments: int
    variables: tuple[str, ...]
    membership: pd.DataFrame
    known: int
    formed_on: int
    explained: float
    agreement: float
    shared: int
    pairs: tuple[float, ...]


def trial_variables(study: Study) -> tuple[Variable, ...]:
    """Variables that distances can be taken of: base variables first; no weights, outcomes or names.

    Parameters
    ----------
    study : Study

    Returns
    -------
    tuple of Variable
    """
    able = [v for v in study.variables if v.role in ("base", "descriptor") and v.level in METHODS["kmeans"]]
    return tuple(sorted(able, key=lambda v: v.name not in study.segmentation.base))


def try_partition(
    features: pd.DataFrame,
    study: Study,
    segments: int,
    *,
    variables: Sequence[str] | None = None,
    published: pd.DataFrame | None = None,
    pairs: int = PAIRS,
) -> Trial:
    """Form another partition by k-means, see how much of the published one it keeps and whether it comes back in resamples.

    Parameters
    ----------
    features : pandas.DataFrame of shape (n_units, n_variables)
        Index: unit.
    study : Study
    segments : int
        2 to 12.
    variables : sequence of str, optional
        Names among ``trial_variables(study)``; default: the study's base variables that are among them.
    published : pandas.DataFrame, optional
        Index unit; column segment.
    pairs : int
        Pairs of bootstrap samples for the hint of stability.

    Returns
    -------
    Trial

    Raises
    ------
    ParameterError
        If the number is out of range, a variable is not one distances can be taken of, or too few different units have all of them.

    Examples
    --------
    >>> from segmentation.study import load_study
    >>> study = load_study("data/sample/fieldnote")
    >>> random = np.random.default_rng(1)
    >>> features = pd.DataFrame({"need_cash": random.normal(size=40), "active_days": np.repeat([0.0, 90.0], 20)})
    >>> trial = try_partition(features, study, 2, variables=["need_cash", "active_days"])
    >>> trial.membership["segment"].value_counts().sort_index().to_dict()
    {'T1': 20, 'T2': 20}
    """
    k = check_count(segments)
    if k > MOST_SEGMENTS:
        raise ParameterError(f"segments to try must be 2 to {MOST_SEGMENTS}; got {k}")
    chosen = _choose(study, variables)
    encoded = fit_encoder(features, chosen).encode(features)
    weights = unit_weights(features, study)
    able = encoded if weights is None else encoded[weights.reindex(encoded.index) > 0]
    rows = complete_rows(able, segments=k)
    formed = rows if len(rows) <= MOST else rows.sample(MOST, random_state=study.choices.random_state)
    weight = None if weights is None else weights.reindex(formed.index).to_numpy(float)
    search = search_kmeans(formed.to_numpy(), k, starts=STARTS, random_state=study.choices.random_state, weights=weight)
    membership = assign_segments(_keep(search, formed, study), encoded)
    agreement, shared = _agree(membership, published)
    return Trial(
        segments=k,
        variables=tuple(v.name for v in chosen),
        membership=membership,
        known=len(rows),
        formed_on=len(formed),
        explained=1 - search.within_ss / search.total_ss,
        agreement=agreement,
        shared=shared,
        pairs=_resample(formed.to_numpy(), weight, k, pairs, study.choices.random_state),
    )


def describe_trial(trial: Trial, *, units: str = "units") -> Reading:
    """What was formed on whom, how much of the published partition it keeps, and how firmly it comes back."""
    sizes = trial.membership["segment"].value_counts()
    each = ", ".join(f"{name} {sizes.get(name, 0):,d}" for name in sorted(sizes.index, key=lambda name: int(name[1:])))
    part = f" (a random {trial.formed_on:,d} of them)" if trial.formed_on < trial.known else ""
    formed = (
        f"{trial.segments} segments by k-means on {count_words(len(trial.variables), 'variable')}, formed on the {trial.known:,d} {units} "
        f"that have {'it' if len(trial.variables) == 1 else 'all of them'}{part}. Everybody who can be placed: {each}."
    )
    said = [formed]
    if trial.shared:
        said.append(
            f"Beside the published segments: agreement {trial.agreement:.2f} over {trial.shared:,d} {units} (adjusted Rand index: 0 is "
            "what chance gives, 1 is the same people together)."
        )
    if trial.pairs:
        middle, low = float(np.mean(trial.pairs)), float(np.min(trial.pairs))
        word = "comes back" if middle >= 0.8 else "comes back only in part" if middle >= 0.6 else "does not come back"
        said.append(
            f"A quick look at stability: where the study is repeated on resamples the partition {word} (agreement {middle:.2f} on average "
            f"over {count_words(len(trial.pairs), 'pair')}, {low:.2f} at worst). The line looks longer and tests for structure as well; "
            "what is tried here until it pleases is no finding."
        )
    return Reading(said)


def tabulate_trial(trial: Trial, published: pd.DataFrame, *, units: str = "units", min_cell: int = 10) -> Table:
    """Who would be together with whom: rows are the published segments, columns those tried; small cells withheld."""
    both = published["segment"].to_frame("one").join(trial.membership["segment"].rename("other"), how="inner")
    both = both.dropna().astype(str)
    counts = pd.crosstab(both["one"], both["other"])
    for axis in (0, 1):
        counts = counts.sort_index(axis=axis, key=lambda ids: ids.str[1:].astype(int))
    shown = counts.map(lambda n: f"{n:,d}" if n >= min_cell or n == 0 else f"under {min_cell}")
    frame = shown.rename_axis(index="published").rename_axis(columns=None).reset_index()
    caption = f"Published segments (rows) and the segments tried (columns). n = {len(both):,d} {units} in both."
    return Table(frame, caption, empty=f"None of the {units} is in both partitions.")


def _choose(study: Study, names: Sequence[str] | None) -> list[Variable]:
    able = {v.name: v for v in trial_variables(study)}
    if names is None:
        names = [name for name in study.segmentation.base if name in able]
    unknown = [name for name in names if name not in able]
    if unknown:
        hints = " ".join(dict.fromkeys(filter(None, (nearest_word(name, able) for name in unknown))))
        raise ParameterError(f"no distances can be taken of {', '.join(unknown)} in this study. {hints}".strip())
    if not names:
        raise ParameterError("choose at least one variable to form segments on")
    return [able[name] for name in dict.fromkeys(names)]


def _keep(search: Search, rows: pd.DataFrame, study: Study) -> Solution:
    ids = pd.Index([f"T{number + 1}" for number in range(search.segments)], name="segment")
    centres = pd.DataFrame(search.centres, index=ids, columns=rows.columns)
    facts = {"within_ss": search.within_ss, "total_ss": search.total_ss}
    sizes = pd.Series(search.sizes, ids)
    return Solution("trial", centres, sizes, facts, study.choices.random_state, study.choices.min_observed, tuple(ids))


def _agree(membership: pd.DataFrame, published: pd.DataFrame | None) -> tuple[float, int]:
    if published is None:
        return float("nan"), 0
    both = published["segment"].to_frame("one").join(membership["segment"].rename("other"), how="inner").dropna()
    if both.empty:
        return float("nan"), 0
    return adjusted_rand(pd.crosstab(both["one"], both["other"]).to_numpy()), len(both)


def _resample(
    values: np.ndarray, weight: np.ndarray | None, k: int, pairs: int, random_state: int
) -> tuple[float, ...]:
    """Agreement of partitions of two bootstrap samples, each laid over all units."""
    found = []
    for pair in range(pairs):
        random = np.random.default_rng(spawn_seeds(random_state, "trial", pair, size=4))
        labels = []
        for _ in range(2):
            drawn = random.integers(len(values), size=len(values))
            if len(np.unique(values[drawn], axis=0)) < k:
                return ()
            part = None if weight is None else weight[drawn]
            search = search_kmeans(values[drawn], k, starts=5, random_state=int(random.integers(2**31)), weights=part)
            labels.append(nearest_centres(values, search.centres))
        found.append(adjusted_rand(pd.crosstab(*labels).to_numpy()))
    return tuple(found)
