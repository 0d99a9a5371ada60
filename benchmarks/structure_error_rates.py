"""How often the structure test finds segments where there are none, and where there are: run by hand, written as JSON.

    python benchmarks/structure_error_rates.py --simulations 400 --references 199 --out benchmarks/structure_error_rates.json

The no-segment worlds are those a market study meets: correlated, skewed, heavy-tailed, coarse, with many zeros, with one or
two common factors, with response styles. Two more hold no segments either, but are no evenly correlated population: the
test's known limits. The others have four segments of equal size, every two centres ``separation`` within-segment standard
deviations apart, or four latent classes of yes/no answers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.clustering import measure_structure, warm

World = Callable[[np.random.Generator, int], np.ndarray]


def correlated(random: np.random.Generator, n: int, p: int = 6, r: float = 0.5) -> np.ndarray:
    """One Gaussian population, every correlation r."""
    return np.sqrt(r) * random.standard_normal((n, 1)) + np.sqrt(1 - r) * random.standard_normal((n, p))


def likert(random: np.random.Generator, n: int) -> np.ndarray:
    """Five-point answers to one common factor."""
    return np.digitize(correlated(random, n), [-1.5, -0.5, 0.5, 1.5]).astype(float)


def uniform(random: np.random.Generator, n: int) -> np.ndarray:
    return random.uniform(size=(n, 6))


def skewed(random: np.random.Generator, n: int) -> np.ndarray:
    """Recency, frequency, money: correlated and log-normal."""
    return np.exp(correlated(random, n, 3) * np.array([1.0, 1.2, 0.8]))


def heavy_tails(random: np.random.Generator, n: int) -> np.ndarray:
    """Multivariate t with 3 degrees of freedom."""
    return correlated(random, n) / np.sqrt(random.chisquare(3, size=(n, 1)) / 3)


def two_factors(random: np.random.Generator, n: int) -> np.ndarray:
    factors = np.repeat(random.standard_normal((n, 2)), 3, axis=1)
    return np.sqrt(0.5) * factors + np.sqrt(0.5) * random.standard_normal((n, 6))


def many_zeros(random: np.random.Generator, n: int) -> np.ndarray:
    """Four in ten units never did it; the rest log-normal."""
    scores = correlated(random, n)
    return np.where(scores < -0.25, 0.0, np.exp(scores))


def response_style(random: np.random.Generator, n: int) -> np.ndarray:
    """Five-point answers with a personal level and a personal spread."""
    level, spread = random.normal(0, 0.6, (n, 1)), np.exp(random.normal(0, 0.3, (n, 1)))
    return np.digitize(level + spread * random.standard_normal((n, 6)), [-1.5, -0.5, 0.5, 1.5]).astype(float)


def mixed_types(random: np.random.Generator, n: int) -> np.ndarray:
    """Two yes/no, two five-point, two continuous columns of one factor."""
    scores = correlated(random, n)
    coarse = [scores[:, :2] > 0, np.digitize(scores[:, 2:4], [-1.5, -0.5, 0.5, 1.5]), scores[:, 4:]]
    return np.hstack([part.astype(float) for part in coarse])


def shares_of_visits(random: np.random.Generator, n: int) -> np.ndarray:
    """How often somebody came, and the shares of five departments in those visits, as square roots; one population.

    Everybody's own mix is drawn around the same mix (Dirichlet); the fewer the visits, the more shares are 0 or large by
    chance alone, so spread and zeros hang on the first column.
    """
    visits = 1 + np.floor(np.exp(random.normal(3.0, 1.0, n))).astype(int)
    mix = random.dirichlet(8 * np.array([0.30, 0.20, 0.18, 0.14, 0.12, 0.06]), n)
    shares = random.multinomial(visits, mix) / visits[:, None]
    return np.hstack([np.log(visits)[:, None], np.sqrt(shares[:, :5])])


def bent(random: np.random.Generator, n: int) -> np.ndarray:
    """One population along a curve: no segments, but not evenly correlated either. Known to be rejected."""
    first = random.standard_normal((n, 1))
    return np.hstack([first, first**2 + 0.5 * random.standard_normal((n, 1)), random.standard_normal((n, 4))])


def separated(separation: float, segments: int = 4, p: int = 6) -> World:
    """Segments of equal size, every two centres ``separation`` apart."""

    def draw(random: np.random.Generator, n: int) -> np.ndarray:
        centres = np.eye(segments, p) * separation / np.sqrt(2)
        return centres[random.permutation(np.arange(n) % segments)] + random.standard_normal((n, p))

    return draw


def latent_classes(random: np.random.Generator, n: int) -> np.ndarray:
    """Twelve yes/no items, four classes; each says yes to its own three with .8, to the others with .2."""
    own = np.repeat(np.eye(4), 3, axis=1)[random.permutation(np.arange(n) % 4)]
    return (random.uniform(size=(n, 12)) < np.where(own == 1, 0.8, 0.2)).astype(float)


NO_SEGMENTS: dict[str, World] = {
    "correlated": correlated,
    "likert": likert,
    "uniform": uniform,
    "skewed": skewed,
    "heavy_tails": heavy_tails,
    "two_factors": two_factors,
    "many_zeros": many_zeros,
    "response_style": response_style,
    "mixed_types": mixed_types,
}
KNOWN_LIMITS: dict[str, World] = {"shares_of_visits": shares_of_visits, "bent": bent}
SEGMENTS: dict[str, World] = {
    "separation_2": separated(2),
    "separation_3": separated(3),
    "separation_4": separated(4),
    "latent_classes": latent_classes,
}


def encode(values: np.ndarray) -> pd.DataFrame:
    """z-scores as the encoder gives them."""
    scores = (values - values.mean(axis=0)) / values.std(axis=0)
    return pd.DataFrame(scores, columns=[f"v{j}" for j in range(values.shape[1])])


def measure_rate(
    world: World, *, n: int, simulations: int, references: int, seed: int, alpha: float = 0.05
) -> dict[str, float]:
    """Share of simulated data sets in which the test rejects at ``alpha``; "both" is what the verdict uses."""
    found = []
    for simulation in range(simulations):
        encoded = encode(world(np.random.default_rng([seed, simulation]), n))
        test = measure_structure(encoded, range(2, 7), references=references, random_state=simulation)
        found.append((test.p <= alpha, test.p_joint <= alpha, test.p_dip <= alpha))
    both, joint, dip = np.mean(found, axis=0)
    error = float(np.sqrt(max(both * (1 - both), 1 / simulations**2) / simulations))
    return {"both": float(both), "joint": float(joint), "dip": float(dip), "standard_error": round(error, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--references", type=int, default=199)
    parser.add_argument("--n", type=int, nargs="+", default=[250])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    warm()
    rates: dict[str, dict[str, dict[str, float]]] = {}
    for n in options.n:
        for name, world in {**NO_SEGMENTS, **KNOWN_LIMITS, **SEGMENTS}.items():
            began = time.perf_counter()
            rates.setdefault(str(n), {})[name] = measure_rate(
                world, n=n, simulations=options.simulations, references=options.references, seed=options.seed
            )
            print(f"n={n} {name}: {rates[str(n)][name]} ({time.perf_counter() - began:.0f} s)", flush=True)
    content = {
        "what": "share of data sets in which the structure test rejects at .05; segments considered 2 to 6",
        "simulations": options.simulations,
        "references": options.references,
        "seed": options.seed,
        "no_segments": list(NO_SEGMENTS),
        "known_limits": list(KNOWN_LIMITS),
        "rates": rates,
    }
    options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
