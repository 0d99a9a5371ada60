"""Pieces of evidence on a hypothesis, each graded by the rule: figures, what interviewees said, what sales heard."""

from __future__ import annotations

import math

import pandas as pd

from ..study import Evidence, Hypothesis, Study
from .coded import CodedInterviews
from .evidence_rule import AGAINST, SILENT, UNCLEAR, against_limit, grade_share
from .intervals import exact_interval
from .opportunity import JobScores

__all__ = [
    "count_people", "deal_parts", "find_disputed", "gather_lost", "gather_talks", "interview_parts", "job_parts", "profile_parts",
    "talk_parts",
]  # fmt: skip

Part = tuple[str, str, float, float, float, int, int, float, str, str]


def profile_parts(item: Hypothesis, profile: pd.DataFrame, study: Study) -> list[Part]:
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
    return [(words, kind, estimate, lower, upper, 0, int(row["base"]), limit, against_limit(low, high, 0.0), "")]


def job_parts(item: Hypothesis, jobs: JobScores, rule: Evidence) -> list[Part]:
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
        grade = SILENT if formed else against_limit(row.lower, row.upper, rule.opportunity)
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


def count_people(item: Hypothesis, has: pd.DataFrame, coded: CodedInterviews) -> tuple[int, int, int, int]:
    """Interviewees of the segment with any of the codes, of how many; the same for all other segments."""
    known = coded.people[coded.people["segment"].notna()]
    inside = known.index[known["segment"] == item.segment]
    others = known.index.difference(inside)
    codes = [code for code in item.codes if code in has.columns]
    said = has[codes].any(axis=1) if codes else pd.Series(False, index=has.index)
    return int(said.reindex(inside).sum()), len(inside), int(said.reindex(others).sum()), len(others)


def find_disputed(item: Hypothesis, has: pd.DataFrame, seen: pd.DataFrame, coded: CodedInterviews) -> list[str]:
    """Interviewees of the segment to whom a coder gave any of the codes, and none of the codes was given by every coder."""
    codes = [code for code in item.codes if code in has.columns]
    inside = coded.people.index[(coded.people["segment"].astype("string") == item.segment).fillna(False)]
    if not codes or has.empty:
        return []
    only = seen.loc[inside, codes].any(axis=1) & ~has.loc[inside, codes].any(axis=1)
    return [str(person) for person in inside[only.to_numpy(bool)]]


def interview_parts(item: Hypothesis, heard: tuple[int, int, int, int], disputed: int, rule: Evidence) -> list[Part]:
    """k of n by every coder; it speaks against the hypothesis only if it would with the disputed counted as well."""
    if not item.codes:
        return []
    k, n = heard[:2]
    few = "nobody of the segment was interviewed" if not n else f"fewer than {rule.least_interviews} interviewees"
    *figures, grade, why = grade_share(k, n, rule.heard, least=rule.least_interviews, people=rule.least_people, few=few)
    if disputed:
        grade = UNCLEAR if grade == AGAINST and exact_interval(k + disputed, n)[1] >= rule.heard else grade
        why = "; ".join(text for text in (f"{disputed} more by some coders only", why) if text)
    return [("interviewees said it", "share", *figures, k, n, rule.heard, grade, why)]


def talk_parts(item: Hypothesis, talks: pd.DataFrame, rule: Evidence) -> list[Part]:
    noted = set(talks["objection"]) - {""}
    codes = [code for code in item.codes if code in noted]
    if not codes or talks.empty:
        return [("sales talks raised it", "share", *[math.nan] * 3, 0, 0, rule.raised, SILENT, "sales never noted it of anybody")] if (
            item.codes and len(talks)) else []  # fmt: skip
    own = talks[talks["segment"] == item.segment]
    k, n = int(own["objection"].isin(codes).sum()), len(own)
    found = grade_share(
        k, n, rule.raised, least=rule.least_talks, people=rule.least_people, few=f"fewer than {rule.least_talks} talks"
    )
    return [("sales talks raised it", "share", *found[:3], k, n, rule.raised, *found[3:])]


def deal_parts(item: Hypothesis, lost: pd.DataFrame, rule: Evidence) -> list[Part]:
    reasons = [reason for code in item.codes for reason in rule.reasons.get(code, ())]
    if not reasons or lost.empty:
        return []
    own = lost[lost["segment"] == item.segment]
    k, n = int(own["lost_reason"].isin(reasons).sum()), len(own)
    few = f"fewer than {rule.least_talks} lost deals with a reason"
    found = grade_share(k, n, rule.raised, least=rule.least_talks, people=rule.least_people, few=few)
    return [("lost deals with a reason gave it", "share", *found[:3], k, n, rule.raised, *found[3:])]


def gather_talks(
    feedback: pd.DataFrame | None, deals: pd.DataFrame | None, membership: pd.DataFrame, unit: str
) -> pd.DataFrame:
    """Talks with the segment of the account their deal belongs to."""
    if feedback is None or feedback.empty or deals is None or unit not in deals:
        return pd.DataFrame({"segment": pd.Series(dtype="object"), "objection": pd.Series(dtype="object")})
    account = deals[unit].astype("string").set_axis(deals.index.astype(str)).reindex(feedback["deal_id"].astype(str))
    segment = _segment_of(account, membership)
    talks = pd.DataFrame({"segment": segment.to_numpy(), "objection": feedback["objection"].astype(object).to_numpy()})
    return talks[talks["segment"].notna()]


def gather_lost(deals: pd.DataFrame | None, membership: pd.DataFrame, unit: str) -> pd.DataFrame:
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
