"""What the notebooks need round the measures: a redactor for a dataset, the list of codes."""

from __future__ import annotations

import pandas as pd

from ..dataset import Dataset
from .coded import CodedInterviews
from .redaction import Redactor, build_redactor

__all__ = ["build_redactor_for", "list_codes"]


def build_redactor_for(data: Dataset) -> Redactor:
    """Redactor for the interviews of a dataset.

    Names come from the identifiers found in all sources and, where the study has it, from the table ``redactions`` (column
    names: what interviewers wrote down, separated by a vertical bar).

    Parameters
    ----------
    data : Dataset
        With ``turns`` where there are interviews.

    Returns
    -------
    Redactor
    """
    names: list[str] = []
    if "redactions" in data and "names" in data["redactions"]:
        for cell in data["redactions"]["names"].dropna().astype(str):
            names += [name.strip() for name in cell.split("|") if name.strip()]
    texts = data["turns"]["text"].tolist() if "turns" in data else []
    return build_redactor([*data.identifiers, *names], texts=texts)


def list_codes(coded: CodedInterviews) -> pd.DataFrame:
    """The codes that can be given, with their category, for stages that do not read the interviews.

    Parameters
    ----------
    coded : CodedInterviews

    Returns
    -------
    pandas.DataFrame
        Index code_id; columns name, pain: whether it stands in a category of pains (or there are no categories).
    """
    codes = coded.codes.loc[coded.leaves]
    category = codes["parent"].map(lambda parent: str(parent).casefold())
    pain = category.str.contains("pain") if category.str.contains("pain").any() else pd.Series(True, index=codes.index)
    return pd.DataFrame({"name": codes["name"].astype("str"), "pain": pain.astype(bool)}).rename_axis("code_id")
