"""Sentences and tables for readers about the data, made from the results."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..sources import canonical_table
from ..study import Study
from ..words import join_words
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
WEAK = {
    "constant": "The same for everybody, so it tells nobody apart",
    "one_value": "Nearly the same for everybody, so it tells few apart",
    "names": "A different word for nearly everybody, so it cannot be summed up",
    "missing": "Mostly missing",
}


def describe_quality(quality: Quality, study: Study) -> Reading:
    """What came in and what to be careful with: rows, links, gaps, careless answers, duplicates, weak variables."""
    paragraphs = [_rows(quality, study), _links(quality, study), _gaps(quality, study), _careful(quality, study)]
    return Reading([text for text in paragraphs if text])


def describe_leaks(quality: Quality, study: Study) -> Callout:
    """Columns that give an outcome away, each with its numbers; or that none was found; or that there is no outcome."""
    outcomes = [v.words for v in study.variables if v.role == "outcome"]
    if not outcomes:
        return Callout("absent", "No outcome is declared, so no column could be screened for giving it away.")
    leaks, (columns, open_ones) = quality.leaks, quality.screened
    unread = " Columns that were not read (the last column of the table of sources) were not looked at."
    unknown = [f"“{study.variable(name).words}”" for name in open_ones]
    left = (
        f" Too few {study.units} with or without it, or not a yes or no: {join_words(unknown)}; nothing is known there."
        if unknown
        else ""
    )
    if len(unknown) == len(outcomes):
        return Callout("absent", "No column could be screened for giving an outcome away.", left.strip())
    if leaks.empty:
        judged = [f"“{v.words}”" for v in study.variables if v.role == "outcome" and v.name not in open_ones]
        text = (
            f"{_count(columns, 'variable or column')} with one value a unit {_was(columns)} compared with {join_words(judged)}; none "
            f"tells it almost perfectly.{left}{unread}"
        )
        return Callout("finding", "No column that was read gives an outcome away.", text)
    rows = [_leak(row, study) for row in leaks.head(SHOWN).itertuples()]
    more = len(leaks) - SHOWN
    rows += [f"And {more} more."] if more > 0 else []
    many = leaks["column"].nunique()
    title = f"{_count(many, 'column')} {'gives' if many == 1 else 'give'} an outcome away."
    advice = "Such a column is usually written when, or after, the outcome is known. Do not explain or predict with it."
    return Callout("caution", title, " ".join([*(row[:1].upper() + row[1:] for row in rows), advice]) + left + unread)


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
        f"{_ageing(drift, study)}"
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
    frame = frame.assign(files=[_some_files(files) for files in frame["files"]])
    frame = frame.rename(columns={"rows_in": "rows in", "rows_out": "rows kept", "unmapped": "columns not used"})
    total = int(quality.accounts["rows_in"].sum())
    caption = f"Rows read and kept, by source. n = {total:,} rows read from {_count(len(frame), 'source')}."
    return Table(frame, caption)


def tabulate_encoder(encoder: Encoder, encoded: pd.DataFrame, study: Study) -> Table:
    """How each base variable was put on the common scale, and for how many units it is known."""
    frame = pd.DataFrame(
        {
            "base variable": [study.variable(v.name).words for v in encoder.variables],
            "level": [v.level for v in encoder.variables],
            "transform": ["names" if v.level == "nominal" else v.transform for v in encoder.variables],
            "centre": [None if v.level == "nominal" else v.centre for v in encoder.variables],
            "scale": [None if v.level == "nominal" else v.scale for v in encoder.variables],
            "n": [int(encoded[v.name].notna().sum()) for v in encoder.variables],
        }
    )
    complete = int(encoded.notna().all(axis=1).sum())
    caption = (
        f"Scaling of the base variables. n = {len(encoded):,} {study.units}, {complete:,} of them with every base variable. "
        f"{encoder.words}"
    )
    return Table(
        frame,
        caption,
        {"centre": ".3f", "scale": ".3f"},
        "Less the centre, divided by the scale: 0 is typical. Names have no centre and no scale."
        if encoder.categories
        else "Less the centre, divided by the scale: 0 is typical.",
    )


def tabulate_linkage(quality: Quality, study: Study) -> Table:
    """Which units of each table are in each other table."""
    frame = quality.linkage.rename(
        columns={
            "source": "of",
            "other": "also in",
            "n": study.units,
            "linked": "found there",
            "missing": "not found there",
        }
    )
    names = table_names(study)
    frame = frame.assign(
        of=frame["of"].map(lambda t: names.get(t, t)), **{"also in": frame["also in"].map(lambda t: names.get(t, t))}
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
    note = "Role: base variables form the segments, descriptors describe them, outcomes are what they might foretell."
    return Table(frame[["variable", "role", "source", "missing", "share"]], caption, {"share": ".1%"}, note)


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
    nothing = "This study has no survey, so there are no answers to doubt."
    return Table(frame[["reason", "n", "share"]], caption, {"share": ".1%"}, empty=nothing)


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
        "p: how often chance alone gives so large a change (by exchanging the quarters at random); q: the share of false alarms to "
        "expect among changes with a q this small."
    )
    note = (
        "PSI is the population stability index; it says something only where it is well above its value by chance. A dash under p: "
        "not tested, because the variable grows by itself, or has no values."
    )
    formats = {"p": "p", "q": "p", "PSI": ".3f", "PSI by chance": ".3f", "effect": "+.2f"}
    return Table(frame, caption, formats, note, empty="There is no earlier quarter to compare with.")


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
    first, names = linkage["source"].iloc[0], table_names(study)
    shown = names.get(first, first)
    out = linkage[(linkage["source"] == first) & (linkage["n"] > 0)]
    parts = [
        f"{row.linked:,} ({_share(row.share)}) are also in {names.get(row.other, row.other)}"
        for row in out.itertuples()
    ]
    parts = [part if place == 0 else part.replace(" are also in ", " in ") for place, part in enumerate(parts)]
    text = f"Of the {int(linkage['n'].iloc[0]):,} {study.units} in {shown}, {join_words(parts)}." if parts else ""
    strays = linkage[(linkage["other"] == first) & (linkage["missing"] > 0)]
    lost = [f"{row.missing:,} of the {row.n:,} in {names.get(row.source, row.source)}" for row in strays.itertuples()]
    return text + (f" Not in {shown}: {join_words(lost)}." if lost else "")


def _gaps(quality: Quality, study: Study) -> str:
    gaps = quality.missing[quality.missing["missing"] > 0].sort_values("share", ascending=False, kind="stable")
    if gaps.empty:
        return "No variable has missing values."
    worst = gaps.iloc[0]
    return (
        f"{len(gaps)} of the {_count(len(quality.missing), 'variable')} {'has' if len(gaps) == 1 else 'have'} missing values. Most "
        f"gaps: “{study.variable(worst['variable']).words}”, missing for {worst['missing']:,} of {worst['n']:,} {study.units} "
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
    for reason, words in WEAK.items():
        rows = quality.weak[quality.weak["reason"] == reason]
        named = [f"“{study.variable(row.variable).words}”{_weak_share(row)}" for row in rows.itertuples()]
        rest = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        parts += [f"{words}: {', '.join(named[:SHOWN])}{rest}."] if named else []
    return " ".join(parts)


def _weak_share(row: object) -> str:
    if row.reason == "one_value":
        return f" (one value holds {_share(row.share)} of {row.n:,})"
    return f" ({_share(row.share)} missing)" if row.reason == "missing" else ""


def _ageing(drift: pd.DataFrame, study: Study) -> str:
    """Variables that are compared with last quarter and not tested, because they grow by themselves."""
    names = [study.variable(row.variable).words for row in drift.itertuples() if pd.isna(row.p) and pd.notna(row.value)]
    if not names:
        return ""
    grows = "it grows by itself" if len(names) == 1 else "they grow by themselves"
    return f" Not tested, because {grows} with time: {join_words(names)}."


def table_names(study: Study) -> dict[str, str]:
    """What the study calls the source of each canonical table; a table of several sources keeps its own name."""
    names: dict[str, list[str]] = {}
    for source in study.sources:
        names.setdefault(canonical_table(study, source), []).append(source)
    return {table: sources[0] for table, sources in names.items() if len(sources) == 1}


def _some_files(files: str) -> str:
    named = files.split(", ")
    return files if len(named) <= 3 else f"{named[0]} and {len(named) - 1} more"


def _share(share: float) -> str:
    """Whole per cents, except where that would claim none or all."""
    return f"{share:.1%}" if 0 < share < 0.005 or 0.995 <= share < 1 else f"{share:.0%}"


def _leak(row: object, study: Study) -> str:
    outcome = study.variable(row.outcome).words
    if row.reason == "filled":
        side, n, other = ("with", row.n_with, "without") if row.filled_with else ("without", row.n_without, "with")
        filled = max(row.filled_with, row.filled_without)
        all_of = f"all {n:,} {study.units}" if filled == n else f"{filled:,} of the {n:,} {study.units}"
        return f"{column_words(row.column)} is filled for {all_of} {side} “{outcome}” and for none {other} it."
    return (
        f"{column_words(row.column)} tells “{outcome}” almost perfectly (area under the curve {row.auc:.3f}, where .5 is guessing and 1 is "
        f"certainty; n = {row.filled_with + row.filled_without:,})."
    )


def column_words(column: str) -> str:
    """A screened column as a reader knows it.

    Examples
    --------
    >>> column_words("companies.offboarding"), column_words("score")
    ('the column “offboarding” of companies', 'the variable “score”')
    """
    table, _, name = column.rpartition(".")
    return f"the column “{name}” of {table}" if table else f"the variable “{name}”"


def _changed(row: pd.Series, study: Study) -> str:
    words = study.variable(row["variable"]).words
    if row["kind"] == "nominal":
        sizes = f"n = {row['n_previous']:,} and {row['n']:,}"
        return f"The mix of {words} is different (Cramer's V {row['effect']:.2f}, where 0 is no and 1 a complete difference; {sizes})."
    way = "rose" if row["effect"] > 0 else "fell" if row["effect"] < 0 else "kept its mean but not its spread, at"
    share = row["kind"] == "binary" or study.variable(row["variable"]).measure in ("share", "top2")
    forms = ("{:.0%}", "{:.1%}", "{:.2%}") if share else ("{:,.2f}", "{:,.3f}", "{:,.4f}")
    shown = [(form.format(row["previous"]), form.format(row["value"])) for form in forms]
    before, after = next((pair for pair in shown if pair[0] != pair[1]), shown[0])  # as many digits as the change needs
    moved = f"{way} from {before} to {after}" if row["effect"] else f"{way} {after}"
    small = ", a negligible change" if np.isfinite(row["effect"]) and abs(row["effect"]) < NEGLIGIBLE else ""
    n = f"n = {row['n_previous']:,} and {row['n']:,}"
    return f"{words[:1].upper()}{words[1:]} {moved} (standardised difference {row['effect']:+.2f}{small}; {n})."


def _seconds(study: Study) -> str:
    limit = study.choices.min_seconds_per_item
    return f"{limit:g} second" if limit == 1 else f"{limit:g} seconds"


def _was(n: int) -> str:
    return "was" if n == 1 else "were"


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


def _range(n: pd.Series) -> str:
    if n.empty:
        return "0"
    low, high = int(n.min()), int(n.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
