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
from .intervals import exact_interval, newcombe_interval
from .opportunity import JobScores
from .quotes import QuoteBank, choose_quotes

__all__ = ["PART_COLUMNS", "EvidenceMatrix", "evidence_matrix", "gather_hypotheses", "grade_strand", "judge_hypothesis"]

STRANDS = ("numbers", "interviews", "sales")
FOR, AGAINST, UNCLEAR, SILENT = "for", "against", "unclear", "silent"
VERDICTS = ("confirm", "refine", "drop", "open")
COLUMNS = [
    "hypothesis", "segment", "statement", "origin", "codes", *STRANDS, "k", "n", "rest_k", "rest_n", "disputed", "difference",
    "difference_lower", "difference_upper", "verdict",
]  # fmt: skip
PART_COLUMNS = [
    "hypothesis",
    "strand",
    "item",
    "measure",
    "estimate",
    "lower",
    "upper",
    "k",
    "n",
    "limit",
    "grade",
    "why",
]
QUOTE_COLUMNS = ["hypothesis", "quote_id", "text", "participant", "name", "source_id", "turn", "counted"]
Part = tuple[str, str, float, float, float, int, int, float, str, str]


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
    segments = membership["segment"].dropna().astype(str)
    names = coded.codes["name"].to_dict()
    _check(hypotheses, set(segments), coded)
    talks = _talks(feedback, deals, membership, study.unit)
    lost = _lost(deals, membership, study.unit)
    has = code_presence(coded) if not coded.empty else pd.DataFrame()
    seen = code_presence(coded, "any") if not coded.empty else pd.DataFrame()
    rows, parts, quotes = [], [], []
    for place, (origin, item) in enumerate(hypotheses, start=1):
        name = f"H{place}"
        heard, disputed = _people(item, has, coded), _disputed(item, has, seen, coded)
        own = {
            "numbers": [*_profile_parts(item, profile, study), *_job_parts(item, jobs, study.evidence)],
            "interviews": _interview_parts(item, heard, len(disputed), study.evidence),
            "sales": [*_talk_parts(item, talks, study.evidence), *_deal_parts(item, lost, study.evidence)],
        }
        grades = [grade_strand([part[8] for part in own[strand]]) for strand in STRANDS]
        parts += [(name, strand, *part) for strand in STRANDS for part in own[strand]]
        difference, limits = _compare(heard)
        verdict = judge_hypothesis(grades, strands=study.evidence.strands, disputed=len(disputed))
        rows.append(
            (
                name,
                item.segment,
                item.statement,
                origin,
                list(item.codes),
                *grades,
                *heard,
                len(disputed),
                difference,
                *limits,
                verdict,
            )
        )
        quotes += [(name, *quote) for quote in _quotes(item, bank, has, disputed)]
    return EvidenceMatrix(
        pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(parts, columns=PART_COLUMNS),
        pd.DataFrame(quotes, columns=QUOTE_COLUMNS), study.evidence, names, study.units, len(talks), bank.source,
    )  # fmt: skip


def grade_strand(grades: Sequence[str]) -> str:
    """What several pieces of one kind of evidence say together.

    Parameters
    ----------
    grades : sequence of {"for", "against", "unclear", "silent"}

    Returns
    -------
    str
        ``for`` if one speaks for it and none against, ``against`` the other way round, ``silent`` if none has a say, else ``unclear``.

    Examples
    --------
    >>> grade_strand(["for", "unclear"]), grade_strand(["for", "against"]), grade_strand(["silent"]), grade_strand([])
    ('for', 'unclear', 'silent', 'silent')
    """
    said = set(grades) - {SILENT}
    if not said:
        return SILENT
    if {FOR, AGAINST} <= said or said == {UNCLEAR}:
        return UNCLEAR
    return FOR if FOR in said else AGAINST


def judge_hypothesis(grades: Sequence[str], *, strands: int = 2, disputed: int = 0) -> str:
    """Verdict from the three kinds of evidence.

    Parameters
    ----------
    grades : sequence of {"for", "against", "unclear", "silent"}
        Numbers, interviews, sales.
    strands : int
        How many must agree to confirm or to drop.
    disputed : int
        People of the segment to whom some coder gave one of the codes and not every coder did.

    Returns
    -------
    {"confirm", "drop", "refine", "open"}
        ``confirm``: at least ``strands`` for it, none against; ``drop``: at least ``strands`` against, none for it, nobody disputed;
        ``open``: none speaks either way; ``refine``: everything between.

    Examples
    --------
    >>> [judge_hypothesis(g) for g in (["for", "for", "silent"], ["for", "for", "against"], ["against", "against", "unclear"])]
    ['confirm', 'refine', 'drop']
    >>> judge_hypothesis(["unclear", "silent", "silent"]), judge_hypothesis(["against"] * 2, disputed=1)
    ('open', 'refine')
    """
    pro, contra = grades.count(FOR), grades.count(AGAINST)
    if not pro and not contra:
        return "open"
    if pro >= strands and not contra:
        return "confirm"
    return "drop" if contra >= strands and not pro and not disputed else "refine"


