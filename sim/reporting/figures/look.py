"""How figures look: size on paper, language, a palette for every eye and printer, Chinese glyphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.colors import to_rgb

from sim.errors import UsageError
from sim.reporting.fonts import FAMILY, FILE

Lang = Literal["en", "zh"]
MM_PER = {"mm": 1.0, "cm": 10.0, "in": 25.4}
MM_PER_INCH = 25.4
NARROWEST_MM, WIDEST_MM = 50.0, 600.0
POINTS_PER_MM = 72.0 / MM_PER_INCH

# Okabe & Ito (2008), "Color Universal Design": told apart with every kind of colour vision. Orange and
# sky blue come late because they are pale as lines.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#5A5A5A", "#000000")
GREYS = ("#000000", "#7A7A7A", "#3C3C3C", "#999999", "#1E1E1E", "#5A5A5A", "#8A8A8A", "#4A4A4A")
GREY_AREAS = ("#7A7A7A", "#B4B4B4", "#D8D8D8", "#4A4A4A", "#9A9A9A", "#C6C6C6", "#646464", "#E6E6E6")
# Line and hatch tell series apart where colour cannot. The lists have no common divisor, so that forty lines and
# dozens of areas differ before the first pair is alike.
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "||||", "++++", "----", "oo")
INK = "#222222"
DARK_BELOW = 0.62  # luminance under which a hatch is white
FAMILIES = ("DejaVu Sans", FAMILY)  # the second where the first has no glyph

# Sizes of type, in points.
TITLE, PANEL, LABEL, SMALL, CAPTION = 9.5, 8.5, 8.0, 7.0, 6.0

RC = {
    "font.family": list(FAMILIES),
    "font.size": LABEL,
    "text.parse_math": False,  # a title with dollar signs is a title
    "timezone": "UTC",  # instants are local already
    "axes.labelsize": LABEL,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.5,
    "ytick.major.pad": 2.5,
    "svg.hashsalt": "beanpeak",  # the same figure, the same file
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Look:
    """Paper width in millimetres, language, and whether only grey is printed."""

    width_mm: float = 160.0
    lang: Lang = "en"
    grey: bool = False
    dpi: int = 150

    @property
    def slug(self) -> str:
        """A folder name for this look: "en-160mm", "zh-85mm-grey"."""
        return f"{self.lang}-{self.width_mm:g}mm{'-grey' if self.grey else ''}"

    def say(self, zh: str, en: str) -> str:
        """The text in this look's language."""
        return zh if self.lang == "zh" else en

    def colour(self, k: int) -> str:
        """Colour of the k-th series as a line."""
        return (GREYS if self.grey else PALETTE)[k % len(PALETTE)]

    def line(self, k: int, noisy: bool = False) -> dict[str, Any]:
        """How the k-th line is drawn. Dashes on a noisy line are only more noise: it is thin, and has its marks."""
        dash, mark = DASHES[k % len(DASHES)], MARKERS[k % len(MARKERS)]
        return {
            "color": self.colour(k), "marker": mark, "markersize": 3.2,
            "linestyle": "-" if noisy else dash, "linewidth": 0.7 + 0.6 * (k // len(MARKERS)) if noisy else 1.4,
        }  # fmt: skip

    def area(self, k: int) -> dict[str, Any]:
        """How the k-th bar or area is filled; its hatch is white on dark and dark on pale."""
        colour = (GREY_AREAS if self.grey else PALETTE)[k % len(PALETTE)]
        red, green, blue = to_rgb(colour)
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < DARK_BELOW
        return {
            "facecolor": colour, "hatch": HATCHES[k % len(HATCHES)], "linewidth": 0.4,
            "edgecolor": "#FFFFFF" if dark or k % len(HATCHES) == 0 else INK,
        }  # fmt: skip

    def text(self, k: int) -> Any:
        """Colour of the k-th series' name: dark enough to be read on white."""
        return INK if self.grey else tuple(0.7 * part for part in to_rgb(self.colour(k)))

    def number(self, value: float, _position: object = None) -> str:
        """A number as people write it: 1,200 · 3.4 M, or 1,200 · 340万 · 1.2亿."""
        size = abs(value)
        for least, unit in ((1e8, "亿"), (1e4, "万")) if self.lang == "zh" else ((1e9, " bn"), (1e6, " M")):
            if size >= least:
                return f"{_digits(value / least)}{unit}"
        return _digits(value)


def parse_lang(text: str) -> Lang:
    """The language of a text. Raises UsageError."""
    langs: dict[str, Lang] = {"zh": "zh", "en": "en"}
    if text not in langs:
        raise UsageError(f"--lang {text}: is no language of the figures; use zh or en")
    return langs[text]


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def parse_width(text: str) -> float:
    """Millimetres of a text such as "85mm", "8.5 cm" or "3.3in". Raises UsageError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(mm|cm|in)\s*", text)
    if match is None:
        raise UsageError(f"--width {text}: is no width; write it like 85mm, 8.5cm or 3.3in")
    width = float(match[1]) * MM_PER[match[2]]
    if not NARROWEST_MM <= width <= WIDEST_MM:
        raise UsageError(f"--width {text}: must be between {NARROWEST_MM:.0f} and {WIDEST_MM:.0f} mm")
    return width


def _chinese_font() -> None:
    """Our font is known, also after a notebook has built the list of fonts anew."""
    if all(font.name != FAMILY for font in font_manager.fontManager.ttflist):
        font_manager.fontManager.addfont(FILE)


@contextmanager
def printing() -> Iterator[None]:
    """Settings under which figures are drawn and saved; everything outside stays as it was, and outside.

    Ours begin from matplotlib's own defaults: no matplotlibrc, style or earlier setting of the caller reaches a figure.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)  # type: ignore[arg-type]
        _chinese_font()
        yield
