"""Whom a channel reaches: the address it needs, consent, suppression and holdout, the same people as an export would hold."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.dataset import Dataset
from segmentation.messaging import count_reachable, hold_out_of
from segmentation.messaging.reach import describe_reach
from segmentation.period import Period
from segmentation.study import Study

from .conftest import STUDY

QUARTER = Period.parse("2026Q3")
PEOPLE = {
    "source": "crm", "id": "Id", "unit": "Account", "email": "Email", "phone": "Phone", "consent": "News", "consent_means": "opted_in",
}  # fmt: skip
ROWS = [
    "P1,a,p1@example.com,+44 20 7946 0001,yes",
    "P2,a,,+44 20 7946 0002,yes",           # no e-mail: calls only
    "P3,a,p3@example.com,,yes",             # no phone: mail only
    "P4,b,p4@example.com,+44 20 7946 0004,no",  # did not agree
    "P5,b,p5@example.com,+44 20 7946 0005,yes",  # suppressed
    "P6,b,P1@example.com,,yes",             # the same inbox as P1
    "P9,a,,+44 20 7946 0002,yes",           # the telephone P2 shares
    "P7,b,p7@example.com,call me,yes",      # no number that can be dialled
    "P8,c,p8@example.com,+44 20 7946 0008,yes",
]  # fmt: skip
MEMBERSHIP = pd.DataFrame({"segment": ["S1", "S2", "S2", None]}, index=["a", "b", "c", "d"])


def study_of(folder, **activation) -> Study:
    (folder / "crm.csv").write_text("Id,Account,Email,Phone,News\n" + "\n".join(ROWS) + "\n")
    (folder / "suppress.csv").write_text("id\nP5\n")
    content = {**STUDY, "folder": folder, "file": folder / "study.yaml"}
    content["sources"] = {**STUDY["sources"], "crm": {"path": "crm.csv", "format": "table"}}
    content["messaging"] = {"channels": {name: {"baseline": 0.05} for name in ("email", "phone", "linkedin", "web")}}
    return Study.model_validate(content | {"activation": activation})


def data_of(**tables: pd.DataFrame) -> Dataset:
    return Dataset("toy", "company_id", QUARTER, tables, ())


@pytest.fixture
def reached(tmp_path) -> pd.DataFrame:
    study = study_of(tmp_path, people=PEOPLE, suppression="suppress.csv", holdout=0.0)
    return count_reachable(study, data_of(), MEMBERSHIP, {"p1": ("S2", pd.Index(["c"]))})


def test_count_reachable_asks_for_the_address_consent_and_suppression_of_each_channel(reached):
    found = reached.set_index(["channel", "segment", "persona_id"])["reachable"]
    assert found["email"].to_dict() == {("S1", ""): 2, ("S2", ""): 2, ("S2", "p1"): 1, ("all", ""): 4}  # P1 P3, P7 P8
    assert found["phone"].to_dict() == {("S1", ""): 2, ("S2", ""): 1, ("S2", "p1"): 1, ("all", ""): 3}  # P1 P2, P8
    assert found["linkedin"].equals(found["email"]) and found["web"]["all"].tolist() == [9]
    assert reached.loc[reached["segment"] == "S2", "people"].tolist() == [5, 1] * 4
    told = describe_reach(reached, "accounts")
    assert "E-mail and LinkedIn reach 4 of 9 by an e-mail; phone reaches 3 of 9 by a phone number." in told
    assert "For web no address is needed" in told and "example.com" not in told


def test_count_reachable_leaves_out_whom_no_audience_reaches(tmp_path):
    study = study_of(tmp_path, people=PEOPLE, holdout=0.5, salt="x")
    held = hold_out_of(study, MEMBERSHIP)
    assert held.any() and not held.all() and list(held.index) == ["a", "b", "c"]
    found = count_reachable(study, data_of(), MEMBERSHIP).set_index(["channel", "segment"])
    free = {"a": 2, "b": 2, "c": 1}  # by e-mail: P5 is suppressed no more
    assert found.loc[("email", "all"), "reachable"] == sum(n for unit, n in free.items() if not held[unit])


def test_count_reachable_without_addresses_says_what_it_counts(tmp_path):
    study = study_of(tmp_path)
    contacts = pd.DataFrame({"company_id": ["a", "a", "b", None], "opted_out": [False, True, False, False]})
    found = count_reachable(study, data_of(contacts=contacts), MEMBERSHIP)
    mail = found[found["channel"] == "email"]
    assert mail["reachable"].tolist() == [1, 1, 2] and set(found["by"]) == {"contacts"}
    assert "does not say where their addresses stand (activation.people)" in describe_reach(found, "accounts")
    alone = count_reachable(study, data_of(), MEMBERSHIP)
    assert alone["reachable"].tolist() == [1, 2, 3] * 4 and "each of the accounts counts as one" in describe_reach(
        alone, "accounts"
    )
