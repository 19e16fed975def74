"""What can't be right is refused here, with the reason, before training starts.

In: the datasets and the configuration that a trainer is given. Out: nothing, or the configuration that trains what has
segments; a `ValueError` otherwise.
"""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy
import pyarrow
import pyarrow.compute
from accelerate import Accelerator
from accelerate.logging import get_logger
from datasets import Dataset, IterableDataset
from transformers import PreTrainedTokenizerBase

from .config import SRMLConfig
from .preparation import SegmentCollator, check_row
from .segments import RESULT, THINK


logger = get_logger(__name__)

# A map-style dataset is searched to its end for a think and a result token. Of a stream, whose rows are read and
# prepared again for training, no more than these are looked at.
STREAM_ROWS_SEARCHED = 1000
# Rows as they are given, of which no more than these are looked at for reasoning that got lost.
RAW_ROWS_SEARCHED = 100


def refuse_replacements(compute_loss_func: Callable | None, data_collator: Any) -> None:
    if compute_loss_func is not None:
        raise ValueError(
            "`compute_loss_func` would replace the multiscale loss; leave it out, or use `SFTTrainer` with it."
        )
    if data_collator is not None and not isinstance(data_collator, SegmentCollator):
        raise ValueError(
            f"`data_collator` is a {type(data_collator).__name__}, which drops the column `segments`; leave it "
            "out, or derive it from `funreason_trl.srml.SegmentCollator`."
        )


def refuse_without_rows(dataset: Dataset | IterableDataset, name: str) -> dict[str, Any]:
    """The first row, as the trainer gets it: a transform of the dataset may have made its columns."""
    row = next(iter(dataset), None)
    if row is None:
        raise ValueError(f"{name} has no rows; was everything filtered out?")
    return row


def refuse_untrainable_rows(dataset: Dataset | IterableDataset, args: SRMLConfig, name: str) -> None:
    row = refuse_without_rows(dataset, f"`{name}`")
    columns = list(row)
    images = [column for column in columns if column in ("image", "images")]
    if images:
        raise ValueError(
            f"`{name}` has the column {images[0]!r}: vision rows are tokenized in the collator, where segments "
            "can't be found. Train on text rows."
        )
    if not (args.dataset_kwargs or {}).get("skip_prepare_dataset"):
        return
    missing = {"input_ids", "labels", "segments"} - set(columns)
    if missing:
        raise ValueError(
            f"`dataset_kwargs` has skip_prepare_dataset=True, but `{name}` has no column {' and '.join(sorted(missing))}"
            "; add it (segments: 0 none, 1 think, 2 result for each token), or let the trainer prepare the dataset."
        )
    # The first row only, since a preparation that is skipped looks at none; its values may be tensors.
    tokens = {column: [int(value) for value in row[column]] for column in ("input_ids", "labels", "segments")}
    check_row(tokens, index=0, has_labels=True)


def train_assistant_turns_only(dataset: Dataset | IterableDataset, args: SRMLConfig) -> SRMLConfig:
    """
    The arguments, with `assistant_only_loss` where the rows hold turns of others that would be trained too.

    Of a stream the first row tells; one whose later rows alone have completions of several turns needs the setting.
    """
    row = next(iter(dataset))
    if args.balance == "token" or args.assistant_only_loss or "input_ids" in row or not row.get("messages", True):
        return args
    if trained_messages(row):
        answers_alone = "completion" in row and args.completion_only_loss is not False
        if answers_alone and not has_completions_of_several_turns(dataset, row):
            return args
        logger.warning(
            "Training on the assistant's turns only (`assistant_only_loss=True`), since only these have segments."
        )
        args = copy.copy(args)
        args.assistant_only_loss = True
    elif "completion" not in row or args.completion_only_loss is False:
        logger.warning(
            "Text rows don't tell prompt and answer apart, so the prompt is trained too: weighed as result, or as "
            f"thinking from the first {args.think_start_tag!r} on, such as that of a system prompt which names the tag. "
            "Give prompt-completion rows, without completion_only_loss=False, to train on the answer alone."
        )
    return args


