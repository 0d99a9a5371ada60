"""The rules of the house, read from the sources: who may import whom, and what every public name must tell."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import segmentation

SOURCE = Path(__file__).parents[2] / "src" / "segmentation"
ORDER = (
    "errors", "words", "literals", "period", "display", "study", "dataset", "workspace", "sources", "features", "clustering",
    "profiling", "qualitative", "coding", "personas", "messaging", "tracking", "activation", "figures", "reporting",
    "scaffold", "progress", "preflight", "cli",
)  # fmt: skip
ALONE = {"plotly": "figures", "papermill": "reporting", "typer": "cli", "rich": "progress"}
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, int]]:
    """Absolute names of everything a module imports, also inside functions."""
    package = ("segmentation", *path.relative_to(SOURCE).parts[:-1])
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            name = ".".join(part for part in (base, node.module or "") if part)
            found.append((name, node.lineno))
            if base == "segmentation" and not node.module:
                found += [(f"segmentation.{alias.name}", node.lineno) for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_module_imports_only_rooms_above_it(path):
    room = room_of(path)
    if room in ("__init__", "synthetic"):
        return
    for name, line in imports(path):
        parts = name.split(".")
        if parts[0] == "segmentation" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER.index(parts[1]) <= ORDER.index(room), f"{path}:{line} imports {name}, which lies below {room}"
        if parts[0] == "segmentation" and len(parts) > 1:
            assert parts[1] != "synthetic", f"{path}:{line}: nothing in the line may know the generator and its truth"
        if parts[0] in ALONE:
            assert room == ALONE[parts[0]], f"{path}:{line} imports {parts[0]}, which only {ALONE[parts[0]]} may"
        assert parts[0] not in ("pickle", "joblib", "dill", "cloudpickle"), f"{path}:{line} imports {parts[0]}"


def test_rooms_are_all_in_the_order():
    rooms = {room_of(path) for path in FILES} - {"__init__", "synthetic"}
    assert rooms == set(ORDER)


@pytest.mark.parametrize("name", sorted(segmentation.__all__))
def test_public_name_is_documented(name):
    item = getattr(segmentation, name)
    text = inspect.getdoc(item)
    assert text and len(text) > 20, f"{name} has no docstring"
    if inspect.isfunction(item):
        parameters = inspect.signature(item).parameters
        short = name.startswith(("describe_", "tabulate_", "print_", "format_"))
        if parameters and not short:
            assert "Parameters\n---" in text, f"{name} does not tell its parameters"
            assert "Returns\n---" in text or "Yields\n---" in text, f"{name} does not tell what it returns"


def test_public_names_come_from_their_rooms():
    for name in segmentation.__all__:
        item = getattr(segmentation, name)
        module = importlib.import_module(item.__module__)
        assert name in getattr(module, "__all__", [name]), f"{name} is not in __all__ of {item.__module__}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_import_does_no_work(path):
    """No call at module level but for definitions: no files, no clock, no environment, no seed, no style."""
    allowed = {
        "re.compile", "frozenset", "tuple", "Path", "dict", "TypeVar", "typer.Typer", "__import__", "numba.njit", "njit", "Choices",
        "MappingProxyType", "range", "sorted", "set", "Stage", "Parameter", "Field", "len", "namedtuple", "str.maketrans", "Annotated",
    }  # fmt: skip
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.If)):
            continue
        for call in ast.walk(node):
            if isinstance(call, ast.Call):
                name = ast.unparse(call.func)
                assert name.split(".")[-1] not in ("open", "read_text", "environ", "getenv", "now", "seed", "mkdir"), (
                    f"{path}: {name}"
                )
                assert name in allowed or "." in name or name[0].isupper() or name.startswith("_"), (
                    f"{path}:{call.lineno}: {name}"
                )
