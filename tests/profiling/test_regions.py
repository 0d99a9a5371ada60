"""Regions: prevalence, meaning of segments, use of scales; nothing found where nothing was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.profiling.regions import compare_regions, rating_scales
from segmentation.profiling.regions_words import (
    describe_regions,
    tabulate_region_meaning,
    tabulate_region_styles,
    tabulate_regions,
)

from .useful import make_useful


def compare(values, membership, study, **options):
    base = values[["x", "y"]]
    return compare_regions(
        values, (base - base.mean()) / base.std(ddof=0), membership, study, **{"shuffles": 99, **options}
    )


def test_compare_regions_nothing_planted_finds_nothing():
    values, membership, study = make_useful(regions="land")
    found = compare(values, membership, study)
    assert (found.prevalence["q"] > 0.05).all()
    assert (found.meaning[["q_agreement", "q_shift"]] > 0.05).all().all()
    assert found.styles["q"].gt(0.05).all()
    text = str(describe_regions(found, study))
    row = found.meaning.loc["west"]
    assert row["expected_lower"] < row["expected"] and row["shift_upper"] > row["shift_expected"]
    limit = (
        f"with {int(row['n'])} people an agreement down to {row['expected_lower']:.2f} would not be told from chance"
    )
    assert f"west: no difference was found; {limit}." in text
    assert "serves" not in text


def test_compare_regions_share_and_wilson_interval_are_published_values():
    values, membership, study = make_useful(regions="land")
    values = values.assign(land=np.where(np.arange(600) % 2 == 0, "north", "south"))
    rows = compare(values, membership, study).prevalence.set_index(["region", "segment"])
    row = rows.loc[("north", "S1")]  # 150 of 300: Wilson 0.4438 to 0.5562
    assert row["share"] == pytest.approx(0.5) and (row["lower"], row["upper"]) == pytest.approx(
        (0.4437, 0.5563), abs=1e-4
    )


def test_compare_regions_planted_prevalence_is_found():
    values, membership, study = make_useful(regions="land")
    crowd = (membership["segment"] == "S2") & (np.random.default_rng(2).random(600) < 0.6)
    values = values.assign(land=np.where(crowd, "north", values["land"]))
    found = compare(values, membership, study)
    row = found.prevalence.set_index(["region", "segment"]).loc[("north", "S2")]
    assert row["q"] < 0.001 and row["difference"] > 0.2
    assert (found.meaning["q_shift"] > 0.05).all()  # more common there, but the same
    assert "S2 is more common in north" in str(describe_regions(found, study))
    assert "▲" in tabulate_regions(found, study).frame.set_index("region").filter(like="north", axis=0)["S2"].iloc[0]


def test_compare_regions_planted_shift_of_meaning_is_found_and_named():
    values, membership, study = make_useful(regions="land")
    values = values.assign(x=values["x"] + 1.2 * (values["land"] == "west"))
    found = compare(values, membership, study)
    assert found.meaning.loc["west", "q_shift"] <= 0.05
    assert found.meaning.loc["west", "moved_variable"] == "x"
    assert "west: not the same" in str(describe_regions(found, study))


def test_compare_regions_planted_answering_style_is_found():
    values, membership, study = make_useful(regions="land")
    for name in ("sat_a", "sat_b", "sat_c"):
        values[name] = (values[name] + 0.6 * (values["land"] == "west")).clip(1, 5)
    found = compare(values, membership, study)
    row = found.styles.set_index(["region", "measure"]).loc[("west", "level")]
    assert row["q"] < 0.001 and row["lower"] > 0.5
    assert "how high people tick in west" in str(describe_regions(found, study))
    assert (found.meaning["q_shift"] > 0.05).all()


def test_compare_regions_small_region_is_named_and_not_judged():
    values, membership, study = make_useful(regions="land")
    land = values["land"].where(np.arange(600) % 20 != 0, "island")
    values = values.assign(land=land)
    found = compare(values, membership, study)
    assert found.small == ("island",) and np.isnan(found.meaning.loc["island", "shift"])
    assert "Too small to judge" in str(describe_regions(found, study)) and "island (30)" in str(
        describe_regions(found, study)
    )
    assert (
        tabulate_region_meaning(found, study).frame.set_index("region").loc["island", "reading"].startswith("too small")
    )


def test_compare_regions_small_cells_are_withheld():
    values, membership, study = make_useful(regions="land")
    values = values.assign(
        land=np.where((membership["segment"] == "S3") & (values["land"] == "west"), "south", values["land"])
    )
    values.loc[values.index[-3:], "land"] = "west"
    found = compare(values, membership, study)
    row = found.prevalence.set_index(["region", "segment"]).loc[("west", "S3")]
    assert row["withheld"] and pd.isna(row["n"]) and np.isnan(row["share"])
    assert "withheld" in tabulate_regions(found, study).frame.to_string()


def test_compare_regions_other_methods_are_not_refitted():
    values, membership, study = make_useful(
        regions="land", segmentations={"one": {"base": ["x", "y"], "method": "ward"}}
    )
    found = compare(values, membership, study)
    assert found.meaning["agreement"].isna().all() and found.meaning["shift"].notna().all()
    text = str(describe_regions(found, study))
    assert "agreement nan" not in text and "down to nan" not in text
    assert f"a shift up to {found.meaning.loc['west', 'shift_upper']:.2f} standard deviations would not be told" in text


def test_compare_regions_one_region_is_too_few():
    values, membership, study = make_useful(regions="land")
    said = describe_regions(compare(values.assign(land="north"), membership, study), study)
    assert said.kind == "absent" and "There is 1 region with people in a segment" in said.text


def test_compare_regions_without_regions_is_absent():
    values, membership, study = make_useful()
    nothing = compare(values, membership, study)
    said = describe_regions(nothing, study)
    assert isinstance(said, Callout) and said.kind == "absent"
    assert not tabulate_regions(nothing, study).paragraphs


def test_tabulate_styles_without_rated_scales_says_so():
    values, membership, study = make_useful(regions="land")
    kept = tuple(v for v in study.variables if not v.items)
    found = compare(values, membership, study.model_copy(update={"variables": kept}))
    assert rating_scales(study.model_copy(update={"variables": kept})) == ()
    assert tabulate_region_styles(found, study).frame.empty
    assert "could not be compared" in str(describe_regions(found, study))


def test_compare_regions_unit_weights_and_row_order_change_nothing():
    values, membership, study = make_useful(regions="land")
    one = compare(values, membership, study)
    other = compare(values, membership, study.model_copy(update={"weight": "w"}))
    pd.testing.assert_frame_equal(one.prevalence, other.prevalence)
    pd.testing.assert_frame_equal(one.meaning, other.meaning)


def test_compare_regions_given_styles_are_used():
    values, membership, study = make_useful(regions="land")
    ends = np.random.default_rng(0).normal(size=600) + 1.0 * (values["land"] == "west")
    styles = pd.DataFrame({"level": 0.5, "extremity": ends, "spread": np.nan}, index=values.index)
    found = compare(values, membership, study, styles=styles).styles
    assert set(found["measure"]) == {"extremity"}
    assert found.set_index("region").loc["west", "q"] < 0.001
