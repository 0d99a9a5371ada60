"""The file that brings segments back into HubSpot by id."""

from __future__ import annotations

import csv
import io

import pandas as pd

from ..display import Callout, Reading
from ..errors import ParameterError
from ..period import Period
from .safe import make_safe

__all__ = ["describe_upsert", "format_hubspot", "list_upsert"]

HEADER = ("Record ID", "Segment", "Segment margin", "Segment period")
HOLDOUT = "Segment holdout"


def list_upsert(membership: pd.DataFrame, *, period: Period | str, holdout: pd.Series | None = None) -> pd.DataFrame:
    """Each unit's segment by its id, as HubSpot's import takes it.

    Units without a segment are left out: in HubSpot an empty cell does not overwrite, so writing one would keep an old segment
    and look as if it were confirmed.

    Parameters
    ----------
    membership : pandas.DataFrame
        Index unit id; columns ``segment`` and ``margin``.
    period : Period or str
        Quarter the membership is of.
    holdout : pandas.Series, optional
        True for units held out, by unit; becomes a column.

    Returns
    -------
    pandas.DataFrame
        A row a unit with a segment, in the order of ids.

    Raises
    ------
    ParameterError
        If a column is missing, or an id is empty or stands twice.
    """
    missing = [column for column in ("segment", "margin") if column not in membership.columns]
    if missing:
        raise ParameterError(f"membership needs the columns {', '.join(missing)}")
    ids = membership.index.astype(str)
    if ids.duplicated().any() or (ids.str.strip() == "").any():
        raise ParameterError("unit ids must be there and unique; an upsert by a doubled id would overwrite itself")
    placed = membership.set_axis(ids).dropna(subset=["segment"]).sort_index()
    values = (placed.index.to_numpy(), placed["segment"].to_numpy(), placed["margin"].round(3).to_numpy())
    rows = pd.DataFrame(dict(zip(HEADER, (*values, str(Period.parse(period))), strict=True)))
    if holdout is not None:
        held = holdout.reindex(placed.index, fill_value=False).map({True: "true", False: "false"})
        rows[HOLDOUT] = held.to_numpy(object)
    return rows


def format_hubspot(rows: pd.DataFrame) -> bytes:
    """The rows as CSV, safe to open in a spreadsheet.

    Parameters
    ----------
    rows : pandas.DataFrame
        As ``list_upsert`` gives them.

    Returns
    -------
    bytes
    """
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(rows.columns)
    for record in rows.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in record])
    return sink.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return make_safe(value)


def describe_upsert(rows: pd.DataFrame, membership: pd.DataFrame, *, units: str = "units") -> Reading | Callout:
    """How many units the file updates and how many it leaves alone.

    Parameters
    ----------
    rows : pandas.DataFrame
        As ``list_upsert`` gives them.
    membership : pandas.DataFrame
        What it was given.
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
    """
    if rows.empty:
        return Callout("absent", "Nobody is in a segment, so there is nothing to bring into the CRM.")
    rest = int(membership["segment"].isna().sum())
    spared = len(membership) - rest - len(rows)
    text = f"The files for the CRM set the segment of {len(rows):,d} of {len(membership):,d} {units} by their id. "
    if rest:
        text += f"{rest:,d} without a segment are not in them and keep what the CRM has; clear their field first if it may be old. "
    if spared:
        text += f"{spared:,d} on the suppression list {'is' if spared == 1 else 'are'} in no file. "
    return Reading(
        [
            text
            + "The margin (0 at the border of two segments, 1 at the centre of one) comes along: use low ones with care."
        ]
    )
