"""Two coders and their project file: the authors' spans, a second coder who agrees as well as planned, REFI-QDA 1.5."""

from __future__ import annotations

import io
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from lxml import etree

from .interviews import ZIP_DATE, Interview, Span, Turn
from .plan import TEMPLATES, stream

__all__ = [
    "Coding",
    "binary_alpha",
    "code_by_authors",
    "code_second",
    "measure_agreement",
    "read_codebook",
    "write_project",
]

NAMESPACE = "urn:QDA-XML:project:1.0"
STAMP = "2026-07-06T09:00:00Z"
CODERS = ("coder_1", "coder_2")
NEAR = 0.004  # an agreement this close to its target is good enough


@dataclass(frozen=True)
class Coding:
    """One coded passage: offsets in the turn's text."""

    participant: str
    turn: int
    code: str
    start: int
    end: int
    coder: str


def read_codebook() -> pd.DataFrame:
    """Codes with parent, colour, planned agreement and description; index code."""
    return pd.read_csv(TEMPLATES / "codes.csv", index_col="code")


def _units(interviews: dict[str, Interview]) -> list[tuple[str, int]]:
    """Coding units: the turns of participants, as (participant, position of the turn)."""
    return [
        (key, n)
        for key, interview in interviews.items()
        for n, turn in enumerate(interview.turns)
        if turn.speaker == "P"
    ]


def code_by_authors(interviews: dict[str, Interview]) -> list[Coding]:
    """What coder 1 marked: the spans the authors of the interviews set."""
    return [
        Coding(key, n, span.code, span.start, span.end, CODERS[0])
        for key, interview in interviews.items()
        for n, turn in enumerate(interview.turns)
        for span in turn.spans
    ]


def binary_alpha(first: np.ndarray, second: np.ndarray) -> float:
    """Krippendorff's alpha of two coders who marked every unit with yes or no.

    Examples
    --------
    >>> round(binary_alpha(np.array([0,1,0,0,0,0,0,0,1,0]), np.array([1,1,1,0,0,1,0,0,0,0])), 4)
    0.0952
    """
    both = np.concatenate([first, second])
    ones, total = int(both.sum()), len(both)
    expected = 2 * ones * (total - ones) / (total - 1)
    observed = 2 * int((first != second).sum())
    return float("nan") if expected == 0 else 1 - observed / expected


def code_second(interviews: dict[str, Interview], first: list[Coding], seed: int) -> list[Coding]:
    """What coder 2 marked: misses and extra marks are added code by code until agreement falls to its target."""
    units = _units(interviews)
    found: list[Coding] = []
    for code, row in read_codebook().iterrows():
        rng = stream(seed, f"coder 2 {code}")
        marked = {(c.participant, c.turn) for c in first if c.code == code}
        one = np.array([unit in marked for unit in units]).astype(int)
        two = _disagree(one, float(row["alpha"]), rng)
        for unit, before, after in zip(units, one, two, strict=True):
            turn = interviews[unit[0]].turns[unit[1]]
            if after and before:
                spans = [c for c in first if c.code == code and (c.participant, c.turn) == unit]
                found += [_loosen(span, turn, rng) for span in spans]
            elif after:
                found.append(_other_sentence(unit, turn, str(code), rng))
    return found


def _disagree(one: np.ndarray, target: float, rng: np.random.Generator) -> np.ndarray:
    """Flip units until alpha is as near to the target as it gets."""
    two = one.copy()
    misses, extras = list(rng.permutation(np.flatnonzero(one == 1))), list(rng.permutation(np.flatnonzero(one == 0)))
    while misses and extras:
        gap = abs(binary_alpha(one, two) - target)
        kind = misses if rng.random() < 0.5 and len(misses) > 2 else extras
        changed = two.copy()
        changed[kind[-1]] = 1 - changed[kind[-1]]
        if gap <= NEAR or abs(binary_alpha(one, changed) - target) >= gap:
            return two
        kind.pop()
        two = changed
    return two


def _word_edges(text: str) -> list[tuple[int, int]]:
    edges, position = [], 0
    for word in text.split(" "):
        edges.append((position, position + len(word)))
        position += len(word) + 1
    return edges


def _loosen(span: Coding, turn: Turn, rng: np.random.Generator) -> Coding:
    """The same passage as another reader would mark it: a few words more or less at either end."""
    edges = _word_edges(turn.text)
    inside = [n for n, (start, end) in enumerate(edges) if end > span.start and start < span.end]
    first, last = inside[0], inside[-1]
    if rng.random() < 0.6:
        first = max(first - int(rng.integers(0, 4)), 0)
    if rng.random() < 0.4:
        last = min(last + int(rng.integers(0, 5)), len(edges) - 1)
    start, end = edges[first][0], edges[last][1]
    return Coding(span.participant, span.turn, span.code, min(start, span.start), max(end, span.end), CODERS[1])


