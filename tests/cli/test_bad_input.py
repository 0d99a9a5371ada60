"""What bad input gets: one list of all that is wrong, exit code 2, and the report that was there untouched."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from .conftest import PROJECT, Published, files_of, run_command

SAMPLE = PROJECT / "data/sample/fieldnote"
Spoil = Callable[[Path], object]


def swap(file: str, old: str, new: str, count: int = 1) -> Spoil:
    """Replace a text in a file of the study."""

    def spoil(study: Path) -> None:
        text = (study / file).read_text("utf-8")
        assert old in text
        (study / file).write_text(text.replace(old, new, count), "utf-8")

    return spoil


def edit(file: str, change: Callable[[list[str]], list[str]]) -> Spoil:
    """Change the lines of a file of the study."""

    def spoil(study: Path) -> None:
        lines = (study / file).read_text("utf-8").splitlines()
        (study / file).write_text("\n".join(change(lines)) + "\n", "utf-8")

    return spoil


def both(*spoils: Spoil) -> Spoil:
    return lambda study: [spoil(study) for spoil in spoils]


def redate(text: str, last: int) -> Spoil:
    """Another time in rows 2 to ``last`` of the events."""
    return edit(
        "events.csv", lambda rows: [rows[0], *[f"{r.rsplit(',', 1)[0]},{text}" for r in rows[1:last]], *rows[last:]]
    )


def only(accounts: int) -> Spoil:
    """A study of the first few accounts."""
    names = tuple(f"A{number:03d}" for number in range(1, accounts + 1))
    return both(
        edit("accounts.csv", lambda rows: rows[: accounts + 1]),
        edit("events.csv", lambda rows: [rows[0], *[row for row in rows if row.startswith(names)]]),
    )


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def bring_interviews(study: Path) -> Path:
    """Two transcripts and the codings of the sample, declared in the study."""
    folder = study / "interviews"
    folder.mkdir()
    for name in ("P01.docx", "P02.vtt", "coding.qdpx"):
        shutil.copy(SAMPLE / "interviews" / name, folder)
    transcripts = "transcripts: {path: [interviews/*.docx, interviews/*.vtt], format: transcripts}"
    swap("study.yaml", "# transcripts: {path: interviews/*.vtt, format: transcripts}", transcripts)(study)
    swap("study.yaml", "# codings:", "codings:")(study)
    return folder


def cut_parquet_and_zips(study: Path) -> None:
    pd.read_csv(study / "events.csv").to_parquet(study / "events.parquet")
    swap("study.yaml", "path: events.csv", "path: events.parquet")(study)
    folder = bring_interviews(study)
    for path in (study / "events.parquet", folder / "P01.docx", folder / "coding.qdpx"):
        halve(path)


def take_a_text_out(study: Path) -> None:
    project = bring_interviews(study) / "coding.qdpx"
    with zipfile.ZipFile(project) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts.pop(next(name for name in parts if name.endswith(".txt")))
    with zipfile.ZipFile(project, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def make_constant(study: Path) -> None:
    swap("study.yaml", "role: descriptor, transform: log1p", "role: base")(study)
    swap("study.yaml", "base: [active_days", "base: [employees, active_days")(study)
    edit("accounts.csv", lambda rows: [rows[0], *[f"{row.split(',')[0]},7,{row.split(',')[2]}" for row in rows[1:]]])(
        study
    )


def spoil_latin1(study: Path) -> None:
    content = (study / "accounts.csv").read_bytes().replace(b"UK", "Übersee".encode("latin-1"))
    (study / "accounts.csv").write_bytes(content)


CASES: dict[str, tuple[Spoil, list[str]]] = {
    "missing file": (
        lambda study: (study / "accounts.csv").unlink(),
        ["study.yaml, line 15, column 'sources.companies.path': no such file; got 'accounts.csv'", "relative to the study file"],
    ),
    "header that the file does not have": (
        swap("accounts.csv", "staff", "headcount"),
        ["accounts.csv, row 1, column 'staff': no such column", "allowed: id, headcount, country"],
    ),
    "variable of an unknown column": (
        swap("study.yaml", "level: nominal", "level: nominal, column: contry"),
        ["accounts.csv, row 1, column 'contry': no such column (of variable 'country')", "Did you mean 'country'?"],
    ),
    "misspelt event": (
        swap("study.yaml", "[invoice_sent]", "[invoice_send]"),
        ["no such event (variable 'share_billing'); got 'invoice_send'", "Did you mean 'invoice_sent'?"],
    ),
    "misspelt key": (
        swap("study.yaml", "unit_words:", "unit_wrods:"),
        ["study.yaml, line 10, column 'unit_wrods': unknown key. Did you mean 'unit_words'?"],
    ),
    "misspelt method": (
        swap("study.yaml", "method: kmeans", "method: kmean"),
        [
            "study.yaml, line 42, column 'segmentations.usage.method'",
            "got 'kmean'; allowed: kmeans, latent-class",
            "Did you mean 'kmeans'?",
        ],
    ),
    "duplicate ids": (
        edit("accounts.csv", lambda rows: [*rows, rows[5]]),
        ["accounts.csv, row 162, column 'company_id': 1 id stands in several rows: 'A005' in rows 6, 162", "each id once"],
    ),
    "unparseable dates": (
        redate("soon", 4),
        ["events.csv, row 2, column 'time': 3 of 28800 values are not dates (rows 2, 3, 4); got 'soon'; allowed: ISO 8601"],
    ),
    "mixed date formats": (
        redate("3/14/2026", 2),
        ["events.csv", "column 'time': mixed date formats in one column", "slash date (3/12/2026) in 1 row", "one format a column"],
    ),
    "latin-1 file": (spoil_latin1, ["accounts.csv, row ", "byte 0xDC in row ", "is not UTF-8 text", "declare `encoding: latin-1`"]),
    "empty file": (
        lambda study: (study / "accounts.csv").write_bytes(b""),
        ["accounts.csv: the file is empty. Export it again, or leave the source out of the study"],
    ),
    "header without rows": (
        edit("events.csv", lambda rows: rows[:1]),
        ["events.csv: has a header but no rows"],
    ),
    "truncated Parquet, docx and qdpx": (
        cut_parquet_and_zips,
        [
            "3 problems", "events.parquet: not a whole Parquet file", "interviews/P01.docx: not a whole zip archive",
            "interviews/coding.qdpx: not a whole zip archive", "cut off",
        ],
    ),
    "qdpx without one of its texts": (
        take_a_text_out,
        ["interviews/coding.qdpx: the text of source 'P01' is missing from the archive", "Export the project again with its texts"],
    ),
    "k larger than n": (
        only(4),
        ["study.yaml, column 'segmentations.usage': 6 segments need at least 6 different units", "Ask for fewer segments"],
    ),
    "constant column": (
        make_constant,
        ["accounts.csv, column 'employees': base variable is constant", "got 7.0. Take it out of the base"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_check_bad_input_names_the_place_and_the_way_out(command, study, name):
    spoil, words = CASES[name]
    spoil(study)
    answer = command("check", study)
    assert answer.code == 2 and not answer.out
    assert answer.err.startswith("error: ") and "Traceback" not in answer.err
    for word in words:
        assert word in answer.err


def test_check_mistakes_everywhere_are_one_list(command, study):
    for name in ("personas", "campaign"):
        shutil.copytree(SAMPLE / name, study / name)
    for name in ("kpis.yaml", "experiments.yaml", "sales_feedback.csv", "messages.csv"):
        shutil.copy(SAMPLE / name, study)
    both(
        swap("study.yaml", "# personas: personas/ ", "personas: personas"),
        *(swap("study.yaml", f"# {key}: ", f"{key}: ") for key in ("messages", "experiments", "kpis", "feedback")),
        edit("accounts.csv", lambda rows: [*rows, rows[5]]),
        redate("soon", 2),
        swap("personas/s5-solo-sol.md", "persona_id", "persona_idd"),
        swap("messages.csv", ",email,", ",emial,"),
        swap("experiments.yaml", "randomised", "randomized"),
        swap("kpis.yaml", "numerator:", "numerater:"),
        swap("sales_feedback.csv", ",won,", ",wonn,"),
    )(study)
    answer = command("check", study)
    assert answer.code == 2 and answer.err.count("error: ") == 1
    for word in (
        "'A005' in rows 6, 162", "got 'soon'", "s5-solo-sol.md, line 2, column 'persona_idd': unknown key. Did you mean 'persona_id'?",
        "messages.csv, row 2, column 'channel': no such channel; got 'emial'", "Did you mean 'randomised'?",
        "Did you mean 'numerator'?", "sales_feedback.csv, row 3, column 'outcome': not known here; got 'wonn'",
    ):  # fmt: skip
        assert word in answer.err


def test_check_period_without_events_lists_those_that_have_some(command, study):
    answer = command("check", study, "--period", "2031Q1")
    assert answer.code == 2
    assert "the period has no events; got '2031Q1'; allowed: periods with events: 2026Q1, 2026Q2" in answer.err


@pytest.fixture
def home(published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the study that was run and its report, to spoil."""
    folder = Path(shutil.copytree(published.home, tmp_path / "home"))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--period", "2031Q1"], "the period has no events"),
        (["--period", "2026-Q2"], "period must be a quarter such as '2026Q3'; got '2026-Q2'"),
        (["--from", "03_interview"], "--from: no notebook '03_interview'; there are 01_data"),
        (
            ["--set", "02_segments.segmants=3"],
            "notebook 02_segments: no parameter 'segmants'. Did you mean 'segments'?",
        ),
        (["--set", "02_segments.segments=three"], "segments must be a whole number (number of segments; 0 lets"),
        (["--set", "02_segments.segments=\u00b2"], "segments must be a whole number"),
        (["--set", "02_segments.segments=21"], "segments must be 0 to 20"),
        (
            ["--set", "02_segments.segments=12"],
            "field-test compares 2 to 6 segments; widen segmentations.usage.segments",
        ),
        (["--set", "02_segment.segments=3"], "--set: no notebook '02_segment'"),
        (["--set", "02_segments.period=2026Q1"], "--set cannot change period"),
        (["--set", "segments=3"], "--set takes NOTEBOOK.NAME=VALUE"),
        (["--jobs", "0"], "--jobs"),
    ],
)
def test_run_wrong_request_is_refused_before_anything_runs(command, home, given, words):
    before = files_of(home)
    answer = command("run", "field-test", *given)
    assert answer.code == 2 and words in answer.err and not answer.out
    assert files_of(home) == before


