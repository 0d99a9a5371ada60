"""Targets, positions, regions and the scorecard in the study file: names that must mean something."""

from __future__ import annotations

import pytest

from segmentation.errors import StudyError
from segmentation.study import load_study

from .test_study import GOOD

USE = """\
regions: country
targeting:
  attractiveness: [{variable: size}, {variable: money, weight: 2}]
  fit: [{variable: active_days}]
positioning: [active_days, money]
scorecard: {known_before: [country], value: money, min_share: 0.1}
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("accounts.csv", "events.csv"):
        (tmp_path / name).write_text("account_id\n1\n")
    return tmp_path


def test_load_study_with_uses_gives_them(folder):
    (folder / "study.yaml").write_text(GOOD + USE)
    study = load_study(folder)
    assert [c.weight for c in study.targeting.attractiveness] == [1.0, 2.0]
    assert study.scorecard.known_before == ("country",) and study.scorecard.min_share == 0.1
    assert study.regions == "country" and study.positioning == ("active_days", "money")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (
            "{variable: money, weight: 2}",
            "{variable: country}",
            "targeting.attractiveness.*names have no mean to compare.*'country'",
        ),
        ("[active_days, money]", "[active_days, mony]", r"positioning.*'mony'.*Did you mean 'money'\?"),
        ("[active_days, money]", "[country, money]", "positioning.*names have no mean"),
        ("known_before: [country]", "known_before: [cuntry]", r"scorecard.known_before.*Did you mean 'country'\?"),
        ("value: money", "value: country", "scorecard.value.*names have no mean"),
        ("min_share: 0.1", "min_shar: 0.1", r"min_shar.*Did you mean 'min_share'\?"),
        ("min_share: 0.1", "min_share: 1.5", "scorecard.min_share"),
        ("regions: country", "regions: money", "regions must be a nominal variable"),
    ],
)
def test_load_study_wrong_use_is_named(folder, old, new, match):
    assert old in USE
    (folder / "study.yaml").write_text(GOOD + USE.replace(old, new))
    with pytest.raises(StudyError, match=match):
        load_study(folder)
