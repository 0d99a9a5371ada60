"""The commands as a user types them: init, check, run, status, list, bundle, codings, schema, and their exit codes."""

from __future__ import annotations

import html
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from segmentation.errors import ParameterError
from segmentation.reporting.runner import RunResult
from segmentation.reporting.stages import NOTEBOOKS
from segmentation.scaffold import write_scaffold

from .conftest import COMMAND, PROJECT, Published, files_of, run_command

BROKEN = """\
import segmentation.{room}
def broken(*given, **options):
    raise ZeroDivisionError("planted")
segmentation.{room}.{name} = broken
"""


def plant_bug(folder: Path, room: str, name: str) -> dict[str, str]:
    """Environment in which every Python process finds a library function broken."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BROKEN.format(room=room, name=name))
    return {"PYTHONPATH": str(folder)}


def words_of(page: Path) -> str:
    """What a reader sees of a page, from its main part on."""
    text = page.read_text("utf-8").split("<main", 1)[1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_init_new_folder_writes_a_commented_study_named_after_it(command, tmp_path):
    answer = command("init", tmp_path / "Spring Study")
    assert answer.code == 0 and answer.out.count("wrote ") == 3 and "next: segmentation check" in answer.out
    text = (tmp_path / "Spring Study/study.yaml").read_text("utf-8")
    assert "\nstudy: spring-study " in text
    assert sum("#" in line for line in text.splitlines()) > 20


def test_init_folder_with_something_in_it_is_refused_and_left_alone(command, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    answer = command("init", tmp_path)
    assert answer.code == 2 and "is not empty; name a new folder, nothing was written" in answer.err
    assert files_of(tmp_path) == {"notes.txt": b"mine"}


def test_init_where_nothing_can_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match=r"cannot write into .*; name another folder"):
        write_scaffold(tmp_path / "file" / "study")


def test_init_twice_writes_the_same_bytes(tmp_path):
    for parent in ("a", "b"):
        write_scaffold(tmp_path / parent / "one")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_check_good_study_says_what_was_read(command, study):
    answer = command("check", study)
    assert answer.code == 0 and not answer.err
    for line in (
        "field-test, 2026Q2: everything the study names could be read",
        "companies: 160 rows read, 160 used; left out: none",
        "events: 28,800 rows read, 28,800 used; left out: none",
        "variables: 5 measured for 160 accounts; 160 have all 3 base variables",
    ):
        assert line in answer.out


def test_check_earlier_period_counts_the_events_after_it(command, study):
    answer = command("check", study, "--period", "2026Q1")
    assert answer.code == 0 and "28,800 rows read, 14,400 used; left out: 14,400 after the period" in answer.out


def test_check_what_the_team_wrote_is_counted(command):
    answer = command("check", PROJECT / "data/sample/fieldnote")
    assert answer.code == 0
    for key in ("personas", "messages", "experiments", "kpis", "feedback"):
        assert re.search(rf"^  {key}: \d+ read$", answer.out, re.MULTILINE)


def test_run_scaffolded_study_ends_in_a_report(published: Published):
    answer = published.answer
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("note: no report of 2026Q1 is kept") and lines[1] == "My study, 2026Q2"
    assert lines[-1] == "report: reports/field-test/2026Q2/index.html"
    for name in NOTEBOOKS:
        assert f"  {name}: running" in lines
        assert any(re.fullmatch(rf"  {name}: done \(\d+\.\d s\)", line) for line in lines)
    assert "\x1b" not in answer.stdout
    assert (published.root / "2026Q2/index.html").is_file()


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, dict]]:
    """The quarters that a run asks for; no notebook is run."""
    seen: list[tuple[str, dict]] = []

    def pretend(study, period, *, reports, notify, **given):
        seen.append((period, given))
        return RunResult(Path(reports) / period)

    monkeypatch.setattr("segmentation.reporting.runner.run_report", pretend)
    return seen


def test_run_without_a_report_of_the_quarter_before_says_how_to_have_one(command, study, asked):
    answer = command("run", study, "--period", "2026Q2")
    assert [period for period, _ in asked] == ["2026Q2"]
    assert (
        "note: no report of 2026Q1 is kept" in answer.out and "run with --with-previous (twice the time)" in answer.out
    )


def test_run_with_previous_runs_both_and_gives_settings_to_the_one_asked_for(command, study, asked):
    answer = command("run", study, "--period", "2026Q2", "--with-previous", "--set", "02_segments.segments=4")
    assert answer.code == 0 and "note:" not in answer.out
    assert [period for period, _ in asked] == ["2026Q1", "2026Q2"]
    assert asked[0][1] == {"jobs": 2} and asked[1][1]["settings"] == {"02_segments": {"segments": 4}}


@pytest.mark.parametrize(("period", "kept"), [("2026Q1", ()), ("2026Q2", ("2026Q1",)), ("2026Q2", ("2026Q2",))])
def test_run_with_nothing_to_run_before_runs_one_quarter_and_is_silent(command, study, asked, period, kept):
    for (
        quarter
    ) in kept:  # the first quarter of a study, one whose forerunner is kept, and one that is itself in the ledger
        (study.parent / f"reports/field-test/ledger/period={quarter}/results").mkdir(parents=True)
    answer = command("run", study, "--period", period, "--with-previous", "--reports", study.parent / "reports")
    assert [one for one, _ in asked] == [period] and "note:" not in answer.out


def test_run_scaffolded_study_says_first_that_there_are_no_segments(published: Published):
    assert "The data show no segments of their own" in words_of(published.root / "2026Q2/index.html")[:400]


def test_run_again_reuses_every_stage_and_shows_a_live_table_on_a_terminal(published: Published):
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        [*COMMAND, "run", "field-test"], cwd=published.home, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:  # how Linux says that the other end was closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    text = shown.decode()
    assert "\x1b[" in text and "waiting" in text and text.count("unchanged, reused") >= len(NOTEBOOKS)


def test_status_after_a_run_lists_its_stages(command, published: Published, monkeypatch):
    monkeypatch.chdir(published.home)
    answer = command("status", "field-test")
    assert answer.code == 0 and answer.out.startswith("2026Q2: report published\n")
    assert len(re.findall(r"^  \d\d_\w+: done in [\d.]+ s, \d+ results$", answer.out, re.MULTILINE)) == len(NOTEBOOKS)


def test_status_before_any_run_says_how_to_begin_and_makes_no_folder(command, study):
    answer = command("status", study)
    assert answer.code == 0 and "never run; `segmentation run" in answer.out
    assert not (study.parent / "reports").exists()


def test_bundle_after_a_run_writes_one_file_without_network(command, published: Published, monkeypatch):
    monkeypatch.chdir(published.home)
    answer = command("bundle", "field-test")
    assert answer.code == 0 and answer.out.startswith("bundle: reports/field-test/field-test-2026Q2.html (")
    text = (published.root / "field-test-2026Q2.html").read_text("utf-8")
    assert not re.search(r"""(src|href)=["']?https?://""", text)


