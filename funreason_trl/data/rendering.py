"""Write a canonical row as what TRL trains on, and read back what a model wrote.

In: canonical rows ([`~funreason_trl.data.rows`]), or a dataset of them. Out, in one of two forms:

- `python`, the form of the paper, which needs no tool support in the chat template: a system prompt lists the
  functions, the answer is plain text, and [`check_python`] tells whether the template leaves it alone. One example per
  assistant turn, with `prompt` and `completion`:

      system     You can call the functions below ... Functions: [{"name":"get_weather", ...}]
      user       Weather in Oslo?
      assistant  <think>The user asks ...</think>\\n\\n[get_weather(city='Oslo')]

- `native`: `messages` and `tools`, which the model's own chat template writes; [`check_native`] tells whether it does.

[`prompt_messages`] is the prompt of the python form as a model gets it, so that training and evaluation can't drift
apart, and [`read_answer`] is the way back from an answer to reasoning and calls.
"""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from datasets import Dataset, Features, IterableDataset, List, Value
from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from funreason_trl.calls import Call, CallSyntaxError, parse_calls, render_calls
from funreason_trl.data.arrow import exact, refuse_filled, refuse_other_columns, without_absent
from funreason_trl.data.rows import (
    ROW_FEATURES,
    THINK_END,
    THINK_START,
    RowError,
    assistant_message,
    message_calls,
    split_reasoning,
)
from funreason_trl.tools.normalize import brief


logger = logging.getLogger(__name__)

FORMS = ("python", "native")

SYSTEM_PROMPT = """\
You can call the functions listed below. First think between <think> and </think>: decide which functions the request \
needs and find each value in it. After </think> write only the calls, in order, as a Python list:
[function_name(param=value, other="text"), function_name(param=value)]
Use the listed names and give every required parameter. If no function fits, or a required value is missing, answer \
the user in words instead.
Functions:
"""

_MESSAGES = List({"role": Value("string"), "content": Value("string")})
PYTHON_FEATURES = Features({"prompt": _MESSAGES, "completion": _MESSAGES})
NATIVE_FEATURES = Features({key: ROW_FEATURES[key] for key in ("messages", "tools")})


@dataclass
class Answer:
    """
    What a model wrote, taken apart.

    Attributes:
        reasoning (`str` or `None`): The thought, without tags; `None` if there is none.
        calls (`list[Call]` or `None`): The calls; `None` if the answer is words, or calls that do not parse.
        content (`str`): The words; empty if there are calls.
    """

    reasoning: str | None
    calls: list[Call] | None
    content: str


# --------------------------------------------------------------------------------------------------------- python form


def python_system_prompt(tools: list[dict]) -> str:
    """
    The system prompt of the python form: what to do, and the functions as compact JSON.

    Args:
        tools (`list[dict]`):
            OpenAI tools.

    Returns:
        `str`: the prompt; empty if there are no tools, since then there is nothing to call.
    """
    if not tools:
        return ""
    keys = ("name", "description", "parameters")
    functions = [{key: tool["function"][key] for key in keys if key in tool["function"]} for tool in tools]
    # No spaces: a list of tools is most of the prompt, and small models have short contexts.
    return SYSTEM_PROMPT + json.dumps(functions, ensure_ascii=False, separators=(",", ":"))


def prompt_messages(messages: list[dict], tools: list[dict]) -> list[dict]:
    """
    The prompt from which a model writes the last assistant turn.

    System text of the row's own comes first in the system message. Earlier assistant turns lose their reasoning, as in
    chat templates, and show their calls in python form. Tool results stand in a user message, since many templates know
    no tool role, and neighbouring user messages become one, since some templates refuse two in a row.

    Args:
        messages (`list[dict]`):
            Canonical messages. If the last one is an assistant turn, it is what is to be written, and left out.
        tools (`list[dict]`):
            OpenAI tools.

    Returns:
        `list[dict]`: messages with `role` (`system`, `user`, `assistant`) and `content`.
    """
    if messages and messages[-1]["role"] == "assistant":
        messages = messages[:-1]
    prompt = [{"role": "system", "content": text}] if (text := python_system_prompt(tools)) else []
    for message in messages:
        plain = _plain_message(message)
        last = prompt[-1] if prompt else None
        if plain["role"] == "system" and last is not None and last["role"] == "system":
            last["content"] = f"{plain['content']}\n\n{last['content']}"
        elif plain["role"] == "user" and last is not None and last["role"] == "user":
            last["content"] += f"\n{plain['content']}"
        else:
            prompt.append(plain)
    return prompt


def _plain_message(message: dict) -> dict:
    if message["role"] == "assistant":
        return {"role": "assistant", "content": _answer_text(message)}
    if message["role"] == "tool":
        name = f" name={json.dumps(message['name'], ensure_ascii=False)}" if "name" in message else ""
        return {"role": "user", "content": f"<tool_result{name}>\n{message['content']}\n</tool_result>"}
    return {"role": message["role"], "content": message["content"]}


