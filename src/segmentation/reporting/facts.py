"""The facts of each stage, as its last cell prints them and its test compares them: counts, and figures to two decimals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..activation import Audiences, Closeness, FairnessReport, Ranked
from ..clustering import Comparison, Overlap, Sensitivity, Verdict
from ..display import Callout
from ..features import FeatureTable, Quality
from ..personas import CheckedPersonas
from ..profiling import TargetMap, summarise_scorecard
from ..profiling.typing import TypingTool
from ..qualitative import Agreement, CodedInterviews, EvidenceMatrix, Themes
from ..tracking import Change, ExperimentResult, FeedbackSummary

__all__ = [
    "activation_facts",
    "data_facts",
    "interview_facts",
    "messaging_facts",
    "persona_facts",
    "segment_facts",
    "since_facts",
    "tracking_facts",
    "use_facts",
]


def data_facts(quality: Quality, features: FeatureTable, drift: pd.DataFrame) -> dict[str, Any]:
    """Rows in and out by source, units, missing share of base variables, changed variables.

    Parameters
    ----------
    quality : Quality
    features : FeatureTable
    drift : pandas.DataFrame

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    base = quality.missing[quality.missing["role"] == "base"]
    return {
        "units": quality.units,
        "rows_in": dict(zip(quality.accounts["source"], quality.accounts["rows_in"], strict=True)),
        "rows_out": dict(zip(quality.accounts["source"], quality.accounts["rows_out"], strict=True)),
        "duplicates": len(quality.duplicates),
        "careless": int(features.flags["careless"].sum()),
        "leaks": sorted(quality.leaks["column"].astype(str).unique()) if len(quality.leaks) else [],
        "missing": dict(zip(base["variable"], base["share"], strict=True)),
        "drifted": int((drift["q"].astype(float) <= 0.05).sum()) if len(drift) else 0,
    }


def segment_facts(
    verdict: Verdict, comparison: Comparison, membership: pd.DataFrame, migration: pd.DataFrame
) -> dict[str, Any]:
    """Verdict, number of segments, sizes, stability, moves.

    Parameters
    ----------
    verdict : Verdict
    comparison : Comparison
    membership : pandas.DataFrame
    migration : pandas.DataFrame

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    placed = membership["segment"].dropna()
    return {
        "verdict": verdict.label,
        "p": verdict.p,
        "segments": placed.nunique(),
        "recommended": comparison.recommended,
        "complete": comparison.n,
        "sizes": {str(name): int(n) for name, n in placed.value_counts().sort_index().items()},
        "basis": {str(name): int(n) for name, n in membership["basis"].value_counts().sort_index().items()},
        "agreement": {int(k): float(v) for k, v in comparison.table["ari_mean"].items()},
        "moves": int(migration.loc[migration["kind"] == "moved", "n"].sum()) if len(migration) else 0,
    }


def use_facts(
    scorecard: pd.DataFrame,
    targets: TargetMap | Callout,
    tool: TypingTool,
    overlaps: Sequence[Overlap],
    sensitivity: Sensitivity,
) -> dict[str, Any]:
    """Results of the scorecard, the first target, the typing tool, overlaps, other choices.

    Parameters
    ----------
    scorecard : pandas.DataFrame
    targets : TargetMap or Callout
    tool : TypingTool
    overlaps : sequence of Overlap
    sensitivity : Sensitivity

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    standing = summarise_scorecard(scorecard) if len(scorecard) else pd.DataFrame()
    results = standing.stack().value_counts() if len(standing) else pd.Series(dtype=int)
    return {
        "scorecard": {str(result): int(n) for result, n in results.sort_index().items()},
        "first": None if isinstance(targets, Callout) else targets.first,
        "questions": [question.name for question in tool.questions],
        "placed_right": None if tool.test is None else tool.test.accuracy,
        "overlaps": {f"{pair.one} {pair.other}": pair.v for pair in overlaps},
        "agreement": {str(row.choice): float(row.ari) for row in sensitivity.tried.itertuples()},
    }


