"""Persona files: what is read, and every problem at once."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from segmentation.errors import StudyError
from segmentation.personas import load_personas, persona_schema


def test_load_personas_good_file_gives_claims_with_evidence(folder):
    (persona,) = load_personas(folder)
    claims = {name: [e.sort for e in claim.evidence] for name, _, claim in persona.claims()}
    assert claims == {
        "jtbd-functional": ["theme"],
        "pains-1": ["theme", "quote"],
        "goals-1": ["profile"],
        "behaviour-1": ["profile"],
        "behaviour-2": ["profile"],
    }
    assert persona.body.strip() == "Body text."


def test_load_personas_plain_text_is_a_claim_without_evidence(folder):
    file = folder / "s1-dana.md"
    file.write_text(file.read_text().replace("unlike:", "triggers: [Lost a customer]\nunlike:"))
    assert load_personas(folder)[0].triggers[0].evidence == ()


def test_load_personas_every_problem_is_said_with_its_line(folder):
    file = folder / "s1-dana.md"
    text = file.read_text().replace("direction: above}}", "direction: abov}}", 1).replace("unlike:", "unlik:")
    text = text.replace("status: validated", "status: validate").replace("name: Dispatcher Dana\n", "")
    text = text.replace("{theme: wasted_trips}}", "{theme: a, kpi: b}}", 1)
    file.write_text(text)
    (folder / "other.md").write_text("No front matter.")
    (folder / "twice.md").write_text("---\npersona_id: x1\npersona_id: x1\nname: Xa\nsegment: S1\n---\n")
    with pytest.raises(StudyError) as caught:
        load_personas(folder)
    said = str(caught.value)
    for words in (
        "line 17, column 'behaviour.0.evidence.0.profile.direction': not one of the words known here; got 'abov'; "
        "allowed: 'above' or 'below'. Did you mean 'above'?",
        "column 'unlik': unknown key. Did you mean 'unlike'?",
        "Did you mean 'validated'?", "column 'name': this key is required", "give exactly one of profile, theme, quote, touchpoint, kpi",
        "other.md, line 1: no front matter", "twice.md, line 3, column 'persona_id': key stands twice",
    ):  # fmt: skip
        assert words in said, words
    assert len(caught.value.violations) == 7


def test_load_personas_misspelt_key_inside_a_claim_gets_the_nearest_key(folder):
    file = folder / "s1-dana.md"
    file.write_text(file.read_text().replace("variable: country", "varable: country"))
    with pytest.raises(StudyError, match="Did you mean 'variable'"):
        load_personas(folder)


def test_load_personas_id_used_twice_is_refused(folder):
    (folder / "b.md").write_text((folder / "s1-dana.md").read_text())
    with pytest.raises(StudyError, match="id stands twice"):
        load_personas(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\na: [\n---\n", "not valid YAML"),
        ("---\na: &x 1\nb: *x\n---\n", "aliases"),
        ("---\n- a\n---\n", "front matter must be keys and values"),
        ("---\npersona_id: !!python/object/apply:os.getcwd []\n---\n", "not valid YAML"),
        ("---\npersona_id: a1\nname: Ab\nsegment: S1\nfile: x\n---\n", "unknown key"),
        ("---\npersona_id: ../up\nname: Ab\nsegment: S1\n---\n", "should match pattern"),
    ],
)
def test_load_personas_bad_front_matter_is_refused(tmp_path, text, words):
    (tmp_path / "a.md").write_text(text)
    with pytest.raises(StudyError, match=words):
        load_personas(tmp_path)


def test_load_personas_not_utf8_is_refused(tmp_path):
    (tmp_path / "a.md").write_bytes("---\nname: Jürgen\n---\n".encode("latin-1"))
    with pytest.raises(StudyError, match="not UTF-8"):
        load_personas(tmp_path)


def test_load_personas_huge_file_is_refused(tmp_path):
    (tmp_path / "a.md").write_text("---\n" + "a" * 200_001)
    with pytest.raises(StudyError, match="may have 200,000 bytes"):
        load_personas(tmp_path)


def test_load_personas_missing_folder_is_refused(tmp_path):
    with pytest.raises(StudyError, match="no such folder of personas"):
        load_personas(tmp_path / "none")


def test_load_personas_empty_folder_is_empty(tmp_path):
    assert load_personas(tmp_path) == ()


def test_persona_schema_accepts_what_is_loaded_and_refuses_the_rest(folder):
    front = yaml.safe_load(Path(folder / "s1-dana.md").read_text().split("---")[1])
    jsonschema.validate(front, persona_schema())
    json.dumps(persona_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**front, "unlik": []}, persona_schema())


def test_load_personas_two_with_one_id_are_found_even_where_one_is_wrong_otherwise(folder):
    text = (folder / "s1-dana.md").read_text()
    (folder / "b.md").write_text(text.replace("status: validated", "status: valid"))
    (folder / "c.md").write_text(text.replace("persona_id: s1-dana", "persona_id: index"))
    with pytest.raises(StudyError) as caught:
        load_personas(folder)
    said = str(caught.value)
    assert "s1-dana.md, line 2, column 'persona_id': id stands twice; got 's1-dana'. b.md has it too" in said
    assert "not one of the words known here; got 'valid'" in said
    assert "c.md, line 2, column 'persona_id': a page of the wiki is called so" in said
    assert len(caught.value.violations) == 3


def test_load_personas_emotion_needs_its_stage_and_has_limits(folder):
    file = folder / "s1-dana.md"
    steps = "journey:\n  - {text: It starts badly, emotion: -3, stage: aware}\n  - {text: It ends well, emotion: 1}\n"
    file.write_text(file.read_text().replace("unlike:", f"{steps}unlike:"))
    with pytest.raises(StudyError) as caught:
        load_personas(folder)
    said = str(caught.value)
    assert "line 28, column 'journey.0.emotion': Input should be greater than or equal to -2" in said
    assert "line 29, column 'journey.1': an emotion needs stage" in said


def test_persona_schema_shipped_is_the_model():
    shipped = Path(__file__).parents[2] / "docs/persona.schema.json"
    assert shipped.read_text("utf-8") == json.dumps(persona_schema(), indent=2, ensure_ascii=False) + "\n"
    assert persona_schema()["properties"].keys() >= {
        "jtbd", "goals", "pains", "triggers", "barriers", "decision_criteria", "information_sources", "channels", "role",
        "incentives", "language", "reception", "unlike", "prediction", "journey", "quotes", "messages", "kpis", "limits",
    }  # fmt: skip
    assert not persona_schema()["properties"].keys() & {"lines", "file", "body", "photo"}
