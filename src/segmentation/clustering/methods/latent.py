"""Latent classes and latent profiles: segments as the classes of a mixture, estimated by StepMix, missing answers and all."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import numpy as np

from ..inputs import spawn_seeds
from .base import Method, Rows
from .em import FLOOR, Design, Mixture, build_design, emission, first_guesses, mixture_of, run_em

__all__ = ["LatentClass", "LatentProfile", "describe_fit", "reproduced"]

ROUND = 10  # starts at a time
HITS = 5
SAME = 1e-3  # two log-likelihoods nearer than this are the same optimum
POLISH = 500
EMISSION = "gaussian_diag_floor_nan"


class LatentClass(Method):
    """Classes within which answers are independent: named answers by their chances, numbers by a normal each."""

    name: ClassVar[str] = "latent-class"
    missing: ClassVar[bool] = True
    as_answers: ClassVar[frozenset[str]] = frozenset({"binary", "ordinal", "nominal"})

    def fit(
        self, rows: Rows, segments: int, *, starts: int, random_state: int, like: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Model: variables, components, shares, columns (answers and chances, or means and variances)."""
        answers = self._answers(rows) if like is None else _stored_answers(like)
        patterns, weights = _collapse(rows)
        design = build_design(patterns, answers, weights)
        best, likelihood = _search(design, segments, starts, random_state)
        if like is not None:
            return _model(rows, answers, best), {"loglik": float(likelihood.max())}
        mixture, top = _finish_by_stepmix(patterns, answers, design, best)
        model = _model(rows, answers, mixture)
        hits = int((likelihood >= max(top, likelihood.max()) - SAME).sum())
        others = likelihood[likelihood < likelihood.max() - SAME]
        gap = float((likelihood.max() - others.max()) / abs(likelihood.max())) if others.size else None
        free = sum(len(found) - 1 if found is not None else 2 for found in answers)
        facts = describe_fit(emission(design, mixture)[:, 0], design.weights, segments - 1 + segments * free)
        return model, {**facts, "hits": hits, "near": hits, "starts": len(likelihood), "runner_up_gap": gap}

    def place(self, model: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
        """Bayes' rule over the variables a unit has; NaN without any."""
        design = build_design(values, _stored_answers(model), np.ones(len(values)))
        joint = emission(design, mixture_of(model))[:, 0]
        found = np.exp(joint - joint.max(axis=1, keepdims=True))
        nothing = (design.marks.sum(axis=1) + design.known.sum(axis=1)) == 0
        return np.where(nothing[:, None], np.nan, found / found.sum(axis=1, keepdims=True))

    def _answers(self, rows: Rows) -> list[list[float] | None]:
        """Encoded values each variable takes, None for numbers."""
        found: list[list[float] | None] = []
        for column, level in zip(rows.values.T, rows.levels, strict=True):
            known = np.unique(column[~np.isnan(column)])
            found.append([float(x) for x in known] if level in self.as_answers else None)
        return found


class LatentProfile(LatentClass):
    """Classes within which numbers are independent normals with variances of their own; yes and no stay chances."""

    name: ClassVar[str] = "latent-profile"
    as_answers: ClassVar[frozenset[str]] = frozenset({"binary"})


def describe_fit(joint: np.ndarray, weights: np.ndarray, parameters: int) -> dict[str, Any]:
    """Criteria of a mixture from its log joint densities.

    Parameters
    ----------
    joint : ndarray of shape (n_rows, k)
        Log of share times density.
    weights : ndarray of shape (n_rows,)
    parameters : int
        Free parameters.

    Returns
    -------
    dict
        loglik, parameters, bic, aic, sabic (Sclove 1987), icl (BIC - 2 sum log of the highest posterior, as flexmix), entropy
        (relative: 1 is certain, 0 is guessing).

    Examples
    --------
    >>> facts = describe_fit(np.log([[0.5, 0.0001], [0.0001, 0.5]]), np.ones(2), 3)
    >>> round(facts["loglik"], 3), round(facts["bic"], 3), round(facts["entropy"], 3)
    (-1.386, 4.851, 0.997)
    """
    top = joint.max(axis=1, keepdims=True)
    each = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
    posterior = np.exp(joint - each[:, None])
    n, loglik = float(weights.sum()), float(weights @ each)
    safe = np.where(posterior > 0, posterior, 1.0)
    doubt = -float(weights @ (posterior * np.log(safe)).sum(axis=1))
    bic = -2 * loglik + parameters * np.log(n)
    k = joint.shape[1]
    return {
        "loglik": loglik,
        "parameters": parameters,
        "bic": float(bic),
        "aic": -2 * loglik + 2 * parameters,
        "sabic": float(-2 * loglik + parameters * np.log((n + 2) / 24)),
        "icl": float(bic - 2 * weights @ np.log(posterior.max(axis=1))),
        "entropy": 1.0 if k == 1 else float(1 - doubt / (n * np.log(k))),
    }


def reproduced(facts: Mapping[str, Any]) -> str:
    """How often the best log-likelihood was found, in words."""
    return f"{int(facts['hits']):,} of {int(facts['starts']):,} starts"


def _search(design: Design, k: int, starts: int, random_state: int) -> tuple[Mixture, np.ndarray]:
    """The best of many starts and the log-likelihood of each; rounds go on until the best has been found often."""
    seeds = spawn_seeds(random_state, "latent", k, size=-(-starts // ROUND))
    likelihood, best = np.empty(0), None
    for position, seed in enumerate(seeds):
        count = min(ROUND, starts - position * ROUND)
        guesses = first_guesses(design, k, count, np.random.default_rng(seed))
        found, reached, _ = run_em(design, None, guesses=guesses)
        if best is None or reached.max() > likelihood.max():
            top = int(reached.argmax())
            best = Mixture(*(getattr(found, name)[[top]] for name in Mixture.__dataclass_fields__))
        likelihood = np.concatenate([likelihood, reached])
        if (likelihood >= likelihood.max() - SAME).sum() >= HITS:
            break
    assert best is not None
    return best, likelihood


def _finish_by_stepmix(
    patterns: np.ndarray, answers: list[list[float] | None], design: Design, best: Mixture
) -> tuple[Mixture, float]:
    """StepMix from the best memberships found, to its own convergence; its parameters are those kept."""
    joint = emission(design, best)[:, 0]
    start = joint - joint.max(axis=1, keepdims=True)
    start -= np.log(np.exp(start).sum(axis=1, keepdims=True))
    coded, blocks = _coded(patterns, answers)
    estimator = _stepmix_class()(
        best.shares.shape[1],
        measurement=blocks,
        n_init=1,
        random_state=0,
        max_iter=POLISH,
        abs_tol=1e-10,
        progress_bar=0,
        verbose=0,
    )
    estimator.begin = start
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():  # not settled after these steps is no news: it began at an optimum that had settled
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(coded, sample_weight=design.weights)
    mixture = _from_stepmix(estimator.get_parameters(), answers)
    reached = emission(design, mixture)[:, 0]
    top = reached.max(axis=1, keepdims=True)
    return mixture, float(design.weights @ (top[:, 0] + np.log(np.exp(reached - top).sum(axis=1))))


def _coded(patterns: np.ndarray, answers: list[list[float] | None]) -> tuple[np.ndarray, dict[str, dict[str, Any]]]:
    """Columns in StepMix's order (two answers, several answers, numbers) and its description of them."""
    columns: list[np.ndarray] = []
    blocks: dict[str, dict[str, Any]] = {}
    for block, model, wanted in _blocks(answers):
        if not wanted:
            continue
        blocks[block] = {"model": model, "n_columns": len(wanted)}
        for j in wanted:
            column = patterns[:, j]
            found = answers[j]
            if found is not None:
                codes = np.abs(column[:, None] - np.array(found)).argmin(axis=1).astype(float)
                column = np.where(np.isnan(column), np.nan, codes)
            columns.append(column)
    return np.column_stack(columns), blocks


def _blocks(answers: list[list[float] | None]) -> list[tuple[str, str, list[int]]]:
    two = [j for j, found in enumerate(answers) if found is not None and len(found) == 2]
    many = [j for j, found in enumerate(answers) if found is not None and len(found) != 2]
    plain = [j for j, found in enumerate(answers) if found is None]
    return [("two", "binary_nan", two), ("several", "categorical_nan", many), ("numbers", EMISSION, plain)]


def _from_stepmix(parameters: Mapping[str, Any], answers: list[list[float] | None]) -> Mixture:
    """StepMix's parameters in the order of our columns."""
    measured, k = parameters["measurement"], len(parameters["weights"])
    named: dict[int, np.ndarray] = {}
    means, variances = np.zeros((k, 0)), np.zeros((k, 0))
    for block, _, wanted in _blocks(answers):
        if not wanted:
            continue
        if block == "numbers":
            means, variances = measured[block]["means"], measured[block]["covariances"]
            continue
        chances = measured[block]["pis"]
        for place, j in enumerate(wanted):
            if block == "two":
                named[j] = np.column_stack([1 - chances[:, place], chances[:, place]])
            else:
                width = measured[block]["max_n_outcomes"]
                named[j] = chances[:, place * width : place * width + len(answers[j] or ())]
    chances = np.hstack([np.zeros((k, 0)), *(named[j] for j in sorted(named))])
    return Mixture(np.asarray(parameters["weights"])[None], chances[None], means[None], variances[None])


@cache
def _stepmix_class() -> Any:
    """StepMix that begins at given memberships, with normals whose variance has a floor (its extension point for emissions)."""
    from stepmix.emission.build_emission import EMISSION_DICT
    from stepmix.emission.gaussian import GaussianDiagNan
    from stepmix.stepmix import StepMix

    class FlooredDiag(GaussianDiagNan):
        """Variances no smaller than a share of the variable's own: a heap of equal values is not a class by itself."""

        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.model_str = EMISSION

        def initialize(self, X: np.ndarray, resp: np.ndarray, random_state: Any = None) -> None:
            super().initialize(X, resp, random_state)

        def m_step(self, X: np.ndarray, resp: np.ndarray) -> None:
            weight, known = resp.sum(axis=1), ~np.isnan(X)
            mass = weight @ known
            mean = weight @ np.nan_to_num(X) / mass
            variance = weight @ np.where(known, (X - mean) ** 2, 0.0) / mass
            super().m_step(X, resp)
            floor = np.maximum(FLOOR * variance, 1e-9)
            self.parameters["covariances"] = np.maximum(self.parameters["covariances"], floor)

    EMISSION_DICT.setdefault(EMISSION, FlooredDiag)

    class StartedStepMix(StepMix):
        """Begins where it is told instead of at random memberships."""

        begin: np.ndarray

        def _initialize_parameters(self, X: np.ndarray, random_state: Any) -> None:
            self.log_resp_ = self.begin
            weight = np.exp(self.begin).mean(axis=0)
            self.weights_ = weight / weight.sum()
            self._initialize_parameters_measurement(X, random_state)

    return StartedStepMix


def _collapse(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Distinct patterns of answers (missing is a value of its own) and their weights."""
    marked = np.where(np.isnan(rows.values), np.inf, rows.values)
    found, place = np.unique(marked, axis=0, return_inverse=True)
    weights = np.bincount(place.reshape(-1), weights=rows.weights, minlength=len(found))
    return np.where(np.isinf(found), np.nan, found), weights


def _stored_answers(model: Mapping[str, Any]) -> list[list[float] | None]:
    return [column.get("answers") for column in model["columns"]]


def _model(rows: Rows, answers: list[list[float] | None], mixture: Mixture) -> dict[str, Any]:
    """Parameters as JSON types, column by column."""
    columns: list[dict[str, Any]] = []
    answer = number = 0
    for found in answers:
        if found is None:
            columns.append(
                {
                    "means": mixture.means[0, :, number].tolist(),
                    "variances": mixture.variances[0, :, number].tolist(),
                }
            )
            number += 1
        else:
            block = mixture.chances[0, :, answer : answer + len(found)]
            columns.append({"answers": found, "chances": block.tolist()})
            answer += len(found)
    shares = mixture.shares[0]
    return {
        "variables": list(rows.names),
        "components": len(shares),
        "shares": shares.tolist(),
        "columns": columns,
    }
