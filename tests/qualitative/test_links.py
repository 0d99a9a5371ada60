"""Who is joined to what: by id alone, both ways."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.errors import DataContractError
from segmentation.qualitative import build_coded_interviews
from segmentation.qualitative.links import describe_links, find_links, tabulate_links

from .conftest import MEMBERSHIP, make_dataset, write_tables


def people_of(**changes):
    return write_tables()["interviewees"].assign(**changes)


def test_find_links_whole_study_leaves_nothing_over():
    links = find_links(make_dataset(), MEMBERSHIP)
    assert links.table.empty and (links.transcripts, links.interviewees, links.joined) == (4, 4, 4)
    assert "Nothing is left over" in str(describe_links(links))


def test_find_links_every_kind_is_listed_with_its_ids():
    people = people_of(source_id=["P1", "p2", None, "P4"], company_id=["11", None, "99", "44"])
    companies = pd.DataFrame(index=pd.Index(["11", "22", "44"], name="company_id"))
    links = find_links(make_dataset(interviewees=people, companies=companies), MEMBERSHIP.drop(index="44"))
    assert links.table[["kind", "id"]].values.tolist() == [
        ["transcript", "P2"],  # p2 looks like it and is not it
        ["transcript", "P3"],
        ["interviewee", "P2"],
        ["interviewee", "P3"],
        ["no unit", "P2"],
        ["unknown unit", "P3"],
        ["no segment", "P4"],
    ]
    words = str(describe_links(links))
    assert "Transcript without an interviewee: P2 and P3." in words and "company_id is in no segment: P4." in words
    table = tabulate_links(links).frame
    assert table["What to do"].iloc[0] == "Add a row to the table of interviewees"
    assert table.loc[5, ["What", "Id", "company_id"]].tolist() == [
        "Interviewee whose company_id no other table has",
        "P3",
        "99",
    ]


def test_find_links_without_a_table_of_interviewees_names_no_units():
    links = find_links(make_dataset(interviewees=None))
    assert set(links.table["kind"]) == {"no unit"} and links.joined == 4


def test_find_links_nobody_interviewed_is_absent(nobody):
    links = find_links(make_dataset(transcripts=None, turns=None, codings=None, interviewees=None))
    assert describe_links(links).kind == "absent"


def test_build_coded_interviews_person_without_transcript_is_not_counted():
    extra = pd.DataFrame(
        {"source_id": [None], "company_id": ["55"], "role": "owner", "consent": [True]},
        index=pd.Index(["P5"], name="participant"),
    )
    people = pd.concat([write_tables()["interviewees"], extra])
    coded = build_coded_interviews(make_dataset(interviewees=people), MEMBERSHIP)
    assert coded.people.index.tolist() == ["P2", "P1", "P3", "P4"]
    assert find_links(make_dataset(interviewees=people), MEMBERSHIP).table["id"].tolist() == ["P5"]


def test_build_coded_interviews_ids_that_look_alike_are_listed_both_ways():
    with pytest.raises(DataContractError) as caught:
        build_coded_interviews(make_dataset(interviewees=people_of(source_id=["P1", "P02", "P3", "P4"])), MEMBERSHIP)
    lines = [str(violation) for violation in caught.value.violations]
    assert len(lines) == 2
    assert "participant P2 has no transcript; got 'P02'. Did you mean 'P2'?" in lines[0]
    assert "transcript of nobody in the table of interviewees; got 'P2'" in lines[1]


def test_find_links_changes_no_input():
    data = make_dataset()
    before = {name: table.copy(deep=True) for name, table in data.tables.items()}
    find_links(data, MEMBERSHIP)
    for name, table in data.tables.items():
        pd.testing.assert_frame_equal(table, before[name])
