"""Which answers the official checker would run as code, told without running anything.

In: an answer's text. Out: [`execution_of`]: whether the official decoder hands a part of it to `eval`, and what kind.

It does so with every binary operation that it meets as a value: `f(x=2*3)`, but also `f(x=1+open("file").read())`.
Arithmetic on literals, of bounded size, is harmless, and our checker works it out too. Expressions beyond that which
can't do harm either, such as `x+1` (an error, unless the official module has an `x`) or `1+(2<3)`, are compared, but
ours refuses them all, so verdicts may differ. The rest, such as `1+g()` and `9**9**9`, must never reach the official
one.
"""

import ast
import re
from collections.abc import Iterator

from funreason_trl.evaluation.bfcl.rows import PYTHON, category_language


NONE, ARITHMETIC, EXPRESSION, HUGE, CODE = "", "arithmetic", "expression", "huge arithmetic", "code"
# Kinds that the official checker may be asked about, and of these the kinds on which it must agree with ours.
HARMLESS = (NONE, ARITHMETIC, EXPRESSION)
COMPARABLE = (NONE, ARITHMETIC)
ARITHMETIC_NODES = (
    ast.BinOp, ast.UnaryOp, ast.Constant, ast.List, ast.Tuple, ast.operator, ast.unaryop, ast.expr_context,
)  # fmt: skip
EXPRESSION_NODES = (
    *ARITHMETIC_NODES,
    ast.Name,
    ast.Dict,
    ast.Set,
    ast.IfExp,
    ast.Compare,
    ast.BoolOp,
    ast.cmpop,
    ast.boolop,
)
# Bits of an integer, characters or items of a sequence: where our checker stops.
LARGEST = 4096
# A field of three digits' width, or one that a value or a name decides.
WIDE_FIELD = re.compile(r"[0-9]{3}|[*(]")


def execution_of(category: str, text: str) -> str:
    """
    What the official checker would do with `text` as an answer to a row of a category.

    Args:
        category (`str`): Of the row; Java and JavaScript are not evaluated.
        text (`str`): The answer.

    Returns:
        `str`: The worst of the kinds above that is in it.
    """
    if category_language(category) != PYTHON:
        return NONE
    tree = _parsed(text)
    found = [_kind(operation) for operation in _operations(tree)] if tree is not None else []
    return next((kind for kind in (CODE, HUGE, EXPRESSION, ARITHMETIC) if kind in found), NONE)


def _parsed(text: str) -> ast.expr | None:
    """As the official decoder brackets and parses it."""
    bracketed = text.strip("`\n ")
    bracketed = bracketed if bracketed.startswith("[") else "[" + bracketed
    bracketed = bracketed if bracketed.endswith("]") else bracketed + "]"
    try:
        return ast.parse(bracketed.strip().strip("'"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _operations(tree: ast.expr) -> Iterator[ast.BinOp]:
    """The binary operations that are the value of an argument, or in a list, dict, tuple or call that is one."""
    # A binary operation beside the calls is not evaluated; it ends the decoding.
    top = tree.elts if isinstance(tree, ast.List | ast.Tuple | ast.Set) else [tree]
    waiting: list[ast.AST | None] = [call for call in top if isinstance(call, ast.Call)]
    while waiting:
        match waiting.pop():
            case ast.BinOp() as operation:
                yield operation
            case ast.Call(keywords=keywords):
                waiting += [keyword.value for keyword in keywords]
            case ast.List(elts=items) | ast.Tuple(elts=items):
                waiting += items
            case ast.Dict(keys=keys, values=values):
                waiting += [*keys, *values]


def _kind(operation: ast.BinOp) -> str:
    nodes = list(ast.walk(operation))
    if not all(isinstance(node, EXPRESSION_NODES) for node in nodes):
        return CODE
    try:
        if _size(operation) > LARGEST:
            return HUGE
    except RecursionError:
        return HUGE
    return ARITHMETIC if all(isinstance(node, ARITHMETIC_NODES) for node in nodes) else EXPRESSION


def _size(node: ast.AST) -> float:
    """An upper bound for the bits of an integer, or for the characters or items of a sequence."""
    match node:
        case ast.Constant(value=int(value)):
            return value.bit_length()
        case ast.Constant(value=str(value) | bytes(value)):
            return len(value)
        case ast.UnaryOp(operand=operand):
            return _size(operand) + 1
        case ast.BinOp(left=left, op=ast.Pow(), right=right) if _is_float(left) or _is_float(right):
            return 64
        case ast.BinOp(left=left, op=ast.Pow() | ast.LShift(), right=right):
            return _size(left) * _largest(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if not (_is_number(left) and _is_number(right)):
            return max(_size(left) * _largest(right), _size(right) * _largest(left))
        case ast.BinOp(left=left, op=ast.Mod(), right=right) if not _is_number(left):
            return float("inf") if WIDE_FIELD.search(ast.unparse(left)) else _size(left) + _size(right) + 100
        case ast.BinOp(left=left, right=right):
            return _size(left) + _size(right) + 1
    return 1 + sum(_size(child) for child in ast.iter_child_nodes(node))


def _largest(node: ast.AST) -> float:
    if not _is_number(node):
        return 1.0
    size = _size(node)
    return 2.0**size if size < 64 else float("inf")


def _is_float(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Constant) and isinstance(part.value, float) for part in ast.walk(node))


def _is_number(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float | complex)
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case ast.UnaryOp(operand=operand):
            return _is_number(operand)
    return False
