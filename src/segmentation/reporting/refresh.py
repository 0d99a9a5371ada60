"""Run the project's notebooks on the sample and store them with the outputs that tests compare, and no others.

A test of a notebook without stored outputs passes whatever the code prints; a notebook with all outputs is megabytes and changes
with every run. So: execution counts of all cells, outputs of the cells tagged ``nbval-check-output``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from ..errors import StageError
from .stages import NOTEBOOKS

__all__ = ["main", "store_outputs"]

CHECKED = "nbval-check-output"


def store_outputs(executed: Path, target: Path) -> None:
    """Copy counts and checked outputs of an executed notebook into the project's notebook.

    Parameters
    ----------
    executed : Path
        A run without injected parameters.
    target : Path
        The notebook it was made from.
    """
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
        if cell.cell_type == "code" and CHECKED not in cell.metadata.get("tags", []):
            cell.outputs = []
    target.write_text(nbformat.writes(notebook, indent=1) + "\n", "utf-8")


def main() -> None:
    """Refresh all notebooks of the project, in the order of the line."""
    from .kernel import execute_notebook
    from .runner import notebooks_folder

    folder = notebooks_folder()
    os.chdir(folder.parent)
    with tempfile.TemporaryDirectory() as scratch:
        for name in (*NOTEBOOKS, "explore", "code_interviews"):
            source = folder / f"{name}.ipynb"
            draft = Path(scratch) / source.name
            error = execute_notebook(source, draft, {})
            if error is not None:
                raise StageError(f"{source.name}: {error['name']}: {error['message']}")
            store_outputs(draft, source)
            print(f"refreshed {source.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
