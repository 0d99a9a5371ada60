"""Waiting times against a published example: remission of leukaemia in weeks (Freireich et al., Blood 21, 1963)."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.errors import ParameterError
from segmentation.messaging import measure_wait

DRUG = [
    6,
    6,
    6,
    7,
    10,
    13,
    16,
    22,
    23,
    6,
    9,
    10,
    11,
    17,
    19,
    20,
    25,
    32,
    32,
    34,
    35,
]  # the last twelve were still in remission
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_measure_wait_freireich_gives_the_published_medians_and_intervals():
    drug = measure_wait(DRUG, [True] * 9 + [False] * 12)
    assert (drug.n, drug.arrived, drug.median, drug.lower) == (21, 9, 23.0, 13.0)
    assert np.isnan(drug.upper)
    placebo = measure_wait(PLACEBO, [True] * 21)
    assert (placebo.median, placebo.lower, placebo.upper) == (8.0, 4.0, 11.0)


def test_measure_wait_leaving_out_those_still_waiting_would_shorten_it():
    assert measure_wait(DRUG[:9], [True] * 9).median < measure_wait(DRUG, [True] * 9 + [False] * 12).median


@pytest.mark.parametrize(("days", "arrived"), [([], []), ([3.0, 4.0], [False, False])])
def test_measure_wait_nobody_arrived_has_no_median(days, arrived):
    wait = measure_wait(days, arrived)
    assert wait.arrived == 0 and np.isnan([wait.median, wait.lower, wait.upper]).all()


def test_measure_wait_one_unit():
    assert measure_wait([5.0], [True]).median == 5.0


def test_measure_wait_impossible_times_raise():
    with pytest.raises(ParameterError, match=r"negative; got -1\.0"):
        measure_wait([2, -1], [True, True])
    with pytest.raises(ParameterError, match="equally long; got 2 and 1"):
        measure_wait([2, 1], [True])
