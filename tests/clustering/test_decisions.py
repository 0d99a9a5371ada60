"""The decisions file: read strictly, written whole, laid only on the segments it speaks of, honoured this quarter and the next."""

from __future__ import annotations

import json
import string
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.activation import format_assignment_sql
from segmentation.clustering import Solution, assign_segments, fit_segments, match_segments
from segmentation.clustering.decided import (
    apply_decisions,
    describe_decisions,
    revise_decisions,
    segment_names,
    tabulate_decisions,
)
from segmentation.clustering.decisions import SegmentDecisions, load_decisions, save_decisions
from segmentation.clustering.history import recall_previous
from segmentation.clustering.merging import collapse_merged
from segmentation.errors import ParameterError, StudyError
from segmentation.study import Choices, Study, load_study
from segmentation.workspace import Workspace

PROJECT = Path(__file__).resolve().parents[2]
GOOD = """\
needs:
  decided_on: 2026Q3
  segments:
    S1: {name: Day planners, note: They plan, by: Ana, since: 2026Q3}
    S2: {name: Émigré 世界 🙂}
  merge:
    - {into: S2, from: [S3], why: sales cannot tell them apart}
"""
PAYLOAD = "<img src=x onerror=alert(1)>"


@pytest.fixture
def study(tmp_path) -> Study:
    return study_in(tmp_path)


def study_in(folder: Path) -> Study:
    """A study with one segmentation, needs, whose files are in another folder than the sample's."""
    sample = load_study(PROJECT / "data/sample/fieldnote")
    return sample.model_copy(update={"folder": folder, "segmentations": {"needs": sample.segmentations["needs"]}})


def write(study: Study, text: str) -> Path:
    file = study.resolve("decisions.yaml")
    file.write_text(text, "utf-8")
    return file


@pytest.fixture
def encoded() -> pd.DataFrame:
    random = np.random.default_rng(3)
    corners = np.repeat([[2.0, 0.0], [-2.0, 0.0], [-2.0, 1.6], [0.0, -3.0]], [20, 16, 12, 10], axis=0)
    values = corners + random.normal(scale=0.2, size=corners.shape)
    return pd.DataFrame(values, columns=["need", "use"], index=[f"u{i}" for i in range(len(values))])


@pytest.fixture
def solution(encoded) -> Solution:
    return fit_segments(encoded, 4, choices=Choices())


def decide(**content) -> SegmentDecisions:
    return SegmentDecisions.model_validate(content)


def merge(into: str, *parts: str) -> list[dict[str, object]]:
    return [{"into": into, "from": list(parts), "why": "they buy the same"}]


def test_load_decisions_of_a_study_without_the_file_is_nothing_decided(study):
    decisions = load_decisions(study)
    assert decisions.file == study.resolve("decisions.yaml") and decisions.sha256 == ""
    assert decisions.about() == SegmentDecisions()


def test_load_decisions_reads_names_notes_and_merges(study):
    write(study, GOOD)
    decided = load_decisions(study).about("needs")
    assert decided.segments["S1"].name == "Day planners" and decided.segments["S1"].by == "Ana"
    assert decided.segments["S2"].name == "Émigré 世界 🙂"
    assert decided.merged == {"S3": "S2"}


