"""One formula of the error for shares, means and ratios, with a covariate or clusters: held against statsmodels and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from segmentation.errors import ParameterError
from segmentation.tracking import ArmData, estimate_arm, estimate_lift, linearise


def with_moments(mean: float, sd: float, n: int) -> np.ndarray:
    """Numbers with exactly this mean and standard deviation."""
    values = np.random.default_rng(n).standard_normal(n)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


@pytest.fixture
def trial():
    """Two arms of persons in accounts of unequal size, with what they did before."""
    rng = np.random.default_rng(3)
    arms = []
    for lift, accounts in ((0.0, 23), (0.4, 31)):
        cluster = np.repeat(np.arange(accounts), rng.integers(1, 12, accounts))
        before = rng.standard_normal(len(cluster)) + rng.standard_normal(accounts)[cluster]
        value = lift + 0.7 * before + 0.5 * rng.standard_normal(accounts)[cluster] + rng.standard_normal(len(cluster))
        arms.append(ArmData(value, covariate=before, cluster=cluster + 100 * (lift > 0)))
    return arms


def design(arms, *more):
    y = np.concatenate([arm.value for arm in arms])
    treated = np.repeat([0.0, 1.0], [len(arm.value) for arm in arms])
    return y, np.column_stack([np.ones(len(y)), treated, *more])


def test_estimate_lift_means_published_interval():
    # GrowthBook's own test case: .41 (sd 3.9, n 3407) against .70 (6.2, 3461)
    found = estimate_lift(ArmData(with_moments(0.41, 3.9, 3407)), ArmData(with_moments(0.70, 6.2, 3461)))
    assert [found.lower, found.upper, found.p] == pytest.approx([0.04538, 0.53462, 0.02016], abs=1e-5)


def test_estimate_lift_without_clusters_is_welch(trial):
    plain = [ArmData(arm.value) for arm in trial]
    found = estimate_lift(*plain)
    t, p, freedom = sm.stats.ttest_ind(plain[1].value, plain[0].value, usevar="unequal")
    assert [found.lift / found.error, found.p, found.freedom] == pytest.approx([t, p, freedom], rel=1e-9)
    y, x = design(plain)
    assert found.error == pytest.approx(sm.OLS(y, x).fit(cov_type="HC2").bse[1], rel=1e-9)


def test_estimate_lift_by_cluster_is_cr1_of_statsmodels(trial):
    y, x = design(trial)
    groups = np.concatenate([arm.cluster for arm in trial])
    fit = sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True})
    found = estimate_lift(*trial, kind="CR1")
    assert [found.lift, found.error] == pytest.approx([fit.params[1], fit.bse[1]], rel=1e-9)
    assert found.freedom == len(set(groups)) - 2


def test_estimate_lift_by_cluster_is_cr2_by_its_matrices(trial):
    """Bell and McCaffrey (2002) written out: A_g = (I - H_gg)^(-1/2), and the eigenvalues of their Satterthwaite matrix."""
    y, x = design(trial)
    groups = np.concatenate([arm.cluster for arm in trial])
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    left = np.eye(len(y)) - hat
    residual, weight, variance, columns = left @ y, x @ bread[:, 1], 0.0, []
    for group in np.unique(groups):
        rows = groups == group
        values, vectors = np.linalg.eigh(np.eye(rows.sum()) - hat[np.ix_(rows, rows)])
        adjust = vectors @ np.diag(values**-0.5) @ vectors.T
        variance += (weight[rows] @ adjust @ residual[rows]) ** 2
        columns.append(left[:, rows] @ adjust @ weight[rows])
    product = np.column_stack(columns).T @ np.column_stack(columns)
    freedom = np.trace(product) ** 2 / (product**2).sum()
    found = estimate_lift(*trial)
    assert [found.error, found.freedom] == pytest.approx([variance**0.5, freedom], rel=1e-9)


def test_estimate_lift_one_unit_a_cluster_is_welch(trial):
    alone = [ArmData(arm.value, cluster=np.arange(len(arm.value))) for arm in trial]
    plain = [ArmData(arm.value) for arm in trial]
    assert estimate_lift(*alone).error == pytest.approx(estimate_lift(*plain).error, rel=1e-12)


def test_estimate_lift_adjusted_is_the_regression_on_arm_and_covariate(trial):
    plain = [ArmData(arm.value, covariate=arm.covariate) for arm in trial]
    y, x = design(plain, np.concatenate([arm.covariate for arm in plain]))
    fit = sm.OLS(y, x).fit(cov_type="HC2")
    found, raw = estimate_lift(*plain, adjust=True), estimate_lift(*plain)
    assert found.lift == pytest.approx(fit.params[1], rel=1e-9)
    assert found.error == pytest.approx(fit.bse[1], rel=0.03)
    reduced = sm.OLS(y, x[:, :2]).fit()
    assert found.r2 == pytest.approx(1 - fit.ssr / reduced.ssr, rel=1e-9)
    assert found.error < raw.error and np.isnan(raw.r2)


def test_estimate_lift_covariate_that_says_nothing_changes_nothing(trial):
    plain = [ArmData(arm.value, covariate=np.ones(len(arm.value))) for arm in trial]
    assert estimate_lift(*plain, adjust=True).lift == estimate_lift(*plain).lift
    assert estimate_lift(*plain, adjust=True).r2 == 0
    unknown = [ArmData(arm.value, covariate=np.full(len(arm.value), np.nan)) for arm in trial]
    assert estimate_lift(*unknown, adjust=True).r2 == 0


def test_estimate_lift_ratio_is_the_delta_method():
    rng = np.random.default_rng(5)
    arms = []
    for rate in (0.2, 0.3):
        base = rng.poisson(4, 200).astype(float)
        arms.append(ArmData(rng.binomial(base.astype(int), rate).astype(float), base))
    error = 0.0
    for arm in arms:
        n, ratio = len(arm.value), arm.value.sum() / arm.base.sum()
        cov = np.cov(arm.value, arm.base)
        error += (cov[0, 0] - 2 * ratio * cov[0, 1] + ratio**2 * cov[1, 1]) / (n * arm.base.mean() ** 2)
    found = estimate_lift(*arms)
    assert found.error == pytest.approx(error**0.5, rel=2e-3)  # but for leverage
    theirs = 0.0
    for arm in arms:  # statsmodels: weights of the denominators, leverage as in HC2
        rates = np.divide(arm.value, arm.base, out=np.zeros(200), where=arm.base > 0)
        theirs += sm.WLS(rates, np.ones(200), weights=arm.base).fit(cov_type="HC2").bse[0] ** 2
    assert found.error == pytest.approx(theirs**0.5, rel=1e-9)
    assert found.lift == pytest.approx(
        arms[1].value.sum() / arms[1].base.sum() - arms[0].value.sum() / arms[0].base.sum()
    )


def test_estimate_lift_input_is_kept_and_order_does_not_matter(trial):
    before = [arm.value.copy() for arm in trial]
    found = estimate_lift(*trial, adjust=True)
    turned = [
        ArmData(*(part[::-1] if part is not None else None for part in (a.value, a.base, a.covariate, a.cluster)))
        for a in trial
    ]
    assert estimate_lift(*turned, adjust=True).error == pytest.approx(found.error, rel=1e-12)
    for arm, kept in zip(trial, before, strict=True):
        assert (arm.value == kept).all()


def test_estimate_lift_limits():
    same = ArmData(np.ones(5))
    found = estimate_lift(same, same)  # nothing varied: no error, so neither certainty nor an interval of no width
    assert found.lift == 0 and found.error == 0 and np.isnan([found.p, found.lower, found.upper]).all()
    apart = estimate_lift(same, ArmData(np.full(5, 2.0)))
    assert apart.lift == 1 and np.isnan([apart.p, apart.lower, apart.upper]).all()
    assert np.isnan(estimate_arm(ArmData(np.array([]))))[0]
    assert np.isnan(estimate_arm(ArmData(np.array([2.0]))))[1]
    assert np.isnan(linearise(np.zeros(3), np.zeros(3))[0])


def test_estimate_lift_says_what_it_needs():
    one, two = ArmData(np.ones(1)), ArmData(np.arange(2.0))
    with pytest.raises(ParameterError, match="at least two units that were randomised; got 1"):
        estimate_lift(one, two)
    with pytest.raises(ParameterError, match="at least two units that were randomised; got 1"):
        estimate_lift(ArmData(np.arange(4.0), cluster=np.zeros(4)), two)
    with pytest.raises(ParameterError, match="needs a covariate in both arms"):
        estimate_lift(two, two, adjust=True)
    with pytest.raises(ParameterError, match="kind must be one of 'CR1', 'CR2'; got 'CR3'"):
        estimate_lift(two, two, kind="CR3")
