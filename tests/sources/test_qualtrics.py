"""Qualtrics exports."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.sources import read_sources

IDS = [
    "startDate",
    "status",
    "ipAddress",
    "duration",
    "recordedDate",
    "_recordId",
    "recipientEmail",
    "externalDataReference",
]
FIELDS = [
    "StartDate",
    "Status",
    "IPAddress",
    "Duration (in seconds)",
    "RecordedDate",
    "ResponseId",
    "RecipientEmail",
    "ExternalReference",
]
ITEMS = [
    {"name": "need", "from": "survey", "kind": "need", "measure": "mean", "items": ["q7_1", "q7_2"], "scale": [1, 5]}
]
GOOD = [
    "2026-02-01 09:00:00",
    "0",
    "1.2.3.4",
    "200",
    "2026-02-01 09:05:00",
    "R_1",
    "ana@acme.example",
    "c1",
    "5",
    "-99",
]


def write_wave(path, rows, fields=("q7_1", "q7_2"), imports=("QID7_1", "QID7_2"), bom=True):
    """A wave as Qualtrics writes it; questions hold a comma and a line end."""
    quoted = [f'"{{""ImportId"":""{name}""}}"' for name in (*IDS, *imports)]
    text = [
        ",".join([*FIELDS, *fields]),
        ",".join([*FIELDS, *['"How much, \nexactly?"' for _ in fields]]),
        ",".join(quoted),
    ]
    path.write_text(
        "\n".join([*text, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8-sig" if bom else "utf-8"
    )


def read(make_study, path="wave1.csv", items=ITEMS, period="2026Q3", **more):
    return read_sources(make_study({"survey": {"format": "qualtrics", "path": path, **more}}, items), period)


def test_read_sources_qualtrics_three_headers_missing_and_previews(tmp_path, make_study):
    preview = [*GOOD[:1], "1", *GOOD[2:5], "R_2", *GOOD[6:]]
    worded = [*GOOD[:1], "Survey Preview", *GOOD[2:5], "R_3", *GOOD[6:]]
    late = [*GOOD[:4], "2026-10-01 00:00:00", "R_4", *GOOD[6:]]
    write_wave(tmp_path / "wave1.csv", [GOOD, preview, worded, late])
    data = read(make_study)
    survey = data["survey"]
    assert survey.index.tolist() == ["R_1"]
    assert survey.columns.tolist() == ["company_id", "recorded_at", "wave", "seconds", "q7_1", "q7_2"]
    assert survey.loc["R_1", ["company_id", "wave", "seconds", "q7_1"]].tolist() == ["c1", "2026Q1", 200.0, 5.0]
    assert pd.isna(survey.loc["R_1", "q7_2"])
    account = data.accounts[0]
    assert account.dropped == {"preview or test response": 2, "recorded after the period": 1}
    assert (account.rows_in, account.rows_out) == (4, 1)
    assert data.identifiers == {"ana@acme.example"}


def test_read_sources_qualtrics_waves_joined_on_import_id_when_labels_move(tmp_path, make_study):
    write_wave(tmp_path / "wave1.csv", [GOOD])
    second = [*GOOD[:4], "2026-05-01 00:00:00", "R_9", *GOOD[6:8], "1", "4"]
    write_wave(tmp_path / "wave2.csv", [second], fields=("q7_2", "q7_1"), imports=("QID7_2", "QID7_1"))
    survey = read(make_study, ["wave1.csv", "wave2.csv"])["survey"]
    assert survey.loc["R_9", ["q7_1", "q7_2"]].tolist() == [4.0, 1.0]
    third = tmp_path / "wave3.csv"
    write_wave(third, [[*second[:5], "R_10", *second[6:]]], fields=("q8_1", "q8_2"), imports=("QID7_1", "QID7_2"))
    data = read(make_study, ["wave1.csv", "wave3.csv"])
    assert data["survey"].loc["R_10", ["q7_1", "q7_2"]].tolist() == [1.0, 4.0]
    assert any("q7_1 is the column 'q8_1' of wave3.csv" in note for note in data.accounts[0].notes)


def test_read_sources_qualtrics_same_label_other_import_id_is_refused(tmp_path, make_study):
    write_wave(tmp_path / "wave1.csv", [GOOD])
    write_wave(tmp_path / "wave2.csv", [[*GOOD[:5], "R_2", *GOOD[6:]]], imports=("QID90_1", "QID90_2"))
    with pytest.raises(DataContractError, match="is QID90_1 here and QID7_1 in an earlier file"):
        read(make_study, ["wave1.csv", "wave2.csv"])


def test_read_sources_qualtrics_items_by_import_id_and_pattern(tmp_path, make_study):
    write_wave(tmp_path / "wave1.csv", [GOOD])
    survey = read(make_study, items=[{**ITEMS[0], "items": ["QID7_1", "q7_*"]}])["survey"]
    assert survey.columns.tolist()[4:] == ["QID7_1", "q7_1", "q7_2"]


def test_read_sources_qualtrics_all_problems_at_once(tmp_path, make_study):
    rows = [
        GOOD,
        [*GOOD[:5], "R_1", *GOOD[6:8], "Very important", "9"],
        [*GOOD[:4], "yesterday", "R_3", *GOOD[6:8], "1", "2"],
    ]
    write_wave(tmp_path / "wave1.csv", rows)
    with pytest.raises(DataContractError) as caught:
        read(make_study, items=[*ITEMS, {**ITEMS[0], "name": "more", "items": ["q7_3x"]}], unit="ExternalRefrence")
    text = str(caught.value)
    assert "1 of 3 answers are text where numbers were declared (row 5)" in text and "Use numeric values" in text
    assert "1 of 2 answers outside 1 to 5 (row 5)" in text
    assert "1 response id stands in several rows: 'R_1' in rows 4, 5" in text
    assert "values are not dates (row 6)" in text
    assert "'q7_3x': no such survey item" in text and "Did you mean 'q7_" in text
    assert "'ExternalRefrence': no such column" in text and "Did you mean 'ExternalReference'?" in text
    assert len(caught.value.violations) == 6


def test_read_sources_qualtrics_older_two_header_rows(tmp_path, make_study):
    (tmp_path / "wave1.csv").write_text(
        "V1,V4,V5,V7,V8,V9,q7_1,q7_2\n"
        "ResponseID,ExternalDataReference,EmailAddress,Status,StartDate,EndDate,How?,Why?\n"
        "R_1,c1,ana@acme.example,0,2026-02-01 09:00:00,2026-02-01 09:05:00,5,4\n",
        encoding="utf-8-sig",
    )
    data = read(make_study)
    assert data["survey"].loc["R_1", ["company_id", "q7_1", "wave"]].tolist() == ["c1", 5.0, "2026Q1"]
    assert data.identifiers == {"ana@acme.example"}


def test_read_sources_qualtrics_time_zone_of_the_export_counts(tmp_path, make_study):
    write_wave(tmp_path / "wave1.csv", [[*GOOD[:4], "2026-06-30 22:00:00", *GOOD[5:]]])
    path = tmp_path / "wave1.csv"
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace(
            '""recordedDate""}', '""recordedDate"",""timeZone"":""America/Denver""}'
        )
    )
    assert read(make_study)["survey"].loc["R_1", "wave"] == "2026Q3"


@pytest.mark.shared
def test_read_sources_qualtrics_real_export(shared, make_study):
    path = str(shared / "formats/qualtrics/qualtrics_3header_sample.csv")
    item = {"name": "q1", "from": "survey", "kind": "need", "measure": "mean", "items": ["QID1"], "scale": [1, 5]}
    data = read(make_study, path, [item])
    assert data["survey"].loc["R_2YPOQ602ER1jkf1", ["wave", "seconds", "QID1"]].tolist() == ["2017Q3", 38.0, 2.0]
    assert data.accounts[0].unmapped == ("Q2", "Q2 - Topics")