@pytest.mark.parametrize("name", ["missing file", "misspelt method", "unparseable dates", "header without rows"])
def test_run_bad_study_or_events_leaves_everything_as_it_was(command, home, name):
    spoil, words = CASES[name]
    spoil(home / "field-test")
    before = files_of(home)
    answer = command("run", "field-test")
    assert answer.code == 2 and not answer.out
    for word in words:
        assert word in answer.err
    assert files_of(home) == before


def test_run_mistake_found_in_a_notebook_is_said_once_and_leaves_the_report(home):
    before = files_of(home / "reports/field-test/2026Q2")
    edit("accounts.csv", lambda rows: [*rows, rows[5]])(home / "field-test")
    swap("accounts.csv", ",DE", ",DE,extra")(home / "field-test")
    answer = run_command("run", "field-test", cwd=home)
    assert answer.returncode == 2 and "Traceback" not in answer.stderr
    assert "01_data failed, cell 3: DataContractError: 2 problems in the input:" in answer.stderr
    assert (answer.stdout + answer.stderr).count("'A005' in rows") == 1
    assert ".work/2026Q2/failed/01_data.ipynb" in answer.stderr
    assert "02_segments: not run: an earlier stage failed" in answer.stdout
    assert files_of(home / "reports/field-test/2026Q2") == before
    assert (home / "reports/field-test/.work/2026Q2/failed/01_data.ipynb").is_file()


def test_run_more_segments_than_units_fails_in_the_notebook_with_our_message(home):
    before = files_of(home / "reports/field-test/2026Q2")
    only(4)(home / "field-test")
    answer = run_command("run", "field-test", "--set", "02_segments.segments=5", cwd=home)
    assert answer.returncode == 2
    assert "ParameterError: 6 segments need at least 6 different units; there are 4 different rows" in answer.stderr
    assert "failed/02_segments.ipynb" in answer.stderr
    assert files_of(home / "reports/field-test/2026Q2") == before
