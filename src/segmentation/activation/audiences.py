"""Which audience could go where: who has an address, who agreed, who is held out, which platform is too small for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from ..clustering.solution import natural_order
from ..display import Callout, Reading, Table
from ..messaging.holdout import hold_out_of
from ..sources.people import REASONS, Addresses
from ..study import Study
from ..words import count_words, few_words, join_words, source_words
from .platforms import PEOPLE_PLATFORMS, load_platforms
from .writers import check_size

__all__ = [
    "Audiences", "describe_audiences", "describe_coverage_of", "measure_overlap", "plan_audiences", "tabulate_audiences",
    "tabulate_identifiers", "tabulate_overlap_of",
]  # fmt: skip


@dataclass(frozen=True)
class Audiences:
    """What could be sent where; counts only, no address.

    Attributes
    ----------
    plan : pandas.DataFrame
        A row an audience and platform: audience, platform, units, held_out, people, free, rows (people to be written), minimum, ok,
        why.
    identifiers : pandas.DataFrame
        A row a segment: segment, units, people, email, phone, name, and a column for each reason why people may not be written to.
    holdout : pandas.Series
        True for units held out.
    suppressed : int
        Entries of the suppression list.
    has_people : bool
        Whether the study names where addresses stand.
    """

    plan: pd.DataFrame
    identifiers: pd.DataFrame
    holdout: pd.Series
    suppressed: int
    has_people: bool


def plan_audiences(study: Study, membership: pd.DataFrame, addresses: Addresses | None) -> Audiences:
    """Count what every segment would be on every platform that needs addresses.

    Parameters
    ----------
    study : Study
    membership : pandas.DataFrame
        Index unit; column segment.
    addresses : Addresses or None
        As ``read_addresses`` gives them.

    Returns
    -------
    Audiences
        With the holdout of all units with a segment.
    """
    placed = membership["segment"].dropna().astype(str)
    holdout = hold_out_of(study, membership)
    plan, identifiers = [], []
    for segment in natural_order(placed.unique()):
        units = placed.index[placed == segment].astype(str)
        held = int(holdout.loc[units].sum())
        people = addresses.table[addresses.table["unit"].isin(units)] if addresses else None
        if people is None:
            continue
        identifiers.append(_identifiers(segment, len(units), people))
        rows = len(audience_of(people, holdout))
        for platform in PEOPLE_PLATFORMS:
            problem = check_size(platform, segment, rows)
            least = load_platforms()["platforms"][platform]["minimum"]
            why = "" if problem is None else problem.message
            free = int((people["reason"] == "").sum())
            plan.append((segment, platform, len(units), held, len(people), free, rows, least, problem is None, why))
    columns = ["audience", "platform", "units", "held_out", "people", "free", "rows", "minimum", "ok", "why"]
    named = ["segment", "units", "people", "email", "phone", "name", *REASONS]
    return Audiences(
        pd.DataFrame(plan, columns=columns),
        pd.DataFrame(identifiers, columns=named),
        holdout,
        len(addresses.suppressed) if addresses else 0,
        addresses is not None,
    )


def audience_of(people: pd.DataFrame, holdout: pd.Series) -> pd.DataFrame:
    """People of an audience who may be written to and whose unit is not held out."""
    held = people["unit"].map(holdout).astype("boolean").fillna(False).astype(bool)
    return people[(people["reason"] == "") & ~held]


def _identifiers(segment: str, units: int, people: pd.DataFrame) -> tuple:
    why = people["reason"].value_counts()
    named = (people["first_name"] != "") & (people["last_name"] != "")
    found = (int((people["email"] != "").sum()), int((people["phone"] != "").sum()), int(named.sum()))
    return (segment, units, len(people), *found, *(int(why.get(reason, 0)) for reason in REASONS))


def measure_overlap(audiences: Mapping[str, pd.Index]) -> pd.DataFrame:
    """How many members each two audiences share.

    Parameters
    ----------
    audiences : mapping of str to pandas.Index
        Members by audience, each once.

    Returns
    -------
    pandas.DataFrame
        A row a pair: first, second, n_first, n_second, shared, jaccard (shared of those in either), part (shared of the smaller).

    Examples
    --------
    >>> measure_overlap({"a": pd.Index([1, 2, 3]), "b": pd.Index([3, 4])})[["shared", "jaccard", "part"]].iloc[0].tolist()
    [1.0, 0.25, 0.5]
    """
    rows = []
    for (first, one), (second, other) in combinations(audiences.items(), 2):
        shared, either = len(one.intersection(other)), len(one.union(other))
        smaller = min(len(one), len(other))
        jaccard, part = shared / either if either else float("nan"), shared / smaller if smaller else float("nan")
        rows.append((first, second, len(one), len(other), shared, jaccard, part))
    return pd.DataFrame(rows, columns=["first", "second", "n_first", "n_second", "shared", "jaccard", "part"])


def tabulate_audiences(audiences: Audiences, *, units: str = "units", source: str = "", min_cell: int = 10) -> Table:
    """Audience by platform: how many people a file would hold, or why there is none.

    Parameters
    ----------
    audiences : Audiences
    units : str
    source : str
    min_cell : int
        Smaller numbers of people are not told.

    Returns
    -------
    Table
    """
    plan = audiences.plan
    if plan.empty:
        return Table(pd.DataFrame(), "No audience.", empty="")
    names = {key: rules["name"] for key, rules in load_platforms()["platforms"].items()}
    cells = plan.assign(
        cell=[
            few_words(row.rows, min_cell)
            if row.ok
            else f"too few ({few_words(row.rows, min_cell)} of {row.minimum:,d})"
            for row in plan.itertuples()
        ]
    ).pivot(index="audience", columns="platform", values="cell")
    first = plan.drop_duplicates("audience").set_index("audience")
    table = pd.DataFrame({"segment": first.index, units: [few_words(n, min_cell) for n in first["units"]]})
    for platform in PEOPLE_PLATFORMS:
        table[names[platform]] = cells.loc[first.index, platform].to_numpy()
    people = int(first["people"].sum())
    caption = (
        f"People whom a file for each platform would hold{_without(int(first['held_out'].sum()), units, min_cell)}. n = "
        f"{int(first['units'].sum()):,d} {units} in a segment with {people:,d} people.{source_words(source)}"
    )
    told = load_platforms()
    rumoured = join_words(names[key] for key in PEOPLE_PLATFORMS if told["platforms"][key].get("second_hand"))
    note = (
        f"Too few: below what the platform takes or serves. Limits as read on {told['checked']}; the least number for {rumoured} is "
        "second hand, not from the platform's own pages."
    )
    return Table(table, caption, note=note)


def _without(held: int, units: str, min_cell: int) -> str:
    return f", after the {few_words(held, min_cell)} {units} held out are taken away" if held else ""


def tabulate_identifiers(audiences: Audiences, *, source: str = "", min_cell: int = 10) -> Table:
    """By what people of each segment could be found again, and why some are left out.

    Parameters
    ----------
    audiences : Audiences
    source : str
    min_cell : int

    Returns
    -------
    Table
    """
    known = audiences.identifiers
    if known.empty:
        return Table(pd.DataFrame(), "No identifiers.", empty="")
    few = known["people"] < min_cell
    table = pd.DataFrame({"segment": known["segment"], "people": [few_words(n, min_cell) for n in known["people"]]})
    for column, words in (("email", "with e-mail"), ("phone", "with phone"), ("name", "with full name")):
        table[words] = (known[column] / known["people"].where(known["people"] > 0)).mask(few).to_numpy()
    for reason in ("no consent", "suppressed"):
        table[reason] = [few_words(n, min_cell) for n in known[reason]]
    table["may be written to"] = [few_words(n, min_cell) for n in known["people"] - known[list(REASONS)].sum(axis=1)]
    caption = f"How people of each segment can be found by a platform. n = {int(known['people'].sum()):,d} people.{source_words(source)}"
    note = (
        "May be written to: before any are held out. Phone: one that can be written with its country code. A platform finds only some of "
        "those sent; it tells how many."
    )
    return Table(table, caption, dict.fromkeys(("with e-mail", "with phone", "with full name"), ".0%"), note)


def tabulate_overlap_of(overlap: pd.DataFrame, *, units: str = "units", source: str = "", min_cell: int = 10) -> Table:
    """Audiences that share members, most shared first.

    Parameters
    ----------
    overlap : pandas.DataFrame
        As ``measure_overlap`` gives it.
    units : str
    source : str
    min_cell : int

    Returns
    -------
    Table
    """
    shown = (
        overlap[overlap["shared"] >= min_cell].sort_values(["part", "shared"], ascending=False, kind="stable").head(12)
    )
    table = pd.DataFrame({
        "audience": shown["first"], "and": shown["second"],
        "in both": shown["shared"], "of the smaller": shown["part"], "of either": shown["jaccard"],
    })  # fmt: skip
    caption = f"Audiences that share {units}. n = {len(overlap):,d} pairs looked at.{source_words(source)}"
    return Table(
        table,
        caption,
        {"of the smaller": ".0%", "of either": ".0%"},
        f"Whoever is in two audiences of one campaign gets both messages. Pairs that share fewer than {min_cell} are not shown.",
        empty=f"No two audiences share {min_cell} or more.",
    )


def describe_audiences(audiences: Audiences, study: Study) -> Reading | Callout:
    """Who is left out of audiences and why, how many are held out, and which platforms are too small.

    Parameters
    ----------
    audiences : Audiences
    study : Study

    Returns
    -------
    Reading or Callout
    """
    held, placed = int(audiences.holdout.sum()), len(audiences.holdout)
    if not placed:
        return Callout("absent", "Nobody is in a segment, so there is no audience.")
    spared = _say_holdout(held, placed, study)
    if not audiences.has_people:
        text = (
            "Audiences for advertising and e-mail need addresses. Name under activation.people which source holds them, in which "
            f"columns, and which column tells who agreed. {spared}"
        )
        return Callout("absent", "The study does not say where addresses stand.", text)
    first = audiences.identifiers
    left = first[list(REASONS)].sum()
    total = int(first["people"].sum())
    few = study.choices.min_cell
    reasons = [f"{few_words(int(n), few)} {_why(why)}" for why, n in left.items() if n]
    free = total - int(left.sum())
    text = (
        f"{few_words(free, few).capitalize()} of {total:,d} people in {count_words(len(first), 'segment')} may be written to. Left out: "
        f"{join_words(reasons)}. The suppression list has {audiences.suppressed:,d} {'entry' if audiences.suppressed == 1 else 'entries'}"
        + (
            "; one entry may name an account or an e-mail of several people."
            if left["suppressed"] > audiences.suppressed
            else "."
        )
    )
    if held:
        ready = int(audiences.plan.drop_duplicates("audience")["rows"].sum())
        remain = few_words(ready, few)
        text += f" Of those who may be written to, {remain} remain for a file once the {study.units} held out are taken away."
    refused = audiences.plan[~audiences.plan["ok"]]
    names = {key: rules["name"] for key, rules in load_platforms()["platforms"].items()}
    small = [
        f"{names[platform]} would not take {join_words(rows['audience'])} (fewer than {rows['minimum'].iloc[0]:,d} people)"
        for platform, rows in refused.groupby("platform", sort=False)
    ]
    limits = f"{'; '.join(small)}." if small else "Every segment is large enough for every platform."
    return Reading([text, spared, limits])


def _say_holdout(held: int, placed: int, study: Study) -> str:
    share, salt = study.activation.holdout, study.activation.salt or study.study
    if not share:
        return f"Nobody is held out (activation.holdout is 0), so no effect of an audience can be seen on these {placed:,d} {study.units}."
    return (
        f"{held:,d} of {placed:,d} {study.units} in a segment are held out ({share:.0%} asked): no audience written here holds them, so "
        f"that those who are reached from now on can be compared with them; earlier mails and tests may have reached them. "
        f"Who is held out is decided by a hash of the id and the word "
        f"“{salt}”, so every export holds out the same."
    )


def _why(reason: str) -> str:
    return {
        "no e-mail": "without an e-mail",
        "not an e-mail": "whose e-mail is none",
        "no consent": "without consent",
        "suppressed": "on the suppression list",
        "second person with this e-mail": "who share an e-mail with somebody",
    }[reason]


def describe_coverage_of(audiences: Audiences, study: Study) -> Reading:
    """The commands that write the files with addresses, in words.

    Parameters
    ----------
    audiences : Audiences
    study : Study

    Returns
    -------
    Reading
        Without a paragraph where there is nothing to write.
    """
    able = audiences.plan[audiences.plan["ok"]]
    if able.empty:
        return Reading([])
    pairs = len(able)
    text = (
        f"{count_words(pairs, 'file')} with addresses could be written, and none is in this report: it holds counts only. "
        f"The command “segmentation export STUDY --platform NAME” reads the addresses from the CRM's file at that moment, hashes them as "
        "the platform asks, checks consent and the suppression list again, and writes all files or none."
    )
    return Reading([text])
