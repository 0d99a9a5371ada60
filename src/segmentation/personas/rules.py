"""The rules a persona must meet (P01 to P13); each result names the limit it was held against."""

from __future__ import annotations

import re

import pandas as pd

from ..study import PersonaRules
from ..words import count_words, join_words, percent_words
from .members import match_defining
from .model import Persona

__all__ = ["RULES", "PersonaRules", "match_defining"]

RULE_COLUMNS = ["persona_id", "rule", "level", "text"]
RULES = {
    "P01 assumptions": "A claim without evidence is marked as an assumption, and there are few of them.",
    "P02 quotes": "A quote stands word for word in its transcript, the speaker agreed, and names are masked.",
    "P03 voices": "Several people stand behind a theme, and none of them is most of it.",
    "P04 number": "Few personas in all, at least two a segment or a written reason.",
    "P05 defining attributes": "Few attributes define a member, and enough of the segment have them all.",
    "P06 traits": "A trait is listed only where the segment clearly differs from everybody.",
    "P07 overlap": "No two personas are one.",
    "P08 stability": "The segment comes back when the customers are drawn again.",
    "P09 person": "Age, gender and origin are left out unless the data show that they matter.",
    "P10 picture": "A drawn sign, no photo and no face.",
    "P11 method": "Method and limits are stated.",
    "P12 perception": "Those who are to use a persona have rated it.",
    "P13 prediction": "Each persona predicts something that a test can refute, and tests have not refuted it too often.",
}
PERSONAL = re.compile(
    r"\b(?:fe)?males?\b|\bwom[ae]n\b|\bgenders?\b|\bethnic\w*|\bnationality\b|\byears? old\b|\baged \d|\b\d{2}-year-old"
    r"|\bin (?:his|her|their) (?:early |mid |late )?(?:twenties|thirties|forties|fifties|sixties)\b",
    re.IGNORECASE,
)
PICTURE = re.compile(r"!\[|<img\b|<svg\b|data:image/|\.(?:jpe?g|png|gif|webp)\b", re.IGNORECASE)
Row = tuple[str, str, str, str]


def check_own(persona: Persona, claims: pd.DataFrame, rules: PersonaRules) -> list[Row]:
    """Rules that need only the persona and its judged claims: P01, P02, P06, P09, P10, P11.

    ``claims`` are its rows, quotes of the persona included.
    """
    who = persona.persona_id
    found = (
        _assumptions(claims, rules), _quotes(claims), _traits(claims, rules), _person(persona, claims), _picture(persona),
        _method(persona),
    )  # fmt: skip
    return [(who, rule, level, text) for rule, level, text in found]


def _assumptions(claims: pd.DataFrame, rules: PersonaRules) -> tuple[str, str, str]:
    said = claims[claims["section"] != "quotes"]
    n, assumed = len(said), int((said["kind"] == "assumption").sum())
    many = (assumed / n if n else 1.0) > rules.max_assumptions
    text = f"{assumed} of {count_words(n, 'claim')} {'is an assumption' if assumed == 1 or n == 1 else 'are assumptions'}; "
    text += f"more than {percent_words(rules.max_assumptions)} {'makes' if many else 'would make'} it a draft."
    return "P01 assumptions", "warn" if many else "ok", text


def _quotes(claims: pd.DataFrame) -> tuple[str, str, str]:
    broken = int(claims["broken_quote"].sum())
    if not broken:
        return "P02 quotes", "ok", "Every quote stands word for word in its transcript and may be shown."
    what = count_words(broken, "quote does", "quotes do")
    return "P02 quotes", "fail", f"{what} not stand in the transcripts, or may not be shown."


def _traits(claims: pd.DataFrame, rules: PersonaRules) -> tuple[str, str, str]:
    unclear, weak = int(claims["unclear"].sum()), int(claims["weak_index"].sum())
    limits = f"{rules.low_index:g} and {rules.high_index:g}"
    if unclear:
        text = f"{count_words(unclear, 'claim rests', 'claims rest')} on a figure not shown to differ from everybody's this quarter."
        return "P06 traits", "fail", text
    if weak:
        text = f"{count_words(weak, 'claim rests', 'claims rest')} on an index between {limits}, so close to everybody's value."
        return "P06 traits", "warn", text
    text = f"Every trait has an index of at least {rules.high_index:g} or at most {rules.low_index:g}, or is no index."
    return "P06 traits", "ok", text


def _person(persona: Persona, claims: pd.DataFrame) -> tuple[str, str, str]:
    """Words about age, gender or origin are for claims that a clear figure carries."""
    carried = claims["status"].eq("ok") & ~claims["weak_index"] & claims["kind"].eq("observed")
    said = claims.loc[~carried & (claims["section"] != "quotes"), "text"].astype(str)
    loose = [*said, persona.one_line, persona.body, *persona.unlike]
    words = sorted({match.group().casefold() for text in loose for match in PERSONAL.finditer(text)})
    weak = int((claims["personal"] & ~carried).sum())
    if not words and not weak:
        return "P09 person", "ok", "Nothing is said about age, gender or origin that no clear figure carries."
    text = f"It says {join_words(f'“{word}”' for word in words)} without a figure that carries it" if words else ""
    if weak:
        text += "; " if text else ""
        text += f"{count_words(weak, 'claim', 'claims')} about age, gender or origin {'is' if weak == 1 else 'are'} not clearly shown"
    return "P09 person", "fail", f"{text[0].upper()}{text[1:]}. Leave it out."


def _picture(persona: Persona) -> tuple[str, str, str]:
    if PICTURE.search(persona.body):
        text = "The text under the keys holds a picture. A face invites guesses that nothing supports; take it out."
        return "P10 picture", "fail", text
    return "P10 picture", "ok", "Its sign is drawn from its id: shapes and initials, no face."


def _method(persona: Persona) -> tuple[str, str, str]:
    missing = [name for name in ("method", "limits") if not getattr(persona, name).strip()]
    text = "Method and limits are stated." if not missing else f"Not stated: {join_words(missing)}."
    return "P11 method", "warn" if missing else "ok", text
