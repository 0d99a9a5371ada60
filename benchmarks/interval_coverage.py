"""How often 95 % intervals hold the truth: run by hand, written as JSON.

    python benchmarks/interval_coverage.py --draws 4000 --out benchmarks/interval_coverage.json

Markets are drawn with a known truth; each interval is that of the package's own functions. Weighted samples are drawn from a
population with chances proportional to 1 / weight. With 4,000 draws the standard error of a rate of .95 is .0034.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.clustering import fit_segments
from segmentation.profiling import (
    index_interval,
    mean_interval,
    profile_posterior,
    profile_segments,
    test_descriptors,
    wilson_interval,
)
from segmentation.profiling.chances import membership_probabilities
from segmentation.profiling.weighted import share_bases, weighted_moments
from segmentation.study import Choices, Study

Rates = dict[str, float]
POPULATION = 400_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    parts: dict[str, Callable[[int, int], dict[str, Rates]]] = {
        "wilson": wilson, "index": index, "weighted_mean": weighted_mean, "weighted_share": weighted_share,
        "weighted_index": weighted_index, "three_step": three_step, "three_step_kmeans": three_step_kmeans,
        "null_tests": null_tests,
    }  # fmt: skip
    found: dict[str, object] = {"draws": given.draws, "seed": given.seed}
    for name, part in parts.items():
        if given.only and name not in given.only:
            continue
        begun = time.perf_counter()
        found[name] = {
            case: {k: round(v, 4) for k, v in rates.items()} for case, rates in part(given.draws, given.seed).items()
        }
        print(f"{name} ({time.perf_counter() - begun:.0f} s)")
        for case, rates in found[name].items():
            print(f"  {case}: " + ", ".join(f"{k} {v:.3f}" for k, v in rates.items()))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def wilson(draws: int, seed: int) -> dict[str, Rates]:
    """Shares of small samples; beside it the textbook interval p +- 1.96 se."""
    rng, rows = np.random.default_rng(seed), {}
    for n, p in ((20, 0.1), (30, 0.05), (50, 0.3), (200, 0.02)):
        hits = rng.binomial(n, p, draws)
        low, high = wilson_interval(hits, np.full(draws, n))
        half = 1.96 * np.sqrt(hits / n * (1 - hits / n) / n)
        rows[f"n {n}, p {p}"] = {
            "Wilson": _inside(low, high, p),
            "textbook": _inside(hits / n - half, hits / n + half, p),
        }
    return rows


def index(draws: int, seed: int) -> dict[str, Rates]:
    """The index of a share against everybody, the segment being part of everybody; beside it, as if it were not."""
    rng, rows = np.random.default_rng(seed), {}
    for n, rest, p, q in (
        (30, 270, 0.05, 0.05),
        (30, 270, 0.2, 0.1),
        (60, 240, 0.2, 0.1),
        (100, 100, 0.5, 0.3),
        (200, 100, 0.1, 0.2),
    ):
        hits, others = rng.binomial(n, p, draws), rng.binomial(rest, q, draws)
        low, high, _ = index_interval(hits, np.full(draws, n), others, np.full(draws, rest))
        truth = 100 * p / ((n * p + rest * q) / (n + rest))
        a, b, total = hits + 0.5, hits + others + 0.5, n + rest
        error = 1.96 * np.sqrt(1 / a - 1 / (n + 0.5) + 1 / b - 1 / (total + 0.5))
        value = np.log(100 * (a / (n + 0.5)) / (b / (total + 0.5)))
        rows[f"{n} of {total}, {p} against {q}"] = {
            "index": _inside(low, high, truth),
            "as if independent": _inside(np.exp(value - error), np.exp(value + error), truth),
        }
    return rows


def _population(rng: np.random.Generator, spread: float, together: float) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal scores and log-normal weights with that coefficient of variation and correlation (of logs)."""
    score = rng.standard_normal(POPULATION)
    log = together * score + np.sqrt(1 - together**2) * rng.standard_normal(POPULATION)
    return score, np.exp(np.sqrt(np.log(1 + spread**2)) * log)


def _samples(rng: np.random.Generator, weights: np.ndarray, n: int, draws: int) -> np.ndarray:
    """Units drawn with chances of 1 / weight, so that their weights undo it; shape (draws, n)."""
    ends = np.cumsum(1 / weights)
    return np.searchsorted(ends, rng.random((draws, n)) * ends[-1])


