"""Differences between arms by segment, persona or channel: raw, with the covariate taken out, shrunk, and whether they differ."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from ..messaging.rates import withhold_small
from ..qualitative.intervals import newcombe_interval, wilson_interval
from .estimates import ArmData, LiftEstimate, estimate_arm, estimate_lift, linearise
from .numbers import compare_rates, detectable_difference, measure_heterogeneity, shrink_lifts
from .registration import Experiment
from .sequential import always_valid_half
from .strata import find_few_left
from .units import arm_data

__all__ = [
    "ARM_COLUMNS", "EFFECT_COLUMNS", "HETEROGENEITY", "correlate_lifts", "joint_interval", "measure_arms", "measure_effects",
    "measure_lift", "split_units",
]  # fmt: skip

ARM_COLUMNS = ("segment", "arm", "n", "successes", "rate", "lower", "upper", "withheld")
EFFECT_COLUMNS = (
    "segment", "arm", "n_control", "n_arm", "rate_control", "rate_arm", "lift", "lower", "upper", "p", "q", "cuped",
    "cuped_lower", "cuped_upper", "r2", "valid_lower", "valid_upper", "shrunk", "shrunk_lower", "shrunk_upper",
    "detectable", "verdict", "error", "freedom", "plain", "joint_lower", "joint_upper", "coverage", "tests",
)  # fmt: skip
HETEROGENEITY = ("arm", "q", "p", "i2", "tau", "segments", "standardised", "reversed")
Z_SEEN = 2.8015852  # 1.96 + 0.84: standard errors that a two-sided test at 5 % finds four times in five
PRIOR_SHARES, PRIOR_SPREADS = 0.1, 0.25  # scale of true differences between segments: in shares; in sd of a unit


def measure_lift(
    control: ArmData, arm: ArmData, *, binary: bool, adjust: bool = False, alpha: float = 0.05
) -> LiftEstimate:
    """Difference of two arms: Newcombe's interval for shares of units, Student's t for everything else.

    Parameters
    ----------
    control, arm : ArmData
    binary : bool
        Values are 0 or 1.
    adjust : bool
        Take out what the covariate explains.
    alpha : float

    Returns
    -------
    LiftEstimate

    Examples
    --------
    >>> ones = lambda k, n: ArmData(np.r_[np.ones(k), np.zeros(n - k)])
    >>> round(measure_lift(ones(200, 2000), ones(240, 2000), binary=True).p, 7)
    0.043205
    """
    if not binary or adjust or control.cluster is not None:
        return estimate_lift(control, arm, alpha=alpha, adjust=adjust)
    k0, n0, k1, n1 = int(control.value.sum()), len(control.value), int(arm.value.sum()), len(arm.value)
    lower, upper = newcombe_interval(k1, n1, k0, n0, coverage=1 - alpha)
    # one success and one failure added to each arm, so that 0 of n has an error too (Agresti and Caffo, 2000)
    smooth = [((k + 1) / (n + 2), n + 2) for k, n in ((k0, n0), (k1, n1))]
    error = math.sqrt(sum(rate * (1 - rate) / n for rate, n in smooth))
    return LiftEstimate(k1 / n1 - k0 / n0, error, n0 + n1 - 2, compare_rates(k0, n0, k1, n1), lower, upper)


def split_units(units: pd.DataFrame, by: str, cuts: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Units by the values of a column, and everybody ("all") last."""
    return {cut: units[units[by] == cut] for cut in cuts} | {"all": units}


def measure_arms(
    experiment: Experiment, parts: Mapping[str, pd.DataFrame], *, min_cell: int, shared: bool = False
) -> pd.DataFrame:
    """What units of each arm did in every part; ``small`` marks cells under ``min_cell``.

    ``shared``: parts are personas. They do not add up to everybody, so that a row is withheld for its own size, or for what it would
    leave over of its segment or of everybody (``find_few_left``), and not for that of another row.
    """
    rows = []
    for cut, inside in parts.items():
        for arm in experiment.arms:
            data = arm_data(inside, arm, ratio=experiment.metric == "ratio")
            n, total = len(data.value), float(data.value.sum())
            least = n if data.cluster is None else len(set(data.cluster))
            if experiment.metric == "binary" and data.cluster is None:
                limits = (total / n if n else math.nan, *wilson_interval(int(total), n))
            else:
                limits = estimate_arm(data)
            rows.append((cut, arm, n, total, *limits, least))
    arms = pd.DataFrame(rows, columns=[*(c for c in ARM_COLUMNS if c != "withheld"), "least"])
    small = arms["least"] < min_cell
    if shared:
        few = find_few_left(parts, min_cell=min_cell)
        told = np.array([(row.segment, row.arm) in few for row in arms.itertuples()], dtype=bool)
        return arms.assign(withheld=small | told, small=small)
    return withhold_small(arms, base="least", by=["arm"], hide=[], min_cell=min_cell).assign(small=small)


