"""From the text of an answer to its calls, by the official tool's rules, odd ones included, but nothing is executed.

In: an answer without its reasoning. Out: [`decode_answer`]: [`~funreason_trl.calls.Call`]s, or a [`DecodingError`].
Python's own parser (`ast.parse`, which runs nothing) builds the tree; this module only walks over it.
"""

import ast
import re
import warnings
from typing import Any

from funreason_trl.calls import Call

from .arithmetic import fold
from .errors import DecodingError
from .java import decode_java
from .javascript import decode_javascript
from .rows import JAVA, JAVASCRIPT, PYTHON


# Longest answer that is decoded, about 8,000 tokens: of this size, no text keeps the parser busy for half a second.
MAX_CHARS = 32 * 1024

# bfcl-eval of 2026, and of April 2025, whose leaderboard the FunReason paper compares with.
V4, APRIL_2025 = "v4", "2025-04"
VERSIONS = (V4, APRIL_2025)

# Text on which the parser may print a warning: `"\d"`, `1if x`.
_WARNING_MAKER = re.compile(r"\\|[0-9]\.?[a-zA-Z]")


def decode_answer(text: str, language: str = PYTHON, version: str = V4) -> list[Call]:
    """
    The calls in an answer.

    Backticks, newlines and spaces around the answer are dropped, and missing outer brackets added: `f(x=1)`,
    `[f(x=1)]` and a fence without a language all hold one call; a fence with one (```` ```python ````) is no answer.

    Args:
        text (`str`):
            The answer without its reasoning.
        language (`str`, *optional*, defaults to `"python"`):
            Whose syntax is read: `"python"`, `"java"` or `"javascript"`.
        version (`str`, *optional*, defaults to `"v4"`):
            `"v4"`, or `"2025-04"`: bfcl-eval then took *all* brackets and quotes off both ends of a python answer, so
            that `[[f(x=1)]]` was one call, and `[f(x=1),\\ng(y=2)]`, a list over several lines, was none.

    Returns:
        `list[Call]`: In the order of the text. Values are Python's; a call as a value is its source text, or
        `{name: arguments}` if it has keywords.

    Raises:
        DecodingError: The text is not a list of calls, holds anything that is no value, or is longer than `MAX_CHARS`.
        ValueError: `version` is neither of the two.
    """
    if version not in VERSIONS:
        raise ValueError(f"version is {version!r}, expected {V4!r} or {APRIL_2025!r}")
    if len(text) > MAX_CHARS:
        raise DecodingError(f"the answer has {len(text):,} characters, the limit is {MAX_CHARS:,}")
    text = _in_brackets(text)
    if language == JAVA:
        return decode_java(text)
    if language == JAVASCRIPT:
        return decode_javascript(text)
    text = text.strip("[]'") if version == APRIL_2025 else text.strip().strip("'")
    try:
        return [_read_call(node) for node in _call_nodes(text)]
    except DecodingError:
        raise
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise DecodingError(f"{type(error).__name__}: {error}") from None


def _in_brackets(text: str) -> str:
    text = text.strip("`\n ")
    if not text.startswith("["):
        text = "[" + text
    return text if text.endswith("]") else text + "]"


def _call_nodes(text: str) -> list[ast.Call]:
    if _WARNING_MAKER.search(text):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text, mode="eval").body
    else:
        body = ast.parse(text, mode="eval").body
    if isinstance(body, ast.Call):
        return [body]
    if not isinstance(body, (ast.List, ast.Tuple, ast.Set)):
        raise DecodingError(f"the answer is no list of calls but a {type(body).__name__}")
    for node in body.elts:
        if type(node) is not ast.Call:
            raise DecodingError(f"the answer lists a {type(node).__name__} where a call is expected")
    return body.elts  # type: ignore[return-value]


def _read_call(node: ast.Call) -> Call:
    """
    `a.f(1, x=2)`: `a.f` with `{"x": 2}`; what has no keyword is passed over, and the last of equal keywords counts.

    `**{"y": 3}` becomes an argument of the name `None`, which no function has.
    """
    arguments: dict[Any, Any] = {given.arg: _read_value(given.value) for given in node.keywords}
    return Call(_read_name(node.func), arguments)


def _read_name(node: ast.expr) -> str:
    """`a.b.f`: `"a.b.f"`. What isn't a name is left out: `g().f` and `"s".f`: `"f"`, `(lambda: 0)`: `""`."""
    if isinstance(node, ast.Name):
        return node.id
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _read_value(node: ast.expr) -> Any:
    """Any value; attributes (`a.b`), lambdas, f-strings, sets, comprehensions, comparisons and `a or b` are none."""
    if type(node) is ast.Constant:
        return "..." if node.value is ... else node.value
    reader = _READERS.get(type(node))
    if reader is None:
        raise DecodingError(f"a {type(node).__name__} is no value")
    return reader(node)


def _read_signed(node: ast.UnaryOp) -> Any:
    """Whatever the sign is, it negates: `-5`, `+5`, `~5`: -5. `not True`: -1. `--5`, `-"a"`, `-x`: no value."""
    if not isinstance(node.operand, ast.Constant) or not isinstance(node.operand.value, (int, float, complex)):
        raise DecodingError("a sign before something that is no number")
    return -node.operand.value


def _read_list(node: ast.List) -> list[Any]:
    """`[1, a]`: `[1, "a"]`."""
    return [_read_value(item) for item in node.elts]


def _read_tuple(node: ast.Tuple) -> tuple[Any, ...]:
    """`(1, 2)` stays a tuple, which the checker takes for a list only if the parameter's type is `tuple`."""
    return tuple([_read_value(item) for item in node.elts])


def _read_dict(node: ast.Dict) -> dict[Any, Any]:
    """`{"a": 1}`; keys may be any value that can be one: `{x: 1}` is `{"x": 1}`. `{[1]: 2}`, `{**a}`: no value."""
    return {_read_value(key): _read_value(value) for key, value in zip(node.keys, node.values, strict=True)}  # type: ignore[arg-type]


def _read_word(node: ast.Name) -> str:
    """A bare word is a string: `true`: `"true"`."""
    return node.id


def _read_nested_call(node: ast.Call) -> Any:
    """`g(1)`: the text `"g(1)"`, spaced as Python's `ast.unparse` does it. `g(y=1)`: `{"g": {"y": 1}}`."""
    if not node.keywords:
        return ast.unparse(node)
    call = _read_call(node)
    return {call.name: call.arguments}


def _read_subscript(node: ast.Subscript) -> str:
    """`a[0]`: the text `"a[0]"`."""
    return f"{ast.unparse(node.value)}[{ast.unparse(node.slice)}]"


_READERS: dict[type, Any] = {
    ast.UnaryOp: _read_signed,
    ast.BinOp: fold,
    ast.List: _read_list,
    ast.Tuple: _read_tuple,
    ast.Dict: _read_dict,
    ast.Name: _read_word,
    ast.Call: _read_nested_call,
    ast.Subscript: _read_subscript,
}
