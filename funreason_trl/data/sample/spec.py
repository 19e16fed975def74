"""The words a module of `tools` is written in: what a tool is, what a parameter is, what a drawn value is.

In: plain arguments from the modules of `tools`. Out: frozen `Tool` and `Param` objects, and `tool_schema`, which turns
a `Tool` into an OpenAI tool with JSON Schema.

A query template names its parameters in braces and marks its decisive words in square brackets:
`"[How warm is it] in {city}?"`. A parameter that a template does not name is left to its default. In a template for
several calls `{city1}` and `{city2}` differ from call to call and `{unit}` is shared, so a parameter's name must not
end in a digit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any


@dataclass(frozen=True)
class Value:
    """What a query says (`text`), what the call must hold (`value`), and the sum that leads there (`why`), if any."""

    text: str
    value: Any
    why: str = ""


Maker = Callable[[Random], Value]


@dataclass(frozen=True)
class Param:
    name: str
    schema: dict[str, Any]
    make: Maker
    required: bool = True


@dataclass(frozen=True)
class Missing:
    """A query that lacks a required parameter, and the question that should come back."""

    query: str
    reply: str


@dataclass(frozen=True)
class Tool:
    """`goal` completes "a tool to ...": the description and the reasoning are both made of it."""

    name: str
    domain: str
    goal: str
    params: tuple[Param, ...]
    asks: tuple[str, ...]
    missing: Missing
    pairs: tuple[str, ...] = ()

    def param(self, name: str) -> Param:
        return next(param for param in self.params if param.name == name)


def string(name: str, make: Maker, about: str = "", **options: Any) -> Param:
    return _param(name, {"type": "string"}, make, about, **options)


def integer(name: str, make: Maker, about: str = "", **options: Any) -> Param:
    return _param(name, {"type": "integer"}, make, about, **options)


def number(name: str, make: Maker, about: str = "", **options: Any) -> Param:
    return _param(name, {"type": "number"}, make, about, **options)


def boolean(name: str, words: dict[str, bool], about: str = "", **options: Any) -> Param:
    return _param(name, {"type": "boolean"}, words_for(words), about, **options)


def enum(name: str, words: dict[str, str], about: str = "", **options: Any) -> Param:
    """`words` maps what people say to the enumerated values."""
    default = [options["default"]] if options.get("default") is not None else []
    values = list(dict.fromkeys([*words.values(), *default]))
    return _param(name, {"type": "string", "enum": values}, words_for(words), about, **options)


def array(name: str, items: str, make: Maker, about: str = "", **options: Any) -> Param:
    return _param(name, {"type": "array", "items": {"type": items}}, make, about, **options)


def record(name: str, fields: dict[str, str], make: Maker, about: str = "") -> Param:
    """An object whose fields are all required; `fields` maps a field to its JSON type."""
    properties = {field: {"type": kind} for field, kind in fields.items()}
    return _param(name, {"type": "object", "properties": properties, "required": list(fields)}, make, about)


def words_for(words: dict[str, Any]) -> Maker:
    options = [Value(text, value) for text, value in words.items()]
    return lambda rng: rng.choice(options)


def _param(
    name: str, schema: dict[str, Any], make: Maker, about: str, *, default: Any = None, optional: bool = False
) -> Param:
    described = schema | ({"description": about} if about else {})
    if default is not None:
        described["default"] = default
    return Param(name, described, make, required=default is None and not optional)


def tool_schema(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": f"{tool.goal[0].upper()}{tool.goal[1:]}.",
            "parameters": {
                "type": "object",
                "properties": {param.name: dict(param.schema) for param in tool.params},
                "required": [param.name for param in tool.params if param.required],
            },
        },
    }
