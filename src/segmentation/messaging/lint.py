"""Checks of every message against the display limits of its channel and the house rules of plain copy."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..display import Callout, Reading, Table
from ..words import source_words
from .fields import FIELD, UNFILLED, field_names, fill_fields
from .limits import channel_words, load_limits
from .readability import measure_grade, measure_lix, split_words
from .voice import Voice, check_voice

__all__ = ["LINT_COLUMNS", "describe_lint", "lint_messages", "tabulate_lint"]

LINT_COLUMNS = (
    "message_id",
    "persona_id",
    "channel",
    "element",
    "rule",
    "severity",
    "value",
    "limit",
    "sentence",
    "source",
)
# GSM 03.38; the second line's characters take two places
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO = set("^{}\\[~]|€")

Finding = tuple[str, str, float | str, float | str, str, str]  # rule, severity, value, limit, sentence, source


def lint_messages(
    messages: pd.DataFrame, *, limits: Mapping[str, Any] | None = None, voice: Mapping[str, Voice] | None = None
) -> pd.DataFrame:
    """Check every message in use against its channel's limits and the house rules.

    Rules: too_long, cut_off, too_many_words, words_outside, characters_outside, hard_to_read, unresolved_placeholder,
    unknown_field, capitals, exclamation_marks, number_without_proof, sms_parts, no_opt_out; and over sets of messages
    too_few, too_many, preheader_repeats_subject, lost_field (a translation without a field its parent has); with the
    brand's words: word_to_replace, word_to_avoid, claim_without_proof. Lengths count each allowed field ``{{name}}`` as the characters
    assumed in the limits file. An error is refused or broken by the channel; a warning is for the writer to judge.

    Parameters
    ----------
    messages : pandas.DataFrame
        As ``load_messages`` returns it; retired messages are not checked.
    limits : mapping, optional
        As ``load_limits`` returns it, which is the default.
    voice : mapping of str to Voice, optional
        The brand's words by language, as ``load_voice`` returns them.

    Returns
    -------
    pandas.DataFrame
        Columns ``LINT_COLUMNS``, one row a finding, errors first; empty when there is none.
    """
    rules = dict(limits) if limits is not None else load_limits()
    used = messages[messages["status"] != "retired"]
    rows = []
    for identifier, message in used.iterrows():
        rows += [(identifier, message, *finding) for finding in _lint_one(message, rules)]
        spoken = (voice or {}).get(message["locale"].lower().split("-")[0], Voice())
        for rule, word, sentence in check_voice(message["text"], spoken, proven=bool(message["proof_id"])):
            rows.append((identifier, message, rule, "warning", word, "", sentence, "the study's words"))
    rows += [*_lint_sets(used, rules), *_lint_translations(used)]
    records = [
        (
            identifier,
            m["persona_id"],
            m["channel"],
            m["element"],
            rule,
            severity,
            str(value),
            str(limit),
            sentence,
            source,
        )
        for identifier, m, rule, severity, value, limit, sentence, source in rows
    ]
    table = pd.DataFrame(records, columns=list(LINT_COLUMNS), dtype="str")
    return table.sort_values("severity", kind="stable").reset_index(drop=True)


def _lint_one(message: pd.Series, rules: Mapping[str, Any]) -> Iterator[Finding]:
    element = rules["channels"][message["channel"]][message["element"]]
    shown = fill_fields(message["text"], rules["placeholders"])
    yield from _lint_length(shown, element)
    yield from _lint_placeholders(message["text"], rules)
    yield from _lint_manners(FIELD.sub(" ", message["text"]), message, rules)
    if element.get("readable"):
        yield from _lint_reading(FIELD.sub("name", message["text"]), message, rules)
    if element.get("sms"):
        yield from _lint_sms(shown, element, rules)


def _lint_length(text: str, element: Mapping[str, Any]) -> Iterator[Finding]:
    source = element.get("source", "house")
    wide = element.get("wide", False)
    size = sum(2 if wide and unicodedata.east_asian_width(c) in "WF" else 1 for c in unicodedata.normalize("NFC", text))
    if "error" in element and size > element["error"]:
        limit = element["error"]
        yield "too_long", "error", size, limit, f"It has {size} characters; the channel takes {limit}.", source
    elif "warn" in element and size > element["warn"]:
        limit = element["warn"]
        yield "cut_off", "warning", size, limit, f"It has {size} characters; many screens cut it at {limit}.", source
    if "between" in element and not element["between"][0] <= size <= element["between"][1]:
        low, high = element["between"]
        yield (
            "characters_outside",
            "warning",
            size,
            f"{low}-{high}",
            f"It has {size} characters; {low} to {high} are shown well.",
            source,
        )
    words = len(text.split())
    if "words_warn" in element and words > element["words_warn"]:
        limit = element["words_warn"]
        yield (
            "too_many_words",
            "warning",
            words,
            limit,
            f"It has {words} words; more than {limit} are hard to take in here.",
            source,
        )
    if "words_between" in element and not element["words_between"][0] <= words <= element["words_between"][1]:
        low, high = element["words_between"]
        yield (
            "words_outside",
            "warning",
            words,
            f"{low}-{high}",
            f"It has {words} words; {low} to {high} are answered most.",
            source,
        )


def _lint_placeholders(text: str, rules: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(field_names(text)):
        if name not in rules["placeholders"]:
            allowed = ", ".join(rules["placeholders"])
            yield "unknown_field", "error", name, allowed, f"The tool has no field {name!r}; it has {allowed}.", "house"
    for found in UNFILLED.findall(FIELD.sub(" ", text)):
        yield "unresolved_placeholder", "error", found, "", f"{found!r} was never filled in.", "house"


def _lint_manners(text: str, message: pd.Series, rules: Mapping[str, Any]) -> Iterator[Finding]:
    known = set(rules["known_capitals"])
    if message["channel"] == "sms":
        known |= {word.upper() for word in rules["opt_out_words"]}
    shouted = [word for word in split_words(text) if len(word) > 2 and word.isupper() and word not in known]
    if len(shouted) > rules["capitals"]:
        sentence = f"{len(shouted)} words are in capitals ({', '.join(shouted[:3])})."
        yield "capitals", "warning", len(shouted), rules["capitals"], sentence, "house"
    marks = text.count("!")
    if marks > rules["exclamation_marks"]:
        limit = rules["exclamation_marks"]
        yield (
            "exclamation_marks",
            "warning",
            marks,
            limit,
            f"It has {marks} exclamation marks; {limit} is enough.",
            "house",
        )
    claim = text
    for phrase in rules["numbers_without_claim"]:
        claim = claim.replace(phrase, " ")
    numbers = re.findall(r"\d+(?:[.,]\d+)*", claim)
    if numbers and not message["proof_id"]:
        sentence = f"It names a number ({numbers[0]}) and cites no proof."
        yield "number_without_proof", "warning", numbers[0], "a proof", sentence, "house"


def _lint_reading(text: str, message: pd.Series, rules: Mapping[str, Any]) -> Iterator[Finding]:
    if len(split_words(text)) < rules["readable_from_words"]:
        return
    if message["locale"].lower().startswith("en"):
        grades = rules["grade"]
        limit, grade = grades.get(message["role"], grades["default"]), measure_grade(text)
        if grade > limit:
            sentence = (
                f"It reads like school year {grade:.0f} (Flesch-Kincaid grade); {limit} or less suits this reader."
            )
            yield "hard_to_read", "warning", f"{grade:.1f}", limit, sentence, grades["source"]
    else:
        limit, lix = rules["lix"]["default"], measure_lix(text)
        if lix > limit:
            sentence = (
                f"Its LIX, a measure of long words and sentences, is {lix:.0f}; {limit} and more is specialist prose."
            )
            yield "hard_to_read", "warning", f"{lix:.0f}", limit, sentence, rules["lix"]["source"]


def _lint_sms(text: str, element: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[Finding]:
    plain = all(character in _GSM or character in _GSM_TWO for character in text)
    size = len(text) + sum(character in _GSM_TWO for character in text) if plain else len(text.encode("utf-16-le")) // 2
    one, many = (160, 153) if plain else (70, 67)
    if size > one:
        odd = "" if plain else " It has a character outside the GSM alphabet, which halves what fits."
        sentence = (
            f"It has {size} characters and is sent and paid as {-(-size // many)} messages; {one} fit in one.{odd}"
        )
        yield "sms_parts", "warning", size, one, sentence, element["source"]
    if element.get("opt_out") and not any(word in text.lower() for word in rules["opt_out_words"]):
        yield "no_opt_out", "error", "", "", "It does not say how to stop further messages.", element["source"]


def _lint_translations(used: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    parents = used["parent_id"] if "parent_id" in used.columns else pd.Series(dtype="str")
    for identifier, parent in parents[parents.isin(used.index)].items():
        message = used.loc[identifier]
        for name in sorted(field_names(used.at[parent, "text"]) - field_names(message["text"])):
            sentence = f"It has lost the field {name!r} that {parent} has."
            yield identifier, message, "lost_field", "warning", name, parent, sentence, "house"


def _lint_sets(used: pd.DataFrame, rules: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    keys = ["persona_id", "stage", "channel", "region", "locale", "variant"]
    for group, rows in used.groupby(keys, sort=False):
        for element, limits in rules["channels"][group[2]].items():
            n, low, high = (rows["element"] == element).sum(), limits.get("at_least", 0), limits.get("at_most", 10_000)
            if low <= n <= high:
                continue
            rule, limit = ("too_few", low) if n < low else ("too_many", high)
            sentence = f"{group[0]} has {n} {group[2]} {element}s at {group[1]}; the channel wants {low} to {high}."
            first = rows.iloc[0].copy()
            first["element"] = element
            yield rows.index[0], first, rule, "warning", n, limit, sentence, limits["source"]
        subjects = set(rows.loc[rows["element"] == "subject", "text"].str.casefold())
        for identifier, message in rows[rows["element"] == "preheader"].iterrows():
            if message["text"].casefold() in subjects:
                sentence = "The preheader repeats the subject, so the reader learns nothing from it."
                yield identifier, message, "preheader_repeats_subject", "warning", "", "", sentence, "house"


def describe_lint(lint: pd.DataFrame, messages: pd.DataFrame) -> Reading | Callout:
    """How many messages need a second look and why, in plain sentences.

    Parameters
    ----------
    lint : pandas.DataFrame
        As ``lint_messages`` returns it.
    messages : pandas.DataFrame
        The matrix that was checked.

    Returns
    -------
    Reading or Callout
    """
    n = int((messages["status"] != "retired").sum()) if len(messages) else 0
    if not n:
        return Callout("absent", "This study has no messages to check.")
    checked = load_limits()["checked"]
    if lint.empty:
        all_of = (
            "The one message in use keeps the limits of its channel"
            if n == 1
            else f"All {n} messages in use keep the limits of their channels"
        )
        return Reading([f"{all_of} (limits as of {checked})."])
    errors = lint[lint["severity"] == "error"]
    counts = lint.groupby("rule", sort=False)["message_id"].nunique().sort_values(ascending=False, kind="stable")
    listed = ", ".join(f"{rule.replace('_', ' ')} {count}" for rule, count in counts.items())
    found = lint["message_id"].nunique()
    first = f"{found} of {n} messages in use {'has' if found == 1 else 'have'} something to look at: {listed}."
    second = "None of it would be refused or break on the channel."
    if len(errors):
        ids = ", ".join(errors["message_id"].drop_duplicates().head(8))
        more = errors["message_id"].nunique() - 8
        tail = f" and {more} more" if more > 0 else ""
        second = f"These would be refused or look broken and must be mended first: {ids}{tail}."
    third = (
        f"The limits were looked up on {checked} and change; how hard a text is to read is "
        "computed from the length of its words and sentences only."
    )
    return Reading([first, second, third])


def tabulate_lint(lint: pd.DataFrame, *, names: Mapping[str, str] | None = None, source: str = "") -> Table:
    """Table of findings, errors first.

    Parameters
    ----------
    lint : pandas.DataFrame
        As ``lint_messages`` returns it.
    names : mapping of str to str, optional
        Persona id to name.
    source : str
        Source line of the caption.

    Returns
    -------
    Table
    """
    labels = {
        "message_id": "Message", "persona_id": "Persona", "channel": "Channel", "element": "Part",
        "severity": "How bad",
        "sentence": "What",
    }  # fmt: skip
    tail = source_words(source)
    frame = lint[list(labels)].rename(columns=labels)
    frame["Persona"] = [(names or {}).get(who, "everybody" if who == "*" else who) for who in lint["persona_id"]]
    frame["Channel"] = [channel_words(channel) for channel in lint["channel"]]
    frame["Part"] = [str(part).replace("_", " ") for part in lint["element"]]
    many = lint["message_id"].nunique()
    caption = f"Findings of the copy check (n = {len(lint)} in {many} message{'' if many == 1 else 's'}).{tail}"
    return Table(frame, caption)
