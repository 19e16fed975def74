"""Literals as text: the lower half of `calls.py`, which reads and writes the values of arguments.

In: a [`Cursor`] on a text that holds a literal of Python (number, string, list, dict, tuple, constant, bare word) or a
value of JSON. Out: the JSON value, with the cursor behind it, or a [`CallSyntaxError`] with the position.
[`render_value`] goes the other way: a JSON value becomes the text that Python would read.

Nothing is evaluated, every step moves forward and the depth is bounded, so that hostile text costs no more than honest
text of its length. Only the standard library is used.
"""

from __future__ import annotations

import json
import keyword
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, NoReturn


MAX_DEPTH = 64
"""Most brackets of any kind that may be open at once; far below the interpreter's recursion limit."""

MAX_INT_DIGITS = 4300
"""Longest integer: CPython refuses to convert longer ones from and to text, and so would `json.dumps`."""

_INT_LIMIT = 10**MAX_INT_DIGITS
_CONSTANTS = {"True": True, "False": False, "None": None, "true": True, "false": False, "null": None}
_AFTER_VALUE = " after a value (quote text; only literals are read, no arithmetic, calls or attributes)"

# Possessive quantifiers (`*+`): a match that fails is given up at once, so no text makes these backtrack.
_SPACE = re.compile(r"[ \t\r\n\f]*+")
_WORD = re.compile(r"[^\s()\[\]{}'\"`,=:<>]++")
_BASED_INT = re.compile(r"0(?:[xX](?:_?[0-9a-fA-F])++|[oO](?:_?[0-7])++|[bB](?:_?[01])++)")
_INT = re.compile(r"0(?:_?0)*+|[1-9](?:_?[0-9])*+")
_DIGITS = r"[0-9](?:_?[0-9])*+"
_FLOAT = re.compile(rf"(?:{_DIGITS}\.(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?|{_DIGITS}[eE][+-]?{_DIGITS}")
_STRING_START = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_STRING_BODY = {
    "'": re.compile(r"(?:[^'\\\n]++|\\.)*+", re.DOTALL),
    '"': re.compile(r'(?:[^"\\\n]++|\\.)*+', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]++|\\.|'(?!''))*+", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]++|\\.|"(?!""))*+', re.DOTALL),
}
_ESCAPE = re.compile(
    r"\\(?:([\n\\'\"abfnrtv])|([0-7]{1,3})|(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|N\{([^{}]++)\}|(.))",
    re.DOTALL,
)
_SIMPLE_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\n": ""}
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_JSON_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\.)*+"', re.DOTALL)


class CallSyntaxError(ValueError):
    """The text isn't a list of calls. `position` (`int`) is the 0-based index of the offending character."""

    # The default lets pickle rebuild the error, which `datasets.map` does between processes.
    def __init__(self, message: str, position: int = 0):
        super().__init__(message)
        self.position = position


@dataclass
class Cursor:
    """Where reading stands in `text`, and how many brackets are open there."""

    text: str
    position: int = 0
    depth: int = 0


def fail(cursor: Cursor, expected: str, position: int | None = None) -> NoReturn:
    """Raise the [`CallSyntaxError`] that says what was found at `position` (here, if left out) and `expected`."""
    start = cursor.position if position is None else position
    found = repr(cursor.text[start : start + 20]) if start < len(cursor.text) else "the end of the text"
    line = cursor.text.count("\n", 0, start) + 1
    column = start - cursor.text.rfind("\n", 0, start)
    raise CallSyntaxError(f"line {line}, column {column}: found {found}, expected {expected}", start)


def match(cursor: Cursor, pattern: re.Pattern[str]) -> str:
    """Step over what `pattern` matches here and return it; an empty string where it doesn't."""
    matched = pattern.match(cursor.text, cursor.position)
    if matched is None:
        return ""
    cursor.position = matched.end()
    return matched.group()


def skip_space(cursor: Cursor) -> str:
    """Step over white space and return it."""
    return match(cursor, _SPACE)


def at(cursor: Cursor, token: str) -> bool:
    """Whether `token` comes next, white space included."""
    return cursor.text.startswith(token, cursor.position)


def take(cursor: Cursor, token: str) -> bool:
    """Step over white space and then `token`, if it comes next."""
    skip_space(cursor)
    if not at(cursor, token):
        return False
    cursor.position += len(token)
    return True


def expect(cursor: Cursor, token: str, expected: str) -> None:
    """Step over white space and `token`, or fail with the words `expected`."""
    if not take(cursor, token):
        fail(cursor, expected)


