"""The wiki of personas: a sheet and an evidence page each, index, comparison, history and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .render import environment

__all__ = ["render_personas"]

NOTHING = {
    "compare": {"ids": [], "names": [], "rows": []},
    "rules": [],
    "grades": {},
    "history": {"periods": [], "rows": [], "before": "", "reckoned": False},
    "glossary": [],
    "perception": {"constructs": [], "statements": [], "scores": [], "citation": "", "wording": ""},
    "retired": [],
}
PAGES = {
    "index": "Personas",
    "compare": "Personas side by side",
    "history": "Claims from quarter to quarter",
    "perception": "What those who use a persona think of it",
    "glossary": "Words used about personas",
}


def render_personas(
    common: dict[str, Any], personas: list[dict[str, Any]], content: dict[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """Pages of the folder ``personas``.

    Parameters
    ----------
    common : dict
        What every page needs: report, policy.
    personas : list of dict
        ``persona_sheets``.
    content : dict, optional
        ``persona_wiki``; without it the pages say that there is nothing.

    Yields
    ------
    tuple of str and str
        Path below the folder ``personas``, and the page's HTML.
    """
    made = environment()
    given = {**common, "name": "04_personas", "contents": [], "plots": False, "personas": personas}
    for persona in personas:
        page = given | {"persona": persona}
        sheet = made.get_template("persona.html.j2")
        yield (
            f"{persona['persona_id']}.html",
            sheet.render(**page, title=persona["name"], up="../", kind="persona"),
        )
        evidence = made.get_template("persona_evidence.html.j2")
        title = f"What {persona['name']} rests on"
        yield f"evidence/{persona['persona_id']}.html", evidence.render(**page, title=title, up="../../", kind="wiki")
    for name, title in PAGES.items():
        template = made.get_template(f"personas_{name}.html.j2")
        yield f"{name}.html", template.render(**given, content=content or NOTHING, title=title, up="../", kind="wiki")
