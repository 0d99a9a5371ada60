"""What each stage contributes to the front door: found, changed, to decide, how far to trust; sentences made from results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..activation import Audiences, FairnessReport, Ranked
from ..activation.audiences import describe_audiences
from ..activation.fairness import NEAR_NOBODY
from ..clustering.solution import natural_order
from ..features import Quality
from ..features.words import column_words
from ..messaging.coverage import say_filled
from ..personas import CheckedPersonas
from ..personas.describe import DRAFT
from ..qualitative import Agreement, CodedInterviews, EvidenceMatrix, Saturation, Themes
from ..qualitative.evidence_rule import AGAINST, STRANDS, VERDICTS
from ..study import Study
from ..tracking import ExperimentResult, FeedbackSummary, say_predictions
from ..tracking.wording import difference_words, joint_words
from ..words import count_words, join_words

__all__ = [
    "summarise_activation",
    "summarise_data",
    "summarise_interviews",
    "summarise_messaging",
    "summarise_personas",
    "summarise_tracking",
]

Summary = dict[str, Any]


def about(topic: str, text: str) -> dict[str, str]:
    """A decision on something that the page on what changed may put to decision too, by this topic; the front door has it once."""
    return {"about": topic, "text": text}


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
        f"{rows_in:,d} rows were read from {count_words(len(quality.accounts), 'source')}; {_left_out(rows_in - rows_out)}. They describe "
        f"{quality.units:,d} {study.units}."
    ]
    decide, trust, changed = [], [], []
    for row in quality.leaks.itertuples():
        decide.append(
            f"Keep {column_words(row.column)} out of every model: it gives away who has “{study.variable(row.outcome).words}”."
        )
    base = quality.missing[quality.missing["role"] == "base"].sort_values("share", ascending=False)
    if len(base) and base.iloc[0]["share"] > 0.05:
        worst = base.iloc[0]
        trust.append(
            f"The base variable “{study.variable(worst['variable']).words}” is missing for {worst['share']:.0%} of {quality.units:,d} "
            f"{study.units}; they are placed by the variables they have, or in no segment if they have too few."
        )
    tested = drift[drift["q"].notna()] if len(drift) else drift
    if len(tested):
        moved = tested[tested["q"].astype(float) <= study.choices.alpha]
        largest = moved["effect"].astype(float).abs().sort_values(ascending=False, kind="stable").index
        shown = [f"“{study.variable(moved.at[at, 'variable']).words}” ({_size(moved.loc[at])})" for at in largest[:3]]
        changed.append(
            f"{len(moved) or 'None'} of {count_words(len(tested), 'variable')} changed beyond chance since last quarter"
            + (f", most of all {join_words(shown)}." if shown else ".")
        )
    return {"found": found, "changed": changed, "decide": decide, "trust": trust}


def _size(row: pd.Series) -> str:
    """An effect with what it is measured by."""
    effect = float(row["effect"])
    return f"{effect:+.2f} standard deviations" if row["kind"] != "nominal" else f"Cramer's V {effect:.2f}"


def _left_out(n: int) -> str:
    return "none was left out" if not n else f"{n:,d} {'was' if n == 1 else 'were'} left out, each with its reason"


def summarise_interviews(
    coded: CodedInterviews,
    agreement: Agreement,
    saturation: Saturation,
    themes: Themes,
    evidence: EvidenceMatrix | None = None,
) -> Summary:
    """How many people, what they say most, agreement, saturation, what was confirmed and what is to be dropped.

    Parameters
    ----------
    coded : CodedInterviews
    agreement : Agreement
    saturation : Saturation
    themes : Themes
    evidence : EvidenceMatrix, optional

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
    found = (
        [f"{count_words(n, 'person was', 'people were')} interviewed. Heard most often: {join_words(spoken)}."]
        if spoken
        else []
    )
    low = agreement.table[agreement.table["reading"] == "low"]
    trust = []
    if len(low):
        trust.append(
            f"Coders do not agree enough on {join_words(f'“{name}”' for name in low['name'])}: treat what is said about "
            f"{'it' if len(low) == 1 else 'them'} as a lead, not a finding."
        )
    empty = [s for s in coded.segments if not (coded.people["segment"].astype("string") == s).fillna(False).any()]
    decide = (
        [f"Interview people of {join_words(empty)}: nobody of {'it' if len(empty) == 1 else 'them'} was heard."]
        if empty
        else []
    )
    judged = {} if evidence is None else dict(list(evidence.table.groupby("verdict")))
    if evidence is not None and judged:
        spoken_for = [f"{len(judged[verdict])} {verdict}" for verdict in VERDICTS if verdict in judged]
        found.append(
            f"{count_words(len(evidence.table), 'hypothesis was', 'hypotheses were')} held against numbers, interviews and sales: "
            f"{join_words(spoken_for)}."
        )
        decide += [
            f"Take “{row.statement.rstrip('.')}” out of what is said about {row.segment}: {_against(row)} speak against it."
            for row in (judged["drop"].itertuples() if "drop" in judged else ())
        ]
    everybody = saturation.summary[saturation.summary["segment"] == "all"]
    if len(everybody) and pd.isna(everybody.iloc[0]["reached"]):
        trust.append("New themes were still coming when the interviews ended.")
    return {"found": found, "changed": [], "decide": decide, "trust": trust}


