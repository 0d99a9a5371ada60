"""Take names, addresses and numbers out of what people said before anybody reads it.

No detector finds every identifier. What is promised: each known name, e-mail and phone of the inputs is taken out, and
so is
everything that has the shape of an e-mail, a web address, a phone, a card or an account number. A name that is in no
list
and in no input is not found; quotes still need a person's eye.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Redactor", "build_redactor"]

LEGAL = r"(?:ltd|limited|gmbh|inc|llc|llp|plc|bv|b\.v|ag|kg|oy|ab|sarl|srl|corp|co)\.?"
COMPANY_WORDS = frozenset(
    """ltd limited gmbh inc llc llp plc bv ag kg oy ab sarl srl corp co company group holdings partners services service systems
    solutions heating plumbing drains electrical electrics elektro elektra lifts elevators solar cleaning facilities fire safety
    refrigeration gates doors pest hvac gas boilers trade supplies engineering installations maintenance klimatechnik haustechnik
    lettings homes housing care lumber motors logistics hotel hotels school college council hospital bank builders construction
    contractors properties brewery bakery foods farm farms""".split()  # noqa: SIM905
)
# Ordinary words that are also names; taken for names only where a list names them on their own.
ORDINARY = frozenset(
    [
        "may",
        "will",
        "bill",
        "mark",
        "grace",
        "hope",
        "rose",
        "price",
        "young",
        "long",
        "king",
        "summer",
        "april",
        "june",
        "august",
        "frank",
        "rich",
        "art",
        "guy",
        "jack",
        "miles",
        "chase",
        "drew",
        "pat",
        "rob",
        "sue",
        "ray",
        "dean",
        "grant",
        "wade",
        "cash",
        "day",
        "field",
        "north",
        "south",
        "east",
        "west",
        "star",
        "green",
        "black",
        "white",
        "brown",
        "gray",
        "grey",
        "stone",
        "wood",
        "woods",
        "hill",
        "brook",
        "banks",
        "bank",
        "page",
        "park",
        "parks",
        "lane",
        "law",
        "best",
        "love",
        "good",
        "fair",
        "bright",
        "hall",
        "house",
        "home",
        "church",
        "marsh",
        "moss",
        "reed",
        "fields",
        "waters",
        "rivers",
        "snow",
        "winter",
        "frost",
        "storm",
        "wise",
        "swift",
        "sharp",
        "strong",
        "small",
        "short",
        "little",
        "cook",
        "baker",
        "mason",
        "smith",
        "carter",
        "taylor",
        "miller",
        "fisher",
        "hunter",
        "shepherd",
        "porter",
        "potter",
        "turner",
        "walker",
        "ward",
        "wright",
        "bond",
        "gold",
        "silver",
        "first",
        "second",
        "last",
        "new",
        "old",
        "the",
        "and",
        "for",
        "mister",
        "doctor",
        "office",
        "service",
    ]
)
TLD = "com|org|net|info|biz|io|co|eu|uk|ie|de|nl|us|fr|es|it|be|at|ch|app|dev|example"
AT, DOT = r"(?:at|\(at\)|\[at\])", r"(?:\s+dot\s+|\.)"
ANY_SIGN, ANY_DIGIT = re.compile("@"), re.compile(r"\d")
ANY_LINK = re.compile(r"://|www\.", re.IGNORECASE)
ANY_DOMAIN = re.compile(rf"(?:\.|dot\s+)(?:{TLD})\b", re.IGNORECASE)
PATTERNS = (  # label, what every match holds, and the pattern: the second is quick to miss in what people say
    ("e-mail", ANY_SIGN, re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)),
    ("e-mail", ANY_DOMAIN, re.compile(rf"\b[\w.+-]+\s+{AT}\s+[\w-]+{DOT}(?:[\w-]+{DOT})?(?:{TLD})\b", re.IGNORECASE)),
    ("web address", ANY_LINK, re.compile(r"\b(?:https?://|www\.)[^\s<>\"]+[^\s<>\".,;:!?)]", re.IGNORECASE)),
    ("web address", ANY_DOMAIN, re.compile(rf"\b[a-z0-9](?:[\w-]*\.)+(?:{TLD})\b(?:/[^\s<>\"]*[^\s<>\".,;:!?)])?", re.IGNORECASE)),
    ("account number", ANY_DIGIT, re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("handle", ANY_SIGN, re.compile(r"(?<![\w@.])@[A-Za-z]\w{2,}")),
    ("postcode", ANY_DIGIT, re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")),
)  # fmt: skip
DIGITS = re.compile(r"(?<![\w.,£$€/-])(?:\+|\(?)\d(?:[\s().\-/\u2010-\u2013]{0,2}\d){6,18}(?![\w%])")
DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$|^\d{1,2}[./-]\d{1,2}[./-]\d{4}$|^(?:19|20)\d{2}\D+(?:19|20)\d{2}$")
MONEY = re.compile(r"^\d{1,3}(?:[ .,]\d{3})+$")
MARGIN = 100  # code points round a passage that are looked at too, for identifiers cut at its edge
SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Redactor:
    """Finds identifiers in text and replaces them.

    Attributes
    ----------
    known : tuple of (label, pattern)
        Identifiers of the inputs.

    Examples
    --------
    >>> Redactor().redact("Ring me on 020 7946 0123 or write to jo@example.com, it was 1,250 pounds.")
    'Ring me on [phone] or write to [e-mail], it was 1,250 pounds.'
    """

    known: tuple[tuple[str, re.Pattern[str]], ...] = field(default=())

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Start, end and label of every identifier, none overlapping, in order."""
        held = {sign for sign in (ANY_SIGN, ANY_DIGIT, ANY_LINK, ANY_DOMAIN) if sign.search(text)}
        found = [
            (m.start(), m.end(), label)
            for label, sign, pattern in PATTERNS
            if sign in held
            for m in pattern.finditer(text)
        ]
        if ANY_DIGIT in held:
            found += [(m.start(), m.end(), label) for m in DIGITS.finditer(text) if (label := _number(m.group()))]
        found += [(m.start(), m.end(), label) for label, pattern in self.known for m in pattern.finditer(text)]
        kept: list[tuple[int, int, str]] = []
        for start, end, label in sorted(found, key=lambda span: (span[0], -span[1])):
            if kept and start < kept[-1][1]:
                kept[-1] = (kept[-1][0], max(end, kept[-1][1]), kept[-1][2])
            else:
                kept.append((start, end, label))
        return kept

    def redact(self, text: str, start: int = 0, end: int | None = None) -> str:
        """Text from start to end with identifiers replaced; what surrounds it helps to find those at its edges."""
        end = len(text) if end is None else end
        pieces, place = [], start
        offset = max(0, start - MARGIN)
        for near, far, label in self.spans(text[offset : end + MARGIN]):
            first, last = near + offset, far + offset
            if last <= start or first >= end:
                continue
            pieces += [text[place : max(first, start)], f"[{label}]"]
            place = last
        return "".join([*pieces, text[place:end]])


