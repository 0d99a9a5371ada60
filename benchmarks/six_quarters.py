"""Follow the sample's six quarters as the line does, ledger and all, and hold what it says against what was planted.

    python benchmarks/six_quarters.py [--study data/sample/fieldnote] [--out benchmarks/results/six_quarters.json]

Each quarter is read as it was known then, scored by the frozen solution of the ledger, refitted in the shadow, and written to a
ledger of its own. The first quarter has no survey, so it is segmented by use alone. Takes about three minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import segmentation as sg
from segmentation.clustering import (
    compare_with_noise,
    match_segments,
    measure_noise,
    recall_previous,
    refit_trigger,
    split_moves,
    take_segments,
)  # fmt: skip
from segmentation.clustering.methods import method_inputs
from segmentation.features import assess_drift, build_features, build_features_before, fit_encoder
from segmentation.period import Period
from segmentation.sources import read_sources
from segmentation.study import Study
from segmentation.tracking import analyse_experiments
from segmentation.workspace import Workspace

QUARTERS = ("2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3")
SURVEY_FROM = "2025Q3"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="data/sample/fieldnote")
    parser.add_argument("--out", default="benchmarks/results/six_quarters.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = follow_quarters(Path(given.study), Path(folder))
    text = json.dumps(found, indent=1, sort_keys=True)
    Path(given.out).write_text(text + "\n", "utf-8")
    print(text)


def follow_quarters(study_folder: Path, reports: Path) -> dict[str, Any]:
    """What each quarter gave, and how it compares with the truth."""
    planted = pd.read_parquet(study_folder / "truth" / "segments.parquet")
    planted = planted.pivot(index="company_id", columns="quarter", values="segment")
    rows, last = [], pd.DataFrame()
    for quarter in QUARTERS:
        study = _as_known(sg.load_study(study_folder), quarter)
        row, last = follow_quarter(study, quarter, reports, planted)
        print(json.dumps(row), flush=True)
        rows.append(row)
    (campaign,) = analyse_experiments(study, last, alpha=study.choices.alpha)[:1]
    effects = campaign.effects[campaign.effects["segment"] != "all"]
    verdicts = {
        str(r.segment): {"lift": round(float(r.lift), 4), "q": round(float(r.q), 4), "verdict": r.verdict}
        for r in effects.itertuples()
    }
    return {"quarters": rows, "campaign": verdicts}


def _as_known(study: Study, quarter: str) -> Study:
    """Without the survey's base variables before there was a survey."""
    if quarter >= SURVEY_FROM:
        return study
    first = next(iter(study.segmentations))
    use = tuple(v.name for v in study.base if v.source == "events")
    segmentation = study.segmentations[first].model_copy(update={"base": use})
    changed = {**study.segmentations, first: segmentation}
    roles = [
        v if v.name in use or v.role != "base" else v.model_copy(update={"role": "descriptor"}) for v in study.variables
    ]
    return study.model_copy(update={"segmentations": changed, "variables": tuple(roles)})


def follow_quarter(
    study: Study, quarter: str, reports: Path, planted: pd.DataFrame
) -> tuple[dict[str, Any], pd.DataFrame]:
    """One quarter of the line; returns what to report, and last quarter's membership by this quarter's solution."""
    period = Period.parse(quarter)
    run = Workspace(study, period, "02_segments", reports / ".work" / quarter)
    features = build_features(read_sources(study, period), study, check_base=quarter >= SURVEY_FROM).values
    before = (
        build_features_before(read_sources(study, period.previous), study).values if quarter > QUARTERS[0] else None
    )
    encoder = fit_encoder(features, study.base)
    encoded, asked = encoder.encode(features), method_inputs(study, features, encoder)
    comparison = sg.compare_solutions(encoded, study.segmentation.candidates, choices=study.choices, **asked)
    asked["method"] = comparison.method
    k = comparison.recommended
    fresh = sg.fit_segments(
        encoded, k, choices=study.choices, search=comparison.searches.get(k), name=study.study, **asked
    )
    history = recall_previous(run, features if before is None else before, segments=[k]) if before is not None else None
    known = pd.DataFrame({"segment": pd.array([], dtype="str")}) if history is None else history.membership
    match = match_segments(
        fresh, sg.assign_segments(fresh, encoded), known, used_ids=() if history is None else history.used_ids
    )
    taken = take_segments(run, match, encoder, features, before)
    membership = sg.assign_segments(taken.solution, taken.encoder.encode(features))
    entry = Workspace(study, period, "ledger", reports / "ledger" / f"period={quarter}")
    entry.write("membership", membership)
    entry.write_json("solution", {"solution": taken.solution.to_dict(), "encoder": taken.encoder.to_dict()})
    drift = assess_drift(features, before, draws=19)
    fired = refit_trigger(taken.to_dict(), drift, tuple(v.name for v in study.base), choices=study.choices)
    row = {
        "quarter": quarter, "taken": taken.origin, "recommended": k, "states": match.table["state"].value_counts().to_dict(),
        "agreement": None if pd.isna(taken.agreement) else round(taken.agreement, 3),
        "trigger": fired.loc[fired["fired"].fillna(False), "sign"].tolist(), "segments": _name_truth(membership, planted[quarter]),
    }  # fmt: skip
    if before is None:
        return row, membership
    scored = sg.assign_segments(taken.solution, taken.encoder.encode(before.reindex(columns=features.columns)))
    own = taken.encoder.encode(features)
    asked_own = method_inputs(study, features, taken.encoder) | {"method": taken.solution.method}
    noise = measure_noise(own, taken.solution, choices=study.choices, **asked_own)
    moved = split_moves(scored, membership)
    total = compare_with_noise(sg.migration_table(scored, membership), noise, moved).iloc[-1]
    changed = planted[str(period.previous)] != planted[quarter]
    really = changed.reindex(moved.index)
    row["moves"] = {
        "of": int(total["base"]), "moved": len(moved), "share": round(float(total["share"]), 4),
        "noise": round(float(total["noise"]), 4), "noise_upper": round(float(total["noise_upper"]), 4),
        "clear": int(moved["clear"].sum()), "clear_real": round(float(really[moved["clear"]].mean()), 3),
        "unclear_real": round(float(really[~moved["clear"]].mean()), 3), "planted": int(changed.sum()),
    }  # fmt: skip
    return row, scored


def _name_truth(membership: pd.DataFrame, planted: pd.Series) -> dict[str, Any]:
    """Segment id to the planted segment most of its members are of, its size, and which share they are."""
    table = pd.crosstab(membership["segment"], planted.reindex(membership.index))
    return {
        str(segment): {
            "planted": str(row.idxmax()),
            "n": int(row.sum()),
            "share": round(float(row.max() / row.sum()), 3),
        }
        for segment, row in table.iterrows()
    }


if __name__ == "__main__":
    main()