def test_bundle_without_a_report_says_how_to_make_one(command, study):
    answer = command("bundle", study)
    assert (
        answer.code == 2
        and "field-test has no report in reports/field-test; make it with `segmentation run`" in answer.err
    )


def test_list_names_studies_quarters_and_broken_ones(command, study):
    shutil.copytree(study, study.parent / "other")
    (study.parent / "other/study.yaml").write_text("study: [")
    answer = command("list")
    assert answer.code == 0
    assert re.search(r"^field-test +2026Q1 to 2026Q2 +field-test/study.yaml$", answer.out, re.MULTILINE)
    assert re.search(r"^\? +1 problem +other/study.yaml: segmentation check tells$", answer.out, re.MULTILINE)


def test_list_nothing_found_says_how_to_begin(command, tmp_path):
    answer = command("list", tmp_path)
    assert answer.code == 2 and "no study.yaml below" in answer.err


def test_schema_accepts_the_scaffolded_study(command, study):
    answer = command("schema")
    assert answer.code == 0
    jsonschema.validate(yaml.safe_load((study / "study.yaml").read_text("utf-8")), json.loads(answer.out))


@pytest.mark.parametrize("name", ["init", "check", "run", "status", "list", "bundle", "codings", "schema"])
def test_help_of_every_command_has_an_example(command, name):
    answer = command(name, "--help")
    assert answer.code == 0 and f"Example: segmentation {name}" in answer.out


def test_main_bug_in_the_program_exits_1_with_traceback(study, tmp_path):
    answer = run_command("check", study, cwd=study.parent, **plant_bug(tmp_path / "bug", "preflight", "check_study"))
    assert answer.returncode == 1
    assert "Traceback (most recent call last)" in answer.stderr and "ZeroDivisionError: planted" in answer.stderr


def test_main_bug_in_a_notebook_exits_1_with_traceback_and_keeps_it(study, tmp_path):
    bug = plant_bug(tmp_path / "bug", "features", "build_features")
    answer = run_command("run", study, cwd=study.parent, **bug)
    assert answer.returncode == 1
    assert "Traceback (most recent call last)" in answer.stderr and "\x1b[" not in answer.stderr
    assert re.search(r"^01_data failed, cell \d+: ZeroDivisionError: planted$", answer.stderr, re.MULTILINE)
    assert (study.parent / "reports/field-test/.work/2026Q2/failed/01_data.ipynb").is_file()
    assert not (study.parent / "reports/field-test/2026Q2").exists()


def test_main_users_mistake_exits_2_with_the_message_and_no_traceback(study):
    (study / "events.csv").unlink()
    answer = run_command("check", study.name, cwd=study.parent)
    assert answer.returncode == 2 and not answer.stdout
    assert answer.stderr.startswith("error: 1 problem in the study:\n  - field-test/study.yaml, line ")


@pytest.mark.parametrize(
    ("given", "words"),
    [("segmants=5", "no parameter 'segmants'. Did you mean 'segments'?"), ("segments=five", "segments must be a whole number")],
)  # fmt: skip
def test_papermill_alone_with_a_wrong_parameter_fails_with_our_error(tmp_path, given, words):
    name, value = given.split("=")
    papermill = [sys.executable, "-m", "papermill", "notebooks/02_segments.ipynb", str(tmp_path / "out.ipynb")]
    answer = subprocess.run([*papermill, "-p", name, value], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert answer.returncode != 0
    assert f"ParameterError: notebook 02_segments: {words}" in answer.stderr


def test_papermill_alone_gives_the_same_result_as_the_run(published: Published, tmp_path):
    work = shutil.copytree(published.root / ".work/2026Q2", tmp_path / "work")
    for name in ("membership.parquet", "solution.json"):
        (work / "results" / name).unlink()
    papermill = [sys.executable, "-m", "papermill", "notebooks/02_segments.ipynb", str(tmp_path / "out.ipynb")]
    given = {"study": published.home / "field-test/study.yaml", "period": "2026Q2", "run_folder": work}
    pairs = [part for name, value in given.items() for part in ("-p", name, str(value))]
    subprocess.run([*papermill, *pairs], cwd=PROJECT, capture_output=True, check=True, timeout=300)
    for name in ("membership.parquet", "solution.json", "profile.parquet"):
        assert (work / "results" / name).read_bytes() == (published.root / "2026Q2/results" / name).read_bytes()
