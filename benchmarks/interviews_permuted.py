"""Is anything found in interviews where nothing is? For docs/interviews.md.

    python benchmarks/interviews_permuted.py                              # 400 of each, about ten minutes
    python benchmarks/interviews_permuted.py --repeats 2000 --write       # and put the rates into benchmarks/results/
    python benchmarks/interviews_permuted.py --only null --write          # one kind alone; the others stay as recorded

``sample``: the coded interviews of the sample study. Segments are given to the people anew by chance, everything they said and every
coding left as it is; for co-occurrence, each code is given to as many people as had it, by chance and each code apart.
``planted``: invented interviews of 24 people with three segments in which themes and words differ (4 in 100
words come from ten of the segment's own), labels permuted in the same way.
``null``: invented interviews without any difference between segments, drawn anew each time, in which one person has a theme often and
another seldom (so that passages of one person are no independent witnesses).

A find is a q (themes, how often people come back to one, co-occurrence) or a p corrected for all words (language) of at
most .05. The stated rate is that at most 5 in 100 such studies have any find. Beside it stands what a chi-square over passages, as
spreadsheets make it, finds.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from interview_worlds import Plan, draw_study, draw_vocabulary
from scipy.stats import chi2_contingency

import segmentation as sg
from segmentation.qualitative import CodedInterviews, wilson_interval
from segmentation.qualitative.prepare import build_redactor_for, read_interviews
from segmentation.qualitative.redaction import Redactor

PROJECT = Path(__file__).parents[1]
SAMPLE = PROJECT / "data" / "sample" / "fieldnote"
RESULT = Path(__file__).parent / "results" / "interviews_permuted.json"
LIMIT = 0.05
DRAWS = 199  # random assignments inside compare_language: the rate does not depend on their number
RATE_DRAWS = 10_000  # shuffles inside compare_theme_rates, as the line makes them: with fewer no q could be small
PLANTED = Plan(words=500, turns=12, effect=0.55, planted=6, prevalence=0.3, own_words=0.04)
NULL = Plan(words=500, turns=12)


def permute_segments(coded: CodedInterviews, rng: np.random.Generator) -> CodedInterviews:
    """The same interviews with the segments of the people dealt out anew."""
    people = coded.people.assign(segment=rng.permutation(coded.people["segment"].to_numpy()))
    codings = coded.codings.assign(segment=people["segment"].reindex(coded.codings["participant"]).to_numpy())
    return replace(coded, people=people.astype({"segment": "string"}), codings=codings)


def permute_codes(coded: CodedInterviews, rng: np.random.Generator) -> CodedInterviews:
    """Each code given to other people, as many as had it: who has one says nothing about who has another."""
    parts, people = [], coded.people.index.to_numpy()
    for _, part in coded.marks.groupby("code_id"):
        other = pd.Series(rng.permutation(people), index=people)[part["participant"]].to_numpy()
        parts.append(part.assign(participant=other, source_id=coded.people.loc[other, "source_id"].to_numpy()))
    return replace(coded, marks=pd.concat(parts, ignore_index=True))


def look(coded: CodedInterviews, crossed: CodedInterviews, redactor: Redactor, seed: int) -> dict[str, Any]:
    """Finds of every measure in one study without differences."""
    themes = sg.compare_themes(coded, alpha=LIMIT, random_state=seed)
    words = sg.compare_language(coded, redactor, draws=DRAWS, alpha=LIMIT, random_state=seed)
    rates = sg.compare_theme_rates(coded, draws=RATE_DRAWS, alpha=LIMIT, random_state=seed)
    pairs = sg.measure_cooccurrence(crossed, alpha=LIMIT).table
    tested = pairs[pairs["p"].notna()]
    naive = list(passage_tests(coded))
    return {
        "themes, one segment against the others": count(themes.table["q"], themes.table["p"]),
        "themes, all segments at once": count(themes.overall["q"], themes.overall["p"]),
        "how often people come back to a theme": count(rates.table["q"], rates.table["p"]),
        "words of a segment": count(words.table["p"], words.table["p"]),
        "co-occurrence of codes in people": count(tested["q"], tested["p"]),
        "not done here: chi-square over passages": count(pd.Series(naive, dtype=float), pd.Series(naive, dtype=float)),
    }


def count(q: pd.Series, p: pd.Series) -> dict[str, int]:
    return {"any": int((q <= LIMIT).any()), "tests": int(p.notna().sum()), "below": int((p <= LIMIT).sum())}


def passage_tests(coded: CodedInterviews) -> Iterator[float]:
    """p of each code by a chi-square of passages by segment, one coder's, with and without the code."""
    own = coded.codings[coded.codings["coder"] == coded.coders[0]]
    table = pd.crosstab(own["code_id"], own["segment"])
    for code in table.index:
        both = np.array([table.loc[code], table.drop(index=code).sum()])
        both = both[:, both.sum(axis=0) > 0]
        if both.shape[1] > 1 and (both.sum(axis=1) > 0).all():
            yield float(chi2_contingency(both, correction=False).pvalue)


