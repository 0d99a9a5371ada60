"""Whether the persona field of the CRM says whom sales met."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..dataset import Dataset
from ..display import Callout, Reading, Table
from ..errors import DataContractError, Violation, nearest_word
from ..messaging.rates import say_share
from ..period import Period
from ..qualitative.intervals import wilson_interval
from ..words import source_words
from .feedback import label_kappa

__all__ = ["CrmAgreement", "compare_crm", "describe_crm", "tabulate_crm"]

FEW = 10  # conversations below which agreement is not judged


@dataclass(frozen=True)
class CrmAgreement:
    """The CRM's persona field against the persona that was found out.

    Attributes
    ----------
    known : int
        Conversations in which the true persona was found out and has a word in the CRM.
    n : int
        Of those, with a contact on the deal that has the field filled in.
    kappa, lower, upper : float
        Agreement beyond chance (Cohen) with an approximate 95 % interval; NaN when undefined.
    table : pandas.DataFrame
        One row a word of the CRM (and "all"): crm, n, agree, rate, from and to of its 95 % interval (lower, upper).
    reason : str
        Why there is nothing to compare; empty if there is.
    """

    known: int
    n: int
    kappa: float
    lower: float
    upper: float
    table: pd.DataFrame
    reason: str = ""


def compare_crm(
    feedback: pd.DataFrame, data: Dataset, words: Mapping[str, str], *, period: Period | str | None = None
) -> CrmAgreement:
    """Compare the persona field of the deal's first contact that has one with the persona that sales found out.

    Parameters
    ----------
    feedback : pandas.DataFrame
        As ``read_feedback`` returns it.
    data : Dataset
        Tables ``deals`` (with contact_ids) and ``contacts`` (with persona).
    words : mapping of str to str
        Persona id to its word in the CRM (``crm_personas`` of the study); several personas may share one.
    period : Period or str, optional
        Keep conversations of this quarter only.

    Returns
    -------
    CrmAgreement

    Raises
    ------
    DataContractError
        With every deal id of the feedback that the deals table does not know.
    """
    if period is not None:
        quarter = Period.parse(period)
        feedback = feedback[feedback["date"].between(quarter.start, quarter.end, inclusive="left")]
    deals, contacts = data.tables.get("deals"), data.tables.get("contacts")
    for missing, reason in (
        (not words, "the study does not say which word of the CRM stands for which persona (crm_personas)"),
        (deals is None or "contact_ids" not in deals, "no deals with contacts are in this study"),
        (contacts is None or "persona" not in contacts, "no contacts with a persona field are in this study"),
    ):
        if missing:
            return _nothing(reason)
    unknown = [(row, deal) for row, deal in feedback["deal_id"].items() if deal and deal not in deals.index]
    if unknown:
        raise DataContractError(
            Violation("no such deal", "sales feedback", int(row), "deal_id", deal, fix=nearest_word(deal, deals.index[:5000]))
            for row, deal in unknown
        )  # fmt: skip
    known = feedback[feedback["persona_true"].isin(list(words)) & (feedback["deal_id"] != "")]
    field = contacts["persona"].dropna().astype(str)
    crm = pd.Series(
        [_first_word(deals.at[deal, "contact_ids"], field) for deal in known["deal_id"]], index=known.index, dtype="str"
    )
    true = known["persona_true"].map(dict(words))
    there = crm.notna()
    return _agreement(len(known), crm[there], true[there])


def _first_word(contact_ids: object, field: pd.Series) -> str | None:
    ids = list(contact_ids) if isinstance(contact_ids, (list, tuple)) or hasattr(contact_ids, "__len__") else []
    return next((field[contact] for contact in ids if contact in field.index), None)


def _agreement(known: int, crm: pd.Series, true: pd.Series) -> CrmAgreement:
    rows = []
    for word in [*sorted(crm.unique()), "all"]:
        some = crm if word == "all" else crm[crm == word]
        agree = int((some == true.loc[some.index]).sum())
        rows.append(
            (word, len(some), agree, agree / len(some) if len(some) else math.nan, *wilson_interval(agree, len(some)))
        )
    table = pd.DataFrame(rows, columns=["crm", "n", "agree", "rate", "lower", "upper"])
    reason = (
        ""
        if len(crm)
        else "no conversation has both a persona that was found out and a contact with the field filled in"
    )
    return CrmAgreement(known, len(crm), *label_kappa(crm, true), table, reason)


def _nothing(reason: str) -> CrmAgreement:
    empty = pd.DataFrame(columns=["crm", "n", "agree", "rate", "lower", "upper"])
    return CrmAgreement(0, 0, math.nan, math.nan, math.nan, empty, reason)


def describe_crm(agreement: CrmAgreement) -> Reading | Callout:
    """Whether the CRM's persona field can be used to send messages by."""
    if agreement.reason:
        return Callout("absent", "The CRM's persona field could not be compared.", f"The reason: {agreement.reason}.")
    total = agreement.table[agreement.table["crm"] == "all"].iloc[0]
    text = (
        f"The persona field of the CRM named the persona that sales then found out in {say_share(total['agree'], total['n'])} of the "
        f"conversations where both are known ({agreement.n} of {agreement.known})."
    )
    if math.isnan(agreement.kappa) or agreement.n < FEW:
        return Reading([f"{text} Too few to judge."])
    text += (
        f" Agreement beyond chance (Cohen's kappa, 1 is perfect, 0 is guessing): {agreement.kappa:.2f}, 95 % interval "
        f"{agreement.lower:.2f} to {agreement.upper:.2f}."
    )
    if agreement.lower <= 0:
        text += " It cannot be told from guessing: do not send messages by this field before it is mended."
    elif agreement.upper < 0.6:
        text += " It knows something, and is wrong too often to send messages by it alone."
    return Reading([text])


def tabulate_crm(
    agreement: CrmAgreement,
    *,
    words: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    source: str = "",
) -> Table:
    """How often each word of the CRM was right.

    Parameters
    ----------
    agreement : CrmAgreement
    words : mapping of str to str, optional
        Persona id to its word in the CRM, as ``compare_crm`` takes it.
    names : mapping of str to str, optional
        Persona id to name; with both, the table says which personas a word stands for.
    source : str

    Returns
    -------
    Table
    """
    people: dict[str, list[str]] = {}
    for persona, word in (words or {}).items():
        people.setdefault(word, []).append((names or {}).get(persona, persona))
    named = {word: f"{' or '.join(who)} ({word})" for word, who in people.items()}
    names = {"crm": "CRM says", "n": "n", "agree": "Right", "rate": "Share", "lower": "from", "upper": "to"}
    frame = agreement.table[list(names)].rename(columns=names)
    frame["CRM says"] = frame["CRM says"].replace({**named, "all": "any persona"})
    frame = frame.astype({"n": "int64", "Right": "int64"}) if len(frame) else frame
    formats = {"n": ",d", "Right": ",d", "Share": ".0%", "from": ".0%", "to": ".0%"}
    caption = f"The CRM's persona field against the persona found out (n = {agreement.n} conversations)."
    note = "from, to: 95 % interval of the share. The field is that of the first contact on the deal that has it filled in."
    return Table(frame if agreement.n else frame.iloc[:0], caption + source_words(source), formats, note)