def weighted_mean(draws: int, seed: int) -> dict[str, Rates]:
    """A mean: linearised errors (ours), weights ignored, and weights taken for counts."""
    rng, rows = np.random.default_rng(seed), {}
    for n in (40, 150):
        for spread, together in ((0.5, 0.0), (0.85, 0.5), (1.2, 0.5)):
            score, weights = _population(rng, spread, together)
            places = _samples(rng, weights, n, draws)
            y, w = score[places].T, weights[places].T
            low, high, naive_low, naive_high, plain = (np.empty(draws) for _ in range(5))
            for d in range(draws):
                mean, error, base = weighted_moments(y[:, d], w[:, d], np.ones((n, 1)))
                low[d], high[d] = (limit[0] for limit in mean_interval(mean, error * np.sqrt(base), base))
                plain[d] = y[:, d].mean()
                sd = np.sqrt(np.average((y[:, d] - mean) ** 2, weights=w[:, d]))
                naive_low[d], naive_high[d] = mean[0] - 1.98 * sd / np.sqrt(n), mean[0] + 1.98 * sd / np.sqrt(n)
            half = 1.98 * y.std(axis=0, ddof=1) / np.sqrt(n)
            truth = float(score.mean())
            rows[f"n {n}, weights vary by {spread:.0%}, correlation {together}"] = {
                "linearised": _inside(low, high, truth),
                "weights ignored": _inside(plain - half, plain + half, truth),
                "weights as counts": _inside(naive_low, naive_high, truth),
            }
    return rows


def weighted_share(draws: int, seed: int) -> dict[str, Rates]:
    """A share by Wilson's interval: smaller of both effective bases (ours), Kish's alone, linearised alone, n itself."""
    rng, rows = np.random.default_rng(seed), {}
    for n, p in ((40, 0.1), (100, 0.1), (100, 0.4), (300, 0.1)):
        for spread, together in ((0.5, 0.0), (0.85, 0.5), (0.85, -0.5), (1.5, 0.5)):
            score, weights = _population(rng, spread, together)
            trait = (score > np.quantile(score, 1 - p)).astype(float)
            places = _samples(rng, weights, n, draws)
            y, w = trait[places].T, weights[places].T
            hits, total, hit, square = (part.sum(axis=0) for part in (w * y, w, w**2 * y, w**2))
            share, kish = hits / total, total**2 / square
            variance = hit * (1 - share) ** 2 + (square - hit) * share**2
            spread_of = share * (1 - share) * total**2
            linear = np.divide(spread_of, variance, out=kish.copy(), where=(variance > 0) & (spread_of > 0))
            bases = {
                "smaller of both": share_bases(hits, hit, total, square),
                "Kish": kish,
                "linearised": linear,
                "n": np.full(draws, n),
            }
            rows[f"n {n}, p {p}, weights vary by {spread:.0%}, correlation {together}"] = {
                name: _inside(*wilson_interval(share * base, base), float(trait.mean())) for name, base in bases.items()
            }
    return rows


