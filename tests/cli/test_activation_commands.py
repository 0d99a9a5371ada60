"""segmentation assign and segmentation export, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from segmentation.period import Period
from segmentation.study import load_study
from segmentation.workspace import Workspace

from ..activation.conftest import STUDY, clouds
from ..activation.test_audiences import PEOPLE, crowd

__all__ = ["clouds"]


@pytest.fixture
def published(clouds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with people, and a report of it as far as these commands read one."""
    folder = tmp_path / "clouds"
    folder.mkdir()
    people = {k: v for k, v in PEOPLE.items() if k != "countries"}
    content = {**STUDY, "sources": {**STUDY["sources"], "crm": {"path": "crm.csv", "format": "table"}}}
    content["activation"] = {"people": people, "holdout": 0.0}
    (folder / "study.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    clouds.people.assign(country="GB").reset_index().to_csv(folder / "table.csv", index=False)
    text = crowd({"X": len(clouds.people)})
    for number, unit in enumerate(clouds.people.index):
        text = text.replace(f",X-{number},", f",{unit},")
    (folder / "crm.csv").write_text(text)
    root = tmp_path / "reports" / "clouds" / "2026Q3"
    run = Workspace(load_study(folder), Period.parse("2026Q3"), "02_segments", root)
    run.results.mkdir(parents=True)
    run.write("membership", clouds.membership)
    run.write("features", clouds.people)
    run.write_json("solution", {"solution": clouds.solution.to_dict(), "encoder": clouds.encoder.to_dict()})
    (root / "manifest.json").write_text(json.dumps({"study": "clouds"}))
    (tmp_path / "new.csv").write_text("unit_id,need,days,part\nN1,2.1,11,0.21\nN2,7.9,,0.8\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_assign_places_new_people(command, published):
    answer = command("assign", "clouds", "new.csv", "--out", "placed.csv")
    assert answer.code == 0, answer.err
    assert "placed by the solution of clouds, 2026Q3" in answer.out and "near nobody: 0" in answer.out
    assert (
        (published / "placed.csv")
        .read_text()
        .startswith("unit_id,segment,second,margin,basis,probability,distance,near_nobody")
    )
    wide = command("assign", "clouds", "new.csv", "--out", "placed.csv", "--near-nobody", "0.6")
    assert wide.code == 0 and "60% of its members" in wide.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("new.csv", "--out", "placed.csv", "--previous", "2026Q3"), "period out of order"),
        (("new.csv", "--out", "placed.csv", "--previous", "2026Q1"), "the ledger of clouds has no entry for 2026Q1"),
        (("new.csv", "--out", "placed.csv", "--period", "2025Q1"), "has no report for 2025Q1; there are 2026Q3"),
        (("no.csv", "--out", "placed.csv"), "no such file"),
        (("new.csv", "--out", "placed.doc"), "must end in .csv or .parquet"),
        (("new.csv", "--out", "no/placed.csv"), "the folder of --out is not there"),
    ],
)
def test_assign_bad_input_writes_nothing(command, published, arguments, message):
    answer = command("assign", "clouds", *arguments)
    assert answer.code == 2 and message in answer.err
    assert not list(published.glob("placed*"))


def test_export_writes_all_files_or_none(command, published):
    answer = command("export", "clouds", "--platform", "google", "--segment", "S1")
    assert answer.code == 0, answer.err
    assert "google/S1.csv: 120 people" in answer.out and "not part of the report" in answer.out
    folder = published / "reports/clouds/exports/2026Q3"
    before = {p.name: p.read_bytes() for p in folder.rglob("*.csv")}
    answer = command("export", "clouds", "--platform", "google")
    assert answer.code == 2 and "google, S2: 90 people are too few; allowed: 100 or more" in answer.err
    assert {p.name: p.read_bytes() for p in folder.rglob("*.csv")} == before


def test_export_of_a_study_that_names_no_people(command, published):
    text = yaml.safe_load((published / "clouds/study.yaml").read_text())
    del text["activation"]
    (published / "clouds/study.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    answer = command("export", "clouds", "--platform", "google")
    assert answer.code == 2 and "name it under activation.people" in answer.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"people": {**PEOPLE, "source": "crn"}}, "activation.people.source': no such source; got 'crn'"),
        ({"people": {**PEOPLE, "consnt": "x"}}, "unknown key"),
        ({"suppression": "none.csv"}, "activation.suppression': no such file; got 'none.csv'"),
        ({"holdout": 2}, "holdout"),
    ],
)
def test_study_with_a_wrong_activation_is_refused(command, published, change, message):
    text = yaml.safe_load((published / "clouds/study.yaml").read_text())
    text["activation"] = {**text["activation"], **change}
    (published / "clouds/study.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    answer = command("export", "clouds", "--platform", "google")
    assert answer.code == 2 and message in answer.err


def test_study_with_a_wrong_fairness_is_refused(command, published):
    text = yaml.safe_load((published / "clouds/study.yaml").read_text())
    text["fairness"] = {"protected": ["contry"], "proxies": ["need"]}
    (published / "clouds/study.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    answer = command("export", "clouds", "--platform", "google")
    assert (
        answer.code == 2
        and "column 'fairness.protected': no such variable; got 'contry'" in answer.err
        and "'country'" in answer.err
    )