def test_load_decisions_reads_the_file_that_the_study_names(study, tmp_path):
    (tmp_path / "other.yaml").write_text(GOOD, "utf-8")
    named = study.model_copy(update={"decisions": "other.yaml"})
    assert load_decisions(named).about().segments["S1"].name == "Day planners"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("needs:\n  segmnets: {}\n", 2, r"unknown key. Did you mean 'segments'\?"),
        ("needs:\n  segments:\n    S1: {naem: x}\n", 3, r"unknown key. Did you mean 'name'\?"),
        ("needs:\n  merge:\n    - {into: S1, form: [S2], why: w}\n", 3, r"unknown key. Did you mean 'from'\?"),
        ("need:\n  segments: {}\n", 1, r"no such segmentation; got 'need'; allowed: needs. Did you mean 'needs'\?"),
        ("needs:\n  segments:\n    s1: {name: x}\n", 3, "a segment id is S and a number, such as S2; got 's1'"),
        ("needs:\n  decided_on: 2026\n", 2, "not text; got 2026; allowed: text. Put it in quotes"),
        ("needs:\n  decided_on: 2026-09\n", 2, "a quarter is written such as 2026Q3; got '2026-09'"),
        (
            "needs:\n  segments:\n    S1: {name: no}\n",
            3,
            "not text; got False; allowed: text of 0 to 60 characters. Put it in quotes",
        ),
        ("needs:\n  segments:\n    S1: {name: S2}\n", 3, "looks like the id of a segment; got 'S2'"),
        (f"needs:\n  segments:\n    S1: {{name: {'x' * 61}}}\n", 3, r"longer than 60 characters \(61\)"),
        ('needs:\n  segments:\n    S1: {name: "a\\nb"}\n', 3, "must be one line"),
        ('needs:\n  segments:\n    S1: {name: "a\\u202Eb"}\n', 3, r"holds the character U\+202E, which does not print"),
        ('needs:\n  segments:\n    S1: {note: "a\\x07b"}\n', 3, r"holds the character U\+0007, which does not print"),
        ("needs:\n  segments:\n    S1: {name: A}\n    S2: {name: a}\n", 4, "S1 has this name already; got 'a'"),
        ("needs:\n  merge:\n    - {into: S1, from: [S1], why: w}\n", 3, "a segment cannot be merged into itself"),
        ("needs:\n  merge:\n    - {into: S1, from: [S2, S2], why: w}\n", 3, "merged twice; got 'S2'"),
        (
            "needs:\n  merge:\n    - {into: S1, from: [], why: w}\n",
            3,
            "0 given, too few; allowed: a list of texts, at least 1",
        ),
        ("needs:\n  merge:\n    - {into: S1, from: [S2]}\n", 3, "this key is required"),
        ("needs:\n  merge:\n    - {into: S1, from: [S2], why: ' '}\n", 3, "this must not be empty"),
        ("needs:\n  centres: {S1: {need: .inf}}\n", 2, "finite number"),
        ("- needs\n", None, "not a list of segmentations; got 'list'"),
        ("needs: &a {}\n", None, ""),
        ("needs: {}\nneeds: {}\n", 2, "key stands twice"),
        ("needs: [1\n", 2, "not valid YAML"),
        ("needs:\n  segments: &a {S1: {name: x}}\n  centres: *a\n", 3, r"YAML aliases \(\*name\) are not allowed here"),
    ],
)
def test_load_decisions_refuses_a_bad_file_with_its_line(study, text, line, problem):
    file = write(study, text)
    if not problem:
        assert load_decisions(study).about() == SegmentDecisions()
        return
    with pytest.raises(StudyError, match=problem) as caught:
        load_decisions(study)
    assert str(file) in str(caught.value)
    assert line is None or f"line {line}" in str(caught.value)


@pytest.mark.parametrize(
    "pairs", [[("S1", "S2"), ("S2", "S1")], [("S1", "S2"), ("S2", "S3")], [("S1", "S2"), ("S2", "S3"), ("S3", "S1")]]
)
def test_load_decisions_refuses_chains_and_circles_of_merges(study, pairs):
    rows = "".join(f"    - {{into: {into}, from: [{part}], why: w}}\n" for into, part in pairs)
    write(study, f"needs:\n  merge:\n{rows}")
    with pytest.raises(
        StudyError, match=r"others are merged into S\d; got 'S\d'. Name the segment that S\d itself becomes"
    ):
        load_decisions(study)


def test_load_decisions_reports_every_problem_at_once(study):
    write(
        study,
        "needs:\n  segments:\n    S1: {naem: x}\n    s2: {name: y}\n  merge:\n    - {into: S1, from: [S1]}\nwhat: {}\n",
    )
    with pytest.raises(StudyError) as caught:
        load_decisions(study)
    assert sorted(violation.line for violation in caught.value.violations) == [3, 4, 6, 7]


def test_save_decisions_leaves_a_file_that_reads_the_same(study):
    write(study, GOOD)
    before = load_decisions(study)
    after = save_decisions(before, before.about())
    text = after.file.read_text("utf-8")
    assert text.startswith("# What the team decided") and "世界 🙂" in text
    assert load_decisions(study) == after and after.segmentations == before.segmentations


