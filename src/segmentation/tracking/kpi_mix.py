"""Whether the total of a KPI changed because segments became larger or smaller, or because they did otherwise."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..messaging.rates import say_per_cent
from ..period import Period
from ..words import source_words
from .moves import split_mix_and_rate
from .wording import difference_words

__all__ = ["describe_mix", "split_kpis", "tabulate_mix"]


def split_kpis(history: pd.DataFrame, period: Period | str) -> pd.DataFrame:
    """Split each KPI's change over everybody into segments having become larger or smaller and segments doing otherwise.

    Parameters
    ----------
    history : pandas.DataFrame
        As ``measure_kpi_history`` returns it.
    period : Period or str
        Compared with the quarter before it.

    Returns
    -------
    pandas.DataFrame
        kpi, label, before, now (shares over all segments), change, mix, rate (parts of the change, in shares), n_before, n; KPIs with a
        withheld segment or without one of the quarters are left out, and those counted for the first time: what was not recorded
        before has not changed.
    """
    quarter, rows = Period.parse(period), []
    for kpi, part in history.groupby("kpi", sort=False):
        inner = part[part["segment"] != "all"]
        tables = [
            inner[inner["period"] == str(which)]
            .set_index("segment")
            .rename(columns={"denominator": "n"})[["n", "rate"]]
            for which in (quarter.previous, quarter)
        ]
        earlier = inner.loc[inner["period"] != str(quarter), "rate"]
        if not (earlier > 0).any() or any(
            not table["n"].sum() or table.loc[table["n"] > 0, "rate"].isna().any() for table in tables
        ):
            continue
        total = split_mix_and_rate(*tables).loc["all"]
        before, now = ((table["n"] * table["rate"].fillna(0)).sum() / table["n"].sum() for table in tables)
        rows.append((kpi, part["label"].iloc[0], before, now, total["total"], total["mix"], total["rate"],
                     int(tables[0]["n"].sum()), int(tables[1]["n"].sum())))  # fmt: skip
    return pd.DataFrame(rows, columns=["kpi", "label", "before", "now", "change", "mix", "rate", "n_before", "n"])


def describe_mix(split: pd.DataFrame) -> Reading | Callout:
    """The largest changes of totals, and whether people moved or segments did otherwise."""
    if split.empty:
        return Callout(
            "absent", "No total can be split.", "It takes this quarter's and last quarter's shares of every segment."
        )
    top = split.reindex(split["change"].abs().sort_values(ascending=False, kind="stable").index).head(3)
    said = [
        f"{row.label}: {difference_words(row.change, 'binary')} (from {say_per_cent(row.before)}, n = {row.n_before:,d}, to "
        f"{say_per_cent(row.now)}, "
        f"n = {row.n:,d}), of which {difference_words(row.mix, 'binary')} because segments became larger or smaller and "
        f"{difference_words(row.rate, 'binary')} because "
        "segments did otherwise"
        for row in top.itertuples()
    ]
    return Reading([f"Largest changes of totals since last quarter. {'; '.join(said)}. These are counts as they are; whether a change is "
                    "beyond chance is for the limits above to say."])  # fmt: skip


def tabulate_mix(split: pd.DataFrame, *, source: str = "") -> Table:
    """Change of every total, split into mix and rate."""
    names = {
        "label": "KPI", "before": "Before", "now": "Now", "change": "Change", "mix": "By mix", "rate": "By rate",
        "n_before": "n before", "n": "n now",
    }  # fmt: skip
    parts = ["Change", "By mix", "By rate"]
    formats = dict.fromkeys(("Before", "Now"), ".1%") | dict.fromkeys(parts, "+.1f")
    note = (
        "Change: in percentage points. By mix: segments became larger or smaller among those counted. By rate: segments did "
        "otherwise than last quarter. The two sum "
        "to the change (Kitagawa, 1955)."
    )
    caption = f"Did people move, or did segments do otherwise?{source_words(source)}"
    frame = split[list(names)].rename(columns=names)
    frame[parts] = (100 * frame[parts].astype(float)).round(1) + 0.0  # no -0.0
    return Table(frame, caption, formats | {"n before": ",d", "n now": ",d"}, note)