def open_bracket(cursor: Cursor, bracket: str) -> None:
    """Step over an opening bracket; [`at_end`] steps over the closing one."""
    expect(cursor, bracket, repr(bracket))
    cursor.depth += 1
    if cursor.depth > MAX_DEPTH:
        fail(cursor, f"at most {MAX_DEPTH} nested brackets", cursor.position - 1)


def at_end(cursor: Cursor, bracket: str, first: bool, trailing_comma: bool = True, after: str = _AFTER_VALUE) -> bool:
    """Before an item: step over the closing `bracket` and say True, or over the comma and say False."""
    closed = take(cursor, bracket)
    if not closed and not first:
        expect(cursor, ",", f"',' or {bracket!r}{after}")
        closed = trailing_comma and take(cursor, bracket)
    cursor.depth -= closed
    return closed


# --- Python and JSON -------------------------------------------------------------------------------------------------


def read_value(cursor: Cursor, python: bool = True) -> Any:
    """Read one value in Python's or JSON's notation, after white space.

    A bare word is a string and a tuple a list, as BFCL reads them.

    Raises:
        CallSyntaxError: What comes next is no literal, or a number that can't be held (NaN, 1e999, 5,000 digits).
    """
    skip_space(cursor)
    if at(cursor, "["):
        return _read_list(cursor, python)
    if at(cursor, "{"):
        return read_dict(cursor, python)
    return _read_python_scalar(cursor) if python else _read_json_scalar(cursor)


def _read_list(cursor: Cursor, python: bool) -> list[Any]:
    values: list[Any] = []
    open_bracket(cursor, "[")
    while not at_end(cursor, "]", not values, trailing_comma=python):
        values.append(read_value(cursor, python))
    return values


def read_dict(cursor: Cursor, python: bool = True) -> dict[str, Any]:
    """Read a dict whose keys are strings, each of them once; see [`read_value`]."""
    values: dict[str, Any] = {}
    open_bracket(cursor, "{")
    while not at_end(cursor, "}", not values, trailing_comma=python):
        skip_space(cursor)
        start = cursor.position
        if python and not _STRING_START.match(cursor.text, start):
            fail(cursor, "a key in quotes (JSON has only string keys; sets aren't read, use a list)")
        key = _read_strings(cursor) if python else _read_json_string(cursor)
        if key in values:
            fail(cursor, f"each key once, but {key[:80]!r} came before", start)
        expect(cursor, ":", "':' and a value after the key")
        values[key] = read_value(cursor, python)
    return values


def _to_int(cursor: Cursor, digits: str, start: int) -> int:
    try:
        number = int(digits, 0) if len(digits) <= MAX_INT_DIGITS + 1 else _INT_LIMIT
    except ValueError:  # a stricter limit may be set with sys.set_int_max_str_digits
        number = _INT_LIMIT
    if abs(number) >= _INT_LIMIT:
        fail(cursor, f"an integer of at most {MAX_INT_DIGITS} digits", start)
    return number


def _to_float(cursor: Cursor, digits: str, start: int) -> float:
    number = float(digits)
    if math.isinf(number):
        fail(cursor, "a number that a float can hold", start)
    return number


# --- Python ----------------------------------------------------------------------------------------------------------


def _read_python_scalar(cursor: Cursor) -> Any:
    if at(cursor, "("):
        return _read_tuple(cursor)
    if _STRING_START.match(cursor.text, cursor.position):
        return _read_strings(cursor)
    sign = next((sign for sign in "+-" if take(cursor, sign)), "")
    skip_space(cursor)
    if sign or cursor.text[cursor.position : cursor.position + 1] in tuple("0123456789."):
        number = _read_number(cursor)
        return -number if sign == "-" else number
    return _read_word(cursor)


def _read_tuple(cursor: Cursor) -> Any:
    """`(1, 2)` is a list, `(1)` is 1, as in Python."""
    values: list[Any] = []
    value_end = cursor.position
    open_bracket(cursor, "(")
    while not at_end(cursor, ")", not values):
        values.append(read_value(cursor))
        value_end = cursor.position
    if len(values) == 1 and "," not in cursor.text[value_end : cursor.position]:
        return values[0]
    return values


def _read_number(cursor: Cursor) -> int | float:
    start = cursor.position
    based = match(cursor, _BASED_INT)
    real = "" if based else match(cursor, _FLOAT)
    whole = "" if based or real else match(cursor, _INT)
    if not (based or real or whole) or _WORD.match(cursor.text, cursor.position):
        fail(cursor, "a number (quote text that begins with a digit or sign; arithmetic isn't read)", start)
    return _to_float(cursor, real, start) if real else _to_int(cursor, based or whole, start)


