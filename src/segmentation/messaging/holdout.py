"""Who is left alone so that an effect can be seen: decided by a hash, so that it is the same on every machine and in every export."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pandas as pd

from ..errors import ParameterError
from ..study import Study

__all__ = ["hold_out", "hold_out_of"]


def hold_out(units: Iterable[str], *, share: float, salt: str) -> pd.Series:
    """Choose the units that no audience reaches.

    A unit is held out if the first 52 bits of SHA-256 of salt, a colon and its id, as a number from 0 to below 1, lie below the share.
    So nobody who is held out at a share of 5 % is reached at 10 %, and another salt draws anew.

    Parameters
    ----------
    units : iterable of str
        Unit ids.
    share : float
        0 to below 1.
    salt : str

    Returns
    -------
    pandas.Series
        True for those held out, by unit.

    Raises
    ------
    ParameterError
        If the share is not 0 or more and below 1.

    Examples
    --------
    >>> hold_out(["a", "b", "c", "d"], share=0.5, salt="spring").tolist()
    [False, False, True, False]
    """
    if not 0 <= share < 1:
        raise ParameterError(f"share must be 0 or more and below 1; got {share!r}")
    ids = pd.Index([str(unit) for unit in units], dtype="str")
    places = [int(hashlib.sha256(f"{salt}:{unit}".encode()).hexdigest()[:13], 16) / 16**13 for unit in ids]
    return pd.Series([place < share for place in places], index=ids, name="holdout", dtype=bool)


def hold_out_of(study: Study, membership: pd.DataFrame) -> pd.Series:
    """Units with a segment that no audience of this study reaches.

    Parameters
    ----------
    study : Study
        ``activation.holdout`` says which share, ``activation.salt`` by which word.
    membership : pandas.DataFrame
        Index unit; column segment.

    Returns
    -------
    pandas.Series
        True for those held out, by unit with a segment.
    """
    placed = membership["segment"].dropna().index
    return hold_out(placed, share=study.activation.holdout, salt=study.activation.salt or study.study)
