"""Notebooks keep the rules, can be read by papermill, and have stored facts that nbval really compares."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import papermill
import pytest

from segmentation.reporting.parameters import notebook_parameters

from ..conftest import NOTEBOOKS, PROJECT, files_of, run_nbval
from .lint import CHECKED, lint_notebook

FOLDER = PROJECT / "notebooks"
GOOD = """{
 "cells": [
  {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Is it so?\\n\\n**Question.** A\\n\\n**Decision it informs.** B"},
  {"cell_type": "code", "id": "parameters", "metadata": {"tags": ["parameters"]}, "execution_count": 1, "outputs": [],
   "source": PARAMETERS},
  {"cell_type": "code", "id": "step", "metadata": {}, "execution_count": 2, "outputs": [], "source": SOURCE},
  {"cell_type": "markdown", "id": "limits", "metadata": {}, "source": "## What this does not show"},
  {"cell_type": "code", "id": "facts", "metadata": {"tags": ["nbval-check-output"]}, "execution_count": 3,
   "outputs": [{"output_type": "stream", "name": "stdout", "text": "{\\"n\\": 3}"}], "source": "print(facts)"}
 ], "metadata": {}, "nbformat": 4, "nbformat_minor": 5
}"""
LINES = "\n".join(
    f'{p.name}: {p.kind.__name__} = "{p.default}"  # {p.meaning.split(";")[0]}' for p in notebook_parameters("01_data")
)


def write(folder: Path, source: str = "x = 1", parameters: str = LINES) -> Path:
    path = folder / "01_data.ipynb"
    path.write_text(GOOD.replace("PARAMETERS", json.dumps(parameters)).replace("SOURCE", json.dumps(source)))
    return path


def test_every_notebook_is_known():
    assert tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb"))) == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_keeps_the_rules(name):
    assert lint_notebook(FOLDER / f"{name}.ipynb") == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_parameters_can_be_inspected(name):
    """papermill silently loses a line with two equal signs or an annotation with a bar."""
    found = papermill.inspect_notebook(str(FOLDER / f"{name}.ipynb"))
    assert {key: entry["inferred_type_name"] for key, entry in found.items()} == {
        parameter.name: parameter.kind.__name__ for parameter in notebook_parameters(name)
    }
    assert all(entry["help"] for entry in found.values())


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_lint_rejects_a_stripped_notebook(name, tmp_path):
    """What nbstripout leaves: nbval would pass it, comparing nothing."""
    content = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    stripped = tmp_path / f"{name}.ipynb"
    stripped.write_text(json.dumps(content))
    problems = "\n".join(lint_notebook(stripped))
    assert "no stored facts to compare with" in problems and "no execution count" in problems


def test_lint_accepts_a_good_notebook(tmp_path):
    assert lint_notebook(write(tmp_path)) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def f():\n    pass", "FunctionDef: it belongs into the library"),
        ("class A:\n    pass", "ClassDef"),
        ("for x in [1]:\n    pass", "For: it belongs"),
        ("f = lambda x: x", "Lambda"),
        ("while False:\n    pass", "While"),
        ("\n".join("x = 1" for _ in range(16)), "16 lines; 15 are allowed"),
        ("open('/srv/data/x.csv')", "an absolute path: /srv/data/x.csv"),
        ("import pandas as pd\npd.read_csv('x.csv')", "pd.read_csv: reading belongs into sources"),
        ("%pip install x", "a magic or a shell command"),
        ("!pip install x", "a magic or a shell command"),
        ("import warnings\nwarnings.filterwarnings('ignore')", "a warnings filter"),
    ],
)
def test_lint_finds_code_that_does_not_belong_in_a_notebook(tmp_path, source, problem):
    assert problem in "\n".join(lint_notebook(write(tmp_path, source)))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('run_folder: str = ""  # where, x=1', "without exactly one '='"),
        ('run_folder: str | None = ""  # where', "no annotated literal"),
        ('run_folder: str = str("")  # where', "no annotated literal"),
        ('run_folder: str = ""', "a parameter without its meaning"),
        ('folder: str = ""  # where', "instead of"),
    ],
)
def test_lint_finds_parameters_that_papermill_would_lose(tmp_path, line, problem):
    lines = "\n".join([*LINES.splitlines()[:-1], line])
    assert problem in "\n".join(lint_notebook(write(tmp_path, parameters=lines)))


def test_nbval_passes_every_notebook(plain_run):
    code, words = plain_run.answers[0]
    assert code == 0, words[-6000:]
    assert not re.search(r"\b(skipped|xfailed)\b", words.splitlines()[-1])


def test_plain_notebooks_leave_the_bytes_of_the_runner(sample_run, plain_run):
    """Three ways, one result: as opened (nbval), by the runner, and by a runner that was killed and taken up again."""
    assert files_of(plain_run.work / "results") == files_of(sample_run.work / "results")


def test_nbval_fails_when_one_digit_of_the_facts_is_changed(plain_run, tmp_path):
    """The proof that passing means something."""
    name = "04_personas"
    content = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))
    facts = next(cell for cell in content["cells"] if CHECKED in cell["metadata"].get("tags", []))
    printed = "".join(facts["outputs"][0]["text"])
    place = next(re.finditer(r"\d", printed)).start()
    facts["outputs"][0]["text"] = [printed[:place] + str((int(printed[place]) + 1) % 10) + printed[place + 1 :]]
    project = plain_run.project
    changed = project / "notebooks" / f"{name}_changed.ipynb"
    changed.write_text(json.dumps(content))
    try:
        code, words = run_nbval(project, changed.stem)
    finally:
        changed.unlink()
    assert code == 1
    assert re.search(r"1 failed, \d+ passed", words), words[-3000:]


def test_papermill_refuses_a_misspelt_parameter(plain_run, tmp_path, monkeypatch):
    """papermill itself only logs it."""
    monkeypatch.chdir(plain_run.project)
    shutil.copy("notebooks/05_messaging.ipynb", tmp_path / "n.ipynb")
    with pytest.raises(papermill.PapermillExecutionError, match=r"no parameter 'perod'. Did you mean 'period'\?"):
        papermill.execute_notebook(
            str(tmp_path / "n.ipynb"), str(tmp_path / "out.ipynb"), {"perod": "2026Q3"}, progress_bar=False,
            kernel_name="python3", cwd=str(plain_run.project),
        )  # fmt: skip
