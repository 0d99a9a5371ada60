"""How many codes are suggested on the sample, and how many of them a coder gave in that turn? For docs/coding.md.

    python benchmarks/coding_suggestions.py            # about 20 seconds of work
    python benchmarks/coding_suggestions.py --write    # and put it into benchmarks/results/coding_suggestions.json

Each transcript is taken in turn as the one that is open; what is suggested for it was learned from the other people.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import segmentation as sg
from segmentation.coding import start_codings
from segmentation.coding.suggest import suggest_codes
from segmentation.qualitative.prepare import read_interviews

PROJECT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "coding_suggestions.json"


def count_suggestions() -> dict[str, int]:
    study = sg.load_study(PROJECT / "data" / "sample" / "fieldnote")
    coded = sg.build_coded_interviews(read_interviews(study, "2026Q3"))
    with tempfile.TemporaryDirectory() as folder:
        coders = list(start_codings(coded, Path(folder) / "codings").coders.values())
    given = set(coded.marks[["source_id", "turn", "code_id"]].itertuples(index=False, name=None))
    suggested, transcripts, right = 0, 0, 0
    for source in coded.transcripts.index:
        turns = coded.turns[coded.turns["source_id"] == source]
        offers = suggest_codes(coded, coders, source).offered
        suggested, transcripts = suggested + len(offers), transcripts + bool(offers)
        for offer in offers:
            turn = turns.loc[(turns["start"] <= offer.start) & (turns["end"] > offer.start), "turn"].iloc[0]
            right += (source, turn, offer.code) in given
    return {
        "transcripts": len(coded.transcripts),
        "with_suggestions": transcripts,
        "suggestions": suggested,
        "right": right,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    given = parser.parse_args()
    found = count_suggestions()
    print(json.dumps(found, indent=1))
    if given.write:
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
