"""Which question to ask next: the one in which the segments still likely lie furthest apart, given the answers so far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...errors import ParameterError
from .forward import Sweep
from .lda import softmax
from .questions import design
from .tool import TypingTool

__all__ = ["next_question"]


def next_question(tool: TypingTool, answers: Mapping[str, float | str | None]) -> str | None:
    """Name of the unanswered question that tells most, given the answers one person has given so far.

    Parameters
    ----------
    tool : TypingTool
    answers : mapping of str to float or str
        Question to answer; None, NaN or absent where it was not asked or not known.

    Returns
    -------
    str or None
        None if everything has been answered.

    Raises
    ------
    ParameterError
        If there is no tool, or an answer is to no question of it.
    DataContractError
        If an answer is not allowed.

    Notes
    -----
    For each question: what its answer holds that the answers so far do not, the squared distance between segments in
    that, in standard deviations within segments, averaged by the probability the segments have now.
    """
    if tool.reason:
        raise ParameterError(f"there is no typing tool: {tool.reason}")
    given = pd.DataFrame({name: [value] for name, value in answers.items()}, index=[0])
    values, blocks = design(tool.questions, given)
    known = ~np.isnan(values[0])
    sweep = Sweep(tool.moments, np.nan_to_num(values))
    sweep.take(np.flatnonzero(known))
    chances = softmax(np.log(tool.moments.priors) - 0.5 * sweep.distance)[0]
    best, most = None, -1.0
    for question, block in zip(tool.questions, blocks, strict=True):
        if known[block[0]]:
            continue
        away = sweep.away[block, 0, :]
        apart = away - (away @ chances)[:, None]
        gain = float(chances @ (apart * np.linalg.solve(sweep.within[np.ix_(block, block)], apart)).sum(axis=0))
        if gain > most + 1e-12:
            best, most = question.name, gain
    return best
