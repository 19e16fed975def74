"""An answer to a JavaScript question becomes calls, read as the official evaluator reads it.

In: an answer in square brackets, `[foo(a=1, b='x')]`. Out: a [`Call`] whose arguments are still source text
(`{"a": "1", "b": "x"}`), or a [`DecodingError`]; `javascript_values` then makes a value of each.
"""

from tree_sitter import Node

from funreason_trl.calls import Call

from .errors import DecodingError
from .javascript_values import unquoted
from .syntax import JAVASCRIPT, parse_source


def decode_javascript(text: str) -> list[Call]:
    """
    The first statement in `text` that is a call, alone in a list.

    `[app.f(a=1, b='x', c)]` gives `Call("app.f", {"a": "1", "b": "x", None: "c"})`. `new F(a=1)`, `await f(a=1)`,
    `(f(a=1))` and `f(a=1), g(b=2)` are other expressions than calls, so these have none.

    Args:
        text (`str`): Starts with `[` and ends with `]`; these two characters are dropped, whatever they are.

    Returns:
        `list[Call]`: One call. Values are source text; a value without a name has the name `None`.

    Raises:
        `DecodingError`: Not JavaScript, no call, two values of one name, or too long to be read.
    """
    source = text[1:-1]
    root = parse_source(source, JAVASCRIPT)
    encoded = source.encode()
    for statement in root.children:
        if statement.type != "expression_statement":
            continue
        for expression in statement.children:
            if expression.type == "call_expression":
                # The second child holds the arguments, but for `f?.(a=1)` and for `f /* comment */ (a=1)`.
                name, arguments = expression.children[:2]
                return [Call(_text(name, encoded), _arguments(arguments, encoded))]
    raise DecodingError("the answer has no statement that is a call")


def _arguments(arguments: Node, encoded: bytes) -> dict:
    """
    Values by name: `(a=1, b="x", c, true)` has two without a name, which is one too many; `(1, "x")` gives `{}`.

    A value without a name counts if it is an identifier or `true`; others are ignored.
    """
    values: dict[str | None, str] = {}
    for node in arguments.children:
        if node.type == "assignment_expression":
            name, value = _text(node.children[0], encoded), unquoted(_text(node.children[2], encoded))
        elif node.type in ("identifier", "true"):
            name, value = None, _text(node, encoded)
        else:
            continue
        if name in values:
            raise DecodingError(f"the call has two values for {name or 'a parameter without name'}")
        values[name] = value
    return values


def _text(node: Node, encoded: bytes) -> str:
    return encoded[node.start_byte : node.end_byte].decode()
