"""Companies, contacts and deals as HubSpot exports them."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ..period import Period
from .plan import QUARTERS, TEMPLATES, stream
from .population import Population, read_interviewee_plan

__all__ = ["draw_companies", "draw_contacts", "draw_deals", "name_companies", "write_crm", "write_csv"]

END = Period.parse(QUARTERS[-1]).end
COMPANY_HEADERS = {
    "company_id": "Record ID",
    "name": "Company name",
    "domain": "Company Domain Name",
    "phone": "Phone Number",
    "city": "City",
    "region": "State/Region",
    "country": "Country/Region",
    "trade": "Industry",
    "employees": "Number of Employees",
    "lifecycle": "Lifecycle Stage",
    "created": "Create Date",
    "owner": "Company owner",
    "plan": "Plan",
    "seats": "Paid seats",
    "seat_price": "Price per seat",
    "renewed": "Renewed last term",
    "offboarding": "Offboarding step",
    "last_score": "Vendor score",
}
CONTACT_HEADERS = {
    "contact_id": "Record ID",
    "first_name": "First Name",
    "last_name": "Last Name",
    "email": "Email",
    "phone": "Phone Number",
    "job_title": "Job Title",
    "persona": "Persona",
    "lifecycle": "Lifecycle Stage",
    "lead_status": "Lead Status",
    "created": "Create Date",
    "company_name": "Associated Company",
    "company_id": "Associated Company IDs",
    "opted_out": "Unsubscribed from all email",
    "owner": "Contact owner",
}
DEAL_HEADERS = {
    "deal_id": "Record ID",
    "name": "Deal Name",
    "pipeline": "Pipeline",
    "stage": "Deal Stage",
    "amount": "Amount",
    "created": "Create Date",
    "closed": "Close Date",
    "kind": "Deal Type",
    "lost_reason": "Closed Lost Reason",
    "owner": "Deal owner",
    "company_id": "Associated Company IDs",
    "contact_ids": "Associated Contact IDs",
}
EXPANSIONS = 0.11  # probability that an account talks about more seats in a quarter
WIN = {"dispatch": 0.58, "cash": 0.52, "proof": 0.60, "connect": 0.38, "simple": 0.30, "contracts": 0.66, None: 0.52}
OWNERS = (
    "owner-1@fieldnote.example",
    "owner-2@fieldnote.example",
    "owner-3@fieldnote.example",
    "owner-4@fieldnote.example",
)


def _words() -> dict[str, Any]:
    return yaml.safe_load((TEMPLATES / "words.yaml").read_text(encoding="utf-8"))


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _minute(moments: Sequence[pd.Timestamp]) -> list[str]:
    return ["" if pd.isna(moment) else pd.Timestamp(moment).strftime("%Y-%m-%d %H:%M") for moment in moments]


def _phone(country: str, number: int) -> str:
    """A number from the blocks that are kept free for fiction."""
    if country == "United States":
        return f"(216) 555-01{number % 100:02d}"
    return f"+44 20 7946 0{number % 1000:03d}"


def name_companies(population: Population, seed: int) -> pd.DataFrame:
    """Name, domain, city and region of each account; index company_id. Names are unique."""
    rng, words = stream(seed, "names"), _words()
    plan = read_interviewee_plan(TEMPLATES)
    taken = {name for name in plan["company_name"].dropna()}
    rows = []
    for _, account in population.accounts.iterrows():
        country = account["country"]
        place, region = rng.choice(words["places"][country]), rng.choice(words["regions"][country])
        given = plan.loc[account["participant"]] if account["participant"] else None
        name = "" if given is None or pd.isna(given["company_name"]) else given["company_name"]
        while not name:
            stem = rng.choice(words["last_names"][country] if rng.random() < 0.6 else words["places"][country])
            second = rng.choice(["", "", "", " Bros", " & Co", f" {place}"])
            name = f"{stem}{second} {words['trade_words'][account['trade']][country]} {words['suffixes'][country]}"
            name = "" if name in taken else name
        taken.add(name)
        region = region if given is None or pd.isna(given["region"]) else given["region"]
        rows.append({"name": name, "domain": f"{_slug(name)}.example", "city": str(place), "region": str(region)})
    return pd.DataFrame(rows, index=population.accounts.index)


def draw_companies(population: Population, names: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows of the companies export, duplicates included; index company_id."""
    rng = stream(seed, "companies")
    accounts = population.accounts
    number = len(accounts)
    table = names.join(accounts[["country", "trade", "employees", "seats", "seat_price", "created_at", "left"]])
    gone = (accounts["left"] < len(QUARTERS)).to_numpy()
    table["phone"] = [
        _phone(country, digits) for country, digits in zip(table["country"], rng.integers(0, 1000, number), strict=True)
    ]
    table["lifecycle"] = np.where(gone, "Other", "Customer")
    table["created"] = _minute(table["created_at"])
    table["owner"] = rng.choice(OWNERS, number)
    size = table["employees"].to_numpy()
    table["plan"] = np.where(size < 6, "Solo", np.where(size < 60, "Crew", "Fleet"))
    table.loc[rng.random(number) < 0.07, "plan"] = "Crew"
    old = (accounts["born"] < 0).to_numpy()
    table["renewed"] = np.where(gone, "No", np.where(old, "Yes", ""))
    leaving = (accounts["left"] == len(QUARTERS) - 1).to_numpy()  # a workflow empties the field a quarter later
    steps = rng.choice(["Export requested", "Data exported", "Account closed"], number)
    table["offboarding"] = np.where(leaving, steps, "")
    # no use to anybody: bought from a data vendor, drawn from a hat
    table["last_score"] = rng.integers(1, 101, number).astype(str)
    employees = size.astype(int).astype(str).astype(object)
    employees[rng.random(number) < 0.06] = ""
    table["employees"] = employees
    table["seats"] = table["seats"].astype(int).astype(str)
    table["seat_price"] = [f"{price:.2f}" for price in table["seat_price"]]
    for column, share in (("trade", 0.03), ("region", 0.05), ("seat_price", 0.02)):
        table[column] = (
            table[column]
            .astype(object)
            .mask((rng.random(number) < share) & accounts["participant"].isna().to_numpy(), "")
        )
    return _add_duplicates(table, population, rng).rename_axis("company_id")


