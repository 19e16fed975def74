"""The way back: from a prompt in the python form, and from what a model wrote, to canonical rows.

In: rendered prompts, and answers. Out: [`read_prompt`], the messages and tools of a prompt, and [`answered`], a row whose
last turn is what a model wrote.
"""

import json

from funreason_trl.data.rendering import SYSTEM_PROMPT, read_answer
from funreason_trl.data.rows import RowError, assistant_message
from funreason_trl.tools.normalize import brief


def read_prompt(messages: list[dict]) -> tuple[list[dict], list[dict]]:
    """
    The way back from a prompt of [`prompt_messages`]: what it was made from, so far as it still can be told.

    Args:
        messages (`list[dict]`):
            A prompt in the python form.

    Returns:
        `tuple[list[dict], list[dict]]`: messages and tools, from which [`prompt_messages`] makes the same prompt. Calls
        of earlier turns and tool results stay the text that they have become.

    Raises:
        `RowError`: the system message begins as ours, and then does not list functions.
    """
    if not messages or messages[0]["role"] != "system":
        return messages, []
    own, ours, listed = messages[0]["content"].rpartition(SYSTEM_PROMPT)
    if not ours:
        return messages, []
    try:
        tools = [{"type": "function", "function": function} for function in json.loads(listed)]
    except (ValueError, TypeError, RecursionError):
        mend = "leave the system prompt of the python form as `render_python` writes it"
        raise RowError("prompt[0].content", f"no list of functions: {brief(listed)}", mend) from None
    own = own.removesuffix("\n\n")
    return [{"role": "system", "content": own}] * bool(own) + messages[1:], tools


def answered(row: dict, text: str) -> dict:
    """
    A row with another last answer.

    Args:
        row (`dict`):
            Canonical row. If its last message is an assistant turn, that is replaced.
        text (`str`):
            What a model wrote, as [`read_answer`] takes it.

    Returns:
        `dict`: the row with the answer's reasoning, and its calls or words.
    """
    answer = read_answer(text)
    message = assistant_message(answer.reasoning, answer.calls or [], answer.content)
    messages = row["messages"]
    return {**row, "messages": [*(messages[:-1] if messages[-1]["role"] == "assistant" else messages), message]}