def interview_facts(
    coded: CodedInterviews, agreement: Agreement, themes: Themes, evidence: EvidenceMatrix | None = None
) -> dict[str, Any]:
    """People, codes, coders, alpha by code, themes found, verdicts.

    Parameters
    ----------
    coded : CodedInterviews
    agreement : Agreement
    themes : Themes
    evidence : EvidenceMatrix, optional

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    verdicts = (
        {} if evidence is None else dict(zip(evidence.table["hypothesis"], evidence.table["verdict"], strict=True))
    )
    return {
        "verdicts": verdicts,
        "people": len(coded.people),
        "codes": len(coded.leaves),
        "codings": len(coded.codings),
        "coders": len(coded.coders),
        "alpha": {
            str(row.code): None if math.isnan(row.alpha) else float(row.alpha)  # undefined where nobody gave the code
            for row in agreement.table.itertuples(index=False)
        },
        "themes_found": int((themes.table["q"].astype(float) <= themes.alpha).sum()),
    }


def persona_facts(checked: CheckedPersonas) -> dict[str, Any]:
    """Personas, claims by status, grades.

    Parameters
    ----------
    checked : CheckedPersonas

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    return {
        "personas": len(checked.personas),
        "claims": {str(k): int(v) for k, v in checked.claims["status"].value_counts().sort_index().items()},
        "grades": {name: grade for name, (grade, _) in checked.grades.items()},
    }


def messaging_facts(
    journeys: pd.DataFrame, messages: pd.DataFrame, grid: pd.DataFrame, lint: pd.DataFrame
) -> dict[str, Any]:
    """Rows of the journey, messages, cells, findings of the lint.

    Parameters
    ----------
    journeys : pandas.DataFrame
    messages : pandas.DataFrame
    grid : pandas.DataFrame
    lint : pandas.DataFrame

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    everybody = journeys[journeys["segment"] == "all"]
    return {
        "reached": {str(r.stage): r.reached for r in everybody.itertuples()},
        "messages": len(messages),
        "cells": grid.size,
        "lint": len(lint),
    }


def activation_facts(
    audiences: Audiences, ranked: Ranked | None, fairness: FairnessReport | None, close: Closeness
) -> dict[str, Any]:
    """People who may be written to, units held out, near nobody, what the ranking is worth, lopsided comparisons.

    Parameters
    ----------
    audiences : Audiences
    ranked : Ranked or None
    fairness : FairnessReport or None
    close : Closeness

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    plan = audiences.plan
    verdicts = fairness.shares["verdict"].value_counts().sort_index() if fairness is not None else {}
    return {
        "people": int(audiences.identifiers["people"].sum()),
        "held_out": int(audiences.holdout.sum()),
        "near_nobody": int(close.membership["near_nobody"].fillna(False).sum()),
        "refused": {str(name): int((~rows["ok"]).sum()) for name, rows in plan.groupby("platform")},
        "lookalikes": ranked.verdict if ranked is not None else "",
        "found": float(ranked.recovery["model"].iloc[-1]) if ranked is not None and len(ranked.recovery) else None,
        "fairness": {str(name): int(count) for name, count in dict(verdicts).items()},
    }


def tracking_facts(
    kpis: pd.DataFrame, experiments: Sequence[ExperimentResult], heard: FeedbackSummary, moves: pd.DataFrame
) -> dict[str, Any]:
    """Goals met, lifts by segment, conversations, moves.

    Parameters
    ----------
    kpis : pandas.DataFrame
    experiments : Sequence[ExperimentResult]
    heard : FeedbackSummary
    moves : pandas.DataFrame

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    lifts = {
        f"{result.experiment.id} {row.segment} {row.arm}": float(row.lift)
        for result in experiments
        for row in result.effects.itertuples()
    }
    return {
        "kpis": {str(k): int(v) for k, v in kpis["met"].value_counts().sort_index().items()} if len(kpis) else {},
        "lifts": lifts,
        "conversations": heard.n,
        "moves": {str(r.segment): str(r.verdict) for r in moves.itertuples()},
    }


def since_facts(changes: Sequence[Change]) -> dict[str, Any]:
    """Changes by tone and topic.

    Parameters
    ----------
    changes : Sequence[Change]

    Returns
    -------
    dict
        Plain values for ``print_facts``.
    """
    return {
        tone: [change.topic for change in changes if change.tone == tone]
        for tone in ("act", "changed", "same", "unknown")
    }
