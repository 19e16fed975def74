"""The formats that function-calling data is published in, one record at a time.

In: a record as it stands in a file. Out: `messages` and `tools` of a canonical row. No file is opened here.

| format     | it is recognised by    | the assistant's turn is in                                               |
|------------|------------------------|--------------------------------------------------------------------------|
| `xlam`     | `query`                | `answers` (calls, often as JSON text), `response` (words), `reasoning`   |
| `openai`   | `messages`             | messages of role `assistant`; text, `tool_calls` or a list of parts      |
| `sharegpt` | `conversations`        | turns from `gpt` (words) and `function_call` (calls)                     |
| `bfcl`     | `question`, `function` | `ground_truth` (per argument the list of right values); may be missing   |
"""

import json
from collections.abc import Collection
from typing import Any

from funreason_trl.calls import Call, CallSyntaxError, parse_calls
from funreason_trl.data.rows import RowError, assistant_message, split_reasoning
from funreason_trl.data.written_calls import calls_in_words, not_calls
from funreason_trl.tools import ToolFormatError, normalize_tools
from funreason_trl.tools.normalize import brief


FORMATS = ("xlam", "openai", "sharegpt", "bfcl")

ROLE_NAMES = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot"), "assistant"),
    **dict.fromkeys(("function_call", "tool_call", "function-call"), "call"),
    **dict.fromkeys(("tool", "function", "observation", "tool_response", "function_response", "ipython"), "tool"),
}
CALL_KEYS = {"name", "arguments", "parameters", "id", "type", "index"}
WRAPPER_KEYS = {"function", "id", "type", "index"}
REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")


def convert_record(record: Any, format: str) -> tuple[list[dict], list[dict]]:
    """
    Convert one record to messages and tools.

    Args:
        record (`Any`):
            The record; anything but an object is an error.
        format (`str`):
            One of [`FORMATS`], or `"auto"` to recognise it by its keys.

    Returns:
        `tuple[list[dict], list[dict]]`: canonical messages and OpenAI tools.

    Raises:
        `RowError`: the record has no known shape, or one of its fields can't be read.
    """
    if not isinstance(record, dict):
        raise RowError("(record)", f"expected a JSON object, got {brief(record)}", "write one object per row")
    format = detect_format(record) if format == "auto" else format
    if format == "xlam":
        return _convert_xlam(record)
    if format == "bfcl":
        return _convert_bfcl(record)
    return _convert_conversation(record, "messages" if format == "openai" else "conversations")


def detect_format(record: dict) -> str:
    """The format that `record` is in, one of [`FORMATS`]; `RowError` if it is none of them."""
    if record.get("messages") is not None:
        return "openai"
    if record.get("conversations") is not None:
        return "sharegpt"
    if record.get("query") is not None:
        return "xlam"
    if record.get("question") is not None:
        return "bfcl"
    mend = "expected messages, conversations, query (with answers) or question (with function)"
    raise RowError("(record)", f"unknown shape: its keys are {brief(list(record))}", mend)


# ------------------------------------------------------------------------------------------------------- xLAM and BFCL


def _convert_xlam(record: dict) -> tuple[list[dict], list[dict]]:
    calls = _calls_from(record.get("answers"), "answers")
    response = _optional_text(record, "response")
    if not calls and not response:
        mend = "add the calls to answers, or the answer in words to response"
        raise RowError("answers", "no calls, and no response in words either", mend)
    messages = [
        {"role": "user", "content": _text(record.get("query"), "query")},
        assistant_message(_optional_text(record, "reasoning"), calls, response),
    ]
    return messages, _tools_from(record.get("tools"), "tools")


def _convert_bfcl(record: dict) -> tuple[list[dict], list[dict]]:
    question = record.get("question")
    if not isinstance(question, list) or not question:
        raise RowError("question", f"expected a list of messages, got {brief(question)}", "write [[{...}]]")
    if isinstance(question[0], list):
        if len(question) > 1:
            problem = f"{len(question)} turns that are played against a live backend have no fixed messages"
            raise RowError("question", problem, "use the single-turn files of BFCL")
        question = question[0]
    tools = _tools_from(record.get("function"), "function")
    turns = [_turn(value, f"question[0][{i}]") for i, value in enumerate(question)]
    messages = [_message(turn, f"question[0][{i}]") for i, turn in enumerate(turns)]
    truth = record.get("ground_truth", record.get("possible_answer"))
    if truth:
        messages.append(assistant_message(None, _calls_from_options(truth), ""))
    return messages, tools


def _calls_from_options(truth: Any) -> list[Call]:
    """BFCL lists, for every argument, the values that are right; `""` among them means that it may be left out."""
    calls = []
    for i, named in enumerate(truth if isinstance(truth, list) else [truth]):
        field = f"ground_truth[{i}]"
        if not isinstance(named, dict) or len(named) != 1 or not isinstance(next(iter(named.values())), dict):
            mend = 'write {"function": {"argument": [value, ...]}}'
            raise RowError(field, f"expected one function with its arguments, got {brief(named)}", mend)
        name, options = next(iter(named.items()))
        arguments = {key: _first_option(values, f"{field}.{name}.{key}") for key, values in options.items()}
        calls.append(Call(name, {key: value for key, value in arguments.items() if value != ""}))
    return calls


