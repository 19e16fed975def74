"""Rows for the tests of the rules: one weather tool, one mail tool, and whatever answer a test gives."""

from funreason_trl.calls import Call, render_calls
from funreason_trl.data.rows import assistant_message
from funreason_trl.fcdr.verdicts import Candidate


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "default": 1},
                "unit": {"type": "string", "enum": ["C", "F"]},
            },
            "required": ["city"],
        },
    },
}
MAIL = {
    "type": "function",
    "function": {
        "name": "mail.send",
        "description": "Send a message.",
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string"}, "amount": {"type": "number"}, "tags": {"type": "array"}},
            "required": ["to"],
        },
    },
}
QUERY = "What will the weather be like in Trondheim over the next three days?"
THOUGHT = (
    'The user asks for the weather in Trondheim. get_weather fits, mail.send does not. city is "Trondheim", '
    "days is 3. So I call get_weather once."
)
CALL = Call("get_weather", {"city": "Trondheim", "days": 3})


def candidate(
    calls=(CALL,), thought=THOUGHT, words="", query=QUERY, tools=(WEATHER, MAIL), text=None, gold=None, earlier=()
):
    """A candidate whose text is written as it should be, unless `text` says otherwise."""
    messages = [*earlier, {"role": "user", "content": query}, assistant_message(thought, list(calls), words)]
    if text is None:
        text = (f"<think>{thought}</think>\n\n" if thought else "") + (render_calls(calls) if calls else words)
    return Candidate({"messages": messages, "tools": list(tools), "id": "0", "source": "test"}, text, gold)
