"""Which quarters of a study were run, how each stage ended, where the reports are."""

from __future__ import annotations

import json
from pathlib import Path

from .stages import NOTEBOOKS

__all__ = ["read_status"]


def read_status(root: Path) -> list[str]:
    """Lines for a terminal.

    Parameters
    ----------
    root : Path
        ``reports/<study>``.

    Returns
    -------
    list of str
        One a quarter and stage; empty if nothing was run.
    """
    lines = []
    for folder in sorted((root / ".work").glob("*Q[1-4]")):
        published = root / folder.name / "index.html"
        lines.append(f"{folder.name}: {'report published' if published.exists() else 'no report yet'}")
        for name in NOTEBOOKS:
            file = folder / "stages" / f"{name}.json"
            failed = folder / "failed" / f"{name}.ipynb"
            if failed.exists():
                lines.append(f"  {name}: failed; see {failed.relative_to(root.parent)}")
            elif file.exists():
                record = json.loads(file.read_text("utf-8"))
                lines.append(f"  {name}: done in {record['seconds']:.1f} s, {len(record['outputs'])} results")
            else:
                lines.append(f"  {name}: not run")
    return lines
