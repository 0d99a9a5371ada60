"""How often whole studies without segments are taken for studies with segments: run by hand, for docs/calibration.md.

    python benchmarks/null_studies.py tier --seeds 40
    python benchmarks/null_studies.py shares --seeds 20

``tier`` generates the sample's null tier with other seeds and runs reading, features, encoder and the test. ``shares`` keeps the
numbers of visits of the Complete Journey households, gives all of them the same taste (a Dirichlet-multinomial around the
shares of everybody), and tests the shares of households with at least so many visits.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import segmentation as sg
from segmentation.clustering import measure_structure, warm
from segmentation.study import Study
from segmentation.synthetic import write_study

STUDY = Path(__file__).parents[1] / "data" / "sample" / "complete-journey" / "study.yaml"
VISITS = (1, 20, 30, 40)  # least visits of a household; 1 is everybody who came


def try_tier(seed: int, references: int) -> float:
    """p of the null tier made with a seed."""
    with tempfile.TemporaryDirectory() as folder:
        write_study(Path(folder) / "study", tier="null", seed=seed)
        study = sg.load_study(Path(folder) / "study" / "study.yaml")
        features = sg.build_features(sg.read_sources(study, period="2026Q3"), study)
    encoded = sg.fit_encoder(features, study.base).encode(features)
    test = measure_structure(encoded, study.segmentation.candidates, references=references, random_state=1)
    return test.p


def count_visits(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Feature values, and visits by share variable (and the rest) of each household, in 2017Q4."""
    data = sg.read_sources(study, period="2017Q4")
    events = data["events"]
    inside = events[(events["timestamp"] >= data.period.start) & (events["timestamp"] < data.period.end)]
    table = inside.groupby([study.unit, "event"], observed=True).size().unstack(fill_value=0)
    table.index = table.index.astype(str)
    shares = {v.name: table[list(v.events)].sum(axis=1) for v in study.base if v.measure == "share"}
    visits = pd.DataFrame(shares).assign(rest=table.sum(axis=1) - pd.DataFrame(shares).sum(axis=1))
    return sg.build_features(data, study).values, visits


def draw_one_taste(visits: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The same numbers of visits, spread as if every household had drawn its taste from one population."""
    total, mix = visits.sum(axis=1), visits.sum() / visits.to_numpy().sum()
    often = visits[total >= 100].div(total[total >= 100], axis=0)
    spread = float(np.median([mix[name] * (1 - mix[name]) / often[name].var() - 1 for name in mix.index]))
    tastes = random.dirichlet(spread * mix.to_numpy(), len(visits))
    drawn = random.multinomial(total.astype(int).to_numpy(), tastes)
    return pd.DataFrame(drawn, index=visits.index, columns=visits.columns)


def measure_shares(
    study: Study, values: pd.DataFrame, visits: pd.DataFrame, least: int, references: int
) -> tuple[float, float]:
    """p, and the largest excess over k, for households with at least so many visits."""
    total = visits.sum(axis=1)
    kept = visits.index[total >= least]
    shares = visits.loc[kept].div(total[kept], axis=0).drop(columns="rest")
    chosen = values.loc[kept].assign(**{name: shares[name] for name in shares})
    encoded = sg.fit_encoder(chosen, study.base).encode(chosen)
    test = measure_structure(encoded, study.segmentation.candidates, references=references, random_state=1)
    return test.p, float(test.drops["excess"].max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["tier", "shares"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--references", type=int, default=99)
    options = parser.parse_args()
    warm()
    if options.what == "tier":
        p = [try_tier(seed, options.references) for seed in range(1, options.seeds + 1)]
        print(f"{sum(value <= 0.05 for value in p)} of {len(p)} rejected at .05; smallest p: {sorted(p)[:5]}")
        return
    study = sg.load_study(STUDY)
    values, visits = count_visits(study)
    print("| least visits | households | data: p, largest excess | one taste: rejected | largest excess of one taste |")
    for least in VISITS:
        p, excess = measure_shares(study, values, visits, least, options.references)
        found = [
            measure_shares(
                study, values, draw_one_taste(visits, np.random.default_rng(seed)), least, options.references
            )
            for seed in range(options.seeds)
        ]
        n, rejected = int((visits.sum(axis=1) >= least).sum()), sum(value <= 0.05 for value, _ in found)
        most = max(value for _, value in found)
        print(
            f"| {least} | {n:,} | {p:.3f}, {excess:.1%} | {rejected} of {len(found)} | {most:.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
