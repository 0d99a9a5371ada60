"""Control limits of KPIs from the quarters before: which shares went further than the usual ups and downs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..messaging.rates import say_per_cent
from ..period import Period
from ..words import count_words, join_words, source_words

__all__ = ["control_kpis", "describe_control", "say_signals", "tabulate_control"]

FEWEST = 3  # quarters before, for limits
RARE = 5  # expected to do it, or not to: with fewer, limits are exact binomial ones
TAIL = 0.00135  # chance beyond three standard deviations of a normal, on one side
FIRST = ("first time", "first gap")  # nobody did in any quarter before, everybody did
JUDGED = ("above", "below", "within", *FIRST)
D2 = 1.128  # mean of a range of two standard normals


def control_kpis(history: pd.DataFrame, period: Period | str) -> pd.DataFrame:
    """Whether this quarter's shares lie within what the quarters before would let one expect.

    Parameters
    ----------
    history : pandas.DataFrame
        As ``measure_kpi_history`` returns it.
    period : Period or str
        The quarter judged; its limits come from the quarters before it alone.

    Returns
    -------
    pandas.DataFrame
        One row a KPI and segment: kpi, label, segment, n (denominator now), rate, centre, low, high (limits, 0 to 1), stretch
        (Laney's sigma z: how much more quarters differ than counts explain, at least 1), chance (that the share lies outside though
        nothing changed), quarters (used for the limits), signal ("above", "below", "within", "first time" where nobody did before,
        "first gap" where everybody did, "too few quarters", "withheld").

    Notes
    -----
    Laney (2002), p' chart: limits are the mean share of the quarters before, plus and minus three binomial standard deviations of this
    quarter's n, times the mean moving range of the standardised shares over 1.128. It is not let below 1, which gives the p chart.
    Where fewer than 5 are expected to do it, or not to do it, the normal limits alarm far too often (2 in 100 at a share of .005 of 294);
    the limits are then the exact binomial ones of the same chance in each tail, n divided by the square of the stretch.

    Examples
    --------
    >>> history = pd.DataFrame({"period": ["2026Q1", "2026Q2", "2026Q3", "2026Q4"], "kpi": "k", "label": "K", "segment": "S1",
    ...     "numerator": [10.0, 10.0, 10.0, 30.0], "denominator": 100, "rate": [0.1, 0.1, 0.1, 0.3]})
    >>> control_kpis(history, "2026Q4")[["centre", "low", "high", "signal"]].round(3).to_numpy().tolist()
    [[0.1, 0.01, 0.19, 'above']]
    """
    now, rows = str(period), []
    for (kpi, segment), part in history.groupby(["kpi", "segment"], sort=False):
        here = part[part["period"] == now]
        if here.empty:
            continue
        past = part[(part["period"] < now) & part["rate"].notna() & (part["denominator"] > 0)].sort_values("period")
        own = here.iloc[0]
        row = {
            "kpi": kpi,
            "label": own["label"],
            "segment": segment,
            "n": int(own["denominator"]),
            "rate": own["rate"],
            "quarters": len(past),
        }
        limits = _limits(past, float(own["denominator"])) if len(past) >= FEWEST else {}
        rows.append(row | limits | {"quarters": len(past), "signal": _signal(row["rate"], limits)})
    columns = [
        "kpi",
        "label",
        "segment",
        "n",
        "rate",
        "centre",
        "low",
        "high",
        "stretch",
        "chance",
        "quarters",
        "signal",
    ]
    return pd.DataFrame(rows).reindex(columns=columns)


def _limits(past: pd.DataFrame, n: float) -> dict[str, float]:
    from scipy.stats import betabinom, binom

    k, base = past["numerator"].to_numpy(float), past["denominator"].to_numpy(float)
    centre = k.sum() / base.sum()
    sigma = np.sqrt(centre * (1 - centre) / base)
    z = np.divide(k / base - centre, sigma, out=np.zeros(len(base)), where=sigma > 0)
    stretch = max(1.0, float(np.abs(np.diff(z)).mean()) / D2)
    if not n:
        return {"centre": centre, "low": np.nan, "high": np.nan, "stretch": stretch}
    half = 3 * stretch * np.sqrt(centre * (1 - centre) / n)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    alike = max(1, round(n / stretch**2))  # as many that differ no more than counts explain
    if n * min(centre, 1 - centre) < RARE:
        low, high = (float(limit) / alike for limit in (binom.ppf(TAIL, alike, centre), binom.isf(TAIL, alike, centre)))
    prior = (k.sum() / stretch**2 + 0.5, (base - k).sum() / stretch**2 + 0.5)
    chance = betabinom.sf(np.floor(high * alike + 1e-9), alike, *prior)
    chance += betabinom.cdf(np.ceil(low * alike - 1e-9) - 1, alike, *prior)
    return {"centre": centre, "low": low, "high": high, "stretch": stretch, "chance": float(chance)}


def _signal(rate: float, limits: Mapping[str, float]) -> str:
    if pd.isna(rate):
        return "withheld"
    if not limits or np.isnan(limits["low"]):
        return "too few quarters"
    if not limits["centre"] and rate:
        return "first time"
    if limits["centre"] == 1 and rate < 1:
        return "first gap"
    return "above" if rate > limits["high"] else "below" if rate < limits["low"] else "within"


def describe_control(control: pd.DataFrame, history: pd.DataFrame) -> Reading | Callout:
    """Which KPIs left their limits, and from what quarters the limits come.

    Parameters
    ----------
    control : pandas.DataFrame
        As ``control_kpis`` returns it.
    history : pandas.DataFrame

    Returns
    -------
    Reading or Callout
    """
    judged = control[control["signal"].isin(JUDGED)]
    if judged.empty:
        return Callout(
            "absent",
            "No KPI has a past long enough for limits.",
            f"It takes {FEWEST} quarters before this one; the table above judges this quarter by itself.",
        )
    used = int(judged["quarters"].max())
    text = (
        f"Shares go up and down from quarter to quarter without any cause. The limits say how far, from {count_words(used, 'quarter')} "
        "before this one: mean share plus and minus three standard deviations, widened where quarters differ more than counts explain "
        f"(Laney's p' chart); where fewer than {RARE} are expected, exact binomial limits. Limits from so few quarters are rough."
    )
    out = say_signals(control)
    second = f"Outside: {'; '.join(out)}." if out else f"All {len(judged)} shares with limits are within them."
    second += _say_chance(judged)
    reckoned = sorted(set(history.loc[history["basis"] == "reckoned", "period"]))
    third = (
        f"No report was made for {join_words(reckoned)}; this quarter's solution was laid over the data of then."
        if reckoned
        else ""
    )
    return Reading([paragraph for paragraph in (text, second, third) if paragraph])


def _say_chance(judged: pd.DataFrame) -> str:
    """How many of the shares would lie outside though nothing changed; those that nobody or everybody had before are not reckoned."""
    reckoned = judged[
        ~judged["signal"].isin(FIRST) & judged["chance"].notna() & judged["centre"].between(0, 1, inclusive="neither")
    ]
    if reckoned.empty:
        return ""
    about = float(reckoned["chance"].sum())
    number = "fewer than 0.1" if about < 0.1 else f"about {about:.1f}"
    return f" Of {count_words(len(reckoned), 'share')} with limits {number} would lie outside by chance."


def say_signals(control: pd.DataFrame) -> list[str]:
    """A phrase a KPI that lies outside its limits somewhere.

    Parameters
    ----------
    control : pandas.DataFrame
        As ``control_kpis`` returns it.

    Returns
    -------
    list of str
    """
    phrases = []
    for label, rows in control.groupby("label", sort=False):
        new = rows[rows["signal"] == "first time"]
        total = new[new["segment"] == "all"]
        if len(new):
            share = f" ({say_per_cent(total['rate'].iloc[0])} of {int(total['n'].iloc[0]):,d})" if len(total) else ""
            phrases.append(f"{label}: counted for the first time{share}")
        gap = rows[rows["signal"] == "first gap"]
        said = [
            f"{'everybody' if row.segment == 'all' else row.segment} {round(row.rate * row.n):,d} of {row.n:,d}"
            for row in gap.itertuples()
        ]
        phrases += [f"{label}: not all for the first time ({join_words(said)})"] if said else []
        out = rows[rows["signal"].isin(["above", "below"])]
        said = [
            f"{'everybody' if row.segment == 'all' else row.segment} at {say_per_cent(row.rate)} (n = {row.n:,d}) is {row.signal} the "
            f"limits {say_per_cent(row.low)} to {say_per_cent(row.high)}"
            for row in out.itertuples()
        ]
        phrases += [f"{label}: {join_words(said)}"] if said else []
    return phrases


def tabulate_control(control: pd.DataFrame, *, source: str = "") -> Table:
    """KPIs by segment with the limits of the quarters before; those out of limits first."""
    order = {"above": 0, "below": 0, "first time": 0, "first gap": 0, "within": 1, "too few quarters": 2, "withheld": 3}
    shown = control.assign(_order=control["signal"].map(order)).sort_values("_order", kind="stable")
    names = {
        "label": "KPI", "segment": "Segment", "n": "n", "rate": "Share", "centre": "Mean before", "low": "Low limit", "high": "High limit",
        "quarters": "Quarters", "signal": "Signal",
    }  # fmt: skip
    frame = shown[list(names)].rename(columns=names)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    formats = dict.fromkeys(("Share", "Mean before", "Low limit", "High limit"), ".1%") | {"n": ",d", "Quarters": ",d"}
    note = "Quarters: how many before this one the limits come from. A dash: withheld, or no limits."
    return Table(frame, f"KPIs against the limits of the quarters before.{source_words(source)}", formats, note)
