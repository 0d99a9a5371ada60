"""How many units each persona's test needs before it begins, how long that takes, and what it cannot see."""

from __future__ import annotations

import math

import pandas as pd

from ..display import Callout, Reading, Table
from ..messaging.rates import order_segments
from ..period import Period
from ..study import Study
from ..words import count_words, join_words, source_words
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
from .wording import difference_words

__all__ = [
    "PLAN_COLUMNS",
    "describe_experiment_plan",
    "plan_experiment",
    "plan_experiments",
    "tabulate_experiment_plan",
]

PLAN_COLUMNS = (
    "experiment", "title", "segment", "metric", "available", "needed", "needed_control", "needed_arm", "alpha", "tests", "times",
    "smallest_effect", "power", "reached", "weeks", "most_weeks", "enough", "detectable", "detectable_alone",
    "detectable_adjusted", "r2", "r2_needed", "detectable_uncut",
)  # fmt: skip


def plan_experiments(study: Study, membership: pd.DataFrame | None, *, period: Period | None = None) -> pd.DataFrame:
    """Plan of every randomised experiment that says what it was planned with.

    Parameters
    ----------
    study : Study
    membership : pandas.DataFrame or None
        Segments of all units (column ``segment``), from before the experiment.
    period : Period, optional
        Experiments that ended before it are left out.

    Returns
    -------
    pandas.DataFrame
        Columns ``PLAN_COLUMNS``, a row an experiment and segment, "all" last; empty when nothing was planned.

    Raises
    ------
    StudyError
        If the file of experiments is not what it should be.
    """
    declared = [experiment for experiment in load_experiments(study) if experiment.randomised]
    if period is not None:
        declared = [e for e in declared if e.ended is None or pd.Timestamp(e.ended) >= period.start]
    segments = pd.Series(dtype="str") if membership is None else membership["segment"].dropna().astype(str)
    tests: dict[str, int] = {}
    for experiment in declared:
        key = experiment.family or experiment.id
        tests[key] = tests.get(key, 0) + len(_judged(experiment, segments)) * len(experiment.treated)
    made = [
        plan_experiment(e, segments, tests=tests[e.family or e.id], alpha=study.choices.alpha)
        for e in declared
        if e.plan is not None and e.smallest_effect is not None
    ]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=list(PLAN_COLUMNS))


def _judged(experiment: Experiment, segments: pd.Series) -> list[str]:
    known = order_segments(segments)
    return [name for name in known if not experiment.segments or name in experiment.segments]


def plan_experiment(
    experiment: Experiment, segments: pd.Series, *, tests: int | None = None, alpha: float = 0.05
) -> pd.DataFrame:
    """Units needed by segment to find the smallest effect that matters, with everything allowed for that makes it dearer.

    Parameters
    ----------
    experiment : Experiment
        With ``plan`` and ``smallest_effect``.
    segments : pandas.Series
        Segment of every unit that could be assigned.
    tests : int, optional
        Tests of the family; each segment's is planned at alpha / tests (everybody's at alpha). Default: its own.
    alpha : float
        Error rate where neither the experiment nor its family names one.

    Returns
    -------
    pandas.DataFrame
        Columns ``PLAN_COLUMNS``: units available (all known, or what comes in ``most_weeks``) and needed over control and one
        arm's share of them, times (how many times dearer than a test with one look of units by themselves), power that is
        reached, weeks until enough are in, the smallest effect that is detectable with those available, and the same without
        allowing for the other tests (alone), with the covariate (adjusted), and if an amount were measured instead of yes or no
        (uncut); r2_needed is what a covariate would have to explain to make do.
    """
    level = experiment.alpha or (alpha if experiment.family is None else experiment.rule.alpha)
    judged = _judged(experiment, segments)
    number = tests or max(len(judged) * len(experiment.treated), 1)
    rows = []
    for segment in [*judged, "all"]:
        size = len(segments) if segment == "all" else int((segments == segment).sum())
        rows.append(_plan_row(experiment, segment, size, len(segments), level, 1 if segment == "all" else number))
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def _plan_row(
    experiment: Experiment, segment: str, size: int, everybody: int, level: float, tests: int
) -> dict[str, object]:
    plan, effect, alpha = experiment.plan, float(experiment.smallest_effect or 0), level / tests
    share = size / everybody if everybody else 0.0
    a_week = None if plan.units_a_week is None else plan.units_a_week * share
    available = float(size) if a_week is None else a_week * plan.most_weeks
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
        "weeks": needed / a_week if a_week else math.nan, "most_weeks": plan.most_weeks if a_week else math.nan,
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
        return math.inf
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
    found = brentq(lambda d: power_of_means(d, n_control, n_arm, alpha=alpha) - experiment.power, 1e-9, top)
    return float(found) * float(experiment.plan.sd)


