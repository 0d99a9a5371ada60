"""What each stage contributes to the front door: found, changed, to decide, how far to trust; sentences made from results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..clustering import Match, Verdict, describe_verdict
from ..clustering.solution import natural_order
from ..features import Quality
from ..figures.exhibit import segment_colours
from ..personas import CheckedPersonas
from ..profiling import name_segment
from ..qualitative import Agreement, CodedInterviews, Saturation, Themes
from ..qualitative.words import join_words
from ..study import Study
from ..tracking import ExperimentResult, FeedbackSummary

__all__ = [
    "summarise_data",
    "summarise_interviews",
    "summarise_messaging",
    "summarise_personas",
    "summarise_segments",
    "summarise_tracking",
]

Summary = dict[str, Any]


def summarise_data(quality: Quality, drift: pd.DataFrame, study: Study) -> Summary:
    """Rows, leaking columns, missing answers, drift.

    Parameters
    ----------
    quality : Quality
    drift : pandas.DataFrame
    study : Study

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    rows_in, rows_out = int(quality.accounts["rows_in"].sum()), int(quality.accounts["rows_out"].sum())
    found = [
        f"{rows_in:,d} rows were read from {len(quality.accounts)} sources; {rows_in - rows_out:,d} were left out, each with its "
        f"reason. They describe {quality.units:,d} {study.units}."
    ]
    decide, trust, changed = [], [], []
    for row in quality.leaks.itertuples():
        decide.append(f"Keep the column “{row.column}” out of every model: it gives an outcome away.")
    base = quality.missing[quality.missing["role"] == "base"].sort_values("share", ascending=False)
    if len(base) and base.iloc[0]["share"] > 0.05:
        worst = base.iloc[0]
        trust.append(
            f"The base variable “{study.variable(worst['variable']).words}” is missing for {worst['share']:.0%} of {quality.units:,d} "
            f"{study.units}; they are placed by the variables they have."
        )
    tested = drift[drift["q"].notna()] if len(drift) else drift
    if len(tested):
        moved = tested[tested["q"].astype(float) <= study.choices.alpha]
        names = [study.variable(name).words for name in moved.sort_values("q")["variable"].head(3)]
        changed.append(
            f"{len(moved)} of {len(tested)} variables changed beyond chance"
            + (f", first of all {join_words(names)}." if names else ".")
        )
    return {"found": found, "changed": changed, "decide": decide, "trust": trust}


