"""The CRM's persona field counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.dataset import Dataset
from segmentation.display import Callout
from segmentation.errors import DataContractError
from segmentation.period import Period
from segmentation.tracking import compare_crm, describe_crm, tabulate_crm

WORDS = {"P1": "persona_1", "P2": "persona_2", "P3": "persona_2"}


def _data(**tables):
    return Dataset("toy", "company_id", Period.parse("2026Q3"), tables, ())


def _case(pairs):
    """(word of the CRM or None, persona found out) for each conversation, each with a deal and a contact of its own."""
    deals = pd.DataFrame(
        {"contact_ids": [[f"x{i}", f"p{i}"] for i in range(len(pairs))]}, index=[f"d{i}" for i in range(len(pairs))]
    )
    contacts = pd.DataFrame({"persona": [word for word, _ in pairs]}, index=[f"p{i}" for i in range(len(pairs))])
    feedback = pd.DataFrame(
        {"date": pd.Timestamp("2026-08-01"), "deal_id": deals.index, "persona_true": [true for _, true in pairs]},
        index=range(2, len(pairs) + 2),
    )
    return feedback, _data(deals=deals, contacts=contacts)


def test_compare_crm_counts_by_hand():
    # Cohen's textbook table: 20 agree on one, 15 on the other, 5 and 10 disagree; kappa .4
    pairs = (
        [("persona_1", "P1")] * 20 + [("persona_1", "P2")] * 5 + [("persona_2", "P1")] * 10 + [("persona_2", "P3")] * 15
    )
    pairs += [(None, "P1")] * 4 + [("persona_1", "")] * 3
    found = compare_crm(*_case(pairs), WORDS, period="2026Q3")
    assert (found.known, found.n, round(found.kappa, 2), round(found.lower, 2)) == (54, 50, 0.4, 0.15)
    assert found.table.set_index("crm")[["n", "agree"]].to_dict("index") == {
        "persona_1": {"n": 25, "agree": 20}, "persona_2": {"n": 25, "agree": 15}, "all": {"n": 50, "agree": 35},
    }  # fmt: skip
    assert "70% (35 of 50)" in str(describe_crm(found)) and "It knows something" not in str(describe_crm(found))
    assert tabulate_crm(found).frame["CRM says"].tolist() == ["persona_1", "persona_2", "any persona"]
    shown = tabulate_crm(found, words={"a": "persona_1", "b": "persona_1"}, names={"a": "Dana"}).frame["CRM says"]
    assert shown.tolist()[0] == "Dana or b (persona_1)"


def test_describe_crm_guessing_is_called_guessing():
    pairs = [(word, true) for word in ("persona_1", "persona_2") for true in ("P1", "P2")] * 10
    assert "cannot be told from guessing" in str(describe_crm(compare_crm(*_case(pairs), WORDS)))
    assert "Too few to judge" in str(describe_crm(compare_crm(*_case(pairs[:4]), WORDS)))


def test_compare_crm_unknown_deals_are_all_named():
    feedback, data = _case([("persona_1", "P1")] * 3)
    wrong = feedback.assign(deal_id=["d0", "e1", "d33"])
    with pytest.raises(
        DataContractError, match=r"(?s)2 problems.*row 3, column 'deal_id': no such deal; got 'e1'.*row 4.*'d33'"
    ):
        compare_crm(wrong, data, WORDS)


@pytest.mark.parametrize(
    ("words", "keep", "reason"),
    [({}, ("deals", "contacts"), "crm_personas"), (WORDS, ("contacts",), "no deals with contacts"),
     (WORDS, ("deals",), "no contacts with a persona field")],
)  # fmt: skip
def test_compare_crm_absent_inputs_are_said(words, keep, reason):
    feedback, data = _case([("persona_1", "P1")])
    found = compare_crm(feedback, _data(**{name: data.tables[name] for name in keep}), words)
    told = describe_crm(found)
    assert isinstance(told, Callout) and told.kind == "absent" and reason in told.text
    assert tabulate_crm(found).frame.empty


def test_compare_crm_nobody_known_is_said():
    feedback, data = _case([(None, "P1"), ("persona_1", "")])
    found = compare_crm(feedback, data, WORDS)
    assert found.n == 0 and "no conversation has both" in describe_crm(found).text and tabulate_crm(found).frame.empty
