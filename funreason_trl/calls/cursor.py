"""The place where reading stands: small steps over a text, and the error that says where it stopped making sense.

In: a text. Out: a [`Cursor`] that only moves forward and counts open brackets, and [`CallSyntaxError`].
"""

import re
from dataclasses import dataclass
from typing import NoReturn


# Most brackets of any kind that may be open at once; far below the interpreter's recursion limit.
MAX_DEPTH = 64

# Among calls Python's grammar allows the white space of ASCII alone; behind them any kind is harmless.
_SPACE = re.compile(r"[ \t\r\n\f]*+(?:\s++\Z)?")
_AFTER_VALUE = " after a value (quote text; only literals are read, no arithmetic, calls or attributes)"


class CallSyntaxError(ValueError):
    """The text isn't a list of calls. `position` (`int`) is the 0-based index of the offending character."""

    # The default lets pickle rebuild the error, which `datasets.map` does between processes.
    def __init__(self, message: str, position: int = 0):
        super().__init__(message)
        self.position = position


@dataclass
class Cursor:
    """
    Where reading stands in a text.

    Args:
        text (`str`):
            The whole text.
        position (`int`):
            Index of the next character.
        depth (`int`):
            How many brackets are open there.
    """

    text: str
    position: int = 0
    depth: int = 0

    def fail(self, expected: str, position: int | None = None) -> NoReturn:
        """Raise the [`CallSyntaxError`] that says what was found at `position` (here, if left out) and `expected`."""
        start = self.position if position is None else position
        found = repr(self.text[start : start + 20]) if start < len(self.text) else "the end of the text"
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        raise CallSyntaxError(f"line {line}, column {column}: found {found}, expected {expected}", start)

    def match(self, pattern: re.Pattern[str]) -> str:
        """Step over what `pattern` matches here and return it; an empty string where it doesn't."""
        matched = pattern.match(self.text, self.position)
        if matched is None:
            return ""
        self.position = matched.end()
        return matched.group()

    def skip_space(self) -> str:
        """Step over white space and return it."""
        return self.match(_SPACE)

    def at(self, token: str) -> bool:
        """Whether `token` comes next, white space included."""
        return self.text.startswith(token, self.position)

    def take(self, token: str) -> bool:
        """Step over white space and then `token`, if it comes next."""
        self.skip_space()
        if not self.at(token):
            return False
        self.position += len(token)
        return True

    def expect(self, token: str, expected: str) -> None:
        """Step over white space and `token`, or fail with the words `expected`."""
        if not self.take(token):
            self.fail(expected)

    def open_bracket(self, bracket: str) -> None:
        """Step over an opening bracket; [`Cursor.at_end`] steps over the closing one."""
        self.expect(bracket, repr(bracket))
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"at most {MAX_DEPTH} nested brackets", self.position - 1)

    def at_end(self, bracket: str, first: bool, trailing_comma: bool = True, after: str = _AFTER_VALUE) -> bool:
        """Before an item: step over the closing `bracket` and say True, or over the comma and say False."""
        closed = self.take(bracket)
        if not closed and not first:
            self.expect(",", f"',' or {bracket!r}{after}")
            closed = trailing_comma and self.take(bracket)
        self.depth -= closed
        return closed
