"""What an experiment shows by segment, persona and channel, in words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..display import format_p
from .experiment import ExperimentResult
from .strata import NO_PERSONA, NOT_KNOWN
from .wording import coverage_words, difference_words, interval_words, joint_words

__all__ = ["say_channels", "say_coverage", "say_p", "say_personas", "say_segments", "say_spread"]

NAMED = {
    "helped": "It helped",
    "harmed": "It harmed",
    "points to harm": "There are signs of harm, not beyond doubt once all tests are looked at together, in",
}


def say_segments(result: ExperimentResult) -> str:
    """Verdicts by segment; with the rule of the family where nothing is told by persona."""
    inner = result.effects[result.effects["segment"] != "all"]
    told = _say_verdicts(inner, result, "segment")
    tail = "" if len(result.personas) or not inner["lift"].notna().any() else _say_family(result)
    return f"{told} {tail}".strip()


def say_personas(result: ExperimentResult, units: str) -> str:
    """Verdicts by persona, whom they leave out, and the rule of the family."""
    table = result.personas
    if table.empty:
        return ""
    inner = table[~table["segment"].isin([NO_PERSONA, NOT_KNOWN])]
    shared = f"; {result.several:,d} {units} fit several and count for each" if result.several else ""
    how = (
        "as the assignment names it"
        if result.experiment.persona
        else f"{units} that had, before the test, every attribute that defines the persona{shared}"
    )
    tail = _say_family(result) if inner["lift"].notna().any() or _any_segment(result) else ""
    said = (f"By persona ({how}):", _say_verdicts(inner, result, "persona"), _say_rest(table, units), tail)
    return " ".join(text for text in said if text)


def _any_segment(result: ExperimentResult) -> bool:
    return bool(result.effects.loc[result.effects["segment"] != "all", "lift"].notna().any())


def _say_rest(table: pd.DataFrame, units: str) -> str:
    """How many units speak for no persona; they count in their segment and over everybody."""
    rest = table.drop_duplicates("segment").set_index("segment")
    words = {
        NO_PERSONA: "{n:,d} fit no persona",
        NOT_KNOWN: "of {n:,d} nobody can tell, because an attribute that defines a persona is not known of them",
    }
    said = []
    for name, text in words.items():
        if name in rest.index:
            n = int(table.loc[table["segment"] == name, "n_arm"].sum() + rest.loc[name, "n_control"])
            said.append(text.format(n=n))
    tail = "they count in their segments and over everybody, and no test is spent on them"
    return f"Among the other {units}, {', and '.join(said)}; {tail}." if said else ""


def _say_verdicts(inner: pd.DataFrame, result: ExperimentResult, what: str) -> str:
    """Each verdict with those it names."""
    metric, several = result.experiment.metric, len(result.experiment.treated) > 1
    rows = [(row, _name(row, result, several)) for row in inner.itertuples()]
    by_verdict: dict[str, list[str]] = {}
    for row, name in rows:
        by_verdict.setdefault(str(row.verdict), []).append(name)
    sentences = []
    for verdict, phrase in NAMED.items():
        hits = [_say_lift(row, name, metric) for row, name in rows if row.verdict == verdict]
        if hits:
            sentences.append(f"{phrase} {'; '.join(hits)}.")
    listed = {verdict: ", ".join(names) for verdict, names in by_verdict.items()}
    if "goes on" in listed:
        sentences.append(f"The test goes on: nothing is concluded yet for {listed['goes on']}.")
    if "nothing varied" in listed:
        sentences.append(
            f"Nothing varied in {listed['nothing varied']}: everybody in both arms did the same, so no interval can be given and "
            "nothing is concluded."
        )
    if "no clear difference" in listed:
        seen = _say_least(inner[inner["verdict"] == "no clear difference"], metric, what)
        sentences.append(f"No clear difference in {listed['no clear difference']}.{seen}")
    small = [*by_verdict.get("too few units", []), *by_verdict.get("withheld", [])]
    if small:
        sentences.append(f"Too few units to say anything in {', '.join(small)}.")
    if "not read" in listed:
        sentences.append(f"Not read: {listed['not read']}, where the arms are not the sizes chance would give.")
    return " ".join(sentences)


def _say_least(rows: pd.DataFrame, metric: str, what: str) -> str:
    """The smallest difference that would often have shown."""
    known = rows["detectable"].dropna()
    if known.empty:
        return ""
    low, high = (difference_words(edge, metric, sign="") for edge in (known.min(), known.max()))
    span = low if low == high else f"{low} to {high}, depending on the {what}"
    return (
        f" With these numbers of units even a {what} that is looked at alone would often not show a difference of less than {span}; "
        "the plan below allows for the other tests too, and so asks for more."
    )


def _say_family(result: ExperimentResult) -> str:
    experiment = result.experiment
    if not result.finished:
        return (
            "Before the end only a planned look says something, and only of whom its limit was passed. The intervals are 95 % ones, each "
            "of one test by itself, looked at once, and do not allow for looking early."
        )
    both = ", of segments and of personas together," if len(result.personas) else ""
    which = f"the {result.tests} tests of the family “{experiment.rule.label or experiment.family}”{both}"
    tests = which if experiment.family else f"these {result.tests} tests{both}" if result.tests > 1 else "this one test"
    tests = tests.removesuffix(",")
    if experiment.rule.control == "familywise":
        rate = f"the chance that any of {tests} is so named falsely is at most {result.alpha:.0%}"
    else:
        rate = f"of all so named among {tests}, at most about {result.alpha:.0%} are expected to be false finds"
    looked = " Where looks were planned, it is so named only if it passed a limit besides." if len(result.looks) else ""
    several = "segments and personas" if len(result.personas) else "segments"
    return (
        f"Looking at several {several} finds something by chance sooner or later; the words “helped” and “harmed” allow for that "
        f"({rate}), and so do their intervals: {say_coverage([result], several)}.{looked}"
    )


def say_spread(result: ExperimentResult) -> str:
    """Whether differences differ between segments, and between personas; and whether the total misleads."""
    sentences = [text for row in result.heterogeneity.itertuples() for text in _say_between(row, result, "segment")]
    sentences += [text for row in result.persona_spread.itertuples() for text in _say_between(row, result, "persona")]
    if sentences and (result.heterogeneity["segments"] > 1).any():
        sentences.append(
            "The shrunk column pulls each difference towards their mean, the more the fewer units it rests on: a better "
            "guess of what a repeat would show, because the largest raw difference is usually partly luck."
        )
    return " ".join(sentences)


def _say_between(row: object, result: ExperimentResult, what: str) -> list[str]:
    said = []
    if row.segments > 1 and result.finished and row.p == row.p:  # type: ignore[attr-defined]
        verdict = (
            f"differs between {what}s by more than chance explains"
            if row.p <= result.alpha  # type: ignore[attr-defined]
            else f"may well be the same in all {what}s"
        )
        also = "; that they share units is allowed for" if what == "persona" and result.several else ""
        said.append(
            f"The difference of {row.arm} {verdict} (Cochran's Q, which holds the spread of the differences against what chance gives: "  # type: ignore[attr-defined]
            f"{say_p(row.p)}; I2: about {row.i2:.0%} of the spread between {what}s is more than chance, by a rough estimate{also})."  # type: ignore[attr-defined]
        )
    if row.reversed:  # type: ignore[attr-defined]
        unread = (result.effects["verdict"] == "not read").any()
        read = (
            "Find out why the arms are mixed so differently before reading any of it"
            if unread
            else f"Read the {what}s, not the total"
        )
        said.append(
            f"Careful: over everybody the difference points one way, and with the same mix of {what}s in both arms the other way "
            f"({difference_words(row.standardised, result.experiment.metric)}; Simpson's paradox). {read}."  # type: ignore[attr-defined]
        )
    return said


def say_channels(result: ExperimentResult) -> str:
    """Differences by channel, and whether they differ."""
    inner = result.channels[result.channels["segment"] != "all"]
    shown = inner.dropna(subset=["lift"])
    if shown.empty:
        return ""
    metric, several = result.experiment.metric, len(result.experiment.treated) > 1
    parts = [
        f"{_name(row, result, several).replace('_', ' ')} {difference_words(row.lift, metric)} (95 % interval "
        f"{interval_words(row.lower, row.upper, metric)}, n = {int(row.n_control):,d} and {int(row.n_arm):,d})"
        for row in shown.itertuples()
    ]
    spread = [row for row in result.channel_spread.itertuples() if row.segments > 1 and result.finished]
    differ = [
        f"Between channels they {'differ by more than chance explains' if row.p <= result.alpha else 'may well be the same'} "
        f"(Cochran's Q: {say_p(row.p)}; I2: about {row.i2:.0%} of the spread is more than chance)."
        for row in spread
    ]
    lead = f"By channel, each interval of one test by itself: {'; '.join(parts)}."
    tail = "Chance did not decide who was reached by which channel: what differs between channels may differ between those they reach."
    return " ".join([lead, *differ, tail])


def _say_lift(row: object, name: str, metric: str) -> str:
    span = joint_words(row.joint_lower, row.joint_upper, row.coverage, int(row.tests), metric)  # type: ignore[attr-defined]
    sizes = f"n = {int(row.n_control)} and {int(row.n_arm)}"  # type: ignore[attr-defined]
    return f"{name} ({difference_words(row.lift, metric)}, {span}, {sizes})"  # type: ignore[attr-defined]


def _name(row: object, result: ExperimentResult, several: bool) -> str:
    name = result.called(str(row.segment))  # type: ignore[attr-defined]
    return f"{name} ({row.arm})" if several else name  # type: ignore[attr-defined]


def say_p(p: float) -> str:
    """A p value with its letter."""
    shown = format_p(p)
    return f"p {shown}" if shown[0] in "<>" else f"p = {shown}"


def say_coverage(results: Sequence[ExperimentResult], where: str = "segments") -> str:
    """How wide intervals are, and why: such as 98.3 % in segments, widened for choosing among 6 tests."""
    rows = pd.concat([result.effects for result in results], ignore_index=True).dropna(subset=["lift"])
    inner, total = rows[rows["segment"] != "all"], rows[rows["segment"] == "all"]
    said = []
    for part, whom in ((inner, f"in {where}"), (total, "over everybody")):
        among = "tests" if part is inner else "arms"  # over everybody a test is an arm against control
        kinds = part[["coverage", "tests"]].drop_duplicates()
        said += [
            f"{coverage_words(row.coverage)} {whom}, "
            f"{f'widened for choosing among {int(row.tests)} {among}' if row.tests > 1 else 'one test by itself'}"
            for row in kinds.itertuples()
        ]
    return "; ".join(dict.fromkeys(said)) or "none, for too few units"
