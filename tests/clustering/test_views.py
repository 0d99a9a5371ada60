from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from segmentation.clustering import (
    assign_segments,
    compare_solutions,
    density_view,
    describe_density,
    fit_segments,
    measure_structure,
    migration_table,
    start_map,
)
from segmentation.clustering import embedding as embedding_module
from segmentation.errors import ParameterError, StageError
from segmentation.figures.segments import (
    plot_comparison,
    plot_density,
    plot_map,
    plot_migration,
    plot_sizes,
    plot_structure,
    segment_symbols,
)


@pytest.fixture(scope="module")
def membership(planted, quick):
    return assign_segments(fit_segments(planted, 6, choices=quick), planted)


def test_density_view_separate_crowds_are_found_and_compared():
    random = np.random.default_rng(1)
    values = np.repeat([[0.0, 0.0], [9.0, 9.0]], [60, 40], axis=0) + random.standard_normal((100, 2))
    encoded = pd.DataFrame(values, columns=["a", "b"], index=[f"u{i}" for i in range(100)])
    encoded.loc["gap"] = [np.nan, 1.0]
    segments = pd.DataFrame({"segment": ["S1"] * 60 + ["S2"] * 41}, index=encoded.index)
    view = density_view(encoded, membership=segments, smallest=10)
    assert view.crowds == 2
    assert view.sizes.index.tolist() == ["D1", "D2"]
    assert view.agreement == pytest.approx(1.0)
    assert view.n == 100
    assert view.noise == pytest.approx(view.labels.isna().mean())
    assert "sees 2 separate crowds" in str(describe_density(view))


def test_density_view_one_cloud_has_no_gaps(worlds):
    view = density_view(worlds.encode(worlds.correlated(np.random.default_rng(1), 200)))
    assert view.crowds == 0
    assert view.noise == 1.0
    assert np.isnan(view.agreement)
    assert "no separate crowds" in str(describe_density(view))
    assert plot_density(view).alt


def test_density_view_few_units_all_in_no_crowd():
    view = density_view(pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]}))
    assert (view.crowds, view.noise, view.n) == (0, 1.0, 2)
    with pytest.raises(ParameterError, match="smallest must be at least 2"):
        density_view(pd.DataFrame({"a": [0.0, 1.0]}), smallest=1)


def test_start_map_pca_keeps_only_complete_units(planted, quick):
    job = start_map(planted, choices=quick, method="pca")
    found = job.result()
    assert found.shape == (600, 2)
    assert (job.n, job.units) == (600, 700)
    assert found.index.equals(planted.dropna().index)
    assert found["x"].var() >= found["y"].var()


def test_start_map_umap_runs_in_its_own_process(planted, quick, monkeypatch):
    program = "import sys, numpy as n; n.save(sys.argv[2], n.load(sys.argv[1])[:, :2] * int(sys.argv[3]))"
    monkeypatch.setattr(embedding_module, "COMMAND", program)
    job = start_map(planted, choices=quick)
    folder = job._folder
    found = job.result(timeout=120)
    np.testing.assert_array_equal(found.to_numpy(), planted.dropna().to_numpy()[:, :2] * quick.map_neighbours)
    assert not folder.exists()
    pd.testing.assert_frame_equal(job.result(), found)


def test_start_map_failing_process_says_why(planted, quick, monkeypatch):
    monkeypatch.setattr(embedding_module, "COMMAND", "raise SystemExit('no room left')")
    with pytest.raises(StageError, match=r"could not be computed \(exit code 1\): no room left"):
        start_map(planted, choices=quick).result(timeout=120)


def test_start_map_too_slow_says_how_long(planted, quick, monkeypatch):
    monkeypatch.setattr(embedding_module, "COMMAND", "import time; time.sleep(60)")
    job = start_map(planted, choices=quick)
    with pytest.raises(StageError, match=r"not ready after 0.01 seconds"):
        job.result(timeout=0.01)
    process = job._process
    job._finalizer()
    assert process.poll() is not None


def test_start_map_few_units_falls_back_to_pca(quick):
    job = start_map(pd.DataFrame({"a": [0.0, 1.0, 3.0]}), choices=quick)
    assert job.method == "pca"
    assert (job.result()["y"] == 0).all()