def fieldnote_interviews() -> tuple[CodedInterviews, Redactor]:
    """The sample's interviews, with the segments its people were planted in."""
    study = sg.load_study(SAMPLE)
    data = read_interviews(study, "2026Q3")
    truth = pd.read_parquet(SAMPLE / "truth" / "segments.parquet")
    return sg.build_coded_interviews(data, planted_segments(truth, study.unit)), build_redactor_for(data)


def planted_segments(truth: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Segment by unit in the quarter after the interviews."""
    return truth[truth["quarter"] == "2026Q3"].set_index(unit)[["segment"]]


def studies_of(world: str, repeats: int, seed: int) -> Iterator[tuple[CodedInterviews, CodedInterviews, Redactor, int]]:
    rng = np.random.default_rng([seed, ["sample", "planted", "null"].index(world)])
    if world == "null":
        vocabulary = draw_vocabulary(6000, np.random.default_rng(seed))
        for number in range(repeats):
            coded = sg.build_coded_interviews(*draw_study(NULL, 1_000_000 * seed + number, vocabulary))
            yield coded, permute_codes(coded, rng), Redactor(), number
        return
    whole, redactor = fieldnote_interviews() if world == "sample" else (
        sg.build_coded_interviews(*draw_study(PLANTED, seed=seed)), Redactor()
    )  # fmt: skip
    for number in range(repeats):
        yield permute_segments(whole, rng), permute_codes(whole, rng), redactor, number


def measure(world: str, repeats: int, seed: int, keep: Callable[[list[dict[str, Any]]], None]) -> list[dict[str, Any]]:
    """Rates of one world; what there is so far is kept after every 20 studies, so that a run may be stopped."""
    found: dict[str, list[dict[str, int]]] = {}
    started = time.perf_counter()
    for coded, crossed, redactor, number in studies_of(world, repeats, seed):
        for name, counts in look(coded, crossed, redactor, number).items():
            found.setdefault(name, []).append(counts)
        if number % 20 == 19 or number == repeats - 1:
            keep([summarise(world, name, counts) for name, counts in found.items()])
            print(f"{world}: {number + 1} of {repeats}, {time.perf_counter() - started:.0f} s", flush=True)
    return [summarise(world, name, counts) for name, counts in found.items()]


def record(seed: int, rows: list[dict[str, Any]], **more: Any) -> None:
    """Put rows into the result; worlds that are not among them stay as recorded. One writer at a time."""
    folder = os.open(RESULT.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"rates": [], "as_they_are": []}
        worlds = {row["world"] for row in rows}
        rates = [*(row for row in known["rates"] if row["world"] not in worlds), *rows]
        result = {"seed": seed, "limit": LIMIT, "rates": rates, "as_they_are": known["as_they_are"], **more}
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    finally:
        os.close(folder)


def summarise(world: str, name: str, counts: list[dict[str, int]]) -> dict[str, Any]:
    any_, n = sum(row["any"] for row in counts), len(counts)
    lower, upper = wilson_interval(any_, n)
    tests, below = sum(row["tests"] for row in counts), sum(row["below"] for row in counts)
    return {
        "world": world, "measure": name, "studies": n, "with_a_find": any_, "rate": round(any_ / n, 4),
        "lower": round(lower, 4), "upper": round(upper, 4), "tests": tests, "p_below": round(below / max(tests, 1), 4),
    }  # fmt: skip


def with_labels() -> list[dict[str, Any]]:
    """Finds where there is something: the labels as they are."""
    rows = []
    worlds: dict[str, Callable[[], tuple[CodedInterviews, Redactor]]] = {
        "sample": fieldnote_interviews,
        "planted": lambda: (sg.build_coded_interviews(*draw_study(PLANTED, seed=1)), Redactor()),
    }
    for world, make in worlds.items():
        coded, redactor = make()
        themes = sg.compare_themes(coded, alpha=LIMIT)
        rates = sg.compare_theme_rates(coded, draws=RATE_DRAWS, alpha=LIMIT, random_state=1)
        words = sg.compare_language(coded, redactor, draws=999, alpha=LIMIT)
        rows.append(
            {
                "world": world,
                "people": len(coded.people),
                "codes": len(coded.leaves),
                "themes_found": int((themes.table["q"] <= LIMIT).sum()),
                "themes_uneven": int((themes.overall["q"] <= LIMIT).sum()),
                "rates_found": int((rates.table["q"] <= LIMIT).sum()),
                "words_found": int(((words.table["p"] <= LIMIT) & (words.table["times"] > 1)).sum()),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["sample", "planted", "null"])
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    given = parser.parse_args()
    worlds = [given.only] if given.only else ["sample", "planted", "null"]
    keep = (lambda rows: record(given.seed, rows)) if given.write else (lambda rows: None)
    for row in [row for world in worlds for row in measure(world, given.repeats, given.seed, keep)]:
        limits = f"{row['rate']:.3f} ({row['lower']:.3f}-{row['upper']:.3f})"
        print(f"{row['world']:8} {row['measure']:42} {limits}, p <= {LIMIT}: {row['p_below']:.3f}")
    found = with_labels()
    print(json.dumps(found, indent=1))
    if given.write:
        record(given.seed, [], as_they_are=found)


if __name__ == "__main__":
    main()
