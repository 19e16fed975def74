"""All of BFCL's own python answers, rendered and judged."""

from funreason_trl.evaluation.bfcl.checker import judge_answer
from funreason_trl.evaluation.bfcl.data import load_bfcl
from funreason_trl.evaluation.bfcl.rows import LIVE_AST, NON_LIVE_AST, PYTHON, BfclRow


# Rows whose answers, rendered like this, are wrong by the official rules too: they name a parameter that the function
# doesn't have, or accept nothing for one that it requires. (Without that parameter the two parallel ones are right.)
IMPOSSIBLE = {
    "parallel_multiple_12",
    "parallel_multiple_26",
    "live_simple_106-63-0",
    "live_simple_112-68-0",
    "live_multiple_862-181-3",
    "live_multiple_964-207-0",
}


def as_answer(question: BfclRow) -> str:
    """The first accepted value of each parameter; what accepts only `""` is left out, unless it is required."""
    required = {function["name"]: function["parameters"]["required"] for function in question.functions}
    calls = []
    for possible in question.possible_answers:
        ((name, parameters),) = possible.items()
        given = [
            f"{key}={as_value(options)!r}"
            for key, options in parameters.items()
            if any(option != "" for option in options) or key in required[name]
        ]
        calls.append(f"{name}({', '.join(given)})")
    return f"[{', '.join(calls)}]"


def as_value(options: list):
    value = next((option for option in options if option != ""), "")
    if isinstance(value, dict):
        return as_dict(value)
    return [as_dict(item) if isinstance(item, dict) else item for item in value] if isinstance(value, list) else value


def as_dict(keys: dict):
    """In a dict, options stand in a list, one level deep."""
    return {key: next((o for o in options if o != ""), "") for key, options in keys.items() if options != [""]}


def test_every_possible_answer_is_right(bfcl_source):
    categories = [name for name in NON_LIVE_AST + LIVE_AST if "java" not in name]
    rows = [question for question in load_bfcl(bfcl_source, categories) if question.language == PYTHON]
    wrong = {question.id for question in rows if not judge_answer(question, as_answer(question)).right}
    assert len(rows) == 2351
    assert wrong == IMPOSSIBLE