def build_redactor(
    identifiers: Iterable[str] = (),
    *,
    people: Iterable[str] = (),
    companies: Iterable[str] = (),
    texts: Iterable[str] = (),
) -> Redactor:
    """Prepare a redactor from lists of names, e-mails and phones.

    Full names are found in any case, and each of their parts where written with a capital, unless it is an ordinary
    word
    ("Mark", "Price") that no list names on its own. Companies are found with and without "Ltd" and the like.

    Parameters
    ----------
    identifiers : iterable of str
        ``Dataset.identifiers``: of unknown sort; those that contain a trade or "Ltd" and the like are taken for
        companies.
    people, companies : iterable of str
        Names known to be of that sort, for instance those interviewers wrote down.
    texts : iterable of str, optional
        If given, identifiers that occur in none of them are left out, which makes the redactor fast.

    Returns
    -------
    Redactor

    Examples
    --------
    >>> redactor = build_redactor(people=["Dave Pritchard"], companies=["Hollins Heating Ltd"])
    >>> redactor.redact("Dave left Hollins Heating, dave pritchard's van too. I dived in.")
    "[person] left [company], [person]'s van too. I dived in."
    """
    labelled = {_tidy(name): "person" for name in people}
    labelled |= {_tidy(name): "company" for name in companies}
    for name in identifiers:
        labelled.setdefault(_tidy(name), _sort(_tidy(name)))
    heads = {name.split()[0] for name, label in labelled.items() if label == "company" and name}
    labelled = {name: "company" if label == "person" and name in heads else label for name, label in labelled.items()}
    corpus = "\n".join(texts).casefold()
    corpus = SPACE.sub(" ", corpus)
    variants: dict[str, dict[str, bool]] = {}
    for name, label in labelled.items():
        for form, loose in _forms(name, label).items():
            if len(form) > 1 and (not corpus or form.casefold() in corpus):
                variants.setdefault(label, {}).setdefault(form, loose)
    return Redactor(tuple(item for label, forms in sorted(variants.items()) for item in _patterns(label, forms)))


def _tidy(name: str) -> str:
    return SPACE.sub(" ", str(name)).strip(" ,;")


def _sort(name: str) -> str:
    if "@" in name:
        return "e-mail"
    if sum(character.isdigit() for character in name) >= 6:
        return "phone"
    words = re.findall(r"\w+", name.casefold())
    return "company" if COMPANY_WORDS & set(words) or "&" in name or len(words) > 3 else "person"


def _forms(name: str, label: str) -> dict[str, bool]:
    """Ways a name is written, and whether case is ignored."""
    words = name.split()
    forms = {name: len(words) > 1 or label in ("e-mail", "phone")}
    if label == "company":
        short = re.sub(rf"[\s,]+{LEGAL}$", "", name, flags=re.IGNORECASE)
        if short != name and (len(short.split()) > 1 or len(short) > 4):
            forms[short] = len(short.split()) > 1
    if label == "person" and 1 < len(words) <= 4:
        forms |= {w: False for w in words if len(w) > 2 and w[0].isupper() and w.casefold() not in ORDINARY}
    return forms


def _patterns(label: str, forms: dict[str, bool]) -> list[tuple[str, re.Pattern[str]]]:
    found = []
    for loose in (True, False):
        chosen = sorted((form for form, free in forms.items() if free is loose), key=len, reverse=True)
        if not loose:
            chosen = [way for form in chosen for way in dict.fromkeys([form, form.upper()])]
        if chosen:
            either = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in chosen)
            found.append((label, re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE if loose else 0)))
    return found


def _number(text: str) -> str:
    """Whether a run of digits is a card, a phone, or neither (a date, an amount)."""
    digits = re.sub(r"\D", "", text)
    if DATE.match(text.strip()) or MONEY.match(text.strip()):
        return ""
    if len(digits) >= 13 and _passes_luhn(digits):
        return "card number"
    return "phone" if 7 <= len(digits) <= 15 else "number" if len(digits) > 15 else ""


def _passes_luhn(digits: str) -> bool:
    doubled = [int(d) if place % 2 == 0 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
