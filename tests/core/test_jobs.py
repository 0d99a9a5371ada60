"""Jobs to be done in the study file."""

from __future__ import annotations

import pytest

from segmentation.errors import StudyError
from segmentation.study import load_study

from .test_study import GOOD

SURVEY = "  survey: {path: survey.csv, format: table, as: survey}\n"
JOBS = """\
jobs:
  - {statement: Send the invoice the same day, importance: imp_1, satisfaction: sat_1, code: late_payment}
  - {statement: Look reliable to customers, kind: social, importance: imp_2, satisfaction: sat_2, scale: [1, 7], emotional: calm}
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("accounts.csv", "events.csv", "survey.csv"):
        (tmp_path / name).write_text("account_id\n1\n")
    return tmp_path


def write(folder, jobs=JOBS, survey=SURVEY):
    assert GOOD.count("sources:\n") == 1
    (folder / "study.yaml").write_text(GOOD.replace("sources:\n", f"sources:\n{survey}") + jobs)


def test_load_study_with_jobs_gives_them(folder):
    write(folder)
    one, other = load_study(folder).jobs
    assert (one.kind, one.scale, one.code) == ("functional", (1, 5), "late_payment")
    assert (other.kind, other.scale, other.code, other.emotional) == ("social", (1, 7), None, "calm")


def test_load_study_without_jobs_has_none(folder):
    write(folder, jobs="")
    assert load_study(folder).jobs == ()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (
            "kind: social",
            "kind: socal",
            r"jobs.1.kind': not one of the words known here; got 'socal'.*Did you mean 'social'\?",
        ),
        ("emotional: calm", "emotonal: calm", r"jobs.1.emotonal.*Did you mean 'emotional'\?"),
        (
            "satisfaction: sat_1",
            "satisfaction: imp_1",
            "importance and satisfaction must be two items; got 'imp_1' twice",
        ),
        (
            "satisfaction: sat_2",
            "satisfaction: sat_1",
            r"line \d+, column 'jobs.1.satisfaction': stands in job 1 already; got 'sat_1'",
        ),
        ("importance: imp_2", "importance: sat_1", "column 'jobs.1.importance': stands in job 1 already"),
        (
            "Look reliable to customers",
            "send the invoice the SAME day",
            "column 'jobs.1.statement': stands in job 1 already",
        ),
        ("scale: [1, 7]", "scale: [1, 2]", "at least three answers"),
        (", satisfaction: sat_1", "", "jobs.0.satisfaction.*this key is required"),
    ],
)
def test_load_study_wrong_job_is_named(folder, old, new, match):
    assert old in JOBS
    write(folder, jobs=JOBS.replace(old, new))
    with pytest.raises(StudyError, match=match):
        load_study(folder)


def test_load_study_jobs_without_a_survey_are_refused(folder):
    write(folder, survey="")
    with pytest.raises(StudyError, match=r"line \d+, column 'jobs': jobs need a survey. Add the survey to sources"):
        load_study(folder)
