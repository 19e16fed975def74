"""The canonical row: the one shape in which training data travels through this package.

In: parts of a conversation (reasoning, calls, words), or whole rows from a reader, a generator or a teacher.
Out: messages and rows that any TRL trainer takes, checked by [`check_row`], and `datasets.Dataset` objects that hold
them with [`ROW_FEATURES`].

    {"messages": [{"role": "user", "content": "Weather in Oslo?"},
                  {"role": "assistant", "content": "", "reasoning_content": "The user asks ...",
                   "tool_calls": [{"type": "function",
                                   "function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}]}],
     "tools": [{"type": "function", "function": {"name": "get_weather", "description": "...", "parameters": {...}}}],
     "id": "0", "source": "cot_calls.jsonl"}

A key that does not apply is absent, never `None`. `name` is the only other key of a message, on tool results.
"""

import atexit
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetInfo, Features, Json, List, Value
from datasets.arrow_writer import ArrowWriter

from funreason_trl.calls import Call
from funreason_trl.tools.normalize import brief


# The tags that written rows hold, and the one place that says so: rendering, reading and checking take them from here.
# The trainer looks for tags of its own setting, `srml.ThinkTags`, since it also trains on rows that others wrote.
THINK_START = "<think>"
THINK_END = "</think>"
ROLES = ("system", "user", "assistant", "tool")


class RowError(ValueError):
    """
    What is wrong with one row, and how to mend it.

    Args:
        field (`str`):
            Where in the row, e.g. `messages[2].tool_calls[0]`.
        problem (`str`):
            What is wrong, with the value that was found.
        mend (`str`):
            What to do about it.
        place (`str`, *optional*, defaults to `""`):
            Where the row came from, e.g. `train.jsonl:17`. Readers fill it in.
    """

    def __init__(self, field: str, problem: str, mend: str, place: str = ""):
        super().__init__(field, problem, mend, place)  # all four, so that data loader workers can pickle the error
        self.field, self.problem, self.mend, self.place = field, problem, mend, place

    def __str__(self) -> str:
        return f"{self.place + ': ' if self.place else ''}{self.field}: {self.problem}; {self.mend}"

    def at(self, place: str) -> "RowError":
        """The same error, with the place that it came from."""
        return RowError(self.field, self.problem, self.mend, place)


# ------------------------------------------------------------------------------------------------------------ messages


