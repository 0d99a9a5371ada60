"""Where the numbers of a page come from: inputs and their digests, choices, seed, versions."""

from __future__ import annotations

import pandas as pd

from ..dataset import Dataset
from ..display import Table
from ..workspace import Workspace
from .manifest import package_versions

__all__ = ["tabulate_choices", "tabulate_provenance"]


def tabulate_provenance(workspace: Workspace, data: Dataset | None = None) -> Table:
    """Inputs with rows and digest, seed and versions, as the last table of every notebook.

    Parameters
    ----------
    workspace : Workspace
    data : Dataset, optional
        What this notebook read itself; without it only seed and versions are listed.

    Returns
    -------
    Table
        Columns what, value.
    """
    rows = [("study", f"{workspace.study.study}, {workspace.period}")]
    for account in data.accounts if data is not None else ():
        rows.append(
            (
                f"input {account.source}",
                f"{account.files_words}; {account.rows_in:,d} rows; sha256 {account.sha256[:16]}",
            )
        )
    rows.append(("random state", str(workspace.study.choices.random_state)))
    rows += [(f"version of {name}", number) for name, number in package_versions().items()]
    frame = pd.DataFrame(rows, columns=["what", "value"])
    note = "Run times, the revision of the code and the digests of all results are in manifest.json."
    return Table(frame, "Provenance: what this page was computed from.", note=note)


def tabulate_choices(workspace: Workspace) -> Table:
    """Choices of the study file that change numbers, with what they mean.

    Parameters
    ----------
    workspace : Workspace

    Returns
    -------
    Table
        Columns choice, value, meaning.
    """
    choices = workspace.study.choices
    rows = [
        (name, f"{getattr(choices, name):g}", field.description or "")
        for name, field in type(choices).model_fields.items()
        if name != "personas"  # its limits stand beside the rules they belong to
    ]
    frame = pd.DataFrame(rows, columns=["choice", "value", "meaning"])
    return Table(frame, "Choices that change numbers, as set in the study file.")