def weighted_index(draws: int, seed: int) -> dict[str, Rates]:
    """The index of a weighted share: through ``profile_segments`` itself, a tenth of the draws."""
    rng, rows = np.random.default_rng(seed), {}
    study = _study([{"name": "z", "level": "binary"}, {"name": "w", "role": "weight"}], draws=100, weight="w")
    for spread, together in ((0.0, 0.0), (0.5, 0.0), (0.85, 0.5)):
        score, weights = _population(rng, spread, together)
        first = rng.random(POPULATION) < 0.3
        trait = (score + 0.5 * first > 1.0).astype(float)
        truth = 100 * trait[first].mean() / trait.mean()
        low, high = np.empty(draws // 10), np.empty(draws // 10)
        for d in range(draws // 10):
            places = _samples(rng, weights, 300, 1)[0]
            values = pd.DataFrame({"x": 0.5, "y": rng.random(300), "z": trait[places], "w": weights[places]})
            segment = pd.Series(np.where(first[places], "S1", "S2"), index=values.index)
            row = profile_segments(values, segment, study).query("variable == 'z' and segment == 'S1'").iloc[0]
            low[d], high[d] = row["index_lower"], row["index_upper"]
        rows[f"300 of whom 30 % in the segment, weights vary by {spread:.0%}, correlation {together}"] = {
            "index": _inside(low, high, truth)
        }
    return rows


def _overlapping(rng: np.random.Generator, n: int, apart: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two segments (60 and 40 %) that overlap in x; spend (0, 1) and keen (20, 60 %) depend on the segment alone; the true chances."""
    second = rng.random(n) < 0.4
    x = rng.normal(size=n) + apart * second
    chance = 1 / (1 + np.exp(-(np.log(0.4 / 0.6) + apart * x - apart**2 / 2)))
    values = pd.DataFrame(
        {
            "x": x,
            "y": rng.normal(size=n) + apart * second,
            "spend": rng.normal(size=n) + second,
            "keen": (rng.random(n) < np.where(second, 0.6, 0.2)).astype(float),
        }
    )
    return values, pd.DataFrame({"S1": 1 - chance, "S2": chance})


TRUTH = {("spend", "S1"): 0.0, ("spend", "S2"): 1.0, ("keen", "S1"): 0.2, ("keen", "S2"): 0.6}


def three_step(draws: int, seed: int) -> dict[str, Rates]:
    """Descriptors corrected by the true chances, and as assigned: coverage over four truths, and the difference of means found of 1."""
    rng, rows = np.random.default_rng(seed), {}
    study = _study([{"name": "spend"}, {"name": "keen", "level": "binary"}])
    for n in (200, 400):
        for apart in (3.0, 2.0, 1.5):
            tables = [profile_posterior(*_overlapping(rng, n, apart), study).table for _ in range(draws // 4)]
            rows[f"n {n}, {apart:g} standard deviations apart"] = _judge(tables)
    return rows


def three_step_kmeans(draws: int, seed: int) -> dict[str, Rates]:
    """The same with segments and chances found by k-means on two variables: chances are too certain where segments overlap."""
    rng, rows = np.random.default_rng(seed), {}
    study = _study([{"name": "spend"}, {"name": "keen", "level": "binary"}])
    for apart in (3.0, 2.0, 1.5):
        tables = []
        for _ in range(draws // 20):
            values, _ = _overlapping(rng, 400, apart)
            encoded = (values[["x", "y"]] - values[["x", "y"]].mean()) / values[["x", "y"]].std(ddof=0)
            solution = fit_segments(encoded, 2, choices=Choices(starts=10))
            order = solution.centres["x"].sort_values().index  # the lower centre is the first segment
            chances = membership_probabilities(solution, encoded)[list(order)].set_axis(["S1", "S2"], axis=1)
            tables.append(profile_posterior(values, chances, study).table)
        rows[f"n 400, {apart:g} standard deviations apart in each of two variables"] = _judge(tables)
    return rows


def _judge(tables: list[pd.DataFrame]) -> Rates:
    both = pd.concat(tables, ignore_index=True)
    truth = np.array([TRUTH[key] for key in zip(both["variable"], both["segment"], strict=True)])
    spend = both[both["variable"] == "spend"].groupby("segment")[["estimate", "modal"]].mean()
    return {
        "corrected": _inside(both["lower"].to_numpy(float), both["upper"].to_numpy(float), truth),
        "as assigned": _inside(both["modal_lower"].to_numpy(float), both["modal_upper"].to_numpy(float), truth),
        "difference corrected": float(spend.loc["S2", "estimate"] - spend.loc["S1", "estimate"]),
        "difference as assigned": float(spend.loc["S2", "modal"] - spend.loc["S1", "modal"]),
    }


def null_tests(draws: int, seed: int) -> dict[str, Rates]:
    """Weighted tests of descriptors without an effect: share of p at or under .05."""
    rng, rows = np.random.default_rng(seed), {}
    names = [f"d{i}" for i in range(40)]
    variables = [{"name": n, "level": "nominal" if i % 2 else "numeric"} for i, n in enumerate(names)]
    study = _study([*variables, {"name": "w", "role": "weight"}], draws=100, weight="w")
    worlds: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "weights alone": lambda code, z: np.exp(0.7 * rng.normal(size=len(code))),
        "weights differ by segment": lambda code, z: np.exp(0.5 * rng.normal(size=len(code)) + 0.6 * code),
        "their spread differs by segment": lambda code, z: np.exp(
            rng.normal(size=len(code)) * np.array([1.0, 0.6, 0.1])[code]
        ),
        "they go with the descriptors": lambda code, z: np.exp(0.7 * z),
    }
    for name, weigh in worlds.items():
        tables = []
        for _ in range(max(draws // 40, 1)):
            code, z = rng.choice(3, 300, p=[0.2, 0.3, 0.5]), rng.normal(size=300)
            shared = 0.6 if "go with" in name else 0.0
            traits = shared * z[:, None] + np.sqrt(1 - shared**2) * rng.normal(size=(300, len(names)))
            values = pd.DataFrame(traits, columns=names).assign(x=0.5, y=z, w=weigh(code, z))
            for trait in names[1::2]:
                values[trait] = np.array(["a", "b", "c"])[np.digitize(values[trait], [-0.3, 0.8])]
            segment = pd.Series([f"S{c + 1}" for c in code], index=values.index)
            tables.append(test_descriptors(values, segment, study))
        both = pd.concat(tables)
        rejected = both["p"] <= 0.05
        rows[f"n 300, {name}"] = {
            "Rao-Scott": float(rejected[both["kind"] == "nominal"].mean()),
            "weighted Kruskal-Wallis": float(rejected[both["kind"] == "numeric"].mean()),
        }
    return rows


def _study(variables: list[dict[str, object]], *, draws: int = 100, weight: str | None = None) -> Study:
    base = [{"name": "x", "role": "base"}, {"name": "y", "role": "base"}]
    return Study.model_validate(
        {
            "study": "coverage",
            "unit": "unit",
            "sources": {"a": {"path": "a.csv", "format": "table"}},
            "variables": [{"from": "a", "kind": "need", **variable} for variable in (*base, *variables)],
            "segmentations": {"one": {"base": ["x", "y"]}},
            "choices": {"draws": draws},
            "weight": weight,
        }
    )


def _inside(low: np.ndarray, high: np.ndarray, truth: float | np.ndarray) -> float:
    return float(((low <= truth) & (truth <= high)).mean())


if __name__ == "__main__":
    main()
