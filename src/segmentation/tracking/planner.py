"""How many units the test of each segment and persona needs before it begins, how long that takes, and what it cannot see."""

from __future__ import annotations

import math

import pandas as pd

from ..messaging.rates import order_segments
from ..period import Period
from ..study import Study
from .power import (
    design_effect,
    detectable_share,
    kept_by_cutting,
    power_of_means,
    power_of_shares,
    units_for_means,
    units_for_shares,
)
from .registration import Experiment, load_experiments
from .sequential import look_boundaries, size_inflation
from .strata import Strata, find_strata

__all__ = ["PLAN_COLUMNS", "plan_experiment", "plan_experiments"]

PLAN_COLUMNS = (
    "experiment", "title", "segment", "by", "metric", "available", "needed", "needed_control", "needed_arm", "alpha", "tests", "times",
    "smallest_effect", "power", "reached", "weeks", "most_weeks", "enough", "detectable", "detectable_alone",
    "detectable_adjusted", "r2", "r2_needed", "detectable_uncut",
)  # fmt: skip


def plan_experiments(
    study: Study,
    membership: pd.DataFrame | None,
    *,
    period: Period | None = None,
    features: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Plan of every randomised experiment that says what it was planned with.

    Parameters
    ----------
    study : Study
    membership : pandas.DataFrame or None
        Segments of all units (column ``segment``), from before the experiment.
    period : Period, optional
        Experiments that ended before it are left out.
    features : pandas.DataFrame, optional
        Variables of all units, from before the experiment: which of them speak for which persona.

    Returns
    -------
    pandas.DataFrame
        Columns ``PLAN_COLUMNS``, a row an experiment and segment or persona, "all" last; empty when nothing was planned.

    Raises
    ------
    StudyError
        If the file of experiments is not what it should be.
    """
    declared = [experiment for experiment in load_experiments(study) if experiment.randomised]
    if period is not None:
        declared = [e for e in declared if e.ended is None or pd.Timestamp(e.ended) >= period.start]
    segments = pd.Series(dtype="str") if membership is None else membership["segment"].dropna().astype(str)
    strata = find_strata(study, membership, features) if declared else Strata()
    tests: dict[str, int] = {}
    for experiment in declared:
        key, cuts = experiment.family or experiment.id, _judged(experiment, segments, strata)
        tests[key] = tests.get(key, 0) + len(cuts) * len(experiment.treated)
    made = [
        plan_experiment(e, segments, tests=tests[e.family or e.id], alpha=study.choices.alpha, strata=strata)
        for e in declared
        if e.plan is not None and e.smallest_effect is not None
    ]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=list(PLAN_COLUMNS))


def _judged(experiment: Experiment, segments: pd.Series, strata: Strata) -> list[tuple[str, str, int]]:
    """What is tested: by what, its name and the number of units there are; segments first."""
    known = [name for name in order_segments(segments) if not experiment.segments or name in experiment.segments]
    found = [("segment", name, int((segments == name).sum())) for name in known]
    if experiment.by_persona:
        sizes = {name: int(segments.index.astype(str).isin(members).sum()) for name, members in strata.members.items()}
        found += [
            ("persona", strata.names[name], size)
            for name, size in sizes.items()
            if size and strata.homes[name] in known
        ]
    return found


def plan_experiment(
    experiment: Experiment,
    segments: pd.Series,
    *,
    tests: int | None = None,
    alpha: float = 0.05,
    strata: Strata | None = None,
) -> pd.DataFrame:
    """Units needed by segment and persona to find the smallest effect that matters, with everything allowed for that makes it dearer.

    Parameters
    ----------
    experiment : Experiment
        With ``plan`` and ``smallest_effect``.
    segments : pandas.Series
        Segment of every unit that could be assigned.
    tests : int, optional
        Tests of the family; that of each segment and persona is planned at alpha / tests (everybody's at alpha / arms that are
        treated). Default: its own.
    alpha : float
        Error rate where neither the experiment nor its family names one.
    strata : Strata, optional
        Units by persona; a unit of several counts for each.

    Returns
    -------
    pandas.DataFrame
        Columns ``PLAN_COLUMNS``: by (segment, persona, or all), units available (all known, or what comes in ``most_weeks``) and
        needed over control and one arm's share of them, times (how many times dearer than a test with one look of units by
        themselves), power that is reached, weeks until enough are in, the smallest effect that is detectable with those available,
        and the same without allowing for the other tests (alone), with the covariate (adjusted), and if an amount were measured
        instead of yes or no (uncut); r2_needed is what a covariate would have to explain to make do.
    """
    level = experiment.alpha or (alpha if experiment.family is None else experiment.rule.alpha)
    judged = _judged(experiment, segments, strata or Strata())
    arms = len(experiment.treated)
    number = tests or max(len(judged) * arms, 1)
    everybody = len(segments)
    rows = [
        _plan_row(experiment, name, size, everybody, level, arms if by == "all" else number) | {"by": by}
        for by, name, size in [*judged, ("all", "all", everybody)]
    ]
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def _plan_row(
    experiment: Experiment, segment: str, size: int, everybody: int, level: float, tests: int
) -> dict[str, object]:
    plan, effect, alpha = experiment.plan, float(experiment.smallest_effect or 0), level / tests
    share = 1.0 if segment == "all" else size / everybody if everybody else 0.0
    a_week = None if plan.units_a_week is None else plan.units_a_week * share
    available = float(size) if a_week is None or plan.known_first else a_week * plan.most_weeks
    dearer = design_effect(plan.cluster_size, plan.icc, variation=plan.cluster_variation) * _look_price(
        experiment, alpha
    )
    shares = experiment.arms[str(experiment.control)], min(experiment.arms[arm] for arm in experiment.treated)
    ask = {"alpha": alpha, "power": experiment.power}
    control = _units(experiment, effect, shares, **ask) * dearer
    needed = control / shares[0]

    def see(units: float, level: float = alpha, spread: float = 1.0) -> float:
        return _detectable(experiment, units / dearer * shares[0], units / dearer * shares[1], level, spread)

    kept = 1 - plan.r2
    cut = kept_by_cutting(plan.baseline) if experiment.metric == "binary" else math.nan
    return {
        "experiment": experiment.id, "title": experiment.title, "segment": segment, "metric": experiment.metric,
        "available": available, "needed": needed,
        "needed_control": math.ceil(control), "needed_arm": math.ceil(needed * shares[1]), "alpha": alpha, "tests": tests,
        "times": dearer, "smallest_effect": effect, "power": experiment.power,
        "reached": _power(experiment, effect, available / dearer * shares[0], available / dearer * shares[1], alpha),
        "weeks": max(0.0, needed - (size if plan.known_first else 0)) / a_week if a_week else math.nan,
        "most_weeks": plan.most_weeks if a_week and not plan.known_first else math.nan,
        "enough": bool(available >= needed), "detectable": see(available), "detectable_alone": see(available, level),
        "detectable_adjusted": see(available, spread=kept) if plan.r2 else math.nan, "r2": plan.r2 or math.nan,
        "r2_needed": max(0.0, 1 - available / needed), "detectable_uncut": see(available, spread=cut) if cut == cut else math.nan,
    }  # fmt: skip


def _look_price(experiment: Experiment, alpha: float) -> float:
    """How many times the units the planned looks cost."""
    if len(experiment.looks) < 2:
        return 1.0
    shares = [look.share for look in experiment.looks]
    limits = look_boundaries(shares, alpha=alpha, spending=experiment.spending)
    return size_inflation(shares, limits, alpha=alpha, power=experiment.power)


def _reachable(experiment: Experiment, effect: float) -> float:
    """The other arm's share: down where up is not possible."""
    baseline = float(experiment.plan.baseline)
    return baseline + effect if baseline + effect < 1 else baseline - effect