def refuse_stream_below_a_step(left: int, wanted: int, steps: int) -> None:
    """Refuses a stream that has ended before its first optimizer step, and warns of what is left over after others."""
    if steps == 0:
        raise ValueError(
            f"The stream ended after {left} of the {wanted} micro-batches of the first optimizer step, so that nothing would "
            "be trained; lower `gradient_accumulation_steps`, or give more rows."
        )
    logger.warning(
        f"The stream ended after {left} of the {wanted} micro-batches of an optimizer step; they are left out."
    )


def refuse_lost_calls(
    dataset: Dataset | IterableDataset, processing_class: Any, chat_template: str | None, args: SRMLConfig
) -> None:
    """
    Refuses rows with `tool_calls` of which the chat template writes none: the end token alone would be trained.

    In: the rows as they are given, and the template that they are trained with where it isn't the tokenizer's.
    """
    # A processor wants the parts of messages typed, which TRL does later.
    if args.balance == "token" or not isinstance(processing_class, PreTrainedTokenizerBase):
        return
    calling = [row for row in islice(dataset, RAW_ROWS_SEARCHED) if _calls_are_trained(row, args)]
    if calling and not any(_writes_calls(processing_class, chat_template, row) for row in calling):
        raise ValueError(
            "The chat template leaves out `tool_calls`, so that no call would be learned. Render the rows with "
            "`funreason_trl.data.rendering.render_dataset`, whose python form writes calls into the text, or give a "
            "template that writes them (`chat_template_path`)."
        )


