"""What is asked in a round: the queries of a source with gold answers, or those of the training rows.

In: a file or Hub name, or the trainer's dataset. Out: [`PromptRows`], canonical rows whose last turn is the gold answer,
of which [`draw`] takes those of a round.
"""

import random
from collections.abc import Sequence
from typing import Any

from datasets import Dataset

from funreason_trl.calls import Call
from funreason_trl.data.reading import answered, read_prompt
from funreason_trl.data.rows import message_calls
from funreason_trl.data.sources import load_rows

from .config import RefinementConfig


class PromptRows(Sequence):
    """
    Rows to ask about, read one at a time from the dataset that holds them.

    Args:
        dataset (`datasets.Dataset`): Canonical rows, or training rows in the python form (`prompt`, `completion`) or the
            native one (`messages`, `tools`).

    Raises:
        ValueError: The dataset has none of these.
    """

    def __init__(self, dataset: Dataset):
        self._dataset = dataset
        columns = set(dataset.column_names)
        self._python = {"prompt", "completion"} <= columns
        readable = self._python or "messages" in columns
        if not readable or (self._python and len(dataset) and isinstance(dataset[0]["prompt"], str)):
            kind = "texts" if readable else f"the columns {', '.join(sorted(columns))}"
            raise ValueError(
                f"the training rows are {kind}, from which no query can be read: give "
                "`prompts`, or train on rows as `render_dataset` makes them (prompt and completion, or messages and tools)"
            )

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index):
        example = self._dataset[index]
        row = {"id": str(example.get("id") or index), "source": str(example.get("source") or "training rows")}
        if not self._python:
            return {"messages": example["messages"], "tools": example.get("tools") or [], **row}
        messages, tools = read_prompt(example["prompt"])
        text = example["completion"][0]["content"]
        return answered({"messages": messages, "tools": tools, **row}, text)


def prompt_rows(config: RefinementConfig, training_set: Dataset) -> PromptRows:
    """
    The rows that rounds draw from.

    Raises:
        ValueError: There are none, or the training rows hold no queries.
        RowError: A row of the source can't be read.
    """
    if config.prompts is None:
        rows = PromptRows(training_set)
    else:
        rows = PromptRows(load_rows(config.prompts, format=config.prompts_format, split=config.prompts_split))
    if not len(rows):
        raise ValueError(f"`prompts` is {config.prompts!r}, which has no rows; give rows to ask about.")
    return rows


def draw(rows: Sequence[dict], count: int, seed: str, first: Sequence[int] = ()) -> list[int]:
    """
    Places of the rows of a round.

    Args:
        rows (`Sequence[dict]`): All rows.
        count (`int`): How many at most.
        seed (`str`): Of the choice.
        first (`Sequence[int]`, *optional*): Places that come before all others. Some of them are drawn for at most half
            of the round: a model that answers little rightly would else be asked the same queries for ever.

    Returns:
        `list[int]`: Different places.
    """
    order = random.Random(f"prompts {seed}").sample(range(len(rows)), len(rows))
    again = random.Random(f"hard {seed}").sample(first, min(len(first), count // 2))
    return list(dict.fromkeys([*again, *order]))[:count]


def gold_calls(row: dict[str, Any]) -> list[Call] | None:
    """The row's own calls, empty where it rightly calls nothing; `None` where it has no answer."""
    last = row["messages"][-1]
    return message_calls(last) if last["role"] == "assistant" else None
