"""The widget: what the browser asks is done by the session, and what cannot be done is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ...coding import CodingSession
from ...coding.offers import answer_offer, offer_codes, waiting_offers
from ...coding.offsets import from_utf16
from ...errors import ParameterError, SegmentationError
from ...qualitative import CodedInterviews
from .view import draw_session

__all__ = ["CodingDesk", "open_coding"]

HERE = Path(__file__).parent


@cache
def widget_class() -> type:
    """The widget's class, or a sentence how to get what it needs."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise ParameterError(
            "coding needs anywidget and ipywidgets: install the extra `lab`, or use `make lab`"
        ) from None

    class CodingWidget(anywidget.AnyWidget):
        _esm = (HERE / "coder.js").read_text("utf-8")
        _css = (HERE / "coder.css").read_text("utf-8")
        view = traitlets.Dict().tag(sync=True)
        told = traitlets.Dict().tag(sync=True)

    return CodingWidget


class CodingDesk:
    """What ``open_coding`` returns; JupyterLab shows it, and the cells below can ask it.

    Attributes
    ----------
    session : CodingSession
    widget : anywidget.AnyWidget
    """

    def __init__(self, session: CodingSession) -> None:
        self.session = session
        self.beside, self.code = "", ""
        self.offered: dict[str, str] = {}  # transcript -> what its suggestions were learned from
        self.widget = widget_class()()
        self.widget.on_msg(lambda _, content, buffers: self.act(content))
        self._count = 0
        self._draw()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def act(self, asked: Any) -> None:
        """Do what the browser asked, and show what came of it: nothing is lost in silence."""
        words, wrong = "", True
        try:
            words, wrong = self._do(asked if isinstance(asked, Mapping) else {}), False
        except SegmentationError as error:
            words = str(error)
        except Exception as error:  # the border to the reader: whatever it was, it is told
            words = f"{type(error).__name__}: {error}. This is a fault of the widget; nothing was changed."
        self._count += 1
        self._draw()
        self.widget.told = {"n": self._count, "words": words, "wrong": wrong, "do": str(_get(asked, "do"))}

    def _draw(self) -> None:
        session = self.session
        asked = session.source in self.offered
        self.widget.view = draw_session(
            session,
            beside=self.beside,
            code=self.code,
            offers=waiting_offers(session) if asked else None,
            said=self.offered.get(session.source, ""),
        )

    def _do(self, asked: Mapping[str, Any]) -> str:
        does = {
            "open": self._open, "show": self._show, "beside": self._look_beside, "give": self._give, "code": self._add_code,
            "remove": self._remove, "memo": self._memo, "resolve": self._resolve, "reopen": self._reopen,
            "suggest": self._suggest, "answer": self._answer, "undo": self._undo,
        }  # fmt: skip
        chosen = does.get(_get(asked, "do"))
        if chosen is None:
            raise ParameterError(f"the widget cannot {_get(asked, 'do')!r}")
        return chosen(asked)

    def _open(self, asked: Mapping[str, Any]) -> str:
        self.session.open(_text(asked, "source"))
        return f"{self.session.source} is open."

    def _show(self, asked: Mapping[str, Any]) -> str:
        code = _text(asked, "code")
        if code and code not in self.session.codes:
            raise ParameterError(f"no code {code!r} in the codebook")
        self.code = code
        return f"Only {self.session.codes[code].name} is shown." if code else "All codes are shown."

    def _look_beside(self, asked: Mapping[str, Any]) -> str:
        other = _text(asked, "other")
        self.session.look_again()
        if other:
            self.session.disagreements(other)
        self.beside = other
        return f"{other} is shown beside you." if other else "Only your codings are shown."

    def _give(self, asked: Mapping[str, Any]) -> str:
        number, first, last = (_number(asked, name) for name in ("turn", "start", "end"))
        turn = next((turn for turn in self.session.turns if turn.number == number), None)
        if turn is None:
            raise ParameterError("select words of the transcript first")
        start = turn.start + from_utf16(turn.text, first)
        coding = self.session.add(start, turn.start + from_utf16(turn.text, last, up=True), _text(asked, "code"))
        return f"Coded {self.session.codes[coding.code].name}: {coding.quote}"

    def _add_code(self, asked: Mapping[str, Any]) -> str:
        code = self.session.add_code(_text(asked, "name"), _text(asked, "meaning"), _text(asked, "parent"))
        return f"{self.session.codes[code].name} is in the codebook."

    def _remove(self, asked: Mapping[str, Any]) -> str:
        self.session.remove(_text(asked, "key"))
        return "The coding is taken away."

    def _memo(self, asked: Mapping[str, Any]) -> str:
        self.session.write_memo(_text(asked, "memo"), key=_text(asked, "key"), code=_text(asked, "code"))
        return "The memo is kept." if _text(asked, "memo").strip() else "The memo is taken away."

    def _resolve(self, asked: Mapping[str, Any]) -> str:
        self.session.resolve(_text(asked, "key"), self.beside, _text(asked, "keep"), _text(asked, "why"))
        return "Resolved. Both coders' codings stay as they were, so that agreement is still measured on what each did alone."

    def _reopen(self, asked: Mapping[str, Any]) -> str:
        self.session.reopen(_text(asked, "key"), self.beside)
        return "The disagreement is open again."

    def _suggest(self, asked: Mapping[str, Any]) -> str:
        offered = offer_codes(self.session)
        self.offered[self.session.source] = offered.words
        return f"Suggestions: {len(offered.waiting)}." if offered.waiting else offered.words

    def _answer(self, asked: Mapping[str, Any]) -> str:
        answer = _text(asked, "answer")
        answer_offer(self.session, _text(asked, "key"), answer)  # type: ignore[arg-type]  # checked there
        return f"The suggestion is {answer}."

    def _undo(self, asked: Mapping[str, Any]) -> str:
        source = self.session.undo()
        return f"The last change, in {source}, is taken back."


def _get(asked: Any, name: str) -> Any:
    return asked.get(name, "") if isinstance(asked, Mapping) else ""


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = _get(asked, name)
    if not isinstance(value, str):
        raise ParameterError(f"{name} must be text; got {value!r}")
    return value


def _number(asked: Mapping[str, Any], name: str) -> int:
    value = _get(asked, name)
    if type(value) is not int:
        raise ParameterError("select words of the transcript first")
    return value


def open_coding(interviews: CodedInterviews, folder: str | Path, coder: str) -> CodingDesk:
    """Open the coding widget on a study's transcripts.

    Parameters
    ----------
    interviews : CodedInterviews
    folder : str or Path
        Coding folder, see ``start_codings``.
    coder : str
        Id of who codes: small letters, digits, - and _. Reports show it.

    Returns
    -------
    CodingDesk
        Shown as the last line of a cell in JupyterLab. Every change is saved at once, in the coder's own files only.

    Raises
    ------
    ParameterError
        If there are no transcripts, the coder's name is no id, or the widgets are not installed (extra ``lab``).
    DataContractError
        With every violation of the folder's files.
    """
    return CodingDesk(CodingSession(interviews, folder, coder))
