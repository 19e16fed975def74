"""From tokenized rows to batches that carry segments: the columns, the cut, the packs and the collator.

In: rows with `input_ids` and `labels`, as `SFTTrainer` prepares them before it cuts or packs. Out: the same rows with
a third column, `segments` (0 none, 1 think, 2 result), which goes through everything that the other two go through.
"""

from dataclasses import dataclass
from typing import Any

import numpy
import torch
from datasets import Dataset, IterableDataset
from trl.data_utils import (
    get_dataset_column_names,
    is_conversational_from_value,
    maybe_convert_to_chatml,
    pack_dataset,
)
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling
from trl.trainer.utils import pad

from funreason_trl.tools.normalize import brief

from .config import SRMLConfig
from .segments import IGNORED_LABEL, NONE, RESULT, THINK, ThinkTags, TokenTexts, find_segments


TOKEN_COLUMNS = ["input_ids", "labels", "segments"]


def without_format(dataset: Dataset | IterableDataset) -> Dataset | IterableDataset:
    """Rows of lists and numbers, in whatever format (numpy, torch) the user reads them; a transform stays."""
    if isinstance(dataset, IterableDataset):
        return dataset.with_format(None)
    if dataset.format["type"] in (None, "custom"):
        return dataset
    return dataset.with_format(None, columns=dataset.format["columns"])


def as_chatml(dataset: Dataset | IterableDataset) -> Dataset | IterableDataset:
    """Turns ShareGPT's `conversations` (from, value) into `messages` (role, content), of which TRL knows the turns."""
    if "conversations" not in get_dataset_column_names(dataset) or not is_conversational_from_value(
        next(iter(dataset))
    ):
        return dataset
    return dataset.map(maybe_convert_to_chatml, remove_columns="conversations")


def map_arguments(dataset: Dataset | IterableDataset, args: SRMLConfig, description: str) -> dict[str, Any]:
    """Arguments of `Dataset.map`, which `IterableDataset.map` does not know."""
    return {"num_proc": args.dataset_num_proc, "desc": description} if isinstance(dataset, Dataset) else {}


def kept_part(args: SRMLConfig, packing: bool) -> slice:
    """The tokens of a row that `max_length` leaves; all of them where the rows are packed, which cuts by itself."""
    if packing or args.max_length is None:
        return slice(None)
    parts = {"keep_start": slice(None, args.max_length), "keep_end": slice(-args.max_length, None)}
    if args.truncation_mode not in parts:
        raise ValueError(
            f"`truncation_mode` is {args.truncation_mode!r}; set it to one of {', '.join(map(repr, parts))}."
        )
    return parts[args.truncation_mode]


def add_segments(
    dataset: Dataset | IterableDataset, tokenizer, tags: ThinkTags, kept: slice, map_kwargs: dict[str, Any]
):
    """
    Adds the column `segments`, and cuts the rows.

    Both in one pass, since each writes all of the tokens; segments first, since a thought's last end tag may stand
    behind the cut.
    """
    fn_kwargs = {"token_texts": TokenTexts(tokenizer), "tags": tags, "kept": kept}
    return dataset.map(_segment_batch, batched=True, fn_kwargs=fn_kwargs, **map_kwargs)


def _segment_batch(batch: dict[str, list], token_texts: TokenTexts, tags: ThinkTags, kept: slice) -> dict[str, list]:
    rows = zip(batch["input_ids"], batch["labels"], strict=True)
    segments = [find_segments(input_ids, labels, token_texts, tags) for input_ids, labels in rows]
    if kept == slice(None):
        return {"segments": segments}
    columns = {"input_ids": batch["input_ids"], "labels": batch["labels"], "segments": segments}
    return {column: [tokens[kept] for tokens in values] for column, values in columns.items()}


def check_segments(dataset: Dataset | IterableDataset, kept: slice, map_kwargs: dict[str, Any]):
    """
    Takes over the segments of a dataset that is already tokenized, and cuts the rows.

    Where it has no `labels`, they are made from the segments. Where it has both, they must agree on which tokens are
    trained: a `ValueError` names the row that doesn't.
    """
    has_labels = "labels" in get_dataset_column_names(dataset)
    fn_kwargs = {"has_labels": has_labels, "kept": kept}
    return dataset.map(_check_and_cut, with_indices=True, fn_kwargs=fn_kwargs, **map_kwargs)


def _check_and_cut(row: dict[str, Any], index: int, has_labels: bool, kept: slice) -> dict[str, list[int]]:
    row = {**row, **check_row(row, index, has_labels)}
    return {column: row[column][kept] for column in TOKEN_COLUMNS}


def _as_list(tokens: Any) -> Any:
    """Streams and transforms give arrays, tensors and tuples too."""
    if isinstance(tokens, numpy.ndarray | torch.Tensor):
        return tokens.tolist()
    return list(tokens) if isinstance(tokens, tuple) else tokens


