"""How often the structure test finds segments where there are none, and where there are, with rules of thumb beside it.

    python benchmarks/structure_error_rates.py --simulations 400 --jobs 2 --write

Every finished block of simulations is kept in benchmarks/results/structure_error_rates.json, so a run can be stopped and taken
up again with the same command; only what is missing is simulated. ``--only`` names cells (``--list`` shows them). ``--write`` puts
the tables into docs/calibration.md between their markers, and the rates that the report quotes into clustering/folk.yaml and
clustering/power.yaml of the package. Simulation i of a cell draws its data with the random state [seed, i] and is tested with
random state i: any single one can be repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from folk_rules import RULES, apply_rules
from worlds import KNOWN_LIMITS, NO_SEGMENTS, SEGMENTS, WEIGHTS, World, encode, separated

from segmentation.clustering import assess_structure, compare_solutions, measure_structure, warm
from segmentation.study import Choices

RESULTS = Path(__file__).parent / "results" / "structure_error_rates.json"
COUNTS = list(range(2, 7))
PLANTED = 4
WEIGHTED = ("correlated", "likert", "skewed")  # also tested with weights
BLOCK = 50
FOLK = 100  # data sets a world on which the rules of thumb are tried too; they cost more than the test


@dataclass(frozen=True)
class Settings:
    """What a stored block was made with; blocks of other settings are not mixed in."""

    seed: int = 1
    references: int = 39
    pairs: int = 20
    starts: int = 10
    alpha: float = 0.05


@dataclass(frozen=True)
class Cell:
    """One line of a table: a world at one number of units."""

    name: str
    n: int
    world: World
    kind: str  # none, limit or segments
    variables: int = 6
    separation: float | None = None
    folk: bool = False
    weights: str = ""  # how units are weighted; empty: not at all

    @property
    def key(self) -> str:
        wide = f"-p{self.variables}" if self.kind == "segments" and self.variables == 10 else ""
        return f"{self.name}-n{self.n}{wide}{f'-{self.weights}' if self.weights else ''}"


def list_cells() -> dict[str, Cell]:
    """All cells, cheap ones first."""
    cells = [Cell(name, 250, world, "none", folk=True) for name, world in NO_SEGMENTS.items()]
    for name in WEIGHTED:
        cells += [Cell(name, 250, NO_SEGMENTS[name], "none", weights=how) for how in ("smooth", "strata")]
    cells.append(Cell("skewed", 250, NO_SEGMENTS["skewed"], "limit", weights="amount"))
    cells += [Cell(name, 250, world, "limit") for name, world in KNOWN_LIMITS.items()]
    cells += [Cell("latent_classes", 250, SEGMENTS["latent_classes"], "segments", 12, folk=True)]
    for n, p, separations in (
        (250, 6, (2, 2.5, 3, 4)),
        (500, 6, (2, 2.5, 3)),
        (1000, 6, (2, 2.5, 3)),
        (700, 10, (2, 2.5, 3)),
    ):
        for apart in separations:
            world = separated(apart, p=p)
            cells.append(Cell(f"separation_{apart:g}", n, world, "segments", p, apart, folk=n == 250))
    cells += [Cell(name, 1000, NO_SEGMENTS[name], "none") for name in ("correlated", "likert", "yes_no")]
    return {cell.key: cell for cell in cells}


def simulate(cell: Cell, simulation: int, settings: Settings) -> dict[str, bool]:
    """What the test, the verdict and the rules of thumb say about one data set."""
    random = np.random.default_rng([settings.seed, simulation])
    values = cell.world(random, cell.n)
    encoded = encode(values)
    weights = pd.Series(WEIGHTS[cell.weights](random, values), index=encoded.index) if cell.weights else None
    test = measure_structure(encoded, COUNTS, references=settings.references, random_state=simulation, weights=weights)
    found = {
        "both": test.p <= settings.alpha,
        "joint": test.p_joint <= settings.alpha,
        "dip": test.p_dip <= settings.alpha,
        "natural": False,
        "natural_right": False,
    }
    folk = cell.folk and simulation < FOLK
    if found["both"] or folk:  # the word natural needs the test, so the costly rest is only done where it can matter
        choices = Choices(
            random_state=simulation,
            references=settings.references,
            pairs=settings.pairs,
            starts=settings.starts,
            alpha=settings.alpha,
        )
        comparison = compare_solutions(encoded, COUNTS, choices=choices, structure=test, weights=weights)
        verdict = assess_structure(encoded, segments=COUNTS, choices=choices, comparison=comparison)
        found["natural"] = verdict.label == "natural"
        found["natural_right"] = found["natural"] and verdict.segments == PLANTED
    if folk:
        found["folk"] = True
        named = apply_rules(encoded.to_numpy(), COUNTS, simulation)
        agreement = comparison.table["ari_mean"]
        named["stability"] = int(agreement.idxmax()) if agreement.max() >= 0.80 else 1
        found |= {rule: k > 1 for rule, k in named.items()}
        found |= {f"{rule}_right": k == PLANTED for rule, k in named.items()}
    return {name: bool(value) for name, value in found.items()}


def run_block(key: str, first: int, size: int, settings: Settings) -> dict[str, Any]:
    """Counts over simulations first to first + size - 1."""
    cell, began = list_cells()[key], time.process_time()
    found = [simulate(cell, simulation, settings) for simulation in range(first, first + size)]
    counts = {
        name: sum(one.get(name, False) for one in found) for name in dict.fromkeys(n for one in found for n in one)
    }
    return {
        "first": first,
        "simulations": size,
        "counts": counts,
        "cpu_seconds": round(time.process_time() - began, 2),
    }


def read_results(path: Path, settings: Settings) -> dict[str, Any]:
    """Results so far; refuses those of other settings."""
    if not path.exists():
        return {"settings": asdict(settings), "segments": COUNTS, "cells": {}}
    content = json.loads(path.read_text("utf-8"))
    if content["settings"] != asdict(settings):
        raise SystemExit(
            f"{path} holds results of other settings ({content['settings']}); give --out another file, or take this one away"
        )
    return content


def keep(path: Path, results: dict[str, Any]) -> None:
    """Written beside and renamed into place, so that a stopped run leaves whole results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def missing_blocks(results: dict[str, Any], keys: list[str], simulations: int) -> Iterator[tuple[str, int, int]]:
    """Cell, first simulation and size of what is still to do."""
    for key in keys:
        blocks = results["cells"].get(key, [])
        done = {number for block in blocks for number in range(block["first"], block["first"] + block["simulations"])}
        first = 0
        while first < simulations:
            size = 0
            while size < BLOCK and first + size < simulations and first + size not in done:
                size += 1
            if size:
                yield key, first, size
            first += max(size, 1)