def _check(hypotheses: Sequence[tuple[str, Hypothesis]], segments: set[str], coded: CodedInterviews) -> None:
    known = list(coded.codes.index)
    found = []
    for origin, item in hypotheses:
        where = "evidence.themes" if origin == "use" else "hypotheses"
        if item.segment not in segments:
            allowed = ", ".join(sorted(segments, key=_number))
            found.append(
                Violation(
                    "no such segment",
                    where,
                    None,
                    "segment",
                    item.segment,
                    allowed,
                    nearest_word(item.segment, segments),
                )
            )
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


def _against_limit(lower: float, upper: float, limit: float) -> str:
    """For if the whole interval reaches the limit, against if it lies below, else unclear."""
    if math.isnan(lower) or math.isnan(upper):
        return SILENT
    return FOR if lower >= limit else AGAINST if upper < limit else UNCLEAR


def _share(k: int, n: int, limit: float, *, least: int, people: int, few: str) -> tuple[float, float, float, str, str]:
    """Share with exact interval and grade: for if the share itself reaches the limit, against only if the whole interval lies below."""
    lower, upper = exact_interval(k, n)
    share = k / n if n else math.nan
    if n < least:
        return share, lower, upper, SILENT, few
    if k >= people and share >= limit:
        return share, lower, upper, FOR, ""
    return share, lower, upper, AGAINST if upper < limit else UNCLEAR, ""


def _profile_parts(item: Hypothesis, profile: pd.DataFrame, study: Study) -> list[Part]:
    if item.variable is None:
        return []
    words = study.variable(item.variable).words
    rows = profile[(profile["segment"].astype(str) == item.segment) & (profile["variable"] == item.variable)]
    rows = rows[rows["level"].astype(str) == item.level] if item.level is not None else rows.head(1)
    if rows.empty or bool(rows.iloc[0]["withheld"]):
        return [(words, "index", *[math.nan] * 3, 0, 0, 100.0, SILENT, "no figure, or too few to publish")]
    row = rows.iloc[0]
    words = f"{words} = {item.level}" if item.level else words
    kind, limit = ("index", 100.0) if pd.notna(row["index"]) else ("z", 0.0)
    figures = [
        row[name]
        for name in (("index", "index_lower", "index_upper") if kind == "index" else ("z", "z_lower", "z_upper"))
    ]
    estimate, lower, upper = (float(figure) if pd.notna(figure) else math.nan for figure in figures)
    if row["role"] == "base":
        return [(words, kind, estimate, lower, upper, 0, int(row["base"]), limit, SILENT, "it formed the segment")]
    sign = 1 if item.direction == "above" else -1
    low, high = sorted((sign * (lower - limit), sign * (upper - limit)))
    return [(words, kind, estimate, lower, upper, 0, int(row["base"]), limit, _against_limit(low, high, 0.0), "")]


def _job_parts(item: Hypothesis, jobs: JobScores, rule: Evidence) -> list[Part]:
    own = jobs.table[(jobs.table["segment"] == item.segment) & jobs.table["code"].isin(item.codes)]
    parts: list[Part] = []
    for row in own.itertuples():
        if row.withheld:
            parts.append(
                (row.statement, "opportunity", *[math.nan] * 3, 0, 0, rule.opportunity, SILENT, "too few to publish")
            )
            continue
        formed = (
            row.job in jobs.formed
        )  # its importance or satisfaction differs by segment because the segments were made of it
        grade = SILENT if formed else _against_limit(row.lower, row.upper, rule.opportunity)
        parts.append(
            (
                row.statement,
                "opportunity",
                row.opportunity,
                row.lower,
                row.upper,
                0,
                int(row.n),
                rule.opportunity,
                grade,
                "its answers formed the segments" if formed else "",
            )
        )
    return parts


def _people(item: Hypothesis, has: pd.DataFrame, coded: CodedInterviews) -> tuple[int, int, int, int]:
    """Interviewees of the segment with any of the codes, of how many; the same for all other segments."""
    known = coded.people[coded.people["segment"].notna()]
    inside = known.index[known["segment"] == item.segment]
    others = known.index.difference(inside)
    codes = [code for code in item.codes if code in has.columns]
    said = has[codes].any(axis=1) if codes else pd.Series(False, index=has.index)
    return int(said.reindex(inside).sum()), len(inside), int(said.reindex(others).sum()), len(others)