def _answer_text(message: dict) -> str:
    """The calls, or the words of a turn without calls; the form has no place for both."""
    calls = message_calls(message)
    if not calls:
        return message["content"].strip()
    # A string argument may hold a think tag, which would begin or end a thought where there is none; escaped it reads
    # the same. Words have no such way out, so check_row refuses those that a reader would take for a thought.
    text = render_calls(calls)
    for tag in (THINK_START, THINK_END):
        text = text.replace(tag, "\\x3c" + tag[1:])
    return text


def render_python(row: dict) -> list[dict]:
    """
    Render a row in the python form, one example per assistant turn.

    Args:
        row (`dict`):
            Canonical row.

    Returns:
        `list[dict]`: examples with `prompt` (see [`prompt_messages`]) and `completion` (one assistant message, whose
        content is `<think>{reasoning}</think>\\n\\n` and the calls or the words; no tags for a turn without reasoning).

    Raises:
        `RowError`: the row has no assistant turn, or a call that has no python form.
    """
    examples = []
    for i, message in enumerate(row["messages"]):
        if message["role"] != "assistant":
            continue
        try:
            answer = _answer_text(message)
            prompt = prompt_messages(row["messages"][: i + 1], row["tools"])
        except ValueError as error:
            mend = "rename the function, drop the row, or train in the native form"
            raise RowError(f"messages[{i}].tool_calls", str(error), mend, _place(row)) from None
        reasoning = message.get("reasoning_content")
        thought = f"{THINK_START}{reasoning.strip()}{THINK_END}\n\n" if reasoning else ""
        examples.append({"prompt": prompt, "completion": [{"role": "assistant", "content": thought + answer}]})
    if not examples:
        raise _no_assistant_turn(row)
    return examples


def check_python(tokenizer: PreTrainedTokenizerBase, reasoning: bool = True) -> None:
    """
    Check that the chat template writes an answer in the python form as it stands.

    Some templates take it for what the model once wrote and rewrite it: those of DeepSeek cut off the thought, without
    which a model would be trained on calls alone. Others (Qwen3, GLM) only move white space around the tags.

    Args:
        tokenizer (`PreTrainedTokenizerBase`):
            Tokenizer with the chat template that is trained with.
        reasoning (`bool`, *optional*, defaults to `True`):
            Whether the rows hold reasoning.

    Raises:
        `ValueError`: names what the template takes away, and what it wrote.
    """
    mend = (
        "use a chat template that writes messages as they stand, such as ChatML, or another model "
        f"({tokenizer.name_or_path or 'tokenizer'})"
    )
    if tokenizer.chat_template is None:
        raise ValueError(f"the tokenizer has no chat template; {mend}")
    (example,) = render_python(_probe_row(reasoning))
    try:
        # TRL renders the two together as well, and trains on what the prompt alone does not have.
        text = tokenizer.apply_chat_template(example["prompt"] + example["completion"], tokenize=False)
    except TemplateError as error:
        problem = f"the chat template refuses a system, a user and an assistant message ({error})"
        raise ValueError(f"{problem}; {mend}") from None
    before, _, turn = text.rpartition("probe_question")
    if "probe_description" not in before:
        raise ValueError(f"the chat template leaves out the system message, which lists the functions; {mend}")
    thought = [THINK_START, "probe_thought", THINK_END] if reasoning else []
    if re.search(r"\s*".join(map(re.escape, [*thought, "[f(a='x')]"])), turn) is None:
        change = "cuts off the thought" if reasoning and "probe_thought" not in turn else "changes the answer"
        raise ValueError(f"the chat template {change} and writes {brief(turn)}; {mend}")


def _probe_row(reasoning: bool) -> dict:
    function = {"name": "f", "description": "probe_description", "parameters": {"type": "object", "properties": {}}}
    answer = assistant_message("probe_thought" if reasoning else None, [Call("f", {"a": "x"})], "")
    return {
        "messages": [{"role": "user", "content": "probe_question"}, answer],
        "tools": [{"type": "function", "function": function}],
    }


def read_answer(text: str) -> Answer:
    """
    Read an answer in the python form (or any form that [`~funreason_trl.calls.parse_calls`] takes).

    Args:
        text (`str`):
            What the model wrote, without the end token.

    Returns:
        [`Answer`]: for every completion of [`render_python`], the reasoning and the calls that it was made from.
    """
    reasoning, answer = split_reasoning(text)
    try:
        return Answer(reasoning, parse_calls(answer), "")
    except CallSyntaxError:
        return Answer(reasoning, None, answer)


# --------------------------------------------------------------------------------------------------------- native form


def render_native(row: dict) -> list[dict]:
    """
    Render a row for the model's own chat template.

    Args:
        row (`dict`):
            Canonical row.

    Returns:
        `list[dict]`: one example, with `messages` and `tools`.

    Raises:
        `RowError`: the row has no assistant turn.
    """
    if not any(message["role"] == "assistant" for message in row["messages"]):
        raise _no_assistant_turn(row)
    return [{"messages": row["messages"], "tools": row["tools"]}]


