"""Experiments in words for readers."""

from __future__ import annotations

from collections.abc import Sequence

from ..display import Callout, Reading
from ..messaging.rates import say_share
from .cut_words import say_channels, say_p, say_personas, say_segments, say_spread
from .experiment import ExperimentResult
from .wording import difference_words, interval_words, level_words

__all__ = ["describe_experiment", "describe_experiments"]


def describe_experiments(results: Sequence[ExperimentResult], *, units: str = "units") -> Reading | Callout:
    """All experiments of a study, one after the other; a callout when there is none or one of them is broken.

    Parameters
    ----------
    results : sequence of ExperimentResult
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
    """
    if not results:
        return Callout(
            "absent", "This study has no experiment.", "Nothing here says whether a message changed what anybody did."
        )
    parts = [describe_experiment(result, units=units) for result in results]
    if len(parts) == 1:
        return parts[0]
    paragraphs: list[str] = []
    for part in parts:
        paragraphs += part.paragraphs if isinstance(part, Reading) else [part.title, part.text]
    return Reading(paragraphs)


def describe_experiment(result: ExperimentResult, *, units: str = "units") -> Reading | Callout:
    """What an experiment shows, for whom, and how far to trust it.

    Parameters
    ----------
    result : ExperimentResult
    units : str
        What units are called, plural.

    Returns
    -------
    Reading or Callout
        A callout of kind "caution" when the sizes of the arms are not what chance would give.
    """
    experiment = result.experiment
    if not experiment.randomised:
        return Reading(_describe_campaign(result, units))
    if result.alarm:
        p = result.srm.loc[result.srm["segment"] == "all", "p"].iloc[0]
        sizes = _say_sizes(result, units)
        return Callout(
            "caution",
            f"{experiment.title}: the arms are not the sizes chance would give, so no result is read from it.",
            f"{sizes} Chance alone would hardly give so uneven a split ({say_p(p)}). Something decided who was "
            f"counted: look for it before reading any difference. {_say_left_out(result, units)}".strip(),
        )
    paragraphs = [
        f"{experiment.title}. Chance alone decided who was in which arm (a way of being treated), so a difference between "
        f"arms that chance cannot explain comes from the treatment. {_say_sizes(result, units)} {_say_ratio(result)}",
        _say_overall(result),
        say_segments(result),
        say_personas(result, units),
        say_spread(result),
        _say_adjusted(result),
        say_channels(result),
        " ".join(text for text in (_say_left_out(result, units), *result.notes) if text),
    ]
    return Reading([text for text in paragraphs if text])


def _describe_campaign(result: ExperimentResult, units: str) -> list[str]:
    total = result.arms[result.arms["segment"] == "all"]
    shares = "; ".join(
        f"{row.arm}: withheld, too few" if row.withheld else f"{row.arm}: {say_share(row.successes, row.n)}"
        for row in total.itertuples()
    )
    hoped = result.experiment.outcome.replace("_", " ")
    paragraphs = [
        f"{result.experiment.title}. This campaign chose whom it reached; chance did not. Those it reached may have been keener to "
        "begin with, so the shares describe what they did afterwards and say nothing about what they would have done without it.",
        f"Counted is “{hoped}” within {result.experiment.window_days} days. Of everybody in the campaign – {shares}. Where shares of "
        "segments differ, the segments may differ in this anyway; the campaign need not have anything to do with it.",
    ]
    extra = " ".join(text for text in (_say_left_out(result, units), *result.notes) if text)
    return [*paragraphs, extra] if extra else paragraphs


def _say_sizes(result: ExperimentResult, units: str) -> str:
    total = result.arms[result.arms["segment"] == "all"]
    return f"{units.capitalize()} by arm: {', '.join(f'{row.arm} {int(row.n):,d}' for row in total.itertuples())}."


def _say_ratio(result: ExperimentResult) -> str:
    p = result.srm.loc[result.srm["segment"] == "all", "p"].iloc[0]
    text = f"Their sizes fit the plan (check of the sample ratio: {say_p(p)}; below 0.001 would be an alarm)."
    odd = result.srm.loc[(result.srm["segment"] != "all") & (result.srm["p"] < 0.001), "segment"]
    odd = [result.called(name) for name in odd]
    return f"{text} Not so within {', '.join(odd)}: read nothing from there." if len(odd) else text


