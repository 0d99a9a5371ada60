"""What the notebooks need round the measures: a redactor for a dataset, the list of codes."""

from __future__ import annotations

import pandas as pd

from ..dataset import Dataset
from ..features.encoder import Encoder
from ..period import Period
from ..sources import canonical_table, latest_period, read_sources
from ..study import Study
from ..workspace import Workspace
from .coded import CodedInterviews
from .reach import Reach, measure_reach
from .redaction import Redactor, build_redactor
from .sampling import SamplingPlan, plan_interviews

__all__ = [
    "build_redactor_for",
    "list_codes",
    "list_memos",
    "plan_next_interviews",
    "reach_of_interviews",
    "read_interviews",
]

INTERVIEWS = ("turns", "codings", "interviewees")
NO_PERIOD = Period(2199, 4)  # for a study that dates nothing: leaves nothing out


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


def read_interviews(study: Study, period: str | Period | None = None) -> Dataset:
    """Transcripts, codings and interviewees of a study, and none of its other sources.

    Parameters
    ----------
    study : Study
    period : str or Period, optional
        Quarter; default: the latest with events. Only texts that bear a date (tickets, answers) depend on it.

    Returns
    -------
    Dataset
        Without tables if the study has no interviews.

    Raises
    ------
    DataContractError
        With every violation of these sources.
    ParameterError
        If the period is not a quarter.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> read_interviews(tiny_study()).tables
    {}
    """
    names = tuple(name for name in study.sources if canonical_table(study, name) in INTERVIEWS)
    return read_sources(study, period or latest_period(study) or NO_PERIOD, only=names)


def list_memos(data: Dataset, coded: CodedInterviews) -> pd.DataFrame | None:
    """The coders' memos as ``write_qdpx`` takes them; one on a coding that is not counted stays with its passage.

    Parameters
    ----------
    data : Dataset
        With the table ``memos`` where a source brought any.
    coded : CodedInterviews

    Returns
    -------
    pandas.DataFrame or None
        source_id, start, end, code_id, coder, text; None without memos.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> from segmentation.qualitative import build_coded_interviews
    >>> data = read_interviews(tiny_study())
    >>> list_memos(data, build_coded_interviews(data)) is None
    True
    """
    if "memos" not in data:
        return None
    keys = ["source_id", "start", "end", "code_id", "coder"]
    memos = data["memos"][(data["memos"]["source_id"] == "") | data["memos"]["source_id"].isin(coded.transcripts.index)]
    held = set(coded.codings[keys].itertuples(index=False, name=None))
    lost = [
        kind == "coding" and tuple(key) not in held
        for kind, *key in memos[["kind", *keys]].itertuples(index=False, name=None)
    ]
    return memos.assign(code_id=memos["code_id"].mask(pd.Series(lost, index=memos.index, dtype=bool), ""))[
        [*keys, "text"]
    ]


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


def plan_next_interviews(
    run: Workspace, data: Dataset, coded: CodedInterviews | None, frozen: pd.DataFrame | None = None
) -> SamplingPlan:
    """Plan the next interviews from this quarter's segments, with the study's choices.

    Parameters
    ----------
    run : Workspace
        Whose stages 01 and 02 are done.
    data : Dataset
        With ``contacts`` where the study has them: a unit all of whose contacts opted out is not asked.
    coded : CodedInterviews or None
        Their interviewees are not asked again; None leaves nobody out for it.
    frozen : pandas.DataFrame, optional
        The frozen plan with answers: who refused is not asked again either.

    Returns
    -------
    SamplingPlan
    """
    choices, unit = run.study.choices, run.study.unit
    encoded = Encoder.from_dict(run.read_json("solution")["encoder"]).encode(run.read("features"))
    barred: list[str] = []
    if "contacts" in data and {unit, "opted_out"} <= set(data["contacts"].columns):
        opted = (
            data["contacts"].dropna(subset=[unit]).groupby(unit)["opted_out"].agg(lambda out: out.fillna(False).all())
        )
        barred = [str(name) for name in opted.index[opted.astype(bool)]]
    people = pd.DataFrame() if coded is None else coded.people
    known = [str(name) for name in people[unit].dropna()] if unit in people.columns else []
    if frozen is not None:
        barred += [str(name) for name in frozen.loc[frozen["answer"] == "refused", unit]]
    return plan_interviews(
        encoded,
        run.read("membership"),
        per_segment=choices.interviews,
        response_rate=choices.response_rate,
        excluded=barred,
        interviewed=known,
    )


def reach_of_interviews(run: Workspace, coded: CodedInterviews) -> Reach:
    """How much of each segment the interviewees of the study stand near to.

    Parameters
    ----------
    run : Workspace
        Whose stages 01 and 02 are done.
    coded : CodedInterviews

    Returns
    -------
    Reach
    """
    study = run.study
    encoded = Encoder.from_dict(run.read_json("solution")["encoder"]).encode(run.read("features"))
    units = coded.people[study.unit].dropna() if study.unit in coded.people.columns else []
    return measure_reach(
        encoded, run.read("membership"), map(str, units), random_state=study.choices.random_state, units=study.units
    )
