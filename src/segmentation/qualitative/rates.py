"""How often a theme comes up, by segment: coded turns over all turns of a person, tested by giving people to segments by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Table
from ..errors import ParameterError
from .coded import CodedInterviews
from .intervals import adjust_p_values

__all__ = ["ThemeRates", "compare_theme_rates", "permute_rates", "tabulate_theme_rates"]

COLUMNS = ["code", "name", "segment", "n", "rate", "rest_rate"]
OVERALL = ["code", "name", "n", "rate", "p", "q"]


@dataclass(frozen=True)
class ThemeRates:
    """Rates of themes by segment.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a code and segment: code, name, segment, n interviewees, rate (mean over them of the share of their turns with the
        code), rest_rate (the same for all other segments).
    overall : pandas.DataFrame
        One row a code: code, name, n, rate, p (share of random assignments of people to segments that differ as much), q
        (Benjamini-Hochberg over codes).
    draws, random_state : int
    alpha : float
    source : str
    """

    table: pd.DataFrame
    overall: pd.DataFrame
    draws: int
    random_state: int
    alpha: float = 0.05
    source: str = ""


def permute_rates(rates: np.ndarray, segments: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """p of a difference of mean rates between segments, people given to segments by chance.

    Parameters
    ----------
    rates : ndarray of shape (n_people, n_codes)
    segments : ndarray of shape (n_people,)
    draws : int
        Random assignments.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_codes,)
        (1 + assignments that spread the means at least as far) / (draws + 1); NaN where all rates are equal or there is one segment.

    Examples
    --------
    >>> rates = np.array([[0.0], [0.0], [0.0], [0.5], [0.5], [0.5]])
    >>> p = permute_rates(rates, np.array([0, 0, 0, 1, 1, 1]), 999, np.random.default_rng(1))
    >>> bool(0.06 < p[0] < 0.15)  # 2 of the 20 ways to part them
    True
    """
    _, codes = np.unique(segments, return_inverse=True)
    own = np.eye(codes.max() + 1)[codes] if len(codes) else np.zeros((0, 0))
    if own.shape[1] < 2:
        return np.full(rates.shape[1], math.nan)
    size = own.sum(axis=0)
    centred = rates - rates.mean(axis=0)

    def spread(order: np.ndarray) -> np.ndarray:
        between: np.ndarray = (((own[order].T @ centred) ** 2) / size[:, None]).sum(axis=0)
        return between

    seen = spread(np.arange(len(own)))
    far = sum((spread(rng.permutation(len(own))) >= seen - 1e-12).astype(int) for _ in range(draws))
    p: np.ndarray = np.where(np.ptp(rates, axis=0) > 0, (1 + far) / (draws + 1), math.nan)
    return p


def compare_theme_rates(
    coded: CodedInterviews, *, draws: int = 1999, alpha: float = 0.05, random_state: int = 0
) -> ThemeRates:
    """Compare how often people of each segment come back to each theme, with the person as the unit.

    A turn counts if every coder of that interview gave it the code.

    Parameters
    ----------
    coded : CodedInterviews
    draws : int
        Random assignments of people to segments, at least 100.
    alpha : float
        False discovery rate.
    random_state : int

    Returns
    -------
    ThemeRates
        Interviews nobody coded and people of unknown segment are left out.

    Raises
    ------
    ParameterError
        If draws or alpha are out of range.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(compare_theme_rates(nobody).table)
    0
    """
    if draws < 100 or not 0 < alpha < 1:
        raise ParameterError(f"need at least 100 draws and alpha between 0 and 1; got {draws}, {alpha}")
    rates = _rates(coded)
    segment = coded.people["segment"].reindex(rates.index).dropna()
    rates = rates.loc[segment.index]
    if rates.empty or not len(rates.columns):
        return ThemeRates(
            pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=OVERALL), draws, random_state, alpha, coded.source
        )
    names = coded.codes["name"]
    rows = []
    for code in rates.columns:
        for name in coded.segments or tuple(sorted(segment.unique())):
            inside = (segment == name).to_numpy(bool)
            means = [
                float(part.mean()) if len(part) else math.nan
                for part in (rates.loc[inside, code], rates.loc[~inside, code])
            ]
            rows.append((code, names[code], name, int(inside.sum()), *means))
    p = permute_rates(rates.to_numpy(float), segment.to_numpy(str), draws, np.random.default_rng(random_state))
    overall = pd.DataFrame(
        {
            "code": rates.columns,
            "name": names[rates.columns].to_numpy(),
            "n": len(rates),
            "rate": rates.mean().to_numpy(),
            "p": p,
        }
    )
    overall["q"] = adjust_p_values(overall["p"])
    return ThemeRates(pd.DataFrame(rows, columns=COLUMNS), overall[OVERALL], draws, random_state, alpha, coded.source)


def _rates(coded: CodedInterviews) -> pd.DataFrame:
    """Share of each person's turns that every coder of the interview gave each code, of people whose interview was coded."""
    own = coded.turns[coded.turns["role"] == "participant"]
    turns = own.groupby("participant", observed=True).size()
    coders = coded.marks.groupby("source_id")["coder"].nunique()
    keys = ["participant", "code_id", "source_id", "turn"]
    given = coded.marks.groupby(keys, observed=True)["coder"].nunique().reset_index()
    agreed = given[given["coder"] >= given["source_id"].map(coders)]
    counted = agreed.groupby(["participant", "code_id"], observed=True).size().unstack(fill_value=0)
    people = [p for p in coded.people.index[coded.people["source_id"].isin(coders.index)] if p in turns.index]
    counted = counted.reindex(index=people, columns=coded.leaves if len(coded.marks) else [], fill_value=0)
    return counted.div(turns.reindex(people).astype(float), axis=0)


def tabulate_theme_rates(rates: ThemeRates) -> Table:
    """Rates of themes by segment for a reader.

    Returns
    -------
    Table
        Theme, All, one column a segment, p, q.

    Examples
    --------
    >>> empty = ThemeRates(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=OVERALL), 100, 0)
    >>> list(tabulate_theme_rates(empty).frame.columns)
    ['Theme', 'All', 'p', 'q']
    """
    segments = list(dict.fromkeys(rates.table["segment"]))
    rows = []
    for whole in rates.overall.sort_values(["p", "code"]).itertuples(index=False):
        part = rates.table[rates.table["code"] == whole.code].set_index("segment")
        cells = {name: part.at[name, "rate"] for name in segments}
        rows.append({"Theme": whole.name, "All": whole.rate, **cells, "p": whole.p, "q": whole.q})
    frame = pd.DataFrame(rows, columns=["Theme", "All", *segments, "p", "q"])
    n = int(rates.overall["n"].max()) if len(rates.overall) else 0
    caption = (
        f"How often themes come up: mean share of a person's turns with the theme, by segment. n = {n} people in a known segment. p: how "
        f"often people given to segments by chance differ as much ({rates.draws:,} times, seed {rates.random_state}). {rates.source}"
    )
    formats = {**dict.fromkeys(["All", *segments], ".1%"), "p": "p", "q": "p"}
    return Table(frame, caption.strip(), formats, "Each person counts once, however long they spoke.")
