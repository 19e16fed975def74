"""Tools of every form become OpenAI tools, and the schemas of their parameters JSON Schema.

In: a tool, or the tools of a row, as function-calling data sets write them: type names of several languages (which
`types` reads), flags in place of lists, keywords that a JSON Schema of today no longer has.
Out: [`normalize_tool`] and [`normalize_tools`] give new dicts whose parameters are JSON Schema, draft 2020-12, and
raise [`ToolFormatError`] where they can't. The time grows with the size of the tools and no faster.
"""

import json
import reprlib
from itertools import islice
from typing import Any

from .types import ReadType, read_type


# Most schemas within each other; real tools have five at most.
MAX_SCHEMA_DEPTH = 32

# Longest that a value, name or path is shown in a message.
MAX_SHOWN_CHARS = 150

MAPS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
LISTS = {"anyOf", "oneOf", "allOf", "prefixItems"}
FIELDS = {"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"}

# Where something stands: names of fields and indices of lists. Joined only for a message, as names can be long.
Path = tuple[str | int, ...]


class ToolFormatError(ValueError):
    """A tool is in none of the known forms; the message names the tool, the field, the value and the mend."""


def normalize_tools(tools: Any) -> list[dict[str, Any]]:
    """
    Turn the tools of a row into OpenAI tools.

    Args:
        tools (`list[dict]`, `dict`, `str` or `None`):
            Tools in any form, one tool, or either as a JSON string.

    Returns:
        `list[dict]`: New dicts, see [`normalize_tool`]; empty for `None`.

    Raises:
        `ToolFormatError`: As [`normalize_tool`], or the string isn't JSON, or what it holds isn't a list.
    """
    if isinstance(tools, str):
        tools = _decode(tools)
    if tools is None:
        return []
    if isinstance(tools, dict):
        return [normalize_tool(tools)]
    if not isinstance(tools, list | tuple):
        raise ToolFormatError(f"tools is {brief(tools)}: give a list of tools, or one as a JSON string")
    return [normalize_tool(tool) for tool in tools]


# Anthropic's name and MCP's, beside that of everyone else.
_PARAMETER_KEYS = ("parameters", "input_schema", "inputSchema")


def normalize_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """
    Turn a tool of any form into `{"type": "function", "function": {"name", "description", "parameters"}}`.

    Which parameters are required: an explicit `required` list wins, also beside `parameters`, where some data sets put
    it, and then `"required": true` or `false` at a parameter. Without either, a JSON Schema requires nothing, and an
    xLAM parameter is required unless its type says `optional` or allows null, or it has a default. `""` stays in the
    schema but counts as no default, since there it stands even at floats. Measured on the gold calls of
    `cot_calls.jsonl`: they give 546 of 639 parameters that this rule requires, and 513 of 565 calls give all of them;
    taking `""` for a default contradicts no call, but requires not one parameter of the 1,126. In `xlam_style.jsonl`,
    which has no defaults, all 2,730 required parameters are given.

    Args:
        tool (`dict`):
            The tool, left unchanged. Only JSON values may be in it.

    Returns:
        `dict`: The OpenAI tool. Normalising it again changes nothing.

    Raises:
        `ToolFormatError`: It has no name, its parameters aren't a schema or a dict of parameters, or it is nested
        deeper than `MAX_SCHEMA_DEPTH`.
    """
    tool = _copy(tool)
    function = tool.pop("function", None)
    if function is None:
        function, tool = {key: value for key, value in tool.items() if (key, value) != ("type", "function")}, {}
    if not isinstance(function, dict):
        raise ToolFormatError(f"field 'function' is {brief(function)}: give a dict with a name and parameters")
    name = function.pop("name", None)
    if not isinstance(name, str) or not name:
        raise ToolFormatError(f"field 'name' is {brief(name)} in {brief(function)}: give the name of the function")
    description = function.pop("description", None) or ""
    if not isinstance(description, str):
        raise _format_error(name, ("description",), description, "give a string")
    required = [function.pop("required", None), tool.pop("required", None)]
    given = [function.pop(key, None) for key in _PARAMETER_KEYS]
    parameters = _normalize_parameters(name, next(filter(None, given), given[0]), required)
    normal = {"name": name, "description": description, "parameters": parameters, **function}
    return {**tool, "type": "function", "function": normal}


# --- messages --------------------------------------------------------------------------------------------------------


