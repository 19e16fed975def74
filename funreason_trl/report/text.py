"""Text of models and files made safe and short enough for a page.

In: any text, however long, with whatever characters. Out: [`clean`] text, and [`safe`] HTML.
"""

import html
import re
from pathlib import Path

from funreason_trl.record import public_name


LONGEST = 1500
# Controls but tab and line feed, halves of surrogate pairs, and what turns the direction of the text around it.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_BLANKS = re.compile(r"\n\s*\n\s*\n+")


def clean(text: object, longest: int = LONGEST) -> str:
    """
    Text that can be shown: what can't be seen stands as `�`, and what is too long ends with how much is left out.

    Args:
        text (`object`): Anything; its `str` is taken.
        longest (`int`, *optional*, defaults to `LONGEST`): Characters that are shown.
    """
    whole = str(text)
    shown = _UNSEEN.sub("\ufffd", whole[:longest].replace("\r\n", "\n"))
    shown = _BLANKS.sub("\n\n", shown).strip()
    left_out = len(whole) - longest
    return f"{shown} … ({left_out:,} more characters)" if left_out > 0 else shown


def safe(text: object, longest: int = LONGEST) -> str:
    """[`clean`] text, escaped for HTML; good between tags and in quoted attributes."""
    return html.escape(clean(text, longest), quote=True)


def words(name: str) -> str:
    """A name of the code as people write it: `function_and_parameter` is `function and parameter`."""
    return name.replace("_", " ")


def public(text: str) -> str:
    """[`public_name`] of what may be any text; also of a folder that is not there any more, as no Hub name has two slashes."""
    try:
        name = public_name(text) if text else text
    except (OSError, RuntimeError, ValueError):  # longer than paths can be, or below the home of nobody
        name = text
    return Path(name).name if name.count("/") > 1 and not re.search(r"\s|://", name) else name


def percent(share: float, digits: int = 0) -> str:
    """`0.5` is `50%`."""
    return f"{100 * share:.{digits}f}%"


def duration(seconds: float) -> str:
    """In the largest unit that gives a number above 1."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
