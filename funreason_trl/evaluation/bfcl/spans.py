"""Reading that Java's and JavaScript's values share: what stands between two marks, and numbers of no known type.

In: the text of a value. Out: the same stretches that a lazy regular expression such as `add\\((.+?)\\)` finds, in
time linear in the text. The expression itself takes quadratic time on `add(add(add(`.
"""

import re
from collections.abc import Iterator


class NextIndex:
    """
    Where a mark next stands, asked for positions that never decrease; all questions together read the text once.

    Args:
        text (`str`): The whole text.
        mark (`str`): What is looked for.
    """

    def __init__(self, text: str, mark: str):
        self.text = text
        self.mark = mark
        self.index = -1

    def at(self, position: int) -> int:
        """First index of the mark at `position` (`int`) or after it; the length of the text if there is none."""
        if self.index < position:
            found = self.text.find(self.mark, position)
            self.index = len(self.text) if found < 0 else found
        return self.index


def enclosed(text: str, opening: re.Pattern[str], closing: str, at_least: int = 0) -> Iterator[str]:
    """
    Each stretch on one line from an `opening` to the first `closing` after it.

    `enclosed("[1,[2] [3]", re.compile(r"\\["), "]")` gives `"1,[2"` and `"3"`.

    Args:
        text (`str`): The whole text.
        opening (`re.Pattern`): Can't overlap with itself.
        closing (`str`): Ends the stretch.
        at_least (`int`): Characters that the stretch has at least; a `closing` among them doesn't end it.
    """
    closings, line_ends = NextIndex(text, closing), NextIndex(text, "\n")
    position = 0
    while found := opening.search(text, position):
        position = start = found.end()
        end = closings.at(start + at_least)
        if end == len(text):
            return
        if end < line_ends.at(start):
            yield text[start:end]
            position = end + len(closing)


def python_number(text: str) -> int | float | str:
    """
    A number as Python reads it: `"7"` gives `7`, `"1_0.5"` gives `10.5`, `"inf"` a float, `"x"` stays text.

    Args:
        text (`str`): Anything. Whole numbers that are too long for `int` become floats.
    """
    for read in (int, float) if text else ():
        try:
            return read(text)
        except ValueError:
            continue
    return text
