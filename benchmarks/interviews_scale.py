"""Do 200 interviews of an hour load, match and compare in seconds? Time and memory of every step, for docs/interviews.md.

    python benchmarks/interviews_scale.py                    # 200 people, 9,000 words each
    python benchmarks/interviews_scale.py --write            # and put them into benchmarks/results/interviews_scale.json
    python benchmarks/interviews_scale.py --repeats 3        # medians of three runs
    python benchmarks/interviews_scale.py --people 20        # a quick look

The files are made first and not timed: transcripts as .txt with blank lines between turns, a project (.qdpx) of two coders whose own
texts have none, the same codings as a table of quotes without positions, and a table of interviewees. The steps run in a process of
their own, whose memory is the highest it ever held (resident); repeated, the medians of every step are told.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import yaml
from interview_worlds import Plan, draw_study

import segmentation as sg
from segmentation.qualitative.prepare import build_redactor_for

RESULT = Path(__file__).parent / "results" / "interviews_scale.json"
BASE = [
    {"name": f"f{n}", "from": "codings", "kind": "behavioural", "role": "base", "measure": "events"} for n in (1, 2)
]
TARGET = 60.0  # seconds for everything, reading included


def write_files(folder: Path, people: int, words: int) -> dict[str, int]:
    """A study on disk, and how large it is."""
    plan = Plan(
        people=people, segments=5, codes=20, turns=120, words=round(words * 0.8), passages=12.0, effect=0.3, planted=5
    )
    data, membership = draw_study(plan, seed=1)
    coded = sg.build_coded_interviews(data, membership)
    sg.write_qdpx(coded, folder / "ours.qdpx", study="scale")
    with (
        zipfile.ZipFile(folder / "ours.qdpx") as ours,
        zipfile.ZipFile(folder / "coding.qdpx", "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for name in ours.namelist():  # of another program, so that the way it counts has to be found
            other.writestr(name, ours.read(name).replace(b'origin="segmentation"', b'origin="other"', 1))
    for source, text in coded.transcripts.items():
        (folder / f"{source}.txt").write_text(text.replace("\n", "\n\n"), encoding="utf-8")
    quotes = data["codings"].merge(data["codes"][["name"]], left_on="code_id", right_index=True)
    columns = {"source_id": "Document", "quote": "Segment", "name": "Code", "coder": "Coder"}
    quotes[list(columns)].rename(columns=columns).to_csv(folder / "quotes.csv", index=False)
    data["interviewees"].to_csv(folder / "people.csv")
    membership.to_csv(folder / "membership.csv")
    for name, codings in {"project": {"format": "refi-qda", "path": "coding.qdpx"},
                          "quotes": {"format": "coded-table", "path": "quotes.csv"}}.items():  # fmt: skip
        sources = {
            "transcripts": {"format": "transcripts", "path": "P*.txt"},
            "codings": codings,
            "people": {"format": "table", "path": "people.csv", "as": "interviewees"},
        }
        content = {"study": "scale", "unit": "company_id", "sources": sources, "variables": BASE,
                   "segmentations": {"all": {"base": ["f1", "f2"]}}}  # fmt: skip
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    spoken = sum(len(text.split()) for text in coded.transcripts)
    return {
        "people": people,
        "words": spoken,
        "codings": len(coded.codings),
        "codes": plan.codes,
        "turns": len(coded.turns),
    }


def measure(folder: Path) -> list[dict[str, Any]]:
    """Every step in order, each with its seconds and the most memory held so far."""
    membership = pd.read_csv(folder / "membership.csv", index_col=0)
    made: dict[str, Any] = {}
    study = sg.load_study(folder / "project.yaml")
    steps: dict[str, Callable[[], Any]] = {
        "read transcripts, project and people": lambda: sg.read_sources(study, "2026Q3"),
        "read and place quotes without positions": lambda: sg.read_sources(
            sg.load_study(folder / "quotes.yaml"), "2026Q3"
        ),
        "join people, turns and codings": lambda: sg.build_coded_interviews(
            made["read transcripts, project and people"], membership
        ),
        "redactor": lambda: build_redactor_for(made["read transcripts, project and people"]),
    }
    coded = lambda: made["join people, turns and codings"]  # noqa: E731
    redactor = lambda: made["redactor"]  # noqa: E731
    steps |= {
        "agreement (1,000 draws)": lambda: sg.measure_agreement(coded(), draws=1000, random_state=1),
        "kappa (1,000 draws)": lambda: sg.measure_kappa(coded(), draws=1000, random_state=1),
        "disagreements": lambda: sg.list_disagreements(coded(), redactor()),
        "themes by segment": lambda: sg.compare_themes(coded()),
        "saturation (1,000 orders)": lambda: sg.measure_saturation(coded(), random_state=1),
        "co-occurrence": lambda: sg.measure_cooccurrence(coded()),
        "words of the segments (1,000 draws)": lambda: sg.compare_language(
            coded(), redactor(), draws=1000, random_state=1
        ),
        "quote bank": lambda: sg.build_quote_bank(coded(), redactor()),
        "write project": lambda: sg.write_qdpx(coded(), folder / "again.qdpx", study="scale"),
    }
    rows = []
    for name, step in steps.items():
        started, worked = time.perf_counter(), time.process_time()
        made[name] = step()
        seconds, work = time.perf_counter() - started, time.process_time() - worked
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"step": name, "seconds": round(seconds, 2), "cpu_seconds": round(work, 2), "peak_mb": round(peak)})
        print(f"{name:45} {seconds:8.2f} s ({work:.2f} of work) {peak:8.0f} MB", file=sys.stderr, flush=True)
    lost = len(made["read and place quotes without positions"]["codings"]) / len(
        made["read transcripts, project and people"]["codings"]
    )
    rows.append({"step": "share of codings placed by their words alone", "share": round(lost, 4)})
    return rows


def medians(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Every figure of every step, the middle one of the runs."""
    return [
        {
            key: value if key == "step" else round(median(run[place][key] for run in runs), 4)
            for key, value in row.items()
        }
        for place, row in enumerate(runs[0])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--words", type=int, default=9000, help="words of one interview, the interviewer's among them")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--files", type=Path, help="folder to make the files in and keep them, or to take them from")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        print(json.dumps(measure(given.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = given.files or Path(name)
        folder.mkdir(exist_ok=True)
        if not (folder / "size.json").exists():
            (folder / "size.json").write_text(json.dumps(write_files(folder, given.people, given.words)))
        size = json.loads((folder / "size.json").read_text())
        command = [sys.executable, __file__, "--folder", str(folder)]
        outputs = [
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout for _ in range(given.repeats)
        ]
        runs = [json.loads(output) for output in outputs]
    steps = medians(runs)
    totals = [sum(row.get("cpu_seconds", 0) for row in run) for run in runs]
    total = sum(row.get("seconds", 0) for row in steps)
    machine = {"processor": platform.machine(), "python": platform.python_version()}
    result = {
        "size": size,
        "steps": steps,
        "seconds": round(total, 1),
        "cpu_seconds": round(median(totals), 1),
        "cpu_seconds_of_runs": [round(total, 1) for total in totals],
        "target_seconds": TARGET,
        "machine": machine,
    }
    print(json.dumps(result, indent=1))
    if given.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
