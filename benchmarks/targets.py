"""Every promise about speed, measured: one row a target, ours and theirs on the same data in one run.

    python benchmarks/targets.py                 # all rows, about half an hour on 2 cores
    python benchmarks/targets.py --quick         # smaller data, minutes; not for the record
    python benchmarks/targets.py --only search   # one row
    python benchmarks/targets.py --write         # also into docs/speed.md, row by row

Seconds are CPU seconds of the process with all its threads, wall seconds stand behind; ratios are of CPU seconds. Theirs is the loop as
a user writes it, with the threads scikit-learn takes by itself; as these wait actively, the same on one thread is shown too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from segmentation.clustering import compare_solutions, measure_structure, search_kmeans, warm
from segmentation.clustering.inputs import distinct_rows
from segmentation.clustering.packed import Rows, Sample
from segmentation.clustering.resample import resample
from segmentation.study import Choices, Study

ROOT = Path(__file__).resolve().parents[1]
MCDONALDS = ROOT.parent / "shared" / "data" / "mcdonalds" / "mcdonalds.csv"
RESULTS = ROOT / "benchmarks" / "results" / "targets.json"
PUBLISHED_SECONDS = 300
STARTS, PAIRS = 10, 100


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    ours: str
    theirs: str
    ratio: str
    target: str
    met: bool | None
    results: str


@dataclass(frozen=True)
class Seconds:
    """Processor and wall seconds."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cpu:,.2f} s ({self.wall:,.2f})" if self.cpu < 100 else f"{self.cpu:,.0f} s ({self.wall:,.0f})"

    def times(self, factor: float) -> Seconds:
        return Seconds(self.cpu * factor, self.wall * factor)


def measure(work: Callable[[], Any], repeats: int = 1) -> tuple[Seconds, Any]:
    """Median seconds of some repeats, and the last result."""
    found, result = [], None
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
    return Seconds(*np.median(found, axis=0)), result


def alone(work: Callable[[], Any], repeats: int = 1) -> tuple[Seconds, Any]:
    """The same on one thread: for ours it means that linear algebra starts none, as in every run of the line."""
    with threadpool_limits(1):
        return measure(work, repeats)


def fast_food() -> tuple[np.ndarray, str]:
    """The published 1,453 x 11 yes/no answers where they are, else made-up ones of that shape."""
    if MCDONALDS.is_file():
        return (pd.read_csv(MCDONALDS).iloc[:, :11] == "Yes").to_numpy(float), "the published answers"
    random = np.random.default_rng(1)
    shares = random.uniform(0.1, 0.9, size=(4, 11))
    return (random.random((1453, 11)) < shares[random.integers(4, size=1453)]).astype(float), "made-up answers"


