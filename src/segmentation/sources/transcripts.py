"""Transcripts in .vtt, .srt, .docx, .txt and .md: plain text, and turns as spans of it.

Labels of interviewers beyond ``turns.INTERVIEWER_LABELS`` are declared as ``columns: {interviewer: "Dana Fox|Jo Lee"}``.
"""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pandas as pd

from .job import Job, Unreadable
from .safety import TEXT_LIMIT, check_office_file, read_bytes
from .text import decode_text, normal
from .turns import (
    INTERVIEWER_LABELS,
    TIME,
    Head,
    Turn,
    accept_heads,
    find_heads,
    is_generic,
    looks_like_name,
    make_turns,
    speaker_key,
)

__all__ = ["TURN_COLUMNS", "answer_rows", "read_transcripts", "speaking_text", "turn_rows"]

DOCX_LIMIT = 60_000_000  # bytes of one part of a Word document, unpacked: its markup is several times its text
TURN_COLUMNS = ["source_id", "turn", "speaker", "role", "text", "start", "end"]
ROLE_WORDS = ("owner", "manager", "director", "engineer", "technician", "client", "guest", "colleague")  # no names
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>(.*?)(?=<v[.\s]|</v>|\Z)", re.DOTALL)
TAG = re.compile(r"</?(?:c|i|b|u|v|ruby|rt|lang|\d{2}:)[^>]*>")
MARK = re.compile(
    rf"[ \t]*(?:[:：]|{TIME}[ \t]*(?:[:：\n]|$))[ \t\n]*"
)  # what follows a speaker's name: a colon or the time
CUE_LABEL = re.compile(r"(?:>> *)?(?P<label>[^\W_][^:：\n]{0,39}?)[:：]\s+(?P<text>\S.*)", re.DOTALL)
CUE_BRACKET = re.compile(r"\[(?P<label>[^\[\]:\n]{1,40})\]:?\s+(?P<text>\S.*)", re.DOTALL)


def read_transcripts(job: Job, files: list[Path]) -> dict[str, pd.DataFrame]:
    """Tables ``turns`` and ``transcripts``; a transcript's id is its file name without ending.

    Speakers are shown by role or number only: display names are personal data and go to the identifiers.
    """
    rows: list[dict[str, object]] = []
    texts: list[dict[str, object]] = []
    seen: dict[str, str] = {}
    for path in files:
        source_id, label = normal(path.stem), job.label(path)
        if source_id.casefold() in seen:
            fix = "Rename one: the file name without ending is the transcript's id"
            job.bad(f"has the same name as {seen[source_id.casefold()]}", label, value=source_id, fix=fix)
            continue
        seen[source_id.casefold()] = label
        with job.guard(path):
            text, turns = _read_file(path, job)
            found = turn_rows(job, source_id, text, turns)
            job.rows_in += len(found)
            rows += found
            texts.append({"source_id": source_id, "text": text, "file": label})
    if not texts:
        return {}
    table = pd.DataFrame(rows, columns=TURN_COLUMNS)
    return {"turns": table, "transcripts": pd.DataFrame(texts).set_index("source_id")}


def _read_file(path: Path, job: Job) -> tuple[str, list[Turn]]:
    ending = path.suffix.lower()
    if ending == ".docx":
        text, heads = _read_docx(path, job)
        return text, _turns_or_refuse(text, heads, job.label(path), job)
    data = read_bytes(path, TEXT_LIMIT)
    text = decode_text(data, job.source.encoding).replace("\r\n", "\n").replace("\r", "\n")
    if ending in (".vtt", ".srt"):
        return _read_cues(text, ending[1:], job.label(path), job)
    if ending in (".txt", ".md"):
        return text, _turns_or_refuse(text, find_heads(text), job.label(path), job)
    raise Unreadable(
        f"transcripts with the ending {ending!r} are not read", "Save it as .docx, .vtt, .srt, .txt or .md"
    )


def interviewer_labels(job: Job) -> set[str]:
    """Labels of interviewers, case-folded: the usual ones and those the study declares."""
    declared = job.source.columns.get("interviewer", "")
    return {*INTERVIEWER_LABELS, *(name.strip().casefold() for name in declared.split("|") if name.strip())}


