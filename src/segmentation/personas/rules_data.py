"""Rules that need what was found: voices, members, stability, perception, and the number of personas."""

from __future__ import annotations

from ..study import PersonaRules
from ..words import count_words, join_words, percent_words, range_words
from .findings import Findings
from .members import match_defining
from .model import Persona
from .rules import Row

__all__ = ["check_defining", "check_numbers", "check_perception", "check_stability", "check_voices"]


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
    people = findings.n_interviewees(persona.segment)
    text = f"At least {rules.min_people} people stand behind each theme, and no one of them dominates it."
    if people < rules.min_interviews:
        text += f" But only {count_words(people, 'person', 'people')} of the segment {'was' if people == 1 else 'were'} interviewed; the "
        return who, rule, "warn", f"{text}rule asks for {rules.min_interviews}."
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
    if base < findings.min_cell:
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


def check_stability(persona: Persona, findings: Findings, rules: PersonaRules) -> Row:
    """P08: the persona's segment comes back in resamples of the customers."""
    who, rule = persona.persona_id, "P08 stability"
    if persona.segment not in findings.stability:
        return who, rule, "not checked", "It is not known how stable the segment is: no resamples were drawn of it."
    jaccard, lower, upper = findings.stability[persona.segment]
    draws = f"Jaccard; middle 95 % of draws {range_words((lower, upper))}"
    text = f"Drawn again, {persona.segment} overlaps with itself by {jaccard:.2f} ({draws})"
    if jaccard < rules.dissolve_below:
        return who, rule, "fail", f"{text}: below {rules.dissolve_below:g} it dissolves, and a persona of it with it."
    if jaccard < rules.stable_from:
        return who, rule, "warn", f"{text}: less than the {rules.stable_from:g} of a stable one."
    return who, rule, "ok", f"{text}: stable, since {rules.stable_from:g} or more."


def check_perception(persona: Persona, findings: Findings, rules: PersonaRules) -> Row:
    """P12: people who are to use the persona have rated it, and nothing is rated low."""
    who, rule, table = persona.persona_id, "P12 perception", findings.perception
    if table is None or table.empty or persona.persona_id not in set(table["persona_id"]):
        return who, rule, "not checked", "Nobody has rated this persona yet (Persona Perception Scale)."
    here = table[table["persona_id"] == persona.persona_id]
    raters = int(here["raters"].max())
    if raters < rules.raters:
        return (
            who,
            rule,
            "warn",
            f"{count_words(raters, 'person has', 'people have')} rated it; the rule asks for {rules.raters}.",
        )
    low = here[here["mean"] < rules.low_perception]
    if len(low):
        named = [f"{row.construct.replace('_', ' ')} ({row.mean:.1f})" for row in low.itertuples(index=False)]
        return who, rule, "fail", f"Rated below {rules.low_perception:g} of 7 by {raters} people: {join_words(named)}."
    return who, rule, "ok", f"{raters} people rated it, no construct below {rules.low_perception:g} of 7."


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
    rows.append(("", "P04 number", *_in_all(len(active), rules)))
    for persona in active:
        if segments and persona.segment not in segments:
            text = f"Segment {persona.segment} does not exist; segments are {join_words(segments)}."
            rows.append((persona.persona_id, "P04 number", "fail", text))
    return rows


def _in_all(n: int, rules: PersonaRules) -> tuple[str, str]:
    low, high = rules.aim
    if n > rules.most_personas:
        return (
            "warn",
            f"{n} personas are more than the {rules.most_personas} that people can keep apart; the aim is {low} to {high}.",
        )
    if low <= n <= high:
        return "ok", f"{count_words(n, 'persona')} in all; the aim is {low} to {high}."
    return "warn", f"{count_words(n, 'persona')} in all; the aim is {low} to {high}."
