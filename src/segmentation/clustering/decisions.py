"""What the team decided about segments: names, notes and merges, kept in a file beside the study that every run honours.

The file may be written by hand or by ``explore.ipynb``. It is read as strictly as the study: every problem at once, with its line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ..errors import ParameterError, StudyError
from ..study import Study, read_yaml
from ..workspace import write_bytes
from .decision_parts import Merge, NamedSegment, SegmentDecisions, read_content

__all__ = ["Decisions", "Merge", "NamedSegment", "SegmentDecisions", "load_decisions", "save_decisions"]

HEADER = """\
# What the team decided about its segments. The next run honours it: names stand beside the ids, merged segments count as one.
# explore.ipynb writes this file anew when somebody presses Save there: keep remarks in `note` and `why`, comments are lost.
# centres: mean z-scores of each segment when it was decided on, so that a name never slips onto another segment.
"""


NOTHING = SegmentDecisions()


@dataclass(frozen=True)
class Decisions:
    """The file as it was read.

    Attributes
    ----------
    file : Path
        Where it is, or would be.
    segmentations : Mapping of str to SegmentDecisions
    sha256 : str
        Of the file's bytes; empty if there is no file. A file that somebody changed meanwhile is not written over.
    first : str
        The segmentation that carries the line.
    """

    file: Path
    segmentations: Mapping[str, SegmentDecisions] = field(default_factory=dict)
    sha256: str = ""
    first: str = ""

    def about(self, segmentation: str = "") -> SegmentDecisions:
        """Decisions about one segmentation, by default the one that carries the line; empty if there are none."""
        return self.segmentations.get(segmentation or self.first, NOTHING)


def load_decisions(study: Study) -> Decisions:
    """Read the decisions of a study; a study without the file has none yet.

    Parameters
    ----------
    study : Study
        Its key ``decisions`` names the file; without it that is ``decisions.yaml`` beside the study file.

    Returns
    -------
    Decisions

    Raises
    ------
    StudyError
        With every problem of the file and its line: unknown keys and segmentations, names that are too long or stand twice,
        merges into itself, twice or in a chain.

    Examples
    --------
    >>> from segmentation.study import load_study
    >>> load_decisions(load_study("data/sample/fieldnote")).about().merged
    {}
    """
    file, first = study.resolve(study.decisions), next(iter(study.segmentations))
    if not file.is_file():
        return Decisions(file, first=first)
    content, lines = read_yaml(file)
    found, violations = read_content(content, tuple(study.segmentations), str(file), lines)
    if violations:
        raise StudyError(violations)
    return Decisions(file, found, hashlib.sha256(file.read_bytes()).hexdigest(), first)


def save_decisions(
    decisions: Decisions, decided: Mapping[str, Any] | SegmentDecisions, *, segmentation: str = ""
) -> Decisions:
    """Write the file with one segmentation's decisions replaced; readers see the old file or the new one, never half.

    Parameters
    ----------
    decisions : Decisions
        As read before; the other segmentations are kept.
    decided : SegmentDecisions or mapping
        A mapping has the keys of the file: decided_on, segments, merge, centres.
    segmentation : str
        Key of ``segmentations`` in the study; by default the one that carries the line.

    Returns
    -------
    Decisions
        As written, to be given to the next save.

    Raises
    ------
    StudyError
        If what is to be written would be refused when read; nothing is written then.
    ParameterError
        If the file was changed by somebody else since ``decisions`` was read, or cannot be written.
    """
    file, name = decisions.file, segmentation or decisions.first
    plain = _plain(decided) if isinstance(decided, SegmentDecisions) else dict(decided)
    content = {key: _plain(other) for key, other in decisions.segmentations.items()} | {name: plain}
    found, violations = read_content(content, tuple(content), "decision", {})
    if violations:
        raise StudyError(violations)
    body = {key: _plain(item) for key, item in found.items() if item != NOTHING}
    now = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
    if now != decisions.sha256:
        raise ParameterError(
            f"{file.name} was changed since it was read here, by hand or in another window: read it again before saving, so that nobody's "
            "decision is lost"
        )
    text = HEADER + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    try:
        write_bytes(file, text.encode())
    except OSError as error:
        raise ParameterError(f"{file} cannot be written: {error.strerror or error}") from error
    return Decisions(file, found, hashlib.sha256(text.encode()).hexdigest(), decisions.first)


def round_centres(centres: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Centres as the file keeps them.

    Examples
    --------
    >>> round_centres(pd.DataFrame({"need": [0.12345]}, index=["S1"]))
    {'S1': {'need': 0.123}}
    """
    return {str(segment): {str(k): round(float(v), 3) for k, v in row.items()} for segment, row in centres.iterrows()}


def _plain(decided: SegmentDecisions) -> dict[str, Any]:
    """Keys and values of the file, without what is empty; lists and dicts of its own, so that YAML writes no aliases."""
    content = decided.model_dump(by_alias=True, exclude_defaults=True)
    content["merge"] = [merge | {"from": list(merge["from"])} for merge in content.get("merge", ())]
    return {key: value for key, value in content.items() if value}
