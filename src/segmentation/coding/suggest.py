"""Suggestions from the team's own codings: never from the person's own words, never applied by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..qualitative import CodedInterviews
from ..words import count_words
from .folder import Coder

__all__ = ["Suggestion", "Suggestions", "suggest_codes", "turn_codes"]

LEAST_PEOPLE = 8  # others whose interviews are coded; fewer teach the model their voices, not the codes
LEAST_WITH_CODE = 4  # of them with the code
BAND = 20  # predictions of all codes behind the lowest score that is offered
LEAST_OFFERED = 5  # predictions of one code behind its share right; fewer say nothing
LEAST_RIGHT = 1 / 3  # share right in cross-validation below which a suggestion costs more reading than it saves
FOLDS = 5
SPILL = 8  # code points of a turn that a passage must cover to count there, as in the line
SENTENCE = re.compile(r"[^.!?…\n]+(?:[.!?…]+[\"'”’)]*|\n|$)", re.UNICODE)


@dataclass(frozen=True)
class Suggestion:
    """A code offered for a sentence; places are code points of the transcript."""

    source: str
    start: int
    end: int
    code: str
    score: float
    right: int
    of: int

    @property
    def key(self) -> str:
        return f"{self.start}-{self.end}-{self.code}"


@dataclass(frozen=True)
class Suggestions:
    """What can be suggested for one transcript.

    Attributes
    ----------
    offered : tuple of Suggestion
        In the order of the text.
    why_none : str
        A sentence where nothing is offered; else empty.
    people, turns : int
        Other people whose turns the model learned from.
    codes : pandas.DataFrame
        Index code_id: people (with the code, of those learned from), offered and right (in cross-validation by person, at the scores
        that are offered; optimistic, see the notes of ``suggest_codes``), used (whether the code is suggested).
    """

    offered: tuple[Suggestion, ...]
    why_none: str
    people: int
    turns: int
    codes: pd.DataFrame


def turn_codes(interviews: CodedInterviews, coders: Iterable[Coder]) -> tuple[pd.DataFrame, set[tuple[int, str]]]:
    """Participants' turns in texts that somebody coded, and the codes that any coder gave them.

    Parameters
    ----------
    interviews : CodedInterviews
    coders : iterable of Coder

    Returns
    -------
    pandas.DataFrame
        Rows of ``interviews.turns``: participants' only, of texts with at least one coding.
    set of (int, str)
        Label of the row, and code.
    """
    turns = interviews.turns[interviews.turns["role"] == "participant"]
    by_source = dict(iter(turns.groupby("source_id", sort=False)))
    given: set[tuple[int, str]] = set()
    read: set[str] = set()
    for coder in coders:
        for source, codings in coder.codings.items():
            part = by_source.get(source)
            if part is None:
                continue
            read.add(source)
            starts, ends, labels = part["start"].to_numpy(), part["end"].to_numpy(), part.index.to_numpy()
            for coding in codings:
                shared = np.minimum(ends, coding.end) - np.maximum(starts, coding.start)
                hit = (shared >= SPILL) | ((shared > 0) & (shared == shared.max()))
                given |= {(int(label), coding.code) for label in labels[hit]}
    return turns[turns["source_id"].isin(read)], given


def suggest_codes(
    interviews: CodedInterviews, coders: Iterable[Coder], source: str, *, least_people: int = LEAST_PEOPLE
) -> Suggestions:
    """Codes that the team's codings of other people suggest for a transcript.

    TF-IDF of words and pairs of words with one logistic regression a code. Nothing said by anybody who speaks in this transcript
    is learned from, nor anything an interviewer said. The turns of the other people are predicted too, each person's from the
    others' (cross-validation), and a code is offered only if a third or more of its predictions were right there: ``right`` of
    ``of``. It is offered at the sentence of a turn that speaks most for it.

    Parameters
    ----------
    interviews : CodedInterviews
    coders : iterable of Coder
        Whose codings teach: a turn has a code if any of them gave it.
    source : str
        Transcript to suggest for.
    least_people : int
        Other people whose texts must be coded before anything is suggested.

    Returns
    -------
    Suggestions
        The same for the same codings. None, with the reason, where too little was coded.

    Notes
    -----
    Only codes that at least ``LEAST_WITH_CODE`` of the others have and that were predicted ``LEAST_OFFERED`` times are suggested. The
    lowest score offered is that down to which, in any ``BAND`` predictions in a row, a third or more were right, all codes together.
    That score, the codes suggested and ``right`` come from the same predictions: ``right`` was picked for being high, so expect fewer
    of the suggestions to be right.
    """
    turns, given = turn_codes(interviews, coders)
    here = interviews.turns[(interviews.turns["source_id"] == source) & (interviews.turns["role"] == "participant")]
    own = set(here["participant"].dropna())
    others = turns[(turns["source_id"] != source) & ~turns["participant"].isin(own) & turns["participant"].notna()]
    people = others["participant"].to_numpy(dtype=object)
    n = len(set(people))
    nothing = pd.DataFrame(columns=["people", "offered", "right", "used"]).rename_axis("code_id")
    if n < least_people:
        why = (
            f"Suggestions need coded interviews of at least {least_people} other people, and there "
            f"{'is' if n == 1 else 'are'} {count_words(n, 'other')} so far. So none are offered."
        )
        return Suggestions((), why, n, len(others), nothing)
    labels = {
        code: np.array([(int(place), code) in given for place in others.index])
        for code in sorted({code for _, code in given})
    }
    labels = {code: hit for code, hit in labels.items() if len(set(people[hit])) >= LEAST_WITH_CODE}
    if not labels:
        why = f"No code was given to at least {LEAST_WITH_CODE} of the {n} other people. So none are offered."
        return Suggestions((), why, n, len(others), nothing)
    texts = others["text"].tolist()
    record = _try_out(texts, people, labels)
    table = _table(labels, people, record)
    used = {code: hit for code, hit in labels.items() if table.at[code, "used"]}
    offered = _offer(texts, used, here, source, record.cut, table)
    why = ""
    if not used:
        why = (
            f"When the turns of each of the {n} other people were predicted from the others', fewer than a third of the predictions "
            "were right for every code. So none are offered."
        )
    elif not offered:
        why = "Nothing in this transcript scores high enough for any code. So nothing is offered."
    return Suggestions(tuple(offered), why, n, len(others), table)


def _table(labels: Mapping[str, np.ndarray], people: np.ndarray, record: _Record) -> pd.DataFrame:
    rows = {}
    for (code, hit), scores in zip(labels.items(), record.scores, strict=True):
        high = scores >= record.cut
        offered, right = int(high.sum()), int((hit & high).sum())
        used = offered >= LEAST_OFFERED and right >= LEAST_RIGHT * offered
        rows[code] = (len(set(people[hit])), offered, right, used)
    columns = ["people", "offered", "right", "used"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("code_id")


@dataclass(frozen=True)
class _Record:
    """Scores of turns by models that never saw their person, and whether they were right, highest score first."""

    scores: np.ndarray
    ranked: np.ndarray
    right: np.ndarray

    @property
    def cut(self) -> float:
        """The lowest score that is offered: down to it, in any ``BAND`` predictions in a row a third or more were right.

        Infinite if that fails for the best ones.
        """
        hits = np.convolve(self.right, np.ones(BAND), "valid")  # of the BAND predictions that end at each place
        bad = np.flatnonzero(hits < LEAST_RIGHT * BAND)
        if not len(hits) or (len(bad) and bad[0] == 0):
            return np.inf
        last = BAND - 1 + (bad[0] - 1 if len(bad) else len(hits) - 1)
        return float(self.ranked[last])


def _learn(texts: list[str]) -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"(?u)\b\w+\b")
    try:
        return words, words.fit_transform(texts)
    except ValueError:  # no word stands in two turns
        return None, None


def _fit(matrix: Any, hit: np.ndarray) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10.0, class_weight="balanced", solver="liblinear", random_state=0).fit(matrix, hit)


def _try_out(texts: list[str], people: np.ndarray, labels: Mapping[str, np.ndarray]) -> _Record:
    """Predict the turns of people left out from the others'."""
    from sklearn.model_selection import GroupKFold

    scores = np.zeros((len(labels), len(texts)))
    numbers = pd.factorize(people)[0]
    for learn, left in GroupKFold(min(FOLDS, len(set(people)))).split(texts, groups=numbers):
        words, matrix = _learn([texts[place] for place in learn])
        if words is None:
            continue
        unseen = words.transform([texts[place] for place in left])
        for row, hit in zip(scores, labels.values(), strict=True):
            if hit[learn].any() and not hit[learn].all():
                row[left] = _fit(matrix, hit[learn]).predict_proba(unseen)[:, 1]
    order = np.argsort(-scores, axis=None, kind="stable")
    return _Record(scores, scores.ravel()[order], np.array(list(labels.values())).ravel()[order])


