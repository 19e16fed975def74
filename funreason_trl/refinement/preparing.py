"""Where answers become training rows: rendered, then tokenized and given segments by the trainer's own preparation.

In: canonical rows, and a trainer. Out: [`prepare_answers`] for the pool; [`refuse_unchangeable`] and [`refuse_foreign_queries`]
tell before the training what could never get there.
"""

from collections.abc import Iterable
from typing import Any

from accelerate.logging import get_logger
from datasets import Dataset, Features, Value

from funreason_trl.data.reading import answered
from funreason_trl.data.rendering import NATIVE_FEATURES, PYTHON_FEATURES, render_native, render_python
from funreason_trl.data.rows import RowError, check_row
from funreason_trl.srml import SRMLTrainer
from funreason_trl.srml.preparation import TOKEN_COLUMNS

from .config import RefinementConfig
from .pool import Pool, RefinedRow
from .prompts import PromptRows, draw


logger = get_logger(__name__)

COMPARED_QUERIES = 500


def prepare_answers(trainer: SRMLTrainer, form: str, rows: Iterable[dict[str, Any]], number: int) -> list[RefinedRow]:
    """
    Rows for the pool; those that are too long for the trainer, or can't be written in the form, are left out.

    Args:
        trainer ([`SRMLTrainer`]): Prepares.
        form (`str`): `"python"` or `"native"`.
        rows (`Iterable[dict]`): Canonical rows with the accepted answer.
        number (`int`): Of the round.
    """
    ids: list[str] = []
    examples: list[dict[str, Any]] = []
    for row in rows:
        try:
            check_row(row)
            examples.append(_render(row, form))
        except RowError as error:
            logger.warning(f"Round {number}: an accepted answer can't be written: {error}")
            continue
        ids.append(str(row["id"]))
    prepared = _tokenize(trainer, form, examples, f"round {number}")
    return [RefinedRow.of(ids[example["place"]], number, example) for example in prepared]


def refuse_unchangeable(trainer: SRMLTrainer) -> Dataset:
    """
    The training set, if a change of its rows reaches the training.

    Raises:
        ValueError: It is a stream or packed, or workers of the data loader keep its rows.
    """
    args = trainer.args
    if not isinstance(trainer.train_dataset, Dataset):
        raise ValueError(
            "`train_dataset` is a stream, whose rows can't be replaced; load it into a `datasets.Dataset` to refine."
        )
    if args.packing:
        raise ValueError("`packing` is True, but a pack can't give up a row; set packing=False to refine.")
    if args.dataloader_persistent_workers and args.dataloader_num_workers:
        raise ValueError(
            "`dataloader_persistent_workers` is True, but such workers keep the rows of the first epoch; set it to False."
        )
    return trainer.train_dataset


def refuse_foreign_queries(trainer: SRMLTrainer, config: RefinementConfig, rows: PromptRows, pool: Pool) -> None:
    """
    See with some of the queries that their answers can be trained on.

    Raises:
        ValueError: None of them has tools, or can be written in the form; or, where answers have to find a training row
            with the same query (the mode `replace`, and rounds on the training rows' own queries), none of them does.
    """
    examples = []
    drawn = [rows[place] for place in draw(rows, COMPARED_QUERIES, str(config.rollout_seed))]
    source = "the training rows" if config.prompts is None else config.prompts
    if not any(row["tools"] for row in drawn):
        raise ValueError(
            f"none of {len(drawn)} queries of {source} has tools, without which no call passes. In the python form tools are "
            "read from the system prompt that `render_dataset` writes; train on rows from there, or give `prompts`."
        )
    for row in drawn:
        try:
            examples.append(_render(answered(row, "Yes."), config.form))
        except RowError as error:
            reason = str(error)
    if not examples:
        raise ValueError(
            f"`form` is {config.form!r}, in which none of the queries of {source} can be written ({reason}); give other rows, "
            "or another form."
        )
    if config.prompts is not None and config.mode != "replace":
        return
    if not any(pool.slots_of(row) for row in _tokenize(trainer, config.form, examples, "queries")):
        raise ValueError(
            f"`form` is {config.form!r} and `mode` {config.mode!r}, but none of {len(examples)} queries of {source} is that of "
            "a training row, token by token, system prompt and tools included. Render the training rows with "
            "`render_dataset` in this form, from what `load_rows` reads of the same source; or set mode='mix' with "
            "`prompts`, which puts answers in the place of any row."
        )


def _render(row: dict[str, Any], form: str) -> dict[str, Any]:
    return (render_python if form == "python" else render_native)(row)[-1]


def _tokenize(trainer: SRMLTrainer, form: str, examples: list[dict[str, Any]], name: str) -> Dataset | list:
    """With `place`, the number of the example that a row comes from."""
    if not examples:
        return []
    # Given, since Arrow's guess would give the arguments of all calls the same names.
    features = Features({**(PYTHON_FEATURES if form == "python" else NATIVE_FEATURES), "place": Value("int64")})
    numbered = [features.encode_example({**example, "place": place}) for place, example in enumerate(examples)]
    dataset = Dataset.from_list(numbered, features=features)
    prepared = trainer._prepare_dataset(dataset, trainer.processing_class, trainer.args, False, None, name)
    return prepared.select_columns([*TOKEN_COLUMNS, "place"])
