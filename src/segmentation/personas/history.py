"""What became of each claim from quarter to quarter: as published then, or held against last quarter's data now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..period import Period
from ..profiling import profile_segments
from ..words import count_words, join_words, percent_words
from ..workspace import Workspace
from .check import CheckedPersonas, check_personas

__all__ = ["PersonaHistory", "describe_persona_history", "recall_personas", "tabulate_persona_history"]

COLUMNS = ["period", "persona_id", "section", "text", "status"]
STANDS = {"ok": "stands", "stale": "no longer shown", "broken": "points to nothing", "assumption": "assumption"}


@dataclass(frozen=True)
class PersonaHistory:
    """Claims by quarter, the earliest first.

    Attributes
    ----------
    claims : pandas.DataFrame
        period (str), persona_id, section, text, status; this quarter's included. A claim is the same as long as its words
        are.
    before : str
        The quarter that "since last quarter" means; empty where there is none.
    reckoned : bool
        Last quarter's claims were not published: this quarter's were held against last quarter's numbers instead.
    sizes : mapping of str to float
        Last quarter's share of each segment.
    """

    claims: pd.DataFrame
    before: str = ""
    reckoned: bool = False
    sizes: dict[str, float] = field(default_factory=dict)

    @property
    def periods(self) -> list[str]:
        """Quarters there are claims of, in order."""
        return sorted(self.claims["period"].unique())

    def changes(self, persona_id: str) -> dict[str, list[str]]:
        """Claims of a persona that are no longer shown, are shown again, are new, or were taken out, since last quarter.

        Examples
        --------
        >>> rows = [("2026Q2", "s1-a", "pains", "Waits", "ok"), ("2026Q3", "s1-a", "pains", "Waits", "stale")]
        >>> history = PersonaHistory(pd.DataFrame(rows, columns=COLUMNS), before="2026Q2")
        >>> history.changes("s1-a")["fell"]
        ['Waits']
        """
        found: dict[str, list[str]] = {"fell": [], "rose": [], "new": [], "gone": []}
        theirs = self.claims[(self.claims["persona_id"] == persona_id) & (self.claims["section"] != "quotes")]
        if not self.before or self.before not in set(theirs["period"]):
            return found
        now = theirs[theirs["period"] == self.periods[-1]].drop_duplicates("text").set_index("text")["status"]
        then = theirs[theirs["period"] == self.before].drop_duplicates("text").set_index("text")["status"]
        for text, status in now.items():
            if text not in then:
                found["new"].append(str(text))
            elif then[text] == "ok" and status in ("stale", "broken"):
                found["fell"].append(str(text))
            elif then[text] != "ok" and status == "ok":
                found["rose"].append(str(text))
        found["gone"] = [str(text) for text in then.index if text not in now]
        return found


def recall_personas(run: Workspace, checked: CheckedPersonas) -> PersonaHistory:
    """Claims of earlier quarters from the ledger; where last quarter has none, today's held against last quarter's numbers.

    Interviews and touchpoints are the same in both quarters then, so only claims that rest on the profile can have changed.

    Parameters
    ----------
    run : Workspace
        With the results of stages 01 and 02.
    checked : CheckedPersonas
        Of this quarter.

    Returns
    -------
    PersonaHistory

    Raises
    ------
    DataContractError
        If a table of the ledger is not as it was written.
    """
    tables = [_labelled(checked.claims, run.period)]
    for folder in sorted(run.ledger.glob("period=*")):
        period = Period.parse(folder.name.removeprefix("period="))
        entry = Workspace(run.study, period, "ledger", folder)
        if period.start < run.period.start and entry.has("claims"):
            tables.append(_labelled(entry.read("claims"), period))
    previous = str(run.period.previous)
    published = any((table["period"] == previous).any() for table in tables)
    sizes = _sizes(run)
    reckoned = None if published or not checked.personas else _reckon(run, checked)
    if reckoned is not None:
        tables.append(_labelled(reckoned, run.period.previous))
    claims = pd.concat(tables, ignore_index=True).sort_values("period", kind="stable", ignore_index=True)
    return PersonaHistory(claims, previous if published or reckoned is not None else "", reckoned is not None, sizes)


def _labelled(claims: pd.DataFrame, period: Period) -> pd.DataFrame:
    return claims.assign(period=str(period))[COLUMNS].astype(str)


def _sizes(run: Workspace) -> dict[str, float]:
    if not run.has("membership_previous"):
        return {}
    placed = run.read("membership_previous")["segment"].dropna().astype(str)
    return {str(segment): float(share) for segment, share in placed.value_counts(normalize=True).items()}


def _reckon(run: Workspace, checked: CheckedPersonas) -> pd.DataFrame | None:
    """This quarter's claims against last quarter's profile; None where last quarter has no segments."""
    if not (run.has("features_previous") and run.has("membership_previous")):
        return None
    features, membership = run.read("features_previous"), run.read("membership_previous")
    if membership["segment"].notna().sum() == 0:
        return None
    try:
        profile = profile_segments(features, membership, run.study)
    except ParameterError:  # last quarter's data allow no profile: a fact about then, not a mistake now
        return None
    then = replace(checked.findings, profile=profile, features=features, membership=membership)
    return check_personas(checked.personas, then, rules=checked.thresholds).claims


def describe_persona_history(history: PersonaHistory, checked: CheckedPersonas) -> Reading | Callout:
    """What changed since last quarter, in words.

    Parameters
    ----------
    history : PersonaHistory
    checked : CheckedPersonas

    Returns
    -------
    Reading or Callout
        Absent without an earlier quarter.

    Examples
    --------
    >>> from segmentation.personas import Findings
    >>> nothing = PersonaHistory(pd.DataFrame(columns=COLUMNS))
    >>> describe_persona_history(nothing, check_personas((), Findings())).kind
    'absent'
    """
    if not history.before:
        return Callout("absent", "There is no earlier quarter to compare personas with.")
    names = {persona.persona_id: persona.name for persona in checked.personas}
    changes = {key: history.changes(key) for key in names}
    total = {kind: sum(len(found[kind]) for found in changes.values()) for kind in ("fell", "rose", "new", "gone")}
    fell, rose = total["fell"], total["rose"]
    words = (
        f"Since {history.before} {count_words(fell, 'claim has', 'claims have')} lost what carried {'it' if fell == 1 else 'them'}, "
        f"{rose or 'none'} {'has' if rose in (0, 1) else 'have'} gained it, {total['new'] or 'none'} "
        f"{'is' if total['new'] in (0, 1) else 'are'} new and {total['gone'] or 'none'} {'was' if total['gone'] in (0, 1) else 'were'} "
        "taken out."
    )
    if history.reckoned:
        words += (
            f" The record of published quarters holds no personas for {history.before}, whenever their texts were written. So today's "
            "claims were held against the profile of that quarter; interviews and touchpoints are the same in both."
        )
    lost = [f"{names[key]}: “{text}”" for key, found in changes.items() for text in found["fell"]]
    listed = [*lost[:4], *([f"{len(lost) - 4} more"] if len(lost) > 4 else [])]
    return Reading([words, *([f"Lost: {join_words(listed)}."] if lost else [])])


def tabulate_persona_history(history: PersonaHistory, checked: CheckedPersonas) -> Table:
    """Claims whose standing is not the same in all quarters.

    Parameters
    ----------
    history : PersonaHistory
    checked : CheckedPersonas

    Returns
    -------
    Table
        Persona, Claim, and a column a quarter.

    Examples
    --------
    >>> from segmentation.personas import Findings
    >>> nothing = PersonaHistory(pd.DataFrame(columns=COLUMNS))
    >>> list(tabulate_persona_history(nothing, check_personas((), Findings())).frame.columns)
    ['Persona', 'Claim']
    """
    names = {persona.persona_id: persona.name for persona in checked.personas}
    rows = [row for row in standing_rows(history) if len(set(row["standing"])) > 1]
    frame = pd.DataFrame(
        [[names.get(row["persona_id"], row["persona_id"]), row["text"], *row["standing"]] for row in rows],
        columns=["Persona", "Claim", *history.periods],
    )
    nothing = "No claim changed its standing." if history.before else ""
    return Table(frame, f"Claims whose standing changed, n = {len(frame)}.", empty=nothing)


def standing_rows(history: PersonaHistory) -> list[dict[str, Any]]:
    """One entry a claim: persona_id, section, text, and its standing in each quarter ("not there" where it was not written)."""
    if history.claims.empty:
        return []
    rows = []
    keys = ["persona_id", "section", "text"]
    for (persona_id, section, text), claims in history.claims.groupby(keys, sort=False):
        known = dict(zip(claims["period"], claims["status"], strict=True))
        standing = [STANDS.get(known.get(period, ""), "not there") for period in history.periods]
        rows.append({"persona_id": persona_id, "section": section, "text": text, "standing": standing})
    return rows


def changed_lines(history: PersonaHistory, persona_id: str, segment: str, share: float | None) -> list[str]:
    """What the sheet says of the time since last quarter, a short sentence each; empty without an earlier quarter."""
    if not history.before:
        return []
    lines = []
    if share is not None and segment in history.sizes:
        before = history.sizes[segment]
        same = round(100 * before) == round(100 * share)
        now = percent_words(share)
        lines.append(
            f"The segment is {now} of all, as before."
            if same
            else f"The segment is {now} of all, was {percent_words(before)}."
        )
    found = history.changes(persona_id)
    said = {"fell": "No longer shown", "rose": "Shown again", "new": "New", "gone": "Taken out"}
    for kind, words in said.items():
        if found[kind]:
            first = found[kind][0].rstrip(".")
            more = f" and {len(found[kind]) - 1} more" if len(found[kind]) > 1 else ""
            lines.append(f"{words}: {first}{more}.")
    return lines if any(found.values()) else [*lines, "Every claim stands as it did."]
