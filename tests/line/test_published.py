"""The published report of the sample: complete, resumable, and free of everybody's name."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from segmentation.period import Period
from segmentation.reporting.checks import READABLE, find_identifiers, scan_leaks, text_of
from segmentation.reporting.render import RenderError
from segmentation.reporting.stages import NOTEBOOKS
from segmentation.study import load_study

from ..conftest import PROJECT, STUDY, files_of
from ..messaging.mermaid_grammar import parse

WORD = re.compile(r"[^\W\d_][\w'’-]*")


@pytest.fixture(scope="module")
def people() -> dict[str, set[str]]:
    """E-mails, phones and full names of the sample's contacts, and of people named in the interviews, as the files have them."""
    with (PROJECT / STUDY / "crm/contacts.csv").open(encoding="utf-8", newline="") as stream:
        contacts = list(csv.DictReader(stream))
    with (PROJECT / STUDY / "interviews/redactions.csv").open(encoding="utf-8", newline="") as stream:
        masked = {name for row in csv.DictReader(stream) for name in row["names"].split("|")}
    full = {f"{row['First Name']} {row['Last Name']}" for row in contacts if row["First Name"] and row["Last Name"]}
    return {
        "mails": {row["Email"].casefold() for row in contacts if row["Email"]},
        "phones": {re.sub(r"\D", "", row["Phone Number"]) for row in contacts} - {""},
        "names": {name.casefold() for name in full | masked if len(name.split()) > 1},
    }


def published_text(report: Path) -> dict[str, str]:
    """Every word of a report: its pages and files as text, its tables cell by cell."""
    found = {}
    for path in sorted(report.rglob("*")):
        name = path.relative_to(report).as_posix()
        if path.suffix == ".parquet":
            columns = [*pq.read_table(path).to_pydict().values()]
            found[name] = "\n".join(str(value) for column in columns for value in column)
        elif path.is_file() and path.name != "plotly.min.js":
            found[name] = text_of(path)
    return found


def find_people(text: str, people: dict[str, set[str]]) -> list[str]:
    """A search of the tests' own, by other means than the program's."""
    folded = text.casefold()
    words = WORD.findall(folded)
    runs = {" ".join(words[i : i + n]) for n in (2, 3, 4) for i in range(len(words) - n + 1)}
    digits = {re.sub(r"\D", "", run) for run in re.findall(r"\+?\d[\d ().-]{7,}\d", text)}
    mails = set(re.findall(r"[\w.+-]+@[\w.-]+\w", folded))
    names = {" ".join(WORD.findall(name)) for name in people["names"]}
    return sorted((mails & people["mails"]) | (digits & people["phones"]) | (runs & names))


def test_contacts_are_there_to_be_found(people):
    assert len(people["mails"]) > 2000 and len(people["phones"]) > 500 and len(people["names"]) > 900


def test_find_people_finds_a_planted_contact(people):
    mail, phone, name = (sorted(people[key])[0] for key in ("mails", "phones", "names"))
    planted = f"<p>ask {name.title()}, {mail.upper()} or +{phone[:2]} {phone[2:6]} {phone[6:]}</p>"
    assert len(find_people(planted, people)) == 3


def test_report_names_nobody(sample_run, people):
    found = {name: find_people(text, people) for name, text in published_text(sample_run.report).items()}
    assert {name: len(who) for name, who in found.items() if who} == {}


def test_ledger_and_bundle_name_nobody(sample_run, people):
    root = sample_run.report.parent
    assert not any(find_people(text, people) for text in published_text(root / "ledger").values())
    bundle = (root / "fieldnote-2026Q3.html").read_text("utf-8")
    assert not find_people(re.sub(r'id="plotly-gz">[^<]*', "", bundle), people)


@pytest.mark.parametrize("place", ["02_segments.html", "notebooks/03_interviews.ipynb", "exports/extra.csv"])
def test_scan_leaks_stops_a_report_with_a_contact_in_it(tmp_path, people, place):
    """The canary: the gate sees what it is there for, and does not repeat it."""
    mail = sorted(people["mails"])[0]
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"<p>written to {mail} on Monday</p>")
    with pytest.raises(RenderError, match=f"personal data would be published:\n  - {place}: 1 personal") as caught:
        scan_leaks(load_study(PROJECT / STUDY), Period.parse("2026Q3"), tmp_path)
    assert mail not in str(caught.value)


def test_scan_leaks_reads_every_kind_of_text_that_is_published(sample_run):
    kinds = {path.suffix for path in sample_run.report.rglob("*") if path.is_file()}
    assert kinds - READABLE <= {".parquet", ".css", ".js"}


def test_find_identifiers_agrees_with_the_tests_own_search(people):
    text = " ".join(sorted(people["names"])[:50])
    assert len(find_identifiers(text, sorted(people["names"])[:50])) >= 45


def test_killed_sample_run_is_taken_up(sample_run):
    (_, killed), (_, resumed), *_ = sample_run.answers
    assert "02_segments: done" in killed and "report: done" not in killed
    assert "01_data: unchanged, reused" in resumed and "02_segments: unchanged, reused" in resumed
    assert "03_interviews: done" in resumed and "report: reports/fieldnote/2026Q3/index.html" in resumed


def test_second_sample_run_reuses_all_stages(sample_run):
    words = sample_run.answers[2][1]
    assert words.count("unchanged, reused") == len(NOTEBOOKS) and ": running" not in words.replace(
        "report: running", ""
    )


def test_report_has_a_page_for_each_notebook_and_persona(sample_run):
    report = sample_run.report
    names = set(files_of(report))
    assert {f"{name}.html" for name in ("index", *NOTEBOOKS)} | {"manifest.json"} <= names
    personas = json.loads((report / "results/personas.json").read_text("utf-8"))
    assert {f"personas/{persona['persona_id']}.html" for persona in personas} <= names
    assert {"results/membership.parquet", "results/profile.parquet", "results/messages.parquet"} <= names
    assert any(name.startswith("exports/") for name in names)


def test_report_names_no_folder_of_this_machine(sample_run):
    folder = str(sample_run.project)
    assert [
        name for name, text in published_text(sample_run.report).items() if folder in text or str(PROJECT) in text
    ] == []


def test_links_of_the_report_lead_somewhere(sample_run):
    report = sample_run.report
    for page in report.rglob("*.html"):
        text = page.read_text("utf-8")
        ids = set(re.findall(r'\bid="([^"]+)"', text))
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            path, _, anchor = target.partition("#")
            assert not path or (page.parent / path).resolve().is_file(), f"{page.name}: {target}"
            assert path or anchor in ids, f"{page.name}: {target}"


def test_journey_map_of_the_sample_is_mermaid_with_every_stage(sample_run):
    found = parse((sample_run.report / "exports/journey/journey.mmd").read_text("utf-8"))
    assert found.sections == [stage.capitalize() for stage in load_study(PROJECT / STUDY).journeys]
    assert {section for section, *_ in found.tasks} == set(found.sections)
