"""Do the data show segments of their own? A test whose false alarms are known, and the label that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..display import format_p
from ..errors import ParameterError
from .inputs import check_count, complete_rows, distinct_rows, lexical_order, spawn_seeds
from .packed import Rows, Sample, map_threads

__all__ = ["StructureTest", "draw_references", "measure_structure", "normal_scores", "say_p"]

FEWEST_STARTS, MOST_STARTS, ROWS_SEARCHED = 10, 30, 8_000  # starts a search: the fewer rows, the more
TUNING_ROUNDS, FIRST_ROUNDS = 6, 20
NEARLY = 0.995
DAMPING = 0.5
SMALLEST = 30
MOST_ROWS = 20_000
SPIKE = 0.5


@dataclass(frozen=True)
class StructureTest:
    """Observed tightness of the best partitions against data sets that have everything but segments.

    Attributes
    ----------
    p : float
        Chance, were the data one correlated population, of tightness at least as extreme. Twice the smaller of ``p_joint``
        and ``p_dip`` where both halves could be tested. NaN if there were not enough data.
    p_joint : float
        From the joint shape of all variables: (1 + references at least as tight) / (references + 1).
    p_dip : float
        Smallest Holm-corrected p of the dip test over the variables that can be tested; NaN if none can.
    dip : pandas.DataFrame
        Index variable; columns dip, p, p_holm. Only variables with more than n/2 distinct values, none of them
        held by more than sqrt(n)/2 units.
    drops : pandas.DataFrame
        Index k; columns observed (log of W_1/W_k; larger is tighter), mean, lower, upper (mean and 2.5 and 97.5 % points of
        the references), z (observed less the references' mean, in their standard deviations), excess (share by which the
        best partition of the data leaves less spread within segments than that of the references on average),
        excess_lower, excess_upper (2.5 and 97.5 % points of the same for the references themselves).
    statistic : float
        Largest standardised drop over k, standardised over the references and the data together.
    reference_statistics : ndarray of shape (references,)
    references : int
    n, variables : int
        Complete units and base variables.
    reason : str
        Why nothing could be tested; empty otherwise.
    rows_used : int
        Units tested: all, or 20,000 of them drawn at random where there are more. 0 if nothing was tested.
    weighted : bool
        Whether units counted by weights that differ.
    """

    p: float
    p_joint: float
    p_dip: float
    dip: pd.DataFrame
    drops: pd.DataFrame
    statistic: float
    reference_statistics: np.ndarray
    references: int
    n: int
    variables: int
    reason: str = ""
    rows_used: int = 0
    weighted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What a report keeps, as JSON types."""
        numbers = {"p": self.p, "p_joint": self.p_joint, "p_dip": self.p_dip, "statistic": self.statistic}
        plain = {name: None if np.isnan(value) else float(value) for name, value in numbers.items()}
        facts = {"references": self.references, "n": self.n, "variables": self.variables, "reason": self.reason}
        return {**plain, **facts, "rows_used": self.rows_used, "weighted": self.weighted}


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Column-wise normal scores of mid-ranks, standardised to mean 0 and standard deviation 1.

    Heavy tails and skew become harmless; ties stay ties.

    Examples
    --------
    >>> normal_scores(np.array([[1.0], [2.0], [100.0]])).round(3).ravel().tolist()
    [-1.225, 0.0, 1.225]
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = ndtri((rankdata(values, axis=0) - 0.5) / len(values))
    scores = scores - scores.mean(axis=0)
    return scores / scores.std(axis=0)


def draw_references(scores: np.ndarray, references: int, *, random_state: int) -> list[np.ndarray]:
    """Data sets with the same columns and the same correlations, and otherwise one population without segments.

    Each column of ``scores`` is re-ordered, its values untouched, to the ranks of a normal sample whose mean and
    correlation are forced to be exact (Iman and Conover 1982); for each data set the correlation forced is tuned in four rounds
    until that of the re-ordered columns is the observed one.

    Parameters
    ----------
    scores : ndarray of shape (n_units, n_variables)
        Standardised columns; more units than variables plus one.
    references : int
    random_state : int

    Returns
    -------
    list of ndarray of shape (n_units, n_variables)
    """
    draw = _Reference.of(scores)
    return map_threads(lambda seed: draw(seed)[0], spawn_seeds(random_state, "references", size=references))