def _disputed(item: Hypothesis, has: pd.DataFrame, seen: pd.DataFrame, coded: CodedInterviews) -> list[str]:
    """Interviewees of the segment to whom a coder gave any of the codes, and none of the codes was given by every coder."""
    codes = [code for code in item.codes if code in has.columns]
    inside = coded.people.index[(coded.people["segment"].astype("string") == item.segment).fillna(False)]
    if not codes or has.empty:
        return []
    only = seen.loc[inside, codes].any(axis=1) & ~has.loc[inside, codes].any(axis=1)
    return [str(person) for person in inside[only.to_numpy(bool)]]


def _interview_parts(item: Hypothesis, heard: tuple[int, int, int, int], disputed: int, rule: Evidence) -> list[Part]:
    """k of n by every coder; it speaks against the hypothesis only if it would with the disputed counted as well."""
    if not item.codes:
        return []
    k, n = heard[:2]
    few = "nobody of the segment was interviewed" if not n else f"fewer than {rule.least_interviews} interviewees"
    *figures, grade, why = _share(k, n, rule.heard, least=rule.least_interviews, people=rule.least_people, few=few)
    if disputed:
        grade = UNCLEAR if grade == AGAINST and exact_interval(k + disputed, n)[1] >= rule.heard else grade
        why = "; ".join(text for text in (f"{disputed} more by some coders only", why) if text)
    return [("interviewees said it", "share", *figures, k, n, rule.heard, grade, why)]


def _talk_parts(item: Hypothesis, talks: pd.DataFrame, rule: Evidence) -> list[Part]:
    noted = set(talks["objection"]) - {""}
    codes = [code for code in item.codes if code in noted]
    if not codes or talks.empty:
        return [("sales talks raised it", "share", *[math.nan] * 3, 0, 0, rule.raised, SILENT, "sales never noted it of anybody")] if (
            item.codes and len(talks)) else []  # fmt: skip
    own = talks[talks["segment"] == item.segment]
    k, n = int(own["objection"].isin(codes).sum()), len(own)
    found = _share(
        k, n, rule.raised, least=rule.least_talks, people=rule.least_people, few=f"fewer than {rule.least_talks} talks"
    )
    return [("sales talks raised it", "share", *found[:3], k, n, rule.raised, *found[3:])]


def _deal_parts(item: Hypothesis, lost: pd.DataFrame, rule: Evidence) -> list[Part]:
    reasons = [reason for code in item.codes for reason in rule.reasons.get(code, ())]
    if not reasons or lost.empty:
        return []
    own = lost[lost["segment"] == item.segment]
    k, n = int(own["lost_reason"].isin(reasons).sum()), len(own)
    few = f"fewer than {rule.least_talks} lost deals with a reason"
    found = _share(k, n, rule.raised, least=rule.least_talks, people=rule.least_people, few=few)
    return [("lost deals with a reason gave it", "share", *found[:3], k, n, rule.raised, *found[3:])]


def _talks(
    feedback: pd.DataFrame | None, deals: pd.DataFrame | None, membership: pd.DataFrame, unit: str
) -> pd.DataFrame:
    """Talks with the segment of the account their deal belongs to."""
    if feedback is None or feedback.empty or deals is None or unit not in deals:
        return pd.DataFrame({"segment": pd.Series(dtype="object"), "objection": pd.Series(dtype="object")})
    account = deals[unit].astype("string").set_axis(deals.index.astype(str)).reindex(feedback["deal_id"].astype(str))
    segment = _segment_of(account, membership)
    talks = pd.DataFrame({"segment": segment.to_numpy(), "objection": feedback["objection"].astype(object).to_numpy()})
    return talks[talks["segment"].notna()]


def _lost(deals: pd.DataFrame | None, membership: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Lost deals that have a reason, with the segment of their account."""
    if deals is None or not {unit, "lost_reason"} <= set(deals.columns):
        return pd.DataFrame({"segment": [], "lost_reason": []})
    known = deals[deals["lost_reason"].notna()]
    segment = _segment_of(known[unit].astype("string"), membership)
    lost = pd.DataFrame({"segment": segment.to_numpy(), "lost_reason": known["lost_reason"].astype(object).to_numpy()})
    return lost[lost["segment"].notna()]


def _segment_of(account: pd.Series, membership: pd.DataFrame) -> pd.Series:
    segment = membership["segment"].astype(object).set_axis(membership.index.astype(str))
    return segment.reindex(account.astype(object))


def _compare(heard: tuple[int, int, int, int]) -> tuple[float, tuple[float, float]]:
    k, n, rest_k, rest_n = heard
    if not n or not rest_n:
        return math.nan, (math.nan, math.nan)
    return k / n - rest_k / rest_n, newcombe_interval(k, n, rest_k, rest_n)


def _quotes(item: Hypothesis, bank: QuoteBank, has: pd.DataFrame, disputed: Sequence[str]) -> list[tuple[object, ...]]:
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