def _read_word(cursor: Cursor) -> Any:
    start = cursor.position
    word = match(cursor, _WORD)
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if not word.isidentifier() or keyword.iskeyword(word):
        fail(cursor, "a literal value (number, string, list, dict, True, False, None or a bare word)", start)
    if at(cursor, "("):
        fail(cursor, "a literal value, not a nested call", start)
    return word


def _read_strings(cursor: Cursor) -> str:
    """One string literal, or several side by side, which Python joins."""
    parts = [_read_string(cursor)]
    while True:
        end = cursor.position
        skip_space(cursor)
        if not _STRING_START.match(cursor.text, cursor.position):
            cursor.position = end
            return "".join(parts)
        parts.append(_read_string(cursor))


def _read_string(cursor: Cursor) -> str:
    start = cursor.position
    opening = _STRING_START.match(cursor.text, start)
    if opening is None or opening.group(1).lower() not in ("", "r", "u"):
        fail(cursor, "a plain string (no f-string, no bytes)", start)
    prefix, quote = opening.groups()
    cursor.position = body_start = opening.end()
    body = match(cursor, _STRING_BODY[quote])
    if not at(cursor, quote):
        fail(cursor, f"the string that begins here to be closed by {quote}", start)
    cursor.position += len(quote)
    if prefix in ("r", "R"):
        return body
    return _ESCAPE.sub(lambda escape: _unescape(cursor, escape, body_start), body)


def _unescape(cursor: Cursor, escape: re.Match[str], body_start: int) -> str:
    """What one escape stands for. Not `ast.literal_eval`: it refuses lone surrogates and warns of `\\d`."""
    simple, octal, *hexadecimal, name, other = escape.groups()
    position = body_start + escape.start()
    if simple is not None:
        return _SIMPLE_ESCAPES.get(simple, simple)
    if octal is not None:
        return chr(int(octal, 8))
    if name is not None:
        return _named_character(cursor, name, position)
    if other is not None and other not in "xuUN":
        return escape.group()
    code = int("".join(digits or "" for digits in hexadecimal) or "FFFFFFFF", 16)
    if code > 0x10FFFF:
        fail(cursor, "a complete escape of an existing character (write \\\\ for a backslash)", position)
    return chr(code)


def _named_character(cursor: Cursor, name: str, position: int) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        fail(cursor, "the name of an existing character", position)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _read_json_scalar(cursor: Cursor) -> Any:
    start = cursor.position
    if at(cursor, '"'):
        return _read_json_string(cursor)
    number = match(cursor, _JSON_NUMBER)
    if number:
        return _to_int(cursor, number, start) if number.lstrip("-").isdigit() else _to_float(cursor, number, start)
    word = match(cursor, _WORD)
    if word not in ("true", "false", "null"):
        fail(cursor, "a JSON value (strings in double quotes, true, false, null; NaN isn't JSON)", start)
    return _CONSTANTS[word]


def _read_json_string(cursor: Cursor) -> str:
    start = cursor.position
    token = match(cursor, _JSON_STRING)
    if not token:
        fail(cursor, "a JSON string in double quotes, closed, without raw control characters")
    try:
        return json.loads(token)
    except json.JSONDecodeError as error:
        fail(cursor, "a valid JSON escape", start + error.pos)


# --- writing ---------------------------------------------------------------------------------------------------------


def render_value(value: Any, depth: int) -> str:
    """Write a JSON value as Python would, inside `depth` open brackets; [`read_value`] reads the same value from it.

    The base types' own `repr` is used, because subclasses (numpy floats, enums) print as something else.

    Raises:
        ValueError: `value` is no JSON value, or is nested too deep or too long a number to be read back.
    """
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, str):
        return str.__repr__(value)
    if isinstance(value, int) and abs(value) < _INT_LIMIT:
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value)
    if isinstance(value, list | dict) and depth >= MAX_DEPTH:
        raise ValueError(f"arguments are nested deeper than {MAX_DEPTH} brackets: flatten them")
    if isinstance(value, list):
        return f"[{', '.join(render_value(item, depth + 1) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(_render_item(key, item, depth + 1) for key, item in value.items())}}}"
    shown = "an integer that is too long" if isinstance(value, int) else f"a {type(value).__name__}"
    raise ValueError(f"{shown} is no JSON value: give finite numbers, strings, lists, dicts, booleans or None")


def _render_item(key: Any, value: Any, depth: int) -> str:
    if not isinstance(key, str):
        raise ValueError(f"key {key!r} is no string: JSON has only string keys")
    return f"{str.__repr__(key)}: {render_value(value, depth)}"