def check_row(row: dict[str, Any], index: int, has_labels: bool) -> dict[str, list[int]]:
    """Labels of a row with segments; a `ValueError` where the two, or their lengths, don't agree."""
    row = {column: _as_list(row.get(column)) for column in TOKEN_COLUMNS}
    input_ids, segments = row["input_ids"], row["segments"]
    for column in ("segments", "labels") if has_labels else ("segments",):
        if not isinstance(row[column], list) or set(map(type, row[column])) - {int}:
            raise ValueError(f"Row {index} has `{column}` {brief(row[column])}; give a list of whole numbers.")
        if len(row[column]) != len(input_ids):
            raise ValueError(
                f"Row {index} has {len(row[column])} `{column}` for {len(input_ids)} `input_ids`; give one for each "
                "token."
            )
    unknown = set(segments) - {NONE, THINK, RESULT}
    if unknown:
        raise ValueError(f"Row {index} has `segments` {sorted(unknown)}; use 0 (none), 1 (think) and 2 (result).")
    if not has_labels:
        pairs = zip(input_ids, segments, strict=True)
        return {"labels": [IGNORED_LABEL if segment == NONE else token for token, segment in pairs]}
    for position, (label, segment) in enumerate(zip(row["labels"], segments, strict=True)):
        if (label == IGNORED_LABEL) != (segment == NONE):
            raise ValueError(
                f"Row {index}, token {position}: label {label} with segment {segment}; a token is trained (label not "
                "-100) exactly where its segment is 1 or 2."
            )
    return {"labels": row["labels"]}


def drop_untrained(dataset: Dataset | IterableDataset, map_kwargs: dict[str, Any]):
    """Leaves out the rows of which the cut has left nothing that is trained, as TRL does."""
    # It reads one column, and writes no tokens.
    return dataset.filter(_is_trained, input_columns="segments", batched=True, **map_kwargs)


def _is_trained(segments: list[list[int]]) -> list[bool]:
    return [any(row) for row in segments]


def pack(dataset: Dataset | IterableDataset, args: SRMLConfig, map_kwargs: dict[str, Any]):
    """Packs the rows into blocks of `max_length` tokens, as TRL does; `pack_dataset` carries all list columns."""
    if args.max_length is None:
        raise ValueError("`max_length` is None with packing=True; set it to the length of a packed block.")
    dataset = dataset.select_columns(TOKEN_COLUMNS)
    if args.shuffle_dataset:
        dataset = dataset.shuffle(seed=args.seed)
    return pack_dataset(dataset, args.max_length, args.packing_strategy, map_kwargs)


@dataclass
class SegmentCollator(DataCollatorForLanguageModeling):
    """
    TRL's collator for language modeling, which also returns `segments`, padded with 0 like the labels with -100.

    In: rows with `input_ids`, `labels`, `segments` (and `seq_lengths`, if packed). Out: tensors of shape
    `(batch, length)`, or `(1, tokens)` if padding-free; then also `rows`, the index of the row that each token is of.
    """

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        output = super().torch_call(examples)
        if "segments" not in examples[0]:
            raise ValueError(
                f"A row has no `segments`, only {', '.join(examples[0])}; give the dataset to the trainer or to its "
                "`evaluate`, which find them, or add them (0 none, 1 think, 2 result for each token)."
            )
        segments = [torch.tensor(example["segments"]) for example in examples]
        if self.padding_free:
            rows = [torch.full_like(row, index) for index, row in enumerate(segments)]
            output["rows"] = pad([torch.cat(rows)], padding_value=0, pad_to_multiple_of=self.pad_to_multiple_of)
            segments = [torch.cat(segments)]
        padded = pad(segments, padding_value=NONE, padding_side="right", pad_to_multiple_of=self.pad_to_multiple_of)
        # Without padding, the first token of each sequence follows another sequence and is not trained.
        output["segments"] = padded.masked_fill(output["labels"] == IGNORED_LABEL, NONE)
        return output


def count_segments(segments: torch.Tensor) -> torch.Tensor:
    """
    Trained tokens of think and of result in a batch, shape `(2,)`.

    The first position is left out, as no token predicts it.
    """
    predicted = segments[..., 1:]
    return torch.stack([(predicted == THINK).sum(), (predicted == RESULT).sum()])


def sum_by_segment(values: torch.Tensor, segments: torch.Tensor, rows: torch.Tensor | None = None) -> torch.Tensor:
    """
    Sums of `values` over think and over result in each row, shapes `(batch, length)` twice to `(batch, 2)`.

    Without padding, `rows` of shape `(1, tokens)` says which row each token is of; the values begin at the second.
    """
    by_segment = torch.stack([values * (segments == segment) for segment in (THINK, RESULT)], dim=-1)
    if rows is None:
        return by_segment.sum(1)
    row_of_prediction = rows[0, 1:].to(by_segment.device)
    return by_segment.new_zeros(int(rows.max()) + 1, 2).index_add(0, row_of_prediction, by_segment[0])
