"""The campaign pack: rows as they stand, parts laid side by side, gaps as gaps."""

from __future__ import annotations

import pandas as pd
import pytest

from segmentation.display import Callout
from segmentation.errors import DataContractError
from segmentation.figures.journey_map import draw_journey_maps
from segmentation.messaging import (
    Cites,
    compose_pack,
    describe_gaps,
    describe_pack,
    find_missing_locales,
    find_uncited,
    lint_messages,
    load_voice,
    map_journey,
    pack_page,
    summarise_told,
    tabulate_missing_locales,
    tabulate_uncited,
)
from segmentation.reporting.render import environment
from segmentation.study import Messaging

from .test_journey import EVENTS, MEMBERS
from .test_matrix import CHILD, GOOD, KNOWN, load_messages, write
from .test_told import make_told

ADA = {
    "persona_id": "P1", "name": "Ada", "segment_id": "S1", "one_line": "Plans the day",
    "sections": [{"key": "pains", "claims": [{"claim_id": "pains-1", "text": "Money comes late", "status": "assumption"}]}],
}  # fmt: skip
BEA = {"persona_id": "P2", "name": "Bea", "segment_id": "S2", "sections": []}
CITES = Cites(
    pd.DataFrame({"text": ["Paid the same day"]}, index=["vp-1"]),
    pd.DataFrame({"text": ["Counted in May"]}, index=["PR1"]),
)
QUOTES = pd.DataFrame(
    [("q1", "I01", "S1", "late_payment", "He pays in three weeks or not at all", 1, 9), ("q2", "I02", "S1", "late_payment", "Late", 2, 1),
     ("q3", "I03", "S2", "late_payment", "We wait for the bank every single month", 2, 8)],
    columns=["quote_id", "participant", "segment", "code_id", "text", "coders", "words"],
)  # fmt: skip


@pytest.fixture
def matrix(tmp_path) -> pd.DataFrame:
    subject = {**GOOD, "segment_id": "S1", "value_prop_id": "vp-1", "locked": ""}
    draft = {**subject, "message_id": "M3", "element": "first_sentence", "text": "Your money waits.", "status": "draft"}
    broad = {
        **GOOD,
        "message_id": "M4",
        "persona_id": "*",
        "channel": "linkedin",
        "element": "intro",
        "text": "Paid on time?",
    }
    old = {**subject, "message_id": "M5", "variant": "old", "status": "retired"}
    return load_messages(write(tmp_path, subject, {**CHILD, "text": "Diese Woche bezahlt"}, draft, broad, old), **KNOWN)


def compose(matrix, **more):
    return compose_pack(matrix, [ADA, BEA], CITES, quotes=QUOTES, **more)


def test_compose_pack_every_line_is_a_row_or_a_part_somebody_wrote(matrix):
    pack = compose(matrix)
    written = {*matrix["text"], *CITES.value_props["text"], *CITES.proofs["text"], "Money comes late"}
    spoken = {f"“{text}”" for text in QUOTES["text"]}
    assert set(pack.loc[pack["kind"] != "gap", "text"]) <= written | spoken
    mail = pack[(pack["persona_id"] == "P1") & (pack["piece"] == "email")].set_index("part")
    assert mail.loc["subject", ["text", "message_id", "origin", "pain_id", "proof_id", "proof_date", "quote_id"]].tolist() == [
        "Get paid this week", "M1", "M1", "late_payment", "PR1", "2026-05-01", "q2"]  # fmt: skip
    assert mail.loc["subject for DE (de-DE)", ["kind", "text", "origin"]].tolist() == [
        "translation",
        "Diese Woche bezahlt",
        "M2",
    ]
    assert mail.loc["first sentence", "notes"] == "draft, not approved"


def test_compose_pack_webinar_and_talk_lay_words_of_team_and_customer_side_by_side(matrix):
    pack = compose(matrix).set_index(["persona_id", "piece", "kind"])
    assert pack.loc[[("P1", "webinar", "quote")], "text"].tolist() == ["“Late”"]  # marked by two coders
    assert pack.loc[[("P1", "webinar", "value proposition")], "text"].tolist() == ["Paid the same day"]
    assert pack.loc[[("P1", "talk", "pain")], ["text", "notes"]].to_numpy().tolist() == [
        ["Money comes late", "an assumption: no evidence"]
    ]
    assert pack.loc[[("P1", "talk", "gap")], "text"].tolist() == ["No opener is written for Ada (phone)."]


