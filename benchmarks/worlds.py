"""Made-up populations with and without segments, shared by the benchmarks and the tests.

The no-segment worlds are those a market study meets: correlated, skewed, heavy-tailed, coarse, with many zeros, with one or
two common factors, with response styles and straight-liners. Two more hold no segments either, but are no evenly correlated
population: the test's known limits. The others have four segments of equal size, every two centres ``separation``
within-segment standard deviations apart, or four latent classes of yes/no answers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import ndtri

World = Callable[[np.random.Generator, int], np.ndarray]
FIVE_POINT = (-1.5, -0.5, 0.5, 1.5)
STRAIGHT = 0.08  # share of respondents who tick the same box throughout


def correlated(random: np.random.Generator, n: int, p: int = 6, r: float = 0.5) -> np.ndarray:
    """One Gaussian population, every correlation r."""
    return np.sqrt(r) * random.standard_normal((n, 1)) + np.sqrt(1 - r) * random.standard_normal((n, p))


def likert(random: np.random.Generator, n: int) -> np.ndarray:
    """Five-point answers to one common factor."""
    return np.digitize(correlated(random, n), FIVE_POINT).astype(float)


def yes_no(random: np.random.Generator, n: int) -> np.ndarray:
    """Eleven yes/no answers to two common factors, some given by nearly all and some by few."""
    loadings = np.array([[0.9, 0.8, 0.7, -0.7, -0.6, -0.3, 0.2, 0.1, 0.0, 0.0, 0.1],
                         [0.1, 0.0, 0.2, 0.3, 0.1, 0.2, 0.8, 0.7, -0.7, 0.6, -0.4]])  # fmt: skip
    factors, own = random.standard_normal((n, 2)), random.standard_normal((n, 11))
    latent = factors @ loadings + own * np.sqrt(1 - (loadings**2).sum(axis=0))
    shares = np.array([0.55, 0.64, 0.20, 0.24, 0.53, 0.87, 0.90, 0.91, 0.36, 0.60, 0.10])
    return (latent > -ndtri(shares)).astype(float)


def uniform(random: np.random.Generator, n: int) -> np.ndarray:
    return random.uniform(size=(n, 6))


def skewed(random: np.random.Generator, n: int) -> np.ndarray:
    """Recency, frequency, money: correlated and log-normal."""
    return np.exp(skewed_log(random, n))


def skewed_log(random: np.random.Generator, n: int) -> np.ndarray:
    """The same after the logarithm is taken."""
    return correlated(random, n, 3) * np.array([1.0, 1.2, 0.8])


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
    return np.digitize(level + spread * random.standard_normal((n, 6)), FIVE_POINT).astype(float)


def straight_liners(random: np.random.Generator, n: int) -> np.ndarray:
    """Five-point answers to one factor; 8 % of respondents tick one box, any of the upper three, throughout."""
    answers = likert(random, n)
    chosen = random.uniform(size=n) < STRAIGHT
    answers[chosen] = random.integers(2, 5, size=int(chosen.sum()))[:, None]
    return answers


def mixed_types(random: np.random.Generator, n: int) -> np.ndarray:
    """Two yes/no, two five-point, two continuous columns of one factor."""
    scores = correlated(random, n)
    coarse = [scores[:, :2] > 0, np.digitize(scores[:, 2:4], FIVE_POINT), scores[:, 4:]]
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


def _ranks(values: np.ndarray) -> np.ndarray:
    """Normal scores of the first variable, ties broken by place."""
    from scipy.special import ndtri

    return ndtri((np.argsort(np.argsort(values[:, 0], kind="stable")) + 0.5) / len(values))


def weigh_smoothly(random: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Log-normal weights (effective base about three quarters), higher where the first variable is (correlation of ranks .55)."""
    return np.exp(0.3 * _ranks(values) + 0.45 * random.standard_normal(len(values)))


def weigh_by_strata(random: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Post-stratification: one of six weights, .4 to 2.2, by a demographic variable that goes with the first variable (.4)."""
    demographic = 0.4 * _ranks(values) + np.sqrt(1 - 0.4**2) * random.standard_normal(len(values))
    return np.array([0.4, 0.7, 0.9, 1.1, 1.5, 2.2])[np.digitize(demographic, [-1.0, -0.4, 0.0, 0.4, 1.0])]


def weigh_by_amount(random: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Weights that grow with the raw amount of the first variable: hardly for most units, steeply for the largest."""
    first = (values[:, 0] - values[:, 0].mean()) / values[:, 0].std()
    return np.exp(0.3 * first + 0.45 * random.standard_normal(len(values)))


WEIGHTS = {"smooth": weigh_smoothly, "strata": weigh_by_strata, "amount": weigh_by_amount}
WEIGHT_WORDS = {
    "smooth": "log-normal weights",
    "strata": "weights of six strata",
    "amount": "weights that grow with the raw amount",
}
NO_SEGMENTS: dict[str, World] = {
    "correlated": correlated,
    "likert": likert,
    "yes_no": yes_no,
    "uniform": uniform,
    "skewed": skewed,
    "skewed_log": skewed_log,
    "heavy_tails": heavy_tails,
    "two_factors": two_factors,
    "response_style": response_style,
    "straight_liners": straight_liners,
    "many_zeros": many_zeros,
    "mixed_types": mixed_types,
}
KNOWN_LIMITS: dict[str, World] = {"shares_of_visits": shares_of_visits, "bent": bent}
SEGMENTS: dict[str, World] = {
    "separation_2": separated(2),
    "separation_2.5": separated(2.5),
    "separation_3": separated(3),
    "separation_4": separated(4),
    "latent_classes": latent_classes,
}
WORDS: dict[str, str] = {
    "correlated": "one Gaussian population, every correlation .5",
    "likert": "five-point answers to one factor",
    "yes_no": "eleven yes/no answers to two factors, some rare",
    "uniform": "uniform, independent",
    "skewed": "recency, frequency, money: log-normal, correlated",
    "skewed_log": "the same, logarithms taken",
    "heavy_tails": "t with 3 degrees of freedom",
    "two_factors": "two common factors",
    "response_style": "five-point answers with personal level and spread",
    "straight_liners": "five-point answers, 8 % tick one box throughout",
    "many_zeros": "four in ten never, the rest log-normal",
    "mixed_types": "yes/no, five-point and continuous",
    "shares_of_visits": "shares of five departments in 1 to some hundred visits, one taste for everybody",
    "bent": "one population along a curve",
    "separation_2": "centres 2 standard deviations apart",
    "separation_2.5": "2.5",
    "separation_3": "3",
    "separation_4": "4",
    "latent_classes": "four latent classes, twelve yes/no items (.8 against .2)",
}


def encode(values: np.ndarray) -> pd.DataFrame:
    """z-scores as the encoder gives them."""
    scores = (values - values.mean(axis=0)) / values.std(axis=0)
    return pd.DataFrame(scores, columns=[f"v{j}" for j in range(values.shape[1])])
