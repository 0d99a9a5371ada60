"""KPIs over quarters: limits worked out by hand, mix and rate, and bad columns."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binom

from segmentation.display import Callout
from segmentation.errors import DataContractError, StudyError
from segmentation.figures.control import plot_control
from segmentation.tracking import (
    Kpi,
    chance_of_target,
    control_kpis,
    describe_control,
    describe_kpis,
    describe_mix,
    load_kpis,
    measure_kpis,
    split_kpis,
    tabulate_control,
    tabulate_kpis,
    tabulate_mix,
)

MEMBERS = pd.DataFrame({"segment": ["S1", "S1", "S2", None]}, index=["c1", "c2", "c3", "c4"])
SEATS = {
    "id": "seats",
    "label": "Seats used of seats paid",
    "from": "companies",
    "numerator": ["used"],
    "denominator": ["paid"],
}


def _history(rates, n=100, segment="all", kpi="k"):
    periods = [f"{2025 + i // 4}Q{i % 4 + 1}" for i in range(len(rates))]
    return pd.DataFrame(
        {"period": periods, "kpi": kpi, "label": kpi.upper(), "segment": segment, "numerator": [r * n for r in rates],
         "denominator": n, "rate": rates, "shrunk": rates, "basis": "ledger"}
    )  # fmt: skip


def _companies(make_data, **columns):
    data = make_data()
    table = pd.DataFrame(columns, index=pd.Index(["c1", "c2", "c3", "c4"], name="company_id"))
    return type(data)(data.study, data.unit, data.period, {"companies": table}, ())


def test_control_kpis_p_chart_by_hand():
    # quarters alike: no more spread than counts explain, so sigma z is set to 1 and the limits are those of the p chart
    row = control_kpis(_history([0.5, 0.5, 0.5, 0.5, 0.66]), "2026Q1").iloc[0]
    assert (row["centre"], row["stretch"], row["quarters"], row["signal"]) == (0.5, 1.0, 4, "above")
    assert (row["low"], row["high"]) == (pytest.approx(0.35), pytest.approx(0.65))


def test_control_kpis_laney_widens_by_the_moving_range():
    # z of .4, .6, .4, .6 around .5 with n 100 are -2, 2, -2, 2: mean moving range 4, over 1.128
    row = control_kpis(_history([0.4, 0.6, 0.4, 0.6, 0.66]), "2026Q1").iloc[0]
    assert row["stretch"] == pytest.approx(4 / 1.128)
    assert row["signal"] == "within" and row["high"] == 1.0


def test_control_kpis_limits_do_not_know_the_quarter_judged():
    first, second = (control_kpis(_history([0.5, 0.4, 0.5, last]), "2025Q4").iloc[0] for last in (0.5, 0.9))
    assert (first["low"], first["high"]) == (second["low"], second["high"])


@pytest.mark.parametrize(
    ("rates", "signal"),
    [([0.0, 0.0, 0.0, 0.2], "first time"), ([0.5, 0.5, 0.2], "too few quarters"), ([0.5, 0.5, 0.5, math.nan], "withheld"),
     ([0.5, 0.5, 0.5, 0.1], "below"), ([1.0, 1.0, 1.0, 1.0], "within"), ([1.0, 1.0, 1.0, 0.99], "first gap")],
)  # fmt: skip
def test_control_kpis_signals(rates, signal):
    history = _history(rates)
    control = control_kpis(history, history["period"].iloc[-1])
    assert control["signal"].tolist() == [signal]
    told = describe_control(control, history)
    assert isinstance(told, Callout) == (signal in ("too few quarters", "withheld"))
    assert len(tabulate_control(control).frame) == 1


def test_describe_control_names_quarters_without_a_report():
    history = _history([0.5, 0.5, 0.5, 0.9]).assign(basis=["reckoned", "ledger", "last quarter", "this quarter"])
    told = str(describe_control(control_kpis(history, "2025Q4"), history))
    assert (
        "K: everybody at 90% (n = 100) is above the limits 35% to 65%" in told
        and "No report was made for 2025Q1;" in told
    )
    exhibit = plot_control(history, control_kpis(history, "2025Q4"))
    assert "K is above its limits at 90%" in exhibit.alt and len(exhibit.figure.data) == 2
    assert not plot_control(history.iloc[:1], control_kpis(history, "2025Q4")).paragraphs


def test_control_kpis_false_alarms_are_rare():
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(400):
        history = _history(list(rng.binomial(200, 0.3, 6) / 200), n=200)
        alarms += control_kpis(history, "2026Q2")["signal"].isin(["above", "below"]).sum()
    assert alarms / 400 < 0.03  # three standard deviations, with a centre that is itself estimated from five quarters


def test_control_kpis_one_of_166_missing_is_told_as_that_and_not_as_below_limits():
    history = _history([1.0, 1.0, 1.0, 165 / 166], n=166)
    control = control_kpis(history, "2025Q4")
    told = str(describe_control(control, history))
    assert "K: not all for the first time (everybody 165 of 166)" in told and "below" not in told
    assert "by chance" not in told  # that nothing ever failed before says too little for a chance
    assert "is not all for the first time" in plot_control(history, control).alt


def test_control_kpis_rare_limits_are_the_exact_binomial_ones():
    row = control_kpis(_history([0.005] * 5, n=294), "2026Q1").iloc[0]
    # P(X > 6) = .00066 and P(X > 5) = .0030 with n 294 and p .005: six may happen, seven are a signal (normal limits: 0 to 5.1)
    assert row["high"] == pytest.approx(6 / 294) and row["low"] == 0
    assert 1 - binom.cdf(6, 294, 0.005) < 0.00135 < 1 - binom.cdf(5, 294, 0.005)
    mirror = control_kpis(_history([0.995] * 5, n=294), "2026Q1").iloc[0]
    assert (mirror["low"], mirror["high"]) == (pytest.approx(288 / 294), 1.0)


@pytest.mark.parametrize("share", [0.003, 0.005, 0.995])
def test_control_kpis_false_alarms_of_rare_shares_are_rare(share):
    rng = np.random.default_rng(2)
    alarms, expected, n = 0, 0.0, 600
    for _ in range(n):
        row = control_kpis(_history(list(rng.binomial(294, share, 6) / 294), n=294), "2026Q2").iloc[0]
        alarms += row["signal"] in ("above", "below")
        expected += row["chance"]
    assert alarms / n < 0.012  # three normal standard deviations give 2 to 3 in 100
    assert 0 < expected / n < 0.02


def test_describe_control_says_how_many_by_chance():
    history = pd.concat([_history([0.5, 0.5, 0.5, 0.5], n=200, kpi=f"k{place}") for place in range(60)])
    control = control_kpis(history, "2025Q4")
    told = str(describe_control(control, history))
    assert f"Of 60 shares with limits about {control['chance'].sum():.1f} would lie outside by chance." in told
    assert 0.0027 < control["chance"].iloc[0] < 0.02  # more than the 2.7 in 1,000 of a centre that is known


def test_split_kpis_parts_sum_to_the_change():
    history = pd.concat([_history([0.2, 0.2], 50, "S1"), _history([0.4, 0.6], 50, "S2"), _history([0.3, 0.4], 100)])
    history.loc[(history["segment"] != "all") & (history["period"] == "2025Q2"), "denominator"] = [25, 75]
    row = split_kpis(history, "2025Q2").iloc[0]
    # the example of split_mix_and_rate
    assert (row["mix"], row["rate"], row["change"]) == (pytest.approx(0.075), pytest.approx(0.125), pytest.approx(0.2))
    assert (row["before"], row["now"]) == (pytest.approx(0.3), pytest.approx(0.5))
    assert "+7.5 points because segments became larger or smaller" in str(describe_mix(split_kpis(history, "2025Q2")))
    assert len(tabulate_mix(split_kpis(history, "2025Q2")).frame) == 1


def test_split_kpis_withheld_segment_is_left_out():
    history = pd.concat([_history([0.2, math.nan], 50, "S1"), _history([0.4, 0.6], 50, "S2")])
    assert split_kpis(history, "2025Q2").empty
    assert isinstance(describe_mix(split_kpis(history, "2025Q2")), Callout)


def test_chance_of_target_is_jeffreys_for_one_segment():
    assert chance_of_target([7], [20], [0.3])[0] == pytest.approx(beta.sf(0.3, 7.5, 13.5))
    assert chance_of_target([7], [20], [0.3], at_most=True)[0] == pytest.approx(beta.cdf(0.3, 7.5, 13.5))
    assert np.isnan(chance_of_target([0, 7], [0, 20], [0.3, math.nan])).all()


def test_measure_kpis_companies_sum_of_counts(make_data, study):
    data = _companies(make_data, used=[5, 10, 4, 99], paid=[10, 10, 8, 100])
    table = measure_kpis(data, study, MEMBERS, [Kpi.model_validate({**SEATS, "target": 0.5})], min_cell=1).set_index(
        "segment"
    )
    assert table[["numerator", "denominator"]].to_dict("index") == {
        "S1": {"numerator": 15, "denominator": 20}, "S2": {"numerator": 4, "denominator": 8}, "all": {"numerator": 19, "denominator": 28},
    }  # fmt: skip
    # two companies of ten seats each, .5 and 1: variance (2 * 12.5) / 1 * 2 / 400 gives 3 independent seats, not 20
    assert table.loc["S1", "upper"] - table.loc["S1", "lower"] > 0.6
    assert table["rate"].round(4).to_dict() == {"S1": 0.75, "S2": 0.5, "all": 0.6786}
    assert len(tabulate_kpis(table.reset_index()).frame) == 3


def test_measure_kpis_companies_bad_counts_are_all_named(make_data, study):
    data = _companies(make_data, used=[5, 12, 4, 1], paid=[-1, 10, "many", -9])
    with pytest.raises(DataContractError) as caught:
        measure_kpis(data, study, MEMBERS, [Kpi.model_validate(SEATS)])
    said = str(caught.value)
    assert "row c1, column 'paid': negative denominator; got -1.0; allowed: 0 or more" in said
    assert "row c2, column 'used': numerator above denominator; got 12.0; allowed: at most paid (10)" in said
    assert "row c3, column 'paid': no number; got 'many'" in said
    assert "c4" not in said  # in no segment, not counted


def test_measure_kpis_companies_unknown_column_offers_the_nearest(make_data, study):
    data = _companies(make_data, used=[1, 1, 1, 1], paid=[1, 1, 1, 1])
    wrong = Kpi.model_validate({**SEATS, "numerator": ["usd"], "denominator": ["piad"]})
    with pytest.raises(
        DataContractError, match=r"(?s)2 problems.*'numerator'.*got 'usd'.*'used'\?.*'denominator'.*'paid'\?"
    ):
        measure_kpis(data, study, MEMBERS, [wrong])


def test_measure_kpis_companies_small_segment_is_withheld_by_units_and_not_by_counts(make_data, study):
    data = _companies(make_data, used=[500, 500, 400, 9], paid=[1000, 1000, 800, 100])
    table = measure_kpis(data, study, MEMBERS, [Kpi.model_validate(SEATS)], min_cell=2)
    assert table.set_index("segment")["withheld"].to_dict() == {"S1": True, "S2": True, "all": False}


def test_measure_kpis_goal_as_a_step_from_last_quarter(make_data, study):
    events = pd.DataFrame({"company_id": ["c1", "c3"], "event": "moved", "timestamp": pd.Timestamp("2026-07-05")})
    kpi = Kpi.model_validate({"id": "m", "label": "Moved", "from": "events", "numerator": ["moved"], "raise_by": 0.05})
    history = pd.DataFrame({"kpi": "m", "period": "2026Q2", "segment": ["S1", "all"], "shrunk": [0.4, 0.97]})
    table = measure_kpis(make_data(events), study, MEMBERS, [kpi], history=history, min_cell=1).set_index("segment")
    assert table.loc[["S1", "all"], "target"].tolist() == [pytest.approx(0.45), 1.0]
    assert pd.isna(table.loc["S2", "target"]) and table.loc["S2", "met"] == "no target"
    assert (table["goal"] == "last quarter's shrunk share +5 points").all()
    assert "Moved, 2026Q3" in str(describe_kpis(table.reset_index(), "2026Q3"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": 0.5, "raise_by": 0.1}, r"give target: .* or raise_by: .* not both"),
        ({"raise_by": -0.1}, "above 0 goes with direction: at_least, below 0 with direction: at_most"),
        ({"raise_by": 2}, "too large; got 2; allowed: a number, -1 to 1"),
        ({"from": "companies", "numerator": ["a", "b"]}, r"from: companies takes numerator: \[column\]"),
        ({"from": "companies", "denominator": "closed"}, r"from: companies takes numerator: \[column\]"),
    ],
)
def test_load_kpis_says_what_does_not_fit(tmp_path, change, message):
    import yaml

    entry = {"id": "m", "label": "Moved", "from": "events", "numerator": ["moved"], **change}
    (tmp_path / "kpis.yaml").write_text(yaml.safe_dump({"kpis": [entry]}))
    with pytest.raises(StudyError, match=message):
        load_kpis(tmp_path / "kpis.yaml")
