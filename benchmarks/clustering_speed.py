"""CPU seconds of the clustering stage on data of a study's size; prints one JSON object.

python benchmarks/clustering_speed.py --units 740 --variables 10
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd

from segmentation.clustering import assess_structure, compare_solutions, measure_structure, search_kmeans, warm
from segmentation.study import Choices


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=740)
    parser.add_argument("--variables", type=int, default=10)
    options = parser.parse_args()
    random = np.random.default_rng(1)
    centres = random.standard_normal((6, options.variables))
    values = (
        centres[random.integers(6, size=options.units)]
        + random.standard_normal((options.units, options.variables)) * 0.8
    )
    encoded = pd.DataFrame((values - values.mean(axis=0)) / values.std(axis=0))
    choices, seconds = Choices(), {}
    clock = time.process_time()

    def lap(name: str) -> None:
        nonlocal clock
        seconds[name], clock = round(time.process_time() - clock, 2), time.process_time()

    warm()
    lap("load the compiled loop")
    structure = measure_structure(encoded, range(2, 9), references=choices.references, random_state=1)
    lap("structure test")
    for k in range(2, 9):
        search_kmeans(encoded.to_numpy(), k, starts=choices.starts, random_state=1)
    lap("search, k = 2 to 8")
    comparison = compare_solutions(encoded, choices=choices, structure=structure)
    lap("comparison with search, k = 2 to 8")
    assess_structure(encoded, segments=range(2, 9), choices=choices, comparison=comparison)
    lap("verdict")
    print(json.dumps({"units": options.units, "variables": options.variables, "cpu_seconds": seconds}))


if __name__ == "__main__":
    main()
