"""The label every segmentation carries: natural, reproducible or constructive, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..display import Callout, Reading, format_p
from ..study import Choices
from ..words import count_words, join_words
from .power import describe_power
from .selection import (
    PATTERN_JACCARD,
    STABLE_ARI,
    STABLE_JACCARD,
    Comparison,
    check_compared,
    comparable_rows,
    compare_solutions,
    known_weights,
)
from .structure import StructureTest, measure_structure, say_p

__all__ = ["Verdict", "assess_structure", "describe_verdict"]

UNITS_PER_VARIABLE = 70
CALIBRATED = (
    "kmeans"  # the test's partitions are those of k-means; how often "natural" is a false alarm is known for it alone
)
Label = Literal["natural", "reproducible", "constructive"]
SET_BY: Mapping[str, str] = {"rules": "The segments were set by rules beforehand."}
ABOUT: Mapping[str, str] = {
    "rules": (
        "The rules would stand whatever the data looked like; the label tells whether the same variables also show such segments by "
        "themselves."
    ),
    "tree": (
        "These segments were cut so that they differ in an outcome, so differing in it is no evidence for them; the label tells whether "
        "the variables themselves show segments."
    ),
    "hdbscan": (
        "These segments are crowds with emptier space around them; who stands in no crowd is in no segment and not counted in how well "
        "the segments come back."
    ),
}


@dataclass(frozen=True)
class Verdict:
    """Whether segments are found or made.

    Attributes
    ----------
    label : {"natural", "reproducible", "constructive"}
        natural: every segment's bootstrap Jaccard is at least 0.75, the method is k-means, and either the joint test rejects
        and the number judged is itself tighter than 97.5 % of the references at that number (``tighter``), or only the dip test
        rejects and the number judged is 2: a dip tells one heap from more and says nothing for any other number. Each implies
        ``structured``, so the word is never more frequent than a rejection. reproducible: not natural, mean adjusted Rand index
        at least 0.80 and every Jaccard at least 0.60. constructive: anything else, also where there were too few units to test.
    segments : int or None
        Number of segments judged; None if nothing was compared.
    p, alpha : float
        Of the structure test, and the error rate it was held against. p is NaN if not tested.
    jaccard_min, ari_mean : float
        Stability of the solution judged; NaN if not compared.
    structure : StructureTest
    n, variables, needed : int
        Complete units, base variables, and the units recommended for that many (70 a variable).
    method : str
        How the segments were formed, as ``method:`` of a study names it.
    """

    label: Label
    segments: int | None
    p: float
    alpha: float
    jaccard_min: float
    ari_mean: float
    structure: StructureTest
    n: int
    variables: int
    needed: int
    method: str = "kmeans"

    @property
    def tested(self) -> bool:
        """False if there were too few units to test."""
        return not np.isnan(self.p)

    @property
    def structured(self) -> bool:
        """True if one correlated population was rejected."""
        return self.tested and self.p <= self.alpha

    @property
    def joint(self) -> bool:
        """True if the joint test rejects at its share of the limit."""
        return _joint_rejects(self.structure, self.alpha)

    @property
    def tighter(self) -> bool:
        """True if the joint test rejects and k-means with the number judged is tighter than 97.5 % of the references."""
        return self.joint and _is_tight(self.structure, self.segments)

    @property
    def heaps(self) -> list[str]:
        """Variables in which the dip test finds more than one heap."""
        dip = self.structure.dip
        return [str(name) for name in dip.index[dip["p_holm"] <= self.alpha / 2]] if self.tested else []

    @property
    def exploratory(self) -> bool:
        """True below 70 units a base variable (Dolnicar et al. 2013)."""
        return self.n < self.needed

    def to_dict(self) -> dict[str, Any]:
        """What a report keeps, as JSON types, with the sentences for a reader."""
        callout, reading = describe_verdict(self)
        numbers = {"p": self.p, "jaccard_min": self.jaccard_min, "ari_mean": self.ari_mean}
        return {
            "label": self.label,
            "method": self.method,
            "segments": self.segments,
            **{name: None if np.isnan(value) else float(value) for name, value in numbers.items()},
            "alpha": self.alpha,
            "n": self.n,
            "variables": self.variables,
            "needed": self.needed,
            "tested": self.tested,
            "exploratory": self.exploratory,
            "structure": self.structure.to_dict(),
            "sentences": [callout.title, callout.text, *reading.paragraphs],
        }


def assess_structure(
    encoded: pd.DataFrame,
    *,
    segments: Sequence[int],
    choices: Choices,
    comparison: Comparison | None = None,
    chosen: int | None = None,
    weights: pd.Series | None = None,
) -> Verdict:
    """Judge whether the data show segments of their own.

    Parameters
    ----------
    encoded : pandas.DataFrame of shape (n_units, n_variables)
        z-scores of base variables by unit.
    segments : range or sequence of int
        Numbers of segments considered.
    choices : Choices
    comparison : Comparison, optional
        Of the same table; computed if not given.
    chosen : int, optional
        Number of segments judged; default: the recommended one.
    weights : pandas.Series, optional
        As for ``compare_solutions``, in the test too; not used if ``comparison`` is given.

    Returns
    -------
    Verdict

    Raises
    ------
    ParameterError
        If ``chosen`` was not compared, or there are fewer different units than segments.
    DataContractError
        If a variable is constant.
    """
    if comparison is None:
        rows, weight = comparable_rows(encoded, weights)
        seeds = {"references": choices.references, "random_state": choices.random_state}
        structure = measure_structure(rows, list(segments), weights=known_weights(rows, weight), **seeds)
        if structure.reason:
            return _judge(structure, None, float("nan"), float("nan"), choices.alpha)
        comparison = compare_solutions(encoded, list(segments), choices=choices, structure=structure, weights=weights)
    k = comparison.recommended if chosen is None else check_compared(comparison, chosen, name="chosen")
    row = comparison.table.loc[k]
    method = getattr(comparison, "method", "kmeans")
    return _judge(
        comparison.structure, int(k), float(row["jaccard_min"]), float(row["ari_mean"]), choices.alpha, method=method
    )


def describe_verdict(
    verdict: Verdict, *, units: str = "units", labels: Mapping[str, str] | None = None
) -> tuple[Callout, Reading]:
    """The verdict for a reader: the statement, and how it was reached.

    Parameters
    ----------
    verdict : Verdict
    units : str
        What units are called, plural.
    labels : mapping of str to str, optional
        Variable name to words.

    Returns
    -------
    tuple of Callout and Reading
    """
    callout = _state(verdict, units, labels or {})
    paragraphs = [
        _explain_test(verdict, units, labels or {}),
        _explain_power(verdict, units),
        _explain_stability(verdict),
        _explain_limits(verdict, units),
    ]
    return callout, Reading([text for text in paragraphs if text])


def _judge(
    structure: StructureTest, k: int | None, jaccard: float, ari: float, alpha: float, *, method: str = "kmeans"
) -> Verdict:
    label: Label = "constructive"
    if method == "rules" or k == 1:  # the same in every sample by construction, which is no evidence
        pass
    elif method == CALIBRATED and jaccard >= STABLE_JACCARD and _is_shown(structure, k, alpha):
        label = "natural"
    elif not structure.reason and ari >= STABLE_ARI and jaccard >= PATTERN_JACCARD:
        label = "reproducible"
    needed = UNITS_PER_VARIABLE * structure.variables
    return Verdict(
        label, k, structure.p, alpha, jaccard, ari, structure, structure.n, structure.variables, needed, method
    )


def _joint_rejects(structure: StructureTest, alpha: float) -> bool:
    """Whether the joint test rejects: at all of the limit, or at half where the dip test has the other half."""
    return bool(structure.p_joint <= (alpha if np.isnan(structure.p_dip) else alpha / 2))


def _is_tight(structure: StructureTest, k: int | None) -> bool:
    """Whether the data in k segments are tighter than 97.5 % of the references in k; false where k was not tested."""
    if k not in structure.drops.index:
        return False
    row = structure.drops.loc[k]
    return bool(row["observed"] > row["upper"] and row["excess"] > 0)


def _is_shown(structure: StructureTest, k: int | None, alpha: float) -> bool:
    """Whether the test speaks for k segments of k-means; only where it rejects."""
    if _joint_rejects(structure, alpha):
        return _is_tight(structure, k)
    return bool(structure.p <= alpha) and k == 2  # only the dip test: more than one heap, which shows no other number


def _state(verdict: Verdict, units: str, labels: Mapping[str, str]) -> Callout:
    """The opening words: what was found, then what may and what may not be decided from it."""
    if not verdict.tested:
        return Callout(
            "caution",
            "Not enough data to tell whether there are segments.",
            f"{verdict.structure.reason}. Until there are more, any partition is the team's construction. {_may_decide(verdict, units)}",
        )
    title, text = _finding(verdict, units, labels)
    if verdict.method in SET_BY:
        title, text = f"{SET_BY[verdict.method]} {title}", f"{text} {ABOUT[verdict.method]}"
    elif verdict.method in ABOUT:
        text = f"{text} {ABOUT[verdict.method]}"
    kind = "finding" if verdict.label == "natural" else "caution"
    return Callout(kind, title, f"{text} {_may_decide(verdict, units)}")


def _finding(verdict: Verdict, units: str, labels: Mapping[str, str]) -> tuple[str, str]:
    k = verdict.segments
    if verdict.label == "natural":
        back = f"each of the {k} comes back when the study is repeated on resampled {units}"
        if not verdict.tighter:
            return "The data show segments of their own.", (
                f"{_say_heaps(verdict, labels)} Divided into {k} segments, {back}. This is evidence for more than one group, not proof "
                f"that there are exactly {k}, nor that the other variables tell them apart: see in the profile whether the {k} segments "
                "are these heaps."
            )
        return "The data show segments of their own.", (
            f"Divided into {k} segments, these {units} hold together more tightly than one population with the same variables and "
            f"correlations would, and {back}. This is evidence for segments, not proof that there are exactly {k}."
        )
    if verdict.label == "reproducible":
        cuts = (
            _say_shortfall(verdict, units, labels)
            if verdict.structured
            else "They are useful cuts through a population without clear gaps;"
        )
        return "The data show no proven segments of their own, but the same division comes back.", (
            f"A study repeated on other {units} would draw much the same {k} segments, so most of a plan would carry over. "
            f"{cuts} {units} near a border belong almost as much to the segment next door."
        )
    return _find_none(verdict, units)


def _find_none(verdict: Verdict, units: str) -> tuple[str, str]:
    """What is said of a construction."""
    if verdict.structured and (verdict.method == "rules" or verdict.segments == 1):
        return "The data do not show these segments: any partition is the team's construction.", (
            f"The {units} are not one evenly correlated population, but nothing shows that this division follows its parts. Judge it by "
            "its use, and do not call its parts kinds of customers."
        )
    if verdict.structured:
        return "The data show no segments that come back: any partition is the team's construction.", (
            f"The {units} are not one evenly correlated population, but this division of them does not come back reliably when the "
            "study is repeated on resamples: another sample would draw other borders. Judge a partition by its use, do not call its "
            "parts kinds of customers, and expect them to change."
        )
    return "The data show no segments of their own: any partition is the team's construction.", (
        f"The {verdict.n:,} {units} look like one population without gaps, and a repeat of the study would draw other borders than "
        "these. Judge a partition by its use, do not call its parts kinds of customers, and expect them to change. Not found is no "
        f"proof of none: differences too faint for {verdict.n:,} {units} would not show."
    )


def _say_heaps(verdict: Verdict, labels: Mapping[str, str]) -> str:
    """What the dip test found where the joint test found nothing for the number judged."""
    found = join_words([f"“{labels.get(name, name)}”" for name in verdict.heaps]) or "none of the variables"
    rest = "finds no partition tight enough here" if verdict.joint else "finds nothing"
    return f"There are two heaps of values (or more) in {found}; the joint test of all variables together {rest}."


def _say_shortfall(verdict: Verdict, units: str, labels: Mapping[str, str]) -> str:
    """Why the data are not one population and these segments are still not called natural."""
    k = verdict.segments
    many = (
        f"The {units} are not one evenly correlated population, but that these {k} segments are its parts is not shown:"
    )
    if verdict.method != CALIBRATED:
        return f"{many} the word natural is calibrated for k-means only, and these were formed otherwise;"
    if verdict.jaccard_min < STABLE_JACCARD:
        return f"{many} the least stable of them shares only {verdict.jaccard_min:.0%} with its counterpart in repeats;"
    if verdict.joint:
        return f"{many} with {k} segments the data are not clearly tighter than one population would be;"
    return f"{many} {_lower_first(_say_heaps(verdict, labels))[:-1]}, which speaks for no more than two;"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _may_decide(verdict: Verdict, units: str) -> str:
    """What a reviewer may and may not decide from the label."""
    if verdict.label == "natural":
        return (
            "What may be decided: to treat the segments as kinds of customers and build offers, messages and targets on each. What may "
            f"not: that there are exactly {verdict.segments}, that everybody belongs to one of them alone, or why they differ."
        )
    if verdict.label == "reproducible":
        return (
            "What may be decided: to plan, size and target with these segments, since another study would give much the same ones; the "
            f"least stable shares {verdict.jaccard_min:.0%} with its counterpart. What may not: "
            f" that they are kinds of customers that exist by themselves; {units} near a border can be treated either way."
        )
    return (
        "What may be decided: whether this partition is a handy way to divide the work, by its use. What may not: budgets, headcount or "
        "claims that rest on the segments being there; try simpler rules, other variables or more data first."
    )


def _explain_test(verdict: Verdict, units: str, labels: Mapping[str, str]) -> str:
    test = verdict.structure
    if test.reason:
        return ""
    result = "is rejected" if verdict.structured else "is not rejected"
    text = (
        f"How this was tested: {test.references} made-up data sets were given exactly the same values in every variable and the same "
        "correlations, but no segments. The most telling partition of the real data was compared with the same searched in each of "
        f"them. That the {test.n:,} complete {units} are one such population {result} "
        f"({say_p(test)}; p is the chance of a partition at least as tight if there were no segments; the limit set is "
        f"{verdict.alpha:g}).{_say_excess(verdict)}"
    )
    if len(test.dip):
        found = ", ".join(f"“{labels.get(name, name)}”" for name in verdict.heaps)
        many = f"{len(test.dip)} variable{'s' if len(test.dip) != 1 else ''} that can be tested so"
        text += (
            f" A second test (dip test) looks for two separate heaps of values in one variable, in the {many}: it finds "
            f"{found or 'none'} (smallest p, corrected for their number: {format_p(test.p_dip)}). Each of the two tests has half of "
            "the limit."
        )
    return text


def _say_excess(verdict: Verdict) -> str:
    """How much tighter the number judged is than the references; the test's partitions are those of k-means."""
    drops = verdict.structure.drops
    excess = float(drops["excess"].get(verdict.segments, np.nan)) if verdict.method == CALIBRATED else float("nan")
    if np.isnan(excess):
        return ""
    row, more = drops.loc[verdict.segments], "tighter" if excess > 0 else "looser"
    beyond = "tighter" if row["observed"] > row["upper"] else "not tighter"
    return (
        f" In {verdict.segments} segments the real data are {abs(excess):.1%} {more} than the made-up ones on average, and {beyond} than "
        "97.5 % of them."
    )


