"""The embedded sample: function-calling rows with short reasoning, made without any download.

In: how many rows, a seed, and a split. Out: canonical rows (messages, tools) with `id`, `source`, `kind` and `domain`.
The tools of the split "heldout" are not in "train", so what a model gets right there it reads from the tool list.

About 25% of the rows are `single` (one call; half of them list one tool only, the others one or two of other domains
beside it), 35% `multiple` (one call; 2 to 4 tools are listed, a second one of the same domain where there is one), 20%
`parallel` (two calls or more, of one tool or of two) and 20% `no_call` (half lack a required value, half need a tool
that is not listed; the answer in words is the `content`).

A row depends on the seed, the split and the rows before it only: the first n rows are the same for every count, on
every machine. A query that was drawn before, or a row that is too long, is drawn again (twenty times at most).

How a row is made: `tools/` holds what can be asked, in the words of `spec.py`, with values from `values.py`;
`requests.py` fills a query, `reasoning.py` thinks about it, `drafts.py` puts them together by kind.
"""

import copy
import hashlib
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from funreason_trl.data.sample.drafts import DRAFTERS, KINDS, Draft
from funreason_trl.data.sample.requests import Request
from funreason_trl.data.sample.spec import tool_schema
from funreason_trl.data.sample.tools import TOOLS


REDRAWS = 20
# A small model has to write the reasoning and read the tools within some 600 tokens.
REASONING_CHARS = 380
TOOLS_CHARS = 1150


def sample_rows(count: int, seed: int = 0, split: str = "train") -> Iterator[dict[str, Any]]:
    """
    Make rows one at a time.

    Args:
        count (`int`):
            How many.
        seed (`int`, *optional*, defaults to `0`):
            Another seed gives other rows.
        split (`str`, *optional*, defaults to `"train"`):
            `"train"` or `"heldout"`.

    Returns:
        `Iterator[dict]`: canonical rows.

    Raises:
        `ValueError`: an argument makes no sense; raised at the call, not at the first row.
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
