"""HubSpot exports, import templates and warehouse tables."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.sources import read_sources

CONTACTS = """Record ID,First Name,Last Name,Email,Phone Number,Lead Status,Create Date,Associated Company IDs,Job Title,Persona
101,Ana,Ruiz,Ana@Acme.com,+44 20 7946 0123,Open,2026-03-12 09:14,8001;8002,Office manager,persona_1
102,Ben,Okafor,ben@bolt.example,,New,2026-04-01 10:00,8002,Owner,
"""
COMPANIES = """Record ID,Company name,Company Domain Name,Industry,Number of Employees,Country/Region,Create Date,Seat price
8001,Acme Ltd,https://www.acme.com/uk,Heating,22,United Kingdom,2025-01-05,19.5
8002,Acme,ACME.com,Heating,,Ireland,2025-02-05,21
8003,Bolt & Sons,,Electrical,7,Ireland,2026-11-05,
"""
DEALS = """Record ID,Deal Name,Deal Stage,Pipeline,Amount,Create Date,Close Date,Associated Company IDs,\
Associated Contact IDs,Closed Lost Reason
1,Acme renewal,Closed Won,Sales Pipeline,1200.50,2025-05-01,2025-06-30,8001,101;102,
2,Acme more,closedlost,Sales Pipeline,300,2025-05-01,2025-07-30,8001,,Price
3,Bolt first,Appointment Scheduled,Sales Pipeline,,2026-05-01,2026-12-30,8003,,
4,Later,Closed Won,Sales Pipeline,10,2026-05-01,2026-12-30,8003,,
"""


def test_read_sources_hubspot_contacts_keeps_no_person(tmp_path, make_study):
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    data = read_sources(make_study({"people": {"format": "hubspot.contacts", "path": "contacts.csv"}}), "2026Q3")
    contacts = data["contacts"]
    assert list(contacts.index) == ["101", "102"]
    assert list(contacts.columns) == [
        "company_id",
        "job_title",
        "persona",
        "lifecycle_stage",
        "created_at",
        "opted_out",
    ]
    assert contacts.loc["101", "company_id"] == "8001"
    assert contacts.loc["101", "created_at"] == pd.Timestamp("2026-03-12 09:14")
    assert data.identifiers == {"Ana Ruiz", "Ben Okafor", "Ana@Acme.com", "ben@bolt.example", "+44 20 7946 0123"}
    account = data.accounts[0]
    assert (account.rows_in, account.rows_out, account.unmapped) == (2, 2, ("Lead Status",))
    assert any("1 records name several companies" in note for note in account.notes)


def test_read_sources_hubspot_companies_same_domain_gets_one_key(tmp_path, make_study):
    (tmp_path / "companies.csv").write_text(COMPANIES)
    seat = {"name": "seat_price", "from": "companies", "kind": "firmographic", "measure": "value"}
    data = read_sources(
        make_study({"companies": {"format": "hubspot.companies", "path": "companies.csv"}}, [seat]), "2026Q3"
    )
    companies = data["companies"]
    assert companies.loc["8001", "domain_key"] == companies.loc["8002", "domain_key"]
    assert len(companies.loc["8001", "domain_key"]) == 12
    assert companies["seat_price"].tolist() == [19.5, 21.0]
    assert companies["employees"].isna().tolist() == [False, True]
    assert data.accounts[0].dropped == {"created after the period": 1}
    assert not {"name", "domain", "Company name"} & set(companies.columns)
    assert {"Acme Ltd", "Bolt & Sons"} <= data.identifiers


def test_read_sources_hubspot_deals_won_by_stage_as_of_the_period(tmp_path, make_study):
    (tmp_path / "deals.csv").write_text(DEALS)
    data = read_sources(make_study({"deals": {"format": "hubspot.deals", "path": "deals.csv"}}), "2026Q3")
    deals = data["deals"]
    assert deals["won"].tolist() == [True, False, pd.NA, pd.NA]
    assert deals.loc["1", "contact_ids"] == ["101", "102"]
    assert deals.loc["2", "contact_ids"] == []
    assert deals["amount"].tolist()[:2] == [1200.5, 300.0]
    assert "1 deals closed after the period count as open" in data.accounts[0].notes
    assert "deal_name" not in deals.columns


def test_read_sources_hubspot_import_template_without_record_id_uses_domain(tmp_path, make_study):
    (tmp_path / "c.csv").write_text("Domain,Name,Industry\nacme.com,Acme,Heating\nbolt.ie,Bolt,Electrical\n")
    data = read_sources(make_study({"companies": {"format": "hubspot.companies", "path": "c.csv"}}), "2026Q3")
    assert data["companies"].index.is_unique
    assert any("ids are digests of Domain" in note for note in data.accounts[0].notes)


def test_read_sources_hubspot_duplicate_record_ids_names_rows(tmp_path, make_study):
    (tmp_path / "c.csv").write_text("Record ID,Industry\n1,a\n2,b\n1,c\n")
    with pytest.raises(DataContractError, match=r"1 record id stands in several rows: '1' in rows 2, 4"):
        read_sources(make_study({"companies": {"format": "hubspot.companies", "path": "c.csv"}}), "2026Q3")


def test_read_sources_hubspot_unknown_declared_column_offers_nearest(tmp_path, make_study):
    (tmp_path / "companies.csv").write_text(COMPANIES)
    seat = {"name": "seat_prize", "from": "companies", "kind": "firmographic", "measure": "value"}
    study = make_study(
        {"companies": {"format": "hubspot.companies", "path": "companies.csv", "unit": "Rekord ID"}}, [seat]
    )
    with pytest.raises(DataContractError) as caught:
        read_sources(study, "2026Q3")
    text = str(caught.value)
    assert "'seat_prize': no such column (of variable 'seat_prize')" in text and "Did you mean 'Seat price'?" in text
    assert (
        "'Rekord ID': no such column (named as sources.companies.unit)" in text and "Did you mean 'Record ID'?" in text
    )


def test_read_sources_hubspot_other_language_by_declared_columns(tmp_path, make_study):
    (tmp_path / "c.csv").write_text("Datensatz-ID;Branche;Mitarbeiterzahl\n1;Heizung;5\n", encoding="utf-8-sig")
    columns = {"company_id": "Datensatz-ID", "industry": "Branche", "employees": "Mitarbeiterzahl"}
    source = {"format": "hubspot.companies", "path": "c.csv", "delimiter": ";", "columns": columns}
    data = read_sources(make_study({"companies": source}), "2026Q3")
    assert data["companies"].loc["1", ["industry", "employees"]].tolist() == ["Heizung", 5.0]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("kind", "file", "rows"),
    [
        ("contacts", "contacts_sample_import-1.csv", 11),
        ("contacts", "fivetran_contact_data.csv", 22),
        ("companies", "companies.csv", 1),
        ("deals", "Sample_Deal_Import-1.csv", 1),
        ("deals", "fivetran_deal_data.csv", 44),
    ],
)
def test_read_sources_hubspot_real_file_is_read(shared, make_study, kind, file, rows):
    study = make_study({"crm": {"format": f"hubspot.{kind}", "path": str(shared / "formats/hubspot" / file)}})
    data = read_sources(study, "2026Q3")
    assert len(data[kind]) == rows == data.accounts[0].rows_out
    assert not any("@" in str(value) for value in data[kind].to_numpy().ravel())