def brief(value: Any) -> str:
    """`value` in at most `MAX_SHOWN_CHARS` characters, whatever it is and however large."""
    text = repr(value) if isinstance(value, str) and len(value) < 100 else _SHORT.repr(value)
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[: MAX_SHOWN_CHARS - 3]}..."


def path_text(path: Path) -> str:
    """`("filter", "dates", 0)` as `filter.dates[0]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]


class _ShortRepr(reprlib.Repr):
    """`reprlib` sorts the keys of a whole dict and fails at integers that are too long for a text."""

    def repr_dict(self, value: dict, level: int) -> str:
        return super().repr_dict(dict(islice(value.items(), self.maxdict + 1)), level)

    def repr_int(self, value: int, level: int) -> str:
        return super().repr_int(value, level) if value.bit_length() < 1000 else "a huge integer"


_SHORT = _ShortRepr()
_SHORT.maxlevel, _SHORT.maxstring = 3, 100  # Python 3.11 takes no arguments here


def _format_error(tool: str, path: Path, value: Any, mend: str) -> ToolFormatError:
    return ToolFormatError(f"tool {brief(tool)}: field {brief(path_text(path))} is {brief(value)}: {mend}")


# --- parameters ------------------------------------------------------------------------------------------------------


def _normalize_parameters(tool: str, parameters: Any, required_beside: list[Any]) -> dict[str, Any]:
    parameters = {} if parameters is None else parameters
    if not isinstance(parameters, dict):
        raise _format_error(tool, ("parameters",), parameters, "give a JSON Schema, or a dict of parameters by name")
    if _is_schema(parameters):
        required_beside.insert(0, parameters.pop("required", None))
        schema, inferred = _normalize_root(tool, parameters)
    else:
        schema, inferred = _normalize_flat(tool, parameters)
    required = next((names for names in required_beside if names is not None), inferred)
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise _format_error(tool, ("required",), required, "give a list of parameter names")
    return {**schema, "required": required}


def _is_schema(parameters: dict[str, Any]) -> bool:
    """Tells a JSON Schema from xLAM's dict, in which `type` and `properties` can be names of parameters."""
    if "type" in parameters:
        return not isinstance(parameters["type"], dict)
    properties = parameters.get("properties")
    return isinstance(properties, dict) and all(isinstance(value, dict) for value in properties.values())


