"""Sentences and tables for readers about the data, made from the results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Study
from .encoder import Encoder
from .quality import Quality

__all__ = [
    "describe_drift",
    "describe_leaks",
    "describe_quality",
    "tabulate_accounts",
    "tabulate_careless",
    "tabulate_drift",
    "tabulate_encoder",
    "tabulate_linkage",
    "tabulate_missing",
]

SHOWN = 5
NEGLIGIBLE = 0.1  # standardised difference


def describe_quality(quality: Quality, study: Study) -> Reading:
    """What came in and what to be careful with: rows, links, gaps, careless answers, duplicates, weak variables."""
    paragraphs = [_rows(quality, study), _links(quality, study), _gaps(quality, study), _careful(quality, study)]
    return Reading([text for text in paragraphs if text])


def describe_leaks(quality: Quality, study: Study) -> Callout:
    """Columns that give an outcome away, each with its numbers; or that none was found; or that there is no outcome."""
    outcomes = [v.words for v in study.variables if v.role == "outcome"]
    if not outcomes:
        return Callout("absent", "No outcome is declared, so no column could be screened for giving it away.")
    leaks = quality.leaks
    if leaks.empty:
        text = f"Every variable and every unused column was compared with {_list(outcomes)}."
        return Callout("finding", "No column gives an outcome away.", text)
    rows = [_leak(row, study) for row in leaks.head(SHOWN).itertuples()]
    more = len(leaks) - SHOWN
    rows += [f"And {more} more."] if more > 0 else []
    title = f"{_count(leaks['column'].nunique(), 'column')} may know an outcome before it happens."
    advice = "Such a column is usually written when, or after, the outcome is known. Do not explain or predict with it."
    return Callout("caution", title, " ".join([*rows, advice]))


def describe_drift(drift: pd.DataFrame, study: Study) -> Reading:
    """Which variables changed since last quarter beyond chance, which changes are large, and how many were compared."""
    tested = drift[drift["p"].notna()] if len(drift) else drift
    if tested.empty:
        return Reading(
            ["There is no earlier quarter to compare with, so it is not known whether the data have changed."]
        )
    changed = tested[tested["q"].astype(float) <= study.choices.alpha]
    share = f"{study.choices.alpha:.0%}"
    text = (
        f"{_count(len(tested), 'variable')} could be compared with last quarter. A change counts as more than chance if at "
        f"most {share} of the changes called so are expected to be false alarms (false discovery rate, over all variables)."
    )
    if changed.empty:
        return Reading(
            [text, "No variable changed by more than chance explains. That is no proof that nothing changed."]
        )
    order = changed["effect"].astype(float).abs().sort_values(ascending=False, kind="stable").index
    said = [_changed(changed.loc[label], study) for label in order[:SHOWN]]
    more = len(changed) - SHOWN
    said += [f"{_count(more, 'more variable')} changed; the table has them."] if more > 0 else []
    lead = f"{_count(len(changed), 'variable')} changed by more than chance explains."
    gloss = (
        f"A standardised difference is the change of the mean divided by the typical spread between {study.units}; below "
        f"{NEGLIGIBLE:g} it is negligible in practice, however sure it is."
    )
    return Reading([text, " ".join([lead, *said]), gloss])


def tabulate_accounts(quality: Quality) -> Table:
    """Rows in, rows out and why, by source."""
    frame = quality.accounts[["source", "files", "rows_in", "rows_out", "dropped", "reasons", "unmapped"]]
    frame = frame.rename(columns={"rows_in": "rows in", "rows_out": "rows kept", "unmapped": "columns not used"})
    total = int(quality.accounts["rows_in"].sum())
    caption = f"Rows read and kept, by source. n = {total:,} rows read from {_count(len(frame), 'source')}."
    return Table(frame, caption)


def tabulate_encoder(encoder: Encoder, encoded: pd.DataFrame, study: Study) -> Table:
    """How each base variable was put on the common scale, and for how many units it is known."""
    frame = pd.DataFrame(
        {
            "base variable": [study.variable(v.name).words for v in encoder.variables],
            "transform": [v.transform for v in encoder.variables],
            "centre": [v.centre for v in encoder.variables],
            "scale": [v.scale for v in encoder.variables],
            "n": [int(encoded[v.name].notna().sum()) for v in encoder.variables],
        }
    )
    complete = int(encoded.notna().all(axis=1).sum())
    caption = (
        f"Scaling of the base variables. n = {len(encoded):,} {study.units}, {complete:,} of them with every base variable. "
        f"{encoder.words}"
    )
    return Table(
        frame, caption, {"centre": ".3f", "scale": ".3f"}, "Less the centre, divided by the scale: 0 is typical."
    )


def tabulate_linkage(quality: Quality, study: Study) -> Table:
    """Which units of each table are in each other table."""
    frame = quality.linkage.rename(
        columns={"source": "of", "other": "also in", "n": study.units, "missing": "not in it"}
    )
    return Table(
        frame,
        f"How many {study.units} of one table are also in another. n stands in the column {study.units}.",
        {"share": ".1%"},
    )


def tabulate_missing(quality: Quality, study: Study) -> Table:
    """Missing values by variable, most first."""
    ordered = quality.missing.sort_values("share", ascending=False, kind="stable")
    frame = ordered.assign(variable=[study.variable(name).words for name in ordered["variable"]])
    caption = f"Missing values by variable. n = {quality.units:,} {study.units}."
    return Table(frame[["variable", "role", "source", "missing", "share"]], caption, {"share": ".1%"})


def tabulate_careless(quality: Quality, study: Study) -> Table:
    """Careless answers by reason; an answer can have both reasons."""
    choices = study.choices
    words = {
        "straight_line": f"same answer throughout (standard deviation at most {choices.straight_line:g})",
        "too_fast": f"under {_seconds(study)} per rating item",
        "any": "either",
    }
    frame = quality.careless.assign(reason=[words[reason] for reason in quality.careless["reason"]])
    base = int(frame["base"].max()) if len(frame) else 0
    caption = f"Survey answers that are not believed, by reason. n = {base:,} answers."
    return Table(frame[["reason", "n", "share"]], caption, {"share": ".1%"})


def tabulate_drift(drift: pd.DataFrame, study: Study) -> Table:
    """Change of each variable since last quarter, largest first."""
    size = drift["effect"].astype(float).abs()
    ordered = drift.loc[size.sort_values(ascending=False, kind="stable", na_position="last").index]
    frame = pd.DataFrame(
        {
            "variable": [study.variable(name).words for name in ordered["variable"]],
            "last quarter": ordered["previous"].astype(float),
            "this quarter": ordered["value"].astype(float),
            "n last": ordered["n_previous"],
            "n this": ordered["n"],
            "effect": ordered["effect"].astype(float),
            "measured by": ordered["effect_kind"],
            "p": ordered["p"].astype(float),
            "q": ordered["q"].astype(float),
            "PSI": ordered["psi"].astype(float),
            "PSI by chance": ordered["psi_expected"].astype(float),
        }
    )
    caption = (
        f"Change since last quarter. n = {_range(frame['n this'])} {study.units} this quarter, {_range(frame['n last'])} last; "
        "p by exchanging the quarters at random, q after control of the false discovery rate over all variables."
    )
    note = "PSI is the population stability index; it says something only where it is well above its value by chance."
    return Table(frame, caption, dict.fromkeys(["p", "q", "PSI", "PSI by chance"], ".3f") | {"effect": "+.2f"}, note)


def _rows(quality: Quality, study: Study) -> str:
    read, dropped = int(quality.accounts["rows_in"].sum()), int(quality.accounts["dropped"].sum())
    text = f"{quality.units:,} {study.units} are described by {_count(len(quality.missing), 'variable')}. "
    text += f"{read:,} rows were read from {_count(len(quality.accounts), 'source')}"
    return text + (
        f"; {dropped:,} of them were left out, each for a reason in the table." if dropped else "; none was left out."
    )


def _links(quality: Quality, study: Study) -> str:
    linkage = quality.linkage
    if linkage.empty:
        return ""
    first = linkage["source"].iloc[0]
    out = linkage[(linkage["source"] == first) & (linkage["n"] > 0)]
    parts = [f"{row.linked:,} ({row.share:.0%}) in {row.other}" for row in out.itertuples()]
    text = f"Of the {int(linkage['n'].iloc[0]):,} {study.units} in {first}, {_list(parts)}." if parts else ""
    strays = linkage[(linkage["other"] == first) & (linkage["missing"] > 0)]
    lost = [f"{row.missing:,} of the {row.n:,} in {row.source}" for row in strays.itertuples()]
    return text + (f" Not in {first}: {_list(lost)}." if lost else "")


def _gaps(quality: Quality, study: Study) -> str:
    gaps = quality.missing[quality.missing["missing"] > 0].sort_values("share", ascending=False, kind="stable")
    if gaps.empty:
        return "No variable has missing values."
    worst = gaps.iloc[0]
    return (
        f"{len(gaps)} of the {_count(len(quality.missing), 'variable')} have missing values. Most gaps: "
        f"{study.variable(worst['variable']).words}, missing for {worst['missing']:,} of {worst['n']:,} {study.units} "
        f"({worst['share']:.0%}). Missing values stay missing; none is filled in."
    )


def _careful(quality: Quality, study: Study) -> str:
    parts = []
    careless = quality.careless.set_index("reason")
    if len(careless) and careless.loc["any", "base"]:
        either, base = int(careless.loc["any", "n"]), int(careless.loc["any", "base"])
        parts.append(
            f"{either:,} of {base:,} survey answers ({either / base:.1%}) are not believed: "
            f"{int(careless.loc['straight_line', 'n']):,} give every rating item the same answer (straight-lining), "
            f"{int(careless.loc['too_fast', 'n']):,} took under {_seconds(study)} per item."
        )
    if len(quality.duplicates):
        n = len(quality.duplicates)
        verb = (
            "was left out because it is a second account"
            if n == 1
            else "were left out because they are further accounts"
        )
        parts.append(f"{n:,} of the {study.units} {verb} of an organisation that is already in.")
    if len(quality.weak):
        named = [study.variable(name).words for name in dict.fromkeys(quality.weak["variable"])]
        rest = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        listed = ", ".join(named[:SHOWN]) + rest
        parts.append(f"Nearly the same for everybody, nearly different for everybody or mostly missing: {listed}.")
    return " ".join(parts)


def _leak(row: object, study: Study) -> str:
    outcome = study.variable(row.outcome).words
    if row.reason == "filled":
        side, n, other = ("with", row.n_with, "without") if row.filled_with else ("without", row.n_without, "with")
        filled = max(row.filled_with, row.filled_without)
        return f"{row.column} is filled for {filled:,} of the {n:,} {study.units} {side} {outcome} and for none {other} it."
    return (
        f"{row.column} tells {outcome} almost perfectly (area under the curve {row.auc:.3f}, where .5 is guessing and 1 is "
        f"certainty; n = {row.filled_with + row.filled_without:,})."
    )


def _changed(row: pd.Series, study: Study) -> str:
    words = study.variable(row["variable"]).words
    if row["kind"] == "nominal":
        return f"The mix of {words} is different (Cramer's V {row['effect']:.2f}, where 0 is no and 1 a complete difference)."
    way = "rose" if row["effect"] > 0 else "fell" if row["effect"] < 0 else "kept its mean but not its spread, at"
    form = "{:.0%}" if row["kind"] == "binary" else "{:,.2f}"
    before, after = form.format(row["previous"]), form.format(row["value"])
    moved = f"{way} from {before} to {after}" if row["effect"] else f"{way} {after}"
    small = ", a negligible change" if np.isfinite(row["effect"]) and abs(row["effect"]) < NEGLIGIBLE else ""
    n = f"n = {row['n_previous']:,} and {row['n']:,}"
    older = (
        " Everybody is a quarter older, so that is no news."
        if study.variable(row["variable"]).measure == "tenure"
        else ""
    )
    return f"{words[:1].upper()}{words[1:]} {moved} (standardised difference {row['effect']:+.2f}{small}; {n}).{older}"


def _seconds(study: Study) -> str:
    limit = study.choices.min_seconds_per_item
    return f"{limit:g} second" if limit == 1 else f"{limit:g} seconds"


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _range(n: pd.Series) -> str:
    if n.empty:
        return "0"
    low, high = int(n.min()), int(n.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
