"""The embedded sample: function-calling rows with short reasoning, made without any download.

In: how many rows, a seed, and a split. Out: canonical rows (messages, tools) with `id`, `source`, `kind` and `domain`.
The tools of the split "heldout" are not in "train", so what a model gets right there it reads from the tool list.

About 25% of the rows are `single` (one call; half of them list one tool only, the others one or two of other domains
beside it), 35% `multiple` (one call; 2 to 4 tools are listed, a second one of the same domain where there is one), 20%
`parallel` (two calls or more, of one tool or of two) and 20% `no_call` (half lack a required value, half need a tool
that is not listed; the answer in words is the `content`).

A row depends on the seed, the split and the rows before it only: the first n rows are the same for every count, on
every machine. A query that was drawn before, or a row that is too long, is drawn again (twenty times at most).
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from .catalogue import CLASHES, CONTEXT, TOOLS
from .catalogue.reasoning import think_missing, think_one, think_same, think_two, think_unable
from .catalogue.requests import Request, dress, fill, follow, is_sentence, plain
from .catalogue.spec import Tool, tool_schema


KINDS = ("single",) * 5 + ("multiple",) * 7 + ("parallel",) * 4 + ("no_call",) * 4
UNABLE = (
    "Sorry, none of my tools can {goal}.",
    "I can't {goal} with the tools that I have.",
    "There is no tool here to {goal}.",
)
REDRAWS = 20
# A small model has to write the reasoning and read the tools within some 600 tokens.
REASONING_CHARS = 380
TOOLS_CHARS = 1150


@dataclass(frozen=True)
class Draft:
    """A row before it is written out; no `requests` means that the answer calls nothing."""

    query: str
    domain: str
    listed: list[Tool]
    reasoning: str
    requests: tuple[Request, ...] = ()
    reply: str = ""


def sample_rows(count: int, seed: int = 0, split: str = "train") -> Iterator[dict[str, Any]]:
    """Yield `count` canonical rows of the `split` ("train" or "heldout").

    Raises `ValueError`, at the call and not at the first row, if an argument makes no sense.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"count={count!r} is not a number of rows: give a whole number, 0 or more")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"seed={seed!r} is not a seed: give a whole number")
    if split not in TOOLS:
        raise ValueError(f"split={split!r} does not exist: give one of {', '.join(map(repr, TOOLS))}")
    return _rows(count, seed, split)


def _rows(count: int, seed: int, split: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for index in range(count):
        rng = _generator(split, seed, index)
        kind = rng.choice(KINDS)
        draft = DRAFTERS[kind](TOOLS[split], rng)
        for _ in range(REDRAWS):
            if draft.query not in seen and _is_short(draft):
                break
            draft = DRAFTERS[kind](TOOLS[split], rng)
        seen.add(draft.query)
        yield _row(draft, kind, f"sample-{split}-{seed}-{index:06}")


def _is_short(draft: Draft) -> bool:
    tools = sum(len(json.dumps(tool_schema(tool)["function"])) for tool in draft.listed)
    return len(draft.reasoning) <= REASONING_CHARS and tools <= TOOLS_CHARS


def _generator(split: str, seed: int, index: int) -> Random:
    """A generator of its own for each row: `hash()` differs between processes, a digest does not."""
    digest = hashlib.sha256(f"{split}:{seed}:{index}".encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))


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


def _row(draft: Draft, kind: str, row_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"role": "assistant", "content": draft.reply, "reasoning_content": draft.reasoning}
    if draft.requests:
        answer["tool_calls"] = [call for request in draft.requests for call in _tool_calls(request)]
    return {
        "messages": [{"role": "user", "content": draft.query}, answer],
        "tools": [copy.deepcopy(tool_schema(tool)) for tool in draft.listed],
        "id": row_id,
        "source": "sample",
        "kind": kind,
        "domain": draft.domain,
    }


def _tool_calls(request: Request) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {"name": request.tool.name, "arguments": {name: value.value for name, value in given.items()}},
        }
        for given in request.calls
    ]