def _add_duplicates(table: pd.DataFrame, population: Population, rng: np.random.Generator) -> pd.DataFrame:
    twins = table.loc[population.duplicates["duplicate_of"]].set_axis(population.duplicates["company_id"])
    later = [
        moment + pd.Timedelta(days=int(days))
        for moment, days in zip(twins["created_at"], rng.integers(40, 400, len(twins)), strict=True)
    ]
    changed = twins.assign(
        created_at=later, created=_minute(later), seats="1", employees="", plan="Crew", renewed="", offboarding=""
    )
    changed["name"] = [re.sub(r" (Ltd|GmbH|B\.V\.|LLC)$", "", name) for name in changed["name"]]
    return pd.concat([table, changed])


def draw_contacts(
    population: Population, companies: pd.DataFrame, interview_names: dict[str, list[str]], seed: int
) -> pd.DataFrame:
    """Rows of the contacts export: one to four people an account; the people an interview names are among them."""
    rng, words = stream(seed, "contacts"), _words()
    plan = read_interviewee_plan(TEMPLATES)
    participants = population.accounts["participant"]
    rows: list[dict[str, Any]] = []
    for company_id, company in companies.iterrows():
        participant = participants.get(company_id)
        size = population.accounts["employees"].get(company_id, 1)
        titles = words["job_titles"]["small" if size < 8 else "middle" if size < 60 else "large"]
        number = 1 if size < 4 else int(rng.integers(1, 4))
        chosen = list(rng.choice(titles, number, replace=False))
        if participant:
            chosen[0] = plan.at[participant, "role"]
        people = [
            (
                str(rng.choice(words["first_names"][company["country"]])),
                str(rng.choice(words["last_names"][company["country"]])),
            )
            for _ in chosen
        ]
        for name in interview_names.get(participant or "", []):
            people.append(_as_person(name))
            chosen.append("")
        for title, (first, last) in zip(chosen, people, strict=True):
            rows.append({"company_id": company_id, "company_name": company["name"], "first_name": first, "last_name": last,
                         "job_title": title, "country": company["country"], "domain": company["domain"],
                         "account_created": company["created_at"]})  # fmt: skip
    table = pd.DataFrame(rows)
    return _complete_contacts(table, words, rng)


def _as_person(name: str) -> tuple[str, str]:
    parts = re.sub(r"^(Mrs\.?|Mr|Miss|Frau|Herr|Sister) ", "", name).split()
    return (parts[0], " ".join(parts[1:])) if len(parts) > 1 else (parts[0], "")


