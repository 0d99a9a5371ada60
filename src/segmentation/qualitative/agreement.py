"""Do two people reading the same words mark the same things? Krippendorff's alpha by code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..words import count_words, join_words, percent_words, range_words
from .alpha import alpha_of_coincidences, coincidences
from .coded import CodedInterviews
from .unitised import measure_spans

__all__ = ["Agreement", "describe_agreement", "measure_agreement", "tabulate_agreement"]

COLUMNS = [
    "code",
    "name",
    "alpha",
    "lower",
    "upper",
    "n_units",
    "prevalence",
    "agreement",
    "spans",
    "people",
    "reading",
    "reason",
]
FEW = 5  # interviews of a coder that are named
READINGS = {"rely": "reliable", "tentative": "tentative", "low": "not reliable", "undefined": "not measurable"}


@dataclass(frozen=True)
class Agreement:
    """Agreement between coders for each code.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a code, most reliable first: code, name, alpha, lower, upper (bootstrap interval), n_units (participant
        turns
        judged by two or more coders), prevalence (share of judgements that gave the code), agreement (share of pairs of
        judgements that were equal), spans (alpha of the marked passages: did they mark the same words), people (interviewees
        with the code), reading (rely, tentative, low, undefined),
        reason.
    coders : tuple of str
    n_people, n_units : int
        Interviewees and turns that two or more coders judged.
    draws, random_state : int
    rely, tentative, coverage : float
    source : str
    read : mapping of str to tuple of str
        Interviews that each coder coded.
    """

    table: pd.DataFrame
    coders: tuple[str, ...]
    n_people: int
    n_units: int
    draws: int
    random_state: int
    rely: float = 0.80
    tentative: float = 0.667
    coverage: float = 0.95
    source: str = ""
    read: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def measure_agreement(
    coded: CodedInterviews,
    *,
    draws: int = 1000,
    random_state: int,
    rely: float = 0.80,
    tentative: float = 0.667,
    coverage: float = 0.95,
) -> Agreement:
    """Krippendorff's alpha of each code, with the participant's turn as the unit.

    A coder judged every turn of the interviews in which they marked anything, and none of the others. Alpha is NaN,
    with
    the reason, where only one value occurs.

    Parameters
    ----------
    coded : CodedInterviews
    draws : int
        Bootstrap draws, at least 100.
    random_state : int
        Seed of the draws.
    rely, tentative : float
        From these values of alpha a code is relied upon, or used tentatively (Krippendorff: .80 and .667).
    coverage : float
        Coverage of the interval, 0 to 1.

    Returns
    -------
    Agreement
        With an empty table if there are no codings.

    Raises
    ------
    ParameterError
        If draws or thresholds are out of range.

    Notes
    -----
    The interval resamples interviewees whole, since turns of one conversation are not independent, and takes
    percentiles.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(measure_agreement(nobody, random_state=1).table)
    0
    """
    if draws < 100:
        raise ParameterError(f"draws must be at least 100; got {draws}")
    if not 0 < tentative <= rely <= 1 or not 0 < coverage < 1:
        raise ParameterError(
            f"need 0 < tentative <= rely <= 1 and 0 < coverage < 1; got {tentative}, {rely}, {coverage}"
        )
    rated, marked, people = judgements(coded)
    judged = rated.sum(axis=1) >= 2
    rated, marked, people = rated[judged], marked[:, judged], people[judged]
    weights = resample_people(len(np.unique(people)), draws, random_state)
    ones = (marked & rated).sum(axis=2)
    counts = np.stack([rated.sum(axis=1) - ones, ones], axis=-1).astype(float)
    rows = [_row(coded, code, counts[place], people, weights, coverage) for place, code in enumerate(coded.leaves)]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("spans", "reading")])
    table["spans"] = table["code"].map(measure_spans(coded).set_index("code")["u"]).astype(float)
    limits = [("rely", rely), ("tentative", tentative), ("low", -math.inf)]
    table["reading"] = [
        next((word for word, limit in limits if value >= limit), "undefined") for value in table["alpha"]
    ]
    table = table[COLUMNS].sort_values(
        ["alpha", "code"], ascending=[False, True], na_position="last", ignore_index=True
    )
    n = len(np.unique(people))
    return Agreement(
        table,
        coded.coders,
        n,
        int(judged.sum()),
        draws,
        random_state,
        rely,
        tentative,
        coverage,
        coded.source,
        _files_of(coded),
    )


def judgements(coded: CodedInterviews) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who judged which participant turn (turns, coders), what was marked (codes, turns, coders), and whose turn it is."""
    turns = coded.turns[coded.turns["role"] == "participant"]
    sources = turns["source_id"].tolist()
    place = {key: row for row, key in enumerate(zip(sources, turns["turn"].tolist(), strict=True))}
    coder_of = {coder: column for column, coder in enumerate(coded.coders)}
    code_of = {code: layer for layer, code in enumerate(coded.leaves)}
    marked = np.zeros((len(code_of), len(turns), len(coder_of)), dtype=bool)
    read: dict[str, list[bool]] = {source: [False] * len(coder_of) for source in sources}
    columns = (coded.marks[key].tolist() for key in ("code_id", "source_id", "turn", "coder"))
    for code, source, turn, coder in zip(*columns, strict=True):
        marked[code_of[code], place[source, turn], coder_of[coder]] = True
        read[source][coder_of[coder]] = True
    rated = np.array([read[source] for source in sources], dtype=bool)
    return rated.reshape(len(turns), len(coder_of)), marked, turns["participant"].astype(str).to_numpy()


