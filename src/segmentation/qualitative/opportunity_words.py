"""Opportunity scores for a reader: what they mean, which jobs stand out where, and what people said about them."""

from __future__ import annotations

import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import DataContractError, ParameterError, Violation, nearest_word
from ..words import count_words, few_words, join_words, range_words
from .coded import CodedInterviews, code_presence
from .opportunity import COLUMNS, EVERYBODY, OVERSERVED, RANGES, JobScores
from .quotes import QuoteBank, choose_quotes

__all__ = ["COLUMNS", "describe_jobs", "tabulate_job_quotes", "tabulate_job_statements", "tabulate_jobs"]

LEAST = RANGES[-1][1]
SHOWN = 2  # jobs named a segment
PAIRS = 4  # jobs named over all segments
NO_JOBS = Callout(
    "absent",
    "This study names no jobs to be done.",
    "With `jobs:` in the study file (a statement and the two survey items that rate its importance and the satisfaction with it) this "
    "section would show what matters and is badly served, segment by segment.",
)


def describe_jobs(scores: JobScores) -> Reading | Callout:
    """Which jobs matter and are badly served, in which segment, and how sure that is.

    Parameters
    ----------
    scores : JobScores

    Returns
    -------
    Reading or Callout
        Absent without jobs; a caution where nobody rated them, or too few to be shown.

    Examples
    --------
    >>> describe_jobs(JobScores(pd.DataFrame(columns=COLUMNS))).title
    'This study names no jobs to be done.'
    """
    if not scores.jobs:
        return NO_JOBS
    table = scores.table[~scores.table["withheld"].astype(bool)]
    if table.empty:
        n = few_words(scores.n, scores.min_cell)
        why = f"{n} {scores.units} rated any job; no figure is shown of fewer than {scores.min_cell}."
        return Callout("caution", "Opportunity scores cannot be shown.", why[:1].upper() + why[1:])
    return Reading([_say_measure(scores), _say_segments(table, scores), *_say_sides(table, scores)])


def _say_measure(scores: JobScores) -> str:
    jobs = count_words(len(scores.jobs), "job")
    weighted = " Shares are weighted to the market." if scores.weighted else ""
    return (
        f"{few_words(scores.n, scores.min_cell)} {scores.units} rated {jobs} twice: how important it is to them, and how satisfied they "
        "are with how they do it today. Importance and satisfaction are ten times the share that gave one of the two highest answers. "
        "The opportunity score is importance plus what satisfaction lacks of it, 0 to 20 (Ulwick). By convention more than 15 is an "
        f"extreme opportunity, 12 to 15 a high one, 10 to 12 worth a look: a rule of thumb, no test.{weighted}"
    )


def _say_segments(table: pd.DataFrame, scores: JobScores) -> str:
    parts = []
    for segment in [EVERYBODY, *scores.segments]:
        own = table[(table["segment"] == segment) & (table["opportunity"] >= LEAST)]
        own = own.sort_values(["opportunity", "job"], ascending=[False, True])
        if own.empty:
            continue
        listed = "; ".join(_say(row) for _, row in own.head(SHOWN).iterrows())
        more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
        parts.append(f"{_name(segment)}: {listed}{more}.")
    shown = set(table["segment"])
    quiet = [name for name in scores.segments if name in shown and not any(p.startswith(f"{name}:") for p in parts)]
    if quiet:
        parts.append(f"No job reaches {LEAST:g} in {join_words(quiet)}.")
    elif not parts:
        parts.append(f"No job reaches {LEAST:g}.")
    return " ".join(parts)


def _say(row: pd.Series) -> str:
    limits = (row["lower"], row["upper"])
    interval = (
        "all answered alike, so no interval" if pd.isna(row["lower"]) else f"95 % interval {range_words(limits, '.1f')}"
    )
    return f"“{row['statement']}” {row['opportunity']:.1f}, {row['reading']} ({interval}, n = {row['n']:,d})"