def _against(row: object) -> str:
    return join_words(strand for strand in STRANDS if getattr(row, strand) == AGAINST)


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
    if not checked.personas:
        return {"trust": ["There are no personas in this study."]}
    stands, fell = int(counts.get("ok", 0)), int(counts.get("stale", 0) + counts.get("broken", 0))
    assumed = int(counts.get("assumption", 0))
    people = count_words(len(checked.personas), "persona")
    if all(persona.persona_id.endswith(DRAFT) for persona in checked.personas):
        found = [
            f"The team has written no personas; {people} {'was' if len(checked.personas) == 1 else 'were'} drafted from numbers alone."
        ]
        return {"found": found, "changed": [], "decide": [], "trust": []}
    found = [
        f"{people} {'makes' if len(checked.personas) == 1 else 'make'} {count_words(total, 'claim')}: {stands or 'none'} "
        f"{'rests' if stands in (0, 1) else 'rest'} on evidence of this quarter, {assumed or 'none'} "
        f"{'is an assumption' if assumed in (0, 1) else 'are assumptions'}, {fell or 'none'} {'is' if fell in (0, 1) else 'are'} no longer "
        "supported."
    ]
    bad = checked.claims[checked.claims["status"].isin(["stale", "broken"])]
    names = {persona.persona_id: persona.name for persona in checked.personas}
    touched = [names[key] for key in dict.fromkeys(bad["persona_id"])]
    whom = (
        join_words(touched) if len(touched) < 5 else f"{'all' if len(touched) == len(names) else len(touched)} personas"
    )
    each = "at least one claim" if len(touched) == 1 else "at least one claim of each"
    decide = [about("Personas", f"Revise {whom}: {each} has lost its evidence.")] if touched else []
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
    found = [say_filled(messages, grid)]
    decide = []
    errors = lint[lint["severity"] == "error"]["message_id"].nunique() if len(lint) else 0
    if errors:
        decide.append(
            f"Mend {errors} message{'' if errors == 1 else 's'} before they are sent: they break a limit or hold a gap."
        )
    if len(stale):
        many = stale["proof_id"].nunique()
        decide.append(about("Messages", f"Renew {many} proof{'' if many == 1 else 's'} older than a year."))
    if len(orphans):
        named = join_words(f"“{words}”" for words in orphans["words"].astype(str).head(3))
        many = f" (and {len(orphans) - 3} more)" if len(orphans) > 3 else ""
        decide.append(f"Write a message about {named}{many}: people name it and nobody is told anything about it.")
    return {"found": found, "changed": [], "decide": decide, "trust": []}


