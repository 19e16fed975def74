"""What the rules look at in a candidate: its answer, its conversation, its tools.

In: a [`~funreason_trl.fcdr.verdicts.Candidate`] with a canonical row. Out: the parts of it, and texts to search.
"""

import re
from functools import cached_property
from typing import Any

from funreason_trl.calls import Call
from funreason_trl.data.rows import message_calls
from funreason_trl.fcdr.rules.values import SourceText, encoded, literal_kind, occurs, squeeze
from funreason_trl.fcdr.verdicts import Candidate


_NOTHING = SourceText()
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+")


def answer_message(candidate: Candidate) -> dict:
    """The last assistant turn, which is the answer; an empty dict if the conversation does not end in one."""
    messages = candidate.row["messages"]
    return messages[-1] if messages and messages[-1]["role"] == "assistant" else {}


def answer_calls(candidate: Candidate) -> list[Call]:
    """The calls of the answer."""
    return message_calls(answer_message(candidate))


def reasoning_text(candidate: Candidate) -> str:
    """The thought before the answer, stripped; empty if there is none."""
    return answer_message(candidate).get("reasoning_content", "").strip()


def earlier_messages(candidate: Candidate) -> list[dict]:
    """All messages but the answer."""
    messages = candidate.row["messages"]
    return messages[:-1] if answer_message(candidate) else messages


def conversation_text(candidate: Candidate) -> SourceText:
    """What was said before the answer, by anybody, with earlier calls and tool results."""
    messages = earlier_messages(candidate)
    calls = [encoded(message["tool_calls"]) for message in messages if "tool_calls" in message]
    return SourceText(*(message["content"] for message in messages), *calls)


class Sources:
    """
    Where the values of calls may come from: the conversation, the tools with their examples and defaults, and the
    reasoning, which may derive a value.

    Args:
        candidate ([`Candidate`]): Whose calls are looked at.
    """

    def __init__(self, candidate: Candidate):
        self._candidate = candidate
        self.conversation = conversation_text(candidate)

    # Most values stand in the conversation as they are, so that the other texts are seldom needed.
    @cached_property
    def _everything(self) -> SourceText:
        return SourceText(self.conversation.lower, tools_text(self._candidate), reasoning_text(self._candidate))

    @cached_property
    def _without_reasoning(self) -> SourceText:
        return SourceText(self.conversation.lower, tools_text(self._candidate))

    def have(self, value: Any) -> bool:
        """
        Whether `value` (a string, number, boolean or `None`) occurs somewhere; an address, link or identifier, which can
        only be copied, elsewhere than in the reasoning, which may only pretend that it was given.
        """
        if isinstance(value, str):
            if value.strip().lower() in self.conversation.lower:
                return True
        elif occurs(value, _NOTHING):
            return True
        if not occurs(value, self._everything):
            return False
        copied = literal_kind(value) in ("email", "link", "identifier")
        return not copied or occurs(value, self._without_reasoning)


def tools_text(candidate: Candidate) -> str:
    """The listed tools as JSON, which is also the form that `validate_call` reads fastest."""
    return encoded(candidate.row["tools"])


def tool_names(candidate: Candidate) -> list[str]:
    """Names of the listed tools."""
    return [tool["function"]["name"] for tool in candidate.row["tools"]]


def parameters_of(candidate: Candidate, function: str) -> dict:
    """The schema of a listed tool's parameters; an empty dict where there is none, or none that is a dict."""
    for tool in candidate.row["tools"]:
        if tool["function"]["name"] == function:
            parameters = tool["function"].get("parameters")
            return parameters if isinstance(parameters, dict) else {}
    return {}


def is_named(function: str, text: SourceText) -> bool:
    """
    Whether `text` speaks of a function: by its name however written, its last part, or all the words of it.

    Args:
        function (`str`): `"weather.get_forecast"` is also named by "getForecast" and by "get the forecast".
        text ([`SourceText`]): Where to look.
    """
    if function.lower() in text.lower or squeeze(function) in text.squeezed:
        return True
    last = squeeze(re.split(r"[./]", function)[-1])
    if len(last) > 3 and last in text.squeezed:
        return True
    words = [word.lower() for word in _NAME_WORD.findall(function) if len(word) > 2]
    return bool(words) and all(word[:4] in text.stems for word in words)