def _name(segment: object) -> str:
    return "Everybody" if segment == EVERYBODY else str(segment)


def _say_sides(table: pd.DataFrame, scores: JobScores) -> list[str]:
    """What is sure, what is over-served, and what the figures do not show."""
    found = []
    own = table[table["segment"] != EVERYBODY]
    sure = own[own["lower"] >= LEAST].sort_values(["lower", "job"], ascending=[False, True])
    if len(sure):
        found.append(f"Even at the low end of its interval {LEAST:g} is reached by {_pairs(sure)}.")
    over = own[own["reading"] == OVERSERVED].sort_values(["gap_upper", "job"])
    if len(over):
        found.append(
            f"Over-served, more satisfied than it is important and the whole interval says so: {_pairs(over)}. By this measure little "
            "is gained by doing these better."
        )
    limits = ["Each interval stands for itself: whether two segments differ was not tested."]
    if scores.formed:
        k = len(scores.formed)
        share = "All of these jobs were" if k == len(scores.jobs) else f"{k} of the jobs {'was' if k == 1 else 'were'}"
        limits.append(
            f"{share} rated by answers that helped to form the segments, so that segments find them more or less important is how "
            "they were made and no finding; how well the jobs are served is."
        )
    if scores.unsegmented:
        n = few_words(scores.unsegmented, scores.min_cell)
        limits.append(f"Of unknown segment, and counted for everybody only: {n} {scores.units}.")
    thin = scores.table[scores.table["withheld"].astype(bool)].groupby("segment", sort=False).size()
    named = [_name(name) for name, k in thin.items() if k == len(scores.jobs)]
    if named:
        limits.append(f"Fewer than {scores.min_cell} rated any job in {join_words(named)}: not shown.")
    return [*found, " ".join(limits)]


def _pairs(rows: pd.DataFrame) -> str:
    named = [f"“{row['statement']}” in {row['segment']}" for _, row in rows.head(PAIRS).iterrows()]
    return join_words(named) + (f" (and {len(rows) - PAIRS} more)" if len(rows) > PAIRS else "")


def tabulate_jobs(scores: JobScores, *, segment: str | None = None) -> Table:
    """Opportunity of every job: by segment, or all figures of one segment.

    Parameters
    ----------
    scores : JobScores
    segment : str, optional
        A segment, or "all" for everybody; default: every segment side by side, score and interval only.

    Returns
    -------
    Table
        Side by side: Job, Kind, Everybody and one column a segment. Of one: Job, n, Importance, Satisfaction, Opportunity, Interval,
        Reading. Jobs with the largest score of everybody (or of the segment) first.

    Raises
    ------
    ParameterError
        If there is no such segment.

    Examples
    --------
    >>> list(tabulate_jobs(JobScores(pd.DataFrame(columns=COLUMNS))).frame.columns)
    ['Job', 'Kind']
    """
    table = scores.table
    known = list(table["segment"].unique())
    if segment is not None and segment not in known:
        raise ParameterError(
            f"no segment {segment!r}; there are {join_words(known)}. {nearest_word(segment, known)}".strip()
        )
    chosen = table[table["segment"] == (segment or EVERYBODY)]
    order = list(chosen.sort_values(["opportunity", "job"], ascending=[False, True], na_position="last")["job"])
    empty = "No job was rated." if scores.jobs else ""
    if segment is not None:
        return Table(
            _details(chosen.set_index("job").loc[order], scores),
            _caption(scores, _name(segment)),
            _FORMATS,
            _NOTE,
            empty,
        )
    rows = []
    for job in order:
        cells = table[table["job"] == job]
        row = {"Job": cells["statement"].iloc[0], "Kind": cells["kind"].iloc[0]}
        rows.append(row | {_name(cell["segment"]): _cell(cell, scores) for _, cell in cells.iterrows()})
    frame = pd.DataFrame(rows, columns=["Job", "Kind", *map(_name, known)])
    return Table(frame, _caption(scores, "every segment"), None, _NOTE, empty)


