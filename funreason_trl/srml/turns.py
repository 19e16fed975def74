"""Which tokens of a conversation are the assistant's, where the chat template doesn't tell.

In: conversational rows (`messages`, or `prompt` and `completion`), and a tokenizer. Out: rows with `input_ids` and
`labels`, of which only the assistant's turns are trained.

TRL needs `{% generation %}` markers in the template, and has templates with markers for many models, but not for all
(SmolLM2, most ChatML templates). For the others a turn begins where the row, and the row up to the turn with the
generation prompt, differ: as TRL itself finds the completion of a prompt.
"""

import json
from typing import Any

from accelerate.logging import get_logger
from datasets import Dataset, IterableDataset
from transformers import PreTrainedTokenizerBase, ProcessorMixin
from trl.chat_template_utils import (
    get_training_chat_template,
    has_generation_markers,
    is_chat_template_stop_token_trained,
)
from trl.data_utils import common_prefix_length
from trl.trainer.utils import global_then_local_main_first

from .checks import is_stored
from .segments import IGNORED_LABEL


logger = get_logger(__name__)


def find_turns(
    dataset: Dataset | IterableDataset,
    processing_class: PreTrainedTokenizerBase | ProcessorMixin,
    tokenizer: PreTrainedTokenizerBase,
    completion_only: bool,
    map_kwargs: dict[str, Any],
) -> tuple[str | None, Dataset | IterableDataset]:
    """
    TRL's template with markers, if it is needed and there is one, and the rows; without one, tokenized.

    Raises:
        `ValueError`: See [`tokenize_turns`].
    """
    has_transform = isinstance(dataset, Dataset) and not is_stored(dataset)
    if processing_class.chat_template is None or has_transform:
        return None, dataset  # TRL refuses it, with the reason
    template = None
    if not has_generation_markers(processing_class.chat_template):
        try:
            template = get_training_chat_template(processing_class)
        except ValueError:  # TRL has none for this model
            with global_then_local_main_first():
                return None, tokenize_turns(dataset, tokenizer, completion_only, map_kwargs)
    if not is_chat_template_stop_token_trained(processing_class, chat_template=template):
        logger.warning(
            "The {% generation %} markers of the chat template leave out the token that ends the assistant's turn, so "
            "the model doesn't learn to stop. Put that token between the markers."
        )
    return template, dataset


def tokenize_turns(
    dataset: Dataset | IterableDataset,
    tokenizer: PreTrainedTokenizerBase,
    completion_only: bool,
    map_kwargs: dict[str, Any],
) -> Dataset | IterableDataset:
    """
    Rows with `input_ids` and `labels` too: -100 but for the assistant's turns, with `completion_only` those of the completion.

    Raises:
        `ValueError`: With the row and what to do, where the template writes a turn differently once another follows
            (as those that drop earlier thoughts), where a row begins with the assistant, or has no turn of its.
    """
    return dataset.map(
        _tokenize_row,
        with_indices=True,
        fn_kwargs={"tokenizer": tokenizer, "completion_only": completion_only},
        **map_kwargs,
    )


def _tokenize_row(
    row: dict[str, Any], index: int, tokenizer: PreTrainedTokenizerBase, completion_only: bool
) -> dict[str, list[int]]:
    tools = row.get("tools")
    template_kwargs = {
        "tools": json.loads(tools) if isinstance(tools, str) else tools,
        **(row.get("chat_template_kwargs") or {}),
    }

    def tokens(messages: list[dict], add_generation_prompt: bool = False) -> list[int]:
        return tokenizer.apply_chat_template(
            messages, add_generation_prompt=add_generation_prompt, return_dict=False, **template_kwargs
        )

    prompt = row.get("prompt") or []
    messages = prompt + row["completion"] if "completion" in row else row["messages"]
    first = len(prompt) if completion_only else 0
    turns = [turn for turn in range(first, len(messages)) if messages[turn]["role"] == "assistant"]
    if not turns or turns[0] == 0:
        trouble = "begins with the assistant's turn" if turns else "has no turn of the assistant"
        roles = ", ".join(dict.fromkeys(str(message["role"]) for message in messages))
        raise ValueError(
            f"Row {index} {trouble} (roles: {roles}), so that there is no answer to learn from. Leave it out; where the "
            "roles have other names, read the rows with `funreason_trl.data.sources.load_rows`, which knows them."
        )

    input_ids = tokens(messages)
    labels = [IGNORED_LABEL] * len(input_ids)
    for turn in turns:
        up_to_turn = input_ids if turn == len(messages) - 1 else tokens(messages[: turn + 1])
        end = common_prefix_length(up_to_turn, input_ids)
        if end < len(up_to_turn):
            raise ValueError(
                f"Row {index}, turn {turn}: the chat template writes the turn otherwise when others follow "
                f"({tokenizer.decode(up_to_turn[end:])!r} differs), so that what is trained would not be what the model "
                "writes. Give prompt-completion rows, such as `funreason_trl.data.rendering.render_dataset` makes with "
                "form='python', or a template with {% generation %} markers."
            )
        start = common_prefix_length(tokens(messages[:turn], add_generation_prompt=True), input_ids)
        labels[start:end] = input_ids[start:end]
    return {"input_ids": input_ids, "labels": labels}
