"""Right answers from possible answers, and the spelling of calls in Python, Java, JavaScript and JSON.

In: a row. Out: [`right_calls`]: calls that use one of the listed values for each parameter; [`render`]: their text.

An answer to `simple_java`, right: `[Loader.run(path="/a", times=3, limit=5L, tags=new String[]{"x", "y"})]`.
"""

import json
import re
from dataclasses import dataclass
from random import Random
from typing import Any

from funreason_trl.evaluation.bfcl.rows import BfclRow


FORMS = ("python", "java", "javascript", "json")
# An expression that a Java or JavaScript program would hold without quotes.
BARE = re.compile(r"(new )?[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*(\(.*\))?", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """A value given as source text, for what no Python literal can say."""

    text: str


@dataclass
class Call:
    """A function's name, and its arguments in order; a name may come twice, and `None` is no name."""

    name: str
    arguments: list[tuple[str | None, Any]]


def right_calls(row: BfclRow, rng: Random | None = None) -> list[Call]:
    """
    Calls that a right answer to `row` (`BfclRow`) holds.

    Args:
        row (`BfclRow`): With its possible answers.
        rng (`Random`, *optional*): Picks among the listed values, and whether to leave out what may be left out. By
            default the first value that is not the empty string, and nothing is left out that has one.

    Returns:
        `list[Call]`: One for each possible answer, in order.
    """
    return [
        Call(name, _arguments(row, name, parameters, rng))
        for possible in row.possible_answers
        for name, parameters in possible.items()
    ]


def _arguments(
    row: BfclRow, name: str, parameters: dict[str, list], rng: Random | None
) -> list[tuple[str | None, Any]]:
    schema: dict = next((function["parameters"] for function in row.functions if function["name"] == name), {})
    arguments: list[tuple[str | None, Any]] = []
    for parameter, options in parameters.items():
        must_stay = "" not in options or parameter in schema.get("required", ())
        # Two rows list values for an optional parameter that the function does not declare.
        declared = parameter in schema.get("properties", {})
        has_value = any(option != "" for option in options) if not must_stay else bool(options)
        dropped = rng is not None and rng.random() < 0.5
        if has_value and (must_stay or (declared and not dropped)):
            arguments.append((parameter, _pick_nested(options, rng)))
    return arguments


def _pick(options: list, rng: Random | None) -> Any:
    values = [option for option in options if option != ""] or options
    return rng.choice(values) if rng else values[0]


def _pick_nested(options: list, rng: Random | None) -> Any:
    """A dict, and each dict in a list, lists options for its keys; deeper ones hold values."""
    value = _pick(options, rng)
    if isinstance(value, dict):
        return _pick_keys(value, rng)
    if isinstance(value, list):
        return [_pick_keys(item, rng) if isinstance(item, dict) else item for item in value]
    return value


def _pick_keys(options: dict, rng: Random | None) -> dict:
    kept = {
        key: values for key, values in options.items() if not isinstance(values, list) or any(v != "" for v in values)
    }
    return {key: _pick(values, rng) if isinstance(values, list) else values for key, values in kept.items()}


def schema_of(row: BfclRow, call: str, parameter: str | None) -> dict:
    """What `row` (`BfclRow`) declares for a parameter; empty if it declares none."""
    for function in row.functions:
        if function["name"] == call:
            return function["parameters"]["properties"].get(parameter, {})
    return {}


def render(calls: list[Call], form: str, row: BfclRow) -> str:
    """The text of `calls` (`list[Call]`) in `form` (`str`, one of `FORMS`), typed as `row` (`BfclRow`) declares."""
    if form == "json":
        return json.dumps(
            [{"name": c.name, "arguments": {str(k): _json_value(v) for k, v in c.arguments}} for c in calls]
        )
    return "[" + ", ".join(_render_call(call, form, row) for call in calls) + "]"


def _json_value(value: Any) -> Any:
    return json.loads(json.dumps(value, default=lambda other: other.text if isinstance(other, Source) else str(other)))


def _render_call(call: Call, form: str, row: BfclRow) -> str:
    parts = []
    for name, value in call.arguments:
        text = _RENDERERS[form](value, schema_of(row, call.name, name))
        parts.append(text if name is None else f"{name}={text}")
    return f"{call.name}({', '.join(parts)})"


def python_value(value: Any, _schema: dict) -> str:
    if isinstance(value, Source):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {python_value(item, {})}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(python_value(item, {}) for item in value) + "]"
    if isinstance(value, tuple):
        return "(" + "".join(python_value(item, {}) + "," for item in value) + ")"
    return repr(value)


def java_value(value: Any, schema: dict) -> str:
    kind, item_kind = schema.get("type", "any"), schema.get("items", {}).get("type", "any")
    if isinstance(value, Source):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        suffix = {"long": "L", "float": "f"}.get(kind, "")
        return f"{value}{suffix}"
    if isinstance(value, list | tuple):
        items = ", ".join(java_value(item, {"type": item_kind}) for item in value)
        element = {"String": "String", "integer": "Integer", "long": "Long"}.get(item_kind, "Object")
        if kind == "ArrayList":
            return f"new ArrayList<{element}>(Arrays.asList({items}))"
        return f"new {'int' if element == 'Integer' else element}[]{{{items}}}"
    if isinstance(value, dict):
        puts = " ".join(f'put("{key}", {java_value(item, {"type": "String"})});' for key, item in value.items())
        return f"new HashMap<String, Object>() {{{{ {puts} }}}}"
    return _source_or_string(value, kind)


def javascript_value(value: Any, schema: dict) -> str:
    kind, item_kind = schema.get("type", "any"), schema.get("items", {}).get("type", "any")
    if isinstance(value, Source):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value}{'n' if kind == 'Bigint' else ''}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(javascript_value(item, {"type": item_kind}) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {javascript_value(item, {})}' for key, item in value.items()) + "}"
    return _source_or_string(value, kind)


def _source_or_string(value: Any, kind: str) -> str:
    """A text where another type is declared is the name of a variable or an expression."""
    if value is None:
        return "null"
    if kind not in ("String", "char") and BARE.fullmatch(value):
        return value
    return f'"{value}"'


_RENDERERS = {"python": python_value, "java": java_value, "javascript": javascript_value}
