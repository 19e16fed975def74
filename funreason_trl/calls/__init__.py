"""Function calls as text: what a model writes becomes a list of [`Call`], and back.

In: the answer of a model, or the gold answer of a row, in one of these forms.

    [f(a=1, b=[1, 2], c={'k': None}), pkg.mod.g(x=-1.5)]          python list; the brackets may be left out
    [{"name": "f", "arguments": {"a": 1}}]                        JSON: a list, one object, or one object a line
    <tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>   one or more blocks, JSON or python inside

Each of them may stand in a ``` fence. Prose around the calls is an error, and so is a comment among them.

Out: [`parse_calls`] returns the calls or raises [`CallSyntaxError`] with the position; [`render_calls`] writes the
python list form, and `parse_calls(render_calls(calls)) == calls` for every list that it accepts.

The text is read by recursive descent and never evaluated. Python's own parser can't be used, because real function
names hold spaces and dashes, and real parameter names are `from` or `7qSgY`. Only the standard library is used.

`parsing` reads the forms, `literals` the values in them, both with the `cursor`; `rendering` writes.
"""

from .call import MAX_CHARS, Call, is_renderable_name
from .cursor import MAX_DEPTH, CallSyntaxError
from .parsing import parse_calls
from .rendering import render_calls


__all__ = ["MAX_CHARS", "MAX_DEPTH", "Call", "CallSyntaxError", "is_renderable_name", "parse_calls", "render_calls"]
