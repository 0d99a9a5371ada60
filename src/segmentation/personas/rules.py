"""The rules a persona must meet, and the thresholds they use; each threshold is printed with the result."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..errors import ParameterError
from ..words import count_words, join_words, percent_words
from .findings import Findings
from .model import Persona, ProfileRef

__all__ = ["PersonaRules", "match_defining"]

RULE_COLUMNS = ["persona_id", "rule", "level", "text"]
Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class PersonaRules:
    """Thresholds of the rules, with where they come from.

    Attributes
    ----------
    max_assumptions : float
        P01: a persona with a larger share of assumptions is a draft.
    min_people : int
        P03: interviewees of the segment behind each theme.
    max_one_voice : float
        P03: largest share of a theme's quotes from one person, judged from ``min_quotes`` quotes.
    min_quotes : int
    per_segment, most_personas : int
        P04: personas a segment (or a written waiver), and in all.
    max_defining : int
        P05: defining attributes; each further one shrinks the part of the segment that has them all (Chapman et al.
        2008).
    warn_match, fail_match, min_match : float, float, int
        P05: share of the segment that matches all of them, and units.
    high_index, low_index : float
        P06: a trait counts from this index up or down.
    max_jaccard, shared_pains : float, int
        P07: overlap of members or of evidence, and shared among the three first pains.
    min_cell : int
        Fewer units are not published.
    grade_a_people, grade_b_people : int
        Interviewees of the segment that grades A and B need.
    grade_b_support : float
        Share of claims with standing evidence that grade B needs.
    """

    max_assumptions: float = 0.20
    min_people: int = 2
    max_one_voice: float = 0.50
    min_quotes: int = 4
    per_segment: int = 2
    most_personas: int = 7
    max_defining: int = 4
    warn_match: float = 0.05
    fail_match: float = 0.01
    min_match: int = 30
    high_index: float = 120
    low_index: float = 80
    max_jaccard: float = 0.30
    shared_pains: int = 2
    min_cell: int = 10
    grade_a_people: int = 6
    grade_b_people: int = 3
    grade_b_support: float = 0.60

    def __post_init__(self) -> None:
        for name in ("max_assumptions", "max_one_voice", "warn_match", "fail_match", "max_jaccard", "grade_b_support"):
            if not 0 <= getattr(self, name) <= 1:
                raise ParameterError(f"{name} must lie between 0 and 1; got {getattr(self, name)}")
        if self.low_index > self.high_index:
            raise ParameterError(f"low_index must not lie above high_index; got {self.low_index}, {self.high_index}")


def match_defining(persona: Persona, findings: Findings) -> tuple[set[str], int, list[str]]:
    """Units of the persona's segment that match all defining attributes.

    Above and below mean above and below the median of all units. A unit with a missing value is left out of the base.

    Parameters
    ----------
    persona : Persona
    findings : Findings
        With features and membership.

    Returns
    -------
    tuple of set, int, list
        Ids that match, units of the segment where every attribute is known, and variables that do not exist.

    Raises
    ------
    ParameterError
        Never.

    Examples
    --------
    >>> features = pd.DataFrame({"staff": [1.0, 5.0, 9.0]}, index=["a", "b", "c"])
    >>> membership = pd.DataFrame({"segment": ["S1", "S1", "S1"]}, index=["a", "b", "c"])
    >>> persona = Persona(persona_id="p1", name="Big Bob", segment="S1", defining=[{"variable": "staff"}])
    >>> match_defining(persona, Findings(features=features, membership=membership))
    ({'c'}, 3, [])
    """
    if findings.features is None or findings.membership is None:
        return set(), 0, []
    segment = findings.membership["segment"].astype("string")
    here = findings.features.loc[
        findings.features.index.intersection(segment.index[(segment == persona.segment).fillna(False)])
    ]
    missing = [ref.variable for ref in persona.defining if ref.variable not in here]
    known, matches = pd.Series(True, index=here.index), pd.Series(True, index=here.index)
    for ref in persona.defining:
        if ref.variable in here:
            known &= here[ref.variable].notna()
            matches &= _matches(ref, here[ref.variable], findings.features[ref.variable])
    return set(here.index[known & matches].astype(str)), int(known.sum()), missing


def _matches(ref: ProfileRef, here: pd.Series, everybody: pd.Series) -> pd.Series:
    if ref.level is not None:
        return here.astype("string").str.casefold().eq(ref.level.casefold()).fillna(False).astype(bool)
    if not pd.api.types.is_numeric_dtype(everybody.dtype):
        return pd.Series(False, index=here.index)
    middle = everybody.median()
    return (here > middle) if ref.direction == "above" else (here < middle)


def check_claims_rules(persona: Persona, claims: pd.DataFrame, rules: PersonaRules) -> list[Row]:
    """P01 assumptions, P02 quotes, P06 traits of one persona; ``claims`` are its rows, quotes of the persona included."""
    who, rows = persona.persona_id, []
    said = claims[claims["section"] != "quotes"]
    n, assumed = len(said), int((said["kind"] == "assumption").sum())
    share = assumed / n if n else 1.0
    text = f"{assumed} of {count_words(n, 'claim')} {'is an assumption' if assumed == 1 else 'are assumptions'}"
    text += (
        f"; more than {percent_words(rules.max_assumptions)} makes it a draft" if share > rules.max_assumptions else ""
    )
    rows.append((who, "P01 assumptions", "warn" if share > rules.max_assumptions else "ok", f"{text}."))
    broken = claims[claims["broken_quote"]]
    if len(broken):
        text = (
            f"{count_words(len(broken), 'quote does', 'quotes do')} not stand in the transcripts, or may not be shown."
        )
        rows.append((who, "P02 quotes", "fail", text))
    else:
        rows.append((who, "P02 quotes", "ok", "Every quote stands word for word in its transcript and may be shown."))
    weak = claims[claims["weak_index"]]
    if len(weak):
        limits = f"{rules.low_index:g} and {rules.high_index:g}"
        text = f"{count_words(len(weak), 'claim rests', 'claims rest')} on an index between {limits}, so close to everybody's value."
        rows.append((who, "P06 traits", "warn", text))
    else:
        text = (
            f"Every trait has an index of at least {rules.high_index:g} or at most {rules.low_index:g}, or is no index."
        )
        rows.append((who, "P06 traits", "ok", text))
    return rows


def check_voices(persona: Persona, findings: Findings, rules: PersonaRules) -> Row:
    """P03: enough people behind each theme, none of them most of it."""
    who, rule = persona.persona_id, "P03 voices"
    codes = dict.fromkeys(e.theme for _, _, claim in persona.claims() for e in claim.evidence if e.theme is not None)
    if not codes:
        return who, rule, "not checked", "No claim rests on a theme."
    thin = [words for code in codes if (words := _thin(code, persona.segment, findings, rules))]
    if thin:
        text = f"Fewer than {rules.min_people} people of the segment stand behind {join_words(thin)}."
        return who, rule, "fail", text
    loud = [words for code in codes if (words := _loud(code, persona.segment, findings, rules))]
    if loud:
        text = f"One person gives more than {percent_words(rules.max_one_voice)} of the quotes on {join_words(loud)}."
        return who, rule, "warn", text
    text = f"At least {rules.min_people} people stand behind each theme, and no one of them dominates it."
    return who, rule, "ok", text


def _thin(code: str, segment: str, findings: Findings, rules: PersonaRules) -> str:
    """A theme with too few people behind it, in words; empty if there are enough. A code nobody has counts as none."""
    table = findings.themes
    if table is None or table.empty:
        return f"“{_code_words(code, findings)}” (0)"
    row = table[(table["code"] == code) & (table["segment"].astype(str) == segment)]
    people = int(row["k"].iloc[0]) if len(row) else 0
    return f"“{_code_words(code, findings)}” ({people})" if people < rules.min_people else ""


def _loud(code: str, segment: str, findings: Findings, rules: PersonaRules) -> str:
    """A theme of which one person gives most quotes, in words; empty if none does or there are too few quotes to judge."""
    quotes = findings.quotes
    if quotes is None or quotes.empty:
        return ""
    here = quotes[(quotes["code_id"] == code) & (quotes["segment"].astype("string") == segment).fillna(False)]
    shares = here["participant"].value_counts(normalize=True)
    if len(here) < rules.min_quotes or shares.iloc[0] <= rules.max_one_voice:
        return ""
    return f"“{_code_words(code, findings)}” ({shares.index[0]}: {percent_words(shares.iloc[0])} of {len(here)})"


def _code_words(code: str, findings: Findings) -> str:
    """Name of a code as a reader knows it."""
    table = findings.themes
    known = table[table["code"].astype(str) == code] if table is not None and "name" in table else ()
    return str(known["name"].iloc[0]) if len(known) else code.replace("_", " ")


def check_defining(persona: Persona, findings: Findings, rules: PersonaRules) -> Row:
    """P05: few defining attributes, and enough of the segment that has them all."""
    who, rule, n = persona.persona_id, "P05 defining attributes", len(persona.defining)
    if not n:
        return who, rule, "not checked", "No defining attributes are given: the persona stands for its whole segment."
    if findings.features is None or findings.membership is None:
        return who, rule, "not checked", "There are no members to compare with."
    members, base, missing = match_defining(persona, findings)
    if missing:
        return who, rule, "fail", f"No variable {join_words(missing, last='or')} in this study."
    share = len(members) / base if base else 0.0
    if base < rules.min_cell:
        return (
            who,
            rule,
            "warn",
            f"Too few of the segment have a value in every one of the {n} attributes to say who matches.",
        )
    text = f"{count_words(n, 'attribute')}; {percent_words(share)} of the segment match all of them (n = {base:,d} where all are known)."
    if len(members) < rules.min_match or share < rules.fail_match:
        return (
            who,
            rule,
            "fail",
            f"{text} That describes hardly anybody (fewer than {rules.min_match}, or "
            f"{percent_words(rules.fail_match)}).",
        )
    if share < rules.warn_match or n > rules.max_defining:
        return (
            who,
            rule,
            "warn",
            f"{text} At most {rules.max_defining} attributes and at least {percent_words(rules.warn_match)} are asked "
            "for.",
        )
    return who, rule, "ok", text


def check_statements(persona: Persona) -> list[Row]:
    """P11 method and limits are stated; P13 a prediction is."""
    missing = [name for name in ("method", "limits") if not getattr(persona, name).strip()]
    stated = "Method and limits are stated." if not missing else f"Not stated: {join_words(missing)}."
    predicts = (
        "It states what a test must show." if persona.prediction else "It predicts nothing that a test could refute."
    )
    return [
        (persona.persona_id, "P11 method", "warn" if missing else "ok", stated),
        (persona.persona_id, "P13 prediction", "ok" if persona.prediction else "warn", predicts),
    ]


def check_numbers(personas: tuple[Persona, ...], findings: Findings, rules: PersonaRules) -> list[Row]:
    """P04: personas a segment and in all; and personas of segments that do not exist."""
    active = [persona for persona in personas if persona.status != "retired"]
    segments, rows = findings.segments, []
    for segment in segments:
        here = [persona for persona in active if persona.segment == segment]
        waiver = next((persona.waiver for persona in here if persona.waiver), "")
        if len(here) >= rules.per_segment:
            rows.append(("", "P04 number", "ok", f"{segment} has {count_words(len(here), 'persona')}."))
        elif waiver:
            rows.append(
                ("", "P04 number", "ok", f"{segment} has {count_words(len(here), 'persona')}. Waiver: {waiver}")
            )
        else:
            text = f"{segment} has {count_words(len(here), 'persona')}; the rule asks for {rules.per_segment}, "
            text += "or a waiver that says why not."
            rows.append(("", "P04 number", "warn" if here else "fail", text))
    if len(active) > rules.most_personas:
        text = f"{len(active)} personas are more than the {rules.most_personas} that people can keep apart."
        rows.append(("", "P04 number", "warn", text))
    for persona in active:
        if segments and persona.segment not in segments:
            text = f"Segment {persona.segment} does not exist; segments are {join_words(segments)}."
            rows.append((persona.persona_id, "P04 number", "fail", text))
    return rows
