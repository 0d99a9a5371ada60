"""Tables of docs/calibration.md and the two data files of the package, made from the stored results of structure_error_rates.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

import yaml
from worlds import WEIGHT_WORDS, WORDS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "calibration.md"
PACKAGE = ROOT / "src" / "segmentation" / "clustering"
PUBLISHED = 400  # data sets a line of a table that is quoted
SOURCE = "benchmarks/structure_error_rates.py"
OWN = ("both", "joint", "dip", "natural", "natural_right")  # counted in every data set
MADE = "# Written by `python benchmarks/structure_error_rates.py --write`; do not edit by hand.\n"


def add_up(blocks: list[dict[str, Any]]) -> tuple[dict[str, float], int]:
    """Rates over all blocks of a cell, and the number of simulations; those of rules of thumb are of the data sets they were tried on."""
    n = sum(block["simulations"] for block in blocks)
    totals: dict[str, int] = {}
    for block in blocks:
        for name, count in block["counts"].items():
            totals[name] = totals.get(name, 0) + count
    tried = totals.pop("folk", 0)
    rates = {name: count / (n if name in OWN else max(tried, 1)) for name, count in totals.items()}
    return rates | {"tried": float(tried)}, n


def show(rate: float) -> str:
    return f"{rate:.3f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def describe_run(results: Mapping[str, Any]) -> str:
    settings, counts = results["settings"], results["segments"]
    sizes = {sum(block["simulations"] for block in blocks) for blocks in results["cells"].values()}
    least, seed = min(sizes), settings["seed"]
    many = f"{least}" if len(sizes) == 1 else f"{least} to {max(sizes)}"
    command = f"`python benchmarks/structure_error_rates.py --simulations {max(sizes)} --references {settings['references']} --seed {seed}`"
    text = (
        f"{command}: {many} data sets a line, {settings['references']} references, segments {counts[0]} to {counts[-1]}, error rate "
        f"{settings['alpha']:g}; data set i is drawn with the random state [{seed}, i] and tested with random state i. The standard "
        f"error of a rate of .05 over {max(sizes)} is {(0.05 * 0.95 / max(sizes)) ** 0.5:.3f}. The counts of every block are in "
        "benchmarks/results/structure_error_rates.json."
    )
    few = "" if max(sizes) >= PUBLISHED else f" These are only {max(sizes)} data sets a line: read them as a trial run."
    return fill(text + few, 130, break_long_words=False, break_on_hyphens=False)


def error_tables(results: Mapping[str, Any], cells: Mapping[str, Any]) -> str:
    """False alarms, known limits, power."""
    parts: dict[str, list[list[str]]] = {"none": [], "limit": [], "segments": []}
    for key, cell in cells.items():
        if key not in results["cells"]:
            continue
        rates, n = add_up(results["cells"][key])
        shown = [show(rates[name]) for name in ("both", "joint", "dip", "natural")]
        if cell.kind == "segments":
            words = "four latent classes" if cell.separation is None else f"{cell.separation:g}"
            shown = [str(cell.variables), f"{cell.n:,}", *shown[:2], shown[3], show(rates["natural_right"])]
        else:
            words, shown = (
                WORDS[cell.name] + (f"; {WEIGHT_WORDS[cell.weights]}" if cell.weights else ""),
                [f"{cell.n:,}", *shown],
            )
        parts[cell.kind].append([words, *shown, f"{n}"])
    columns = ["n", "both", "joint", "dip", "called natural", "data sets"]
    power = ["variables", "n", "both", "joint", "called natural", "natural with 4", "data sets"]
    return "\n\n".join(
        [
            describe_run(results),
            "**False alarms.** No segments, one evenly correlated population:",
            table(["no segments", *columns], parts["none"]),
            "**Power.** Four segments of equal size; how many within-segment standard deviations any two centres are apart:",
            table(["centres apart by", *power], parts["segments"]),
            "**Known limits.** No segments, and still no evenly correlated population, so the test rejects:",
            table(["no segments, but not evenly correlated", *columns], parts["limit"]),
        ]
    )


def folk_table(results: Mapping[str, Any], cells: Mapping[str, Any], rules: Mapping[str, str]) -> str:
    head, rows = ["world, n = 250", "structure test", *rules], {"none": [], "segments": []}
    for key, cell in cells.items():
        if not cell.folk or key not in results["cells"]:
            continue
        rates, _ = add_up(results["cells"][key])
        words = WORDS[cell.name] if cell.separation is None else f"4 segments, {cell.separation:g} apart"
        folk = [show(rates[rule]) for rule in rules]
        if cell.kind == "segments":
            folk = [f"{show(rates[rule])} ({show(rates[f'{rule}_right'])})" for rule in rules]
        rows[cell.kind].append([words, show(rates["both"]), *folk])
    stated = "\n".join(f"- *{rule}*: {words}." for rule, words in rules.items())
    lead = (
        "Share of data sets in which a rule says that there are segments (in brackets: and names the planted number, four). The upper "
        "part should be near 0, the lower near 1; no rule of thumb manages both."
    )
    return "\n\n".join(
        [
            fill(lead, 130),
            table(head, rows["none"] + rows["segments"]),
            stated,
        ]
    )


def put(text: str, name: str, content: str) -> str:
    """Replace what stands between the markers of a name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    if not pattern.search(text):
        raise SystemExit(f"{PAGE} has no markers {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def folk_rates(
    results: Mapping[str, Any], cells: Mapping[str, Any], rules: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """rule -> rule (words), false_alarms, hits, right_number (world -> rate), simulations, source."""
    settings = results["settings"]
    source = (
        f"{SOURCE}, seed {settings['seed']}, n = 250, segments {results['segments'][0]} to {results['segments'][-1]}"
    )
    words = {
        "structure": "the structure test of this report, at its limit for p",
        "natural": "the word natural: the structure test, and every segment comes back in resamples",
    }
    content: dict[str, dict[str, Any]] = {
        rule: {"rule": stated, "false_alarms": {}, "hits": {}, "right_number": {}}
        for rule, stated in {**words, **rules}.items()
    }
    least = []
    for key, cell in cells.items():
        if not cell.folk or key not in results["cells"]:
            continue
        rates, n = add_up(results["cells"][key])
        least.append((n, int(rates["tried"])))
        for rule, found in content.items():
            rate = rates["both" if rule == "structure" else rule]
            found["false_alarms" if cell.kind == "none" else "hits"][cell.name] = round(rate, 4)
            if cell.kind == "segments" and rule != "structure":
                found["right_number"][cell.name] = round(rates[f"{rule}_right"], 4)
    return {
        rule: {**found, "simulations": min(n if rule == "structure" else tried for n, tried in least), "source": source}
        for rule, found in content.items()
    }


def power_rows(results: Mapping[str, Any], cells: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows n, variables, separation, segments, power, natural, simulations."""
    rows = []
    for key, cell in cells.items():
        if cell.separation is not None and key in results["cells"]:
            rates, n = add_up(results["cells"][key])
            size = {"n": cell.n, "variables": cell.variables, "separation": float(cell.separation), "segments": 4}
            rows.append(
                {**size, "power": round(rates["both"], 4), "natural": round(rates["natural"], 4), "simulations": n}
            )
    return sorted(rows, key=lambda row: (row["variables"], row["n"], row["separation"]))


def write_all(results: Mapping[str, Any], cells: Mapping[str, Any], rules: Mapping[str, str]) -> None:
    """The page's tables, folk.yaml and power.yaml."""
    text = PAGE.read_text("utf-8")
    text = put(text, "structure_error_rates", error_tables(results, cells))
    text = put(text, "folk_rules", folk_table(results, cells, rules))
    PAGE.write_text(text, encoding="utf-8")
    for name, content in (("folk", folk_rates(results, cells, rules)), ("power", power_rows(results, cells))):
        body = yaml.safe_dump(content, sort_keys=False, width=120, allow_unicode=True)
        (PACKAGE / f"{name}.yaml").write_text(MADE + body, encoding="utf-8")
        print(f"wrote {name}.yaml")
