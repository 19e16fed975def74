"""Literals as text: the values of arguments are read.

In: a [`Cursor`] on a text that holds a literal of Python (number, string, list, dict, tuple, constant, bare word) or a
value of JSON. Out: the JSON value, with the cursor behind it, or a `CallSyntaxError` with the position.

Nothing is evaluated, every step moves forward and the depth is bounded, so that hostile text costs no more than honest
text of its length.
"""

import json
import keyword
import math
import re
import unicodedata
from typing import Any

from .cursor import Cursor


# Longest integer: CPython refuses to convert longer ones from and to text, and so would `json.dumps`.
MAX_INT_DIGITS = 4300

INT_LIMIT = 10**MAX_INT_DIGITS
_CONSTANTS = {"True": True, "False": False, "None": None, "true": True, "false": False, "null": None}

# Possessive quantifiers (`*+`): a match that fails is given up at once, so no text makes these backtrack.
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


def read_value(cursor: Cursor, python: bool = True) -> Any:
    """
    Read one value in Python's or JSON's notation, after white space.

    A bare word is a string and a tuple a list, as BFCL reads them.

    Raises:
        CallSyntaxError: What comes next is no literal, or a number that can't be held (1e999, 5,000 digits; in JSON also
            NaN, which is a bare word in Python's notation).
    """
    cursor.skip_space()
    if cursor.at("["):
        return _read_list(cursor, python)
    if cursor.at("{"):
        return read_dict(cursor, python)
    return _read_python_scalar(cursor) if python else _read_json_scalar(cursor)


def _read_list(cursor: Cursor, python: bool) -> list[Any]:
    values: list[Any] = []
    cursor.open_bracket("[")
    while not cursor.at_end("]", not values, trailing_comma=python):
        values.append(read_value(cursor, python))
    return values


def read_dict(cursor: Cursor, python: bool = True) -> dict[str, Any]:
    """Read a dict whose keys are strings, each of them once; see [`read_value`]."""
    values: dict[str, Any] = {}
    cursor.open_bracket("{")
    while not cursor.at_end("}", not values, trailing_comma=python):
        cursor.skip_space()
        start = cursor.position
        if python and not _STRING_START.match(cursor.text, start):
            cursor.fail("a key in quotes (JSON has only string keys; sets aren't read, use a list)")
        key = _read_strings(cursor) if python else _read_json_string(cursor)
        if key in values:
            cursor.fail(f"each key once, but {key[:80]!r} came before", start)
        cursor.expect(":", "':' and a value after the key")
        values[key] = read_value(cursor, python)
    return values


def _to_int(cursor: Cursor, digits: str, start: int) -> int:
    try:
        number = int(digits, 0) if len(digits) <= MAX_INT_DIGITS + 1 else INT_LIMIT
    except ValueError:  # a stricter limit may be set with sys.set_int_max_str_digits
        number = INT_LIMIT
    if abs(number) >= INT_LIMIT:
        cursor.fail(f"an integer of at most {MAX_INT_DIGITS} digits", start)
    return number


def _to_float(cursor: Cursor, digits: str, start: int) -> float:
    number = float(digits)
    if math.isinf(number):
        cursor.fail("a number that a float can hold", start)
    return number


# --- Python ----------------------------------------------------------------------------------------------------------


def _read_python_scalar(cursor: Cursor) -> Any:
    if cursor.at("("):
        return _read_tuple(cursor)
    if _STRING_START.match(cursor.text, cursor.position):
        return _read_strings(cursor)
    sign = next((sign for sign in "+-" if cursor.take(sign)), "")
    cursor.skip_space()
    if sign or cursor.text[cursor.position : cursor.position + 1] in tuple("0123456789."):
        number = _read_number(cursor)
        return -number if sign == "-" else number
    return _read_word(cursor)


def _read_tuple(cursor: Cursor) -> Any:
    """`(1, 2)` is a list, `(1)` is 1, as in Python."""
    values: list[Any] = []
    value_end = cursor.position
    cursor.open_bracket("(")
    while not cursor.at_end(")", not values):
        values.append(read_value(cursor))
        value_end = cursor.position
    if len(values) == 1 and "," not in cursor.text[value_end : cursor.position]:
        return values[0]
    return values


def _read_number(cursor: Cursor) -> int | float:
    start = cursor.position
    based = cursor.match(_BASED_INT)
    real = "" if based else cursor.match(_FLOAT)
    whole = "" if based or real else cursor.match(_INT)
    if not (based or real or whole) or _WORD.match(cursor.text, cursor.position):
        cursor.fail("a number (quote text that begins with a digit or sign; arithmetic isn't read)", start)
    return _to_float(cursor, real, start) if real else _to_int(cursor, based or whole, start)


def _read_word(cursor: Cursor) -> Any:
    start = cursor.position
    word = cursor.match(_WORD)
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if not word.isidentifier() or keyword.iskeyword(word):
        cursor.fail("a literal value (number, string, list, dict, True, False, None or a bare word)", start)
    if cursor.at("("):
        cursor.fail("a literal value, not a nested call", start)
    return word


def _read_strings(cursor: Cursor) -> str:
    """One string literal, or several side by side, which Python joins."""
    parts = [_read_string(cursor)]
    while True:
        end = cursor.position
        cursor.skip_space()
        if not _STRING_START.match(cursor.text, cursor.position):
            cursor.position = end
            return "".join(parts)
        parts.append(_read_string(cursor))


def _read_string(cursor: Cursor) -> str:
    start = cursor.position
    opening = _STRING_START.match(cursor.text, start)
    if opening is None or opening.group(1).lower() not in ("", "r", "u"):
        cursor.fail("a plain string (no f-string, no bytes)", start)
    prefix, quote = opening.groups()
    cursor.position = body_start = opening.end()
    body = cursor.match(_STRING_BODY[quote])
    if not cursor.at(quote):
        cursor.fail(f"the string that begins here to be closed by {quote}", start)
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
        cursor.fail("a complete escape of an existing character (write \\\\ for a backslash)", position)
    return chr(code)


def _named_character(cursor: Cursor, name: str, position: int) -> str:
    try:
        return unicodedata.lookup(name)
    except (KeyError, UnicodeEncodeError):  # the latter at a lone surrogate
        cursor.fail("the name of an existing character", position)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _read_json_scalar(cursor: Cursor) -> Any:
    start = cursor.position
    if cursor.at('"'):
        return _read_json_string(cursor)
    number = cursor.match(_JSON_NUMBER)
    if number:
        return _to_int(cursor, number, start) if number.lstrip("-").isdigit() else _to_float(cursor, number, start)
    word = cursor.match(_WORD)
    if word not in ("true", "false", "null"):
        cursor.fail("a JSON value (strings in double quotes, true, false, null; NaN isn't JSON)", start)
    return _CONSTANTS[word]


def _read_json_string(cursor: Cursor) -> str:
    start = cursor.position
    token = cursor.match(_JSON_STRING)
    if not token:
        cursor.fail("a JSON string in double quotes, closed, without raw control characters")
    try:
        return json.loads(token)
    except json.JSONDecodeError as error:
        cursor.fail("a valid JSON escape", start + error.pos)
