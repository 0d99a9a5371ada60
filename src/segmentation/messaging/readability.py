"""Reading ease computed offline: Flesch-Kincaid grade for English, LIX for other languages."""

from __future__ import annotations

import re

__all__ = ["count_syllables", "measure_grade", "measure_lix", "split_words"]

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?…:]+(?=\s|$)|\n+")


def split_words(text: str) -> list[str]:
    """Words of a text: letters, with inner apostrophes and hyphens; numbers are no words.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> split_words("Don't drive 12 miles twice.")
    ["Don't", 'drive', 'miles', 'twice']
    """
    return _WORD.findall(text)


def count_syllables(word: str) -> int:
    """Syllables of an English word by its groups of vowels; at least one.

    A silent final e and a final -es or -ed that is not spoken are not counted. A rule of thumb: about one word in ten
    is off by one.

    Parameters
    ----------
    word : str

    Returns
    -------
    int

    Examples
    --------
    >>> [count_syllables(word) for word in ("the", "table", "rescheduled", "cat", "invoice", "created", "moved")]
    [1, 2, 3, 1, 2, 3, 1]
    """
    letters = "".join(character for character in word.lower() if character.isalpha())
    groups = len(re.findall(r"[aeiouy]+", letters))
    if (
        re.search(r"[^aeiouyl]e$|[aeiouy]le$", letters)
        or re.search(r"[^aeiouytd]ed$", letters)
        or re.search(r"[^aeiouysxzhcg]es$", letters)
    ):  # horse, sale; but not tab-le
        groups -= 1
    if re.search(r"i[ao](?!u)|creat(?!ur)", letters) and not re.search(r"[tcsg]i[ao]", letters):
        groups += 1  # di-al, cre-ate
    return max(groups, 1)


def _sentences(text: str) -> int:
    return max(1, sum(1 for part in _SENTENCE.split(text) if split_words(part)))


def measure_grade(text: str) -> float:
    """Flesch-Kincaid grade: about the school year in which the text is easy to read.

    .39 words per sentence + 11.8 syllables per word - 15.59 (Kincaid et al., 1975). English only.

    Parameters
    ----------
    text : str

    Returns
    -------
    float
        NaN for a text without words.

    Examples
    --------
    >>> round(measure_grade("The cat sat on the mat."), 2)
    -1.45
    """
    words = split_words(text)
    if not words:
        return float("nan")
    return 0.39 * len(words) / _sentences(text) + 11.8 * sum(map(count_syllables, words)) / len(words) - 15.59


def measure_lix(text: str) -> float:
    """LIX: words per sentence plus the per cent of words with more than six letters (Björnsson, 1968). Any language.

    Parameters
    ----------
    text : str

    Returns
    -------
    float
        NaN for a text without words. 30 and less is easy, 55 and more specialist prose.

    Examples
    --------
    >>> measure_lix("Die Termine stehen. Niemand fährt umsonst.")
    53.0
    """
    words = split_words(text)
    if not words:
        return float("nan")
    long = sum(1 for word in words if sum(character.isalpha() for character in word) > 6)
    return len(words) / _sentences(text) + 100 * long / len(words)
