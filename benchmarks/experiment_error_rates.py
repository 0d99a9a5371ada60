"""How often the analysis of experiments is wrong where nothing differs, how often its intervals hold, how often it finds what is there.

    python benchmarks/experiment_error_rates.py --simulations 10000 --coverage 4000 --write

Every number is made by the package's own functions. Simulation i of a part draws with the random state [seed, part, i], so any
single one can be repeated. ``--only`` names parts, ``--write`` puts the numbers into benchmarks/results/experiment_error_rates.json
and the tables into docs/experiments.md between their markers. Takes a few minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.profiling import wilson_interval
from segmentation.qualitative.intervals import adjust_p_values
from segmentation.tracking import (
    ArmData,
    Experiment,
    always_valid_half,
    compare_rates,
    estimate_lift,
    holm_p_values,
    look_boundaries,
    measure_heterogeneity,
    null_error,
    power_of_means,
    power_of_shares,
    sample_ratio_p,
    student_limit,
)
from segmentation.tracking.effects import correlate_lifts

RESULTS = Path(__file__).parent / "results" / "experiment_error_rates.json"
DOCS = Path(__file__).parents[1] / "docs" / "experiments.md"
BEGIN, END = "<!-- experiment_error_rates: begin -->", "<!-- experiment_error_rates: end -->"
PERSONAS = np.array([400, 300, 250, 150, 100])  # units of five personas, both arms together
LOOKS = 20
Rows = list[dict[str, object]]


def stream(seed: int, part: int, number: int) -> np.random.Generator:
    """Random numbers of one simulation."""
    return np.random.default_rng([seed, part, number])


def line(what: str, hits: int, n: int, aim: str, *, note: str = "") -> dict[str, object]:
    """One row: a rate with its Wilson interval."""
    low, high = (float(edge[0]) for edge in wilson_interval(np.array([hits]), np.array([n])))
    return {"what": what, "rate": hits / n, "lower": low, "upper": high, "simulations": n, "aim": aim, "note": note}


def fits(row: dict[str, object]) -> str:
    """Whether a rate is what it should be: its interval holds the number the aim begins with, or lies on the right side of it."""
    aim = re.match(r"(<= )?(\d?\.\d+)", row["aim"])
    if aim is None:
        return "–"
    number = float(aim[2])
    if aim[1] and row["rate"] <= number:
        return "yes"
    return "within simulation error" if row["lower"] <= number <= row["upper"] else "no"


def personas(simulations: int, seed: int) -> Rows:
    """A/A over five personas: any false find, raw at 5 % each, after Benjamini and Hochberg, after Holm; and the alarm on sizes."""
    wrong = dict.fromkeys(("raw", "bh", "holm", "srm"), 0)
    for number in range(simulations):
        rng = stream(seed, 1, number)
        treated = rng.binomial(PERSONAS, 0.5)
        rate = 0.2
        k1, k0 = rng.binomial(treated, rate), rng.binomial(PERSONAS - treated, rate)
        sizes = zip(k0, PERSONAS - treated, k1, treated, strict=True)
        p = pd.Series([compare_rates(*map(int, row)) for row in sizes])
        wrong["raw"] += bool((p <= 0.05).any())
        wrong["bh"] += bool((adjust_p_values(p) <= 0.05).any())
        wrong["holm"] += bool((holm_p_values(p) <= 0.05).any())
        total = int(treated.sum())
        wrong["srm"] += sample_ratio_p([int(PERSONAS.sum()) - total, total], [0.5, 0.5]) < 0.001
    words = {
        "raw": ("any persona at p <= .05, nothing allowed for", "about .23"),
        "bh": ("any persona named, Benjamini and Hochberg", "<= .05"),
        "holm": ("any persona named, Holm", "<= .05"),
        "srm": ("alarm on the sizes of the arms (p < .001)", ".001"),
    }
    return [line(words[key][0], hits, simulations, words[key][1]) for key, hits in wrong.items()]


def nested(simulations: int, seed: int) -> Rows:
    """A/A over five segments and, in the same family, two personas of each that share units.

    Of the units of a segment six in ten fit its first persona and, by another draw, six in ten its second: about 36 in 100 fit both.
    A tenth of the simulations, which take longest.
    """
    simulations = simulations // 10
    wrong = dict.fromkeys(("raw", "bh", "between"), 0)
    segment = np.repeat(np.arange(len(PERSONAS)), PERSONAS)
    trial = Experiment.model_validate(
        {"id": "aa", "title": "A/A", "randomised": True, "assignment": "a", "outcomes": "o", "arms": {"A": 0.5, "B": 0.5},
         "control": "A", "outcome": "yes", "window_days": 1}
    )  # fmt: skip
    for number in range(simulations):
        rng = stream(seed, 4, number)
        arm, hit = rng.random(len(segment)) < 0.5, rng.random(len(segment)) < 0.2
        units = pd.DataFrame({"arm": np.where(arm, "B", "A").astype(object), "value": hit + 0.0}, dtype=object)
        member = rng.random((2, len(segment))) < 0.6
        masks = [segment == place for place in range(len(PERSONAS))]
        masks += [(segment == place) & own for place in range(len(PERSONAS)) for own in member]
        k0, n0, k1, n1 = ([int((mask & side).sum()) for mask in masks] for side in (hit & ~arm, ~arm, hit & arm, arm))
        p = pd.Series([compare_rates(*row) for row in zip(k0, n0, k1, n1, strict=True)])
        wrong["raw"] += bool((p <= 0.05).any())
        wrong["bh"] += bool((adjust_p_values(p) <= 0.05).any())
        people = [units[mask] for mask in masks[len(PERSONAS) :]]
        (k0, n0), (k1, n1) = (
            (np.array(k[len(PERSONAS) :]), np.array(n[len(PERSONAS) :])) for k, n in ((k0, n0), (k1, n1))
        )
        errors = np.sqrt(sum((k + 1) / (n + 2) * (1 - (k + 1) / (n + 2)) / (n + 2) for k, n in ((k0, n0), (k1, n1))))
        shared = correlate_lifts(trial, people, "B") * np.outer(errors, errors)
        wrong["between"] += measure_heterogeneity(k1 / n1 - k0 / n0, shared)[1] <= 0.05
    words = {
        "raw": ("any segment or persona at p <= .05, nothing allowed for", "far above .05"),
        "bh": ("any segment or persona named, Benjamini and Hochberg", "<= .05"),
        "between": ("personas that share units said to differ, Cochran's Q at p <= .05", "<= .05"),
    }
    return [line(words[key][0], hits, simulations, words[key][1]) for key, hits in wrong.items()]


def peeking(simulations: int, seed: int) -> Rows:
    """A/A with 20 looks at shares of two arms of 2,000: stopped at any look. Ten times the simulations, which are cheap."""
    simulations = 10 * simulations
    shares = np.arange(1, LOOKS + 1) / LOOKS
    step = 2000 // LOOKS
    n = step * np.arange(1, LOOKS + 1)
    limits = {name: look_boundaries(shares, spending=name) for name in ("obrien_fleming", "pocock")}
    bare = limits["pocock"]
    limits = {name: student_limit(limit, 2 * n - 2) for name, limit in limits.items()}
    factor = np.array([always_valid_half(1.0, 2.0 * units, tuned_to=4000.0) for units in n])
    limits |= {"valid": factor}
    wrong = dict.fromkeys(("naive", *limits, "bare"), 0)
    for number in range(simulations):
        hits = stream(seed, 2, number).binomial(step, 0.2, size=(2, LOOKS)).cumsum(axis=1)
        smooth = (hits + 1) / (n + 2)
        plain = np.sqrt((smooth * (1 - smooth) / (n + 2)).sum(axis=0))
        z = np.abs((hits[1] - hits[0]) / n) / np.maximum(
            plain, null_error(hits[0], n, hits[1], n)
        )  # as measure_looks does
        for name, limit in limits.items():
            wrong[name] += bool((z >= limit).any())
        difference = np.abs((hits[1] - hits[0]) / n)
        wrong["naive"] += bool((difference >= 1.959964 * plain).any())
        wrong["bare"] += bool((difference >= bare * plain).any())
    words = {
        "naive": ("20 looks, each at p <= .05", "far above .05"),
        "obrien_fleming": ("20 looks, O'Brien and Fleming's spending", "<= .05"),
        "pocock": ("20 looks, Pocock's spending", "<= .05"),
        "valid": ("20 looks, always-valid interval", "<= .05"),
        "bare": ("20 looks, Pocock's normal limits on the unpooled error alone", ".05"),
    }
    return [line(words[key][0], hits, simulations, words[key][1]) for key, hits in wrong.items()]


def normal(simulations: int, seed: int) -> Rows:
    """A/A with 20 looks at normal outcomes whose spread is known, for which a rate is published. Ten times the simulations."""
    simulations = 10 * simulations
    steps = stream(seed, 5, 0).standard_normal((simulations, LOOKS))
    walk = steps.cumsum(axis=1) / np.sqrt(np.arange(1, LOOKS + 1))
    hits = int((np.abs(walk) >= 1.959964).any(axis=1).sum())
    return [line("20 looks at normal outcomes, each at p <= .05", hits, simulations, ".248 (Armitage and others 1969)")]


def predictions(simulations: int, seed: int) -> Rows:
    """Five true nulls among which every prediction "more" is judged: any one supported. Ten times the simulations, which are cheap."""
    from scipy.special import stdtrit

    from segmentation.tracking import judge_prediction

    simulations = 10 * simulations
    wrong, reach = 0, stdtrit(PERSONAS - 2, 1 - 0.05 / 5 / 2)  # Student's, as weigh_predictions does
    for number in range(simulations):
        rng = stream(seed, 3, number)
        half = PERSONAS // 2
        k1, k0 = rng.binomial(half, 0.2), rng.binomial(half, 0.2)
        smooth1, smooth0 = (k1 + 1) / (half + 2), (k0 + 1) / (half + 2)
        error = np.sqrt((smooth1 * (1 - smooth1) + smooth0 * (1 - smooth0)) / (half + 2))
        lift = (k1 - k0) / half
        pairs = zip(lift - reach * error, lift + reach * error, strict=True)
        wrong += any(judge_prediction("more", low, high)[0] == "supported" for low, high in pairs)
    return [line("any of five false predictions supported", wrong, simulations, "<= .025")]


def coverage(simulations: int, seed: int) -> Rows:
    """95 % intervals that hold the true difference, where the theory is strained: few units, few clusters, skew."""
    rows: Rows = []
    cases: tuple[tuple[str, Callable[[np.random.Generator], tuple[list[ArmData], float]], dict[str, object]], ...] = (
        ("mean, normal, 15 and 25 units", lambda rng: _mean(rng, (15, 25), False), {}),
        ("mean, log-normal, 100 and 100 units", lambda rng: _mean(rng, (100, 100), True), {}),
        ("mean with covariate (CUPED), 30 and 30 units", lambda rng: _before(rng, (30, 30)), {"adjust": True}),
        ("mean with covariate (CUPED), 200 and 100 units", lambda rng: _before(rng, (200, 100)), {"adjust": True}),
        ("the same without it", lambda rng: _before(rng, (200, 100)), {}),
        ("ratio (delta method), 40 and 40 units", lambda rng: _ratio(rng, (40, 40)), {}),
        ("ratio (delta method), 200 and 200 units", lambda rng: _ratio(rng, (200, 200)), {}),
        ("clusters, 8 and 8 accounts, CR2", lambda rng: _clusters(rng, (8, 8)), {}),
        ("clusters, 8 and 8 accounts, CR1", lambda rng: _clusters(rng, (8, 8)), {"kind": "CR1"}),
        ("clusters, 10 and 30 accounts, CR2", lambda rng: _clusters(rng, (10, 30)), {}),
        ("clusters, 40 and 40 accounts, CR2", lambda rng: _clusters(rng, (40, 40)), {}),
        ("clusters ignored, 40 and 40 accounts", lambda rng: _without(_clusters(rng, (40, 40))), {}),
        ("clusters and covariate, 20 and 20 accounts, CR2", lambda rng: _clusters(rng, (20, 20)), {"adjust": True}),
        ("ratio by cluster, 30 and 30 accounts, CR2", lambda rng: _ratio_clusters(rng, (30, 30)), {}),
    )
    for place, (name, draw, options) in enumerate(cases):
        held, widths = 0, []
        for number in range(simulations):
            arms, truth = draw(stream(seed, 100 + place, number))
            found = estimate_lift(*arms, **options)
            held += found.lower <= truth <= found.upper
            widths.append(found.upper - found.lower)
        aim = "far below .95" if "ignored" in name else ".95"
        rows.append(line(name, held, simulations, aim, note=f"mean width {np.mean(widths):.3f}"))
    return rows


def _mean(rng: np.random.Generator, sizes: tuple[int, int], skewed: bool) -> tuple[list[ArmData], float]:
    arms = [np.exp(rng.standard_normal(n)) if skewed else rng.standard_normal(n) for n in sizes]
    return [ArmData(arms[0]), ArmData(arms[1] * (1 if skewed else 2) + 0.5)], 0.5


def _before(rng: np.random.Generator, sizes: tuple[int, int]) -> tuple[list[ArmData], float]:
    arms = []
    for place, n in enumerate(sizes):
        before = rng.gamma(2.0, 1.0, n)
        arms.append(ArmData(0.3 * place + before + rng.standard_normal(n), covariate=before))
    return arms, 0.3


def _ratio(rng: np.random.Generator, sizes: tuple[int, int]) -> tuple[list[ArmData], float]:
    arms = []
    for rate, n in zip((0.2, 0.3), sizes, strict=True):
        base = 1 + rng.poisson(rng.gamma(1.0, 4.0, n))
        own = rng.beta(4 * rate, 4 * (1 - rate), n)
        arms.append(ArmData(rng.binomial(base, own).astype(float), base.astype(float)))
    return arms, 0.1


def _clusters(rng: np.random.Generator, sizes: tuple[int, int]) -> tuple[list[ArmData], float]:
    arms = []
    for place, accounts in enumerate(sizes):
        people = 1 + rng.poisson(rng.gamma(1.0, 8.0, accounts))
        cluster = np.repeat(np.arange(accounts), people)
        before = rng.standard_normal(len(cluster)) + rng.standard_normal(accounts)[cluster]
        value = (
            0.5 * before
            + rng.standard_normal(accounts)[cluster] * 0.6
            + rng.standard_normal(len(cluster))
            + 0.4 * place
        )
        arms.append(ArmData(value, covariate=before, cluster=cluster))
    return arms, 0.4


def _without(drawn: tuple[list[ArmData], float]) -> tuple[list[ArmData], float]:
    return [ArmData(arm.value) for arm in drawn[0]], drawn[1]


def _ratio_clusters(rng: np.random.Generator, sizes: tuple[int, int]) -> tuple[list[ArmData], float]:
    arms = []
    for rate, accounts in zip((0.2, 0.3), sizes, strict=True):
        people = 1 + rng.poisson(4, accounts)
        cluster = np.repeat(np.arange(accounts), people)
        own = rng.beta(6 * rate, 6 * (1 - rate), accounts)[cluster]
        base = 1 + rng.poisson(3, len(cluster))
        arms.append(ArmData(rng.binomial(base, own).astype(float), base.astype(float), cluster=cluster))
    return arms, 0.1


def power(simulations: int, seed: int) -> Rows:
    """How often planted differences are found, against the planner (which the tests hold against statsmodels)."""
    rows: Rows = []
    for place, (rate, other, n0, n1) in enumerate(
        ((0.10, 0.12, 3841, 3841), (0.20, 0.28, 448, 448), (0.05, 0.10, 600, 300))
    ):
        found = 0
        for number in range(simulations):
            rng = stream(seed, 200 + place, number)
            found += compare_rates(int(rng.binomial(n0, rate)), n0, int(rng.binomial(n1, other)), n1) <= 0.05
        planned = power_of_shares(rate, other, n0, n1)
        rows.append(
            line(
                f"{rate:.0%} against {other:.0%}, {n0} and {n1} units",
                found,
                simulations,
                f"{planned:.3f} planned",
            )
        )
    for place, (effect, n0, n1) in enumerate(((0.2, 394, 394), (0.5, 40, 90))):
        found = 0
        for number in range(simulations):
            rng = stream(seed, 210 + place, number)
            found += (
                estimate_lift(ArmData(rng.standard_normal(n0)), ArmData(effect + rng.standard_normal(n1))).p <= 0.05
            )
        planned = power_of_means(effect, n0, n1)
        rows.append(
            line(
                f"mean, {effect} standard deviations, {n0} and {n1} units",
                found,
                simulations,
                f"{planned:.3f} planned",
            )
        )
    return rows


PARTS: dict[str, tuple[str, Callable[[int, int], Rows]]] = {
    "personas": ("Nothing differs (A/A), five personas of 400, 300, 250, 150 and 100 units, share .2", personas),
    "nested": (
        "Nothing differs (A/A), five segments as above and two overlapping personas of each, 15 tests in one family",
        nested,
    ),
    "peeking": ("Nothing differs (A/A), 20 looks, two arms of 2,000 units, share .2", peeking),
    "normal": ("Nothing differs (A/A), 20 looks at equal steps, normal outcomes", normal),
    "predictions": ("Nothing differs, five personas each predict “more”, each interval at 1 - .05 / 5", predictions),
    "coverage": ("95 % intervals that hold the true difference", coverage),
    "power": ("Planted differences found at p <= .05", power),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=10000, help="of A/A tests")
    parser.add_argument("--coverage", type=int, default=4000, help="of intervals and power")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(PARTS))
    parser.add_argument("--write", action="store_true", help="store the numbers, and the tables in docs/experiments.md")
    given = parser.parse_args()
    kept = json.loads(RESULTS.read_text("utf-8")) if given.write and RESULTS.exists() else {}
    for name, (title, part) in PARTS.items():
        if given.only and name not in given.only:
            continue
        begun = time.process_time()
        number = given.coverage if name in ("coverage", "power") else given.simulations
        kept[name] = {"title": title, "seed": given.seed, "rows": part(number, given.seed)}
        print(f"{title} ({time.process_time() - begun:.0f} s)", flush=True)
        for row in kept[name]["rows"]:
            print(
                f"  {row['what']}: {row['rate']:.4f} ({row['lower']:.4f} to {row['upper']:.4f}), aim {row['aim']} {row['note']}",
                flush=True,
            )
        if given.write:
            RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if given.write:
        _write_tables(kept)


def _write_tables(kept: dict[str, dict[str, object]]) -> None:
    text = DOCS.read_text("utf-8")
    parts = []
    for name in PARTS:
        if name not in kept:
            continue
        rows = kept[name]["rows"]
        noted = any(row["note"] for row in rows)
        parts.append(
            f"**{kept[name]['title']}** ({rows[0]['simulations']:,d} simulations a line, seed {kept[name]['seed']}):\n"
        )
        parts.append(f"| | rate | 95 % Monte Carlo interval | should be | is it? |{' width |' if noted else ''}")
        parts.append(f"|---|---:|---|---|---|{'---|' if noted else ''}")
        for row in rows:
            tail = f" {row['note'].removeprefix('mean width ')} |" if noted else ""
            known = f"{row['rate']:.4f} | {row['lower']:.4f} to {row['upper']:.4f}"
            parts.append(f"| {row['what']} | {known} | {row['aim']} | {fits(row)} |{tail}")
        parts.append("")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    DOCS.write_text(text[:start] + "\n" + "\n".join(parts) + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