def _turns_or_refuse(text: str, heads: list[Head], file: str, job: Job) -> list[Turn]:
    """Turns of a text; what stands before the first speaker is noted: a title, a legend, or words that were lost."""
    accepted = accept_heads(heads, interviewer_labels(job))
    turns = make_turns(text, accepted)
    if not turns:
        fix = "Start each turn with its speaker, for instance 'I: ...' and 'P01: ...'"
        raise Unreadable("no recognisable speakers", fix)
    before = len(text[: accepted[0].line].split())
    if before:
        job.note(f"{file}: {before} words before the first speaker are nobody's turn")
    left = [head for head in heads if head not in accepted and looks_like_name(head.label)]
    if left:  # by line: a label may be somebody's name
        lines = ", ".join(str(text.count("\n", 0, head.line) + 1) for head in left[:5])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        job.note(
            f"{file}: line {lines}{more} begins like a turn of a speaker who is not recognised; it counts as said by the one before"
        )
    return turns


def speaking_text(text: str, job: Job) -> list[Turn]:
    """Turns of a plain text, none if its speakers cannot be recognised."""
    return make_turns(text, accept_heads(find_heads(text), interviewer_labels(job)))


def turn_rows(job: Job, source_id: str, text: str, turns: list[Turn]) -> list[dict[str, object]]:
    """Rows of the table ``turns``, speakers without their names."""
    asking = {speaker_key(name) for name in interviewer_labels(job)}
    shown: dict[str, str] = {}  # by spelling
    first: dict[str, str] = {speaker_key(source_id): source_id}  # by speaker
    guests = 0
    for label in dict.fromkeys(turn.label for turn in turns):
        key = speaker_key(label)
        if key not in first:
            if is_generic(label):
                first[key] = label
            elif _asks(key, asking):
                first[key] = "Interviewer"
            else:
                guests += 1
                first[key] = source_id if guests == 1 else f"{source_id}-{guests}"
        shown[label] = first[key]
        if not is_generic(label) and label != source_id and label.split()[-1].casefold() not in ROLE_WORDS:
            job.identify([label, *(word for word in label.split() if word[0].isupper())])
    roles = {label: "interviewer" if _asks(speaker_key(label), asking) else "participant" for label in shown}
    if "interviewer" not in roles.values():
        job.note(
            f"{source_id}: no interviewer among the speakers; every turn counts as the participant's. "
            "Declare `columns: {interviewer: <label>}` if there is one"
        )
    return [
        dict(
            zip(
                TURN_COLUMNS,
                (source_id, n, shown[t.label], roles[t.label], text[t.start : t.end], t.start, t.end),
                strict=True,
            )
        )
        for n, t in enumerate(turns)
    ]


def answer_rows(source_id: str, text: str, spans: list[tuple[int, int]]) -> list[dict[str, object]]:
    """Rows of the table ``turns`` for a text in which nobody but the participant speaks, a turn for each span."""
    return [
        dict(zip(TURN_COLUMNS, (source_id, n, source_id, "participant", text[a:b], a, b), strict=True))
        for n, (a, b) in enumerate(spans)
    ]


def _asks(key: str, asking: set[str]) -> bool:
    return key in asking or bool(re.fullmatch(r"(interviewer|int|i)\d+", key))


