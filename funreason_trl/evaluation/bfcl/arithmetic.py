"""Arithmetic on constants, such as `seconds=3 * 60`, worked out step by step within bounds; nothing is executed.

In: the syntax tree of an operation with two sides. Out: [`fold`]: its value, or a [`DecodingError`].
"""

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from .errors import DecodingError


# Largest integer, and most characters and items, of any step; what BFCL accepts is far smaller.
MAX_BITS = 4096
MAX_ITEMS = 4096
# Most operations inside one another; the official tool gives up (recursion) after about as many.
MAX_DEPTH = 300

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
}
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
# `%` with a string on its left, where every field is at most 99 characters wide.
_NARROW_FORMAT = re.compile(r"(?:[^%]++|%(?:%|[-+ #0]*+[0-9]{0,2}(?:\.[0-9]{0,2})?[a-zA-Z]))*+", re.DOTALL)
_CONTAINERS: dict[type, Callable[[Any], Any]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}


def fold(node: ast.expr) -> Any:
    """
    The value of an operation on numbers, strings, bytes, lists, tuples, sets and dicts.

    `2 * 3`: 6. `-5 + 3`: -2 (inside an operation a sign is a sign). `"ab" * 2`: `"abab"`. `2 ** 0.5`: 1.414...
    `9 ** 9 ** 9`, `"a" * 10 ** 9`: too large. `x + 1`, `len("a") + 1`, `1 / 0`, `"a" + 1`: no value.

    Args:
        node (`ast.expr`): As parsed, for instance an `ast.BinOp`.

    Raises:
        DecodingError: It holds anything but constants and operators, Python would raise, or a step is larger than
            `MAX_BITS` or `MAX_ITEMS`. The official tool executes such text, bounded by nothing.
    """
    return _fold(node, MAX_DEPTH)[0]


def _fold(node: ast.expr, depth: int) -> tuple[Any, int]:
    """The value of `node` and its size: characters and items at all depths, counted with every repetition."""
    if depth == 0:
        raise DecodingError(f"more than {MAX_DEPTH} operations inside one another")
    kind = type(node)
    if isinstance(node, ast.Constant):
        value, size = node.value, len(node.value) if isinstance(node.value, (str, bytes)) else 1
    elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        value, size = _apply(type(node.op), _fold(node.left, depth - 1), _fold(node.right, depth - 1))
    elif isinstance(node, ast.UnaryOp):
        operand, size = _fold(node.operand, depth - 1)
        value = _attempt(_UNARY[type(node.op)], operand)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        items, size = _fold_all(node.elts, depth - 1)
        value = _attempt(_CONTAINERS[kind], items)
    elif isinstance(node, ast.Dict) and None not in node.keys:
        keys, keys_size = _fold_all(node.keys, depth - 1)  # type: ignore[arg-type]
        values, values_size = _fold_all(node.values, depth - 1)
        value, size = _attempt(dict, zip(keys, values, strict=True)), keys_size + values_size
    else:
        raise DecodingError(f"{kind.__name__} inside an operation: only constants are worked out, nothing is executed")
    _refuse_large(value, size)
    return value, size


def _fold_all(nodes: list[ast.expr], depth: int) -> tuple[list[Any], int]:
    folded = [_fold(node, depth) for node in nodes]
    return [value for value, _ in folded], 1 + sum(size for _, size in folded)


def _apply(kind: type, left: tuple[Any, int], right: tuple[Any, int]) -> tuple[Any, int]:
    (first, first_size), (second, second_size) = left, right
    size = first_size + second_size
    if kind is ast.Mult:
        size = _repeated_size(left, right)
    elif kind in (ast.Pow, ast.LShift):
        _refuse_growth(kind, first, second)
    elif kind is ast.Mod and isinstance(first, (str, bytes)):
        text = first if isinstance(first, str) else first.decode("latin-1")
        if not _NARROW_FORMAT.fullmatch(text):
            raise DecodingError("a format that is malformed, or has a named, starred or very wide field")
    _refuse_large(None, size)
    value = _attempt(_BINARY[kind], first, second)
    return value, len(value) if isinstance(value, (str, bytes)) else size


def _repeated_size(left: tuple[Any, int], right: tuple[Any, int]) -> int:
    """Size of a product: of `"ab" * 3` 6, of `2 * 3` 1."""
    for (times, _), (sequence, size) in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(sequence, (str, bytes, list, tuple)):
            return size * max(times, 0)
    return 1


def _refuse_growth(kind: type, base: Any, exponent: Any) -> None:
    """Refuse `9 ** 99999` and `1 << 99999` before they are worked out."""
    if not isinstance(base, int) or not isinstance(exponent, int) or exponent <= 0 or base == 0:
        return
    bits = base.bit_length() + exponent if kind is ast.LShift else (abs(base) - 1).bit_length() * exponent
    if bits > MAX_BITS:
        raise DecodingError(f"an integer of more than {MAX_BITS} bits")


def _refuse_large(value: Any, size: int) -> None:
    if size > MAX_ITEMS or (isinstance(value, int) and value.bit_length() > MAX_BITS):
        raise DecodingError(f"an operation on more than {MAX_BITS} bits or {MAX_ITEMS} characters and items")


def _attempt(operation: Callable[..., Any], *operands: Any) -> Any:
    try:
        return operation(*operands)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise DecodingError(f"an operation that fails: {error}") from None
