"""No reference value of the qualitative measures without a test: every item of the list names the file that checks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
RESEARCH = TESTS.parents[1] / "shared" / "research" / "qualitative.md"
HERE, DATA = "reference/test_qualitative.py", "reference/qualitative.json"
ALPHA, KAPPA, SPANS = "qualitative/test_alpha.py", "qualitative/test_kappa.py", "qualitative/test_unitised.py"
MEASURES, LANGUAGE, RATES = "qualitative/test_measures.py", "qualitative/test_language.py", "qualitative/test_rates.py"

# section of the list, words of it, (file, words that stand in it)
COVERED = [
    ("6.1", "nominal .7434, ordinal .8154, interval .8491, ratio .7974", (DATA, '"ordinal": 0.8154, "interval": 0.8491')),
    ("6.1", "nominal .6914, ordinal .8067, interval .8108, ratio .8089", (DATA, '"ordinal": 0.8067, "interval": 0.8108')),
    ("6.1", ".0952", (DATA, '{"nominal": 0.0952}')),
    ("6.1", ".6920", (DATA, '{"nominal": 0.692}')),
    ("6.1", "nominal .2320, ordinal .7336, interval .7264", (HERE, '("nominal", 0.2320), ("ordinal", 0.7336), ("interval", 0.7264)')),
    ("6.1", "(checked: .2156)", (HERE, "0.2156")),
    ("6.1", "Undefined if one value only", (ALPHA, "one_value_only_is_undefined_with_reason")),
    ("6.1", ">=.80 rely, .667-.80 tentative", (MEASURES, "Reliable (alpha of 0.8 or more, by convention)")),
    ("6.2", ".20993", (DATA, '"expected": 0.20993')),
    ("6.2", "Randolph .22253", (DATA, '"randolph": 0.22253')),
    ("6.2", "[[20,5],[10,15]] -> .4000 (SE .1270)", (DATA, "[[[20, 5], [10, 15]], 0.4, 0.127]")),
    ("6.2", "[[45,15],[25,15]] -> .1304", (DATA, "[[[45, 15], [25, 15]], 0.1304")),
    ("6.2", "[[25,35],[5,35]] -> .2593", (DATA, "[[[25, 35], [5, 35]], 0.2593")),
    ("6.3", "[.422, 1.000]", (HERE, "[0.422, 1.0]")),
    ("6.3", "all units of an interviewee together", (KAPPA, "resamples_people_whole")),
    ("6.3", "rare codes give low alpha at 98 % agreement", (HERE, "rare_code_has_low_alpha_at_98_percent_agreement")),
    ("6.4", "u .8582, binary .8426, cu 1.0", (SPANS, "(A, B, 0.8582, 0.8426, 1.0)")),
    ("6.4", "u .7817, binary 1.0", (SPANS, "(A, D, 0.7817, 1.0")),
    ("6.4", "A vs empty -.113", (SPANS, "(A, [], -0.113")),
    ("6.4", "identical 1.0", (SPANS, "(A, A, 1.0, 1.0, 1.0)")),
    ("6.5", "7,4,1 -> 19 %, 11 %, 3 % -> 6+2", (HERE, "[19, 11, 3]")),
    ("6.5", "Write \"6+2\"", (MEASURES, '"2+1"')),
    ("6.5", "1000 random orders", (MEASURES, "random_orders_have_the_expected_mean")),
    ("6.5", "n=6 .469, 9 .613, 12 .718, 16 .815, 29 for 95 %", (DATA, "[0.1, 9, 0.613], [0.1, 12, 0.718], [0.1, 16, 0.815]")),
    ("6.5", "p=.2: 14; p=.3: 9", (DATA, '"needed": [[0.1, 29], [0.2, 14], [0.3, 9]]')),
    ("6.5", "0-.324 (Wilson), 0-.369 (Clopper-Pearson)", (HERE, "0.369")),
    ("6.6", "| 0 | .042 | .005 | .038 |", (RATES, ".038, .052, .035")),
    ("6.6", "| .1 | **.292** | .030 | .052 |", (HERE, "(0.1, 0.21, 0.38)")),
    ("6.6", "| .3 | **.562** | .012 | .035 |", (HERE, "(0.3, 0.46, 0.66)")),
    ("6.6", "[[3,1],[1,3]] p=.4857", (DATA, "0.4857")),
    ("6.6", "OR 21, p=.00474 (Boschloo .00335)", (HERE, "0.00335")),
    ("6.6", "RD .625 Newcombe [.211,.825]", (HERE, "0.625")),
    ("6.6", "5/8 vs 0/8 p=.0256", (DATA, "[[5, 0], [8, 8], 0.0256]")),
    ("6.6", "5/6 vs 0/6 .0152", (DATA, "[[5, 0], [6, 6], 0.0152]")),
    ("6.6", "4/6 vs 0/6 .0606", (DATA, "[[4, 0], [6, 6], 0.0606]")),
    ("6.6", "exact p=.0562 although asymptotic chi2 gives .0239", (HERE, "0.0239")),
    ("6.6", "75 (rho .1) or 34.6 (rho .3)", (HERE, "(0.1, 75.0), (0.3, 34.6)")),
    ("6.7", "price 3.0253, late -2.7151, easy .0980", (LANGUAGE, "[3.0253, -2.7151, 0.0980]")),
    ("6.7", "words said by >=3 people", (LANGUAGE, "one_talkative_person_is_no_segment")),
    ("6.8", "p=.683", (DATA, "[[9, 3, 2], [0.5, 0.3, 0.2], 0.683]")),
    ("6.8", "chi2 1.143", (HERE, "1.143")),
    ("6.8", "(mean_i - mean_b)/sd_b", (MEASURES, "difference_is_in_standard_deviations")),
    ("6.8", "segments with 0 interviewees stated in words", (MEASURES, "counts_segments_without_anybody")),
    ("6.9", "50 % core", ("qualitative/test_sampling.py", "slots_hold_who_they_say")),
    ("6.9", "exclude opted-out", ("qualitative/test_sampling.py", "nobody_barred_is_named")),
    ("6.9", "over-recruit n/response rate", ("qualitative/test_sampling.py", 'plan.quotas.loc["S1", "invitations"] == 32')),
]  # fmt: skip
NOT_OURS = {"6.8": "R-indicator"}  # marked as from memory in the list, and not reported


@pytest.mark.parametrize(("item", "place"), [(f"{section} {words}", place) for section, words, place in COVERED])
def test_reference_value_is_checked_where_it_is_said_to_be(item, place):
    file, words = place
    assert words in (TESTS / file).read_text("utf-8"), f"{item}: {file} does not hold {words!r}"


def sections() -> dict[str, str]:
    if not RESEARCH.is_file():
        pytest.skip("the list of reference values is not here")
    text = RESEARCH.read_text("utf-8").split("\n## 6. ")[1].split("\n## 7. ")[0]
    parts = re.split(r"\n(?=6\.\d )", text)
    return {part[:3]: part for part in parts if re.match(r"6\.\d ", part)}


@pytest.mark.shared
def test_every_section_of_the_list_is_covered_and_every_item_stands_in_it():
    found = sections()
    assert sorted(found) == sorted({section for section, _, _ in COVERED})
    for section, words, _ in COVERED:
        assert words in found[section], f"{words!r} no longer stands in section {section}"
    assert all(words in found[section] for section, words in NOT_OURS.items())


@pytest.mark.shared
def test_every_number_of_the_tables_and_examples_is_in_an_item():
    """Numbers with three digits or more after the point are reference values: each must be part of some item."""
    for section, text in sections().items():
        items = " ".join(words for own, words, _ in COVERED if own == section)
        kept = "".join(part for part in re.split(r"R-indicator[^;]*;", text))
        missing = [number for number in re.findall(r"(?<![\d.])-?\.\d{3,}", kept) if number.lstrip("-") not in items]
        assert not [number for number in missing if number != ".667"], f"section {section}: {missing}"
