"""The ways to break a good row, each in one place and in one known way.

In: a good row with calls, another such row, and a random generator. Out: `DEFECTS`: for each kind the stages whose
business it is, and a function that gives the broken candidate, or `None` where this row can't be broken in this way.

    good     <think>The request is "What is my BMI", ... So I call body_mass_index once.</think>\\n\\n[body_mass_index(...)]
    reversed <think>The request is "What is my BMI", ... So I call nothing.</think>\\n\\n[body_mass_index(...)]
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from funreason_trl.calls import Call, render_calls
from funreason_trl.data.rendering import read_answer, render_python
from funreason_trl.data.rows import THINK_END, THINK_START, assistant_message, message_calls
from funreason_trl.fcdr.verdicts import Candidate, Stage


@dataclass(frozen=True)
class Defect:
    """
    A way to break rows.

    Attributes:
        stages (`tuple[Stage]`): Whose business it is.
        plant (`Callable`): Breaks a row.
        schema (`bool`): Whether the schema of the tool shows it.
        also (`tuple[Stage]`): Other stages that may see it as well: a changed call no longer follows from its thought,
            and a value without a source is also the answer's fault where the query offers another one.
        same_tool (`bool`): Whether the other row has to call the same functions.
    """

    stages: tuple[Stage, ...]
    plant: Callable[[dict, dict, Random], Candidate | None]
    schema: bool = False
    also: tuple[Stage, ...] = ()
    same_tool: bool = False


# ------------------------------------------------------------------------------------------------------ making answers


def good_candidate(row: dict) -> Candidate:
    return Candidate(row, render_python(row)[-1]["completion"][0]["content"])


def _parts(row: dict) -> tuple[str, list[Call]]:
    answer = row["messages"][-1]
    return answer["reasoning_content"], copy.deepcopy(message_calls(answer))


def _answered(row: dict, thought: str | None, calls: list[Call], gold: list[Call] | None = None) -> Candidate:
    """The row with another thought or other calls, written as it should be."""
    row = {**row, "messages": [*row["messages"][:-1], assistant_message(thought, calls, "")]}
    return Candidate(row, render_python(row)[-1]["completion"][0]["content"], gold)


def _written(row: dict, text: str) -> Candidate:
    """The row with the answer that a reader finds in `text`."""
    answer = read_answer(text)
    message = assistant_message(answer.reasoning, answer.calls or [], answer.content)
    return Candidate({**row, "messages": [*row["messages"][:-1], message]}, text)


def _text(thought: str, answer: str) -> str:
    return f"{THINK_START}{thought}{THINK_END}\n\n{answer}"


# ------------------------------------------------------------------------------------------------------------- stage 1


def prose_around(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    before = rng.choice(("Sure, here is the call: ", "I will call the function now.\n", "To do this, I use "))
    after = rng.choice(("", "\nLet me know if you need more.", " and then tell you the result."))
    return _written(row, _text(thought, before + render_calls(calls) + after))


def broken_bracket(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    text = render_calls(calls)
    at = rng.choice([text.rindex(")"), len(text) - 1])
    return _written(row, _text(thought, text[:at] + text[at + 1 :]))


def call_cut_off(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    text = render_calls(calls)
    first = text.index("(") + 1
    return _written(row, _text(thought, text[: rng.randint(first, len(text) - 2)]))


def empty_answer(row: dict, other: dict, rng: Random) -> Candidate:
    return _written(row, _text(_parts(row)[0], ""))


# ------------------------------------------------------------------------------------------------------------- stage 2


def unlisted_tool(row: dict, other: dict, rng: Random) -> Candidate:
    called = {call.name for call in _parts(row)[1]}
    tools = [tool for tool in row["tools"] if tool["function"]["name"] not in called]
    return good_candidate({**row, "tools": tools or other["tools"]})


def clashing_tools(row: dict, other: dict, rng: Random) -> Candidate:
    twin = copy.deepcopy(next(tool for tool in row["tools"] if tool["function"]["name"] == _parts(row)[1][0].name))
    twin["function"]["parameters"] = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    return good_candidate({**row, "tools": [*row["tools"], twin]})


def invalid_schema(row: dict, other: dict, rng: Random) -> Candidate:
    tools = copy.deepcopy(row["tools"])
    rng.choice(tools)["function"]["parameters"] = rng.choice(
        ("none", ["city"], {"type": "object", "properties": {"city": "text"}}, {"type": 3})
    )
    return good_candidate({**row, "tools": tools})


def unanswerable_query(row: dict, other: dict, rng: Random) -> Candidate | None:
    """The query no longer says a value that the call gives, and the thought pretends that it does."""
    *earlier, query = row["messages"][:-1]
    values = [value for call in _parts(row)[1] for value in call.arguments.values() if isinstance(value, str)]
    said = [value for value in values if len(value) > 3 and value in query["content"]]
    if not said:
        return None
    vague = {**query, "content": query["content"].replace(rng.choice(said), "the usual one")}
    return good_candidate({**row, "messages": [*earlier, vague, row["messages"][-1]]})


def invented_value(row: dict, other: dict, rng: Random) -> Candidate | None:
    """As `unanswerable_query`, and the thought does not say the value either."""
    *earlier, query = row["messages"][:-1]
    thought, calls = _parts(row)
    values = [value for call in calls for value in call.arguments.values() if isinstance(value, str)]
    said = [value for value in values if len(value) > 3 and value in query["content"]]
    if not said:
        return None
    gone = rng.choice(said)
    vague = {**query, "content": query["content"].replace(gone, "the usual one")}
    return _answered({**row, "messages": [*earlier, vague, None]}, thought.replace(gone, "the usual one"), calls)


# ------------------------------------------------------------------------------------------------------------- stage 3


def reasoning_missing(row: dict, other: dict, rng: Random) -> Candidate:
    return _answered(row, None, _parts(row)[1])


def reasoning_cut_off(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    return _answered(row, thought[: rng.randint(len(thought) // 3, len(thought) - 4)], calls)


def reasoning_of_other_row(row: dict, other: dict, rng: Random) -> Candidate | None:
    calls = _parts(row)[1]
    if {call.name for call in calls} & {call.name for call in _parts(other)[1]}:
        return None
    return _answered(row, _parts(other)[0], calls)


def reasoning_of_same_tool(row: dict, other: dict, rng: Random) -> Candidate | None:
    """About another request to the very same function, the hardest case."""
    calls, others = _parts(row)[1], _parts(other)[1]
    values, other_values = ([json.dumps(call.arguments) for call in each] for each in (calls, others))
    if set(values) & set(other_values):
        return None
    return _answered(row, _parts(other)[0], calls)


def reversed_conclusion(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    start = thought.rstrip(".").rfind(". ") + 1
    uncalled = [tool["function"]["name"] for tool in row["tools"]]
    uncalled = [name for name in uncalled if name not in {call.name for call in calls}]
    ends = ["So I call nothing.", f"So I must not call {calls[0].name}.", "No tool fits, so I call no function."]
    end = rng.choice(ends + ([f"So I call {uncalled[0]} once."] if uncalled else []))
    return _answered(row, f"{thought[:start]} {end}", calls)


def shown_answer(row: dict, other: dict, rng: Random) -> Candidate:
    """As a model that rewrites reasoning gives itself away; the last way is none that the rules know."""
    thought, calls = _parts(row)
    aside = rng.choice(
        (
            "Wait, the original output already calls this.",
            f"The reference answer calls {calls[0].name} as well.",
            "My job is to expand the think field.",
            "The answer that I was handed does this already.",
        )
    )
    start = thought.rstrip(".").rfind(". ") + 1
    return _answered(row, f"{thought[:start]} {aside}{thought[start:]}", calls)


def thought_not_closed(row: dict, other: dict, rng: Random) -> Candidate:
    return _written(row, good_candidate(row).text.replace(THINK_END, ""))


# ------------------------------------------------------------------------------------------------------------- stage 4


def _schema(row: dict, function: str) -> dict:
    return next(tool for tool in row["tools"] if tool["function"]["name"] == function)["function"]["parameters"]


def wrong_tool(row: dict, other: dict, rng: Random) -> Candidate | None:
    """Another listed tool, with the arguments of the right one."""
    thought, calls = _parts(row)
    others = [tool["function"]["name"] for tool in row["tools"] if tool["function"]["name"] != calls[0].name]
    if not others:
        return None
    calls[0] = Call(rng.choice(others), calls[0].arguments)
    return _answered(row, thought.replace(_parts(row)[1][0].name, calls[0].name), calls)


def missing_required(row: dict, other: dict, rng: Random) -> Candidate | None:
    thought, calls = _parts(row)
    parameters = _schema(row, calls[0].name)
    given = [name for name in calls[0].arguments if name in parameters.get("required", [])]
    given = [name for name in given if "default" not in parameters["properties"].get(name, {})]
    if not given:
        return None
    del calls[0].arguments[rng.choice(given)]
    return _answered(row, thought, calls)


def extra_parameter(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    known = _schema(row, calls[0].name)["properties"]
    new = rng.choice([name for name in ("verbose", "api_key", "output_format", "dry_run") if name not in known])
    calls[0].arguments[new] = rng.choice((True, "json", 1))
    return _answered(row, thought, calls)


def wrong_type(row: dict, other: dict, rng: Random) -> Candidate | None:
    thought, calls = _parts(row)
    properties = _schema(row, calls[0].name)["properties"]
    wrong = {"string": ["{}"], "integer": "several", "number": "some", "boolean": "perhaps", "array": 7, "object": 7}
    typed = [name for name in calls[0].arguments if properties.get(name, {}).get("type") in wrong]
    if not typed:
        return None
    name = rng.choice(typed)
    calls[0].arguments[name] = wrong[properties[name]["type"]]
    return _answered(row, thought, calls)


def not_in_enum(row: dict, other: dict, rng: Random) -> Candidate | None:
    thought, calls = _parts(row)
    properties = _schema(row, calls[0].name)["properties"]
    chosen = [name for name in calls[0].arguments if "enum" in properties.get(name, {})]
    if not chosen:
        return None
    calls[0].arguments[chosen[0]] = "something else"
    return _answered(row, thought, calls)


def _with_wrong_value(row: dict, other: dict, rng: Random) -> tuple[list[Call], Any, Any] | None:
    """Calls with one value of another row in them, the value that was there, and the new one."""
    calls = _parts(row)[1]
    query = row["messages"][-2]["content"]
    offered = [value for call in _parts(other)[1] for value in call.arguments.values()]
    places = [
        (name, value, new)
        for name, value in calls[0].arguments.items()
        for new in offered
        if type(new) is type(value) and isinstance(value, str | int | float) and not isinstance(value, bool)
        if new != value
        and str(new) not in query
        and "enum" not in _schema(row, calls[0].name)["properties"].get(name, {})
    ]
    if not places:
        return None
    name, value, new = rng.choice(places)
    calls[0].arguments[name] = new
    return calls, value, new


def wrong_value(row: dict, other: dict, rng: Random) -> Candidate | None:
    planted = _with_wrong_value(row, other, rng)
    return planted and _answered(row, _parts(row)[0], planted[0])


def wrong_value_reasoned(row: dict, other: dict, rng: Random) -> Candidate | None:
    """A wrong value that the thought gives as well: nothing but the query speaks against it."""
    planted = _with_wrong_value(row, other, rng)
    if planted is None:
        return None
    calls, value, new = planted
    return _answered(row, _parts(row)[0].replace(str(value), str(new)), calls)


def wrong_value_with_gold(row: dict, other: dict, rng: Random) -> Candidate | None:
    """As `wrong_value_reasoned`, by a teacher, for a source that has gold calls."""
    candidate = wrong_value_reasoned(row, other, rng)
    return candidate and Candidate(candidate.row, candidate.text, _parts(row)[1])


# ------------------------------------------------------------------------------------------------------------- stage 5


def fenced(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    return _written(row, _text(thought, f"```{rng.choice(('', 'python'))}\n{render_calls(calls)}\n```"))


def called_twice(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    return _written(row, _text(thought, render_calls(calls) + rng.choice(("\n", "\n\n", " ")) + render_calls(calls)))


def json_form(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    calls_json = [json.dumps({"name": call.name, "arguments": call.arguments}) for call in calls]
    tagged = "\n".join(f"<tool_call>{call}</tool_call>" for call in calls_json)
    return _written(row, _text(thought, rng.choice((f"[{', '.join(calls_json)}]", tagged))))


def no_brackets(row: dict, other: dict, rng: Random) -> Candidate | None:
    thought, calls = _parts(row)
    if " " in "".join(call.name for call in calls):
        return None
    return _written(row, _text(thought, render_calls(calls)[1:-1]))


def thought_twice(row: dict, other: dict, rng: Random) -> Candidate:
    thought, calls = _parts(row)
    return _written(row, _text(thought, "") + _text(thought, render_calls(calls)))


def no_think_tags(row: dict, other: dict, rng: Random) -> Candidate:
    """The thought is known to the row, but its start tag is not written."""
    good = good_candidate(row)
    return _written(row, good.text.removeprefix(THINK_START))


DEFECTS: dict[str, Defect] = {
    "prose around the call": Defect((Stage.RESPONSE,), prose_around),
    "broken bracket": Defect((Stage.RESPONSE,), broken_bracket),
    "call cut off": Defect((Stage.RESPONSE,), call_cut_off),
    "empty answer": Defect((Stage.RESPONSE,), empty_answer),
    "called twice": Defect((Stage.RESPONSE,), called_twice),
    "unlisted tool": Defect((Stage.QUERY_AND_TOOL,), unlisted_tool),
    "clashing tools": Defect((Stage.QUERY_AND_TOOL,), clashing_tools),
    "invalid schema": Defect((Stage.QUERY_AND_TOOL,), invalid_schema),
    "unanswerable query": Defect((Stage.QUERY_AND_TOOL,), unanswerable_query, also=(Stage.FUNCTION_AND_PARAMETER,)),
    "invented value": Defect(
        (Stage.QUERY_AND_TOOL, Stage.FUNCTION_AND_PARAMETER), invented_value, also=(Stage.REASONING,)
    ),
    "reasoning missing": Defect((Stage.REASONING,), reasoning_missing),
    "reasoning cut off": Defect((Stage.REASONING,), reasoning_cut_off),
    "reasoning of another row": Defect((Stage.REASONING,), reasoning_of_other_row),
    "reasoning of the same tool": Defect((Stage.REASONING,), reasoning_of_same_tool, same_tool=True),
    "reasoning shown the answer": Defect((Stage.REASONING,), shown_answer),
    "reversed conclusion": Defect((Stage.REASONING,), reversed_conclusion),
    "thought not closed": Defect((Stage.RESPONSE,), thought_not_closed),
    "wrong tool": Defect((Stage.FUNCTION_AND_PARAMETER,), wrong_tool, schema=True, also=(Stage.REASONING,)),
    "missing required value": Defect(
        (Stage.FUNCTION_AND_PARAMETER,), missing_required, schema=True, also=(Stage.REASONING,)
    ),
    "extra parameter": Defect((Stage.FUNCTION_AND_PARAMETER,), extra_parameter, schema=True, also=(Stage.REASONING,)),
    "wrong type": Defect((Stage.FUNCTION_AND_PARAMETER,), wrong_type, schema=True, also=(Stage.REASONING,)),
    "not in enum": Defect((Stage.FUNCTION_AND_PARAMETER,), not_in_enum, schema=True, also=(Stage.REASONING,)),
    "wrong value": Defect((Stage.REASONING, Stage.FUNCTION_AND_PARAMETER), wrong_value, also=(Stage.QUERY_AND_TOOL,)),
    "wrong value, reasoned": Defect(
        (Stage.FUNCTION_AND_PARAMETER,), wrong_value_reasoned, also=(Stage.QUERY_AND_TOOL,)
    ),
    "wrong value, gold known": Defect((Stage.FUNCTION_AND_PARAMETER,), wrong_value_with_gold),
    "fenced": Defect((Stage.FORMAT,), fenced),
    "JSON form": Defect((Stage.FORMAT,), json_form),
    "no brackets": Defect((Stage.FORMAT,), no_brackets),
    "thought twice": Defect((Stage.FORMAT,), thought_twice),
    "start tag missing": Defect((Stage.FORMAT,), no_think_tags),
}
