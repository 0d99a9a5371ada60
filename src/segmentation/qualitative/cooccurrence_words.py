"""Codes that come together, for a reader."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table, format_p
from ..words import count_words
from .cooccurrence import COLUMNS, Cooccurrence

__all__ = ["COLUMNS", "describe_cooccurrence", "tabulate_cooccurrence"]

SHOWN = 4
HEADS = {
    "passage": ("Same words", "c (words)"),
    "turn": ("Same turn", "c (turns)"),
    "person": ("Same person", "c (people)"),
}


def describe_cooccurrence(found: Cooccurrence) -> Reading | Callout:
    """Which codes come together, with people as the unit of what may be believed.

    Parameters
    ----------
    found : Cooccurrence

    Returns
    -------
    Reading or Callout
        Absent where fewer than two codes were given.

    Examples
    --------
    >>> describe_cooccurrence(Cooccurrence(pd.DataFrame(columns=COLUMNS), 0, 0)).kind
    'absent'
    """
    table = found.table
    if table.empty or not table["n1"].any():
        return Callout("absent", "Whether codes come together cannot be told: fewer than two codes were given.")
    lead = (
        f"Two codes come together in the same words, in the same turn, or anywhere in what one person says. "
        f"{count_words(found.n_people, 'interviewee')} took {count_words(found.n_turns, 'turn')}."
    )
    return Reading([lead, _say_words(table), _say_people(table, found)])


def _say_words(table: pd.DataFrame) -> str:
    spoken = table[(table["level"] == "passage") & (table["n12"] > 0)]
    if spoken.empty:
        return "No two codes share any words."
    top = spoken.sort_values(["people", "n12", "c", "code", "other"], ascending=[False, False, False, True, True])
    listed = "; ".join(
        f"“{row['name']}” with “{row['other_name']}” ({_met(int(row['n12']))} of "
        f"{count_words(int(row['people']), 'person', 'people')})"
        for _, row in top.head(SHOWN).iterrows()
    )
    text = f"Most people speak in the same words of: {listed}."
    single = int((spoken["people"] == 1).sum())
    if single:
        pairs = "pair of codes meets" if single == 1 else "pairs of codes meet"
        text += f" {single} {pairs} in the words of one person only: that may be their way of speaking."
    return text


def _met(n: int) -> str:
    return f"{n} time{'' if n == 1 else 's'}, in the words"


def _say_people(table: pd.DataFrame, found: Cooccurrence) -> str:
    people = table[table["level"] == "person"]
    tested = int(people["p"].notna().sum())
    if not tested:
        return "Whether people with one code have another more often cannot be tested: of every two codes one was given by all or none."
    kept = people[people["q"] <= found.alpha].sort_values(["q", "p", "code", "other"])
    lead = (
        f"Over people, {count_words(tested, 'pair of codes', 'pairs of codes')} could be tested (q is the share of false finds to expect "
        f"among those kept, the limit is {found.alpha:g})."
    )
    if kept.empty:
        best = people.sort_values(["p", "code", "other"]).iloc[0]
        return (
            f"{lead} None holds up. The nearest is {_say_pair(best, found.n_people)} (q = {format_p(best['q'])}). With so few "
            "people only very strong ties can be told from chance; not found is not the same as none."
        )
    listed = "; ".join(_say_pair(row, found.n_people) for _, row in kept.head(SHOWN).iterrows())
    more = f" The table has the other {len(kept) - SHOWN}." if len(kept) > SHOWN else ""
    return f"{lead} {'These hold' if len(kept) > 1 else 'One holds'} up: {listed}.{more} A tie says nothing about which is the cause."


def _say_pair(row: pd.Series, n: int) -> str:
    rest, without = int(row["n2"]) - int(row["n12"]), n - int(row["n1"])
    return (
        f"“{row['other_name']}” in {row['n12']} of the {row['n1']} people with “{row['name']}” and {rest} of the {without} "
        "without"
    )


def tabulate_cooccurrence(found: Cooccurrence, *, most: int = 15) -> Table:
    """Pairs of codes that meet, those of most people first.

    Parameters
    ----------
    found : Cooccurrence
    most : int
        Rows at most.

    Returns
    -------
    Table
        Code, With, Same words, Same turn, Same person ("k of n1 and n2"), c of each, p, q.

    Examples
    --------
    >>> list(tabulate_cooccurrence(Cooccurrence(pd.DataFrame(columns=COLUMNS), 0, 0)).frame.columns)
    ['Code', 'With', 'Same words', 'c (words)', 'Same turn', 'c (turns)', 'Same person', 'c (people)', 'p', 'q']
    """
    rows = []
    for _, part in found.table.groupby(["code", "other"], sort=False):
        by_level = part.set_index("level")
        if not by_level["n12"].any():
            continue
        row = {"Code": by_level["name"].iloc[0], "With": by_level["other_name"].iloc[0]}
        for level, (count, c) in HEADS.items():
            cell = by_level.loc[level]
            row |= {count: f"{cell['n12']} of {cell['n1']} and {cell['n2']}", c: cell["c"]}
        rank = (-by_level.at["passage", "people"], -by_level.at["turn", "people"], -by_level.at["person", "n12"])
        rows.append((rank, row | {"p": by_level.at["person", "p"], "q": by_level.at["person", "q"]}))
    ranked = [row for _, row in sorted(rows, key=lambda item: item[0])]
    columns = ["Code", "With", *(name for pair in HEADS.values() for name in pair), "p", "q"]
    frame = pd.DataFrame(ranked[:most], columns=columns)
    pairs = count_words(len(ranked), "pair")
    of = f"{len(frame)} of {pairs}" if len(frame) < len(ranked) else pairs
    caption = (
        f"Codes that come together: {of}; those that most people speak of in the same words come first. n = "
        f"{found.n_people} people, {found.n_turns:,d} turns. {found.presence} {found.source}"
    )
    note = (
        "k of a and b: together in k of the a places with the one and the b with the other. c: share of places with either that have both. "
        "p: Fisher's exact test over people; q: share of false finds to expect among pairs with a q this small. Words and turns are not "
        "tested, since those of one person hang together."
    )
    formats = {"c (words)": ".2f", "c (turns)": ".2f", "c (people)": ".2f", "p": "p", "q": "p"}
    return Table(frame, " ".join(caption.split()), formats, note, empty="No two codes come together anywhere.")
