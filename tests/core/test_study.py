"""The study file: every problem at once, with its line and the nearest right word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segmentation.errors import StudyError
from segmentation.study import load_study, study_schema

GOOD = """\
study: tiny
unit: account_id
sources:
  companies: {path: accounts.csv, format: table}
  events: {path: events.csv, format: table, as: events}
variables:
  - {name: active_days, from: events, kind: behavioural, role: base, measure: active_days}
  - {name: money, from: events, kind: behavioural, role: base, measure: money, column: amount}
  - {name: country, from: companies, kind: geographic, level: nominal}
segmentations:
  usage: {base: [active_days, money], segments: [2, 4]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accounts.csv").write_text("account_id\n1\n")
    (tmp_path / "events.csv").write_text("account_id\n1\n")
    (tmp_path / "study.yaml").write_text(GOOD)
    return tmp_path


def change(folder: Path, old: str, new: str) -> Path:
    assert old in GOOD
    (folder / "study.yaml").write_text(GOOD.replace(old, new))
    return folder


def test_load_study_good_file_gives_parts(folder):
    study = load_study(folder)
    assert study.study == "tiny"
    assert [v.name for v in study.base] == ["active_days", "money"]
    assert [v.name for v in study.descriptors] == ["country"]
    assert study.segmentation.candidates == range(2, 5)
    assert study.sources["events"].canonical == "events"


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("unit: account_id", "unitt: account_id", r"line 2, column 'unitt': unknown key. Did you mean 'unit'\?"),
        ("format: table}", "format: tabel}", r"line 4.*sources.companies.format.*got 'tabel'.*Did you mean 'table'\?"),
        ("kind: geographic", "kind: geografic", r"line 9.*got 'geografic'.*Did you mean 'geographic'\?"),
        ("measure: active_days", "messure: active_days", r"line 7.*messure.*Did you mean 'measure'\?"),
        ("segments: [2, 4]", "segments: [4, 2]", "segments must be a number"),
        ("segments: [2, 4]", "method: kmean", r"line 11.*got 'kmean'.*Did you mean 'kmeans'\?"),
        ("base: [active_days, money]", "base: [active_days, mony]", r"line 11.*'mony'.*Did you mean 'money'\?"),
        (
            "base: [active_days, money]",
            "base: [active_days, country]",
            r"method: kmeans cannot take a nominal variable.*got 'country'.*latent-class",
        ),
        ("from: companies", "from: company", r"no such source; got 'company'.*Did you mean 'companies'\?"),
        ("path: events.csv", "path: evens.csv", r"line 5.*no such file; got 'evens.csv'"),
        ("name: money,", "name: active_days,", "variable name stands twice"),
        ("measure: money, column: amount", "measure: mean", "needs items"),
        (
            "study: tiny",
            "study: Tiny Study",
            "not written as it must be; got .Tiny Study.; allowed: lower-case letters",
        ),
        ("unit: account_id", "unit: account_id\nunit: other", "line 3.*key stands twice"),
        ("study: tiny", "study: *anchor", "aliases"),
        ("study: tiny", "study: [tiny", "not valid YAML"),
        ("unit: account_id", "", "'unit': this key is required"),
        ("unit: account_id", "unit: account_id\nfolder: elsewhere", "unknown key"),
    ],
)
def test_load_study_bad_file_names_line_and_way_out(folder, old, new, match):
    with pytest.raises(StudyError, match=match):
        load_study(change(folder, old, new))


def test_load_study_several_problems_reports_all(folder):
    text = GOOD.replace("format: table}", "format: tabel}").replace("kind: geographic", "kind: geografic")
    (folder / "study.yaml").write_text(text)
    with pytest.raises(StudyError, match="2 problems in the study") as caught:
        load_study(folder)
    assert [violation.line for violation in caught.value.violations] == [4, 9]


def test_load_study_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(StudyError, match="segmentation init"):
        load_study(tmp_path / "study.yaml")


def test_load_study_latin1_file_asks_for_utf8(folder):
    (folder / "study.yaml").write_bytes(GOOD.replace("tiny", "tiny\ntitle: Caf\xe9").encode("latin-1"))
    with pytest.raises(StudyError, match=r"not UTF-8 text.*Save it as UTF-8"):
        load_study(folder)


def test_load_study_huge_file_is_refused(folder):
    (folder / "study.yaml").write_text(GOOD + "#" * 1_000_001)
    with pytest.raises(StudyError, match="may have 1,000,000 bytes"):
        load_study(folder)


def test_study_schema_matches_the_shipped_file():
    shipped = Path(__file__).parents[2] / "docs" / "study.schema.json"
    assert json.loads(shipped.read_text()) == json.loads(json.dumps(study_schema()))


def test_load_study_wrong_words_do_not_hide_names_that_mean_nothing(folder):
    path = folder / "study.yaml"
    text = (
        path.read_text()
        .replace("kind: geographic", "kind: geografic")
        .replace("[active_days, money]", "[active_days, mony]")
    )
    path.write_text(text + "questions: [money, money, moneyy]\nchoices: {pairs: 3}\n")
    with pytest.raises(StudyError) as caught:
        load_study(path)
    told = [str(violation) for violation in caught.value.violations]
    assert [violation.line for violation in caught.value.violations] == sorted(v.line for v in caught.value.violations)
    for words in (
        "line 9, column 'variables.2.kind': not one of the words known here; got 'geografic'",
        "no such variable; got 'mony'",
        "column 'questions': stands twice; got 'money'",
        "column 'questions': no such variable; got 'moneyy'",
        "column 'choices.pairs': too small; got 3; allowed: a whole number, 10 to 10,000",
    ):
        assert any(words in line for line in told), (words, told)
    assert len(told) == 5


def test_load_study_what_refers_to_a_wrong_variable_is_not_wrong_for_that(folder):
    path = folder / "study.yaml"
    path.write_text(path.read_text().replace("name: money, ", "name: money, level: heap, "))
    with pytest.raises(StudyError, match=r"^1 problem in the study") as caught:
        load_study(path)
    assert "'heap'" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "choices: {alpha: .nan}",
            "column 'choices.alpha': not a finite number; got 'nan'; allowed: a number, above 0 and below 0.5",
        ),
        ("choices: {starts: many}", "not a whole number; got 'many'; allowed: a whole number, 1 to 10,000"),
        ("title: 7", "column 'title': not text; got 7; allowed: text. Put it in quotes"),
        ("synthetic: perhaps", "neither true nor false; got 'perhaps'; allowed: true or false"),
        ("positioning: money", "column 'positioning': not a list; got 'money'"),
        (
            "targeting: {attractiveness: [], fit: [{variable: money}]}",
            "0 given, too few; allowed: a list of entries, 1 to 6 of them",
        ),
        (
            "targeting: {attractiveness: [{variable: money, weight: 0}], fit: [{variable: money}]}",
            "weight': too small; got 0; allowed: a number, above 0",
        ),
        (
            "journeys: {start: signed_up}",
            "column 'journeys.start': not a list; got 'signed_up'; allowed: a list of texts",
        ),
    ],
)
def test_load_study_wrong_value_is_told_in_plain_words(folder, line, words):
    path = folder / "study.yaml"
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(StudyError) as caught:
        load_study(path)
    assert len(caught.value.violations) == 1
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert ", line " in str(caught.value)