def _first_option(values: Any, field: str) -> Any:
    if not isinstance(values, list):
        raise RowError(field, f"expected a list of right values, got {brief(values)}", "write [value]")
    value = next((value for value in values if value != ""), "")
    return [_first_inner_option(item) for item in value] if isinstance(value, list) else _first_inner_option(value)


def _first_inner_option(value: Any) -> Any:
    """An object lists the right values of its keys once more; below that BFCL's checker takes values as they are."""
    if not isinstance(value, dict):
        return value
    firsts = {
        key: next((item for item in options if item != ""), "") if isinstance(options, list) else options
        for key, options in value.items()
    }
    return {key: first for key, first in firsts.items() if first != ""}


# ------------------------------------------------------------------------------------------------- OpenAI and ShareGPT


def _convert_conversation(record: dict, key: str) -> tuple[list[dict], list[dict]]:
    values = record.get(key)
    if not isinstance(values, list) or not values:
        raise RowError(key, f"expected a list of messages, got {brief(values)}", "write at least one message")
    tools = _tools_of_conversation(record)
    names = {tool["function"]["name"] for tool in tools}
    messages: list[dict] = []
    if system := _optional_text(record, "system"):
        messages.append({"role": "system", "content": system})
    for i, value in enumerate(values):
        turn = _turn(value, f"{key}[{i}]")
        message = _message(turn, f"{key}[{i}]", names)
        if _continues(turn, messages):
            messages[-1] = _joined(messages[-1], message)
        else:
            messages.append(message)
    return messages, tools


def _tools_of_conversation(record: dict) -> list[dict]:
    tools, functions = record.get("tools"), record.get("functions")
    if not tools and isinstance(functions, list) and functions and all(isinstance(one, dict) for one in functions):
        return _tools_from(functions, "functions")  # of older OpenAI rows; elsewhere the column may hold anything
    return [] if tools is None or tools == "" else _tools_from(tools, "tools")


def _continues(turn: dict, messages: list[dict]) -> bool:
    """ShareGPT writes the words before a call, and every parallel call, as turns of their own."""
    return bool(messages) and messages[-1]["role"] == "assistant" and _role(turn) == "call"


def _joined(first: dict, second: dict) -> dict:
    reasoning = "\n\n".join(m["reasoning_content"] for m in (first, second) if "reasoning_content" in m)
    joined = first | second | {"content": first["content"] or second["content"]}
    if reasoning:
        joined["reasoning_content"] = reasoning
    joined["tool_calls"] = first.get("tool_calls", []) + second.get("tool_calls", [])
    return joined


def _role(turn: dict) -> Any:
    name = turn.get("role") or turn.get("from")
    return ROLE_NAMES.get(name) if isinstance(name, str) else None


def _turn(value: Any, field: str) -> dict:
    # Arrow gives objects as JSON text where the column is of its JSON type, as in datasets that we saved ourselves.
    turn = _json(value, field) if isinstance(value, str) else value
    if not isinstance(turn, dict):
        raise RowError(field, f"expected a message, got {brief(turn)}", 'write {"role": ..., "content": ...}')
    return turn


def _message(turn: dict, field: str, names: Collection[str] = ()) -> dict:
    """`names` are those of the tools."""
    role = _role(turn)
    content = turn["content"] if turn.get("content") is not None else turn.get("value")
    if role is None:
        name = turn.get("role") or turn.get("from")
        raise RowError(f"{field}.role", f"unknown role {brief(name)}", f"use one of {sorted(ROLE_NAMES)}")
    if role == "call":
        reasoning, text = split_reasoning(_text(content, f"{field}.value"))
        return assistant_message(reasoning, _calls_from(text, f"{field}.value"), "")
    if role == "assistant":
        return _assistant(turn, content, field, names)
    if role == "tool" and not isinstance(content, str) and not _is_parts(content):
        content = json.dumps(content, ensure_ascii=False)
    message = {"role": role, "content": _plain_text(content, f"{field}.content")}
    if role == "tool" and turn.get("name"):
        message["name"] = _text(turn["name"], f"{field}.name")
    return message


def _assistant(turn: dict, content: Any, field: str, names: Collection[str]) -> dict:
    reasoning, calls, words = _assistant_parts(content, f"{field}.content")
    for key in REASONING_KEYS:
        reasoning = reasoning or _optional_text(turn, key, field)
    if reasoning is None or not reasoning.strip():
        reasoning, words = split_reasoning(words)
    if turn.get("tool_calls") is not None:
        calls = calls + _calls_from(turn["tool_calls"], f"{field}.tool_calls")
    if turn.get("function_call") is not None:
        calls = calls + _calls_from(turn["function_call"], f"{field}.function_call")
    if not calls:
        calls, words = calls_in_words(words, f"{field}.content", names)
    if not calls and not words.strip():
        mend = "add its calls or its answer in words"
        raise RowError(field, "an assistant turn with neither calls nor words", mend)
    return assistant_message(reasoning, calls, words)