def _read_docx(path: Path, job: Job) -> tuple[str, list[Head]]:
    """Paragraphs as lines; a bold beginning is a label too."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    data = check_office_file(path, part_limit=DOCX_LIMIT)
    try:
        document = docx.Document(io.BytesIO(data))
        paragraphs = [(p.text.replace("\r", "\n"), _bold_length(p)) for p in document.paragraphs]
        tables = len(document.tables)
    except (PackageNotFoundError, KeyError, ValueError, AttributeError, SyntaxError) as error:
        raise Unreadable(f"not a Word document: {type(error).__name__}", "Save it again as .docx") from None
    if tables:
        job.note(f"{job.label(path)} holds {tables} tables, whose words are not read")
    text = "\n".join(words for words, _ in paragraphs)
    if not text.strip():
        fix = "Convert its tables to text" if tables else "Save the transcript again"
        raise Unreadable("the document holds no text" + (" but in tables" if tables else ""), fix)
    return text, _with_bold_heads(text, paragraphs)


def _with_bold_heads(text: str, paragraphs: list[tuple[str, int]]) -> list[Head]:
    """Heads of lines, and of paragraphs that begin with a name in bold.

    Bold words without a colon or a time after them are a name only if they have one elsewhere, or if no speaker of the document
    has: otherwise they are stressed words of what is said.
    """
    heads = {head.line: head for head in find_heads(text)}
    bold_heads: list[tuple[Head, bool]] = []
    position = 0
    for words, bold in paragraphs:
        label = words[:bold].strip().rstrip(":：").strip()
        own = heads.get(position)
        free = own is None or (bold < len(words.rstrip()) and not is_generic(own.label))
        if free and bold and 0 < len(label) <= 40 and "\n" not in label and len(label.split()) <= 4:
            rest = words[bold:]
            mark = MARK.match(rest)
            marked = mark is not None or words[:bold].rstrip().endswith((":", "："))
            skip = mark.end() if mark else len(rest) - len(rest.lstrip(" \t\n"))
            bold_heads.append((Head(position, label, position + bold + skip, marked), marked))
        position += len(words) + 1
    names = {head.label for head, marked in bold_heads if marked}
    only_bold = not names and not accept_heads(list(heads.values()))
    for head, marked in bold_heads:
        if marked or head.label in names or only_bold:
            heads[head.line] = head
    return [heads[line] for line in sorted(heads)]


def _bold_length(paragraph: object) -> int:
    length = 0
    for run in paragraph.runs:  # type: ignore[attr-defined]
        if not run.bold and run.text.strip():
            break
        length += len(run.text)
    return length if any(run.bold for run in paragraph.runs) else 0  # type: ignore[attr-defined]


def _read_cues(text: str, kind: str, file: str, job: Job) -> tuple[str, list[Turn]]:
    """Cues of one speaker in a row as one turn; the plain text has one line a turn, ``label: words``."""
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    try:
        captions = webvtt.from_buffer(io.BytesIO(text.encode()), format=kind, strict=True)
        cues = [part for caption in captions for part in _speeches(caption.raw_text)]
    except (MalformedFileError, MalformedCaptionError, ValueError, IndexError) as error:
        fix = "A .vtt starts with WEBVTT and every cue has 'start --> end'; export it again"
        raise Unreadable(f"not a .{kind} file: {error or type(error).__name__}", fix) from None
    merged: list[list[str]] = []
    early: list[str] = []
    for label, words in cues:
        if merged and (not label or label == merged[-1][0]):
            merged[-1][1] += f" {words}"
        elif label or merged:
            merged.append([label, words])
        else:
            early.append(words)
    if early and merged:
        job.note(f"{file}: {len(early)} cues before the first speaker are not read: {early[0][:40]!r}")
    if not merged:
        fix = "Export with speaker names (Teams: <v Name>, Zoom: 'Name: words')"
        raise Unreadable("no recognisable speakers" if cues else "holds no cues", fix)
    plain, turns = "", []
    for label, words in merged:
        start = len(plain) + len(label) + 2
        plain += f"{label}: {words}\n"
        turns.append(Turn(label, start, start + len(words)))
    return plain.rstrip("\n"), turns


def _speeches(raw: str) -> list[tuple[str, str]]:
    """Speaker and words of a cue; the speaker is '' where the cue goes on with the last one."""
    voices = VOICE.findall(raw)
    if voices:
        return [(_clean(name), _clean(words)) for name, words in voices if _clean(words)]
    found: list[tuple[str, str]] = []
    for line in _clean_lines(raw):
        match = CUE_BRACKET.fullmatch(line) or CUE_LABEL.fullmatch(line)
        label = match["label"].strip() if match else ""
        if match and (is_generic(label) or (label[0].isupper() and len(label.split()) <= 4)):
            found.append((label, match["text"].strip()))
        elif line:
            found.append(("", line))
    return found


def _clean(words: str) -> str:
    return " ".join(html.unescape(TAG.sub("", words)).split())


def _clean_lines(raw: str) -> list[str]:
    return [_clean(line) for line in raw.splitlines()]
