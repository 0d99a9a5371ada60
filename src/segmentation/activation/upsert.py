"""Files that bring membership back into the CRM."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from ..display import Callout, Reading
from ..errors import ParameterError, nearest_word
from ..period import Period
from ..workspace import write_bytes
from .safe import make_safe

__all__ = ["PLATFORMS", "describe_upsert", "write_upsert"]

# header of the id, then segment, margin, period
PLATFORMS: dict[str, tuple[str, str, str, str]] = {
    "hubspot": ("Record ID", "Segment", "Segment margin", "Segment period"),
    "plain": ("unit", "segment", "margin", "period"),
}
HOLDOUT = {"hubspot": "Segment holdout", "plain": "holdout"}


def write_upsert(
    membership: pd.DataFrame,
    path: str | Path,
    platform: str = "hubspot",
    *,
    period: Period | str,
    holdout: pd.Series | None = None,
) -> pd.DataFrame:
    """Write a CSV that updates each unit's segment by its id, safe to open in a spreadsheet.

    Units without a segment are left out: in HubSpot an empty cell does not overwrite, so writing one would keep an old segment
    and look as if it were confirmed.

    Parameters
    ----------
    membership : pandas.DataFrame
        Index unit id; columns ``segment`` and ``margin``.
    path : str or Path
        File to write; replaced whole or not at all.
    platform : {"hubspot", "plain"}
        Headers to use.
    period : Period or str
        Quarter the membership is of.
    holdout : pandas.Series, optional
        True for units held out, by unit; written as a column.

    Returns
    -------
    pandas.DataFrame
        The rows written, in the order of ids.

    Raises
    ------
    ParameterError
        If the platform is not known, a column is missing, or an id is empty or stands twice.
    """
    if platform not in PLATFORMS:
        hint = nearest_word(platform, PLATFORMS)
        raise ParameterError(f"platform must be one of {', '.join(PLATFORMS)}; got {platform!r}. {hint}".rstrip())
    missing = [column for column in ("segment", "margin") if column not in membership.columns]
    if missing:
        raise ParameterError(f"membership needs the columns {', '.join(missing)}")
    ids = membership.index.astype(str)
    if ids.duplicated().any() or (ids.str.strip() == "").any():
        raise ParameterError("unit ids must be there and unique; an upsert by a doubled id would overwrite itself")
    quarter = str(Period.parse(period))
    placed = membership.set_axis(ids).dropna(subset=["segment"]).sort_index()
    rows = pd.DataFrame({
        name: values for name, values in zip(
            PLATFORMS[platform],
            (placed.index.to_numpy(), placed["segment"].to_numpy(), placed["margin"].round(3).to_numpy(), quarter),
            strict=True,
        )
    })  # fmt: skip
    if holdout is not None:
        held = holdout.reindex(placed.index, fill_value=False).map({True: "true", False: "false"})
        rows[HOLDOUT[platform]] = held.to_numpy(object)
    write_bytes(Path(path), _as_csv(rows))
    return rows


def _as_csv(rows: pd.DataFrame) -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow([make_safe(name) for name in rows.columns])
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
        As ``write_upsert`` returns them.
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
    text = f"The file sets the segment of {len(rows):,d} of {len(membership):,d} {units} by their id. "
    if rest:
        text += f"{rest:,d} without a segment are not in it and keep what the CRM has; clear their field first if it may be old. "
    if spared:
        text += f"{spared:,d} on the suppression list {'is' if spared == 1 else 'are'} in no file. "
    return Reading(
        [
            text
            + "The margin (0 at the border of two segments, 1 at the centre of one) comes along: use low ones with care."
        ]
    )
