"""Stage 2, query and tool: can these tools resolve the query, and does every required value have a source?

In: a candidate. Out: pass, or drop. Rules drop only what is clearly impossible; whether a value that could have been
derived really was, is a matter for a judge that reads.
"""

from typing import Any

from funreason_trl.calls import Call
from funreason_trl.fcdr.rules.reading import (
    Sources,
    answer_calls,
    earlier_messages,
    parameters_of,
    tool_names,
    tools_text,
)
from funreason_trl.fcdr.rules.reasons import QueryAndToolReason
from funreason_trl.fcdr.rules.values import has_alternative, leaves
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.tools import validate_call
from funreason_trl.tools.normalize import brief


def check_query_and_tool(candidate: Candidate) -> Verdict:
    """
    Look for a query and tools with which no answer can be right.

    Judged by the reference calls: the gold ones where the answer is another's, so that a row is not dropped for a
    mistake that only this answer makes.

    Args:
        candidate ([`Candidate`]): Its row may list any tools and ask anything.

    Returns:
        [`Verdict`]: `PASS` or `DROP`.
    """
    if not any(message["role"] == "user" and message["content"].strip() for message in earlier_messages(candidate)):
        return _drop(QueryAndToolReason.EMPTY_QUERY, "no user message with a request before the answer")
    try:
        # Any call would do: what is looked for is an error in the tools, which stage 4 need not read once more then.
        validate_call(Call("", {}), tools_text(candidate))
    except ValueError as error:  # a ToolFormatError, or what an odd schema did to its reader
        return _drop(QueryAndToolReason.INVALID_SCHEMA, brief(str(error)))
    calls = answer_calls(candidate) if candidate.gold is None else candidate.gold
    clash = _clashing_name(candidate.row["tools"], {call.name for call in calls})
    if clash is not None:
        return _drop(QueryAndToolReason.CLASHING_TOOLS, f"{brief(clash)} is called, but two different tools have it")
    names = set(tool_names(candidate))
    unlisted = next((call.name for call in calls if call.name not in names), None)
    if unlisted is not None:
        evidence = f"{brief(unlisted)} is called, but the tools are {brief(tool_names(candidate))}"
        return _drop(QueryAndToolReason.UNLISTED_TOOL, evidence)
    return _missing_source(candidate, calls) or Verdict(Stage.QUERY_AND_TOOL, Outcome.PASS)


def _drop(reason: QueryAndToolReason, evidence: str) -> Verdict:
    return Verdict(Stage.QUERY_AND_TOOL, Outcome.DROP, reason, evidence)


def _clashing_name(tools: list[dict], called: set[str]) -> str | None:
    """A called name of two tools that differ in their parameters; the same tool listed twice harms nobody."""
    parameters: dict[str, Any] = {}
    for tool in tools:
        name, given = tool["function"]["name"], tool["function"].get("parameters")
        if name in called and parameters.setdefault(name, given) != given:
            return name
    return None


def _missing_source(candidate: Candidate, calls: list[Call]) -> Verdict | None:
    """
    A required value without a source, where the conversation has nothing else that could be meant.

    Where it has (another long number, another address), the answer has copied wrongly, which stage 4 finds.
    """
    sources = Sources(candidate)
    for call in calls:
        required = parameters_of(candidate, call.name).get("required")
        required = required if isinstance(required, list) else []
        for parameter, value in leaves(call.arguments):
            if parameter not in required or sources.have(value):
                continue
            if not has_alternative(value, sources.conversation, [call.arguments for call in calls]):
                evidence = f"{brief(call.name)} requires {brief(parameter)}, but nothing like {brief(value)} was said"
                return _drop(QueryAndToolReason.NO_SOURCE, evidence)
    return None