def summarise_tracking(
    kpis: pd.DataFrame,
    experiments: Sequence[ExperimentResult],
    heard: FeedbackSummary,
    moves: pd.DataFrame,
    study: Study,
    hypotheses: pd.DataFrame | None = None,
    names: Mapping[str, str] | None = None,
) -> Summary:
    """Goals, effects by segment, harm first; what personas predicted; sales; what grew and shrank.

    Parameters
    ----------
    kpis : pandas.DataFrame
    experiments : Sequence[ExperimentResult]
    heard : FeedbackSummary
    moves : pandas.DataFrame
    study : Study
    hypotheses : pandas.DataFrame, optional
        Log of predictions; the latest verdict on each is told.
    names : mapping of str to str, optional
        Persona id to name.

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    found, decide, trust = [], [], []
    everybody = kpis[kpis["segment"] == "all"] if len(kpis) else kpis
    if len(everybody):
        met = everybody["met"].value_counts()
        found.append(f"Of {count_words(len(everybody), 'goal')}, over all {study.units} in a segment: {_goals(met)}.")
    for result in experiments:
        found += _effects(result)
        decide += [about("Tests", text) for text in _experiment_decisions(result)]
        if not result.experiment.randomised:
            trust.append(
                f"“{result.experiment.title}” was targeted, not assigned by chance: no effect can be read from it."
            )
        elif result.alarm:
            trust.append(
                f"The arms of “{result.experiment.title}” are not the sizes that were planned: do not trust its effect."
            )
    if hypotheses is not None and len(hypotheses):
        found.append(_say_tested(hypotheses, names or {}))
    missed = kpis[kpis["met"] == "not met"] if len(kpis) else kpis
    for label, rows in missed.groupby("label", sort=False) if len(missed) else ():
        where = join_words(["everybody" if segment == "all" else str(segment) for segment in rows["segment"]])
        decide.append(about("Goals", f"Decide what is done about a goal that was missed: {label} ({where})."))
    if heard.n and len(heard.unanswered):
        item = heard.unanswered.iloc[0]
        words = str(item["objection"]).replace("_", " ")
        times = count_words(int(item["n"]), "time")
        decide.append(about("Sales", f"Write an answer to “{words}”: sales heard it {times} and no message has one."))
    changed = [
        f"{row.segment} {row.verdict} beyond chance: from {row.share_before:.0%} to {row.share:.0%} of {study.units} in a segment (n = "
        f"{row.n_before:,d} and {row.n:,d})."
        for row in moves.itertuples()
        if row.verdict in ("grew", "shrank")
    ]
    return {"found": found, "changed": changed, "decide": decide, "trust": trust}


def _say_tested(log: pd.DataFrame, names: Mapping[str, str]) -> str:
    latest = log.drop_duplicates(["experiment", "persona", "version", "arm"], keep="last")
    counts = latest["verdict"].value_counts()
    told = join_words(
        [f"{int(counts[word])} {word}" for word in ("supported", "refuted", "undecided") if word in counts]
    )
    many = count_words(len(latest), "prediction")
    return f"{many} of personas {'was' if len(latest) == 1 else 'were'} put to a test so far: {told}. {say_predictions(latest, names)}"


def _effects(result: ExperimentResult) -> list[str]:
    """Everybody's difference, then the segments that were helped or harmed; nothing where it cannot be trusted."""
    if not len(result.effects) or result.alarm:
        return []
    hoped, metric = result.experiment.outcome.replace("_", " "), result.experiment.metric
    what = {"binary": "share with", "mean": "mean of", "ratio": "ratio of"}[metric]
    sentences = []
    for row in result.effects[result.effects["segment"] == "all"].itertuples():
        if not pd.isna(row.lift):
            beyond = "beyond chance" if row.verdict in ("helped", "harmed") else "which may be chance"
            beyond = (
                beyond if result.finished or row.verdict != "goes on" else "and the test goes on: nothing is concluded"
            )
            sentences.append(
                f"“{result.experiment.title}”, {what} “{hoped}”, over everybody: {_lift(row, metric)}, {beyond}."
            )
    for verdict, words in (
        ("helped", "It helped"),
        ("harmed", "It harmed"),
        ("points to harm", "Signs of harm, not beyond doubt, in"),
    ):
        rows = result.effects[(result.effects["segment"] != "all") & (result.effects["verdict"] == verdict)]
        if len(rows):
            sentences.append(
                f"{words} {join_words(f'{row.segment} ({_lift(row, metric)})' for row in rows.itertuples())}."
            )
    return [" ".join(sentences)] if sentences else []


