"""Files from outside, opened with limits: no entity is expanded, no path leaves an archive, nothing grows without bound."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeTree

from .job import Unreadable

__all__ = ["TEXT_LIMIT", "check_office_file", "open_archive", "parse_xml", "read_bytes", "read_member"]

FILE_LIMIT = 2_000_000_000  # bytes of one table
DOCUMENT_LIMIT = 200_000_000  # bytes of one document, workbook or archive, and of all it holds unpacked
TEXT_LIMIT = 20_000_000  # bytes of one text: about 3 million words, a hundred times the longest interview
MEMBER_LIMIT = 10_000  # members of an archive
RATIO_LIMIT = 200  # unpacked bytes for each packed byte, of members over RATIO_FROM
RATIO_FROM = 1_000_000
DECLARATIONS = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)


def read_bytes(path: Path, limit: int = FILE_LIMIT) -> bytes:
    """Bytes of a file that is not empty and not larger than the limit."""
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("the file is empty", "Export it again, or leave the source out of the study")
    if size > limit:
        raise Unreadable(f"larger than {limit:,} bytes, the most this reader takes", "Split it", value=size)
    return path.read_bytes()


def open_archive(data: bytes) -> zipfile.ZipFile:
    """Zip archive whose members were checked before anything is unpacked.

    Raises
    ------
    Unreadable
        If it is truncated, encrypted, too large, packs too well, or has members that are doubled or leave the archive.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, OSError) as error:
        raise Unreadable(
            f"not a whole zip archive: {error}", "It was cut off or is of another kind; export it again"
        ) from None
    members = archive.infolist()
    if len(members) > MEMBER_LIMIT:
        raise Unreadable(f"the archive has more than {MEMBER_LIMIT:,} members", value=len(members))
    if sum(member.file_size for member in members) > DOCUMENT_LIMIT:
        raise Unreadable(f"the archive unpacks to more than {DOCUMENT_LIMIT:,} bytes")
    seen: set[str] = set()
    for member in members:
        _check_member(member, seen)
    return archive


def _check_member(member: zipfile.ZipInfo, seen: set[str]) -> None:
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\x00" in name:
        raise Unreadable("a member of the archive leaves it", "Do not trust this file", value=name)
    if member.flag_bits & 1:
        raise Unreadable("the archive is encrypted", "Export it without a password", value=name)
    if (member.external_attr >> 16) & 0o170000 == 0o120000:
        raise Unreadable("a member of the archive is a symbolic link", "Do not trust this file", value=name)
    folded = "/".join(parts).casefold()
    if folded in seen:
        raise Unreadable("a member of the archive stands twice", "Export it again", value=name)
    seen.add(folded)
    if member.file_size > max(RATIO_FROM, RATIO_LIMIT * member.compress_size):
        raise Unreadable(
            f"a member unpacks to more than {RATIO_LIMIT} times its size", "Do not trust this file", value=name
        )


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Bytes of one member, never more than its entry promised."""
    promised = archive.getinfo(name).file_size
    try:
        with archive.open(name) as stream:
            data = stream.read(promised + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise Unreadable(f"a member of the archive is damaged: {error}", "Export it again", value=name) from None
    if len(data) != promised:
        raise Unreadable("a member of the archive is not as long as it says", "Export it again", value=name)
    return data


def parse_xml(data: bytes, what: str) -> Any:
    """Root element of an XML document without document type, entities or references to other files."""
    try:
        return SafeTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        fix = "Documents of research tools have none; do not trust this file"
        raise Unreadable(f"{what} declares a document type or entities, which are refused", fix) from None
    except (SafeTree.ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"{what} is not well-formed XML: {error}", "Export it again") from None


def check_office_file(path: Path, part_limit: int = DOCUMENT_LIMIT) -> bytes:
    """Bytes of a .docx or .xlsx whose archive passed the checks and whose XML is not too large and declares no document type."""
    data = read_bytes(path, DOCUMENT_LIMIT)
    with open_archive(data) as archive:
        for member in archive.namelist():
            size = archive.getinfo(member).file_size
            if member.lower().endswith(".xml") and size > part_limit:
                raise Unreadable(
                    f"a part unpacks to more than {part_limit:,} bytes, the most this reader takes",
                    "Split it",
                    value=size,
                )
            if member.lower().endswith((".xml", ".rels", ".vml")):
                content = read_member(archive, member)
                if any(declaration in content for declaration in DECLARATIONS):
                    fix = "Office programs write none; do not trust this file"
                    raise Unreadable("declares a document type or entities, which are refused", fix, value=member)
    return data
