"""Tools, that is function definitions: every form in the wild becomes one, and calls are checked against it.

In: a tool as xLAM (`parameters: {name: {"type": "str, optional", ...}}`), BFCL (`"type": "dict"`, `"float"`, `"any"`),
OpenAI (`{"type": "function", "function": {...}}`) or plain JSON writes it; single, in a list, or as a JSON string.
Out: [`normalize_tool`] and [`normalize_tools`] give OpenAI tools whose parameters are JSON Schema, with an explicit
`required` list, and lose no description, default, enum or other keyword. [`validate_call`] gives the list of
[`CallProblem`] that a call has against its tools; an empty list means that the call fits.

Tools and calls may come from strangers: schemas are never followed to another place (`$ref`), their regular
expressions aren't run, and size, depth and work are bounded.

`normalize` works on tools and their schemas, with `types` for the names of types; `validate` checks calls.
"""

from .normalize import ToolFormatError, normalize_tool, normalize_tools
from .validate import CallProblem, validate_call


__all__ = ["CallProblem", "ToolFormatError", "normalize_tool", "normalize_tools", "validate_call"]