def _lift(row: object, metric: str) -> str:
    span = joint_words(row.joint_lower, row.joint_upper, row.coverage, int(row.tests), metric)
    return f"{difference_words(row.lift, metric)}, {span}, n = {int(row.n_control):,d} and {int(row.n_arm):,d}"


def _experiment_decisions(result: ExperimentResult) -> list[str]:
    """Harm first, then doubt, then what worked."""
    if not len(result.effects) or result.alarm:
        return []
    inner = result.effects[result.effects["segment"] != "all"]
    title, decisions = f"“{result.experiment.title}”", []
    for verdict, words in (
        ("harmed", "Stop {title} for {where}: less of what was hoped for happened there."),
        ("points to harm", "Do not send {title} to {where} again before the signs of harm there are checked."),
        ("helped", "Decide whether {title} goes to all of {where}."),
    ):
        where = natural_order(inner.loc[inner["verdict"] == verdict, "segment"].astype(str))
        decisions += [words.format(title=title, where=join_words(where))] if where else []
    return decisions


def _goals(met: pd.Series) -> str:
    words = (
        ("met", "met"), ("not met", "missed"), ("cannot tell", "cannot be told yet"), ("no target", "without a target"),
        ("nothing to count", "with nothing to count"), ("withheld", "withheld, too few to publish"),
    )  # fmt: skip
    return join_words(f"{int(met[key])} {phrase}" for key, phrase in words if int(met.get(key, 0)))


def summarise_activation(
    audiences: Audiences, ranked: Ranked | None, fairness: FairnessReport | None, study: Study
) -> Summary:
    """Whom files would reach, what a ranking is worth, which audiences are lopsided.

    Parameters
    ----------
    audiences : Audiences
    ranked : Ranked or None
    fairness : FairnessReport or None
    study : Study

    Returns
    -------
    dict
        Sentences under found, changed, decide and trust.
    """
    found, decide, trust = [], [], []
    if audiences.has_people and len(audiences.holdout):
        found.append(describe_audiences(audiences, study).paragraphs[0])
    if ranked is not None and ranked.verdict.startswith("beats"):
        last = ranked.recovery.iloc[-1]
        words = {
            "beats the rule": "finds later ones better than chance and than one rule",
            "beats chance only": f"is no better than “{study.variable(ranked.rule).words}” alone",
            "beats nothing": "is no better than drawing by lot",
        }
        found.append(
            f"Ranking {study.units} by likeness to those that {ranked.label} {words[ranked.verdict]}: the first {last['band']:.0%} hold "
            f"{last['model']:.0%} of the {ranked.hidden:,d} that did so since (95 % interval {last['model_lower']:.0%} to "
            f"{last['model_upper']:.0%})."
        )
    if fairness is not None:
        shares = fairness.shares[fairness.shares["audience"] != NEAR_NOBODY]
        below = shares[(shares["verdict"] == "below") & (shares["role"] == "protected")]
        if len(below):
            where = join_words(natural_order(below["audience"].unique()))
            decide.append(
                f"Ask, before a price or an offer follows {where}, whether they may be lopsided: they take clearly less of some "
                f"{join_words(sorted({study.variable(name).words for name in below['variable']}))} than of others."
            )
    else:
        trust.append("No protected attribute is declared, so nobody looked whether an audience is lopsided.")
    return {"found": found, "changed": [], "decide": decide, "trust": trust}
