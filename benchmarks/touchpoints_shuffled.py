"""How often does a channel stand out where segments have nothing to do with it? For docs/calibration.md.

    python benchmarks/touchpoints_shuffled.py                 # 400 shuffles, some minutes
    python benchmarks/touchpoints_shuffled.py --write         # and put the rates into benchmarks/results/

The planted segments of the sample's accounts are dealt out anew, everything the accounts did is left as it is. A find is a cell that
``count_touchpoints`` marks. The stated rate: at most 5 in 100 such shuffles have any. Beside it stands how often an interval of the
index that is shown excludes 100, which nobody may call a find.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from segmentation.messaging import count_touchpoints
from segmentation.study import Study, load_study

PROJECT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "touchpoints_shuffled.json"
COLUMNS = {
    "context_group_id": "account",
    "event": "event",
    "timestamp": "timestamp",
    "context_campaign_medium": "channel",
}


def read_sample() -> tuple[Study, pd.DataFrame, pd.DataFrame]:
    """The study, its events of the journey that name a channel, and the planted segments of its customers."""
    study = load_study(PROJECT / "data/sample/fieldnote/study.yaml")
    events = pd.read_parquet(study.folder / "cdp/tracks.parquet", columns=list(COLUMNS)).rename(columns=COLUMNS)
    declared = {event for names in study.journeys.values() for event in names}
    events = events[events["event"].isin(declared) & events["channel"].notna()].rename(columns={"account": study.unit})
    planted = pd.read_parquet(study.folder / "truth/segments.parquet").query("quarter == '2026Q3' and customer")
    return (
        study,
        events,
        pd.DataFrame({"segment": planted["line_id"].to_numpy()}, index=planted["company_id"].astype(str)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    study, events, membership = read_sample()
    rng = np.random.default_rng(given.seed)
    any_found = cells = clear = 0
    for _ in range(given.repeats):
        dealt = membership.assign(segment=rng.permutation(membership["segment"].to_numpy()))
        table = count_touchpoints(events, study, dealt, min_cell=study.choices.min_cell)
        shown = table[~table["withheld"] & (table["segment"] != "all")]
        any_found += bool(table["marker"].any())
        cells += len(shown)
        clear += int(((shown["index_lower"] > 100) | (shown["index_upper"] < 100)).sum())
    result = {
        "repeats": given.repeats, "seed": given.seed, "with_any_find": any_found, "cells_shown": cells, "intervals_without_100": clear,
    }  # fmt: skip
    print(json.dumps(result, indent=1))
    if given.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
