"""A drawn sign for each persona: shapes and initials, no face, the same for the same id for ever."""

from __future__ import annotations

import hashlib
import html
import math

from ..errors import ParameterError

__all__ = ["colour_of", "draw_avatar", "initials_of"]

COLOURS = (
    "#0072B2",
    "#C4540A",
    "#00805F",
    "#A8458A",
    "#8A6A00",
    "#5B6B7A",
)  # the house palette; white text has 3:1 or more
SIZE = 96


def initials_of(name: str) -> str:
    """First letters of the first two words.

    Examples
    --------
    >>> initials_of("Dispatcher Dana"), initials_of("Ötzi")
    ('DD', 'Ö')
    """
    return "".join(word[0].upper() for word in name.split()[:2] if word)


def colour_of(persona_id: str) -> str:
    """Main colour of a persona's sign, which its page takes up.

    Examples
    --------
    >>> colour_of("s1-dana") == colour_of("s1-dana")
    True
    """
    return COLOURS[hashlib.sha256(persona_id.encode()).digest()[0] % len(COLOURS)]


def draw_avatar(persona_id: str, initials: str, *, title: str = "") -> str:
    """Draw a persona's sign as SVG.

    Everything follows from the id, so it is the same in every report. It shows no person: a picture of a face invites
    guesses about age, gender and origin that nothing in the data supports.

    Parameters
    ----------
    persona_id : str
    initials : str
        One to three characters.
    title : str
        Text for people who cannot see it; default: "Sign of" and the id.

    Returns
    -------
    str
        One ``svg`` element of 96 by 96 units with a title, without scripts, links or other files.

    Raises
    ------
    ParameterError
        If there are no or more than three initials.

    Examples
    --------
    >>> draw_avatar("s1-dana", "DD") == draw_avatar("s1-dana", "DD")
    True
    >>> draw_avatar("s1-dana", "DD") == draw_avatar("s1-dora", "DD")
    False
    """
    if not 1 <= len(initials) <= 3:
        raise ParameterError(f"initials must be one to three characters; got {initials!r}")
    seed = hashlib.sha256(persona_id.encode()).digest()
    ground, second = colour_of(persona_id), 1 + seed[1] % (len(COLOURS) - 1)
    accent = COLOURS[(COLOURS.index(ground) + second) % len(COLOURS)]
    words = html.escape(title or f"Sign of {persona_id}")
    shapes = "".join(_shape(seed[2 + 3 * place : 5 + 3 * place], place, accent) for place in range(5))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}" role="img" '
        f'aria-label="{words}"><title>{words}</title>'
        f'<rect width="{SIZE}" height="{SIZE}" rx="20" fill="#F2F4F7"/>{shapes}'
        f'<circle cx="48" cy="48" r="27" fill="{ground}" stroke="#FFFFFF" stroke-width="3"/>'
        f'<text x="48" y="57" text-anchor="middle" font-family="system-ui, sans-serif" font-size="24" font-weight="700" '
        f'fill="#FFFFFF">{html.escape(initials)}</text></svg>'
    )


def _shape(seed: bytes, place: int, colour: str) -> str:
    """One of three shapes on a ring around the middle."""
    angle = 2 * math.pi * (place / 5 + seed[0] / 256 / 5)
    x, y, size = 48 + 36 * math.cos(angle), 48 + 36 * math.sin(angle), 6 + seed[1] % 8
    kind, strength = seed[2] % 3, 0.45 + (seed[2] % 5) / 10
    paint = f'fill="{colour}" fill-opacity="{strength:.2f}"'
    if kind == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {paint}/>'
    if kind == 1:
        turn = seed[1] % 90
        return (
            f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size}" height="{2 * size}" rx="2" {paint} '
            f'transform="rotate({turn} {x:.1f} {y:.1f})"/>'
        )
    corners = [angle + 2 * math.pi * corner / 3 for corner in range(3)]
    points = " ".join(f"{x + 1.2 * size * math.cos(a):.1f},{y + 1.2 * size * math.sin(a):.1f}" for a in corners)
    return f'<polygon points="{points}" {paint}/>'