def _complete_contacts(table: pd.DataFrame, words: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    number = len(table)
    table["contact_id"] = (50_100_200 + np.cumsum(rng.integers(3, 900, number))).astype(str)
    local = [
        _slug(f"{first} {last}").replace("-", ".")
        for first, last in zip(table["first_name"], table["last_name"], strict=True)
    ]
    first_of_name = ~table.duplicated(["first_name", "last_name", "domain"])
    table["email"] = [
        f"{name}{'' if first else position}@{domain}"
        for position, (name, first, domain) in enumerate(zip(local, first_of_name, table["domain"], strict=True))
    ]
    blank = rng.random(number)
    table["email"] = table["email"].mask(blank < 0.03, "").mask(blank > 0.97, table["email"].str.title())
    table["phone"] = [
        _phone(country, digits) for country, digits in zip(table["country"], rng.integers(0, 1000, number), strict=True)
    ]
    table["phone"] = table["phone"].mask(rng.random(number) < 0.25, "")
    persona = table["job_title"].map(words["personas"]).fillna("").astype(object)
    wrong = rng.random(number) < 0.30
    table["persona"] = np.where(
        wrong, rng.choice(["persona_1", "persona_2", "persona_3", "persona_4", ""], number), persona
    )
    table["lifecycle"] = "Customer"
    table["lead_status"] = rng.choice(["", "Connected", "Open"], number, p=[0.7, 0.2, 0.1])
    created = [moment + pd.Timedelta(minutes=int(minutes)) for moment, minutes in
               zip(table["account_created"], rng.integers(0, 60 * 24 * 60, number), strict=True)]  # fmt: skip
    table["created"] = _minute(created)
    table["opted_out"] = np.where(rng.random(number) < 0.06, "true", "")
    table["owner"] = rng.choice(OWNERS, number)
    return table


def draw_deals(population: Population, companies: pd.DataFrame, contacts: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows of the deals export: the first contract of each account, later expansions, won or lost."""
    rng, words = stream(seed, "deals"), _words()
    people = contacts.groupby("company_id")["contact_id"].agg(list)
    reasons = words["lost_reasons"] | {
        None: sorted({reason for listed in words["lost_reasons"].values() for reason in listed})
    }
    rows: list[tuple[Any, ...]] = []
    for company_id, account in population.accounts.iterrows():
        name, created = companies.at[company_id, "name"], account["created_at"]
        yearly = max(float(account["seats"]) * account["seat_price"] * 12, 100)
        opened = created - pd.Timedelta(days=int(rng.integers(9, 90)))
        rows.append((company_id, name, "New customer", "Closed Won", yearly, opened, created, "newbusiness", ""))
        for quarter in range(max(int(account["born"]), 0) + 1, min(int(account["left"]), len(QUARTERS))):
            if rng.random() < EXPANSIONS:
                segment = population.segments.at[company_id, QUARTERS[quarter]]
                amount = yearly * rng.uniform(0.1, 0.4)
                rows.append(
                    (company_id, name, "Expansion", *_expansion(quarter, segment, amount, reasons[segment], rng))
                )
    columns = ["company_id", "company_name", "pipeline", "stage", "amount", "opened", "shut", "kind", "lost_reason"]
    table = pd.DataFrame(rows, columns=columns)
    table["deal_id"] = (88_400_100 + np.cumsum(rng.integers(2, 700, len(table)))).astype(str)
    table["name"] = table["company_name"] + " - " + table["pipeline"]
    table["amount"] = [f"{amount:.0f}" for amount in table["amount"]]
    table["created"], table["closed"] = _minute(table["opened"]), _minute(table["shut"])
    table["owner"] = rng.choice(OWNERS, len(table))
    table["contact_ids"] = [";".join(people[company][: int(rng.integers(1, 4))]) for company in table["company_id"]]
    return table


def _expansion(
    quarter: int, segment: str | None, amount: float, reasons: list[str], rng: np.random.Generator
) -> tuple[Any, ...]:
    """Stage, amount, opened, shut, kind and lost reason of one expansion deal; connect accounts take twice as long."""
    start = Period.parse(QUARTERS[quarter]).start + pd.Timedelta(minutes=int(rng.integers(0, 85 * 24 * 60)))
    end = start + pd.Timedelta(days=int(rng.gamma(4, 16 if segment == "connect" else 8)) + 2)
    stage = "Contract Sent" if end >= END else "Closed Won" if rng.random() < WIN[segment] else "Closed Lost"
    reason = str(rng.choice(reasons)) if stage == "Closed Lost" else ""
    return stage, amount, start, pd.NaT if end >= END else end, "existingbusiness", reason


def write_csv(table: pd.DataFrame, headers: dict[str, str], path: Path) -> None:
    """Write the columns named, under the headers the tool gives them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(headers.values())
        writer.writerows(table[list(headers)].itertuples(index=False))


def write_crm(companies: pd.DataFrame, contacts: pd.DataFrame, deals: pd.DataFrame, folder: Path) -> None:
    """Write companies.csv, contacts.csv and deals.csv."""
    write_csv(companies.reset_index(), COMPANY_HEADERS, folder / "companies.csv")
    write_csv(contacts, CONTACT_HEADERS, folder / "contacts.csv")
    write_csv(deals, DEAL_HEADERS, folder / "deals.csv")
