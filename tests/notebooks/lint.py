"""The rules a notebook of the project keeps, read from its JSON and its syntax tree; nothing is run."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from segmentation.reporting.parameters import notebook_parameters

CHECKED = "nbval-check-output"
FORBIDDEN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While, ast.Lambda)
ABSOLUTE = re.compile(r"""(?<![\w.:/])(?:/(?:[\w.-]+/)+[\w.-]*|[A-Za-z]:\\)""")


def lint_notebook(path: Path) -> list[str]:
    """Problems of a notebook, in words; empty if it keeps the rules."""
    notebook = json.loads(path.read_text("utf-8"))
    cells = notebook["cells"]
    codes = [cell for cell in cells if cell["cell_type"] == "code"]
    problems = _lint_words(cells) + _lint_parameters(path.stem, codes) + _lint_outputs(codes)
    kept = set(notebook["metadata"]) - {"kernelspec", "language_info"}
    problems += [f"stored beside the cells: {name}" for name in sorted(kept)]
    for cell in codes:
        problems += [f"cell {cell['id']}: {problem}" for problem in _lint_code(_text(cell))]
    return problems


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _tags(cell: dict[str, Any]) -> list[str]:
    return cell["metadata"].get("tags", [])


def _lint_words(cells: list[dict[str, Any]]) -> list[str]:
    problems = []
    first = _text(cells[0]).splitlines()[0] if cells and cells[0]["cell_type"] == "markdown" else ""
    if not re.fullmatch(r"# \S.*\?", first):
        problems.append("the first cell is no title that asks a question")
    words = "\n".join(_text(cell) for cell in cells if cell["cell_type"] == "markdown")
    if not re.search(r"^## What this does not show$", words, re.M):
        problems.append("no section 'What this does not show'")
    for part in ("**Question.**", "**Decision it informs.**"):
        if part not in words:
            problems.append(f"the introduction lacks {part}")
    if len(re.findall(r"^# ", words, re.M)) != 1:
        problems.append("more than one title")
    return problems


def _lint_parameters(name: str, codes: list[dict[str, Any]]) -> list[str]:
    tagged = [cell for cell in codes if "parameters" in _tags(cell)]
    if len(tagged) != 1:
        return [f"{len(tagged)} cells tagged parameters instead of one"]
    lines = _text(tagged[0]).splitlines()
    problems = [f"a parameters line without exactly one '=': {line}" for line in lines if line.count("=") != 1]
    found = []
    for line in lines:
        statement = ast.parse(line).body[0]
        if not isinstance(statement, ast.AnnAssign) or "|" in line or not isinstance(statement.value, ast.Constant):
            problems.append(f"no annotated literal: {line}")
        elif "#" not in line:
            problems.append(f"a parameter without its meaning: {line}")
        else:
            found.append((ast.unparse(statement.target), ast.unparse(statement.annotation), statement.value.value))
    wanted = [(p.name, p.kind.__name__, p.default) for p in notebook_parameters(name)]
    if found != wanted:
        problems.append(f"parameters {found} instead of {wanted}")
    return problems


def _lint_outputs(codes: list[dict[str, Any]]) -> list[str]:
    """nbval passes whatever the code prints if nothing is stored: a stripped notebook is no tested notebook."""
    problems = [f"cell {cell['id']}: no execution count" for cell in codes if cell["execution_count"] is None]
    checked = [cell for cell in codes if CHECKED in _tags(cell)]
    if not codes or checked != codes[-1:]:
        problems.append(f"not just the last code cell is tagged {CHECKED}")
    for cell in checked:
        printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
        try:
            facts = json.loads(printed)
        except json.JSONDecodeError:
            facts = None
        if not isinstance(facts, dict) or not facts:
            problems.append(f"cell {cell['id']}: no stored facts to compare with")
    problems += [
        f"cell {cell['id']}: a stored output" for cell in codes if CHECKED not in _tags(cell) and cell["outputs"]
    ]
    return problems


def _lint_code(source: str) -> list[str]:
    problems = []
    lines = source.splitlines()
    if len(lines) > 15:
        problems.append(f"{len(lines)} lines; 15 are allowed")
    if any(line.lstrip().startswith(("%", "!")) for line in lines):
        return [*problems, "a magic or a shell command"]
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, FORBIDDEN):
            problems.append(f"{type(node).__name__}: it belongs into the library")
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("pd.read_", "pandas.read_")):
            problems.append(f"{ast.unparse(node)}: reading belongs into sources")
        if isinstance(node, ast.Attribute) and ast.unparse(node) in (
            "warnings.filterwarnings",
            "warnings.simplefilter",
        ):
            problems.append("a warnings filter")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ABSOLUTE.search(node.value):
            problems.append(f"an absolute path: {node.value}")
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "warnings" in ast.unparse(node):
            problems.append("a warnings filter")
    return problems
