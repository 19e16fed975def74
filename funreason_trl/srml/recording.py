"""Keeps the record of a run, and writes it with the card wherever the trainer saves a model.

In: the trainer that it is attached to, and what only the caller knows (`dataset`, `form`). Out: [`RunRecorder.describe`]:
`funreason_run.json`, `README.md` and, for the python form, `system_prompt.txt`.
"""

import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from accelerate.utils import is_peft_model
from datasets import Dataset, IterableDataset
from huggingface_hub import HfApi
from transformers import Trainer
from trl.trainer.utils import get_config_model_id

from funreason_trl.cards import SYSTEM_PROMPT_FILE, write_card
from funreason_trl.data.rendering import SYSTEM_PROMPT
from funreason_trl.record import (
    ROUNDS,
    base_model_facts,
    installed_versions,
    known_facts,
    license_of,
    read_rounds,
    write_record,
)

from .attached import AttachedCallback


# `Trainer` pushes its whole output folder, of which the Hub leaves out what this file in it names.
LEFT_HERE = """\
# Pickles, states, rows and answers of the training, which are no part of the model.
/training_args.bin
/trainer_state.json
/refinement/
/training-*/
/eval/
*.unfinished
"""


class RunRecorder(AttachedCallback):
    """
    What is put on record of a run, over all sessions of one that was ended and resumed.

    Args:
        train_dataset (`Dataset` or `IterableDataset`): As the trainer was given it.
        eval_dataset (`Dataset`, `IterableDataset` or `dict`, *optional*): The same for evaluation.

    Attributes:
        dataset (`dict`): `name`, `revision` and `split` of the rows, and how many; a script adds what it knows, as
            [`~funreason_trl.record.dataset_facts`] tells it.
        form (`str` or `None`): `"python"` or `"native"`, found out from the rows where they tell.
        license (`dict`): Of the base model, as cards have it, where it is known.
    """

    def __init__(
        self,
        train_dataset: Dataset | IterableDataset,
        eval_dataset: Dataset | IterableDataset | dict[str, Any] | None = None,
    ):
        self.trainer: Trainer
        self.dataset: dict[str, Any] = {
            **loaded_dataset_facts(train_dataset),
            "rows": len(train_dataset) if isinstance(train_dataset, Dataset) else None,
            "eval_rows": _rows_of(eval_dataset),
        }
        self.form = form_of(next(iter(train_dataset)))
        self.license: dict[str, str] = {}
        # Of sessions and trainings before this one.
        self._seconds, self._steps, self._history = 0.0, 0, list[dict[str, Any]]()
        self._started: float | None = None

    def attach(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        saved = state.stateful_callbacks.get(type(self).__name__)
        if saved is not None and state.global_step:
            self._seconds, self._steps, self._history = (
                saved["attributes"][name] for name in ("seconds", "steps", "history")
            )
        self._started = perf_counter()

    def on_train_end(self, args, state, control, **kwargs) -> None:
        self._seconds, self._started = self.seconds, None

    def on_push_begin(self, args, state, control, **kwargs) -> None:
        # Not before: a training that is not pushed asks no server for anything.
        if self.trainer.is_world_process_zero():
            self.license |= license_of(self.record().get("base_model", {}), HfApi(token=args.hub_token))

    def state(self) -> dict:
        return {
            "args": {},
            "attributes": {"seconds": self.seconds, "steps": self._steps, "history": self._history},
        }

    @property
    def seconds(self) -> float:
        """Training time so far."""
        return self._seconds + (0.0 if self._started is None else perf_counter() - self._started)

    def go_on_from(self, before: "RunRecorder") -> None:
        """Take over what a trainer before this one did, where a run has several (`mode="append"`)."""
        self._seconds, self._history = before.seconds, before.history()
        self._steps = before._steps + before.trainer.state.global_step
        self.dataset, self.form, self.license = before.dataset, before.form, before.license

    def history(self) -> list[dict[str, Any]]:
        """Everything that was logged, with steps counted over all trainings."""
        own = [{**log, "step": log["step"] + self._steps} for log in self.trainer.state.log_history]
        return [*self._history, *own]

    def record(self) -> dict[str, Any]:
        """The record as [`~funreason_trl.record.write_record`] takes it."""
        args = self.trainer.args
        facts = {
            "base_model": {**_base_model(self.trainer), **self.license},
            "adapter": _adapter(self.trainer),
            "quantization": _quantization(self.trainer),
            "dataset": self.dataset,
            "form": self.form,
            "think_tags": {"start": args.think_start_tag, "end": args.think_end_tag},
            "loss": _loss(self.trainer),
            "training": _training(self.trainer, self._steps),
            "versions": installed_versions(),
            "machine": _machine(),
            "seconds": round(self.seconds, 3),
            "log_history": self.history(),
        }
        return known_facts(facts)

    def describe(self, folder: Path, name: str | None = None, tags: Sequence[str] | None = None) -> None:
        """
        Write record and card into a folder that holds, or is to hold, a model. For the process that saves.

        Args:
            folder (`Path`): The folder.
            name (`str`, *optional*): What the model is called, where it has no name on the Hub.
            tags (`Sequence[str]`, *optional*): More tags for the card.
        """
        args, record = self.trainer.args, self.record()
        output = Path(args.output_dir).resolve()
        repo_id = self.trainer.hub_model_id or args.hub_model_id or name or output.name
        write_record(folder, record)
        # An earlier run in this folder may have left rounds that are not of this model.
        has_rounds = any(callback.plays_rounds for callback in self.trainer._attached_callbacks())
        rounds = read_rounds(output) if has_rounds else []
        write_card(folder, repo_id, record, rounds=rounds, tags=tags or ())
        is_checkpoint = folder.resolve().parent == output and re.fullmatch(r"checkpoint-\d+", folder.name)
        if folder.resolve() != output and not is_checkpoint and rounds:
            # A model that is saved elsewhere takes the story of its rounds along; checkpoints have their own.
            (folder / ROUNDS).parent.mkdir(exist_ok=True)
            shutil.copy(output / ROUNDS, folder / ROUNDS)
        if folder.resolve() == output and self.trainer.hub_model_id is not None:
            _leave_here(output / ".gitignore")
        if self.form == "python":
            (folder / SYSTEM_PROMPT_FILE).write_text(SYSTEM_PROMPT, encoding="utf-8")
        model = self.trainer.accelerator.unwrap_model(self.trainer.model)
        if is_peft_model(model) and model.generation_config is not None:
            # `save_pretrained` of an adapter leaves it out. Not by the method of that name, which refuses what some
            # published models have, and a run must not end for it.
            model.generation_config.to_json_file(folder / "generation_config.json")


def _leave_here(ignored: Path) -> None:
    """Name in a `.gitignore`, after what the user wrote there, what is not to go to the Hub."""
    before = ignored.read_text(encoding="utf-8") if ignored.exists() else ""
    missing = [line for line in LEFT_HERE.splitlines() if line not in before.splitlines()]
    if missing:
        end = "" if not before or before.endswith("\n") else "\n"
        ignored.write_text(before + end + "\n".join(missing) + "\n", encoding="utf-8")


def form_of(row: Mapping[str, Any]) -> str | None:
    """The form that a training row was written in, where it shows: our system prompt, or messages with tools."""
    messages = row.get("prompt") or row.get("messages") or []
    if isinstance(messages, list) and any(SYSTEM_PROMPT in str(message.get("content")) for message in messages[:1]):
        return "python"
    return "native" if "messages" in row and row.get("tools") else None


def loaded_dataset_facts(dataset: Dataset | IterableDataset) -> dict[str, str]:
    """
    Name and commit of a dataset that `load_dataset` took from the Hub, which show in the place of its cache.

    Nothing of rows that come from several datasets. The cache has names in lower case, with `_` where a capital was.
    """
    files = dataset.cache_files if isinstance(dataset, Dataset) else []
    sources = {_hub_source(Path(file["filename"]).parts) for file in files}
    if len(sources) != 1 or None in sources:
        return {}
    ((name, commit),) = (source for source in sources if source is not None)
    return {"name": name, "revision": commit, **({"split": str(dataset.split)} if dataset.split else {})}


def _hub_source(parts: Sequence[str]) -> tuple[str, str] | None:
    names = [part.replace("___", "/", 1) for part in parts if "___" in part]
    commits = [part for part in parts if re.fullmatch(r"[0-9a-f]{40}", part)]
    return (names[-1], commits[-1]) if names and commits else None


def _rows_of(dataset: Dataset | IterableDataset | dict[str, Any] | None) -> int | None:
    parts = list(dataset.values()) if isinstance(dataset, dict) else [dataset]
    rows = [len(part) for part in parts if isinstance(part, Dataset)]
    return sum(rows) if len(rows) == len(parts) else None


def _base_model(trainer: Trainer) -> dict[str, Any]:
    model = trainer.accelerator.unwrap_model(trainer.model)
    revision = (trainer.args.model_init_kwargs or {}).get("revision")
    return base_model_facts(get_config_model_id(model.config), revision)


def _adapter(trainer: Trainer) -> dict[str, Any] | None:
    model = trainer.accelerator.unwrap_model(trainer.model)
    if not is_peft_model(model):
        return None
    config = model.peft_config[model.active_adapter].to_dict()
    targets = config.get("target_modules")
    targets = [targets] if isinstance(targets, str) else targets
    names = ("r", "lora_alpha", "lora_dropout", "use_rslora", "use_dora", "num_virtual_tokens")
    return {
        "type": str(config["peft_type"].value).lower(),
        **{name: config[name] for name in names if config.get(name)},
        # PEFT may write each layer's out.
        "target_modules": sorted({target.rpartition(".")[2] for target in targets or []}),
    }


def _quantization(trainer: Trainer) -> dict[str, Any] | None:
    config = vars(trainer.accelerator.unwrap_model(trainer.model).config).get("quantization_config")
    if config is None:
        return None
    facts = config if isinstance(config, dict) else config.to_dict()
    method = facts["quant_method"]
    names: tuple[str, ...] = ("load_in_4bit", "load_in_8bit")
    if facts.get("load_in_4bit"):
        names += ("bnb_4bit_quant_type", "bnb_4bit_use_double_quant")
    known = {name: facts[name] for name in names if facts.get(name)}
    return {"quant_method": str(method.value if isinstance(method, Enum) else method), **known}


def _loss(trainer: Trainer) -> dict[str, Any]:
    args = trainer.args
    facts: dict[str, Any] = {"balance": args.balance}
    if args.balance == "fixed":
        facts |= {"think_weight": args.think_weight, "result_weight": args.result_weight}
    if args.balance == "learned":
        names = ("alpha_init", "alpha_learning_rate", "alpha_min", "alpha_max")
        facts |= {name: vars(args)[name] for name in names}
        facts["alpha"] = trainer.balance.alpha_and_beta()[0]
    return facts


def _training(trainer: Trainer, steps_before: int) -> dict[str, Any]:
    args = trainer.args
    state = trainer.state
    trained = next((parameter for parameter in trainer.model.parameters() if parameter.requires_grad), None)
    weights = None if trained is None else str(trained.dtype).removeprefix("torch.")
    return {
        "learning_rate": args.learning_rate,
        "scheduler": str(args.lr_scheduler_type.value),
        "warmup_steps": args.warmup_steps or None,
        "optimizer": str(args.optim.value),
        "weight_decay": args.weight_decay or None,
        "max_grad_norm": args.max_grad_norm or None,
        "epochs": args.num_train_epochs if args.max_steps <= 0 else None,
        "steps": steps_before + state.global_step,
        "planned_steps": steps_before + state.max_steps if state.max_steps > 0 else None,
        "batch_size": args.per_device_train_batch_size,
        "accumulation": args.gradient_accumulation_steps,
        "processes": args.world_size,
        "max_length": args.max_length,
        "packing": args.packing or None,
        "weights": weights,
        "autocast": "bf16" if args.bf16 else "fp16" if args.fp16 else None,
        "seed": args.seed,
    }


def _machine() -> dict[str, Any]:
    facts: dict[str, Any] = {"system": platform.system(), "processor": platform.machine(), "cpus": os.cpu_count()}
    if torch.cuda.is_available():
        facts |= {"accelerator": torch.cuda.get_device_name(0), "accelerators": torch.cuda.device_count()}
    return facts
