"""Two survey waves as Qualtrics exports them: three header rows, shifting columns, careless people."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd

from .plan import QUARTERS, TEMPLATES, WAVES, Tier, stream
from .population import Population

__all__ = ["draw_survey", "write_survey"]

FIELD_DAYS = {1: ("2025-08-18 08:00:00", "2025-09-12 17:00:00"), 2: ("2026-05-04 08:00:00", "2026-05-29 17:00:00")}
STANDARD = (
    ("StartDate", "Start Date", "startDate"),
    ("EndDate", "End Date", "endDate"),
    ("Status", "Response Type", "status"),
    ("IPAddress", "IP Address", "ipAddress"),
    ("Progress", "Progress", "progress"),
    ("Duration (in seconds)", "Duration (in seconds)", "duration"),
    ("Finished", "Finished", "finished"),
    ("RecordedDate", "Recorded Date", "recordedDate"),
    ("ResponseId", "Response ID", "_recordId"),
    ("RecipientLastName", "Recipient Last Name", "recipientLastName"),
    ("RecipientFirstName", "Recipient First Name", "recipientFirstName"),
    ("RecipientEmail", "Recipient Email", "recipientEmail"),
    ("ExternalReference", "External Data Reference", "externalDataReference"),
    ("LocationLatitude", "Location Latitude", "locationLatitude"),
    ("LocationLongitude", "Location Longitude", "locationLongitude"),
    ("DistributionChannel", "Distribution Channel", "distributionChannel"),
    ("UserLanguage", "User Language", "userLanguage"),
)
BLOCKS = {"imp": ("QID4", 12), "sat": ("QID5", 12), "att": ("QID7", 8)}
LAYOUT = {  # wave: blocks in the order of the export, with the question number the questionnaire shows
    1: (("imp", "Q4"), ("sat", "Q5"), ("att", "Q6")),
    2: (("size", "Q4"), ("imp", "Q5"), ("att", "Q6"), ("sat", "Q7")),
}
STEMS = {
    "imp": "How important is each of these to your company? (1 = not at all, 5 = extremely)",
    "sat": "How satisfied are you with how you do it today? (1 = not at all, 5 = completely)",
    "att": "How far do you agree? (1 = not at all, 5 = completely)",
}
ITEMS = [f"{block}_{item}" for block, (_, count) in BLOCKS.items() for item in range(1, count + 1)]
CARELESS = 0.06
BLOCK_SPREAD, ITEM_SPREAD, STYLE_SPREAD = 0.42, 0.62, 0.55


def _who_answers(population: Population, tier: Tier, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Positions of the accounts that answer each wave."""
    rate = population.traits(WAVES[2], "response", tier)
    if tier.separation == 0:
        rate = np.clip(rate + 0.12 * population.factors[:, 0], 0.05, 0.95)
    born, left = population.accounts["born"].to_numpy(), population.accounts["left"].to_numpy()
    answers = (rng.random(len(rate)) < rate) | population.accounts["participant"].notna().to_numpy()
    pattern = np.where(
        population.accounts["participant"].notna(), 0.5, rng.random(len(rate))
    )  # below .45 both waves, then only the second, then only the first
    first = answers & ((pattern < 0.45) | (pattern > 0.90)) & (born < WAVES[1]) & (left > WAVES[1])
    second = answers & ((pattern <= 0.90) | (born >= WAVES[1])) & (born < WAVES[2]) & (left > WAVES[2])
    return {1: np.flatnonzero(first), 2: np.flatnonzero(second)}


def _latent(population: Population, wave: int, who: np.ndarray, tier: Tier, rng: np.random.Generator) -> np.ndarray:
    """Answers before they are cut to 1-5, without the respondent's style; columns as ITEMS."""
    quarter = WAVES[wave]
    need = population.traits(quarter, "need", tier)[who]
    if tier.separation:
        own = 0.85 * population.factors[who, 8:12] + np.sqrt(1 - 0.85**2) * rng.standard_normal((len(who), 4))
        important = np.repeat(need + BLOCK_SPREAD * own, 3, axis=1)
    else:  # one factor behind all importances
        factor = 0.5 * population.factors[who, 0] + np.sqrt(0.75) * population.factors[who, 8]
        loadings = np.array([0.55, 0.50, 0.45, 0.30, 0.35, 0.25, -0.25, -0.35, -0.30, -0.45, -0.40, -0.50])
        important = np.repeat(need, 3, axis=1) + factor[:, None] * loadings
    important = 3.35 + important + ITEM_SPREAD * rng.standard_normal(important.shape)
    happy = 3.3 - 0.45 * np.repeat(need, 3, axis=1) + 0.75 * rng.standard_normal((len(who), 12))
    attitude = np.zeros((len(who), 8))
    attitude[:, :4] = population.traits(quarter, "attitudes", tier)[who]
    attitude = 3.2 + attitude + 0.85 * rng.standard_normal(attitude.shape)
    return np.column_stack([important, happy, attitude])


def _careless(number: int, rng: np.random.Generator) -> np.ndarray:
    kind = np.full(number, "", dtype=object)
    chosen = rng.choice(number, round(CARELESS * number), replace=False)
    kind[chosen[::2]], kind[chosen[1::2]] = "straight_liner", "speeder"
    return kind