def test_compose_pack_gaps_are_shown_and_broad_rows_are_said(matrix):
    pack = compose(matrix, stale=pd.DataFrame({"proof_id": ["PR1"]}))
    bea = pack[pack["persona_id"] == "P2"]
    assert bea.loc[bea["piece"] == "email", "kind"].tolist() == ["gap", "gap"]
    post = bea[bea["piece"] == "linkedin"].iloc[0]
    assert (
        post["text"] == "Paid on time?"
        and "broad message, not this persona's own" in post["notes"]
        and "too old" in post["notes"]
    )
    assert "No message for Bea says which pain to speak to." in set(bea["text"])
    told = str(describe_pack(pack))
    assert (
        "The pack has 10 pieces for 2 personas" in told
        and "2 personas have no line of their own on some channel, and the broad one stands there" in told
        and "e-mail for 1" in told
    )


def test_compose_pack_missing_parts_and_errors_are_noted(matrix):
    lint = pd.DataFrame({"message_id": ["M1"], "severity": ["error"], "sentence": ["Too long."]})
    pack = compose_pack(matrix, [ADA], Cites(), lint=lint).set_index(["piece", "part"])
    assert set(pack.loc[[("webinar", "what we offer"), ("webinar", "what backs it")], "kind"]) == {"gap"}
    assert pack.loc[[("webinar", "on late payment")], "text"].tolist() == ["Nobody of S1 is quoted on late payment."]
    assert pack.loc[[("email", "subject")], "notes"].tolist() == ["Too long."]


def test_pack_page_has_each_line_with_its_trace(matrix):
    page = pack_page(compose(matrix), [ADA, BEA])
    assert [piece["title"] for piece in page[0]["pieces"]] == [
        "E-mail",
        "LinkedIn post",
        "Landing page",
        "Webinar",
        "Sales talk track",
    ]
    line = page[0]["pieces"][0]["lines"][0]
    assert line["trace"] == "row M1; pain late payment; quote q2; value proposition vp-1; proof PR1 of 2026-05-01"


def test_compose_pack_holds_what_a_persona_has_on_every_other_channel(tmp_path):
    text = {
        **GOOD,
        "segment_id": "S1",
        "value_prop_id": "vp-1",
        "locked": "",
        "channel": "sms",
        "element": "text",
        "text": "Paid? Reply STOP.",
    }
    pack = compose(load_messages(write(tmp_path, text), **KNOWN))
    rows = pack[pack["piece"] == "sms"]
    assert rows[["persona_id", "part", "kind", "text"]].to_numpy().tolist() == [
        ["P1", "text", "message", "Paid? Reply STOP."]
    ]
    assert [piece["title"] for piece in pack_page(pack, [ADA])[0]["pieces"]][-1] == "SMS"


def test_pack_page_says_how_many_each_piece_reaches_and_what_the_plan_says(matrix):
    columns = [
        "channel",
        "persona_id",
        "used",
        "needed",
        "people",
        "reachable",
        "proposal",
        "withheld",
        "baseline",
        "lift",
    ]
    plan = pd.DataFrame(
        [("email", "P1", True, 7560, 320, 297, "everybody", False, 0.05, 0.3),
         ("linkedin", "P1", True, 200, 320, 297, "persona", False, 0.02, 0.3),
         ("phone", "P1", False, 588, 320, 4, "segment", False, 0.2, 0.5), ("web", "P1", True, 9, 9, 9, "persona", True, 0.1, 0.5)],
        columns=columns,
    )  # fmt: skip
    said = {piece["key"]: piece["plan"] for piece in pack_page(compose(matrix), [ADA], plan=plan)[0]["pieces"]}
    assert said["email"].startswith(
        "297 of 320 people on file for this persona can be reached; the plan says stay broad, because it takes 7,560 to find "
        "30% more than the 5% who"
    )
    assert said["linkedin"].endswith("enough to tell whether words of its own do better than the broad ones.")
    assert said["talk"].startswith(
        "Fewer than 10 of 320 people on file for this persona can be reached. The channel was not used before"
    )
    assert said["landing"] == "" == said["webinar"]


def test_compose_pack_no_messages_is_absent(make_study):
    pack = compose_pack(load_messages(make_study()), [ADA], Cites())
    assert pack.empty and isinstance(describe_pack(pack), Callout)


def test_find_uncited_and_missing_locales(matrix):
    uncited = find_uncited(matrix)
    assert uncited["message_id"].tolist() == ["M4"] and uncited["missing"].tolist() == ["a value proposition"]
    missing = find_missing_locales(matrix, ["en", "de-DE"])
    assert missing[["message_id", "locale", "told"]].to_numpy().tolist() == [
        ["M3", "de-DE", "en"],
        ["M4", "de-DE", "en"],
    ]
    told = str(describe_gaps(uncited, missing, matrix))
    assert (
        "1 of 4 messages in use cites less than" in told
        and "1 of them is approved or live" in told
        and "de-DE 2" in told
    )
    assert tabulate_uncited(uncited).frame["Does not cite"].tolist() == ["a value proposition"]
    table = tabulate_missing_locales(missing, matrix, names={"P1": "Ada"}).frame
    assert table.to_numpy().tolist() == [["Ada", 2, 1], ["everybody", 1, 1]]


