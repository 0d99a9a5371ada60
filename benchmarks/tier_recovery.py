"""How well the line finds the planted segments of the sample's tiers: run by hand, printed as the table of docs/tiers.md.

    python benchmarks/tier_recovery.py
    python benchmarks/tier_recovery.py --seed 2 --tiers easy null

Each tier is generated, read, segmented with the choices of its study file and compared with what was planted: the adjusted
Rand index (1 is the same division, 0 what chance gives) over the accounts that formed the segments, and over all placed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pandas as pd

import segmentation as sg
from segmentation.study import Choices
from segmentation.synthetic import write_study

TIERS = ("easy", "medium", "hard", "null")


def recover(folder: Path, period: str = "2026Q3", choices: Choices | None = None) -> dict[str, object]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiers", nargs="+", choices=TIERS, default=list(TIERS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("| tier | complete accounts | planted | chosen | ARI, fitted | ARI, all placed (n) | verdict | p |")
    print("|---|---:|---:|---:|---:|---:|---|---:|")
    for tier in options.tiers:
        with tempfile.TemporaryDirectory() as folder:
            write_study(Path(folder) / tier, tier=tier, seed=options.seed)
            row = recover(Path(folder) / tier)
        fitted, placed = ("-" if row[key] is None else f"{row[key]:.2f}" for key in ("ari_fitted", "ari_placed"))
        print(
            f"| {tier} | {row['n']} | {row['planted'] or 'none'} | {row['chosen']} | {fitted} | {placed} ({row['n_placed']:,}) | "
            f"{row['verdict']} | {row['p']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