@dataclass(frozen=True)
class _Reference:
    """Draws one reference.

    ``ordered``: sorted columns (n_variables, n_units); ``standard``: the same standardised; ``target``: correlation to be met;
    ``slope``: by how much the correlation of two columns grows with that of the normals they are made from, near none (1 for continuous
    columns, 0.64 for two yes/no ones); ``start``: correlation of normals from which tuning starts.
    """

    ordered: np.ndarray
    standard: np.ndarray
    target: np.ndarray
    slope: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> _Reference:
        from scipy.special import ndtri

        n, p = values.shape
        spread = values.std(axis=0)
        standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        scores = ndtri((np.arange(n) + 0.5) / n)
        ordered = np.sort(standard.T, axis=1)
        part = ordered @ scores / np.sqrt(n * (scores @ scores))
        target, slope = standard.T @ standard / n, np.outer(part, part)
        first = cls(np.sort(values.T, axis=1), ordered, target, slope, np.clip(target / slope, -NEARLY, NEARLY))
        white = _white(np.random.default_rng(n), p, n)
        return cls(first.ordered, ordered, target, slope, first._tune(white, FIRST_ROUNDS))

    def __call__(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Re-ordered columns as a matrix (n_units, n_variables), and the order: unit of each sorted value (n_variables, n_units)."""
        white = _white(np.random.default_rng(seed), *self.ordered.shape)
        order = np.argsort(_root(self._tune(white, TUNING_ROUNDS)).T @ white, axis=1)
        return np.ascontiguousarray(_reorder(self.ordered, order).T), order

    def _tune(self, white: np.ndarray, rounds: int) -> np.ndarray:
        """Correlation of normals whose ranks give the columns the target's, to a fraction of its standard error.

        The slope grows as columns with few values become more alike; without it, tuning would end short, and references
        looser than the data would be taken for structure.
        """
        copula, n = self.start, white.shape[1]
        best, least = copula, np.inf
        for _ in range(rounds):
            root = _root(copula)
            data = _reorder(self.standard, np.argsort(root.T @ white, axis=1))
            copula, short = root.T @ root, self.target - data @ data.T / n
            if (miss := float((short**2).sum())) < least:
                best, least = copula, miss
            steep = self.slope + (1 - self.slope) * (1 / np.sqrt(1 - np.clip(copula, -NEARLY, NEARLY) ** 2) - 1)
            copula = np.clip(copula + DAMPING * short / steep, -NEARLY, NEARLY)
            np.fill_diagonal(copula, 1.0)
        return best


def _white(random: np.random.Generator, p: int, n: int) -> np.ndarray:
    """Normals (p, n) with exact means 0 and no correlation."""
    normal = random.standard_normal((p, n))
    normal -= normal.mean(axis=1, keepdims=True)
    return np.linalg.solve(np.linalg.cholesky(normal @ normal.T), normal)


def measure_structure(
    encoded: pd.DataFrame,
    segments: range,
    *,
    references: int = 199,
    random_state: int,
    weights: pd.Series | None = None,
) -> StructureTest:
    """Test whether base variables hold structure beyond one correlated population.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        Base variables by unit; complete rows are tested.
    segments : range or sequence of int
        Numbers of segments considered; all are paid for in the p-value.
    references : int
        Reference data sets without segments; 199 or more in a report.
    random_state : int
    weights : pandas.Series, optional
        Positive weight by unit; units without one are left out.

    Returns
    -------
    StructureTest
        With p NaN and a reason in words if fewer than 30 units, or no more units than variables, are complete.

    Raises
    ------
    ParameterError
        If a number of segments is not at least 2 or larger than the number of different rows, or a weight is not positive.
    DataContractError
        If a variable is constant.

    Notes
    -----
    1. Columns become normal scores of mid-ranks. 2. References keep every column's values and all correlations, and are
    otherwise one Gaussian-copula population. 3. The statistic is the largest standardised drop of log(W_k / W_1) over k, W_k
    the within-segment sum of squares, data and references searched alike. 4. p = (1 + references at least as large) /
    (references + 1). 5. Segments visible in one variable alone are part of the references, so Hartigan's dip test, Holm-corrected,
    covers them; each half then has half the error rate. Any dependence that is not a Gaussian copula's is structure to this
    test: a bent single population is too.

    Weights: W_k and W_1 are weighted in the data and in the references. A reference carries the weight as one more column, with
    its own values and its correlations with the variables, so that a weight that goes with a variable does so without segments too.
    Normal scores and the dip test are of the units as they are: they ask for shape, which weights of respondents do not make.
    Weights that are all equal change nothing. Above 20,000 units, so many drawn at random are tested (``rows_used``); above 8,192,
    data and references alike are searched on a part of the rows first (``Sample``).
    """
    counts = sorted({check_count(k) for k in segments})
    if not counts:
        raise ParameterError("segments must name at least one number of segments, for instance range(2, 9)")
    rows, weight = _weighted_rows(encoded, weights)
    n, p = rows.shape
    if n < SMALLEST or n <= p + 1:
        return _untested(n, p)
    complete_rows(rows, segments=counts[-1])
    values = rows.to_numpy()
    everything = values if weight is None else np.column_stack([values, weight])
    order = lexical_order(everything)  # the order of units must not matter
    if n > MOST_ROWS:
        random = np.random.default_rng(spawn_seeds(random_state, "tested", size=4))
        order = order[np.sort(random.choice(n, MOST_ROWS, replace=False))]
    rows, everything = rows.iloc[order], everything[order]
    drops = _drops(
        normal_scores(everything), None if weight is None else weight[order], counts, references, random_state
    )
    pooled = (drops - drops.mean(axis=0)) / np.where(drops.std(axis=0) > 0, drops.std(axis=0), 1.0)
    statistics = pooled.max(axis=1)
    p_joint = float((1 + (statistics[1:] >= statistics[0] - 1e-12).sum()) / (references + 1))
    dip = _dip(rows)
    p_dip = float(dip["p_holm"].min()) if len(dip) else float("nan")
    return StructureTest(
        p=p_joint if np.isnan(p_dip) else min(1.0, 2 * min(p_joint, p_dip)),
        p_joint=p_joint,
        p_dip=p_dip,
        dip=dip,
        drops=_summarise(drops, counts),
        statistic=float(statistics[0]),
        reference_statistics=statistics[1:],
        references=references,
        n=n,
        variables=p,
        rows_used=len(rows),
        weighted=weight is not None,
    )


def say_p(test: StructureTest) -> str:
    """The p-value in words; where no reference reached the data, that it is the smallest so many references can give."""
    shown = format_p(test.p)
    text = f"p {shown}" if shown[0] in "<>" else f"p = {shown}"
    least = test.p_joint * (test.references + 1) < 1.5 and test.p <= 2 * test.p_joint + 1e-12
    return f"{text}, the smallest that {test.references} such data sets can show" if least else text


def _untested(n: int, p: int) -> StructureTest:
    need = max(SMALLEST, p + 2)
    many = "unit has" if n == 1 else "units have"
    reason = f"{n} {many} every base variable; the test for segments needs at least {need} with {p} variables"
    nothing = float("nan")
    dip = pd.DataFrame(columns=["dip", "p", "p_holm"], dtype=float)
    columns = ["observed", "mean", "lower", "upper", "z", "excess", "excess_lower", "excess_upper"]
    drops = pd.DataFrame(columns=columns, index=pd.Index([], name="k", dtype="int64"), dtype=float)
    return StructureTest(nothing, nothing, nothing, dip, drops, nothing, np.empty(0), 0, n, p, reason)


def _root(correlation: np.ndarray) -> np.ndarray:
    """Symmetric A with A'A the nearest correlation matrix; negative eigenvalues (singular or overtuned input) become zero.

    Symmetric, because only that root changes little when the matrix does: with any other, tuning would start anew each round.
    """
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    return root / np.sqrt((root**2).sum(axis=0))


def _reorder(ordered: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Sorted values (rows of ``ordered``), the smallest to the unit that ``order`` names first."""
    data = np.empty_like(ordered)
    np.put_along_axis(data, order, ordered, axis=1)
    return data


def _weighted_rows(encoded: pd.DataFrame, weights: pd.Series | None) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Complete units that have a weight, and their weights; None if all are equal."""
    if weights is None:
        return complete_rows(encoded), None
    known = weights.reindex(encoded.index)
    rows = complete_rows(encoded[known.notna()])
    weight = known.reindex(rows.index).to_numpy(float)
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ParameterError(f"weights must be positive and finite; the smallest is {weight.min()!r}")
    return rows, None if weight.min() == weight.max() else weight / weight.mean()


def _drops(
    scores: np.ndarray, weight: np.ndarray | None, counts: list[int], references: int, random_state: int
) -> np.ndarray:
    """log(W_1 / W_k) of the data (first row) and each reference, by k; all are searched with the same starts.

    With ``weight`` the last column of ``scores`` is its normal score. References are made, measured and forgotten one at a time.
    """
    p = scores.shape[1] - (weight is not None)
    different = len(distinct_rows(scores[:, :p]).values)
    starts = int(np.clip(ROWS_SEARCHED // different, FEWEST_STARTS, MOST_STARTS))
    seeds = {k: spawn_seeds(random_state, "drops", k, size=Sample.seeds(starts)) for k in counts}
    part = spawn_seeds(random_state, "part", size=4)
    tied = different < len(scores) / 2
    draw = _Reference.of(scores)
    steps = None if weight is None else np.sort(weight)

    def measure(seed: int | None) -> list[float]:
        data, mass = scores, np.ones(len(scores)) if weight is None else weight
        if seed is not None:
            data, order = draw(seed)
            if steps is not None:
                mass = np.empty(len(scores))
                mass[order[-1]] = steps
        data = data[:, :p]
        if tied:
            rows = distinct_rows(data)
            data = rows.values
            mass = rows.counts.astype(float) if weight is None else np.bincount(rows.place, weights=mass)
        sample = Sample.of(Rows.of(data, mass), mass, np.random.default_rng(part))
        total = float(mass @ ((data - np.average(data, axis=0, weights=mass)) ** 2).sum(axis=1))
        within = [sample.search(k, seeds[k])[0] for k in counts]
        return [float(np.log(total / max(w, 1e-9 * total))) for w in within]

    return np.array(map_threads(measure, [None, *spawn_seeds(random_state, "references", size=references)]))


def _summarise(drops: np.ndarray, counts: list[int]) -> pd.DataFrame:
    references = drops[1:]
    spread = references.std(axis=0, ddof=1)
    centre = references.mean(axis=0)
    difference = drops[0] - centre
    low, high = np.quantile(references, [0.025, 0.975], axis=0)
    return pd.DataFrame(
        {
            "observed": drops[0],
            "mean": centre,
            "lower": low,
            "upper": high,
            "z": difference / np.where(spread > 0, spread, np.nan),
            "excess": 1 - np.exp(-difference),
            "excess_lower": 1 - np.exp(centre - low),
            "excess_upper": 1 - np.exp(centre - high),
        },
        index=pd.Index(counts, name="k"),
    )


def _dip(rows: pd.DataFrame) -> pd.DataFrame:
    """Hartigan's dip test of each column that is continuous enough for it, Holm-corrected."""
    from diptest import diptest

    continuous = [column for column in rows.columns if _continuous(rows[column])]
    found = [diptest(np.sort(rows[column].to_numpy())) for column in continuous]
    table = pd.DataFrame(found, columns=["dip", "p"], index=pd.Index(continuous, name="variable"), dtype=float)
    ordered = table["p"].sort_values(kind="stable")
    holm = (ordered * np.arange(len(ordered), 0, -1)).cummax().clip(upper=1.0)
    return table.assign(p_holm=holm.reindex(table.index))


def _continuous(column: pd.Series) -> bool:
    """More than n/2 distinct values and no spike: one value held by many units (zeros of a usage count) alone fails a dip test."""
    counts = column.value_counts()
    return len(counts) > len(column) / 2 and counts.iloc[0] <= max(1.0, SPIKE * np.sqrt(len(column)))