def measure_effects(
    experiment: Experiment,
    parts: Mapping[str, pd.DataFrame],
    arms: pd.DataFrame,
    *,
    unread: Collection[str] = (),
    untested: Collection[str] = (),
    shared: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Differences by part with ``EFFECT_COLUMNS`` (q and verdicts still open), and whether they differ between parts.

    Parts whose cells are too small, and those in ``unread`` (arms not of the planned sizes), are not judged; their verdict says why.
    Of those in ``untested`` only what each arm did is told. ``shared``: a unit may be in several parts, which the comparison
    between them allows for.
    """
    counts = arms.set_index(["segment", "arm"])
    rows = []
    for cut, inside in parts.items():
        for arm in experiment.treated:
            control, treated = counts.loc[(cut, experiment.control)], counts.loc[(cut, arm)]
            row = _row(experiment, inside, cut, arm, control, treated)
            rows.append(_told_only(row) if cut in untested else row)
    measured = pd.DataFrame(rows)
    effects = pd.DataFrame([_blank(row) if row["segment"] in unread else row for row in rows])
    shrunk = ["shrunk", "shrunk_lower", "shrunk_upper"]
    effects[[*shrunk, "q"]] = math.nan
    judged = (effects["segment"] != "all") & effects["verdict"].isna()
    spread = []
    for arm in experiment.treated:
        chosen = effects.index[judged & (effects["arm"] == arm) & (effects["error"] > 0)]
        lifts, errors = effects.loc[chosen, "lift"], effects.loc[chosen, "error"].to_numpy(float)
        if shared and len(chosen) > 1:
            inside = [parts[cut] for cut in effects.loc[chosen, "segment"]]
            errors = correlate_lifts(experiment, inside, arm) * np.outer(errors, errors)
        tau = math.nan
        if len(chosen):
            found = shrink_lifts(lifts, errors, scale=_prior_scale(experiment, effects.loc[chosen]))
            effects.loc[chosen, shrunk] = np.column_stack([found.lift, found.lower, found.upper])
            tau = found.tau
        same, turned = (math.nan, False) if shared else _turned(effects, measured, arm)
        spread.append((arm, *measure_heterogeneity(lifts, errors), tau, len(chosen), same, turned))
    return effects[list(EFFECT_COLUMNS)], pd.DataFrame(spread, columns=list(HETEROGENEITY))


def correlate_lifts(experiment: Experiment, parts: Sequence[pd.DataFrame], arm: str) -> np.ndarray:
    """Correlation of the differences of parts that may share units: 0 where they share none, 1 where they are the same.

    Each difference is a sum of what its units (or clusters) add to it; what two differences have in common is the sum of the
    products of what the units they share add to each.
    """
    ids = [part.get("cluster", part.index) for part in parts]
    known, _ = pd.factorize(np.concatenate([np.asarray(one) for one in ids]))
    table, start = np.zeros((known.max(initial=-1) + 1, len(parts))), 0
    for column, part in enumerate(parts):
        code, start = known[start : start + len(part)], start + len(part)
        for name, sign in ((experiment.control, -1.0), (arm, 1.0)):
            inside = (part["arm"] == name).to_numpy()
            base = part["base"].to_numpy(float)[inside] if experiment.metric == "ratio" else None
            influence = linearise(part["value"].to_numpy(float)[inside], base)[1] / inside.sum()
            np.add.at(table[:, column], code[inside], sign * influence)
    length = np.sqrt((table**2).sum(axis=0))
    table = table / np.where(length > 0, length, 1.0)
    found = np.clip(table.T @ table, -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def _turned(effects: pd.DataFrame, measured: pd.DataFrame, arm: str) -> tuple[float, bool]:
    total = effects[(effects["segment"] == "all") & (effects["arm"] == arm)].iloc[0]
    cuts = measured[(measured["segment"] != "all") & (measured["arm"] == arm) & (measured["error"] > 0)]
    return _standardise(cuts, total["lift"], total["n_control"] + total["n_arm"])


def _told_only(row: dict[str, object]) -> dict[str, object]:
    """The row of units on which no test is spent: what each arm did."""
    kept = ("segment", "arm", "n_control", "n_arm", "rate_control", "rate_arm")
    verdict = row["verdict"] or "not tested"
    return {name: value if name in kept else math.nan for name, value in row.items()} | {"verdict": verdict}


def _blank(row: dict[str, object]) -> dict[str, object]:
    """The row without what was measured."""
    kept = ("segment", "arm", "n_control", "n_arm")
    return {name: value if name in kept else math.nan for name, value in row.items()} | {"verdict": "not read"}


def _row(
    experiment: Experiment, units: pd.DataFrame, cut: str, arm: str, control: pd.Series, treated: pd.Series
) -> dict[str, object]:
    row: dict[str, object] = {"segment": cut, "arm": arm, "n_control": control["n"], "n_arm": treated["n"]}
    open_names = [name for name in EFFECT_COLUMNS if name not in row and name != "verdict"]
    row |= dict.fromkeys(open_names, math.nan)
    if control["withheld"] or treated["withheld"] or not min(control["least"], treated["least"]):
        return row | {"verdict": "too few units" if control["small"] or treated["small"] else "withheld"}
    ratio, binary = experiment.metric == "ratio", experiment.metric == "binary"
    parts = [arm_data(units, name, ratio=ratio) for name in (experiment.control, arm)]
    if min(control["least"], treated["least"]) < 2 or any(p.base is not None and p.base.sum() == 0 for p in parts):
        return row | {"verdict": "too few units"}
    found = measure_lift(*parts, binary=binary)
    n = float(control["n"] + treated["n"])
    half = always_valid_half(found.error, n, tuned_to=n) if found.error > 0 else math.nan
    plain = binary and parts[0].cluster is None
    seen = Z_SEEN * found.error if found.error > 0 else math.nan
    if plain:
        seen = detectable_difference(control["rate"], control["n"], treated["n"])
    row |= {
        "rate_control": control["rate"], "rate_arm": treated["rate"], "lift": found.lift, "lower": found.lower, "upper": found.upper,
        "plain": plain, "p": found.p, "error": found.error, "freedom": found.freedom, "detectable": seen, "verdict": None,
        "valid_lower": found.lift - half, "valid_upper": found.lift + half,
    }  # fmt: skip
    if all(part.covariate is not None and not np.isnan(part.covariate).all() for part in parts):
        less = measure_lift(*parts, binary=binary, adjust=True)
        row |= {"cuped": less.lift, "cuped_lower": less.lower, "cuped_upper": less.upper, "r2": less.r2}
    return row


def joint_interval(row: object, level: float) -> tuple[float, float]:
    """Interval of a difference that errs with the chance ``level``, by the same formula as its 95 % one.

    Parameters
    ----------
    row : namedtuple
        Of the effects: rates, sizes, lift, error, freedom, plain.
    level : float
        Above 0 and below 1.

    Returns
    -------
    float, float
        NaN where there is no difference.
    """
    if math.isnan(row.lift):  # type: ignore[attr-defined]
        return math.nan, math.nan
    if row.plain is True or row.plain == 1:  # type: ignore[attr-defined]
        n1, n0 = int(row.n_arm), int(row.n_control)  # type: ignore[attr-defined]
        k1, k0 = round(row.rate_arm * n1), round(row.rate_control * n0)  # type: ignore[attr-defined]
        lower, upper = newcombe_interval(k1, n1, k0, n0, coverage=1 - level)
        return float(lower), float(upper)
    from scipy.special import stdtrit

    half = float(stdtrit(row.freedom, 1 - level / 2)) * row.error  # type: ignore[attr-defined]
    return row.lift - half, row.lift + half  # type: ignore[attr-defined]


def _prior_scale(experiment: Experiment, rows: pd.DataFrame) -> float:
    if experiment.metric == "binary":
        return PRIOR_SHARES
    spreads = rows["error"] / np.sqrt((1 / rows["n_control"] + 1 / rows["n_arm"]).astype(float))
    return PRIOR_SPREADS * float(spreads.median())


def _standardise(rows: pd.DataFrame, crude: float, everybody: float) -> tuple[float, bool]:
    """Difference if the arms had the same mix of cuts, and whether the crude one points the other way (Simpson).

    Looked for only where the cuts hold nine in ten units, and only where both are more than a rounding error.
    """
    sizes = (rows["n_control"] + rows["n_arm"]).astype(float)
    if not len(rows) or sizes.sum() < 0.9 * everybody:
        return math.nan, False
    same = float((sizes * rows["lift"].astype(float)).sum() / sizes.sum())
    return same, bool(same * crude < 0 and min(abs(same), abs(crude)) > 1e-9)
