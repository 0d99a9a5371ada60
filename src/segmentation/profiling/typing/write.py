"""The typing tool as files: JSON for programs, SQL for a database, a workbook, and a form for a phone."""

from __future__ import annotations

import json
from pathlib import Path

from ...study import Study
from ...workspace import Workspace, write_bytes
from .form import write_typing_form
from .sheet import write_typing_sheet
from .sql import format_typing_sql
from .tool import TypingTool

__all__ = ["export_typing_tool", "write_typing_tool"]


def write_typing_tool(tool: TypingTool, folder: str | Path, *, study: Study | None = None) -> tuple[Path, ...]:
    """Write ``typing.json``, ``typing.sql``, ``typing.xlsx`` and ``typing.html`` into a folder.

    Parameters
    ----------
    tool : TypingTool
    folder : str or Path
        Made if need be; each file is replaced whole or not at all.
    study : Study, optional
        For the title of the form and the name of the unit id.

    Returns
    -------
    tuple of Path
        Files written; none if there is no tool.
    """
    if tool.reason:
        return ()
    unit = study.unit if study is not None else "unit"
    content = {
        "typing.json": json.dumps(
            tool.to_dict(), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False
        ).encode(),
        "typing.sql": format_typing_sql(tool, "answers", unit=unit).encode(),
        "typing.xlsx": write_typing_sheet(tool),
        "typing.html": write_typing_form(tool, study).encode(),
    }
    for name, text in content.items():
        write_bytes(Path(folder) / name, text)
    return tuple(Path(folder) / name for name in content)


def export_typing_tool(run: Workspace, tool: TypingTool) -> tuple[str, ...]:
    """Write the tool's files into the run, from where they are published under ``exports``.

    Parameters
    ----------
    run : Workspace
    tool : TypingTool

    Returns
    -------
    tuple of str
        Names of the files under ``exports``; none if there is no tool.
    """
    written = write_typing_tool(tool, run.results / "exports", study=run.study)
    for path in written:
        run.adopt(f"exports/{path.name}")
    return tuple(path.name for path in written)
