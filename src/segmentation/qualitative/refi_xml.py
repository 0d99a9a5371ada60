"""The XML and the zip of REFI-QDA: elements in the order the standard wants, the same bytes for the same input.

REFI-QDA 1.5 (2019), Project.xsd and Codebook.xsd. Text lies beside the XML as UTF-8 with one line end (LF) and no byte-order mark;
positions count code points from 0, the end excluded.
"""

from __future__ import annotations

import hashlib
import io
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from json.encoder import encode_basestring_ascii

import pandas as pd
from lxml import etree

__all__ = ["CODING_KEYS", "MEMO_KEYS", "Material", "codebook_bytes", "project_bytes"]

PROJECT, CODEBOOK = "urn:QDA-XML:project:1.0", "urn:QDA-XML:codebook:1.0"
ORIGIN = "segmentation"
NO_TIME = "1980-01-01T00:00:00Z"  # the zip format's own "no time": nobody recorded when a passage was coded
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
CODING_KEYS = ("source_id", "start", "end", "code_id", "coder")
MEMO_KEYS = (*CODING_KEYS, "text")


@dataclass(frozen=True)
class Material:
    """What a project holds, already checked.

    Attributes
    ----------
    study : str
        Name of the project, part of every GUID.
    texts : mapping of str to str
        source_id to text with plain line ends.
    codes : pandas.DataFrame
        Index code_id; name, parent (empty without), description, colour (empty without), codable (bool). Parents before children.
    codings : pandas.DataFrame
        source_id, start, end, code_id, coder; no row twice.
    people : mapping of str to (str, mapping of str to str)
        Participant to source_id and attributes.
    memos : pandas.DataFrame
        ``MEMO_KEYS``; empty cells are "" (start and end: -1).
    """

    study: str
    texts: Mapping[str, str]
    codes: pd.DataFrame
    codings: pd.DataFrame
    people: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    memos: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(MEMO_KEYS)))

    @property
    def coders(self) -> list[str]:
        """Everybody who coded or wrote a memo, by name."""
        return sorted({str(name) for name in (*self.codings["coder"], *self.memos["coder"]) if name})

    def guid(self, *key: object) -> str:
        """GUID that depends on nothing but the study and what is named.

        Examples
        --------
        >>> empty = Material("s", {}, pd.DataFrame(), pd.DataFrame())
        >>> empty.guid("code", "price") == empty.guid("code", "price")
        True
        """
        return _guid((self.study, *map(str, key)))


@lru_cache(maxsize=4096)  # of coders and codes, thousands of times the same ones
def _guid(key: tuple[str, ...]) -> str:
    words = f"urn:segmentation:refi-qda:[{', '.join(map(encode_basestring_ascii, key))}]"
    digest = bytearray(hashlib.sha1(uuid.NAMESPACE_URL.bytes + words.encode(), usedforsecurity=False).digest()[:16])
    digest[6], digest[8] = (
        digest[6] & 0x0F | 0x50,
        digest[8] & 0x3F | 0x80,
    )  # as uuid.uuid5 does, in a fifth of its time
    number = digest.hex()
    return f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}"


def codebook_bytes(material: Material) -> bytes:
    """A codebook (.qdc) with the codes of the material; there must be one at least."""
    book = etree.Element(f"{{{CODEBOOK}}}CodeBook", {"origin": ORIGIN}, nsmap={None: CODEBOOK})
    _add_codes(book, material, {})
    return _write(book)


def project_bytes(material: Material) -> bytes:
    """A project (.qdpx): the archive with project.qde first and the texts under sources/."""
    attributes = {"name": material.study, "origin": ORIGIN, "creationDateTime": NO_TIME}
    root = etree.Element(f"{{{PROJECT}}}Project", attributes, nsmap={None: PROJECT})
    if material.coders:
        root.set("creatingUserGUID", material.guid("user", material.coders[0]))
        users = _add(root, "Users")
        for coder in material.coders:
            _add(users, "User", guid=material.guid("user", coder), name=coder)
    notes = _place_memos(material)
    if len(material.codes):
        _add_codes(_add(root, "CodeBook"), material, notes)
    _add_cases(root, material)
    if material.texts:
        sources = _add(root, "Sources")
        by_source = dict(list(material.codings.groupby("source_id")))
        for source_id in material.texts:
            own = by_source.get(source_id, material.codings.iloc[:0])
            _add_source(sources, source_id, own, material, notes)
    _add_notes(root, material)
    _add_memos(root, notes.get(("project",), ()), describe=True)
    members = {"project.qde": _write(root)}
    for source_id, text in material.texts.items():
        members[f"sources/{material.guid('text', source_id)}.txt"] = text.encode("utf-8")
    for number, memo in enumerate(material.memos["text"]):
        members[f"sources/{material.guid('note', number)}.txt"] = str(memo).encode("utf-8")
    return _zip(members)


def _write(root: etree._Element) -> bytes:
    etree.indent(root)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return content