def _offer(
    texts: list[str], labels: Mapping[str, np.ndarray], here: pd.DataFrame, source: str, cut: float, table: pd.DataFrame
) -> list[Suggestion]:
    words, matrix = _learn(texts)
    if words is None or not labels or here.empty:
        return []
    parts = [_sentences(row) for row in here.itertuples(index=False)]
    turns = words.transform(here["text"].tolist())
    pieces = words.transform([piece for part in parts for *_, piece in part])
    first = np.cumsum([0, *map(len, parts)])
    found = []
    for code, hit in labels.items():
        model = _fit(matrix, hit)
        scores, speak = model.predict_proba(turns)[:, 1], model.decision_function(pieces)
        for place in np.flatnonzero(scores >= cut):
            best = int(speak[first[place] : first[place + 1]].argmax())
            start, end, _ = parts[place][best]
            right, of = int(table.at[code, "right"]), int(table.at[code, "offered"])
            found.append(Suggestion(source, start, end, code, round(float(scores[place]), 2), right, of))
    return sorted(found, key=lambda offer: (offer.start, -offer.score, offer.code))


def _sentences(row: Any) -> list[tuple[int, int, str]]:
    """Sentences of a turn with their places in the transcript; the whole turn where it has none."""
    found = []
    for match in SENTENCE.finditer(row.text):
        piece = match.group()
        bare = piece.strip()
        if bare:
            start = int(row.start) + match.start() + len(piece) - len(piece.lstrip())
            found.append((start, start + len(bare), bare))
    return found or [(int(row.start), int(row.end), row.text)]
