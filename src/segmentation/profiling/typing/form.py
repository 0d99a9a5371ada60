"""The typing tool as one HTML file for a phone: works offline, asks for nothing, stores nothing, sends nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...errors import ParameterError
from ...study import Study
from .sheet import ASK_AGAIN, CANNOT_TELL
from .tool import TypingTool

__all__ = ["write_typing_form"]

TEMPLATES = Path(__file__).parent / "templates"
SHORT = 12  # characters up to which answers stand side by side


def write_typing_form(tool: TypingTool, study: Study | None = None) -> str:
    """One HTML page that asks the questions and names the segment, with its probability, while they are answered.

    Parameters
    ----------
    tool : TypingTool
    study : Study, optional
        For its title, and to say that its data are made up where they are.

    Returns
    -------
    str
        The page; its policy lets it load nothing and run only its own script. Texts of the study are shown as text.

    Raises
    ------
    ParameterError
        If there is no tool.
    """
    if tool.reason:
        raise ParameterError(f"there is no typing tool: {tool.reason}")
    style, script = ((TEMPLATES / name).read_text("utf-8") for name in ("form.css", "form.js"))
    policy = (
        f"default-src 'none'; script-src 'sha256-{_seal(script)}'; style-src 'sha256-{_seal(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["embed"] = _embed
    return made.get_template("form.html.j2").render(
        tool=tool,
        title=(study.title if study is not None else "") or tool.study,
        synthetic=study is not None and study.synthetic,
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        content=_content(tool),
        short=SHORT,
    )


def _content(tool: TypingTool) -> dict[str, Any]:
    """What the script needs to know."""
    told = tool.to_dict()
    kept = ("segments", "names", "priors", "means", "within", "threshold", "units", "questions")
    return {**{name: told[name] for name in kept}, "words": {"again": ASK_AGAIN, "never": CANNOT_TELL}}


def _seal(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embed(content: Any) -> Markup:
    """JSON that cannot leave its script element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
