"""Spoiled answers: one to three named mutations of a right answer each, the same ones for the same seed.

In: rows, how many, a seed. Out: [`mutated_answers`]. Right `[f(city="Bath", days=3)]` may become `[f(days="3")]`
(`argument_dropped`, `to_string`), or ```` ```python\\n[f(city="BATH", days=2+1)]``` ````.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import cycle, islice
from random import Random
from typing import Any

from bfcl_parity_helpers.calls import FORMS, Call, Source, render, right_calls
from bfcl_parity_helpers.language_mutations import MUTATIONS, TOUCHES
from bfcl_parity_helpers.processes import Answer
from bfcl_parity_helpers.text_mutations import TEXT_MUTATIONS, commented, fenced, spaced, trailing_comma
from bfcl_parity_helpers.value_mutations import (
    bare_string,
    items_changed,
    keys_changed,
    list_and_tuple,
    recased,
    refilled,
    spelled_number,
    spelled_string,
)
from funreason_trl.evaluation.bfcl.rows import CATEGORIES, BfclRow


# Of every type that the files declare.
SAMPLE_VALUES: dict[str, Any] = {
    "string": "text", "String": "text", "integer": 3, "float": 2.5, "double": 2.5, "long": 7, "boolean": True, "Boolean": True,
    "array": ["a"], "Array": ["a"], "ArrayList": ["a"], "tuple": [1.0, 2.0], "dict": {"key": "value"}, "HashMap": {"key": "value"},
    "any": "anything", "char": "c", "Bigint": 5,
}  # fmt: skip
# Of those that often leave an answer right, so that the rules which accept are tested as much as those which refuse.
GENTLE_VALUES = (
    recased,
    refilled,
    spelled_string,
    spelled_number,
    list_and_tuple,
    items_changed,
    keys_changed,
    bare_string,
)
GENTLE_TEXTS = (spaced, fenced, trailing_comma, commented)


def mutated_answers(rows: Sequence[BfclRow], count: int, seed: int = 0) -> Iterator[Answer]:
    """
    Answers: a third spread evenly over the categories, a third over the rows, a third over rows with lists or dicts.

    Args:
        rows (`Sequence[BfclRow]`): Of any categories.
        count (`int`): How many.
        seed (`int`, *optional*, defaults to 0): Of the choices.

    Yields:
        `Answer`: Whose `kinds` are its form and its mutations.
    """
    by_category = [[row for row in rows if row.category == category] for category in CATEGORIES]
    even = zip(*[cycle(members) for members in by_category if members], strict=True)
    taken = list(islice((row for group in even for row in group), count // 3))
    if nested := [
        row for row in rows if any(_is_nested(value) for call in right_calls(row) for _, value in call.arguments)
    ]:
        taken += islice(cycle(nested), count // 3)
    taken += islice(cycle(rows), count - len(taken))
    for number, row in enumerate(taken):
        yield mutated_answer(row, Random(f"{seed} {number} {row.id}"))


def mutated_answer(row: BfclRow, rng: Random) -> Answer:
    gentle = rng.random() < 0.4
    calls = right_calls(row, rng) if row.possible_answers else invented_calls(row, rng)
    form = row.language if gentle or rng.random() < 0.75 else rng.choice(FORMS)
    kinds = [form]
    on_text = []
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        match rng.choice(("value", "value", "call", "text")):
            case "value" if any(call.arguments for call in calls):
                kinds.append(_mutate_value(calls, row, rng, gentle))
            case "text":
                on_text.append(rng.choice(GENTLE_TEXTS if gentle else TEXT_MUTATIONS))
            case _:
                mutation = rng.choice(GENTLE_CALLS if gentle else CALL_MUTATIONS)
                mutation(rng, calls, row)
                kinds.append(mutation.__name__)
    # A model that saw underscores writes them; one that writes dots all the same is wrong.
    underscored = rng.random() < 0.1
    if underscored and rng.random() < 0.8:
        calls = [Call(call.name.replace(".", "_"), call.arguments) for call in calls]
    text = render(calls, form, row)
    for change in on_text:
        text = change(rng, text)
        kinds.append(change.__name__)
    return Answer(row.category, row.id, text, (*kinds, *["underscored"] * underscored), underscored)


def invented_calls(row: BfclRow, rng: Random) -> list[Call]:
    """For a row without possible answers: one or two calls of listed functions with values of the declared types."""
    return [_invented_call(row, rng) for _ in range(rng.choice([1, 1, 2]))]


def _invented_call(row: BfclRow, rng: Random) -> Call:
    if not row.functions:
        return Call("f", [("x", 1)])
    function = rng.choice(row.functions)
    schema = function["parameters"]
    names = [name for name in schema["properties"] if name in schema["required"] or rng.random() < 0.3]
    return Call(function["name"], [(name, _sample_value(schema["properties"][name])) for name in names])


def _sample_value(schema: dict) -> Any:
    return deepcopy(SAMPLE_VALUES.get(schema.get("type", "any"), "other"))


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def _mutate_value(calls: list[Call], row: BfclRow, rng: Random, gentle: bool) -> str:
    arguments = rng.choice([call for call in calls if call.arguments]).arguments
    # Lists and dicts have the most rules and are the fewest.
    nested = [place for place, (_, value) in enumerate(arguments) if _is_nested(value)]
    place = rng.choice(nested) if nested and rng.random() < 0.5 else rng.randrange(len(arguments))
    name, value = arguments[place]
    # Most mutations have nothing to do to most types: look for one that has.
    gentle_choices = (*GENTLE_VALUES, *[TOUCHES[row.language]] * 4) if row.language in TOUCHES else GENTLE_VALUES
    choices = gentle_choices if gentle else MUTATIONS[row.language]
    for mutation in rng.sample(choices, 8):
        changed = mutation(rng, value)
        if type(changed) is not type(value) or changed != value:
            break
    arguments[place] = (name, changed)
    return mutation.__name__


# ------------------------------------------------------------------------------------------- to the calls, in their place


def function_renamed(rng: Random, calls: list[Call], row: BfclRow) -> None:
    call = _one(rng, calls)
    others = [function["name"] for function in row.functions] or ["f"]
    short, name = call.name.split(".")[-1], call.name
    ways = [
        name + "x",
        name.upper(),
        name.replace(".", "_"),
        name.replace("_", "."),
        short,
        f"functions.{name}",
        name[:-1],
        "",
    ]
    call.name = rng.choice(
        [*ways, rng.choice(others), rng.choice(others), f"{name}.{short}", f"{name}()", f"{name}[0]", f"'{name}'"]
    )


def argument_dropped(rng: Random, calls: list[Call], row: BfclRow) -> None:
    arguments = _one(rng, calls).arguments
    if arguments:
        arguments.pop(rng.randrange(len(arguments)))


def arguments_dropped(rng: Random, calls: list[Call], row: BfclRow) -> None:
    _one(rng, calls).arguments.clear()


def argument_added(rng: Random, calls: list[Call], row: BfclRow) -> None:
    """Most often one that the function declares."""
    call = _one(rng, calls)
    declared = [
        schema for f in row.functions if f["name"] == call.name for schema in f["parameters"]["properties"].items()
    ]
    name, schema = rng.choice(
        [*declared, rng.choice([("extra", {}), ("self", {}), ("class", {}), ("", {}), ("é", {})])]
    )
    value = schema.get("default", _sample_value(schema))
    if name not in [existing for existing, _ in call.arguments] or rng.random() < 0.2:
        call.arguments.append((name, value))


def argument_renamed(rng: Random, calls: list[Call], row: BfclRow) -> None:
    arguments = _one(rng, calls).arguments
    if arguments:
        place = rng.randrange(len(arguments))
        name, value = str(arguments[place][0]), arguments[place][1]
        arguments[place] = (
            rng.choice([name + "x", name.upper(), name.title(), f"_{name}", name[:-1], f"'{name}'", f"{name}.x"]),
            value,
        )


def argument_repeated(rng: Random, calls: list[Call], row: BfclRow) -> None:
    arguments = _one(rng, calls).arguments
    if arguments:
        arguments.insert(rng.randrange(len(arguments) + 1), rng.choice(arguments))


def arguments_reordered(rng: Random, calls: list[Call], row: BfclRow) -> None:
    for call in calls:
        rng.shuffle(call.arguments)


def values_swapped(rng: Random, calls: list[Call], row: BfclRow) -> None:
    arguments = _one(rng, calls).arguments
    if len(arguments) > 1:
        one, two = rng.sample(range(len(arguments)), 2)
        (name, value), (other_name, other) = arguments[one], arguments[two]
        arguments[one], arguments[two] = (name, other), (other_name, value)


def made_positional(rng: Random, calls: list[Call], row: BfclRow) -> None:
    """From the first one on, as Python wants it, or any one."""
    arguments = _one(rng, calls).arguments
    if arguments:
        place = 0 if rng.random() < 0.6 else rng.randrange(len(arguments))
        arguments[place] = (None, arguments[place][1])


def unpacked_argument(rng: Random, calls: list[Call], row: BfclRow) -> None:
    source = rng.choice(
        [
            "**{}",
            "**{'a': 1}",
            "**x",
            "*[]",
            "*x",
            "x",
            "1",
            "'text'",
            "true",
            "...x",
            "None",
            "x -> 1",
            "{a: 1}",
            "y=1=2",
        ]
    )
    arguments = _one(rng, calls).arguments
    arguments.insert(rng.randrange(len(arguments) + 1), (None, Source(source)))


def call_dropped(rng: Random, calls: list[Call], row: BfclRow) -> None:
    if calls:
        calls.pop(rng.randrange(len(calls)))


def call_repeated(rng: Random, calls: list[Call], row: BfclRow) -> None:
    if calls:
        calls.insert(rng.randrange(len(calls) + 1), deepcopy(rng.choice(calls)))


def call_added(rng: Random, calls: list[Call], row: BfclRow) -> None:
    calls.insert(rng.randrange(len(calls) + 1), _invented_call(row, rng))


def calls_reordered(rng: Random, calls: list[Call], row: BfclRow) -> None:
    rng.shuffle(calls)


def call_in_argument(rng: Random, calls: list[Call], row: BfclRow) -> None:
    """The last call becomes a value of the first one."""
    if len(calls) > 1 and calls[0].arguments:
        inner = calls.pop()
        calls[0].arguments[-1] = (calls[0].arguments[-1][0], Source(render([inner], "python", row)[1:-1]))


def _one(rng: Random, calls: list[Call]) -> Call:
    return rng.choice(calls) if calls else Call("f", [])


CALL_MUTATIONS = (
    function_renamed, argument_dropped, arguments_dropped, argument_added, argument_renamed, argument_repeated, arguments_reordered,
    values_swapped, made_positional, unpacked_argument, call_dropped, call_repeated, call_added, calls_reordered, call_in_argument,
)  # fmt: skip
GENTLE_CALLS = (arguments_reordered, calls_reordered, argument_added, argument_dropped, argument_repeated)
