"""Stage 4, function and parameter: the right function, the right parameters, the right values?

In: a candidate. Out: pass, or regenerate. Three kinds of evidence, in this order: the schema of the tool, the gold
calls where the source has some (compared as BFCL's checker does it, but with the capitals of identifiers), and values
that occur nowhere.

Not every problem that `validate_call` reports is evidence: sources declare types and required parameters carelessly.
In `cot_calls.jsonl`, 93 gold arguments that the schema requires are left out, all of them with a `default` beside them,
and 86 of 120 wrong types are numbers and booleans in quotes. Such soft problems pass, and the verdict names the first.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from funreason_trl.calls import Call
from funreason_trl.data.rows import assistant_message
from funreason_trl.evaluation.bfcl.canonical import bfcl_question
from funreason_trl.evaluation.bfcl.checker import judge_calls
from funreason_trl.fcdr.rules.reading import (
    Sources,
    answer_calls,
    conversation_text,
    earlier_messages,
    parameters_of,
    tools_text,
)
from funreason_trl.fcdr.rules.reasons import FunctionAndParameterReason
from funreason_trl.fcdr.rules.values import leaves, literal_kind
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.tools import CallProblem, normalize_tools, validate_call
from funreason_trl.tools.normalize import brief


_NUMERAL = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\s*")
_BOOLEANS = {"true", "false"}
_STEP = re.compile(r"[^.\[\]]+|\[\d{1,6}\]")


def check_function_and_parameter(candidate: Candidate) -> Verdict:
    """
    Look for a call that is wrong for its tools, for the gold calls, or for what was said.

    Args:
        candidate ([`Candidate`]): Its answer may call anything.

    Returns:
        [`Verdict`]: `PASS` or `REGENERATE`; `DROP` only if the tools themselves can't be read.
    """
    calls = answer_calls(candidate)
    try:
        tools = tools_text(candidate)
        problems = [(call, problem) for call in calls for problem in validate_call(call, tools)]
        readable = normalize_tools(tools) if candidate.gold is not None else []
    except ValueError as error:  # a ToolFormatError, or what an odd schema did to its reader
        evidence = brief(str(error))
        return Verdict(Stage.FUNCTION_AND_PARAMETER, Outcome.DROP, FunctionAndParameterReason.INVALID_SCHEMA, evidence)
    hard = next((problem for call, problem in problems if not _is_soft(call, problem, candidate)), None)
    if hard is not None:
        return _regenerate(FunctionAndParameterReason(hard.kind), hard.message)
    if candidate.gold is not None:
        messages = [*earlier_messages(candidate), assistant_message(None, candidate.gold, "")]
        reference = {**candidate.row, "messages": messages, "tools": readable}
        judgement = judge_calls(bfcl_question(reference), calls)
        if not judgement.right:
            return _regenerate(FunctionAndParameterReason.DIFFERS_FROM_GOLD, judgement.detail)
        if recased := _recased_identifier(calls, candidate.gold):
            return _regenerate(FunctionAndParameterReason.DIFFERS_FROM_GOLD, recased)
    untraced = _untraced_value(candidate, calls)
    if untraced:
        return _regenerate(FunctionAndParameterReason.UNTRACED_VALUE, untraced)
    soft = f"not counted: {problems[0][1].message}" if problems else ""
    return Verdict(Stage.FUNCTION_AND_PARAMETER, Outcome.PASS, evidence=soft)


def _regenerate(reason: FunctionAndParameterReason, evidence: str) -> Verdict:
    return Verdict(Stage.FUNCTION_AND_PARAMETER, Outcome.REGENERATE, reason, evidence)


def _is_soft(call: Call, problem: CallProblem, candidate: Candidate) -> bool:
    """Whether a problem speaks against the schema as much as against the call."""
    parameters = parameters_of(candidate, call.name)
    if problem.kind == "missing_parameter":
        # A parameter with a default may be left out, whatever the list of required ones says.
        schema = _inner(_inner(parameters, "properties"), problem.parameter or "")
        return isinstance(schema, dict) and "default" in schema
    if problem.kind not in ("wrong_type", "not_in_enum") or problem.parameter is None:
        return False
    value, schema = _place(problem.parameter, call.arguments, parameters)
    if problem.kind == "not_in_enum":
        return value is None
    if isinstance(value, float) and schema.get("type") == "integer":
        # The user's own fraction: the schema asks for what was not meant.
        return repr(value) in conversation_text(candidate).lower
    return _is_equivalent(value, schema.get("type"))


def _place(path: str, value: Any, schema: Any) -> tuple[Any, dict[str, Any]]:
    """The value at a path such as `filter.dates[0]`, and its schema; empty where an odd name hides the two."""
    steps = [path] if path in value else [step[0] for step in _STEP.finditer(path)]
    for step in steps:
        index = int(step[1:-1]) if step.startswith("[") else -1
        if isinstance(value, list) and 0 <= index < len(value):
            value, schema = value[index], _inner(schema, "items")
        elif isinstance(value, dict) and step in value:
            value, schema = value[step], _inner(_inner(schema, "properties"), step)
        else:
            return ..., {}
    return value, schema if isinstance(schema, dict) else {}


def _inner(schema: Any, key: str) -> Any:
    return schema.get(key) if isinstance(schema, dict) else None


def _is_equivalent(value: Any, wanted: Any) -> bool:
    """
    Whether a value of a wrong type stands for one of the type that is wanted (a JSON Schema type's name): a number,
    boolean or whole JSON in quotes, a list written with commas, a number for a text, nothing for an optional value.
    """
    if value is None:
        return True
    if not isinstance(value, str):
        return (wanted == "string" and isinstance(value, int | float)) or (wanted == "boolean" and value in (0, 1))
    if wanted in ("integer", "number"):
        return len(value) < 100 and _NUMERAL.fullmatch(value) is not None
    if wanted == "boolean":
        return value.strip().lower() in _BOOLEANS
    if wanted in ("array", "object") and value.lstrip().startswith(("[", "{")):
        return _is_json(value)
    return wanted == "array" and "," in value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _recased_identifier(calls: list[Call], gold: Sequence[Call]) -> str:
    """A sentence about an identifier in other capitals than gold's, which BFCL's checker does not tell apart; else empty."""
    spelled = {value for call in gold for _, value in leaves(call.arguments) if isinstance(value, str)}
    lower = {value.lower() for value in spelled}
    for call in calls:
        for parameter, value in leaves(call.arguments):
            recased = isinstance(value, str) and value not in spelled and value.lower() in lower
            if recased and literal_kind(value) == "identifier":
                return f"{brief(call.name)}: {brief(parameter)} is {brief(value)}, gold has other capitals"
    return ""


def _untraced_value(candidate: Candidate, calls: list[Call]) -> str:
    """A sentence about a value that nobody said, no tool mentions and the reasoning can't derive; else empty."""
    sources = Sources(candidate)
    for call in calls:
        for parameter, value in leaves(call.arguments):
            if not sources.have(value):
                return f"{brief(call.name)}: {brief(parameter)} is {brief(value)}, which has no source"
    return ""
