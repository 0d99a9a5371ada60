"""The segment's own words: what its people say more often than others, with the interviewee as the unit.

One talkative person says a word forty times. Words are therefore weighed by the log-odds with an informative prior, and judged by
giving the segments to the interviewees anew by chance, each with all their words.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table, format_p
from ..errors import ParameterError
from ..words import count_words, join_words
from .coded import CodedInterviews
from .redaction import Redactor

__all__ = ["Language", "compare_language", "describe_language", "log_odds", "tabulate_language"]

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
MASK = re.compile(r"\[[^\]]*\]")
COLUMNS = [
    "word",
    "segment",
    "uses",
    "words",
    "people",
    "n",
    "rest_people",
    "rest_n",
    "times",
    "lower",
    "upper",
    "z",
    "p",
]
PRIOR = 500.0  # as many words of everybody's speech are added to each side: rare words are drawn to the average
SHOWN = 5
FEWEST = 3  # people on either side for an interval
CELLS = 500_000  # z values held at a time: as many again several times over while they are reckoned


@dataclass(frozen=True)
class Language:
    """Words by segment.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a word and segment, smallest p first: word, segment, uses there, words (all words spoken there), people of the n
        interviewees there who said it, rest_people of rest_n elsewhere, times (odds there over odds elsewhere, drawn towards 1 by
        the prior), lower and upper limit of times (95 %, people drawn anew within their segment, each with all their words; missing
        below three people on either side), z (log of it in standard errors), p (share of random assignments of people to segments in
        which any word of any segment stands out as much).
    n_people, n_words : int
        Interviewees in a known segment, and words they spoke.
    compared : int
        Different words said by at least ``min_people``.
    min_people : int
    draws : int
    alpha : float
    source : str
    """

    table: pd.DataFrame
    n_people: int
    n_words: int
    compared: int
    min_people: int
    draws: int
    alpha: float
    source: str = ""


def log_odds(
    uses: np.ndarray,
    rest: np.ndarray,
    prior: np.ndarray,
    totals: tuple[float, float] | None = None,
    *,
    mass: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds ratio of each word between two bodies of speech with a Dirichlet prior, and its z.

    Parameters
    ----------
    uses, rest : ndarray of shape (..., n_words)
        Counts in the one and the other.
    prior : ndarray of shape (n_words,)
        Counts added to each side.
    totals : tuple of float, optional
        All words of either side, where ``uses`` leaves some out; default: their sums.
    mass : float, optional
        Sum of the whole prior, where ``prior`` leaves some words out.

    Returns
    -------
    (ndarray, ndarray) of shape (..., n_words)
        Log-odds ratio and z.

    Notes
    -----
    Monroe, Colaresi and Quinn (2008), equations 16, 20 and 22.

    Examples
    --------
    >>> log_odds(np.array([10, 2, 3]), np.array([4, 9, 3]), np.full(3, 0.01))[1].round(4).tolist()
    [3.0253, -2.7151, 0.098]
    """
    mass = float(prior.sum()) if mass is None else mass
    sides = []
    for place, counts in enumerate((uses, rest)):
        counts = np.asarray(counts, float)
        n = counts.sum(axis=-1, keepdims=True) if totals is None else totals[place]
        sides.append((counts + prior, n + mass - counts - prior))
    (one, not_one), (other, not_other) = sides
    ratio = np.log(one / not_one) - np.log(other / not_other)
    return ratio, ratio / np.sqrt(1 / one + 1 / other)