def resample_people(n: int, draws: int, random_state: int) -> np.ndarray:
    """How often each of n people is in each bootstrap draw, shape (draws, n); no draws of fewer than two people."""
    if n < 2:
        return np.zeros((0, n))
    return np.random.default_rng(random_state).multinomial(n, np.full(n, 1 / n), size=draws).astype(float)


def _row(
    coded: CodedInterviews, code: str, counts: np.ndarray, people: np.ndarray, weights: np.ndarray, coverage: float
) -> tuple[object, ...]:
    """Figures of one code; ``counts`` are judgements without and with it by turn, ``weights`` how often a draw has each person."""
    name = coded.codes.at[code, "name"]
    holders = int(coded.marks.loc[coded.marks["code_id"] == code, "participant"].nunique())
    if not len(counts):
        reason = "only one coder" if len(coded.coders) == 1 else "no interview was coded by two coders"
        return code, name, math.nan, math.nan, math.nan, 0, math.nan, math.nan, holders, reason
    together = coincidences(counts)
    _, owner = np.unique(people, return_inverse=True)
    by_person = np.zeros((owner.max() + 1, 2, 2))
    np.add.at(by_person, owner, together)
    values = np.array([0.0, 1.0])
    alpha = float(alpha_of_coincidences(by_person.sum(axis=0), values))
    lower, upper = _interval(weights, by_person, coverage)
    totals = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum() / (totals * (totals - 1)).sum()
    reason = ""
    if math.isnan(alpha):
        reason = "nobody gave this code" if not counts[:, 1].any() else "every coder gave it to every turn"
        lower = upper = math.nan
    elif math.isnan(lower):
        reason = "too few people for an interval"
    return code, name, alpha, lower, upper, len(counts), counts[:, 1].sum() / totals.sum(), agreeing, holders, reason


def _interval(weights: np.ndarray, by_person: np.ndarray, coverage: float) -> tuple[float, float]:
    """Percentile interval over draws where alpha is defined; none if it is undefined in half of them."""
    if not len(weights):
        return math.nan, math.nan
    drawn = alpha_of_coincidences(np.tensordot(weights, by_person, axes=1), np.array([0.0, 1.0]))
    known = drawn[~np.isnan(drawn)]
    if len(known) < len(drawn) / 2:
        return math.nan, math.nan
    lower, upper = np.quantile(known, [0.5 - coverage / 2, 0.5 + coverage / 2])
    return float(lower), float(upper)


def _say_files(coder: str, files: tuple[str, ...]) -> str:
    more = f" and {len(files) - FEW:,} more" if len(files) > FEW else ""
    return f"{coder} coded {join_words(files) if not more else ', '.join(files[:FEW])}{more}"


def _files_of(coded: CodedInterviews) -> dict[str, tuple[str, ...]]:
    groups = coded.marks.groupby("coder")["source_id"]
    return {str(coder): tuple(sorted(set(map(str, sources)))) for coder, sources in groups}


