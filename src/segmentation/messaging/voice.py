"""The brand's words by language: what we say, what we avoid, and what must not be said without a proof."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataContractError, Violation, nearest_word
from ..study import Study, read_yaml

__all__ = ["Voice", "check_voice", "load_voice"]

_KEYS = ("say", "avoid", "prove")


@dataclass(frozen=True)
class Voice:
    """Words of one language.

    Attributes
    ----------
    say : mapping of str to tuple of str
        The word we use: those it stands for.
    avoid : mapping of str to str
        A word we do not use: what to do instead, or why not.
    prove : tuple of str
        Words that are a claim.
    """

    say: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    avoid: Mapping[str, str] = field(default_factory=dict)
    prove: tuple[str, ...] = ()


def load_voice(study: Study) -> dict[str, Voice]:
    """Read the file of brand words that the study names.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict of str to Voice
        By language (en, de); empty when the study names no file.

    Raises
    ------
    DataContractError
        With every key that is not known and every list that is none.
    """
    if study.messaging.voice is None:
        return {}
    file = study.resolve(study.messaging.voice)
    content, lines = read_yaml(file)
    violations = []
    if not isinstance(content, dict):
        raise DataContractError([Violation("not words by language", file.name, fix="Begin with a language: en:")])
    for language, parts in content.items():
        if not isinstance(parts, dict):
            line = lines.get((language,))
            violations.append(Violation("not say, avoid or prove", file.name, column=str(language), line=line))
            continue
        for key, value in parts.items():
            where, line = f"{language}.{key}", lines.get((language, key))
            if key not in _KEYS:
                hint = nearest_word(key, _KEYS)
                violations.append(
                    Violation("unknown key", file.name, None, where, allowed=", ".join(_KEYS), fix=hint, line=line)
                )
            elif not isinstance(value, list if key == "prove" else dict):
                wanted = "a list of words" if key == "prove" else "word: and what goes with it"
                violations.append(
                    Violation("not what this key takes", file.name, None, where, allowed=wanted, line=line)
                )
    if violations:
        raise DataContractError(violations)
    return {str(language): _voice(parts) for language, parts in content.items()}


def _voice(parts: Mapping[str, Any]) -> Voice:
    say = {}
    for word, others in (parts.get("say") or {}).items():
        say[str(word)] = tuple(map(str, others if isinstance(others, list) else [others]))
    avoid = {str(word): str(why or "") for word, why in (parts.get("avoid") or {}).items()}
    return Voice(say, avoid, tuple(map(str, parts.get("prove") or ())))


def check_voice(text: str, voice: Voice, *, proven: bool) -> Iterator[tuple[str, str, str]]:
    """Words of a text that the brand does not use: (rule, the word, what to do).

    Parameters
    ----------
    text : str
    voice : Voice
    proven : bool
        Whether the message cites a proof.

    Examples
    --------
    >>> voice = Voice({"job": ("ticket",)}, {"seamless": "say what happens"}, ("best",))
    >>> [found[:2] for found in check_voice("The best seamless tickets", voice, proven=False)]
    [('word_to_replace', 'ticket'), ('word_to_avoid', 'seamless'), ('claim_without_proof', 'best')]
    """
    for word, others in voice.say.items():
        for other in others:
            if _stands(other, text):
                yield "word_to_replace", other, f"It says {other!r}; the brand's word is {word!r}."
    for word, why in voice.avoid.items():
        if _stands(word, text):
            yield "word_to_avoid", word, f"It says {word!r}, which the brand avoids{f': {why}' if why else ''}."
    for word in voice.prove if not proven else ():
        if _stands(word, text):
            yield "claim_without_proof", word, f"It says {word!r}, which is a claim, and cites no proof."


def _stands(word: str, text: str) -> bool:
    """Whole words, an English plural included."""
    return re.search(rf"(?<!\w){re.escape(word)}(?:e?s)?(?!\w)", text, re.IGNORECASE) is not None
