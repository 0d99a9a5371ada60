"""The gate before publishing: pages that stand alone and can be read by everybody, and no personal data in any byte."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from lxml import html as lxml_html

from ..period import Period
from ..study import Study
from .render import RenderError

__all__ = ["check_page", "find_identifiers", "scan_leaks", "text_of"]

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
NUMBER = re.compile(r"\+?\d[\d ().-]{7,}\d")
WORDS = re.compile(r"[^\W\d_][\w'’.-]*")
IDENTIFYING = (
    "hubspot.contacts", "hubspot.companies", "segment.identifies", "qualtrics", "transcripts", "refi-qda", "qualcoder", "taguette",
    "coded-table", "texts", "table",
)  # fmt: skip
READABLE = {".html", ".json", ".ipynb", ".jsonl", ".csv", ".md", ".txt", ".sql", ".mmd", ".svg", ".xlsx", ".zip"}


def check_page(text: str, name: str) -> None:
    """Refuse a page that is not self-contained or not accessible.

    Parameters
    ----------
    text : str
        The page's HTML.
    name : str
        For the message.

    Raises
    ------
    RenderError
        If there is not exactly one h1, a heading level is skipped, an id stands twice, a figure lacks caption, words or table,
        or anything would be loaded from a network.
    """
    tree = lxml_html.document_fromstring(text)
    problems = []
    levels = [
        int(element.tag[1]) for element in tree.iter("h1", "h2", "h3", "h4", "h5", "h6") if not _in_contents(element)
    ]
    if levels.count(1) != 1:
        problems.append(f"{levels.count(1)} titles (h1) instead of one")
    last = 1
    for level in levels:
        if level > last + 1:
            problems.append(f"a heading of level {level} follows one of level {last}")
        last = level
    ids = [element.get("id") for element in tree.iter() if isinstance(element.tag, str) and element.get("id")]
    problems += [f"the id {value!r} stands twice" for value in sorted({value for value in ids if ids.count(value) > 1})]
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for attribute in ("src", "href", "data", "action", "poster", "srcset"):
            value = (element.get(attribute) or "").strip()
            if re.match(r"(?:[a-z][a-z0-9+.-]*:|//)", value, re.I) and not value.startswith("data:image/"):
                problems.append(f"<{element.tag}> refers to {value[:60]!r}, which is outside the report")
        if any(key.startswith("on") for key in element.attrib):
            problems.append(f"<{element.tag}> carries a script attribute")
    for figure in tree.iter("figure"):
        if (
            figure.find(".//figcaption") is None
            or figure.find(".//p[@class='alt']") is None
            or figure.find(".//table") is None
        ):
            problems.append(f"figure {figure.get('id')} lacks its caption, its words or its table")
    if problems:
        raise RenderError(f"{name} is not fit to be published:\n" + "\n".join(f"  - {problem}" for problem in problems))


def _in_contents(element: lxml_html.HtmlElement) -> bool:
    return any(parent.tag == "nav" for parent in element.iterancestors())


def find_identifiers(text: str, identifiers: Iterable[str]) -> set[str]:
    """Known names, e-mails and phones that occur in a text.

    E-mails and phones are compared after normalising; names only if they have at least two words, since a lone "Will" or "Hunt"
    is a word.

    Parameters
    ----------
    text : str
    identifiers : iterable of str

    Returns
    -------
    set of str

    Examples
    --------
    >>> sorted(find_identifiers("ask ANA Diaz, +44 20 7946 0001", ["Ana Diaz", "442079460001", "Will"]))
    ['442079460001', 'Ana Diaz']
    """
    lowered = text.casefold()
    mails = {match.casefold() for match in EMAIL.findall(text)}
    numbers = {re.sub(r"\D", "", match) for match in NUMBER.findall(text)}
    words = [word.strip(".'’-") for word in WORDS.findall(lowered)]
    runs = {length: {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)} for length in (2, 3, 4)}
    seen = {"mail": mails, "number": numbers, **{str(length): found for length, found in runs.items()}}
    return {name for name in identifiers for kind, value in [_form(name)] if value in seen.get(kind, ())}


@cache
def _form(identifier: str) -> tuple[str, str]:
    """What kind of identifier it is (mail, number, or its number of words), and what a text would have to hold."""
    folded = identifier.strip().casefold()
    digits = re.sub(r"\D", "", folded)
    if "@" in folded:
        return "mail", folded
    if len(digits) >= 9 and len(digits) >= len(folded) / 2:
        return "number", digits
    parts = [word.strip(".'’-") for word in WORDS.findall(folded)]
    return str(len(parts)), " ".join(parts)


def scan_leaks(study: Study, period: Period, folder: Path) -> None:
    """Search every published text for the personal identifiers of the inputs.

    Parameters
    ----------
    study, period
        Whose inputs hold the identifiers.
    folder : Path
        The report about to be published.

    Raises
    ------
    RenderError
        If anything is found; the message names files and counts, never the value.
    """
    from ..sources import read_sources

    personal = tuple(name for name, source in study.sources.items() if source.format in IDENTIFYING)
    identifiers = read_sources(study, period, only=personal).identifiers if personal else frozenset()
    problems = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in READABLE and path.is_file():
            found = find_identifiers(text_of(path), identifiers)
            if found:
                problems.append(f"  - {path.relative_to(folder)}: {len(found)} personal identifiers of the inputs")
    if problems:
        fix = "Leave the column out of the study, or add the word to what is redacted; nothing was published."
        raise RenderError("\n".join(["personal data would be published:", *problems, fix]))


def text_of(path: Path) -> str:
    """Text of a published file; of a workbook or an archive, that of all its parts."""
    if path.suffix not in (".xlsx", ".zip"):
        return path.read_text("utf-8")
    parts = (".xml", ".md", ".csv", ".txt")
    with zipfile.ZipFile(path) as book:
        return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist() if name.endswith(parts))