def describe_experiment_plan(plan: pd.DataFrame, *, units: str = "units") -> Reading | Callout:
    """Whom a test can say something about, and what else could be done where it cannot.

    Parameters
    ----------
    plan : pandas.DataFrame
        As ``plan_experiments`` returns it.
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
        A callout when nothing was planned.
    """
    if plan.empty:
        return Callout(
            "absent", "No experiment says what its size was planned with.",
            "Write `smallest_effect` and `plan: {baseline: ...}` into the file of experiments before the next one begins.",
        )  # fmt: skip
    paragraphs: list[str] = []
    for _, rows in plan.groupby("experiment", sort=False):
        paragraphs += _plan_words(str(rows["title"].iloc[0]), rows, units)
    return Reading(paragraphs)


def _plan_words(name: str, rows: pd.DataFrame, units: str) -> list[str]:
    first = rows.iloc[0]
    metric, effect = str(first["metric"]), float(first["smallest_effect"])
    inner, total = rows[rows["segment"] != "all"], rows[rows["segment"] == "all"].iloc[0]
    share = f"{first['power']:.0%}"
    lead = (
        f"“{name}” was planned to find a difference of {difference_words(effect, metric, sign='')} with a chance of {share} (its power). "
        f"Everybody together needs {total['needed']:,.0f} {units} and has {total['available']:,.0f}: "
        f"{'enough' if total['enough'] else 'not enough'}; the smallest difference it can be relied on to see is "
        f"{_seen(total['detectable'], metric)}."
    )
    enough, short = inner[inner["enough"]], inner[~inner["enough"]]
    second = []
    if len(enough):
        second.append(f"Large enough alone: {join_words(enough['segment'])}.")
    if len(short):
        least = join_words(
            [
                f"{row.segment} cannot be relied on to show less than {_seen(row.detectable, metric)} ({row.available:,.0f} of "
                f"{row.needed:,.0f})"
                for row in short.itertuples()
            ]
        )
        second.append(
            f"Too small alone: {least}. What looks like no difference there may be one that was missed; a smaller one may show all the "
            "same, by luck."
        )
    if len(inner) and first["tests"] > 1:
        second.append(
            f"Each segment is planned at an error rate of {first['alpha']:.2%}, its share of the whole among "
            f"{count_words(int(first['tests']), 'test')}."
        )
    if first["times"] > 1.005:
        second.append(
            f"Looks before the end, and {units} that come in clusters, make it {first['times']:.2f} times as dear; that is in the numbers."
        )
    return [text for text in (lead, " ".join(second), _alternatives(short, metric, units)) if text]


