"""What the notebook asks of this room, a call a section: everything read from the run folder, nothing but counts given back."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..clustering import assign_segments, recall_solution
from ..clustering.solution import natural_order
from ..dataset import Dataset
from ..display import Callout, Reading, Table
from ..sources.people import read_stage_addresses, read_suppression
from ..study import Study
from ..words import few_words, source_words
from ..workspace import Workspace
from .audiences import Audiences, plan_audiences
from .fairness import NEAR_NOBODY
from .lookalike import Ranked, find_lookalikes, first_seed_times
from .reach import FEWEST, Reach, flag_strangers, learn_reach, measure_keeping, segment_distances
from .reread import check_table
from .safe import make_safe

__all__ = [
    "Closeness", "describe_closeness", "describe_keeping", "export_lookalikes", "gather_audiences", "list_audiences", "measure_closeness",
    "measure_flicker", "rank_lookalikes", "tabulate_closeness", "tabulate_keeping",
]  # fmt: skip


BORDER = "on a border"


@dataclass(frozen=True)
class Closeness:
    """Who is near nobody.

    Attributes
    ----------
    membership : pandas.DataFrame
        With the columns distance and near_nobody.
    reach : Reach
    """

    membership: pd.DataFrame
    reach: Reach


def measure_closeness(run: Workspace, features: pd.DataFrame, membership: pd.DataFrame) -> Closeness:
    """Mark the units that are further from their segment's centre than nearly all of its members.

    Parameters
    ----------
    run : Workspace
        Whose stage 02_segments is done.
    features : pandas.DataFrame
        Of this quarter, by unit.
    membership : pandas.DataFrame

    Returns
    -------
    Closeness
    """
    solution, encoder = recall_solution(run)
    nominal = [variable.name for variable in encoder.variables if variable.level == "nominal"]
    distances = segment_distances(solution, encoder.encode(features.reindex(membership.index)), nominal=nominal)
    reach = learn_reach(distances, membership, percentile=run.study.activation.near_nobody)
    return Closeness(flag_strangers(reach, distances, membership), reach)


def tabulate_closeness(close: Closeness, *, source: str = "", min_cell: int = 10) -> Table:
    """Limit of every segment and how many are beyond it.

    Parameters
    ----------
    close : Closeness
    source : str
    min_cell : int

    Returns
    -------
    Table
    """
    rows = []
    for segment in natural_order(close.reach.limits.index):
        of = close.membership[close.membership["segment"] == segment]
        by = of.groupby("basis")["near_nobody"].sum()
        rows.append({
            "segment": segment, "n": few_words(len(of), min_cell), "limit": close.reach.limits[segment],
            "limit read from": "all members" if segment in close.reach.pooled else "its own members",
            "beyond it, every variable known": few_words(int(by.get("fitted", 0)), min_cell),
            "beyond it, some variables known": few_words(int(by.get("placed", 0)), min_cell),
        })  # fmt: skip
    placed = int(close.membership["segment"].notna().sum())
    if not placed:
        return Table(pd.DataFrame(), "Nobody is in a segment.", empty="")
    caption = f"Distance to the centre of the segment. n = {placed:,d} placed.{source_words(source)}"
    note = (
        f"Limit: {close.reach.percentile:.0%} of the members with every base variable lie within (root mean square difference in standard "
        f"deviations); of all members where a segment has fewer than {FEWEST} such."
    )
    return Table(pd.DataFrame(rows), caption, {"limit": ".2f"}, note)


def describe_closeness(close: Closeness, study: Study) -> Reading | Callout:
    """Who is near nobody, in words, and what to do with them.

    Parameters
    ----------
    close : Closeness
    study : Study

    Returns
    -------
    Reading or Callout
        Absent where nobody is in a segment.
    """
    if close.membership["segment"].isna().all():
        return Callout("absent", "Nobody is in a segment, so nobody can be far from one.")
    far = close.membership["near_nobody"].fillna(False)
    placed, few = int(close.membership["segment"].notna().sum()), study.choices.min_cell
    guessed = int((far & (close.membership["basis"] == "placed")).sum())
    first = few_words(int(far.sum()), few).capitalize()
    text = (
        f"{first} of {placed:,d} {study.units} in a segment are near nobody: further from its centre than "
        f"{close.reach.percentile:.0%} of the members with every base variable (activation.near_nobody)"
        + (f"; {few_words(guessed, few)} of them are placed by some variables only." if guessed else ".")
        + f" By this rule about {1 - close.reach.percentile:.0%} of those with every variable are, "
        "whoever they are, because the limit is read from this quarter's own members: their number says nothing about whether people like "
        "nobody have come in. Their segment is only the least far: do not address them as its people."
    )
    return Reading([text])


def measure_flicker(
    run: Workspace, before: pd.DataFrame, now: pd.DataFrame, membership: pd.DataFrame
) -> pd.DataFrame | None:
    """How many moves between the quarters each margin would leave, the same solution laid over both.

    Parameters
    ----------
    run : Workspace
    before, now : pandas.DataFrame
        Features of last quarter and of this one, by unit.
    membership : pandas.DataFrame
        Of this quarter.

    Returns
    -------
    pandas.DataFrame or None
        As ``measure_keeping`` gives it; None without an earlier quarter.
    """
    solution, encoder = recall_solution(run)
    if before.empty:
        return None
    past = assign_segments(solution, encoder.encode(before))["segment"].dropna().astype(str)
    encoded = encoder.encode(now.reindex(membership.index))
    return measure_keeping(solution, encoded, membership, past, margin=run.study.activation.keep_margin)


def tabulate_keeping(keeping: pd.DataFrame | None, study: Study, *, source: str = "") -> Table:
    """Moves that remain, by margin.

    Parameters
    ----------
    keeping : pandas.DataFrame or None
    study : Study
    source : str

    Returns
    -------
    Table
    """
    if keeping is None or not keeping["units"].iloc[0]:
        return Table(pd.DataFrame(), "No earlier quarter.", empty="")
    asked = [f"{row.margin:g}{' (the study asks this)' if row.chosen else ''}" for row in keeping.itertuples()]
    table = pd.DataFrame({
        "margin asked": asked, "move": keeping["moved"], "stay after all": keeping["kept"],
        "share that moves": keeping["moved"] / keeping["units"],
    })  # fmt: skip
    units = int(keeping["units"].iloc[0])
    caption = f"Moves by the lead a new segment must have. n = {units:,d} {study.units} placed in both quarters.{source_words(source)}"
    return Table(
        table, caption, {"share that moves": ".1%"}, "Margin 0: everybody goes to the nearest segment at once."
    )


def describe_keeping(keeping: pd.DataFrame | None, study: Study) -> Reading | Callout:
    """What keeping people on a border does to the number of moves.

    Parameters
    ----------
    keeping : pandas.DataFrame or None
    study : Study

    Returns
    -------
    Reading or Callout
    """
    if keeping is None or not keeping["units"].iloc[0]:
        return Callout("absent", "There is no earlier quarter, so nobody can flicker.")
    told = keeping.set_index("margin")
    asked = study.activation.keep_margin
    plain, now = int(told.at[0.0, "moved"]), told.loc[asked]
    text = (
        f"Of {int(now['units']):,d} {study.units} placed in both quarters, {plain:,d} would change their segment if everybody simply went "
        f"to the nearest. With the margin the study asks ({asked:g}; activation.keep_margin) {int(now['moved']):,d} do"
        + (
            f", and {int(now['kept']):,d} stay, because the new segment leads too little to tell a move from noise. Passing "
            f"the margin does not make a move real: the page "
            "Tracking tells how many are."
            if now["kept"]
            else ": every new segment leads by more than that."
        )
    )
    rest = (
        "This is what “segmentation assign --previous” does when people are placed between reports. The segments of this report are "
        "placed without it, so that no number depends on which quarter came before."
    )
    return Reading([text, rest])


def gather_audiences(run: Workspace, data: Dataset, membership: pd.DataFrame) -> Audiences:
    """Count who could be reached where; addresses are read for it and forgotten.

    Parameters
    ----------
    run : Workspace
    data : Dataset
        With companies where people have no country of their own.
    membership : pandas.DataFrame

    Returns
    -------
    Audiences

    Raises
    ------
    DataContractError
        If the file with the addresses or the suppression list breaks its contract.
    """
    return plan_audiences(run.study, membership, read_stage_addresses(run.study, data))


def rank_lookalikes(run: Workspace, data: Dataset, before: pd.DataFrame, now: pd.DataFrame) -> Ranked | None:
    """Lookalikes as the study asks for them.

    Parameters
    ----------
    run : Workspace
    data : Dataset
        With events.
    before, now : pandas.DataFrame
        Features of last quarter and of this one, by unit.

    Returns
    -------
    Ranked or None
        None if the study asks for none, or there is no earlier quarter or no event to learn from.

    Raises
    ------
    ParameterError
        If a seed event never occurred.
    """
    study = run.study
    if study.lookalike is None or "events" not in data or before.empty:
        return None
    times = first_seed_times(data["events"], study.unit, study.lookalike.seed)
    spared = pd.Index(sorted(read_suppression(study).units))
    return find_lookalikes(before, now, times, study, run.period, leave_out=spared)


def export_lookalikes(run: Workspace, ranked: Ranked | None, audiences: Audiences) -> None:
    """Write ``exports/lookalikes.csv``: the units of the bands in their order, and who is held out; nothing if the ranking beats nothing.

    Parameters
    ----------
    run : Workspace
    ranked : Ranked or None
    audiences : Audiences

    Returns
    -------
    None
    """
    if ranked is None or not ranked.verdict.startswith("beats") or ranked.verdict == "beats nothing":
        return
    first = ranked.ranking.dropna(subset=["band"])
    held = audiences.holdout.reindex(first.index, fill_value=False)
    rows = pd.DataFrame({
        run.study.unit: [make_safe(unit) for unit in first.index], "place": first["place"], "band": first["band"],
        "holdout": held.map({True: "true", False: "false"}).to_numpy(),
    })  # fmt: skip
    text = rows.to_csv(index=False, lineterminator="\r\n")
    run.write_text("exports/lookalikes.csv", check_table(text, rows.columns, "lookalikes.csv"))


def list_audiences(
    membership: pd.DataFrame, ranked: Ranked | None, close: Closeness | None = None
) -> dict[str, pd.Index]:
    """Audiences of this report by name: segments, those on a border, those near nobody, lookalikes of the last band.

    Parameters
    ----------
    membership : pandas.DataFrame
    ranked : Ranked or None
    close : Closeness, optional

    Returns
    -------
    dict of str to pandas.Index
        Audiences without members are not in it.
    """
    placed = membership.dropna(subset=["segment"])
    found = {name: placed.index[placed["segment"] == name] for name in natural_order(placed["segment"].unique())}
    found[BORDER] = placed.index[placed["margin"] < 0.1]
    if close is not None:
        found[NEAR_NOBODY] = close.membership.index[close.membership["near_nobody"].fillna(False).astype(bool)]
    if ranked is not None and len(ranked.ranking):
        found["lookalikes"] = ranked.ranking.index[ranked.ranking["band"].notna()]
    return {name: units for name, units in found.items() if len(units)}
