"""One call, and the bounds that reading and writing share: how long the text, how odd a name.

In: nothing of ours. Out: [`Call`], and the rule for names without which a written call would read back as another.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any


# Longest text that is read or written; about 60,000 tokens, far beyond any answer.
MAX_CHARS = 256 * 1024

NAME_PUNCTUATION = "_.-/$"


@dataclass(frozen=True)
class Call:
    """One function call: the name of the function and its arguments, JSON values by parameter name."""

    name: str
    arguments: dict[str, Any]


def is_renderable_name(name: str) -> bool:
    """
    Whether the function `name` (`str`) can be written in the python form, and is then read back unchanged.

    It may hold letters, digits and marks of any script, single or several spaces inside, and `_ . - / $`.
    """
    return is_plain_name(name, spaces=True)


def is_plain_name(name: Any, spaces: bool) -> bool:
    """[`is_renderable_name`], with `spaces` (`bool`) inside or without, as parameters have them."""
    if not isinstance(name, str) or not name or name[0] in "- " or name[-1] == " ":
        return False
    allowed = NAME_PUNCTUATION + (" " if spaces else "")
    return all(char in allowed or char.isalnum() or unicodedata.category(char).startswith("M") for char in name)