def _units(experiment: Experiment, effect: float, shares: tuple[float, float], *, alpha: float, power: float) -> float:
    ratio = shares[1] / shares[0]
    if experiment.metric != "binary":
        return units_for_means(effect / experiment.plan.sd, alpha=alpha, power=power, ratio=ratio)
    other = _reachable(experiment, effect)
    if not 0 < other < 1:
        return math.inf  # registration does not let it come to that
    return units_for_shares(experiment.plan.baseline, other, alpha=alpha, power=power, ratio=ratio)


def _power(experiment: Experiment, effect: float, n_control: float, n_arm: float, alpha: float) -> float:
    if min(n_control, n_arm) < 2:
        return 0.0
    if experiment.metric != "binary":
        return power_of_means(effect / experiment.plan.sd, n_control, n_arm, alpha=alpha)
    other = _reachable(experiment, effect)
    return power_of_shares(experiment.plan.baseline, other, n_control, n_arm, alpha=alpha) if 0 < other < 1 else 0.0


def _detectable(experiment: Experiment, n_control: float, n_arm: float, alpha: float, spread: float) -> float:
    """Smallest effect found with the planned power; a spread under 1 is worth 1 / spread times the units."""
    if min(n_control, n_arm) < 2 or spread <= 0:
        return math.nan
    n_control, n_arm = n_control / spread, n_arm / spread
    if experiment.metric == "binary":
        return detectable_share(experiment.plan.baseline, n_control, n_arm, alpha=alpha, power=experiment.power)
    from scipy.optimize import brentq

    top = 20 * (1 / n_control + 1 / n_arm) ** 0.5
    if power_of_means(top, n_control, n_arm, alpha=alpha) < experiment.power:
        return math.nan
    found = brentq(lambda d: power_of_means(d, n_control, n_arm, alpha=alpha) - experiment.power, 1e-9, top)
    return float(found) * float(experiment.plan.sd)
