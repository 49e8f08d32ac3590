"""How much room words take, and words made to fit. They are measured in the fonts that will print them, in points."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from functools import cache, lru_cache

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from sim.reporting.figures.look import FAMILIES

FINE = 4  # the ruler's pixels in a point
BOX, MORE = "□", "…"
TAIL = "，。；：、！？）》」』”’…%"  # never begins a line
PIECE = re.compile(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+|\s+")


def plain(text: str) -> str:
    """The text on one line of what the fonts can print: any white space is a space, an unknown character a box.

    Signs that only steer (joiners, direction, variants) are left out: without their glyph they would print a box.
    """
    glyphs, made = _glyphs(), []
    for letter in " ".join(text.split()):
        if letter == " " or (ord(letter) in glyphs and unicodedata.category(letter)[0] != "C"):
            made.append(letter)
        elif unicodedata.category(letter) not in ("Cc", "Cf", "Mn", "Me"):
            made.append(BOX)
    return "".join(made)


@lru_cache(maxsize=4_096)
def extent(text: str, size: float) -> tuple[float, float]:
    """Width and height of words in a font of this size; they may have several lines. Call it inside `printing()`."""
    if not text:
        return (0.0, 0.0)
    gauge, renderer = _gauge()
    gauge.set_text(text)
    gauge.set_fontsize(size)
    box = gauge.get_window_extent(renderer)
    return (box.width / FINE, box.height / FINE)


def width(text: str, size: float) -> float:
    """Width of words."""
    return extent(text, size)[0]


def height(text: str, size: float) -> float:
    """Height of words; nothing takes none."""
    return extent(text, size)[1]


def longest(text: str, size: float) -> float:
    """Width of the longest word: in less room it has to be broken."""
    return max((width(piece, size) for piece in PIECE.findall(plain(text))), default=0.0)


def wrapped(text: str, room: float, size: float, most: int = 99, whole_end: bool = False) -> str:
    """The text broken into lines that fit the room; what is left after `most` lines is cut, with an ellipsis.

    whole_end: the last letters are kept behind the ellipsis, since names often differ only there.
    """
    lines, line, taken = [], "", 0.0
    for unit in _units(plain(text), room, size):
        need = width(f"n{unit}n", size) - width("nn", size)  # a space by itself has no width
        if line and taken + need > room:
            lines.append(line.rstrip())
            line, taken = "", 0.0
        if line or not unit.isspace():
            line, taken = line + unit, taken + need
    lines = [one for one in (*lines, line.rstrip()) if one]
    if len(lines) > most:
        end = _end(plain(text), room / 2, size) if whole_end else ""
        lines[most - 1] = _cut(lines[most - 1], room - width(MORE + end, size), size) + MORE + end
    return "\n".join(lines[:most])


def _units(text: str, room: float, size: float) -> list[str]:
    """What is not broken: words, Chinese characters with punctuation behind them, spaces; too long ones in parts."""
    units: list[str] = []
    for piece in PIECE.findall(text):
        before = 2 if piece == "%" and units[-1:] == [" "] else 1
        joined = "".join(units[-before:]) + piece
        if piece[0] in TAIL and units and not units[-before].isspace() and width(joined, size) <= room:
            units[-before:] = [joined]
        else:
            units += [piece] if width(piece, size) <= room else _parts(piece, room, size)
    return units


def _parts(word: str, room: float, size: float) -> list[str]:
    """A word broken where the room ends."""
    parts = [""]
    for letter in word:
        if parts[-1] and width(parts[-1] + letter, size) > room:
            parts.append("")
        parts[-1] += letter
    return parts


def _cut(line: str, room: float, size: float) -> str:
    """As much of a line as fits, and at least its first letter."""
    length = len(line) - bisect_left(
        range(len(line) - 1), True, key=lambda off: width(line[: len(line) - off].rstrip(), size) <= room
    )
    return line[:length].rstrip()


def _end(line: str, room: float, size: float) -> str:
    """As much of a line's end as fits. Halving asks for a dozen widths where a long name has hundreds."""
    return line[
        bisect_left(range(len(line)), True, key=lambda at: width(line[at:].lstrip(), size) <= room) :
    ].lstrip()


@cache
def _gauge() -> tuple[Text, RendererAgg]:
    """One text that is set again and again, as those of the figures are set, and what measures it."""
    sheet = Figure(dpi=72 * FINE)
    gauge = sheet.text(0, 0, "", family=list(FAMILIES), parse_math=False, usetex=False)
    return gauge, FigureCanvasAgg(sheet).get_renderer()


@cache
def _glyphs() -> frozenset[int]:
    """What the fonts of the figures have."""
    fonts = [FT2Font(str(findfont(FontProperties(family=[family])))) for family in FAMILIES]
    return frozenset(code for font in fonts for code in font.get_charmap())