LETTERS = string.ascii_letters + "éß世🙂 :#'\"{}[]&*!|>%@`,-?=+<>$\\/."


@settings(deadline=None, max_examples=40)
@given(
    names=st.dictionaries(st.integers(1, 99).map("S{}".format), st.text(LETTERS, max_size=60), max_size=5),
    note=st.text(LETTERS + "\n\t", max_size=200),
)
def test_save_decisions_round_trips_whatever_may_be_written(tmp_path_factory, names, note):
    folder = tmp_path_factory.mktemp("d")
    study = study_in(folder)
    seen: set[str] = set()
    kept = {}
    for segment, name in names.items():
        key = name.strip().casefold()
        if key not in seen and not (key[:1] == "s" and key[1:].isdigit()):
            kept[segment] = {"name": name, "note": note}
            seen.add(key)
    saved = save_decisions(load_decisions(study), {"segments": kept})
    read = load_decisions(study)
    assert read.about().segments == saved.about().segments
    assert {s: n.name for s, n in read.about().segments.items()} == {s: c["name"].strip() for s, c in kept.items()}


def test_save_decisions_keeps_the_other_segmentations(study):
    two = study.model_copy(update={"segmentations": {**study.segmentations, "value": study.segmentation}})
    write(two, "value: {segments: {S1: {name: Rich}}}\n")
    save_decisions(load_decisions(two), {"segments": {"S1": {"name": "Planners"}}})
    read = load_decisions(two)
    assert read.about("value").segments["S1"].name == "Rich" and read.about("needs").segments["S1"].name == "Planners"


def test_save_decisions_refuses_what_could_not_be_read_and_writes_nothing(study):
    with pytest.raises(StudyError, match="a segment cannot be merged into itself"):
        save_decisions(load_decisions(study), {"merge": merge("S1", "S1")})
    assert not study.resolve("decisions.yaml").exists()


def test_save_decisions_does_not_write_over_somebody_elses(study):
    mine = load_decisions(study)
    write(study, GOOD)
    with pytest.raises(ParameterError, match=r"decisions.yaml was changed since it was read here"):
        save_decisions(mine, {"segments": {"S1": {"name": "Mine"}}})
    assert load_decisions(study).about().segments["S1"].name == "Day planners"