def compare_language(
    coded: CodedInterviews,
    redactor: Redactor,
    *,
    min_people: int = 3,
    draws: int = 1000,
    alpha: float = 0.05,
    random_state: int = 0,
) -> Language:
    """Find words that the people of one segment use more than others.

    Parameters
    ----------
    coded : CodedInterviews
    redactor : Redactor
        Names, firms and numbers are masked before words are counted.
    min_people : int
        Words said by fewer interviewees are left out: they are persons' words, not segments'.
    draws : int
        Random assignments of people to segments.
    alpha : float
        Chance that any word at all is called a segment's own where segments do not matter.
    random_state : int

    Returns
    -------
    Language
        Empty if fewer than two segments have interviewees.

    Raises
    ------
    ParameterError
        If ``min_people`` is not at least 2, or ``draws`` not at least 100.

    Notes
    -----
    Words of interviewers are not counted. The prior is everybody's speech, scaled to 500 words a side. p is corrected for all words
    and segments at once: each z is put in standard deviations of its own random assignments, so that words of few and segments of few
    people do not drown the others, and held against the largest of all (Westfall and Young's single step). The interval is a
    percentile bootstrap of whole people within segments, of one word at a time and not corrected for how many there are.
    """
    if min_people < 2 or draws < 100:
        raise ParameterError(f"min_people must be at least 2 and draws at least 100; got {min_people} and {draws}")
    counts = _count(coded, redactor)
    segment = coded.people["segment"].reindex(counts.index)
    counts = counts[segment.notna()]
    codes, names = pd.factorize(segment.dropna(), sort=True)
    nothing = pd.DataFrame(columns=COLUMNS)
    said = counts.loc[:, (counts > 0).sum() >= min_people]
    if len(names) < 2 or said.empty:
        return Language(nothing, len(counts), int(counts.to_numpy().sum()), 0, min_people, draws, alpha, coded.source)
    spoken, values = counts.to_numpy(float).sum(axis=1), said.to_numpy(float)
    prior = PRIOR * values.sum(axis=0) / spoken.sum()
    own = np.eye(len(names))[codes]
    random = np.random.default_rng(random_state)
    orders = [np.arange(len(own)), *(random.permutation(len(own)) for _ in range(draws))]
    z, balanced, reached = _draw(own, orders, values, spoken, prior)
    weights = _redraw(codes, draws, np.random.default_rng([random_state, 1]))
    rows = []
    for place, name in enumerate(names):
        members = own[:, place] > 0
        low, high = _times_interval(weights, members, values, spoken, prior)
        inside, outside = values[members], values[~members]
        ratio = log_odds(
            inside.sum(axis=0), outside.sum(axis=0), prior, (spoken[members].sum(), spoken[~members].sum())
        )[0]
        rows.append(
            pd.DataFrame(
                {
                    "word": said.columns,
                    "segment": name,
                    "uses": inside.sum(axis=0).astype(int),
                    "words": int(spoken[members].sum()),
                    "people": (inside > 0).sum(axis=0),
                    "n": int(members.sum()),
                    "rest_people": (outside > 0).sum(axis=0),
                    "rest_n": int((~members).sum()),
                    "times": np.exp(ratio),
                    "lower": low,
                    "upper": high,
                    "z": z[place],
                    "p": (1 + (reached[None, :] >= balanced[place][:, None] - 1e-12).sum(axis=1)) / (draws + 1),
                }
            )
        )
    table = (
        pd.concat(rows)
        .sort_values(["p", "z", "word"], ascending=[True, False, True], kind="stable")
        .reset_index(drop=True)
    )
    return Language(table, len(counts), int(spoken.sum()), said.shape[1], min_people, draws, alpha, coded.source)


def describe_language(language: Language) -> Reading | Callout:
    """Which words belong to a segment, or that none does beyond chance.

    Examples
    --------
    >>> describe_language(Language(pd.DataFrame(columns=COLUMNS), 0, 0, 0, 3, 1000, 0.05)).kind
    'absent'
    """
    if language.table.empty:
        return Callout("absent", "Words of segments cannot be compared: fewer than two segments have interviewees.")
    table = language.table
    found = table[(table["p"] <= language.alpha) & (table["times"] > 1)]
    lead = (
        f"{count_words(language.n_people, 'interviewee')} spoke {language.n_words:,} words. The {language.compared:,} different words "
        f"said by at least {language.min_people} of them were compared between segments. To tell a segment's language from that of one "
        f"talkative person, the interviewees were given to segments by chance {language.draws:,} times, each with all their words."
    )
    if found.empty:
        best = table.iloc[0]
        shown = format_p(best["p"])
        return Reading(
            [
                f"{lead} No word belongs to a segment beyond what such chance gives. The nearest is “{best['word']}” in {_say(best)} "
                f"(p {shown if shown[0] in '<>' else f'= {shown}'}). Quotes, not word counts, tell here how people speak."
            ]
        )
    listed = []
    for segment, rows in found.groupby("segment", sort=True):
        words = join_words(
            f"“{row['word']}” ({row['people']} of {row['n']} people)" for _, row in rows.head(SHOWN).iterrows()
        )
        listed.append(f"{segment}: {words}")
    limit = f"the chance that any word at all is listed by accident is {language.alpha:.0%}"
    return Reading([f"{lead} These are used beyond chance more in one segment ({limit}). {'. '.join(listed)}."])