def _other_sentence(unit: tuple[str, int], turn: Turn, code: str, rng: np.random.Generator) -> Coding:
    """A sentence of a turn that coder 1 did not give this code; one with another code is likelier."""
    if turn.spans:
        span: Span = turn.spans[int(rng.integers(0, len(turn.spans)))]
        return Coding(*unit, code, span.start, span.end, CODERS[1])
    edges = _word_edges(turn.text)
    first = int(rng.integers(0, max(len(edges) - 8, 1)))
    last = min(first + int(rng.integers(7, 22)), len(edges) - 1)
    return Coding(*unit, code, edges[first][0], edges[last][1], CODERS[1])


def measure_agreement(interviews: dict[str, Interview], codings: list[Coding]) -> list[dict[str, object]]:
    """Planned and realised alpha of each code, with the number of units each coder marked."""
    units = _units(interviews)
    rows: list[dict[str, object]] = []
    for code, row in read_codebook().iterrows():
        marks = [
            np.array(
                [
                    unit in {(c.participant, c.turn) for c in codings if c.code == code and c.coder == coder}
                    for unit in units
                ]
            ).astype(int)
            for coder in CODERS
        ]
        rows.append({"code": str(code), "alpha_target": float(row["alpha"]), "alpha_realised": round(binary_alpha(*marks), 4),
                     "units": len(units), "coder_1": int(marks[0].sum()), "coder_2": int(marks[1].sum())})  # fmt: skip
    return rows


def _guid(*key: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "https://fieldnote.example/coding/" + "/".join(map(str, key))))


def write_project(interviews: dict[str, Interview], codings: list[Coding], people: pd.DataFrame, path: Path) -> None:
    """Write a REFI-QDA project: project.qde and plain texts (LF, UTF-8), offsets in code points, half open.

    Parameters
    ----------
    people : pandas.DataFrame
        Index participant; columns company_id, role: attributes of the cases.
    """
    project = etree.Element(f"{{{NAMESPACE}}}Project", nsmap={None: NAMESPACE})
    project.attrib.update(
        {
            "name": "fieldnote",
            "origin": "segmentation.synthetic",
            "creatingUserGUID": _guid("user", CODERS[0]),
            "creationDateTime": STAMP,
        }
    )
    users = _add(project, "Users")
    for coder in CODERS:
        _add(users, "User", guid=_guid("user", coder), name=coder)
    _add_codebook(project)
    _add_cases(project, interviews, people)
    sources = _add(project, "Sources")
    for participant, interview in interviews.items():
        _add_source(sources, participant, interview, [c for c in codings if c.participant == participant])
    etree.indent(project)
    texts = {f"sources/{_guid('text', key)}.txt": interview.text.encode() for key, interview in interviews.items()}
    content = etree.tostring(project, xml_declaration=True, encoding="utf-8")
    path.write_bytes(_zip({"project.qde": content, **texts}))


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def _add(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)
    child.text = text
    return child


def _add_codebook(project: etree._Element) -> None:
    codes = _add(_add(project, "CodeBook"), "Codes")
    book = read_codebook()
    for parent, part in book.groupby("parent", sort=False):
        above = _add(codes, "Code", guid=_guid("code", parent), name=str(parent), isCodable="false")
        for code, row in part.iterrows():
            below = _add(above, "Code", guid=_guid("code", code), name=str(code), isCodable="true", color=row["color"])
            _add(below, "Description", row["description"])


def _add_cases(project: etree._Element, interviews: dict[str, Interview], people: pd.DataFrame) -> None:
    variables = _add(project, "Variables")
    for name in ("company_id", "role"):
        _add(variables, "Variable", guid=_guid("variable", name), name=name, typeOfVariable="Text")
    cases = _add(project, "Cases")
    for participant in interviews:
        case = _add(cases, "Case", guid=_guid("case", participant), name=participant)
        for name in ("company_id", "role"):
            value = _add(case, "VariableValue")
            _add(value, "VariableRef", targetGUID=_guid("variable", name))
            _add(value, "TextValue", str(people.at[participant, name]))
        _add(case, "SourceRef", targetGUID=_guid("source", participant))


def _add_source(sources: etree._Element, participant: str, interview: Interview, codings: list[Coding]) -> None:
    source = _add(sources, "TextSource", guid=_guid("source", participant), name=participant)
    text_path = f"internal://{_guid('text', participant)}.txt"
    source.attrib.update(
        {"plainTextPath": text_path, "creatingUser": _guid("user", CODERS[0]), "creationDateTime": STAMP}
    )
    starts, position = [], 0
    for turn, line in zip(interview.turns, interview.lines(), strict=True):
        starts.append(position + len(line) - len(turn.text))
        position += len(line) + 1
    text = interview.text
    for coding in sorted(codings, key=lambda c: (c.turn, c.start, c.end, c.code, c.coder)):
        start, end = starts[coding.turn] + coding.start, starts[coding.turn] + coding.end
        key = (participant, start, end, coding.code, coding.coder)
        user = _guid("user", coding.coder)
        selection = _add(source, "PlainTextSelection", guid=_guid("selection", *key), name=text[start:end])
        place = {"startPosition": str(start), "endPosition": str(end), "creatingUser": user, "creationDateTime": STAMP}
        selection.attrib.update(place)
        made = _add(selection, "Coding", guid=_guid("coding", *key), creatingUser=user, creationDateTime=STAMP)
        _add(made, "CodeRef", targetGUID=_guid("code", coding.code))
