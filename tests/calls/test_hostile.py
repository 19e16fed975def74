"""Pins that text which means harm, long or deeply nested, is refused at the cost of honest text of its length."""

import json
from time import process_time

import pytest

from funreason_trl.calls import Call, CallSyntaxError, parse_calls, render_calls


HOSTILE = {
    "1 MB of spaces": " " * 10**6,
    "a million quotes": "f(a=" + "'" * 10**6,
    "spaces": " " * 250_000,
    "brackets": "[" * 10_000,
    "brackets in an argument": "f(a=" + "[" * 10_000,
    "braces": "{" * 10_000,
    "parentheses": "f(a=" + "(" * 10_000,
    "dicts": "f(a=" + "{'a':" * 10_000,
    "json objects": '{"name":' * 10_000,
    "json lists": '{"name": "f", "arguments": {"a": ' + "[" * 10_000,
    "encoded arguments": json.dumps({"name": "f", "arguments": '{"a": ' + "[" * 10_000}),
    "nested calls": "f(a=" * 5000,
    "tags": "<tool_call>" * 20_000,
    "fences": "```" * 60_000,
    "quotes": "f(a=" + "'" * 200_001,
    "double quotes": "f(a=" + '"' * 200_001,
    "backslashes": "f(a='" + "\\" * 200_001,
    "string prefixes": "f(a=" + "r" * 200_001,
    "an open triple quote": "f(a='''" + "''a" * 80_000,
    "digits": "f(a=" + "9" * 250_000 + ")",
    "hexadecimal digits": "f(a=0x" + "F" * 250_000 + ")",
    "one digit too many": "f(a=" + "9" * 4301 + ")",
    "as many hexadecimal digits": "f(a=0x" + "F" * 4300 + ")",
    "digits of a float": "f(a=" + "1_" * 100_000 + "1e",
    "signs": "f(a=" + "-" * 200_000,
    "dots": "f(a=" + "." * 200_000,
    "names": "a " * 100_000 + "(",
    "a name in a list": "[" + "a  " * 80_000,
    "commas": "[f()" + "," * 200_000,
    "stars": "f(" + "**{}," * 40_000,
    "newlines": "f()" + "\n" * 200_000 + "?",
    "escapes": "f(a='" + "\\N{A}" * 40_000 + "')",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused(text: str) -> None:
    started = process_time()
    with pytest.raises(CallSyntaxError) as caught:
        parse_calls(text)
    # Of the processor, and far above what each takes: what grows faster than the text would take hours.
    assert process_time() - started < 60
    assert 0 <= caught.value.position <= len(text)
    assert len(str(caught.value)) < 500


def test_long_honest_text_is_read() -> None:
    calls = [Call("f", {"a": "x" * 50_000, "b": list(range(10_000)), "c": ["'\""] * 10_000})]
    assert parse_calls(render_calls(calls)) == calls
