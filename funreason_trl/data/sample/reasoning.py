"""Short reasoning texts that lead from a request to its calls, or to no call.

In: requests and the other tools that are listed. Out: four to six short sentences: the decisive words of the query,
the tool that fits and one that does not, where each value comes from, what is left to its default, and the conclusion.
The phrasing is drawn, but its order is not: a model of 135M parameters has to learn it from a few hundred rows.
"""

import json
from collections.abc import Mapping
from random import Random

from funreason_trl.data.sample.requests import Request, quoted
from funreason_trl.data.sample.spec import Tool, Value


FITS = (
    'The user says "{quote}". {name} can {goal}, which fits.',
    'The words "{quote}" ask for a tool to {goal}: that is {name}.',
    'The request is "{quote}", and {name} is there to {goal}.',
)
OTHER = (
    "{name} is for something else: to {goal}.",
    "{name} would {goal}, which is not asked.",
    "Not {name}, since it can only {goal}.",
)
ALONE = ("No other tool is listed.", "It is the only tool listed.")
VALUES = ("From the query: {}.", "The values: {}.", "The query says: {}.")
DERIVED = ('{name} is {value} (from "{text}")', '{name} is "{text}", so {value}')
ONCE = ("So I call {name} once.", "So one call to {name}.", "That makes one call to {name}.")
NTH = ("Second", "Third")


def think_one(request: Request, others: list[Tool], rng: Random) -> str:
    tool, given = request.tool, request.calls[0]
    return _sentences(
        _fits(request, rng),
        _weigh(others, rng),
        rng.choice(VALUES).format(_values(given, rng)),
        _unsaid(tool, given),
        rng.choice(ONCE).format(name=tool.name),
    )


def think_same(request: Request, others: list[Tool], rng: Random) -> str:
    """Several calls of one tool."""
    first, *rest = request.calls
    return _sentences(
        _fits(request, rng),
        _weigh(others, rng),
        f"First call: {_values(first, rng)}.",
        *(f"{nth} call: {_values(given, rng, known=first)}." for nth, given in zip(NTH, rest, strict=False)),
        _unsaid(request.tool, first),
        f"So I call {request.tool.name} {'twice' if len(request.calls) == 2 else 'three times'}.",
    )


def think_two(requests: tuple[Request, Request], others: list[Tool], rng: Random) -> str:
    """One call each of two tools."""
    first, second = requests
    return _sentences(
        f'"{quoted(first.words)}" needs {first.tool.name}, and "{quoted(second.words)}" needs {second.tool.name}.',
        f"{others[0].name} is not needed." if others else "",
        *(f"{request.tool.name}: {_values(request.calls[0], rng)}{_not_given(request)}." for request in requests),
        rng.choice(("So I make both calls.", "So I need both calls.")),
    )


def think_missing(request: Request, others: list[Tool], rng: Random) -> str:
    """The right tool is there, but the query lacks a value that it requires."""
    given = request.calls[0]
    absent = [param.name for param in request.tool.params if param.required and param.name not in given]
    return _sentences(
        _fits(request, rng),
        _weigh(others, rng),
        rng.choice(VALUES).format(_values(given, rng)) if given else "",
        f"But {' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} required, and the query does not say it.",
        rng.choice(("I must not guess, so I ask and call nothing.", "So I ask for it and call nothing.")),
    )


def think_unable(request: Request, listed: list[Tool], rng: Random) -> str:
    """None of the listed tools can do what is asked."""
    named = " and ".join(f"{tool.name} can {tool.goal}" for tool in listed[:2])
    verdict = (
        "That does not help" if len(listed) == 1 else "Neither does it" if len(listed) == 2 else "No tool does it"
    )
    return _sentences(
        f'The user says "{quoted(request.words)}", which needs a tool to {request.tool.goal}.',
        f"But {named}.",
        f"{verdict}, so I call nothing.",
    )


def _fits(request: Request, rng: Random) -> str:
    return rng.choice(FITS).format(quote=quoted(request.words), name=request.tool.name, goal=request.tool.goal)


def _weigh(others: list[Tool], rng: Random) -> str:
    if not others:
        return rng.choice(ALONE)
    return rng.choice(OTHER).format(name=others[0].name, goal=others[0].goal)


def _values(given: dict[str, Value], rng: Random, known: Mapping[str, Value] | None = None) -> str:
    """Each value and where it comes from; one that is `known` from an earlier call is not derived again."""
    derived, known = rng.choice(DERIVED), known or {}
    return ", ".join(
        _value(name, value, "{name} is {value}" if known.get(name) == value else derived)
        for name, value in given.items()
    )


def _value(name: str, value: Value, derived: str) -> str:
    written = json.dumps(value.value, ensure_ascii=False)
    if value.why and "{text}" in derived:
        return f'{name} is {written} ("{value.text}" = {value.why})'
    if value.text == str(value.value) or isinstance(value.value, list):
        return f"{name} is {written}"
    return derived.format(name=name, value=written, text=value.text)


def _not_given(request: Request) -> str:
    """The short form of `_unsaid`, for texts about two tools: a name may be said for one and not for the other."""
    unsaid = [param.name for param in request.tool.params if param.name not in request.calls[0]]
    return f", {' and '.join(unsaid)} not given" if unsaid else ""


def _unsaid(tool: Tool, given: dict[str, Value]) -> str:
    """What the query leaves open: a call must not spell out a default."""
    unsaid = [param for param in tool.params if param.name not in given]
    if not unsaid:
        return ""
    names = " and ".join(param.name for param in unsaid)
    if len(unsaid) > 1:
        return f"{names} are not mentioned, so I leave them out."
    return (
        f"{names} is not mentioned, so {'its default stays' if 'default' in unsaid[0].schema else 'I leave it out'}."
    )


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
