"""Experiments in words and tables for readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ..display import Callout, Reading, Table, format_p
from ..messaging.rates import say_share
from ..words import source_words
from .experiment import ExperimentResult
from .wording import coverage_words, difference_words, interval_words, joint_words, level_words

__all__ = [
    "describe_experiment", "describe_experiments", "tabulate_arms", "tabulate_channels", "tabulate_effects",
]  # fmt: skip


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
            f"{sizes} Chance alone would hardly give so uneven a split ({_say_p(p)}). Something decided who was "
            f"counted: look for it before reading any difference. {_say_left_out(result, units)}".strip(),
        )
    paragraphs = [
        f"{experiment.title}. Chance alone decided who was in which arm (a way of being treated), so a difference between "
        f"arms that chance cannot explain comes from the treatment. {_say_sizes(result, units)} {_say_ratio(result)}",
        _say_overall(result),
        _say_segments(result),
        _say_spread(result),
        _say_adjusted(result),
        _say_channels(result),
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
    text = f"Their sizes fit the plan (check of the sample ratio: {_say_p(p)}; below 0.001 would be an alarm)."
    odd = result.srm.loc[(result.srm["segment"] != "all") & (result.srm["p"] < 0.001), "segment"]
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
        p = _say_p(row.p)  # type: ignore[attr-defined]
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
        f"With what “{name}” before the test explains taken out (CUPED: what was known of each unit before is used to remove "
        f"noise), the difference of {row.arm} over everybody is "
        f"{difference_words(row.cuped, metric)} (95 % interval {interval_words(row.cuped_lower, row.cuped_upper, metric)}); it explains "
        f"{row.r2:.1%} of the spread (R2 is that part), so the interval is {_say_width(row)}. Verdicts rest on the raw difference."
        for row in rows.itertuples()
    )


def _say_width(row: object) -> str:
    raw = row.upper - row.lower  # type: ignore[attr-defined]
    change = (row.cuped_upper - row.cuped_lower) / raw - 1 if raw else 0.0  # type: ignore[attr-defined]
    return "about as wide" if abs(change) < 0.01 else f"{abs(change):.0%} {'narrower' if change < 0 else 'wider'}"


def _say_channels(result: ExperimentResult) -> str:
    inner = result.channels[result.channels["segment"] != "all"] if len(result.channels) else result.channels
    shown = inner.dropna(subset=["lift"]) if len(inner) else inner
    if shown.empty:
        return ""
    metric = result.experiment.metric
    parts = [
        f"{row.segment} {difference_words(row.lift, metric)} (95 % interval {interval_words(row.lower, row.upper, metric)}, "
        f"n = {int(row.n_control):,d} and {int(row.n_arm):,d})"
        for row in shown.itertuples()
    ]
    spread = [row for row in result.channel_spread.itertuples() if row.segments > 1 and result.finished]
    differ = " ".join(
        f"Between channels they {'differ by more than chance explains' if row.p <= result.alpha else 'may well be the same'} "
        f"(Cochran's Q, which holds their spread against what chance gives: {_say_p(row.p)})."
        for row in spread
    )
    return f"By channel: {'; '.join(parts)}. {differ}".strip()


def _say_segments(result: ExperimentResult) -> str:
    inner, metric = result.effects[result.effects["segment"] != "all"], result.experiment.metric
    several = inner["arm"].nunique() > 1
    sentences = []
    phrases = {
        "helped": "It helped",
        "harmed": "It harmed",
        "points to harm": "There are signs of harm, not beyond doubt once all segments are looked at together, in",
    }
    for verdict, phrase in phrases.items():
        hits = [_say_lift(row, several, metric) for row in inner[inner["verdict"] == verdict].itertuples()]
        if hits:
            sentences.append(f"{phrase} {'; '.join(hits)}.")
    waiting = [_name(row, several) for row in inner[inner["verdict"] == "goes on"].itertuples()]
    if waiting:
        sentences.append(f"The test goes on: nothing is concluded yet for {', '.join(waiting)}.")
    still = [_name(row, several) for row in inner[inner["verdict"] == "nothing varied"].itertuples()]
    if still:
        sentences.append(
            f"Nothing varied in {', '.join(still)}: everybody in both arms did the same, so no interval can be given and nothing is "
            "concluded."
        )
    open_rows = inner[inner["verdict"] == "no clear difference"]
    if len(open_rows):
        listed = ", ".join(_name(row, several) for row in open_rows.itertuples())
        known = open_rows["detectable"].dropna()
        low, high = (
            (difference_words(edge, metric, sign="") for edge in (known.min(), known.max())) if len(known) else ("", "")
        )
        span = low if low == high else f"{low} to {high}, depending on the segment"
        least = (
            f" With these numbers of units even a segment that is looked at alone would often not show a difference of less than {span}; "
            "the plan below allows for the other segments too, and so asks for more."
        )
        sentences.append(f"No clear difference in {listed}.{least if len(known) else ''}")
    small = inner[inner["verdict"].isin(["too few units", "withheld"])]
    if len(small):
        sentences.append(
            f"Too few units to say anything in {', '.join(_name(row, several) for row in small.itertuples())}."
        )
    unread = [_name(row, several) for row in inner[inner["verdict"] == "not read"].itertuples()]
    if unread:
        sentences.append(f"Not read: {', '.join(unread)}, where the arms are not the sizes chance would give.")
    if inner["lift"].notna().any():
        sentences.append(_say_family(result))
    return " ".join(sentences)


def _say_family(result: ExperimentResult) -> str:
    experiment = result.experiment
    if not result.finished:
        return (
            "Before the end only a planned look says something, and only of whom its limit was passed. The intervals are 95 % ones of "
            "one test looked at once, and do not allow for looking early."
        )
    which = f"the {result.tests} tests of the family “{experiment.rule.label or experiment.family}”"
    tests = which if experiment.family else f"these {result.tests} tests" if result.tests > 1 else "this one test"
    if experiment.rule.control == "familywise":
        rate = f"the chance that any of {tests} is so named falsely is at most {result.alpha:.0%}"
    else:
        rate = f"of all so named among {tests}, at most about {result.alpha:.0%} are expected to be false finds"
    looked = (
        " Where looks were planned in a segment, it is so named only if it passed a limit besides."
        if len(result.looks)
        else ""
    )
    return (
        "Looking at several segments finds something by chance sooner or later; the words “helped” and “harmed” allow for that "
        f"({rate}), and so do their intervals: {say_coverage([result])}.{looked}"
    )


def _say_spread(result: ExperimentResult) -> str:
    sentences = []
    for row in result.heterogeneity.itertuples():
        if row.segments > 1 and result.finished:
            verdict = (
                "differs between segments by more than chance explains"
                if row.p <= result.alpha
                else "may well be the same in all segments"
            )
            sentences.append(
                f"The difference of {row.arm} {verdict} (Cochran's Q, which holds the spread of the differences against what chance gives: "
                f"{_say_p(row.p)}; about "
                f"{row.i2:.0%} of the spread between segments is more than chance, by a rough estimate)."
            )
        if row.reversed:
            unread = (result.effects["verdict"] == "not read").any()
            read = (
                "Find out why the arms are mixed so differently before reading any of it"
                if unread
                else "Read the segments, not the total"
            )
            sentences.append(
                "Careful: over everybody the difference points one way, and with the same mix of segments in both arms the other way "
                f"({difference_words(row.standardised, result.experiment.metric)}; Simpson's paradox). {read}."
            )
    if sentences and (result.heterogeneity["segments"] > 1).any():
        sentences.append(
            "The shrunk column pulls each segment's difference towards their mean, the more the fewer units it rests on: a better "
            "guess of what a repeat would show, because the largest raw difference is usually partly luck."
        )
    return " ".join(sentences)


def _say_left_out(result: ExperimentResult, units: str) -> str:
    if not result.left_out:
        return ""
    reasons = {reason.replace("units", units): count for reason, count in result.left_out.items()}
    return f"Left out or counted apart: {'; '.join(f'{reason}: {count:,d}' for reason, count in reasons.items())}."


def _say_lift(row: object, several: bool, metric: str) -> str:
    span = joint_words(row.joint_lower, row.joint_upper, row.coverage, int(row.tests), metric)  # type: ignore[attr-defined]
    return (
        f"{_name(row, several)} ({difference_words(row.lift, metric)}, {span}, "  # type: ignore[attr-defined]
        f"n = {int(row.n_control)} and {int(row.n_arm)})"  # type: ignore[attr-defined]
    )


def _name(row: object, several: bool) -> str:
    return f"{row.segment} ({row.arm})" if several else str(row.segment)  # type: ignore[attr-defined]


def _say_p(p: float) -> str:
    shown = format_p(p)
    return f"p {shown}" if shown[0] in "<>" else f"p = {shown}"


def say_coverage(results: Sequence[ExperimentResult]) -> str:
    """How wide the intervals of differences are, and why: for instance 98.3 % in segments, wide enough for 6 tests; 95 % over everybody."""
    rows = pd.concat([result.effects for result in results], ignore_index=True).dropna(subset=["lift"])
    inner, total = rows[rows["segment"] != "all"], rows[rows["segment"] == "all"]
    said = []
    for part, where in ((inner, "in segments"), (total, "over everybody")):
        kinds = part[["coverage", "tests"]].drop_duplicates()
        said += [
            f"{coverage_words(row.coverage)} {where}{f', wide enough for {int(row.tests)} tests' if row.tests > 1 else ''}"
            for row in kinds.itertuples()
        ]
    return "; ".join(dict.fromkeys(said)) or "none, for too few units"


def tabulate_effects(
    results: ExperimentResult | Sequence[ExperimentResult], *, source: str = ""
) -> Table | Callout | Reading:
    """Table of differences by segment; of shares alone when nothing was randomised.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Table, Callout or Reading
        The shares by segment and arm, without differences, when nothing was randomised or the arms are not of the planned sizes;
        an empty reading when there is no experiment, which ``describe_experiments`` says.
    """
    chosen = _listed(results)
    shown = [result for result in chosen if result.experiment.randomised and not result.alarm]
    if not chosen:
        return Reading(())
    if not shown:
        return tabulate_arms(results, source=source)
    names = {
        "segment": "Segment", "arm": "Arm", "verdict": "Verdict", "n_control": "n control", "n_arm": "n arm",
        "rate_control": "Control", "rate_arm": "Treated", "lift": "Difference", "joint_lower": "from", "joint_upper": "to", "q": "q",
        "shrunk": "Shrunk",
    }  # fmt: skip
    adjusted = any(result.effects["cuped"].notna().any() for result in shown)
    if adjusted:
        names = {key: word for name, label in names.items() for key, word in _beside(name, label)}
    frame = _stack([result.effects for result in shown], shown, names)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    if all(len(result.experiment.treated) == 1 for result in shown):
        frame = frame.drop(columns="Arm")
    points = [name for name in ("Difference", "from", "to", "CUPED", "Shrunk") if name in frame]
    shares = {result.experiment.metric for result in shown} == {"binary"}
    if shares:
        frame[points] = 100 * frame[points].astype(float)
    signed = {name: "+.1f" if shares else "+.3g" for name in points}
    level = ".1%" if shares else ".3g"
    formats = {
        "n control": ",.0f",
        "n arm": ",.0f",
        "Control": level,
        "Treated": level,
        "R2": ".1%",
        "q": "p",
    } | signed
    what = "share in the arm minus share in control, in percentage points" if shares else "treated minus control"
    note = (
        f"Difference: {what}, with the interval its verdict rests on (from, to): {say_coverage(shown)}. "
        f"{'CUPED: the same with what was known before taken out, which explains R2 of the spread. ' if adjusted else ''}q: share of "
        "false finds to expect among segments with a q this small or smaller; everybody together is one test and needs none. Shrunk: "
        "pulled towards the mean of segments, the more the fewer units it rests on."
    )
    titles = "; ".join(result.experiment.title for result in shown)
    return Table(frame, f"{titles}: difference by segment, as assigned.{source_words(source)}", formats, note)


def tabulate_arms(results: ExperimentResult | Sequence[ExperimentResult], *, source: str = "") -> Table | Callout:
    """Table of shares by segment and arm; a callout when there is no experiment.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Table or Callout
    """
    chosen = _listed(results)
    if not chosen:
        return Callout("absent", "This study has no experiment.")
    names = {
        "segment": "Segment",
        "arm": "Arm",
        "n": "n",
        "successes": "Did it",
        "rate": "Share",
        "lower": "from",
        "upper": "to",
    }
    frame = _stack([result.arms for result in chosen], chosen, names)
    frame["Segment"] = frame["Segment"].replace({"all": "everybody"})
    shares = all(result.experiment.metric == "binary" for result in chosen)
    formats = {"n": ",.0f", "Did it": ",.0f"} | dict.fromkeys(("Share", "from", "to"), ".1%" if shares else ".4g")
    if not shares:
        frame = frame.rename(columns={"Did it": "Sum", "Share": "Mean or ratio"})
        formats |= {"Sum": ",.6g", "Mean or ratio": ".4g"}
    told = "; ".join(f"{r.experiment.title} (within {r.experiment.window_days} days)" for r in chosen)
    note = "from, to: 95 % interval of the share. A dash is withheld: too few units to publish, or nobody."
    if not all(result.experiment.randomised for result in chosen):
        note += (
            " Whom a campaign reached was chosen, not left to chance: shares describe, and no difference is computed."
        )
    return Table(frame, f"What those in each arm did, by segment: {told}.{source_words(source)}", formats, note)


def _beside(name: str, label: str) -> list[tuple[str, str]]:
    """Columns of the difference with the covariate taken out, after the raw one."""
    return [(name, label), ("cuped", "CUPED"), ("r2", "R2")] if name == "joint_upper" else [(name, label)]


def tabulate_channels(results: ExperimentResult | Sequence[ExperimentResult], *, source: str = "") -> Table | Reading:
    """Table of differences by channel; nothing where no experiment names a channel.

    Parameters
    ----------
    results : ExperimentResult or sequence of them
    source : str
        Source line of the caption.

    Returns
    -------
    Table or Reading
    """
    shown = [replace(result, effects=result.channels) for result in _listed(results) if len(result.channels)]
    if not shown:
        return Reading(())
    table = tabulate_effects(shown, source=source)
    frame = table.frame.rename(columns={"Segment": "Channel"})
    return Table(
        frame,
        table.caption.replace("by segment", "by channel"),
        table.formats,
        table.note.replace("segment", "channel"),
    )


def _listed(results: ExperimentResult | Sequence[ExperimentResult]) -> list[ExperimentResult]:
    return [results] if isinstance(results, ExperimentResult) else list(results)


def _stack(tables: list[pd.DataFrame], results: list[ExperimentResult], names: dict[str, str]) -> pd.DataFrame:
    """Tables under each other, with a column for the experiment when there are several."""
    parts = [table[list(names)].rename(columns=names) for table in tables]
    if len(parts) > 1:
        for part, result in zip(parts, results, strict=True):
            part.insert(0, "Experiment", result.experiment.title)
    return pd.concat(parts, ignore_index=True)
