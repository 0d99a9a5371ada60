"""Who wants what, in words and tables for a reader."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..words import count_words, join_words
from .stakeholders import StakeholderCube

__all__ = ["describe_stakeholders", "tabulate_conflicts", "tabulate_stakeholders", "tabulate_wants"]

FEW = 3
NO_CUBE = Callout(
    "absent",
    "Who in an account wants what cannot be told.",
    "It needs interviews, a column role in the table of interviewees, and `stakeholders:` in the study file: which job titles play which "
    "part in a decision, and which codes show what somebody stands to gain.",
)


def describe_stakeholders(cube: StakeholderCube) -> Reading | Callout:
    """What each role stands to gain, and where roles of one account pull apart.

    Parameters
    ----------
    cube : StakeholderCube

    Returns
    -------
    Reading or Callout
        Absent without roles or interviews.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews, map_stakeholders
    >>> from segmentation.qualitative.quotes import COLUMNS, QuoteBank
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> describe_stakeholders(map_stakeholders(nobody, QuoteBank(pd.DataFrame(columns=COLUMNS)), None)).kind
    'absent'
    """
    if not cube.people:
        return NO_CUBE
    return Reading([_say_roles(cube), _say_conflicts(cube)])


def _say_roles(cube: StakeholderCube) -> str:
    parts = []
    for role, own in cube.wants.groupby("role", sort=False):
        heard = own[own["k"] > 0].sort_values("k", ascending=False, kind="stable").head(2)
        n = int(own["n"].iloc[0])
        listed = (
            join_words(f"{row.incentive} ({row.k} of {n})" for row in heard.itertuples())
            if len(heard)
            else "nothing on the list"
        )
        parts.append(f"{role} (n = {n}): {listed}")
    text = (
        f"{count_words(cube.people, 'interviewee')} could be given a role by job title. What they stand to gain, most often: "
        f"{'; '.join(parts)}."
    )
    small = [str(role) for role, own in cube.wants.groupby("role", sort=False) if int(own["n"].iloc[0]) < FEW]
    if small:
        text += f" Fewer than {FEW} people speak as {join_words(small)}: read that as anecdotes."
    if cube.unknown:
        text += f" No role is named for {join_words(f'“{title}”' for title in cube.unknown)}; they are left out."
    return text


def _say_conflicts(cube: StakeholderCube) -> str:
    if not cube.opposed:
        return "The study names no opposed incentives, so conflicts were not looked for."
    rule = (
        "A conflict is two people of one account in different roles, one who brings up one side of an opposed pair "
        f"({join_words(f'{one} against {other}' for one, other in cube.opposed)}) and one the other, unless both bring up both. A code "
        "says that a matter came up and not which side somebody takes: the quotes decide."
    )
    if not cube.accounts:
        alone = "Nowhere were two people of one account in different roles interviewed. That no conflict can be seen is no sign of peace."
        return f"{alone} {rule}"
    where = cube.conflicts["account"].nunique()
    seen = f"{count_words(cube.accounts, 'account')} {'was' if cube.accounts == 1 else 'were'} seen through people in different roles; "
    seen += f"their wants are opposed in {where} of them" if where else "no opposed wants were found there"
    listed = "; ".join(
        f"{row.account} in {row.segment}: “{row.one_wants}” ({row.one}, {row.one_role}) against “{row.other_wants}” ({row.other}, "
        f"{row.other_role})"
        for row in cube.conflicts.itertuples()
    )
    return f"{seen}{': ' + listed if where else ''}. All other accounts were seen through one person only. {rule}"


def tabulate_wants(cube: StakeholderCube) -> Table:
    """What each role stands to gain: k of n interviewees of the role.

    Parameters
    ----------
    cube : StakeholderCube

    Returns
    -------
    Table
        Role, n, one column an incentive.
    """
    rows = [
        {"Role": role, "n": int(own["n"].iloc[0])} | {row.incentive: f"{row.k} of {row.n}" for row in own.itertuples()}
        for role, own in cube.wants.groupby("role", sort=False)
    ]
    people = count_words(cube.people, "person", "people")
    caption = f"What interviewees of each role stand to gain, n = {people}. {cube.presence} {cube.source}"
    return Table(pd.DataFrame(rows), caption.strip())


def tabulate_stakeholders(cube: StakeholderCube, *, most: int = 12) -> Table:
    """The problems most often met in a role, as the figure counts them, with what those people stand to gain and a quote.

    Parameters
    ----------
    cube : StakeholderCube
    most : int
        Rows at most.

    Returns
    -------
    Table
        Problem, Role, People (k of n of the role with the problem), Of them stand to gain (how many), Quote, Where.
    """
    met = cube.problems[cube.problems["k"] > 0]
    met = met.assign(share=met["k"].astype(float) / met["n"].astype(float))
    shown = met.sort_values(["k", "share"], ascending=False, kind="stable").head(most)
    behind = [
        cube.cells[(cube.cells["problem"] == problem) & (cube.cells["role"] == role)].sort_values(
            "k", ascending=False, kind="stable"
        )
        for problem, role in zip(shown["problem"], shown["role"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "Problem": shown["name"].astype(str),
            "Role": shown["role"].astype(str),
            "People": [f"{k} of {n}" for k, n in zip(shown["k"], shown["n"], strict=True)],
            "Of them stand to gain": [_gains(own) for own in behind],
            "Quote": [text or "no quote" for text in shown["quote"]],
            "Where": shown["where"].astype(str),
        }
    )
    caption = (
        f"Problem, role and what there is to gain: the {len(shown)} fullest of {len(met)} pairs of problem and role that hold anybody. "
        f"People: interviewees of the role with the problem, of all of the role. {cube.source}"
    )
    return Table(frame, caption.strip(), None, "The quote is about the problem. Chosen people, no share of customers.")


def _gains(own: pd.DataFrame) -> str:
    listed = [f"{row.incentive} ({row.k})" for row in own.head(FEW).itertuples()]
    return join_words(listed) if listed else "nothing on the list"


def tabulate_conflicts(cube: StakeholderCube) -> Table:
    """Conflicts between roles of one account, both sides in their own words.

    Parameters
    ----------
    cube : StakeholderCube

    Returns
    -------
    Table
        Account, One side, In their words, Other side, In their words too.
    """
    rows = []
    for row in cube.conflicts.itertuples():
        sides = [
            (f"{want}: {role} ({name})", f"{quote} ({where})" if quote else "no quote")
            for want, role, name, quote, where in (
                (row.one_wants, row.one_role, row.one, row.one_quote, row.one_where),
                (row.other_wants, row.other_role, row.other, row.other_quote, row.other_where),
            )
        ]
        rows.append((f"{row.account}, {row.segment}", *sides[0], *sides[1]))
    frame = pd.DataFrame(rows, columns=["Account", "One side", "In their words", "Other side", "In their words too"])
    caption = f"Where two roles of one account pull apart; {count_words(cube.accounts, 'account')} could show it. {cube.source}"
    return Table(frame, caption.strip())
