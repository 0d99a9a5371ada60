from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segmentation.features import assess_drift, assess_quality
from segmentation.figures.data import plot_drift, plot_linkage, plot_missing


@pytest.fixture
def quality(data, study):
    return assess_quality(data, study)


def test_plot_linkage_draws_the_shares(quality, study):
    exhibit = plot_linkage(quality, study, source="a.csv")
    heat = exhibit.figure.data[0]
    assert list(heat.x) == ["companies", "events", "survey"]
    assert list(heat.y) == ["companies (n = 4)", "events (n = 4)", "survey (n = 3)"]
    assert np.asarray(heat.z)[0].tolist() == pytest.approx([np.nan, 1.0, 0.75], nan_ok=True)
    assert [note.text for note in exhibit.figure.layout.annotations][:2] == ["100%", "75%"]
    assert "Lowest: 75% of the 4 accounts in companies are also in survey" in exhibit.alt
    assert exhibit.caption.endswith("Source: a.csv.")


def test_plot_linkage_single_table_says_there_is_no_link(quality, study):
    exhibit = plot_linkage(replace(quality, linkage=quality.linkage.iloc[:0]), study)
    assert not exhibit.figure.data
    assert "there is no link to show" in exhibit.alt


def test_plot_missing_draws_each_variable_once(quality, study):
    exhibit = plot_missing(quality, study)
    drawn = {word: share for trace in exhibit.figure.data for word, share in zip(trace.y, trace.x, strict=True)}
    assert drawn == pytest.approx(dict.fromkeys(["quotes", "need", "other", "industry", "employees"], 1 / 3))
    assert "5 of 5 variables have missing values" in exhibit.alt


def test_plot_drift_separates_chance_from_more(study):
    rng = np.random.default_rng(1)
    then = pd.DataFrame({"quotes": rng.random(200), "need": rng.normal(size=200)})
    drift = assess_drift(then.assign(need=then["need"] + 1), then)
    exhibit = plot_drift(drift, study)
    drawn = {trace.name: (list(trace.y), trace.marker.symbol) for trace in exhibit.figure.data}
    assert drawn == {"more than chance": (["need"], "diamond"), "within chance": (["quotes"], "circle-open")}
    assert list(exhibit.figure.data[0].x) == pytest.approx(drift.query("variable == 'need'")["effect"].tolist())
    assert "1 of 2 variables changed by more than chance" in exhibit.alt


def test_plot_drift_without_earlier_quarter_is_said(study):
    exhibit = plot_drift(assess_drift(pd.DataFrame({"need": [1.0]}), None), study)
    assert not exhibit.figure.data
    assert "there is no earlier quarter" in exhibit.alt
