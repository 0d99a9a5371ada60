"""Sentences of the front page that could be false: what the scorecard holds against a segment, what came of predictions."""

from __future__ import annotations

import pandas as pd

from segmentation.reporting.segment_summaries import _say_standing
from segmentation.reporting.summaries import _say_tested

LOG = {
    "experiment": "mail", "persona": "P1", "version": 1, "segment": "S1", "arm": "B", "prediction": "Books more.", "lift": 0.164,
    "metric": "binary", "reason": "few",
}  # fmt: skip


def test_what_the_scorecard_holds_against_the_first_segment():
    standing = pd.DataFrame(
        {"measurable": ["cannot tell", "pass", "fail"], "substantial": ["pass", "pass", "cannot tell"]},
        index=["S1", "S2", "S3"],
    )
    assert _say_standing(standing, "S1") == " On the scorecard nobody can tell whether it is measurable."
    assert _say_standing(standing, "S2") == _say_standing(standing, "S9") == ""
    assert (
        _say_standing(standing, "S3")
        == " On the scorecard it is not measurable, and nobody can tell whether it is substantial."
    )


def test_predictions_are_told_with_their_latest_verdict_only():
    log = pd.DataFrame([{**LOG, "verdict": "undecided"}, {**LOG, "verdict": "supported"}])
    said = _say_tested(log, {"P1": "Pia"})
    assert said.startswith("1 prediction of personas was put to a test so far: 1 supported.")
    assert said.endswith("“Books more”, predicted of Pia (S1): supported (+16.4 points).") and "undecided" not in said
