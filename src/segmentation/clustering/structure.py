"""Do the data show segments of their own? A test whose false alarms are known, and the label that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..display import format_p
from ..errors import ParameterError
from .inputs import check_count, complete_rows, distinct_rows, spawn_seeds
from .kmeans import fit_weighted, map_threads, pad

__all__ = ["StructureTest", "draw_references", "measure_structure", "normal_scores", "say_p"]

REFERENCE_STARTS = 5
TUNING_ROUNDS = 4
SMALLEST = 30
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
        Complete units and base variables tested.
    reason : str
        Why nothing could be tested; empty otherwise.
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

    def to_dict(self) -> dict[str, Any]:
        """What a report keeps, as JSON types."""
        numbers = {"p": self.p, "p_joint": self.p_joint, "p_dip": self.p_dip, "statistic": self.statistic}
        plain = {name: None if np.isnan(value) else float(value) for name, value in numbers.items()}
        return {**plain, "references": self.references, "n": self.n, "variables": self.variables, "reason": self.reason}


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
    target = np.corrcoef(scores, rowvar=False)
    ordered = np.sort(scores, axis=0)

    def draw(seed: int) -> np.ndarray:
        normal = np.random.default_rng(seed).standard_normal(scores.shape)
        white = np.linalg.qr(normal - normal.mean(axis=0))[0]
        copula = target
        for _ in range(TUNING_ROUNDS):
            data = _reorder(ordered, white @ _root(copula))
            copula = copula + target - np.corrcoef(data, rowvar=False)
        return _reorder(ordered, white @ _root(copula))

    return map_threads(draw, spawn_seeds(random_state, "references", size=references))


def measure_structure(
    encoded: pd.DataFrame, segments: range, *, references: int = 199, random_state: int
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

    Returns
    -------
    StructureTest
        With p NaN and a reason in words if fewer than 30 units, or no more units than variables, are complete.

    Raises
    ------
    ParameterError
        If a number of segments is not at least 2 or larger than the number of different rows.
    DataContractError
        If a variable is constant.

    Notes
    -----
    1. Columns become normal scores of mid-ranks. 2. References keep every column's values and all correlations, and are
    otherwise one Gaussian-copula population. 3. The statistic is the largest standardised drop of log(W_k / W_1) over k, W_k
    the within-segment sum of squares, data and references searched alike. 4. p = (1 + references at least as large) /
    (references + 1). 5. Segments visible in one variable alone are part of the references, so Hartigan's dip test, Holm-corrected,
    covers them; each half then has half the error rate. Any dependence that is not a Gaussian copula's is structure to this
    test: a bent single population is too. Unweighted.
    """
    counts = sorted({check_count(k) for k in segments})
    if not counts:
        raise ParameterError("segments must name at least one number of segments, for instance range(2, 9)")
    rows = complete_rows(encoded)
    n, p = rows.shape
    if n < SMALLEST or n <= p + 1:
        return _untested(n, p)
    complete_rows(encoded, segments=counts[-1])
    rows = rows.sort_values(list(rows.columns), kind="stable")  # the order of units must not matter
    scores = normal_scores(rows.to_numpy())
    data = [scores, *draw_references(scores, references, random_state=random_state)]
    drops = _drops(data, counts, random_state)
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
    """A with A'A the nearest correlation matrix; negative eigenvalues (singular or overtuned input) become zero."""
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))).T
    return root / np.sqrt((root**2).sum(axis=0))


def _reorder(ordered: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Columns in the rank order of a normal sample."""
    ranks = np.argsort(np.argsort(normal, axis=0), axis=0)
    return np.take_along_axis(ordered, ranks, axis=0)


def _drops(data: list[np.ndarray], counts: list[int], random_state: int) -> np.ndarray:
    """log(W_1 / W_k) of each data set (rows) and k (columns); all are searched with the same starts."""
    seeds = {k: spawn_seeds(random_state, "drops", k, size=REFERENCE_STARTS) for k in counts}
    tied = len(np.unique(data[0], axis=0)) < len(data[0]) / 2

    def measure(scores: np.ndarray) -> list[float]:
        weight = np.ones(len(scores))
        if tied:
            rows = distinct_rows(scores)
            scores, weight = rows.values, rows.counts.astype(float)
        padded, total = pad(scores), float(weight @ (scores**2).sum(axis=1))
        within = [fit_weighted(padded, weight, k, seeds[k])[0].min() for k in counts]
        return [float(np.log(total / max(w, 1e-9 * total))) for w in within]

    return np.array(map_threads(measure, data))


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
