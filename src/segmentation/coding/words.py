"""What was coded so far, and where coders differ, in words and tables without a quote in them."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from ..display import Callout, Reading, Table
from ..errors import ParameterError, nearest_word
from ..words import count_words, join_words
from .disagree import decisions, find_disagreements
from .folder import Code, CodingFolder

__all__ = ["describe_codings", "tabulate_coders", "tabulate_differences"]


def describe_codings(folder: CodingFolder) -> Reading | Callout:
    """Who coded how much, and how many differences between two coders are still open."""
    coders = [coder for coder in folder.coders.values() if coder.codings]
    if not coders:
        return Callout("absent", "Nothing is coded yet.", "Select words in a transcript above and give them a code.")
    total = sum(len(rows) for coder in coders for rows in coder.codings.values())
    texts = {source for coder in coders for source in coder.codings}
    first = (
        f"{count_words(len(coders), 'coder').capitalize()} gave {count_words(total, 'passage')} a code, in "
        f"{count_words(len(texts), 'transcript')}. The codebook has {count_words(len(folder.codes()), 'code')}."
    )
    pairs = [(a, b) for place, a in enumerate(coders) for b in coders[place + 1 :]]
    found = [(a, b, source) for a, b in pairs for source in a.codings.keys() & b.codings.keys()]
    if not found:
        return Reading([first, "No transcript was coded by two coders, so nothing is known about agreement."])
    differ = resolved = 0
    for a, b, source in found:
        places = {place.key for place in find_disagreements(a.of(source), b.of(source))}
        differ += len(places)
        resolved += len(places & {key for _, key, _ in decisions(a, b, source)})
    both = len({source for *_, source in found})
    done = "none is" if not resolved else f"{resolved:,d} {'is' if resolved == 1 else 'are'}"
    second = (
        f"{count_words(both, 'transcript was', 'transcripts were').capitalize()} coded by two coders or more. They differ at "
        f"{count_words(differ, 'place')}, of which {done} resolved. What is resolved does not "
        "change agreement, which is measured on what each coder did alone."
    )
    return Reading([first, second])


def tabulate_coders(folder: CodingFolder) -> Table:
    """One row a coder: transcripts, codings, codes given and added, memos, resolutions."""
    rows = [
        {
            "Coder": coder.name,
            "Transcripts": len(coder.codings),
            "Codings": sum(map(len, coder.codings.values())),
            "Codes given": len({coding.code for codings in coder.codings.values() for coding in codings}),
            "Codes added": len(coder.codes),
            "Memos": len(coder.memos) + sum(bool(c.memo) for codings in coder.codings.values() for c in codings),
            "Resolutions": len(coder.resolutions),
        }
        for coder in folder.coders.values()
    ]
    columns = ["Coder", "Transcripts", "Codings", "Codes given", "Codes added", "Memos", "Resolutions"]
    caption = f"What each coder did, in {folder.path.name}; n = {count_words(len(rows), 'coder')}."
    return Table(pd.DataFrame(rows, columns=columns), caption, dict.fromkeys(columns[1:], ",d"))


def tabulate_differences(folder: CodingFolder, coder: str) -> Table:
    """Where one coder and each other differ, by code: places only one of them marked, other borders, and how many are resolved."""
    if coder not in folder.coders:
        raise ParameterError(f"no coder {coder!r} in {folder.path.name}. {nearest_word(coder, folder.coders)}".strip())
    me, codes = folder.coder(coder), folder.codes()
    counts: Counter[tuple[str, str, str]] = Counter()
    others = [other for other in folder.coders.values() if other.name != coder and other.codings]
    shared = set()
    for other in others:
        for source in sorted(me.codings.keys() & other.codings.keys()):
            shared.add(source)
            decided = {key for _, key, _ in decisions(me, other, source)}
            for place in find_disagreements(me.of(source), other.of(source)):
                counts[other.name, place.code, place.kind] += 1
                counts[other.name, place.code, "resolved"] += place.key in decided
    pairs = sorted(
        {(other, code) for other, code, _ in counts},
        key=lambda p: (p[0], list(codes).index(p[1]) if p[1] in codes else -1),
    )
    rows = [
        {
            "Beside": other,
            "Code": codes.get(code, Code(code, code)).name,
            f"Only {coder}": counts[other, code, "mine"],
            "Only the other": counts[other, code, "theirs"],
            "Other borders": counts[other, code, "borders"],
            "Resolved": counts[other, code, "resolved"],
        }
        for other, code in pairs
    ]
    columns = ["Beside", "Code", f"Only {coder}", "Only the other", "Other borders", "Resolved"]
    beside = join_words(other.name for other in others)
    caption = f"Places where {coder} and {beside} differ, by code, in the {count_words(len(shared), 'transcript')} that both coded."
    note = "Other borders: both gave the code to words that overlap, but not to the same words."
    empty = f"{coder} and {beside} differ nowhere." if shared else f"Nobody coded a transcript that {coder} coded."
    return Table(pd.DataFrame(rows, columns=columns), caption, dict.fromkeys(columns[2:], ",d"), note=note, empty=empty)
