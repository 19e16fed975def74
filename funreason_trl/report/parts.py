"""The small pieces that sections are made of: tables, keys, cards, and the line for what is not there.

In: plain text, which is made safe here, or HTML where an argument says so. Out: HTML.
"""

from collections.abc import Iterable, Sequence

from .text import safe


# One marker each of `drawing.MARKERS`, in a box of 30 by 12.
_SHAPES = (
    '<circle cx="15" cy="6" r="4"/>',
    '<rect x="11.5" y="2.5" width="7" height="7"/>',
    '<path d="M15 1.5 19.5 10h-9z"/>',
    '<path d="M15 1 19.5 6 15 11 10.5 6z"/>',
    '<path d="M15 10.5 10.5 2h9z"/>',
    '<path d="M13.5 2h3v2.5H19v3h-2.5V10h-3V7.5H11v-3h2.5z"/>',
)
_DASHES = ("", "8 4", "2.5 2.5", "9 3 2 3", "5 2", "12 4")
COLORS = 6


def section(id: str, title: str, body: str, intro: str = "") -> str:
    """A section with its heading; `body` is HTML, `intro` text."""
    words = f'<p class="muted">{safe(intro)}</p>' if intro else ""
    return f'<section id="{id}"><h2>{safe(title)}</h2>{words}{body}</section>'


def missing(what: str, command: str) -> str:
    """The line for a part without data: what is not there, and the command that would bring it."""
    return f'<p class="missing">{safe(what)} <code>{safe(command)}</code> brings them.</p>'


def cards(bodies: Iterable[str], kind: str = "") -> str:
    """
    HTML in boxes beside each other.

    Args:
        bodies (`Iterable[str]`): What is in the boxes.
        kind (`str`, *optional*): `"narrow"` for three in a row rather than two, `"flowing"` for boxes of all heights.
    """
    boxes = "".join(f'<div class="card">{body}</div>' for body in bodies)
    return f'<div class="{f"cards {kind}".strip()}">{boxes}</div>'


def titled(title: str, body: str, note: str = "") -> str:
    """HTML below a small heading, and a text below it."""
    below = f'<p class="muted">{safe(note)}</p>' if note else ""
    return f"<h3>{safe(title)}</h3>{body}{below}"


def figures(values: Iterable[tuple[str, str]]) -> str:
    """Large figures, each above what it is."""
    items = "".join(f"<div><dt>{safe(what)}</dt><dd>{safe(value)}</dd></div>" for what, value in values)
    return f'<dl class="figures">{items}</dl>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = True) -> str:
    """
    A table that scrolls in its own box where the page is narrow.

    Args:
        header (`Sequence[str]`): Text.
        rows (`Iterable[Sequence[str]]`): HTML of the cells; the first one names the row.
        numbers (`bool`, *optional*, defaults to `True`): Cells are numbers rather than words.
    """
    kind = "number" if numbers else "value"
    first, *others = header
    head = f'<th scope="col">{safe(first)}</th>' + "".join(
        f'<th scope="col" class="{kind}">{safe(name)}</th>' for name in others
    )
    lines = []
    for name, *cells in rows:
        line = "".join(f'<td class="{kind}">{cell}</td>' for cell in cells)
        lines.append(f'<tr><th scope="row">{name}</th>{line}</tr>')
    inner = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    # A box that scrolls can be reached by keyboard only if it can be focused.
    return f'<div class="scroll" tabindex="0">{inner}</div>'


def line_key(names: Sequence[str]) -> str:
    """Which line is whose; nothing where there is one alone."""
    if len(names) < 2:
        return ""
    items = "".join(
        f'<li><svg viewBox="0 0 30 12" aria-hidden="true"><path d="M0 6h30" fill="none" stroke="var(--s{place % COLORS})" '
        f'stroke-width="2.5" stroke-dasharray="{_DASHES[place % COLORS]}"/></svg>{safe(name, 120)}</li>'
        for place, name in enumerate(names)
    )
    return f'<ul class="key">{items}</ul>'


def point_key(names: Sequence[tuple[int, str, bool]]) -> str:
    """Which marker is whose: place, name, and whether it is a published one, which is hollow."""
    items = []
    for place, name, published in names:
        paint = 'fill="none" stroke="var(--muted)"' if published else f'fill="var(--s{place % COLORS})"'
        shape = f'<svg viewBox="0 0 30 12" aria-hidden="true"><g {paint}>{_SHAPES[place % COLORS]}</g></svg>'
        items.append(f"<li>{shape}{safe(name, 120)}</li>")
    return f'<ul class="key">{"".join(items)}</ul>'