def check_native(tokenizer: PreTrainedTokenizerBase, reasoning: bool = True) -> None:
    """
    Check that the chat template writes everything that a row in the native form holds.

    Some templates ignore silently what they do not know: SmolLM2's the tools, Qwen2.5's the reasoning. Training on what
    is left would teach a model to answer without having seen the functions.

    Args:
        tokenizer (`PreTrainedTokenizerBase`):
            Tokenizer with its chat template.
        reasoning (`bool`, *optional*, defaults to `True`):
            Whether the rows hold reasoning.

    Raises:
        `ValueError`: names what the template leaves out. The mend is the python form.
    """
    # Not at the top: importing trl takes seconds, which readers don't owe.
    from trl.chat_template_utils import supports_tool_calling

    mend = f"render with form='python', which needs no tools in the template ({tokenizer.name_or_path or 'tokenizer'})"
    if tokenizer.chat_template is None:
        raise ValueError(f"the tokenizer has no chat template; {mend}")
    if not supports_tool_calling(tokenizer):
        raise ValueError(f"the chat template leaves out calls or tool results; {mend}")
    probe = _probe_row(reasoning=True)
    text = tokenizer.apply_chat_template(probe["messages"], tools=probe["tools"], tokenize=False)
    if "probe_description" not in text:
        raise ValueError(f"the chat template ignores the list of tools; {mend}")
    if reasoning and "probe_thought" not in text:
        raise ValueError(f"the chat template ignores reasoning_content; {mend}")


# ------------------------------------------------------------------------------------------------------------ datasets


def render_dataset(
    dataset: Dataset | IterableDataset, form: str = "python", on_error: str = "raise"
) -> Dataset | IterableDataset:
    """
    Render a dataset of canonical rows.

    Args:
        dataset (`datasets.Dataset` or `datasets.IterableDataset`):
            As [`~funreason_trl.data.rows.to_dataset`] and [`~funreason_trl.data.sources.load_rows`] make it.
        form (`str`, *optional*, defaults to `"python"`):
            `"python"` or `"native"`.
        on_error (`str`, *optional*, defaults to `"raise"`):
            `"raise"` stops at a row that can't be rendered; `"count"` leaves it out and logs how many and why.

    Returns:
        A dataset of the same kind, without the columns of the source: `prompt` and `completion` (as many rows as there
        are assistant turns), or `messages` and `tools`.

    Raises:
        `ValueError`: an argument out of its range, or a dataset without messages and tools.
        `RowError`: a row that can't be rendered; as late as it is read if streaming.
    """
    if form not in FORMS:
        raise ValueError(f"form={form!r}: use one of {FORMS}")
    if on_error not in ("raise", "count"):
        raise ValueError(f"on_error={on_error!r}: use 'raise' or 'count'")
    if dataset.features is not None:  # a stream may not tell
        refuse_other_columns(dataset.features)
        if exact(dataset.features) != dataset.features:
            dataset = dataset.cast(exact(dataset.features))
    return dataset.map(
        _render_batch,
        batched=True,
        fn_kwargs={
            "features": dataset.features,
            "form": form,
            "on_error": on_error,
            "stored": isinstance(dataset, Dataset),
        },
        remove_columns=dataset.column_names,
        features=PYTHON_FEATURES if form == "python" else NATIVE_FEATURES,
    )


def _render_batch(
    batch: dict[str, list], features: Features | None, form: str, on_error: str, stored: bool
) -> dict[str, list]:
    render = render_python if form == "python" else render_native
    examples: list[dict[str, Any]] = []
    errors: list[RowError] = []
    for values in zip(*batch.values(), strict=True):
        try:
            row = dict(zip(batch, values, strict=True))
            if features is not None:
                refuse_filled(row, features)
                row |= {key: without_absent(row[key], features[key]) for key in ("messages", "tools")}
            examples += render({**row, "tools": row.get("tools") or []})
        except RowError as error:
            if on_error == "raise":
                raise
            errors.append(error)
    if errors:
        logger.warning("%d rows can't be rendered and are left out; the first: %s", len(errors), errors[0])
    written = PYTHON_FEATURES if form == "python" else NATIVE_FEATURES
    if stored:  # `Dataset.map` writes to Arrow and would encode objects with less than their precision: see ExactJson
        examples = [written.encode_example(example) for example in examples]
    return {key: [example[key] for example in examples] for key in written}


def _no_assistant_turn(row: dict) -> RowError:
    roles = [message["role"] for message in row["messages"]]
    mend = "add an answer, or use prompt_messages if the row is only to be answered"
    return RowError("messages", f"no assistant turn to train on (roles: {roles})", mend, _place(row))


def _place(row: dict) -> str:
    return f"row {row.get('id', 'without id')} of {row.get('source', 'the dataset')}"
