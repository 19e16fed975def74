"""An answer to a Java question becomes calls, read as the official evaluator reads it.

In: an answer in square brackets, `[Foo.bar(a=1, b="x")]`. Out: a [`Call`] whose arguments are still source text
(`{"a": "1", "b": "x"}`), or a [`DecodingError`]; `java_values` then makes a value of each.
"""

from tree_sitter import Node

from funreason_trl.calls import Call

from .errors import DecodingError
from .syntax import JAVA, parse_source


# The official evaluator walks the tree by recursion, so that Python's limit of 1,000 frames is part of its verdict.
# This is about what is left of them when it starts to walk. A level mostly costs three: the walk calls itself from a
# generator that `str.join` reads.
MAX_FRAMES = 970
_FRAMES_PER_LEVEL = 3

_QUOTED = ("string_literal", "character_literal")
# Taken as they are written; any other expression is put together anew, which drops the spaces between its parts.
_VERBATIM = (*_QUOTED, "identifier", "class_literal", "type_identifier", "method_invocation")


def decode_java(text: str) -> list[Call]:
    """
    The first call in `text`, alone in a list: what follows it or stands around it is not looked at.

    `[new A().f(b=new int[]{1, 2}, c);]` gives `Call("new A().f", {"b": "new int[]{1,2}", None: "c"})`.

    Args:
        text (`str`): Starts with `[` and ends with `]`; these two characters are dropped, whatever they are.

    Returns:
        `list[Call]`: One call. Values are source text; a value without a name has the name `None`.

    Raises:
        `DecodingError`: Not Java, no call in it, two values of one name, or too long or too deep to be read.
    """
    source = text[1:-1]
    invocation = _first_invocation(parse_source(source, JAVA))
    name = _text(_field(invocation, "name"), source)
    target = invocation.child_by_field_name("object")
    if target is not None:
        name = f"{_text(target, source)}.{name}"
    return [Call(name, _arguments(_field(invocation, "arguments"), source))]


def _first_invocation(root: Node) -> Node:
    """The first method call in reading order; of `g(a=f(b=1))`, it is `g`."""
    pending = [(root, 1)]
    while pending:
        node, frames = pending.pop()
        if frames > MAX_FRAMES:
            raise DecodingError(f"the answer nests more than {MAX_FRAMES} deep")
        if node.type == "method_invocation":
            return node
        pending.extend((child, frames + 1) for child in reversed(node.children))
    raise DecodingError("the answer has no method call")


def _arguments(arguments: Node, source: str) -> dict:
    """
    Values by name: `(a=1, b += "x", c)` gives `{"a": "1", "b": "x", None: "c"}`.

    A value without a name counts if it is an identifier or a class, `(c)` or `(C.class)`; others, `(1)`, are ignored.
    """
    values: dict[str | None, str] = {}
    for node in arguments.children:
        if node.type == "assignment_expression":
            name, value = _text(node.children[0], source), node.children[2]
        elif node.type in ("identifier", "class_literal"):
            name, value = None, node
        else:
            continue
        if name in values:
            raise DecodingError(f"the call has two values for {name or 'a parameter without name'}")
        values[name] = _value_text(value, source)
    return values


def _value_text(node: Node, source: str) -> str:
    """A whole value loses its quotes, `"x"` gives `x`; inside another value quotes stay."""
    if node.type in _QUOTED:
        return _text(node, source)[1:-1]
    pieces: list[str] = []
    pending: list[str | tuple[Node, int]] = [(node, 1)]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            pieces.append(item)
            continue
        part, frames = item
        if frames > MAX_FRAMES:
            raise DecodingError(f"a value nests more than {MAX_FRAMES // _FRAMES_PER_LEVEL} deep")
        pending.extend(reversed(_parts(part, frames, source)))
    return "".join(pieces)


def _parts(node: Node, frames: int, source: str) -> list[str | tuple[Node, int]]:
    """
    A node as texts and smaller nodes, from left to right, each node with the frames that the official walk has then.

    `-  1 + a` becomes `-1+a`; `new int [ ] {1, 2}` becomes `new int[]{1,2}`, and so does `new int[][]{1, 2}`;
    `new A(1,"b") {{ c(); }}` becomes `new A(1, "b")`: the body is lost.
    """
    if node.type in _VERBATIM or not node.child_count:
        return [_text(node, source)]
    if node.type == "array_creation_expression":
        return ["new ", (_field(node, "type"), frames + 1), "[]", (_field(node, "value"), frames + 1)]
    if node.type == "object_creation_expression":
        values = [child for child in _field(node, "arguments").children if child.type not in ("(", ",", ")")]
        parts: list[str | tuple[Node, int]] = ["new ", (_field(node, "type"), frames + 1), "("]
        for index, value in enumerate(values):
            parts.extend([", "] if index else [])
            parts.append((value, frames + 1))
        return [*parts, ")"]
    return [(child, frames + _FRAMES_PER_LEVEL) for child in node.children]


def _field(node: Node, name: str) -> Node:
    """The child in the grammar's field `name`; `new int[3]` has no `value`, which the official walk fails on too."""
    child = node.child_by_field_name(name)
    if child is None:
        raise DecodingError(f"the {node.type} has no {name}")
    return child


def _text(node: Node, source: str) -> str:
    """Source of `node`, cut by *byte* offsets as the official evaluator does: it shifts after a non-ASCII letter."""
    return source[node.start_byte : node.end_byte]
