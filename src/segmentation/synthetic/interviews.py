"""Interviews: from the authors' files to the transcripts a team would have, with the authors' own coding kept aside."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from ..errors import DataContractError, Violation
from .plan import stream

__all__ = ["Interview", "Span", "Turn", "read_interviews", "write_transcripts"]

FOLDER = Path(__file__).parent / "interviews"
TURN = re.compile(r"^(I|P):\s", re.MULTILINE)
SPAN = re.compile(r"\{([a-z_+]+)\|([^{}|]*)\}")
ZIP_DATE = (2026, 7, 1, 9, 0, 0)
SECONDS_PER_WORD = 0.42


@dataclass(frozen=True)
class Span:
    """Words of one turn that the author coded: offsets in the turn's text."""

    code: str
    start: int
    end: int


@dataclass(frozen=True)
class Turn:
    """One uninterrupted speech; ``speaker`` is I or P."""

    speaker: str
    text: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Interview:
    """One interview as written, braces removed."""

    participant: str
    date: str
    minutes: int
    names: tuple[str, ...]
    turns: tuple[Turn, ...]

    def label(self, turn: Turn) -> str:
        """Speaker as the transcript names them."""
        return "Interviewer" if turn.speaker == "I" else self.participant

    def lines(self) -> list[str]:
        """One line a turn, as in the transcript."""
        return [f"{self.label(turn)}: {turn.text}" for turn in self.turns]

    @property
    def text(self) -> str:
        """Plain text of the transcript: one line a turn."""
        return "\n".join(self.lines())


def read_interviews(folder: Path = FOLDER) -> dict[str, Interview]:
    """All interviews, by participant.

    Raises
    ------
    DataContractError
        If a file does not keep to the format its authors agreed on; with every breach.
    """
    found: dict[str, Interview] = {}
    violations: list[Violation] = []
    for path in sorted(folder.glob("P*.txt")):
        interview, problems = _parse(path)
        violations += problems
        found[interview.participant] = interview
    if violations:
        raise DataContractError(violations)
    return found


def _parse(path: Path) -> tuple[Interview, list[Violation]]:
    header, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in header.strip().splitlines() if ": " in line)
    problems = [
        Violation("header key is missing", path.name, column=key)
        for key in ("id", "date", "minutes")
        if key not in fields
    ]
    pieces = TURN.split(body)
    if pieces[0].strip():
        problems.append(Violation("words before the first turn", path.name, value=pieces[0].strip()[:40]))
    turns = []
    for speaker, raw in zip(pieces[1::2], pieces[2::2], strict=True):
        turn = _parse_turn(speaker, " ".join(raw.split()))
        if any(mark in turn.text for mark in "{}|"):
            problems.append(Violation("broken coding mark", path.name, row=len(turns), value=turn.text[:60]))
        turns.append(turn)
    names = tuple(name.strip() for name in fields.get("names", "").split("|") if name.strip())
    return Interview(
        fields.get("id", path.stem), fields.get("date", ""), int(fields.get("minutes", 0)), names, tuple(turns)
    ), problems


def _parse_turn(speaker: str, raw: str) -> Turn:
    text, spans, last = "", [], 0
    for match in SPAN.finditer(raw):
        text += raw[last : match.start()]
        words = match[2].strip()
        spans += [Span(code, len(text), len(text) + len(words)) for code in match[1].split("+")]
        text += words
        last = match.end()
    return Turn(speaker, text + raw[last:], tuple(spans))


def write_transcripts(interviews: dict[str, Interview], formats: dict[str, str], folder: Path, seed: int) -> None:
    """Write each interview as Word document or WebVTT, whichever its recording tool gave."""
    folder.mkdir(parents=True, exist_ok=True)
    for participant, interview in interviews.items():
        path = folder / f"{participant}.{formats[participant]}"
        if formats[participant] == "docx":
            path.write_bytes(_docx(interview))
        else:
            path.write_text(_vtt(interview, stream(seed, f"vtt {participant}")), encoding="utf-8", newline="\n")


def _docx(interview: Interview) -> bytes:
    """A Word document with one paragraph a turn and the speaker in bold; the same bytes every time."""
    from docx import Document

    document = Document()
    for turn in interview.turns:
        paragraph = document.add_paragraph()
        paragraph.add_run(f"{interview.label(turn)}:").bold = True
        paragraph.add_run(f" {turn.text}")
    properties = document.core_properties
    stamp = np.datetime64("2026-07-01T09:00:00").astype(object)
    properties.author, properties.title, properties.comments = "", f"Interview {interview.participant}", ""
    properties.created = properties.modified = properties.last_printed = stamp
    properties.revision = 1
    written = io.BytesIO()
    document.save(written)
    return _fix_zip(written.getvalue())


def _fix_zip(raw: bytes) -> bytes:
    """The same archive with fixed time stamps, without the clock of the machine that wrote it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in sorted(old.infolist(), key=lambda item: (item.filename != "[Content_Types].xml", item.filename)):
            fixed = zipfile.ZipInfo(entry.filename, ZIP_DATE)
            fixed.compress_type, fixed.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            new.writestr(fixed, old.read(entry))
    return out.getvalue()


def _clock(seconds: float) -> str:
    whole, thousandths = int(seconds), round(seconds % 1 * 1000) % 1000
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{thousandths:03d}"


def _cues(text: str, rng: np.random.Generator) -> list[str]:
    """A speech cut into captions the way meeting tools do: by time, in the middle of sentences."""
    words, cues = text.split(" "), []
    while words:
        size = int(rng.integers(11, 24))
        if len(words) - size < 4:
            size = len(words)
        cues.append(" ".join(words[:size]))
        words = words[size:]
    return cues


def _vtt(interview: Interview, rng: np.random.Generator) -> str:
    parts, now = ["WEBVTT"], 2.0
    for turn in interview.turns:
        for cue in _cues(turn.text, rng):
            end = now + SECONDS_PER_WORD * len(cue.split()) + float(rng.uniform(0.1, 0.6))
            parts.append(f"{_clock(now)} --> {_clock(end)}\n<v {interview.label(turn)}>{escape(cue)}</v>")
            now = end + 0.05
        now += float(rng.uniform(0.2, 1.4))
    return "\n\n".join(parts) + "\n"