_FORMATS = {"Importance": ".1f", "Satisfaction": ".1f", "Opportunity": ".1f"}
_NOTE = (
    "Importance and satisfaction: ten times the share with one of the two highest answers. Opportunity: importance plus what satisfaction "
    "lacks of it, 0 to 20. By convention above 15 extreme, 12 to 15 high, 10 to 12 worth a look (Ulwick)."
)


def _details(chosen: pd.DataFrame, scores: JobScores) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Job": chosen["statement"].to_numpy(),
            "n": [few_words(int(n), scores.min_cell) for n in chosen["n"]],
            "Importance": chosen["importance"].to_numpy(float),
            "Satisfaction": chosen["satisfaction"].to_numpy(float),
            "Opportunity": chosen["opportunity"].to_numpy(float),
            "Interval": [range_words(pair, ".1f") for pair in zip(chosen["lower"], chosen["upper"], strict=True)],
            "Reading": [word or "too few to show" for word in chosen["reading"]],
        }
    )


def _cell(row: pd.Series, scores: JobScores) -> str:
    if row["withheld"]:
        return f"{few_words(int(row['n']), scores.min_cell)} answers"
    interval = "all alike" if pd.isna(row["lower"]) else f"{row['lower']:.1f} to {row['upper']:.1f}"
    return f"{row['opportunity']:.1f} ({interval})"


def _caption(scores: JobScores, of: str) -> str:
    n = few_words(scores.n, scores.min_cell)
    weighted = ", weighted" if scores.weighted else ""
    return (
        f"Opportunity scores of {count_words(len(scores.jobs), 'job')}, {of}. n = {n} {scores.units}{weighted}; 95 % intervals from "
        f"{scores.draws:,d} bootstrap draws of respondents, seed {scores.random_state}. {scores.source}"
    ).strip()


def tabulate_job_quotes(scores: JobScores, bank: QuoteBank, coded: CodedInterviews, *, most: int = 3) -> Table:
    """The largest opportunities of each segment with what its interviewees said about that job.

    Parameters
    ----------
    scores : JobScores
    bank : QuoteBank
        Quotes that may be shown.
    coded : CodedInterviews
        The codebook, and how many interviewees of the segment have the code.
    most : int
        Jobs a segment at most; only those that reach 10.

    Returns
    -------
    Table
        Segment, Job, Opportunity, Said it (interviewees of the segment with the code by any coder), Quote, Where.

    Raises
    ------
    DataContractError
        With every code named by a job that is not in the codebook, where there are interviews.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews, build_quote_bank, build_redactor
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> bank = build_quote_bank(nobody, build_redactor([]))
    >>> list(tabulate_job_quotes(JobScores(pd.DataFrame(columns=COLUMNS)), bank, nobody).frame.columns)
    ['Segment', 'Job', 'Opportunity', 'Said it', 'Quote', 'Where']
    """
    _check_codes(scores, coded)
    has = code_presence(coded, "any") if not coded.empty else pd.DataFrame()
    rows = []
    for segment in scores.segments:
        own = scores.table[(scores.table["segment"] == segment) & (scores.table["opportunity"] >= LEAST)]
        for _, row in own.sort_values(["opportunity", "job"], ascending=[False, True]).head(most).iterrows():
            code = row["code"] if isinstance(row["code"], str) else None
            quote, where = _quote(bank, code, segment)
            score = f"{row['opportunity']:.1f} ({row['reading']})"
            rows.append((segment, row["statement"], score, _said(has, coded, code, segment), quote, where))
    frame = pd.DataFrame(rows, columns=["Segment", "Job", "Opportunity", "Said it", "Quote", "Where"])
    caption = (
        f"What interviewees said about the largest opportunities of their segment: at most {count_words(most, 'job')} each, those that "
        f"reach {LEAST:g}. {scores.source} {bank.source}"
    )
    note = "Said it: interviewees of the segment to whom any coder gave the code of the job. Chosen, not drawn: no share of customers."
    return Table(
        frame,
        " ".join(caption.split()),
        None,
        note,
        empty=f"No job reaches {LEAST:g} in any segment." if scores.jobs else "",
    )