def test_start_map_unknown_method_says_allowed(planted, quick):
    with pytest.raises(ParameterError, match="'umap' or 'pca'; got 'tsne'"):
        start_map(planted, choices=quick, method="tsne")


def test_figures_show_the_numbers_of_the_results(planted, quick, membership):
    comparison = compare_solutions(planted, [2, 3], choices=quick)
    exhibit = plot_comparison(comparison, units="accounts", source="survey.csv")
    assert list(exhibit.figure.data[0].y) == comparison.table["ari_mean"].tolist()
    assert "n = 600 accounts" in exhibit.caption
    assert "survey.csv" in exhibit.caption
    structure = plot_structure(comparison.structure, units="accounts")
    assert list(structure.figure.data[1].y) == comparison.structure.drops["excess"].tolist()
    sizes = plot_sizes(membership, names={"S1": "Dispatchers"}, units="accounts")
    assert list(sizes.figure.data[0].x) == membership["segment"].value_counts().sort_index().tolist()
    assert "S1 Dispatchers" in sizes.alt
    for shown in (exhibit, structure, sizes):
        json.dumps(shown.as_json())


def test_plot_structure_untested_says_so_instead():
    test = measure_structure(pd.DataFrame({"a": [0.0, 1.0]}), [2], random_state=1)
    shown = plot_structure(test)
    assert shown.kind == "absent"
    assert "2 units have every base variable" in shown.text


def test_plot_map_segments_differ_by_symbol_and_map_is_no_evidence(planted, quick, membership):
    positions = start_map(planted, choices=quick, method="pca").result()
    exhibit = plot_map(positions, membership, method="pca")
    marks = [trace.marker for trace in exhibit.figure.data]
    assert len({mark.symbol for mark in marks}) == len({mark.color for mark in marks}) == 6
    assert {trace.type for trace in exhibit.figure.data} == {"scatter"}
    assert sum(len(trace.x) for trace in exhibit.figure.data) == 600
    assert "no evidence" in exhibit.caption
    assert "mean nothing" in exhibit.caption


def test_plot_map_units_without_segment_are_drawn_apart(quick):
    positions = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}, index=["a", "b"])
    exhibit = plot_map(positions, pd.DataFrame({"segment": ["S2"]}, index=["a"]))
    assert [trace.name for trace in exhibit.figure.data] == ["S2", "in no segment"]
    assert "fewer than 10" in exhibit.alt


def test_plot_sizes_small_segment_is_not_drawn(membership):
    exhibit = plot_sizes(membership, min_cell=80)
    small = (membership["segment"].value_counts() < 80).sum()
    assert len(exhibit.figure.data[0].x) == 6 - small
    assert f"{small} with fewer than 80 not shown" in exhibit.caption


def test_plot_migration_withheld_cells_are_not_in_the_figure(membership):
    before = membership.assign(segment=membership["segment"].where(np.arange(700) % 100 > 3, "S1"))
    exhibit = plot_migration(migration_table(before, membership), min_cell=10)
    hidden = [text for row in exhibit.figure.data[0].text for text in row if text == "–"]
    z = np.array(exhibit.figure.data[0].z, dtype=float)
    assert hidden
    assert np.isnan(z).sum() == len(hidden)
    json.dumps(exhibit.as_json(), allow_nan=False)


def test_plot_migration_nobody_in_both_periods_is_empty_not_an_error():
    first, second = (pd.DataFrame({"segment": ["S1"]}, index=[unit]) for unit in "ab")
    assert "no units" in plot_migration(migration_table(first, second)).alt


def test_segment_symbols_same_segment_same_symbol():
    assert segment_symbols(["S3", "S1"])["S3"] == segment_symbols(["S3"])["S3"]


def test_cached_compiles_what_cannot_be_cached():
    def compile_(*, parallel=False, cache=False):
        def apply(function):
            if cache and function.__name__ == "dynamic":
                raise RuntimeError("cannot cache function 'dynamic'")
            return function.__name__, parallel, cache

        return apply

    def plain():
        pass

    def dynamic():
        pass

    decorate = embedding_module._cached(compile_)
    assert decorate(plain) == ("plain", False, True)
    assert decorate(parallel=True)(plain) == ("plain", True, True)
    assert decorate(parallel=True)(dynamic) == ("dynamic", True, False)