def test_save_decisions_says_when_the_folder_cannot_be_written(study, tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = study.model_copy(update={"folder": tmp_path / "file"})
    with pytest.raises(ParameterError, match=r"decisions.yaml cannot be written"):
        save_decisions(load_decisions(nowhere), {"segments": {"S1": {"name": "x"}}})


def test_apply_decisions_merges_without_moving_a_border(solution, encoded):
    plain = assign_segments(solution, encoded)
    done = apply_decisions(solution, decide(merge=merge("S2", "S3")))
    merged = assign_segments(done.solution, encoded)
    assert merged["segment"].tolist() == plain["segment"].replace({"S3": "S2"}).tolist()
    assert merged["unmerged"].tolist() == plain["segment"].tolist()
    assert (merged["second"] != merged["segment"]).all() and "S3" not in set(merged["second"])
    pd.testing.assert_frame_equal(done.solution.centres, solution.centres)


def test_apply_decisions_second_of_a_merged_segment_is_the_next_other_one(solution):
    centre = solution.centres.loc[["S3"]].set_axis(["u"], axis=0)
    plain = assign_segments(solution, centre)
    merged = assign_segments(apply_decisions(solution, decide(merge=merge("S2", "S3"))).solution, centre)
    assert plain["second"].item() == "S2" and merged["second"].item() in ("S1", "S4")
    assert merged["margin"].item() == 1.0


def test_apply_decisions_is_undone_by_taking_it_out(solution, encoded):
    merged = apply_decisions(solution, decide(merge=merge("S2", "S3"))).solution
    again = apply_decisions(merged, SegmentDecisions()).solution
    pd.testing.assert_frame_equal(assign_segments(again, encoded), assign_segments(solution, encoded))


def test_a_stored_solution_honours_the_merge_when_it_scores_new_units(solution, encoded):
    done = apply_decisions(solution, decide(merge=merge("S2", "S3")))
    stored = Solution.from_dict(json.loads(json.dumps(done.solution.to_dict())))
    assert stored.merged == {"S3": "S2"}
    pd.testing.assert_frame_equal(assign_segments(stored, encoded + 0.1), assign_segments(done.solution, encoded + 0.1))


def test_sql_places_units_of_a_merged_segment_as_the_library_does(solution, encoded):
    import duckdb

    done = apply_decisions(solution, decide(merge=merge("S1", "S4")))
    variables = [
        {"name": name, "transform": "none", "centre": 0.0, "scale": 1.0, "low": None, "high": None} for name in encoded
    ]
    query = format_assignment_sql(done.solution.to_dict(), {"variables": variables}, "t", unit="unit")
    table = encoded.rename_axis("unit").reset_index()
    with duckdb.connect() as engine:
        engine.register("t", table)
        found = engine.execute(query).df().set_index("unit")
    expected = assign_segments(done.solution, encoded)
    assert (
        found.loc[expected.index, ["segment", "second"]].to_numpy().tolist()
        == expected[["segment", "second"]].to_numpy().tolist()
    )
    np.testing.assert_allclose(found.loc[expected.index, "margin"], expected["margin"], atol=1e-9)


def test_next_quarter_finds_the_merged_segments_again(study, solution, encoded, tmp_path):
    """The ledger keeps ids before merging, so that next quarter's segments are matched as they were found."""
    decided = decide(merge=merge("S2", "S3"))
    done = apply_decisions(solution, decided)
    ledger = Workspace(study, _quarter("2026Q3"), "ledger", tmp_path / "r/ledger/period=2026Q3")
    (ledger.folder / "results").mkdir(parents=True)
    ledger.write("membership", assign_segments(done.solution, encoded))
    ledger.write_json("solution", {"solution": done.solution.to_dict()})
    now = Workspace(study, _quarter("2026Q4"), "02_segments", tmp_path / "r/.work/2026Q4")
    history = recall_previous(now, pd.DataFrame(), segments=[4])
    assert history.origin == "ledger" and set(history.membership["segment"]) == {"S1", "S2", "S3", "S4"}
    fresh = fit_segments(encoded, 4, choices=Choices(random_state=7))
    match = match_segments(fresh, assign_segments(fresh, encoded), history.membership, used_ids=history.used_ids)
    again = assign_segments(apply_decisions(match.solution, decided).solution, encoded)
    assert again["segment"].tolist() == assign_segments(done.solution, encoded)["segment"].tolist()


def _quarter(text: str):
    from segmentation.period import Period

    return Period.parse(text)


def test_apply_decisions_reports_a_segment_that_is_not_there(solution):
    done = apply_decisions(
        solution, decide(segments={"S9": {"name": "Gone"}, "S1": {"name": "Here"}}, merge=merge("S2", "S8"))
    )
    assert done.names == {"S1": "Here"} and done.solution.merged == {}
    states = done.table.set_index("segment")["state"]
    assert states.to_dict() == {"S1": "honoured", "S8": "no such segment", "S9": "no such segment"}
    said = describe_decisions(done)
    assert said.kind == "caution" and said.title == "2 decisions of the team do not fit this quarter's segments."
    assert "There is no segment S9 this quarter." in said.text and "Named: S1 “Here”." in said.text


def test_apply_decisions_does_not_let_a_name_slip_onto_another_segment(solution):
    """The quarter was run again on changed data, and what was S1 is S2 now."""
    centres = {"S1": solution.centres.loc["S2"].to_dict(), "S4": solution.centres.loc["S4"].to_dict()}
    decided = decide(
        segments={"S1": {"name": "Was S2"}, "S4": {"name": "Same"}}, merge=merge("S1", "S3"), centres=centres
    )
    done = apply_decisions(solution, decided)
    assert done.names == {"S4": "Same"} and done.solution.merged == {}
    assert "What was S1 when this was decided is more like S2 now" in describe_decisions(done).text


def test_apply_decisions_on_other_variables_is_reported(solution):
    done = apply_decisions(
        solution, decide(segments={"S1": {"name": "Old"}}, centres={"S1": {"x": 1.0, "y": 0.0, "need": 2.0}})
    )
    assert done.names == {}
    assert "The segments are formed on other variables now than when S1 was decided on" in describe_decisions(done).text


def test_apply_decisions_keeps_names_where_the_segment_only_drifted(solution):
    centres = (solution.centres + 0.3).round(3).T.to_dict()
    done = apply_decisions(solution, decide(segments={"S3": {"name": "Kept"}}, centres=centres))
    assert done.names == {"S3": "Kept"}


def test_apply_decisions_leaves_at_least_two_segments(solution):
    done = apply_decisions(solution, decide(merge=merge("S1", "S2", "S3", "S4")))
    assert done.solution.merged == {"S2": "S1", "S3": "S1"}
    assert done.table["state"].tolist() == ["honoured", "honoured", "one left"]
    assert "Merging S4 into S1 too would leave a single segment." in describe_decisions(done).text


def test_apply_decisions_does_not_use_the_name_of_a_merged_segment(solution):
    done = apply_decisions(
        solution, decide(segments={"S2": {"name": "Big"}, "S3": {"name": "Small"}}, merge=merge("S2", "S3"))
    )
    assert done.names == {"S2": "Big"}
    said = describe_decisions(done, file="d.yaml")
    assert said.kind == "finding" and "S3 counts as part of S2." in said.text


def test_describe_decisions_without_any_says_where_they_would_be(solution):
    said = describe_decisions(apply_decisions(solution, SegmentDecisions()), file="decisions.yaml")
    assert said.kind == "absent" and "decisions.yaml" in said.text


def test_decisions_show_hostile_text_as_text(solution):
    done = apply_decisions(solution, decide(segments={"S1": {"name": PAYLOAD[:60], "note": PAYLOAD}}))
    for shown in (describe_decisions(done), tabulate_decisions(done)):
        page = shown._repr_mimebundle_()["text/html"]
        assert "<img" not in page and "&lt;img" in page


def test_tabulate_decisions_has_a_row_a_decision(solution):
    done = apply_decisions(solution, decide(segments={"S1": {"name": "A", "since": "2026Q2"}}, merge=merge("S2", "S3")))
    frame = tabulate_decisions(done).frame
    assert frame["decision"].tolist() == ["named “A”", "merged into S2"]
    assert list(frame.columns) == ["segment", "decision", "remark", "since", "this quarter"]


def test_segment_names_come_from_the_results_of_the_run(study, solution, tmp_path):
    run = Workspace(study, _quarter("2026Q3"), "02_segments", tmp_path / "run")
    assert segment_names(run) == {}
    run.write_json("decisions", apply_decisions(solution, decide(segments={"S1": {"name": "A"}})).to_dict())
    assert segment_names(run) == {"S1": "A"}


def test_revise_decisions_keeps_what_speaks_of_other_quarters(solution):
    old = decide(
        decided_on="2026Q2",
        segments={"S1": {"name": "A", "by": "Ana", "since": "2026Q2"}, "S9": {"name": "Gone"}},
        merge=[{"into": "S1", "from": ["S9"], "why": "w"}, {"into": "S1", "from": ["S2"], "why": "v"}],
        centres={"S9": {"need": 1.0}},
    )
    new = revise_decisions(
        old,
        solution,
        period="2026Q3",
        named={"S1": ("A", ""), "S2": (" B ", ""), "S3": ("", "")},
        merged={"S4": ("S3", "same")},
        by="Bo",
    )
    assert new["segments"] == {
        "S1": {"name": "A", "by": "Ana", "since": "2026Q2"},
        "S2": {"name": "B", "by": "Bo", "since": "2026Q3"},
        "S9": {"name": "Gone"},
    }
    assert new["merge"] == [{"into": "S1", "from": ["S9"], "why": "w"}, {"into": "S3", "from": ["S4"], "why": "same"}]
    assert set(new["centres"]) == {"S1", "S2", "S3", "S4", "S9"} and new["decided_on"] == "2026Q3"


def test_collapse_merged_adds_probabilities():
    values = np.array([[0.5, 0.2, 0.3], [np.nan, np.nan, np.nan]])
    found, ids = collapse_merged(values, ("S1", "S2", "S3"), {"S3": "S2"}, total=True)
    np.testing.assert_allclose(found[0], [0.5, 0.5])
    assert ids == ("S1", "S2") and np.isnan(found[1]).all()
