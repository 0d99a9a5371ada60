"""Events and identities as a customer data platform leaves them in the warehouse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .plan import stream
from .population import Population

__all__ = ["write_identifies", "write_tracks"]

REPEATED = 0.001  # share of events delivered twice
SPLIT = 4  # so many duplicate records also have events of their own
UNGROUPED = 0.008  # share of events that lack the account; the user id says whose they are


def _moment(second: int) -> str:
    return pd.Timestamp(second, unit="s").strftime("%Y-%m-%dT%H:%M:%S.000Z")


def write_identifies(
    users: pd.DataFrame, contacts: pd.DataFrame, population: Population, path: Path, seed: int
) -> None:
    """One identify call a user, as JSON lines."""
    rng = stream(seed, "identifies")
    created = population.accounts["created_at"].reindex(users["company_id"])
    people: dict[str, list[dict[str, Any]]] = {}
    for person in contacts[["company_id", "first_name", "last_name", "email"]].to_dict("records"):
        people.setdefault(person["company_id"], []).append(person)
    lines = []
    for position, (user, moment) in enumerate(zip(users.itertuples(), created, strict=True)):
        known = people.get(user.company_id, [])
        traits: dict[str, str] = {"role": "admin" if user.rank == 0 else "member"}
        if user.rank < len(known):
            person = known[user.rank]
            traits |= {"name": f"{person['first_name']} {person['last_name']}".strip(), "email": person["email"]}
        sent = int(moment.timestamp()) + int(rng.integers(60, 86400 * 20))
        call = {
            "type": "identify", "messageId": f"i-{position:06d}", "userId": user.user_id, "anonymousId": user.anonymous_id,
            "traits": traits, "context": {"groupId": user.company_id}, "timestamp": _moment(sent),
            "originalTimestamp": _moment(sent), "sentAt": _moment(sent), "receivedAt": _moment(sent + 1),
        }  # fmt: skip
        lines.append(json.dumps(call, ensure_ascii=False, separators=(",", ":")))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pick_users(events: pd.DataFrame, users: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Position of the user behind each event: the first people of an account do most."""
    number = np.bincount(users["account"])
    first = np.r_[0, np.cumsum(number)[:-1]]
    account = events["account"].to_numpy()
    return first[account] + np.floor(number[account] * rng.random(len(events)) ** 1.8).astype(int)


def _pick_accounts(events: pd.DataFrame, population: Population, rng: np.random.Generator) -> np.ndarray:
    """Company id on each event: sometimes that of the duplicate record, sometimes none."""
    number = len(events)
    company = population.accounts.index.to_numpy()[events["account"]].astype(object)
    for twin, account in population.duplicates[["company_id", "duplicate_of"]].head(SPLIT).itertuples(index=False):
        company[(company == account) & (rng.random(number) < 0.25)] = twin
    company[~events["logged_in"].to_numpy(bool) | (rng.random(number) < UNGROUPED)] = None
    return company


def _times(second: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The four time stamps; phones without reception send up to an hour and a half late."""
    number = len(second)
    late = np.where(rng.random(number) < 0.03, rng.integers(20, 5400, number), rng.integers(0, 3, number))
    received = second + late + rng.integers(0, 2, number)
    times = {
        "received_at": received,
        "sent_at": second + late,
        "timestamp": received - late,
        "original_timestamp": second,
    }
    return {name: values.astype("datetime64[s]").astype("datetime64[ms]") for name, values in times.items()}


def write_tracks(events: pd.DataFrame, users: pd.DataFrame, population: Population, path: Path, seed: int) -> None:
    """The tracks table as Parquet, in the order of arrival."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def words(values: Any) -> pa.Array:
        return pa.array(values, type=pa.string(), from_pandas=True)

    rng = stream(seed, "tracks")
    number = len(events)
    user = users.iloc[_pick_users(events, users, rng)]
    known, event = events["logged_in"].to_numpy(bool), events["event"].to_numpy(object)
    company, times = _pick_accounts(events, population, rng), _times(events["second"].to_numpy(), rng)
    table = pa.table(
        {
            "id": [f"t-{position:07d}" for position in range(number)],
            "anonymous_id": words(user["anonymous_id"]),
            "user_id": words(np.where(known, user["user_id"].to_numpy(object), None)),
            "event": words(event),
            "event_text": [name.replace("_", " ").title() for name in event],
            **times,
            "context_group_id": words(company),
            "context_library_name": words(
                np.where(event == "api_sync", "analytics-node", "analytics.js").astype(object)
            ),
            "context_campaign_medium": words(events["medium"]),
            "context_campaign_name": words(np.where(event == "demo_booked", "route-planner", None)),
            "revenue": pa.array(events["revenue"].to_numpy(), from_pandas=True),
        }
    )
    delivered = np.sort(np.r_[np.arange(number), rng.choice(number, round(REPEATED * number), replace=False)])
    table = table.take(np.argsort(times["received_at"], kind="stable")[delivered])
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding = dict.fromkeys(times, "DELTA_BINARY_PACKED") | {"id": "DELTA_BYTE_ARRAY"}
    plain = [name for name in table.column_names if name not in encoding and name != "revenue"]
    pq.write_table(table, path, compression="zstd", compression_level=12, use_dictionary=plain, column_encoding=encoding,
                   write_page_checksum=True, row_group_size=1 << 20)  # fmt: skip