def _normalize_root(tool: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    words = parameters.get("type") or "object"
    base = _read_schema_type(tool, ("parameters",), words).schema
    if base.get("type") != "object":
        mend = "give 'object', with the parameters in 'properties'"
        raise _format_error(tool, ("parameters", "type"), words, mend)
    properties, flagged = _split_required_flags(parameters.get("properties"))
    rest = {key: value for key, value in parameters.items() if key not in ("type", "properties")}
    normal = _normalize_properties(tool, {} if properties is None else properties, ("parameters",))
    return {**base, "properties": normal, **normalize_schema(tool, rest, ("parameters",))}, flagged


def _normalize_flat(tool: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    required = []
    for name, parameter in parameters.items():
        if not isinstance(parameter, dict):
            mend = "give a dict with its type, such as {'type': 'str'}"
            raise _format_error(tool, ("parameters", name), parameter, mend)
        flag = parameter.get("required")
        if flag if isinstance(flag, bool) else _is_required(tool, name, parameter):
            required.append(name)
    properties, _ = _split_required_flags(parameters)
    return {"type": "object", "properties": _normalize_properties(tool, properties, ("parameters",))}, required


def _is_required(tool: str, name: str, parameter: dict[str, Any]) -> bool:
    if parameter.get("default", "") != "":
        return False
    return not _read_schema_type(tool, ("parameters", name), parameter.get("type")).optional


# --- schemas ---------------------------------------------------------------------------------------------------------


def normalize_schema(tool: str, schema: Any, path: Path, depth: int = 0) -> Any:
    """
    Turn the schema at `path` of `tool` into JSON Schema, and those within it.

    Types that JSON Schema has no word for leave theirs in the description. All other keywords are kept.

    Args:
        tool (`str`):
            Name of the tool, for errors.
        schema (`dict` or `bool`):
            The schema, left unchanged.
        path (`tuple`):
            Where the schema stands in the tool, for errors.
        depth (`int`):
            How many schemas are around this one.

    Raises:
        `ToolFormatError`: A schema is no dict, its type is no name or list of names, or it is nested too deep.
    """
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        raise _format_error(tool, path, schema, "give a JSON Schema, such as {'type': 'string'}")
    if depth > MAX_SCHEMA_DEPTH:
        raise _format_error(tool, path, schema, f"nest at most {MAX_SCHEMA_DEPTH} schemas")
    words = schema.get("type")
    read = _read_schema_type(tool, path, words)
    properties, flagged = _split_required_flags(schema.get("properties"))
    normal = dict(read.schema)
    for keyword, value in schema.items():
        if keyword != "type":
            value = properties if keyword == "properties" else value
            name, normal_value = _normalize_keyword(tool, keyword, value, (*path, keyword), depth)
            normal[name] = normal_value
    if flagged and "required" not in normal:
        normal["required"] = flagged
    if not read.exact:
        written = words if isinstance(words, str) else json.dumps(words)
        normal["description"] = f"{normal.get('description') or ''} (type: {written})".strip()
    return normal


def _normalize_keyword(tool: str, keyword: str, value: Any, path: Path, depth: int) -> tuple[str, Any]:
    if value is None:
        return keyword, None
    if keyword in MAPS:
        return keyword, _normalize_properties(tool, value, path, depth)
    if keyword == "items" and isinstance(value, list):  # how drafts before 2020-12 wrote a tuple
        return "prefixItems", _normalize_list(tool, value, path, depth)
    if keyword in LISTS:
        return keyword, _normalize_list(tool, value, path, depth)
    if keyword in FIELDS:
        return keyword, normalize_schema(tool, value, path, depth + 1)
    return keyword, value


def _normalize_properties(tool: str, schemas: Any, path: Path, depth: int = 0) -> dict[str, Any]:
    if not isinstance(schemas, dict):
        raise _format_error(tool, path, schemas, "give a dict of schemas by name")
    return {name: normalize_schema(tool, schema, (*path, name), depth + 1) for name, schema in schemas.items()}


def _normalize_list(tool: str, schemas: Any, path: Path, depth: int) -> list[Any]:
    if not isinstance(schemas, list):
        raise _format_error(tool, path, schemas, "give a list of schemas")
    return [normalize_schema(tool, schema, (*path, index), depth + 1) for index, schema in enumerate(schemas)]


def _read_schema_type(tool: str, path: Path, words: Any) -> ReadType:
    """[`read_type`] for the `type` of the schema at `path`, which may be missing."""
    if words is None or words == "":
        return ReadType({})
    if isinstance(words, str):
        return read_type(words)
    names = ["null" if name is None else name for name in words] if isinstance(words, list) else []
    if not names or not all(isinstance(name, str) for name in names):
        mend = "give the name of a type, such as 'integer', or a list of names"
        raise _format_error(tool, (*path, "type"), words, mend)
    return read_type(names)


def _split_required_flags(properties: Any) -> tuple[Any, list[str]]:
    """
    Part schemas by name from the `"required": true` in some of them, where JSON Schema has no place for it.

    Returns:
        `tuple[Any, list[str]]`: The schemas without the flags, and the names whose flag was true.
    """
    if not isinstance(properties, dict):
        return properties, []
    flags = {
        name: schema["required"]
        for name, schema in properties.items()
        if isinstance(schema, dict) and isinstance(schema.get("required"), bool)
    }
    unflagged = {
        name: {key: value for key, value in schema.items() if key != "required"} if name in flags else schema
        for name, schema in properties.items()
    }
    return unflagged, [name for name, flag in flags.items() if flag]


# --- reading ---------------------------------------------------------------------------------------------------------


def encode(tools: Any) -> str:
    """`tools` as JSON text; a `str` is taken for one. Raises `ToolFormatError` for anything but JSON values."""
    if isinstance(tools, str):
        return tools
    try:
        return json.dumps(tools, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolFormatError(f"tool {brief(tools)} isn't JSON ({error}): give only JSON values") from error


def _decode(tools: str) -> Any:
    try:
        return json.loads(tools)
    except (ValueError, RecursionError) as error:
        raise ToolFormatError(f"tools is {brief(tools)}, which isn't JSON ({error}): give a JSON list") from error


def _copy(tool: Any) -> dict[str, Any]:
    """A copy that shares nothing with the caller's tool and is known to hold nothing but JSON."""
    if not isinstance(tool, dict):
        raise ToolFormatError(f"tool is {brief(tool)}: give a dict with 'name', 'description' and 'parameters'")
    return json.loads(encode(tool))
