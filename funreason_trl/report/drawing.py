"""Figures of matplotlib as SVG that stands in a page: its colours, its fonts, its ids.

In: a figure whose colours are those of here. Out: [`svg`]. Colours are names of the page's own (`var(--ink)`), so that one
picture is right in light and in dark; text stays text, which a reader can select and a screen reader can read.
"""

import io
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from matplotlib import rc_context
from matplotlib.figure import Figure

from .text import safe


# Stand-ins, which no picture has otherwise, and the page's names for them.
INK, MUTED, LINE, SURFACE = "#a1b0c0", "#a1b0c1", "#a1b0c2", "#a1b0c3"
SERIES = tuple(f"#a1b1c{number}" for number in range(6))
KEPT, DROPPED, HARD, FAILED = "#a1b2c0", "#a1b2c1", "#a1b2c2", "#a1b2c3"
_NAMES = {
    **{INK: "ink", MUTED: "muted", LINE: "line", SURFACE: "surface"},
    **{color: f"s{number}" for number, color in enumerate(SERIES)},
    **{KEPT: "kept", DROPPED: "dropped", HARD: "hard", FAILED: "failed"},
}
# The same shape as the colour, for those who can't tell the colours apart.
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (3, 1)), (0, (8, 3)))

FONT_SIZE = 11

_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "funreason",
    "font.family": "sans-serif",
    "font.size": FONT_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlesize": FONT_SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "path.simplify_threshold": 0.5,
}
_IDS = re.compile(r'(\bid="|href="#|url\(#)')
_FONTS = re.compile(r"font-family: [^;\"]*;? ?| transform=\"rotate\(-0 [^\"]*\"")
_OPENING = re.compile(r"<svg [^>]*>")
_numbers = itertools.count(1)


@contextmanager
def picture(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Iterator[Figure]:
    """A figure of so many units of the page, one unit being a pixel where there is room."""
    with rc_context(_SETTINGS):
        yield Figure(figsize=(width / 72, height / 72), layout=layout)


def svg(figure: Figure, title: str, description: str) -> str:
    """
    The figure as an `<svg>` element.

    Args:
        figure (`Figure`): Made by [`picture`], within its context.
        title, description (`str`): What is seen, in words, for those who don't see it.
    """
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    text = text[text.index("<svg ") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # A page holds many pictures, and each would have its `axes_1`.
    text = _IDS.sub(rf"\g<1>p{next(_numbers)}-", text)
    for color, name in _NAMES.items():
        text = text.replace(color, f"var(--{name})")
    width, height = (72 * size for size in figure.get_size_inches())
    opening = (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{safe(f"{title}. {description}")}">'
        f"<title>{safe(title)}</title>"
    )
    # The page's own font, in the size that was asked for.
    text = _FONTS.sub("", text)
    return re.sub(r"\n\s*", "\n", _OPENING.sub(lambda _: opening, text, count=1)).strip()