def tabulate_job_statements(scores: JobScores, bank: QuoteBank) -> Table:
    """Each job with its functional, emotional and social part, where it is the largest opportunity, and words of somebody there.

    Parameters
    ----------
    scores : JobScores
    bank : QuoteBank

    Returns
    -------
    Table
        Job, To feel, To be seen, Largest opportunity, Quote, Where. Parts that the team has not written say so.

    Examples
    --------
    >>> from segmentation.qualitative.quotes import COLUMNS as QUOTES
    >>> nothing = tabulate_job_statements(JobScores(pd.DataFrame(columns=COLUMNS)), QuoteBank(pd.DataFrame(columns=QUOTES)))
    >>> list(nothing.frame.columns)[:3]
    ['Job', 'To feel', 'To be seen']
    """
    rows = []
    for job in scores.jobs:
        own = scores.table[(scores.table["job"] == job.importance) & (scores.table["segment"] != EVERYBODY)]
        own = own[own["opportunity"].notna()].sort_values("opportunity", ascending=False, kind="stable").head(1)
        best, quote, where = "too few answers", "no quote", ""
        for row in own.to_dict("records"):
            limits = range_words((row["lower"], row["upper"]), ".1f")
            best = f"{row['segment']}, {row['opportunity']:.1f} ({limits}, n = {row['n']:,d})"
            quote, where = _quote(bank, job.code, row["segment"])
        parts = {"functional": "", "emotional": job.emotional, "social": job.social} | {job.kind: job.statement}
        said = [parts[kind] or "not written" for kind in ("emotional", "social")]
        rows.append((parts["functional"] or job.statement, *said, best, quote, where))
    frame = pd.DataFrame(rows, columns=["Job", "To feel", "To be seen", "Largest opportunity", "Quote", "Where"])
    caption = (
        f"{count_words(len(rows), 'job').capitalize()} in three parts: what is to be done (functional), how one wants to feel (emotional) "
        f"and to be seen (social). The team wrote them; the survey rated the first. {scores.source} {bank.source}"
    )
    note = "Largest opportunity: the segment with the highest score, with its 95 % bootstrap interval. The quote has the job's code there."
    return Table(frame, " ".join(caption.split()), None, note)


def _check_codes(scores: JobScores, coded: CodedInterviews) -> None:
    if coded.empty or coded.codes.empty:
        return
    wrong = [job for job in scores.jobs if job.code is not None and job.code not in coded.codes.index]
    if wrong:
        raise DataContractError(
            Violation(
                f"no such code (job {job.statement!r})", "jobs", None, "code", job.code, "",
                nearest_word(job.code, coded.codes.index) or "Name a code of the codebook by its id",
            )
            for job in wrong
        )  # fmt: skip


def _said(has: pd.DataFrame, coded: CodedInterviews, code: str | None, segment: str) -> str:
    inside = coded.people.index[(coded.people["segment"] == segment).fillna(False).astype(bool)]
    if code is None:
        return "no code named"
    if not len(inside):
        return "nobody interviewed"
    k = int(has.loc[inside, code].sum()) if code in has.columns else 0
    return f"{k} of {len(inside)}"


def _quote(bank: QuoteBank, code: str | None, segment: str) -> tuple[str, str]:
    table = bank.table
    if code is not None and len(table):
        table = table[(table["code_id"] == code) & (table["segment"].astype("string") == segment).fillna(False)]
        for _, row in choose_quotes(table, 1).iterrows():
            return str(row["text"]), f"{row['participant']}, {row['source_id']}, turn {row['turn']}"
    return "no quote", ""
