"""What can't be right is refused here, with the reason, before training starts.

In: the datasets and the configuration that a trainer is given. Out: nothing, or the configuration that trains what has
segments; a `ValueError` otherwise.
"""

import copy

from accelerate import Accelerator
from accelerate.logging import get_logger
from datasets import Dataset, IterableDataset
from trl.data_utils import get_dataset_column_names, is_conversational

from .config import SRMLConfig
from .segments import RESULT, THINK


logger = get_logger(__name__)

# A map-style dataset is searched to its end for a think and a result token. Of a stream, whose rows are read and
# prepared again for training, no more than these are looked at.
STREAM_ROWS_SEARCHED = 1000


def refuse_untrainable_rows(dataset: Dataset | IterableDataset, args: SRMLConfig, name: str) -> None:
    if next(iter(dataset), None) is None:
        raise ValueError(f"`{name}` has no rows; was everything filtered out?")
    columns = get_dataset_column_names(dataset)
    images = [column for column in columns if column in ("image", "images")]
    if images:
        raise ValueError(
            f"`{name}` has the column {images[0]!r}: vision rows are tokenized in the collator, where segments "
            "can't be found. Train on text rows."
        )
    missing = {"labels", "segments"} - set(columns)
    if (args.dataset_kwargs or {}).get("skip_prepare_dataset") and missing:
        raise ValueError(
            f"`dataset_kwargs` has skip_prepare_dataset=True, but `{name}` has no column {' and '.join(sorted(missing))}"
            "; add it (segments: 0 none, 1 think, 2 result for each token), or let the trainer prepare the dataset."
        )


def train_assistant_turns_only(dataset: Dataset | IterableDataset, args: SRMLConfig) -> SRMLConfig:
    """The arguments, with `assistant_only_loss` where the rows hold turns of others that would be trained too."""
    row = next(iter(dataset))
    if args.balance == "token" or args.assistant_only_loss or "input_ids" in row or not row.get("messages", True):
        return args
    if is_conversational(row):
        if "messages" not in row and len(row.get("completion", [])) < 2:
            return args
        logger.warning(
            "Training on the assistant's turns only (`assistant_only_loss=True`), since only these have segments. This "
            "needs a chat template with {% generation %} markers, or one that TRL knows. For other templates give "
            "prompt-completion rows, such as `funreason_trl.data.rendering.render_dataset` makes with form='python'."
        )
        args = copy.copy(args)
        args.assistant_only_loss = True
    elif "completion" not in row:
        logger.warning(
            "Text rows don't tell prompt and answer apart, so the prompt is trained too and weighed as result. Give "
            "prompt-completion rows to train on the answer alone."
        )
    return args


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


def search_segments(dataset: Dataset | IterableDataset, args: SRMLConfig) -> None:
    """Refuses a dataset without a result token, and warns of one without a think token."""
    found: set[int] = set()
    dataset = dataset.select_columns("segments")
    rows = dataset if isinstance(dataset, Dataset) else dataset.take(STREAM_ROWS_SEARCHED)
    for row in rows:
        found.update(row["segments"])
        if {THINK, RESULT} <= found:
            return
    tags = args.think_tags
    if RESULT not in found and args.balance != "token":
        raise ValueError(
            "No row of `train_dataset` has a result token, so there is no call to learn. Is `max_length` "
            f"({args.max_length}) shorter than prompt and thinking, or is {tags.end!r} (`think_end_tag`) not "
            "the tag that closes the thinking?"
        )
    if THINK not in found:
        logger.warning(
            f"No row of `train_dataset` has a think token: {tags.start!r} and {tags.end!r} (`think_start_tag`, "
            "`think_end_tag`) don't occur in what is trained. The result alone will be learned."
        )
