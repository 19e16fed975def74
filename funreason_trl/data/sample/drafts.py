"""Drafts: which tools a row lists, what it asks of them, and what it thinks, for each kind of row.

In: the tools of a split and a random generator. Out: a `Draft`; `KINDS` holds the kinds in their shares, `DRAFTERS` the
function that drafts each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from funreason_trl.data.sample.reasoning import think_missing, think_one, think_same, think_two, think_unable
from funreason_trl.data.sample.requests import Request, dress, fill, follow, is_sentence, plain
from funreason_trl.data.sample.spec import Tool
from funreason_trl.data.sample.tools import CLASHES, CONTEXT


KINDS = ("single",) * 5 + ("multiple",) * 7 + ("parallel",) * 4 + ("no_call",) * 4
UNABLE = (
    "Sorry, none of my tools can {goal}.",
    "I can't {goal} with the tools that I have.",
    "There is no tool here to {goal}.",
)


@dataclass(frozen=True)
class Draft:
    """A row before it is written out; no `requests` means that the answer calls nothing."""

    query: str
    domain: str
    listed: list[Tool]
    reasoning: str
    requests: tuple[Request, ...] = ()
    reply: str = ""


def _draft_single(tools: Sequence[Tool], rng: Random) -> Draft:
    tool = rng.choice(tools)
    others = rng.sample([other for other in tools if other.domain != tool.domain], rng.choice((0, 0, 1, 2)))
    return _draft_one(tool, others, rng)


def _draft_multiple(tools: Sequence[Tool], rng: Random) -> Draft:
    tool = rng.choice(tools)
    return _draft_one(tool, _neighbours(tool, tools, rng.choice((1, 1, 2, 2, 3)), rng), rng)


def _draft_one(tool: Tool, others: list[Tool], rng: Random) -> Draft:
    request = _request(tool, rng.choice(tool.asks), rng)
    listed = _shuffled([tool, *others], rng)
    return Draft(plain(request.words), tool.domain, listed, think_one(request, others, rng), (request,))


def _request(tool: Tool, template: str, rng: Random) -> Request:
    return dress(fill(tool, template, rng), CONTEXT[tool.domain], rng)


def _draft_parallel(tools: Sequence[Tool], rng: Random) -> Draft:
    return _draft_same(tools, rng) if rng.random() < 0.5 else _draft_two(tools, rng)


def _draft_same(tools: Sequence[Tool], rng: Random) -> Draft:
    tool = rng.choice([tool for tool in tools if tool.pairs])
    others = _neighbours(tool, tools, rng.choice((0, 1, 1, 2)), rng)
    request = _request(tool, rng.choice(tool.pairs), rng)
    listed = _shuffled([tool, *others], rng)
    return Draft(plain(request.words), tool.domain, listed, think_same(request, others, rng), (request,))


def _draft_two(tools: Sequence[Tool], rng: Random) -> Draft:
    first = rng.choice(tools)
    second, *others = _neighbours(first, tools, rng.choice((1, 1, 2)), rng)
    requests = (_spoken(first, rng), follow(_spoken(second, rng), rng))
    query = plain(" ".join(request.words for request in requests))
    listed = _shuffled([first, second, *others], rng)
    return Draft(query, first.domain, listed, think_two(requests, others, rng), requests)


def _spoken(tool: Tool, rng: Random) -> Request:
    """A request in whole sentences, which can be joined to another."""
    return fill(tool, rng.choice([ask for ask in tool.asks if is_sentence(ask)]), rng)


def _draft_no_call(tools: Sequence[Tool], rng: Random) -> Draft:
    return _draft_missing(tools, rng) if rng.random() < 0.5 else _draft_unable(tools, rng)


def _draft_missing(tools: Sequence[Tool], rng: Random) -> Draft:
    tool = rng.choice(tools)
    others = _neighbours(tool, tools, rng.choice((0, 1, 1, 2)), rng)
    request = _request(tool, tool.missing.query, rng)
    listed = _shuffled([tool, *others], rng)
    reasoning = think_missing(request, others, rng)
    return Draft(plain(request.words), tool.domain, listed, reasoning, reply=tool.missing.reply)


def _draft_unable(tools: Sequence[Tool], rng: Random) -> Draft:
    tool = rng.choice(tools)
    listed = _neighbours(tool, tools, rng.choice((1, 2, 2, 3)), rng)
    request = _request(tool, rng.choice(tool.asks), rng)
    reply = rng.choice(UNABLE).format(goal=tool.goal)
    reasoning = think_unable(request, listed, rng)
    return Draft(plain(request.words), tool.domain, _shuffled(listed, rng), reasoning, reply=reply)


DRAFTERS: dict[str, Callable[[Sequence[Tool], Random], Draft]] = {
    "single": _draft_single,
    "multiple": _draft_multiple,
    "parallel": _draft_parallel,
    "no_call": _draft_no_call,
}


def _neighbours(tool: Tool, tools: Sequence[Tool], count: int, rng: Random) -> list[Tool]:
    """Other tools to list: first one of the same domain, which is the one to weigh, then any."""
    open_to = [other for other in tools if other is not tool and {tool.name, other.name} not in CLASHES]
    near = [other for other in open_to if other.domain == tool.domain]
    chosen = [rng.choice(near)] if near and count else []
    rest = [other for other in open_to if other not in chosen]
    return chosen + rng.sample(rest, count - len(chosen))


def _shuffled(tools: list[Tool], rng: Random) -> list[Tool]:
    return rng.sample(tools, len(tools))
