"""Follow the sample's six quarters as the line does, ledger and all, and hold what it says against what was planted.

    python benchmarks/six_quarters.py [--study data/sample/fieldnote] [--worlds 2 3] [--out benchmarks/results/six_quarters.json]

Each quarter is read as it was known then, scored by the frozen solution of the ledger, refitted in the shadow, and written to a
ledger of its own. The first quarter has no survey, so it is segmented by use alone. Moves are held against the truth in other worlds of the
generator too, one a seed. Takes about two minutes of one core for the sample and for each world.
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
    RealMoves,
    estimate_moves,
    match_segments,
    measure_noise,
    recall_previous,
    refit_trigger,
    take_segments,
)  # fmt: skip
from segmentation.clustering.methods import method_inputs
from segmentation.features import assess_drift, build_features, build_features_before, fit_encoder, there_throughout
from segmentation.period import Period
from segmentation.sources import read_sources
from segmentation.study import Study
from segmentation.synthetic.write import write_study
from segmentation.tracking import analyse_experiments
from segmentation.workspace import Workspace

QUARTERS = ("2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3")
SURVEY_FROM = "2025Q3"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="data/sample/fieldnote")
    parser.add_argument("--worlds", type=int, nargs="*", default=[2, 3], help="seeds of other worlds")
    parser.add_argument("--out", default="benchmarks/results/six_quarters.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, weighed = follow_quarters(Path(given.study), Path(folder) / "sample")
        worlds = [weighed]
        for seed in given.worlds:
            study = write_study(Path(folder) / f"study{seed}", seed=seed).parent
            rows, weighed = follow_quarters(study, Path(folder) / f"world{seed}", campaign=False)
            found.setdefault("worlds", {})[str(seed)] = [
                {"quarter": row["quarter"], **row["moves"]} for row in rows["quarters"][1:]
            ]
            worlds.append(weighed)
    found["calibration"] = _calibrate(pd.concat(worlds))
    text = json.dumps(found, indent=1, sort_keys=True)
    Path(given.out).write_text(text + "\n", "utf-8")
    print(text)


def follow_quarters(study_folder: Path, reports: Path, *, campaign: bool = True) -> tuple[dict[str, Any], pd.DataFrame]:
    """What each quarter gave, how it compares with the truth, and every move with its probability and whether it is real."""
    planted = pd.read_parquet(study_folder / "truth" / "segments.parquet")
    planted = planted.pivot(index="company_id", columns="quarter", values="segment")
    rows, weighed, last = [], [], pd.DataFrame()
    for quarter in QUARTERS:
        study = _as_known(sg.load_study(study_folder), quarter)
        row, last, moves = follow_quarter(study, quarter, reports, planted)
        print(json.dumps(row), flush=True)
        rows.append(row)
        weighed.append(moves)
    found: dict[str, Any] = {"quarters": rows}
    if campaign:
        (first,) = analyse_experiments(study, last, alpha=study.choices.alpha)[:1]
        effects = first.effects[first.effects["segment"] != "all"]
        found["campaign"] = {
            str(r.segment): {"lift": round(float(r.lift), 4), "q": round(float(r.q), 4), "verdict": r.verdict}
            for r in effects.itertuples()
        }
    return found, pd.concat(weighed)


def _calibrate(weighed: pd.DataFrame) -> list[dict[str, float]]:
    """Of moves by the probability they were given: how many, the mean probability, and how many were real."""
    known = weighed.dropna(subset=["probability"])
    bins = pd.cut(known["probability"], [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1], include_lowest=True)
    return [
        {"up_to": float(interval.right), "n": len(part), "probability": round(float(part["probability"].mean()), 3),
         "real": round(float(part["real"].mean()), 3)}
        for interval, part in known.groupby(bins, observed=True)
    ]  # fmt: skip


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
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """One quarter of the line: what to report, last quarter's membership by this quarter's solution, and every move."""
    period = Period.parse(quarter)
    run = Workspace(study, period, "02_segments", reports / ".work" / quarter)
    data = read_sources(study, period)
    features = build_features(data, study, check_base=quarter >= SURVEY_FROM).values
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
        return row, membership, pd.DataFrame()
    old = taken.encoder.encode(before.reindex(columns=features.columns))
    now = taken.encoder.encode(features)
    scored = sg.assign_segments(taken.solution, old)
    asked_own = method_inputs(study, features, taken.encoder) | {"method": taken.solution.method}
    noise = measure_noise(now, taken.solution, choices=study.choices, **asked_own)
    again = {variable.name for variable in study.base if variable.source == "survey"}
    whole = there_throughout(data, study, now.index)
    real = estimate_moves(taken.solution, old, now, scored, membership, again=again, whole=whole)
    changed = (planted[str(period.previous)] != planted[quarter]).reindex(membership.index).fillna(False).astype(bool)
    row["moves"] = _hold_moves(real, changed) | {"refit": round(float(_refit_share(noise)), 4)}
    return row, scored, real.units.assign(real=changed.reindex(real.units.index))


def _hold_moves(real: RealMoves, changed: pd.Series) -> dict[str, Any]:
    """Estimates beside what was planted among the same units."""
    moved, clear = real.units, real.units.index[real.units["clear"]]
    apart, really = moved.index[~moved["whole"]], changed.reindex(real.chance.index)
    numbers = {
        "seen": real.seen / real.n, "noise": real.noise, "expected": real.expected, "rate": real.rate, "lower": real.lower,
        "upper": real.upper, "planted": really.mean(), "precision": changed[clear].mean(), "recall": changed[clear].sum() / really.sum(),
        "apart_real": changed[apart].mean(),
    }  # fmt: skip
    counts = {"n": real.n, "moved": real.seen, "clear": len(clear), "apart": len(apart)}
    return counts | {name: round(float(value), 4) for name, value in numbers.items()}


def _refit_share(noise: pd.DataFrame) -> float:
    return noise.loc[noise["from"] != noise["to"], "n"].sum() / noise["n"].sum()


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