def _explain_power(verdict: Verdict, units: str) -> str:
    return "" if verdict.structure.reason else describe_power(verdict.n, verdict.variables, units=units)


def _explain_stability(verdict: Verdict) -> str:
    if verdict.segments is None or np.isnan(verdict.jaccard_min):
        return ""
    if verdict.method == "rules" or verdict.segments == 1:
        why = (
            "they are stated by rules"
            if verdict.method == "rules"
            else "no segments were found, and everybody stands in one"
        )
        return f"Stability says nothing here: {why}, which is the same in every sample. What is made so is called constructive."
    return (
        f"Stability: with {count_words(verdict.segments, 'segment')}, repeats on resampled data agree to {verdict.ari_mean:.2f} "
        "(1 is full agreement, 0 is chance), and the least stable segment and its counterpart have "
        f"{verdict.jaccard_min:.0%} of the members of either in common. The rule: a solution of k-means is called natural (found in "
        f"the data) if every segment has at least {STABLE_JACCARD:.0%} in common and the joint test above rejects, with this number of "
        "segments itself tighter than 97.5 % of the made-up data sets; where only the dip test rejects, only two segments can be called "
        "natural. Other methods never are, since the word is calibrated for k-means only. A solution is reproducible (not found, "
        f"but it comes back) if repeats agree to at least {STABLE_ARI:.2f} and every segment has "
        f"{PATTERN_JACCARD:.0%}; constructive (made by the team) otherwise. By this rule it is {verdict.label}."
    )


def _explain_limits(verdict: Verdict, units: str) -> str:
    text = (
        "What this does not show: the test finds structure beyond one evenly correlated population. A single population along a curve "
        "is such structure too, and so are shares that were counted from a few events each. It does not count segments."
    )
    if verdict.exploratory:
        text += (
            f" Exploratory: {verdict.n:,} {units} with {verdict.variables} base variables is fewer than the {verdict.needed:,} advised "
            f"({UNITS_PER_VARIABLE} a variable), so borders may be misplaced."
        )
    return text
