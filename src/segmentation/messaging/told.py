"""What interviewees told about each stage of the journey and how they felt, every passage checked against its transcript."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import DataContractError, Violation, nearest_word
from ..qualitative import CodedInterviews, Redactor
from ..qualitative.alpha import krippendorff_alpha
from ..qualitative.quotes import check_quote
from ..study import Study
from ..words import count_words, join_words, source_words
from .cites import check_said
from .rates import order_segments
from .rows import read_rows

__all__ = [
    "TOLD_COLUMNS", "check_told", "consented_transcripts", "describe_told", "load_told", "summarise_told", "tabulate_told",
]  # fmt: skip

TOLD_COLUMNS = (
    "participant", "segment", "persona_id", "stage", "channel", "emotion", "text", "coder", "source_id", "start", "end",
)  # fmt: skip
_WRITTEN = ("participant", "persona_id", "stage", "channel", "emotion", "text", "coder")
_EMOTIONS = {"-2": -2, "-1": -1, "0": 0, "1": 1, "+1": 1, "2": 2, "+2": 2, "": np.nan}


def consented_transcripts(coded: CodedInterviews) -> dict[str, str] | None:
    """Participant to transcript, of those who agreed to be quoted.

    Parameters
    ----------
    coded : CodedInterviews

    Returns
    -------
    dict of str to str, or None
        None where nobody was interviewed, empty where nobody agreed.
    """
    people = coded.people
    if people.empty:
        return None
    agreed = people[people["consent"].astype(bool) & people["source_id"].isin(coded.transcripts.index)]
    return {str(who): str(coded.transcripts[source]) for who, source in agreed["source_id"].items()}


def load_told(
    study: Study, coded: CodedInterviews, redactor: Redactor, *, personas: Collection[str] | None = None
) -> pd.DataFrame:
    """Read what interviewees told by stage: from the file the study names, and from codes that stand for stages.

    Parameters
    ----------
    study : Study
        ``messaging.told`` names a CSV file (participant, persona_id, stage, channel, emotion -2 to 2, text, coder); every text
        must stand in the transcript word for word. ``messaging.stage_codes`` says which codes of the codebook place a passage
        in a stage, ``messaging.emotion_codes`` which give it an emotion: a passage has the mean of those the same coder gave
        at overlapping places.
    coded : CodedInterviews
    redactor : Redactor
        Takes identifiers out of the texts.
    personas : collection of str, optional
        Ids that may be named.

    Returns
    -------
    pandas.DataFrame
        Columns ``TOLD_COLUMNS``, one row a passage and coder; text redacted; emotion NaN where nobody judged it. Only people
        who agreed to be quoted. Empty with the same columns without such evidence.

    Raises
    ------
    DataContractError
        With every violation of the file: unknown participant, stage or persona, an emotion outside -2 to 2, words that do not
        stand in the transcript, a passage judged twice by one coder.
    """
    rows = [_from_codes(study, coded, redactor)]
    if study.messaging.told is not None:
        rows.append(_from_file(study, coded, redactor, personas))
    filled = [frame for frame in rows if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else rows[0]


def check_told(
    study: Study, transcripts: Mapping[str, str] | None = None, *, personas: Collection[str] | None = None
) -> pd.DataFrame:
    """Read the file of told passages as it was written and refuse what is wrong with it; nothing is redacted.

    Parameters
    ----------
    study : Study
        With ``messaging.told``.
    transcripts : mapping of str to str, optional
        Participant to transcript, of those who agreed to be quoted; without it, words are not looked up.
    personas : collection of str, optional
        Ids that may be named.

    Returns
    -------
    pandas.DataFrame
        The cells as text, indexed by the row of the file.

    Raises
    ------
    DataContractError
        With every violation of the file, as ``load_told`` says.
    """
    file = study.resolve(str(study.messaging.told))
    given, violations = read_rows(file, _WRITTEN)
    if transcripts is not None and not transcripts:
        fix = "Add transcripts and who agreed to be quoted to sources, or take messaging.told out"
        violations.append(Violation("nobody in this study was interviewed and may be quoted", file.name, fix=fix))
        raise DataContractError(violations)
    lists = {"stage": list(study.journeys), "emotion": list(_EMOTIONS)[:-1], "persona_id": personas}
    seen: dict[tuple[str, ...], int] = {}
    for row, record in given.iterrows():
        for column, allowed in lists.items():
            word = record[column]
            if allowed is None or (word == "" and column != "stage") or word in allowed:
                continue
            listed, hint = ", ".join(sorted(map(str, allowed))), nearest_word(word, allowed)
            what = f"no such {column.removesuffix('_id')}"
            violations.append(Violation(what, file.name, row, column, word, listed, hint))
        if transcripts is not None:
            violations += check_said(record["text"], record["participant"], transcripts, (file.name, row), "text")
        key = (record["participant"], record["stage"], record["text"], record["coder"])
        if key in seen:
            fix = "One coder judges a passage once; name the other coder"
            what = f"passage judged in row {seen[key]} too"
            violations.append(Violation(what, file.name, row, "coder", key[3], fix=fix))
        seen.setdefault(key, row)
    if violations:
        raise DataContractError(sorted(violations, key=lambda v: (int(v.row or 0), v.column or "")))
    return given


def _from_file(
    study: Study, coded: CodedInterviews, redactor: Redactor, personas: Collection[str] | None
) -> pd.DataFrame:
    transcripts = consented_transcripts(coded) or {}
    found = []
    for record in check_told(study, transcripts, personas=personas).to_dict("records"):
        who, whole = record["participant"], transcripts[record["participant"]]
        place = check_quote(record["text"], whole)
        found.append({
            **record, "segment": coded.people.at[who, "segment"], "emotion": _EMOTIONS[record["emotion"]],
            "text": redactor.redact(whole, place.start, place.end), "coder": record["coder"] or "one coder",
            "source_id": coded.people.at[who, "source_id"], "start": place.start, "end": place.end,
        })  # fmt: skip
    return _frame(found)


def _from_codes(study: Study, coded: CodedInterviews, redactor: Redactor) -> pd.DataFrame:
    stages = {code: stage for stage, codes in study.messaging.stage_codes.items() for code in codes}
    transcripts = consented_transcripts(coded) or {}
    if not stages or coded.empty:
        return _frame([])
    codings = coded.codings[coded.codings["participant"].isin(transcripts)]
    felt = codings[codings["code_id"].isin(study.messaging.emotion_codes)]
    found = []
    for passage in codings[codings["code_id"].isin(stages)].itertuples():
        same = felt[(felt["source_id"] == passage.source_id) & (felt["coder"] == passage.coder)]
        same = same[(same["start"] < passage.end) & (same["end"] > passage.start)]
        marks = [study.messaging.emotion_codes[code] for code in same["code_id"]]
        found.append({
            "participant": passage.participant, "segment": passage.segment, "persona_id": "", "stage": stages[passage.code_id],
            "channel": "", "emotion": float(np.mean(marks)) if marks else np.nan,
            "text": redactor.redact(transcripts[passage.participant], passage.start, passage.end),
            "coder": passage.coder, "source_id": passage.source_id, "start": passage.start, "end": passage.end,
        })  # fmt: skip
    return _frame(found)


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    kinds = {"emotion": "float64", "start": "int64", "end": "int64"}
    frame = pd.DataFrame(rows, columns=list(TOLD_COLUMNS))
    return frame.astype({column: kinds.get(column, "str") for column in TOLD_COLUMNS})


def summarise_told(told: pd.DataFrame, stages: Collection[str]) -> pd.DataFrame:
    """Emotion and people by stage, for each segment, each persona and everybody.

    A passage has the mean of its coders' judgements, a person the mean of their passages, so that nobody counts more for
    having talked more.

    Parameters
    ----------
    told : pandas.DataFrame
        As ``load_told`` returns it.
    stages : collection of str
        In order.

    Returns
    -------
    pandas.DataFrame
        Columns segment, persona_id ("" for rows of a segment), stage, people, passages, emotion (mean over people, NaN where
        nobody's was judged), lowest and highest (of people), text and participant of the passage nearest to the mean. Pairs
        nobody told anything about are not in it.
    """
    columns = [
        "segment", "persona_id", "stage", "people", "passages", "emotion", "lowest", "highest", "text", "participant",
    ]  # fmt: skip
    keys = ["participant", "segment", "persona_id", "stage", "source_id", "start", "end", "text"]
    passages = told.groupby(keys, as_index=False, sort=True, dropna=False)["emotion"].mean()
    groups = [
        ((segment, ""), passages[passages["segment"] == segment])
        for segment in order_segments(passages["segment"].dropna())
    ]
    for persona in sorted(set(passages["persona_id"]) - {""}):
        theirs = passages[passages["persona_id"] == persona]
        home = theirs["segment"].mode()
        groups.append(((str(home.iloc[0]) if len(home) else "", persona), theirs))
    groups.append((("all", ""), passages))
    rows = []
    for (segment, persona), mine in groups:
        for stage in stages:
            here = mine[mine["stage"] == stage]
            if here.empty:
                continue
            people = here.groupby("participant")["emotion"].mean().dropna()
            mean = float(people.mean()) if len(people) else np.nan
            order = (here["emotion"] - mean).abs().fillna(9.0) if len(people) else here["start"]
            best = here.loc[order.sort_values(kind="stable").index[0]]
            rows.append((
                segment, persona, stage, here["participant"].nunique(), len(here), mean,
                people.min() if len(people) else np.nan, people.max() if len(people) else np.nan, best["text"], best["participant"],
            ))  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def describe_told(
    told: pd.DataFrame, summary: pd.DataFrame, study: Study, *, names: Mapping[str, str] | None = None
) -> Reading | Callout:
    """What people told by stage, who was not heard, and how far two coders agree, in plain sentences.

    Parameters
    ----------
    told : pandas.DataFrame
        As ``load_told`` returns it.
    summary : pandas.DataFrame
        As ``summarise_told`` returns it.
    study : Study
    names : mapping of str to str, optional
        Persona id to name.

    Returns
    -------
    Reading or Callout
    """
    if told.empty:
        text = "The journey is measured only. Nothing is known of how people felt at any stage."
        return Callout("absent", "Nobody's words are coded by stage.", text)
    passages = told.drop_duplicates(["source_id", "start", "end"])
    people = told["participant"].nunique()
    everybody = summary[summary["segment"] == "all"].dropna(subset=["emotion"]).sort_values("emotion", kind="stable")
    paragraphs = [
        f"{count_words(people, 'person', 'people')} told {count_words(len(passages), 'passage')} about a stage. The emotion of each was "
        "judged by a coder from -2 (very bad) to 2 (very good); a person counts once a stage."
    ]
    if len(everybody) > 1:
        low, high = everybody.iloc[0], everybody.iloc[-1]
        paragraphs[0] += (
            f" Lowest is {_words(low['stage'])} ({low['emotion']:+.1f}, {count_words(low['people'], 'person', 'people')}), highest "
            f"{_words(high['stage'])} ({high['emotion']:+.1f}, {count_words(high['people'], 'person', 'people')})."
        )
    silent = [stage for stage in study.journeys if stage not in set(summary.loc[summary["segment"] == "all", "stage"])]
    if silent:
        paragraphs.append(f"Nobody told anything about {join_words(map(_words, silent))}.")
    unheard = [name for persona, name in (names or {}).items() if persona not in set(told["persona_id"])]
    if unheard:
        paragraphs.append(f"No passage is from somebody like {join_words(unheard, last='or')}.")
    paragraphs.append(_say_agreement(told))
    paragraphs.append(
        "People who were asked are few and were not drawn by chance: this says what the journey can feel like, not how often it does."
    )
    return Reading(paragraphs)


def _say_agreement(told: pd.DataFrame) -> str:
    ratings = told.pivot_table(index=["source_id", "start", "end"], columns="coder", values="emotion", aggfunc="mean")
    result = krippendorff_alpha(ratings.to_numpy(), "interval")
    if np.isnan(result.value):
        return f"How far two coders agree on the emotion is not known: {result.reason}."
    verdict = "too low to rely on"
    if result.value >= 0.667:
        verdict = "good enough to rely on" if result.value >= 0.8 else "enough for a first look"
    return (
        f"Two coders judged {count_words(result.units, 'passage')}; Krippendorff's alpha (1: full agreement, 0: chance) is "
        f"{result.value:.2f}, {verdict}."
    )


def tabulate_told(summary: pd.DataFrame, *, names: Mapping[str, str] | None = None, source: str = "") -> Table:
    """Table of what people told by stage, with one passage each."""
    who = [
        f"{segment}: {(names or {}).get(persona, persona)}" if persona else "everybody" if segment == "all" else segment
        for segment, persona in zip(summary["segment"], summary["persona_id"], strict=True)
    ]
    frame = pd.DataFrame({
        "Who": who, "Stage": summary["stage"].map(_words).astype("str"), "People": summary["people"].astype("int64"),
        "Passages": summary["passages"].astype("int64"), "Emotion": summary["emotion"].astype(float),
        "Lowest to highest": [_range(low, high) for low, high in zip(summary["lowest"], summary["highest"], strict=True)],
        "For instance": [f"“{text}” ({who})" for text, who in zip(summary["text"], summary["participant"], strict=True)],
    })  # fmt: skip
    caption = f"What people told by stage; emotion from -2 (very bad) to 2 (very good), mean over people.{source_words(source)}"
    return Table(frame, caption, {"Emotion": "+.1f"}, empty="Nobody's words are coded by stage.")


def _range(low: float, high: float) -> str:
    return "–" if np.isnan(low) else f"{low:+.1f} to {high:+.1f}"


def _words(stage: object) -> str:
    return str(stage).replace("_", " ")