def assistant_message(reasoning: str | None, calls: list[Call], content: str) -> dict:
    """
    Build one assistant message.

    Args:
        reasoning (`str` or `None`):
            The thought; tags around it are taken off. Blank means that there is none.
        calls (`list[Call]`):
            The calls, in the order they are to be made. May be empty.
        content (`str`):
            The words to the user. May be empty if there are calls.

    Returns:
        `dict`: `role`, `content`, and `reasoning_content` and `tool_calls` where there are any.
    """
    message: dict[str, Any] = {"role": "assistant", "content": content.strip()}
    thought = (reasoning or "").strip()
    if thought.startswith(THINK_START) and thought.endswith(THINK_END):
        inner = thought.removeprefix(THINK_START).removesuffix(THINK_END)
        if THINK_END not in inner.partition(THINK_START)[0]:  # else these are two thoughts
            thought = inner.strip()
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = [
            {"type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in calls
        ]
    return message


def message_calls(message: dict) -> list[Call]:
    """The calls of an assistant message; an empty list for every other message."""
    functions = [tool_call["function"] for tool_call in message.get("tool_calls", [])]
    return [Call(function["name"], function["arguments"]) for function in functions]


def split_reasoning(text: str, start: str = THINK_START, end: str = THINK_END) -> tuple[str | None, str]:
    """
    Split what a model wrote into its reasoning and its answer.

    The split is at the *last* end tag, since real thoughts quote tags. Text with an end tag that does not begin with
    the start tag began inside the thought (many templates write the start tag into the prompt). A thought that is
    never closed leaves no answer.

    Args:
        text (`str`):
            A whole assistant turn.
        start (`str`, *optional*, defaults to `"<think>"`):
            Tag that opens a thought.
        end (`str`, *optional*, defaults to `"</think>"`):
            Tag that closes it.

    Returns:
        `tuple[str | None, str]`: reasoning (`None` if there is none or it is blank) and answer, both stripped.
    """
    opened = text.lstrip().startswith(start)
    thought, closed, answer = text.rpartition(end)
    if not closed:
        thought, answer = (text, "") if opened else ("", text)
    if opened:
        thought = thought.lstrip().removeprefix(start)
    return thought.strip() or None, answer.strip()


# -------------------------------------------------------------------------------------------------------------- checks


def check_row(row: dict) -> None:
    """
    Check that `row` is canonical and can be stored without loss.

    A call to a tool that is not listed passes: that is for data refinement to judge, not for a reader.

    Args:
        row (`dict`):
            The row. Left as it is.

    Raises:
        `RowError`: names the field, what was found, and the mend.
    """
    for key in ("id", "source"):
        _expect_text(row.get(key), key)
        _check_storable(row[key], key)
    for key in ("messages", "tools"):
        if not isinstance(row.get(key), list):
            raise RowError(key, f"expected a list, got {brief(row.get(key))}", "see funreason_trl.data.rows")
    for i, tool in enumerate(row["tools"]):
        _check_tool(tool, f"tools[{i}]")
    for i, message in enumerate(row["messages"]):
        _check_message(message, f"messages[{i}]")
    _check_opening(row["messages"])


def _check_opening(messages: list[dict]) -> None:
    roles = [message["role"] for message in messages]
    first = next((i for i, role in enumerate(roles) if role != "system"), None)
    if first is None:
        raise RowError("messages", f"no user message (roles: {roles})", "add the user's request")
    if roles[first] != "user":
        problem = f"the conversation opens with role {roles[first]!r}, before anything was asked"
        raise RowError(f"messages[{first}]", problem, "drop what comes before the first user message")


def _check_tool(tool: Any, field: str) -> None:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or tool.get("type") != "function":
        mend = 'write {"type": "function", "function": {...}}, or run funreason_trl.tools.normalize_tools'
        raise RowError(field, f"not an OpenAI tool: {brief(tool)}", mend)
    _expect_text(function.get("name"), f"{field}.function.name")
    _check_storable(tool, field)


def _check_message(message: Any, field: str) -> None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise RowError(field, f"expected a message with a role out of {ROLES}, got {brief(message)}", "fix the role")
    content = message.get("content")
    if not isinstance(content, str):
        raise RowError(f"{field}.content", f"expected a string, got {brief(content)}", "write one plain string")
    if message["role"] == "user":
        _expect_text(content, f"{field}.content")
    if message["role"] == "assistant":
        _check_assistant(message, field)
    _check_storable(message, field)


def _check_assistant(message: dict, field: str) -> None:
    if "reasoning_content" in message:
        _expect_text(message["reasoning_content"], f"{field}.reasoning_content")
    tool_calls = message.get("tool_calls", [])
    if not isinstance(tool_calls, list):
        raise RowError(f"{field}.tool_calls", f"expected a list, got {brief(tool_calls)}", "write a list of calls")
    if not tool_calls and not message["content"].strip():
        raise RowError(field, "an assistant turn with neither calls nor words", "add its calls or its answer in words")
    # A start tag further on is harmless: a thought that is never closed counts only where it begins the turn.
    if message["content"].lstrip().startswith(THINK_START):
        problem = f"the answer begins with {THINK_START}, where every reader would begin a thought"
        raise RowError(f"{field}.content", problem, "move the thought to reasoning_content, or drop the tag")
    if THINK_END in message["content"]:
        problem = f"the answer contains {THINK_END}, where every reader would end the thought"
        raise RowError(f"{field}.content", problem, "move the thought to reasoning_content, or drop the tag")
    for i, tool_call in enumerate(tool_calls):
        function = tool_call.get("function") if isinstance(tool_call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
            mend = 'write {"type": "function", "function": {"name": "...", "arguments": {...}}}'
            raise RowError(f"{field}.tool_calls[{i}]", f"not a call: {brief(tool_call)}", mend)
        _expect_text(function.get("name"), f"{field}.tool_calls[{i}].function.name")


def _expect_text(value: Any, field: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise RowError(field, f"expected a string that is not blank, got {brief(value)}", "fill it in")


def _check_storable(value: Any, field: str) -> None:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(field, f"half of a surrogate pair ({error.object[error.start]!r})", "repair the text") from None
    except RecursionError:
        raise RowError(field, "nested too deeply", "flatten the value") from None
    except (TypeError, ValueError) as error:
        raise RowError(field, f"not JSON ({error})", "use only JSON values, no NaN or Infinity") from None
    # Arrow stores integers of 64 bits and fails obscurely beyond them; such runs of digits are rare enough that the
    # cheap search comes first.
    if re.search(r"\d{19}", text):
        too_long = next((number for number in _integers(value) if not -(2**63) <= number < 2**64), None)
        if too_long is not None:
            raise RowError(field, f"the integer {brief(too_long)} needs more than 64 bits", "write it as a string")


def _integers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _integers(item)
    elif isinstance(value, int):
        yield value


# ------------------------------------------------------------------------------------------------------------ datasets


@dataclass
class ExactJson(Json):
    """
    `datasets.Json` that keeps numbers as they are.

    The parent reads and writes with pandas' ujson: -1.9502 comes back as -1.9502000000000002 and 1e-12 is written as
    0.0 (datasets 5.2), so a model would be trained on wrong arguments. Saved as plain `Json`, so that other programs
    can load it. Numbers stay exact while a dataset is iterated, indexed, shuffled or split; `to_list`, `to_json`, and a
    `map` that writes messages anew go through the parent's code. A parquet file keeps them; read it with
    [`~funreason_trl.data.sources.load_rows`].
    """

    def encode_example(self, example_data: Any) -> str:
        return example_data if isinstance(example_data, str) else json.dumps(example_data, ensure_ascii=False)

    def decode_example(self, example_data: Any, token_per_repo_id: dict | None = None) -> Any:
        return json.loads(example_data) if isinstance(example_data, str) else example_data


# JSON objects, since arguments and schemas differ from row to row: as Arrow structs, every row would get every key of
# every other row, filled with None.
ROW_FEATURES = Features(
    {"messages": List(ExactJson()), "tools": List(ExactJson()), "id": Value("string"), "source": Value("string")}
)


def to_dataset(rows: Iterable[dict]) -> Dataset:
    """
    Put canonical rows into a dataset.

    The rows are written to a temporary Arrow file as they come, so that a generator of any length costs no memory; the
    file goes when the process ends.

    Args:
        rows (`Iterable[dict]`):
            Canonical rows.

    Returns:
        `datasets.Dataset`: with [`ROW_FEATURES`].

    Raises:
        `RowError`: for the first row that is not canonical.
    """
    folder = tempfile.mkdtemp(prefix="funreason-rows-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = str(Path(folder) / "rows.arrow")
    with ArrowWriter(path=path, features=ROW_FEATURES) as writer:
        for i, row in enumerate(rows):
            try:
                check_row(row)
            except RowError as error:
                raise error.at(error.place or f"row {i}") from None
            writer.write(ROW_FEATURES.encode_example({key: row[key] for key in ROW_FEATURES}))
        writer.finalize()
    return Dataset.from_file(path, info=DatasetInfo(features=ROW_FEATURES))
