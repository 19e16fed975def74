"""Requests: what a user says, and what it means for the calls.

In: a tool, one of its query templates and a random generator. Out: a `Request`, the filled words (decisive ones still
in square brackets) with the values of each call; `dress` makes them polite or puts a sentence before them; `plain` and
`quoted` take the brackets away or take out what is in them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from funreason_trl.data.sample.spec import Tool, Value


SLOT = re.compile(r"\{([a-z_]+)(\d?)\}")
POLITE = ("Please {}.", "Could you {}?", "Can you {}?", "{}, please.", "I'd like you to {}.")
# A polite frame holds one sentence only, and none that is about the speaker.
UNBENDING = ("I ", "We ", "My ", "I'd ", "We'd ", "We're ", "A ", "There ", "Please ", "When it ")
BREAK = re.compile(r"[.?;:] ")
LINKS = ("Also,", "And", "Besides that,")
GREETED = ("Hi! {}", "Hello, {}", "Quick question: {}", "{} Thanks!")


@dataclass(frozen=True)
class Request:
    """One wish, filled in; `calls` holds the given values by parameter, in the order of the schema, for each call."""

    tool: Tool
    words: str
    calls: tuple[dict[str, Value], ...]


def fill(tool: Tool, template: str, rng: Random) -> Request:
    slots = list(dict.fromkeys(SLOT.findall(template)))
    drawn: dict[tuple[str, str], Value] = {}
    for name, index in slots:
        drawn[name, index] = _unused(tool, name, list(drawn.values()), rng)
    words = SLOT.sub(lambda match: drawn[match[1], match[2]].text, template)
    count = max((int(index) for _, index in slots if index), default=1)
    return Request(tool, words, tuple(_call(tool, drawn, str(number + 1)) for number in range(count)))


def _unused(tool: Tool, name: str, others: list[Value], rng: Random) -> Value:
    """A value that the query does not hold already: nobody flies from Oslo to Oslo."""
    taken = [other.value for other in others]
    value = tool.param(name).make(rng)
    for _ in range(20):
        if value.value not in taken:
            break
        value = tool.param(name).make(rng)
    return value


def _call(tool: Tool, drawn: dict[tuple[str, str], Value], index: str) -> dict[str, Value]:
    given = {name: value for (name, own), value in drawn.items() if own in ("", index)}
    return {param.name: given[param.name] for param in tool.params if param.name in given}


def plain(words: str) -> str:
    return words.replace("[", "").replace("]", "")


def quoted(words: str) -> str:
    return words[words.index("[") + 1 : words.index("]")]


def is_sentence(words: str) -> bool:
    return words.endswith((".", "?"))


def dress(request: Request, contexts: Sequence[str], rng: Random) -> Request:
    """The request as different people would put it: bare, polite, greeted, or after a sentence of context."""
    return replace(request, words=_dressed(request.words, contexts, rng))


def _dressed(words: str, contexts: Sequence[str], rng: Random) -> str:
    if not is_sentence(words):
        return words
    if rng.random() < 0.3:
        return f"{rng.choice(contexts)} {words}"
    if rng.random() < 0.4 or words.startswith(UNBENDING) or BREAK.search(words):
        return words
    if words.endswith("?"):
        greeting = rng.choice(GREETED)
        return greeting.format(words if greeting.startswith(("{", "Hi")) else lower_first(words))
    polite = rng.choice(POLITE)
    return polite.format(words[:-1] if polite.startswith("{") else lower_first(words[:-1]))


def follow(request: Request, rng: Random) -> Request:
    """The request as the second one of a message."""
    return replace(request, words=f"{rng.choice(LINKS)} {lower_first(request.words)}")


def lower_first(words: str) -> str:
    if words.lstrip("[").startswith(("I ", "I'")):
        return words
    at = 1 if words.startswith("[") else 0
    return words[:at] + words[at].lower() + words[at + 1 :]
