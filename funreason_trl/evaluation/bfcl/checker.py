"""Whether an answer is right: the official checker's verdict, row by row.

In: a row and the text of an answer, or calls. Out: [`judge_answer`], [`judge_calls`], [`check_calls`]: a [`Judgement`].
No answer makes these raise. Where the official checker stops with an error, the verdict is "wrong" with the error
`"official_raises"`; that happens for schemas and accepted values of unforeseen shape.
"""

import reprlib
from typing import Any

from funreason_trl.calls import Call

from .decoding import V4, decode_answer
from .errors import DecodingError
from .java_values import java_value
from .javascript_values import javascript_value
from .rows import JAVA, JAVASCRIPT, PYTHON, BfclRow, Judgement, PossibleAnswer, category_language
from .values import value_mistake


# What a schema's type is in Python; for Java and JavaScript, what the text of a value is converted to.
_TYPES: dict[str, dict[str, type]] = {
    PYTHON: {
        "string": str,
        "integer": int,
        "float": float,
        "boolean": bool,
        "array": list,
        "tuple": list,
        "dict": dict,
        "any": str,
    },
    JAVA: {
        "byte": int,
        "short": int,
        "integer": int,
        "long": int,
        "float": float,
        "double": float,
        "boolean": bool,
        "char": str,
        "String": str,
        "any": str,
        "Array": list,
        "ArrayList": list,
        "Queue": list,
        "Stack": list,
        "Set": set,
        "HashMap": dict,
        "Hashtable": dict,
    },
    JAVASCRIPT: {
        "String": str,
        "integer": int,
        "Bigint": int,
        "float": float,
        "Boolean": bool,
        "dict": dict,
        "array": list,
        "any": str,
    },
}
# Types whose items have a type of their own.
_WITH_ITEMS = {PYTHON: ("array", "tuple"), JAVA: ("Array", "ArrayList"), JAVASCRIPT: ("array",)}

# Most characters of one string in a message.
_MAX_SHOWN = 80

_RIGHT = Judgement(True)


def judge_answer(row: BfclRow, text: str, version: str = V4, underscored_names: bool = False) -> Judgement:
    """
    Decode an answer and judge it.

    A row of irrelevance is answered rightly by anything that holds no calls (prose, `[]`), one of relevance by any
    call whatsoever; both are read as python.

    Args:
        row (`BfclRow`): The question.
        text (`str`): The answer without its reasoning.
        version (`str`, *optional*, defaults to `"v4"`): As in [`decode_answer`].
        underscored_names (`bool`, *optional*, defaults to `False`): As in [`check_calls`].
    """
    try:
        calls = decode_answer(text, PYTHON if "relevance" in row.category else row.language, version)
    except DecodingError as error:
        return _judge_undecodable(row, str(error))
    return judge_calls(row, calls, underscored_names)


def judge_calls(row: BfclRow, calls: list[Call] | None, underscored_names: bool = False) -> Judgement:
    """
    Judge calls that needed no decoding, as native tool calling gives them; otherwise as [`judge_answer`].

    Args:
        row (`BfclRow`): The question.
        calls (`list[Call]`, *optional*): The answer; `None` if it is no list of calls.
        underscored_names (`bool`, *optional*, defaults to `False`): As in [`check_calls`].
    """
    if calls is None:
        return _judge_undecodable(row, "the answer is no list of calls")
    if "relevance" not in row.category:
        return check_calls(row.category, row.functions, calls, row.possible_answers, underscored_names)
    if not calls:
        return _judge_undecodable(row, "the answer holds no call")
    if "irrelevance" not in row.category:
        return _RIGHT
    return Judgement(False, "needless_call", f"{_shown(calls[0].name)} is called, where no function fits")


def _judge_undecodable(row: BfclRow, problem: str) -> Judgement:
    """An answer without calls: right where no function fits, and only there."""
    if "irrelevance" in row.category:
        return _RIGHT
    return Judgement(False, "no_call" if "relevance" in row.category else "not_decodable", problem)


def check_calls(
    category: str,
    functions: list[dict[str, Any]],
    calls: list[Call],
    possible_answers: list[PossibleAnswer],
    underscored_names: bool = False,
) -> Judgement:
    """
    Compare calls with the possible answers of a row, by the rules of its category.

    Args:
        category (`str`): Its name decides: with "parallel" in it, calls may come in any order; with "multiple", the
            first possible answer names the function; otherwise there is one function and one call.
        functions (`list[dict]`): Listed functions in BFCL's form.
        calls (`list[Call]`): The decoded answer.
        possible_answers (`list[dict]`): One for each call that is expected.
        underscored_names (`bool`, *optional*, defaults to `False`): The model was shown `a.f` as `a_f`, as native tool
            calling does it, and is right if it says `a_f`.
    """
    language = category_language(category)
    try:
        if "parallel" in category:
            return _check_parallel(language, functions, calls, possible_answers, underscored_names)
        wanted = len(possible_answers) if "multiple" in category else 1
        if len(calls) != wanted:
            return _wrong_count(calls, wanted)
        expected = possible_answers[0]
        function = _described(functions, expected) if "multiple" in category else functions[0]
        return _check_call(language, function, calls[0], expected, underscored_names)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        return Judgement(
            False, "official_raises", f"no rule for this schema or value ({type(error).__name__}: {error})"
        )