def summarise_segments(
    verdict: Verdict,
    membership: pd.DataFrame,
    profile: pd.DataFrame,
    tests: pd.DataFrame,
    match: Match,
    study: Study,
) -> Summary:
    """Verdict first; then the segments' cards, what describes them, what became of last quarter's.

    Parameters
    ----------
    verdict : Verdict
    membership : pandas.DataFrame
    profile : pandas.DataFrame
    tests : pandas.DataFrame
    match : Match
    study : Study

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    callout, reading = describe_verdict(verdict, units=study.units)
    found, decide, trust = [], [], list(reading.paragraphs)
    differ = tests[(tests["q"].astype(float) <= study.choices.alpha)] if len(tests) else tests
    if len(tests):
        strongest = differ.sort_values("effect", ascending=False)["variable"].head(3)
        names = [study.variable(name).words for name in strongest]
        found.append(
            f"{len(differ)} of {len(tests)} descriptors, which had no part in forming the segments, differ between them"
            + (f"; most of all {join_words(names)}." if names else ".")
        )
    unplaced = int(membership["segment"].isna().sum())
    if unplaced:
        trust.append(f"{unplaced:,d} of {len(membership):,d} {study.units} could not be placed in a segment.")
    if verdict.label == "constructive":
        decide.append(
            "Decide whether to work with a partition the team makes itself, or without segments this quarter."
        )
    else:
        decide.append("Name the segments, and agree which of them get messages of their own.")
    return {
        "verdict": {"tone": callout.kind, "title": callout.title, "text": callout.text},
        "segments": _cards(membership, profile, study),
        "segments_note": f"Share of {int(membership['segment'].notna().sum()):,d} {study.units} in a segment. The words describe what "
        "marks a segment most; they are no names.",
        "found": found,
        "changed": _changes(match),
        "decide": decide,
        "trust": trust,
    }


def _cards(membership: pd.DataFrame, profile: pd.DataFrame, study: Study) -> list[dict[str, str]]:
    counts = membership["segment"].dropna().astype(str).value_counts()
    colours = segment_colours(list(counts.index))
    cards = []
    for segment in natural_order(counts.index):
        n, small = int(counts[segment]), int(counts[segment]) < study.choices.min_cell
        cards.append(
            {
                "id": segment,
                "colour": colours[segment],
                "share": "withheld" if small else f"{n / counts.sum():.0%}",
                "size": f"fewer than {study.choices.min_cell} {study.units}" if small else f"{n:,d} {study.units}",
                "words": "" if small else name_segment(profile, segment, study),
            }
        )
    return cards


def _changes(match: Match) -> list[str]:
    table = match.table
    if table["old"].isna().all():
        return []
    states = table["state"]
    kept = sorted(table.loc[states == "survives", "new"].astype(str))
    sentences = [f"{join_words(kept)} carried on from last quarter."] if kept else []
    fresh = table[states.isin(["new", "split"])]
    for row in fresh.itertuples():
        origin = f", mostly out of {row.related}" if not pd.isna(row.related) else ""
        sentences.append(f"{row.new} has no counterpart last quarter{origin}.")
    for row in table[states.isin(["gone", "merged"])].itertuples():
        target = f"; most of its members are now in {row.related}" if not pd.isna(row.related) else ""
        sentences.append(f"{row.old} of last quarter has no counterpart now{target}.")
    return sentences


def summarise_interviews(
    coded: CodedInterviews, agreement: Agreement, saturation: Saturation, themes: Themes
) -> Summary:
    """How many people, what they say most, agreement, saturation.

    Parameters
    ----------
    coded : CodedInterviews
    agreement : Agreement
    saturation : Saturation
    themes : Themes

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    if coded.empty:
        return {"trust": ["There are no interviews in this study: nothing here says why anybody does what they do."]}
    n = len(coded.people)
    top = themes.overall.sort_values("k", ascending=False).head(3)
    spoken = [f"{name} ({k} of {total})" for name, k, total in zip(top["name"], top["k"], top["n"], strict=True)]
    found = [f"{n} people were interviewed. Heard from most of them: {join_words(spoken)}."] if spoken else []
    low = agreement.table[agreement.table["reading"] == "low"]
    trust = []
    if len(low):
        trust.append(
            f"Coders do not agree enough on {join_words(low['name'])}: treat what is said about "
            f"{'it' if len(low) == 1 else 'them'} as a lead, not a finding."
        )
    empty = [s for s in coded.segments if not (coded.people["segment"].astype("string") == s).fillna(False).any()]
    decide = (
        [f"Interview people of {join_words(empty)}: nobody of {'it' if len(empty) == 1 else 'them'} was heard."]
        if empty
        else []
    )
    everybody = saturation.summary[saturation.summary["segment"] == "all"]
    if len(everybody) and pd.isna(everybody.iloc[0]["reached"]):
        trust.append("New themes were still coming when the interviews ended.")
    return {"found": found, "changed": [], "decide": decide, "trust": trust}


