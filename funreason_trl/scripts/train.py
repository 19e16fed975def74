"""`funreason train --config recipe.yaml`: from rows and a base model to a model trained with the multiscale loss.

In: a YAML file and command-line arguments, which win over it (TRL's parser: `SRMLConfig`, TRL's `ModelConfig`, and
`DataArguments` below; an `env:` block sets environment variables). Out: the model and its log in `output_dir`.

On several processes: `accelerate launch -m funreason_trl.scripts.train --config recipe.yaml`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from datasets import Dataset, IterableDataset, load_dataset
from datasets.exceptions import DatasetsError
from peft import PeftModel
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint
from trl import ModelConfig, SFTConfig, get_peft_config, get_quantization_config

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.data.formats import FORMATS
from funreason_trl.data.rendering import check_native, check_python, render_dataset
from funreason_trl.data.rows import THINK_END, THINK_START, RowError, to_dataset
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import load_rows
from funreason_trl.extras import check_trackers
from funreason_trl.models.smollm2 import Smollm2Error, smollm2_path
from funreason_trl.record import dataset_facts
from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.parsing import OptionParser
from funreason_trl.srml.segments import ThinkTags


RENDERINGS = ("python", "native", "as_is")
# Columns of which TRL needs one or the other, beside that of plain text.
TRAINABLE = (("messages",), ("conversations",), ("prompt", "completion"), ("input_ids",))


class RefusalError(ValueError):
    """Training can't begin with what was given. A `ValueError` once it runs is a fault of ours, and keeps its trace."""


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except RowError:
        raise
    except (ConnectionError, DatasetsError, ValueError) as error:
        raise RefusalError(str(error)) from error


# What the user's files and names cause, rather than a fault of ours; their words say what to do.
EXPECTED_ERRORS = (FileNotFoundError, RefusalError, RowError, Smollm2Error)
# What the help calls the options of training, those of the base classes by themselves.
TITLES: dict[type, str] = {
    SRMLConfig: "the multiscale loss (SRMLConfig)",
    ModelConfig: "model, adapter and quantization (TRL's ModelConfig)",
    SFTConfig: "rows to tokens (TRL's SFTConfig)",
    TrainingArguments: "training (TrainingArguments of transformers)",
}


@dataclass
class DataArguments:
    """
    Which rows to train on, and how they are written for the model.

    Args:
        dataset_name (`str`):
            A file (`.jsonl`, `.json`, `.parquet`), a folder, a dataset on the Hub, or `sample` for the rows that come
            with this package.
        dataset_format (`str`, *optional*, defaults to `"auto"`):
            Format of the rows: xLAM, OpenAI/TRL messages, ShareGPT, BFCL; found out for each row by default.
        dataset_train_split (`str`, *optional*, defaults to `"train"`):
            Split of a Hub dataset or a folder to train on.
        dataset_test_split (`str`, *optional*, defaults to `"test"`):
            Split to evaluate on, where `eval_strategy` asks for evaluation; that of `sample` is called `heldout`, and
            `test` stands for it. A single file has no second split.
        dataset_streaming (`bool`, *optional*, defaults to `False`):
            Read rows while training rather than before (the sample is made before in any case).
        rendering (`str`, *optional*, defaults to `"python"`):
            `"python"`: functions in a system prompt, the answer a python list of calls, as in the paper. `"native"`:
            the model's own chat template. `"as_is"`: the dataset already has a form that TRL trains on.
        on_error (`str`, *optional*, defaults to `"raise"`):
            `"raise"` stops at a bad row and names it, `"count"` leaves it out.
        sample_size (`int`, *optional*, defaults to `2000`):
            Rows of `sample`.
    """

    dataset_name: str = field(metadata={"help": "File, folder, Hub dataset, or 'sample' for the embedded rows."})
    dataset_format: str = field(
        default="auto", metadata={"help": "Format of the rows.", "choices": ["auto", *FORMATS]}
    )
    dataset_train_split: str = field(default="train", metadata={"help": "Split to train on."})
    dataset_test_split: str = field(default="test", metadata={"help": "Split to evaluate on."})
    dataset_streaming: bool = field(default=False, metadata={"help": "Read rows while training."})
    rendering: str = field(
        default="python",
        metadata={
            "help": "'python' (functions in a system prompt, calls as a python list), 'native' (the model's chat "
            "template) or 'as_is' (the dataset already has a form that TRL trains on).",
            "choices": list(RENDERINGS),
        },
    )
    on_error: str = field(
        default="raise",
        metadata={"help": "'raise' stops at a bad row, 'count' leaves it out.", "choices": ["raise", "count"]},
    )
    sample_size: int = field(default=2000, metadata={"help": "Rows of 'sample'."})

    def __post_init__(self):
        if self.rendering not in RENDERINGS:
            raise ValueError(
                f"`rendering` is {self.rendering!r}; set it to one of {', '.join(map(repr, RENDERINGS))}."
            )
        if self.rendering == "as_is" and self.dataset_name == "sample":
            raise ValueError(
                "`rendering` is 'as_is', but the sample is canonical rows; set it to 'python' or 'native'."
            )
        if self.dataset_name == "sample" and self.dataset_test_split == "test":
            self.dataset_test_split = "heldout"
        if self.sample_size < 1:
            raise ValueError(f"`sample_size` is {self.sample_size}; set it to at least 1.")


