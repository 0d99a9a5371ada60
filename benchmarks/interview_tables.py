"""docs/interviews.md from what the interview benchmarks recorded, so that no figure of the page is typed by hand.

python benchmarks/interview_tables.py --write
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "interviews.md"
WORLDS = {
    "sample": "the sample's interviews, segments dealt out anew",
    "planted": "invented interviews with real differences, segments dealt out anew",
    "null": "invented interviews without any difference, drawn anew",
}


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return content


def scale_table(scale: dict[str, Any]) -> str:
    rows = [
        f"| {row['step']} | {row['cpu_seconds']:.1f} | {row['seconds']:.1f} | {row['peak_mb']:,} |"
        for row in scale["steps"]
        if "seconds" in row
    ]
    head = ["| step | seconds of work | seconds on the clock | memory so far (MB) |", "| --- | ---: | ---: | ---: |"]
    total = f"| all | {scale['cpu_seconds']:.1f} | {scale['seconds']:.1f} | {max(row.get('peak_mb', 0) for row in scale['steps']):,} |"
    return "\n".join([*head, *rows, total])


def rates_table(permuted: dict[str, Any]) -> str:
    head = [
        "| measure | interviews | studies | with a find | rate (95 % interval) | single tests with p <= .05 |",
        "| --- | --- | ---: | ---: | --- | ---: |",
    ]
    rows = [
        f"| {row['measure']} | {WORLDS[row['world']]} | {row['studies']} | {row['with_a_find']} | "
        f"{row['rate']:.3f} ({row['lower']:.3f} to {row['upper']:.3f}) | {row['p_below']:.3f} |"
        for row in sorted(permuted["rates"], key=lambda row: (row["measure"].startswith("not done"), row["measure"]))
    ]
    return "\n".join([*head, *rows])


def verdict(permuted: dict[str, Any]) -> str:
    ours = [row for row in permuted["rates"] if not row["measure"].startswith("not done")]
    above = [row for row in ours if row["lower"] > permuted["limit"]]
    worst = max(ours, key=lambda row: row["rate"])
    highest = f"the highest rate is {worst['rate']:.3f} ({worst['measure']}, {WORLDS[worst['world']]})"
    if not above:
        fewest = min(row["studies"] for row in ours)
        return (
            "No measure is shown to find more than the stated 5 in 100: every interval reaches down to .05 or below. "
            f"{highest.capitalize()}. "
            f"With {fewest} studies and more of each, rates up to about {max(row['upper'] for row in ours):.2f} cannot be told from "
            ".05 either."
        )
    named = "; ".join(f"{row['measure']}, {WORLDS[row['world']]}" for row in above)
    return f"**Above the stated 5 in 100:** {named}; {highest}."


def as_they_are(permuted: dict[str, Any]) -> str:
    where = {
        "sample": "In the sample with its planted segments",
        "planted": "In the invented interviews with real differences",
    }
    lines = []
    for row in permuted["as_they_are"]:
        lines.append(
            f"- {where[row['world']]} ({row['people']} people, {row['codes']} codes): {row['themes_uneven']} themes are spread "
            f"unevenly over the segments, {row['themes_found']} stand out in one segment against all others, "
            f"{row['rates_found']} differ in how often people of a segment come back to them, {row['words_found']} words "
            "belong to a segment."
        )
    return "\n".join(lines)


def placed_words(scale: dict[str, Any]) -> str:
    share = next(row["share"] for row in scale["steps"] if "share" in row)
    if share == 1:
        return "All codings in the table of quotes found their one place by their words."
    return (
        f"Of the codings in the table of quotes, {share:.1%} found their one place by their words; the others stand several times in "
        "their transcript and are left out and counted, because nothing says which is meant."
    )


def page() -> str:
    scale, permuted = read("interviews_scale"), read("interviews_permuted")
    size = scale["size"]
    runs = scale["cpu_seconds_of_runs"]
    spread = f" ({min(runs):.1f} to {max(runs):.1f} in {len(runs)} runs)" if len(runs) > 1 else ""
    each = f"medians of {len(runs)} runs" if len(runs) > 1 else "one run"
    made = f"{size['people']} transcripts ({size['words']:,} words in {size['turns']:,} turns)"
    coded = f"{size['codings']:,} codings of {size['codes']} codes"
    return f"""# Interviews: how fast, and how often wrong

<!-- Written by `python benchmarks/interview_tables.py --write`; do not edit by hand. -->

## 200 interviews of an hour

`python benchmarks/interviews_scale.py --write` makes {made},
a project of two coders with {coded} whose texts differ from the transcripts in blank lines, and the same
codings as a table of quotes without positions. Everything below runs in one process; memory is the most it ever held. Seconds
of work are those of the processor; the clock runs on while others use the machine. Figures are {each};
all of it takes {scale["cpu_seconds"]:.1f} seconds of work{spread}. The aim is under {scale["target_seconds"]:.0f}.

{scale_table(scale)}

{placed_words(scale)}

## Is anything found where nothing is?

`python benchmarks/interviews_permuted.py --write` (seed {permuted["seed"]}; `--repeats` says how many studies). A study is one set of
interviews in which segments tell nothing: segments are dealt out to the people anew, everything they said and every coding left as
it is, or the interviews are drawn without any difference. For co-occurrence each code is given to as many people as had it, by
chance. In the invented interviews with real differences, themes and words differ by segment until the segments are dealt out anew. A
study has a find if any theme (had, or come back to) or pair has q <= .05, or any word has a p (corrected for all words) <= .05. Stated
is: at most 5 in 100 such studies. Intervals are Wilson's.

{rates_table(permuted)}

{verdict(permuted)}

Exact tests of so few people stay below their level, because counts jump. The last lines are what a chi-square over passages gives,
as spreadsheets make it: passages of one person are no independent witnesses.

With the labels as they are:

{as_they_are(permuted)}

## Who a file belongs to

Transcripts, codings and people are joined by id (the file's name without ending, or `source_id` in the table of interviewees), never
because two names look alike: `P1` is not `P01`. `segmentation check` lists transcripts without an interviewee and interviewees whose
transcript is not there as problems, both at once. An interviewee with a blank `source_id` has no transcript (yet): counted nowhere,
named in the account. Interviewees whose unit is missing, in no other table or in no segment are listed by `sg.tabulate_links`.

## How programs count

A project of another program is read under the way of counting (code points or UTF-16 units, line ends of two characters as one or
two, end included or not) that fits the words it kept with its codings; the account says which, with how many words match. Words that
are not at their place are shown. Files written by `segmentation codings STUDY --out FILE.qdpx` say so themselves and are not scored.

## What is refused

| what | limit | message begins |
| --- | --- | --- |
| a text (transcript, or text of a project or database) | 20 MB | larger than 20,000,000 bytes |
| a part of a Word document, unpacked | 60 MB | a part unpacks to more than |
| an archive or database | 200 MB, and unpacked | larger than, unpacks to more than |
| a member of an archive | 200 times its packed size | a member unpacks to more than 200 times its size |
| XML with a document type or entities | none allowed | declares a document type or entities |
| a path that leaves its archive | none allowed | a member of the archive leaves it |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write docs/interviews.md")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())


if __name__ == "__main__":
    main()