def _draw_wave(
    population: Population, wave: int, who: np.ndarray, tier: Tier, style: np.ndarray, seed: int
) -> pd.DataFrame:
    rng = stream(seed, f"wave {wave}")
    number = len(who)
    own_style = 0.9 * style[who] + np.sqrt(1 - 0.9**2) * STYLE_SPREAD * rng.standard_normal(number)
    answers = np.clip(np.round(_latent(population, wave, who, tier, rng) + own_style[:, None]), 1, 5).astype(int)
    kind = _careless(number, rng)
    lines, speeders = kind == "straight_liner", kind == "speeder"
    answers[lines] = rng.choice([3, 4, 5], int(lines.sum()))[:, None]
    answers[speeders] = rng.integers(1, 6, (int(speeders.sum()), answers.shape[1]))
    seconds = np.round(np.exp(np.log(290) + 0.35 * rng.standard_normal(number)))
    seconds = np.where(speeders, rng.integers(11, 30, number), np.maximum(seconds, 95)).astype(int)
    table = pd.DataFrame(answers, columns=ITEMS).astype(object)
    blank = rng.random(table.shape)
    table = table.mask(blank < 0.004, "-99").mask(blank > 0.997, "")
    table[lines] = pd.DataFrame(answers, columns=ITEMS).astype(object)[lines]
    broken = (rng.random(number) < 0.03) & (kind == "")
    table.loc[broken, [name for name in ITEMS if not name.startswith("imp")]] = ""
    low, high = (pd.Timestamp(moment) for moment in FIELD_DAYS[wave])
    start = low + pd.to_timedelta(rng.integers(0, int((high - low).total_seconds()), number), unit="s")
    table.insert(0, "company_id", population.accounts.index[who])
    table = table.assign(
        careless=kind, seconds=seconds, start=start, broken=broken, status=0, wave=wave, quarter=QUARTERS[WAVES[wave]]
    )
    return table.sort_values("start", ignore_index=True)


def draw_survey(population: Population, tier: Tier, seed: int) -> pd.DataFrame:
    """Both waves: company_id, wave, answers by item name, and what is planted (careless)."""
    rng = stream(seed, "survey")
    style = STYLE_SPREAD * rng.standard_normal(len(population.accounts))
    who = _who_answers(population, tier, rng)
    waves = [_draw_wave(population, wave, who[wave], tier, style, seed) for wave in WAVES]
    survey = pd.concat(waves, ignore_index=True)
    letters = np.array(list("0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"))
    survey["response_id"] = ["R_" + "".join(row) for row in rng.choice(letters, (len(survey), 15))]
    return survey


def _preview(rng: np.random.Generator, wave: int, number: int) -> pd.DataFrame:
    """Rows the team made while testing the questionnaire."""
    table = pd.DataFrame(rng.integers(1, 6, (number, len(ITEMS))), columns=ITEMS).astype(object)
    start = pd.Timestamp(FIELD_DAYS[wave][0]) - pd.to_timedelta(rng.integers(7200, 90000, number), unit="s")
    return table.assign(
        company_id="", seconds=rng.integers(20, 400, number), start=start, broken=False, status=[1, 1, 2, 1][:number],
        response_id=[f"R_preview{wave}{position:07d}" for position in range(number)],
    )  # fmt: skip


def write_survey(survey: pd.DataFrame, contacts: pd.DataFrame, folder: Path, seed: int) -> None:
    """Write wave1.csv and wave2.csv."""
    rng = stream(seed, "survey files")
    texts = {block: pd.read_csv(TEMPLATES / name)["text"].tolist() for block, name in
             (("imp", "jobs.csv"), ("sat", "jobs.csv"), ("att", "attitudes.csv"))}  # fmt: skip
    people = contacts.drop_duplicates("company_id").set_index("company_id")
    for wave in WAVES:
        rows = pd.concat([_preview(rng, wave, 4), survey[survey["wave"] == wave]], ignore_index=True).sort_values(
            "start"
        )
        end = rows["start"] + pd.to_timedelta(rows["seconds"], unit="s")
        known = people.reindex(rows["company_id"])
        done = np.where(rows["broken"], 0, 1)
        standard = [
            rows["start"].astype(str), end.astype(str), rows["status"], [f"192.0.2.{part}" for part in rng.integers(1, 255, len(rows))],
            np.where(rows["broken"], 41, 100), rows["seconds"], done, end.astype(str), rows["response_id"],
            known["last_name"].fillna(""), known["first_name"].fillna(""), known["email"].fillna(""), rows["company_id"],
            [""] * len(rows), [""] * len(rows), np.where(rows["status"] == 0, "email", "preview"), ["EN"] * len(rows),
        ]  # fmt: skip
        headers = [list(line) for line in STANDARD]
        columns = [list(map(str, column)) for column in standard]
        for block, question in LAYOUT[wave]:
            if block == "size":
                headers.append([question, "How many technicians do you have on the road today?", "QID12_TEXT"])
                columns.append([str(count) if count else "" for count in rng.integers(0, 30, len(rows))])
                continue
            code, count = BLOCKS[block]
            for item in range(1, count + 1):
                headers.append([f"{question}_{item}", f"{STEMS[block]} - {texts[block][item - 1]}", f"{code}_{item}"])
                columns.append(rows[f"{block}_{item}"].astype(str).tolist())
        _write(folder / f"wave{wave}.csv", headers, columns)


def _write(path: Path, headers: list[list[str]], columns: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name for name, _, _ in headers])
        writer.writerow([text for _, text, _ in headers])
        writer.writerow([json.dumps({"ImportId": code}, separators=(",", ":")) for _, _, code in headers])
        writer.writerows(zip(*columns, strict=True))
