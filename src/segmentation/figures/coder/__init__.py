"""The coding widget: a transcript, its codes and two coders side by side, in JupyterLab."""

from __future__ import annotations

from .widget import CodingDesk, open_coding

__all__ = ["CodingDesk", "open_coding"]