def describe_agreement(agreement: Agreement) -> Reading | Callout:
    """Which codes can be relied upon, in plain words.

    Parameters
    ----------
    agreement : Agreement

    Returns
    -------
    Reading or Callout
        Absent without codings; a caution where fewer than two coders read the same interview.

    Examples
    --------
    >>> describe_agreement(Agreement(pd.DataFrame(columns=COLUMNS), (), 0, 0, 100, 1)).kind
    'absent'
    """
    table = agreement.table
    if table.empty:
        return Callout("absent", "Nothing was coded, so there is no agreement between coders to measure.")
    if not agreement.n_units:
        one = (
            f"One coder ({agreement.coders[0]}) coded everything"
            if len(agreement.coders) == 1
            else f"No two coders read one interview: {'; '.join(_say_files(who, files) for who, files in agreement.read.items())}"
        )
        return Callout(
            "caution",
            f"Agreement between coders cannot be measured. {one}.",
            "The themes below are one person's reading. Let a second coder read some of the same interviews.",
        )
    names = {word: [str(n) for n in table.loc[table["reading"] == word, "name"]] for word in READINGS}
    what = (
        f"{count_words(len(agreement.coders), 'coder')} marked the same interviews. Krippendorff's "
        "alpha says "
        f"how far they agreed beyond what chance gives: 1 is full agreement, 0 is chance. Each of "
        f"{count_words(agreement.n_units, 'turn')} of {count_words(agreement.n_people, 'person', 'people')} was one "
        "decision: "
        f"is the code here or not?"
    )
    parts = [f"Reliable (alpha of {agreement.rely:g} or more, by convention): {join_words(names['rely'])}."]
    parts.append(f"Tentative ({agreement.tentative:g} to {agreement.rely:g}): {join_words(names['tentative'])}.")
    parts.append(f"Below that, and not to be leaned on: {join_words(names['low'])}.")
    if names["undefined"]:
        parts.append(f"Not measurable, because the code never varied: {join_words(names['undefined'])}.")
    paragraphs = [what, " ".join(parts)]
    unsure = table[(table["reading"] == "rely") & ~(table["lower"] >= agreement.tentative)]
    if len(unsure):
        worst = unsure.sort_values("lower", na_position="first").iloc[0]
        paragraphs.append(
            f"Even a good figure can be luck: for {worst['name']} the interval runs "
            f"{range_words((worst['lower'], worst['upper']))} "
            f"around {worst['alpha']:.2f}, so it may lie below {agreement.tentative:g}."
        )
    paragraphs += _paradox(table, agreement.tentative)
    return Reading(paragraphs)


def _paradox(table: pd.DataFrame, tentative: float) -> list[str]:
    """The rare code on which coders agree nearly always and alpha is low all the same."""
    odd = table[(table["alpha"] < tentative) & (table["agreement"] >= 0.9)]
    if odd.empty:
        return []
    row = odd.sort_values("alpha").iloc[0]
    return [
        f"A rare code can have low alpha although the coders mostly say the same: for {row['name']} they agreed in "
        f'{percent_words(row["agreement"])} of judgements, but nearly all of those were "not here" '
        f"(the code was given in {percent_words(row['prevalence'])}), and alpha is {row['alpha']:.2f}."
    ]


def tabulate_agreement(agreement: Agreement) -> Table:
    """Agreement by code for a reader.

    Parameters
    ----------
    agreement : Agreement

    Returns
    -------
    Table
        Code, Alpha, Interval, Same judgement, Same words, Code given, People, Reading.

    Examples
    --------
    >>> list(tabulate_agreement(Agreement(pd.DataFrame(columns=COLUMNS), (), 0, 0, 100, 1)).frame.columns)
    ['Code', 'Alpha', 'Interval', 'Same judgement', 'Same words', 'Code given', 'People', 'Reading']
    """
    table = agreement.table
    frame = pd.DataFrame(
        {
            "Code": table["name"].astype(str),
            "Alpha": table["alpha"].astype(float),
            "Interval": [range_words(limits) for limits in zip(table["lower"], table["upper"], strict=True)],
            "Same judgement": table["agreement"].astype(float),
            "Same words": table["spans"].astype(float),
            "Code given": table["prevalence"].astype(float),
            "People": table["people"].astype(int),
            "Reading": [
                READINGS[word] + (f" ({reason})" if reason else "")
                for word, reason in zip(table["reading"], table["reason"], strict=True)
            ],
        }
    )
    caption = (
        f"Agreement between coders by code. Alpha is Krippendorff's, nominal, the unit a participant's turn "
        f"(n = {agreement.n_units:,d} turns of {agreement.n_people:,d} people, "
        f"{count_words(len(agreement.coders), 'coder')}); "
        f"intervals: {percent_words(agreement.coverage)}, {agreement.draws:,d} bootstrap draws of whole interviewees, "
        f"seed {agreement.random_state}. {agreement.source}"
    )
    note = (
        "Same judgement: share of pairs of judgements that were equal. Same words: alpha of the marked passages, which asks where they "
        "begin and end, not only in which turn. Code given: share of judgements that gave the code."
    )
    return Table(frame, caption.strip(), {"Same judgement": ".0%", "Code given": ".1%"}, note)