def run_missing(results: dict[str, Any], todo: list[tuple[str, int, int]], options: argparse.Namespace) -> None:
    settings = Settings(seed=options.seed, references=options.references)
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn"), initializer=warm) as pool:
        jobs = {pool.submit(run_block, *block, settings): block[0] for block in todo}
        for number, job in enumerate(as_completed(jobs), start=1):
            block, key = job.result(), jobs[job]
            blocks = [*results["cells"].get(key, []), block]
            results["cells"][key] = sorted(blocks, key=lambda b: b["first"])
            keep(options.out, results)
            print(f"{number} of {len(todo)} blocks: {key} {block['counts']} ({block['cpu_seconds']} s)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--references", type=int, default=39, help="reports use 199; 39 understates power a little")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=None, metavar="CELL")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--list", action="store_true", help="print the cells and stop")
    parser.add_argument("--write", action="store_true", help="write tables and data files from what is stored")
    options = parser.parse_args()
    cells = list_cells()
    if options.list:
        print("\n".join(cells))
        return
    unknown = sorted(set(options.only or []) - set(cells))
    if unknown:
        raise SystemExit(f"no such cell: {', '.join(unknown)}; see --list")
    results = read_results(options.out, Settings(seed=options.seed, references=options.references))
    todo = list(missing_blocks(results, options.only or list(cells), options.simulations))
    if todo:
        run_missing(results, todo, options)
    if options.write:
        from structure_tables import write_all

        write_all(results, cells, RULES)


if __name__ == "__main__":
    main()
