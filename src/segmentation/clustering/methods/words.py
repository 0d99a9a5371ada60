"""Methods in words: what each is, what it does with missing values and weights, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...display import Reading, Table
from ...words import count_words, join_words, source_words
from .auto import AutoChoice
from .base import method_of

if TYPE_CHECKING:
    from ..selection import Comparison
    from ..solution import Solution

__all__ = [
    "describe_auto",
    "describe_method",
    "describe_model_comparison",
    "rule_names",
    "tabulate_auto",
    "tabulate_criteria",
]

WHAT: Mapping[str, str] = {
    "kmeans": "k-means puts every unit with the centre (the average member of a segment) it is nearest to, and looks for the "
    "centres that "
    "leave the least spread within segments.",
    "latent-class": "A latent class model takes each segment for a hidden type: within it the answers have chances of their own and "
    "do not "
    "depend on each other. It finds the types under which the data are most likely, and gives every unit a probability for each.",
    "latent-profile": "A latent profile model takes each segment for a hidden type: within it every number follows a bell curve "
    "with a mean "
    "and a spread of its own. It finds the types under which the data are most likely, and gives every unit a probability for each.",
    "gaussian": "A mixture of normal distributions takes each segment for a cloud of any elliptical shape, in which variables may go "
    "together. It finds the clouds under which the data are most likely, and gives every unit a probability for each.",
    "ward": "Ward's method starts with every unit by itself and joins, step by step, the two groups whose union costs least in spread, "
    "until the number of segments wanted is left. Everybody is then placed by the nearest centre.",
    "medoids": "Medoids are real units that stand for their segments: everybody belongs to the medoid they are least unlike. "
    "Unlikeness is "
    "Gower's: the average over variables of the difference as a share of the range, or of same name (0) and other name (1).",
    "hdbscan": "Density clustering (HDBSCAN) looks for places where units crowd together with emptier space around them. How many "
    "there are "
    "comes out of the data, and units in no crowd are in no segment.",
    "rules": "The segments are stated by rules, not found in the data. The rules were proved to leave no combination of values out "
    "and to put "
    "none in two segments.",
    "tree": "A tree asks one question after the other about the base variables, and each question is the one that best separates high "
    "from low outcomes. The ends of the tree are the segments; how many there may be is decided by units the tree had not seen.",
}
MISSING: Mapping[str, str] = {
    "kmeans": "Centres are formed on units with every base variable; others are placed by the variables they have.",
    "latent-class": "Units with missing answers take part with those they gave (full information maximum likelihood: nothing is "
    "filled in; "
    "right if what is missing depends only on what is known).",
    "gaussian": "The clouds are formed on units with every base variable; others are placed by the variables they have.",
    "ward": "The tree is grown on units with every base variable; others are placed by the variables they have.",
    "medoids": "Units with missing values take part: two units are compared on the variables both have. Only units with every base "
    "variable "
    "can be medoids, if there are enough.",
    "hdbscan": "Crowds are found among units with every base variable; others are placed by the variables they have.",
    "rules": "A unit that lacks a value a rule asks for is placed only if a rule says what happens to those.",
    "tree": "A missing value goes to the side of each question where such units fitted best when the tree was grown.",
}
MISSING = {**MISSING, "latent-profile": MISSING["latent-class"]}
WEIGHTS: Mapping[str, str] = {
    "rules": "Weights change no rule; they enter sizes and profiles only.",
    "gaussian": "This method cannot take weights.",
    "hdbscan": "This method cannot take weights.",
}
EXTRA: Mapping[str, str] = {
    "kmeans": "The probability shown is that of round clouds of one size around the centres: a reading of the distances, not of a "
    "fitted model.",
    "ward": "The probability shown is that of round clouds of one size around the centres: a reading of the distances, not of a "
    "fitted model.",
    "medoids": "The probability shown is each medoid's share of 1 over the unlikeness: a reading of the distances, not of a fitted "
    "model.",
    "hdbscan": "A crowd is kept as up to 30 points, each the average of some members, and a limit within which 95 % of its members "
    "lie; a "
    "new unit within no crowd's limit is in no segment.",
    "latent-profile": "A spread may not fall under a hundredth of a variable's variance, or a heap of equal values would be a type "
    "by itself.",
}


def describe_method(method: str, *, comparison: Comparison | None = None, weighted: bool = False) -> Reading:
    """What a method is, how it meets missing values and what weights do.

    Parameters
    ----------
    method : str
    comparison : Comparison, optional
        Adds who took part and, for a choice by ``method: auto``, nothing: see ``describe_auto``.
    weighted : bool
        Whether the study has weights.

    Returns
    -------
    Reading

    Raises
    ------
    ParameterError
        If there is no such method.

    Examples
    --------
    >>> describe_method("rules").paragraphs[0]
    'The segments are stated by rules, not found in the data. The rules were proved to leave no combination of values out and to put none
    in two segments.'
    """
    name = method_of(method).name
    if name in WEIGHTS:
        weights = WEIGHTS[name]
    elif weighted:
        weights = "A unit of weight 2 counts as two units; units without a weight are placed and not learned from."
    else:
        weights = "There are no weights: every unit counts once."
    took = "" if comparison is None else f" {comparison.n:,} of {comparison.units:,} units took part."
    second = " ".join(part for part in (MISSING[name] + took, weights, EXTRA.get(name, "")) if part)
    return Reading([WHAT[name], second])


def describe_model_comparison(comparison: Comparison, *, units: str = "units") -> Reading:
    """What the comparison of a method other than k-means says, with the rule that was used.

    Parameters
    ----------
    comparison : Comparison
    units : str

    Returns
    -------
    Reading
    """
    chosen = comparison.recommendation
    row, rule = comparison.table.loc[chosen.segments], chosen.rule
    if rule in ("given", "none found"):
        return Reading([chosen.reason])
    paragraphs = [f"{chosen.reason} {_found(comparison, row)}".strip()]
    drawn = (
        f"{2 * comparison.pairs} times four fifths of the {comparison.n:,} {units} were drawn"
        if comparison.method == "hdbscan"
        else f"The {comparison.n:,} {units} were drawn again with replacement {2 * comparison.pairs} times"
    )
    warm = (
        " Each fit began at the segments found on everybody, so that only the sample differs."
        if _warm(comparison.method)
        else ""
    )
    paragraphs.append(
        f"{drawn}, as if the study had been repeated.{warm} With {count_words(chosen.segments, 'segment')}, two such repeats "
        f"agree on who belongs with "
        f"whom to {row['ari_mean']:.2f} on average (adjusted Rand index: 1 is full agreement, 0 is chance), and the segment that "
        f"comes back "
        f"least well shares {row['jaccard_min']:.0%} with its nearest counterpart (Jaccard overlap; below 60 % is not to be trusted)."
    )
    if "bic" in comparison.table:
        paragraphs.append(_by_criteria(comparison))
    return Reading(paragraphs)


def tabulate_criteria(comparison: Comparison, *, units: str = "units", source: str = "") -> Table:
    """Likelihood and information criteria of a mixture, one row a number of segments.

    Parameters
    ----------
    comparison : Comparison
    units, source : str

    Returns
    -------
    Table
        Empty where the method has no likelihood: only mixtures (latent classes, latent profiles, normals) have one.
    """
    table = comparison.table
    if "bic" not in table:
        return Table(pd.DataFrame(), "")
    shown = pd.DataFrame(
        {
            "segments": table.index.astype(int),
            "log-likelihood": table["loglik"],
            "reproduced": [
                f"{int(h):,} of {int(s):,} starts" for h, s in zip(table["hits"], table["starts"], strict=True)
            ],
            "numbers learned": table["parameters"].astype(int),
            "BIC": table["bic"],
            "ICL": table["icl"],
            "AIC": table["aic"],
            "SABIC": table["sabic"],
            "certainty": table["entropy"],
        }
    ).reset_index(drop=True)
    formats = {name: ",.1f" for name in ("log-likelihood", "BIC", "ICL", "AIC", "SABIC")} | {"certainty": ".2f"}
    end = source_words(source)
    caption = f"Criteria of {comparison.method} by number of segments. n = {comparison.n:,} {units}.{end}"
    note = (
        "Reproduced: how many random starts ended at the best log-likelihood; one alone may not be the best there is. BIC, ICL, "
        "AIC, SABIC: "
        "misfit plus a price for every number learned, lower is better; ICL also charges for doubt about who is where. Certainty: "
        "relative "
        "entropy, 1 if every unit is surely in one segment, 0 if nobody is. On large samples criteria go on falling: they do not "
        "choose the "
        "number by themselves."
    )
    return Table(shown, caption, formats, note)


def describe_auto(choice: AutoChoice | None, *, units: str = "units") -> Reading:
    """Why this method, what was tried and what the runner-up would have said.

    Examples
    --------
    >>> str(describe_auto(None))
    'The method was named in the study file. With method: auto those that fit the variables are tried, and the choice is explained.'
    """
    if choice is None:
        named = "The method was named in the study file."
        return Reading(
            [f"{named} With method: auto those that fit the variables are tried, and the choice is explained."]
        )
    table = choice.table
    paragraphs = [
        f"{choice.reason} Tried: {join_words(list(table.index))}. The method whose segments come back best when the study is repeated on "
        "resamples is used; near ties go to the simpler one."
    ]
    if choice.runner_up is not None:
        row = table.loc[choice.runner_up.method]
        paragraphs.append(
            f"The runner-up, {choice.runner_up.method}, would have made {int(row['segments'])} segments; its division and the one "
            f"used agree "
            f"to {row['agreement']:.2f} (adjusted Rand index: 1 is the same division, 0 is chance)."
        )
    left = "; ".join(f"{name}: {why}" for name, why in choice.left_out.items())
    return Reading([*paragraphs, f"Not tried: {left}." if left else "Every method was tried."])


def tabulate_auto(choice: AutoChoice | None, *, units: str = "units", source: str = "") -> Table:
    """The methods tried, the chosen one first; empty if the method was named."""
    if choice is None:
        return Table(pd.DataFrame(), "")
    table = choice.table
    shown = pd.DataFrame(
        {
            "method": [
                f"{name}{' (used)' if used else ''}" for name, used in zip(table.index, table["chosen"], strict=True)
            ],
            "segments": table["segments"].astype(int),
            "agreement of repeats": table["ari_mean"],
            "least stable segment": table["jaccard_min"],
            "smallest segment (n)": table["smallest_n"].astype(int),
            "same division as the one used": table["agreement"],
        }
    ).reset_index(drop=True)
    formats = {
        name: ".2f" for name in ("agreement of repeats", "least stable segment", "same division as the one used")
    }
    caption = (
        f"Methods tried, each at the number of segments it recommends. n = {choice.comparison.n:,} {units} with the method used."
        f"{source_words(source)}"
    )
    note = (
        "Agreement of repeats: mean adjusted Rand index of two resamples. Mixtures and medoids begin each resample at their own "
        "segments, "
        "which flatters them a little. Same division: adjusted Rand index with the method used."
    )
    return Table(shown, caption, formats, note)


def rule_names(solution: Solution) -> dict[str, str]:
    """Segment id to the name its rule has; empty for methods without rules.

    Parameters
    ----------
    solution : Solution

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> from segmentation.clustering import Solution
    >>> centres = pd.DataFrame({"size": [1.0, -1.0]}, index=["S1", "S2"])
    >>> model = {"rules": [{"name": "Small", "when": {}}, {"name": "Large", "when": {}}]}
    >>> rule_names(Solution("r", centres, pd.Series([5, 2]), {}, 1, 0.4, method="rules", model=model, components=(1, 0)))
    {'S1': 'Large', 'S2': 'Small'}
    """
    if "rules" not in solution.model:
        return {}
    return {
        segment: str(solution.model["rules"][component]["name"])
        for segment, component in zip(solution.segments, solution.components, strict=True)
    }


def _warm(method: str) -> bool:
    return method in ("latent-class", "latent-profile", "gaussian", "medoids")


def _found(comparison: Comparison, row: pd.Series) -> str:
    starts, hits = int(row["starts"]), int(row["hits"])
    if starts <= 1:
        return "The method has no luck in it: it was run once for each number."
    doubt = "" if hits >= 3 else "; a better one may have been missed"
    return f"The best result for {comparison.recommended} segments was reached by {hits:,} of {starts:,} random starts{doubt}."


def _by_criteria(comparison: Comparison) -> str:
    table = comparison.table
    k = comparison.recommended
    bic, icl = int(table["bic"].idxmin()), int(table["icl"].idxmin())
    edge = (
        " (the largest number compared, so it may go on falling)"
        if bic == int(table.index.max()) and len(table) > 1
        else ""
    )
    sure = table.loc[k, "entropy"]
    said = "not known" if np.isnan(sure) else f"{sure:.2f}"
    return (
        f"By likelihood alone, BIC (misfit plus a price for every number learned; lower is better) is lowest at {bic} "
        f"segments{edge}, and ICL, "
        f"which also charges for doubt about who is where, at {icl}. With {k} segments the certainty of membership is {said} (relative "
        "entropy: 1 is certain, 0 is guessing)."
    )