def _zip(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def _add(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    """A child in the parent's own namespace."""
    child = etree.SubElement(parent, f"{parent.tag.rpartition('}')[0]}}}{tag}", attributes)
    child.text = text
    return child


def _add_codes(book: etree._Element, material: Material, notes: Mapping[tuple[str, ...], Sequence[_Memo]]) -> None:
    made = {"": _add(book, "Codes")}
    for code_id, row in material.codes.iterrows():
        code = _add(made[row["parent"]], "Code", guid=material.guid("code", code_id), name=row["name"])
        code.set("isCodable", "true" if row["codable"] else "false")
        if row["colour"]:
            code.set("color", row["colour"])
        if row["description"]:
            _add(code, "Description", row["description"])
        _add_memos(code, notes.get(("code", str(code_id)), ()), describe=False)
        made[str(code_id)] = code


def _add_cases(root: etree._Element, material: Material) -> None:
    """Participants as cases, each with the transcript it speaks in and what is known of it."""
    names = list(dict.fromkeys(name for _, known in material.people.values() for name in known))
    if names:
        variables = _add(root, "Variables")
        for name in names:
            _add(variables, "Variable", guid=material.guid("variable", name), name=name, typeOfVariable="Text")
    if material.people:
        cases = _add(root, "Cases")
    for person, (source_id, known) in material.people.items():
        case = _add(cases, "Case", guid=material.guid("case", person), name=person)
        for name, value in known.items():
            given = _add(case, "VariableValue")
            _add(given, "VariableRef", targetGUID=material.guid("variable", name))
            _add(given, "TextValue", value)
        _add(case, "SourceRef", targetGUID=material.guid("source", source_id))


@dataclass(frozen=True)
class _Memo:
    guid: str
    text: str


def _add_source(
    sources: etree._Element,
    source_id: str,
    codings: pd.DataFrame,
    material: Material,
    notes: Mapping[tuple[str, ...], Sequence[_Memo]],
) -> None:
    source = _add(sources, "TextSource", guid=material.guid("source", source_id), name=_file_name(source_id))
    source.set("plainTextPath", f"internal://{material.guid('text', source_id)}.txt")
    source.set("creationDateTime", NO_TIME)
    own = notes.get(("source", source_id), ())
    if own:
        _add(source, "Description", "\n\n".join(memo.text for memo in own))
    rows = sorted(zip(*(codings[key].tolist() for key in CODING_KEYS[1:]), strict=True))
    coded = {(source_id, *map(str, row)) for row in rows}
    bare = [key[1:] for key in notes if key[0] == "span" and key[1] == source_id and key[1:] not in coded]
    for start, end, code_id, coder in [*rows, *(key[1:] for key in bare)]:
        key = (source_id, str(start), str(end), str(code_id), str(coder))
        selection = _add(source, "PlainTextSelection", guid=material.guid("selection", *key))
        selection.set("name", material.texts[source_id][int(start) : int(end)])
        place = {"startPosition": str(start), "endPosition": str(end), "creationDateTime": NO_TIME}
        user = {"creatingUser": material.guid("user", coder)} if coder else {}
        selection.attrib.update({**place, **user})
        memos = notes.get(("span", *key), ())
        if memos:  # QualCoder reads the memo of a coding here and nowhere else
            _add(selection, "Description", "\n\n".join(memo.text for memo in memos))
        if key in coded:
            coding = _add(selection, "Coding", guid=material.guid("coding", *key), creationDateTime=NO_TIME, **user)
            _add(coding, "CodeRef", targetGUID=material.guid("code", code_id))
        _add_memos(selection, memos, describe=False)
    _add_memos(source, own, describe=False)


def _file_name(source_id: str) -> str:
    """Name of a text; readers take the ending of a file off, so an id that looks like a file's name gets another."""
    return f"{source_id}.txt" if "." in source_id else source_id


def _place_memos(material: Material) -> dict[tuple[str, ...], list[_Memo]]:
    """Memos by what they are about: ("project",), ("code", id), ("source", id) or ("span", source, start, end, code, coder)."""
    found: dict[tuple[str, ...], list[_Memo]] = {}
    for number, row in enumerate(material.memos[list(MEMO_KEYS)].itertuples(index=False)):
        source_id, start, end, code_id, coder, text = row
        if source_id and int(start) >= 0:
            key = ("span", source_id, str(int(start)), str(int(end)), code_id, coder)
        else:
            key = ("source", source_id) if source_id else ("code", code_id) if code_id else ("project",)
        found.setdefault(key, []).append(_Memo(material.guid("note", number), text))
    return found


def _add_memos(element: etree._Element, memos: Sequence[_Memo], *, describe: bool) -> None:
    if describe and memos:
        _add(element, "Description", "\n\n".join(memo.text for memo in memos))
    for memo in memos:
        _add(element, "NoteRef", targetGUID=memo.guid)


def _add_notes(root: etree._Element, material: Material) -> None:
    if material.memos.empty:
        return
    notes = _add(root, "Notes")
    for number, row in enumerate(material.memos.itertuples(index=False)):
        guid = material.guid("note", number)
        note = _add(notes, "Note", guid=guid, name=f"Memo {number + 1}", plainTextPath=f"internal://{guid}.txt")
        if row.coder:
            note.set("creatingUser", material.guid("user", row.coder))
        note.set("creationDateTime", NO_TIME)
