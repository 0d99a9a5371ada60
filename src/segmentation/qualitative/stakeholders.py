"""Palay's cube: which problem, felt by whom, with what to gain, and where two roles of one account pull apart.

The interest of an account is not the interest of each person in it. A message that speaks to one side of a conflict is read by the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, product

import pandas as pd

from ..errors import DataContractError, Violation, nearest_word
from ..study import Stakeholders
from .coded import CodedInterviews, code_presence, presence_words
from .quotes import QuoteBank, choose_quotes

__all__ = ["CONFLICT_COLUMNS", "CUBE_COLUMNS", "StakeholderCube", "map_stakeholders"]

CUBE_COLUMNS = ["problem", "name", "role", "incentive", "k", "n", "quote", "where"]
CONFLICT_COLUMNS = [
    "account", "segment", "one", "one_role", "one_wants", "one_quote", "one_where",
    "other", "other_role", "other_wants", "other_quote", "other_where",
]  # fmt: skip
PAINS = "pain"


@dataclass(frozen=True)
class StakeholderCube:
    """Problem by stakeholder by incentive, with the interviewee as the unit.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row a cell that holds somebody: problem (code), name, role, incentive, k of n interviewees of the role who have both, quote
        (on the problem, by one of them) and where it stands; empty text where none may be shown.
    problems : pandas.DataFrame
        problem, name, role, k, n: interviewees of the role with the problem, whatever they stand to gain; quote by one of them and
        where it stands.
    wants : pandas.DataFrame
        role, incentive, k, n.
    conflicts : pandas.DataFrame
        One row a conflict: account (A1 ...), segment, and of each side participant, role, what they want, a quote and where it stands.
    accounts : int
        Accounts of which two or more people in different roles were interviewed.
    unknown : tuple of str
        Job titles of interviewees that no role names.
    people : int
        Interviewees with a role.
    opposed : tuple of (str, str)
    presence, source : str
    """

    cells: pd.DataFrame
    problems: pd.DataFrame
    wants: pd.DataFrame
    conflicts: pd.DataFrame
    accounts: int = 0
    unknown: tuple[str, ...] = ()
    people: int = 0
    opposed: tuple[tuple[str, str], ...] = field(default_factory=tuple)
    presence: str = ""
    source: str = ""


def map_stakeholders(coded: CodedInterviews, bank: QuoteBank, rules: Stakeholders | None) -> StakeholderCube:
    """Count who has which problem and stands to gain what, and find opposed wants within one account.

    Parameters
    ----------
    coded : CodedInterviews
        Interviewees with a column ``role`` (job title) and their unit.
    bank : QuoteBank
    rules : Stakeholders or None
        Roles, problems, incentives and which are opposed; None where the study names none.

    Returns
    -------
    StakeholderCube
        Empty without rules, interviews or job titles.

    Raises
    ------
    DataContractError
        With every code or category that is not in the codebook.

    Notes
    -----
    A conflict is two people of one account in different roles, one with one incentive of an opposed pair and one with the other, unless
    both have both. A code says that a matter came up, not which side the person takes: the quotes decide.
    """
    nothing = StakeholderCube(*(pd.DataFrame(columns=c) for c in (CUBE_COLUMNS, PROBLEMS, WANTS, CONFLICT_COLUMNS)))
    if rules is None or coded.empty or "role" not in coded.people:
        return nothing
    problems, incentives = _resolve(coded, rules)
    title_role = {title.casefold(): role for role, titles in rules.roles.items() for title in titles}
    titles = coded.people["role"].dropna().astype(str)
    roles = titles.str.strip().str.casefold().map(title_role).dropna()
    has = code_presence(coded).reindex(roles.index)
    wants = pd.DataFrame({name: has[codes].any(axis=1) for name, codes in incentives.items()})
    names = coded.codes["name"].to_dict()
    sizes = roles.value_counts()
    counted, cells, desires = [], [], []
    for role in [name for name in rules.roles if name in sizes]:
        inside = roles.index[roles == role]
        n = len(inside)
        desires += [(role, incentive, int(wants.loc[inside, incentive].sum()), n) for incentive in incentives]
        for code in problems:
            who = inside[has.loc[inside, code].to_numpy(bool)]
            counted.append((code, names[code], role, len(who), n, *_quote(bank, [code], who)))
            for incentive in incentives:
                both = who[wants.loc[who, incentive].to_numpy(bool)]
                if len(both):
                    cells.append((code, names[code], role, incentive, len(both), n, *_quote(bank, [code], both)))
    conflicts, accounts = _conflicts(coded, bank, roles, wants, incentives, rules)
    return StakeholderCube(
        pd.DataFrame(cells, columns=CUBE_COLUMNS), pd.DataFrame(counted, columns=PROBLEMS), pd.DataFrame(desires, columns=WANTS),
        conflicts, accounts, tuple(sorted(set(titles[~titles.index.isin(roles.index)]))), len(roles), rules.opposed,
        presence_words(coded, "consensus"), bank.source,
    )  # fmt: skip


PROBLEMS = ["problem", "name", "role", "k", "n", "quote", "where"]
WANTS = ["role", "incentive", "k", "n"]


def _resolve(coded: CodedInterviews, rules: Stakeholders) -> tuple[list[str], dict[str, list[str]]]:
    """Codes of the problems and of each incentive; a category stands for its codes."""
    leaves = coded.leaves
    parents = coded.codes.loc[leaves, "parent"].astype("string").fillna("")
    labels = {str(code): str(code) for code in leaves} | {str(parent): str(parent) for parent in parents if parent}
    names = {str(coded.codes["name"].get(parent, parent)): str(parent) for parent in parents if parent}
    known = {**names, **labels}
    asked = [("stakeholders.problems", list(rules.problems))]
    asked += [(f"stakeholders.incentives.{name}", list(codes)) for name, codes in rules.incentives.items()]
    found = [
        Violation(
            "no such code or category",
            "study.yaml",
            None,
            where,
            word,
            "",
            nearest_word(word, known) or "Name it by its id",
        )
        for where, words in asked
        for word in words
        if word not in known
    ]
    if found:
        raise DataContractError(found)

    def codes_of(words: list[str]) -> list[str]:
        meant = {known[word] for word in words}
        return [code for code in leaves if code in meant or str(parents[code]) in meant]

    problems = (
        codes_of(list(rules.problems)) if rules.problems else [c for c in leaves if PAINS in str(parents[c]).casefold()]
    )
    return problems or list(leaves), {name: codes_of(list(codes)) for name, codes in rules.incentives.items()}


def _conflicts(
    coded: CodedInterviews,
    bank: QuoteBank,
    roles: pd.Series,
    wants: pd.DataFrame,
    incentives: dict[str, list[str]],
    rules: Stakeholders,
) -> tuple[pd.DataFrame, int]:
    """Opposed wants of two people of one account in different roles, and how many accounts could show any."""
    known = coded.people.loc[roles.index]
    rows, accounts = [], 0
    for _, people in known[known[coded.unit].notna()].groupby(coded.unit, sort=False):
        pairs = [(a, b) for a, b in combinations(people.index, 2) if roles[a] != roles[b]]
        accounts += bool(pairs)
        for (one, other), (first, second) in product(pairs, rules.opposed):
            if wants.loc[[one, other], [first, second]].to_numpy(bool).all():
                continue
            for mine, theirs in ((first, second), (second, first)):
                if wants.at[one, mine] and wants.at[other, theirs]:
                    sides = [
                        (name, roles[name], want, *_quote(bank, incentives[want], pd.Index([name])))
                        for name, want in ((one, mine), (other, theirs))
                    ]
                    rows.append((f"A{accounts}", str(people["segment"].iloc[0]), *sides[0], *sides[1]))
    return pd.DataFrame(rows, columns=CONFLICT_COLUMNS), accounts


def _quote(bank: QuoteBank, codes: list[str], people: pd.Index) -> tuple[str, str]:
    """One quote with any of the codes by any of the people, and where it stands."""
    table = bank.table
    if table.empty:
        return "", ""
    own = table[table["code_id"].isin(codes) & table["participant"].isin(people)]
    for _, row in choose_quotes(own, 1).iterrows():
        return str(row["text"]), f"{row['source_id']}, turn {row['turn']}"
    return "", ""
