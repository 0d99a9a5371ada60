"""What was planted, written beside the data for tests; nothing in the line may read it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from .campaign import BEFORE, CHANNELS, Campaign
from .plan import FAMILIES, QUARTERS, SEGMENTS, Segment, Tier
from .population import Population

__all__ = ["write_truth"]


def write_truth(
    folder: Path,
    planted: tuple[Tier, int],
    population: Population,
    survey: pd.DataFrame,
    campaign: Campaign,
    agreement: list[dict[str, Any]],
) -> None:
    """Write truth/segments.parquet (one row an account and quarter) and truth/truth.json (everything else)."""
    tier, seed = planted
    folder.mkdir(parents=True, exist_ok=True)
    _segments(population).to_parquet(folder / "segments.parquet", index=False, compression="zstd")
    content = {
        "tier": tier.name, "seed": seed, "separation": tier.separation,
        "segments": [_describe(segment) for segment in SEGMENTS] if tier.separation else [],
        "moves": _moves(population),
        "duplicates": dict(zip(population.duplicates["company_id"], population.duplicates["duplicate_of"], strict=True)),
        "careless": survey.loc[survey["careless"] != "", ["response_id", "wave", "careless"]].to_dict("records"),
        "response": _response(population, survey),
        "agreement": agreement,
        "campaign_columns": {
            "channel": {"shares": CHANNELS, "makes": "no difference"},
            "demos_before": {"mean_if_not_booking_after_A": BEFORE[0], "mean_if_booking_after_A": BEFORE[1]},
        },
        "campaign": json.loads(campaign.effects.to_json(orient="records")),
        "leaking_column": {"table": "crm/companies.csv", "column": "Offboarding step", "knows": "that the account has left"},
        "useless_block": {"table": "survey", "items": [f"att_{item}" for item in range(5, 9)]},
        "useless_column": {"table": "crm/companies.csv", "column": "Vendor score"},
        "interviewees": {p: i for i, p in population.accounts["participant"].dropna().sort_values().items()},
        "families": FAMILIES,
    }  # fmt: skip
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def _segments(population: Population) -> pd.DataFrame:
    long = population.segments.rename_axis(columns="quarter").stack(future_stack=True).rename("segment").reset_index()
    order = {quarter: position for position, quarter in enumerate(QUARTERS)}
    position = long["quarter"].map(order)
    born = long["company_id"].map(population.accounts["born"])
    left = long["company_id"].map(population.accounts["left"])
    ids = {segment.name: segment.line_id for segment in SEGMENTS}
    return long.assign(line_id=long["segment"].map(ids), customer=(born <= position) & (left >= position))


def _describe(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name, "line_id": segment.line_id, "start": segment.start, "share_2026Q2": segment.share,
        "response": segment.response, "churn_a_quarter": segment.churn, "campaign_booking": segment.booking,
        "campaign_lift": segment.lift,
    }  # fmt: skip


def _moves(population: Population) -> list[dict[str, Any]]:
    table, rows = population.segments, []
    for before, after in pairwise(QUARTERS):
        moved = (table[before] != table[after]) & table[after].notna()
        pairs = table.loc[moved].groupby([before, after]).size()
        flows = [{"from": old, "to": new, "accounts": int(count)} for (old, new), count in pairs.items()]
        rows.append({"from": before, "to": after, "share": round(float(moved.mean()), 4), "flows": flows})
    return rows


def _response(population: Population, survey: pd.DataFrame) -> dict[str, Any]:
    answered = population.accounts.index.isin(survey["company_id"])
    overall = {"all": round(float(answered.mean()), 4)}
    segment = population.segments["2026Q2"]
    if segment.notna().all():
        overall |= pd.Series(answered, index=segment.index).groupby(segment).mean().round(4).to_dict()
    return {"share_answered_any_wave": overall, "answers_by_wave": survey["wave"].value_counts().sort_index().to_dict()}
