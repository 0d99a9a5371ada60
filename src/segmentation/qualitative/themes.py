"""Which themes belong to which segment, with the interviewee as the unit and exact tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from ..display import Callout, Reading, Table, format_p
from ..errors import ParameterError
from ..words import count_words, join_words, range_words
from .coded import CodedInterviews, Presence, code_presence, presence_words
from .intervals import adjust_p_values, freeman_halton_test, newcombe_interval, wilson_interval

__all__ = ["Themes", "compare_themes", "describe_themes", "tabulate_themes"]

COLUMNS = [
    "code", "name", "segment", "k", "n", "share", "lower", "upper", "rest_k", "rest_n",
    "difference", "difference_lower", "difference_upper", "p", "q",
]  # fmt: skip
OVERALL = ["code", "name", "k", "n", "p", "q"]


@dataclass(frozen=True)
class Themes:
    """Themes by segment.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a code and segment: code, name, segment, k of n interviewees with the code, share, lower, upper
        (Wilson),
        rest_k, rest_n (all other segments), difference, difference_lower, difference_upper (of the shares, Newcombe), p
        (Fisher's exact test of the segment against the rest), q (Benjamini-Hochberg over all rows).
    overall : pandas.DataFrame
        One row a code: code, name, k, n, p (exact test over all segments at once, Freeman-Halton), q.
    n_people : int
        Interviewees in a known segment.
    unsegmented : int
        Interviewees left out because their segment is not known.
    alpha : float
        q up to this counts as found.
    presence : str
        The rule by which a person has a code, as a sentence.
    source : str
    """

    table: pd.DataFrame
    overall: pd.DataFrame
    n_people: int
    unsegmented: int
    alpha: float = 0.05
    presence: str = ""
    source: str = ""


def compare_themes(
    coded: CodedInterviews,
    *,
    presence: Presence = "consensus",
    alpha: float = 0.05,
    coverage: float = 0.95,
    random_state: int = 0,
) -> Themes:
    """Compare how many interviewees of each segment have each code.

    Counting quotes instead of people would take one talkative person for many: with 24 people and some likeness within
    each, a chi-square over quotes finds a difference that is not there in 3 to 6 of 10 studies.

    Parameters
    ----------
    coded : CodedInterviews
    presence : {"consensus", "any", "first"}
        Who has a code, see ``code_presence``.
    alpha : float
        False discovery rate.
    coverage : float
        Coverage of intervals, 0 to 1.
    random_state : int
        Used only where an exact test has too many tables to look at each.

    Returns
    -------
    Themes
        Segments without interviewees have rows with n = 0 and no figures.

    Raises
    ------
    ParameterError
        If alpha or coverage is not between 0 and 1.

    Examples
    --------
    >>> from segmentation.dataset import Dataset
    >>> from segmentation.period import Period
    >>> from segmentation.qualitative import build_coded_interviews
    >>> nobody = build_coded_interviews(Dataset("s", "id", Period.parse("2026Q3"), {}, ()))
    >>> len(compare_themes(nobody).table)
    0
    """
    if not 0 < alpha < 1 or not 0 < coverage < 1:
        raise ParameterError(f"alpha and coverage must lie between 0 and 1; got {alpha}, {coverage}")
    has = code_presence(coded, presence)
    segment = coded.people["segment"]
    placed = segment.dropna()
    segments = coded.segments or tuple(sorted(placed.unique()))
    totals = placed.value_counts().reindex(list(segments), fill_value=0).astype(int)
    rows, overall = [], []
    for code in has.columns if len(coded.codings) else []:
        name = coded.codes.at[code, "name"]
        holders = has.loc[placed.index, code].groupby(placed).sum().reindex(list(segments), fill_value=0).astype(int)
        rows += [_row(code, name, s, holders, totals, coverage) for s in segments]
        p = freeman_halton_test(holders.tolist(), totals.tolist(), random_state=random_state)
        overall.append((code, name, int(holders.sum()), int(totals.sum()), p))
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    table["q"] = adjust_p_values(table["p"])
    whole = pd.DataFrame(overall, columns=OVERALL[:-1])
    whole["q"] = adjust_p_values(whole["p"])
    words = presence_words(coded, presence)
    return Themes(table, whole, len(placed), int(segment.isna().sum()), alpha, words, coded.source)


def _row(
    code: str, name: str, segment: str, holders: pd.Series, totals: pd.Series, coverage: float
) -> tuple[object, ...]:
    k, n = int(holders[segment]), int(totals[segment])
    rest_k, rest_n = int(holders.sum()) - k, int(totals.sum()) - n
    lower, upper = wilson_interval(k, n, coverage=coverage)
    limits = newcombe_interval(k, n, rest_k, rest_n, coverage=coverage)
    share, other = k / n if n else math.nan, rest_k / rest_n if rest_n else math.nan
    p = freeman_halton_test([k, rest_k], [n, rest_n])  # of two sets it is Fisher's test
    return code, name, segment, k, n, share, lower, upper, rest_k, rest_n, share - other, *limits, p


def describe_themes(themes: Themes) -> Reading | Callout:
    """Which themes stand out where, with k of n and no percentage of customers.

    Parameters
    ----------
    themes : Themes

    Returns
    -------
    Reading or Callout
        Absent without codings; a caution where no segment can be compared with another.

    Examples
    --------
    >>> describe_themes(Themes(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=OVERALL), 0, 0)).kind
    'absent'
    """
    table = themes.table
    if table.empty and not themes.unsegmented:
        return Callout("absent", "No themes: nobody was interviewed, or nothing was coded.")
    if table["p"].isna().all():
        why = "The interviewees with a known segment are all of one segment, or there are none."
        return Callout("caution", "Themes cannot be compared between segments.", why)
    found = table[table["q"] <= themes.alpha].sort_values(["q", "p", "code"])
    paragraphs = [
        f"Each of {count_words(themes.n_people, 'interviewee')} counts once for a theme, however often they came back "
        "to it. "
        "Every theme in every segment was compared with all other segments by an exact test, "
        f"{table['p'].notna().sum()} "
        f"comparisons in all; q is the share of false finds to expect among those kept, and {themes.alpha:g} is the "
        "limit."
    ]
    if found.empty:
        best = table.sort_values(["p", "code"]).iloc[0]
        paragraphs.append(
            f"No theme differs between segments beyond what chance gives. The largest contrast, {best['name']} in "
            f"{best['segment']}: "
            f"{_cell(best)} (q = {format_p(best['q'])}). Not found is not the same as no difference: so few people show only "
            "very large ones."
        )
    else:
        many = f"{len(found)} of them hold up" if len(found) > 1 else "One of them holds up"
        listed = "; ".join(f"“{row['name']}” in {row['segment']}: {_cell(row)}" for _, row in found.head(6).iterrows())
        more = f" The table has the other {len(found) - 6}." if len(found) > 6 else ""
        paragraphs.append(f"{many}. {listed}.{more}")
    paragraphs += [_whole(themes), _small(table, themes.unsegmented)]
    return Reading([text for text in paragraphs if text])


def _whole(themes: Themes) -> str:
    """Themes that differ over all segments at once, by the one test a theme of the table."""
    if themes.overall["p"].isna().all():
        return ""
    differ = themes.overall[themes.overall["q"].astype(float) <= themes.alpha].sort_values(["q", "code"])
    lead = f"Taken over all segments at once (one test a theme, {themes.overall['p'].notna().sum()} in all), "
    if differ.empty:
        return f"{lead}no theme is spread more unevenly than chance gives."
    named = join_words(f"“{name}”" for name in differ["name"])
    return f"{lead}{named} {'is' if len(differ) == 1 else 'are'} spread more unevenly than chance gives."


def _cell(row: pd.Series) -> str:
    return f"{row['k']} of the {row['n']} people there against {row['rest_k']} of the {row['rest_n']} elsewhere"


def _small(table: pd.DataFrame, unsegmented: int) -> str:
    sizes = table.drop_duplicates("segment").set_index("segment")["n"]
    few = sizes[(sizes > 0) & (sizes < 5)]
    parts = []
    if len(few):
        named = join_words(f"{segment} ({n})" for segment, n in few.items())
        parts.append(f"Fewer than five people speak for {named}: read those cells as anecdotes.")
    if (sizes == 0).any():
        parts.append(f"Nobody speaks for {join_words(sizes.index[sizes == 0])}.")
    if unsegmented:
        parts.append(
            f"{count_words(unsegmented, 'interviewee')} of unknown segment {'is' if unsegmented == 1 else 'are'} left "
            "out."
        )
    return " ".join(parts)


def tabulate_themes(themes: Themes) -> Table:
    """Themes by segment: one row a theme, k of n in each segment, and the exact test over all.

    Parameters
    ----------
    themes : Themes

    Returns
    -------
    Table
        Theme, All, one column a segment with "k of n", Test over segments (p), q, and the largest difference in words.

    Examples
    --------
    >>> empty = Themes(pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=OVERALL), 0, 0)
    >>> list(tabulate_themes(empty).frame.columns)
    ['Theme', 'All', 'p', 'q', 'Largest difference']
    """
    rows = []
    for whole in themes.overall.itertuples(index=False):
        part = themes.table[themes.table["code"] == whole.code]
        row = {"Theme": whole.name, "All": f"{whole.k} of {whole.n}"}
        row |= {
            cell.segment: f"{cell.k} of {cell.n}" if cell.n else "nobody asked" for cell in part.itertuples(index=False)
        }
        rows.append(row | {"p": whole.p, "q": whole.q, "Largest difference": _largest(part)})
    segments = list(themes.table["segment"].unique())
    frame = pd.DataFrame(rows, columns=["Theme", "All", *segments, "p", "q", "Largest difference"])
    caption = (
        f"Interviewees with each theme, by segment. n = {themes.n_people} people in a known segment. {themes.presence} "
        "p: exact test over all segments (Freeman-Halton), how often chance alone gives so uneven a spread; q: share of false finds to "
        "expect among themes with a q this small. "
        f"{themes.source}"
    )
    note = "Differences are in percentage points of people, segment less all others, with Newcombe's 95 % interval."
    return Table(frame, caption.strip(), {"p": "p", "q": "p"}, note)


def _largest(part: pd.DataFrame) -> str:
    known = part.dropna(subset=["difference"])
    if known.empty:
        return "–"
    row = known.loc[known["difference"].abs().idxmax()]
    limits = (100 * row["difference_lower"], 100 * row["difference_upper"])
    return f"{row['segment']}: {100 * row['difference']:+.0f} points ({range_words(limits, '+.0f')})"