def _say_overall(result: ExperimentResult) -> str:
    sentences = []
    metric = result.experiment.metric
    did = "did it" if metric == "binary" else "on average"
    for row in result.effects[result.effects["segment"] == "all"].itertuples():
        if row.verdict in ("too few units", "withheld"):
            sentences.append(f"{row.arm}: too few units to say anything.")
            continue
        if row.verdict == "nothing varied":
            sentences.append(
                f"{row.arm}: nothing varied over everybody (n = {int(row.n_control):,d} and {int(row.n_arm):,d}), so no "
                "interval can be given."
            )
            continue
        sentences.append(
            f"Over everybody, {level_words(row.rate_arm, metric)} {did} in {row.arm} (n = {int(row.n_arm):,d}) and "
            f"{level_words(row.rate_control, metric)} in {result.experiment.control} (n = {int(row.n_control):,d}): a difference of "
            f"{difference_words(row.lift, metric)} (95 % interval {interval_words(row.lower, row.upper, metric)}), "
            f"{_say_chance(row, result)}."
        )
    lead = (
        f"What was hoped for is {_say_metric(result)} within {result.experiment.window_days} days; {result.experiment.control} is the "
        "control, which everything is compared with. Everybody counts as assigned, whether or not the message was opened (intention "
        "to treat)."
    )
    return " ".join([lead, *sentences])


def _say_chance(row: object, result: ExperimentResult) -> str:
    """Whether everybody's difference is more than chance, by the limits of the looks where there are any."""
    named = row.verdict in ("helped", "harmed")  # type: ignore[attr-defined]
    if not result.finished:
        early = "the test goes on, and at no planned look so far is a limit passed, so nothing is concluded"
        return "beyond the limit of a planned look, though the test goes on" if named else early
    if not result.experiment.looks:
        p = say_p(row.p)  # type: ignore[attr-defined]
        return f"more than chance explains ({p})" if named else f"which chance alone may explain ({p})"
    several = "all planned looks allowed for"
    return f"more than chance explains, {several}" if named else f"which chance alone may explain, {several}"


def _say_metric(result: ExperimentResult) -> str:
    experiment, hoped = result.experiment, result.experiment.outcome.replace("_", " ")
    if experiment.metric == "binary":
        return f"“{hoped}”"
    if experiment.metric == "mean":
        return f"more of “{str(experiment.value).replace('_', ' ')}” of “{hoped}”, summed by unit,"
    above, below = (str(name).replace("_", " ") for name in (experiment.numerator, experiment.denominator))
    return f"more “{above}” for every “{below}” of “{hoped}” (the sum of one divided by the sum of the other)"


def _say_adjusted(result: ExperimentResult) -> str:
    """What the figure from before takes out of the noise (CUPED), beside the raw difference."""
    rows = result.effects[(result.effects["segment"] == "all") & result.effects["cuped"].notna()]
    metric, name = result.experiment.metric, str(result.experiment.covariate).replace("_", " ")
    return " ".join(
        f"With what “{name}”, known before the test, explains taken out (CUPED: what was known of each unit before is used to remove "
        f"noise), the difference of {row.arm} over everybody is "
        f"{difference_words(row.cuped, metric)} (95 % interval {interval_words(row.cuped_lower, row.cuped_upper, metric)}); it explains "
        f"{row.r2:.1%} of the spread (R2 is that part), so the interval is {_say_width(row)}. Verdicts rest on the raw difference."
        for row in rows.itertuples()
    )


def _say_width(row: object) -> str:
    raw = row.upper - row.lower  # type: ignore[attr-defined]
    change = (row.cuped_upper - row.cuped_lower) / raw - 1 if raw else 0.0  # type: ignore[attr-defined]
    return "about as wide" if abs(change) < 0.01 else f"{abs(change):.0%} {'narrower' if change < 0 else 'wider'}"


def _say_left_out(result: ExperimentResult, units: str) -> str:
    if not result.left_out:
        return ""
    reasons = {reason.replace("units", units): count for reason, count in result.left_out.items()}
    return f"Left out or counted apart: {'; '.join(f'{reason}: {count:,d}' for reason, count in reasons.items())}."
