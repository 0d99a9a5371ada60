"""What a run looks like while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from .reporting.runner import Event
from .reporting.stages import NOTEBOOKS

__all__ = ["show_progress"]

_WORDS = {
    "waiting": "waiting",
    "started": "running",
    "done": "done",
    "reused": "unchanged, reused",
    "failed": "FAILED",
    "blocked": "not run: an earlier stage failed",
}


@contextmanager
def show_progress(title: str) -> Iterator[Callable[[Event], None]]:
    """Show events of a run while the block lasts.

    Parameters
    ----------
    title : str
        Study and quarter.

    Yields
    ------
    callable
        To be given to the runner as ``notify``.
    """
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        print(title, flush=True)
        yield _print_line
        return
    board = _Board(title)
    with Live(board, console=console, refresh_per_second=4):
        yield board.update


def _print_line(event: Event) -> None:
    took = f" ({event.seconds:.1f} s)" if event.status in ("done", "failed") else ""
    print(f"  {event.stage}: {_WORDS[event.status]}{took}", flush=True)


class _Board:
    """The live table; drawn anew four times a second so that running times move."""

    def __init__(self, title: str):
        self.title = title
        self.events = {name: Event(name, "waiting") for name in (*NOTEBOOKS, "report")}
        self.began: dict[str, float] = {}

    def update(self, event: Event) -> None:
        if event.status == "started":
            self.began[event.stage] = time.monotonic()
        self.events[event.stage] = event

    def __rich__(self) -> Table:
        table = Table(title=escape(self.title), title_justify="left", box=None, show_header=False)
        for name, event in self.events.items():
            running = event.status == "started"
            seconds = time.monotonic() - self.began[name] if running else event.seconds
            style = {"failed": "bold red", "done": "green", "reused": "green", "started": "bold"}.get(
                event.status, "dim"
            )
            table.add_row(name, f"[{style}]{_WORDS[event.status]}[/]", f"{seconds:5.1f} s" if seconds else "")
        return table