def trained_messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the completion where there is one, as TRL takes it; none of a row of text or tokens."""
    turns = row.get("completion", row.get("messages"))
    if "input_ids" in row or not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return []
    return turns


def _calls_are_trained(row: dict[str, Any], args: SRMLConfig) -> bool:
    turns = trained_messages(row)
    if turns and "completion" in row and args.completion_only_loss is False:
        turns = [*row["prompt"], *turns]
    return any(turn.get("tool_calls") for turn in turns)


def _writes_calls(processing_class: PreTrainedTokenizerBase, chat_template: str | None, row: dict[str, Any]) -> bool:
    """Whether a name that stands nowhere but in the calls comes through the template."""
    probe, tools = "funreason_probe", row.get("tools")
    turns = copy.deepcopy([*row["prompt"], *row["completion"]] if "completion" in row else row["messages"])
    for turn in turns:
        for call in turn.get("tool_calls") or []:
            (call.get("function") or call)["name"] = probe
    text = processing_class.apply_chat_template(
        turns,
        tools=json.loads(tools) if isinstance(tools, str) else tools,
        chat_template=chat_template,
        tokenize=False,
        **(row.get("chat_template_kwargs") or {}),
    )
    return probe in text


def has_completions_of_several_turns(dataset: Dataset | IterableDataset, first: dict[str, Any]) -> bool:
    if len(first["completion"]) > 1 or not is_stored(dataset):
        return len(first["completion"]) > 1
    lengths = (pyarrow.compute.list_value_length(table["completion"]) for table in tables(dataset, "completion"))
    return any((pyarrow.compute.max(batch).as_py() or 0) > 1 for batch in lengths)


def is_stored(dataset: Dataset | IterableDataset) -> bool:
    """Whether the rows that the trainer gets lie in Arrow tables; those of a stream or a transform are made on the way."""
    return isinstance(dataset, Dataset) and dataset.format["type"] != "custom"


def tables(dataset: Dataset, *columns: str) -> Iterator[pyarrow.Table]:
    yield from dataset.select_columns(list(columns)).with_format("arrow").iter(batch_size=1000)


def refuse_sharded_sequences(accelerator: Accelerator, args: SRMLConfig) -> None:
    parallelism = accelerator.parallelism_config
    if parallelism is not None and (parallelism.sp_enabled or parallelism.cp_enabled):
        raise ValueError(
            f"`parallelism_config` shards sequences (sp_size={parallelism.sp_size}, cp_size={parallelism.cp_size}) "
            "over ranks, which would use the model's own loss or misplace the segments; set both to 1."
        )
    if accelerator.num_processes > 1 and not args.average_tokens_across_devices:
        raise ValueError(
            "`average_tokens_across_devices` is False, with which each rank would weigh its own tokens only; set "
            "it to True."
        )


def search_segments(dataset: Dataset | IterableDataset, args: SRMLConfig, raw: Dataset | IterableDataset) -> None:
    """
    Refuses a dataset without a result token, and warns of one without a think token and of calls that were cut off.

    In: the prepared rows, and the rows as they were given.
    """
    if is_stored(dataset):
        found = _search_stored(dataset, args)
        where, searched_all = "No row", True
    else:
        found, searched = set(), 0
        for row in islice(dataset, STREAM_ROWS_SEARCHED):
            found.update(row["segments"])
            searched += 1
            if {THINK, RESULT} <= found:
                return
        searched_all = searched < STREAM_ROWS_SEARCHED
        where = "No row" if searched_all else f"None of the first {STREAM_ROWS_SEARCHED} rows"
    if RESULT not in found and args.balance != "token":
        problem = (
            f"{where} of `train_dataset` has a result token, so there is no call to learn. Is `max_length` "
            f"({args.max_length}) shorter than prompt and thinking, or is {args.think_tags.end!r} (`think_end_tag`) not "
            "the tag that closes the thinking?"
        )
        if searched_all:
            raise ValueError(problem)
        logger.warning(problem)
    if THINK not in found:
        logger.warning(_no_thinking(where, args, raw))


def _search_stored(dataset: Dataset, args: SRMLConfig) -> set[int]:
    """The segments that occur; and a warning where the cut took the result of rows and left their thinking."""
    found: set[int] = set()
    rows = without_result = cut = 0
    packed = "seq_lengths" in dataset.column_names
    for table in tables(dataset, "segments", *["seq_lengths"] * packed):
        think, result, lengths = count_by_row(table)
        found |= {segment for segment, counts in ((THINK, think), (RESULT, result)) if counts.any()}
        thinking_alone = (think > 0) & (result == 0)
        rows += len(lengths)
        without_result += int(thinking_alone.sum())
        cut += int((thinking_alone & (lengths >= (args.max_length or numpy.inf))).sum())
    # Blocks of these strategies begin and end within rows.
    split = args.packing and args.packing_strategy != "bfd"
    if without_result and RESULT in found and not split:
        reason = (
            f"`max_length` ({args.max_length}) cuts off the end of {cut} of them, which is the call; raise it, or leave "
            "such rows out"
            if cut
            else f"{args.think_tags.end!r} (`think_end_tag`) does not close it"
        )
        logger.warning(
            f"{without_result} of {rows} rows of `train_dataset` have thinking but no result token, and so no call to "
            f"learn: {reason}."
        )
    return found


def count_by_row(table: pyarrow.Table) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Tokens of think, of result and of all in each row, or in each of the rows that a block is packed of."""
    lengths = pyarrow.compute.list_value_length(table["segments"])
    if "seq_lengths" in table.column_names:
        lengths = pyarrow.compute.list_flatten(table["seq_lengths"])
    segments = pyarrow.compute.list_flatten(table["segments"]).to_numpy()
    ends = numpy.cumsum(lengths.to_numpy())
    think, result = (
        numpy.diff(numpy.concatenate([[0], numpy.cumsum(segments == segment)])[ends], prepend=0)
        for segment in (THINK, RESULT)
    )
    return think, result, lengths.to_numpy()


def _no_thinking(where: str, args: SRMLConfig, raw: Dataset | IterableDataset) -> str:
    if any(_has_reasoning(row) for row in islice(raw, RAW_ROWS_SEARCHED)):
        return (
            f"{where} of `train_dataset` has a think token, although its messages hold `reasoning_content`: the chat "
            "template leaves it out. Render the rows with `funreason_trl.data.rendering.render_dataset`, which writes it "
            "into the text, or give a template that does. The result alone will be learned."
        )
    return (
        f"{where} of `train_dataset` has a think token: {args.think_tags.start!r} and {args.think_tags.end!r} "
        "(`think_start_tag`, `think_end_tag`) don't occur in what is trained. The result alone will be learned."
    )


def _has_reasoning(row: dict[str, Any]) -> bool:
    turns = [*(row.get("messages") or []), *(row.get("completion") or [])]
    return any(isinstance(turn, dict) and turn.get("reasoning_content") for turn in turns)
