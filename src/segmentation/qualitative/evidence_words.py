"""The joint display for a reader: the rule, the verdicts, and what to do next."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..study import Evidence
from ..words import count_words, join_words, percent_words
from .evidence import EvidenceMatrix
from .evidence_rule import AGAINST, FOR, SILENT, STRANDS, UNCLEAR, VERDICTS

__all__ = ["describe_evidence", "next_step", "say_verdicts", "tabulate_rule"]

NO_HYPOTHESES = Callout(
    "absent",
    "There is no hypothesis to hold the evidence against.",
    "With `evidence:` in the study file (codes that belong to a variable of use, or a file of the team's own hypotheses) this section "
    "would lay use, numbers, interviews and sales beside each other.",
)


def say_verdicts(rule: Evidence) -> str:
    """How a verdict is made from the three kinds of evidence.

    Parameters
    ----------
    rule : Evidence

    Returns
    -------
    str

    Examples
    --------
    >>> say_verdicts(Evidence(strands=1))[:51]
    'Confirm: at least 1 kind of evidence for it, none a'
    """
    kinds = count_words(rule.strands, "kind")
    return (
        f"Confirm: at least {kinds} of evidence for it, none against. Drop: at least {kinds} against, none for it, and no coder found it "
        "with anybody of the segment whom another coder left out. Open: none speaks either way. Refine: all others. Of several figures of "
        "one kind, it is for the hypothesis if at least one is and none is against. No test is made and no p-value is used. "
        "Interviews and sales speak for a hypothesis by their count alone and against it only by their whole interval: the rule confirms "
        "more easily than it drops. A share that is for it while its interval also holds shares below the limit is called weak."
    )


def tabulate_rule(matrix: EvidenceMatrix) -> Table:
    """When a kind of evidence speaks for a hypothesis, when against it, and when it has no say; the study's limits.

    Parameters
    ----------
    matrix : EvidenceMatrix

    Returns
    -------
    Table
        Kind of evidence, For it, Against it, No say.

    Examples
    --------
    >>> len(tabulate_rule(EvidenceMatrix(pd.DataFrame(), pd.DataFrame(), pd.DataFrame())).frame)
    0
    """
    rule = matrix.rule
    people, share = count_words(rule.least_people, "person", "people"), percent_words(rule.heard)
    raised = percent_words(rule.raised)
    rows = [
        (
            "Numbers: the opportunity score of a job, or the index of a variable",
            f"the whole interval of the score reaches {rule.opportunity:g}, or of the index lies on the expected side of 100",
            "the whole interval lies on the other side",
            "a variable that formed the segment, or a job rated by answers that did (they differ there because it was made so); too few to "
            "publish",
        ),
        (
            "Interviews: people of the segment with one of the codes",
            f"at least {share} of them, and at least {people}; the count alone, however wide its interval",
            f"the whole exact interval lies below {share}, also if those to whom some coders only gave a code are counted",
            f"fewer than {count_words(rule.least_interviews, 'interviewee')}",
        ),
        (
            "Sales: talks that raised it as an objection, lost deals that give it as the reason",
            f"at least {raised} of the talks with the segment (or of its lost deals with a reason), and at least {rule.least_people}; the "
            "count alone, however wide its interval",
            f"the whole exact interval lies below {raised}",
            f"fewer than {rule.least_talks} of them; what sales never notes of anybody is no evidence that it is absent",
        ),
    ]
    frame = pd.DataFrame(rows, columns=["Kind of evidence", "For it", "Against it", "No say"])
    caption = "The rule, with the limits of this study (`evidence` in the study file). In between, a kind of evidence is unclear."
    return Table(frame if len(matrix.table) else frame.head(0), caption.replace("`", ""), None, say_verdicts(rule))


def describe_evidence(matrix: EvidenceMatrix) -> Reading | Callout:
    """Verdicts in words.

    Parameters
    ----------
    matrix : EvidenceMatrix

    Returns
    -------
    Reading or Callout
        Absent without hypotheses.

    Examples
    --------
    >>> empty = EvidenceMatrix(pd.DataFrame(columns=["verdict"]), pd.DataFrame(), pd.DataFrame())
    >>> describe_evidence(empty).kind
    'absent'
    """
    table = matrix.table
    if table.empty:
        return NO_HYPOTHESES
    use, team = int((table["origin"] == "use").sum()), int((table["origin"] == "team").sum())
    counts = join_words(f"{int((table['verdict'] == v).sum())} {v}" for v in VERDICTS if (table["verdict"] == v).any())
    first = (
        f"{count_words(len(table), 'hypothesis', 'hypotheses')}: {use or 'none'} suggested by what segments use more than everybody, "
        f"{team or 'none'} written by the team. Verdicts: {counts}."
    )
    for verdict, words in (("confirm", "Confirmed"), ("drop", "To be dropped")):
        own = table[table["verdict"] == verdict]
        if len(own):
            listed = "; ".join(f"{row.hypothesis} ({row.segment}): {_bare(row.statement)}" for row in own.itertuples())
            first += f" {words}: {listed}."
    common = table[(table["interviews"] == FOR) & (table["difference_lower"].astype(float) <= 0)]
    second = ""
    if len(common):
        second = (
            f"What interviewees of a segment say need not be theirs alone: for {join_words(common['hypothesis'])} the interval of the "
            "difference from all other segments includes 0. That is a theme of the market until more interviews tell them apart."
        )
    return Reading([text for text in (first, second) if text])


def next_step(row: dict[str, object], rule: Evidence) -> str:
    """What follows from a row of the matrix, in a sentence or two.

    Parameters
    ----------
    row : dict
        Of ``EvidenceMatrix.table``.
    rule : Evidence

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"verdict": "drop", "segment": "S1", "numbers": "against", "interviews": "against", "sales": "silent"}
    >>> next_step(row, Evidence())
    'Take it out of personas and messages for S1.'
    """
    segment, verdict = row["segment"], row["verdict"]
    if verdict == "drop":
        return f"Take it out of personas and messages for {segment}."
    if verdict == "confirm":
        common = row["interviews"] == FOR and float(row["difference_lower"]) <= 0  # type: ignore[arg-type]
        wide = " Others say it too, so do not sell it as theirs alone." if common else ""
        return (
            f"Write it into the personas of {segment} and test a message on it, if the page Tracking has not yet.{wide}"
        )
    steps = []
    disputed = int(row.get("disputed", 0))  # type: ignore[call-overload]
    if disputed:
        whose = count_words(disputed, "interviewee")
        steps.append(
            f"have the coders settle whether {whose} of {segment} said it, since some of them found it and others did not"
        )
    contra = [strand for strand in STRANDS if row[strand] == AGAINST]
    pro = [strand for strand in STRANDS if row[strand] == FOR]
    if contra and pro:
        steps.append(
            f"{join_words(pro).capitalize()} and {join_words(contra)} disagree: ask for whom in {segment} it holds"
        )
    elif contra:
        steps.append(
            f"only {join_words(contra)} {'is' if contra == ['sales'] else 'are'} against it: say it more narrowly or look for more"
        )
    if not len(row["codes"]):  # type: ignore[arg-type]
        text = "; ".join([*steps, "name a code for it, so that interviews and sales can speak"])
        return text[0].upper() + text[1:] + "."
    short = rule.least_interviews - int(row["n"])  # type: ignore[call-overload]
    if row["interviews"] in (SILENT, UNCLEAR):
        wanted = f"at least {short} more" if short > 0 else "more"
        steps.append(f"interview {wanted} in {segment} (n = {row['n']} now)")
    if row["numbers"] == SILENT:
        steps.append("ask or count it by something that does not form the segments, so that a number can speak")
    if row["sales"] == SILENT:
        steps.append("have sales note it in talks")
    if not steps:
        steps.append(f"say more exactly for whom in {segment} it holds, and look again next quarter")
    text = "; ".join(steps)
    return text[0].upper() + text[1:] + "."


def _bare(statement: object) -> str:
    return str(statement).rstrip(".")