def test_lint_messages_brand_words_and_lost_fields(tmp_path, make_study):
    (tmp_path / "voice.yaml").write_text(
        "en:\n  say: {job: [ticket]}\n  avoid: {seamless: say what happens}\n  prove: [best]\nde: {avoid: {Lösung: ''}}\n",
        "utf-8",
    )
    voice = load_voice(make_study().model_copy(update={"folder": tmp_path, "messaging": Messaging(voice="voice.yaml")}))
    bare = {**GOOD, "proof_id": "", "proof_source": "", "proof_date": "", "locked": ""}
    rows = [{**bare, "text": "The best seamless tickets, {{first_name|you}}"}, {**CHILD, "text": "Die Lösung"}]
    lint = lint_messages(load_messages(write(tmp_path, *rows), **KNOWN), voice=voice).set_index("message_id")
    assert sorted(lint.loc["M1", "rule"]) == ["claim_without_proof", "word_to_avoid", "word_to_replace"]
    assert sorted(lint.loc["M2", "rule"]) == ["lost_field", "word_to_avoid"]
    assert "It says 'ticket'; the brand's word is 'job'." in set(lint["sentence"])


def test_load_voice_every_breach_at_once(tmp_path, make_study):
    (tmp_path / "voice.yaml").write_text("en: {says: {}, prove: {a: b}}\nde: [x]\n")
    study = make_study().model_copy(update={"folder": tmp_path, "messaging": Messaging(voice="voice.yaml")})
    with pytest.raises(DataContractError) as caught:
        load_voice(study)
    said = str(caught.value)
    assert "3 problems" in said and "line 1, column 'en.says': unknown key; allowed: say, avoid, prove" in said
    assert load_voice(make_study()) == {}


def test_draw_journey_maps_escape_words_and_say_what_is_not_known(journey, matrix):
    measured = map_journey(EVENTS, journey, MEMBERS, min_cell=1)
    told = summarise_told(
        make_told(("I1", "S1", "P1", "adopt", -1, "a")).assign(text="<script>x</script> & co"), ["start", "adopt"]
    )
    sent = matrix.assign(stage="start", text="<b>bold</b>")
    drawn = draw_journey_maps(measured, told, sent, [{**ADA, "name": "A<b>da"}])["P1"]
    assert drawn.startswith("<svg") and "<script" not in drawn and "<b>" not in drawn and "&lt;script&gt;" in drawn
    for words in ("not told", "Nobody told anything", "3 of 4", ">none<", "-1.0, 1 person", "too few have the persona"):
        assert words in drawn
    assert "Feeling told, -2 to 2: adopt -1.0." in drawn
    assert draw_journey_maps(measured.iloc[:0], told, sent, [ADA]) == {}


def test_a_gap_names_its_stage_and_a_trace_the_pain_s_words(tmp_path):
    first = {
        **GOOD,
        "segment_id": "S1",
        "value_prop_id": "vp-1",
        "locked": "",
        "element": "first_sentence",
        "text": "Your money waits.",
    }
    later = {**first, "message_id": "M6", "stage": "renew", "element": "subject", "text": "Paid again"}
    codes = pd.DataFrame({"name": ["Late payment"]}, index=["late_payment"])
    pack = compose(load_messages(write(tmp_path, first, later), **KNOWN), codes=codes)
    gaps = pack[(pack["persona_id"] == "P1") & (pack["piece"] == "email") & (pack["kind"] == "gap")]
    assert gaps["text"].tolist() == [
        "No subject is written for Ada (e-mail, at the stage try).",
        "No first sentence is written for Ada (e-mail, at the stage renew).",
    ]
    mail = pack_page(pack, [ADA])[0]["pieces"][0]["lines"]
    assert mail[0]["part"] == "Try: subject"
    assert all("pain Late payment" in line["trace"] for line in mail if line["kind"] == "message")


def test_pages_of_the_pack_are_folded_but_the_first():
    page = {"persona_id": "p", "name": "Pia", "segment": "S1", "one_line": "", "pieces": [], "map": ""}
    made = environment().from_string("{% import 'pack.html.j2' as packs %}{{ packs.pack(pages, 2, '') }}")
    html = made.render(pages=[page, page | {"persona_id": "q"}])
    assert html.count('<details class="pack" open>') == 1 and html.count("<details") == 2