def load_training_rows(arguments: DataArguments, split: str, text_field: str = "text") -> Dataset | IterableDataset:
    """Rows of one split in a form that the trainer takes; `text_field` is the column of rows that are plain text."""
    if arguments.rendering == "as_is":
        return _load_as_is(arguments.dataset_name, split, arguments.dataset_streaming, text_field)
    if arguments.dataset_name == "sample":
        rows = to_dataset(sample_rows(arguments.sample_size, split=split))
    else:
        rows = load_rows(
            arguments.dataset_name,
            format=arguments.dataset_format,
            split=split,
            on_error=arguments.on_error,
            streaming=arguments.dataset_streaming,
        )
    return render_dataset(rows, form=arguments.rendering, on_error=arguments.on_error)


def _load_as_is(name: str, split: str, streaming: bool, text_field: str) -> Dataset | IterableDataset:
    try:
        if Path(name).is_file():
            form = "parquet" if name.endswith(".parquet") else "json"
            rows = load_dataset(form, data_files=name, split="train", streaming=streaming)
        else:
            rows = load_dataset(name, split=split, streaming=streaming)
        columns = set(next(iter(rows), ()))
    except DatasetsError as error:
        raise ValueError(f"`dataset_name` is {name!r}, which can't be read: {error.__cause__ or error}") from error
    if columns and not any(set(form) <= columns for form in (*TRAINABLE, (text_field,))):
        raise ValueError(
            f"`rendering` is 'as_is', but {name} has the columns {', '.join(sorted(columns))}, which TRL does not train on; "
            "set it to 'python' or 'native', for which xLAM, OpenAI, ShareGPT and BFCL rows are read."
        )
    return rows


def train(data: DataArguments, config: SRMLConfig, model: ModelConfig) -> SRMLTrainer:
    """Trains and saves; returns the trainer."""
    checkpoint = checkpoint_to_resume(config)
    trainer = make_trainer(data, config, model)
    trainer.train(resume_from_checkpoint=checkpoint)
    save(trainer, data)
    return trainer


def checkpoint_to_resume(config: SRMLConfig) -> str | None:
    """The checkpoint that training goes on from: the one that is named, or the last one if there is one yet."""
    # The command line gives words, a YAML file may give a truth value.
    asked = str(config.resume_from_checkpoint or "false")
    if asked.lower() == "false":
        return None
    if asked.lower() == "true":
        return get_last_checkpoint(config.output_dir) if Path(config.output_dir).is_dir() else None
    if not Path(asked).is_dir():
        raise RefusalError(
            f"`resume_from_checkpoint` is {asked!r}, which is no folder; give a folder such as "
            f"{config.output_dir}/checkpoint-100, or true for the last one of the output folder."
        )
    return asked