def summarise_personas(checked: CheckedPersonas) -> Summary:
    """How many claims stand, which personas need work.

    Parameters
    ----------
    checked : CheckedPersonas

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    counts = checked.claims["status"].value_counts()
    total = int(counts.sum())
    if not total:
        return {"trust": ["There are no personas in this study."]}
    stands, fell = int(counts.get("ok", 0)), int(counts.get("stale", 0) + counts.get("broken", 0))
    assumed = int(counts.get("assumption", 0))
    found = [
        f"{len(checked.personas)} personas make {total} claims: {stands} rest on evidence of this quarter, {assumed} are assumptions, "
        f"{fell} {'is' if fell == 1 else 'are'} no longer supported."
    ]
    bad = checked.claims[checked.claims["status"].isin(["stale", "broken"])]
    names = {persona.persona_id: persona.name for persona in checked.personas}
    touched = [names[key] for key in dict.fromkeys(bad["persona_id"])]
    decide = [f"Revise {join_words(touched)}: at least one claim of each has lost its evidence."] if touched else []
    return {"found": found, "changed": [], "decide": decide, "trust": []}


def summarise_messaging(
    messages: pd.DataFrame, grid: pd.DataFrame, orphans: pd.DataFrame, stale: pd.DataFrame, lint: pd.DataFrame
) -> Summary:
    """Gaps and messages to mend.

    Parameters
    ----------
    messages : pandas.DataFrame
    grid : pandas.DataFrame
    orphans : pandas.DataFrame
    stale : pandas.DataFrame
    lint : pandas.DataFrame

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    if messages.empty:
        return {"trust": ["There are no messages in this study."]}
    empty = int((grid["messages"] == 0).sum())
    found = [f"{len(messages)} messages fill {len(grid) - empty} of {len(grid)} cells of persona and stage."]
    decide = []
    errors = lint[lint["severity"] == "error"]["message_id"].nunique() if len(lint) else 0
    if errors:
        decide.append(
            f"Mend {errors} message{'' if errors == 1 else 's'} before they are sent: they break a limit or hold a gap."
        )
    if len(stale):
        decide.append(
            f"Renew {stale['proof_id'].nunique()} proof{'' if stale['proof_id'].nunique() == 1 else 's'} older than a year."
        )
    if len(orphans):
        column = "label" if "label" in orphans else orphans.columns[0]
        decide.append(
            f"Nobody answers {join_words(orphans[column].astype(str).head(3))}: a pain people name without a message."
        )
    return {"found": found, "changed": [], "decide": decide, "trust": []}


def summarise_tracking(
    kpis: pd.DataFrame,
    experiments: Sequence[ExperimentResult],
    heard: FeedbackSummary,
    moves: pd.DataFrame,
    study: Study,
) -> Summary:
    """Goals, effects by segment, harm first; sales; what grew and shrank.

    Parameters
    ----------
    kpis : pandas.DataFrame
    experiments : Sequence[ExperimentResult]
    heard : FeedbackSummary
    moves : pandas.DataFrame
    study : Study

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    found, decide, trust = [], [], []
    everybody = kpis[kpis["segment"] == "all"] if len(kpis) else kpis
    if len(everybody):
        met = everybody["met"].value_counts()
        found.append(
            f"Of {len(everybody)} goals {int(met.get('met', 0))} are met over all {study.units}, {int(met.get('not met', 0))} are not, "
            f"{len(everybody) - int(met.get('met', 0)) - int(met.get('not met', 0))} cannot be told yet or have no target."
        )
    for result in experiments:
        found += _effects(result)
        decide += [
            f"Stop “{result.experiment.title}” for {join_words(harmed)}: it lowers the outcome there."
            for harmed in [_harmed(result)]
            if harmed
        ]
        if not result.experiment.randomised:
            trust.append(
                f"“{result.experiment.title}” was targeted, not assigned by chance: no effect can be read from it."
            )
        elif result.alarm:
            trust.append(
                f"The arms of “{result.experiment.title}” are not the sizes that were planned: do not trust its effect."
            )
    if heard.n and len(heard.unanswered):
        item = heard.unanswered.iloc[0]
        decide.append(f"Sales hears “{item['objection']}” ({item['n']} times) and no message answers it.")
    changed = [
        f"{row.segment} {row.verdict}: {row.share_before:.0%} to {row.share:.0%} of {study.units} in a segment."
        for row in moves.itertuples()
        if row.verdict in ("grew", "shrank")
    ]
    return {"found": found, "changed": changed, "decide": decide, "trust": trust}


def _effects(result: ExperimentResult) -> list[str]:
    overall = result.effects[result.effects["segment"] == "all"] if len(result.effects) else result.effects
    sentences = []
    for row in overall.itertuples():
        if not pd.isna(row.lift):
            sentences.append(
                f"“{result.experiment.title}”: {100 * row.lift:+.1f} points over everybody (95 % interval {100 * row.lower:+.1f} to "
                f"{100 * row.upper:+.1f})."
            )
    return sentences


def _harmed(result: ExperimentResult) -> list[str]:
    if not len(result.effects):
        return []
    bad = result.effects[(result.effects["segment"] != "all") & (result.effects["q"].astype(float) <= result.alpha)]
    return sorted(bad.loc[bad["lift"].astype(float) < 0, "segment"].astype(str))
