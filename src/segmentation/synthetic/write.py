"""Write a complete study: every export as its tool writes it, the study file, and the truth beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from .behaviour import draw_events, draw_users
from .campaign import EXPERIMENT, Campaign, draw_campaign, draw_feedback
from .cdp import write_identifies, write_tracks
from .coding import Coding, code_by_authors, code_second, measure_agreement, write_project
from .crm import draw_companies, draw_contacts, draw_deals, name_companies, write_crm, write_csv
from .fieldwork import draw_interview_plan
from .interviews import Interview, read_interviews, write_transcripts
from .plan import TEMPLATES, find_tier
from .population import Population, build_population, read_interviewee_plan
from .suppression import write_suppression
from .survey import draw_survey, write_survey
from .truth import write_truth

__all__ = ["write_study"]

CARRIED = (
    "study.yaml",
    "README.md",
    "value_rules.yaml",
    "hypotheses.yaml",
    "experiments.yaml",
    "kpis.yaml",
    "messages.csv",
    "value_props.csv",
    "proofs.csv",
    "voice.yaml",
    "told.csv",
)  # the same for every tier


def write_study(folder: str | Path, tier: str = "medium", seed: int = 1) -> Path:
    """Write the sample study.

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist; files of the study in it are replaced, others stay.
    tier : {"medium", "easy", "hard", "null"}
        How far apart the planted segments are; ``null`` has none.
    seed : int
        Same tier and seed, same bytes.

    Returns
    -------
    Path
        The study file.

    Raises
    ------
    ParameterError
        If there is no such tier.
    """
    width, folder = find_tier(tier), Path(folder)
    population = build_population(width, seed, TEMPLATES)
    interviews = read_interviews()
    campaign = draw_campaign(population, width, seed)
    survey = draw_survey(population, width, seed)
    contacts = _write_sales(population, interviews, folder, seed)
    _write_events(population, contacts, draw_events(population, width, seed, campaign.demos), folder / "cdp", seed)
    write_suppression(contacts, folder / "suppression.csv", seed)
    write_survey(survey, contacts, folder / "survey", seed)
    _write_campaign(campaign, folder / "campaign")
    agreement = _write_interviews(interviews, population, folder / "interviews", seed)
    plan = draw_interview_plan(population, interviews, seed)
    write_csv(plan, {name: name for name in plan.columns}, folder / "interview_plan.csv")
    _carry(folder)
    write_truth(folder / "truth", (width, seed), population, survey, campaign, agreement)
    return folder / "study.yaml"


def _write_sales(population: Population, interviews: dict[str, Interview], folder: Path, seed: int) -> pd.DataFrame:
    """CRM and sales feedback; returns the contacts."""
    companies = draw_companies(population, name_companies(population, seed), seed)
    named = {key: list(interview.names) for key, interview in interviews.items()}
    contacts = draw_contacts(population, companies, named, seed)
    deals = draw_deals(population, companies, contacts, seed)
    write_crm(companies, contacts, deals, folder / "crm")
    feedback = draw_feedback(population, deals, seed)
    write_csv(feedback, {name: name for name in feedback.columns}, folder / "sales_feedback.csv")
    return contacts


def _write_events(
    population: Population, contacts: pd.DataFrame, events: pd.DataFrame, folder: Path, seed: int
) -> None:
    users = draw_users(population, seed)
    write_tracks(events, users, population, folder / "tracks.parquet", seed)
    write_identifies(users, contacts, population, folder / "identifies.jsonl", seed)


def _write_campaign(campaign: Campaign, folder: Path) -> None:
    columns = ("experiment_id", "company_id", "arm", "assigned_at", "exposed_at", "channel", "demos_before")
    write_csv(campaign.assignment, {name: name for name in columns}, folder / "assignment.csv")
    columns = ("experiment_id", "company_id", "outcome", "occurred_at")
    booked = (
        campaign.demos.rename("occurred_at")
        .rename_axis("company_id")
        .reset_index()
        .assign(outcome="demo_booked", experiment_id=EXPERIMENT)
    )
    booked["occurred_at"] = booked["occurred_at"].astype(str)
    write_csv(booked, {name: name for name in columns}, folder / "outcomes.csv")


def _write_interviews(
    interviews: dict[str, Interview], population: Population, folder: Path, seed: int
) -> list[dict[str, Any]]:
    colleagues = pd.read_csv(TEMPLATES / "colleagues.csv", index_col="participant")
    plan = pd.concat([read_interviewee_plan(TEMPLATES), colleagues])
    company = {participant: company for company, participant in population.accounts["participant"].dropna().items()}
    company |= {key: company[first] for key, first in colleagues["colleague_of"].items()}
    write_transcripts(interviews, plan["format"].to_dict(), folder, seed)
    rows = pd.DataFrame(
        [
            (key, key, company[key], plan.at[key, "role"], interview.date, plan.at[key, "consent"])
            for key, interview in interviews.items()
        ],
        columns=["participant", "source_id", "company_id", "role", "interviewed_at", "consent"],
    )
    write_csv(rows, {name: name for name in rows.columns}, folder / "interviewees.csv")
    first = code_by_authors(interviews)
    codings = first + _code_second(interviews, first, set(colleagues.index), seed)
    write_project(interviews, codings, rows.set_index("participant"), folder / "coding.qdpx")
    hidden = pd.DataFrame(
        [(key, "|".join(interview.names)) for key, interview in interviews.items()], columns=["participant", "names"]
    )
    write_csv(hidden, {name: name for name in hidden.columns}, folder / "redactions.csv")
    return measure_agreement(interviews, codings)


def _code_second(interviews: dict[str, Interview], first: list[Coding], late: set[str], seed: int) -> list[Coding]:
    """Coder 2 took the colleagues after all others, in a round of their own."""
    rounds = [{k: i for k, i in interviews.items() if (k in late) == after} for after in (False, True)]
    parts = [code_second(part, [c for c in first if c.participant in part], seed) for part in rounds]
    return [*parts[0], *parts[1]]


def _carry(folder: Path) -> None:
    for name in CARRIED:
        if (TEMPLATES / name).exists():
            shutil.copyfile(TEMPLATES / name, folder / name)
    (folder / "personas").mkdir(exist_ok=True)
    for source in sorted((TEMPLATES / "personas").glob("*.md")):
        shutil.copyfile(source, folder / "personas" / source.name)