@refusals()
def make_trainer(
    data: DataArguments,
    config: SRMLConfig,
    model: ModelConfig,
    callbacks: list[TrainerCallback] | None = None,
    trained: PreTrainedModel | PeftModel | None = None,
) -> SRMLTrainer:
    """
    The trainer that the arguments describe, ready to train; with `trained`, of a model that is loaded already.

    Raises:
        `RefusalError`: What the arguments describe can't be trained; says why, and what to do about it.
        `RowError`: A bad row.
    """
    check_trackers(config.report_to)
    if trained is None:
        config.model_init_kwargs = {
            "revision": model.model_revision,
            "attn_implementation": model.attn_implementation,
            "dtype": model.dtype,
            **(config.model_init_kwargs or {}),
        }
    model_path = str(smollm2_path()) if model.model_name_or_path == "smollm2" else model.model_name_or_path
    tokenizer = AutoTokenizer.from_pretrained(
        model_path, revision=model.model_revision, trust_remote_code=config.trust_remote_code
    )
    check_template(data.rendering, tokenizer, config)
    evaluates = config.eval_strategy != "no"
    if evaluates and Path(data.dataset_name).is_file():
        raise ValueError(
            f"`eval_strategy` is {config.eval_strategy!r}, but {data.dataset_name} is one file, so evaluation would see "
            "the training rows; give a folder with train.jsonl and test.jsonl, or set eval_strategy to no."
        )
    trainer = SRMLTrainer(
        model=model_path if trained is None else trained,
        args=config,
        train_dataset=load_training_rows(data, data.dataset_train_split, config.dataset_text_field),
        eval_dataset=load_training_rows(data, data.dataset_test_split, config.dataset_text_field)
        if evaluates
        else None,
        processing_class=tokenizer,
        callbacks=callbacks,
        quantization_config=get_quantization_config(model) if trained is None else None,
        peft_config=get_peft_config(model) if trained is None else None,
    )
    if trainer.is_world_process_zero():
        facts, loaded = dataset_facts(data.dataset_name, data.dataset_train_split), trainer.recorder.dataset
        # The commit that was loaded, and not the one that the branch has now; the name as the Hub writes it.
        trainer.recorder.dataset = {**facts, **loaded, "name": facts["name"]}
    return trainer


def save(trainer: SRMLTrainer, data: DataArguments) -> None:
    """Writes model and log to the output folder, and pushes them if the configuration says so."""
    output_dir = trainer.args.output_dir
    trainer.save_model(output_dir)
    trainer.save_state()
    trainer.accelerator.print(f"Model saved to {output_dir}")
    if trainer.args.push_to_hub:
        trainer.push_to_hub(dataset_name=data.dataset_name)


def check_template(rendering: str, tokenizer: PreTrainedTokenizerBase, config: SRMLConfig) -> None:
    """Refuses a chat template, or think tags, with which the rendered rows would lose their thinking."""
    # A template of the user's own replaces the tokenizer's within the trainer only.
    if rendering == "as_is" or config.chat_template_path is not None:
        return
    if rendering == "native":
        check_native(tokenizer)
        return
    if config.think_tags != ThinkTags():
        raise ValueError(
            f"`think_start_tag` and `think_end_tag` are {config.think_start_tag!r} and {config.think_end_tag!r}, but "
            f"rendering='python' writes {THINK_START!r} and {THINK_END!r}; leave the tags out."
        )
    check_python(tokenizer)


def option_parser() -> OptionParser:
    return OptionParser(
        (DataArguments, SRMLConfig, ModelConfig),
        {DataArguments: "rows", **TITLES},
        command="train",
        usage="--config RECIPE.yaml [--OPTION VALUE ...]",
        example="funreason train --config recipes/smollm2-135m/srml.yaml --max_steps 20 --output_dir runs/short",
        doc=__doc__,
    )


def main(argv: list[str] | None = None) -> None:
    data, config, model = option_parser().read(argv)
    with ending("train", config.output_dir):
        try:
            train(data, config, model)
        except EXPECTED_ERRORS as error:
            sys.exit(f"funreason train: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