def _alternatives(short: pd.DataFrame, metric: str, units: str) -> str:
    """What else could be done for segments that are too small."""
    if short.empty:
        return ""
    said = []
    if short["detectable_alone"].notna().any() and short["tests"].iloc[0] > 1:
        said.append(
            f"register fewer segments: one alone, without allowing for the others, would see {_range(short, 'detectable_alone', metric)}"
        )
    if short["weeks"].notna().any():
        parts = [f"{r.segment} {math.ceil(r.weeks):,d} weeks" for r in short.itertuples()]
        said.append(f"run longer: {join_words(parts)}")
    else:
        said.append(f"wait for more {units}, or repeat it next quarter and read both together")
    said.append(
        f"register a larger smallest difference: those that can be seen are {_range(short, 'detectable', metric)}"
    )
    if short["r2"].notna().any():
        seen = _range(short, "detectable_adjusted", metric)
        said.append(
            "take out what the figure from before explains (expected R2, the part of the spread it explains, "
            f"{short['r2'].iloc[0]:.0%}), which sees {seen}"
        )
    low, high = short["r2_needed"].min(), short["r2_needed"].max()
    need = f"{low:.0%}" if round(low, 2) == round(high, 2) else f"{low:.0%} to {high:.0%}"
    said.append(
        f"find a figure from before that explains enough of the spread to make do (R2, the part it explains, needed: {need})"
    )
    if short["detectable_uncut"].notna().any():
        said.append(
            "count how much instead of whether, if the yes or no is an amount cut in two (worth as much as seeing "
            f"{_range(short, 'detectable_uncut', metric)})"
        )
    return f"What else could be done: {'; '.join(said)}; or read everybody together only."


def _range(short: pd.DataFrame, column: str, metric: str) -> str:
    """Smallest and largest of a column, with their segments."""
    known = short.dropna(subset=[column]).sort_values(column, kind="stable")
    if known.empty:
        return "nothing for certain"
    first, last = known.iloc[0], known.iloc[-1]
    if len(known) == 1:
        return f"{_seen(first[column], metric)} ({first['segment']})"
    return (
        f"from {_seen(first[column], metric)} ({first['segment']}) to {_seen(last[column], metric)} ({last['segment']})"
    )


def _seen(effect: float, metric: str) -> str:
    return "any difference at all" if math.isnan(effect) else difference_words(effect, metric, sign="")


def tabulate_experiment_plan(plan: pd.DataFrame, *, source: str = "") -> Table | Reading:
    """Units needed and available by segment, and the smallest difference that can be seen.

    Parameters
    ----------
    plan : pandas.DataFrame
    source : str

    Returns
    -------
    Table or Reading
        An empty reading when nothing was planned.
    """
    if plan.empty:
        return Reading(())
    metric = plan["metric"]
    seen = [difference_words(value, kind, sign="") for value, kind in zip(plan["detectable"], metric, strict=True)]
    frame = pd.DataFrame(
        {
            "Segment": plan["segment"].replace({"all": "everybody"}),
            "Has": plan["available"],
            "Needs": plan["needed"],
            "in control": plan["needed_control"].astype(float),
            "in an arm": plan["needed_arm"].astype(float),
            "Weeks": plan["weeks"],
            "Error rate": plan["alpha"],
            "Power it has": plan["reached"],
            "Can see from": seen,
            "Enough": plan["enough"].map({True: "yes", False: "no"}),
        }
    )
    if plan["experiment"].nunique() > 1:
        frame.insert(0, "Experiment", plan["title"])
    if frame["Weeks"].isna().all():
        frame = frame.drop(columns="Weeks")
    formats = {name: ",.0f" for name in ("Has", "Needs", "in control", "in an arm")} | {
        "Weeks": ",.0f",
        "Error rate": ".2%",
        "Power it has": ".0%",
    }
    effects = [difference_words(e, m, sign="") for e, m in zip(plan["smallest_effect"], metric, strict=True)]
    note = (
        f"Needs: to find a difference of {join_words(dict.fromkeys(effects), last='or')} with the planned power, allowing for the other "
        "tests of the family (alpha divided by their number) and for looks and clusters. Power it has: chance of finding that "
        "difference with what there is. Can see from: the smallest difference found with the planned power; anything smaller cannot be "
        "relied on to show."
    )
    return Table(
        frame, f"Size of the test by segment, as the file of experiments plans it.{source_words(source)}", formats, note
    )