# --- calls -----------------------------------------------------------------------------------------------------------


def _wrong_count(calls: list[Call], wanted: int) -> Judgement:
    """Two calls where one is expected: wrong, even if the first one is right."""
    return Judgement(False, "wrong_count", f"the answer holds {len(calls)} calls, expected {wanted}")


def _described(functions: list[dict[str, Any]], expected: PossibleAnswer) -> dict[str, Any]:
    """The listed function that `expected` calls; the first one of that name."""
    name = next(iter(expected))
    for function in functions:
        if function["name"] == name:
            return function
    raise KeyError(name)


def _check_parallel(
    language: str,
    functions: list[dict[str, Any]],
    calls: list[Call],
    possible_answers: list[PossibleAnswer],
    underscored_names: bool,
) -> Judgement:
    """
    `[g(y=2), f(x=1)]` for f and g: right, in any order. Each possible answer takes the first call left that fits it.

    Greedily, without looking back: of `f` with x in 1, 2 and `f` with x in 1, `[f(x=1), f(x=2)]`: wrong, since the
    first takes `f(x=1)` and leaves nothing for the second; `[f(x=2), f(x=1)]`: right.
    """
    if len(calls) != len(possible_answers):
        return _wrong_count(calls, len(possible_answers))
    left = list(calls)
    for expected in possible_answers:
        function = _described(functions, expected)
        for position, call in enumerate(left):
            judgement = _check_call(language, function, call, expected, underscored_names)
            if judgement.right:
                del left[position]
                break
        else:
            return Judgement(
                False, "no_match", f"no call fits {function['name']}; the last one tried: {judgement.detail}"
            )
    return _RIGHT


def _check_call(
    language: str, function: dict[str, Any], call: Call, expected: PossibleAnswer, underscored_names: bool
) -> Judgement:
    """Name, required parameters, each argument, and what was left out; the first mistake decides."""
    accepted = next(iter(expected.values()))
    name = function["name"]
    schemas, required = function["parameters"]["properties"], function["parameters"]["required"]
    if underscored_names:
        name = name.replace(".", "_")
    arguments = call.arguments
    if call.name != name:
        return Judgement(False, "wrong_function", f"{_shown(call.name)} is called, expected {name}")
    for parameter in required:
        if parameter not in arguments:
            return Judgement(False, "missing_parameter", f"{name}: the required {parameter} is missing")
    for parameter, value in arguments.items():
        if parameter not in schemas or parameter not in accepted:
            return Judgement(False, "unexpected_parameter", f"{name}: no parameter {_shown(parameter)} is expected")
        mistake = _argument_mistake(language, schemas[parameter], value, accepted[parameter])
        if mistake:
            options, kind = _shown(accepted[parameter]), schemas[parameter]["type"]
            detail = f"{name}: {parameter} is {_shown(value)}, expected one of {options} (type {kind})"
            return Judgement(False, mistake, detail)
    missing = _missing_parameter(arguments, accepted)
    if missing is not None:
        return Judgement(False, "missing_parameter", f"{name}: {missing} may not be left out")
    return _RIGHT


def _missing_parameter(arguments: dict[str, Any], accepted: dict[str, list[Any]]) -> str | None:
    """`f()` where `y` accepts `[1, ""]`: right. Where it accepts `[1]`: wrong, even if the schema calls it optional."""
    for parameter, options in accepted.items():
        if parameter not in arguments and "" not in options:
            return parameter
    return None


# --- arguments -------------------------------------------------------------------------------------------------------


def _argument_mistake(language: str, schema: dict[str, Any], value: Any, accepted: list[Any]) -> str:
    """The kind of mistake in an argument, empty if it is right."""
    type_name = schema["type"]
    types = _TYPES[language]
    expected, item_type, item_name = types[type_name], None, None
    if language != PYTHON and type(value) is not str:
        return "wrong_type"
    if type_name in _WITH_ITEMS[language]:
        item_name = schema["items"]["type"]
        item_type = types[item_name]
    if language == PYTHON:
        value = _python_value(value, type_name)
    elif language == JAVA:
        value = java_value(value, type_name, item_name)
    else:
        value = javascript_value(value, type_name, item_name)
    return value_mistake(value, accepted, expected, item_type)


def _python_value(value: Any, type_name: str) -> Any:
    """
    `2` for a float parameter that accepts `2.0`: right; `True`: wrong; `[2]` for an array of float: wrong.

    `(1, 2)` for a tuple parameter that accepts `[1, 2]`: right, and so is `[1, 2]`; `(1, 2)` for an array: wrong.
    """
    if type_name == "float" and type(value) is int:
        return float(value)
    if type_name == "tuple" and type(value) is tuple:
        return list(value)
    return value


# --- messages --------------------------------------------------------------------------------------------------------


class _Excerpt(reprlib.Repr):
    """Short, whatever the value: an integer of 5,000 digits can't even be written out."""

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() <= 128 else f"<integer of {x.bit_length()} bits>"


_EXCERPT = _Excerpt()
_EXCERPT.maxstring = _MAX_SHOWN


def _shown(value: Any) -> str:
    return repr(value) if type(value) is str and len(value) < _MAX_SHOWN else _EXCERPT.repr(value)
