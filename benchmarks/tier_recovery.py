"""How well the line finds the planted segments of the sample's tiers, and how often it finds some where none are planted.

    python benchmarks/tier_recovery.py                             # one seed, the table of docs/tiers.md
    python benchmarks/tier_recovery.py --seeds 5                   # agreement with the planted segments over seeds
    python benchmarks/tier_recovery.py --null-seeds 200 --write   # how often the null tier is called natural

Each tier is generated, read, segmented with the choices of its study file and compared with what was planted: the adjusted
Rand index (1 is the same division, 0 what chance gives) over the accounts that formed the segments, and over all placed.

``--null-seeds`` needs hundreds of studies, so it draws the null tier's accounts, answers and events in memory (what
``write_study`` writes, without the faults of delivery: no repeated or ungrouped events, no duplicate accounts), measures
the base variables, and judges as the notebook does. Seeds 1, 2, ...; what is done is kept in benchmarks/results/null_tier.json and
taken up again.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import segmentation as sg
from segmentation.clustering import measure_structure, warm
from segmentation.dataset import Dataset
from segmentation.period import Period
from segmentation.study import Choices, Study
from segmentation.synthetic import write_study
from segmentation.synthetic.behaviour import draw_events
from segmentation.synthetic.campaign import draw_campaign
from segmentation.synthetic.plan import TEMPLATES, find_tier
from segmentation.synthetic.population import build_population
from segmentation.synthetic.survey import ITEMS, draw_survey

TIERS = ("easy", "medium", "hard", "null")
PERIOD = "2026Q3"
SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "fieldnote" / "study.yaml"
NULL_RESULTS = Path(__file__).parent / "results" / "null_tier.json"


def recover(folder: Path, period: str = PERIOD, choices: Choices | None = None) -> dict[str, object]:
    """Segment a generated study and compare with its truth.

    Parameters
    ----------
    folder : Path
        As ``write_study`` leaves it.
    period : str
    choices : Choices, optional
        Default: those of the study file.

    Returns
    -------
    dict
        n, chosen, verdict, p, excess (of the chosen number), ari_fitted, ari_placed, n_placed; the agreements are None where
        no segments were planted.
    """
    from sklearn.metrics import adjusted_rand_score

    study = sg.load_study(folder / "study.yaml")
    choices = choices or study.choices
    features = sg.build_features(sg.read_sources(study, period=period), study)
    encoded = sg.fit_encoder(features, study.base).encode(features)
    comparison = sg.compare_solutions(encoded, study.segmentation.candidates, choices=choices)
    verdict = sg.assess_structure(
        encoded, segments=study.segmentation.candidates, choices=choices, comparison=comparison
    )
    k = comparison.recommended
    solution = sg.fit_segments(encoded, k, choices=choices, search=comparison.searches[k])
    membership = sg.assign_segments(solution, encoded)
    truth = pd.read_parquet(folder / "truth" / "segments.parquet").query("quarter == @period")
    planted = truth.drop_duplicates("company_id").set_index("company_id")["segment"].dropna()
    both = membership.join(planted.rename("planted"), how="inner").dropna(subset=["segment", "planted"])
    fitted = both[both["basis"] == "fitted"]
    known = both["planted"].nunique() > 1
    return {
        "n": comparison.n,
        "chosen": k,
        "planted": int(both["planted"].nunique()) if known else 0,
        "verdict": verdict.label,
        "p": verdict.p,
        "excess": float(comparison.table.at[k, "excess"]),
        "ari_fitted": adjusted_rand_score(fitted["planted"], fitted["segment"]) if known else None,
        "ari_placed": adjusted_rand_score(both["planted"], both["segment"]) if known else None,
        "n_placed": len(both) if known else int(membership["segment"].notna().sum()),
    }


def draw_base(tier: str, seed: int, study: Study) -> pd.DataFrame:
    """Base variables of one made-up study, measured from events and answers that never become files.

    Parameters
    ----------
    tier : str
    seed : int
    study : Study
        The sample's study file; its base variables must come from events and the survey.

    Returns
    -------
    pandas.DataFrame
        Index company_id, one column a base variable.
    """
    width = find_tier(tier)
    population = build_population(width, seed, TEMPLATES)
    events = draw_events(population, width, seed, draw_campaign(population, width, seed).demos)
    events = events[events["logged_in"].astype(bool)]
    survey = draw_survey(population, width, seed)
    answers = survey[ITEMS].replace({"-99": None, "": None}).astype(float)
    answers.insert(0, "company_id", survey["company_id"].to_numpy())
    answers["seconds"] = survey["seconds"].to_numpy(float)
    answers["recorded_at"] = (survey["start"] + pd.to_timedelta(survey["seconds"], unit="s")).to_numpy()
    tables = {
        "companies": population.accounts[["created_at"]],
        "events": pd.DataFrame(
            {
                "company_id": population.accounts.index.to_numpy()[events["account"]],
                "user_id": "u",
                "event": events["event"].to_numpy(object),
                "timestamp": pd.to_datetime(events["second"].to_numpy(), unit="s"),
                "channel": "web",
                "value": events["revenue"].to_numpy(float),
            }
        ),
        "survey": answers.set_axis(pd.Index(survey["response_id"], name="response_id"), axis=0),
    }
    measured = {v.name for v in study.base} | {v.name for v in study.variables if v.measure in ("mean", "top2")}
    first = dict([next(iter(study.segmentations.items()))])
    kept = tuple(v for v in study.variables if v.name in measured)
    small = study.model_copy(update={"variables": kept, "segmentations": first})
    data = Dataset(study.study, study.unit, Period.parse(PERIOD), tables, ())
    return sg.build_features(data, small).values[[v.name for v in study.base]]


def judge_null(seed: int, tier: str = "null", choices: Choices | None = None) -> dict[str, Any]:
    """p of the structure test and the verdict on one study drawn in memory."""
    study = sg.load_study(SAMPLE)
    choices = choices or study.choices
    values = draw_base(tier, seed, study)
    encoded = sg.fit_encoder(values, study.base).encode(values)
    candidates = study.segmentation.candidates
    test = measure_structure(encoded, candidates, references=choices.references, random_state=choices.random_state)
    row = {"seed": seed, "n": test.n, "p": test.p, "natural": False}
    if test.p <= choices.alpha:  # the word needs the test, so the rest is only done where it can matter
        comparison = sg.compare_solutions(encoded, candidates, choices=choices, structure=test)
        verdict = sg.assess_structure(encoded, segments=candidates, choices=choices, comparison=comparison)
        row["natural"] = verdict.label == "natural"
    return row


def count_null(seeds: int, jobs: int, path: Path = NULL_RESULTS) -> str:
    """Judge null studies 1 to ``seeds``, those not yet in the file; a table of how many were called natural."""
    from segmentation.profiling.intervals import wilson_interval

    rows = {row["seed"]: row for row in json.loads(path.read_text("utf-8"))} if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    todo = [seed for seed in range(1, seeds + 1) if seed not in rows]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=warm) as pool:
        for job in as_completed([pool.submit(judge_null, seed) for seed in todo]):
            rows[job.result()["seed"]] = job.result()
            part = path.with_suffix(".part")
            part.write_text(json.dumps([rows[seed] for seed in sorted(rows)], indent=1) + "\n", encoding="utf-8")
            os.replace(part, path)
    table = pd.DataFrame([rows[seed] for seed in range(1, seeds + 1)])
    natural, rejected = int(table["natural"].sum()), int((table["p"] <= 0.05).sum())
    low, high = wilson_interval(np.array([natural]), np.array([seeds]))
    accounts = f"{table['n'].min()} to {table['n'].max()}"
    least = ", ".join(f"{p:.3f}" for p in table["p"].nsmallest(5))
    return (
        "| null studies | complete accounts | rejected at .05 | called natural | 95 % interval | smallest p |\n"
        "|---:|---:|---:|---:|---:|---:|\n"
        f"| {seeds} | {accounts} | {rejected} | {natural} ({natural / seeds:.1%}) | {low[0]:.1%} to {high[0]:.1%} | {least} |"
    )


def print_one_seed(tiers: list[str], seed: int) -> None:
    print("| tier | complete accounts | planted | chosen | ARI, fitted | ARI, all placed (n) | verdict | p |")
    print("|---|---:|---:|---:|---:|---:|---|---:|")
    for tier in tiers:
        row = recover_seed(tier, seed)
        fitted, placed = ("-" if row[key] is None else f"{row[key]:.2f}" for key in ("ari_fitted", "ari_placed"))
        print(
            f"| {tier} | {row['n']} | {row['planted'] or 'none'} | {row['chosen']} | {fitted} | {placed} ({row['n_placed']:,}) | "
            f"{row['verdict']} | {row['p']:.3f} |",
            flush=True,
        )


def print_seeds(tiers: list[str], first: int, seeds: int) -> None:
    """One line a tier: mean and range of the agreement, numbers chosen, verdicts."""
    print("| tier | seeds | planted | chosen | ARI, fitted: mean (lowest to highest) | ARI, all placed | natural |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for tier in tiers:
        table = pd.DataFrame([recover_seed(tier, seed) for seed in range(first, first + seeds)])
        shown = []
        for key in ("ari_fitted", "ari_placed"):
            values = table[key].dropna().astype(float)
            shown.append(f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})" if len(values) else "-")
        chosen = ", ".join(f"{k}: {count}x" for k, count in table["chosen"].value_counts().sort_index().items())
        natural = int((table["verdict"] == "natural").sum())
        planted = table["planted"].max() or "none"
        line = f"{tier} | {first} to {first + seeds - 1} | {planted} | {chosen} | {shown[0]} | {shown[1]} | {natural} of {seeds}"
        print(f"| {line} |", flush=True)


def recover_seed(tier: str, seed: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        write_study(Path(folder) / tier, tier=tier, seed=seed)
        return recover(Path(folder) / tier)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiers", nargs="+", choices=TIERS, default=list(TIERS))
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--null-seeds", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the table of --null-seeds into docs/calibration.md")
    options = parser.parse_args()
    if options.null_seeds:
        found = count_null(options.null_seeds, options.jobs)
        print(found)
        if options.write:
            from structure_tables import PAGE, put

            PAGE.write_text(put(PAGE.read_text("utf-8"), "null_tier", found), encoding="utf-8")
    elif options.seeds == 1:
        print_one_seed(options.tiers, options.seed)
    else:
        print_seeds(options.tiers, options.seed, options.seeds)


if __name__ == "__main__":
    main()
