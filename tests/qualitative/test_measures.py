"""Agreement, saturation, themes and representativeness, counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from segmentation.errors import ParameterError
from segmentation.figures.interviews import plot_agreement, plot_interviewees, plot_saturation, plot_themes
from segmentation.qualitative import (
    build_coded_interviews,
    compare_interviewees,
    compare_themes,
    describe_agreement,
    describe_interviewees,
    describe_saturation,
    describe_themes,
    krippendorff_alpha,
    measure_agreement,
    measure_saturation,
    stopping_point,
    tabulate_agreement,
    tabulate_interviewees,
    tabulate_saturation,
    tabulate_themes,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "qualitative.json").read_text())
# participant turns in order P1.1-3, P2.1-2, P3.1-2, P4.1-2; ann, bob
TRIPS = [[1, 1], [0, 0], [0, 0], [0, 0], [1, 0], [0, 0], [0, 0], [0, 0], [0, 0]]
MONEY = [[0, 0], [1, 0], [0, 0], [1, 1], [0, 0], [1, 1], [0, 0], [0, 0], [0, 0]]


def test_measure_agreement_equals_alpha_of_the_table_written_by_hand(coded):
    table = measure_agreement(coded, draws=200, random_state=1).table.set_index("code")
    assert table.at["trips", "alpha"] == pytest.approx(krippendorff_alpha(TRIPS).value)
    assert table.at["money", "alpha"] == pytest.approx(krippendorff_alpha(MONEY).value)
    assert table.at["money", "agreement"] == pytest.approx(8 / 9)
    assert table.at["money", "prevalence"] == pytest.approx(5 / 18)
    assert table.at["money", "n_units"] == 9
    assert table.at["price", "alpha"] == pytest.approx(1.0)


def test_measure_agreement_code_never_given_has_a_reason_and_no_number(coded):
    row = measure_agreement(coded, draws=200, random_state=1).table.set_index("code").loc["unused"]
    assert np.isnan(row["alpha"]) and np.isnan(row["lower"])
    assert (row["reading"], row["reason"]) == ("undefined", "nobody gave this code")


def test_measure_agreement_same_seed_same_interval_that_holds_the_estimate(coded):
    first, second = (measure_agreement(coded, draws=300, random_state=5).table for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    money = first.set_index("code").loc["money"]
    assert money["lower"] <= money["alpha"] <= money["upper"]


def test_measure_agreement_interview_of_one_coder_is_left_out(make, membership):
    codings = make()["codings"].query("not (source_id == 'P4' and coder == 'bob')")
    result = measure_agreement(build_coded_interviews(make(codings=codings), membership), draws=100, random_state=1)
    assert (result.n_units, result.n_people) == (7, 3)


def test_measure_agreement_one_coder_is_said_and_not_measured(make, membership):
    codings = make()["codings"].query("coder == 'ann'")
    result = measure_agreement(build_coded_interviews(make(codings=codings), membership), draws=100, random_state=1)
    assert result.table["alpha"].isna().all()
    assert set(result.table["reason"]) == {"only one coder"}
    callout = describe_agreement(result)
    assert (callout.kind, "One coder (ann)" in callout.title) == ("caution", True)


def test_measure_agreement_one_person_has_no_interval(make, membership):
    data = make()
    keep = {name: data[name].query("source_id == 'P1'") for name in ("turns", "codings", "interviewees")}
    one = build_coded_interviews(make(transcripts=data["transcripts"].loc[["P1"]], **keep), membership)
    row = measure_agreement(one, draws=100, random_state=1).table.set_index("code").loc["money"]
    assert np.isnan(row["lower"])
    assert row["reason"] == "too few people for an interval"


@pytest.mark.parametrize("bad", [{"draws": 5}, {"rely": 0.5}, {"coverage": 1.0}])
def test_measure_agreement_senseless_choice_is_refused(coded, bad):
    with pytest.raises(ParameterError, match=r"at least 100|tentative <= rely"):
        measure_agreement(coded, random_state=1, **bad)


def test_describe_agreement_names_codes_and_the_unit(coded):
    text = str(describe_agreement(measure_agreement(coded, draws=200, random_state=1)))
    assert "2 coders marked the same interviews" in text and "9 turns of 4 people" in text
    assert (
        "Reliable (alpha of 0.8 or more, by convention): Price." in text
        and "Not measurable, because the code never varied: Unused." in text
    )


def test_tabulate_agreement_has_a_row_a_code_and_n_in_the_caption(coded):
    table = tabulate_agreement(measure_agreement(coded, draws=200, random_state=1))
    assert len(table.frame) == 4 and "n = 9 turns of 4 people" in table.caption
    json.dumps(table.as_json())


def test_stopping_point_published_example_is_reached_at_six():
    case = REFERENCE["saturation"]
    choices = {key: case[key] for key in ("base", "run", "threshold")}
    assert stopping_point(case["new_codes"], **choices) == case["expected"]


def test_stopping_point_always_new_codes_is_never():
    assert stopping_point([5, 5, 5, 5, 5, 5, 5, 5]) is None


def test_stopping_point_too_few_interviews_is_never():
    assert stopping_point([5, 0, 0]) is None


def test_stopping_point_senseless_choice_is_refused():
    with pytest.raises(ParameterError, match="base and run of 1 or more"):
        stopping_point([1], base=0)


def test_measure_saturation_counts_codes_in_the_order_held(coded):
    result = measure_saturation(coded, base=2, run=1, orders=200, random_state=1, presence="any")
    curve = result.curve[result.curve["segment"] == "all"]
    assert curve["seen"].tolist() == [2, 2, 2, 3]
    assert result.summary.iloc[0][["reached", "label", "codes", "base_codes", "once"]].tolist() == [2, "2+1", 3, 2, 1]


def test_measure_saturation_random_orders_have_the_expected_mean(coded):
    curve = measure_saturation(coded, orders=4000, random_state=1, presence="any").curve
    first = curve.query("segment == 'all' and n == 1").iloc[0]
    assert first["mean"] == pytest.approx((2 + 2 + 1 + 1) / 4, abs=0.03)
    assert curve.query("segment == 'all' and n == 4")["mean"].item() == 3


def test_measure_saturation_segment_without_people_is_said(coded):
    summary = measure_saturation(coded, orders=20, random_state=1).summary.set_index("segment")
    assert summary.at["S3", "people"] == 0 and pd.isna(summary.at["S3", "reached"])
    assert summary.at["S1", "reason"] == "needs at least 6 interviews, has 2"


def test_measure_saturation_needed_people_equal_reference(coded):
    missed = measure_saturation(coded, orders=5, random_state=1).missed
    needed = missed.drop_duplicates("prevalence").set_index("prevalence")["needed"]
    for share, people in REFERENCE["seen"]["needed"]:
        assert needed[share] == people


def test_measure_saturation_no_orders_is_refused(coded):
    with pytest.raises(ParameterError, match="orders must be at least 1"):
        measure_saturation(coded, orders=0, random_state=1)


def test_describe_saturation_says_what_could_have_been_missed(coded):
    text = str(describe_saturation(measure_saturation(coded, orders=50, random_state=1)))
    assert "did not reach it: needs at least 6 interviews, has 4" in text
    assert "Not heard is not the same as not there." in text and "S1 (2 people)" in text


def test_tabulate_saturation_has_a_row_a_segment(coded):
    frame = tabulate_saturation(measure_saturation(coded, orders=50, random_state=1)).frame
    assert frame["Segment"].tolist() == ["Everybody", "S1", "S2", "S3"]


def test_compare_themes_person_is_the_unit(coded):
    table = compare_themes(coded, presence="any").table.set_index(["code", "segment"])
    row = table.loc[("trips", "S1")]
    assert row[["k", "n", "rest_k", "rest_n", "difference"]].tolist() == [2, 2, 0, 2, 1.0]
    assert row["p"] == pytest.approx(fisher_exact([[2, 0], [0, 2]]).pvalue)
    assert table.loc[("money", "S1"), ["k", "n"]].tolist() == [2, 2]


def test_compare_themes_segment_without_people_has_no_figures(coded):
    row = compare_themes(coded).table.set_index(["code", "segment"]).loc[("trips", "S3")]
    assert row["n"] == 0 and np.isnan(row["share"]) and np.isnan(row["p"])


def test_compare_themes_false_discovery_over_all_cells(coded):
    table = compare_themes(coded, presence="any").table
    known = table.dropna(subset=["p"])
    assert (known["q"] >= known["p"] - 1e-12).all()
    assert table["q"].isna().equals(table["p"].isna())


def test_compare_themes_unknown_segment_is_counted_and_left_out(make):
    result = compare_themes(build_coded_interviews(make(), pd.Series(["S1", "S2"], index=["11", "33"])))
    assert (result.n_people, result.unsegmented) == (2, 2)


def test_compare_themes_repeated_passages_change_nothing(make, membership):
    codings = make()["codings"]
    doubled = build_coded_interviews(make(codings=pd.concat([codings, codings])), membership)
    once = build_coded_interviews(make(), membership)
    pd.testing.assert_frame_equal(compare_themes(doubled).table, compare_themes(once).table)


def test_compare_themes_senseless_alpha_is_refused(coded):
    with pytest.raises(ParameterError, match="between 0 and 1"):
        compare_themes(coded, alpha=2)


def test_describe_themes_nothing_found_is_a_result(coded):
    text = str(describe_themes(compare_themes(coded)))
    assert "No theme differs between segments beyond what chance gives." in text
    assert "Fewer than five people speak for S1 (2) and S2 (2)" in text and "Nobody speaks for S3." in text


def test_describe_themes_one_segment_cannot_be_compared(make):
    one = build_coded_interviews(make(), pd.Series("S1", index=["11", "22", "33", "44"]))
    assert describe_themes(compare_themes(one)).title == "Themes cannot be compared between segments."


def test_tabulate_themes_shows_k_of_n(coded):
    frame = tabulate_themes(compare_themes(coded, presence="any")).frame.set_index("Theme")
    assert frame.loc["Wasted trips", ["All", "S1", "S2", "S3"]].tolist() == [
        "2 of 4",
        "2 of 2",
        "0 of 2",
        "nobody asked",
    ]


FEATURES = pd.DataFrame(
    {"staff": [1.0, 2.0, 3.0, 4.0, 10.0], "country": ["UK", "UK", "UK", None, "DE"], "same": 1.0},
    index=["11", "22", "33", "44", "55"],
)


def test_compare_interviewees_difference_is_in_standard_deviations(coded, membership):
    result = compare_interviewees(coded, FEATURES, membership)
    staff = result.table.set_index(["variable", "level"]).loc[("staff", "")]
    assert staff["difference"] == pytest.approx((2.5 - 4.0) / FEATURES["staff"].std(ddof=0))
    assert bool(staff["flagged"])
    country = result.table.set_index(["variable", "level"]).loc[("country", "UK")]
    assert country[["n", "base"]].tolist() == [3, 4]
    assert country["difference"] == pytest.approx((1.0 - 0.75) / (0.75 * 0.25) ** 0.5)
    assert result.skipped == ("same",)


def test_compare_interviewees_mix_counts_segments_without_anybody(coded, membership):
    result = compare_interviewees(coded, FEATURES, membership)
    assert result.mix["interviewees"].tolist() == [2, 2, 0]
    assert 0 < result.mix_p <= 1
    assert "Nobody was interviewed from S3, which is 20 % of customers." in str(describe_interviewees(result))


def test_compare_interviewees_unknown_units_are_named(coded, membership):
    result = compare_interviewees(coded, FEATURES.drop(index="44"), membership)
    assert result.unmatched == ("P4",)
    assert "P4 is not linked to a customer" in str(describe_interviewees(result))


def test_compare_interviewees_nobody_linked_is_a_caution(make, membership):
    lost = make()["interviewees"].drop(columns="company_id")
    result = compare_interviewees(build_coded_interviews(make(interviewees=lost), membership), FEATURES, membership)
    assert describe_interviewees(result).kind == "caution"


def test_compare_interviewees_senseless_threshold_is_refused(coded, membership):
    with pytest.raises(ParameterError, match="threshold must be above 0"):
        compare_interviewees(coded, FEATURES, membership, threshold=0)


def test_tabulate_interviewees_puts_the_largest_first(coded, membership):
    table = tabulate_interviewees(compare_interviewees(coded, FEATURES, membership), most=1)
    assert len(table.frame) == 1 and table.note.startswith("2 smaller differences are not shown.")


def test_measures_of_nobody_are_empty_and_say_so(nobody, membership):
    agreement = measure_agreement(nobody, random_state=1)
    saturation, themes = measure_saturation(nobody, random_state=1), compare_themes(nobody)
    people = compare_interviewees(nobody, FEATURES, membership)
    said = [
        describe_agreement(agreement),
        describe_saturation(saturation),
        describe_themes(themes),
        describe_interviewees(people),
    ]
    assert {callout.kind for callout in said} == {"absent"}
    tables = [
        tabulate_agreement(agreement),
        tabulate_saturation(saturation),
        tabulate_themes(themes),
        tabulate_interviewees(people),
    ]
    assert [len(table.frame) for table in tables] == [0, 0, 0, 0]
    assert {"code", "alpha", "lower", "upper", "n_units", "prevalence"} <= set(agreement.table)
    assert {"code", "segment", "k", "n", "share", "lower", "upper", "difference", "p", "q"} <= set(themes.table)
    for exhibit in (
        plot_agreement(agreement),
        plot_saturation(saturation),
        plot_themes(themes),
        plot_interviewees(people),
    ):
        assert not exhibit.paragraphs  # the words say what is absent; a picture of nothing adds nothing


def test_plot_agreement_draws_the_table_and_both_lines(coded):
    result = measure_agreement(coded, draws=200, random_state=1)
    exhibit = plot_agreement(result, note="Synthetic data.")
    drawn = {name: x for trace in exhibit.figure.data for name, x in zip(trace.y, trace.x, strict=True)}
    assert drawn == pytest.approx(result.table.dropna(subset=["alpha"]).set_index("name")["alpha"].to_dict())
    assert [shape.x0 for shape in exhibit.figure.layout.shapes] == [0.667, 0.8]
    assert "n = 9 turns of 4 people" in exhibit.caption and exhibit.caption.endswith("Synthetic data.")
    assert "Not measurable: Unused" in exhibit.alt


def test_plot_saturation_draws_the_order_held(coded):
    exhibit = plot_saturation(measure_saturation(coded, base=2, run=1, orders=50, random_state=1, presence="any"))
    assert list(exhibit.figure.data[-1].y) == [2, 2, 2, 3]
    assert "3 codes were heard in 4 interviews" in exhibit.alt


def test_plot_themes_writes_k_of_n_into_every_cell(coded):
    exhibit = plot_themes(compare_themes(coded, presence="any"))
    trace = exhibit.figure.data[0]
    row = list(trace.y).index("Wasted trips")
    assert list(trace.text[row]) == ["2/2", "0/2", "–"]
    assert "Late money, from 3 of 4 people" in exhibit.alt


def test_plot_themes_escapes_names_from_the_codebook(make, membership):
    codes = make()["codes"]
    codes.loc["money", "name"] = "<a href='http://x.example'>pay</a>"
    exhibit = plot_themes(compare_themes(build_coded_interviews(make(codes=codes), membership)))
    assert not any("<a" in name for name in exhibit.figure.data[0].y)


def test_plot_interviewees_separates_flagged_by_symbol(coded, membership):
    exhibit = plot_interviewees(compare_interviewees(coded, FEATURES, membership))
    assert {trace.marker.symbol for trace in exhibit.figure.data} <= {"circle", "diamond"}
    assert "comparisons of 4 interviewees" in exhibit.alt
