"""Which persona hears what at which stage, what nobody is told, and which proofs have aged."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError
from ..period import Period
from ..words import count_words, join_words, source_words
from .readability import split_words

__all__ = [
    "coverage_grid", "describe_coverage", "find_orphan_pains", "find_same_words", "find_stale_proofs",
    "tabulate_coverage",
    "tabulate_stale_proofs",
]  # fmt: skip


def coverage_grid(
    messages: pd.DataFrame, personas: Collection[str], stages: Collection[str], channels: Collection[str] | None = None
) -> pd.DataFrame:
    """Count the messages of every persona at every stage, empty cells included.

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages are not counted.
    personas, stages : collection of str
        Ids in the order to show; the grid has a row for each pair, whether or not it has a message.
    channels : collection of str, optional
        When given, the grid is split by channel too; else ``channel`` is "any".

    Returns
    -------
    pandas.DataFrame
        Columns persona_id, stage, channel, messages, ready (approved or live), with_proof, regional (rows that
        inherit).

    Examples
    --------
    >>> matrix = pd.DataFrame({"persona_id": ["P1"], "stage": ["try"], "channel": ["email"], "status": ["live"],
    ...                        "proof_id": [""], "parent_id": [""]}, index=["M1"])
    >>> coverage_grid(matrix, ["P1"], ["try", "renew"])["messages"].tolist()
    [1, 0]
    """
    used = messages[messages["status"] != "retired"]
    rows = []
    for persona in personas:
        for stage in stages:
            here = used[(used["persona_id"] == persona) & (used["stage"] == stage)]
            for channel in channels or ["any"]:
                cell = here if channels is None else here[here["channel"] == channel]
                rows.append({
                    "persona_id": persona, "stage": stage, "channel": channel, "messages": len(cell),
                    "ready": int(cell["status"].isin(["approved", "live"]).sum()),
                    "with_proof": int((cell["proof_id"] != "").sum()), "regional": int((cell["parent_id"] != "").sum()),
                })  # fmt: skip
    columns = ["persona_id", "stage", "channel", "messages", "ready", "with_proof", "regional"]
    return pd.DataFrame(rows, columns=columns)


def find_orphan_pains(messages: pd.DataFrame, pains: Collection[str] | Mapping[str, str]) -> pd.DataFrame:
    """Pains people talk about and no message speaks to.

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages do not count.
    pains : collection of str, or mapping of str to str
        Code ids, or code ids with their words.

    Returns
    -------
    pandas.DataFrame
        Columns pain_id, words; in the order given.

    Examples
    --------
    >>> matrix = pd.DataFrame({"pain_id": ["late_payment"], "status": ["live"]})
    >>> find_orphan_pains(matrix, ["late_payment", "poor_signal"])["pain_id"].tolist()
    ['poor_signal']
    """
    messaged = set(messages.loc[messages["status"] != "retired", "pain_id"])
    words = dict(pains) if isinstance(pains, Mapping) else {pain: pain.replace("_", " ") for pain in pains}
    rows = [{"pain_id": pain, "words": text} for pain, text in words.items() if pain not in messaged]
    return pd.DataFrame(rows, columns=["pain_id", "words"])


def find_stale_proofs(messages: pd.DataFrame, period: Period | str, *, months: int = 12) -> pd.DataFrame:
    """Proofs in use that are older than a number of months when the period ends.

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages do not count.
    period : Period or str
    months : int
        Age above which a proof is stale.

    Returns
    -------
    pandas.DataFrame
        Columns proof_id, proof_source, proof_date, age_months (whole months, rounded down), messages; oldest first.

    Raises
    ------
    ParameterError
        If months is below 1.
    """
    if months < 1:
        raise ParameterError(f"months must be at least 1; got {months}")
    end = Period.parse(period).end
    used = messages[(messages["proof_id"] != "") & (messages["status"] != "retired")]
    grouped = used.groupby("proof_id", as_index=False).agg(
        proof_source=("proof_source", "first"), proof_date=("proof_date", "first"), messages=("text", "size")
    )
    stale = grouped[grouped["proof_date"] < end - pd.DateOffset(months=months)].sort_values(["proof_date", "proof_id"])
    ages = [12 * (end.year - d.year) + end.month - d.month - int(d.day > end.day) for d in stale["proof_date"]]
    columns = ["proof_id", "proof_source", "proof_date", "age_months", "messages"]
    return stale.assign(age_months=pd.Series(ages, index=stale.index, dtype="int64"))[columns].reset_index(drop=True)


def find_same_words(messages: pd.DataFrame, *, threshold: float = 0.8) -> pd.DataFrame:
    """Pairs of messages to different personas that say nearly the same, so that neither is specific.

    Likeness is the share of the words either uses that both use (Jaccard), between messages in one language.

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages do not count.
    threshold : float
        Likeness above which a pair is listed, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        Columns message_id, persona_id, other_message_id, other_persona_id, likeness; most alike first.

    Examples
    --------
    >>> matrix = pd.DataFrame({"persona_id": ["P1", "P2"], "locale": "en", "status": "live",
    ...                        "text": ["Get paid this week", "Get paid THIS week!"]}, index=["M1", "M2"])
    >>> find_same_words(matrix)["likeness"].tolist()
    [1.0]
    """
    used = messages[messages["status"] != "retired"]
    tokens = [(i, p, str(loc)[:2].lower(), frozenset(w.lower() for w in split_words(text))) for i, p, loc, text in zip(
        used.index, used["persona_id"], used["locale"], used["text"], strict=True)]  # fmt: skip
    rows = []
    for position, (first, persona, language, words) in enumerate(tokens):
        for second, other, other_language, others in tokens[position + 1 :]:
            if persona == other or language != other_language or not words or not others:
                continue
            likeness = len(words & others) / len(words | others)
            if likeness > threshold:
                rows.append((first, persona, second, other, likeness))
    columns = ["message_id", "persona_id", "other_message_id", "other_persona_id", "likeness"]
    return (
        pd.DataFrame(rows, columns=columns)
        .sort_values("likeness", ascending=False, kind="stable")
        .reset_index(drop=True)
    )


def say_in_use(messages: pd.DataFrame) -> str:
    """How many messages are in use, and how many of them are drafts; the one way in which every page says it.

    Examples
    --------
    >>> say_in_use(pd.DataFrame({"status": ["live", "draft", "retired"]}))
    '2 messages are in use, of which 1 is a draft'
    """
    used = messages[messages["status"] != "retired"]
    n, drafts = len(used), int((used["status"] == "draft").sum())
    which = "" if not drafts else f", of which {drafts} {'is a draft' if drafts == 1 else 'are drafts'}"
    return f"{count_words(n, 'message is', 'messages are')} in use{which}"


def say_filled(messages: pd.DataFrame, grid: pd.DataFrame) -> str:
    """How many are written to a persona, and how many pairs of persona and stage they fill."""
    cells = grid.groupby(["persona_id", "stage"], sort=False)["messages"].sum() if len(grid) else pd.Series(dtype=int)
    total, filled, used = int(cells.sum()), int((cells > 0).sum()), int((messages["status"] != "retired").sum())
    pairs = f"{filled or 'none'} of {count_words(len(cells), 'pair')} of persona and stage"
    if total == used:
        return f"{say_in_use(messages)}; {'it fills' if used == 1 else 'they fill'} {pairs}."
    whom = f"{total or 'none'} of them {'is' if total in (0, 1) else 'are'} written to a persona"
    return f"{say_in_use(messages)}; {whom}, the others to everybody, and {'fills' if total in (0, 1) else 'fill'} {pairs}."


def describe_coverage(
    grid: pd.DataFrame | None,
    messages: pd.DataFrame,
    *,
    orphans: pd.DataFrame | None = None,
    stale: pd.DataFrame | None = None,
    same: pd.DataFrame | None = None,
    names: Mapping[str, str] | None = None,
) -> Reading | Callout:
    """What the matrix covers and what it leaves out, in plain sentences.

    Parameters
    ----------
    grid : pandas.DataFrame or None
        As ``coverage_grid`` returns it; None or empty when the study has no messages.
    messages : pandas.DataFrame
        The matrix the grid was counted from.
    orphans, stale, same : pandas.DataFrame, optional
        Results of ``find_orphan_pains``, ``find_stale_proofs`` and ``find_same_words``.
    names : mapping of str to str, optional
        Persona id to name.

    Returns
    -------
    Reading or Callout
    """
    if grid is None or not grid["messages"].sum():
        return Callout("absent", "This study has no message matrix.", "Nothing can be said about who is told what.")
    cells = grid.groupby(["persona_id", "stage"], sort=False)[["messages", "with_proof"]].sum()
    empty = cells[cells["messages"] == 0]
    total, proofs = int(cells["messages"].sum()), int(cells["with_proof"].sum())
    paragraphs = [
        f"{say_filled(messages, grid)} Of those to a persona, {_proofs(proofs, total)} a proof (a number or a customer's case "
        "that backs the text)."
    ]
    paragraphs.append(_say_empty(empty, names or {}))
    if orphans is not None and len(orphans):
        paragraphs.append(f"Nobody is told anything about: {', '.join(orphans['words'])}.")
    elif orphans is not None:
        paragraphs.append("Every pain of the codebook has at least one message.")
    if stale is not None and len(stale):
        listed = ", ".join(
            f"{r.proof_id} ({r.age_months} months, {_count(r.messages, 'message')})" for r in stale.itertuples()
        )
        paragraphs.append(f"Proofs too old to rely on at the end of this period: {listed}.")
    elif stale is not None and proofs:
        paragraphs.append("No proof in use is too old at the end of this period.")
    if same is not None and len(same):
        listed = "; ".join(f"{r.message_id} and {r.other_message_id}" for r in same.head(5).itertuples())
        more = f" and {len(same) - 5} more" if len(same) > 5 else ""
        paragraphs.append(
            f"Nearly the same words are used for two personas, so they are not specific to either: {listed}{more}."
        )
    return Reading([text for text in paragraphs if text])


def _say_empty(empty: pd.DataFrame, names: Mapping[str, str]) -> str:
    if empty.empty:
        return "Every persona has a message at every stage."
    parts = []
    for persona, rows in empty.groupby(level="persona_id", sort=False):
        stages = join_words(str(stage).replace("_", " ") for stage in rows.index.get_level_values("stage"))
        parts.append(f"{names.get(str(persona), persona)} hears nothing at {stages}")
    return f"{'; '.join(parts)}."


def tabulate_coverage(grid: pd.DataFrame, *, names: Mapping[str, str] | None = None, source: str = "") -> Table:
    """Grid of persona by stage with the number of messages.

    Parameters
    ----------
    grid : pandas.DataFrame
        As ``coverage_grid`` returns it.
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    cells = grid.groupby(["persona_id", "stage"], sort=False)["messages"].sum().reset_index()
    wide = cells.pivot(index="persona_id", columns="stage", values="messages") if len(cells) else pd.DataFrame()
    wide = wide.reindex(index=cells["persona_id"].unique(), columns=cells["stage"].unique())
    wide.columns = [str(stage).replace("_", " ").capitalize() for stage in wide.columns]
    frame = wide.reset_index(names="Persona")
    frame["Persona"] = [(names or {}).get(persona, persona) for persona in frame["Persona"]]
    n = int(cells["messages"].sum())
    return Table(frame, f"Messages by persona and stage, retired ones left out (n = {n}).{source_words(source)}")


def tabulate_stale_proofs(stale: pd.DataFrame, *, source: str = "") -> Table:
    """Table of the proofs that have aged, as ``find_stale_proofs`` returns them."""
    names = {
        "proof_id": "Proof", "proof_source": "Source", "proof_date": "Date", "age_months": "Months old",
        "messages": "Messages",
    }  # fmt: skip
    frame = stale[list(names)].rename(columns=names)
    return Table(
        frame, f"Proofs in use that are too old at the end of the period (n = {len(frame)}).{source_words(source)}"
    )


def _proofs(proofs: int, total: int) -> str:
    if proofs == total:
        return "it cites" if total == 1 else "all cite"
    return f"{proofs or 'none'} {'cites' if proofs in (0, 1) else 'cite'}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
