"""What the matrix leaves open: lines that cite nothing, and languages a message is not written in."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from ..display import Reading, Table
from ..words import count_words, join_words, source_words

__all__ = ["describe_gaps", "find_missing_locales", "find_uncited", "tabulate_missing_locales", "tabulate_uncited"]

_CITED = {"pain_id": "a pain", "value_prop_id": "a value proposition", "proof_id": "a dated proof"}


def find_uncited(messages: pd.DataFrame) -> pd.DataFrame:
    """Messages in use that do not cite a pain, a value proposition and a proof.

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages do not count.

    Returns
    -------
    pandas.DataFrame
        Columns message_id, persona_id, status, missing (what it does not cite, in words).

    Examples
    --------
    >>> cells = {"persona_id": "P1", "status": "live", "pain_id": "late", "value_prop_id": "", "proof_id": ""}
    >>> find_uncited(pd.DataFrame([cells], index=["M1"]))["missing"].tolist()
    ['a value proposition and a dated proof']
    """
    rows = []
    for identifier, message in messages[messages["status"] != "retired"].iterrows():
        missing = [words for column, words in _CITED.items() if not message[column]]
        if missing:
            rows.append((identifier, message["persona_id"], message["status"], join_words(missing)))
    return pd.DataFrame(rows, columns=["message_id", "persona_id", "status", "missing"])


def find_missing_locales(messages: pd.DataFrame, locales: Collection[str]) -> pd.DataFrame:
    """Global messages in use without a text of their own in a locale.

    A row inherits from the global one, so that nobody is told nothing: where a locale is missing, its readers are told the
    global text.

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages do not count.
    locales : collection of str
        Locales each message should have.

    Returns
    -------
    pandas.DataFrame
        Columns message_id, persona_id, stage, channel, element, locale (missing), told (locale of the text its readers get).
    """
    used = messages[messages["status"] != "retired"]
    parents = used["parent_id"].to_dict()
    rows = []
    for identifier, message in used[used["region"] == "*"].iterrows():
        family = {identifier} | {child for child in used.index if _descends(child, str(identifier), parents)}
        have = set(used.loc[list(family), "locale"])
        for locale in locales:
            if locale not in have:
                cells = [message[column] for column in ("persona_id", "stage", "channel", "element")]
                rows.append((identifier, *cells, locale, message["locale"]))
    columns = ["message_id", "persona_id", "stage", "channel", "element", "locale", "told"]
    return pd.DataFrame(rows, columns=columns)


def _descends(child: object, ancestor: str, parents: Mapping[object, str]) -> bool:
    here = parents.get(child, "")
    while here:
        if here == ancestor:
            return True
        here = parents.get(here, "")
    return False


def describe_gaps(uncited: pd.DataFrame, missing: pd.DataFrame, messages: pd.DataFrame) -> Reading:
    """Lines that cite nothing and languages that are missing, in plain sentences.

    Parameters
    ----------
    uncited : pandas.DataFrame
        As ``find_uncited`` returns it.
    missing : pandas.DataFrame
        As ``find_missing_locales`` returns it.
    messages : pandas.DataFrame
        The matrix.

    Returns
    -------
    Reading
        Nothing where there are no messages.
    """
    used = messages[messages["status"] != "retired"]
    if used.empty:
        return Reading(())
    paragraphs = ["Every message in use cites a pain, a value proposition and a dated proof."]
    if len(uncited):
        sent = uncited[uncited["status"].isin(["approved", "live"])]
        paragraphs = [
            f"{len(uncited)} of {count_words(len(used), 'message')} in use {'cites' if len(uncited) == 1 else 'cite'} less than a pain, a "
            f"value proposition and a dated proof; {len(sent) or 'none'} of them {'is' if len(sent) <= 1 else 'are'} approved or live."
        ]
    if len(missing):
        total = int((used["region"] == "*").sum())
        listed = join_words(f"{locale} {count}" for locale, count in missing["locale"].value_counts(sort=True).items())
        paragraphs.append(
            f"Of {count_words(total, 'message')} for every region, these have no text of their own in a locale the study names: {listed}. "
            "Readers there get the global text."
        )
    return Reading(paragraphs)


def tabulate_uncited(uncited: pd.DataFrame, *, source: str = "") -> Table:
    """Table of messages that cite too little, as ``find_uncited`` returns them."""
    names = {"message_id": "Message", "persona_id": "Persona", "status": "Status", "missing": "Does not cite"}
    frame = uncited[list(names)].rename(columns=names)
    return Table(frame, f"Messages in use that cite too little (n = {len(frame)}).{source_words(source)}")


def tabulate_missing_locales(
    missing: pd.DataFrame, messages: pd.DataFrame, *, names: Mapping[str, str] | None = None, source: str = ""
) -> Table:
    """Table of global messages by persona, and how many have no text in each locale."""
    used = messages[(messages["status"] != "retired") & (messages["region"] == "*")]
    wide = missing.groupby(["persona_id", "locale"], sort=False).size().unstack(fill_value=0)
    total = used.groupby("persona_id", sort=False).size()
    frame = wide.reindex(total.index, fill_value=0) if len(missing) else wide
    shown = frame.reset_index(names="Persona") if len(frame) else pd.DataFrame({"Persona": []})
    shown["Persona"] = [(names or {}).get(p, "everybody" if p == "*" else p) for p in shown["Persona"]]
    if len(shown):
        shown.insert(1, "Messages", total.to_numpy())
    shown.columns = [str(column) for column in shown.columns]
    caption = "Messages without a text of their own, by persona and locale." + source_words(source)
    return Table(shown, caption, empty="No text is missing in a locale the study names.")