def _is_parts(content: Any) -> bool:
    return isinstance(content, list) and all(isinstance(part, dict) and "type" in part for part in content)


def _plain_text(content: Any, field: str) -> str:
    reasoning, calls, words = _assistant_parts(content, field)
    if reasoning or calls:
        raise RowError(field, "reasoning or calls outside of an assistant turn", "check the role")
    return words


def _assistant_parts(content: Any, field: str) -> tuple[str | None, list[Call], str]:
    """Content as it is published, a string or a list of typed parts, as reasoning, calls and words."""
    if content is None or isinstance(content, str):
        return None, [], content or ""
    if not _is_parts(content):
        raise RowError(field, f"expected a string or a list of parts, got {brief(content)}", "write a string")
    reasoning, calls, words = [], [], []
    for i, part in enumerate(content):
        place = f"{field}[{i}]"
        value = next((part[key] for key in ("value", "text", "thinking") if part.get(key) is not None), None)
        if part["type"] == "text":
            words.append(_text(value, place))
        elif part["type"] in ("reasoning", "thinking"):
            reasoning.append(_text(value, place))
        elif part["type"] == "tool_call":
            calls += _calls_from(value, place)
        else:
            mend = "use text, reasoning and tool_call; images are not supported"
            raise RowError(place, f"unknown type {brief(part['type'])}", mend)
    return "\n\n".join(reasoning) or None, calls, "\n\n".join(words)


# -------------------------------------------------------------------------------------------------------------- fields


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise RowError(field, f"expected a string, got {brief(value)}", "write a string")
    return value


def _optional_text(record: dict, key: str, field: str = "") -> str:
    value = record.get(key)
    return "" if value is None else _text(value, f"{field}.{key}" if field else key)


def _json(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError(field, f"not JSON ({error}): {brief(text)}", "repair the JSON") from None


def _tools_from(value: Any, field: str) -> list[dict]:
    if value is None:
        raise RowError(field, "missing", "add the list of functions; [] if there are none")
    if isinstance(value, list):  # one tool may be JSON text: see _turn
        value = [_json(tool, f"{field}[{i}]") if isinstance(tool, str) else tool for i, tool in enumerate(value)]
    try:
        return normalize_tools(value)
    except ToolFormatError as error:
        raise RowError(field, str(error), "write a list of functions with name, description and parameters") from None


def _calls_from(value: Any, field: str) -> list[Call]:
    """Calls from JSON text, call text, one object or a list of objects."""
    if isinstance(value, str):
        try:
            return parse_calls(value)
        except CallSyntaxError as error:
            # JSON that differs from a model's calls by what data sets leave out is read as if it were no text.
            listed = _listed(value)
            if listed is None:
                raise not_calls(value, error, field) from None
            value = listed
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise RowError(field, f"expected a list of calls, got {brief(value)}", "write a list of calls")
    return [_call(item, f"{field}[{i}]") for i, item in enumerate(value)]


def _refuse_other_keys(fields: dict[str, Any], known: set[str], field: str) -> None:
    other = next((key for key, value in fields.items() if key not in known and value is not None), None)
    if other is not None:
        problem = f"a call with the key {brief(other)}, which would be lost"
        raise RowError(
            field, problem, f"leave it out, or give it the name it has in a call: {', '.join(sorted(known))}"
        )


def _listed(text: str) -> list[dict] | None:
    """The objects that `text` holds as JSON, if that is what it is; a key that comes twice would lose a value."""
    try:
        value = json.loads(text, object_pairs_hook=_object_of_single_keys)
    except (ValueError, RecursionError):
        return None
    items = [value] if isinstance(value, dict) else value
    return items if isinstance(items, list) and all(isinstance(item, dict) for item in items) else None


def _object_of_single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    single = dict(pairs)
    if len(single) < len(pairs):
        raise ValueError("a key comes twice")
    return single


def _call(item: Any, field: str) -> Call:
    function = item.get("function", item) if isinstance(item, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        mend = 'write {"name": "...", "arguments": {...}}'
        raise RowError(field, f"expected a call, got {brief(item)}", mend)
    _refuse_other_keys(function, CALL_KEYS, field)
    if function is not item:
        _refuse_other_keys(item, WRAPPER_KEYS, field)
    given = [function[key] for key in ("arguments", "parameters") if function.get(key) is not None]
    if len(given) > 1:
        raise RowError(field, f"both arguments and parameters in {brief(item)}", "leave one of them out")
    arguments = given[0] if given else None
    if isinstance(arguments, str):
        arguments = _json(arguments, f"{field}.arguments") if arguments.strip() else {}
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise RowError(f"{field}.arguments", f"expected an object, got {brief(arguments)}", 'write {"name": value}')
    return Call(function["name"], arguments)
