"""The joint display: use, numbers, interviews and sales beside each other for every hypothesis, with a verdict by a stated rule.

Hollander's four steps: what use suggests, what numbers say, what people say, what sales hears. Four findings in four documents never
contradict each other; in one row they can.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ..errors import DataContractError, Violation, nearest_word
from ..study import Evidence, Hypothesis, Study
from ..words import join_words
from .coded import CodedInterviews, code_presence
from .evidence_parts import (
    count_people,
    deal_parts,
    find_disputed,
    gather_lost,
    gather_talks,
    interview_parts,
    job_parts,
    profile_parts,
    talk_parts,
)
from .evidence_rule import STRANDS, grade_strand, judge_hypothesis
from .intervals import newcombe_interval
from .opportunity import JobScores
from .quotes import QuoteBank, choose_quotes

__all__ = ["PART_COLUMNS", "EvidenceMatrix", "evidence_matrix", "gather_hypotheses"]

COLUMNS = [
    "hypothesis", "segment", "statement", "origin", "codes", *STRANDS, "k", "n", "rest_k", "rest_n", "disputed", "difference",
    "difference_lower", "difference_upper", "verdict",
]  # fmt: skip
PART_COLUMNS = [
    "hypothesis", "strand", "item", "measure", "estimate", "lower", "upper", "k", "n", "limit", "grade", "why",
]  # fmt: skip
QUOTE_COLUMNS = ["hypothesis", "quote_id", "text", "participant", "name", "source_id", "turn", "counted"]
Row = tuple[object, ...]


@dataclass(frozen=True)
class EvidenceMatrix:
    """Hypotheses and what speaks for and against each.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a hypothesis: hypothesis (H1 ...), segment, statement, origin (use or team), codes (ids), numbers, interviews, sales
        (for, against, unclear, silent), k of n interviewees of the segment with any of its codes, rest_k of rest_n in all other
        segments, disputed (interviewees of the segment to whom some coder gave one of its codes and not every coder did: they are not
        in k), difference of the two shares with Newcombe's interval, verdict (confirm, refine, drop, open).
    parts : pandas.DataFrame
        One row a piece of evidence, columns ``PART_COLUMNS``: estimate with its 95 % interval (exact for shares of people and talks),
        k and n, the limit it was held against, its grade, and why it has no say.
    quotes : pandas.DataFrame
        hypothesis, quote_id, text, participant, name (of the code), source_id, turn, counted (False: of a disputed person).
    rule : Evidence
        The limits.
    names : mapping of str to str
        Code to its name.
    units : str
    talks : int
        Sales talks that could be laid to a segment.
    source : str
    """

    table: pd.DataFrame
    parts: pd.DataFrame
    quotes: pd.DataFrame
    rule: Evidence = field(default_factory=Evidence)
    names: Mapping[str, str] = field(default_factory=dict)
    units: str = "units"
    talks: int = 0
    source: str = ""


def gather_hypotheses(
    study: Study, profile: pd.DataFrame, written: Sequence[Hypothesis] = ()
) -> tuple[tuple[str, Hypothesis], ...]:
    """Hypotheses that use suggests, then the team's own.

    Parameters
    ----------
    study : Study
        ``evidence.themes`` says which codes would be heard if a variable of use is high because of a need.
    profile : pandas.DataFrame
        As ``profile_segments`` gives it.
    written : sequence of Hypothesis
        As ``load_hypotheses`` gives them.

    Returns
    -------
    tuple of (str, Hypothesis)
        Origin (use, team) and hypothesis. Use suggests one where a segment stands out upwards in a variable that has codes.
    """
    found = []
    high = profile[
        profile["variable"].isin(study.evidence.themes) & profile["marker"].astype(bool) & (profile["z"] > 0)
    ]
    for row in high.sort_values("segment", key=lambda names: names.map(_number), kind="stable").itertuples():
        words = study.variable(row.variable).words
        codes = study.evidence.themes[row.variable]
        because = join_words((code.replace("_", " ") for code in codes), last="or")
        statement = f"High {words}, because of {because}."[:200]
        found.append(("use", Hypothesis(segment=row.segment, statement=statement, codes=codes, variable=row.variable)))
    return (*found, *(("team", item) for item in written))


def evidence_matrix(
    study: Study,
    hypotheses: Sequence[tuple[str, Hypothesis]],
    *,
    profile: pd.DataFrame,
    jobs: JobScores,
    coded: CodedInterviews,
    bank: QuoteBank,
    membership: pd.DataFrame,
    feedback: pd.DataFrame | None = None,
    deals: pd.DataFrame | None = None,
) -> EvidenceMatrix:
    """Lay numbers, interviews and sales beside each hypothesis and judge it.

    Parameters
    ----------
    study : Study
        ``evidence`` holds the limits.
    hypotheses : sequence of (str, Hypothesis)
        As ``gather_hypotheses`` gives them.
    profile : pandas.DataFrame
        Of the segments. A base variable is shown and has no say: it formed the segment.
    jobs : JobScores
        Opportunity scores; those whose code is one of the hypothesis speak, unless their answers formed the segments (``formed``).
    coded : CodedInterviews
    bank : QuoteBank
    membership : pandas.DataFrame
        Index unit; column segment: a talk belongs to the segment of its deal's account.
    feedback : pandas.DataFrame, optional
        Sales talks: deal_id, objection.
    deals : pandas.DataFrame, optional
        Index deal_id; the unit, won, lost_reason.

    Returns
    -------
    EvidenceMatrix

    Raises
    ------
    DataContractError
        With every segment and code that there is not.

    Notes
    -----
    See ``grade_strand`` and ``judge_hypothesis`` for the rule; nothing is tested and no p-value is made.
    """
    _check(hypotheses, set(membership["segment"].dropna().astype(str)), coded)
    empty = pd.DataFrame()
    given = _Given(
        study=study, profile=profile, jobs=jobs, coded=coded, bank=bank,
        has=empty if coded.empty else code_presence(coded),
        seen=empty if coded.empty else code_presence(coded, "any"),
        talks=gather_talks(feedback, deals, membership, study.unit),
        lost=gather_lost(deals, membership, study.unit),
    )  # fmt: skip
    rows, parts, quotes = [], [], []
    for place, (origin, item) in enumerate(hypotheses, start=1):
        row, own, said = _weigh(f"H{place}", origin, item, given)
        rows.append(row)
        parts += own
        quotes += said
    return EvidenceMatrix(
        pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(parts, columns=PART_COLUMNS),
        pd.DataFrame(quotes, columns=QUOTE_COLUMNS), study.evidence, coded.codes["name"].to_dict(), study.units, len(given.talks),
        bank.source,
    )  # fmt: skip


@dataclass(frozen=True)
class _Given:
    """What every hypothesis is held against."""

    study: Study
    profile: pd.DataFrame
    jobs: JobScores
    coded: CodedInterviews
    bank: QuoteBank
    has: pd.DataFrame  # person by code: given by every coder
    seen: pd.DataFrame  # person by code: given by any coder
    talks: pd.DataFrame
    lost: pd.DataFrame


def _weigh(name: str, origin: str, item: Hypothesis, given: _Given) -> tuple[Row, list[Row], list[Row]]:
    """One hypothesis: its row of the matrix, its pieces of evidence and its quotes."""
    rule = given.study.evidence
    heard, disputed = (
        count_people(item, given.has, given.coded),
        find_disputed(item, given.has, given.seen, given.coded),
    )
    own = {
        "numbers": [*profile_parts(item, given.profile, given.study), *job_parts(item, given.jobs, rule)],
        "interviews": interview_parts(item, heard, len(disputed), rule),
        "sales": [*talk_parts(item, given.talks, rule), *deal_parts(item, given.lost, rule)],
    }
    grades = [grade_strand([part[8] for part in own[strand]]) for strand in STRANDS]
    difference, limits = _compare(heard)
    verdict = judge_hypothesis(grades, strands=rule.strands, disputed=len(disputed))
    row = (
        name, item.segment, item.statement, origin, list(item.codes), *grades, *heard, len(disputed), difference, *limits, verdict,
    )  # fmt: skip
    parts = [(name, strand, *part) for strand in STRANDS for part in own[strand]]
    return row, parts, [(name, *quote) for quote in _quotes(item, given.bank, given.has, disputed)]


def _check(hypotheses: Sequence[tuple[str, Hypothesis]], segments: set[str], coded: CodedInterviews) -> None:
    known = list(coded.codes.index)
    found = []
    for origin, item in hypotheses:
        where = "evidence.themes" if origin == "use" else "hypotheses"
        if item.segment not in segments:
            allowed = ", ".join(sorted(segments, key=_number))
            hint = nearest_word(item.segment, segments)
            found.append(Violation("no such segment", where, None, "segment", item.segment, allowed, hint))
        if known:
            found += [
                Violation(
                    "no such code", where, None, "codes", code, "", nearest_word(code, known) or "Name a code by its id"
                )
                for code in item.codes
                if code not in known
            ]
    if found:
        raise DataContractError(dict.fromkeys(found))


def _compare(heard: tuple[int, int, int, int]) -> tuple[float, tuple[float, float]]:
    k, n, rest_k, rest_n = heard
    if not n or not rest_n:
        return math.nan, (math.nan, math.nan)
    return k / n - rest_k / rest_n, newcombe_interval(k, n, rest_k, rest_n)


def _quotes(item: Hypothesis, bank: QuoteBank, has: pd.DataFrame, disputed: Sequence[str]) -> list[Row]:
    """Two quotes of people who count for a code, on that code; and one of somebody disputed, who does not count."""
    table = bank.table
    if table.empty:
        return []
    own = table[table["code_id"].isin(item.codes) & (table["segment"].astype("string") == item.segment).fillna(False)]
    pairs = zip(own["participant"], own["code_id"], strict=True)
    counts = pd.Series([bool(has.at[person, code]) for person, code in pairs], index=own.index, dtype=bool)
    doubted = own[own["participant"].isin(list(disputed))]
    return [
        (q.quote_id, q.text, q.participant, q.name, q.source_id, q.turn, counted)
        for chosen, counted in ((choose_quotes(own[counts], 2), True), (choose_quotes(doubted, 1), False))
        for q in chosen.itertuples(index=False)
    ]


def _number(name: object) -> tuple[int, str]:
    digits = "".join(character for character in str(name) if character.isdigit())
    return int(digits or 0), str(name)
