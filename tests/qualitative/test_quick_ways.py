"""The quick ways give what the plain ways give: signs looked for before patterns, words found in one array, spans met in one pass."""

import json
import uuid

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segmentation.qualitative.cooccurrence import _agreed, _merge
from segmentation.qualitative.language import _draw, log_odds
from segmentation.qualitative.redaction import PATTERNS
from segmentation.qualitative.refi_xml import Material
from segmentation.sources.places import Joined

WORDS = st.lists(
    st.sampled_from(
        ["jo@x.org", "jo at mail dot CO", "(AT)", "a.b.de/x", "WWW.x.y", "https://q", "GB82 WEST 1234 5698 7654", "@handle",
         "SW1A 1AA", "٣٤", "dot", "at", "com.", "ſ.IO", "…", "\n"]
    )
    | st.text(max_size=6),
    max_size=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(WORDS)
@example(["mail", "jo", "at", "acme", "dot", "com"])
def test_no_pattern_matches_where_its_sign_is_not(words):
    for text in (" ".join(words), "".join(words)):
        for label, sign, pattern in PATTERNS:
            assert pattern.search(text) is None or sign.search(text), (label, text)


@settings(max_examples=60, deadline=None)
@given(st.text("ab \n\t\u2009\ufeff\x1c😀é", max_size=30), st.sampled_from([" ", ""]))
def test_joined_words_stand_where_they_stand_in_the_text(text, mark):
    joined = Joined(text, mark)
    assert joined.words == mark.join(text.split())
    assert len(joined.places) == len(joined.words)
    for sign, place in zip(joined.words, joined.places, strict=True):
        assert text[place] == sign or (sign == mark and text[place].isspace())


@given(st.lists(st.text(max_size=8), max_size=4))
def test_guids_are_those_of_the_standard_library(key):
    words = json.dumps(["study", *key])
    wanted = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:segmentation:refi-qda:{words}"))
    assert Material("study", {}, pd.DataFrame(), pd.DataFrame()).guid(*key) == wanted


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6).map(_merge)


@settings(max_examples=60, deadline=None)
@given(st.lists(SPANS, min_size=2, max_size=3))
def test_what_all_coders_marked_is_what_every_pair_of_their_spans_shares(by_coder):
    kept = by_coder[0]
    for spans in by_coder[1:]:
        shared = ((max(a, c), min(b, d)) for a, b in kept for c, d in spans)
        kept = sorted(span for span in shared if span[0] < span[1])
    assert _agreed(by_coder, len(by_coder)) == kept


def test_words_drawn_a_few_at_a_time_stand_out_as_drawn_one_order_at_a_time(monkeypatch):
    monkeypatch.setattr("segmentation.qualitative.language.CELLS", 60)
    rng = np.random.default_rng(3)
    values, own = rng.poisson(3, (9, 7)).astype(float), np.eye(3)[np.arange(9) % 3]
    spoken = values.sum(axis=1) + 5
    prior = values.sum(axis=0) / 4
    orders = [np.arange(9), *(rng.permutation(9) for _ in range(20))]
    z, _, reached = _draw(own, orders, values, spoken, prior)
    plain = []
    for order in orders:
        inside, total = own[order].T @ values, (own[order].T @ spoken)[:, None]
        plain.append(log_odds(inside, values.sum(axis=0) - inside, prior, (total, spoken.sum() - total))[1])
    drawn = np.stack(plain)
    assert np.array_equal(z, drawn[0])
    scaled = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0)
    assert np.allclose(reached, scaled[1:].max(axis=(1, 2)))
    assert z.base is None or z.base.size == z.size, "a view would keep every draw in memory"