def continuous(n: int, p: int = 20, seed: int = 1) -> np.ndarray:
    """Eight overlapping segments in ``p`` z-scores."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((8, p)) * 0.55
    values = centres[random.integers(8, size=n)] + random.standard_normal((n, p))
    return (values - values.mean(axis=0)) / values.std(axis=0)


def judge(ours: Seconds, theirs: Seconds, single: Seconds, target: float) -> tuple[str, bool]:
    ratio = theirs.cpu / ours.cpu
    return f"{ratio:,.0f}x ({single.cpu / ours.cpu:,.0f}x on one thread)", ratio >= target


def stability(values: np.ndarray, counts: list[int], theirs_pairs: int, ours_pairs: int, target: int, name: str) -> Row:
    rows, choices = distinct_rows(values), Choices(pairs=max(10, ours_pairs), random_state=1)
    searches = {k: search_kmeans(values, k, starts=STARTS, random_state=1) for k in counts}
    work = lambda: resample(rows, searches, dict.fromkeys(counts, STARTS), choices)  # noqa: E731
    ours, found = alone(work, 3 if len(rows.values) < 1000 else 1)
    ours = ours.times(PAIRS / choices.pairs)
    random = np.random.default_rng(2)
    drawn = [[random.integers(len(values), size=len(values)) for _ in range(2)] for _ in range(theirs_pairs)]

    def loop() -> tuple[list[float], list[float]]:
        agreement, inertia = [], []
        for pair, k in ((pair, k) for pair in drawn for k in counts):
            fits = [KMeans(k, n_init=STARTS, random_state=i).fit(values[index]) for i, index in enumerate(pair)]
            agreement.append(adjusted_rand_score(*(fit.predict(values) for fit in fits)))
            inertia += [fit.inertia_ for fit in fits]
        return agreement, inertia

    single, _ = alone(loop)
    theirs, (agreement, inertia) = measure(loop)
    packed, same = Rows.of(rows.values), []
    for pair, k in ((pair, k) for pair in drawn for k in counts):
        for index in pair:
            weight = np.bincount(rows.place[index], minlength=len(rows.values)).astype(float)
            seeds = random.integers(2**32, size=Sample.seeds(STARTS), dtype=np.uint32)
            sample = Sample.of(packed, weight, random)
            centres = sample.search(k, seeds)[1]
            same.append(float(sample.whole.refine(centres[None], passes=2).within[0]))
    single, theirs = (seconds.times(PAIRS / theirs_pairs) for seconds in (single, theirs))
    ratio, fast = judge(ours, theirs, single, target)
    excess = sum(same) / sum(inertia) - 1
    mean = np.mean([found[k][0].mean() for k in counts])
    results = f"within-SS {excess:+.3%} on the same samples; mean ARI {mean:.3f} against {np.mean(agreement):.3f}"
    return Row(
        f"bootstrap stability, {name}, 100 pairs, {STARTS} starts, k = {', '.join(map(str, counts))}",
        f"{ours}" + ("" if choices.pairs == PAIRS else f" (from {choices.pairs} pairs)"),
        f"{theirs} (from {theirs_pairs})",
        ratio,
        f"{target}x",
        fast and excess <= 1e-3,
        results,
    )


def run_stability_small(quick: bool) -> Row:
    values, name = fast_food()
    return stability(values, list(range(2, 11)), 1 if quick else 5, PAIRS, 400, f"1,453 x 11 ({name})")


def run_stability_medium(quick: bool) -> Row:
    n = 10_000 if quick else 20_000
    return stability(continuous(n), [3, 6, 9], 1, 10 if quick else PAIRS, 80, f"{n:,} x 20")


def run_stability_large(quick: bool) -> Row:
    n = 50_000 if quick else 200_000
    return stability(continuous(n), [6] if quick else [3, 6, 9], 1, 10, 50, f"{n:,} x 20")


def run_flexclust(quick: bool) -> Row:
    work = "bootstrap stability, 1,453 x 11, flexclust's bootFlexclust"
    script = 'if (!requireNamespace("flexclust", quietly=TRUE)) quit(status=3)'
    here = shutil.which("Rscript")
    if here is None or subprocess.run([here, "-e", script], check=False, capture_output=True).returncode:
        return Row(work, "-", "R is not here", "-", "300x", None, "not measured on this machine")
    values, _ = fast_food()
    ours, _ = alone(
        lambda: resample(
            distinct_rows(values),
            {k: search_kmeans(values, k, random_state=1) for k in range(2, 11)},
            dict.fromkeys(range(2, 11), STARTS),
            Choices(random_state=1),
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "values.csv"
        np.savetxt(table, values, delimiter=",")
        code = (
            f'library(flexclust); x <- as.matrix(read.csv("{table}", header=FALSE)); set.seed(1); '
            f"t <- system.time(bootFlexclust(x, k=2:10, nrep={STARTS}, nboot=2, multicore=FALSE)); cat(sum(t[1:2]))"
        )
        done = subprocess.run([here, "-e", code], check=True, capture_output=True, text=True)
    theirs = float(done.stdout.split()[-1]) * PAIRS / 2
    ratio = theirs / ours.cpu
    return Row(
        work, str(ours), f"{theirs:,.0f} s (from 2)", f"{ratio:,.0f}x", "300x", ratio >= 300, "with our search inside"
    )


def run_structure(quick: bool) -> Row:
    n, references = (4000, 39) if quick else (20_000, 199)
    encoded, counts = pd.DataFrame(continuous(n)), list(range(2, 9))
    ours, test = alone(lambda: measure_structure(encoded, counts, references=references, random_state=1))
    one = encoded.to_numpy()
    fit = lambda: [KMeans(k, n_init=STARTS, random_state=0).fit(one).inertia_ for k in counts]  # noqa: E731
    single, theirs = alone(fit)[0].times(references + 1), measure(fit)[0].times(references + 1)
    ratio, fast = judge(ours, theirs, single, 20)
    return Row(
        f"structure verdict, {n:,} x 20, {references} references, k = 2 to 8",
        str(ours),
        f"{theirs} (from 1 data set, references not drawn)",
        ratio,
        "20x and under 60 s of wall time",
        fast and ours.wall < 60,
        f"rows used {test.rows_used:,}; p = {test.p:.3f}",
    )


def run_search(quick: bool) -> Row:
    values, name = fast_food()
    counts, inits = range(2, 9), 30 if quick else 300
    ours, found = alone(lambda: [search_kmeans(values, k, random_state=1) for k in counts], 3)
    fit = lambda: [KMeans(k, n_init=inits, random_state=0).fit(values).inertia_ for k in counts]  # noqa: E731
    single, theirs = alone(fit)[0], measure(fit)
    ratio, fast = judge(ours, theirs[0], single, 10)
    worse = [k for k, s, t in zip(counts, found, theirs[1], strict=True) if s.within_ss > t * (1 + 1e-9)]
    better = sum(s.within_ss < t * (1 - 1e-6) for s, t in zip(found, theirs[1], strict=True))
    hits = ", ".join(f"{s.hits}/{s.starts}" for s in found)
    return Row(
        f"search to a proven optimum, 1,453 x 11 ({name}), k = 2 to 8",
        str(ours),
        f"{theirs[0]} (n_init={inits})",
        ratio,
        "10x at an equal or better within-SS, best hit 5 times",
        fast and not worse and min(s.hits for s in found) >= 5,
        f"better at {better} of 7, worse at {len(worse)}; hits/starts {hits}",
    )


def child(task: str, *arguments: object) -> dict[str, float]:
    """One task in a process of its own: CPU and wall seconds and peak memory in MB."""
    command = [sys.executable, __file__, "--child", task, *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def middle_of(runs: list[dict[str, float]]) -> dict[str, float]:
    """The run of median CPU time."""
    return sorted(runs, key=lambda run: run["cpu"])[len(runs) // 2]


def run_child(task: str, arguments: list[str]) -> None:
    import resource

    from targets_tasks import TASKS

    prepare, work = TASKS[task](*arguments)
    prepare()
    seconds, note = measure(work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": seconds.cpu, "wall": seconds.wall, "peak": peak, "note": note}))


def run_assignment(quick: bool, rows: int = 0) -> Row:
    rows = rows or (500_000 if quick else 10_000_000)
    with tempfile.TemporaryDirectory() as folder:
        child("write", folder, rows)
        ours = [child("score", folder) for _ in range(2)]
        copy = [child("copy", folder) for _ in range(2)]
        few = min(rows, 1_000_000)
        child("write", folder, few)
        whole = child("whole", folder)
    mine, theirs = (min(runs, key=lambda run: run["cpu"]) for runs in (ours, copy))
    ratio, peak = mine["cpu"] / theirs["cpu"], max(run["peak"] for run in ours)
    return Row(
        f"assigning {rows:,} x 20, Parquet to Parquet",
        f"{mine['cpu']:.1f} s ({mine['wall']:.1f}), peak {peak:,.0f} MB",
        f"{theirs['cpu']:.1f} s ({theirs['wall']:.1f}) to read and write the files; pandas in one piece {whole['cpu']:.1f} s, "
        f"peak {whole['peak']:,.0f} MB for {few:,}",
        f"{ratio:.2f} of reading and writing",
        "at most 2.00, under 1,000 MB",
        ratio <= 2 and peak < 1000,
        f"{mine['note']}",
    )


def run_growth(quick: bool) -> Row:
    sizes = [50_000, 100_000] if quick else [375_000, 750_000, 1_500_000, 3_000_000]
    searched = [middle_of([child("search", n) for _ in range(3)]) for n in sizes]
    assigned = []
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            child("write", folder, n)
            assigned.append(middle_of([child("score", folder) for _ in range(3)]))
    steps = [(a, b) for runs in (searched, assigned) for a, b in pairwise(runs)]
    slowest, largest = (max(b[key] / a[key] for a, b in steps) for key in ("cpu", "peak"))
    shown = "; ".join(
        f"{n:,}: {s['cpu']:.1f} s, {s['peak']:,.0f} MB and {a['cpu']:.1f} s, {a['peak']:,.0f} MB"
        for n, s, a in zip(sizes, searched, assigned, strict=True)
    )
    return Row(
        f"growth to {sizes[-1]:,} x 20: search at k = 6, and assignment, n doubled, medians of 3",
        f"time at most {slowest:.2f}x, memory at most {largest:.2f}x",
        "-",
        "-",
        "time at most 2.20x, memory at most 2.10x",
        slowest <= 2.2 and largest <= 2.1,
        shown,
    )


def run_diagnosis(quick: bool) -> Row:
    from segmentation.clustering import assess_structure, assign_segments, fit_segments
    from segmentation.clustering.stability import measure_stability
    from segmentation.features import fit_encoder
    from segmentation.profiling import profile_segments
    from segmentation.profiling.typing import build_typing_tool

    values, name = fast_food()
    names = [f"item_{j + 1}" for j in range(values.shape[1])]
    units = pd.Index([f"p{i}" for i in range(len(values))], name="unit")
    features = pd.DataFrame(values, index=units, columns=names)
    study = Study.model_validate(
        {
            "study": "speed",
            "unit": "unit",
            "sources": {"survey": {"path": "answers.csv", "format": "table"}},
            "variables": [
                {"name": n, "from": "survey", "kind": "need", "role": "base", "level": "binary"} for n in names
            ],
            "segmentations": {"all": {"base": names}},
        }
    )
    choices, counts = study.choices, range(2, 9)

    def work() -> str:
        encoded = fit_encoder(features, study.base).encode(features)
        comparison = compare_solutions(encoded, counts, choices=choices)
        stable = measure_stability(encoded, comparison, choices=choices)
        verdict = assess_structure(encoded, segments=counts, choices=choices, comparison=comparison)
        k = comparison.recommended
        membership = assign_segments(fit_segments(encoded, k, choices=choices, search=comparison.searches[k]), encoded)
        profile_segments(features, membership, study)
        tool = build_typing_tool(features, membership, study)
        return (
            f"{verdict.label}, {k} segments, {len(tool.questions)} questions, {stable.pairs} resamples searched twice"
        )

    ours, said = alone(work, 1 if quick else 2)
    ratio = PUBLISHED_SECONDS / ours.wall
    return Row(
        f"whole diagnosis of 1,453 x 11 ({name}): search, stability, verdict, profile, typing tool, warm",
        str(ours),
        "over 5 minutes (stated, not measured here)",
        f"{ratio:,.0f}x of wall time",
        "20x: under 15 s of wall time",
        ours.wall < PUBLISHED_SECONDS / 20,
        said,
    )


def run_compilation(quick: bool) -> Row:
    code = "import time, numba; t = time.process_time(); import segmentation.clustering._kernel; print(time.process_time() - t)"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        run = [sys.executable, "-c", code]
        cold, load = (
            float(subprocess.run(run, check=True, capture_output=True, text=True, env=environment).stdout)
            for _ in range(2)
        )
    return Row(
        "compiled loops: from nothing, and from the cache on disk",
        f"{cold:.1f} s cold, {load:.2f} s from the cache",
        "-",
        "-",
        "never in a report: compiled at installation",
        load < 2,
        "numba itself takes about 0.5 s to import",
    )


ROWS: dict[str, Callable[..., Row]] = {
    "stability_small": run_stability_small,
    "flexclust": run_flexclust,
    "stability_medium": run_stability_medium,
    "stability_large": run_stability_large,
    "structure": run_structure,
    "search": run_search,
    "assignment": run_assignment,
    "diagnosis": run_diagnosis,
    "growth": run_growth,
    "compilation": run_compilation,
}


def as_table(rows: list[Row]) -> str:
    """Rows as Markdown."""
    heads = ["work", "ours", "theirs", "ratio", "target", "met", "results"]
    words = {True: "yes", False: "**no**", None: "not measured"}
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row.work, row.ours, row.theirs, row.ratio, row.target, words[row.met], row.results]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(rows: dict[str, Row]) -> None:
    """Keep rows in benchmarks/results/targets.json, and put all that are kept between the markers of docs/speed.md."""
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    kept |= {name: asdict(row) | {"met": None if row.met is None else bool(row.met)} for name, row in rows.items()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    table = as_table([Row(**kept[name]) for name in ROWS if name in kept])
    path = ROOT / "docs" / "speed.md"
    text = path.read_text("utf-8")
    begin, end = "<!-- targets: begin -->", "<!-- targets: end -->"
    head, rest = text.split(begin)
    path.write_text(f"{head}{begin}\n{table}\n{end}{rest.split(end)[1]}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row; may be given more than once")
    parser.add_argument("--quick", action="store_true", help="smaller data: a trial, not for the record")
    parser.add_argument("--rows", type=int, default=0, help="units of the assignment row; default 10 million")
    parser.add_argument("--write", action="store_true", help="keep the rows, and write them into docs/speed.md")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_child(options.child[0], options.child[1:])
        return
    warm()
    rows = {}
    for name in options.only or ROWS:
        extra = {"rows": options.rows} if name == "assignment" else {}
        rows[name] = ROWS[name](options.quick, **extra)
        print(as_table([rows[name]]).splitlines()[-1], flush=True)
        if options.write:
            write({name: rows[name]})
    print(f"\n{as_table(list(rows.values()))}")


if __name__ == "__main__":
    main()