def tabulate_language(language: Language, *, rows: int = SHOWN) -> Table:
    """The most telling words of each segment, said to be the segment's own or not."""
    top = language.table[language.table["times"] > 1].groupby("segment", sort=True).head(rows)
    top = top.sort_values(["segment", "p", "z"], ascending=[True, True, False], kind="stable")
    frame = pd.DataFrame(
        {
            "Segment": top["segment"],
            "Word": top["word"],
            "Said by": [f"{a} of {b}" for a, b in zip(top["people"], top["n"], strict=True)],
            "Elsewhere": [f"{a} of {b}" for a, b in zip(top["rest_people"], top["rest_n"], strict=True)],
            "Uses": top["uses"],
            "Times as often": top["times"],
            "Interval": [
                "too few people" if pd.isna(a) else f"{a:.1f} to {b:.1f}"
                for a, b in zip(top["lower"], top["upper"], strict=True)
            ],
            "p": top["p"],
            "Reading": ["its own" if p <= language.alpha else "may be chance" for p in top["p"]],
        }
    ).reset_index(drop=True)
    caption = (
        f"Words that stand out in each segment. n = {language.n_people} interviewees, {language.n_words:,} words; words said by fewer "
        f"than {language.min_people} people are left out. {language.source}"
    )
    note = (
        "Said by: interviewees who used the word at all. Times as often: odds of the word there over elsewhere, drawn towards 1 where "
        "it is rare. Interval: 95 %, the people of each segment drawn anew, each with all their words; it looks at one word alone, and "
        "among hundreds some lie above 1 by chance. p: how often people given to segments by chance show any word so one-sided."
    )
    return Table(frame, caption.strip(), {"Times as often": ".1f", "p": "p"}, note)


def _say(row: pd.Series) -> str:
    return f"{row['segment']}, said by {row['people']} of the {row['n']} people there and {row['rest_people']} of {row['rest_n']} elsewhere"


def _count(coded: CodedInterviews, redactor: Redactor) -> pd.DataFrame:
    """Uses of each word by each interviewee."""
    turns = coded.turns[coded.turns["participant"].notna()]
    spoken: dict[str, Counter[str]] = {str(person): Counter() for person in coded.people.index}
    for person, text in zip(turns["participant"].astype(str).tolist(), turns["text"].astype(str).tolist(), strict=True):
        spoken.setdefault(person, Counter()).update(WORD.findall(MASK.sub(" ", redactor.redact(text))))
    spelt = {word: word.casefold().replace("’", "'") for uses in spoken.values() for word in uses}
    column = {word: place for place, word in enumerate(sorted(set(spelt.values())))}
    counts = np.zeros((len(spoken), len(column)), dtype=int)
    for row, uses in enumerate(spoken.values()):
        np.add.at(counts[row], [column[spelt[word]] for word in uses], list(uses.values()))
    return pd.DataFrame(counts, index=list(spoken), columns=list(column))


def _draw(
    own: np.ndarray, orders: list[np.ndarray], values: np.ndarray, spoken: np.ndarray, prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z as found (segments, words), the same in standard deviations of its own draws, and the largest of each draw.

    Some words at a time: all of them in all draws at once would take gigabytes.
    """
    dealt = np.stack([own[order] for order in orders]).transpose(0, 2, 1)  # draws, segments, people
    totals = (dealt @ spoken)[:, :, None]
    step = max(1, CELLS // (len(orders) * own.shape[1]))
    z, balanced, reached = [], [], np.full(len(orders) - 1, -np.inf)
    for first in range(0, values.shape[1], step):
        part = slice(first, first + step)
        inside = (dealt.reshape(-1, len(own)) @ values[:, part]).reshape(*totals.shape[:2], -1)
        outside = values[:, part].sum(axis=0) - inside
        drawn = log_odds(inside, outside, prior[part], (totals, spoken.sum() - totals), mass=prior.sum())[1]
        spread = drawn.std(axis=0)
        scaled = (drawn - drawn.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        z.append(drawn[0].copy())  # a view would keep all draws
        balanced.append(scaled[0].copy())
        reached = np.maximum(reached, scaled[1:].max(axis=(1, 2)))
    return np.concatenate(z, axis=1), np.concatenate(balanced, axis=1), reached


def _redraw(codes: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    """How often each person (columns) is drawn in each draw (rows): as many of a segment as it has, with replacement."""
    weights = np.zeros((draws, len(codes)))
    for segment in np.unique(codes):
        inside = np.flatnonzero(codes == segment)
        weights[:, inside] = random.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), size=draws)
    return weights


def _times_interval(
    weights: np.ndarray, members: np.ndarray, values: np.ndarray, spoken: np.ndarray, prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of the odds of each word among members over others, from people drawn anew."""
    if min(members.sum(), (~members).sum()) < FEWEST:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    totals = tuple((weights[:, side] @ spoken[side])[:, None] for side in (members, ~members))
    step, limits = max(1, CELLS // len(weights)), []
    for first in range(0, values.shape[1], step):
        part = slice(first, first + step)
        inside, outside = (weights[:, side] @ values[side, part] for side in (members, ~members))
        drawn = log_odds(inside, outside, prior[part], totals, mass=prior.sum())[0]
        limits.append(np.exp(np.quantile(drawn, [0.025, 0.975], axis=0)))
    low, high = np.concatenate(limits, axis=1)
    return low, high
